#include "gate/canon.h"

#include <errno.h>

#include "crypto/digest.h"
#include "parse/canon_json.h"
#include "parse/canon_text.h"
#include "parse/jscan.h"

#define ARENA_MAX ((size_t)512 << 20)
#define NAME_MAX  64u
#define HEX_LEAST 16u

/* ── ids ── */

static bool is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool is_uuid(struct slice s)
{
	if (s.n < 36)
		return false;
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? s.p[i] != '-' : !is_hex(s.p[i]))
			return false;
	}
	return true;
}

/* Hex digits of the id's own map: as many as wanted. Of an id that is longer than a digest, the digest again and again. */
static void mapped(struct slice key, struct slice id, char *out, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t lower[128], sum[DIGEST_MAX] = {0};
	size_t k = 0;
	for (size_t i = 0; i < id.n && k < sizeof(lower); i++)
		lower[k++] = id.p[i] >= 'A' && id.p[i] <= 'Z' ? id.p[i] + 32 : id.p[i];
	/* Without a digest they are all the same, which tells nothing either. */
	(void)digest_hmac(DIGEST_SHA256, key, slice_of(lower, k), sum);
	for (size_t i = 0; i < n; i++)
		out[i] = digits[i % 2 ? sum[i / 2 % 32] & 15 : sum[i / 2 % 32] >> 4];
}

static void put_uuid(struct slice key, struct slice id, struct buf *out)
{
	char h[32];
	mapped(key, id, h, sizeof(h));
	/* RFC 9562, version 4: of the digits that are given by the form none is left to choose. */
	h[12] = '4';
	h[16] = "89ab"[(uint8_t)h[16] & 3];
	buf_fmt(out, "%.8s-%.4s-%.4s-%.4s-%.12s", h, h + 8, h + 12, h + 16, h + 20);
}

void canon_ids(struct slice key, struct slice text, struct buf *out)
{
	for (size_t i = 0; i < text.n;) {
		bool begin = i == 0 || !is_alnum(text.p[i - 1]);
		if (begin && is_uuid(slice_from(text, i)) && (i + 36 == text.n || !is_alnum(text.p[i + 36]))) {
			put_uuid(key, slice_sub(text, i, 36), out);
			i += 36;
			continue;
		}
		size_t n = 0, letters = 0;
		while (begin && i + n < text.n && is_hex(text.p[i + n]))
			letters += text.p[i + n++] > '9';
		/* Digits alone are a number or a time, unless there are too many. */
		if (n >= HEX_LEAST && n <= 128 && (letters || n > 20) && (i + n == text.n || !is_alnum(text.p[i + n]))) {
			char h[129];
			mapped(key, slice_sub(text, i, n), h, n);
			buf_add(out, slice_of(h, n));
			i += n;
			continue;
		}
		buf_u8(out, text.p[i++]);
		while (i < text.n && is_alnum(text.p[i]) && is_alnum(text.p[i - 1]))
			buf_u8(out, text.p[i++]);
	}
}

/* A name without case and separators. */
static struct slice squeezed(struct slice name, char out[NAME_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < name.n && n < NAME_MAX; i++)
		if (is_alnum(name.p[i]))
			out[n++] = (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] + 32 : name.p[i]);
	return slice_of(out, n);
}

/* Names of fields in which a tool puts an id of its own choosing. What a server gave (a previous response's, a file's, a call's) is not
 * among them, nor what a provider of identities knows a program by. */
