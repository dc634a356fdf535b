#include "crypto/signcert.h"

#include <errno.h>
#include <limits.h>
#include <openssl/asn1t.h>
#include <openssl/x509v3.h>

#include "base/cursor.h"
#include "crypto/pubkey_part.h"
#include "crypto/x509.h"

#define FULCIO         "1.3.6.1.4.1.57264.1."
#define FULCIO_NAME    FULCIO "7"
#define CLAIM_MAX      2048u
#define PROMISE_V1     0
#define PROMISE_CERT   0 /* signature_type certificate_timestamp */
#define ENTRY_PRECERT  1
#define HASH_SHA256    4
#define TIME_YEARS_MAX ((int64_t)253402300799)

struct signcert {
	X509 *leaf;
	STACK_OF(X509) * other;
	X509 *issuer; /* of the chain that was found last */
};

X509 *cert_read(struct slice der)
{
	const unsigned char *p = der.p;
	X509 *x = der.n && der.n <= LONG_MAX ? d2i_X509(NULL, &p, (long)der.n) : NULL;
	if (x && p != der.p + der.n) {
		X509_free(x);
		x = NULL;
	}
	return x;
}

int cert_stack(const struct slice *der, size_t n, STACK_OF(X509) * *out)
{
	STACK_OF(X509) *stack = sk_X509_new_null();
	int r = stack ? 0 : -ENOMEM;
	for (size_t i = 0; i < n && r == 0; i++) {
		X509 *x = cert_read(der[i]);
		r = !x ? -EBADMSG : sk_X509_push(stack, x) ? 0 : -ENOMEM;
		if (r == -ENOMEM)
			X509_free(x);
	}
	if (r < 0)
		sk_X509_pop_free(stack, X509_free);
	else
		*out = stack;
	return r;
}

int cert_time(const ASN1_TIME *t, int64_t *out)
{
	struct tm tm;
	if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
		return -EBADMSG;
	*out = (int64_t)timegm(&tm);
	return 0;
}

int signcert_new(const struct slice *der, size_t n, struct signcert **out)
{
	struct signcert *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	int r = n == 0 ? -EBADMSG : cert_stack(der + 1, n - 1, &c->other);
	if (r == 0 && !(c->leaf = cert_read(der[0])))
		r = -EBADMSG;
	if (r < 0)
		signcert_free(c);
	else
		*out = c;
	return r;
}

void signcert_free(struct signcert *c)
{
	if (!c)
		return;
	X509_free(c->leaf);
	X509_free(c->issuer);
	sk_X509_pop_free(c->other, X509_free);
	free(c);
}

bool signcert_is_root(const struct signcert *c, size_t i)
{
	X509 *x = i == 0 ? c->leaf : sk_X509_value(c->other, (int)i - 1);
	return x && (X509_get_extension_flags(x) & EXFLAG_SI);
}

bool signcert_may_sign(const struct signcert *c)
{
	uint32_t flags = X509_get_extension_flags(c->leaf), usage = X509_get_key_usage(c->leaf);
	return !(flags & (EXFLAG_INVALID | EXFLAG_CA)) && (flags & EXFLAG_XKUSAGE) &&
	       (X509_get_extended_key_usage(c->leaf) & XKU_CODE_SIGN) && (!(flags & EXFLAG_KUSAGE) || (usage & KU_DIGITAL_SIGNATURE));
}

int signcert_times(const struct signcert *c, int64_t *from, int64_t *to)
{
	int64_t a = 0, b = 0;
	if (cert_time(X509_get0_notBefore(c->leaf), &a) < 0 || cert_time(X509_get0_notAfter(c->leaf), &b) < 0)
		return -EBADMSG;
	*from = a;
	*to = b;
	return 0;
}

int signcert_key(const struct signcert *c, struct pubkey **out)
{
	return pubkey_take(X509_get_pubkey(c->leaf), out);
}

int cert_verify(X509 *leaf, STACK_OF(X509) * help, X509 *anchor, int64_t at, X509 **issuer)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int r = -ENOMEM;
	if (store && ctx && X509_STORE_add_cert(store, anchor) && X509_STORE_CTX_init(ctx, store, leaf, help)) {
		X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(ctx);
		X509_VERIFY_PARAM_set_time(p, (time_t)at);
		/* The anchor of a trusted root need not be signed by itself. Level 2: no SHA-1, no RSA below 2,048 bits. */
		(void)X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_PARTIAL_CHAIN);
		X509_VERIFY_PARAM_set_auth_level(p, 2);
		int ok = X509_verify_cert(ctx), why = X509_STORE_CTX_get_error(ctx);
		STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
		if (ok != 1)
			r = why == X509_V_ERR_CERT_HAS_EXPIRED || why == X509_V_ERR_CERT_NOT_YET_VALID ? -ETIME
			    : why == X509_V_ERR_OUT_OF_MEM                                             ? -ENOMEM
			                                                                               : -EKEYREJECTED;
		else
			r = sk_X509_num(chain) < 2 ? -EKEYREJECTED : 0;
		if (r == 0 && issuer) {
			X509_free(*issuer);
			*issuer = sk_X509_value(chain, 1);
			(void)X509_up_ref(*issuer);
		}
	}
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return r;
}

