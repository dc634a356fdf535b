#include "ledger/entries.h"

#include <errno.h>
#include <stdlib.h>

#include "ledger/tiles.h"

struct entries {
	int dir;
	uint64_t size, bundle; /* UINT64_MAX: none is loaded */
	struct buf bytes, tile;
	unsigned n;
	struct slice entry[TLOG_TILE_WIDTH];
};

int entries_new(int dir, uint64_t size, struct entries **out)
{
	struct entries *e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->dir = dir;
	e->size = size;
	e->bundle = UINT64_MAX;
	e->bytes = BUF(TILES_BUNDLE);
	e->tile = BUF((size_t)TLOG_TILE_WIDTH * MERKLE_HASH);
	*out = e;
	return 0;
}

void entries_free(struct entries *e)
{
	if (!e)
		return;
	buf_free(&e->bytes);
	buf_free(&e->tile);
	free(e);
}

static int load(struct entries *e, uint64_t bundle, struct err *err)
{
	unsigned width = tlog_tile_width(-1, bundle, e->size);
	unsigned long long first = bundle * TLOG_TILE_WIDTH;
	buf_reset(&e->bytes);
	buf_reset(&e->tile);
	e->bundle = UINT64_MAX;
	int r = tiles_file(e->dir, -1, bundle, width, &e->bytes);
	r = r < 0 ? r : tiles_file(e->dir, 0, bundle, width, &e->tile);
	if (r == -EBADMSG || r == -ENOENT)
		return err_set(err, r, "the file with entries from %llu on is %s; \"postern log verify\" says more", first,
		        r == -ENOENT ? "missing" : "damaged");
	if (r < 0)
		return err_sys(err, r, "cannot read the entries from %llu on", first);
	struct slice rest = buf_slice(&e->bytes);
	for (unsigned i = 0; i < width; i++) {
		struct merkle_hash h = {0};
		if (tlog_bundle_next(&rest, &e->entry[i]) == 1)
			merkle_leaf(e->entry[i], &h);
		if (memcmp(&h, e->tile.p + (size_t)i * MERKLE_HASH, sizeof(h)) != 0)
			return err_set(err, -EBADMSG, "entry %llu is not what its tile says; \"postern log verify\" says more", first + i);
	}
	e->n = width;
	e->bundle = bundle;
	return 0;
}

int entries_get(struct entries *e, uint64_t index, struct slice *out, struct err *err)
{
	if (index >= e->size)
		return err_set(err, -EINVAL, "there is no entry %llu: the checkpoint has %llu", (unsigned long long)index,
		        (unsigned long long)e->size);
	int r = e->bundle == index / TLOG_TILE_WIDTH ? 0 : load(e, index / TLOG_TILE_WIDTH, err);
	if (r < 0)
		return r;
	*out = e->entry[index % TLOG_TILE_WIDTH];
	return 0;
}
