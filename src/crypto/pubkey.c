#include "crypto/pubkey.h"

#include <errno.h>
#include <limits.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/cleanup.h"
#include "crypto/pubkey_part.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192 /* a check with more takes long */

struct pubkey {
	EVP_PKEY *key;
	enum digest digest;
};

static const struct {
	const char *curve;
	enum digest digest;
} curves[] = {{"prime256v1", DIGEST_SHA256}, {"secp384r1", DIGEST_SHA384}, {"secp521r1", DIGEST_SHA512}};

static int digest_for(const EVP_PKEY *key, enum digest *out)
{
	char name[64];
	size_t n;
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_ED25519:
		*out = DIGEST_END;
		return 0;
	case EVP_PKEY_RSA:
		*out = DIGEST_SHA256;
		return EVP_PKEY_get_bits(key) >= RSA_BITS_MIN && EVP_PKEY_get_bits(key) <= RSA_BITS_MAX ? 0 : -ENOTSUP;
	case EVP_PKEY_EC:
		break;
	default:
		return -ENOTSUP;
	}
	/* Curves that are written out, rather than named, have no name here. */
	if (EVP_PKEY_get_group_name(key, name, sizeof(name), &n) != 1)
		return -ENOTSUP;
	for (size_t i = 0; i < ARRAY_LEN(curves); i++)
		if (strcmp(name, curves[i].curve) == 0) {
			*out = curves[i].digest;
			return 0;
		}
	return -ENOTSUP;
}

int pubkey_take(EVP_PKEY *key, struct pubkey **out)
{
	enum digest digest = DIGEST_END;
	int r = key ? digest_for(key, &digest) : -EBADMSG;
	struct pubkey *k = r == 0 ? malloc(sizeof(*k)) : NULL;
	if (!k) {
		EVP_PKEY_free(key);
		return r < 0 ? r : -ENOMEM;
	}
	*k = (struct pubkey){.key = key, .digest = digest};
	*out = k;
	return 0;
}

int pubkey_new(struct slice der, bool pkcs1, struct pubkey **out)
{
	const unsigned char *p = der.p;
	if (der.n == 0 || der.n > LONG_MAX)
		return -EBADMSG;
	EVP_PKEY *key = pkcs1 ? d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, (long)der.n) : d2i_PUBKEY(NULL, &p, (long)der.n);
	if (key && p != der.p + der.n) {
		EVP_PKEY_free(key);
		return -EBADMSG;
	}
	return pubkey_take(key, out);
}

void pubkey_free(struct pubkey *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->key);
	free(k);
}

enum digest pubkey_digest(const struct pubkey *k)
{
	return k->digest;
}

int pubkey_id(const struct pubkey *k, uint8_t out[32])
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(k->key, &der);
	int r = n > 0 ? digest_of(DIGEST_SHA256, slice_of(der, (size_t)n), out) : -ENOMEM;
	OPENSSL_free(der);
	return r;
}

bool pubkey_same(const struct pubkey *a, const struct pubkey *b)
{
	return EVP_PKEY_eq(a->key, b->key) == 1;
}

static const EVP_MD *md_of(enum digest d)
{
	return d == DIGEST_SHA256 ? EVP_sha256() : d == DIGEST_SHA384 ? EVP_sha384() : d == DIGEST_SHA512 ? EVP_sha512() : NULL;
}

int pubkey_verify(const struct pubkey *k, struct slice message, struct slice signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int r = -ENOMEM;
	/* For RSA the padding of PKCS #1 v1.5 is what OpenSSL takes if it is told nothing. */
	if (ctx && EVP_DigestVerifyInit(ctx, NULL, md_of(k->digest), NULL, k->key) == 1)
		r = EVP_DigestVerify(ctx, signature.p, signature.n, message.p, message.n) == 1 ? 0 : -EBADMSG;
	EVP_MD_CTX_free(ctx);
	return r;
}

int pubkey_verify_digest(const struct pubkey *k, struct slice digest, struct slice signature)
{
	if (k->digest == DIGEST_END)
		return -ENOTSUP;
	if (digest.n != digest_size(k->digest))
		return -EBADMSG;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k->key, NULL);
	int r = -ENOMEM;
	if (ctx && EVP_PKEY_verify_init(ctx) == 1 && EVP_PKEY_CTX_set_signature_md(ctx, md_of(k->digest)) == 1)
		r = EVP_PKEY_verify(ctx, signature.p, signature.n, digest.p, digest.n) == 1 ? 0 : -EBADMSG;
	EVP_PKEY_CTX_free(ctx);
	return r;
}
