#include "parse/sigstore.h"

#include <errno.h>

#include "base/encode.h"
#include "parse/sigstore_part.h"
#include "parse/statement.h"

#define BUNDLE_OLD  "application/vnd.dev.sigstore.bundle+json;version=0."
#define BUNDLE_3    "application/vnd.dev.sigstore.bundle.v0.3+json"
#define ROOT_OLD    "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
#define ROOT_2      "application/vnd.dev.sigstore.trustedroot.v0.2+json"
#define DETAIL_PKCS "PKCS1_RSA_PKCS1V5"

void sigread_bad(struct sigread *r, const char *why)
{
	if (!r->why)
		r->why = why;
}

const struct json *sigread_get(struct sigread *r, const struct json *v, const char *name)
{
	const struct json *found = NULL;
	if (!v || v->type != JSON_OBJECT)
		return NULL;
	for (const struct json *m = v->child; m; m = m->next)
		if (slice_is(m->key, name)) {
			if (found)
				sigread_bad(r, "a member is there twice");
			found = m;
		}
	return found && found->type == JSON_NULL ? NULL : found;
}

const struct json *sigread_list(struct sigread *r, const struct json *v, const char *name, size_t max)
{
	v = sigread_get(r, v, name);
	if (v && (v->type != JSON_ARRAY || v->n > max))
		sigread_bad(r, v->type != JSON_ARRAY ? "a list is something else" : "a list is too long");
	return r->why || !v ? NULL : v->child;
}

struct slice sigread_text(struct sigread *r, const struct json *v, const char *name)
{
	struct slice s = SLICE_NONE;
	v = sigread_get(r, v, name);
	if (!v)
		return s;
	if (v->type != JSON_STRING) {
		sigread_bad(r, "a text is something else");
		return s;
	}
	s = json_text(v, r->arena);
	r->memory |= !s.p;
	return s;
}

struct slice sigread_decode(struct sigread *r, struct slice text)
{
	_cleanup_buf_ struct buf b = BUF(SIGSTORE_MAX);
	if (!decode_base64(&b, text)) {
		sigread_bad(r, "bytes are not in base64");
		return SLICE_NONE;
	}
	struct slice s = arena_copy(r->arena, buf_slice(&b));
	r->memory |= !s.p || buf_error(&b);
	return s;
}

struct slice sigread_bytes(struct sigread *r, const struct json *v, const char *name)
{
	struct slice text = sigread_text(r, v, name);
	return text.n ? sigread_decode(r, text) : SLICE_NONE;
}

uint64_t sigread_number(struct sigread *r, const struct json *v, const char *name)
{
	uint64_t n = 0;
	v = sigread_get(r, v, name);
	if (!v)
		return 0;
	struct slice s = v->type == JSON_STRING ? json_text(v, r->arena) : v->raw;
	if ((v->type != JSON_NUMBER && v->type != JSON_STRING) || !slice_u64(s, INT64_MAX, &n))
		sigread_bad(r, "a number is something else, or negative");
	return n;
}

enum sigstore_hash sigread_hash(struct sigread *r, struct slice name)
{
	static const struct {
		const char *name, *other;
	} names[] = {{"SHA2_256", "sha256"}, {"SHA2_384", "sha384"}, {"SHA2_512", "sha512"}};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_is(name, names[i].name) || slice_is(name, names[i].other))
			return SIGSTORE_SHA256 + (enum sigstore_hash)i;
	sigread_bad(r, "a digest is of an unknown kind");
	return SIGSTORE_NO_HASH;
}

void sigread_digest(struct sigread *r, enum sigstore_hash h, struct slice digest)
{
	static const size_t sizes[] = {0, 32, 48, 64};
	if (digest.n != sizes[h] || !digest.n)
		sigread_bad(r, "a digest has the wrong length");
}

int sigread_open(struct sigread *r, struct slice in, struct arena *arena, const struct json **doc)
{
	static const struct json_limits limits = {.depth = 24, .nodes = 65536};
	struct json *v = NULL;
	struct json_error error = {0};
	*r = (struct sigread){.arena = arena};
	*doc = NULL;
	if (in.n > SIGSTORE_MAX)
		sigread_bad(r, "it is too large");
	else if (json_parse(in, &limits, arena, &v, &error) != JSON_OK)
		sigread_bad(r, error.reason);
	else if (v->type != JSON_OBJECT)
		sigread_bad(r, "it is no object");
	*doc = v;
	return r->why ? -EBADMSG : 0;
}

