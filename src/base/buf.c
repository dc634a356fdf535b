#include "base/buf.h"

#include <errno.h>
#include <stdio.h>

void buf_free(struct buf *b)
{
	free(b->p);
	b->p = NULL;
	b->n = b->cap = 0;
}

void buf_reset(struct buf *b)
{
	b->n = 0;
	b->error = 0;
	if (b->p)
		b->p[0] = 0;
}

const char *buf_str(const struct buf *b)
{
	return b->p ? (const char *)b->p : "";
}

uint8_t *buf_room(struct buf *b, size_t n)
{
	if (b->error)
		return NULL;
	if (n > b->max || b->n > b->max - n) {
		b->error = -ENOBUFS;
		return NULL;
	}
	size_t need = b->n + n + 1;
	if (need > b->cap) {
		size_t cap = b->cap ? b->cap : 64;
		while (cap < need)
			cap = cap > b->max / 2 ? b->max + 1 : cap * 2;
		uint8_t *p = realloc(b->p, cap);
		if (!p) {
			b->error = -ENOMEM;
			return NULL;
		}
		b->p = p;
		b->cap = cap;
	}
	return b->p + b->n;
}

void buf_add(struct buf *b, struct slice s)
{
	uint8_t *to = buf_room(b, s.n);
	if (!to)
		return;
	if (s.n)
		memcpy(to, s.p, s.n);
	b->n += s.n;
	b->p[b->n] = 0;
}

void buf_str_add(struct buf *b, const char *s)
{
	buf_add(b, slice_str(s));
}

void buf_u8(struct buf *b, uint8_t v)
{
	uint8_t *to = buf_room(b, 1);
	if (!to)
		return;
	to[0] = v;
	to[1] = 0;
	b->n++;
}

void buf_be(struct buf *b, uint64_t v, size_t bytes)
{
	while (bytes--)
		buf_u8(b, (uint8_t)(v >> (8 * bytes)));
}

void buf_vfmt(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	/* Mostly there is room already. Whatever does not fit is taken back. */
	size_t room = b->error || b->cap <= b->n ? 0 : b->cap - b->n;
	int n = vsnprintf(room ? (char *)b->p + b->n : NULL, room, fmt, again);
	va_end(again);
	if (n < 0 && !b->error)
		b->error = -EINVAL;
	uint8_t *to = n < 0 ? NULL : buf_room(b, (size_t)n);
	if (to && (size_t)n >= room)
		(void)vsnprintf((char *)to, (size_t)n + 1, fmt, ap);
	if (to)
		b->n += (size_t)n;
	else if (room)
		b->p[b->n] = 0;
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	buf_vfmt(b, fmt, ap);
	va_end(ap);
}

void buf_drop(struct buf *b, size_t n)
{
	if (n == 0)
		return;
	if (n >= b->n) {
		b->n = 0;
		if (b->p)
			b->p[0] = 0;
		return;
	}
	memmove(b->p, b->p + n, b->n - n + 1);
	b->n -= n;
}

char *buf_steal(struct buf *b, size_t *n)
{
	if (b->error || !buf_room(b, 0))
		return NULL;
	b->p[b->n] = 0;
	if (n)
		*n = b->n;
	char *p = (char *)b->p;
	b->p = NULL;
	b->n = b->cap = 0;
	return p;
}
