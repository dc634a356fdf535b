#include "confine/trial_run.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "confine/calls.h"
#include "confine/calls_filter.h"
#include "confine/filter.h"
#include "confine/hosttree.h"
#include "confine/machine.h"
#include "confine/netlink.h"
#include "confine/network.h"
#include "confine/observe.h"
#include "confine/process.h"
#include "confine/written.h"

/* The tool's owner as the kernel sees it when Postern runs as root: a number that no account has, another for each trial. */
#define LONE_UID_BASE 1879048192u
/* Where a nested sandbox has a folder of its own. */
#define NEST_PROC "/run/lock"
/* Far above what a trial needs to start, below what a person would wait for. */
#define SETUP_SECONDS 20

static double seconds_of(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now_s(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double usage_s(const struct rusage *u)
{
	return seconds_of(u->ru_utime) + seconds_of(u->ru_stime);
}

_Noreturn static void fail(const struct trial_fds *fds, const struct err *err)
{
	struct trial_status s = {.end = TRIAL_FAILED, .err = *err};
	(void)!write(fds->status, &s, sizeof(s));
	_exit(1);
}

/* ---- the first process of the tool's namespaces ---- */

struct first {
	const struct trial_spec *spec;
	const struct trial_fds *fds;
	int go; /* read end: the runner has mapped the ids and made the network */
	int go_writer;
	/* Known once it has prepared itself. */
	int stat_file;       /* what the tool sees as /proc/stat */
	bool own_clock;      /* the synthetic host's uptime */
	int64_t boot_offset; /* seconds to be added to CLOCK_BOOTTIME for the tool's */
	int64_t mono_offset; /* the same of CLOCK_MONOTONIC */
	struct noise *noise;
	int give; /* the tool's end of a socket, for calls_give() */
};

static int limits(const struct trial_limits *l, struct err *err)
{
	int r = process_limit(RLIMIT_CORE, 0, err);
	r = r < 0 ? r : process_limit(RLIMIT_NPROC, l->processes, err);
	r = r < 0 ? r : process_limit(RLIMIT_FSIZE, l->disk_bytes, err);
	r = r < 0 ? r : process_limit(RLIMIT_NOFILE, 8192, err);
	r = r < 0 ? r : process_limit(RLIMIT_MEMLOCK, 64 << 20, err);
	r = r < 0 ? r : process_limit(RLIMIT_SIGPENDING, MACHINE_SIGNALS_MAX, err);
	/* If the machine runs out of memory, the tool is what goes first. */
	(void)process_put("/proc/self/oom_score_adj", "1000");
	return r;
}

/* A smaller machine is a smaller one; that of a larger one is left to confine/calls.h. */
static int some_cpus(unsigned n)
{
	cpu_set_t all, few;
	if (n == 0 || sched_getaffinity(0, sizeof(all), &all) < 0)
		return 0;
	CPU_ZERO(&few);
	for (size_t i = 0; i < CPU_SETSIZE && n; i++)
		if (CPU_ISSET(i, &all)) {
			CPU_SET(i, &few);
			n--;
		}
	return sched_setaffinity(0, sizeof(few), &few) < 0 ? -errno : 0;
}

/* In the tool's process, between fork and exec. Errors are told on stderr, which is the tool's: exit code 127 as a shell does. */
_Noreturn static void become_tool(const struct first *f, int terminal)
{
	const struct host_spec *h = f->spec->host;
	struct err err = {0};
	sigset_t none;
	(void)sigemptyset(&none);
	(void)setsid();
	if (terminal >= 0) {
		(void)ioctl(terminal, TIOCSCTTY, 0);
		if (dup2(terminal, 0) < 0 || dup2(terminal, 1) < 0 || dup2(terminal, 2) < 0)
			_exit(126);
	} else if (dup2(f->fds->input, 0) < 0 || dup2(f->fds->out, 1) < 0 || dup2(f->fds->errout, 2) < 0) {
		_exit(126);
	}
	if (dup2(f->give, 3) < 0)
		_exit(126);
	(void)close_range(4, ~0u, 0);
	int r = some_cpus(h->cpus);
	r = r < 0 ? r : limits(&f->spec->limits, &err);
	r = r < 0 ? r : chdir(h->project) < 0 ? err_sys(&err, -errno, "cannot enter %s", h->project) : 0;
	(void)umask(022);
	r = r < 0 ? r : process_drop_privileges(&err);
	if (r == 0 && !f->spec->nest) {
		r = filter_install();
		if (r < 0)
			err_sys(&err, r, "cannot install the system call filter");
	}
	if (r < 0) {
		(void)dprintf(2, "postern: %s\n", err.text);
		_exit(126);
	}
	/* There can be one listener, and then what it runs has its own. */
	if (f->spec->nest)
		(void)close(3);
	else
		calls_give(3, CALLS_MACHINE | (f->noise->spec.fixed ? CALLS_DRAWS : 0) | (f->noise->spec.clock ? CALLS_CALENDAR : 0));
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* An ignored signal stays ignored over exec: the tool must find all as a login shell leaves them. */
	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL);
	noise_fix_addresses(&f->noise->spec);
	char *env[HOST_ENV_MAX + 1];
	for (size_t i = 0; i < h->n_env; i++)
		env[i] = (char *)(uintptr_t)h->env[i];
	env[h->n_env] = NULL;
	const char *path = host_env_get(h, "PATH");
	/* execvpe() looks PATH up in the caller's environment. */
	if (setenv("PATH", path ? path : "/usr/bin:/bin", 1) == 0)
		(void)execvpe(f->spec->argv[0], f->spec->argv, env);
	(void)dprintf(2, "postern: cannot run %s: %s\n", f->spec->argv[0], strerror(errno));
	_exit(127);
}

struct harvest {
	int status; /* of the tool's own process */
	bool ended;
	bool none; /* nothing of it is left */
};

static void reap(struct harvest *h, pid_t tool)
{
	for (;;) {
		int status;
		struct rusage u;
		pid_t pid = wait4(-1, &status, WNOHANG, &u);
		if (pid <= 0) {
			h->none = pid < 0 && errno == ECHILD;
			return;
		}
		if (pid == tool) {
			h->status = status;
			h->ended = true;
		}
	}
}

/* A process of ours that only waits from here on gives back the memory that it has from the vetting process: the more trials have been
 * analysed, the more that is. Nothing may be allocated or read from the heap after this. */
static void forget_heap(void)
{
	char text[8192];
	unsigned long begin = 0, end = 0;
	_cleanup_fd_ int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	ssize_t n = 0, got;
	while (fd >= 0 && (got = read(fd, text + n, sizeof(text) - 1 - (size_t)n)) > 0)
		n += got;
	text[n] = 0;
	char *line = strstr(text, "[heap]");
	while (line && line > text && line[-1] != '\n')
		line--;
	if (line && sscanf(line, "%lx-%lx", &begin, &end) == 2)
		(void)madvise((void *)(uintptr_t)begin, end - begin, MADV_DONTNEED);
}

/* Of all that /proc of the trial shows, but this one. Without opendir(), which allocates. */
static unsigned count_processes(void)
{
	struct entry {
		uint64_t inode, offset;
		unsigned short size;
		unsigned char type;
		char name[];
	};
	_Alignas(struct entry) char bytes[8192];
	unsigned n = 0;
	long got;
	_cleanup_fd_ int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (fd >= 0 && (got = syscall(SYS_getdents64, fd, bytes, sizeof(bytes))) > 0)
		for (long at = 0; at < got;) {
			const struct entry *e = (const struct entry *)(const void *)(bytes + at);
			n += e->name[0] >= '1' && e->name[0] <= '9' && strcmp(e->name, "1") != 0;
			at += e->size;
		}
	return n;
}

/* A program with windows of text asks a terminal where its cursor is and what it can do, and some wait for the answer: XTerm Control
 * Sequences, DSR and DA. */
static void answer_queries(int terminal, const char *said, size_t n)
{
	static const struct {
		const char *query, *answer;
	} queries[] = {{"\033[6n", "\033[1;1R"}, {"\033[c", "\033[?62;22c"}, {"\033[0c", "\033[?62;22c"}, {"\033[5n", "\033[0n"}};
	for (size_t i = 0; i < ARRAY_LEN(queries); i++)
		if (memmem(said, n, queries[i].query, strlen(queries[i].query)))
			(void)!write(terminal, queries[i].answer, strlen(queries[i].answer));
}

/* Copies what the terminal says to the output pipe. False at its end. */
static bool relay(int from, int to)
{
	char bytes[16384];
	ssize_t n = read(from, bytes, sizeof(bytes));
	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN);
	answer_queries(from, bytes, (size_t)n);
	(void)!write(to, bytes, (size_t)n);
	return true;
}

