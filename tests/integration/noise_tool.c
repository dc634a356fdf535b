/* A tool that draws, reads the clock and waits in many ways, rightly and wrongly, in a trial whose randomness and calendar are chosen:
 *	noise_tool draws              what it drew, to be compared with another trial's
 *	noise_tool wrong              calls with arguments that a kernel refuses; prints what is not as it should be, and how many were
 *	noise_tool calendar START     the calendar, in every way that it can be asked for, just after START; and waits for moments of it
 *	noise_tool elapsed            seconds of the calendar that pass while two pass otherwise
 *	noise_tool many N             N draws
 *	noise_tool forks N            processes, N at a time, that each draw: how many, and how many different
 *	noise_tool signals            draws and waits with a signal every millisecond
 *	noise_tool trace COMMAND...   runs it as a debugger would, and says how often it stopped and how it ended
 *	noise_tool swing              reads and draws on while threads and processes come and go, until it is killed */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned good, bad;

static void expect(int right, const char *what)
{
	*(right ? &good : &bad) += 1;
	if (!right)
		(void)printf("FAIL %s (errno %d)\n", what, errno);
}

static void show(const char *name, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	(void)printf("%s ", name);
	for (size_t i = 0; i < n; i++)
		(void)printf("%02x", p[i]);
	(void)printf("\n");
}

static void device(const char *path)
{
	uint8_t b[16] = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, b, sizeof(b)) == sizeof(b))
		show(path, b, sizeof(b));
	(void)close(fd);
}

static void *in_thread(void *arg)
{
	(void)!getrandom(arg, 16, 0);
	return NULL;
}

static int draws(void)
{
	uint8_t b[48];
	pthread_t t;
	(void)!getrandom(b, 16, 0);
	show("getrandom", b, 16);
	(void)!getentropy(b, 32);
	show("getentropy", b, 32);
	show("auxv", (const void *)getauxval(AT_RANDOM), 16); /* NOLINT */
	device("/dev/urandom");
	device("/dev/random");
	device("/dev/urandom");
	device("/proc/sys/kernel/random/uuid");
	if (pthread_create(&t, NULL, in_thread, b) == 0 && pthread_join(t, NULL) == 0)
		show("thread", b, 16);
	(void)fflush(stdout);
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			(void)!getrandom(b, 16, 0);
			show("fork", b, 16);
			(void)fflush(stdout);
			_exit(0);
		}
		(void)waitpid(pid, NULL, 0);
	}
	/* A large draw comes in pieces, and all of it is there. */
	size_t n = 3000000, got = 0;
	uint8_t *large = calloc(1, n);
	while (large && got < n) {
		ssize_t r = getrandom(large + got, n - got, 0);
		if (r <= 0)
			break;
		got += (size_t)r;
	}
	uint64_t sum = 0;
	for (size_t i = 0; i < got; i++)
		sum = sum * 31 + large[i];
	(void)printf("large %zu %llx\n", got, (unsigned long long)sum);
	free(large);
	/* A device does not end. */
	int fd = open("/dev/urandom", O_RDONLY);
	uint8_t block[8192];
	size_t zeros = 0;
	for (got = 0; got < 200000;) {
		ssize_t r = read(fd, block, sizeof(block));
		if (r <= 0)
			break;
		for (ssize_t i = 0; i < r; i++)
			zeros += block[i] == 0;
		got += (size_t)r;
	}
	(void)printf("device %d %d\n", got >= 200000, zeros > 300 && zeros < 1500);
	return 0;
}

