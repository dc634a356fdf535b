/* Looks at its machine through system calls, rightly and wrongly: machine_tool RELEASE CPUS. Prints one line a thing that is not as on the
 * machine that it was told of, and last how many things were as they should be. With "flood" it asks without end, from many processes. */
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <dirent.h>
#include <time.h>
#include <unistd.h>

static const char *release;
static unsigned cpus, good, bad;

__attribute__((format(printf, 2, 3))) static void expect(int right, const char *what, ...)
{
	va_list ap;
	if (right) {
		good++;
		return;
	}
	bad++;
	va_start(ap, what);
	(void)printf("FAIL ");
	(void)vprintf(what, ap);
	(void)printf(" (errno %d)\n", errno);
	va_end(ap);
}

static int told_right(void)
{
	struct utsname u;
	return uname(&u) == 0 && strcmp(u.release, release) == 0;
}

static int count(pid_t pid)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	return sched_getaffinity(pid, sizeof(set), &set) < 0 ? -1 : CPU_COUNT(&set);
}

static int pin(unsigned first, unsigned n)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	while (n--)
		CPU_SET(first + n, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

static void addresses(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED || munmap(page + 4096, 4096) < 0)
		return;
	uintptr_t wrong[] = {0, 8, (uintptr_t)page + 4096 - 100, UINTPTR_MAX - 4096};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		void *p = (void *)wrong[i];
		expect(syscall(SYS_uname, p) == -1 && errno == EFAULT, "uname(%p) is no EFAULT", p);
		expect(syscall(SYS_sysinfo, p) == -1 && errno == EFAULT, "sysinfo(%p) is no EFAULT", p);
		if (i != 2) {
			expect(syscall(SYS_sched_getaffinity, 0, 512, p) == -1 && errno == EFAULT, "sched_getaffinity(%p) is no EFAULT", p);
			expect(syscall(SYS_sched_setaffinity, 0, 512, p) == -1 && errno == EFAULT, "sched_setaffinity(%p) is no EFAULT", p);
		}
	}
	(void)mprotect(page, 4096, PROT_READ);
	expect(syscall(SYS_uname, page) == -1 && errno == EFAULT, "uname() into a page that cannot be written is no EFAULT");
	(void)munmap(page, 4096);
}

static void *count_in_thread(void *arg)
{
	*(int *)arg = count(0);
	return NULL;
}

static void affinity(void)
{
	unsigned long mask[1024 / 8 / sizeof(long)];
	int n = 0;
	pthread_t t;
	expect(count(0) == (int)cpus && count(getpid()) == (int)cpus, "%d CPUs, not %u", count(0), cpus);
	expect(sysconf(_SC_NPROCESSORS_ONLN) == (long)cpus && sysconf(_SC_NPROCESSORS_CONF) == (long)cpus, "sysconf() has other CPUs");
	expect(syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask) == (cpus + 63) / 64 * 8, "another size of the set");
	expect(syscall(SYS_sched_getaffinity, 0, 7, mask) == -1 && errno == EINVAL, "a size of 7 is no EINVAL");
	expect(syscall(SYS_sched_getaffinity, 0, 0, mask) == -1 && errno == EINVAL, "a size of 0 is no EINVAL");
	expect(count(99999) == -1 && errno == ESRCH, "no such process is no ESRCH");
	expect(count(-1) == -1 && errno == ESRCH, "process -1 is no ESRCH");
	expect(count(1) == (int)cpus, "process 1 has %d CPUs", count(1));
	expect(pin(cpus, 1) == -1 && errno == EINVAL, "a CPU that is not there is no EINVAL");
	expect(pin(cpus - 1, 1) == 0 && count(0) == 1, "cannot choose the last CPU");
	pid_t child = fork();
	if (child == 0)
		_exit(count(0) == 1 && count(getppid()) == 1 ? 0 : 1);
	(void)waitpid(child, &n, 0);
	expect(n == 0, "a child has other CPUs");
	expect(pthread_create(&t, NULL, count_in_thread, &n) == 0 && pthread_join(t, NULL) == 0 && n == 1, "a thread has other CPUs");
	expect(pin(0, cpus) == 0 && count(0) == (int)cpus, "cannot choose all CPUs");
	n = 0; /* more than anybody has room for */
	for (int i = 0; i < 300; i++) {
		child = fork();
		if (child == 0)
			_exit(pin(0, 1) == 0 && count(0) == 1 ? 0 : 1);
		int status = 1;
		(void)waitpid(child, &status, 0);
		n |= status;
	}
	expect(n == 0 && count(0) == (int)cpus, "choices of many processes are mixed up");
}

