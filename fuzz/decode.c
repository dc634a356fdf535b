/* Content codings, one and several: what comes out never passes the caller's maximum, what does not fit is counted, and a failure says why.
 * The first byte chooses. */
#include <errno.h>
#include <stdlib.h>

#include "wire/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const codings[] = {"gzip", "deflate", "br", "zstd", "gzip, gzip", "deflate, br", "zstd, x-gzip",
	        "identity, gzip", "gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip", "rot13"};
	if (size < 1)
		return 0;
	_cleanup_buf_ struct buf out = BUF((size_t)1 << 20);
	const char *why = NULL;
	uint64_t lost = 0;
	int r = decode_content(slice_str(codings[data[0] % ARRAY_LEN(codings)]), slice_of(data + 1, size - 1), &out, &lost, &why);
	if (out.n > out.max || (r < 0 && !why) || (r == 0 && lost) || (r == -ENOBUFS && !lost))
		abort();
	volatile uint8_t sum = 0;
	for (size_t i = 0; i < out.n; i++)
		sum = (uint8_t)(sum + out.p[i]);
	return 0;
}
