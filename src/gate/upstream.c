/* The gate's connections to servers: TLS, HTTP/1.1 replies as they stream in, and bytes. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gate/upstream_part.h"

#define READ_SIZE ((size_t)65536)
#define WAIT_MAX  ((size_t)96 << 20)
#define HEAD_MAX  (HTTP1_HEAD_MAX + READ_SIZE)

static void watch(struct upstream *u)
{
	/* What is under way to a server is counted, and not refused: the flow was already. */
	(void)gate_hold(u->g, &u->booked, u->out.cap + u->early.cap + up_h2_holds(u->h2));
	uint32_t want = (u->out.n ? EPOLLOUT : 0u) | (u->held || u->eof ? 0u : EPOLLIN);
	if (want != u->events && loop_change(u->source, want) == 0)
		u->events = want;
}

static void destroy(struct upstream *u)
{
	loop_remove(u->source);
	if (u->fd >= 0)
		(void)close(u->fd);
	tls_free(u->tls);
	up_h2_free(u->h2);
	(void)gate_hold(u->g, &u->booked, 0);
	buf_free(&u->in);
	buf_free(&u->out);
	buf_free(&u->early);
	free(u);
}

static void unkeep(struct upstream *u)
{
	for (struct upstream **p = &u->g->idle; *p; p = &(*p)->next)
		if (*p == u) {
			*p = u->next;
			u->g->n_idle--;
			return;
		}
}

void upstream_broke(struct upstream *u, const char *why)
{
	struct flow *f = u->f;
	if (u->state == UP_IDLE)
		unkeep(u);
	if (f) {
		u->f = NULL;
		f->u = NULL;
	}
	if (f)
		flow_fail(f, why);
	destroy(u);
}

