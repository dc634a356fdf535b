/* TOML (toml.io v1.0). Tables and keys with dots become maps in maps, arrays of tables lists of maps. */
#include <errno.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/utf8.h"
#include "parse/conf_part.h"

#define TEXT_MAX (64u << 10)
#define KEY_MAX  16 /* parts of a key with dots */
/* Looking a key up walks its map, and adding to one walks to its end: so the number of children is what bounds the time. */
#define KEYS_MAX     4000u /* of a map, or of a list of tables; and lines */
#define CHILDREN_MAX 40000u

struct reader {
	struct slice s;
	size_t at, line_at;
	unsigned line;
	struct conf_builder *b;
};

static int peek(const struct reader *r)
{
	return r->at < r->s.n ? r->s.p[r->at] : -1;
}

static bool fail(struct reader *r, const char *why)
{
	return conf_wrong(r->b, r->line, (unsigned)(r->at - r->line_at) + 1, why);
}

static void new_line(struct reader *r)
{
	r->at++;
	r->line++;
	r->line_at = r->at;
}

static void blanks(struct reader *r)
{
	while (peek(r) == ' ' || peek(r) == '\t')
		r->at++;
}

static void comment(struct reader *r)
{
	blanks(r);
	if (peek(r) == '#')
		while (peek(r) >= 0 && peek(r) != '\n')
			r->at++;
}

/* Blanks, comments and ends of lines. */
static void space(struct reader *r)
{
	for (;;) {
		comment(r);
		if (peek(r) == '\r')
			r->at++;
		else if (peek(r) == '\n')
			new_line(r);
		else
			return;
	}
}

static bool starts(const struct reader *r, const char *s)
{
	return slice_starts(slice_from(r->s, r->at), slice_str(s));
}

static void put_character(struct buf *out, uint32_t c)
{
	uint8_t bytes[4];
	buf_add(out, slice_of(bytes, utf8_put(bytes, c)));
}

