/*
 * From a question of the kernel to an answer. What is answered at once, without a look at the file, is most: what is no regular file, what
 * is known to be no tool, what a program opens that does not run code. All else waits in a list, and the loop goes on.
 *
 * The kernel is told not to ask again only about files that are no tool for anybody, whoever opens them, and that only root can change.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "guard/guard_part.h"
#include "parse/elfnames.h"

#define CODE_MAX  ((uint64_t)512 << 20) /* what is larger no runtime takes as code */
#define IDLE_MAX  ((uint64_t)16 << 20)
#define FOLDER_MS 2000
#define IDLE_ASKS 256u
#define AGAIN_MS  10
#define AGAIN_MAX 20u /* times */
#define ELSEWHERE "it lies on a file system that is no local one"

int64_t ask_now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- programs */

static size_t program_place(const struct who_program *p)
{
	return (size_t)((p->ino ^ p->dev << 40) * 0x9e3779b97f4a7c15u >> 40) % PROGRAMS;
}

int ask_program(struct guard *g, const struct who_program *p)
{
	const struct program *at = &g->program[program_place(p)];
	return at->file.ino == p->ino && at->file.dev == p->dev && at->file.ctime == p->ctime ? (int)at->runtime : -1;
}

static void program_put(struct guard *g, const struct who_program *p, enum known_runtime runtime)
{
	g->program[program_place(p)] = (struct program){*p, runtime};
}

/* ---- the list */

static size_t hash_of(const struct known_key *k)
{
	return (size_t)((k->ino ^ k->dev << 40) * 0x9e3779b97f4a7c15u >> 40) % ASK_HASH;
}

static struct ask *new_ask(struct guard *g, enum ask_why why, int fd, pid_t pid)
{
	struct ask *a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	*a = (struct ask){.g = g, .why = why, .fd = fd, .root = -1, .program = -1, .pid = pid, .since = ask_now(), .previous = g->last};
	*(g->last ? &g->last->next : &g->first) = a;
	g->last = a;
	g->n_asks++;
	g->n_idle += why == ASK_IDLE;
	return a;
}

/* Whoever waits for what this one finds out goes on. */
static void look_up(struct ask *a);

static void unchain(struct ask *a)
{
	if (!a->leading)
		return;
	struct ask **at = &a->g->hash[hash_of(&a->key)];
	while (*at && *at != a)
		at = &(*at)->chain;
	if (*at)
		*at = a->chain;
	a->leading = false;
}

static void go_on(struct ask *a);

static void close_file(struct guard *g, unsigned fan, int fd)
{
	if (fan == GUARD_FAN_UNKNOWN && fd >= 0)
		rescue_close(g->rescue, fd);
	else
		fd_closep(&fd);
}

void ask_done(struct ask *a)
{
	struct guard *g = a->g;
	unchain(a);
	*(a->previous ? &a->previous->next : &g->first) = a->next;
	*(a->next ? &a->next->previous : &g->last) = a->previous;
	g->n_asks--;
	g->n_idle -= a->why == ASK_IDLE;
	known_unref(a->file.tool);
	close_file(g, a->fan, TAKE_FD(a->fd));
	fd_closep(&a->root);
	fd_closep(&a->program);
	free(a->path);
	free(a);
}

void ask_answer(struct ask *a, bool allow)
{
	if (!a->answered)
		(void)fan_answer(a->g->fan[a->fan], a->fd, allow);
	a->answered = true;
}

const char *ask_path(struct ask *a)
{
	char link[64], path[4096];
	if (a->path)
		return a->path;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", a->fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = 0;
	a->path = strdup(path);
	return a->path ? a->path : "";
}

/* ---- what was found out */

/* With what the file is now, is it still what was looked at, and can nobody have changed it meanwhile? */
static bool still(struct ask *a)
{
	struct stat st;
	struct known_key now;
	if (!a->keyed || !a->stable || fstat(a->fd, &st) < 0)
		return false;
	known_key(&st, &now);
	return known_key_eq(&now, &a->key) && known_stable(a->fd, &a->key);
}

