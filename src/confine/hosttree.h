/* hosttree: the file tree of a synthetic host: system folders of the real machine shown read-only, everything else made from a
 * host_spec. */
#ifndef POSTERN_CONFINE_HOSTTREE_H
#define POSTERN_CONFINE_HOSTTREE_H

#include "base/err.h"
#include "confine/host.h"

struct trial_mount;

/* Of the real machine's /etc, if there: what programs need to start. Nothing that names the machine, its network or its people.
 * NULL-terminated, fewer than 32. */
extern const char *const hosttree_etc[];

struct hosttree_mounts;

/* Detached, read-only copies of the system's folders and of `mounts`. To be called in a mount namespace of one's own, before its user
 * namespace is left for a weaker one: sources may lie where the tool's owner may not look. *out is set also on failure if it was made;
 * hosttree_mounts_free() closes all. */
[[nodiscard]] int hosttree_take(const struct trial_mount *mounts, size_t n_mounts, struct hosttree_mounts **out, struct err *err);
void hosttree_mounts_free(struct hosttree_mounts *m);

/* Builds the tree on a fresh tmpfs of at most disk_bytes in the mount namespace of the caller (private already, with CAP_SYS_ADMIN over
 * it), and makes it the root; the old root is gone afterwards. The caller's root and working folder are then "/". All that is made
 * belongs to the caller. */
[[nodiscard]] int hosttree_enter(const struct host_spec *h, const struct hosttree_mounts *m, uint64_t disk_bytes, struct err *err);

/* Covers what a freshly mounted /proc says about the real machine: with the synthetic host's files (confine/machine.h), made by
 * hosttree_enter(), the rest with nothing. *stat_file is a descriptor (close-on-exec) for writing into what the trial sees as /proc/stat.
 */
[[nodiscard]] int hosttree_cover_proc(int *stat_file, struct err *err);

#endif
