#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "gate/events.h"
#include "inspect/redact.h"

static struct redact_vault *vault;
static char mark[REDACT_PLACEHOLDER + 1];
static const char value[] = "s3cr3t-value-of-a-person";

static int make_vault(void **state)
{
	static const uint8_t key[32] = {1};
	(void)state;
	return redact_vault_new(0, key, &vault) < 0 || redact_placeholder(vault, "github-token", slice_str(value), false, mark) < 0;
}

static int drop_vault(void **state)
{
	(void)state;
	redact_vault_free(vault);
	return 0;
}

static void feed(struct events *e, struct slice in, bool last, struct buf *out)
{
	assert_int_equal(events_feed(e, in, last, out), 0);
}

/* What a client puts together from the deltas. */
static void joined(struct slice out, const char *member, struct buf *text)
{
	char name[64];
	(void)snprintf(name, sizeof(name), "\"%s\":\"", member);
	for (size_t at = 0; (at = slice_find(out, slice_str(name), at)) != SLICE_NPOS;) {
		at += strlen(name);
		size_t end = slice_chr(out, '"', at);
		assert_true(end != SLICE_NPOS);
		buf_add(text, slice_sub(out, at, end - at));
	}
}

static const struct {
	const char *member, *before, *after, *end;
} dialects[] = {
        {"text",
                "event: content_block_delta\ndata: "
                "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"",
                "\"}}\n\n", "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"},
        {"partial_json", "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"",
                "\"}}\r\n\r\n", "data: {\"type\":\"message_stop\"}\r\n\r\n"},
        {"content", "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"", "\"},\"finish_reason\":null}]}\n\n", "data: [DONE]\n\n"},
        {"delta", "data: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"", "\"}\n\n",
                "data: {\"type\":\"response.completed\"}\n\n"},
        {"text", "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"", "\"}]}}]}\n\n", ""},
};

/* A placeholder in pieces of every size, in every dialect, through every cut of the bytes. */
static void pieces(void **state)
{
	(void)state;
	for (size_t d = 0; d < sizeof(dialects) / sizeof(dialects[0]); d++)
		for (size_t size = 1; size < 30; size += 3)
			for (size_t cut = 1; cut < 200; cut = cut * 3 + 1) {
				_cleanup_buf_ struct buf in = BUF(1 << 20), out = BUF(1 << 20), text = BUF(4096), want = BUF(4096),
				                         said = BUF(4096);
				struct events *e = NULL;
				buf_fmt(&said, "the token %s is yours, and postern- is a word %s", mark, mark);
				buf_fmt(&want, "the token %s is yours, and postern- is a word %s", value, value);
				for (size_t at = 0; at < said.n; at += size)
					buf_fmt(&in, "%s%.*s%s", dialects[d].before, SLICE_FMT(slice_sub(buf_slice(&said), at, size)),
					        dialects[d].after);
				buf_str_add(&in, dialects[d].end);
				assert_int_equal(events_new(vault, &e), 0);
				for (size_t at = 0; at < in.n; at += cut)
					feed(e, slice_sub(buf_slice(&in), at, cut), false, &out);
				feed(e, SLICE_NONE, true, &out);
				events_free(e);
				joined(buf_slice(&out), dialects[d].member, &text);
				if (!slice_eq(buf_slice(&text), buf_slice(&want)))
					fail_msg("dialect %zu, pieces of %zu: %s", d, size, buf_str(&text));
				assert_true(slice_ends(buf_slice(&out), slice_str(dialects[d].end)));
			}
}

/* What has no placeholder comes out as it went in, whatever it is, and each event as soon as it is whole. */
static void untouched(void **state)
{
	(void)state;
	static const char in[] = ": a comment\n\nretry: 10\n\nevent: ping\ndata: {\"type\": \"ping\"}\n\ndata: no json\n\ndata: "
	                         "{\"text\":\"a\"}\ndata: {}\n\n"
	                         "data: {\"a\" : [1, 2.50, {\"text\": \"\\u00e9 \\/ x\"}] }\n\nid: 7\ndata: "
	                         "{\"choices\":[{\"delta\":{\"content\":\"post\"}}]}\n\n"
	                         "data: {\"choices\":[{\"delta\":{\"content\":\"er\"}}]}\n\ndata: [DONE]\n\nrest without an end";
	for (size_t cut = 1; cut < sizeof(in); cut += 5) {
		_cleanup_buf_ struct buf out = BUF(1 << 20), text = BUF(4096);
		struct events *e = NULL;
		assert_int_equal(events_new(vault, &e), 0);
		for (size_t at = 0; at < sizeof(in) - 1; at += cut)
			feed(e, slice_sub(slice_str(in), at, cut), false, &out);
		feed(e, SLICE_NONE, true, &out);
		events_free(e);
		joined(buf_slice(&out), "content", &text);
		assert_string_equal(buf_str(&text), "poster");
		size_t same = slice_find(slice_str(in), SLICE("id: 7"), 0);
		assert_true(slice_starts(buf_slice(&out), slice_sub(slice_str(in), 0, same)));
		assert_true(slice_ends(buf_slice(&out), SLICE("data: [DONE]\n\nrest without an end")));
	}
	_cleanup_buf_ struct buf out = BUF(1 << 20);
	struct events *e = NULL;
	assert_int_equal(events_new(vault, &e), 0);
	feed(e, SLICE("data: {\"text\":\"hello\"}\n\ndata: {\"te"), false, &out);
	assert_string_equal(buf_str(&out), "data: {\"text\":\"hello\"}\n\n");
	events_free(e);
}

/* Two texts side by side do not get each other's rest. */
static void side_by_side(void **state)
{
	(void)state;
	_cleanup_buf_ struct buf in = BUF(65536), out = BUF(65536), zero = BUF(4096), one = BUF(4096);
	struct events *e = NULL;
	for (size_t i = 0; i < strlen(mark); i += 4)
		for (int k = 0; k < 2; k++)
			buf_fmt(&in, "data: {\"choices\":[{\"index\":%d,\"delta\":{\"%s\":\"%.4s\"}}]}\n\n", k, k ? "content" : "arguments",
			        mark + i);
	assert_int_equal(events_new(vault, &e), 0);
	feed(e, buf_slice(&in), true, &out);
	events_free(e);
	joined(buf_slice(&out), "arguments", &zero);
	joined(buf_slice(&out), "content", &one);
	assert_string_equal(buf_str(&zero), value);
	assert_string_equal(buf_str(&one), value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(pieces), cmocka_unit_test(untouched), cmocka_unit_test(side_by_side)};
	return cmocka_run_group_tests(tests, make_vault, drop_vault);
}
