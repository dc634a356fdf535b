/* The calendar: calls that read it (where the vDSO is not used), and those that wait for a moment of it. */
#include "confine/noise_part.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

static int64_t ns_of(struct timespec t)
{
	return (int64_t)t.tv_sec * NS + t.tv_nsec;
}

static struct timespec of_ns(int64_t ns)
{
	return (struct timespec){ns / NS, ns % NS};
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;
	(void)clock_gettime(clock, &t);
	return ns_of(t);
}

int64_t noise_mono(const struct noise *n)
{
	return clock_ns(CLOCK_MONOTONIC) + n->mono_offset * NS;
}

int64_t noise_at(const struct noise *n, int64_t mono_ns)
{
	__extension__ typedef __int128 wide;
	return n->clock.at_ns + (int64_t)((wide)(mono_ns - n->clock.from_ns) * (int64_t)n->clock.speed >> 16);
}

int64_t noise_real_now(void)
{
	return clock_ns(CLOCK_REALTIME);
}

int64_t noise_now(const struct noise *n)
{
	return n->spec.clock ? noise_at(n, noise_mono(n)) : noise_real_now();
}

/* ---- reading it ---- */

int64_t noise_clock_gettime(struct noise *n, int listener, const struct seccomp_notif *q)
{
	struct timespec t = of_ns(noise_now(n));
	(void)listener;
	int r = notify_put((pid_t)q->pid, q->data.args[1], &t, sizeof(t));
	return r == -EPERM ? NOISE_CONTINUE : r;
}

int64_t noise_gettimeofday(struct noise *n, int listener, const struct seccomp_notif *q)
{
	int64_t now = noise_now(n);
	struct timeval t = {now / NS, now % NS / 1000};
	struct timezone zone = {0};
	(void)listener;
	int r = q->data.args[0] ? notify_put((pid_t)q->pid, q->data.args[0], &t, sizeof(t)) : 0;
	if (r == 0 && q->data.args[1])
		r = notify_put((pid_t)q->pid, q->data.args[1], &zone, sizeof(zone));
	return r == -EPERM ? NOISE_CONTINUE : r;
}

int64_t noise_time(struct noise *n, int listener, const struct seccomp_notif *q)
{
	time_t now = noise_now(n) / NS;
	(void)listener;
	int r = q->data.args[0] ? notify_put((pid_t)q->pid, q->data.args[0], &now, sizeof(now)) : 0;
	return r == -EPERM ? NOISE_CONTINUE : r < 0 ? r : now;
}

/* ---- waiting for a moment of it ---- */

/* Calls with a moment in memory: which argument points to it, and how far behind that it stands. */
static const struct {
	int number;
	unsigned arg, at;
} moments[] = {
        {SYS_futex, 3, 0},
        {SYS_clock_nanosleep, 2, 0},
        {SYS_timerfd_settime, 2, sizeof(struct timespec)},
        {SYS_mq_timedsend, 4, 0},
        {SYS_mq_timedreceive, 4, 0},
};

/* A timer's clock is known by its descriptor. */
static bool of_calendar(const struct seccomp_notif *q)
{
	char name[48], text[1024];
	if (q->data.nr != SYS_timerfd_settime)
		return true;
	(void)snprintf(name, sizeof(name), "fdinfo/%d", (int)q->data.args[0]);
	const char *p = notify_proc((pid_t)q->pid, name, text, sizeof(text)) > 0 ? strstr(text, "clockid:") : NULL;
	long clock = p ? strtol(p + 8, NULL, 10) : -1;
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM || clock == CLOCK_TAI;
}

/* How often the thread was put on a processor. */
static unsigned long long turns(pid_t thread)
{
	char text[128];
	unsigned long long n = 0;
	if (notify_proc(thread, "schedstat", text, sizeof(text)) > 0)
		(void)sscanf(text, "%*u %*u %llu", &n);
	return n;
}

/* Until the kernel has read what was put into the caller's memory: the thread has begun to wait, or had a processor for a while. A machine
 * so busy that this takes longer is not waited for: then its wait may end wrongly. */
static void let_read(pid_t thread, unsigned long long before)
{
	int had = 0;
	for (int i = 0; i < 400 && had < 4; i++) {
		char state;
		if (notify_started(thread, &state) == 0 || state != 'R')
			return;
		had += turns(thread) != before;
		(void)usleep(25);
	}
}

/* The kernel's own calendar is another, so the moment is put in its words while the call begins, and then as it was: a caller that is
 * interrupted gives the same once more. For a tenth of a millisecond, and where the wait is over at once, the caller can see it. */
int64_t noise_wait(struct noise *n, int listener, const struct seccomp_notif *q)
{
	union notify_reply reply = {.r = {.id = q->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE}};
	pid_t thread = (pid_t)q->pid;
	struct timespec asked, put, there;
	size_t i = 0;
	while (i < ARRAY_LEN(moments) && moments[i].number != q->data.nr)
		i++;
	if (i == ARRAY_LEN(moments) || !of_calendar(q))
		return NOISE_CONTINUE;
	uint64_t at = q->data.args[moments[i].arg] + moments[i].at;
	if (notify_get(thread, at, &asked, sizeof(asked)) < 0 || asked.tv_nsec < 0 || asked.tv_nsec >= NS || asked.tv_sec < 0 ||
	        asked.tv_sec > INT64_MAX / NS - 1 || (asked.tv_sec == 0 && asked.tv_nsec == 0))
		return NOISE_CONTINUE;
	int64_t left = ns_of(asked) - noise_now(n);
	/* A calendar that stands still would never get there. */
	if (n->spec.speed && n->spec.speed != NOISE_SPEED_REAL)
		left = left / (int64_t)n->spec.speed * NOISE_SPEED_REAL +
		       left % (int64_t)n->spec.speed * NOISE_SPEED_REAL / (int64_t)n->spec.speed;
	int64_t moment = noise_real_now() + left;
	put = of_ns(moment > 1 ? moment : 1);
	unsigned long long before = turns(thread);
	if (notify_put(thread, at, &put, sizeof(put)) < 0)
		return NOISE_CONTINUE;
	(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
	let_read(thread, before);
	if (notify_get(thread, at, &there, sizeof(there)) == 0 && memcmp(&there, &put, sizeof(put)) == 0)
		(void)!notify_put(thread, at, &asked, sizeof(asked));
	return NOISE_ANSWERED;
}
