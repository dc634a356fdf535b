#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "cmd/scan.h"
#include "confine/process.h"
#include "sys/fd.h"

#define READY_SECONDS 30
#define YARA_SECONDS  120 /* to compile rules: some ten thousand of them take several seconds */

int64_t scan_now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int scan_peer_end(struct scan_peer *p)
{
	int status = 0;
	if (!p->pid)
		return 0;
	(void)close(p->socket);
	/* One that ended by itself is no longer touched by this. */
	(void)kill(p->pid, SIGKILL);
	while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	*p = (struct scan_peer){.socket = -1};
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* What a terminal sends to all of its group is for the process that a person started. */
static void ignore_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		(void)signal(signals[i], SIG_IGN);
}

int scan_peer_start(struct scan_peer *p, int exe, bool changes, bool archives, int yara, struct err *err)
{
	static const char *const roles[3][2] = {
	        {"scan", "scan-changes"}, {"scan-archives", "scan-changes-archives"}, {"scan-yara", "scan-changes-yara"}};
	const char *role = roles[yara > 0 ? 2 : archives][changes];
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, -errno, "cannot make a socket");
	pid_t pid = fork();
	if (pid == 0) {
		ignore_signals();
		process_become_role(role, exe, pair[1], -1, true);
	}
	int r = pid < 0 ? -errno : 0;
	(void)close(pair[1]);
	if (r < 0) {
		(void)close(pair[0]);
		return err_sys(err, r, "cannot start a process");
	}
	*p = (struct scan_peer){
	        .socket = pair[0], .pid = pid, .archives = archives || yara > 0, .deadline_ms = scan_now_ms() + READY_SECONDS * 1000};
	r = yara > 0 ? scan_peer_ask(p, yara, SCAN_ASK_YARA, "", &(struct scan_options){0}, YARA_SECONDS) : 0;
	/* It may have ended for a reason that it says. */
	return r < 0 && r != -EPIPE ? err_sys(err, r, "cannot give it the rules") : 0;
}

int scan_peer_ask(struct scan_peer *p, int fd, enum scan_ask_kind kind, const char *name, const struct scan_options *o, unsigned seconds)
{
	struct scan_ask ask = {.o = *o, .kind = kind};
	/* Its end counts: that is where a name says what it is. */
	size_t n = strlen(name), skip = n < sizeof(ask.name) ? 0 : n - sizeof(ask.name) + 1;
	memcpy(ask.name, name + skip, n - skip);
	p->deadline_ms = scan_now_ms() + (int64_t)seconds * 1000;
	return fd_pass(p->socket, &ask, sizeof(ask), fd);
}

int scan_peer_take(struct scan_peer *p, struct scan_answer *a)
{
	int fd;
	ssize_t got = fd_take(p->socket, a, sizeof(*a), MSG_DONTWAIT, &fd);
	fd_closep(&fd);
	if (got == -EAGAIN)
		return scan_now_ms() < p->deadline_ms ? SCAN_PEER_NOTHING : -ETIMEDOUT;
	if (got <= 0)
		return got == 0 ? -EPIPE : (int)got;
	if (!scan_answer_check(a, (size_t)got) || (a->kind == SCAN_ANSWER_READY) == p->ready)
		return -EBADMSG;
	if (a->kind == SCAN_ANSWER_READY) {
		p->ready = a->error == 0;
		return p->ready ? SCAN_PEER_READY : a->error;
	}
	return a->kind == SCAN_ANSWER_FINDING ? SCAN_PEER_FINDING
	       : a->kind == SCAN_ANSWER_EDGE  ? SCAN_PEER_EDGE
	       : a->kind == SCAN_ANSWER_FACT  ? SCAN_PEER_FACT
	                                      : SCAN_PEER_SUMMARY;
}

int scan_role_main(void)
{
	return scan_role(3, 0);
}

int scan_changes_role_main(void)
{
	return scan_role(3, SCAN_ROLE_SECRETS);
}

int scan_archives_role_main(void)
{
	return scan_role(3, SCAN_ROLE_ARCHIVES);
}

int scan_changes_archives_role_main(void)
{
	return scan_role(3, SCAN_ROLE_SECRETS | SCAN_ROLE_ARCHIVES);
}

int scan_yara_role_main(void)
{
	return scan_role(3, SCAN_ROLE_YARA | SCAN_ROLE_ARCHIVES);
}

int scan_changes_yara_role_main(void)
{
	return scan_role(3, SCAN_ROLE_SECRETS | SCAN_ROLE_YARA | SCAN_ROLE_ARCHIVES);
}
