/* vet_ledger: what a vetting leaves in a ledger: an entry for each trial, one for each covert finding, one for each file of the artefact in
 * which the scan found something bad or suspicious, and one with the verdict, which carries the SHA-256 of report.json. */
#ifndef POSTERN_CMD_VET_LEDGER_H
#define POSTERN_CMD_VET_LEDGER_H

#include "base/buf.h"
#include "base/err.h"
#include "ledger/client.h"
#include "vet/model.h"

/* Appends the entries, which are on disk when this returns 0; a ledger that is not there is made. *first and *last are their indices.
 * report_json is the report as it was written or printed. */
[[nodiscard]] int vet_ledger_write(
        const char *path, const struct vet_result *r, struct slice report_json, uint64_t *first, uint64_t *last, struct err *err);

#endif
