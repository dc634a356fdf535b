/* The files to learn from, and against. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "identify/identify_part.h"
#include "identify/learn_part.h"
#include "sys/path.h"

#define DEPTH_MAX 64

struct each {
	bool all;
	file_fn *fn;
	void *arg;
};

static int one_file(const struct each *e, int fd, struct slice name)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 || (uint64_t)st.st_size > LEARN_FILE_MAX)
		return 0;
	_cleanup_buf_ struct buf bytes = BUF((size_t)st.st_size + 1);
	uint8_t *p = buf_room(&bytes, (size_t)st.st_size);
	if (!p)
		return -ENOMEM;
	while (bytes.n < (size_t)st.st_size) {
		ssize_t n = pread(fd, p + bytes.n, (size_t)st.st_size - bytes.n, (off_t)bytes.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		bytes.n += (size_t)n;
	}
	return e->fn(e->arg, name, buf_slice(&bytes));
}

static int below(const struct each *e, int dir, unsigned depth)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	if (!d) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return r == -EACCES ? 0 : r;
	}
	struct dirent *entry;
	while (r == 0 && (r = path_next(d, &entry)) > 0) {
		struct slice name = slice_str(entry->d_name);
		struct stat st;
		r = 0;
		if (slice_is(name, ".") || slice_is(name, "..") || fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		bool folder = S_ISDIR(st.st_mode);
		if (!folder && !S_ISREG(st.st_mode))
			continue;
		if (!e->all && (folder ? tree_other_packages(name) : !tree_may_be_code(name)))
			continue;
		_cleanup_fd_ int next =
		        openat(dir, entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (folder ? O_DIRECTORY : 0));
		if (next >= 0)
			r = !folder ? one_file(e, next, name) : depth < DEPTH_MAX ? below(e, next, depth + 1) : 0;
	}
	(void)closedir(d);
	return r;
}

int learn_files(int fd, bool all, file_fn *fn, void *arg)
{
	const struct each e = {all, fn, arg};
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? below(&e, fd, 0) : one_file(&e, fd, SLICE_NONE);
}
