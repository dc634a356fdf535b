#include "obtain/obtain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "obtain/cache.h"
#include "obtain/entry.h"
#include "obtain/resolve.h"
#include "parse/semver.h"
#include "obtain/subject.h"
#include "obtain/unpack.h"
#include "parse/jscan.h"
#include "sys/path.h"

#define ARCHIVE_MAX (1ull << 30)
#define SET_MAX     (4u << 20)
#define LAYOUT      "1" /* raised when trees of older versions must not be used */

/* One call of obtain(). */
struct job {
	const struct obtain_options *o;
	struct arena *arena;
	struct cache cache;
	struct npmrc config;
	struct fetcher *fetcher; /* made when first needed */
	bool configured;
	struct set set;
	struct fetch report;
	struct err *err;
	const char *file; /* the .tgz that was named, or NULL */
};

static int network(struct job *j)
{
	int r = 0;
	if (!j->configured && (r = npmrc_load(&j->config, j->arena)) < 0)
		return err_set(j->err, r, "out of memory");
	j->configured = true;
	return j->fetcher ? 0 : fetcher_new(&j->config, &j->fetcher, j->err);
}

static const char *label(struct job *j, const struct package *p)
{
	const char *s = arena_fmt(j->arena, "%s@%s", p->name, p->version);
	return s ? s : p->name;
}

/* The archive of a package, open and verified. */
static int archive(struct job *j, const struct package *p, struct digests *d)
{
	int fd = cache_archive(&j->cache, p->integrity, d);
	if (fd != -ENOENT)
		return fd < 0 ? err_sys(j->err, fd, "reading %s from the cache", label(j, p)) : fd;
	int r = network(j);
	if (r < 0)
		return r;
	struct fetch what = j->report;
	what.url = p->tarball;
	what.what = label(j, p);
	what.max = ARCHIVE_MAX;
	_cleanup_fd_ int tmp = cache_temporary(&j->cache);
	if (tmp < 0)
		return err_sys(j->err, tmp, "making a temporary file in the cache");
	uint8_t sum[DIGEST_MAX], sha1[DIGEST_MAX];
	r = fetch_file(j->fetcher, &what, tmp, sum, sha1, j->err);
	if (r < 0)
		return r;
	bool strong = slice_starts(slice_str(p->integrity), SLICE("sha512-"));
	_cleanup_buf_ struct buf want = BUF(256);
	if (strong)
		(void)decode_base64(&want, slice_from(slice_str(p->integrity), 7));
	else
		(void)decode_hex(&want, slice_from(slice_str(p->integrity), 5));
	if (!slice_eq(buf_slice(&want), strong ? slice_of(sum, 64) : slice_of(sha1, 20)))
		return err_set(j->err, -EBADMSG,
		        "%s: the archive does not match the digest that the registry gives (%s). It was damaged or replaced; it is not "
		        "unpacked",
		        what.what, p->integrity);
	r = cache_keep(&j->cache, tmp, p->integrity);
	if (r < 0)
		return err_sys(j->err, r, "keeping %s in the cache", what.what);
	fd = cache_archive(&j->cache, p->integrity, d);
	return fd < 0 ? err_sys(j->err, fd, "reading %s back from the cache", what.what) : fd;
}

