#include "confine/noise.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/personality.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "confine/noise_part.h"

/* Clocks that the kernel renews with each tick are late by as much, and would read the second before. */
#define EARLY_NS 20000000

bool noise_wanted(const struct noise_spec *spec)
{
	return spec->fixed || spec->clock;
}

static void root_key(const struct noise_spec *spec, struct stream_key *out)
{
	struct stream_key k = {.w = {(uint32_t)spec->seed, (uint32_t)(spec->seed >> 32)}};
	stream_derive(out, &k, &spec->stream, sizeof(spec->stream));
}

bool noise_draw(const struct noise_spec *spec, const char *what, void *out, size_t size)
{
	struct stream_key k;
	if (!spec->fixed)
		return false;
	root_key(spec, &k);
	stream_derive(&k, &k, what, strlen(what));
	stream_read(&k, 0, 0, out, size);
	return true;
}

void noise_fix_addresses(const struct noise_spec *spec)
{
	int now = spec->fixed ? personality(0xffffffff) : -1;
	if (now >= 0)
		(void)personality((unsigned long)now | ADDR_NO_RANDOMIZE);
}

void noise_prepare(struct noise *n, const struct noise_spec *spec, int64_t mono_offset)
{
	memset(n, 0, sizeof(*n));
	n->spec = *spec;
	n->mono_offset = mono_offset;
	n->poll = -1;
	for (size_t i = 0; i < ARRAY_LEN(n->devices); i++)
		n->devices[i].fd = -1;
	if (!noise_wanted(spec))
		return;
	root_key(spec, &n->root);
	if (spec->fixed)
		n->poll = epoll_create1(EPOLL_CLOEXEC);
	struct timespec tick = {0};
	(void)clock_gettime(CLOCK_REALTIME_COARSE, &tick);
	n->tick_start_ns = (int64_t)tick.tv_sec * 1000000000 + tick.tv_nsec;
	n->real_start_ns = noise_real_now();
	n->clock = (struct vdso_clock){
	        .from_ns = noise_mono(n), .at_ns = spec->start_unix * NS + EARLY_NS, .speed = (uint64_t)spec->speed * 65536 / 1000};
	vdso_make(&n->vdso, spec->clock ? &n->clock : NULL);
	/* Half a calendar would be none. */
	n->spec.clock = spec->clock && n->vdso.clock;
}

bool noise_fixed(const struct noise *n)
{
	return n->spec.fixed && n->begun > 0 && n->begun_badly == 0 && n->real_draws == 0;
}

bool noise_clock(const struct noise *n)
{
	return n->spec.clock && n->begun > 0 && n->begun_badly == 0;
}

/* ---- the beginning of a program ---- */

static bool find_auxv(pid_t pid, uint64_t *vdso, uint64_t *random)
{
	union {
		char text[1024];
		unsigned long pair[128];
	} v;
	ssize_t got = notify_proc(pid, "auxv", v.text, sizeof(v.text));
	*vdso = *random = 0;
	for (size_t i = 0; got > 0 && (i + 2) * sizeof(long) <= (size_t)got && v.pair[i] != AT_NULL; i += 2)
		*(v.pair[i] == AT_SYSINFO_EHDR ? vdso : v.pair[i] == AT_RANDOM ? random : &(uint64_t){0}) = v.pair[i + 1];
	return got > 0;
}

int64_t noise_begin(struct noise *n, int listener, const struct seccomp_notif *q)
{
	pid_t pid = (pid_t)q->pid;
	uint64_t vdso, random;
	char path[48];
	(void)listener;
	/* Of a program that may be run and not read everything is closed. */
	if (!find_auxv(pid, &vdso, &random)) {
		n->begun_badly += notify_started(pid, NULL) != 0;
		return NOISE_CONTINUE;
	}
	(void)snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	_cleanup_fd_ int mem = open(path, O_RDWR | O_CLOEXEC);
	bool change = n->vdso.n && vdso;
	if (change && mem >= 0 && vdso_is_changed(&n->vdso, mem, vdso) == 1)
		return NOISE_CONTINUE;
	if (!change && n->spec.fixed && random && noise_has_auxv(n, pid, random))
		return NOISE_CONTINUE;
	n->begun++;
	bool good = !change || (mem >= 0 && vdso_put(&n->vdso, mem, vdso) == 0);
	if (n->spec.fixed && random)
		good &= noise_put_auxv(n, pid, random);
	n->begun_badly += !good;
	return NOISE_CONTINUE;
}