static void ignore(struct ask *a)
{
	struct guard *g = a->g;
	if (!a->roots || fan_ignore(g->fan[a->fan], a->fd) < 0)
		return;
	/* Who began to write before it was in force has to be found now. */
	if (!still(a))
		(void)fan_unignore(g->fan[a->fan], a->fd);
}

/* What a program only reads of a package, and does not run: to list or remove a package it must be there. Its own content counts all the
 * same. */
static bool is_about(const char *path)
{
	static const char *const ends[] = {".json", ".md", ".txt", ".map", "/LICENSE", "/METADATA", "/RECORD", "/WHEEL", "/INSTALLER"};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (slice_ends(slice_str(path), slice_str(ends[i])))
			return true;
	return false;
}

static bool wants_place(struct ask *a)
{
	if (a->why == ASK_CODE)
		return !is_about(ask_path(a));
	return true;
}

/* Somebody had it open for writing: what was read need not be what runs. It waits until that is over. */
static void again(void *arg, uint32_t events)
{
	struct ask *a = arg;
	(void)events;
	known_unref(a->file.tool);
	a->file = (struct known_file){0};
	look_up(a);
}

/* ---- what may have changed after the answer */

static int64_t since_boot_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* It has ended, and its number may be another's by now; or it runs something else. */
static bool is_gone(const struct after *f, const struct known_key *now, uint64_t *started)
{
	static int64_t tick_ms;
	struct who_program p;
	pid_t parent;
	tick_ms = tick_ms ? tick_ms : 1000 / sysconf(_SC_CLK_TCK);
	if (who_parent(f->pid, &parent, started) < 0 || (int64_t)*started * tick_ms > f->at)
		return true;
	return f->exec && (who_program(f->pid, &p) < 0 || p.ino != now->ino || p.dev != now->dev);
}

static void check_after(struct guard *g, struct after *f)
{
	struct stat st;
	struct known_key now;
	uint64_t started = 0;
	if (fstat(f->fd, &st) == 0) {
		known_key(&st, &now);
		if (!known_key_eq(&now, &f->key) && now.size <= CODE_MAX && !is_gone(f, &now, &started)) {
			ask_late(g, f->pid, started, TAKE_FD(f->fd), false);
			return;
		}
	}
	fd_closep(&f->fd);
}

static void check_afters(struct guard *g)
{
	while (g->n_afters) {
		check_after(g, &g->after[g->first_after]);
		g->first_after = (g->first_after + 1) % AFTERS;
		g->n_afters--;
	}
}

/* fd is taken over. */
static void put_after(struct guard *g, int fd, pid_t pid, bool exec, const struct known_key *key)
{
	struct after f = {.fd = fd, .pid = pid, .exec = exec, .at = since_boot_ms(), .key = *key};
	if (g->n_afters == AFTERS)
		check_afters(g);
	g->after[(g->first_after + g->n_afters++) % AFTERS] = f;
}

static void harmless(struct ask *a)
{
	struct guard *g = a->g;
	bool sure = still(a), runs = !a->answered && a->keyed && (a->why == ASK_EXEC || a->why == ASK_CODE || a->why == ASK_LOADED);
	if (sure) {
		known_put(g->known, &a->file);
		if (a->file.placed)
			ignore(a);
	} else if (runs && a->why == ASK_EXEC && a->tries < AGAIN_MAX && loop_after(g->loop, AGAIN_MS, again, a, NULL) == 0) {
		a->tries++;
		return;
	}
	ask_answer(a, true);
	if (runs && !a->roots)
		put_after(g, TAKE_FD(a->fd), a->pid, a->why == ASK_EXEC, &a->key);
	ask_done(a);
}

