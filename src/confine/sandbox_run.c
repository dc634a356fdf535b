#include "confine/sandbox_run.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cursor.h"
#include "confine/cgroup.h"
#include "confine/netlink.h"
#include "confine/network.h"
#include "confine/probe.h"
#include "confine/process.h"
#include "confine/sandbox_calls.h"
#include "confine/sandbox_watch.h"
#include "sys/fd.h"
#include "sys/packet.h"
#include "sys/path.h"

#define DEFAULT_MAC       "02:16:3e:5a:10:0f"
#define DEFAULT_PROCESSES 4096
/* For the gate to say what it still has, after the command's end. */
#define GATE_MS 5000

/* What all of the processes know. */
struct run {
	const struct sandbox_spec *spec;
	const struct sandbox_fds *fds;
	bool exec, alone; /* alone: without namespaces */
	bool root;        /* the person is root, whatever the number inside */
	struct tree_plan *plan;
	struct sandbox_level level;
	struct cgroup cgroup;
	unsigned long pid_max; /* of the real machine */
	char temporary[40];    /* a folder, where there is no private /tmp; or "" */
	bool limited;          /* by the numbers that there are for processes */
	int pair[2];           /* runner, first process */
	int begin[2];          /* the gate may: its end, the runner's */
	int knock;             /* readable when the gate is wanted; -1: it has begun, or there is none */
};

_Noreturn static void fail(const struct run *r, const struct err *err)
{
	struct sandbox_note n = {.kind = NOTE_FAILED, .err = *err};
	(void)!fd_pass(r->fds->talk, &n, sizeof(n), -1);
	_exit(1);
}

/* One byte over the pair of runner and first process; false, 0: the other has gone. */
static bool say(int fd, char word)
{
	return send(fd, &word, 1, MSG_NOSIGNAL) == 1;
}

static char hear(int fd)
{
	char got = 0;
	ssize_t n;
	do
		n = recv(fd, &got, 1, 0);
	while (n < 0 && errno == EINTR);
	return n == 1 ? got : 0;
}

/* ---- the command ---- */

static unsigned processes_max(const struct sandbox_spec *s)
{
	return s->limits.processes ? s->limits.processes : DEFAULT_PROCESSES;
}

static int limits(const struct run *r, struct err *err)
{
	const struct sandbox_limits *l = &r->spec->limits;
	/* One byte and not none: at none the kernel still starts the machine's program for dumps, outside. */
	int e = process_limit(RLIMIT_CORE, 1, err);
	/* Counted in the user namespace, so of this run alone (Linux 5.14). Without one it would count all of the person's. */
	if (e == 0 && !r->alone)
		e = process_limit(RLIMIT_NPROC, processes_max(r->spec), err);
	if (e == 0 && l->cpu_seconds)
		/* Later than who looks at all of them together, and says why. */
		e = process_limit(RLIMIT_CPU, l->cpu_seconds + 3ull, err);
	if (e == 0 && l->files)
		e = process_limit(RLIMIT_NOFILE, l->files, err);
	if (e == 0 && l->file_bytes)
		e = process_limit(RLIMIT_FSIZE, l->file_bytes, err);
	/* What is really written to, and not addresses: runtimes of languages reserve terabytes of those. */
	if (e == 0 && l->memory_bytes && !r->cgroup.memory)
		e = process_limit(RLIMIT_DATA, l->memory_bytes, err);
	return e;
}

static int walls(const struct run *r, struct err *err)
{
	struct landlock *l = NULL;
	int e = 0;
	if (r->level.landlock) {
		e = landlock_new(r->alone, &l, err);
		e = e < 0 ? e : tree_landlock(r->plan, l, r->alone, err);
		if (e == 0 && r->temporary[0])
			e = landlock_grant(l, r->temporary, LANDLOCK_ALL, err);
		e = e < 0 ? e : landlock_enforce(l, err);
	}
	if (e < 0)
		return e;
	const struct sandbox_calls_options o = {.exec = r->exec,
	        .libraries = r->spec->libraries,
	        .no_network = r->alone,
	        .debuggers = r->spec->debuggers,
	        .machine = r->spec->machine != NULL};
	int listener = sandbox_calls_install(&o);
	if (listener < 0)
		return err_sys(err, listener,
		        listener == -EBUSY ? "cannot watch what is executed: this process is watched in the same way already"
		                           : "cannot install the system call filter");
	if (r->exec) {
		struct sandbox_note n = {.kind = NOTE_LISTENER};
		e = fd_pass(r->fds->talk, &n, sizeof(n), listener);
		/* The command must not have it: it would answer itself. */
		(void)close(listener);
	}
	return e < 0 ? err_sys(err, e, "cannot hand over the listener") : 0;
}

