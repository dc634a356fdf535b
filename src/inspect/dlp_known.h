/* dlp_known: values that are known byte for byte, found whole or in pieces. All substrings of four bytes are in a bitmap, all of eight in a
 * table; every fifth position of the text is looked up, because each piece of eight bytes holds one of those. */
#ifndef POSTERN_INSPECT_DLP_KNOWN_H
#define POSTERN_INSPECT_DLP_KNOWN_H

#include "base/slice.h"

struct dlp_value;
struct known_gram {
	uint64_t bytes;
	uint32_t value; /* 1 and up; 0: empty */
	uint32_t at;
};

struct dlp_known {
	struct known_value {
		struct slice value;
		char *label;
		uint8_t class;
		uint8_t *copy;
	} * values;
	size_t n;
	uint64_t *bits;
	struct known_gram *grams;
	size_t mask; /* slots - 1 */
};

#define KNOWN_BITS 18

[[nodiscard]] int dlp_known_make(struct dlp_known *k, const struct dlp_value *values, size_t n);
void dlp_known_free(struct dlp_known *k);

/* A place where text and a value are the same. */
struct known_match {
	uint32_t value;
	size_t from, to; /* text */
	size_t at;       /* value */
};
/* The next one that touches [*at, stop); *at is moved behind it. */
bool dlp_known_next(const struct dlp_known *k, struct slice text, size_t *at, size_t stop, struct known_match *out);

struct dlp_history;
/* The history counts messages. */
void dlp_history_message(struct dlp_history *h);
/* A piece went out. True if what went out by now is most of the value: then it is forgotten again. */
bool dlp_history_piece(struct dlp_history *h, uint32_t value, size_t length, size_t at, size_t n);
size_t dlp_history_size(void);

/* The beginning of a secret of a known format, that stopped short of its length. */
#define PARTIALS         8
#define PARTIAL_TEXT     160
#define PARTIAL_MESSAGES 6 /* how far the second half may be: a request is up to three of them */
struct partial {
	uint32_t pattern, message;
	uint64_t end; /* in that message */
	uint16_t n;   /* bytes of text; 0: unused */
	uint8_t text[PARTIAL_TEXT];
};
void dlp_history_begin(struct dlp_history *h, uint32_t pattern, uint64_t end, struct slice text);
/* All of them, PARTIALS; *message is the number of this message. Those of more than PARTIAL_MESSAGES ago are emptied. */
const struct partial *dlp_history_partials(struct dlp_history *h, uint32_t *message);

#endif
