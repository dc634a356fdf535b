#include "review/change.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "review/change_part.h"
#include "review/index.h"
#include "sys/path.h"

#define DEPTH_MAX  256  /* two descriptors a level */
#define PATH_BYTES 4000 /* that the kernel takes in one call */

const char *object_type_word(enum object_type t)
{
	static const char *const words[] = {"nothing", "file", "folder", "link", "pipe", "socket", "character device", "block device"};
	return words[t];
}

const char *change_trouble_word(enum change_trouble t)
{
	static const char *const words[] = {
	        [TROUBLE_NONE] = "",
	        [TROUBLE_CONFLICT_CHANGED] = "conflict: the project's own was changed since the run began",
	        [TROUBLE_CONFLICT_ADDED] = "conflict: the project got one of that name since the run began",
	        [TROUBLE_CONFLICT_REMOVED] = "conflict: the project's own was removed since the run began",
	        [TROUBLE_SPECIAL] = "a device, pipe or socket, which is never applied",
	        [TROUBLE_DEEP] = "nested too deep or named too long; what is below was not looked at",
	        [TROUBLE_UNREADABLE] = "cannot be read; what is below was not looked at",
	};
	return words[t];
}

int change_path_cmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	/* The end comes first, then what is inside of a folder, then longer names. */
	int x = *a == '/' ? 1 : *a ? (unsigned char)*a + 1 : 0, y = *b == '/' ? 1 : *b ? (unsigned char)*b + 1 : 0;
	return x - y;
}

bool change_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);
	return n == 0 || (strncmp(path, folder, n) == 0 && (path[n] == 0 || path[n] == '/'));
}

