/* Makes evidence of origins, good and bad, with authorities of its own: a certificate authority, a certificate log, transparency logs of
 * both generations, a time-stamping authority, a registry. Usage: provenance_make FOLDER. Each case is a folder with bundle.json or npm's
 * documents, root.json and `case`: the reason that must be given, then the arguments, a line each. What is signed is the file `artefact`.
 *
 * Signatures, certificates and timestamps are made by OpenSSL, trees by the few lines here: nothing is shared with what verifies them. */
#include <err.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/encode.h"

#define T0       1700000000L
#define SIGNED   (T0 + 60)
#define YEAR     31536000L
#define ARTEFACT "what was built\n"
#define IDENTITY "https://github.com/owner/tool/.github/workflows/release.yml@refs/heads/main"
#define ISSUER   "https://token.actions.githubusercontent.com"
#define LOG1     "rekor.example"
#define LOG2     "log2.rekor.example"
#define ROOM     ((size_t)1 << 20)

static const char *deviation; /* the case at hand */
static bool is(const char *name)
{
	return strcmp(deviation, name) == 0;
}

static void must(bool ok, const char *what)
{
	if (!ok)
		errx(1, "%s: %s", deviation, what);
}

/* --- keys and signatures */

static EVP_PKEY *ca_key, *ca2_key, *ct_key, *log1_key, *log2_key, *tsa_key, *signer_key, *other_key, *registry_key, *rsa_key, *p384_key;
static X509 *ca, *inter, *strange_ca, *tsa_ca, *tsa, *strange_tsa;

static EVP_PKEY *ec(const char *curve)
{
	EVP_PKEY *k = EVP_EC_gen(curve);
	must(k != NULL, "a key");
	return k;
}

static struct buf sign(EVP_PKEY *key, struct slice what)
{
	struct buf b = BUF(4096);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	const EVP_MD *md = EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL
	                   : EVP_PKEY_get_bits(key) == 384               ? EVP_sha384()
	                                                                 : EVP_sha256();
	size_t n = 1024;
	must(c && EVP_DigestSignInit(c, NULL, md, NULL, key) == 1 && EVP_DigestSign(c, buf_room(&b, n), &n, what.p, what.n) == 1,
	        "a signature");
	b.n = n;
	EVP_MD_CTX_free(c);
	return b;
}

static struct buf spki(EVP_PKEY *key)
{
	struct buf b = BUF(8192);
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key, &der);
	must(n > 0, "a public key");
	buf_add(&b, slice_of(der, (size_t)n));
	OPENSSL_free(der);
	return b;
}

static struct buf der_of(X509 *x)
{
	struct buf b = BUF(ROOM);
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);
	must(n > 0, "a certificate");
	buf_add(&b, slice_of(der, (size_t)n));
	OPENSSL_free(der);
	return b;
}

static void b64(struct buf *out, struct slice s)
{
	encode_base64(out, s, false, true);
}

static struct buf pem_of(const char *label, struct slice der)
{
	struct buf b = BUF(ROOM);
	buf_fmt(&b, "-----BEGIN %s-----\n", label);
	b64(&b, der);
	buf_fmt(&b, "\n-----END %s-----\n", label);
	return b;
}

static void sha256(struct slice s, uint8_t out[32])
{
	must(SHA256(s.p, s.n, out) != NULL, "a digest");
}

/* The id of a log: of the first generation that of its key, of the second that of a signed note's key (name, newline, kind, key). */
static void log_id(bool second, uint8_t out[32])
{
	struct buf b = BUF(8192);
	if (second) {
		uint8_t raw[32];
		size_t n = sizeof(raw);
		must(EVP_PKEY_get_raw_public_key(log2_key, raw, &n) == 1, "a raw key");
		buf_str_add(&b, LOG2 "\n\x01");
		buf_add(&b, slice_of(raw, n));
	} else {
		buf_free(&b);
		b = spki(log1_key);
	}
	sha256(buf_slice(&b), out);
	buf_free(&b);
}

/* --- certificates */

static void add_ext(X509 *x, int nid, const char *value)
{
	X509V3_CTX c;
	X509V3_set_ctx(&c, x, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &c, nid, value);
	must(e && X509_add_ext(x, e, -1), value);
	X509_EXTENSION_free(e);
}

static void add_raw(X509 *x, const char *oid, struct slice value)
{
	ASN1_OBJECT *o = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *s = ASN1_OCTET_STRING_new();
	must(o && s && ASN1_OCTET_STRING_set(s, value.p, (int)value.n), oid);
	X509_EXTENSION *e = X509_EXTENSION_create_by_OBJ(NULL, o, 0, s);
	must(e && X509_add_ext(x, e, -1), oid);
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(s);
	ASN1_OBJECT_free(o);
}

/* A UTF8String of less than 128 bytes. */
static void add_claim(X509 *x, int number, const char *text)
{
	struct buf b = BUF(256);
	char oid[64];
	(void)snprintf(oid, sizeof(oid), "1.3.6.1.4.1.57264.1.%d", number);
	if (number >= 8) {
		must(strlen(text) < 128, text);
		buf_u8(&b, 0x0c);
		buf_u8(&b, (uint8_t)strlen(text));
	}
	buf_str_add(&b, text);
	add_raw(x, oid, buf_slice(&b));
	buf_free(&b);
}

static X509 *cert(const char *name, EVP_PKEY *key, X509 *issuer, long from, long to)
{
	static long serial = 1000;
	X509 *x = X509_new();
	X509_NAME *n = x ? X509_get_subject_name(x) : NULL;
	must(x && X509_set_version(x, X509_VERSION_3) && ASN1_INTEGER_set(X509_get_serialNumber(x), serial++), name);
	/* Certificates of signers have no name but the alternative one. */
	must(!name[0] || X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0) == 1, name);
	must(X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer) : n) && X509_set_pubkey(x, key), name);
	must(ASN1_TIME_set(X509_getm_notBefore(x), from) && ASN1_TIME_set(X509_getm_notAfter(x), to), name);
	return x;
}

static X509 *authority(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *by)
{
	X509 *x = cert(name, key, issuer, T0 - YEAR, T0 + 9 * YEAR);
	add_ext(x, NID_basic_constraints, "critical,CA:TRUE");
	add_ext(x, NID_key_usage, "critical,keyCertSign,cRLSign");
	must(X509_sign(x, by, EVP_sha256()) > 0, name);
	return x;
}

