/* json: what is kept, what is refused, and what is said about the syntax. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "parse/json.h"

static void accepts_and_refuses(void **state)
{
	(void)state;
	static const char *const good[] = {"{}", "[]", " [ ] ", "0", "-0.0e+10", "\"\"", "\"\\ud800\"", "null", "[1,[2,{\"a\":{}}]]",
	        "{\"a\":1,\"a\":2}", "\"\xff\"", "\t\r\n1"};
	static const struct {
		const char *text;
		size_t at;
	} bad[] = {{"", 0}, {"[1,]", 3}, {"{\"a\":1,}", 7}, {"{\"a\"}", 4}, {"[1 2]", 3}, {"01", 1}, {"1.", 2}, {"-", 1}, {"\"\\x\"", 2},
	        {"\"\\u12g4\"", 2}, {"\"a\nb\"", 2}, {"{]", 1}, {"[}", 1}, {"{\"a\":1", 6}, {"tru", 0}, {"1 1", 2}, {"'a'", 0},
	        {"{a:1}", 1}, {"[", 1}, {"\"", 1}, {"{,}", 1}, {"NaN", 0}};
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		_cleanup_arena_ struct arena a = ARENA(1 << 20);
		struct json *v;
		assert_int_equal(json_parse(slice_str(good[i]), NULL, &a, &v, NULL), JSON_OK);
		assert_true(slice_eq(v->raw, slice_trim(slice_str(good[i]))));
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		_cleanup_arena_ struct arena a = ARENA(1 << 20);
		struct json *v = (void *)1;
		struct json_error e = {.at = 99, .limit = true};
		if (json_parse(slice_str(bad[i].text), NULL, &a, &v, &e) != JSON_BAD || e.at != bad[i].at)
			fail_msg("%s at %zu: %s", bad[i].text, e.at, e.reason);
		assert_non_null(e.reason);
		assert_false(e.limit);
		assert_ptr_equal(v, (void *)1);
	}
	/* What a limit ends may be good. */
	static const struct json_limits few = {.depth = 3, .nodes = 4};
	static const char *const more[] = {"[[[[1]]]]", "[1,2,3,4]"};
	for (size_t i = 0; i < ARRAY_LEN(more); i++) {
		_cleanup_arena_ struct arena a = ARENA(1 << 20), small = ARENA(16);
		struct json *v;
		struct json_error e = {0}, f = {0};
		assert_int_equal(json_parse(slice_str(more[i]), &few, &a, &v, &e), JSON_BAD);
		assert_int_equal(json_parse(slice_str(more[i]), NULL, &small, &v, &f), JSON_BAD);
		assert_true(e.limit && f.limit);
	}
}

static void spans_and_text(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena a = ARENA(1 << 20);
	struct json *v;
	struct slice in = SLICE(" {\"k\\u0031\" : \"a\\/\\\"\\u00e9\\ud83d\\ude00\\ud800\", \"n\":1.50E+2 ,\"k1\":[ 1 , 2 ] } ");
	assert_int_equal(json_parse(in, NULL, &a, &v, NULL), JSON_OK);
	assert_int_equal(v->n, 3);
	assert_true(slice_is(json_decode(v->child->key, &a), "k1"));
	assert_true(slice_is(v->child->key, "k\\u0031"));
	assert_true(slice_is(json_text(v->child, &a), "a/\"\xc3\xa9\xf0\x9f\x98\x80\xed\xa0\x80"));
	assert_true(slice_is(v->child->next->raw, "1.50E+2"));
	const struct json *list = json_get(v, "k1");
	assert_non_null(list);
	assert_true(slice_is(list->raw, "[ 1 , 2 ]"));
	assert_ptr_equal(list->parent, v);
	assert_null(json_get(v, "none"));
	_cleanup_buf_ struct buf b = BUF(100);
	assert_true(json_escapes(SLICE("a\\/\\\"\\u0027\\n\\u000a\\u0001\\u00e9\\u0027\\u001F"), false, &b));
	assert_string_equal(buf_str(&b), "\\/ \\u0027 \\u000a \\u001F");
	buf_reset(&b);
	assert_false(json_escapes(SLICE("\\n\\t\\\"\\\\ \\u001f \\u2019"), false, &b));
	assert_true(json_escapes(SLICE("\\n \\u2019 \xe2\x80\x99"), true, &b));
	assert_string_equal(buf_str(&b), "\\u2019");
}