static int wrong(void)
{
	uint8_t b[256];
	long page = sysconf(_SC_PAGESIZE);
	uint8_t *m = mmap(NULL, 2 * (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	(void)mprotect(m + page, (size_t)page, PROT_NONE);
	expect(syscall(SYS_getrandom, 8, 16, 0) == -1 && errno == EFAULT, "getrandom to nowhere");
	expect(syscall(SYS_getrandom, NULL, 0, 0) == 0, "getrandom of nothing");
	expect(syscall(SYS_getrandom, m + page, 16, 0) == -1 && errno == EFAULT, "getrandom to a page that may not be written");
	expect(syscall(SYS_getrandom, "constant", 4, 0) == -1 && errno == EFAULT, "getrandom to a constant");
	long part = syscall(SYS_getrandom, m + page - 100, 4096, 0);
	expect(part == 100 || (part == -1 && errno == EFAULT), "getrandom over the end of memory");
	expect(syscall(SYS_getrandom, b, 16, 8) == -1 && errno == EINVAL, "getrandom with an unknown flag");
	expect(syscall(SYS_getrandom, b, 16, GRND_RANDOM | GRND_INSECURE) == -1 && errno == EINVAL,
	        "getrandom with two that exclude each other");
	expect(syscall(SYS_getrandom, b, 16, GRND_NONBLOCK) == 16 && syscall(SYS_getrandom, b, 16, GRND_INSECURE) == 16,
	        "getrandom with flags");
	expect(syscall(SYS_getrandom, b, 256, 0) == 256, "256 bytes at once");
	uint8_t *large = mmap(NULL, (size_t)1 << 31, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (large != MAP_FAILED) {
		long got = syscall(SYS_getrandom, large, (size_t)1 << 31, 0);
		expect(got > 0 && got <= INT_MAX, "2^31 bytes at once");
		got = syscall(SYS_getrandom, large, SIZE_MAX, 0);
		expect(got > 0 || (got == -1 && errno == EFAULT), "as many as there are numbers");
	}
	expect(syscall(SYS_clock_gettime, CLOCK_REALTIME, 8) == -1 && errno == EFAULT, "clock_gettime to nowhere");
	expect(syscall(SYS_clock_gettime, CLOCK_REALTIME, m + page) == -1 && errno == EFAULT,
	        "clock_gettime to a page that may not be written");
	expect(syscall(SYS_gettimeofday, 8, NULL) == -1 && errno == EFAULT, "gettimeofday to nowhere");
	expect(syscall(SYS_gettimeofday, NULL, NULL) == 0, "gettimeofday of nothing");
	expect(syscall(SYS_clock_gettime, 77, b) == -1 && errno == EINVAL, "a clock that there is not");
	expect(syscall(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, 8, NULL) == -1 && errno == EFAULT, "a wait for nothing");
	expect(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &(struct timespec){0, 2000000000}, NULL) == EINVAL, "a wait for no moment");
	expect(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &(struct timespec){1000, 0}, NULL) == 0, "a wait for what is over");
	expect(open("/dev/urandom", O_RDONLY | O_DIRECTORY) == -1 && errno == ENOTDIR, "a device as a folder");
	int fd = open("/dev/urandom", O_WRONLY);
	expect(fd >= 0 && write(fd, "x", 1) == 1, "a device to write to");
	expect(syscall(SYS_openat, AT_FDCWD, 8, O_RDONLY) == -1 && errno == EFAULT, "a file without a name");
	memcpy(m + page - 13, "/dev/urandom", 13);
	fd = open((const char *)m + page - 13, O_RDONLY);
	expect(fd >= 0 && !(fcntl(fd, F_GETFD) & FD_CLOEXEC) && read(fd, b, 1) == 1, "a name at the end of memory");
	memcpy(m + page - 12, "/dev/urandom", 12);
	expect(open((const char *)m + page - 12, O_RDONLY) == -1 && errno == EFAULT, "a name without an end");
	struct stat s;
	expect(stat("/dev/urandom", &s) == 0 && S_ISCHR(s.st_mode), "a device is one");
	fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	expect(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) && (fcntl(fd, F_GETFL) & O_NONBLOCK), "flags of a device");
	expect(syscall(SYS_brk, 0) > 0, "the end of the data segment");
	expect(getauxval(AT_SYSINFO_EHDR) != 0, "the vDSO is there");
#if defined(__x86_64__)
	/* By the gate of 32-bit programs: refused, whatever the number. A kernel without that gate ends whoever tries. */
	int status = 0;
	pid_t child = fork();
	if (child == 0) {
		long old;
		__asm__ volatile("int $0x80" : "=a"(old) : "a"(355l), "b"(0l), "c"(0l), "d"(0l) : "memory");
		_exit(old < 0 ? 0 : 1);
	}
	expect(child > 0 && waitpid(child, &status, 0) == child && (WIFSIGNALED(status) ? WTERMSIG(status) == SIGSEGV : status == 0),
	        "a call of another instruction set");
#endif
	(void)printf("%u as it should be\n", good);
	return bad != 0;
}

