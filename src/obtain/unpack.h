/* unpack: an npm archive (gzip, tar) into a folder, in a child process that holds no authority but that folder. */
#ifndef POSTERN_OBTAIN_UNPACK_H
#define POSTERN_OBTAIN_UNPACK_H

#include <stdint.h>

#include "base/err.h"

#define UNPACK_ENTRIES_MAX 200000
#define UNPACK_BYTES_MAX   (4ull << 30)

struct unpack_result {
	uint64_t entries, bytes;
	uint64_t links; /* symbolic and hard links, which npm leaves out too */
};

/* Reads the archive from the start of `archive` (a file), strips the first component of each path as npm does, and writes
 * below `dir` (an empty or fresh folder) with modes 0644 or 0755. `only`: that one file alone, or NULL.
 * Refused whole, with -EBADMSG: absolute paths, "..", control characters or bad UTF-8 in names, paths that are too long or deep,
 * devices, a file where a folder is, a damaged archive; with -EFBIG: too many entries, too many bytes, or out of proportion to
 * the archive. After a failure `dir` may hold a part. `what` is for the sentences. */
[[nodiscard]] int unpack(int archive, int dir, const char *only, const char *what, struct unpack_result *out, struct err *err);

#endif
