#include "review/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "base/slice.h"
#include "sys/fd.h"

#define REMOVE_DEPTH 100 /* below this a folder is moved up first */
#define COPY_DEPTH   256

struct removing {
	int top; /* where deep folders are moved to */
	unsigned long moved;
};

static int remove_one(struct removing *r, int dir, const char *name, unsigned depth);

/* A folder that its owner may not look into is made so; it is about to go. */
static int open_folder(int dir, const char *name)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, name, flags);
	if (fd < 0 && errno != EACCES)
		return -errno;
	struct stat st;
	if (fd >= 0 && (fstat(fd, &st) < 0 || (st.st_mode & 0700) == 0700 || fchmod(fd, 0700) == 0 || errno == EPERM))
		return fd;
	if (fd >= 0)
		close(fd);
	/* fchmodat() follows links; a descriptor does not. */
	_cleanup_fd_ int path = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char proc[40];
	if (path < 0)
		return -errno;
	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", path);
	if (chmod(proc, 0700) < 0)
		return -errno;
	fd = openat(dir, name, flags);
	return fd < 0 ? -errno : fd;
}

static int remove_inside(struct removing *r, int fd, unsigned depth)
{
	/* Removing while reading may skip names, so it goes round until a round finds nothing. */
	for (int again = 1; again;) {
		int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), e = 0;
		DIR *d = copy < 0 ? NULL : fdopendir(copy);
		if (!d) {
			e = -errno;
			if (copy >= 0)
				close(copy);
			return e;
		}
		again = 0;
		for (struct dirent *x; e == 0 && (x = readdir(d));)
			if (strcmp(x->d_name, ".") != 0 && strcmp(x->d_name, "..") != 0) {
				again = 1;
				e = remove_one(r, fd, x->d_name, depth);
			}
		closedir(d);
		if (e < 0)
			return e;
	}
	return 0;
}

static int remove_one(struct removing *r, int dir, const char *name, unsigned depth)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (depth == REMOVE_DEPTH) {
		char up[64];
		(void)snprintf(up, sizeof(up), ".postern-remove-%d-%lu", (int)getpid(), r->moved++);
		_cleanup_fd_ int fd = open_folder(dir, name); /* a folder that cannot be written cannot be moved either */
		return fd < 0 ? fd : renameat(dir, name, r->top, up) < 0 ? -errno : 0;
	}
	_cleanup_fd_ int fd = open_folder(dir, name);
	if (fd < 0)
		return fd;
	int e = remove_inside(r, fd, depth + 1);
	if (e == 0 && unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		e = -errno;
	return e;
}

int tree_remove(int dir, const char *name)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	_cleanup_fd_ int fd = open_folder(dir, name);
	if (fd < 0)
		return fd;
	/* What is moved up comes to lie in the folder itself, and goes in its next round. */
	struct removing r = {.top = fd};
	int e = remove_inside(&r, fd, 0);
	return e < 0 ? e : unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

int tree_copy_bytes(int from, int to)
{
	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	for (;;) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, (size_t)1 << 30, 0);
		if (n == 0) {
			/* Some file systems say so at once for files that have bytes; reading tells. */
			break;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP))
			break;
		if (n < 0)
			return -errno;
	}
	uint8_t part[65536];
	for (;;) {
		ssize_t n = read(from, part, sizeof(part));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		int e = fd_write_all(to, slice_of(part, (size_t)n));
		if (e < 0)
			return e;
	}
}

void tree_copy_xattrs(int from, int to)
{
	char list[8192], value[4096];
	ssize_t n = flistxattr(from, list, sizeof(list));
	for (const char *p = list; n > 0 && p < list + n; p += strlen(p) + 1) {
		if ((strncmp(p, "user.", 5) != 0 || strncmp(p, "user.overlay.", 13) == 0) && strncmp(p, "system.posix_acl_", 17) != 0)
			continue;
		ssize_t m = fgetxattr(from, p, value, sizeof(value));
		if (m >= 0)
			(void)fsetxattr(to, p, value, (size_t)m, 0);
	}
}

static int copy_inside(int from, int to, unsigned depth, unsigned long *skipped);

static void copy_times(int to, const struct stat *st)
{
	const struct timespec t[2] = {st->st_atim, st->st_mtim};
	(void)futimens(to, t);
}

/* As root; else it is ours. */
static void give(int to, const struct stat *st)
{
	if (geteuid() == 0 && fchown(to, st->st_uid, st->st_gid) < 0)
		return;
}

static int copy_file(int from, int to, const char *name, unsigned long *skipped)
{
	struct stat st;
	_cleanup_fd_ int a = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (a < 0 || fstat(a, &st) < 0 || !S_ISREG(st.st_mode)) {
		(*skipped)++;
		return 0;
	}
	_cleanup_fd_ int b = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (b < 0)
		return -errno;
	int e = tree_copy_bytes(a, b);
	if (e < 0)
		return e;
	tree_copy_xattrs(a, b);
	give(b, &st);
	if (fchmod(b, st.st_mode & 07777) < 0)
		return -errno;
	copy_times(b, &st);
	return 0;
}

static int copy_folder(int from, int to, const char *name, unsigned depth, unsigned long *skipped)
{
	struct stat st;
	_cleanup_fd_ int a = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (a < 0 || fstat(a, &st) < 0 || depth == COPY_DEPTH || faccessat(a, ".", X_OK, AT_EACCESS) < 0) {
		(*skipped)++;
		return 0;
	}
	if (mkdirat(to, name, 0700) < 0)
		return -errno;
	_cleanup_fd_ int b = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (b < 0)
		return -errno;
	int e = copy_inside(a, b, depth + 1, skipped);
	if (e < 0)
		return e;
	tree_copy_xattrs(a, b);
	give(b, &st);
	if (fchmod(b, st.st_mode & 07777) < 0)
		return -errno;
	copy_times(b, &st);
	return 0;
}

static int copy_link(int from, int to, const char *name, unsigned long *skipped)
{
	char text[4097];
	ssize_t n = readlinkat(from, name, text, sizeof(text) - 1);
	if (n < 0) {
		(*skipped)++;
		return 0;
	}
	text[n] = 0;
	return symlinkat(text, to, name) < 0 ? -errno : 0;
}

static int copy_inside(int from, int to, unsigned depth, unsigned long *skipped)
{
	int copy = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), e = 0;
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	if (!d) {
		e = -errno;
		if (copy >= 0)
			close(copy);
		return e;
	}
	for (struct dirent *x; e == 0 && (x = readdir(d));) {
		struct stat st;
		if (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0)
			continue;
		if (fstatat(from, x->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			(*skipped)++;
		else if (S_ISREG(st.st_mode))
			e = copy_file(from, to, x->d_name, skipped);
		else if (S_ISDIR(st.st_mode))
			e = copy_folder(from, to, x->d_name, depth, skipped);
		else if (S_ISLNK(st.st_mode))
			e = copy_link(from, to, x->d_name, skipped);
		else
			(*skipped)++;
	}
	closedir(d);
	return e;
}

int tree_copy(int from, int to, unsigned long *skipped)
{
	*skipped = 0;
	return copy_inside(from, to, 0, skipped);
}