static bool names_id(struct slice name)
{
	static const char *const whole[] = {"user", "metadata", "clientmetadata", "promptcachekey", "safetyidentifier", "anonymousid",
	        "distinctid", "traceparent", "tracestate", "baggage", "b3", "idempotencykey", "uuid", "eventid", "insertid", "messageuuid"};
	static const char *const parts[] = {"sessionid", "deviceid", "machineid", "installationid", "installid", "userid", "traceid",
	        "spanid", "requestid", "conversationid", "correlationid", "instanceid", "hostid", "telemetryid", "stableid",
	        "clientrequest", "processid", "launchid", "runid", "turnid", "turnmetadata", "invocationid", "sessionuuid", "useruuid",
	        "deviceuuid"};
	char text[NAME_MAX];
	struct slice s = squeezed(name, text);
	for (size_t i = 0; i < ARRAY_LEN(whole); i++)
		if (slice_is(s, whole[i]))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (slice_find(s, slice_str(parts[i]), 0) != SLICE_NPOS)
			return true;
	return false;
}

/* ── bodies ── */

enum part {
	PART_DATA,   /* a person's words, files, what a server gave */
	PART_TEXT,   /* the tool's own */
	PART_TAGGED, /* of that what stands between tags */
	PART_IDS,
};

struct body {
	struct slice key;
	const struct json *root; /* the object that has the messages; NULL: no model traffic */
	struct arena *arena;
};

static bool key_is(const struct json *v, const char *name)
{
	return v->key.p && slice_is(v->key, name);
}

static bool key_in(const struct json *v, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (key_is(v, names[i]))
			return true;
	return false;
}

static bool says(const struct json *v, const char *name, const char *value)
{
	const struct json *m = json_get(v, name);
	return m && m->type == JSON_STRING && m->raw.n == strlen(value) + 2 && memcmp(m->raw.p + 1, value, strlen(value)) == 0;
}

/* Of an item of the list of messages. */
static enum part part_of_message(const struct json *v, const struct json *item)
{
	static const char *const data[] = {"tool_result", "tool_use", "function_call", "thinking", "redacted_thinking"};
	static const char *const foreign[] = {
	        "functionResponse", "functionCall", "inlineData", "source", "image_url", "file", "id", "signature"};
	const struct json *role = json_get(item, "role"), *type = json_get(item, "type");
	if (says(item, "role", "system") || says(item, "role", "developer"))
		return PART_TEXT;
	/* Results, calls, what a model thought; and what a model or a tool said. */
	if (role ? !says(item, "role", "user") : type && !says(item, "type", "message"))
		return PART_DATA;
	for (const struct json *m = v; m && m != item; m = m->parent) {
		if (key_in(m, foreign, ARRAY_LEN(foreign)))
			return PART_DATA;
		for (size_t i = 0; i < ARRAY_LEN(data); i++)
			if (says(m, "type", data[i]))
				return PART_DATA;
	}
	return key_is(v, "text") || key_is(v, "content") || !v->key.p ? PART_TAGGED : PART_DATA;
}

static enum part part_of(const struct body *b, const struct json *v)
{
	static const char *const own[] = {"system", "instructions", "systemInstruction", "system_instruction", "developer"};
	static const char *const lists[] = {"messages", "input", "contents"};
	static const char *const tools[] = {"tools", "functions"};
	static const char *const described[] = {"description", "title", "summary", "instructions"};
	const struct json *top = v, *item = NULL;
	/* The member of the root that it lies in, and of that the element. */
	while (top && b->root && top->parent != b->root) {
		item = top;
		top = top->parent;
	}
	if (top && b->root) {
		if (key_in(top, own, ARRAY_LEN(own)))
			return PART_TEXT;
		if (key_in(top, tools, ARRAY_LEN(tools)))
			return key_in(v, described, ARRAY_LEN(described)) ? PART_TEXT : PART_DATA;
		/* OpenAI's "input" may be one text, a person's. */
		if (key_in(top, lists, ARRAY_LEN(lists)))
			return item ? part_of_message(v, item) : PART_TAGGED;
	}
	for (const struct json *m = v; m; m = m->parent)
		if (m->key.p && names_id(m->key))
			return PART_IDS;
	return PART_DATA;
}

