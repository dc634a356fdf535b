/* sandbox_calls: the system calls that a command in a sandbox may use: an allow-list, in one table that tests walk. What is not in it gets
 * ENOSYS, as on a kernel that does not have it yet; what is refused by name gets EPERM, as from one that does not allow it. */
#ifndef POSTERN_CONFINE_SANDBOX_CALLS_H
#define POSTERN_CONFINE_SANDBOX_CALLS_H

#include <stdbool.h>
#include <stddef.h>

enum sandbox_rule {
	RULE_ALLOW,
	RULE_REFUSE,  /* EPERM */
	RULE_UNKNOWN, /* ENOSYS: callers have an older way */
	RULE_EXEC,    /* allowed, or asked for */
	RULE_MACHINE, /* what the kernel says of the machine: allowed, or with .machine asked for */
	RULE_BEGIN,   /* what every program calls first, before it does anything of its own: to set its thread pointer. Told too, with .exec
	               */
	RULE_DEBUG,   /* allowed for debuggers, otherwise EPERM */
	/* by argument */
	RULE_CLONE,
	RULE_UNSHARE,
	RULE_SOCKET,
	RULE_SOCKETPAIR,
	RULE_IOCTL,
	RULE_PRCTL,
	RULE_PERSONALITY,
	RULE_MMAP,    /* with .libraries: asked for where it maps code from a file */
	RULE_MKNOD,   /* the mode is the second argument */
	RULE_MKNODAT, /* the third */
};

struct sandbox_call {
	int number; /* negative: this machine has none */
	enum sandbox_rule rule;
	const char *name;
};
extern const struct sandbox_call sandbox_calls[];
extern const size_t sandbox_n_calls;

struct sandbox_calls_options {
	bool machine;    /* with .exec: calls about the machine are handed over too */
	bool exec;       /* executions are asked for: the listener's descriptor is returned */
	bool libraries;  /* with .exec: what is mapped as code from a file is asked for, too */
	bool no_network; /* no sockets but pairs: for when there is no network namespace */
	bool debuggers;  /* ptrace(2) and process_vm_*(2) among its own processes */
};

/* Installs the filter on the calling thread, after PR_SET_NO_NEW_PRIVS. 0, the listener's descriptor (close-on-exec) with .exec, or
 * negative errno: then nothing is installed and the caller must not go on. -EBUSY: this process lives under a listener already. */
[[nodiscard]] int sandbox_calls_install(const struct sandbox_calls_options *o);

#endif
