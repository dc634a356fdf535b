/* Bundles of entries: the entries and their lengths are the input, up to where it is cut. */
#include <stdlib.h>

#include "parse/tlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of(data, size), entry;
	_cleanup_buf_ struct buf b = BUF(size + 1);
	int r;
	while ((r = tlog_bundle_next(&rest, &entry)) > 0) {
		if (entry.n > TLOG_ENTRY_MAX)
			abort();
		buf_be(&b, entry.n, 2);
		buf_add(&b, entry);
	}
	if ((r == 0) != (rest.n == 0) || buf_error(&b))
		abort();
	buf_add(&b, rest);
	if (!slice_eq(buf_slice(&b), slice_of(data, size)))
		abort();
	return 0;
}
