/* Makes one system call of a process and of all that it starts fail: the n-th of those that concern a folder. By seccomp user
 * notification, so that no call is missed, whoever makes it (libfiu knows neither openat nor pwritev nor renameat). */
#ifndef LEDGER_FAIL_H
#define LEDGER_FAIL_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "ledger_run.h"

enum about {
	BY_FD,   /* argument 0 is a descriptor */
	BY_PATH, /* argument 0 is a path */
	BY_DIR,  /* 0 is a folder's descriptor, 1 a path */
	BY_MAP,  /* mmap: 4 is a descriptor */
	BY_BIND, /* of a socket to a name */
};
struct fail_call {
	const char *name;
	uint32_t nr;
	enum about about;
	bool takes_room; /* may say that there is none */
};
#define C(name, about, room)                     \
	{                                        \
#name, SYS_##name, (about), room \
	}
static const struct fail_call fail_calls[] = {
        C(openat, BY_DIR, true),
        C(openat2, BY_DIR, false),
        C(pwritev, BY_FD, true),
        C(pwritev2, BY_FD, true),
        C(pwrite64, BY_FD, true),
        C(writev, BY_FD, true),
        C(write, BY_FD, true),
        C(fsync, BY_FD, true),
        C(fdatasync, BY_FD, true),
        C(ftruncate, BY_FD, true),
        C(fallocate, BY_FD, true),
        C(renameat2, BY_DIR, true),
        C(unlinkat, BY_DIR, true),
        C(mkdirat, BY_DIR, true),
        C(linkat, BY_DIR, true),
        C(utimensat, BY_DIR, true),
        C(bind, BY_BIND, true),
        C(fchmod, BY_FD, false),
        C(fchown, BY_FD, false),
        C(flock, BY_FD, false),
        C(fcntl, BY_FD, false),
        C(read, BY_FD, false),
        C(pread64, BY_FD, false),
        C(preadv, BY_FD, false),
        C(lseek, BY_FD, false),
        C(getdents64, BY_FD, false),
        C(newfstatat, BY_DIR, false),
        C(statx, BY_DIR, false),
        C(faccessat, BY_DIR, false),
        C(faccessat2, BY_DIR, false),
        C(mmap, BY_MAP, false),
        C(fstat, BY_FD, false),
#ifdef SYS_open /* those that new architectures do without */
        C(open, BY_PATH, false),
        C(rename, BY_PATH, true),
        C(unlink, BY_PATH, true),
        C(rmdir, BY_PATH, true),
        C(mkdir, BY_PATH, true),
        C(stat, BY_PATH, false),
        C(lstat, BY_PATH, false),
        C(access, BY_PATH, false),
        C(renameat, BY_DIR, true),
#endif
};
#undef C
#define FAIL_CALLS (sizeof(fail_calls) / sizeof(fail_calls[0]))

/* What is to fail, and what has come of it. */
static struct fail {
	const char *folder; /* absolute, without links */
	unsigned at;        /* from 1; 0: none */
	int with;           /* EIO, ENOSPC; which is left out where it makes no sense */
	int listener;
	pthread_t thread;
	atomic_uint seen;               /* calls that concern the folder */
	atomic_int hit;                 /* index of the one that failed; -1: none has */
	unsigned counts[FAIL_CALLS][2]; /* failed, in all runs, with EIO and with ENOSPC */
	unsigned where[FAIL_CALLS];     /* the number of one such call, in a run in which none had failed before it; 0: none was seen */
} fail = {.listener = -1, .hit = -1};
static int fail_pair[2] = {-1, -1};

union fail_control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

/* In the child: from here on its calls are asked about. */
static void fail_install(void)
{
	struct sock_filter code[FAIL_CALLS + 4];
	size_t n = 0;
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < FAIL_CALLS; i++)
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, fail_calls[i].nr, (uint8_t)(FAIL_CALLS - i), 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	struct sock_fprog program = {.len = (unsigned short)n, .filter = code};
	union fail_control control = {0};
	char word = 'x';
	struct iovec v = {&word, 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* sendmsg and close are not among the calls. */
	int fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (fd < 0)
		m.msg_controllen = 0;
	(void)sendmsg(fail_pair[1], &m, MSG_NOSIGNAL);
	(void)close(fd);
}

static bool fail_below(const char *path)
{
	size_t n = strlen(fail.folder);
	return strncmp(path, fail.folder, n) == 0 && (path[n] == 0 || path[n] == '/' || path[n] == ' ');
}

