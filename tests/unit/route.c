#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gate/route.h"

static void addresses(void **state)
{
	(void)state;
	static const struct {
		const char *official, *url;
		bool good;
	} rows[] = {
	        {"api.example.com", "https://gw.corp.example", true},
	        {"api.example.com/v1", "http://gw.corp.example:8080/llm/v1/", true},
	        {"API.Example.com", "https://10.1.2.3", true},
	        {"api.example.com:443", "https://gw.corp.example", false},
	        {"", "https://gw.corp.example", false},
	        {"api.example.com", "ftp://gw.corp.example", false},
	        {"api.example.com", "https://", false},
	        {"api.example.com", "https://user:word@gw.corp.example", false},
	        {"api.example.com", "https://gw.corp.example:0", false},
	        {"api.example.com", "https://gw.corp.example:70000", false},
	        {"api.example.com", "https://gw.corp.example/a?b=c", false},
	        {"api.example.com", "https://gw.corp.example/a#b", false},
	        {"api.example.com", "https://gw.corp.example/a/../b", false},
	        {"api.example.com", "https://gw.corp.example/a b", false},
	        {"api.example.com", "https://gw.corp\texample", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct route r;
		assert_int_equal(route_parse(rows[i].official, rows[i].url, &r), rows[i].good ? 0 : -EINVAL);
		assert_true(rows[i].good == (r.why == NULL));
	}
}

static void targets(void **state)
{
	(void)state;
	static const struct {
		const char *official, *url, *host, *target, *there; /* NULL: it is not led */
	} rows[] = {
	        {"a.example", "https://gw.example", "a.example", "/v1/m?x=1", "/v1/m?x=1"},
	        {"a.example", "https://gw.example/p/", "a.example", "/v1/m", "/p/v1/m"},
	        {"a.example", "https://gw.example/p", "b.example", "/v1/m", NULL},
	        {"a.example/v1", "https://gw.example/p", "a.example", "/v1/m", "/p/m"},
	        {"a.example/v1", "https://gw.example/p", "a.example", "/v1?x", "/p?x"},
	        {"a.example/v1", "https://gw.example", "a.example", "/v1?x", "/?x"},
	        {"a.example/v1", "https://gw.example", "a.example", "/v1", "/"},
	        {"a.example/v1", "https://gw.example", "a.example", "/v10/m", NULL},
	        {"a.example/v1", "https://gw.example", "a.example", "/v2", NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct route made, r;
		_cleanup_buf_ struct buf list = BUF(4096), out = BUF(4096);
		assert_int_equal(route_parse(rows[i].official, rows[i].url, &made), 0);
		route_write(&made, &list);
		struct slice rest = buf_slice(&list);
		assert_true(route_next(&rest, &r));
		assert_false(route_next(&rest, &made));
		assert_true(route_target(&r, rows[i].host, slice_str(rows[i].target), &out) == (rows[i].there != NULL));
		if (rows[i].there)
			assert_string_equal(buf_str(&out), rows[i].there);
	}
}

static void broken_lists(void **state)
{
	(void)state;
	static const char *const lists[] = {"", "a\tb\n", "a\t\tb\t\t99999\t1\t\n", "a\t\tb\t\t443\t2\t\n"};
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		struct slice rest = slice_str(lists[i]);
		struct route r;
		assert_false(route_next(&rest, &r));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(addresses), cmocka_unit_test(targets), cmocka_unit_test(broken_lists)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
