/* A lock file beside its manifest, for scan_change: what it takes that the manifest does not ask for. What one person reads is the
 * manifest, what is installed is the lock file. The lock file as it was is compared with the manifest as it is, too, so that an entry that
 * was there is nothing: only what the change put into the lock file is told, and not what the manifest lost. What cannot be judged is let
 * pass: ranges of other forms, what the manifest overrides, packages of a workspace. */
#include "inspect/scan_change_depend.h"
#include "inspect/scan_part.h"
#include "parse/semver.h"

#define CONF_ARENA  ((size_t)32 << 20)
#define NODES       200000u
#define ENTRIES_MAX 200000u
#define DEPTH_MAX   12u
#define NAME_SHOWN  100
#define SPEC_SHOWN  80
#define NAME_MAX_   214u /* npm's own limit of a name */
#define PLACES_MAX  400u
#define SAME_MAX    100u /* of one name that are compared: more are of none who is honest */

/* ── names with what belongs to them ── */

struct entry {
	uint64_t key;
	struct slice spec;
	const struct conf *at; /* may be NULL */
};
struct entries {
	struct arena *arena;
	struct entry *entry;
	size_t n, room;
	bool cut; /* not all are here: nothing can be said of what is not */
};

static void put(struct entries *e, uint64_t key, struct slice spec, const struct conf *at)
{
	if (e->n == e->room) {
		size_t more = e->room ? 2 * e->room : 128;
		struct entry *larger = e->n < ENTRIES_MAX ? arena_array(e->arena, more, sizeof(*larger)) : NULL;
		if (!larger) {
			e->cut = true;
			return;
		}
		if (e->n)
			memcpy(larger, e->entry, e->n * sizeof(*larger));
		e->entry = larger;
		e->room = more;
	}
	e->entry[e->n++] = (struct entry){.key = key, .spec = spec, .at = at};
}

static void sort(struct entries *e)
{
	change_sort(e->entry, e->n, sizeof(*e->entry));
}

/* The first of that key, and how many there are, up to a limit. */
static const struct entry *all_of(const struct entries *e, uint64_t key, size_t *n)
{
	const size_t low = change_first(e->entry, e->n, sizeof(*e->entry), key);
	*n = 0;
	while (*n < SAME_MAX && low + *n < e->n && e->entry[low + *n].key == key)
		(*n)++;
	return *n ? &e->entry[low] : NULL;
}

static bool has(const struct entries *e, uint64_t key)
{
	size_t n;
	return all_of(e, key, &n) != NULL;
}

/* ── what is told ── */

struct beside {
	struct reader *r;
	const struct conf *lock, *manifest;
	struct arena *arena;
	size_t *told;
};

static void tell(const struct beside *b, enum scan_rule_name rule, struct slice name, struct slice is, const char *why, struct slice asked)
{
	_cleanup_buf_ struct buf key = BUF((size_t)1 << 12);
	/* More than are shown need no place. */
	bool shown = (*b->told)++ < PLACES_MAX;
	buf_fmt(&key, "%.*s %.*s %.6s", SLICE_FMT(slice_sub(name, 0, NAME_MAX_)), SLICE_FMT(slice_sub(is, 0, NAME_MAX_)), why);
	size_t at = shown ? slice_find(b->r->f->text, name, 0) : 0;
	change_add(b->r->f, rule, CHANGE_EACH, buf_slice(&key), at == SLICE_NPOS ? 0 : at, name.n, "%.*s%s%.*s: %s%.*s",
	        SLICE_FMT(slice_sub(name, 0, NAME_SHOWN)), is.n ? " " : "", SLICE_FMT(slice_sub(is, 0, SPEC_SHOWN)), why,
	        SLICE_FMT(slice_sub(asked, 0, SPEC_SHOWN)));
}

/* ── ranges of npm ── */

static bool is_range(struct slice spec)
{
	return semver_range_valid(spec);
}

