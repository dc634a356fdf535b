/* A disk that can lose power. Records what src/ledger does to a folder (ledger/file.h), and makes folders as a crash could have left them:
 * what was synced is there; of what was not, any part may be. */
#ifndef LEDGER_DISK_H
#define LEDGER_DISK_H

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/file.h"

#define SECTOR 512

struct op {
	struct file_event e; /* pointers are ours */
	uint8_t *data;
	size_t n;
};
struct tape {
	struct op *op;
	size_t n, cap;
};

static inline void tape_after(void *arg, const struct file_event *e)
{
	struct tape *t = arg;
	if (t->n == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 256;
		t->op = realloc(t->op, t->cap * sizeof(*t->op));
		assert(t->op);
	}
	/* Writes were kept by tape_before. */
	if (e->op == FILE_WRITE) {
		assert(e->result == 0);
		return;
	}
	struct op *o = &t->op[t->n++];
	*o = (struct op){.e = *e};
	o->e.path = e->path ? strdup(e->path) : NULL;
	o->e.to = e->to ? strdup(e->to) : NULL;
}

static inline int tape_before(void *arg, const struct file_event *e)
{
	struct tape *t = arg;
	if (e->op != FILE_WRITE)
		return 0;
	struct op o = {.e = *e};
	for (int i = 0; i < e->n_iov; i++)
		o.n += e->iov[i].iov_len;
	o.data = malloc(o.n + 1);
	assert(o.data);
	size_t at = 0;
	for (int i = 0; i < e->n_iov; i++) {
		memcpy(o.data + at, e->iov[i].iov_base, e->iov[i].iov_len);
		at += e->iov[i].iov_len;
	}
	o.e.iov = NULL;
	/* Keeps its place in the order. */
	struct file_event none = {.op = FILE_CLOSE, .fd = -1, .dir = -1};
	tape_after(arg, &none);
	t->op[t->n - 1] = o;
	return 0;
}

static inline void tape_free(struct tape *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->op[i].data);
		free((void *)(uintptr_t)t->op[i].e.path);
		free((void *)(uintptr_t)t->op[i].e.to);
	}
	free(t->op);
	*t = (struct tape){0};
}

/* The model. Files by number; names in one table, each entry with its state now and on disk. */
#define FILES 512
#define NAMES 1024
struct image { /* content, as sectors that were written */
	uint8_t *p;
	size_t n;
};
struct dfile {
	struct image now, disk;
	bool folder;
};
struct dname {
	char path[300];
	int now, disk;    /* number of a file; -1: none */
	int way[8], ways; /* what it was between the two */
};
struct disk {
	struct dfile file[FILES];
	int n_files;
	struct dname name[NAMES];
	int n_names;
	int fd[4096]; /* file of a descriptor + 1 */
};

static inline void image_set(struct image *i, const uint8_t *p, size_t n)
{
	i->p = realloc(i->p, n + 1);
	assert(i->p);
	if (n)
		memcpy(i->p, p, n);
	i->n = n;
}

static inline void image_write(struct image *i, size_t at, const uint8_t *p, size_t n)
{
	if (at + n > i->n) {
		i->p = realloc(i->p, at + n + 1);
		assert(i->p);
		memset(i->p + i->n, 0, at + n - i->n);
		i->n = at + n;
	}
	memcpy(i->p + at, p, n);
}

static inline struct dname *disk_name(struct disk *d, const char *path)
{
	for (int i = 0; i < d->n_names; i++)
		if (strcmp(d->name[i].path, path) == 0)
			return &d->name[i];
	assert(d->n_names < NAMES);
	struct dname *n = &d->name[d->n_names++];
	*n = (struct dname){.now = -1, .disk = -1};
	assert(strlen(path) < sizeof(n->path));
	memcpy(n->path, path, strlen(path) + 1);
	return n;
}

static inline void name_to(struct dname *n, int file)
{
	if (n->ways < 8)
		n->way[n->ways++] = n->now;
	n->now = file;
}

static inline int disk_file(struct disk *d, bool folder)
{
	assert(d->n_files < FILES);
	d->file[d->n_files] = (struct dfile){.folder = folder};
	return d->n_files++;
}

/* Is path an entry of that folder ("." for the top)? */
static inline bool lies_in(const char *path, const char *folder)
{
	const char *slash = strrchr(path, '/');
	if (strcmp(folder, ".") == 0)
		return !slash;
	return slash && (size_t)(slash - path) == strlen(folder) && strncmp(path, folder, strlen(folder)) == 0;
}

static inline void disk_apply(struct disk *d, const struct op *o)
{
	const struct file_event *e = &o->e;
	struct dname *n, *to;
	switch (e->op) {
	case FILE_OPEN:
		n = disk_name(d, e->path);
		if (n->now < 0)
			name_to(n, disk_file(d, false));
		if (e->flags & O_TRUNC)
			d->file[n->now].now.n = 0;
		d->fd[e->result] = n->now + 1;
		break;
	case FILE_WRITE:
		image_write(&d->file[d->fd[e->fd] - 1].now, e->offset, o->data, o->n);
		break;
	case FILE_CUT:
		d->file[d->fd[e->fd] - 1].now.n = e->offset;
		break;
	case FILE_SYNC:
	case FILE_SYNC_DATA:
		if (e->path) {
			for (int i = 0; i < d->n_names; i++) {
				if (lies_in(d->name[i].path, e->path)) {
					d->name[i].disk = d->name[i].now;
					d->name[i].ways = 0;
				}
			}
		} else {
			struct dfile *f = &d->file[d->fd[e->fd] - 1];
			image_set(&f->disk, f->now.p, f->now.n);
		}
		break;
	case FILE_RENAME:
		n = disk_name(d, e->path);
		to = disk_name(d, e->to);
		name_to(to, n->now);
		name_to(n, -1);
		break;
	case FILE_REMOVE:
		name_to(disk_name(d, e->path), -1);
		break;
	case FILE_FOLDER:
		n = disk_name(d, e->path);
		if (n->now < 0)
			name_to(n, disk_file(d, true));
		break;
	case FILE_STAMP:
	case FILE_CLOSE:
		break;
	}
}

