/* vet_statement: the signed statement of a vetting: writes it, and checks one. */
#ifndef POSTERN_CMD_VET_STATEMENT_H
#define POSTERN_CMD_VET_STATEMENT_H

#include "base/err.h"
#include "ledger/signer.h"
#include "vet/model.h"

#define STATEMENT_FILE "verdict.intoto.json"

/* The envelope over the statement of this result, appended. report: the bytes of report.json. */
[[nodiscard]] int vet_statement(const struct vet_result *r, enum leak_class fail_on, struct slice report,
        const struct ledger_signer *signer, struct buf *out, struct err *err);
/* postern vet --verify: checks the envelope in a file, with the verifier keys in another (NULL: none is given) and, if it is named, that it
 * is about this file; prints what it says as text or JSON. Returns the exit code. */
int vet_verify(const char *path, const char *keys, const char *about, bool json);

#endif
