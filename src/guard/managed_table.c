/* The table of managed settings: YAML. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "guard/managed.h"
#include "policy/tree.h"
#include "sys/path.h"
#include "sys/share.h"

#define OWN       "/etc/postern/managed"
#define LIST_MAX  256
#define SETS_MAX  256
#define DEPTH_MAX 8

struct reader {
	struct arena *arena;
	struct policy_problems *problems;
	const char *file;
	bool no_memory;
};

__attribute__((format(printf, 3, 4))) static void bad(struct reader *r, const struct tree *at, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	policy_problem(r->problems, false, r->file, at ? at->line : 1, at ? at->column : 1, "%s", text);
}

/* A text of a key that must be there. */
static const char *text_of(struct reader *r, const struct tree *map, const char *key, bool wanted)
{
	const struct tree *v = tree_get(map, key);
	if (!v) {
		if (wanted)
			bad(r, map, "\"%s\" is missing", key);
		return NULL;
	}
	if (v->kind != TREE_TEXT || !v->text.n || v->text.n > 1024) {
		bad(r, v, "\"%s\" should be a text, but is %s", key, tree_kind_name(v));
		return NULL;
	}
	const char *s = arena_str(r->arena, v->text);
	r->no_memory |= !s;
	return s;
}

/* A path in a root: absolute, and of ordinary names. */
static const char *path_of(struct reader *r, const struct tree *map, const char *key, bool wanted)
{
	const char *s = text_of(r, map, key, wanted);
	struct slice rest = slice_str(s), part;
	if (!s)
		return NULL;
	bool good = s[0] == '/' && s[1] && rest.n < 512;
	rest = slice_from(rest, 1);
	while (good && slice_split(&rest, '/', &part))
		good = part.n && part.n < 200 && !slice_is(part, ".") && !slice_is(part, "..");
	if (good && s[strlen(s) - 1] != '/')
		return s;
	bad(r, tree_get(map, key), "\"%s\" is no absolute path of a file", s);
	return NULL;
}

/* A node as JSON. */
static void to_json(struct reader *r, const struct tree *t, unsigned depth, struct buf *out)
{
	static const char *const words[] = {"true", "false", "null"};
	uint64_t n;
	if (depth > DEPTH_MAX) {
		bad(r, t, "this is nested too deep");
		return;
	}
	bool literal = t->kind == TREE_TEXT && t->plain && slice_u64(t->text, UINT32_MAX, &n) && (t->text.n == 1 || t->text.p[0] != '0');
	for (size_t i = 0; i < ARRAY_LEN(words) && t->kind == TREE_TEXT && t->plain; i++)
		literal |= slice_is(t->text, words[i]);
	switch (t->kind) {
	case TREE_NULL:
		buf_str_add(out, "null");
		break;
	case TREE_TEXT:
		if (literal)
			buf_add(out, t->text);
		else
			encode_json(out, t->text);
		break;
	case TREE_LIST:
	case TREE_MAP:
		buf_u8(out, t->kind == TREE_LIST ? '[' : '{');
		for (const struct tree *c = t->child; c; c = c->next) {
			if (c != t->child)
				buf_str_add(out, ", ");
			if (t->kind == TREE_MAP) {
				encode_json(out, c->key->text);
				buf_str_add(out, ": ");
			}
			to_json(r, c, depth + 1, out);
		}
		buf_u8(out, t->kind == TREE_LIST ? ']' : '}');
		break;
	}
}

static void known(struct reader *r, const struct tree *map, const char *const *keys)
{
	for (const struct tree *c = map->child; c; c = c->next) {
		const char *const *k = keys;
		while (*k && !slice_is(c->key->text, *k))
			k++;
		if (!*k)
			bad(r, c->key, "there is no key \"%.*s\" here", SLICE_FMT(c->key->text));
	}
}

