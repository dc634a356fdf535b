/* cover: mixed-level covering arrays. Each row sets every axis (factor) to a level; in an array of strength t every combination of levels
 * of any t axes stands in at least one row, so that a behaviour that takes t conditions at once is met. Rows are built one at a time,
 * greedily (Cohen, Dalal, Fredman, Patton: The AETG system, IEEE TSE 23(7), 1997), so that the first rows of an array cover most: an array
 * that is cut short is still a good one. Pure, and decided by the seed. */
#ifndef POSTERN_VET_COVER_H
#define POSTERN_VET_COVER_H

#include <stdint.h>

#include "base/arena.h"

#define COVER_AXES_MAX     64
#define COVER_STRENGTH_MAX 4

/* These two levels are never set together, because one of them makes the other mean nothing. */
struct cover_forbid {
	uint8_t axis[2], level[2];
};

struct cover_spec {
	const uint8_t *levels; /* of each axis, at least 1; 0 is the base level */
	size_t axes;
	unsigned strength; /* 1 … COVER_STRENGTH_MAX; with fewer axes than that, all of them */
	const struct cover_forbid *forbid;
	size_t n_forbid;
	uint64_t seed;
	size_t max_rows; /* 0: as many as it takes */
};

struct cover_array {
	uint8_t *level; /* row by row, `axes` of them; owned by the arena */
	size_t rows, axes;
};

/* 0, -EINVAL (no axis, too many, a level out of range, a strength of 0), -ENOMEM, -E2BIG (more than 16 million combinations). */
[[nodiscard]] int cover_build(const struct cover_spec *s, struct arena *arena, struct cover_array *out);

struct cover_count {
	uint64_t wanted, covered; /* combinations of levels of `strength` axes; those that are forbidden are not wanted */
};

/* Counts what rows cover, whoever made them: each combination is looked for in every row, by other means than those of cover_build().
 * `level` is row by row. */
struct cover_count cover_check(const struct cover_spec *s, const uint8_t *level, size_t rows);

#endif
