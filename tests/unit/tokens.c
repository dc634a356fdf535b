/* Source as a row of tokens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "parse/tokens.h"

/* Names as they are, texts in quotes, "|" for the end of a statement. */
static void rows(void **state)
{
	static const struct {
		const char *name, *text, *want;
	} r[] = {
	        {"x.py", "a.b('c', d)  # e 'f'\ng = 1\n", "a.b ( \"c\" , d ) | g = 1 |"},
	        {"x.py", "f(a,\n  b)\nx", "f ( a , b ) | x"},
	        {"x.py", "'''a\nb''' + f\"c\"", "\"a\nb\" + f \"c\""},
	        {"x.py", "x().read()", "x ( ) .read ( )"},
	        {"x.js", "const a = `b\n${c}`; /* d */ e?.f('g\\'h') // i\nj", "const a = \"b\n${c}\" | e?.f ( \"g\\'h\" ) | j"},
	        {"x.rb", "A::B.c 'd'", "A::B.c \"d\""},
	        {"x.py", "a = {\n'b': c,\n}\nd", "a = { \"b\" : c , } | d"},
	        {"x.js", "a = {\nb: c\n}\nif (d) {\ne\n}", "a = { b : c } | if ( d ) { | e | }"},
	        {"x.py", "''", "\"\""},
	        {"x.py", "'a", "\"\""},
	        {"x.py", "", ""},
	        {"x.py", "))]", ") ) ]"},
	        {"x.js", "a /* b", "a"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(r); i++) {
		_cleanup_arena_ struct arena a = ARENA(1 << 20);
		_cleanup_buf_ struct buf b = BUF(65536);
		struct slice text = slice_str(r[i].text);
		struct token *t;
		size_t n;
		bool all;
		assert_int_equal(tokens_read(text, source_language(r[i].name, text), 1000, &a, &t, &n, &all), 0);
		assert_true(all);
		for (size_t k = 0; k < n; k++)
			buf_fmt(&b,
			        t[k].kind == TOKEN_TEXT  ? "%s\"%.*s\""
			        : t[k].kind == TOKEN_END ? "%s|"
			                                 : "%s%.*s",
			        k ? " " : "", SLICE_FMT(t[k].text));
		assert_string_equal(buf_str(&b), r[i].want);
	}
}

static void no_more_than_asked_for(void **state)
{
	_cleanup_arena_ struct arena a = ARENA(1 << 20);
	struct token *t;
	size_t n;
	bool all;
	(void)state;
	assert_int_equal(tokens_read(SLICE("a b c d"), source_language("x.py", SLICE_NONE), 3, &a, &t, &n, &all), 0);
	assert_int_equal(n, 3);
	assert_false(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(rows),
	        cmocka_unit_test(no_more_than_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