int sigread_end(const struct sigread *r, const char **why)
{
	*why = r->memory ? "there is no memory for it" : r->why;
	return r->memory ? -ENOMEM : r->why ? -EBADMSG : 0;
}

bool sigstore_pem(struct slice in, const char *label, struct arena *arena, struct slice *der)
{
	_cleanup_buf_ struct buf text = BUF(SIGSTORE_MAX), out = BUF(SIGSTORE_MAX), begin = BUF(128), end = BUF(128);
	struct slice rest = in, line;
	bool inside = false, whole = false;
	buf_fmt(&begin, "-----BEGIN %s-----", label);
	buf_fmt(&end, "-----END %s-----", label);
	while (!whole && slice_split(&rest, '\n', &line)) {
		line = slice_trim(line);
		if (!inside)
			inside = slice_eq(line, buf_slice(&begin));
		else if (slice_eq(line, buf_slice(&end)))
			whole = true;
		else
			buf_add(&text, line);
	}
	if (!whole || buf_error(&text) || !text.n || !decode_base64(&out, buf_slice(&text)) || buf_error(&out))
		return false;
	*der = arena_copy(arena, buf_slice(&out));
	return der->p != NULL;
}

static unsigned version_of(struct slice type)
{
	if (slice_is(type, BUNDLE_3))
		return 3;
	for (unsigned i = 1; i <= 3; i++) {
		const uint8_t digit = (uint8_t)('0' + i);
		if (type.n == sizeof(BUNDLE_OLD) && slice_starts(type, SLICE(BUNDLE_OLD)) && type.p[type.n - 1] == digit)
			return i;
	}
	return 0;
}

static size_t read_certs(struct sigread *r, const struct json *chain, struct slice *cert)
{
	size_t n = 0;
	for (const struct json *c = sigread_list(r, chain, "certificates", SIGSTORE_CERTS); c && !r->why; c = c->next) {
		cert[n] = sigread_bytes(r, c, "rawBytes");
		if (cert[n++].n == 0)
			sigread_bad(r, "a certificate is empty");
	}
	if (n == 0)
		sigread_bad(r, "a chain of certificates is empty");
	return r->why ? 0 : n;
}

static void read_proof(struct sigread *r, const struct json *v, struct sigstore_entry *e)
{
	e->proof = true;
	e->proof_index = sigread_number(r, v, "logIndex");
	e->proof_size = sigread_number(r, v, "treeSize");
	e->proof_root = sigread_bytes(r, v, "rootHash");
	e->checkpoint = sigread_text(r, sigread_get(r, v, "checkpoint"), "envelope");
	if (e->proof_root.n != 32)
		sigread_bad(r, "the root hash of an inclusion proof has not 32 bytes");
	for (const struct json *h = sigread_list(r, v, "hashes", SIGSTORE_HASHES); h && !r->why; h = h->next) {
		struct slice hash = h->type == JSON_STRING ? sigread_decode(r, json_text(h, r->arena)) : SLICE_NONE;
		if (hash.n != 32)
			sigread_bad(r, "a hash of an inclusion proof has not 32 bytes");
		else
			memcpy(e->hash[e->n_hashes++], hash.p, 32);
	}
}

static void read_entry(struct sigread *r, const struct json *v, struct sigstore_entry *e)
{
	const struct json *kind = sigread_get(r, v, "kindVersion"), *proof = sigread_get(r, v, "inclusionProof");
	e->index = sigread_number(r, v, "logIndex");
	e->log_id = sigread_bytes(r, sigread_get(r, v, "logId"), "keyId");
	e->kind = sigread_text(r, kind, "kind");
	e->version = sigread_text(r, kind, "version");
	e->time = (int64_t)sigread_number(r, v, "integratedTime");
	e->promise = sigread_bytes(r, sigread_get(r, v, "inclusionPromise"), "signedEntryTimestamp");
	e->body = sigread_bytes(r, v, "canonicalizedBody");
	if (proof)
		read_proof(r, proof, e);
	if (e->body.n == 0)
		sigread_bad(r, "an entry of the log has no body");
}

