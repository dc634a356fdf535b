#include "obtain/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parse/semver.h"
#include "obtain/subject.h"
#include "parse/jscan.h"

#define PACKUMENT_MAX   (64u << 20)
#define PACKUMENTS_OPEN 2048

#if defined __x86_64__
#define CPU "x64"
#elif defined __aarch64__
#define CPU "arm64"
#else
#define CPU "unknown"
#endif
#define OS   "linux"
#define LIBC "glibc"

/* A registry document, kept in a mapping of an unlinked file: the kernel may drop its pages. */
struct packument {
	struct packument *next;
	struct slice name;
	struct slice map, root;
};

struct resolver {
	struct set *set;
	struct fetcher *fetcher;
	const struct npmrc *config;
	int tmp;
	const struct fetch *report;
	struct packument *docs;
};

struct package *set_add(struct set *s, struct package *parent, const char *alias)
{
	struct package *p = arena_alloc(s->arena, sizeof(*p));
	if (!p)
		return NULL;
	p->parent = parent;
	p->alias = alias;
	p->folder = arena_fmt(s->arena, "%s%snode_modules/%s", parent ? parent->folder : "", parent ? "/" : "", alias);
	p->integrity = p->tarball = p->version = "";
	p->name = alias;
	if (!p->folder)
		return NULL;
	if (s->last)
		s->last->next = p;
	else
		s->first = p;
	s->last = p;
	s->count++;
	return p;
}

static int document(struct resolver *r, struct slice name, struct packument **out, struct err *err)
{
	for (struct packument *d = r->docs; d; d = d->next)
		if (slice_eq(d->name, name))
			return *out = d, 0;
	struct arena *a = r->set->arena;
	struct packument *d = arena_alloc(a, sizeof(*d));
	const char *registry = npmrc_registry(r->config, name), *scope_end = "";
	size_t slash = slice_chr(name, '/', 0);
	struct slice head = slice_sub(name, 0, slash), tail = slash == SLICE_NPOS ? SLICE_NONE : slice_from(name, slash + 1);
	if (tail.n)
		scope_end = "%2f";
	struct fetch what = *r->report;
	what.url = registry ? arena_fmt(a, "%s%.*s%s%.*s", registry, SLICE_FMT(head), scope_end, SLICE_FMT(tail)) : NULL;
	what.what = arena_str(a, name);
	what.accept = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8";
	what.max = PACKUMENT_MAX;
	if (!d || !what.url || !what.what)
		return err_set(err, -ENOMEM, "out of memory");
	d->name = slice_str(what.what);
	_cleanup_fd_ int fd = openat(r->tmp, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, -errno, "making a temporary file in the cache");
	int e = fetch_file(r->fetcher, &what, fd, NULL, NULL, err);
	struct stat st;
	if (e < 0)
		return e;
	if (fstat(fd, &st) < 0)
		return err_sys(err, -errno, "reading a temporary file");
	void *p = st.st_size ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
	if (p == MAP_FAILED)
		return err_set(err, -EBADMSG, "%s gave an empty answer", what.url);
	d->map = slice_of(p, (size_t)st.st_size);
	if (!jscan_root(d->map, &d->root) || !jscan_is(d->root, '{')) {
		munmap(p, (size_t)st.st_size);
		return err_set(err, -EBADMSG, "the answer of %s is no package document (is the registry right?)", what.url);
	}
	d->next = r->docs;
	r->docs = d;
	*out = d;
	return 0;
}

/* The list of os, cpu or libc: ["linux", "!win32"]; a lone string is taken as a list of one. */
static bool fits_one(struct slice manifest, struct slice key, struct slice mine, bool *listed)
{
	struct slice v;
	if (!jscan_get(manifest, key, &v))
		return true;
	if (jscan_is(v, '"'))
		return *listed = true, jscan_eq(v, mine) || jscan_eq(v, SLICE("any"));
	bool any_positive = false, hit = false, no = false, some = false;
	for (struct jscan_iter i = jscan_iter(v); jscan_next(&i);) {
		some = true;
		if (i.value.n > 2 && i.value.p[1] == '!') {
			char bang[32];
			snprintf(bang, sizeof(bang), "!%.*s", SLICE_FMT(mine));
			no = no || jscan_eq(i.value, slice_str(bang));
		} else {
			any_positive = true;
			hit = hit || jscan_eq(i.value, mine) || jscan_eq(i.value, SLICE("any"));
		}
	}
	*listed = *listed || some;
	return !no && (hit || !any_positive);
}

