/* conduct: the part of each report that tells what else the tool did. Private to report/. */
#ifndef POSTERN_REPORT_CONDUCT_H
#define POSTERN_REPORT_CONDUCT_H

#include "base/buf.h"
#include "vet/model.h"

/* The member "conduct" of report.json, with a comma in front. */
void conduct_json(struct buf *b, const struct vet_result *r);
/* A section of report.html; nothing if nothing was tried. */
void conduct_html(struct buf *b, const struct vet_result *r);
/* A fact in one line for the terminal: what was asked, about what, and the answer. */
void conduct_line(struct buf *b, const struct vet_conduct *c);

#endif
