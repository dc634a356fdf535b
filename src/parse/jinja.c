#include "parse/jinja.h"

#include "base/encode.h"
#include "base/utf8.h"

#define NEST_MAX 200u

enum kind { END, NAME, STRING, NUMBER, OPERATOR };
struct token {
	enum kind kind;
	struct slice text; /* as written; of a STRING with quotes */
	size_t at;
};

struct reader {
	struct slice in;
	size_t at, stop; /* the next byte; where the closing mark of this tag begins */
	struct arena *arena;
	void (*fn)(void *arg, const struct jinja_event *e);
	void *arg;
	struct jinja_result *r;
	size_t limit;
	struct token now, before; /* the token that is looked at, and the one before it */
};

static void fail(struct reader *r, size_t at, const char *reason)
{
	if (r->r->reason)
		return;
	r->r->reason = reason;
	r->r->at = at;
}

static void tell(struct reader *r, enum jinja_what what, struct slice text, bool called, size_t at)
{
	const struct jinja_event e = {.what = what, .text = text, .called = called, .at = at};
	if (r->fn)
		r->fn(r->arg, &e);
}

static bool letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

/* The next token before r->stop. */
static struct token next(struct reader *r)
{
	struct slice in = r->in;
	while (r->at < r->stop && blank(in.p[r->at]))
		r->at++;
	struct token t = {.at = r->at};
	if (r->at >= r->stop || r->r->reason)
		return t;
	if (r->r->tokens++ >= r->limit) {
		fail(r, r->at, "it has more tokens than are followed");
		return t;
	}
	uint8_t c = in.p[r->at];
	size_t from = r->at++;
	if (c == '"' || c == '\'') {
		t.kind = STRING;
		while (r->at < r->stop && in.p[r->at] != c)
			r->at += in.p[r->at] == '\\' ? 2 : 1;
		if (r->at >= r->stop) {
			fail(r, from, "a text has no end");
			t.kind = END;
			return t;
		}
		r->at++;
	} else if (letter(c)) {
		t.kind = NAME;
		while (r->at < r->stop && (letter(in.p[r->at]) || digit(in.p[r->at])))
			r->at++;
	} else if (digit(c)) {
		t.kind = NUMBER;
		while (r->at < r->stop && (digit(in.p[r->at]) || letter(in.p[r->at])))
			r->at++;
	} else {
		t.kind = OPERATOR;
	}
	t.text = slice_sub(in, from, r->at - from);
	return t;
}

/* Looks one token ahead without taking it. */
static struct token peek(struct reader *r)
{
	size_t at = r->at, tokens = r->r->tokens;
	struct token t = next(r);
	r->at = at;
	r->r->tokens = tokens;
	return t;
}

static bool is(struct token t, const char *text)
{
	return t.kind == OPERATOR && slice_is(t.text, text);
}

/* Escapes as Python has them, appended. False: one that is not read here. */
static bool unescape(struct slice s, uint8_t *to, size_t *n)
{
	for (size_t i = 0; i < s.n;) {
		uint8_t c = s.p[i++];
		if (c != '\\' || i == s.n) {
			to[(*n)++] = c;
			continue;
		}
		c = s.p[i++];
		size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
		uint32_t v = 0;
		if (c == 'N')
			return false;
		if (c >= '0' && c <= '7') {
			v = c - '0';
			for (int k = 0; k < 2 && i < s.n && s.p[i] >= '0' && s.p[i] <= '7'; k++)
				v = v * 8 + s.p[i++] - '0';
			*n += utf8_put(to + *n, v);
		} else if (digits) {
			for (; digits; digits--, i++) {
				if (i >= s.n || hex_value(s.p[i]) < 0)
					return false;
				v = v << 4 | (uint32_t)hex_value(s.p[i]);
			}
			*n += utf8_put(to + *n, v > 0x10ffff ? 0xfffd : v);
		} else if (c != '\n') {
			static const char from[] = "abfnrtv", into[] = "\a\b\f\n\r\t\v";
			const char *p = c ? strchr(from, c) : NULL;
			to[(*n)++] = p ? (uint8_t)into[p - from] : c;
		}
	}
	return true;
}

