#include "parse/json_edit.h"

#include <errno.h>

#include "base/encode.h"
#include "parse/jcs.h"
#include "parse/json.h"
#include "parse/jsonc.h"

#define DEPTH_MAX 16

/* A document, and how far into it a path leads. */
struct walk {
	struct slice text;       /* as it is; the spans of values are offsets into it, through `plain` */
	struct slice plain;      /* without comments, as long */
	const struct json *at;   /* the last value that is there */
	struct slice rest;       /* of the path, from there */
	const struct json *stop; /* what stands on the way and is no object; NULL: the member is missing, or it was found (rest is empty) */
	unsigned depth;
};

static const struct json *member(const struct json *o, struct slice name, struct arena *arena, bool *no_memory)
{
	const struct json *found = NULL;
	for (const struct json *m = o->child; m; m = m->next) {
		struct slice key = json_decode(m->key, arena);
		if (!key.p && m->key.n)
			*no_memory = true;
		if (slice_eq(key, name))
			found = m;
	}
	return found;
}

static int walk(struct slice text, const char *path, struct arena *arena, struct walk *w)
{
	struct json *doc = NULL;
	bool no_memory = false;
	*w = (struct walk){.text = text, .plain = jsonc_plain(text, arena)};
	if (!w->plain.p)
		return text.n ? -ENOMEM : -EBADMSG;
	const struct json_limits limits = {.depth = 64, .nodes = 200000};
	if (json_parse(w->plain, &limits, arena, &doc, NULL) != JSON_OK || !doc || doc->type != JSON_OBJECT)
		return -EBADMSG;
	w->at = doc;
	w->rest = slice_str(path);
	while (w->rest.n && w->depth < DEPTH_MAX) {
		struct slice rest = w->rest, name;
		if (w->at->type != JSON_OBJECT) {
			w->stop = w->at;
			break;
		}
		(void)slice_split(&rest, '.', &name);
		const struct json *m = member(w->at, name, arena, &no_memory);
		if (!m)
			break;
		w->at = m;
		w->rest = rest;
		w->depth++;
	}
	return no_memory ? -ENOMEM : 0;
}

static size_t offset(const struct walk *w, const uint8_t *p)
{
	return (size_t)(p - w->plain.p);
}

static struct slice original(const struct walk *w, struct slice raw)
{
	return slice_sub(w->text, offset(w, raw.p), raw.n);
}

int json_edit_get(struct slice text, const char *path, struct arena *arena, struct slice *out)
{
	struct walk w;
	int r = walk(text, path, arena, &w);
	if (r < 0)
		return r;
	*out = w.rest.n ? SLICE_NONE : original(&w, w.at->raw);
	return 0;
}

bool json_edit_same(struct slice a, struct slice b, struct arena *arena)
{
	_cleanup_buf_ struct buf ca = BUF(4u << 20), cb = BUF(4u << 20);
	const char *why;
	size_t at;
	struct slice pa = jsonc_plain(a, arena), pb = jsonc_plain(b, arena);
	return jcs_write(pa, arena, &ca, &why, &at) == 0 && jcs_write(pb, arena, &cb, &why, &at) == 0 &&
	       slice_eq(buf_slice(&ca), buf_slice(&cb));
}

static void indent(struct buf *out, unsigned depth)
{
	buf_u8(out, '\n');
	for (unsigned i = 0; i < depth; i++)
		buf_str_add(out, "  ");
}

/* "name": value, or, of a path with more names, objects around it. */
static void member_text(struct buf *out, struct slice path, struct slice value, unsigned depth)
{
	struct slice name;
	unsigned opened = 0;
	for (;;) {
		(void)slice_split(&path, '.', &name);
		encode_json_string(out, name);
		buf_str_add(out, ": ");
		if (!path.n)
			break;
		buf_u8(out, '{');
		indent(out, depth + ++opened);
	}
	buf_add(out, value);
	while (opened) {
		indent(out, depth + --opened);
		buf_u8(out, '}');
	}
}

