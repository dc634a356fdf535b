#include "wire/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

#include "crypto/ja4.h"

#define READ_SIZE ((size_t)65536)
#define OUT_PAUSE ((size_t)4 << 20)   /* with more than this waiting, nothing more is read */
#define IN_PAUSE  ((size_t)256 << 10) /* the same for input that a far side has not taken */

/* What has come from the client cannot go on now. */
static bool held(const struct conn *c)
{
	if (c->exchange && c->exchange->undecided && c->hello.n >= CLIENTHELLO_MAX)
		return true;
	return c->in.n >= IN_PAUSE && (c->state == CONN_WAIT || (c->exchange && c->exchange->held));
}

static void watch(struct conn *c)
{
	uint32_t want = c->out.n ? EPOLLOUT : 0u;
	if (!c->eof && c->state != CONN_FLUSH && c->out.n < OUT_PAUSE && !held(c))
		want |= EPOLLIN;
	if (want != c->events && loop_change(c->source, want) == 0)
		c->events = want;
}

void conn_flush(struct conn *c)
{
	size_t done = 0;
	while (done < c->out.n) {
		ssize_t n = send(c->fd, c->out.p + done, c->out.n - done, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) {
			c->reset = true;
			done = c->out.n;
		}
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	buf_drop(&c->out, done);
}

void conn_send(struct conn *c, struct slice s)
{
	_cleanup_buf_ struct buf a = BUF(OUT_MAX);
	int r = 0;
	if (c->n_tls == 0) {
		buf_add(&c->out, s);
	} else if (c->n_tls == 1) {
		r = tls_send(c->tls[0], s, &c->out);
	} else {
		r = tls_send(c->tls[1], s, &a);
		if (r == 0)
			r = tls_send(c->tls[0], buf_slice(&a), &c->out);
	}
	if (r < 0 || buf_error(&c->out))
		c->reset = true;
}

/* Bytes that the TLS layer of that depth wants to send, through the ones outside of it. */
static void send_under(struct conn *c, unsigned depth, struct slice s)
{
	unsigned keep = c->n_tls;
	c->n_tls = depth;
	conn_send(c, s);
	c->n_tls = keep;
}

static void trace_tls(struct conn *c, const char *reason)
{
	struct tls *t = c->tls[c->n_tls - 1];
	struct buf *b = engine_trace(c->engine, c, TRACE_TLS);
	trace_put(b, TAG_SNI, slice_str(c->sni));
	trace_put(b, TAG_ALPN, slice_str(c->hello_alpn));
	trace_put(b, TAG_JA4, slice_str(c->ja4));
	trace_put(b, TAG_FORM, buf_slice(&c->hello_form));
	if (reason)
		trace_put(b, TAG_REASON, slice_str(reason));
	else
		trace_put(b, TAG_PROTO, slice_str(tls_version(t)));
	engine_trace_end(c->engine);
	c->traced_tls = true;
}

void conn_trace_raw(struct conn *c, struct slice data, uint64_t size, const char *why)
{
	struct buf *b = engine_trace(c->engine, c, TRACE_RAW);
	trace_put(b, TAG_HOST, slice_str(c->host));
	trace_put_u64(b, TAG_PORT, c->port);
	trace_put(b, TAG_DATA, slice_sub(data, 0, RAW_MAX));
	trace_put_u64(b, TAG_WIRE_SIZE, size);
	if (size > RAW_MAX)
		trace_put_u64(b, TAG_LOST, size - RAW_MAX);
	if (c->via)
		trace_put(b, TAG_VIA, slice_str(c->via));
	if (why)
		trace_put(b, TAG_REASON, slice_str(why));
	engine_trace_end(c->engine);
}

void conn_raw(struct conn *c, const char *why)
{
	c->state = CONN_RAW;
	c->raw_why = why;
}

static bool raw_step(struct conn *c)
{
	c->raw_size += c->in.n;
	buf_add(&c->raw, slice_sub(buf_slice(&c->in), 0, RAW_MAX - c->raw.n));
	buf_reset(&c->in);
	return false;
}

/* What was begun and is now cut off is still evidence. Called once, when no more will be read. */
static void trace_rest(struct conn *c)
{
	if (c->n_tls && !c->traced_tls)
		trace_tls(c, "closed in the handshake");
	if (c->state == CONN_BODY)
		h1_end(c);
	else if (c->exchange)
		; /* the far side knows */
	else if (c->hello.n)
		conn_trace_raw(c, buf_slice(&c->hello), c->hello.n, c->raw_why ? c->raw_why : "the connection ended inside a ClientHello");
	else if (c->raw_size)
		conn_trace_raw(c, buf_slice(&c->raw), c->raw_size, c->raw_why);
	else if (c->in.n)
		conn_trace_raw(c, buf_slice(&c->in), c->in.n, c->raw_why ? c->raw_why : "the connection ended inside a message");
	h2_free(c); /* traces the requests that are not whole */
	stream_free(c->exchange);
	c->exchange = NULL;
}

void conn_finish(struct conn *c, const char *why)
{
	if (c->state == CONN_FLUSH)
		return;
	c->finishing = true;
	c->end = why;
}

/* Only here, at the end of a turn, so that no layer is taken away under its own feet. */
static void finish(struct conn *c)
{
	trace_rest(c);
	c->state = CONN_FLUSH;
	for (unsigned d = c->n_tls; d-- > 0;) {
		_cleanup_buf_ struct buf wire = BUF(READ_SIZE);
		tls_close(c->tls[d], &wire);
		send_under(c, d, buf_slice(&wire));
	}
}

void conn_drop(struct conn *c, const char *why)
{
	if (c->state == CONN_DEAD)
		return;
	if (c->state != CONN_FLUSH && c->state != CONN_LINGER)
		trace_rest(c);
	c->state = CONN_DEAD;
	struct buf *b = engine_trace(c->engine, c, TRACE_CLOSE);
	trace_put_u64(b, TAG_WIRE_SIZE, c->received);
	trace_put(b, TAG_REASON, slice_str(c->end ? c->end : why));
	engine_trace_end(c->engine);
	engine_not_due(c->engine, c);
	wsock_free(c);
	request_free(c->engine, c->request);
	for (unsigned d = c->n_tls; d-- > 0;)
		tls_free(c->tls[d]);
	loop_remove(c->source);
	fd_closep(&c->fd);
	buf_free(&c->hello);
	buf_free(&c->hello_form);
	buf_free(&c->chunk_lines);
	buf_free(&c->in);
	buf_free(&c->out);
	buf_free(&c->raw);
	engine_release(c->engine, c->booked);
	engine_unlink(c->engine, c);
	free(c);
}

/* hello holds the start of a TLS stream: when the ClientHello is whole, the layer for it is made and gets all of it. */
static bool tls_begin(struct conn *c)
{
	struct clienthello h;
	const char *why = NULL;
	if (c->exchange && c->exchange->undecided)
		return false;
	enum clienthello_status s = clienthello_parse(buf_slice(&c->hello), &h, &why);
	if (s == CLIENTHELLO_MORE)
		return false;
	if (s == CLIENTHELLO_BAD) {
		c->raw_why = why;
		send_under(c, c->n_tls, SLICE("\x15\x03\x03\x00\x02\x02\x32")); /* alert: decode_error */
		conn_finish(c, "malformed ClientHello");
		return true;
	}
	ja4_text(&h, c->ja4);
	memcpy(c->sni, h.sni, sizeof(c->sni));
	memcpy(c->hello_alpn, h.alpn, sizeof(c->hello_alpn));
	buf_free(&c->hello_form);
	c->hello_form = h.form;
	h.form = (struct buf){0};
	clienthello_free(&h);
	if (!c->intercept && stream_opaque(c, true))
		return false;
	c->intercept = false;
	struct tls *t = NULL;
	if (tls_accept(engine_tls(c->engine), slice_str(c->sni[0] ? c->sni : c->via ? c->host : c->addr), &t) < 0) {
		conn_finish(c, "no certificate could be made");
		return true;
	}
	c->tls[c->n_tls++] = t;
	c->traced_tls = false;
	c->state = CONN_TLS;
	return true;
}

static void feed(struct conn *c, unsigned depth, struct slice wire);

/* What came with the ClientHello goes to the new layer, or is bytes. */
static void hello_goes_on(struct conn *c, unsigned depth)
{
	_cleanup_buf_ struct buf all = c->hello;
	c->hello = BUF(all.max);
	feed(c, depth, buf_slice(&all));
}

/* The far side has decided about a TLS stream at its ClientHello. */
static void hello_decided(struct conn *c)
{
	struct exchange *x = c->exchange;
	if (!x || !x->undecided || !(x->passes || x->intercepted || x->broken || x->ended))
		return;
	unsigned depth = c->n_tls;
	x->undecided = false;
	if (!x->intercepted) {
		c->state = CONN_RELAY;
	} else {
		c->exchange = NULL;
		stream_free(x);
		c->intercept = true;
		if (!tls_begin(c) || c->finishing)
			return;
	}
	hello_goes_on(c, depth);
}

/* Takes wire bytes of the layer at that depth up to c->in. */
static void feed(struct conn *c, unsigned depth, struct slice wire)
{
	if (c->state == CONN_FLUSH || c->finishing)
		return;
	if (depth == c->n_tls) {
		if (!c->hello.n) {
			buf_add(&c->in, wire);
			return;
		}
		buf_add(&c->hello, wire);
		if (buf_error(&c->hello))
			conn_finish(c, "ClientHello is too long");
		else if (tls_begin(c) && !c->finishing)
			hello_goes_on(c, depth);
		return;
	}
	struct tls *t = c->tls[depth];
	_cleanup_buf_ struct buf plain = BUF(wire.n + 4 * READ_SIZE), out = BUF(OUT_MAX);
	enum tls_state s = tls_feed(t, wire, &plain, &out);
	send_under(c, depth, buf_slice(&out));
	bool innermost = depth + 1 == c->n_tls;
	if (s == TLS_FAILED) {
		if (innermost && !c->traced_tls)
			trace_tls(c, tls_reason(t));
		conn_finish(c, "TLS failed");
		return;
	}
	if (innermost && s != TLS_HANDSHAKE && !c->traced_tls) {
		trace_tls(c, NULL);
		/* What was read until now was the handshake, and perhaps the beginning of what follows. */
		c->pieces.reads = 1;
		c->pieces.first = 0;
		if (strcmp(tls_version(t), "TLSv1.3") != 0)
			c->pieces.skip = false;
		c->state = slice_is(tls_alpn(t), "h2") ? CONN_HTTP2 : CONN_SNIFF;
		if (c->state == CONN_HTTP2)
			h2_open(c);
	}
	if (depth == 0)
		pieces_plain(&c->pieces, plain.n);
	if (plain.n)
		feed(c, depth + 1, buf_slice(&plain));
	if (s == TLS_CLOSED)
		c->eof = true;
}

void conn_tunnel(struct conn *c, struct slice host, uint16_t port, const char *via)
{
	(void)snprintf(c->host, sizeof(c->host), "%.*s", SLICE_FMT(host));
	c->port = port;
	c->via = via;
	c->sni[0] = 0;
	c->tunnel_tls = c->n_tls;
	c->state = CONN_SNIFF;
}

static bool sniff_tls(struct conn *c)
{
	if (c->n_tls == TLS_DEPTH) {
		conn_raw(c, "TLS inside of TLS inside of TLS");
		return true;
	}
	_cleanup_buf_ struct buf first = c->in;
	c->in = BUF(IN_MAX);
	c->hello = BUF(CLIENTHELLO_MAX + 32768);
	c->state = CONN_TLS;
	buf_u8(&c->hello, first.p[0]);
	feed(c, c->n_tls, slice_from(buf_slice(&first), 1));
	return c->in.n > 0;
}

/* Decides what is spoken from the first bytes. */
static bool sniff(struct conn *c)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	struct slice in = buf_slice(&c->in);
	if (in.n == 0)
		return false;
	if (c->port == 53 && !c->via) {
		c->state = CONN_DNS;
		return true;
	}
	if (in.p[0] == 0x16 && (in.n < 2 || in.p[1] == 3))
		return in.n < 2 ? false : sniff_tls(c);
	if (in.p[0] == 5 && !c->via)
		return socks_greeting(c);
	struct slice h2 = slice_of(preface, sizeof(preface) - 1);
	if (slice_starts(h2, slice_sub(in, 0, h2.n))) {
		if (in.n < h2.n)
			return false;
		c->state = CONN_HTTP2;
		h2_open(c);
		return true;
	}
	switch (http1_looks(in)) {
	case HTTP1_MORE:
		return false;
	case HTTP1_OK:
		c->state = CONN_HTTP1;
		return true;
	case HTTP1_BAD:
	default:
		if (stream_opaque(c, false))
			return true;
		if (conn_streams(c))
			conn_finish(c, "unknown protocol");
		else
			conn_raw(c, "unknown protocol");
		return true;
	}
}

