/* Exchanges of a far side that streams (wire/exchange.h), on HTTP/1 and as bytes; h2.c does what is different there. Nothing that the far
 * side calls frees or calls back: it leaves its mark, and conn_advance() does the rest after the batch of events. */
#include <errno.h>
#include <stdio.h>

#include "wire/conn.h"

#define HEADERS_MAX ((size_t)256 << 10)
#define WAITING_LOW ((size_t)256 << 10)

static const struct far_stream *far(const struct conn *c)
{
	return engine_far(c->engine)->stream;
}

bool conn_streams(const struct conn *c)
{
	return far(c) != NULL;
}

static struct exchange *exchange_new(struct conn *c, struct request *r)
{
	struct exchange *x = calloc(1, sizeof(*x));
	if (!x)
		return NULL;
	x->c = c;
	x->request = r;
	x->out = BUF(OUT_MAX);
	x->trailers = BUF(HEADERS_MAX);
	x->after = BUF(EXCHANGE_TRAILERS_MAX);
	if (r)
		request_view(c, r, SLICE_NONE, &x->view);
	else
		x->view = (struct exchange_request){.host = slice_str(c->sni[0] ? c->sni : c->host), .port = c->port, .conn = c->id};
	x->view.dialled = slice_str(r && r->via && strcmp(r->via, "absolute") == 0 ? r->host : c->host);
	x->view.sni = slice_str(c->n_tls > c->tunnel_tls || !r ? c->sni : "");
	x->view.via = r ? r->via : c->via;
	if (r) {
		x->view.authority = r->authority;
		x->view.websocket = c->state != CONN_HTTP2 && c->head.websocket;
		x->view.sized = c->state != CONN_HTTP2 && c->head.framing != HTTP1_CHUNKED;
		x->view.length = c->head.framing == HTTP1_LENGTH ? c->head.length : 0;
	}
	return x;
}

struct exchange *stream_begin(struct conn *c, struct request *r, bool more, struct stream *stream, int32_t id)
{
	struct exchange *x = exchange_new(c, r);
	if (!x) {
		request_free(c->engine, r);
		return NULL;
	}
	x->stream = stream;
	x->id = id;
	c->requests++;
	x->state = far(c)->begin(engine_far(c->engine)->arg, x, &x->view, more);
	if (!x->state) {
		stream_free(x);
		return NULL;
	}
	return x;
}

bool stream_opaque(struct conn *c, bool tls)
{
	if (!conn_streams(c) || !far(c)->opaque)
		return false;
	struct exchange *x = exchange_new(c, NULL);
	if (!x)
		return false;
	x->state = far(c)->opaque(engine_far(c->engine)->arg, x, &x->view, tls);
	if (!x->state) {
		stream_free(x);
		return false;
	}
	x->has_head = x->whole = true;
	x->undecided = tls;
	c->exchange = x;
	if (!tls)
		c->state = CONN_RELAY;
	return true;
}

void exchange_pass(struct exchange *x)
{
	x->passes = true;
	engine_due(x->c->engine, x->c);
}

void exchange_intercept(struct exchange *x)
{
	x->intercepted = true;
	engine_due(x->c->engine, x->c);
}

void stream_free(struct exchange *x)
{
	if (!x)
		return;
	if (x->state)
		far(x->c)->gone(x->state);
	request_free(x->c->engine, x->request);
	engine_release(x->c->engine, x->booked);
	buf_free(&x->out);
	buf_free(&x->trailers);
	buf_free(&x->after);
	free(x);
}

void stream_end(struct exchange *x)
{
	x->whole = true;
	if (x->after.n)
		far(x->c)->trailers(x->state, buf_slice(&x->after));
	buf_free(&x->after);
	far(x->c)->end(x->state);
}

/* What waits for the window of an HTTP/2 client is memory that is held for it. False: too much is. */
static bool book(struct exchange *x)
{
	size_t now = x->out.cap;
	if (now > x->booked && !engine_hold(x->c->engine, now - x->booked))
		return false;
	if (now < x->booked)
		engine_release(x->c->engine, x->booked - now);
	x->booked = now;
	return true;
}

