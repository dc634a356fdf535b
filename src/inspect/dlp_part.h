/* dlp_part: what the files of the scanner share. */
#ifndef POSTERN_INSPECT_DLP_PART_H
#define POSTERN_INSPECT_DLP_PART_H

#include <zlib.h>

#include "inspect/dlp.h"
#include "inspect/dlp_decode.h"
#include "inspect/dlp_known.h"
#include "inspect/fingerprint_scan.h"
#include "sys/matcher.h"
#include "inspect/secret_image.h"

#define DLP_OUT    65520u /* bytes decoded at a time, a multiple of 3 */
#define DLP_SIDE   (IMAGE_REACH + 512u)
#define DLP_BACK   4096u /* bytes in front that a window keeps */
#define DLP_LOOK   8192u /* bytes behind that it wants before it decides */
#define DLP_WINDOW 32768u

struct dlp_engine {
	uint8_t *copy; /* of the image */
	struct image image;
	bool has_rules, no_generic;
	hs_database_t *database;
	struct dlp_known known;
	struct fingerprint_set *sets;
	size_t n_sets;
};

struct dlp_work {
	hs_scratch_t *scratch[DLP_DEPTH + 1];
	uint8_t *out[DLP_DEPTH + 1]; /* DLP_OUT each; [0] is not used */
	struct dlp_map map[DLP_DEPTH + 1];
	uint8_t *side[DLP_DEPTH + 1]; /* DLP_SIDE each */
	z_stream inflate[DLP_DEPTH];
	void *pool; /* of zlib */
	size_t pool_used;
};

/* Bytes in which is searched: the message, or what was decoded from another level. */
struct level {
	struct level *up; /* NULL: the message */
	struct slice s;
	uint64_t base;              /* of the message: where s begins */
	struct dlp_reading reading; /* from up->s */
	bool whole;                 /* inflated: only [reading.from, reading.to) is known */
	bool mapped, side;
	bool last; /* nothing comes behind it */
	unsigned depth;
	size_t escaped[4], inflated; /* what was read already, by enum image_escape */
};

struct dlp_scan {
	const struct dlp_engine *engine;
	struct dlp_work *work;
	struct dlp_history *history, *own; /* own: made when there was none and a piece was found */
	uint8_t *window;
	size_t n, from; /* of the window: bytes; the first one not searched */
	uint64_t base, safe, fed, spent;
	struct dlp_hit *hits;
	size_t n_hits;
	bool more, sorted;
	struct fingerprint_scan prints;
};

struct found {
	size_t from, to; /* in the level */
	uint64_t early;  /* it begins so many bytes before the level does */
	enum dlp_class class;
	const char *rule, *what;
	uint8_t confidence;
	bool cut, split;
	uint32_t shared;
	struct slice shown; /* may be shown in the sample */
	size_t length;      /* for the sample */
};
/* Takes a hit, in terms of its level. */
void dlp_found(struct dlp_scan *s, struct level *l, const struct found *f);
/* The search of [from, to) of a level; bytes around it may be looked at. 0, -ENOMEM. */
int dlp_search(struct dlp_scan *s, struct level *l, size_t from, size_t to);
/* One literal of the image at [start, end) of a level. */
void dlp_literal(struct dlp_scan *s, struct level *l, const struct image_use *u, size_t start, size_t end);
/* A pattern without a fixed part at `at`. */
void dlp_run_patterns(struct dlp_scan *s, struct level *l, size_t at);

#endif
