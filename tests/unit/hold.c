/* When no more memory may be held for clients, the one that holds the most loses it, and not the one that comes next. The engine is put
 * together here: a real one opens ports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../../src/wire/engine.c"

static void request(void *arg, const struct exchange_request *r, struct exchange_reply *out)
{
	(void)arg;
	(void)r;
	out->status = 200;
	buf_str_add(&out->body, "hello");
}

static void stop(void *arg, uint32_t events)
{
	(void)events;
	loop_stop(arg);
}

static void turn(struct engine *e)
{
	for (int i = 0; i < 8; i++) {
		assert_int_equal(loop_after(e->loop, 0, stop, e->loop, NULL), 0);
		assert_int_equal(loop_run(e->loop), 0);
	}
}

static int client(struct engine *e)
{
	int pair[2];
	struct sockaddr_in6 local = {.sin6_family = AF_INET6, .sin6_port = htons(80), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	conn_new(e, pair[0], &local);
	return pair[1];
}

static void who_loses(void **state)
{
	struct engine *e = calloc(1, sizeof(*e));
	static uint8_t much[100000];
	char reply[4096];
	(void)state;
	assert_non_null(e);
	assert_int_equal(loop_new(&e->loop), 0);
	assert_int_equal(names_new(&e->names), 0);
	loop_after_batch(e->loop, advance_due, e);
	e->config.control_fd = -1;
	e->trace = BUF(TRACE_QUEUE_MAX);
	e->trace_max = UINT64_MAX / 2;
	e->far = (struct far_side){.request = request};
	/* A head without end. */
	int greedy = client(e);
	memset(much, 'x', sizeof(much));
	memcpy(much, "GET / HTTP/1.1\r\nx: ", 19);
	assert_int_equal(send(greedy, much, sizeof(much), 0), (ssize_t)sizeof(much));
	turn(e);
	assert_true(e->held >= sizeof(much));
	size_t others = HELD_MAX - 10 - e->held;
	assert_true(engine_hold(e, others));
	int modest = client(e);
	assert_int_equal(send(modest, "GET / HTTP/1.1\r\nHost: x\r\nx: y\r\n\r\n", 33, 0), 33);
	turn(e);
	ssize_t n = recv(modest, reply, sizeof(reply), 0);
	assert_true(n > 12 && memcmp(reply, "HTTP/1.1 200", 12) == 0);
	assert_int_equal(recv(greedy, reply, sizeof(reply), 0), 0);
	engine_release(e, others);
	while (e->conns)
		conn_drop(e->conns, "the end");
	assert_int_equal(e->held, 0);
	turn(e);
	(void)close(greedy);
	(void)close(modest);
	names_free(e->names);
	loop_free(e->loop);
	buf_free(&e->trace);
	free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(who_loses)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
