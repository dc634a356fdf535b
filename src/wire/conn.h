/* conn: what the files of the connection engine share. Not for use outside of src/wire.
 *
 * A connection is a byte stream that is peeled: TCP, then perhaps a proxy's CONNECT or SOCKS5, then perhaps TLS (twice at most: a proxy
 * that is spoken to in TLS), then a protocol. conn_advance() is its one transition function. */
#ifndef POSTERN_WIRE_CONN_H
#define POSTERN_WIRE_CONN_H

#include <netinet/in.h>

#include "crypto/ja4.h"
#include "crypto/tls.h"
#include "parse/http1.h"
#include "parse/ws.h"
#include "sys/loop.h"
#include "wire/decode.h"
#include "wire/engine.h"
#include "wire/forms.h"
#include "wire/names.h"
#include "wire/relay.h"
#include "wire/trace.h"

#define PORTS_MAX       2048u
#define CONNS_MAX       4096u
#define TLS_DEPTH       2u
#define IN_MAX          ((size_t)1 << 20)   /* unparsed plaintext of a connection */
#define OUT_MAX         ((size_t)64 << 20)  /* bytes waiting for a client that does not read */
#define BODY_WIRE_MAX   ((size_t)16 << 20)  /* body of a request as sent */
#define BODY_MAX        ((size_t)32 << 20)  /* and with the content coding removed */
#define HELD_MAX        ((size_t)256 << 20) /* bodies and buffers of all connections at once */
#define RAW_MAX         ((size_t)16384)
#define DATAGRAM_KEEP   2048u
#define FORM_MAX        ((size_t)8192)
#define STREAM_COST     ((size_t)65536) /* booked for each HTTP/2 stream, its fields included */
#define STREAMS_MAX     128u            /* HTTP/2 streams of a connection */
#define SILENT_MS       20000u          /* a connection of no known protocol */
#define LINGER_MS       2000u
#define IDLE_MS         120000u
#define QUIET_MS        3600000u /* the same while a reply may still come: a model may think for long */
#define TRACE_QUEUE_MAX ((size_t)48 << 20)

enum conn_state {
	CONN_SNIFF, /* nothing is known yet of what is spoken */
	CONN_TLS,   /* in a handshake */
	CONN_SOCKS, /* the greeting was answered, the request is awaited */
	CONN_HTTP1, /* between requests, or in a head */
	CONN_BODY,  /* in the body of an HTTP/1 request */
	CONN_WAIT,  /* the request is whole, its reply is not (far side that streams) */
	CONN_RELAY, /* bytes both ways (far side that streams) */
	CONN_HTTP2,
	CONN_WS,
	CONN_DNS,
	CONN_RAW,
	CONN_FLUSH,  /* conn_finish() was carried out: nothing more is read; closes when all is written */
	CONN_LINGER, /* all is written; what still comes is thrown away until the client closes */
	CONN_DEAD,
};

/* A request being gathered. */
struct request {
	struct buf head; /* HTTP/1: the exact head; HTTP/2: the fields as "name: value\r\n" */
	struct buf path; /* HTTP/2: pseudo-header values that slices below point into */
	struct slice method, target, scheme, authority, proto, fields;
	struct exchange_header header[EXCHANGE_HEADERS_MAX];
	size_t n_headers;
	struct buf body;    /* transfer coding removed, content coding not */
	uint64_t wire_size; /* of the body, as counted after the transfer coding */
	struct buf form;    /* for TAG_FORM */
	uint64_t lost;
	char host[256];
	uint16_t port;
	const char *via;
};

#define WS_MAX ((size_t)4 << 20) /* a frame, and a message */

struct ws_link {
	struct request *opened;
	struct exchange_request asked; /* points into opened */
	struct buf message;
	unsigned opcode; /* of the message that fragments are gathered of; 0: none */
	unsigned frames; /* it came in so many */
	uint8_t mask[4]; /* of the first */
};

