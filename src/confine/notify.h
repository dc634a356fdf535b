/* notify: system calls that are handed to a listener instead of the kernel, seccomp_unotify(2): the parts that every listener needs. */
#ifndef POSTERN_CONFINE_NOTIFY_H
#define POSTERN_CONFINE_NOTIFY_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Room for what a later kernel may add at their ends: it copies as much as it knows. */
union notify_question {
	struct seccomp_notif q;
	char bytes[512];
};
union notify_reply {
	struct seccomp_notif_resp r;
	char bytes[512];
};

/* Installs the filter on the calling thread, with a listener: its descriptor (close-on-exec) or negative errno; -EBUSY under another
 * listener.
 *
 * On Linux 5.19 and later a signal waits for an answer that is being made. Before the call is received it interrupts it: where its handler
 * has no SA_RESTART the call fails with EINTR, which few of them do elsewhere, and nothing can be done. */
[[nodiscard]] int notify_listen(const struct sock_fprog *program);

/* Memory of a thread that waits: bytes done, or -1 with errno. */
ssize_t notify_read(pid_t thread, uint64_t at, void *data, size_t n);
ssize_t notify_write(pid_t thread, uint64_t at, const void *data, size_t n);

/* All of what is written to or read from the caller: 0, -EFAULT, -EPERM, or -ESRCH if it is gone.
 *
 * Between the look at the notification and this the caller may be killed, and its number given to another: then that one, a process of the
 * same tool, finds a few bytes changed at an address that the tool chose, which it could have changed itself. Not through /proc/PID/mem,
 * which would keep hold of the process, but writes to pages that the process itself may not write. */
[[nodiscard]] int notify_put(pid_t thread, uint64_t at, const void *data, size_t n);
[[nodiscard]] int notify_get(pid_t thread, uint64_t at, void *data, size_t n);

/* The beginning of a file of /proc/PID, with a NUL behind it: bytes, or -1. */
ssize_t notify_proc(pid_t thread, const char *name, char *out, size_t size);
/* When a thread began, in ticks (field 22 of /proc/PID/stat, proc(5)); 0 if there is no such thread. *state: its state, may be NULL. */
uint64_t notify_started(pid_t thread, char *state);
/* Its process, and that one's parent; 0 if there is none. */
void notify_family(pid_t thread, pid_t *process, pid_t *parent);

#endif
