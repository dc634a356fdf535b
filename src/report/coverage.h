/* coverage: what a vetting covered, for the forms of its report. Pure. */
#ifndef POSTERN_REPORT_COVERAGE_H
#define POSTERN_REPORT_COVERAGE_H

#include "base/buf.h"
#include "vet/model.h"

/* Sentences, raw, one a line. */
void coverage_words(struct buf *b, const struct vet_coverage *c);
/* The value of "coverage" in report.json. */
void coverage_json(struct buf *b, const struct vet_coverage *c);
/* All that must hold: "time zone = Asia/Tokyo together with gateway host name = a.example", raw. Of several levels at most `max`. */
void coverage_conditions(struct buf *b, const struct vet_result *r, const struct vet_finding *f, size_t max);
/* "q = 0.0001; 1 of 1 bit (0.62 to 1); in 4 of 4 trials with it, 0 of 73 without"; what was not measured is left out. */
void coverage_statistics(struct buf *b, const struct vet_finding *f);
/* The members conditions, q_value, bits and tried of a finding in report.json. */
void coverage_finding_json(struct buf *b, const struct vet_finding *f, const char *separator);

#endif