static int open_terminal(int *master, struct err *err)
{
	int m = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK); /* nobody may read what is answered */
	char name[64];
	int zero = 0, number = 0;
	if (m < 0 || ioctl(m, TIOCSPTLCK, &zero) < 0 || ioctl(m, TIOCGPTN, &number) < 0)
		return err_sys(err, -errno, "cannot make a terminal inside the trial");
	(void)snprintf(name, sizeof(name), "/dev/pts/%d", number);
	struct winsize size = {.ws_row = 40, .ws_col = 120};
	(void)ioctl(m, TIOCSWINSZ, &size);
	int s = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (s < 0)
		return err_sys(err, -errno, "cannot open the terminal inside the trial");
	*master = m;
	return s;
}

/* A time namespace in which the synthetic host is up for as long as it says, for processes to be forked. All that counts from the start of
 * the machine is then the tool's own: the clocks, /proc/uptime, the start times of processes. Without one (Linux before 5.6, or built
 * without) the real machine's is seen. */
static void own_clock(struct first *f)
{
	struct timespec t;
	if (unshare(CLONE_NEWTIME) < 0 || clock_gettime(CLOCK_BOOTTIME, &t) < 0)
		return;
	int64_t boot = MACHINE_UPTIME_S - (int64_t)t.tv_sec;
	if (clock_gettime(CLOCK_MONOTONIC, &t) < 0)
		return;
	int64_t mono = MACHINE_UPTIME_S - (int64_t)t.tv_sec;
	/* Both at once: the file takes one write. */
	if (process_put("/proc/self/timens_offsets", "monotonic %lld 0\nboottime %lld 0\n", (long long)mono, (long long)boot) < 0)
		return;
	f->boot_offset = boot;
	f->mono_offset = mono;
	f->own_clock = true;
}

