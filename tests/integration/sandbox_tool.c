/* Inside a sandbox: what the kernel answers. sandbox_tool calls | debug: each call that must be refused, and its twin that must work. Says what was
 * otherwise, one a line; code 0 if nothing was.
 * sandbox_tool swap ALLOWED REFUSED N: executes the first N times, while a thread exchanges the path for the other.
 * sandbox_tool mark FILE: if its own file is called "other", appends "begun", waits a second, appends "went on".
 * sandbox_tool fexec FILE | memfd FILE: executes it by descriptor, or a copy in memory.
 * sandbox_tool race FILE WORD SECONDS: opens the file without end; says how often, and how many microseconds together, it could read the word.
 * sandbox_tool fresh FOLDER N: the same for .env.1 to .env.N in their turn, as they appear. */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int bad;

static void refused(const char *what, long r, int with)
{
	if (r >= 0 || (with && errno != with)) {
		(void)printf("%s: %ld %s, not %s\n", what, r, r < 0 ? strerror(errno) : "", with ? strerror(with) : "an error");
		bad = 1;
	}
}

static void works(const char *what, long r)
{
	if (r < 0) {
		(void)printf("%s: %s\n", what, strerror(errno));
		bad = 1;
	}
}

static void *thread(void *arg)
{
	return arg;
}

static void sockets(void)
{
	static const int families[] = {AF_PACKET, AF_VSOCK, AF_ALG, AF_RDS, AF_TIPC, AF_KCM, AF_RXRPC, AF_KEY, AF_BLUETOOTH, AF_CAN, AF_XDP, AF_NFC, AF_X25};
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		refused("socket of a strange family", socket(families[i], SOCK_DGRAM, 0), EAFNOSUPPORT);
	/* With something in the upper half, which the kernel does not look at. */
	refused("socket(AF_VSOCK) in another form", syscall(SYS_socket, 0x100000000l | AF_VSOCK, SOCK_STREAM, 0), EAFNOSUPPORT);
	refused("raw socket", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), 0);
	refused("ping socket", socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), EPROTONOSUPPORT);
	refused("SCTP", socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP), EPROTONOSUPPORT);
	refused("netlink for audit", socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT), EPROTONOSUPPORT);
	refused("netlink for xfrm", socket(AF_NETLINK, SOCK_RAW, NETLINK_XFRM), EPROTONOSUPPORT);
	refused("netlink for netfilter", socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER), EPROTONOSUPPORT);
	works("TCP", socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	works("TCP 6", socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP));
	works("UDP", socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP));
	works("unix", socket(AF_UNIX, SOCK_STREAM, 0));
	works("routes", socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
	int pair[2];
	works("socketpair", socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
}

static void namespaces(void)
{
	static const int flags[] = {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWCGROUP, 0x80 /* time */};
	char args[88] = {0};
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		refused("unshare", syscall(SYS_unshare, flags[i]), EPERM);
		if (flags[i] != 0x80)
			refused("clone", syscall(SYS_clone, flags[i] | SIGCHLD, 0, 0, 0, 0), EPERM);
	}
	refused("clone3", syscall(SYS_clone3, args, sizeof(args)), ENOSYS);
	refused("setns", syscall(SYS_setns, open("/proc/self/ns/mnt", O_RDONLY), 0), EPERM);
	works("unshare of files", syscall(SYS_unshare, CLONE_FILES | CLONE_FS));
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	works("fork", pid);
	works("wait", waitpid(pid, NULL, 0));
	pthread_t t;
	errno = pthread_create(&t, NULL, thread, NULL);
	works("thread", errno ? -1 : 0);
	(void)pthread_join(t, NULL);
}

