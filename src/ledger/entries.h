/* entries: reads entries of a ledger by index. Each bundle that is read is compared with its tile, so that what is handed out is what the
 * tree has in that place; whether the tree is the signed one is for ledger_verify() to say. */
#ifndef POSTERN_LEDGER_ENTRIES_H
#define POSTERN_LEDGER_ENTRIES_H

#include "base/err.h"
#include "base/slice.h"

struct entries;
/* size: of the checkpoint. dir stays the caller's. */
[[nodiscard]] int entries_new(int dir, uint64_t size, struct entries **out);
void entries_free(struct entries *e);
/* The bytes of an entry: valid until the next call. -EINVAL past the end; -EBADMSG, -ENOENT with a sentence: the log is damaged there.
 * Going forward by one costs nothing; any other step a file. */
[[nodiscard]] int entries_get(struct entries *e, uint64_t index, struct slice *out, struct err *err);

#endif
