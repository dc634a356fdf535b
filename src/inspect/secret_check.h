/* secret_check: what a pattern cannot say: checksums, decoded structure, and whether a value looks random or made up. Pure; no allocation.
 */
#ifndef POSTERN_INSPECT_SECRET_CHECK_H
#define POSTERN_INSPECT_SECRET_CHECK_H

#include "inspect/secret_image.h"

struct secret_candidate {
	struct slice text;  /* what may be looked at */
	size_t from, to;    /* the match; a check may move both to what is secret */
	bool quoted;        /* the value stands in quotes */
	bool cut;           /* set by a check: it goes on past the text */
	uint8_t confidence; /* the rule's; a check may change it */
	unsigned entropy;   /* the rule's least, tenths of a bit */
};

/* False: it is none. */
[[nodiscard]] bool secret_check(enum image_check check, struct secret_candidate *c);
/* Bits a byte (Shannon) of at most 256 bytes of it. */
double secret_entropy(struct slice s);
/* Example, placeholder, sequence, repetition. */
bool secret_made_up(struct slice s);
/* The share (0 to 100) of neighbouring letters that are common in English and in identifiers; 0 if there are fewer than `least` pairs.
 * Random letters: about 29; words: about 90. */
unsigned secret_wordy(struct slice s, unsigned least);
/* All its letters are hex digits, and there are enough digits among them. */
bool secret_hex(struct slice s);
/* Whether a value can begin at `at`, seen from what stands before: no letter, digit or _ (the end of an escape such as \n or %3D is none).
 */
bool secret_left_edge(struct slice text, size_t at);
/* From behind a key word to the value that is assigned to it there; false if there is none. */
[[nodiscard]] bool secret_assigned(struct slice text, size_t at, size_t *value, bool *quoted);

#endif