/* "npm:other@^1": the range behind it. */
static struct slice range_of(struct slice spec, struct slice *other)
{
	*other = SLICE_NONE;
	if (!slice_starts(spec, SLICE("npm:")))
		return spec;
	struct slice rest = slice_from(spec, 4);
	size_t at = slice_chr(rest, '@', 1);
	*other = slice_sub(rest, 0, at);
	return at == SLICE_NPOS ? SLICE("*") : slice_from(rest, at + 1);
}

/* Can this version be what was asked for? What is no range, or no version, can be anything. */
static bool fits(struct slice version, struct slice spec)
{
	struct semver v;
	if (!semver_parse(version, &v) || !is_range(spec) || semver_in(&v, spec))
		return true;
	/* Where pre-releases were allowed another way. */
	v.pre = SLICE_NONE;
	return semver_in(&v, spec);
}

/* ── package.json ── */

static const char *const groups[] = {"dependencies", "devDependencies", "optionalDependencies", "peerDependencies"};
#define PEER 3u

struct package {
	struct entries asked;      /* name: what for */
	struct entries overridden; /* names whose versions the manifest, or the lock file, sets itself */
};

static void put_groups(struct entries *to, const struct conf *from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct conf *g = conf_get(from, slice_str(groups[i]));
		for (const struct conf *d = g ? g->child : NULL; d; d = d->next)
			put(to, slice_hash(d->key), conf_is_text(d) ? d->text : SLICE_NONE, d);
	}
}

/* "a", "a@1", "b>a@1", "**" "/a", "b/@scope/a": the name that is set. */
static struct slice overridden_name(struct slice key)
{
	size_t from = 0;
	for (size_t i = 0; i < key.n; i++) {
		bool scope = key.p[from] == '@' && slice_chr(slice_sub(key, 0, i), '/', from) == SLICE_NPOS;
		if (key.p[i] == '>' || (key.p[i] == '/' && !scope && i + 1 < key.n))
			from = i + 1;
	}
	key = slice_from(key, from);
	return slice_sub(key, 0, slice_chr(key, '@', 1));
}

static void put_overridden(struct entries *to, const struct conf *c, unsigned depth)
{
	for (const struct conf *x = c ? c->child : NULL; x && depth < DEPTH_MAX; x = x->next) {
		put(to, slice_hash(overridden_name(x->key)), conf_is_text(x) ? x->text : SLICE_NONE, x);
		put_overridden(to, x, depth + 1);
	}
}

static struct package package_of(const struct beside *b)
{
	struct package p = {.asked = {.arena = b->arena}, .overridden = {.arena = b->arena}};
	put_groups(&p.asked, b->manifest, ARRAY_LEN(groups));
	put_overridden(&p.overridden, conf_get(b->manifest, SLICE("overrides")), 0);
	put_overridden(&p.overridden, conf_get(b->manifest, SLICE("resolutions")), 0);
	put_overridden(&p.overridden, conf_at(b->manifest, "pnpm/overrides"), 0);
	sort(&p.asked);
	sort(&p.overridden);
	return p;
}

/* An entry of what the lock file says that the project asks for. Package managers go by the manifest itself: a note. */
static void check_asked(const struct beside *b, const struct package *p, struct slice name, struct slice spec)
{
	size_t n;
	const struct entry *e = all_of(&p->asked, slice_hash(name), &n);
	if (p->asked.cut || has(&p->overridden, slice_hash(name)))
		return;
	if (!e) {
		tell(b, SCAN_RULE_CHANGE_LOCK_ASKS, name, spec, "the manifest does not ask for it", SLICE_NONE);
		return;
	}
	for (size_t i = 0; i < n; i++)
		/* What is no range of versions, each writes in its own way. */
		if (slice_eq(e[i].spec, spec) || !is_range(e[i].spec))
			return;
	tell(b, SCAN_RULE_CHANGE_LOCK_ASKS, name, spec, "the manifest asks for ", e->spec);
}