static double first_number(const char *path, const char *after)
{
	static char text[1 << 20];
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[n > 0 ? n : 0] = 0;
	char *p = strstr(text, after);
	return p ? strtod(p + strlen(after), NULL) : -1;
}

static unsigned lines_with(const char *path, const char *start)
{
	char line[4096];
	unsigned n = 0;
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		n += strncmp(line, start, strlen(start)) == 0;
	if (f)
		(void)fclose(f);
	return n;
}

static void files_agree(void)
{
	struct sysinfo s;
	struct timespec t;
	struct utsname u;
	char text[512], line[1024];
	expect(sysinfo(&s) == 0, "no sysinfo()");
	expect(s.totalram * s.mem_unit / 1024 == (unsigned long)first_number("/proc/meminfo", "MemTotal:"),
	        "/proc/meminfo has other memory");
	double up = first_number("/proc/uptime", "");
	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	expect(up >= (double)s.uptime - 2 && up <= (double)s.uptime + 2, "up for %g in /proc, %ld in sysinfo()", up, s.uptime);
	expect((double)t.tv_sec >= up - 1 && (double)t.tv_sec <= up + 2, "up for %g in /proc, %ld by the clock", up, t.tv_sec);
	expect(up > 284460 && up < 284600, "up for %g", up);
	double boot = first_number("/proc/stat", "\nbtime ");
	expect(boot + up > (double)time(NULL) - 3 && boot + up < (double)time(NULL) + 3, "/proc/stat has another start");
	(void)uname(&u);
	(void)snprintf(text, sizeof(text), "Linux version %s ", release);
	expect(lines_with("/proc/version", text) == 1 && lines_with("/proc/sys/kernel/osrelease", release) == 1,
	        "/proc has another release");
	(void)snprintf(line, sizeof(line), "%s\n", u.version);
	expect(lines_with("/proc/sys/kernel/version", line) == 1, "/proc has another version");
	expect(lines_with("/proc/stat", "cpu") == cpus + 1 && lines_with("/proc/cpuinfo", "processor") == cpus, "/proc has other CPUs");
	unsigned n = 0;
	DIR *d = opendir("/sys/devices/system/cpu");
	for (struct dirent *e; d && (e = readdir(d));)
		n += strncmp(e->d_name, "cpu", 3) == 0;
	if (d)
		(void)closedir(d);
	expect(n == (cpus < 128 ? cpus : 128), "/sys has %u folders of CPUs", n);
	static const char *const silent[] = {"/proc/kallsyms", "/proc/config.gz", "/proc/interrupts", "/proc/iomem", "/proc/devices",
	        "/proc/bus/pci/devices", "/proc/fs/ext4"};
	for (size_t i = 0; i < sizeof(silent) / sizeof(*silent); i++)
		expect(lines_with(silent[i], "") == 0, "%s speaks", silent[i]);
	expect(lines_with("/proc/self/mountinfo", "") > 20, "no mounts");
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq q = {.ifr_name = "eth0", .ifr_data = (void *)&info};
	expect(ioctl(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), SIOCETHTOOL, &q) == -1, "the driver of eth0 speaks: %s", info.version);
}

/* Another way into the same calls must not lead to the kernel. */
static void other_entries(void)
{
#ifdef __x86_64__
	struct utsname u;
	int status = 0;
	expect(syscall(0x40000000 + SYS_uname, &u) == -1 && errno == ENOSYS, "x32 has another uname");
	/* A kernel without that entry ends whoever tries. */
	pid_t child = fork();
	if (child == 0) {
		long r = 122; /* uname of the 32-bit table */
		__asm__ volatile("int $0x80" : "+a"(r) : "b"(0) : "memory");
		_exit(r == -ENOSYS ? 0 : 1);
	}
	expect(child > 0 && waitpid(child, &status, 0) == child && (WIFSIGNALED(status) ? WTERMSIG(status) == SIGSEGV : status == 0),
	        "the 32-bit entry answers: %x", (unsigned)status);
#endif
}