static const struct tree *list_of(struct reader *r, const struct tree *map, const char *key, enum tree_kind kind)
{
	const struct tree *v = tree_get(map, key);
	if (!v || v->kind != TREE_LIST || v->n == 0 || v->n > LIST_MAX) {
		bad(r, v ? v : map, "\"%s\" should be a list of 1 to %d", key, LIST_MAX);
		return NULL;
	}
	for (const struct tree *c = v->child; c; c = c->next) {
		if (c->kind != kind) {
			bad(r, c, "this should be %s", kind == TREE_MAP ? "a mapping" : "a text");
			return NULL;
		}
	}
	return v;
}

static bool key_good(const char *key)
{
	for (const char *c = key; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '_' || *c == '-' ||
		            (*c == '.' && c > key && c[1] && c[1] != '.')))
			return false;
	return true;
}

static void read_key(struct reader *r, const struct tree *t, enum managed_format format, struct managed_key *out)
{
	static const char *const keys[] = {"key", "value", "include", "why", NULL};
	const struct tree *value = tree_get(t, "value"), *include = tree_get(t, "include");
	_cleanup_buf_ struct buf json = BUF(64u << 10);
	known(r, t, keys);
	out->key = text_of(r, t, "key", true);
	out->why = text_of(r, t, "why", false);
	out->include = include != NULL;
	if (out->key && !key_good(out->key))
		bad(r, t, "\"%s\" is no key: names of letters, digits, _ and -, with dots between", out->key);
	if (!value == !include || (include && (include->kind != TREE_LIST || include->n == 0))) {
		bad(r, t, "a key has either a \"value\", or a list of what it must \"include\"");
		return;
	}
	to_json(r, value ? value : include, 0, &json);
	if (format == MANAGED_TOML && json.p && memchr(json.p, '{', json.n))
		bad(r, t, "a mapping is not written into TOML: name its keys");
	out->value = arena_copy(r->arena, buf_slice(&json));
	r->no_memory |= buf_error(&json) || !out->value.p;
}

static void read_file(struct reader *r, const struct tree *t, struct managed_file *out)
{
	static const char *const keys[] = {"path", "format", "merged_over", "keys", NULL};
	known(r, t, keys);
	out->path = path_of(r, t, "path", true);
	out->merged_over = path_of(r, t, "merged_over", false);
	const char *format = text_of(r, t, "format", true);
	static const char *const formats[] = {[MANAGED_JSON] = "json", [MANAGED_JSONC] = "jsonc", [MANAGED_TOML] = "toml"};
	unsigned f = 0;
	while (format && f < ARRAY_LEN(formats) && strcmp(format, formats[f]) != 0)
		f++;
	if (f == ARRAY_LEN(formats))
		bad(r, tree_get(t, "format"), "\"%s\" is no format: json, jsonc, toml", format);
	else
		out->format = (enum managed_format)f;
	const struct tree *list = list_of(r, t, "keys", TREE_MAP);
	struct managed_key *key = list ? arena_array(r->arena, list->n, sizeof(*key)) : NULL;
	r->no_memory |= list && !key;
	for (const struct tree *c = key ? list->child : NULL; c; c = c->next)
		read_key(r, c, out->format, &key[out->n_keys++]);
	out->key = key;
}

static void read_set(struct reader *r, const struct tree *t, struct managed_set *out)
{
	static const char *const keys[] = {"tools", "files", NULL};
	if (t->kind != TREE_MAP) {
		bad(r, t, "this should be a mapping with \"tools\" and \"files\"");
		return;
	}
	known(r, t, keys);
	const struct tree *tools = list_of(r, t, "tools", TREE_TEXT), *files = list_of(r, t, "files", TREE_MAP);
	const char **tool = tools ? arena_array(r->arena, tools->n + 1, sizeof(*tool)) : NULL;
	struct managed_file *file = files ? arena_array(r->arena, files->n, sizeof(*file)) : NULL;
	r->no_memory |= (tools && !tool) || (files && !file);
	size_t n = 0;
	for (const struct tree *c = tool ? tools->child : NULL; c; c = c->next) {
		tool[n] = arena_str(r->arena, c->text);
		r->no_memory |= !tool[n++];
	}
	for (const struct tree *c = file ? files->child : NULL; c; c = c->next)
		read_file(r, c, &file[out->n_files++]);
	out->tools = tool;
	out->file = file;
}