static X509 *stamper(EVP_PKEY *key, X509 *issuer, long from, long to)
{
	X509 *x = cert("tsa", key, issuer, from, to);
	add_ext(x, NID_ext_key_usage, "critical,timeStamping");
	add_ext(x, NID_key_usage, "critical,digitalSignature");
	must(X509_sign(x, ca2_key, EVP_sha256()) > 0, "tsa");
	return x;
}

/* The promise of the certificate log, over the certificate as it is now. */
static void promise(X509 *x, EVP_PKEY *issuer)
{
	struct buf text = BUF(ROOM), list = BUF(4096), key = spki(issuer), log = spki(is("sct-unknown") ? other_key : ct_key);
	struct slice extensions = is("good-promise-with-extensions") ? SLICE("\0\0\5\0\0\0\0\1") : SLICE("");
	unsigned char *tbs = NULL;
	uint8_t id[32];
	uint64_t ms = (uint64_t)(is("sct-time") ? T0 - 2 * YEAR : T0) * 1000;
	int n = i2d_re_X509_tbs(x, &tbs);
	must(n > 0, "a certificate to sign");
	sha256(buf_slice(&key), id);
	buf_be(&text, 0, 2);
	buf_be(&text, ms, 8);
	buf_be(&text, 1, 2);
	buf_add(&text, slice_of(id, 32));
	buf_be(&text, (uint64_t)n, 3);
	buf_add(&text, slice_of(tbs, (size_t)n));
	buf_be(&text, extensions.n, 2);
	buf_add(&text, extensions);
	struct buf signature = sign(is("sct-bad") ? other_key : ct_key, buf_slice(&text));
	sha256(buf_slice(&log), id);
	size_t one = 1 + 32 + 8 + 2 + extensions.n + 2 + 2 + signature.n;
	buf_be(&list, one + 2, 2);
	buf_be(&list, one, 2);
	buf_u8(&list, 0);
	buf_add(&list, slice_of(id, 32));
	buf_be(&list, ms, 8);
	buf_be(&list, extensions.n, 2);
	buf_add(&list, extensions);
	buf_be(&list, 0x0403, 2);
	buf_be(&list, signature.n, 2);
	buf_add(&list, buf_slice(&signature));
	ASN1_OCTET_STRING *s = ASN1_OCTET_STRING_new();
	unsigned char *der = NULL;
	must(s && ASN1_OCTET_STRING_set(s, list.p, (int)list.n), "a list of promises");
	n = i2d_ASN1_OCTET_STRING(s, &der);
	add_raw(x, "1.3.6.1.4.1.11129.2.4.2", slice_of(der, (size_t)n));
	OPENSSL_free(der);
	OPENSSL_free(tbs);
	ASN1_OCTET_STRING_free(s);
	buf_free(&text);
	buf_free(&list);
	buf_free(&key);
	buf_free(&log);
	buf_free(&signature);
}

static X509 *leaf(EVP_PKEY *key)
{
	X509 *issuer = is("certificate-untrusted") ? strange_ca : inter;
	EVP_PKEY *by = is("certificate-untrusted") ? other_key : ca2_key;
	X509 *x = cert("", key, issuer, T0, T0 + 600);
	add_ext(x, NID_key_usage, "critical,digitalSignature");
	add_ext(x, NID_ext_key_usage, is("certificate-use") ? "serverAuth" : "codeSigning");
	if (is("good-email"))
		add_ext(x, NID_subject_alt_name, "critical,email:someone@example.com");
	else if (is("identity-several"))
		add_ext(x, NID_subject_alt_name, "critical,URI:" IDENTITY ",URI:https://other.example/");
	else if (is("good-other-name"))
		add_ext(x, NID_subject_alt_name, "critical,otherName:1.3.6.1.4.1.57264.1.7;UTF8:someone!example.com");
	else
		add_ext(x, NID_subject_alt_name, "critical,URI:" IDENTITY);
	add_claim(x, 1, is("issuer-two") ? "https://other.example" : ISSUER);
	if (is("good-old-claims")) {
		add_claim(x, 5, "owner/tool");
	} else {
		add_claim(x, 8, ISSUER);
		if (is("claim-twice"))
			add_claim(x, 8, "https://other.example");
		add_claim(x, 12, "https://github.com/owner/tool");
		add_claim(x, 18, IDENTITY);
		add_claim(x, 21, "https://github.com/owner/tool/actions/runs/1/attempts/1");
	}
	must(X509_sign(x, by, EVP_sha256()) > 0, "a leaf");
	if (!is("sct-missing")) {
		promise(x, by);
		must(X509_sign(x, by, EVP_sha256()) > 0, "a leaf");
	}
	if (is("certificate-forged")) {
		/* The right names, signed by somebody else. */
		must(X509_sign(x, other_key, EVP_sha256()) > 0, "a leaf");
	}
	return x;
}

/* --- timestamps */

static ASN1_INTEGER *serial(TS_RESP_CTX *c, void *arg)
{
	ASN1_INTEGER *i = ASN1_INTEGER_new();
	(void)c, (void)arg;
	must(i && ASN1_INTEGER_set(i, 7), "a serial number");
	return i;
}

static long stamp_time;
static int clock_of(TS_RESP_CTX *c, void *arg, long *seconds, long *micro)
{
	(void)c, (void)arg;
	*seconds = stamp_time;
	*micro = 0;
	return 1;
}

