/* codepoint: UTF-8 and names of code points, for showing where two texts differ. Pure. */
#ifndef POSTERN_VET_CODEPOINT_H
#define POSTERN_VET_CODEPOINT_H

#include "base/buf.h"

/* Reads one code point at the front of s (RFC 3629: no overlong forms, no surrogates). Returns its length in bytes, 0 if s is empty.
 * A byte that fits nothing has length 1 and *cp = CODEPOINT_BYTE + byte. */
#define CODEPOINT_BYTE 0x80000000u
size_t codepoint_next(struct slice s, uint32_t *cp);
/* Its name in the Unicode Character Database, "CJK UNIFIED IDEOGRAPH-4E00" and the like where names follow a rule, "LINE FEED" and
 * the like for controls, "BYTE 0xFF" for a byte that is no UTF-8, else "U+1F600". Written to out with a NUL, cut to n. */
void codepoint_name(uint32_t cp, char *out, size_t n);
/* Is there nothing to see: controls, format characters, fillers, variation selectors, tags? */
bool codepoint_invisible(uint32_t cp);
/* Appends s as UTF-8 that a person can read: bytes that are no UTF-8 become \xHH. */
void codepoint_clean(struct buf *out, struct slice s);

/* The smallest part in which a and b differ, by common prefix and suffix of whole code points. */
struct codepoint_span {
	size_t a_at, a_n; /* byte offset and length in a */
	size_t b_at, b_n;
};
struct codepoint_span codepoint_diff(struct slice a, struct slice b);

#endif
