#include "gate/dialogue.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "parse/json.h"

#define EVENT_MAX ((size_t)1 << 20)
#define WHOLE_MAX ((size_t)4 << 20)
#define ARENA_MAX ((size_t)64 << 20)
#define CALLS_MAX 128u
#define LINES_MAX ((size_t)24 << 10) /* of facts; they travel in one message of the link */

/* A tool that the model asks for. */
struct call {
	char key[64]; /* by which its pieces are known; "" once it is whole */
	char name[128];
	struct digest_stream *args; /* running: of arguments only length and digest are told, and they may be as long as they like */
	uint64_t n;
};

struct dialogue {
	bool events;
	struct buf in;
	bool skipping;
	struct arena arena;
	struct call call[CALLS_MAX];
	size_t n_calls;
	uint64_t text, tokens_in, tokens_out;
	char model[128];
};

static void put_word(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.n && i < 120; i++)
		buf_u8(b, s.p[i] <= ' ' || s.p[i] == 0x7f ? '_' : s.p[i]);
}

static void put_digest(struct buf *facts, struct slice text)
{
	char digest[65];
	digest_sha256_hex(text, digest);
	buf_fmt(facts, "\t%zu\t%s\n", text.n, digest);
}

static struct slice text_of(const struct json *v, struct arena *arena)
{
	return v && v->type == JSON_STRING ? json_text(v, arena) : SLICE_NONE;
}

static bool has(const struct json *v, const char *name, const char *value)
{
	const struct json *m = json_get(v, name);
	return m && m->type == JSON_STRING && m->raw.n == strlen(value) + 2 && memcmp(m->raw.p + 1, value, strlen(value)) == 0;
}

/* A word as others read it: without the escapes that it needs not have. Long texts are no words. */
static void plain_word(struct json *v, struct arena *arena)
{
	if (v->type != JSON_STRING || v->raw.n > 80 || slice_chr(v->raw, '\\', 0) == SLICE_NPOS)
		return;
	struct slice text = json_text(v, arena);
	char *raw = text.p ? arena_alloc(arena, text.n + 2) : NULL;
	for (size_t i = 0; raw && i < text.n; i++)
		if (text.p[i] < 0x20 || text.p[i] == '"' || text.p[i] == '\\')
			return;
	if (!raw)
		return;
	raw[0] = raw[text.n + 1] = '"';
	memcpy(raw + 1, text.p, text.n);
	v->raw = slice_of(raw, text.n + 2);
}

/* As those read it who get it: of two members with one name the last counts, and a name may be written with escapes. json_get() finds the
 * first, as it is written; so the members of each object change their order. Depth is that of the parser. */
static void as_read(struct json *v, struct arena *arena)
{
	struct json *turned = NULL;
	for (struct json *m = v->child, *next; m; m = next) {
		next = m->next;
		as_read(m, arena);
		plain_word(m, arena);
		if (v->type != JSON_OBJECT)
			continue;
		if (m->key.n && slice_chr(m->key, '\\', 0) != SLICE_NPOS) {
			const struct json name = {.type = JSON_STRING, .raw = slice_of(m->key.p - 1, m->key.n + 2)};
			m->key = json_text(&name, arena);
		}
		m->next = turned;
		turned = m;
	}
	if (v->type == JSON_OBJECT)
		v->child = turned;
}

static bool parse(struct slice text, struct arena *arena, struct json **doc)
{
	text = slice_trim(text);
	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		text = slice_trim(slice_from(text, 3));
	if (!text.n || text.p[0] != '{' || json_parse(text, NULL, arena, doc, NULL) != JSON_OK)
		return false;
	as_read(*doc, arena);
	return true;
}

/* ── the request ── */

