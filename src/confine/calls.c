#include "confine/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <time.h>

#include "base/cleanup.h"
#include "confine/machine.h"
#include "confine/notify.h"
#include "confine/observe.h"
#include "sys/fd.h"

/* Before the caller looks at its clock again. */
#define AT_ONCE 16
/* Up from a thread to one that asked for CPUs. */
#define ANCESTORS_MAX 64

/* -- in the tool's process -- */

static int listen_to_calls(void)
{
	uint32_t arch = seccomp_arch_native();
	struct sock_filter code[] = {
	        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
	        /* Others are refused by the filter of confine/filter.h. */
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 0, 8),
	        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	        /* What confine/observe.h wants to see. */
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 7, 0),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execveat, 6, 0),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_listen, 5, 0),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_uname, 4, 0),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sysinfo, 3, 0),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sched_getaffinity, 2, 0),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sched_setaffinity, 1, 0),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	};
	struct sock_fprog program = {.len = ARRAY_LEN(code), .filter = code};
	return notify_listen(&program);
}

void calls_give(int give)
{
	char may = 'n';
	ssize_t got;
	do
		got = read(give, &may, 1);
	while (got < 0 && errno == EINTR);
	int fd = may == 'y' ? listen_to_calls() : -1;
	char word = fd >= 0 ? 'y' : 'n';
	(void)!fd_pass(give, &word, 1, fd);
	/* The tool must not have it: it would answer itself. */
	fd_closep(&fd);
	(void)close(give);
}

/* -- in the first process -- */

/* Whether an answer will arrive: some machines let nobody write into another process (Yama's mode 3, SELinux's deny_ptrace). The tool's
 * process is still a copy of this one, with the same addresses. */
static bool may_write_into(pid_t tool)
{
	static char probe;
	struct iovec here = {&probe, 1};
	return process_vm_writev(tool, &here, 1, &here, 1, 0) == 1;
}

void calls_take(struct calls *c, const struct host_spec *h, pid_t tool, int take, int64_t boot_offset)
{
	char word = may_write_into(tool) ? 'y' : 'n';
	*c = (struct calls){.fd = -1, .cpus = machine_cpus(h), .boot_offset = boot_offset};
	machine_name(h, &c->name);
	(void)send(take, &word, 1, MSG_NOSIGNAL);
	(void)!fd_take(take, &word, 1, 0, &c->fd);
	(void)close(take);
}

/* What is written to or read from the caller: 0, -EFAULT, -EPERM, or -ESRCH if it is gone.
 *
 * Between the look at the notification and this the caller may be killed, and its number given to another: then that one, a process of the
 * same tool, finds a few bytes changed at an address that the tool chose, which it could have changed itself. Not through /proc/PID/mem,
 * which would keep hold of the process, but writes to pages that the process itself may not write. */
static int to_caller(pid_t thread, uint64_t at, const void *data, size_t n)
{
	struct iovec here = {(void *)(uintptr_t)data, n}, there = {(void *)(uintptr_t)at, n};
	ssize_t done = process_vm_writev(thread, &here, 1, &there, 1, 0);
	return done < 0 ? -errno : (size_t)done == n ? 0 : -EFAULT;
}

static int from_caller(pid_t thread, uint64_t at, void *data, size_t n)
{
	ssize_t done = notify_read(thread, at, data, n);
	return done < 0 ? -errno : (size_t)done == n ? 0 : -EFAULT;
}

static int64_t answer_uname(struct calls *c, const struct seccomp_notif *q)
{
	return to_caller((pid_t)q->pid, q->data.args[0], &c->name, sizeof(c->name));
}

static int64_t answer_sysinfo(struct calls *c, const struct seccomp_notif *q)
{
	struct timespec t;
	struct sysinfo s;
	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	machine_sysinfo((uint64_t)(t.tv_sec + c->boot_offset + (t.tv_nsec > 0)), &s);
	return to_caller((pid_t)q->pid, q->data.args[0], &s, sizeof(s));
}

/* ---- CPUs: which a thread may use is made up, and remembered as long as there is room ---- */

static ssize_t read_proc(pid_t thread, const char *name, char *out, size_t size)
{
	char path[48];
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", thread, name);
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);
	out[n > 0 ? n : 0] = 0;
	return n;
}

/* Field 22 of /proc/PID/stat, proc(5); 0 if there is no such thread. */
static uint64_t started(pid_t thread)
{
	char text[1024];
	const char *p = read_proc(thread, "stat", text, sizeof(text)) > 0 ? strrchr(text, ')') : NULL;
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p ? strtoull(p + 1, NULL, 10) : 0;
}

/* Of whom a thread has its CPUs: of its process's first thread, or that one's parent. Which thread it was is not to be found out. */
static pid_t above(pid_t thread)
{
	char text[4096];
	if (read_proc(thread, "status", text, sizeof(text)) <= 0)
		return 0;
	const char *group = strstr(text, "\nTgid:"), *parent = strstr(text, "\nPPid:");
	pid_t leader = group ? (pid_t)strtol(group + 6, NULL, 10) : 0;
	return leader != thread ? leader : parent ? (pid_t)strtol(parent + 6, NULL, 10) : 0;
}

static struct calls_pin *pin_of(struct calls *c, pid_t thread, uint64_t start)
{
	for (unsigned i = 0; i < c->n_pins; i++)
		if (c->pins[i].thread == thread && c->pins[i].started == start)
			return &c->pins[i];
	return NULL;
}

