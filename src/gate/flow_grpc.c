/* Calls in whose middle both sides speak: gRPC over HTTP/2, and the streaming calls of Connect, which are framed alike (the two protocols'
 * own specifications, "Length-Prefixed-Message" and "Enveloped-Message"). Their client may wait for an answer before it says more, so such
 * a request is not gathered until it is whole: its head is asked about, and then each message, which is looked through, asked about and on
 * record before it leaves. What is split over messages the search finds as it does for a WebSocket (dlp_history). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "gate/gate_part.h"

#define PREFIX     5u    /* a byte of flags, and the length */
#define COMPRESSED 0x01u /* what grpc-encoding or connect-content-encoding says */
#define LAST       0x02u /* Connect: what follows is the end of the reply */

struct flow_grpc {
	bool connect;       /* of Connect */
	struct buf raw;     /* what came and has not left */
	struct flow *asked; /* the message at its front, about which the supervisor is asked */
	size_t size;        /* of that message, with its prefix */
	uint64_t said;      /* bytes of messages that were asked about */
	bool ended;         /* the server knows that no more comes */
	size_t booked;      /* bytes of raw, as gate_hold() knows it */
};

/* Codes of gRPC, and their names in Connect. */
struct code {
	int http, grpc;
	const char *connect;
};
static const struct code codes[] = {
        {403, 7, "permission_denied"},
        {405, 7, "permission_denied"},
        {421, 7, "permission_denied"},
        {413, 8, "resource_exhausted"},
        {502, 14, "unavailable"},
        {503, 14, "unavailable"},
};
static const struct code other = {0, 3, "invalid_argument"};

static bool begins(struct slice type, struct slice with)
{
	uint8_t next = type.n > with.n ? type.p[with.n] : ';';
	return slice_eq_nocase(slice_sub(type, 0, with.n), with) && (next == ';' || next == '+' || next == ' ');
}

bool flow_grpc_is(const struct exchange_request *r)
{
	struct slice type = exchange_header(r, "content-type");
	bool connect = slice_eq_nocase(slice_sub(type, 0, 20), SLICE("application/connect+"));
	return slice_is(r->proto, "h2") && slice_is(r->method, "POST") && (connect || begins(type, SLICE("application/grpc")));
}

bool flow_grpc_new(struct flow *f)
{
	f->grpc = calloc(1, sizeof(*f->grpc));
	if (!f->grpc)
		return false;
	f->grpc->connect = slice_eq_nocase(slice_sub(exchange_header(f->r, "content-type"), 0, 20), SLICE("application/connect+"));
	f->grpc->raw = BUF(MESSAGE_MAX + 2 * UP_PAUSE);
	return true;
}

void flow_grpc_free(struct flow *f)
{
	struct flow_grpc *c = f->grpc;
	if (!c)
		return;
	if (c->asked) {
		/* Its verdict finds nobody. */
		c->asked->parent = NULL;
		flow_event(c->asked, "the call went away");
		flow_free(c->asked);
	}
	(void)gate_hold(f->g, &c->booked, 0);
	buf_free(&c->raw);
	free(c);
	f->grpc = NULL;
}

bool flow_grpc_asks(const struct flow *f)
{
	return f->grpc && f->grpc->asked;
}

struct slice flow_grpc_coding(const struct flow *f)
{
	const struct flow_grpc *c = f->grpc;
	if (!c || !c->raw.n || !(c->raw.p[0] & COMPRESSED))
		return SLICE_NONE;
	struct slice coding = exchange_header(f->r, c->connect ? "connect-content-encoding" : "grpc-encoding");
	/* No coding has that name: it cannot be removed. */
	return coding.n ? coding : SLICE("?");
}

/* Bytes that a field must not have, and '%', as gRPC writes them in grpc-message. */
static void put_percent(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < 0x20 || text.p[i] > 0x7e || text.p[i] == '%')
			buf_fmt(out, "%%%02X", text.p[i]);
		else
			buf_u8(out, text.p[i]);
}

static void refuse_connect(struct flow *f, const struct code *code, struct slice text)
{
	_cleanup_buf_ struct buf head = BUF(512), json = BUF(16384), piece = BUF(16384 + PREFIX);
	buf_fmt(&json, "{\"error\":{\"code\":\"%s\",\"message\":", code->connect);
	encode_json(&json, text);
	buf_str_add(&json, "}}");
	buf_u8(&piece, LAST);
	buf_be(&piece, json.n, 4);
	buf_add(&piece, buf_slice(&json));
	buf_str_add(&head, "content-type: ");
	buf_add(&head, slice_sub(exchange_header(f->r, "content-type"), 0, 100));
	buf_str_add(&head, "\r\n");
	if (f->replied || exchange_head(f->x, 200, buf_slice(&head)) == 0)
		exchange_piece(f->x, buf_slice(&piece));
}

