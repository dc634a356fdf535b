/* link: what the gate's process and its supervisor say to each other: one message a datagram on a socket pair of type SOCK_SEQPACKET, and
 * connected sockets beside them (SCM_RIGHTS, unix(7)). The gate's process parses what a tool and a network send, so what it says counts as
 * hostile too: link_parse() checks every length. */
#ifndef POSTERN_GATE_LINK_H
#define POSTERN_GATE_LINK_H

#include "base/buf.h"

#define LINK_MAX ((size_t)64 << 10) /* bytes of a message */

enum link_kind {
	/* from the gate */
	LINK_ASK = 1, /* ID KIND SCHEME HOST PORT DIALLED SNI AUTHORITY VIA METHOD TARGET PROTO SIZE SHA256 CONN: may this pass? May have a
	               * descriptor: the body, without what was found in it (gate/keep.h) */
	LINK_CONNECT, /* ID HOST PORT: a connected socket, please */
	LINK_EVENT, /* ID STATUS SENT RECEIVED MS REASON, of a body that was rewritten SIZE SHA256: how it ended. ID is that of the ASK. May
	               have a descriptor: the reply */
	LINK_REFUSED, /* ID and the fields of an ASK, with RULE REASON: the gate itself did not let it pass */
	/* from the supervisor */
	LINK_VERDICT,   /* ID RESULT RULE REASON SET SWAP SIZE */
	LINK_CONNECTED, /* ID, with a descriptor; or ID REASON */
	LINK_KIND_END,
};

enum link_tag {
	LINK_ID = 1,
	LINK_WHAT, /* "request", "websocket", "bytes", "stream" (the head of a call whose messages follow), "message", "stream message",
	            * "tls": may it pass unseen? */
	LINK_SCHEME,
	LINK_HOST, /* lower case */
	LINK_PORT,
	LINK_DIALLED,   /* the name or address that the connection went to */
	LINK_SNI,       /* of TLS */
	LINK_AUTHORITY, /* Host or :authority */
	LINK_VIA,
	LINK_METHOD,
	LINK_TARGET, /* cut to LINK_TARGET_MAX */
	LINK_PROTO,
	LINK_SIZE,   /* of the body; of a VERDICT: how many bytes may leave that nobody asks about one by one */
	LINK_SHA256, /* of the body, hex */
	LINK_CONN,   /* number of the tool's connection */
	LINK_STATUS,
	LINK_SENT, /* bytes of bodies */
	LINK_RECEIVED,
	LINK_MS,
	LINK_REASON,
	LINK_RESULT, /* of a VERDICT: "allow", "deny", or of "tls" also "intercept" */
	LINK_RULE,   /* the rule that decided */
	LINK_SET,    /* header fields to set, "name: value\n" each */
	LINK_SWAP,   /* "header\tplaceholder\tkey\n" each: in that field of the request the key takes the placeholder's place */
	LINK_HITS,   /* what was found in it, a line each: link_hit_write() */
	LINK_REDACT, /* of a VERDICT: numbers of the hits that are to be replaced, with commas between */
	LINK_AI,     /* lines of gate/dialogue.h: of an ASK about the request, of an EVENT about the reply */
	LINK_STEERS, /* of an ASK: a field by which a server may take the request for one of another method or path */
	LINK_TAG_END,
};

#define LINK_TARGET_MAX 8192u

struct link_message {
	enum link_kind kind;
	struct slice field[LINK_TAG_END]; /* .p NULL: absent */
};

/* Writing: link_begin() empties the buffer. Errors stick to it. */
void link_begin(struct buf *b, enum link_kind kind);
void link_put(struct buf *b, enum link_tag tag, struct slice value);
void link_put_u64(struct buf *b, enum link_tag tag, uint64_t value);

/* 0; -EBADMSG: unknown kind or tag, a tag twice, lengths that do not add up. Fields are borrowed. */
[[nodiscard]] int link_parse(struct slice datagram, struct link_message *out);
/* A number; `otherwise` if it is absent or none. */
uint64_t link_u64(const struct link_message *m, enum link_tag tag, uint64_t otherwise);

