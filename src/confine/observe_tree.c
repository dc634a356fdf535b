/* What a tool left behind in the tree of its trial. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "confine/observe_part.h"
#include "sys/fd.h"

/* A tool can make 200,000 files, and a hostile one makes them all. */
#define RECORDS_MAX  1024
#define DEPTH_MAX    24
#define CONTENT_MAX  ((off_t)4 << 20)
#define CONTENTS_MAX ((uint64_t)64 << 20)
#define SECONDS_MAX  3.0

struct tree_walk {
	int socket;
	const struct trial_observe *spec;
	struct timespec start;
	dev_t device;
	unsigned records;
	uint64_t lost, contents;
	double until;
	bool stopped;
};

struct level {
	struct tree_walk *w;
	int fd;
	unsigned depth;
	size_t n;
	char *path;
};

static bool since(const struct timespec *t, const struct timespec *start)
{
	return t->tv_sec > start->tv_sec || (t->tv_sec == start->tv_sec && t->tv_nsec >= start->tv_nsec);
}

static uint64_t needles(struct tree_walk *w, int dir, const char *name, off_t size)
{
	uint64_t found = 0;
	size_t n = (size_t)(size < CONTENT_MAX ? size : CONTENT_MAX);
	if (size <= 0 || w->spec->n_needles == 0 || w->contents + n > CONTENTS_MAX)
		return 0;
	_cleanup_fd_ int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	/* Nobody is left who could cut it meanwhile. */
	void *p = fd < 0 ? MAP_FAILED : mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return 0;
	w->contents += n;
	for (size_t i = 0; i < w->spec->n_needles && i < 64; i++)
		if (slice_find(slice_of(p, n), w->spec->needles[i], 0) != SLICE_NPOS)
			found |= UINT64_C(1) << i;
	(void)munmap(p, n);
	return found;
}

static void changed(const struct level *l, const char *name, const struct stat *st)
{
	struct tree_walk *w = l->w;
	if (w->records == RECORDS_MAX) {
		w->lost++;
		return;
	}
	w->records++;
	struct seen_record r = {.kind = SEEN_FILE, .mode = st->st_mode, .size = (uint64_t)st->st_size, .count = 1};
	if (S_ISREG(st->st_mode))
		r.found = needles(w, l->fd, name, st->st_size);
	w->stopped |= !observe_send(w->socket, &r, slice_of(l->path, strlen(l->path)), SLICE_NONE, -1);
}

static bool visit(void *arg, const struct observe_entry *e)
{
	const struct level *l = arg;
	struct tree_walk *w = l->w;
	struct stat st;
	size_t n = strlen(e->name);
	static const char *const top[] = {"proc", "sys"};
	for (size_t i = 0; l->n == 0 && i < ARRAY_LEN(top); i++)
		if (strcmp(e->name, top[i]) == 0)
			return true;
	if (observe_now() > w->until) {
		w->lost++;
		w->stopped = true;
	}
	if (w->stopped)
		return false;
	if (fstatat(l->fd, e->name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_dev != w->device)
		return true;
	if (l->n + n + 2 > SEEN_PATH_MAX || l->depth == DEPTH_MAX) {
		w->lost++;
		return true;
	}
	l->path[l->n] = '/';
	memcpy(l->path + l->n + 1, e->name, n + 1);
	if (since(&st.st_ctim, &w->start))
		changed(l, e->name, &st);
	if (S_ISDIR(st.st_mode)) {
		_cleanup_fd_ int fd = openat(l->fd, e->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		struct level below = {w, fd, l->depth + 1, l->n + 1 + n, l->path};
		if (fd >= 0)
			observe_folder(fd, visit, &below);
		l->path[l->n + 1 + n] = 0;
	}
	l->path[l->n] = 0;
	return !w->stopped;
}

void observe_tree(int socket, const struct trial_observe *spec, struct timespec start)
{
	static char path[SEEN_PATH_MAX];
	struct tree_walk w = {.socket = socket, .spec = spec, .start = start, .until = observe_now() + SECONDS_MAX};
	struct stat st;
	_cleanup_fd_ int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || fstat(root, &st) < 0)
		return;
	w.device = st.st_dev;
	struct level l = {&w, root, 0, 0, path};
	observe_folder(root, visit, &l);
	if (w.lost) {
		struct seen_record r = {.kind = SEEN_LOST, .count = w.lost};
		(void)observe_send(socket, &r, SLICE("files changed"), SLICE_NONE, -1);
	}
}
