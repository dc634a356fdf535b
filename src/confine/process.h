/* process: what is done in the processes of a confined run, whether it is a trial or a sandbox, between fork and exec. */
#ifndef POSTERN_CONFINE_PROCESS_H
#define POSTERN_CONFINE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/err.h"

/* Writes one short text to a file of /proc or a cgroup, in one write. 0 or negative errno. */
int process_put(const char *path, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Maps one user and one group into the user namespace of a process ("self" or a number), and forbids setgroups(2) there. */
[[nodiscard]] int process_map_ids(const char *pid, uid_t inside_uid, gid_t inside_gid, uid_t outside_uid, gid_t outside_gid);

/* This process does without these, a set of bits, until it raises them again. 0 or negative errno. */
[[nodiscard]] int process_lower_capabilities(uint64_t set);
/* These capabilities (bits), and no others, stay with the person through an execution, who is not root of its user namespace. */
[[nodiscard]] int process_keep_capabilities(uint64_t set);

/* Every set of capabilities empty, the bounding set too if the caller may, and PR_SET_NO_NEW_PRIVS. */
[[nodiscard]] int process_drop_privileges(struct err *err);

/* Both limits of a resource, but not above what the hard one is. */
[[nodiscard]] int process_limit(__rlimit_resource_t which, uint64_t value, struct err *err);

/* Seconds of processor time that a process and all below it have used, those included that have ended and were waited for. 0 if it is gone.
 * Reads the stat of every process of the machine (proc(5)), as the kernel's lists of children are not in every kernel. */
double process_tree_seconds(pid_t root);

/* What /proc shows as this process's command line from now on. It would show what the person typed, with paths of the real machine; there
 * is no way to shorten it without privileges, so the rest is blank. Arguments of main() are gone after this. */
void process_hide_command_line(const char *shown);

/* Becomes this program again, in a role: `exe_file` is its file, `control_end` becomes descriptor 3, `other` (or -1) descriptor 4, and
 * besides stderr nothing else is inherited; nor is the environment. With `large_pages` malloc(3) asks for pages of 2 MiB once something
 * calls it or mallopt(3) before the role gives up its authority to read files: for roles that fill much memory in one go. Dies with its
 * parent. Never returns. */
_Noreturn void process_become_role(const char *role, int exe_file, int control_end, int other, bool large_pages);

#endif
