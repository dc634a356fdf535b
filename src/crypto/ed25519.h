/* ed25519: signatures of RFC 8032, through OpenSSL. Keys are raw: a private key is the 32-byte seed. */
#ifndef POSTERN_CRYPTO_ED25519_H
#define POSTERN_CRYPTO_ED25519_H

#include "base/slice.h"

#define ED25519_SEED      32
#define ED25519_PUBLIC    32
#define ED25519_SIGNATURE 64

/* A fresh seed from the system's random source. 0, -EIO. */
[[nodiscard]] int ed25519_new(uint8_t seed[ED25519_SEED]);
/* The public key of a seed. 0, -ENOMEM. */
[[nodiscard]] int ed25519_public(const uint8_t seed[ED25519_SEED], uint8_t public[ED25519_PUBLIC]);
/* 0, -ENOMEM. */
[[nodiscard]] int ed25519_sign(const uint8_t seed[ED25519_SEED], struct slice message, uint8_t signature[ED25519_SIGNATURE]);
/* 0; -EBADMSG: the signature (of any length) is not one of this message by this key; -ENOMEM. */
[[nodiscard]] int ed25519_verify(const uint8_t public[ED25519_PUBLIC], struct slice message, struct slice signature);

#endif