static struct buf stamp(struct slice what)
{
	bool strange = is("timestamp-untrusted");
	uint8_t digest[32];
	struct buf out = BUF(ROOM);
	TS_REQ *q = TS_REQ_new();
	TS_MSG_IMPRINT *m = TS_MSG_IMPRINT_new();
	X509_ALGOR *a = X509_ALGOR_new();
	TS_RESP_CTX *c = TS_RESP_CTX_new();
	BIO *in = BIO_new(BIO_s_mem());
	ASN1_OBJECT *policy = OBJ_txt2obj("1.2.3.4", 1);
	sha256(is("timestamp-mismatch") ? SLICE("another signature") : what, digest);
	must(q && m && a && c && in && policy && X509_ALGOR_set0(a, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL), "a timestamp");
	must(TS_REQ_set_version(q, 1) && TS_MSG_IMPRINT_set_algo(m, a) && TS_MSG_IMPRINT_set_msg(m, digest, 32) &&
	                TS_REQ_set_msg_imprint(q, m) &&
	                TS_REQ_set_cert_req(q, !is("good-stamp-without-certificate") && !is("good-dsse2")) && i2d_TS_REQ_bio(in, q),
	        "a request");
	must(TS_RESP_CTX_set_signer_cert(c, strange ? strange_tsa : tsa) && TS_RESP_CTX_set_signer_key(c, strange ? other_key : tsa_key) &&
	                TS_RESP_CTX_set_def_policy(c, policy) && TS_RESP_CTX_add_md(c, EVP_sha256()) &&
	                TS_RESP_CTX_set_signer_digest(c, EVP_sha256()) && TS_RESP_CTX_set_ess_cert_id_digest(c, EVP_sha256()),
	        "an authority");
	TS_RESP_CTX_set_serial_cb(c, serial, NULL);
	TS_RESP_CTX_set_time_cb(c, clock_of, NULL);
	stamp_time = is("timestamp-certificate-time")      ? T0 - 2 * YEAR
	             : is("timestamp-authority-time")      ? T0 + 4 * YEAR
	             : is("timestamp-outside-certificate") ? T0 + 7200
	             : is("log2-time")                     ? T0 + 300
	                                                   : SIGNED;
	TS_RESP *r = TS_RESP_create_response(c, in);
	unsigned char *der = NULL;
	int n = r ? i2d_TS_RESP(r, &der) : -1;
	must(n > 0 && TS_RESP_get_tst_info(r), "a response");
	buf_add(&out, slice_of(der, (size_t)n));
	if (is("timestamp-bad"))
		out.p[out.n - 5] ^= 1;
	OPENSSL_free(der);
	TS_RESP_free(r);
	TS_RESP_CTX_free(c);
	TS_REQ_free(q);
	TS_MSG_IMPRINT_free(m);
	X509_ALGOR_free(a);
	ASN1_OBJECT_free(policy);
	BIO_free(in);
	return out;
}

/* --- what is made */

enum form { MESSAGE, ENVELOPE, PUBLISH };
struct made {
	enum form form;
	const char *kind, *version;                       /* of the entry */
	unsigned bundle;                                  /* v0.N */
	EVP_PKEY *key;                                    /* that signs */
	bool managed;                                     /* by a key, without a certificate */
	struct buf cert, signature, payload, signed_text; /* DER, …, the message or the envelope's PAE */
};

static void statement(struct made *m)
{
	uint8_t digest[64];
	struct buf *b = &m->payload;
	must(SHA512((const uint8_t *)ARTEFACT, sizeof(ARTEFACT) - 1, digest) != NULL, "a digest");
	if (is("subject"))
		digest[0] ^= 1;
	buf_fmt(b, "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":\"pkg:npm/%s@1.2.3\",\"digest\":{\"sha512\":\"",
	        is("npm-other-package") || is("npm-other-build") ? "other" : "%40scope/tool");
	encode_hex(b, slice_of(digest, sizeof(digest)));
	if (m->form == PUBLISH) {
		buf_str_add(b, "\"}}],\"predicateType\":\"https://github.com/npm/attestation/tree/main/specs/publish/v0.1\","
		               "\"predicate\":{\"name\":\"@scope/tool\",\"version\":\"1.2.3\",\"registry\":\"https://registry.example\"}}");
		return;
	}
	buf_fmt(b,
	        "\"}}],\"predicateType\":\"https://slsa.dev/provenance/v1\",\"predicate\":{\"buildDefinition\":{\"externalParameters\":"
	        "{\"workflow\":{\"ref\":\"refs/heads/main\",\"repository\":\"https://github.com/%s\",\"path\":\".github/workflows/"
	        "%s.yml\"}}},"
	        "\"runDetails\":{\"builder\":{\"id\":\"https://builder.example\"}}}}",
	        is("statement-repository") ? "other/tool" : "owner/tool", is("statement-workflow") ? "ci" : "release");
}

static void make_signature(struct made *m)
{
	const char *type = is("content-type") ? "text/plain" : "application/vnd.in-toto+json";
	m->payload = m->signed_text = BUF(ROOM);
	if (m->form == MESSAGE) {
		buf_str_add(&m->signed_text, ARTEFACT);
	} else {
		statement(m);
		buf_fmt(&m->signed_text, "DSSEv1 %zu %s %zu ", strlen(type), type, m->payload.n);
		buf_add(&m->signed_text, buf_slice(&m->payload));
	}
	m->signature = sign(is("signature-bad") || is("envelope-signature") ? other_key : m->key, buf_slice(&m->signed_text));
}

/* The signer as the log has it. */
static struct buf verifier(const struct made *m, bool pem)
{
	struct buf der = m->managed ? spki(is("entry-key") ? other_key : m->key) : BUF(ROOM);
	if (!m->managed && is("entry-certificate")) {
		X509 *x = leaf(m->key);
		buf_free(&der);
		der = der_of(x);
		X509_free(x);
	} else if (!m->managed) {
		buf_add(&der, buf_slice(&m->cert));
	}
	if (!pem)
		return der;
	struct buf out = pem_of(m->managed ? "PUBLIC KEY" : "CERTIFICATE", buf_slice(&der));
	buf_free(&der);
	return out;
}