static bool escape(struct reader *r, struct buf *out)
{
	static const char from[] = "btnfre\"\\", to[] = "\b\t\n\f\r\033\"\\";
	int c = peek(r);
	r->at++;
	const char *found = c > 0 ? strchr(from, c) : NULL;
	if (found) {
		buf_u8(out, (uint8_t)to[found - from]);
		return true;
	}
	if (c != 'u' && c != 'U')
		return fail(r, "there is no such escape");
	uint32_t v = 0;
	for (int i = 0; i < (c == 'u' ? 4 : 8); i++) {
		int h = peek(r) < 0 ? -1 : hex_value((uint8_t)peek(r));
		if (h < 0)
			return fail(r, "an escape is cut");
		v = v << 4 | (uint32_t)h;
		r->at++;
	}
	if (v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
		return fail(r, "an escape is no character");
	put_character(out, v);
	return true;
}

/* A text in any of the four kinds of quotes. */
static bool quoted(struct reader *r, struct slice *text)
{
	_cleanup_buf_ struct buf out = BUF(TEXT_MAX);
	char q = (char)peek(r);
	const char three[] = {q, q, q, 0};
	bool many = starts(r, three);
	r->at += many ? 3 : 1;
	if (many && peek(r) == '\n')
		new_line(r);
	for (;;) {
		int c = peek(r);
		if (c < 0 || (c == '\n' && !many))
			return fail(r, "a text has no end");
		if (many ? starts(r, three) : c == q) {
			r->at += many ? 3 : 1;
			break;
		}
		if (c == '\n')
			new_line(r);
		else
			r->at++;
		if (c != '\\' || q == '\'') {
			buf_u8(&out, (uint8_t)c);
		} else if (many && (peek(r) == '\n' || peek(r) == ' ' || peek(r) == '\r')) {
			while (peek(r) == '\n' || peek(r) == ' ' || peek(r) == '\t' || peek(r) == '\r')
				if (peek(r) == '\n')
					new_line(r);
				else
					r->at++;
		} else if (!escape(r, &out)) {
			return false;
		}
	}
	if (buf_error(&out) == -ENOMEM)
		r->b->no_memory = true;
	if (buf_error(&out))
		return fail(r, "a text is too long");
	*text = conf_copy(r->b, buf_slice(&out));
	return true;
}

static bool bare(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* A key with dots: its parts. */
static bool dotted(struct reader *r, struct slice part[KEY_MAX], size_t *n)
{
	for (*n = 0;; r->at++) {
		blanks(r);
		if (*n == KEY_MAX)
			return fail(r, "a key has too many parts");
		if (peek(r) == '"' || peek(r) == '\'') {
			if (!quoted(r, &part[(*n)++]))
				return false;
		} else {
			size_t from = r->at;
			while (bare(peek(r)))
				r->at++;
			if (r->at == from)
				return fail(r, "a key should be here");
			part[(*n)++] = conf_copy(r->b, slice_sub(r->s, from, r->at - from));
		}
		blanks(r);
		if (peek(r) != '.')
			return true;
	}
}

static struct conf *add(struct reader *r, struct conf *in, struct slice key, enum conf_type type)
{
	/* Keys are compared with those before them; elements are not. */
	bool few = in->n < KEYS_MAX || (r->b->lock && in->type == CONF_LIST);
	struct conf *c = few ? conf_new(r->b, type) : NULL;
	if (!c) {
		(void)fail(r, "there are too many keys");
		return NULL;
	}
	c->line = r->line;
	c->column = 1;
	c->key = key;
	conf_append(in, c);
	return c;
}

/* The map that the first n parts of a key lead to; of a list of maps the last. Made where it is missing. */
static struct conf *enter(struct reader *r, struct conf *in, const struct slice *part, size_t n)
{
	for (size_t i = 0; in && i < n; i++) {
		struct conf *c = in->child;
		while (c && !slice_eq(c->key, part[i]))
			c = c->next;
		if (!c)
			c = add(r, in, part[i], CONF_MAP);
		struct conf *last = c && c->type == CONF_LIST ? c->last : NULL;
		if (last && last->type == CONF_MAP)
			c = last;
		if (c && c->type != CONF_MAP) {
			(void)fail(r, "this key has a value already");
			return NULL;
		}
		in = c;
	}
	return in;
}

static bool value(struct reader *r, struct conf *c, unsigned depth);

static bool list(struct reader *r, struct conf *c, unsigned depth)
{
	c->type = CONF_LIST;
	r->at++;
	for (;;) {
		space(r);
		if (peek(r) == ']') {
			r->at++;
			return true;
		}
		struct conf *item = conf_new(r->b, CONF_NULL);
		if (!item || !value(r, item, depth + 1))
			return false;
		conf_append(c, item);
		space(r);
		if (peek(r) == ',')
			r->at++;
		else if (peek(r) != ']')
			return fail(r, "a comma or ] should be here");
	}
}

/* KEY = VALUE into a map. */
static bool assign(struct reader *r, struct conf *in, unsigned depth)
{
	struct slice part[KEY_MAX];
	size_t n = 0;
	if (!dotted(r, part, &n))
		return false;
	if (peek(r) != '=')
		return fail(r, "= should be here");
	r->at++;
	in = enter(r, in, part, n - 1);
	if (!in)
		return false;
	if (conf_get(in, part[n - 1]))
		return fail(r, "this key has a value already");
	struct conf *c = add(r, in, part[n - 1], CONF_NULL);
	return c && value(r, c, depth);
}

static bool inline_table(struct reader *r, struct conf *c, unsigned depth)
{
	c->type = CONF_MAP;
	r->at++;
	for (;;) {
		space(r);
		if (peek(r) == '}') {
			r->at++;
			return true;
		}
		if (!assign(r, c, depth + 1))
			return false;
		space(r);
		if (peek(r) == ',')
			r->at++;
		else if (peek(r) != '}')
			return fail(r, "a comma or } should be here");
	}
}

static bool read_value(struct reader *r, struct conf *c, unsigned depth)
{
	int first = peek(r);
	if (first == '"' || first == '\'') {
		c->type = CONF_TEXT;
		return quoted(r, &c->text);
	}
	if (first == '[')
		return list(r, c, depth);
	if (first == '{')
		return inline_table(r, c, depth);
	size_t from = r->at;
	while (bare(peek(r)) || peek(r) == '.' || peek(r) == '+' || peek(r) == ':')
		r->at++;
	if (r->at == from)
		return fail(r, "a value should be here");
	struct slice s = slice_sub(r->s, from, r->at - from);
	c->type = slice_is(s, "true") || slice_is(s, "false") ? CONF_BOOL : CONF_NUMBER;
	c->text = conf_copy(r->b, s);
	return true;
}

static bool value(struct reader *r, struct conf *c, unsigned depth)
{
	blanks(r);
	if (depth > CONF_DEPTH)
		return fail(r, "this is nested too deep");
	size_t from = r->at;
	c->line = r->line;
	c->column = (unsigned)(r->at - r->line_at) + 1;
	bool good = read_value(r, c, depth);
	c->raw = slice_sub(r->s, from, r->at - from);
	return good;
}

static bool end_of_line(struct reader *r)
{
	comment(r);
	if (peek(r) == '\r')
		r->at++;
	return peek(r) < 0 || peek(r) == '\n' || fail(r, "the line should end here");
}

/* [a.b] or [[a.b]]: *table becomes that map. */
static bool header(struct reader *r, struct conf *root, struct conf **table)
{
	struct slice part[KEY_MAX];
	size_t n = 0;
	size_t from = r->at;
	bool array = starts(r, "[[");
	r->at += array ? 2 : 1;
	if (!dotted(r, part, &n) || !starts(r, array ? "]]" : "]"))
		return fail(r, "] should be here");
	r->at += array ? 2 : 1;
	*table = enter(r, root, part, array ? n - 1 : n);
	if (*table && array) {
		struct conf *c = (*table)->child;
		while (c && !slice_eq(c->key, part[n - 1]))
			c = c->next;
		if (!c)
			c = add(r, *table, part[n - 1], CONF_LIST);
		if (c && c->type != CONF_LIST)
			return fail(r, "this key has a value already");
		*table = c ? add(r, c, SLICE_NONE, CONF_MAP) : NULL;
	}
	if (*table)
		(*table)->raw = slice_from(r->s, from);
	return *table && end_of_line(r);
}

bool conf_toml(struct conf_builder *b, struct slice text, struct conf **out)
{
	struct reader r = {.s = text, .line = 1, .b = b};
	struct conf *root = conf_new(b, CONF_MAP), *table = root;
	b->nodes = b->lock || b->nodes < CHILDREN_MAX ? b->nodes : CHILDREN_MAX;
	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		r.at = 3;
	if (root)
		root->raw = slice_sub(text, 0, r.at);
	for (size_t n = 0; root; n++) {
		space(&r);
		if (peek(&r) < 0) {
			*out = root;
			return true;
		}
		if (n > KEYS_MAX && !b->lock)
			return fail(&r, "there are too many keys");
		if (peek(&r) == '[' ? !header(&r, root, &table) : !assign(&r, table, 0) || !end_of_line(&r))
			return false;
		table->raw.n = r.at - (size_t)(table->raw.p - text.p);
	}
	return false;
}
