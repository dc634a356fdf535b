#include "parse/toml_edit.h"

#include <errno.h>

#include "base/encode.h"

#define NODES_MAX 40000

/* How far into a document a path leads. */
struct walk {
	const struct conf *found; /* the value; NULL: it is not there */
	const struct conf *table; /* that it is in, or would be; NULL: it is not there either */
	const struct conf *home;  /* the last table on the way there that its name begins, or the document */
	struct slice from_home;   /* the path from there */
};

static bool in_line(const struct conf *c)
{
	return c->type == CONF_MAP && c->raw.p && c->raw.p[0] == '{';
}

/* Is it not looked into? */
static bool closed(const struct conf *c)
{
	return in_line(c) || (c->type == CONF_LIST && !c->raw.p);
}

static int walk(struct slice text, const char *path, struct arena *arena, struct walk *w)
{
	struct conf *root;
	int r = conf_read(CONF_TOML, text, NODES_MAX, arena, &root, NULL);
	if (r < 0)
		return r;
	struct slice rest = slice_str(path), name;
	*w = (struct walk){.table = root, .home = root, .from_home = rest};
	while (slice_split(&rest, '.', &name)) {
		const struct conf *c = conf_get(w->table, name);
		bool last = !rest.n;
		if (c && (closed(c) || (c->type == CONF_MAP) == last))
			return -EEXIST;
		if (last) {
			w->found = c;
			return 0;
		}
		w->table = c;
		if (c && c->raw.p) {
			w->home = c;
			w->from_home = rest;
		}
	}
	return 0;
}

/* Nobody named it, and a value is in it: keys with dots made it, and a table of its name would be the second. */
static bool dotted(const struct conf *map)
{
	for (const struct conf *c = map->child; c; c = c->next)
		if (c->type == CONF_MAP && !c->raw.p ? dotted(c) : in_line(c) || (c->type != CONF_MAP && c->raw.p))
			return true;
	return false;
}

int toml_edit_get(struct slice text, const char *path, struct arena *arena, const struct conf **out)
{
	struct walk w;
	int r = walk(text, path, arena, &w);
	if (r == 0)
		*out = w.found;
	return r;
}

int toml_edit_set(struct slice text, const char *path, struct slice value, struct arena *arena, struct buf *out)
{
	struct walk w;
	int r = walk(text, path, arena, &w);
	if (r < 0)
		return r;
	if (w.found) {
		size_t at = (size_t)(w.found->raw.p - text.p);
		buf_add(out, slice_sub(text, 0, at));
		buf_add(out, value);
		buf_add(out, slice_from(text, at + w.found->raw.n));
		return buf_error(out);
	}
	const char *dot = strrchr(path, '.');
	bool here = w.table && (w.table == w.home || dotted(w.table));
	size_t at = here ? (size_t)(w.home->raw.p - text.p) + w.home->raw.n : text.n;
	buf_add(out, slice_sub(text, 0, at));
	if (at > 0 && text.p[at - 1] != '\n')
		buf_u8(out, '\n');
	if (here) {
		buf_add(out, w.from_home);
	} else {
		buf_fmt(out, "%s[%.*s]\n", at > 0 ? "\n" : "", (int)(dot - path), path);
		buf_str_add(out, dot + 1);
	}
	buf_str_add(out, " = ");
	buf_add(out, value);
	/* Where the rest begins with the end of a line, that is now ours. */
	struct slice rest = slice_from(text, at);
	if (!slice_starts(rest, SLICE("\n")) && !slice_starts(rest, SLICE("\r\n")))
		buf_u8(out, '\n');
	buf_add(out, rest);
	return buf_error(out);
}

bool toml_edit_json(const struct conf *value, struct buf *out)
{
	uint64_t n;
	switch (value->type) {
	case CONF_TEXT:
		encode_json_string(out, value->text);
		break;
	case CONF_LIST:
		buf_u8(out, '[');
		for (const struct conf *c = value->child; c; c = c->next) {
			if (c != value->child)
				buf_u8(out, ',');
			if (!toml_edit_json(c, out))
				return false;
		}
		buf_u8(out, ']');
		break;
	case CONF_NUMBER:
		if (!slice_u64(value->text, UINT32_MAX, &n))
			return false;
		[[fallthrough]];
	case CONF_BOOL:
		buf_add(out, value->text);
		break;
	case CONF_NULL:
	case CONF_MAP:
		return false;
	}
	return buf_error(out) == 0;
}