static struct buf body(const struct made *m)
{
	bool second = strcmp(m->version, "0.0.2") == 0 && strcmp(m->kind, "intoto") != 0, record = strcmp(m->kind, "hashedrekord") == 0;
	struct buf b = BUF(ROOM), v = verifier(m, !second), v64 = BUF(ROOM), s64 = BUF(8192), again = BUF(8192), d64 = BUF(256),
	           hex = BUF(256);
	uint8_t digest[32];
	sha256(is("entry-digest") ? SLICE("something else") : record ? buf_slice(&m->signed_text) : buf_slice(&m->payload), digest);
	b64(&v64, buf_slice(&v));
	struct buf other = sign(m->key, buf_slice(&m->signed_text));
	b64(&s64, is("entry-signature") ? buf_slice(&other) : buf_slice(&m->signature));
	b64(&again, buf_slice(&s64));
	b64(&d64, slice_of(digest, 32));
	encode_hex(&hex, slice_of(digest, 32));
	buf_fmt(&b, "{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"spec\":", m->version, is("entry-kind") ? "rekord" : m->kind);
	const char *kind = m->managed ? "publicKey" : "x509Certificate";
	if (record && second)
		buf_fmt(&b,
		        "{\"hashedRekordV002\":{\"data\":{\"algorithm\":\"SHA2_256\",\"digest\":\"%s\"},\"signature\":{\"content\":\"%s\","
		        "\"verifier\":{\"keyDetails\":\"PKIX_ECDSA_P256_SHA_256\",\"%s\":{\"rawBytes\":\"%s\"}}}}}}",
		        buf_str(&d64), buf_str(&s64), kind, buf_str(&v64));
	else if (record)
		buf_fmt(&b,
		        "{\"data\":{\"hash\":{\"algorithm\":\"sha256\",\"value\":\"%s\"}},\"signature\":{\"content\":\"%s\",\"publicKey\":"
		        "{\"content\":\"%s\"}}}}",
		        buf_str(&hex), buf_str(&s64), buf_str(&v64));
	else if (strcmp(m->kind, "intoto") == 0)
		buf_fmt(&b,
		        "{\"content\":{\"envelope\":{\"payloadType\":\"application/"
		        "vnd.in-toto+json\",\"signatures\":[{\"publicKey\":\"%s\","
		        "\"sig\":\"%s\"}]},\"payloadHash\":{\"algorithm\":\"sha256\",\"value\":\"%s\"}}}}",
		        buf_str(&v64), buf_str(&again), buf_str(&hex));
	else if (second)
		buf_fmt(&b,
		        "{\"dsseV002\":{\"payloadHash\":{\"algorithm\":\"SHA2_256\",\"digest\":\"%s\"},\"signatures\":[{\"content\":\"%s\","
		        "\"verifier\":{\"keyDetails\":\"PKIX_ECDSA_P256_SHA_256\",\"%s\":{\"rawBytes\":\"%s\"}}}]}}}",
		        buf_str(&d64), buf_str(&s64), kind, buf_str(&v64));
	else
		buf_fmt(&b,
		        "{\"payloadHash\":{\"algorithm\":\"sha256\",\"value\":\"%s\"},\"signatures\":[{\"signature\":\"%s\",\"verifier\":"
		        "\"%s\"}]}}",
		        buf_str(&hex), buf_str(&s64), buf_str(&v64));
	must(!buf_error(&b), "a body");
	buf_free(&v);
	buf_free(&v64);
	buf_free(&s64);
	buf_free(&again);
	buf_free(&d64);
	buf_free(&hex);
	buf_free(&other);
	return b;
}

static void node(const uint8_t *left, const uint8_t *right, uint8_t out[32])
{
	uint8_t b[65] = {1};
	memcpy(b + 1, left, 32);
	memcpy(b + 33, right, 32);
	sha256(slice_of(b, sizeof(b)), out);
}

static void hash_of(struct slice entry, uint8_t out[32])
{
	struct buf b = BUF(ROOM);
	buf_u8(&b, 0);
	buf_add(&b, entry);
	sha256(buf_slice(&b), out);
	buf_free(&b);
}

/* A line of a signature of a note: four bytes of the key's id, and the signature. */
static void note_line(struct buf *out, const char *name, const uint8_t id[32], struct slice signature)
{
	struct buf b = BUF(4096);
	buf_add(&b, slice_of(id, 4));
	buf_add(&b, signature);
	buf_fmt(out, "\xe2\x80\x94 %s ", name);
	b64(out, buf_slice(&b));
	buf_u8(out, '\n');
	buf_free(&b);
}

/* The entry stands third in a tree of five. */
static void proof(struct buf *out, bool second, struct slice entry)
{
	uint8_t h[5][32], left[32], right[32], four[32], root[32], id[32];
	struct buf text = BUF(4096), note = BUF(8192), root64 = BUF(64);
	const char *origin = is("good-private-name") ? "machine-7"
	                     : second                ? LOG2
	                                             : LOG1,
	           *shown = is("checkpoint-origin") ? "other.example" : origin;
	for (unsigned i = 0; i < 5; i++)
		hash_of(i == 2 ? entry : slice_of(&"abcde"[i], 1), h[i]);
	node(h[0], h[1], left);
	node(h[2], h[3], right);
	node(left, right, four);
	node(four, h[4], root);
	b64(&root64, slice_of(root, 32));
	buf_fmt(&text, "%s%s\n%d\n", shown, second ? "" : " - 123456", is("checkpoint-size") ? 6 : 5);
	if (is("checkpoint-root"))
		h[0][0] ^= 1;
	b64(&text, is("checkpoint-root") ? slice_of(h[0], 32) : slice_of(root, 32));
	buf_str_add(&text, is("checkpoint-malformed") ? "!\n" : "\n");
	log_id(second, id);
	struct buf signature = sign(is("checkpoint-bad") ? (second ? registry_key : other_key)
	                            : second             ? log2_key
	                                                 : log1_key,
	        buf_slice(&text));
	buf_add(&note, buf_slice(&text));
	buf_u8(&note, '\n');
	if (is("good-cosigned"))
		note_line(&note, "witness.example", h[4], SLICE("01234567012345670123456701234567"));
	if (is("checkpoint-hint"))
		id[0] ^= 1;
	if (is("checkpoint-unsigned"))
		note_line(&note, "witness.example", h[4], SLICE("01234567012345670123456701234567"));
	else
		note_line(&note, is("checkpoint-name") || is("checkpoint-name-1") ? "other.example" : origin, id, buf_slice(&signature));
	if (is("proof-bad"))
		h[3][7] ^= 1;
	buf_fmt(out, "\"inclusionProof\":{\"logIndex\":\"%d\",\"rootHash\":\"%s\",\"treeSize\":\"5\",\"hashes\":[\"",
	        is("proof-index") ? 1 : 2, buf_str(&root64));
	b64(out, slice_of(h[3], 32));
	buf_str_add(out, "\",\"");
	b64(out, slice_of(left, 32));
	buf_str_add(out, "\",\"");
	b64(out, slice_of(h[4], 32));
	buf_str_add(out, "\"]");
	if (!is("checkpoint-missing")) {
		buf_str_add(out, ",\"checkpoint\":{\"envelope\":");
		encode_json_string(out, buf_slice(&note));
		buf_u8(out, '}');
	}
	buf_str_add(out, "},");
	buf_free(&text);
	buf_free(&note);
	buf_free(&root64);
	buf_free(&signature);
}

