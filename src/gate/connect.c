#include "gate/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "gate/tunnel.h"
#include "parse/address.h"
#include "sys/loop.h"

#define THREADS    16u /* a name server that does not answer holds one up for half a minute */
#define JOBS_MAX   1024u
#define ADDRS_MAX  8u
#define TRY_MS     4000u
#define TUNNEL_MS  20000u /* a proxy answers when it has connected itself */
#define RULES_MAX  32u
#define HOST_BYTES 256u

struct place {
	struct sockaddr_storage addr;
	socklen_t n;
};

struct job {
	struct job *next;
	struct connector *c;
	uint64_t id;
	char host[HOST_BYTES], shown[HOST_BYTES];
	uint16_t port, beyond; /* beyond: the port behind the proxy; 0: there is none */
	bool local;
	int failed; /* of getaddrinfo() */
	struct place place[ADDRS_MAX];
	size_t n, at;
	int fd;
	struct source *source, *timer;
	char why[300];
};

struct redirect {
	char host[HOST_BYTES], to[HOST_BYTES];
	uint16_t port, to_port; /* 0: any, the same */
};

/* What the threads see. A thread that waits for a name server cannot be woken: at the end it stays behind, and the last one frees this. */
struct shared {
	int wake;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct job *todo, *back; /* with the lock held */
	bool end;
	unsigned users;
};

struct connector {
	struct loop *loop;
	connect_done *done;
	void *arg;
	struct shared *s;
	struct source *source;
	unsigned n_threads;
	struct job *trying;
	unsigned n_jobs;
	struct redirect rule[RULES_MAX];
	size_t n_rules;
	struct tunnel tunnel;
};

static void resolve(struct job *j)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG};
	/* AI_ADDRCONFIG does not count loopback: a machine with nothing else still has that. */
	const struct addrinfo any = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	char port[8];
	(void)snprintf(port, sizeof(port), "%u", j->port);
	j->failed = getaddrinfo(j->host, port, &hints, &found);
	if (j->failed)
		j->failed = getaddrinfo(j->host, port, &any, &found);
	for (struct addrinfo *a = j->failed ? NULL : found; a && j->n < ADDRS_MAX; a = a->ai_next)
		if (a->ai_addrlen <= sizeof(j->place[0].addr)) {
			memcpy(&j->place[j->n].addr, a->ai_addr, a->ai_addrlen);
			j->place[j->n++].n = a->ai_addrlen;
		}
	if (!j->failed)
		freeaddrinfo(found);
}

/* With the lock held, which is given up. */
static void leave(struct shared *s)
{
	bool last = --s->users == 0;
	(void)pthread_mutex_unlock(&s->lock);
	if (!last)
		return;
	(void)close(s->wake);
	(void)pthread_mutex_destroy(&s->lock);
	(void)pthread_cond_destroy(&s->more);
	free(s);
}

static void *resolver(void *arg)
{
	struct shared *s = arg;
	(void)pthread_mutex_lock(&s->lock);
	while (!s->end) {
		struct job *j = s->todo;
		if (!j) {
			(void)pthread_cond_wait(&s->more, &s->lock);
			continue;
		}
		s->todo = j->next;
		(void)pthread_mutex_unlock(&s->lock);
		resolve(j);
		(void)pthread_mutex_lock(&s->lock);
		if (s->end) {
			free(j);
			break;
		}
		j->next = s->back;
		s->back = j;
		(void)!write(s->wake, &(uint64_t){1}, sizeof(uint64_t));
	}
	leave(s);
	return NULL;
}

static struct slice raw_address(const struct place *p)
{
	if (p->addr.ss_family == AF_INET)
		return slice_of(&((const struct sockaddr_in *)(const void *)&p->addr)->sin_addr, 4);
	if (p->addr.ss_family == AF_INET6)
		return slice_of(&((const struct sockaddr_in6 *)(const void *)&p->addr)->sin6_addr, 16);
	return SLICE_NONE;
}

static void numeric(const struct place *p, char text[INET6_ADDRSTRLEN])
{
	struct slice raw = raw_address(p);
	text[0] = 0;
	if (raw.n)
		(void)inet_ntop(p->addr.ss_family, raw.p, text, INET6_ADDRSTRLEN);
}

