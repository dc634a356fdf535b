#include "parse/conf.h"

#include <errno.h>
#include <limits.h>

#include "parse/conf_part.h"
#include "parse/json.h"
#include "parse/jsonc.h"

#define EACH_MAX 10000u

const char *const conf_format_names[] = {"json", "toml", "yaml", "env", NULL};

bool conf_wrong(struct conf_builder *b, unsigned line, unsigned column, const char *reason)
{
	if (!b->error.reason)
		b->error = (struct conf_error){line, column, reason, b->error.limit};
	return false;
}

struct conf *conf_new(struct conf_builder *b, enum conf_type type)
{
	if (b->nodes == 0) {
		b->error.limit |= !b->error.reason;
		(void)conf_wrong(b, 1, 1, "there are too many values in it");
		return NULL;
	}
	b->nodes--;
	struct conf *c = arena_alloc(b->arena, sizeof(*c));
	if (c)
		c->type = type;
	else
		b->no_memory = true;
	return c;
}

void conf_append(struct conf *parent, struct conf *child)
{
	if (parent->last)
		parent->last->next = child;
	else
		parent->child = child;
	parent->last = child;
	parent->n++;
}

struct slice conf_copy(struct conf_builder *b, struct slice s)
{
	struct slice copy = arena_copy(b->arena, s);
	b->no_memory |= copy.p == NULL;
	return copy.p ? copy : SLICE("");
}

/* ---- JSON */

static const enum conf_type of_json[] = {
        [JSON_NULL] = CONF_NULL,
        [JSON_FALSE] = CONF_BOOL,
        [JSON_TRUE] = CONF_BOOL,
        [JSON_NUMBER] = CONF_NUMBER,
        [JSON_STRING] = CONF_TEXT,
        [JSON_ARRAY] = CONF_LIST,
        [JSON_OBJECT] = CONF_MAP,
};

/* Depth is that of the document, which is bounded. */
static struct conf *from_json(struct conf_builder *b, const struct json *v)
{
	struct conf *c = conf_new(b, of_json[v->type]);
	if (!c)
		return NULL;
	if (v->key.p)
		c->key = conf_copy(b, json_decode(v->key, b->arena));
	if (c->type == CONF_TEXT)
		c->text = conf_copy(b, json_text(v, b->arena));
	else if (c->type == CONF_NUMBER || c->type == CONF_BOOL)
		c->text = conf_copy(b, v->raw);
	for (const struct json *x = v->child; x; x = x->next) {
		struct conf *child = from_json(b, x);
		if (!child)
			return NULL;
		conf_append(c, child);
	}
	return c;
}

bool conf_json(struct conf_builder *b, struct slice text, struct conf **out)
{
	struct json_limits limits = {.depth = CONF_DEPTH, .nodes = b->nodes};
	struct json_error e = {0};
	struct json *doc;
	struct slice plain = jsonc_plain(text, b->arena);
	if (!plain.p) {
		b->no_memory = true;
		return false;
	}
	if (json_parse(plain, &limits, b->arena, &doc, &e) != JSON_OK) {
		unsigned line = 1, column = 1;
		for (size_t i = 0; i < e.at && i < plain.n; i++) {
			line += plain.p[i] == '\n';
			column = plain.p[i] == '\n' ? 1 : column + 1;
		}
		b->error.limit |= !b->error.reason && e.limit;
		return conf_wrong(b, line, column, e.reason);
	}
	return (*out = from_json(b, doc)) != NULL;
}

/* ---- NAME=value */

static bool name_of_variable(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'A' && s.p[i] <= 'Z') || (s.p[i] >= 'a' && s.p[i] <= 'z') || s.p[i] == '_' ||
		            (i && s.p[i] >= '0' && s.p[i] <= '9')))
			return false;
	return s.n > 0 && s.n < 128;
}

/* The value up to its end: what is in quotes, or up to a blank before a comment. */
static struct slice value_of_variable(struct slice s)
{
	s = slice_trim(s);
	if (s.n && (s.p[0] == '"' || s.p[0] == '\'')) {
		size_t end = slice_chr(s, s.p[0], 1);
		return slice_sub(s, 1, end == SLICE_NPOS ? s.n : end - 1);
	}
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == ';')
			return slice_sub(s, 0, i);
	return s;
}

