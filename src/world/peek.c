#include "world/peek.h"

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip_blank(struct slice s, size_t at)
{
	while (at < s.n && is_blank(s.p[at]))
		at++;
	return at;
}

/* at is on the opening quote; the offset past the closing one, or past the end. */
static size_t skip_string(struct slice s, size_t at)
{
	for (at++; at < s.n; at++) {
		if (s.p[at] == '\\')
			at++;
		else if (s.p[at] == '"')
			return at + 1;
	}
	return s.n;
}

/* at is on the first byte of a value. Brackets are counted, not matched: a value that is broken inside only has to end somewhere. */
static size_t skip_value(struct slice s, size_t at)
{
	if (at >= s.n)
		return s.n;
	if (s.p[at] == '"')
		return skip_string(s, at);
	if (s.p[at] != '{' && s.p[at] != '[') {
		while (at < s.n && !is_blank(s.p[at]) && !memchr(",:]}[{\"", s.p[at], 7))
			at++;
		return at;
	}
	size_t depth = 0;
	while (at < s.n) {
		uint8_t c = s.p[at];
		if (c == '"') {
			at = skip_string(s, at);
			continue;
		}
		at++;
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && --depth == 0)
			return at;
	}
	return s.n;
}

struct slice peek_value(struct slice text)
{
	size_t at = skip_blank(text, 0);
	size_t end = skip_value(text, at);
	return end > at ? slice_sub(text, at, end - at) : SLICE_NONE;
}

bool peek_is_object(struct slice value)
{
	return value.n > 1 && value.p[0] == '{';
}

bool peek_is_array(struct slice value)
{
	return value.n > 1 && value.p[0] == '[';
}

bool peek_next(struct slice container, size_t *at, struct slice *name, struct slice *value)
{
	bool object = peek_is_object(container);
	if (!object && !peek_is_array(container))
		return false;
	struct slice found = SLICE_NONE;
	size_t i = skip_blank(container, *at ? *at : 1);
	if (*at && i < container.n && container.p[i] == ',')
		i = skip_blank(container, i + 1);
	if (object) {
		if (i >= container.n || container.p[i] != '"')
			return false;
		size_t end = skip_string(container, i);
		found = peek_text(slice_sub(container, i, end - i));
		i = skip_blank(container, end);
		if (i >= container.n || container.p[i] != ':')
			return false;
		i = skip_blank(container, i + 1);
	}
	size_t end = skip_value(container, i);
	if (end <= i)
		return false;
	*at = end;
	if (name)
		*name = found;
	*value = slice_sub(container, i, end - i);
	return true;
}

struct slice peek_get(struct slice object, const char *name)
{
	if (!peek_is_object(object))
		return SLICE_NONE;
	struct slice wanted = slice_str(name), key, value;
	for (size_t at = 0; peek_next(object, &at, &key, &value);) {
		if (slice_eq(key, wanted))
			return value;
	}
	return SLICE_NONE;
}

struct slice peek_text(struct slice value)
{
	if (value.n < 2 || value.p[0] != '"' || value.p[value.n - 1] != '"')
		return SLICE_NONE;
	return slice_sub(value, 1, value.n - 2);
}

bool peek_is(struct slice value, const char *text)
{
	struct slice t = peek_text(value);
	return t.p && slice_eq_nocase(t, slice_str(text));
}

bool peek_true(struct slice value)
{
	return slice_is(value, "true");
}

void peek_quote(struct buf *b, struct slice text)
{
	buf_u8(b, '"');
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		if (c == '"' || c == '\\')
			buf_fmt(b, "\\%c", c);
		else if (c == '\n')
			buf_str_add(b, "\\n");
		else if (c == '\t')
			buf_str_add(b, "\\t");
		else if (c < 0x20 || c == 0x7f)
			buf_fmt(b, "\\u%04x", c);
		else
			buf_u8(b, c);
	}
	buf_u8(b, '"');
}
