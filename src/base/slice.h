/* slice: a pointer and a length, passed by value. It owns nothing, and is not NUL-terminated. */
#ifndef POSTERN_BASE_SLICE_H
#define POSTERN_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const uint8_t *p;
	size_t n;
};

#define SLICE(lit) ((struct slice){(const uint8_t *)("" lit), sizeof(lit) - 1})
/* The same for the initialiser of a static object. */
#define SLICE_INIT(lit)                                    \
	{                                                  \
		(const uint8_t *)("" lit), sizeof(lit) - 1 \
	}
#define SLICE_NONE ((struct slice){NULL, 0})
/* For printf: printf("%.*s", SLICE_FMT(s)). Lengths are cut at INT_MAX. */
#define SLICE_FMT(s) (int)((s).n > 0x7fffffff ? 0x7fffffff : (s).n), (const char *)(s).p

static inline struct slice slice_of(const void *p, size_t n)
{
	return (struct slice){p, n};
}

/* s may be NULL: the empty slice. */
static inline struct slice slice_str(const char *s)
{
	return (struct slice){(const uint8_t *)s, s ? strlen(s) : 0};
}

/* The first bytes are compared here: they mostly differ, and a call of memcmp(3) costs ten times that. */
static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || (a.p[0] == b.p[0] && memcmp(a.p, b.p, a.n) == 0));
}

static inline bool slice_is(struct slice a, const char *s)
{
	return slice_eq(a, slice_str(s));
}

static inline bool slice_starts(struct slice a, struct slice prefix)
{
	return a.n >= prefix.n && (prefix.n == 0 || (a.p[0] == prefix.p[0] && memcmp(a.p, prefix.p, prefix.n) == 0));
}

static inline bool slice_ends(struct slice a, struct slice suffix)
{
	return a.n >= suffix.n &&
	       (suffix.n == 0 || (a.p[a.n - suffix.n] == suffix.p[0] && memcmp(a.p + a.n - suffix.n, suffix.p, suffix.n) == 0));
}

/* The part from offset `from`, at most `n` bytes; offsets past the end give the empty slice. */
static inline struct slice slice_sub(struct slice a, size_t from, size_t n)
{
	if (from > a.n)
		from = a.n;
	if (n > a.n - from)
		n = a.n - from;
	return (struct slice){a.p ? a.p + from : NULL, n};
}

static inline struct slice slice_from(struct slice a, size_t from)
{
	return slice_sub(a, from, SIZE_MAX);
}

/* The number that the bytes are, little-endian; at most eight. */
static inline uint64_t slice_le(struct slice s)
{
	uint64_t v = 0;
	for (size_t i = s.p ? s.n : 0; i > 0; i--)
		v = v << 8 | s.p[i - 1];
	return v;
}

#define SLICE_NPOS SIZE_MAX

/* Byte order: <0, 0, >0 as memcmp, a prefix sorts first. */
int slice_cmp(struct slice a, struct slice b);
/* ASCII case is ignored; no locale. */
bool slice_eq_nocase(struct slice a, struct slice b);
/* Offset of the first `c` or of `needle` at or after `from`; SLICE_NPOS if there is none. The empty needle is found at once. */
size_t slice_chr(struct slice a, uint8_t c, size_t from);
size_t slice_find(struct slice a, struct slice needle, size_t from);
/* Without ASCII blanks (space, tab, CR, LF) at both ends. */
struct slice slice_trim(struct slice a);
/* The part before the next `sep`, taken off the front of *rest together with the separator. False when *rest was used up. */
bool slice_split(struct slice *rest, uint8_t sep, struct slice *part);
/* What is behind the last "/" of a path; all of it if there is none. */
struct slice slice_base(struct slice path);
/* A decimal number of ASCII digits only, without sign; false if it is empty, has anything else, or exceeds max. */
bool slice_u64(struct slice a, uint64_t max, uint64_t *out);
/* Multiply and mix, eight bytes at a time: for hash tables of trusted size, never for security. */
uint64_t slice_hash(struct slice a);

#endif
