/* pubkey_part: keys out of what OpenSSL has read. Not for use outside of src/crypto. */
#ifndef POSTERN_CRYPTO_PUBKEY_PART_H
#define POSTERN_CRYPTO_PUBKEY_PART_H

#include <openssl/evp.h>

#include "crypto/pubkey.h"

/* Takes the key, also when it fails; it may be NULL. As pubkey_new(). */
[[nodiscard]] int pubkey_take(EVP_PKEY *key, struct pubkey **out);

#endif
