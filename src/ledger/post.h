/* post: HTTP POST over libcurl, with everything bounded: TLS is verified, redirects are not followed, answers have a maximum. */
#ifndef POSTERN_LEDGER_POST_H
#define POSTERN_LEDGER_POST_H

#include "base/buf.h"
#include "base/err.h"

struct post_options {
	const char *media_type;                  /* of the bodies that are sent */
	const char *authorization;               /* value of that header; NULL: none */
	const char *tls_ca, *tls_cert, *tls_key; /* files; NULL: the system's authorities, no certificate */
	unsigned timeout_ms;
};

struct poster; /* keeps connections; one thread */
/* Proxies: those of the environment are used (http_proxy and so on), but never for 127.0.0.1, ::1 and localhost. The options' strings are
 * copied. */
[[nodiscard]] int poster_new(const struct post_options *o, struct poster **out, struct err *err);
void poster_free(struct poster *p);
struct posted {
	long status;
	unsigned wait;   /* seconds that the service asks to wait (Retry-After), at most an hour; 0: it does not */
	char type[64];   /* Content-Type, lower case, without parameters; "" if there is none */
	struct buf body; /* max is set by the caller; freed by him */
};
/* 0 if there was any answer. With a sentence: -EFBIG: the answer is too large; -ETIMEDOUT; -ENETUNREACH: no connection, no name, TLS, an
 * address that is none. After each of these the service may have got the body all the same. */
[[nodiscard]] int post(struct poster *p, const char *url, struct slice body, struct posted *out, struct err *err);

/* Is this an http or https address? What could never be reached is told at once, and not tried for ever. */
bool post_is_address(const char *url);

#endif
