/* Other processes, terminals, and the ways by which processes speak. */
#include "attack.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define MARK "escape-mark"

/* A process of the person, outside: its number there. Inside that number may be nobody, or one of ours. */
static pid_t victim(void)
{
	return (pid_t)strtol(attack_env("VICTIM"), NULL, 10);
}

enum other { KILL, KILL_ALL, TKILL, SIGQUEUE, PIDFD, ATTACH, SEIZE, READV, PRIORITY, PRIORITY_USER, AFFINITY, PRLIMIT, SCHEDULER, SETPGID, GETFD, OWNER, IOPRIO, SESSION };
static enum verdict other(const void *arg)
{
	pid_t v = victim();
	struct rlimit l = {100, 100};
	struct sched_param sp = {0};
	char b[8];
	struct iovec local = {b, 8}, remote = {(void *)(uintptr_t)0x400000, 8};
	cpu_set_t set;
	if (v <= 0)
		return attack_note(NOT_TRIED, "the runner has no such process");
	switch (*(const enum other *)arg) {
	case KILL:
		return attack_result(kill(v, 0));
	case KILL_ALL:
		/* To everybody whom we may reach. Our own would end too: it is tried by one that nobody misses, and only where it matters. */
		if (attack_bare)
			return attack_note(NOT_TRIED, "without a sandbox that would be everybody");
		/* One that ends nobody who does not ask for it. */
		(void)kill(-1, SIGURG);
		return attack_look(attack_env("VICTIM_SAYS"), "URG");
	case TKILL:
		return attack_result(syscall(SYS_tkill, v, 0));
	case SIGQUEUE:
		return attack_result(sigqueue(v, 0, (union sigval){0}));
	case PIDFD: {
		int fd = (int)syscall(SYS_pidfd_open, v, 0);
		return attack_result(fd < 0 ? -1 : syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
	}
	case ATTACH:
		return attack_result(ptrace(PTRACE_ATTACH, v, 0, 0));
	case SEIZE:
		return attack_result(ptrace(PTRACE_SEIZE, v, 0, 0));
	case READV:
		return process_vm_readv(v, &local, 1, &remote, 1, 0) >= 0 || errno == EFAULT ? ESCAPED : attack_note(HELD, "%s", strerror(errno));
	case PRIORITY:
		return attack_result(setpriority(PRIO_PROCESS, (id_t)v, 5));
	case PRIORITY_USER:
		if (attack_bare)
			return attack_note(NOT_TRIED, "without a sandbox that would be everybody");
		(void)setpriority(PRIO_USER, getuid(), 7);
		return attack_look(attack_env("VICTIM_SAYS"), "nice 7");
	case AFFINITY:
		return attack_result(sched_getaffinity(v, sizeof(set), &set) < 0 ? -1 : sched_setaffinity(v, sizeof(set), &set));
	case PRLIMIT:
		return attack_result(prlimit(v, RLIMIT_NPROC, NULL, &l));
	case SCHEDULER:
		return attack_result(sched_setscheduler(v, SCHED_BATCH, &sp));
	case SETPGID:
		return attack_result(getpgid(v));
	case GETFD: {
		int fd = (int)syscall(SYS_pidfd_open, v, 0);
		return attack_result(fd < 0 ? -1 : syscall(438, fd, 0, 0));
	}
	case OWNER: {
		int s[2];
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) < 0)
			return NOT_TRIED;
		return attack_result(fcntl(s[0], F_SETOWN, v));
	}
	case IOPRIO:
		return attack_result(syscall(SYS_ioprio_set, 1, v, (2 << 13) | 4));
	case SESSION:
		return attack_result(getsid(v));
	}
	return NOT_TRIED;
}