/* The length of a tag of a tool's at the beginning of a line: "<system-reminder>", "<environment_context>". Tags of a person's HTML have
 * neither '-' nor '_'. */
static size_t tag(struct slice s, struct slice *name)
{
	size_t n = 1;
	bool compound = false;
	if (s.n < 4 || s.p[0] != '<' || !((s.p[1] | 0x20) >= 'a' && (s.p[1] | 0x20) <= 'z'))
		return 0;
	while (n < s.n && n < 64 && (is_alnum(s.p[n]) || s.p[n] == '-' || s.p[n] == '_')) {
		compound = compound || s.p[n] == '-' || s.p[n] == '_';
		n++;
	}
	if (!compound || n == s.n || s.p[n] != '>')
		return 0;
	*name = slice_sub(s, 1, n - 1);
	return n + 1;
}

/* Where the text of a tag ends, its end tag included; 0: it does not. */
static size_t tagged(struct slice s, struct slice name)
{
	for (size_t at = 0; (at = slice_find(s, SLICE("</"), at)) != SLICE_NPOS; at += 2)
		if (slice_starts(slice_from(s, at + 2), name) && at + 2 + name.n < s.n && s.p[at + 2 + name.n] == '>')
			return at + name.n + 3;
	return 0;
}

static int put_tagged(const struct body *b, struct slice text, struct buf *out)
{
	size_t from = 0;
	for (size_t i = 0; i < text.n;) {
		struct slice name;
		bool begin = i == 0 || text.p[i - 1] == '\n';
		size_t n = begin && text.p[i] == '<' ? tag(slice_from(text, i), &name) : 0;
		size_t end = n ? tagged(slice_from(text, i), name) : 0;
		if (!end) {
			i++;
			continue;
		}
		buf_add(out, slice_sub(text, from, i - from));
		int r = canon_text(slice_sub(text, i, end), CANON_LIGHT, b->arena, out);
		if (r < 0)
			return r;
		i += end;
		from = i;
	}
	buf_add(out, slice_from(text, from));
	return 0;
}

static bool string(void *arg, const struct json *v, struct slice text, struct buf *out);
static bool set(void *arg, const struct json *v);
static const struct canon_json_calls calls = {.string = string, .set = set};

/* JSON in a text that holds ids. */
static bool put_document(struct body *b, struct slice text, struct buf *out)
{
	struct json *doc;
	struct slice value;
	static const struct json_limits limits = {.depth = 16, .nodes = 10000};
	if (!text.n || (text.p[0] != '{' && text.p[0] != '[') || !jscan_root(text, &value) ||
	        json_parse(text, &limits, b->arena, &doc, NULL) != JSON_OK)
		return false;
	_cleanup_buf_ struct buf inner = BUF(out->max);
	if (canon_json(doc, &calls, b, b->arena, &inner) < 0)
		return false;
	/* A field in it that has another name is one of ids too. */
	canon_ids(b->key, buf_slice(&inner), out);
	return true;
}

static bool string(void *arg, const struct json *v, struct slice text, struct buf *out)
{
	struct body *b = arg;
	switch (part_of(b, v)) {
	case PART_DATA:
		return false;
	case PART_TEXT:
		return canon_text(text, CANON_FULL, b->arena, out) == 0;
	case PART_TAGGED:
		return put_tagged(b, text, out) == 0;
	case PART_IDS:
		if (!put_document(b, text, out))
			canon_ids(b->key, text, out);
		return true;
	}
	return false;
}

/* Lists in which the order means nothing. */
static bool set(void *arg, const struct json *v)
{
	static const char *const names[] = {
	        "stop", "stop_sequences", "stopSequences", "include", "betas", "anthropic_beta", "required", "modalities"};
	(void)arg;
	for (const struct json *m = v->child; m; m = m->next)
		if (m->type != JSON_STRING)
			return false;
	return key_in(v, names, ARRAY_LEN(names));
}

