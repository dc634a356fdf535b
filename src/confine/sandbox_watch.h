/* sandbox_watch: the runner's part in keeping secrets out of sight and git's configuration as it is: searches the folders that are named,
 * covers what it finds, and covers what appears later, when it does. Between the appearance of a file and its cover lies the time that the
 * runner needs to hear of it; docs/threat-model.md says how long that is. */
#ifndef POSTERN_CONFINE_SANDBOX_WATCH_H
#define POSTERN_CONFINE_SANDBOX_WATCH_H

#include "confine/sandbox_tree.h"

struct watch;

/* Told of each thing that appeared later; what: "covered", "removed", "repository". */
typedef void (*watch_fn)(void *arg, const char *path, const char *what);

/* Searches the real folders, before the tree stands. Whatever is found, or appears after this, watch_apply() or watch_read() covers.
 * 0 or negative errno; -E2BIG: a folder is too large to be searched. */
[[nodiscard]] int watch_new(const struct tree_plan *plan, watch_fn fn, void *arg, struct watch **out, struct err *err);
/* Covers what was found. The caller has entered the command's mount namespace, for good. */
[[nodiscard]] int watch_apply(struct watch *w, struct err *err);
/* Readable when something appeared; -1: this kernel, or the person's limit, gives no watches. */
int watch_fd(const struct watch *w);
void watch_read(struct watch *w);
/* When the command has ended: removes what must not be there and came too late to be seen. */
void watch_end(struct watch *w);
/* Whether there could be any. */
bool watch_sweeps(const struct watch *w);
unsigned watch_covered(const struct watch *w);
/* Folders in which one that appears would not be seen. */
unsigned watch_unwatched(const struct watch *w);

#endif
