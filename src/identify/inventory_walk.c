/* The walk. Each folder is opened by its name below its parent's descriptor, and never through a link, so that nothing can lead out. What
 * is to be done stands in one stack, so that the walk goes deep first and few descriptors are open; several threads take from it, as a cold
 * disk answers several at once.
 *
 * Of a folder whose times are as in the last run the names are not read again: what was of interest in it, and its folders, are known. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "identify/inventory_part.h"
#include "sys/path.h"

#define ENTRIES_BYTES (64u << 10)
#define DEPTH_MAX     10000u
#define WAITING_MAX   1000000u /* folders that wait */
#define KEPT_MAX      600000u  /* folders in the cache: beyond these all are read again */
#define MARKS_MAX     600000u

struct linux_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	unsigned short d_reclen;
	unsigned char d_type;
	char d_name[];
};

static int64_t nanoseconds(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void walk_unread(struct job *j, const struct node *dir, const char *name, int error)
{
	struct inventory *out = j->t->out;
	j->counts.unreadable++;
	pthread_mutex_lock(&j->t->lock);
	if (out->n_unread < INVENTORY_UNREAD) {
		out->why[out->n_unread] = strerrordesc_np(error < 0 ? -error : error);
		out->unread[out->n_unread++] = find_path(j, dir, name);
	}
	pthread_mutex_unlock(&j->t->lock);
}

/* ---- nodes */

static struct node *node_new(struct node *parent, const char *name)
{
	size_t n = strlen(name) + 1;
	struct node *d = calloc(1, sizeof(*d) + n);
	if (!d)
		return NULL;
	memcpy(d->name, name, n);
	d->fd = -1;
	d->refs = d->uses = 1;
	d->parent = parent;
	if (parent) {
		atomic_fetch_add(&parent->uses, 1);
		d->depth = parent->depth + 1;
		d->home = parent->home;
		d->system = parent->system;
		d->flags = parent->flags & NODE_DEPENDENCY;
	}
	return d;
}

/* One that needs a folder's descriptor less. */
static void node_release(struct node *d)
{
	if (d && atomic_fetch_sub(&d->refs, 1) == 1 && d->fd >= 0) {
		close(d->fd);
		d->fd = -1;
	}
}

static void node_free(struct node *d)
{
	for (struct mark *m = d->marks, *next; m; m = next) {
		next = m->next;
		free(m);
	}
	if (d->fd >= 0)
		close(d->fd);
	free(d);
}

/* One that points to a node less: it goes, and what it alone held above it, unless it is kept. */
static void node_drop(struct node *d)
{
	while (d && atomic_fetch_sub(&d->uses, 1) == 1) {
		struct node *parent = d->parent;
		node_free(d);
		d = parent;
	}
}

static bool is_home(const struct taking *t, const struct node *d)
{
	const struct node *top = d->system;
	if (!top || d->parent == NULL)
		return false;
	if (d->parent == top && strcmp(d->name, "root") == 0)
		return true;
	if (d->parent->parent == top && (strcmp(d->parent->name, "home") == 0 || strcmp(d->parent->name, "Users") == 0))
		return true;
	if (top != t->top || d->depth > 8)
		return false;
	/* As its list of accounts says. */
	for (const struct account *a = t->accounts; a; a = a->next) {
		if (!slice_is(a->last, d->name))
			continue;
		struct slice rest = slice_str(a->home), part;
		const struct node *chain[16];
		size_t n = 0, i;
		for (const struct node *x = d; x && x != top && n < ARRAY_LEN(chain); x = x->parent)
			chain[n++] = x;
		i = n;
		bool same = slice_starts(rest, SLICE("/")) && slice_split(&rest, '/', &part);
		while (same && slice_split(&rest, '/', &part))
			if (part.n)
				same = i > 0 && slice_is(part, chain[--i]->name);
		if (same && i == 0 && n > 0)
			return true;
	}
	return false;
}

/* The last parts of paths that hold the root of a container's system. */
static const char *const container_places[][6] = {
        {"overlay2", "*", "diff"},                                                                 /* Docker */
        {"overlay", "*", "diff"},                                                                  /* Podman, Buildah, CRI-O */
        {"overlay", "*", "merged"}, {"fuse-overlayfs", "*", "diff"}, {"btrfs", "subvolumes", "*"}, /* Docker on btrfs */
        {"vfs", "dir", "*"},                                                                       /* Docker and Podman without overlays */
        {"io.containerd.snapshotter.v1.overlayfs", "snapshots", "*", "fs"}, {"io.containerd.snapshotter.v1.native", "snapshots", "*"},
        {"lib", "machines", "*"},                                                                    /* systemd-nspawn */
        {"lxc", "*", "rootfs"}, {"lxd", "containers", "*", "rootfs"}, {"containers", "*", "rootfs"}, /* Incus */
};

static bool is_container(const struct node *d)
{
	for (size_t i = 0; i < ARRAY_LEN(container_places); i++) {
		size_t n = 0;
		while (n < 6 && container_places[i][n])
			n++;
		const struct node *x = d;
		while (n > 0 && x && x->parent &&
		        (container_places[i][n - 1][0] == '*' || strcmp(container_places[i][n - 1], x->name) == 0)) {
			n--;
			x = x->parent;
		}
		if (n == 0)
			return true;
	}
	return false;
}

static void node_kind(const struct taking *t, struct node *d)
{
	if (is_container(d)) {
		d->flags |= NODE_SYSTEM;
		d->system = d;
		d->home = NULL;
	}
	if (is_home(t, d)) {
		d->flags |= NODE_HOME;
		d->home = d;
	}
	/* What is installed for everybody or for a person is no dependency of something. */
	const struct node *above = d->parent, *two = above ? above->parent : NULL;
	bool global = above && (strcmp(above->name, "lib") == 0 || strcmp(above->name, "global") == 0 ||
	                               (two && (strcmp(two->name, "global") == 0 || strcmp(two->name, "_npx") == 0)));
	if ((strcmp(d->name, "node_modules") == 0 && !global) || strcmp(d->name, "site-packages") == 0 ||
	        strcmp(d->name, "dist-packages") == 0)
		d->flags |= NODE_DEPENDENCY;
}

/* ---- the stack */

/* Takes a chain of nodes over (linked by next). */
static void push(struct taking *t, struct node *first, struct node *last, size_t n)
{
	if (!first)
		return;
	pthread_mutex_lock(&t->lock);
	last->next = t->stack;
	t->stack = first;
	t->waiting += n;
	if (t->idle)
		pthread_cond_broadcast(&t->more);
	pthread_mutex_unlock(&t->lock);
}

static struct node *pop(struct taking *t)
{
	pthread_mutex_lock(&t->lock);
	t->idle++;
	while (!t->stack && !t->done) {
		if (t->idle == t->jobs) {
			t->done = true;
			pthread_cond_broadcast(&t->more);
			break;
		}
		pthread_cond_wait(&t->more, &t->lock);
	}
	t->idle--;
	struct node *d = t->done ? NULL : t->stack;
	if (d) {
		t->stack = d->next;
		t->waiting--;
	}
	pthread_mutex_unlock(&t->lock);
	return d;
}

static void stop(struct taking *t, int error)
{
	pthread_mutex_lock(&t->lock);
	t->done = true;
	if (error && !t->error)
		t->error = error;
	pthread_cond_broadcast(&t->more);
	pthread_mutex_unlock(&t->lock);
}

/* ---- which folders */

/* Once each, whatever leads there: bind mounts may be loops. True the first time. */
static bool visit_unlocked(struct visited *v, uint64_t key)
{
	if (2 * v->n >= v->room) {
		size_t room = v->room ? 2 * v->room : 1u << 14;
		uint64_t *slot = calloc(room, sizeof(*slot));
		if (!slot)
			return true;
		for (size_t i = 0; i < v->room; i++)
			if (v->slot[i]) {
				size_t k = v->slot[i] & (room - 1);
				while (slot[k])
					k = (k + 1) & (room - 1);
				slot[k] = v->slot[i];
			}
		free(v->slot);
		v->slot = slot;
		v->room = room;
	}
	size_t k = key & (v->room - 1);
	for (; v->slot[k]; k = (k + 1) & (v->room - 1))
		if (v->slot[k] == key)
			return false;
	v->slot[k] = key;
	v->n++;
	return true;
}

static bool visit(struct taking *t, uint64_t dev, uint64_t ino)
{
	/* A bijection for each device, so that two folders of one are never the same. */
	uint64_t key = (ino ^ dev << 40 ^ dev >> 24) * 0x9e3779b97f4a7c15u;
	key = (key ^ key >> 32) | (key == 0);
	pthread_mutex_lock(&t->lock);
	bool first = visit_unlocked(&t->visited, key);
	pthread_mutex_unlock(&t->lock);
	return first;
}

/* Kinds of file systems that are not this machine's disks. */
static const uint32_t special[] = {
        0x9fa0,     /* proc */
        0x62656572, /* sysfs */
        0x1cd1,     /* devpts */
        0x27e0eb,   /* cgroup */
        0x63677270, /* cgroup2 */
        0x64626720, /* debugfs */
        0x74726163, /* tracefs */
        0x73636673, /* securityfs */
        0x6165676c, /* pstore */
        0xcafe4a11, /* bpf */
        0xde5e81e4, /* efivarfs */
        0x19800202, /* mqueue */
        0x958458f6, /* hugetlbfs */
        0x0187,     /* autofs */
        0x42494e4d, /* binfmt_misc */
        0x62656570, /* configfs */
        0x67596969, /* rpc_pipefs */
        0x6e736673, /* nsfs */
        0x65735546, /* FUSE */
        0x65735543, /* fusectl */
        0x6969,     /* NFS */
        0xff534d42, /* CIFS */
        0xfe534d42, /* SMB2 */
        0x517b,     /* SMB */
        0x01021997, /* 9p */
        0x00c36400, /* Ceph */
        0x5346414f, /* AFS */
        0x6b414653, /* kAFS */
        0x73757245, /* Coda */
        0x564c,     /* NCP */
        0x47504653, /* GPFS */
        0x0bd00bd0, /* Lustre */
};

static bool allowed_system(struct taking *t, int fd, dev_t dev)
{
	struct statfs sf;
	bool good = true, known = false;
	if (t->o->cross)
		return true;
	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < t->n_allowed && !known; i++)
		known = t->allowed[i] == dev;
	for (size_t i = 0; i < t->n_refused && !known; i++)
		if (t->refused[i] == dev) {
			known = true;
			good = false;
		}
	pthread_mutex_unlock(&t->lock);
	if (known)
		return good;
	if (fstatfs(fd, &sf) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(special); i++)
		good = good && (uint32_t)sf.f_type != special[i];
	pthread_mutex_lock(&t->lock);
	if (good && t->n_allowed < ARRAY_LEN(t->allowed))
		t->allowed[t->n_allowed++] = dev;
	else if (!good && t->n_refused < ARRAY_LEN(t->refused))
		t->refused[t->n_refused++] = dev;
	pthread_mutex_unlock(&t->lock);
	return good;
}

