/* Requests to a witness: what was taken is the same bytes when it is written. */
#include <stdlib.h>

#include "parse/tlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct tlog_add_checkpoint a;
	const char *why = NULL;
	if (tlog_add_checkpoint_parse(in, &a, &why) < 0) {
		if (!why)
			abort();
		return 0;
	}
	_cleanup_buf_ struct buf b = BUF(size + 1000);
	if (a.old > TLOG_SIZE_MAX || a.n > TLOG_PROOF_MAX || a.checkpoint.n == 0)
		abort();
	tlog_add_checkpoint_write(&b, a.old, (const uint8_t(*)[32])a.hash, a.n, a.checkpoint);
	if (!slice_eq(buf_slice(&b), in))
		abort();
	return 0;
}
