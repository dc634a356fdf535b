/* place: which package does a file lie in? The nearest package.json above it that has a name, the manifest of an editor's extension, or the
 * folder of metadata beside a Python package. Names that lead out of the root given, and links, are not followed. */
#ifndef POSTERN_GUARD_PLACE_H
#define POSTERN_GUARD_PLACE_H

#include "identify/identify.h"

/* path: absolute, of the file `fd`, as seen from the folder `root`. If another file is there, nothing is found: a path is what somebody
 * else can change. m->by is IDENTIFY_BY_METADATA, or NOTHING. 0, or a negative errno: then it could not be looked up. */
[[nodiscard]] int place_match(const struct identify *id, int root, const char *path, int fd, struct identify_match *m);

#endif
