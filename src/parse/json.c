#include "parse/json.h"

#include <stdio.h>

#include "base/encode.h"
#include "base/utf8.h"

struct reader {
	struct slice in;
	size_t at;
	struct arena *arena;
	size_t depth_max, nodes_left;
	const char *reason;
	bool limit;
};

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct reader *r)
{
	while (r->at < r->in.n && blank(r->in.p[r->at]))
		r->at++;
}

/* -1 at the end. */
static int peek(const struct reader *r)
{
	return r->at < r->in.n ? r->in.p[r->at] : -1;
}

static bool fail(struct reader *r, const char *reason)
{
	if (!r->reason)
		r->reason = reason;
	return false;
}

static void fail_limit(struct reader *r, const char *reason)
{
	r->limit |= !r->reason;
	(void)fail(r, reason);
}

/* Four hex digits at s.p[at]; -1 if they are not there. */
static int hex4(struct slice s, size_t at)
{
	int v = 0;
	if (s.n < 4 || at > s.n - 4)
		return -1;
	for (size_t i = 0; i < 4; i++) {
		int d = hex_value(s.p[at + i]);
		if (d < 0)
			return -1;
		v = v << 4 | d;
	}
	return v;
}

/* How many bytes there are before a quote, a backslash or a control character. Most of what models are sent is the inside of long strings,
 * so eight at a time: of each byte the highest bit is set if it is one of these (and then perhaps of those above it). */
static size_t ordinary(struct slice s)
{
	const uint64_t ones = 0x0101010101010101u, tops = ones << 7;
	size_t i = 0;
	for (; s.n - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
		uint64_t w;
		memcpy(&w, s.p + i, sizeof(w));
		uint64_t quote = w ^ ones * '"', slash = w ^ ones * '\\';
		if (((quote - ones) & ~quote & tops) | ((slash - ones) & ~slash & tops) | ((w - ones * 0x20) & ~w & tops))
			break;
	}
	while (i < s.n && s.p[i] != '"' && s.p[i] != '\\' && s.p[i] >= 0x20)
		i++;
	return i;
}

/* The cursor is on the opening quote; *out gets what is between the quotes. */
static bool read_string(struct reader *r, struct slice *out)
{
	size_t from = ++r->at;
	for (;;) {
		r->at += ordinary(slice_from(r->in, r->at));
		if (r->at >= r->in.n)
			break;
		uint8_t c = r->in.p[r->at];
		if (c == '"') {
			*out = slice_sub(r->in, from, r->at - from);
			r->at++;
			return true;
		}
		if (c < 0x20)
			return fail(r, "control character in a string");
		if (c == '\\') {
			r->at++;
			int e = peek(r);
			if (e == 'u') {
				if (hex4(r->in, r->at + 1) < 0)
					return fail(r, "\\u wants four hex digits");
				r->at += 4;
			} else if (e < 0) {
				break;
			} else if (!strchr("\"\\/bfnrt", e) || e == 0) {
				return fail(r, "unknown escape in a string");
			}
		}
		r->at++;
	}
	return fail(r, "string without an end");
}

static bool digits(struct reader *r)
{
	size_t from = r->at;
	while (r->at < r->in.n && r->in.p[r->at] >= '0' && r->in.p[r->at] <= '9')
		r->at++;
	return r->at > from || fail(r, "digit expected");
}

static bool read_number(struct reader *r)
{
	if (peek(r) == '-')
		r->at++;
	if (peek(r) == '0')
		r->at++;
	else if (!digits(r))
		return false;
	if (peek(r) == '.') {
		r->at++;
		if (!digits(r))
			return false;
	}
	if (peek(r) == 'e' || peek(r) == 'E') {
		r->at++;
		if (peek(r) == '+' || peek(r) == '-')
			r->at++;
		if (!digits(r))
			return false;
	}
	return true;
}

