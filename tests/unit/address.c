#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "parse/address.h"

static const struct {
	const char *text;
	enum address_kind kind;
} table[] = {
        {"1.1.1.1", ADDRESS_PUBLIC},
        {"8.8.8.8", ADDRESS_PUBLIC},
        {"0.0.0.0", ADDRESS_SPECIAL},
        {"0.1.2.3", ADDRESS_SPECIAL},
        {"10.0.0.1", ADDRESS_PRIVATE},
        {"11.0.0.1", ADDRESS_PUBLIC},
        {"100.63.255.255", ADDRESS_PUBLIC},
        {"100.64.0.0", ADDRESS_PRIVATE},
        {"100.127.255.255", ADDRESS_PRIVATE},
        {"100.128.0.0", ADDRESS_PUBLIC},
        {"127.0.0.1", ADDRESS_LOOPBACK},
        {"127.255.255.254", ADDRESS_LOOPBACK},
        {"128.0.0.1", ADDRESS_PUBLIC},
        {"169.254.169.254", ADDRESS_LINK_LOCAL},
        {"172.15.255.255", ADDRESS_PUBLIC},
        {"172.16.0.1", ADDRESS_PRIVATE},
        {"172.31.255.255", ADDRESS_PRIVATE},
        {"172.32.0.0", ADDRESS_PUBLIC},
        {"192.0.0.192", ADDRESS_SPECIAL},
        {"192.168.255.1", ADDRESS_PRIVATE},
        {"192.169.0.1", ADDRESS_PUBLIC},
        {"198.18.0.1", ADDRESS_SPECIAL},
        {"198.19.255.255", ADDRESS_SPECIAL},
        {"198.20.0.0", ADDRESS_PUBLIC},
        {"224.0.0.1", ADDRESS_SPECIAL},
        {"255.255.255.255", ADDRESS_SPECIAL},
        {"::", ADDRESS_SPECIAL},
        {"::1", ADDRESS_LOOPBACK},
        {"::2", ADDRESS_SPECIAL},
        {"::127.0.0.1", ADDRESS_SPECIAL},
        {"::ffff:127.0.0.1", ADDRESS_LOOPBACK},
        {"::ffff:10.1.2.3", ADDRESS_PRIVATE},
        {"::ffff:8.8.8.8", ADDRESS_PUBLIC},
        {"::ffff:0:169.254.169.254", ADDRESS_LINK_LOCAL},
        {"64:ff9b::7f00:1", ADDRESS_LOOPBACK},
        {"64:ff9b::808:808", ADDRESS_PUBLIC},
        {"64:ff9b:1::a00:1", ADDRESS_PRIVATE},
        {"2002:7f00:1::1", ADDRESS_LOOPBACK},
        {"2002:c0a8:101::", ADDRESS_PRIVATE},
        {"2001::1", ADDRESS_SPECIAL},
        {"2001:db8::1", ADDRESS_SPECIAL},
        {"2001:4860:4860::8888", ADDRESS_PUBLIC},
        {"2606:4700::1111", ADDRESS_PUBLIC},
        {"3fff::1", ADDRESS_SPECIAL},
        {"4000::1", ADDRESS_SPECIAL},
        {"fc00::1", ADDRESS_PRIVATE},
        {"fd00:ec2::254", ADDRESS_PRIVATE},
        {"fe80::1", ADDRESS_LINK_LOCAL},
        {"febf::1", ADDRESS_LINK_LOCAL},
        {"fec0::1", ADDRESS_PRIVATE},
        {"ff02::1", ADDRESS_SPECIAL},
};

static struct slice raw_of(const char *text, uint8_t raw[16])
{
	if (inet_pton(AF_INET, text, raw) == 1)
		return slice_of(raw, 4);
	assert_int_equal(inet_pton(AF_INET6, text, raw), 1);
	return slice_of(raw, 16);
}

static void kinds(void **state)
{
	(void)state;
	uint8_t raw[16];
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		enum address_kind k = address_kind(raw_of(table[i].text, raw));
		if (k != table[i].kind)
			fail_msg("%s is %s, and not %s", table[i].text, address_kind_name(table[i].kind), address_kind_name(k));
	}
	assert_int_equal(address_kind(slice_of(raw, 5)), ADDRESS_SPECIAL);
}

static void metadata(void **state)
{
	(void)state;
	static const char *const yes[] = {
	        "169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fd00:ec2::254", "168.63.129.16"};
	static const char *const no[] = {"169.254.1.1", "8.8.8.8", "fd00:ec2::255"};
	uint8_t raw[16];
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		assert_true(address_metadata(raw_of(yes[i], raw)));
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		assert_false(address_metadata(raw_of(no[i], raw)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(kinds), cmocka_unit_test(metadata)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
