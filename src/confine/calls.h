/* calls: system calls that describe the machine, answered for the synthetic host. Files can be covered with mounts; uname(2), sysinfo(2)
 * and sched_getaffinity(2) go to the kernel. A filter of its own on the tool hands them, and sched_setaffinity(2), to a listener (seccomp
 * user notification, seccomp_unotify(2), Linux 5.0), which writes the answer into the caller's memory. None of these ever reaches the
 * kernel, so there is no race to win against SECCOMP_USER_NOTIF_FLAG_CONTINUE. Where randomness or the calendar of the trial is chosen, the
 * calls about them are handed over too: see confine/noise.h. Some of those go on to the kernel; they are no wall.
 *
 * The listener is the trial's first process, because it may write into any process of the tool: it is process 1 of their PID namespace, so
 * the numbers in a notification mean the same to it, and it has every capability over the user namespace that they live in, CAP_SYS_PTRACE
 * among them. That is what Yama asks for in its modes 1 and 2, whoever a process descends from, and what the kernel asks for where a
 * process is not dumpable. It ends after them, so no call is left without an answer; and the tool cannot stop or trace it. The runner
 * outside has the same rights, but is one step further away and knows the processes by other numbers. Nobody may write into a program that
 * the tool may run but not read and that another user of the real machine owns: its calls get EPERM. Where nobody may write into any other
 * process (Yama's mode 3) there is no listener. */
#ifndef POSTERN_CONFINE_CALLS_H
#define POSTERN_CONFINE_CALLS_H

#include <sys/types.h>
#include <sys/utsname.h>

#include "base/slice.h"

struct host_spec;
struct noise;

#define CALLS_CPUS_MAX 4096
#define CALLS_PINS_MAX 64

/* What sched_setaffinity() asked for. */
struct calls_pin {
	pid_t thread;     /* 0: free */
	uint64_t started; /* of the thread, in ticks since the start: the number may be another's by now */
	uint64_t at;      /* when it was asked for, the same clock */
	uint64_t cpus[CALLS_CPUS_MAX / 64];
};

/* Of no use to anybody but calls.c. Large, and not on the heap, which the first process gives away. */
struct calls {
	int fd;
	struct noise *noise;
	struct utsname name;
	unsigned cpus;
	int64_t boot_offset; /* seconds from this process's CLOCK_BOOTTIME to the tool's */
	unsigned next_pin, n_pins;
	struct calls_pin pins[CALLS_PINS_MAX];
};

/* In the tool's process, after PR_SET_NO_NEW_PRIVS and before it runs the tool: installs the filter, if calls_take() at the other end of
 * the socket `give` says that it can answer, and sends the listener there. Closes both. Cannot fail: where the kernel has no such listener,
 * or gives this process none because it lives under one already (a container may), the calls tell the truth, and calls_take() knows.
 * wanted: see confine/calls_filter.h. */
void calls_give(int give, unsigned wanted);

/* In the first process, when `tool`, just forked, is on its way to calls_give(): waits for it and closes the socket. c->fd is then readable
 * when calls wait for calls_answer(); -1: there is no listener. boot_offset: see struct calls. noise has been prepared. */
void calls_take(struct calls *c, const struct host_spec *h, struct noise *noise, pid_t tool, int take, int64_t boot_offset);

/* Answers calls that wait, a few at most, so that the caller comes back to its clock whatever the tool does. To be called when c->fd is
 * readable. Takes no memory and does not block. */
void calls_answer(struct calls *c);

#endif