static enum verdict parent(const void *arg)
{
	/* Up from process to process: nobody of outside is there. */
	char path[64], b[4096];
	(void)arg;
	for (int pid = 1; pid < 65536; pid++) {
		(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
		int fd = open(path, O_RDONLY);
		if (fd < 0)
			continue;
		ssize_t n = read(fd, b, sizeof(b) - 1);
		(void)close(fd);
		if (n > 0 && memmem(b, (size_t)n, "escape-victim", 13))
			return attack_note(ESCAPED, "%s", path);
	}
	return HELD;
}

static enum verdict orphan(const void *arg)
{
	/* One that leaves its session and its parent, and would go on after us. The runner looks for its traces later. */
	char path[4096];
	(void)snprintf(path, sizeof(path), "%s", attack_path("${PROJECT}/orphan"));
	if (attack_bare)
		return attack_note(NOT_TRIED, "without a sandbox it would stay");
	if (fork() == 0) {
		if (arg)
			(void)setsid();
		if (fork() == 0) {
			(void)prctl(PR_SET_NAME, "escape-orphan");
			for (int fd = 0; fd < 64; fd++)
				(void)close(fd);
			(void)signal(SIGTERM, SIG_IGN);
			(void)signal(SIGHUP, SIG_IGN);
			(void)signal(SIGINT, SIG_IGN);
			for (int i = 0; i < 600; i++) {
				(void)sleep(1);
			}
		}
		_exit(0);
	}
	return attack_look(attack_env("LEFT_OVER"), "escape-orphan");
}

static enum verdict bomb(const void *arg)
{
	/* As many processes as there may be, up to one more than the policy of the test says (300); they end with us. */
	int n = 0;
	(void)arg;
	if (attack_bare)
		return attack_note(NOT_TRIED, "without a sandbox there would be no limit");
	(void)setpgid(0, 0);
	for (; n < 400; n++) {
		pid_t pid = fork();
		if (pid < 0)
			break;
		if (pid == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			(void)alarm(5);
			for (;;)
				(void)pause();
		}
	}
	(void)signal(SIGTERM, SIG_IGN);
	int e = errno;
	(void)kill(0, SIGTERM);
	while (wait(NULL) > 0)
		;
	return attack_note(n >= 400 ? ESCAPED : HELD, "%d processes: %s", n, strerror(e));
}

static enum verdict big_file(const void *arg)
{
	(void)arg;
	/* Own temporary files have a bound: asked for, not filled. */
	int fd = open("/tmp/escape-big", O_RDWR | O_CREAT, 0600);
	if (attack_bare)
		return attack_note(NOT_TRIED, "without a sandbox it would be the disk");
	int r = fallocate(fd, 0, 0, (off_t)64 << 30);
	int e = errno;
	(void)unlink("/tmp/escape-big");
	return r == 0 ? ESCAPED : attack_note(HELD, "%s", strerror(e));
}

static enum verdict mlocked(const void *arg)
{
	(void)arg;
	struct rlimit l;
	(void)getrlimit(RLIMIT_MEMLOCK, &l);
	if (attack_bare)
		return NOT_TRIED;
	return l.rlim_max == RLIM_INFINITY ? attack_note(ESCAPED, "memory may be locked without a limit") : attack_note(HELD, "%llu KiB", (unsigned long long)l.rlim_max / 1024);
}

static enum verdict real_time(const void *arg)
{
	struct sched_param sp = {.sched_priority = 10};
	(void)arg;
	return attack_result(sched_setscheduler(0, SCHED_FIFO, &sp));
}
static enum verdict faster(const void *arg)
{
	(void)arg;
	return attack_result(setpriority(PRIO_PROCESS, 0, -10));
}
static enum verdict become_root(const void *arg)
{
	(void)arg;
	/* Somebody else: a user that is not ours. */
	uid_t who = getuid() == 65534 ? 65533 : 65534;
	return attack_result(setresuid(who, who, who));
}
static enum verdict set_user_id(const void *arg)
{
	/* Programs with a set-user-id bit: the bit has no effect. Only told where there is one and we are somebody. */
	static const char *const names[] = {"/usr/bin/su", "/bin/su", "/usr/bin/passwd", "/usr/bin/sudo"};
	(void)arg;
	char text[1024] = "";
	if (getuid() == 0)
		return attack_note(NOT_TRIED, "as root it shows nothing");
	for (size_t i = 0; i < COUNT(names); i++) {
		struct stat st;
		if (stat(names[i], &st) < 0 || !(st.st_mode & S_ISUID))
			continue;
		pid_t pid = fork();
		if (pid == 0) {
			(void)!freopen("/dev/null", "w", stdout);
			(void)execl(names[i], names[i], "--help", NULL);
			_exit(9);
		}
		(void)waitpid(pid, NULL, 0);
		(void)snprintf(text, sizeof(text), "%s", names[i]);
	}
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? attack_note(HELD, "%s gains nothing: no new privileges", text) : ESCAPED;
}

/* Terminals. */
static enum verdict terminal_input(const void *arg)
{
	/* Types into the terminal that we were started from. Its slave may be ours (then it is the sandbox's own). */
	static const char text[] = MARK "\n";
	const unsigned long request = *(const unsigned long *)arg;
	int fd = open("/dev/tty", O_RDWR);
	if (fd < 0)
		fd = 0;
	if (request == TIOCSTI) {
		for (const char *c = text; *c; c++)
			if (ioctl(fd, TIOCSTI, c) < 0)
				return attack_note(HELD, "%s", strerror(errno));
		return attack_look(attack_env("TYPED"), MARK);
	}
	char sub = request == TIOCLINUX ? 2 : 0;
	return ioctl(fd, request, &sub) == 0 ? attack_note(ESCAPED, "it was done") : attack_note(HELD, "%s", strerror(errno));
}
static enum verdict other_terminals(const void *arg)
{
	/* Terminals of the person, by number. */
	char path[64];
	(void)arg;
	const char *of_person = attack_env("TERMINAL");
	if (of_person[0]) {
		int fd = open(of_person, O_WRONLY | O_NOCTTY);
		if (fd >= 0 && write(fd, MARK, sizeof(MARK) - 1) > 0)
			return attack_look(attack_env("TYPED"), MARK);
		return attack_note(HELD, "%s", strerror(errno));
	}
	for (int i = 0; i < 64; i++) {
		(void)snprintf(path, sizeof(path), "/dev/pts/%d", i);
		if (attack_bare ? false : access(path, F_OK) == 0 && i > 1)
			return attack_note(ESCAPED, "%s is there", path);
	}
	return HELD;
}

#define OTHER(name, feature, what, which, twin)                                                 \
	{                                                                                       \
		"process/" name, feature, what, other, &(const enum other){which}, benign_##twin \
	}
#define PROCESS(name, feature, what, fn, arg, twin)                      \
	{                                                                \
		"process/" name, feature, what, fn, arg, benign_##twin \
	}
static const struct attack_case process_cases[] = {
        OTHER("kill", "PID namespace", "a signal to a process outside", KILL, signal),
        OTHER("kill_all", "PID namespace", "a signal to everybody", KILL_ALL, signal),
        OTHER("tkill", "PID namespace", "the same to a thread", TKILL, signal),
        OTHER("sigqueue", "PID namespace", "the same with a value", SIGQUEUE, signal),
        OTHER("pidfd_signal", "PID namespace", "the same by a descriptor", PIDFD, signal),
        OTHER("ptrace", "PID namespace", "a process outside taken over", ATTACH, child),
        OTHER("seize", "PID namespace", "the same, quietly", SEIZE, child),
        OTHER("vm_readv", "PID namespace", "its memory", READV, mmap),
        OTHER("getfd", "PID namespace", "its descriptors", GETFD, socketpair),
        OTHER("priority", "PID namespace", "made slower", PRIORITY, limits),
        OTHER("priority_user", "PID namespace", "all of the person's made slower", PRIORITY_USER, limits),
        OTHER("affinity", "PID namespace", "moved to another processor", AFFINITY, affinity),
        OTHER("prlimit", "PID namespace", "its limits", PRLIMIT, limits),
        OTHER("scheduler", "PID namespace", "its scheduling", SCHEDULER, affinity),
        OTHER("getpgid", "PID namespace", "its group", SETPGID, child),
        OTHER("getsid", "PID namespace", "its session", SESSION, child),
        OTHER("owner", "PID namespace", "signals of a socket of ours", OWNER, socketpair),
        OTHER("ioprio", "PID namespace", "its turn at the disk", IOPRIO, file),
        PROCESS("seen", "PID namespace", "seen in /proc", parent, NULL, own_proc),
        PROCESS("orphan", "PID namespace", "one that stays: a grandchild", orphan, NULL, child),
        PROCESS("orphan_session", "PID namespace", "one that stays: in a session of its own", orphan, "x", child),
        PROCESS("bomb", "limits", "four hundred processes", bomb, NULL, many),
        PROCESS("big_file", "limits", "64 GiB of temporary files", big_file, NULL, tmp),
        PROCESS("mlock", "limits", "memory locked without a limit", mlocked, NULL, mmap),
        PROCESS("real_time", "capabilities", "scheduled before everybody", real_time, NULL, affinity),
        PROCESS("faster", "capabilities", "scheduled before others", faster, NULL, limits),
        PROCESS("other_user", "capabilities", "as another user", become_root, NULL, exec),
        PROCESS("set_user_id", "no_new_privs", "programs with a set-user-id bit", set_user_id, NULL, exec),
        PROCESS("TIOCSTI", "terminal", "typed for the person", terminal_input, &(const unsigned long){TIOCSTI}, pty),
        PROCESS("TIOCLINUX", "terminal", "selected and pasted on the console", terminal_input, &(const unsigned long){TIOCLINUX}, pty),
        PROCESS("TIOCSETD", "terminal", "another line discipline", terminal_input, &(const unsigned long){TIOCSETD}, pty),
        PROCESS("TIOCCONS", "terminal", "what goes to the console", terminal_input, &(const unsigned long){TIOCCONS}, pty),
        PROCESS("terminals", "devpts", "terminals of the person", other_terminals, NULL, pty),
};
const struct attack_family processes_family = {"processes", process_cases, COUNT(process_cases)};

/* ── IPC ── */

static enum verdict connect_unix(const char *path, bool abstract, int type)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type, 0);
	(void)snprintf(a.sun_path + abstract, sizeof(a.sun_path) - 1, "%s", path);
	socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + abstract + strlen(path) + !abstract);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, n) < 0)
		return attack_note(HELD, "%s", strerror(errno));
	return ESCAPED;
}
static enum verdict unix_path(const void *arg)
{
	return connect_unix(attack_path(arg), false, SOCK_STREAM);
}
static enum verdict unix_path_datagram(const void *arg)
{
	return connect_unix(attack_path(arg), false, SOCK_DGRAM);
}
static enum verdict unix_by_symlink(const void *arg)
{
	const char *to = "/tmp/escape-link.sock";
	(void)unlink(to);
	if (symlink(attack_path(arg), to) < 0)
		return attack_note(HELD, "%s", strerror(errno));
	return connect_unix(to, false, SOCK_STREAM);
}
static enum verdict unix_abstract(const void *arg)
{
	return connect_unix(attack_path(arg), true, SOCK_STREAM);
}
static enum verdict unix_abstract_datagram(const void *arg)
{
	return connect_unix(attack_path(arg), true, SOCK_DGRAM);
}
static enum verdict unix_taken(const void *arg)
{
	/* The name of a server of the person, taken by us: it would be asked next. */
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	const char *p = attack_path(arg);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", p);
	(void)unlink(p);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return attack_note(HELD, "%s", strerror(errno));
	return attack_look(attack_env("SOCKETS_MADE"), p);
}

