/* fan: the kernel's permission events, fanotify(7): who wants to open or execute which file, and our answer. One group for all file
 * systems; a descriptor of it may be held by several processes, and while any holds one, whoever is asked about waits. */
#ifndef POSTERN_GUARD_FAN_H
#define POSTERN_GUARD_FAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* A group for events about content, that never drops one because of a queue that is full. Nothing is marked yet. The descriptor does not
 * block. -EPERM: who calls is not root; -ENOSYS: the kernel has no permission events; each with a sentence. */
[[nodiscard]] int fan_open(int *out, struct err *err);

/* Do not ask any more about this file: until somebody writes to it (write(2) and its like; not through a mapping), or the
 * kernel has to give up its inode. */
[[nodiscard]] int fan_ignore(int fan, int fd);
/* Takes that back for one file. */
int fan_unignore(int fan, int fd);
/* Of no file system is anything asked any more; what waits goes on waiting. */
int fan_end(int fan);

struct fan_event {
	int fd; /* of the file, which is the callee's; opened for reading, and its reads and closing raise no event */
	pid_t pid;
	bool exec; /* it is to be executed; else opened */
};
/* Reads what waits, one call of event() for each; at most a batch. Returns how many, 0: none, or -EPROTO: the kernel's are others than
 * these. To hand over a file the kernel opens it: where that fails (there is no descriptor left, the file is damaged or encrypted, whoever
 * serves it says so) it has denied it by itself, and it is as if nobody had asked. Whoever serves a file may let this wait for ever. */
[[nodiscard]] int fan_read(int fan, void (*event)(void *arg, const struct fan_event *e), void *arg);
/* 0; -ENOENT: nobody waits for it any more. fd: the number by which the event came, whichever process read it. */
int fan_answer(int fan, int fd, bool allow);
/* Answers all that were read by a process which has ended since. Before this process reads any. Returns how many waited. */
unsigned fan_sweep(int fan, bool allow);

#endif
