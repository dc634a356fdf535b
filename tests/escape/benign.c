/* What a tool must be able to do: the twins of the attacks. */
#include "attack.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static enum verdict if_ok(bool ok)
{
	return ok ? WORKS : attack_note(BROKEN, "%s", strerror(errno));
}
#define P(text) attack_path("${PROJECT}/" text)

BENIGN(epoll)
{
	int e = epoll_create1(0), v = eventfd(1, 0);
	struct epoll_event ev = {.events = EPOLLIN}, got;
	return if_ok(e >= 0 && v >= 0 && epoll_ctl(e, EPOLL_CTL_ADD, v, &ev) == 0 && epoll_wait(e, &got, 1, 1000) == 1);
}

BENIGN(socketpair)
{
	int s[2];
	char b;
	return if_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0 && write(s[0], "x", 1) == 1 && read(s[1], &b, 1) == 1);
}

BENIGN(child)
{
	int how = 0;
	pid_t pid = fork();
	if (pid == 0)
		_exit(7);
	return if_ok(pid > 0 && waitpid(pid, &how, 0) == pid && WEXITSTATUS(how) == 7);
}

BENIGN(mmap)
{
	char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return if_ok(false);
	p[5000] = 1;
	/* Compilers of JavaScript make code. */
	return if_ok(mprotect(p, 1 << 20, PROT_READ | PROT_EXEC) == 0 && munmap(p, 1 << 20) == 0);
}

BENIGN(file)
{
	char b[10];
	return if_ok(attack_write(P("work"), O_WRONLY | O_CREAT | O_TRUNC, "hello") && attack_read(P("work"), b, sizeof(b)) && strcmp(b, "hello") == 0 && unlink(P("work")) == 0);
}

static void *nothing(void *arg)
{
	return arg;
}
BENIGN(thread)
{
	pthread_t t;
	static int x;
	void *r = NULL;
	return if_ok(pthread_create(&t, NULL, nothing, &x) == 0 && pthread_join(t, &r) == 0 && r == &x);
}

BENIGN(random)
{
	char b[16];
	return if_ok(getrandom(b, sizeof(b), 0) == sizeof(b));
}

BENIGN(time)
{
	struct timespec t;
	return if_ok(clock_gettime(CLOCK_REALTIME, &t) == 0 && t.tv_sec > 1600000000 && clock_getres(CLOCK_MONOTONIC, &t) == 0);
}

static volatile sig_atomic_t heard;
static void hear(int s)
{
	heard = s;
}
BENIGN(signal)
{
	int how = 0;
	(void)signal(SIGUSR1, hear);
	if (kill(getpid(), SIGUSR1) < 0 || heard != SIGUSR1)
		return if_ok(false);
	pid_t pid = fork();
	if (pid == 0)
		for (;;)
			(void)pause();
	return if_ok(pid > 0 && kill(pid, SIGTERM) == 0 && waitpid(pid, &how, 0) == pid && WTERMSIG(how) == SIGTERM);
}

BENIGN(shm)
{
	int fd = shm_open("/escape-own", O_RDWR | O_CREAT, 0600);
	return if_ok(fd >= 0 && ftruncate(fd, 4096) == 0 && shm_unlink("/escape-own") == 0);
}

BENIGN(sysv)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	void *p = id >= 0 ? shmat(id, NULL, 0) : (void *)-1;
	return if_ok(p != (void *)-1 && shmdt(p) == 0 && shmctl(id, IPC_RMID, NULL) == 0);
}

BENIGN(memfd)
{
	int fd = memfd_create("x", MFD_CLOEXEC);
	return if_ok(fd >= 0 && write(fd, "x", 1) == 1);
}

BENIGN(pipe)
{
	int p[2];
	return if_ok(pipe(p) == 0 && write(p[1], "x", 1) == 1);
}

static enum verdict loopback(int type)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int l = socket(AF_INET, type, 0), c = socket(AF_INET, type, 0);
	if (l < 0 || c < 0 || bind(l, (struct sockaddr *)&a, n) < 0 || getsockname(l, (struct sockaddr *)&a, &n) < 0)
		return if_ok(false);
	if (type == SOCK_STREAM && listen(l, 1) < 0)
		return if_ok(false);
	return if_ok(connect(c, (struct sockaddr *)&a, n) == 0 && write(c, "x", 1) == 1);
}
BENIGN(tcp)
{
	return loopback(SOCK_STREAM);
}
BENIGN(udp)
{
	return loopback(SOCK_DGRAM);
}

BENIGN(exec)
{
	char *argv[] = {"true", NULL};
	return if_ok(attack_run(argv, NULL, 0) == 0);
}

BENIGN(list)
{
	DIR *d = opendir("/usr/bin");
	int n = 0;
	while (d && readdir(d))
		n++;
	return if_ok(n > 20);
}

BENIGN(tmp)
{
	return if_ok(attack_write("/tmp/escape-own", O_WRONLY | O_CREAT, "x") && unlink("/tmp/escape-own") == 0);
}

BENIGN(inotify)
{
	int fd = inotify_init1(IN_CLOEXEC);
	return if_ok(fd >= 0 && inotify_add_watch(fd, attack_env("PROJECT"), IN_CREATE) >= 0);
}

BENIGN(timers)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	struct itimerspec t = {.it_value.tv_nsec = 1000000};
	uint64_t n;
	return if_ok(fd >= 0 && timerfd_settime(fd, 0, &t, NULL) == 0 && read(fd, &n, sizeof(n)) == sizeof(n));
}

