/* What the registry says of a version and of the one before it. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "obtain/cache.h"
#include "obtain/facts.h"
#include "obtain/fetch.h"
#include "parse/semver.h"
#include "parse/jscan.h"
#include "sys/path.h"

#define DOCUMENT_MAX ((size_t)128 << 20)

static const char *text_of(struct slice object, const char *key, struct arena *arena)
{
	struct slice v;
	const char *s = jscan_get(object, slice_str(key), &v) ? jscan_str(v, arena) : NULL;
	return s ? arena_str(arena, slice_sub(slice_str(s), 0, FACTS_TEXT)) : NULL;
}

static const char *publisher_of(struct slice manifest, struct arena *arena)
{
	struct slice user;
	return jscan_get(manifest, SLICE("_npmUser"), &user) ? text_of(user, "name", arena) : NULL;
}

static const char *attestation_of(struct slice manifest, struct arena *arena)
{
	struct slice dist, all, provenance;
	if (!jscan_get(manifest, SLICE("dist"), &dist) || !jscan_get(dist, SLICE("attestations"), &all))
		return NULL;
	const char *type = jscan_get(all, SLICE("provenance"), &provenance) ? text_of(provenance, "predicateType", arena) : NULL;
	return type ? type : "of no known type";
}

/* The highest version below, by precedence. */
static bool find_before(struct slice versions, const struct semver *now, struct slice *key, struct slice *manifest)
{
	struct semver best = {0}, v;
	bool found = false;
	for (struct jscan_iter i = jscan_iter(versions); jscan_next(&i);) {
		struct slice name = i.object && i.key.n >= 2 ? slice_sub(i.key, 1, i.key.n - 2) : SLICE_NONE;
		if (!semver_parse(name, &v) || semver_cmp(&v, now) >= 0 || (v.pre.n && !now->pre.n) ||
		        (found && semver_cmp(&v, &best) <= 0))
			continue;
		best = v;
		*key = name;
		*manifest = i.value;
		found = true;
	}
	return found;
}

bool facts_registry_read(struct slice document, const char *version, struct arena *arena, struct facts_registry *out)
{
	struct slice root, versions, manifest, v, list;
	struct semver now;
	if (!jscan_root(document, &root) || !jscan_get(root, SLICE("versions"), &versions) ||
	        !jscan_get(versions, slice_str(version), &manifest) || !semver_parse(slice_str(version), &now))
		return false;
	struct facts_registry r = {
	        .asked = true, .publisher = publisher_of(manifest, arena), .attestation = attestation_of(manifest, arena)};
	r.published = jscan_get(root, SLICE("time"), &v) ? text_of(v, version, arena) : NULL;
	if (jscan_get(manifest, SLICE("repository"), &v))
		r.repository = jscan_is(v, '{') ? text_of(v, "url", arena) : jscan_str(v, arena);
	if (jscan_get(manifest, SLICE("dist"), &v) && jscan_get(v, SLICE("signatures"), &list))
		for (struct jscan_iter i = jscan_iter(list); jscan_next(&i);)
			if (r.signatures++ == 0)
				r.signature_key = text_of(i.value, "keyid", arena);
	r.bare = !r.publisher && !r.attestation && r.signatures == 0;
	struct slice key, before;
	if (find_before(versions, &now, &key, &before)) {
		r.before = arena_str(arena, key);
		r.before_publisher = publisher_of(before, arena);
		r.before_attestation = attestation_of(before, arena);
	}
	*out = r;
	return true;
}

static int fetch_document(const struct artefact *a, const struct obtain_options *o, const struct cache *cache, struct arena *arena,
        struct buf *out, struct err *err)
{
	struct npmrc config = {0};
	struct fetcher *fetcher = NULL;
	struct slice name = slice_str(a->name);
	size_t slash = slice_chr(name, '/', 0);
	int r = npmrc_load(&config, arena);
	const char *registry = r == 0 ? npmrc_registry(&config, name) : NULL;
	if (!registry)
		return err_set(err, -ENOMEM, "out of memory");
	struct fetch what = {.accept = "application/json", .what = a->name, .max = DOCUMENT_MAX, .progress = o->progress, .arg = o->arg};
	what.url = slash == SLICE_NPOS ? arena_fmt(arena, "%s%s", registry, a->name)
	                               : arena_fmt(arena, "%s%.*s%%2f%s", registry, (int)slash, a->name, a->name + slash + 1);
	_cleanup_fd_ int fd = cache_temporary(cache);
	if (fd < 0 || !what.url)
		return err_sys(err, fd < 0 ? fd : -ENOMEM, "making a temporary file in the cache");
	r = fetcher_new(&config, &fetcher, err);
	r = r < 0 ? r : fetch_file(fetcher, &what, fd, NULL, NULL, err);
	fetcher_free(fetcher);
	if (r < 0)
		return r;
	r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : path_read_fd(fd, out);
	return r < 0 ? err_sys(err, r, "reading the registry's document") : 0;
}

int facts_ask(const struct artefact *a, const struct obtain_options *o, struct arena *arena, struct facts *out, struct err *err)
{
	_cleanup_buf_ struct buf document = BUF(DOCUMENT_MAX);
	struct cache cache;
	struct err why = {0};
	if (a->kind != SUBJECT_NPM) {
		out->registry.why = "it was given as a file, not by its name in the registry";
		return 0;
	}
	int r = cache_open(o->cache, arena, &cache, &why);
	if (r == 0) {
		r = fetch_document(a, o, &cache, arena, &document, &why);
		cache_close(&cache);
	}
	if (r == 0 && !facts_registry_read(buf_slice(&document), a->version, arena, &out->registry)) {
		r = -EBADMSG;
		(void)err_set(&why, r, "its document does not have this version");
	}
	if (r == -ENOMEM)
		return err_set(err, r, "%s", why.text);
	if (r < 0)
		out->registry.why = arena_fmt(arena, "the registry gave no answer: %s", why.text);
	return out->registry.asked || out->registry.why ? 0 : err_set(err, -ENOMEM, "no memory for the facts");
}