static void entry(struct buf *out, const struct made *m)
{
	bool second = strcmp(m->version, "0.0.2") == 0 && strcmp(m->kind, "intoto") != 0;
	struct buf b = body(m), b64_body = BUF(ROOM), text = BUF(ROOM);
	uint8_t id[32];
	long index = second ? 2 : 100002, when = is("log-time") ? T0 - 2 * YEAR : is("set-outside-certificate") ? T0 + 7200 : SIGNED;
	b64(&b64_body, buf_slice(&b));
	log_id(second, id);
	buf_fmt(&text, "{\"body\":\"%s\",\"integratedTime\":%ld,\"logID\":\"", buf_str(&b64_body), when);
	encode_hex(&text, slice_of(id, 32));
	buf_fmt(&text, "\",\"logIndex\":%ld}", index);
	struct buf set = sign(is("set-bad") ? other_key : log1_key, buf_slice(&text));
	if (is("log-unknown"))
		id[0] ^= 1;
	buf_fmt(out, "{\"logIndex\":\"%ld\",\"logId\":{\"keyId\":\"", is("log2-index") ? 3 : index);
	b64(out, slice_of(id, 32));
	buf_fmt(out, "\"},\"kindVersion\":{\"kind\":\"%s\",\"version\":\"%s\"},", is("entry-kind") ? "rekord" : m->kind,
	        is("entry-version") ? "0.0.9" : m->version);
	if (!second && !is("set-missing") && !is("set-none")) {
		buf_fmt(out, "\"integratedTime\":\"%ld\",\"inclusionPromise\":{\"signedEntryTimestamp\":\"",
		        is("set-time") ? when + 1 : when);
		b64(out, buf_slice(&set));
		buf_str_add(out, "\"},");
	}
	if (!is("proof-missing") && (m->bundle > 1 || second))
		proof(out, second, buf_slice(&b));
	buf_fmt(out, "\"canonicalizedBody\":\"%s\"}", buf_str(&b64_body));
	buf_free(&b);
	buf_free(&b64_body);
	buf_free(&text);
	buf_free(&set);
}

static void put_cert(struct buf *out, struct slice der)
{
	buf_str_add(out, "{\"rawBytes\":\"");
	b64(out, der);
	buf_str_add(out, "\"}");
}

static void material(struct buf *out, const struct made *m)
{
	bool second = strcmp(m->version, "0.0.2") == 0 && strcmp(m->kind, "intoto") != 0;
	if (m->managed) {
		buf_fmt(out, "\"publicKey\":{\"hint\":\"%s\"}", m->form == PUBLISH ? "SHA256:registry" : "anything");
	} else if (m->bundle < 3) {
		buf_str_add(out, "\"x509CertificateChain\":{\"certificates\":[");
		put_cert(out, buf_slice(&m->cert));
		if (is("brings-root") || is("good-brings-root")) {
			struct buf root = der_of(is("brings-root") ? strange_ca : ca);
			buf_u8(out, ',');
			put_cert(out, buf_slice(&root));
			buf_free(&root);
		}
		buf_str_add(out, "]}");
	} else {
		buf_str_add(out, "\"certificate\":");
		put_cert(out, buf_slice(&m->cert));
	}
	buf_str_add(out, ",\"tlogEntries\":[");
	if (!is("log-missing"))
		entry(out, m);
	buf_u8(out, ']');
	if ((second && !is("time-missing")) || is("good-two-times") || is("timestamp-outside-certificate")) {
		struct buf t = stamp(buf_slice(&m->signature));
		buf_str_add(out, ",\"timestampVerificationData\":{\"rfc3161Timestamps\":[{\"signedTimestamp\":\"");
		b64(out, is("timestamp-malformed") ? SLICE("\x30\x03\x02\x01\x02") : buf_slice(&t));
		buf_str_add(out, "\"}]}");
		buf_free(&t);
	}
}

static struct buf bundle(struct made *m)
{
	struct buf out = BUF(ROOM);
	uint8_t digest[32];
	X509 *x = m->managed ? NULL : leaf(m->key);
	m->cert = x ? der_of(x) : BUF(1);
	make_signature(m);
	if (m->bundle < 3 || is("bundle-version"))
		buf_fmt(&out, "{\"mediaType\":\"application/vnd.dev.sigstore.bundle+json;version=0.%u\"",
		        is("bundle-version") ? 9 : m->bundle);
	else
		buf_str_add(&out, "{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\"");
	buf_str_add(&out, ",\"verificationMaterial\":{");
	material(&out, m);
	if (m->form == MESSAGE) {
		sha256(is("wrong-digest") ? SLICE("something else") : SLICE(ARTEFACT), digest);
		buf_str_add(&out, "},\"messageSignature\":{\"messageDigest\":{\"algorithm\":\"SHA2_256\",\"digest\":\"");
		b64(&out, slice_of(digest, 32));
		buf_str_add(&out, "\"},\"signature\":\"");
		b64(&out, buf_slice(&m->signature));
		buf_str_add(&out, "\"}");
	} else {
		buf_str_add(&out, "},\"dsseEnvelope\":{\"payload\":\"");
		b64(&out, buf_slice(&m->payload));
		buf_fmt(&out, "\",\"payloadType\":\"%s\",\"signatures\":[{\"sig\":\"",
		        is("content-type") ? "text/plain" : "application/vnd.in-toto+json");
		b64(&out, buf_slice(&m->signature));
		buf_str_add(&out, "\"}]}");
	}
	buf_str_add(&out, is("member-twice") ? ",\"mediaType\":\"x\"}\n" : is("cut") ? "" : "}\n");
	must(!buf_error(&out), "a bundle");
	X509_free(x);
	buf_free(&m->cert);
	buf_free(&m->signature);
	buf_free(&m->payload);
	buf_free(&m->signed_text);
	return out;
}

/* --- what it is judged against */

static void put_log(
        struct buf *out, const char *host, EVP_PKEY *key, const uint8_t id[32], const char *details, const char *from, const char *to)
{
	struct buf k = spki(key);
	buf_fmt(out, "{\"baseUrl\":\"https://%s\",\"hashAlgorithm\":\"SHA2_256\",\"publicKey\":{\"rawBytes\":\"", host);
	b64(out, buf_slice(&k));
	buf_fmt(out, "\",\"keyDetails\":\"%s\",\"validFor\":{%s%s%s", details, from[0] ? "\"start\":\"" : "", from, from[0] ? "\"" : "");
	if (to)
		buf_fmt(out, ",\"end\":\"%s\"", to);
	buf_str_add(out, "}},\"logId\":{\"keyId\":\"");
	b64(out, slice_of(id, 32));
	buf_str_add(out, "\"}}");
	buf_free(&k);
}

static void put_authority(struct buf *out, X509 *first, X509 *second, const char *from, const char *to)
{
	X509 *const all[] = {first, second};
	buf_str_add(out, "{\"certChain\":{\"certificates\":[");
	for (size_t i = 0; i < 2; i++) {
		struct buf d = der_of(all[i]);
		buf_str_add(out, i ? "," : "");
		put_cert(out, buf_slice(&d));
		buf_free(&d);
	}
	buf_fmt(out, "]},\"validFor\":{\"start\":\"%s\"", from);
	if (to)
		buf_fmt(out, ",\"end\":\"%s\"", to);
	buf_str_add(out, "}}");
}

