/* postern scan: is there a back door in what an AI tool delivers? */
#include "cmd/scan.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/encode.h"
#include "cmd/on_record.h"
#include "cmd/scan_policy.h"
#include "crypto/digest.h"
#include "inspect/scan_story.h"
#include "inspect/secret_cache.h"
#include "report/scan.h"
#include "report/write.h"
#include "sys/fd.h"
#include "sys/path.h"

#define KEPT_MAX        20000u /* findings of all files together */
#define EDGES_MAX       20000u /* of all files together */
#define ARENA_MAX       ((size_t)2 << 30)
#define FILE_SECONDS    120u
#define EXIT_SUSPICIOUS 4
#define PROGRESS_MS     100
#define PLACE_MAX       ((size_t)1 << 17)
#define DIGEST_PIECE    ((size_t)1 << 20)
#define DIGEST_LARGE    ((off_t)64 << 20) /* what is larger is not read only to say in a ledger what it was */
#define ASKED_MAX       4096u

struct scan_opts {
	unsigned format;
	bool deep;
	const char *output, *baseline, *write_baseline, *since, *diff, *ledger, *policy, *organisation, *sbom;
	bool staged, rules;
	uint64_t jobs;
	struct opt_list subject, yara;
};

static const char *const formats[] = {"text", "json", "sarif", "html", NULL};

static const struct opt scan_table[] = {
        OPT_CHOICE(struct scan_opts, format, "format", 'f', "FORMAT", formats, "what is printed; by default text"),
        OPT_STRING(struct scan_opts, output, "output", 'o', "FILE", "write it there"),
        OPT_FLAG(struct scan_opts, deep, "deep", 0, "read the numbers of tensors too, not only what describes them"),
        OPT_LIST(struct scan_opts, subject, "subject", 0, "SUBJECT", scan_subject_names,
                "look for these only, and leave out files that do not concern them; by default for all"),
        OPT_LIST(struct scan_opts, yara, "yara", 0, "FILE", NULL, "match the rules of YARA in this file, or folder, too"),
        OPT_U64(struct scan_opts, jobs, "jobs", 'j', "N", 1, SCAN_JOBS_MAX, "so many processes at once; by default as many as processors"),
        OPT_STRING(
                struct scan_opts, baseline, "baseline", 'b', "FILE", "what it pins to the content of files is known, and does not count"),
        OPT_STRING(struct scan_opts, write_baseline, "write-baseline", 0, "FILE", "write all that is found there, for the next --baseline"),
        OPT_FLAG(struct scan_opts, staged, "staged", 0, "what is staged in git, as it will be committed"),
        OPT_STRING(struct scan_opts, since, "since", 0, "REV",
                "files of the working tree whose content is not the one they have in this revision"),
        OPT_STRING(struct scan_opts, diff, "diff", 0, "REV",
                "what differs in the revision, or in the package, that is named next from this one"),
        OPT_STRING(struct scan_opts, sbom, "sbom", 0, "FILE", "write what the packages are made of there, in CycloneDX"),
        OPT_STRING(struct scan_opts, policy, "policy", 'p', "FILE",
                "the policy that says which findings block; by default those that are in force"),
        OPT_STRING(struct scan_opts, organisation, "organisation", 0, "FILE",
                "the policy of the organisation, and the exceptions beside it, from elsewhere"),
        OPT_STRING(struct scan_opts, ledger, "ledger", 0, "DIR",
                "put the verdict and the report into this ledger, see postern-log(1); by default into one in the data folder, if it is "
                "there; none leaves it out"),
        OPT_FLAG(struct scan_opts, rules, "rules", 0, "list all rules, and look at nothing"),
        OPT_END,
};

