/* Gemini: …/models/NAME:generateContent, :streamGenerateContent, :countTokens, and Code Assist's v1internal:… with the request and
 * the response wrapped in one more object. */
#include "world/dialect.h"
#include "world/peek.h"

static void put_candidate(struct buf *b, const struct script_turn *t, bool wrapped)
{
	buf_str_add(b, wrapped ? "{\"response\":" : "");
	buf_str_add(b, "{\"candidates\":[{\"content\":{\"parts\":[{");
	if (t->act == SCRIPT_SAY) {
		buf_str_add(b, "\"text\":");
		peek_quote(b, buf_slice(&t->content));
	} else {
		buf_fmt(b, "\"functionCall\":{\"name\":\"%.*s\",\"args\":", SLICE_FMT(t->tool));
		buf_add(b, buf_slice(&t->content));
		buf_u8(b, '}');
	}
	buf_fmt(b,
	        "}],\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":%llu,"
	        "\"candidatesTokenCount\":%llu,\"totalTokenCount\":%llu},\"modelVersion\":\"%.*s\",\"responseId\":\"%.22s\"}",
	        (unsigned long long)t->tokens_in, (unsigned long long)t->tokens_out, (unsigned long long)(t->tokens_in + t->tokens_out),
	        SLICE_FMT(t->model), t->id);
	buf_str_add(b, wrapped ? ",\"traceId\":\"0\"}" : "");
}

/* What Code Assist wants to know before the first message. */
static bool code_assist(struct slice verb, struct exchange_reply *out)
{
	static const struct {
		const char *verb, *body;
	} table[] = {
	        {"loadCodeAssist",
	                "{\"currentTier\":{\"id\":\"free-tier\",\"name\":\"Gemini Code Assist for individuals\",\"description\":\"\"},"
	                "\"allowedTiers\":[{\"id\":\"free-tier\",\"name\":\"Gemini Code Assist for individuals\",\"description\":\"\","
	                "\"isDefault\":true}],\"cloudaicompanionProject\":\"quiet-garden-1\"}"},
	        {"onboardUser", "{\"done\":true,\"response\":{\"cloudaicompanionProject\":{\"id\":\"quiet-garden-1\",\"name\":\"quiet-"
	                        "garden-1\"}}}"},
	        {"retrieveUserQuota", "{\"buckets\":[]}"},
	        {"fetchAdminControls", "{}"},
	        {"listExperiments", "{\"experimentIds\":[],\"flags\":[]}"},
	        {"getCodeAssistGlobalUserSetting", "{\"freeTierDataCollectionOptin\":false}"},
	        {"setCodeAssistGlobalUserSetting", "{\"freeTierDataCollectionOptin\":false}"},
	        {"recordCodeAssistMetrics", "{}"},
	        {"recordConversationOffered", "{}"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (!slice_is(verb, table[i].verb))
			continue;
		reply_begin(out, 200, TYPE_JSON, "gemini.code_assist");
		buf_str_add(&out->body, table[i].body);
		return true;
	}
	return false;
}

static void embedding(struct exchange_reply *out)
{
	reply_begin(out, 200, TYPE_JSON, "gemini.embed");
	buf_str_add(&out->body, "{\"embedding\":{\"values\":[0.5,0.5,0.5,0.5]},\"embeddings\":[{\"values\":[0.5,0.5,0.5,0.5]}]}");
}

bool dialect_gemini(const struct script *s, const struct exchange_request *r, struct slice path, struct exchange_reply *out)
{
	size_t colon = slice_chr(path, ':', 0);
	if (colon == SLICE_NPOS)
		return false;
	struct slice verb = slice_from(path, colon + 1), before = slice_sub(path, 0, colon);
	bool wrapped = slice_ends(before, SLICE("/v1internal"));
	size_t models = slice_find(before, SLICE("models/"), 0);
	if (!wrapped && models == SLICE_NPOS)
		return false;
	if (wrapped && code_assist(verb, out))
		return true;
	if (slice_is(verb, "countTokens")) {
		reply_begin(out, 200, TYPE_JSON, "gemini.count_tokens");
		buf_fmt(&out->body, "{\"totalTokens\":%d}", SCRIPT_TOKENS);
		return true;
	}
	if (slice_find(verb, SLICE("mbedContent"), 0) != SLICE_NPOS) {
		embedding(out);
		return true;
	}
	bool stream = slice_is(verb, "streamGenerateContent");
	if (!stream && !slice_is(verb, "generateContent"))
		return false;
	struct slice body = peek_value(r->body);
	struct slice inner = wrapped ? peek_get(body, "request") : SLICE_NONE;
	struct script_turn t;
	script_next(s, SCRIPT_GEMINI, peek_is_object(inner) ? inner : body, NULL, &t);
	/* The path is the client's bytes: only a name that needs no escape is echoed. */
	struct slice name = wrapped ? peek_text(peek_get(body, "model")) : slice_from(before, models + 7);
	bool plain = name.n > 0 && name.n < 128;
	for (size_t i = 0; plain && i < name.n; i++)
		plain = name.p[i] > ' ' && name.p[i] < 0x7f && name.p[i] != '"' && name.p[i] != '\\';
	if (plain)
		t.model = name;
	bool sse = stream && slice_find(r->target, SLICE("alt=sse"), 0) != SLICE_NPOS;
	reply_begin(out, 200, sse ? TYPE_SSE : TYPE_JSON, stream ? "gemini.stream" : "gemini.generate");
	out->stream = sse;
	buf_str_add(&out->body, sse ? "data: " : stream ? "[" : "");
	put_candidate(&out->body, &t, wrapped);
	buf_str_add(&out->body, sse ? "\n\n" : stream ? "]" : "");
	buf_free(&t.content);
	return true;
}