static void kernel(void)
{
	char space[512] = {0};
	struct iovec v = {space, 8};
	static const struct {
		long number;
		int error;
		const char *name;
	} calls[] = {{SYS_io_uring_setup, ENOSYS, "io_uring"}, {SYS_bpf, EPERM, "bpf"}, {SYS_perf_event_open, EPERM, "perf"}, {SYS_keyctl, EPERM, "keyctl"},
	        {SYS_add_key, EPERM, "add_key"}, {SYS_userfaultfd, EPERM, "userfaultfd"}, {SYS_kexec_load, EPERM, "kexec"}, {SYS_init_module, EPERM, "module"},
	        {SYS_mount, EPERM, "mount"}, {SYS_umount2, EPERM, "umount"}, {SYS_pivot_root, EPERM, "pivot_root"}, {SYS_chroot, EPERM, "chroot"},
	        {SYS_open_tree, EPERM, "open_tree"}, {SYS_move_mount, EPERM, "move_mount"}, {SYS_fsopen, EPERM, "fsopen"}, {SYS_mount_setattr, EPERM, "mount_setattr"},
	        {SYS_open_by_handle_at, EPERM, "open_by_handle_at"}, {SYS_fanotify_init, EPERM, "fanotify"}, {SYS_reboot, EPERM, "reboot"}, {SYS_syslog, EPERM, "syslog"},
	        {SYS_pidfd_getfd, EPERM, "pidfd_getfd"}, {SYS_kcmp, EPERM, "kcmp"}, {SYS_acct, EPERM, "acct"}, {SYS_quotactl, EPERM, "quotactl"},
	        {SYS_sethostname, EPERM, "sethostname"}, {SYS_clock_settime, EPERM, "clock_settime"}, {SYS_swapon, EPERM, "swapon"}, {SYS_io_setup, ENOSYS, "aio"},
	        {9999, ENOSYS, "a call of the future"}};
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		refused(calls[i].name, syscall(calls[i].number, space, space, space, space, space), calls[i].error);
	refused("ptrace", ptrace(PTRACE_TRACEME, 0, 0, 0), EPERM);
	refused("process_vm_readv", process_vm_readv(getpid(), &v, 1, &v, 1, 0), EPERM);
	refused("personality", personality(0x400000 /* READ_IMPLIES_EXEC */), EPERM);
	works("personality asked", personality(0xffffffff));
	refused("TIOCSTI", ioctl(0, TIOCSTI, "x"), EPERM);
	refused("TIOCSTI in another form", syscall(SYS_ioctl, 0, 0x100000000l | TIOCSTI, "x"), EPERM);
	refused("TIOCLINUX", ioctl(0, TIOCLINUX, space), EPERM);
	refused("a device", mknod("device", S_IFCHR | 0600, makedev(1, 3)), 0);
	refused("a whiteout", mknod("device", S_IFCHR, 0), 0);
	refused("prctl(PR_SET_MM)", prctl(PR_SET_MM, 0, 0, 0, 0), EINVAL);
	works("a pipe with a name", mkfifo("fifo", 0600));
	works("its end", unlink("fifo"));
	works("prctl(PR_SET_NAME)", prctl(PR_SET_NAME, "tool", 0, 0, 0));
	works("memfd", memfd_create("m", 0));
	works("inotify", inotify_init1(0));
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	works("mmap", p == MAP_FAILED ? -1 : 0);
	works("executable memory", mprotect(p, 4096, PROT_READ | PROT_EXEC));
	works("a filter of its own", prctl(PR_GET_SECCOMP, 0, 0, 0, 0));
}

#ifdef __x86_64__
/* A child that makes one call by another way dies, or gets an error. */
static void other_entry(const char *what, void (*call)(void))
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		call();
		_exit(0);
	}
	(void)waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		(void)printf("%s works\n", what);
		bad = 1;
	}
}

static void int80(void)
{
	long r;
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20l /* getpid */) : "memory", "r8", "r9", "r10", "r11");
	_exit(r > 0 ? 0 : 1);
}

static void x32(void)
{
	_exit(syscall(0x40000000l | SYS_getpid) > 0 ? 0 : 1);
}
#endif