static bool fail_fd_concerns(pid_t pid, int fd)
{
	char link[64], path[600];
	(void)snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = 0;
	return fail_below(path);
}

static bool fail_path_concerns(pid_t pid, uint64_t at)
{
	char path[512] = "";
	/* Not over the end of a page, which may be that of the memory. */
	struct iovec here = {path, sizeof(path) - 1}, there = {(void *)(uintptr_t)at, sizeof(path) - 1};
	size_t left = 4096 - at % 4096;
	if (left < there.iov_len)
		there.iov_len = left;
	(void)process_vm_readv(pid, &here, 1, &there, 1, 0);
	return fail_below(path);
}

static bool fail_concerns(const struct fail_call *c, const struct seccomp_notif *q)
{
	const uint64_t *arg = (const uint64_t *)q->data.args;
	pid_t pid = (pid_t)q->pid;
	switch (c->about) {
	case BY_PATH:
		return fail_path_concerns(pid, arg[0]);
	case BY_DIR:
		return (int)arg[0] == AT_FDCWD ? fail_path_concerns(pid, arg[1]) : fail_fd_concerns(pid, (int)arg[0]);
	case BY_MAP:
		return (int)arg[4] >= 0 && fail_fd_concerns(pid, (int)arg[4]);
	case BY_BIND:
		return arg[2] > sizeof(struct sockaddr);
	case BY_FD:
		break;
	}
	return fail_fd_concerns(pid, (int)arg[0]);
}

/* What only reads is never told that there is no room. */
static bool fail_may_write(const struct fail_call *c, const struct seccomp_notif *q)
{
	bool opens = c->nr == SYS_openat;
	return !opens || (q->data.args[2] & (O_WRONLY | O_RDWR | O_CREAT));
}

static void *fail_serve(void *arg)
{
	(void)arg;
	for (;;) {
		struct seccomp_notif q = {0};
		struct pollfd p = {.fd = fail.listener, .events = POLLIN};
		/* Hung up: nobody has the filter any more. */
		if (poll(&p, 1, -1) < 0 || (p.revents & (POLLHUP | POLLNVAL)))
			return NULL;
		if (ioctl(fail.listener, SECCOMP_IOCTL_NOTIF_RECV, &q) < 0)
			continue;
		struct seccomp_notif_resp r = {.id = q.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
		for (size_t i = 0; i < FAIL_CALLS; i++) {
			const struct fail_call *c = &fail_calls[i];
			if (c->nr != (uint32_t)q.data.nr || !fail_concerns(c, &q))
				continue;
			if (fail.with == ENOSPC && !(c->takes_room && fail_may_write(c, &q)))
				continue;
			unsigned number = atomic_fetch_add(&fail.seen, 1) + 1;
			if (number <= fail.at)
				fail.where[i] = number;
			if (number == fail.at) {
				r.flags = 0;
				r.error = -fail.with;
				fail.counts[i][fail.with == ENOSPC]++;
				atomic_store(&fail.hit, (int)i);
			}
		}
		(void)ioctl(fail.listener, SECCOMP_IOCTL_NOTIF_SEND, &r);
	}
}

/* Starts `postern log ARG…` of which call number `at` fails. pid 0: there are no listeners here. */
static struct started fail_start(const char *const args[], unsigned at, int with)
{
	union fail_control control = {0};
	char word;
	struct iovec v = {&word, 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
	fail.at = at;
	fail.with = with;
	atomic_store(&fail.seen, 0);
	atomic_store(&fail.hit, -1);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fail_pair) < 0)
		abort();
	before_exec = fail_install;
	struct started s = start(args);
	before_exec = NULL;
	(void)close(fail_pair[1]);
	ssize_t got = recvmsg(fail_pair[0], &m, MSG_CMSG_CLOEXEC);
	(void)close(fail_pair[0]);
	struct cmsghdr *c = got == 1 ? CMSG_FIRSTHDR(&m) : NULL;
	if (!c) {
		kill_started(&s);
		return s;
	}
	memcpy(&fail.listener, CMSG_DATA(c), sizeof(fail.listener));
	if (pthread_create(&fail.thread, NULL, fail_serve, NULL) != 0)
		abort();
	return s;
}

/* Once the process and all that it started have ended. */
static void fail_end(void)
{
	(void)pthread_join(fail.thread, NULL);
	(void)close(fail.listener);
	fail.listener = -1;
}

#endif
