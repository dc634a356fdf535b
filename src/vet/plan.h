/* plan: which treatments are run, and in what order. Repeated baselines of each base come first, then one factor at a time, from both
 * bases, in an order that the seed decides: whatever drifts during the run (clock, caches, load) falls on all factors alike. */
#ifndef POSTERN_VET_PLAN_H
#define POSTERN_VET_PLAN_H

#include "base/err.h"
#include "vet/factor.h"

enum plan_effort { PLAN_QUICK, PLAN_NORMAL, PLAN_THOROUGH };
/* "quick", "normal", "thorough" */
const char *plan_effort_name(enum plan_effort e);

/* With quick, at most this many trials in all, of which some are kept back for confirmation. */
#define PLAN_QUICK_MAX  64
#define PLAN_QUICK_KEPT 12
/* And at most this many more, if a quantity (a time, a count, a size) seems to follow something. */
#define PLAN_QUICK_PROBES 20

struct plan_trial {
	struct treatment treatment;
	bool baseline;
	unsigned factor, level; /* the one varied, if it is no baseline */
};

struct plan {
	struct plan_trial *trials; /* owned by the arena */
	size_t n;
	enum plan_effort effort;
	bool has_gateway;
	bool varied[64]; /* by factor: it is in the filter and in the plan */
};

/* filter: names of factors, comma separated; NULL or "" means all. has_gateway: the tool can be pointed at another host.
 * 0, -EINVAL (an unknown factor, named in err), -ENOMEM. The same arguments give the same plan. */
[[nodiscard]] int plan_build(enum plan_effort effort, uint64_t seed, const char *filter, bool has_gateway, struct arena *arena,
        struct plan *out, struct err *err);
/* The treatment with one factor varied; level 0 gives the baseline of the base. */
struct treatment plan_treatment(enum vet_base base, unsigned factor, unsigned level);
/* Sentences that say what the plan does not look at; NULL-terminated, owned by the arena. *n does not count the NULL. */
[[nodiscard]] int plan_not_covered(const struct plan *p, struct arena *arena, const char *const **out, size_t *n);

#endif
