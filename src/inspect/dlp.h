/* dlp: finds what must not leave, in the bytes that a tool sends: secrets of known formats, tokens that look random beside a key word,
 * values the caller knows (credentials of the person, canaries planted in the run), and text of files labelled confidential; all of these
 *as they are, and under encodings, two deep.
 *
 *	struct dlp_engine   immutable: compiled rules, known values, fingerprints. One a process; shared by any number of scans.
 *	struct dlp_work     scratch memory of one thread: decoders, matcher. One a thread; no scan runs inside another.
 *	struct dlp_history  what went to one destination before, for values that are sent in pieces. One a destination; may be NULL.
 *	struct dlp_scan     one message. Fed in any split, or whole.
 *
 * After dlp_engine_new() and dlp_work_new() nothing needs a file, a locale or a system call beyond what malloc() does for a few KiB.
 *
 *	dlp_scan_new(engine, work, history, &scan);
 *	dlp_scan_feed(scan, piece) …  dlp_scan_end(scan);
 *	for (size_t i = 0; i < dlp_scan_count(scan); i++) … dlp_scan_hit(scan, i) …
 *	dlp_scan_free(scan);
 *
 * Hits speak of the original bytes: offset and length are the smallest span that holds the encoded secret, so replacing that span removes
 *it. */
#ifndef POSTERN_INSPECT_DLP_H
#define POSTERN_INSPECT_DLP_H

#include "base/err.h"
#include "base/slice.h"

enum dlp_class {
	DLP_SECRET,      /* a known format, its structure checked */
	DLP_GENERIC,     /* looks random, and stands where a secret stands */
	DLP_CREDENTIAL,  /* a value that the caller named as one */
	DLP_CANARY,      /* a value that the caller planted */
	DLP_FINGERPRINT, /* text of a confidential file */
	DLP_CLASS_END
};
/* "secret", "generic", "credential", "canary", "fingerprint". */
const char *dlp_class_name(enum dlp_class c);

/* How the bytes were read to find it, outermost first. */
enum dlp_decoding {
	DLP_PLAIN, /* ends a chain */
	DLP_BASE64,
	DLP_HEX,
	DLP_PERCENT,
	DLP_ESCAPE,  /* \u0067, \x67, \147 and the like */
	DLP_ENTITY,  /* &#103; */
	DLP_QUOTED,  /* quoted-printable */
	DLP_INFLATE, /* gzip, zlib */
	DLP_REVERSE,
	DLP_ROT13,
	DLP_SPLIT, /* put together from pieces; the span is that of the last one */
	DLP_DECODING_END
};
const char *dlp_decoding_name(enum dlp_decoding d);

#define DLP_DEPTH  2  /* decodings on top of each other */
#define DLP_SAMPLE 48 /* bytes, NUL included */
#define DLP_HITS   64 /* hits a scan keeps; dlp_scan_more() says whether there were others */

struct dlp_hit {
	uint64_t offset, n; /* in the message as it was fed; bytes */
	enum dlp_class class;
	const char *rule; /* the rule's name ("github-token"), of a known value its label, of a file "confidential-text" */
	const char *what; /* for a person: "GitHub token", or the file's label */
	enum dlp_decoding chain[DLP_DEPTH + 2]; /* ends with DLP_PLAIN */
	uint8_t confidence;                     /* 0 to 100; 90 and up: structure or value proves it */
	bool cut;                               /* it goes on past what could be looked at together: replacing the span is not enough */
	uint32_t shared;                        /* DLP_FINGERPRINT: fingerprints in common */
	char sample[DLP_SAMPLE];                /* safe to log: "ghp_...(40)", the fixed part and the length; printable ASCII */
};

/* A value that must not leave. Shorter than 8 bytes: -EINVAL. In pieces of at least DLP_PIECE bytes it is found over several messages. */
#define DLP_PIECE      8
#define DLP_VALUE_MAX  1024 /* bytes that are compared; longer values are known by their first 1024 */
#define DLP_VALUES_MAX 4096
struct dlp_value {
	enum dlp_class class; /* DLP_CREDENTIAL or DLP_CANARY */
	struct slice label, value;
};

struct dlp_parts {
	struct slice rules; /* image of secret_compile(); may be empty; copied */
	const struct dlp_value *values;
	size_t n_values;             /* copied */
	const struct slice *indexes; /* of inspect/fingerprint.h; borrowed: they must outlive the engine */
	size_t n_indexes;
	bool no_generic; /* leave out DLP_GENERIC */
};

struct dlp_engine;
struct dlp_work;
struct dlp_history;
struct dlp_scan;

/* 0, -EINVAL (image or index is none, or made for another processor), -ENOMEM. */
[[nodiscard]] int dlp_engine_new(const struct dlp_parts *parts, struct dlp_engine **out, struct err *err);
void dlp_engine_free(struct dlp_engine *e);
/* Number of rules, for reports. */
size_t dlp_engine_rules(const struct dlp_engine *e);

/* About 1.5 MiB, all of it allocated here. 0, -ENOMEM. */
[[nodiscard]] int dlp_work_new(const struct dlp_engine *e, struct dlp_work **out);
void dlp_work_free(struct dlp_work *w);

/* Remembers pieces for `messages` messages (0: 64). At most 8 KiB. 0, -ENOMEM. */
[[nodiscard]] int dlp_history_new(const struct dlp_engine *e, unsigned messages, struct dlp_history **out);
void dlp_history_free(struct dlp_history *h);
/* From now on pieces of known values that go out by either count for both, for destinations in one hand. The two may be with two threads;
 * this and dlp_history_free() are for one. What h remembered of such pieces is forgotten. */
void dlp_history_share(struct dlp_history *h, struct dlp_history *with);

/* history may be NULL. engine, work and history must outlive the scan. 0, -ENOMEM. */
[[nodiscard]] int dlp_scan_new(const struct dlp_engine *e, struct dlp_work *w, struct dlp_history *h, struct dlp_scan **out);
/* The next bytes; nothing of them is kept but a window of 32 KiB. 0, -ENOMEM; after that the scan is of no use: treat it as a hit. */
[[nodiscard]] int dlp_scan_feed(struct dlp_scan *s, struct slice bytes);
/* The message is complete. 0, -ENOMEM. */
[[nodiscard]] int dlp_scan_end(struct dlp_scan *s);
/* A whole message at once, instead of feed and end: nothing is copied, and there is no window that a long
 * key or a compressed stream could reach past, so prefer it where the bytes are there anyway. Bytes must stay until it returns only. */
[[nodiscard]] int dlp_scan_whole(struct dlp_scan *s, struct slice message);
/* Takes the hits away, for the next message with the same history. */
void dlp_scan_reset(struct dlp_scan *s);
void dlp_scan_free(struct dlp_scan *s);

/* Bytes from the front that are decided: no hit that is still to come will touch them (fingerprints and pieces excepted). These may go out
 * while the rest is coming. All of them after dlp_scan_end(). */
uint64_t dlp_scan_safe(const struct dlp_scan *s);
/* Hits in the order of their offsets once the message is complete, overlapping ones of the same secret merged into the surest. */
size_t dlp_scan_count(const struct dlp_scan *s);
const struct dlp_hit *dlp_scan_hit(const struct dlp_scan *s, size_t i);
/* More than DLP_HITS were found, or the work that decoding may cost was used up: treat the message as suspect as a whole. */
bool dlp_scan_more(const struct dlp_scan *s);
/* Bytes that this scan holds, for accounting. */
size_t dlp_scan_memory(const struct dlp_scan *s);

#endif
