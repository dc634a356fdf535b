#include "inspect/provenance.h"

#include <errno.h>
#include <stdio.h>

#include "crypto/timestamp.h"
#include "inspect/provenance_part.h"

#define ARENA_MAX ((size_t)256 << 20)

const struct provenance_reason provenance_reasons[PROVENANCE_REASONS] = {
#define PROVENANCE_REASON(name, word, verdict, text) [PROVENANCE_REASON_##name] = {word, PROVENANCE_##verdict, text},
#include "inspect/provenance_reason_table.h"
#undef PROVENANCE_REASON
};

const char *provenance_verdict_word(enum provenance_verdict v)
{
	static const char *const words[PROVENANCE_VERDICTS] = {"verified", "no evidence", "refused"};
	return words[v];
}

const char *provenance_kind_word(enum provenance_kind k)
{
	static const char *const words[PROVENANCE_KINDS] = {
	        "bundle", "integrity", "registry signature", "publish attestation", "build provenance"};
	return words[k];
}

enum provenance_verdict provenance_answer_verdict(const struct provenance_answer *a)
{
	enum provenance_verdict worst = a->n ? PROVENANCE_VERIFIED : PROVENANCE_NONE;
	for (uint32_t i = 0; i < a->n; i++) {
		enum provenance_verdict v = provenance_reasons[a->check[i].reason].verdict;
		worst = v > worst ? v : worst;
	}
	return worst;
}

bool provenance_refuse(struct judge *j, enum provenance_reason_name reason, const char *fmt, ...)
{
	va_list ap;
	j->out->reason = reason;
	va_start(ap, fmt);
	(void)vsnprintf(j->out->detail, sizeof(j->out->detail), fmt, ap);
	va_end(ap);
	return false;
}

bool provenance_refuse_plain(struct judge *j, enum provenance_reason_name reason)
{
	j->out->reason = reason;
	return false;
}

bool provenance_failed(struct judge *j, int error, enum provenance_reason_name reason)
{
	j->t->memory |= error == -ENOMEM;
	return provenance_refuse_plain(j, reason);
}

void provenance_text(char *out, size_t size, struct slice text)
{
	text = slice_sub(text, 0, size - 1);
	if (text.n)
		memcpy(out, text.p, text.n);
	out[text.n] = 0;
}

struct slice provenance_digest(const struct provenance_artefact *a, enum sigstore_hash hash)
{
	switch (hash) {
	case SIGSTORE_SHA256:
		return slice_of(a->sha256, sizeof(a->sha256));
	case SIGSTORE_SHA384:
		return a->only_sha256 ? SLICE_NONE : slice_of(a->sha384, sizeof(a->sha384));
	case SIGSTORE_SHA512:
		return a->only_sha256 ? SLICE_NONE : slice_of(a->sha512, sizeof(a->sha512));
	case SIGSTORE_NO_HASH:
		break;
	}
	return SLICE_NONE;
}

bool provenance_add_time(struct judge *j, int64_t time)
{
	if (j->n_times == PROVENANCE_TIMES)
		return provenance_refuse_plain(j, PROVENANCE_REASON_BUNDLE);
	j->time[j->n_times++] = time;
	if (!j->out->time || time < j->out->time)
		j->out->time = time;
	return true;
}

const struct slsa_subject *provenance_subject(const struct slsa_statement *s, const struct provenance_artefact *a)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct slsa_subject *u = &s->subject[i];
		bool by_256 = slice_eq(u->sha256, slice_of(a->sha256, sizeof(a->sha256)));
		bool by_512 = !a->only_sha256 && slice_eq(u->sha512, slice_of(a->sha512, sizeof(a->sha512)));
		bool other = (u->sha256.n && !by_256) || (u->sha512.n && !a->only_sha256 && !by_512);
		if ((by_256 || by_512) && !other)
			return u;
	}
	return NULL;
}

