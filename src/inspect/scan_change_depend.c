/* What a project depends on, for scan_change: manifests of npm, PyPI, Cargo, Go, RubyGems and Composer, and lock files of npm. */
#include <stdio.h>
#include <stdlib.h>

#include "inspect/scan_change_depend.h"
#include "inspect/scan_part.h"
#include "inspect/scan_popular.h"
#include "inspect/scan_shell.h"

#define CONF_ARENA ((size_t)96 << 20)
#define NODES      500000u
#define NAME_SHOWN 100u
#define SPEC_SHOWN 160u
#define PATH_SHOWN 240u

static const char *const kind_names[] = {"npm", "PyPI", "Cargo", "Go", "RubyGems", "Composer"};

static size_t find(const struct change_facts *f, struct slice name)
{
	size_t at = name.n ? slice_find(f->text, name, 0) : 0;
	return at == SLICE_NPOS ? 0 : at;
}

static struct slice shown(struct slice s, size_t n)
{
	return slice_sub(s, 0, n);
}

/* ── one dependency ── */

/* Where else than from a registry does it come from? What is in the same repository is none. */
static bool is_remote(struct slice spec)
{
	static const char *const fronts[] = {
	        "git+", "git:", "git@", "http:", "https:", "ssh:", "github:", "gitlab:", "bitbucket:", "gist:"};
	for (size_t i = 0; i < ARRAY_LEN(fronts); i++)
		if (slice_starts(spec, slice_str(fronts[i])))
			return true;
	return false;
}

/* "owner/name", "owner/name#branch", as npm has it. */
static bool is_owner_name(struct slice spec)
{
	size_t slashes = 0;
	for (size_t i = 0; i < spec.n && spec.p[i] != '#'; i++) {
		uint8_t c = spec.p[i];
		slashes += c == '/';
		bool name = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
		            c == '.' || c == '/';
		if (!name || (i == 0 && (c == '.' || c == '/')))
			return false;
	}
	return slashes == 1;
}

/* Without what says which commit: that changes with each update. */
static struct slice without_commit(struct slice spec)
{
	size_t hash = slice_chr(spec, '#', 0), query = slice_chr(spec, '?', 0);
	return slice_sub(spec, 0, hash < query ? hash : query);
}

void change_remote(struct reader *r, struct slice name, struct slice spec, size_t at)
{
	char key[PATH_SHOWN];
	struct slice repository = without_commit(spec);
	int n = snprintf(key, sizeof(key), "%.*s %.*s", SLICE_FMT(shown(name, NAME_SHOWN)), SLICE_FMT(shown(repository, SPEC_SHOWN - 40)));
	change_add(r->f, r->f->test ? SCAN_RULE_CHANGE_DEPENDENCY : SCAN_RULE_CHANGE_DEPENDENCY_URL, CHANGE_EACH, slice_of(key, (size_t)n),
	        at, name.n, "%s: %.*s from %.*s", kind_names[r->kind], SLICE_FMT(shown(name, NAME_SHOWN)),
	        SLICE_FMT(shown(spec, SPEC_SHOWN)));
}

