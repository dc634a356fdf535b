/* mined: factor levels from the artefact's own constants, by group testing. Of each list a few members are tried first; where they show
 * what the baselines do not, others follow: between two members that differ it is bisected, and lists that do something are tried together.
 */
#ifndef POSTERN_VET_MINED_H
#define POSTERN_VET_MINED_H

#include "base/err.h"
#include "vet/analysis.h"
#include "vet/plan.h"

/* Reads the constants below these paths (NULL-terminated; NULL: there are none). What cannot be read is a note of the result, not an error.
 * Lists are those that were hidden, then all others of which levels can be made. Memory from the arena; -ENOMEM. */
[[nodiscard]] int mined_read(const char *const *paths, struct arena *arena, struct vet_constants *out);

struct mined_levels;
/* Chooses what is tried, and adds the levels (factor_level_add(), with names and values in the arena). filter: as plan_build() has it.
 * Lists of which nothing is tried, and that were not hidden, are left out of `constants`. -ENOMEM. */
[[nodiscard]] int mined_new(struct vet_constants *constants, enum plan_effort effort, const char *filter, bool has_gateway,
        struct arena *arena, struct mined_levels **out);
/* The next trials, given what all before have shown; *n 0: there are no more. Repeats are marked by `again`, of the same length. */
[[nodiscard]] int mined_next(struct mined_levels *m, const struct feature_set *s, const struct analysis_trial *trials, size_t n_trials,
        struct plan_trial **out, bool **again, size_t *n);
/* Fills levels and behaviours of the constants. */
[[nodiscard]] int mined_end(struct mined_levels *m, const struct feature_set *s, const struct analysis_trial *trials, size_t n_trials);
/* What of the constants was not tried, or cannot be found; a sentence, NULL if nothing was looked at. After mined_end(). */
[[nodiscard]] int mined_not_covered(const struct vet_constants *c, struct arena *arena, const char **out);
/* The list that a level is from; 0: from none. */
unsigned mined_list_of(const struct mined_levels *m, unsigned factor, unsigned level);
/* Where the members of a list stand: "list 1, host names and domain suffixes, base64, then XOR 0x5b, in FILE at 123". */
[[nodiscard]] int mined_origin(const struct vet_constants *c, unsigned list, struct arena *arena, const char **out);

#endif
