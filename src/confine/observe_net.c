/* Listening sockets: noted when they come to be, and, if that is wanted, asked once who they are for. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "confine/observe_part.h"
#include "sys/fd.h"

#define LISTENERS_MAX 128
#define AT_ONCE       16
#define ANSWER_MAX    512
/* A server needs a moment between listen(2) and its first accept(2). */
#define WAIT_BEFORE 0.1
#define WAIT_ANSWER 1.5

enum state { LISTENING, CONNECTING, READING, DONE };

struct listener {
	char address[128];
	struct sockaddr_storage to;
	socklen_t n_to;
	uint64_t count;
	enum state state;
	enum seen_answer answer;
	double due; /* to be connected to, or to be given up */
	int fd;
	size_t n_text;
	char text[ANSWER_MAX];
};

static struct {
	bool on, connect;
	struct listener all[LISTENERS_MAX];
	size_t n;
	uint64_t lost;
	size_t polled[AT_ONCE]; /* which, in the order of the last poll */
	size_t n_polled;
} net;

void observe_net_begin(bool connect)
{
	net.on = true;
	net.connect = connect;
}

static void describe(const struct sockaddr_storage *a, socklen_t n, char *out, size_t size)
{
	char host[INET6_ADDRSTRLEN] = "?";
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un u;
	switch (a->ss_family) {
	case AF_INET:
		memcpy(&v4, a, sizeof(v4));
		(void)inet_ntop(AF_INET, &v4.sin_addr, host, sizeof(host));
		(void)snprintf(out, size, "%s:%u", host, ntohs(v4.sin_port));
		return;
	case AF_INET6:
		memcpy(&v6, a, sizeof(v6));
		(void)inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof(host));
		(void)snprintf(out, size, "[%s]:%u", host, ntohs(v6.sin6_port));
		return;
	case AF_UNIX:
		memcpy(&u, a, sizeof(u));
		n = n > offsetof(struct sockaddr_un, sun_path) ? n - (socklen_t)offsetof(struct sockaddr_un, sun_path) : 0;
		/* An abstract name begins with a NUL. */
		if (n && u.sun_path[0] == 0)
			(void)snprintf(out, size, "unix:@%.*s", (int)n - 1, u.sun_path + 1);
		else
			(void)snprintf(out, size, "unix:%.*s", (int)strnlen(u.sun_path, n), u.sun_path);
		return;
	default:
		(void)snprintf(out, size, "family %u", a->ss_family);
	}
}

static void note(const struct sockaddr_storage *a, socklen_t n)
{
	char address[sizeof(net.all[0].address)];
	describe(a, n, address, sizeof(address));
	for (size_t i = 0; i < net.n; i++)
		if (strcmp(net.all[i].address, address) == 0) {
			net.all[i].count++;
			return;
		}
	if (net.n == LISTENERS_MAX) {
		net.lost++;
		return;
	}
	struct listener *l = &net.all[net.n++];
	bool ask = net.connect && (a->ss_family == AF_INET || a->ss_family == AF_INET6);
	*l = (struct listener){
	        .to = *a, .n_to = n, .count = 1, .fd = -1, .state = ask ? LISTENING : DONE, .due = observe_now() + WAIT_BEFORE};
	memcpy(l->address, address, sizeof(address));
}

/* Of the thread's process: of a thread that is not its first there is no descriptor before Linux 6.9. */
static int process_of(pid_t thread)
{
	char path[48], text[1024];
	int pidfd = (int)syscall(SYS_pidfd_open, thread, 0);
	if (pidfd >= 0)
		return pidfd;
	(void)snprintf(path, sizeof(path), "/proc/%d/status", thread);
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	text[got > 0 ? got : 0] = 0;
	const char *group = strstr(text, "\nTgid:");
	pid_t leader = group ? (pid_t)strtol(group + 6, NULL, 10) : 0;
	return leader > 0 ? (int)syscall(SYS_pidfd_open, leader, 0) : -1;
}

int64_t observe_listen(const struct seccomp_notif *q)
{
	struct sockaddr_storage a = {0};
	socklen_t n = sizeof(a);
	if (!net.on)
		return OBSERVE_CONTINUE;
	_cleanup_fd_ int pidfd = process_of((pid_t)q->pid);
	_cleanup_fd_ int fd = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, (int)q->data.args[0], 0);
	if (fd < 0)
		return OBSERVE_CONTINUE;
	/* Done here, so that the address is the one that listens: an unbound socket gets its port only now. */
	if (listen(fd, (int)q->data.args[1]) < 0)
		return -errno;
	if (getsockname(fd, (struct sockaddr *)&a, &n) == 0)
		note(&a, n < sizeof(a) ? n : (socklen_t)sizeof(a));
	return 0;
}