/* As PyPI compares names; `to` has room for NAME_SHOWN. */
static struct slice normalised(struct slice name, char *to)
{
	size_t n = 0;
	for (size_t i = 0; i < name.n && n < NAME_SHOWN; i++) {
		uint8_t c = name.p[i];
		bool separator = c == '-' || c == '_' || c == '.';
		if (separator && n && to[n - 1] == '-')
			continue;
		to[n++] = (char)(separator ? '-' : c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	}
	return slice_of(to, n);
}

void change_depends(struct reader *r, struct slice name, struct slice spec, size_t at)
{
	char lower[NAME_SHOWN], key[PATH_SHOWN];
	if (name.n == 0)
		return;
	struct slice plain = r->kind == PYPI ? normalised(name, lower) : name;
	int n = snprintf(key, sizeof(key), "%d %.*s", (int)r->kind, SLICE_FMT(shown(plain, NAME_SHOWN)));
	change_add(r->f, SCAN_RULE_CHANGE_DEPENDENCY, CHANGE_EACH, slice_of(key, (size_t)n), at, name.n, "%s: %.*s %.*s",
	        kind_names[r->kind], SLICE_FMT(shown(name, NAME_SHOWN)), SLICE_FMT(shown(spec, 60)));
	if (is_remote(spec) || (r->kind == NPM && is_owner_name(spec))) {
		change_remote(r, name, spec, at);
		return;
	}
	if (r->kind >= GO || r->f->test)
		return;
	struct slice like = popular_like(r->kind == NPM ? POPULAR_OF_NPM : r->kind == PYPI ? POPULAR_OF_PYPI : POPULAR_OF_CRATES, plain);
	if (like.n)
		change_add(r->f, SCAN_RULE_CHANGE_LOOKALIKE, CHANGE_EACH, slice_of(key, (size_t)n), at, name.n,
		        "%s: %.*s, which looks like %.*s", kind_names[r->kind], SLICE_FMT(shown(name, NAME_SHOWN)), SLICE_FMT(like));
}

/* ── npm ── */

static int npm_dependency(void *arg, const struct conf *v, struct slice key)
{
	struct reader *r = arg;
	char quoted[NAME_SHOWN + 4];
	struct slice name = key, spec = conf_is_text(v) ? v->text : SLICE_NONE;
	/* "npm:other@1": another name is what is installed. */
	if (slice_starts(spec, SLICE("npm:"))) {
		struct slice other = slice_from(spec, 4);
		size_t version = slice_chr(other, '@', 1);
		name = slice_sub(other, 0, version == SLICE_NPOS ? other.n : version);
	}
	int n = snprintf(quoted, sizeof(quoted), "\"%.*s\"", SLICE_FMT(shown(key, NAME_SHOWN)));
	change_depends(r, name, spec, find(r->f, slice_of(quoted, (size_t)n)));
	return 0;
}

/* Does it run a file that is in the package itself? */
static bool runs_own_file(struct slice command)
{
	static const char *const programs[] = {"node", "bun", "deno", "python", "python3", "sh", "bash", NULL};
	static const char *const ends[] = {".js", ".cjs", ".mjs", ".ts", ".py", ".sh"};
	struct slice first, rest = slice_trim(command);
	if (!slice_split(&rest, ' ', &first) || !scan_one_of(first, programs))
		return false;
	while (slice_split(&rest, ' ', &first))
		for (size_t i = 0; i < ARRAY_LEN(ends); i++)
			if (slice_ends(first, slice_str(ends[i])) && !slice_starts(first, SLICE("node_modules/")) && first.p[0] != '-')
				return true;
	return false;
}

static int npm_script(void *arg, const struct conf *v, struct slice key)
{
	static const char *const names[] = {"preinstall", "install", "postinstall", NULL};
	struct reader *r = arg;
	char quoted[NAME_SHOWN + 4], same[PATH_SHOWN];
	if (!conf_is_text(v) || !scan_one_of(key, names))
		return 0;
	bool odd = !r->f->test && (runs_own_file(v->text) || scan_shell(v->text) & (SHELL_DOES_REACHES | SHELL_DOES_INSTALLER));
	int n = snprintf(quoted, sizeof(quoted), "\"%.*s\"", SLICE_FMT(key)),
	    k = snprintf(same, sizeof(same), "%.*s=%.*s", SLICE_FMT(key), SLICE_FMT(shown(v->text, SPEC_SHOWN)));
	change_add(r->f, odd ? SCAN_RULE_CHANGE_INSTALL : SCAN_RULE_CHANGE_INSTALL_NOTE, CHANGE_EACH, slice_of(same, (size_t)k),
	        find(r->f, slice_of(quoted, (size_t)n)), key.n + 2, "%.*s: %.*s", SLICE_FMT(key), SLICE_FMT(shown(v->text, SPEC_SHOWN)));
	return 0;
}

static void npm(struct reader *r, const struct conf *root)
{
	static const char *const paths[] = {"dependencies/*", "devDependencies/*", "optionalDependencies/*", "peerDependencies/*"};
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		(void)conf_every(root, paths[i], npm_dependency, r);
	(void)conf_every(root, "scripts/*", npm_script, r);
}

/* ── lock files ── */

/* "node_modules/a/node_modules/@b/c": "@b/c". */
static struct slice locked_name(struct slice path)
{
	for (size_t i = path.n; i >= 13; i--)
		if (slice_starts(slice_from(path, i - 13), SLICE("node_modules/")))
			return slice_from(path, i);
	return SLICE_NONE;
}

/* A registry's address of a package says its name: "https://host/@b/c/-/c-1.2.3.tgz". */
static struct slice name_in_url(struct slice url)
{
	size_t scheme = slice_find(url, SLICE("://"), 0), end = slice_find(url, SLICE("/-/"), 0);
	if (scheme == SLICE_NPOS || end == SLICE_NPOS)
		return SLICE_NONE;
	size_t slash = slice_chr(url, '/', scheme + 3), from = slash == SLICE_NPOS ? end : slash + 1;
	return from < end ? slice_sub(url, from, end - from) : SLICE_NONE;
}

/* "%2f" stands for the slash of a scope in some; a registry may be in a folder of its host. */
static bool same_name(struct slice in_url, struct slice name)
{
	size_t escaped = slice_find(in_url, SLICE("%2f"), 0);
	if (escaped == SLICE_NPOS)
		escaped = slice_find(in_url, SLICE("%2F"), 0);
	if (escaped != SLICE_NPOS)
		return slice_ends(in_url, slice_from(name, slice_chr(name, '/', 0) == SLICE_NPOS ? 0 : slice_chr(name, '/', 0) + 1));
	return slice_eq(in_url, name) || (slice_ends(in_url, name) && in_url.p[in_url.n - name.n - 1] == '/');
}

static bool is_http(struct slice url)
{
	return slice_starts(url, SLICE("https://")) || slice_starts(url, SLICE("http://"));
}

void change_locked_odd(struct locked *l, enum scan_rule_name rule, struct slice name, struct slice url, const char *why)
{
	char key[PATH_SHOWN];
	int n = snprintf(key, sizeof(key), "%.*s %.*s", SLICE_FMT(shown(name, NAME_SHOWN)), SLICE_FMT(shown(scan_host_of(url), 100)));
	change_add(l->r->f, rule, CHANGE_EACH, slice_of(key, (size_t)n), find(l->r->f, url), url.n, "%.*s: %s: %.*s",
	        SLICE_FMT(shown(name, NAME_SHOWN)), why, SLICE_FMT(shown(url, SPEC_SHOWN)));
}

static bool known_index(struct slice host)
{
	static const char *const hosts[] = {
#define REGISTRY(host) host,
#include "inspect/scan_registry_table.h"
#undef REGISTRY
	        NULL};
	return scan_one_of(host, hosts);
}

/* One package of a lock file; `alias`: it says its name itself. */
void change_locked(struct locked *l, struct slice name, struct slice url, bool digest, bool alias)
{
	if (!name.n || !url.n)
		return;
	if (is_remote(url) && (!is_http(url) || slice_ends(url, SLICE(".git")))) {
		change_remote(l->r, name, url, find(l->r->f, url));
		return;
	}
	if (!is_http(url) || l->r->f->test)
		return;
	struct slice in_url = name_in_url(url);
	if (in_url.n && !alias && !same_name(in_url, name))
		change_locked_odd(l, SCAN_RULE_CHANGE_LOCK_NAME, name, url, "what is fetched has another name");
	else if (l->host.n && !slice_eq(scan_host_of(url), l->host) && !known_index(scan_host_of(url)))
		change_locked_odd(l, SCAN_RULE_CHANGE_LOCK, name, url, "from another host than the others");
	else if (l->digests && !digest)
		change_locked_odd(l, SCAN_RULE_CHANGE_LOCK, name, url, "without a digest, which the others have");
}

void change_count(struct majority *m, struct slice url, bool digest)
{
	struct slice host = is_http(url) ? scan_host_of(url) : SLICE_NONE;
	size_t i = 0;
	if (!host.n)
		return;
	m->all++;
	m->digests += digest;
	while (i < m->hosts && !slice_eq(m->host[i], host))
		i++;
	if (i == CHANGE_HOSTS)
		return;
	m->host[i] = host;
	m->n[i]++;
	m->hosts += i == m->hosts;
}

struct locked change_usual(struct reader *r, const struct majority *m)
{
	struct locked l = {.r = r, .digests = m->all > 2 && m->digests * 2 > m->all};
	for (size_t i = 0; i < m->hosts; i++)
		if (m->n[i] * 2 > m->all && m->all > 2)
			l.host = m->host[i];
	return l;
}

struct slice change_text_at(const struct conf *c, const char *key)
{
	const struct conf *v = conf_get(c, slice_str(key));
	return conf_is_text(v) ? v->text : SLICE_NONE;
}

/* Names that something in the lock file, or the project itself, needs. */
struct needed {
	uint64_t *name;
	size_t n;
};

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

/* p NULL: the lock file does not say what the project needs, or there is no memory. */
static struct needed npm_needed(struct arena *arena, const struct conf *packages)
{
	static const char *const groups[] = {"dependencies", "devDependencies", "optionalDependencies", "peerDependencies"};
	struct needed to = {0};
	size_t n = 0;
	for (unsigned pass = 0; pass < 2; pass++) {
		for (const struct conf *c = packages->child; c; c = c->next)
			for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
				const struct conf *g = conf_get(c, slice_str(groups[i]));
				for (const struct conf *d = g ? g->child : NULL; d; d = d->next, n++)
					if (pass && to.n < n + 1)
						to.name[to.n++] = slice_hash(d->key);
			}
		if (pass == 0 && (!conf_get(packages, SLICE("")) || n == 0 || !(to.name = arena_array(arena, n, sizeof(*to.name)))))
			return (struct needed){0};
		n = 0;
	}
	qsort(to.name, to.n, sizeof(*to.name), by_value);
	return to;
}

