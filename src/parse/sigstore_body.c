/* The bodies of Rekor's entries, which each wrap the same three things in another way: a digest, a signature, and what verifies it. */
#include <errno.h>

#include "base/encode.h"
#include "parse/sigstore_part.h"

struct reading {
	struct sigread r;
	struct sigstore_body b;
};

static struct slice hex(struct sigread *r, struct slice text)
{
	uint8_t bytes[64];
	struct buf b = BUF(sizeof(bytes) + 1);
	struct slice s = SLICE_NONE;
	if (text.n > 2 * sizeof(bytes) || !decode_hex(&b, text))
		sigread_bad(r, "a digest is not in hex");
	else
		r->memory |= !(s = arena_copy(r->arena, buf_slice(&b))).p;
	buf_free(&b);
	return s;
}

/* {"algorithm": "sha256", "value": HEX} */
static void read_hash(struct reading *x, const struct json *v)
{
	x->b.hash = sigread_hash(&x->r, sigread_text(&x->r, v, "algorithm"));
	x->b.digest = hex(&x->r, sigread_text(&x->r, v, "value"));
	sigread_digest(&x->r, x->b.hash, x->b.digest);
}

/* {"algorithm": "SHA2_256", "digest": BASE64} */
static void read_digest(struct reading *x, const struct json *v)
{
	x->b.hash = sigread_hash(&x->r, sigread_text(&x->r, v, "algorithm"));
	x->b.digest = sigread_bytes(&x->r, v, "digest");
	sigread_digest(&x->r, x->b.hash, x->b.digest);
}

static void read_pem(struct reading *x, struct slice pem)
{
	x->b.is_key = sigstore_pem(pem, "PUBLIC KEY", x->r.arena, &x->b.verifier);
	if (!x->b.is_key && !sigstore_pem(pem, "CERTIFICATE", x->r.arena, &x->b.verifier))
		sigread_bad(&x->r, "the entry's verifier is neither a key nor a certificate");
}

static void read_verifier(struct reading *x, const struct json *v)
{
	const struct json *cert = sigread_get(&x->r, v, "x509Certificate"), *key = sigread_get(&x->r, v, "publicKey");
	if (!cert == !key)
		sigread_bad(&x->r, "the entry's verifier must be a key or a certificate");
	x->b.is_key = key != NULL;
	x->b.verifier = sigread_bytes(&x->r, key ? key : cert, "rawBytes");
}

/* The only one of a list. */
static const struct json *only(struct sigread *r, const struct json *v, const char *name)
{
	const struct json *one = sigread_list(r, v, name, 1);
	if (!one)
		sigread_bad(r, "the entry must have one signature");
	return one;
}

static void hashedrekord_1(struct reading *x, const struct json *spec)
{
	const struct json *signature = sigread_get(&x->r, spec, "signature");
	read_hash(x, sigread_get(&x->r, sigread_get(&x->r, spec, "data"), "hash"));
	x->b.signature = sigread_bytes(&x->r, signature, "content");
	read_pem(x, sigread_bytes(&x->r, sigread_get(&x->r, signature, "publicKey"), "content"));
}

static void hashedrekord_2(struct reading *x, const struct json *spec)
{
	const struct json *v = sigread_get(&x->r, spec, "hashedRekordV002"), *signature = sigread_get(&x->r, v, "signature");
	read_digest(x, sigread_get(&x->r, v, "data"));
	x->b.signature = sigread_bytes(&x->r, signature, "content");
	read_verifier(x, sigread_get(&x->r, signature, "verifier"));
}

static void dsse_1(struct reading *x, const struct json *spec)
{
	const struct json *s = only(&x->r, spec, "signatures");
	read_hash(x, sigread_get(&x->r, spec, "payloadHash"));
	x->b.signature = sigread_bytes(&x->r, s, "signature");
	read_pem(x, sigread_bytes(&x->r, s, "verifier"));
}

static void dsse_2(struct reading *x, const struct json *spec)
{
	const struct json *v = sigread_get(&x->r, spec, "dsseV002"), *s = only(&x->r, v, "signatures");
	read_digest(x, sigread_get(&x->r, v, "payloadHash"));
	x->b.signature = sigread_bytes(&x->r, s, "content");
	read_verifier(x, sigread_get(&x->r, s, "verifier"));
}

/* A signature that is in base64 once more; as it is, if it is not. */
static struct slice twice(struct sigread *r, struct slice once)
{
	_cleanup_buf_ struct buf b = BUF(SIGSTORE_MAX);
	return decode_base64(&b, once) ? sigread_decode(r, once) : once;
}

/* Its signature is in base64 twice: once as the envelope has it, once as JSON has bytes. */
static void intoto_2(struct reading *x, const struct json *spec)
{
	const struct json *v = sigread_get(&x->r, spec, "content"), *s = only(&x->r, sigread_get(&x->r, v, "envelope"), "signatures");
	read_hash(x, sigread_get(&x->r, v, "payloadHash"));
	x->b.signature = twice(&x->r, sigread_bytes(&x->r, s, "sig"));
	read_pem(x, sigread_bytes(&x->r, s, "publicKey"));
}

static const struct {
	const char *kind, *version;
	bool v2;
	void (*read)(struct reading *x, const struct json *spec);
} kinds[] = {
        [SIGSTORE_HASHEDREKORD_1] = {"hashedrekord", "0.0.1", false, hashedrekord_1},
        [SIGSTORE_HASHEDREKORD_2] = {"hashedrekord", "0.0.2", true, hashedrekord_2},
        [SIGSTORE_DSSE_1] = {"dsse", "0.0.1", false, dsse_1},
        [SIGSTORE_DSSE_2] = {"dsse", "0.0.2", true, dsse_2},
        [SIGSTORE_INTOTO_2] = {"intoto", "0.0.2", false, intoto_2},
};

bool sigstore_body_is_v2(enum sigstore_body_kind kind)
{
	return kinds[kind].v2;
}

int sigstore_body_parse(const struct sigstore_entry *e, struct arena *arena, struct sigstore_body *out, const char **why)
{
	struct reading x = {0};
	const struct json *doc;
	if (sigread_open(&x.r, e->body, arena, &doc) == 0) {
		struct slice kind = sigread_text(&x.r, doc, "kind"), version = sigread_text(&x.r, doc, "apiVersion");
		size_t i = 0;
		while (i < ARRAY_LEN(kinds) && (!slice_is(kind, kinds[i].kind) || !slice_is(version, kinds[i].version)))
			i++;
		if (!slice_eq(kind, e->kind) || !slice_eq(version, e->version)) {
			sigread_bad(&x.r, "the entry is of another kind than the bundle says");
		} else if (i == ARRAY_LEN(kinds)) {
			*why = "the entry is of a kind that is not known here";
			return -ENOTSUP;
		} else {
			x.b.kind = (enum sigstore_body_kind)i;
			kinds[i].read(&x, sigread_get(&x.r, doc, "spec"));
			if (x.b.signature.n == 0 || x.b.verifier.n == 0)
				sigread_bad(&x.r, "the entry has no signature, or nothing that verifies it");
		}
	}
	int r = sigread_end(&x.r, why);
	if (r == 0)
		*out = x.b;
	return r;
}