/* With a->file known as far as this ask needs it. */
static void conclude(struct ask *a)
{
	const struct known_tool *t = a->file.tool;
	bool only_read = t && ((a->why == ASK_READ && !t->program) || (a->why == ASK_CODE && !t->content && is_about(ask_path(a))));
	if (t && !only_read && a->why != ASK_IDLE) {
		if (still(a))
			known_put(a->g->known, &a->file);
		verdict_begin(a);
	} else if (t) {
		if (still(a))
			known_put(a->g->known, &a->file);
		ask_answer(a, true);
		ask_done(a);
	} else {
		harmless(a);
	}
}

static struct known_tool *tool_of(const struct sift_answer *f)
{
	struct known_tool *t = f->is_tool ? calloc(1, sizeof(*t)) : NULL;
	if (!t)
		return NULL;
	*t = (struct known_tool){.refs = 1, .content = f->content, .program = f->program, .found = f->found, .of = f->of};
	memcpy(t->tool, f->tool, sizeof(t->tool));
	memcpy(t->title, f->title, sizeof(t->title));
	memcpy(t->publisher, f->publisher, sizeof(t->publisher));
	memcpy(t->package, f->package, sizeof(t->package));
	memcpy(t->version, f->version, sizeof(t->version));
	memcpy(t->digest, f->digest, sizeof(t->digest));
	return t;
}

/* The others that waited for this file get what it got. */
static void release(struct ask *a, int error)
{
	struct ask *w = a->waiting;
	a->waiting = NULL;
	unchain(a);
	while (w) {
		struct ask *next = w->waiting;
		w->waiting = NULL;
		if (error < 0) {
			verdict_failed(w, "it could not be recognised");
		} else {
			known_unref(w->file.tool);
			w->file = a->file;
			(void)known_ref(w->file.tool);
			go_on(w);
		}
		w = next;
	}
}

/* Both answers are there, or one was not asked for. */
static void decided(struct ask *a)
{
	if (--a->outstanding)
		return;
	release(a, a->error);
	if (a->error < 0)
		verdict_failed(
		        a, a->error == -EIO ? "it could not be read, or ended the process that read it" : "it could not be recognised");
	else
		conclude(a);
}

/*
 * Folders that were found to be in no tool's package, for a while: the files of one are asked about together. Metadata that come within
 * that while are not seen; whoever could make them so can leave them away as well.
 */
static struct folder *folder_at(struct ask *a, size_t *n)
{
	const char *path = ask_path(a), *slash = strrchr(path, '/');
	*n = slash ? (size_t)(slash - path) : 0;
	return *n && *n < sizeof(a->g->folder[0].path) ? &a->g->folder[slice_hash(slice_of(path, *n)) % FOLDERS] : NULL;
}

static void folder_put(struct ask *a)
{
	size_t n;
	struct folder *f = folder_at(a, &n);
	if (!f || a->root_ino == 0)
		return;
	*f = (struct folder){.root = a->root_ino, .until = ask_now() + FOLDER_MS};
	memcpy(f->path, a->path, n);
}

static bool folder_is_known(struct ask *a)
{
	size_t n;
	const struct folder *f = folder_at(a, &n);
	return f && a->root_ino && f->root == a->root_ino && f->until > ask_now() && strlen(f->path) == n &&
	       memcmp(f->path, a->path, n) == 0;
}

static void on_place(struct sift_job *j, const struct sift_answer *f)
{
	struct ask *a = (struct ask *)(void *)((char *)j - offsetof(struct ask, place_job));
	a->file.placed = f->error == 0;
	a->error = f->error;
	a->file.tool = tool_of(f);
	if (f->error == 0 && !a->file.tool)
		folder_put(a);
	decided(a);
}

