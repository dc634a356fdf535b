/* report: turns the model of a result into bytes. Pure: knows no file, no terminal. */
#ifndef POSTERN_REPORT_REPORT_H
#define POSTERN_REPORT_REPORT_H

#include "base/buf.h"
#include "vet/model.h"

struct report_text_options {
	bool colour;
	unsigned width;     /* columns, 0: 80 */
	bool questionnaire; /* with the answers to it */
};

/* For a terminal: the verdict in one line, then the findings, worst first. Hostile control characters are shown as escapes. */
void report_text(struct buf *out, const struct vet_result *r, const struct report_text_options *o);
/* report.json, as postern-report(5) and share/schema/report.schema.json document it. */
void report_json(struct buf *out, const struct vet_result *r);
/* One self-contained page: no script from elsewhere, no font, no request. */
void report_html(struct buf *out, const struct vet_result *r);

#endif
