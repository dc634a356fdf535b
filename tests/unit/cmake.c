/* Commands of CMake's language. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "parse/cmake.h"

/* "name(argument 'quoted')" of each. */
static void rows(void **state)
{
	static const struct {
		const char *text, *want;
	} r[] = {
	        {"set(A b \"c d\")", "set(A b 'c d')"},
	        {"a()\nB (c\n  d) # e(f)\n", "a() B(c d)"},
	        {"a(b#c\nd)", "a(b d)"},
	        {"#[[ a(b)\n]] c(d)", "c(d)"},
	        {"a([[b ]x] c]] [==[d]]e]==] [f])", "a('b ]x] c' 'd]]e' [f])"},
	        {"if((a AND b) OR c)", "if(a AND b OR c)"},
	        {"a(\"b\\\"c\\nd\\\n\\${e}\" f\\ g)", "a('b\"c\nd${e}' f g)"},
	        {"a(-Db=\"c d\" e;f)", "a(-Db=\"c d\" e f)"},
	        {"a(b", "a(b)"},
	        {"a(\"b", "a('b')"},
	        {"a([[b", "a('b')"},
	        {"a(b\\", "a(b\\)"},
	        {"a", ""},
	        {"))", ""},
	        {"", ""},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(r); i++) {
		_cleanup_arena_ struct arena a = ARENA(1 << 20);
		_cleanup_buf_ struct buf b = BUF(65536);
		struct cmake c = {.text = slice_str(r[i].text)};
		struct cmake_call call;
		while (cmake_next(&c, &a, &call) == 1) {
			assert_true(call.at < call.end && call.end <= c.text.n && !call.more);
			buf_fmt(&b, "%s%.*s(", b.n ? " " : "", SLICE_FMT(call.name));
			for (size_t k = 0; k < call.n; k++)
				buf_fmt(&b, call.argument[k].quoted ? "%s'%.*s'" : "%s%.*s", k ? " " : "",
				        SLICE_FMT(call.argument[k].text));
			buf_str_add(&b, ")");
		}
		if (strcmp(b.n ? buf_str(&b) : "", r[i].want) != 0)
			fail_msg("%s: %s, not %s", r[i].text, buf_str(&b), r[i].want);
	}
}

static void limits(void **state)
{
	_cleanup_buf_ struct buf b = BUF(1 << 20);
	_cleanup_arena_ struct arena a = ARENA(1 << 20), small = ARENA(1000);
	struct cmake_call call;
	(void)state;
	buf_str_add(&b, "a(");
	for (unsigned i = 0; i <= CMAKE_ARGUMENTS_MAX; i++)
		buf_str_add(&b, "b ");
	buf_str_add(&b, ")");
	assert_int_equal(cmake_next(&(struct cmake){.text = buf_slice(&b)}, &a, &call), 1);
	assert_int_equal(call.n, CMAKE_ARGUMENTS_MAX);
	assert_true(call.more);
	assert_true(cmake_next(&(struct cmake){.text = buf_slice(&b)}, &small, &call) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(rows),
	        cmocka_unit_test(limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
