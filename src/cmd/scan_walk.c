#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/arena.h"
#include "cmd/scan.h"
#include "sys/path.h"

#define NAMES_MAX   ((size_t)64 << 20) /* of the folders that are open at once, together */
#define OPEN_FLAGS  (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW)
#define PATH_LENGTH ((size_t)64 * 1024)

struct names {
	struct arena arena;
	const char **name;
	size_t n, max;
};

static void names_free(struct names *l)
{
	arena_free(&l->arena);
	free(l->name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int list(int fd, struct names *l)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;
	int r = d ? 0 : -errno;
	if (!d)
		(void)close(fd);
	while (r == 0 && (r = path_next(d, &e)) > 0) {
		r = 0;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (l->n == l->max) {
			size_t more = l->max ? 2 * l->max : 64;
			const char **larger = realloc(l->name, more * sizeof(*larger));
			if (!larger) {
				r = -ENOMEM;
				break;
			}
			l->name = larger;
			l->max = more;
		}
		l->name[l->n] = arena_str(&l->arena, slice_str(e->d_name));
		r = l->name[l->n] ? 0 : -ENOMEM;
		l->n += r == 0;
	}
	if (d)
		(void)closedir(d);
	if (r == 0 && l->n)
		qsort(l->name, l->n, sizeof(*l->name), by_name);
	return r;
}

/* Does a link lead to a file or folder that is met in this walk anyway? */
static bool leads_inside(int root, struct slice below)
{
	char path[4096];
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	if (snprintf(path, sizeof(path), "%.*s", SLICE_FMT(below)) >= (int)sizeof(path))
		return false;
	_cleanup_fd_ int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	return fd >= 0;
}

struct at {
	struct scan_walk *w;
	int root;
	size_t root_n; /* bytes of `path` before what is below it */
	size_t names;  /* bytes of the names of the folders above */
	struct buf path;
};

static int folder(struct at *a, int fd, unsigned depth);

static int entry(struct at *a, int dir, const char *name, unsigned depth)
{
	struct scan_walk *w = a->w;
	struct stat st;
	if (w->entries++ >= SCAN_ENTRIES_MAX)
		return -E2BIG;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return w->file(w->arg, buf_str(&a->path), -1, -errno);
	if (S_ISLNK(st.st_mode))
		return leads_inside(a->root, slice_from(buf_slice(&a->path), a->root_n)) ? 0
		                                                                         : w->file(w->arg, buf_str(&a->path), -1, -ELOOP);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return 0;
	_cleanup_fd_ int fd = openat(dir, name, OPEN_FLAGS);
	if (fd < 0)
		return w->file(w->arg, buf_str(&a->path), -1, -errno);
	return S_ISDIR(st.st_mode) ? folder(a, TAKE_FD(fd), depth + 1) : w->file(w->arg, buf_str(&a->path), fd, 0);
}

/* Takes fd. */
static int folder(struct at *a, int fd, unsigned depth)
{
	__attribute__((cleanup(names_free))) struct names l = {.arena = ARENA(NAMES_MAX - a->names)};
	size_t n = a->path.n;
	_cleanup_fd_ int dir = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	int r = dir < 0 ? -errno : depth > SCAN_FOLDERS_MAX ? -ENAMETOOLONG : 0;
	if (r < 0)
		(void)close(fd);
	else
		r = list(fd, &l);
	if (r < 0)
		return a->w->file(a->w->arg, buf_str(&a->path), -1, r);
	a->names += l.arena.used;
	for (size_t i = 0; i < l.n && r == 0; i++) {
		buf_fmt(&a->path, "%s%s", n && a->path.p[n - 1] == '/' ? "" : "/", l.name[i]);
		r = buf_error(&a->path) ? -ENAMETOOLONG : entry(a, dir, l.name[i], depth);
		a->path.n = n;
		a->path.p[n] = 0;
	}
	a->names -= l.arena.used;
	return r;
}

int scan_walk(struct scan_walk *w, const char *path, struct err *err)
{
	struct stat st;
	/* What a person names is followed. */
	_cleanup_fd_ int fd = open(path, OPEN_FLAGS & ~O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, -errno, "%s", path);
	if (S_ISREG(st.st_mode))
		return w->file(w->arg, path, fd, 0);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, -EINVAL, "%s is neither a file nor a folder", path);
	struct at a = {.w = w, .root = fd, .path = BUF(PATH_LENGTH)};
	buf_str_add(&a.path, path);
	a.root_n = a.path.n + (a.path.n && a.path.p[a.path.n - 1] != '/');
	int again = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	int r = again < 0 ? -errno : folder(&a, again, 0);
	buf_free(&a.path);
	if (r == -E2BIG)
		return err_set(err, r, "%s: more than %u files and folders", path, SCAN_ENTRIES_MAX);
	return r < 0 && !(err && err->code) ? err_sys(err, r, "%s", path) : r;
}
