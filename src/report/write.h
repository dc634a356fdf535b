/* write: what the report writers share. Every string of a model is hostile: it came from a tool or the network. These helpers put
 * it into a terminal, a JSON string or an HTML page so that it can neither act there nor hide there. They know no locale. */
#ifndef POSTERN_REPORT_WRITE_H
#define POSTERN_REPORT_WRITE_H

#include "base/buf.h"
#include "vet/model.h"

/* The next code point of UTF-8 at *at (*at < s.n), which moves on by 1 to 4 bytes. A byte that does not belong there (RFC 3629: stray,
 * overlong, surrogate, past U+10FFFF) is returned alone as WRITE_BAD + byte. */
#define WRITE_BAD 0x110000u
uint32_t write_next(struct slice s, size_t *at);
/* Appends a code point as UTF-8; U+FFFD for what is none. */
void write_utf8(struct buf *b, uint32_t c);
/* Would a reader not see it, or would it act on what is around it? Controls, format and bidirectional characters, blanks other than
 * the space, variation selectors, tags, private use, noncharacters. */
bool write_hidden(uint32_t c);
/* Columns of a terminal that write_visible() needs for s. */
size_t write_columns(struct slice s);
/* The longest part of s, from its front or from its end, that needs at most `columns`; whole code points. */
struct slice write_fit(struct slice s, size_t columns, bool from_end);

/* Words of s from column `indent` on, where the pen is, in lines of at most `width` columns where the words are that short; the lines after
 * the first are indented. Ends the line, with an ellipsis if `cut`. As write_visible(). */
void write_wrapped(struct buf *b, size_t indent, size_t width, struct slice s, bool cut);
/* For a terminal: hidden ones as ‹U+200B›, bytes that are no UTF-8 as ‹0xFF›. */
void write_visible(struct buf *b, struct slice s);
/* A JSON string with its quotes (RFC 8259), or null if s is NULL. Hidden characters and '<' are escaped too, so that the file is
 * harmless in a terminal and in a page. */
void write_json(struct buf *b, const char *s);
/* HTML text: markup is escaped, hidden ones become <span class=h>U+200B</span>. */
void write_html(struct buf *b, struct slice s);
/* The same for the value of a quoted attribute or the text of an SVG: ‹U+200B›. */
void write_html_plain(struct buf *b, struct slice s);
/* With at most `decimals` digits after a point; "null" if it is not finite. */
void write_number(struct buf *b, double v, int decimals);
/* A probability: 0.012, 6.1e-06. */
void write_probability(struct buf *b, double v);
/* "980 B", "12.5 kB", "3.1 MB" (powers of 1000). */
void write_bytes(struct buf *b, uint64_t n);

/* Text in three parts: before, in and after the differing span. The span is clamped and widened to whole code points. */
struct write_parts {
	struct slice pre, mid, post;
};
struct write_parts write_parts(const char *s, size_t at, size_t n);

/* How often each class occurs, and what that means together. */
struct write_summary {
	size_t count[CLASS_END];
	size_t undeclared_hosts;
};
struct write_summary write_summary(const struct vet_result *r);
/* The title of a factor ("time zone"), or its name if the result has no row for it. */
const char *write_factor_title(const struct vet_result *r, const char *name);
/* Titles of the factors with findings of a class, each once, raw (not escaped), with ", " between and `last` before the last. */
void write_factor_list(struct buf *b, const struct vet_result *r, enum leak_class class, const char *last);
/* The host in an endpoint: "POST https://a.example/x", "WS a.example/x" and "TLS a.example" give a.example; an endpoint without one is
 * given whole. */
struct slice write_endpoint_host(const char *endpoint);
/* "official,gateway" as "official, gateway" (raw). */
void write_bases(struct buf *b, const char *bases);
/* The worst class that occurs, CLASS_NONE if there is no finding. */
enum leak_class write_worst(const struct write_summary *s);
/* "" for 1, "s" otherwise. */
const char *write_s(size_t n);

#endif
