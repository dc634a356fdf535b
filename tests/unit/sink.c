/* What is pure in sinks: addresses, names, and rows for a database. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "ledger/sink_part.h"

static void addresses_are_taken_apart(void **state)
{
	(void)state;
	static const struct {
		const char *url, *user, *hosts, *path;
		bool tls, local;
		size_t parameters;
	} rows[] = {
	        {"nats://127.0.0.1:4222/S/a.b", "", "127.0.0.1:4222", "S/a.b", false, true, 0},
	        {"nats+tls://me@a.example,b.example:1/S", "me", "a.example,b.example:1", "S", true, false, 0},
	        {"kafka://[::1]:9,localhost/t?partition=3&mechanism=PLAIN", "", "[::1]:9,localhost", "t", false, true, 2},
	        {"kafka://localhost,k.example/t?a=@/", "", "localhost,k.example", "t", false, false, 1},
	        {"kafka://localhost.example/t", "", "localhost.example", "t", false, false, 0},
	        {"kafka://127.0.0.1.example:1/t", "", "127.0.0.1.example:1", "t", false, false, 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sink_url u;
		assert_int_equal(sink_url_parse(rows[i].url, &u, NULL), 0);
		assert_string_equal(u.user, rows[i].user);
		assert_string_equal(u.hosts, rows[i].hosts);
		assert_string_equal(u.path, rows[i].path);
		assert_true(u.tls == rows[i].tls && u.local == rows[i].local && u.n == rows[i].parameters);
		assert_true(sink_is(rows[i].url));
	}
}

static void bad_addresses_are_refused(void **state)
{
	(void)state;
	static const char *const urls[] = {"", "nats", "nats:/", "nats://", "nats:///S", "nats://h", "nats://h/", "nats://u:p@h/S",
	        "nats://:@h/S", "nats://h,,i/S", "nats://h;i/S", "nats://h\n/S", "nats://h /S", "kafka://h/t?x", "kafka://h/t?a=1&b",
	        "kafka://,/t", "kafka://h,/t"};
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		struct sink_url u = {.user = "untouched"};
		struct err err = {0};
		assert_int_equal(sink_url_parse(urls[i], &u, &err), -EINVAL);
		assert_true(err.text[0] && strcmp(u.user, "untouched") == 0);
	}
	char many[4096] = "nats://";
	memset(many + 7, 'h', sizeof(many) - 8);
	struct sink_url u;
	assert_int_equal(sink_url_parse(many, &u, NULL), -EINVAL);
	memcpy(many + 3000, "/S", 3);
	assert_int_equal(sink_url_parse(many, &u, NULL), -EINVAL);
	assert_false(sink_is("https://h/x") || sink_is("natsx://h/x") || sink_is("nats") || sink_is(""));
	assert_true(sink_is("postgresql:///x") && sink_is("postgres://h/x"));
}

static void an_index_is_digits_and_no_more(void **state)
{
	(void)state;
	uint64_t n = 7;
	assert_true(sink_index(SLICE("9223372036854775806"), &n) && n == INT64_MAX - 1);
	static const char *const bad[] = {"", "-1", "+1", " 1", "1 ", "1x", "0x1", "9223372036854775807", "18446744073709551616"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(sink_index(slice_str(bad[i]), &n));
	assert_false(sink_index(SLICE_NONE, &n));
	assert_string_equal(sink_id("o.example/x", 12).text, "o.example/x/12");
}

static void rows_are_copy_text(void **state)
{
	(void)state;
	static const struct {
		const char *json, *row;
	} rows[] = {
	        {"{\"class_uid\":1007,\"device\":{\"hostname\":\"h\\tx\"},\"message\":\"a\\nb\\\\\",\"severity_id\":2,\"time\":"
	         "1764000001001}",
	                "o\t5\t2025-11-24 16:00:01.001+00\t1007\t2\t\\N\t\\N\th\\tx\t\\N\t\\N\ta\\nb\\\\\t"
	                "{\"class_uid\":1007,\"device\":{\"hostname\":\"h\\\\tx\"},\"message\":\"a\\\\nb\\\\\\\\\",\"severity_id\":2,"
	                "\"time\":"
	                "1764000001001}\t"
	                "{\"class_uid\":1007,\"device\":{\"hostname\":\"h\\\\tx\"},\"message\":\"a\\\\nb\\\\\\\\\",\"severity_id\":2,"
	                "\"time\":"
	                "1764000001001}\n"},
	        /* No object; U+0000 does not fit into jsonb, but a backslash before "u0000" does. */
	        {"\"x\"", "o\t5\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\"x\"\t\"x\"\n"},
	        {"{\"message\":\"\\u0000\"}",
	                "o\t5\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\xef\xbf\xbd\t\\N\t{\"message\":\"\\\\u0000\"}\n"},
	        {"\"\\\\u0000\"", "o\t5\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\"\\\\\\\\u0000\"\t\"\\\\\\\\u0000\"\n"},
	        {"{\"time\":99999999999999999}",
	                "o\t5\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t{\"time\":99999999999999999}\t{\"time\":99999999999999999}\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_arena_ struct arena arena = ARENA(1 << 20);
		_cleanup_buf_ struct buf out = BUF(1 << 20);
		assert_int_equal(sink_row("o", 5, slice_str(rows[i].json), &arena, &out), 0);
		assert_string_equal(buf_str(&out), rows[i].row);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(addresses_are_taken_apart),
	        cmocka_unit_test(bad_addresses_are_refused),
	        cmocka_unit_test(an_index_is_digits_and_no_more),
	        cmocka_unit_test(rows_are_copy_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