static bool read_word(struct reader *r, const char *word)
{
	if (!slice_starts(slice_from(r->in, r->at), slice_str(word)))
		return fail(r, "value expected");
	r->at += strlen(word);
	return true;
}

/* A scalar, or the opening bracket of a container. */
static bool read_value(struct reader *r, struct json *v)
{
	size_t from = r->at;
	struct slice text;
	bool ok = true;
	switch (peek(r)) {
	case '{':
		v->type = JSON_OBJECT;
		r->at++;
		break;
	case '[':
		v->type = JSON_ARRAY;
		r->at++;
		break;
	case '"':
		v->type = JSON_STRING;
		ok = read_string(r, &text);
		break;
	case 't':
		v->type = JSON_TRUE;
		ok = read_word(r, "true");
		break;
	case 'f':
		v->type = JSON_FALSE;
		ok = read_word(r, "false");
		break;
	case 'n':
		v->type = JSON_NULL;
		ok = read_word(r, "null");
		break;
	case -1:
		return fail(r, "value expected, but the text ends");
	default:
		v->type = JSON_NUMBER;
		ok = read_number(r);
		break;
	}
	v->raw = slice_sub(r->in, from, r->at - from);
	return ok;
}

static struct json *new_value(struct reader *r, struct json *parent, struct json **tail)
{
	if (r->nodes_left == 0) {
		fail_limit(r, "too many values");
		return NULL;
	}
	r->nodes_left--;
	struct json *v = arena_alloc(r->arena, sizeof(*v));
	if (!v) {
		fail_limit(r, "out of memory");
		return NULL;
	}
	v->parent = parent;
	if (parent) {
		if (*tail)
			(*tail)->next = v;
		else
			parent->child = v;
		*tail = v;
		parent->n++;
	}
	return v;
}

/* The last member of each open container is found again through `tails`: no recursion, so that depth costs no stack. */
static struct json *read_document(struct reader *r)
{
	struct json **tails = arena_array(r->arena, r->depth_max + 1, sizeof(*tails));
	if (!tails) {
		fail_limit(r, "out of memory");
		return NULL;
	}
	struct json *doc = NULL, *open = NULL;
	size_t depth = 0;
	for (;;) {
		skip_blanks(r);
		int c = peek(r);
		if (open && (c == '}' || c == ']') && open->n == 0) {
			/* an empty container: closed below */
		} else {
			struct slice key = SLICE_NONE;
			if (open && open->type == JSON_OBJECT) {
				if (c != '"')
					return fail(r, "name in quotes expected"), NULL;
				if (!read_string(r, &key))
					return NULL;
				skip_blanks(r);
				if (peek(r) != ':')
					return fail(r, "colon expected"), NULL;
				r->at++;
				skip_blanks(r);
			}
			struct json *v = new_value(r, open, open ? &tails[depth] : NULL);
			if (!v)
				return NULL;
			v->key = key;
			if (!doc)
				doc = v;
			if (!read_value(r, v))
				return NULL;
			if (v->type >= JSON_ARRAY) {
				if (depth == r->depth_max)
					return fail_limit(r, "nested too deep"), NULL;
				tails[++depth] = NULL;
				open = v;
				continue;
			}
		}
		/* behind a value: close what ends here, or go on to the next member */
		for (;;) {
			if (!open)
				return doc;
			skip_blanks(r);
			c = peek(r);
			if (c == (open->type == JSON_OBJECT ? '}' : ']')) {
				r->at++;
				open->raw.n = (size_t)(r->in.p + r->at - open->raw.p);
				open = open->parent;
				depth--;
				continue;
			}
			if (c != ',')
				return fail(r, c < 0 ? "the text ends inside a container" : "comma or closing bracket expected"), NULL;
			r->at++;
			skip_blanks(r);
			if (peek(r) == '}' || peek(r) == ']')
				return fail(r, "value expected after a comma"), NULL;
			break;
		}
	}
}

