/* guard: holds a host to a policy about AI tools. The kernel asks about executions, and about files that programs open which run code; what
 * is a tool by its content or its package may go on only if the policy permits it to that person there.
 *
 * Three kinds of processes: a daemon, which answers; a guardian, which holds the same questions open, so that they wait for another daemon
 * if this one ends, and starts it; and those of guard/sift.h, which read what was made by anybody. */
#ifndef POSTERN_GUARD_GUARD_H
#define POSTERN_GUARD_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum guard_unknown { GUARD_UNKNOWN_DENY, GUARD_UNKNOWN_SCAN, GUARD_UNKNOWN_ALLOW };

#define GUARD_FILESYSTEMS_MAX 64u
#define GUARD_TEXT_MAX        4096u

struct guard_config {
	const char *policy;                            /* file, as rules_load() reads it */
	const char *ledger;                            /* folder; NULL: nothing is put on record */
	const char *prints;                            /* folder of what tools are recognised by; NULL: that which is shipped */
	const char *filesystem[GUARD_FILESYSTEMS_MAX]; /* only these, and what is mounted below these; none: all */
	size_t n_filesystems;
	bool monitor;                  /* decide and record, but refuse nothing */
	bool fail_open;                /* what cannot be decided may go on */
	bool memfd_noexec;             /* nobody may execute files in memory (vm.memfd_noexec) */
	const char *cgroup;            /* hosts are closed to what is in this cgroup alone, and below; NULL: to all */
	bool hosts;                    /* the hosts of banned tools are closed to everything outside of a gate */
	unsigned managed;              /* enum outside_managed: the vendors' managed settings of permitted tools */
	enum guard_unknown unknown;    /* what is executed on file systems that are no local ones */
	int lock;                      /* a descriptor that is held as long as any of its processes lives; -1: none */
	unsigned deadline_ms;          /* after which something counts as what cannot be decided */
	void (*say)(const char *text); /* for a person or the journal: a line */
};

/* Becomes the guardian, and returns when the daemon was told to end (0), or when nothing could be begun. */
[[nodiscard]] int guard_run(const struct guard_config *config, struct err *err);
/* One that was started by a daemon whose guardian ended: descriptors 3 and up as guard/guardian.c hands them on. Returns an exit code. */
int guard_role(void (*say)(const char *text));

#endif
