#include "parse/hdf5.h"

#define NONE       UINT64_MAX /* the undefined address */
#define TREE_DEPTH 16u
#define TEXTS_MAX  100000u /* elements of one attribute */

struct reader {
	struct slice in;       /* from the base address on */
	size_t base;           /* of it in the file */
	size_t offset, length; /* bytes of an address, of a length */
	size_t max;
	struct buf seen; /* addresses: a hash table, at most half full */
	size_t n_seen;
	struct buf queue; /* addresses of headers to come */
	void (*fn)(void *arg, const struct hdf5_event *e);
	void *arg;
	struct hdf5_result *r;
};

static const uint8_t mark[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};

/* It may stand at 0, 512, 1024, … */
static size_t superblock(struct slice in)
{
	for (size_t at = 0; at < in.n && at <= (size_t)1 << 30; at = at ? at * 2 : 512)
		if (in.n - at >= 48 && memcmp(in.p + at, mark, sizeof(mark)) == 0)
			return at;
	return SLICE_NPOS;
}

bool hdf5_is(struct slice in)
{
	return in.n >= 48 && memcmp(in.p, mark, sizeof(mark)) == 0;
}

static uint64_t le(struct slice s, size_t at, size_t n)
{
	if (at > s.n || s.n - at < n)
		return n < 8 ? (1ull << (8 * n)) - 1 : NONE;
	return slice_le(slice_sub(s, at, n));
}

/* An address; NONE also for one of all ones in fewer bytes. */
static uint64_t address(const struct reader *r, struct slice s, size_t at)
{
	uint64_t v = le(s, at, r->offset);
	return r->offset < 8 && v == (1ull << (8 * r->offset)) - 1 ? NONE : v;
}

static struct slice part(const struct reader *r, uint64_t at, uint64_t n)
{
	if (at > r->in.n || n > r->in.n - at)
		return SLICE_NONE;
	return slice_sub(r->in, (size_t)at, (size_t)n);
}

static void tell(struct reader *r, enum hdf5_what what, struct slice name, struct slice text, uint64_t at, const char *reason)
{
	const struct hdf5_event e = {
	        .what = what, .name = name, .text = text, .at = r->base + (size_t)(at > r->in.n ? r->in.n : at), .reason = reason};
	if (r->fn)
		r->fn(r->arg, &e);
}

static void unread(struct reader *r, uint64_t at, const char *reason)
{
	tell(r, HDF5_UNREAD, SLICE_NONE, SLICE_NONE, at, reason);
}

static bool full(const struct reader *r)
{
	return r->n_seen >= r->seen.n / sizeof(uint64_t) / 2;
}

/* False: it was here before, or there is no room to remember it. */
static bool first_time(struct reader *r, uint64_t at)
{
	size_t places = r->seen.n / sizeof(at);
	if (full(r))
		return false;
	uint64_t *table = (uint64_t *)(void *)r->seen.p, h = at * 0x9e3779b97f4a7c15u;
	for (size_t i = (size_t)(h >> 32) & (places - 1);; i = (i + 1) & (places - 1)) {
		if (table[i] == at + 1)
			return false;
		if (table[i] == 0) {
			table[i] = at + 1;
			r->n_seen++;
			return true;
		}
	}
}

static void enqueue(struct reader *r, uint64_t at)
{
	if (at == NONE || (!full(r) && !first_time(r, at)))
		return;
	if (r->r->objects >= r->max || full(r)) {
		unread(r, at, "more objects than are followed");
		return;
	}
	r->r->objects++;
	buf_add(&r->queue, slice_of(&at, sizeof(at)));
}

static struct slice c_text(struct slice s)
{
	return slice_sub(s, 0, slice_chr(s, 0, 0));
}