static struct buf root(void)
{
	struct buf out = BUF(ROOM), ct = spki(ct_key);
	uint8_t id[32];
	const char *from = "2023-01-01T00:00:00Z", *past = "2023-02-01T00:00:00.999Z";
	buf_str_add(&out, "{\"mediaType\":\"application/vnd.dev.sigstore.trustedroot+json;version=0.1\",\"tlogs\":[");
	log_id(false, id);
	put_log(&out, LOG1, log1_key, id, "PKIX_ECDSA_P256_SHA_256", is("root-without-start") ? "" : from, NULL);
	buf_u8(&out, ',');
	log_id(true, id);
	put_log(&out, LOG2, log2_key, id, "PKIX_ED25519", from, is("log2-time") ? "2023-11-14T22:15:00Z" : NULL);
	buf_str_add(&out, "],\"certificateAuthorities\":[");
	put_authority(&out, inter, ca, from, is("certificate-authority-time") ? past : NULL);
	buf_str_add(&out, "],\"ctlogs\":[");
	sha256(buf_slice(&ct), id);
	put_log(&out, "ct.example", ct_key, id, "PKIX_ECDSA_P256_SHA_256", from, NULL);
	buf_str_add(&out, "],\"timestampAuthorities\":[");
	put_authority(&out, tsa, tsa_ca, "2021-01-01T00:00:00Z", "2025-01-01T00:00:00Z");
	buf_str_add(&out, "]}\n");
	must(!buf_error(&out), "a root");
	buf_free(&ct);
	return out;
}

/* --- cases */

static const char *folder;
static void put_file(const char *name, struct slice text)
{
	char path[4096];
	(void)snprintf(path, sizeof(path), "%s/%s/%s", folder, deviation, name);
	FILE *f = fopen(path, "we");
	if (!f || fwrite(text.p, 1, text.n, f) != text.n || fclose(f) != 0)
		err(1, "%s", path);
}

#define PIN      "--repository owner/tool --workflow release.yml"
#define IDENT    "--identity " IDENTITY " --issuer " ISSUER
#define KEY      "--key key.pem"
#define NPM      "--npm-document doc.json --npm-keys keys.json --npm-attestations att.json --package @scope/tool@1.2.3"
#define VERIFIED "verified"

struct one {
	const char *name, *reason, *arguments;
	struct made made;
};
#define M1                                                                       \
	{                                                                        \
		MESSAGE, "hashedrekord", "0.0.1", 3, NULL, false, {0}, {0}, {0}, \
		{                                                                \
			0                                                        \
		}                                                                \
	}
#define M01                                                                      \
	{                                                                        \
		MESSAGE, "hashedrekord", "0.0.1", 1, NULL, false, {0}, {0}, {0}, \
		{                                                                \
			0                                                        \
		}                                                                \
	}
#define M02                                                                      \
	{                                                                        \
		MESSAGE, "hashedrekord", "0.0.1", 2, NULL, false, {0}, {0}, {0}, \
		{                                                                \
			0                                                        \
		}                                                                \
	}
#define M2                                                                       \
	{                                                                        \
		MESSAGE, "hashedrekord", "0.0.2", 3, NULL, false, {0}, {0}, {0}, \
		{                                                                \
			0                                                        \
		}                                                                \
	}
#define E1                                                                \
	{                                                                 \
		ENVELOPE, "dsse", "0.0.1", 3, NULL, false, {0}, {0}, {0}, \
		{                                                         \
			0                                                 \
		}                                                         \
	}
#define E2                                                                \
	{                                                                 \
		ENVELOPE, "dsse", "0.0.2", 3, NULL, false, {0}, {0}, {0}, \
		{                                                         \
			0                                                 \
		}                                                         \
	}
#define EH2                                                                       \
	{                                                                         \
		ENVELOPE, "hashedrekord", "0.0.2", 3, NULL, false, {0}, {0}, {0}, \
		{                                                                 \
			0                                                         \
		}                                                                 \
	}
#define EI                                                                  \
	{                                                                   \
		ENVELOPE, "intoto", "0.0.2", 2, NULL, false, {0}, {0}, {0}, \
		{                                                           \
			0                                                   \
		}                                                           \
	}
#define K1                                                                      \
	{                                                                       \
		MESSAGE, "hashedrekord", "0.0.1", 3, NULL, true, {0}, {0}, {0}, \
		{                                                               \
			0                                                       \
		}                                                               \
	}
#define K2                                                                      \
	{                                                                       \
		MESSAGE, "hashedrekord", "0.0.2", 3, NULL, true, {0}, {0}, {0}, \
		{                                                               \
			0                                                       \
		}                                                               \
	}

