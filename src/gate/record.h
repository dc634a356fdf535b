/* record: entries on their way into a ledger, from a thread of their own, so that the loop never waits for a disk. What comes while one
 * batch is being written goes together into the next. */
#ifndef POSTERN_GATE_RECORD_H
#define POSTERN_GATE_RECORD_H

#include "base/buf.h"
#include "base/err.h"

struct loop;
struct ledger_client;
struct record;

#define RECORD_WAITING_MAX 8192u
#define RECORD_NO_ID       "0000000000000000000000000000000000000000000000000000000000000000"

/* Called from the loop: the entry with that ticket is on disk (error 0), or will never be. */
typedef void record_done(void *arg, uint64_t ticket, int error);

/* The client is taken over; no other may use it. folder: of the ledger, an open descriptor, which is taken over too; -1 if no entry will
 * have a body. */
[[nodiscard]] int record_new(
        struct loop *loop, struct ledger_client *client, int folder, record_done *done, void *arg, struct record **out, struct err *err);
/* One entry (canonical JSON), copied. ticket 0: nobody waits for it. 0; -ENOBUFS: too many wait, or more than 256 MiB of bodies; or the
 * error that ended the writing. body: a file that belongs to it, which goes into the ledger before it (ledger/blob.h); the descriptor is
 * taken over in any case; -1: none. The entry then names it as RECORD_NO_ID, which is replaced. */
[[nodiscard]] int record_add(struct record *r, struct slice entry, uint64_t ticket, int body);
/* Why nothing can be written any more; NULL while all is well. */
const char *record_trouble(struct record *r);
/* Writes what waits, and frees. A checkpoint that covers it is signed: appended if checkpoint is not NULL, and otherwise not waited for:
 * what was written is on disk, and a signature takes as long again. *first, *n: index of the first entry, and how many; may be NULL. */
[[nodiscard]] int record_close(struct record *r, struct buf *checkpoint, uint64_t *first, uint64_t *n, struct err *err);

#endif