/* The set that a thread asked for, or inherited; NULL: all. */
static const uint64_t *chosen(struct calls *c, pid_t thread)
{
	uint64_t born = UINT64_MAX;
	if (c->n_pins == 0)
		return NULL;
	for (int i = 0; i < ANCESTORS_MAX && thread > 1; i++) {
		uint64_t start = started(thread);
		const struct calls_pin *p = pin_of(c, thread, start);
		/* What was asked for after a child was there is not the child's. */
		if (p && p->at <= born)
			return p->cpus;
		born = start;
		thread = above(thread);
	}
	return NULL;
}

static size_t mask_bytes(const struct calls *c)
{
	return (c->cpus + 63) / 64 * 8;
}

/* Every CPU that the host has. */
static void all_cpus(const struct calls *c, uint64_t *mask)
{
	for (unsigned i = 0; i < CALLS_CPUS_MAX / 64; i++)
		mask[i] = c->cpus >= (i + 1) * 64 ? UINT64_MAX : c->cpus > i * 64 ? (UINT64_C(1) << (c->cpus - i * 64)) - 1 : 0;
}

/* The thread that a call is about; 0 if there is none. */
static pid_t about(const struct seccomp_notif *q)
{
	pid_t asked = (pid_t)q->data.args[0];
	if (asked == 0)
		return (pid_t)q->pid;
	return asked > 0 && kill(asked, 0) == 0 ? asked : 0;
}

static int64_t answer_getaffinity(struct calls *c, const struct seccomp_notif *q)
{
	uint64_t all[CALLS_CPUS_MAX / 64];
	uint32_t size = (uint32_t)q->data.args[1];
	if ((uint64_t)size * 8 < c->cpus || size % sizeof(unsigned long))
		return -EINVAL;
	pid_t thread = about(q);
	if (!thread)
		return -ESRCH;
	const uint64_t *mask = chosen(c, thread);
	if (!mask) {
		all_cpus(c, all);
		mask = all;
	}
	size_t n = size < mask_bytes(c) ? size : mask_bytes(c);
	int r = to_caller((pid_t)q->pid, q->data.args[2], mask, n);
	return r < 0 ? r : (int64_t)n;
}

/* The real set stays what it is: the tool's threads run where the trial lets them. */
static int64_t answer_setaffinity(struct calls *c, const struct seccomp_notif *q)
{
	struct calls_pin pin = {0};
	uint64_t all[CALLS_CPUS_MAX / 64], any = 0;
	uint32_t size = (uint32_t)q->data.args[1];
	struct timespec t;
	int r = from_caller((pid_t)q->pid, q->data.args[2], pin.cpus, size < mask_bytes(c) ? size : mask_bytes(c));
	if (r < 0)
		return r;
	pin.thread = about(q);
	pin.started = pin.thread ? started(pin.thread) : 0;
	if (!pin.started)
		return -ESRCH;
	all_cpus(c, all);
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		pin.cpus[i] &= all[i];
		any |= pin.cpus[i];
	}
	if (!any)
		return -EINVAL;
	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	pin.at = (uint64_t)t.tv_sec * 100 + (uint64_t)t.tv_nsec / 10000000;
	struct calls_pin *old = pin_of(c, pin.thread, pin.started);
	if (!old) {
		old = &c->pins[c->next_pin];
		c->next_pin = (c->next_pin + 1) % CALLS_PINS_MAX;
		c->n_pins += c->n_pins < CALLS_PINS_MAX;
	}
	*old = pin;
	return 0;
}

static int64_t look_at_exec(struct calls *c, const struct seccomp_notif *q)
{
	(void)c;
	return observe_exec(q);
}

static int64_t look_at_listen(struct calls *c, const struct seccomp_notif *q)
{
	(void)c;
	return observe_listen(q);
}

static const struct {
	int number;
	int64_t (*answer)(struct calls *c, const struct seccomp_notif *q); /* what the call returns, or -errno */
} answers[] = {
        {SYS_uname, answer_uname},
        {SYS_sysinfo, answer_sysinfo},
        {SYS_sched_getaffinity, answer_getaffinity},
        {SYS_sched_setaffinity, answer_setaffinity},
        {SYS_execve, look_at_exec},
        {SYS_execveat, look_at_exec},
        {SYS_listen, look_at_listen},
};

/* False when there is nothing to answer. */
static bool answer_one(struct calls *c)
{
	union notify_question question = {0};
	union notify_reply reply = {0};
	if (ioctl(c->fd, SECCOMP_IOCTL_NOTIF_RECV, &question) < 0)
		return errno == ENOENT; /* it was killed in the meantime */
	/* Its number is its own as long as it waits here. */
	if (ioctl(c->fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &question.q.id) < 0)
		return true;
	int64_t value = -ENOSYS;
	for (size_t i = 0; i < ARRAY_LEN(answers); i++)
		if (answers[i].number == question.q.data.nr)
			value = answers[i].answer(c, &question.q);
	reply.r.id = question.q.id;
	if (value == OBSERVE_CONTINUE)
		reply.r.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else if (value < 0)
		reply.r.error = (int32_t)value;
	else
		reply.r.val = value;
	/* ENOENT: killed; nobody waits for it. */
	(void)ioctl(c->fd, SECCOMP_IOCTL_NOTIF_SEND, &reply);
	return true;
}

void calls_answer(struct calls *c)
{
	for (int i = 0; i < AT_ONCE; i++) {
		/* Receiving waits for a call where none is there. */
		struct pollfd p = {.fd = c->fd, .events = POLLIN};
		if (poll(&p, 1, 0) != 1 || !(p.revents & POLLIN) || !answer_one(c)) {
			/* The last process that has the filter is gone. */
			if (p.revents & POLLHUP)
				fd_closep(&c->fd);
			return;
		}
	}
}
