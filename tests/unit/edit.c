/* json_edit and toml_edit: one thing changes, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>

#include "parse/json_edit.h"
#include "parse/toml_edit.h"

static struct arena arena = {.max = 8 << 20};

static const char *json(const char *text, const char *path, const char *value)
{
	struct buf out = BUF(1 << 16);
	int r = json_edit_set(slice_str(text), path, slice_str(value), &arena, &out);
	const char *s = r < 0 ? (r == -EBADMSG ? "BAD" : "?") : arena_str(&arena, buf_slice(&out));
	buf_free(&out);
	return s;
}

static void json_set(void **state)
{
	(void)state;
	static const struct {
		const char *in, *path, *value, *out;
	} row[] = {
	        {"{\"a\": 1, \"b\": 2}", "a", "true", "{\"a\": true, \"b\": 2}"},
	        {"{\"a\":1}", "b", "2", "{\"a\":1,\"b\": 2}"},
	        {"{\n    \"a\": 1\n}\n", "b", "2", "{\n    \"a\": 1,\n    \"b\": 2\n}\n"},
	        {"{\n\t\"a\": {\n\t\t\"x\": 1\n\t}\n}\n", "a.y", "\"z\"", "{\n\t\"a\": {\n\t\t\"x\": 1,\n\t\t\"y\": \"z\"\n\t}\n}\n"},
	        {"{}", "a", "1", "{\n  \"a\": 1\n}"},
	        {"{ }", "a.b", "1", "{\n  \"a\": {\n    \"b\": 1\n  }\n}"},
	        /* of members with one name the last counts; a name may be written with escapes */
	        {"{\"a\":1,\"a\":2}", "a", "3", "{\"a\":1,\"a\":3}"},
	        {"{\"\\u0061\":1}", "a", "3", "{\"\\u0061\":3}"},
	        /* what is no object makes room */
	        {"{\"a\":[1]}", "a.b", "3", "{\"a\":{\n    \"b\": 3\n  }}"},
	        {"{\"a\":null}", "a.b.c", "3", "{\"a\":{\n    \"b\": {\n      \"c\": 3\n    }\n  }}"},
	        /* comments stay, and a comma behind the last */
	        {"{\n  // why\n  \"a\": 1, // because\n}\n", "a", "2", "{\n  // why\n  \"a\": 2, // because\n}\n"},
	        {"{\n  // why\n  \"a\": 1, // because\n}\n", "b", "2", "{\n  // why\n  \"a\": 1,\n  \"b\": 2, // because\n}\n"},
	        {"[]", "a", "1", "BAD"},
	        {"{\"a\":1", "a", "1", "BAD"},
	        {"", "a", "1", "BAD"},
	        {"{\"a\":\"\xff\"}", "b", "1", "{\"a\":\"\xff\",\"b\": 1}"},
	};
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		assert_string_equal(json(row[i].in, row[i].path, row[i].value), row[i].out);
}

static void json_include(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out;
	} row[] = {
	        {"{\"d\": [\"a\"]}", "{\"d\": [\"a\",\"x\"]}"},
	        {"{\"d\": [\"a\", \"x\"]}", "{\"d\": [\"a\", \"x\"]}"},
	        {"{\"d\": [\"a\", \"b\"]}", "{\"d\": [\"a\", \"b\", \"x\"]}"},
	        {"{\"d\": [\"\\u0078\"]}", "{\"d\": [\"\\u0078\"]}"},
	        {"{\"d\": []}", "{\"d\": [\n    \"x\"\n  ]}"},
	        {"{\"d\": 3}", "{\"d\": [\"x\"]}"},
	        {"{}", "{\n  \"d\": [\"x\"]\n}"},
	};
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct buf out = BUF(1 << 16);
		assert_int_equal(json_edit_include(slice_str(row[i].in), "d", SLICE("\"x\""), &arena, &out), 0);
		assert_string_equal(buf_str(&out), row[i].out);
		buf_free(&out);
	}
}

static const char *toml(const char *text, const char *path, const char *value)
{
	struct buf out = BUF(1 << 16);
	int r = toml_edit_set(slice_str(text), path, slice_str(value), &arena, &out);
	const char *s = r == -EBADMSG ? "BAD" : r == -EEXIST ? "EXIST" : arena_str(&arena, buf_slice(&out));
	buf_free(&out);
	return s;
}