static int own_descriptors(const struct run *r)
{
	const struct sandbox_spec *s = r->spec;
	/* Above all that will be closed, in case they are 0 to 2 in another order. */
	int from[3] = {s->in, s->out, s->errout};
	int ours[2] = {fcntl(r->fds->talk, F_DUPFD_CLOEXEC, 10), fcntl(r->fds->start, F_DUPFD_CLOEXEC, 10)};
	for (size_t i = 0; i < ARRAY_LEN(from); i++)
		if (from[i] < 3 && (from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 10)) < 0)
			return -errno;
	(void)setsid();
	if (s->terminal && ioctl(from[0], TIOCSCTTY, 0) < 0)
		return -errno;
	for (int i = 0; i < 3; i++)
		if (dup2(from[i], i) < 0)
			return -errno;
	/* These two are closed by the execution, everything else now. */
	if (dup3(ours[0], 3, O_CLOEXEC) < 0 || dup3(ours[1], 4, O_CLOEXEC) < 0)
		return -errno;
	return close_range(5, ~0u, 0) < 0 ? -errno : 0;
}

/* The environment with TMPDIR leading there. */
static char *const *environment(const struct run *r)
{
	static char tmpdir[sizeof("TMPDIR=") + sizeof(r->temporary)];
	size_t n = 0;
	if (!r->temporary[0])
		return r->spec->env;
	while (r->spec->env[n])
		n++;
	char **env = calloc(n + 2, sizeof(*env));
	if (!env)
		return r->spec->env;
	(void)snprintf(tmpdir, sizeof(tmpdir), "TMPDIR=%s", r->temporary);
	n = 0;
	env[n++] = tmpdir;
	for (size_t i = 0; r->spec->env[i]; i++)
		if (strncmp(r->spec->env[i], "TMPDIR=", 7) != 0)
			env[n++] = r->spec->env[i];
	return env;
}

_Noreturn static void become_command(struct run *r)
{
	struct err err = {0};
	sigset_t none;
	(void)sigemptyset(&none);
	int e = own_descriptors(r);
	struct sandbox_fds fds = {.talk = 3, .start = 4};
	/* Whoever is to say what may be executed must be able to look here; nobody else is here yet. */
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	r->fds = &fds;
	if (e < 0)
		fail(r, (err_sys(&err, e, "cannot hand over the command's descriptors"), &err));
	e = limits(r, &err);
	if (e == 0 && chdir(r->spec->cwd) < 0)
		e = err_sys(&err, -errno, "cannot enter %s", r->spec->cwd);
	e = e < 0 ? e : walls(r, &err);
	if (e < 0)
		fail(r, &err);
	/* Everything is ready before it may start, so that nothing is left to wait for then. */
	char go;
	if (read(r->fds->start, &go, 1) != 1)
		_exit(0);
	/* An ignored signal stays ignored over exec: the command must find all as a login shell leaves them. */
	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	const char *path = NULL;
	for (size_t i = 0; r->spec->env[i]; i++)
		if (strncmp(r->spec->env[i], "PATH=", 5) == 0)
			path = r->spec->env[i] + 5;
	/* execvpe() looks PATH up in the caller's environment. */
	if (setenv("PATH", path ? path : "/usr/local/bin:/usr/bin:/bin", 1) == 0)
		(void)execvpe(r->spec->argv[0], r->spec->argv, environment(r));
	int code = errno == ENOENT || errno == ENOTDIR ? 127 : 126;
	(void)dprintf(2, "postern: cannot run %s: %s\n", r->spec->argv[0], strerror(errno));
	_exit(code);
}

