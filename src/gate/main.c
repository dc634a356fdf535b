/* The gate's process: the engine of src/wire, whose far side are flows; the link to the supervisor. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "gate/gate_part.h"
#include "wire/seal.h"

#define LINK_WAIT_MAX ((size_t)32 << 20)

uint64_t gate_now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

/* ── the link ── */

/* result: of the queue. Without a supervisor that reads what happens nothing may pass. */
static void after(struct gate *g, int result)
{
	if (result < 0)
		loop_stop(g->loop);
	bool want = link_queue_waits(&g->link_out);
	if (want != g->link_wants && loop_change(g->link_source, EPOLLIN | (want ? EPOLLOUT : 0u)) == 0)
		g->link_wants = want;
}

void gate_send(struct gate *g, const struct buf *message, int fd)
{
	if (!buf_error(message))
		after(g, link_queue_send(&g->link_out, message, fd));
	else if (fd >= 0)
		(void)close(fd);
}

static void link_message(struct gate *g, const struct link_message *m, int fd)
{
	struct flow *f = flow_find(g, link_u64(m, LINK_ID, 0));
	if (m->kind == LINK_VERDICT && f) {
		flow_verdict(f, m);
	} else if (m->kind == LINK_CONNECTED && f) {
		flow_connected(f, m, fd);
		return;
	}
	if (fd >= 0)
		(void)close(fd);
}

static void on_link(void *arg, uint32_t events)
{
	struct gate *g = arg;
	if (events & EPOLLOUT)
		after(g, link_queue_flush(&g->link_out));
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	for (int i = 0; i < 64; i++) {
		struct link_message m;
		int fd, r = link_receive(g->link, &g->in, &fd);
		if (r == -EAGAIN)
			return;
		if (r < 0 || link_parse(buf_slice(&g->in), &m) < 0) {
			/* Without its supervisor nothing may pass. */
			if (r == 0 && fd >= 0)
				(void)close(fd);
			loop_stop(g->loop);
			return;
		}
		link_message(g, &m, fd);
	}
}

/* ── life ── */

static int serve(int control, struct gate *g, struct err *err)
{
	_cleanup_buf_ struct buf message = BUF(GATE_CONFIG_MAX);
	int r = gate_config_receive(control, &message, &g->link);
	/* A short run is over before there is a gate. */
	if (r == -EPIPE)
		return 0;
	if (r == 0)
		r = gate_config_decode(buf_slice(&message), &g->config);
	if (r < 0)
		return err_sys(err, r, "the gate's configuration is unusable");
	r = tls_init();
	if (r < 0)
		return err_sys(err, r, "OpenSSL cannot be initialised");
	r = search_new(&g->config, &g->search, err);
	if (r == 0 && (r = mask_new(g->config.values, &g->mask)) < 0)
		r = err_set(err, r, "out of memory");
	if (r < 0)
		return r;
	struct engine_config ec = {
	        .control_fd = control,
	        .ca_cert_pem = g->config.ca_cert_pem,
	        .ca_key_pem = g->config.ca_key_pem,
	        .outer = "outer",
	        .outer_fd = control + 1,
	        .inner = "inner0",
	        .trace_max = UINT64_MAX / 2,
	};
	struct far_side far = {.arg = g, .stream = &flow_far_stream};
	struct engine *engine = NULL;
	r = engine_new(&ec, &far, &engine, err);
	if (r < 0)
		return r;
	g->loop = engine_loop(engine);
	link_queue_init(&g->link_out, g->link, LINK_WAIT_MAX);
	r = loop_add(g->loop, g->link, EPOLLIN, on_link, g, &g->link_source);
	r = r < 0 ? r : looker_new(g->loop, g->search, flow_looked, g, &g->looker);
	r = r < 0 ? r : seal_process(g->config.keep);
	r = r < 0 ? err_sys(err, r, "the gate cannot be sealed") : engine_run(engine);
	loop_remove(g->link_source);
	/* Nothing is left to be said, and who reads what the run says need not wait while the kernel takes the interfaces apart. */
	if (r == 0)
		(void)close(STDERR_FILENO);
	upstream_free_all(g);
	/* What the thread is at work on ends with the process. */
	if (!looker_free(g->looker))
		g->search = NULL;
	engine_free(engine);
	return r;
}

int gate_main(int control)
{
	struct err err = {0};
	struct gate *g = calloc(1, sizeof(*g));
	if (!g)
		return 1;
	(void)signal(SIGPIPE, SIG_IGN);
	g->link = -1;
	g->in = BUF(LINK_MAX);
	int r = serve(control, g, &err);
	if (r < 0)
		(void)fprintf(stderr, "postern gate: %s\n", err.text[0] ? err.text : strerror(-r));
	if (g->link >= 0)
		(void)close(g->link);
	tls_client_free(g->tls);
	search_free(g->search);
	mask_free(g->mask);
	link_queue_free(&g->link_out);
	buf_free(&g->in);
	free(g);
	return r < 0 ? 1 : 0;
}