static enum verdict inherited(const void *arg)
{
	/* Descriptors that were open where we were started: beyond the three, none. */
	char path[64], to[4096];
	(void)arg;
	for (int fd = 3; fd < 1024; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		ssize_t n = readlink(path, to, sizeof(to) - 1);
		to[n > 0 ? n : 0] = 0;
		/* Our own pipe to the one who counts. */
		if (strncmp(to, "pipe:", 5) == 0)
			continue;
		return attack_note(ESCAPED, "descriptor %d: %s", fd, to);
	}
	return HELD;
}
static enum verdict standard_folder(const void *arg)
{
	/* From standard descriptors upwards: what lies beside the file that we read or write. */
	char path[64];
	(void)arg;
	for (int fd = 0; fd < 3; fd++) {
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/../../canary", fd);
		if (access(path, F_OK) == 0)
			return ESCAPED;
		int dir = openat(fd, "..", O_RDONLY | O_DIRECTORY);
		if (dir >= 0)
			return attack_note(ESCAPED, "descriptor %d is a folder", fd);
	}
	return HELD;
}

static enum verdict shared_memory(const void *arg)
{
	(void)arg;
	int fd = shm_open(attack_env("SHM"), O_RDWR, 0);
	if (fd < 0)
		return attack_note(HELD, "%s", strerror(errno));
	return write(fd, MARK, sizeof(MARK)) > 0 ? ESCAPED : HELD;
}
static enum verdict sysv_memory(const void *arg)
{
	(void)arg;
	void *p = shmat((int)strtol(attack_env("SHMID"), NULL, 10), NULL, 0);
	return p != (void *)-1 ? ESCAPED : attack_note(HELD, "%s", strerror(errno));
}
static enum verdict sysv_key(const void *arg)
{
	(void)arg;
	int id = shmget(0x45534350, 0, 0);
	return id >= 0 ? ESCAPED : attack_note(HELD, "%s", strerror(errno));
}
static enum verdict sysv_list(const void *arg)
{
	/* Seen in the list of all. */
	char b[65536];
	(void)arg;
	if (!attack_read("/proc/sysvipc/shm", b, sizeof(b)))
		return attack_note(HELD, "%s", strerror(errno));
	return strchr(b, '\n') && strchr(b, '\n')[1] ? attack_note(ESCAPED, "%.60s", strchr(b, '\n') + 1) : HELD;
}
static enum verdict semaphores(const void *arg)
{
	(void)arg;
	return attack_result(semget(0x45534350, 0, 0));
}
static enum verdict queues(const void *arg)
{
	(void)arg;
	return attack_result(msgget(0x45534350, 0));
}
static enum verdict posix_queue(const void *arg)
{
	(void)arg;
	mqd_t q = mq_open("/escape-queue", O_RDWR);
	return attack_result(q);
}

