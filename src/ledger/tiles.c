#include "ledger/tiles.h"

#include <errno.h>

#include "base/cleanup.h"
#include "sys/path.h"

int tiles_bundle_cut(struct slice bundle, unsigned width, bool exact, struct slice *out)
{
	struct slice rest = bundle, entry;
	for (unsigned i = 0; i < width; i++)
		if (tlog_bundle_next(&rest, &entry) != 1)
			return -EBADMSG;
	if (exact && rest.n)
		return -EBADMSG;
	*out = slice_sub(bundle, 0, bundle.n - rest.n);
	return 0;
}

static int fits(int level, unsigned width, bool exact, struct buf *b, size_t from)
{
	struct slice cut, all = slice_from(buf_slice(b), from);
	if (level >= 0) {
		size_t want = (size_t)width * MERKLE_HASH;
		if (exact ? all.n != want : all.n != (size_t)TLOG_TILE_WIDTH * MERKLE_HASH)
			return -EBADMSG;
		cut = slice_sub(all, 0, want);
	} else if (tiles_bundle_cut(all, width, exact, &cut) < 0) {
		return -EBADMSG;
	}
	b->n = from + cut.n;
	return 0;
}

int tiles_file(int dir, int level, uint64_t index, unsigned width, struct buf *out)
{
	char path[TLOG_PATH_MAX];
	size_t from = out->n;
	tlog_tile_path(level, index, width, path);
	int r = path_read(dir, path, out);
	bool exact = r != -ENOENT || width == TLOG_TILE_WIDTH;
	if (!exact) {
		tlog_tile_path(level, index, TLOG_TILE_WIDTH, path);
		r = path_read(dir, path, out);
	}
	r = r == -EFBIG ? -EBADMSG : r;
	r = r < 0 ? r : fits(level, width, exact, out, from);
	if (r < 0)
		out->n = from;
	return r;
}

/* A tile in memory with all nodes above its hashes: node[1] is the root, the children of node[i] are node[2 * i] and the one after it;
 * the hashes of the file are node[256] to node[511]. Of a partial one only what is complete has a meaning. */
struct tile {
	int level;
	uint64_t index, used;
	unsigned width;
	struct merkle_hash node[2 * TLOG_TILE_WIDTH];
};

static void complete(struct tile *t)
{
	for (unsigned row = TLOG_TILE_WIDTH / 2, n = t->width / 2; row; row /= 2, n /= 2)
		for (unsigned i = 0; i < n; i++)
			merkle_node(&t->node[2 * (row + i)], &t->node[2 * (row + i) + 1], &t->node[row + i]);
}

#define KEPT 16

struct tiles_reader {
	int dir;
	uint64_t size, clock;
	struct tile tile[KEPT];
};

int tiles_reader_new(int dir, uint64_t size, struct tiles_reader **out)
{
	struct tiles_reader *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->dir = dir;
	r->size = size;
	*out = r;
	return 0;
}

void tiles_reader_free(struct tiles_reader *r)
{
	free(r);
}

static int load(struct tiles_reader *r, struct tile *t, int level, uint64_t index)
{
	_cleanup_buf_ struct buf b = BUF((size_t)TLOG_TILE_WIDTH * MERKLE_HASH);
	unsigned width = tlog_tile_width(level, index, r->size);
	t->width = 0;
	if (width == 0)
		return -EINVAL;
	int e = tiles_file(r->dir, level, index, width, &b);
	if (e < 0)
		return e;
	memcpy(&t->node[TLOG_TILE_WIDTH], b.p, b.n);
	t->level = level;
	t->index = index;
	t->width = width;
	complete(t);
	return 0;
}

int tiles_node(void *arg, unsigned level, uint64_t index, struct merkle_hash *out)
{
	struct tiles_reader *r = arg;
	unsigned up = level % TLOG_TILE_HEIGHT, row = TLOG_TILE_WIDTH >> up;
	uint64_t at = index / row;
	struct tile *t = NULL, *oldest = &r->tile[0];
	for (struct tile *k = r->tile; k < r->tile + KEPT && !t; k++) {
		if (k->width && k->level == (int)(level / TLOG_TILE_HEIGHT) && k->index == at)
			t = k;
		else if (k->used < oldest->used)
			oldest = k;
	}
	if (!t) {
		int e = load(r, oldest, (int)(level / TLOG_TILE_HEIGHT), at);
		if (e < 0)
			return e;
		t = oldest;
	}
	if (((index % row + 1) << up) > t->width)
		return -EINVAL;
	t->used = ++r->clock;
	*out = t->node[row + index % row];
	return 0;
}

int tiles_root(struct tiles_reader *r, uint64_t size, struct merkle_hash *out)
{
	struct merkle_range range = {0};
	int e = size > r->size ? -EINVAL : merkle_range_read(size, tiles_node, r, &range);
	if (e < 0)
		return e;
	merkle_root(&range, out);
	return 0;
}