/* ---- the first process of the PID namespace ---- */

/* The foreground process group of the command's terminal, field 8 of proc(5)'s stat. Only its own session may ask the terminal. */
static pid_t foreground(pid_t tool)
{
	char path[48], text[512];
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", tool);
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return tool;
	text[n] = 0;
	const char *p = strrchr(text, ')');
	int group = -1;
	if (!p || sscanf(p + 1, " %*c %*d %*d %*d %*d %d", &group) != 1 || group <= 0)
		return tool;
	return group;
}

static void forward(const struct run *r, pid_t tool, int sig)
{
	/* A group without a session's leader above it ignores what a terminal sends for stopping. */
	if (sig == SIGTSTP || sig == SIGCONT)
		(void)kill(r->alone ? -tool : -1, sig == SIGTSTP ? SIGSTOP : SIGCONT);
	else
		(void)kill(-(r->spec->terminal ? foreground(tool) : tool), sig);
}

static unsigned count_left(void)
{
	char text[4096];
	unsigned n = 0;
	_cleanup_fd_ int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text));
	for (ssize_t i = 0; i < got; i++)
		n += text[i] == ' ';
	return n;
}

struct harvest {
	bool ended;
	int status;
	uint64_t rss;
};

static void reap(struct harvest *h, pid_t tool)
{
	int status;
	struct rusage u;
	for (pid_t pid; (pid = wait4(-1, &status, WNOHANG, &u)) > 0;) {
		h->rss = (uint64_t)u.ru_maxrss > h->rss ? (uint64_t)u.ru_maxrss : h->rss;
		if (pid == tool) {
			h->ended = true;
			h->status = status;
		}
	}
}

/* Without a PID namespace nobody else does it: what is left of the command's are children of this process by now. */
static void kill_all(const struct run *r, pid_t tool)
{
	char text[4096];
	if (!r->alone) {
		(void)kill(-1, SIGKILL);
		return;
	}
	(void)kill(-tool, SIGKILL);
	for (int i = 0; i < 1000; i++) {
		_cleanup_fd_ int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		if (n <= 0)
			return;
		text[n] = 0;
		for (char *p = text; *p; p += *p == ' ') {
			pid_t pid = (pid_t)strtol(p, &p, 10);
			if (pid > 0)
				(void)kill(pid, SIGKILL);
		}
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		(void)usleep(1000);
	}
}

