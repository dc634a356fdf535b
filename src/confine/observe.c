/* Files that are opened, programs that are run, processes that are left. */
#include "confine/observe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "confine/machine.h"
#include "confine/notify.h"
#include "confine/observe_part.h"
#include "sys/fd.h"

#define FOLDERS_MAX  2048
#define FOLDER_DEPTH 12
#define NAMES_MAX    (512u << 10)
#define OPENS_MAX    4096 /* a power of two */
#define EXECS_MAX    256
#define PROGRAMS_MAX 64
#define LEFT_MAX     32
#define EVENTS       (IN_OPEN | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_EXCL_UNLINK | IN_DONT_FOLLOW)
#define SEND_SECONDS 5
#define NEEDLES_MAX  64
#define NEEDLE_MAX   256

struct open_entry {
	uint32_t place; /* 1 and up; 0: free */
	uint32_t name;  /* in names */
	uint32_t count;
	uint32_t flags;
};

struct exec_entry {
	char path[SEEN_PATH_MAX];
	char text[SEEN_TEXT_MAX];
	uint16_t n_text;
	uint16_t program; /* index plus one */
	uint64_t count;
};

/* Large, and neither on the heap, which the first process gives away, nor on a stack. */
static struct {
	bool on, no_calls, queue_lost;
	struct trial_observe spec;
	struct slice needles[NEEDLES_MAX];
	uint8_t needle_bytes[NEEDLES_MAX][NEEDLE_MAX];
	struct timespec start;
	dev_t device;
	int inotify;
	uint32_t place[FOLDERS_MAX]; /* by number of the watch: its path in names */
	char names[NAMES_MAX];
	uint32_t n_names;
	struct open_entry opens[OPENS_MAX];
	uint32_t n_opens;
	uint64_t lost_opens, lost_execs, lost_folders;
	struct exec_entry execs[EXECS_MAX];
	uint32_t n_execs;
	struct {
		dev_t dev;
		ino_t ino;
		int fd;
	} programs[PROGRAMS_MAX];
	uint32_t n_programs;
	char left[LEFT_MAX][256];
	uint16_t left_n[LEFT_MAX];
	uint32_t n_left, all_left;
} o;

double observe_now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void observe_folder(int fd, bool (*fn)(void *arg, const struct observe_entry *e), void *arg)
{
	_Alignas(struct observe_entry) char bytes[4096];
	long got;
	while ((got = syscall(SYS_getdents64, fd, bytes, sizeof(bytes))) > 0)
		for (long at = 0; at < got;) {
			const struct observe_entry *e = (const struct observe_entry *)(const void *)(bytes + at);
			at += e->size;
			if (strcmp(e->name, ".") != 0 && strcmp(e->name, "..") != 0 && !fn(arg, e))
				return;
		}
}

bool observe_send(int socket, struct seen_record *r, struct slice path, struct slice text, int fd)
{
	_Alignas(struct seen_record) uint8_t bytes[SEEN_MESSAGE_MAX];
	path = slice_sub(path, 0, SEEN_PATH_MAX);
	text = slice_sub(text, 0, SEEN_TEXT_MAX);
	r->n_path = (uint16_t)path.n;
	r->n_text = (uint16_t)text.n;
	memcpy(bytes, r, sizeof(*r));
	memcpy(bytes + sizeof(*r), path.p ? path.p : (const uint8_t *)"", path.n);
	memcpy(bytes + sizeof(*r) + path.n, text.p ? text.p : (const uint8_t *)"", text.n);
	return fd_pass(socket, bytes, sizeof(*r) + path.n + text.n, fd) == 0;
}

/* ---- files ---- */

/* 0: there is no room. */
static uint32_t keep_name(const char *name, size_t n)
{
	if (o.n_names == 0)
		o.n_names = 1;
	if (n >= SEEN_PATH_MAX || o.n_names + n + 1 > NAMES_MAX)
		return 0;
	uint32_t at = o.n_names;
	memcpy(o.names + at, name, n);
	o.names[at + n] = 0;
	o.n_names += (uint32_t)n + 1;
	return at;
}

static void watch(const char *path, uint32_t events)
{
	int number = inotify_add_watch(o.inotify, path, events);
	if (number <= 0 || number >= FOLDERS_MAX || !(o.place[number] = keep_name(path, strlen(path))))
		o.lost_folders += number > 0 || errno == ENOSPC;
}

struct walk {
	int fd;
	unsigned depth;
	size_t n;
	char *path; /* SEEN_PATH_MAX; n bytes of it are this folder */
};

