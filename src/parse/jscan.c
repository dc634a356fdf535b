#include "parse/jscan.h"

#include <stdlib.h>

static size_t blank(struct slice s, size_t i)
{
	while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '\n' || s.p[i] == '\r'))
		i++;
	return i;
}

/* Each skipper gives the offset behind what starts at i, or SLICE_NPOS. */
static size_t skip_string(struct slice s, size_t i)
{
	if (i >= s.n || s.p[i] != '"')
		return SLICE_NPOS;
	for (i++; i < s.n; i++) {
		if (s.p[i] == '"')
			return i + 1;
		if (s.p[i] < 0x20)
			return SLICE_NPOS;
		if (s.p[i] == '\\') {
			i++;
			if (i >= s.n || !memchr("\"\\/bfnrtu", s.p[i], 9))
				return SLICE_NPOS;
			if (s.p[i] != 'u')
				continue;
			for (size_t k = 0; k < 4; k++)
				if (++i >= s.n || !memchr("0123456789abcdefABCDEF", s.p[i], 22))
					return SLICE_NPOS;
		}
	}
	return SLICE_NPOS;
}

static size_t digits(struct slice s, size_t i)
{
	size_t from = i;
	while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
		i++;
	return i == from ? SLICE_NPOS : i;
}

static size_t skip_number(struct slice s, size_t i)
{
	if (i < s.n && s.p[i] == '-')
		i++;
	bool zero = i < s.n && s.p[i] == '0';
	size_t from = i;
	i = digits(s, i);
	if (i == SLICE_NPOS || (zero && i != from + 1))
		return SLICE_NPOS;
	if (i < s.n && s.p[i] == '.') {
		i = digits(s, i + 1);
		if (i == SLICE_NPOS)
			return i;
	}
	if (i < s.n && (s.p[i] | 0x20) == 'e') {
		i++;
		if (i < s.n && (s.p[i] == '+' || s.p[i] == '-'))
			i++;
		i = digits(s, i);
	}
	return i;
}

static size_t skip_value(struct slice s, size_t i, unsigned depth);

static size_t skip_container(struct slice s, size_t i, unsigned depth)
{
	bool object = s.p[i] == '{';
	uint8_t close = object ? '}' : ']';
	if (depth == 0)
		return SLICE_NPOS;
	i = blank(s, i + 1);
	if (i < s.n && s.p[i] == close)
		return i + 1;
	for (;;) {
		if (object) {
			i = skip_string(s, i);
			if (i == SLICE_NPOS)
				return i;
			i = blank(s, i);
			if (i >= s.n || s.p[i] != ':')
				return SLICE_NPOS;
			i = blank(s, i + 1);
		}
		i = skip_value(s, i, depth - 1);
		if (i == SLICE_NPOS)
			return i;
		i = blank(s, i);
		if (i >= s.n || (s.p[i] != ',' && s.p[i] != close))
			return SLICE_NPOS;
		if (s.p[i] == close)
			return i + 1;
		i = blank(s, i + 1);
	}
}

static size_t skip_value(struct slice s, size_t i, unsigned depth)
{
	static const struct slice words[] = {SLICE("true"), SLICE("false"), SLICE("null")};
	if (i >= s.n)
		return SLICE_NPOS;
	if (s.p[i] == '{' || s.p[i] == '[')
		return skip_container(s, i, depth);
	if (s.p[i] == '"')
		return skip_string(s, i);
	for (size_t k = 0; k < ARRAY_LEN(words); k++)
		if (slice_starts(slice_from(s, i), words[k]))
			return i + words[k].n;
	return skip_number(s, i);
}

bool jscan_root(struct slice text, struct slice *value)
{
	size_t from = blank(text, 0);
	size_t to = skip_value(text, from, JSCAN_DEPTH);
	if (to == SLICE_NPOS || blank(text, to) != text.n)
		return false;
	*value = slice_sub(text, from, to - from);
	return true;
}

struct jscan_iter jscan_iter(struct slice value)
{
	struct jscan_iter i = {0};
	if (jscan_is(value, '{') || jscan_is(value, '[')) {
		i.rest = slice_from(value, 1);
		i.object = value.p[0] == '{';
	}
	return i;
}

