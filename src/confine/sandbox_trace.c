#include "confine/sandbox_trace.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

#define FOLLOWED_MAX 512
/* Milliseconds after which a thread whose execution has not happened is stopped to be let go: it failed, or takes its time, and then it
 * is asked about again. */
#define TOO_LONG 200

struct followed {
	pid_t thread, process; /* 0: free */
	bool old;              /* has been there when the timer last ran out */
};

struct exec_trace {
	struct loop *loop;
	void (*executed)(void *arg, pid_t process);
	void *arg;
	int signals;
	sigset_t before;
	struct source *source, *timer;
	size_t n, active; /* of the table's front, and of those in it that are not free */
	struct followed followed[FOLLOWED_MAX];
};

static void let_go(struct exec_trace *t, struct followed *f)
{
	f->thread = 0;
	t->active--;
}

/* It stands still. Every stop but the one after an execution means that the call has come back: then it has failed, or is made again. */
static void on_stop(struct exec_trace *t, struct followed *f, pid_t pid, int status)
{
	int event = status >> 16;
	if (event == PTRACE_EVENT_EXEC)
		t->executed(t->arg, f->process);
	/* A signal that was on its way is delivered; a stop by job control remains one. Of who was killed the end is still to be heard:
	 * until that is done, its parent does not hear of it either. */
	if (ptrace(PTRACE_DETACH, pid, NULL, (void *)(intptr_t)(event ? 0 : WSTOPSIG(status))) == 0)
		let_go(t, f);
}

static void look_at(struct exec_trace *t, struct followed *f)
{
	/* Whichever thread executes has the number of the process afterwards. */
	const pid_t as[] = {f->thread, f->process};
	size_t gone = 0;
	for (size_t i = 0; i < ARRAY_LEN(as) && f->thread; i++) {
		int status;
		pid_t got = waitpid(as[i], &status, WNOHANG | __WALL);
		if (got < 0)
			gone++;
		else if (got > 0 && WIFSTOPPED(status))
			on_stop(t, f, got, status);
		else if (got > 0)
			gone++;
	}
	if (f->thread && gone == ARRAY_LEN(as))
		let_go(t, f);
}

static void on_child(void *arg, uint32_t events)
{
	struct exec_trace *t = arg;
	struct signalfd_siginfo info[16];
	(void)events;
	/* One signal may stand for many stops. */
	while (read(t->signals, info, sizeof(info)) > 0)
		;
	for (size_t i = 0; i < t->n && t->active; i++)
		if (t->followed[i].thread)
			look_at(t, &t->followed[i]);
}

static void on_time(void *arg, uint32_t events)
{
	struct exec_trace *t = arg;
	(void)events;
	t->timer = NULL;
	for (size_t i = 0; i < t->n; i++) {
		struct followed *f = &t->followed[i];
		if (f->thread && f->old && ptrace(PTRACE_INTERRUPT, f->thread, NULL, NULL) < 0)
			look_at(t, f);
		f->old = true;
	}
	if (t->active)
		(void)!loop_after(t->loop, TOO_LONG, on_time, t, &t->timer);
}

int exec_trace_new(struct loop *loop, void (*executed)(void *arg, pid_t process), void *arg, struct exec_trace **out)
{
	struct exec_trace *t = calloc(1, sizeof(*t));
	sigset_t set;
	if (!t)
		return -ENOMEM;
	t->loop = loop;
	t->executed = executed;
	t->arg = arg;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, &t->before);
	t->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	int r = t->signals < 0 ? -errno : loop_add(loop, t->signals, EPOLLIN, on_child, t, &t->source);
	if (r < 0) {
		exec_trace_free(t);
		return r;
	}
	*out = t;
	return 0;
}

int exec_trace_follow(struct exec_trace *t, pid_t thread, pid_t process)
{
	struct followed *f = NULL;
	for (size_t i = 0; i < t->n; i++) {
		struct followed *at = &t->followed[i];
		/* Its last execution has failed. */
		if (at->thread == thread) {
			at->old = false;
			return 0;
		}
		/* To trace one more waits for an execution in the process that is under way (cred_guard_mutex), which waits for all threads
		 * to end, the traced one among them, of which we would have to hear. */
		if (at->thread && at->process == process)
			return -EAGAIN;
		if (!at->thread && !f)
			f = at;
	}
	if (!f && t->n == FOLLOWED_MAX)
		return -EAGAIN;
	if (ptrace(PTRACE_SEIZE, thread, NULL, (void *)(uintptr_t)(PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)) < 0)
		return -EPERM;
	f = f ? f : &t->followed[t->n++];
	*f = (struct followed){.thread = thread, .process = process};
	t->active++;
	if (!t->timer)
		(void)!loop_after(t->loop, TOO_LONG, on_time, t, &t->timer);
	return 0;
}

void exec_trace_free(struct exec_trace *t)
{
	if (!t)
		return;
	loop_remove(t->source);
	loop_remove(t->timer);
	if (t->signals >= 0)
		(void)close(t->signals);
	(void)sigprocmask(SIG_SETMASK, &t->before, NULL);
	free(t);
}
