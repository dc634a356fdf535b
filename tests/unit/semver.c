#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "parse/semver.h"

static void test_order(void **state)
{
	(void)state;
	/* semver.org, item 11, and more; each below the next. */
	static const char *const up[] = {"0.0.0-0", "0.0.0", "0.9.9", "1.0.0-0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
	        "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "9007199254740991.0.0"};
	for (size_t i = 0; i < ARRAY_LEN(up); i++) {
		for (size_t k = 0; k < ARRAY_LEN(up); k++) {
			struct semver a, b;
			assert_true(semver_parse(slice_str(up[i]), &a) && semver_parse(slice_str(up[k]), &b));
			int c = semver_cmp(&a, &b);
			assert_int_equal((c > 0) - (c < 0), (i > k) - (i < k));
		}
	}
	static const char *const bad[] = {"", "1", "1.2", "1.2.x", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3-a..b", "1.2.3+", "1.2.3.4",
	        "1.2.3 4", "9007199254740992.0.0", "-1.0.0", "1.2.3-\xc3\xa4", "latest"};
	struct semver v;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(semver_parse(slice_str(bad[i]), &v));
	assert_true(semver_parse(SLICE("v1.2.3+build.01"), &v));
}

static void test_ranges(void **state)
{
	(void)state;
	static const struct {
		const char *v, *range;
		bool in;
	} table[] = {
	        {"1.2.3", "", true},
	        {"1.2.3", "*", true},
	        {"1.2.3-a", "*", false},
	        {"1.2.3", "^1", true},
	        {"2.0.0", "^1", false},
	        {"0.2.5", "^0.2.3", true},
	        {"0.3.0", "^0.2.3", false},
	        {"0.0.4", "^0.0.3", false},
	        {"0.0.9", "^0.0", true},
	        {"0.9.0", "^0", true},
	        {"2.0.0-0", "^1.2.3", false},
	        {"1.2.9", "~1.2.3", true},
	        {"1.3.0", "~1.2.3", false},
	        {"1.9.0", "~1", true},
	        {"1.2.3-b", "^1.2.3-a", true},
	        {"1.2.4-b", "^1.2.3-a", false},
	        {"1.2.4", "^1.2.3-a", true},
	        {"1.2.3", "1.2.x", true},
	        {"1.3.0", "1.2.X", false},
	        {"2.3.9", "1.2.3 - 2.3", true},
	        {"2.4.0", "1.2.3 - 2.3", false},
	        {"2.3.4", "1.2.3 - 2.3.4", true},
	        {"1.0.0", ">1", false},
	        {"2.0.0", ">1", true},
	        {"1.9.9", "<=1", true},
	        {"1.5.0", ">=1.2 <2", true},
	        {"3.0.0", "1.x || >=2.5.0 || 5", true},
	        {"2.1.0", "1.x||>=2.5.0", false},
	        {"1.0.0", ">= 1.0.0", true},
	        {"1.0.0", "=1.0.0", true},
	        {"1.0.0", ">1.0.0", false},
	        {"1.2.3", "~>1.2", true},
	        {"1.2.3", "<*", false},
	        {"0.0.0", "<0.0.0-0", false},
	        {"1.2.3", "latest", false},
	        {"1.2.3", "1.2.3 || x y", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct semver v;
		assert_true(semver_parse(slice_str(table[i].v), &v));
		assert_int_equal(semver_in(&v, slice_str(table[i].range)), table[i].in);
	}
	assert_true(semver_range_valid(SLICE_NONE));
	assert_false(semver_range_valid(SLICE("latest")));
	assert_false(semver_range_valid(SLICE("git+ssh://x/y")));
	assert_false(semver_range_valid(SLICE(">")));
	assert_false(semver_range_valid(SLICE("1 -")));
	assert_true(semver_range_valid(SLICE(" ^1.2  <3 || ")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_ranges)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
