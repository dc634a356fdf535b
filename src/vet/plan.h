/* plan: which treatments are run, and in what order. Repeated baselines of each base come first, then one factor at a time, from both
 * bases, in an order that the seed decides: whatever drifts during the run (clock, caches, load) falls on all factors alike. */
#ifndef POSTERN_VET_PLAN_H
#define POSTERN_VET_PLAN_H

#include "base/err.h"
#include "vet/cover.h"
#include "vet/factor.h"

enum plan_effort { PLAN_QUICK, PLAN_NORMAL, PLAN_THOROUGH };
/* "quick", "normal", "thorough" */
const char *plan_effort_name(enum plan_effort e);

/* With quick, at most this many trials in all, of which some are kept back for confirmation. */
#define PLAN_QUICK_MAX  64
#define PLAN_QUICK_KEPT 12
/* And at most this many more, if a quantity (a time, a count, a size) seems to follow something. */
#define PLAN_QUICK_PROBES 20

/* Levels of a factor in an array, the base level among them: of the factors that say where the API is, and of others. An array has at least
 * as many rows as the two largest numbers multiplied. */
#define PLAN_AXIS_MAX       4
#define PLAN_AXIS_MAX_OTHER 3

/* In plan_trial.row: several levels, and no other device. */
#define PLAN_NO_DEVICE UINT32_MAX
/* How devices are called: this and their number. */
#define PLAN_DEVICE "made-up device "

struct plan_trial {
	struct treatment treatment;
	bool baseline;
	unsigned factor, level; /* the one varied, if it is no baseline */
	uint32_t stream;        /* of randomness, see vet/calm.h; 0: one of its own */
	unsigned row;           /* of a covering array, from 1: then several are; 0: no row */
};

/* A factor in the covering array of a base, and its levels there: the base level first. */
struct plan_axis {
	unsigned factor;
	uint8_t level[PLAN_AXIS_MAX];
	uint8_t n;
};
struct plan_array {
	struct plan_axis axis[64];
	size_t n;
};

struct plan {
	struct plan_trial *trials; /* owned by the arena */
	size_t n;
	enum plan_effort effort;
	bool has_gateway;
	bool varied[64];   /* by factor: it is in the filter and in the plan */
	unsigned strength; /* of the arrays; below 2: there are none */
	struct plan_array array[BASE_COUNT];
	uint32_t n_rows;    /* so far */
	uint32_t n_devices; /* made-up ones, that rows are */
};

/* filter: names of factors, comma separated; NULL or "" means all. has_gateway: the tool can be pointed at another host.
 * 0, -EINVAL (an unknown factor, named in err), -ENOMEM. The same arguments give the same plan. */
[[nodiscard]] int plan_build(enum plan_effort effort, uint64_t seed, const char *filter, bool has_gateway, struct arena *arena,
        struct plan *out, struct err *err);
/* The treatment with one factor varied; level 0 gives the baseline of the base. */
struct treatment plan_treatment(enum vet_base base, unsigned factor, unsigned level);
/* A trial to confirm: of one level, or of several, and then factor and level are zero. */
struct plan_trial plan_fresh(const struct treatment *t);
/* Adds covering arrays of that strength to the plan, one for each base, over the factors that the plan varies: rows with a level of every
 * factor, the base level as often as another. Levels that were found in the artefact (factor_level_add()) are among those of their factors.
 * Then rows in which every level of the table that was not set yet is set once, together with others, so that it need not be tried alone.
 * At most max_rows in all (0: as many as it takes), and at least min_rows, shared between the bases as their arrays need them, in an order
 * that the seed decides; they are the last of p->trials. Each is another made-up device, or with more effort than PLAN_QUICK two of a base
 * are one, if there are min_rows devices all the same. 0, -ENOMEM. */
[[nodiscard]] int plan_rows(struct plan *p, unsigned strength, size_t min_rows, size_t max_rows, uint64_t seed, struct arena *arena);
/* The levels of a treatment as a row of its base's array; a level that is in none of its axes becomes 255. */
void plan_row_of(const struct plan *p, const struct treatment *t, uint8_t *row);
/* "time zone = Asia/Tokyo together with locale = ja_JP", "made-up device 7"; of more than four factors only how many they are. */
void plan_treatment_words(const struct treatment *t, char *out, size_t size);
/* What the array of a base has to cover, for cover_check(): levels and forbid are room for it (64, 4 * PLAN_AXIS_MAX). Returns the number
 * of axes. */
size_t plan_spec(
        const struct plan *p, enum vet_base base, unsigned strength, uint8_t *levels, struct cover_forbid *forbid, struct cover_spec *out);
/* Sentences that say what the plan does not look at; NULL-terminated, owned by the arena. *n does not count the NULL. */
[[nodiscard]] int plan_not_covered(const struct plan *p, struct arena *arena, const char *const **out, size_t *n);

#endif
