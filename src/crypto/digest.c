#include "crypto/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

static const struct {
	const char *name, *openssl;
	size_t size;
} table[DIGEST_END] = {
        [DIGEST_MD5] = {"md5", "MD5", 16},
        [DIGEST_SHA1] = {"sha1", "SHA1", 20},
        [DIGEST_SHA224] = {"sha224", "SHA224", 28},
        [DIGEST_SHA256] = {"sha256", "SHA256", 32},
        [DIGEST_SHA384] = {"sha384", "SHA384", 48},
        [DIGEST_SHA512] = {"sha512", "SHA512", 64},
        [DIGEST_SHA3_256] = {"sha3-256", "SHA3-256", 32},
        [DIGEST_BLAKE2B] = {"blake2b", "BLAKE2b512", 64},
        [DIGEST_BLAKE2S] = {"blake2s", "BLAKE2s256", 32},
};

struct digest_stream {
	EVP_MD_CTX *ctx;
};

const char *digest_name(enum digest d)
{
	return table[d].name;
}

size_t digest_size(enum digest d)
{
	return table[d].size;
}

/* Fetching an algorithm costs more than a short digest: each is fetched once and kept for the life of the process. */
static const EVP_MD *algorithm(enum digest d)
{
	static EVP_MD *kept[DIGEST_END];
	if (!kept[d])
		kept[d] = EVP_MD_fetch(NULL, table[d].openssl, NULL);
	return kept[d];
}

int digest_of(enum digest d, struct slice in, uint8_t *out)
{
	const EVP_MD *md = algorithm(d);
	if (!md)
		return -ENOTSUP;
	return EVP_Digest(in.p, in.n, out, NULL, md, NULL) == 1 ? 0 : -ENOMEM;
}

int digest_hmac(enum digest d, struct slice key, struct slice in, uint8_t *out)
{
	const EVP_MD *md = algorithm(d);
	if (!md)
		return -ENOTSUP;
	if (key.n > INT32_MAX)
		return -EINVAL;
	return HMAC(md, key.p ? key.p : (const uint8_t *)"", (int)key.n, in.p, in.n, out, NULL) ? 0 : -ENOMEM;
}

int digest_stream_new(enum digest d, struct digest_stream **out)
{
	const EVP_MD *md = algorithm(d);
	if (!md)
		return -ENOTSUP;
	struct digest_stream *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->ctx = EVP_MD_CTX_new();
	if (!s->ctx || EVP_DigestInit_ex(s->ctx, md, NULL) != 1) {
		digest_stream_free(s);
		return -ENOMEM;
	}
	*out = s;
	return 0;
}

int digest_stream_add(struct digest_stream *s, struct slice in)
{
	return EVP_DigestUpdate(s->ctx, in.p, in.n) == 1 ? 0 : -EIO;
}

int digest_stream_end(struct digest_stream *s, uint8_t *out)
{
	int r = EVP_DigestFinal_ex(s->ctx, out, NULL) == 1 ? 0 : -EIO;
	digest_stream_free(s);
	return r;
}

void digest_stream_free(struct digest_stream *s)
{
	if (!s)
		return;
	EVP_MD_CTX_free(s->ctx);
	free(s);
}

void digest_sha256_hex(struct slice in, char out[65])
{
	static const char hex[] = "0123456789abcdef";
	uint8_t d[32];
	/* SHA-256 is always there; if it is not, nothing in this program can be trusted. */
	if (digest_of(DIGEST_SHA256, in, d) < 0)
		abort();
	for (int i = 0; i < 32; i++) {
		out[2 * i] = hex[d[i] >> 4];
		out[2 * i + 1] = hex[d[i] & 15];
	}
	out[64] = 0;
}