static bool dns_step(struct conn *c)
{
	if (c->in.n < 2)
		return false;
	size_t n = (size_t)c->in.p[0] << 8 | c->in.p[1];
	if (c->in.n < n + 2)
		return false;
	_cleanup_buf_ struct buf reply = BUF(1024), framed = BUF(1100);
	engine_dns(c->engine, slice_sub(buf_slice(&c->in), 2, n), "tcp", &reply);
	buf_drop(&c->in, n + 2);
	buf_be(&framed, reply.n, 2);
	buf_add(&framed, buf_slice(&reply));
	if (reply.n)
		conn_send(c, buf_slice(&framed));
	else
		conn_finish(c, "malformed DNS query");
	return true;
}

static bool step(struct conn *c)
{
	switch (c->state) {
	case CONN_SNIFF:
		return sniff(c);
	case CONN_SOCKS:
		return socks_request(c);
	case CONN_HTTP1:
		return h1_head(c);
	case CONN_BODY:
		return h1_body(c);
	case CONN_WAIT:
		return stream_wait(c);
	case CONN_RELAY:
		return stream_relay(c);
	case CONN_HTTP2:
		return h2_step(c);
	case CONN_WS:
		return wsock_step(c);
	case CONN_DNS:
		return dns_step(c);
	case CONN_RAW:
		return raw_step(c);
	case CONN_TLS:
	case CONN_FLUSH:
	case CONN_LINGER:
	case CONN_DEAD:
	default:
		return false;
	}
}

