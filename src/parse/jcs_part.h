/* jcs_part: what jcs.c and jcs_number.c share. Not for use outside of them. */
#ifndef POSTERN_PARSE_JCS_PART_H
#define POSTERN_PARSE_JCS_PART_H

#include "base/arena.h"

#define JCS_NUMBER_MAX 32

/* A number as it is written: 0.d1d2…dk × 10^n. */
struct jcs_decimal {
	bool negative;
	bool more;         /* it has more significant digits than could be kept */
	unsigned k;        /* significant digits, without zeros at either end; 0: the number is zero */
	int n;             /* within ±100000, beyond it is cut */
	uint8_t digit[17]; /* '0' to '9' */
};

/* Reads a number of RFC 8259 from the front of s: its length, 0 if there is none. */
size_t jcs_number_scan(struct slice s, struct jcs_decimal *out);
/* Its canonical form, of *n bytes. `text` are the bytes that were scanned. 0; -ERANGE: it is no finite double; -ENOMEM: it is too long for
 * the stack, and scratch is NULL or full. */
[[nodiscard]] int jcs_number_text(
        const struct jcs_decimal *d, struct slice text, struct arena *scratch, char out[JCS_NUMBER_MAX], size_t *n);

#endif