bool jscan_next(struct jscan_iter *i)
{
	struct slice s = i->rest;
	size_t at = blank(s, 0), end;
	i->rest = SLICE_NONE;
	if (at < s.n && s.p[at] == ',')
		at = blank(s, at + 1);
	if (i->object) {
		end = skip_string(s, at);
		if (end == SLICE_NPOS)
			return false;
		i->key = slice_sub(s, at, end - at);
		at = blank(s, end);
		if (at >= s.n || s.p[at] != ':')
			return false;
		at = blank(s, at + 1);
	}
	end = skip_value(s, at, JSCAN_DEPTH);
	if (end == SLICE_NPOS)
		return false;
	i->value = slice_sub(s, at, end - at);
	i->rest = slice_from(s, end);
	return true;
}

static uint32_t hex4(const uint8_t *p)
{
	uint32_t v = 0;
	for (int i = 0; i < 4; i++)
		v = v << 4 | (uint32_t)(p[i] <= '9' ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
	return v;
}

static size_t utf8(uint32_t c, uint8_t *o)
{
	if (c < 0x80)
		return o[0] = (uint8_t)c, 1;
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		o[i] = (uint8_t)(0x80 | (c & 0x3f));
	o[0] = (uint8_t)((n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0) | c);
	return n;
}

/* The next piece of a string's inside (s.p[*i] …): at most 4 bytes, into o. */
static size_t piece(struct slice s, size_t *i, uint8_t *o)
{
	if (s.p[*i] != '\\') {
		o[0] = s.p[(*i)++];
		return 1;
	}
	uint8_t c = *i + 1 < s.n ? s.p[*i + 1] : '\\';
	*i += 2;
	if (c != 'u')
		return o[0] = (uint8_t)(c == 'b' ? '\b' : c == 'f' ? '\f' : c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c), 1;
	if (s.n < 4 || *i > s.n - 4)
		return *i = s.n, 0;
	uint32_t u = hex4(s.p + *i);
	*i += 4;
	if (u >= 0xd800 && u < 0xdc00 && *i + 6 <= s.n && s.p[*i] == '\\' && s.p[*i + 1] == 'u') {
		uint32_t low = hex4(s.p + *i + 2);
		if (low >= 0xdc00 && low < 0xe000) {
			*i += 6;
			return utf8(0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00), o);
		}
	}
	return utf8(u >= 0xd800 && u < 0xe000 ? 0xfffd : u, o);
}

static bool inside(struct slice value, struct slice *s)
{
	if (value.n < 2 || value.p[0] != '"')
		return false;
	*s = slice_sub(value, 1, value.n - 2);
	return true;
}

const char *jscan_str(struct slice value, struct arena *a)
{
	struct slice s;
	if (!inside(value, &s))
		return NULL;
	/* Decoding never makes a string longer: \uXXXX is six bytes for at most three. */
	uint8_t *out = arena_alloc(a, s.n + 5);
	size_t n = 0;
	if (!out)
		return NULL;
	for (size_t i = 0; i < s.n;)
		n += piece(s, &i, out + n);
	out[n] = 0;
	return memchr(out, 0, n) ? NULL : (const char *)out;
}

bool jscan_eq(struct slice value, struct slice want)
{
	struct slice s;
	if (!inside(value, &s))
		return false;
	if (!s.n || !memchr(s.p, '\\', s.n))
		return slice_eq(s, want);
	size_t n = 0;
	for (size_t i = 0; i < s.n;) {
		uint8_t o[4];
		size_t k = piece(s, &i, o);
		if (k > want.n - n || memcmp(want.p + n, o, k) != 0)
			return false;
		n += k;
	}
	return n == want.n;
}

bool jscan_get(struct slice object, struct slice name, struct slice *value)
{
	bool found = false;
	for (struct jscan_iter i = jscan_iter(object); jscan_next(&i);) {
		if (i.object && jscan_eq(i.key, name)) {
			*value = i.value;
			found = true;
		}
	}
	return found;
}
