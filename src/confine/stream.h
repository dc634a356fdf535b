/* stream: bytes that look random and follow from a key: the same key, the same bytes. For noise that a trial is to share with another, not
 * for secrets: nothing here is kept from anybody. */
#ifndef POSTERN_CONFINE_STREAM_H
#define POSTERN_CONFINE_STREAM_H

#include <stddef.h>
#include <stdint.h>

struct stream_key {
	uint32_t w[8];
};

/* The key that belongs to a name below another key; out may be from. */
void stream_derive(struct stream_key *out, const struct stream_key *from, const void *name, size_t n);
/* Bytes of the nonce-th sequence of a key, from offset `at` on, which is a multiple of 64; ChaCha20 (RFC 8439, 2.3) with a counter of 32
 * bits and the nonce in the last two words. */
void stream_read(const struct stream_key *k, uint64_t nonce, uint64_t at, void *out, size_t n);

#endif
