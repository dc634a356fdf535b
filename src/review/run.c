#include "review/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "parse/json.h"
#include "review/index.h"
#include "review/tree.h"
#include "sys/fd.h"
#include "sys/path.h"

#define RECORD_MAX  ((size_t)256 << 10)
#define COMMAND_MAX 4096

static const char *const state_words[] = {"running", "ended", "partly applied", "applied", "discarded"};

const char *review_state_word(enum review_state s)
{
	return state_words[s];
}

int review_runs_path(struct buf *out, struct err *err)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	if (state && *state == '/')
		buf_fmt(out, "%s/postern/runs", state);
	else if (geteuid() == 0)
		buf_str_add(out, "/var/lib/postern/runs");
	else if (home && *home == '/')
		buf_fmt(out, "%s/.local/state/postern/runs", home);
	else
		return err_set(err, -ENOENT, "there is no place for runs: set HOME or XDG_STATE_HOME");
	return buf_error(out);
}

void review_run_free(struct review_run *run)
{
	char **text[] = {&run->path, &run->project, &run->command, &run->tool, &run->version, &run->sha256, &run->policy_sha256,
	        &run->confinement, &run->index};
	for (size_t i = 0; i < ARRAY_LEN(text); i++)
		free(*text[i]);
	if (run->folder >= 0)
		close(run->folder);
	if (run->lock >= 0)
		close(run->lock);
	*run = REVIEW_RUN_NONE;
}

static int64_t now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Bytes from 0x80 up stay as they are: a path need not be UTF-8. */
static void put_text(struct buf *b, const char *name, const char *text)
{
	buf_fmt(b, ",\n\t\"%s\": \"", name);
	for (const char *p = text ? text : ""; *p; p++) {
		if (*p == '"' || *p == '\\')
			buf_fmt(b, "\\%c", *p);
		else if ((unsigned char)*p < 0x20)
			buf_fmt(b, "\\u%04x", (unsigned)*p);
		else
			buf_u8(b, (uint8_t)*p);
	}
	buf_u8(b, '"');
}

int review_run_write(const struct review_run *run, const char *name, struct slice data)
{
	int folder = run->folder;
	char new[64];
	(void)snprintf(new, sizeof(new), "%s.new", name);
	_cleanup_fd_ int fd = openat(folder, new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	int r = fd_write_all(fd, data);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && renameat(folder, new, folder, name) < 0)
		r = -errno;
	if (r == 0 && fsync(folder) < 0)
		r = -errno;
	return r;
}

int review_run_save(struct review_run *run, struct err *err)
{
	_cleanup_buf_ struct buf b = BUF(RECORD_MAX);
	buf_str_add(&b, "{\n\t\"version\": 1");
	put_text(&b, "id", run->id);
	put_text(&b, "project", run->project);
	/* Numbers of 64 bits as texts: a JSON number need not hold them. */
	buf_fmt(&b, ",\n\t\"dev\": \"%llu\",\n\t\"ino\": \"%llu\",\n\t\"form\": \"%s\"", (unsigned long long)run->dev,
	        (unsigned long long)run->ino, run->copy ? "copy" : "overlay");
	buf_fmt(&b, ",\n\t\"started\": \"%lld\",\n\t\"copied\": \"%lld\",\n\t\"ended\": \"%lld\",\n\t\"status\": %d",
	        (long long)run->started, (long long)run->copied, (long long)run->ended, run->status);
	put_text(&b, "state", state_words[run->state]);
	put_text(&b, "command", run->command);
	put_text(&b, "tool", run->tool);
	put_text(&b, "tool_version", run->version);
	put_text(&b, "tool_sha256", run->sha256);
	put_text(&b, "policy_sha256", run->policy_sha256);
	put_text(&b, "confinement", run->confinement);
	put_text(&b, "git_index", run->index);
	buf_str_add(&b, "\n}\n");
	int r = buf_error(&b);
	r = r < 0 ? r : review_run_write(run, "run.json", buf_slice(&b));
	return r < 0 ? err_sys(err, r, "cannot write %s/run.json", run->path) : 0;
}

static char *copy_text(const char *s)
{
	return strdup(s ? s : "");
}

static char *command_text(char *const *words)
{
	struct buf b = BUF(COMMAND_MAX);
	for (char *const *w = words; w && *w; w++) {
		if (w != words)
			buf_u8(&b, ' ');
		buf_str_add(&b, *w);
	}
	/* What did not fit is left out: it is for people. */
	b.error = 0;
	if (!b.p)
		return copy_text("");
	return buf_steal(&b, NULL);
}

