#include "guard/sift.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "confine/process.h"
#include "guard/sift_part.h"

#define LARGE       ((uint64_t)32 << 20)
#define TRIES_MAX   2u
#define START_AGAIN 1000 /* ms after one that could not start */

struct peer {
	struct sift *sift;
	enum sift_what what;
	pid_t pid; /* 0: not there */
	int socket;
	struct source *source;
	struct sift_job *job;
	bool ready;
	int64_t since; /* of the job, or of its start */
};

struct queue {
	struct sift_job *first, **last;
};

struct sift {
	struct loop *loop;
	struct sift_options o;
	char prints[SIFT_PATH_MAX];
	int exe;
	struct peer peer[SIFT_PROCESSES];
	unsigned n;
	struct queue urgent[SIFT_WHATS], idle[SIFT_WHATS];
	char trouble[sizeof(((struct sift_answer *)NULL)->trouble)];
};

static int64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int sift_pass(int socket, const void *data, size_t n, const int *fd, size_t n_fd, int flags)
{
	union {
		char bytes[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec v = {(void *)(uintptr_t)data, n};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	if (n_fd) {
		m.msg_control = control.bytes;
		m.msg_controllen = CMSG_SPACE(n_fd * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fd * sizeof(int));
		memcpy(CMSG_DATA(c), fd, n_fd * sizeof(int));
	}
	ssize_t sent;
	do
		sent = sendmsg(socket, &m, MSG_NOSIGNAL | flags);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

ssize_t sift_take(int socket, void *data, size_t n, int fd[2], int flags)
{
	union {
		char bytes[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec v = {data, n};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
	ssize_t got;
	fd[0] = fd[1] = -1;
	do
		got = recvmsg(socket, &m, flags | MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(c), c->cmsg_len == CMSG_LEN(2 * sizeof(int)) ? 2 * sizeof(int) : sizeof(int));
	return got;
}

static void put(struct queue *q, struct sift_job *j, bool front)
{
	if (!q->first)
		q->last = &q->first;
	if (front) {
		j->next = q->first;
		if (!q->first)
			q->last = &j->next;
		q->first = j;
		return;
	}
	j->next = NULL;
	*q->last = j;
	q->last = &j->next;
}

/* The next job for this process: the first of a small file, if it is the one that is kept free for those. */
static struct sift_job *next_job(struct sift *s, const struct peer *p)
{
	bool kept_free = p->what == SIFT_FILE && p == &s->peer[0];
	struct queue *list[] = {&s->urgent[p->what], &s->idle[p->what]};
	for (size_t i = 0; i < ARRAY_LEN(list) && !(kept_free && i); i++)
		for (struct sift_job **at = &list[i]->first; *at; at = &(*at)->next) {
			struct sift_job *j = *at;
			if (kept_free && j->size > LARGE)
				continue;
			if (!(*at = j->next))
				list[i]->last = at;
			return j;
		}
	return NULL;
}

static void end_job(struct sift_job *j, int error)
{
	const struct sift_answer a = {.error = error};
	j->done(j, &a);
}

static void lose(struct peer *p);

static void feed(struct peer *p)
{
	while (p->ready && !p->job) {
		struct sift_job *j = next_job(p->sift, p);
		if (!j)
			return;
		struct sift_ask a = {.digest = j->digest};
		const int fd[2] = {j->fd, j->root};
		size_t n = j->path ? strlen(j->path) : 0;
		if (n >= sizeof(a.path)) {
			end_job(j, -ENAMETOOLONG);
			continue;
		}
		if (n)
			memcpy(a.path, j->path, n);
		a.n = (uint32_t)n;
		p->job = j;
		p->since = now_ms();
		if (sift_pass(p->socket, &a, offsetof(struct sift_ask, path) + n, fd, j->root >= 0 ? 2 : 1, MSG_DONTWAIT) < 0)
			lose(p);
	}
}

static void feed_all(struct sift *s, enum sift_what what)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->peer[i].what == what)
			feed(&s->peer[i]);
}

static void lose(struct peer *p)
{
	struct sift_job *j = p->job;
	if (!p->pid)
		return;
	loop_remove(p->source);
	p->source = NULL;
	(void)close(p->socket);
	(void)kill(p->pid, SIGKILL);
	(void)waitpid(p->pid, NULL, 0);
	p->pid = 0;
	p->ready = false;
	p->job = NULL;
	p->since = now_ms();
	if (!j)
		return;
	if (++j->tries >= TRIES_MAX)
		end_job(j, -EIO);
	else
		put(&p->sift->urgent[j->what], j, true);
}

/* What a process says that parsed hostile bytes: its texts are ended, and have no control characters. */
static void tidy(char *text, size_t n)
{
	text[n - 1] = 0;
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
}

static bool take(struct peer *p)
{
	struct sift_answer a;
	int fd[2];
	ssize_t n = sift_take(p->socket, &a, sizeof(a), fd, MSG_DONTWAIT);
	fd_closep(&fd[0]);
	fd_closep(&fd[1]);
	if (n == -EAGAIN)
		return false;
	if (n != (ssize_t)sizeof(a) || a.error > 0) {
		lose(p);
		return false;
	}
	char *const text[] = {a.tool, a.title, a.publisher, a.package, a.version, a.digest, a.trouble};
	const size_t size[] = {sizeof(a.tool), sizeof(a.title), sizeof(a.publisher), sizeof(a.package), sizeof(a.version), sizeof(a.digest),
	        sizeof(a.trouble)};
	for (size_t i = 0; i < ARRAY_LEN(text); i++)
		tidy(text[i], size[i]);
	if (!p->ready) {
		p->ready = a.error == 0;
		if (a.error < 0) {
			memcpy(p->sift->trouble, a.trouble, sizeof(a.trouble));
			lose(p);
			return false;
		}
		return true;
	}
	struct sift_job *j = p->job;
	if (!j) {
		lose(p);
		return false;
	}
	p->job = NULL;
	if (a.runtime > KNOWN_RUNTIME_CODE)
		a.runtime = KNOWN_RUNTIME_NONE;
	j->done(j, &a);
	return true;
}

static void on_answer(void *arg, uint32_t events)
{
	struct peer *p = arg;
	if (events & EPOLLIN) {
		if (take(p))
			feed(p);
	} else if (events & (EPOLLHUP | EPOLLERR)) {
		lose(p);
	}
}

static int start(struct peer *p)
{
	struct sift *s = p->sift;
	struct sift_begin b = {.what = p->what};
	int pair[2];
	(void)snprintf(b.prints, sizeof(b.prints), "%s", s->prints);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0)
		process_become_role("sift", s->exe, pair[1], -1, false);
	int r = pid < 0 ? -errno : 0;
	(void)close(pair[1]);
	r = r < 0 ? r : sift_pass(pair[0], &b, sizeof(b), NULL, 0, 0);
	r = r < 0 ? r : loop_add(s->loop, pair[0], EPOLLIN, on_answer, p, &p->source);
	if (r < 0) {
		(void)close(pair[0]);
		if (pid > 0) {
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, NULL, 0);
		}
		return r;
	}
	p->pid = pid;
	p->socket = pair[0];
	p->since = now_ms();
	return 0;
}

int sift_new(struct loop *loop, const struct sift_options *o, struct sift **out, struct err *err)
{
	struct sift *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, -ENOMEM, "no memory");
	s->loop = loop;
	s->o = *o;
	if (o->prints)
		(void)snprintf(s->prints, sizeof(s->prints), "%s", o->prints);
	s->exe = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	int r = s->exe < 0 ? -errno : 0;
	unsigned files = o->files < 2 ? 2 : o->files > SIFT_FILES_MAX ? SIFT_FILES_MAX : o->files;
	for (unsigned i = 0; i <= files && r == 0; i++) {
		struct peer *p = &s->peer[s->n++];
		*p = (struct peer){.sift = s, .what = i < files ? SIFT_FILE : SIFT_PLACE, .socket = -1};
		r = start(p);
	}
	if (r < 0) {
		sift_free(s);
		return err_sys(err, r, "cannot start a process that recognises tools");
	}
	*out = s;
	return 0;
}

