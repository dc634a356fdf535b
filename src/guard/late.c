/*
 * The kernel asks about no execution of a file in memory, nor of one on a file system that was mounted a moment ago where nobody looked. A
 * tracepoint tells of all of them, when they have happened; those on what is asked about are left alone, the others looked at, and ended if
 * they may not be. There is some time in between, and the entry in the ledger says so.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "guard/guard_part.h"

#define PAGES    16u /* of a ring, a power of two */
#define RINGS    1024u
#define SCAN_MS  1000u
#define SEEN_MAX 4096u

struct ring {
	struct late *late;
	int fd;
	uint8_t *map;
	struct source *source;
	bool mount; /* of mounts, not of executions */
};

#define KINDS 65536u
struct kind {
	uint32_t pid; /* 0: none */
	enum known_runtime runtime;
};

struct late {
	struct guard *g;
	bool told; /* of every execution, beginning and end, on every processor */
	struct kind kind[KINDS];
	struct ring ring[RINGS];
	size_t n, page;
	struct source *timer; /* without the tracepoint */
	struct {
		pid_t pid;
		uint64_t started;
	} seen[SEEN_MAX];
};

/* The folder of the tracing file system; a host that has it nowhere still has it in the kernel: then it is mounted in no tree of names. -1:
 * there is none. */
static int open_tracing(void)
{
	static const char *const folders[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		_cleanup_fd_ int fd = open(folders[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 && faccessat(fd, "events", F_OK, 0) == 0)
			return TAKE_FD(fd);
	}
	_cleanup_fd_ int fs = fsopen("tracefs", FSOPEN_CLOEXEC);
	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

static int tracepoint(int tracing, const char *name)
{
	char path[256], text[32];
	uint64_t id;
	(void)snprintf(path, sizeof(path), "events/%s/id", name);
	_cleanup_fd_ int fd = openat(tracing, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	return n > 0 && slice_u64(slice_trim(slice_of(text, (size_t)n)), INT32_MAX, &id) ? (int)id : -ENOENT;
}

struct fetch {
	struct errand errand;
	struct guard *g;
	pid_t pid;
	uint64_t dev, started;
	int fd;
	bool served; /* it lies where somebody else answers, and is not read */
};

static void fetch_work(struct errand *e)
{
	struct fetch *f = (struct fetch *)(void *)e;
	pid_t parent;
	char path[64];
	if (!mounts_concern(f->g->mounts, f->pid) || who_parent(f->pid, &parent, &f->started) < 0)
		return;
	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)f->pid);
	/* Who serves it may let wait who opens it. */
	f->served = f->g->config.unknown == GUARD_UNKNOWN_DENY && mounts_served(f->pid, f->dev);
	f->fd = f->served ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOATIME);
	/* Or shows it only to its owner (FUSE), not to root: nor is it asked about then. */
	if (f->fd < 0 && errno == EACCES)
		f->served = f->g->config.unknown != GUARD_UNKNOWN_ALLOW;
	if (f->served)
		f->fd = open(path, O_PATH | O_CLOEXEC);
}

static void fetch_done(struct errand *e)
{
	struct fetch *f = (struct fetch *)(void *)e;
	if (f->fd >= 0 && !f->g->ending)
		ask_late(f->g, f->pid, f->started, f->fd, f->served);
	else
		fd_closep(&f->fd);
	free(f);
}

static void look_at(struct late *l, pid_t pid)
{
	struct guard *g = l->g;
	struct who_program p;
	if (pid == g->self || pid == g->partner || sift_is_ours(g->sift, pid) || who_program(pid, &p) < 0 ||
	        (p.linked && mounts_has(g->mounts, p.dev)))
		return;
	struct fetch *f = calloc(1, sizeof(*f));
	if (!f)
		return;
	*f = (struct fetch){.errand = {.work = fetch_work, .done = fetch_done}, .g = g, .pid = pid, .dev = p.dev, .fd = -1};
	/* It may be on a file system that nobody knows of yet. */
	if (p.linked && g->config.n_filesystems == 0)
		mounts_look(g->mounts);
	errand_send(g->errands, &f->errand);
}

/* Which program a process runs is known until it executes another, or its number becomes another's. */
static void forget(struct late *l, uint32_t pid)
{
	struct kind *k = &l->kind[pid % KINDS];
	if (k->pid == pid)
		k->pid = 0;
}

struct record { /* the beginning of those that are asked for */
	struct perf_event_header h;
	uint32_t pid, b, tid; /* of a sample: process and thread; of a beginning or end: process, parent, thread */
};

static void drain(struct ring *r);

static void read_record(struct ring *r, const struct record *e)
{
	struct late *l = r->late;
	if (e->h.type == PERF_RECORD_LOST) {
		memset(l->kind, 0, sizeof(l->kind));
		return;
	}
	if (e->h.type == PERF_RECORD_FORK || e->h.type == PERF_RECORD_EXIT) {
		if (e->pid == e->tid)
			forget(l, e->pid);
		return;
	}
	if (e->h.type != PERF_RECORD_SAMPLE)
		return;
	if (r->mount) {
		mounts_changed(l->g->mounts);
		return;
	}
	forget(l, e->pid);
	/* What was mounted before is known of before. */
	for (size_t i = 0; i < l->n; i++)
		if (l->ring[i].mount)
			drain(&l->ring[i]);
	look_at(l, (pid_t)e->pid);
}

