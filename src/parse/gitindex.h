/* gitindex: reads git's index (gitformat-index(5), versions 2 to 4): what is staged, without the times and inodes by which git knows its
 * files again. Pure. */
#ifndef POSTERN_PARSE_GITINDEX_H
#define POSTERN_PARSE_GITINDEX_H

#include "base/buf.h"

struct gitindex_entry {
	uint32_t mode, flags; /* flags: stage and what git was told to assume; not the length of the name */
	struct slice id, name;
};
/* Calls fn for each entry, which may return below 0 to stop. `name` is a buffer for the names of version 4. 0; -EBADMSG: it is no index, or
 * a part of one that lies elsewhere (a split index). */
[[nodiscard]] int gitindex_read(struct slice in, struct buf *name, int (*fn)(void *arg, const struct gitindex_entry *e), void *arg);

#endif
