/* cursor: reads a slice from the front, with a sticky error. After the first read past the end every read gives zero or the
 * empty slice, and cursor_ok() is false: check once, at the end, before anything that was read is used. */
#ifndef POSTERN_BASE_CURSOR_H
#define POSTERN_BASE_CURSOR_H

#include "base/slice.h"

struct cursor {
	struct slice s;
	size_t at;
	bool bad;
};

static inline struct cursor cursor_of(struct slice s)
{
	return (struct cursor){.s = s};
}

static inline bool cursor_ok(const struct cursor *c)
{
	return !c->bad;
}

static inline size_t cursor_left(const struct cursor *c)
{
	return c->bad ? 0 : c->s.n - c->at;
}

/* n bytes, borrowed from the slice under the cursor. */
static inline struct slice cursor_take(struct cursor *c, size_t n)
{
	if (c->bad || n > c->s.n - c->at) {
		c->bad = true;
		return SLICE_NONE;
	}
	struct slice r = slice_sub(c->s, c->at, n);
	c->at += n;
	return r;
}

static inline uint64_t cursor_be(struct cursor *c, size_t bytes)
{
	struct slice s = cursor_take(c, bytes);
	uint64_t v = 0;
	for (size_t i = 0; s.p && i < s.n; i++)
		v = v << 8 | s.p[i];
	return v;
}

static inline uint64_t cursor_le(struct cursor *c, size_t bytes)
{
	return slice_le(cursor_take(c, bytes));
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	return (uint8_t)cursor_be(c, 1);
}

static inline uint16_t cursor_be16(struct cursor *c)
{
	return (uint16_t)cursor_be(c, 2);
}

static inline uint32_t cursor_be32(struct cursor *c)
{
	return (uint32_t)cursor_be(c, 4);
}

static inline uint64_t cursor_be64(struct cursor *c)
{
	return cursor_be(c, 8);
}

#endif