static bool has_messages(const struct json *v)
{
	return v && (json_get(v, "messages") || json_get(v, "input") || json_get(v, "contents"));
}

bool canon_any(struct slice content_type)
{
	static const char *const words[] = {"json", "text/plain", "x-www-form-urlencoded"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_find(content_type, slice_str(words[i]), 0) != SLICE_NPOS)
			return true;
	return !slice_trim(content_type).n;
}

int canon_body(struct slice key, bool any, struct slice body, struct buf *out)
{
	_cleanup_arena_ struct arena arena = ARENA(ARENA_MAX);
	static const struct json_limits limits = {.depth = 128, .nodes = 2000000};
	struct body b = {.key = key, .arena = &arena};
	struct slice text = slice_trim(body), value;
	struct json *doc;
	struct json_error why = {0};
	if (!text.n || (text.p[0] != '{' && text.p[0] != '['))
		return 0;
	if (json_parse(text, &limits, &arena, &doc, &why) != JSON_OK)
		/* Too deep or too much is not "no JSON": a server might read it. */
		return jscan_root(text, &value) ? -E2BIG : 0;
	/* Some put what they ask for into an envelope. */
	b.root = has_messages(doc) ? doc : has_messages(json_get(doc, "request")) ? json_get(doc, "request") : NULL;
	if (!b.root && !any)
		return 0;
	int r = canon_json(doc, &calls, &b, &arena, out);
	return r < 0 ? r : 1;
}

/* ── the head ── */

void canon_order(const struct exchange_request *r, uint16_t order[EXCHANGE_HEADERS_MAX])
{
	size_t n = r->n_headers < EXCHANGE_HEADERS_MAX ? r->n_headers : EXCHANGE_HEADERS_MAX;
	for (size_t i = 0; i < n; i++) {
		size_t at = i;
		char a[256], b[256];
		_cleanup_buf_ struct buf name = BUF(sizeof(a)), other = BUF(sizeof(b));
		canon_name(slice_sub(r->headers[i].name, 0, sizeof(a) - 1), &name);
		/* Fields of one name stay in their order. */
		for (; at; at--) {
			buf_reset(&other);
			canon_name(slice_sub(r->headers[order[at - 1]].name, 0, sizeof(b) - 1), &other);
			if (slice_cmp(buf_slice(&other), buf_slice(&name)) <= 0)
				break;
			order[at] = order[at - 1];
		}
		order[at] = (uint16_t)i;
	}
}

void canon_name(struct slice name, struct buf *out)
{
	for (size_t i = 0; i < name.n; i++)
		buf_u8(out, name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] + 32 : name.p[i]);
}

static bool one_of(struct slice name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq_nocase(name, slice_str(names[i])))
			return true;
	return false;
}

bool canon_signed(const struct exchange_request *r)
{
	static const char *const names[] = {"content-md5", "digest", "content-digest", "repr-digest", "signature", "signature-input",
	        "x-amz-content-sha256", "x-goog-content-sha256"};
	for (size_t i = 0; i < r->n_headers; i++) {
		struct slice value = slice_trim(r->headers[i].value);
		if (one_of(r->headers[i].name, names, ARRAY_LEN(names)) ||
		        (slice_eq_nocase(r->headers[i].name, SLICE("authorization")) &&
		                (slice_eq_nocase(slice_sub(value, 0, 5), SLICE("AWS4-")) ||
		                        slice_eq_nocase(slice_sub(value, 0, 10), SLICE("Signature ")))))
			return true;
	}
	return false;
}

/* A list whose order means nothing: its words, in order. */
static void put_list(struct slice value, struct buf *out)
{
	struct slice word[64], one;
	size_t n = 0;
	while (n < ARRAY_LEN(word) && slice_split(&value, ',', &one)) {
		size_t at = n;
		one = slice_trim(one);
		if (!one.n)
			continue;
		for (; at && slice_cmp(word[at - 1], one) > 0; at--)
			word[at] = word[at - 1];
		word[at] = one;
		n++;
	}
	for (size_t i = 0; i < n; i++) {
		buf_str_add(out, i ? "," : "");
		buf_add(out, word[i]);
	}
}

