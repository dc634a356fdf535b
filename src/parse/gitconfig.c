#include "parse/gitconfig.h"

#include <errno.h>

#include "base/buf.h"

#define WORD_MAX  1024
#define VALUE_MAX 65536

struct reading {
	struct slice in;
	size_t at, line;
	struct buf section; /* with its subsection, and a dot at the end */
	struct buf name, value;
};

static int lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

/* The next byte, -1 at the end. "\r\n" is one newline, as it is for git. */
static int peek(struct reading *r)
{
	if (r->at < r->in.n && r->in.p[r->at] == '\r' && r->at + 1 < r->in.n && r->in.p[r->at + 1] == '\n')
		r->at++;
	return r->at < r->in.n ? r->in.p[r->at] : -1;
}

static int take(struct reading *r)
{
	int c = peek(r);
	r->at += c >= 0;
	r->line += c == '\n';
	return c;
}

static bool blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static void skip_line(struct reading *r)
{
	for (int c = take(r); c >= 0 && c != '\n';)
		c = take(r);
}

static void keep(struct buf *b, int c)
{
	/* What is too long is cut: it stays recognisable, and the whole is in the file. */
	if (c && b->n < b->max)
		buf_u8(b, (uint8_t)c);
}

/* After "[". */
static void read_section(struct reading *r)
{
	buf_reset(&r->section);
	int c;
	while ((c = peek(r)) >= 0 && c != ']' && c != '\n' && c != '"') {
		if (!blank(c))
			keep(&r->section, lower(c));
		(void)take(r);
	}
	if (c == '"') {
		keep(&r->section, '.');
		(void)take(r);
		while ((c = take(r)) >= 0 && c != '"' && c != '\n')
			keep(&r->section, c == '\\' ? take(r) : c);
		while ((c = peek(r)) >= 0 && c != ']' && c != '\n')
			(void)take(r);
	}
	if (c == ']')
		(void)take(r);
	keep(&r->section, '.');
}

/* After "="; up to and with the end of the line. */
static void read_value(struct reading *r)
{
	bool quoted = false, begun = false;
	size_t blanks = 0;
	for (int c = take(r); c >= 0; c = take(r)) {
		if (c == '\n')
			return;
		if (!quoted && blank(c)) {
			blanks += begun;
			continue;
		}
		if (!quoted && (c == '#' || c == ';')) {
			skip_line(r);
			return;
		}
		for (; blanks; blanks--)
			keep(&r->value, ' ');
		begun = true;
		if (c == '"') {
			quoted = !quoted;
			continue;
		}
		if (c == '\\') {
			c = take(r);
			if (c == '\n' || c < 0)
				continue;
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'b' ? '\b' : c;
		}
		keep(&r->value, c);
	}
}

static bool name_byte(int c)
{
	c = lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* False: no name begins here, and the line was skipped. */
static bool read_item(struct reading *r)
{
	buf_reset(&r->name);
	buf_reset(&r->value);
	while (name_byte(peek(r)))
		keep(&r->name, lower(take(r)));
	if (r->name.n == 0) {
		skip_line(r);
		return false;
	}
	while (blank(peek(r)))
		(void)take(r);
	int c = peek(r);
	if (c == '=') {
		(void)take(r);
		read_value(r);
	} else {
		buf_str_add(&r->value, "true");
		skip_line(r);
	}
	return true;
}

static int read_all(struct reading *r, size_t max, struct arena *arena, struct gitconfig_item **out, size_t *n)
{
	struct gitconfig_item *item = NULL;
	size_t have = 0, room = 0;
	for (int c; (c = peek(r)) >= 0;) {
		if (blank(c) || c == '\n') {
			(void)take(r);
			continue;
		}
		if (c == '#' || c == ';') {
			skip_line(r);
			continue;
		}
		if (c == '[') {
			(void)take(r);
			read_section(r);
			continue;
		}
		size_t line = r->line;
		if (!read_item(r))
			continue;
		if (have == max)
			return -E2BIG;
		if (have == room) {
			size_t more = room ? room * 2 : 16;
			struct gitconfig_item *p = arena_array(arena, more, sizeof(*p));
			if (!p)
				return -ENOMEM;
			if (have)
				memcpy(p, item, have * sizeof(*p));
			item = p;
			room = more;
		}
		item[have] = (struct gitconfig_item){
		        .key = arena_fmt(arena, "%s%s", buf_str(&r->section), buf_str(&r->name)),
		        .value = arena_str(arena, buf_slice(&r->value)),
		        .line = line,
		};
		if (!item[have].key || !item[have].value || buf_error(&r->section) == -ENOMEM || buf_error(&r->value) == -ENOMEM)
			return -ENOMEM;
		have++;
	}
	*out = item;
	*n = have;
	return 0;
}

int gitconfig_read(struct slice text, size_t max, struct arena *arena, struct gitconfig_item **out, size_t *n)
{
	struct reading r = {.in = text, .line = 1, .section = BUF(WORD_MAX), .name = BUF(WORD_MAX), .value = BUF(VALUE_MAX)};
	if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
		r.at = 3;
	int e = read_all(&r, max, arena, out, n);
	buf_free(&r.section);
	buf_free(&r.name);
	buf_free(&r.value);
	return e;
}
