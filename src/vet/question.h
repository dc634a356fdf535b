/* question: the due-diligence questionnaire, answered from what a vetting measured and from what can be read from the artefact. Forty
 * questions that a machine can answer, and six that nobody can from outside, which are named so that they are asked of the vendor.
 *
 * A question is answered with evidence, or "not observed" with the reason. There is no answer without a measurement behind it: who measures
 * something new gives it to the one function of its question. */
#ifndef POSTERN_VET_QUESTION_H
#define POSTERN_VET_QUESTION_H

#include "vet/model.h"

#define QUESTIONS_ASKED 40 /* that a machine can answer */

/* What the questionnaire asks, without answers: for tests and documents. */
struct question {
	const char *group, *text;
	const char *maps[FRAMEWORK_END];
};
extern const struct question question_table[];
extern const size_t question_count; /* with those that nobody can answer from outside */

/* Fills answers and n_answers of the result from all else that is in it, which must be complete; memory from its arena. 0, -ENOMEM. */
[[nodiscard]] int questions_answer(struct vet_result *r);

#endif
