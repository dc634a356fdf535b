#include "policy/import_part.h"

#include <errno.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/utf8.h"

#define KEYS_MAX  10000
#define DEPTH_MAX 32

struct reader {
	struct slice s;
	size_t at;
	unsigned line;
	struct arena *a;
	const char *why;
	bool no_memory;
};

static int peek(const struct reader *r)
{
	return r->at < r->s.n ? r->s.p[r->at] : -1;
}

static bool fail(struct reader *r, const char *why)
{
	if (!r->why)
		r->why = why;
	return false;
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
		else if (peek(r) == '\n') {
			r->at++;
			r->line++;
		} else
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
static const char *quoted(struct reader *r)
{
	_cleanup_buf_ struct buf out = BUF(64u << 10);
	char q = (char)peek(r);
	const char three[] = {q, q, q, 0};
	bool many = starts(r, three);
	r->at += many ? 3 : 1;
	if (many && peek(r) == '\n') {
		r->at++;
		r->line++;
	}
	for (;;) {
		int c = peek(r);
		if (c < 0 || (c == '\n' && !many)) {
			(void)fail(r, "a text has no end");
			return NULL;
		}
		if (many ? starts(r, three) : c == q) {
			r->at += many ? 3 : 1;
			break;
		}
		r->at++;
		r->line += c == '\n';
		if (c != '\\' || q == '\'') {
			buf_u8(&out, (uint8_t)c);
		} else if (many && (peek(r) == '\n' || peek(r) == ' ' || peek(r) == '\r')) {
			while (peek(r) == '\n' || peek(r) == ' ' || peek(r) == '\t' || peek(r) == '\r') {
				r->line += peek(r) == '\n';
				r->at++;
			}
		} else if (!escape(r, &out)) {
			return NULL;
		}
	}
	if (buf_error(&out) || (out.n && memchr(out.p, 0, out.n))) {
		(void)fail(r, "a text is too long, or has a NUL in it");
		return NULL;
	}
	const char *s = arena_str(r->a, buf_slice(&out));
	r->no_memory |= s == NULL;
	return s;
}

static bool bare(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* "a.b."c"": appended to out with dots. */
static bool dotted(struct reader *r, struct buf *out)
{
	for (;;) {
		blanks(r);
		if (out->n)
			buf_u8(out, '.');
		if (peek(r) == '"' || peek(r) == '\'') {
			const char *s = quoted(r);
			if (!s)
				return false;
			buf_str_add(out, s);
		} else {
			size_t from = r->at;
			while (bare(peek(r)))
				r->at++;
			if (r->at == from)
				return fail(r, "a key should be here");
			buf_add(out, slice_sub(r->s, from, r->at - from));
		}
		blanks(r);
		if (peek(r) != '.')
			return buf_error(out) == 0 || fail(r, "a key is too long");
		r->at++;
	}
}

static bool value(struct reader *r, struct toml *t, unsigned depth);

static bool list(struct reader *r, struct toml *t, unsigned depth)
{
	size_t n = 0, room = 16;
	const char **items = arena_array(r->a, room + 1, sizeof(*items));
	r->at++;
	for (;;) {
		struct toml item = {0};
		space(r);
		if (!items) {
			r->no_memory = true;
			return false;
		}
		if (peek(r) == ']') {
			r->at++;
			t->type = TOML_LIST;
			t->list = items;
			return true;
		}
		if (!value(r, &item, depth + 1))
			return false;
		if (item.type == TOML_TEXT) {
			if (n == room) {
				const char **more = arena_array(r->a, 2 * room + 1, sizeof(*more));
				if (more)
					memcpy(more, items, n * sizeof(*items));
				items = more;
				room *= 2;
				if (!items)
					continue;
			}
			items[n++] = item.text;
		} else {
			t->mixed = true;
		}
		space(r);
		if (peek(r) == ',')
			r->at++;
		else if (peek(r) != ']')
			return fail(r, "a comma or ] should be here");
	}
}

/* Inline tables are only passed over. */
static bool inline_table(struct reader *r, struct toml *t, unsigned depth)
{
	t->type = TOML_TABLE;
	r->at++;
	for (;;) {
		_cleanup_buf_ struct buf key = BUF(4096);
		struct toml item = {0};
		space(r);
		if (peek(r) == '}') {
			r->at++;
			return true;
		}
		if (!dotted(r, &key))
			return false;
		if (peek(r) != '=')
			return fail(r, "= should be here");
		r->at++;
		if (!value(r, &item, depth + 1))
			return false;
		space(r);
		if (peek(r) == ',')
			r->at++;
		else if (peek(r) != '}')
			return fail(r, "a comma or } should be here");
	}
}

static bool value(struct reader *r, struct toml *t, unsigned depth)
{
	blanks(r);
	if (depth > DEPTH_MAX)
		return fail(r, "this is nested too deep");
	int c = peek(r);
	if (c == '"' || c == '\'') {
		t->type = TOML_TEXT;
		return (t->text = quoted(r)) != NULL;
	}
	if (c == '[')
		return list(r, t, depth);
	if (c == '{')
		return inline_table(r, t, depth);
	size_t from = r->at;
	while (bare(peek(r)) || peek(r) == '.' || peek(r) == '+' || peek(r) == ':')
		r->at++;
	if (r->at == from)
		return fail(r, "a value should be here");
	t->type = TOML_BARE;
	t->text = arena_str(r->a, slice_sub(r->s, from, r->at - from));
	r->no_memory |= t->text == NULL;
	return t->text != NULL;
}

static bool end_of_line(struct reader *r)
{
	comment(r);
	if (peek(r) == '\r')
		r->at++;
	return peek(r) < 0 || peek(r) == '\n' || fail(r, "the line should end here");
}

static bool read_all(struct reader *r, struct toml **first)
{
	_cleanup_buf_ struct buf table = BUF(4096), key = BUF(8192);
	struct toml **last = first;
	for (size_t n = 0;; n++) {
		space(r);
		if (peek(r) < 0)
			return true;
		if (n > KEYS_MAX)
			return fail(r, "there are too many keys");
		if (peek(r) == '[') {
			bool array = starts(r, "[[");
			r->at += array ? 2 : 1;
			buf_reset(&table);
			if (!dotted(r, &table) || peek(r) != ']')
				return fail(r, "] should be here");
			r->at += array ? 2 : 1;
			if (r->at > r->s.n || !end_of_line(r))
				return fail(r, "] should be here");
			continue;
		}
		struct toml *t = arena_alloc(r->a, sizeof(*t));
		if (!t) {
			r->no_memory = true;
			return false;
		}
		t->line = r->line;
		buf_reset(&key);
		buf_add(&key, buf_slice(&table));
		if (!dotted(r, &key))
			return false;
		if (peek(r) != '=')
			return fail(r, "= should be here");
		r->at++;
		if (!value(r, t, 0) || !end_of_line(r))
			return false;
		t->path = arena_str(r->a, buf_slice(&key));
		r->no_memory |= t->path == NULL;
		*last = t;
		last = &t->next;
	}
}

int toml_read(struct slice in, struct arena *arena, struct toml **out, unsigned *line, const char **why)
{
	struct reader r = {.s = in, .line = 1, .a = arena};
	struct toml *first = NULL;
	bool good = read_all(&r, &first);
	if (r.no_memory)
		return -ENOMEM;
	if (!good) {
		*line = r.line;
		*why = r.why ? r.why : "it cannot be read";
		return -EBADMSG;
	}
	*out = first;
	return 0;
}