/* Everything that is no assignment is passed over: shells have much else in their files. */
bool conf_env(struct conf_builder *b, struct slice text, struct conf **out)
{
	static const struct slice before[] = {SLICE_INIT("export "), SLICE_INIT("set -x "), SLICE_INIT("set -gx "), SLICE_INIT("set -Ux ")};
	struct conf *map = conf_new(b, CONF_MAP);
	struct slice line;
	unsigned number = 0;
	while (map && slice_split(&text, '\n', &line)) {
		number++;
		line = slice_trim(line);
		bool fish = false;
		for (size_t i = 0; i < ARRAY_LEN(before); i++)
			if (slice_starts(line, before[i])) {
				line = slice_trim(slice_from(line, before[i].n));
				fish = i > 0;
				break;
			}
		size_t at = slice_chr(line, fish ? ' ' : '=', 0);
		struct slice name = at == SLICE_NPOS ? SLICE_NONE : slice_sub(line, 0, at);
		if (!name_of_variable(name))
			continue;
		struct conf *c = conf_new(b, CONF_TEXT);
		if (!c)
			return false;
		c->line = number;
		c->column = 1;
		c->key = conf_copy(b, name);
		c->text = conf_copy(b, value_of_variable(slice_from(line, at + 1)));
		conf_append(map, c);
	}
	*out = map;
	return map != NULL;
}

/* ---- all of them */

static int read_with(
        enum conf_format format, struct slice text, bool lock, size_t nodes, struct arena *arena, struct conf **out, struct conf_error *err)
{
	static bool (*const readers[CONF_FORMATS])(struct conf_builder * b, struct slice text, struct conf * *out) = {
	        [CONF_JSON] = conf_json, [CONF_TOML] = conf_toml, [CONF_YAML] = conf_yaml, [CONF_ENV] = conf_env};
	struct conf_builder b = {.arena = arena, .nodes = nodes, .lock = lock};
	struct conf *root = NULL;
	bool good = readers[format](&b, text, &root);
	if (b.no_memory)
		return -ENOMEM;
	if (!good || !root) {
		if (err)
			*err = b.error.reason ? b.error : (struct conf_error){.line = 1, .column = 1, .reason = "it cannot be read"};
		return -EBADMSG;
	}
	*out = root;
	return 0;
}

int conf_read(enum conf_format format, struct slice text, size_t nodes, struct arena *arena, struct conf **out, struct conf_error *err)
{
	return read_with(format, text, false, nodes, arena, out, err);
}

int conf_read_lock(enum conf_format format, struct slice text, size_t nodes, struct arena *arena, struct conf **out, struct conf_error *err)
{
	return read_with(format, text, true, nodes, arena, out, err);
}

const struct conf *conf_get(const struct conf *c, struct slice key)
{
	const struct conf *last = NULL;
	for (const struct conf *x = c && c->type == CONF_MAP ? c->child : NULL; x; x = x->next)
		if (slice_eq(x->key, key))
			last = x;
	return last;
}

struct each {
	conf_fn *fn;
	void *arg;
	unsigned left;
};

static int each(struct each *e, const struct conf *c, struct slice path, struct slice star)
{
	struct slice part;
	if (!slice_split(&path, '/', &part)) {
		if (e->left == 0)
			return 0;
		e->left--;
		return e->fn(e->arg, c, star);
	}
	bool all = slice_is(part, "*");
	if (c->type != CONF_MAP && !(all && c->type == CONF_LIST))
		return 0;
	for (const struct conf *x = c->child; x && e->left; x = x->next) {
		int r = all ? each(e, x, path, x->key) : slice_eq(x->key, part) ? each(e, x, path, star) : 0;
		if (r)
			return r;
	}
	return 0;
}

int conf_each(const struct conf *c, const char *path, conf_fn *fn, void *arg)
{
	struct each e = {fn, arg, EACH_MAX};
	return c ? each(&e, c, path[0] ? slice_str(path) : SLICE_NONE, SLICE_NONE) : 0;
}

int conf_every(const struct conf *c, const char *path, conf_fn *fn, void *arg)
{
	struct each e = {fn, arg, UINT_MAX};
	return c ? each(&e, c, path[0] ? slice_str(path) : SLICE_NONE, SLICE_NONE) : 0;
}

static int keep_last(void *arg, const struct conf *value, struct slice key)
{
	(void)key;
	*(const struct conf **)arg = value;
	return 0;
}

const struct conf *conf_at(const struct conf *c, const char *path)
{
	const struct conf *found = NULL;
	(void)conf_every(c, path, keep_last, &found);
	return found;
}
