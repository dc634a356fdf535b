#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "gate/canon.h"
#include "gate/gate_part.h"
#include "gate/route.h"
#include "gate/trailer.h"
#include "inspect/dlp.h"

#define HEAD_MAX    ((size_t)512 << 10)
#define LOW         (UP_PAUSE / 4)
#define ANSWER_MAX  ((size_t)16 << 10)
#define HINTS_MAX   ((size_t)64 << 10) /* of all interim replies to one request */
#define PATIENCE_MS 20u                /* for the rest of what may be a key */

static const char TOO_LARGE[] = "the request is larger than what can be looked at before it leaves (32 MiB)";

struct flow *flow_find(struct gate *g, uint64_t id)
{
	struct flow *f = g->flow[id % FLOWS_MAX];
	while (f && f->id != id)
		f = f->next;
	return f;
}

void flow_book(struct flow *f, size_t before)
{
	f->g->held += f->body.n;
	f->g->held -= before;
}

bool gate_hold(struct gate *g, size_t *booked, size_t now)
{
	bool more = now > *booked;
	g->held += now;
	g->held -= *booked;
	*booked = now;
	return !more || g->held <= HELD_MAX;
}

/* The client reads a sentence, in the form in which the programs of model vendors expect errors. */
static void refuse(struct flow *f, int status, const char *type, struct slice rule, struct slice reason)
{
	_cleanup_buf_ struct buf b = BUF(ANSWER_MAX), text = BUF(2048), head = BUF(512);
	if (f->state == FLOW_OVER || !f->r)
		return;
	f->state = FLOW_OVER;
	f->status = status;
	if (f->grpc) {
		flow_grpc_refuse(f, status, reason);
		return;
	}
	if (f->bytes || f->replied) {
		exchange_break(f->x, "refused");
		return;
	}
	buf_fmt(&b, "{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"rule\":", type);
	encode_json(&b, slice_sub(rule, 0, 300));
	buf_str_add(&text, "Postern: ");
	buf_add(&text, slice_sub(reason, 0, 1000));
	buf_str_add(&b, ",\"message\":");
	encode_json(&b, buf_slice(&text));
	buf_str_add(&b, "}}\n");
	buf_fmt(&head, "content-type: application/json\r\nx-postern: %s\r\ncontent-length: %zu\r\n", type, b.n);
	if (exchange_head(f->x, status, buf_slice(&head)) == 0)
		exchange_piece(f->x, buf_slice(&b));
	exchange_end(f->x);
}

/* ── what must agree ── */

static bool numeric(struct slice host)
{
	bool digits = host.n > 0;
	for (size_t i = 0; i < host.n; i++)
		digits &= (host.p[i] >= '0' && host.p[i] <= '9') || host.p[i] == '.';
	return digits || slice_chr(host, ':', 0) != SLICE_NPOS;
}

/* Host or :authority without user and port, as it is compared. */
static struct slice bare_host(struct slice a)
{
	if (a.n && a.p[0] == '[') {
		size_t end = slice_chr(a, ']', 0);
		return end == SLICE_NPOS ? a : slice_sub(a, 1, end - 1);
	}
	return slice_sub(a, 0, slice_chr(a, ':', 0));
}

/* A name and at most the connection's port: the server gets Host as it is, and what stands behind the name could mean another host to it.
 */
static bool plain_authority(struct slice a, uint16_t port)
{
	size_t end = a.n && a.p[0] == '[' ? slice_chr(a, ']', 0) : SLICE_NPOS;
	struct slice rest = slice_from(a, end == SLICE_NPOS ? bare_host(a).n : end + 1);
	uint64_t n;
	if (end != SLICE_NPOS && slice_chr(bare_host(a), ':', 0) == SLICE_NPOS)
		return false;
	return !rest.n || (rest.p[0] == ':' && slice_u64(slice_from(rest, 1), 65535, &n) && n == port);
}

/* A tool that dials one place, names a second in TLS and a third in its request could have one allowed and another reached. NULL: all
 * agree. */
