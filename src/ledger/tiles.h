/* tiles: the tree and the entries of a ledger as files, to the letter of C2SP tlog-tiles.
 *
 * Reading: nodes of the tree and entries, for a given size. Writing: entries are added in order; each tile that gets full is written at
 * once (a file in tmp/, synced and renamed in groups), and the partial ones of a size when a checkpoint of that size is to be signed. A
 * tile or bundle that can be seen is therefore whole. Partial ones stay until the full one of their place is there, because the
 * specification wants them served as long. */
#ifndef POSTERN_LEDGER_TILES_H
#define POSTERN_LEDGER_TILES_H

#include "base/buf.h"
#include "base/err.h"
#include "crypto/merkle.h"
#include "parse/tlog.h"

#define TILES_LEVELS 8 /* 256^8 entries are more than TLOG_SIZE_MAX */
#define TILES_BUNDLE ((size_t)TLOG_TILE_WIDTH * (2 + TLOG_ENTRY_MAX))

/* Appends a tile's (level >= 0) or bundle's file (level -1) as it is in a tree of `size`: width hashes, or the bytes of that many entries.
 * If only the full one is there, it is cut to the width. -ENOENT: neither is there; -EBADMSG: it is too short or too long. */
[[nodiscard]] int tiles_file(int dir, int level, uint64_t index, unsigned width, struct buf *out);
/* The first `width` entries of a bundle: their bytes. -EBADMSG if there are not as many; with exact also if there are more. */
[[nodiscard]] int tiles_bundle_cut(struct slice bundle, unsigned width, bool exact, struct slice *out);

/* Nodes of the tree of a size, read from tiles, the latest of which are kept. */
struct tiles_reader;
[[nodiscard]] int tiles_reader_new(int dir, uint64_t size, struct tiles_reader **out);
void tiles_reader_free(struct tiles_reader *r);
/* A merkle_read; arg is the reader. -ENOENT, -EBADMSG as tiles_file(). */
[[nodiscard]] int tiles_node(void *arg, unsigned level, uint64_t index, struct merkle_hash *out);
/* The root of the tree of `size` at most the reader's. */
[[nodiscard]] int tiles_root(struct tiles_reader *r, uint64_t size, struct merkle_hash *out);

struct tiles; /* being written */
/* Goes on from `size`, whose tiles are there (the partial ones of just that size, or full ones instead; above level 0 they are computed
 * from the level below where missing). The entries after the last full bundle must have the hashes that the tile has. Errors as
 * tiles_file(); *missing then is the first index that cannot be had. */
[[nodiscard]] int tiles_new(int dir, uint64_t size, struct tiles **out, uint64_t *missing);
void tiles_free(struct tiles *t);
uint64_t tiles_size(const struct tiles *t);
const struct merkle_range *tiles_range(const struct tiles *t);
void tiles_top(const struct tiles *t, struct merkle_hash *root);
/* Adds entries with their leaf hashes: count of each, entries as in a bundle. Full tiles may be written. */
[[nodiscard]] int tiles_add(struct tiles *t, uint32_t count, const uint8_t *hashes, struct slice entries);
/* Writes the partial tiles of the present size. Everything up to it is on disk when this returns 0. */
[[nodiscard]] int tiles_publish(struct tiles *t);
/* Whether to write with all that the disk can give, or to leave as much as possible to others. */
void tiles_hurry(struct tiles *t, bool hurry);
/* Removes partial tiles whose full one is on disk since the last tiles_publish(). Only after the checkpoint is on disk. */
[[nodiscard]] int tiles_tidy(struct tiles *t);

#endif
