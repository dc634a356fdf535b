/* vet_scan: the files of an artefact go through the engine of "postern scan" while its trials run. A thread of low priority walks and
 * opens; processes without authority (inspect/scan_role.h) read. */
#ifndef POSTERN_CMD_VET_SCAN_H
#define POSTERN_CMD_VET_SCAN_H

#include "vet/run.h"

struct vet_scan;

/* Begins with what is below the subject's paths: the package that is vetted first, then all others. `seconds`: it stops by itself after so
 * long. NULL: there is nothing to read, or no memory. Until it has ended the subject stays as it is. */
struct vet_scan *vet_scan_begin(const struct vet_subject *s, unsigned seconds);
/* Waits for it, at most `grace` seconds more, and puts what it found into the result, and into its verdict (vet/content.h). What was not
 * reached is told there. `v` may be NULL. What the result points to is v's. -ENOMEM. */
[[nodiscard]] int vet_scan_end(struct vet_scan *v, unsigned grace, struct vet_result *r);
/* Ends it if it still runs. `v` may be NULL. */
void vet_scan_free(struct vet_scan *v);

#endif
