/* observe: the eyes of a trial's first process. It is process 1 of the tool's namespaces, so it sees what the tool sees, and the tool can
 * neither stop nor trace it.
 *
 * How, by what was measured (docs/architecture.md, "What a trial sees"): files are watched with inotify(7) on the folders of the synthetic
 * host, which costs an open in them a microsecond or two and others nothing; a listener for openat(2) would cost each open five times as
 * much, fanotify(7) for more than single files is not given to the unprivileged before Linux 6.16. Programs and listeners are seen by
 * the listener that answers calls about the machine (confine/calls.h): execve(2), execveat(2) and listen(2) are rare. What was written is
 * found when the tool has ended: the host's tree is one file system made for the trial, and each file says when it was last changed, which
 * nobody without privilege can set back.
 *
 * Nothing here takes memory, blocks the tool, or does more than a bounded piece of work at a time. One trial a process. */
#ifndef POSTERN_CONFINE_OBSERVE_H
#define POSTERN_CONFINE_OBSERVE_H

#include <linux/seccomp.h>
#include <poll.h>

#include "confine/trial.h"

/* The call goes to the kernel, as if nobody had looked. */
#define OBSERVE_CONTINUE INT64_MIN

/* Before the tool starts, in its namespaces, with its tree in place. */
void observe_begin(const struct trial_spec *spec);
/* execve(2), execveat(2): notes it; listen(2): does it. What the call returns, or OBSERVE_CONTINUE. */
int64_t observe_exec(const struct seccomp_notif *q);
int64_t observe_listen(const struct seccomp_notif *q);
/* Whether calls are handed to a listener; without it programs and listening sockets are not seen. */
void observe_calls(bool seen);

/* For the caller's poll(2): descriptors and what they wait for, at most max; the time after which observe_polled() wants to be called, or
 * -1. */
#define OBSERVE_POLLS 18
size_t observe_polls(struct pollfd *p, size_t max, int *timeout_ms);
void observe_polled(const struct pollfd *p, size_t n);

/* The tool has ended, the rest of its processes not yet: who are they. */
void observe_left(void);
/* All of them have: looks through the tree, and sends everything over the socket, which is closed. */
void observe_end(int socket);

#endif