static bool watch_below(void *arg, const struct observe_entry *e)
{
	const struct walk *w = arg;
	size_t n = strlen(e->name);
	struct stat st;
	/* The system's own folders say nothing; the rest of a repository's is many and says little. */
	static const char *const top[] = {"proc", "sys", "dev", "etc", "boot"};
	for (size_t i = 0; w->n == 0 && i < ARRAY_LEN(top); i++)
		if (strcmp(e->name, top[i]) == 0)
			return true;
	if (e->type != 4 /* DT_DIR */ || w->n + n + 2 > SEEN_PATH_MAX)
		return true;
	int fd = openat(w->fd, e->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return true;
	if (fstat(fd, &st) == 0 && st.st_dev == o.device) {
		w->path[w->n] = '/';
		memcpy(w->path + w->n + 1, e->name, n + 1);
		struct walk below = {fd, w->depth + 1, w->n + 1 + n, w->path};
		watch(w->path, EVENTS | IN_ONLYDIR);
		if (below.depth < FOLDER_DEPTH && strcmp(e->name, ".git") != 0)
			observe_folder(fd, watch_below, &below);
		w->path[w->n] = 0;
	}
	(void)close(fd);
	return true;
}

static void watch_files(void)
{
	static const char *const single[] = {"/etc/machine-id", "/etc/hostname", "/etc/os-release", "/sys/class/net/eth0/address",
	        "/sys/class/dmi/id/sys_vendor", "/sys/class/dmi/id/product_name"};
	static char path[SEEN_PATH_MAX];
	struct stat st;
	int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || fstat(root, &st) < 0)
		return;
	o.device = st.st_dev;
	struct walk w = {root, 0, 0, path};
	observe_folder(root, watch_below, &w);
	(void)close(root);
	for (size_t i = 0; i < ARRAY_LEN(single); i++)
		watch(single[i], IN_OPEN);
	for (size_t i = 0; i < machine_n_files; i++) {
		(void)snprintf(path, sizeof(path), "/proc/%s", machine_files[i].path);
		watch(path, IN_OPEN);
	}
}

static uint32_t hash(uint32_t place, const char *name)
{
	uint32_t h = 2166136261u ^ place;
	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	return h ^ h >> 15;
}

static void note_event(const struct inotify_event *e)
{
	const char *name = e->len ? e->name : "";
	if (e->mask & IN_Q_OVERFLOW) {
		o.queue_lost = true;
		return;
	}
	if (e->wd <= 0 || e->wd >= FOLDERS_MAX || !o.place[e->wd] || (e->mask & IN_IGNORED))
		return;
	uint32_t place = o.place[e->wd], at = hash(place, name) & (OPENS_MAX - 1);
	while (o.opens[at].place && (o.opens[at].place != place || strcmp(o.names + o.opens[at].name, name) != 0))
		at = (at + 1) & (OPENS_MAX - 1);
	struct open_entry *x = &o.opens[at];
	if (!x->place) {
		uint32_t kept = o.n_opens < OPENS_MAX * 3 / 4 ? keep_name(name, strlen(name)) : 0;
		if (!kept) {
			o.lost_opens++;
			return;
		}
		*x = (struct open_entry){.place = place, .name = kept};
		o.n_opens++;
	}
	x->count += (e->mask & IN_OPEN) != 0;
	x->flags |= (e->mask & IN_OPEN ? SEEN_OPENED : 0) | (e->mask & (IN_CREATE | IN_MOVED_TO) ? SEEN_MADE : 0) |
	            (e->mask & (IN_DELETE | IN_MOVED_FROM) ? SEEN_REMOVED : 0) | (e->mask & IN_ISDIR ? SEEN_FOLDER : 0);
}

static bool read_events(void)
{
	static _Alignas(struct inotify_event) char bytes[65536];
	ssize_t got = read(o.inotify, bytes, sizeof(bytes));
	for (ssize_t at = 0; at < got;) {
		const struct inotify_event *e = (const struct inotify_event *)(const void *)(bytes + at);
		note_event(e);
		at += (ssize_t)(sizeof(*e) + e->len);
	}
	return got > 0;
}

/* ---- programs ---- */

/* A string of the caller; empty if it cannot be read. */
static size_t read_string(pid_t thread, uint64_t at, char *out, size_t size)
{
	size_t n = 0;
	/* Up to the end of a page at a time: the next one may not be there. */
	while (n + 1 < size) {
		size_t part = 4096 - (size_t)((at + n) % 4096);
		part = part < size - 1 - n ? part : size - 1 - n;
		ssize_t got = notify_read(thread, at + n, out + n, part);
		if (got <= 0)
			break;
		size_t end = strnlen(out + n, (size_t)got);
		n += end;
		if (end < (size_t)got)
			break;
	}
	out[n] = 0;
	return n;
}