/* The version that is locked of what the manifest asks for. */
static void check_version(const struct beside *b, const struct package *p, struct slice name, struct slice version)
{
	size_t n;
	const struct entry *e = all_of(&p->asked, slice_hash(name), &n);
	struct slice other, first = SLICE_NONE;
	if (!e || has(&p->overridden, slice_hash(name)))
		return;
	for (size_t i = 0; i < n; i++) {
		if (fits(version, range_of(e[i].spec, &other)))
			return;
		first = e[i].spec;
	}
	tell(b, SCAN_RULE_CHANGE_LOCK_MANIFEST, name, version, "the manifest asks for ", first);
}

/* ── npm ── */

/* Names that an entry of a lock file may have instead of its own: "npm:other@1" is asked for under it. */
static struct entries aliases_of(const struct beside *b, const struct conf *packages, const struct package *p)
{
	struct entries asked = {.arena = b->arena}, to = {.arena = b->arena};
	for (const struct conf *c = packages->child; c; c = c->next)
		/* What the project itself needs the manifest says. */
		if (c->key.n)
			put_groups(&asked, c, ARRAY_LEN(groups));
	const struct entries *all[] = {&asked, &p->asked, &p->overridden};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		to.cut |= all[i]->cut;
		for (size_t k = 0; k < all[i]->n; k++) {
			struct slice other;
			(void)range_of(all[i]->entry[k].spec, &other);
			if (other.n)
				put(&to, slice_hash(other), SLICE_NONE, NULL);
		}
	}
	sort(&to);
	return to;
}

static void npm(const struct beside *b)
{
	const struct conf *packages = conf_get(b->lock, SLICE("packages")), *root = conf_get(packages, SLICE(""));
	struct package p = package_of(b);
	if (!root)
		return;
	struct entries aliases = aliases_of(b, packages, &p);
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		const struct conf *g = conf_get(root, slice_str(groups[i]));
		for (const struct conf *d = g ? g->child : NULL; d; d = d->next)
			if (conf_is_text(d))
				check_asked(b, &p, d->key, d->text);
	}
	/* Whoever wants may have peers that do not fit. */
	struct package own = {.asked = {.arena = b->arena}, .overridden = p.overridden};
	put_groups(&own.asked, b->manifest, PEER);
	sort(&own.asked);
	for (const struct conf *c = packages->child; c; c = c->next) {
		struct slice name = slice_starts(c->key, SLICE("node_modules/")) ? slice_from(c->key, 13) : SLICE_NONE;
		struct slice real = change_text_at(c, "name"), url = change_text_at(c, "resolved");
		bool top = slice_find(name, SLICE("node_modules/"), 0) == SLICE_NPOS;
		if (!name.n || conf_get(c, SLICE("link")))
			continue;
		if (top)
			check_version(b, &own, name, change_text_at(c, "version"));
		if (real.n && !slice_ends(name, real) && slice_find(url, SLICE("/-/"), 0) != SLICE_NPOS && !aliases.cut &&
		        !has(&aliases, slice_hash(real)))
			tell(b, SCAN_RULE_CHANGE_LOCK_MANIFEST, name, real, "nothing asks for it under that name", SLICE_NONE);
	}
}

/* ── yarn ── */

/* "name@^1": each asks for a version of its own, which the entry must be. */
static void yarn_head(const struct beside *b, const struct package *p, struct slice head, struct slice version)
{
	struct slice one;
	while (slice_split(&head, ',', &one)) {
		one = slice_trim(one);
		one = one.n > 1 && one.p[0] == '"' ? slice_sub(one, 1, one.n - 2) : one;
		size_t at = slice_chr(one, '@', 1);
		struct slice name = slice_sub(one, 0, at), other,
		             spec = range_of(slice_from(one, at == SLICE_NPOS ? one.n : at + 1), &other);
		if (!name.n || fits(version, spec) || has(&p->overridden, slice_hash(name)))
			continue;
		tell(b, SCAN_RULE_CHANGE_LOCK_MANIFEST, name, version, "what is locked there is ", slice_sub(spec, 0, SPEC_SHOWN));
	}
}

