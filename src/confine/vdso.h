/* vdso: the code that the kernel maps into every process (vdso(7)) so that it reads the clock, and on Linux 6.11 and later draws random
 * numbers, without a system call, and so unseen. Here it is changed for a process that has just begun a program: its calendar then runs
 * from a chosen date at a chosen speed, and its random numbers are drawn with a system call. What counts time otherwise stays as it is.
 *
 * The mapping is private, and a debugger may write to it (that is how it sets a breakpoint): so may we, through /proc/PID/mem. Its table of
 * symbols is made to point at code of ours, which stands behind its end, in the rest of its last page, and calls what was there before:
 * no instruction of the kernel's is changed, and programs do not see more than that the functions lie elsewhere. */
#ifndef POSTERN_CONFINE_VDSO_H
#define POSTERN_CONFINE_VDSO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define VDSO_MAX   ((size_t)4 << 12)
#define VDSO_SPANS 32

/* A calendar: at_ns of it is when CLOCK_MONOTONIC, as the program sees it, says from_ns; then speed seconds pass in a second. */
struct vdso_clock {
	int64_t from_ns, at_ns;
	uint64_t speed; /* in 65536ths; 0: it stands still */
};

/* Large, to be had once. */
struct vdso {
	uint8_t bytes[VDSO_MAX];
	size_t n; /* 0: there is none, or it is not known how to change it */
	bool clock;
	struct {
		uint32_t at, n;
	} spans[VDSO_SPANS]; /* what is not as the kernel has it */
	unsigned n_spans;
};

/* From that of this process, which is that of all. clock NULL: left alone. What could not be done is not there: v->n, v->clock. */
void vdso_make(struct vdso *v, const struct vdso_clock *clock);
/* The same from an image that somebody else brings; n a multiple of the page size, at most VDSO_MAX. */
void vdso_change(struct vdso *v, const uint8_t *image, size_t n, const struct vdso_clock *clock);

/* Whether the process whose memory is open as `mem` has it changed already, where its image begins at `base`; negative errno. */
int vdso_is_changed(const struct vdso *v, int mem, uint64_t base);
/* Changes it. 0 or negative errno. */
[[nodiscard]] int vdso_put(const struct vdso *v, int mem, uint64_t base);

#endif