static const char *const scan_examples[] = {
        "postern scan model.pt  # is there a back door in this model?",
        "postern scan --subject models --format json models/",
        "postern scan --subject text src/  # does a text hide something from whoever reads it?",
        "postern scan --subject agents .  # what does this project have AI tools do?",
        "postern scan --subject code src/  # does it run what it decodes, or send away secrets?",
        "postern scan --deep checkpoint.safetensors",
        "postern scan --subject models --format sarif --output scan.sarif .  # for a code host",
        "postern scan --format html --output scan.html models/  # a page for a reader",
        "postern scan --write-baseline known.json models/",
        "postern scan --baseline known.json models/  # what is new?",
        "postern scan --staged  # before a commit",
        "postern scan --since main",
        "postern scan --diff v1.0 v1.1 models/",
        "postern scan --rules --format json  # what can be found",
        "postern scan --subject changes --diff HEAD~1 HEAD  # what does a commit bring that was not there?",
        "postern scan package-1.0.0.tgz  # what can this package do?",
        "postern scan --diff package-1.0.0.tgz package-1.0.1.tgz  # what can the new version do that the old one could not?",
        "postern scan --diff npm:NAME@1.0.0 npm:NAME@1.0.1",
        "postern scan --sbom package.cdx.json package-1.0.0.tgz",
        "postern scan --yara rules.yar --yara more-rules/ package-1.0.0.tgz  # your own rules, too",
        NULL,
};

static volatile sig_atomic_t stopped;

static void on_signal(int signal)
{
	(void)signal;
	stopped = 1;
}

static void catch_signals(void (*handler)(int))
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	const struct sigaction a = {.sa_handler = handler};
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		(void)sigaction(signals[i], &a, NULL);
}

struct state {
	const struct scan_opts *o;
	struct scan_pool pool;
	struct arena arena;
	struct scan_file *file;
	size_t n, max, kept, edges;
	uint64_t left_out;
	struct scan_git git;
	struct scan_gone gone;
	struct scan_packages packages;
	enum { SIDE_NONE, SIDE_OLD, SIDE_NEW } side; /* of two packages */
	struct scan_baseline baseline;
	struct scan_result result;
	const struct opt_args *args;
	char root[PATH_MAX], folder[PATH_MAX], last[PATH_MAX]; /* last: the file that was met last */
	struct scan_policy policy;
	const char *ledger; /* NULL: none */
	bool ledger_must;   /* it was named, or is required */
	bool exceptions;    /* there are some that may let findings pass */
	bool terminal;
	int64_t shown_ms;
	struct err *err;
};

const char *scan_digest(struct arena *a, int fd, enum digest kind)
{
	_cleanup_buf_ struct buf piece = BUF(DIGEST_PIECE), hex = BUF(2 * DIGEST_MAX + 1);
	struct digest_stream *stream;
	uint8_t out[DIGEST_MAX], *room = buf_room(&piece, DIGEST_PIECE);
	off_t at = 0;
	if (!room || digest_stream_new(kind, &stream) < 0)
		return NULL;
	for (;;) {
		ssize_t n = pread(fd, room, DIGEST_PIECE, at);
		if (n < 0 || stopped || (n > 0 && digest_stream_add(stream, slice_of(room, (size_t)n)) < 0)) {
			digest_stream_free(stream);
			return NULL;
		}
		if (n == 0)
			break;
		at += n;
	}
	if (digest_stream_end(stream, out) < 0)
		return NULL;
	encode_hex(&hex, slice_of(out, digest_size(kind)));
	return arena_str(a, buf_slice(&hex));
}

/* A ledger says of all that was scanned what it was; the others only need to know where something was found. */
static bool wants_digest(const struct state *s, const struct scan_job *j)
{
	struct stat st;
	if (j->fd < 0)
		return false;
	if (s->ledger && fstat(j->fd, &st) == 0 && (st.st_size <= DIGEST_LARGE || s->o->deep))
		return true;
	bool pins = s->o->baseline || s->o->write_baseline || s->ledger || s->exceptions;
	return (pins || s->o->format == SCAN_FORMAT_SARIF) && j->sum.found;
}

