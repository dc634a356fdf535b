/* exchange: one HTTP request and its reply, as the connection engine hands it to its far side. The far side is pluggable: the
 * simulated Internet (src/world) or the real upstream under policy (src/gate). */
#ifndef POSTERN_WIRE_EXCHANGE_H
#define POSTERN_WIRE_EXCHANGE_H

#include "base/buf.h"

#define EXCHANGE_HEADERS_MAX  128
#define EXCHANGE_TRAILERS_MAX ((size_t)16 << 10) /* bytes of the fields that follow the content of a request */

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
	struct slice body; /* content coding removed; empty for a far side that streams */
	uint32_t conn;     /* number of the connection */
	/* How the client named the place, each on its own, for who wants them to agree. Empty: not at all. */
	struct slice dialled; /* the name that DNS gave for the address, or the numeric address; of a proxy's request, what it asked for */
	struct slice sni;     /* of the innermost TLS */
	struct slice authority; /* Host or :authority, as sent */
	const char *via;        /* NULL, "connect", "absolute", "socks5" */
	bool websocket;         /* asks for an upgrade to WebSocket (HTTP/1.1) */
	bool sized;             /* length says how long the body is */
	uint64_t length;
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

/* A far side that streams: nothing waits for a whole request or a whole reply. What the engine calls may answer at once, or later from the
 * same loop; what it answers leaves after the current batch of events, so nothing here calls back. */
struct exchange; /* one request under way; the engine's */

struct far_stream {
	/* The head of a request. *r and all it points to stay until gone(). more: a body follows. Returns the far side's own state for it;
	 * NULL: out of memory, and the client gets a 503. */
	void *(*begin)(void *arg, struct exchange *x, const struct exchange_request *r, bool more);
	/* A piece of the body as it was sent but for the transfer coding; after the last one end(). */
	void (*body)(void *state, struct slice piece);
	void (*end)(void *state);
	/* Before end(), if there are any: fields that followed the content, "name: value\r\n"…, at most EXCHANGE_HEADERS_MAX of them. Each
	 * is one that a head could have, whatever its name is; none is a pseudo-header field. */
	void (*trailers)(void *state, struct slice fields);
	/* The client has taken all that was waiting for it. */
	void (*room)(void *state);
	/* The exchange is over: the reply was sent whole, or the client went away. The state is to be freed, x is no more. Always called
	 * once for each begin() that returned a state. */
	void (*gone)(void *state);
	/* After a 101: what the client sends comes as body(), without any framing of ours. */

	/* A connection that the far side may take as bytes, all that was sent so far included. tls: a TLS stream, whose ClientHello is
	 * whole: nothing goes on before exchange_pass() or exchange_intercept(). Otherwise it is no protocol of ours, and is as after a
	 * 101. Returns a state; or NULL: TLS is intercepted, other connections are closed. May be NULL. */
	void *(*opaque)(void *arg, struct exchange *x, const struct exchange_request *r, bool tls);
};

/* Of the reply: a head, pieces, an end. headers: "name: value\r\n"…; content-length is kept if it is there, else the body is chunked;
 * connection, transfer-encoding and the like are the engine's. Interim replies may come before (RFC 9110, 15.2); a client of HTTP/1.0 gets
 * none. That the content of a request is wanted (100) says the engine, unless there is a head already. -EPROTO: there was a head. */
[[nodiscard]] int exchange_head(struct exchange *x, int status, struct slice headers);
/* Said before the head: no content follows. To a client of HTTP/2 the head is then the end, as trailers without content are sent (gRPC). */
void exchange_empty(struct exchange *x);
void exchange_piece(struct exchange *x, struct slice piece);
/* Said before the end: fields after the content, "name: value\r\n"…. A client of HTTP/1 does not get them. */
void exchange_trailers(struct exchange *x, struct slice fields);
void exchange_end(struct exchange *x);
/* After opaque() for TLS: its bytes are for the far side; or it is intercepted, and gone() follows. */
void exchange_pass(struct exchange *x);
void exchange_intercept(struct exchange *x);
/* The reply breaks off: the client must see that it is not whole. */
void exchange_break(struct exchange *x, const char *why);
/* Bytes that wait for the client. */
size_t exchange_waiting(const struct exchange *x);
/* No more of the request's body is read, until it is called with false. */
void exchange_hold(struct exchange *x, bool hold);

struct far_side {
	void *arg;
	const struct far_stream *stream; /* if not NULL, requests go there, and the functions below are not used */
	/* Fills the reply. Never fails: what is not known gets a plausible answer. */
	void (*request)(void *arg, const struct exchange_request *r, struct exchange_reply *out);
	/* Whether an upgrade to WebSocket is accepted. */
	bool (*ws_accept)(void *arg, const struct exchange_request *r);
	/* One message from the client; the reply's messages are appended to *out one after the other, each as u32be length + bytes,
	 * all of text type. May be called with data of any kind. */
	void (*ws_message)(void *arg, const struct exchange_request *opened, const struct exchange_ws_message *m, struct buf *out);
};

#endif
