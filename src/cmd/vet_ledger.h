/* vet_ledger: what a vetting leaves in a ledger: an entry for each trial, one for each covert finding, and one with the verdict, which
 * carries the SHA-256 of report.json. */
#ifndef POSTERN_CMD_VET_LEDGER_H
#define POSTERN_CMD_VET_LEDGER_H

#include "base/buf.h"
#include "base/err.h"
#include "ledger/client.h"
#include "vet/model.h"

/* Where the ledger is if nobody says: $XDG_DATA_HOME/postern/ledger, else /var/lib/postern/ledger for root and
 * ~/.local/share/postern/ledger for everybody else. NULL if there is no home either; owned by the arena. */
const char *vet_ledger_default(struct arena *arena);
/* Connects to the writer of the ledger at `path`, which is made if it is not there; `host` goes into its name. */
[[nodiscard]] int vet_ledger_open(const char *path, const char *host, struct arena *arena, struct ledger_client **out, struct err *err);
/* Appends the entries, which are on disk when this returns 0; a ledger that is not there is made. *first and *last are their indices.
 * report_json is the report as it was written or printed. */
[[nodiscard]] int vet_ledger_write(
        const char *path, const struct vet_result *r, struct slice report_json, uint64_t *first, uint64_t *last, struct err *err);

#endif
