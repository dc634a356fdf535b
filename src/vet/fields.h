/* fields: what a tool sends, whatever it depends on: a compact list for the comparison of two versions, and the characters in its text that
 * a reader does not see or takes for others. From the baselines, which are all alike. */
#ifndef POSTERN_VET_FIELDS_H
#define POSTERN_VET_FIELDS_H

#include "vet/analysis.h"

#define FIELDS_MAX    8000
#define ANOMALIES_MAX 24

/* Fills fields and anomalies of *result; memory from its arena. 0, -ENOMEM. */
[[nodiscard]] int fields_collect(const struct feature_set *s, const struct analysis_trial *trials, size_t n, struct vet_result *result);

/* Is this a character that a text of plain words has no use for, and what is it: unseen, a blank that is none, a look-alike? NULL: it is
 * none of these. `before` and `after` are its neighbours (0: none): a letter of another script counts only among ASCII letters. */
const char *fields_odd(uint32_t before, uint32_t c, uint32_t after);

#endif
