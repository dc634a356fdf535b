#include "confine/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "confine/seen.h"
#include "confine/trial_run.h"
#include "confine/written.h"
#include "sys/fd.h"
#include "sys/loop.h"

/* For the world to write what it still has after the tool's end. */
#define FLUSH_MS 5000
/* For the world to become ready, and for the runner to build everything. */
#define READY_MS 20000
/* Of what was seen. */
#define SEEN_KEPT_MAX ((size_t)8 << 20)

struct stream {
	struct trial *trial;
	int fd;
	struct source *source;
	struct buf *to;
	uint64_t keep; /* bytes kept, from the end; 0: the buffer's maximum ends the trial */
};

struct trial {
	struct loop *loop;
	struct trial_result result;
	void (*done)(void *arg, struct trial_result *r);
	void *arg;
	pid_t runner;
	int pidfd, stop, files;
	struct source *exit_source, *timer;
	struct stream control, out, errout, status, seen;
	struct buf status_bytes, pending; /* pending: the world's configuration, not yet written */
	bool ready, have_status, stopping, lost_trace;
};

static void close_stream(struct stream *s)
{
	if (s->fd < 0)
		return;
	loop_remove(s->source);
	s->source = NULL;
	(void)close(s->fd);
	s->fd = -1;
}

static void kill_runner(struct trial *t)
{
	/* The tree below dies with it: each process has asked for SIGKILL at its parent's death. */
	if (t->pidfd >= 0)
		(void)syscall(SYS_pidfd_send_signal, t->pidfd, SIGKILL, NULL, 0);
}

static void maybe_done(struct trial *t);

static void on_flush_end(void *arg, uint32_t events)
{
	struct trial *t = arg;
	(void)events;
	t->timer = NULL;
	if (!t->have_status) {
		t->result.end = t->stopping ? TRIAL_STOPPED : TRIAL_FAILED;
		if (t->result.end == TRIAL_FAILED)
			(void)err_set(&t->result.err, -ETIMEDOUT, "the trial did not %s in time", t->ready ? "end" : "get ready");
		t->have_status = true;
	}
	kill_runner(t);
	/* Something may still hold their other ends; what was to be heard was heard. */
	close_stream(&t->control);
	close_stream(&t->out);
	close_stream(&t->errout);
	close_stream(&t->status);
	close_stream(&t->seen);
	maybe_done(t);
}

static void set_timer(struct trial *t, uint64_t ms)
{
	loop_remove(t->timer);
	t->timer = NULL;
	if (loop_after(t->loop, ms, on_flush_end, t, &t->timer) < 0)
		kill_runner(t);
}

static void trial_free(struct trial *t)
{
	close_stream(&t->control);
	close_stream(&t->out);
	close_stream(&t->errout);
	close_stream(&t->status);
	close_stream(&t->seen);
	loop_remove(t->exit_source);
	loop_remove(t->timer);
	fd_closep(&t->pidfd);
	fd_closep(&t->stop);
	fd_closep(&t->files);
	buf_free(&t->status_bytes);
	buf_free(&t->pending);
	free(t);
}

