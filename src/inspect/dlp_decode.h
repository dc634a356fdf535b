/* dlp_decode: the encodings under which secrets are looked for. Decoders are lenient: they take what decodes, and say for every byte which
 * bytes of the source it came from. Pure, no allocation. */
#ifndef POSTERN_INSPECT_DLP_DECODE_H
#define POSTERN_INSPECT_DLP_DECODE_H

#include "inspect/dlp.h"

/* How to read source[from, to). */
struct dlp_reading {
	enum dlp_decoding how; /* BASE64, HEX, PERCENT, ESCAPE, ENTITY, QUOTED; REVERSE and ROT13 alone */
	bool backwards, rot13; /* of the source, before that */
	bool open;             /* INFLATE: the stream does not end in the source */
	size_t from, to;
};

/* Where decoded bytes came from: byte i from source[begin[i], end[i]). */
struct dlp_map {
	uint32_t *begin, *end;
};

/* Decodes up to `max` bytes; map may be NULL. Returns how many, *next is the first byte of the source that was not read (backwards: one
 * past the last). Ends early where the source no longer fits the encoding. */
size_t dlp_decode(struct slice source, const struct dlp_reading *r, uint8_t *out, size_t max, const struct dlp_map *map, size_t *next);

/* A run of letters and digits as base64 and hex have them, with line breaks (escaped or not) in it. Up to four ways to read it that give
 * text, or a compressed stream; 0 if it is most likely something else. */
#define DLP_WAYS 4
size_t dlp_readings(struct slice source, size_t from, size_t to, struct dlp_reading ways[DLP_WAYS]);
/* Whether most of it is text: 8 of 9 bytes. */
bool dlp_text(struct slice s);

/* The next run of at least DLP_RUN characters of base64 (both alphabets) or hex that begins in [at, stop): false if there is none.
 * *to is its end, line breaks included, `=` at the end excluded. */
#define DLP_RUN 24
bool dlp_next_run(struct slice s, size_t at, size_t stop, size_t *from, size_t *to);
/* The next stretch of hex digits in pairs with one or two separators between them (space , : - \n 0x), at least 12 pairs. */
bool dlp_next_pairs(struct slice s, size_t at, size_t stop, size_t *from, size_t *to);
/* Where the run that `at` stands in began, at most so many bytes before. */
size_t dlp_run_begin(struct slice s, size_t at, size_t most);
/* Length of an escape of that kind at `at`; 0 if there is none. */
size_t dlp_escape(struct slice s, enum dlp_decoding how, size_t at);
/* Length of a line break at `at`, LF, CR LF or their escaped forms, with the blanks behind it; 0 if there is none. */
size_t dlp_line_break(struct slice s, size_t at);

#endif
