/* A tool that tries to get out of a trial in every way it knows: escape_tool file=PATH secret=WORD port=N abstract=NAME pid=N host=IPv4.
 * Says on standard error what it managed, and last how many attempts came to nothing. No model request is made, so that the reason of
 * the verdict shows these words. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int number(const char *s)
{
	return (int)strtol(s, NULL, 10);
}

static unsigned failed_attempts, escapes;

__attribute__((format(printf, 2, 3))) static void attempt(int worked, const char *what, ...)
{
	va_list ap;
	if (!worked) {
		failed_attempts++;
		return;
	}
	escapes++;
	va_start(ap, what);
	(void)fprintf(stderr, "ESCAPED ");
	(void)vfprintf(stderr, what, ap);
	(void)fprintf(stderr, "; ");
	va_end(ap);
}

static const char *option(char **argv, const char *name)
{
	size_t n = strlen(name);
	for (; *argv; argv++)
		if (strncmp(*argv, name, n) == 0 && (*argv)[n] == '=')
			return *argv + n + 1;
	return "";
}

static int can_read(const char *path)
{
	char c;
	int fd = open(path, O_RDONLY | O_NONBLOCK);
	ssize_t n = fd >= 0 ? read(fd, &c, 1) : -1;
	(void)close(fd);
	return n > 0;
}

static int can_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_NONBLOCK);
	(void)close(fd);
	return fd >= 0;
}

static int can_make(const char *folder)
{
	char path[600];
	(void)snprintf(path, sizeof(path), "%s/escape", folder);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	(void)close(fd);
	return fd >= 0;
}

static int file_holds(const char *path, const char *word)
{
	static char bytes[1 << 20];
	int fd = open(path, O_RDONLY | O_NONBLOCK);
	ssize_t n = fd >= 0 ? read(fd, bytes, sizeof(bytes)) : -1;
	(void)close(fd);
	return n > 0 && memmem(bytes, (size_t)n, word, strlen(word)) != NULL;
}

static void files(char **argv)
{
	const char *file = option(argv, "file"), *secret = option(argv, "secret");
	char path[600];
	static const char *const unreadable[] = {"/etc/shadow", "/etc/sudoers", "/root/.bashrc", "/root/.ssh", "/dev/mem", "/dev/kmsg",
	        "/dev/kvm", "/dev/fuse", "/dev/net/tun", "/dev/sda", "/dev/vda", "/dev/loop-control", "/proc/kcore", "/proc/kmsg",
	        "/proc/1/mem", "/proc/1/environ", "/proc/sched_debug", "/sys/kernel/debug", "/sys/fs/bpf", "/sys/kernel/security/lockdown"};
	static const char *const unwritable[] = {"/etc/passwd", "/usr/bin/env", "/proc/sys/kernel/core_pattern",
	        "/proc/sys/kernel/hostname", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/randomize_va_space",
	        "/proc/sys/vm/overcommit_memory", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv4/ip_local_port_range",
	        "/proc/sys/user/max_user_namespaces", "/proc/sys/fs/file-max", "/proc/sysrq-trigger", "/proc/1/mem",
	        "/sys/kernel/uevent_helper", "/sys/power/state", "/dev/mem", "/dev/kmsg"};
	static const char *const folders[] = {"/", "/usr", "/usr/bin", "/etc", "/lib", "/opt", "/opt/tool1", "/dev", "/sys", "/proc",
	        "/var/lib", "/root", "/boot", "/sys/fs/cgroup", "/run"};
	attempt(can_read(file), "read %s", file);
	(void)snprintf(path, sizeof(path), "/proc/1/root%s", file);
	attempt(can_read(path), "read a file through the root of process 1");
	(void)snprintf(path, sizeof(path), "/proc/1/cwd/../../../../../..%s", file);
	attempt(can_read(path), "read a file through the folder of process 1");
	(void)snprintf(path, sizeof(path), "/../../..%s", file);
	attempt(can_read(path), "read a file above /");
	for (size_t i = 0; i < sizeof(unreadable) / sizeof(*unreadable); i++)
		attempt(can_read(unreadable[i]), "read %s", unreadable[i]);
	for (size_t i = 0; i < sizeof(unwritable) / sizeof(*unwritable); i++)
		attempt(can_write(unwritable[i]), "open %s for writing", unwritable[i]);
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		attempt(can_make(folders[i]), "make a file in %s", folders[i]);
	static const char *const maps[] = {"/proc/self/uid_map", "/proc/self/gid_map", "/proc/self/setgroups"};
	for (size_t i = 0; i < 3; i++) {
		int fd = open(maps[i], O_WRONLY);
		attempt(write(fd, i == 2 ? "allow" : "0 0 1", 5) == 5, "write to %s", maps[i]);
		(void)close(fd);
	}
	attempt(file_holds("/proc/1/comm", "postern") || file_holds("/proc/1/cmdline", "postern"), "see who runs the trial");
	attempt(unlink("/etc/hosts") == 0 || rename("/etc/passwd", "/etc/p") == 0, "change /etc");
	attempt(file_holds("/proc/keys", "keyring"), "see the caller's keys");
	DIR *d = opendir("/proc");
	for (struct dirent *e; d && (e = readdir(d));) {
		static const char *const parts[] = {"environ", "cmdline"};
		for (size_t k = 0; k < 2 && e->d_name[0] >= '1' && e->d_name[0] <= '9'; k++) {
			/* Its own arguments are given by the test. */
			if (k == 1 && number(e->d_name) == getpid())
				continue;
			(void)snprintf(path, sizeof(path), "/proc/%.20s/%s", e->d_name, parts[k]);
			attempt(file_holds(path, secret), "see the caller's secret in %s", path);
		}
	}
	if (d)
		(void)closedir(d);
	attempt(mknod("/tmp/device", S_IFBLK | 0600, makedev(254, 0)) == 0 || mknod("/tmp/device", S_IFCHR | 0600, makedev(1, 1)) == 0,
	        "make a device");
}