static void take_status(struct trial *t)
{
	struct trial_status s;
	struct trial_usage u;
	if (t->status_bytes.n >= sizeof(s) && !t->have_status) {
		memcpy(&s, t->status_bytes.p, sizeof(s));
		t->have_status = true;
		t->result.end = s.end >= TRIAL_EXITED && s.end <= TRIAL_STOPPED ? (enum trial_end)s.end : TRIAL_FAILED;
		t->result.code = s.code;
		t->result.left_running = s.left_running;
		t->result.wall_s = s.wall_s;
		t->result.tool_cpu_s = s.tool_cpu_s;
		t->result.own_cpu_s += s.own_cpu_s;
		t->result.started_unix = s.started_unix;
		t->result.files_cut = s.files_cut;
		t->result.calls = s.calls;
		t->result.clock = s.clock;
		t->result.fixed = s.fixed;
		t->result.calendar = s.calendar;
		t->result.draws = s.draws;
		size_t used = strlen(t->result.reached);
		(void)snprintf(t->result.reached + used, sizeof(t->result.reached) - used, "%s%s%s%s",
		        s.calls ? "; the kernel's answers about the machine made up" : "",
		        s.clock ? "; a clock of its own since start" : "", s.fixed ? "; randomness as chosen" : "",
		        s.calendar ? "; a calendar as chosen" : "");
		t->result.err = s.err;
		t->result.err.text[sizeof(s.err.text) - 1] = 0;
		if (s.end == TRIAL_FAILED)
			kill_runner(t);
		else
			(void)shutdown(t->control.fd, SHUT_WR);
		set_timer(t, FLUSH_MS);
	}
	if (t->status_bytes.n >= sizeof(s) + sizeof(u)) {
		memcpy(&u, t->status_bytes.p + sizeof(s), sizeof(u));
		t->result.own_cpu_s += u.own_cpu_s;
		t->result.own_rss_kb = u.own_rss_kb;
	}
}

/* It was written by a process of ours, and by nobody after it. */
static void take_files(struct trial *t)
{
	uint8_t bytes[65536];
	ssize_t n;
	for (off_t at = 0; (n = pread(t->files, bytes, sizeof(bytes), at)) > 0; at += n)
		buf_add(&t->result.files, slice_of(bytes, (size_t)n));
	t->result.files_cut |= buf_error(&t->result.files) != 0;
}

static void maybe_done(struct trial *t)
{
	if (t->control.fd >= 0 || t->out.fd >= 0 || t->errout.fd >= 0 || t->status.fd >= 0 || t->seen.fd >= 0 || t->pidfd >= 0)
		return;
	if (!t->have_status) {
		t->result.end = t->stopping ? TRIAL_STOPPED : TRIAL_FAILED;
		if (t->result.end == TRIAL_FAILED)
			(void)err_set(&t->result.err, -ECHILD, "the trial's runner ended without a word");
	}
	if (t->stopping)
		t->result.end = TRIAL_STOPPED;
	take_files(t);
	struct trial_result r = t->result;
	void (*done)(void *, struct trial_result *) = t->done;
	void *arg = t->arg;
	trial_free(t);
	done(arg, &r);
}

static void keep_tail(struct stream *s)
{
	if (s->keep && s->to->n > s->keep)
		buf_drop(s->to, s->to->n - s->keep);
}

static void on_stream(void *arg, uint32_t events)
{
	struct stream *s = arg;
	struct trial *t = s->trial;
	char bytes[65536];
	(void)events;
	ssize_t n = read(s->fd, bytes, sizeof(bytes));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_stream(s);
		maybe_done(t);
		return;
	}
	if (s != &t->control || !t->lost_trace) {
		buf_add(s->to, slice_of(bytes, (size_t)n));
		if (buf_error(s->to) && s == &t->control) {
			/* The rest is read and thrown away, so that the world can end; the result says that it is cut. */
			t->lost_trace = true;
			(void)err_set(&t->result.err, -EFBIG, "the trace was cut at its limit");
		}
	}
	keep_tail(s);
	if (s == &t->status)
		take_status(t);
	if (s == &t->control && !t->ready) {
		t->ready = true;
		(void)!write(t->stop, "g", 1);
	}
}

static void on_seen(void *arg, uint32_t events)
{
	struct stream *s = arg;
	struct trial *t = s->trial;
	(void)events;
	/* More than is kept is thrown away, so that the trial can end. */
	int r = seen_receive(s->fd, s->to);
	if (r == 1 || r == -EAGAIN || r == -EINTR)
		return;
	close_stream(s);
	maybe_done(t);
}

