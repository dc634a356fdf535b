/* combine: what shows only when several factors have certain levels together. The rows of covering arrays bring it up (analysis_rows.c); a
 * search turns each such row into the smallest set of levels that shows the same (locate.h); fresh trials with that set, and with each
 * member of it turned back, prove it. Trials are asked for in rounds: all that can be run at once. */
#ifndef POSTERN_VET_COMBINE_H
#define POSTERN_VET_COMBINE_H

#include "vet/analysis.h"

struct combine_limits {
	unsigned trials; /* in all */
	unsigned on;     /* fresh trials with what was found */
	unsigned off;    /* and with each member turned back */
};

struct combine_trial {
	struct treatment treatment;
	enum analysis_row row;
};

struct combine;

/* -ENOMEM. The arena is the result's. */
[[nodiscard]] int combine_new(const struct combine_limits *limits, struct arena *arena, struct combine **out);
void combine_free(struct combine *x);
/* The next round: *n_out is 0 when there is nothing left to ask. To be called after the rows of the arrays were run, then after each round,
 * with all trials so far. *out is owned by the arena. 0 or -ENOMEM. */
[[nodiscard]] int combine_next(struct combine *x, const struct feature_set *s, const struct analysis_trial *t, size_t n,
        const struct profile *profile, struct combine_trial **out, size_t *n_out);

struct combine_account {
	unsigned suspected; /* differences that rows showed and their factors alone do not explain */
	unsigned located;   /* of these: a set of levels was found and proven */
	unsigned chance;    /* did not come again */
	unsigned open;      /* not followed to the end, because the trials were used up or the search came to nothing */
	unsigned trials;    /* that it took */
};
struct combine_account combine_account(const struct combine *x);

#endif