/* A package that nothing needs was put there by hand: npm installs it all the same. */
static void npm_unneeded(struct reader *r, const struct conf *packages)
{
	struct needed needed = r->f->test ? (struct needed){0} : npm_needed(r->f->arena, packages);
	for (const struct conf *c = packages->child; needed.name && c; c = c->next) {
		struct slice name = locked_name(c->key), url = change_text_at(c, "resolved");
		uint64_t key = slice_hash(name);
		if (name.n && is_http(url) && !bsearch(&key, needed.name, needed.n, sizeof(key), by_value))
			change_locked_odd(&(struct locked){.r = r}, SCAN_RULE_CHANGE_LOCK, name, url, "nothing needs it");
	}
}

/* What does not come from a registry has no version of its own: it is told by its address. */
static struct slice own_place(struct slice url)
{
	return name_in_url(url).n ? SLICE_NONE : url;
}

static void npm_pin(struct change_facts *f, const struct conf *c, struct slice name, struct slice version)
{
	struct slice url = change_text_at(c, "resolved"), real = change_text_at(c, "name");
	if (!url.n || is_http(url))
		change_pin(f, real.n ? real : name, version, own_place(url), change_text_at(c, "integrity"));
}

bool change_lock_read(struct reader *r, enum conf_format format, struct arena *arena, struct conf **root)
{
	struct conf_error e = {.line = 1, .reason = "it takes more memory than there is for it"};
	if (conf_read_lock(format, r->f->text, NODES, arena, root, &e) == 0)
		return true;
	if (!r->f->test && slice_trim(r->f->text).n)
		r->f->unread = arena_fmt(r->f->arena, "line %u: %s", e.line, e.reason);
	return false;
}