/* What is signed is about the file. */
static bool content(struct judge *j)
{
	const struct sigstore_bundle *b = &j->bundle;
	const char *why = NULL;
	if (!b->is_envelope) {
		struct slice is = provenance_digest(&j->t->ask->artefact, b->hash);
		return !b->digest.n || slice_eq(is, b->digest) || provenance_refuse_plain(j, PROVENANCE_REASON_ARTEFACT);
	}
	if (!slice_is(b->envelope.type, DSSE_IN_TOTO))
		return provenance_refuse(j, PROVENANCE_REASON_CONTENT, "its type is %.*s", SLICE_FMT(slice_sub(b->envelope.type, 0, 200)));
	int r = slsa_parse(b->envelope.payload, j->t->arena, &j->statement, &why);
	if (r < 0) {
		(void)provenance_failed(j, r, PROVENANCE_REASON_CONTENT);
		return provenance_refuse(j, PROVENANCE_REASON_CONTENT, "%s", why);
	}
	PROVENANCE_SET(j->out->predicate, j->statement.predicate_type);
	PROVENANCE_SET(j->out->run, j->statement.run);
	const struct slsa_subject *u = provenance_subject(&j->statement, &j->t->ask->artefact);
	if (!u)
		return provenance_refuse(
		        j, PROVENANCE_REASON_ARTEFACT, "none of the %zu subjects of the statement has its digest", j->statement.n);
	PROVENANCE_SET(j->out->package, u->name);
	return true;
}

static bool signature(struct judge *j)
{
	const struct sigstore_bundle *b = &j->bundle;
	const struct pubkey *key = j->key ? j->key : j->signer;
	_cleanup_buf_ struct buf pae = BUF(DSSE_MAX + 1024);
	int r;
	if (b->is_envelope) {
		dsse_pae(b->envelope.type, b->envelope.payload, &pae);
		r = buf_error(&pae) ? -ENOMEM : pubkey_verify(key, buf_slice(&pae), b->signature);
	} else {
		enum digest d = pubkey_digest(key);
		struct slice is = provenance_digest(&j->t->ask->artefact, d == DIGEST_SHA256   ? SIGSTORE_SHA256
		                                                          : d == DIGEST_SHA384 ? SIGSTORE_SHA384
		                                                          : d == DIGEST_SHA512 ? SIGSTORE_SHA512
		                                                                               : SIGSTORE_NO_HASH);
		if (!is.n)
			return provenance_refuse(
			        j, PROVENANCE_REASON_SIGNATURE_KIND, "it is made over another digest than is known of the file");
		r = pubkey_verify_digest(key, is, b->signature);
	}
	return r == 0 || provenance_failed(j, r, j->key ? PROVENANCE_REASON_KEY_OTHER : PROVENANCE_REASON_SIGNATURE);
}

/* The authority that signed it, of those that the root trusts for its time. What comes nearest is the reason. */
static bool stamp_holds(struct judge *j, const struct timestamp *stamp)
{
	const struct sigstore_root *root = j->t->root;
	enum provenance_reason_name why = PROVENANCE_REASON_STAMP_UNKNOWN;
	int64_t at = timestamp_time(stamp);
	for (size_t i = 0; i < root->n_tsas; i++) {
		const struct sigstore_authority *a = &root->tsa[i];
		int r = timestamp_verify(stamp, a->cert, a->n);
		if (r == 0 && at >= a->from && at <= a->to)
			return provenance_add_time(j, at);
		if (r == 0 || r == -ETIME)
			why = PROVENANCE_REASON_STAMP_TIME;
		else if (r == -EBADMSG && why == PROVENANCE_REASON_STAMP_UNKNOWN)
			why = PROVENANCE_REASON_STAMP_BAD;
		j->t->memory |= r == -ENOMEM;
	}
	return provenance_refuse_plain(j, why);
}

static bool stamps(struct judge *j)
{
	for (size_t i = 0; i < j->bundle.n_timestamps; i++) {
		_cleanup_timestamp_ struct timestamp *stamp = NULL;
		int r = timestamp_new(j->bundle.timestamp[i], &stamp);
		if (r < 0)
			return provenance_failed(j, r, PROVENANCE_REASON_STAMP);
		r = timestamp_is_of(stamp, j->bundle.signature);
		if (r < 0)
			return provenance_failed(j, r, PROVENANCE_REASON_STAMP_OTHER);
		if (!stamp_holds(j, stamp))
			return false;
	}
	return true;
}