/* ---- one folder */

/* Puts a mark into the folder's list; NULL if no more are kept (then the folder is read again the next time). */
static struct mark *mark_new(
        struct taking *t, struct node *d, enum look look, int place, const char *name, const struct stat *st, unsigned verdict)
{
	size_t n = strlen(name) + 1;
	struct mark *m = atomic_fetch_add(&t->marks, 1) < MARKS_MAX ? calloc(1, sizeof(*m) + n) : NULL;
	if (!m) {
		d->flags |= NODE_PARTIAL;
		return NULL;
	}
	m->look = look;
	m->place = place;
	m->verdict = nanoseconds(st->st_ctim) > t->recent ? 0 : verdict;
	m->ino = st->st_ino;
	m->size = (uint64_t)st->st_size;
	m->mtime = nanoseconds(st->st_mtim);
	m->ctime = nanoseconds(st->st_ctim);
	memcpy(m->name, name, n);
	m->next = d->marks;
	d->marks = m;
	return m;
}

static bool same_file(const struct old_mark *m, const struct stat *st)
{
	return m->ino == st->st_ino && m->size == (uint64_t)st->st_size && m->mtime == nanoseconds(st->st_mtim) &&
	       m->ctime == nanoseconds(st->st_ctim);
}

/* What was found out about the content of this file in the last run, if it is still the same file. */
static unsigned known_verdict(struct taking *t, const struct node *d, enum look look, const char *name, const struct stat *st)
{
	const struct old_mark *m = d->old && t->old.folder[d->old - 1].dev == st->st_dev ? old_mark(&t->old, d->old - 1, look, name) : NULL;
	return m && same_file(m, st) ? m->verdict : 0;
}