static bool send_out(struct upstream *u)
{
	size_t done = u->out_at;
	while (done < u->out.n) {
		ssize_t n = send(u->fd, u->out.p + done, u->out.n - done, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return false;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	/* Moved only now and then: of a large body the rest would be moved for each piece. */
	u->out_at = done < u->out.n / 2 ? done : 0;
	if (!u->out_at)
		buf_drop(&u->out, done);
	if (!u->out.n && u->out.cap > READ_SIZE)
		buf_free(&u->out);
	if (u->shut && u->out.n == 0)
		(void)shutdown(u->fd, SHUT_WR);
	return true;
}

void upstream_encrypt(struct upstream *u, struct slice s)
{
	if (!u->tls)
		buf_add(&u->out, s);
	else if (tls_send(u->tls, s, &u->out) < 0)
		u->out.error = -EIO;
}

static bool flush(struct upstream *u)
{
	bool framed;
	do {
		framed = u->h2 && up_h2_write(u);
		if (!send_out(u))
			return false;
	} while (framed && !u->out.n);
	return true;
}

void upstream_send(struct upstream *u, struct slice s)
{
	if (u->state == UP_HANDSHAKE)
		buf_add(&u->early, s);
	else
		upstream_encrypt(u, s);
	/* An error shows when it is written. */
	if (u->out.n && !u->out.error)
		(void)flush(u);
	watch(u);
}

/* From here on the protocol is known. NULL, or why it cannot be sent. */
static const char *request(struct upstream *u, struct slice head, struct slice body, struct slice trailers)
{
	if (u->h2)
		return up_h2_request(u, head, body, trailers);
	if (u->streams)
		return "the server does not speak HTTP/2, and a call that streams has no other form";
	upstream_encrypt(u, head);
	/* RFC 9112, 7.1: with trailers in one chunk. How the tool has cut it is not told. */
	_cleanup_buf_ struct buf frame = BUF(trailers.n + 64);
	if (trailers.n && body.n) {
		buf_fmt(&frame, "%zx\r\n", body.n);
		upstream_encrypt(u, buf_slice(&frame));
	}
	if (body.n)
		upstream_encrypt(u, body);
	if (trailers.n) {
		buf_reset(&frame);
		buf_str_add(&frame, body.n ? "\r\n0\r\n" : "0\r\n");
		buf_add(&frame, trailers);
		buf_str_add(&frame, "\r\n");
		upstream_encrypt(u, buf_slice(&frame));
	}
	return buf_error(&frame) ? "out of memory" : NULL;
}

void upstream_request(struct upstream *u, struct slice head, struct slice body, struct slice trailers)
{
	if (u->state == UP_HANDSHAKE) {
		u->early_head = head.n;
		u->early_body = body.n;
		buf_add(&u->early, head);
		buf_add(&u->early, body);
		buf_add(&u->early, trailers);
	} else {
		const char *why = request(u, head, body, trailers);
		if (why) {
			upstream_broke(u, why);
			return;
		}
		if (!u->out.error)
			(void)flush(u);
	}
	watch(u);
}

void upstream_stream(struct upstream *u, struct slice head)
{
	u->streams = true;
	upstream_request(u, head, SLICE_NONE, SLICE_NONE);
}

void upstream_more(struct upstream *u, struct slice piece)
{
	if (u->state == UP_HANDSHAKE) {
		buf_add(&u->early, piece);
		u->early_body += piece.n;
	} else if (u->h2) {
		up_h2_more(u->h2, piece);
		(void)flush(u);
	}
	watch(u);
}

void upstream_done(struct upstream *u)
{
	u->done = true;
	if (u->h2) {
		up_h2_done(u->h2);
		(void)flush(u);
	}
	watch(u);
}

size_t upstream_waiting(const struct upstream *u)
{
	return u->out.n - u->out_at + u->early.n + up_h2_waiting(u->h2);
}

void upstream_raw(struct upstream *u)
{
	u->state = UP_RAW;
}

void upstream_shut(struct upstream *u)
{
	if (u->tls && u->state != UP_HANDSHAKE)
		tls_close(u->tls, &u->out);
	u->shut = true;
	(void)flush(u);
	watch(u);
}

void upstream_whole(struct upstream *u)
{
	u->whole = true;
	flow_end(u->f);
}

static bool content(struct upstream *u)
{
	struct slice in = buf_slice(&u->in);
	if (u->reply.framing == HTTP1_CHUNKED) {
		_cleanup_buf_ struct buf plain = BUF(in.n + 1);
		const char *why = NULL;
		size_t used = 0;
		uint64_t lost = 0;
		enum http1_status s = http1_chunked(&u->chunked, in, &used, &plain, &lost, &why);
		if (s == HTTP1_BAD) {
			upstream_broke(u, why);
			return false;
		}
		buf_drop(&u->in, used);
		flow_piece(u->f, buf_slice(&plain));
		if (s == HTTP1_OK)
			upstream_whole(u);
		return false;
	}
	struct slice s = u->reply.until_close ? in : slice_sub(in, 0, u->left > SIZE_MAX ? SIZE_MAX : (size_t)u->left);
	flow_piece(u->f, s);
	buf_drop(&u->in, s.n);
	u->left -= u->reply.until_close ? 0 : s.n;
	if (!u->reply.until_close && u->left == 0)
		upstream_whole(u);
	return false;
}

/* True: something was consumed, and u is still there. */
static bool step(struct upstream *u)
{
	const char *why = NULL;
	size_t at = 0;
	if (u->h2)
		return up_h2_step(u);
	if (u->state == UP_RAW && u->in.n) {
		_cleanup_buf_ struct buf in = u->in;
		u->in = BUF(in.max);
		flow_piece(u->f, buf_slice(&in));
		return false;
	}
	if (u->state == UP_BODY && u->in.n)
		return content(u);
	if (u->state != UP_HEAD || !u->in.n)
		return false;
	enum http1_status s = http1_parse_reply(buf_slice(&u->in), slice_str(u->method), &u->reply, &why, &at);
	if (s == HTTP1_MORE)
		return false;
	if (s == HTTP1_BAD) {
		upstream_broke(u, why);
		return false;
	}
	u->left = u->reply.framing == HTTP1_LENGTH ? u->reply.length : 0;
	u->chunked = (struct http1_chunked){0};
	if (u->reply.status >= 200 || u->reply.status == 101)
		u->state = UP_BODY;
	u->reply_keeps = u->reply.keep_alive;
	size_t size = u->reply.size;
	bool empty = u->reply.framing == HTTP1_NONE && !u->reply.until_close, final = u->reply.status >= 200;
	if (!final && u->reply.status != 101 && ++u->interim > INTERIM_MAX) {
		upstream_broke(u, "the server sends interim replies without end");
		return false;
	}
	struct flow *f = u->f;
	flow_head(f, &u->reply);
	if (f->u != u)
		return false;
	buf_drop(&u->in, size);
	if (final && empty) {
		upstream_whole(u);
		return false;
	}
	return true;
}

static void end_of_input(struct upstream *u)
{
	if (u->state == UP_RAW || (u->state == UP_BODY && !u->h2 && u->reply.until_close)) {
		u->reply_keeps = false;
		flow_end(u->f);
	} else {
		upstream_broke(u, u->state == UP_HANDSHAKE ? "the server closed the connection in the TLS handshake"
		                  : u->state == UP_IDLE    ? "closed"
		                                           : "the server closed the connection before its reply was whole");
	}
}

/* Goes on with what is there. The flow may leave during a step; then u is kept or freed, and nothing more is to be done with it. */
static void pump(struct upstream *u)
{
	struct flow *f = u->f;
	while (f && f->u == u && !u->held && step(u))
		;
	if (f && f->u != u)
		return;
	if (!flush(u) || buf_error(&u->out))
		upstream_broke(u, "the connection to the server broke");
	else if (u->eof && !(u->held && (u->in.n || up_h2_waits(u->h2))))
		end_of_input(u);
	else
		watch(u);
	/* The server's window may have become wider. */
	if (u->f && u->streams)
		flow_room(u->f);
}

void upstream_hold(struct upstream *u, bool hold)
{
	bool goes_on = u->held && !hold;
	u->held = hold;
	if (goes_on)
		pump(u);
	else
		watch(u);
}

/* What the two sides speak is agreed, and the request leaves. NULL, or why it cannot. */
static const char *handshaken(struct upstream *u)
{
	_cleanup_buf_ struct buf early = u->early;
	u->early = BUF(early.max);
	u->state = u->bytes ? UP_RAW : UP_HEAD;
	if (u->offers_h2 && slice_is(tls_alpn(u->tls), "h2") && up_h2_new(&u->h2) < 0)
		return "out of memory";
	struct slice all = buf_slice(&early);
	return request(u, slice_sub(all, 0, u->early_head), slice_sub(all, u->early_head, u->early_body),
	        slice_from(all, u->early_head + u->early_body));
}

static void take(struct upstream *u, struct slice wire)
{
	if (!u->tls) {
		buf_add(&u->in, wire);
	} else {
		enum tls_state s = tls_feed(u->tls, wire, &u->in, &u->out);
		if (s == TLS_FAILED) {
			char why[200];
			(void)snprintf(why, sizeof(why), "TLS with the server failed: %.150s", tls_reason(u->tls));
			(void)flush(u);
			upstream_broke(u, why);
			return;
		}
		const char *why = u->state == UP_HANDSHAKE && s != TLS_HANDSHAKE ? handshaken(u) : NULL;
		if (why) {
			upstream_broke(u, why);
			return;
		}
		u->eof |= s == TLS_CLOSED;
	}
	const char *why = u->h2 ? up_h2_feed(u) : NULL;
	if (why)
		upstream_broke(u, why);
	else if (buf_error(&u->in) || (u->state == UP_IDLE && u->in.n))
		upstream_broke(u, "the server sent what nobody asked for");
	else
		pump(u);
}

static void on_event(void *arg, uint32_t events)
{
	static uint8_t piece[READ_SIZE];
	struct upstream *u = arg;
	if (events & EPOLLOUT) {
		if (!flush(u)) {
			upstream_broke(u, "the connection to the server broke");
			return;
		}
		if (u->out.n == 0 && u->f)
			flow_room(u->f);
		watch(u);
	}
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)) || u->held)
		return;
	ssize_t n = recv(u->fd, piece, sizeof(piece), MSG_DONTWAIT);
	if (n > 0) {
		take(u, slice_of(piece, (size_t)n));
	} else if (n == 0) {
		u->eof = true;
		end_of_input(u);
	} else if (errno != EAGAIN && errno != EINTR) {
		upstream_broke(u, "the connection to the server broke");
	}
}