size_t conn_holds(const struct conn *c)
{
	return c->booked + (c->h2 ? h2_holds(c) : 0);
}

/* Books what the buffers hold. A buffer that was long once and is empty now gives its memory back. */
static bool book(struct conn *c)
{
	struct buf *const all[] = {&c->in, &c->out, &c->hello};
	size_t now = 0;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (all[i]->n == 0 && all[i]->cap > READ_SIZE)
			buf_free(all[i]);
		now += all[i]->cap;
	}
	if (now > c->booked && !engine_hold(c->engine, now - c->booked)) {
		/* Who holds the most gives way, and not who happens to come next. */
		struct conn *most = engine_most(c->engine);
		if (!most || most == c || conn_holds(most) < 2 * now)
			return false;
		engine_note(c->engine, "too much memory is held for clients: connections were closed");
		conn_drop(most, "too much memory is held for clients");
		if (!engine_hold(c->engine, now - c->booked))
			return false;
	}
	if (now < c->booked)
		engine_release(c->engine, c->booked - now);
	c->booked = now;
	return true;
}

/* A client that says nothing after a handshake has often refused our certificate without an alert: that is worth its own words. */
static const char *how_ended(const struct conn *c)
{
	if (c->received == 0)
		return "closed by the client without a byte";
	if (c->n_tls && c->state == CONN_SNIFF && c->in.n == 0)
		return "closed by the client after the handshake without a request";
	if (c->state == CONN_HTTP2 && c->requests == 0)
		return "closed by the client after the handshake without a request";
	return "closed by the client";
}