/* Addresses that are not permitted are taken out; the reason of the last one stays. */
static void check(struct job *j)
{
	size_t kept = 0;
	for (size_t i = 0; i < j->n; i++) {
		char text[INET6_ADDRSTRLEN];
		enum address_kind k = address_kind(raw_address(&j->place[i]));
		bool near = k == ADDRESS_PRIVATE || k == ADDRESS_LOOPBACK || k == ADDRESS_LINK_LOCAL;
		numeric(&j->place[i], text);
		if (address_metadata(raw_address(&j->place[i])))
			(void)snprintf(j->why, sizeof(j->why),
			        "%.200s has the address %s, a metadata server of a cloud, which no rule can permit", j->shown, text);
		else if (k == ADDRESS_PUBLIC || (near && j->local))
			j->place[kept++] = j->place[i];
		else
			(void)snprintf(j->why, sizeof(j->why),
			        "%.120s has the address %s (%s), and the rule that permits it does not say private", j->shown, text,
			        address_kind_name(k));
	}
	j->n = kept;
}

static void finish(struct job *j, int fd, const char *why)
{
	struct connector *c = j->c;
	char where[INET6_ADDRSTRLEN] = "";
	if (fd >= 0)
		numeric(&j->place[j->at], where);
	for (struct job **p = &c->trying; *p; p = &(*p)->next)
		if (*p == j) {
			*p = j->next;
			break;
		}
	c->n_jobs--;
	loop_remove(j->source);
	loop_remove(j->timer);
	if (fd < 0 && j->fd >= 0)
		(void)close(j->fd);
	c->done(c->arg, j->id, fd, where, why);
	free(j);
}

static void try_next(struct job *j);

static void on_tunnel_time(void *arg, uint32_t events)
{
	struct job *j = arg;
	(void)events;
	j->timer = NULL;
	finish(j, -1, "the proxy does not answer");
}

static void on_tunnel(void *arg, uint32_t events)
{
	struct job *j = arg;
	uint8_t bytes[TUNNEL_REPLY_MAX];
	(void)events;
	/* Not one byte more than its reply is taken out: the rest is the connection's. */
	ssize_t n = recv(j->fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		finish(j, -1, "the proxy closed the connection");
		return;
	}
	int r = tunnel_reply(slice_of(bytes, (size_t)n), j->why, sizeof(j->why));
	if (r > 0 && recv(j->fd, bytes, (size_t)r, MSG_DONTWAIT) == r)
		finish(j, j->fd, NULL);
	else if (r != 0)
		finish(j, -1, r > 0 ? "the proxy's reply cannot be read" : j->why);
	else if ((events & (EPOLLHUP | EPOLLRDHUP)) != 0)
		finish(j, -1, "the proxy closed the connection");
}

static void begin_tunnel(struct job *j)
{
	_cleanup_buf_ struct buf b = BUF(4096);
	tunnel_request(&j->c->tunnel, j->shown, j->beyond, &b);
	/* A new connection takes that much at once. */
	bool sent = !buf_error(&b) && send(j->fd, b.p, b.n, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)b.n;
	if (!sent || loop_add(j->c->loop, j->fd, EPOLLIN | EPOLLRDHUP | EPOLLET, on_tunnel, j, &j->source) < 0 ||
	        loop_after(j->c->loop, TUNNEL_MS, on_tunnel_time, j, &j->timer) < 0)
		finish(j, -1, "the proxy does not take the request");
}

static void settle(struct job *j, int code)
{
	char text[INET6_ADDRSTRLEN];
	loop_remove(j->source);
	loop_remove(j->timer);
	j->source = j->timer = NULL;
	if (code == 0 && j->beyond) {
		begin_tunnel(j);
		return;
	}
	if (code == 0) {
		finish(j, j->fd, NULL);
		return;
	}
	(void)close(j->fd);
	j->fd = -1;
	numeric(&j->place[j->at], text);
	(void)snprintf(j->why, sizeof(j->why), "%.120s (%s), port %u: %s", j->shown, text, j->port, strerror(code));
	j->at++;
	try_next(j);
}

static void on_connected(void *arg, uint32_t events)
{
	struct job *j = arg;
	int code = 0;
	socklen_t n = sizeof(code);
	(void)events;
	if (getsockopt(j->fd, SOL_SOCKET, SO_ERROR, &code, &n) < 0)
		code = errno;
	settle(j, code);
}

static void on_time(void *arg, uint32_t events)
{
	struct job *j = arg;
	(void)events;
	j->timer = NULL;
	settle(j, ETIMEDOUT);
}

