/* Putting a terminal back whatever happens: exit(), a signal that ends us, a crash, SIGKILL. What is needed for it lies in memory that a
 * waiting process shares, since after SIGKILL nobody else can do it. */
#include "sys/pty_part.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LEAVE = 1024 };

struct shared {
	struct termios saved, raw;
	_Atomic int is_raw;
	/* Two, so that one is whole whenever we are killed. */
	_Atomic unsigned which;
	size_t n[2];
	uint8_t leave[2][LEAVE];
};

static struct {
	struct shared *shared;
	int tty, event;
	_Atomic unsigned taken;
	pid_t pid, guard;
	bool registered;
} the = {.tty = -1, .event = -1};

static struct {
	int signal;
	unsigned bit; /* it is told; without, it ends us */
	bool ours;
	struct sigaction before;
} signals[] = {
        {.signal = SIGWINCH, .bit = RESTORE_WINDOW},
        {.signal = SIGTSTP, .bit = RESTORE_STOP},
        {.signal = SIGCONT, .bit = RESTORE_CONTINUE},
        {.signal = SIGINT},
        {.signal = SIGTERM},
        {.signal = SIGHUP},
        {.signal = SIGQUIT},
        {.signal = SIGSEGV},
        {.signal = SIGBUS},
        {.signal = SIGILL},
        {.signal = SIGFPE},
        {.signal = SIGABRT},
        {.signal = SIGSYS},
        {.signal = SIGTRAP},
        {.signal = SIGXCPU},
};
enum { SIGNALS = sizeof(signals) / sizeof(signals[0]) };

/* Only calls that a signal handler may make. */
static void put_back(struct shared *s, int tty)
{
	struct termios now;
	if (!s || !atomic_exchange(&s->is_raw, 0))
		return;
	/* Who has changed it since is not disturbed: a shell sets its own when we are gone. */
	if (tcgetattr(tty, &now) < 0 || now.c_lflag != s->raw.c_lflag || now.c_iflag != s->raw.c_iflag || now.c_oflag != s->raw.c_oflag)
		return;
	unsigned i = atomic_load(&s->which) & 1;
	struct pollfd ready = {.fd = tty, .events = POLLOUT};
	if (s->n[i] && poll(&ready, 1, 200) == 1)
		(void)!write(tty, s->leave[i], s->n[i]);
	(void)tcsetattr(tty, TCSANOW, &s->saved);
}

/* A child that was forked has our handlers, but not our terminal. */
static void put_back_ours(void)
{
	if (the.pid == getpid())
		put_back(the.shared, the.tty);
}

static void at_exit(void)
{
	put_back_ours();
}

static void on_end(int sig)
{
	int saved = errno;
	put_back_ours();
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
	errno = saved;
}

static void on_told(int sig)
{
	int saved = errno;
	for (unsigned i = 0; i < SIGNALS; i++)
		if (signals[i].signal == sig)
			atomic_fetch_or(&the.taken, signals[i].bit);
	uint64_t one = 1;
	(void)!write(the.event, &one, sizeof(one));
	errno = saved;
}

static void take_signals(void)
{
	sigset_t blocked;
	(void)sigprocmask(SIG_SETMASK, NULL, &blocked);
	for (unsigned i = 0; i < SIGNALS; i++) {
		struct sigaction sa = {.sa_handler = signals[i].bit ? on_told : on_end, .sa_flags = SA_RESTART}, *old = &signals[i].before;
		signals[i].ours = false;
		if (sigaction(signals[i].signal, NULL, old) < 0)
			continue;
		/* Who ignores, handles or blocks a signal that would end us deals with it, and closes the pump. */
		if (!signals[i].bit && (old->sa_handler != SIG_DFL || sigismember(&blocked, signals[i].signal) == 1))
			continue;
		(void)sigemptyset(&sa.sa_mask);
		signals[i].ours = sigaction(signals[i].signal, &sa, NULL) == 0;
	}
}

