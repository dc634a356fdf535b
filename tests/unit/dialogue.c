#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "gate/dialogue.h"

/* sha256 of "{}" and of "ok" */
#define EMPTY "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
#define OK    "2689367b205c16ce32ed4200942b8b8b1e262dfc70d9bc9fbc77c49699a4f1df"

static const struct {
	const char *target, *body, *facts; /* NULL: no model traffic */
} requests[] = {
        {"/v1/messages",
                "{\"model\":\"m 1\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"content\":\"old\"}]},"
                "{\"role\":\"assistant\",\"content\":[]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"content\":\"ok\"}]}],"
                "\"tools\":[{},{}]}",
                "dialect\tanthropic\nmodel\tm_1\nmessages\t3\ntools\t2\nresult\t2\t" OK "\n"},
        {"/v1/chat/completions",
                "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":null},{\"role\":\"tool\",\"tool_call_id\":\"1\","
                "\"content\":\"ok\"}]}",
                "dialect\topenai-chat\nmodel\tm\nmessages\t2\ntools\t0\nresult\t2\t" OK "\n"},
        {"/v1/responses", "{\"model\":\"m\",\"input\":[{\"type\":\"function_call_output\",\"output\":\"ok\"}]}",
                "dialect\topenai-responses\nmodel\tm\nmessages\t1\ntools\t0\nresult\t2\t" OK "\n"},
        {"/v1beta/models/gem-1:streamGenerateContent?alt=sse", "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"hi\"}]}]}",
                "dialect\tgemini\nmodel\tgem-1\nmessages\t1\ntools\t0\n"},
        /* As the server reads it, however it is written. */
        {"/v1/messages", "\t\r\n{\"model\":\"a\",\"messages\":[],\"model\":\"b\"}",
                "dialect\tanthropic\nmodel\tb\nmessages\t0\ntools\t0\n"},
        {"/v1/messages", "\xef\xbb\xbf{\"\\u006dodel\":\"a\",\"mess\\u0061ges\":[]}",
                "dialect\tanthropic\nmodel\ta\nmessages\t0\ntools\t0\n"},
        {"/v1/messages",
                "{\"model\":\"m\",\"messages\":[{\"role\":\"us\\u0065r\",\"content\":[{\"type\":\"x\",\"content\":\"no\","
                "\"type\":\"tool_r\\u0065sult\",\"content\":\"ok\"}]}]}",
                "dialect\tanthropic\nmodel\tm\nmessages\t1\ntools\t0\nresult\t2\t" OK "\n"},
        {"/x", "{\"messages\":[]}", NULL},
        {"/x", "no json", NULL},
        {"/x", "[]", NULL},
        {"/x", "", NULL},
};

static void of_requests(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		_cleanup_buf_ struct buf facts = BUF(65536);
		bool is = dialogue_request(slice_str(requests[i].target), slice_str(requests[i].body), &facts);
		assert_int_equal(is, requests[i].facts != NULL);
		assert_string_equal(buf_str(&facts), requests[i].facts ? requests[i].facts : "");
	}
}

static const struct {
	bool events;
	const char *reply, *facts;
} replies[] = {
        {true,
                "data: {\"type\":\"message_start\",\"message\":{\"model\":\"m\",\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\n"
                "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hello\"}}\n\n"
                "data: "
                "{\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"name\":\"Bash\",\"input\":{}}}"
                "\n\n"
                "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\"}}\n\n"
                "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"}\"}}\n\n"
                "data: {\"type\":\"content_block_stop\",\"index\":1}\n\ndata: "
                "{\"type\":\"message_delta\",\"usage\":{\"output_tokens\":7}}\n\n",
                "model\tm\ntext\t5\ntokens\t9\t7\ncall\tBash\t2\t" EMPTY "\n"},
        {false,
                "{\"type\":\"message\",\"model\":\"m\",\"content\":[{\"type\":\"tool_use\",\"name\":\"Read\",\"input\":{}}],\"usage\":{"
                "\"output_tokens\":2}}",
                "model\tm\ntext\t0\ntokens\t0\t2\ncall\tRead\t2\t" EMPTY "\n"},
        {true,
                "data: "
                "{\"model\":\"m\",\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{\"}},"
                "{\"index\":1,\"function\":{\"name\":\"g\",\"arguments\":\"\"}}]}}]}\r\n\r\n"
                "data: {\"choices\":[{\"delta\":{\"content\":\"hi\",\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"}\"}},"
                "{\"index\":1,\"function\":{\"arguments\":\"{}\"}}]}}]}\r\n\r\ndata: [DONE]\r\n\r\n",
                "model\tm\ntext\t2\ntokens\t0\t0\ncall\tf\t2\t" EMPTY "\ncall\tg\t2\t" EMPTY "\n"},
        {true,
                "data: "
                "{\"type\":\"response.output_item.done\",\"item\":{\"type\":\"function_call\",\"name\":\"exec\",\"arguments\":\"{}\"}}\n\n",
                "text\t0\ntokens\t0\t0\ncall\texec\t2\t" EMPTY "\n"},
        {true,
                "data: "
                "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"g\",\"args\":{}}}]}}],\"usageMetadata\":{"
                "\"candidatesTokenCount\":4}}\n\n",
                "text\t0\ntokens\t0\t4\ncall\tg\t2\t" EMPTY "\n"},
        {true, ": nothing\n\ndata: rubbish\n\ndata: {\"type\": 7}\n\n", ""},
};

static void of_replies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++)
		for (size_t cut = 1; cut < 400; cut += 57) {
			_cleanup_buf_ struct buf facts = BUF(65536);
			struct dialogue *d = dialogue_new(replies[i].events);
			struct slice in = slice_str(replies[i].reply);
			assert_non_null(d);
			for (size_t at = 0; at < in.n; at += cut)
				dialogue_feed(d, slice_sub(in, at, cut));
			dialogue_end(d, &facts);
			dialogue_free(d);
			assert_string_equal(buf_str(&facts), replies[i].facts);
		}
}

/* A server that makes up thousands of calls, or one that never ends, costs a bounded amount. */
static void bounded(void **state)
{
	(void)state;
	_cleanup_buf_ struct buf facts = BUF(65536);
	struct dialogue *d = dialogue_new(true);
	assert_non_null(d);
	for (int i = 0; i < 5000; i++)
		dialogue_feed(d, SLICE("data: "
		                       "{\"type\":\"response.output_item.done\",\"item\":{\"type\":\"function_call\",\"name\":\"e\","
		                       "\"arguments\":\"{}\"}}\n\n"));
	static uint8_t long_line[65536];
	for (int i = 0; i < 64; i++)
		dialogue_feed(d, slice_of(long_line, sizeof(long_line)));
	dialogue_end(d, &facts);
	dialogue_free(d);
	assert_int_equal(buf_error(&facts), 0);
	assert_true(facts.n < 25000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(of_requests), cmocka_unit_test(of_replies), cmocka_unit_test(bounded)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
