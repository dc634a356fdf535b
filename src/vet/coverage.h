/* coverage: what the trials of a vetting covered, counted from those in which the tool worked, and what that leaves open. */
#ifndef POSTERN_VET_COVERAGE_H
#define POSTERN_VET_COVERAGE_H

#include "vet/combine.h"
#include "vet/run.h"

/* Confidence of the bounds on what is active on a share of devices. */
#define ROLLOUT_LEVEL 0.95

/* Of the combinations that are covered: what was asked for, or what the effort says. */
unsigned coverage_strength(const struct vet_options *o);
/* x may be NULL. All memory from the arena. 0 or -ENOMEM. */
[[nodiscard]] int coverage_fill(const struct plan *plan, const struct vet_options *o, const struct analysis_trial *t, size_t n,
        const struct combine *x, struct arena *arena, struct vet_coverage *out);

#endif
