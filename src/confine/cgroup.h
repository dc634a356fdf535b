/* cgroup: a control group of one's own for a run, where the person may make one (a delegated subtree of version 2, or root in either
 * version). It counts what rlimits cannot: all processes and all memory together, also root's. */
#ifndef POSTERN_CONFINE_CGROUP_H
#define POSTERN_CONFINE_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CGROUP_HIERARCHIES 2

struct cgroup {
	struct {
		int parent, procs; /* descriptors; -1: none */
	} in[CGROUP_HIERARCHIES];
	char name[32];
	bool processes, memory; /* which limits are in force */
};

/* Makes it. Zero limits are none; without any, or where it cannot be, the result has no hierarchies and is no error: look at the flags.
 * Groups that earlier runs left when they were killed are removed. */
void cgroup_make(struct cgroup *c, unsigned processes, uint64_t memory_bytes);
/* Moves a process of the caller's PID namespace, and what it starts, there. */
[[nodiscard]] int cgroup_enter(const struct cgroup *c, pid_t pid);
/* When nothing is left in it. */
void cgroup_remove(struct cgroup *c);

#endif