static void descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	for (struct dirent *e; d && (e = readdir(d));)
		if (e->d_name[0] != '.')
			attempt(number(e->d_name) > 2 && number(e->d_name) != dirfd(d), "hold descriptor %.20s", e->d_name);
	if (d)
		(void)closedir(d);
	struct stat st;
	for (int i = 0; i < 3; i++)
		attempt(fstat(i, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISSOCK(st.st_mode)),
		        "have a file or socket as descriptor %d", i);
}

/* 1: connected; what comes back within half a second is in reply. */
static int reach(int family, const char *address, uint16_t port, char reply[64])
{
	struct sockaddr_storage s = {.ss_family = (sa_family_t)family};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&s;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&s;
	v4->sin_port = htons(port);
	reply[0] = 0;
	if (inet_pton(family, address, family == AF_INET ? (void *)&v4->sin_addr : (void *)&v6->sin6_addr) != 1)
		return 0;
	int fd = socket(family, SOCK_STREAM, 0);
	struct timeval limit = {.tv_usec = 500000};
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	int r = connect(fd, (struct sockaddr *)&s, family == AF_INET ? sizeof(*v4) : sizeof(*v6)) == 0;
	if (r) {
		static const char get[] = "GET / HTTP/1.0\r\nHost: x.example\r\n\r\n";
		(void)!write(fd, get, sizeof(get) - 1);
		ssize_t n = read(fd, reply, 63);
		reply[n > 0 ? n : 0] = 0;
	}
	(void)close(fd);
	return r;
}

static void network(char **argv)
{
	const char *secret = option(argv, "secret"), *abstract = option(argv, "abstract"), *host = option(argv, "host");
	uint16_t port = (uint16_t)number(option(argv, "port"));
	char reply[64];
	static const char *const own[] = {"127.0.0.1", "127.0.0.53", "0.0.0.0", "127.255.255.254"};
	static const char *const public[] = {"169.254.169.254", "8.8.8.8", "10.0.0.1", "192.168.1.1", "172.17.0.1", "100.64.0.1"};
	static const char *const public6[] = {"2001:db8::1", "2606:4700::1111", "fd00:ec2::254", "::ffff:9.9.9.9"};
	for (size_t i = 0; i < 4; i++) {
		attempt(reach(AF_INET, own[i], port, reply), "reach the host's service at %s", own[i]);
		attempt(reach(AF_INET, own[i], 80, reply), "meet the world at %s", own[i]);
	}
	attempt(reach(AF_INET6, "::1", port, reply) || reach(AF_INET6, "::1", 80, reply), "reach something at ::1");
	attempt(reach(AF_INET, host, port, reply) && strstr(reply, secret), "reach the host's service at its own address");
	/* Every address but the own ones is the world: it takes the connection, and answers HTTP. */
	for (size_t i = 0; i < sizeof(public) / sizeof(*public); i++)
		attempt(!reach(AF_INET, public[i], i % 2 ? 80 : 8123, reply) || strncmp(reply, "HTTP/1.", 7) != 0, "miss the world at %s",
		        public[i]);
	for (size_t i = 0; i < sizeof(public6) / sizeof(*public6); i++)
		attempt(!reach(AF_INET6, public6[i], 80, reply) || strncmp(reply, "HTTP/1.", 7) != 0, "miss the world at %s", public6[i]);
	struct sockaddr_un u = {.sun_family = AF_UNIX};
	(void)snprintf(u.sun_path + 1, sizeof(u.sun_path) - 1, "%s", abstract);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	attempt(connect(fd, (struct sockaddr *)&u, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(abstract))) == 0,
	        "reach an abstract socket of the host");
	(void)close(fd);
	static const int families[] = {
	        AF_VSOCK, AF_PACKET, AF_ALG, AF_KEY, AF_BLUETOOTH, AF_CAN, AF_TIPC, AF_RDS, AF_X25, AF_NFC, AF_XDP, AF_SMC, AF_QIPCRTR};
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		attempt(socket(families[i], SOCK_STREAM, 0) >= 0 || socket(families[i], SOCK_DGRAM, 0) >= 0 ||
		                socket(families[i], SOCK_RAW, 0) >= 0 || socket(families[i], SOCK_SEQPACKET, 0) >= 0,
		        "make a socket of family %d", families[i]);
	attempt(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0 || socket(AF_INET6, SOCK_RAW, IPPROTO_RAW) >= 0, "make a raw socket");
	attempt(syscall(SYS_socket, (1L << 32) | AF_VSOCK, SOCK_STREAM, 0) >= 0, "make an AF_VSOCK socket with high bits set");
	fd = socket(AF_INET, SOCK_STREAM, 0);
	int mark = 1;
	attempt(setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == 0, "set a firewall mark");
	(void)close(fd);
}

