#include "confine/sandbox_exec.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>

#include "confine/notify.h"
#include "confine/sandbox_resolve.h"
#include "confine/sandbox_trace.h"
#include "crypto/digest.h"
#include "sys/loop.h"

#define ARGUMENTS_MAX  64
#define ARGUMENT_BYTES 8192
/* How far the kernel follows interpreters that are scripts. */
#define INTERPRETERS_MAX 4
/* As many bytes of a file as the kernel looks at. */
#define HEAD_MAX  256
#define CACHE_MAX 2048
/* A file that was just written may be written again without its times changing. */
#define SETTLED_NS  INT64_C(100000000)
#define PENDING_MAX 512
#define CHECKS_MAX  512
#define LOADERS_MAX 8
/* Of a file, whose digest the supervisor waits for, and with it all that the command asks: some seconds. A file of holes can be of
 * terabytes. */
#define FILE_MAX ((off_t)2 << 30)
/* Milliseconds after which is looked at what runs, while the execution has not happened yet; then again and again. */
static const uint16_t check_after[] = {5, 50, 500};

struct identity {
	dev_t dev;
	ino_t ino;
	int64_t mtime, ctime; /* ns */
	off_t size;
};

struct known {
	struct identity id;
	uint8_t sha256[32];
	bool settled;
	char head[HEAD_MAX];
	uint16_t n_head;
};

/* An execution, and how it is known again when it has happened. */
struct expected {
	pid_t process; /* 0: the place is free */
	int pidfd;
	struct identity runs, before; /* what will run, and what runs until then */
	bool settled;                 /* else bytes may be others, and runs the same */
	uint8_t sha256[32];           /* of what will run */
	uint64_t stack;               /* where it lies now, of a program that executes itself */
	struct buf words;             /* what its command line will end with, if they are known, or be, if that is `whole` */
	bool words_known, whole;
	bool traced; /* it will be stopped when it has happened */
	char path[256];
};

/* Asked, and not answered yet: or answered at once. */
struct pending {
	uint64_t id;
	pid_t thread;
	bool library;
	struct expected x;
};

/* Until it is seen what an allowed execution became. Nothing but that, or the end of the process, ends it: the caller may take its time. */
struct check {
	unsigned turn;
	struct expected x;
};

/* A dynamic loader of the system: known by its content, which is read only when something of the same size is executed. */
struct loader {
	int file;
	off_t size;
	bool known;
	uint8_t sha256[32];
};

struct exec_watch {
	struct loop *loop;
	struct sandbox_machine machine;
	int fd;
	struct exec_watch_calls calls;
	void *arg;
	struct exec_trace *trace;
	struct source *source, *timer;
	bool first_seen, loaders_known;
	struct loader loader[LOADERS_MAX];
	size_t n_loaders;
	/* Of the tables below only what was ever used is touched: most runs need a page of each. */
	size_t n_pending, n_checks;
	struct known cache[CACHE_MAX];
	struct pending pending[PENDING_MAX];
	struct check check[CHECKS_MAX];
};