struct change *change_find(const struct change_set *set, const char *path)
{
	size_t low = 0, high = set->n;
	while (low < high) {
		size_t mid = (low + high) / 2;
		int c = change_path_cmp(set->change[mid].path, path);
		if (c == 0)
			return &set->change[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

void change_set_free(struct change_set *set)
{
	free(set->change);
	arena_free(&set->arena);
	*set = (struct change_set){0};
}

static int64_t nanoseconds(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void object_from(const struct stat *st, struct object *o)
{
	*o = (struct object){
	        .type = S_ISREG(st->st_mode)    ? OBJECT_FILE
	                : S_ISDIR(st->st_mode)  ? OBJECT_FOLDER
	                : S_ISLNK(st->st_mode)  ? OBJECT_LINK
	                : S_ISFIFO(st->st_mode) ? OBJECT_FIFO
	                : S_ISSOCK(st->st_mode) ? OBJECT_SOCKET
	                : S_ISCHR(st->st_mode)  ? OBJECT_CHAR
	                                        : OBJECT_BLOCK,
	        .mode = st->st_mode & 07777,
	        .uid = st->st_uid,
	        .gid = st->st_gid,
	        .nlink = (uint32_t)st->st_nlink,
	        .size = (uint64_t)st->st_size,
	        .ino = st->st_ino,
	        .dev = st->st_dev,
	        .mtime = nanoseconds(st->st_mtim),
	        .ctime = nanoseconds(st->st_ctim),
	};
}

/* *rdev may be NULL. */
static int object_look(int dir, const char *name, struct arena *arena, struct object *out, dev_t *rdev)
{
	struct stat st;
	struct object o;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return -errno;
		*out = (struct object){0};
		return 0;
	}
	object_from(&st, &o);
	if (rdev)
		*rdev = st.st_rdev;
	if (o.type == OBJECT_LINK && arena) {
		char text[4097];
		ssize_t n = readlinkat(dir, name, text, sizeof(text) - 1);
		if (n < 0)
			return -errno;
		if (!(o.link = arena_str(arena, slice_of(text, (size_t)n))))
			return -ENOMEM;
	}
	*out = o;
	return 0;
}

int object_at(int dir, const char *name, struct arena *arena, struct object *out)
{
	return object_look(dir, name, arena, out, NULL);
}

int change_open(int root, const char *path)
{
	struct stat st;
	_cleanup_fd_ int fd = path_open(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? TAKE_FD(fd) : -EINVAL;
}

int change_read(int root, const char *path, size_t max, struct buf *out, bool *cut)
{
	_cleanup_fd_ int fd = change_open(root, path);
	if (fd < 0)
		return fd;
	*cut = false;
	for (size_t had = 0;;) {
		size_t want = max - had < 65536 ? max - had : 65536;
		uint8_t extra, *p = want ? buf_room(out, want) : NULL;
		if (want && !p)
			return buf_error(out);
		ssize_t got = read(fd, p ? p : &extra, p ? want : 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return 0;
		if (!p) {
			*cut = true;
			return 0;
		}
		had += (size_t)got;
		out->n += (size_t)got;
		out->p[out->n] = 0;
	}
}

struct walk {
	const struct change_source *s;
	struct change_set *set;
	struct part_origins *origins;
	char path[PATH_BYTES + 260];
	size_t n; /* of path */
	unsigned depth;
	struct err *err;
	uint8_t *a, *b; /* two buffers for comparing */
};
#define COMPARE_BYTES ((size_t)256 * 1024)

static int too_much(struct walk *w)
{
	return err_set(w->err, -E2BIG, "there are more changes than a review can hold (%zu)", w->set->n);
}

static int add(struct walk *w, enum change_kind kind, unsigned what, enum change_trouble trouble, const struct object *before,
        const struct object *after, struct change **out)
{
	struct change_set *set = w->set;
	if (set->n == w->s->max)
		return too_much(w);
	if (set->n == set->room) {
		size_t room = set->room ? set->room * 2 : 256;
		struct change *more = reallocarray(set->change, room, sizeof(*more));
		if (!more)
			return err_set(w->err, -ENOMEM, "no memory for the changes");
		set->change = more;
		set->room = room;
	}
	struct change *c = &set->change[set->n];
	*c = (struct change){.kind = kind, .what = what, .trouble = trouble, .before = *before, .after = *after};
	if (!(c->path = arena_str(&set->arena, slice_of(w->path, w->n))))
		return too_much(w);
	if (after->type == OBJECT_FILE && kind != CHANGE_REMOVED)
		set->bytes += after->size;
	if (after->type >= OBJECT_FIFO && trouble == TROUBLE_NONE)
		c->trouble = TROUBLE_SPECIAL;
	set->n++;
	if (out)
		*out = c;
	return 0;
}

/* Names in a folder, sorted by their bytes. */
struct names {
	char **name;
	size_t n, room;
	struct arena arena;
};

static void names_free(struct names *l)
{
	free(l->name);
	arena_free(&l->arena);
}

static int names_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int names_add(struct walk *w, int folder, struct names *l)
{
	if (folder < 0)
		return 0;
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	if (!d) {
		int r = -errno;
		if (copy >= 0)
			close(copy);
		return r;
	}
	int r = 0;
	for (;;) {
		errno = 0;
		struct dirent *e = readdir(d);
		if (!e) {
			r = -errno;
			break;
		}
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (l->n == l->room) {
			size_t room = l->room ? l->room * 2 : 64;
			char **more = reallocarray(l->name, room, sizeof(*more));
			if (!more) {
				r = -ENOMEM;
				break;
			}
			l->name = more;
			l->room = room;
		}
		if (l->n == w->s->max || !(l->name[l->n] = arena_str(&l->arena, slice_str(e->d_name)))) {
			r = too_much(w);
			break;
		}
		l->n++;
	}
	closedir(d);
	return r;
}

static void names_sort(struct names *l)
{
	size_t n = 0;
	if (l->n)
		qsort(l->name, l->n, sizeof(*l->name), names_cmp);
	for (size_t i = 0; i < l->n; i++)
		if (n == 0 || strcmp(l->name[n - 1], l->name[i]) != 0)
			l->name[n++] = l->name[i];
	l->n = n;
}

/* With O_NONBLOCK and a look before: nothing but a regular file or a folder is opened. */
static int open_seen(int dir, const char *name, const struct object *seen)
{
	int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	struct stat st;
	_cleanup_fd_ int fd = openat(dir, name, seen->type == OBJECT_FOLDER ? flags | O_DIRECTORY : flags);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode) != (seen->type == OBJECT_FOLDER) || (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)))
		return -ESTALE;
	return TAKE_FD(fd);
}

static int unreadable(int r)
{
	return r == -EACCES || r == -EPERM || r == -ESTALE || r == -ELOOP || r == -ENOENT || r == -ENOTDIR;
}

static bool overlay_xattr(int fd, const char *name, char *value, size_t room, ssize_t *n)
{
	static const char *const spaces[] = {"user.overlay.", "trusted.overlay."};
	for (size_t i = 0; i < ARRAY_LEN(spaces); i++) {
		char full[64];
		(void)snprintf(full, sizeof(full), "%s%s", spaces[i], name);
		*n = fgetxattr(fd, full, value, room);
		if (*n >= 0)
			return true;
	}
	return false;
}

static int refuse_elsewhere(struct walk *w, int fd)
{
	char value[64];
	ssize_t n;
	if (overlay_xattr(fd, "redirect", value, 0, &n) || overlay_xattr(fd, "metacopy", value, 0, &n))
		return err_set(w->err, -ENOTSUP,
		        "the overlay keeps names or contents elsewhere (redirect_dir, metacopy); a review wants one that was mounted with "
		        "userxattr");
	return 0;
}

/* What counts of a file's extended attributes. */
static bool xattr_counts(const char *name)
{
	return (strncmp(name, "user.", 5) == 0 && strncmp(name, "user.overlay.", 13) != 0) || strncmp(name, "system.posix_acl_", 17) == 0 ||
	       strcmp(name, "security.capability") == 0;
}

static bool xattrs_covered(int a, int b)
{
	char list[8192], x[4096], y[4096];
	ssize_t n = flistxattr(a, list, sizeof(list));
	if (n <= 0)
		return n == 0 || errno == ENOTSUP;
	for (const char *p = list; p < list + n; p += strlen(p) + 1) {
		if (!xattr_counts(p))
			continue;
		ssize_t nx = fgetxattr(a, p, x, sizeof(x)), ny = fgetxattr(b, p, y, sizeof(y));
		if (nx != ny || (nx > 0 && memcmp(x, y, (size_t)nx) != 0))
			return false;
	}
	return true;
}

static bool xattrs_equal(int a, int b)
{
	return xattrs_covered(a, b) && xattrs_covered(b, a);
}

static ssize_t read_full(int fd, uint8_t *p, size_t n)
{
	size_t had = 0;
	while (had < n) {
		ssize_t got = read(fd, p + had, n - had);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		had += (size_t)got;
	}
	return (ssize_t)had;
}

/* 1: the same bytes, 0: not. */
static int same_bytes(struct walk *w, int a, int b)
{
	for (;;) {
		ssize_t n = read_full(a, w->a, COMPARE_BYTES), m = read_full(b, w->b, COMPARE_BYTES);
		if (n < 0 || m < 0)
			return n < 0 ? (int)n : (int)m;
		if (n != m || memcmp(w->a, w->b, (size_t)n) != 0)
			return 0;
		if (n == 0)
			return 1;
	}
}

/* When the file came to be, 0 if the file system does not say. */
static int64_t born(int dir, const char *name)
{
	struct statx sx;
	if (statx(dir, name, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &sx) < 0 || !(sx.stx_mask & STATX_BTIME))
		return 0;
	return (int64_t)sx.stx_btime.tv_sec * 1000000000 + sx.stx_btime.tv_nsec;
}

/* git status writes the index anew, for times in it that say nothing. */
static bool only_times(const struct walk *w)
{
	char now[65];
	return w->s->index && *w->s->index && strcmp(w->path, ".git/index") == 0 && review_index_digest(w->s->lower, now) &&
	       strcmp(now, w->s->index) == 0;
}

static enum change_trouble conflict_of(const struct walk *w, int lower, const char *name, const struct object *before)
{
	/* A folder's ctime moves with every name in it; what is in it is looked at itself. */
	if (w->s->since == 0 || before->type == OBJECT_FOLDER || before->ctime <= w->s->since || only_times(w))
		return TROUBLE_NONE;
	return born(lower, name) > w->s->since ? TROUBLE_CONFLICT_ADDED : TROUBLE_CONFLICT_CHANGED;
}

static int walk_folder(struct walk *w, int lower, int upper, bool all);

static int leave_out(const char *what, struct walk *w, int r)
{
	return err_sys(w->err, r, "cannot look at %s \"%.300s\"", what, w->path);
}

static bool push(struct walk *w, const char *name, size_t *had)
{
	size_t n = strlen(name);
	*had = w->n;
	if (w->n + 1 + n >= sizeof(w->path))
		return false;
	if (w->n)
		w->path[w->n++] = '/';
	memcpy(w->path + w->n, name, n + 1);
	w->n += n;
	return true;
}

static void pop(struct walk *w, size_t had)
{
	w->n = had;
	w->path[had] = 0;
}

/* All below a folder of the project is removed. */
static int walk_removed(struct walk *w, int lower, const char *name, const struct object *before)
{
	struct change *c;
	enum change_trouble trouble = conflict_of(w, lower, name, before);
	int r = add(w, CHANGE_REMOVED, CHANGE_CONTENT, trouble, before, &(struct object){0}, &c);
	if (r < 0)
		return r;
	size_t index = w->set->n - 1;
	if (before->type == OBJECT_FILE && trouble == TROUBLE_NONE)
		r = part_origin_removed(w->origins, index, lower, name);
	if (r < 0 || before->type != OBJECT_FOLDER)
		return r;
	_cleanup_fd_ int below = open_seen(lower, name, before);
	if (below < 0 && !unreadable(below))
		return leave_out("the folder", w, below);
	if (below < 0 || w->depth >= DEPTH_MAX || w->n > PATH_BYTES - 260) {
		w->set->change[index].trouble = below < 0 ? TROUBLE_UNREADABLE : TROUBLE_DEEP;
		return 0;
	}
	return walk_folder(w, below, -1, true);
}

/* Something of the upper side where the project has nothing, or something of another type. */
static int walk_added(struct walk *w, int lower, int upper, const char *name, const struct object *after)
{
	size_t index = w->set->n - 1;
	struct stat st;
	if (after->type != OBJECT_FOLDER && after->type != OBJECT_FILE)
		return 0;
	_cleanup_fd_ int fd = open_seen(upper, name, after);
	if (fd < 0 && !unreadable(fd))
		return leave_out("the file", w, fd);
	if (fd < 0) {
		w->set->change[index].trouble = TROUBLE_UNREADABLE;
		return 0;
	}
	int r = w->s->copy ? 0 : refuse_elsewhere(w, fd);
	if (r < 0)
		return r;
	if (after->type == OBJECT_FILE)
		/* Only from a folder that has changed can one have gone. */
		return w->s->copy ? 0
		                  : part_origin_added(w->origins, index, fd,
		                            w->s->since && lower >= 0 && fstat(lower, &st) == 0 && nanoseconds(st.st_mtim) > w->s->since);
	if (w->depth >= DEPTH_MAX || w->n > PATH_BYTES - 260) {
		w->set->change[index].trouble = TROUBLE_DEEP;
		return 0;
	}
	return walk_folder(w, -1, fd, false);
}

static unsigned attributes(const struct object *a, const struct object *b)
{
	return (a->mode != b->mode ? CHANGE_MODE : 0u) | (a->uid != b->uid || a->gid != b->gid ? CHANGE_OWNER : 0u);
}

static int both_files(struct walk *w, int lower, int upper, const char *name, const struct object *before, const struct object *after)
{
	unsigned what = attributes(before, after);
	enum change_trouble trouble = conflict_of(w, lower, name, before);
	_cleanup_fd_ int a = open_seen(lower, name, before), b = open_seen(upper, name, after);
	if (b >= 0 && !w->s->copy) {
		int r = refuse_elsewhere(w, b);
		if (r < 0)
			return r;
	}
	if (a >= 0 && b >= 0) {
		int same = before->size == after->size ? same_bytes(w, a, b) : 0;
		if (same < 0)
			return leave_out("the file", w, same);
		what |= same ? 0u : CHANGE_CONTENT;
		what |= xattrs_equal(a, b) ? 0u : CHANGE_XATTR;
		/* Copied up from a file that is no longer the one of that name: it was replaced. */
		if (what && trouble == TROUBLE_NONE && w->s->since && !w->s->copy && part_origin_other(a, b) && !only_times(w))
			trouble = TROUBLE_CONFLICT_CHANGED;
	} else if (unreadable(a < 0 ? a : b)) {
		what |= CHANGE_CONTENT;
		trouble = trouble ? trouble : TROUBLE_UNREADABLE;
	} else {
		return leave_out("the file", w, a < 0 ? a : b);
	}
	return what ? add(w, CHANGE_CHANGED, what, trouble, before, after, NULL) : 0;
}

static int both_folders(struct walk *w, int lower, int upper, const char *name, const struct object *before, const struct object *after)
{
	unsigned what = attributes(before, after);
	_cleanup_fd_ int a = open_seen(lower, name, before), b = open_seen(upper, name, after);
	int r = 0;
	if (a < 0 || b < 0) {
		r = a < 0 ? a : b;
		if (!unreadable(r))
			return leave_out("the folder", w, r);
		/* In a whole copy a folder that nobody may read is not there, and this is another. */
		return add(w, CHANGE_CHANGED, what | CHANGE_CONTENT, TROUBLE_UNREADABLE, before, after, NULL);
	}
	char value[8];
	ssize_t n;
	bool opaque = !w->s->copy && overlay_xattr(b, "opaque", value, sizeof(value), &n) && n >= 1 && value[0] == 'y';
	r = w->s->copy ? 0 : refuse_elsewhere(w, b);
	what |= xattrs_equal(a, b) ? 0u : CHANGE_XATTR;
	if (r == 0 && what)
		r = add(w, CHANGE_CHANGED, what, TROUBLE_NONE, before, after, NULL);
	if (r < 0)
		return r;
	if (w->depth >= DEPTH_MAX || w->n > PATH_BYTES - 260) {
		if (!what)
			r = add(w, CHANGE_CHANGED, CHANGE_CONTENT, TROUBLE_DEEP, before, after, NULL);
		else
			w->set->change[w->set->n - 1].trouble = TROUBLE_DEEP;
		return r;
	}
	return walk_folder(w, a, b, opaque || w->s->copy);
}

static bool is_whiteout(int upper, const char *name, const struct object *u, dev_t rdev)
{
	char value[8];
	ssize_t n;
	if (u->type == OBJECT_CHAR && rdev == 0)
		return true;
	if (u->type != OBJECT_FILE || u->size != 0)
		return false;
	_cleanup_fd_ int fd = open_seen(upper, name, u);
	return fd >= 0 && overlay_xattr(fd, "whiteout", value, sizeof(value), &n);
}

/* In a whole copy: is this a thing that the tool did not do? */
static bool not_ours(const struct walk *w, int lower, const char *name, const struct object *l, const struct object *u)
{
	if (!w->s->copy)
		return false;
	if (u->type == OBJECT_NONE) {
		/* Came since, or was not copied. */
		if (w->s->since && l->ctime > w->s->since) {
			int64_t b = born(lower, name);
			if (b == 0 || b > w->s->since)
				return true;
		}
		return l->type >= OBJECT_FIFO ||
		       (l->type == OBJECT_FILE && faccessat(lower, name, R_OK, AT_EACCESS | AT_SYMLINK_NOFOLLOW) < 0) ||
		       (l->type == OBJECT_FOLDER && faccessat(lower, name, R_OK | X_OK, AT_EACCESS | AT_SYMLINK_NOFOLLOW) < 0);
	}
	return u->type != OBJECT_FOLDER && w->s->copied && u->ctime <= w->s->copied;
}

static int walk_name(struct walk *w, int lower, int upper, const char *name)
{
	struct object l = {0}, u = {0};
	dev_t rdev = 0;
	int r = lower >= 0 ? object_look(lower, name, &w->set->arena, &l, NULL) : 0;
	if (r == 0 && upper >= 0)
		r = object_look(upper, name, &w->set->arena, &u, &rdev);
	if (r < 0)
		return leave_out("the file", w, r);
	if (!w->s->copy && is_whiteout(upper, name, &u, rdev))
		u = (struct object){0};
	if ((l.type == OBJECT_NONE && u.type == OBJECT_NONE) || not_ours(w, lower, name, &l, &u))
		return 0;
	if (u.type == OBJECT_NONE)
		return walk_removed(w, lower, name, &l);
	if (l.type == OBJECT_NONE) {
		r = add(w, CHANGE_ADDED, CHANGE_CONTENT, TROUBLE_NONE, &l, &u, NULL);
		return r < 0 ? r : walk_added(w, lower, upper, name, &u);
	}
	if (l.type == OBJECT_FILE && u.type == OBJECT_FILE)
		return both_files(w, lower, upper, name, &l, &u);
	if (l.type == OBJECT_FOLDER && u.type == OBJECT_FOLDER)
		return both_folders(w, lower, upper, name, &l, &u);
	if (l.type == OBJECT_LINK && u.type == OBJECT_LINK) {
		bool same = strcmp(l.link, u.link) == 0;
		return same ? 0 : add(w, CHANGE_CHANGED, CHANGE_CONTENT, conflict_of(w, lower, name, &l), &l, &u, NULL);
	}
	if (l.type == u.type)
		return 0; /* a pipe that was there and still is */
	r = add(w, CHANGE_CHANGED, CHANGE_TYPE | CHANGE_CONTENT, conflict_of(w, lower, name, &l), &l, &u, NULL);
	if (r == 0 && l.type == OBJECT_FOLDER) {
		_cleanup_fd_ int below = open_seen(lower, name, &l);
		size_t index = w->set->n - 1;
		if (below < 0 || w->depth >= DEPTH_MAX)
			w->set->change[index].trouble = below < 0 ? TROUBLE_UNREADABLE : TROUBLE_DEEP;
		else
			r = walk_folder(w, below, -1, true);
		return r;
	}
	return r < 0 ? r : walk_added(w, lower, upper, name, &u);
}

/* Each name on the upper side; with `all` each on the lower side too. Either side may be missing (-1). */
static int walk_folder(struct walk *w, int lower, int upper, bool all)
{
	struct names l __attribute__((cleanup(names_free))) = {.arena = ARENA(w->s->memory / 2)};
	int r = names_add(w, upper, &l);
	if (r == 0 && all)
		r = names_add(w, lower, &l);
	if (r < 0)
		return w->err && w->err->code == r ? r : leave_out("the folder", w, r);
	names_sort(&l);
	w->depth++;
	for (size_t i = 0; i < l.n && r == 0; i++) {
		size_t had;
		if (!push(w, l.name[i], &had))
			return err_set(w->err, -ENAMETOOLONG, "a name in \"%.200s\" is too long", w->path);
		r = walk_name(w, lower, upper, l.name[i]);
		pop(w, had);
	}
	w->depth--;
	return r;
}

int change_set_read(const struct change_source *source, struct change_set *out, struct err *err)
{
	struct change_source s = *source;
	s.max = s.max ? s.max : 2000000;
	s.memory = s.memory ? s.memory : (size_t)1 << 30;
	*out = (struct change_set){.arena = ARENA(s.memory)};
	_cleanup_free_ uint8_t *room = malloc(2 * COMPARE_BYTES);
	_cleanup_free_ struct walk *w = calloc(1, sizeof(*w));
	struct part_origins origins __attribute__((cleanup(part_origins_free))) = {.arena = ARENA(s.memory / 2)};
	if (!room || !w)
		return err_set(err, -ENOMEM, "no memory for the changes");
	*w = (struct walk){.s = &s, .set = out, .origins = &origins, .err = err, .a = room, .b = room + COMPARE_BYTES};
	int r = walk_folder(w, s.lower, s.upper, s.copy);
	if (r < 0)
		return r;
	r = part_links(out);
	r = r < 0 ? r : part_renames(&s, out, &origins);
	return r < 0 ? err_sys(err, r, "cannot compare what was removed with what was added") : 0;
}
