/* signcert: short-lived certificates that say who signed, as Fulcio issues them (RFC 5280; sigstore/fulcio, docs/oid-info.md), and the
 * promises of certificate logs inside them (RFC 6962, section 3). */
#ifndef POSTERN_CRYPTO_SIGNCERT_H
#define POSTERN_CRYPTO_SIGNCERT_H

#include "base/buf.h"
#include "crypto/pubkey.h"

/* Extensions below 1.3.6.1.4.1.57264.1, by their last number. */
enum signcert_claim {
	SIGNCERT_ISSUER_OLD = 1, /* text as it is; from 8 on it is a UTF8String */
	SIGNCERT_TRIGGER_OLD = 2,
	SIGNCERT_COMMIT_OLD = 3,
	SIGNCERT_WORKFLOW_OLD = 4,
	SIGNCERT_REPOSITORY_OLD = 5, /* "owner/name" */
	SIGNCERT_REF_OLD = 6,
	SIGNCERT_ISSUER = 8,
	SIGNCERT_BUILD_SIGNER = 9, /* a URI */
	SIGNCERT_RUNNER = 11,
	SIGNCERT_REPOSITORY = 12, /* a URI */
	SIGNCERT_COMMIT = 13,
	SIGNCERT_REF = 14,
	SIGNCERT_BUILD_CONFIG = 18, /* a URI: the workflow at the top, "@" and the ref */
	SIGNCERT_TRIGGER = 20,
	SIGNCERT_RUN = 21, /* a URI */
};

struct signcert;
/* The signer's certificate first; the others of the bundle may help to build a chain. DER with nothing behind it. 0, -EBADMSG, -ENOMEM. */
[[nodiscard]] int signcert_new(const struct slice *der, size_t n, struct signcert **out);
void signcert_free(struct signcert *c);
#define _cleanup_signcert_ _cleanup_(signcert_freep)
static inline void signcert_freep(struct signcert **c)
{
	signcert_free(*c);
}

/* Is the i-th of them (0: the signer's) issued by itself? */
bool signcert_is_root(const struct signcert *c, size_t i);
/* May the signer's certificate be used to sign code (extended key usage, key usage), and is it no authority? */
bool signcert_may_sign(const struct signcert *c);
/* Its validity; both ends are included. 0, -EBADMSG. */
[[nodiscard]] int signcert_times(const struct signcert *c, int64_t *from, int64_t *to);
/* The signer's key. As pubkey_new(). */
[[nodiscard]] int signcert_key(const struct signcert *c, struct pubkey **out);

/* Does it chain, at that time, to the last of these certificates (DER)? The others of them help. The issuer is remembered for
 * signcert_promise_verify(). 0; -ETIME: but for the time of one of the certificates; -EKEYREJECTED: no; -EBADMSG: these certificates cannot
 * be read; -ENOMEM. */
[[nodiscard]] int signcert_chain(struct signcert *c, const struct slice *authority, size_t n, int64_t at);

/* The alternative name of the subject: of one that has one, of the kinds URI, email, or Fulcio's other name (1.3.6.1.4.1.57264.1.7).
 * Appended. 0, -ENOENT (none), -EBADMSG (several, or another kind, or characters that end a text). */
[[nodiscard]] int signcert_name(const struct signcert *c, struct buf *out);
/* The text of an extension, appended. 0, -ENOENT, -EBADMSG (there twice, or no text). */
[[nodiscard]] int signcert_claim(const struct signcert *c, enum signcert_claim claim, struct buf *out);

/* Promises of logs that are embedded in the certificate. */
#define SIGNCERT_PROMISES 16
struct signcert_promise {
	uint8_t log[32];
	int64_t time;                                 /* seconds since 1970 */
	struct slice raw_time, extensions, signature; /* in the certificate; raw_time: milliseconds, 8 bytes big endian */
};
/* 0, -ENOENT (there are none), -EBADMSG. */
[[nodiscard]] int signcert_promises(const struct signcert *c, struct signcert_promise out[SIGNCERT_PROMISES], size_t *n);
/* After signcert_chain(). 0; -EBADMSG: it is not one of this certificate by that key; -ENOMEM. */
[[nodiscard]] int signcert_promise_verify(const struct signcert *c, const struct signcert_promise *p, const struct pubkey *log);

#endif
