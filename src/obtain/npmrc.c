#include "obtain/npmrc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "sys/path.h"

/* npm's own default; the only host that Postern knows. */
#define DEFAULT_REGISTRY "https://registry.npmjs.org/"
#define FILE_MAX         (1u << 20)

extern char **environ;

struct npmrc_entry {
	struct npmrc_entry *next;
	const char *key, *value;
};

static struct slice unquote(struct slice s)
{
	s = slice_trim(s);
	if (s.n >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0])
		s = slice_sub(s, 1, s.n - 2);
	return s;
}

bool npmrc_next(struct npmrc_iter *i)
{
	for (struct slice line; slice_split(&i->rest, '\n', &line);) {
		line = slice_trim(line);
		if (!line.n || line.p[0] == '#' || line.p[0] == ';' || line.p[0] == '[' || memchr(line.p, 0, line.n))
			continue;
		size_t eq = slice_chr(line, '=', 0);
		i->key = unquote(slice_sub(line, 0, eq));
		i->value = eq == SLICE_NPOS ? SLICE("true") : unquote(slice_from(line, eq + 1));
		if (slice_ends(i->key, SLICE("[]")))
			i->key.n -= 2;
		if (i->key.n)
			return true;
	}
	return false;
}

void npmrc_expand(struct slice value, const char *(*var)(struct slice name, void *arg), void *arg, struct buf *out)
{
	size_t at = 0;
	while (at < value.n) {
		size_t open = slice_find(value, SLICE("${"), at);
		size_t close = open == SLICE_NPOS ? SLICE_NPOS : slice_chr(value, '}', open);
		if (close == SLICE_NPOS) {
			buf_add(out, slice_from(value, at));
			return;
		}
		bool kept = open > at && value.p[open - 1] == '\\';
		buf_add(out, slice_sub(value, at, open - at - kept));
		struct slice name = slice_sub(value, open + 2, close - open - 2);
		bool maybe = slice_ends(name, SLICE("?"));
		name.n -= maybe;
		const char *text = kept || !name.n ? NULL : var(name, arg);
		if (text)
			buf_str_add(out, text);
		else if (kept || !maybe)
			buf_add(out, slice_sub(value, open, close + 1 - open));
		at = close + 1;
	}
}

static const char *from_environment(struct slice name, void *arg)
{
	(void)arg;
	char key[256];
	if (name.n >= sizeof(key) || memchr(name.p, 0, name.n))
		return NULL;
	memcpy(key, name.p, name.n);
	key[name.n] = 0;
	return getenv(key);
}

/* Where the next, weaker source begins. */
static struct npmrc_entry **end(struct npmrc *c)
{
	struct npmrc_entry **at = &c->first;
	while (*at)
		at = &(*at)->next;
	return at;
}

/* In front of what `source` has: within one file the last line wins. */
static int add(struct npmrc *c, struct npmrc_entry **source, struct slice key, struct slice value)
{
	_cleanup_buf_ struct buf b = BUF(FILE_MAX);
	npmrc_expand(value, from_environment, NULL, &b);
	struct npmrc_entry *e = arena_alloc(c->arena, sizeof(*e));
	if (!e || buf_error(&b))
		return -ENOMEM;
	e->key = arena_str(c->arena, key);
	e->value = arena_str(c->arena, buf_slice(&b));
	if (!e->key || !e->value)
		return -ENOMEM;
	e->next = *source;
	*source = e;
	return 0;
}

