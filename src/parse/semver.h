/* semver: versions (semver.org 2.0.0) and the ranges of npm (^ ~ x - || >= …), as node-semver has them. Pure. */
#ifndef POSTERN_PARSE_SEMVER_H
#define POSTERN_PARSE_SEMVER_H

#include "base/slice.h"

struct semver {
	uint64_t major, minor, patch; /* at most 2^53 - 1 */
	struct slice pre;             /* behind '-', without it; borrowed from the text; empty for a release */
};

/* A full version, with an optional "v" or "=" in front; build metadata is checked and left out. False if it is none. */
[[nodiscard]] bool semver_parse(struct slice text, struct semver *out);
/* Precedence: <0, 0, >0. */
int semver_cmp(const struct semver *a, const struct semver *b);
/* Whether `range` is one at all (a dist-tag, a URL or a file is not). The empty range is "*". */
[[nodiscard]] bool semver_range_valid(struct slice range);
/* Whether `v` lies in `range`; false too if the range is none. A pre-release fits only if a comparator of the same alternative
 * names a pre-release of the same major.minor.patch. */
[[nodiscard]] bool semver_in(const struct semver *v, struct slice range);

#endif
