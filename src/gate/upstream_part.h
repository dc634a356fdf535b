/* upstream_part: a connection to a server, as upstream.c and upstream_h2.c share it. Not for use elsewhere. */
#ifndef POSTERN_GATE_UPSTREAM_PART_H
#define POSTERN_GATE_UPSTREAM_PART_H

#include "gate/gate_part.h"

/* Interim replies to one request: a server without end is told from one that hints. */
#define INTERIM_MAX 64u

enum up_state {
	UP_HANDSHAKE,
	UP_IDLE, /* kept, without a flow */
	UP_HEAD, /* a reply's head is awaited */
	UP_BODY,
	UP_RAW,
	UP_DEAD,
};

struct up_h2;

struct upstream {
	struct gate *g;
	struct upstream *next; /* of the kept ones */
	struct flow *f;
	struct source *source;
	int fd;
	enum up_state state;
	uint32_t events;
	struct tls *tls;
	struct up_h2 *h2;          /* the server has chosen HTTP/2 */
	struct buf in, out, early; /* early: plaintext that waits for the handshake */
	size_t early_head;         /* of that, the head of the request, */
	size_t early_body;         /* and its body; trailers follow */
	size_t out_at;             /* bytes at the front of out that were sent */
	char host[256];
	uint16_t port;
	size_t booked; /* bytes that wait, as gate_hold() knows it */
	bool over_tls, bytes, offers_h2, held, eof, shut, reply_keeps, whole;
	bool streams, done; /* the request's content comes piece by piece, and has all come */
	char method[24];
	struct http1_reply reply;
	struct http1_chunked chunked;
	uint64_t left;
	unsigned interim;
	uint64_t since_ms;
};

/* upstream.c */
/* Plaintext for the server. An error is that of u->out. */
void upstream_encrypt(struct upstream *u, struct slice s);
/* The connection is of no more use: its flow is told why, and u is freed. */
void upstream_broke(struct upstream *u, const char *why);
/* The reply is whole. Only then may the connection be kept: of one that its flow leaves before, the rest of the reply is still to come, and
 * would be taken for the reply to the next request. u may be freed. */
void upstream_whole(struct upstream *u);

/* upstream_h2.c: HTTP/2 (RFC 9113) as a client, one request at a time. */
[[nodiscard]] int up_h2_new(struct up_h2 **out); /* 0, -ENOMEM */
void up_h2_free(struct up_h2 *h);                /* NULL is fine */
/* A head as HTTP/1.1 has it, the body, and trailers; all are copied. NULL, or why it cannot be sent, which up_h2_step() finds, too. */
const char *up_h2_request(struct upstream *u, struct slice head, struct slice body, struct slice trailers);
/* Of a request of which u->streams: another piece of its content, and its end. */
void up_h2_more(struct up_h2 *h, struct slice piece);
void up_h2_done(struct up_h2 *h);
/* The stream under way is of no more use to us, which the server is told with the next up_h2_write(). */
void up_h2_cancel(struct up_h2 *h);
/* Bytes of the request that wait for the server; may be called with NULL. */
size_t up_h2_waiting(const struct up_h2 *h);
/* Frames that wait, as many as fit, through upstream_encrypt(). True: there were some. */
bool up_h2_write(struct upstream *u);
/* Reads all of u->in. NULL, or why the connection is of no more use. */
const char *up_h2_feed(struct upstream *u);
/* Hands on what was read. True: something was, and u is still there. */
bool up_h2_step(struct upstream *u);
/* Something of a reply waits to be handed on; may be called with NULL, as up_h2_holds(). */
bool up_h2_waits(const struct up_h2 *h);
/* Bytes that it holds. */
size_t up_h2_holds(const struct up_h2 *h);
/* Another request may follow. */
bool up_h2_keeps(const struct up_h2 *h);

#endif