static enum verdict unix_socket(const char *path, bool abstract)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	(void)snprintf(a.sun_path + abstract, sizeof(a.sun_path) - 1, "%s", path);
	socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + abstract + strlen(path) + !abstract);
	int l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);
	return if_ok(bind(l, (struct sockaddr *)&a, n) == 0 && listen(l, 1) == 0 && connect(c, (struct sockaddr *)&a, n) == 0 && (abstract || unlink(path) == 0));
}
BENIGN(unix_path)
{
	return unix_socket("/tmp/escape-own.sock", false);
}
BENIGN(unix_abstract)
{
	return unix_socket("escape-own", true);
}

BENIGN(limits)
{
	struct rlimit l;
	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return if_ok(false);
	l.rlim_cur = l.rlim_max < 256 ? l.rlim_max : 256;
	return if_ok(setrlimit(RLIMIT_NOFILE, &l) == 0);
}

BENIGN(names)
{
	return if_ok(prctl(PR_SET_NAME, "own-name") == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
}

BENIGN(affinity)
{
	cpu_set_t s;
	return if_ok(sched_getaffinity(0, sizeof(s), &s) == 0 && sched_setaffinity(0, sizeof(s), &s) == 0);
}

BENIGN(pty)
{
	int m, s;
	char b[4];
	return if_ok(openpty(&m, &s, NULL, NULL, NULL) == 0 && write(s, "x", 1) == 1 && read(m, b, 4) == 1);
}

BENIGN(lock)
{
	int fd = open(P("lock"), O_RDWR | O_CREAT, 0600);
	return if_ok(fd >= 0 && flock(fd, LOCK_EX) == 0 && unlink(P("lock")) == 0);
}

BENIGN(rename)
{
	return if_ok(attack_write(P("a"), O_WRONLY | O_CREAT, "x") && rename(P("a"), P("b")) == 0 && unlink(P("b")) == 0);
}

BENIGN(symlink)
{
	char b[10];
	return if_ok(attack_write(P("to"), O_WRONLY | O_CREAT, "x") && symlink("to", P("link")) == 0 && attack_read(P("link"), b, sizeof(b)) && unlink(P("link")) == 0 &&
	        unlink(P("to")) == 0);
}

BENIGN(hardlink)
{
	return if_ok(attack_write(P("one"), O_WRONLY | O_CREAT, "x") && link(P("one"), P("two")) == 0 && unlink(P("one")) == 0 && unlink(P("two")) == 0);
}

BENIGN(fifo)
{
	return if_ok(mkfifo(P("fifo"), 0600) == 0 && unlink(P("fifo")) == 0);
}

BENIGN(mode)
{
	return if_ok(attack_write(P("mode"), O_WRONLY | O_CREAT, "x") && chmod(P("mode"), 0755) == 0 && unlink(P("mode")) == 0);
}

BENIGN(copy)
{
	int a = open("/etc/passwd", O_RDONLY), b = open(P("copy"), O_WRONLY | O_CREAT, 0600);
	return if_ok(a >= 0 && b >= 0 && (copy_file_range(a, NULL, b, NULL, 100, 0) > 0 || errno == EXDEV) && unlink(P("copy")) == 0);
}

BENIGN(own_proc)
{
	char b[100];
	return if_ok(attack_read("/proc/self/status", b, sizeof(b)) && attack_read("/proc/self/environ", b, sizeof(b)) && attack_read("/proc/cpuinfo", b, sizeof(b)));
}

BENIGN(devices)
{
	char b[4];
	return if_ok(attack_write("/dev/null", O_WRONLY, "x") && attack_read("/dev/urandom", b, sizeof(b)) && attack_read("/dev/zero", b, sizeof(b)));
}

BENIGN(system)
{
	char b[100];
	return if_ok(attack_read("/etc/passwd", b, sizeof(b)) && access("/usr/bin/env", X_OK) == 0);
}

BENIGN(named)
{
	/* What --ro and --rw name. */
	char b[100];
	return if_ok(attack_read(attack_path("${HOME}/notes/ok"), b, sizeof(b)) && strcmp(b, "notes\n") == 0 && attack_write(attack_path("${HOME}/cache/x"), O_WRONLY | O_CREAT, "x"));
}

BENIGN(home)
{
	/* A home of one's own, in which a tool may put its things. */
	return if_ok(attack_write(attack_path("${HOME}/.escape-own"), O_WRONLY | O_CREAT, "x") && unlink(attack_path("${HOME}/.escape-own")) == 0);
}

BENIGN(script)
{
	char *argv[] = {(char *)P("own-script"), NULL};
	(void)unlink(argv[0]);
	return if_ok(attack_write(argv[0], O_WRONLY | O_CREAT, "#!/bin/sh\nexit 42\n") && chmod(argv[0], 0755) == 0 && attack_run(argv, NULL, 0) == 42 && unlink(argv[0]) == 0);
}

BENIGN(many)
{
	/* Thirty processes at once are ordinary. */
	int how, ended = 0;
	for (int i = 0; i < 30; i++)
		if (fork() == 0) {
			(void)usleep(20000);
			_exit(0);
		}
	while (wait(&how) > 0)
		ended++;
	return if_ok(ended == 30);
}

BENIGN(permitted)
{
	char *argv[] = {(char *)attack_path("${PERMITTED}"), NULL};
	return if_ok(attack_run(argv, NULL, 0) == 42);
}