static int add_file(struct npmrc *c, const char *path)
{
	_cleanup_buf_ struct buf b = BUF(FILE_MAX);
	struct npmrc_entry **source = end(c);
	if (!path || path_read(AT_FDCWD, path, &b) < 0)
		return 0;
	struct npmrc_iter i = {.rest = buf_slice(&b)};
	while (npmrc_next(&i)) {
		int r = add(c, source, i.key, i.value);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_environment(struct npmrc *c)
{
	const struct slice prefix = SLICE("npm_config_");
	struct npmrc_entry **source = end(c);
	for (char **e = environ; e && *e; e++) {
		struct slice s = slice_str(*e);
		size_t eq = slice_chr(s, '=', 0);
		if (eq == SLICE_NPOS || eq <= prefix.n || !slice_eq_nocase(slice_sub(s, 0, prefix.n), prefix) || eq + 1 == s.n)
			continue;
		char *key = arena_str(c->arena, slice_sub(s, prefix.n, eq - prefix.n));
		if (!key)
			return -ENOMEM;
		for (char *p = key; *p; p++) {
			if (*p == '_' && p != key)
				*p = '-';
			else if (*p >= 'A' && *p <= 'Z')
				*p = (char)(*p | 0x20);
		}
		int r = add(c, source, slice_str(key), slice_from(s, eq + 1));
		if (r < 0)
			return r;
	}
	return 0;
}

/* The real path of a program on PATH, into `out`; false if there is none. */
static bool on_path(const char *program, char out[PATH_MAX])
{
	struct slice rest = slice_str(getenv("PATH")), dir;
	while (slice_split(&rest, ':', &dir)) {
		char path[PATH_MAX];
		if (dir.n && dir.p[0] == '/' && snprintf(path, sizeof(path), "%.*s/%s", SLICE_FMT(dir), program) < (int)sizeof(path) &&
		        access(path, X_OK) == 0 && realpath(path, out))
			return true;
	}
	return false;
}

/* `path` without its last `n` components, then `tail`. */
static const char *beside(struct arena *a, const char *path, unsigned n, const char *tail)
{
	struct slice s = slice_str(path);
	while (n-- > 0) {
		while (s.n && s.p[s.n - 1] != '/')
			s.n--;
		if (s.n)
			s.n--;
	}
	return arena_fmt(a, "%.*s/%s", SLICE_FMT(s), tail);
}

int npmrc_load(struct npmrc *c, struct arena *arena)
{
	char real[PATH_MAX];
	*c = (struct npmrc){.arena = arena};
	int r = add_environment(c);
	const char *user = npmrc_get(c, "userconfig"), *home = getenv("HOME");
	if (!user && home)
		user = arena_fmt(arena, "%s/.npmrc", home);
	if (r == 0 && user)
		r = add_file(c, user);

	/* The built-in file is the weakest, but may say where the global one is. */
	struct npmrc builtin = {.arena = arena};
	if (r == 0 && on_path("npm", real))
		r = add_file(&builtin, beside(arena, real, 2, "npmrc"));
	const char *global = npmrc_get(c, "globalconfig"), *prefix = npmrc_get(c, "prefix");
	if (!global)
		global = npmrc_get(&builtin, "globalconfig");
	if (!prefix)
		prefix = npmrc_get(&builtin, "prefix");
	if (!prefix)
		prefix = getenv("PREFIX");
	if (!global && prefix)
		global = arena_fmt(arena, "%s/etc/npmrc", prefix);
	if (!global && on_path("node", real))
		global = beside(arena, real, 2, "etc/npmrc");
	if (r == 0 && global)
		r = add_file(c, global);
	if (r == 0)
		r = add_file(c, "/etc/npmrc");
	*end(c) = builtin.first;
	return r;
}

const char *npmrc_get(const struct npmrc *c, const char *key)
{
	for (const struct npmrc_entry *e = c->first; e; e = e->next)
		if (strcmp(e->key, key) == 0)
			return strcmp(e->value, "null") == 0 || !*e->value ? NULL : e->value;
	return NULL;
}

uint64_t npmrc_number(const struct npmrc *c, const char *key, uint64_t max, uint64_t fallback)
{
	uint64_t v;
	return slice_u64(slice_str(npmrc_get(c, key)), max, &v) ? v : fallback;
}

const char *npmrc_registry(const struct npmrc *c, struct slice package)
{
	const char *url = NULL;
	if (package.n && package.p[0] == '@') {
		char *key = arena_fmt(c->arena, "%.*s:registry", SLICE_FMT(slice_sub(package, 0, slice_chr(package, '/', 0))));
		if (!key)
			return NULL;
		url = npmrc_get(c, key);
	}
	if (!url)
		url = npmrc_get(c, "registry");
	if (!url)
		return DEFAULT_REGISTRY;
	return slice_ends(slice_str(url), SLICE("/")) ? url : arena_fmt(c->arena, "%s/", url);
}

const char *npmrc_tarball(const struct npmrc *c, struct slice package, const char *url)
{
	const char *registry = npmrc_registry(c, package);
	struct slice s = slice_str(url);
	if (!registry)
		return NULL;
	if (!slice_starts(s, SLICE(DEFAULT_REGISTRY)))
		return url;
	return arena_fmt(c->arena, "%s%.*s", registry, SLICE_FMT(slice_from(s, sizeof(DEFAULT_REGISTRY) - 1)));
}

const char *npmrc_authorization(const struct npmrc *c, const char *url)
{
	const char *at = strstr(url, "://");
	if (!at)
		return NULL;
	/* "//host:port/a/b/" down to "//host:port/". */
	struct slice place = slice_str(at + 1);
	for (; place.n > 2; place.n--) {
		if (place.p[place.n - 1] != '/')
			continue;
		static const struct {
			const char *key, *scheme;
		} kinds[] = {{"_authToken", "Bearer"}, {"_auth", "Basic"}};
		for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
			const char *key = arena_fmt(c->arena, "%.*s:%s", SLICE_FMT(place), kinds[i].key);
			const char *value = key ? npmrc_get(c, key) : NULL;
			if (value)
				return arena_fmt(c->arena, "%s %s", kinds[i].scheme, value);
		}
	}
	return NULL;
}
