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

#endif