static void processes(char **argv)
{
	pid_t outside = number(option(argv, "pid"));
	char byte;
	struct iovec mine = {&byte, 1}, theirs = {(void *)(uintptr_t)0x400000, 1};
	attempt(kill(outside, 0) == 0, "see the caller's process");
	(void)kill(1, SIGKILL);
	attempt(ptrace(PTRACE_ATTACH, 1, 0, 0) == 0 || ptrace(PTRACE_SEIZE, 1, 0, 0) == 0, "trace process 1");
	attempt(ptrace(PTRACE_ATTACH, outside, 0, 0) == 0, "trace the caller's process");
	attempt(process_vm_readv(1, &mine, 1, &theirs, 1, 0) == 1, "read the memory of process 1");
	attempt(syscall(SYS_kcmp, getpid(), 1, 0, 0, 0) >= 0, "compare with process 1");
	int pidfd = (int)syscall(SYS_pidfd_open, 1, 0);
	/* Among them is the one on which it answers system calls. */
	for (int fd = 0; fd < 32; fd++)
		attempt(pidfd >= 0 && syscall(SYS_pidfd_getfd, pidfd, fd, 0) >= 0, "take descriptor %d of process 1", fd);
	attempt(opendir("/proc/1/fd") != NULL, "see the descriptors of process 1");
	for (int fd = 0; fd < 32; fd++) {
		char path[32], target[64] = "";
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		attempt(readlink(path, target, sizeof(target) - 1) > 0 && strstr(target, "seccomp"), "answer system calls on descriptor %d", fd);
	}
	attempt(pidfd >= 0 && setns(pidfd, CLONE_NEWUSER | CLONE_NEWNS) == 0, "enter the namespaces of process 1");
	struct rlimit l = {RLIM_INFINITY, RLIM_INFINITY};
	attempt(setrlimit(RLIMIT_NPROC, &l) == 0 || setrlimit(RLIMIT_FSIZE, &l) == 0 || setrlimit(RLIMIT_NOFILE, &l) == 0 ||
	                setrlimit(RLIMIT_CORE, &l) == 0,
	        "raise a limit");
	attempt(prlimit(1, RLIMIT_NPROC, &l, NULL) == 0, "change the limits of process 1");
	attempt(setpriority(PRIO_PROCESS, 0, -5) == 0, "become more important");
	struct sched_param p = {.sched_priority = 1};
	attempt(sched_setscheduler(0, SCHED_FIFO, &p) == 0, "run in real time");
}

static int in_child(int (*fn)(void))
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0)
		_exit(fn() ? 7 : 0);
	(void)waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 7;
}

static int many_namespaces(void)
{
	static const int flags[] = {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWCGROUP,
	        CLONE_NEWUSER | CLONE_NEWNET};
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (unshare(flags[i]) == 0)
			return 1;
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		long pid = syscall(SYS_clone, SIGCHLD | flags[i], 0, 0, 0, 0);
		if (pid == 0)
			_exit(0);
		if (pid > 0)
			return 1;
	}
	uint64_t args[11] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
	long pid = syscall(SYS_clone3, args, sizeof(args));
	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static int become_root(void)
{
	return setuid(0) == 0 || setgid(0) == 0 || setresuid(0, 0, 0) == 0;
}

static int change_root(void)
{
	return chroot("/tmp") == 0 || syscall(SYS_pivot_root, "/tmp", "/tmp") == 0;
}

#ifdef __x86_64__
/* getpid, by its 32-bit number: in a child, as a kernel without them ends whoever tries. */
static int call_32_bits(void)
{
	long r = 20;
	__asm__ volatile("int $0x80" : "+a"(r) : : "memory");
	return r > 0;
}
#endif

