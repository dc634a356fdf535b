/* tokens: source code as a row of names, texts and signs, whatever the language; comments and line breaks inside of brackets are left out.
 * For what a parser of each language would be too much for. Pure. */
#ifndef POSTERN_PARSE_TOKENS_H
#define POSTERN_PARSE_TOKENS_H

#include "base/arena.h"
#include "parse/source.h"

enum token_kind {
	TOKEN_NAME, /* with its dots: "os.path.join"; a dot at the front belongs to something else: ".read" */
	TOKEN_TEXT, /* what is between quotes, escapes as they are */
	TOKEN_SIGN, /* one byte */
	TOKEN_END,  /* of a statement: a line's end outside of brackets, ";" */
};
struct token {
	enum token_kind kind;
	uint8_t sign;      /* of SIGN */
	unsigned depth;    /* of brackets around it */
	struct slice text; /* in the source */
};

/* At most `max` tokens: *all is false if there are more. 0, -ENOMEM. */
[[nodiscard]] int tokens_read(
        struct slice text, const struct source_language *l, size_t max, struct arena *arena, struct token **out, size_t *n, bool *all);

#endif