static void npm_lock(struct reader *r)
{
	_cleanup_arena_ struct arena arena = ARENA(CONF_ARENA);
	struct conf *root;
	if (!change_lock_read(r, CONF_JSON, &arena, &root))
		return;
	const struct conf *all = conf_get(root, SLICE("packages"));
	bool paths = all != NULL;
	struct majority m = {0};
	all = all ? all : conf_get(root, SLICE("dependencies"));
	for (const struct conf *c = all ? all->child : NULL; c; c = c->next)
		change_count(&m, change_text_at(c, "resolved"), change_text_at(c, "integrity").n > 0);
	struct locked l = change_usual(r, &m);
	if (paths)
		npm_unneeded(r, all);
	for (const struct conf *c = all ? all->child : NULL; c; c = c->next) {
		struct slice name = paths ? locked_name(c->key) : c->key, version = change_text_at(c, "version");
		bool alias = conf_get(c, SLICE("name")) || slice_starts(version, SLICE("npm:"));
		/* What is bundled with another is not fetched. */
		if (!conf_get(c, SLICE("inBundle")) && !conf_get(c, SLICE("bundled")))
			change_locked(&l, name, change_text_at(c, "resolved"), change_text_at(c, "integrity").n > 0, alias);
		npm_pin(r->f, c, name, version);
		if (conf_get(c, SLICE("hasInstallScript")) && name.n)
			change_add(r->f, SCAN_RULE_CHANGE_INSTALL_NOTE, CHANGE_EACH, name, find(r->f, c->key), c->key.n,
			        "a dependency with an install script: %.*s", SLICE_FMT(shown(name, NAME_SHOWN)));
	}
	change_beside(r, slice_base(slice_str(r->f->path)), root);
}

