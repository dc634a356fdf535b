/* sandbox_exec: what a command in a sandbox executes, by content. The filter of system calls hands execve(2) and execveat(2) to a listener
 * (seccomp_unotify(2)), which is the supervisor: it opens the file that the caller means, takes its digest, and asks.
 *
 * What is refused never reaches the kernel. What is allowed does, with path and arguments read again from the caller's memory; so a thread
 * of it, or another process, may have exchanged them or the file meanwhile. So the thread is traced until the execution has happened
 * (sandbox_trace.h), and stands still then: if what runs is not what was allowed, it is killed before its first instruction.
 *
 * Where it cannot be traced: the C libraries and Go begin with a call that sets the thread pointer, and the filter hands over that one too.
 * Then it is seen what runs now; if that is neither what was allowed nor what ran before, it is killed. A program that was made to begin
 * otherwise is looked at a moment later, and when it executes something.
 *
 * Code that a process maps from a file, as a loader does with libraries, is asked about in the same way where the filter hands that over
 * (sandbox_spec.libraries): by the content behind the descriptor that mmap(2) is given. */
#ifndef POSTERN_CONFINE_SANDBOX_EXEC_H
#define POSTERN_CONFINE_SANDBOX_EXEC_H

#include "confine/sandbox.h"
#include "confine/sandbox_machine.h"

struct exec_watch;

struct exec_watch_calls {
	void (*ask)(void *arg, const struct sandbox_exec *e);
	/* Something else ran than what was allowed; it was killed. */
	void (*swapped)(void *arg, const char *path);
	/* What calls about the machine are told; copied. */
	const struct sandbox_machine *machine;
};

/* listener is taken over. */
[[nodiscard]] int exec_watch_new(
        struct loop *loop, int listener, const struct exec_watch_calls *calls, void *arg, struct exec_watch **out, struct err *err);
void exec_watch_answer(struct exec_watch *w, uint64_t id, bool allow);
void exec_watch_free(struct exec_watch *w);

#endif
