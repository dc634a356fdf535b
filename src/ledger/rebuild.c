#include "ledger/rebuild.h"

#include <errno.h>

#include "base/cleanup.h"
#include "ledger/store.h"
#include "ledger/verify.h"

/* The entries are known to be good: ledger_verify() has just said so. */
static int make(int dir, uint64_t size, struct err *err)
{
	struct tiles *t = NULL;
	uint64_t missing;
	_cleanup_buf_ struct buf bundle = BUF(TILES_BUNDLE);
	int r = tiles_new(dir, 0, &t, &missing);
	for (uint64_t b = 0; b * TLOG_TILE_WIDTH < size && r == 0; b++) {
		unsigned width = tlog_tile_width(-1, b, size);
		struct merkle_hash hash[TLOG_TILE_WIDTH];
		buf_reset(&bundle);
		r = tiles_file(dir, -1, b, width, &bundle);
		struct slice rest = buf_slice(&bundle), entry;
		for (unsigned i = 0; i < width && r == 0; i++) {
			r = tlog_bundle_next(&rest, &entry) == 1 ? 0 : -EBADMSG;
			if (r == 0)
				merkle_leaf(entry, &hash[i]);
		}
		r = r < 0 ? r : tiles_add(t, width, hash[0].b, buf_slice(&bundle));
	}
	r = r < 0 ? r : tiles_publish(t);
	tiles_free(t);
	return r < 0 ? err_sys(err, r, "cannot make the tree's files anew") : 0;
}

int ledger_rebuild_tiles(const char *path, int dir, const struct note_vkey *key, uint64_t *entries, struct err *err)
{
	struct verify_options how = {.key = key};
	struct verify_result v;
	_cleanup_fd_ int lock = -1;
	*entries = 0;
	int r = ledger_verify(dir, &how, &v, err);
	if (r < 0 || v.fault == VERIFY_GOOD)
		return r;
	if (v.fault != VERIFY_TILE)
		return err_set(err, -EBADMSG, "nothing can be made of this log: %.500s", v.text);
	/* Without a writer, and then once more: another may have been at work. */
	r = lock = store_lock(dir, path, err);
	r = r < 0 ? r : ledger_verify(dir, &how, &v, err);
	if (r < 0 || v.fault == VERIFY_GOOD)
		return r;
	if (v.fault != VERIFY_TILE)
		return err_set(err, -EBADMSG, "nothing can be made of this log: %.500s", v.text);
	r = make(dir, v.size, err);
	if (r == 0)
		*entries = v.size;
	return r;
}