/* Lines of yarn's first format: "name@spec, name@spec:", then "  resolved "url#digest"", "  integrity x". */
static void yarn_pass(struct reader *r, struct majority *m, struct locked *l)
{
	struct slice rest = r->f->text, line, name = SLICE_NONE, url = SLICE_NONE, version = SLICE_NONE;
	bool digest = false, alias = false, more = true;
	while (more) {
		more = slice_split(&rest, '\n', &line);
		bool begins = !more || (line.n && line.p[0] != ' ' && line.p[0] != '#');
		if (begins && url.n && l)
			change_locked(l, name, url, digest, alias);
		else if (begins && url.n)
			change_count(m, url, digest);
		if (begins) {
			size_t quote = line.n && line.p[0] == '"', at = slice_chr(line, '@', quote + 1);
			name = more && at != SLICE_NPOS ? slice_sub(line, quote, at - quote) : SLICE_NONE;
			alias = slice_starts(slice_from(line, at == SLICE_NPOS ? line.n : at), SLICE("@npm:"));
			url = version = SLICE_NONE;
			digest = false;
		}
		struct slice inner = slice_trim(line);
		if (slice_starts(inner, SLICE("version \"")))
			version = slice_sub(inner, 9, inner.n - 10);
		if (slice_starts(inner, SLICE("resolved \""))) {
			url = slice_from(inner, 10);
			size_t end = slice_chr(url, '"', 0), hash = slice_chr(url, '#', 0);
			/* The digest is there, in another place. */
			digest |= hash != SLICE_NPOS;
			struct slice sum = hash < end && end != SLICE_NPOS ? slice_sub(url, hash + 1, end - hash - 1) : SLICE_NONE;
			url = slice_sub(url, 0, hash < end ? hash : end);
			if (l && is_http(url))
				change_pin(r->f, name, version, own_place(url), sum);
		}
		digest |= slice_starts(inner, SLICE("integrity "));
		if (l && is_http(url) && slice_starts(inner, SLICE("integrity ")))
			change_pin(r->f, name, version, own_place(url), slice_from(inner, 10));
	}
}

static void yarn_lock(struct reader *r)
{
	struct majority m = {0};
	/* Later formats are YAML. */
	if (slice_starts(r->f->text, SLICE("__metadata:")) || slice_find(r->f->text, SLICE("\n__metadata:"), 0) != SLICE_NPOS) {
		(void)change_locks(r, SLICE("yarn.lock"));
		return;
	}
	yarn_pass(r, &m, NULL);
	struct locked l = change_usual(r, &m);
	yarn_pass(r, &m, &l);
	change_beside(r, SLICE("yarn.lock"), NULL);
}

/* ── PyPI ── */

