/* feature: from the raw bytes of traces to addresses and values that can be compared between trials.
 *
 * A feature_set takes one trace after another ("observations") and keeps, for each feature (endpoint, address), the value of every
 * observation. Literal forms of factors are replaced by placeholders before comparison, and each replacement is kept as an echo; what looks
 * like a placeholder in the message itself becomes {=hostname}.
 * Arrays, lines of text and repeated messages are aligned to slots by role, name and content, never by index. */
#ifndef POSTERN_VET_FEATURE_H
#define POSTERN_VET_FEATURE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* A literal of a factor in one trial. */
struct feature_literal {
	unsigned factor; /* index in the factor table */
	struct slice value;
	const char *name; /* of the factor, for the placeholder: {name}; outlives the call only as long as the call */
};

/* The factor's value was found in a message, under a transform. */
struct feature_echo {
	unsigned observation;
	unsigned factor;
	uint32_t feature;      /* index of the feature it was found in */
	const char *transform; /* "as it is", "upper case", "path mangled", "URL-encoded", "JSON-escaped", "base64", "hex", … */
	bool digest;           /* a digest of the value: "sha256 hex", … */
	bool weak; /* the literal is short or an everyday word ("4", "en", "UTC"): it says something only if it follows the factor */
};

/* A quantity that is hardly ever twice the same. Its value is a decimal number (MEASURE_BITS: hexadecimal digits); no two are compared for
 * equality, only their distributions are (analysis_volatile.c, analysis_bits.c). */
enum feature_measure {
	MEASURE_NONE,   /* a value as any other */
	MEASURE_TIME,   /* microseconds */
	MEASURE_COUNT,  /* how many */
	MEASURE_SIZE,   /* bytes */
	MEASURE_RATE,   /* in 1/100000 */
	MEASURE_BITS,   /* bytes that the sender chose at random, as it says */
	MEASURE_CHOICE, /* no number: one of a few words, told already in another way where it is always the same */
	MEASURE_WORK,   /* microseconds of work, or since the start: not compared, but what others are understood by */
};

struct feature {
	const char *endpoint; /* "POST https://api.example.com/v1/messages"; gateway host shown as {gateway} */
	const char *address;  /* e.g. body.messages[user].content[text].text line "Today's date is" */
	const char *host;     /* destination name, {gateway} for the gateway */
	bool derived;         /* follows from others (content-length, a digest of the body, key order of an object whose keys changed) */
	bool structural;      /* header order, key order, white space, counts, TLS fingerprint */
	enum feature_measure measure;
	uint32_t parent; /* feature whose presence this one depends on, or UINT32_MAX */
};

/* Of a list, a text or an object whose members are in another order than where they were met first it is a feature of its own, at "ADDRESS
 * (order)": FEATURE_ORDER_SAME, or pairs of members as feature_name_below() has them, "X before Y; Z before W; and 3 more". */
#define FEATURE_ORDER         "(order)"
#define FEATURE_ORDER_SAME    "as first seen"
#define FEATURE_ORDER_BETWEEN " before "
static inline bool feature_is_order(const struct feature *f)
{
	return slice_ends(slice_str(f->address), SLICE(FEATURE_ORDER));
}
/* A message of its endpoint, "(request)" or "request 2", not a part of one. */
static inline bool feature_is_message(const struct feature *f)
{
	struct slice a = slice_str(f->address);
	return (slice_starts(a, SLICE("request")) || slice_starts(a, SLICE("(request"))) && slice_chr(a, '.', 0) == SLICE_NPOS;
}
/* What a part is called without the address of its parent; borrowed. */
static inline struct slice feature_name_below(const char *address, const char *parent)
{
	struct slice s = slice_str(address), up = slice_str(parent);
	s = slice_from(s, slice_starts(s, up) ? up.n : 0);
	return slice_trim(slice_from(s, slice_starts(s, SLICE("."))));
}

struct feature_set;

[[nodiscard]] int feature_set_new(struct feature_set **out);
void feature_set_free(struct feature_set *s);
/* Adds the trace of one trial. literals: of all factors in that trial. gateway: name or NULL. Returns the observation's index, or a
 * negative errno. A broken trace gives -EBADMSG, and nothing is added. */
[[nodiscard]] int feature_set_add(struct feature_set *s, struct slice trace, const struct feature_literal *literals, size_t n_literals,
        const char *gateway, struct err *err);
size_t feature_count(const struct feature_set *s);
const struct feature *feature_at(const struct feature_set *s, uint32_t i);
/* The value of feature i in observation o: with literals replaced by placeholders like {hostname}; p is NULL if the feature was
 * absent there. Borrowed from the set. */
struct slice feature_value(const struct feature_set *s, uint32_t i, unsigned observation);
/* All echoes, ordered by observation. */
const struct feature_echo *feature_echoes(const struct feature_set *s, size_t *n);
/* How much found no place, because a maximum was reached: 0, or a fact that the reader must know. */
size_t feature_lost(const struct feature_set *s);
/* The form of a value without what is random in it, appended: uuid, hex runs of 8 and more, runs of digits, base64-like random tokens
 * of 16 and more, and times of day become symbols of their class and length (<uuid>, <hex:32>, <9:4>); every other byte is kept. Two
 * dates that are written with different separators have different shapes. */
void feature_shape(struct slice value, struct buf *out);
/* What its symbols of 16 bytes and more stand for (uuid, hex, token), in order, the first max of them; borrowed. Returns how many there
 * are. */
size_t feature_tokens(struct slice value, struct slice *out, size_t max);

#endif