static void toml_set(void **state)
{
	(void)state;
	static const struct {
		const char *in, *path, *value, *out;
	} row[] = {
	        {"", "a", "1", "a = 1\n"},
	        {"", "t.a", "1", "[t]\na = 1\n"},
	        {"a = 2 # why\n", "a", "1", "a = 1 # why\n"},
	        {"a = [\n 1, # one\n 2,\n]\nb = 3\n", "a", "[]", "a = []\nb = 3\n"},
	        {"a = \"\"\"x\n]\n\"\"\"\nb = 3\n", "b", "4", "a = \"\"\"x\n]\n\"\"\"\nb = 4\n"},
	        {"b = 1\n\n[t]\nc = 2\n", "a", "1", "b = 1\na = 1\n\n[t]\nc = 2\n"},
	        {"b = 1", "a", "1", "b = 1\na = 1\n"},
	        {"# only words\n[t]\nc = 2\n", "a", "1", "a = 1\n# only words\n[t]\nc = 2\n"},
	        {"[t]\nc = 2\n\n[u]\n", "t.a", "1", "[t]\nc = 2\na = 1\n\n[u]\n"},
	        {"[t]\n[u]\n", "t.a", "1", "[t]\na = 1\n[u]\n"},
	        {"x = 1\n", "t.a", "1", "x = 1\n\n[t]\na = 1\n"},
	        {"t.a = 2\n", "t.a", "1", "t.a = 1\n"},
	        {"[\"t\"]\n'a' = 2\r\nb = 3\r\n", "t.a", "1", "[\"t\"]\n'a' = 1\r\nb = 3\r\n"},
	        {"t = {a = 2}\n", "t.a", "1", "EXIST"},
	        {"t = {a = 2}\n", "t", "1", "EXIST"},
	        {"[[t]]\na = 2\n", "t.a", "1", "EXIST"},
	        {"[[t]]\nb = 2\n", "t.a", "1", "EXIST"},
	        {"t = 1\n", "t.a", "1", "EXIST"},
	        {"[a]\nb = 1\n", "a", "1", "EXIST"},
	        /* a table that keys with dots have made cannot be begun by its name as well */
	        {"t.x = 2\n", "t.a", "1", "t.x = 2\nt.a = 1\n"},
	        {"t.x = {}\n[u]\n", "t.a", "1", "t.x = {}\nt.a = 1\n[u]\n"},
	        {"[s]\nt.x.y = 2\n[u]\n", "s.t.a", "1", "[s]\nt.x.y = 2\nt.a = 1\n[u]\n"},
	        {"[t.u]\nx = 2\n", "t.a", "1", "[t.u]\nx = 2\n\n[t]\na = 1\n"},
	        {"[s]\nt.x = 2\n", "s.t.u.a", "1", "[s]\nt.x = 2\n\n[s.t.u]\na = 1\n"},
	        /* a name with a dot is not two names */
	        {"\"t.a\" = 2\n", "t.a", "1", "\"t.a\" = 2\n\n[t]\na = 1\n"},
	        {"\"\\u0061\" = 2\r\n", "a", "1", "\"\\u0061\" = 1\r\n"},
	        /* said twice, or an escape that is none: the tool does not read it */
	        {"a = 2\na = 1\n", "a", "1", "BAD"},
	        {"b = \"\\ud800\"\n", "a", "1", "BAD"},
	        {"a = \n", "a", "1", "BAD"},
	        {"a = 1 b = 2\n", "a", "1", "BAD"},
	        {"a = \"x\n", "a", "1", "BAD"},
	        {"{\"a\": 1}", "a", "1", "BAD"},
	};
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		assert_string_equal(toml(row[i].in, row[i].path, row[i].value), row[i].out);
}

static void toml_values(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out;
	} row[] = {
	        {"\"a\\tb\\u00e9\"", "\"a\\tb\xc3\xa9\""},
	        {"'a\\tb'", "\"a\\\\tb\""},
	        {"[ \"a\", # c\n 'b', ]", "[\"a\",\"b\"]"},
	        {"true", "true"},
	        {"17", "17"},
	        {"1979-05-27", NULL},
	        {"[{a = 1}]", NULL},
	};
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct buf out = BUF(1 << 16);
		const struct conf *value = NULL;
		const char *text = arena_fmt(&arena, "a = %s", row[i].in);
		assert_int_equal(toml_edit_get(slice_str(text), "a", &arena, &value), 0);
		assert_non_null(value);
		assert_true(slice_is(value->raw, row[i].in));
		assert_int_equal(toml_edit_json(value, &out), row[i].out != NULL);
		if (row[i].out)
			assert_true(json_edit_same(buf_slice(&out), slice_str(row[i].out), &arena));
		buf_free(&out);
	}
}

static int done(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(json_set),
	        cmocka_unit_test(json_include),
	        cmocka_unit_test(toml_set),
	        cmocka_unit_test(toml_values),
	};
	return cmocka_run_group_tests(tests, NULL, done);
}
