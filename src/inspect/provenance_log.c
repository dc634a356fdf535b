/* Entries of transparency logs: the promise, the proof, the checkpoint, and that the entry is about this bundle and no other. */
#include <errno.h>
#include <inttypes.h>

#include "base/encode.h"
#include "crypto/merkle.h"
#include "crypto/tlog.h"
#include "inspect/provenance_part.h"

/* One entry and its log. */
struct logged {
	struct judge *j;
	const struct sigstore_entry *e;
	const struct sigstore_log *log;
	struct pubkey *key;
	struct sigstore_body body;
	bool v2;
};

/* What a log of the first generation signs when it takes an entry: JSON with sorted members and without blanks (RFC 8785). */
static bool promise(struct logged *l)
{
	struct judge *j = l->j;
	const struct sigstore_entry *e = l->e;
	_cleanup_buf_ struct buf text = BUF(2 * SIGSTORE_MAX);
	if (!e->promise.n)
		return j->bundle.version > 1 || l->v2 || provenance_refuse_plain(j, PROVENANCE_REASON_SET_MISSING);
	if (l->v2)
		return provenance_refuse(j, PROVENANCE_REASON_SET_BAD, "a log of the second generation makes none");
	buf_str_add(&text, "{\"body\":\"");
	encode_base64(&text, e->body, false, true);
	buf_fmt(&text, "\",\"integratedTime\":%" PRId64 ",\"logID\":\"", e->time);
	encode_hex(&text, e->log_id);
	buf_fmt(&text, "\",\"logIndex\":%" PRIu64 "}", e->index);
	int r = buf_error(&text) ? -ENOMEM : pubkey_verify(l->key, buf_slice(&text), e->promise);
	if (r < 0)
		return provenance_failed(j, r, PROVENANCE_REASON_SET_BAD);
	if (e->time < l->log->from || e->time > l->log->to)
		return provenance_refuse_plain(j, PROVENANCE_REASON_LOG_TIME);
	return provenance_add_time(j, e->time);
}

/* Is it a line of this log? A log of the second generation is called as its URL says, and its key's id is one of that name. One of the
 * first may be called anything, in private instances often after a machine: "NAME - 1193050959916656506" by NAME. */
static bool named(const struct logged *l, struct slice name, struct slice origin)
{
	if (l->v2)
		return slice_eq(name, l->log->host);
	return slice_starts(origin, name) && slice_starts(slice_from(origin, name.n), SLICE(" - "));
}

/* A line by the log's name and the first four bytes of its id must be good; lines by others, such as witnesses, are passed over. */
static bool checkpoint_signed(struct logged *l, const struct note *note, struct slice origin)
{
	uint32_t id = 0;
	bool good = false;
	for (size_t i = 0; i < 4 && i < l->log->id.n; i++)
		id = id << 8 | l->log->id.p[i];
	for (size_t i = 0; i < note->n; i++) {
		const struct note_signature *s = &note->signature[i];
		if (s->key_id != id || !named(l, s->name, origin))
			continue;
		int r = pubkey_verify(l->key, note->text, slice_of(s->bytes, s->n));
		if (r < 0)
			return provenance_failed(l->j, r, PROVENANCE_REASON_CHECKPOINT_BAD);
		good = true;
	}
	return good || provenance_refuse_plain(l->j, PROVENANCE_REASON_CHECKPOINT_UNSIGNED);
}

static bool checkpoint(struct logged *l)
{
	const struct sigstore_entry *e = l->e;
	struct note note = {.signature = arena_array(l->j->t->arena, NOTE_SIGNATURES, sizeof(struct note_signature))};
	struct tlog_checkpoint c;
	const char *why = NULL;
	size_t at = 0;
	if (!note.signature)
		return provenance_failed(l->j, -ENOMEM, PROVENANCE_REASON_CHECKPOINT);
	if (note_parse(e->checkpoint, &note, &why, &at) < 0 || tlog_checkpoint_parse(note.text, &c, &why) < 0)
		return provenance_refuse(l->j, PROVENANCE_REASON_CHECKPOINT, "%s", why);
	if (l->v2 && !slice_eq(c.origin, l->log->host))
		return provenance_refuse(l->j, PROVENANCE_REASON_CHECKPOINT_UNSIGNED, "it is of the log %.*s, not of %.*s",
		        SLICE_FMT(c.origin), SLICE_FMT(slice_sub(l->log->host, 0, 255)));
	if (c.size != e->proof_size || !slice_eq(slice_of(c.root, sizeof(c.root)), e->proof_root))
		return provenance_refuse_plain(l->j, PROVENANCE_REASON_CHECKPOINT_ROOT);
	return checkpoint_signed(l, &note, c.origin);
}

