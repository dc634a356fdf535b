/* sink_post: requests to one address, a sink, over libcurl: TLS is verified, redirects are not followed, replies have a maximum. */
#ifndef POSTERN_LEDGER_SINK_POST_H
#define POSTERN_LEDGER_SINK_POST_H

#include "base/buf.h"
#include "base/err.h"

struct post_options {
	const char *url; /* http: or https: */
	const char *media_type;
	const char *authorization; /* value of that header; NULL: none */
	unsigned timeout_ms;
};

struct post; /* keeps the connection; one thread */
[[nodiscard]] int post_new(const struct post_options *o, struct post **out, struct err *err);
void post_free(struct post *p);
/* Sends the body; the reply's status and body (appended, cut off where *reply is full). Seconds that the service asks to wait, 0 if it does
 * not. -ENETUNREACH with a sentence: no answer came; the service may have got it all the same. */
[[nodiscard]] int post_send(struct post *p, struct slice body, long *status, struct buf *reply, unsigned *wait, struct err *err);

#endif
