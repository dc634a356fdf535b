#include "obtain/entry.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parse/jscan.h"
#include "sys/path.h"

#define MANIFEST_MAX (8u << 20)
#define WALK_DEPTH   16
#define WALK_MAX     20000

/* What the first bytes of a file say. */
enum program { PROGRAM_NONE, PROGRAM_NODE, PROGRAM_NATIVE };

static bool read_at(int fd, uint64_t offset, void *to, size_t n)
{
	return offset <= INT64_MAX && pread(fd, to, n, (off_t)offset) == (ssize_t)n;
}

/* An executable for this machine whose interpreter, if it wants one, is here; not a shared library. */
static bool elf_runs(int fd)
{
	Elf64_Ehdr h;
#if defined __aarch64__
	const uint16_t mine = EM_AARCH64;
#else
	const uint16_t mine = EM_X86_64;
#endif
	if (!read_at(fd, 0, &h, sizeof(h)) || memcmp(h.e_ident, ELFMAG, SELFMAG) != 0 || h.e_ident[EI_CLASS] != ELFCLASS64 ||
	        h.e_machine != mine || (h.e_type != ET_EXEC && h.e_type != ET_DYN) || h.e_phnum > 256 ||
	        h.e_phentsize != sizeof(Elf64_Phdr))
		return false;
	for (unsigned i = 0; i < h.e_phnum; i++) {
		Elf64_Phdr p;
		char path[256] = "";
		if (!read_at(fd, h.e_phoff + i * sizeof(p), &p, sizeof(p)))
			return false;
		if (p.p_type != PT_INTERP)
			continue;
		return p.p_filesz && p.p_filesz < sizeof(path) && read_at(fd, p.p_offset, path, p.p_filesz) && access(path, F_OK) == 0;
	}
	return h.e_type == ET_EXEC || h.e_entry != 0;
}

static enum program program_at(int root, const char *path)
{
	_cleanup_fd_ int fd = path_open(root, path, O_RDONLY | O_NONBLOCK, 0);
	struct stat st;
	char head[128] = "";
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return PROGRAM_NONE;
	if (elf_runs(fd))
		return PROGRAM_NATIVE;
	ssize_t n = pread(fd, head, sizeof(head), 0);
	struct slice s = slice_of(head, n > 0 ? (size_t)n : 0), line = slice_sub(s, 0, slice_chr(s, '\n', 0)), name = slice_str(path);
	if (slice_starts(line, SLICE("#!")))
		return slice_find(line, SLICE("node"), 0) != SLICE_NPOS ? PROGRAM_NODE : PROGRAM_NONE;
	bool js = slice_ends(name, SLICE(".js")) || slice_ends(name, SLICE(".mjs")) || slice_ends(name, SLICE(".cjs"));
	return js ? PROGRAM_NODE : PROGRAM_NONE;
}

static int read_manifest(int root, const struct package *p, struct arena *a, struct buf *text, struct slice *value)
{
	const char *path = arena_fmt(a, "%s/package.json", p->folder);
	if (!path)
		return -ENOMEM;
	int r = path_read(root, path, text);
	struct slice s = buf_slice(text);
	if (slice_starts(s, SLICE("\xef\xbb\xbf")))
		s = slice_from(s, 3);
	if (r == 0 && (!jscan_root(s, value) || !jscan_is(*value, '{')))
		r = -EBADMSG;
	return r;
}

/* Below the package's folder, in plain form; NULL if it leads out. */
static const char *inside(struct arena *a, const struct package *p, const char *path)
{
	_cleanup_buf_ struct buf b = BUF(4096);
	struct slice rest = slice_str(path), part;
	buf_str_add(&b, p->folder);
	while (slice_split(&rest, '/', &part)) {
		if (!part.n || slice_is(part, "."))
			continue;
		if (slice_is(part, ".."))
			return NULL;
		buf_u8(&b, '/');
		buf_add(&b, part);
	}
	return buf_error(&b) ? NULL : arena_str(a, buf_slice(&b));
}

/* The program that "bin" names: the one called as the package is, else the first. *command is its name. Each gets mode 0755. */
static const char *choose_bin(int root, const struct package *p, struct slice manifest, struct arena *a, const char **command)
{
	struct slice bin = {0}, own = slice_base(slice_str(p->name));
	const char *path = NULL;
	if (!jscan_get(manifest, SLICE("bin"), &bin))
		return NULL;
	if (jscan_is(bin, '"')) {
		*command = arena_str(a, own);
		path = jscan_str(bin, a);
		return path ? inside(a, p, path) : NULL;
	}
	for (struct jscan_iter i = jscan_iter(bin); i.object && jscan_next(&i);) {
		const char *name = jscan_str(i.key, a), *raw = jscan_str(i.value, a), *to = raw ? inside(a, p, raw) : NULL;
		if (!name || !to)
			continue;
		_cleanup_fd_ int fd = path_open(root, to, O_RDONLY | O_NONBLOCK, 0);
		struct stat st;
		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0777) != 0755)
			(void)fchmod(fd, 0755);
		if (!path || slice_is(own, name)) {
			path = to;
			*command = name;
		}
	}
	return path;
}

