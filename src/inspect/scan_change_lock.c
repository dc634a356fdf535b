/* Lock files of pnpm, yarn 2 and later, Cargo, Poetry, uv, Pipenv, Bundler and Composer, for scan_change: where each package comes from,
 * and whether what it is has been written down. They are judged against themselves: what most entries have is what the others lack. */
#include "base/encode.h"
#include "inspect/scan_change_depend.h"
#include "inspect/scan_part.h"
#include "inspect/scan_registry_table.h"

#define CONF_ARENA ((size_t)96 << 20)

/* Called for each package: `git`, it comes from a repository. */
struct walk {
	struct reader *r;
	struct majority *count; /* the first time */
	struct locked *l;       /* the second time */
};

static void one(struct walk *w, struct slice name, struct slice url, bool digest, bool git)
{
	if (!name.n)
		return;
	if (w->count) {
		if (!git)
			change_count(w->count, url, digest);
		return;
	}
	if (!git) {
		change_locked(w->l, name, url, digest, true);
		return;
	}
	size_t at = slice_find(w->r->f->text, url.n ? url : name, 0);
	change_remote(w->r, name, url, at == SLICE_NPOS ? 0 : at);
}

/* Digests belong to what is told, not to what is counted. */
static void pin(struct walk *w, struct slice name, struct slice version, struct slice place, struct slice digest)
{
	if (w->l)
		change_pin(w->r->f, name, version, place, digest);
}

/* "registry+https://…", "sparse+https://…", "git+https://…" */
static struct slice without_front(struct slice source)
{
	size_t plus = slice_chr(source, '+', 0);
	return plus == SLICE_NPOS || plus > 10 ? source : slice_from(source, plus + 1);
}

static void cargo(struct walk *w, const struct conf *root)
{
	const struct conf *all = conf_get(root, SLICE("package"));
	for (const struct conf *c = all ? all->child : NULL; c; c = c->next) {
		struct slice source = change_text_at(c, "source");
		bool git = slice_starts(source, SLICE("git+"));
		one(w, change_text_at(c, "name"), git ? source : without_front(source), change_text_at(c, "checksum").n > 0, git);
		pin(w, change_text_at(c, "name"), change_text_at(c, "version"), source, change_text_at(c, "checksum"));
	}
}

/* Without a source it is from PyPI. */
static void poetry(struct walk *w, const struct conf *root)
{
	const struct conf *all = conf_get(root, SLICE("package")), *files = conf_get(conf_get(root, SLICE("metadata")), SLICE("files"));
	for (const struct conf *c = all ? all->child : NULL; c; c = c->next) {
		const struct conf *source = conf_get(c, SLICE("source")), *own = conf_get(c, SLICE("files"));
		struct slice type = change_text_at(source, "type"), url = change_text_at(source, "url"), name = change_text_at(c, "name");
		const struct conf *listed = own ? own : conf_get(files, name);
		if (slice_is(type, "directory") || slice_is(type, "file"))
			continue;
		one(w, name, url.n ? url : SLICE(SCAN_REGISTRY_PYPI), listed && listed->child, slice_is(type, "git"));
		for (const struct conf *file = listed ? listed->child : NULL; file; file = file->next)
			pin(w, change_text_at(file, "file"), SLICE_NONE, url, change_text_at(file, "hash"));
	}
}

static void uv(struct walk *w, const struct conf *root)
{
	const struct conf *all = conf_get(root, SLICE("package"));
	for (const struct conf *c = all ? all->child : NULL; c; c = c->next) {
		const struct conf *source = conf_get(c, SLICE("source")), *wheels = conf_get(c, SLICE("wheels"));
		const struct conf *dist = conf_get(c, SLICE("sdist")), *first = wheels && wheels->child ? wheels->child : dist;
		struct slice git = change_text_at(source, "git"), registry = change_text_at(source, "registry"),
		             url = change_text_at(source, "url");
		one(w, change_text_at(c, "name"),
		        git.n        ? git
		        : registry.n ? registry
		                     : url,
		        change_text_at(first, "hash").n > 0, git.n > 0);
		/* Of a registry a file has its name for good, wherever it is fetched from. */
		if (registry.n)
			pin(w, slice_base(change_text_at(dist, "url")), SLICE_NONE, SLICE_NONE, change_text_at(dist, "hash"));
		for (const struct conf *file = wheels && registry.n ? wheels->child : NULL; file; file = file->next)
			pin(w, slice_base(change_text_at(file, "url")), SLICE_NONE, SLICE_NONE, change_text_at(file, "hash"));
	}
}

