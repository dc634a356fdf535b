/* share: the folders in which the program's data files may be. */
#ifndef POSTERN_SYS_SHARE_H
#define POSTERN_SYS_SHARE_H

#include "base/arena.h"

/* Best first: $POSTERN_SHARE, the source tree that the program was built in, the installed place. At most 3, each NUL-terminated, in out;
 * how many. One is missing if it cannot be named. */
size_t share_folders(struct arena *arena, const char *out[3]);

/* The same with the bundle in force (policy/bundle.h) behind $POSTERN_SHARE and before what is shipped: for data that an organisation may
 * replace: profiles/, prints/, rules/, catalogue/. It counts only if root alone may write it. What it has not is looked for in the next. */
#define SHARE_BUNDLE   "/var/lib/postern/bundle/current"
#define SHARE_DATA_MAX 4
size_t share_data(struct arena *arena, const char *out[static SHARE_DATA_MAX]);

#endif
