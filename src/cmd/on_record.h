/* on_record: how commands put what they found into a ledger: which one, what every entry says of the host and the person, entries in
 * batches, and a report as a body beside them. */
#ifndef POSTERN_CMD_ON_RECORD_H
#define POSTERN_CMD_ON_RECORD_H

#include "base/arena.h"
#include "ledger/blob.h"
#include "ledger/client.h"
#include "ledger/entry.h"

/* The folder, as --ledger names it; "none": NULL. Nothing was named: the usual one, if it is there; looking at files makes no ledger. */
const char *on_record_where(const char *named, struct arena *arena);

struct on_record {
	struct entry common; /* host, person, time, and Postern as the tool; the caller adds to it */
	const char *path;
	struct ledger_client *client;
	struct arena arena; /* what waits */
	struct slice *pending;
	size_t n, bytes;
	uint64_t first, last; /* entries that were written; of `any` */
	bool any;
	char host[256];
};
/* Makes the ledger if it is not there, and starts its writer. on_record_close() in any case. */
[[nodiscard]] int on_record_open(struct on_record *o, const char *path, struct err *err);
/* An entry; it may wait for others. */
[[nodiscard]] int on_record_put(struct on_record *o, const struct entry *e, struct err *err);
/* All are on disk, and under a checkpoint. */
[[nodiscard]] int on_record_end(struct on_record *o, struct err *err);
void on_record_close(struct on_record *o);

/* A body, written in pieces by `write`, which gets the writer and returns 0 or a negative errno with *err. */
[[nodiscard]] int on_record_body(struct on_record *o, int (*write)(void *arg, struct blob_writer *to, struct err *err), void *arg,
        struct blob_ref *out, struct err *err);

/* What to do about a failure: it is told, and an error only if a ledger was named or the policy requires one. EXIT_OK or EXIT_USAGE. */
int on_record_failed(const char *command, const char *path, bool must, const struct err *err);

#endif
