/*
 * The guardian: holds the kernel's questions open, and starts the daemon again if it ends. It does next to nothing, so that next to nothing
 * can end it; what it starts is itself, forked and not executed anew, because nobody would answer the kernel's questions about that.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "guard/guard_part.h"
#include "sys/fd.h"

#define QUICK_MS  10000 /* so many ends within this time … */
#define QUICK_MAX 5u    /* … and the guardian answers itself for a while */
#define ALONE_MS  2000
#define END_MS    10000
#define FIRST_FD  3

/* What another guardian is handed: this, in a file in memory, and descriptors in this order. */
enum { FD_LOCAL, FD_UNKNOWN, FD_SHARED, FD_LOCK, FD_CONFIG, FD_DAEMON, FDS };

struct image {
	pid_t daemon;
	uint32_t n_filesystems, monitor, fail_open, memfd_noexec, unknown, deadline_ms, has_ledger, has_prints, hosts, managed;
	char policy[GUARD_TEXT_MAX], ledger[GUARD_TEXT_MAX], prints[GUARD_TEXT_MAX], cgroup[GUARD_TEXT_MAX];
	char filesystem[GUARD_FILESYSTEMS_MAX][GUARD_TEXT_MAX];
};

struct guardian {
	struct guard_start start;
	const struct guard_config *config;
	pid_t daemon;
	int daemon_fd, signals;
	bool child; /* the daemon is ours to wait for */
	int64_t ended[QUICK_MAX];
	size_t n_ended;
};

static int open_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	return fd < 0 ? -errno : fd;
}

/* ---- another guardian, started by a daemon */

static void fill(struct image *i, const struct guard_config *c)
{
	*i = (struct image){.daemon = getpid(),
	        .n_filesystems = (uint32_t)c->n_filesystems,
	        .monitor = c->monitor,
	        .fail_open = c->fail_open,
	        .memfd_noexec = c->memfd_noexec,
	        .hosts = c->hosts,
	        .managed = c->managed,
	        .unknown = c->unknown,
	        .deadline_ms = c->deadline_ms,
	        .has_ledger = c->ledger != NULL,
	        .has_prints = c->prints != NULL};
	(void)snprintf(i->policy, sizeof(i->policy), "%s", c->policy);
	(void)snprintf(i->ledger, sizeof(i->ledger), "%s", c->ledger ? c->ledger : "");
	(void)snprintf(i->prints, sizeof(i->prints), "%s", c->prints ? c->prints : "");
	(void)snprintf(i->cgroup, sizeof(i->cgroup), "%s", c->cgroup ? c->cgroup : "");
	for (size_t k = 0; k < c->n_filesystems; k++)
		(void)snprintf(i->filesystem[k], sizeof(i->filesystem[k]), "%s", c->filesystem[k]);
}

_Noreturn static void become(const int fd[FDS])
{
	char name[] = "postern", role[] = "--role=guardian";
	char *argv[] = {name, role, NULL};
	int high[FDS];
	sigset_t none;
	for (int i = 0; i < FDS; i++)
		if ((high[i] = fcntl(fd[i], F_DUPFD, FIRST_FD + FDS)) < 0)
			_exit(1);
	for (int i = 0; i < FDS; i++)
		if (dup2(high[i], FIRST_FD + i) < 0)
			_exit(1);
	(void)close_range(FIRST_FD + FDS, ~0u, CLOSE_RANGE_CLOEXEC);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)execve("/proc/self/exe", argv, environ);
	_exit(1);
}

int guard_second(const struct guard_start *s, pid_t *pid, int *pidfd)
{
	struct image *i = calloc(1, sizeof(*i));
	if (!i)
		return -ENOMEM;
	fill(i, s->config);
	_cleanup_fd_ int config = memfd_create("postern-enforce", MFD_CLOEXEC), self = open_pidfd(getpid());
	int r = config < 0 || self < 0 ? -errno : fd_write_all(config, slice_of(i, sizeof(*i)));
	free(i);
	if (r < 0)
		return r;
	const int fd[FDS] = {s->fan[0], s->fan[1], s->shared_fd, s->lock_fd, config, self};
	pid_t child = fork();
	if (child == 0)
		become(fd);
	if (child < 0)
		return -errno;
	r = open_pidfd(child);
	if (r < 0)
		return r;
	*pid = child;
	*pidfd = r;
	return 0;
}

