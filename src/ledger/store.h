/* store: a ledger that is open for writing: what the writer process does to the folder, without processes, threads of its own or sockets.
 *
 * Order, which is what makes the log survive: records in the journal (journal_append), then tiles (tiles_publish), then the checkpoint,
 * then the journal's segments are given up. A checkpoint says nothing that is not on disk three times over when it is signed: entries in
 * the journal, entries and hashes in tiles. */
#ifndef POSTERN_LEDGER_STORE_H
#define POSTERN_LEDGER_STORE_H

#include "ledger/checkpoint.h"
#include "ledger/config.h"
#include "ledger/journal.h"
#include "ledger/signer.h"
#include "ledger/tiles.h"

struct store {
	int dir;
	struct ledger_config config;
	struct ledger_signer signer;
	struct tiles *tiles;
	struct journal *journal;
	uint64_t signed_size;
	struct merkle_hash signed_root;
	int64_t time;   /* of the last checkpoint */
	char note[400]; /* something a person should know, "" if there is nothing */
};

struct store_key {
	const char *file, *agent; /* in place of what config says; both may be NULL */
};

/* Makes a ledger in a folder that is missing or empty, with a checkpoint of size 0. key: where the signing key is; neither: a new one is
 * made in the folder. */
[[nodiscard]] int store_init(const char *path, const char *origin, const struct store_key *key, struct err *err);

/* Takes the lock: a descriptor. -EBUSY: another process has it; the message says which. -EROFS and the like. */
[[nodiscard]] int store_lock(int dir, const char *path, struct err *err);
/* Opens for writing, with the lock held. dir stays the caller's. Makes good what a crash has left: entries in the journal after the last
 * checkpoint go into tiles and a checkpoint. -EBADMSG: what is there contradicts what was signed, or an entry is damaged or missing;
 * nothing has been changed then. *s needs store_close() also after a failure. */
[[nodiscard]] int store_open(int dir, const struct store_key *key, struct store *s, struct err *err);
void store_close(struct store *s);

/* Makes tiles of the record; it must be on disk in the journal. */
[[nodiscard]] int store_take(struct store *s, const struct journal_record *r, struct err *err);
/* Writes tiles and checkpoint of all that was taken, and gives up segments of the journal. */
[[nodiscard]] int store_publish(struct store *s, struct err *err);
/* The end without a crash: after a last store_publish() the journal goes. */
[[nodiscard]] int store_end(struct store *s, struct err *err);

#endif