/* A literal and those that are joined to it: "a" "b", "a" ~ "b", "a" + "b". r->now is the first; after it r->now is the last. */
static bool strings(struct reader *r, struct slice *out)
{
	size_t n = 0, at = r->at, tokens = r->r->tokens, room = r->now.text.n;
	/* How much there may be: to the last that is joined. */
	for (struct token t = r->now; t.kind == STRING;) {
		room += t.text.n;
		t = next(r);
		if (is(t, "~") || is(t, "+"))
			t = next(r);
	}
	r->at = at;
	r->r->tokens = tokens;
	/* \x80 to \xff become two bytes of three. */
	uint8_t *to = arena_alloc(r->arena, room + 8);
	if (!to) {
		fail(r, r->now.at, "its texts are longer than what is followed");
		return false;
	}
	for (;;) {
		struct slice s = slice_sub(r->now.text, 1, r->now.text.n - 2);
		if (!unescape(s, to, &n)) {
			tell(r, JINJA_COMPUTED, r->now.text, false, r->now.at);
			return false;
		}
		at = r->at;
		struct token t = next(r);
		if (is(t, "~") || is(t, "+"))
			t = next(r);
		if (t.kind != STRING) {
			r->at = at;
			break;
		}
		r->now = t;
	}
	*out = slice_of(to, n);
	return true;
}

