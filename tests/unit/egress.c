/* egress_names: which names are closed, which addresses they have, and for how long. ip_packet: what packets hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "guard/bpf.h"
#include "guard/egress_names.h"
#include "parse/ip_packet.h"

static void names(void **state)
{
	static const struct egress_host host[] = {
	        {.pattern = "Banned.test", .rule = "1"},
	        {.pattern = "*.banned.test.", .rule = "2"},
	        {.pattern = "ok.banned.test", .open = true, .rule = "3"},
	        {.pattern = "*.deep.ok.banned.test", .rule = "4"},
	        {.pattern = "203.0.113.7", .rule = "5"},
	        {.pattern = "2001:db8::1", .rule = "6"},
	        {.pattern = "twice.test", .open = true, .rule = "7"},
	        {.pattern = "twice.test", .rule = "8"},
	};
	static const struct {
		const char *name, *rule;
	} row[] = {
	        {"banned.test", "1"},
	        {"a.banned.test", "2"},
	        {"a.b.banned.test", "2"},
	        {"ok.banned.test", "3"},
	        {"x.ok.banned.test", "2"},
	        {"deep.ok.banned.test", "2"},
	        {"a.deep.ok.banned.test", "4"},
	        {"twice.test", "8"},
	        {"notbanned.test", NULL},
	        {"banned.test.org", NULL},
	        {"test", NULL},
	        {"", NULL},
	        {".", NULL},
	};
	struct egress_names t;
	struct err err;
	uint8_t ip[16];
	(void)state;
	assert_int_equal(egress_names_make(&t, host, sizeof(host) / sizeof(host[0]), &err), 0);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct egress_host *h = egress_names_find(&t, row[i].name);
		assert_string_equal(h ? h->rule : "none", row[i].rule ? row[i].rule : "none");
	}
	assert_true(egress_address("203.0.113.7", ip));
	assert_string_equal(egress_names_hard(&t, ip)->rule, "5");
	assert_true(egress_address("2001:db8::2", ip));
	assert_null(egress_names_hard(&t, ip));
	egress_names_free(&t);
	static const char *const bad[] = {"", ".", "*.", "*", "a b", "a..b", "a/b", ".a", "**.a", "\xc3\xa9.test"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(egress_names_make(&t, &(struct egress_host){.pattern = bad[i]}, 1, &err), -EINVAL);
}

static void keys(void **state)
{
	struct egress_name_key k;
	(void)state;
	egress_name_key("ab.c", &k);
	assert_int_equal(k.bits, 5 * 8);
	assert_memory_equal(k.reversed, "c.ba\0", 6);
	egress_name_key(".ab.c", &k);
	assert_int_equal(k.bits, 5 * 8);
	assert_memory_equal(k.reversed, "c.ba.\0", 7);
}

static char said[4096];
static void on_address(void *arg, const uint8_t ip[16], uint32_t flags)
{
	char text[46];
	size_t n = strlen(said);
	(void)arg;
	egress_address_text(ip, text);
	(void)snprintf(said + n, sizeof(said) - n, "%s=%u ", text, flags);
}

static const char *take(void)
{
	static char out[sizeof(said)];
	memcpy(out, said, sizeof(out));
	said[0] = 0;
	return out;
}

static void addresses(void **state)
{
	struct egress_addresses *a;
	struct egress_names t;
	uint8_t one[16], two[16];
	(void)state;
	assert_int_equal(egress_addresses_new(&a, on_address, NULL), 0);
	assert_true(egress_address("20.0.0.1", one) && egress_address("2600::2", two));
	/* closed alone; then somebody joins it; his time ends first in the kernel, then ours */
	egress_addresses_learn(a, one, "api.banned.test", true, 300, 1000);
	assert_string_equal(take(), "20.0.0.1=1 ");
	egress_addresses_learn(a, one, "api.banned.test", true, 300, 1001);
	assert_string_equal(take(), "");
	egress_addresses_learn(a, one, "www.fine.test", false, 60, 1002);
	assert_string_equal(take(), "20.0.0.1=2 ");
	assert_string_equal(egress_addresses_name(a, one), "api.banned.test");
	egress_addresses_learn(a, one, "api.banned.test", true, 86400, 1003);
	egress_addresses_age(a, 1002 + 60 + 7200);
	assert_string_equal(take(), "20.0.0.1=1 ");
	/* the other way round: who was there before is remembered */
	egress_addresses_learn(a, two, "www.fine.test", false, 60, 10000);
	assert_string_equal(take(), "");
	egress_addresses_learn(a, two, "api.banned.test", true, 60, 10001);
	assert_string_equal(take(), "2600::2=2 ");
	assert_int_equal(egress_addresses_count(a), 2);
	/* the time of an answer, with grace, and not before */
	egress_addresses_age(a, 10001 + 60 + 600 - 1);
	assert_int_equal(egress_addresses_count(a), 2);
	egress_addresses_age(a, 10001 + 60 + 600 + 1);
	assert_string_equal(take(), "2600::2=0 ");
	assert_int_equal(egress_addresses_count(a), 1);
	/* a time without end is a day */
	egress_addresses_learn(a, two, "api.banned.test", true, UINT32_MAX, 20000);
	(void)take();
	egress_addresses_age(a, 20000 + 86400 + 601);
	assert_int_equal(egress_addresses_count(a), 0);
	(void)take();
	/* the name is open now: its address is one of the others */
	egress_addresses_learn(a, one, "api.banned.test", true, 60, 30000);
	(void)take();
	struct err err;
	assert_int_equal(egress_names_make(&t, &(struct egress_host){.pattern = "x.test"}, 1, &err), 0);
	egress_addresses_judge(a, &t, 30001);
	assert_string_equal(take(), "20.0.0.1=0 ");
	egress_addresses_learn(a, one, "x.test", true, 60, 30002);
	assert_string_equal(take(), "20.0.0.1=2 ");
	egress_names_free(&t);
	egress_addresses_free(a);
}