int canon_value(struct slice key, struct slice name, struct slice value, struct buf *out)
{
	/* Keys, and what servers gave. */
	static const char *const kept[] = {"authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie",
	        "if-match", "if-none-match", "sec-websocket-key", "sec-websocket-protocol"};
	static const char *const lists[] = {"anthropic-beta", "openai-beta"};
	value = slice_trim(value);
	if (one_of(name, kept, ARRAY_LEN(kept))) {
		buf_add(out, value);
		return buf_error(out);
	}
	if (one_of(name, lists, ARRAY_LEN(lists))) {
		put_list(value, out);
		return buf_error(out);
	}
	if (slice_eq_nocase(name, SLICE("accept-encoding"))) {
		/* What of it the gate's other side has to know. */
		buf_str_add(out, slice_find(value, SLICE("gzip"), 0) != SLICE_NPOS ? "gzip" : "identity");
		return buf_error(out);
	}
	if (slice_eq_nocase(name, SLICE("content-type")) && slice_eq_nocase(slice_sub(value, 0, 16), SLICE("application/json"))) {
		buf_str_add(out, "application/json");
		return buf_error(out);
	}
	_cleanup_arena_ struct arena arena = ARENA((size_t)8 << 20);
	struct body b = {.key = key, .arena = &arena};
	bool ids = names_id(name);
	struct slice whole;
	struct json *doc;
	if (value.n && value.p[0] == '{' && jscan_root(value, &whole) && json_parse(value, NULL, &arena, &doc, NULL) == JSON_OK) {
		_cleanup_buf_ struct buf form = BUF(out->max);
		int r = canon_json(doc, &calls, &b, &arena, &form);
		if (r < 0)
			return r;
		if (ids)
			canon_ids(key, buf_slice(&form), out);
		else
			buf_add(out, buf_slice(&form));
	} else if (ids) {
		canon_ids(key, value, out);
	} else {
		buf_add(out, value);
	}
	return buf_error(out);
}

static int hex(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

/* RFC 3986, 6.2.2: letters of escapes upper case, nothing escaped that need not be. */
static void put_escapes(struct slice s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		int high = s.p[i] == '%' && i + 2 < s.n ? hex(s.p[i + 1]) : -1, low = high >= 0 ? hex(s.p[i + 2]) : -1;
		if (low < 0) {
			buf_u8(out, s.p[i]);
			continue;
		}
		uint8_t c = (uint8_t)(high << 4 | low);
		/* '.' stays: as a part of a path it would mean something else. */
		if (is_alnum(c) || c == '-' || c == '_' || c == '~')
			buf_u8(out, c);
		else
			buf_fmt(out, "%%%02X", c);
		i += 2;
	}
}

void canon_target(struct slice key, struct slice target, struct buf *out)
{
	_cleanup_buf_ struct buf plain = BUF(out->max);
	put_escapes(target, &plain);
	struct slice all = buf_slice(&plain);
	size_t query = slice_chr(all, '?', 0);
	buf_add(out, slice_sub(all, 0, query));
	if (query == SLICE_NPOS)
		return;
	struct slice rest = slice_from(all, query + 1), one;
	buf_u8(out, '?');
	for (bool first = true; slice_split(&rest, '&', &one); first = false) {
		size_t equals = slice_chr(one, '=', 0);
		if (!first)
			buf_u8(out, '&');
		if (equals == SLICE_NPOS || !names_id(slice_sub(one, 0, equals))) {
			buf_add(out, one);
			continue;
		}
		buf_add(out, slice_sub(one, 0, equals + 1));
		canon_ids(key, slice_from(one, equals + 1), out);
	}
}
