/* The scripted model and the plausible answers: requests made by hand in each dialect, hostile ones, and a walk of the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
/* cmocka wants those first */
#include <cmocka.h>

#include "wire/purpose.h"
#include "world/answers.h"
#include "world/mood.h"
#include "world/peek.h"
#include "world/plausible.h"
#include "world/script.h"

static struct answers *answers;
static struct far_side far;
static struct exchange_reply reply;

static int setup(void **state)
{
	(void)state;
	struct world_config c = {.seed = SLICE("seed of the tests"), .project = "/home/user/pro\"ject/"};
	if (answers_new(&c, &answers) < 0)
		return -1;
	far = answers_far_side(answers);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	answers_free(answers);
	return 0;
}

static const struct exchange_reply *ask_with(const char *host, const char *method, const char *target, struct slice body,
        const struct exchange_header *headers, size_t n_headers)
{
	buf_free(&reply.headers);
	buf_free(&reply.body);
	reply = (struct exchange_reply){.headers = BUF(64 * 1024), .body = BUF(8 << 20)};
	struct exchange_request r = {.scheme = SLICE("https"),
	        .host = slice_str(host),
	        .port = 443,
	        .method = slice_str(method),
	        .target = slice_str(target),
	        .proto = SLICE("HTTP/1.1"),
	        .headers = headers,
	        .n_headers = n_headers,
	        .body = body,
	        .conn = 1};
	far.request(far.arg, &r, &reply);
	assert_int_equal(buf_error(&reply.body), 0);
	assert_true(reply.status >= 200 && reply.status < 600);
	assert_non_null(reply.answer);
	return &reply;
}

static const char *ask(const char *target, const char *body)
{
	return buf_str(&ask_with("gateway.test", "POST", target, slice_str(body), NULL, 0)->body);
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no %s in:\n%s", part, text);
}

static void assert_no(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("%s in:\n%s", part, text);
}

#define READ_TOOL                                                                                                                          \
	"{\"type\":\"object\",\"properties\":{\"file_path\":{\"type\":\"string\"},\"limit\":{\"type\":\"integer\"}},\"required\":[\"file_" \
	"path\"]}"
#define BASH_TOOL                                                                                                       \
	"{\"type\":\"object\",\"properties\":{\"command\":{\"type\":\"string\"},\"description\":{\"type\":\"string\"}," \
	"\"timeout\":{\"type\":\"number\"}},\"required\":[\"command\",\"description\"]}"
#define WRITE_TOOL                                                                                                     \
	"{\"type\":\"object\",\"properties\":{\"file_path\":{\"type\":\"string\"},\"content\":{\"type\":\"string\"}}," \
	"\"required\":[\"file_path\",\"content\"]}"
#define CLAUDE_TOOLS                                                                                                   \
	"\"tools\":[{\"name\":\"Bash\",\"input_schema\":" BASH_TOOL "},{\"name\":\"Read\",\"input_schema\":" READ_TOOL \
	"},{\"name\":\"Write\",\"input_schema\":" WRITE_TOOL "}]"
#define RESULT "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"x\",\"content\":\"ok\"}]}"

static void test_anthropic_steps(void **state)
{
	(void)state;
	const char *b = ask("/v1/messages?beta=true",
	        "{\"model\":\"claude-x\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]," CLAUDE_TOOLS "}");
	assert_has(b, "\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-x\"");
	assert_has(b, "\"name\":\"Read\",\"input\":{\"file_path\":\"/home/user/pro\\\"ject/README.md\"}");
	assert_has(b, "\"stop_reason\":\"tool_use\"");
	assert_string_equal(reply.answer, "anthropic.messages");
	b = ask("/v1/messages", "{\"model\":\"claude-x\",\"messages\":[" RESULT "]," CLAUDE_TOOLS "}");
	assert_has(b, "\"name\":\"Bash\",\"input\":{\"command\":\"ls -a\",\"description\":\"List the files of the project\"}");
	b = ask("/v1/messages", "{\"model\":\"claude-x\",\"messages\":[" RESULT "," RESULT "]," CLAUDE_TOOLS "}");
	assert_has(b, "\"name\":\"Write\",\"input\":{\"file_path\":\"/home/user/pro\\\"ject/notes.txt\",\"content\":\"Notes on the "
	              "project.\\n\"}");
	b = ask("/v1/messages", "{\"model\":\"claude-x\",\"messages\":[" RESULT "," RESULT "," RESULT "]," CLAUDE_TOOLS "}");
	assert_has(b, "\"type\":\"text\",\"text\":\"Hi! ");
	assert_has(b, "\"stop_reason\":\"end_turn\"");
	b = ask("/v1/messages/count_tokens", "{}");
	assert_string_equal(b, "{\"input_tokens\":1200}");
}

