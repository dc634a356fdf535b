#include "parse/jcs.h"

#include <errno.h>

#include "base/encode.h"
#include "base/utf8.h"
#include "parse/jcs_part.h"

#define DEPTH_MAX 64

/* What stands for a control character, '"' and '\\' after a backslash; 0: \u00xx. */
static const char escape_of[128] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', ['"'] = '"', ['\\'] = '\\'};
static const uint8_t escaped_by[128] = {
        ['b'] = '\b', ['t'] = '\t', ['n'] = '\n', ['f'] = '\f', ['r'] = '\r', ['"'] = '"', ['\\'] = '\\', ['/'] = '/'};

/* Reasons that both the writer and the check have. */
static const char no_value[] = "a value is expected", no_end[] = "the document ends in the middle",
                  behind[] = "something after the document", deep[] = "nested too deeply", no_name[] = "the name of a member is expected",
                  no_colon[] = "a colon is expected", no_comma[] = "a comma or a closing bracket is expected",
                  control[] = "a control character in a string", not_utf8[] = "not UTF-8", bad_escape[] = "no escape of JSON",
                  surrogate[] = "a surrogate without its partner", twice[] = "a member with this name is there already",
                  infinite[] = "a number that is no finite double", bad_number[] = "no number of JSON";

#define EACH(b) (0x0101010101010101u * (b))

/* The first byte from p that a string cannot simply run through: '"', '\\', control characters, all past 0x7f; end if there is none.
 * Eight at a time: the lowest byte that is marked is marked rightly, others above it may be marked by a borrow. */