/* The white space that stands before a child: behind the bracket or comma before it. */
static struct slice space_before(const struct walk *w, const struct json *child)
{
	const uint8_t *p = child->key.p ? child->key.p - 1 : child->raw.p;
	const uint8_t *from = p;
	while (from > w->plain.p && (from[-1] == ' ' || from[-1] == '\t' || from[-1] == '\n' || from[-1] == '\r'))
		from--;
	/* A comment there is blanks in the plain text; only what is white in the original too is taken over. */
	struct slice s = original(w, slice_of(from, (size_t)(p - from)));
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] != ' ' && s.p[i - 1] != '\t' && s.p[i - 1] != '\n' && s.p[i - 1] != '\r')
			return slice_from(s, i);
	return s;
}

/* Puts a new child behind the others of an object or array. */
static void append_child(struct buf *out, const struct walk *w, const struct json *parent, struct slice child, bool object)
{
	const struct json *last = parent->child;
	while (last && last->next)
		last = last->next;
	size_t at = last ? offset(w, last->raw.p) + last->raw.n : offset(w, parent->raw.p) + 1;
	buf_add(out, slice_sub(w->text, 0, at));
	if (last) {
		buf_u8(out, ',');
		buf_add(out, space_before(w, last));
	} else {
		indent(out, w->depth + 1);
	}
	if (object)
		member_text(out, w->rest, child, w->depth + 1);
	else
		buf_add(out, child);
	/* A comma that stood behind the last stays where it is: it is one too many only for who takes no comments either. */
	struct slice rest = slice_from(w->text, at);
	if (!last) {
		size_t close = offset(w, parent->raw.p) + parent->raw.n - 1;
		/* What was between the brackets is white, or a comment. */
		struct slice between = slice_sub(w->text, at, close - at);
		if (slice_trim(between).n)
			buf_add(out, between);
		indent(out, w->depth);
		rest = slice_from(w->text, close);
	}
	buf_add(out, rest);
}

static void replace(struct buf *out, const struct walk *w, const struct json *v, struct slice value)
{
	size_t at = offset(w, v->raw.p);
	buf_add(out, slice_sub(w->text, 0, at));
	buf_add(out, value);
	buf_add(out, slice_from(w->text, at + v->raw.n));
}

int json_edit_set(struct slice text, const char *path, struct slice value, struct arena *arena, struct buf *out)
{
	struct walk w;
	int r = walk(text, path, arena, &w);
	if (r < 0)
		return r;
	if (!w.rest.n) {
		replace(out, &w, w.at, value);
	} else if (w.stop) {
		_cleanup_buf_ struct buf object = BUF(1u << 20);
		buf_u8(&object, '{');
		indent(&object, w.depth + 1);
		member_text(&object, w.rest, value, w.depth + 1);
		indent(&object, w.depth);
		buf_u8(&object, '}');
		if (buf_error(&object))
			return buf_error(&object);
		replace(out, &w, w.stop, buf_slice(&object));
	} else {
		append_child(out, &w, w.at, value, true);
	}
	return buf_error(out);
}

int json_edit_include(struct slice text, const char *path, struct slice value, struct arena *arena, struct buf *out)
{
	struct walk w;
	int r = walk(text, path, arena, &w);
	if (r < 0)
		return r;
	if (w.rest.n || w.at->type != JSON_ARRAY) {
		_cleanup_buf_ struct buf list = BUF(1u << 20);
		buf_u8(&list, '[');
		buf_add(&list, value);
		buf_u8(&list, ']');
		return buf_error(&list) ? buf_error(&list) : json_edit_set(text, path, buf_slice(&list), arena, out);
	}
	for (const struct json *e = w.at->child; e; e = e->next) {
		if (json_edit_same(e->raw, value, arena)) {
			buf_add(out, text);
			return buf_error(out);
		}
	}
	append_child(out, &w, w.at, value, false);
	return buf_error(out);
}
