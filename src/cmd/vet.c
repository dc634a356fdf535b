/* postern vet: the command. */
#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>

#include "cmd/policy.h"
#include "cmd/subject.h"
#include "cmd/vet_compare.h"
#include "cmd/vet_ledger.h"
#include "cmd/vet_mine.h"
#include "cmd/vet_scan.h"
#include "cmd/vet_statement.h"
#include "ledger/home.h"
#include "obtain/facts.h"
#include "parse/dsse.h"
#include "report/report.h"
#include "report/sarif.h"
#include "sys/fd.h"
#include "inspect/scan.h"
#include "vet/gate.h"
#include "vet/question.h"
#include "vet/run.h"

#define REPORT_MAX ((size_t)64 << 20)
/* For the scan of the files: from the start on, and when the trials are over. */
#define SCAN_SECONDS_QUICK 90u
#define SCAN_SECONDS       900u
#define SCAN_GRACE_QUICK   10u
#define SCAN_GRACE         120u

struct vet_opts {
	const char *out, *seed, *factors, *profile, *ledger, *clock, *sign, *verify, *key, *rollout;
	bool quick, thorough, keep_traces, through_gate, questionnaire, compare, mine;
	uint64_t jobs, strength;
	unsigned fail_on, format, randomness, conduct;
	struct ledger_signer signer; /* no option: who signs the statement */
};

enum { FORMAT_TEXT, FORMAT_JSON, FORMAT_HTML, FORMAT_SARIF };
static const char *const formats[] = {"text", "json", "html", "sarif", NULL};
enum { RANDOMNESS_CHOSEN, RANDOMNESS_FREE };
static const char *const randomness[] = {"chosen", "free", NULL};
static const char *const classes[] = {"disclosed", "undeclared", "hashed", "covert", NULL};
static const char *const conducts[] = {"effort", "all", "few", "none", NULL};
static const enum vet_conduct_wanted conduct_of[] = {CONDUCT_AS_EFFORT, CONDUCT_ALL, CONDUCT_FEW, CONDUCT_NONE};
static const enum leak_class class_of[] = {CLASS_DISCLOSED, CLASS_UNDECLARED, CLASS_HASHED, CLASS_COVERT};