/* An object in a global heap. */
static struct slice heap_object(const struct reader *r, uint64_t at, uint32_t index)
{
	struct slice head = part(r, at, 8 + r->length);
	if (head.n == 0 || memcmp(head.p, "GCOL", 4) != 0)
		return SLICE_NONE;
	struct slice all = part(r, at, le(head, 8, r->length));
	size_t step = 8 + r->length;
	for (size_t i = step; all.n > i && all.n - i >= step;) {
		uint64_t n = le(all, i + 8, r->length);
		uint32_t k = (uint32_t)le(all, i, 2);
		if (n > all.n - i - step || k == 0)
			return SLICE_NONE;
		if (k == index)
			return slice_sub(all, i + step, (size_t)n);
		i += step + (((size_t)n + 7) & ~(size_t)7);
	}
	return SLICE_NONE;
}

/* Elements of an attribute, if they are texts. */
static void texts(struct reader *r, struct slice name, struct slice type, struct slice space, struct slice data)
{
	uint8_t class = type.n >= 8 ? type.p[0] & 0x0f : 0xff;
	uint64_t size = le(type, 4, 4), n = 1;
	/* Dimensions; a scalar has none. Version 1 has eight bytes before them, version 2 four. */
	unsigned dims = space.n >= 4 ? space.p[1] : 0;
	size_t from = space.n && space.p[0] == 1 ? 8 : 4;
	for (unsigned i = 0; i < dims; i++)
		if (__builtin_mul_overflow(n, le(space, from + i * r->length, r->length), &n))
			n = NONE;
	size_t at = data.p ? (size_t)(data.p - r->in.p) : 0;
	bool fixed = class == 3, vlen = class == 9;
	if (!fixed && !vlen)
		return;
	if (size == 0 || n > data.n / size || n > TEXTS_MAX) {
		unread(r, at, "an attribute says it has more than is there");
		return;
	}
	for (uint64_t i = 0; i < n; i++) {
		struct slice s = slice_sub(data, (size_t)(i * size), (size_t)size);
		if (vlen) {
			uint64_t length = le(s, 0, 4), heap = address(r, s, 4);
			struct slice o = heap_object(r, heap, (uint32_t)le(s, 4 + r->offset, 4));
			if (length == 0)
				continue;
			if (!o.p || o.n < length) {
				unread(r, at, "a text is not where its attribute says");
				continue;
			}
			s = slice_sub(o, 0, (size_t)length);
		}
		tell(r, HDF5_TEXT, name, c_text(s), (size_t)(s.p - r->in.p), NULL);
	}
}

static size_t padded(size_t n, bool pad)
{
	return pad ? (n + 7) & ~(size_t)7 : n;
}

static void attribute(struct reader *r, struct slice m)
{
	uint64_t at = (uint64_t)(m.p - r->in.p);
	uint8_t version = m.n ? m.p[0] : 0;
	if (version < 1 || version > 3 || m.n < 9) {
		unread(r, at, "an attribute of an unknown version");
		return;
	}
	r->r->attributes++;
	size_t name = (size_t)le(m, 2, 2), type = (size_t)le(m, 4, 2), space = (size_t)le(m, 6, 2), i = version == 3 ? 9 : 8;
	bool pad = version == 1, shared = version > 1 && m.p[1] & 3;
	size_t need = padded(name, pad) + padded(type, pad) + padded(space, pad);
	if (need > m.n - i || shared) {
		unread(r, at, shared ? "an attribute whose type stands elsewhere" : "an attribute that is cut");
		return;
	}
	struct slice n = slice_sub(m, i, name), t = slice_sub(m, i + padded(name, pad), type),
	             s = slice_sub(m, i + padded(name, pad) + padded(type, pad), space);
	texts(r, c_text(n), t, s, slice_from(m, i + need));
}

static void external_files(struct reader *r, struct slice m)
{
	tell(r, HDF5_EXTERNAL, SLICE_NONE, SLICE_NONE, (uint64_t)(m.p - r->in.p), NULL);
}