/* ---- the daemon, started by a guardian */

static int start_daemon(struct guardian *u)
{
	pid_t self = getpid();
	int partner = open_pidfd(self);
	if (partner < 0)
		return partner;
	pid_t pid = fork();
	if (pid == 0) {
		struct err err = {0};
		fd_closep(&u->signals);
		fd_closep(&u->daemon_fd);
		struct guard_start s = u->start;
		s.partner = self;
		s.partner_fd = partner;
		int r = guard_daemon(&s, &err);
		if (r < 0)
			u->config->say(err.text);
		_exit(r < 0 ? 1 : 0);
	}
	(void)close(partner);
	if (pid < 0)
		return -errno;
	fd_closep(&u->daemon_fd);
	u->daemon = pid;
	u->daemon_fd = open_pidfd(pid);
	u->child = true;
	return u->daemon_fd < 0 ? u->daemon_fd : 0;
}

/* ---- when no daemon stays */

struct alone {
	const struct guard_config *c;
	int fan;
	bool local;
};

/* What nobody can recognise now: only what root alone can have put there may go on, or everything, or nothing, as it was chosen. */
static void answer_alone(void *arg, const struct fan_event *e)
{
	const struct alone *a = arg;
	struct stat st;
	bool may = a->c->fail_open || a->c->monitor || e->pid == 1;
	if (!may && a->local)
		may = fstat(e->fd, &st) == 0 && (!S_ISREG(st.st_mode) || st.st_size == 0 || known_roots(&st));
	(void)fan_answer(a->fan, e->fd, may);
	(void)close(e->fd);
}

static int64_t now_ms(void)
{
	return ask_now();
}

static void alone(struct guardian *u)
{
	int64_t until = now_ms() + ALONE_MS;
	u->config->say("the daemon ends again and again: the guardian answers itself, and lets pass what only root can change");
	for (int64_t left; (left = until - now_ms()) > 0;) {
		struct pollfd p[] = {{.fd = u->start.fan[0], .events = POLLIN}, {.fd = u->start.fan[1], .events = POLLIN},
		        {.fd = u->signals, .events = POLLIN}};
		if (poll(p, ARRAY_LEN(p), (int)left) < 0 && errno != EINTR)
			return;
		for (unsigned i = 0; i < GUARD_FANS; i++) {
			struct alone a = {u->config, u->start.fan[i], i == GUARD_FAN_LOCAL};
			(void)!fan_read(u->start.fan[i], answer_alone, &a);
		}
		if (p[2].revents)
			return;
	}
}

/* ---- the guardian */

