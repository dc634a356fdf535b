/* gate_part: what the files of the gate's process share. Not for use outside of src/gate.
 *
 * A flow is one exchange of the tool (a request, or a connection passed through as bytes) from the engine's hands to an upstream connection
 * and back. Nothing of it leaves before the supervisor has allowed it, and that is after the supervisor has put it on record. */
#ifndef POSTERN_GATE_GATE_PART_H
#define POSTERN_GATE_GATE_PART_H

#include "crypto/tls.h"
#include "gate/dialogue.h"
#include "gate/keep.h"
#include "gate/link.h"
#include "gate/look.h"
#include "gate/mask.h"
#include "gate/search.h"
#include "parse/http1.h"
#include "sys/loop.h"
#include "wire/engine.h"

#define FLOWS_MAX      8192u
#define BODY_WHOLE_MAX LOOK_BODY_MAX       /* of a request that is looked at as a whole before it leaves */
#define HELD_MAX       ((size_t)256 << 20) /* of all flows together: bodies, what waits for servers, frames */
#define REPLAY_MAX     ((size_t)256 << 10) /* requests up to this size are sent again if a kept connection turns out to be dead */
#define UP_PAUSE       ((size_t)1 << 20)   /* bytes waiting for one side: the other is not read */
#define IDLE_MAX       64u                 /* kept upstream connections */
#define IDLE_SECONDS   30u

struct gate;
struct upstream;
struct flow_ws;
struct flow_grpc;

enum flow_state {
	FLOW_BODY,    /* the request is being gathered */
	FLOW_LOOK,    /* and looked through */
	FLOW_ASKED,   /* of the supervisor */
	FLOW_CONNECT, /* allowed; a socket was asked for */
	FLOW_OPEN,    /* there is an upstream connection */
	FLOW_OVER,    /* the client has its answer; only gone() is awaited */
};

struct flow {
	struct gate *g;
	struct flow *next; /* of its slot in gate.flow */
	struct exchange *x;
	const struct exchange_request *r; /* NULL: the client is gone */
	uint64_t id;
	enum flow_state state;
	const char *what; /* LINK_WHAT */
	bool bytes;       /* no head: passed through */
	bool tls;         /* to the upstream by us */
	bool upgraded;    /* by a 101 */
	bool whole;       /* the client has sent all */
	bool replied;     /* a head, or bytes, went to the client */
	char host[256];   /* where it goes: of a host with a route, there */
	uint16_t port;
	bool asked;           /* the supervisor knows its id */
	bool led;             /* there is not where the tool meant to go */
	bool formed;          /* the body was put into its one form */
	struct buf routed;    /* the target as it leaves; empty: as the tool has it */
	struct buf body;      /* of the request; of bytes: what waits for the upstream connection */
	struct buf trailers;  /* of the request, those that may leave: "name: value\r\n"… */
	struct buf set, swap; /* of the verdict */
	struct upstream *u;
	struct buf hits;       /* lines of link_hit_write() */
	struct dlp_scan *scan; /* of the body, as long as something may be replaced in it */
	struct search_back *back;
	struct mask_held unmasked; /* of the reply */
	struct source *patience;   /* it is held */
	struct keep reply;         /* for the record; only where `keeps` */
	size_t reply_booked;       /* its bytes, as gate_hold() knows them */
	bool keeps;
	struct dialogue *dialogue; /* of model traffic: the reply is looked at */
	bool ai;                   /* the request was model traffic */
	bool decoded;              /* the body's content coding was removed */
	bool again;                /* it went over a kept connection, its body is still there, and it may be sent a second time */
	struct flow_ws *ws;        /* of a WebSocket that is looked into */
	struct flow_grpc *grpc;    /* of a call that streams */
	struct flow *parent;       /* of one message of these: theirs; x is NULL */
	unsigned tries;
	size_t hinted; /* bytes of fields of interim replies */
	int status;
	uint64_t sent, received, begun_ms;
	char rewritten[65]; /* digest of the body that left in place of the tool's; "": none did */
	uint64_t left;      /* its bytes */
	uint64_t may_send;  /* of bytes, and of a call that streams */
	const char *ended;  /* by us, in the middle: why */
};

struct gate {
	struct loop *loop;
	struct tls_client *tls;
	struct search *search; /* NULL: nothing is looked into */
	struct mask *mask;     /* NULL: there are no keys */
	struct looker *looker;
	int link;
	struct source *link_source;
	struct link_queue link_out;
	bool link_wants;
	struct gate_config config;
	struct flow *flow[FLOWS_MAX]; /* by id modulo */
	unsigned n_flows;
	uint64_t last_id;
	size_t held; /* bytes that flows and their connections hold */
	struct upstream *idle;
	unsigned n_idle;
	struct buf in; /* of the link */
};

#define MESSAGE_MAX ((size_t)16 << 20) /* of a WebSocket that is looked into, or a call that streams */