static bool fits(struct slice manifest, bool *platform)
{
	bool os = fits_one(manifest, SLICE("os"), SLICE(OS), platform), cpu = fits_one(manifest, SLICE("cpu"), SLICE(CPU), platform);
	return os && cpu && fits_one(manifest, SLICE("libc"), SLICE(LIBC), platform);
}

/* The manifest of the version that npm would take: exact; a tag; else "latest" if it is in the range, else the highest in it. */
static bool pick(struct slice root, struct slice spec, struct arena *a, struct slice *manifest)
{
	struct slice versions, tags, latest = SLICE_NONE, v;
	struct semver want, best = {0};
	bool found = false, best_old = false;
	if (!jscan_get(root, SLICE("versions"), &versions))
		return false;
	if (!jscan_get(root, SLICE("dist-tags"), &tags))
		tags = SLICE_NONE;
	if (!semver_parse(spec, &want) && !semver_range_valid(spec)) {
		const char *text = jscan_get(tags, spec, &v) ? jscan_str(v, a) : NULL;
		return text && jscan_get(versions, slice_str(text), manifest);
	}
	if (jscan_get(versions, spec, manifest))
		return true;
	const char *text = jscan_get(tags, SLICE("latest"), &v) ? jscan_str(v, a) : NULL;
	struct semver at;
	if (text && semver_parse(slice_str(text), &at) && semver_in(&at, spec) && jscan_get(versions, slice_str(text), &latest)) {
		*manifest = latest;
		return true;
	}
	for (struct jscan_iter i = jscan_iter(versions); jscan_next(&i);) {
		struct slice key = slice_sub(i.key, 1, i.key.n - 2), why;
		if (!semver_parse(key, &at) || !semver_in(&at, spec))
			continue;
		bool old = jscan_get(i.value, SLICE("deprecated"), &why) && jscan_is(why, '"') && why.n > 2;
		if (!found || (best_old && !old) || (best_old == old && semver_cmp(&at, &best) > 0)) {
			best = at;
			best_old = old;
			*manifest = i.value;
			found = true;
		}
	}
	return found;
}

static bool bundled(struct slice manifest, struct slice name)
{
	static const struct slice keys[] = {SLICE("bundleDependencies"), SLICE("bundledDependencies")};
	struct slice list;
	for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
		if (!jscan_get(manifest, keys[k], &list))
			continue;
		if (slice_is(list, "true"))
			return true;
		for (struct jscan_iter i = jscan_iter(list); jscan_next(&i);)
			if (jscan_eq(i.value, name))
				return true;
	}
	return false;
}

static bool optional_peer(struct slice manifest, struct slice name)
{
	struct slice meta, one, flag;
	return jscan_get(manifest, SLICE("peerDependenciesMeta"), &meta) && jscan_get(meta, name, &one) &&
	       jscan_get(one, SLICE("optional"), &flag) && slice_is(flag, "true");
}

int package_read_deps(struct package *p, struct slice manifest, struct arena *a)
{
	static const struct slice keys[] = {[DEP_NORMAL] = SLICE("dependencies"),
	        [DEP_OPTIONAL] = SLICE("optionalDependencies"),
	        [DEP_PEER] = SLICE("peerDependencies")};
	static const enum dep_kind order[] = {DEP_OPTIONAL, DEP_NORMAL, DEP_PEER}; /* optional overrides, as for npm */
	struct dep **tail = &p->deps;
	size_t count = 0;
	for (size_t k = 0; k < ARRAY_LEN(order); k++) {
		struct slice list;
		if (!jscan_get(manifest, keys[order[k]], &list))
			continue;
		for (struct jscan_iter i = jscan_iter(list); jscan_next(&i);) {
			const char *name = i.object ? jscan_str(i.key, a) : NULL, *spec = jscan_str(i.value, a);
			if (!name || !spec || !package_name_valid(slice_str(name)) || ++count > PACKAGES_MAX)
				return -EBADMSG;
			bool seen =
			        bundled(manifest, slice_str(name)) || (order[k] == DEP_PEER && optional_peer(manifest, slice_str(name)));
			for (struct dep *d = p->deps; d; d = d->next)
				seen = seen || strcmp(d->name, name) == 0;
			if (seen)
				continue;
			struct dep *d = arena_alloc(a, sizeof(*d));
			if (!d)
				return -ENOMEM;
			*d = (struct dep){.name = name, .spec = spec, .kind = order[k]};
			*tail = d;
			tail = &d->next;
		}
	}
	return 0;
}