static bool proof(struct logged *l)
{
	const struct sigstore_entry *e = l->e;
	struct merkle_hash leaf, root, path[SIGSTORE_HASHES];
	if (!e->proof || !e->checkpoint.n) {
		if (l->v2 || l->j->bundle.version > 1)
			return provenance_refuse_plain(l->j, PROVENANCE_REASON_PROOF_MISSING);
		if (!e->proof)
			return true;
	}
	merkle_leaf(e->body, &leaf);
	memcpy(root.b, e->proof_root.p, sizeof(root.b));
	for (size_t i = 0; i < e->n_hashes; i++)
		memcpy(path[i].b, e->hash[i], sizeof(path[i].b));
	if (merkle_check_inclusion(&leaf, e->proof_index, e->proof_size, path, e->n_hashes, &root) < 0)
		return provenance_refuse_plain(l->j, PROVENANCE_REASON_PROOF_BAD);
	/* A log of the second generation is one tree, so both numbers are the same. */
	if (l->v2 && e->index != e->proof_index)
		return provenance_refuse_plain(l->j, PROVENANCE_REASON_PROOF_BAD);
	return !e->checkpoint.n || checkpoint(l);
}

/* The digest that an entry of this kind must have. */
static bool digest_fits(struct logged *l)
{
	static const enum digest kinds[] = {
	        [SIGSTORE_SHA256] = DIGEST_SHA256, [SIGSTORE_SHA384] = DIGEST_SHA384, [SIGSTORE_SHA512] = DIGEST_SHA512};
	const struct sigstore_bundle *b = &l->j->bundle;
	_cleanup_buf_ struct buf pae = BUF(DSSE_MAX + 1024);
	bool record = l->body.kind == SIGSTORE_HASHEDREKORD_1 || l->body.kind == SIGSTORE_HASHEDREKORD_2;
	uint8_t digest[DIGEST_MAX];
	struct slice of = b->envelope.payload;
	if (!b->is_envelope)
		return record && slice_eq(provenance_digest(&l->j->t->ask->artefact, l->body.hash), l->body.digest);
	if (l->body.kind == SIGSTORE_HASHEDREKORD_1)
		return false;
	if (record) {
		dsse_pae(b->envelope.type, b->envelope.payload, &pae);
		of = buf_slice(&pae);
	}
	int r = buf_error(&pae) ? -ENOMEM : digest_of(kinds[l->body.hash], of, digest);
	l->j->t->memory |= r == -ENOMEM;
	return r == 0 && slice_eq(slice_of(digest, digest_size(kinds[l->body.hash])), l->body.digest);
}

static bool signer_fits(struct logged *l)
{
	struct judge *j = l->j;
	_cleanup_pubkey_ struct pubkey *key = NULL;
	if (!j->key)
		return !l->body.is_key && slice_eq(l->body.verifier, j->bundle.cert[0]);
	return l->body.is_key && pubkey_new(l->body.verifier, false, &key) == 0 && pubkey_same(key, j->key);
}

static bool body_fits(struct logged *l)
{
	if (!digest_fits(l))
		return provenance_refuse_plain(l->j, PROVENANCE_REASON_ENTRY_DIGEST);
	if (!slice_eq(l->body.signature, l->j->bundle.signature))
		return provenance_refuse_plain(l->j, PROVENANCE_REASON_ENTRY_SIGNATURE);
	return signer_fits(l) || provenance_refuse_plain(l->j, PROVENANCE_REASON_ENTRY_SIGNER);
}

static bool one(struct judge *j, struct logged *l)
{
	const struct sigstore_root *root = j->t->root;
	const char *why = NULL;
	for (size_t i = 0; i < root->n_logs && !l->log; i++)
		if (slice_eq(root->log[i].id, l->e->log_id))
			l->log = &root->log[i];
	if (!l->log)
		return provenance_refuse_plain(j, PROVENANCE_REASON_LOG_UNKNOWN);
	int r = pubkey_new(l->log->key, l->log->pkcs1, &l->key);
	if (r < 0)
		return provenance_failed(j, r, PROVENANCE_REASON_LOG_UNKNOWN);
	if (sigstore_body_parse(l->e, j->t->arena, &l->body, &why) < 0)
		return provenance_refuse(j, PROVENANCE_REASON_ENTRY, "%s", why);
	l->v2 = sigstore_body_is_v2(l->body.kind);
	PROVENANCE_SET(j->out->log, l->log->host);
	j->out->log_index = l->e->index;
	return promise(l) && proof(l) && body_fits(l);
}

/* A log of the second generation has no clock: its key must have been trusted whenever the signature was made. */
static bool key_in_time(struct judge *j, const struct logged *l)
{
	for (size_t i = 0; i < j->n_times && l->v2; i++)
		if (j->time[i] < l->log->from || j->time[i] > l->log->to)
			return provenance_refuse_plain(j, PROVENANCE_REASON_LOG_TIME);
	return true;
}

bool provenance_entries(struct judge *j)
{
	bool ok = j->bundle.n_entries > 0 || provenance_refuse_plain(j, PROVENANCE_REASON_LOG_MISSING);
	for (size_t i = 0; i < j->bundle.n_entries && ok; i++) {
		struct logged l = {.j = j, .e = &j->bundle.entry[i]};
		ok = one(j, &l) && key_in_time(j, &l);
		pubkey_free(l.key);
	}
	return ok;
}
