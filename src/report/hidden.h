/* hidden: what the artefact's own constants hold, in each form of the report. Private to report/, but for the two of `postern vet
 * --mine`. */
#ifndef POSTERN_REPORT_HIDDEN_H
#define POSTERN_REPORT_HIDDEN_H

#include "base/buf.h"
#include "vet/model.h"

/* Lines for a terminal of that width, each indented by two; nothing if there is nothing to tell. all: also lists that were not hidden, and
 * every member. */
void hidden_text(struct buf *out, const struct vet_constants *c, unsigned width, bool all);
/* The object that is the member "constants" of report.json, indented by `depth` levels. */
void hidden_json(struct buf *out, const struct vet_constants *c, int depth);
/* A section of the page; nothing if nothing was looked at. */
void hidden_html(struct buf *out, const struct vet_constants *c);

#endif
