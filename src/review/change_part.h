/* change_part: what the files of change.c share: which files are the same as others. */
#ifndef POSTERN_REVIEW_CHANGE_PART_H
#define POSTERN_REVIEW_CHANGE_PART_H

#include "review/change.h"

/* overlayfs notes in `overlay.origin` from which file of the lower side one was copied up: a file handle. So a rename is told without
 * reading either file, and so is a file of the project that was replaced while the tool ran. */
struct part_origin {
	size_t index;
	struct slice handle; /* type and bytes */
	bool doubtful;       /* the file of this name may have been removed from the project since the run began */
};
struct part_origins {
	struct part_origin *removed, *added;
	size_t n_removed, n_added, room_removed, room_added;
	struct arena arena;
};
void part_origins_free(struct part_origins *o);
/* Of a removed file of the lower side; 0 also if the file system has no handles. */
[[nodiscard]] int part_origin_removed(struct part_origins *o, size_t index, int dir, const char *name);
/* Of an added file on the upper side, if it was copied up. */
[[nodiscard]] int part_origin_added(struct part_origins *o, size_t index, int fd, bool doubtful);
/* Was the upper file copied up from another file than this? False if it cannot be told. */
bool part_origin_other(int lower_fd, int upper_fd);

/* Sets change.first_name. */
[[nodiscard]] int part_links(struct change_set *set);
/* Sets change.pair: by origin, then by equal content. What was copied up from a file that is no longer there is a conflict. */
[[nodiscard]] int part_renames(const struct change_source *s, struct change_set *set, const struct part_origins *o);

#endif