static void pipenv(struct walk *w, const struct conf *root)
{
	const struct conf *groups[] = {conf_get(root, SLICE("default")), conf_get(root, SLICE("develop"))};
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		for (const struct conf *c = groups[i] ? groups[i]->child : NULL; c; c = c->next) {
			const struct conf *hashes = conf_get(c, SLICE("hashes"));
			struct slice git = change_text_at(c, "git");
			if (!conf_get(c, SLICE("path")))
				one(w, c->key, git.n ? git : SLICE(SCAN_REGISTRY_PYPI), hashes && hashes->child, git.n > 0);
		}
}

static void composer(struct walk *w, const struct conf *root)
{
	const struct conf *groups[] = {conf_get(root, SLICE("packages")), conf_get(root, SLICE("packages-dev"))};
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		for (const struct conf *c = groups[i] ? groups[i]->child : NULL; c; c = c->next) {
			const struct conf *dist = conf_get(c, SLICE("dist")), *source = conf_get(c, SLICE("source"));
			struct slice url = change_text_at(dist, "url");
			/* Its digests are empty for what a code host packs. */
			one(w, change_text_at(c, "name"), url.n ? url : change_text_at(source, "url"), true, !url.n && source);
			/* A tag stands for a commit; a branch for another one each day. */
			struct slice version = change_text_at(c, "version"), name = change_text_at(c, "name");
			if (slice_find(version, SLICE("dev"), 0) != SLICE_NPOS)
				continue;
			pin(w, name, version, SLICE_NONE, change_text_at(dist, "reference"));
			pin(w, name, version, change_text_at(source, "url"), change_text_at(source, "reference"));
		}
}

/* "/a@1.0.0", "/@b/c@1.0.0(d@2)", "/a/1.0.0" */
static struct slice pnpm_name(struct slice key)
{
	key = slice_starts(key, SLICE("/")) ? slice_from(key, 1) : key;
	size_t at = slice_chr(key, '@', 1), slash = slice_chr(key, '/', 0);
	if (at == SLICE_NPOS && slash != SLICE_NPOS) {
		size_t second = slice_chr(key, '/', slash + 1);
		at = key.n && key.p[0] == '@' && second != SLICE_NPOS ? second : slash;
	}
	return slice_sub(key, 0, at == SLICE_NPOS ? key.n : at);
}

/* What has no address is from the registry. */
static void pnpm(struct walk *w, const struct conf *root)
{
	const struct conf *all = conf_get(root, SLICE("packages"));
	for (const struct conf *c = all ? all->child : NULL; c; c = c->next) {
		const struct conf *resolution = conf_get(c, SLICE("resolution"));
		struct slice tarball = change_text_at(resolution, "tarball"), repository = change_text_at(resolution, "repo");
		if (slice_is(change_text_at(resolution, "type"), "directory") || slice_starts(tarball, SLICE("file:")))
			continue;
		one(w, pnpm_name(c->key),
		        repository.n ? repository
		        : tarball.n  ? tarball
		                     : SLICE(SCAN_REGISTRY_NPM),
		        change_text_at(resolution, "integrity").n > 0, repository.n > 0);
		/* What is behind a bracket says what it is put beside. */
		pin(w, slice_sub(c->key, 0, slice_chr(c->key, '(', 0)), SLICE_NONE, tarball, change_text_at(resolution, "integrity"));
	}
}

/* ── yarn 2 and later ("berry") ── */

/* Empty: it cannot be read, or there is no memory. */
static struct slice archive_url(struct arena *a, struct slice encoded)
{
	_cleanup_buf_ struct buf url = BUF(encoded.n);
	return decode_percent(&url, encoded) && !buf_error(&url) ? arena_copy(a, buf_slice(&url)) : SLICE_NONE;
}

bool change_berry(struct slice resolution, struct berry *out)
{
	size_t at = slice_chr(resolution, '@', 1), with = slice_find(resolution, SLICE("::"), 0);
	*out = (struct berry){.name = slice_sub(resolution, 0, at)};
	if (at == SLICE_NPOS)
		return false;
	out->place = slice_sub(resolution, at + 1, with == SLICE_NPOS ? SLICE_NPOS : with - at - 1);
	out->npm = slice_starts(out->place, SLICE("npm:"));
	out->version = out->npm ? slice_from(out->place, 4) : SLICE_NONE;
	for (struct slice rest = slice_from(resolution, with == SLICE_NPOS ? resolution.n : with + 2), one; slice_split(&rest, '&', &one);)
		if (slice_starts(one, SLICE("__archiveUrl=")))
			out->archive = slice_from(one, 13);
	return true;
}

/* "a@npm:^1, a@npm:^2", each of which is to be what is fetched; "b@npm:a@1" asks for it by another name. */
static void berry_names(struct walk *w, struct slice head, struct slice resolution, const struct berry *is)
{
	struct slice one;
	while (slice_split(&head, ',', &one)) {
		struct berry asked;
		if (!change_berry(slice_trim(one), &asked) || !asked.npm || slice_eq(asked.name, is->name))
			continue;
		struct slice other = slice_sub(asked.version, 0, slice_chr(asked.version, '@', 1));
		if (!slice_eq(other, is->name))
			change_locked_odd(w->l, SCAN_RULE_CHANGE_LOCK_NAME, asked.name, resolution, "what is fetched has another name");
	}
}