/* A key or a certificate, as it is pinned. */
static bool signer(struct judge *j)
{
	if (!j->key && !j->bundle.n_certs)
		return provenance_refuse_plain(j, PROVENANCE_REASON_KEY_MISSING);
	if (j->key && j->bundle.n_certs)
		return provenance_refuse(j, PROVENANCE_REASON_KEY_OTHER, "it is signed with a certificate");
	return j->key || provenance_cert_open(j);
}

/* Times of a log of the second generation come from elsewhere, so the log's own time is looked at when all are known. */
static bool times(struct judge *j)
{
	return j->n_times || provenance_refuse_plain(j, PROVENANCE_REASON_TIME_MISSING);
}

void provenance_bundle(struct judge *j, struct slice text)
{
	const char *why = NULL;
	int r = sigstore_bundle_parse(text, j->t->arena, &j->bundle, &why);
	j->out->reason = PROVENANCE_REASON_OK;
	if (r < 0) {
		(void)provenance_failed(j, r, PROVENANCE_REASON_BUNDLE);
		(void)provenance_refuse(j, PROVENANCE_REASON_BUNDLE, "%s", why);
		return;
	}
	if (!signer(j) || !content(j) || !signature(j) || !stamps(j) || !provenance_entries(j) || !times(j))
		return;
	if (j->key)
		return;
	if (provenance_cert_holds(j))
		(void)provenance_pinned(j);
}

void provenance_judge_free(struct judge *j)
{
	signcert_free(j->cert);
	pubkey_free(j->signer);
}

static int open_key(struct trust *t, const char **why)
{
	struct slice der;
	*why = "the key is no PUBLIC KEY in PEM, or of a kind that is not taken";
	if (!sigstore_pem(t->ask->pin.key, "PUBLIC KEY", t->arena, &der))
		return -EINVAL;
	int r = pubkey_new(der, false, &t->key);
	return r == -ENOMEM ? r : r < 0 ? -EINVAL : 0;
}

static int open_trust(struct trust *t, const char **why)
{
	const struct provenance_ask *ask = t->ask;
	int r = 0;
	*why = "a bundle is judged against a trusted root, and there is none";
	if (!ask->root.p && (ask->bundle.p || ask->attestations.p))
		return -EINVAL;
	if (ask->root.p) {
		t->root = arena_alloc(t->arena, sizeof(*t->root));
		r = t->root ? sigstore_root_parse(ask->root, t->arena, t->root, why) : -ENOMEM;
	}
	if (r == 0 && ask->keys.p) {
		t->keys = arena_alloc(t->arena, sizeof(*t->keys));
		r = t->keys ? npmsign_keys_parse(ask->keys, t->arena, t->keys, why) : -ENOMEM;
	}
	if (r == 0 && ask->pin.key.n)
		r = open_key(t, why);
	return r < 0 && r != -ENOMEM ? -EINVAL : r;
}

int provenance_judge(const struct provenance_ask *ask, struct provenance_answer *out, const char **why)
{
	_cleanup_arena_ struct arena arena = ARENA(ARENA_MAX);
	struct trust t = {.ask = ask, .arena = &arena};
	int r = open_trust(&t, why);
	if (r == 0) {
		out->n = 0;
		if (ask->bundle.p) {
			struct judge *j = arena_alloc(&arena, sizeof(*j));
			t.memory |= !j;
			if (j) {
				*j = (struct judge){.t = &t, .out = &out->check[out->n++], .pin = &ask->pin, .key = t.key};
				*j->out = (struct provenance_check){.kind = PROVENANCE_BUNDLE};
				provenance_bundle(j, ask->bundle);
				provenance_judge_free(j);
			}
		}
		provenance_npm(&t, out);
		if (t.memory)
			r = -ENOMEM;
	}
	pubkey_free(t.key);
	return r;
}
