/* OpenAI Responses: POST …/responses, streamed or not, and the same events over WebSocket. */
#include "world/dialect.h"
#include "world/peek.h"

#define CREATED 1767225600

struct sink {
	struct buf *out;
	bool ws; /* messages with a length before them, else server-sent events */
	unsigned sequence;
};

static void put_item(struct buf *b, const struct script_turn *t, bool done)
{
	struct slice text = done ? buf_slice(&t->content) : SLICE_NONE;
	const char *status = done ? "completed" : "in_progress";
	switch (t->act) {
	case SCRIPT_SAY:
		buf_fmt(b, "{\"id\":\"msg_%.32s\",\"type\":\"message\",\"status\":\"%s\",\"role\":\"assistant\",\"content\":[", t->id,
		        status);
		if (done) {
			buf_str_add(b, "{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":");
			peek_quote(b, text);
			buf_u8(b, '}');
		}
		buf_str_add(b, "]}");
		return;
	case SCRIPT_LOCAL_SHELL:
		buf_fmt(b, "{\"id\":\"lsh_%.32s\",\"type\":\"local_shell_call\",\"status\":\"%s\",\"call_id\":\"call_%.24s\",", t->id,
		        status, t->id);
		buf_str_add(b, "\"action\":{\"type\":\"exec\",\"command\":");
		buf_add(b, buf_slice(&t->content));
		buf_str_add(b, ",\"env\":{},\"timeout_ms\":null,\"user\":null,\"working_directory\":null}}");
		return;
	case SCRIPT_CALL:
	case SCRIPT_CALL_CUSTOM:
		break;
	}
	bool custom = t->act == SCRIPT_CALL_CUSTOM;
	buf_fmt(b, "{\"id\":\"%s_%.32s\",\"type\":\"%s\",\"status\":\"%s\",\"call_id\":\"call_%.24s\",\"name\":\"%.*s\",",
	        custom ? "ctc" : "fc", t->id, custom ? "custom_tool_call" : "function_call", status, t->id, SLICE_FMT(t->tool));
	if (t->tool_namespace.n)
		buf_fmt(b, "\"namespace\":\"%.*s\",", SLICE_FMT(t->tool_namespace));
	buf_str_add(b, custom ? "\"input\":" : "\"arguments\":");
	peek_quote(b, text);
	buf_u8(b, '}');
}

/* The id ends in the step, which a client over WebSocket gives back instead of the conversation. */
static void put_response(struct buf *b, const struct script_turn *t, bool done)
{
	buf_fmt(b,
	        "{\"id\":\"resp_%.32s%04u\",\"object\":\"response\",\"created_at\":%d,\"status\":\"%s\",\"background\":false,\"error\":"
	        "null,"
	        "\"incomplete_details\":null,\"instructions\":null,\"max_output_tokens\":null,\"model\":\"%.*s\",\"output\":[",
	        t->id, t->step, CREATED, done ? "completed" : "in_progress", SLICE_FMT(t->model));
	if (done && !t->empty)
		put_item(b, t, true);
	buf_str_add(b, "],\"parallel_tool_calls\":true,\"previous_response_id\":null,\"reasoning\":{\"effort\":null,\"summary\":null},"
	               "\"store\":false,"
	               "\"temperature\":1.0,\"text\":{\"format\":{\"type\":\"text\"}},\"tool_choice\":\"auto\",\"tools\":[],\"top_p\":1.0,"
	               "\"truncation\":\"disabled\",\"usage\":");
	if (done)
		buf_fmt(b,
		        "{\"input_tokens\":%llu,\"input_tokens_details\":{\"cached_tokens\":0},\"output_tokens\":%llu,"
		        "\"output_tokens_details\":{\"reasoning_tokens\":0},\"total_tokens\":%llu}",
		        (unsigned long long)t->tokens_in, (unsigned long long)t->tokens_out,
		        (unsigned long long)(t->tokens_in + t->tokens_out));
	else
		buf_str_add(b, "null");
	buf_str_add(b, ",\"user\":null,\"metadata\":{}}");
}

static void emit(struct sink *k, const char *type, const struct buf *rest)
{
	_cleanup_buf_ struct buf b = BUF(k->out->max);
	buf_fmt(&b, "{\"type\":\"%s\",\"sequence_number\":%u%s", type, k->sequence++, rest->n ? "," : "");
	buf_add(&b, buf_slice(rest));
	buf_u8(&b, '}');
	if (k->ws) {
		if (buf_error(&b))
			return;
		buf_be(k->out, b.n, 4);
		buf_add(k->out, buf_slice(&b));
		return;
	}
	buf_fmt(k->out, "event: %s\ndata: ", type);
	buf_add(k->out, buf_slice(&b));
	buf_str_add(k->out, "\n\n");
}

static void emit_response(struct sink *k, const char *type, const struct script_turn *t, bool done)
{
	_cleanup_buf_ struct buf b = BUF(k->out->max);
	buf_str_add(&b, "\"response\":");
	put_response(&b, t, done);
	emit(k, type, &b);
}

static void emit_item(struct sink *k, const char *type, const struct script_turn *t, bool done)
{
	_cleanup_buf_ struct buf b = BUF(k->out->max);
	buf_str_add(&b, "\"output_index\":0,\"item\":");
	put_item(&b, t, done);
	emit(k, type, &b);
}

/* delta/done events of the text, the arguments or the input: they differ in names only. */
static void emit_part(struct sink *k, const char *type, const char *prefix, const struct script_turn *t, const char *member)
{
	_cleanup_buf_ struct buf b = BUF(k->out->max);
	buf_fmt(&b, "\"item_id\":\"%s_%.32s\",\"output_index\":0,%s\"%s\":", prefix, t->id, *prefix == 'm' ? "\"content_index\":0," : "",
	        member);
	peek_quote(&b, buf_slice(&t->content));
	emit(k, type, &b);
}

static void emit_text_part(struct sink *k, const char *type, const struct script_turn *t, bool done)
{
	_cleanup_buf_ struct buf b = BUF(k->out->max);
	buf_fmt(&b,
	        "\"item_id\":\"msg_%.32s\",\"output_index\":0,\"content_index\":0,\"part\":{\"type\":\"output_text\",\"annotations\":[],"
	        "\"text\":",
	        t->id);
	peek_quote(&b, done ? buf_slice(&t->content) : SLICE_NONE);
	buf_u8(&b, '}');
	emit(k, type, &b);
}

static void events(struct sink *k, const struct script_turn *t)
{
	emit_response(k, "response.created", t, false);
	emit_response(k, "response.in_progress", t, false);
	emit_item(k, "response.output_item.added", t, false);
	switch (t->act) {
	case SCRIPT_SAY:
		emit_text_part(k, "response.content_part.added", t, false);
		emit_part(k, "response.output_text.delta", "msg", t, "delta");
		emit_part(k, "response.output_text.done", "msg", t, "text");
		emit_text_part(k, "response.content_part.done", t, true);
		break;
	case SCRIPT_CALL:
		emit_part(k, "response.function_call_arguments.delta", "fc", t, "delta");
		emit_part(k, "response.function_call_arguments.done", "fc", t, "arguments");
		break;
	case SCRIPT_CALL_CUSTOM:
		emit_part(k, "response.custom_tool_call_input.delta", "ctc", t, "delta");
		emit_part(k, "response.custom_tool_call_input.done", "ctc", t, "input");
		break;
	case SCRIPT_LOCAL_SHELL:
		break;
	}
	emit_item(k, "response.output_item.done", t, true);
	emit_response(k, "response.completed", t, true);
}

/* A conversation that goes on by reference: the step of the answer that is referred to. */
static unsigned step_before(struct slice body)
{
	struct slice id = peek_text(peek_get(peek_value(body), "previous_response_id"));
	uint64_t n = 0;
	if (id.n < 4 || !slice_starts(id, SLICE("resp_")) || !slice_u64(slice_from(id, id.n - 4), SCRIPT_TURNS_MAX, &n))
		return 0;
	return (unsigned)n;
}

bool dialect_openai_responses(const struct script *s, const struct exchange_request *r, struct slice path, struct exchange_reply *out)
{
	if (!slice_is(r->method, "POST") || !slice_ends(path, SLICE("/responses")))
		return false;
	struct script_turn t;
	struct script_earlier earlier = {.step = step_before(r->body)};
	script_next(s, SCRIPT_RESPONSES, r->body, &earlier, &t);
	reply_begin(out, 200, t.stream ? TYPE_SSE : TYPE_JSON, "openai.responses");
	buf_fmt(&out->headers, "x-request-id: req_%.32s\r\n", t.id);
	out->stream = t.stream;
	if (t.stream) {
		struct sink k = {.out = &out->body};
		events(&k, &t);
	} else {
		put_response(&out->body, &t, true);
	}
	buf_free(&t.content);
	return true;
}

/* A client that only warms up its connection wants no output. */
static void warm_up(struct sink *k, struct script_turn *t)
{
	t->empty = true;
	emit_response(k, "response.created", t, false);
	emit_response(k, "response.completed", t, true);
}

void dialect_openai_responses_ws(const struct script *s, struct slice message, struct slice *tools, struct buf *out)
{
	struct slice body = peek_value(message);
	struct slice type = peek_text(peek_get(body, "type"));
	if (!slice_is(type, "response.create"))
		return;
	/* Either the request's members stand beside the type, or in "response". */
	struct slice inner = peek_get(body, "response");
	if (peek_is_object(inner))
		body = inner;
	struct script_turn t;
	struct script_earlier earlier = {
	        .step = step_before(body), .tools = peek_get(body, "previous_response_id").p ? *tools : SLICE_NONE};
	script_next(s, SCRIPT_RESPONSES, body, &earlier, &t);
	if (t.own_tools)
		*tools = body;
	struct sink k = {.out = out, .ws = true};
	if (slice_is(peek_get(body, "generate"), "false"))
		warm_up(&k, &t);
	else
		events(&k, &t);
	buf_free(&t.content);
}
