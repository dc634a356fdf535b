/* share: where the data is that comes with the program: profiles, rules, policies. */
#ifndef POSTERN_SYS_SHARE_H
#define POSTERN_SYS_SHARE_H

#include "base/arena.h"

/* The folders that may hold it, best first: $POSTERN_SHARE, that of the source tree which the program was built in, ../share/postern beside
 * it. Returns how many; texts are the environment's or the arena's. */
size_t share_folders(struct arena *arena, const char *out[3]);

#endif