/* One description. 0, -EINVAL with its place, -ENOMEM. */
static int parse(struct slice yaml, const char *file, struct arena *arena, struct managed_set *out, struct err *err)
{
	struct policy_problems problems = {.n = 0};
	struct reader r = {.arena = arena, .problems = &problems, .file = file};
	struct managed_set set = {.name = ""};
	struct tree *t = NULL;
	int e = tree_yaml(yaml, file, arena, &t, &problems);
	if (e == 0)
		read_set(&r, t, &set);
	if (e == -ENOMEM || r.no_memory)
		e = err_set(err, -ENOMEM, "out of memory");
	else if (problems.errors)
		e = policy_problems_err(&problems, err);
	policy_problems_free(&problems);
	if (e == 0)
		*out = set;
	return e;
}

/* ---- Folders ---- */

struct found {
	struct managed_set set[SETS_MAX];
	size_t n;
};

static int read_one(int dir, const char *folder, const char *name, struct arena *arena, struct found *f, struct err *err)
{
	size_t n = strlen(name);
	if (n < 6 || strcmp(name + n - 5, ".yaml") != 0 || name[0] == '.')
		return 0;
	const char *short_name = arena_str(arena, slice_of(name, n - 5)), *path = arena_fmt(arena, "%s/%s", folder, name);
	if (!short_name || !path)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->set[i].name, short_name) == 0)
			return 0; /* an administrator's own stands instead */
	if (f->n == SETS_MAX)
		return err_set(err, -E2BIG, "%s: more than %d descriptions of managed settings", folder, SETS_MAX);
	_cleanup_buf_ struct buf text = BUF(POLICY_BYTES_MAX);
	int r = path_read(dir, name, &text);
	if (r < 0)
		return err_sys(err, r, "%s", path);
	r = parse(buf_slice(&text), path, arena, &f->set[f->n], err);
	if (r == 0)
		f->set[f->n++].name = short_name;
	return r;
}

static int read_folder(const char *folder, struct arena *arena, struct found *f, struct err *err)
{
	DIR *d = opendir(folder);
	if (!d)
		return errno == ENOENT ? -ENOENT : err_sys(err, -errno, "%s", folder);
	struct dirent *e;
	int r = 0, more = 0;
	while (r == 0 && (more = path_next(d, &e)) == 1)
		r = read_one(dirfd(d), folder, e->d_name, arena, f, err);
	(void)closedir(d);
	return r < 0 ? r : more < 0 ? err_sys(err, more, "%s", folder) : 0;
}

int managed_load(const char *own, struct arena *arena, struct managed_set **out, size_t *n, struct err *err)
{
	struct found *f = arena_alloc(arena, sizeof(*f));
	const char *share[3];
	if (!f)
		return err_set(err, -ENOMEM, "out of memory");
	int r = read_folder(own ? own : OWN, arena, f, err);
	if (r < 0 && r != -ENOENT)
		return r;
	size_t shares = share_folders(arena, share);
	for (size_t i = 0; i < shares; i++) {
		const char *folder = arena_fmt(arena, "%s/managed", share[i]);
		if (!folder)
			return err_set(err, -ENOMEM, "out of memory");
		r = read_folder(folder, arena, f, err);
		if (r != -ENOENT)
			break;
	}
	if (r == -ENOENT)
		return err_set(err, r, "no descriptions of managed settings are installed (share/managed)");
	if (r == 0) {
		*out = f->set;
		*n = f->n;
	}
	return r;
}
