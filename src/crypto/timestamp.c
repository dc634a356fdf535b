#include "crypto/timestamp.h"

#include <errno.h>
#include <limits.h>
#include <openssl/pkcs7.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>

#include "crypto/digest.h"
#include "crypto/x509.h"

struct timestamp {
	TS_RESP *response;
	int64_t time;
};

static bool granted(TS_RESP *r)
{
	long status = ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(r)));
	return (status == TS_STATUS_GRANTED || status == TS_STATUS_GRANTED_WITH_MODS) && TS_RESP_get_token(r) && TS_RESP_get_tst_info(r);
}

int timestamp_new(struct slice der, struct timestamp **out)
{
	const unsigned char *p = der.p;
	struct timestamp *t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->response = der.n && der.n <= LONG_MAX ? d2i_TS_RESP(NULL, &p, (long)der.n) : NULL;
	if (!t->response || p != der.p + der.n || !granted(t->response) ||
	        cert_time(TS_TST_INFO_get_time(TS_RESP_get_tst_info(t->response)), &t->time) < 0) {
		timestamp_free(t);
		return -EBADMSG;
	}
	*out = t;
	return 0;
}

void timestamp_free(struct timestamp *t)
{
	if (!t)
		return;
	TS_RESP_free(t->response);
	free(t);
}

int64_t timestamp_time(const struct timestamp *t)
{
	return t->time;
}

int timestamp_is_of(const struct timestamp *t, struct slice what)
{
	static const struct {
		int nid;
		enum digest digest;
	} kinds[] = {{NID_sha256, DIGEST_SHA256}, {NID_sha384, DIGEST_SHA384}, {NID_sha512, DIGEST_SHA512}};
	uint8_t digest[DIGEST_MAX];
	TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(TS_RESP_get_tst_info(t->response));
	const ASN1_OBJECT *kind = NULL;
	X509_ALGOR_get0(&kind, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
	const ASN1_OCTET_STRING *said = TS_MSG_IMPRINT_get_msg(imprint);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (OBJ_obj2nid(kind) == kinds[i].nid) {
			int r = digest_of(kinds[i].digest, what, digest);
			if (r < 0)
				return r;
			struct slice is = slice_of(ASN1_STRING_get0_data(said), (size_t)ASN1_STRING_length(said));
			return slice_eq(is, slice_of(digest, digest_size(kinds[i].digest))) ? 0 : -EBADMSG;
		}
	return -ENOTSUP;
}

/* The one certificate of the token or the authority that signed. */
static X509 *signer_of(PKCS7 *token, STACK_OF(X509) * help)
{
	STACK_OF(X509) *signers = PKCS7_get0_signers(token, help, 0);
	X509 *x = signers && sk_X509_num(signers) == 1 ? sk_X509_value(signers, 0) : NULL;
	sk_X509_free(signers);
	return x;
}

/* OpenSSL's check looks after the purpose of the certificate, the reference to it in the token (ESSCertID), and the signature. */
static int verify(PKCS7 *token, STACK_OF(X509) * help, X509 *anchor, int64_t at)
{
	X509_STORE *store = X509_STORE_new();
	TS_VERIFY_CTX *ctx = TS_VERIFY_CTX_new();
	int r = -ENOMEM;
	if (store && ctx && X509_STORE_add_cert(store, anchor)) {
		X509_VERIFY_PARAM *p = X509_STORE_get0_param(store);
		X509_VERIFY_PARAM_set_time(p, (time_t)at);
		(void)X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_PARTIAL_CHAIN);
		X509_VERIFY_PARAM_set_auth_level(p, 2);
		(void)TS_VERIFY_CTX_set_flags(ctx, TS_VFY_SIGNATURE | TS_VFY_VERSION);
		(void)TS_VERIFY_CTX_set_certs(ctx, help);
		(void)TS_VERIFY_CTX_set_store(ctx, store);
		store = NULL;
		r = TS_RESP_verify_token(ctx, token) == 1 ? 0 : -EBADMSG;
		(void)TS_VERIFY_CTX_set_certs(ctx, NULL);
	}
	TS_VERIFY_CTX_free(ctx);
	X509_STORE_free(store);
	return r;
}

int timestamp_verify(const struct timestamp *t, const struct slice *authority, size_t n)
{
	STACK_OF(X509) *help = NULL;
	PKCS7 *token = TS_RESP_get_token(t->response);
	int r = n == 0 ? -EINVAL : cert_stack(authority, n, &help);
	if (r < 0)
		return r == -ENOMEM ? r : -EINVAL;
	X509 *signer = signer_of(token, help), *first = sk_X509_value(help, 0), *anchor = sk_X509_value(help, (int)n - 1);
	if (!signer || (!(X509_get_extension_flags(first) & EXFLAG_CA) && X509_cmp(signer, first) != 0))
		r = -EKEYREJECTED;
	if (r == 0)
		r = cert_verify(signer, help, anchor, t->time, NULL);
	if (r == 0)
		r = verify(token, help, anchor, t->time);
	sk_X509_pop_free(help, X509_free);
	return r;
}