/* Until the command ends or the supervisor has gone. */
static void mind(const struct run *r, pid_t tool, int children, struct harvest *h)
{
	while (!h->ended) {
		struct pollfd p[] = {{.fd = children, .events = POLLIN}, {.fd = r->fds->talk, .events = POLLIN}};
		struct signalfd_siginfo info;
		struct sandbox_order order;
		if (poll(p, ARRAY_LEN(p), -1) < 0)
			continue;
		if (p[0].revents) {
			while (read(children, &info, sizeof(info)) > 0)
				;
			reap(h, tool);
		}
		if (!p[1].revents)
			continue;
		ssize_t n = recv(r->fds->talk, &order, sizeof(order), MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return;
		if (n == (ssize_t)sizeof(order) && order.sig > 0)
			forward(r, tool, order.sig);
	}
}

static int near_network(const struct run *r, struct err *err)
{
	struct netlink *n = NULL;
	if (r->spec->network == SANDBOX_NET_GATE)
		return network_near(r->spec->ipv4 ? r->spec->ipv4 : SANDBOX_IPV4, false, err);
	int e = netlink_open(&n);
	e = e < 0 ? e : netlink_up(n, "lo");
	netlink_close(n);
	return e < 0 ? err_sys(err, e, "cannot set the loopback interface up") : 0;
}

/* Numbers of processes belong to the PID namespace since Linux 6.14, and then their largest one is a limit that binds root too, and costs
 * nothing. Before, it is that of the whole machine, and must stay as it is. Which of both it is shows when one is written to: the runner
 * tells. */
static bool limit_numbers(const struct run *r)
{
	/* The lowest are not used again. */
	static const unsigned reserved = 300;
	char text[24] = "";
	_cleanup_fd_ int fd = r->plan->pid_max;
	if (fd < 0 || pread(fd, text, sizeof(text) - 1, 0) <= 0)
		return false;
	unsigned long now = strtoul(text, NULL, 10);
	if (now == r->pid_max) {
		int n = snprintf(text, sizeof(text), "%lu", now - 1);
		if (pwrite(fd, text, (size_t)n, 0) != n)
			return false;
		if (!say(r->pair[1], 'q') || hear(r->pair[1]) != 'y') {
			n = snprintf(text, sizeof(text), "%lu", now);
			(void)!pwrite(fd, text, (size_t)n, 0);
			return false;
		}
	}
	int n = snprintf(text, sizeof(text), "%u", processes_max(r->spec) + reserved);
	return pwrite(fd, text, (size_t)n, 0) == n;
}

static unsigned long pid_max(void)
{
	char text[24] = "";
	_cleanup_fd_ int fd = open("/proc/sys/kernel/pid_max", O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 ? strtoul(text, NULL, 10) : 0;
}

/* The last of the tree: files that the supervisor makes meanwhile. */
static int take_files(struct run *r, struct err *err)
{
	const struct sandbox_spec *s = r->spec;
	struct slice later[TREE_ITEMS_MAX] = {0}, all = SLICE_NONE;
	struct sandbox_order order = {0};
	struct stat st;
	_cleanup_fd_ int fd = -1;
	uint64_t n = 0;
	for (size_t i = 0; i < s->n_files; i++)
		n += s->files[i].later;
	if (n == 0)
		return tree_finish(r->plan, later, err);
	if (fd_take(r->fds->talk, &order, sizeof(order), 0, &fd) != (ssize_t)sizeof(order) || fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, -ECANCELED, "the supervisor went away");
	void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return err_sys(err, -errno, "cannot read the supervisor's files");
	all = slice_of(p, (size_t)st.st_size);
	struct cursor c = cursor_of(all);
	for (size_t i = 0; i < s->n_files; i++)
		if (s->files[i].later)
			later[i] = cursor_take(&c, cursor_be64(&c));
	int e = cursor_ok(&c) ? tree_finish(r->plan, later, err) : err_set(err, -EBADMSG, "the supervisor's files are not whole");
	(void)munmap(p, all.n);
	return e;
}

static int prepare(struct run *r, struct err *err)
{
	const char *name = r->spec->hostname;
	int e = 0;
	if (!r->alone) {
		e = tree_build(r->plan, err);
		e = e < 0 ? e : take_files(r, err);
		if (e == 0 && name && (sethostname(name, strlen(name)) < 0 || setdomainname("(none)", 6) < 0))
			e = err_sys(err, -errno, "cannot set the host name %s", name);
		if (e == 0 && hear(r->pair[1]) != 'n')
			e = err_set(err, -ECANCELED, "the runner went away");
		e = e < 0 ? e : near_network(r, err);
		r->limited = e == 0 && limit_numbers(r);
	}
	/* If the machine runs out of memory, the command goes first. */
	(void)process_put("/proc/self/oom_score_adj", "500");
	e = e < 0 ? e : process_drop_privileges(err);
	if (e == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		e = err_sys(err, -errno, "cannot close the first process");
	return e;
}

_Noreturn static void first_process(struct run *r)
{
	struct err err = {0};
	struct harvest h = {0};
	sigset_t set;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)close(r->pair[0]);
	(void)close(r->fds->life);
	(void)close(r->fds->control);
	(void)close(r->fds->exe);
	(void)prctl(PR_SET_NAME, "init", 0, 0, 0);
	if (r->alone)
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	int e = prepare(r, &err);
	if (e < 0)
		fail(r, &err);
	/* The runner covers secrets now. */
	if (!r->alone && !say(r->pair[1], r->limited ? 'p' : 't'))
		_exit(1);
	(void)close(r->pair[1]);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	int children = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	pid_t tool = fork();
	if (tool == 0)
		become_command(r);
	if (tool < 0 || children < 0)
		fail(r, (err_sys(&err, -errno, "cannot start the command"), &err));
	/* The command has its copy of what was typed. */
	process_hide_command_line("postern");
	/* Whoever reads what it writes must see the end when it has gone. */
	int given[] = {r->spec->in, r->spec->out, r->spec->errout, r->fds->start};
	for (size_t i = 0; i < ARRAY_LEN(given); i++)
		if (given[i] != r->fds->talk)
			(void)close(given[i]);
	mind(r, tool, children, &h);
	struct sandbox_note n = {.kind = NOTE_ENDED, .status = h.ended ? h.status : SIGKILL};
	n.left_running = h.ended ? count_left() : 0;
	kill_all(r, tool);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	struct rusage all;
	(void)getrusage(RUSAGE_CHILDREN, &all);
	n.cpu_s = (double)(all.ru_utime.tv_sec + all.ru_stime.tv_sec) + (double)(all.ru_utime.tv_usec + all.ru_stime.tv_usec) / 1e6;
	n.max_rss_kb = (uint64_t)all.ru_maxrss;
	(void)!fd_pass(r->fds->talk, &n, sizeof(n), -1);
	_exit(0);
}

/* ---- the runner ---- */

static void on_appeared(void *arg, const char *path, const char *what)
{
	const struct run *r = arg;
	struct sandbox_note n = {.kind = NOTE_APPEARED};
	(void)snprintf(n.what, sizeof(n.what), "%s", what);
	(void)snprintf(n.path, sizeof(n.path), "%s", path);
	(void)!fd_pass(r->fds->talk, &n, sizeof(n), -1);
}

/* Whatever else the supervisor has open is none of the sandbox's business. */
static void close_others(const struct run *r)
{
	int keep[] = {0, 1, 2, r->spec->in, r->spec->out, r->spec->errout, r->fds->talk, r->fds->start, r->fds->life, r->fds->control,
	        r->fds->exe};
	int from = 0;
	for (;;) {
		int next = -1;
		for (size_t i = 0; i < ARRAY_LEN(keep); i++)
			if (keep[i] >= from && (next < 0 || keep[i] < next))
				next = keep[i];
		if (next != from)
			(void)close_range((unsigned)from, next < 0 ? ~0u : (unsigned)next - 1, 0);
		if (next < 0)
			return;
		from = next + 1;
	}
}

/* uapi/linux/sched/types.h */
struct turns {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/* The runner hardly ever does anything, but when a secret appears it should be the next to run. Root may say so; what it starts runs as
 * anything else does. */
static bool be_quick(void)
{
	const struct turns t = {.size = sizeof(t), .policy = SCHED_RR, .flags = 1 /* SCHED_FLAG_RESET_ON_FORK */, .priority = 1};
	return syscall(SYS_sched_setattr, 0, &t, 0) == 0;
}

/* Others can ask for short turns, which come sooner (Linux 6.12), once there is no more long work to do. */
static void take_short_turns(void)
{
	const struct turns t = {
	        .size = sizeof(t), .policy = SCHED_OTHER, .flags = 1, .nice = getpriority(PRIO_PROCESS, 0), .runtime = 100000};
	(void)syscall(SYS_sched_setattr, 0, &t, 0);
}

static double clock_s(clockid_t clock)
{
	struct timespec t;
	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* But a command that keeps it busy, by making files without end, must not stop the machine by that: then the runner is one of many, for
 * good. */
struct haste {
	double since, cpu;
	bool over;
};

static void no_haste(struct haste *h)
{
	double now = clock_s(CLOCK_MONOTONIC), cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID);
	if (h->over)
		return;
	if (now - h->since > 0.5) {
		h->since = now;
		h->cpu = cpu;
	} else if (cpu - h->cpu > 0.2) {
		const struct turns t = {.size = sizeof(t), .policy = SCHED_OTHER, .flags = 1};
		h->over = true;
		(void)syscall(SYS_sched_setattr, 0, &t, 0);
	}
}

static int enter_user_namespace(struct run *r, struct err *err)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	/* Who may not is no root of the machine, and keeps them as any person does. */
	if (uid == 0 && setgroups(0, NULL) < 0 && errno != EPERM)
		return err_sys(err, -errno, "cannot drop groups");
	/* Where user namespaces are allowed and their capabilities are not (AppArmor on Ubuntu), the second of these fails, and so both. */
	if (unshare(CLONE_NEWUSER | CLONE_NEWUTS | (r->spec->network == SANDBOX_NET_GATE ? CLONE_NEWNET : 0)) < 0) {
		int e = -errno, why = probe_namespaces("a confined command needs", err);
		return why < 0 ? why : err_sys(err, e, "cannot make namespaces");
	}
	const struct sandbox_ids *ids = &r->spec->ids;
	int e = process_map_ids("self", ids->set ? ids->uid : uid, ids->set ? ids->gid : gid, uid, gid);
	if (e < 0)
		return err_sys(err, e, "cannot map the person into a user namespace");
	/* A second wall, should the filter of system calls have a hole: none below this one. */
	(void)process_put("/proc/sys/user/max_user_namespaces", "0");
	return 0;
}

static pid_t start_first(struct run *r)
{
	const unsigned long all = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP;
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD | (r->alone ? 0 : all), 0, 0, 0, 0);
	if (pid == 0)
		first_process(r);
	return pid;
}

/* It is in the network namespace, and in the machine's mounts, but begins only when it is wanted: to load all that it needs takes longer
 * than the tree and a short command together, and most short commands send nothing. */
_Noreturn static void become_gate(const struct run *r, int outer)
{
	char go;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)close(r->begin[1]);
	(void)close(r->knock);
	/* To read and write frames, to listen on all ports, to shut itself into an empty root. */
	if (read(r->begin[0], &go, 1) != 1 ||
	        process_keep_capabilities(1u << CAP_NET_RAW | 1u << CAP_NET_ADMIN | 1u << CAP_NET_BIND_SERVICE | 1u << CAP_SYS_CHROOT) < 0)
		_exit(1);
	process_become_role("gate", r->fds->exe, r->fds->control, outer, false);
}

