/* path: files and folders under a directory descriptor, so that no name can lead elsewhere. */
#ifndef POSTERN_SYS_PATH_H
#define POSTERN_SYS_PATH_H

#include <dirent.h>
#include <sys/types.h>

#include "base/buf.h"

/* openat2(2) with RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS; O_CLOEXEC is added. A descriptor, or negative
 * errno: -EXDEV for a path that leaves `dir`, -ELOOP for one with a link. */
[[nodiscard]] int path_open(int dir, const char *path, int flags, mode_t mode);
/* Makes the folders of `path` below `dir` that are missing, and opens the last as O_PATH. Neither "" nor ".." is a component. */
[[nodiscard]] int path_make(int dir, const char *path, mode_t mode);
/* Makes the folders above the last part of a path as mkdir -p does, following links. Whatever the umask, their mode is 0755 if everybody is
 * to look in or root makes them, as in root's /var/lib/postern is what everybody must read (the bundle in force); else 0700. */
[[nodiscard]] int path_make_above(const char *path, bool everybody);
/* The same of an absolute path, and the last part with mode 0700, which is opened. */
[[nodiscard]] int path_make_absolute(const char *path);
/* Appends a regular file to `out`; links are followed. -EFBIG if it is larger than the buffer takes, -EINVAL if not regular. */
[[nodiscard]] int path_read(int dir, const char *path, struct buf *out);
/* The same of one that is open, from where it stands. It should have been opened with O_NONBLOCK. */
[[nodiscard]] int path_read_fd(int fd, struct buf *out);
/* Puts a file in place of `name` in `dir` (a single name), for good: after a crash the old one is there or the new one, whole. It is
 * written as .NAME.new-PID first, which a crash may leave. */
[[nodiscard]] int path_replace(int dir, const char *name, struct slice text, mode_t mode);
/* The next entry of a folder: 1, and 0 after the last. A negative errno if it cannot be read: readdir(3) alone makes that easy to take for
 * the end, and what is not listed for what is not there. */
[[nodiscard]] int path_next(DIR *d, struct dirent **out);
/* Removes `name` in `dir` with everything below it, following no link. A missing one is no error. */
int path_remove(int dir, const char *name);

#endif
