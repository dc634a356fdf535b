/* written: which files a trial's tool has left in its home and its project, and what is in them. */
#ifndef POSTERN_CONFINE_WRITTEN_H
#define POSTERN_CONFINE_WRITTEN_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/cursor.h"

/* Of one file this much is kept, of all together so much, and of so many. Folders below each other, and entries looked at. */
#define WRITTEN_FILE_MAX  32768u
#define WRITTEN_ALL_MAX   ((uint64_t)1 << 20)
#define WRITTEN_FILES_MAX 400u
#define WRITTEN_DEPTH     16u
#define WRITTEN_LOOKED    20000u

/* Writes what lies below each root (NULL-terminated, absolute) and was changed since `since` to the file descriptor: for each regular file
 * or link u8 kind ('f', 'l'), u32be mode, u64be size, i64be of its time of modification before that of its change (seconds), u32be length
 * and path, u32be length and content (of a link its target). Links are not followed, other file systems not entered. No memory is
 * allocated. What passes a limit is left out; false then. */
bool written_collect(const char *const *roots, struct timespec since, int to);

struct written_file {
	char kind;
	unsigned mode;
	uint64_t size;
	int64_t older; /* seconds */
	struct slice path, content;
};
/* The next one; false at the end or where they do not add up. */
bool written_next(struct cursor *c, struct written_file *out);

#endif
