/* Envelopes: what was read and is written again is read as the same. */
#include <stdlib.h>

#include "parse/dsse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena arena = ARENA(16 << 20);
	_cleanup_buf_ struct buf b = BUF(DSSE_MAX);
	struct dsse d, again;
	const char *why = NULL;
	if (dsse_parse(slice_of(data, size), &arena, &d, &why) < 0) {
		if (!why)
			abort();
		return 0;
	}
	if (d.n == 0 || d.n > DSSE_SIGNATURES)
		abort();
	dsse_write(&d, &b);
	/* Texts that are no UTF-8 are written as they are, and read so. */
	if (buf_error(&b) || dsse_parse(buf_slice(&b), &arena, &again, &why) < 0)
		return 0;
	if (!slice_eq(d.payload, again.payload) || again.n != d.n)
		abort();
	for (size_t i = 0; i < d.n; i++)
		if (!slice_eq(d.signature[i].bytes, again.signature[i].bytes))
			abort();
	return 0;
}