static void test_anthropic_stream(void **state)
{
	(void)state;
	static const char *const order[] = {"event: message_start\n", "event: content_block_start\n", "event: content_block_delta\n",
	        "event: content_block_stop\n", "event: message_delta\n", "event: message_stop\n"};
	const char *at = ask("/v1/messages", "{\"model\":\"m\",\"stream\":true,\"messages\":[]," CLAUDE_TOOLS "}");
	assert_true(reply.stream);
	assert_has(buf_str(&reply.headers), "content-type: text/event-stream\r\n");
	assert_has(at, "\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":");
	assert_has(at, "\"partial_json\":\"{\\\"file_path\\\":\\\"/home");
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		at = strstr(at, order[i]);
		assert_non_null(at);
	}
	assert_has(
	        ask("/v1/messages", "{\"model\":\"m\",\"stream\":true,\"messages\":[]}"), "\"delta\":{\"type\":\"text_delta\",\"text\":");
	ask("/v1/messages", "{\"model\":\"m\",\"stream\":true,\"messages\":[]," CLAUDE_TOOLS "}");
	_cleanup_free_ char *first = strdup(buf_str(&reply.body));
	assert_string_equal(first, ask("/v1/messages", "{\"model\":\"m\",\"stream\":true,\"messages\":[]," CLAUDE_TOOLS "}"));
}

#define CHAT_TOOLS                                                                                                       \
	"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"run_shell_command\",\"parameters\":" BASH_TOOL "}}," \
	"{\"type\":\"function\",\"function\":{\"name\":\"read_file\",\"parameters\":" READ_TOOL "}}]"

