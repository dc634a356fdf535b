/* sandbox_machine: what the kernel says of the machine (uname(2), sysinfo(2), sched_getaffinity(2)), answered for a made-up one by the
 * supervisor that is asked about executions anyway. None of these calls reaches the kernel. */
#ifndef POSTERN_CONFINE_SANDBOX_MACHINE_H
#define POSTERN_CONFINE_SANDBOX_MACHINE_H

#include <linux/seccomp.h>
#include <sys/utsname.h>

#include "confine/host.h"

struct sandbox_machine {
	bool on;
	unsigned cpus;
	struct utsname name;
};

/* h NULL: nothing is made up. */
void sandbox_machine_set(struct sandbox_machine *m, const struct host_spec *h);
/* Is it one of these calls? Then the answer is in the caller's memory, and *value what the call returns, or a negative errno. */
bool sandbox_machine_answer(const struct sandbox_machine *m, const struct seccomp_notif *q, int64_t *value);

#endif
