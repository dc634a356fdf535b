#include "confine/sandbox_resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"

#define LINKS_MAX     40
#define PROC_ROOT_INO 1

static pid_t field(const char *status, const char *name, bool last)
{
	const char *at = strstr(status, name);
	if (!at)
		return 0;
	at += strlen(name);
	const char *end = strchrnul(at, '\n');
	for (const char *p = at; last && p < end; p++)
		if (*p == '\t' || *p == ' ')
			at = p + 1;
	return (pid_t)strtol(at, NULL, 10);
}

int resolve_open(pid_t thread, struct resolve_view *v)
{
	char text[4096], path[32];
	*v = (struct resolve_view){.proc = -1, .root = -1};
	(void)snprintf(path, sizeof(path), "/proc/%d", thread);
	v->proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_fd_ int status = v->proc < 0 ? -1 : openat(v->proc, "status", O_RDONLY | O_CLOEXEC);
	ssize_t n = status < 0 ? -1 : read(status, text, sizeof(text) - 1);
	v->root = n <= 0 ? -1 : openat(v->proc, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (v->root < 0) {
		resolve_close(v);
		return -ESRCH;
	}
	text[n] = 0;
	v->process = field(text, "\nTgid:\t", false);
	v->parent = field(text, "\nPPid:\t", false);
	v->inner_process = field(text, "\nNStgid:\t", true);
	v->inner_thread = field(text, "\nNSpid:\t", true);
	return 0;
}

void resolve_close(struct resolve_view *v)
{
	fd_closep(&v->proc);
	fd_closep(&v->root);
}

static bool on_proc(int fd)
{
	struct statfs f;
	return fstatfs(fd, &f) == 0 && f.f_type == PROC_SUPER_MAGIC;
}

/* Where a link leads, as text: 0, or a descriptor + 1 when it leads to a thing and not to a name. */
static int follow(const struct resolve_view *v, int at, int link, const char *name, char *out, size_t size)
{
	struct stat st;
	if (on_proc(link)) {
		/* Those of /proc itself are about whoever looks; those of a process lead to things. */
		if (fstat(at, &st) < 0 || st.st_ino != PROC_ROOT_INO) {
			int fd = openat(at, name, O_PATH | O_CLOEXEC);
			return fd < 0 ? -errno : fd + 1;
		}
		if (strcmp(name, "self") == 0)
			return snprintf(out, size, "%d", v->inner_process) < 0 ? -EIO : 0;
		if (strcmp(name, "thread-self") == 0)
			return snprintf(out, size, "%d/task/%d", v->inner_process, v->inner_thread) < 0 ? -EIO : 0;
	}
	ssize_t n = readlinkat(link, "", out, size - 1);
	if (n < 0)
		return -errno;
	out[n] = 0;
	return 0;
}

/* One component after the other, for paths with links in them. */
static int walk(const struct resolve_view *v, int start, const char *path)
{
	char rest[2 * PATH_MAX], text[PATH_MAX], name[NAME_MAX + 1];
	_cleanup_fd_ int at = fcntl(*path == '/' ? v->root : start, F_DUPFD_CLOEXEC, 3);
	int links = 0;
	if (at < 0 || snprintf(rest, sizeof(rest), "%s", path) >= (int)sizeof(rest))
		return at < 0 ? -errno : -ENAMETOOLONG;
	for (char *p = rest; *p;) {
		size_t n = strcspn(p, "/");
		if (n > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(name, p, n);
		name[n] = 0;
		p += n;
		while (*p == '/')
			p++;
		if (n == 0)
			continue;
		int next = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		struct stat st;
		if (next < 0 || fstat(next, &st) < 0) {
			int e = -errno;
			fd_closep(&next);
			return e;
		}
		if (!S_ISLNK(st.st_mode)) {
			(void)close(at);
			at = next;
			continue;
		}
		int r = ++links > LINKS_MAX ? -ELOOP : follow(v, at, next, name, text, sizeof(text));
		(void)close(next);
		if (r < 0)
			return r;
		if (r > 0) {
			(void)close(at);
			at = r - 1;
			continue;
		}
		char more[2 * PATH_MAX];
		if (snprintf(more, sizeof(more), "%s/%s", text, p) >= (int)sizeof(more))
			return -ENAMETOOLONG;
		memcpy(rest, more, sizeof(rest));
		p = rest;
		if (*p == '/') {
			(void)close(at);
			at = fcntl(v->root, F_DUPFD_CLOEXEC, 3);
			if (at < 0)
				return -errno;
		}
	}
	return TAKE_FD(at);
}

int resolve_path(const struct resolve_view *v, int at, const char *path)
{
	char name[32];
	const struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
	(void)snprintf(name, sizeof(name), "fd/%d", at);
	/* Where a path begins that begins at the root does not matter, as with execve(2). */
	_cleanup_fd_ int start = *path == '/' ? -1 : openat(v->proc, at < 0 ? "cwd" : name, O_PATH | O_CLOEXEC);
	if (start < 0 && *path != '/')
		return errno == ENOENT && at >= 0 ? -EBADF : -errno;
	if (!*path)
		return at < 0 ? -ENOENT : TAKE_FD(start);
	/* Most paths have no links in them. From the root of another mount namespace ".." leads nowhere. */
	const char *below = path + strspn(path, "/");
	long fd = syscall(SYS_openat2, *path == '/' ? v->root : start, *below ? below : ".", &how, sizeof(how));
	if (fd >= 0 || errno != ELOOP)
		return fd < 0 ? -errno : (int)fd;
	return walk(v, start, path);
}
