/* Anthropic Messages: POST …/v1/messages, with or without a stream, and …/v1/messages/count_tokens. */
#include "world/dialect.h"
#include "world/peek.h"

static void put_usage(struct buf *b, const struct script_turn *t, uint64_t out)
{
	buf_fmt(b,
	        "{\"input_tokens\":%llu,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,"
	        "\"cache_creation\":{\"ephemeral_5m_input_tokens\":0,\"ephemeral_1h_input_tokens\":0},"
	        "\"output_tokens\":%llu,\"service_tier\":\"standard\"}",
	        (unsigned long long)t->tokens_in, (unsigned long long)out);
}

static const char *stop_reason(const struct script_turn *t)
{
	return t->act == SCRIPT_SAY ? "end_turn" : "tool_use";
}

/* The message up to its content, which the caller closes. */
static void put_head(struct buf *b, const struct script_turn *t)
{
	buf_fmt(b, "{\"id\":\"msg_01%.22s\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"%.*s\",\"content\":[", t->id,
	        SLICE_FMT(t->model));
}

static void put_tool(struct buf *b, const struct script_turn *t, struct slice input)
{
	buf_fmt(b, "{\"type\":\"tool_use\",\"id\":\"toolu_01%.22s\",\"name\":\"%.*s\",\"input\":%.*s}", t->id, SLICE_FMT(t->tool),
	        SLICE_FMT(input));
}

static void whole(struct buf *b, const struct script_turn *t)
{
	put_head(b, t);
	if (t->act == SCRIPT_SAY) {
		buf_str_add(b, "{\"type\":\"text\",\"text\":");
		peek_quote(b, buf_slice(&t->content));
		buf_u8(b, '}');
	} else {
		put_tool(b, t, buf_slice(&t->content));
	}
	buf_fmt(b, "],\"stop_reason\":\"%s\",\"stop_sequence\":null,\"usage\":", stop_reason(t));
	put_usage(b, t, t->tokens_out);
	buf_u8(b, '}');
}

static void streamed(struct buf *b, const struct script_turn *t)
{
	buf_str_add(b, "event: message_start\ndata: {\"type\":\"message_start\",\"message\":");
	put_head(b, t);
	buf_str_add(b, "],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":");
	put_usage(b, t, 1);
	buf_str_add(b, "}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":");
	if (t->act == SCRIPT_SAY)
		buf_str_add(b, "{\"type\":\"text\",\"text\":\"\"}");
	else
		put_tool(b, t, SLICE("{}"));
	buf_str_add(b, "}\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n"
	               "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":");
	buf_str_add(b, t->act == SCRIPT_SAY ? "{\"type\":\"text_delta\",\"text\":" : "{\"type\":\"input_json_delta\",\"partial_json\":");
	peek_quote(b, buf_slice(&t->content));
	buf_str_add(b, "}}\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
	               "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":");
	buf_fmt(b, "\"%s\",\"stop_sequence\":null},\"usage\":", stop_reason(t));
	put_usage(b, t, t->tokens_out);
	buf_str_add(b, "}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
}

bool dialect_anthropic(const struct script *s, const struct exchange_request *r, struct slice path, struct exchange_reply *out)
{
	if (!slice_is(r->method, "POST"))
		return false;
	if (slice_ends(path, SLICE("/messages/count_tokens"))) {
		reply_begin(out, 200, TYPE_JSON, "anthropic.count_tokens");
		buf_fmt(&out->body, "{\"input_tokens\":%d}", SCRIPT_TOKENS);
		return true;
	}
	if (!slice_ends(path, SLICE("/v1/messages")) && !slice_is(path, "/messages"))
		return false;
	struct script_turn t;
	script_next(s, SCRIPT_ANTHROPIC, r->body, NULL, &t);
	reply_begin(out, 200, t.stream ? TYPE_SSE : TYPE_JSON, "anthropic.messages");
	buf_fmt(&out->headers, "request-id: req_011%.21s\r\n", t.id);
	out->stream = t.stream;
	(t.stream ? streamed : whole)(&out->body, &t);
	buf_free(&t.content);
	return true;
}