static void try_next(struct job *j)
{
	if (j->at == j->n) {
		finish(j, -1, j->why[0] ? j->why : "there is no address for this name");
		return;
	}
	const struct place *p = &j->place[j->at];
	j->fd = socket(p->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (j->fd < 0) {
		finish(j, -1, strerror(errno));
		return;
	}
	int r = connect(j->fd, (const struct sockaddr *)(const void *)&p->addr, p->n) < 0 ? errno : 0;
	if (r == EINPROGRESS) {
		r = -loop_add(j->c->loop, j->fd, EPOLLOUT, on_connected, j, &j->source);
		r = r ? r : -loop_after(j->c->loop, TRY_MS, on_time, j, &j->timer);
		if (r == 0)
			return;
	}
	settle(j, r);
}

static void on_wake(void *arg, uint32_t events)
{
	struct connector *c = arg;
	uint64_t n;
	(void)events;
	(void)!read(c->s->wake, &n, sizeof(n));
	(void)pthread_mutex_lock(&c->s->lock);
	struct job *back = c->s->back;
	c->s->back = NULL;
	(void)pthread_mutex_unlock(&c->s->lock);
	while (back) {
		struct job *j = back;
		back = j->next;
		j->next = c->trying;
		c->trying = j;
		if (j->failed)
			(void)snprintf(j->why, sizeof(j->why), "the name %.120s cannot be resolved: %s", j->shown, gai_strerror(j->failed));
		else
			check(j);
		try_next(j);
	}
}

int connector_new(struct loop *loop, connect_done *done, void *arg, struct connector **out)
{
	struct connector *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	struct shared *s = calloc(1, sizeof(*s));
	if (!s) {
		free(c);
		return -ENOMEM;
	}
	*c = (struct connector){.loop = loop, .done = done, .arg = arg, .s = s};
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->more, NULL);
	s->users = 1;
	s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int r = s->wake < 0 ? -errno : loop_add(loop, s->wake, EPOLLIN, on_wake, c, &c->source);
	if (r < 0) {
		connector_free(c);
		return r;
	}
	*out = c;
	return 0;
}

static void free_jobs(struct job *j)
{
	while (j) {
		struct job *next = j->next;
		loop_remove(j->source);
		loop_remove(j->timer);
		if (j->fd >= 0)
			(void)close(j->fd);
		free(j);
		j = next;
	}
}

void connector_free(struct connector *c)
{
	if (!c)
		return;
	loop_remove(c->source);
	struct shared *s = c->s;
	(void)pthread_mutex_lock(&s->lock);
	s->end = true;
	free_jobs(s->todo);
	free_jobs(s->back);
	s->todo = s->back = NULL;
	(void)pthread_cond_broadcast(&s->more);
	leave(s);
	free_jobs(c->trying);
	free(c);
}

/* One part up to the next colon outside of brackets. */
static bool part(const char **p, char out[HOST_BYTES])
{
	const char *s = *p, *end = s;
	bool bracket = *s == '[';
	while (*end && (bracket ? *end != ']' : *end != ':'))
		end++;
	if (bracket && *end != ']')
		return false;
	size_t n = (size_t)(end - s) - (bracket ? 1 : 0);
	if (n >= HOST_BYTES)
		return false;
	memcpy(out, s + (bracket ? 1 : 0), n);
	out[n] = 0;
	end += bracket ? 1 : 0;
	if (*end && *end != ':')
		return false;
	*p = *end ? end + 1 : end;
	return true;
}

int connector_redirect(struct connector *c, const char *rule, struct err *err)
{
	struct redirect r = {0};
	char port[HOST_BYTES], to_port[HOST_BYTES];
	const char *p = rule;
	uint64_t a = 0, b = 0;
	if (c->n_rules == RULES_MAX)
		return err_set(err, -EINVAL, "there are more than %u redirections", RULES_MAX);
	if (!part(&p, r.host) || !part(&p, port) || !part(&p, r.to) || !part(&p, to_port) || *p ||
	        (port[0] && (!slice_u64(slice_str(port), 65535, &a) || a == 0)) ||
	        (to_port[0] && (!slice_u64(slice_str(to_port), 65535, &b) || b == 0)))
		return err_set(err, -EINVAL, "%.100s is not HOST:PORT:ADDRESS:PORT, as in api.example.com:443:127.0.0.1:8443", rule);
	r.port = (uint16_t)a;
	r.to_port = (uint16_t)b;
	c->rule[c->n_rules++] = r;
	return 0;
}

