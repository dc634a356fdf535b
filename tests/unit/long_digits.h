/* For tests that stand in for the set of features: tokens are figures of 16 digits and more. */
#ifndef POSTERN_TESTS_LONG_DIGITS_H
#define POSTERN_TESTS_LONG_DIGITS_H

#include "vet/feature.h"

size_t feature_tokens(struct slice value, struct slice *out, size_t max)
{
	size_t n = 0;
	for (size_t at = 0, len; at < value.n; at += len ? len : 1) {
		for (len = 0; at + len < value.n && value.p[at + len] >= '0' && value.p[at + len] <= '9';)
			len++;
		if (len >= 16 && n++ < max)
			out[n - 1] = slice_sub(value, at, len);
	}
	return n;
}

#endif
