#include "crypto/dsse.h"

#include <errno.h>
#include <stdio.h>

int dsse_sign(const struct tlog_signer *signer, struct slice type, struct slice payload, struct buf *out)
{
	_cleanup_buf_ struct buf pae = BUF(DSSE_MAX), id = BUF(NOTE_NAME_MAX + 32);
	uint8_t signature[ED25519_SIGNATURE];
	dsse_pae(type, payload, &pae);
	buf_fmt(&id, "%.*s+%08x", SLICE_FMT(signer->name), tlog_key_id(signer->name, TLOG_ED25519, signer->public));
	int r = buf_error(&pae) ? buf_error(&pae) : buf_error(&id);
	r = r < 0 ? r : signer->sign(signer->arg, buf_slice(&pae), signature);
	if (r < 0)
		return r;
	struct dsse d = {.type = type, .payload = payload, .n = 1};
	d.signature[0] = (struct dsse_signature){.keyid = buf_slice(&id), .bytes = slice_of(signature, sizeof(signature))};
	dsse_write(&d, out);
	return buf_error(out);
}

int dsse_verify(const struct dsse *d, const struct note_vkey *key)
{
	_cleanup_buf_ struct buf pae = BUF(DSSE_MAX + 1024);
	dsse_pae(d->type, d->payload, &pae);
	if (buf_error(&pae))
		return buf_error(&pae);
	for (size_t i = 0; i < d->n; i++) {
		int r = key->type == TLOG_ED25519 ? ed25519_verify(key->public, buf_slice(&pae), d->signature[i].bytes) : -EBADMSG;
		if (r != -EBADMSG)
			return r;
	}
	return -ENOKEY;
}
