/* flag_part: what the files of flag.c share: readers of known formats. */
#ifndef POSTERN_REVIEW_FLAG_PART_H
#define POSTERN_REVIEW_FLAG_PART_H

#include "review/flag.h"

/* Contents larger than this are not read, and a flag says so. */
#define FLAG_READ_MAX ((size_t)4 << 20)

struct flag_texts {
	struct slice before, after; /* empty if it was not, or is not, there */
};

/* What changed, as lines for flag.detail, appended. False: nothing that the rule speaks of, so that there is no flag. */
bool part_read(enum flag_reader reader, const struct flag_texts *t, struct buf *out);
/* A key of git's configuration that git runs, or that decides what it obeys: why, else NULL; *harmless for one that never does. */
const char *part_git_key(const char *key, bool *harmless);
/* Characters that a reader does not see and that are new in `after`: "line 3: U+202E right-to-left override (2 times)". False: none. */
bool part_hidden(const struct flag_texts *t, struct buf *out);

#endif
