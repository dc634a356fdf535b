/* Two hostile texts, separated by the first byte 0xFE: their smallest differing span, hunks and readable form. */
#include <stdlib.h>

#include "vet/codepoint.h"
#include "vet/explain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_of(data, size), a, b;
	size_t cut = slice_chr(all, 0xfe, 0);
	a = slice_sub(all, 0, cut);
	b = slice_from(all, cut == SLICE_NPOS ? size : cut + 1);
	struct codepoint_span d = codepoint_diff(a, b);
	if (d.a_at + d.a_n > a.n || d.b_at + d.b_n > b.n || d.a_at != d.b_at || a.n - d.a_at - d.a_n != b.n - d.b_at - d.b_n)
		abort();
	struct hunk h[5];
	size_t n = hunks_of(a, b, h, 5), at = 0;
	if ((n == 0) != slice_eq(a, b))
		abort();
	/* What is not in a hunk must be the same on both sides. */
	size_t ax = 0, bx = 0;
	for (size_t i = 0; i <= n; i++) {
		size_t ae = i < n ? h[i].a_at : a.n, be = i < n ? h[i].b_at : b.n;
		if (ae < ax || be < bx || !slice_eq(slice_sub(a, ax, ae - ax), slice_sub(b, bx, be - bx)))
			abort();
		if (i == n)
			break;
		ax = ae + h[i].a_n;
		bx = be + h[i].b_n;
		if (ax > a.n || bx > b.n)
			abort();
	}
	_cleanup_buf_ struct buf out = BUF(1 << 20);
	codepoint_clean(&out, a);
	for (struct slice s = buf_slice(&out); at < s.n && !buf_error(&out);) {
		uint32_t cp;
		at += codepoint_next(slice_from(s, at), &cp);
		if (cp >= CODEPOINT_BYTE)
			abort();
	}
	return 0;
}
