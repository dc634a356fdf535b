#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "cmd/scan.h"
#include "confine/process.h"
#include "sys/fd.h"

#define READY_SECONDS 30

static int64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A message before `deadline`; -ETIMEDOUT, -EPIPE at the end, -EBADMSG for one that nobody honest sends. */
static int take(struct scan_peer *p, int64_t deadline, struct scan_answer *a)
{
	for (;;) {
		int64_t left = deadline - now_ms();
		struct pollfd f = {.fd = p->socket, .events = POLLIN};
		int n = left > 0 ? poll(&f, 1, (int)left) : 0, fd;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ETIMEDOUT;
		ssize_t got = fd_take(p->socket, a, sizeof(*a), MSG_DONTWAIT, &fd);
		fd_closep(&fd);
		if (got <= 0)
			return got == 0 ? -EPIPE : (int)got;
		return scan_answer_check(a, (size_t)got) ? 0 : -EBADMSG;
	}
}

/* How it ended: its signal, or 0. */
static int end(struct scan_peer *p)
{
	int status = 0;
	if (!p->pid)
		return 0;
	(void)close(p->socket);
	p->socket = -1;
	/* One that ended by itself is no longer touched by this. */
	(void)kill(p->pid, SIGKILL);
	while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	p->pid = 0;
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static int start(struct scan_peer *p, struct err *err)
{
	struct scan_answer a;
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, -errno, "cannot make a socket");
	pid_t pid = fork();
	if (pid == 0)
		process_become_role("scan", p->exe, pair[1], -1);
	int r = pid < 0 ? -errno : 0;
	(void)close(pair[1]);
	if (r < 0) {
		(void)close(pair[0]);
		return err_sys(err, r, "cannot start a process");
	}
	p->pid = pid;
	p->socket = pair[0];
	r = take(p, now_ms() + READY_SECONDS * 1000, &a);
	if (r == 0)
		r = a.kind != SCAN_ANSWER_READY ? -EBADMSG : a.error;
	if (r < 0) {
		(void)end(p);
		return err_sys(err, r, "the process that scans cannot be confined, so nothing is scanned");
	}
	return 0;
}

int scan_peer_open(struct scan_peer *p, unsigned seconds, struct err *err)
{
	*p = (struct scan_peer){.exe = open("/proc/self/exe", O_PATH | O_CLOEXEC), .socket = -1, .seconds = seconds};
	if (p->exe < 0)
		return err_sys(err, -errno, "cannot find this program");
	int r = start(p, err);
	if (r < 0)
		scan_peer_close(p);
	return r;
}

void scan_peer_close(struct scan_peer *p)
{
	(void)end(p);
	fd_closep(&p->exe);
}

static void lost(struct scan_peer *p, int why, uint64_t size, void (*found)(void *arg, const struct scan_finding *f), void *arg,
        struct scan_summary *out)
{
	struct scan_finding f = {.rule = SCAN_RULE_PROCESS, .n = size};
	int signal = end(p);
	if (why == -ETIMEDOUT)
		(void)snprintf(f.evidence, sizeof(f.evidence), "it took longer than %u s", p->seconds);
	else if (why == -EBADMSG)
		(void)snprintf(f.evidence, sizeof(f.evidence), "it said what makes no sense");
	else
		(void)snprintf(f.evidence, sizeof(f.evidence), "signal %d", signal);
	found(arg, &f);
	/* What it had said before stays true: the caller counts that. */
	*out = (struct scan_summary){.verdict = SCAN_UNSCANNED, .size = size, .uncovered = size, .found = 1};
}

int scan_peer_file(struct scan_peer *p, int fd, uint64_t size, const char *name, const struct scan_options *o,
        void (*found)(void *arg, const struct scan_finding *f), void *arg, struct scan_summary *out, struct err *err)
{
	struct scan_ask ask = {.o = *o};
	struct scan_answer a;
	int r = p->pid ? 0 : start(p, err);
	if (r < 0)
		return r;
	/* Its end counts: that is where a name says what it is. */
	size_t n = strlen(name);
	(void)snprintf(ask.name, sizeof(ask.name), "%s", name + (n < sizeof(ask.name) ? 0 : n - sizeof(ask.name) + 1));
	int64_t deadline = now_ms() + (int64_t)p->seconds * 1000;
	uint64_t told = 0;
	r = fd_pass(p->socket, &ask, sizeof(ask), fd);
	while (r == 0 && (r = take(p, deadline, &a)) == 0) {
		if (a.kind == SCAN_ANSWER_SUMMARY && a.error == 0) {
			*out = a.summary;
			return 0;
		}
		if (a.kind == SCAN_ANSWER_SUMMARY) {
			struct scan_finding f = {.rule = SCAN_RULE_CHANGED, .n = size};
			(void)snprintf(f.evidence, sizeof(f.evidence), "%s", strerror(-a.error));
			found(arg, &f);
			*out = (struct scan_summary){.verdict = SCAN_UNSCANNED, .size = size, .uncovered = size, .found = 1};
			return 0;
		}
		if (a.kind != SCAN_ANSWER_FINDING || told++ > (uint64_t)o->limits.findings * SCAN_VERDICTS)
			r = -EBADMSG;
		else
			found(arg, &a.finding);
	}
	lost(p, r, size, found, arg, out);
	return 0;
}

int scan_role_main(void)
{
	return scan_role(3);
}
