/* How a client cuts, packs and opens what it sends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <zlib.h>
#include <cmocka.h>

#include "wire/forms.h"

static void record(struct buf *b, uint8_t type, size_t n)
{
	buf_u8(b, type);
	buf_be(b, 0x0303, 2);
	buf_be(b, n, 2);
	for (size_t i = 0; i < n; i++)
		buf_u8(b, (uint8_t)i);
}

/* Records of content, but for the first, which ends the handshake, however the stream is cut. */
static void records(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 3000; piece += 113) {
		_cleanup_buf_ struct buf wire = BUF(10000), form = BUF(1000);
		struct pieces p = {.skip = true};
		record(&wire, 0x16, 300);
		record(&wire, 0x14, 1);
		record(&wire, 0x17, 53);
		record(&wire, 0x17, 1017);
		record(&wire, 0x17, 517);
		for (size_t at = 0; at < wire.n; at += piece)
			pieces_wire(&p, slice_sub(buf_slice(&wire), at, piece), true);
		pieces_plain(&p, 1500);
		pieces_form(&p, &form);
		assert_string_equal(buf_str(&form), "tls records=2\ntls record=1017\ntls overhead=17\n");
	}
}

static void pieces(void **state)
{
	(void)state;
	_cleanup_buf_ struct buf form = BUF(1000);
	struct pieces p = {0};
	pieces_wire(&p, SLICE("POST / HTTP/1.1\r\n\r\n"), false);
	pieces_wire(&p, SLICE("body"), false);
	pieces_form(&p, &form);
	assert_string_equal(buf_str(&form), "pieces=2\nfirst piece=19\n");
	/* The next message begins anew. */
	buf_reset(&form);
	pieces_form(&p, &form);
	assert_int_equal(form.n, 0);
}

static void pack(struct buf *out, struct slice plain, int level, int window)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)plain.p, .avail_in = (uInt)plain.n};
	assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_true(buf_room(out, 1 << 16));
	z.next_out = out->p;
	z.avail_out = 1 << 16;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->n = (1 << 16) - z.avail_out;
	(void)deflateEnd(&z);
}

static void levels(void **state)
{
	(void)state;
	_cleanup_buf_ struct buf plain = BUF(1 << 16);
	uint64_t x = 7;
	while (plain.n < 40000) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		buf_fmt(&plain, "{\"name\":\"event %u\",\"took\":%u},", (unsigned)(x >> 60), (unsigned)(x >> 50) % 1000);
	}
	static const struct {
		const char *coding;
		int window;
	} kinds[] = {{"gzip", 31}, {"deflate", 15}, {"deflate", -15}};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		for (int level = 1; level <= 9; level += 2) {
			_cleanup_buf_ struct buf packed = BUF(1 << 17), form = BUF(1000);
			pack(&packed, buf_slice(&plain), level, kinds[i].window);
			int found = coding_form(slice_str(kinds[i].coding), buf_slice(&packed), buf_slice(&plain), &form);
			_cleanup_buf_ struct buf again = BUF(1 << 17);
			pack(&again, buf_slice(&plain), found, kinds[i].window);
			/* Two levels may make the same bytes; one that does not is no answer. gzip's head and zlib's name the level
			 * roughly. */
			assert_true(slice_eq(slice_from(buf_slice(&again), 10), slice_from(buf_slice(&packed), 10)));
			assert_non_null(strstr(buf_str(&form), "packed="));
		}
	/* What zlib does not make has no level, and is told by its size. */
	_cleanup_buf_ struct buf form = BUF(1000);
	assert_int_equal(coding_form(SLICE("br"), SLICE("0123456789"), buf_slice(&plain), &form), -1);
	assert_null(strstr(buf_str(&form), "level"));
	buf_reset(&form);
	assert_int_equal(coding_form(SLICE("gzip"), SLICE("\x1f\x8b\x08\x1c\0\0\0\0\0\0\xff"), buf_slice(&plain), &form), -1);
}

static void first_packet(void **state)
{
	(void)state;
	_cleanup_buf_ struct buf form = BUF(1000);
	/* IPv4, then TCP with the largest segment, selective acknowledgements, a time stamp, a filler and the window's scale. */
	static const uint8_t v4[] = {0x45, 0x10, 0, 60, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1, 0x9c, 0x41, 1, 0xbb, 0, 0, 0,
	        1, 0, 0, 0, 0, 0xa0, 2, 0xfa, 0xf0, 0, 0, 0, 0, 2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 10};
	syn_form(slice_of(v4, sizeof(v4)), &form);
	assert_string_equal(buf_str(&form), "time to live=64\nservice=10\nwindow=64240\noptions=2:05b4,4,8,1,3:0a\nsource port=9c41\n");
	for (size_t n = 0; n < sizeof(v4); n++) {
		buf_reset(&form);
		syn_form(slice_of(v4, n), &form);
		assert_int_equal(form.n, 0);
	}
	uint8_t v6[60] = {0x62, 0x80, 0, 0, 0, 20, 6, 63};
	v6[40] = 0x80;
	v6[52] = 0x50;
	syn_form(slice_of(v6, sizeof(v6)), &form);
	assert_string_equal(buf_str(&form), "time to live=63\nservice=28\nwindow=0\noptions=\nsource port=8000\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(records),
	        cmocka_unit_test(pieces),
	        cmocka_unit_test(levels),
	        cmocka_unit_test(first_packet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
