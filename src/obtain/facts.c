#include "obtain/facts.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "parse/jscan.h"
#include "sys/path.h"

#define DEPTH_MAX    64
#define ENTRIES_MAX  200000
#define MANIFEST_MAX ((size_t)1 << 20)

/* Run by npm without being asked, when a package from the registry is installed. */
static const struct slice lifecycle[] = {SLICE_INIT("preinstall"), SLICE_INIT("install"), SLICE_INIT("postinstall")};

struct reading {
	struct facts *f;
	struct arena *arena;
	const struct artefact *a;
	int root;
	struct facts_script *scripts;
	const char **sboms, **bundled, **natives;
	size_t entries;
};

static const char *kept(struct reading *r, const char *s)
{
	return s ? arena_str(r->arena, slice_sub(slice_str(s), 0, FACTS_TEXT)) : NULL;
}

static int list_add(struct reading *r, const char **list, size_t *n, size_t *all, const char *path)
{
	++*all;
	if (*n == FACTS_LIST)
		return 0;
	list[*n] = kept(r, path);
	return list[(*n)++] ? 0 : -ENOMEM;
}

/* Names that tools give to bills of materials: CycloneDX, SPDX. */
static bool is_sbom(struct slice name)
{
	static const struct slice ends[] = {SLICE_INIT(".spdx"), SLICE_INIT(".spdx.json"), SLICE_INIT(".cdx.json"), SLICE_INIT(".cdx.xml"),
	        SLICE_INIT("bom.json"), SLICE_INIT("bom.xml"), SLICE_INIT(".cyclonedx.json")};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (name.n >= ends[i].n && slice_eq_nocase(slice_from(name, name.n - ends[i].n), ends[i]))
			return true;
	return false;
}

static bool is_licence(struct slice name)
{
	return (name.n >= 7 && (slice_eq_nocase(slice_sub(name, 0, 7), SLICE("licence")) ||
	                               slice_eq_nocase(slice_sub(name, 0, 7), SLICE("license")))) ||
	       (name.n >= 7 && slice_eq_nocase(slice_sub(name, 0, 7), SLICE("copying")));
}

/* Was the package of this folder (below the root) fetched for itself? packages: "name@version sha512-…", by folder it is the last part. */
static bool fetched(const struct artefact *a, struct slice name, struct slice version)
{
	for (const char *const *p = a->packages; p && *p; p++) {
		struct slice one = slice_sub(slice_str(*p), 0, slice_chr(slice_str(*p), ' ', 0));
		if (one.n == name.n + 1 + version.n && slice_starts(one, name) && one.p[name.n] == '@' && slice_ends(one, version))
			return true;
	}
	return false;
}

static int add_script(struct reading *r, const char *package, struct slice name, const char *command)
{
	r->f->all_scripts++;
	if (r->f->n_scripts == FACTS_LIST)
		return 0;
	struct facts_script *s = &r->scripts[r->f->n_scripts++];
	*s = (struct facts_script){.package = kept(r, package), .name = arena_str(r->arena, name), .command = kept(r, command)};
	return s->package && s->name && s->command ? 0 : -ENOMEM;
}

