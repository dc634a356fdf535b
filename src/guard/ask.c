/*
 * From a question of the kernel to an answer. What is answered at once, without a look at the file, is most: what is no regular file, what
 * is known to be no tool, what a program opens that does not run code. All else waits in a list, and the loop goes on.
 *
 * The kernel is told not to ask again only about files that are no tool for anybody, whoever opens them, and that only root can change.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "guard/guard_part.h"
#include "parse/elfnames.h"

#define CODE_MAX  ((uint64_t)512 << 20) /* what is larger no runtime takes as code */
#define IDLE_MAX  ((uint64_t)16 << 20)
#define IDLE_ASKS 256u
#define AGAIN_MS  10
#define AGAIN_MAX 20u /* times */

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

void ask_done(struct ask *a)
{
	struct guard *g = a->g;
	unchain(a);
	*(a->previous ? &a->previous->next : &g->first) = a->next;
	*(a->next ? &a->next->previous : &g->last) = a->previous;
	g->n_asks--;
	g->n_idle -= a->why == ASK_IDLE;
	known_unref(a->file.tool);
	fd_closep(&a->fd);
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
	return a->why == ASK_EXEC || a->why == ASK_LATE || a->why == ASK_IDLE;
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

static void check_after(struct guard *g, struct after *f)
{
	struct stat st;
	struct known_key now;
	struct who_program p;
	pid_t parent;
	uint64_t started = 0;
	if (fstat(f->fd, &st) < 0) {
		fd_closep(&f->fd);
		return;
	}
	known_key(&st, &now);
	bool same = known_key_eq(&now, &f->key);
	/* It has ended, or runs something else by now. */
	bool gone = who_parent(f->pid, &parent, &started) < 0 || (f->started && f->started != started) ||
	            (!f->started && (who_program(f->pid, &p) < 0 || p.ino != now.ino || p.dev != now.dev));
	if (same || gone || now.size > CODE_MAX)
		fd_closep(&f->fd);
	else
		ask_late(g, f->pid, started, TAKE_FD(f->fd));
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
	pid_t parent;
	struct after f = {.fd = fd, .pid = pid, .key = *key};
	if (!exec && who_parent(pid, &parent, &f.started) < 0) {
		(void)close(fd);
		return;
	}
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

static void on_place(struct sift_job *j, const struct sift_answer *f)
{
	struct ask *a = (struct ask *)(void *)((char *)j - offsetof(struct ask, job));
	if (f->error == 0) {
		a->file.placed = true;
		a->file.tool = tool_of(f);
	}
	release(a, f->error);
	if (f->error < 0)
		verdict_failed(a, "the package that it belongs to could not be looked at");
	else
		conclude(a);
}

static void find_place(struct ask *a)
{
	char root[64];
	(void)snprintf(root, sizeof(root), "/proc/%d/root", (int)a->pid);
	fd_closep(&a->root);
	/* Neither is an opening that anybody is asked about. */
	a->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (a->root < 0 || ask_path(a)[0] != '/') {
		/* Its process has ended, or it has no name: there is no package then. */
		a->file.placed = a->root >= 0;
		release(a, 0);
		conclude(a);
		return;
	}
	a->job = (struct sift_job){
	        .what = SIFT_PLACE, .fd = a->fd, .root = a->root, .path = a->path, .idle = a->why == ASK_IDLE, .done = on_place};
	sift_send(a->g->sift, &a->job);
}

static void go_on(struct ask *a)
{
	if (!a->file.tool && !a->file.placed && wants_place(a)) {
		find_place(a);
		return;
	}
	release(a, 0);
	conclude(a);
}

static void on_file(struct sift_job *j, const struct sift_answer *f)
{
	struct ask *a = (struct ask *)(void *)((char *)j - offsetof(struct ask, job));
	if (f->error < 0) {
		release(a, f->error);
		verdict_failed(
		        a, f->error == -EIO ? "it could not be read, or ended the process that read it" : "it could not be recognised");
		return;
	}
	a->file = (struct known_file){.key = a->key, .tool = tool_of(f), .runtime = (enum known_runtime)f->runtime};
	const struct who_program p = {.dev = a->key.dev, .ino = a->key.ino, .ctime = a->key.ctime};
	if (a->keyed && (a->why == ASK_EXEC || a->why == ASK_LATE))
		program_put(a->g, &p, a->file.runtime);
	go_on(a);
}

static void look_up(struct ask *a)
{
	struct guard *g = a->g;
	struct stat st;
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
		/* One reads for all that want to know of the same file as it is now. */
		size_t h = hash_of(&a->key);
		for (struct ask *o = g->hash[h]; o; o = o->chain)
			if (known_key_eq(&o->key, &a->key) && o != a) {
				a->waiting = o->waiting;
				o->waiting = a;
				return;
			}
		a->chain = g->hash[h];
		g->hash[h] = a;
		a->leading = true;
	}
	a->job = (struct sift_job){.what = SIFT_FILE,
	        .fd = a->fd,
	        .root = -1,
	        .size = a->keyed ? a->key.size : UINT64_MAX,
	        .digest = true,
	        .idle = a->why == ASK_IDLE,
	        .done = on_file};
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
	if (fstat(a->fd, &st) == 0 && known_roots(&st) && st.st_size <= (off_t)IDLE_MAX && g->n_idle < IDLE_ASKS) {
		a->why = ASK_IDLE;
		g->n_idle++;
		look_up(a);
		return;
	}
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
	struct iovec v = {head, sizeof(head)};
	ssize_t n = preadv2(fd, &v, 1, 0, RWF_NOWAIT);
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
		struct iovec v = {head, sizeof(head)};
		ssize_t n = preadv2(a->fd, &v, 1, 0, RWF_NOWAIT);
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

static bool code_opens(struct guard *g, const struct fan_event *e, struct who_program *opener)
{
	return who_program(e->pid, opener) == 0 && ask_program(g, opener) != KNOWN_RUNTIME_NONE;
}

/* Answered without being taken into the list. *kept: it is to be looked at again. */
static bool at_once(struct guard *g, const struct fan_event *e, struct who_program *opener, int *runtime, struct known_key *key, bool *kept)
{
	struct stat st;
	if (fstat(e->fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
		return true;
	known_key(&st, key);
	const struct known_file *hit = known_find(g->known, key);
	if (hit && !hit->tool && hit->placed && known_stable(e->fd, key)) {
		if (!known_roots(&st))
			*kept = e->exec || code_opens(g, e, opener);
		else if (fan_ignore(g->fan[GUARD_FAN_LOCAL], e->fd) == 0 && !known_stable(e->fd, key))
			(void)fan_unignore(g->fan[GUARD_FAN_LOCAL], e->fd);
		return true;
	}
	if (e->exec)
		return false;
	/* Kernel threads have none. */
	if (who_program(e->pid, opener) < 0)
		return true;
	*runtime = ask_program(g, opener);
	if (*runtime != KNOWN_RUNTIME_NONE || known_roots(&st))
		return false;
	uint8_t head[ELFNAMES_HEAD];
	struct iovec v = {head, sizeof(head)};
	ssize_t n = preadv2(e->fd, &v, 1, 0, RWF_NOWAIT);
	return n >= 0 && !is_program(head, n);
}

void ask_event(struct guard *g, unsigned fan, const struct fan_event *e)
{
	struct who_program opener = {0};
	struct known_key key;
	int runtime = -1;
	bool kept = false;
	if (is_ours(g, e->pid) || (fan == GUARD_FAN_LOCAL && at_once(g, e, &opener, &runtime, &key, &kept))) {
		(void)fan_answer(g->fan[fan], e->fd, true);
		if (kept)
			put_after(g, e->fd, e->pid, e->exec, &key);
		else
			(void)close(e->fd);
		return;
	}
	struct ask *a = new_ask(g, ASK_EXEC, e->fd, e->pid);
	if (!a) {
		(void)fan_answer(g->fan[fan], e->fd, g->config.fail_open || g->config.monitor || e->pid == 1);
		(void)close(e->fd);
		return;
	}
	a->fan = fan;
	a->opener = opener;
	if (fan == GUARD_FAN_UNKNOWN && g->config.unknown != GUARD_UNKNOWN_SCAN)
		verdict_failed(a, "it lies on a file system that is no local one");
	else if (e->exec)
		look_up(a);
	else
		by_runtime(a, runtime);
}

void ask_late(struct guard *g, pid_t pid, uint64_t started, int fd)
{
	struct ask *a = new_ask(g, ASK_LATE, fd, pid);
	if (!a) {
		(void)close(fd);
		return;
	}
	a->answered = true;
	a->started = started;
	look_up(a);
}

void ask_tick(struct guard *g)
{
	int64_t now = ask_now();
	check_afters(g);
	for (struct ask *a = g->first; a && now - a->since >= (int64_t)g->config.deadline_ms; a = a->next)
		if (!a->answered) {
			bool may = g->config.fail_open || g->config.monitor || a->pid == 1;
			char text[512];
			ask_answer(a, may);
			(void)snprintf(text, sizeof(text), "%s: not decided within %u ms, and so %s: %.300s", may ? "allow" : "deny",
			        g->config.deadline_ms, may ? "it may go on" : "refused", ask_path(a));
			verdict_note(g, 99, text);
		}
}

void ask_end(struct guard *g)
{
	for (struct ask *a = g->first; a; a = a->next)
		ask_answer(a, g->config.fail_open || g->config.monitor || a->pid == 1);
}