/* A link in an object header: hard, soft (64 and more are of users; 64 itself is external). */
static void link_message(struct reader *r, struct slice m)
{
	uint64_t at = (uint64_t)(m.p - r->in.p);
	if (m.n < 3 || m.p[0] != 1) {
		unread(r, at, "a link of an unknown version");
		return;
	}
	uint8_t flags = m.p[1];
	size_t i = 2, width = (size_t)1 << (flags & 3);
	uint8_t type = flags & 8 ? m.p[i++] : 0;
	i += flags & 4 ? 8 : 0;
	i += flags & 16 ? 1 : 0;
	uint64_t name = le(m, i, width);
	i += width;
	if (i > m.n || name > m.n - i) {
		unread(r, at, "a link that is cut");
		return;
	}
	i += (size_t)name;
	if (type == 0)
		enqueue(r, address(r, m, i));
	else if (type >= 64)
		tell(r, HDF5_EXTERNAL, SLICE_NONE, c_text(slice_from(m, i + 3)), at, NULL);
}

static void symbols(struct reader *r, uint64_t at)
{
	struct slice head = part(r, at, 8);
	size_t entry = 2 * r->offset + 24;
	uint64_t n = head.n && memcmp(head.p, "SNOD", 4) == 0 ? le(head, 6, 2) : NONE;
	struct slice all = n == NONE ? SLICE_NONE : part(r, at + 8, n * entry);
	if (n == NONE || (n && !all.p)) {
		unread(r, at, "a group that is damaged");
		return;
	}
	for (uint64_t i = 0; i < n; i++)
		/* 2: a soft link, to something in this file. */
		if (le(all, (size_t)i * entry + 2 * r->offset, 4) != 2)
			enqueue(r, address(r, all, (size_t)i * entry + r->offset));
}

static void tree(struct reader *r, uint64_t at, unsigned depth)
{
	struct slice head = part(r, at, 8 + 2 * r->offset);
	if (!head.p || memcmp(head.p, "TREE", 4) != 0 || head.p[4] != 0 || depth > TREE_DEPTH || !first_time(r, at)) {
		unread(r, at, "a tree of a group that is damaged");
		return;
	}
	uint64_t n = le(head, 6, 2);
	size_t step = r->length + r->offset;
	struct slice all = part(r, at + head.n, n * step + r->length);
	if (!all.p) {
		unread(r, at, "a tree of a group that is damaged");
		return;
	}
	for (uint64_t i = 0; i < n; i++) {
		uint64_t child = address(r, all, (size_t)i * step + r->length);
		if (head.p[5] == 0)
			symbols(r, child);
		else
			tree(r, child, depth + 1);
	}
}

static void message(struct reader *r, unsigned type, struct slice m, uint8_t flags)
{
	uint64_t at = m.p ? (uint64_t)(m.p - r->in.p) : 0;
	/* Shared: what is here is only where it stands. */
	if (flags & 2) {
		if (type == 0x0c)
			unread(r, at, "an attribute that stands elsewhere");
		return;
	}
	switch (type) {
	case 0x02: { /* link info: a group of the new kind */
		size_t i = 2 + (m.n > 1 && m.p[1] & 1 ? 8 : 0);
		if (address(r, m, i) != NONE)
			unread(r, at, "a group with dense storage");
		break;
	}
	case 0x06:
		link_message(r, m);
		break;
	case 0x07:
		external_files(r, m);
		break;
	case 0x0c:
		attribute(r, m);
		break;
	case 0x11:
		tree(r, address(r, m, 0), 0);
		break;
	case 0x15: { /* attribute info */
		size_t i = 2 + (m.n > 1 && m.p[1] & 1 ? 2 : 0);
		if (address(r, m, i) != NONE)
			unread(r, at, "attributes with dense storage");
		break;
	}
	default:
		break;
	}
}

