#include "crypto/aead.h"

#include <errno.h>
#include <openssl/evp.h>
#include <sys/random.h>

#define MOST ((size_t)1 << 30)

int aead_new(uint8_t key[AEAD_KEY])
{
	/* Up to 256 bytes come whole or not at all. */
	return getrandom(key, AEAD_KEY, 0) == AEAD_KEY ? 0 : -EIO;
}

static bool add_aad(EVP_CIPHER_CTX *ctx, struct slice aad)
{
	int n = 0;
	return aad.n == 0 || (aad.n <= MOST && EVP_CipherUpdate(ctx, NULL, &n, aad.p, (int)aad.n) == 1);
}

int aead_seal(const uint8_t key[AEAD_KEY], const uint8_t nonce[AEAD_NONCE], struct slice aad, struct slice plain, uint8_t *out)
{
	int n = 0, rest = 0;
	if (plain.n > MOST)
		return -EMSGSIZE;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	bool ok = ctx && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1 && add_aad(ctx, aad) &&
	          (plain.n == 0 || EVP_EncryptUpdate(ctx, out, &n, plain.p, (int)plain.n) == 1) &&
	          EVP_EncryptFinal_ex(ctx, out + n, &rest) == 1 && (size_t)n + (size_t)rest == plain.n &&
	          EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG, out + plain.n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok ? 0 : -ENOMEM;
}

int aead_open(const uint8_t key[AEAD_KEY], const uint8_t nonce[AEAD_NONCE], struct slice aad, struct slice sealed, uint8_t *out)
{
	uint8_t tag[AEAD_TAG];
	int n = 0, rest = 0, r = -ENOMEM;
	if (sealed.n < AEAD_TAG)
		return -EBADMSG;
	size_t size = sealed.n - AEAD_TAG;
	if (size > MOST)
		return -EMSGSIZE;
	memcpy(tag, sealed.p + size, AEAD_TAG);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	if (ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1 && add_aad(ctx, aad) &&
	        (size == 0 || EVP_DecryptUpdate(ctx, out, &n, sealed.p, (int)size) == 1) &&
	        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG, tag) == 1)
		r = EVP_DecryptFinal_ex(ctx, out + n, &rest) == 1 && (size_t)n + (size_t)rest == size ? 0 : -EBADMSG;
	EVP_CIPHER_CTX_free(ctx);
	/* What was not authenticated is nobody's to see. */
	if (r < 0 && size)
		memset(out, 0, size);
	return r;
}

/* Seven bytes of zeros, the number, the mark of the last. */
static int chunk_nonce(uint64_t number, bool last, uint8_t nonce[AEAD_NONCE])
{
	if (number > UINT32_MAX)
		return -EMSGSIZE;
	memset(nonce, 0, AEAD_NONCE);
	for (size_t i = 0; i < 4; i++)
		nonce[10 - i] = (uint8_t)(number >> (8 * i));
	nonce[11] = last;
	return 0;
}

int aead_chunk_seal(const uint8_t key[AEAD_KEY], uint64_t number, bool last, struct slice aad, struct slice plain, uint8_t *out)
{
	uint8_t nonce[AEAD_NONCE];
	int r = chunk_nonce(number, last, nonce);
	return r < 0 ? r : aead_seal(key, nonce, aad, plain, out);
}

int aead_chunk_open(const uint8_t key[AEAD_KEY], uint64_t number, bool last, struct slice aad, struct slice sealed, uint8_t *out)
{
	uint8_t nonce[AEAD_NONCE];
	int r = chunk_nonce(number, last, nonce);
	return r < 0 ? r : aead_open(key, nonce, aad, sealed, out);
}