#define IPC(name, feature, what, fn, arg, twin)                      \
	{                                                            \
		"ipc/" name, feature, what, fn, arg, benign_##twin \
	}
static const struct attack_case ipc_cases[] = {
        IPC("path", "path sockets", "a socket of the person, by its path", unix_path, "${OUTSIDE}/plain.sock", unix_path),
        IPC("path_variable", "path sockets", "the same, which a variable of the person names (SSH_AUTH_SOCK)", unix_path, "${OUTSIDE}/server.sock", unix_path),
        IPC("path_datagram", "path sockets", "the same for datagrams", unix_path_datagram, "${OUTSIDE}/datagram.sock", unix_path),
        IPC("path_symlink", "path sockets", "by a symbolic link", unix_by_symlink, "${OUTSIDE}/plain.sock", unix_path),
        IPC("path_project", "path sockets", "a socket of the person in the project", unix_path, "${PROJECT}/server.sock", unix_path),
        IPC("path_taken", "path sockets", "its place taken", unix_taken, "${OUTSIDE}/server.sock", unix_path),
        IPC("agent", "path sockets", "the key agent, in the home", unix_path, "${HOME}/.gnupg/S.gpg-agent", unix_path),
        IPC("docker", "path sockets", "the container service", unix_path, "/var/run/docker.sock", unix_path),
        IPC("containerd", "path sockets", "the same", unix_path, "/run/containerd/containerd.sock", unix_path),
        IPC("podman", "path sockets", "the same", unix_path, "/run/podman/podman.sock", unix_path),
        IPC("system_bus", "path sockets", "the system's bus", unix_path, "/run/dbus/system_bus_socket", unix_path),
        IPC("systemd", "path sockets", "the system's first process", unix_path, "/run/systemd/private", unix_path),
        IPC("notify", "path sockets", "the same", unix_path_datagram, "/run/systemd/notify", unix_path),
        IPC("journal", "path sockets", "the system's log", unix_path_datagram, "/dev/log", unix_path),
        IPC("x11", "path sockets", "the display", unix_path, "/tmp/.X11-unix/X0", unix_path),
        IPC("wayland", "path sockets", "the display", unix_path, "/run/user/0/wayland-0", unix_path),
        IPC("session_bus", "path sockets", "the session's bus", unix_path, "/run/user/0/bus", unix_path),
        IPC("snapd", "path sockets", "installs programs", unix_path, "/run/snapd.socket", unix_path),
        IPC("nscd", "path sockets", "names of users, from outside", unix_path, "/run/nscd/socket", unix_path),
        IPC("abstract", "abstract sockets", "a socket without a path", unix_abstract, "${ABSTRACT}", unix_abstract),
        IPC("abstract_datagram", "abstract sockets", "the same for datagrams", unix_abstract_datagram, "${ABSTRACT}-datagram", unix_abstract),
        IPC("abstract_x11", "abstract sockets", "the display", unix_abstract, "/tmp/.X11-unix/X0", unix_abstract),
        IPC("inherited", "descriptors", "descriptors that were left open", inherited, NULL, pipe),
        IPC("standard", "descriptors", "folders by standard descriptors", standard_folder, NULL, pipe),
        IPC("shm", "/dev/shm", "memory that the person's programs share", shared_memory, NULL, shm),
        IPC("sysv_shm", "IPC namespace", "the same of System V, by its number", sysv_memory, NULL, sysv),
        IPC("sysv_key", "IPC namespace", "the same by its key", sysv_key, NULL, sysv),
        IPC("sysv_list", "IPC namespace", "the list of them", sysv_list, NULL, sysv),
        IPC("sysv_sem", "IPC namespace", "semaphores", semaphores, NULL, sysv),
        IPC("sysv_msg", "IPC namespace", "messages", queues, NULL, sysv),
        IPC("mqueue", "IPC namespace", "messages of POSIX", posix_queue, NULL, pipe),
};
const struct attack_family ipc_family = {"ipc", ipc_cases, COUNT(ipc_cases)};