/* Of yarn 2 and later what counts is what it says that it fetches, and not the version that it says that has. */
static void berry(const struct beside *b)
{
	struct package p = package_of(b);
	for (const struct conf *c = b->lock->child; c && !p.overridden.cut; c = c->next) {
		const struct conf *needs = conf_get(c, SLICE("dependencies"));
		struct slice head = c->key, one;
		struct berry is, asked;
		if (!change_berry(change_text_at(c, "resolution"), &is))
			continue;
		for (const struct conf *d = slice_is(is.place, "workspace:.") && needs ? needs->child : NULL; d; d = d->next)
			check_asked(b, &p, d->key, slice_starts(d->text, SLICE("npm:")) ? slice_from(d->text, 4) : d->text);
		while (is.npm && slice_split(&head, ',', &one)) {
			if (!change_berry(slice_trim(one), &asked) || !asked.npm || has(&p.overridden, slice_hash(asked.name)))
				continue;
			/* "b@npm:a@^1" */
			size_t at = slice_chr(asked.version, '@', 1);
			struct slice range = slice_from(asked.version, at == SLICE_NPOS ? 0 : at + 1);
			if (!fits(is.version, range))
				tell(b, SCAN_RULE_CHANGE_LOCK_MANIFEST, asked.name, is.version, "what is locked there is ",
				        slice_sub(range, 0, SPEC_SHOWN));
		}
	}
}

/* Lines of yarn's first format: 'name@spec, "name@spec":', then '  version "1.2.3"'. */
static void yarn(const struct beside *b)
{
	struct slice rest = b->r->f->text, line, head = SLICE_NONE;
	if (b->lock) {
		berry(b);
		return;
	}
	struct package p = package_of(b);
	while (!p.overridden.cut && slice_split(&rest, '\n', &line)) {
		line = line.n && line.p[line.n - 1] == '\r' ? slice_sub(line, 0, line.n - 1) : line;
		if (line.n && line.p[0] != ' ' && line.p[0] != '#')
			head = slice_ends(line, SLICE(":")) ? slice_sub(line, 0, line.n - 1) : SLICE_NONE;
		else if (slice_starts(line, SLICE("  version \"")) && slice_ends(line, SLICE("\"")) && line.n > 11) {
			yarn_head(b, &p, head, slice_sub(line, 11, line.n - 12));
			head = SLICE_NONE;
		}
	}
}

/* ── pnpm ── */

/* A version without quotes may be read as a number. */
static struct slice scalar_at(const struct conf *c, const char *key)
{
	const struct conf *v = conf_get(c, slice_str(key));
	return v && (v->type == CONF_TEXT || v->type == CONF_NUMBER) ? v->text : SLICE_NONE;
}

static void pnpm_one(const struct beside *b, const struct package *p, const struct conf *d, struct slice spec, struct slice version)
{
	if (!spec.n)
		return;
	check_asked(b, p, d->key, spec);
	/* "1.2.3(peer@1)", "1.2.3_peer@1" */
	version = slice_sub(version, 0, slice_chr(version, '(', 0));
	check_version(b, p, d->key, slice_sub(version, 0, slice_chr(version, '_', 0)));
}

static void pnpm(const struct beside *b)
{
	const struct conf *importers = conf_get(b->lock, SLICE("importers")), *root = importers ? conf_get(importers, SLICE(".")) : b->lock;
	const struct conf *specs = conf_get(root, SLICE("specifiers"));
	struct package p = package_of(b);
	put_overridden(&p.overridden, conf_get(b->lock, SLICE("overrides")), 0);
	sort(&p.overridden);
	for (const struct conf *d = specs ? specs->child : NULL; d; d = d->next)
		check_asked(b, &p, d->key, d->text);
	for (size_t i = 0; i < PEER; i++) {
		const struct conf *g = conf_get(root, slice_str(groups[i]));
		for (const struct conf *d = g ? g->child : NULL; d; d = d->next)
			pnpm_one(b, &p, d, scalar_at(d, "specifier"), scalar_at(d, "version"));
	}
}

