/* post: one HTTP POST over libcurl, with everything bounded. */
#ifndef POSTERN_LEDGER_POST_H
#define POSTERN_LEDGER_POST_H

#include "base/buf.h"
#include "base/err.h"

struct poster; /* keeps connections; one thread */
/* proxies: those of the environment are used (http_proxy and so on), but never for 127.0.0.1, ::1 and localhost. */
[[nodiscard]] int poster_new(unsigned timeout_ms, struct poster **out, struct err *err);
void poster_free(struct poster *p);
struct posted {
	long status;
	char type[64];   /* Content-Type, lower case, without parameters; "" if there is none */
	struct buf body; /* max is set by the caller; freed by him */
};
/* Redirections are not followed. 0 if there was any answer. -EFBIG: the answer is too large; -ETIMEDOUT; -ENETUNREACH: no connection, no
 * name, TLS, an address that is none. */
[[nodiscard]] int post(struct poster *p, const char *url, struct slice body, struct posted *out, struct err *err);

#endif
