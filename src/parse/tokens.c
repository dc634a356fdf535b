#include "parse/tokens.h"

#include <errno.h>

#include "base/buf.h"

#define BRACES_MAX 256u

static bool is_name(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' || c >= 0x80;
}

/* "a.b", "a?.b", "A::b" */
static size_t name_end(struct slice t, size_t at)
{
	while (at < t.n) {
		if (is_name(t.p[at]))
			at++;
		else if (t.p[at] == '.' && at + 1 < t.n && is_name(t.p[at + 1]))
			at += 2;
		else if (t.p[at] == '?' && at + 2 < t.n && t.p[at + 1] == '.' && is_name(t.p[at + 2]))
			at += 3;
		else if (t.p[at] == ':' && at + 2 < t.n && t.p[at + 1] == ':' && is_name(t.p[at + 2]))
			at += 3;
		else
			break;
	}
	return at;
}

struct reader {
	struct slice t;
	struct source_lex lex;
	struct token *token;
	size_t n, max;
	unsigned depth;
	/* Of each "{" that is open: is it a value, in which lines go on? */
	bool braces_all; /* in Python each one is */
	unsigned open;
	bool value[BRACES_MAX];
};

static void put(struct reader *r, enum token_kind kind, uint8_t sign, size_t at, size_t n)
{
	if (r->n < r->max)
		r->token[r->n] = (struct token){.kind = kind, .sign = sign, .depth = r->depth, .text = slice_sub(r->t, at, n)};
	r->n++;
}

/* A comment or a string: up to behind what ends it. */
static size_t skip_part(struct reader *r, size_t at, enum source_part part)
{
	size_t end = at + 1;
	for (; end < r->t.n; end++) {
		/* To what can end it in one step. */
		size_t same = source_same(&r->lex, end);
		end = same < r->t.n ? same : r->t.n - 1;
		if (source_part(&r->lex, end) != part)
			break;
		/* It ended with this byte, or these. */
		if (r->lex.since > at)
			return r->lex.at;
	}
	return end;
}

static size_t text(struct reader *r, size_t at)
{
	bool triple = r->lex.triple;
	size_t quotes = triple ? 3 : 1, end = skip_part(r, at, SOURCE_STRING);
	size_t inner = end - at > 2 * quotes ? end - at - 2 * quotes : 0;
	put(r, TOKEN_TEXT, r->t.p[at], at + quotes, inner);
	return end;
}

/* Behind "=", "(", ",", ":" or "return" it is a value, elsewhere a block. */
static bool begins_value(const struct reader *r)
{
	if (r->braces_all || r->n == 0 || r->n > r->max)
		return r->braces_all;
	const struct token *t = &r->token[r->n - 1];
	return t->kind == TOKEN_SIGN ? t->sign && strchr("=(,:[", t->sign) != NULL : t->kind == TOKEN_NAME && slice_is(t->text, "return");
}

static void brace(struct reader *r, uint8_t c, size_t at)
{
	if (c == '{') {
		bool value = begins_value(r);
		put(r, TOKEN_SIGN, c, at, 1);
		if (r->open < BRACES_MAX)
			r->value[r->open] = value;
		r->open++;
		r->depth += value && r->open <= BRACES_MAX;
		return;
	}
	r->open -= r->open > 0;
	if (r->open < BRACES_MAX && r->value[r->open] && r->depth)
		r->depth--;
	if (r->open < BRACES_MAX)
		r->value[r->open] = false;
	put(r, TOKEN_SIGN, c, at, 1);
}

static size_t sign(struct reader *r, size_t at)
{
	uint8_t c = r->t.p[at];
	if (c == '{' || c == '}') {
		brace(r, c, at);
		return at + 1;
	}
	if (c == '\n' || c == ';') {
		if (r->depth == 0 || c == ';')
			put(r, TOKEN_END, c, at, 1);
	} else if (c == '(' || c == '[') {
		put(r, TOKEN_SIGN, c, at, 1);
		r->depth++;
	} else if (c == ')' || c == ']') {
		r->depth -= r->depth > 0;
		put(r, TOKEN_SIGN, c, at, 1);
	} else if (c != ' ' && c != '\t' && c != '\r')
		put(r, TOKEN_SIGN, c, at, 1);
	return at + 1;
}

int tokens_read(struct slice t, const struct source_language *l, size_t max, struct arena *arena, struct token **out, size_t *n, bool *all)
{
	struct reader r = {.t = t, .lex = source_lex(t, l), .max = max < t.n + 1 ? max : t.n + 1};
	r.braces_all = l && strcmp(source_language_name(l), "python") == 0;
	r.token = arena_array_raw(arena, r.max ? r.max : 1, sizeof(*r.token));
	if (!r.token)
		return -ENOMEM;
	for (size_t at = 0; at < t.n && r.n <= r.max;) {
		enum source_part part = source_part(&r.lex, at);
		uint8_t c = t.p[at];
		if (part == SOURCE_COMMENT && c != '\n') {
			/* The end of its line is that of a statement. */
			at = skip_part(&r, at, part);
			at -= t.p[at - 1] == '\n';
		} else if (part == SOURCE_STRING)
			at = text(&r, at);
		else if (is_name(c) || (c == '.' && at + 1 < t.n && is_name(t.p[at + 1]))) {
			size_t end = name_end(t, at + (c == '.'));
			put(&r, TOKEN_NAME, 0, at, end - at);
			at = end;
		} else
			at = sign(&r, at);
	}
	*all = r.n <= r.max;
	*n = r.n < r.max ? r.n : r.max;
	*out = r.token;
	return 0;
}
