/* sandbox_trace: stops a thread of the sandbox at the end of an execution that was allowed, before the new program has done anything, one
 * instruction included (ptrace(2), PTRACE_O_TRACEEXEC). Nobody is traced longer than that takes: from the answer to a question until the
 * execution has happened or has failed. */
#ifndef POSTERN_CONFINE_SANDBOX_TRACE_H
#define POSTERN_CONFINE_SANDBOX_TRACE_H

#include <sys/types.h>

#include "base/err.h"
#include "sys/loop.h"

struct exec_trace;

/* executed(arg, process): that process has just executed something, and stands still until executed() returns; it may be killed there.
 * Called from the loop. SIGCHLD is blocked in the calling thread until exec_trace_free(), so that the loop hears of stops; if the
 * process has other threads the caller has it blocked in them, too. What is started meanwhile inherits that, unless it sets a mask of its
 * own. 0, -ENOMEM or another negative errno. */
[[nodiscard]] int exec_trace_new(struct loop *loop, void (*executed)(void *arg, pid_t process), void *arg, struct exec_trace **out);
/* Traces a thread that waits for the answer to its execve(2). 0; -EAGAIN: another thread of the process is executing, or there are too
 * many; -EPERM: it cannot be traced, as a debugger has it, or this machine allows nobody to trace (Yama's mode 3, SELinux's deny_ptrace).
 */
[[nodiscard]] int exec_trace_follow(struct exec_trace *t, pid_t thread, pid_t process);
/* NULL is allowed. What is traced still is killed: that is for the end of a sandbox. */
void exec_trace_free(struct exec_trace *t);

#endif
