#include "crypto/ed25519.h"

#include <errno.h>
#include <openssl/evp.h>
#include <sys/random.h>

int ed25519_new(uint8_t seed[ED25519_SEED])
{
	/* Up to 256 bytes come whole or not at all. */
	return getrandom(seed, ED25519_SEED, 0) == ED25519_SEED ? 0 : -EIO;
}

int ed25519_public(const uint8_t seed[ED25519_SEED], uint8_t public[ED25519_PUBLIC])
{
	size_t n = ED25519_PUBLIC;
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, ED25519_SEED);
	int ok = key && EVP_PKEY_get_raw_public_key(key, public, &n) == 1;
	EVP_PKEY_free(key);
	return ok ? 0 : -ENOMEM;
}

int ed25519_sign(const uint8_t seed[ED25519_SEED], struct slice message, uint8_t signature[ED25519_SIGNATURE])
{
	size_t n = ED25519_SIGNATURE;
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, ED25519_SEED);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok = key && ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
	         EVP_DigestSign(ctx, signature, &n, message.p, message.n) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return ok ? 0 : -ENOMEM;
}

int ed25519_verify(const uint8_t public[ED25519_PUBLIC], struct slice message, struct slice signature)
{
	if (signature.n != ED25519_SIGNATURE)
		return -EBADMSG;
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, ED25519_PUBLIC);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int r = -ENOMEM;
	/* A public key that is no point of the curve is found out here too, so this may say anything but 1 for a bad one. */
	if (key && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1)
		r = EVP_DigestVerify(ctx, signature.p, signature.n, message.p, message.n) == 1 ? 0 : -EBADMSG;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return r;
}
