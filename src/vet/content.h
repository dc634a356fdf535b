/* content: what a scan of the artefact's files means for a vetting. Pure. */
#ifndef POSTERN_VET_CONTENT_H
#define POSTERN_VET_CONTENT_H

#include "inspect/scan.h"
#include "vet/model.h"

/* Findings from r->content: what is bad, and no policy lets pass, makes "findings" of a verdict that is clean; what is suspicious is only
 * told. Adds what was not read to what was not covered. Memory from r->arena; -ENOMEM. */
[[nodiscard]] int content_judge(struct vet_result *r);

#endif