static void look(struct job *j, struct node *d, const char *name, const struct stat *st, enum look look, int place, unsigned verdict)
{
	struct spot s = {.dir = d, .name = name, .st = *st};
	size_t before = j->n;
	look_at(j, d->fd, &s, look, place, &verdict);
	/* Packages are many, and tell nothing unless they are tools. */
	if ((look == LOOK_PACKAGE || look == LOOK_METADATA || look == LOOK_LINK) && j->n == before)
		return;
	(void)mark_new(j->t, d, look, place, name, st, verdict);
}

static bool ends(const char *name, const char *with)
{
	return slice_ends(slice_str(name), slice_str(with));
}

/* Of several places that a file is, those that say most: of settings the longest of each tool, of texts the longest of all, and what
 * several tools read only if it is no one's. */
static bool says_most(const struct places *p, const int *list, size_t n, size_t k)
{
	const struct place *a = &p->list[list[k]];
	for (size_t i = 0; i < n; i++) {
		const struct place *b = &p->list[list[i]];
		bool same = a->use == b->use && (a->use != PLACE_FILE || a->tool == b->tool || a->tool->kind == CATALOGUE_SHARED);
		if (i == k || !same)
			continue;
		bool a_shared = a->tool->kind == CATALOGUE_SHARED, b_shared = b->tool->kind == CATALOGUE_SHARED;
		if (a_shared != b_shared ? a_shared : b->n != a->n ? b->n > a->n : i < k)
			return false;
	}
	return true;
}