static void read_material(struct sigread *r, const struct json *v, struct sigstore_bundle *b)
{
	const struct json *cert = sigread_get(r, v, "certificate"), *chain = sigread_get(r, v, "x509CertificateChain"),
	                  *key = sigread_get(r, v, "publicKey");
	if (!v || (cert != NULL) + (chain != NULL) + (key != NULL) != 1) {
		sigread_bad(r, "it must have one of a certificate, a chain of certificates and a key");
		return;
	}
	b->chain = chain != NULL;
	if (chain) {
		b->n_certs = read_certs(r, chain, b->cert);
	} else if (cert) {
		b->cert[0] = sigread_bytes(r, cert, "rawBytes");
		b->n_certs = 1;
		if (b->cert[0].n == 0)
			sigread_bad(r, "the certificate is empty");
	} else {
		b->key_hint = sigread_text(r, key, "hint");
	}
	if (chain && b->version == 3)
		sigread_bad(r, "a bundle of v0.3 must have one certificate, not a chain");
	for (const struct json *e = sigread_list(r, v, "tlogEntries", SIGSTORE_ENTRIES); e && !r->why; e = e->next)
		read_entry(r, e, &b->entry[b->n_entries++]);
	const struct json *times = sigread_get(r, v, "timestampVerificationData");
	for (const struct json *t = sigread_list(r, times, "rfc3161Timestamps", SIGSTORE_TIMESTAMPS); t && !r->why; t = t->next) {
		b->timestamp[b->n_timestamps] = sigread_bytes(r, t, "signedTimestamp");
		if (b->timestamp[b->n_timestamps++].n == 0)
			sigread_bad(r, "a timestamp is empty");
	}
}

static void read_content(struct sigread *r, const struct json *doc, struct sigstore_bundle *b)
{
	const struct json *message = sigread_get(r, doc, "messageSignature"), *envelope = sigread_get(r, doc, "dsseEnvelope");
	if (!message == !envelope) {
		sigread_bad(r, "it must have one of a signature of a message and an envelope");
		return;
	}
	if (message) {
		const struct json *digest = sigread_get(r, message, "messageDigest");
		b->signature = sigread_bytes(r, message, "signature");
		if (digest) {
			b->hash = sigread_hash(r, sigread_text(r, digest, "algorithm"));
			b->digest = sigread_bytes(r, digest, "digest");
			sigread_digest(r, b->hash, b->digest);
		}
	} else {
		const char *why = NULL;
		int e = dsse_parse(envelope->raw, r->arena, &b->envelope, &why);
		r->memory |= e == -ENOMEM;
		if (e < 0)
			sigread_bad(r, why);
		else if (b->envelope.n != 1)
			sigread_bad(r, "its envelope must have one signature");
		else
			b->signature = b->envelope.signature[0].bytes;
		b->is_envelope = true;
	}
	if (b->signature.n == 0)
		sigread_bad(r, "it has no signature");
}

int sigstore_bundle_parse(struct slice in, struct arena *arena, struct sigstore_bundle *out, const char **why)
{
	struct sigread r;
	const struct json *doc;
	struct sigstore_bundle *b = arena_alloc(arena, sizeof(*b));
	*why = "there is no memory for it";
	if (!b)
		return -ENOMEM;
	if (sigread_open(&r, in, arena, &doc) == 0) {
		b->version = version_of(sigread_text(&r, doc, "mediaType"));
		if (!b->version)
			sigread_bad(&r, "it is no bundle of v0.1, v0.2 or v0.3");
		if (!r.why)
			read_material(&r, sigread_get(&r, doc, "verificationMaterial"), b);
		if (!r.why)
			read_content(&r, doc, b);
	}
	int e = sigread_end(&r, why);
	if (e == 0)
		*out = *b;
	return e;
}

