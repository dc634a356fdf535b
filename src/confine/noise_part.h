/* noise_part: what the files of confine/noise share. Private to confine/noise*.c. */
#ifndef POSTERN_CONFINE_NOISE_PART_H
#define POSTERN_CONFINE_NOISE_PART_H

#include <elf.h>
#include <fcntl.h>

#include "confine/noise.h"
#include "confine/notify.h"

#define NS 1000000000ll

/* noise_clock.c: CLOCK_MONOTONIC as the tool has it, in nanoseconds. */
int64_t noise_mono(const struct noise *n);
/* What the chosen calendar says when that clock says mono_ns; the real one now. */
int64_t noise_at(const struct noise *n, int64_t mono_ns);
int64_t noise_real_now(void);

/* noise_random.c: the sixteen bytes of AT_RANDOM of a process that has begun a program: puts them there, with new sequences for it. */
bool noise_put_auxv(struct noise *n, pid_t pid, uint64_t at);
bool noise_has_auxv(struct noise *n, pid_t pid, uint64_t at);

#endif