static int prepare_first(struct first *f, struct err *err)
{
	const struct host_spec *h = f->spec->host;
	char go;
	/* Until ids change, which clears it. The runner's end of the pipe must be the only one, or its death would not be seen. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)close(f->go_writer);
	if (read(f->go, &go, 1) != 1)
		return err_set(err, -ECANCELED, "the trial's runner went away");
	if (setresgid(h->gid, h->gid, h->gid) < 0 || setresuid(h->uid, h->uid, h->uid) < 0)
		return err_sys(err, -errno, "cannot become the person of the trial");
	/* Changing ids cleared both. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return err_sys(err, -errno, "cannot tie the trial's life to its runner");
	if (sethostname(h->hostname, strlen(h->hostname)) < 0)
		return err_sys(err, -errno, "cannot set the host name %s", h->hostname);
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return err_sys(err, -errno, "cannot mount /proc inside the trial (is part of the real /proc covered, as in a container?)");
	/* A procfs can only be mounted where one is visible in full already, and this one will be covered in parts. */
	if (f->spec->nest && mount("proc", NEST_PROC, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return err_sys(err, -errno, "cannot mount a second /proc inside the trial");
	/* Process numbers that count the tool's own commands would look as if what makes it run one more decided them. */
	uint16_t n = 0;
	if (!noise_draw(&f->spec->noise, "process", &n, sizeof(n)))
		(void)!getrandom(&n, sizeof(n), 0);
	(void)process_put("/proc/sys/kernel/ns_last_pid", "%u", 400u + n % 28000u);
	int r = network_near(h->ipv4, true, err);
	if (r == 0)
		process_hide_command_line("/sbin/init");
	(void)prctl(PR_SET_NAME, "init", 0, 0, 0);
	own_clock(f);
	r = r < 0 ? r : hosttree_cover_proc(&f->stat_file, err);
	if (r == 0 && mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620") < 0)
		r = err_sys(err, -errno, "cannot mount /dev/pts inside the trial");
	return r;
}

/* The counters grow, or whoever measures how busy the machine is divides by nothing. */
static void refresh_stat(const struct first *f, const struct calls *calls)
{
	static char text[1 << 16];
	struct timespec t;
	if (f->stat_file < 0 || !f->own_clock || clock_gettime(CLOCK_BOOTTIME, &t) < 0)
		return;
	double up = (double)(t.tv_sec + f->boot_offset) + (double)t.tv_nsec / 1e9;
	size_t n = machine_stat(text, sizeof(text), calls->cpus, up, noise_now(f->noise) / 1000000000 - (int64_t)up);
	/* That of a machine with a thousand CPUs stays as it is. */
	if (n < sizeof(text))
		(void)!pwrite(f->stat_file, text, n, 0);
}

/* Until the tool ends, its time is over, or somebody stops it. Nothing that the tool does keeps this from looking at the clock. */
static enum trial_end watch(
        const struct first *f, struct calls *calls, pid_t tool, int children, int *master, double end, struct harvest *got)
{
	double refresh = 0, linger = f->spec->observe.linger_ms / 1000.0, ended = 0;
	while (!got->ended || (!got->none && now_s() < ended + linger)) {
		struct pollfd p[5 + OBSERVE_POLLS] = {{.fd = children, .events = POLLIN}, {.fd = f->fds->stop, .events = POLLIN},
		        {.fd = *master, .events = POLLIN}, {.fd = calls->fd, .events = POLLIN}, {.fd = f->noise->poll, .events = POLLIN}};
		int soon;
		size_t eyes = observe_polls(p + 5, OBSERVE_POLLS, &soon);
		double now = now_s(), left = end - now;
		if (got->ended)
			left = ended + linger - now;
		else if (left <= 0)
			return TRIAL_TIMEOUT;
		if (now >= refresh) {
			refresh_stat(f, calls);
			refresh = now + 1;
		}
		int wait = left > 1 ? 1000 : (int)(left * 1000) + 1;
		/* A negative descriptor is none. */
		if (poll(p, 5 + eyes, soon >= 0 && soon < wait ? soon : wait) < 0)
			continue;
		observe_polled(p + 5, eyes);
		if (p[1].revents)
			return got->ended ? TRIAL_EXITED : TRIAL_STOPPED;
		if (p[2].revents && !relay(*master, f->fds->out))
			*master = -1;
		if (p[3].revents)
			calls_answer(calls);
		if (p[4].revents)
			noise_fill(f->noise);
		struct signalfd_siginfo info;
		while (p[0].revents && read(children, &info, sizeof(info)) > 0)
			;
		bool before = got->ended;
		if (p[0].revents)
			reap(got, tool);
		if (got->ended && !before)
			ended = now_s();
	}
	return TRIAL_EXITED;
}

_Noreturn static void first_process(struct first *f)
{
	static struct calls calls;
	static struct noise noise;
	struct trial_status s = {.end = TRIAL_FAILED};
	static char home[1024], project[1024];
	struct harvest got = {0};
	struct timespec since;
	int master = -1, slave = -1, talk[2];
	int r = prepare_first(f, &s.err);
	if (r == 0 && f->spec->terminal) {
		slave = open_terminal(&master, &s.err);
		r = slave < 0 ? slave : 0;
	}
	if (r == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, talk) < 0)
		r = err_sys(&s.err, -errno, "cannot make a socket");
	if (r < 0)
		fail(f->fds, &s.err);
	char ready;
	if (read(f->fds->stop, &ready, 1) != 1) {
		s.end = TRIAL_STOPPED;
		(void)!write(f->fds->status, &s, sizeof(s));
		_exit(0);
	}
	sigset_t set;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	int children = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	f->noise = &noise;
	noise_prepare(&noise, f->spec->nest ? &(struct noise_spec){0} : &f->spec->noise, f->mono_offset);
	s.started_unix = noise_now(&noise) / 1000000000;
	observe_begin(f->spec);
	(void)clock_gettime(CLOCK_REALTIME_COARSE, &since);
	(void)snprintf(home, sizeof(home), "%s", f->spec->host->home);
	(void)snprintf(project, sizeof(project), "%s", f->spec->host->project);
	bool look = !f->spec->nest;
	int files = f->fds->files;
	double start = now_s(), end = start + f->spec->limits.seconds;
	f->give = talk[1];
	pid_t tool = fork();
	if (tool == 0)
		become_tool(f, slave);
	if (tool < 0 || children < 0) {
		r = err_sys(&s.err, -errno, "cannot start the tool");
		fail(f->fds, &s.err);
	}
	(void)close(talk[1]);
	if (f->spec->nest) {
		calls.fd = -1;
		calls.cpus = machine_cpus(f->spec->host);
		(void)close(talk[0]);
	} else {
		calls_take(&calls, f->spec->host, &noise, tool, talk[0], f->boot_offset);
	}
	/* It looks at files in the tool's place, and must not see more of them. */
	if (noise.spec.clock)
		(void)!process_lower_capabilities(UINT64_C(1) << CAP_DAC_OVERRIDE | UINT64_C(1) << CAP_DAC_READ_SEARCH);
	s.calls = calls.fd >= 0;
	observe_calls(s.calls);
	s.clock = f->own_clock;
	if (slave >= 0)
		(void)close(slave);
	forget_heap();
	/* Of this process the tool sees what it may see of one of another user's. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* Their other ends must see the end of file when the tool has gone, not when this process has. */
	if (master < 0)
		(void)close(f->fds->out);
	(void)close(f->fds->errout);
	s.end = (int32_t)watch(f, &calls, tool, children, &master, end, &got);
	s.wall_s = now_s() - start;
	s.fixed = s.calls && noise_fixed(&noise);
	s.calendar = s.calls && noise_clock(&noise);
	s.draws = noise.draws;
	s.left_running = s.end == TRIAL_EXITED ? count_processes() : 0;
	if (s.left_running)
		observe_left();
	(void)kill(-1, SIGKILL);
	int others;
	while (waitpid(-1, &others, 0) > 0 || errno == EINTR)
		;
	struct rusage all, own;
	(void)getrusage(RUSAGE_CHILDREN, &all);
	(void)getrusage(RUSAGE_SELF, &own);
	observe_end(f->fds->seen);
	s.tool_cpu_s = usage_s(&all);
	s.own_cpu_s = usage_s(&own);
	const char *const roots[] = {home, project, NULL};
	s.files_cut = look && !written_collect(roots, since, files);
	while (master >= 0) {
		struct pollfd p = {.fd = master, .events = POLLIN};
		if (poll(&p, 1, 0) <= 0 || !(p.revents & POLLIN) || !relay(master, f->fds->out))
			break;
	}
	if (s.end == TRIAL_EXITED) {
		s.end = WIFSIGNALED(got.status) ? TRIAL_SIGNAL : TRIAL_EXITED;
		s.code = WIFSIGNALED(got.status) ? WTERMSIG(got.status) : WEXITSTATUS(got.status);
	}
	(void)!write(f->fds->status, &s, sizeof(s));
	_exit(0);
}

/* ---- the runner ---- */

static pid_t clone_first(struct first *f)
{
	pid_t pid = (pid_t)syscall(SYS_clone,
	        SIGCHLD | CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP, 0, 0,
	        0, 0);
	if (pid == 0)
		first_process(f);
	return pid;
}

/* The maps of a namespace made by root must be written from outside: by a child that stays behind. */
static int map_from_outside(uid_t outside, struct err *err)
{
	int ready[2], status = 0;
	char pid[16], c = 0;
	(void)snprintf(pid, sizeof(pid), "%d", getpid());
	if (pipe2(ready, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "cannot make a pipe");
	pid_t helper = fork();
	if (helper == 0) {
		(void)close(ready[1]);
		_exit(read(ready[0], &c, 1) == 1 && process_map_ids(pid, 0, 0, outside, outside) == 0 ? 0 : 1);
	}
	(void)close(ready[0]);
	int r = helper < 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) < 0 ? err_sys(err, -errno, "cannot make namespaces") : 0;
	if (r == 0)
		(void)!write(ready[1], "g", 1);
	(void)close(ready[1]);
	if (helper > 0 && waitpid(helper, &status, 0) == helper && status != 0 && r == 0)
		r = err_set(err, -EPERM, "cannot map the user of the trial into its namespace");
	return r;
}

/* After this the process is root of a user namespace in which the only user is, outside, either the caller or (when the caller is root) a
 * number that no account has: root's own number would open root's files in /proc/sys, capabilities or not. */
static int enter_world(const struct trial_spec *spec, struct hosttree_mounts **mounts, struct err *err)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	bool root = uid == 0;
	if (root && setgroups(0, NULL) < 0)
		return err_sys(err, -errno, "cannot drop groups");
	if (unshare(root ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) < 0)
		return err_sys(err, -errno, "cannot make namespaces");
	int r = root ? 0 : process_map_ids("self", 0, 0, uid, gid);
	if (r < 0)
		return err_sys(err, r, "cannot map the user into its namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(err, -errno, "cannot make mounts private");
	r = hosttree_take(spec->mounts, spec->n_mounts, mounts, err);
	if (r < 0 || !root)
		return r;
	r = map_from_outside(LONE_UID_BASE + (uint32_t)getpid() % 65536u, err);
	if (r == 0 && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
		r = err_sys(err, -errno, "cannot become the lone user of the trial");
	/* The change of user made /proc/<pid> root's; the maps of the tool's namespace are written there. */
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return r;
}

_Noreturn void trial_run(const struct trial_spec *spec, const struct trial_fds *fds)
{
	struct err err = {0};
	struct netlink *n = NULL;
	int go[2];
	struct hosttree_mounts *mounts = NULL;
	struct first f = {.spec = spec, .fds = fds, .stat_file = -1, .give = -1};
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)prctl(PR_SET_NAME, "postern-trial", 0, 0, 0);
	/* Ctrl-C at the terminal is for the vetting side, which then stops its trials in order. */
	(void)setpgid(0, 0);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)alarm(SETUP_SECONDS + spec->limits.seconds + 10);
	if (pipe2(go, O_CLOEXEC) < 0)
		fail(fds, (err_sys(&err, -errno, "cannot make a pipe"), &err));
	f.go = go[0];
	f.go_writer = go[1];
	int r = enter_world(spec, &mounts, &err);
	r = r < 0 ? r : netlink_open(&n);
	r = r < 0 ? r : network_far(spec->host->ipv4, true, n, &err);
	r = r < 0 ? r : hosttree_enter(spec->host, mounts, spec->limits.disk_bytes, &err);
	hosttree_mounts_free(mounts);
	if (r < 0)
		fail(fds, &err);
	pid_t first = clone_first(&f);
	if (first < 0)
		fail(fds, (err_sys(&err, -errno, "cannot make the tool's namespaces"), &err));
	char name[16];
	(void)snprintf(name, sizeof(name), "%d", first);
	/* Through the old /proc, which the new root still shows. */
	r = process_map_ids(name, spec->host->uid, spec->host->gid, 0, 0);
	if (r < 0)
		err_sys(&err, r, "cannot map the person of the trial");
	r = r < 0 ? r : network_link(spec->host->mac, true, n, first, &err);
	if (r < 0)
		fail(fds, &err);
	netlink_close(n);
	pid_t world = fork();
	if (world == 0)
		process_become_role("world", fds->exe, fds->control, -1, false);
	(void)!write(go[1], "g", 1);
	(void)close(fds->out);
	(void)close(fds->errout);
	(void)close(fds->control);
	(void)close(fds->input);
	(void)close(fds->seen);
	(void)close(go[1]);
	forget_heap();
	int status;
	while (waitpid(first, &status, 0) < 0 && errno == EINTR)
		;
	/* The world ends at the end of file on its socket, which the vetting side gives when it has heard of the tool's end. */
	struct rusage world_usage = {0}, own;
	while (wait4(world, &status, 0, &world_usage) < 0 && errno == EINTR)
		;
	(void)getrusage(RUSAGE_SELF, &own);
	struct trial_usage u = {.own_cpu_s = usage_s(&world_usage) + usage_s(&own),
	        .own_rss_kb = (uint64_t)(world_usage.ru_maxrss > own.ru_maxrss ? world_usage.ru_maxrss : own.ru_maxrss)};
	(void)!write(fds->status, &u, sizeof(u));
	_exit(0);
}
