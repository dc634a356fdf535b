/* hunk: the changed parts of two texts. Words, placeholders like {user}, and single other code points are compared as units. */
#ifndef POSTERN_VET_HUNK_H
#define POSTERN_VET_HUNK_H

#include "base/slice.h"

struct hunk {
	size_t a_at, a_n, b_at, b_n;
};

/* Writes at most max hunks, in order; more are folded into the last. Returns how many. */
size_t hunks_of(struct slice a, struct slice b, struct hunk *out, size_t max);

#endif