/* Finds NAME at SPEC in its document. -ENOENT: not there; 1: there, but not for this system. */
static int look_up(struct resolver *r, struct slice name, struct slice spec, struct slice *manifest, bool *platform, struct err *err)
{
	struct packument *d;
	int e = document(r, name, &d, err);
	if (e < 0)
		return e;
	if (!pick(d->root, spec, r->set->arena, manifest))
		return err_set(err, -ENOENT, "%.*s has no version %.*s in the registry", SLICE_FMT(name), SLICE_FMT(spec));
	*platform = false;
	return fits(*manifest, platform) ? 0 : 1;
}

static int fill(struct resolver *r, struct package *p, struct slice name, struct slice manifest, bool platform, struct err *err)
{
	struct arena *a = r->set->arena;
	struct slice v, dist, tar;
	struct semver parsed;
	p->name = arena_str(a, name);
	p->version = jscan_get(manifest, SLICE("version"), &v) ? jscan_str(v, a) : NULL;
	p->platform = platform;
	if (!p->version || !semver_parse(slice_str(p->version), &parsed) || !jscan_get(manifest, SLICE("dist"), &dist) ||
	        !jscan_get(dist, SLICE("tarball"), &tar) || !(p->tarball = jscan_str(tar, a)))
		return err_set(err, -EBADMSG, "the registry's document of %.*s is malformed", SLICE_FMT(name));
	p->tarball = npmrc_tarball(r->config, name, p->tarball);
	p->integrity = NULL;
	/* Of several hashes the sha512 counts. */
	struct slice list = slice_str(jscan_get(dist, SLICE("integrity"), &v) ? jscan_str(v, a) : NULL), one;
	while (slice_split(&list, ' ', &one))
		if (slice_starts(one, SLICE("sha512-")))
			p->integrity = arena_str(a, slice_sub(one, 0, slice_chr(one, '?', 0)));
	if (!p->integrity && jscan_get(dist, SLICE("shasum"), &v)) {
		const char *hex = jscan_str(v, a);
		p->integrity = hex ? arena_fmt(a, "sha1-%s", hex) : NULL;
	}
	if (!p->integrity || !p->tarball)
		return err_set(err, -EBADMSG, "the registry gives no digest for %.*s@%s, so that it cannot be verified", SLICE_FMT(name),
		        p->version);
	for (const char *c = p->tarball; *c; c++)
		if ((unsigned char)*c <= ' ' || (unsigned char)*c > '~')
			return err_set(err, -EBADMSG, "the registry's document of %.*s is malformed", SLICE_FMT(name));
	return 0;
}

static struct package *installed(const struct set *s, const struct package *where, const char *alias)
{
	for (struct package *p = s->first; p; p = p->next)
		if (p->parent == where && strcmp(p->alias, alias) == 0)
			return p;
	return NULL;
}

static bool satisfies(const struct package *p, struct slice name, struct slice spec)
{
	struct semver v;
	if (!slice_is(name, p->name) || !semver_parse(slice_str(p->version), &v))
		return false;
	return semver_range_valid(spec) ? semver_in(&v, spec) : false;
}

static int add_dep(struct resolver *r, struct package *p, const struct dep *d, struct err *err)
{
	struct subject want = {.name = slice_str(d->name), .spec = slice_trim(slice_str(d->spec))};
	bool lenient = d->kind == DEP_OPTIONAL;
	if (slice_starts(want.spec, SLICE("npm:")) && !subject_package(slice_from(want.spec, 4), &want))
		return lenient ? 0 : err_set(err, -EBADMSG, "%s wants %s in a form that is not known: %s", p->name, d->name, d->spec);
	if (memchr(d->spec, '/', strlen(d->spec)) && !slice_starts(slice_str(d->spec), SLICE("npm:")))
		return lenient ? 0
		               : err_set(err, -EBADMSG, "%s wants %s from outside of the registry (%s), which is not followed", p->name,
		                         d->name, d->spec);
	/* Node looks in p's own node_modules, then outwards. The place is the outermost where no other version is in between. */
	struct package *place = p;
	for (struct package *at = p;; at = at->parent) {
		struct package *have = installed(r->set, at, d->name);
		if (have && satisfies(have, want.name, want.spec))
			return 0;
		if (have && (at == p || d->kind == DEP_PEER))
			return 0; /* a peer that is there in another version: npm would warn */
		if (have)
			break;
		place = at;
		if (!at)
			break;
	}
	if (d->kind == DEP_PEER && place == p)
		place = p->parent;
	struct slice manifest;
	bool platform;
	struct err why = {0};
	int e = look_up(r, want.name, want.spec, &manifest, &platform, &why);
	if (lenient && (e == 1 || e == -ENOENT))
		return 0;
	if (e < 0)
		return err_set(err, e, "%s needs %s: %s", p->name, d->name, why.text);
	if (e == 1)
		return err_set(err, -ENOENT, "%s needs %s, which is not made for " OS " on " CPU, p->name, d->name);
	if (r->set->count >= PACKAGES_MAX)
		return err_set(err, -EFBIG, "it needs more than %d packages", PACKAGES_MAX);
	struct package *n = set_add(r->set, place, d->name);
	if (!n)
		return err_set(err, -ENOMEM, "out of memory");
	e = fill(r, n, want.name, manifest, platform, err);
	if (e == 0)
		e = package_read_deps(n, manifest, r->set->arena);
	return e < 0 && !(err && err->code) ? err_set(err, e, "the registry's document of %s is malformed", n->name) : e;
}