static int keep_file(struct state *s, const struct scan_job *j)
{
	if (s->n == s->max) {
		size_t more = s->max ? 2 * s->max : 256;
		struct scan_file *larger = realloc(s->file, more * sizeof(*larger));
		if (!larger)
			return err_set(s->err, -ENOMEM, "no memory");
		s->file = larger;
		s->max = more;
	}
	struct scan_file f = {.sum = j->sum, .path = arena_str(&s->arena, slice_str(j->path))};
	size_t kept = j->n_found < KEPT_MAX - s->kept ? j->n_found : KEPT_MAX - s->kept;
	struct scan_finding *to = arena_array(&s->arena, kept, sizeof(*to));
	if (!f.path || !to)
		return err_set(s->err, -ENOMEM, "no memory");
	if (kept)
		memcpy(to, j->found, kept * sizeof(*to));
	s->kept += kept;
	bool edges = j->n_edges && j->n_edges <= EDGES_MAX - s->edges;
	struct scan_edge *edge = edges ? arena_array(&s->arena, j->n_edges, sizeof(*edge)) : NULL;
	/* Without them nothing is missing but what belongs together. */
	if (edge)
		memcpy(edge, j->edge, j->n_edges * sizeof(*edge));
	f.edge = edge;
	f.n_edges = edge ? j->n_edges : 0;
	s->edges += f.n_edges;
	f.finding = to;
	f.kept = (uint32_t)kept;
	for (size_t i = 0; i < kept; i++)
		f.kept_notes += scan_is_note(&to[i]);
	if (wants_digest(s, j))
		f.sha256 = scan_digest(&s->arena, j->fd, DIGEST_SHA256);
	/* What was scanned is what a digest must be of. */
	if (f.sha256 && !scan_job_unchanged(j))
		f.sha256 = NULL;
	if (s->o->baseline || s->exceptions) {
		_cleanup_buf_ struct buf place = BUF(PLACE_MAX);
		scan_place(&place, &s->result, j->path);
		if (s->o->baseline)
			scan_baseline_apply(&s->baseline, buf_str(&place), &f);
		if (s->exceptions)
			scan_policy_apply(&s->policy, buf_str(&place), &f);
	}
	s->file[s->n++] = f;
	return 0;
}

static void show_progress(void *arg, const char *path)
{
	struct state *s = arg;
	int64_t now = scan_now_ms();
	if (!s->terminal || now - s->shown_ms < PROGRESS_MS)
		return;
	s->shown_ms = now;
	_cleanup_buf_ struct buf text = BUF((size_t)1 << 16);
	write_visible(&text, write_fit(slice_str(path), 50, true));
	(void)fprintf(stderr, "\r%zu files, %s\033[K", s->n, buf_str(&text));
}

static int on_done(void *arg, struct scan_job *j)
{
	struct state *s = arg;
	int r = scan_packages_take(&s->packages, j);
	if (r == 0 && s->side == SIDE_OLD)
		return scan_packages_before(&s->packages, j);
	if (r < 0)
		return err_set(s->err, r, "no memory");
	if (s->side == SIDE_NEW)
		scan_packages_only_new(&s->packages, j);
	if (s->o->subject.n && j->sum.other && j->sum.verdict == SCAN_UNSCANNED) {
		s->left_out++;
		return 0;
	}
	return keep_file(s, j);
}

static int on_file(void *arg, const char *path, int fd, int error)
{
	struct state *s = arg;
	return scan_pool_add(&s->pool, path, fd, error, s->err);
}

unsigned scan_processors(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
	return n < 1 ? 1 : n > (int)SCAN_JOBS_MAX ? SCAN_JOBS_MAX : (unsigned)n;
}

/* The nearest folder above with a .git in it, or the folder itself. */
static void find_root(char root[PATH_MAX], const char *folder)
{
	struct stat st;
	char git[PATH_MAX];
	(void)snprintf(root, PATH_MAX, "%s", folder);
	while (snprintf(git, sizeof(git), "%s/.git", root) < (int)sizeof(git) && lstat(git, &st) < 0) {
		char *slash = strrchr(root, '/');
		if (!slash || slash == root) {
			(void)snprintf(root, PATH_MAX, "%s", folder);
			return;
		}
		*slash = 0;
	}
}

static bool is_change(const struct scan_opts *o)
{
	return o->staged || o->since || o->diff;
}

static uint32_t asked(const struct scan_opts *o)
{
	uint32_t bits = 0;
	for (size_t i = 0; i < o->subject.n; i++)
		for (size_t k = 0; k < SCAN_SUBJECTS; k++)
			if (strcmp(o->subject.item[i], scan_subject_names[k]) == 0)
				bits |= 1u << k;
	bits = bits ? bits : SCAN_ALL;
	return is_change(o) ? bits : bits & ~SCAN_CHANGES;
}

static void find_place(struct state *s)
{
	if (!getcwd(s->folder, sizeof(s->folder)))
		(void)snprintf(s->folder, sizeof(s->folder), "/");
	find_root(s->root, s->folder);
	s->result = (struct scan_result){.version = POSTERN_VERSION,
	        .root = s->root,
	        .folder = s->folder,
	        .baseline = s->o->baseline,
	        .deep = s->o->deep,
	        .subjects = asked(s->o)};
}

