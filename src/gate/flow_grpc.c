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
#define ASKED_MAX  64u   /* messages of a call about which is asked at once: the ledger takes them together */

/* A message about which the supervisor is asked, or was: it leaves after those before it. */
struct part {
	struct part *next;
	struct flow *flow;
	size_t size; /* in raw, with its prefix */
	bool decided, allow, replaced;
	int status;
	struct buf clean;  /* what leaves, if something was replaced */
	struct buf reason; /* of a no */
};

struct flow_grpc {
	bool connect;   /* of Connect */
	struct buf raw; /* what came and has not left */
	size_t left; /* bytes at its front that have, all the same: moved only now and then, as there may be thousands of messages in it */
	struct part *first, **last;
	unsigned n_asked;
	size_t asked;  /* bytes of raw behind those, that the messages are which are asked about */
	uint8_t flags; /* of the last of them */
	uint64_t said; /* bytes of messages that were asked about */
	bool ended;    /* the server knows that no more comes */
	size_t booked; /* bytes of raw, as gate_hold() knows it */
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

static bool is_connect(struct slice type)
{
	return slice_eq_nocase(slice_sub(type, 0, 20), SLICE("application/connect+"));
}

bool flow_grpc_is(const struct exchange_request *r)
{
	struct slice type = exchange_header(r, "content-type");
	return slice_is(r->proto, "h2") && slice_is(r->method, "POST") && (is_connect(type) || begins(type, SLICE("application/grpc")));
}

bool flow_grpc_new(struct flow *f)
{
	f->grpc = calloc(1, sizeof(*f->grpc));
	if (!f->grpc)
		return false;
	f->grpc->connect = is_connect(exchange_header(f->r, "content-type"));
	f->grpc->raw = BUF(MESSAGE_MAX + 2 * UP_PAUSE);
	f->grpc->last = &f->grpc->first;
	return true;
}

/* With the first of the messages. why: it has not left. */
static void done(struct flow_grpc *c, const char *why)
{
	struct part *p = c->first;
	c->first = p->next;
	if (!c->first)
		c->last = &c->first;
	c->n_asked--;
	/* A verdict that is still to come finds nobody. */
	p->flow->parent = NULL;
	flow_event(p->flow, why);
	flow_free(p->flow);
	buf_free(&p->clean);
	buf_free(&p->reason);
	free(p);
}

void flow_grpc_free(struct flow *f)
{
	struct flow_grpc *c = f->grpc;
	if (!c)
		return;
	while (c->first)
		done(c, "the call ended before it");
	(void)gate_hold(f->g, &c->booked, 0);
	buf_free(&c->raw);
	free(c);
	f->grpc = NULL;
}

bool flow_grpc_asks(const struct flow *f)
{
	const struct flow_grpc *c = f->grpc;
	return c && c->first && (c->n_asked == ASKED_MAX || c->raw.n - c->left > UP_PAUSE);
}

struct slice flow_grpc_coding(const struct flow *f)
{
	const struct flow_grpc *c = f->grpc;
	if (!c || !(c->flags & COMPRESSED))
		return SLICE_NONE;
	struct slice coding = exchange_header(f->r, c->connect ? "connect-content-encoding" : "grpc-encoding");
	/* No coding has that name: it cannot be removed. */
	return coding.n ? coding : SLICE("?");
}

/* As gRPC writes grpc-message: bytes that a field must not have, and '%'. More (encode_percent()) is more than some clients read back. */
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

/* What nobody was asked about yet. */
static struct slice rest(const struct flow_grpc *c)
{
	return slice_from(buf_slice(&c->raw), c->left + c->asked);
}

/* About the message of that size that follows those that are asked about. */
static bool ask(struct flow *f, size_t size)
{
	struct flow_grpc *c = f->grpc;
	struct flow *m = flow_message(f, "stream message");
	struct part *p = m ? calloc(1, sizeof(*p)) : NULL;
	if (!p) {
		if (m)
			flow_free(m);
		return broken(f, 503, "content", "out of memory");
	}
	buf_add(&m->body, slice_sub(rest(c), PREFIX, size - PREFIX));
	m->sent = m->body.n;
	flow_book(m, 0);
	*p = (struct part){.flow = m, .size = size, .clean = BUF(2 * MESSAGE_MAX), .reason = BUF(1024)};
	c->flags = rest(c).p[0];
	c->said += size - PREFIX;
	c->asked += size;
	c->n_asked++;
	*c->last = p;
	c->last = &p->next;
	flow_ask(m);
	return f->state != FLOW_OVER;
}

/* Why a message that begins so is none; *status and *rule go with it. NULL: it is one. */
static const char *wrong(const struct flow *f, uint8_t flags, size_t n, int *status, const char **rule)
{
	*status = 413;
	*rule = "size";
	if (n > MESSAGE_MAX)
		return "a message is too long to be looked through (16 MiB)";
	if (n > f->may_send - f->grpc->said)
		return "the call says more than the policy permits";
	*status = 400;
	*rule = "stream";
	return flags & ~COMPRESSED ? "a message has a flag that is not known" : NULL;
}

/* Asks about what is whole. What is wrong with a message is said once those before it have left. False: the call has ended. */
static bool ask_all(struct flow *f)
{
	struct flow_grpc *c = f->grpc;
	while (c->n_asked < ASKED_MAX && rest(c).n >= PREFIX) {
		const uint8_t *p = rest(c).p;
		size_t n = (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];
		const char *rule, *why;
		int status;
		if ((why = wrong(f, p[0], n, &status, &rule)) != NULL)
			return c->first || broken(f, status, rule, why);
		if (rest(c).n - PREFIX < n)
			return true;
		if (!ask(f, PREFIX + n))
			return false;
	}
	return true;
}

bool flow_grpc_step(struct flow *f)
{
	struct flow_grpc *c = f->grpc;
	if (f->state != FLOW_OPEN || !f->u)
		return f->state != FLOW_OVER;
	if (!ask_all(f))
		return false;
	if (f->whole && !c->ended && !c->first) {
		if (rest(c).n)
			return broken(f, 400, "stream", "the call ends in the middle of a message");
		c->ended = true;
		upstream_done(f->u);
	} else {
		exchange_hold(f->x, flow_grpc_asks(f) || upstream_waiting(f->u) > UP_PAUSE);
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
static void send(struct flow *f, const struct part *p)
{
	_cleanup_buf_ struct buf prefix = BUF(PREFIX);
	if (!p->replaced) {
		upstream_more(f->u, slice_sub(buf_slice(&f->grpc->raw), f->grpc->left, p->size));
		return;
	}
	buf_u8(&prefix, 0);
	buf_be(&prefix, p->clean.n, 4);
	upstream_more(f->u, buf_slice(&prefix));
	upstream_more(f->u, buf_slice(&p->clean));
}

/* In their order, up to the first that is not decided. */
static void release(struct flow *f)
{
	struct flow_grpc *c = f->grpc;
	while (f->state == FLOW_OPEN && f->u && c->first && c->first->decided) {
		struct part *p = c->first;
		p->flow->status = p->allow ? 200 : p->status;
		if (!p->allow) {
			f->state = FLOW_OVER;
			f->status = p->status;
			flow_grpc_refuse(f, p->status, buf_slice(&p->reason));
			return;
		}
		send(f, p);
		c->left += p->size;
		c->asked -= p->size;
		done(c, NULL);
	}
	if (!c->first || c->left > c->raw.n / 2) {
		buf_drop(&c->raw, c->left);
		c->left = 0;
	}
	if (!c->raw.n && c->raw.cap > 65536)
		buf_free(&c->raw);
	(void)gate_hold(f->g, &c->booked, c->raw.cap);
}

void flow_grpc_verdict(struct flow *m, bool allow, struct slice redact, int status, struct slice reason)
{
	struct flow *f = m->parent;
	struct part *p = f->grpc->first;
	while (p && p->flow != m)
		p = p->next;
	if (!p || p->decided)
		return;
	p->decided = true;
	p->replaced = allow && redact.n;
	if (p->replaced && (!m->scan || search_replace(f->g->search, m->scan, redact, buf_slice(&m->body), &p->clean) < 0)) {
		allow = false;
		status = 403;
		reason = SLICE("what must not leave cannot be replaced");
	}
	p->allow = allow;
	p->status = status;
	buf_add(&p->reason, slice_sub(reason, 0, 1000));
	size_t before = m->body.n;
	buf_free(&m->body);
	flow_book(m, before);
	release(f);
	if (f->state == FLOW_OPEN)
		(void)flow_grpc_step(f);
}
