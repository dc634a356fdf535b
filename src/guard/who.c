#include "guard/who.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/slice.h"

static ssize_t get(pid_t pid, const char *file, char *out, size_t n)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t got = fd < 0 ? -errno : read(fd, out, n - 1);
	if (got < 0)
		got = fd < 0 ? got : -errno;
	out[got > 0 ? got : 0] = 0;
	return got;
}

/* The fields of proc(5) stat from the third on; the name before them may hold anything. */
static int read_stat(pid_t pid, pid_t *parent, uint64_t *started, int *tty, char name[17])
{
	char text[1024];
	if (get(pid, "stat", text, sizeof(text)) <= 0)
		return -ESRCH;
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	int p, t;
	unsigned long long s;
	if (!open || !close || close < open ||
	        sscanf(close + 1, " %*c %d %*d %*d %d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &p, &t, &s) != 3)
		return -ESRCH;
	*parent = (pid_t)p;
	*started = s;
	if (tty)
		*tty = t;
	if (name)
		(void)snprintf(name, 17, "%.*s", (int)(close - open - 1 > 16 ? 16 : close - open - 1), open + 1);
	return 0;
}

int who_parent(pid_t pid, pid_t *parent, uint64_t *started)
{
	return read_stat(pid, parent, started, NULL, NULL);
}

static const char *line(const char *text, const char *name)
{
	const char *p = strstr(text, name);
	return p ? p + strlen(name) : "";
}

static size_t count_words(const char *p)
{
	size_t n = 0;
	for (; *p && *p != '\n'; p++)
		n += *p != ' ' && *p != '\t' && (p[1] == ' ' || p[1] == '\t' || p[1] == '\n' || !p[1]);
	return n;
}

int who_read(pid_t pid, struct who *out)
{
	char text[4096];
	int tty = 0;
	*out = (struct who){.pid = pid, .uid = 65534, .euid = 65534, .login = UINT32_MAX};
	int r = read_stat(pid, &out->parent, &out->started, &tty, out->name);
	if (r < 0)
		return r;
	/* Bits as the kernel's new_encode_dev() puts them. */
	if (tty)
		out->tty = makedev((unsigned)tty >> 8 & 0xfff, ((unsigned)tty & 0xff) | ((unsigned)tty >> 12 & 0xfff00));
	if (get(pid, "status", text, sizeof(text)) > 0) {
		unsigned u, e, g, n;
		if (sscanf(line(text, "\nUid:"), "%u %u", &u, &e) == 2) {
			out->uid = u;
			out->euid = e;
		}
		if (sscanf(line(text, "\nGid:"), "%u", &g) == 1)
			out->group[out->n_groups++] = g;
		int used = 0;
		for (const char *p = line(text, "\nGroups:"); out->n_groups < WHO_GROUPS_MAX; p += used) {
			while (*p == ' ' || *p == '\t')
				p++;
			if (*p < '0' || *p > '9' || sscanf(p, "%u%n", &g, &used) != 1)
				break;
			out->group[out->n_groups++] = g;
		}
		size_t words = count_words(line(text, "\nNStgid:"));
		out->depth = words ? (unsigned)words - 1 : 0;
		out->fenced = sscanf(line(text, "\nNoNewPrivs:"), "%u", &n) == 1 && n == 1 &&
		              sscanf(line(text, "\nSeccomp:"), "%u", &n) == 1 && n == 2;
	}
	uint64_t login;
	ssize_t n = get(pid, "loginuid", text, sizeof(text));
	if (n > 0 && slice_u64(slice_of(text, (size_t)n), UINT32_MAX, &login))
		out->login = (uint32_t)login;
	return 0;
}

int who_program(pid_t pid, struct who_program *out)
{
	char path[64];
	struct statx x;
	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	/* A file system that somebody's own process serves is not asked: it could let the caller wait for ever. */
	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &x) < 0 &&
	        (errno != EACCES || statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, 0, &x) < 0))
		return -errno;
	*out = (struct who_program){.dev = makedev(x.stx_dev_major, x.stx_dev_minor),
	        .ino = x.stx_ino,
	        .ctime = (int64_t)x.stx_ctime.tv_sec * 1000000000 + x.stx_ctime.tv_nsec,
	        .linked = x.stx_nlink > 0 || !(x.stx_mask & STATX_NLINK)};
	return 0;
}

void who_link(pid_t pid, const char *link, char *out, size_t n)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, link);
	ssize_t got = readlink(path, out, n - 1);
	out[got > 0 ? got : 0] = 0;
}

void who_command(pid_t pid, char *out, size_t n)
{
	ssize_t got = get(pid, "cmdline", out, n);
	for (ssize_t i = 0; i + 1 < got; i++)
		if (!out[i])
			out[i] = ' ';
}