void sift_free(struct sift *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->n; i++) {
		struct peer *p = &s->peer[i];
		if (p->job)
			p->job->tries = TRIES_MAX;
		lose(p);
	}
	for (int w = 0; w < SIFT_WHATS; w++)
		for (struct queue *q = &s->urgent[w];; q = &s->idle[w]) {
			for (struct sift_job *j; (j = q->first);) {
				q->first = j->next;
				end_job(j, -ECANCELED);
			}
			if (q == &s->idle[w])
				break;
		}
	fd_closep(&s->exe);
	free(s);
}

void sift_send(struct sift *s, struct sift_job *j)
{
	j->tries = 0;
	put(j->idle ? &s->idle[j->what] : &s->urgent[j->what], j, false);
	feed_all(s, j->what);
}

void sift_tick(struct sift *s)
{
	int64_t now = now_ms();
	for (unsigned i = 0; i < s->n; i++) {
		struct peer *p = &s->peer[i];
		if (p->pid && (p->job || !p->ready) && now - p->since > (int64_t)s->o.hang_ms) {
			if (p->job)
				p->job->tries = TRIES_MAX;
			lose(p);
		}
		/* One that was at work is missed at once; one that could not start only later. */
		if (!p->pid && (!s->trouble[0] || now - p->since > START_AGAIN))
			(void)!start(p);
	}
}

unsigned sift_ready(const struct sift *s)
{
	unsigned n = 0;
	for (unsigned i = 0; i < s->n; i++)
		n += s->peer[i].ready;
	return n;
}

unsigned sift_count(const struct sift *s)
{
	return s->n;
}

void sift_end(struct sift *s)
{
	for (unsigned i = 0; s && i < s->n; i++)
		if (s->peer[i].pid)
			(void)kill(s->peer[i].pid, SIGKILL);
}

bool sift_is_ours(const struct sift *s, pid_t pid)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->peer[i].pid == pid)
			return true;
	return false;
}

const char *sift_trouble(const struct sift *s)
{
	return s->trouble;
}
