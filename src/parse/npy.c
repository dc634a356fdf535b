#include "parse/npy.h"

#include <errno.h>

#define DEPTH_MAX  16u
#define HEADER_MAX ((size_t)1 << 20)

bool npy_is(struct slice in)
{
	return in.n >= 10 && memcmp(in.p, "\x93NUMPY", 6) == 0;
}

struct literal {
	struct slice s;
	size_t at;
	struct npy *out;
	unsigned texts;    /* type strings in the descr */
	uint64_t size;     /* of the last */
	uint64_t items;    /* product of the shape */
	bool plain, wraps; /* the descr is one string; the product does not fit */
	bool has_descr, has_shape;
};

static void blanks(struct literal *l)
{
	while (l->at < l->s.n && strchr(" \t\r\n", l->s.p[l->at]) && l->s.p[l->at])
		l->at++;
}

static bool take(struct literal *l, char c)
{
	blanks(l);
	if (l->at >= l->s.n || l->s.p[l->at] != (uint8_t)c)
		return false;
	l->at++;
	return true;
}

static bool text(struct literal *l, struct slice *out)
{
	blanks(l);
	if (l->at >= l->s.n || (l->s.p[l->at] != '\'' && l->s.p[l->at] != '"'))
		return false;
	size_t from = l->at + 1, to = slice_chr(l->s, l->s.p[l->at], from);
	/* No serializer escapes anything in here. */
	if (to == SLICE_NPOS || slice_chr(slice_sub(l->s, from, to - from), '\\', 0) != SLICE_NPOS)
		return false;
	*out = slice_sub(l->s, from, to - from);
	l->at = to + 1;
	return true;
}

static bool number(struct literal *l, uint64_t *out)
{
	blanks(l);
	size_t from = l->at;
	while (l->at < l->s.n && l->s.p[l->at] >= '0' && l->s.p[l->at] <= '9')
		l->at++;
	struct slice digits = slice_sub(l->s, from, l->at - from);
	/* Python 2 wrote 3L. */
	if (l->at < l->s.n && l->s.p[l->at] == 'L')
		l->at++;
	return slice_u64(digits, UINT64_MAX, out);
}

/* "<f8", "|O", "<U10", "<M8[ns]": of objects, and how many bytes. */
static bool note_type(struct literal *l, struct slice t)
{
	uint64_t n = 0;
	while (t.n && strchr("<>|=", t.p[0]) && t.p[0])
		t = slice_from(t, 1);
	if (!t.n)
		return false;
	uint8_t kind = t.p[0];
	size_t unit = slice_chr(t, '[', 1), end = unit == SLICE_NPOS ? t.n : unit;
	struct slice digits = slice_sub(t, 1, end - 1);
	/* "f8,O" is a type with fields, for NumPy. What is no number there may hold objects: it is not read. */
	if ((digits.n && !slice_u64(digits, 1u << 30, &n)) || (unit != SLICE_NPOS && slice_chr(t, ']', 0) != t.n - 1))
		return false;
	l->out->objects |= kind == 'O';
	l->texts++;
	l->size = kind == 'U' ? 4 * n : n;
	return kind && strchr("?bBhHiIlLqQefdgFDGSUVOmMuca", kind) != NULL;
}

/* The value of descr: a type, or a list of (name, type) and (name, type, shape), where a type may again be a list. */
static bool descr(struct literal *l, unsigned depth)
{
	struct slice t;
	uint64_t n;
	if (text(l, &t)) {
		l->plain = depth == 0;
		return note_type(l, t);
	}
	if (depth > DEPTH_MAX || !take(l, '['))
		return false;
	while (!take(l, ']')) {
		if (!take(l, '('))
			return false;
		/* The name may be a pair of title and name. */
		if (take(l, '(')) {
			if (!text(l, &t) || !take(l, ',') || !text(l, &t) || !take(l, ')'))
				return false;
		} else if (!text(l, &t)) {
			return false;
		}
		if (!take(l, ',') || !descr(l, depth + 1))
			return false;
		if (take(l, ',') && take(l, '(')) {
			while (number(l, &n) && take(l, ','))
				;
			if (!take(l, ')'))
				return false;
		}
		if (!take(l, ')'))
			return false;
		(void)take(l, ',');
	}
	l->plain = false;
	return true;
}

static bool shape(struct literal *l)
{
	uint64_t n;
	if (!take(l, '('))
		return false;
	l->items = 1;
	while (!take(l, ')')) {
		if (!number(l, &n))
			return false;
		l->wraps |= __builtin_mul_overflow(l->items, n, &l->items);
		(void)take(l, ',');
	}
	return true;
}

static bool word(struct literal *l)
{
	blanks(l);
	static const struct slice words[] = {SLICE_INIT("True"), SLICE_INIT("False")};
	for (size_t i = 0; i < 2; i++)
		if (slice_starts(slice_from(l->s, l->at), words[i])) {
			l->at += words[i].n;
			return true;
		}
	return false;
}

static bool literal(struct literal *l)
{
	struct slice key;
	if (!take(l, '{'))
		return false;
	while (!take(l, '}')) {
		if (!text(l, &key) || !take(l, ':'))
			return false;
		bool ok = false;
		if (slice_is(key, "descr"))
			ok = l->has_descr = descr(l, 0);
		else if (slice_is(key, "shape"))
			ok = l->has_shape = shape(l);
		else if (slice_is(key, "fortran_order"))
			ok = word(l);
		if (!ok)
			return false;
		(void)take(l, ',');
	}
	blanks(l);
	return l->at == l->s.n && l->has_descr && l->has_shape;
}

int npy_read(struct slice in, struct npy *out, const char **reason)
{
	struct npy n = {0};
	*reason = "its header is cut";
	if (!npy_is(in))
		return -EBADMSG;
	n.version = in.p[6];
	size_t at = n.version == 1 ? 10 : 12, length = in.p[8] | (size_t)in.p[9] << 8;
	if (in.n < at)
		return -EBADMSG;
	if (n.version != 1)
		length |= (size_t)in.p[10] << 16 | (size_t)in.p[11] << 24;
	if (length > in.n - at)
		return -EBADMSG;
	*reason = "its header is no literal that NumPy writes";
	if (n.version < 1 || n.version > 3 || length > HEADER_MAX)
		return -EBADMSG;
	n.header = slice_sub(in, at, length);
	n.data_at = at + length;
	struct literal l = {.s = n.header, .out = &n};
	if (!literal(&l))
		return -EBADMSG;
	*reason = "the product of its shape does not fit a number";
	if (l.wraps || (l.plain && __builtin_mul_overflow(l.items, l.size ? l.size : 1, &n.bytes)))
		return -EBADMSG;
	n.known = l.plain && l.size && !n.objects;
	*out = n;
	*reason = NULL;
	return 0;
}
