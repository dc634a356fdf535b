/* tls: TLS 1.2 and 1.3 (RFC 5246, RFC 8446) as bytes in, bytes out. As server: leaf certificates are made for each name from an authority
 * of ours, and cached. As client: the server's certificate must lead to a root that is trusted, and be for the name (RFC 6125). No system
 * call but for random numbers. */
#ifndef POSTERN_CRYPTO_TLS_H
#define POSTERN_CRYPTO_TLS_H

#include <time.h>

#include "base/buf.h"

struct tls_server;
struct tls;

/* Switches OpenSSL's configuration file off; call it before anything else of OpenSSL, and before files are out of reach. */
[[nodiscard]] int tls_init(void);
/* 0, -EBADMSG (not a usable certificate and key), -ENOMEM. */
[[nodiscard]] int tls_server_new(struct slice ca_cert_pem, struct slice ca_key_pem, time_t now, struct tls_server **out);
void tls_server_free(struct tls_server *s);

/* One connection. name: what the certificate is for: a DNS name or a numeric address. 0, -ENOMEM, -EIO. */
[[nodiscard]] int tls_accept(struct tls_server *s, struct slice name, struct tls **out);
void tls_free(struct tls *t);

struct tls_client;
/* trust_pem: certificates of the roots that are trusted, one after the other; at most 4 MiB. -EBADMSG: there is none in it; -ENOMEM. */
[[nodiscard]] int tls_client_new(struct slice trust_pem, struct tls_client **out);
void tls_client_free(struct tls_client *c);
/* One connection to `name`, a DNS name or a numeric address. h2: HTTP/2 is offered, too. Appends the first bytes for the server to
 * wire_out. 0, -ENOMEM, -EIO, -EINVAL (no name that a certificate can be for). */
[[nodiscard]] int tls_connect(struct tls_client *c, struct slice name, bool h2, struct tls **out, struct buf *wire_out);

enum tls_state { TLS_HANDSHAKE, TLS_OPEN, TLS_CLOSED, TLS_FAILED };
/* Takes all bytes of the wire, appends plaintext to `plain` and bytes for the peer to `wire_out`. */
enum tls_state tls_feed(struct tls *t, struct slice wire, struct buf *plain, struct buf *wire_out);
/* Encrypts; nothing is sent before the handshake is done (-EAGAIN). 0, -EIO. */
[[nodiscard]] int tls_send(struct tls *t, struct slice plain, struct buf *wire_out);
/* Appends close_notify. */
void tls_close(struct tls *t, struct buf *wire_out);
/* "TLSv1.3"; "" before the handshake is done. */
const char *tls_version(const struct tls *t);
/* The protocol agreed by ALPN, "" if none. */
struct slice tls_alpn(const struct tls *t);
/* After TLS_FAILED: why, e.g. "tlsv1 alert unknown ca". */
const char *tls_reason(const struct tls *t);

#endif