static int take_lock(struct review_run *run)
{
	run->lock = openat(run->folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (run->lock < 0)
		return -errno;
	if (flock(run->lock, LOCK_EX | LOCK_NB) < 0) {
		int r = -errno;
		close(run->lock);
		run->lock = -1;
		return r;
	}
	return 0;
}

/* Makes runs/ID; a taken id is tried again. */
static int make_folder(struct review_run *run, int runs)
{
	for (int tries = 0; tries < 16; tries++) {
		uint16_t some;
		struct tm tm;
		time_t t = (time_t)(run->started / 1000000000);
		if (getrandom(&some, sizeof(some), 0) != sizeof(some))
			return -EIO;
		if (!gmtime_r(&t, &tm))
			return -EOVERFLOW;
		char day[32];
		if (strftime(day, sizeof(day), "%Y%m%d-%H%M%S", &tm) == 0)
			return -EOVERFLOW;
		(void)snprintf(run->id, sizeof(run->id), "%s-%04x", day, some);
		if (mkdirat(runs, run->id, 0700) == 0) {
			run->folder = path_open(runs, run->id, O_RDONLY | O_DIRECTORY, 0);
			return run->folder < 0 ? run->folder : 0;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

static int fill_new(struct review_run *run, const struct review_run_new *n, const char *runs)
{
	char real[4097];
	struct stat st;
	if (!realpath(n->project, real) || stat(real, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	run->project = copy_text(real);
	run->dev = st.st_dev;
	run->ino = st.st_ino;
	run->command = command_text(n->command);
	run->tool = copy_text(n->tool);
	run->version = copy_text(n->version);
	run->sha256 = copy_text(n->sha256);
	run->policy_sha256 = copy_text(n->policy_sha256);
	run->confinement = copy_text(n->confinement);
	_cleanup_fd_ int project = open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char index[65];
	run->index = copy_text(project >= 0 && review_index_digest(project, index) ? index : "");
	if (asprintf(&run->path, "%s/%s", runs, run->id) < 0)
		run->path = NULL;
	return run->project && run->command && run->tool && run->version && run->sha256 && run->policy_sha256 && run->confinement &&
	                       run->path
	               ? 0
	               : -ENOMEM;
}

int review_run_create(const struct review_run_new *n, struct review_run *out, struct err *err)
{
	_cleanup_buf_ struct buf path = BUF(4096);
	int r = review_runs_path(&path, err);
	if (r < 0)
		return r;
	_cleanup_fd_ int runs = path_make_absolute(buf_str(&path));
	struct review_run run __attribute__((cleanup(review_run_free))) = REVIEW_RUN_NONE;
	run.started = now();
	r = runs < 0 ? runs : make_folder(&run, runs);
	if (r < 0)
		return err_sys(err, r, "cannot make a folder for the run in %s", buf_str(&path));
	r = fill_new(&run, n, buf_str(&path));
	if (r < 0)
		r = err_sys(err, r, "cannot look at the project %s", n->project);
	else if ((r = take_lock(&run)) < 0 || mkdirat(run.folder, "upper", 0700) < 0 || mkdirat(run.folder, "work", 0700) < 0)
		r = err_sys(err, r < 0 ? r : -errno, "cannot make a folder for the run in %s", run.path);
	if (r == 0)
		r = review_run_save(&run, err);
	if (r < 0) {
		(void)tree_remove(runs, run.id);
		return r;
	}
	/* The root of what the tool sees has the mode of this folder. */
	struct stat st;
	_cleanup_fd_ int upper = path_open(run.folder, "upper", O_RDONLY | O_DIRECTORY, 0);
	if (upper >= 0 && stat(run.project, &st) == 0)
		(void)fchmod(upper, st.st_mode & 0777);
	*out = run;
	run = REVIEW_RUN_NONE;
	return 0;
}

int review_run_copy(struct review_run *run, uint64_t *skipped, struct err *err)
{
	struct change_source s;
	unsigned long left_out = 0;
	int r = review_run_source(run, &s, err);
	if (r < 0)
		return r;
	r = tree_copy(s.lower, s.upper, &left_out);
	review_run_source_close(&s);
	if (r < 0)
		return err_sys(err, r, "cannot copy the project to %s/upper", run->path);
	run->copy = true;
	run->copied = now();
	/* Files get the time of the kernel's last tick. What the tool writes must be seen to be later. */
	for (int i = 0; i < 100; i++) {
		struct timespec t;
		(void)clock_gettime(CLOCK_REALTIME_COARSE, &t);
		if ((int64_t)t.tv_sec * 1000000000 + t.tv_nsec > run->copied)
			break;
		(void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	*skipped = left_out;
	return review_run_save(run, err);
}

int review_run_end(struct review_run *run, int status, struct err *err)
{
	run->ended = now();
	run->status = status;
	run->state = REVIEW_ENDED;
	int r = review_run_save(run, err);
	if (run->lock >= 0)
		close(TAKE_FD(run->lock));
	return r;
}

static char *get_text(const struct json *doc, const char *name, struct arena *arena)
{
	const struct json *v = json_get(doc, name);
	struct slice s = v && v->type == JSON_STRING ? json_text(v, arena) : SLICE_NONE;
	return s.p && !memchr(s.p, 0, s.n) ? strndup((const char *)s.p, s.n) : copy_text("");
}

static int64_t get_number(const struct json *doc, const char *name, struct arena *arena)
{
	const struct json *v = json_get(doc, name);
	uint64_t n = 0;
	struct slice s = v && v->type == JSON_STRING ? json_text(v, arena) : SLICE_NONE;
	return slice_u64(s, UINT64_MAX, &n) ? (int64_t)n : 0;
}

static int read_record(struct review_run *run)
{
	_cleanup_buf_ struct buf text = BUF(RECORD_MAX);
	_cleanup_arena_ struct arena arena = ARENA((size_t)4 << 20);
	struct json *doc;
	int r = path_read(run->folder, "run.json", &text);
	if (r < 0)
		return r;
	if (json_parse(buf_slice(&text), NULL, &arena, &doc, NULL) != JSON_OK)
		return -EBADMSG;
	const struct json *status = json_get(doc, "status"), *state = json_get(doc, "state");
	run->project = get_text(doc, "project", &arena);
	run->command = get_text(doc, "command", &arena);
	run->tool = get_text(doc, "tool", &arena);
	run->version = get_text(doc, "tool_version", &arena);
	run->sha256 = get_text(doc, "tool_sha256", &arena);
	run->policy_sha256 = get_text(doc, "policy_sha256", &arena);
	run->confinement = get_text(doc, "confinement", &arena);
	run->index = get_text(doc, "git_index", &arena);
	run->dev = (uint64_t)get_number(doc, "dev", &arena);
	run->ino = (uint64_t)get_number(doc, "ino", &arena);
	run->started = get_number(doc, "started", &arena);
	run->copied = get_number(doc, "copied", &arena);
	run->ended = get_number(doc, "ended", &arena);
	const struct json *form = json_get(doc, "form");
	run->copy = form && slice_is(form->raw, "\"copy\"");
	uint64_t code;
	run->status = status && slice_u64(status->raw, 0xffff, &code) ? (int)code : -1;
	size_t i = ARRAY_LEN(state_words);
	while (state && state->type == JSON_STRING && i-- > 0)
		if (slice_is(json_text(state, &arena), state_words[i]))
			break;
	if (i >= ARRAY_LEN(state_words) || !run->project || run->project[0] != '/' || !run->command || !run->tool || !run->version ||
	        !run->sha256 || !run->policy_sha256 || !run->confinement || !run->index)
		return -EBADMSG;
	run->state = (enum review_state)i;
	return 0;
}

static bool is_id(const char *s)
{
	size_t n = strspn(s, "0123456789abcdef-");
	return n >= 8 && n < REVIEW_ID_MAX && s[n] == 0;
}

static int open_run(int runs, const char *place, const char *id, struct review_run *out)
{
	struct review_run run __attribute__((cleanup(review_run_free))) = REVIEW_RUN_NONE;
	(void)snprintf(run.id, sizeof(run.id), "%s", id);
	run.folder = path_open(runs, id, O_RDONLY | O_DIRECTORY, 0);
	if (run.folder < 0)
		return run.folder;
	if (asprintf(&run.path, "%s/%s", place, id) < 0) {
		run.path = NULL;
		return -ENOMEM;
	}
	int r = read_record(&run);
	if (r < 0)
		return r;
	*out = run;
	run = REVIEW_RUN_NONE;
	return 0;
}

static int newest_first(const void *a, const void *b)
{
	const struct review_run *x = a, *y = b;
	if (x->started != y->started)
		return x->started > y->started ? -1 : 1;
	return strcmp(y->id, x->id);
}

int review_run_list(struct review_run **out, size_t *n, struct err *err)
{
	_cleanup_buf_ struct buf path = BUF(4096);
	int r = review_runs_path(&path, err);
	if (r < 0)
		return r;
	*out = NULL;
	*n = 0;
	_cleanup_fd_ int runs = open(buf_str(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (runs < 0)
		return errno == ENOENT ? 0 : err_sys(err, -errno, "cannot open %s", buf_str(&path));
	int copy = openat(runs, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	if (!d) {
		r = -errno;
		if (copy >= 0)
			close(copy);
		return err_sys(err, r, "cannot read %s", buf_str(&path));
	}
	size_t room = 0;
	for (struct dirent *e; (e = readdir(d));) {
		struct review_run run;
		if (!is_id(e->d_name) || open_run(runs, buf_str(&path), e->d_name, &run) < 0)
			continue;
		/* A list of thousands must not use up the descriptors. */
		close(TAKE_FD(run.folder));
		if (*n == room) {
			room = room ? room * 2 : 32;
			struct review_run *more = reallocarray(*out, room, sizeof(*more));
			if (!more) {
				review_run_free(&run);
				closedir(d);
				return err_set(err, -ENOMEM, "no memory for the list of runs");
			}
			*out = more;
		}
		(*out)[(*n)++] = run;
	}
	closedir(d);
	if (*n)
		qsort(*out, *n, sizeof(**out), newest_first);
	return 0;
}

int review_run_open(const char *id, const char *project, struct review_run *out, struct err *err)
{
	_cleanup_buf_ struct buf path = BUF(4096);
	struct review_run *list = NULL;
	size_t n = 0, found = SIZE_MAX, matches = 0;
	struct stat st;
	int r = review_runs_path(&path, err);
	r = r < 0 ? r : review_run_list(&list, &n, err);
	bool there = !id && stat(project, &st) == 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct review_run *run = &list[i];
		if (id) {
			if (strncmp(run->id, id, strlen(id)) == 0) {
				found = matches++ ? found : i;
				if (strcmp(run->id, id) == 0) {
					found = i;
					matches = 1;
					break;
				}
			}
		} else if (there && run->dev == st.st_dev && run->ino == st.st_ino) {
			bool waits = run->state <= REVIEW_PARTIAL,
			     better = found == SIZE_MAX || (waits && list[found].state > REVIEW_PARTIAL);
			found = better ? i : found;
			matches = 1;
		}
	}
	if (r == 0 && matches > 1)
		r = err_set(err, -ENOTUNIQ, "\"%.64s\" is the beginning of %zu runs; write more of it", id, matches);
	else if (r == 0 && found == SIZE_MAX)
		r = id ? err_set(err, -ENOENT, "there is no run \"%.64s\"; \"postern review --list\" shows them", id)
		       : err_set(err, -ENOENT,
		                 "there is no run with --review of the folder %.300s; \"postern review --list\" shows all runs", project);
	if (r == 0) {
		_cleanup_fd_ int runs = open(buf_str(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = runs < 0 ? -errno : open_run(runs, buf_str(&path), list[found].id, out);
		if (r < 0)
			r = err_sys(err, r, "cannot open the run %s", list[found].id);
	}
	for (size_t i = 0; i < n; i++)
		review_run_free(&list[i]);
	free(list);
	return r;
}

int review_run_lock(struct review_run *run, struct err *err)
{
	if (run->lock >= 0)
		return 0;
	int r = take_lock(run);
	if (r == -EWOULDBLOCK)
		return err_set(err, -EBUSY, "the run %s is in use: its tool still runs, or somebody else applies what it wrote", run->id);
	return r < 0 ? err_sys(err, r, "cannot lock %s", run->path) : 0;
}

int review_run_source(const struct review_run *run, struct change_source *out, struct err *err)
{
	struct stat st;
	_cleanup_fd_ int lower = open(run->project, O_RDONLY | O_DIRECTORY | O_CLOEXEC), upper = -1;
	if (lower < 0 || fstat(lower, &st) < 0)
		return err_sys(err, -errno, "cannot open the project %.400s", run->project);
	if (st.st_dev != run->dev || st.st_ino != run->ino)
		return err_set(err, -ESTALE, "%.400s is another folder than the one that the run had", run->project);
	upper = path_open(run->folder, "upper", O_RDONLY | O_DIRECTORY, 0);
	if (upper < 0)
		return err_sys(err, upper, "what the run wrote is not there any more (%s/upper)", run->path);
	*out = (struct change_source){.copy = run->copy, .since = run->started, .index = run->index, .copied = run->copied};
	out->lower = TAKE_FD(lower);
	out->upper = TAKE_FD(upper);
	return 0;
}

void review_run_source_close(struct change_source *s)
{
	if (s->lower >= 0)
		close(s->lower);
	if (s->upper >= 0)
		close(s->upper);
	s->lower = s->upper = -1;
}

int review_run_drop(struct review_run *run, enum review_state state, struct err *err)
{
	/* First the record: what is half thrown away must not be taken for what the tool wrote. */
	run->state = state;
	int r = review_run_save(run, err);
	if (r < 0)
		return r;
	r = tree_remove(run->folder, "upper");
	r = r < 0 ? r : tree_remove(run->folder, "work");
	return r < 0 ? err_sys(err, r, "cannot remove all of %s", run->path) : 0;
}

int review_run_remove(struct review_run *run, struct err *err)
{
	_cleanup_fd_ int runs = openat(run->folder, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = runs < 0 ? -errno : tree_remove(runs, run->id);
	return r < 0 ? err_sys(err, r, "cannot remove %s", run->path) : 0;
}
