/* utf8: well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing past U+10FFFF. */
#ifndef POSTERN_BASE_UTF8_H
#define POSTERN_BASE_UTF8_H

#include "base/slice.h"

/* The length (1 to 4) of the sequence at s.p[at] (at < s.n) and its code point; 0 if it is ill-formed or cut, then *c is untouched. */
static inline size_t utf8_next(struct slice s, size_t at, uint32_t *c)
{
	const uint8_t *p = s.p + at;
	size_t left = s.n - at, n;
	uint32_t v, least;
	if (p[0] < 0x80) {
		*c = p[0];
		return 1;
	}
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	v = p[0] & (0x7fu >> n);
	least = n == 2 ? 0x80 : n == 3 ? 0x800 : 0x10000;
	if (left < n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (p[i] & 0x3fu);
	}
	if (v < least || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	*c = v;
	return n;
}

/* Writes a code point; the length. */
static inline size_t utf8_put(uint8_t to[4], uint32_t c)
{
	if (c < 0x80) {
		to[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (uint8_t)(0xc0 | c >> 6);
		to[1] = (uint8_t)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (uint8_t)(0xe0 | c >> 12);
		to[1] = (uint8_t)(0x80 | (c >> 6 & 63));
		to[2] = (uint8_t)(0x80 | (c & 63));
		return 3;
	}
	to[0] = (uint8_t)(0xf0 | c >> 18);
	to[1] = (uint8_t)(0x80 | (c >> 12 & 63));
	to[2] = (uint8_t)(0x80 | (c >> 6 & 63));
	to[3] = (uint8_t)(0x80 | (c & 63));
	return 4;
}

/* As much of a text as fits into `size` bytes (1 or more) with a NUL: whole characters, up to what is ill-formed. */
static inline void utf8_copy(char *to, size_t size, struct slice from)
{
	size_t n = 0;
	uint32_t c;
	for (size_t k; n < from.n && (k = utf8_next(from, n, &c)) > 0 && n + k < size; n += k)
		;
	if (n)
		memcpy(to, from.p, n);
	to[n] = 0;
}

#endif
