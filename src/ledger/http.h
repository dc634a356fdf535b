/* http: a small HTTP/1.1 server for what a log and a witness serve: few kinds of requests, short bodies, files below one folder. One
 * thread, one loop. Whoever connects is a stranger: connections, heads, bodies and the time for each are bounded. */
#ifndef POSTERN_LEDGER_HTTP_H
#define POSTERN_LEDGER_HTTP_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

#define HTTP_CONNECTIONS 64
#define HTTP_HEAD        ((size_t)8 << 10)
#define HTTP_REPLY       ((size_t)512 << 10) /* that is not a file */

struct http_request {
	struct slice method, target; /* target: as sent */
	struct slice body;
};
/* Filled by the handler; all zero before. */
struct http_reply {
	unsigned status;
	const char *type;  /* Content-Type; NULL: none */
	const char *cache; /* Cache-Control; NULL: no-store */
	const char *allow; /* with 405 */
	struct buf body;   /* its max is set; freed by the server */
	int fd;            /* -1, or a regular file that is sent in place of body; closed by the server */
};
/* A plain sentence as the body. */
void http_say(struct http_reply *r, unsigned status, const char *text);

struct http_options {
	const char *listen; /* "127.0.0.1:8080", "[::1]:0" */
	size_t body;        /* bytes a request's body may have; 0: none may have one */
	void (*handle)(void *arg, const struct http_request *q, struct http_reply *r);
	void (*ready)(void *arg, const char *url); /* "http://127.0.0.1:43210/" */
	void *arg;
	unsigned request_ms; /* a request must be there so soon after its connection or the answer before; 0: 10 s */
	unsigned reply_ms;   /* so long each MiB of an answer may take; 0: 30 s */
};
/* Serves until SIGTERM or SIGINT: 0. -EINVAL: the address is none; or what the system said when it was to listen. */
[[nodiscard]] int http_serve(const struct http_options *o, struct err *err);

#endif