/* "name[extra] >= 1; marker", "name @ git+https://…". */
static void requirement(struct reader *r, struct slice line, size_t place)
{
	size_t n = 0;
	while (n < line.n && !strchr("<>=!~;[ @\t(,", line.p[n]))
		n++;
	struct slice name = slice_sub(line, 0, n), rest = slice_trim(slice_from(line, n));
	size_t at = slice_chr(rest, '@', 0);
	if (at != SLICE_NPOS && is_remote(slice_trim(slice_from(rest, at + 1))))
		rest = slice_trim(slice_from(rest, at + 1));
	change_depends(r, name, rest, place);
}

/* Packages from elsewhere: whoever has that host decides what is installed. */
void change_index(struct change_facts *f, struct slice url, size_t at)
{
	struct slice host = scan_host_of(url);
	if (host.n && !f->test && !known_index(host))
		change_add(f, SCAN_RULE_CHANGE_INDEX, CHANGE_EACH, host, at, url.n, "%.*s", SLICE_FMT(shown(url, SPEC_SHOWN)));
}

static void requirements(struct reader *r)
{
	static const char *const options[] = {"--extra-index-url", "--index-url", "-i ", "--find-links", "-f "};
	struct slice rest = r->f->text, line;
	while (slice_split(&rest, '\n', &line)) {
		size_t comment = slice_find(line, SLICE(" #"), 0);
		line = slice_trim(comment == SLICE_NPOS ? line : slice_sub(line, 0, comment));
		size_t at = line.n ? (size_t)(line.p - r->f->text.p) : 0;
		if (line.n == 0 || line.p[0] == '#')
			continue;
		for (size_t i = 0; i < ARRAY_LEN(options); i++)
			if (slice_starts(line, slice_str(options[i]))) {
				size_t url = slice_find(line, SLICE("http"), 0);
				change_index(r->f, url == SLICE_NPOS ? SLICE_NONE : slice_from(line, url), at);
			}
		if (slice_starts(line, SLICE("-e ")))
			line = slice_trim(slice_from(line, 3));
		if (is_remote(line))
			change_remote(r, slice_base(without_commit(line)), line, at);
		else if (line.p[0] != '-' && line.p[0] != '.' && line.p[0] != '/')
			requirement(r, line, at);
	}
}

static int py_text(void *arg, const struct conf *v, struct slice key)
{
	struct reader *r = arg;
	(void)key;
	if (conf_is_text(v))
		requirement(r, v->text, find(r->f, v->text));
	return 0;
}

/* A value of Cargo or Poetry: a version, or a table with where it comes from. */
static int named_table(void *arg, const struct conf *v, struct slice key)
{
	struct reader *r = arg;
	struct slice spec = conf_is_text(v) ? v->text : change_text_at(v, "version"), other = change_text_at(v, "package"),
	             git = change_text_at(v, "git"), url = change_text_at(v, "url");
	if (slice_is(key, "python"))
		return 0;
	spec = git.n ? git : url.n ? url : spec;
	change_depends(r, other.n ? other : key, spec, find(r->f, key));
	return 0;
}

static void pyproject(struct reader *r, const struct conf *root)
{
	static const char *const texts[] = {"project/dependencies/*", "project/optional-dependencies/*/*", "build-system/requires/*",
	        "dependency-groups/*/*"},
	                         *const tables[] = {"tool/poetry/dependencies/*", "tool/poetry/dev-dependencies/*",
	                                 "tool/poetry/group/*/dependencies/*", "tool/uv/sources/*"};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		(void)conf_every(root, texts[i], py_text, r);
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		(void)conf_every(root, tables[i], named_table, r);
}

static void cargo(struct reader *r, const struct conf *root)
{
	static const char *const tables[] = {"dependencies/*", "dev-dependencies/*", "build-dependencies/*", "workspace/dependencies/*",
	        "target/*/dependencies/*", "patch/*/*"};
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		(void)conf_every(root, tables[i], named_table, r);
}

static int source(void *arg, const struct conf *v, struct slice key)
{
	struct reader *r = arg;
	struct slice url = change_text_at(v, "url");
	(void)key;
	if (url.n)
		change_index(r->f, url, find(r->f, url));
	return 0;
}

