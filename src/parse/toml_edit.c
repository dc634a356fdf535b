#include "parse/toml_edit.h"

#include <errno.h>

#include "base/encode.h"
#include "base/utf8.h"

#define DEPTH_MAX 32
#define KEYS_MAX  10000

/* A table that was begun by its name; the first stands for what is in none. */
struct head {
	const char *path;
	bool array;
	size_t end; /* behind its last key, or its name */
	struct head *next;
};
struct key {
	const char *path;
	bool array; /* of tables: it is in one */
	struct slice value;
	struct key *next;
};
struct scan {
	struct slice s;
	size_t at;
	struct arena *a;
	struct head *heads, *head;
	struct key *keys;
	bool no_memory;
};

static int peek(const struct scan *c)
{
	return c->at < c->s.n ? c->s.p[c->at] : -1;
}

static bool starts(const struct scan *c, const char *s)
{
	return slice_starts(slice_from(c->s, c->at), slice_str(s));
}

static void blanks(struct scan *c)
{
	while (peek(c) == ' ' || peek(c) == '\t')
		c->at++;
}

/* Blanks and a comment; with `lines` also ends of lines, and what follows of the kind. */
static void space(struct scan *c, bool lines)
{
	for (;;) {
		blanks(c);
		if (peek(c) == '#')
			while (peek(c) >= 0 && peek(c) != '\n')
				c->at++;
		if (!lines || (peek(c) != '\n' && !starts(c, "\r\n")))
			return;
		c->at += peek(c) == '\r' ? 2 : 1;
	}
}

/* Passes over a text in any of the four kinds of quotes; *inner is what is between them. */
static bool quoted(struct scan *c, struct slice *inner, bool *literal)
{
	char q = (char)peek(c);
	const char three[] = {q, q, q, 0};
	bool many = starts(c, three);
	c->at += many ? 3 : 1;
	size_t from = c->at;
	for (;;) {
		int b = peek(c);
		if (b < 0 || (b == '\n' && !many))
			return false;
		if (many ? starts(c, three) : b == q) {
			/* Up to two more quotes still belong to the text. */
			while (many && c->at + 3 < c->s.n && c->s.p[c->at + 3] == (uint8_t)q)
				c->at++;
			break;
		}
		c->at += b == '\\' && q == '"' ? 2 : 1;
	}
	if (c->at > c->s.n)
		return false;
	*inner = slice_sub(c->s, from, c->at - from);
	*literal = q == '\'';
	c->at += many ? 3 : 1;
	return c->at <= c->s.n;
}