static int start_network(struct run *r, pid_t first, pid_t *gate, struct err *err)
{
	const struct sandbox_spec *s = r->spec;
	struct netlink *n = NULL;
	if (s->network != SANDBOX_NET_GATE)
		return 0;
	int e = netlink_open(&n);
	if (e < 0)
		return err_sys(err, e, "cannot speak with the kernel about networks");
	e = network_far(s->ipv4 ? s->ipv4 : SANDBOX_IPV4, false, n, err);
	e = e < 0 ? e : network_link(s->mac ? s->mac : DEFAULT_MAC, false, n, first, err);
	netlink_close(n);
	/* Before the command can say anything: it need not wait for the gate, because what it says does. */
	_cleanup_fd_ int outer = -1;
	if (e == 0 && ((e = packet_open("outer", &outer)) < 0 || (e = packet_knock("outer", &r->knock)) < 0))
		err_sys(err, e, "cannot hear what the command sends");
	if (e < 0)
		return e;
	if (pipe2(r->begin, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "cannot start the gate");
	*gate = fork();
	if (*gate == 0)
		become_gate(r, outer);
	(void)close(r->fds->control);
	(void)close(r->begin[0]);
	return *gate < 0 ? err_sys(err, -errno, "cannot start the gate") : 0;
}

/* What it sends waits in the gate's socket. */
static void begin_gate(struct run *r)
{
	const struct sandbox_note n = {.kind = NOTE_GATE};
	(void)!fd_pass(r->fds->talk, &n, sizeof(n), -1);
	(void)!write(r->begin[1], "g", 1);
	(void)close(r->begin[1]);
	fd_closep(&r->knock);
}

/* Until the first process has ended, and then the gate. */
static void wait_for_end(struct run *r, struct watch *w, pid_t first, pid_t gate)
{
	struct sandbox_note over = {.kind = NOTE_OVER};
	struct haste haste = {0};
	struct err err = {0};
	int ended = (int)syscall(SYS_pidfd_open, first, 0), gone = gate > 0 ? (int)syscall(SYS_pidfd_open, gate, 0) : -1;
	double since = clock_s(CLOCK_MONOTONIC);
	for (;;) {
		struct pollfd p[] = {{.fd = ended, .events = POLLIN}, {.fd = r->fds->life, .events = POLLIN},
		        {.fd = w ? watch_fd(w) : -1, .events = POLLIN}, {.fd = gone, .events = POLLIN}, {.fd = r->knock, .events = POLLIN}};
		int left = r->knock < 0 ? -1 : (int)(SANDBOX_GATE_MS - (clock_s(CLOCK_MONOTONIC) - since) * 1000);
		int n = r->knock >= 0 && left <= 0 ? 0 : poll(p, ARRAY_LEN(p), left);
		if (n == 0 && r->knock >= 0)
			begin_gate(r);
		if (n <= 0)
			continue;
		/* First what is not to be seen. */
		if (p[2].revents & POLLIN) {
			watch_read(w);
			no_haste(&haste);
		}
		if (p[1].revents)
			_exit(0);
		if (p[0].revents)
			break;
		/* Before the command has: then nobody answers it any more. */
		if (p[3].revents)
			fail(r, (err_set(&err, -ECHILD, "the gate has gone"), &err));
		if (p[4].revents)
			begin_gate(r);
	}
	(void)waitpid(first, NULL, 0);
	if (w)
		watch_end(w);
	if (r->temporary[0])
		(void)path_remove(AT_FDCWD, r->temporary);
	cgroup_remove(&r->cgroup);
	(void)!fd_pass(r->fds->talk, &over, sizeof(over), -1);
	if (gate <= 0)
		return;
	struct pollfd p[] = {{.fd = gone, .events = POLLIN}, {.fd = r->fds->life, .events = POLLIN}};
	/* One that never began has nothing to say. */
	if (r->knock < 0)
		(void)poll(p, ARRAY_LEN(p), GATE_MS);
	(void)kill(gate, SIGKILL);
	(void)waitpid(gate, NULL, 0);
}

static void with_namespaces(struct run *r, struct watch **w, pid_t *first, pid_t *gate, struct err *err)
{
	char path[48];
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/mnt", *first);
	/* Before it closes itself to all others. */
	_cleanup_fd_ int mounts = open(path, O_RDONLY | O_CLOEXEC);
	int e = start_network(r, *first, gate, err);
	if (e == 0 && !say(r->pair[0], 'n'))
		e = err_set(err, -ECANCELED, "the first process went away");
	/* While the first process makes the tree. */
	e = e < 0 ? e : watch_new(r->plan, on_appeared, r, w, err);
	char tree = e < 0 ? 0 : hear(r->pair[0]);
	if (tree == 'q')
		tree = say(r->pair[0], pid_max() == r->pid_max ? 'y' : 'n') ? hear(r->pair[0]) : 0;
	if (e == 0 && !tree) {
		/* It has said why. */
		(void)waitpid(*first, NULL, 0);
		_exit(1);
	}
	r->limited = tree == 'p';
	if (e == 0 && r->root && !r->limited && !r->cgroup.processes) {
		/* Root's processes are not counted otherwise. This waits for all processors, so only where it must be. */
		cgroup_remove(&r->cgroup);
		cgroup_make(&r->cgroup, processes_max(r->spec), r->spec->limits.memory_bytes);
		e = cgroup_enter(&r->cgroup, *first);
		if (e < 0)
			err_sys(err, e, "cannot enter a control group");
	}
	if (e == 0 && (mounts < 0 || setns(mounts, CLONE_NEWNS) < 0))
		e = err_sys(err, -errno, "cannot enter the command's mounts");
	e = e < 0 ? e : watch_apply(*w, err);
	if (e < 0)
		fail(r, err);
	r->level.covered = watch_covered(*w);
	r->level.unwatched = watch_unwatched(*w);
	r->level.secrets = true;
	r->level.watched = watch_fd(*w) >= 0 && r->level.unwatched == 0;
}

_Noreturn void sandbox_run(const struct sandbox_spec *spec, bool exec, const struct sandbox_fds *fds)
{
	static struct tree_plan plan;
	struct run r = {.spec = spec, .fds = fds, .exec = exec, .root = geteuid() == 0, .plan = &plan, .knock = -1};
	struct err err = {0};
	struct watch *w = NULL;
	pid_t first = -1, gate = -1;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)prctl(PR_SET_NAME, "postern-sandbox", 0, 0, 0);
	/* What is typed at the terminal is for the supervisor, which passes it on. */
	(void)setpgid(0, 0);
	for (int i = 1; i < NSIG; i++)
		(void)signal(i, i == SIGPIPE ? SIG_IGN : SIG_DFL);
	close_others(&r);
	bool quick = be_quick();
	int e = tree_plan(spec, &plan, &err);
	if (e == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, r.pair) < 0)
		e = err_sys(&err, -errno, "cannot make a socket");
	if (e < 0)
		fail(&r, &err);
	r.level.landlock = landlock_abi();
	if (r.level.landlock == 0 && !spec->best_effort)
		fail(&r, (err_set(&err, -EOPNOTSUPP,
		                  "this kernel has no Landlock (boot it with landlock among its lsm=, or allow a best effort)"),
		                 &err));
	r.pid_max = pid_max();
	cgroup_make(&r.cgroup, spec->limits.processes, spec->limits.memory_bytes);
	e = enter_user_namespace(&r, &err);
	if (e < 0 && !spec->best_effort)
		fail(&r, &err);
	r.alone = e < 0;
	if (r.alone && (spec->network == SANDBOX_NET_GATE || r.level.landlock == 0))
		fail(&r, (err_set(&err, -EOPNOTSUPP, "without user namespaces (%s) %s", strerror(-e),
		                  r.level.landlock ? "no network can be led through the gate"
		                                   : "and without Landlock nothing can be confined"),
		                 &err));
	if (r.alone && (spec->n_moves || spec->own_etc || spec->machine || spec->ids.set || spec->hostname))
		fail(&r, (err_set(&err, -EOPNOTSUPP, "without user namespaces (%s) no other identity can be shown", strerror(-e)), &err));
	if (r.alone) {
		(void)snprintf(r.temporary, sizeof(r.temporary), "/tmp/postern-XXXXXX");
		if (!mkdtemp(r.temporary))
			fail(&r, (err_sys(&err, -errno, "cannot make a folder in /tmp"), &err));
	}
	first = start_first(&r);
	if (first < 0)
		fail(&r, (err_sys(&err, -errno, "cannot make the command's namespaces"), &err));
	(void)close(r.pair[1]);
	e = cgroup_enter(&r.cgroup, first);
	if (e < 0)
		fail(&r, (err_sys(&err, e, "cannot enter a control group"), &err));
	if (!r.alone)
		with_namespaces(&r, &w, &first, &gate, &err);
	bool ns = !r.alone;
	r.level.user_ns = r.level.mount_ns = r.level.pid_ns = r.level.net_ns = r.level.ipc_ns = r.level.uts_ns = r.level.cgroup_ns = ns;
	r.level.process_limit = r.cgroup.processes || r.limited || (ns && !r.root);
	r.level.cgroup = r.cgroup.processes || r.cgroup.memory;
	r.level.no_caps = r.level.no_new_privs = r.level.seccomp = true;
	r.level.exec = exec;
	sandbox_level_words(&r.level);
	bool sweep = r.cgroup.processes || r.cgroup.memory || r.temporary[0] || (w && watch_sweeps(w));
	struct sandbox_note n = {.kind = NOTE_READY, .level = r.level, .sweep = sweep};
	(void)!fd_pass(fds->talk, &n, sizeof(n), -1);
	int given[] = {spec->in, spec->out, spec->errout, fds->start};
	for (size_t i = 0; i < ARRAY_LEN(given); i++)
		if (given[i] > 2)
			(void)close(given[i]);
	if (!quick)
		take_short_turns();
	wait_for_end(&r, w, first, gate);
	_exit(0);
}
