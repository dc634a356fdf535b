/* Connections that the supervisor makes: a name server that does not answer holds up neither other names nor the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "gate/connect.h"
#include "sys/loop.h"

static struct sockaddr_in server = {.sin_family = AF_INET};

/* Ours instead of the C library's: "slow…" takes long, all else is the server. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	static _Thread_local struct addrinfo a;
	(void)service;
	(void)hints;
	if (strncmp(name, "slow", 4) == 0)
		(void)sleep(5);
	a = (struct addrinfo){
	        .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_addr = (struct sockaddr *)&server, .ai_addrlen = sizeof(server)};
	*out = &a;
	return 0;
}

void freeaddrinfo(struct addrinfo *a)
{
	(void)a;
}

static double now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct got {
	struct loop *loop;
	uint64_t id;
	int ok, not ;
};

static void done(void *arg, uint64_t id, int fd, const char *where, const char *why)
{
	struct got *g = arg;
	(void)where;
	g->id = id;
	*(fd >= 0 ? &g->ok : &g->not ) += 1;
	assert_true(fd >= 0 || why);
	if (fd >= 0)
		(void)close(fd);
	loop_stop(g->loop);
}

static void late(void *arg, uint32_t events)
{
	(void)events;
	loop_stop(arg);
}

static void slow_names(void **state)
{
	struct got g = {0};
	struct connector *c;
	socklen_t n = sizeof(server);
	(void)state;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, (struct sockaddr *)&server, sizeof(server)), 0);
	assert_int_equal(listen(listener, 10), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&server, &n), 0);
	assert_int_equal(loop_new(&g.loop), 0);
	assert_int_equal(connector_new(g.loop, done, &g, &c), 0);
	double begin = now();
	for (uint64_t i = 1; i <= 10; i++)
		assert_int_equal(connector_go(c, i, "slow.example.com", 443, true), 0);
	assert_int_equal(connector_go(c, 11, "quick.example.com", 443, true), 0);
	assert_int_equal(loop_run(g.loop), 0);
	assert_int_equal(g.id, 11);
	assert_int_equal(g.ok, 1);
	/* One for whom nobody waits any more is not told of. */
	for (uint64_t i = 20; i < 40; i++)
		assert_int_equal(connector_go(c, i, "slow.example.com", 443, true), 0);
	for (uint64_t i = 20; i < 40; i++)
		connector_forget(c, i);
	assert_int_equal(loop_after(g.loop, 100, late, g.loop, NULL), 0);
	assert_int_equal(loop_run(g.loop), 0);
	assert_int_equal(g.ok + g.not, 1);
	connector_free(c);
	assert_true(now() - begin < 4);
	loop_free(g.loop);
	(void)close(listener);
}

static void many(void **state)
{
	struct got g = {0};
	struct connector *c;
	(void)state;
	assert_int_equal(loop_new(&g.loop), 0);
	assert_int_equal(connector_new(g.loop, done, &g, &c), 0);
	unsigned n = 0;
	int r;
	while ((r = connector_go(c, n + 1, "slow.example.com", 443, true)) == 0)
		assert_true(++n <= 2000);
	assert_int_equal(r, -ENOBUFS);
	/* Those that wait give their places back. */
	for (unsigned i = 0; i < n; i++)
		connector_forget(c, i + 1);
	assert_int_equal(connector_go(c, n + 1, "quick.example.com", 443, true), 0);
	connector_free(c);
	loop_free(g.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(slow_names),
	        cmocka_unit_test(many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
