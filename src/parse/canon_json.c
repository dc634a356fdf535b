#include "parse/canon_json.h"

#include <errno.h>

#define PLAIN_MAX 30 /* digits before the point, or zeros behind it, that are written out */

struct canon {
	const struct canon_json_calls *calls;
	void *arg;
	struct arena *scratch;
	struct buf *out;
};

/* ── numbers ── */

static bool digit(struct slice s, size_t at)
{
	return at < s.n && s.p[at] >= '0' && s.p[at] <= '9';
}

/* A number is 0.d1d2d3… × 10^point, without zeros at either end. */
void canon_number(struct slice text, struct buf *out)
{
	bool negative = text.n && text.p[0] == '-';
	size_t at = negative ? 1 : 0, first = SLICE_NPOS, last = 0, fraction = SLICE_NPOS;
	int64_t exponent = 0, point;
	for (; digit(text, at) || (at < text.n && text.p[at] == '.'); at++) {
		if (text.p[at] == '.') {
			fraction = at;
		} else if (text.p[at] != '0') {
			first = first == SLICE_NPOS ? at : first;
			last = at;
		}
	}
	size_t end = at;
	if (first == SLICE_NPOS) {
		buf_u8(out, '0');
		return;
	}
	if (at < text.n) {
		bool below = at + 1 < text.n && text.p[at + 1] == '-';
		at += at + 1 < text.n && (text.p[at + 1] == '-' || text.p[at + 1] == '+') ? 2 : 1;
		for (; digit(text, at) && exponent < 1000000000; at++)
			exponent = exponent * 10 + (text.p[at] - '0');
		/* Nobody can read that as a number; it stays as it is. */
		if (digit(text, at)) {
			buf_add(out, text);
			return;
		}
		exponent = below ? -exponent : exponent;
	}
	size_t dot = fraction == SLICE_NPOS ? end : fraction;
	point = (int64_t)dot - (int64_t)first + (first > dot ? 1 : 0) + exponent;
	size_t digits = last - first + 1 - (fraction != SLICE_NPOS && fraction > first && fraction < last ? 1 : 0);
	if (negative)
		buf_u8(out, '-');
	bool plain = point > -PLAIN_MAX && point <= (int64_t)(digits > PLAIN_MAX ? digits : PLAIN_MAX);
	if (plain && point <= 0) {
		buf_str_add(out, "0.");
		for (int64_t i = point; i < 0; i++)
			buf_u8(out, '0');
	}
	int64_t left = plain ? point : 1;
	for (size_t i = first; i <= last; i++) {
		if (i == fraction)
			continue;
		if (left == 0 && (!plain || point > 0))
			buf_u8(out, '.');
		buf_u8(out, text.p[i]);
		left--;
	}
	for (; plain && left > 0; left--)
		buf_u8(out, '0');
	if (!plain)
		buf_fmt(out, "e%s%lld", point - 1 < 0 ? "" : "+", (long long)(point - 1));
}

/* ── strings ── */

