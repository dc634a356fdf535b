/* jinja: what a template of Jinja (3.1, jinja.palletsprojects.com) reaches for, by its structure: attributes, items, calls, filters, tags.
 * Chat templates of models are such programs. Pure; judging is the caller's. */
#ifndef POSTERN_PARSE_JINJA_H
#define POSTERN_PARSE_JINJA_H

#include "base/arena.h"

enum jinja_what {
	JINJA_ATTRIBUTE, /* x.text, x["text"]; `called`: x.text(…) */
	JINJA_COMPUTED, /* x[a ~ b]: an item whose name is put together, or escaped in a way that is not read; `called`: x[a](…), f()(…) */
	JINJA_NAME,     /* text as a variable; `called`: text(…) */
	JINJA_FILTER,  /* x|text */
	JINJA_TAG,     /* {% text … %} */
	JINJA_STRING,  /* a literal, escapes resolved, neighbours joined */
	JINJA_DEFINES, /* {% set text = … %}, {% for text in … %}, a parameter; `called`: {% macro text(…) %} */
};
struct jinja_event {
	enum jinja_what what;
	struct slice text;
	bool called;
	size_t at; /* in the template */
};

struct jinja_result {
	bool tags;          /* there is an expression or a tag at all */
	const char *reason; /* static: it was not understood from `at` on; NULL: all was */
	size_t at;
	size_t tokens;
};

/* At most `tokens` tokens. The arena is for strings that have to be put together. fn may be NULL. */
void jinja_read(struct slice in, size_t tokens, struct arena *arena, void (*fn)(void *arg, const struct jinja_event *e), void *arg,
        struct jinja_result *out);

#endif
