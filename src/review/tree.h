/* tree: removing and copying whole trees that somebody hostile has made: any depth, any names, nothing is followed or opened that
 * is no folder or regular file. */
#ifndef POSTERN_REVIEW_TREE_H
#define POSTERN_REVIEW_TREE_H

#include "base/err.h"

/* Removes `name` in `dir` with all below it. What is nested deep is moved up on the way; the folders' modes do not matter to
 * their owner. 0 also if it is not there. */
[[nodiscard]] int tree_remove(int dir, const char *name);
/* Writes a copy of an open file's bytes to another: a clone where the file system can. The position of both is at the front. */
[[nodiscard]] int tree_copy_bytes(int from, int to);
/* Copies extended attributes that count (review/change.c): user.*, access lists. What the target does not take is left out. */
void tree_copy_xattrs(int from, int to);
/* Fills the empty folder `to` with what is in `from`: files, folders, links, with modes and times. *skipped counts what was left
 * out. */
[[nodiscard]] int tree_copy(int from, int to, unsigned long *skipped);

#endif