static void close_documents(struct resolver *r)
{
	for (struct packument *d = r->docs; d; d = d->next)
		munmap((void *)(uintptr_t)d->map.p, d->map.n);
}

int resolve_main(struct set *s, struct fetcher *f, const struct npmrc *c, int tmp, struct slice name, struct slice spec,
        const struct fetch *report, struct err *err)
{
	struct resolver r = {.set = s, .fetcher = f, .config = c, .tmp = tmp, .report = report};
	struct slice manifest;
	bool platform;
	int e = look_up(&r, name, spec, &manifest, &platform, err);
	if (e == 1)
		e = err_set(err, -ENOENT, "%.*s@%.*s is not made for " OS " on " CPU, SLICE_FMT(name), SLICE_FMT(spec));
	if (e == 0) {
		const char *alias = arena_str(s->arena, name);
		struct package *p = alias ? set_add(s, NULL, alias) : NULL;
		e = p ? fill(&r, p, name, manifest, platform, err) : err_set(err, -ENOMEM, "out of memory");
		if (e == 0 && (e = package_read_deps(p, manifest, s->arena)) < 0)
			err_set(err, e, "the registry's document of %s is malformed", p->name);
	}
	close_documents(&r);
	return e;
}

int resolve_dependencies(struct set *s, struct fetcher *f, const struct npmrc *c, int tmp, const struct fetch *report, struct err *err)
{
	struct resolver r = {.set = s, .fetcher = f, .config = c, .tmp = tmp, .report = report};
	int e = 0;
	for (struct package *p = s->first; p && e == 0; p = p->next)
		for (struct dep *d = p->deps; d && e == 0; d = d->next)
			e = add_dep(&r, p, d, err);
	close_documents(&r);
	return e;
}

bool set_write(const struct set *s, bool addresses, struct buf *out)
{
	for (const struct package *p = s->first; p; p = p->next)
		buf_fmt(out, "%s\t%s\t%s\t%s\t%s\t%s\t%d\n", p->folder, p->alias, p->name, p->version, p->integrity,
		        addresses ? p->tarball : "", p->platform);
	return buf_error(out) == 0;
}

bool set_read(struct set *s, struct slice text)
{
	for (struct slice line; slice_split(&text, '\n', &line);) {
		struct slice f[7], rest = line;
		size_t n = 0;
		if (!line.n)
			continue;
		while (n < ARRAY_LEN(f) && slice_split(&rest, '\t', &f[n]))
			n++;
		struct package *p =
		        n == ARRAY_LEN(f) && s->count < PACKAGES_MAX && package_name_valid(f[1]) ? arena_alloc(s->arena, sizeof(*p)) : NULL;
		struct semver v;
		if (!p || !package_name_valid(f[2]) || !semver_parse(f[3], &v) || !slice_starts(f[0], SLICE("node_modules/")) ||
		        slice_find(f[0], SLICE(".."), 0) != SLICE_NPOS)
			return false;
		p->folder = arena_str(s->arena, f[0]);
		p->alias = arena_str(s->arena, f[1]);
		p->name = arena_str(s->arena, f[2]);
		p->version = arena_str(s->arena, f[3]);
		p->integrity = arena_str(s->arena, f[4]);
		p->tarball = arena_str(s->arena, f[5]);
		p->platform = slice_is(f[6], "1");
		if (!p->folder || !p->alias || !p->name || !p->version || !p->integrity || !p->tarball)
			return false;
		if (s->last)
			s->last->next = p;
		else
			s->first = p;
		s->last = p;
		s->count++;
	}
	return s->count > 0;
}