/* Sends one message, and a descriptor if fd >= 0 (which stays the caller's). 0, -EAGAIN, or another negative errno. */
[[nodiscard]] int link_send(int socket, const struct buf *message, int fd);
/* Receives one into b (emptied). *fd: a descriptor that came along, else -1. 0; -EAGAIN; -EPIPE: the other side has gone; -EBADMSG: too
 * long. */
[[nodiscard]] int link_receive(int socket, struct buf *b, int *fd);

/* Messages for which the socket has no room yet, in their order, with their descriptors. */
struct link_queue {
	int socket; /* borrowed */
	struct buf wait;
};
/* max: bytes that may wait. */
void link_queue_init(struct link_queue *q, int socket, size_t max);
/* Sends it now or later. fd: a descriptor that goes along, the queue's from here on in any case; or -1. 0, or a negative errno: the other
 * side has gone, or too much waits for it; the queue is of no more use. */
[[nodiscard]] int link_queue_send(struct link_queue *q, const struct buf *message, int fd);
/* Sends what waits, as far as there is room. 0 or a negative errno. */
[[nodiscard]] int link_queue_flush(struct link_queue *q);
/* True: call link_queue_flush() when the socket can be written to. */
bool link_queue_waits(const struct link_queue *q);
/* Closes the descriptors that wait. */
void link_queue_free(struct link_queue *q);

/* ── what the gate's process gets first, over its control socket ── */

struct gate_config {
	struct slice ca_cert_pem, ca_key_pem; /* the authority of this run */
	struct slice trust_pem;               /* roots that upstream servers are checked against */
	struct slice rules;                   /* image of inspect/secret_table.h; empty: nothing is looked into */
	struct slice values;                  /* gate_value_put(), one after the other: what must not leave */
	struct slice index;                   /* of inspect/fingerprint.h; empty: none */
	bool keep;                            /* bodies go to the supervisor, for the record */
	struct slice patterns;                /* "name\tPOSIX extended regular expression\n" each */
	struct slice canon;                   /* key of gate/canon.h; empty: requests are sent as the tool wrote them */
	struct slice routes;                  /* of gate/route.h: hosts that are reached elsewhere */
};
#define GATE_CONFIG_MAX ((size_t)256 << 20)

/* class: enum dlp_class of a value. */
void gate_value_put(struct buf *b, unsigned class, struct slice label, struct slice value);
/* The next of them. False: no more, or broken. */
bool gate_value_next(struct slice *rest, unsigned *class, struct slice *label, struct slice *value);

#define LINK_PATTERN 100u

/* One hit, as the supervisor gets it. */
struct link_hit {
	unsigned class;          /* enum dlp_class; LINK_PATTERN: one of the policy's patterns, rule is its name */
	unsigned confidence;     /* 0 to 100 */
	bool cut, place;         /* place: in the head of the request, where nothing can be replaced */
	struct slice rule, what; /* name of the rule; for a person */
	struct slice chain;      /* decodings, with " in " between; empty: plain */
	struct slice sample;     /* safe to log */
};
void link_hit_write(struct buf *b, const struct link_hit *h);
bool link_hit_next(struct slice *rest, struct link_hit *out);

void gate_config_encode(struct buf *b, const struct gate_config *c);
/* Fields are borrowed from the message. -EBADMSG. */
[[nodiscard]] int gate_config_decode(struct slice message, struct gate_config *out);
/* Over a stream socket: the length with the link's socket is sent, and the message appended to rest: the caller sends it as the socket
 * takes it. 0 or negative errno. */
[[nodiscard]] int gate_config_send(int control, const struct gate_config *c, int link, struct buf *rest);
/* All of it, blocking. -EPIPE: the other side has gone; -EBADMSG. */
[[nodiscard]] int gate_config_receive(int control, struct buf *message, int *link);

/* The gate's process: postern --role=gate. Descriptor `control` is the control socket, and the next one the socket of the tool's interface,
 * which has frames in it already (sys/packet.h); returns its exit code. */
int gate_main(int control);

#endif
