/* scan_story: findings of several files that belong together. Pure. */
#ifndef POSTERN_INSPECT_SCAN_STORY_H
#define POSTERN_INSPECT_SCAN_STORY_H

#include "base/arena.h"
#include "inspect/scan.h"

#define SCAN_PLACE_MAX ((size_t)1 << 17)

/* Sets r->story: from each file that something makes run, along what files say that they run, to the first in which something bad or
 * suspicious was found. place[i] is the path of r->file[i] below one root, without "." and "..". Bounded in stories, steps and visits.
 * 0, -ENOMEM. */
[[nodiscard]] int scan_stories(struct scan_result *r, const char *const *place, struct arena *arena);

#endif
