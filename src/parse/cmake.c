#include "parse/cmake.h"

#include <errno.h>

static int peek(const struct cmake *c, size_t ahead)
{
	return c->at + ahead < c->text.n ? c->text.p[c->at + ahead] : -1;
}

static bool name_byte(int b)
{
	return b == '_' || (b >= '0' && b <= '9') || ((b | 0x20) >= 'a' && (b | 0x20) <= 'z');
}

static bool is_blank(int b)
{
	return b == ' ' || b == '\t' || b == '\n' || b == '\r' || b == ';';
}

/* "[==[": how many signs stand between the brackets; SIZE_MAX: it is none. */
static size_t long_open(const struct cmake *c)
{
	size_t n = 0;
	while (peek(c, 1 + n) == '=')
		n++;
	return peek(c, 0) == '[' && peek(c, 1 + n) == '[' ? n : SIZE_MAX;
}

/* What is between long brackets; behind them then. Without an end it is all that is left. */
static struct slice long_text(struct cmake *c, size_t signs)
{
	size_t from = c->at + signs + 2;
	for (size_t i = from; i < c->text.n; i++) {
		if (c->text.p[i] != ']')
			continue;
		size_t k = i + 1;
		while (k < c->text.n && k - i - 1 < signs && c->text.p[k] == '=')
			k++;
		if (k - i - 1 == signs && k < c->text.n && c->text.p[k] == ']') {
			c->at = k + 1;
			return slice_sub(c->text, from, i - from);
		}
		i = k - 1;
	}
	c->at = c->text.n;
	return slice_from(c->text, from);
}

/* Behind a comment, which begins here. */
static void comment(struct cmake *c)
{
	c->at++;
	size_t signs = long_open(c);
	if (signs != SIZE_MAX) {
		(void)long_text(c, signs);
		return;
	}
	size_t end = slice_chr(c->text, '\n', c->at);
	c->at = end == SLICE_NPOS ? c->text.n : end;
}

static struct slice unescape(struct arena *arena, struct slice s)
{
	if (slice_chr(s, '\\', 0) == SLICE_NPOS)
		return s;
	uint8_t *p = arena_array_raw(arena, 1, s.n + 1);
	size_t n = 0;
	for (size_t i = 0; p && i < s.n; i++) {
		bool escape = s.p[i] == '\\' && i + 1 < s.n;
		i += escape;
		/* A line that goes on. */
		if (escape && s.p[i] == '\n')
			continue;
		p[n++] = !escape ? s.p[i] : s.p[i] == 'n' ? '\n' : s.p[i] == 't' ? '\t' : s.p[i];
	}
	return p ? slice_of(p, n) : SLICE_NONE;
}

/* In quotes: behind them then. */
static struct slice quoted(struct cmake *c)
{
	size_t from = ++c->at;
	while (c->at < c->text.n && c->text.p[c->at] != '"')
		c->at += c->text.p[c->at] == '\\' ? 2 : 1;
	size_t end = c->at < c->text.n ? c->at : c->text.n;
	c->at = end < c->text.n ? end + 1 : end;
	return slice_sub(c->text, from, end - from);
}

/* Old scripts have quotes in the midst of one: -Da="b c". */
static struct slice unquoted(struct cmake *c)
{
	size_t from = c->at;
	while (c->at < c->text.n) {
		int b = peek(c, 0);
		if (is_blank(b) || b == '(' || b == ')' || b == '#')
			break;
		if (b == '"')
			(void)quoted(c);
		else
			c->at += b == '\\' ? 2 : 1;
	}
	c->at = c->at < c->text.n ? c->at : c->text.n;
	return slice_sub(c->text, from, c->at - from);
}

static int add(struct arena *arena, struct cmake_call *to, size_t *room, struct slice text, bool is_quoted)
{
	if (to->n == CMAKE_ARGUMENTS_MAX) {
		to->more = true;
		return 0;
	}
	if (to->n == *room) {
		size_t more = *room ? 2 * *room : 8;
		struct cmake_argument *larger = arena_array(arena, more, sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		if (to->n)
			memcpy(larger, to->argument, to->n * sizeof(*larger));
		to->argument = larger;
		*room = more;
	}
	struct slice plain = unescape(arena, text);
	if (text.n && !plain.p)
		return -ENOMEM;
	to->argument[to->n++] = (struct cmake_argument){plain, is_quoted};
	return 0;
}

/* Behind the bracket that closes them. Brackets in them, of a condition, are left out. */
static int arguments(struct cmake *c, struct arena *arena, struct cmake_call *to)
{
	size_t room = 0;
	int r = 0;
	for (unsigned depth = 1; c->at < c->text.n && depth && r == 0;) {
		int b = peek(c, 0);
		size_t signs = b == '[' ? long_open(c) : SIZE_MAX;
		if (b == '#')
			comment(c);
		else if (b == '(' || b == ')' || is_blank(b)) {
			depth += b == '(';
			depth -= b == ')';
			c->at++;
		} else if (signs != SIZE_MAX)
			r = add(arena, to, &room, long_text(c, signs), true);
		else if (b == '"')
			r = add(arena, to, &room, quoted(c), true);
		else
			r = add(arena, to, &room, unquoted(c), false);
	}
	return r;
}

int cmake_next(struct cmake *c, struct arena *arena, struct cmake_call *out)
{
	while (c->at < c->text.n) {
		int b = peek(c, 0);
		if (b == '#') {
			comment(c);
			continue;
		}
		if (!name_byte(b)) {
			c->at++;
			continue;
		}
		size_t from = c->at;
		while (name_byte(peek(c, 0)))
			c->at++;
		struct cmake_call call = {.name = slice_sub(c->text, from, c->at - from), .at = from};
		while (peek(c, 0) == ' ' || peek(c, 0) == '\t')
			c->at++;
		if (peek(c, 0) != '(')
			continue;
		c->at++;
		int r = arguments(c, arena, &call);
		call.end = c->at;
		if (r < 0)
			return r;
		*out = call;
		return 1;
	}
	return 0;
}
