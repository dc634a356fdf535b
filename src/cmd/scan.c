/* postern scan: is there a back door in what an AI tool delivers? */
#include "cmd/scan.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "report/scan.h"

#define KEPT_MAX        20000u /* findings of all files together */
#define TEXT_MAX        ((size_t)1 << 30)
#define ARENA_MAX       ((size_t)2 << 30)
#define FILE_SECONDS    120u
#define EXIT_SUSPICIOUS 4

struct scan_opts {
	unsigned format;
	bool deep;
	struct opt_list subject;
};

enum { FORMAT_TEXT, FORMAT_JSON };
static const char *const formats[] = {"text", "json", NULL};

static const struct opt scan_table[] = {
        OPT_CHOICE(struct scan_opts, format, "format", 'f', "FORMAT", formats, "what is printed; by default text"),
        OPT_FLAG(struct scan_opts, deep, "deep", 0, "read the numbers of tensors too, not only what describes them"),
        OPT_LIST(struct scan_opts, subject, "subject", 0, "SUBJECT", scan_subject_names,
                "look for these only, and leave out files that do not concern them; by default for all"),
        OPT_END,
};

static const char *const scan_examples[] = {
        "postern scan model.pt  # is there a back door in this model?",
        "postern scan --subject models --format json models/",
        "postern scan --subject text src/  # does a text hide something from whoever reads it?",
        "postern scan --subject agents .  # what does this project have AI tools do?",
        "postern scan --subject code src/  # does it run what it decodes, or send away secrets?",
        "postern scan --deep checkpoint.safetensors",
        NULL,
};

struct state {
	const struct scan_opts *o;
	struct scan_options so;
	struct scan_peer peer;
	struct arena arena;
	struct scan_file *file;
	size_t n, max;
	struct scan_finding *found; /* of the file that is scanned now */
	size_t n_found, kept;
	uint32_t seen;
	uint64_t left_out;
	struct err *err;
};

static void on_found(void *arg, const struct scan_finding *f)
{
	struct state *s = arg;
	s->seen = scan_rules[f->rule].verdict > s->seen ? scan_rules[f->rule].verdict : s->seen;
	if (s->n_found < (size_t)s->so.limits.findings * SCAN_VERDICTS)
		s->found[s->n_found++] = *f;
}

static int keep_file(struct state *s, const char *path, struct scan_summary *sum)
{
	if (s->n == s->max) {
		size_t more = s->max ? 2 * s->max : 256;
		struct scan_file *larger = realloc(s->file, more * sizeof(*larger));
		if (!larger)
			return err_set(s->err, -ENOMEM, "no memory");
		s->file = larger;
		s->max = more;
	}
	struct scan_file f = {.sum = *sum, .path = arena_str(&s->arena, slice_str(path))};
	size_t kept = s->n_found < KEPT_MAX - s->kept ? s->n_found : KEPT_MAX - s->kept;
	struct scan_finding *to = arena_array(&s->arena, kept, sizeof(*to));
	if (!f.path || !to)
		return err_set(s->err, -ENOMEM, "no memory");
	if (kept)
		memcpy(to, s->found, kept * sizeof(*to));
	s->kept += kept;
	f.finding = to;
	f.kept = (uint32_t)kept;
	f.sum.found = f.sum.found < kept ? (uint32_t)kept : f.sum.found;
	s->file[s->n++] = f;
	return 0;
}

