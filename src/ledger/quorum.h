/* quorum: a policy (C2SP tlog-policy) as a file, and whether a cosigned checkpoint fulfils it.
 *
 * checkpoint.cosigned, beside the checkpoint in a ledger's folder, is the last checkpoint for which the quorum was reached: the same text
 * and signature, with the cosignatures of witnesses. It is of the same size as the latest checkpoint or smaller. */
#ifndef POSTERN_LEDGER_QUORUM_H
#define POSTERN_LEDGER_QUORUM_H

#include "ledger/checkpoint.h"
#include "ledger/verify.h"

#define QUORUM_FILE "checkpoint.cosigned"

struct quorum {
	struct tlog_policy policy;
	struct note_vkey *log, *witness; /* by index of policy.log, policy.member (of groups: all zero) */
	struct buf text;
	struct arena arena;
};
/* Reads a policy. The file's name, and the line, are in the message. *out needs quorum_free() also after a failure. */
[[nodiscard]] int quorum_read(const char *path, struct quorum *out, struct err *err);
void quorum_free(struct quorum *q);
/* The key of the log of that origin, or NULL. If several are named, the one that is equal to *like, if that is not NULL. */
const struct note_vkey *quorum_log(const struct quorum *q, struct slice origin, const struct note_vkey *like);

/* Which members (by index, TLOG_POLICY_MEMBERS of each) have signed the note, and when. A bad signature by the key of a member is none, and
 * is marked. 0 or -ENOMEM. */
struct quorum_seen {
	bool have[TLOG_POLICY_MEMBERS], bad[TLOG_POLICY_MEMBERS];
	uint64_t time[TLOG_POLICY_MEMBERS];
};
[[nodiscard]] int quorum_look(const struct quorum *q, const struct note *n, struct quorum_seen *out);

/* After ledger_verify() found a log good: is the cosigned checkpoint in its folder signed by a quorum, and is the log an extension of it?
 * If not, it is put into *v: VERIFY_QUORUM, VERIFY_ROLLBACK, VERIFY_FORK. Else *text (of n bytes) says who has signed how much. */
[[nodiscard]] int quorum_verify(
        int dir, const struct quorum *q, const struct note_vkey *log, struct verify_result *v, char *text, size_t n, struct err *err);

/* The key of the policy for the log that a proof (c2sp.org/tlog-proof@v1) is of. 0; -EINVAL: it is no proof; -ENOKEY: the policy does not
 * name the log. */
[[nodiscard]] int quorum_proof_key(const struct quorum *q, struct slice proof, struct note_vkey *key, struct err *err);
/* Is the checkpoint of a proof, which is good in itself, cosigned by a quorum? *text (of n bytes): by whom. 0; -EBADMSG: it is not. */
[[nodiscard]] int quorum_proof(const struct quorum *q, struct slice proof, char *text, size_t n, struct err *err);

#endif