static void limits_hold(void **state)
{
	(void)state;
	static char deep[100001];
	memset(deep, '[', 100000);
	_cleanup_arena_ struct arena a = ARENA(1 << 20);
	struct json *v;
	struct json_error e;
	assert_int_equal(json_parse(slice_str(deep), NULL, &a, &v, &e), JSON_BAD);
	assert_int_equal(e.at, 129);
	const struct json_limits few = {.nodes = 3};
	assert_int_equal(json_parse(SLICE("[1,2]"), &few, &a, &v, &e), JSON_OK);
	assert_int_equal(json_parse(SLICE("[1,2,3]"), &few, &a, &v, &e), JSON_BAD);
	_cleanup_arena_ struct arena tiny = ARENA(2000);
	assert_int_equal(json_parse(SLICE("[1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,0]"), NULL, &tiny, &v, &e), JSON_BAD);
	assert_string_equal(e.reason, "out of memory");
}

static void several_documents(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena a = ARENA(1 << 20);
	struct slice rest = SLICE("{\"a\":1}\n[2] \n3\n");
	struct json *v;
	for (int i = 0; i < 3; i++)
		assert_int_equal(json_next(&rest, NULL, &a, &v, NULL), JSON_OK);
	assert_int_equal(rest.n, 0);
	assert_int_equal(v->type, JSON_NUMBER);
}

static void syntax_is_described(void **state)
{
	(void)state;
	static const struct {
		const char *text, *colon, *comma, *brackets;
		bool raw, escaped, lower, upper;
	} rows[] = {{"{\"a\":1,\"b\":[2,3]}", "none", "none", "none", false, false, false, false},
	        {"{\"a\": 1, \"b\": \"\xc3\xa9\"}", "1 space", "1 space", "none", true, false, false, false},
	        {"{\"a\": 1,\"b\":\"\\u00e9\"}", "1 space, none", "none", "none", false, true, true, false},
	        {"[\"\\u00E9\\u001f\\u0012\"]", "", "", "none", false, true, true, true},
	        {"{\n  \"a\": {\n    \"b\": 1,\n    \"c\": 2\n  }\n}", "1 space", "1 newline + 2 a level",
	                "1 newline + 2 a level, 1 newline + 0", false, false, false, false},
	        {"[\"{ : , \\\" }\"]", "", "", "none", false, false, false, false}, {"{}", "", "", "", false, false, false, false}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_arena_ struct arena a = ARENA(1 << 20);
		struct json *v;
		struct json_syntax s;
		assert_int_equal(json_parse(slice_str(rows[i].text), NULL, &a, &v, NULL), JSON_OK);
		json_syntax(v, &s);
		assert_string_equal(s.after_colon, rows[i].colon);
		assert_string_equal(s.after_comma, rows[i].comma);
		assert_string_equal(s.in_brackets, rows[i].brackets);
		assert_int_equal(s.raw_non_ascii, rows[i].raw);
		assert_int_equal(s.escaped_non_ascii, rows[i].escaped);
		assert_int_equal(s.lower_hex, rows[i].lower);
		assert_int_equal(s.upper_hex, rows[i].upper);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(accepts_and_refuses),
	        cmocka_unit_test(spans_and_text),
	        cmocka_unit_test(limits_hold),
	        cmocka_unit_test(several_documents),
	        cmocka_unit_test(syntax_is_described),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
