/* fd: what is done to a descriptor in many places. */
#ifndef POSTERN_SYS_FD_H
#define POSTERN_SYS_FD_H

#include <sys/types.h>

#include "base/slice.h"

/* Writes all of it to a blocking descriptor, whatever pieces the kernel takes it in. 0 or negative errno; then a part may be written. */
[[nodiscard]] int fd_write_all(int fd, struct slice data);

/* One message over a Unix socket, with a descriptor if fd is not -1. 0 or negative errno. */
[[nodiscard]] int fd_pass(int socket, const void *data, size_t n, int fd);
/* Receives one, waiting if the socket does (flags: of recvmsg). Bytes, 0 at the end, negative errno; *fd is a descriptor (close-on-exec) or
 * -1. */
[[nodiscard]] ssize_t fd_take(int socket, void *data, size_t n, int flags, int *fd);

/* Takes an exclusive lock (flock(2)), waiting for at most that many milliseconds for who has it. 0; -EBUSY: it is still held; or another
 * negative errno. */
[[nodiscard]] int fd_lock(int fd, unsigned ms);

/* Raises the limit of open descriptors to the most that this process may have, 65,536 at most. What it starts from here on inherits it. */
void fd_raise_limit(void);

#endif
