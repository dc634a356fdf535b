/* aead: authenticated encryption: AES-256-GCM (NIST SP 800-38D) through OpenSSL, and the STREAM construction (Hoang, Reyhanitabar, Rogaway,
 * Vizár 2015) over it, in the form that age uses, so that large bodies are read and written in pieces that cannot be reordered, cut off or
 * put in.
 *
 * GCM binds a ciphertext to its key only by accident: who makes up both can have one ciphertext that opens under two keys. Where that
 * matters the caller commits to the key (ledger/blob.h does). */
#ifndef POSTERN_CRYPTO_AEAD_H
#define POSTERN_CRYPTO_AEAD_H

#include "base/slice.h"

#define AEAD_KEY   32
#define AEAD_NONCE 12
#define AEAD_TAG   16

/* A fresh key from the system's random source. 0, -EIO. */
[[nodiscard]] int aead_new(uint8_t key[AEAD_KEY]);
/* out takes plain.n + AEAD_TAG bytes: the ciphertext, then the tag; it may not overlap. A nonce must never be used twice with a key. At
 * most 1 GiB (-EMSGSIZE). 0, -ENOMEM. */
[[nodiscard]] int aead_seal(
        const uint8_t key[AEAD_KEY], const uint8_t nonce[AEAD_NONCE], struct slice aad, struct slice plain, uint8_t *out);
/* The way back: out takes sealed.n - AEAD_TAG bytes. -EBADMSG: not made with this key, nonce and aad, or changed; then out is zeroed. */
[[nodiscard]] int aead_open(
        const uint8_t key[AEAD_KEY], const uint8_t nonce[AEAD_NONCE], struct slice aad, struct slice sealed, uint8_t *out);

/* A stream: pieces of AEAD_CHUNK bytes, the last one shorter or as long, empty only if it is the only one; sealed one by one with their
 * number and whether they are the last in the nonce. So a key serves one stream only. `number` counts from 0; past 2^32 - 1: -EMSGSIZE. */
#define AEAD_CHUNK ((size_t)64 << 10)
[[nodiscard]] int aead_chunk_seal(
        const uint8_t key[AEAD_KEY], uint64_t number, bool last, struct slice aad, struct slice plain, uint8_t *out);
[[nodiscard]] int aead_chunk_open(
        const uint8_t key[AEAD_KEY], uint64_t number, bool last, struct slice aad, struct slice sealed, uint8_t *out);

#endif
