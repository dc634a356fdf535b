/* analysis_behaviour: what one trial shows that the baselines of its base never do. It is what trials are compared by when the members of a
 * list are tried: two members that bring about the same have the same marks, and what is noise does not come again in a second trial. */
#ifndef POSTERN_VET_ANALYSIS_BEHAVIOUR_H
#define POSTERN_VET_ANALYSIS_BEHAVIOUR_H

#include "vet/analysis.h"

struct behaviour_mark {
	uint32_t feature;
	uint64_t value; /* a hash of it; 0: the feature is absent */
};

struct behaviour {
	struct behaviour_mark *marks; /* by feature */
	size_t n;
};

/* shapes: values are compared by their form, digits and random parts left out (for what honestly changes with a place, as a local date
 * does). Features that the baselines of the base do not agree in are left out. Memory from the arena. -ENOMEM. */
[[nodiscard]] int behaviour_of(const struct feature_set *s, const struct analysis_trial *trials, size_t n, unsigned observation,
        bool shapes, struct arena *arena, struct behaviour *out);
/* The marks of a that are in b too; with `not`, those that are not. In place. */
void behaviour_keep(struct behaviour *a, const struct behaviour *b, bool not );
bool behaviour_has(const struct behaviour *b, struct behaviour_mark mark);
bool behaviour_same(const struct behaviour *a, const struct behaviour *b);
/* The observation that stands for the baselines of a base; -1: there is none. */
int behaviour_reference(const struct analysis_trial *trials, size_t n, enum vet_base base);

#endif
