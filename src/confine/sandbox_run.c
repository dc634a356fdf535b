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
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "confine/cgroup.h"
#include "confine/netlink.h"
#include "confine/network.h"
#include "confine/process.h"
#include "confine/sandbox_calls.h"
#include "confine/sandbox_watch.h"

#define DEFAULT_MAC       "02:16:3e:5a:10:0f"
#define DEFAULT_PROCESSES 4096
/* For the gate to say what it still has, after the command's end. */
#define GATE_MS 5000

union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

int sandbox_note_send(int talk, const struct sandbox_note *n, int fd)
{
	union control control = {0};
	struct iovec v = {(void *)(uintptr_t)n, sizeof(*n)};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	if (fd >= 0) {
		m.msg_control = control.bytes;
		m.msg_controllen = sizeof(control.bytes);
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	ssize_t sent;
	do
		sent = sendmsg(talk, &m, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* What all of the processes know. */
struct run {
	const struct sandbox_spec *spec;
	const struct sandbox_fds *fds;
	bool exec, alone; /* alone: without namespaces */
	struct tree_plan *plan;
	struct sandbox_level level;
	struct cgroup cgroup;
	int pair[2]; /* runner, first process */
};

_Noreturn static void fail(const struct run *r, const struct err *err)
{
	struct sandbox_note n = {.kind = NOTE_FAILED, .err = *err};
	(void)sandbox_note_send(r->fds->talk, &n, -1);
	_exit(1);
}

static double now_s(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* One byte over the pair of runner and first process: false when the other has gone. */
static bool say(int fd, char word)
{
	return send(fd, &word, 1, MSG_NOSIGNAL) == 1;
}

static bool hear(int fd, char word)
{
	char got = 0;
	ssize_t n;
	do
		n = recv(fd, &got, 1, 0);
	while (n < 0 && errno == EINTR);
	return n == 1 && got == word;
}

/* ---- the command ---- */

static unsigned processes_max(const struct sandbox_spec *s)
{
	return s->limits.processes ? s->limits.processes : DEFAULT_PROCESSES;
}

static int limits(const struct run *r, struct err *err)
{
	const struct sandbox_limits *l = &r->spec->limits;
	int e = process_limit(RLIMIT_CORE, 0, err);
	/* Counted in the user namespace, so of this run alone (Linux 5.14). Without one it would count all of the person's. */
	if (e == 0 && !r->alone)
		e = process_limit(RLIMIT_NPROC, processes_max(r->spec), err);
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
		e = e < 0 ? e : landlock_enforce(l, err);
	}
	if (e < 0)
		return e;
	const struct sandbox_calls_options o = {.exec = r->exec, .no_network = r->alone, .debuggers = r->spec->debuggers};
	int listener = sandbox_calls_install(&o);
	if (listener < 0)
		return err_sys(err, listener,
		        listener == -EBUSY ? "cannot watch what is executed: this process is watched in the same way already"
		                           : "cannot install the system call filter");
	if (r->exec) {
		struct sandbox_note n = {.kind = NOTE_LISTENER};
		e = sandbox_note_send(r->fds->talk, &n, listener);
		/* The command must not have it: it would answer itself. */
		(void)close(listener);
	}
	return e < 0 ? err_sys(err, e, "cannot hand over the listener") : 0;
}

static int own_descriptors(const struct run *r)
{
	const struct sandbox_spec *s = r->spec;
	/* Above all that will be closed, in case they are 0 to 2 in another order. */
	int from[3] = {s->in, s->out, s->errout}, talk = r->fds->talk;
	for (size_t i = 0; i < ARRAY_LEN(from); i++)
		if (from[i] < 3 && (from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 10)) < 0)
			return -errno;
	(void)setsid();
	if (s->terminal && ioctl(from[0], TIOCSCTTY, 0) < 0)
		return -errno;
	for (int i = 0; i < 3; i++)
		if (dup2(from[i], i) < 0)
			return -errno;
	/* The socket is closed by the execution, everything else now. */
	if (dup2(talk, 3) < 0 || fcntl(3, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return close_range(4, ~0u, 0) < 0 ? -errno : 0;
}

_Noreturn static void become_command(struct run *r)
{
	struct err err = {0};
	sigset_t none;
	(void)sigemptyset(&none);
	int e = own_descriptors(r);
	struct sandbox_fds fds = {.talk = 3};
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
		(void)execvpe(r->spec->argv[0], r->spec->argv, r->spec->env);
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
		return network_near(r->spec->ipv4 ? r->spec->ipv4 : SANDBOX_IPV4, err);
	int e = netlink_open(&n);
	e = e < 0 ? e : netlink_up(n, "lo", 0);
	netlink_close(n);
	return e < 0 ? err_sys(err, e, "cannot set the loopback interface up") : 0;
}

static int prepare(struct run *r, struct err *err)
{
	const char *name = r->spec->hostname;
	int e = 0;
	if (!r->alone) {
		e = tree_build(r->plan, err);
		if (e == 0 && name && sethostname(name, strlen(name)) < 0)
			e = err_sys(err, -errno, "cannot set the host name %s", name);
		if (e == 0 && !hear(r->pair[1], 'n'))
			e = err_set(err, -ECANCELED, "the runner went away");
		e = e < 0 ? e : near_network(r, err);
		/* The runner covers secrets now. */
		if (e == 0 && (!say(r->pair[1], 't') || !hear(r->pair[1], 'r')))
			e = err_set(err, -ECANCELED, "the runner went away");
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
	(void)close(r->pair[1]);
	struct sandbox_order order = {.sig = -1};
	while (order.sig != 0) {
		ssize_t n = recv(r->fds->talk, &order, sizeof(order), 0);
		if (n == 0 || (n < 0 && errno != EINTR))
			_exit(0);
	}
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	int children = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	double start = now_s();
	pid_t tool = fork();
	if (tool == 0)
		become_command(r);
	if (tool < 0 || children < 0)
		fail(r, (err_sys(&err, -errno, "cannot start the command"), &err));
	/* Whoever reads what it writes must see the end when it has gone. */
	int given[] = {r->spec->in, r->spec->out, r->spec->errout};
	for (size_t i = 0; i < ARRAY_LEN(given); i++)
		if (given[i] != r->fds->talk)
			(void)close(given[i]);
	mind(r, tool, children, &h);
	struct sandbox_note n = {.kind = NOTE_ENDED, .status = h.ended ? h.status : SIGKILL};
	n.wall_s = now_s() - start;
	n.left_running = h.ended ? count_left() : 0;
	kill_all(r, tool);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	struct rusage all;
	(void)getrusage(RUSAGE_CHILDREN, &all);
	n.cpu_s = (double)(all.ru_utime.tv_sec + all.ru_stime.tv_sec) + (double)(all.ru_utime.tv_usec + all.ru_stime.tv_usec) / 1e6;
	n.max_rss_kb = (uint64_t)all.ru_maxrss;
	(void)sandbox_note_send(r->fds->talk, &n, -1);
	_exit(0);
}

/* ---- the runner ---- */

static void on_appeared(void *arg, const char *path, const char *what)
{
	const struct run *r = arg;
	struct sandbox_note n = {.kind = NOTE_APPEARED};
	(void)snprintf(n.what, sizeof(n.what), "%s", what);
	(void)snprintf(n.path, sizeof(n.path), "%s", path);
	(void)sandbox_note_send(r->fds->talk, &n, -1);
}

/* Whatever else the supervisor has open is none of the sandbox's business. */
static void close_others(const struct run *r)
{
	int keep[] = {0, 1, 2, r->spec->in, r->spec->out, r->spec->errout, r->fds->talk, r->fds->life, r->fds->control, r->fds->exe};
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

static int enter_user_namespace(struct run *r, struct err *err)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	if (uid == 0 && setgroups(0, NULL) < 0)
		return err_sys(err, -errno, "cannot drop groups");
	if (unshare(CLONE_NEWUSER | (r->spec->network == SANDBOX_NET_GATE ? CLONE_NEWNET : 0)) < 0)
		return err_sys(err, -errno, "cannot make namespaces");
	int e = process_map_ids("self", uid, gid, uid, gid);
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

static int start_network(struct run *r, pid_t first, pid_t *gate, struct err *err)
{
	const struct sandbox_spec *s = r->spec;
	struct netlink *n = NULL;
	if (s->network != SANDBOX_NET_GATE)
		return 0;
	int e = netlink_open(&n);
	if (e < 0)
		return err_sys(err, e, "cannot speak with the kernel about networks");
	e = network_far(s->ipv4 ? s->ipv4 : SANDBOX_IPV4, n, err);
	e = e < 0 ? e : network_link(s->mac ? s->mac : DEFAULT_MAC, n, first, err);
	netlink_close(n);
	if (e < 0)
		return e;
	*gate = fork();
	/* To read and write frames, to listen on all ports, to shut itself into an empty root. */
	if (*gate == 0 &&
	        process_keep_capabilities(1u << CAP_NET_RAW | 1u << CAP_NET_ADMIN | 1u << CAP_NET_BIND_SERVICE | 1u << CAP_SYS_CHROOT) < 0)
		_exit(1);
	if (*gate == 0)
		process_become_role("gate", r->fds->exe, r->fds->control);
	(void)close(r->fds->control);
	return *gate < 0 ? err_sys(err, -errno, "cannot start the gate") : 0;
}

static int enter_mounts(pid_t first, struct err *err)
{
	char path[48];
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/mnt", first);
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 || setns(fd, CLONE_NEWNS) < 0 ? err_sys(err, -errno, "cannot enter the command's mounts") : 0;
}

/* Until the first process has ended, and then the gate. */
static void wait_for_end(struct run *r, struct watch *w, pid_t first, pid_t gate)
{
	struct sandbox_note over = {.kind = NOTE_OVER};
	struct err err = {0};
	int ended = (int)syscall(SYS_pidfd_open, first, 0), gone = gate > 0 ? (int)syscall(SYS_pidfd_open, gate, 0) : -1;
	for (;;) {
		struct pollfd p[] = {{.fd = ended, .events = POLLIN}, {.fd = r->fds->life, .events = POLLIN},
		        {.fd = w ? watch_fd(w) : -1, .events = POLLIN}, {.fd = gone, .events = POLLIN}};
		if (poll(p, ARRAY_LEN(p), -1) < 0)
			continue;
		/* First what is not to be seen. */
		if (p[2].revents & POLLIN)
			watch_read(w);
		if (p[1].revents)
			_exit(0);
		if (p[0].revents)
			break;
		/* Before the command has: then nobody answers it any more. */
		if (p[3].revents)
			fail(r, (err_set(&err, -ECHILD, "the gate has ended"), &err));
	}
	(void)waitpid(first, NULL, 0);
	if (w)
		watch_end(w);
	cgroup_remove(&r->cgroup);
	if (gate > 0) {
		struct pollfd p[] = {{.fd = gone, .events = POLLIN}, {.fd = r->fds->life, .events = POLLIN}};
		(void)poll(p, ARRAY_LEN(p), GATE_MS);
		(void)kill(gate, SIGKILL);
		(void)waitpid(gate, NULL, 0);
	}
	(void)sandbox_note_send(r->fds->talk, &over, -1);
}

static void with_namespaces(struct run *r, struct watch **w, pid_t *first, pid_t *gate, struct err *err)
{
	int e = start_network(r, *first, gate, err);
	if (e == 0 && !say(r->pair[0], 'n'))
		e = err_set(err, -ECANCELED, "the first process went away");
	/* While the first process makes the tree. */
	e = e < 0 ? e : watch_new(r->plan, on_appeared, r, w, err);
	if (e == 0 && !hear(r->pair[0], 't')) {
		/* It has said why. */
		(void)waitpid(*first, NULL, 0);
		_exit(1);
	}
	e = e < 0 ? e : enter_mounts(*first, err);
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
	struct run r = {.spec = spec, .fds = fds, .exec = exec, .plan = &plan};
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
	/* Root's processes are not counted otherwise. */
	cgroup_make(&r.cgroup, spec->limits.processes || geteuid() == 0 ? processes_max(spec) : 0, spec->limits.memory_bytes);
	e = enter_user_namespace(&r, &err);
	if (e < 0 && !spec->best_effort)
		fail(&r, &err);
	r.alone = e < 0;
	if (r.alone && (spec->network == SANDBOX_NET_GATE || r.level.landlock == 0))
		fail(&r, (err_set(&err, -EOPNOTSUPP, "without user namespaces (%s) %s", strerror(-e),
		                  r.level.landlock ? "no network can be led through the gate"
		                                   : "and without Landlock nothing can be confined"),
		                 &err));
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
	r.level.process_limit = r.cgroup.processes || (ns && geteuid() != 0);
	r.level.cgroup = r.cgroup.processes || r.cgroup.memory;
	r.level.no_caps = r.level.no_new_privs = r.level.seccomp = true;
	r.level.exec = exec;
	sandbox_level_words(&r.level);
	struct sandbox_note n = {.kind = NOTE_READY, .level = r.level};
	(void)sandbox_note_send(fds->talk, &n, -1);
	if (ns)
		(void)say(r.pair[0], 'r');
	int given[] = {spec->in, spec->out, spec->errout};
	for (size_t i = 0; i < ARRAY_LEN(given); i++)
		if (given[i] > 2)
			(void)close(given[i]);
	wait_for_end(&r, w, first, gate);
	_exit(0);
}
