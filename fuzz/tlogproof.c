/* tlog-proof: what was taken is the same bytes when it is written, but for the extra data. */
#include <stdlib.h>

#include "base/encode.h"
#include "parse/tlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena arena = ARENA(1 << 22);
	struct slice in = slice_of(data, size);
	struct tlog_proof p;
	const char *why = NULL;
	if (tlog_proof_parse(in, &arena, &p, &why) < 0) {
		if (!why)
			abort();
		return 0;
	}
	_cleanup_buf_ struct buf b = BUF(size + 1000), want = BUF(size + 1000);
	if (p.index > TLOG_SIZE_MAX || p.n > TLOG_PROOF_MAX || p.checkpoint.p + p.checkpoint.n != data + size)
		abort();
	tlog_proof_add(&b, p.index, (const uint8_t(*)[32])p.hash, p.n, p.checkpoint);
	if (p.extra.p) {
		size_t first = slice_chr(buf_slice(&b), '\n', 0) + 1;
		buf_add(&want, slice_sub(buf_slice(&b), 0, first));
		buf_str_add(&want, "extra ");
		encode_base64(&want, p.extra, false, true);
		buf_u8(&want, '\n');
		buf_add(&want, slice_from(buf_slice(&b), first));
	} else {
		buf_add(&want, buf_slice(&b));
	}
	if (!slice_eq(buf_slice(&want), in))
		abort();
	return 0;
}