int signcert_chain(struct signcert *c, const struct slice *authority, size_t n, int64_t at)
{
	STACK_OF(X509) *help = NULL;
	int r = n == 0 ? -EBADMSG : cert_stack(authority, n, &help);
	if (r < 0)
		return r;
	X509 *anchor = sk_X509_value(help, (int)n - 1);
	for (int i = 0; i < sk_X509_num(c->other) && r == 0; i++) {
		X509 *x = sk_X509_value(c->other, i);
		(void)X509_up_ref(x);
		if (!sk_X509_push(help, x)) {
			X509_free(x);
			r = -ENOMEM;
		}
	}
	if (r == 0)
		r = cert_verify(c->leaf, help, anchor, at, &c->issuer);
	sk_X509_pop_free(help, X509_free);
	return r;
}

/* Texts that end early for one reader and not for another are refused. */
static int put_text(struct buf *out, const unsigned char *p, int n)
{
	struct slice s = slice_of(p, n > 0 ? (size_t)n : 0);
	if (s.n == 0 || s.n > CLAIM_MAX)
		return -EBADMSG;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			return -EBADMSG;
	buf_add(out, s);
	return buf_error(out);
}

static int put_other(struct buf *out, const OTHERNAME *o)
{
	char oid[64];
	if (OBJ_obj2txt(oid, sizeof(oid), o->type_id, 1) <= 0 || strcmp(oid, FULCIO_NAME) != 0 || o->value->type != V_ASN1_UTF8STRING)
		return -EBADMSG;
	return put_text(out, ASN1_STRING_get0_data(o->value->value.utf8string), ASN1_STRING_length(o->value->value.utf8string));
}

int signcert_name(const struct signcert *c, struct buf *out)
{
	int at = X509_get_ext_by_NID(c->leaf, NID_subject_alt_name, -1);
	if (at < 0)
		return -ENOENT;
	if (X509_get_ext_by_NID(c->leaf, NID_subject_alt_name, at) >= 0)
		return -EBADMSG;
	GENERAL_NAMES *names = X509V3_EXT_d2i(X509_get_ext(c->leaf, at));
	int r = -EBADMSG;
	if (names && sk_GENERAL_NAME_num(names) == 1) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, 0);
		if (g->type == GEN_URI || g->type == GEN_EMAIL)
			r = put_text(out, ASN1_STRING_get0_data(g->d.ia5), ASN1_STRING_length(g->d.ia5));
		else if (g->type == GEN_OTHERNAME)
			r = put_other(out, g->d.otherName);
	}
	GENERAL_NAMES_free(names);
	return r;
}

/* The value of the only extension of that kind: 0, -ENOENT, -EBADMSG. */
static int extension(const struct signcert *c, const char *oid, const ASN1_OCTET_STRING **value)
{
	ASN1_OBJECT *o = OBJ_txt2obj(oid, 1);
	int at = o ? X509_get_ext_by_OBJ(c->leaf, o, -1) : -1, r = at < 0 ? -ENOENT : 0;
	if (r == 0 && X509_get_ext_by_OBJ(c->leaf, o, at) >= 0)
		r = -EBADMSG;
	if (r == 0)
		*value = X509_EXTENSION_get_data(X509_get_ext(c->leaf, at));
	ASN1_OBJECT_free(o);
	return r;
}

int signcert_claim(const struct signcert *c, enum signcert_claim claim, struct buf *out)
{
	_cleanup_buf_ struct buf oid = BUF(64);
	const ASN1_OCTET_STRING *value;
	buf_fmt(&oid, FULCIO "%d", (int)claim);
	int r = extension(c, buf_str(&oid), &value);
	if (r < 0)
		return r;
	const unsigned char *p = ASN1_STRING_get0_data(value);
	int n = ASN1_STRING_length(value);
	if (claim < SIGNCERT_ISSUER)
		return put_text(out, p, n);
	const unsigned char *end = p + n;
	ASN1_UTF8STRING *text = d2i_ASN1_UTF8STRING(NULL, &p, n);
	r = text && p == end ? put_text(out, ASN1_STRING_get0_data(text), ASN1_STRING_length(text)) : -EBADMSG;
	ASN1_UTF8STRING_free(text);
	return r;
}

