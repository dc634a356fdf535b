/* landlock: the kernel's own sandbox for the unprivileged, landlock(7), at the highest version that the kernel has, and no higher than what
 * is known here (7). By raw system calls and numbers of our own: the library's headers are as old as the distribution. */
#ifndef POSTERN_CONFINE_LANDLOCK_H
#define POSTERN_CONFINE_LANDLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum landlock_right {
	LANDLOCK_LIST = 1,    /* folders may be listed */
	LANDLOCK_READ = 2,    /* and files read and run */
	LANDLOCK_PUT = 4,     /* what is there may be written to, but nothing made or removed */
	LANDLOCK_DEVICES = 8, /* ioctl(2) on devices */
	LANDLOCK_ALL = 16,    /* everything but to make devices */
};

struct landlock;

/* The kernel's version; 0: it has none, or it is switched off. */
int landlock_abi(void);
/* no_tcp: neither bind nor connect (version 4). *out is freed by landlock_enforce(). -EOPNOTSUPP without Landlock. */
[[nodiscard]] int landlock_new(bool no_tcp, struct landlock **out, struct err *err);
/* Grants rights (a union of enum landlock_right) below a path, of all that is on it now. One that is not there is none. */
[[nodiscard]] int landlock_grant(struct landlock *l, const char *path, unsigned rights, struct err *err);
/* Enforces it on the calling thread, which has no_new_privs, for good: no other access, no abstract sockets and no signals to processes
 * outside (version 6). Returns the version in force. */
[[nodiscard]] int landlock_enforce(struct landlock *l, struct err *err);

#endif