static bool bare(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* a . "b" . c: appended with dots. */
static bool dotted(struct scan *c, struct buf *out)
{
	for (;;) {
		struct slice name;
		bool literal;
		blanks(c);
		if (out->n)
			buf_u8(out, '.');
		size_t from = c->at;
		if (peek(c) == '"' || peek(c) == '\'') {
			if (!quoted(c, &name, &literal))
				return false;
		} else {
			while (bare(peek(c)))
				c->at++;
			name = slice_sub(c->s, from, c->at - from);
			if (!name.n)
				return false;
		}
		buf_add(out, name);
		blanks(c);
		if (peek(c) != '.')
			return buf_error(out) == 0 && !(out->n && memchr(out->p, 0, out->n));
		c->at++;
	}
}

static bool value(struct scan *c, unsigned depth);

static bool bracketed(struct scan *c, unsigned depth, char close, bool keys)
{
	c->at++;
	for (;;) {
		space(c, true);
		if (peek(c) == close) {
			c->at++;
			return true;
		}
		if (keys) {
			_cleanup_buf_ struct buf key = BUF(4096);
			if (!dotted(c, &key) || peek(c) != '=')
				return false;
			c->at++;
		}
		if (!value(c, depth + 1))
			return false;
		space(c, true);
		if (peek(c) == ',')
			c->at++;
		else if (peek(c) != close)
			return false;
	}
}

static bool value(struct scan *c, unsigned depth)
{
	struct slice inner;
	bool literal;
	blanks(c);
	if (depth > DEPTH_MAX)
		return false;
	int b = peek(c);
	if (b == '"' || b == '\'')
		return quoted(c, &inner, &literal);
	if (b == '[')
		return bracketed(c, depth, ']', false);
	if (b == '{')
		return bracketed(c, depth, '}', true);
	size_t from = c->at;
	while (bare(peek(c)) || peek(c) == '.' || peek(c) == '+' || peek(c) == ':')
		c->at++;
	return c->at > from;
}

static bool end_of_line(struct scan *c)
{
	space(c, false);
	return peek(c) < 0 || peek(c) == '\n' || starts(c, "\r\n");
}

static bool begin_table(struct scan *c, struct slice path, bool array)
{
	struct head *h = arena_alloc(c->a, sizeof(*h));
	if (h)
		*h = (struct head){.path = arena_str(c->a, path), .array = array, .end = c->at};
	if (!h || !h->path) {
		c->no_memory = true;
		return false;
	}
	*(c->head ? &c->head->next : &c->heads) = h;
	c->head = h;
	return true;
}

static bool read_all(struct scan *c)
{
	_cleanup_buf_ struct buf table = BUF(4096), path = BUF(8192);
	if (!begin_table(c, SLICE(""), false))
		return false;
	for (size_t n = 0; n < KEYS_MAX; n++) {
		space(c, true);
		if (peek(c) < 0)
			return true;
		if (peek(c) == '[') {
			bool array = starts(c, "[[");
			c->at += array ? 2 : 1;
			buf_reset(&table);
			if (!dotted(c, &table) || !starts(c, array ? "]]" : "]"))
				return false;
			c->at += array ? 2 : 1;
			if (!end_of_line(c) || !begin_table(c, buf_slice(&table), array))
				return false;
			continue;
		}
		struct key *k = arena_alloc(c->a, sizeof(*k));
		buf_reset(&path);
		buf_add(&path, buf_slice(&table));
		if (!k || !dotted(c, &path) || peek(c) != '=') {
			c->no_memory |= !k;
			return false;
		}
		c->at++;
		blanks(c);
		size_t from = c->at;
		if (!value(c, 0))
			return false;
		*k = (struct key){.path = arena_str(c->a, buf_slice(&path)),
		        .array = c->head->array,
		        .value = slice_sub(c->s, from, c->at - from),
		        .next = c->keys};
		c->keys = k;
		c->no_memory |= !k->path;
		if (!k->path || !end_of_line(c))
			return false;
		c->head->end = c->at;
	}
	return false;
}

static int scan(struct slice text, const char *path, struct arena *arena, struct scan *c, const struct key **out)
{
	*c = (struct scan){.s = text, .a = arena};
	*out = NULL;
	if (!read_all(c))
		return c->no_memory ? -ENOMEM : -EBADMSG;
	size_t whole = strlen(path);
	for (const struct key *k = c->keys; k; k = k->next) {
		size_t n = strlen(k->path);
		if (n == whole && strcmp(k->path, path) == 0) {
			*out = k;
			return k->array || (k->value.n && k->value.p[0] == '{') ? -EEXIST : 0;
		}
		/* A value on the way to it, or keys below it. */
		if ((n < whole && strncmp(k->path, path, n) == 0 && path[n] == '.') ||
		        (n > whole && strncmp(k->path, path, whole) == 0 && k->path[whole] == '.'))
			return -EEXIST;
	}
	for (const struct head *h = c->heads->next; h; h = h->next) {
		size_t n = strlen(h->path);
		if (n <= whole && strncmp(h->path, path, n) == 0 && (!path[n] || (path[n] == '.' && h->array)))
			return -EEXIST;
	}
	return 0;
}

int toml_edit_get(struct slice text, const char *path, struct arena *arena, struct slice *out)
{
	struct scan c;
	const struct key *k;
	int r = scan(text, path, arena, &c, &k);
	if (r == 0)
		*out = k ? k->value : SLICE_NONE;
	return r;
}

int toml_edit_set(struct slice text, const char *path, struct slice value_text, struct arena *arena, struct buf *out)
{
	struct scan c;
	const struct key *k;
	int r = scan(text, path, arena, &c, &k);
	if (r < 0)
		return r;
	if (k) {
		size_t at = (size_t)(k->value.p - text.p);
		buf_add(out, slice_sub(text, 0, at));
		buf_add(out, value_text);
		buf_add(out, slice_from(text, at + k->value.n));
		return buf_error(out);
	}
	const char *dot = strrchr(path, '.'), *name = dot ? dot + 1 : path;
	struct slice table = slice_of(path, dot ? (size_t)(dot - path) : 0);
	const struct head *h = c.heads;
	while (h && !slice_is(table, h->path))
		h = h->next;
	size_t at = h ? h->end : text.n;
	buf_add(out, slice_sub(text, 0, at));
	if (at > 0 && text.p[at - 1] != '\n')
		buf_u8(out, '\n');
	if (!h)
		buf_fmt(out, "%s[%.*s]\n", at > 0 ? "\n" : "", SLICE_FMT(table));
	buf_fmt(out, "%s = ", name);
	buf_add(out, value_text);
	/* Where the rest begins with the end of a line, that is now ours. */
	struct slice rest = slice_from(text, at);
	if (!slice_starts(rest, SLICE("\n")) && !slice_starts(rest, SLICE("\r\n")))
		buf_u8(out, '\n');
	buf_add(out, rest);
	return buf_error(out);
}

/* The characters of a text in quotes, as a JSON string. */
static bool text_json(struct slice inner, bool literal, struct buf *out)
{
	_cleanup_buf_ struct buf plain = BUF(64u << 10);
	static const char from[] = "btnfre\"\\", to[] = "\b\t\n\f\r\033\"\\";
	/* A line's end right behind three quotes does not count. Of a text of one line none is there. */
	for (size_t i = inner.n && inner.p[0] == '\n' ? 1 : 0; i < inner.n; i++) {
		if (literal || inner.p[i] != '\\') {
			buf_u8(&plain, inner.p[i]);
			continue;
		}
		if (++i >= inner.n)
			return false;
		const char *known = inner.p[i] ? strchr(from, inner.p[i]) : NULL;
		if (known) {
			buf_u8(&plain, (uint8_t)to[known - from]);
			continue;
		}
		size_t digits = inner.p[i] == 'u' ? 4 : inner.p[i] == 'U' ? 8 : 0;
		uint32_t v = 0;
		uint8_t bytes[4];
		if (!digits || i + digits >= inner.n)
			return false;
		for (size_t d = 0; d < digits; d++) {
			int h = hex_value(inner.p[++i]);
			if (h < 0)
				return false;
			v = v << 4 | (uint32_t)h;
		}
		if (v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
			return false;
		buf_add(&plain, slice_of(bytes, utf8_put(bytes, v)));
	}
	encode_json_string(out, buf_slice(&plain));
	return buf_error(&plain) == 0;
}

static bool to_json(struct scan *c, struct buf *out, unsigned depth)
{
	struct slice inner;
	bool literal;
	int b = peek(c);
	if (depth > DEPTH_MAX)
		return false;
	if (b == '"' || b == '\'')
		return quoted(c, &inner, &literal) && text_json(inner, literal, out);
	if (b == '[') {
		c->at++;
		buf_u8(out, '[');
		for (bool first = true;; first = false) {
			space(c, true);
			if (peek(c) == ']') {
				c->at++;
				buf_u8(out, ']');
				return true;
			}
			if (!first)
				buf_u8(out, ',');
			if (!to_json(c, out, depth + 1))
				return false;
			space(c, true);
			if (peek(c) == ',')
				c->at++;
			else if (peek(c) != ']')
				return false;
		}
	}
	size_t from = c->at;
	while (bare(peek(c)) || peek(c) == '.' || peek(c) == '+' || peek(c) == ':')
		c->at++;
	struct slice s = slice_sub(c->s, from, c->at - from);
	uint64_t n;
	if (!slice_is(s, "true") && !slice_is(s, "false") && !slice_u64(s, UINT32_MAX, &n))
		return false;
	buf_add(out, s);
	return true;
}

bool toml_edit_json(struct slice value_text, struct buf *out)
{
	struct scan c = {.s = value_text};
	return to_json(&c, out, 0) && c.at == value_text.n && buf_error(out) == 0;
}