/* 0: it was told to end, and has; 1: it ended by itself; negative: it could not begin. */
static int daemon_ended(struct guardian *u)
{
	int status = 0;
	bool known = u->child && waitpid(u->daemon, &status, 0) == u->daemon;
	if (known && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return u->start.shared->ready ? 1 : -EIO;
}

static void note_end(struct guardian *u)
{
	int64_t now = now_ms();
	size_t quick = 0;
	u->ended[u->n_ended++ % QUICK_MAX] = now;
	for (size_t i = 0; i < QUICK_MAX; i++)
		quick += u->ended[i] && now - u->ended[i] < QUICK_MS;
	if (quick == QUICK_MAX)
		alone(u);
}

static int watch(struct guardian *u, struct err *err)
{
	bool told = false;
	int64_t until = 0;
	for (;;) {
		struct pollfd p[] = {{.fd = u->daemon_fd, .events = POLLIN}, {.fd = u->signals, .events = POLLIN}};
		int n = poll(p, ARRAY_LEN(p), told ? (int)(until > now_ms() ? until - now_ms() : 0) : -1);
		if (n < 0 && errno != EINTR)
			return err_sys(err, -errno, "the guardian cannot wait");
		if (n == 0 && told) {
			(void)kill(u->daemon, SIGKILL);
			(void)poll(p, 1, END_MS);
			return 0;
		}
		struct signalfd_siginfo s;
		while (p[1].revents && read(u->signals, &s, sizeof(s)) == (ssize_t)sizeof(s)) {
			(void)kill(u->daemon, s.ssi_signo == SIGHUP ? SIGHUP : SIGTERM);
			if (s.ssi_signo != SIGHUP && !told) {
				told = true;
				until = now_ms() + END_MS;
			}
		}
		if (!(p[0].revents & POLLIN))
			continue;
		int r = daemon_ended(u);
		if (r <= 0 || told)
			return r < 0 && !told ? err_set(err, r, "enforcement has not begun") : 0;
		note_end(u);
		r = start_daemon(u);
		if (r < 0)
			return err_sys(err, r, "no other daemon can be started");
	}
}

static int open_signals(void)
{
	sigset_t set;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/* Memory that outlives a daemon, as a file, so that another guardian can have it too. */
static int map_shared(int fd, struct guard_shared **out)
{
	void *p = mmap(NULL, sizeof(**out), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*out = p;
	return 0;
}

static int make_shared(struct guard_start *s)
{
	struct timespec t;
	s->shared_fd = memfd_create("postern-enforce-shared", MFD_CLOEXEC);
	if (s->shared_fd < 0 || ftruncate(s->shared_fd, sizeof(*s->shared)) < 0)
		return -errno;
	int r = map_shared(s->shared_fd, &s->shared);
	(void)clock_gettime(CLOCK_REALTIME, &t);
	if (r == 0)
		s->shared->boot = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
	return r;
}

/*
 * They are not given to a service manager to keep (FDSTORE): when both processes have ended nobody would answer, not even about the program
 * that is to be started again, and a policy that cannot be read then would stop the machine.
 */
static int open_questions(struct guard_start *s, struct err *err)
{
	for (unsigned i = 0; i < GUARD_FANS; i++) {
		int r = fan_open(&s->fan[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

int guard_run(const struct guard_config *config, struct err *err)
{
	struct guardian u = {.config = config, .daemon_fd = -1, .signals = -1};
	u.start = (struct guard_start){.config = config, .fan = {-1, -1}, .shared_fd = -1, .lock_fd = config->lock, .partner_fd = -1};
	int r = make_shared(&u.start);
	if (r < 0)
		return err_sys(err, r, "there is no memory to share");
	r = open_questions(&u.start, err);
	if (r < 0)
		return r;
	u.signals = open_signals();
	r = u.signals < 0 ? u.signals : start_daemon(&u);
	if (r < 0)
		return err_sys(err, r, "the daemon cannot be started");
	(void)prctl(PR_SET_NAME, "postern-guardia");
	return watch(&u, err);
}

int guard_role(void (*say)(const char *text))
{
	static struct image i; /* large */
	static struct guard_config c;
	struct err err = {0};
	ssize_t n = pread(FIRST_FD + FD_CONFIG, &i, sizeof(i), 0);
	if (n != (ssize_t)sizeof(i) || i.n_filesystems > GUARD_FILESYSTEMS_MAX)
		return 2;
	c = (struct guard_config){.policy = i.policy,
	        .ledger = i.has_ledger ? i.ledger : NULL,
	        .prints = i.has_prints ? i.prints : NULL,
	        .n_filesystems = i.n_filesystems,
	        .monitor = i.monitor,
	        .fail_open = i.fail_open,
	        .memfd_noexec = i.memfd_noexec,
	        .hosts = i.hosts,
	        .cgroup = i.cgroup[0] ? i.cgroup : NULL,
	        .managed = i.managed,
	        .unknown = (enum guard_unknown)i.unknown,
	        .deadline_ms = i.deadline_ms,
	        .lock = FIRST_FD + FD_LOCK,
	        .say = say};
	for (size_t k = 0; k < i.n_filesystems; k++)
		c.filesystem[k] = i.filesystem[k];
	struct guardian u = {.config = &c, .daemon = i.daemon, .daemon_fd = FIRST_FD + FD_DAEMON};
	u.start = (struct guard_start){.config = &c,
	        .fan = {FIRST_FD + FD_LOCAL, FIRST_FD + FD_UNKNOWN},
	        .shared_fd = FIRST_FD + FD_SHARED,
	        .lock_fd = FIRST_FD + FD_LOCK,
	        .partner_fd = -1};
	for (int fd = FIRST_FD; fd < FIRST_FD + FDS; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	int r = map_shared(u.start.shared_fd, &u.start.shared);
	u.signals = open_signals();
	if (r < 0 || u.signals < 0)
		return 2;
	r = watch(&u, &err);
	if (r < 0)
		say(err.text);
	return r < 0 ? 2 : 0;
}