static const char *disagreement(const struct exchange_request *r, char host[256])
{
	struct slice authority = bare_host(r->authority);
	if (slice_chr(r->authority, '@', 0) != SLICE_NPOS)
		return "the request's Host names a user";
	/* RFC 9112, 3.2. Of bytes there is no request. */
	if (slice_is(r->proto, "HTTP/1.1") && !exchange_header(r, "host").n)
		return "the request has no Host";
	if (!plain_authority(r->authority, r->port))
		return "the request's Host is more than a name and the port of the connection";
	bool address = numeric(r->dialled);
	struct slice name = address && !r->sni.n && !authority.n ? r->dialled : r->host;
	if (name.n == 0 || name.n > 253)
		return "the request names no host";
	if (r->sni.n && !slice_eq_nocase(r->sni, name))
		return "the request's Host is not the name that TLS was opened for";
	if (authority.n && !slice_eq_nocase(authority, name))
		return "the request's Host is not the name that the connection was opened for";
	if (!slice_eq_nocase(r->dialled, name))
		return address ? "the connection went to an address, and the request names a host"
		               : "the connection was opened to another host";
	(void)snprintf(host, 256, "%.*s", SLICE_FMT(name));
	for (char *p = host; *p; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
	size_t n = strlen(host);
	if (n > 1 && host[n - 1] == '.')
		host[n - 1] = 0;
	for (size_t i = 0; i < r->n_headers; i++)
		if (slice_eq_nocase(r->headers[i].name, SLICE("host")) && !slice_eq_nocase(bare_host(r->headers[i].value), authority))
			return "the request has more than one Host";
	return NULL;
}

/* ── asking ── */

/* What is asked for, there where it goes. */
static struct slice target(const struct flow *f)
{
	return f->routed.n ? buf_slice(&f->routed) : f->r->target;
}

/* The facts of a flow, as far as they are known. */
static void put_facts(const struct flow *f, enum link_kind kind, uint64_t id, struct buf *m)
{
	const struct exchange_request *r = f->r;
	link_begin(m, kind);
	link_put_u64(m, LINK_ID, id);
	link_put(m, LINK_WHAT, slice_str(f->what));
	link_put(m, LINK_HOST, f->host[0] ? slice_str(f->host) : slice_sub(r->host, 0, 255));
	link_put_u64(m, LINK_PORT, f->port);
	link_put(m, LINK_DIALLED, slice_sub(r->dialled, 0, 256));
	link_put(m, LINK_SNI, slice_sub(r->sni, 0, 256));
	link_put(m, LINK_AUTHORITY, slice_sub(r->authority, 0, 512));
	link_put(m, LINK_VIA, slice_str(r->via));
	link_put_u64(m, LINK_CONN, r->conn);
	if (f->bytes)
		return;
	link_put(m, LINK_SCHEME, slice_str(f->tls ? "https" : "http"));
	link_put(m, LINK_METHOD, slice_sub(r->method, 0, 64));
	link_put(m, LINK_TARGET, slice_sub(target(f), 0, LINK_TARGET_MAX));
	link_put(m, LINK_PROTO, r->proto);
	for (size_t i = 0; i < r->n_headers; i++)
		if (trailer_steers(r->headers[i].name)) {
			link_put(m, LINK_STEERS, slice_sub(r->headers[i].name, 0, 64));
			break;
		}
}

/* Names that people give are short, and have few digits. */
static bool name_may_hold(struct slice name)
{
	size_t digits = 0;
	for (size_t i = 0; i < name.n; i++)
		digits += name.p[i] >= '0' && name.p[i] <= '9';
	return name.n > 32 || (name.n >= 16 && digits > 0);
}

/* What a tool says with its target and its fields. A field that is there to hold a key for this host goes into `keys`: what it should hold
 * looks like a secret. Of Authorization only what is no user and password: those of another place can be sent so. */
static void put_head(const struct flow *f, struct buf *out, struct buf *keys)
{
	const struct exchange_request *r = f->r;
	static const char *const names[] = {"authorization", "x-api-key", "api-key", "x-goog-api-key", "proxy-authorization"};
	buf_add(out, target(f));
	for (size_t i = 0; i < r->n_headers; i++) {
		size_t k = 0;
		while (k < ARRAY_LEN(names) && !slice_eq_nocase(r->headers[i].name, slice_str(names[k])))
			k++;
		bool basic = slice_eq_nocase(slice_sub(r->headers[i].value, 0, 6), SLICE("basic "));
		struct buf *to = k < ARRAY_LEN(names) && !basic ? keys : out;
		buf_u8(to, '\n');
		buf_add(to, r->headers[i].value);
	}
	/* A name may be below one that a rule permits as a whole, and over HTTP/2 it is in no field. */
	buf_u8(out, '\n');
	buf_str_add(out, f->host);
	/* Names are of the tool's choosing, too. Those that could hold something stand behind all values, where none is a key word beside
	 * one. */
	for (size_t i = 0; i < r->n_headers; i++)
		if (name_may_hold(r->headers[i].name)) {
			buf_u8(out, '\n');
			buf_add(out, r->headers[i].name);
		}
	/* Shorter ones, and the method, can hold pieces of what is known. */
	buf_u8(keys, '\n');
	buf_add(keys, r->method);
	for (size_t i = 0; i < r->n_headers; i++)
		if (r->headers[i].name.n >= DLP_PIECE && !name_may_hold(r->headers[i].name)) {
			buf_u8(keys, '\n');
			buf_add(keys, r->headers[i].name);
		}
	struct slice rest = buf_slice(&f->trailers), name, value;
	while (trailer_next(&rest, &name, &value)) {
		buf_u8(out, '\n');
		buf_add(out, value);
		buf_u8(out, '\n');
		buf_add(out, name);
	}
}

/* What it says, for the record, if that wants it: a descriptor, or -1. A secret that was found is not kept there either. */
static int keep_request(const struct flow *f)
{
	_cleanup_buf_ struct buf clean = BUF(BODY_WHOLE_MAX);
	struct keep k;
	if (!f->g->config.keep || f->bytes || !f->body.n)
		return -1;
	if (f->hits.n && (!f->scan || !search_clean(f->g->search, f->scan, buf_slice(&f->hits), buf_slice(&f->body), &clean)))
		return -1;
	keep_begin(&k, f->hits.n ? buf_slice(&clean) : buf_slice(&f->body));
	return k.fd;
}

/* l: what was found in it; NULL for bytes. */
static void ask(struct flow *f, const struct look *l)
{
	_cleanup_buf_ struct buf m = BUF(LINK_MAX);
	f->state = FLOW_ASKED;
	put_facts(f, LINK_ASK, f->id, &m);
	if (l) {
		if (f->hits.n)
			link_put(&m, LINK_HITS, buf_slice(&f->hits));
		f->ai = l->ai;
		if (l->ai)
			link_put(&m, LINK_AI, buf_slice(&l->facts));
		link_put_u64(&m, LINK_SIZE, f->body.n);
		if (l->digest[0])
			link_put(&m, LINK_SHA256, slice_str(l->digest));
	}
	/* A question that cannot be put has no answer, and would wait for one for ever. */
	if (buf_error(&m) || (l && l->ai && buf_error(&l->facts))) {
		flow_deny(f, 413, "size", "what is to be known about the request is more than can be judged");
		return;
	}
	f->asked = true;
	gate_send(f->g, &m, keep_request(f));
}

static void swap(struct buf *a, struct buf *b)
{
	struct buf c = *a;
	*a = *b;
	*b = c;
}

void flow_looked(void *arg, struct look *l)
{
	struct gate *g = arg;
	struct flow *f = flow_find(g, l->id);
	if (!f || f->state != FLOW_LOOK || !f->r) {
		g->held -= l->booked;
		look_free(l);
		return;
	}
	swap(&f->body, &l->body);
	flow_book(f, l->booked);
	swap(&f->hits, &l->hits);
	f->scan = l->scan;
	l->scan = NULL;
	f->decoded = l->decoded;
	f->formed = l->formed;
	if (l->status)
		flow_deny(f, l->status, l->rule, l->why);
	else if (l->decoded && g->held > HELD_MAX)
		flow_deny(f, 413, "size", "too much is under way at once (256 MiB)");
	else
		ask(f, l);
	look_free(l);
}

/* All fields of that name are one list (RFC 9110, 5.3). */
static void put_codings(const struct exchange_request *r, struct buf *out)
{
	for (size_t i = 0; i < r->n_headers; i++)
		if (slice_eq_nocase(r->headers[i].name, SLICE("content-encoding"))) {
			buf_str_add(out, out->n ? ", " : "");
			buf_add(out, r->headers[i].value);
		}
}

/* Of two types a server may take either. */
static bool any_form(const struct exchange_request *r)
{
	bool any = !exchange_header(r, "content-type").n;
	for (size_t i = 0; i < r->n_headers; i++)
		any |= slice_eq_nocase(r->headers[i].name, SLICE("content-type")) && canon_any(r->headers[i].value);
	return any;
}

void flow_ask(struct flow *f)
{
	struct gate *g = f->g;
	if (f->bytes) {
		ask(f, NULL);
		return;
	}
	struct look *l = look_new();
	if (!l) {
		flow_deny(f, 503, "content", "out of memory");
		return;
	}
	if (!f->parent)
		put_codings(f->r, &l->coding);
	else
		buf_add(&l->coding, flow_grpc_coding(f->parent));
	/* A body of some KiB can become the largest one; without room for that it is not even tried. */
	if ((g->search || g->config.canon.n) && l->coding.n && f->body.n && g->held > HELD_MAX - BODY_WHOLE_MAX) {
		look_free(l);
		flow_deny(f, 413, "size", "too much is under way at once for the content coding to be removed");
		return;
	}
	f->state = FLOW_LOOK;
	l->id = f->id;
	memcpy(l->host, f->host, sizeof(l->host));
	l->booked = f->body.n;
	swap(&f->body, &l->body);
	buf_add(&l->target, target(f));
	if (g->config.canon.n && !canon_signed(f->r)) {
		l->canon = g->config.canon;
		l->any = f->parent || any_form(f->r);
	}
	if (!f->parent)
		put_head(f, &l->head, &l->keys);
	else
		buf_add(&l->head, buf_slice(&f->trailers)); /* what control frames say */
	if (looker_look(g->looker, l))
		flow_looked(g, l);
}

static void message_verdict(struct flow *m, bool allow, struct slice redact, int status, struct slice reason)
{
	if (m->parent->grpc)
		flow_grpc_verdict(m, allow, redact, status, reason);
	else
		flow_ws_verdict(m, allow, redact, reason);
}

/* Our own no: on record, too. */
void flow_deny(struct flow *f, int status, const char *rule, const char *reason)
{
	_cleanup_buf_ struct buf m = BUF(LINK_MAX);
	if (f->state == FLOW_OVER || !f->r)
		return;
	/* What was asked about has its answer: that it is refused after that is another fact, and is over as it begins. */
	uint64_t id = f->asked ? ++f->g->last_id : f->id;
	put_facts(f, LINK_REFUSED, id, &m);
	link_put(&m, LINK_RULE, slice_str(rule));
	link_put(&m, LINK_REASON, slice_str(reason));
	gate_send(f->g, &m, -1);
	if (f->asked) {
		link_begin(&m, LINK_EVENT);
		link_put_u64(&m, LINK_ID, id);
		gate_send(f->g, &m, -1);
	}
	if (f->parent)
		message_verdict(f, false, SLICE_NONE, status, slice_str(reason));
	else
		refuse(f, status, "postern_denied", slice_str(rule), slice_str(reason));
}

struct flow *flow_new(struct gate *g, struct exchange *x, const struct exchange_request *r)
{
	struct flow *f = g->n_flows < FLOWS_MAX ? calloc(1, sizeof(*f)) : NULL;
	if (!f)
		return NULL;
	f->g = g;
	f->x = x;
	f->r = r;
	f->id = ++g->last_id;
	f->body = BUF(BODY_WHOLE_MAX);
	f->routed = BUF(LINK_MAX);
	f->trailers = BUF(EXCHANGE_TRAILERS_MAX);
	f->set = BUF(LINK_MAX);
	f->swap = BUF(LINK_MAX);
	f->hits = BUF(LINK_MAX / 2);
	f->unmasked.bytes = BUF(BODY_WHOLE_MAX);
	f->port = r->port;
	f->begun_ms = gate_now_ms();
	f->may_send = UINT64_MAX;
	struct flow **slot = &g->flow[f->id % FLOWS_MAX];
	f->next = *slot;
	*slot = f;
	g->n_flows++;
	return f;
}

struct flow *flow_message(struct flow *f, const char *what)
{
	struct flow *m = flow_new(f->g, NULL, f->r);
	if (!m)
		return NULL;
	m->parent = f;
	m->what = what;
	m->tls = f->tls;
	memcpy(m->host, f->host, sizeof(m->host));
	m->port = f->port;
	buf_add(&m->routed, buf_slice(&f->routed));
	return m;
}

/* The flow of a TLS stream that is not passed through ends here; requests in it are flows of their own. */
static void intercept(struct flow *f)
{
	f->state = FLOW_OVER;
	exchange_intercept(f->x);
}

/* A host with a route is reached there. The rules, and the record, are about the place where it really goes. */
static void lead(struct flow *f)
{
	struct slice rest = f->g->config.routes;
	struct route r;
	while (route_next(&rest, &r))
		if (route_target(&r, f->host, f->r->target, &f->routed)) {
			(void)snprintf(f->host, sizeof(f->host), "%s", r.to_host);
			f->port = r.to_port;
			f->tls = r.to_tls;
			f->led = true;
			return;
		}
}

/* The target in its one form. */
static void form_target(struct flow *f)
{
	_cleanup_buf_ struct buf form = BUF(LINK_MAX);
	if (!f->g->config.canon.n || canon_signed(f->r))
		return;
	canon_target(f->g->config.canon, target(f), &form);
	buf_reset(&f->routed);
	buf_add(&f->routed, buf_slice(&form));
}

/* Before it is sent, if it is said: who asks first (RFC 9110, 10.1.1) need not send it. */
static bool too_long(const struct exchange_request *r)
{
	uint64_t n;
	return slice_u64(exchange_header(r, "content-length"), UINT64_MAX, &n) && n > BODY_WHOLE_MAX;
}

/* Its head is asked about at once: the rest may never be whole before it is answered. */
static void begin_call(struct flow *f)
{
	f->what = "stream";
	if (flow_grpc_new(f))
		flow_ask(f);
	else
		flow_deny(f, 503, "content", "out of memory");
}

static void *begin(void *arg, struct exchange *x, const struct exchange_request *r, bool more)
{
	struct flow *f = flow_new(arg, x, r);
	if (!f)
		return NULL;
	f->what = r->websocket ? "websocket" : "request";
	f->tls = slice_is(r->scheme, "https");
	const char *why = disagreement(r, f->host);
	if (why)
		flow_deny(f, 421, "agreement", why);
	else if (slice_is(r->method, "TRACE") || slice_is(r->method, "CONNECT"))
		flow_deny(f, 405, "methods", "this method is never let through");
	else if (r->target.n == 0 || (r->target.p[0] != '/' && !slice_is(r->target, "*")))
		flow_deny(f, 400, "target", "the target of the request is no path");
	else if (r->target.n > LINK_TARGET_MAX)
		flow_deny(f, 414, "target", "the target of the request is too long to be checked");
	else if (r->websocket && more)
		flow_deny(f, 400, "websocket", "an upgrade to WebSocket has no body");
	else if (too_long(r))
		flow_deny(f, 413, "size", TOO_LARGE);
	else
		lead(f);
	if (f->state != FLOW_OVER)
		form_target(f);
	/* Where requests have one form they leave as HTTP/1.1, in which there is no such call. */
	if (f->state != FLOW_OVER && more && flow_grpc_is(r) && !f->g->config.canon.n)
		begin_call(f);
	return f;
}

static void *opaque(void *arg, struct exchange *x, const struct exchange_request *r, bool tls)
{
	struct flow *f = flow_new(arg, x, r);
	if (!f)
		return NULL;
	f->bytes = true;
	f->what = tls ? "tls" : "bytes";
	/* Interception finds words for what does not agree. */
	const char *why = disagreement(r, f->host);
	if (!why)
		flow_ask(f);
	else if (tls)
		intercept(f);
	else
		flow_deny(f, 421, "agreement", why);
	return f;
}

/* ── the client ── */

/* In the middle of bytes, where no words fit. */
static void stop(struct flow *f, const char *why)
{
	f->ended = why;
	f->state = FLOW_OVER;
	if (f->u)
		upstream_leave(f->u);
	exchange_break(f->x, why);
}

static void body(void *state, struct slice piece)
{
	struct flow *f = state;
	size_t before = f->body.n;
	if (f->state == FLOW_OVER)
		return;
	f->sent += piece.n;
	if (f->grpc) {
		(void)flow_grpc_feed(f, piece);
		return;
	}
	if (f->upgraded && (f->g->search || f->g->config.canon.n) && f->state == FLOW_OPEN && f->u) {
		if (!flow_ws_feed(f, piece))
			f->state = FLOW_OVER;
		else if (f->u && upstream_waiting(f->u) > UP_PAUSE)
			exchange_hold(f->x, true);
		return;
	}
	if ((f->bytes || (f->upgraded && !f->g->search)) && f->sent > f->may_send) {
		stop(f, "the run has sent as much as its policy permits");
		return;
	}
	if ((f->bytes || f->upgraded) && f->state == FLOW_OPEN && f->u) {
		upstream_send(f->u, piece);
		if (upstream_waiting(f->u) > UP_PAUSE)
			exchange_hold(f->x, true);
		return;
	}
	buf_add(&f->body, piece);
	flow_book(f, before);
	if (f->bytes && f->body.n > UP_PAUSE)
		exchange_hold(f->x, true);
	else if (buf_error(&f->body))
		flow_deny(f, 413, "size", TOO_LARGE);
	else if (f->g->held > HELD_MAX)
		flow_deny(f, 413, "size", "too much is under way at once (256 MiB)");
}

static void trailers(void *state, struct slice fields)
{
	struct flow *f = state;
	/* Where requests have one form, whether there are any, and in which order, would tell of who writes them. */
	if (f->state != FLOW_BODY || f->bytes || f->g->config.canon.n)
		return;
	trailer_pass(f->r, fields, &f->trailers);
	f->g->held += f->trailers.n;
	if (buf_error(&f->trailers))
		flow_deny(f, 431, "size", "the trailers of the request are longer than can be looked at");
	else if (f->g->held > HELD_MAX)
		flow_deny(f, 413, "size", "too much is under way at once (256 MiB)");
}

static void end(void *state)
{
	struct flow *f = state;
	f->whole = true;
	if (f->grpc)
		(void)flow_grpc_step(f);
	else if (f->state == FLOW_BODY)
		flow_ask(f);
	else if (f->state == FLOW_OPEN && f->u && (f->bytes || f->upgraded))
		upstream_shut(f->u);
}

static void room(void *state)
{
	struct flow *f = state;
	if (f->u && f->state == FLOW_OPEN)
		upstream_hold(f->u, false);
}

void flow_event(struct flow *f, const char *reason)
{
	_cleanup_buf_ struct buf m = BUF(LINK_MAX);
	link_begin(&m, LINK_EVENT);
	link_put_u64(&m, LINK_ID, f->id);
	link_put_u64(&m, LINK_STATUS, (uint64_t)f->status);
	link_put_u64(&m, LINK_SENT, f->sent);
	link_put_u64(&m, LINK_RECEIVED, f->received);
	link_put_u64(&m, LINK_MS, gate_now_ms() - f->begun_ms);
	if (reason)
		link_put(&m, LINK_REASON, slice_str(reason));
	if (f->rewritten[0]) {
		link_put(&m, LINK_SHA256, slice_str(f->rewritten));
		link_put_u64(&m, LINK_SIZE, f->left);
	}
	if (f->dialogue) {
		_cleanup_buf_ struct buf facts = BUF(LINK_MAX / 2);
		dialogue_end(f->dialogue, &facts);
		if (facts.n && !buf_error(&facts))
			link_put(&m, LINK_AI, buf_slice(&facts));
	}
	gate_send(f->g, &m, f->keeps ? TAKE_FD(f->reply.fd) : -1);
	f->keeps = false;
	(void)gate_hold(f->g, &f->reply_booked, 0);
}

void flow_free(struct flow *f)
{
	struct gate *g = f->g;
	for (struct flow **p = &g->flow[f->id % FLOWS_MAX]; *p; p = &(*p)->next)
		if (*p == f) {
			*p = f->next;
			break;
		}
	g->n_flows--;
	g->held -= f->body.n + f->trailers.n;
	flow_ws_free(f);
	flow_grpc_free(f);
	if (f->keeps)
		keep_free(&f->reply);
	search_done(f->scan);
	search_back_free(f->back);
	dialogue_free(f->dialogue);
	if (f->swap.p)
		explicit_bzero(f->swap.p, f->swap.cap);
	buf_free(&f->body);
	buf_free(&f->routed);
	buf_free(&f->trailers);
	buf_free(&f->set);
	buf_free(&f->swap);
	buf_free(&f->hits);
	buf_free(&f->unmasked.bytes);
	loop_remove(f->patience);
	free(f);
}

static void gone(void *state)
{
	struct flow *f = state;
	bool cut = f->state != FLOW_OVER;
	f->r = NULL;
	f->state = FLOW_OVER;
	if (f->u)
		upstream_leave(f->u);
	flow_event(f, f->ended ? f->ended : cut ? "the client went away before the end" : NULL);
	flow_free(f);
}

const struct far_stream flow_far_stream = {
        .begin = begin,
        .body = body,
        .end = end,
        .trailers = trailers,
        .room = room,
        .gone = gone,
        .opaque = opaque,
};

/* ── the supervisor ── */

static void want_socket(struct flow *f)
{
	_cleanup_buf_ struct buf m = BUF(LINK_MAX);
	f->state = FLOW_CONNECT;
	f->tries++;
	link_begin(&m, LINK_CONNECT);
	link_put_u64(&m, LINK_ID, f->id);
	link_put(&m, LINK_HOST, slice_str(f->host));
	link_put_u64(&m, LINK_PORT, f->port);
	gate_send(f->g, &m, -1);
}

/* Does one of the lines begin with that name of a field, and then `after`? */
static bool has_line(const struct buf *lines, struct slice name, uint8_t after)
{
	struct slice rest = buf_slice(lines), line;
	while (slice_split(&rest, '\n', &line))
		if (trailer_same(slice_sub(line, 0, slice_chr(line, after, 0)), name))
			return true;
	return false;
}

static bool is_set(const struct flow *f, struct slice name)
{
	return has_line(&f->set, name, ':');
}

/* May a key go into that field of the request? */
static bool is_swapped(const struct flow *f, struct slice name)
{
	return has_line(&f->swap, name, '\t');
}

/* The trailers as they leave. A server may put them among the fields of the head: none takes the place of what the policy sets there, or
 * stands for a field that a key goes into. Keys are put into no trailer. */
static void put_trailers(const struct flow *f, struct buf *out)
{
	struct slice rest = buf_slice(&f->trailers), name, value;
	while (trailer_next(&rest, &name, &value)) {
		if (is_set(f, name) || is_swapped(f, name))
			continue;
		buf_add(out, name);
		buf_str_add(out, ": ");
		buf_add(out, value);
		buf_str_add(out, "\r\n");
	}
}

/* A value of the tool's, with keys where their placeholders stand. */
static void put_value(const struct flow *f, struct slice name, struct slice value, struct buf *out)
{
	struct slice rest = buf_slice(&f->swap), line;
	while (slice_split(&rest, '\n', &line)) {
		struct slice header, mark;
		if (!slice_split(&line, '\t', &header) || !slice_split(&line, '\t', &mark) || !slice_eq_nocase(header, name))
			continue;
		size_t at = slice_find(value, mark, 0);
		if (at == SLICE_NPOS)
			continue;
		buf_add(out, slice_sub(value, 0, at));
		buf_add(out, line);
		buf_add(out, slice_from(value, at + mark.n));
		return;
	}
	buf_add(out, value);
}

static void put_host(const struct flow *f, struct buf *out)
{
	bool six = strchr(f->host, ':') != NULL;
	buf_fmt(out, six ? "[%s]" : "%s", f->host);
	if (f->port != (f->tls ? 443 : 80))
		buf_fmt(out, ":%u", f->port);
}

/* The request as it leaves: the tool's fields in their order, or in the one that all have, but for those of its own connection, and with
 * what the verdict sets. after: put_trailers(). */
static void write_request(const struct flow *f, struct slice after, struct buf *out)
{
	static const char *const dropped[] = {"connection", "keep-alive", "proxy-connection", "proxy-authorization", "transfer-encoding",
	        "te", "trailer", "upgrade", "host", "content-length", "expect", "http2-settings", "sec-websocket-extensions",
	        /* Another host than the one that was decided about. */
	        "forwarded", "x-forwarded-host", "x-forwarded-server", "x-host", "x-original-host", "x-http-host-override"};
	const struct exchange_request *r = f->r;
	buf_fmt(out, "%.*s %.*s HTTP/1.1\r\nhost: ", SLICE_FMT(r->method), SLICE_FMT(target(f)));
	/* Where requests have one form, the case of the name and a port that need not be said are not the tool's to choose. */
	if (r->authority.n && !f->led && !f->g->config.canon.n)
		buf_add(out, r->authority);
	else
		put_host(f, out);
	buf_str_add(out, "\r\n");
	struct slice key = f->g->config.canon;
	uint16_t order[EXCHANGE_HEADERS_MAX];
	bool signed_already = key.n && canon_signed(r);
	if (key.n)
		canon_order(r, order);
	for (size_t i = 0; i < r->n_headers; i++) {
		const struct exchange_header *h = &r->headers[key.n ? order[i] : i];
		struct slice name = h->name;
		size_t k = 0;
		while (k < ARRAY_LEN(dropped) && !trailer_same(name, slice_str(dropped[k])))
			k++;
		bool trailers = slice_is(r->proto, "h2") && slice_is(name, "te") && slice_is(h->value, "trailers") && !key.n;
		if ((k < ARRAY_LEN(dropped) && !trailers) || is_set(f, name) || trailer_is_hop(r, name) ||
		        (f->decoded && slice_eq_nocase(name, SLICE("content-encoding"))) ||
		        ((f->back || f->ai || f->swap.n) && slice_eq_nocase(name, SLICE("accept-encoding"))))
			continue;
		_cleanup_buf_ struct buf form = BUF(HEAD_MAX);
		bool formed = key.n && !signed_already && canon_value(key, name, h->value, &form) == 0;
		if (key.n)
			canon_name(name, out);
		else
			buf_add(out, name);
		buf_str_add(out, ": ");
		put_value(f, name, formed ? buf_slice(&form) : h->value, out);
		buf_str_add(out, "\r\n");
	}
	struct slice rest = buf_slice(&f->set), line;
	while (slice_split(&rest, '\n', &line))
		if (line.n) {
			buf_add(out, line);
			buf_str_add(out, "\r\n");
		}
	if (after.n) {
		/* They have a place only in the chunked coding; over HTTP/2 that is left out. Some servers take those only that are named.
		 */
		buf_str_add(out, "trailer: ");
		trailer_names(after, out);
		buf_str_add(out, "\r\ntransfer-encoding: chunked\r\n");
	} else if (r->websocket)
		buf_str_add(out, "connection: Upgrade\r\nupgrade: websocket\r\n");
	else if (!f->grpc && (f->body.n || !(slice_is(r->method, "GET") || slice_is(r->method, "HEAD") || slice_is(r->method, "DELETE"))))
		buf_fmt(out, "content-length: %zu\r\n", f->body.n);
	buf_str_add(out, "\r\n");
}

/* RFC 9110, 9.2.2: what else may have been done already would be done twice. */
static bool idempotent(struct slice method)
{
	static const char *const names[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_is(method, names[i]))
			return true;
	return false;
}

static void start(struct flow *f)
{
	f->state = FLOW_OPEN;
	f->again = f->tries == 0 && !f->bytes && !f->r->websocket && f->body.n <= REPLAY_MAX && idempotent(f->r->method);
	if (f->bytes)
		exchange_pass(f->x);
	if (!f->bytes) {
		_cleanup_buf_ struct buf head = BUF(HEAD_MAX), after = BUF(EXCHANGE_TRAILERS_MAX);
		put_trailers(f, &after);
		write_request(f, buf_slice(&after), &head);
		if (buf_error(&head) || buf_error(&after)) {
			flow_deny(f, 431, "size", "the head of the request is too long");
			return;
		}
		if (f->grpc) {
			upstream_stream(f->u, buf_slice(&head));
			(void)(f->u && flow_grpc_step(f));
			return;
		}
		upstream_request(f->u, buf_slice(&head), buf_slice(&f->body), buf_slice(&after));
	} else if (f->body.n) {
		upstream_send(f->u, buf_slice(&f->body));
	}
	if (!f->again) {
		size_t before = f->body.n;
		buf_free(&f->body);
		flow_book(f, before);
	}
	exchange_hold(f->x, false);
	if (f->bytes && f->whole)
		upstream_shut(f->u);
}

/* HTTP/2 only for who speaks it: trailers have no place in HTTP/1. Where requests have one form, which of the two a tool chose is not told.
 */
static struct upstream_how how(const struct flow *f)
{
	bool h2 = !f->bytes && slice_is(f->r->proto, "h2") && !f->g->config.canon.n;
	return (struct upstream_how){.tls = f->tls, .bytes = f->bytes, .h2 = h2};
}

static void open_upstream(struct flow *f)
{
	struct upstream_how as = how(f);
	struct upstream *u = f->bytes || f->r->websocket ? NULL : upstream_kept(f->g, f->host, f->port, &as);
	if (!u) {
		want_socket(f);
		return;
	}
	upstream_take(u, f, f->r->method);
	start(f);
}

void flow_verdict(struct flow *f, const struct link_message *m)
{
	if (f->parent) {
		message_verdict(f, slice_is(m->field[LINK_RESULT], "allow"), m->field[LINK_REDACT], 403, m->field[LINK_REASON]);
		return;
	}
	if (f->state != FLOW_ASKED || !f->r)
		return;
	if (f->bytes && slice_is(m->field[LINK_RESULT], "intercept")) {
		intercept(f);
		return;
	}
	if (!slice_is(m->field[LINK_RESULT], "allow")) {
		refuse(f, 403, "postern_denied", m->field[LINK_RULE].p ? m->field[LINK_RULE] : SLICE("policy"), m->field[LINK_REASON]);
		return;
	}
	if (m->field[LINK_REDACT].n) {
		_cleanup_buf_ struct buf clean = BUF(BODY_WHOLE_MAX);
		if (!f->scan || search_replace(f->g->search, f->scan, m->field[LINK_REDACT], buf_slice(&f->body), &clean) < 0) {
			flow_deny(f, 403, "content", "what must not leave cannot be replaced");
			return;
		}
		size_t before = f->body.n;
		struct buf old = f->body;
		f->body = clean;
		clean = old;
		flow_book(f, before);
		digest_sha256_hex(buf_slice(&f->body), f->rewritten);
		f->left = f->body.n;
	}
	search_done(f->scan);
	f->scan = NULL;
	/* The messages of a call say how long they are: in them nothing is put back. */
	if (f->g->search && !f->bytes && !f->r->websocket && !f->grpc)
		f->back = search_back_new(f->g->search);
	f->may_send = link_u64(m, LINK_SIZE, UINT64_MAX);
	buf_add(&f->set, m->field[LINK_SET]);
	buf_add(&f->swap, m->field[LINK_SWAP]);
	open_upstream(f);
}

void flow_connected(struct flow *f, const struct link_message *m, int fd)
{
	struct upstream *u = NULL;
	if (f->state != FLOW_CONNECT || !f->r) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	if (fd < 0) {
		refuse(f, 502, "postern_upstream", SLICE("connection"), m->field[LINK_REASON]);
		return;
	}
	struct upstream_how as = how(f);
	if (upstream_new(f->g, fd, f->host, f->port, &as, &u) < 0) {
		refuse(f, 502, "postern_upstream", SLICE("connection"), SLICE("no connection could be set up"));
		return;
	}
	upstream_take(u, f, f->r->method);
	start(f);
}

/* ── the server ── */

static void drop_back(struct flow *f)
{
	search_back_free(f->back);
	f->back = NULL;
}

/* What a reply says of its content. */
static struct slice reply_type(const struct http1_reply *r, bool *packed)
{
	struct slice type = SLICE_NONE;
	*packed = false;
	for (size_t i = 0; i < r->n_fields; i++) {
		struct slice name = r->field[i].name, value = r->field[i].value;
		*packed |= slice_eq_nocase(name, SLICE("content-encoding")) && !slice_eq_nocase(value, SLICE("identity"));
		if (slice_eq_nocase(name, SLICE("content-type")))
			type = value;
	}
	return type;
}

/* Placeholders can be put back in text as it is; then the length is not what was said. False: nothing is put back. */
static bool prepare_back(struct flow *f, const struct http1_reply *r, struct slice type, struct buf *fields)
{
	for (size_t i = 0; i < r->n_fields; i++) {
		if (slice_eq_nocase(r->field[i].name, SLICE("content-length")))
			continue;
		buf_add(fields, r->field[i].name);
		buf_str_add(fields, ": ");
		buf_add(fields, r->field[i].value);
		buf_str_add(fields, "\r\n");
	}
	bool events = slice_starts(type, SLICE("text/event-stream"));
	if ((events || slice_find(type, SLICE("json"), 0) != SLICE_NPOS) && search_back_json(f->back, events) < 0)
		return false;
	return r->status >= 200 && !buf_error(fields);
}

/* A reply from which nothing can go on to the client. */
static void unpassable(struct flow *f)
{
	if (f->u)
		upstream_leave(f->u);
	exchange_break(f->x, "the reply cannot be passed on");
	f->state = FLOW_OVER;
}

/* Fields of a reply, without keys. False: they cannot be passed on. */
static bool masked(const struct flow *f, struct slice fields, struct buf *out)
{
	struct mask_held held = {.bytes = BUF(HEAD_MAX)};
	int r = 0;
	if (f->g->mask)
		r = mask_feed(f->g->mask, &held, fields, true, out);
	else
		buf_add(out, fields);
	buf_free(&held.bytes);
	return r == 0 && !buf_error(out);
}

/* An interim reply: a client can do without it, so past a bound, or to a client that does not read, none goes on. Of 100 the tool had ours:
 * Expect is not passed on. */
static void hint(struct flow *f, const struct http1_reply *r)
{
	_cleanup_buf_ struct buf shown = BUF(HEAD_MAX);
	f->hinted += r->field_bytes.n;
	if (r->status == 100 || f->hinted > HINTS_MAX || exchange_waiting(f->x) > UP_PAUSE)
		return;
	if (!masked(f, r->field_bytes, &shown) || exchange_head(f->x, r->status, buf_slice(&shown)) < 0)
		unpassable(f);
}

void flow_head(struct flow *f, const struct http1_reply *r)
{
	f->status = r->status;
	if (!f->r || f->state != FLOW_OPEN)
		return;
	if (r->status == 101 && !f->r->websocket) {
		f->status = 502;
		if (f->u)
			upstream_leave(f->u);
		refuse(f, 502, "postern_upstream", SLICE("connection"), SLICE("the server changed the protocol, which nobody asked for"));
		return;
	}
	if (r->status < 200 && r->status != 101) {
		hint(f, r);
		return;
	}
	_cleanup_buf_ struct buf fields = BUF(HEAD_MAX), shown = BUF(HEAD_MAX);
	bool packed;
	struct slice type = reply_type(r, &packed);
	bool events = slice_starts(type, SLICE("text/event-stream"));
	if (f->ai && r->status == 200 && !packed && (events || slice_starts(type, SLICE("application/json"))))
		f->dialogue = dialogue_new(events);
	if (f->dialogue && f->g->config.keep) {
		keep_begin(&f->reply, SLICE_NONE);
		f->keeps = true;
	}
	if (f->back && (packed || !prepare_back(f, r, type, &fields)))
		drop_back(f);
	if (r->status >= 200 && r->framing == HTTP1_NONE && !r->until_close)
		exchange_empty(f->x);
	if (!masked(f, f->back ? buf_slice(&fields) : r->field_bytes, &shown) || exchange_head(f->x, r->status, buf_slice(&shown)) < 0) {
		unpassable(f);
		return;
	}
	f->replied = r->status >= 200 || r->status == 101;
	if (r->status == 101) {
		f->upgraded = true;
		if (f->g->search)
			f->dialogue = dialogue_new(true);
		upstream_raw(f->u);
	}
}

/* A reply that is kept is memory that is held until it ends; where there is no more, it is not kept. */
static void keep_reply(struct flow *f, struct slice piece)
{
	keep_add(&f->reply, piece);
	if (!gate_hold(f->g, &f->reply_booked, f->reply.fd < 0 ? 0 : (size_t)f->reply.size)) {
		keep_free(&f->reply);
		(void)gate_hold(f->g, &f->reply_booked, 0);
	}
}

static void pass_clean(struct flow *f, struct slice piece, bool last)
{
	_cleanup_buf_ struct buf b = BUF(UP_PAUSE * 64);
	if (f->upgraded)
		flow_ws_reply(f, piece);
	else if (f->dialogue)
		dialogue_feed(f->dialogue, piece);
	if (f->keeps)
		keep_reply(f, piece);
	if (!f->back) {
		exchange_piece(f->x, piece);
		return;
	}
	if (search_back_feed(f->back, piece, last, &b) < 0)
		exchange_break(f->x, "the reply cannot be passed on");
	else
		exchange_piece(f->x, buf_slice(&b));
}

static void on_patience(void *arg, uint32_t events)
{
	_cleanup_buf_ struct buf b = BUF(256);
	struct flow *f = arg;
	(void)events;
	f->patience = NULL;
	if (!f->r || f->state != FLOW_OPEN)
		return;
	mask_release(&f->unmasked, &b);
	if (b.n)
		pass_clean(f, buf_slice(&b), false);
}

static void pass(struct flow *f, struct slice piece, bool last)
{
	_cleanup_buf_ struct buf clean = BUF(BODY_WHOLE_MAX);
	if (!f->g->mask || f->bytes)
		pass_clean(f, piece, last);
	else if (mask_feed(f->g->mask, &f->unmasked, piece, last, &clean) < 0)
		exchange_break(f->x, "the reply cannot be passed on");
	else
		pass_clean(f, buf_slice(&clean), last);
	/* Thousands of flows may be open, and few wait in the middle of a key. */
	if (!f->unmasked.bytes.n)
		buf_free(&f->unmasked.bytes);
	else if (!last && !f->patience && f->unmasked.bytes.n > f->unmasked.passed)
		(void)!loop_after(f->g->loop, PATIENCE_MS, on_patience, f, &f->patience);
}

void flow_piece(struct flow *f, struct slice piece)
{
	f->received += piece.n;
	if (!f->r || f->state != FLOW_OPEN)
		return;
	f->replied = true;
	pass(f, piece, false);
	if (f->u && exchange_waiting(f->x) > UP_PAUSE)
		upstream_hold(f->u, true);
}

void flow_trailers(struct flow *f, struct slice fields)
{
	_cleanup_buf_ struct buf shown = BUF(HEAD_MAX);
	if (f->r && f->state == FLOW_OPEN && masked(f, fields, &shown))
		exchange_trailers(f->x, buf_slice(&shown));
}

void flow_end(struct flow *f)
{
	if (f->u)
		upstream_leave(f->u);
	if (!f->r || f->state != FLOW_OPEN)
		return;
	f->state = FLOW_OVER;
	if (f->back || f->unmasked.bytes.n)
		pass(f, SLICE_NONE, true);
	exchange_end(f->x);
}

void flow_fail(struct flow *f, const char *why)
{
	if (!f->r || f->state == FLOW_OVER)
		return;
	/* A kept connection that the server closed while we took it up. */
	if (f->again && !f->replied && f->state == FLOW_OPEN) {
		want_socket(f);
		return;
	}
	refuse(f, 502, "postern_upstream", SLICE("connection"), slice_str(why));
}

void flow_room(struct flow *f)
{
	if (f->u && upstream_waiting(f->u) < LOW && f->r && !flow_ws_asks(f) && !flow_grpc_asks(f))
		exchange_hold(f->x, false);
}