void stream_drained(struct exchange *x)
{
	if (!x->out.n && x->out.cap > WAITING_LOW) {
		buf_free(&x->out);
		(void)book(x);
	}
	if (!x->wants_room || x->ended || x->broken || exchange_waiting(x) > WAITING_LOW)
		return;
	x->wants_room = false;
	far(x->c)->room(x->state);
}

/* Between a request that is whole and the end of its reply. */
bool stream_wait(struct conn *c)
{
	struct exchange *x = c->exchange;
	if (x->broken) {
		conn_finish(c, x->why ? x->why : "the reply broke off");
		return true;
	}
	if (!x->ended)
		return false;
	bool whole = x->whole, keep = c->head.keep_alive;
	c->exchange = NULL;
	c->state = CONN_HTTP1;
	stream_free(x);
	if (!whole)
		conn_finish(c, "answered before the request was whole");
	else if (!keep)
		conn_finish(c, "closed after the reply");
	return true;
}

bool stream_relay(struct conn *c)
{
	struct exchange *x = c->exchange;
	if (x->broken || x->ended) {
		conn_finish(c, x->why ? x->why : "closed by the far side");
		return true;
	}
	if (c->in.n && !x->held) {
		_cleanup_buf_ struct buf in = c->in;
		c->in = BUF(in.max);
		far(c)->body(x->state, buf_slice(&in));
		return true;
	}
	if (c->eof && !c->in.n && !x->said_end) {
		x->said_end = true;
		far(c)->end(x->state);
		return true;
	}
	return false;
}

/* ── what the far side calls ── */

/* Fields that say how this one connection is used, or that Connection names as such (RFC 9110, 7.6.1), do not pass. */
static bool hop_by_hop(struct slice name, struct slice named)
{
	struct slice one;
	while (slice_split(&named, ',', &one))
		if (slice_eq_nocase(name, slice_trim(one)))
			return true;
	static const char *const names[] = {
	        "connection", "keep-alive", "proxy-connection", "transfer-encoding", "te", "trailer", "upgrade", "proxy-authenticate"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq_nocase(name, slice_str(names[i])))
			return true;
	return false;
}

/* The fields of a reply as they pass: no fold, one length, and none where there is no content (RFC 9110, 8.6). */
static void reply_fields(int status, struct slice headers, struct buf *out, bool *sized)
{
	_cleanup_buf_ struct buf named = BUF(HEADERS_MAX);
	struct slice rest = headers, line;
	while (status != 101 && slice_split(&rest, '\n', &line))
		if (slice_eq_nocase(slice_sub(line, 0, 11), SLICE("connection:"))) {
			buf_add(&named, slice_trim(slice_from(line, 11)));
			buf_u8(&named, ',');
		}
	while (slice_split(&headers, '\n', &line)) {
		size_t colon = slice_chr(line, ':', 0);
		struct slice name = slice_sub(line, 0, colon);
		if (colon == SLICE_NPOS || colon == 0 || (status != 101 && hop_by_hop(name, buf_slice(&named))))
			continue;
		if (slice_eq_nocase(name, SLICE("content-length"))) {
			if (*sized || status < 200 || status == 204)
				continue;
			*sized = true;
		}
		buf_add(out, name);
		buf_str_add(out, ": ");
		buf_add(out, slice_trim(slice_from(line, colon + 1)));
		buf_str_add(out, "\r\n");
	}
	if (buf_error(&named))
		out->error = buf_error(&named);
}

