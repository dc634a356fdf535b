#include "ledger/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define IOV_MOST 1024 /* IOV_MAX of Linux */

static const struct file_watch *watch;

void file_watch_set(const struct file_watch *w)
{
	watch = w;
}

static int ask(const struct file_event *e)
{
	return watch && watch->before ? watch->before(watch->arg, e) : 0;
}

static int tell(struct file_event *e, int result)
{
	if (watch && watch->after) {
		e->result = result;
		watch->after(watch->arg, e);
	}
	return result;
}

static int result_of(long r)
{
	return r < 0 ? -errno : (int)r;
}

int file_open(int dir, const char *path, int flags, mode_t mode)
{
	struct file_event e = {.op = FILE_OPEN, .dir = dir, .fd = -1, .path = path, .flags = flags};
	int r = ask(&e);
	return r < 0 ? r : tell(&e, result_of(openat(dir, path, flags | O_CLOEXEC | O_NOFOLLOW, mode)));
}

/* Takes what was written off the front of the list. */
static void advance(struct iovec **iov, int *n, size_t done)
{
	while (*n && done >= (*iov)->iov_len) {
		done -= (*iov)->iov_len;
		(*iov)++;
		(*n)--;
	}
	if (done) {
		(*iov)->iov_base = (uint8_t *)(*iov)->iov_base + done;
		(*iov)->iov_len -= done;
	}
}

int file_write(int fd, uint64_t offset, struct iovec *iov, int n)
{
	struct file_event e = {.op = FILE_WRITE, .dir = -1, .fd = fd, .offset = offset, .iov = iov, .n_iov = n};
	int r = ask(&e);
	if (r < 0)
		return r;
	advance(&iov, &n, 0);
	while (n) {
		ssize_t done = pwritev(fd, iov, n < IOV_MOST ? n : IOV_MOST, (off_t)offset);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return tell(&e, done < 0 ? -errno : -EIO);
		offset += (uint64_t)done;
		advance(&iov, &n, (size_t)done);
	}
	return tell(&e, 0);
}

int file_write_slice(int fd, uint64_t offset, struct slice data)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)data.p, .iov_len = data.n};
	return file_write(fd, offset, &iov, 1);
}

int file_sync_data(int fd)
{
	struct file_event e = {.op = FILE_SYNC_DATA, .dir = -1, .fd = fd};
	int r = ask(&e);
	return r < 0 ? r : tell(&e, result_of(fdatasync(fd)));
}

int file_sync(int fd)
{
	struct file_event e = {.op = FILE_SYNC, .dir = -1, .fd = fd};
	int r = ask(&e);
	return r < 0 ? r : tell(&e, result_of(fsync(fd)));
}

int file_cut(int fd, uint64_t size)
{
	struct file_event e = {.op = FILE_CUT, .dir = -1, .fd = fd, .offset = size};
	int r = ask(&e);
	return r < 0 ? r : tell(&e, result_of(ftruncate(fd, (off_t)size)));
}

int file_stamp(int fd, int64_t seconds)
{
	struct file_event e = {.op = FILE_STAMP, .dir = -1, .fd = fd, .offset = (uint64_t)seconds};
	struct timespec t[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
	int r = ask(&e);
	return r < 0 ? r : tell(&e, result_of(futimens(fd, t)));
}

int file_rename(int dir, const char *from, const char *to)
{
	struct file_event e = {.op = FILE_RENAME, .dir = dir, .fd = -1, .path = from, .to = to};
	int r = ask(&e);
	return r < 0 ? r : tell(&e, result_of(renameat(dir, from, dir, to)));
}

int file_remove(int dir, const char *path)
{
	struct file_event e = {.op = FILE_REMOVE, .dir = dir, .fd = -1, .path = path};
	int r = ask(&e);
	if (r < 0)
		return r;
	r = result_of(unlinkat(dir, path, 0));
	if (r == -EISDIR || r == -EPERM)
		r = result_of(unlinkat(dir, path, AT_REMOVEDIR));
	return tell(&e, r == -ENOENT ? 0 : r);
}

int file_folder(int dir, const char *path, mode_t mode)
{
	struct file_event e = {.op = FILE_FOLDER, .dir = dir, .fd = -1, .path = path};
	int r = ask(&e);
	if (r < 0)
		return r;
	r = result_of(mkdirat(dir, path, mode));
	return tell(&e, r == -EEXIST ? 0 : r);
}

int file_sync_folder(int dir, const char *path)
{
	_cleanup_fd_ int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct file_event e = {.op = FILE_SYNC, .dir = dir, .fd = fd, .path = path};
	if (fd < 0)
		return -errno;
	int r = ask(&e);
	return r < 0 ? r : tell(&e, result_of(fsync(fd)));
}

void file_close(int *fd)
{
	struct file_event e = {.op = FILE_CLOSE, .dir = -1, .fd = *fd};
	if (*fd < 0)
		return;
	(void)ask(&e);
	(void)close(*fd);
	(void)tell(&e, 0);
	*fd = -1;
}

int file_replace(int dir, const char *fresh, const char *path, const char *parent, mode_t mode, struct slice data)
{
	int fd = file_open(dir, fresh, O_WRONLY | O_CREAT | O_TRUNC, mode);
	if (fd < 0)
		return fd;
	int r = file_write_slice(fd, 0, data);
	r = r < 0 ? r : file_sync(fd);
	file_close(&fd);
	r = r < 0 ? r : file_rename(dir, fresh, path);
	return r < 0 ? r : file_sync_folder(dir, parent);
}

int file_zero(int fd, uint64_t size)
{
	static const uint8_t zeros[256 << 10];
	int r = 0;
	for (uint64_t at = 0; at < size && r == 0; at += sizeof(zeros))
		r = file_write_slice(fd, at, slice_of(zeros, size - at < sizeof(zeros) ? (size_t)(size - at) : sizeof(zeros)));
	return r;
}