/* As many of the arguments as there is room for, each with its NUL. */
static size_t read_arguments(pid_t thread, uint64_t at, char *out, size_t size)
{
	size_t n = 0;
	for (unsigned i = 0; i < 64 && n + 1 < size && at; i++) {
		uint64_t word = 0;
		if (notify_read(thread, at + i * sizeof(word), &word, sizeof(word)) != sizeof(word) || word == 0)
			break;
		n += read_string(thread, word, out + n, size - n) + 1;
	}
	return n < size ? n : size;
}

static bool is_ours(int fd)
{
	struct stat a, b;
	return fstat(fd, &a) == 0 && stat("/proc/self/exe", &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* The file that is to be run, open for reading or, where that is not allowed, not at all. */
static int open_program(const struct seccomp_notif *q, const char *asked, int at_fd)
{
	char path[64 + SEEN_PATH_MAX];
	/* These are others for whoever looks. */
	static const struct {
		const char *begin, *instead;
	} own[] = {{"/proc/self/", ""}, {"/proc/thread-self/", ""}, {"/dev/fd/", "fd/"}};
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (strncmp(asked, own[i].begin, strlen(own[i].begin)) == 0) {
			(void)snprintf(path, sizeof(path), "/proc/%u/%s%s", q->pid, own[i].instead, asked + strlen(own[i].begin));
			int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
			return fd >= 0 ? fd : -errno;
		}
	if (asked[0] == '/')
		(void)snprintf(path, sizeof(path), "%s", asked);
	else if (at_fd == AT_FDCWD)
		(void)snprintf(path, sizeof(path), "/proc/%u/cwd/%s", q->pid, asked);
	else
		(void)snprintf(path, sizeof(path), asked[0] ? "/proc/%u/fd/%d/%s" : "/proc/%u/fd/%d%s", q->pid, at_fd, asked);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	/* By way of a link it may still have been ours. */
	if (fd >= 0 && is_ours(fd)) {
		(void)close(fd);
		return -EACCES;
	}
	return fd >= 0 ? fd : -errno;
}

static uint16_t keep_program(int fd)
{
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		fd_closep(&fd);
		return 0;
	}
	for (uint32_t i = 0; i < o.n_programs; i++)
		if (o.programs[i].dev == st.st_dev && o.programs[i].ino == st.st_ino) {
			(void)close(fd);
			return (uint16_t)(i + 1);
		}
	if (o.n_programs == PROGRAMS_MAX) {
		(void)close(fd);
		return 0;
	}
	o.programs[o.n_programs].dev = st.st_dev;
	o.programs[o.n_programs].ino = st.st_ino;
	o.programs[o.n_programs].fd = fd;
	return (uint16_t)++o.n_programs;
}

int64_t observe_exec(const struct seccomp_notif *q)
{
	static struct exec_entry e;
	bool at = q->data.nr == SYS_execveat;
	char asked[SEEN_PATH_MAX], link[40];
	if (!o.on)
		return OBSERVE_CONTINUE;
	(void)read_string((pid_t)q->pid, q->data.args[at], asked, sizeof(asked));
	int fd = open_program(q, asked, at ? (int)q->data.args[0] : AT_FDCWD);
	/* Who looks a name up along PATH asks for many that are not there. */
	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
		return OBSERVE_CONTINUE;
	ssize_t n = -1;
	if (fd >= 0) {
		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, e.path, sizeof(e.path) - 1);
	}
	if (n < 0)
		n = snprintf(e.path, sizeof(e.path), "%s", asked);
	e.path[(size_t)n < sizeof(e.path) ? (size_t)n : sizeof(e.path) - 1] = 0;
	e.n_text = (uint16_t)read_arguments((pid_t)q->pid, q->data.args[at + 1], e.text, sizeof(e.text));
	e.program = keep_program(fd);
	e.count = 1;
	for (uint32_t i = 0; i < o.n_execs; i++)
		if (o.execs[i].n_text == e.n_text && memcmp(o.execs[i].text, e.text, e.n_text) == 0 &&
		        strcmp(o.execs[i].path, e.path) == 0) {
			o.execs[i].count++;
			return OBSERVE_CONTINUE;
		}
	if (o.n_execs < EXECS_MAX)
		o.execs[o.n_execs++] = e;
	else
		o.lost_execs++;
	return OBSERVE_CONTINUE;
}

/* ---- what is left ---- */

static bool note_left(void *arg, const struct observe_entry *e)
{
	char path[300];
	(void)arg;
	if (e->name[0] < '1' || e->name[0] > '9' || strcmp(e->name, "1") == 0)
		return true;
	o.all_left++;
	if (o.n_left == LEFT_MAX)
		return true;
	(void)snprintf(path, sizeof(path), "/proc/%s/cmdline", e->name);
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, o.left[o.n_left], sizeof(o.left[0]));
	o.left_n[o.n_left++] = (uint16_t)(n > 0 ? n : 0);
	return true;
}

