/* canon_json: one form for JSON that says the same: no white space, members in the order of their names' code points, the shortest escapes,
 * numbers in one way of writing. Unlike RFC 8785 it never changes a number's value, however long it is (0.10 becomes 0.1, 1E3 1000;
 * 123456789012345678901234567890 stays), and takes what RFC 8785 refuses: of members with the same name the last stays, as readers have it;
 * a lone surrogate stays escaped. What strings say, and which arrays are sets, is the caller's. Pure. */
#ifndef POSTERN_PARSE_CANON_JSON_H
#define POSTERN_PARSE_CANON_JSON_H

#include "parse/json.h"

struct canon_json_calls {
	/* The text of a string value, decoded; what is to stand in its place is appended to `out`. False: it stays. May be NULL. */
	bool (*string)(void *arg, const struct json *v, struct slice text, struct buf *out);
	/* An array whose order means nothing: its elements are put in order. May be NULL. */
	bool (*set)(void *arg, const struct json *array);
};

/* Appends a document. 0; -ENOMEM: scratch is full; -ENOBUFS and the like: out is. Scratch: the strings of the document, and one pointer a
 * member. `calls` may be NULL. */
[[nodiscard]] int canon_json(
        const struct json *doc, const struct canon_json_calls *calls, void *arg, struct arena *scratch, struct buf *out);
/* A number of RFC 8259, appended. */
void canon_number(struct slice text, struct buf *out);
/* A string with its quotes, appended; `text` as from json_text(). */
void canon_string(struct slice text, struct buf *out);

#endif