static const struct one cases[] = {
        {"good-message", VERIFIED, PIN, M1},
        {"good-v01", VERIFIED, IDENT, M01},
        {"good-v02", VERIFIED, IDENT, M02},
        {"good-rekor2", VERIFIED, PIN, M2},
        {"good-dsse", VERIFIED, PIN, E1},
        {"good-dsse2", VERIFIED, PIN, E2},
        {"good-record-of-envelope", VERIFIED, PIN, EH2},
        {"good-intoto", VERIFIED, PIN, EI},
        {"good-key", VERIFIED, KEY, K1},
        {"good-key2", VERIFIED, KEY, K2},
        {"good-rsa", VERIFIED, PIN, M2},
        {"good-p384", VERIFIED, PIN, M1},
        {"good-ed25519", VERIFIED, PIN, EH2},
        {"good-email", VERIFIED, "--identity someone@example.com --issuer " ISSUER, M1},
        {"good-other-name", VERIFIED, "--identity someone!example.com --issuer " ISSUER, M1},
        {"good-old-claims", VERIFIED, PIN, M1},
        {"good-url", VERIFIED, "--repository https://github.com/owner/tool.git", M1},
        {"good-workflow-path", VERIFIED, "--repository Owner/Tool --workflow .github/workflows/release.yml", E1},
        {"good-promise-with-extensions", VERIFIED, PIN, M1},
        {"good-private-name", VERIFIED, PIN, M1},
        {"good-cosigned", VERIFIED, PIN, M2},
        {"good-stamp-without-certificate", VERIFIED, PIN, M2},
        {"good-two-times", VERIFIED, PIN, M1},
        {"good-brings-root", VERIFIED, PIN, M01},
        /* An entry with a proof and no promise has no time of its own. */
        {"set-none", "time-missing", PIN, M1},

        {"bundle-version", "bundle-malformed", PIN, M1},
        {"member-twice", "bundle-malformed", PIN, M1},
        {"cut", "bundle-malformed", PIN, M1},
        {"content-type", "content-unknown", PIN, E1},
        {"wrong-digest", "artefact-mismatch", PIN, M1},
        {"subject", "artefact-mismatch", PIN, E1},
        {"signature-bad", "signature-bad", PIN, M1},
        {"envelope-signature", "signature-bad", PIN, E1},
        {"signature-kind", "signature-kind", PIN, M1},
        {"key-missing", "key-missing", PIN, K1},
        {"key-of-another", "key-mismatch", "--key other.pem", K1},
        {"key-and-certificate", "key-mismatch", KEY, M1},
        {"entry-key", "entry-signer", KEY, K1},
        {"brings-root", "certificate-malformed", PIN, M01},
        {"certificate-use", "certificate-use", PIN, M1},
        {"certificate-untrusted", "certificate-untrusted", PIN, M1},
        {"certificate-forged", "certificate-untrusted", PIN, M1},
        {"certificate-authority-time", "certificate-authority-time", PIN, M1},
        {"set-outside-certificate", "certificate-time", PIN, M1},
        {"timestamp-outside-certificate", "certificate-time", PIN, M1},
        {"sct-missing", "sct-missing", PIN, M1},
        {"sct-unknown", "sct-unknown-log", PIN, M1},
        {"sct-time", "sct-time", PIN, M1},
        {"sct-bad", "sct-bad", PIN, M1},
        {"log-missing", "log-missing", PIN, M1},
        {"log-unknown", "log-unknown", PIN, M1},
        {"log-time", "log-time", PIN, M1},
        {"log2-time", "log-time", PIN, M2},
        {"set-missing", "set-missing", PIN, M01},
        {"set-bad", "set-bad", PIN, M1},
        {"set-time", "set-bad", PIN, M1},
        {"proof-missing", "proof-missing", PIN, M1},
        {"checkpoint-missing", "proof-missing", PIN, M2},
        {"proof-bad", "proof-bad", PIN, M1},
        {"proof-index", "proof-bad", PIN, M1},
        {"log2-index", "proof-bad", PIN, M2},
        {"checkpoint-malformed", "checkpoint-malformed", PIN, M1},
        {"checkpoint-root", "checkpoint-root", PIN, M1},
        {"checkpoint-size", "checkpoint-root", PIN, M2},
        {"checkpoint-unsigned", "checkpoint-unsigned", PIN, M1},
        {"checkpoint-name", "checkpoint-unsigned", PIN, M2},
        {"checkpoint-name-1", "checkpoint-unsigned", PIN, M1},
        {"checkpoint-hint", "checkpoint-unsigned", PIN, M1},
        {"checkpoint-origin", "checkpoint-unsigned", PIN, M2},
        {"checkpoint-bad", "checkpoint-bad", PIN, M1},
        {"entry-kind", "entry-malformed", PIN, M1},
        {"entry-version", "entry-malformed", PIN, M1},
        {"entry-digest", "entry-digest", PIN, E2},
        {"entry-signature", "entry-signature", PIN, EI},
        {"entry-certificate", "entry-signer", PIN, M2},
        {"time-missing", "time-missing", PIN, M2},
        {"timestamp-malformed", "timestamp-malformed", PIN, M2},
        {"timestamp-mismatch", "timestamp-mismatch", PIN, M2},
        {"timestamp-untrusted", "timestamp-untrusted", PIN, M2},
        {"timestamp-bad", "timestamp-bad", PIN, M2},
        {"timestamp-certificate-time", "timestamp-time", PIN, M2},
        {"timestamp-authority-time", "timestamp-time", PIN, M2},
        {"identity-other", "identity-mismatch", "--identity x@example.com --issuer " ISSUER, M1},
        {"identity-several", "identity-mismatch", IDENT, M1},
        {"issuer-other", "issuer-mismatch", "--identity " IDENTITY " --issuer https://accounts.example", M1},
        {"claim-twice", "certificate-malformed", IDENT, M1},
        {"issuer-two", "issuer-mismatch", IDENT, M1},
        {"repository-other", "repository-mismatch", "--repository owner/toolbox", M1},
        {"repository-prefix", "repository-mismatch", "--repository owner/too", M1},
        {"good-ref", VERIFIED, "--repository owner/tool --workflow release.yml@refs/heads/main", M1},
        {"workflow-ref", "workflow-mismatch", "--repository owner/tool --workflow release.yml@refs/heads/ma", M1},
        {"workflow-no-ref", "workflow-mismatch", "--repository owner/tool --workflow release.yml@", M1},
        {"workflow-other", "workflow-mismatch", "--repository owner/tool --workflow ci.yml", M1},
        {"statement-repository", "statement-mismatch", PIN, E1},
        {"statement-workflow", "statement-mismatch", PIN, EH2},
        {"root-without-start", "", PIN, M1},
};

static void write_case(const struct one *c)
{
	char path[4096];
	struct buf text = BUF(4096), r = root(), k = spki(signer_key), o = spki(other_key), b;
	struct made m = c->made;
	(void)snprintf(path, sizeof(path), "%s/%s", folder, c->name);
	if (mkdir(path, 0755) < 0)
		err(1, "%s", path);
	m.key = is("good-rsa") ? rsa_key : is("good-p384") ? p384_key : is("signature-kind") || is("good-ed25519") ? log2_key : signer_key;
	b = bundle(&m);
	buf_fmt(&text, "%s\n%s\n", c->reason, c->arguments);
	struct buf pem = pem_of("PUBLIC KEY", buf_slice(&k)), other = pem_of("PUBLIC KEY", buf_slice(&o));
	put_file("case", buf_slice(&text));
	put_file("bundle.json", buf_slice(&b));
	put_file("root.json", buf_slice(&r));
	put_file("key.pem", buf_slice(&pem));
	put_file("other.pem", buf_slice(&other));
	struct buf *const all[] = {&text, &r, &k, &o, &b, &pem, &other};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		buf_free(all[i]);
}

