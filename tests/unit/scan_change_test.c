/* Which file of tests is for which code, by their paths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "inspect/scan.h"

static void tests_are_known_by_their_names(void **state)
{
	static const struct {
		const char *test, *code;
		bool is;
	} rows[] = {
	        {"tests/test_login.py", "src/auth/login.py", true},
	        {"tests/unit/test_login.py", "auth/login.py", true},
	        {"tests/auth/test_login.py", "src/auth/login.py", true},
	        {"tests/auth/test_login.py", "src/shop/login.py", false},
	        {"login_test.go", "login.go", true},
	        {"auth/login_test.go", "auth/login.go", true},
	        {"auth/login_test.go", "shop/login.go", false},
	        {"src/login.test.ts", "src/login.tsx", true},
	        {"src/__tests__/login.spec.js", "src/login.js", true},
	        {"spec/models/user_spec.rb", "app/models/user.rb", true},
	        {"src/test/java/com/x/LoginTest.java", "src/main/java/com/x/Login.java", true},
	        {"tests/Login.test.js", "src/login.js", true},
	        {"tests/login.rs", "src/login.rs", true},
	        /* Another language, another test, no test, no code. */
	        {"tests/test_login.py", "src/login.go", false},
	        {"tests/test_logout.py", "src/login.py", false},
	        {"src/login.py", "src/auth/login.py", false},
	        {"tests/test_login.py", "tests/login.py", false},
	        {"tests/login.json", "src/login.json", false},
	        {"tests/test_.py", "src/.py", false},
	        /* There are many of these. */
	        {"tests/utils.test.js", "src/shop/utils.js", false},
	        {"tests/utils.test.js", "src/utils.js", true},
	        {"src/shop/index.test.js", "src/shop/index.js", true},
	        {"src/shop/index.test.js", "src/index.js", false},
	        {"tests/auth/__init__.py", "src/auth/__init__.py", false},
	        {"", "", false},
	        {"/", "/", false},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (scan_test_is_for(rows[i].test, rows[i].code) != rows[i].is)
			fail_msg("%s for %s", rows[i].test, rows[i].code);
	assert_true(scan_test_family("a.test.js") == scan_test_family("tests/b.tsx") && scan_test_family("a.test.js") < SCAN_TEST_FAMILIES);
	assert_int_equal(scan_test_family("a.js"), 0);
	assert_int_equal(scan_test_family("tests/a.bats") < SCAN_TEST_FAMILIES && scan_test_family("tests/a.bats") > 0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(tests_are_known_by_their_names)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