/* folder: of the package. Where there is a binding.gyp and neither script, npm builds it. */
static int read_scripts(struct reading *r, struct slice manifest, const char *package, const char *folder)
{
	struct slice scripts = SLICE_NONE, v;
	bool builds = true;
	int e = 0;
	bool any = jscan_get(manifest, SLICE("scripts"), &scripts);
	for (size_t i = 0; any && i < ARRAY_LEN(lifecycle) && e == 0; i++) {
		const char *command = jscan_get(scripts, lifecycle[i], &v) ? jscan_str(v, r->arena) : NULL;
		if (!command || !*command)
			continue;
		builds = builds && i == ARRAY_LEN(lifecycle) - 1;
		e = add_script(r, package, lifecycle[i], command);
	}
	const char *gyp = arena_fmt(r->arena, "%s/binding.gyp", folder);
	struct stat st;
	if (e == 0 && builds && gyp && fstatat(r->root, gyp, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
		e = add_script(r, package, SLICE("install"), "node-gyp rebuild (because there is a binding.gyp)");
	return e;
}

static size_t count_members(struct slice manifest, const char *key)
{
	struct slice v;
	size_t n = 0;
	if (jscan_get(manifest, slice_str(key), &v))
		for (struct jscan_iter i = jscan_iter(v); jscan_next(&i);)
			n += i.object;
	return n;
}

/* path: of a package.json below the root. */
static int read_manifest(struct reading *r, const char *path, bool main)
{
	_cleanup_buf_ struct buf text = BUF(MANIFEST_MAX);
	struct slice manifest, v;
	if (path_read(r->root, path, &text) < 0 || !jscan_root(buf_slice(&text), &manifest) || !jscan_is(manifest, '{'))
		return 0;
	const char *name = jscan_get(manifest, SLICE("name"), &v) ? jscan_str(v, r->arena) : NULL;
	const char *version = jscan_get(manifest, SLICE("version"), &v) ? jscan_str(v, r->arena) : NULL;
	if (!name || !version)
		return 0; /* a marker like {"type": "module"} */
	if (main) {
		r->f->licence = jscan_get(manifest, SLICE("license"), &v) ? kept(r, jscan_str(v, r->arena)) : NULL;
		r->f->declared = count_members(manifest, "dependencies") + count_members(manifest, "optionalDependencies");
	}
	const char *both = arena_fmt(r->arena, "%.200s@%.80s", name, version);
	if (!both)
		return -ENOMEM;
	if (!fetched(r->a, slice_str(name), slice_str(version)))
		return list_add(r, r->bundled, &r->f->n_bundled, &r->f->all_bundled, both);
	const char *folder = arena_str(r->arena, slice_sub(slice_str(path), 0, strlen(path) - strlen("/package.json")));
	return folder ? read_scripts(r, manifest, both, folder) : -ENOMEM;
}

static int read_file(struct reading *r, int dir, const char *name, const char *path, bool main)
{
	uint8_t head[SELFMAG];
	struct stat st;
	struct slice s = slice_str(name);
	_cleanup_fd_ int fd = path_open(dir, name, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	r->f->files++;
	r->f->bytes += (uint64_t)st.st_size;
	int e = 0;
	if (pread(fd, head, SELFMAG, 0) == SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0)
		e = list_add(r, r->natives, &r->f->n_natives, &r->f->all_natives, path);
	if (e == 0 && is_sbom(s))
		e = list_add(r, r->sboms, &r->f->n_sboms, &r->f->all_sboms, path);
	if (main && is_licence(s))
		r->f->licence_file = true;
	if (e == 0 && slice_is(s, "package.json"))
		e = read_manifest(r, path, main);
	return e;
}

/* path: of the folder below the root, "" for the root. */
static int walk(struct reading *r, int parent, const char *name, const char *path, unsigned depth)
{
	int fd = path_open(parent, name, O_RDONLY | O_DIRECTORY, 0);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e = NULL;
	int result = 0;
	if (!d) {
		if (fd >= 0)
			close(fd);
		r->f->cut = true;
		return 0;
	}
	size_t main_n = strlen("node_modules/") + strlen(r->a->name);
	bool main = strlen(path) == main_n && slice_ends(slice_str(path), slice_str(r->a->name));
	while (result == 0 && path_next(d, &e) == 1) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (++r->entries > ENTRIES_MAX || depth > DEPTH_MAX) {
			r->f->cut = true;
			break;
		}
		const char *below = arena_fmt(r->arena, "%s%s%s", path, *path ? "/" : "", e->d_name);
		struct stat st;
		if (!below)
			result = -ENOMEM;
		else if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			r->f->cut = true;
		else if (S_ISDIR(st.st_mode))
			result = walk(r, dirfd(d), e->d_name, below, depth + 1);
		else if (S_ISREG(st.st_mode))
			result = read_file(r, dirfd(d), e->d_name, below, main);
	}
	closedir(d);
	return result;
}

static void digest_file(int root, const char *path, char out[65])
{
	_cleanup_fd_ int fd = path_open(root, path, O_RDONLY | O_NONBLOCK, 0);
	struct digest_stream *d = NULL;
	uint8_t bytes[65536], sum[DIGEST_MAX];
	ssize_t n = 0;
	if (fd < 0 || digest_stream_new(DIGEST_SHA256, &d) < 0)
		return;
	int r = 0;
	while (r == 0 && (n = read(fd, bytes, sizeof(bytes))) > 0)
		r = digest_stream_add(d, slice_of(bytes, (size_t)n));
	if (r < 0 || n < 0) {
		digest_stream_free(d);
		return;
	}
	if (digest_stream_end(d, sum) < 0)
		return;
	_cleanup_buf_ struct buf hex = BUF(128);
	encode_hex(&hex, slice_of(sum, 32));
	memcpy(out, buf_str(&hex), 65);
}

int facts_read(const struct artefact *a, struct arena *arena, struct facts *out, struct err *err)
{
	struct facts f = {.kind = a->kind,
	        .integrity = a->integrity,
	        .integrity_of_registry = a->kind == SUBJECT_NPM,
	        .native_name = a->native_name,
	        .native_version = a->native_version,
	        .entry = a->entry,
	        .registry = {.why = "it was not asked"}};
	struct reading r = {.f = &f,
	        .arena = arena,
	        .a = a,
	        .scripts = arena_array(arena, FACTS_LIST, sizeof(*r.scripts)),
	        .sboms = arena_array(arena, FACTS_LIST, sizeof(*r.sboms)),
	        .bundled = arena_array(arena, FACTS_LIST, sizeof(*r.bundled)),
	        .natives = arena_array(arena, FACTS_LIST, sizeof(*r.natives))};
	if (!r.scripts || !r.sboms || !r.bundled || !r.natives)
		return err_set(err, -ENOMEM, "no memory to read the package");
	f.scripts = r.scripts;
	f.sboms = r.sboms;
	f.bundled = r.bundled;
	f.natives = r.natives;
	memcpy(f.sha256, a->sha256, sizeof(f.sha256));
	memcpy(f.native_sha256, a->native_sha256, sizeof(f.native_sha256));
	const char **names = arena_array(arena, FACTS_LIST, sizeof(*names));
	for (const char *const *p = a->packages; names && p && *p; p++, f.packages++) {
		struct slice one = slice_sub(slice_str(*p), 0, slice_chr(slice_str(*p), ' ', 0));
		if (f.n_names < FACTS_LIST && !(names[f.n_names++] = arena_str(arena, slice_sub(one, 0, FACTS_TEXT))))
			return err_set(err, -ENOMEM, "no memory to read the package");
	}
	f.names = names;
	_cleanup_fd_ int root = open(a->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(err, -errno, "reading the unpacked package");
	r.root = root;
	int e = walk(&r, root, ".", "", 0);
	if (e < 0)
		return err_sys(err, e, "reading the unpacked package");
	digest_file(root, a->entry, f.entry_sha256);
	*out = f;
	return 0;
}