static enum json_status read_one(
        struct slice *rest, bool whole, const struct json_limits *limits, struct arena *arena, struct json **out, struct json_error *err)
{
	struct reader r = {.in = *rest, .arena = arena};
	r.depth_max = limits && limits->depth ? limits->depth : 128;
	r.nodes_left = limits && limits->nodes ? limits->nodes : 1000000;
	struct json *doc = read_document(&r);
	if (doc) {
		skip_blanks(&r);
		if (whole && r.at < r.in.n) {
			(void)fail(&r, "something follows the value");
			doc = NULL;
		}
	}
	if (!doc) {
		if (err)
			*err = (struct json_error){r.at, r.reason, r.limit};
		return JSON_BAD;
	}
	*rest = slice_from(r.in, r.at);
	*out = doc;
	return JSON_OK;
}

enum json_status json_parse(
        struct slice in, const struct json_limits *limits, struct arena *arena, struct json **out, struct json_error *err)
{
	return read_one(&in, true, limits, arena, out, err);
}

enum json_status json_next(
        struct slice *rest, const struct json_limits *limits, struct arena *arena, struct json **out, struct json_error *err)
{
	return read_one(rest, false, limits, arena, out, err);
}

struct slice json_decode(struct slice raw, struct arena *arena)
{
	if (raw.n == 0 || !memchr(raw.p, '\\', raw.n))
		return raw.p ? raw : SLICE("");
	uint8_t *to = arena_alloc(arena, raw.n);
	if (!to)
		return SLICE_NONE;
	size_t n = 0;
	for (size_t i = 0; i < raw.n; i++) {
		uint8_t c = raw.p[i];
		if (c != '\\' || i + 1 >= raw.n) {
			to[n++] = c;
			continue;
		}
		static const char from[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
		c = raw.p[++i];
		const char *k = c ? strchr(from, c) : NULL;
		int hi = hex4(raw, i + 1);
		if (k) {
			to[n++] = (uint8_t)means[k - from];
		} else if (c == 'u' && hi >= 0) {
			uint32_t v = (uint32_t)hi;
			i += 4;
			if (v >= 0xd800 && v < 0xdc00 && i + 2 < raw.n && raw.p[i + 1] == '\\' && raw.p[i + 2] == 'u') {
				int lo = hex4(raw, i + 3);
				if (lo >= 0xdc00 && lo < 0xe000) {
					v = 0x10000 + ((v - 0xd800) << 10 | ((uint32_t)lo - 0xdc00));
					i += 6;
				}
			}
			n += utf8_put(to + n, v);
		} else {
			to[n++] = '\\'; /* not from the parser: kept as it is */
			to[n++] = c;
		}
	}
	return slice_of(to, n);
}

struct slice json_text(const struct json *v, struct arena *arena)
{
	return json_decode(slice_sub(v->raw, 1, v->raw.n - 2), arena);
}

const struct json *json_get(const struct json *v, const char *name)
{
	if (!v || v->type != JSON_OBJECT)
		return NULL;
	for (const struct json *m = v->child; m; m = m->next)
		if (slice_is(m->key, name))
			return m;
	return NULL;
}

/* "1 space", "newline + 2 a level": what one stretch of white space is called. */
static void blanks_name(struct slice s, size_t depth, char *out, size_t size)
{
	size_t line = s.n;
	while (line && s.p[line - 1] != '\n')
		line--;
	size_t tail = s.n - line, breaks = 0;
	bool tab = memchr(s.p ? s.p : (const uint8_t *)"", '\t', s.n) != NULL,
	     cr = memchr(s.p ? s.p : (const uint8_t *)"", '\r', s.n) != NULL;
	for (size_t i = 0; i < line; i++)
		breaks += s.p[i] == '\n';
	if (s.n == 0)
		(void)snprintf(out, size, "none");
	else if (breaks && depth && tail % depth == 0)
		(void)snprintf(out, size, "%zu newline%s + %zu%s a level", breaks, cr ? " with CR" : "", tail / depth, tab ? " tab" : "");
	else if (breaks)
		(void)snprintf(out, size, "%zu newline%s + %zu%s", breaks, cr ? " with CR" : "", tail, tab ? " tab" : "");
	else
		(void)snprintf(out, size, "%zu %s", s.n, tab ? "tab or space" : "space");
}

static void blanks_note(char *to, size_t size, struct slice s, size_t depth)
{
	char name[64];
	/* Nearly all of the gaps of a compact document: named once. */
	if (s.n == 0 && strstr(to, "none"))
		return;
	blanks_name(s, depth, name, sizeof(name));
	size_t n = strlen(to);
	if (!strstr(to, name) && n + strlen(name) + 3 < size)
		(void)snprintf(to + n, size - n, "%s%s", n ? ", " : "", name);
}

void json_syntax(const struct json *doc, struct json_syntax *out)
{
	struct json_syntax s = {0};
	struct slice in = doc->raw;
	size_t depth = 0;
	uint8_t before = 0; /* the last mark that is not white space */
	for (size_t i = 0; i < in.n;) {
		size_t from = i;
		while (i < in.n && blank(in.p[i]))
			i++;
		struct slice gap = slice_sub(in, from, i - from);
		uint8_t c = i < in.n ? in.p[i] : 0;
		bool close = c == '}' || c == ']';
		if (close && depth)
			depth--;
		if (before == ':')
			blanks_note(s.after_colon, sizeof(s.after_colon), gap, depth);
		else if (before == ',')
			blanks_note(s.after_comma, sizeof(s.after_comma), gap, depth);
		else if (c == ':' || c == ',')
			blanks_note(s.before_colon_comma, sizeof(s.before_colon_comma), gap, depth);
		else if ((before == '{' || before == '[') != close) /* an empty pair says little */
			blanks_note(s.in_brackets, sizeof(s.in_brackets), gap, depth);
		if (c == '{' || c == '[')
			depth++;
		before = c;
		if (c == '"') {
			for (i++; i < in.n && in.p[i] != '"'; i++) {
				if (in.p[i] >= 0x80)
					s.raw_non_ascii = true;
				if (in.p[i] != '\\' || i + 1 >= in.n || in.p[++i] != 'u' || hex4(in, i + 1) < 0)
					continue;
				s.escaped_non_ascii |= hex4(in, i + 1) >= 0x80;
				for (size_t k = i + 1; k < i + 5; k++) {
					s.lower_hex |= in.p[k] >= 'a';
					s.upper_hex |= in.p[k] >= 'A' && in.p[k] <= 'F';
				}
			}
		} else if (before != ':' && before != ',' && before != '{' && before != '[' && !close) {
			while (i + 1 < in.n && !blank(in.p[i + 1]) && !strchr(",]}", in.p[i + 1]))
				i++;
		}
		i++;
	}
	*out = s;
}

bool json_escapes(struct slice raw, bool all, struct buf *out)
{
	struct slice seen[32];
	size_t n = 0;
	for (size_t i = 0; i + 1 < raw.n && n < ARRAY_LEN(seen); i++) {
		if (raw.p[i] != '\\')
			continue;
		uint8_t c = raw.p[i + 1];
		int v = c == 'u' ? hex4(raw, i + 2) : -1;
		struct slice e = slice_sub(raw, i, v >= 0 ? 6 : 2);
		i += e.n - 1;
		bool usual = !(all && v >= 0x80);
		if (c == '/') {
			usual = false;
		} else if (v >= 0 && v < 0x80) {
			usual = v < 0x20 && !(v >= 8 && v <= 13 && v != 11);
			for (size_t k = 2; k < 6; k++)
				usual &= e.p[k] < 'A' || e.p[k] > 'F';
		}
		for (size_t k = 0; !usual && k < n; k++)
			usual = slice_eq(seen[k], e);
		if (usual)
			continue;
		if (n)
			buf_u8(out, ' ');
		buf_add(out, e);
		seen[n++] = e;
	}
	return n > 0;
}