int upstream_new(struct gate *g, int fd, const char *host, uint16_t port, const struct upstream_how *how, struct upstream **out)
{
	struct upstream *u = calloc(1, sizeof(*u));
	int on = 1, r = 0;
	if (!u) {
		(void)close(fd);
		return -ENOMEM;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	*u = (struct upstream){.g = g,
	        .fd = fd,
	        .port = port,
	        .over_tls = how->tls,
	        .bytes = how->bytes,
	        .offers_h2 = how->tls && how->h2,
	        .events = EPOLLIN};
	u->in = BUF(HEAD_MAX + 2 * READ_SIZE);
	u->out = BUF(WAIT_MAX);
	u->early = BUF(WAIT_MAX);
	(void)snprintf(u->host, sizeof(u->host), "%s", host);
	u->state = how->tls ? UP_HANDSHAKE : how->bytes ? UP_RAW : UP_HEAD;
	/* Only when it is needed: to read some 140 certificates takes longer than all else at the start. */
	if (how->tls && !g->tls)
		r = tls_client_new(g->config.trust_pem, &g->tls);
	if (how->tls && r == 0)
		r = tls_connect(g->tls, slice_str(host), how->h2, &u->tls, &u->out);
	r = r < 0 ? r : loop_add(g->loop, fd, EPOLLIN, on_event, u, &u->source);
	if (r < 0) {
		destroy(u);
		return r;
	}
	(void)flush(u);
	watch(u);
	*out = u;
	return 0;
}

struct upstream *upstream_kept(struct gate *g, const char *host, uint16_t port, const struct upstream_how *how)
{
	for (struct upstream **p = &g->idle; *p;) {
		struct upstream *u = *p;
		uint8_t byte;
		if (u->port != port || u->over_tls != how->tls || u->offers_h2 != (how->tls && how->h2) || strcmp(u->host, host) != 0) {
			p = &u->next;
			continue;
		}
		*p = u->next;
		g->n_idle--;
		u->next = NULL;
		/* Its end, or what nobody asked for, may have come since the loop looked last. */
		if (recv(u->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EINTR))
			return u;
		destroy(u);
	}
	return NULL;
}

void upstream_take(struct upstream *u, struct flow *f, struct slice method)
{
	u->f = f;
	f->u = u;
	u->held = u->whole = u->streams = u->done = false;
	u->interim = 0;
	(void)snprintf(u->method, sizeof(u->method), "%.*s", SLICE_FMT(method));
	if (u->state == UP_IDLE)
		u->state = UP_HEAD;
}

void upstream_leave(struct upstream *u)
{
	struct gate *g = u->g;
	if (u->f)
		u->f->u = NULL;
	u->f = NULL;
	bool whole = u->whole && (u->h2 ? up_h2_keeps(u->h2) : u->reply_keeps) && !u->in.n && !u->out.n && !u->eof && !u->shut;
	if (!whole) {
		/* As far as the socket takes it: what was said before it arrives, and is not taken for all. */
		if (u->h2 && !u->eof) {
			up_h2_cancel(u->h2);
			(void)flush(u);
		}
		destroy(u);
		return;
	}
	if (g->n_idle == IDLE_MAX) {
		struct upstream **last = &g->idle;
		while ((*last)->next)
			last = &(*last)->next;
		destroy(*last);
		*last = NULL;
		g->n_idle--;
	}
	u->state = UP_IDLE;
	u->held = false;
	u->since_ms = gate_now_ms();
	u->next = g->idle;
	g->idle = u;
	g->n_idle++;
	buf_free(&u->in);
	buf_free(&u->out);
	watch(u);
	/* The old ones lie at the end. */
	for (struct upstream **p = &g->idle; *p;) {
		struct upstream *old = *p;
		if (u->since_ms - old->since_ms < IDLE_SECONDS * 1000u) {
			p = &old->next;
			continue;
		}
		*p = old->next;
		g->n_idle--;
		destroy(old);
	}
}

void upstream_free_all(struct gate *g)
{
	while (g->idle) {
		struct upstream *u = g->idle;
		g->idle = u->next;
		destroy(u);
	}
	g->n_idle = 0;
}
