/* A command under a terminal of its own, with nothing else around it: pty_driver [OPTION...] -- COMMAND...
 *   --direct      the command leads the session itself; else a process does that stops us when the command stops, as a shell's child would
 *   --ask FILE    when FILE appears, the pump is paused, a question is put at the terminal, and the answer goes into FILE.answer
 *   --filter      no terminal at all: standard input through the filter to standard output
 * Prints "driver: exit N" when the command has ended, to where its standard error was. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gate/terminal.h"
#include "parse/vt.h"

static struct loop *loop;
static struct terminal *terminal;
static int leader_socket, status;
static const char *ask_file;

/* As the first process of a container: leads the session, runs the command in a group of its own. */
static int lead(int tell, int tty, char **command)
{
	pid_t pid = fork();
	int how;
	if (pid < 0)
		return 1;
	if (pid == 0) {
		(void)setpgid(0, 0);
		(void)signal(SIGTTOU, SIG_IGN);
		(void)tcsetpgrp(tty, getpid());
		(void)signal(SIGTTOU, SIG_DFL);
		(void)execvp(command[0], command);
		_exit(127);
	}
	(void)setpgid(pid, pid);
	(void)signal(SIGTTOU, SIG_IGN);
	for (;;) {
		if (waitpid(pid, &how, WUNTRACED) < 0)
			continue;
		(void)!write(tell, &how, sizeof(how));
		if (!WIFSTOPPED(how))
			return 0;
		if (read(tell, &how, sizeof(how)) != sizeof(how))
			return 0;
		(void)kill(-pid, SIGCONT);
	}
}

static void on_leader(void *arg, uint32_t events)
{
	int how;
	(void)arg;
	(void)events;
	if (read(leader_socket, &how, sizeof(how)) != sizeof(how)) {
		loop_stop(loop);
		return;
	}
	status = how;
	if (WIFSTOPPED(how)) {
		if (terminal)
			pty_suspend(terminal_pty(terminal));
		(void)!write(leader_socket, &how, sizeof(how));
		return;
	}
	loop_stop(loop);
}

static void on_ask(void *arg, uint32_t events)
{
	char line[100] = "", name[4096];
	(void)arg;
	(void)events;
	if (access(ask_file, F_OK) == 0) {
		pty_pause(terminal_pty(terminal));
		(void)printf("driver: may it? ");
		(void)fflush(stdout);
		if (!fgets(line, sizeof(line), stdin))
			line[0] = 0;
		(void)snprintf(name, sizeof(name), "%s.answer", ask_file);
		FILE *f = fopen(name, "w");
		if (f) {
			(void)fputs(line, f);
			(void)fclose(f);
		}
		(void)unlink(ask_file);
		pty_resume(terminal_pty(terminal));
	}
	(void)!loop_after(loop, 100, on_ask, NULL, NULL);
}

static int filter_only(void)
{
	static struct vt vt;
	static uint8_t piece[65536];
	struct buf out = BUF(VT_GROW * sizeof(piece) + VT_MORE);
	ssize_t n;
	vt_init(&vt, false);
	while ((n = read(0, piece, sizeof(piece))) > 0) {
		buf_reset(&out);
		vt_feed(&vt, slice_of(piece, (size_t)n), &out);
		(void)fwrite(out.p, 1, out.n, stdout);
	}
	buf_reset(&out);
	vt_end(&vt, &out);
	(void)fwrite(out.n ? out.p : piece, 1, out.n, stdout);
	buf_free(&out);
	return fflush(stdout) != 0;
}

int main(int argc, char **argv)
{
	const int real[3] = {0, 1, 2};
	bool direct = false;
	int i = 1, pair[2];
	struct source *s;
	struct err err = {0};
	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--direct") == 0)
			direct = true;
		else if (strcmp(argv[i], "--filter") == 0)
			return filter_only();
		else if (strcmp(argv[i], "--ask") == 0 && i + 1 < argc)
			ask_file = argv[++i];
		else
			return 2;
	}
	char **command = argv + i + 1;
	if (i + 1 >= argc || loop_new(&loop) < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return 2;
	if (terminal_open(loop, real, &terminal, &err) < 0) {
		(void)fprintf(stderr, "driver: %s\n", err.text);
		return 1;
	}
	struct pty *p = terminal_pty(terminal);
	pid_t pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (p) {
			(void)setsid();
			(void)ioctl(pty_slave(p), TIOCSCTTY, 0);
		}
		for (int k = 0; k < 3; k++) {
			int from = pty_descriptor(p, real, k);
			if (from != k)
				(void)dup2(from, k);
		}
		if (direct) {
			(void)execvp(command[0], command);
			_exit(127);
		}
		(void)close(pair[0]);
		_exit(lead(pair[1], pty_slave(p), command));
	}
	(void)close(pair[1]);
	leader_socket = pair[0];
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pid < 0 || loop_add(loop, direct ? pidfd : leader_socket, EPOLLIN, on_leader, NULL, &s) < 0 || (p && pty_start(p, &err) < 0) ||
	        (ask_file && p && loop_after(loop, 100, on_ask, NULL, NULL) < 0))
		return 1;
	(void)!loop_run(loop);
	terminal_close(terminal);
	(void)close(leader_socket);
	int how;
	(void)waitpid(pid, &how, 0);
	if (direct)
		status = how;
	(void)fprintf(stderr, "driver: exit %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	loop_free(loop);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
