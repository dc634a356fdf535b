/* questionnaire: the answers to the due-diligence questionnaire, and the list of fields, in the forms of the report. Pure. */
#ifndef POSTERN_REPORT_QUESTIONNAIRE_H
#define POSTERN_REPORT_QUESTIONNAIRE_H

#include "base/buf.h"
#include "vet/model.h"

/* How many answers are in each state, and how many of them a reviewer should look at first. */
struct questionnaire_count {
	size_t state[3], concern;
};
struct questionnaire_count questionnaire_count(const struct vet_result *r);

/* A section of its own; nothing if there are no answers. */
void questionnaire_text(struct buf *b, const struct vet_result *r, size_t width, bool colour);
void questionnaire_html(struct buf *b, const struct vet_result *r);
/* Further members of report.json: "artefact", "questionnaire", and "fields" with "anomalies". */
void artefact_json(struct buf *b, const struct vet_result *r);
void questionnaire_json(struct buf *b, const struct vet_result *r);
void fields_json(struct buf *b, const struct vet_result *r);

#endif