/* Would a file of this name have been met? */
static bool in_scope(void *arg, const char *place)
{
	const struct state *s = arg;
	for (size_t i = 0; i < s->args->n && !stopped; i++) {
		_cleanup_buf_ struct buf given = BUF(PLACE_MAX), whole = BUF(PLACE_MAX);
		/* Operands are relative to where one is, also where paths are those of the tree. */
		struct scan_result here = s->result;
		here.folder = s->folder;
		scan_place(&given, &here, s->args->arg[i]);
		struct slice g = buf_slice(&given), p = slice_str(place);
		/* The root of the tree, or what is above it, stands as an absolute path. */
		if (g.n && g.p[0] == '/' && place[0] != '/') {
			buf_fmt(&whole, "%s/%s", s->root, place);
			p = buf_slice(&whole);
		}
		if (slice_starts(p, g) && (p.n == g.n || p.p[g.n] == '/' || slice_is(g, "/")))
			return true;
	}
	return false;
}

/* "--since main src/ lib/" */
static void put_asked(struct buf *out, const struct state *s)
{
	const struct scan_opts *o = s->o;
	buf_fmt(out, "%s%s%.400s", o->staged ? "--staged " : "", o->since ? "--since " : "", o->since ? o->since : "");
	if (o->diff)
		buf_fmt(out, "--diff %.200s %.200s", o->diff, s->args->arg[-1]);
	/* What does not fit is left out. */
	for (size_t i = 0; i < s->args->n && out->n + strlen(s->args->arg[i]) + 2 < ENTRY_TEXT_MAX; i++)
		buf_fmt(out, "%s%s", out->n ? " " : "", s->args->arg[i]);
}

static int record(struct state *s)
{
	_cleanup_buf_ struct buf asked_for = BUF(ASKED_MAX);
	struct err err = {0};
	if (!s->ledger)
		return EXIT_OK;
	put_asked(&asked_for, s);
	int r = scan_ledger_write(s->ledger, &s->result, buf_str(&asked_for), &err);
	return r < 0 ? on_record_failed("scan", s->ledger, s->ledger_must, &err) : EXIT_OK;
}

/* Which of them belong together; a result without that is still one. */
static void tell_stories(struct state *s)
{
	struct scan_result *r = &s->result;
	if (s->edges == 0)
		return;
	const char **place = calloc(r->n + 1, sizeof(*place));
	bool good = place != NULL;
	for (size_t i = 0; i < r->n && good; i++) {
		_cleanup_buf_ struct buf one = BUF(PLACE_MAX);
		scan_place(&one, r, r->file[i].path);
		good = !buf_error(&one) && (place[i] = arena_str(&s->arena, buf_slice(&one)));
	}
	if (!good || scan_stories(r, place, &s->arena) < 0)
		cmd_tell("scan", "no memory for what belongs together");
	free(place);
}

/* What was not scanned: how much of what was met, and where the rest begins. */
static void tell_stopped(const struct state *s)
{
	_cleanup_buf_ struct buf text = BUF(PLACE_MAX);
	buf_fmt(&text, "interrupted: what was found so far is told, and is not all; %zu file%s met and not scanned", s->pool.left,
	        s->pool.left == 1 ? " was" : "s were");
	if (s->last[0]) {
		buf_str_add(&text, ", and nothing was met behind ");
		write_visible(&text, slice_str(s->last));
	}
	cmd_tell("scan", buf_str(&text));
}

