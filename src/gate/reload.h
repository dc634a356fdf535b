/* reload: notices that files of a policy have changed, also ones that were not there, by looking at them twice a second: policies lie on
 * network file systems and behind links, where nothing tells of changes. */
#ifndef POSTERN_GATE_RELOAD_H
#define POSTERN_GATE_RELOAD_H

#include "base/err.h"

#define RELOAD_FILES_MAX 8u

struct loop;
struct reload;

/* files: NULL-terminated, at most RELOAD_FILES_MAX; must outlive it. changed() is called from the loop when they are another and have been
 * the same for one look. */
[[nodiscard]] int reload_new(
        struct loop *loop, const char *const *files, void (*changed)(void *arg), void *arg, struct reload **out, struct err *err);
void reload_free(struct reload *r);

#endif