void flow_grpc_refuse(struct flow *f, int status, struct slice reason)
{
	_cleanup_buf_ struct buf text = BUF(2048), fields = BUF(8192);
	const struct code *code = &other;
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].http == status)
			code = &codes[i];
	buf_str_add(&text, "Postern: ");
	buf_add(&text, slice_sub(reason, 0, 1000));
	if (f->grpc->connect) {
		refuse_connect(f, code, buf_slice(&text));
	} else {
		buf_fmt(&fields, "grpc-status: %d\r\ngrpc-message: ", code->grpc);
		put_percent(&fields, buf_slice(&text));
		buf_str_add(&fields, "\r\n");
		if (f->replied) {
			exchange_trailers(f->x, buf_slice(&fields));
		} else {
			buf_str_add(&fields, "content-type: application/grpc\r\n");
			exchange_empty(f->x);
			(void)exchange_head(f->x, 200, buf_slice(&fields));
		}
	}
	exchange_end(f->x);
	if (f->u)
		upstream_leave(f->u);
}

/* A call that breaks the rules of its protocol, or ours. */
static bool broken(struct flow *f, int status, const char *rule, const char *why)
{
	flow_deny(f, status, rule, why);
	return false;
}

static bool ask(struct flow *f)
{
	struct flow_grpc *c = f->grpc;
	struct flow *m = flow_new(f->g, NULL, f->r);
	if (!m)
		return broken(f, 503, "content", "out of memory");
	m->parent = f;
	m->what = "stream message";
	m->tls = f->tls;
	memcpy(m->host, f->host, sizeof(m->host));
	m->port = f->port;
	buf_add(&m->routed, buf_slice(&f->routed));
	buf_add(&m->body, slice_sub(buf_slice(&c->raw), PREFIX, c->size - PREFIX));
	m->sent = m->body.n;
	flow_book(m, 0);
	c->asked = m;
	exchange_hold(f->x, true);
	flow_ask(m);
	return f->state != FLOW_OVER;
}

bool flow_grpc_step(struct flow *f)
{
	struct flow_grpc *c = f->grpc;
	if (f->state != FLOW_OPEN || !f->u || c->asked)
		return f->state != FLOW_OVER;
	if (c->raw.n >= PREFIX) {
		const uint8_t *p = c->raw.p;
		size_t n = (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];
		if (p[0] & ~COMPRESSED)
			return broken(f, 400, "stream", "a message has a flag that is not known");
		if (n > MESSAGE_MAX)
			return broken(f, 413, "size", "a message is too long to be looked through (16 MiB)");
		if (n > f->may_send - c->said)
			return broken(f, 413, "size", "the call says more than the policy permits");
		if (c->raw.n - PREFIX >= n) {
			c->size = PREFIX + n;
			c->said += n;
			return ask(f);
		}
	}
	if (f->whole && !c->ended) {
		if (c->raw.n)
			return broken(f, 400, "stream", "the call ends in the middle of a message");
		c->ended = true;
		upstream_done(f->u);
	} else {
		exchange_hold(f->x, upstream_waiting(f->u) > UP_PAUSE);
	}
	return true;
}

bool flow_grpc_feed(struct flow *f, struct slice piece)
{
	struct flow_grpc *c = f->grpc;
	buf_add(&c->raw, piece);
	if (buf_error(&c->raw))
		return broken(f, 413, "size", "a message is too long to be looked through (16 MiB)");
	if (!gate_hold(f->g, &c->booked, c->raw.cap))
		return broken(f, 413, "size", "too much is under way at once (256 MiB)");
	/* Nothing is asked about before the call itself is allowed, and little is taken. */
	if (f->state != FLOW_OPEN)
		exchange_hold(f->x, true);
	return flow_grpc_step(f);
}

/* What was allowed leaves as it came, or, if something in it was replaced, without compression. */
static void send(struct flow *f, struct slice clean, bool replaced)
{
	struct flow_grpc *c = f->grpc;
	_cleanup_buf_ struct buf prefix = BUF(PREFIX);
	if (!replaced) {
		upstream_more(f->u, slice_sub(buf_slice(&c->raw), 0, c->size));
		return;
	}
	buf_u8(&prefix, 0);
	buf_be(&prefix, clean.n, 4);
	upstream_more(f->u, buf_slice(&prefix));
	upstream_more(f->u, clean);
}

void flow_grpc_verdict(struct flow *m, bool allow, struct slice redact, int status, struct slice reason)
{
	struct flow *f = m->parent;
	struct flow_grpc *c = f ? f->grpc : NULL;
	if (c)
		c->asked = NULL;
	if (c && f->u && f->state == FLOW_OPEN) {
		_cleanup_buf_ struct buf clean = BUF(2 * MESSAGE_MAX);
		if (allow && redact.n && (!m->scan || search_replace(f->g->search, m->scan, redact, buf_slice(&m->body), &clean) < 0)) {
			allow = false;
			status = 403;
			reason = SLICE("what must not leave cannot be replaced");
		}
		if (allow)
			send(f, buf_slice(&clean), redact.n > 0);
		buf_drop(&c->raw, c->size);
		if (!c->raw.n && c->raw.cap > 65536)
			buf_free(&c->raw);
		(void)gate_hold(f->g, &c->booked, c->raw.cap);
		m->status = allow ? 200 : status;
		if (!allow) {
			f->state = FLOW_OVER;
			f->status = status;
			flow_grpc_refuse(f, status, reason);
		}
	}
	flow_event(m, NULL);
	flow_free(m);
	if (c)
		(void)flow_grpc_step(f);
}
