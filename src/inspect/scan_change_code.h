/* scan_change_code: source code of a change as tokens with its brackets and functions, for the parts of scan_change that read it. Pure. */
#ifndef POSTERN_INSPECT_SCAN_CHANGE_CODE_H
#define POSTERN_INSPECT_SCAN_CHANGE_CODE_H

#include "inspect/scan_change.h"
#include "inspect/scan_part.h"
#include "parse/tokens.h"

/* One function, by its tokens. What has no name of its own is called by what it is given to: app.get("/x", (…) => …). */
struct change_function {
	struct slice name, of; /* the last part of its name; the text beside it in the call that it is given to, or empty */
	size_t at;             /* its name's token */
	size_t head;           /* first token that belongs to it: what is written above it */
	size_t body, end;      /* first token of its body, and the one behind its last */
};
struct change_code {
	struct change_facts *f;
	const struct token *t;
	size_t n;
	const char *language;
	const uint32_t *close;            /* of each opening bracket, its other one; of a closing one, the opening one; else 0 */
	struct change_function *function; /* in the order in which they begin */
	size_t functions;
};

static inline bool change_word(const struct change_code *c, size_t i, const char *word)
{
	return i < c->n && c->t[i].kind == TOKEN_NAME && slice_is(c->t[i].text, word);
}
static inline bool change_sign(const struct change_code *c, size_t i, uint8_t sign)
{
	return i < c->n && c->t[i].kind == TOKEN_SIGN && c->t[i].sign == sign;
}
/* A word of change_words(). */
static inline bool change_one_of(const char *word, const char *const *words)
{
	return scan_one_of(slice_str(word), words);
}
static inline bool change_in(const struct change_code *c, const char *language)
{
	return slice_is(slice_str(c->language), language);
}
/* Where token `i` is in the text. */
static inline size_t change_place(const struct change_code *c, size_t i)
{
	return (size_t)(c->t[i].text.p - c->f->text.p);
}
/* "b" of "a.b", "A::b", "a?.b". */
struct slice change_last_part(struct slice name);
/* The words of a name, "resetToken", "RESET_TOKEN": small letters in `word`, at most `max` of them, each cut at CHANGE_WORD bytes. Returns
 * how many; of longer names the last ones are left out. */
#define CHANGE_WORD  20u
#define CHANGE_WORDS 8u
size_t change_words(struct slice name, char word[][CHANGE_WORD], size_t max);

/* scan_change_function.c: pairs brackets and finds functions; in `arena`. False: no memory. */
bool change_functions(struct change_code *c, struct arena *arena);
/* The innermost one that token `i` is in; NULL: none. */
const struct change_function *change_function_of(const struct change_code *c, size_t i);

/* Where the row of tokens ends that begins at `i`, as those of WEAK in scan_change_table.h; 0: none does. */
size_t change_row(const struct token *t, size_t n, size_t i, struct slice words);

/* scan_change_weak.c: randomness, ciphers, digests and keys that are too weak for what they are for; secrets that are compared with a
 * text. */
void change_weak(struct change_code *c);

/* scan_change_guard.c: notes in c->f which checks each function has, and what it consists of. Nothing, if there is no memory. */
void change_guards(struct change_code *c);

#endif