static double seconds(clockid_t clock)
{
	struct timespec t;
	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double ns_left(double start)
{
	return seconds(CLOCK_MONOTONIC) - start;
}

static struct timespec in_300ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += 300000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

/* It is put back a moment after the wait has begun, which may be a moment after its end. */
static int as_it_was(const struct timespec *t, const struct timespec *was)
{
	for (int i = 0; i < 100 && memcmp(t, was, sizeof(*t)) != 0; i++)
		(void)usleep(1000);
	return memcmp(t, was, sizeof(*t)) == 0;
}

/* `start` was read before the moment was worked out: who is kept from the processor in between is late, never early. */
static int took(double start)
{
	double s = ns_left(start);
	return s > 0.29 && s < 3;
}

static int calendar(double start)
{
	struct timespec t, was;
	struct timeval v;
	uint64_t ticks;
	double from;
#define SOON(s) ((s) >= start && (s) < start + 30)
	expect(SOON(seconds(CLOCK_REALTIME)), "clock_gettime");
	expect(SOON(seconds(CLOCK_REALTIME_COARSE)), "clock_gettime, coarse");
	expect(SOON(seconds(CLOCK_TAI)), "clock_gettime, TAI");
	expect(SOON((double)time(NULL)), "time");
	expect(gettimeofday(&v, NULL) == 0 && SOON((double)v.tv_sec), "gettimeofday");
	expect(syscall(SYS_clock_gettime, CLOCK_REALTIME, &t) == 0 && SOON((double)t.tv_sec), "clock_gettime, past the vDSO");
	expect(syscall(SYS_gettimeofday, &v, NULL) == 0 && SOON((double)v.tv_sec), "gettimeofday, past the vDSO");
#ifdef SYS_time
	time_t now = 0;
	expect(SOON((double)syscall(SYS_time, &now)) && SOON((double)now), "time, past the vDSO");
#endif
	/* What the vDSO says and what the call says is one calendar: they are not a millisecond apart. */
	double a = seconds(CLOCK_REALTIME);
	(void)syscall(SYS_clock_gettime, CLOCK_REALTIME, &t);
	double b = (double)t.tv_sec + (double)t.tv_nsec / 1e9, c = seconds(CLOCK_REALTIME);
	expect(a <= b && b <= c, "one calendar");
	double up = seconds(CLOCK_MONOTONIC);
	expect(up < 1e7 && seconds(CLOCK_BOOTTIME) < 1e7, "time since the start");

	/* Files: new ones are of the calendar; what a tool sets stays; old ones are as they were. */
	char name[] = "/tmp/noise-XXXXXX", folder[] = "/tmp/noise-XXXXXX", inside[64];
	struct stat s;
	struct statx x;
	int file = mkstemp(name), made = mkdtemp(folder) != NULL;
	expect(file >= 0 && fstat(file, &s) == 0 && SOON((double)s.st_mtime) && SOON((double)s.st_ctime), "fstat of a new file");
	expect(stat(name, &s) == 0 && SOON((double)s.st_mtime) && SOON((double)s.st_atime) && s.st_size == 0, "stat of a new file");
	expect(statx(AT_FDCWD, name, 0, STATX_BASIC_STATS | STATX_BTIME, &x) == 0 && SOON((double)x.stx_mtime.tv_sec) &&
	                (!(x.stx_mask & STATX_BTIME) || SOON((double)x.stx_btime.tv_sec)),
	        "statx of a new file");
	expect(made && chdir(folder) == 0 && stat(".", &s) == 0 && SOON((double)s.st_mtime) && S_ISDIR(s.st_mode),
	        "stat of a folder, by a relative name");
	expect(symlink(name, "link") == 0 && lstat("link", &s) == 0 && S_ISLNK(s.st_mode) && SOON((double)s.st_mtime), "lstat of a link");
	expect(stat("link", &s) == 0 && S_ISREG(s.st_mode) && SOON((double)s.st_mtime), "stat through a link");
	(void)snprintf(inside, sizeof(inside), "/proc/self/fd/%d", file);
	expect(stat(inside, &s) == 0 && S_ISREG(s.st_mode), "stat through a descriptor's name");
	expect(utimensat(AT_FDCWD, name, (struct timespec[]){{1500000000, 0}, {1500000001, 7}}, 0) == 0 && stat(name, &s) == 0 &&
	                s.st_atime == 1500000000 && s.st_mtim.tv_sec == 1500000001 && s.st_mtim.tv_nsec == 7 && SOON((double)s.st_ctime),
	        "times that were set");
	expect(utimensat(AT_FDCWD, name, NULL, 0) == 0 && stat(name, &s) == 0 && SOON((double)s.st_mtime), "a file that was touched");
	expect(stat("/bin/sh", &s) == 0 && s.st_mtime < 1900000000 && s.st_size > 0, "an old file");
	expect(stat("/no/such", &s) == -1 && errno == ENOENT, "no file");
	expect(stat("link/x", &s) == -1 && errno == ENOTDIR, "below a file");
	expect(syscall(SYS_newfstatat, AT_FDCWD, name, 8, 0) == -1 && errno == EFAULT, "stat to nowhere");
	expect(syscall(SYS_newfstatat, AT_FDCWD, 8, &s, 0) == -1 && errno == EFAULT, "stat of a name that is nowhere");
	expect(fstatat(file, "", &s, AT_EMPTY_PATH) == 0 && SOON((double)s.st_mtime), "a descriptor without a name");
	expect(fstatat(-7, "x", &s, 0) == -1 && errno == EBADF, "a descriptor that is none");
	(void)snprintf(inside, sizeof(inside), "%s/link", folder);
	expect(chmod(folder, 0) == 0 && lstat(inside, &s) == -1 && errno == EACCES, "a folder that is closed to its owner");

	from = seconds(CLOCK_MONOTONIC);
	t = was = in_300ms();
	expect(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL) == 0 && took(from), "clock_nanosleep until a moment");
	expect(as_it_was(&t, &was), "clock_nanosleep leaves the moment as it was");

	sem_t sem;
	(void)sem_init(&sem, 0, 0);
	from = seconds(CLOCK_MONOTONIC);
	t = was = in_300ms();
	expect(sem_timedwait(&sem, &t) == -1 && errno == ETIMEDOUT && took(from), "sem_timedwait until a moment");
	expect(as_it_was(&t, &was), "sem_timedwait leaves the moment as it was");

	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	(void)pthread_mutex_lock(&mutex);
	from = seconds(CLOCK_MONOTONIC);
	t = in_300ms();
	expect(pthread_cond_timedwait(&cond, &mutex, &t) == ETIMEDOUT && took(from), "pthread_cond_timedwait until a moment");
	from = seconds(CLOCK_MONOTONIC);
	t = in_300ms();
	expect(pthread_mutex_timedlock(&mutex, &t) == ETIMEDOUT && took(from), "pthread_mutex_timedlock until a moment");

	int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC);
	from = seconds(CLOCK_MONOTONIC);
	struct itimerspec i = {.it_value = in_300ms()};
	expect(timerfd_settime(fd, TFD_TIMER_ABSTIME, &i, NULL) == 0 && read(fd, &ticks, 8) == 8 && took(from), "timerfd until a moment");
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	(void)clock_gettime(CLOCK_MONOTONIC, &i.it_value);
	i.it_value.tv_sec++;
	from = seconds(CLOCK_MONOTONIC);
	expect(timerfd_settime(fd, TFD_TIMER_ABSTIME, &i, NULL) == 0 && read(fd, &ticks, 8) == 8 && took(from), "timerfd of another clock");
	(void)printf("%u as it should be\n", good);
	return bad != 0;
}

