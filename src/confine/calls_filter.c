#include "confine/calls_filter.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>

#include "base/cleanup.h"

#ifndef ARCH_SET_FS
#define ARCH_SET_FS 0x1002
#endif

enum test {
	TEST_END,
	IS,      /* the low half of the argument is that value */
	HAS,     /* any of these bits is set in it */
	HAS_NOT, /* none of them is */
	THERE,   /* the argument is not zero */
	ZERO,    /* it is */
};

/* All of a row's conditions must hold; of rows for the same call one. */
static const struct {
	int number;
	unsigned wanted; /* any of these */
	struct {
		enum test test;
		unsigned arg;
		uint32_t value;
	} all[2];
} rules[] = {
        {SYS_uname, CALLS_MACHINE, {{0}}},
        {SYS_sysinfo, CALLS_MACHINE, {{0}}},
        {SYS_sched_getaffinity, CALLS_MACHINE, {{0}}},
        {SYS_sched_setaffinity, CALLS_MACHINE, {{0}}},

        /* What confine/observe.h wants to see. */
        {SYS_execve, CALLS_MACHINE, {{0}}},
        {SYS_execveat, CALLS_MACHINE, {{0}}},
        {SYS_listen, CALLS_MACHINE, {{0}}},

        /* With one of these each program begins. */
        {SYS_brk, CALLS_DRAWS | CALLS_CALENDAR, {{ZERO, 0, 0}}},
#ifdef SYS_arch_prctl
        {SYS_arch_prctl, CALLS_DRAWS | CALLS_CALENDAR, {{IS, 0, ARCH_SET_FS}}},
#else
        {SYS_set_tid_address, CALLS_DRAWS | CALLS_CALENDAR, {{0}}},
#endif

        {SYS_getrandom, CALLS_DRAWS, {{0}}},
#ifdef SYS_open
        {SYS_open, CALLS_DRAWS, {{HAS_NOT, 1, O_ACCMODE | O_CREAT | O_DIRECTORY | O_PATH}}},
#endif
        {SYS_openat, CALLS_DRAWS, {{HAS_NOT, 2, O_ACCMODE | O_CREAT | O_DIRECTORY | O_PATH}}},
#ifdef SYS_openat2
        {SYS_openat2, CALLS_DRAWS, {{0}}},
#endif

        {SYS_clock_gettime, CALLS_CALENDAR, {{IS, 0, CLOCK_REALTIME}}},
        {SYS_clock_gettime, CALLS_CALENDAR, {{IS, 0, CLOCK_REALTIME_COARSE}}},
        {SYS_clock_gettime, CALLS_CALENDAR, {{IS, 0, CLOCK_REALTIME_ALARM}}},
        {SYS_clock_gettime, CALLS_CALENDAR, {{IS, 0, CLOCK_TAI}}},
        {SYS_gettimeofday, CALLS_CALENDAR, {{0}}},
#ifdef SYS_time
        {SYS_time, CALLS_CALENDAR, {{0}}},
#endif
#ifdef SYS_stat
        {SYS_stat, CALLS_CALENDAR, {{0}}},
        {SYS_lstat, CALLS_CALENDAR, {{0}}},
#endif
        {SYS_fstat, CALLS_CALENDAR, {{0}}},
        {SYS_newfstatat, CALLS_CALENDAR, {{0}}},
        {SYS_statx, CALLS_CALENDAR, {{0}}},
        {SYS_clock_nanosleep, CALLS_CALENDAR, {{IS, 0, CLOCK_REALTIME}, {HAS, 1, TIMER_ABSTIME}}},
        {SYS_clock_nanosleep, CALLS_CALENDAR, {{IS, 0, CLOCK_REALTIME_ALARM}, {HAS, 1, TIMER_ABSTIME}}},
        {SYS_clock_nanosleep, CALLS_CALENDAR, {{IS, 0, CLOCK_TAI}, {HAS, 1, TIMER_ABSTIME}}},
        {SYS_timerfd_settime, CALLS_CALENDAR, {{HAS, 1, TFD_TIMER_ABSTIME}}},
        {SYS_futex, CALLS_CALENDAR, {{HAS, 1, FUTEX_CLOCK_REALTIME}, {THERE, 3, 0}}},
        {SYS_futex, CALLS_CALENDAR, {{IS, 1, FUTEX_LOCK_PI}, {THERE, 3, 0}}},
        {SYS_futex, CALLS_CALENDAR, {{IS, 1, FUTEX_LOCK_PI_PRIVATE}, {THERE, 3, 0}}},
        {SYS_mq_timedsend, CALLS_CALENDAR, {{THERE, 4, 0}}},
        {SYS_mq_timedreceive, CALLS_CALENDAR, {{THERE, 4, 0}}},
};

struct code {
	struct sock_filter *at;
	size_t n;
};

static void emit(struct code *c, struct sock_filter f)
{
	if (c->n < CALLS_FILTER_MAX)
		c->at[c->n] = f;
	c->n++;
}

static void load(struct code *c, unsigned arg, bool high)
{
	unsigned half = (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) == high ? 4 : 0;
	emit(c, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offsetof(struct seccomp_data, args) + 8 * arg + half)));
}

/* Jumps to where the row ends (0xff, put right later) unless it holds. */
static void condition(struct code *c, enum test test, unsigned arg, uint32_t value)
{
	const uint8_t out = 0xff;
	load(c, arg, false);
	switch (test) {
	case IS:
		emit(c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, out));
		break;
	case HAS:
		emit(c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, value, 0, out));
		break;
	case HAS_NOT:
		emit(c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, value, out, 0));
		break;
	case THERE:
		emit(c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2));
		load(c, arg, true);
		emit(c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, out, 0));
		break;
	case ZERO:
		emit(c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, out));
		load(c, arg, true);
		emit(c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, out));
		break;
	case TEST_END:
		break;
	}
}

static void row(struct code *c, size_t i)
{
	size_t from = c->n;
	emit(c, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
	emit(c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)rules[i].number, 0, 0xff));
	for (size_t k = 0; k < ARRAY_LEN(rules[i].all) && rules[i].all[k].test != TEST_END; k++)
		condition(c, rules[i].all[k].test, rules[i].all[k].arg, rules[i].all[k].value);
	emit(c, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
	for (size_t k = from; k < c->n && c->n <= CALLS_FILTER_MAX; k++) {
		struct sock_filter *f = &c->at[k];
		if (BPF_CLASS(f->code) != BPF_JMP)
			continue;
		f->jt = f->jt == 0xff ? (uint8_t)(c->n - k - 1) : f->jt;
		f->jf = f->jf == 0xff ? (uint8_t)(c->n - k - 1) : f->jf;
	}
}

size_t calls_filter(unsigned wanted, struct sock_filter out[static CALLS_FILTER_MAX])
{
	struct code c = {.at = out};
	emit(&c, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
	/* Others are refused by the filter of confine/filter.h. */
	emit(&c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 1, 0));
	emit(&c, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (rules[i].wanted & wanted)
			row(&c, i);
	emit(&c, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	return c.n <= CALLS_FILTER_MAX ? c.n : 0;
}