/* By the path, as the process that opens it sees it. False: there is none. */
static bool find_place(struct ask *a)
{
	char root[64];
	struct stat st;
	(void)snprintf(root, sizeof(root), "/proc/%d/root", (int)a->pid);
	fd_closep(&a->root);
	/* Neither is an opening that anybody is asked about. */
	a->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (a->root < 0 || ask_path(a)[0] != '/') {
		a->file.placed = a->root >= 0;
		return false;
	}
	a->root_ino = fstat(a->root, &st) == 0 ? st.st_ino ^ st.st_dev << 40 : 0;
	if (folder_is_known(a)) {
		a->file.placed = true;
		return false;
	}
	a->place_job = (struct sift_job){
	        .what = SIFT_PLACE, .fd = a->fd, .root = a->root, .path = a->path, .idle = a->why == ASK_IDLE, .done = on_place};
	a->outstanding++;
	sift_send(a->g->sift, &a->place_job);
	return true;
}

/* What is known of the file's content is there. */
static void go_on(struct ask *a)
{
	a->outstanding = 1;
	if (!a->file.tool && !a->file.placed && wants_place(a))
		(void)find_place(a);
	decided(a);
}

static void on_file(struct sift_job *j, const struct sift_answer *f)
{
	struct ask *a = (struct ask *)(void *)((char *)j - offsetof(struct ask, job));
	a->error = f->error < 0 ? f->error : a->error;
	a->file.key = a->key;
	a->file.tool = tool_of(f);
	a->file.runtime = (enum known_runtime)f->runtime;
	const struct who_program p = {.dev = a->key.dev, .ino = a->key.ino, .ctime = a->key.ctime};
	if (f->error == 0 && a->keyed && (a->why == ASK_EXEC || a->why == ASK_LATE))
		program_put(a->g, &p, a->file.runtime);
	if (f->error == 0)
		go_on(a);
	else
		decided(a);
}

/* One reads for all that want to know of the same file as it is now. */
static bool joined(struct ask *a)
{
	struct guard *g = a->g;
	size_t h = hash_of(&a->key);
	for (struct ask *o = g->hash[h]; o; o = o->chain)
		if (known_key_eq(&o->key, &a->key) && o != a) {
			a->waiting = o->waiting;
			o->waiting = a;
			return true;
		}
	a->chain = g->hash[h];
	g->hash[h] = a;
	a->leading = true;
	return false;
}

static void look_up(struct ask *a)
{
	struct guard *g = a->g;
	struct stat st;
	a->error = 0;
	if (a->fan == GUARD_FAN_LOCAL && fstat(a->fd, &st) == 0) {
		known_key(&st, &a->key);
		a->keyed = true;
		a->roots = known_roots(&st);
		a->stable = known_stable(a->fd, &a->key);
		const struct known_file *hit = a->stable ? known_find(g->known, &a->key) : NULL;
		if (hit) {
			known_unref(a->file.tool);
			a->file = *hit;
			(void)known_ref(a->file.tool);
			go_on(a);
			return;
		}
		if (joined(a))
			return;
	}
	a->job = (struct sift_job){.what = SIFT_FILE,
	        .fd = a->fd,
	        .root = -1,
	        .size = a->keyed ? a->key.size : UINT64_MAX,
	        .digest = true,
	        .idle = a->why == ASK_IDLE,
	        .done = on_file};
	a->outstanding = 1;
	sift_send(g->sift, &a->job);
}

/* ---- who opens it */

struct peek {
	struct errand errand;
	struct ask *ask;
	uint8_t head[ELFNAMES_HEAD];
	ssize_t n;
	bool program; /* the file of the asking program is to be opened, too */
};

static bool is_program(const uint8_t *head, ssize_t n)
{
	return n == (ssize_t)ELFNAMES_HEAD && elfnames_kind(slice_of(head, (size_t)n)) == ELFNAMES_LOADED;
}

/* When nobody waits: see ask_tick(). */
static void later(struct guard *g, int fd, pid_t pid)
{
	struct ask *a = new_ask(g, ASK_IDLE, fd, pid);
	if (!a) {
		(void)close(fd);
		return;
	}
	a->answered = a->later = true;
}

