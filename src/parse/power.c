#include "parse/power.h"

#include <errno.h>

#define OPEN_MAX 256u

struct reader {
	struct slice s;
	size_t at;
	struct arena *arena;
	struct power_token *t;
	size_t n, room, max;
	uint8_t open[OPEN_MAX]; /* brackets around it; deeper ones are not kept */
	unsigned opened;
	bool more;
};

static int peek(const struct reader *r, size_t ahead)
{
	return r->at + ahead < r->s.n ? r->s.p[r->at + ahead] : -1;
}

static bool is_blank(int b)
{
	return b == ' ' || b == '\t' || b == '\r';
}

static bool name_byte(int b)
{
	return b == '_' || (b >= '0' && b <= '9') || ((b | 0x20) >= 'a' && (b | 0x20) <= 'z') || b > 0x7f;
}

static bool word_byte(int b)
{
	return name_byte(b) || (b > 0 && strchr("-.\\/:?*%~@#^!`<>", b));
}

static int add(struct reader *r, struct power_token token)
{
	if (r->n == r->max) {
		r->more = true;
		return 0;
	}
	if (r->n == r->room) {
		size_t more = r->room ? 2 * r->room : 64;
		struct power_token *larger = arena_array(r->arena, more, sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		if (r->n)
			memcpy(larger, r->t, r->n * sizeof(*larger));
		r->t = larger;
		r->room = more;
	}
	token.end = r->at;
	token.glued = r->n && r->t[r->n - 1].end == token.at;
	r->t[r->n++] = token;
	return 0;
}

/* Behind a comment, if one begins here. "#" in a word is none. */
static bool comment(struct reader *r)
{
	bool block = peek(r, 0) == '<' && peek(r, 1) == '#';
	if (!block && peek(r, 0) != '#')
		return false;
	size_t end = block ? slice_find(r->s, SLICE("#>"), r->at + 2) : slice_chr(r->s, '\n', r->at);
	r->at = end == SLICE_NPOS ? r->s.n : end + (block ? 2 : 0);
	return true;
}

/* @'…'@ over lines. False: none begins here. */
static bool here_text(struct reader *r, struct slice *text)
{
	int quote = peek(r, 1);
	size_t k = 2;
	while (is_blank(peek(r, k)))
		k++;
	if (peek(r, 0) != '@' || (quote != '"' && quote != '\'') || peek(r, k) != '\n')
		return false;
	size_t from = r->at + k + 1;
	size_t end = slice_find(r->s, quote == '"' ? SLICE("\n\"@") : SLICE("\n'@"), from - 1);
	r->at = end == SLICE_NPOS ? r->s.n : end + 3;
	end = end == SLICE_NPOS ? r->s.n : end < from ? from : end;
	*text = slice_sub(r->s, from, end - from);
	return true;
}

/* Two quotes in it are one; in double quotes a backtick takes the sign behind it. */
static struct slice quoted(struct reader *r, uint8_t quote)
{
	size_t from = ++r->at;
	for (; r->at < r->s.n; r->at++) {
		if (quote == '"' && r->s.p[r->at] == '`')
			r->at++;
		else if (r->s.p[r->at] == quote && peek(r, 1) == quote)
			r->at++;
		else if (r->s.p[r->at] == quote)
			break;
	}
	size_t end = r->at < r->s.n ? r->at : r->s.n;
	r->at = end < r->s.n ? end + 1 : end;
	return slice_sub(r->s, from, end - from);
}

static struct slice variable(struct reader *r)
{
	r->at++;
	if (peek(r, 0) == '{') {
		size_t from = r->at + 1, end = slice_chr(slice_sub(r->s, from, 256), '}', 0);
		end = end == SLICE_NPOS ? from : from + end;
		r->at = end < r->s.n ? end + 1 : end;
		return slice_sub(r->s, from, end - from);
	}
	size_t from = r->at;
	while (name_byte(peek(r, 0)) || (peek(r, 0) == ':' && name_byte(peek(r, 1)) && r->at > from) || peek(r, 0) == '?')
		r->at++;
	return slice_sub(r->s, from, r->at - from);
}

/* Does what was read last have members? */
static bool has_members(const struct reader *r)
{
	const struct power_token *l = r->n ? &r->t[r->n - 1] : NULL;
	if (!l || l->end != r->at)
		return false;
	return l->kind == POWER_VARIABLE || l->kind == POWER_TEXT ||
	       (l->kind == POWER_SIGN && (l->sign == ')' || l->sign == ']' || l->sign == '}')) ||
	       (l->kind == POWER_WORD && r->n > 1 && l->glued && r->t[r->n - 2].kind == POWER_SIGN && r->t[r->n - 2].sign == '.');
}

static bool is_member(const struct reader *r)
{
	const struct power_token *l = r->n ? &r->t[r->n - 1] : NULL;
	return l && l->kind == POWER_SIGN && l->sign == '.' && l->end == r->at && l->glued;
}

static struct slice word(struct reader *r)
{
	bool member = is_member(r), ticks = false;
	size_t from = r->at;
	while (r->at < r->s.n) {
		int b = peek(r, 0);
		/* A line that goes on. */
		if (b == '`' && (peek(r, 1) == '\n' || peek(r, 1) == '\r'))
			break;
		if (!word_byte(b) || (member && !name_byte(b) && b != '`') || (b == ':' && peek(r, 1) == ':'))
			break;
		ticks |= b == '`';
		r->at++;
	}
	struct slice s = slice_sub(r->s, from, r->at - from);
	uint8_t *p = ticks ? arena_array_raw(r->arena, 1, s.n + 1) : NULL;
	size_t n = 0;
	for (size_t i = 0; p && i < s.n; i++)
		if (s.p[i] != '`')
			p[n++] = s.p[i];
	return p ? slice_of(p, n) : s;
}

static void brackets(struct reader *r, uint8_t sign)
{
	if (sign == '(' || sign == '[' || sign == '{') {
		if (r->opened < OPEN_MAX)
			r->open[r->opened++] = sign;
	} else if ((sign == ')' || sign == ']' || sign == '}') && r->opened) {
		r->opened--;
	}
}

static int one(struct reader *r)
{
	struct power_token t = {.at = r->at, .kind = POWER_SIGN};
	int b = peek(r, 0);
	bool in_list = r->opened && r->open[r->opened - 1] != '{';
	if (b == '\n' || b == ';') {
		r->at++;
		t.kind = POWER_END;
		return b == '\n' && in_list ? 0 : add(r, t);
	}
	if (b == '@' && here_text(r, &t.text)) {
		t.kind = POWER_TEXT;
		t.expands = r->s.p[t.at + 1] == '"';
		return add(r, t);
	}
	if (b == '"' || b == '\'') {
		t.kind = POWER_TEXT;
		t.expands = b == '"';
		t.text = quoted(r, (uint8_t)b);
		return add(r, t);
	}
	if (b == '$' && (name_byte(peek(r, 1)) || peek(r, 1) == '{')) {
		t.kind = POWER_VARIABLE;
		t.text = variable(r);
		return add(r, t);
	}
	bool statics = b == ':' && peek(r, 1) == ':';
	bool alone = b == '.' && (has_members(r) || is_blank(peek(r, 1)) || peek(r, 1) == '(' || peek(r, 1) == '$' || peek(r, 1) == '"' ||
	                                 peek(r, 1) == '\'');
	if (!statics && !alone && word_byte(b)) {
		t.kind = POWER_WORD;
		t.text = word(r);
		if (r->at > t.at)
			return add(r, t);
	}
	t.sign = statics ? '.' : (uint8_t)b;
	r->at += statics ? 2 : 1;
	brackets(r, t.sign);
	return add(r, t);
}

int power_read(struct slice text, size_t max, struct arena *arena, struct power_token **out, size_t *n, bool *all)
{
	struct reader r = {.s = text, .arena = arena, .max = max};
	int e = 0;
	while (e == 0 && r.at < text.n && !r.more) {
		if (is_blank(peek(&r, 0)))
			r.at++;
		else if (peek(&r, 0) == '`' && (peek(&r, 1) == '\n' || peek(&r, 1) == '\r'))
			r.at += peek(&r, 1) == '\r' && peek(&r, 2) == '\n' ? 3 : 2;
		else if (!comment(&r))
			e = one(&r);
	}
	if (e < 0)
		return e;
	*out = r.t;
	*n = r.n;
	*all = !r.more;
	return 0;
}