/* flow.c */
struct flow *flow_new(struct gate *g, struct exchange *x, const struct exchange_request *r);
/* A message of f, which is asked about by itself; what it says is still to be put in. NULL: out of memory. what: LINK_WHAT. */
struct flow *flow_message(struct flow *f, const char *what);
void flow_free(struct flow *f);
/* Asks the supervisor; what is in f->body is looked through before, which may take a while. */
void flow_ask(struct flow *f);
/* look_done(); arg is the gate. */
void flow_looked(void *arg, struct look *l);
/* Ends it with a no of our own, which goes on record. */
void flow_deny(struct flow *f, int status, const char *rule, const char *reason);
void flow_event(struct flow *f, const char *reason);
void flow_book(struct flow *f, size_t before);
/* What *booked says is held becomes `now`. False: that is more than may be held. */
bool gate_hold(struct gate *g, size_t *booked, size_t now);

/* flow_ws.c: client messages of a WebSocket, each a flow of its own until it has left. */
/* False: it must end. */
bool flow_ws_feed(struct flow *f, struct slice piece);
void flow_ws_verdict(struct flow *message, bool allow, struct slice redact, struct slice reason);
void flow_ws_free(struct flow *f);
void flow_ws_reply(struct flow *f, struct slice piece);
/* A message is asked about: the client waits for its verdict. */
bool flow_ws_asks(const struct flow *f);

/* flow_grpc.c: requests that leave message by message, each a flow of its own until it has left. */
bool flow_grpc_is(const struct exchange_request *r);
/* Makes f one; false: out of memory. */
[[nodiscard]] bool flow_grpc_new(struct flow *f);
void flow_grpc_free(struct flow *f);
/* False: it has ended. */
bool flow_grpc_feed(struct flow *f, struct slice piece);
/* Goes on with what is there: once the call is open, and when its client has said all. False: it has ended. */
bool flow_grpc_step(struct flow *f);
/* The content coding of the message that is asked about; empty: none. */
struct slice flow_grpc_coding(const struct flow *f);
/* status: of HTTP, of which the codes of these protocols are made. */
void flow_grpc_verdict(struct flow *message, bool allow, struct slice redact, int status, struct slice reason);
/* The client reads why; it is told as its protocol has it. */
void flow_grpc_refuse(struct flow *f, int status, struct slice reason);
/* So much is asked about that the client waits. */
bool flow_grpc_asks(const struct flow *f);

/* flow.c */
extern const struct far_stream flow_far_stream;
/* The supervisor's answers. */
void flow_verdict(struct flow *f, const struct link_message *m);
void flow_connected(struct flow *f, const struct link_message *m, int fd);
struct flow *flow_find(struct gate *g, uint64_t id);
/* What an upstream connection tells its flow. The connection belongs to the flow until flow_end() or flow_fail(). flow_head() may be of
 * interim replies first, of which only status and field_bytes are looked at. */
void flow_head(struct flow *f, const struct http1_reply *r);
void flow_piece(struct flow *f, struct slice piece);
/* Before the end: fields after the content, "name: value\r\n"…. */
void flow_trailers(struct flow *f, struct slice fields);
void flow_end(struct flow *f);
void flow_fail(struct flow *f, const char *why);
/* The upstream connection takes more. */
void flow_room(struct flow *f);

/* upstream.c */
struct upstream_how {
	bool tls, bytes; /* bytes: no HTTP is read from it */
	bool h2;         /* HTTP/2 is offered in TLS; without TLS it is never spoken */
};
/* A kept connection that was opened so, or NULL. */
struct upstream *upstream_kept(struct gate *g, const char *host, uint16_t port, const struct upstream_how *how);
/* Takes the descriptor in any case. */
[[nodiscard]] int upstream_new(
        struct gate *g, int fd, const char *host, uint16_t port, const struct upstream_how *how, struct upstream **out);
/* Makes it the flow's, for one request with that method. */
void upstream_take(struct upstream *u, struct flow *f, struct slice method);
/* One request: its head as HTTP/1.1 has it, with the empty line, all of its body, and fields that follow it, "name: value\r\n"…: if there
 * are any, the head says that the body is chunked, which it is not yet. It leaves in what the server has chosen. */
void upstream_request(struct upstream *u, struct slice head, struct slice body, struct slice trailers);
/* The head of a request whose content follows piece by piece, with upstream_more(), up to upstream_done(). Only to a server that speaks
 * HTTP/2; to another flow_fail() follows. */
void upstream_stream(struct upstream *u, struct slice head);
void upstream_more(struct upstream *u, struct slice piece);
void upstream_done(struct upstream *u);
/* Bytes, after upstream_raw() or of a connection of bytes. */
void upstream_send(struct upstream *u, struct slice s);
size_t upstream_waiting(const struct upstream *u);
/* From now on bytes. */
void upstream_raw(struct upstream *u);
/* The client has ended its side. */
void upstream_shut(struct upstream *u);
/* Reads no more until it is called with false. */
void upstream_hold(struct upstream *u, bool hold);
/* The flow wants no more of it: it is kept if it can be, else closed. */
void upstream_leave(struct upstream *u);
void upstream_free_all(struct gate *g);

/* main.c */
/* fd: goes along, and is given away; -1: none. */
void gate_send(struct gate *g, const struct buf *message, int fd);
uint64_t gate_now_ms(void);

#endif
