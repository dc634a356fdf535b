/* A connection of the engine as a client drives it: HTTP/1, HTTP/2, SOCKS, CONNECT, WebSocket, DNS over TCP, ClientHellos, in any pieces.
 * What comes out at the far side must hold nothing that a second parser could read as more than one request. The engine is put together
 * here: a real one opens ports. The first byte chooses the far side, the port, and how the rest is cut. */
#include "../src/wire/engine.c"

#include <stdlib.h>

#include "crypto/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void plain(struct slice s, bool blanks)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == 0 || (!blanks && (s.p[i] == ' ' || s.p[i] == ':' || s.p[i] == '\t')))
			abort();
}

struct asked {
	struct exchange *x;
	bool more, whole, answered;
};

static void *begin(void *arg, struct exchange *x, const struct exchange_request *r, bool more)
{
	struct asked *a = calloc(1, sizeof(*a));
	(void)arg;
	if (!a)
		abort();
	*a = (struct asked){.x = x, .more = more};
	plain(r->method, false);
	plain(r->authority, true);
	for (size_t i = 0; i < r->target.n; i++)
		if (r->target.p[i] <= ' ' || r->target.p[i] == 0x7f)
			abort();
	for (size_t i = 0; i < r->n_headers; i++) {
		if (!r->headers[i].name.n)
			abort();
		plain(r->headers[i].name, false);
		plain(r->headers[i].value, true);
	}
	return a;
}

static void answer(struct asked *a)
{
	if (a->answered)
		return;
	a->answered = true;
	if (exchange_head(a->x, 103, SLICE("link: </x>\r\n")) < 0)
		abort();
	if (exchange_head(a->x, 200, SLICE("x: y\r\nconnection: x\r\n")) < 0)
		abort();
	exchange_piece(a->x, SLICE("hello"));
	exchange_piece(a->x, SLICE(" world"));
	exchange_end(a->x);
}

static void body(void *state, struct slice piece)
{
	struct asked *a = state;
	volatile uint8_t sum = 0;
	if (!a->more || a->whole)
		abort();
	for (size_t i = 0; i < piece.n; i++)
		sum = (uint8_t)(sum + piece.p[i]);
	/* One that is denied before it is whole. */
	if (piece.n && piece.p[0] == '!')
		answer(a);
}

static void trailers(void *state, struct slice fields)
{
	struct asked *a = state;
	struct slice line;
	if (!a->more || a->whole || !fields.n || fields.n > EXCHANGE_TRAILERS_MAX || !slice_ends(fields, SLICE("\r\n")))
		abort();
	while (fields.n && slice_split(&fields, '\n', &line)) {
		size_t colon = slice_chr(line, ':', 0);
		if (colon == 0 || colon == SLICE_NPOS || line.p[line.n - 1] != '\r')
			abort();
		plain(slice_sub(line, 0, colon), false);
		plain(slice_sub(line, colon + 1, line.n - colon - 2), true);
	}
}

static void end(void *state)
{
	struct asked *a = state;
	if (a->whole)
		abort();
	a->whole = true;
	answer(a);
}

static void room(void *state)
{
	(void)state;
}

static const struct far_stream stream = {.begin = begin, .body = body, .end = end, .trailers = trailers, .room = room, .gone = free};

static void request(void *arg, const struct exchange_request *r, struct exchange_reply *out)
{
	(void)arg;
	out->status = 200;
	out->stream = r->target.n % 2;
	buf_add(&out->body, r->body);
	buf_str_add(&out->body, "\n\nmore\n\n");
}

static bool ws_accept(void *arg, const struct exchange_request *r)
{
	(void)arg;
	return r->target.n > 0;
}

static void ws_message(void *arg, const struct exchange_request *opened, const struct exchange_ws_message *m, struct buf *out)
{
	(void)arg;
	(void)opened;
	buf_be(out, m->data.n, 4);
	buf_add(out, m->data);
}

static struct engine *make(void)
{
	_cleanup_buf_ struct buf cert = BUF(65536), key = BUF(65536);
	struct engine *e = calloc(1, sizeof(*e));
	if (!e || tls_init() < 0 || cert_ca_new("fuzz", 1700000000, &cert, &key) < 0 || loop_new(&e->loop) < 0 ||
	        names_new(&e->names) < 0 || tls_server_new(buf_slice(&cert), buf_slice(&key), 1700000000, &e->tls) < 0)
		abort();
	loop_after_batch(e->loop, advance_due, e);
	e->config.control_fd = -1;
	e->trace = BUF(TRACE_QUEUE_MAX);
	e->trace_max = UINT64_MAX / 2;
	return e;
}

static void stop(void *arg, uint32_t events)
{
	(void)events;
	loop_stop(arg);
}

static void turn(struct engine *e, int fd)
{
	uint8_t out[65536];
	if (loop_after(e->loop, 0, stop, e->loop, NULL) < 0 || loop_run(e->loop) < 0)
		abort();
	while (recv(fd, out, sizeof(out), MSG_DONTWAIT) > 0)
		;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct engine *e;
	int pair[2];
	if (size < 1 || size > 60000)
		return 0;
	if (!e)
		e = make();
	unsigned how = data[0];
	struct slice in = slice_of(data + 1, size - 1);
	e->far = how & 1 ? (struct far_side){.stream = &stream}
	                 : (struct far_side){.request = request, .ws_accept = ws_accept, .ws_message = ws_message};
	struct sockaddr_in6 local = {
	        .sin6_family = AF_INET6, .sin6_port = htons(how & 2 ? DNS_PORT : 443), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		abort();
	conn_new(e, pair[0], &local);
	/* In one piece, in two, or in up to 40. */
	size_t parts = how & 4 ? (how & 8 ? 40 : 2) : 1, step = in.n / parts + 1;
	for (size_t at = 0; at < in.n && e->conns; at += step) {
		struct slice piece = slice_sub(in, at, step);
		(void)!send(pair[1], piece.p, piece.n, MSG_NOSIGNAL);
		turn(e, pair[1]);
	}
	turn(e, pair[1]);
	(void)shutdown(pair[1], SHUT_WR);
	turn(e, pair[1]);
	while (e->conns)
		conn_drop(e->conns, "the end");
	turn(e, pair[1]);
	(void)close(pair[1]);
	/* All that was booked is given back. */
	if (e->held || e->n_conns || e->due)
		abort();
	return 0;
}
