#include "confine/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "confine/process.h"
#include "confine/sandbox_exec.h"
#include "confine/sandbox_run.h"
#include "sys/fd.h"
#include "sys/loop.h"

struct sandbox {
	struct loop *loop;
	struct sandbox_calls calls;
	void *arg;
	struct sandbox_result result;
	struct exec_watch *exec;
	struct sandbox_machine machine;
	pid_t runner;
	int pidfd, talk, start, life;
	double begun; /* seconds of the monotonic clock */
	struct source *talk_source, *exit_source, *timer, *cpu_timer;
	unsigned seconds, cpu_seconds;
	bool ready, went, ended, over, sweep, stopping, timed_out;
};

/* Runners that have nothing left to do: the kernel takes longer to take namespaces apart than all the rest. */
#define GOING_MAX 16
static pid_t going[GOING_MAX];

static void leave(pid_t runner)
{
	for (size_t i = 0; i < GOING_MAX; i++)
		if (going[i] && waitpid(going[i], NULL, WNOHANG) != 0)
			going[i] = 0;
	for (size_t i = 0; runner > 0; i = (i + 1) % GOING_MAX) {
		if (!going[i]) {
			going[i] = runner;
			return;
		}
		(void)waitpid(going[i], NULL, 0);
		going[i] = 0;
	}
}

static double now_s(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void kill_runner(struct sandbox *s)
{
	/* All below die with it: each has asked for SIGKILL at its parent's death, and the PID namespace dies with its first. */
	if (s->pidfd >= 0)
		(void)syscall(SYS_pidfd_send_signal, s->pidfd, SIGKILL, NULL, 0);
}

static void sandbox_free(struct sandbox *s)
{
	loop_remove(s->talk_source);
	loop_remove(s->exit_source);
	loop_remove(s->timer);
	loop_remove(s->cpu_timer);
	exec_watch_free(s->exec);
	fd_closep(&s->pidfd);
	fd_closep(&s->talk);
	fd_closep(&s->life);
	fd_closep(&s->start);
	free(s);
}

static void end(struct sandbox *s)
{
	if (s->ended)
		return;
	s->ended = true;
	loop_remove(s->timer);
	loop_remove(s->cpu_timer);
	s->timer = s->cpu_timer = NULL;
	if (s->timed_out) {
		s->result.end = SANDBOX_TIMEOUT;
		s->result.code = 124;
	} else if (s->stopping) {
		s->result.end = SANDBOX_STOPPED;
	}
	if (s->calls.ended)
		s->calls.ended(s->arg, &s->result);
}

static void take_end(struct sandbox *s, const struct sandbox_note *n)
{
	struct sandbox_result *r = &s->result;
	r->end = SANDBOX_EXITED;
	r->signal = WIFSIGNALED(n->status) ? WTERMSIG(n->status) : 0;
	r->code = r->signal ? 128 + r->signal : WEXITSTATUS(n->status);
	r->wall_s = now_s() - s->begun;
	r->cpu_s = n->cpu_s;
	r->max_rss_kb = n->max_rss_kb;
	r->left_running = n->left_running;
	end(s);
}

static void take_failure(struct sandbox *s, const struct sandbox_note *n)
{
	s->result.end = SANDBOX_FAILED;
	s->result.code = 126;
	s->result.err = n->err;
	s->result.err.text[sizeof(n->err.text) - 1] = 0;
	s->stopping = s->timed_out = false;
	end(s);
	kill_runner(s);
}

static void on_exec(void *arg, const struct sandbox_exec *e)
{
	struct sandbox *s = arg;
	s->calls.exec(s->arg, e);
}

static void on_swapped(void *arg, const char *path)
{
	struct sandbox *s = arg;
	if (s->calls.appeared)
		s->calls.appeared(s->arg, path, "swapped");
}

static void take_listener(struct sandbox *s, int fd)
{
	const struct exec_watch_calls calls = {.ask = on_exec, .swapped = on_swapped, .machine = &s->machine};
	/* Without it the command waits for ever. */
	if (exec_watch_new(s->loop, fd, &calls, s, &s->exec, &s->result.err) < 0)
		kill_runner(s);
}

static void take(struct sandbox *s, struct sandbox_note *n, int fd)
{
	switch ((enum sandbox_note_kind)n->kind) {
	case NOTE_READY:
		if (s->ready)
			break;
		s->ready = true;
		s->result.level = n->level;
		s->sweep = n->sweep;
		if (s->calls.ready)
			s->calls.ready(s->arg, &s->result.level);
		else
			sandbox_go(s);
		break;
	case NOTE_FAILED:
		if (!s->ended)
			take_failure(s, n);
		break;
	case NOTE_ENDED:
		take_end(s, n);
		/* All of its processes are gone. */
		s->over = !s->sweep;
		break;
	case NOTE_APPEARED:
		n->path[sizeof(n->path) - 1] = n->what[sizeof(n->what) - 1] = 0;
		if (s->calls.appeared)
			s->calls.appeared(s->arg, n->path, n->what);
		break;
	case NOTE_GATE:
		if (s->calls.gate && !s->ended)
			s->calls.gate(s->arg);
		break;
	case NOTE_OVER:
		/* By whom is looked at where the handle may go. */
		s->over = true;
		break;
	case NOTE_LISTENER:
		if (fd >= 0 && !s->exec)
			take_listener(s, TAKE_FD(fd));
		break;
	}
	if (fd >= 0)
		(void)close(fd);
}

/* Everything is over. */
static void finish(struct sandbox *s)
{
	if (!s->ended) {
		if (!s->stopping && !s->timed_out) {
			s->result.end = SANDBOX_FAILED;
			s->result.code = 126;
			(void)err_set(&s->result.err, -ECHILD, "the sandbox's runner was killed");
		}
		end(s);
	}
	struct sandbox_result r = s->result;
	void (*done)(void *, const struct sandbox_result *) = s->calls.done;
	void *done_arg = s->arg;
	sandbox_free(s);
	done(done_arg, &r);
}

static void hear(struct sandbox *s)
{
	struct sandbox_note note;
	int fd;
	ssize_t n = fd_take(s->talk, &note, sizeof(note), MSG_DONTWAIT, &fd);
	/* It ended without reading what it was given: that is told once, and before what it said. */
	if (n == -ECONNRESET)
		n = fd_take(s->talk, &note, sizeof(note), MSG_DONTWAIT, &fd);
	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		loop_remove(s->talk_source);
		s->talk_source = NULL;
		return;
	}
	if (n == (ssize_t)sizeof(note))
		take(s, &note, fd);
	else
		fd_closep(&fd);
}

