#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "parse/ws.h"

static void examples_of_the_rfc(void **state)
{
	struct ws_frame f;
	const char *why = NULL;
	_cleanup_buf_ struct buf b = BUF(100);
	(void)state;
	/* RFC 6455, 5.7 */
	struct slice masked = SLICE("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
	assert_int_equal(ws_parse(masked, true, 100, &f, &why), WS_OK);
	assert_true(f.fin && f.opcode == WS_TEXT && f.size == masked.n);
	ws_payload(&b, &f);
	assert_string_equal(buf_str(&b), "Hello");
	for (size_t n = 0; n < masked.n; n++)
		assert_int_equal(ws_parse(slice_sub(masked, 0, n), true, 100, &f, &why), WS_MORE);
	assert_int_equal(ws_parse(SLICE("\x01\x03\x48\x65\x6c"), false, 100, &f, &why), WS_OK);
	assert_true(!f.fin && f.opcode == WS_TEXT && slice_is(f.payload, "Hel"));
	assert_int_equal(ws_parse(SLICE("\x89\x05\x48\x65\x6c\x6c\x6f"), false, 100, &f, &why), WS_OK);
	assert_int_equal(f.opcode, WS_PING);
}

static void refuses(void **state)
{
	static const struct slice bad[] = {
	        SLICE("\x81\x05Hello"),                                                               /* not masked */
	        SLICE("\xc1\x80\0\0\0\0"),                                                            /* reserved bit */
	        SLICE("\x83\x80\0\0\0\0"),                                                            /* reserved opcode */
	        SLICE("\x09\x80\0\0\0\0"),                                                            /* control frame in fragments */
	        SLICE("\x89\xfe\x00\x7e\0\0\0\0"),                                                    /* long control frame */
	        SLICE("\x81\xfe\x00\x05\0\0\0\0"),                                                    /* not the shortest form */
	        SLICE("\x81\xff\0\0\0\0\0\0\0\x05\0\0\0\0"),                                          /* the same, wide */
	        SLICE("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0"), SLICE("\x82\xe5\0\0\0\0"), /* longer than allowed here */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ws_frame f = {.size = 77};
		const char *why = NULL;
		assert_int_equal(ws_parse(bad[i], true, 100, &f, &why), WS_BAD);
		assert_non_null(why);
		assert_int_equal(f.size, 77);
	}
}

static void write_and_parse(void **state)
{
	static const size_t sizes[] = {0, 1, 125, 126, 65535, 65536, 70000};
	static uint8_t data[70000];
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		_cleanup_buf_ struct buf b = BUF(100000);
		struct ws_frame f;
		const char *why = NULL;
		ws_write(&b, WS_BINARY, slice_of(data, sizes[i]));
		assert_int_equal(ws_parse(buf_slice(&b), false, sizeof(data), &f, &why), WS_OK);
		assert_int_equal(f.payload.n, sizes[i]);
		assert_int_equal(f.size, b.n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(examples_of_the_rfc),
	        cmocka_unit_test(refuses),
	        cmocka_unit_test(write_and_parse),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