/* One request of a far side that streams. */
struct exchange {
	struct conn *c;
	struct request *request; /* NULL: bytes from the beginning */
	struct exchange_request view;
	void *state;
	struct stream *stream; /* HTTP/2 */
	int32_t id;
	struct buf out; /* HTTP/2: content that waits for the client's window */
	size_t out_at;
	size_t booked;       /* memory of out, as engine_hold() knows it */
	size_t owed;         /* HTTP/2: bytes that the client's window was not given back yet */
	struct buf trailers; /* HTTP/2: fields that follow the content */
	struct buf after;    /* the same of the request, as its client sent them */
	size_t n_after;      /* HTTP/2: how many */
	bool empty;          /* no content follows the head */
	bool has_head, chunked, bodyless, ended, broken, held, whole, wants_room, said_end;
	bool undecided, passes, intercepted; /* a TLS stream at its ClientHello */
	const char *why;
};

struct engine;
struct conn {
	struct engine *engine;
	struct conn *next, *prev;
	struct conn *due_next, *due_prev; /* engine_due() */
	bool due;
	struct source *source;
	int fd;
	uint32_t id;
	enum conn_state state;
	uint32_t events; /* watched for */
	bool eof;        /* the client will send no more */
	bool reset;
	bool finishing;  /* conn_finish() was called */
	const char *end; /* reason for TRACE_CLOSE */
	uint64_t received;
	uint64_t last_us;

	char addr[INET6_ADDRSTRLEN];
	uint16_t port;
	char host[256]; /* name for addr, or addr; after a proxy's request: the host asked for */
	char sni[256];  /* of the innermost TLS */
	const char *via;

	struct buf hello; /* first bytes of a TLS stream until the ClientHello is whole */
	struct tls *tls[TLS_DEPTH];
	unsigned n_tls, tunnel_tls; /* tunnel_tls: how many of them are outside of a proxy's tunnel */
	bool traced_tls;            /* of the innermost */
	char hello_alpn[256], ja4[JA4_MAX];
	struct buf hello_form; /* see clienthello.h */

	struct pieces pieces; /* of the message that is coming */
	struct buf in, out;
	size_t booked;  /* memory of the buffers, as engine_hold() knows it */
	struct buf raw; /* first bytes of a raw connection */
	uint64_t raw_size;
	const char *raw_why;
	struct http1_head head;
	struct http1_chunked chunked;
	struct buf chunk_lines;
	uint64_t body_left;
	unsigned requests;
	struct request *request;
	struct h2 *h2;
	struct ws_link *ws;
	struct exchange *exchange; /* HTTP/1, or bytes */
	bool intercept;            /* the far side does not want the TLS stream that begins */
};

/* conn.c */
/* A TRACE_RAW record; data is cut to RAW_MAX. why may be NULL. */
void conn_trace_raw(struct conn *c, struct slice data, uint64_t size, const char *why);
void conn_new(struct engine *e, int fd, const struct sockaddr_in6 *local);
/* Closes at once, with a TRACE_CLOSE record, and frees. */
void conn_drop(struct conn *c, const char *why);
/* Sends plaintext of the innermost layer. Errors end the connection later. */
void conn_send(struct conn *c, struct slice s);
/* Writes what the socket takes now. */
void conn_flush(struct conn *c);
/* The rest of this connection is raw: recorded, not answered. */
void conn_raw(struct conn *c, const char *why);
/* What can be done now, is: to be called when something has changed from outside. May drop the connection. */
void conn_advance(struct conn *c);
/* No more is read; closed when all is written. */
void conn_finish(struct conn *c, const char *why);
/* Bytes that are booked for it. */
size_t conn_holds(const struct conn *c);
/* Time-outs. */
void conn_tick(struct conn *c, uint64_t now_us);
/* A stream inside a proxy's tunnel starts. */
void conn_tunnel(struct conn *c, struct slice host, uint16_t port, const char *via);

