#include <stdlib.h>

#include "base/utf8.h"
#include "parse/vt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What comes out is well-formed: text, control bytes of the few, and sequences that are whole and of these forms. */
static void well_formed(struct slice s)
{
	for (size_t i = 0; i < s.n;) {
		uint32_t c = 0;
		size_t n = utf8_next(s, i, &c);
		if (!n || (c >= 0x7f && c <= 0x9f) || (c < 0x20 && c != 0x1b && !memchr("\a\b\t\n\v\f\r\016\017", (int)c, 9)))
			abort();
		i += n;
		if (c != 0x1b)
			continue;
		uint8_t b = i < s.n ? s.p[i++] : 0;
		if (b == '[') {
			while (i < s.n && s.p[i] >= 0x20 && s.p[i] < 0x40)
				i++;
			if (i == s.n || s.p[i] < 0x40 || s.p[i] > 0x7e || s.p[i] == 'i')
				abort();
			i++;
		} else if (b == ']') {
			/* The numbers that there are. */
			if (i == s.n || !memchr("012849", s.p[i], 6) || slice_starts(slice_from(s, i), SLICE("52")))
				if (!slice_starts(slice_from(s, i), SLICE("1")))
					abort();
			while (i < s.n && s.p[i] != 0x1b) {
				if (s.p[i] < 0x20)
					abort();
				i++;
			}
			if (!slice_starts(slice_from(s, i), SLICE("\033\\")))
				abort();
			i += 2;
		} else if (b == '(' || b == ')') {
			if (i == s.n || (s.p[i] != 'B' && s.p[i] != '0'))
				abort();
			i++;
		} else if (!b || !memchr("78=>DEM", b, 7)) {
			abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size), half;
	size_t max = VT_GROW * (size + 4096) + VT_MORE;
	struct buf whole = BUF(max), parts = BUF(max), again = BUF(max);
	struct vt a, b;
	/* The first byte says where to cut. */
	half = slice_sub(in, 0, size ? data[0] % (size + 1) : 0);
	vt_init(&a, false);
	vt_init(&b, false);
	vt_feed(&a, in, &whole);
	vt_feed(&b, half, &parts);
	vt_feed(&b, slice_from(in, half.n), &parts);
	if (buf_error(&whole) || whole.n > VT_GROW * size + VT_MORE || !slice_eq(buf_slice(&whole), buf_slice(&parts)) ||
	        a.removed != b.removed)
		abort();
	well_formed(buf_slice(&whole));
	vt_init(&b, false);
	vt_feed(&b, buf_slice(&whole), &again);
	if (!slice_eq(buf_slice(&whole), buf_slice(&again)) || b.removed)
		abort();
	buf_reset(&again);
	vt_leave(&a, &again);
	vt_return(&a, &again);
	vt_end(&a, &again);
	well_formed(buf_slice(&again));
	size_t before = again.n;
	vt_end(&a, &again);
	if (buf_error(&again) || again.n != before)
		abort();
	/* For a terminal without UTF-8 all is ASCII. */
	buf_reset(&again);
	vt_init(&a, true);
	vt_feed(&a, in, &again);
	for (size_t i = 0; i < again.n; i++)
		if (again.p[i] >= 0x7f)
			abort();
	buf_free(&whole);
	buf_free(&parts);
	buf_free(&again);
	return 0;
}
