/* The cache of the last run: one file, mapped. It is our own, yet it may be damaged or forged: a digest is at its end, every number in it
 *is checked, and nothing in it is believed that the disk does not confirm. No value of a setting and no key is in it.
 *
 *	header   magic, what it was made with (see struct header)
 *	folders  breadth first: the children of one stand together, sorted by name
 *	marks    of one folder together, sorted by what they are looked at for and name
 *	verdicts
 *	names    with a NUL behind each
 *	SHA-256 of all that */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

#include "crypto/digest.h"
#include "identify/inventory_part.h"
#include "sys/fd.h"

#define CACHE_MAGIC "postern inventory 1\n"
#define CACHE_MAX   ((off_t)512 << 20)

struct header {
	char magic[24];
	char made_with[72]; /* a digest: of prints, catalogue, version, options, roots */
	uint64_t folders, marks, verdicts, names;
};

static void made_with(const struct inventory_options *o, char out[72])
{
	_cleanup_buf_ struct buf b = BUF(1 << 16);
	buf_fmt(&b, "%s\n%s\n%s\n%d%d%d\n%s\n", POSTERN_VERSION, o->catalogue->digest, o->id ? identify_digest(o->id) : "", o->cross,
	        o->archives, (int)sizeof(struct verdict), o->system);
	for (size_t i = 0; i < o->n_roots; i++)
		buf_fmt(&b, "%s\n", o->root[i]);
	memset(out, 0, 72);
	digest_sha256_hex(buf_slice(&b), out);
}

static bool text_ends(const char *s, size_t room)
{
	return memchr(s, 0, room) != NULL;
}

/* Every offset and index lies where it should, children come after their parents, and texts end. */
static bool check(const struct old *old)
{
	uint32_t next = 1;
	if (old->folders == 0 || (old->bytes && old->names[old->bytes - 1]))
		return false;
	for (size_t i = 0; i < old->folders; i++) {
		const struct old_folder *f = &old->folder[i];
		if (f->name >= old->bytes || f->child != next || f->children > old->folders - next || f->mark > old->marks ||
		        f->marks > old->marks - f->mark)
			return false;
		next += f->children;
	}
	for (size_t i = 0; i < old->marks; i++)
		if (old->mark[i].name >= old->bytes || old->mark[i].look >= LOOKS)
			return false;
	for (size_t i = 0; i < old->verdicts; i++) {
		const struct verdict *v = &old->verdict[i];
		if (!text_ends(v->tool, sizeof(v->tool)) || !text_ends(v->title, sizeof(v->title)) ||
		        !text_ends(v->publisher, sizeof(v->publisher)) || !text_ends(v->version, sizeof(v->version)) ||
		        !text_ends(v->package, sizeof(v->package)) || !text_ends(v->form, sizeof(v->form)) ||
		        (unsigned)v->by > INVENTORY_BY_CONTENT)
			return false;
	}
	return next == old->folders;
}

static bool read_map(struct old *old, const struct inventory_options *o)
{
	const uint8_t *p = old->map;
	struct header h;
	char with[72];
	uint8_t digest[DIGEST_MAX];
	if (old->size < sizeof(h) + 32)
		return false;
	memcpy(&h, p, sizeof(h));
	made_with(o, with);
	if (memcmp(h.magic, CACHE_MAGIC, sizeof(CACHE_MAGIC)) != 0 || memcmp(h.made_with, with, sizeof(with)) != 0)
		return false;
	size_t left = old->size - sizeof(h) - 32;
	if (h.folders > left / sizeof(struct old_folder) || h.marks > left / sizeof(struct old_mark) ||
	        h.verdicts > left / sizeof(struct verdict) || h.names > left ||
	        h.folders * sizeof(struct old_folder) + h.marks * sizeof(struct old_mark) + h.verdicts * sizeof(struct verdict) + h.names !=
	                left)
		return false;
	if (digest_of(DIGEST_SHA256, slice_of(p, old->size - 32), digest) < 0 || memcmp(digest, p + old->size - 32, 32) != 0)
		return false;
	p += sizeof(h);
	old->folder = (const void *)p;
	p += h.folders * sizeof(struct old_folder);
	old->mark = (const void *)p;
	p += h.marks * sizeof(struct old_mark);
	old->verdict = (const void *)p;
	p += h.verdicts * sizeof(struct verdict);
	old->names = (const void *)p;
	old->folders = h.folders;
	old->marks = h.marks;
	old->verdicts = h.verdicts;
	old->bytes = h.names;
	return check(old);
}

bool old_open(struct old *old, const struct inventory_options *o)
{
	struct stat st;
	*old = (struct old){.folders = 0};
	_cleanup_fd_ int fd = o->cache && !o->fresh ? open(o->cache, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
	/* Whoever else can write it could hide something. */
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > CACHE_MAX || st.st_uid != geteuid() ||
	        st.st_mode & 0022)
		return false;
	old->size = (size_t)st.st_size;
	old->map = mmap(NULL, old->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (old->map == MAP_FAILED) {
		*old = (struct old){.folders = 0};
		return false;
	}
	if (read_map(old, o))
		return true;
	old_close(old);
	return false;
}

void old_close(struct old *old)
{
	if (old->map)
		munmap(old->map, old->size);
	*old = (struct old){.folders = 0};
}

unsigned old_child(const struct old *old, unsigned folder, const char *name)
{
	const struct old_folder *f = &old->folder[folder];
	uint32_t low = 0, high = f->children;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int c = strcmp(old->names + old->folder[f->child + middle].name, name);
		if (c == 0)
			return f->child + middle + 1;
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

static int compare_marks(unsigned look_a, const char *a, unsigned look_b, const char *b)
{
	return look_a != look_b ? (look_a < look_b ? -1 : 1) : strcmp(a, b);
}

const struct old_mark *old_mark(const struct old *old, unsigned folder, enum look look, const char *name)
{
	const struct old_folder *f = &old->folder[folder];
	uint32_t low = 0, high = f->marks;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct old_mark *m = &old->mark[f->mark + middle];
		int c = compare_marks(m->look, old->names + m->name, look, name);
		if (c == 0)
			return m;
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* ---- writing */

struct writing {
	struct buf folders, marks, names;
	const struct node **queue;
	size_t n, at;
};

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct node *const *)a)->name, (*(const struct node *const *)b)->name);
}