void observe_left(void)
{
	_cleanup_fd_ int fd = o.on ? open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd >= 0)
		observe_folder(fd, note_left, NULL);
}

/* ---- the whole ---- */

void observe_begin(const struct trial_spec *spec)
{
	o.on = spec->observe.on && !spec->nest;
	o.inotify = -1;
	if (!o.on)
		return;
	o.spec = spec->observe;
	/* What is on the heap is gone by the end. */
	o.spec.needles = o.needles;
	o.spec.n_needles = spec->observe.n_needles < NEEDLES_MAX ? spec->observe.n_needles : NEEDLES_MAX;
	for (size_t i = 0; i < o.spec.n_needles; i++) {
		struct slice s = slice_sub(spec->observe.needles[i], 0, NEEDLE_MAX);
		memcpy(o.needle_bytes[i], s.p, s.n);
		o.needles[i] = slice_of(o.needle_bytes[i], s.n);
	}
	observe_net_begin(spec->observe.connect);
	o.inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (o.inotify >= 0)
		watch_files();
	/* As coarse as the times of files. */
	(void)clock_gettime(CLOCK_REALTIME_COARSE, &o.start);
}

void observe_calls(bool seen)
{
	o.no_calls = !seen;
}

size_t observe_polls(struct pollfd *p, size_t max, int *timeout_ms)
{
	*timeout_ms = -1;
	if (!o.on || max == 0)
		return 0;
	p[0] = (struct pollfd){.fd = o.inotify, .events = POLLIN};
	return 1 + observe_net_polls(p + 1, max - 1, timeout_ms);
}

void observe_polled(const struct pollfd *p, size_t n)
{
	if (!o.on || n == 0)
		return;
	if (p[0].revents & POLLIN)
		(void)read_events();
	observe_net_polled(p + 1, n - 1);
}

static bool send_opens(int socket)
{
	static char path[SEEN_PATH_MAX];
	for (uint32_t i = 0; i < OPENS_MAX; i++) {
		const struct open_entry *x = &o.opens[i];
		if (!x->place)
			continue;
		const char *name = o.names + x->name;
		(void)snprintf(path, sizeof(path), "%s%s%s", o.names + x->place, *name ? "/" : "", name);
		struct seen_record r = {.kind = SEEN_OPEN, .flags = (uint8_t)x->flags, .count = x->count};
		if (!observe_send(socket, &r, slice_str(path), SLICE_NONE, -1))
			return false;
	}
	return true;
}

static bool send_execs(int socket)
{
	bool ok = true;
	for (uint32_t i = 0; ok && i < o.n_execs; i++) {
		const struct exec_entry *e = &o.execs[i];
		struct seen_record r = {.kind = SEEN_EXEC, .count = e->count};
		ok = observe_send(
		        socket, &r, slice_str(e->path), slice_of(e->text, e->n_text), e->program ? o.programs[e->program - 1].fd : -1);
	}
	for (uint32_t i = 0; ok && i < o.n_left; i++) {
		struct seen_record r = {.kind = SEEN_LEFT, .count = 1};
		ok = observe_send(socket, &r, SLICE_NONE, slice_of(o.left[i], o.left_n[i]), -1);
	}
	return ok;
}

static void send_count(int socket, enum seen_kind kind, const char *what, uint64_t n)
{
	struct seen_record r = {.kind = (uint8_t)kind, .count = n};
	if (n)
		(void)observe_send(socket, &r, slice_str(what), SLICE_NONE, -1);
}

void observe_end(int socket)
{
	struct timeval wait = {.tv_sec = SEND_SECONDS};
	if (!o.on) {
		(void)close(socket);
		return;
	}
	/* The queue holds 16384 events. */
	for (int i = 0; o.inotify >= 0 && i < 64 && read_events(); i++)
		;
	bool blind = o.inotify < 0;
	/* What follows opens files itself. */
	fd_closep(&o.inotify);
	(void)setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (send_opens(socket) && send_execs(socket)) {
		observe_net_end(socket);
		observe_tree(socket, &o.spec, o.start);
		send_count(socket, SEEN_LOST, "files opened", o.lost_opens + o.queue_lost);
		send_count(socket, SEEN_LOST, "folders to watch", o.lost_folders);
		send_count(socket, SEEN_LOST, "programs run", o.lost_execs);
		send_count(socket, SEEN_LOST, "processes left", o.all_left - o.n_left);
		send_count(socket, SEEN_LIMITED, "files opened", blind);
		send_count(socket, SEEN_LIMITED, "programs and listening sockets", o.no_calls);
	}
	(void)close(socket);
}