/* A fresh staging folder, locked so that nobody sweeps it away. */
static int staging(struct job *j, char name[64])
{
	static unsigned serial;
	for (unsigned i = 0; i < 16; i++) {
		snprintf(name, 64, "tree-%d-%u", (int)getpid(), serial++);
		if (mkdirat(j->cache.tmp, name, 0700) < 0)
			continue;
		int fd = openat(j->cache.tmp, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		struct stat st;
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fchmod(fd, 0755) == 0 && fstat(fd, &st) == 0 && st.st_nlink > 0)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return err_set(j->err, -EIO, "no staging folder can be made in the cache");
}

static int fill_tree(struct job *j, int root)
{
	for (struct package *p = j->set.first; p; p = p->next) {
		struct digests d;
		struct unpack_result u;
		_cleanup_fd_ int in = archive(j, p, &d);
		if (in < 0)
			return in;
		_cleanup_fd_ int folder = path_make(root, p->folder, 0755);
		if (folder < 0)
			return err_sys(j->err, folder, "making %s", p->folder);
		if (j->report.progress)
			j->report.progress(j->report.arg, label(j, p), 0, 0);
		int r = unpack(in, folder, NULL, label(j, p), &u, j->err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int describe(struct job *j, int root, struct artefact *out)
{
	const struct package *native;
	const struct package *main = j->set.first;
	struct digests d;
	int r = entry_choose(root, &j->set, out, &native, j->err);
	if (r < 0)
		return r;
	_cleanup_fd_ int fd = archive(j, main, &d);
	if (fd < 0)
		return fd;
	memcpy(out->sha256, d.sha256, sizeof(out->sha256));
	if (native) {
		_cleanup_fd_ int other = archive(j, native, &d);
		if (other < 0)
			return other;
		memcpy(out->native_sha256, d.sha256, sizeof(out->native_sha256));
	}
	const char **list = arena_array(j->arena, j->set.count + 1, sizeof(*list));
	size_t n = 0;
	for (struct package *p = j->set.first; list && p; p = p->next)
		list[n++] = arena_fmt(j->arena, "%s@%s %s", p->name, p->version, p->integrity);
	out->packages = list;
	out->name = main->name;
	out->version = main->version;
	out->integrity = main->integrity;
	out->folder = arena_fmt(j->arena, "%s/%s", out->root, main->folder);
	return list && out->folder ? 0 : err_set(j->err, -ENOMEM, "out of memory");
}

/* Unpacks the set elsewhere, writes down the digest of what came of it, and only then gives it its name. */
static int make_tree(struct job *j, int trees, const char *key)
{
	char name[64], digest[65];
	const struct package *native;
	struct artefact unused = {0};
	_cleanup_fd_ int stage = staging(j, name);
	if (stage < 0)
		return stage;
	int r = fill_tree(j, stage);
	if (r == 0) /* it sets the modes of programs */
		r = entry_choose(stage, &j->set, &unused, &native, j->err);
	if (r == 0 && (r = cache_digest_tree(stage, digest)) < 0)
		err_sys(j->err, r, "reading the unpacked package");
	if (r == 0 && (r = cache_write(&j->cache, "resolved", key, slice_of(digest, 64))) < 0)
		err_sys(j->err, r, "writing to the cache");
	if (r == 0 && renameat(j->cache.tmp, name, trees, key) < 0 && errno != EEXIST && errno != ENOTEMPTY)
		r = err_sys(j->err, -errno, "keeping the unpacked package in the cache");
	(void)path_remove(j->cache.tmp, name);
	return r;
}

/* Whether a tree is what it was when it was unpacked; else it is moved out of the way and removed. */
static bool whole(struct job *j, int trees, const char *key, int root)
{
	char digest[65], away[64];
	_cleanup_buf_ struct buf want = BUF(128);
	if (cache_read(&j->cache, "resolved", key, &want) == 0 && cache_digest_tree(root, digest) == 0 &&
	        slice_is(buf_slice(&want), digest))
		return true;
	snprintf(away, sizeof(away), "bad-%d", (int)getpid());
	if (renameat(trees, key, j->cache.tmp, away) == 0)
		(void)path_remove(j->cache.tmp, away);
	return false;
}

static int tree(struct job *j, struct artefact *out)
{
	_cleanup_buf_ struct buf text = BUF(SET_MAX);
	char key[65];
	buf_str_add(&text, LAYOUT "\n");
	if (!set_write(&j->set, false, &text))
		return err_set(j->err, -ENOMEM, "out of memory");
	digest_sha256_hex(buf_slice(&text), key);
	_cleanup_fd_ int trees = path_open(j->cache.fd, "trees", O_RDONLY | O_DIRECTORY, 0);
	out->root = arena_fmt(j->arena, "%s/trees/%s", j->cache.path, key);
	if (trees < 0 || !out->root)
		return err_set(j->err, trees < 0 ? trees : -ENOMEM, "the cache cannot be used");
	_cleanup_fd_ int root = path_open(trees, key, O_RDONLY | O_DIRECTORY, 0);
	if (root >= 0 && !whole(j, trees, key, root))
		fd_closep(&root);
	if (root < 0) {
		int r = make_tree(j, trees, key);
		if (r < 0)
			return r;
		root = path_open(trees, key, O_RDONLY | O_DIRECTORY, 0);
		if (root < 0)
			return err_sys(j->err, root, "opening the unpacked package");
	}
	return describe(j, root, out);
}

/* Names the cached resolution of an exact version; cpu and C library are those of the build. */
static void resolved_key(const struct subject *s, bool all, char key[65])
{
	_cleanup_buf_ struct buf b = BUF(4096);
	buf_fmt(&b, LAYOUT "\n%.*s@%.*s\n%s", SLICE_FMT(s->name), SLICE_FMT(s->spec), all ? "" : "alone\n");
	digest_sha256_hex(buf_slice(&b), key);
}

static bool resolved_before(struct job *j, const struct subject *s, bool all)
{
	char key[65];
	_cleanup_buf_ struct buf text = BUF(SET_MAX);
	resolved_key(s, all, key);
	if (cache_read(&j->cache, "resolved", key, &text) == 0 && set_read(&j->set, buf_slice(&text)))
		return true;
	j->set = (struct set){.arena = j->arena};
	return false;
}

/* all: with what it depends on. */
static int resolve_npm(struct job *j, const struct subject *s, bool all)
{
	struct semver v;
	bool exact = semver_parse(s->spec, &v);
	char key[65];
	_cleanup_buf_ struct buf text = BUF(SET_MAX);
	if (exact && (resolved_before(j, s, true) || (!all && resolved_before(j, s, false))))
		return 0;
	int r = network(j);
	if (r == 0)
		r = resolve_main(&j->set, j->fetcher, &j->config, j->cache.tmp, s->name, s->spec, &j->report, j->err);
	if (r == 0 && all)
		r = resolve_dependencies(&j->set, j->fetcher, &j->config, j->cache.tmp, &j->report, j->err);
	resolved_key(s, all, key);
	if (r == 0 && exact && set_write(&j->set, true, &text))
		(void)cache_write(&j->cache, "resolved", key, buf_slice(&text)); /* without it the next run asks again */
	return r;
}

/* Puts the named file into the cache under its digest, and reads from its package.json what it is and needs. */
static int resolve_tgz(struct job *j, const char *path)
{
	struct digests d;
	struct unpack_result u;
	char name[64];
	_cleanup_fd_ int in = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	_cleanup_fd_ int tmp = in < 0 ? -errno : cache_temporary(&j->cache);
	struct stat st;
	if (in < 0)
		return err_sys(j->err, tmp, "%s", path);
	if (tmp < 0 || fstat(in, &st) < 0)
		return err_sys(j->err, tmp < 0 ? tmp : -errno, "making a temporary file in the cache");
	if (!S_ISREG(st.st_mode))
		return err_set(j->err, -EINVAL, "%s is no regular file", path);
	if ((uint64_t)st.st_size > ARCHIVE_MAX)
		return err_set(j->err, -EFBIG, "%s is larger than %llu MB", path, ARCHIVE_MAX >> 20);
	for (ssize_t n = 1; n > 0;)
		if ((n = copy_file_range(in, NULL, tmp, NULL, 1u << 30, 0)) < 0)
			return err_sys(j->err, -errno, "copying %s to the cache", path);
	int r = cache_digest(tmp, false, &d);
	_cleanup_buf_ struct buf integrity = BUF(128);
	buf_str_add(&integrity, "sha512-");
	encode_base64(&integrity, slice_of(d.sha512, 64), false, true);
	if (r == 0)
		r = cache_keep(&j->cache, tmp, buf_str(&integrity));
	if (r < 0)
		return err_sys(j->err, r, "keeping %s in the cache", path);

	_cleanup_fd_ int stage = staging(j, name);
	if (stage < 0)
		return stage;
	_cleanup_buf_ struct buf text = BUF(8u << 20);
	struct slice manifest, v, w;
	r = unpack(tmp, stage, "package.json", path, &u, j->err);
	if (r == 0 && (path_read(stage, "package.json", &text) < 0 || !jscan_root(buf_slice(&text), &manifest)))
		r = err_set(j->err, -EBADMSG, "%s has no package.json that can be read: it is no npm package", path);
	(void)path_remove(j->cache.tmp, name);
	if (r < 0)
		return r;
	const char *called = jscan_get(manifest, SLICE("name"), &v) ? jscan_str(v, j->arena) : NULL;
	const char *version = jscan_get(manifest, SLICE("version"), &w) ? jscan_str(w, j->arena) : NULL;
	struct semver parsed;
	if (!called || !package_name_valid(slice_str(called)) || !version || !semver_parse(slice_str(version), &parsed))
		return err_set(j->err, -EBADMSG, "%s: its package.json has no valid name and version", path);
	struct package *p = set_add(&j->set, NULL, called);
	if (!p || !(p->integrity = arena_str(j->arena, buf_slice(&integrity))))
		return err_set(j->err, -ENOMEM, "out of memory");
	p->version = version;
	if (package_read_deps(p, manifest, j->arena) < 0)
		return err_set(j->err, -EBADMSG, "%s: the dependencies in its package.json are malformed", path);
	if (!p->deps)
		return 0;
	r = network(j);
	return r < 0 ? r : resolve_dependencies(&j->set, j->fetcher, &j->config, j->cache.tmp, &j->report, j->err);
}

static int job_begin(struct job *j, const struct obtain_options *o, struct arena *arena, struct err *err)
{
	static const struct obtain_options none;
	*j = (struct job){.o = o ? o : &none, .arena = arena, .set = {.arena = arena}, .err = err};
	j->report.progress = j->o->progress;
	j->report.arg = j->o->arg;
	return cache_open(j->o->cache, arena, &j->cache, err);
}

static void job_end(struct job *j)
{
	fetcher_free(j->fetcher);
	cache_close(&j->cache);
}

int obtain(const char *subject, const struct obtain_options *o, struct arena *arena, struct artefact *out, struct err *err)
{
	struct subject s;
	struct artefact a = {0};
	struct err scratch = {0};
	struct job j;
	if (!subject_parse(slice_str(subject), &s))
		return err_set(err, -EINVAL, "\"%s\" is neither npm:NAME@VERSION nor the path of a .tgz file", subject);
	int r = job_begin(&j, o, arena, err ? err : &scratch);
	if (r < 0)
		return r;
	a.kind = s.tgz ? SUBJECT_TGZ : SUBJECT_NPM;
	r = s.tgz ? resolve_tgz(&j, subject) : resolve_npm(&j, &s, true);
	if (r == 0)
		r = tree(&j, &a);
	job_end(&j);
	if (r == 0)
		*out = a;
	return r;
}

int obtain_archive(const char *subject, const struct obtain_options *o, struct arena *arena, struct err *err)
{
	struct subject s;
	struct err scratch = {0};
	struct digests d;
	struct job j;
	if (!subject_parse(slice_str(subject), &s) || s.tgz)
		return err_set(err, -EINVAL, "\"%s\" is not npm:NAME@VERSION", subject);
	int r = job_begin(&j, o, arena, err ? err : &scratch);
	if (r < 0)
		return r;
	r = resolve_npm(&j, &s, false);
	int fd = r < 0 ? r : archive(&j, j.set.first, &d);
	job_end(&j);
	return fd;
}
