/* A server's side of a connection of the gate, with a flow that only listens: a reply that ends well is the same however its bytes are cut,
 * is one reply, and a connection is kept only when nothing of it is left. The first byte chooses the method, and from 128 on HTTP/2. */
#include "../src/gate/upstream.c"

#include "crypto/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct heard {
	unsigned finals;
	int status;
	bool ended, failed, kept;
	struct buf text; /* of the head, and the content */
};
static struct heard *ear;

uint64_t gate_now_ms(void)
{
	return 1;
}

bool gate_hold(struct gate *g, size_t *booked, size_t now)
{
	g->held += now - *booked;
	*booked = now;
	return true;
}

void flow_head(struct flow *f, const struct http1_reply *r)
{
	/* Nobody asked for another protocol: the flow leaves. */
	if (r->status == 101) {
		ear->failed = true;
		upstream_leave(f->u);
		return;
	}
	if (ear->finals)
		abort();
	if (r->status < 200) {
		if (r->status < 100)
			abort();
		buf_add(&ear->text, r->field_bytes);
		return;
	}
	ear->finals++;
	ear->status = r->status;
	buf_add(&ear->text, r->field_bytes);
}

void flow_piece(struct flow *f, struct slice piece)
{
	(void)f;
	if (!ear->finals || ear->ended)
		abort();
	buf_add(&ear->text, piece);
}

void flow_trailers(struct flow *f, struct slice fields)
{
	(void)f;
	if (!ear->finals || ear->ended)
		abort();
	buf_add(&ear->text, fields);
}

void flow_end(struct flow *f)
{
	struct gate *g = f->g;
	unsigned idle = g->n_idle;
	if (ear->ended || ear->failed)
		abort();
	ear->ended = true;
	upstream_leave(f->u);
	ear->kept = g->n_idle > idle;
	if (ear->kept && (g->idle->in.n || g->idle->state != UP_IDLE || !g->idle->whole))
		abort();
}

void flow_fail(struct flow *f, const char *why)
{
	(void)f;
	if (!why || ear->ended || ear->failed)
		abort();
	ear->failed = true;
}

void flow_room(struct flow *f)
{
	(void)f;
}

static void stop(void *arg, uint32_t events)
{
	(void)events;
	loop_stop(arg);
}

static void listen_to(struct gate *g, struct slice in, size_t step, struct slice method, bool h2, struct heard *h)
{
	int pair[2];
	struct flow f = {.g = g};
	struct upstream *u = NULL;
	ear = h;
	*h = (struct heard){.text = BUF((size_t)1 << 20)};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0 ||
	        upstream_new(g, pair[0], "x", 80, &(struct upstream_how){0}, &u) < 0 || (h2 && up_h2_new(&u->h2) < 0))
		abort();
	upstream_take(u, &f, method);
	if (h2) {
		char head[64];
		(void)snprintf(head, sizeof(head), "%.*s / HTTP/1.1\r\nhost: x\r\n\r\n", SLICE_FMT(method));
		upstream_request(u, slice_str(head), slice_is(method, "POST") ? SLICE("body") : SLICE_NONE,
		        slice_is(method, "POST") ? SLICE("x: y\r\n") : SLICE_NONE);
	}
	for (size_t at = 0; at <= in.n; at += step) {
		struct slice piece = slice_sub(in, at, step);
		bool last = at + step > in.n;
		(void)!send(pair[1], piece.p, piece.n, MSG_NOSIGNAL);
		if (last)
			(void)shutdown(pair[1], SHUT_WR);
		for (int i = 0; i < (last ? 3 : 1); i++)
			if (loop_after(g->loop, 0, stop, g->loop, NULL) < 0 || loop_run(g->loop) < 0)
				abort();
	}
	if (f.u)
		upstream_leave(f.u);
	upstream_free_all(g);
	(void)close(pair[1]);
	if (h->finals > 1 || g->held)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gate *g;
	static const char *const methods[] = {"GET", "HEAD", "POST"};
	struct heard one, many;
	if (size < 1 || size > 20000)
		return 0;
	if (!g && (!(g = calloc(1, sizeof(*g))) || loop_new(&g->loop) < 0))
		abort();
	struct slice in = slice_of(data + 1, size - 1), method = slice_str(methods[data[0] % 3]);
	listen_to(g, in, in.n + 1, method, data[0] >= 128, &one);
	listen_to(g, in, in.n / 16 + 1, method, data[0] >= 128, &many);
	if (one.ended != many.ended || (one.ended && (one.status != many.status || !slice_eq(buf_slice(&one.text), buf_slice(&many.text)))))
		abort();
	buf_free(&one.text);
	buf_free(&many.text);
	return 0;
}