/* SignedCertificateTimestamp: version, log id, milliseconds, extensions, hash and kind of signature, signature. */
static bool read_promise(struct slice in, struct signcert_promise *out)
{
	struct cursor c = cursor_of(in), t;
	uint8_t version = cursor_u8(&c);
	struct slice id = cursor_take(&c, 32);
	out->raw_time = cursor_take(&c, 8);
	out->extensions = cursor_take(&c, cursor_be16(&c));
	uint8_t hash = cursor_u8(&c);
	(void)cursor_u8(&c); /* the kind of signature is that of the key */
	out->signature = cursor_take(&c, cursor_be16(&c));
	if (!cursor_ok(&c) || cursor_left(&c) || version != PROMISE_V1 || hash != HASH_SHA256)
		return false;
	memcpy(out->log, id.p, sizeof(out->log));
	t = cursor_of(out->raw_time);
	uint64_t ms = cursor_be64(&t);
	out->time = (int64_t)(ms / 1000);
	return ms / 1000 <= (uint64_t)TIME_YEARS_MAX;
}

int signcert_promises(const struct signcert *c, struct signcert_promise out[SIGNCERT_PROMISES], size_t *n)
{
	const ASN1_OCTET_STRING *value;
	int at = X509_get_ext_by_NID(c->leaf, NID_ct_precert_scts, -1);
	if (at < 0)
		return -ENOENT;
	if (X509_get_ext_by_NID(c->leaf, NID_ct_precert_scts, at) >= 0)
		return -EBADMSG;
	value = X509_EXTENSION_get_data(X509_get_ext(c->leaf, at));
	/* An OCTET STRING in the one that every extension is; what it holds must lie in the certificate, so the header is read here. */
	const unsigned char *p = ASN1_STRING_get0_data(value), *end = p + ASN1_STRING_length(value);
	long length;
	int tag, class;
	if (ASN1_get_object(&p, &length, &tag, &class, ASN1_STRING_length(value)) != 0 || tag != V_ASN1_OCTET_STRING ||
	        class != V_ASN1_UNIVERSAL || p + length != end)
		return -EBADMSG;
	struct cursor all = cursor_of(slice_of(p, (size_t)length));
	struct slice list = cursor_take(&all, cursor_be16(&all));
	struct cursor each = cursor_of(list);
	size_t found = 0;
	if (!cursor_ok(&all) || cursor_left(&all))
		return -EBADMSG;
	while (cursor_left(&each)) {
		struct slice one = cursor_take(&each, cursor_be16(&each));
		if (!cursor_ok(&each) || found == SIGNCERT_PROMISES || !read_promise(one, &out[found]))
			return -EBADMSG;
		found++;
	}
	*n = found;
	return found ? 0 : -ENOENT;
}

/* The certificate as the log saw it: without the promises (RFC 6962, section 3.2). */
static int precert(const struct signcert *c, struct buf *out)
{
	X509 *copy = X509_dup(c->leaf);
	int at = copy ? X509_get_ext_by_NID(copy, NID_ct_precert_scts, -1) : -1, r = -ENOMEM;
	unsigned char *der = NULL;
	if (at >= 0) {
		X509_EXTENSION_free(X509_delete_ext(copy, at));
		int n = i2d_re_X509_tbs(copy, &der);
		if (n > 0) {
			buf_be(out, (uint64_t)n, 3);
			buf_add(out, slice_of(der, (size_t)n));
			r = n > 0xffffff ? -EBADMSG : buf_error(out);
		}
	}
	OPENSSL_free(der);
	X509_free(copy);
	return r;
}

int signcert_promise_verify(const struct signcert *c, const struct signcert_promise *p, const struct pubkey *log)
{
	_cleanup_buf_ struct buf signed_text = BUF((size_t)32 << 20);
	_cleanup_pubkey_ struct pubkey *issuer = NULL;
	uint8_t id[32];
	int r = c->issuer ? pubkey_take(X509_get_pubkey(c->issuer), &issuer) : -EBADMSG;
	if (r == 0)
		r = pubkey_id(issuer, id);
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	buf_u8(&signed_text, PROMISE_V1);
	buf_u8(&signed_text, PROMISE_CERT);
	buf_add(&signed_text, p->raw_time);
	buf_be(&signed_text, ENTRY_PRECERT, 2);
	buf_add(&signed_text, slice_of(id, sizeof(id)));
	r = precert(c, &signed_text);
	buf_be(&signed_text, p->extensions.n, 2);
	buf_add(&signed_text, p->extensions);
	if (r == 0)
		r = buf_error(&signed_text);
	return r < 0 ? r : pubkey_verify(log, buf_slice(&signed_text), p->signature);
}
