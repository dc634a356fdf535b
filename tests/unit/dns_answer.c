#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "parse/dns_answer.h"

#define HEAD(answers) "\x12\x34\x81\x80\x00\x01\x00" answers "\x00\x00\x00\x00"
#define QUESTION     \
	"\x03"       \
	"API\x06"    \
	"banned\x04" \
	"test\x00\x00\x01\x00\x01"
#define A_OF(name) name "\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04"

static struct dns_answer a;

static void addresses(void **state)
{
	(void)state;
	struct slice packet = SLICE(HEAD("\x02")
	                QUESTION A_OF("\xc0\x0c") "\x0a\x00\x00\x01"
	                                          "\xc0\x0c\x00\x1c\x00\x01\x00\x00\x00\x3c\x00\x10\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x09");
	assert_true(dns_answer_parse(packet, &a));
	assert_string_equal(a.name, "api.banned.test");
	assert_int_equal(a.n_addresses, 2);
	assert_memory_equal(a.address[0].ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1", 16);
	assert_int_equal(a.address[0].ttl, 60);
	assert_memory_equal(a.address[1].ip, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x09", 16);
	/* cut anywhere: what is whole, and never more */
	for (size_t n = 0; n < packet.n; n++)
		if (dns_answer_parse(slice_sub(packet, 0, n), &a))
			assert_true(a.n_addresses <= (n >= 49 ? 1 : 0));
}

static void chain(void **state)
{
	(void)state;
	/* the name leads to x.y, which has the address; another name's record is none of this */
	assert_true(dns_answer_parse(SLICE(HEAD("\x03") QUESTION "\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x05\x01x\x01Y\x00" A_OF(
	                                     "\x01x\x01y\x00") "\x0a\x00\x00\x02" A_OF("\x01z\x00") "\x0a\x00\x00\x03"),
	        &a));
	assert_int_equal(a.n_aliases, 1);
	assert_string_equal(a.alias[0], "x.y");
	assert_int_equal(a.n_addresses, 1);
	assert_int_equal(a.address[0].ip[15], 2);
}

static void hints_of_https(void **state)
{
	(void)state;
	assert_true(dns_answer_parse(SLICE(HEAD("\x01") QUESTION "\xc0\x0c\x00\x41\x00\x01\x00\x00\x00\x3c\x00\x12"
	                                                         "\x00\x01\x00\x00\x01\x00\x03\x02h2\x00\x04\x00\x04\x0a\x00\x00\x07"),
	        &a));
	assert_int_equal(a.n_addresses, 1);
	assert_int_equal(a.address[0].ip[15], 7);
}

static void refuses(void **state)
{
	(void)state;
	/* a question; two questions; a name that leads to itself; a name with a NUL; the root */
	assert_false(dns_answer_parse(SLICE("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" QUESTION), &a));
	assert_false(dns_answer_parse(SLICE("\x12\x34\x81\x80\x00\x02\x00\x00\x00\x00\x00\x00" QUESTION), &a));
	assert_false(dns_answer_parse(SLICE(HEAD("\x00") "\xc0\x0c\x00\x01\x00\x01"), &a));
	assert_false(dns_answer_parse(SLICE(HEAD("\x00") "\x02"
	                                                 "a\0\x00\x00\x01\x00\x01"),
	        &a));
	assert_false(dns_answer_parse(SLICE(HEAD("\x00") "\x00\x00\x01\x00\x01"), &a));
	assert_false(dns_answer_parse(SLICE_NONE, &a));
}

static void bounded(void **state)
{
	uint8_t packet[4096] = HEAD("\xff") QUESTION;
	size_t n = sizeof(HEAD("\xff") QUESTION) - 1;
	(void)state;
	for (int i = 0; i < 200; i++, n += 16)
		memcpy(packet + n, A_OF("\xc0\x0c") "\x0a\x00\x00\x01", 16);
	assert_true(dns_answer_parse(slice_of(packet, n), &a));
	assert_int_equal(a.n_addresses, DNS_ADDRESSES_MAX);
	assert_true(a.more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(addresses),
	        cmocka_unit_test(chain),
	        cmocka_unit_test(hints_of_https),
	        cmocka_unit_test(refuses),
	        cmocka_unit_test(bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
