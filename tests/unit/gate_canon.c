#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "gate/canon.h"

static const uint8_t key_bytes[CANON_KEY_BYTES] = {1, 2, 3};
#define KEY slice_of(key_bytes, sizeof(key_bytes))

static void body(const char *in, const char *wanted)
{
	_cleanup_buf_ struct buf out = BUF(1 << 20);
	assert_int_equal(canon_body(KEY, true, slice_str(in), &out), wanted ? 1 : 0);
	if (wanted)
		assert_string_equal(buf_str(&out), wanted);
}

/* What is the tool's is put into one form, what is not stays. */
static void bodies(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out;
	} rows[] = {
	        {"hello", NULL},
	        {"", NULL},
	        {"{\"broken\":", NULL},
	        {" {\"b\" : 1.0, \"a\" : \"\\u0041\\u2019\"} ", "{\"a\":\"A\u2019\",\"b\":1}"},
	        /* Anthropic */
	        {"{\"system\":\"Today\u2019s  x\",\"messages\":[]}", "{\"messages\":[],\"system\":\"Today's x\"}"},
	        {"{\"system\":[{\"type\":\"text\",\"text\":\"Today\u2019s 2026/11/23\"}],\"messages\":[]}",
	                "{\"messages\":[],\"system\":[{\"text\":\"Today's 2026-11-23\",\"type\":\"text\"}]}"},
	        {"{\"messages\":[{\"role\":\"user\",\"content\":\"my\u2019s  2026/11/23\"}]}",
	                "{\"messages\":[{\"content\":\"my\u2019s  2026/11/23\",\"role\":\"user\"}]}"},
	        {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"<system-reminder>\\nToday\u02bcs date is "
	         "2026/11/23.\\n</system-reminder>\\nmy\u2019s \"}]}]}",
	                "{\"messages\":[{\"content\":[{\"text\":\"<system-reminder>\\nToday's date is "
	                "2026-11-23.\\n</system-reminder>\\nmy\u2019s \",\"type\":\"text\"}],\"role\":\"user\"}]}"},
	        {"{\"messages\":[{\"role\":\"user\",\"content\":\"<div>\u2019</div> <system-reminder>\u2019\"}]}",
	                "{\"messages\":[{\"content\":\"<div>\u2019</div> <system-reminder>\u2019\",\"role\":\"user\"}]}"},
	        {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"toolu_0123456789abcdef01\","
	         "\"content\":"
	         "\"<a-b>\u2019</a-b>\"}]}]}",
	                "{\"messages\":[{\"content\":[{\"content\":\"<a-b>\u2019</"
	                "a-b>\",\"tool_use_id\":\"toolu_0123456789abcdef01\",\"type\":"
	                "\"tool_result\"}],\"role\":\"user\"}]}"},
	        {"{\"messages\":[{\"role\":\"assistant\",\"content\":\"<a-b>\u2019</a-b>\"}]}",
	                "{\"messages\":[{\"content\":\"<a-b>\u2019</a-b>\",\"role\":\"assistant\"}]}"},
	        {"{\"messages\":[],\"tools\":[{\"name\":\"a\u2019\",\"description\":\"it\u2019s\",\"input_schema\":{\"required\":[\"b\","
	         "\"a\"],"
	         "\"properties\":{\"user_id\":{\"description\":\"\u2014\",\"enum\":[\"\u2019\"]}}}}]}",
	                "{\"messages\":[],\"tools\":[{\"description\":\"it's\",\"input_schema\":{\"properties\":{\"user_id\":{"
	                "\"description\":\"-\","
	                "\"enum\":[\"\u2019\"]}},\"required\":[\"a\",\"b\"]},\"name\":\"a\u2019\"}]}"},
	        {"{\"messages\":[],\"stop_sequences\":[\"b\",\"a\"]}", "{\"messages\":[],\"stop_sequences\":[\"a\",\"b\"]}"},
	        /* OpenAI */
	        {"{\"messages\":[{\"role\":\"system\",\"content\":\"it\u2019s\"},{\"role\":\"tool\",\"content\":\"it\u2019s\"}]}",
	                "{\"messages\":[{\"content\":\"it's\",\"role\":\"system\"},{\"content\":\"it\u2019s\",\"role\":\"tool\"}]}"},
	        {"{\"input\":\"it\u2019s\",\"instructions\":\"it\u2019s\",\"previous_response_id\":\"resp_0123456789abcdef0123\"}",
	                "{\"input\":\"it\u2019s\",\"instructions\":\"it's\",\"previous_response_id\":\"resp_0123456789abcdef0123\"}"},
	        {"{\"input\":[{\"type\":\"reasoning\",\"summary\":[{\"text\":\"<a-b>\u2019</"
	         "a-b>\"}]},{\"type\":\"message\",\"role\":\"developer\","
	         "\"content\":[{\"text\":\"it\u2019s\"}]}]}",
	                "{\"input\":[{\"summary\":[{\"text\":\"<a-b>\u2019</"
	                "a-b>\"}],\"type\":\"reasoning\"},{\"content\":[{\"text\":\"it's\"}],"
	                "\"role\":\"developer\",\"type\":\"message\"}]}"},
	        /* Google, in an envelope */
	        {"{\"request\":{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"it\u2019s\"}]}],\"systemInstruction\":{\"parts\":[{"
	         "\"text\":"
	         "\"it\u2019s\"}]}}}",
	                "{\"request\":{\"contents\":[{\"parts\":[{\"text\":\"it\u2019s\"}],\"role\":\"user\"}],\"systemInstruction\":{"
	                "\"parts\":[{"
	                "\"text\":\"it's\"}]}}}"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		body(rows[i].in, rows[i].out);
	/* A file that is sent as one. */
	_cleanup_buf_ struct buf out = BUF(4096);
	assert_int_equal(canon_body(KEY, canon_any(SLICE("application/octet-stream")), SLICE("{ \"b\": 1 }"), &out), 0);
	assert_int_equal(canon_body(KEY, canon_any(SLICE("application/octet-stream")), SLICE("{ \"messages\": [] }"), &out), 1);
	assert_true(canon_any(SLICE("application/vnd.x+json")) && canon_any(SLICE_NONE));
}

static void ids(void **state)
{
	(void)state;
	static const char *const stays[] = {
	        "", "short", "user_ab", "2026-11-23T10:00:00", "1732356000000000", "deadbeef", "x0123456789abcdef0", "0123456789abcdefg"};
	static const char *const goes[] = {"0123456789abcdef", "8D1F5A04-3C52-4B0E-9F4E-6B2D1C7A9E30",
	        "8d1f5a04-3c52-7b0e-cf4e-6b2d1c7a9e30", "user_0123456789abcdef_session_8d1f5a04-3c52-4b0e-9f4e-6b2d1c7a9e30"};
	for (size_t i = 0; i < ARRAY_LEN(stays); i++) {
		_cleanup_buf_ struct buf out = BUF(4096);
		canon_ids(KEY, slice_str(stays[i]), &out);
		assert_true(slice_is(buf_slice(&out), stays[i]));
	}
	for (size_t i = 0; i < ARRAY_LEN(goes); i++) {
		_cleanup_buf_ struct buf out = BUF(4096), twice = BUF(4096);
		canon_ids(KEY, slice_str(goes[i]), &out);
		canon_ids(KEY, slice_str(goes[i]), &twice);
		assert_int_equal(out.n, strlen(goes[i]));
		assert_false(slice_is(buf_slice(&out), goes[i]));
		assert_true(slice_eq(buf_slice(&out), buf_slice(&twice)));
	}
	/* Which digits of its form a tool chose is not to be seen. */
	_cleanup_buf_ struct buf out = BUF(4096);
	canon_ids(KEY, slice_str(goes[2]), &out);
	assert_int_equal(buf_str(&out)[14], '4');
	assert_non_null(strchr("89ab", buf_str(&out)[19]));
	/* In bodies: by the name of the field, at any depth, and in JSON in a string. */
	static const char *const docs[] = {"{\"messages\":[],\"metadata\":{\"a\":[\"8d1f5a04-3c52-4b0e-9f4e-6b2d1c7a9e30\"]}}",
	        "{\"event\":{\"Device-Id\":\"8d1f5a04-3c52-4b0e-9f4e-6b2d1c7a9e30\"}}",
	        "{\"messages\":[],\"metadata\":{\"user_id\":\"{\\\"z\\\":1, \\\"d\\\":\\\"8d1f5a04-3c52-4b0e-9f4e-6b2d1c7a9e30\\\"}\"}}"};
	for (size_t i = 0; i < ARRAY_LEN(docs); i++) {
		_cleanup_buf_ struct buf form = BUF(4096);
		assert_int_equal(canon_body(KEY, true, slice_str(docs[i]), &form), 1);
		assert_null(strstr(buf_str(&form), "8d1f5a04"));
		assert_true(i != 2 || strstr(buf_str(&form), "{\\\"d\\\":\\\"") != NULL);
	}
}

static void heads(void **state)
{
	(void)state;
	static const struct exchange_header h[] = {{SLICE_INIT("X-B"), SLICE_INIT("1")}, {SLICE_INIT("accept"), SLICE_INIT("2")},
	        {SLICE_INIT("x-a"), SLICE_INIT("3")}, {SLICE_INIT("X-b"), SLICE_INIT("4")}};
	const struct exchange_request r = {.headers = h, .n_headers = ARRAY_LEN(h)};
	uint16_t order[EXCHANGE_HEADERS_MAX];
	canon_order(&r, order);
	static const uint16_t wanted[] = {1, 2, 0, 3};
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		assert_int_equal(order[i], wanted[i]);
	static const struct {
		const char *name, *value, *out; /* out NULL: an id of the same length */
	} rows[] = {
	        {"X-Api-Key", "0123456789abcdef0123", "0123456789abcdef0123"},
	        {"Authorization", "Bearer  x", "Bearer  x"},
	        {"X-Session-Id", "8d1f5a04-3c52-4b0e-9f4e-6b2d1c7a9e30", NULL},
	        {"traceparent", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01", NULL},
	        {"Anthropic-Beta", "b, a,c", "a,b,c"},
	        {"Content-Type", "Application/JSON;  charset=utf-8", "application/json"},
	        {"Accept-Encoding", "br, gzip, deflate", "gzip"},
	        {"X-Meta", "{ \"b\": 1, \"a\": 2 }", "{\"a\":2,\"b\":1}"},
	        {"User-Agent", " fern/1 ", "fern/1"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_buf_ struct buf out = BUF(4096);
		assert_int_equal(canon_value(KEY, slice_str(rows[i].name), slice_str(rows[i].value), &out), 0);
		if (rows[i].out)
			assert_string_equal(buf_str(&out), rows[i].out);
		else
			assert_true(out.n == strlen(rows[i].value) && !slice_is(buf_slice(&out), rows[i].value));
	}
	static const struct exchange_header signature[] = {{SLICE_INIT("Authorization"), SLICE_INIT("AWS4-HMAC-SHA256 Credential=x")}};
	assert_true(canon_signed(&(struct exchange_request){.headers = signature, .n_headers = 1}));
	assert_false(canon_signed(&r));
}

static void targets(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out;
	} rows[] = {
	        {"/v1/m", "/v1/m"},
	        {"/v1/%6d%2f%2e?q=%7e%3d%zz", "/v1/m%2F%2E?q=~%3D%zz"},
	        {"/a?b=2&a=1", "/a?b=2&a=1"},
	        {"/a?x=0123456789abcdef", "/a?x=0123456789abcdef"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_buf_ struct buf out = BUF(4096);
		canon_target(KEY, slice_str(rows[i].in), &out);
		assert_string_equal(buf_str(&out), rows[i].out);
	}
	_cleanup_buf_ struct buf out = BUF(4096);
	canon_target(KEY, SLICE("/a?device_id=0123456789abcdef&z"), &out);
	assert_null(strstr(buf_str(&out), "0123456789abcdef"));
	assert_true(slice_ends(buf_slice(&out), SLICE("&z")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(bodies), cmocka_unit_test(ids), cmocka_unit_test(heads), cmocka_unit_test(targets)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