/* Whoever can make names resolve fills what is kept, and no more. */
static void flood(void **state)
{
	struct egress_addresses *a;
	uint8_t ip[16] = {0x20, 1}, first[16];
	(void)state;
	assert_int_equal(egress_addresses_new(&a, on_address, NULL), 0);
	for (uint32_t i = 0; i < 200000; i++) {
		memcpy(ip + 8, &i, 4);
		said[0] = 0;
		egress_addresses_learn(a, ip, "a.banned.test", true, 60, 1000);
		if (i == 0)
			memcpy(first, ip, 16);
	}
	assert_int_equal(egress_addresses_count(a), ADDRESSES_CLOSED_MAX);
	for (uint32_t i = 0; i < 500000; i++) {
		memcpy(ip + 4, &i, 4);
		egress_addresses_learn(a, ip, "fine.test", false, 60, 1000);
	}
	/* nobody's flood of open names takes a closed one out */
	assert_string_equal(egress_addresses_name(a, first), "a.banned.test");
	egress_addresses_age(a, 100000);
	assert_int_equal(egress_addresses_count(a), 0);
	egress_addresses_learn(a, first, "a.banned.test", true, 60, 200000);
	assert_int_equal(egress_addresses_count(a), 1);
	egress_addresses_free(a);
}

static void packets(void **state)
{
	struct ip_packet p;
	(void)state;
	struct slice udp = SLICE("\x45\0\0\x20\0\0\0\0\x40\x11\0\0\x14\x09\x09\x09\x0a\0\0\1\0\x35\x12\x34\0\x0c\0\0"
	                         "abcd");
	assert_true(ip_packet_read(udp, &p));
	assert_int_equal(p.source_port, 53);
	assert_int_equal(p.port, 0x1234);
	assert_memory_equal(p.source, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x14\x09\x09\x09", 16);
	assert_true(slice_is(ip_packet_dns(p.protocol, p.payload), "abcd"));
	struct slice tcp = SLICE("\x60\0\0\0\0\x1c\x06\x40"
	                         "0123456789abcdef"
	                         "fedcba9876543210\0\x35\0\1\0\0\0\0\0\0\0\0\x50\0\0\0\0\0\0\0\0\4"
	                         "abcd");
	assert_true(ip_packet_read(tcp, &p));
	assert_true(slice_is(ip_packet_dns(p.protocol, p.payload), "abcd"));
	for (size_t n = 0; n < udp.n - 4; n++)
		assert_false(ip_packet_read(slice_sub(udp, 0, n), &p));
	for (size_t n = 0; n < tcp.n - 6; n++)
		assert_false(ip_packet_read(slice_sub(tcp, 0, n), &p));
	/* a later fragment, a header that is too short */
	assert_false(ip_packet_read(SLICE("\x45\0\0\x20\0\0\0\1\x40\x11\0\0\x14\x09\x09\x09\x0a\0\0\1\0\x35\x12\x34\0\x0c\0\0"), &p));
	assert_false(ip_packet_read(SLICE("\x44\0\0\x20\0\0\0\0\x40\x11\0\0\x14\x09\x09\x09\x0a\0\0\1\0\x35\x12\x34\0\x0c\0\0"), &p));
}

static void assembler(void **state)
{
	static struct bpf_code c;
	struct err err = {0};
	(void)state;
	bpf_begin(&c);
	bpf_jumpi(&c, BPF_JEQ, R1, 0, 1);
	bpf_movi(&c, R0, 7);
	bpf_label(&c, 1);
	bpf_exit(&c);
	assert_int_equal(bpf_end(&c, &err), 0);
	assert_int_equal(c.insn[0].off, 1);
	bpf_begin(&c);
	bpf_go(&c, 3);
	assert_int_equal(bpf_end(&c, &err), -EINVAL);
	bpf_begin(&c);
	bpf_label(&c, 3);
	bpf_label(&c, 3);
	assert_int_equal(bpf_end(&c, &err), -EINVAL);
	bpf_begin(&c);
	for (int i = 0; i < BPF_CODE_MAX + 1; i++)
		bpf_exit(&c);
	assert_int_equal(bpf_end(&c, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(names),
	        cmocka_unit_test(keys),
	        cmocka_unit_test(addresses),
	        cmocka_unit_test(flood),
	        cmocka_unit_test(packets),
	        cmocka_unit_test(assembler),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
