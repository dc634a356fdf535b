/* picture: which factor reaches which endpoint, as an SVG inside the HTML report. */
#ifndef POSTERN_REPORT_PICTURE_H
#define POSTERN_REPORT_PICTURE_H

#include "base/buf.h"
#include "vet/model.h"

/* A figure: a matrix of factors (rows) and endpoints (numbered columns), worst first, with a mark for each dependence, and the list
 * that says which endpoint has which number. A mark links to its finding, whose element has the id f<index in r->findings>. Sizes
 * are bounded: what does not fit is counted. */
void picture_html(struct buf *b, const struct vet_result *r);
/* The mark of a class alone, as a small SVG for legends. */
void picture_mark(struct buf *b, enum leak_class c);

#endif