void canon_string(struct slice text, struct buf *out)
{
	static const char names[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
	size_t from = 0;
	buf_u8(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		/* json_decode() gives a lone surrogate so, which is no UTF-8. */
		bool lone = c == 0xed && i + 2 < text.n && text.p[i + 1] >= 0xa0 && text.p[i + 1] <= 0xbf && (text.p[i + 2] & 0xc0) == 0x80;
		if (c >= 0x20 && c != '"' && c != '\\' && !lone)
			continue;
		buf_add(out, slice_sub(text, from, i - from));
		if (lone) {
			buf_fmt(out, "\\u%04x", 0xd000u | (unsigned)(text.p[i + 1] & 0x3f) << 6 | (text.p[i + 2] & 0x3fu));
			i += 2;
		} else if (c >= 0x20) {
			buf_u8(out, '\\');
			buf_u8(out, c);
		} else if (c < sizeof(names) && names[c]) {
			buf_u8(out, '\\');
			buf_u8(out, (uint8_t)names[c]);
		} else {
			buf_fmt(out, "\\u%04x", c);
		}
		from = i + 1;
	}
	buf_add(out, slice_from(text, from));
	buf_u8(out, '"');
}

/* ── documents ── */

struct part {
	struct slice key; /* of a member, decoded; of an element of a set, how it is written */
	const struct json *v;
	size_t order;
};

static int by_key(const struct part *x, const struct part *y)
{
	int c = slice_cmp(x->key, y->key);
	return c ? c : (x->order > y->order) - (x->order < y->order);
}

/* Heap sort: qsort() may ask for memory. */
static void sort(struct part *p, size_t n)
{
	for (size_t begin = n / 2, end = n; end > 1;) {
		if (begin) {
			begin--;
		} else {
			struct part t = p[--end];
			p[end] = p[0];
			p[0] = t;
		}
		struct part t = p[begin];
		size_t hole = begin;
		for (size_t child; (child = 2 * hole + 1) < end; hole = child) {
			child += child + 1 < end && by_key(&p[child], &p[child + 1]) < 0;
			if (by_key(&t, &p[child]) >= 0)
				break;
			p[hole] = p[child];
		}
		p[hole] = t;
	}
}

static int write_value(struct canon *c, const struct json *v);

static struct part *parts_of(struct canon *c, const struct json *v)
{
	struct part *part = arena_array(c->scratch, v->n + 1, sizeof(*part));
	size_t n = 0;
	for (const struct json *m = v->child; part && m; m = m->next, n++) {
		part[n] = (struct part){.v = m, .order = n};
		if (!m->key.p)
			continue;
		part[n].key = json_decode(m->key, c->scratch);
		if (!part[n].key.p)
			return NULL;
	}
	return part;
}

static int write_object(struct canon *c, const struct json *v)
{
	struct part *part = parts_of(c, v);
	bool some = false;
	int r = 0;
	if (!part)
		return -ENOMEM;
	sort(part, v->n);
	buf_u8(c->out, '{');
	for (size_t i = 0; r == 0 && i < v->n; i++) {
		if (i + 1 < v->n && slice_eq(part[i].key, part[i + 1].key))
			continue;
		if (some)
			buf_u8(c->out, ',');
		some = true;
		canon_string(part[i].key, c->out);
		buf_u8(c->out, ':');
		r = write_value(c, part[i].v);
	}
	buf_u8(c->out, '}');
	return r;
}

static int write_array(struct canon *c, const struct json *v)
{
	bool set = c->calls && c->calls->set && c->calls->set(c->arg, v);
	int r = 0;
	buf_u8(c->out, '[');
	if (!set) {
		for (const struct json *m = v->child; r == 0 && m; m = m->next) {
			r = write_value(c, m);
			if (m->next)
				buf_u8(c->out, ',');
		}
		buf_u8(c->out, ']');
		return r;
	}
	struct part *part = parts_of(c, v);
	if (!part)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < v->n; i++) {
		size_t from = c->out->n;
		r = write_value(c, part[i].v);
		if (r < 0 || buf_error(c->out))
			return r < 0 ? r : buf_error(c->out);
		part[i].key = arena_copy(c->scratch, slice_from(buf_slice(c->out), from));
		if (!part[i].key.p)
			return -ENOMEM;
		c->out->n = from;
	}
	sort(part, v->n);
	for (size_t i = 0; i < v->n; i++) {
		if (i)
			buf_u8(c->out, ',');
		buf_add(c->out, part[i].key);
	}
	buf_u8(c->out, ']');
	return r;
}

static int write_text(struct canon *c, const struct json *v)
{
	struct slice text = json_text(v, c->scratch);
	_cleanup_buf_ struct buf other = BUF(c->out->max);
	if (!text.p)
		return -ENOMEM;
	bool changed = c->calls && c->calls->string && c->calls->string(c->arg, v, text, &other);
	if (changed && buf_error(&other))
		return buf_error(&other);
	canon_string(changed ? buf_slice(&other) : text, c->out);
	return 0;
}

/* As deep as the reader let it be. */
static int write_value(struct canon *c, const struct json *v)
{
	int r = 0;
	switch (v->type) {
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE:
		buf_add(c->out, v->raw);
		break;
	case JSON_NUMBER:
		canon_number(v->raw, c->out);
		break;
	case JSON_STRING:
		r = write_text(c, v);
		break;
	case JSON_ARRAY:
		r = write_array(c, v);
		break;
	case JSON_OBJECT:
		r = write_object(c, v);
		break;
	}
	return r < 0 ? r : buf_error(c->out);
}

int canon_json(const struct json *doc, const struct canon_json_calls *calls, void *arg, struct arena *scratch, struct buf *out)
{
	struct canon c = {calls, arg, scratch, out};
	return write_value(&c, doc);
}
