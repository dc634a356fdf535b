/* who: facts about a process from /proc, which no file system that is enforced on stands behind. */
#ifndef POSTERN_GUARD_WHO_H
#define POSTERN_GUARD_WHO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#define WHO_GROUPS_MAX 64u

struct who {
	pid_t pid, parent;
	uint64_t started; /* ticks since the machine's start: with pid it names a process for good */
	uid_t uid, euid;  /* in this user namespace; 65534 for numbers that it does not have */
	gid_t group[WHO_GROUPS_MAX];
	size_t n_groups;
	dev_t tty;      /* its controlling terminal; 0: none */
	unsigned depth; /* PID namespaces below ours */
	bool fenced;    /* no new privileges, and a filter of system calls */
	uint32_t login; /* who logged in, whatever they became since; UINT32_MAX: nobody did */
	char name[17];  /* as it calls itself */
};

/* 0, -ESRCH. What could not be read is as empty. */
[[nodiscard]] int who_read(pid_t pid, struct who *out);
/* Parent and start alone. */
[[nodiscard]] int who_parent(pid_t pid, pid_t *parent, uint64_t *started);
/* The file of the program that it runs. Waits for nobody. Of one that only its owner may look at, even before root (FUSE), the device alone
 * is known. */
struct who_program {
	uint64_t dev, ino;
	int64_t ctime; /* ns */
	bool linked;   /* it has a name somewhere: files in memory have none */
};
[[nodiscard]] int who_program(pid_t pid, struct who_program *out);
/* Its path, or that of another link of /proc/PID; "" if it cannot be read. */
void who_link(pid_t pid, const char *link, char *out, size_t n);
/* Its arguments with blanks between, as far as there is room. */
void who_command(pid_t pid, char *out, size_t n);

#endif
