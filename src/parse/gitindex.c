#include "parse/gitindex.h"

#include <errno.h>

#define HEAD_BYTES 12
#define STAT_BYTES 40 /* before the object id; the mode is in it */
#define MODE_AT    24
#define EXTENDED   0x4000u
#define LENGTH     0x0fffu

static uint32_t be(const uint8_t *p, size_t n)
{
	uint32_t v = 0;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

/* Version 4: how much of the last name goes, then what comes. False if it does not fit. */
static bool next_name(struct slice in, size_t *at, struct buf *name)
{
	size_t drop = 0, end;
	uint8_t c;
	/* git's own variable width: each further byte adds one. */
	for (int i = 0;; i++) {
		if (*at >= in.n || i > 4)
			return false;
		c = in.p[(*at)++];
		drop = (i ? (drop + 1) << 7 : 0) + (c & 0x7f);
		if (!(c & 0x80))
			break;
	}
	end = slice_chr(in, 0, *at);
	if (drop > name->n || end == SLICE_NPOS)
		return false;
	name->n -= drop;
	buf_add(name, slice_sub(in, *at, end - *at));
	*at = end + 1;
	return buf_error(name) == 0;
}

/* With object ids of `id` bytes. Nothing is told while `fn` is NULL. */
static int walk(struct slice in, size_t id, struct buf *name, int (*fn)(void *arg, const struct gitindex_entry *e), void *arg)
{
	if (in.n < HEAD_BYTES + id || memcmp(in.p, "DIRC", 4) != 0)
		return -EBADMSG;
	uint32_t version = be(in.p + 4, 4), n = be(in.p + 8, 4);
	size_t at = HEAD_BYTES;
	if (version < 2 || version > 4)
		return -EBADMSG;
	buf_reset(name);
	for (uint32_t i = 0; i < n; i++) {
		size_t begin = at;
		if (in.n - at < STAT_BYTES + id + 2)
			return -EBADMSG;
		struct gitindex_entry e = {.mode = be(in.p + at + MODE_AT, 4), .id = slice_sub(in, at + STAT_BYTES, id)};
		at += STAT_BYTES + id;
		uint32_t flags = be(in.p + at, 2);
		at += 2;
		e.flags = flags & ~LENGTH;
		if (flags & EXTENDED) {
			if (version < 3 || in.n - at < 2)
				return -EBADMSG;
			e.flags |= be(in.p + at, 2) << 16;
			at += 2;
		}
		if (version == 4) {
			if (!next_name(in, &at, name))
				return -EBADMSG;
			e.name = buf_slice(name);
		} else {
			size_t end = slice_chr(in, 0, at);
			if (end == SLICE_NPOS)
				return -EBADMSG;
			e.name = slice_sub(in, at, end - at);
			/* One to eight zeros, so that an entry has a multiple of eight bytes. */
			at = begin + ((end - begin + 8) & ~(size_t)7);
			if (at > in.n)
				return -EBADMSG;
		}
		if (e.name.n == 0 || ((flags & LENGTH) != LENGTH && (flags & LENGTH) != e.name.n))
			return -EBADMSG;
		int r = fn ? fn(arg, &e) : 0;
		if (r < 0)
			return r;
	}
	/* Extensions: a name of four bytes and a length. */
	while (in.n - at > id) {
		if (in.n - at < 8 + id || memcmp(in.p + at, "link", 4) == 0)
			return -EBADMSG;
		size_t length = be(in.p + at + 4, 4);
		if (length > in.n - at - 8 - id)
			return -EBADMSG;
		at += 8 + length;
	}
	return in.n - at == id ? 0 : -EBADMSG;
}

int gitindex_read(struct slice in, struct buf *name, int (*fn)(void *arg, const struct gitindex_entry *e), void *arg)
{
	/* Nothing in the file says how long the ids are: only one length fits to the end. */
	size_t id = walk(in, 20, name, NULL, NULL) == 0 ? 20 : 32;
	if (id == 32 && walk(in, 32, name, NULL, NULL) < 0)
		return -EBADMSG;
	return walk(in, id, name, fn, arg);
}