static int forks(unsigned at_once)
{
	enum { ROUNDS = 8 };
	uint64_t *seen = mmap(NULL, ROUNDS * at_once * 8, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned n = 0, same = 0;
	for (int round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < at_once; i++, n++)
			if (fork() == 0) {
				(void)!getrandom(&seen[n], 8, 0);
				_exit(0);
			}
		while (wait(NULL) > 0)
			;
	}
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < i; k++)
			same += seen[i] == seen[k] || seen[i] == 0;
	(void)printf("%u processes, %u alike\n", n, same);
	return 0;
}

static volatile sig_atomic_t alarms;

static void on_alarm(int n)
{
	(void)n;
	alarms++;
}

static int signals(void)
{
	struct sigaction a = {.sa_handler = on_alarm};
	struct itimerval i = {{0, 1000}, {0, 1000}};
	uint8_t b[16];
	sem_t sem;
	(void)sigaction(SIGALRM, &a, NULL);
	(void)setitimer(ITIMER_REAL, &i, NULL);
	double from = seconds(CLOCK_MONOTONIC);
	unsigned drawn = 0, other = 0;
	while (ns_left(from) < 1) {
		long r = syscall(SYS_getrandom, b, sizeof(b), 0);
		drawn += r == 16;
		other += r != 16 && !(r == -1 && errno == EINTR);
	}
	/* How many are interrupted before they are received follows from how busy the machine is. */
	expect(drawn > 20 && other == 0, "draws between signals");
	/* A wait that is interrupted is begun again with the same moment, and ends at it. */
	(void)sem_init(&sem, 0, 0);
	struct timespec t = in_300ms(), was = t;
	from = seconds(CLOCK_MONOTONIC);
	int r, again = 0;
	while ((r = sem_timedwait(&sem, &t)) == -1 && errno == EINTR)
		again++;
	expect(r == -1 && errno == ETIMEDOUT && took(from) && again > 20, "a wait between signals");
	expect(as_it_was(&t, &was), "a wait between signals leaves the moment as it was");
	t = in_300ms();
	from = seconds(CLOCK_MONOTONIC);
	while ((r = clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL)) == EINTR)
		;
	expect(r == 0 && took(from), "a sleep between signals");
	(void)printf("%u as it should be\n", good);
	return bad != 0;
}