/* What follows the scheme of a URL, without a slash at its end. */
static struct slice host_of(struct slice url)
{
	size_t at = slice_find(url, SLICE("://"), 0);
	struct slice s = at == SLICE_NPOS ? url : slice_from(url, at + 3);
	while (s.n && s.p[s.n - 1] == '/')
		s.n--;
	return s;
}

int64_t sigread_time(struct sigread *r, struct slice s)
{
	uint8_t text[20];
	int64_t t = 0;
	bool fits = s.n >= 20 && s.p[s.n - 1] == 'Z';
	if (fits && s.n > 20) {
		fits = s.p[19] == '.' && s.n > 21;
		for (size_t i = 20; fits && i < s.n - 1; i++)
			fits = s.p[i] >= '0' && s.p[i] <= '9';
	}
	if (fits) {
		memcpy(text, s.p, 19);
		text[19] = 'Z';
	}
	if (!fits || !statement_time_parse(slice_of(text, sizeof(text)), false, &t))
		sigread_bad(r, "a time is not written as in RFC 3339, in UTC");
	return t;
}

/* A time without a beginning says nothing of when a key may be trusted: it is refused, not taken for always. */
static void read_valid(struct sigread *r, const struct json *of, int64_t *from, int64_t *to)
{
	const struct json *v = sigread_get(r, of, "validFor");
	struct slice start = sigread_text(r, v, "start"), end = sigread_text(r, v, "end");
	if (start.n == 0) {
		sigread_bad(r, "a key or authority is valid from no time on");
		return;
	}
	*from = sigread_time(r, start);
	*to = end.n ? sigread_time(r, end) : SIGSTORE_TIME_END;
}

static size_t read_logs(struct sigread *r, const struct json *doc, const char *name, struct sigstore_log *out)
{
	size_t n = 0;
	for (const struct json *v = sigread_list(r, doc, name, SIGSTORE_KEYS); v && !r->why; v = v->next) {
		const struct json *key = sigread_get(r, v, "publicKey");
		struct sigstore_log *l = &out[n++];
		l->host = host_of(sigread_text(r, v, "baseUrl"));
		l->id = sigread_bytes(r, sigread_get(r, v, "logId"), "keyId");
		l->key = sigread_bytes(r, key, "rawBytes");
		l->pkcs1 = slice_is(sigread_text(r, key, "keyDetails"), DETAIL_PKCS);
		if (l->id.n == 0 || l->key.n == 0)
			sigread_bad(r, "a log has no id, or no key");
		if (!slice_is(sigread_text(r, v, "hashAlgorithm"), "SHA2_256"))
			sigread_bad(r, "a log hashes with something else than SHA-256");
		read_valid(r, key, &l->from, &l->to);
	}
	return n;
}

static size_t read_authorities(struct sigread *r, const struct json *doc, const char *name, struct sigstore_authority *out)
{
	size_t n = 0;
	for (const struct json *v = sigread_list(r, doc, name, SIGSTORE_KEYS); v && !r->why; v = v->next) {
		struct sigstore_authority *a = &out[n++];
		a->n = read_certs(r, sigread_get(r, v, "certChain"), a->cert);
		read_valid(r, v, &a->from, &a->to);
	}
	return n;
}

int sigstore_root_parse(struct slice in, struct arena *arena, struct sigstore_root *out, const char **why)
{
	struct sigread r;
	const struct json *doc;
	struct sigstore_root *root = arena_alloc(arena, sizeof(*root));
	*why = "there is no memory for it";
	if (!root)
		return -ENOMEM;
	if (sigread_open(&r, in, arena, &doc) == 0) {
		struct slice type = sigread_text(&r, doc, "mediaType");
		if (!slice_is(type, ROOT_OLD) && !slice_is(type, ROOT_2))
			sigread_bad(&r, "it is no trusted root of v0.1 or v0.2");
		root->n_logs = read_logs(&r, doc, "tlogs", root->log);
		root->n_cts = read_logs(&r, doc, "ctlogs", root->ct);
		root->n_cas = read_authorities(&r, doc, "certificateAuthorities", root->ca);
		root->n_tsas = read_authorities(&r, doc, "timestampAuthorities", root->tsa);
	}
	int e = sigread_end(&r, why);
	if (e == 0)
		*out = *root;
	return e;
}