static void pipfile(struct reader *r, const struct conf *root)
{
	(void)conf_every(root, "packages/*", named_table, r);
	(void)conf_every(root, "dev-packages/*", named_table, r);
	(void)conf_every(root, "source/*", source, r);
}

/* ── Composer, RubyGems ── */

static int composer_repository(void *arg, const struct conf *v, struct slice key)
{
	static const char *const git[] = {"vcs", "git", "github", "gitlab", "package", NULL};
	struct reader *r = arg;
	struct slice url = change_text_at(v, "url");
	(void)key;
	if (url.n && scan_one_of(change_text_at(v, "type"), git))
		change_remote(r, slice_base(url), url, find(r->f, url));
	else if (url.n && slice_is(change_text_at(v, "type"), "composer"))
		change_index(r->f, url, find(r->f, url));
	return 0;
}

static void composer(struct reader *r, const struct conf *root)
{
	(void)conf_every(root, "require/*", npm_dependency, r);
	(void)conf_every(root, "require-dev/*", npm_dependency, r);
	(void)conf_every(root, "repositories/*", composer_repository, r);
}

/* The text in quotes at or behind `at`, on the same line. */
static struct slice quoted(struct slice line, size_t at)
{
	while (at < line.n && line.p[at] != '"' && line.p[at] != '\'')
		at++;
	size_t end = at < line.n ? slice_chr(line, line.p[at], at + 1) : SLICE_NPOS;
	return end == SLICE_NPOS ? SLICE_NONE : slice_sub(line, at + 1, end - at - 1);
}

static void gemfile(struct reader *r)
{
	static const char *const from[] = {"git:", "github:", ":git =>", ":github =>", "gitlab:", "bitbucket:"};
	struct slice rest = r->f->text, line;
	while (slice_split(&rest, '\n', &line)) {
		line = slice_trim(line);
		bool gem = slice_starts(line, SLICE("gem ")) || slice_starts(line, SLICE("gem("));
		size_t at = line.n ? (size_t)(line.p - r->f->text.p) : 0, other = SLICE_NPOS;
		struct slice name = quoted(line, 0);
		if (slice_starts(line, SLICE("source ")) && slice_starts(name, SLICE("http")))
			change_index(r->f, name, at);
		for (size_t i = 0; gem && i < ARRAY_LEN(from) && other == SLICE_NPOS; i++)
			other = slice_find(line, slice_str(from[i]), 0) == SLICE_NPOS
			                ? SLICE_NPOS
			                : slice_find(line, slice_str(from[i]), 0) + strlen(from[i]);
		struct slice spec = other == SLICE_NPOS ? SLICE_NONE : quoted(line, other);
		if (gem && name.n)
			change_depends(r, name, SLICE(""), at);
		if (gem && name.n && spec.n)
			change_remote(r, name, spec, at);
	}
}

/* ── Go ── */

static void go_module(struct reader *r)
{
	struct slice rest = r->f->text, line, block = SLICE_NONE;
	while (slice_split(&rest, '\n', &line)) {
		size_t comment = slice_find(line, SLICE("//"), 0);
		line = slice_trim(comment == SLICE_NPOS ? line : slice_sub(line, 0, comment));
		struct slice word = line, tail = line;
		if (!line.n || !slice_split(&tail, ' ', &word))
			continue;
		if (slice_is(line, ")")) {
			block = SLICE_NONE;
			continue;
		}
		if (slice_ends(line, SLICE("("))) {
			block = word;
			continue;
		}
		struct slice what = block.n ? block : word, entry = block.n ? line : slice_trim(tail), name;
		size_t arrow = slice_find(entry, SLICE("=>"), 0), at = (size_t)(line.p - r->f->text.p);
		if (slice_is(what, "require") && slice_split(&entry, ' ', &name))
			change_depends(r, name, slice_trim(entry), at);
		else if (slice_is(what, "replace") && arrow != SLICE_NPOS) {
			struct slice to = slice_trim(slice_from(entry, arrow + 2)), from = slice_trim(slice_sub(entry, 0, arrow)), a, b;
			struct slice x = from, y = to;
			bool local = to.n && (to.p[0] == '.' || to.p[0] == '/');
			/* Another version of the same is none. */
			if (!local && slice_split(&x, ' ', &a) && slice_split(&y, ' ', &b) && !slice_eq(a, b))
				change_remote(r, a, b, at);
		}
	}
}