static int start_thread(struct connector *c)
{
	if (c->n_threads == THREADS || c->n_threads >= c->n_jobs)
		return 0;
	pthread_t thread;
	(void)pthread_mutex_lock(&c->s->lock);
	int r = -pthread_create(&thread, NULL, resolver, c->s);
	c->s->users += r == 0 ? 1 : 0;
	(void)pthread_mutex_unlock(&c->s->lock);
	if (r == 0)
		(void)pthread_detach(thread);
	c->n_threads += r == 0 ? 1 : 0;
	return c->n_threads ? 0 : r;
}

void connector_tunnel(struct connector *c, const struct tunnel *t)
{
	c->tunnel = *t;
}

/* What can be said of a place without resolving it. NULL: nothing is wrong with it. */
static const char *wrong_beyond(const char *host)
{
	uint8_t raw[16];
	size_t n = strlen(host);
	if (strcasecmp(host, "localhost") == 0 || (n > 10 && strcasecmp(host + n - 10, ".localhost") == 0))
		return "localhost behind a proxy is the proxy's, which no rule can permit";
	size_t size = inet_pton(AF_INET, host, raw) == 1 ? 4 : inet_pton(AF_INET6, host, raw) == 1 ? 16 : 0;
	if (size && address_kind(slice_of(raw, size)) != ADDRESS_PUBLIC)
		return "this address is not a public one, and the rule that permits it does not say private";
	return NULL;
}

/* By way of the proxy, if that is how this one goes. NULL, or why it may not go. */
static const char *by_proxy(struct connector *c, struct job *j)
{
	if (!c->tunnel.host[0] || j->local || tunnel_excepts(&c->tunnel, j->host))
		return NULL;
	const char *why = wrong_beyond(j->host);
	j->beyond = j->port;
	j->port = c->tunnel.port;
	(void)snprintf(j->host, sizeof(j->host), "%s", c->tunnel.host);
	/* A proxy is where the person says that it is. */
	j->local = true;
	return why;
}

int connector_go(struct connector *c, uint64_t id, const char *host, uint16_t port, bool local)
{
	struct job *j = c->n_jobs < JOBS_MAX ? calloc(1, sizeof(*j)) : NULL;
	if (!j)
		return c->n_jobs < JOBS_MAX ? -ENOMEM : -ENOBUFS;
	*j = (struct job){.c = c, .id = id, .port = port, .local = local, .fd = -1};
	(void)snprintf(j->host, sizeof(j->host), "%s", host);
	(void)snprintf(j->shown, sizeof(j->shown), "%s", host);
	for (size_t i = 0; i < c->n_rules; i++) {
		const struct redirect *r = &c->rule[i];
		if ((r->host[0] && strcasecmp(r->host, host) != 0) || (r->port && r->port != port))
			continue;
		if (r->to[0])
			(void)snprintf(j->host, sizeof(j->host), "%s", r->to);
		j->port = r->to_port ? r->to_port : port;
		j->local = true;
		break;
	}
	c->n_jobs++;
	const char *why = by_proxy(c, j);
	if (why) {
		c->n_jobs--;
		free(j);
		c->done(c->arg, id, -1, "", why);
		return 0;
	}
	int e = start_thread(c);
	if (e < 0) {
		c->n_jobs--;
		free(j);
		return e;
	}
	(void)pthread_mutex_lock(&c->s->lock);
	struct job **last = &c->s->todo;
	while (*last)
		last = &(*last)->next;
	*last = j;
	(void)pthread_cond_signal(&c->s->more);
	(void)pthread_mutex_unlock(&c->s->lock);
	return 0;
}

static bool take_out(struct job **list, uint64_t id)
{
	while (*list && (*list)->id != id)
		list = &(*list)->next;
	struct job *j = *list;
	if (!j)
		return false;
	*list = j->next;
	j->next = NULL;
	free_jobs(j);
	return true;
}

void connector_forget(struct connector *c, uint64_t id)
{
	(void)pthread_mutex_lock(&c->s->lock);
	bool found = take_out(&c->s->todo, id);
	(void)pthread_mutex_unlock(&c->s->lock);
	if (found || take_out(&c->trying, id))
		c->n_jobs--;
}