static bool keyword(struct slice s)
{
	static const char *const words[] = {"and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "True", "False", "None"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_is(s, words[i]))
			return true;
	return false;
}

/* Does the token before a "[" end a value, so that it is a subscript and not a list? */
static bool ends_value(struct token t)
{
	return (t.kind == NAME && !keyword(t.text)) || t.kind == STRING || is(t, ")") || is(t, "]") || is(t, "}");
}

/* Of the brackets of a subscript whether what is in them is computed of texts. */
struct bracket {
	bool subscript, texts, joins;
	size_t at;
};

static void expression(struct reader *r)
{
	struct bracket open[NEST_MAX];
	size_t depth = 0;
	for (;;) {
		r->before = r->now;
		r->now = next(r);
		struct token t = r->now;
		if (t.kind == END)
			break;
		if (t.kind == NAME) {
			bool called = is(peek(r), "(");
			if (is(r->before, "."))
				tell(r, JINJA_ATTRIBUTE, t.text, called, t.at);
			else if (is(r->before, "|"))
				tell(r, JINJA_FILTER, t.text, called, t.at);
			else if (!keyword(t.text) && !(r->before.kind == NAME && slice_is(r->before.text, "is")))
				tell(r, JINJA_NAME, t.text, called, t.at);
		} else if (t.kind == STRING) {
			struct slice s;
			bool begins = depth && open[depth - 1].subscript && is(r->before, "[");
			if (depth)
				open[depth - 1].texts = true;
			if (!strings(r, &s))
				continue;
			struct token after = peek(r);
			if (begins && is(after, "]")) {
				size_t back = r->at;
				(void)next(r);
				bool called = is(peek(r), "(");
				r->at = back;
				tell(r, JINJA_ATTRIBUTE, s, called, t.at);
			}
			tell(r, JINJA_STRING, s, false, t.at);
			r->now.kind = STRING;
		} else if (is(t, "[") || is(t, "(") || is(t, "{")) {
			/* x[y](…), f()(…): what is called is only known when it runs. */
			if (is(t, "(") && (is(r->before, "]") || is(r->before, ")")))
				tell(r, JINJA_COMPUTED, SLICE("("), true, t.at);
			if (depth == NEST_MAX) {
				fail(r, t.at, "it is nested deeper than what is followed");
				return;
			}
			open[depth++] = (struct bracket){.subscript = is(t, "[") && ends_value(r->before), .at = t.at};
		} else if (is(t, "]") || is(t, ")") || is(t, "}")) {
			if (depth) {
				depth--;
				if (open[depth].subscript && open[depth].texts && open[depth].joins)
					tell(r, JINJA_COMPUTED, slice_sub(r->in, open[depth].at, t.at + 1 - open[depth].at), false,
					        open[depth].at);
			}
		} else if (depth && (is(t, "~") || is(t, "+") || is(t, "%") || is(t, "|"))) {
			open[depth - 1].joins = true;
		}
	}
}

/* {% set a, b = … %}, {% for a, b in … %}, {% macro name(a, b=1) %}, {% call(a) … %}: what they name is no variable from outside. */
static void definitions(struct reader *r, struct slice tag)
{
	size_t at = r->at, tokens = r->r->tokens;
	bool macro = slice_is(tag, "macro") || slice_is(tag, "call"), skip = false, first = true;
	for (struct token t = next(r); t.kind != END; t = next(r)) {
		if (!macro && ((t.kind == NAME && slice_is(t.text, "in")) || is(t, "=") || is(t, ".")))
			break;
		if (is(t, "="))
			skip = true;
		else if (is(t, ","))
			skip = false;
		else if (t.kind == NAME && !skip) {
			tell(r, JINJA_DEFINES, t.text, first && slice_is(tag, "macro"), t.at);
			first = false;
		}
	}
	r->at = at;
	r->r->tokens = tokens;
}

/* Where the mark closes a tag, not inside of a text in it. SLICE_NPOS: nowhere. */
static size_t close_of(struct slice in, size_t at, const char *mark)
{
	for (; at + 1 < in.n; at++) {
		uint8_t c = in.p[at];
		if (c == '"' || c == '\'') {
			size_t i = at + 1;
			while (i < in.n && in.p[i] != c)
				i += in.p[i] == '\\' ? 2 : 1;
			if (i >= in.n)
				return SLICE_NPOS;
			at = i;
			continue;
		}
		if (c == (uint8_t)mark[0] && in.p[at + 1] == (uint8_t)mark[1])
			return at;
	}
	return SLICE_NPOS;
}

static void tag(struct reader *r, bool statement)
{
	r->now = r->before = (struct token){0};
	/* {%- and {%+ say what becomes of white space. */
	if (r->at < r->stop && (r->in.p[r->at] == '-' || r->in.p[r->at] == '+'))
		r->at++;
	if (r->stop > r->at && (r->in.p[r->stop - 1] == '-' || r->in.p[r->stop - 1] == '+'))
		r->stop--;
	if (statement) {
		struct token t = next(r);
		if (t.kind == NAME) {
			tell(r, JINJA_TAG, t.text, false, t.at);
			static const char *const define[] = {"set", "for", "macro", "call"};
			for (size_t i = 0; i < sizeof(define) / sizeof(define[0]); i++)
				if (slice_is(t.text, define[i]))
					definitions(r, t.text);
		}
	}
	expression(r);
}

/* Behind {% raw %}: where {% endraw %} begins. */
static size_t raw_end(struct slice in, size_t at)
{
	for (; (at = slice_find(in, SLICE("{%"), at)) != SLICE_NPOS; at += 2) {
		size_t i = at + 2;
		if (i < in.n && (in.p[i] == '-' || in.p[i] == '+'))
			i++;
		while (i < in.n && blank(in.p[i]))
			i++;
		if (slice_starts(slice_from(in, i), SLICE("endraw")))
			return at;
	}
	return in.n;
}

static bool is_raw(struct slice in, size_t from, size_t to)
{
	struct slice s = slice_trim(slice_sub(in, from, to - from));
	while (s.n && (s.p[0] == '-' || s.p[0] == '+'))
		s = slice_trim(slice_from(s, 1));
	while (s.n && (s.p[s.n - 1] == '-' || s.p[s.n - 1] == '+'))
		s = slice_trim(slice_sub(s, 0, s.n - 1));
	return slice_is(s, "raw");
}

void jinja_read(struct slice in, size_t tokens, struct arena *arena, void (*fn)(void *arg, const struct jinja_event *e), void *arg,
        struct jinja_result *out)
{
	struct jinja_result result = {0};
	struct reader r = {.in = in, .arena = arena, .fn = fn, .arg = arg, .r = &result, .limit = tokens};
	for (size_t at = 0; !result.reason && (at = slice_chr(in, '{', at)) != SLICE_NPOS && at + 1 < in.n;) {
		uint8_t c = in.p[at + 1];
		if (c != '{' && c != '%' && c != '#') {
			at++;
			continue;
		}
		if (c == '#') {
			size_t end = slice_find(in, SLICE("#}"), at + 2);
			if (end == SLICE_NPOS)
				fail(&r, at, "a comment has no end");
			else
				at = end + 2;
			continue;
		}
		size_t end = close_of(in, at + 2, c == '{' ? "}}" : "%}");
		if (end == SLICE_NPOS) {
			fail(&r, at, "a tag has no end");
			break;
		}
		/* {{ {"a": {}}}}: of more braces the last two close it. */
		while (c == '{' && end + 2 < in.n && in.p[end + 2] == '}')
			end++;
		result.tags = true;
		r.at = at + 2;
		r.stop = end;
		if (c == '%' && is_raw(in, at + 2, end)) {
			at = raw_end(in, end + 2);
			continue;
		}
		tag(&r, c == '%');
		at = end + 2;
	}
	*out = result;
}
