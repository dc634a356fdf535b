/* pubkey: public keys of several kinds, as others hand them out, and signatures by them: ECDSA on P-256, P-384 and P-521 with the SHA-2 of
 * the curve's size (FIPS 186-5, RFC 5758), RSA of 2,048 bits and more (PKCS #1 v1.5 with SHA-256, RFC 8017), Ed25519 (RFC 8032). */
#ifndef POSTERN_CRYPTO_PUBKEY_H
#define POSTERN_CRYPTO_PUBKEY_H

#include "crypto/digest.h"

struct pubkey;
/* From a SubjectPublicKeyInfo (RFC 5280), or, pkcs1, an RSAPublicKey; DER with nothing behind it. 0, -EBADMSG (no such key), -ENOTSUP (a
 * kind that is not taken), -ENOMEM. */
[[nodiscard]] int pubkey_new(struct slice der, bool pkcs1, struct pubkey **out);
void pubkey_free(struct pubkey *k);
#define _cleanup_pubkey_ _cleanup_(pubkey_freep)
static inline void pubkey_freep(struct pubkey **k)
{
	pubkey_free(*k);
}

/* The digest that a signature by it is made over; DIGEST_END: none, the message itself is signed (Ed25519). */
enum digest pubkey_digest(const struct pubkey *k);
/* SHA-256 of its SubjectPublicKeyInfo. 0, -ENOMEM. */
[[nodiscard]] int pubkey_id(const struct pubkey *k, uint8_t out[32]);
bool pubkey_same(const struct pubkey *a, const struct pubkey *b);
/* 0; -EBADMSG: not a signature of this message by this key; -ENOMEM. */
[[nodiscard]] int pubkey_verify(const struct pubkey *k, struct slice message, struct slice signature);
/* The same of a message of which only the digest is there, of pubkey_digest(). -ENOTSUP: of this key that is not possible. */
[[nodiscard]] int pubkey_verify_digest(const struct pubkey *k, struct slice digest, struct slice signature);

#endif
