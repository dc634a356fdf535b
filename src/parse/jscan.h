/* jscan: reads JSON (RFC 8259) in place, without a tree: a value is the slice of its own text, and looking something up scans
 * over it. For large documents of which little is wanted, in constant memory. Pure. */
#ifndef POSTERN_PARSE_JSCAN_H
#define POSTERN_PARSE_JSCAN_H

#include "base/arena.h"

#define JSCAN_DEPTH 128

/* The one value that `text` holds, without the blanks around it. False if the text is no JSON, or is nested deeper than
 * JSCAN_DEPTH. Everything below wants a value that came from here, or from another function here; on other bytes the answers
 * are meaningless, but no byte outside of the slice is read. */
[[nodiscard]] bool jscan_root(struct slice text, struct slice *value);

static inline bool jscan_is(struct slice value, char first)
{
	return value.n && value.p[0] == (uint8_t)first;
}

/* Walks the members of an object or the elements of an array, in the order of the text; anything else has none.
 * for (struct jscan_iter i = jscan_iter(v); jscan_next(&i);) … i.key (quoted, as written; empty in an array), i.value */
struct jscan_iter {
	struct slice rest;
	bool object;
	struct slice key, value;
};
struct jscan_iter jscan_iter(struct slice value);
bool jscan_next(struct jscan_iter *i);

/* The last member of that name, as JSON.parse has it; false if `object` is none, or has none. */
bool jscan_get(struct slice object, struct slice name, struct slice *value);
/* A string's text, decoded to UTF-8 (a lone surrogate becomes U+FFFD) and NUL-terminated, in the arena. NULL if it is no
 * string, holds U+0000, or memory is out. */
const char *jscan_str(struct slice value, struct arena *a);
/* Whether a string's text is `s`. */
bool jscan_eq(struct slice value, struct slice s);

#endif