void conn_advance(struct conn *c)
{
	hello_decided(c);
	while (!c->reset && !c->finishing && c->out.n < OUT_PAUSE && step(c))
		;
	conn_flush(c);
	if (c->exchange)
		stream_drained(c->exchange);
	if (c->h2 && conn_streams(c))
		h2_drained(c);
	if (c->reset || buf_error(&c->in)) {
		conn_drop(c, c->reset ? "reset" : "too much unparsed input");
		return;
	}
	if (!book(c)) {
		engine_note(c->engine, "too much memory is held for clients: connections were closed");
		conn_drop(c, "too much memory is held for clients");
		return;
	}
	/* A stream of bytes may end one way only. */
	if (c->eof && !c->finishing && c->out.n < OUT_PAUSE && c->state != CONN_RELAY)
		conn_finish(c, how_ended(c));
	if (c->finishing && c->state != CONN_FLUSH)
		finish(c);
	if (c->state == CONN_FLUSH) {
		conn_flush(c);
		if (c->reset || (c->out.n == 0 && (c->eof || shutdown(c->fd, SHUT_WR) < 0))) {
			conn_drop(c, "closed");
			return;
		}
		/* Closing with bytes unread would reset the connection, and the client might never see our last bytes. */
		if (c->out.n == 0)
			c->state = CONN_LINGER;
	}
	watch(c);
}

