#include "crypto/cert.h"

#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "crypto/x509.h"

#define DAY ((time_t)86400)

int cert_serial(X509 *x)
{
	uint8_t raw[16];
	if (RAND_bytes(raw, sizeof(raw)) != 1)
		return -EIO;
	raw[0] = (uint8_t)((raw[0] & 0x7f) | 0x40); /* positive, always 16 bytes */
	BIGNUM *n = BN_bin2bn(raw, sizeof(raw), NULL);
	bool ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return ok ? 0 : -ENOMEM;
}

int cert_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	bool ok = e && X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	return ok ? 0 : -EIO;
}

static int to_pem(BIO *bio, struct buf *out)
{
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);
	if (n <= 0)
		return -EIO;
	buf_add(out, slice_of(p, (size_t)n));
	return buf_error(out);
}

static int add_name(X509_NAME *name, const char *field, const char *value)
{
	return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0) ? 0 : -EIO;
}

static int fill(X509 *x, EVP_PKEY *key, const char *common_name, time_t now)
{
	X509_NAME *name = X509_get_subject_name(x);
	int r = cert_serial(x);
	if (r < 0)
		return r;
	if (!X509_set_version(x, X509_VERSION_3) || add_name(name, "C", "US") < 0 || add_name(name, "O", "Northfield Networks, Inc.") < 0 ||
	        add_name(name, "OU", "Information Security") < 0 ||
	        add_name(name, "CN", common_name ? common_name : "Northfield Root CA G2") < 0 || !X509_set_issuer_name(x, name) ||
	        !ASN1_TIME_set(X509_getm_notBefore(x), now - 370 * DAY) || !ASN1_TIME_set(X509_getm_notAfter(x), now + 9 * 365 * DAY) ||
	        !X509_set_pubkey(x, key))
		return -EIO;
	if (cert_extension(x, x, NID_basic_constraints, "critical,CA:TRUE") < 0 ||
	        cert_extension(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") < 0 ||
	        cert_extension(x, x, NID_subject_key_identifier, "hash") < 0 ||
	        cert_extension(x, x, NID_authority_key_identifier, "keyid:always") < 0 || !X509_sign(x, key, EVP_sha256()))
		return -EIO;
	return 0;
}

int cert_ca_new(const char *common_name, time_t now, struct buf *cert_pem, struct buf *key_pem)
{
	size_t cert_at = cert_pem->n, key_at = key_pem->n;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	BIO *c = BIO_new(BIO_s_mem()), *k = BIO_new(BIO_s_mem());
	int r = key && x && c && k ? fill(x, key, common_name, now) : -ENOMEM;
	if (r == 0 && (!PEM_write_bio_X509(c, x) || !PEM_write_bio_PrivateKey(k, key, NULL, NULL, 0, NULL, NULL)))
		r = -EIO;
	if (r == 0)
		r = to_pem(c, cert_pem);
	if (r == 0)
		r = to_pem(k, key_pem);
	if (r < 0) {
		cert_pem->n = cert_at;
		key_pem->n = key_at;
	}
	BIO_free(c);
	BIO_free(k);
	X509_free(x);
	EVP_PKEY_free(key);
	return r;
}

int cert_subject_hash(struct slice cert_pem, uint32_t *out)
{
	BIO *bio = cert_pem.n <= INT_MAX ? BIO_new_mem_buf(cert_pem.p, (int)cert_pem.n) : NULL;
	if (!bio)
		return -ENOMEM;
	X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	int ok = 0;
	unsigned long hash = x ? X509_NAME_hash_ex(X509_get_subject_name(x), NULL, NULL, &ok) : 0;
	int r = !x ? -EBADMSG : ok ? 0 : -EIO;
	if (r == 0)
		*out = (uint32_t)hash;
	X509_free(x);
	BIO_free(bio);
	return r;
}