static void kernel(void)
{
	char area[256] = {0};
	attempt(in_child(many_namespaces), "make a namespace");
	attempt(in_child(become_root), "become root");
	attempt(in_child(change_root), "change the root");
	attempt(mount("tmpfs", "/tmp", "tmpfs", 0, NULL) == 0, "mount");
	attempt(mount("/", "/tmp", NULL, MS_BIND | MS_REC, NULL) == 0, "bind");
	attempt(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL) == 0, "remount /");
	attempt(umount2("/proc/cpuinfo", MNT_DETACH) == 0 || umount2("/sys", MNT_DETACH) == 0, "uncover what is mounted over");
	attempt(syscall(SYS_fsopen, "tmpfs", 0) >= 0 || syscall(SYS_open_tree, AT_FDCWD, "/", 1) >= 0, "use the new mount calls");
	attempt(syscall(SYS_bpf, 5, area, 120) >= 0 || errno != EPERM, "call bpf");
	attempt(syscall(SYS_io_uring_setup, 4, area) >= 0, "make an io_uring");
	attempt(syscall(SYS_perf_event_open, area, 0, -1, -1, 0) >= 0, "count events");
	attempt(syscall(SYS_userfaultfd, 0) >= 0 || syscall(SYS_userfaultfd, 1) >= 0, "handle page faults");
	attempt(syscall(SYS_keyctl, 0, -3, 1) >= 0 || syscall(SYS_add_key, "user", "x", "y", 1, -3) >= 0 ||
	                syscall(SYS_request_key, "user", "x", 0, 0) >= 0,
	        "use keys");
	attempt(syscall(SYS_init_module, area, 8, "") == 0 || errno != EPERM, "load a module");
	attempt(syscall(SYS_kexec_load, 0, 0, 0, 0) == 0 || errno != EPERM, "load a kernel");
	attempt(syscall(SYS_syslog, 3, area, sizeof(area)) >= 0, "read the kernel's log");
	attempt(syscall(SYS_open_by_handle_at, AT_FDCWD, area, 0) >= 0 || errno != EPERM, "open by handle");
	attempt(sethostname("x", 1) == 0, "change the host name");
	struct timespec now = {0};
	attempt(clock_settime(CLOCK_REALTIME, &now) == 0, "set the clock");
	attempt(syscall(SYS_reboot, 0xfee1dead, 672274793, 0, NULL) == 0, "reboot");
	attempt(syscall(SYS_swapon, "/tmp/x", 0) == 0, "swap");
	attempt(syscall(SYS_acct, "/tmp/x") == 0, "account");
	attempt(syscall(SYS_iopl, 3) == 0, "reach ports");
	attempt(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1, "gain privileges by exec");
	attempt(prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) != 0, "have capabilities in the bounding set");
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct have[2] = {{0}, {0}};
	(void)syscall(SYS_capget, &head, have);
	attempt(have[0].permitted || have[0].effective || have[0].inheritable || have[1].permitted, "have capabilities");
	for (size_t i = 0; i < 2; i++)
		have[i].permitted = have[i].effective = ~0u;
	attempt(syscall(SYS_capset, &head, have) == 0, "take capabilities");
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	char c = 'x';
	attempt(ioctl(0, TIOCSTI, &c) == 0 || ioctl(master, TIOCSTI, &c) == 0 || errno != EPERM, "push input into a terminal");
	attempt(syscall(SYS_ioctl, master, (1UL << 32) | TIOCSTI, &c) == 0 || errno != EPERM,
	        "push input into a terminal with high bits set");
	attempt(ioctl(master, TIOCLINUX, &c) == 0 || errno != EPERM, "use the console's commands");
#ifdef __x86_64__
	/* 32-bit and x32 getpid: other numbers, so the rules would not meet them. */
	attempt(in_child(call_32_bits), "make 32-bit system calls");
	attempt(syscall(0x40000000 | SYS_getpid) > 0, "make x32 system calls");
#endif
}

int main(int argc, char **argv)
{
	(void)argc;
	/* Some of it would do harm where it works. */
	if (geteuid() == 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) {
		(void)fprintf(stderr, "escape_tool: only inside of a trial");
		return 2;
	}
	static const char *const needed[] = {"file", "secret", "port", "abstract", "pid", "host"};
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (!*option(argv, needed[i])) {
			(void)fprintf(stderr, "escape_tool: wants %s=", needed[i]);
			return 2;
		}
	(void)signal(SIGSYS, SIG_IGN);
	files(argv);
	descriptors();
	network(argv);
	processes(argv);
	kernel();
	(void)fprintf(stderr, "escape: %u attempts came to nothing, %u did not", failed_attempts, escapes);
	return escapes ? 1 : 0;
}
