/* dsse: signs and verifies envelopes (parse/dsse.h) with Ed25519. */
#ifndef POSTERN_CRYPTO_DSSE_H
#define POSTERN_CRYPTO_DSSE_H

#include "base/err.h"
#include "crypto/tlog.h"
#include "parse/dsse.h"

/* An envelope with one signature, appended. Its key id is the name and the id of the verifier key: "example.com/vet+1a2b3c4d". 0, -ENOMEM,
 * -ENOBUFS, or what sign() said. */
[[nodiscard]] int dsse_sign(const struct tlog_signer *signer, struct slice type, struct slice payload, struct buf *out);
/* Is there a signature of the envelope by this key? Key ids are hints that anybody can write: all signatures are tried. 0; -ENOKEY: there
 * is none, or none that is good; -ENOMEM. */
[[nodiscard]] int dsse_verify(const struct dsse *d, const struct note_vkey *key);

#endif
