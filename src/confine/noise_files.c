/* Times of files: the kernel gives those that are made or changed in a trial times of its own calendar; whoever asks gets them in the
 * chosen one. Times from before the trial, and those that somebody set, are left as they are. */
#include "confine/noise_part.h"

#include <errno.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

#define PROC_MAGIC 0x9fa0

/* What a call asks for. */
struct look {
	int folder;
	uint64_t path, to; /* path 0: the descriptor itself */
	uint64_t flags;
	bool is_statx;
};

static bool look_of(const struct seccomp_notif *q, struct look *l)
{
	const __u64 *a = q->data.args;
	switch (q->data.nr) {
#ifdef SYS_stat
	case SYS_stat:
		*l = (struct look){AT_FDCWD, a[0], a[1], 0, false};
		return true;
	case SYS_lstat:
		*l = (struct look){AT_FDCWD, a[0], a[1], AT_SYMLINK_NOFOLLOW, false};
		return true;
#endif
	case SYS_fstat:
		*l = (struct look){(int)a[0], 0, a[1], AT_EMPTY_PATH, false};
		return true;
	case SYS_newfstatat:
		*l = (struct look){(int)a[0], a[1], a[2], a[3], false};
		return true;
	case SYS_statx:
		*l = (struct look){(int)a[0], a[1], a[4], a[2], true};
		return true;
	default:
		return false;
	}
}

/* The file that the caller means, or -1: then the kernel is asked, which is right for all that is older than the trial, and for errors. */
static int open_meant(pid_t thread, const struct look *l)
{
	char path[PATH_MAX] = "", start[48] = "/";
	ssize_t got = l->path ? notify_read(thread, l->path, path, sizeof(path)) : 1;
	if (got <= 0 || !memchr(path, 0, (size_t)got) ||
	        (l->flags & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_SYNC_TYPE)))
		return -1;
	if (!path[0] && (!(l->flags & AT_EMPTY_PATH) || l->folder < 0))
		return -1;
	if (path[0] != '/' && l->folder == AT_FDCWD)
		(void)snprintf(start, sizeof(start), "/proc/%d/cwd", thread);
	else if (path[0] != '/')
		(void)snprintf(start, sizeof(start), "/proc/%d/fd/%d", thread, l->folder);
	int from = open(start, O_PATH | O_CLOEXEC);
	if (from < 0 || !path[0])
		return from;
	/* Its own links of /proc are not ours. */
	struct open_how how = {
	        .flags = O_PATH | O_CLOEXEC | (l->flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0), .resolve = RESOLVE_NO_MAGICLINKS};
	int fd = (int)syscall(SYS_openat2, from, path, &how, sizeof(how));
	(void)close(from);
	return fd;
}

/* In the chosen calendar, if the kernel gave it in this trial. */
static bool moved(const struct noise *n, int64_t now, int64_t *ns)
{
	if (*ns < n->tick_start_ns || *ns > now)
		return false;
	*ns = noise_at(n, *ns - n->real_start_ns + n->clock.from_ns);
	return true;
}

static bool move_spec(const struct noise *n, int64_t now, struct timespec *t)
{
	int64_t ns = (int64_t)t->tv_sec * NS + t->tv_nsec;
	bool did = moved(n, now, &ns);
	*t = (struct timespec){ns / NS, ns % NS};
	return did;
}

static bool move_statx(const struct noise *n, int64_t now, struct statx_timestamp *t)
{
	int64_t ns = t->tv_sec * NS + t->tv_nsec;
	bool did = moved(n, now, &ns);
	t->tv_sec = ns / NS;
	t->tv_nsec = (__u32)(ns % NS);
	return did;
}

int64_t noise_stat(struct noise *n, int listener, const struct seccomp_notif *q)
{
	struct look l;
	struct statfs fs;
	struct stat s;
	struct statx x;
	pid_t thread = (pid_t)q->pid;
	int r;
	(void)listener;
	if (!look_of(q, &l))
		return NOISE_CONTINUE;
	_cleanup_fd_ int fd = open_meant(thread, &l);
	if (fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type == PROC_MAGIC)
		return NOISE_CONTINUE;
	/* The kernel's calendar for files ticks a little late. */
	int64_t now = noise_real_now();
	bool any = false;
	if (l.is_statx) {
		if (statx(fd, "", AT_EMPTY_PATH | ((int)l.flags & AT_STATX_SYNC_TYPE), (unsigned)q->data.args[3], &x) < 0)
			return NOISE_CONTINUE;
		struct statx_timestamp *times[] = {&x.stx_atime, &x.stx_mtime, &x.stx_ctime, &x.stx_btime};
		for (size_t i = 0; i < ARRAY_LEN(times); i++)
			any |= move_statx(n, now, times[i]);
		r = any ? notify_put(thread, l.to, &x, sizeof(x)) : 0;
	} else {
		if (fstat(fd, &s) < 0)
			return NOISE_CONTINUE;
		struct timespec *times[] = {&s.st_atim, &s.st_mtim, &s.st_ctim};
		for (size_t i = 0; i < ARRAY_LEN(times); i++)
			any |= move_spec(n, now, times[i]);
		r = any ? notify_put(thread, l.to, &s, sizeof(s)) : 0;
	}
	return !any || r == -EPERM ? NOISE_CONTINUE : r;
}