/* The process that waits for ours to be killed. libc's state belongs to its parent: system calls only. */
_Noreturn static void guard(struct shared *s, int tty, int parent)
{
	sigset_t all;
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)setsid(); /* in another session no terminal can stop it */
	(void)prctl(PR_SET_NAME, "postern-tty");
	/* Of all that was open it keeps two. */
	if (dup2(parent, 0) == 0 && dup2(tty, 1) == 1 && syscall(SYS_close_range, 2u, ~0u, 0u) == 0 && chdir("/") == 0) {
		struct pollfd gone = {.fd = 0, .events = POLLIN};
		while (poll(&gone, 1, -1) != 1)
			;
		put_back(s, 1);
	}
	_exit(0);
}

static int start_guard(int tty, int *parent)
{
	*parent = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (*parent < 0)
		return -errno;
	/* Both must be out of the way of 0 and 1. */
	if (tty < 2 || *parent < 2)
		return -EBADF;
	/* Without a signal at its end it is in nobody's way who waits for children. */
	long pid = syscall(SYS_clone, 0L, NULL, NULL, NULL, 0L);
	if (pid == 0)
		guard(the.shared, tty, *parent);
	if (pid < 0)
		return -errno;
	the.guard = (pid_t)pid;
	return 0;
}

int restore_begin(int tty, const struct termios *saved, int *event, struct err *err)
{
	int parent = -1, r = 0;
	if (the.shared)
		return err_set(err, -EBUSY, "this process has its terminal under a pump already");
	void *p = mmap(NULL, sizeof(*the.shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return err_sys(err, -errno, "no memory for the settings of the terminal");
	the.shared = p;
	the.shared->saved = *saved;
	the.tty = tty;
	the.taken = 0;
	the.pid = getpid();
	the.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = the.event < 0 ? -errno : start_guard(tty, &parent);
	if (parent >= 0)
		(void)close(parent);
	if (r < 0) {
		restore_end();
		return err_sys(err, r, "the process that puts the terminal back cannot be started");
	}
	if (!the.registered)
		the.registered = atexit(at_exit) == 0;
	take_signals();
	*event = the.event;
	return 0;
}

void restore_raw(const struct termios *raw)
{
	if (raw)
		the.shared->raw = *raw;
	atomic_store(&the.shared->is_raw, raw != NULL);
}

void restore_leave(struct slice leave)
{
	struct shared *s = the.shared;
	unsigned i = (atomic_load(&s->which) & 1) ^ 1;
	s->n[i] = leave.n < LEAVE ? leave.n : 0;
	if (s->n[i])
		memcpy(s->leave[i], leave.p, s->n[i]);
	atomic_store(&s->which, i);
}

unsigned restore_taken(void)
{
	uint64_t count;
	(void)!read(the.event, &count, sizeof(count));
	return atomic_exchange(&the.taken, 0);
}

void restore_stop(bool group)
{
	struct sigaction ours, sa = {.sa_handler = SIG_DFL};
	(void)sigemptyset(&sa.sa_mask);
	(void)sigaction(SIGTSTP, &sa, &ours);
	(void)(group ? kill(0, SIGTSTP) : raise(SIGTSTP));
	(void)sigaction(SIGTSTP, &ours, NULL);
}

void restore_end(void)
{
	for (unsigned i = 0; i < SIGNALS; i++)
		if (signals[i].ours) {
			(void)sigaction(signals[i].signal, &signals[i].before, NULL);
			signals[i].ours = false;
		}
	if (the.guard > 0) {
		(void)kill(the.guard, SIGKILL);
		while (waitpid(the.guard, NULL, __WALL) < 0 && errno == EINTR)
			;
	}
	if (the.event >= 0)
		(void)close(the.event);
	if (the.shared)
		(void)munmap(the.shared, sizeof(*the.shared));
	the.shared = NULL;
	the.guard = 0;
	the.tty = the.event = -1;
}
