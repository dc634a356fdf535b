#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

#include "crypto/tls.h"
#include "wire/engine.h"
#include "world/answers.h"
#include "wire/seal.h"
#include "world/world.h"

#define MESSAGE_MAX ((size_t)1 << 20)

static int receive(int fd, uint8_t *to, size_t n)
{
	while (n) {
		ssize_t r = recv(fd, to, n, 0);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -errno : -EPIPE;
		to += r;
		n -= (size_t)r;
	}
	return 0;
}

static int receive_config(int fd, struct buf *message)
{
	uint8_t head[4];
	int r = receive(fd, head, sizeof(head));
	if (r < 0)
		return r;
	size_t n = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	uint8_t *to = n <= MESSAGE_MAX ? buf_room(message, n) : NULL;
	if (!to)
		return -EBADMSG;
	r = receive(fd, to, n);
	if (r == 0)
		message->n = n;
	return r;
}

/* The names that resolve although they may have a single label. */
static const char *const *fixed_names(struct arena *arena, const struct world_config *c)
{
	size_t n = 0;
	while (c->model_hosts && c->model_hosts[n])
		n++;
	const char **names = arena_array(arena, n + 2, sizeof(*names));
	for (size_t i = 0; names && i < n; i++)
		names[i] = c->model_hosts[i];
	if (names)
		names[n] = c->gateway_host;
	return names;
}

static int serve(int control_fd, struct err *err)
{
	_cleanup_arena_ struct arena arena = ARENA(2 * MESSAGE_MAX);
	_cleanup_buf_ struct buf message = BUF(MESSAGE_MAX);
	struct world_config c;
	int r = receive_config(control_fd, &message);
	if (r == 0)
		r = world_config_decode(buf_slice(&message), &arena, &c);
	if (r < 0)
		return err_sys(err, r, "the world's configuration is unusable");
	r = tls_init();
	if (r < 0)
		return err_sys(err, r, "OpenSSL cannot be initialised");
	struct answers *answers = NULL;
	r = answers_new(&c, &answers);
	if (r < 0)
		return err_sys(err, r, "the world's answers cannot be made");
	struct engine_config ec = {
	        .control_fd = control_fd,
	        .ca_cert_pem = c.ca_cert_pem,
	        .ca_key_pem = c.ca_key_pem,
	        .outer = "outer",
	        .inner = "inner0",
	        .dns_search = c.dns_search,
	        .names = fixed_names(&arena, &c),
	        .dead = c.dead,
	        .trace_max = c.trace_max,
	        .ahead_s = c.ahead_s,
	        .far_away = true,
	};
	struct far_side far = answers_far_side(answers);
	struct engine *engine = NULL;
	r = engine_new(&ec, &far, &engine, err);
	if (r == 0) {
		r = seal_process(false);
		r = r < 0 ? err_sys(err, r, "the world cannot be sealed") : engine_run(engine);
	}
	engine_free(engine);
	answers_free(answers);
	return r;
}

int world_main(int control_fd)
{
	struct err err = {0};
	(void)signal(SIGPIPE, SIG_IGN);
	int r = serve(control_fd, &err);
	if (r < 0)
		(void)fprintf(stderr, "postern world: %s\n", err.text[0] ? err.text : strerror(-r));
	return r < 0 ? 1 : 0;
}
