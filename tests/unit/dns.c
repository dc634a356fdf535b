#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "parse/dns.h"

#define QUERY                                                  \
	"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03" \
	"API\x07"                                              \
	"example\x03"                                          \
	"com\x00\x00\x01\x00\x01"

static void query(void **state)
{
	struct dns_query q;
	(void)state;
	assert_true(dns_parse(SLICE(QUERY), &q));
	assert_int_equal(q.id, 0x1234);
	assert_string_equal(q.name, "API.example.com");
	assert_int_equal(q.labels, 3);
	assert_int_equal(q.qtype, DNS_A);
	assert_int_equal(q.qclass, 1);
	assert_int_equal(q.questions, 1);
	assert_int_equal(q.rest.n, 0);
	assert_true(dns_parse(SLICE(QUERY "\x00\x00\x29"), &q));
	assert_int_equal(q.rest.n, 3);
	for (size_t n = 0; n < sizeof(QUERY) - 1; n++)
		assert_false(dns_parse(slice_sub(SLICE(QUERY), 0, n), &q));
}

static void odd_bytes(void **state)
{
	struct dns_query q;
	(void)state;
	assert_true(dns_parse(SLICE("\0\0\0\0\0\1\0\0\0\0\0\0\5a.b\\\xff\0\0\x1c\0\1"), &q));
	assert_string_equal(q.name, "a\\046b\\092\\255");
	assert_int_equal(q.labels, 1);
	assert_true(dns_parse(SLICE("\0\0\0\0\0\1\0\0\0\0\0\0\0\0\2\0\1"), &q));
	assert_string_equal(q.name, "");
}

static void refuses(void **state)
{
	struct dns_query q = {.id = 7};
	_cleanup_buf_ struct buf b = BUF(1000);
	(void)state;
	/* a reply, no question, a pointer in the name, a label of 64 */
	assert_false(dns_parse(SLICE("\0\0\x80\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1"), &q));
	assert_false(dns_parse(SLICE("\0\0\0\0\0\0\0\0\0\0\0\0"), &q));
	assert_false(dns_parse(SLICE("\0\0\0\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1"), &q));
	assert_false(dns_parse(SLICE("\0\0\0\0\0\1\0\0\0\0\0\0\x40"
	                             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\0\0\1\0\1"),
	        &q));
	/* the longest name has 255 octets, and all of them may need four characters */
	for (int extra = 0; extra < 2; extra++) {
		buf_reset(&b);
		buf_add(&b, SLICE("\0\0\0\0\0\1\0\0\0\0\0\0"));
		for (int i = 0; i < 4; i++) {
			int n = i < 3 ? 63 : 61 + extra;
			buf_u8(&b, (uint8_t)n);
			for (int k = 0; k < n; k++)
				buf_u8(&b, 0xff);
		}
		buf_add(&b, SLICE("\0\0\1\0\1"));
		struct dns_query long_q;
		assert_int_equal(dns_parse(buf_slice(&b), &long_q), extra == 0);
		if (!extra)
			assert_int_equal(strlen(long_q.name), 250 * 4 + 3);
	}
	assert_int_equal(q.id, 7);
}

static void replies(void **state)
{
	struct dns_query q;
	_cleanup_buf_ struct buf b = BUF(512);
	char spare[12];
	(void)state;
	assert_true(dns_parse(SLICE(QUERY), &q));
	dns_reply(&b, &q, DNS_NOERROR, (const uint8_t *)"\x68\x10\x01\x02", 60);
	assert_true(slice_eq(buf_slice(&b), SLICE("\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x03"
	                                          "API\x07"
	                                          "example\x03"
	                                          "com\x00\x00\x01\x00\x01"
	                                          "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x68\x10\x01\x02")));
	buf_reset(&b);
	dns_reply(&b, &q, DNS_NXDOMAIN, NULL, 0);
	assert_true(slice_starts(buf_slice(&b), SLICE("\x12\x34\x81\x83\x00\x01\x00\x00\x00\x00\x00\x00")));
	assert_string_equal(dns_type_name(65, spare), "HTTPS");
	assert_string_equal(dns_type_name(65280, spare), "TYPE65280");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(query),
	        cmocka_unit_test(odd_bytes),
	        cmocka_unit_test(refuses),
	        cmocka_unit_test(replies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
