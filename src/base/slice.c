#include "base/slice.h"

int slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int r = n ? memcmp(a.p, b.p, n) : 0;
	if (r)
		return r;
	return (a.n > b.n) - (a.n < b.n);
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool slice_eq_nocase(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

size_t slice_chr(struct slice a, uint8_t c, size_t from)
{
	if (from >= a.n)
		return SLICE_NPOS;
	const uint8_t *hit = memchr(a.p + from, c, a.n - from);
	return hit ? (size_t)(hit - a.p) : SLICE_NPOS;
}

size_t slice_find(struct slice a, struct slice needle, size_t from)
{
	if (from > a.n)
		return SLICE_NPOS;
	if (needle.n == 0)
		return from;
	if (needle.n > a.n - from) /* also the empty slice, whose pointer may be NULL */
		return SLICE_NPOS;
	const uint8_t *hit = memmem(a.p + from, a.n - from, needle.p, needle.n);
	return hit ? (size_t)(hit - a.p) : SLICE_NPOS;
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice a)
{
	while (a.n && blank(a.p[0])) {
		a.p++;
		a.n--;
	}
	while (a.n && blank(a.p[a.n - 1]))
		a.n--;
	return a;
}

bool slice_split(struct slice *rest, uint8_t sep, struct slice *part)
{
	if (!rest->p)
		return false;
	size_t at = slice_chr(*rest, sep, 0);
	if (at == SLICE_NPOS) {
		*part = *rest;
		*rest = SLICE_NONE;
	} else {
		*part = slice_sub(*rest, 0, at);
		*rest = slice_from(*rest, at + 1);
	}
	return true;
}

struct slice slice_base(struct slice path)
{
	size_t at = path.n;
	while (at && path.p[at - 1] != '/')
		at--;
	return slice_from(path, at);
}

bool slice_u64(struct slice a, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	if (a.n == 0)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		if (a.p[i] < '0' || a.p[i] > '9')
			return false;
		uint64_t d = a.p[i] - (uint64_t)'0';
		if (v > (max - d) / 10 || d > max)
			return false;
		v = v * 10 + d;
	}
	*out = v;
	return true;
}

uint64_t slice_hash(struct slice a)
{
	uint64_t h = 0xcbf29ce484222325u ^ a.n, v;
	size_t i = 0;
	for (; i + sizeof(v) <= a.n; i += sizeof(v)) {
		memcpy(&v, a.p + i, sizeof(v));
		h = (h ^ v) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	for (; i < a.n; i++)
		h = (h ^ a.p[i]) * 0x100000001b3u;
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93u;
	return h ^ (h >> 32);
}
