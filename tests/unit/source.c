/* What kind a text is, and which of its bytes are comments and strings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "parse/source.h"

static void kinds(void **state)
{
	static const struct {
		const char *name, *text;
		enum source_kind want;
		const char *language;
	} rows[] = {
	        {"x.c", "", SOURCE_CODE, "c"},
	        {"x.PY", "", SOURCE_CODE, "python"},
	        {"x", "#!/usr/bin/env python3\n", SOURCE_CODE, "python"},
	        {"x", "#!/bin/sh\n", SOURCE_CODE, "shell"},
	        {"Makefile", "", SOURCE_CODE, "shell"},
	        {"x.json", "{}", SOURCE_DATA, NULL},
	        {"x.md", "# a", SOURCE_PROSE, NULL},
	        {"x", "", SOURCE_PROSE, NULL},
	        {"x.", "", SOURCE_PROSE, NULL},
	        {"de.ts", "<?xml version=\"1.0\"?>", SOURCE_DATA, "javascript"},
	        {"x.ts", "let a", SOURCE_CODE, "javascript"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct source_language *l = source_language(rows[i].name, slice_str(rows[i].text));
		assert_int_equal(source_kind(rows[i].name, slice_str(rows[i].text)), rows[i].want);
		if (!l != !rows[i].language || (l && strcmp(source_language_name(l), rows[i].language) != 0))
			fail_msg("%s", rows[i].name);
	}
}

/* Below each byte stands what it is: "." code, "c" comment, "s" string. */
static void parts(void **state)
{
	static const struct {
		const char *name, *text, *want;
	} rows[] = {
	        {"x.c", "a /* b */ \"c\\\"d\" e // f\ng", "..ccccccc.ssssss...ccccc."},
	        {"x.c", "a 'b\nc", "..sss."},
	        {"x.py", "a = '''b\n'c''' # d\ne", "....ssssssssss.cccc."},
	        {"x.py", "'a' 'b'", "sss.sss"},
	        {"x.sh", "a#b 'c\nd' # e", "....sssss.ccc"},
	        {"x.js", "`a\n${b}` // c", "ssssssss.cccc"},
	        {"x.sql", "a -- b\nc 'd'", "..ccccc..sss"},
	        {"x.unknown", "a /* b */", "........."},
	        {"x.py", "", ""},
	        {"x.c", "/", "."},
	        {"x.c", "\"a\\", "sss"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice text = slice_str(rows[i].text);
		assert_int_equal(strlen(rows[i].want), text.n);
		/* In one go, and asked for one place only. */
		struct source_lex all = source_lex(text, source_language(rows[i].name, text));
		for (size_t k = 0; k < text.n; k++) {
			struct source_lex one = source_lex(text, source_language(rows[i].name, text));
			enum source_part want = rows[i].want[k] == '.'   ? SOURCE_PLAIN
			                        : rows[i].want[k] == 'c' ? SOURCE_COMMENT
			                                                 : SOURCE_STRING;
			if (source_part(&all, k) != want || source_part(&one, k) != want)
				fail_msg("row %zu, byte %zu", i, k);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(kinds),
	        cmocka_unit_test(parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
