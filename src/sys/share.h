/* share: the folders in which the program's data files may be. */
#ifndef POSTERN_SYS_SHARE_H
#define POSTERN_SYS_SHARE_H

#include "base/arena.h"

/* Best first: $POSTERN_SHARE, the source tree that the program was built in, the installed place. At most 3, each NUL-terminated, in out;
 * how many. One is missing if it cannot be named. */
size_t share_folders(struct arena *arena, const char *out[3]);

#endif
