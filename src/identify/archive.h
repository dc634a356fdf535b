/* archive: a tool inside an archive. */
#ifndef POSTERN_IDENTIFY_ARCHIVE_H
#define POSTERN_IDENTIFY_ARCHIVE_H

#include "identify/identify_part.h"

/* Looks into an archive (tar, zip, cpio, ar, or one compressed file; gzip, bzip2, xz, lz4, zstd) and into archives in it, three deep; f:
 * the file's form. Of an executable it looks into those archives that lie in the stretches that f has: some put their program there packed,
 * and unpack it when they start. Files of one package count together. 1: *m says what is in it, of several the one of which most was found;
 * 0: no known tool, or none before the archive was damaged or a limit was met; -ENOENT: libarchive is not installed; -EAGAIN, -ENOMEM: no
 * process. It takes two minutes at most. */
[[nodiscard]] int identify_inside(const struct identify *id, int fd, const struct form *f, struct identify_match *m, struct err *err);

#endif
