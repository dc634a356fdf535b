/* proof: that an entry is in a log, as a file that needs nothing else but the log's key: c2sp.org/tlog-proof@v1. */
#ifndef POSTERN_LEDGER_PROOF_H
#define POSTERN_LEDGER_PROOF_H

#include "ledger/checkpoint.h"

/* A proof for entry `index` in the checkpoint of that file in the folder ("checkpoint": the latest), appended. Only the tiles on the way
 * are read; what they make must be the signed root, or it is -EBADMSG. -EINVAL: the checkpoint has no such entry. */
[[nodiscard]] int ledger_prove(int dir, const char *file, const struct note_vkey *key, uint64_t index, struct buf *out, struct err *err);

struct ledger_proof {
	uint64_t index, size;
};
/* Does the proof show that the entry is in the log of that key? entry.p NULL: only its form and the checkpoint's signature are looked at.
 * 0; -EINVAL: it is no proof; -ENOKEY, -EKEYREJECTED: the signature is missing or bad; -EBADMSG: it is no proof for this entry. */
[[nodiscard]] int ledger_check_proof(
        struct slice proof, const struct note_vkey *key, struct slice entry, struct ledger_proof *out, struct err *err);

#endif
