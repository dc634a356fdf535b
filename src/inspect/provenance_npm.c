/* npm's evidence: the integrity in a registry's document, the registry's signatures of it, and attestations. Evidence that a mirror has
 * left out is no evidence, neither good nor bad. */
#include <errno.h>

#include "inspect/provenance_part.h"

#define NAME_MAX_BYTES 512

/* What is known of the package while its evidence is read. */
struct npm {
	struct trust *t;
	struct provenance_answer *out;
	struct npmsign_version *version; /* NULL: there is no document, or it is unreadable */
	struct buf package;              /* "name@version" that everything must be about; empty: not known */
	int64_t published;               /* a trusted time of the publish attestation; 0: none */
	bool built;                      /* there is an attestation of the build */
};

_Static_assert(NPMSIGN_ATTESTATIONS + 4 <= PROVENANCE_CHECKS, "a bundle, integrity, each attestation or that there is none, a signature");
static struct provenance_check *add(struct npm *n, enum provenance_kind kind, enum provenance_reason_name reason)
{
	struct provenance_check *c = &n->out->check[n->out->n < PROVENANCE_CHECKS ? n->out->n++ : PROVENANCE_CHECKS - 1];
	*c = (struct provenance_check){.kind = kind, .reason = reason};
	PROVENANCE_SET(c->package, buf_slice(&n->package));
	return c;
}

static void integrity(struct npm *n)
{
	uint8_t sha512[64];
	int r = npmsign_sha512(n->version->integrity, sha512);
	enum provenance_reason_name reason = PROVENANCE_REASON_OK;
	if (r <= 0)
		reason = r == 0 ? PROVENANCE_REASON_NO_INTEGRITY : PROVENANCE_REASON_DOCUMENT;
	else if (memcmp(sha512, n->t->ask->artefact.sha512, sizeof(sha512)) != 0)
		reason = PROVENANCE_REASON_INTEGRITY;
	(void)add(n, PROVENANCE_INTEGRITY, reason);
}

static void document(struct npm *n)
{
	const struct provenance_ask *ask = n->t->ask;
	const char *why = NULL;
	_cleanup_buf_ struct buf name = BUF(NAME_MAX_BYTES);
	struct npmsign_version *v = arena_alloc(n->t->arena, sizeof(*v));
	int r = v ? npmsign_version_parse(ask->document, n->t->arena, v, &why) : -ENOMEM;
	n->t->memory |= r == -ENOMEM;
	if (r == 0) {
		buf_add(&name, v->name);
		buf_u8(&name, '@');
		buf_add(&name, v->version);
	}
	if (r < 0 || buf_error(&name)) {
		struct provenance_check *c = add(n, PROVENANCE_INTEGRITY, PROVENANCE_REASON_DOCUMENT);
		PROVENANCE_SET(c->detail, slice_str(why));
	} else if (n->package.n && !slice_eq(buf_slice(&n->package), buf_slice(&name))) {
		struct provenance_check *c = add(n, PROVENANCE_INTEGRITY, PROVENANCE_REASON_PACKAGE);
		PROVENANCE_SET(c->detail, buf_slice(&name));
	} else {
		if (!n->package.n)
			buf_add(&n->package, buf_slice(&name));
		n->version = v;
		integrity(n);
	}
}

static const struct npmsign_key *key_of(const struct trust *t, struct slice id)
{
	for (size_t i = 0; i < t->keys->n; i++)
		if (slice_eq(t->keys->key[i].id, id))
			return &t->keys->key[i];
	return NULL;
}

/* One signature: OK, or why not. */
static enum provenance_reason_name signed_by(struct npm *n, const struct npmsign_signature *s, struct slice text)
{
	const struct npmsign_key *k = key_of(n->t, s->key_id);
	_cleanup_pubkey_ struct pubkey *key = NULL;
	if (!k)
		return PROVENANCE_REASON_REGISTRY_KEY;
	int r = pubkey_new(k->der, false, &key);
	if (r < 0) {
		n->t->memory |= r == -ENOMEM;
		return PROVENANCE_REASON_REGISTRY_KEY;
	}
	r = pubkey_verify(key, text, s->bytes);
	n->t->memory |= r == -ENOMEM;
	if (r < 0)
		return PROVENANCE_REASON_REGISTRY_BAD;
	/* A signature has no time of its own; that of the publish attestation, which a log vouches for, counts. */
	int64_t at = n->published ? n->published : n->t->ask->now;
	return at <= k->expires ? PROVENANCE_REASON_OK : PROVENANCE_REASON_KEY_EXPIRED;
}

/* name@version:integrity */
static void registry(struct npm *n)
{
	const struct npmsign_version *v = n->version;
	_cleanup_buf_ struct buf text = BUF(NPMSIGN_MAX);
	enum provenance_reason_name found = v->n ? PROVENANCE_REASON_REGISTRY_KEY : PROVENANCE_REASON_NO_SIGNATURE;
	buf_add(&text, v->name);
	buf_u8(&text, '@');
	buf_add(&text, v->version);
	buf_u8(&text, ':');
	buf_add(&text, v->integrity);
	n->t->memory |= buf_error(&text) == -ENOMEM;
	for (size_t i = 0; i < v->n; i++) {
		enum provenance_reason_name r = signed_by(n, &v->signature[i], buf_slice(&text));
		/* A bad one by a known key counts, whatever the others are; else the best does. */
		if (r == PROVENANCE_REASON_REGISTRY_BAD || found == PROVENANCE_REASON_REGISTRY_KEY || r == PROVENANCE_REASON_OK)
			found = found == PROVENANCE_REASON_REGISTRY_BAD ? found : r;
	}
	(void)add(n, PROVENANCE_REGISTRY, found);
}

