#include "confine/calls.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <time.h>

#include "base/cleanup.h"
#include "confine/calls_filter.h"
#include "confine/machine.h"
#include "confine/noise.h"
#include "confine/notify.h"
#include "confine/observe.h"
#include "sys/fd.h"

#define NOTIF_SET_FLAGS    _IOW('!', 4, uint64_t)
#define NOTIF_SYNC_WAKE_UP 1ul
/* Before the caller looks at its clock again. */
#define AT_ONCE 16
/* Up from a thread to one that asked for CPUs. */
#define ANCESTORS_MAX 64

/* -- in the tool's process -- */

static int listen_to_calls(unsigned wanted)
{
	struct sock_filter code[CALLS_FILTER_MAX];
	struct sock_fprog program = {.len = (unsigned short)calls_filter(wanted, code), .filter = code};
	return notify_listen(&program);
}

void calls_give(int give, unsigned wanted)
{
	char may = 'n';
	ssize_t got;
	do
		got = read(give, &may, 1);
	while (got < 0 && errno == EINTR);
	int fd = may == 'y' ? listen_to_calls(wanted) : -1;
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

void calls_take(struct calls *c, const struct host_spec *h, struct noise *noise, pid_t tool, int take, int64_t boot_offset)
{
	char word = may_write_into(tool) ? 'y' : 'n';
	*c = (struct calls){.fd = -1, .noise = noise, .cpus = machine_cpus(h), .boot_offset = boot_offset};
	machine_name(h, &c->name);
	(void)send(take, &word, 1, MSG_NOSIGNAL);
	(void)!fd_take(take, &word, 1, 0, &c->fd);
	(void)close(take);
	/* Question and answer go to and fro on one processor (Linux 6.6): a third of the time. */
	(void)ioctl(c->fd, NOTIF_SET_FLAGS, NOTIF_SYNC_WAKE_UP);
}

static int64_t answer_uname(struct calls *c, const struct seccomp_notif *q)
{
	return notify_put((pid_t)q->pid, q->data.args[0], &c->name, sizeof(c->name));
}

static int64_t answer_sysinfo(struct calls *c, const struct seccomp_notif *q)
{
	struct timespec t;
	struct sysinfo s;
	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	machine_sysinfo((uint64_t)(t.tv_sec + c->boot_offset + (t.tv_nsec > 0)), &s);
	return notify_put((pid_t)q->pid, q->data.args[0], &s, sizeof(s));
}

/* ---- CPUs: which a thread may use is made up, and remembered as long as there is room ---- */

/* Of whom a thread has its CPUs: of its process's first thread, or that one's parent. Which thread it was is not to be found out. */
static pid_t above(pid_t thread)
{
	pid_t leader, parent;
	notify_family(thread, &leader, &parent);
	return leader != thread ? leader : parent;
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
		uint64_t start = notify_started(thread, NULL);
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
	int r = notify_put((pid_t)q->pid, q->data.args[2], mask, n);
	return r < 0 ? r : (int64_t)n;
}

/* The real set stays what it is: the tool's threads run where the trial lets them. */
static int64_t answer_setaffinity(struct calls *c, const struct seccomp_notif *q)
{
	struct calls_pin pin = {0};
	uint64_t all[CALLS_CPUS_MAX / 64], any = 0;
	uint32_t size = (uint32_t)q->data.args[1];
	struct timespec t;
	int r = notify_get((pid_t)q->pid, q->data.args[2], pin.cpus, size < mask_bytes(c) ? size : mask_bytes(c));
	if (r < 0)
		return r;
	pin.thread = about(q);
	pin.started = pin.thread ? notify_started(pin.thread, NULL) : 0;
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
	/* What the call returns, -errno, or for the second NOISE_CONTINUE or NOISE_ANSWERED. */
	int64_t (*answer)(struct calls *c, const struct seccomp_notif *q);
	int64_t (*noise)(struct noise *n, int listener, const struct seccomp_notif *q);
} answers[] = {
        {SYS_uname, answer_uname, NULL},
        {SYS_sysinfo, answer_sysinfo, NULL},
        {SYS_sched_getaffinity, answer_getaffinity, NULL},
        {SYS_sched_setaffinity, answer_setaffinity, NULL},
        {SYS_brk, NULL, noise_begin},
#ifdef SYS_arch_prctl
        {SYS_arch_prctl, NULL, noise_begin},
#else
        {SYS_set_tid_address, NULL, noise_begin},
#endif
        {SYS_getrandom, NULL, noise_getrandom},
#ifdef SYS_open
        {SYS_open, NULL, noise_open},
#endif
        {SYS_openat, NULL, noise_open},
#ifdef SYS_openat2
        {SYS_openat2, NULL, noise_open},
#endif
        {SYS_clock_gettime, NULL, noise_clock_gettime},
        {SYS_gettimeofday, NULL, noise_gettimeofday},
#ifdef SYS_time
        {SYS_time, NULL, noise_time},
#endif
#ifdef SYS_stat
        {SYS_stat, NULL, noise_stat},
        {SYS_lstat, NULL, noise_stat},
#endif
        {SYS_fstat, NULL, noise_stat},
        {SYS_newfstatat, NULL, noise_stat},
        {SYS_statx, NULL, noise_stat},
        {SYS_clock_nanosleep, NULL, noise_wait},
        {SYS_timerfd_settime, NULL, noise_wait},
        {SYS_futex, NULL, noise_wait},
        {SYS_mq_timedsend, NULL, noise_wait},
        {SYS_mq_timedreceive, NULL, noise_wait},
        {SYS_execve, look_at_exec, NULL},
        {SYS_execveat, look_at_exec, NULL},
        {SYS_listen, look_at_listen, NULL},
};

static int64_t answer(struct calls *c, const struct seccomp_notif *q)
{
	for (size_t i = 0; i < ARRAY_LEN(answers); i++)
		if (answers[i].number == q->data.nr)
			return answers[i].answer ? answers[i].answer(c, q) : answers[i].noise(c->noise, c->fd, q);
	return -ENOSYS;
}

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
	int64_t value = answer(c, &question.q);
	if (value == NOISE_ANSWERED)
		return true;
	reply.r.id = question.q.id;
	if (value == NOISE_CONTINUE || value == OBSERVE_CONTINUE)
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
