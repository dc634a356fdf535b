/* Which commands a line of shell has, and what feeds what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "parse/shell.h"

/* Each command in "[…]": words with "," between, "<N" what it reads, "^N@K" what it is in. */
static void say(struct slice text, struct buf *out)
{
	_cleanup_arena_ struct arena a = ARENA(1 << 24);
	struct shell_command *c;
	size_t n;
	assert_int_equal(shell_read(text, &a, &c, &n), 0);
	for (size_t i = 0; i < n; i++) {
		buf_str_add(out, "[");
		for (size_t k = 0; k < c[i].n; k++)
			buf_fmt(out, "%s%.*s", k ? "," : "", SLICE_FMT(c[i].word[k]));
		if (c[i].from >= 0)
			buf_fmt(out, "<%d", c[i].from);
		if (c[i].inside >= 0)
			buf_fmt(out, "^%d@%zu", c[i].inside, c[i].inside_at);
		buf_str_add(out, "]");
	}
}

static void commands(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
	        {"", ""},
	        {"a b", "[a,b]"},
	        {"a 'b c' \"d \\\" e\" f\\ g", "[a,b c,d \" e,f g]"},
	        {"a | b && c; d || e & f", "[a][b<0][c][d][e][f]"},
	        {"a |\n b", "[a][b<0]"},
	        {"a \\\n b # c\nd", "[a,b][d]"},
	        {"sh -c \"$(a b | c)\"", "[sh,-c,$()][a,b^0@2][c<1^0@2]"},
	        {"sh <(a) d", "[sh,$(),d][a^0@1]"},
	        {"x=`a 'b'` c", "[x=``,c][a,b^0@0]"},
	        {"a > b 2>&1 < c", "[a,>,b,2,>&,1,<,c]"},
	        {"a &> b", "[a,&>,b]"},
	        {"(a; b) | c", "[a][b][c<1]"},
	        {"iex (irm u)", "[iex][irm,u^0@1]"},
	        {"a 'b", "[a,b]"},
	        {"a \"$(b", "[a,$()][b^0@1]"},
	        {"a#b #c", "[a#b]"},
	        {"\\", "[\\]"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_buf_ struct buf b = BUF(65536);
		say(slice_str(rows[i].text), &b);
		assert_string_equal(buf_str(&b), rows[i].want);
	}
}

static void there_are_bounds(void **state)
{
	_cleanup_buf_ struct buf b = BUF(1 << 20);
	_cleanup_arena_ struct arena a = ARENA(1 << 24), small = ARENA(1000);
	struct shell_command *c;
	size_t n;
	(void)state;
	/* A zero is in a word, and none is passed over for ever. */
	assert_int_equal(shell_read(SLICE("a\0b | \0 c"), &a, &c, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(c[0].word[0].n, 3);
	assert_int_equal(c[1].n, 2);
	for (int i = 0; i < 5000; i++)
		buf_str_add(&b, "$(a;");
	assert_int_equal(shell_read(buf_slice(&b), &a, &c, &n), 1);
	assert_true(n <= SHELL_COMMANDS_MAX);
	assert_true(shell_read(buf_slice(&b), &small, &c, &n) < 0);
	buf_reset(&b);
	for (int i = 0; i < 5000; i++)
		buf_str_add(&b, "a ");
	arena_free(&a);
	assert_int_equal(shell_read(buf_slice(&b), &a, &c, &n), 1);
	assert_int_equal(c[0].n, SHELL_WORDS_MAX);
}

/* What is not read is said: `times` of `part` with `front` before. */
static int read_many(const char *front, const char *part, unsigned times)
{
	_cleanup_buf_ struct buf b = BUF(1 << 20);
	_cleanup_arena_ struct arena a = ARENA(1 << 24);
	struct shell_command *c;
	size_t n;
	buf_str_add(&b, front);
	for (unsigned i = 0; i < times; i++)
		buf_str_add(&b, part);
	return shell_read(buf_slice(&b), &a, &c, &n);
}

static void each_limit_is_said(void **state)
{
	static const char *const opens[] = {"$(", "`a \"$(", "a <(", "a (", "\"$("};
	(void)state;
	assert_int_equal(read_many("", ":;", SHELL_COMMANDS_MAX), 0);
	assert_int_equal(read_many("", ":;", SHELL_COMMANDS_MAX + 1), 1);
	assert_int_equal(read_many("", "a ", SHELL_WORDS_MAX), 0);
	assert_int_equal(read_many("", "a ", SHELL_WORDS_MAX + 1), 1);
	for (size_t i = 0; i < ARRAY_LEN(opens); i++) {
		assert_int_equal(read_many("", opens[i], SHELL_DEPTH_MAX / 2), 0);
		assert_int_equal(read_many("", opens[i], SHELL_DEPTH_MAX + 1), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(commands),
	        cmocka_unit_test(there_are_bounds),
	        cmocka_unit_test(each_limit_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