static int on_file(void *arg, const char *path, int fd, int error)
{
	struct state *s = arg;
	struct scan_summary sum = {0};
	struct stat st = {0};
	s->n_found = 0;
	s->seen = SCAN_CLEAN;
	if (fd >= 0 && fstat(fd, &st) < 0)
		error = -errno;
	if (fd < 0 || error < 0) {
		struct scan_finding f = {.rule = SCAN_RULE_CHANGED};
		(void)snprintf(f.evidence, sizeof(f.evidence), "%s",
		        error == -ELOOP ? "a link that leads out of what is scanned" : strerror(-error));
		on_found(s, &f);
		sum.found = 1;
	} else {
		int r = scan_peer_file(&s->peer, fd, (uint64_t)st.st_size, path, &s->so, on_found, s, &sum, s->err);
		if (r < 0)
			return r;
	}
	/* What was told counts, whatever the summary says. */
	sum.verdict = s->seen > sum.verdict ? s->seen : sum.verdict;
	if (s->o->subject.n && sum.other && sum.verdict == SCAN_UNSCANNED) {
		s->left_out++;
		return 0;
	}
	return keep_file(s, path, &sum);
}

static uint32_t asked(const struct opt_list *subject)
{
	uint32_t bits = 0;
	for (size_t i = 0; i < subject->n; i++)
		for (size_t k = 0; k < SCAN_SUBJECTS; k++)
			if (strcmp(subject->item[i], scan_subject_names[k]) == 0)
				bits |= 1u << k;
	return bits ? bits : SCAN_ALL;
}

static size_t columns(void)
{
	struct winsize w = {0};
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_col < 60)
		return 80;
	return w.ws_col > 120 ? 120 : w.ws_col;
}

static int print(const struct state *s)
{
	_cleanup_buf_ struct buf out = BUF(TEXT_MAX);
	const struct scan_result r = {.file = s->file, .n = s->n, .deep = s->o->deep, .left_out = s->left_out, .subjects = s->so.subjects};
	static const int codes[SCAN_VERDICTS] = {EXIT_OK, EXIT_INCONCLUSIVE, EXIT_SUSPICIOUS, EXIT_FOUND};
	if (s->o->format == FORMAT_JSON)
		scan_json(&out, &r, POSTERN_VERSION);
	else
		scan_text(&out, &r, columns(), isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
	int code = cmd_print(&out);
	return code == EXIT_OK ? codes[scan_result_verdict(&r, NULL)] : code;
}

static int run(void *options, const struct opt_args *args)
{
	const struct scan_opts *o = options;
	struct err err = {0};
	if (args->n == 0)
		return cmd_usage("scan", "name a file or a folder");
	(void)signal(SIGPIPE, SIG_IGN);
	struct state s = {.o = o,
	        .so = {.deep = o->deep, .subjects = asked(&o->subject), .limits = scan_limits_default()},
	        .arena = ARENA(ARENA_MAX),
	        .err = &err};
	struct scan_walk w = {.file = on_file, .arg = &s};
	int code = EXIT_OK, r = scan_peer_open(&s.peer, FILE_SECONDS, &err);
	s.found = r < 0 ? NULL : calloc((size_t)s.so.limits.findings * SCAN_VERDICTS, sizeof(*s.found));
	if (r == 0 && !s.found)
		r = err_set(&err, -ENOMEM, "no memory");
	if (r < 0) {
		cmd_tell("scan", err.text);
		code = EXIT_USAGE;
	}
	for (size_t i = 0; i < args->n && s.found; i++)
		if ((r = scan_walk(&w, args->arg[i], &err)) < 0) {
			cmd_tell("scan", err.text);
			code = EXIT_USAGE;
			err = (struct err){0};
			/* What could not be looked at is in the result, too. */
			(void)on_file(&s, args->arg[i], -1, r);
		}
	if (s.found) {
		scan_peer_close(&s.peer);
		int said = print(&s);
		code = code == EXIT_OK || said == EXIT_FOUND ? said : code;
	}
	arena_free(&s.arena);
	free(s.file);
	free(s.found);
	return code;
}

const struct command cmd_scan = {
        .name = "scan",
        .summary = "find back doors in what an AI tool delivers",
        .operands = "PATH...",
        .examples = scan_examples,
        .options = scan_table,
        .options_size = sizeof(struct scan_opts),
        .run = run,
};