static void on_talk(void *arg, uint32_t events)
{
	struct sandbox *s = arg;
	(void)events;
	hear(s);
	if (!s->over)
		return;
	leave(s->runner);
	finish(s);
}

static void on_exit_of_runner(void *arg, uint32_t events)
{
	struct sandbox *s = arg;
	char one;
	(void)events;
	/* What it said last comes first. */
	while (s->talk_source && (recv(s->talk, &one, 1, MSG_PEEK | MSG_DONTWAIT) > 0 || errno == ECONNRESET))
		hear(s);
	(void)waitpid(s->runner, NULL, 0);
	finish(s);
}

static void on_timeout(void *arg, uint32_t events)
{
	struct sandbox *s = arg;
	(void)events;
	s->timer = NULL;
	s->timed_out = true;
	kill_runner(s);
}

static void on_second(void *arg, uint32_t events)
{
	struct sandbox *s = arg;
	(void)events;
	s->cpu_timer = NULL;
	if (process_tree_seconds(s->runner) >= s->cpu_seconds) {
		s->timed_out = s->result.cpu = true;
		kill_runner(s);
	} else if (loop_after(s->loop, 1000, on_second, s, &s->cpu_timer) < 0) {
		kill_runner(s);
	}
}

int sandbox_give(struct sandbox *s, const struct sandbox_data *data, size_t n, struct err *err)
{
	const struct sandbox_order order = {0};
	_cleanup_buf_ struct buf sizes = BUF(8);
	_cleanup_fd_ int fd = memfd_create("files", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		buf_reset(&sizes);
		buf_be(&sizes, data[i].first.n + data[i].rest.n, 8);
		r = buf_error(&sizes) ? buf_error(&sizes) : fd_write_all(fd, buf_slice(&sizes));
		r = r < 0 ? r : fd_write_all(fd, data[i].first);
		r = r < 0 ? r : fd_write_all(fd, data[i].rest);
	}
	r = r < 0 ? r : fd_pass(s->talk, &order, sizeof(order), fd);
	/* If it has ended, it says why. */
	r = r == -EPIPE || r == -ECONNRESET ? 0 : r;
	return r < 0 ? err_sys(err, r, "cannot give files to a sandbox") : 0;
}

