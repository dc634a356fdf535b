/* The half of ledger/tiles.h that writes. */
#include "ledger/tiles.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ledger/file.h"
#include "sys/path.h"

#define GROUP       128 /* files that are synced and renamed together */
#define GROUP_BYTES ((size_t)32 << 20)
#define SYNCERS     16 /* threads at most */
#define DIRTY       32

struct pending {
	int fd, level;
	uint64_t index;
	unsigned width, tmp;
};

struct tiles {
	int dir, error;
	bool hurry;
	struct merkle_range range;
	struct merkle_hash hash[TILES_LEVELS][TLOG_TILE_WIDTH]; /* of the incomplete tile of each level */
	struct buf bundle;                                      /* entries since the last full one */
	unsigned in_bundle, tmp;
	/* Written, neither synced nor renamed yet. */
	struct pending pending[GROUP];
	size_t n_pending, pending_bytes;
	/* Folders whose entries are not on disk yet, and the one made last on each level, so that it isn't made for each file. */
	char dirty[DIRTY][TLOG_PATH_MAX];
	size_t n_dirty;
	char made[TILES_LEVELS + 1][2][TLOG_PATH_MAX];
	/* Level + 1: the incomplete tile that was published, and its width; and one whose partial files can go. */
	struct {
		uint64_t index, stale;
		unsigned width;
		bool has, has_stale;
	} part[TILES_LEVELS + 1];
};

static int sync_folders(struct tiles *t)
{
	int r = 0;
	for (size_t i = 0; i < t->n_dirty && r == 0; i++)
		r = file_sync_folder(t->dir, t->dirty[i]);
	t->n_dirty = 0;
	return r;
}

static int dirty(struct tiles *t, const char *folder)
{
	for (size_t i = 0; i < t->n_dirty; i++)
		if (strcmp(t->dirty[i], folder) == 0)
			return 0;
	int r = t->n_dirty == DIRTY ? sync_folders(t) : 0;
	memcpy(t->dirty[t->n_dirty++], folder, strlen(folder) + 1);
	return r;
}

/* Makes the folders that a file lies in, and remembers that what they hold must be synced. */
static int make_folders(struct tiles *t, int level, bool partial, const char *path)
{
	char folder[TLOG_PATH_MAX], *made = t->made[level + 1][partial];
	const char *end = strrchr(path, '/');
	size_t n = (size_t)(end - path);
	memcpy(folder, path, n);
	folder[n] = 0;
	int r = 0;
	if (strcmp(folder, made) != 0) {
		for (size_t i = 0; i <= n && r == 0; i++) {
			char c = folder[i];
			if (c != '/' && c)
				continue;
			folder[i] = 0;
			r = file_folder(t->dir, folder, 0777);
			r = r < 0 || i == n ? r : dirty(t, folder);
			folder[i] = c;
		}
		memcpy(made, folder, n + 1);
	}
	return r < 0 ? r : dirty(t, folder);
}

/* Files that are to be synced, and those who do it. */
struct syncing {
	struct tiles *t;
	atomic_size_t next;
	atomic_int error;
};

static void *sync_some(void *arg)
{
	struct syncing *s = arg;
	for (size_t i; (i = atomic_fetch_add(&s->next, 1)) < s->t->n_pending;) {
		int r = atomic_load(&s->error) ? 0 : file_sync_data(s->t->pending[i].fd);
		if (r < 0)
			atomic_store(&s->error, r);
		file_close(&s->t->pending[i].fd);
	}
	return NULL;
}

/* A file system commits for all who wait at that moment; one after the other would wait once for each file. But who writes the journal at
 * the same time then waits for all of them, so this is done only when it must be. */
static int sync_pending(struct tiles *t)
{
	struct syncing s = {.t = t};
	pthread_t thread[SYNCERS];
	size_t n = 0, want = t->hurry ? t->n_pending / 4 : 0;
	while (n < want && n < SYNCERS && pthread_create(&thread[n], NULL, sync_some, &s) == 0)
		n++;
	(void)sync_some(&s);
	while (n)
		(void)pthread_join(thread[--n], NULL);
	return s.error;
}

/* Puts all that was written where it belongs, for good. */
static int settle(struct tiles *t)
{
	int r = sync_pending(t);
	for (size_t i = 0; i < t->n_pending && r == 0; i++) {
		const struct pending *p = &t->pending[i];
		char from[32], to[TLOG_PATH_MAX];
		(void)snprintf(from, sizeof(from), "tmp/%u", p->tmp);
		tlog_tile_path(p->level, p->index, p->width, to);
		r = make_folders(t, p->level, p->width < TLOG_TILE_WIDTH, to);
		r = r < 0 ? r : file_rename(t->dir, from, to);
	}
	t->n_pending = t->pending_bytes = 0;
	return r;
}