static void test_chat(void **state)
{
	(void)state;
	const char *b = ask("/v1/chat/completions", "{\"model\":\"q\",\"messages\":[]," CHAT_TOOLS "}");
	assert_has(b, "\"function\":{\"name\":\"read_file\",\"arguments\":\"{\\\"file_path\\\":");
	assert_has(b, "\"finish_reason\":\"tool_calls\"");
	b = ask("/openai/deployments/x/chat/completions",
	        "{\"model\":\"q\",\"stream\":true,\"messages\":[{\"role\":\"tool\"},{\"role\":\"tool\"}]," CHAT_TOOLS "}");
	assert_has(b, "notes.txt"); /* the shell writes where no tool does */
	assert_has(b, "\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"call_");
	assert_no(b, "\"usage\"");
	assert_has(b, "data: [DONE]\n\n");
	b = ask("/chat/completions", "{\"model\":\"q\",\"stream\":true,\"stream_options\":{\"include_usage\":true},\"messages\":[]}");
	assert_has(b, "\"choices\":[],\"usage\":{\"prompt_tokens\":");
}

static void test_responses(void **state)
{
	(void)state;
#define CODEX_TOOLS                                                                                                        \
	"\"tools\":[{\"type\":\"function\",\"name\":\"exec_command\",\"parameters\":{\"type\":\"object\",\"properties\":{" \
	"\"cmd\":{\"type\":\"string\"}},\"required\":[\"cmd\"]}},{\"type\":\"custom\",\"name\":\"apply_patch\"}]"
	const char *b = ask("/v1/responses", "{\"model\":\"g\",\"stream\":true,\"input\":[]," CODEX_TOOLS "}");
	assert_has(b, "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,");
	assert_has(b, "\"arguments\":\"{\\\"cmd\\\":\\\"cat README.md\\\"}\"");
	assert_has(b, "event: response.completed\n");
	b = ask("/v1/responses",
	        "{\"model\":\"g\",\"input\":[{\"type\":\"function_call_output\"},{\"type\":\"function_call_output\"}]," CODEX_TOOLS "}");
	assert_has(b, "\"type\":\"custom_tool_call\"");
	assert_has(b, "\"input\":\"*** Begin Patch\\n*** Add File: notes.txt\\n");
	b = ask("/responses", "{\"model\":\"g\",\"input\":[],\"tools\":[{\"type\":\"local_shell\"}]}");
	assert_has(b, "\"action\":{\"type\":\"exec\",\"command\":[\"bash\",\"-lc\",\"cat README.md\"]");
}

/* The last message of those in the buffer, each u32be length + bytes. */
static struct slice last_message(const struct buf *b, size_t *count)
{
	struct slice last = SLICE_NONE;
	*count = 0;
	for (size_t at = 0; at + 4 <= b->n; at += 4 + last.n, ++*count) {
		size_t len = (size_t)b->p[at] << 24 | (size_t)b->p[at + 1] << 16 | (size_t)b->p[at + 2] << 8 | b->p[at + 3];
		last = slice_sub(buf_slice(b), at + 4, len);
		assert_int_equal(last.n, len);
	}
	return last;
}

static void test_responses_ws(void **state)
{
	(void)state;
	_cleanup_buf_ struct buf out = BUF(1 << 20);
	struct exchange_request r = {.host = SLICE("gateway.test"), .method = SLICE("GET"), .target = SLICE("/v1/responses")};
	assert_true(far.ws_accept(far.arg, &r));
	struct exchange_ws_message m = {.text = true,
	        .data = SLICE("{\"type\":\"response.create\",\"model\":\"g\",\"previous_response_id\":"
	                      "\"resp_x0001\",\"input\":[{\"type\":\"function_call_output\"}]," CODEX_TOOLS "}")};
	far.ws_message(far.arg, &r, &m, &out);
	size_t n, at = out.n;
	struct slice last = last_message(&out, &n);
	assert_int_equal(n, 7);
	assert_true(peek_is(peek_get(last, "type"), "response.completed"));
	assert_true(slice_find(last, SLICE("custom_tool_call"), 0) != SLICE_NPOS);
	struct exchange_ws_message junk = {.text = true, .data = SLICE("{{{{")};
	far.ws_message(far.arg, &r, &junk, &out);
	assert_int_equal(out.n, at);
}

/* Warm-up without output; tools as an item of the input, in a namespace, offered once; then only what is new. */
static void test_responses_ws_memory(void **state)
{
	(void)state;
#define CREATE(rest) "{\"type\":\"response.create\",\"model\":\"g\"," rest "}"
#define EXEC         "{\"type\":\"custom\",\"name\":\"exec\",\"description\":\"Run JavaScript code\"}"
	static const char *const said[] = {
	        CREATE("\"generate\":false,\"input\":[]"),
	        CREATE("\"input\":[{\"type\":\"additional_tools\",\"tools\":[{\"type\":\"namespace\",\"name\":\"functions\",\"tools\":"
	               "[" EXEC "]}]}]"),
	        CREATE("\"previous_response_id\":\"resp_0000\",\"input\":[{\"type\":\"custom_tool_call_output\"}]"),
	};
	static const char *const wanted[] = {"\"output\":[]",
	        "\"namespace\":\"functions\",\"input\":\"const r = await tools.exec_command({cmd: \\\"cat",
	        "tools.exec_command({cmd: \\\"ls -a\\\"})"};
	static const size_t events[] = {2, 7, 7};
	struct exchange_request r = {.host = SLICE("gateway.test"), .method = SLICE("GET"), .target = SLICE("/v1/responses"), .conn = 77};
	for (size_t i = 0; i < ARRAY_LEN(said); i++) {
		_cleanup_buf_ struct buf out = BUF(1 << 20);
		struct exchange_ws_message m = {.text = true, .data = slice_str(said[i])};
		size_t n;
		far.ws_message(far.arg, &r, &m, &out);
		struct slice last = last_message(&out, &n);
		assert_int_equal(n, events[i]);
		assert_true(slice_find(last, slice_str(wanted[i]), 0) != SLICE_NPOS);
	}
	/* another connection has not heard of those tools */
	_cleanup_buf_ struct buf out = BUF(1 << 20);
	struct exchange_ws_message m = {.text = true, .data = slice_str(said[2])};
	size_t n;
	r.conn = 78;
	far.ws_message(far.arg, &r, &m, &out);
	assert_true(slice_find(last_message(&out, &n), SLICE("exec_command"), 0) == SLICE_NPOS);
}

static void test_gemini(void **state)
{
	(void)state;
#define GEMINI_BODY                                                                                                                 \
	"{\"contents\":[{\"role\":\"user\",\"parts\":[{\"functionResponse\":{}}]}],\"tools\":[{\"functionDeclarations\":["          \
	"{\"name\":\"read_file\",\"parametersJsonSchema\":" READ_TOOL "},{\"name\":\"run_shell_command\",\"parameters\":" BASH_TOOL \
	"}]}]}"
	const char *b = ask("/v1beta/models/gemini-x:streamGenerateContent?alt=sse", GEMINI_BODY);
	assert_has(b, "data: "
	              "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"run_shell_command\",\"args\":{\"command\":"
	              "\"ls -a\"");
	assert_has(b, "\"modelVersion\":\"gemini-x\"");
	assert_true(reply.stream);
	b = ask("/v1internal:generateContent", "{\"model\":\"y\",\"request\":" GEMINI_BODY "}");
	assert_has(b, "{\"response\":{\"candidates\":");
	assert_has(b, "run_shell_command");
	b = ask("/v1beta/models/gemini-x:countTokens", "{}");
	assert_string_equal(b, "{\"totalTokens\":1200}");
	b = ask("/v1internal:loadCodeAssist", "{}");
	assert_has(b, "cloudaicompanionProject");
}

static void test_json_wanted(void **state)
{
	(void)state;
	const char *b = ask("/v1/chat/completions",
	        "{\"messages\":[],\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\",\"schema\":{\"type\":"
	        "\"object\","
	        "\"properties\":{\"who\":{\"type\":\"string\",\"enum\":[\"user\",\"model\"]},\"n\":{\"$ref\":\"#/$defs/n\"},\"left\":{}},"
	        "\"required\":[\"who\",\"n\"],\"$defs\":{\"n\":{\"type\":\"integer\",\"minimum\":3}}}}}}");
	assert_has(b, "\"content\":\"{\\\"who\\\":\\\"user\\\",\\\"n\\\":3}\"");
	b = ask("/v1/messages", "{\"messages\":[],\"system\":\"say isNewTopic\"}");
	assert_has(b, "\"text\":\"{\\\"isNewTopic\\\":true,");
	b = ask("/v1beta/models/m:generateContent",
	        "{\"generationConfig\":{\"responseMimeType\":\"application/json\",\"responseSchema\":{\"type\":\"OBJECT\",\"properties\":{"
	        "\"a\":{\"type\":\"BOOLEAN\"}},\"required\":[\"a\"]}}}");
	assert_has(b, "{\\\"a\\\":false}");
}

static void test_hostile(void **state)
{
	(void)state;
	static const char *const paths[] = {
	        "/v1/messages", "/v1/chat/completions", "/v1/responses", "/v1beta/models/x:generateContent", "/api/chat"};
	static const char *const bodies[] = {"", "{", "[", "\"", "nonsense",
	        "{\"tools\":", "{\"tools\":[{\"name\":7,\"input_schema\":3}],\"messages\":5}", "{\"messages\":[[[]]],\"tools\":{}}",
	        "{\"model\":{},\"stream\":\"yes\",\"tools\":[null]}", "{\"tools\":[{\"name\":\"Read\",\"input_schema\":null}]}",
	        "{\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{\"$ref\":\"#\"}}}}", "\xff\xfe{}", "{\"a\\"};
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		for (size_t k = 0; k < ARRAY_LEN(bodies); k++) {
			ask(paths[i], bodies[k]);
			assert_int_equal(reply.status, 200);
			assert_true(reply.body.n > 0);
		}
	}
	/* deep nesting and great length: linear, no recursion */
	_cleanup_buf_ struct buf deep = BUF(8 << 20);
	buf_str_add(&deep, "{\"tools\":");
	for (size_t i = 0; i < 200000; i++)
		buf_str_add(&deep, "[{\"a\":");
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		ask_with("h", "POST", paths[i], buf_slice(&deep), NULL, 0);
	/* a schema that refers to itself */
	ask("/v1/chat/completions",
	        "{\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{\"type\":\"object\",\"properties\":{\"a\":"
	        "{\"$ref\":\"#\"}},\"required\":[\"a\"]}}}}");
	/* many properties, each of them required: bounded work */
	_cleanup_buf_ struct buf wide = BUF(8 << 20);
	for (int part = 0; part < 2; part++) {
		buf_str_add(&wide, part == 0 ? "{\"tools\":[{\"name\":\"Read\",\"input_schema\":{\"properties\":{" : "},\"required\":[");
		for (unsigned i = 0; i < 150000; i++)
			buf_fmt(&wide, "%s\"p%u\"%s", i ? "," : "", i, part == 0 ? ":{}" : "");
	}
	buf_str_add(&wide, "]}}]}");
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		ask_with("h", "POST", paths[i], buf_slice(&wide), NULL, 0);
	/* never more than the script's turns */
	const char *b = ask("/v1/messages",
	        "{\"messages\":[" RESULT "," RESULT "," RESULT "," RESULT "," RESULT "," RESULT "," RESULT "]," CLAUDE_TOOLS "}");
	assert_has(b, "end_turn");
}

