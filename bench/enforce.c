/* What being asked costs: times of single openings and executions, and a responder that does nothing but answer, to compare with. For
 * bench/enforce.sh.
 *
 *	enforce answer FOLDER       marks the file system of FOLDER and allows everything, until it is ended
 *	enforce open FILE N         the same file N times
 *	enforce each FOLDER N       N files, FOLDER/0 and so on, once each
 *	enforce exec PROGRAM N      the same program N times, one after the other
 *	enforce exec-each FOLDER N  N programs, once each
 *	enforce storm PROGRAM N J   the same program N times, by J processes at once
 *
 * Called as a file that is named "code" it exports what runtimes for JavaScript export, and so counts as one. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef BENCH_RUNTIME
__attribute__((visibility("default"))) void napi_create_function(void);
void napi_create_function(void)
{
}
#endif

static uint64_t now_ns(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void show(const char *what, uint64_t *ns, size_t n, size_t failed)
{
	if (n == 0)
		return;
	qsort(ns, n, sizeof(*ns), by_value);
	(void)printf("%s n %zu p50 %.2f p90 %.2f p99 %.2f us, failed %zu\n", what, n, (double)ns[n / 2] / 1e3, (double)ns[n * 9 / 10] / 1e3,
	        (double)ns[n * 99 / 100] / 1e3, failed);
}

static int answer(const char *folder)
{
	int fan = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS, O_RDONLY | O_LARGEFILE);
	if (fan < 0 || fanotify_mark(fan, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM, AT_FDCWD, folder) < 0) {
		perror("fanotify");
		return 1;
	}
	(void)puts("answering");
	(void)fflush(stdout);
	struct fanotify_event_metadata list[64];
	struct pollfd p = {.fd = fan, .events = POLLIN};
	for (;;) {
		ssize_t n = read(fan, list, sizeof(list));
		if (n < 0 && errno == EAGAIN)
			(void)poll(&p, 1, -1);
		size_t left = n > 0 ? (size_t)n : 0;
		for (struct fanotify_event_metadata *m = list; FAN_EVENT_OK(m, left); m = FAN_EVENT_NEXT(m, left)) {
			struct fanotify_response r = {.fd = m->fd, .response = FAN_ALLOW};
			(void)!write(fan, &r, sizeof(r));
			(void)close(m->fd);
		}
	}
}

static int run(const char *program)
{
	char *argv[] = {(char *)(uintptr_t)program, NULL};
	int status;
	pid_t pid;
	if (posix_spawn(&pid, program, NULL, NULL, argv, environ) != 0 || waitpid(pid, &status, 0) < 0)
		return -1;
	return status;
}

static int measure(const char *what, const char *path, size_t n, int each, int exec)
{
	uint64_t *ns = calloc(n ? n : 1, sizeof(*ns));
	size_t failed = 0;
	char name[4096];
	for (size_t i = 0; ns && i < n; i++) {
		(void)snprintf(name, sizeof(name), each ? "%s/%zu" : "%s", path, i);
		uint64_t from = now_ns();
		if (exec) {
			failed += run(name) != 0;
		} else {
			int fd = open(name, O_RDONLY | O_CLOEXEC);
			ns[i] = now_ns() - from;
			failed += fd < 0;
			if (fd >= 0)
				(void)close(fd);
			continue;
		}
		ns[i] = now_ns() - from;
	}
	show(what, ns, n, failed);
	free(ns);
	return failed != 0;
}

static int storm(const char *program, size_t n, size_t jobs)
{
	uint64_t from = now_ns();
	for (size_t j = 0; j < jobs; j++)
		if (fork() == 0) {
			size_t wrong = 0;
			for (size_t i = 0; i < n / jobs; i++)
				wrong += run(program) != 0;
			_exit(wrong != 0);
		}
	size_t bad = 0;
	for (size_t j = 0; j < jobs; j++) {
		int status = 1;
		(void)wait(&status);
		bad += status != 0;
	}
	double s = (double)(now_ns() - from) / 1e9;
	(void)printf("storm n %zu: %.0f executions/s, wrong %zu\n", n, (double)n / s, bad);
	return bad != 0;
}

int main(int argc, char **argv)
{
	if (argc >= 3 && strcmp(argv[1], "answer") == 0)
		return answer(argv[2]);
	size_t n = argc >= 4 ? strtoul(argv[3], NULL, 10) : 0;
	if (n && strcmp(argv[1], "open") == 0)
		return measure("open", argv[2], n, 0, 0);
	if (n && strcmp(argv[1], "each") == 0)
		return measure("each", argv[2], n, 1, 0);
	if (n && strcmp(argv[1], "exec") == 0)
		return measure("exec", argv[2], n, 0, 1);
	if (n && strcmp(argv[1], "exec-each") == 0)
		return measure("exec-each", argv[2], n, 1, 1);
	if (argc >= 5 && strcmp(argv[1], "storm") == 0)
		return storm(argv[2], n, strtoul(argv[4], NULL, 10));
	(void)fputs("usage: see the source\n", stderr);
	return 2;
}
