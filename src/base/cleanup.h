/* Ownership as vocabulary: _cleanup_(f) calls f(&variable) at the end of the scope; TAKE_PTR and TAKE_FD hand the value on. */
#ifndef POSTERN_BASE_CLEANUP_H
#define POSTERN_BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

#define TAKE_PTR(p)                     \
	({                              \
		__typeof__(p) _t = (p); \
		(p) = NULL;             \
		_t;                     \
	})

#define TAKE_FD(fd)            \
	({                     \
		int _f = (fd); \
		(fd) = -1;     \
		_f;            \
	})

static inline void freep(void *p)
{
	free(*(void **)p);
}

/* errno is kept. */
void fd_closep(int *fd);

#define _cleanup_free_ _cleanup_(freep)
#define _cleanup_fd_   _cleanup_(fd_closep)

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