static void from_pattern(const char *pattern, const char *alone, const char *star, char out[256])
{
	_cleanup_buf_ struct buf b = BUF(255);
	if (pattern[0] == '*' && !pattern[1])
		buf_str_add(&b, alone);
	else
		for (; *pattern; pattern++)
			buf_fmt(&b, "%s%.1s", *pattern == '*' ? star : "", *pattern == '*' ? "" : pattern);
	memcpy(out, buf_str(&b), b.n + 1);
}

static void test_table(void **state)
{
	(void)state;
	const struct plausible_rule *p;
	size_t n = 0;
	for (; (p = plausible_row(n)); n++) {
		/* a request made from the patterns themselves */
		char host[256], path[256];
		from_pattern(p->host, "a.test", "", host);
		from_pattern(p->path, "/some", "x", path);
		assert_true(plausible_match(p->host, slice_str(host)));
		ask_with(host, *p->method == '*' ? "GET" : p->method, path, SLICE("{}"), NULL, 0);
		if (strstr(buf_str(&reply.headers), "json")) {
			struct slice v = peek_value(buf_slice(&reply.body));
			assert_int_equal(v.n, reply.body.n);
		}
	}
	assert_true(n > 80);
	assert_string_equal(plausible_row(n - 1)->path, "*");
}