/* Reads a folder that is all on disk. */
static inline void disk_load(struct disk *d, const char *root, const char *below)
{
	char path[600];
	(void)snprintf(path, sizeof(path), "%s/%s", root, below);
	DIR *dir = opendir(path);
	assert(dir);
	for (struct dirent *e; (e = readdir(dir));) {
		char name[300], full[1000];
		struct stat st;
		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(
		        name, sizeof(name), "%s%s%s", strcmp(below, ".") == 0 ? "" : below, strcmp(below, ".") == 0 ? "" : "/", e->d_name);
		(void)snprintf(full, sizeof(full), "%s/%s", root, name);
		assert(stat(full, &st) == 0);
		struct dname *n = disk_name(d, name);
		n->now = n->disk = disk_file(d, S_ISDIR(st.st_mode));
		if (S_ISDIR(st.st_mode)) {
			disk_load(d, root, name);
			continue;
		}
		uint8_t *p = malloc((size_t)st.st_size + 1);
		FILE *f = fopen(full, "rb");
		assert(p && f && fread(p, 1, (size_t)st.st_size, f) == (size_t)st.st_size);
		(void)fclose(f);
		image_set(&d->file[n->now].now, p, (size_t)st.st_size);
		image_set(&d->file[n->now].disk, p, (size_t)st.st_size);
		free(p);
	}
	(void)closedir(dir);
}

static inline void disk_free(struct disk *d)
{
	for (int i = 0; i < d->n_files; i++) {
		free(d->file[i].now.p);
		free(d->file[i].disk.p);
	}
	*d = (struct disk){0};
}

enum crash {
	CRASH_KILLED,  /* only the process ended: all is there */
	CRASH_NOTHING, /* nothing that was not synced is there */
	CRASH_NAMES,   /* names, but not the bytes */
	CRASH_BYTES,   /* bytes, but not the names */
	CRASH_ANY,     /* any sector, any name, by chance */
	CRASHES,
};

static inline uint32_t chance(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static inline void put_image(const char *path, const struct dfile *f, enum crash how, uint32_t *seed)
{
	bool now = how == CRASH_KILLED || how == CRASH_BYTES;
	struct image out = {0};
	const struct image *from = now ? &f->now : &f->disk;
	image_set(&out, from->p, from->n);
	if (how == CRASH_ANY) {
		/* The length first, then each sector. */
		if (chance(seed) & 1)
			out.n = f->now.n < out.n ? f->now.n : out.n;
		for (size_t at = 0; at < f->now.n; at += SECTOR) {
			size_t n = f->now.n - at < SECTOR ? f->now.n - at : SECTOR;
			bool same = at + n <= f->disk.n && memcmp(f->now.p + at, f->disk.p + at, n) == 0;
			if (!same && chance(seed) & 1)
				image_write(&out, at, f->now.p + at, n);
		}
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert(fd >= 0 && ftruncate(fd, (off_t)out.n) == 0);
	/* Zeros are left as holes. */
	for (size_t at = 0; at < out.n; at += 4096) {
		static const uint8_t zero[4096];
		size_t n = out.n - at < 4096 ? out.n - at : 4096;
		if (memcmp(out.p + at, zero, n) != 0)
			assert(pwrite(fd, out.p + at, n, (off_t)at) == (ssize_t)n);
	}
	(void)close(fd);
	free(out.p);
}

/* Makes the folder `root` as that crash leaves it. */
static inline void disk_put(struct disk *d, const char *root, enum crash how, uint32_t seed)
{
	int shown[NAMES];
	for (int i = 0; i < d->n_names; i++) {
		const struct dname *n = &d->name[i];
		bool now = how == CRASH_KILLED || how == CRASH_NAMES;
		shown[i] = now ? n->now : n->disk;
		if (how == CRASH_ANY && n->ways) {
			uint32_t pick = chance(&seed) % ((uint32_t)n->ways + 1);
			shown[i] = pick == (uint32_t)n->ways ? n->now : n->way[pick];
		}
	}
	assert(mkdir(root, 0700) == 0 || errno == EEXIST);
	/* Folders first, the short names before the long ones. */
	for (size_t depth = 0; depth < 6; depth++) {
		for (int i = 0; i < d->n_names; i++) {
			char path[1000];
			size_t slashes = 0;
			for (const char *c = d->name[i].path; *c; c++)
				slashes += *c == '/';
			if (slashes != depth || shown[i] < 0)
				continue;
			(void)snprintf(path, sizeof(path), "%s/%s", root, d->name[i].path);
			if (d->file[shown[i]].folder) {
				assert(mkdir(path, 0700) == 0 || errno == ENOENT);
			} else {
				/* What lies in a folder that is lost is lost. */
				char parent[1000];
				(void)snprintf(parent, sizeof(parent), "%s", path);
				*strrchr(parent, '/') = 0;
				if (access(parent, F_OK) == 0)
					put_image(path, &d->file[shown[i]], how, &seed);
			}
		}
	}
}

#endif
