/* compare: what changed between two versions, for a reader. Pure. */
#ifndef POSTERN_REPORT_COMPARE_H
#define POSTERN_REPORT_COMPARE_H

#include "report/report.h"
#include "vet/compare.h"

void compare_text(struct buf *out, const struct compare *c, const struct report_text_options *o);
void compare_json(struct buf *out, const struct compare *c);
/* One self-contained page, as report.html. */
void compare_html(struct buf *out, const struct compare *c);

#endif