static int report(struct state *s)
{
	static const int codes[SCAN_VERDICTS] = {EXIT_OK, EXIT_INCONCLUSIVE, EXIT_SUSPICIOUS, EXIT_FOUND};
	struct scan_result *r = &s->result;
	r->file = s->file;
	r->n = s->n;
	r->stopped = stopped;
	r->left_out = s->left_out;
	if (s->o->baseline && scan_baseline_end(&s->baseline, in_scope, s) < 0)
		cmd_tell("scan", "no memory for what no longer matches the baseline");
	r->stale = s->baseline.stale;
	r->n_stale = s->baseline.n_stale;
	r->refused = s->policy.refused;
	r->n_refused = s->policy.n_refused;
	r->package = s->packages.posture;
	r->packages = s->packages.n;
	r->change = s->packages.compared ? &s->packages.change : NULL;
	tell_stories(s);
	if (s->policy.no_memory)
		cmd_tell("scan", "no memory for all exceptions: what they let pass counts");
	int code = scan_print(s->o->output, (enum scan_format)s->o->format, r), said = codes[scan_result_blocks(r, NULL)];
	if (s->o->write_baseline && stopped)
		cmd_tell("scan", "no baseline is written, as not all is known");
	else if (s->o->write_baseline && code == EXIT_OK)
		code = scan_print_baseline(s->o->write_baseline, r);
	if (s->o->sbom && code == EXIT_OK)
		code = scan_print_sbom(s->o->sbom, r);
	int recorded = record(s);
	code = code == EXIT_OK ? recorded : code;
	if (stopped)
		tell_stopped(s);
	if (stopped && said == EXIT_OK)
		said = EXIT_INCONCLUSIVE;
	return code == EXIT_OK ? said : code;
}

static int tell(struct err *err)
{
	cmd_tell("scan", err->text);
	*err = (struct err){0};
	return EXIT_USAGE;
}

/* A file, a folder with all below it, or what is named in a registry. */
static int scan_operand(struct state *s, struct scan_walk *w, const char *path)
{
	if (scan_package_is_named(path)) {
		_cleanup_fd_ int fd = scan_package_fetch(path, s->err);
		return fd < 0 ? fd : on_file(s, path, fd, 0);
	}
	struct stat st;
	if (!scan_package_is_folder(path)) {
		s->pool.o.named = stat(path, &st) == 0 && S_ISREG(st.st_mode);
		int walked = scan_walk(w, path, s->err);
		s->pool.o.named = false;
		return walked;
	}
	/* What was added before is none of its files. */
	int r = scan_pool_finish(&s->pool, s->err);
	r = r < 0 ? r : scan_packages_folder(&s->packages, path);
	s->pool.o.profile = true;
	r = r < 0 ? r : scan_walk(w, path, s->err);
	r = r < 0 ? r : scan_pool_finish(&s->pool, s->err);
	s->pool.o.profile = false;
	int e = scan_packages_folder_end(&s->packages);
	return r < 0 ? r : e;
}

static int scan_all(struct state *s, const struct opt_args *args)
{
	struct scan_walk w = {.file = on_file, .arg = s};
	int code = EXIT_OK, r = 0;
	for (size_t i = 0; i < args->n && !stopped; i++) {
		r = scan_operand(s, &w, args->arg[i]);
		if (r == 0 || stopped)
			continue;
		code = tell(s->err);
		/* What could not be looked at is in the result, too. */
		if (scan_pool_add(&s->pool, args->arg[i], -1, r, s->err) < 0)
			return tell(s->err);
	}
	r = scan_pool_finish(&s->pool, s->err);
	return r < 0 ? tell(s->err) : code;
}

/* What the manifest beside a lock file has on the new side of the change: a descriptor, or negative errno. */
static int manifest_of(struct state *s, const char *path)
{
	char place[PATH_MAX];
	const struct slice base = slice_base(slice_str(path));
	const char *name = s->pool.o.subjects & SCAN_CHANGES ? scan_manifest_of(base) : NULL;
	int n = name ? snprintf(place, sizeof(place), "%.*s%s", (int)(strlen(path) - base.n), path, name) : -1;
	if (n < 0 || n >= (int)sizeof(place))
		return -ENOENT;
	if (!s->o->since)
		return scan_git_now(&s->git, place);
	struct stat st;
	_cleanup_fd_ int root = open(s->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_fd_ int fd = root < 0 ? -errno : path_open(root, place, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? TAKE_FD(fd) : -ENOENT;
}

/* Of a change only what lies below the operands, if there are any. */
static int on_change(void *arg, const char *path, int fd, int before, int error)
{
	struct state *s = arg;
	/* Tests may have been moved to where nobody asked for. */
	if (s->pool.o.subjects & SCAN_CHANGES)
		scan_gone_met(&s->gone, &s->arena, path, fd, before);
	if (s->args->n && !in_scope(s, path))
		return 0;
	_cleanup_fd_ int manifest = fd < 0 ? -1 : manifest_of(s, path);
	return scan_pool_add_changed(&s->pool, path, fd, before, manifest, error, s->err);
}

static int on_tree(void *arg, const char *path, int fd, int error)
{
	struct state *s = arg;
	const char *place = path + strlen(s->root) + 1;
	/* git's own. */
	if (strncmp(place, ".git/", 5) == 0 || strcmp(place, ".git") == 0)
		return stopped ? -EINTR : 0;
	if (fd >= 0 && scan_git_has(&s->git, place, fd))
		return stopped ? -EINTR : 0;
	if (s->args->n && !in_scope(s, place) && !scan_test_family(place))
		return stopped ? -EINTR : 0;
	_cleanup_fd_ int before = fd < 0 ? -1 : scan_git_before(&s->git, place);
	return on_change(s, place, fd, before, error);
}

/* The rules of secrets, for those who scan to read. Without them the rest is looked for. */
static int secret_rules(struct err *err)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)1 << 20);
	_cleanup_buf_ struct buf image = BUF(SECRET_IMAGE_MAX);
	int r = secret_load_shared(&arena, &image, err);
	int fd = r < 0 ? r : scan_memory_file(buf_slice(&image));
	if (fd < 0)
		cmd_tell("scan", err->code ? err->text : "the rules of secrets cannot be had, so that none are looked for");
	*err = (struct err){0};
	return fd;
}

