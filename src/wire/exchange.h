/* exchange: one HTTP request and its reply, as the connection engine hands it to its far side. The far side is pluggable: the
 * simulated Internet (src/world) or the real upstream under policy (src/gate). */
#ifndef POSTERN_WIRE_EXCHANGE_H
#define POSTERN_WIRE_EXCHANGE_H

#include "base/buf.h"

#define EXCHANGE_HEADERS_MAX 128

struct exchange_header {
	struct slice name, value; /* as sent (HTTP/2: lower case) */
};

struct exchange_request {
	struct slice scheme; /* http, https */
	struct slice host;   /* lower case, without port */
	uint16_t port;
	struct slice method, target; /* target: origin form "/path?query" */
	struct slice proto;          /* "HTTP/1.0", "HTTP/1.1", "h2" */
	const struct exchange_header *headers;
	size_t n_headers;
	struct slice body; /* content coding removed */
	uint32_t conn;     /* number of the connection */
};

/* The value of the first header of that name (any case); p is NULL if there is none. */
struct slice exchange_header(const struct exchange_request *r, const char *name);

struct exchange_reply {
	int status;         /* 100..599 */
	struct buf headers; /* "name: value\r\n"…, lower-case names; content-length, transfer-encoding and date are the engine's */
	struct buf body;
	bool stream;        /* send chunked, in pieces at event boundaries ("\n\n"), as a server that streams would */
	const char *answer; /* static name of the answer that was given, for the trace */
};

/* WebSocket: asked on an upgrade request, and then for each message. */
struct exchange_ws_message {
	bool text;
	struct slice data;
};

struct far_side {
	void *arg;
	/* Fills the reply. Never fails: what is not known gets a plausible answer. */
	void (*request)(void *arg, const struct exchange_request *r, struct exchange_reply *out);
	/* Whether an upgrade to WebSocket is accepted. */
	bool (*ws_accept)(void *arg, const struct exchange_request *r);
	/* One message from the client; the reply's messages are appended to *out one after the other, each as u32be length + bytes,
	 * all of text type. May be called with data of any kind. */
	void (*ws_message)(void *arg, const struct exchange_request *opened, const struct exchange_ws_message *m, struct buf *out);
};

#endif