static void drain(struct ring *r)
{
	struct perf_event_mmap_page *m = (struct perf_event_mmap_page *)(void *)r->map;
	const uint8_t *data = r->map + r->late->page;
	size_t size = PAGES * r->late->page;
	uint64_t head = __atomic_load_n(&m->data_head, __ATOMIC_ACQUIRE), tail = m->data_tail;
	if (tail == head)
		return;
	while (tail < head) {
		struct record e;
		/* A record may go around the end. What is read beyond a short one is not used. */
		for (size_t i = 0; i < sizeof(e); i++)
			((uint8_t *)&e)[i] = data[(tail + i) % size];
		if (e.h.size < sizeof(e.h))
			break;
		read_record(r, &e);
		tail += e.h.size;
	}
	__atomic_store_n(&m->data_tail, tail, __ATOMIC_RELEASE);
}

static void on_ring(void *arg, uint32_t events)
{
	(void)events;
	drain(arg);
}

int late_kind(struct late *l, pid_t pid)
{
	if (!l || !l->told || pid <= 0)
		return -1;
	/* Whatever a process did before it opened this file has been written into the rings before. */
	for (size_t i = 0; i < l->n; i++)
		if (!l->ring[i].mount)
			drain(&l->ring[i]);
	const struct kind *k = &l->kind[(uint32_t)pid % KINDS];
	return k->pid == (uint32_t)pid ? (int)k->runtime : -1;
}

void late_learn(struct late *l, pid_t pid, enum known_runtime runtime)
{
	if (l && l->told && pid > 0)
		l->kind[(uint32_t)pid % KINDS] = (struct kind){(uint32_t)pid, runtime};
}

static int open_ring(struct late *l, int id, int cpu, bool mount)
{
	struct ring *r = &l->ring[l->n];
	struct perf_event_attr a = {
	        .type = PERF_TYPE_TRACEPOINT,
	        .size = sizeof(a),
	        .config = (unsigned)id,
	        .sample_period = 1,
	        .sample_type = PERF_SAMPLE_TID,
	        .wakeup_events = 1,
	        .task = !mount,
	};
	int fd = (int)syscall(SYS_perf_event_open, &a, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	void *map = mmap(NULL, (PAGES + 1) * l->page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		int e = -errno;
		(void)close(fd);
		return e;
	}
	*r = (struct ring){.late = l, .fd = fd, .map = map, .mount = mount};
	int e = loop_add(l->g->loop, fd, EPOLLIN, on_ring, r, &r->source);
	if (e < 0) {
		(void)munmap(map, (PAGES + 1) * l->page);
		(void)close(fd);
		return e;
	}
	l->n++;
	return 0;
}

/* Without the tracepoint: whoever is new among all processes. */
static void on_time(void *arg, uint32_t events)
{
	struct late *l = arg;
	(void)events;
	l->timer = NULL;
	DIR *d = opendir("/proc");
	for (struct dirent *e; d && (e = readdir(d));) {
		pid_t parent;
		uint64_t pid, started;
		if (!slice_u64(slice_str(e->d_name), INT32_MAX, &pid))
			continue;
		size_t at = (size_t)pid % SEEN_MAX;
		if (who_parent((pid_t)pid, &parent, &started) < 0 || (l->seen[at].pid == (pid_t)pid && l->seen[at].started == started))
			continue;
		l->seen[at].pid = (pid_t)pid;
		l->seen[at].started = started;
		look_at(l, (pid_t)pid);
	}
	if (d)
		(void)closedir(d);
	(void)!loop_after(l->g->loop, SCAN_MS, on_time, l, &l->timer);
}

int late_new(struct guard *g, struct late **out, struct err *err)
{
	static const struct {
		const char *name;
		bool mount;
	} points[] = {
	        {"sched/sched_process_exec", false},
	        {"syscalls/sys_exit_mount", true},
	        {"syscalls/sys_exit_move_mount", true},
	        {"syscalls/sys_exit_fsmount", true},
	};
	struct late *l = calloc(1, sizeof(*l));
	if (!l)
		return err_set(err, -ENOMEM, "no memory");
	*l = (struct late){.g = g, .page = (size_t)sysconf(_SC_PAGESIZE)};
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	_cleanup_fd_ int tracing = open_tracing();
	for (size_t i = 0; i < ARRAY_LEN(points); i++) {
		int id = tracepoint(tracing, points[i].name);
		int bad = id < 0 || cpus > (long)(RINGS / ARRAY_LEN(points));
		for (int c = 0; id >= 0 && c < cpus && l->n < RINGS; c++)
			bad |= open_ring(l, id, c, points[i].mount) < 0;
		l->told = l->told || (i == 0 && !bad);
		if (i == 0 && l->n == 0) {
			int r = loop_after(g->loop, SCAN_MS, on_time, l, &l->timer);
			if (r < 0) {
				late_free(l);
				return err_sys(err, r, "cannot look at executions that were not asked about");
			}
		}
	}
	g->config.say(l->timer ? "the kernel does not tell of executions that it does not ask about: processes are looked at once a second"
	                       : "executions that are not asked about (files in memory) are noticed when they have begun");
	*out = l;
	return 0;
}

void late_free(struct late *l)
{
	if (!l)
		return;
	loop_remove(l->timer);
	for (size_t i = 0; i < l->n; i++) {
		loop_remove(l->ring[i].source);
		(void)munmap(l->ring[i].map, (PAGES + 1) * l->page);
		(void)close(l->ring[i].fd);
	}
	free(l);
}
