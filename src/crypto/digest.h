/* digest: message digests, by name. Follows FIPS 180-4, FIPS 202, RFC 1321 and RFC 7693 through OpenSSL. */
#ifndef POSTERN_CRYPTO_DIGEST_H
#define POSTERN_CRYPTO_DIGEST_H

#include "base/slice.h"

enum digest {
	DIGEST_MD5,
	DIGEST_SHA1,
	DIGEST_SHA224,
	DIGEST_SHA256,
	DIGEST_SHA384,
	DIGEST_SHA512,
	DIGEST_SHA3_256,
	DIGEST_BLAKE2B,
	DIGEST_BLAKE2S,
	DIGEST_END
};
#define DIGEST_MAX 64

/* "md5", "sha256", "blake2b", … */
const char *digest_name(enum digest d);
/* Length in bytes of the digest. */
size_t digest_size(enum digest d);
/* One shot. out has room for DIGEST_MAX. 0, -ENOMEM, -ENOTSUP (OpenSSL was configured without it). */
[[nodiscard]] int digest_of(enum digest d, struct slice in, uint8_t *out);
/* HMAC (RFC 2104), same conventions. */
[[nodiscard]] int digest_hmac(enum digest d, struct slice key, struct slice in, uint8_t *out);

/* In pieces. */
struct digest_stream;
[[nodiscard]] int digest_stream_new(enum digest d, struct digest_stream **out);
[[nodiscard]] int digest_stream_add(struct digest_stream *s, struct slice in);
/* Writes digest_size() bytes and frees the stream, also on failure. */
[[nodiscard]] int digest_stream_end(struct digest_stream *s, uint8_t *out);
void digest_stream_free(struct digest_stream *s);
/* 64 lower-case hex digits and a NUL. */
void digest_sha256_hex(struct slice in, char out[65]);

#endif
