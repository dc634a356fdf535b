/* checkpoint: the signed statement of a log's size and root, as a file. */
#ifndef POSTERN_LEDGER_CHECKPOINT_H
#define POSTERN_LEDGER_CHECKPOINT_H

#include "base/err.h"
#include "crypto/tlog.h"

struct ledger_checkpoint {
	uint64_t size;
	struct merkle_hash root;
	int64_t time;    /* of the file; 0 if it came from elsewhere */
	struct buf note; /* the whole text; freed by the caller */
};

/* Reads a checkpoint below dir and demands a good signature of the log. -ENOENT; -ENOKEY: it is not signed by this key; -EBADMSG: damaged,
 * or of another log; *out is untouched then. */
[[nodiscard]] int ledger_checkpoint_read(
        int dir, const char *path, const struct note_vkey *key, struct ledger_checkpoint *out, struct err *err);
/* The same of a text at hand; what: its name for messages. */
[[nodiscard]] int ledger_checkpoint_parse(
        struct slice text, const char *what, const struct note_vkey *key, struct ledger_checkpoint *out, struct err *err);
/* Signs size and root and puts the result in place of dir/checkpoint, for good. *time is that of the last one, and becomes that of this
 * one: never less, even if the clock was set back. -ENOKEY: it could not be signed, and nothing was changed. */
[[nodiscard]] int ledger_checkpoint_write(
        int dir, const struct tlog_signer *signer, uint64_t size, const struct merkle_hash *root, int64_t *time, struct err *err);

#endif
