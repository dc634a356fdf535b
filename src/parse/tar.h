/* tar: members of tar archives (POSIX ustar, and GNU's long names), for looking into, not for unpacking. Pure. */
#ifndef POSTERN_PARSE_TAR_H
#define POSTERN_PARSE_TAR_H

#include "base/slice.h"

#define TAR_NAME_MAX 4096u

struct tar_member {
	struct slice name; /* borrowed from the archive, or from `prefix` below */
	struct slice data; /* cut where the archive is */
	uint64_t size;
	size_t at; /* of its header */
	char type; /* '0' a file, '5' a folder, '1' and '2' links; as it stands there */
	bool cut;
};
struct tar {
	struct slice in;
	size_t at;
	struct slice long_name; /* of the next member */
	char prefix[TAR_NAME_MAX];
};

/* By its first header: the mark of ustar, and a checksum that fits. */
bool tar_is(struct slice in);
struct tar tar_open(struct slice in);
/* 1; 0 at the end, where t->at is behind what was read; -EBADMSG: at t->at is no header. */
[[nodiscard]] int tar_next(struct tar *t, struct tar_member *out);

#endif
