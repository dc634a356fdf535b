/* search: what a request says, looked through before it leaves (inspect/dlp.h), and what is replaced in it (inspect/redact.h). For the
 * gate's process: everything that needs a file or much memory is made by search_new(). */
#ifndef POSTERN_GATE_SEARCH_H
#define POSTERN_GATE_SEARCH_H

#include "base/err.h"
#include "gate/link.h"

struct search;
struct dlp_scan;

/* NULL in *out if the configuration has nothing to look for. */
[[nodiscard]] int search_new(const struct gate_config *c, struct search **out, struct err *err);
void search_free(struct search *s);

/* Looks through a whole message, with what went to its host and others of its domain before in mind (search_history()); appends the hits as
 * lines of link_hit_write(). *scan is for search_replace(), and to be freed with search_done(). 0, -ENOMEM. */
struct dlp_history;
enum search_part {
	SEARCH_BODY,
	SEARCH_HEAD, /* target and fields: nothing can be replaced there */
	SEARCH_WIDE, /* a body without its zeros: nor there */
	SEARCH_KEYS, /* fields that hold a key: only values that are known are hits */
};
/* Whose scratch memory it uses: the loop's, or that of the one other thread. Both at once only for different hosts. */
enum search_lane { SEARCH_LOOP, SEARCH_THREAD, SEARCH_LANES };
[[nodiscard]] int search_message(struct search *s, enum search_lane lane, struct dlp_history *history, struct slice message,
        enum search_part part, struct buf *hits, struct dlp_scan **scan);
/* The four are for the loop only. What is remembered of a host; NULL: nothing can be. */
struct dlp_history *search_history(struct search *s, const char *host);
/* The thread is at work for that host, or will be, as often as it is said: what is remembered of it stays in place. Only after
 * search_history() gave something. */
void search_pin(struct search *s, const char *host);
void search_unpin(struct search *s, const char *host);
bool search_pinned(const struct search *s, const char *host);
void search_done(struct dlp_scan *scan);
/* The message with those hits replaced whose numbers (from 0, in the order of the lines) are in the list "0,3". 0; -ENOSPC, -ENOMEM: it
 * must not leave. */
[[nodiscard]] int search_replace(
        struct search *s, const struct dlp_scan *scan, struct slice numbers, struct slice message, struct buf *out);

/* The message for the record: with all that was found replaced. hits: the lines that search_message() appended. False: it cannot be, and
 * must not be kept. */
bool search_clean(struct search *s, const struct dlp_scan *scan, struct slice hits, struct slice message, struct buf *out);

/* Placeholders in what comes back. NULL: nothing was ever replaced. */
struct search_back;
struct search_back *search_back_new(struct search *s);
/* What comes is JSON, or events of JSON (gate/events.h). 0, -ENOMEM. */
[[nodiscard]] int search_back_json(struct search_back *b, bool events);
/* Appends what can be told. last: no more comes. */
[[nodiscard]] int search_back_feed(struct search_back *b, struct slice in, bool last, struct buf *out);
void search_back_free(struct search_back *b);

#endif