static double now_us(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int fresh(const char *folder, int n)
{
	char name[4096];
	int seen = 0;
	double longest = 0, sum = 0;
	for (int i = 1; i <= n; i++) {
		double begin = 0, last = 0;
		(void)snprintf(name, sizeof(name), "%s/.env.%d", folder, i);
		for (int fd; (fd = open(name, O_RDONLY)) >= 0 || errno == ENOENT;) {
			char text[64];
			if (fd < 0)
				continue;
			if (read(fd, text, sizeof(text)) > 0) {
				begin = begin > 0 ? begin : now_us();
				last = now_us();
			}
			(void)close(fd);
		}
		seen += begin > 0;
		sum += last - begin;
		longest = last - begin > longest ? last - begin : longest;
	}
	(void)printf("%d of %d were readable, %.0f us on average, %.0f at most\n", seen, n, seen ? sum / seen : 0, longest);
	return 0;
}

static int race(const char *file, const char *word, unsigned seconds)
{
	struct timespec begin, now;
	char text[256];
	unsigned long seen = 0, tries = 0;
	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		int fd = open(file, O_RDONLY);
		ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		if (n > 0) {
			text[n] = 0;
			seen += strstr(text, word) != NULL;
		}
		if (fd >= 0)
			(void)close(fd);
		tries++;
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - begin.tv_sec < (long)seconds);
	(void)printf("tries %lu seen %lu\n", tries, seen);
	return 0;
}

static char path[4096];
static const char *volatile choices[2];

static void *exchange(void *arg)
{
	for (unsigned i = 0;; i++)
		(void)strncpy(path, choices[i & 1], sizeof(path) - 1);
	return arg;
}

static int swap(const char *allowed, const char *refused_one, int n)
{
	int both[2] = {0, 0};
	choices[0] = allowed;
	choices[1] = refused_one;
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			char mark[] = "mark", file[] = "marks";
			char *argv[] = {mark, mark, file, NULL}, *env[] = {NULL};
			pthread_t t;
			(void)strncpy(path, allowed, sizeof(path) - 1);
			if (i % 3 == 0)
				(void)personality(0x40000 /* ADDR_NO_RANDOMIZE: the stack is where it was */);
			(void)pthread_create(&t, NULL, exchange, NULL);
			(void)usleep((useconds_t)(i % 10) * 20);
			(void)execve(path, argv, env);
			_exit(1);
		}
		int status;
		(void)waitpid(pid, &status, 0);
		both[WIFEXITED(status) && WEXITSTATUS(status) == 0]++;
	}
	(void)printf("ended well %d, otherwise %d\n", both[1], both[0]);
	return 0;
}

static int mark(const char *file)
{
	char self[4096] = "";
	(void)!readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (!strstr(self, "/other"))
		return 0;
	int fd = open(file, O_WRONLY | O_CREAT | O_APPEND, 0644);
	(void)!write(fd, "begun\n", 6);
	(void)sleep(1);
	(void)!write(fd, "went on\n", 8);
	return 0;
}

static int by_descriptor(const char *file, bool memory)
{
	char word[] = "true";
	char *argv[] = {word, NULL}, *env[] = {NULL};
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	if (memory) {
		int copy = memfd_create("copy", MFD_CLOEXEC);
		static char bytes[1 << 20];
		ssize_t n;
		while ((n = read(fd, bytes, sizeof(bytes))) > 0)
			(void)!write(copy, bytes, (size_t)n);
		fd = copy;
	}
	(void)syscall(SYS_execveat, fd, "", argv, env, AT_EMPTY_PATH);
	(void)printf("%s\n", strerror(errno));
	return 9;
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "swap") == 0)
		return swap(argv[2], argv[3], (int)strtol(argv[4], NULL, 10));
	if (argc == 3 && strcmp(argv[1], "mark") == 0)
		return mark(argv[2]);
	if (argc == 3 && (strcmp(argv[1], "fexec") == 0 || strcmp(argv[1], "memfd") == 0))
		return by_descriptor(argv[2], argv[1][0] == 'm');
	if (argc == 4 && strcmp(argv[1], "fresh") == 0)
		return fresh(argv[2], (int)strtol(argv[3], NULL, 10));
	if (argc == 5 && strcmp(argv[1], "race") == 0)
		return race(argv[2], argv[3], (unsigned)strtoul(argv[4], NULL, 10));
	if (argc == 2 && strcmp(argv[1], "debug") == 0) {
		works("ptrace", ptrace(PTRACE_TRACEME, 0, 0, 0));
		return bad;
	}
	sockets();
	namespaces();
	kernel();
#ifdef __x86_64__
	other_entry("a 32-bit call", int80);
	other_entry("an x32 call", x32);
#endif
	return bad;
}
