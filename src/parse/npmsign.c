#include "parse/npmsign.h"

#include <errno.h>

#include "base/encode.h"
#include "parse/sigstore_part.h"

int npmsign_version_parse(struct slice in, struct arena *arena, struct npmsign_version *out, const char **why)
{
	struct sigread r;
	const struct json *doc;
	struct npmsign_version v = {0};
	if (sigread_open(&r, in, arena, &doc) == 0) {
		const struct json *dist = sigread_get(&r, doc, "dist");
		v.name = sigread_text(&r, doc, "name");
		v.version = sigread_text(&r, doc, "version");
		v.integrity = sigread_text(&r, dist, "integrity");
		if (v.name.n == 0 || v.version.n == 0)
			sigread_bad(&r, "it has no name, or no version: it is not the document of one version");
		for (const struct json *s = sigread_list(&r, dist, "signatures", NPMSIGN_SIGNATURES); s && !r.why; s = s->next)
			v.signature[v.n++] =
			        (struct npmsign_signature){.key_id = sigread_text(&r, s, "keyid"), .bytes = sigread_bytes(&r, s, "sig")};
	}
	int e = sigread_end(&r, why);
	if (e == 0)
		*out = v;
	return e;
}

int npmsign_sha512(struct slice integrity, uint8_t out[64])
{
	struct slice rest = integrity, one;
	uint8_t digest[64];
	size_t found = 0, n;
	while (slice_split(&rest, ' ', &one)) {
		if (!slice_starts(one, SLICE("sha512-")))
			continue;
		/* Options may stand behind a question mark. */
		size_t mark = slice_chr(one, '?', 0);
		one = slice_sub(one, 7, (mark == SLICE_NPOS ? one.n : mark) - 7);
		if (!decode_base64_strict(one, digest, sizeof(digest), &n) || n != sizeof(digest) || found++)
			return -EBADMSG;
	}
	if (found)
		memcpy(out, digest, sizeof(digest));
	return found ? 1 : 0;
}

int npmsign_keys_parse(struct slice in, struct arena *arena, struct npmsign_keys *out, const char **why)
{
	struct sigread r;
	const struct json *doc;
	struct npmsign_keys *k = arena_alloc(arena, sizeof(*k));
	*why = "there is no memory for it";
	if (!k)
		return -ENOMEM;
	if (sigread_open(&r, in, arena, &doc) == 0) {
		for (const struct json *v = sigread_list(&r, doc, "keys", NPMSIGN_KEYS); v && !r.why; v = v->next) {
			struct slice expires = sigread_text(&r, v, "expires");
			struct npmsign_key *key = &k->key[k->n++];
			*key = (struct npmsign_key){
			        .id = sigread_text(&r, v, "keyid"), .der = sigread_bytes(&r, v, "key"), .expires = SIGSTORE_TIME_END};
			if (expires.n)
				key->expires = sigread_time(&r, expires);
			if (key->id.n == 0 || key->der.n == 0)
				sigread_bad(&r, "a key has no id, or is empty");
		}
		if (k->n == 0)
			sigread_bad(&r, "it has no \"keys\"");
	}
	int e = sigread_end(&r, why);
	if (e == 0)
		*out = *k;
	return e;
}

int npmsign_attestations_parse(struct slice in, struct arena *arena, struct npmsign_attestations *out, const char **why)
{
	struct sigread r;
	const struct json *doc;
	struct npmsign_attestations a = {0};
	if (sigread_open(&r, in, arena, &doc) == 0) {
		if (!sigread_get(&r, doc, "attestations"))
			sigread_bad(&r, "it has no \"attestations\"");
		for (const struct json *v = sigread_list(&r, doc, "attestations", NPMSIGN_ATTESTATIONS); v && !r.why; v = v->next) {
			const struct json *bundle = sigread_get(&r, v, "bundle");
			a.one[a.n].predicate_type = sigread_text(&r, v, "predicateType");
			a.one[a.n++].bundle = bundle ? bundle->raw : SLICE_NONE;
		}
	}
	int e = sigread_end(&r, why);
	if (e == 0)
		*out = a;
	return e;
}