static void on_control(void *arg, uint32_t events)
{
	struct trial *t = ((struct stream *)arg)->trial;
	if (events & EPOLLOUT) {
		ssize_t n = write(t->control.fd, t->pending.p, t->pending.n);
		if (n > 0)
			buf_drop(&t->pending, (size_t)n);
		if (t->pending.n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			(void)loop_change(t->control.source, EPOLLIN);
	}
	if (events & ~(uint32_t)EPOLLOUT)
		on_stream(arg, events);
}

static void on_exit_of_runner(void *arg, uint32_t events)
{
	struct trial *t = arg;
	int status;
	(void)events;
	loop_remove(t->exit_source);
	t->exit_source = NULL;
	(void)waitpid(t->runner, &status, 0);
	fd_closep(&t->pidfd);
	maybe_done(t);
}

static int stream_open(struct trial *t, struct stream *s, int fd, struct buf *to, uint64_t keep, source_fn fn, uint32_t events)
{
	s->trial = t;
	s->fd = fd;
	s->to = to;
	s->keep = keep;
	return loop_add(t->loop, fd, events, fn, s, &s->source);
}

static int input_of(struct slice data)
{
	if (!data.p)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fd = memfd_create("input", MFD_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fd_write_all(fd, data) < 0) {
		(void)close(fd);
		return -1;
	}
	(void)lseek(fd, 0, SEEK_SET);
	return fd;
}

struct ends {
	int control[2], out[2], errout[2], status[2], stop[2], seen[2], exe, input, files;
};

static int open_ends(struct ends *e, const struct trial_spec *spec)
{
	*e = (struct ends){{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}, -1, -1, -1};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, e->control) < 0 || pipe2(e->out, O_CLOEXEC) < 0 ||
	        pipe2(e->errout, O_CLOEXEC) < 0 || pipe2(e->status, O_CLOEXEC) < 0 || pipe2(e->stop, O_CLOEXEC) < 0 ||
	        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, e->seen) < 0)
		return -errno;
	/* Only our ends: the tool's must block, as it expects. */
	int ours[] = {e->control[0], e->out[0], e->errout[0], e->status[0], e->seen[0]};
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (fcntl(ours[i], F_SETFL, O_NONBLOCK) < 0)
			return -errno;
	e->exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	e->input = input_of(spec->stdin_data);
	e->files = memfd_create("files", MFD_CLOEXEC);
	return e->exe < 0 || e->input < 0 || e->files < 0 ? -errno : 0;
}

static void close_far_ends(struct ends *e)
{
	fd_closep(&e->control[1]);
	fd_closep(&e->out[1]);
	fd_closep(&e->errout[1]);
	fd_closep(&e->status[1]);
	fd_closep(&e->stop[0]);
	fd_closep(&e->seen[1]);
	fd_closep(&e->exe);
	fd_closep(&e->input);
}

static void close_near_ends(struct ends *e)
{
	fd_closep(&e->control[0]);
	fd_closep(&e->out[0]);
	fd_closep(&e->errout[0]);
	fd_closep(&e->status[0]);
	fd_closep(&e->seen[0]);
	fd_closep(&e->stop[1]);
}

static struct trial_limits with_defaults(struct trial_limits l)
{
	l.seconds = l.seconds ? l.seconds : 30;
	l.processes = l.processes ? l.processes : 512;
	l.disk_bytes = l.disk_bytes ? l.disk_bytes : (uint64_t)512 << 20;
	l.output_bytes = l.output_bytes ? l.output_bytes : 64 << 10;
	l.trace_bytes = l.trace_bytes ? l.trace_bytes : 64 << 20;
	return l;
}