/* Where in a message a result of a tool stands, in each dialect. */
static void put_results(const struct json *v, unsigned depth, struct arena *arena, struct buf *facts)
{
	static const struct {
		const char *type, *content;
	} kinds[] = {{"tool_result", "content"}, {"function_call_output", "output"}, {"custom_tool_call_output", "output"},
	        {"local_shell_call_output", "output"}};
	for (; v && depth < 8 && facts->n < LINES_MAX; v = v->next) {
		const struct json *content = NULL;
		for (size_t i = 0; i < ARRAY_LEN(kinds) && !content; i++)
			content = has(v, "type", kinds[i].type) ? json_get(v, kinds[i].content) : NULL;
		if (!content && has(v, "role", "tool"))
			content = json_get(v, "content");
		if (!content)
			content = json_get(v, "functionResponse");
		if (content) {
			buf_str_add(facts, "result");
			put_digest(facts, content->type == JSON_STRING ? text_of(content, arena) : content->raw);
		} else if (v->child) {
			put_results(v->child, depth + 1, arena, facts);
		}
	}
}

bool dialogue_request(struct slice target, struct slice body, struct buf *facts)
{
	_cleanup_arena_ struct arena arena = ARENA(ARENA_MAX);
	static const struct {
		const char *list, *dialect;
	} lists[] = {{"messages", NULL}, {"input", "openai-responses"}, {"contents", "gemini"}};
	const struct json *list = NULL;
	struct json *doc = NULL;
	size_t k = 0;
	if (!parse(body, &arena, &doc))
		return false;
	while (k < ARRAY_LEN(lists) && !(list = json_get(doc, lists[k].list)))
		k++;
	struct slice model = text_of(json_get(doc, "model"), &arena);
	size_t at = slice_find(target, SLICE("/models/"), 0);
	if (!model.n && at != SLICE_NPOS) {
		model = slice_from(target, at + 8);
		model = slice_sub(model, 0, slice_chr(model, ':', 0));
	}
	if (!list || !model.n)
		return false;
	const char *dialect = lists[k].dialect;
	if (!dialect)
		dialect = slice_find(target, SLICE("/chat/completions"), 0) != SLICE_NPOS ? "openai-chat" : "anthropic";
	const struct json *tools = json_get(doc, "tools");
	buf_fmt(facts, "dialect\t%s\nmodel\t", dialect);
	put_word(facts, model);
	buf_fmt(facts, "\nmessages\t%zu\ntools\t%zu\n", list->n, tools ? tools->n : 0);
	/* Those of the last turn: earlier ones were told of when they were sent. */
	const struct json *last = NULL, *from = NULL;
	for (const struct json *m = list->child; m; m = m->next) {
		bool assistant = has(m, "role", "assistant") || has(m, "role", "model") || has(m, "type", "function_call");
		if (assistant)
			from = m->next;
		last = m;
	}
	if (last)
		put_results(from ? from : list->child, 0, &arena, facts);
	return true;
}

/* ── the reply ── */

struct dialogue *dialogue_new(bool events)
{
	struct dialogue *d = calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	d->events = events;
	d->in = BUF(events ? EVENT_MAX + 65536 : WHOLE_MAX);
	return d;
}

void dialogue_free(struct dialogue *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->n_calls; i++)
		digest_stream_free(d->call[i].args);
	buf_free(&d->in);
	arena_free(&d->arena);
	free(d);
}

/* The call whose pieces have this key; a new one with that name if there is none. */
static struct call *call_of(struct dialogue *d, const char *key, struct slice name)
{
	for (size_t i = d->n_calls; i-- > 0;)
		if (key[0] && strcmp(d->call[i].key, key) == 0)
			return &d->call[i];
	if (d->n_calls == CALLS_MAX || !name.n)
		return NULL;
	struct call *c = &d->call[d->n_calls];
	_cleanup_buf_ struct buf word = BUF(128);
	if (digest_stream_new(DIGEST_SHA256, &c->args) < 0)
		return NULL;
	d->n_calls++;
	put_word(&word, name);
	(void)snprintf(c->key, sizeof(c->key), "%s", key);
	(void)snprintf(c->name, sizeof(c->name), "%s", buf_str(&word));
	return c;
}

static void add_args(struct call *c, struct slice args)
{
	if (c && c->args && args.n && digest_stream_add(c->args, args) == 0)
		c->n += args.n;
}

static void whole_call(struct dialogue *d, struct slice name, struct slice args)
{
	add_args(call_of(d, "", name), args);
}