static const struct opt vet_table[] = {
        OPT_STRING(struct vet_opts, out, "out", 'o', "DIR",
                "write report.json and report.html there; postern-report if nothing is said, but with --format json nothing is written"),
        OPT_FLAG(struct vet_opts, quick, "quick", 'q',
                "at most 64 trials, more only to trace what they show, with fewer levels and most factors from one base only"),
        OPT_FLAG(struct vet_opts, thorough, "thorough", 0, "every level, from every base, and all triples of levels"),
        OPT_FLAG(struct vet_opts, through_gate, "through-gate", 0,
                "try what was found again behind the gate, with postern run --neutral, and say what that closes"),
        OPT_FLAG(struct vet_opts, mine, "mine", 0,
                "run nothing, and show the lists that its constants hold, decoded where they were hidden"),
        OPT_FLAG(struct vet_opts, questionnaire, "questionnaire", 0,
                "print the answers to the due-diligence questionnaire too, and ask the registry who published what, and how it was "
                "attested"),
        OPT_FLAG(struct vet_opts, compare, "compare", 0,
                "say what changed from A to B, reports of earlier vettings or their folders, or subjects to be vetted now"),
        OPT_STRING(struct vet_opts, sign, "sign", 0, "KEY",
                "write a statement of the verdict, signed with this key, to verdict.intoto.json of --out; postern log keygen makes keys"),
        OPT_STRING(struct vet_opts, verify, "verify", 0, "FILE",
                "check such a statement, and if a file is named that it is about it, and print what it says; nothing is vetted"),
        OPT_STRING(struct vet_opts, key, "key", 0, "FILE", "the verifier keys that count for --verify, a line each"),
        OPT_U64(struct vet_opts, jobs, "jobs", 'j', "N", 1, 64, "trials at once; by default the number of CPUs, at most 8"),
        OPT_U64(struct vet_opts, strength, "strength", 0, "N", 1, 3,
                "combine levels so that any N of different factors meet in a trial; by default 2, with --thorough 3; 1 combines none"),
        OPT_STRING(struct vet_opts, rollout, "rollout", 0, "P",
                "try enough made-up devices to see with 95 % what is active on a share P of them, as in 0.1"),
        OPT_STRING(struct vet_opts, seed, "seed", 0, "N", "the same seed gives the same plan; by default random, and shown in the report"),
        OPT_STRING(
                struct vet_opts, factors, "factors", 0, "LIST", "vary only these, as in timezone,gateway; postern-vet(1) names them all"),
        OPT_STRING(struct vet_opts, clock, "clock", 0, "DATE[xSPEED]",
                "the calendar of all trials, a date or +DAYS from now, and how fast it runs, as in 2027-03-01, +60, +0x10"),
        OPT_CHOICE(struct vet_opts, randomness, "randomness", 0, "HOW", randomness,
                "what a tool draws follows from the seed and the trial, or is free, from the kernel; by default chosen"),
        OPT_CHOICE(
                struct vet_opts, fail_on, "fail-on", 0, "CLASS", classes, "exit 1 for findings of this class or worse; by default covert"),
        OPT_CHOICE(struct vet_opts, conduct, "conduct", 0, "WHICH", conducts,
                "which trials of what else it does are run, on files, consent, opt-outs and the like; by default few with --quick, else "
                "all"),
        OPT_CHOICE(struct vet_opts, format, "format", 'f', "FORMAT", formats, "what is printed, by default text"),
        OPT_FLAG(
                struct vet_opts, keep_traces, "keep-traces", 0, "keep what each trial sent, a file a trial, in the folder traces of --out"),
        OPT_STRING(struct vet_opts, ledger, "ledger", 0, "DIR",
                "put the trials and the verdict into this ledger, see postern-log(1); by default one in the data folder; none leaves it "
                "out"),
        OPT_STRING(
                struct vet_opts, profile, "profile", 'p', "FILE", "how the tool is run and what its vendor declares; postern-profile(5)"),
        OPT_END,
};

static const char *const examples[] = {
        "postern vet npm:@anthropic-ai/claude-code@2.1.196 --quick  # a package of the npm registry",
        "postern vet ./tool-1.2.3.tgz --out report  # an archive at hand",
        "postern vet ./tool-1.2.3.tgz --mine  # only the lists that are hidden in it",
        "postern vet npm:@anthropic-ai/claude-code@2.1.196 --quick --through-gate  # and what the gate closes of it",
        "postern vet --profile my-tool.yaml -- my-tool --headless  # something that is installed",
        "postern vet npm:@openai/codex@0.169.0 --questionnaire --sign vet.key  # for the file of the approval",
        "postern vet --verify verdict.intoto.json --key vet.vkey codex-0.169.0.tgz  # is this what was vetted?",
        "postern vet --compare old-report npm:@openai/codex@0.170.0  # what the new version does that the old one did not",
        NULL,
};

struct meter {
	bool on;
	double last;
	bool shown;
};

