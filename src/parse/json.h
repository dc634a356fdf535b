/* json: a lossless reader of JSON (RFC 8259). Every value knows the bytes it came from; strings keep their escapes, numbers their
 * text, objects their key order and duplicate keys, because a covert channel can sit in any of them. Bytes from 0x80 up are taken as
 * they are, valid UTF-8 or not. Pure: memory comes from the caller's arena, slices are borrowed from the input. */
#ifndef POSTERN_PARSE_JSON_H
#define POSTERN_PARSE_JSON_H

#include "base/arena.h"
#include "base/buf.h"

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_type type;
	struct slice raw;    /* the bytes of the value; a string's with its quotes */
	struct slice key;    /* member of an object: its name as written, without quotes; p is NULL elsewhere */
	struct json *parent; /* NULL for the document */
	struct json *child;  /* first member or element */
	struct json *next;   /* next member or element of the same parent */
	size_t n;            /* members or elements */
};

struct json_limits {
	size_t depth; /* of arrays and objects; 0: 128 */
	size_t nodes; /* values in a document; 0: 1000000 */
};

struct json_error {
	size_t at;          /* offset of the byte that does not fit */
	const char *reason; /* static */
	bool limit;         /* a limit, or the arena, ended it: the text may be good */
};

enum json_status { JSON_OK, JSON_BAD };

/* One document and nothing else but white space around it. `limits` and `err` may be NULL. On JSON_BAD *out is untouched; running
 * out of arena or past a limit is JSON_BAD with that reason. */
[[nodiscard]] enum json_status json_parse(
        struct slice in, const struct json_limits *limits, struct arena *arena, struct json **out, struct json_error *err);
/* The document at the front of *rest, which is advanced behind it and the white space after it. For JSON lines: call until rest->n
 * is 0. */
[[nodiscard]] enum json_status json_next(
        struct slice *rest, const struct json_limits *limits, struct arena *arena, struct json **out, struct json_error *err);
/* The characters of a string or key without its quotes, escapes resolved; borrowed from `raw` if it has none, else from the arena.
 * A surrogate without its partner becomes the three bytes of its number, so that nothing is lost. p is NULL if memory is out. */
struct slice json_decode(struct slice raw, struct arena *arena);
/* The characters of a JSON_STRING. */
struct slice json_text(const struct json *v, struct arena *arena);
/* First member whose name is written so (no escapes); NULL if there is none or v is no object. */
const struct json *json_get(const struct json *v, const char *name);

/* How a document is written, apart from what it says. */
struct json_syntax {
	/* White space, each "" if there was no occasion to see it, else for example "none", "1 space", "newline + 2 a level",
	 * or several of these with commas. */
	char after_colon[96], after_comma[96], in_brackets[96], before_colon_comma[96];
	bool raw_non_ascii, escaped_non_ascii; /* characters past 0x7f as they are; as \uXXXX */
	bool lower_hex, upper_hex;             /* letters in the digits of \uXXXX */
};
void json_syntax(const struct json *doc, struct json_syntax *out);
/* Escapes in a string (without quotes) that the shortest usual form has not (\/, \u0027, \u000a, upper case hex of control
 * characters), each once, in order of appearance, separated by a space, appended; at most 32. False if there are none. \uXXXX past
 * 0x7f is counted only with `all`, for documents that write such characters now so, now as they are. */
bool json_escapes(struct slice raw, bool all, struct buf *out);

#endif
