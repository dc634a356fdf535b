/* What calls and programs cost inside a trial, by the clock: run by bench/trial-noise.sh, once without anything chosen and once with.
 * Prints "NAME NANOSECONDS" for each: of several rounds the quickest, because what is slower was disturbed by somebody else. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 80

static void draw(void)
{
	char b[16];
	(void)!getrandom(b, sizeof(b), 0);
}

static void open_file(void)
{
	(void)close(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static void look(void)
{
	struct stat s;
	(void)stat("/etc/passwd", &s);
}

static void open_device(void)
{
	(void)close(open("/dev/urandom", O_RDONLY | O_CLOEXEC));
}

static void calendar(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_REALTIME, &t);
}

static void calendar_call(void)
{
	struct timespec t;
	(void)syscall(SYS_clock_gettime, CLOCK_REALTIME, &t);
}

static void monotonic(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
}

static void other_call(void)
{
	(void)syscall(SYS_getppid);
}

static void program(void)
{
	pid_t pid = vfork();
	if (pid == 0) {
		(void)execl("/bin/true", "true", (char *)NULL);
		_exit(127);
	}
	(void)waitpid(pid, NULL, 0);
}

static const struct {
	const char *name;
	void (*once)(void);
	unsigned times;
} rows[] = {{"getrandom(2), 16 bytes", draw, 50}, {"open(2) of a file", open_file, 50}, {"stat(2) of a file", look, 50},
        {"open(2) of /dev/urandom", open_device, 20}, {"clock_gettime(2), calendar, vDSO", calendar, 5000},
        {"clock_gettime(2), calendar, past the vDSO", calendar_call, 50}, {"clock_gettime(2), monotonic, vDSO", monotonic, 5000},
        {"any other call", other_call, 2000}, {"a program (vfork, exec, exit, wait)", program, 3}};

static double now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double best = 1e18;
		for (int r = 0; r < ROUNDS; r++) {
			double from = now();
			for (unsigned k = 0; k < rows[i].times; k++)
				rows[i].once();
			double each = (now() - from) / rows[i].times;
			best = each < best ? each : best;
		}
		(void)printf("%s\t%.1f\n", rows[i].name, best);
	}
	return 0;
}