/* npm's: the document, the registry's keys, the attestations. */
static const struct {
	const char *name, *reason, *arguments;
} npm_cases[] = {
        {"npm-good", VERIFIED, NPM " " PIN},
        {"npm-good-expired-key", VERIFIED, NPM " " PIN},
        {"npm-integrity", "integrity-mismatch", NPM " " PIN},
        {"npm-integrity-twice", "document-malformed", NPM " " PIN},
        {"npm-name", "package-mismatch", "--npm-document doc.json --npm-keys keys.json --package @scope/tool@1.2.4"},
        {"npm-other-package", "package-mismatch", NPM " " PIN},
        {"npm-other-build", "package-mismatch", "--npm-attestations att.json --package @scope/tool@1.2.3 " PIN},
        {"npm-signature", "registry-signature-bad", NPM " " PIN},
        {"npm-key", "registry-key-unknown", "--npm-document doc.json --npm-keys keys.json"},
        {"npm-publish-key-expired", "registry-key-unknown", "--npm-keys keys.json --npm-attestations att.json"},
        {"npm-key-expired", "registry-key-expired", "--npm-document doc.json --npm-keys keys.json"},
        {"npm-stripped", "no-registry-signature", "--npm-document doc.json --npm-keys keys.json"},
        {"npm-no-integrity", "no-integrity", "--npm-document doc.json"},
        {"npm-no-attestation", "no-attestation", "--npm-document doc.json --npm-keys keys.json " PIN},
        {"npm-no-build", "no-attestation", NPM " " PIN},
        {"npm-predicate", "content-unknown", NPM " " PIN},
        {"npm-repository", "repository-mismatch", NPM " --repository other/tool"},
        {"npm-nothing", "no-evidence", ""},
};

static struct buf document(void)
{
	struct buf out = BUF(ROOM), integrity = BUF(256), text = BUF(1024);
	uint8_t digest[64];
	must(SHA512((const uint8_t *)ARTEFACT, sizeof(ARTEFACT) - 1, digest) != NULL, "a digest");
	digest[3] ^= is("npm-integrity");
	buf_str_add(&integrity, "sha512-");
	b64(&integrity, slice_of(digest, sizeof(digest)));
	if (is("npm-integrity-twice")) {
		buf_str_add(&integrity, " sha512-");
		b64(&integrity, slice_of(digest, sizeof(digest)));
	}
	buf_fmt(&text, "@scope/tool@%s:%s", is("npm-signature") ? "1.2.2" : "1.2.3", buf_str(&integrity));
	struct buf signature = sign(registry_key, buf_slice(&text));
	buf_fmt(&out, "{\"name\":\"@scope/tool\",\"version\":\"1.2.3\",\"dist\":{\"%s\":\"%s\",\"signatures\":[",
	        is("npm-no-integrity") ? "shasum" : "integrity", buf_str(&integrity));
	if (!is("npm-stripped")) {
		buf_fmt(&out, "{\"keyid\":\"%s\",\"sig\":\"", is("npm-key") ? "SHA256:another" : "SHA256:registry");
		b64(&out, buf_slice(&signature));
		buf_str_add(&out, "\"}");
	}
	buf_str_add(&out, "]}}\n");
	buf_free(&integrity);
	buf_free(&text);
	buf_free(&signature);
	return out;
}

static struct buf keys(void)
{
	struct buf out = BUF(ROOM), k = spki(registry_key);
	bool late = is("npm-key-expired") || is("npm-good-expired-key"), early = is("npm-publish-key-expired");
	buf_fmt(&out, "{\"keys\":[{\"expires\":%s,\"keyid\":\"SHA256:registry\",\"keytype\":\"ecdsa-sha2-nistp256\",\"key\":\"",
	        late    ? "\"2024-01-01T00:00:00.000Z\""
	        : early ? "\"2023-01-01T00:00:00.000Z\""
	                : "null");
	b64(&out, buf_slice(&k));
	buf_str_add(&out, "\"}]}\n");
	buf_free(&k);
	return out;
}

static struct buf attestations(void)
{
	struct made build = E1, publish = {PUBLISH, "dsse", "0.0.1", 3, registry_key, true, {0}, {0}, {0}, {0}};
	struct buf out = BUF(ROOM), b = BUF(1), p;
	build.key = signer_key;
	b = bundle(&build);
	p = bundle(&publish);
	buf_fmt(&out,
	        "{\"attestations\":[{\"predicateType\":\"https://github.com/npm/attestation/tree/main/specs/publish/v0.1\",\"bundle\":%s}",
	        buf_str(&p));
	if (!is("npm-no-build"))
		buf_fmt(&out, ",{\"predicateType\":\"https://slsa.dev/provenance/%s\",\"bundle\":%s}", is("npm-predicate") ? "v2" : "v1",
		        buf_str(&b));
	buf_str_add(&out, "]}\n");
	buf_free(&b);
	buf_free(&p);
	return out;
}

static void write_npm(size_t i)
{
	char path[4096];
	struct buf text = BUF(4096), r = root(), d = document(), k = keys(), a = attestations();
	(void)snprintf(path, sizeof(path), "%s/%s", folder, npm_cases[i].name);
	if (mkdir(path, 0755) < 0)
		err(1, "%s", path);
	buf_fmt(&text, "%s\n%s\n", npm_cases[i].reason, npm_cases[i].arguments);
	put_file("case", buf_slice(&text));
	put_file("root.json", buf_slice(&r));
	put_file("doc.json", buf_slice(&d));
	put_file("keys.json", buf_slice(&k));
	put_file("att.json", buf_slice(&a));
	struct buf *const all[] = {&text, &r, &d, &k, &a};
	for (size_t n = 0; n < ARRAY_LEN(all); n++)
		buf_free(all[n]);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		errx(2, "usage: provenance_make FOLDER");
	folder = argv[1];
	deviation = "";
	ca_key = ec("P-384");
	ca2_key = ec("P-256");
	ct_key = ec("P-256");
	log1_key = ec("P-256");
	tsa_key = ec("P-384");
	signer_key = ec("P-256");
	other_key = ec("P-256");
	registry_key = ec("P-256");
	log2_key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	rsa_key = EVP_RSA_gen(2048);
	p384_key = ec("P-384");
	must(log2_key && rsa_key, "a key");
	ca = authority("root", ca_key, NULL, ca_key);
	inter = authority("intermediate", ca2_key, ca, ca_key);
	strange_ca = authority("intermediate", other_key, NULL, other_key);
	tsa_ca = authority("stamps", ca2_key, NULL, ca2_key);
	tsa = stamper(tsa_key, tsa_ca, T0 - YEAR, T0 + 9 * YEAR);
	strange_tsa = stamper(other_key, tsa_ca, T0 - YEAR, T0 + 9 * YEAR);
	must(X509_sign(strange_tsa, other_key, EVP_sha256()) > 0, "a strange authority");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		deviation = cases[i].name;
		write_case(&cases[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(npm_cases); i++) {
		deviation = npm_cases[i].name;
		write_npm(i);
	}
	return 0;
}