static int by_look(const void *a, const void *b)
{
	const struct mark *x = *(const struct mark *const *)a, *y = *(const struct mark *const *)b;
	return compare_marks(x->look, x->name, y->look, y->name);
}

static uint32_t put_name(struct buf *names, const char *name)
{
	uint32_t at = (uint32_t)names->n;
	buf_add(names, slice_of(name, strlen(name) + 1));
	return at;
}

static int put_marks(struct writing *w, const struct node *d, struct old_folder *f)
{
	size_t n = 0, i = 0;
	for (const struct mark *m = d->marks; m; m = m->next)
		n++;
	f->mark = (uint32_t)(w->marks.n / sizeof(struct old_mark));
	f->marks = (uint32_t)n;
	_cleanup_free_ const struct mark **list = calloc(n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (const struct mark *m = d->marks; m; m = m->next)
		list[i++] = m;
	qsort(list, n, sizeof(*list), by_look);
	for (i = 0; i < n; i++) {
		struct old_mark m = {.name = put_name(&w->names, list[i]->name),
		        .look = (uint16_t)list[i]->look,
		        .place = (int16_t)list[i]->place,
		        .verdict = list[i]->verdict,
		        .ino = list[i]->ino,
		        .size = list[i]->size,
		        .mtime = list[i]->mtime,
		        .ctime = list[i]->ctime};
		buf_add(&w->marks, slice_of(&m, sizeof(m)));
	}
	return 0;
}

static int put_folders(struct writing *w, const struct taking *t)
{
	w->queue[w->n++] = t->top;
	for (; w->at < w->n; w->at++) {
		const struct node *d = w->queue[w->at];
		struct old_folder f = {.name = put_name(&w->names, d->name),
		        .child = (uint32_t)w->n,
		        .flags = d->flags & (NODE_PARTIAL | NODE_VIRTUAL),
		        .dev = d->dev,
		        .ino = d->ino,
		        .mtime = d->mtime,
		        .ctime = d->ctime};
		size_t from = w->n;
		for (const struct node *c = d->child; c; c = c->sibling)
			w->queue[w->n++] = c;
		f.children = (uint32_t)(w->n - from);
		qsort(w->queue + from, w->n - from, sizeof(*w->queue), by_name);
		int r = put_marks(w, d, &f);
		if (r < 0)
			return r;
		buf_add(&w->folders, slice_of(&f, sizeof(f)));
	}
	return 0;
}

static int write_file(const char *path, const struct slice *part, size_t n, struct err *err)
{
	uint8_t digest[DIGEST_MAX];
	struct digest_stream *s;
	_cleanup_buf_ struct buf new = BUF(8192);
	buf_fmt(&new, "%s.%d", path, (int)getpid());
	int r = buf_error(&new) ? -ENAMETOOLONG : digest_stream_new(DIGEST_SHA256, &s);
	if (r < 0)
		return err_sys(err, r, "cannot write the cache %s", path);
	(void)unlink(buf_str(&new));
	_cleanup_fd_ int fd = open(buf_str(&new), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : 0;
	for (size_t i = 0; i < n && r == 0; i++) {
		r = digest_stream_add(s, part[i]);
		r = r < 0 ? r : fd_write_all(fd, part[i]);
	}
	int e = digest_stream_end(s, digest);
	r = r < 0 ? r : e;
	r = r < 0 ? r : fd_write_all(fd, slice_of(digest, 32));
	if (r == 0 && rename(buf_str(&new), path) < 0)
		r = -errno;
	if (r < 0 && fd >= 0)
		(void)unlink(buf_str(&new));
	return r < 0 ? err_sys(err, r, "cannot write the cache %s", path) : 0;
}

int inventory_cache_write(const struct taking *t, struct err *err)
{
	struct writing w = {
	        .folders = BUF((size_t)CACHE_MAX / 4), .marks = BUF((size_t)CACHE_MAX / 4), .names = BUF((size_t)CACHE_MAX / 4)};
	struct header h = {.magic = CACHE_MAGIC};
	w.queue = calloc(t->kept + 1, sizeof(*w.queue));
	int r = w.queue ? put_folders(&w, t) : -ENOMEM;
	if (r == 0 && (buf_error(&w.folders) || buf_error(&w.marks) || buf_error(&w.names)))
		r = -ENOMEM;
	if (r == 0) {
		made_with(t->o, h.made_with);
		h.folders = w.n;
		h.marks = w.marks.n / sizeof(struct old_mark);
		h.verdicts = t->verdicts;
		h.names = w.names.n;
		const struct slice parts[] = {slice_of(&h, sizeof(h)), buf_slice(&w.folders), buf_slice(&w.marks),
		        slice_of(t->verdict, t->verdicts * sizeof(*t->verdict)), buf_slice(&w.names)};
		r = write_file(t->o->cache, parts, ARRAY_LEN(parts), err);
	} else {
		r = err_sys(err, r, "cannot write the cache");
	}
	buf_free(&w.folders);
	buf_free(&w.marks);
	buf_free(&w.names);
	free(w.queue);
	return r;
}