static int tell_gone(struct state *s)
{
	if (!(s->pool.o.subjects & SCAN_CHANGES))
		return 0;
	int r = s->o->since ? scan_git_find_gone(&s->git, s->root) : 0;
	return r < 0 ? r : scan_gone_tell(&s->gone, &s->git, &s->arena, s->file, s->n);
}

static int scan_change(struct state *s, const char *from, const char *to)
{
	s->git.stop = &stopped;
	int r = scan_git_open(&s->git, s->root, s->err);
	if (r == 0)
		r = s->o->since ? scan_git_tree(&s->git, s->o->since, s->err) : scan_git_diff(&s->git, from, to, s->err);
	/* Paths are those of the tree from here on. */
	s->result.folder = s->root;
	if (r == 0 && s->o->since) {
		struct scan_walk w = {.file = on_tree, .arg = s};
		r = scan_walk(&w, s->root, s->err);
	} else if (r == 0) {
		r = scan_git_each(&s->git, on_change, s);
	}
	if (r < 0 && !stopped && !s->err->code)
		err_sys(s->err, r, "cannot read what changed");
	int code = r < 0 && !stopped ? tell(s->err) : EXIT_OK;
	r = scan_pool_finish(&s->pool, s->err);
	if (r == 0 && code == EXIT_OK && !stopped && tell_gone(s) < 0)
		cmd_tell("scan", "what was deleted cannot be had, so that nothing is said of tests that are gone");
	scan_git_close(&s->git);
	return r < 0 ? tell(s->err) : code;
}

/* What is odd about a new version is told with its archive; a folder has no file of its own in the result. */
static struct scan_file *whole(struct state *s, const char *path)
{
	const struct scan_job none = {.path = (char *)(uintptr_t)path, .fd = -1, .sum = {.looked = SCAN_CODE, .form = "package"}};
	if (!scan_package_is_folder(path))
		return s->n ? &s->file[0] : NULL;
	return keep_file(s, &none) < 0 ? NULL : &s->file[s->n - 1];
}

static int scan_versions(struct state *s, const char *old, const char *now)
{
	struct scan_walk w = {.file = on_file, .arg = s};
	s->side = SIDE_OLD;
	int r = scan_operand(s, &w, old);
	r = r < 0 ? r : scan_pool_finish(&s->pool, s->err);
	size_t n_old = s->packages.n;
	scan_packages_before_end(&s->packages);
	s->side = SIDE_NEW;
	r = r < 0 || stopped ? r : scan_operand(s, &w, now);
	r = r < 0 ? r : scan_pool_finish(&s->pool, s->err);
	if (r == 0 && !stopped) {
		struct scan_file *f = whole(s, now);
		r = f ? scan_packages_compare(&s->packages, n_old, f, s->err) : -ENOMEM;
	}
	if (r < 0 && !stopped && !s->err->code)
		err_sys(s->err, r, "cannot compare them");
	return r < 0 && !stopped ? tell(s->err) : EXIT_OK;
}

