#include "crypto/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "crypto/x509.h"

#define DAY        ((time_t)86400)
#define LEAF_SLOTS 512u
#define RECORD     16384u /* bytes of plaintext at most */

struct leaf {
	char name[256];
	X509 *cert;
};

struct tls_server {
	SSL_CTX *ctx;
	X509 *ca;
	EVP_PKEY *ca_key;
	EVP_PKEY *key; /* of every leaf: a client cannot see a connection in that, and it saves the time to make one each */
	time_t now;
	struct leaf leaf[LEAF_SLOTS];
};

struct tls {
	SSL *ssl;
	enum tls_state state;
	struct slice in; /* of the wire, during a call: what has not been read yet */
	struct buf *out; /* where to the wire, during a call */
	char reason[120];
};

int tls_init(void)
{
	return OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL)
	               ? 0
	               : -EIO;
}

/* h2 first, whatever the client prefers; a client that offers neither goes on without ALPN. */
static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *n, const unsigned char *in, unsigned in_n, void *arg)
{
	static const unsigned char ours[] = "\x02h2\x08http/1.1";
	(void)ssl;
	(void)arg;
	unsigned char *pick = NULL;
	if (SSL_select_next_proto(&pick, n, ours, sizeof(ours) - 1, in, in_n) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = pick;
	return SSL_TLSEXT_ERR_OK;
}

static int load(struct tls_server *s, struct slice cert, struct slice key)
{
	if (cert.n > 65536 || key.n > 65536)
		return -EBADMSG;
	BIO *c = BIO_new_mem_buf(cert.p, (int)cert.n), *k = BIO_new_mem_buf(key.p, (int)key.n);
	if (c && k) {
		s->ca = PEM_read_bio_X509(c, NULL, NULL, NULL);
		s->ca_key = PEM_read_bio_PrivateKey(k, NULL, NULL, NULL);
	}
	BIO_free(c);
	BIO_free(k);
	return s->ca && s->ca_key && X509_check_private_key(s->ca, s->ca_key) == 1 ? 0 : -EBADMSG;
}

int tls_server_new(struct slice ca_cert_pem, struct slice ca_key_pem, time_t now, struct tls_server **out)
{
	struct tls_server *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->now = now;
	int r = load(s, ca_cert_pem, ca_key_pem);
	if (r == 0) {
		s->key = EVP_EC_gen("P-256");
		s->ctx = SSL_CTX_new(TLS_server_method());
		r = s->key && s->ctx ? 0 : -ENOMEM;
	}
	if (r < 0) {
		tls_server_free(s);
		return r;
	}
	(void)SSL_CTX_set_min_proto_version(s->ctx, TLS1_2_VERSION);
	/* Each handshake stands alone: no tickets and no cache, so that no connection depends on one before it. */
	SSL_CTX_set_options(s->ctx, SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
	(void)SSL_CTX_set_num_tickets(s->ctx, 0);
	(void)SSL_CTX_set_session_cache_mode(s->ctx, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_mode(s->ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_alpn_select_cb(s->ctx, choose_alpn, NULL);
	uint8_t seed;
	(void)RAND_bytes(&seed, 1); /* the generator opens what it needs now */
	*out = s;
	return 0;
}

void tls_server_free(struct tls_server *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < LEAF_SLOTS; i++)
		X509_free(s->leaf[i].cert);
	SSL_CTX_free(s->ctx);
	X509_free(s->ca);
	EVP_PKEY_free(s->ca_key);
	EVP_PKEY_free(s->key);
	free(s);
}

static bool numeric(const char *name)
{
	uint8_t raw[16];
	return inet_pton(AF_INET, name, raw) == 1 || inet_pton(AF_INET6, name, raw) == 1;
}

static int leaf_fill(struct tls_server *s, X509 *x, const char *name)
{
	char san[300];
	(void)snprintf(san, sizeof(san), "%s:%s", numeric(name) ? "IP" : "DNS", name);
	int r = cert_serial(x);
	if (r < 0)
		return r;
	/* As others have theirs: for 90 days, of which some are over, and not all on the same day. */
	uint64_t hash = slice_hash(slice_str(name));
	time_t begin = s->now - (time_t)(3 + hash % 60) * DAY - (time_t)(hash / 60 % 86400);
	/* A common name has at most 64 characters; the alternative name is what counts. */
	if (!X509_set_version(x, X509_VERSION_3) || !X509_set_issuer_name(x, X509_get_subject_name(s->ca)) ||
	        (strlen(name) <= 64 && !X509_NAME_add_entry_by_txt(
	                                       X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0)) ||
	        !ASN1_TIME_set(X509_getm_notBefore(x), begin) || !ASN1_TIME_set(X509_getm_notAfter(x), begin + 90 * DAY) ||
	        !X509_set_pubkey(x, s->key))
		return -EIO;
	if (cert_extension(x, s->ca, NID_basic_constraints, "critical,CA:FALSE") < 0 ||
	        cert_extension(x, s->ca, NID_key_usage, "critical,digitalSignature") < 0 ||
	        cert_extension(x, s->ca, NID_ext_key_usage, "serverAuth") < 0 ||
	        cert_extension(x, s->ca, NID_subject_key_identifier, "hash") < 0 ||
	        cert_extension(x, s->ca, NID_authority_key_identifier, "keyid:always") < 0 ||
	        cert_extension(x, s->ca, NID_subject_alt_name, san) < 0 || !X509_sign(x, s->ca_key, EVP_sha256()))
		return -EIO;
	return 0;
}

/* The name goes into OpenSSL's configuration syntax: only what cannot have a meaning there passes. */
static bool plain_name(struct slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' ||
		            c == ':'))
			return false;
	}
	return name.n > 0 && name.n < 256;
}

