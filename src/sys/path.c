#include "sys/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/fd.h"

int path_open(int dir, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
	        .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
	        .mode = flags & (O_CREAT | __O_TMPFILE) ? mode : 0,
	        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
	return fd < 0 ? -errno : (int)fd;
}

int path_make(int dir, const char *path, mode_t mode)
{
	_cleanup_fd_ int at = path_open(dir, ".", O_PATH | O_DIRECTORY, 0);
	struct slice rest = slice_str(path), part;
	if (at < 0)
		return at;
	while (slice_split(&rest, '/', &part)) {
		char name[256];
		if (!part.n || part.n >= sizeof(name) || slice_is(part, ".") || slice_is(part, ".."))
			return -EINVAL;
		memcpy(name, part.p, part.n);
		name[part.n] = 0;
		int next = path_open(at, name, O_PATH | O_DIRECTORY, 0);
		if (next == -ENOENT) {
			if (mkdirat(at, name, mode) < 0 && errno != EEXIST)
				return -errno;
			next = path_open(at, name, O_PATH | O_DIRECTORY, 0);
		}
		if (next < 0)
			return next;
		close(at);
		at = next;
	}
	return TAKE_FD(at);
}

int path_make_above(const char *path, bool everybody)
{
	mode_t mode = everybody || geteuid() == 0 ? 0755 : 0700;
	char part[4096];
	if (!path[0] || strlen(path) >= sizeof(part))
		return -EINVAL;
	for (size_t i = 1; path[i]; i++) {
		if (path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = 0;
		bool made = mkdir(part, mode) == 0;
		if (made ? chmod(part, mode) < 0 : errno != EEXIST)
			return -errno;
	}
	return 0;
}

int path_make_absolute(const char *path)
{
	int r = path[0] == '/' ? path_make_above(path, false) : -EINVAL;
	if (r < 0)
		return r;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int path_read(int dir, const char *path, struct buf *out)
{
	_cleanup_fd_ int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? -errno : path_read_fd(fd, out);
}

int path_read_fd(int fd, struct buf *out)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	for (;;) {
		size_t left = out->max - out->n, want = left < 65536 ? left : 65536;
		uint8_t *p = want ? buf_room(out, want) : NULL;
		uint8_t extra;
		ssize_t got = read(fd, p ? p : &extra, p ? want : 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : 0;
		if (!p)
			return want ? buf_error(out) : -EFBIG;
		out->n += (size_t)got;
		out->p[out->n] = 0;
	}
}

int path_replace(int dir, const char *name, struct slice text, mode_t mode)
{
	char fresh[300];
	if (snprintf(fresh, sizeof(fresh), ".%s.new-%d", name, (int)getpid()) >= (int)sizeof(fresh))
		return -ENAMETOOLONG;
	if (unlinkat(dir, fresh, 0) < 0 && errno != ENOENT)
		return -errno;
	_cleanup_fd_ int fd = openat(dir, fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return -errno;
	int r = fd_write_all(fd, text);
	if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0 || renameat(dir, fresh, dir, name) < 0 || fsync(dir) < 0))
		r = -errno;
	if (r < 0)
		(void)unlinkat(dir, fresh, 0);
	return r;
}

int path_next(DIR *d, struct dirent **out)
{
	errno = 0;
	*out = readdir(d);
	return *out ? 1 : -errno;
}

static int remove_below(int dir, const char *name, unsigned depth)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	DIR *d = depth ? fdopendir(fd) : NULL;
	if (!d) {
		close(fd);
		return -ELOOP;
	}
	int r = 0, more = 0;
	for (struct dirent *e; r == 0 && (more = path_next(d, &e)) == 1;)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = remove_below(dirfd(d), e->d_name, depth - 1);
	r = r < 0 ? r : more;
	closedir(d);
	if (r == 0 && unlinkat(dir, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r;
}

int path_remove(int dir, const char *name)
{
	return remove_below(dir, name, 256);
}
