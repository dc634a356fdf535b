#include "guard/outside.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "confine/process.h"
#include "guard/outside_part.h"
#include "sys/fd.h"
#include "sys/loop.h"

#define AGAIN_MS 2000

/* The daemon's end of it. */
struct outside {
	struct loop *loop;
	struct outside_options o;
	struct source *source, *again;
	int socket, exe, plan; /* plan: a file in memory; -1: none yet */
	pid_t pid;
};

static void on_message(void *arg, uint32_t events);

static int begin(struct outside *s)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0)
		process_become_role("outside", s->exe, pair[1], -1, false);
	(void)close(pair[1]);
	s->socket = pair[0];
	s->pid = pid;
	struct outside_order order = {
	        .what = OUTSIDE_BEGIN, .hosts = s->o.hosts, .outlive = s->o.outlive, .managed = (uint8_t)s->o.managed};
	(void)snprintf(order.cgroup, sizeof(order.cgroup), "%s", s->o.cgroup ? s->o.cgroup : "");
	int r = pid < 0 ? -errno : fd_pass(s->socket, &order, sizeof(order), -1);
	order.what = OUTSIDE_PLAN;
	if (r == 0 && s->plan >= 0)
		r = fd_pass(s->socket, &order, sizeof(order), s->plan);
	return r < 0 ? r : loop_add(s->loop, s->socket, EPOLLIN, on_message, s, &s->source);
}

static void end(struct outside *s)
{
	loop_remove(TAKE_PTR(s->source));
	fd_closep(&s->socket);
	s->socket = -1;
	if (s->pid > 0) {
		(void)kill(s->pid, SIGKILL);
		(void)waitpid(s->pid, NULL, 0);
	}
	s->pid = 0;
}

static void on_again(void *arg, uint32_t events)
{
	struct outside *s = arg;
	(void)events;
	s->again = NULL;
	if (begin(s) < 0) {
		end(s);
		(void)loop_after(s->loop, AGAIN_MS, on_again, s, &s->again);
	}
}

static void on_message(void *arg, uint32_t events)
{
	struct outside *s = arg;
	char text[OUTSIDE_TEXT + 1];
	(void)events;
	for (int i = 0; i < 64; i++) {
		ssize_t n = recv(s->socket, text, OUTSIDE_TEXT, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			end(s);
			s->o.say(s->o.arg, "the process that closes hosts and keeps managed settings has ended: it is started again");
			(void)loop_after(s->loop, AGAIN_MS, on_again, s, &s->again);
			return;
		}
		text[n] = 0;
		s->o.say(s->o.arg, text);
	}
}

int outside_start(struct loop *loop, const struct outside_options *o, struct outside **out, struct err *err)
{
	struct outside *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, -ENOMEM, "out of memory");
	*s = (struct outside){.loop = loop, .o = *o, .socket = -1, .plan = -1};
	s->exe = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	int r = s->exe < 0 ? -errno : begin(s);
	if (r < 0) {
		outside_stop(s, false);
		return err_sys(err, r, "the process that closes hosts cannot be started");
	}
	*out = s;
	return 0;
}

int outside_apply(struct outside *s, struct slice plan)
{
	_cleanup_fd_ int fd = memfd_create("postern-outside", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r = fd < 0 ? -errno : fd_write_all(fd, plan);
	if (r < 0)
		return r;
	fd_closep(&s->plan);
	s->plan = TAKE_FD(fd);
	const struct outside_order order = {.what = OUTSIDE_PLAN};
	/* If it has just ended, the next one gets it. */
	return s->socket < 0 ? 0 : fd_pass(s->socket, &order, sizeof(order), s->plan);
}

void outside_stop(struct outside *s, bool open)
{
	if (!s)
		return;
	loop_remove(s->again);
	const struct outside_order order = {.what = OUTSIDE_END, .open = open};
	if (s->socket >= 0 && fd_pass(s->socket, &order, sizeof(order), -1) == 0) {
		/* It closes its end when it is done. */
		char text[OUTSIDE_TEXT];
		const struct timeval most = {.tv_sec = 2};
		(void)setsockopt(s->socket, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
		while (recv(s->socket, text, sizeof(text), 0) > 0)
			;
	}
	end(s);
	fd_closep(&s->exe);
	fd_closep(&s->plan);
	free(s);
}
