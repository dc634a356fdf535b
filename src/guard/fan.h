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

/* From now on (or no longer) every execution and every opening of a file on the file system of `fd`, by whatever mount, name or namespace,
 * is asked about. fd: any file or folder on it, not opened with O_PATH. `what`: FAN_ASK_… */
enum { FAN_ASK_EXEC = 1, FAN_ASK_OPEN = 2 };
[[nodiscard]] int fan_mark(int fan, int fd, unsigned what);
[[nodiscard]] int fan_unmark(int fan, int fd);

/* Do not ask any more about this file: until somebody writes to it (write(2) and its like; not through a mapping), the kernel has to give
 * up its inode, or fan_forget(). */
[[nodiscard]] int fan_ignore(int fan, int fd);
/* Takes that back for one file. */
int fan_unignore(int fan, int fd);
/* Takes that back for all files. */
int fan_forget(int fan);

struct fan_event {
	int fd; /* of the file, which is the callee's; opened for reading, and its reads and closing raise no event */
	pid_t pid;
	bool exec; /* it is to be executed; else opened */
};
/* Reads what waits, one call of event() for each; at most a batch. Returns how many, 0: none, or a negative errno. -EMFILE: the kernel has
 * denied one for which there was no descriptor. */
[[nodiscard]] int fan_read(int fan, void (*event)(void *arg, const struct fan_event *e), void *arg);
/* 0; -ENOENT: nobody waits for it any more. fd: the number by which the event came, whichever process read it. */
int fan_answer(int fan, int fd, bool allow);
/* Answers all that were read by a process which has ended since. Before this process reads any. Returns how many waited. */
unsigned fan_sweep(int fan, bool allow);

#endif
