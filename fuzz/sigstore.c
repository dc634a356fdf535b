/* Documents of Sigstore and npm, and the certificates and timestamps in them: what is read holds together, and judging it ends. The first
 * byte says what the rest is. */
#include <stdlib.h>

#include "crypto/signcert.h"
#include "crypto/timestamp.h"
#include "inspect/provenance.h"
#include "parse/npmsign.h"
#include "parse/sigstore.h"
#include "parse/slsa.h"

#define ROOM ((size_t)64 << 20)

/* Trusts nothing: what is judged must come to an end before a signature could be good. */
static const char root[] = "{\"mediaType\":\"application/vnd.dev.sigstore.trustedroot+json;version=0.1\"}";

static void bundle(struct slice in)
{
	static struct sigstore_bundle b;
	_cleanup_arena_ struct arena arena = ARENA(ROOM);
	const char *why = NULL;
	if (sigstore_bundle_parse(in, &arena, &b, &why) < 0) {
		if (!why)
			abort();
		return;
	}
	if (b.version < 1 || b.version > 3 || b.n_certs > SIGSTORE_CERTS || b.n_entries > SIGSTORE_ENTRIES || !b.signature.n)
		abort();
	for (size_t i = 0; i < b.n_entries; i++) {
		struct sigstore_body body;
		if (sigstore_body_parse(&b.entry[i], &arena, &body, &why) == 0 && (!body.signature.n || !body.verifier.n || !body.digest.n))
			abort();
	}
}

static void judge(struct slice in)
{
	static struct provenance_answer answer;
	struct provenance_ask ask = {.root = slice_of(root, sizeof(root) - 1), .bundle = in, .attestations = in, .document = in};
	const char *why = NULL;
	ask.pin.repository = SLICE("owner/tool");
	if (provenance_judge(&ask, &answer, &why) < 0)
		return;
	for (uint32_t i = 0; i < answer.n; i++)
		if (answer.check[i].kind == PROVENANCE_BUNDLE && answer.check[i].reason == PROVENANCE_REASON_OK)
			abort();
}

static void certificate(struct slice in)
{
	struct signcert_promise promise[SIGNCERT_PROMISES];
	_cleanup_buf_ struct buf text = BUF(4096);
	struct signcert *c = NULL;
	int64_t from, to;
	size_t n = 0;
	if (signcert_new(&in, 1, &c) < 0)
		return;
	(void)signcert_may_sign(c);
	(void)signcert_is_root(c, 0);
	if (signcert_times(c, &from, &to) < 0)
		from = to = 0;
	if (signcert_promises(c, promise, &n) == 0 && (n == 0 || n > SIGNCERT_PROMISES))
		abort();
	if (signcert_chain(c, &in, 1, from) == 0 && n) {
		struct pubkey *key = NULL;
		if (signcert_key(c, &key) == 0 && signcert_promise_verify(c, &promise[0], key) > 0)
			abort();
		pubkey_free(key);
	}
	if (signcert_name(c, &text) == 0 && !text.n)
		abort();
	buf_reset(&text);
	if (signcert_claim(c, SIGNCERT_ISSUER, &text) == 0 && !text.n)
		abort();
	signcert_free(c);
}

static void stamp(struct slice in)
{
	struct timestamp *t = NULL;
	if (timestamp_new(in, &t) < 0)
		return;
	if (timestamp_is_of(t, SLICE("x")) == 0 && timestamp_verify(t, &in, 1) == 0)
		abort();
	timestamp_free(t);
}

static void others(struct slice in)
{
	static struct sigstore_root r;
	static struct npmsign_keys keys;
	_cleanup_arena_ struct arena arena = ARENA(ROOM);
	struct slsa_statement s;
	struct npmsign_version v;
	uint8_t sha512[64];
	const char *why = NULL;
	if (sigstore_root_parse(in, &arena, &r, &why) == 0)
		for (size_t i = 0; i < r.n_logs; i++)
			if (!r.log[i].key.n)
				abort();
	if (slsa_parse(in, &arena, &s, &why) == 0 && s.n == 0)
		abort();
	if (npmsign_keys_parse(in, &arena, &keys, &why) == 0 && keys.n == 0)
		abort();
	if (npmsign_version_parse(in, &arena, &v, &why) == 0 && npmsign_sha512(v.integrity, sha512) > 1)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const all[])(struct slice in) = {bundle, judge, certificate, stamp, others};
	if (size == 0)
		return 0;
	/* '0' … '4', so that a corpus can be read. */
	all[(data[0] - '0') % 5u](slice_of(data + 1, size - 1));
	return 0;
}