/* A regular file of a folder that is being read. */
static void file(struct job *j, struct node *d, const char *name, const struct stat *st)
{
	const struct places *p = &j->t->places;
	bool command = look_in_bin(d) || (st->st_mode & 0111) != 0, content = content_candidate(st);
	int list[16];
	size_t n = 0;
	for (int i = -1; n < ARRAY_LEN(list) && (i = places_match(p, d, slice_str(name), false, i)) >= 0;)
		if (p->list[i].use != PLACE_COMMAND || (command && !content && st->st_size))
			list[n++] = i;
	for (size_t k = 0; k < n; k++)
		if (says_most(p, list, n, k))
			look(j, d, name, st, LOOK_PLACE, list[k], 0);
	if (strcmp(name, "package.json") == 0)
		look(j, d, name, st, LOOK_PACKAGE, -1, known_verdict(j->t, d, LOOK_PACKAGE, name, st));
	else if (strcmp(name, "METADATA") == 0 && ends(d->name, ".dist-info"))
		look(j, d, name, st, LOOK_METADATA, -1, 0);
	else if (strcmp(name, "PKG-INFO") == 0 && ends(d->name, ".egg-info"))
		look(j, d, name, st, LOOK_METADATA, -1, 0);
	else if (strcmp(name, "extension.toml") == 0)
		look(j, d, name, st, LOOK_ZED, -1, 0);
	if (d->depth > 3 && d->parent->parent->parent && strcmp(d->parent->parent->parent->name, "manifests") == 0)
		look(j, d, name, st, LOOK_MANIFEST, -1, 0);
	if (content)
		look(j, d, name, st, LOOK_CONTENT, -1, known_verdict(j->t, d, LOOK_CONTENT, name, st));
}

struct children {
	struct node *first, *last;
	size_t n;
};

/* A new folder below, among those that are put into the stack together. */
static void add_child(struct job *j, struct node *d, const char *name, unsigned old, struct children *c)
{
	struct taking *t = j->t;
	if (d->depth >= DEPTH_MAX || t->waiting + c->n > WAITING_MAX) {
		if (d->depth >= DEPTH_MAX)
			j->counts.too_deep++;
		else
			j->counts.too_many++;
		d->flags |= NODE_PARTIAL;
		return;
	}
	struct node *x = node_new(d, name);
	if (!x) {
		stop(t, -ENOMEM);
		return;
	}
	x->old = old;
	node_kind(t, x);
	atomic_fetch_add(&d->refs, 1);
	x->next = c->first;
	c->first = x;
	c->last = c->n++ ? c->last : x;
}

