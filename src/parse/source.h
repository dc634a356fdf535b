/* source: is a text code, data or prose, going by its name, and which of its bytes are comments or strings. Knows just so much of each
 * language: comment marks and quotes. Where that goes wrong (a regular expression with a quote in it) it is right again on the next line,
 * but in strings and comments that span lines. Pure. */
#ifndef POSTERN_PARSE_SOURCE_H
#define POSTERN_PARSE_SOURCE_H

#include "base/slice.h"

enum source_kind {
	SOURCE_PROSE, /* for people: documents, and whatever is not known */
	SOURCE_DATA,  /* catalogues, settings, markup */
	SOURCE_CODE,
};
enum source_part { SOURCE_PLAIN, SOURCE_COMMENT, SOURCE_STRING };

struct source_language;
/* By the name, else by "#!" at the front. NULL: it is none whose comments are known. */
const struct source_language *source_language(const char *name, struct slice text);
/* The language's usual name, "python". */
const char *source_language_name(const struct source_language *l);
enum source_kind source_kind(const char *name, struct slice text);

struct source_lex {
	struct slice text;
	const struct source_language *language; /* may be NULL: all is plain */
	size_t at;
	enum source_part part, covered; /* of what comes next, and of what was passed last */
	size_t since;                   /* where the part began */
	/* What ends it: a quote, three of them, the close of a block comment, or the end of the line. */
	uint8_t quote;
	bool triple, block;
	bool begins[256]; /* bytes at which a comment or a string can begin */
};
struct source_lex source_lex(struct slice text, const struct source_language *l);
/* In which part is the byte at `at`? Places must not go back; all of them together cost one pass. A quote itself is of its string. */
enum source_part source_part(struct source_lex *l, size_t at);
/* From a byte in a string or a comment on, which is the next to be asked for: the first one, not before it, that can end that part; those
 * between are of it. `at` itself outside of them. May be the end of the text. */
size_t source_same(struct source_lex *l, size_t at);

#endif