int exchange_head(struct exchange *x, int status, struct slice headers)
{
	struct conn *c = x->c;
	if (x->has_head)
		return -EPROTO;
	if (x->ended || x->broken)
		return 0;
	_cleanup_buf_ struct buf b = BUF(HEADERS_MAX + 256), fields = BUF(HEADERS_MAX);
	bool sized = false, switches = status == 101, old = x->request && slice_is(x->request->proto, "HTTP/1.0");
	/* RFC 9110, 15.2: to HTTP/1.0 an interim reply would be the reply. */
	if (old && status < 200)
		return switches ? -EPROTO : 0;
	reply_fields(status, headers, &fields, &sized);
	if (buf_error(&fields))
		return buf_error(&fields);
	if (x->stream)
		return h2_reply(x, status, buf_slice(&fields));
	buf_fmt(&b, "HTTP/1.1 %d %s\r\n", status, h1_phrase(status));
	buf_add(&b, buf_slice(&fields));
	x->has_head = status >= 200 || switches;
	x->bodyless = status < 200 || status == 204 || status == 304 || slice_is(x->request->method, "HEAD");
	x->chunked = x->has_head && !x->bodyless && !sized && !old;
	if (x->chunked)
		buf_str_add(&b, "transfer-encoding: chunked\r\n");
	if (x->has_head && !switches && old && !x->bodyless && !sized)
		c->head.keep_alive = false; /* its end is the end of the connection */
	if (x->has_head && !switches && (!c->head.keep_alive || !x->whole))
		buf_str_add(&b, "connection: close\r\n");
	buf_str_add(&b, "\r\n");
	conn_send(c, buf_slice(&b));
	if (switches)
		c->state = CONN_RELAY;
	engine_due(c->engine, c);
	return buf_error(&b);
}

void exchange_piece(struct exchange *x, struct slice piece)
{
	struct conn *c = x->c;
	if (x->bodyless && c->state != CONN_RELAY)
		return;
	if (!piece.n || x->ended || x->broken || !x->has_head)
		return;
	x->wants_room = true;
	if (x->stream) {
		buf_add(&x->out, piece);
		if (buf_error(&x->out))
			exchange_break(x, "the client does not read");
		else if (!book(x))
			exchange_break(x, "too much memory is held for clients");
		h2_resume(x);
		engine_due(c->engine, c);
		return;
	}
	if (x->chunked) {
		char size[24];
		(void)snprintf(size, sizeof(size), "%zx\r\n", piece.n);
		_cleanup_buf_ struct buf b = BUF(piece.n + 32);
		buf_str_add(&b, size);
		buf_add(&b, piece);
		buf_str_add(&b, "\r\n");
		conn_send(c, buf_slice(&b));
	} else {
		conn_send(c, piece);
	}
	engine_due(c->engine, c);
}

void exchange_empty(struct exchange *x)
{
	x->empty = true;
}

void exchange_trailers(struct exchange *x, struct slice fields)
{
	if (!x->stream || x->ended || x->broken || x->bodyless)
		return;
	bool sized = true; /* a length says nothing here */
	reply_fields(200, fields, &x->trailers, &sized);
	if (buf_error(&x->trailers))
		exchange_break(x, "the trailers are larger than a head may be");
}

void exchange_end(struct exchange *x)
{
	struct conn *c = x->c;
	if (x->ended || x->broken)
		return;
	x->ended = true;
	/* What the client still says is taken and thrown away: one that waits to say it all reads no answer before. */
	exchange_hold(x, false);
	if (x->stream)
		h2_resume(x);
	else if (x->chunked)
		conn_send(c, SLICE("0\r\n\r\n"));
	engine_due(c->engine, c);
}

void exchange_break(struct exchange *x, const char *why)
{
	if (x->ended || x->broken)
		return;
	x->broken = true;
	x->why = why;
	if (x->stream)
		h2_break(x);
	engine_due(x->c->engine, x->c);
}

size_t exchange_waiting(const struct exchange *x)
{
	return x->c->out.n + x->out.n - x->out_at;
}

void exchange_hold(struct exchange *x, bool hold)
{
	if (x->held == hold)
		return;
	x->held = hold;
	if (!hold && x->stream && x->owed) {
		h2_consumed(x, x->owed);
		x->owed = 0;
	}
	engine_due(x->c->engine, x->c);
}