static int64_t nanoseconds(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct identity identity_of(const struct stat *st)
{
	return (struct identity){st->st_dev, st->st_ino, nanoseconds(st->st_mtim), nanoseconds(st->st_ctim), st->st_size};
}

static bool same_file(const struct identity *a, const struct identity *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

static bool same(const struct identity *a, const struct identity *b)
{
	return same_file(a, b) && a->mtime == b->mtime && a->ctime == b->ctime && a->size == b->size;
}

/* ---- contents ---- */

static int digest_file(int fd, off_t size, uint8_t out[32])
{
	static uint8_t bytes[1 << 16];
	uint8_t whole[DIGEST_MAX];
	struct digest_stream *s = NULL;
	int r = digest_stream_new(DIGEST_SHA256, &s);
	off_t at = 0;
	ssize_t n = 0;
	/* No further than it was long: what grows is refused for that. */
	while (r == 0 && at <= size && (n = pread(fd, bytes, sizeof(bytes), at)) > 0) {
		r = digest_stream_add(s, slice_of(bytes, (size_t)n));
		at += n;
	}
	if (r < 0 || n < 0) {
		digest_stream_free(s);
		return r < 0 ? r : -EIO;
	}
	r = digest_stream_end(s, whole);
	memcpy(out, whole, 32);
	return r;
}

/* What is in a file that was opened as O_PATH; *k is valid until the next call. A library need not be one that may be executed. */
static int look(struct exec_watch *w, int file, bool library, const struct known **k)
{
	static struct known fresh;
	struct stat st;
	struct timespec now;
	char path[48];
	if (fstat(file, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (!library && !(st.st_mode & 0111)))
		return -EACCES;
	if (st.st_size > FILE_MAX)
		return -EFBIG;
	struct identity id = identity_of(&st);
	struct known *c = &w->cache[((uint64_t)id.ino * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)id.dev) >> 16 & (CACHE_MAX - 1)];
	if (same(&c->id, &id)) {
		*k = c;
		return 0;
	}
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -EACCES;
	fresh.id = id;
	int r = digest_file(fd, st.st_size, fresh.sha256);
	ssize_t n = r < 0 ? -1 : pread(fd, fresh.head, sizeof(fresh.head), 0);
	if (n < 0)
		return r < 0 ? r : -EIO;
	fresh.n_head = (uint16_t)n;
	/* It changed while it was read. */
	if (fstat(fd, &st) < 0)
		return -errno;
	struct identity after = identity_of(&st);
	if (!same(&after, &id))
		return -ETXTBSY;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	*k = &fresh;
	fresh.settled = nanoseconds(now) - id.ctime > SETTLED_NS;
	if (fresh.settled) {
		*c = fresh;
		*k = c;
	}
	return 0;
}

static bool is_elf(const struct known *k)
{
	Elf64_Ehdr h;
	memcpy(&h, k->head, sizeof(h));
#if defined(__x86_64__)
	const Elf64_Half ours = EM_X86_64;
#elif defined(__aarch64__)
	const Elf64_Half ours = EM_AARCH64;
#else
	const Elf64_Half ours = h.e_machine;
#endif
	return k->n_head >= sizeof(h) && memcmp(k->head, ELFMAG, SELFMAG) == 0 && h.e_ident[EI_CLASS] == ELFCLASS64 && h.e_machine == ours;
}

/* The interpreter that a script names; false if it is none. */
static bool interpreter(const struct known *k, char *out, size_t size)
{
	if (k->n_head < 4 || k->head[0] != '#' || k->head[1] != '!')
		return false;
	const char *p = k->head + 2, *end = k->head + k->n_head;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	size_t n = 0;
	while (p + n < end && p[n] != ' ' && p[n] != '\t' && p[n] != '\n' && p[n] != 0)
		n++;
	if (n == 0 || n >= size)
		return false;
	memcpy(out, p, n);
	out[n] = 0;
	return true;
}

/* ---- the caller's memory ---- */

/* A string, with its NUL. Length, -EFAULT, or -ENAMETOOLONG with `size` bytes read. */
static int string_from(pid_t thread, uint64_t at, char *out, size_t size)
{
	size_t n = 0;
	while (n < size) {
		/* Up to the end of the page: the next may not be there. */
		size_t piece = 4096 - (at + n) % 4096;
		piece = piece < size - n ? piece : size - n;
		ssize_t got = notify_read(thread, at + n, out + n, piece);
		if (got <= 0)
			return -EFAULT;
		const char *end = memchr(out + n, 0, (size_t)got);
		if (end)
			return (int)(end - out);
		n += (size_t)got;
	}
	out[size - 1] = 0;
	return -ENAMETOOLONG;
}

struct arguments {
	const char *at[ARGUMENTS_MAX + 1];
	char bytes[ARGUMENT_BYTES];
	bool cut;
};

static void arguments_from(pid_t thread, uint64_t at, struct arguments *a)
{
	uint64_t pointer[ARGUMENTS_MAX + 1];
	size_t used = 0, n = 0;
	/* In two pieces, if it crosses a page. */
	size_t wanted = sizeof(pointer), first = 4096 - at % 4096;
	ssize_t got = notify_read(thread, at, pointer, wanted < first ? wanted : first);
	if (got > 0 && (size_t)got < wanted) {
		ssize_t more = notify_read(thread, at + (uint64_t)got, (char *)pointer + got, wanted - (size_t)got);
		got += more > 0 ? more : 0;
	}
	size_t pointers = got > 0 ? (size_t)got / 8 : 0;
	a->cut = false;
	for (; n < pointers && n < ARGUMENTS_MAX && pointer[n] && used + 1 < sizeof(a->bytes); n++) {
		int length = string_from(thread, pointer[n], a->bytes + used, sizeof(a->bytes) - used);
		a->cut = a->cut || length < 0;
		if (length == -EFAULT)
			break;
		a->at[n] = a->bytes + used;
		used += length < 0 ? sizeof(a->bytes) - used : (size_t)length + 1;
	}
	a->cut = a->cut || n == ARGUMENTS_MAX || (n < pointers && pointer[n]);
	a->at[n] = NULL;
}

/* ---- what runs ---- */

static int running(pid_t process, struct identity *out)
{
	char path[32];
	struct stat st;
	(void)snprintf(path, sizeof(path), "/proc/%d/exe", process);
	if (stat(path, &st) < 0)
		return -errno;
	*out = identity_of(&st);
	return 0;
}

/* Where its first stack begins: another place after each execution, unless it is kept from being random. Field 28 of proc(5)'s stat. */
static uint64_t stack_of(pid_t process)
{
	char path[32], text[1024];
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", process);
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = 0;
	const char *p = strrchr(text, ')');
	for (int field = 2; p && field < 28; field++)
		p = strchr(p + 1, ' ');
	return p ? strtoull(p, NULL, 10) : 0;
}

static void drop(struct expected *x)
{
	fd_closep(&x->pidfd);
	buf_free(&x->words);
	x->process = 0;
}

/* Its file as it is now, while it runs and nobody can write to it. */
static bool same_bytes(struct exec_watch *w, const struct expected *x)
{
	char path[32];
	const struct known *k;
	(void)snprintf(path, sizeof(path), "/proc/%d/exe", x->process);
	_cleanup_fd_ int file = open(path, O_PATH | O_CLOEXEC);
	return file >= 0 && look(w, file, true, &k) == 0 && memcmp(k->sha256, x->sha256, sizeof(x->sha256)) == 0;
}

/* Its command line, before it can have changed that itself. */
static bool same_words(const struct expected *x)
{
	static char line[ARGUMENT_BYTES + PATH_MAX + 2 * HEAD_MAX];
	char path[32];
	if (!x->words_known)
		return true;
	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", x->process);
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 0;
	size_t n = 0;
	while (fd >= 0 && n < sizeof(line) && (got = read(fd, line + n, sizeof(line) - n)) > 0)
		n += (size_t)got;
	/* Who is given no argument at all has an empty one, since Linux 5.18. */
	if (x->whole && !x->words.n)
		return fd >= 0 && got == 0 && (n == 0 || (n == 1 && !line[0]));
	return fd >= 0 && got == 0 && n >= x->words.n && (!x->whole || n == x->words.n) &&
	       (!x->words.n || memcmp(line + n - x->words.n, x->words.p, x->words.n) == 0);
}

/* Whether what runs is what was allowed, where it is known that the execution has happened. */
static bool is_expected(struct exec_watch *w, const struct expected *x, const struct identity *now)
{
	return same(now, &x->runs) && (x->settled || same_bytes(w, x)) && same_words(x);
}

/* False if it was something else than what was allowed, which is dead now. executed: it has happened for certain, and nothing since. */
static bool look_at_check(struct exec_watch *w, struct expected *x, bool executed)
{
	struct identity now;
	/* Before the file is looked at: an execution that comes between the two must not leave the old file and the new stack. */
	uint64_t stack = executed ? 0 : stack_of(x->process);
	bool moved = stack && x->stack && stack != x->stack;
	/* The number is the process's as long as the descriptor does not say that it is gone. */
	int r = running(x->process, &now);
	struct pollfd p = {.fd = x->pidfd, .events = POLLIN};
	if (r < 0 || poll(&p, 1, 0) != 0) {
		drop(x);
		return true;
	}
	/* It comes. */
	if (x->traced && !executed)
		return true;
	if (executed ? is_expected(w, x, &now)
	             /* A program that executes itself looks the same before and after. */
	             : same(&now, &x->runs) && (!same_file(&x->runs, &x->before) || moved)) {
		drop(x);
		return true;
	}
	/* Not yet; or it failed. What runs was allowed earlier. */
	if (!executed && same_file(&now, &x->before))
		return true;
	(void)syscall(SYS_pidfd_send_signal, x->pidfd, SIGKILL, NULL, 0);
	if (w->calls.swapped)
		w->calls.swapped(w->arg, x->path);
	drop(x);
	return false;
}

static void plan_checks(struct exec_watch *w);

static void on_time(void *arg, uint32_t events)
{
	struct exec_watch *w = arg;
	(void)events;
	w->timer = NULL;
	for (size_t i = 0; i < w->n_checks; i++)
		if (w->check[i].x.process) {
			w->check[i].turn += w->check[i].turn + 1 < ARRAY_LEN(check_after);
			(void)look_at_check(w, &w->check[i].x, false);
		}
	plan_checks(w);
}

static void plan_checks(struct exec_watch *w)
{
	unsigned soonest = ARRAY_LEN(check_after);
	for (size_t i = 0; i < w->n_checks; i++)
		if (w->check[i].x.process && w->check[i].turn < soonest)
			soonest = w->check[i].turn;
	if (soonest < ARRAY_LEN(check_after) && !w->timer)
		(void)!loop_after(w->loop, check_after[soonest], on_time, w, &w->timer);
}

/* False: it cannot be looked at. p->x is taken over if it can. */
static bool check_later(struct exec_watch *w, struct pending *p)
{
	struct check *c = NULL;
	if (p->x.pidfd < 0 || buf_error(&p->x.words))
		return false;
	for (size_t i = 0; i < w->n_checks; i++) {
		if (w->check[i].x.process == p->x.process)
			drop(&w->check[i].x);
		if (!w->check[i].x.process && !c)
			c = &w->check[i];
	}
	int traced = exec_trace_follow(w->trace, p->thread, p->x.process);
	if ((!c && w->n_checks == CHECKS_MAX) || traced == -EAGAIN)
		return false;
	c = c ? c : &w->check[w->n_checks++];
	p->x.traced = traced == 0;
	*c = (struct check){.x = p->x};
	p->x.pidfd = -1;
	p->x.words = (struct buf){0};
	plan_checks(w);
	return true;
}

/* Looks at the checks of a process: false if one of them found something else than what was allowed. */
static bool look_at_process(struct exec_watch *w, pid_t process, bool executed)
{
	bool right = true;
	for (size_t i = 0; i < w->n_checks; i++)
		if (w->check[i].x.process == process)
			right = look_at_check(w, &w->check[i].x, executed) && right;
	return right;
}

static void on_executed(void *arg, pid_t process)
{
	(void)look_at_process(arg, process, true);
}

/* ---- a question ---- */

static void reply(struct exec_watch *w, uint64_t id, int error)
{
	union notify_reply u = {0};
	u.r.id = id;
	u.r.error = error;
	u.r.flags = error ? 0 : (uint32_t)SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	/* ENOENT: killed; nobody waits for it. */
	(void)ioctl(w->fd, SECCOMP_IOCTL_NOTIF_SEND, &u);
}

static void path_of(int file, char *out, size_t size)
{
	char name[48];
	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", file);
	ssize_t n = readlink(name, out, size - 1);
	out[n > 0 ? n : 0] = 0;
}

static void learn_loaders(struct exec_watch *w, const struct resolve_view *v)
{
	static const char *const places[] = {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-x86_64.so.1",
	        "/lib/ld-musl-aarch64.so.1", "/lib/ld-linux.so.2", "/libx32/ld-linux-x32.so.2"};
	_Static_assert(ARRAY_LEN(places) <= LOADERS_MAX);
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		struct stat st;
		_cleanup_fd_ int fd = resolve_path(v, -1, places[i]);
		if (fd >= 0 && fstat(fd, &st) == 0)
			w->loader[w->n_loaders++] = (struct loader){.file = TAKE_FD(fd), .size = st.st_size};
	}
	w->loaders_known = true;
}

static bool is_loader(struct exec_watch *w, off_t size, const uint8_t sha256[32])
{
	for (size_t i = 0; i < w->n_loaders; i++) {
		struct loader *l = &w->loader[i];
		const struct known *k;
		if (l->size != size)
			continue;
		if (!l->known && look(w, l->file, false, &k) == 0) {
			memcpy(l->sha256, k->sha256, 32);
			l->known = true;
		}
		if (l->known && memcmp(l->sha256, sha256, 32) == 0)
			return true;
	}
	return false;
}

/* What the loader is asked to load: the first argument that is no option of its own. */
static const char *loaded(const struct arguments *a)
{
	static const char *const with_value[] = {
	        "--library-path", "--inhibit-rpath", "--audit", "--preload", "--argv0", "--glibc-hwcaps-prepend", "--glibc-hwcaps-mask"};
	size_t i = 1;
	while (a->at[0] && a->at[i] && strncmp(a->at[i], "--", 2) == 0) {
		bool value = false;
		for (size_t k = 0; k < ARRAY_LEN(with_value); k++)
			value = value || strcmp(a->at[i], with_value[k]) == 0;
		i += value && a->at[i + 1] ? 2 : 1;
	}
	return a->at[0] ? a->at[i] : NULL;
}

struct asked {
	struct sandbox_exec e;
	struct arguments arguments;
	struct known runs;
	bool at; /* by a descriptor of the caller's */
	char asked[PATH_MAX], path[PATH_MAX], via[PATH_MAX];
};

/* Follows interpreters: of a script the file is `path`, and its last interpreter `via`. */
static int through_scripts(struct exec_watch *w, const struct resolve_view *v, struct asked *a, const struct known *k)
{
	char name[HEAD_MAX];
	for (int i = 0; !is_elf(k); i++) {
		if (!interpreter(k, name, sizeof(name)))
			return -ENOEXEC;
		if (i == INTERPRETERS_MAX)
			return -ELOOP;
		_cleanup_fd_ int file = resolve_path(v, -1, name);
		int r = file < 0 ? file : look(w, file, false, &k);
		if (r < 0)
			return r;
		path_of(file, a->via, sizeof(a->via));
		memcpy(a->e.via_sha256, k->sha256, 32);
		a->runs = *k;
		a->e.flags |= SANDBOX_EXEC_SCRIPT;
	}
	return 0;
}

static int through_loader(struct exec_watch *w, const struct resolve_view *v, struct asked *a)
{
	const struct known *k;
	const char *what = loaded(&a->arguments);
	_cleanup_fd_ int file = what ? resolve_path(v, -1, what) : -1;
	if (file < 0 || look(w, file, false, &k) < 0)
		return what && a->arguments.cut ? -E2BIG : 0;
	memcpy(a->via, a->path, sizeof(a->via));
	memcpy(a->e.via_sha256, a->e.sha256, 32);
	path_of(file, a->path, sizeof(a->path));
	memcpy(a->e.sha256, k->sha256, 32);
	return 0;
}

/* All that is to be known; 0, or the error that the call gets. */
static int find_out(struct exec_watch *w, const struct seccomp_notif *q, const struct resolve_view *v, struct asked *a)
{
	bool at_call = q->data.nr == SYS_execveat;
	const __u64 *args = q->data.args + (at_call ? 1 : 0);
	uint64_t flags = at_call ? q->data.args[4] : 0;
	int at = at_call && (int)q->data.args[0] != AT_FDCWD ? (int)q->data.args[0] : -1;
	const struct known *k;
	struct statfs f;
	struct stat st;
	if (flags & ~(uint64_t)(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	int r = string_from((pid_t)q->pid, args[0], a->asked, sizeof(a->asked));
	if (r < 0)
		return r;
	a->at = at >= 0 && *a->asked != '/';
	if (!*a->asked && !(flags & AT_EMPTY_PATH))
		return -ENOENT;
	_cleanup_fd_ int file = resolve_path(v, at, a->asked);
	if (file < 0)
		return file;
	r = look(w, file, false, &k);
	if (r < 0)
		return r;
	arguments_from((pid_t)q->pid, args[1], &a->arguments);
	path_of(file, a->path, sizeof(a->path));
	memcpy(a->e.sha256, k->sha256, 32);
	a->runs = *k;
	off_t size = k->id.size;
	if (fstat(file, &st) < 0 || st.st_nlink == 0 ||
	        (fstatfs(file, &f) == 0 && f.f_type == TMPFS_MAGIC && strncmp(a->path, "/memfd:", 7) == 0))
		a->e.flags |= SANDBOX_EXEC_MEMFD;
	if (a->arguments.cut)
		a->e.flags |= SANDBOX_EXEC_CUT;
	r = through_scripts(w, v, a, k);
	if (r < 0)
		return r;
	if (!w->loaders_known)
		learn_loaders(w, v);
	if (is_loader(w, size, a->e.sha256)) {
		a->e.flags |= SANDBOX_EXEC_LOADER;
		r = through_loader(w, v, a);
	}
	return r;
}

/* Where the system has its libraries, and the command cannot write: on a mount that is read-only, or, where no mount is, by the file's
 * rights. */
static bool is_system(int file, const char *path)
{
	static const char *const folders[] = {"/usr/lib/", "/usr/lib32/", "/usr/lib64/", "/usr/libx32/", "/usr/libexec/", "/usr/local/lib/",
	        "/lib/", "/lib32/", "/lib64/", "/libx32/"};
	struct statfs f;
	struct stat st;
	bool there = false;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		there = there || strncmp(path, folders[i], strlen(folders[i])) == 0;
	if (!there || fstat(file, &st) < 0 || fstatfs(file, &f) < 0)
		return false;
	return (f.f_flags & ST_RDONLY) || (st.st_uid == 0 && geteuid() != 0 && !(st.st_mode & 022));
}

/* What code is mapped from: all that is to be known of it; 0, or the error that the call gets. */
static int find_out_library(struct exec_watch *w, const struct seccomp_notif *q, const struct resolve_view *v, struct asked *a)
{
	const struct known *k;
	struct stat st;
	int at = (int)q->data.args[4];
	if (at < 0)
		return -EBADF;
	_cleanup_fd_ int file = resolve_path(v, at, "");
	if (file < 0)
		return file;
	int r = look(w, file, true, &k);
	if (r < 0)
		return r;
	path_of(file, a->path, sizeof(a->path));
	memcpy(a->e.sha256, k->sha256, 32);
	a->arguments.at[0] = NULL;
	a->e.flags = SANDBOX_EXEC_LIBRARY;
	if (fstat(file, &st) < 0 || st.st_nlink == 0)
		a->e.flags |= SANDBOX_EXEC_MEMFD;
	else if (is_system(file, a->path))
		a->e.flags |= SANDBOX_EXEC_SYSTEM;
	return 0;
}

/* The end of the command line that the kernel makes: of a script that is its name, as it was given, and its arguments. */
static void expect_words(struct expected *x, const struct asked *a)
{
	bool script = a->e.flags & SANDBOX_EXEC_SCRIPT;
	/* By a descriptor it has a name that the kernel makes up. */
	bool named = script && !a->at;
	x->words_known = !(a->e.flags & SANDBOX_EXEC_CUT);
	if (!x->words_known)
		return;
	x->words = BUF(sizeof(a->arguments.bytes) + sizeof(a->asked));
	x->whole = !script;
	if (named)
		buf_add(&x->words, slice_of(a->asked, strlen(a->asked) + 1));
	for (size_t i = script && a->arguments.at[0]; a->arguments.at[i]; i++)
		buf_add(&x->words, slice_of(a->arguments.at[i], strlen(a->arguments.at[i]) + 1));
}

static void expect(struct expected *x, const struct asked *a)
{
	x->pidfd = (int)syscall(SYS_pidfd_open, x->process, 0);
	x->runs = a->runs.id;
	x->settled = a->runs.settled;
	memcpy(x->sha256, a->runs.sha256, sizeof(x->sha256));
	(void)!running(x->process, &x->before);
	if (same_file(&x->before, &x->runs))
		x->stack = stack_of(x->process);
	expect_words(x, a);
}

static void ask(struct exec_watch *w, const struct seccomp_notif *q)
{
	static struct asked a;
	struct resolve_view v;
	struct pending *p = NULL;
	bool library = q->data.nr == SYS_mmap;
	memset(&a.e, 0, sizeof(a.e));
	a.via[0] = a.path[0] = a.asked[0] = 0;
	int r = resolve_open((pid_t)q->pid, &v);
	if (r < 0) {
		/* It is gone, or nobody may look at it. */
		reply(w, q->id, -EPERM);
		return;
	}
	/* What the process ran until now must be what was allowed. */
	(void)look_at_process(w, v.process, false);
	r = library ? find_out_library(w, q, &v, &a) : find_out(w, q, &v, &a);
	for (size_t i = 0; i < w->n_pending && !p; i++)
		if (!w->pending[i].x.process)
			p = &w->pending[i];
	if (!p && w->n_pending < PENDING_MAX)
		p = &w->pending[w->n_pending++];
	if (r == 0 && !p)
		r = -EAGAIN;
	/* Its number is its own as long as it waits here: all that was read was its own. */
	uint64_t id = q->id;
	if (ioctl(w->fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) < 0) {
		resolve_close(&v);
		return;
	}
	if (r < 0 || !p) {
		reply(w, q->id, r);
		resolve_close(&v);
		return;
	}
	*p = (struct pending){.id = q->id, .thread = (pid_t)q->pid, .library = library, .x = {.process = v.process, .pidfd = -1}};
	if (!library)
		expect(&p->x, &a);
	(void)snprintf(p->x.path, sizeof(p->x.path), "%s", a.path);
	a.e.id = q->id;
	a.e.pid = v.process;
	a.e.parent = v.parent;
	a.e.path = a.path;
	a.e.asked = a.asked;
	a.e.via = a.via;
	a.e.argv = a.arguments.at;
	if (!library) {
		a.e.flags |= w->first_seen ? 0 : SANDBOX_EXEC_FIRST;
		w->first_seen = true;
	}
	resolve_close(&v);
	w->calls.ask(w->arg, &a.e);
}

void exec_watch_answer(struct exec_watch *w, uint64_t id, bool allow)
{
	for (size_t i = 0; i < w->n_pending; i++) {
		struct pending *p = &w->pending[i];
		if (!p->x.process || p->id != id)
			continue;
		/* What could not be looked at afterwards does not run. */
		bool looked_after = allow && (p->library || check_later(w, p));
		reply(w, id, looked_after ? 0 : allow ? -EAGAIN : -EACCES);
		drop(&p->x);
		return;
	}
}

/* A program that just began to run, and has done nothing yet. */
static void begun(struct exec_watch *w, const struct seccomp_notif *q)
{
	reply(w, q->id, look_at_process(w, (pid_t)q->pid, false) ? 0 : -EPERM);
}

static void on_question(void *arg, uint32_t events)
{
	struct exec_watch *w = arg;
	union notify_question u = {0};
	if (!(events & EPOLLIN)) {
		/* The last process that has the filter is gone. */
		loop_remove(w->source);
		w->source = NULL;
		return;
	}
	if (ioctl(w->fd, SECCOMP_IOCTL_NOTIF_RECV, &u) < 0)
		return;
	int64_t value;
	if (u.q.data.nr == SYS_execve || u.q.data.nr == SYS_execveat || u.q.data.nr == SYS_mmap) {
		ask(w, &u.q);
	} else if (w->machine.on && sandbox_machine_answer(&w->machine, &u.q, &value)) {
		union notify_reply r = {.r = {.id = u.q.id, .error = value < 0 ? (int32_t)value : 0, .val = value < 0 ? 0 : value}};
		(void)ioctl(w->fd, SECCOMP_IOCTL_NOTIF_SEND, &r);
	} else {
		begun(w, &u.q);
	}
}

int exec_watch_new(
        struct loop *loop, int listener, const struct exec_watch_calls *calls, void *arg, struct exec_watch **out, struct err *err)
{
	struct exec_watch *w = calloc(1, sizeof(*w));
	if (!w) {
		(void)close(listener);
		return err_sys(err, -ENOMEM, "cannot watch executions");
	}
	w->loop = loop;
	w->fd = listener;
	w->calls = *calls;
	if (calls->machine)
		w->machine = *calls->machine;
	w->arg = arg;
	int r = loop_add(loop, listener, EPOLLIN, on_question, w, &w->source);
	r = r < 0 ? r : exec_trace_new(loop, on_executed, w, &w->trace);
	if (r < 0) {
		exec_watch_free(w);
		return err_sys(err, r, "cannot watch executions");
	}
	*out = w;
	return 0;
}

void exec_watch_free(struct exec_watch *w)
{
	if (!w)
		return;
	loop_remove(w->source);
	loop_remove(w->timer);
	exec_trace_free(w->trace);
	for (size_t i = 0; i < w->n_checks; i++)
		if (w->check[i].x.process)
			drop(&w->check[i].x);
	for (size_t i = 0; i < w->n_pending; i++)
		if (w->pending[i].x.process)
			drop(&w->pending[i].x);
	for (size_t i = 0; i < w->n_loaders; i++)
		(void)close(w->loader[i].file);
	(void)close(w->fd);
	free(w);
}