static void on_event(void *arg, uint32_t events)
{
	static uint8_t piece[READ_SIZE];
	struct conn *c = arg;
	if (c->state != CONN_LINGER)
		c->last_us = engine_now_us(c->engine);
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !c->eof) {
		ssize_t n = recv(c->fd, piece, sizeof(piece), MSG_DONTWAIT);
		if (n > 0) {
			c->received += (uint64_t)n;
			pieces_wire(&c->pieces, slice_of(piece, (size_t)n), c->n_tls > 0 || piece[0] == 0x16);
			if (c->state != CONN_LINGER)
				feed(c, 0, slice_of(piece, (size_t)n));
		} else if (n == 0) {
			c->eof = true;
		} else if (errno != EAGAIN && errno != EINTR) {
			conn_drop(c, c->n_tls && c->state == CONN_SNIFF ? "reset by the client after the handshake without a request"
			                                                : "reset by the client");
			return;
		}
	} else if (events & (EPOLLHUP | EPOLLERR)) {
		conn_drop(c, "reset by the client");
		return;
	}
	if (c->state == CONN_LINGER && c->eof)
		conn_drop(c, "closed");
	else if (c->state != CONN_LINGER)
		conn_advance(c);
}

void conn_tick(struct conn *c, uint64_t now_us)
{
	bool unknown = c->state == CONN_SNIFF || c->state == CONN_RAW || c->state == CONN_FLUSH || c->state == CONN_TLS;
	bool busy = c->exchange || (c->h2 && conn_streams(c));
	uint64_t limit = c->state == CONN_LINGER ? LINGER_MS : unknown ? SILENT_MS : busy ? QUIET_MS : IDLE_MS;
	if (now_us - c->last_us < limit * 1000u)
		return;
	conn_drop(c, "time-out");
}

void conn_new(struct engine *e, int fd, const struct sockaddr_in6 *local)
{
	int on = 1;
	struct conn *c = calloc(1, sizeof(*c));
	if (!c) {
		(void)close(fd);
		return;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->engine = e;
	c->fd = fd;
	c->events = EPOLLIN;
	c->in = BUF(IN_MAX);
	c->out = BUF(OUT_MAX);
	c->raw = BUF(RAW_MAX);
	c->port = ntohs(local->sin6_port);
	c->last_us = engine_now_us(e);
	c->pieces.skip = true;
	const char *name = NULL;
	if (IN6_IS_ADDR_V4MAPPED(&local->sin6_addr)) {
		(void)inet_ntop(AF_INET, local->sin6_addr.s6_addr + 12, c->addr, sizeof(c->addr));
		name = names_of(engine_names(e), local->sin6_addr.s6_addr + 12);
	} else {
		(void)inet_ntop(AF_INET6, &local->sin6_addr, c->addr, sizeof(c->addr));
	}
	(void)snprintf(c->host, sizeof(c->host), "%s", name ? name : c->addr);
	if (loop_add(engine_loop(e), fd, EPOLLIN, on_event, c, &c->source) < 0) {
		(void)close(fd);
		free(c);
		return;
	}
	c->id = engine_next_id(e);
	engine_link(e, c);
	struct buf *t = engine_trace(e, c, TRACE_CONN);
	trace_put(t, TAG_ADDR, slice_str(c->addr));
	trace_put_u64(t, TAG_PORT, c->port);
	trace_put(t, TAG_HOST, slice_str(c->host));
	if (!conn_streams(c)) {
		_cleanup_buf_ struct buf form = BUF(FORM_MAX);
		socket_form(fd, &form);
		trace_put(t, TAG_FORM, buf_slice(&form));
	}
	engine_trace_end(e);
}