static int leaf_for(struct tls_server *s, struct slice name, X509 **out)
{
	if (!plain_name(name))
		name = SLICE("invalid.name");
	struct leaf *l = &s->leaf[slice_hash(name) % LEAF_SLOTS];
	if (!l->cert || !slice_is(name, l->name)) {
		char text[256] = "";
		memcpy(text, name.p, name.n);
		X509 *x = X509_new();
		int r = x ? leaf_fill(s, x, text) : -ENOMEM;
		if (r < 0) {
			X509_free(x);
			return r;
		}
		X509_free(l->cert);
		*l = (struct leaf){.cert = x};
		memcpy(l->name, text, sizeof(text));
	}
	*out = l->cert;
	return 0;
}

/* Reads from the caller's bytes and appends to the caller's buffer. OpenSSL's own memory would be a copy more each way, which it clears as
 * it grows. Whoever asks for more than there is has taken all: a record that is not whole is kept by OpenSSL. */
static int wire_read(BIO *b, char *to, size_t n, size_t *got)
{
	struct tls *t = BIO_get_data(b);
	BIO_clear_retry_flags(b);
	if (!t->in.n) {
		BIO_set_retry_read(b);
		return 0;
	}
	*got = n < t->in.n ? n : t->in.n;
	memcpy(to, t->in.p, *got);
	t->in = slice_from(t->in, *got);
	return 1;
}

/* A buffer that is full keeps its error, and its owner sees it. */
static int wire_write(BIO *b, const char *from, size_t n, size_t *put)
{
	struct tls *t = BIO_get_data(b);
	BIO_clear_retry_flags(b);
	if (t->out)
		buf_add(t->out, slice_of(from, n));
	*put = n;
	return 1;
}

static long wire_control(BIO *b, int what, long number, void *pointer)
{
	(void)b;
	(void)number;
	(void)pointer;
	return what == BIO_CTRL_FLUSH;
}

static BIO *wire_new(struct tls *t)
{
	static BIO_METHOD *method;
	if (!method) {
		BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "wire");
		if (!m || !BIO_meth_set_read_ex(m, wire_read) || !BIO_meth_set_write_ex(m, wire_write) ||
		        !BIO_meth_set_ctrl(m, wire_control)) {
			BIO_meth_free(m);
			return NULL;
		}
		method = m;
	}
	BIO *b = BIO_new(method);
	if (b) {
		BIO_set_data(b, t);
		BIO_set_init(b, 1);
	}
	return b;
}

/* With no role yet. */
static int tls_new(SSL_CTX *ctx, struct tls **out)
{
	struct tls *t = calloc(1, sizeof(*t));
	BIO *wire = t ? wire_new(t) : NULL;
	if (wire)
		t->ssl = SSL_new(ctx);
	if (!wire || !t->ssl) {
		BIO_free(wire);
		free(t);
		return -ENOMEM;
	}
	SSL_set_bio(t->ssl, wire, wire);
	*out = t;
	return 0;
}

int tls_accept(struct tls_server *s, struct slice name, struct tls **out)
{
	X509 *cert = NULL;
	struct tls *t = NULL;
	int r = leaf_for(s, name, &cert);
	r = r < 0 ? r : tls_new(s->ctx, &t);
	if (r < 0)
		return r;
	SSL_set_accept_state(t->ssl);
	if (SSL_use_certificate(t->ssl, cert) != 1 || SSL_use_PrivateKey(t->ssl, s->key) != 1 || SSL_add1_chain_cert(t->ssl, s->ca) != 1) {
		tls_free(t);
		return -EIO;
	}
	*out = t;
	return 0;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	SSL_free(t->ssl);
	free(t);
}

static void fail(struct tls *t)
{
	unsigned long e = ERR_get_error();
	const char *why = e ? ERR_reason_error_string(e) : NULL;
	long verify = SSL_is_server(t->ssl) ? X509_V_OK : SSL_get_verify_result(t->ssl);
	if (verify != X509_V_OK)
		why = X509_verify_cert_error_string(verify);
	t->state = TLS_FAILED;
	(void)snprintf(t->reason, sizeof(t->reason), "%s", why ? why : "TLS error");
	ERR_clear_error();
}

struct tls_client {
	SSL_CTX *ctx;
};