int trial_start(struct loop *loop, const struct trial_spec *given, void (*done)(void *arg, struct trial_result *r), void *arg,
        struct trial **out, struct err *err)
{
	struct trial_spec spec = *given;
	struct ends e;
	spec.limits = with_defaults(given->limits);
	struct trial *t = calloc(1, sizeof(*t));
	if (!t)
		return err_sys(err, -ENOMEM, "cannot start a trial");
	*t = (struct trial){
	        .loop = loop,
	        .done = done,
	        .arg = arg,
	        .pidfd = -1,
	        .stop = -1,
	        .files = -1,
	        .control.fd = -1,
	        .out.fd = -1,
	        .errout.fd = -1,
	        .status.fd = -1,
	        .seen.fd = -1,
	        .status_bytes = BUF(4096),
	        .pending = BUF((size_t)4 << 20),
	        .result = {.trace = BUF(spec.limits.trace_bytes),
	                .files = BUF(2 * WRITTEN_ALL_MAX),
	                .out = BUF(spec.limits.output_bytes + 65536),
	                .errout = BUF(spec.limits.output_bytes + 65536),
	                .seen = BUF(SEEN_KEPT_MAX)},
	};
	buf_be(&t->pending, spec.world.n, 4);
	buf_add(&t->pending, spec.world);
	int r = open_ends(&e, &spec);
	r = r < 0 ? r : buf_error(&t->pending);
	if (r == 0) {
		t->runner = fork();
		if (t->runner == 0) {
			struct trial_fds f = {.control = e.control[1],
			        .out = e.out[1],
			        .errout = e.errout[1],
			        .status = e.status[1],
			        .stop = e.stop[0],
			        .exe = e.exe,
			        .input = e.input,
			        .seen = e.seen[1],
			        .files = e.files};
			close_near_ends(&e);
			trial_run(&spec, &f);
		}
		r = t->runner < 0 ? -errno : 0;
	}
	close_far_ends(&e);
	if (r == 0) {
		t->pidfd = (int)syscall(SYS_pidfd_open, t->runner, 0);
		r = t->pidfd < 0 ? -errno : loop_add(loop, t->pidfd, EPOLLIN, on_exit_of_runner, t, &t->exit_source);
	}
	if (r == 0) {
		t->stop = TAKE_FD(e.stop[1]);
		t->files = TAKE_FD(e.files);
		r = stream_open(t, &t->control, TAKE_FD(e.control[0]), &t->result.trace, 0, on_control, EPOLLIN | EPOLLOUT);
		r = r < 0 ? r : stream_open(t, &t->out, TAKE_FD(e.out[0]), &t->result.out, spec.limits.output_bytes, on_stream, EPOLLIN);
		r = r < 0 ? r
		          : stream_open(
		                    t, &t->errout, TAKE_FD(e.errout[0]), &t->result.errout, spec.limits.output_bytes, on_stream, EPOLLIN);
		r = r < 0 ? r : stream_open(t, &t->status, TAKE_FD(e.status[0]), &t->status_bytes, 0, on_stream, EPOLLIN);
		r = r < 0 ? r : stream_open(t, &t->seen, TAKE_FD(e.seen[0]), &t->result.seen, 0, on_seen, EPOLLIN);
	}
	if (r < 0) {
		close_near_ends(&e);
		fd_closep(&e.files);
		kill_runner(t);
		if (t->runner > 0)
			(void)waitpid(t->runner, NULL, 0);
		trial_result_free(&t->result);
		trial_free(t);
		return err_sys(err, r, "cannot start a trial");
	}
	set_timer(t, (uint64_t)spec.limits.seconds * 1000 + READY_MS);
	(void)snprintf(t->result.reached, sizeof(t->result.reached),
	        "user, mount, PID, network, UTS, IPC and cgroup namespaces; no capabilities; system call filter; limits on time, "
	        "processes, "
	        "disk");
	*out = t;
	return 0;
}

void trial_stop(struct trial *t)
{
	if (t->stopping)
		return;
	t->stopping = true;
	fd_closep(&t->stop);
	set_timer(t, FLUSH_MS);
}

void trial_result_free(struct trial_result *r)
{
	buf_free(&r->out);
	buf_free(&r->errout);
	buf_free(&r->trace);
	buf_free(&r->seen);
	buf_free(&r->files);
}
