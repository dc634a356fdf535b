/* witness: C2SP tlog-witness v1.0.0: a log's checkpoint is cosigned only if it extends the last one that was. What was cosigned last is a
 * file for each log, the cosigned checkpoint itself, and is on disk before the cosignature goes out. */
#ifndef POSTERN_LEDGER_WITNESS_H
#define POSTERN_LEDGER_WITNESS_H

#include "crypto/tlog.h"
#include "ledger/http.h"

#define WITNESS_LOGS    TLOG_POLICY_LOGS
#define WITNESS_REQUEST ((size_t)64 << 10)

struct witness;
/* dir: the folder of the state, made if it is missing; one process at a time has it (-EBUSY). signer: of the witness, borrowed. log: the
 * keys of the logs, their names are the origins; several may have the same. A state that is there must be signed by one of the log's keys
 * and by the witness, else -EBADMSG: it is never taken for none. */
[[nodiscard]] int witness_open(
        const char *path, const struct tlog_signer *signer, const struct note_vkey *log, size_t n, struct witness **out, struct err *err);
void witness_free(struct witness *w);
/* fn is told what the person who runs the witness should know: a log that contradicts itself, a disk that fails. */
void witness_tell(struct witness *w, void (*fn)(void *arg, const char *text), void *arg);
/* The body of add-checkpoint; fills the answer. */
void witness_add(struct witness *w, struct slice body, struct http_reply *r);
/* A handler for http_options: POST /add-checkpoint, GET /<hash of the origin>/checkpoint; arg is the witness. */
void witness_handle(void *arg, const struct http_request *q, struct http_reply *r);

#endif
