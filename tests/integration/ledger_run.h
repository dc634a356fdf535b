/* Runs `postern log …` for the tests of what a ledger survives. */
#ifndef LEDGER_RUN_H
#define LEDGER_RUN_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/slice.h"

static const char *postern;
/* In the child, before the program: what makes it a special one; or NULL. */
static void (*before_exec)(void);
static const char *errors_to = "/dev/null"; /* a file that standard error is appended to */

static void rest_us(long us)
{
	struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* It could not be tried at all. */
static void stop(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
static void stop(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	(void)puts("");
	(void)fflush(stdout);
	_exit(2);
}

struct started {
	pid_t pid;
	int in, out; /* -1: none */
};

/* `postern log ARG…`, with standard input and output at our ends of pipes; it ends with us. */
static struct started start(const char *const args[])
{
	int in[2], out[2];
	const char *argv[16] = {postern, "log"};
	for (size_t i = 0; args[i]; i++)
		argv[i + 2] = args[i];
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		stop("no pipe: %s", strerror(errno));
	struct started s = {.pid = fork(), .in = in[1], .out = out[0]};
	if (s.pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)dup2(in[0], STDIN_FILENO);
		(void)dup2(out[1], STDOUT_FILENO);
		(void)dup2(open(errors_to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), STDERR_FILENO);
		if (before_exec)
			before_exec();
		(void)execv(postern, (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	return s;
}

static int end_of(struct started *s)
{
	int status = 0;
	fd_closep(&s->in);
	fd_closep(&s->out);
	while (s->pid > 0 && waitpid(s->pid, &status, 0) < 0 && errno == EINTR)
		;
	s->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void kill_started(struct started *s)
{
	if (s->pid > 0)
		(void)kill(s->pid, SIGKILL);
	(void)end_of(s);
}

/* Runs it to its end: the exit code, and what it printed (cut to fit). */
static int run(const char *const args[], struct slice input, char *said, size_t room)
{
	struct started s = start(args);
	size_t n = 0;
	ssize_t got = input.n ? write(s.in, input.p, input.n) : 0;
	fd_closep(&s.in);
	while ((got = read(s.out, said + n, room - 1 - n)) > 0)
		n += (size_t)got;
	said[n] = 0;
	return end_of(&s);
}

/* A server: waits for its line "ready…". False: it has ended instead, or says nothing for 20 s. */
static bool ready(const struct started *s, char line[200])
{
	size_t n = 0;
	struct pollfd p = {.fd = s->out, .events = POLLIN};
	while (n < 199 && poll(&p, 1, 20000) == 1 && read(s->out, line + n, 1) == 1)
		if (line[n++] == '\n') {
			line[n - 1] = 0;
			return true;
		}
	line[n] = 0;
	return false;
}

#endif