/* engine.c */
uint64_t engine_now_us(const struct engine *e);
/* A record with TIME and, if c is not NULL, CONN. engine_trace_end() counts and queues it. */
struct buf *engine_trace(struct engine *e, const struct conn *c, enum trace_kind kind);
void engine_trace_end(struct engine *e);
/* A TRACE_NOTE, once for each text. `why` is static. */
void engine_note(struct engine *e, const char *why);
struct tls_server *engine_tls(struct engine *e);
const struct far_side *engine_far(const struct engine *e);
struct names *engine_names(struct engine *e);
void engine_link(struct engine *e, struct conn *c);
void engine_unlink(struct engine *e, struct conn *c);
uint32_t engine_next_id(struct engine *e);
/* The connection that holds the most. */
struct conn *engine_most(struct engine *e);
/* conn_advance() is called for it after this batch of events. */
void engine_due(struct engine *e, struct conn *c);
void engine_not_due(struct engine *e, struct conn *c);
/* Books memory held for clients; false if too much is held already. */
bool engine_hold(struct engine *e, size_t n);
void engine_release(struct engine *e, size_t n);
/* Answers one DNS message and traces it. */
void engine_dns(struct engine *e, struct slice packet, const char *proto, struct buf *reply);

/* http.c */
[[nodiscard]] struct request *request_new(void);
void request_free(struct engine *e, struct request *r);
/* Adds content; what passes a cap is counted. */
void request_body(struct engine *e, struct request *r, struct slice s);
/* Fills host, port and via from the connection and the authority (may be empty) or absolute target. */
void request_place(struct conn *c, struct request *r);
/* Decodes, asks the far side, traces. *reply is filled; the caller sends it and frees its buffers. */
void request_answer(struct conn *c, struct request *r, struct exchange_reply *reply);
/* Traces a request that the world answers itself (CONNECT), or that never became whole (status 0). */
void request_trace(
        struct conn *c, struct request *r, struct slice body, const char *coding, const char *answer, int status, const char *reason);
void request_view(const struct conn *c, const struct request *r, struct slice body, struct exchange_request *out);
/* Up to and with the next event boundary of a streamed body, from offset. */
size_t reply_piece(struct slice body, size_t from);
/* IMF-fixdate of now. */
void http_date(char out[40]);
/* From here on dates are those of a calendar that is so many seconds ahead. */
void http_calendar(int64_t ahead_s);

/* stream.c: exchanges of a far side that streams. */
bool conn_streams(const struct conn *c);
/* Takes the request over. NULL: out of memory or refused, and the request is freed. */
struct exchange *stream_begin(struct conn *c, struct request *r, bool more, struct stream *stream, int32_t id);
/* Offers the connection as bytes; true: it was taken, or (TLS) will be decided about. */
bool stream_opaque(struct conn *c, bool tls);
void stream_free(struct exchange *x);
/* The request is whole, with what x->after has. */
void stream_end(struct exchange *x);
bool stream_wait(struct conn *c);
bool stream_relay(struct conn *c);
/* Tells the far side if the client has taken what was waiting, or nearly all of it. */
void stream_drained(struct exchange *x);
/* h2.c's part of exchange_head() and of what follows it. */
[[nodiscard]] int h2_reply(struct exchange *x, int status, struct slice headers);
/* Bytes that are booked for its streams. */
size_t h2_holds(const struct conn *c);
void h2_drained(struct conn *c);
void h2_resume(struct exchange *x);
void h2_break(struct exchange *x);
/* Gives n bytes of the request's body back to the client's window. */
void h2_consumed(struct exchange *x, size_t n);

/* h1.c, h2.c, wsock.c, socks.c: true if something was consumed or the state changed, so that it is worth calling again. */
const char *h1_phrase(int status);
bool h1_head(struct conn *c);
bool h1_body(struct conn *c);
void h1_end(struct conn *c);
void h2_open(struct conn *c);
bool h2_step(struct conn *c);
void h2_free(struct conn *c);
bool wsock_open(struct conn *c, struct request *r);
bool wsock_step(struct conn *c);
void wsock_free(struct conn *c);
bool socks_greeting(struct conn *c);
bool socks_request(struct conn *c);

#endif
