/* A version and a range, parted by the first newline. */
#include <stdlib.h>

#include "parse/semver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of(data, size), first;
	struct semver a, b;
	if (!slice_split(&rest, '\n', &first))
		return 0;
	bool valid = semver_range_valid(rest);
	if (semver_parse(first, &a)) {
		if (semver_in(&a, rest) && !valid)
			abort();
		if (semver_cmp(&a, &a) != 0)
			abort();
		if (semver_parse(rest, &b) && (semver_cmp(&a, &b) > 0) != (semver_cmp(&b, &a) < 0))
			abort();
	}
	return 0;
}