static inline const uint8_t *plain_end(const uint8_t *p, const uint8_t *end)
{
	for (; end - p >= 8; p += 8) {
		uint64_t x, quote, backslash;
		memcpy(&x, p, sizeof(x));
		quote = x ^ EACH('"');
		backslash = x ^ EACH('\\');
		uint64_t mark = ((x - EACH(0x20)) | x | ((quote - EACH(1)) & ~quote) | ((backslash - EACH(1)) & ~backslash)) & EACH(0x80);
		if (mark && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
			return p + __builtin_ctzll(mark) / 8;
		if (mark)
			break;
	}
	while (p < end && *p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\')
		p++;
	return p;
}

static inline bool white(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* A name between its quotes, in canonical form. */
struct name {
	struct slice s;
	bool simple; /* no escapes, nothing past U+DFFF: bytes sort as UTF-16 does */
};

/* The next character of a canonical name, as a number that sorts as its UTF-16 code units do: those past U+FFFF, which are surrogates
 * there, come before U+E000. */
static uint32_t weight(struct slice s, size_t *at)
{
	uint32_t c = s.p[*at];
	if (c == '\\') {
		uint8_t e = s.p[*at + 1];
		*at += e == 'u' ? 6 : 2;
		return e == 'u' ? (uint32_t)(hex_value(s.p[*at - 2]) << 4 | hex_value(s.p[*at - 1])) : escaped_by[e];
	}
	*at += utf8_next(s, *at, &c);
	return c >= 0x10000 ? c - 0x10000 + 0xd800 : c >= 0xe000 ? c + 0x100000 : c;
}

static int name_cmp(const struct name *a, const struct name *b)
{
	if (a->simple && b->simple)
		return slice_cmp(a->s, b->s);
	size_t i = 0, k = 0;
	while (i < a->s.n && k < b->s.n) {
		uint32_t x = weight(a->s, &i), y = weight(b->s, &k);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return (i < a->s.n) - (k < b->s.n);
}

/* ---- the check ---- */

struct check {
	const uint8_t *p, *end;
	const char *why;
};

static int stop(struct check *c, int code, const char *why)
{
	c->why = c->p == c->end && code == -EBADMSG ? no_end : why;
	return code;
}

/* An escape, c->p being at the backslash. */
static int check_escape(struct check *c)
{
	const uint8_t *p = c->p;
	if (c->end - p < 2)
		return stop(c, -EBADMSG, no_end);
	if (p[1] == '/')
		return stop(c, -EILSEQ, "a needless escape");
	if (p[1] < 128 && escaped_by[p[1]]) {
		c->p += 2;
		return 0;
	}
	if (p[1] != 'u' || c->end - p < 6)
		return stop(c, -EBADMSG, bad_escape);
	for (int i = 2; i < 6; i++)
		if (hex_value(p[i]) < 0)
			return stop(c, -EBADMSG, bad_escape);
	int v = hex_value(p[4]) << 4 | hex_value(p[5]);
	if (p[2] != '0' || p[3] != '0' || v >= 0x20 || escape_of[v] || (p[5] >= 'A' && p[5] <= 'F'))
		return stop(c, -EILSEQ, "not the shortest escape");
	c->p += 6;
	return 0;
}

/* A string, c->p being behind its first quote, and then behind its last. */
static inline int check_string(struct check *c, struct name *out)
{
	const uint8_t *from = c->p;
	bool simple = true;
	for (;;) {
		c->p = plain_end(c->p, c->end);
		if (c->p == c->end)
			return stop(c, -EBADMSG, no_end);
		if (*c->p == '"')
			break;
		if (*c->p == '\\') {
			int r = check_escape(c);
			if (r < 0)
				return r;
			simple = false;
		} else if (*c->p < 0x20) {
			return stop(c, -EBADMSG, control);
		} else {
			uint32_t v;
			size_t n = utf8_next(slice_of(c->p, (size_t)(c->end - c->p)), 0, &v);
			if (n == 0)
				return stop(c, -EBADMSG, not_utf8);
			simple = simple && *c->p < 0xee;
			c->p += n;
		}
	}
	*out = (struct name){slice_of(from, (size_t)(c->p - from)), simple};
	c->p++;
	return 0;
}

static int check_number(struct check *c)
{
	/* Up to 15 digits and nothing else are written so; not "-0". */
	const uint8_t *p = c->p, *first;
	p += *p == '-';
	first = p;
	while (p < c->end && *p >= '0' && *p <= '9')
		p++;
	size_t n = (size_t)(p - first);
	bool whole = p == c->end || (*p != '.' && (*p | 0x20) != 'e');
	if (whole && n > 0 && n <= 15 && (*first != '0' || (n == 1 && first == c->p))) {
		c->p = p;
		return 0;
	}
	struct jcs_decimal d;
	char text[JCS_NUMBER_MAX];
	struct slice rest = slice_of(c->p, (size_t)(c->end - c->p));
	rest.n = jcs_number_scan(rest, &d);
	if (rest.n == 0)
		return stop(c, -EBADMSG, bad_number);
	int r = rest.n > JCS_NUMBER_MAX ? 0 : jcs_number_text(&d, rest, NULL, text, &n);
	if (r < 0)
		return stop(c, -EBADMSG, infinite);
	if (rest.n > JCS_NUMBER_MAX || n != rest.n || memcmp(text, rest.p, n) != 0)
		return stop(c, -EILSEQ, "a number that ECMAScript writes in another way");
	c->p += n;
	return 0;
}

static int check_literal(struct check *c)
{
	static const struct slice literal[] = {SLICE_INIT("true"), SLICE_INIT("false"), SLICE_INIT("null")};
	struct slice rest = slice_of(c->p, (size_t)(c->end - c->p));
	for (size_t i = 0; i < ARRAY_LEN(literal); i++)
		if (slice_starts(rest, literal[i])) {
			c->p += literal[i].n;
			return 0;
		}
	return white(*c->p) ? stop(c, -EILSEQ, "white space") : stop(c, -EBADMSG, no_value);
}

/* A byte that has its place here; else why not. */
static int check_byte(struct check *c, uint8_t want, const char *why)
{
	if (c->p < c->end && *c->p == want) {
		c->p++;
		return 0;
	}
	return c->p < c->end && white(*c->p) ? stop(c, -EILSEQ, "white space") : stop(c, -EBADMSG, why);
}

struct level {
	bool object;
	struct name last; /* of an object */
};

/* The name of a member and its colon. */
static inline int check_name(struct check *c, struct level *level, bool first)
{
	const uint8_t *at = c->p;
	struct name name;
	int r = check_byte(c, '"', no_name);
	r = r < 0 ? r : check_string(c, &name);
	if (r < 0)
		return r;
	int order = first ? -1 : name_cmp(&level->last, &name);
	if (order >= 0) {
		c->p = at;
		return order ? stop(c, -EILSEQ, "members that are not in order") : stop(c, -EBADMSG, twice);
	}
	level->last = name;
	return check_byte(c, ':', no_colon);
}

/* One value that is no array or object. */
static inline int check_scalar(struct check *c)
{
	struct name ignored;
	if (*c->p == '"') {
		c->p++;
		return check_string(c, &ignored);
	}
	return *c->p == '-' || (*c->p >= '0' && *c->p <= '9') ? check_number(c) : check_literal(c);
}

static int check_document(struct check *c)
{
	struct level level[DEPTH_MAX];
	size_t depth = 0;
	int r;
	for (;;) {
		if (c->p == c->end)
			return stop(c, -EBADMSG, no_end);
		if (*c->p == '{' || *c->p == '[') {
			bool object = *c->p == '{';
			if (depth == DEPTH_MAX)
				return stop(c, -E2BIG, deep);
			level[depth++].object = object;
			c->p++;
			if (c->p == c->end || *c->p != (object ? '}' : ']')) {
				r = object ? check_name(c, &level[depth - 1], true) : 0;
				if (r < 0)
					return r;
				continue;
			}
		} else {
			r = check_scalar(c);
			if (r < 0)
				return r;
		}
		/* Behind a value: the ends of those around it, or the next one. */
		while (depth && c->p < c->end && *c->p == (level[depth - 1].object ? '}' : ']')) {
			c->p++;
			depth--;
		}
		if (depth == 0)
			return 0;
		r = check_byte(c, ',', no_comma);
		if (r == 0 && level[depth - 1].object)
			r = check_name(c, &level[depth - 1], false);
		if (r < 0)
			return r;
	}
}

int jcs_check(struct slice json, const char **why, size_t *offset)
{
	struct check c = {.p = json.p, .end = json.p + json.n};
	int r = check_document(&c);
	if (r == 0 && c.p < c.end)
		r = white(*c.p) ? stop(&c, -EILSEQ, "white space") : stop(&c, -EBADMSG, behind);
	if (r < 0) {
		*why = c.why;
		*offset = (size_t)(c.p - json.p);
	}
	return r;
}

/* ---- the writer ---- */

/* A member of an object that is being written: places in the output, counted from where the document begins. */
struct member {
	size_t at, n;      /* all of it */
	size_t name_n;     /* its name is behind the quote at `at` */
	const uint8_t *in; /* where it stands in the input */
	bool simple;
};

struct writer {
	const uint8_t *p, *end;
	struct buf *out;
	size_t start; /* of the document in out */
	struct arena *scratch;
	struct member *member; /* of all objects that are open, the innermost last */
	size_t n, cap;
	uint8_t *copy; /* of members, while they are put in order */
	size_t copy_cap;
	const char *why;
};

static int fail(struct writer *w, int code, const char *why)
{
	w->why = w->p == w->end && code == -EBADMSG ? no_end : why;
	return code;
}

static int full(struct writer *w)
{
	return fail(w, -ENOMEM, "not enough memory for this document");
}

static void skip(struct writer *w)
{
	while (w->p < w->end && white(*w->p))
		w->p++;
}

static uint32_t hex4(const uint8_t *p)
{
	uint32_t v = 0;
	for (int i = 0; i < 4; i++) {
		int d = hex_value(p[i]);
		if (d < 0)
			return UINT32_MAX;
		v = v << 4 | (uint32_t)d;
	}
	return v;
}

static void add_utf8(struct buf *out, uint32_t c)
{
	uint8_t b[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n; i-- > 1; c >>= 6)
		b[i] = (uint8_t)(0x80 | (c & 0x3f));
	b[0] = n == 1 ? (uint8_t)c : (uint8_t)((0xf00u >> n & 0xff) | c);
	buf_add(out, slice_of(b, n));
}

/* A character that was escaped, as it must be written. */
static void add_character(struct buf *out, uint32_t c)
{
	if (c < 128 && escape_of[c])
		buf_add(out, slice_of((const uint8_t[]){'\\', (uint8_t)escape_of[c]}, 2));
	else if (c < 0x20)
		buf_fmt(out, "\\u%04x", c);
	else
		add_utf8(out, c);
}

/* An escape, w->p being at the backslash. */
static int write_escape(struct writer *w)
{
	size_t left = (size_t)(w->end - w->p);
	uint32_t c;
	if (left >= 2 && w->p[1] < 128 && escaped_by[w->p[1]]) {
		c = escaped_by[w->p[1]];
		w->p += 2;
	} else {
		c = left >= 6 && w->p[1] == 'u' ? hex4(w->p + 2) : UINT32_MAX;
		if (c == UINT32_MAX)
			return fail(w, -EBADMSG, bad_escape);
		if (c >= 0xd800 && c <= 0xdfff) {
			uint32_t low = left >= 12 && w->p[6] == '\\' && w->p[7] == 'u' ? hex4(w->p + 8) : 0;
			if (c >= 0xdc00 || low < 0xdc00 || low > 0xdfff)
				return fail(w, -EBADMSG, surrogate);
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			w->p += 6;
		}
		w->p += 6;
	}
	add_character(w->out, c);
	return 0;
}

/* A string, w->p being at its first quote. */
static int write_string(struct writer *w, bool *simple)
{
	const uint8_t *from = w->p++;
	uint32_t v;
	*simple = true;
	for (;;) {
		w->p = plain_end(w->p, w->end);
		if (w->p == w->end)
			return fail(w, -EBADMSG, no_end);
		if (*w->p == '"')
			break;
		if (*w->p == '\\') {
			buf_add(w->out, slice_of(from, (size_t)(w->p - from)));
			int r = write_escape(w);
			if (r < 0)
				return r;
			from = w->p;
			*simple = false;
		} else if (*w->p < 0x20) {
			return fail(w, -EBADMSG, control);
		} else {
			size_t n = utf8_next(slice_of(w->p, (size_t)(w->end - w->p)), 0, &v);
			if (n == 0)
				return fail(w, -EBADMSG, not_utf8);
			*simple = *simple && *w->p < 0xee;
			w->p += n;
		}
	}
	w->p++;
	buf_add(w->out, slice_of(from, (size_t)(w->p - from)));
	return 0;
}

static int write_number(struct writer *w)
{
	struct slice text = slice_of(w->p, (size_t)(w->end - w->p));
	struct jcs_decimal d;
	char out[JCS_NUMBER_MAX];
	size_t n;
	text.n = jcs_number_scan(text, &d);
	if (text.n == 0)
		return fail(w, -EBADMSG, bad_number);
	int r = jcs_number_text(&d, text, w->scratch, out, &n);
	if (r < 0)
		return r == -ERANGE ? fail(w, -EBADMSG, infinite) : full(w);
	buf_add(w->out, slice_of(out, n));
	w->p += text.n;
	return 0;
}

static struct name name_of(const struct writer *w, const struct member *m)
{
	return (struct name){slice_of(w->out->p + w->start + m->at + 1, m->name_n), m->simple};
}

static int member_cmp(const struct writer *w, const struct member *a, const struct member *b)
{
	struct name x = name_of(w, a), y = name_of(w, b);
	return name_cmp(&x, &y);
}

/* Heap sort: qsort() may ask for memory. */
static void sort(const struct writer *w, struct member *m, size_t n)
{
	for (size_t begin = n / 2, end = n; end > 1;) {
		if (begin) {
			begin--;
		} else {
			struct member t = m[--end];
			m[end] = m[0];
			m[0] = t;
		}
		struct member t = m[begin];
		size_t hole = begin;
		for (size_t child; (child = 2 * hole + 1) < end; hole = child) {
			child += child + 1 < end && member_cmp(w, &m[child], &m[child + 1]) < 0;
			if (member_cmp(w, &t, &m[child]) >= 0)
				break;
			m[hole] = m[child];
		}
		m[hole] = t;
	}
}

/* Puts the members from w->member[first] on in order; they are the end of the output. */
static int put_in_order(struct writer *w, size_t first)
{
	struct member *m = w->member + first;
	size_t n = w->n - first, at = m[0].at;
	if (buf_error(w->out))
		return buf_error(w->out);
	size_t size = w->out->n - w->start - at;
	if (size > w->copy_cap) {
		w->copy_cap = size > SIZE_MAX / 2 ? size : 2 * size;
		w->copy = arena_alloc(w->scratch, w->copy_cap);
		if (!w->copy)
			return full(w);
	}
	sort(w, m, n);
	for (size_t i = 1; i < n; i++)
		if (member_cmp(w, &m[i - 1], &m[i]) == 0) {
			w->p = m[i].in > m[i - 1].in ? m[i].in : m[i - 1].in;
			return fail(w, -EBADMSG, twice);
		}
	uint8_t *to = w->out->p + w->start + at;
	memcpy(w->copy, to, size);
	for (size_t i = 0; i < n; i++) {
		if (i)
			*to++ = ',';
		memcpy(to, w->copy + (m[i].at - at), m[i].n);
		to += m[i].n;
	}
	return 0;
}

static int write_value(struct writer *w, unsigned depth);

/* What comes behind a value: 1 another one, 0 the end. */
static int more(struct writer *w, uint8_t close)
{
	skip(w);
	if (w->p == w->end || (*w->p != ',' && *w->p != close))
		return fail(w, -EBADMSG, no_comma);
	buf_u8(w->out, *w->p);
	return *w->p++ == ',';
}

static int write_array(struct writer *w, unsigned depth)
{
	int r;
	buf_u8(w->out, *w->p++);
	skip(w);
	if (w->p < w->end && *w->p == ']') {
		buf_u8(w->out, *w->p++);
		return 0;
	}
	do {
		r = write_value(w, depth);
		if (r == 0)
			r = more(w, ']');
	} while (r > 0);
	return r;
}

static int new_member(struct writer *w)
{
	if (w->n < w->cap)
		return 0;
	size_t cap = w->cap ? 2 * w->cap : 32;
	struct member *m = arena_array(w->scratch, cap, sizeof(*m));
	if (!m)
		return full(w);
	if (w->n)
		memcpy(m, w->member, w->n * sizeof(*m));
	w->member = m;
	w->cap = cap;
	return 0;
}

static int write_member(struct writer *w, unsigned depth)
{
	struct member m = {.in = w->p, .at = w->out->n - w->start};
	int r = new_member(w);
	if (r < 0)
		return r;
	if (w->p == w->end || *w->p != '"')
		return fail(w, -EBADMSG, no_name);
	r = write_string(w, &m.simple);
	if (r < 0)
		return r;
	m.name_n = w->out->n - w->start - m.at - 2;
	skip(w);
	if (w->p == w->end || *w->p != ':')
		return fail(w, -EBADMSG, no_colon);
	buf_u8(w->out, *w->p++);
	/* Places are of use only while the output is whole. */
	if (buf_error(w->out))
		return buf_error(w->out);
	size_t place = w->n++;
	w->member[place] = m;
	r = write_value(w, depth);
	w->member[place].n = w->out->n - w->start - m.at;
	return r;
}

static int write_object(struct writer *w, unsigned depth)
{
	size_t first = w->n;
	bool in_order = true;
	int r;
	buf_u8(w->out, *w->p++);
	skip(w);
	if (w->p < w->end && *w->p == '}') {
		buf_u8(w->out, *w->p++);
		return 0;
	}
	do {
		skip(w);
		r = write_member(w, depth);
		if (r < 0)
			return r;
		if (w->n > first + 1)
			in_order = in_order && member_cmp(w, &w->member[w->n - 2], &w->member[w->n - 1]) < 0;
		r = more(w, '}');
	} while (r > 0);
	if (r == 0 && !in_order) {
		w->out->n--; /* the bracket */
		r = put_in_order(w, first);
		buf_u8(w->out, '}');
	}
	w->n = first;
	return r;
}

static int write_value(struct writer *w, unsigned depth)
{
	static const struct slice literal[] = {SLICE_INIT("true"), SLICE_INIT("false"), SLICE_INIT("null")};
	bool simple;
	skip(w);
	if (w->p == w->end)
		return fail(w, -EBADMSG, no_end);
	struct slice rest = slice_of(w->p, (size_t)(w->end - w->p));
	switch (*w->p) {
	case '{':
		return depth == DEPTH_MAX ? fail(w, -E2BIG, deep) : write_object(w, depth + 1);
	case '[':
		return depth == DEPTH_MAX ? fail(w, -E2BIG, deep) : write_array(w, depth + 1);
	case '"':
		return write_string(w, &simple);
	default:
		break;
	}
	for (size_t i = 0; i < ARRAY_LEN(literal); i++)
		if (slice_starts(rest, literal[i])) {
			buf_add(w->out, literal[i]);
			w->p += literal[i].n;
			return 0;
		}
	if (*w->p != '-' && (*w->p < '0' || *w->p > '9'))
		return fail(w, -EBADMSG, no_value);
	return write_number(w);
}

int jcs_write(struct slice json, struct arena *scratch, struct buf *out, const char **why, size_t *offset)
{
	struct writer w = {.p = json.p, .end = json.p + json.n, .out = out, .start = out->n, .scratch = scratch};
	int r = buf_error(out);
	if (r == 0)
		r = write_value(&w, 0);
	if (r == 0) {
		skip(&w);
		if (w.p < w.end)
			r = fail(&w, -EBADMSG, behind);
	}
	if (buf_error(out) && (r == 0 || r == buf_error(out))) {
		r = buf_error(out);
		w.why = "the canonical form does not fit";
	}
	if (r < 0) {
		*why = w.why;
		*offset = (size_t)(w.p - json.p);
		/* Half a document is nothing to go on with; that out was full remains to be seen. */
		if (out->n > w.start) {
			out->n = w.start;
			out->p[out->n] = 0;
		}
	}
	return r;
}
