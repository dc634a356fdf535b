/* noise: randomness and calendar of a trial. What a tool draws and what it reads off the clock is the noise of an experiment; here it is
 * chosen. System calls about both are answered by the listener of confine/calls.h; at the beginning of each program (its first system call,
 * which is known from C libraries, Go and Zig: they ask for the end of the data segment or set the thread pointer) its vDSO is changed, and
 * the sixteen random bytes that the kernel gives to it are replaced (AT_RANDOM, getauxval(3)).
 *
 * Randomness follows from a seed and the number of a stream: two trials with the same of both draw the same. So that a race between
 * processes or threads does not change what each draws, each has a sequence of its own: a process by its parent's, its command line
 * (figures aside) and how many such the parent has had; the first thread of a process by the process, others by their name and the order in
 * which they draw for the first time; and each size of a draw has its own sequence again. Not covered: what the processor draws (RDRAND,
 * RDSEED), time stamp counters, races, what a program reads from a random device that it opened by another name.
 *
 * The calendar (CLOCK_REALTIME, CLOCK_TAI, time(2)) runs from a chosen moment at a chosen speed, and so do moments at which a wait is to
 * end, and the times of files that are made or changed meanwhile. CLOCK_MONOTONIC and all that is measured with it stays as it is. Not
 * covered: POSIX timers that are set to a moment (timer_settime(2)), times of what is in /proc, and what does not come by a system call. */
#ifndef POSTERN_CONFINE_NOISE_H
#define POSTERN_CONFINE_NOISE_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/types.h>

#include "confine/stream.h"
#include "confine/vdso.h"

/* All zero: the real ones. */
struct noise_spec {
	bool fixed; /* randomness */
	uint64_t seed;
	uint32_t stream;
	bool clock;         /* calendar */
	int64_t start_unix; /* seconds, when the tool starts */
	uint32_t speed;     /* in thousandths; 0: it stands still */
};

#define NOISE_SPEED_REAL 1000
#define NOISE_SPEED_MAX  1000000000

#define NOISE_DRAWERS_MAX 1024
#define NOISE_COUNTS_MAX  1024
#define NOISE_DEVICES_MAX 48
#define NOISE_SIZES_MAX   6

/* What draws: a process's first thread, or another. */
struct noise_drawer {
	pid_t thread, process; /* thread 0: free */
	uint64_t started;      /* of the thread, in ticks: the number may be another's by now */
	struct stream_key key;
	struct {
		uint32_t size, drawn;
	} sizes[NOISE_SIZES_MAX];
};

/* Large, and not on the heap, which the first process gives away. */
struct noise {
	struct noise_spec spec;
	struct stream_key root;
	struct noise_drawer drawers[NOISE_DRAWERS_MAX];
	unsigned next_drawer, n_drawers;
	struct {
		uint64_t what;
		uint32_t n;
	} counts[NOISE_COUNTS_MAX];
	struct {
		int fd; /* where it is written to; -1: free */
		struct stream_key key;
		uint64_t written;
	} devices[NOISE_DEVICES_MAX];
	int poll; /* epoll: the devices that want to be filled */
	struct vdso vdso;
	struct vdso_clock clock;
	int64_t real_start_ns; /* when it begins, in the real one */
	int64_t tick_start_ns; /* the same by the clock that files have, which is a tick late */
	int64_t mono_offset;   /* seconds from this process's CLOCK_MONOTONIC to the tool's */
	/* Whether all that was asked for was had. */
	unsigned begun, begun_badly, draws, real_draws;
};

/* In the first process, right before the tool is forked, from when the calendar runs. mono_offset: see struct noise. Allocates, but keeps
 * nothing on the heap. May be called with a spec that wants nothing. */
void noise_prepare(struct noise *n, const struct noise_spec *spec, int64_t mono_offset);
bool noise_wanted(const struct noise_spec *spec);
/* In the tool's process, before it runs the tool: places in memory are a source of randomness too. Inherited by all that it runs. */
void noise_fix_addresses(const struct noise_spec *spec);
/* Bytes for the trial itself, such as the first process number; false if randomness is not fixed. */
bool noise_draw(const struct noise_spec *spec, const char *what, void *out, size_t size);

/* Nanoseconds of the calendar: the chosen one, or the real one. */
int64_t noise_now(const struct noise *n);
/* Fills devices that were read from. To be called when n->poll is readable. */
void noise_fill(struct noise *n);
/* Whether all draws, and the calendar of all programs, were as chosen. */
bool noise_fixed(const struct noise *n);
bool noise_clock(const struct noise *n);

/* Answers: what the call returns, or -errno, or one of these. */
#define NOISE_CONTINUE INT64_MIN       /* let the kernel do it */
#define NOISE_ANSWERED (INT64_MIN + 1) /* nothing more is to be done */
int64_t noise_getrandom(struct noise *n, int listener, const struct seccomp_notif *q);
int64_t noise_open(struct noise *n, int listener, const struct seccomp_notif *q);
int64_t noise_begin(struct noise *n, int listener, const struct seccomp_notif *q);
int64_t noise_clock_gettime(struct noise *n, int listener, const struct seccomp_notif *q);
int64_t noise_gettimeofday(struct noise *n, int listener, const struct seccomp_notif *q);
int64_t noise_time(struct noise *n, int listener, const struct seccomp_notif *q);
int64_t noise_stat(struct noise *n, int listener, const struct seccomp_notif *q);
int64_t noise_wait(struct noise *n, int listener, const struct seccomp_notif *q);

#endif