static void berry(struct walk *w, const struct conf *root)
{
	const struct conf *cache = conf_at(root, "__metadata/cacheKey");
	for (const struct conf *c = root->child; c; c = c->next) {
		struct slice resolution = change_text_at(c, "resolution"), sum = change_text_at(c, "checksum"), url;
		struct berry is;
		if (!change_berry(resolution, &is))
			continue;
		bool git = slice_find(is.place, SLICE("#commit="), 0) != SLICE_NPOS;
		/* Else it is in the project, or a patch of another entry. */
		if (is.npm)
			url = is.archive.n ? archive_url(w->r->f->arena, is.archive) : SLICE(SCAN_REGISTRY_NPM);
		else if (git || slice_starts(is.place, SLICE("http")))
			url = is.place;
		else
			continue;
		if (!url.n && w->l)
			change_locked_odd(w->l, SCAN_RULE_CHANGE_LOCK, is.name, resolution, "from an address that cannot be read");
		/* Of what is for other machines it has none. */
		one(w, is.name, url, sum.n || conf_get(c, SLICE("conditions")), git);
		if (w->l && is.npm)
			berry_names(w, c->key, resolution, &is);
		/* It is of the file that yarn packs itself, in a way that "10c0/" or the key of all tells: another way, another digest. */
		size_t slash = slice_chr(sum, '/', 0);
		struct slice way = slash == SLICE_NPOS ? (cache ? cache->text : SLICE_NONE) : slice_sub(sum, 0, slash);
		pin(w, is.name, is.version, way, slice_from(sum, slash == SLICE_NPOS ? 0 : slash + 1));
	}
}

/* Lines of Bundler: GIT or GEM, "  remote: URL", "  specs:", "    name (version)", and what that needs further in. */
static void bundler(struct walk *w)
{
	struct slice rest = w->r->f->text, line, url = SLICE_NONE;
	bool git = false, specs = false, sums = false;
	while (slice_split(&rest, '\n', &line)) {
		if (line.n && line.p[0] != ' ') {
			sums = slice_is(slice_trim(line), "CHECKSUMS");
			git = slice_starts(line, SLICE("GIT"));
			specs = false;
			url = SLICE_NONE;
		}
		struct slice inner = slice_trim(line);
		size_t sum = sums ? slice_find(inner, SLICE(") "), 0) : SLICE_NPOS;
		if (sum != SLICE_NPOS)
			pin(w, slice_sub(inner, 0, sum + 1), SLICE_NONE, SLICE_NONE, slice_from(inner, sum + 2));
		if (slice_starts(inner, SLICE("remote: ")))
			url = slice_from(inner, 8);
		specs |= slice_is(inner, "specs:");
		size_t end = slice_chr(inner, ' ', 0);
		bool entry = specs && slice_starts(line, SLICE("    ")) && line.n > 4 && line.p[4] != ' ';
		if (entry && url.n && (git || slice_starts(url, SLICE("http"))))
			one(w, slice_sub(inner, 0, end == SLICE_NPOS ? inner.n : end), url, true, git);
	}
}

struct lock_row {
	const char *name;
	enum conf_format format;
	void (*walk)(struct walk *w, const struct conf *root);
};
static const struct lock_row rows[] = {
        {"Cargo.lock", CONF_TOML, cargo},
        {"poetry.lock", CONF_TOML, poetry},
        {"uv.lock", CONF_TOML, uv},
        {"Pipfile.lock", CONF_JSON, pipenv},
        {"composer.lock", CONF_JSON, composer},
        {"pnpm-lock.yaml", CONF_YAML, pnpm},
        {"yarn.lock", CONF_YAML, berry},
};

bool change_locks(struct reader *r, struct slice name)
{
	_cleanup_arena_ struct arena arena = ARENA(CONF_ARENA);
	struct majority m = {0};
	struct walk first = {.r = r, .count = &m}, second = {.r = r};
	struct locked l;
	struct conf *root;
	if (slice_is(name, "Gemfile.lock") || slice_is(name, "gems.locked")) {
		bundler(&first);
		l = change_usual(r, &m);
		second.l = &l;
		bundler(&second);
		change_beside(r, name, NULL);
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!slice_is(name, rows[i].name))
			continue;
		if (!change_lock_read(r, rows[i].format, &arena, &root))
			return true;
		rows[i].walk(&first, root);
		l = change_usual(r, &m);
		second.l = &l;
		rows[i].walk(&second, root);
		change_beside(r, name, root);
		return true;
	}
	return false;
}