/* The beginning of a file, if it is in memory: a disk, or whoever serves a file system, is not waited for. Negative otherwise. */
static ssize_t read_head(int fd, uint8_t *head, size_t n)
{
	struct iovec v = {head, n};
	struct statfs f;
	ssize_t got = preadv2(fd, &v, 1, 0, RWF_NOWAIT);
	if (got < 0 && errno == EOPNOTSUPP && fstatfs(fd, &f) == 0 && (f.f_type == TMPFS_MAGIC || f.f_type == RAMFS_MAGIC))
		got = pread(fd, head, n, 0);
	return got;
}

/* A program opens it that runs no code from files. It may be a loader of somebody's own making: so what is itself a program is looked at.
 */
static void opened_by_other(struct ask *a, const uint8_t *head, ssize_t n)
{
	struct guard *g = a->g;
	if (is_program(head, n)) {
		a->why = ASK_READ;
		look_up(a);
		return;
	}
	ask_answer(a, true);
	struct stat st;
	if (fstat(a->fd, &st) == 0 && known_roots(&st) && st.st_size <= (off_t)IDLE_MAX && g->n_idle < IDLE_ASKS)
		later(g, TAKE_FD(a->fd), a->pid);
	ask_done(a);
}

static void peek_work(struct errand *e)
{
	struct peek *p = (struct peek *)(void *)e;
	if (p->program) {
		char path[64];
		(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)p->ask->pid);
		p->ask->program = open(path, O_RDONLY | O_CLOEXEC | O_NOATIME);
	} else {
		p->n = pread(p->ask->fd, p->head, sizeof(p->head), 0);
	}
}

static void by_runtime(struct ask *a, int runtime);
static void peek(struct ask *a, bool program);

/* Others that were opened by the same program. */
static void release_program(struct ask *a, int runtime)
{
	struct ask **at = &a->g->asking;
	while (*at && *at != a)
		at = &(*at)->next_asking;
	if (*at)
		*at = a->next_asking;
	struct ask *w = a->waiting;
	a->waiting = NULL;
	while (w) {
		struct ask *next = w->waiting;
		w->waiting = NULL;
		by_runtime(w, runtime);
		w = next;
	}
}

static void find_program(struct ask *a)
{
	for (struct ask *o = a->g->asking; o; o = o->next_asking)
		if (o->opener.ino == a->opener.ino && o->opener.dev == a->opener.dev && o->opener.ctime == a->opener.ctime) {
			a->waiting = o->waiting;
			o->waiting = a;
			return;
		}
	a->next_asking = a->g->asking;
	a->g->asking = a;
	peek(a, true);
}

static void on_program(struct sift_job *j, const struct sift_answer *f)
{
	struct ask *a = (struct ask *)(void *)((char *)j - offsetof(struct ask, job));
	/* What cannot be looked at counts as a program that runs code: more is asked then, not less. */
	enum known_runtime runtime = f->error < 0 ? KNOWN_RUNTIME_CODE : (enum known_runtime)f->runtime;
	fd_closep(&a->program);
	program_put(a->g, &a->opener, runtime);
	release_program(a, (int)runtime);
	by_runtime(a, (int)runtime);
}

static void peek_done(struct errand *e)
{
	struct peek *p = (struct peek *)(void *)e;
	struct ask *a = p->ask;
	if (!p->program) {
		opened_by_other(a, p->head, p->n);
	} else if (a->program < 0) {
		/* It has ended. */
		release_program(a, KNOWN_RUNTIME_CODE);
		by_runtime(a, KNOWN_RUNTIME_CODE);
	} else {
		a->job = (struct sift_job){.what = SIFT_FILE, .fd = a->program, .root = -1, .done = on_program};
		sift_send(a->g->sift, &a->job);
	}
	free(p);
}

