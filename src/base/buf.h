/* buf: a growing byte buffer that refuses to pass its maximum. Errors are sticky, as with cursor: append as you like, ask
 * buf_error() once. After an error the contents are what had been appended before it. The bytes are always followed by a NUL
 * that does not count. Owner: whoever holds the struct; buf_free() or _cleanup_buf_. */
#ifndef POSTERN_BASE_BUF_H
#define POSTERN_BASE_BUF_H

#include <stdarg.h>

#include "base/cleanup.h"
#include "base/slice.h"

struct buf {
	uint8_t *p;
	size_t n;
	size_t cap;
	size_t max; /* bytes; appending past it is -ENOBUFS */
	int error;  /* 0, -ENOBUFS or -ENOMEM */
};

#define BUF(maximum) ((struct buf){.max = (maximum)})

void buf_free(struct buf *b);
/* Empties the buffer and takes back an error; keeps the memory. */
void buf_reset(struct buf *b);
static inline struct slice buf_slice(const struct buf *b)
{
	return slice_of(b->p, b->n);
}
/* NUL-terminated view; "" if nothing was appended yet. */
const char *buf_str(const struct buf *b);
static inline int buf_error(const struct buf *b)
{
	return b->error;
}
/* Room for n more bytes at the end, or NULL (error set). The caller writes there, then adds to b->n. */
uint8_t *buf_room(struct buf *b, size_t n);
void buf_add(struct buf *b, struct slice s);
void buf_str_add(struct buf *b, const char *s);
void buf_u8(struct buf *b, uint8_t v);
void buf_be(struct buf *b, uint64_t v, size_t bytes);
void buf_fmt(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vfmt(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Removes the first n bytes (n <= b->n). */
void buf_drop(struct buf *b, size_t n);
/* Hands the memory (NUL-terminated) to the caller, who frees it; NULL if the buffer has an error. The buffer is empty then. */
char *buf_steal(struct buf *b, size_t *n);

#define _cleanup_buf_ _cleanup_(buf_free)

#endif