static int trust(X509_STORE *store, struct slice pem)
{
	size_t n = 0;
	BIO *b = pem.n <= (size_t)4 << 20 ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
	for (X509 *x; b && (x = PEM_read_bio_X509(b, NULL, NULL, NULL));) {
		n += X509_STORE_add_cert(store, x) == 1;
		X509_free(x);
	}
	BIO_free(b);
	ERR_clear_error();
	return n ? 0 : -EBADMSG;
}

int tls_client_new(struct slice trust_pem, struct tls_client **out)
{
	struct tls_client *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->ctx = SSL_CTX_new(TLS_client_method());
	int r = c->ctx ? trust(SSL_CTX_get_cert_store(c->ctx), trust_pem) : -ENOMEM;
	if (r < 0) {
		tls_client_free(c);
		return r;
	}
	(void)SSL_CTX_set_min_proto_version(c->ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(c->ctx, SSL_OP_NO_RENEGOTIATION);
	(void)SSL_CTX_set_session_cache_mode(c->ctx, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_mode(c->ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, NULL);
	*out = c;
	return 0;
}

void tls_client_free(struct tls_client *c)
{
	if (!c)
		return;
	SSL_CTX_free(c->ctx);
	free(c);
}

int tls_connect(struct tls_client *c, struct slice name, bool h2, struct tls **out, struct buf *wire_out)
{
	static const unsigned char both[] = "\x02h2\x08http/1.1", one[] = "\x08http/1.1";
	char text[256] = "";
	struct tls *t = NULL;
	if (!plain_name(name))
		return -EINVAL;
	memcpy(text, name.p, name.n);
	int r = tls_new(c->ctx, &t);
	if (r < 0)
		return r;
	SSL_set_connect_state(t->ssl);
	bool ok = numeric(text) ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), text) == 1
	                        : SSL_set1_host(t->ssl, text) == 1 && SSL_set_tlsext_host_name(t->ssl, text) == 1;
	ok = ok && SSL_set_alpn_protos(t->ssl, h2 ? both : one, h2 ? sizeof(both) - 1 : sizeof(one) - 1) == 0;
	if (!ok) {
		tls_free(t);
		return -EIO;
	}
	ERR_clear_error();
	t->out = wire_out;
	(void)SSL_do_handshake(t->ssl);
	t->out = NULL;
	ERR_clear_error();
	*out = t;
	return 0;
}

static void step(struct tls *t, struct buf *plain)
{
	if (t->state == TLS_HANDSHAKE) {
		int r = SSL_do_handshake(t->ssl);
		if (r == 1)
			t->state = TLS_OPEN;
		else if (SSL_get_error(t->ssl, r) != SSL_ERROR_WANT_READ)
			fail(t);
	}
	while (t->state == TLS_OPEN) {
		/* Not on the stack, where it would be cleared for each record. */
		static _Thread_local uint8_t piece[RECORD];
		size_t n = 0;
		uint8_t *room = plain->max - plain->n >= RECORD ? buf_room(plain, RECORD) : NULL;
		int r = SSL_read_ex(t->ssl, room ? room : piece, RECORD, &n);
		if (r == 1 && room) {
			plain->n += n;
			plain->p[plain->n] = 0;
			continue;
		}
		if (r == 1) {
			buf_add(plain, slice_of(piece, n));
			continue;
		}
		int e = SSL_get_error(t->ssl, r);
		if (e == SSL_ERROR_ZERO_RETURN)
			t->state = TLS_CLOSED;
		else if (e != SSL_ERROR_WANT_READ)
			fail(t);
		break;
	}
}

enum tls_state tls_feed(struct tls *t, struct slice wire, struct buf *plain, struct buf *wire_out)
{
	ERR_clear_error();
	t->in = wire;
	t->out = wire_out;
	if (wire.n && (t->state == TLS_HANDSHAKE || t->state == TLS_OPEN))
		step(t, plain);
	t->in = SLICE_NONE;
	t->out = NULL;
	return t->state;
}

int tls_send(struct tls *t, struct slice plain, struct buf *wire_out)
{
	if (t->state == TLS_HANDSHAKE)
		return -EAGAIN;
	ERR_clear_error();
	int r = 0;
	t->out = wire_out;
	while (plain.n && r == 0) {
		size_t n = 0;
		if (SSL_write_ex(t->ssl, plain.p, plain.n > RECORD ? RECORD : plain.n, &n) != 1)
			r = -EIO;
		plain = slice_from(plain, n);
	}
	t->out = NULL;
	return r;
}

void tls_close(struct tls *t, struct buf *wire_out)
{
	t->out = wire_out;
	if (t->state == TLS_OPEN || t->state == TLS_CLOSED)
		(void)SSL_shutdown(t->ssl);
	t->out = NULL;
	ERR_clear_error();
}

const char *tls_version(const struct tls *t)
{
	return t->state == TLS_HANDSHAKE ? "" : SSL_get_version(t->ssl);
}

struct slice tls_alpn(const struct tls *t)
{
	const unsigned char *p = NULL;
	unsigned n = 0;
	SSL_get0_alpn_selected(t->ssl, &p, &n);
	return n ? slice_of(p, n) : SLICE("");
}

const char *tls_reason(const struct tls *t)
{
	return t->reason;
}
