#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "parse/canon_json.h"
#include "parse/canon_text.h"

static void text(const char *in, enum canon_form form, const char *wanted)
{
	_cleanup_arena_ struct arena arena = ARENA(1 << 20);
	_cleanup_buf_ struct buf out = BUF(1 << 16), again = BUF(1 << 16);
	assert_int_equal(canon_text(slice_str(in), form, &arena, &out), 0);
	assert_string_equal(buf_str(&out), wanted);
	assert_int_equal(canon_text(buf_slice(&out), form, &arena, &again), 0);
	assert_string_equal(buf_str(&again), wanted);
}

static void texts(void **state)
{
	(void)state;
	static const struct {
		const char *in, *full;
	} rows[] = {
	        {"", ""},
	        {"Today's date", "Today's date"},
	        {"Today\u2019s date", "Today's date"},
	        {"Today\u02bcs date", "Today's date"},
	        {"Today\u02b9s date", "Today's date"},
	        {"\u201cquoted\u201d \u2013 or \u2014 so\u2026", "\"quoted\" - or - so..."},
	        {"a\u200bb\u200cc\u2060d\ufeffe\u00adf\ufe0fg\U000e0061h", "abcdefgh"},
	        {"wide\u00a0gap\u2009and\u3000more", "wide gap and more"},
	        {"two  blanks \n\n\n\nlines \t\r\nend\r\n", "two blanks\n\nlines\nend"},
	        {"\tindented  here", "    indented here"},
	        {"\uff21\uff22\uff43 \U0001d400\U0001d41b \ufb01x", "ABc Ab fix"},
	        {"cafe\u0301", "caf\u00e9"},
	        {"caf\u00e9", "caf\u00e9"},
	        {"c\u043ede", "code"},
	        {"\u0430 b", "a b"},
	        {"\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440", "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440"},
	        {"\u041f\u0440\u0438\u0432\u0435\u0442 c\u043ede \u043e", "\u041f\u0440\u0438\u0432\u0435\u0442 code \u043e"},
	        {"\u0646\u0645\u06cc\u200c\u062e\u0648", "\u0646\u0645\u06cc\u200c\u062e\u0648"},
	        {"\u2022 one\n\u25e6 two", "\u2022 one\n\u2022 two"},
	        {"\xff", "\ufffd"},
	        {"Date: 2026-11-23.", "Date: 2026-11-23."},
	        {"Date: 2026/11/23.", "Date: 2026-11-23."},
	        {"Date: 2026.11.23.", "Date: 2026-11-23."},
	        {"Date: 2026-1-5", "Date: 2026-01-05"},
	        {"Date: 11/23/2026", "Date: 2026-11-23"},
	        {"Date: 23/11/2026", "Date: 2026-11-23"},
	        {"Date: 23.11.2026", "Date: 2026-11-23"},
	        {"Monday, November 23, 2026", "Monday, 2026-11-23"},
	        {"Mon Nov 23 2026", "Mon 2026-11-23"},
	        {"Sept. 3, 2026", "2026-09-03"},
	        {"3 May 2026", "2026-05-03"},
	        {"2026\u5e7411\u670823\u65e5", "2026-11-23"},
	        {"2026/11/23T10:00:00Z", "2026-11-23T10:00:00Z"},
	        {"v2026.1.5 1.2026/11/23 2026/13/01 12026/11/23 2026-11-23-4",
	                "v2026.1.5 1.2026/11/23 2026/13/01 12026/11/23 2026-11-23-4"},
	        {"/var/2026/11/23/log", "/var/2026/11/23/log"},
	        {"January 2025", "January 2025"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		text(rows[i].in, CANON_FULL, rows[i].full);
	text("\tif  x:\n\n\n\t\ty \n", CANON_LIGHT, "\tif  x:\n\n\n\t\ty\n");
	text("it\u2019s 2026/11/23\n", CANON_LIGHT, "it's 2026-11-23\n");
}

static bool shout(void *arg, const struct json *v, struct slice s, struct buf *out)
{
	(void)arg;
	(void)v;
	if (!slice_is(s, "quiet"))
		return false;
	buf_str_add(out, "LOUD\n");
	return true;
}

static bool is_set(void *arg, const struct json *v)
{
	(void)arg;
	return slice_is(v->key, "stop");
}

static void documents(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out;
	} rows[] = {
	        {" { } ", "{}"},
	        {"[ 1 , 2,\n3 ]", "[1,2,3]"},
	        {"{\"b\":1,\"a\":{\"d\":2,\"c\":3}}", "{\"a\":{\"c\":3,\"d\":2},\"b\":1}"},
	        {"{\"a\":1,\"\\u0061\":2}", "{\"a\":2}"},
	        {"\"\\u0041\\/\\u000A\\u001F\\u2019\\\"\"", "\"A/\\n\\u001f\u2019\\\"\""},
	        {"\"\\ud83d\\ude00 \\ud83d\"", "\"\U0001f600 \\ud83d\""},
	        {"[1.0,1e3,1E+3,10e-1,0.10,-0,-0.0,100,1.50e2,0.000001,1e-7]", "[1,1000,1000,1,0.1,0,0,100,150,0.000001,0.0000001]"},
	        {"[123456789012345678901234567890123456789,9007199254740993]",
	                "[123456789012345678901234567890123456789,9007199254740993]"},
	        {"[1e400,-12.50e-400,1e31]", "[1e+400,-1.25e-399,1e+31]"},
	        {"{\"stop\":[\"b\",\"a\"],\"list\":[\"b\",\"a\"]}", "{\"list\":[\"b\",\"a\"],\"stop\":[\"a\",\"b\"]}"},
	        {"[\"quiet\",true,false,null]", "[\"LOUD\\n\",true,false,null]"},
	};
	static const struct canon_json_calls calls = {.string = shout, .set = is_set};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_arena_ struct arena arena = ARENA(1 << 20);
		_cleanup_buf_ struct buf out = BUF(1 << 16);
		struct json *doc;
		assert_int_equal(json_parse(slice_str(rows[i].in), NULL, &arena, &doc, NULL), JSON_OK);
		assert_int_equal(canon_json(doc, &calls, NULL, &arena, &out), 0);
		assert_string_equal(buf_str(&out), rows[i].out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(texts), cmocka_unit_test(documents)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