/* A folder below: what the catalogue has to say of it, then into the stack. */
static void folder(struct job *j, struct node *d, const char *name, unsigned old, struct children *c)
{
	struct stat st;
	int place = places_match(&j->t->places, d, slice_str(name), true, -1);
	bool plugin = d->parent && d->parent->parent && strcmp(d->parent->name, "JetBrains") == 0;
	bool plugins = strcmp(d->name, "plugins") == 0 && d->parent && d->parent->parent;
	if ((place >= 0 || plugin || plugins) && fstatat(d->fd, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) == 0) {
		for (; place >= 0; place = places_match(&j->t->places, d, slice_str(name), true, place))
			look(j, d, name, &st, LOOK_PLACE, place, 0);
		if (plugin || plugins)
			look(j, d, name, &st, LOOK_PLUGIN, -1, 0);
	}
	add_child(j, d, name, old, c);
}

static void entry(struct job *j, struct node *d, const char *name, unsigned char type, struct children *c)
{
	struct stat st;
	if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
		return;
	if (type == DT_LNK) {
		if (look_in_bin(d) && catalogue_command(j->t->o->catalogue, slice_str(name)) &&
		        fstatat(d->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			look(j, d, name, &st, LOOK_LINK, -1, 0);
		return;
	}
	if (type != DT_REG && type != DT_DIR && type != DT_UNKNOWN)
		return;
	j->counts.files += type != DT_DIR;
	if (type != DT_DIR) {
		if (fstatat(d->fd, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
			return;
		type = S_ISDIR(st.st_mode) ? DT_DIR : S_ISREG(st.st_mode) ? DT_REG : DT_UNKNOWN;
	}
	if (type == DT_DIR)
		folder(j, d, name, d->old ? old_child(&j->t->old, d->old - 1, name) : 0, c);
	else if (type == DT_REG)
		file(j, d, name, &st);
}

static int read_entries(struct job *j, struct node *d, struct children *c)
{
	buf_reset(&j->entries);
	uint8_t *p = buf_room(&j->entries, ENTRIES_BYTES);
	if (!p)
		return -ENOMEM;
	for (;;) {
		long n = syscall(SYS_getdents64, d->fd, p, ENTRIES_BYTES);
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		for (long at = 0; at < n;) {
			struct linux_dirent64 *e = (struct linux_dirent64 *)(void *)(p + at);
			entry(j, d, e->d_name, e->d_type, c);
			at += e->d_reclen;
			if (taking_stopped(j->t) || j->t->done)
				return 0;
		}
	}
}

/* A folder that is as it was: what it had is looked at again, each by its own times. */
static void replay(struct job *j, struct node *d, struct children *c)
{
	const struct old *old = &j->t->old;
	const struct old_folder *f = &old->folder[d->old - 1];
	j->counts.unchanged++;
	for (uint32_t i = 0; i < f->marks && !taking_stopped(j->t); i++) {
		const struct old_mark *m = &old->mark[f->mark + i];
		const char *name = old->names + m->name;
		struct stat st;
		if (fstatat(d->fd, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
			continue;
		look(j, d, name, &st, (enum look)m->look, m->place, same_file(m, &st) ? m->verdict : 0);
	}
	for (uint32_t i = 0; i < f->children; i++)
		add_child(j, d, old->names + old->folder[f->child + i].name, f->child + i + 1, c);
}

static bool unchanged(const struct taking *t, const struct node *d)
{
	if (!d->old)
		return false;
	const struct old_folder *f = &t->old.folder[d->old - 1];
	return !(f->flags & NODE_PARTIAL) && f->dev == d->dev && f->ino == d->ino && f->mtime == d->mtime && f->ctime == d->ctime;
}

static void note(struct node *d, const struct stat *st)
{
	d->dev = st->st_dev;
	d->ino = st->st_ino;
	d->mtime = nanoseconds(st->st_mtim);
	d->ctime = nanoseconds(st->st_ctim);
}

/* Is it one to go into? Fills in what stat says. */
static bool accept(struct job *j, struct node *d, const struct stat *st)
{
	struct taking *t = j->t;
	if (!S_ISDIR(st->st_mode))
		return false;
	note(d, st);
	if (d->ctime > t->recent || d->mtime > t->recent)
		d->flags |= NODE_PARTIAL;
	if (!visit(t, st->st_dev, st->st_ino)) {
		d->flags |= NODE_LEFT_OUT;
		return false;
	}
	return true;
}

/* False: it is not to be kept. What is below it is in *children then. */
static bool visit_folder(struct job *j, struct node *d, struct children *children)
{
	struct taking *t = j->t;
	struct stat st;
	/* A leaf that is as it was needs no descriptor. */
	const struct old_folder *f = d->old ? &t->old.folder[d->old - 1] : NULL;
	if (f && !f->children && !f->marks) {
		if (fstatat(d->parent->fd, d->name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
			return false;
		note(d, &st);
		if (st.st_dev == d->parent->dev && unchanged(t, d)) {
			j->counts.folders++;
			j->counts.unchanged++;
			return accept(j, d, &st);
		}
	}
	d->fd = openat(d->parent->fd, d->name, (f ? O_PATH : O_RDONLY) | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (d->fd < 0) {
		/* Gone, or no folder any more: it changed under the walk. */
		if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
			walk_unread(j, d, "", errno);
		d->flags |= NODE_LOST;
		return false;
	}
	if (fstat(d->fd, &st) < 0 || !accept(j, d, &st))
		return false;
	if (st.st_dev != d->parent->dev && !allowed_system(t, d->fd, st.st_dev)) {
		j->counts.other_systems++;
		d->flags |= NODE_LEFT_OUT;
		return false;
	}
	struct children c = {0};
	int r = 0;
	j->counts.folders++;
	if (d->flags & NODE_SYSTEM && d != t->top)
		look(j, d, "", &st, LOOK_CONTAINER, -1, 0);
	if (unchanged(t, d)) {
		replay(j, d, &c);
	} else {
		if (f) {
			int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			r = fd < 0 ? -errno : 0;
			if (r == 0) {
				close(d->fd);
				d->fd = fd;
			}
		}
		r = r < 0 ? r : read_entries(j, d, &c);
	}
	if (r < 0) {
		walk_unread(j, d, "", r);
		d->flags |= NODE_PARTIAL | NODE_LOST;
	}
	*children = c;
	return true;
}

/* Keeps a folder for the cache, or lets it go. */
static void settle(struct taking *t, struct node *d, bool good)
{
	struct node *parent = d->parent;
	node_release(d);
	node_release(parent);
	pthread_mutex_lock(&t->lock);
	bool keep = good && t->kept < KEPT_MAX && parent->flags & NODE_KEPT;
	if (keep) {
		d->flags |= NODE_KEPT;
		d->sibling = parent->child;
		parent->child = d;
		t->kept++;
	} else if (good || d->flags & (NODE_LOST | NODE_LEFT_OUT)) {
		parent->flags |= NODE_PARTIAL;
	}
	pthread_mutex_unlock(&t->lock);
	if (!keep)
		node_drop(d);
}

static void *work(void *arg)
{
	struct job *j = arg;
	struct taking *t = j->t;
	for (struct node *d; !taking_stopped(t) && (d = pop(t));) {
		/* Settled before its children are in anybody's hands: whether they are kept depends on it. */
		struct children c = {0};
		settle(t, d, visit_folder(j, d, &c));
		push(t, c.first, c.last, c.n);
		if (t->o->progress && j == t->job && (j->counts.folders & 1023) == 0)
			t->o->progress(t->o->arg, &j->counts);
	}
	stop(t, 0);
	return NULL;
}

/* ---- the roots */

/* The node of a root, below nodes of its system's root that are only names. */
static int root_new(struct taking *t, const char *path, struct node **out, struct err *err)
{
	struct slice rest = slice_str(path), system = slice_str(t->o->system), part;
	struct node *at = t->top;
	if (!slice_starts(rest, system))
		return err_set(err, -EINVAL, "%s is not below %s", path, t->o->system);
	rest = slice_from(rest, system.n);
	while (slice_split(&rest, '/', &part)) {
		char name[256];
		if (!part.n)
			continue;
		if (part.n >= sizeof(name))
			return err_set(err, -ENAMETOOLONG, "%s has too long a name in it", path);
		memcpy(name, part.p, part.n);
		name[part.n] = 0;
		struct node *d = NULL;
		for (struct node *c = at->child; c && !d; c = c->sibling)
			d = strcmp(c->name, name) == 0 ? c : NULL;
		if (!d) {
			if (!(d = node_new(at, name)))
				return err_set(err, -ENOMEM, "no memory for the inventory");
			d->old = at->old ? old_child(&t->old, at->old - 1, name) : 0;
			node_kind(t, d);
			d->flags |= NODE_VIRTUAL | NODE_KEPT;
			d->sibling = at->child;
			at->child = d;
			t->kept++;
		}
		at = d;
	}
	*out = at;
	return 0;
}

static int start_root(struct job *j, struct node *d, const char *path, struct err *err)
{
	struct taking *t = j->t;
	struct stat st;
	if (stat(path, &st) < 0)
		return err_sys(err, -errno, "cannot look at %s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, -ENOTDIR, "%s is no folder", path);
	_cleanup_fd_ int probe = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (probe < 0)
		return err_sys(err, -errno, "cannot read %s", path);
	d->flags &= ~(unsigned)NODE_VIRTUAL;
	/* Whoever names a root means it, whatever it lies on. */
	d->fd = TAKE_FD(probe);
	if (fstat(d->fd, &st) < 0)
		return err_sys(err, -errno, "cannot look at %s", path);
	if (d == t->top)
		t->top_owner = st.st_uid;
	if (!accept(j, d, &st))
		return 0; /* a root inside of another */
	struct children c = {0};
	int r = 0;
	j->counts.folders++;
	if (unchanged(t, d))
		replay(j, d, &c);
	else
		r = read_entries(j, d, &c);
	if (r < 0)
		return err_sys(err, r, "cannot read %s", path);
	push(t, c.first, c.last, c.n);
	node_release(d);
	return 0;
}

int walk_run(struct taking *t, struct err *err)
{
	t->top = node_new(NULL, "");
	if (!t->top)
		return err_set(err, -ENOMEM, "no memory for the inventory");
	t->top->flags = NODE_SYSTEM | NODE_VIRTUAL | NODE_KEPT;
	t->top->system = t->top;
	t->top->old = t->old.folders ? 1 : 0;
	/* A folder that is no system's root is taken for a home. */
	if (!t->own_accounts) {
		t->top->flags |= NODE_HOME;
		t->top->home = t->top;
	}
	for (size_t i = 0; i < t->o->n_roots; i++) {
		int r = root_new(t, t->o->root[i], &t->root[i], err);
		r = r < 0 ? r : start_root(&t->job[0], t->root[i], t->o->root[i], err);
		if (r < 0)
			return r;
	}
	for (unsigned i = 1; i < t->jobs; i++)
		t->job[i].started = pthread_create(&t->job[i].thread, NULL, work, &t->job[i]) == 0;
	pthread_mutex_lock(&t->lock);
	for (unsigned i = 1; i < t->jobs; i++)
		t->idle += !t->job[i].started; /* one that could not be had waits for ever */
	pthread_mutex_unlock(&t->lock);
	(void)work(&t->job[0]);
	for (unsigned i = 1; i < t->jobs; i++)
		if (t->job[i].started)
			pthread_join(t->job[i].thread, NULL);
	if (t->error)
		return err_sys(err, t->error, "the walk could not go on");
	return 0;
}

void walk_free(struct taking *t)
{
	/* What waits holds folders above it that are not kept. */
	for (struct node *d = t->stack, *next; d; d = next) {
		next = d->next;
		node_drop(d);
	}
	/* Of the tree only what is kept is linked; a folder goes after its children, without recursion, as trees may be deep. */
	for (struct node *d = t->top; d;) {
		struct node *child = d->child, *parent = d->parent;
		if (child) {
			d->child = child->sibling;
			d = child;
			continue;
		}
		node_free(d);
		d = parent;
	}
	free(t->visited.slot);
	free(t->verdict);
}