/* "pkg:npm/%40scope/name@1.2.3" of "@scope/name@1.2.3" */
static bool purl_is(struct slice purl, struct slice package)
{
	if (!slice_starts(purl, SLICE("pkg:npm/")))
		return false;
	purl = slice_from(purl, 8);
	if (package.n && package.p[0] == '@') {
		if (!slice_starts(purl, SLICE("%40")))
			return slice_eq(purl, package);
		return slice_eq(slice_from(purl, 3), slice_from(package, 1));
	}
	return slice_eq(purl, package);
}

/* The statement is of the kind that the list said, and about this package. */
static void about(struct npm *n, struct judge *j, struct slice type)
{
	const struct slsa_statement *s = &j->statement;
	_cleanup_buf_ struct buf name = BUF(NAME_MAX_BYTES);
	if (!j->bundle.is_envelope || !slice_eq(s->predicate_type, type)) {
		(void)provenance_refuse(
		        j, PROVENANCE_REASON_CONTENT, "its predicate is of another type than the list of attestations says");
		return;
	}
	if (n->package.n && !purl_is(slice_str(j->out->package), buf_slice(&n->package)))
		(void)provenance_refuse(j, PROVENANCE_REASON_PACKAGE, "it is %.400s", j->out->package);
	if (!slice_is(type, SLSA_PUBLISH) || j->out->reason != PROVENANCE_REASON_OK)
		return;
	buf_add(&name, s->package);
	buf_u8(&name, '@');
	buf_add(&name, s->version);
	if (buf_error(&name) || !purl_is(slice_str(j->out->package), buf_slice(&name)))
		(void)provenance_refuse(j, PROVENANCE_REASON_PACKAGE, "it is published as another package than its subject");
}

/* By a key of the registry, which its hint names. */
static void publish(struct npm *n, struct judge *j, struct slice text, struct slice type)
{
	struct sigstore_bundle *b = arena_alloc(n->t->arena, sizeof(*b));
	const char *why = NULL;
	_cleanup_pubkey_ struct pubkey *key = NULL;
	int r = b ? sigstore_bundle_parse(text, n->t->arena, b, &why) : -ENOMEM;
	if (r < 0) {
		(void)provenance_failed(j, r, PROVENANCE_REASON_BUNDLE);
		return;
	}
	const struct npmsign_key *k = b->n_certs ? NULL : key_of(n->t, b->key_hint);
	r = k ? pubkey_new(k->der, false, &key) : -ENOENT;
	if (r < 0) {
		(void)provenance_failed(j, r, PROVENANCE_REASON_REGISTRY_KEY);
		return;
	}
	j->key = key;
	provenance_bundle(j, text);
	if (j->out->reason == PROVENANCE_REASON_OK && j->out->time > k->expires)
		(void)provenance_refuse(j, PROVENANCE_REASON_REGISTRY_KEY, "the key had expired when it was signed");
	if (j->out->reason == PROVENANCE_REASON_OK)
		about(n, j, type);
	if (j->out->reason == PROVENANCE_REASON_OK)
		n->published = j->out->time;
}

static void attestation(struct npm *n, struct slice type, struct slice text)
{
	bool is_publish = slice_is(type, SLSA_PUBLISH);
	/* Of what nobody has asked for nothing is said. */
	if ((is_publish && !n->t->keys) || (!is_publish && !slice_starts(type, SLICE(SLSA_PROVENANCE))))
		return;
	struct judge *j = arena_alloc(n->t->arena, sizeof(*j));
	n->t->memory |= !j;
	if (!j)
		return;
	*j = (struct judge){.t = n->t, .pin = &n->t->ask->pin, .key = is_publish ? NULL : n->t->key};
	j->out = add(n, is_publish ? PROVENANCE_PUBLISH : PROVENANCE_BUILD, PROVENANCE_REASON_OK);
	n->built |= !is_publish;
	if (is_publish) {
		publish(n, j, text, type);
	} else {
		provenance_bundle(j, text);
		if (j->out->reason == PROVENANCE_REASON_OK)
			about(n, j, type);
	}
	provenance_judge_free(j);
}

static void attestations(struct npm *n)
{
	struct npmsign_attestations a = {0};
	const char *why = NULL;
	int r = npmsign_attestations_parse(n->t->ask->attestations, n->t->arena, &a, &why);
	n->t->memory |= r == -ENOMEM;
	if (r < 0) {
		struct provenance_check *c = add(n, PROVENANCE_BUILD, PROVENANCE_REASON_DOCUMENT);
		PROVENANCE_SET(c->detail, slice_str(why));
		n->built = true;
	}
	for (size_t i = 0; i < a.n; i++)
		attestation(n, a.one[i].predicate_type, a.one[i].bundle);
}

void provenance_npm(struct trust *t, struct provenance_answer *out)
{
	const struct provenance_ask *ask = t->ask;
	struct npm n = {.t = t, .out = out, .package = BUF(NAME_MAX_BYTES)};
	buf_add(&n.package, ask->package);
	if (ask->document.p)
		document(&n);
	if (ask->attestations.p)
		attestations(&n);
	if (n.version && t->keys)
		registry(&n);
	if (ask->want_build && !n.built)
		(void)add(&n, PROVENANCE_BUILD, PROVENANCE_REASON_NO_ATTESTATION);
	buf_free(&n.package);
}