void sandbox_go(struct sandbox *s)
{
	if (s->went || s->ended)
		return;
	s->went = true;
	if ((s->seconds && loop_after(s->loop, (uint64_t)s->seconds * 1000, on_timeout, s, &s->timer) < 0) ||
	        (s->cpu_seconds && loop_after(s->loop, 1000, on_second, s, &s->cpu_timer) < 0)) {
		kill_runner(s);
		return;
	}
	s->begun = now_s();
	(void)!write(s->start, "g", 1);
	fd_closep(&s->start);
}

void sandbox_signal(struct sandbox *s, int sig)
{
	struct sandbox_order order = {.sig = sig};
	if (s->went && !s->ended && sig > 0)
		(void)send(s->talk, &order, sizeof(order), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void sandbox_stop(struct sandbox *s)
{
	if (!s->ended)
		s->stopping = true;
	kill_runner(s);
}

static int start(struct sandbox *s, const struct sandbox_spec *spec, struct err *err)
{
	_cleanup_fd_ int far = -1, life = -1, begin = -1, exe = -1;
	int talk[2], pipe_ends[2];
	leave(0);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, talk) < 0)
		return err_sys(err, -errno, "cannot start a sandbox");
	s->talk = talk[0];
	far = talk[1];
	if (pipe2(pipe_ends, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "cannot start a sandbox");
	life = pipe_ends[0];
	s->life = pipe_ends[1];
	if (pipe2(pipe_ends, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "cannot start a sandbox");
	begin = pipe_ends[0];
	s->start = pipe_ends[1];
	exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (exe < 0)
		return err_sys(err, -errno, "cannot open this program");
	s->runner = fork();
	if (s->runner == 0) {
		const struct sandbox_fds fds = {.talk = far,
		        .start = begin,
		        .life = life,
		        .control = spec->network == SANDBOX_NET_GATE ? spec->control : -1,
		        .exe = exe};
		sandbox_run(spec, s->calls.exec != NULL, &fds);
	}
	if (s->runner < 0)
		return err_sys(err, -errno, "cannot start a sandbox");
	s->pidfd = (int)syscall(SYS_pidfd_open, s->runner, 0);
	int r = s->pidfd < 0 ? -errno : loop_add(s->loop, s->pidfd, EPOLLIN, on_exit_of_runner, s, &s->exit_source);
	r = r < 0 ? r : loop_add(s->loop, s->talk, EPOLLIN, on_talk, s, &s->talk_source);
	if (r < 0) {
		(void)kill(s->runner, SIGKILL);
		(void)waitpid(s->runner, NULL, 0);
		return err_sys(err, r, "cannot start a sandbox");
	}
	return 0;
}

int sandbox_start(struct loop *loop, const struct sandbox_spec *spec, const struct sandbox_calls *calls, void *arg, struct sandbox **out,
        struct err *err)
{
	struct sandbox *s = calloc(1, sizeof(*s));
	int r = 0;
	if (!s) {
		r = err_sys(err, -ENOMEM, "cannot start a sandbox");
	} else {
		*s = (struct sandbox){.loop = loop,
		        .calls = *calls,
		        .arg = arg,
		        .pidfd = -1,
		        .talk = -1,
		        .start = -1,
		        .life = -1,
		        .seconds = spec->limits.seconds,
		        .cpu_seconds = spec->limits.cpu_seconds};
		sandbox_machine_set(&s->machine, spec->machine);
		r = start(s, spec, err);
	}
	if (spec->network == SANDBOX_NET_GATE && spec->control >= 0)
		(void)close(spec->control);
	if (r < 0) {
		if (s)
			sandbox_free(s);
		return r;
	}
	*out = s;
	return 0;
}

void sandbox_exec_answer(struct sandbox *s, uint64_t id, bool allow)
{
	if (s->exec)
		exec_watch_answer(s->exec, id, allow);
}