static int put(struct tiles *t, int level, uint64_t index, unsigned width, struct slice data)
{
	char path[32];
	int r = 0;
	if (t->n_pending == GROUP || t->pending_bytes >= GROUP_BYTES)
		r = settle(t);
	struct pending p = {.level = level, .index = index, .width = width, .tmp = t->tmp++};
	(void)snprintf(path, sizeof(path), "tmp/%u", p.tmp);
	p.fd = r < 0 ? r : file_open(t->dir, path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	r = p.fd < 0 ? p.fd : file_write_slice(p.fd, 0, data);
	if (r < 0) {
		file_close(&p.fd);
		return r;
	}
	t->pending[t->n_pending++] = p;
	t->pending_bytes += data.n;
	return 0;
}

/* A merkle_done. */
static void node_done(void *arg, unsigned level, uint64_t index, const struct merkle_hash *hash)
{
	struct tiles *t = arg;
	unsigned l = level / TLOG_TILE_HEIGHT;
	if (level % TLOG_TILE_HEIGHT || l >= TILES_LEVELS)
		return;
	t->hash[l][index % TLOG_TILE_WIDTH] = *hash;
	if (index % TLOG_TILE_WIDTH == TLOG_TILE_WIDTH - 1 && t->error == 0)
		t->error = put(t, (int)l, index / TLOG_TILE_WIDTH, TLOG_TILE_WIDTH, slice_of(t->hash[l], sizeof(t->hash[l])));
}

int tiles_add(struct tiles *t, uint32_t count, const uint8_t *hashes, struct slice entries)
{
	while (count && t->error == 0) {
		unsigned room = TLOG_TILE_WIDTH - t->in_bundle, n = count < room ? count : room;
		struct slice part;
		if (tiles_bundle_cut(entries, n, false, &part) < 0)
			return -EBADMSG;
		buf_add(&t->bundle, part);
		if (buf_error(&t->bundle))
			return buf_error(&t->bundle);
		entries = slice_from(entries, part.n);
		t->in_bundle += n;
		if (t->in_bundle == TLOG_TILE_WIDTH) {
			t->error = put(t, -1, t->range.size / TLOG_TILE_WIDTH, TLOG_TILE_WIDTH, buf_slice(&t->bundle));
			t->in_bundle = 0;
			buf_reset(&t->bundle);
		}
		for (unsigned i = 0; i < n; i++, hashes += MERKLE_HASH) {
			struct merkle_hash h;
			memcpy(&h, hashes, sizeof(h));
			merkle_append(&t->range, &h, node_done, t);
		}
		count -= n;
	}
	return t->error;
}

static int put_partial(struct tiles *t, int level)
{
	uint64_t n = level > 0 ? t->range.size >> (TLOG_TILE_HEIGHT * level) : t->range.size;
	uint64_t index = n / TLOG_TILE_WIDTH;
	unsigned width = (unsigned)(n % TLOG_TILE_WIDTH);
	__typeof__(t->part[0]) *p = &t->part[level + 1];
	if (p->has && p->index != index) {
		p->stale = p->index;
		p->has_stale = true;
		p->has = false;
	}
	if (width == 0 || (p->has && p->width == width))
		return 0;
	p->has = true;
	p->index = index;
	p->width = width;
	return put(t, level, index, width, level < 0 ? buf_slice(&t->bundle) : slice_of(t->hash[level], (size_t)width * MERKLE_HASH));
}

int tiles_publish(struct tiles *t)
{
	for (int level = -1; level < TILES_LEVELS && t->error == 0; level++)
		t->error = put_partial(t, level);
	t->error = t->error < 0 ? t->error : settle(t);
	t->error = t->error < 0 ? t->error : sync_folders(t);
	return t->error;
}

/* The removal is on disk when this returns 0. Some file systems (ext4 with data=writeback) give the room of a removed file to the next one
 * before they have noted the removal: after a loss of power the name would be there again, with what was written behind it. */
static int remove_partial(int dir, int level, uint64_t index)
{
	char path[TLOG_PATH_MAX], file[TLOG_PATH_MAX + 300];
	tlog_tile_path(level, index, TLOG_TILE_WIDTH, path);
	if (faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* the partial ones are all that is left of it */
	tlog_tile_path(level, index, 1, path);
	*strrchr(path, '/') = 0;
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	DIR *d = fdopendir(fd);
	if (!d) {
		int e = -errno;
		(void)close(fd);
		return e;
	}
	int r = 0, more = 0;
	for (struct dirent *e; r == 0 && (more = path_next(d, &e)) == 1;) {
		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		r = file_remove(dir, file);
	}
	(void)closedir(d);
	r = r < 0 ? r : more;
	r = r < 0 ? r : file_remove(dir, path);
	*strrchr(path, '/') = 0;
	return r < 0 ? r : file_sync_folder(dir, path);
}

int tiles_tidy(struct tiles *t)
{
	for (int level = -1; level < TILES_LEVELS && t->error == 0; level++) {
		__typeof__(t->part[0]) *p = &t->part[level + 1];
		if (p->has_stale)
			t->error = remove_partial(t->dir, level, p->stale);
		p->has_stale = false;
	}
	return t->error;
}

/* The incomplete tile of a level, from its file or from the full tiles below. */
static int load_level(struct tiles *t, int level, uint64_t size, uint64_t *missing)
{
	uint64_t n = size >> (TLOG_TILE_HEIGHT * level), index = n / TLOG_TILE_WIDTH;
	unsigned width = (unsigned)(n % TLOG_TILE_WIDTH);
	_cleanup_buf_ struct buf b = BUF((size_t)TLOG_TILE_WIDTH * MERKLE_HASH);
	if (width == 0)
		return 0;
	*missing = (index * TLOG_TILE_WIDTH) << (TLOG_TILE_HEIGHT * level);
	int r = tiles_file(t->dir, level, index, width, &b);
	if (r == 0)
		memcpy(t->hash[level], b.p, b.n);
	if (r != -ENOENT || level == 0)
		return r;
	struct tiles_reader *reader;
	r = tiles_reader_new(t->dir, size, &reader);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < width && r == 0; i++) {
		*missing = (index * TLOG_TILE_WIDTH + i) << (TLOG_TILE_HEIGHT * level);
		/* The root of the full tile below is its two halves joined. */
		struct merkle_hash half[2];
		for (unsigned k = 0; k < 2 && r == 0; k++)
			r = tiles_node(reader, (unsigned)level * TLOG_TILE_HEIGHT - 1, 2 * (index * TLOG_TILE_WIDTH + i) + k, &half[k]);
		if (r == 0)
			merkle_node(&half[0], &half[1], &t->hash[level][i]);
	}
	tiles_reader_free(reader);
	return r;
}

static int load_bundle(struct tiles *t, uint64_t size, uint64_t *missing)
{
	unsigned width = (unsigned)(size % TLOG_TILE_WIDTH);
	*missing = size - width;
	if (width == 0)
		return 0;
	int r = tiles_file(t->dir, -1, size / TLOG_TILE_WIDTH, width, &t->bundle);
	struct slice rest = buf_slice(&t->bundle), entry;
	for (unsigned i = 0; i < width && r == 0; i++, ++*missing) {
		struct merkle_hash h;
		if (tlog_bundle_next(&rest, &entry) != 1)
			return -EBADMSG;
		merkle_leaf(entry, &h);
		if (memcmp(&h, &t->hash[0][i], sizeof(h)) != 0)
			return -EBADMSG;
	}
	t->in_bundle = width;
	return r;
}

/* A merkle_read over the incomplete tiles: the complete subtrees of a tree all begin in one. */
static int peak(void *arg, unsigned level, uint64_t index, struct merkle_hash *out)
{
	const struct tiles *t = arg;
	unsigned l = level / TLOG_TILE_HEIGHT, up = level % TLOG_TILE_HEIGHT;
	struct merkle_hash h[TLOG_TILE_WIDTH];
	unsigned n = 1u << up, from = (unsigned)((index << up) % TLOG_TILE_WIDTH);
	memcpy(h, &t->hash[l][from], n * sizeof(h[0]));
	for (; n > 1; n /= 2)
		for (unsigned i = 0; i < n / 2; i++)
			merkle_node(&h[2 * (size_t)i], &h[2 * (size_t)i + 1], &h[i]);
	*out = h[0];
	return 0;
}

int tiles_new(int dir, uint64_t size, struct tiles **out, uint64_t *missing)
{
	struct tiles *t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->dir = dir;
	t->bundle = BUF(TILES_BUNDLE);
	int r = 0;
	for (int level = 0; level < TILES_LEVELS && r == 0; level++)
		r = load_level(t, level, size, missing);
	r = r < 0 ? r : load_bundle(t, size, missing);
	r = r < 0 ? r : merkle_range_read(size, peak, t, &t->range);
	if (r < 0) {
		tiles_free(t);
		return r;
	}
	/* Partial files of earlier sizes may be there, and those of the tile before if a crash came before they went. */
	for (int level = -1; level < TILES_LEVELS; level++) {
		uint64_t n = level > 0 ? size >> (TLOG_TILE_HEIGHT * level) : size, index = n / TLOG_TILE_WIDTH;
		__typeof__(t->part[0]) *p = &t->part[level + 1];
		p->has = true;
		p->index = index;
		p->has_stale = index > 0;
		p->stale = index ? index - 1 : 0;
	}
	*out = t;
	return 0;
}

void tiles_free(struct tiles *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n_pending; i++)
		file_close(&t->pending[i].fd);
	buf_free(&t->bundle);
	free(t);
}

void tiles_hurry(struct tiles *t, bool hurry)
{
	t->hurry = hurry;
}

uint64_t tiles_size(const struct tiles *t)
{
	return t->range.size;
}

const struct merkle_range *tiles_range(const struct tiles *t)
{
	return &t->range;
}

void tiles_top(const struct tiles *t, struct merkle_hash *root)
{
	merkle_root(&t->range, root);
}
