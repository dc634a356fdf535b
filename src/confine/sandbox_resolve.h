/* sandbox_resolve: which file another process means by a path, as it would find it: with its root, its folder, its mounts and its links,
 * and without a way for it to lead the looker elsewhere. */
#ifndef POSTERN_CONFINE_SANDBOX_RESOLVE_H
#define POSTERN_CONFINE_SANDBOX_RESOLVE_H

#include <sys/types.h>

/* A thread that waits in a system call; its numbers in its own PID namespace. */
struct resolve_view {
	int proc; /* its folder in our /proc */
	int root;
	pid_t process, parent;             /* ours */
	pid_t inner_process, inner_thread; /* its own */
};

/* -ESRCH if it is gone. The caller makes sure afterwards that the number was still its own. */
[[nodiscard]] int resolve_open(pid_t thread, struct resolve_view *v);
void resolve_close(struct resolve_view *v);
/* A descriptor (O_PATH) of the file, links followed; at: -1 for its working folder, or one of its descriptors. An empty path is that
 * descriptor's own file. Negative errno as the call itself would give it. */
[[nodiscard]] int resolve_path(const struct resolve_view *v, int at, const char *path);

#endif
