/* fingerprint_scan: looks for the fingerprints of an index in a text that comes in pieces. */
#ifndef POSTERN_INSPECT_FINGERPRINT_SCAN_H
#define POSTERN_INSPECT_FINGERPRINT_SCAN_H

#include "inspect/fingerprint.h"

/* An index, open: borrowed from its bytes, but for the filter. */
struct fingerprint_set {
	const uint32_t *directory; /* buckets + 1 */
	const uint32_t *rest;      /* 32 bits of each hash, sorted in its bucket */
	const uint8_t *files;      /* three bytes each */
	const uint32_t *labels;    /* offsets into names, one more than files */
	const char *names;
	size_t n, n_files;
	unsigned bits;    /* of a hash that choose the bucket */
	uint64_t *filter; /* one bit in about eight is set */
	unsigned filter_bits;
};
/* 0, -EINVAL, -ENOMEM. */
[[nodiscard]] int fingerprint_open(struct slice index, struct fingerprint_set *out);
void fingerprint_close(struct fingerprint_set *s);

/* The normal form, as it comes: letters and digits in lower case. */
struct fingerprint_norm {
	uint8_t state;
	bool line; /* at the front of a line */
	uint32_t code, high;
	uint8_t left, n, arrow, held[8];
	uint64_t held_at[8];
};

#define FINGERPRINT_NEAR  6   /* files that are counted at a time */
#define FINGERPRINT_BLOCK 256 /* characters of normal form that are hashed at a time */
struct fingerprint_scan {
	struct fingerprint_norm norm;
	uint64_t hash, seen; /* seen: characters that were hashed */
	size_t n;            /* in the buffer; the first FINGERPRINT_K are those before */
	uint8_t c[FINGERPRINT_K + FINGERPRINT_BLOCK];
	uint64_t at[FINGERPRINT_K + FINGERPRINT_BLOCK]; /* where they came from */
	struct fingerprint_run {
		uint32_t set, file, shared;
		uint64_t from, to, last, hash; /* bytes of the text; characters of normal form; the last hash */

	} runs[FINGERPRINT_NEAR];
};
#define FINGERPRINT_SCAN ((struct fingerprint_scan){.norm = {.line = true}, .n = FINGERPRINT_K})
struct fingerprint_hit {
	const char *label;
	uint32_t shared;
	uint64_t from, to; /* bytes of the text */
};
/* `at` is the offset of the first byte; pieces follow each other. `told` is called when a run of common fingerprints ends; call with last
 * once at the end. */
void fingerprint_feed(struct fingerprint_scan *f, const struct fingerprint_set *sets, size_t n_sets, struct slice s, uint64_t at, bool last,
        void (*told)(void *arg, const struct fingerprint_hit *hit), void *arg);

#endif