/* ── Cargo ── */

/* Of a name "_" and "-" are the same. */
static uint64_t crate(struct slice name)
{
	char plain[NAME_MAX_];
	size_t n = 0;
	for (; n < name.n && n < sizeof(plain); n++)
		plain[n] = (char)(name.p[n] == '_' ? '-' : name.p[n]);
	return slice_hash(slice_of(plain, n));
}

static int put_crate(void *arg, const struct conf *v, struct slice key)
{
	struct entries *to = arg;
	struct slice other = change_text_at(v, "package");
	put(to, crate(other.n ? other : key), conf_is_text(v) ? v->text : change_text_at(v, "version"), v);
	return 0;
}

/* "1.2, <1.5" in the form of npm; a bare version is "^". False: in no form that is known here. */
static bool crate_range(struct buf *out, struct slice spec)
{
	struct slice one;
	buf_reset(out);
	while (slice_split(&spec, ',', &one)) {
		one = slice_trim(one);
		bool digit = one.n && one.p[0] >= '0' && one.p[0] <= '9';
		buf_fmt(out, "%s%s%.*s", out->n ? " " : "", digit && slice_chr(one, '*', 0) == SLICE_NPOS ? "^" : "", SLICE_FMT(one));
	}
	return !buf_error(out) && semver_range_valid(buf_slice(out));
}

/* The version of a package that the lock file has once; empty if there are several. */
static struct slice only_version(const struct entries *locked, struct slice name)
{
	size_t n;
	const struct entry *e = all_of(locked, crate(name), &n);
	return n == 1 ? e->spec : SLICE_NONE;
}