static bool has_install_script(struct slice manifest)
{
	static const struct slice names[] = {SLICE("preinstall"), SLICE("install"), SLICE("postinstall")};
	struct slice scripts = {0}, v = {0};
	if (!jscan_get(manifest, SLICE("scripts"), &scripts))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (jscan_get(scripts, names[i], &v) && jscan_is(v, '"') && v.n > 2)
			return true;
	return false;
}

/* The executable called `command` (or command.exe) below a folder; links are not followed. */
static const char *find_program(int root, const char *folder, const char *command, unsigned depth, unsigned *seen, struct arena *a)
{
	int fd = path_open(root, folder, O_RDONLY | O_DIRECTORY, 0);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const char *found = NULL;
	if (!d) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	for (struct dirent *e; !found && (e = readdir(d)) && ++*seen < WALK_MAX;) {
		if (e->d_name[0] == '.' || strcmp(e->d_name, "node_modules") == 0)
			continue;
		struct slice name = slice_str(e->d_name);
		if (slice_ends(name, SLICE(".exe")))
			name.n -= 4;
		bool file = e->d_type != DT_DIR;
		if (file && !slice_is(name, command))
			continue;
		const char *path = arena_fmt(a, "%s/%s", folder, e->d_name);
		if (path && file && program_at(root, path) == PROGRAM_NATIVE)
			found = path;
		else if (path && !file && depth)
			found = find_program(root, path, command, depth - 1, seen, a);
	}
	closedir(d);
	return found;
}

/* Some processors lack what the ordinary build of a tool wants; its maker then offers one more, called "…-baseline". */
static bool plain_cpu(void)
{
#if defined __x86_64__
	return !__builtin_cpu_supports("avx2");
#else
	return false;
#endif
}

static const struct package *find_native(int root, const struct set *s, const char *command, struct arena *a, const char **path)
{
	const struct package *best = NULL;
	for (const struct package *p = s->first->next; p; p = p->next) {
		unsigned seen = 0;
		const char *at = p->platform ? find_program(root, p->folder, command, WALK_DEPTH, &seen, a) : NULL;
		if (!at)
			continue;
		bool base = slice_find(slice_str(p->name), SLICE("-baseline"), 0) != SLICE_NPOS;
		if (!best || base == plain_cpu()) {
			best = p;
			*path = at;
			if (base == plain_cpu())
				break;
		}
	}
	return best;
}

int entry_choose(int root, const struct set *s, struct artefact *out, const struct package **native, struct err *err)
{
	const struct package *main = s->first;
	const char *bin = NULL, *command = NULL, *path = NULL;
	*native = NULL;
	for (const struct package *p = main; p; p = p->next) {
		_cleanup_buf_ struct buf text = BUF(MANIFEST_MAX);
		struct slice manifest;
		int r = read_manifest(root, p, s->arena, &text, &manifest);
		if (r < 0 && p == main)
			return err_set(err, -EBADMSG, "%s@%s has no package.json that can be read", p->name, p->version);
		if (r < 0)
			continue;
		out->install_scripts = out->install_scripts || has_install_script(manifest);
		const char *name = NULL, *to = choose_bin(root, p, manifest, s->arena, &name);
		if (p == main) {
			bin = to;
			command = name;
		}
	}
	if (!bin || !command)
		return err_set(err, -ENOENT, "%s@%s has no program (package.json names none in \"bin\")", main->name, main->version);
	enum program kind = program_at(root, bin);
	const struct package *p = kind == PROGRAM_NATIVE ? NULL : find_native(root, s, command, s->arena, &path);
	if (kind == PROGRAM_NONE && !p)
		return err_set(err, -ENOENT,
		        "%s@%s: %s is no program for this machine, and no platform package with \"%s\" in it was found", main->name,
		        main->version, bin, command);
	out->entry = kind == PROGRAM_NONE ? path : bin;
	out->entry_native = kind != PROGRAM_NODE;
	if (p) {
		_cleanup_fd_ int fd = path_open(root, path, O_RDONLY, 0);
		if (fd < 0 || fchmod(fd, 0755) < 0)
			return err_sys(err, fd < 0 ? fd : -errno, "making %s executable", path);
		out->native_name = p->name;
		out->native_version = p->version;
		*native = p;
	}
	return 0;
}
