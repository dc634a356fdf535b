/* verify_part: what verify.c and verify_locate.c share. Not for use elsewhere. */
#ifndef POSTERN_LEDGER_VERIFY_PART_H
#define POSTERN_LEDGER_VERIFY_PART_H

#include <stdatomic.h>

#include "ledger/tiles.h"
#include "ledger/verify.h"

/* The entries of one bundle. */
struct verify_leaves {
	struct merkle_hash have[TLOG_TILE_WIDTH + 1]; /* of the entries in the file; one more than a bundle has, if there is */
	unsigned n_have;
	struct merkle_hash want[TLOG_TILE_WIDTH]; /* of the tile */
	unsigned n_want;
	bool whole;   /* the file ends where an entry ends */
	bool no_file; /* of the entries */
	bool no_tile; /* that file is missing, or of the wrong size */
	uint64_t bytes;
};

/* Reads a bundle and its tile in a tree of `size`. Only what is no matter of the log's content is an error. */
[[nodiscard]] int verify_read(int dir, uint64_t bundle, uint64_t size, struct buf *space, struct verify_leaves *out);

/* The entries do not lead to the signed root: finds the first one that is to blame. */
[[nodiscard]] int verify_locate(int dir, struct verify_result *v, struct err *err);

void verify_say(struct verify_result *v, enum verify_fault fault, uint64_t index, uint64_t last, const char *fmt, ...)
        __attribute__((format(printf, 5, 6)));

#define U(v) ((unsigned long long)(v))

#endif