/* "MODULE VERSION DIGEST" */
static void go_sum(struct reader *r)
{
	struct slice rest = r->f->text, line, module, version;
	while (slice_split(&rest, '\n', &line)) {
		line = slice_trim(line);
		if (slice_split(&line, ' ', &module) && slice_split(&line, ' ', &version))
			change_pin(r->f, module, version, SLICE_NONE, line);
	}
}

/* ── files ── */

static void with_conf(struct reader *r, enum conf_format format, void (*fn)(struct reader *r, const struct conf *root))
{
	_cleanup_arena_ struct arena arena = ARENA(CONF_ARENA);
	struct conf *root;
	if (conf_read(format, r->f->text, NODES, &arena, &root, NULL) == 0)
		fn(r, root);
}

static void settings_of_registry(struct change_facts *f)
{
	static const char *const keys[] = {"registry", "index-url", "extra-index-url", "index_url", "npmRegistryServer"};
	struct slice rest = f->text, line;
	while (slice_split(&rest, '\n', &line)) {
		struct slice l = slice_trim(line);
		size_t url = slice_find(l, SLICE("http"), 0);
		for (size_t i = 0; i < ARRAY_LEN(keys) && url != SLICE_NPOS && l.p[0] != '#' && l.p[0] != ';'; i++)
			if (slice_find(slice_sub(l, 0, url), slice_str(keys[i]), 0) != SLICE_NPOS)
				change_index(f, slice_from(l, url), (size_t)(l.p - f->text.p));
	}
}

static bool is_requirements(struct slice name)
{
	return slice_ends(name, SLICE(".txt")) && slice_find(name, SLICE("requirements"), 0) != SLICE_NPOS;
}

static enum kind kind_of(struct slice name)
{
	if (is_requirements(name) || slice_is(name, "pyproject.toml"))
		return PYPI;
	if (slice_starts(name, SLICE("Pipfile")) || slice_is(name, "poetry.lock") || slice_is(name, "uv.lock"))
		return PYPI;
	if (slice_starts(name, SLICE("Gemfile")) || slice_starts(name, SLICE("gems.")))
		return GEMS;
	if (slice_starts(name, SLICE("composer.")))
		return COMPOSER;
	return slice_starts(name, SLICE("Cargo.")) ? CRATES : slice_starts(name, SLICE("go.")) ? GO : NPM;
}

void change_dependencies(struct change_facts *f)
{
	struct slice name = slice_base(slice_str(f->path));
	struct reader r = {.f = f, .kind = kind_of(name)};
	bool known = true;
	if (slice_is(name, "package.json"))
		with_conf(&r, CONF_JSON, npm);
	else if (slice_is(name, "package-lock.json") || slice_is(name, "npm-shrinkwrap.json"))
		npm_lock(&r);
	else if (slice_is(name, "yarn.lock"))
		yarn_lock(&r);
	else if (slice_is(name, ".npmrc") || slice_is(name, ".yarnrc.yml") || slice_is(name, ".yarnrc") || slice_is(name, "pip.conf"))
		settings_of_registry(f);
	else if (is_requirements(name))
		requirements(&r);
	else if (slice_is(name, "pyproject.toml"))
		with_conf(&r, CONF_TOML, pyproject);
	else if (slice_is(name, "Cargo.toml"))
		with_conf(&r, CONF_TOML, cargo);
	else if (slice_is(name, "composer.json"))
		with_conf(&r, CONF_JSON, composer);
	else if (slice_is(name, "Pipfile"))
		with_conf(&r, CONF_TOML, pipfile);
	else if (slice_is(name, "Gemfile") || slice_is(name, "gems.rb"))
		gemfile(&r);
	else if (slice_is(name, "go.mod"))
		go_module(&r);
	else if (slice_is(name, "go.sum"))
		go_sum(&r);
	else
		known = change_locks(&r, name);
	f->looked |= known;
}
