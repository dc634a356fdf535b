/* rebuild: makes the files of the tree again from the entries, if these lead to the signed root. */
#ifndef POSTERN_LEDGER_REBUILD_H
#define POSTERN_LEDGER_REBUILD_H

#include "crypto/tlog.h"

/* *entries: how many the tree was made of again; 0: all files were as they should be, and nothing was written. Takes the lock of the writer
 * if something has to be written (-EBUSY). -EBADMSG: the entries are not those that were signed, and nothing was written. */
[[nodiscard]] int ledger_rebuild_tiles(const char *path, int dir, const struct note_vkey *key, uint64_t *entries, struct err *err);

#endif