static double now_s(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void on_progress(void *arg, const struct vet_progress *p)
{
	struct meter *m = arg;
	if (!m->on)
		return;
	char left[32] = "";
	if (p->left_s >= 0)
		(void)snprintf(left, sizeof(left), ", %d:%02d left", (int)p->left_s / 60, (int)p->left_s % 60);
	(void)fprintf(stderr, "\r\033[K[%u/%u%s] %.60s", p->done, p->total, left, p->varied ? p->varied : "");
	m->shown = true;
}

static void on_obtain(void *arg, const char *what, uint64_t done, uint64_t total)
{
	struct meter *m = arg;
	double t = now_s();
	if (!m->on || t - m->last < 0.1)
		return;
	m->last = t;
	m->shown = true;
	if (total)
		(void)fprintf(stderr, "\r\033[K%.50s %.0f of %.0f MB", what, (double)done / 1e6, (double)total / 1e6);
	else
		(void)fprintf(stderr, "\r\033[K%.50s %.1f MB", what, (double)done / 1e6);
}

static void meter_clear(struct meter *m)
{
	if (m->shown)
		(void)fprintf(stderr, "\r\033[K");
	m->shown = false;
}

static int fail(struct meter *m, const struct err *err)
{
	meter_clear(m);
	cmd_tell("vet", err->text);
	return EXIT_USAGE;
}

static int write_file(int dir, const char *name, const struct buf *b, struct err *err)
{
	char fresh[64];
	(void)snprintf(fresh, sizeof(fresh), ".%s.new", name);
	_cleanup_fd_ int fd = openat(dir, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return err_sys(err, -errno, "cannot write %s", name);
	int r = fd_write_all(fd, buf_slice(b));
	if (r < 0)
		return err_sys(err, r, "cannot write %s", name);
	return renameat(dir, fresh, dir, name) < 0 ? err_sys(err, -errno, "cannot write %s", name) : 0;
}

/* parent: AT_FDCWD, or the folder that it lies in. */
static int open_folder(int parent, const char *path, int *out, struct err *err)
{
	if (mkdirat(parent, path, 0755) < 0 && errno != EEXIST)
		return err_sys(err, -errno, "cannot make the folder %s", path);
	int fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, -errno, "cannot open the folder %s", path);
	*out = fd;
	return 0;
}

/* Known at once, and not when an hour of trials is over. Nothing is left there if it goes wrong later. */
static int check_out(const char *path, struct err *err)
{
	static const char name[] = ".report.json.new";
	if (mkdir(path, 0755) == 0)
		return rmdir(path) < 0 ? err_sys(err, -errno, "cannot use the folder %s", path) : 0;
	_cleanup_fd_ int dir = -1;
	int r = open_folder(AT_FDCWD, path, &dir, err);
	if (r < 0)
		return r;
	_cleanup_fd_ int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return err_sys(err, -errno, "cannot write to the folder %s", path);
	(void)unlinkat(dir, name, 0);
	return 0;
}

static int check_factors(const char *list, struct err *err)
{
	const char *names[65] = {NULL};
	struct slice rest = slice_str(list ? list : ""), part;
	for (size_t i = 0; i < factor_count && i + 1 < ARRAY_LEN(names); i++)
		names[i] = factor_table[i].name;
	while (list && slice_split(&rest, ',', &part)) {
		char word[64];
		(void)snprintf(word, sizeof(word), "%.*s", SLICE_FMT(slice_sub(slice_trim(part), 0, sizeof(word) - 1)));
		if (factor_find(word) < factor_count)
			continue;
		const char *near = opt_nearest(word, names);
		_cleanup_buf_ struct buf all = BUF(1024);
		for (size_t i = 0; names[i]; i++)
			buf_fmt(&all, "%s%s", i ? " " : "", names[i]);
		if (near)
			return err_set(err, -EINVAL, "there is no factor \"%s\"; did you mean %s?", word, near);
		return err_set(err, -EINVAL, "there is no factor \"%s\"; there are: %.*s", word, SLICE_FMT(buf_slice(&all)));
	}
	return 0;
}

static unsigned columns(void)
{
	struct winsize w;
	return ioctl(1, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : 0;
}

/* A report that is not on record is still a report: without --ledger a failure is only told. */
static int record(const struct vet_opts *o, const struct vet_result *r, struct slice json, struct err *err)
{
	_cleanup_arena_ struct arena arena = ARENA(1 << 16);
	struct err why = {0};
	const char *path = o->ledger ? o->ledger : ledger_home(&arena);
	uint64_t first, last;
	if (!path || strcmp(path, "none") == 0)
		return 0;
	if (vet_ledger_write(path, r, json, &first, &last, &why) == 0) {
		if (o->format == FORMAT_TEXT)
			(void)fprintf(stderr, "On record: entries %llu to %llu of %s\n", (unsigned long long)first,
			        (unsigned long long)last, path);
		return 0;
	}
	if (o->ledger)
		return err_set(err, why.code, "this vetting is not in the ledger %s: %s", path, why.text);
	(void)fprintf(stderr, "postern vet: this vetting is not in the ledger %s (--ledger none leaves it out): %s\n", path, why.text);
	return 0;
}

static int put_reports(const struct vet_opts *o, int out, const struct vet_result *r, struct err *err)
{
	_cleanup_buf_ struct buf json = BUF(REPORT_MAX), html = BUF(REPORT_MAX), text = BUF(REPORT_MAX), statement = BUF(DSSE_MAX);
	report_json(&json, r);
	int e = buf_error(&json);
	if (e == 0 && (out >= 0 || o->format == FORMAT_HTML)) {
		report_html(&html, r);
		e = buf_error(&html);
	}
	if (e < 0)
		return err_sys(err, e, "cannot write the report");
	if (out >= 0) {
		e = write_file(out, "report.json", &json, err);
		e = e < 0 ? e : write_file(out, "report.html", &html, err);
	}
	if (e == 0 && o->sign) {
		e = vet_statement(r, class_of[o->fail_on], buf_slice(&json), &o->signer, &statement, err);
		e = e < 0 ? e : write_file(out, STATEMENT_FILE, &statement, err);
	}
	if (e < 0)
		return e;
	const char *no_color = getenv("NO_COLOR");
	struct report_text_options how = {
	        .colour = isatty(1) && !(no_color && *no_color), .width = columns(), .questionnaire = o->questionnaire};
	if (o->format == FORMAT_TEXT)
		report_text(&text, r, &how);
	if (o->format == FORMAT_SARIF)
		report_sarif(&text, r);
	if (buf_error(&text))
		return err_sys(err, buf_error(&text), "cannot write the report");
	if (cmd_print(o->format == FORMAT_JSON ? &json : o->format == FORMAT_HTML ? &html : &text) != EXIT_OK)
		return err_set(err, -EIO, "the report could not be printed");
	return record(o, r, buf_slice(&json), err);
}

/* Exit codes: 0, 1 and 3 say what came out; 2 that nothing could. */
static int exit_code(const struct vet_result *r)
{
	switch (r->verdict) {
	case VERDICT_CLEAN:
		return EXIT_OK;
	case VERDICT_FINDINGS:
		return EXIT_FOUND;
	case VERDICT_INCONCLUSIVE:
		break;
	}
	return EXIT_INCONCLUSIVE;
}

/* The same, of what is left behind the gate. */
static int exit_code_behind(const struct vet_result *r, enum leak_class fail_on)
{
	bool untested = r->gate.verdict == VERDICT_INCONCLUSIVE;
	if (scan_result_is_bad(r->content.scan))
		return EXIT_FOUND;
	for (size_t i = 0; i < r->gate.n_closures; i++) {
		const struct vet_closure *c = &r->gate.closures[i];
		if (c->class < fail_on)
			continue;
		if (c->state == CLOSURE_OPEN || c->state == CLOSURE_NEW)
			return EXIT_FOUND;
		untested |= c->state == CLOSURE_UNTESTED;
	}
	return untested ? EXIT_INCONCLUSIVE : EXIT_OK;
}

/* What can be read from the artefact without running it; of its registry only if that is wanted. */
static int read_facts(const struct vet_opts *o, const struct artefact *a, const struct obtain_options *how, struct arena *arena,
        struct vet_subject *s, struct err *err)
{
	struct facts *f = arena_alloc(arena, sizeof(*f));
	if (!f)
		return err_sys(err, -ENOMEM, "cannot read the artefact");
	int r = facts_read(a, arena, f, err);
	if (r == 0 && o->questionnaire)
		r = facts_ask(a, how, arena, f, err);
	else
		f->registry.why = "--questionnaire does";
	s->facts = f;
	return r;
}

static int find_subject(const struct vet_opts *o, const struct opt_args *args, struct meter *m, struct arena *arena, struct vet_subject *s,
        struct profile *p, struct err *err)
{
	bool generic = false;
	int r = o->profile ? profile_load(o->profile, arena, p, err) : 0;
	if (r < 0)
		return r;
	if (args->rest) {
		if (!o->profile)
			r = profile_for_package("", arena, p, &generic, err);
		return r < 0 ? r : subject_of_command(args->rest, args->n_rest, arena, s, err);
	}
	struct artefact a;
	struct obtain_options how = {.progress = on_obtain, .arg = m};
	r = obtain(args->arg[0], &how, arena, &a, err);
	r = r < 0 ? r : subject_of_artefact(&a, arena, s, err);
	r = r < 0 ? r : read_facts(o, &a, &how, arena, s, err);
	if (r == 0 && !o->profile)
		r = profile_for_package(a.name, arena, p, &generic, err);
	return r;
}

static int parse_seed(const char *text, uint64_t *seed)
{
	if (!text)
		return getrandom(seed, sizeof(*seed), 0) == (ssize_t)sizeof(*seed) ? 0 : -EIO;
	return slice_u64(slice_str(text), UINT64_MAX, seed) ? 0 : -EINVAL;
}

/* The same trials of what was found, behind the gate. */
static int through_gate(
        const struct vet_subject *s, const struct profile *p, struct vet_options how, struct vet_result *plain, struct err *err)
{
	struct vet_result behind = {0};
	if (plain->n_findings == 0 || plain->verdict == VERDICT_INCONCLUSIVE || plain->partial) {
		(void)fprintf(stderr, "postern vet: nothing was found that could be tried again behind the gate\n");
		return 0;
	}
	how.behind = plain;
	how.keep_folder = -1;
	int r = vet_run(s, p, &how, &behind, err);
	if (r < 0)
		return r;
	r = gate_compare(plain, &behind);
	vet_result_free(&behind);
	return r < 0 ? err_sys(err, r, "cannot compare the results") : 0;
}

/* A share of devices: more than one in a thousand, or nobody lives to see the end. */
static int parse_rollout(const char *text, double *out)
{
	char *end = NULL;
	if (!text)
		return 0;
	double v = strtod(text, &end);
	if (end == text || *end || !(v >= 0.001 && v < 1))
		return -EINVAL;
	*out = v;
	return 0;
}

static int find_stop(int *stop)
{
	sigset_t set;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	*stop = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return *stop;
}

/* The trials, the scan of the files beside them, and all that follows. *scan is freed by the caller when the result is. */
static int run(const struct vet_opts *o, const struct vet_subject *s, const struct profile *p, const struct vet_options *how,
        struct vet_result *result, struct vet_scan **scan, struct err *err)
{
	*scan = vet_scan_begin(s, o->quick ? SCAN_SECONDS_QUICK : SCAN_SECONDS);
	int r = vet_run(s, p, how, result, err);
	if (r < 0)
		return r;
	r = o->through_gate ? through_gate(s, p, *how, result, err) : 0;
	if (r == 0 && (r = vet_scan_end(*scan, result->partial ? 0 : o->quick ? SCAN_GRACE_QUICK : SCAN_GRACE, result)) < 0)
		(void)err_sys(err, r, "cannot tell what is in the files");
	if (r == 0 && (r = questions_answer(result)) < 0)
		(void)err_sys(err, r, "cannot answer the questionnaire");
	if (r < 0)
		vet_result_free(result);
	return r;
}

struct comparing {
	const struct vet_opts *o;
	struct vet_options how;
	struct meter *meter;
};

static int vet_to_json(void *arg, const char *subject, struct buf *json, struct err *err)
{
	struct comparing *c = arg;
	_cleanup_arena_ struct arena arena = ARENA((size_t)64 << 20);
	struct vet_subject s = {0};
	struct profile p = {0};
	struct vet_result result = {0};
	struct vet_scan *scan = NULL;
	char *words[] = {(char *)(uintptr_t)subject, NULL};
	const struct opt_args args = {.arg = words, .n = 1};
	int r = trial_probe(err);
	r = r < 0 ? r : find_subject(c->o, &args, c->meter, &arena, &s, &p, err);
	r = r < 0 ? r : run(c->o, &s, &p, &c->how, &result, &scan, err);
	meter_clear(c->meter);
	if (r == 0) {
		report_json(json, &result);
		vet_result_free(&result);
	}
	vet_scan_free(scan);
	if (r < 0)
		return r;
	return buf_error(json) ? err_sys(err, buf_error(json), "cannot write the report") : 0;
}

static int compare(struct vet_opts *o, const struct opt_args *args, struct comparing *c)
{
	const char *no_color = getenv("NO_COLOR");
	struct err err = {0};
	_cleanup_fd_ int out = -1, stop = -1;
	if (args->n != 2 || args->rest)
		return cmd_usage(
		        "vet", "--compare wants two: report.json of an earlier vetting (or its folder), npm:NAME@VERSION, or a .tgz");
	if (o->format == FORMAT_SARIF)
		return cmd_usage("vet", "a comparison has no form as SARIF: --format text, json or html");
	if (o->out && open_folder(AT_FDCWD, o->out, &out, &err) < 0)
		return fail(c->meter, &err);
	c->how.stop_fd = find_stop(&stop);
	const struct vet_compare what = {.operand = {args->arg[0], args->arg[1]},
	        .least = class_of[o->fail_on],
	        .format = o->format == FORMAT_JSON   ? COMPARE_AS_JSON
	                  : o->format == FORMAT_HTML ? COMPARE_AS_HTML
	                                             : COMPARE_AS_TEXT,
	        .colour = isatty(1) && !(no_color && *no_color),
	        .width = columns(),
	        .vet = vet_to_json,
	        .arg = c};
	return vet_compare(&what, out);
}

/* What was asked for has no sense: EXIT_OK, or what cmd_usage() returns. */
static int check_usage(const struct vet_opts *o, const struct opt_args *args)
{
	if (o->quick && o->thorough)
		return cmd_usage("vet", "--quick and --thorough exclude each other");
	if (o->verify && (o->compare || o->sign || args->rest || args->n > 1))
		return cmd_usage("vet", "--verify checks one statement, and at most one file that it should be about");
	if (o->key && !o->verify)
		return cmd_usage("vet", "--key belongs to --verify; who signs is said with --sign");
	if (o->compare && (o->sign || o->through_gate || o->keep_traces))
		return cmd_usage("vet", "--compare has neither a verdict to sign nor traces to keep, and does not go through the gate");
	if (o->verify || o->compare)
		return EXIT_OK;
	if (args->n == 0 && args->n_rest == 0)
		return cmd_usage("vet", "a subject is missing: npm:NAME@VERSION, a .tgz, or -- COMMAND");
	if (args->n + (args->rest ? 1 : 0) > 1)
		return cmd_usage("vet", "one subject at a time; a command goes after --");
	return EXIT_OK;
}

static int vet_here(struct vet_opts *o, const struct opt_args *args, struct vet_options how, struct meter *m)
{
	struct err err = {0};
	_cleanup_arena_ struct arena arena = ARENA((size_t)64 << 20);
	_cleanup_fd_ int out = -1, traces = -1, stop = -1;
	struct vet_subject s = {0};
	struct profile p = {0};
	struct vet_result result = {0};
	struct vet_scan *scan = NULL;
	if (o->mine) {
		int r = find_subject(o, args, m, &arena, &s, &p, &err) < 0 ? -1 : 0;
		meter_clear(m);
		r = r < 0 ? r : vet_mine(&s, o->format == FORMAT_JSON, columns(), &err);
		return r < 0 ? fail(m, &err) : r;
	}
	if (!o->out && (o->format == FORMAT_TEXT || o->keep_traces || o->sign))
		o->out = "postern-report";
	/* First what costs nothing: a download of 200 MB is no place to learn that a folder cannot be written. */
	if ((o->sign && policy_signer(o->sign, NULL, NULL, &arena, &o->signer, &err) < 0) || (o->out && check_out(o->out, &err) < 0) ||
	        trial_probe(&err) < 0 || find_subject(o, args, m, &arena, &s, &p, &err) < 0 ||
	        (o->out && open_folder(AT_FDCWD, o->out, &out, &err) < 0) ||
	        (o->keep_traces && open_folder(out, "traces", &traces, &err) < 0))
		return fail(m, &err);
	/* The list grows by a line a trial; that of an earlier vetting would be mixed with it. A statement about another report would be
	 * read as one about this. */
	if (traces >= 0)
		(void)unlinkat(traces, "trials.tsv", 0);
	if (out >= 0)
		(void)unlinkat(out, STATEMENT_FILE, 0);
	how.keep_folder = traces;
	how.stop_fd = find_stop(&stop);
	meter_clear(m);
	if (run(o, &s, &p, &how, &result, &scan, &err) < 0) {
		vet_scan_free(scan);
		return fail(m, &err);
	}
	meter_clear(m);
	int code = result.gate.tried ? exit_code_behind(&result, how.fail_on) : exit_code(&result);
	if (put_reports(o, out, &result, &err) < 0)
		code = fail(m, &err);
	else if (out >= 0 && o->format == FORMAT_TEXT)
		(void)fprintf(stderr, "\nFull report: %s/report.html and %s/report.json\n", o->out, o->out);
	ledger_signer_close(&o->signer);
	vet_result_free(&result);
	vet_scan_free(scan);
	return code;
}

static int vet(void *options, const struct opt_args *args)
{
	struct vet_opts *o = options;
	struct meter m = {.on = isatty(2)};
	struct err err = {0};
	struct comparing c = {.o = o,
	        .meter = &m,
	        .how = {.effort = o->quick      ? PLAN_QUICK
	                          : o->thorough ? PLAN_THOROUGH
	                                        : PLAN_NORMAL,
	                .jobs = (unsigned)o->jobs,
	                .strength = (unsigned)o->strength,
	                .factors = o->factors,
	                .fail_on = class_of[o->fail_on],
	                .conduct = conduct_of[o->conduct],
	                .keep_folder = -1,
	                .progress = on_progress,
	                .arg = &m}};
	int code = check_usage(o, args);
	if (code != EXIT_OK)
		return code;
	if (o->verify)
		return vet_verify(o->verify, o->key, args->n ? args->arg[0] : NULL, o->format == FORMAT_JSON);
	c.how.calm.free = o->randomness == RANDOMNESS_FREE;
	if (o->clock && calm_parse_clock(o->clock, time(NULL), &c.how.calm, &err) < 0)
		return cmd_usage("vet", "%s", err.text);
	if (parse_rollout(o->rollout, &c.how.rollout) < 0)
		return cmd_usage("vet", "--rollout wants a share from 0.001 to below 1, as in 0.1, not %s", o->rollout);
	if (o->strength == 1 && o->rollout)
		return cmd_usage("vet", "--rollout needs rows of several factors, which --strength 1 leaves out");
	if (parse_seed(o->seed, &c.how.seed) < 0)
		return cmd_usage("vet", "--seed wants a number, not %s", o->seed);
	if (check_factors(o->factors, &err) < 0)
		return cmd_usage("vet", "%s", err.text);
	if (o->compare)
		return compare(o, args, &c);
	code = vet_here(o, args, c.how, &m);
	return code;
}

static const struct vet_opts defaults = {.fail_on = 3};

const struct command cmd_vet = {
        .name = "vet",
        .summary = "find out what an AI coding tool sends, and what that depends on",
        .operands = "SUBJECT | -- COMMAND ARG… | A B | ARTEFACT",
        .examples = examples,
        .options = vet_table,
        .options_size = sizeof(struct vet_opts),
        .defaults = &defaults,
        .run = vet,
};