static void test_plausible(void **state)
{
	(void)state;
	ask_with("registry.npmjs.org", "GET", "/@scope%2fname", SLICE_NONE, NULL, 0);
	assert_string_equal(reply.answer, "npm.packument");
	assert_has(buf_str(&reply.body), "{\"_id\":\"@scope/name\"");
	assert_has(buf_str(&reply.body), "name-1.0.0.tgz");
	const char *mcp = ask("/mcp/readonly",
	        "{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-11-25\"}}");
	assert_has(mcp, "{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"result\":{\"protocolVersion\":\"2025-11-25\",");
	ask("/mcp", "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
	assert_int_equal(reply.status, 202);
	ask_with("api.githubcopilot.com", "GET", "/models", SLICE_NONE, NULL, 0);
	assert_has(buf_str(&reply.headers), "x-github-request-id: ");
	ask_with("registry.npmjs.org", "GET", "/left/latest", SLICE_NONE, NULL, 0);
	assert_has(buf_str(&reply.body), "{\"name\":\"left\",\"version\":\"1.0.0\"");
	ask_with("169.254.169.254", "GET", "/latest/meta-data/", SLICE_NONE, NULL, 0);
	assert_int_equal(reply.status, 404);
	struct exchange_header html = {SLICE("Accept"), SLICE("text/html,*/*")};
	ask_with("a.test", "GET", "/", SLICE_NONE, &html, 1);
	assert_string_equal(reply.answer, "other.html");
	ask_with("a.test", "GET", "/", SLICE_NONE, NULL, 0);
	assert_string_equal(reply.answer, "other.html");
	assert_has(buf_str(&reply.headers), "\r\n");
	ask_with("a.test", "POST", "/x", SLICE("y"), NULL, 0);
	assert_string_equal(buf_str(&reply.body), "{}");
	assert_true(plausible_match("*a*b", SLICE("xxaybb")));
	assert_false(plausible_match("*a*b", SLICE("xxaybc")));
	assert_true(plausible_match("", SLICE_NONE));
}

/* The world in a mood, for as long as the test lasts. */
static struct answers *ordinary;

static void moody(const struct world_config *c)
{
	ordinary = answers;
	assert_int_equal(answers_new(c, &answers), 0);
	far = answers_far_side(answers);
}

static void calm(void)
{
	answers_free(answers);
	answers = ordinary;
	far = answers_far_side(answers);
}

static const char *get(const char *host, const char *target)
{
	return buf_str(&ask_with(host, "GET", target, SLICE(""), NULL, 0)->body);
}

static void test_moods(void **state)
{
	static const char *const flags[] = {"fern_min_version", "fern_fast", NULL};
	struct world_config c = {.seed = SLICE("s"), .project = "/p", .flags = flags, .moods = WORLD_FLIP};
	(void)state;
	moody(&c);
	assert_string_equal(get("x.example", "/api/claude_code/organizations/metrics_enabled"), "{\"metrics_logging_enabled\":false}");
	assert_string_equal(get("x.example", "/api/claude_code_grove"),
	        "{\"grove_enabled\":true,\"domain_excluded\":true,\"notice_is_grace_period\":true}");
	assert_string_equal(get("x.example", "/api/features/sdk"),
	        "{\"status\":200,\"features\":{\"fern_min_version\":{\"defaultValue\":true},\"fern_fast\":{\"defaultValue\":true}},"
	        "\"dateUpdated\":\"2026-01-01T00:00:00Z\"}");
	/* The model's API is as it was. */
	assert_has(ask("/v1/messages", "{\"model\":\"claude-x\",\"messages\":[]}"), "\"stop_reason\":\"end_turn\"");
	assert_has(get("registry.npmjs.org", "/fern/latest"), "\"version\":\"1.0.0\"");
	calm();
	c.moods = WORLD_OLD;
	moody(&c);
	assert_has(get("registry.npmjs.org", "/fern/latest"), "\"version\":\"999.0.0\"");
	assert_string_equal(get("x.example", "/releases/latest"), "999.0.0\n");
	assert_has(get("x.example", "/api/claude_code/settings"), "Please upgrade");
	assert_int_equal(reply.status, 410);
	assert_has(get("x.example", "/api/eval/sdk"), "{\"features\":{\"fern_min_version\":{\"defaultValue\":{\"minVersion\":\"999.0.0\"");
	assert_no(buf_str(&reply.body), "fern_fast");
	calm();
	c.moods = WORLD_NO_TELEMETRY | WORLD_NO_POLICY;
	moody(&c);
	(void)ask_with("x.example", "POST", "/api/v2/logs", SLICE("{}"), NULL, 0);
	assert_int_equal(reply.status, 503);
	(void)get("x.example", "/api/claude_code/policy_limits");
	assert_int_equal(reply.status, 503);
	(void)get("x.example", "/anything");
	assert_int_equal(reply.status, 200);
	calm();
	assert_string_equal(get("x.example", "/api/claude_code/organizations/metrics_enabled"), "{\"metrics_logging_enabled\":true}");
}

static void test_flip(void **state)
{
	static const char *const cases[][2] = {
	        {"{\"a\":true,\"b\":[false,0,9.5,-1e3],\"true\":\"true 7\",\"status\":200}",
	                "{\"a\":false,\"b\":[true,1,1.5,-2e3],\"true\":\"true 7\",\"status\":200}"},
	        {"", ""},
	        {"not json \"", "not json \""},
	        {"\"\\\"true\\", "\"\\\"true\\"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_buf_ struct buf b = BUF(4096);
		mood_flip(slice_str(cases[i][0]), &b);
		assert_string_equal(buf_str(&b), cases[i][1]);
	}
}

static void test_purposes(void **state)
{
	(void)state;
	for (size_t i = 0; plausible_row(i); i++)
		assert_true(purpose_of(slice_str(plausible_row(i)->name)) < PURPOSE_END);
	assert_int_equal(purpose_of(SLICE("anthropic.messages")), PURPOSE_MODEL);
	assert_int_equal(purpose_of(SLICE("datadog.logs")), PURPOSE_TELEMETRY);
	assert_int_equal(purpose_of(SLICE("claude.metrics_enabled")), PURPOSE_FLAGS);
	assert_int_equal(purpose_of(SLICE("claude.metrics")), PURPOSE_TELEMETRY);
	assert_int_equal(purpose_of(SLICE("other.json")), PURPOSE_OTHER);
	assert_int_equal(purpose_of(SLICE_NONE), PURPOSE_OTHER);
	for (enum purpose p = 0; p < PURPOSE_END; p++)
		assert_true(purpose_name(p)[0] != 0);
}

#define ASKED                                                                                                                     \
	"{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"x\",\"name\":\"Bash\",\"input\":{\"command\":\"sh " \
	"tools/x.sh\"}}]},"

/* A model that does as it is told, once, by whatever holds the mark; then it goes on with its own work. */
static void test_obeys(void **state)
{
	struct world_config c = {.seed = SLICE("s"), .project = "/p", .obey_mark = "heron-77", .obey_command = "sh tools/x.sh"};
	const char *b;
	(void)state;
	moody(&c);
	b = ask("/v1/messages", "{\"model\":\"claude-x\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]," CLAUDE_TOOLS "}");
	assert_has(b, "\"name\":\"Read\"");
	b = ask("/v1/messages",
	        "{\"model\":\"claude-x\",\"system\":\"see heron-77\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]," CLAUDE_TOOLS
	        "}");
	assert_has(b, "\"name\":\"Bash\",\"input\":{\"command\":\"sh tools/x.sh\"");
	/* Its id is that of no other call. */
	const char *id = strstr(b, "\"id\":\"toolu_");
	assert_non_null(id);
	char obeyed[64];
	(void)snprintf(obeyed, sizeof(obeyed), "%.40s", id);
	b = ask("/v1/messages", "{\"model\":\"claude-x\",\"system\":\"see heron-77\",\"messages\":[" ASKED RESULT "]," CLAUDE_TOOLS "}");
	assert_has(b, "\"name\":\"Read\"");
	assert_no(b, obeyed);
	b = ask("/v1/messages",
	        "{\"model\":\"claude-x\",\"system\":\"see heron-77\",\"messages\":[" ASKED RESULT "," RESULT "]," CLAUDE_TOOLS "}");
	assert_has(b, "\"command\":\"ls -a\"");
	/* Nothing to run it with. */
	b = ask("/v1/messages", "{\"model\":\"claude-x\",\"system\":\"see heron-77\",\"messages\":[]}");
	assert_no(b, "tools/x.sh");
	calm();
	b = ask("/v1/messages", "{\"model\":\"claude-x\",\"system\":\"see heron-77\",\"messages\":[]," CLAUDE_TOOLS "}");
	assert_no(b, "tools/x.sh");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_anthropic_steps),
	        cmocka_unit_test(test_anthropic_stream),
	        cmocka_unit_test(test_chat),
	        cmocka_unit_test(test_responses),
	        cmocka_unit_test(test_responses_ws),
	        cmocka_unit_test(test_responses_ws_memory),
	        cmocka_unit_test(test_gemini),
	        cmocka_unit_test(test_json_wanted),
	        cmocka_unit_test(test_hostile),
	        cmocka_unit_test(test_table),
	        cmocka_unit_test(test_plausible),
	        cmocka_unit_test(test_moods),
	        cmocka_unit_test(test_flip),
	        cmocka_unit_test(test_purposes),
	        cmocka_unit_test(test_obeys),
	};
	int r = cmocka_run_group_tests(tests, setup, teardown);
	buf_free(&reply.headers);
	buf_free(&reply.body);
	return r;
}