static void peek(struct ask *a, bool program)
{
	struct peek *p = calloc(1, sizeof(*p));
	if (!p) {
		verdict_failed(a, "there is no memory");
		return;
	}
	*p = (struct peek){.errand = {.work = peek_work, .done = peek_done}, .ask = a, .program = program};
	errand_send(a->g->errands, &p->errand);
}

/* Beginnings of files that no runtime takes for code, large and often written to. */
static bool is_data(int fd)
{
	static const struct slice magics[] = {SLICE_INIT("SQLite format 3\0"), SLICE_INIT("\x89PNG\r\n"), SLICE_INIT("\xff\xd8\xff"),
	        SLICE_INIT("GIF8"), SLICE_INIT("RIFF"), SLICE_INIT("%PDF-"), SLICE_INIT("\x1f\x8b"), SLICE_INIT("PAR1"),
	        SLICE_INIT("\x89HDF\r\n"), SLICE_INIT("\x93NUMPY"), SLICE_INIT("GGUF"), SLICE_INIT("wOF2"), SLICE_INIT("OggS")};
	uint8_t head[16];
	ssize_t n = read_head(fd, head, sizeof(head));
	for (size_t i = 0; n == (ssize_t)sizeof(head) && i < ARRAY_LEN(magics); i++)
		if (slice_starts(slice_of(head, sizeof(head)), magics[i]))
			return true;
	return false;
}

static void by_runtime(struct ask *a, int runtime)
{
	struct stat st;
	if (runtime < 0) {
		find_program(a);
	} else if (runtime == KNOWN_RUNTIME_NONE) {
		uint8_t head[ELFNAMES_HEAD];
		ssize_t n = read_head(a->fd, head, sizeof(head));
		if (n < 0)
			peek(a, false);
		else
			opened_by_other(a, head, n);
	} else if (runtime == KNOWN_RUNTIME_CODE && ((fstat(a->fd, &st) == 0 && (uint64_t)st.st_size > CODE_MAX) || is_data(a->fd))) {
		ask_answer(a, true);
		ask_done(a);
	} else {
		a->why = runtime == KNOWN_RUNTIME_LOADER ? ASK_LOADED : ASK_CODE;
		look_up(a);
	}
}

/* ---- the beginning */

static bool is_ours(const struct guard *g, pid_t pid)
{
	return pid == g->self || pid == g->partner || sift_is_ours(g->sift, pid);
}

/* What the program that opens it does with files; -1: not known yet, then *opener is that program. */
static int runtime_of(struct guard *g, const struct fan_event *e, struct who_program *opener)
{
	int runtime = late_kind(g->late, e->pid);
	if (runtime >= 0)
		return runtime;
	/* Kernel threads have none. */
	if (who_program(e->pid, opener) < 0)
		return KNOWN_RUNTIME_NONE;
	runtime = ask_program(g, opener);
	if (runtime >= 0)
		late_learn(g->late, e->pid, (enum known_runtime)runtime);
	return runtime;
}

/* It is surely no program. */
static bool is_plain(int fd)
{
	uint8_t head[ELFNAMES_HEAD];
	ssize_t n = read_head(fd, head, sizeof(head));
	return n >= 0 && !is_program(head, n);
}

/* What becomes of the descriptor of what was answered at once. */
enum then {
	THEN_CLOSE,
	THEN_AFTER, /* it is looked at again when it runs */
	THEN_LATER, /* it may never be asked about again, if it is found to be harmless */
};