static const char *wrong_use(const struct scan_opts *o, const struct opt_args *args)
{
	if (o->staged + !!o->since + !!o->diff > 1)
		return "one of --staged, --since and --diff";
	if (o->diff && args->n == 0)
		return "name the second revision, or package";
	if (!asked(o))
		return "of changes there is only something to say with --staged, --since or --diff";
	return args->n == 0 && !o->staged && !o->since ? "name a file or a folder" : NULL;
}

static int run(void *options, const struct opt_args *args)
{
	const struct scan_opts *o = options;
	struct err err = {0};
	struct opt_args below = *args;
	if (o->rules)
		return scan_print_rules(o->output, (enum scan_format)o->format);
	if (wrong_use(o, args))
		return cmd_usage("scan", "%s", wrong_use(o, args));
	/* Two packages are not what git could mean: a revision of such a name is refs/heads/NAME. */
	bool versions = o->diff && args->n == 1 && scan_package_is(o->diff) && scan_package_is(args->arg[0]);
	if (versions && !(asked(o) & SCAN_CODE))
		return cmd_usage("scan", "two packages are compared by their code: --subject leaves it out");
	if (o->diff) {
		below.arg++;
		below.n--;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	struct state s = {.o = o, .arena = ARENA(ARENA_MAX), .terminal = isatty(STDERR_FILENO) == 1, .args = &below, .err = &err};
	s.pool = (struct scan_pool){.o = {.deep = o->deep, .subjects = asked(o), .limits = scan_limits_default()},
	        .jobs = o->jobs ? (unsigned)o->jobs : scan_processors(),
	        .seconds = FILE_SECONDS,
	        .done = on_done,
	        .tick = show_progress,
	        .arg = &s,
	        .stop = &stopped};
	s.packages = (struct scan_packages){.arena = ARENA(ARENA_MAX), .digests = o->sbom != NULL};
	find_place(&s);
	int loaded = scan_policy_load(&s.policy, o->organisation, o->policy, &err);
	loaded = loaded < 0 ? loaded : scan_policy_ledger(&s.policy, o->ledger, &s.ledger, &s.ledger_must, &err);
	if (loaded < 0) {
		scan_policy_free(&s.policy);
		return tell(&err);
	}
	scan_policy_blocks(&s.policy, &s.result);
	s.exceptions = scan_policy_excepts(&s.policy);
	if (o->baseline && scan_baseline_read(&s.baseline, o->baseline, &err) < 0) {
		scan_baseline_free(&s.baseline);
		scan_policy_free(&s.policy);
		return tell(&err);
	}
	catch_signals(on_signal);
	/* Of packages their postures are compared, not files. */
	if (versions)
		s.result.subjects = s.pool.o.subjects &= ~SCAN_CHANGES;
	_cleanup_fd_ int rules = is_change(o) && s.pool.o.subjects & SCAN_CHANGES ? secret_rules(&err) : -1;
	s.pool.rules = rules;
	_cleanup_(scan_yara_files_free) struct scan_yara_files files = {0};
	int with = scan_yara_read(&files, policy_settings(s.policy.policy)->scan_yara, &o->yara, &err);
	_cleanup_fd_ int yara = with > 0 ? with : -1;
	s.pool.yara = yara;
	if (with < 0 || scan_pool_open(&s.pool, &err) < 0) {
		scan_yara_explain(&files, &s.pool.wrong, &err);
		scan_baseline_free(&s.baseline);
		scan_policy_free(&s.policy);
		return tell(&err);
	}
	s.result.yara = with > 0;
	s.result.yara_rules = s.pool.yara_rules;
	int code = versions       ? scan_versions(&s, o->diff, args->arg[0])
	           : is_change(o) ? scan_change(&s, o->diff ? o->diff : "HEAD", o->diff ? args->arg[0] : NULL)
	                          : scan_all(&s, args);
	(void)snprintf(s.last, sizeof(s.last), "%s", s.pool.last ? s.pool.last : "");
	scan_pool_close(&s.pool);
	catch_signals(SIG_DFL);
	if (s.terminal)
		(void)fprintf(stderr, "\r\033[K");
	/* Of nothing that was looked at it must not be said that it is clean. */
	int said = code == EXIT_OK || s.n ? report(&s) : code;
	code = code == EXIT_OK || said == EXIT_FOUND ? said : code;
	scan_baseline_free(&s.baseline);
	scan_policy_free(&s.policy);
	scan_packages_free(&s.packages);
	arena_free(&s.arena);
	free(s.file);
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
