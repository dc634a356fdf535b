#include <stdlib.h>

#include "ledger/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a producer sends to the writer: whatever is taken off is written again as it was. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of(data, size);
	struct frame f;
	for (;;) {
		struct slice before = rest;
		int r = frame_next(&rest, &f);
		if (r != 1) {
			if (rest.n != before.n)
				abort();
			return 0;
		}
		struct buf again = BUF(FRAME_HEAD + FRAME_BODY);
		frame_put(&again, &f);
		if (f.body.n > FRAME_BODY || !slice_eq(buf_slice(&again), slice_sub(before, 0, before.n - rest.n)))
			abort();
		buf_free(&again);
	}
}