static volatile sig_atomic_t ticks;
static void on_tick(int sig)
{
	(void)sig;
	ticks = ticks + 1;
}

static void under_signals(void)
{
	struct sigaction a = {.sa_handler = on_tick}; /* no SA_RESTART */
	struct itimerval often = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
	unsigned wrong = 0, broken = 0;
	(void)sigaction(SIGALRM, &a, NULL);
	(void)setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 20000 || (ticks < 50 && i < 2000000); i++) {
		errno = 0;
		if (told_right())
			continue;
		broken += errno == EINTR;
		wrong += errno != EINTR;
	}
	(void)setitimer(ITIMER_REAL, &never, NULL);
	/* A call that waits for its listener can be interrupted, the one thing that differs from the kernel's own. */
	expect(wrong == 0 && broken <= (unsigned)ticks, "%u wrong, %u interrupted calls under %d signals", wrong, broken, (int)ticks);
}

static void killed_in_a_call(void)
{
	unsigned wrong = 0;
	for (int i = 0; i < 150; i++) {
		pid_t child = fork();
		if (child == 0)
			for (;;)
				if (!told_right())
					_exit(1);
		(void)usleep((useconds_t)(i * 7 % 400));
		(void)kill(child, SIGKILL);
		int status = 0;
		(void)waitpid(child, &status, 0);
		wrong += !WIFSIGNALED(status) || !told_right();
	}
	expect(wrong == 0, "%u wrong answers where callers are killed", wrong);
}

static void *ask_often(void *arg)
{
	for (int i = 0; i < 200; i++)
		if (!told_right() || count(0) != (int)cpus)
			*(int *)arg = 1;
	return NULL;
}

static void from_threads(void)
{
	pthread_t t[64];
	int wrong[64] = {0}, any = 0;
	for (int i = 0; i < 64; i++)
		any |= pthread_create(&t[i], NULL, ask_often, &wrong[i]);
	for (int i = 0; i < 64; i++) {
		(void)pthread_join(t[i], NULL);
		any |= wrong[i];
	}
	expect(any == 0, "wrong answers in threads");
}

/* Processes that others may not look into. */
static void closed_ones(char **argv)
{
	const char *home = getenv("HOME");
	char path[600], bytes[65536];
	(void)prctl(PR_SET_DUMPABLE, 0);
	expect(told_right(), "wrong in a process that cannot be dumped");
	(void)prctl(PR_SET_DUMPABLE, 1);
	(void)snprintf(path, sizeof(path), "%s/only-run", home ? home : "/tmp");
	int from = open("/proc/self/exe", O_RDONLY), to = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	for (ssize_t n; (n = read(from, bytes, sizeof(bytes))) > 0;)
		if (write(to, bytes, (size_t)n) != n)
			return;
	(void)close(from);
	(void)fchmod(to, 0111);
	(void)close(to);
	(void)fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		(void)execl(path, path, argv[1], argv[2], "briefly", NULL);
		_exit(3);
	}
	int status = 1;
	(void)waitpid(child, &status, 0);
	expect(status == 0, "wrong in a program that may only be run: %d", status);
}

static void no_listener_here(void)
{
	char path[64], target[256];
	unsigned found = 0;
	for (int fd = 0; fd < 1024; fd++) {
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		ssize_t n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = 0;
		found += strstr(target, "seccomp") || strstr(target, "socket:");
	}
	expect(found == 0, "%u descriptors of those who answer are open here", found);
}

static void flood(void)
{
	struct utsname u;
	for (int i = 0; i < 60; i++)
		if (fork() == 0)
			for (;;)
				(void)uname(&u);
	for (;;)
		(void)uname(&u);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "flood") == 0)
		flood();
	if (argc < 3)
		return 2;
	release = argv[1];
	cpus = (unsigned)strtoul(argv[2], NULL, 10);
	no_listener_here();
	expect(told_right(), "another release");
	if (argc > 3)
		return bad != 0;
	affinity();
	addresses();
	files_agree();
	other_entries();
	under_signals();
	killed_in_a_call();
	from_threads();
	closed_ones(argv);
	(void)printf("%u as on that machine\n", good);
	return bad != 0;
}