static void key_of(const struct json *v, const char *member, char key[64])
{
	const struct json *m = json_get(v, member);
	(void)snprintf(key, 64, "%s:%.*s", member, SLICE_FMT(m ? slice_sub(m->raw, 0, 40) : SLICE("0")));
}

static void number(const struct json *v, const char *name, uint64_t *out)
{
	const struct json *m = json_get(v, name);
	uint64_t n;
	if (m && slice_u64(m->raw, UINT32_MAX, &n) && n > *out)
		*out = n;
}

static void usage(struct dialogue *d, const struct json *v)
{
	static const char *const in[] = {"input_tokens", "prompt_tokens", "promptTokenCount"};
	static const char *const out[] = {"output_tokens", "completion_tokens", "candidatesTokenCount"};
	for (size_t i = 0; v && i < ARRAY_LEN(in); i++) {
		number(v, in[i], &d->tokens_in);
		number(v, out[i], &d->tokens_out);
	}
}

static void anthropic(struct dialogue *d, const struct json *doc)
{
	char key[64];
	const struct json *block = json_get(doc, "content_block"), *delta = json_get(doc, "delta");
	key_of(doc, "index", key);
	if (has(doc, "type", "content_block_start") && block && json_get(block, "name"))
		(void)call_of(d, key, text_of(json_get(block, "name"), &d->arena));
	if (has(doc, "type", "content_block_delta") && delta) {
		struct call *c = has(delta, "type", "input_json_delta") ? call_of(d, key, SLICE_NONE) : NULL;
		add_args(c, text_of(json_get(delta, "partial_json"), &d->arena));
		d->text += text_of(json_get(delta, "text"), &d->arena).n;
	}
	/* Numbers begin anew with the next reply. */
	if (has(doc, "type", "content_block_stop")) {
		struct call *c = call_of(d, key, SLICE_NONE);
		if (c)
			c->key[0] = 0;
	}
	/* Not streamed. */
	const struct json *content = has(doc, "type", "message") ? json_get(doc, "content") : NULL;
	for (const struct json *b = content ? content->child : NULL; b; b = b->next) {
		d->text += text_of(json_get(b, "text"), &d->arena).n;
		const struct json *input = has(b, "type", "tool_use") ? json_get(b, "input") : NULL;
		if (input)
			whole_call(d, text_of(json_get(b, "name"), &d->arena), input->raw);
	}
	const struct json *message = json_get(doc, "message");
	usage(d, json_get(message, "usage"));
}

static void openai_chat(struct dialogue *d, const struct json *doc)
{
	const struct json *choices = json_get(doc, "choices");
	for (const struct json *c = choices ? choices->child : NULL; c; c = c->next) {
		const struct json *said = json_get(c, "delta") ? json_get(c, "delta") : json_get(c, "message");
		const struct json *calls = json_get(said, "tool_calls");
		d->text += text_of(json_get(said, "content"), &d->arena).n;
		for (const struct json *t = calls ? calls->child : NULL; t; t = t->next) {
			char key[64];
			const struct json *f = json_get(t, "function");
			key_of(t, "index", key);
			struct call *call = call_of(d, key, text_of(json_get(f, "name"), &d->arena));
			add_args(call, text_of(json_get(f, "arguments"), &d->arena));
		}
	}
}

static void responses_item(struct dialogue *d, const struct json *item)
{
	static const struct {
		const char *type, *name, *args;
	} kinds[] = {{"function_call", "name", "arguments"}, {"custom_tool_call", "name", "input"}, {"local_shell_call", NULL, "action"}};
	for (size_t i = 0; item && i < ARRAY_LEN(kinds); i++) {
		if (!has(item, "type", kinds[i].type))
			continue;
		const struct json *args = json_get(item, kinds[i].args);
		whole_call(d, kinds[i].name ? text_of(json_get(item, kinds[i].name), &d->arena) : SLICE("local_shell"),
		        args && args->type == JSON_STRING ? text_of(args, &d->arena)
		        : args                            ? args->raw
		                                          : SLICE_NONE);
	}
}

