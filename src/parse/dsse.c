#include "parse/dsse.h"

#include <errno.h>

#include "base/encode.h"
#include "parse/json.h"

static const struct json_limits limits = {.depth = 16, .nodes = 1024};

/* The member of that name; *twice if there is another one. */
static const struct json *member(const struct json *v, const char *name, bool *twice)
{
	const struct json *found = NULL;
	for (const struct json *m = v->child; m; m = m->next)
		if (slice_is(m->key, name)) {
			*twice |= found != NULL;
			found = m;
		}
	return found;
}

static bool text_of(const struct json *v, struct arena *arena, struct slice *out)
{
	if (!v || v->type != JSON_STRING)
		return false;
	*out = json_text(v, arena);
	return out->p != NULL;
}

/* 1: it is no base64. */
static int decoded(const struct json *v, struct arena *arena, struct slice *out)
{
	struct slice text;
	_cleanup_buf_ struct buf b = BUF(DSSE_MAX);
	if (!text_of(v, arena, &text) || !decode_base64(&b, text))
		return 1;
	*out = arena_copy(arena, buf_slice(&b));
	return out->p ? 0 : -ENOMEM;
}

static const char *read_signature(const struct json *v, struct arena *arena, struct dsse_signature *out, int *r)
{
	bool twice = false;
	if (v->type != JSON_OBJECT)
		return "a signature is no object";
	const struct json *id = member(v, "keyid", &twice), *sig = member(v, "sig", &twice);
	if (twice)
		return "a member is there twice";
	if (id && id->type != JSON_NULL && !text_of(id, arena, &out->keyid))
		return "a key id is no text";
	*r = decoded(sig, arena, &out->bytes);
	if (*r == 1 || (*r == 0 && (out->bytes.n == 0 || out->bytes.n > DSSE_SIGNATURE_MAX)))
		return "a signature is no base64, or too long";
	return NULL;
}

static const char *read_envelope(const struct json *doc, struct arena *arena, struct dsse *d, int *r)
{
	bool twice = false;
	if (doc->type != JSON_OBJECT)
		return "it is no object";
	const struct json *type = member(doc, "payloadType", &twice), *payload = member(doc, "payload", &twice),
	                  *list = member(doc, "signatures", &twice);
	if (twice)
		return "a member is there twice";
	if (!text_of(type, arena, &d->type))
		return "it has no \"payloadType\"";
	*r = decoded(payload, arena, &d->payload);
	if (*r == 1)
		return "it has no \"payload\" in base64";
	if (!list || list->type != JSON_ARRAY || list->n == 0)
		return "it has no \"signatures\"";
	if (list->n > DSSE_SIGNATURES)
		return "it has too many signatures";
	const char *why = NULL;
	for (const struct json *s = list->child; s && !why && *r == 0; s = s->next)
		why = read_signature(s, arena, &d->signature[d->n++], r);
	return why;
}

int dsse_parse(struct slice in, struct arena *arena, struct dsse *out, const char **why)
{
	struct json *doc = NULL;
	struct json_error error;
	struct dsse d = {0};
	int r = 0;
	*why = "it is too large";
	if (in.n > DSSE_MAX)
		return -EBADMSG;
	if (json_parse(in, &limits, arena, &doc, &error) != JSON_OK) {
		*why = error.reason;
		return -EBADMSG;
	}
	const char *bad = read_envelope(doc, arena, &d, &r);
	if (bad || r < 0) {
		*why = bad ? bad : "there is no memory for it";
		return r == -ENOMEM ? r : -EBADMSG;
	}
	*out = d;
	return 0;
}

void dsse_pae(struct slice type, struct slice payload, struct buf *out)
{
	buf_fmt(out, "DSSEv1 %zu ", type.n);
	buf_add(out, type);
	buf_fmt(out, " %zu ", payload.n);
	buf_add(out, payload);
}

void dsse_write(const struct dsse *d, struct buf *out)
{
	buf_str_add(out, "{\"payloadType\":");
	encode_json_string(out, d->type);
	buf_str_add(out, ",\"payload\":\"");
	encode_base64(out, d->payload, false, true);
	buf_str_add(out, "\",\"signatures\":[");
	for (size_t i = 0; i < d->n; i++) {
		buf_str_add(out, i ? ",{" : "{");
		if (d->signature[i].keyid.n) {
			buf_str_add(out, "\"keyid\":");
			encode_json_string(out, d->signature[i].keyid);
			buf_u8(out, ',');
		}
		buf_str_add(out, "\"sig\":\"");
		encode_base64(out, d->signature[i].bytes, false, true);
		buf_str_add(out, "\"}");
	}
	buf_str_add(out, "]}\n");
}
