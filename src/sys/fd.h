/* fd: what is done to a descriptor in many places. */
#ifndef POSTERN_SYS_FD_H
#define POSTERN_SYS_FD_H

#include "base/slice.h"

/* Writes all of it to a blocking descriptor, whatever pieces the kernel takes it in. 0 or negative errno; then a part may be written. */
[[nodiscard]] int fd_write_all(int fd, struct slice data);

#endif