static void finish(struct listener *l, enum seen_answer answer)
{
	l->answer = answer;
	l->state = DONE;
	fd_closep(&l->fd);
}

/* To itself, whatever it is bound to. */
static void begin(struct listener *l)
{
	struct sockaddr_storage to = l->to;
	if (to.ss_family == AF_INET) {
		struct sockaddr_in a;
		memcpy(&a, &to, sizeof(a));
		if (a.sin_addr.s_addr == htonl(INADDR_ANY))
			a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		memcpy(&to, &a, sizeof(a));
	} else {
		struct sockaddr_in6 a;
		memcpy(&a, &to, sizeof(a));
		if (memcmp(&a.sin6_addr, &in6addr_any, sizeof(in6addr_any)) == 0)
			a.sin6_addr = in6addr_loopback;
		memcpy(&to, &a, sizeof(a));
	}
	l->fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	l->due = observe_now() + WAIT_ANSWER;
	l->state = CONNECTING;
	if (l->fd < 0 || (connect(l->fd, (struct sockaddr *)&to, l->n_to) < 0 && errno != EINPROGRESS))
		finish(l, SEEN_REFUSED);
}

static void ask(struct listener *l)
{
	char request[256];
	int error = 0;
	socklen_t n = sizeof(error);
	const char *port = strrchr(l->address, ':');
	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0 || error) {
		finish(l, SEEN_REFUSED);
		return;
	}
	int length = snprintf(request, sizeof(request),
	        "GET / HTTP/1.1\r\nHost: localhost%s\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\nConnection: close\r\n\r\n",
	        port ? port : "");
	if (send(l->fd, request, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT) != length)
		finish(l, SEEN_CLOSED);
	else
		l->state = READING;
}

static void hear(struct listener *l)
{
	ssize_t got = recv(l->fd, l->text + l->n_text, sizeof(l->text) - l->n_text, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	l->n_text += got > 0 ? (size_t)got : 0;
	if (got <= 0 || l->n_text == sizeof(l->text))
		finish(l, l->n_text ? SEEN_ANSWERED : SEEN_CLOSED);
}

size_t observe_net_polls(struct pollfd *p, size_t max, int *timeout_ms)
{
	double now = observe_now(), next = -1;
	size_t running = 0;
	net.n_polled = 0;
	for (size_t i = 0; i < net.n; i++)
		running += net.all[i].state == CONNECTING || net.all[i].state == READING;
	for (size_t i = 0; i < net.n; i++) {
		struct listener *l = &net.all[i];
		if (l->state == LISTENING && l->due <= now && running < AT_ONCE) {
			begin(l);
			running += l->state != DONE;
		}
		if (l->state == DONE)
			continue;
		if (l->state != LISTENING && net.n_polled < max && net.n_polled < AT_ONCE) {
			p[net.n_polled] = (struct pollfd){.fd = l->fd, .events = l->state == CONNECTING ? POLLOUT : POLLIN};
			net.polled[net.n_polled++] = i;
		}
		if (l->state != LISTENING || running < AT_ONCE)
			next = next < 0 || l->due < next ? l->due : next;
	}
	if (next >= 0)
		*timeout_ms = next > now ? (int)((next - now) * 1000) + 1 : 0;
	return net.n_polled;
}

void observe_net_polled(const struct pollfd *p, size_t n)
{
	double now = observe_now();
	for (size_t i = 0; i < n && i < net.n_polled; i++) {
		struct listener *l = &net.all[net.polled[i]];
		if (p[i].revents && l->state == CONNECTING)
			ask(l);
		else if (p[i].revents && l->state == READING)
			hear(l);
		if (l->state != DONE && l->state != LISTENING && l->due <= now)
			finish(l, l->n_text ? SEEN_ANSWERED : SEEN_SILENT);
	}
}

void observe_net_end(int socket)
{
	for (size_t i = 0; i < net.n; i++) {
		struct listener *l = &net.all[i];
		if (l->state == CONNECTING || l->state == READING)
			finish(l, l->n_text ? SEEN_ANSWERED : SEEN_NOT_TRIED);
		struct seen_record r = {.kind = SEEN_LISTEN, .count = l->count, .answer = (uint8_t)l->answer};
		if (!observe_send(socket, &r, slice_str(l->address), slice_of(l->text, l->n_text), -1))
			return;
	}
	if (net.lost) {
		struct seen_record r = {.kind = SEEN_LOST, .count = net.lost};
		(void)observe_send(socket, &r, SLICE("listening sockets"), SLICE_NONE, -1);
	}
}
