/* file: every change that the ledger makes to its folder. Nothing else in src/ledger opens a file for writing, writes, syncs, renames or
 * removes (but for SQLite, whose index is no evidence), so that a test can see each change, refuse it, and play a part of them again.
 *
 * Paths are below a folder's descriptor. Functions return 0 (or a descriptor) or a negative errno. A sync that failed is never tried
 * again: what the kernel could not write may be gone from its memory too. */
#ifndef POSTERN_LEDGER_FILE_H
#define POSTERN_LEDGER_FILE_H

#include <sys/types.h>
#include <sys/uio.h>

#include "base/slice.h"

enum file_op {
	FILE_OPEN, /* for writing, perhaps creating; after it result is the descriptor */
	FILE_WRITE,
	FILE_SYNC_DATA, /* fdatasync */
	FILE_SYNC,      /* fsync; of folders too */
	FILE_CUT,       /* ftruncate to offset */
	FILE_RENAME,
	FILE_REMOVE,
	FILE_FOLDER, /* mkdir */
	FILE_STAMP,  /* futimens; offset is the time */
	FILE_CLOSE,
};

struct file_event {
	enum file_op op;
	int dir, fd; /* as far as they have a meaning; else -1 */
	const char *path, *to;
	int flags; /* of FILE_OPEN */
	uint64_t offset;
	const struct iovec *iov;
	int n_iov;
	int result; /* set for `after` only */
};

/* A seam for tests. before: is asked before each change, from whichever thread makes it; a negative errno is returned in place of it.
 * after: is told what became of it (not of what before refused); iov is used up then. Either may be NULL. Set while nothing is open. */
struct file_watch {
	int (*before)(void *arg, const struct file_event *e);
	void (*after)(void *arg, const struct file_event *e);
	void *arg;
};
void file_watch_set(const struct file_watch *w); /* NULL: none; else it must live as long as it is set */

/* O_WRONLY or O_RDWR with O_CREAT, O_TRUNC, O_EXCL as needed; O_CLOEXEC and O_NOFOLLOW are added. */
[[nodiscard]] int file_open(int dir, const char *path, int flags, mode_t mode);
/* All of it, at an offset. iov is used up. */
[[nodiscard]] int file_write(int fd, uint64_t offset, struct iovec *iov, int n);
[[nodiscard]] int file_write_slice(int fd, uint64_t offset, struct slice data);
[[nodiscard]] int file_sync_data(int fd);
[[nodiscard]] int file_sync(int fd);
[[nodiscard]] int file_cut(int fd, uint64_t size);
[[nodiscard]] int file_stamp(int fd, int64_t seconds); /* time of access and of change */
[[nodiscard]] int file_rename(int dir, const char *from, const char *to);
/* A missing one is no error. Folders must be empty. */
[[nodiscard]] int file_remove(int dir, const char *path);
/* One that is there already is no error. */
[[nodiscard]] int file_folder(int dir, const char *path, mode_t mode);
/* The entries of a folder ("." for dir itself) are on disk. */
[[nodiscard]] int file_sync_folder(int dir, const char *path);
void file_close(int *fd); /* sets it to -1; one that is -1 already is left alone */

/* The whole content of a file, so that a crash leaves the old or the new: to `fresh`, synced, renamed to `path`, and the folder `parent`
 * synced. fresh and path must lie in the same file system, path in parent. */
[[nodiscard]] int file_replace(int dir, const char *fresh, const char *path, const char *parent, mode_t mode, struct slice data);

/* A new file of `size` zero bytes that are really on disk: so that an fdatasync of what is written over them later has nothing to say about
 * the file itself. Not yet synced. */
[[nodiscard]] int file_zero(int fd, uint64_t size);

#endif
