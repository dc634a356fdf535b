#include "guard/place.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "parse/json.h"
#include "sys/path.h"

#define LEVELS_MAX   24u
#define METADATA_MAX ((size_t)1 << 20)
#define FOLDERS_MAX  4096u /* *.dist-info beside a package */
#define PATH_BYTES   4096u

struct place {
	const struct identify *id;
	struct identify_match *m;
	int root;
};

/* Below the root as the process that opened the file sees it. */
static int open_in(int root, const char *path, int flags)
{
	struct open_how how = {
	        .flags = (unsigned)(flags | O_CLOEXEC),
	        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	return fd < 0 ? -errno : fd;
}

/* A whole small file; false if there is none. */
static bool slurp(int dir, const char *name, struct buf *out)
{
	struct stat st;
	_cleanup_fd_ int fd = path_open(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 || (uint64_t)st.st_size > METADATA_MAX)
		return false;
	for (;;) {
		uint8_t *room = buf_room(out, 16384);
		ssize_t n = room ? read(fd, room, 16384) : -1;
		if (n <= 0)
			return n == 0;
		out->n += (size_t)n;
	}
}

static bool found(struct place *p, const char *package, struct slice version)
{
	const char *tool = identify_package_tool(p->id, slice_str(package));
	if (!tool)
		return false;
	p->m->by = IDENTIFY_BY_METADATA;
	p->m->tool = p->m->title = tool;
	p->m->publisher = "";
	(void)identify_tool_names(p->id, tool, &p->m->title, &p->m->publisher);
	p->m->form = IDENTIFY_FORM_SCRIPT;
	(void)snprintf(p->m->package, sizeof(p->m->package), "%s", package);
	(void)snprintf(p->m->version, sizeof(p->m->version), "%.*s", SLICE_FMT(version));
	return true;
}

/* The manifest of a package for Node, which is also that of an extension of the VS Code family. */
static bool node_package(struct place *p, int dir)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)16 << 20);
	_cleanup_buf_ struct buf text = BUF(METADATA_MAX);
	struct json *doc = NULL;
	if (!slurp(dir, "package.json", &text) ||
	        json_parse(buf_slice(&text), &(struct json_limits){.depth = 64, .nodes = 100000}, &arena, &doc, NULL) != JSON_OK)
		return false;
	const struct json *name = json_get(doc, "name"), *publisher = json_get(doc, "publisher"), *version = json_get(doc, "version");
	if (!name || name->type != JSON_STRING)
		return false;
	struct slice n = json_text(name, &arena), v = version && version->type == JSON_STRING ? json_text(version, &arena) : SLICE_NONE;
	const char *package = arena_fmt(&arena, "npm:%.*s", SLICE_FMT(n));
	if (package && found(p, package, v))
		return true;
	if (!publisher || publisher->type != JSON_STRING)
		return false;
	struct slice by = json_text(publisher, &arena);
	char *extension = arena_fmt(&arena, "vscode:%.*s.%.*s", SLICE_FMT(by), SLICE_FMT(n));
	for (char *c = extension; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return extension && found(p, extension, v);
}

/* Does the list of a distribution's files name this top folder or module? */
static bool lists(int info, const char *top)
{
	_cleanup_buf_ struct buf text = BUF(METADATA_MAX);
	struct slice rest, line;
	size_t n = strlen(top);
	if (!slurp(info, "RECORD", &text))
		return false;
	rest = buf_slice(&text);
	while (slice_split(&rest, '\n', &line))
		if (line.n > n && memcmp(line.p, top, n) == 0 && (line.p[n] == '/' || line.p[n] == '.' || line.p[n] == ','))
			return true;
	return false;
}

static bool distribution(struct place *p, int dir, const char *folder, const char *top)
{
	char package[160];
	size_t n = strlen(folder), name;
	if (n < 11 || strcmp(folder + n - 10, ".dist-info") != 0)
		return false;
	name = strcspn(folder, "-");
	if (name == 0 || name > 100 || name >= n - 10)
		return false;
	/* As PyPI writes names: https://packaging.python.org/en/latest/specifications/name-normalization/ */
	(void)snprintf(package, sizeof(package), "pypi:%.*s", (int)name, folder);
	for (char *c = package + 5; *c; c++)
		*c = *c == '_' || *c == '.' ? '-' : (char)tolower((unsigned char)*c);
	if (!identify_package_tool(p->id, slice_str(package)))
		return false;
	_cleanup_fd_ int info = path_open(dir, folder, O_PATH | O_DIRECTORY, 0);
	return info >= 0 && lists(info, top) && found(p, package, slice_of(folder + name + 1, n - 11 - name));
}

/* path: of the file; at: where the name of the folder of packages ends in it. */
static bool python_package(struct place *p, const char *path, size_t at)
{
	char folder[PATH_BYTES], top[256];
	const char *rest = path + at + 1;
	size_t n = strcspn(rest, "/");
	if (n == 0 || n >= sizeof(top))
		return false;
	(void)snprintf(folder, sizeof(folder), "%.*s", (int)at, path);
	(void)snprintf(top, sizeof(top), "%.*s", (int)n, rest);
	if (n > 3 && strcmp(top + n - 3, ".py") == 0)
		top[n - 3] = 0;
	int fd = open_in(p->root, folder, O_RDONLY | O_DIRECTORY);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		fd_closep(&fd);
		return false;
	}
	struct dirent *e;
	bool is = false;
	for (unsigned i = 0; i < FOLDERS_MAX && !is && path_next(d, &e) > 0; i++)
		is = distribution(p, dirfd(d), e->d_name, top);
	(void)closedir(d);
	return is;
}

static bool is_there(int dir, const char *name, int fd)
{
	struct stat there, here;
	return fstatat(dir, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &here) == 0 && there.st_dev == here.st_dev &&
	       there.st_ino == here.st_ino;
}

/* The folder is that of a package among others: what is above it is another's. */
static bool is_border(const char *folder)
{
	const char *last = strrchr(folder, '/');
	if (!last)
		return false;
	size_t n = (size_t)(last - folder);
	static const char modules[] = "/node_modules";
	const size_t m = sizeof(modules) - 1;
	if (n >= m && memcmp(folder + n - m, modules, m) == 0)
		return true;
	/* @scope/name */
	const char *scope = n ? memrchr(folder, '/', n) : NULL;
	size_t s = scope ? (size_t)(scope - folder) : 0;
	return scope && scope[1] == '@' && s >= m && memcmp(folder + s - m, modules, m) == 0;
}

int place_match(const struct identify *id, int root, const char *path, int fd, struct identify_match *m)
{
	struct place p = {.id = id, .m = m, .root = root};
	char folder[PATH_BYTES];
	*m = (struct identify_match){0};
	const char *name = strrchr(path, '/');
	if (path[0] != '/' || !name || strlen(path) >= sizeof(folder))
		return 0;
	(void)snprintf(folder, sizeof(folder), "%s", path);
	folder[name - path] = 0;
	bool first = true;
	for (unsigned level = 0; level < LEVELS_MAX && folder[0]; level++) {
		_cleanup_fd_ int dir = open_in(root, folder, O_PATH | O_DIRECTORY);
		if (dir < 0 || (first && !is_there(dir, name + 1, fd)))
			return 0;
		first = false;
		if (node_package(&p, dir) || is_border(folder))
			return 0;
		char *slash = strrchr(folder, '/');
		if (strcmp(slash, "/site-packages") == 0 || strcmp(slash, "/dist-packages") == 0) {
			(void)python_package(&p, path, strlen(folder));
			return 0;
		}
		*slash = 0;
	}
	return 0;
}