/* Messages of an object header, and of its continuations. */
static void header(struct reader *r, uint64_t at)
{
	struct slice list[64];
	size_t n = 0, done = 0;
	struct slice head = part(r, at, 16);
	bool new = head.p &&memcmp(head.p, "OHDR", 4) == 0;
	bool order = false;
	if (!head.p || (new ? head.p[4] != 2 : head.p[0] != 1)) {
		unread(r, at, "an object header of an unknown version");
		return;
	}
	if (new) {
		uint8_t flags = head.p[5];
		size_t i = 6u + (flags & 0x20 ? 16u : 0u) + (flags & 0x10 ? 4u : 0u), width = (size_t)1 << (flags & 3);
		uint64_t size = le(part(r, at + i, width), 0, width);
		order = flags & 4;
		list[n++] = part(r, at + i + width, size);
	} else {
		list[n++] = part(r, at + 16, le(head, 8, 4));
	}
	size_t lead = new ? 4 + (order ? 2 : 0) : 8;
	while (done < n) {
		struct slice b = list[done++];
		if (!b.p) {
			unread(r, at, "an object header that is cut");
			continue;
		}
		for (size_t i = 0; b.n - i >= lead;) {
			unsigned type = (unsigned)le(b, i, new ? 1 : 2);
			size_t size = (size_t)le(b, i + (new ? 1 : 2), 2);
			uint8_t flags = b.p[i + (new ? 3 : 4)];
			i += lead;
			if (size > b.n - i) {
				unread(r, (uint64_t)(b.p - r->in.p) + i, "a message that is cut");
				break;
			}
			struct slice m = slice_sub(b, i, size);
			i += size;
			if (type != 0x10) {
				message(r, type, m, flags);
				continue;
			}
			uint64_t to = address(r, m, 0), length = le(m, r->offset, r->length);
			/* Of the new kind with a mark before and a checksum behind. */
			struct slice more = part(r, to, length);
			if (new)
				more = more.n >= 8 && memcmp(more.p, "OCHK", 4) == 0 ? slice_sub(more, 4, more.n - 8) : SLICE_NONE;
			if (n < sizeof(list) / sizeof(list[0]) && first_time(r, to))
				list[n++] = more;
			else
				unread(r, to, "an object header in more pieces than are followed");
		}
	}
}

static uint64_t root_of(struct reader *r, struct slice all, size_t at)
{
	struct slice s = slice_from(all, at);
	uint8_t version = s.p[8];
	r->offset = s.p[version < 2 ? 13 : 9];
	r->length = s.p[version < 2 ? 14 : 10];
	if (version > 3 || (r->offset != 4 && r->offset != 8) || (r->length != 4 && r->length != 8))
		return NONE;
	size_t i = version < 2 ? 24 + (version == 1 ? 4 : 0) : 12;
	uint64_t base = address(r, s, i);
	if (base > all.n)
		return NONE;
	r->base = (size_t)base;
	r->in = slice_from(all, r->base);
	/* Behind it: where free space is, the end, a driver; the entry of the root group begins with the place of its name. */
	return version < 2 ? address(r, s, i + 5 * r->offset) : address(r, s, i + 3 * r->offset);
}

void hdf5_read(struct slice in, size_t objects, size_t memory, void (*fn)(void *arg, const struct hdf5_event *e), void *arg,
        struct hdf5_result *out)
{
	struct hdf5_result result = {0};
	struct reader r = {.in = in, .max = objects, .seen = BUF(memory), .queue = BUF(memory), .fn = fn, .arg = arg, .r = &result};
	size_t at = superblock(in), places = 1024;
	uint64_t root = at == SLICE_NPOS ? NONE : root_of(&r, in, at);
	/* Never more than half full: objects, trees and pieces of headers are counted by what the file can hold. */
	while (places < 4 * objects && places * 2 * sizeof(uint64_t) < memory)
		places *= 2;
	uint8_t *to = root == NONE ? NULL : buf_room(&r.seen, places * sizeof(uint64_t));
	if (!to) {
		result.reason = root == NONE ? "its superblock is of an unknown kind" : "no memory";
		*out = result;
		return;
	}
	memset(to, 0, places * sizeof(uint64_t));
	r.seen.n = places * sizeof(uint64_t);
	r.max = objects < places / 4 ? objects : places / 4;
	enqueue(&r, root);
	for (size_t i = 0; i < r.queue.n; i += sizeof(uint64_t)) {
		uint64_t next;
		memcpy(&next, r.queue.p + i, sizeof(next));
		header(&r, next);
	}
	if (buf_error(&r.queue))
		unread(&r, 0, "more objects than are followed");
	buf_free(&r.seen);
	buf_free(&r.queue);
	*out = result;
}
