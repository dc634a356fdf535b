#include "crypto/tlog.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/encode.h"
#include "crypto/digest.h"

#define TIME_MAX INT64_MAX

uint32_t tlog_key_id(struct slice name, uint8_t type, const uint8_t public[ED25519_PUBLIC])
{
	uint8_t text[NOTE_NAME_MAX + 2 + ED25519_PUBLIC], d[DIGEST_MAX];
	size_t n = name.n;
	if (n > NOTE_NAME_MAX)
		abort();
	memcpy(text, name.p, n);
	text[n++] = '\n';
	text[n++] = type;
	memcpy(text + n, public, ED25519_PUBLIC);
	/* SHA-256 is always there; if not, there is nothing to sign or trust. */
	if (digest_of(DIGEST_SHA256, slice_of(text, n + ED25519_PUBLIC), d) < 0)
		abort();
	return (uint32_t)d[0] << 24 | (uint32_t)d[1] << 16 | (uint32_t)d[2] << 8 | d[3];
}

void tlog_vkey_add(struct buf *out, struct slice name, uint8_t type, const uint8_t public[ED25519_PUBLIC])
{
	uint8_t key[1 + ED25519_PUBLIC] = {type};
	memcpy(key + 1, public, ED25519_PUBLIC);
	buf_add(out, name);
	buf_fmt(out, "+%08" PRIx32 "+", tlog_key_id(name, type, public));
	encode_base64(out, slice_of(key, sizeof(key)), false, true);
}

int tlog_vkey_read(struct slice in, struct note_vkey *out, const char **why)
{
	struct note_vkey k;
	int r = note_vkey_parse(in, &k, why);
	if (r < 0)
		return r;
	if (tlog_key_id(k.name, k.type, k.public) != k.key_id) {
		*why = "the id of the key does not belong to its name and key";
		return -EBADMSG;
	}
	*out = k;
	return 0;
}

int tlog_note_sign(const struct tlog_signer *s, struct slice text, struct buf *out)
{
	uint8_t signature[ED25519_SIGNATURE];
	if (!note_text_valid(text) || !note_name_valid(s->name))
		return -EINVAL;
	int r = s->sign(s->arg, text, signature);
	if (r < 0)
		return r;
	buf_add(out, text);
	buf_u8(out, '\n');
	note_signature_add(out, s->name, tlog_key_id(s->name, TLOG_ED25519, s->public), slice_of(signature, sizeof(signature)));
	return buf_error(out);
}

/* What a cosignature signs. */
static void cosigned(struct buf *out, struct slice text, uint64_t time)
{
	buf_fmt(out, "cosignature/v1\ntime %" PRIu64 "\n", time);
	buf_add(out, text);
}

int tlog_cosign(const struct tlog_signer *s, struct slice text, uint64_t time, struct buf *out)
{
	_cleanup_buf_ struct buf message = BUF(NOTE_MAX + 64), signature = BUF(8 + ED25519_SIGNATURE);
	struct tlog_checkpoint c;
	const char *why;
	uint8_t plain[ED25519_SIGNATURE];
	if (time > TIME_MAX || !note_name_valid(s->name) || tlog_checkpoint_parse(text, &c, &why) < 0)
		return -EINVAL;
	cosigned(&message, text, time);
	if (buf_error(&message))
		return buf_error(&message);
	int r = s->sign(s->arg, buf_slice(&message), plain);
	if (r < 0)
		return r;
	buf_be(&signature, time, 8);
	buf_add(&signature, slice_of(plain, sizeof(plain)));
	if (buf_error(&signature))
		return buf_error(&signature);
	note_signature_add(out, s->name, tlog_key_id(s->name, TLOG_COSIGNATURE, s->public), buf_slice(&signature));
	return buf_error(out);
}

static int verify_cosignature(const struct note *n, const struct note_signature *s, const uint8_t *public, uint64_t *time)
{
	_cleanup_buf_ struct buf message = BUF(NOTE_MAX + 64);
	uint64_t t = 0;
	if (s->n != 8 + ED25519_SIGNATURE)
		return -EBADMSG;
	for (size_t i = 0; i < 8; i++)
		t = t << 8 | s->bytes[i];
	if (t > TIME_MAX)
		return -EBADMSG;
	cosigned(&message, n->text, t);
	if (buf_error(&message))
		return buf_error(&message);
	int r = ed25519_verify(public, buf_slice(&message), slice_of(s->bytes + 8, ED25519_SIGNATURE));
	if (r == 0 && t > *time)
		*time = t;
	return r;
}

int tlog_note_verify(const struct note *n, const struct note_vkey *key, uint64_t *time)
{
	int found = -ENOKEY;
	uint64_t latest = 0;
	for (size_t i = 0; i < n->n; i++) {
		const struct note_signature *s = &n->signature[i];
		if (s->key_id != key->key_id || !slice_eq(s->name, key->name))
			continue;
		if (key->type == TLOG_COSIGNATURE)
			found = verify_cosignature(n, s, key->public, &latest);
		else if (key->type == TLOG_ED25519)
			found = ed25519_verify(key->public, n->text, slice_of(s->bytes, s->n));
		else
			return -ENOTSUP;
		/* One bad signature by a known key is enough. */
		if (found < 0)
			return found;
	}
	if (found == 0 && time && key->type == TLOG_COSIGNATURE)
		*time = latest;
	return found;
}

int tlog_checkpoint_open(struct slice in, const struct note_vkey *log, struct note *note, struct tlog_checkpoint *out, struct err *err)
{
	struct note n = {.signature = note->signature};
	struct tlog_checkpoint c;
	const char *why;
	size_t at;
	if (note_parse(in, &n, &why, &at) < 0)
		return err_set(err, -EBADMSG, "no signed note: %s (byte %zu)", why, at);
	if (tlog_checkpoint_parse(n.text, &c, &why) < 0)
		return err_set(err, -EBADMSG, "no checkpoint: %s", why);
	if (!slice_eq(c.origin, log->name))
		return err_set(err, -ENOKEY, "this is a checkpoint of the log \"%.*s\", but the key is that of \"%.*s\"",
		        SLICE_FMT(c.origin), SLICE_FMT(log->name));
	int r = tlog_note_verify(&n, log, NULL);
	if (r == -ENOKEY)
		return err_set(err, r, "the checkpoint bears no signature by the key %.*s+%08" PRIx32 ": one of the two is another log's",
		        SLICE_FMT(log->name), log->key_id);
	if (r == -EBADMSG)
		return err_set(err, -EKEYREJECTED,
		        "the signature by the key %.*s+%08" PRIx32
		        " is not one of this checkpoint: it was changed, or somebody else signed it",
		        SLICE_FMT(log->name), log->key_id);
	if (r < 0)
		return err_sys(err, r, "the signature of the checkpoint cannot be checked");
	*note = n;
	*out = c;
	return 0;
}
