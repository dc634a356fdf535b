#include "guard/egress_ask.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "guard/egress_names.h"
#include "parse/address.h"
#include "sys/loop.h"

#define EVERY_S 300
/* Names that are handed over at one time. */
#define AT_ONCE 64

struct reply {
	char name[256];
	uint32_t n;
	uint8_t ip[32][16];
};

struct egress_ask {
	struct loop *loop;
	struct source *source;
	egress_ask_fn *fn;
	void *arg;
	int fd;
	pid_t child;
	size_t next;   /* of the names */
	int64_t round; /* when it began; 0: none did yet */
};

static void resolve(const char *name, struct reply *out)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = 0};
	struct addrinfo *list = NULL;
	out->n = 0;
	(void)memcpy(out->name, name, strnlen(name, 255) + 1);
	if (getaddrinfo(name, NULL, &hints, &list) != 0)
		return;
	for (struct addrinfo *a = list; a && out->n < ARRAY_LEN(out->ip); a = a->ai_next) {
		uint8_t *ip = out->ip[out->n];
		if (a->ai_family == AF_INET) {
			address_map(ip, (const uint8_t *)&((struct sockaddr_in *)(void *)a->ai_addr)->sin_addr);
			out->n++;
		} else if (a->ai_family == AF_INET6) {
			memcpy(ip, &((struct sockaddr_in6 *)(void *)a->ai_addr)->sin6_addr, 16);
			out->n++;
		}
	}
	freeaddrinfo(list);
}

/* The child: a name in, a reply out, until the other end is closed. */
static _Noreturn void child(int fd)
{
	char name[256];
	struct reply reply;
	for (;;) {
		ssize_t n = recv(fd, name, sizeof(name) - 1, 0);
		if (n <= 0)
			_exit(0);
		name[n] = 0;
		memset(&reply, 0, sizeof(reply));
		resolve(name, &reply);
		if (reply.n && send(fd, &reply, sizeof(reply), MSG_NOSIGNAL) < 0)
			_exit(0);
	}
}

static void on_reply(void *arg, uint32_t events)
{
	struct egress_ask *a = arg;
	struct reply r;
	(void)events;
	for (int i = 0; i < AT_ONCE; i++) {
		ssize_t n = recv(a->fd, &r, sizeof(r), MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN)) {
			/* It is gone; addresses are then learned from what others ask alone. */
			loop_remove(TAKE_PTR(a->source));
			return;
		}
		if (n != sizeof(r))
			return;
		r.name[sizeof(r.name) - 1] = 0;
		for (uint32_t k = 0; k < r.n && k < ARRAY_LEN(r.ip); k++)
			a->fn(a->arg, r.name, r.ip[k]);
	}
}

int egress_ask_start(struct loop *loop, egress_ask_fn *fn, void *arg, struct egress_ask **out, struct err *err)
{
	struct egress_ask *a = calloc(1, sizeof(*a));
	int pair[2];
	if (!a)
		return err_set(err, -ENOMEM, "out of memory");
	*a = (struct egress_ask){.loop = loop, .fn = fn, .arg = arg, .fd = -1};
	int r = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ? -errno : 0;
	if (r == 0) {
		a->fd = pair[0];
		a->child = fork();
		r = a->child < 0 ? -errno : 0;
		if (a->child == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			/* It keeps nothing of what we hold: what is closed must be able to open when we end. */
			int fd = dup2(pair[1], 3);
			(void)close_range(4, ~0u, 0);
			child(fd);
		}
		(void)close(pair[1]);
	}
	if (r == 0)
		r = loop_add(loop, a->fd, EPOLLIN, on_reply, a, &a->source);
	if (r < 0) {
		egress_ask_stop(a);
		return err_sys(err, r, "the child that resolves names");
	}
	*out = a;
	return 0;
}

static bool hand_over(struct egress_ask *a, const char *name)
{
	return a->source && send(a->fd, name, strlen(name), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

/* Would the resolver take it for an address, without asking anybody? In whatever form: 20.1, 0x14.1.0.1, 335609857. */
static bool numeric(const char *name)
{
	struct in_addr v4;
	return strchr(name, ':') || inet_aton(name, &v4);
}

void egress_ask_about(struct egress_ask *a, const char *name)
{
	if (name[0] && !numeric(name))
		(void)hand_over(a, name);
}

void egress_ask_names(struct egress_ask *a, const struct egress_names *names, int64_t now)
{
	if (a->next >= names->n) {
		if (a->round && now - a->round < EVERY_S)
			return;
		a->next = 0;
		a->round = now;
	}
	for (int i = 0; i < AT_ONCE && a->next < names->n; i++, a->next++) {
		const struct egress_host *h = &names->host[a->next];
		if (!h->open && h->pattern[0] != '.' && !hand_over(a, h->pattern))
			return;
	}
}

void egress_ask_again(struct egress_ask *a)
{
	a->next = 0;
	a->round = 0;
}

void egress_ask_stop(struct egress_ask *a)
{
	if (!a)
		return;
	loop_remove(a->source);
	fd_closep(&a->fd);
	if (a->child > 0) {
		(void)kill(a->child, SIGKILL);
		(void)waitpid(a->child, NULL, 0);
	}
	free(a);
}
