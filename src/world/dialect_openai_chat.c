/* OpenAI Chat Completions: POST …/chat/completions; and Ollama's own /api/chat and /api/generate, which most like it. */
#include "world/dialect.h"
#include "world/peek.h"

/* Seconds since 1970 of every answer: a fixed moment, so that answers do not differ between trials. */
#define CREATED 1767225600

static void put_usage(struct buf *b, const struct script_turn *t)
{
	buf_fmt(b,
	        "{\"prompt_tokens\":%llu,\"completion_tokens\":%llu,\"total_tokens\":%llu,\"prompt_tokens_details\":{\"cached_tokens\":0},"
	        "\"completion_tokens_details\":{\"reasoning_tokens\":0}}",
	        (unsigned long long)t->tokens_in, (unsigned long long)t->tokens_out, (unsigned long long)(t->tokens_in + t->tokens_out));
}

static void put_call(struct buf *b, const struct script_turn *t, bool indexed)
{
	buf_str_add(b, indexed ? "{\"index\":0," : "{");
	buf_fmt(b, "\"id\":\"call_%.24s\",\"type\":\"function\",\"function\":{\"name\":\"%.*s\",\"arguments\":", t->id, SLICE_FMT(t->tool));
	peek_quote(b, buf_slice(&t->content));
	buf_str_add(b, "}}");
}

static void put_head(struct buf *b, const struct script_turn *t, const char *object)
{
	buf_fmt(b, "{\"id\":\"chatcmpl-%.24s\",\"object\":\"%s\",\"created\":%d,\"model\":\"%.*s\",\"system_fingerprint\":\"fp_%.10s\",",
	        t->id, object, CREATED, SLICE_FMT(t->model), t->id);
}

static const char *finish_reason(const struct script_turn *t)
{
	return t->act == SCRIPT_SAY ? "stop" : "tool_calls";
}

static void whole(struct buf *b, const struct script_turn *t)
{
	put_head(b, t, "chat.completion");
	buf_str_add(b, "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":");
	if (t->act == SCRIPT_SAY) {
		peek_quote(b, buf_slice(&t->content));
	} else {
		buf_str_add(b, "null,\"tool_calls\":[");
		put_call(b, t, false);
		buf_u8(b, ']');
	}
	buf_fmt(b, ",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"%s\"}],\"usage\":", finish_reason(t));
	put_usage(b, t);
	buf_u8(b, '}');
}

static void chunk(struct buf *b, const struct script_turn *t)
{
	buf_str_add(b, "data: ");
	put_head(b, t, "chat.completion.chunk");
}

static void streamed(struct buf *b, const struct script_turn *t)
{
	chunk(b, t);
	buf_str_add(b, "\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":");
	buf_str_add(b, t->act == SCRIPT_SAY ? "\"\"" : "null");
	buf_str_add(b, "},\"finish_reason\":null}]}\n\n");
	chunk(b, t);
	buf_str_add(b, "\"choices\":[{\"index\":0,\"delta\":{");
	if (t->act == SCRIPT_SAY) {
		buf_str_add(b, "\"content\":");
		peek_quote(b, buf_slice(&t->content));
	} else {
		buf_str_add(b, "\"tool_calls\":[");
		put_call(b, t, true);
		buf_u8(b, ']');
	}
	buf_str_add(b, "},\"finish_reason\":null}]}\n\n");
	chunk(b, t);
	buf_fmt(b, "\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"%s\"}]}\n\n", finish_reason(t));
	if (t->usage) {
		chunk(b, t);
		buf_str_add(b, "\"choices\":[],\"usage\":");
		put_usage(b, t);
		buf_str_add(b, "}\n\n");
	}
	buf_str_add(b, "data: [DONE]\n\n");
}

/* Ollama streams JSON lines, unless it is told not to. */
static void ollama(struct buf *b, const struct script_turn *t, bool chat)
{
	buf_fmt(b, "{\"model\":\"%.*s\",\"created_at\":\"2026-01-01T00:00:00.000000Z\",", SLICE_FMT(t->model));
	buf_str_add(b, chat ? "\"message\":{\"role\":\"assistant\",\"content\":" : "\"response\":");
	if (t->act == SCRIPT_SAY) {
		peek_quote(b, buf_slice(&t->content));
	} else {
		buf_fmt(b, "\"\",\"tool_calls\":[{\"function\":{\"name\":\"%.*s\",\"arguments\":", SLICE_FMT(t->tool));
		buf_add(b, buf_slice(&t->content));
		buf_str_add(b, "}}]");
	}
	buf_fmt(b, "%s,\"done\":true,\"done_reason\":\"stop\",\"total_duration\":1000000,\"prompt_eval_count\":%llu,\"eval_count\":%llu}\n",
	        chat ? "}" : "", (unsigned long long)t->tokens_in, (unsigned long long)t->tokens_out);
}

bool dialect_openai_chat(const struct script *s, const struct exchange_request *r, struct slice path, struct exchange_reply *out)
{
	if (!slice_is(r->method, "POST"))
		return false;
	struct script_turn t;
	bool chat = slice_is(path, "/api/chat");
	if (chat || slice_is(path, "/api/generate")) {
		script_next(s, SCRIPT_OLLAMA, r->body, NULL, &t);
		reply_begin(out, 200, "application/x-ndjson", "ollama.chat");
		ollama(&out->body, &t, chat);
	} else if (slice_ends(path, SLICE("/chat/completions"))) {
		script_next(s, SCRIPT_CHAT, r->body, NULL, &t);
		reply_begin(out, 200, t.stream ? TYPE_SSE : TYPE_JSON, "openai.chat");
		out->stream = t.stream;
		(t.stream ? streamed : whole)(&out->body, &t);
	} else {
		return false;
	}
	buf_fmt(&out->headers, "x-request-id: req_%.32s\r\n", t.id);
	buf_free(&t.content);
	return true;
}