static void openai_responses(struct dialogue *d, const struct json *doc)
{
	if (has(doc, "type", "response.output_item.done"))
		responses_item(d, json_get(doc, "item"));
	if (has(doc, "type", "response.output_text.delta"))
		d->text += text_of(json_get(doc, "delta"), &d->arena).n;
	const struct json *output = has(doc, "object", "response") ? json_get(doc, "output") : NULL;
	for (const struct json *i = output ? output->child : NULL; i; i = i->next)
		responses_item(d, i);
	usage(d, json_get(json_get(doc, "response"), "usage"));
}

static void gemini(struct dialogue *d, const struct json *doc)
{
	const struct json *candidates = json_get(doc, "candidates");
	for (const struct json *c = candidates ? candidates->child : NULL; c; c = c->next) {
		const struct json *parts = json_get(json_get(c, "content"), "parts");
		for (const struct json *p = parts ? parts->child : NULL; p; p = p->next) {
			const struct json *call = json_get(p, "functionCall"), *args = json_get(call, "args");
			d->text += text_of(json_get(p, "text"), &d->arena).n;
			if (call)
				whole_call(d, text_of(json_get(call, "name"), &d->arena), args ? args->raw : SLICE_NONE);
		}
	}
	usage(d, json_get(doc, "usageMetadata"));
}

static void message(struct dialogue *d, struct slice json)
{
	struct json *doc = NULL;
	if (!parse(json, &d->arena, &doc))
		return;
	anthropic(d, doc);
	openai_chat(d, doc);
	openai_responses(d, doc);
	gemini(d, doc);
	usage(d, json_get(doc, "usage"));
	struct slice model = text_of(json_get(doc, "model"), &d->arena);
	if (!model.n)
		model = text_of(json_get(json_get(doc, "message"), "model"), &d->arena);
	if (model.n && !d->model[0])
		(void)snprintf(d->model, sizeof(d->model), "%.*s", SLICE_FMT(slice_sub(model, 0, 120)));
}

void dialogue_message(struct dialogue *d, struct slice json)
{
	/* Until the next message nothing of this one stays: there are many replies at once. */
	d->arena = ARENA(ARENA_MAX);
	message(d, json);
	arena_free(&d->arena);
}

/* The data of whole events; what is longer than an event may be is passed over. */
void dialogue_feed(struct dialogue *d, struct slice in)
{
	if (!d->events) {
		buf_add(&d->in, in);
		return;
	}
	buf_add(&d->in, in);
	struct slice rest = buf_slice(&d->in);
	for (size_t nl; (nl = slice_chr(rest, '\n', 0)) != SLICE_NPOS; rest = slice_from(rest, nl + 1)) {
		struct slice line = slice_sub(rest, 0, nl);
		if (!d->skipping && slice_starts(line, SLICE("data:")))
			dialogue_message(d, slice_trim(slice_from(line, 5)));
		d->skipping = false;
	}
	if (rest.n > EVENT_MAX || buf_error(&d->in)) {
		d->skipping = true;
		buf_reset(&d->in);
		return;
	}
	buf_drop(&d->in, d->in.n - rest.n);
}

void dialogue_end(struct dialogue *d, struct buf *facts)
{
	if (!d->events && d->in.n && !buf_error(&d->in))
		dialogue_message(d, buf_slice(&d->in));
	if (!d->n_calls && !d->text && !d->tokens_out)
		return;
	if (d->model[0]) {
		buf_str_add(facts, "model\t");
		put_word(facts, slice_str(d->model));
		buf_u8(facts, '\n');
	}
	buf_fmt(facts, "text\t%llu\ntokens\t%llu\t%llu\n", (unsigned long long)d->text, (unsigned long long)d->tokens_in,
	        (unsigned long long)d->tokens_out);
	for (size_t i = 0; i < d->n_calls && facts->n < LINES_MAX; i++) {
		struct call *c = &d->call[i];
		uint8_t sum[DIGEST_MAX];
		_cleanup_buf_ struct buf hex = BUF(80);
		struct digest_stream *args = c->args;
		c->args = NULL;
		if (!args || digest_stream_end(args, sum) < 0)
			continue;
		encode_hex(&hex, slice_of(sum, digest_size(DIGEST_SHA256)));
		buf_fmt(facts, "call\t%s\t%llu\t%s\n", c->name, (unsigned long long)c->n, buf_str(&hex));
	}
}
