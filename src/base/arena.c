#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>

/* The first chunk is small: many an arena holds a few strings. */
#define CHUNK_FIRST ((size_t)4 * 1024)
#define CHUNK_BYTES ((size_t)64 * 1024)

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, cap;
	alignas(max_align_t) uint8_t bytes[];
};

static void *take(struct arena *a, size_t n, bool zeroed)
{
	size_t align = alignof(max_align_t);
	if (n > a->max || a->used > a->max - n)
		return NULL;
	n = n ? (n + align - 1) & ~(align - 1) : align;
	struct arena_chunk *c = a->head;
	if (!c || c->cap - c->used < n) {
		bool large = n > CHUNK_BYTES / 4;
		size_t cap = large ? n : !c ? CHUNK_FIRST : CHUNK_BYTES;
		while (!large && cap < 4 * n)
			cap *= 4;
		/* Of a large piece the C library knows whether the kernel has just zeroed it: then its pages are not touched. */
		struct arena_chunk *fresh = zeroed && large ? calloc(1, sizeof(*fresh) + cap) : malloc(sizeof(*fresh) + cap);
		if (!fresh)
			return NULL;
		fresh->next = NULL;
		fresh->used = 0;
		fresh->cap = cap;
		/* A chunk made for one large piece is full at once: it goes behind the head, which still has room. */
		if (c && large) {
			fresh->next = c->next;
			c->next = fresh;
		} else {
			fresh->next = c;
			a->head = fresh;
		}
		c = fresh;
		zeroed &= !large;
	}
	void *p = c->bytes + c->used;
	c->used += n;
	a->used += n;
	/* By piece, when it is about to be written anyway, and not by chunk: what is overwritten as a whole need not be zeroed. */
	return zeroed ? memset(p, 0, n) : p;
}

void *arena_alloc(struct arena *a, size_t n)
{
	return take(a, n, true);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	size_t n;
	if (__builtin_mul_overflow(count, size, &n))
		return NULL;
	return take(a, n, true);
}

void *arena_array_raw(struct arena *a, size_t count, size_t size)
{
	size_t n;
	if (__builtin_mul_overflow(count, size, &n))
		return NULL;
	return take(a, n, false);
}

struct slice arena_copy(struct arena *a, struct slice s)
{
	if (s.n == SIZE_MAX)
		return SLICE_NONE;
	uint8_t *p = arena_alloc(a, s.n + 1);
	if (!p)
		return SLICE_NONE;
	if (s.n)
		memcpy(p, s.p, s.n);
	return slice_of(p, s.n);
}

char *arena_str(struct arena *a, struct slice s)
{
	return (char *)(uintptr_t)arena_copy(a, s).p;
}

char *arena_fmt(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return NULL;
	char *p = arena_alloc(a, (size_t)n + 1);
	if (!p)
		return NULL;
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

void arena_free(struct arena *a)
{
	struct arena_chunk *c = a->head;
	while (c) {
		struct arena_chunk *next = c->next;
		free(c);
		c = next;
	}
	a->head = NULL;
	a->used = 0;
}
