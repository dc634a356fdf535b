#include "confine/written.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/fd.h"

struct entry {
	uint64_t inode, offset;
	unsigned short size;
	unsigned char type;
	char name[];
};

struct level {
	int fd;
	size_t path; /* length of the path up to here */
	long got, at;
	_Alignas(struct entry) char bytes[4096];
};

struct walk {
	struct timespec since;
	dev_t device;
	int to;
	unsigned files, looked;
	uint64_t bytes;
	bool whole;
	char path[4096];
};

static bool before(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

static void be(uint8_t *to, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

static void put(struct walk *w, const struct stat *st, const void *content, size_t n)
{
	uint8_t head[25], length[4];
	size_t path = strlen(w->path);
	head[0] = S_ISLNK(st->st_mode) ? 'l' : 'f';
	be(head + 1, st->st_mode & 07777, 4);
	be(head + 5, (uint64_t)st->st_size, 8);
	be(head + 13, (uint64_t)(st->st_ctim.tv_sec - st->st_mtim.tv_sec), 8);
	be(head + 21, path, 4);
	be(length, n, 4);
	if (fd_write_all(w->to, slice_of(head, sizeof(head))) < 0 || fd_write_all(w->to, slice_of(w->path, path)) < 0 ||
	        fd_write_all(w->to, slice_of(length, 4)) < 0 || fd_write_all(w->to, slice_of(content, n)) < 0)
		w->whole = false;
	w->files++;
	w->bytes += n + path;
}

/* A regular file, or a link. */
static void take(struct walk *w, int folder, const char *name, const struct stat *st)
{
	static char content[WRITTEN_FILE_MAX];
	size_t n = 0;
	if (w->files >= WRITTEN_FILES_MAX || w->bytes >= WRITTEN_ALL_MAX) {
		w->whole = false;
		return;
	}
	if (S_ISLNK(st->st_mode)) {
		ssize_t got = readlinkat(folder, name, content, sizeof(content));
		n = got > 0 ? (size_t)got : 0;
	} else {
		/* Nothing that waits for somebody: it was a regular file a moment ago, and nobody is left who could change it. */
		_cleanup_fd_ int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		ssize_t got = 0;
		while (fd >= 0 && n < sizeof(content) && (got = read(fd, content + n, sizeof(content) - n)) > 0)
			n += (size_t)got;
		if (fd < 0 || got < 0)
			w->whole = false;
	}
	put(w, st, content, n);
}

static bool enter(struct walk *w, struct level *l, int parent, const char *name)
{
	l->fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	l->path = strlen(w->path);
	l->got = l->at = 0;
	if (l->fd < 0)
		w->whole = false;
	return l->fd >= 0;
}

/* One entry of the folder: true if it is a folder to go into. */
static bool look(struct walk *w, const struct level *l, const struct entry *e)
{
	struct stat st;
	size_t n = strlen(e->name);
	if (l->path + n + 2 > sizeof(w->path) || w->looked++ >= WRITTEN_LOOKED) {
		w->whole = false;
		return false;
	}
	w->path[l->path] = '/';
	memcpy(w->path + l->path + 1, e->name, n + 1);
	if (fstatat(l->fd, e->name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_dev != w->device)
		return false;
	if (S_ISDIR(st.st_mode))
		return true;
	if ((S_ISREG(st.st_mode) || S_ISLNK(st.st_mode)) && !before(st.st_ctim, w->since))
		take(w, l->fd, e->name, &st);
	return false;
}

static void walk_root(struct walk *w, const char *root)
{
	static struct level levels[WRITTEN_DEPTH];
	struct stat st;
	unsigned depth = 0;
	(void)snprintf(w->path, sizeof(w->path), "%s", root);
	if (!enter(w, &levels[0], AT_FDCWD, root))
		return;
	w->device = fstat(levels[0].fd, &st) == 0 ? st.st_dev : 0;
	for (depth = 1; depth > 0;) {
		struct level *l = &levels[depth - 1];
		w->path[l->path] = 0;
		if (l->at >= l->got) {
			l->got = syscall(SYS_getdents64, l->fd, l->bytes, sizeof(l->bytes));
			l->at = 0;
		}
		if (l->got <= 0 || w->looked >= WRITTEN_LOOKED) {
			(void)close(l->fd);
			depth--;
			continue;
		}
		const struct entry *e = (const struct entry *)(const void *)(l->bytes + l->at);
		l->at += e->size;
		if (strcmp(e->name, ".") == 0 || strcmp(e->name, "..") == 0 || !look(w, l, e))
			continue;
		if (depth == WRITTEN_DEPTH)
			w->whole = false;
		else if (enter(w, &levels[depth], l->fd, e->name))
			depth++;
	}
}

bool written_collect(const char *const *roots, struct timespec since, int to)
{
	static struct walk w;
	w = (struct walk){.since = since, .to = to, .whole = true};
	for (size_t i = 0; roots[i]; i++) {
		/* One that lies in another has been seen. */
		bool inside = false;
		for (size_t k = 0; roots[k]; k++) {
			size_t n = strlen(roots[k]);
			inside |= k != i && strncmp(roots[i], roots[k], n) == 0 && (roots[i][n] == '/' || (roots[i][n] == 0 && k < i));
		}
		if (!inside)
			walk_root(&w, roots[i]);
	}
	return w.whole;
}

bool written_next(struct cursor *c, struct written_file *out)
{
	struct written_file f = {.kind = (char)cursor_u8(c)};
	f.mode = cursor_be32(c);
	f.size = cursor_be64(c);
	f.older = (int64_t)cursor_be64(c);
	f.path = cursor_take(c, cursor_be32(c));
	f.content = cursor_take(c, cursor_be32(c));
	if (!cursor_ok(c) || (f.kind != 'f' && f.kind != 'l'))
		return false;
	*out = f;
	return true;
}