/* Answered without being taken into the list. */
static bool at_once(
        struct guard *g, const struct fan_event *e, struct who_program *opener, int *runtime, struct known_key *key, enum then *then)
{
	struct stat st;
	if (fstat(e->fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
		return true;
	bool roots = known_roots(&st);
	if (!e->exec)
		*runtime = runtime_of(g, e, opener);
	if (!e->exec && *runtime == KNOWN_RUNTIME_NONE && !roots && is_plain(e->fd))
		return true;
	known_key(&st, key);
	const struct known_file *hit = known_find(g->known, key);
	if (hit && !hit->tool && hit->placed && known_stable(e->fd, key)) {
		if (!roots)
			*then = e->exec || *runtime != KNOWN_RUNTIME_NONE ? THEN_AFTER : THEN_CLOSE;
		else if (fan_ignore(g->fan[GUARD_FAN_LOCAL], e->fd) == 0 && !known_stable(e->fd, key))
			(void)fan_unignore(g->fan[GUARD_FAN_LOCAL], e->fd);
		return true;
	}
	if (e->exec || *runtime != KNOWN_RUNTIME_NONE || !is_plain(e->fd))
		return false;
	if (st.st_size <= (off_t)IDLE_MAX && g->n_idle < IDLE_ASKS)
		*then = THEN_LATER;
	return true;
}

void ask_event(struct guard *g, unsigned fan, const struct fan_event *e)
{
	struct who_program opener = {0};
	struct known_key key;
	int runtime = -1;
	enum then then = THEN_CLOSE;
	if (is_ours(g, e->pid) || (fan == GUARD_FAN_LOCAL && at_once(g, e, &opener, &runtime, &key, &then))) {
		(void)fan_answer(g->fan[fan], e->fd, true);
		if (then == THEN_AFTER)
			put_after(g, e->fd, e->pid, e->exec, &key);
		else if (then == THEN_LATER)
			later(g, e->fd, e->pid);
		else
			close_file(g, fan, e->fd);
		return;
	}
	struct ask *a = new_ask(g, ASK_EXEC, e->fd, e->pid);
	if (!a) {
		(void)fan_answer(g->fan[fan], e->fd, g->config.fail_open || g->config.monitor || e->pid == 1);
		close_file(g, fan, e->fd);
		return;
	}
	a->fan = fan;
	a->opener = opener;
	if (fan == GUARD_FAN_UNKNOWN && g->config.unknown != GUARD_UNKNOWN_SCAN)
		verdict_failed(a, ELSEWHERE);
	else if (e->exec)
		look_up(a);
	else
		by_runtime(a, runtime);
}

void ask_late(struct guard *g, pid_t pid, uint64_t started, int fd, bool served)
{
	struct ask *a = new_ask(g, ASK_LATE, fd, pid);
	if (!a) {
		(void)close(fd);
		return;
	}
	a->answered = true;
	a->started = started;
	if (served) {
		a->fan = GUARD_FAN_UNKNOWN;
		verdict_failed(a, ELSEWHERE);
	} else {
		look_up(a);
	}
}

/* What was opened and may never be asked about again, if it is found to be harmless. */
static void do_idle(struct guard *g)
{
	for (struct ask *a = g->first, *next; a && g->n_idle; a = next) {
		next = a->next;
		if (!a->later)
			continue;
		a->later = false;
		look_up(a);
	}
}

void ask_tick(struct guard *g)
{
	int64_t now = ask_now();
	check_afters(g);
	if (g->n_asks == g->n_idle)
		do_idle(g);
	unsigned refused = 0, passed = 0;
	const char *path = "";
	for (struct ask *a = g->first; a && now - a->since >= (int64_t)g->config.deadline_ms; a = a->next)
		if (!a->answered) {
			bool may = g->config.fail_open || g->config.monitor || a->pid == 1;
			ask_answer(a, may);
			*(may ? &passed : &refused) += 1;
			path = ask_path(a);
		}
	if (refused + passed) {
		char text[512];
		(void)snprintf(text, sizeof(text), "not decided within %u ms: %u refused, %u let pass, such as %.300s",
		        g->config.deadline_ms, refused, passed, path);
		verdict_note(g, 99, text);
	}
}

void ask_end(struct guard *g)
{
	for (struct ask *a = g->first; a; a = a->next)
		ask_answer(a, g->config.fail_open || g->config.monitor || a->pid == 1);
}