static void cargo_one(const struct beside *b, const struct entries *asked, const struct entries *locked, struct slice need)
{
	_cleanup_buf_ struct buf range = BUF((size_t)1 << 12);
	struct slice name = SLICE_NONE, version = SLICE_NONE;
	size_t n;
	/* "name", "name 1.2.3", "name 1.2.3 (source)" */
	if (!slice_split(&need, ' ', &name) || !slice_split(&need, ' ', &version))
		version = only_version(locked, name);
	const struct entry *e = all_of(asked, crate(name), &n);
	if (!e) {
		tell(b, SCAN_RULE_CHANGE_LOCK_MANIFEST, name, version, "the manifest does not ask for it", SLICE_NONE);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (!e[i].spec.n || !crate_range(&range, e[i].spec) || fits(version, buf_slice(&range)))
			return;
	tell(b, SCAN_RULE_CHANGE_LOCK_MANIFEST, name, version, "the manifest asks for ", e->spec);
}

static void cargo(const struct beside *b)
{
	static const char *const tables[] = {"dependencies/*", "dev-dependencies/*", "build-dependencies/*", "dev_dependencies/*",
	        "build_dependencies/*", "workspace/dependencies/*", "target/*/dependencies/*", "target/*/dev-dependencies/*",
	        "target/*/build-dependencies/*"};
	const struct conf *package = conf_get(b->manifest, SLICE("package")), *all = conf_get(b->lock, SLICE("package"));
	struct entries asked = {.arena = b->arena}, locked = {.arena = b->arena};
	struct slice own = change_text_at(package, "name");
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		(void)conf_every(b->manifest, tables[i], put_crate, &asked);
	for (const struct conf *c = all ? all->child : NULL; c; c = c->next)
		put(&locked, crate(change_text_at(c, "name")), change_text_at(c, "version"), c);
	sort(&asked);
	sort(&locked);
	for (const struct conf *c = all ? all->child : NULL; c && own.n && !asked.cut && !locked.cut; c = c->next) {
		if (!slice_eq(change_text_at(c, "name"), own) || conf_get(c, SLICE("source")))
			continue;
		const struct conf *needs = conf_get(c, SLICE("dependencies"));
		for (const struct conf *d = needs ? needs->child : NULL; d; d = d->next)
			if (conf_is_text(d))
				cargo_one(b, &asked, &locked, d->text);
	}
}

/* ── Composer ── */

static uint64_t lower(struct slice name)
{
	char plain[NAME_MAX_];
	size_t n = 0;
	for (; n < name.n && n < sizeof(plain); n++)
		plain[n] = (char)(name.p[n] >= 'A' && name.p[n] <= 'Z' ? name.p[n] + ('a' - 'A') : name.p[n]);
	return slice_hash(slice_of(plain, n));
}

static void put_required(struct entries *to, const struct conf *of, const char *group)
{
	const struct conf *g = conf_get(of, slice_str(group));
	for (const struct conf *d = g ? g->child : NULL; d; d = d->next)
		put(to, lower(d->key), SLICE_NONE, d);
}

/* All that is in the lock file is installed, so what nothing needs was put there by hand. */
static void composer(const struct beside *b)
{
	const struct conf *lists[] = {conf_get(b->lock, SLICE("packages")), conf_get(b->lock, SLICE("packages-dev"))};
	struct entries needed = {.arena = b->arena};
	put_required(&needed, b->manifest, "require");
	put_required(&needed, b->manifest, "require-dev");
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		for (const struct conf *c = lists[i] ? lists[i]->child : NULL; c; c = c->next)
			put_required(&needed, c, "require");
	sort(&needed);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		for (const struct conf *c = lists[i] ? lists[i]->child : NULL; c && !needed.cut; c = c->next) {
			struct slice name = change_text_at(c, "name");
			if (name.n && !has(&needed, lower(name)))
				tell(b, SCAN_RULE_CHANGE_LOCK_MANIFEST, name, SLICE_NONE,
				        "neither the manifest nor another package asks for it", SLICE_NONE);
		}
}

/* ── uv ── */

/* As PyPI compares names: letters alone, digits, and one "-" for what stands between. */
static uint64_t python(struct slice name)
{
	char plain[NAME_MAX_];
	size_t n = 0;
	for (size_t i = 0; i < name.n && n < sizeof(plain); i++) {
		uint8_t c = name.p[i];
		bool separator = c == '-' || c == '_' || c == '.';
		if (separator && n && plain[n - 1] == '-')
			continue;
		plain[n++] = (char)(separator ? '-' : c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	}
	return slice_hash(slice_of(plain, n));
}

static int put_requirement(void *arg, const struct conf *v, struct slice key)
{
	struct slice text = conf_is_text(v) ? slice_trim(v->text) : SLICE_NONE;
	size_t n = 0;
	(void)key;
	while (n < text.n && !strchr("<>=!~;[ @\t(,", text.p[n]))
		n++;
	if (n)
		put(arg, python(slice_sub(text, 0, n)), SLICE_NONE, v);
	return 0;
}

struct needs {
	const struct beside *b;
	const struct entries *asked;
};

static int check_needed(void *arg, const struct conf *v, struct slice key)
{
	struct needs *n = arg;
	struct slice name = change_text_at(v, "name");
	(void)key;
	if (name.n && !has(n->asked, python(name)))
		tell(n->b, SCAN_RULE_CHANGE_LOCK_MANIFEST, name, SLICE_NONE, "the manifest does not ask for it", SLICE_NONE);
	return 0;
}

static void uv(const struct beside *b)
{
	static const char *const texts[] = {"project/dependencies/*", "project/optional-dependencies/*/*", "dependency-groups/*/*",
	        "tool/uv/dev-dependencies/*"},
	                         *const locked[] = {"dependencies/*", "optional-dependencies/*/*", "dev-dependencies/*/*"};
	const struct conf *all = conf_get(b->lock, SLICE("package")), *dynamic = conf_at(b->manifest, "project/dynamic");
	struct entries asked = {.arena = b->arena};
	struct slice own = change_text_at(conf_get(b->manifest, SLICE("project")), "name");
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		(void)conf_every(b->manifest, texts[i], put_requirement, &asked);
	/* An extra may name the project itself. */
	put(&asked, python(own), SLICE_NONE, NULL);
	sort(&asked);
	for (const struct conf *d = dynamic ? dynamic->child : NULL; d; d = d->next)
		if (slice_ends(d->text, SLICE("dependencies")))
			return;
	for (const struct conf *c = all ? all->child : NULL; c && own.n && !asked.cut; c = c->next) {
		struct needs n = {.b = b, .asked = &asked};
		if (python(change_text_at(c, "name")) != python(own) || conf_at(c, "source/registry"))
			continue;
		for (size_t i = 0; i < ARRAY_LEN(locked); i++)
			(void)conf_every(c, locked[i], check_needed, &n);
	}
}

/* ── Bundler ── */

/* A Gemfile is a program: a name that stands in it is asked for, and if it takes its names from elsewhere nothing can be said. */
static void bundler(const struct beside *b, struct slice gemfile)
{
	static const char *const elsewhere[] = {"gemspec", "eval", "load", "require", "#{", "File.", "Dir", "ENV", "plugin"};
	struct slice rest = b->r->f->text, line;
	bool in = false;
	for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++)
		if (slice_find(gemfile, slice_str(elsewhere[i]), 0) != SLICE_NPOS)
			return;
	while (slice_split(&rest, '\n', &line)) {
		if (line.n && line.p[0] != ' ')
			in = slice_is(slice_trim(line), "DEPENDENCIES");
		line = slice_trim(line);
		struct slice name = slice_sub(line, 0, slice_chr(line, ' ', 0));
		name = slice_ends(name, SLICE("!")) ? slice_sub(name, 0, name.n - 1) : name;
		if (in && name.n && !slice_is(line, "DEPENDENCIES") && slice_find(gemfile, name, 0) == SLICE_NPOS)
			tell(b, SCAN_RULE_CHANGE_LOCK_MANIFEST, name, SLICE_NONE, "the manifest does not ask for it", SLICE_NONE);
	}
}

/* ── files ── */

static const struct {
	const char *lock, *manifest;
	enum conf_format format;            /* of the manifest */
	void (*fn)(const struct beside *b); /* NULL: bundler(), whose manifest is a program */
} rows[] = {
        {"package-lock.json", "package.json", CONF_JSON, npm},
        {"npm-shrinkwrap.json", "package.json", CONF_JSON, npm},
        {"yarn.lock", "package.json", CONF_JSON, yarn},
        {"pnpm-lock.yaml", "package.json", CONF_JSON, pnpm},
        {"Cargo.lock", "Cargo.toml", CONF_TOML, cargo},
        {"composer.lock", "composer.json", CONF_JSON, composer},
        {"uv.lock", "pyproject.toml", CONF_TOML, uv},
        {"Gemfile.lock", "Gemfile", CONF_ENV, NULL},
        {"gems.locked", "gems.rb", CONF_ENV, NULL},
};

const char *scan_manifest_of(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_is(name, rows[i].lock))
			return rows[i].manifest;
	return NULL;
}

void change_beside(struct reader *r, struct slice name, const struct conf *lock)
{
	_cleanup_arena_ struct arena arena = ARENA(CONF_ARENA);
	size_t told = 0;
	struct beside b = {.r = r, .lock = lock, .arena = &arena, .told = &told};
	struct conf *manifest;
	/* In a folder of tests a lock file is what is tested. */
	if (!r->f->manifest || r->f->test)
		return;
	if (r->kind == GEMS)
		bundler(&b, *r->f->manifest);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_is(name, rows[i].lock) && rows[i].fn &&
		        conf_read(rows[i].format, *r->f->manifest, NODES, &arena, &manifest, NULL) == 0) {
			b.manifest = manifest;
			rows[i].fn(&b);
		}
}