static int trace(char **command)
{
	int status, stops = 0, execs = 0;
	pid_t pid = fork();
	if (pid == 0) {
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		(void)execv(command[0], command);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	(void)ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
	while (!WIFEXITED(status) && !WIFSIGNALED(status) && ptrace(PTRACE_SYSCALL, pid, NULL, NULL) == 0 &&
	        waitpid(pid, &status, 0) == pid) {
		stops++;
		execs += status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8);
	}
	(void)printf("stopped %s, ended %d\n", stops > 20 ? "often" : "seldom", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return execs < 0;
}

static void *come_and_go(void *arg)
{
	uint8_t b[64];
	(void)!getrandom(b, sizeof(b), 0);
	return arg;
}

static int swing(void)
{
	for (;;) {
		pthread_t t;
		if (pthread_create(&t, NULL, come_and_go, NULL) == 0)
			(void)pthread_join(t, NULL);
		if (fork() == 0) {
			(void)execl("/bin/true", "true", NULL);
			_exit(0);
		}
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		(void)syscall(SYS_clock_gettime, CLOCK_REALTIME, 8);
		int fd = open("/dev/urandom", O_RDONLY);
		(void)!read(fd, &(char){0}, 1);
		if (fd % 3)
			(void)close(fd);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *n = argc > 2 ? argv[2] : "0";
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (strcmp(what, "draws") == 0)
		return draws();
	if (strcmp(what, "wrong") == 0)
		return wrong();
	if (strcmp(what, "calendar") == 0)
		return calendar(strtod(n, NULL));
	if (strcmp(what, "elapsed") == 0) {
		double a = seconds(CLOCK_REALTIME);
		(void)sleep(2);
		(void)printf("%.0f\n", seconds(CLOCK_REALTIME) - a);
		return 0;
	}
	if (strcmp(what, "many") == 0) {
		uint8_t b[16];
		for (unsigned long i = strtoul(n, NULL, 10); i; i--)
			(void)!getrandom(b, sizeof(b), 0);
		return 0;
	}
	if (strcmp(what, "forks") == 0)
		return forks((unsigned)strtoul(n, NULL, 10));
	if (strcmp(what, "signals") == 0)
		return signals();
	if (strcmp(what, "trace") == 0)
		return trace(argv + 2);
	if (strcmp(what, "swing") == 0)
		return swing();
	return 2;
}
