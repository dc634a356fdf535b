/* flag_part: what the files of flag.c share: readers of known formats. */
#ifndef POSTERN_REVIEW_FLAG_PART_H
#define POSTERN_REVIEW_FLAG_PART_H

#include "review/flag.h"

/* Contents larger than this are not read, and a flag says so. */
#define FLAG_READ_MAX ((size_t)4 << 20)

struct flag_texts {
	struct slice before, after; /* empty if it was not, or is not, there */
};

/* Names under which the project itself knows its files: a link in its root (CLAUDE.md -> docs/agents.md), git's core.hooksPath, programs
 * that its git configuration names. What is changed under the one name is changed under the other. */
struct flag_alias {
	const char *below; /* what lies in or at this path … */
	const char *as;    /* … is this, too; NULL: git runs or reads it, by the key of that value */
	const char *key, *value;
	struct flag_alias *next;
};
/* Those of the project `lower`; memory comes from the arena. *out is NULL if there are none. */
[[nodiscard]] int part_aliases(int lower, struct arena *arena, struct flag_alias **out);
/* The path under its other name, in `to`; false: the alias is not of this path, or has no other name. */
bool part_alias_path(const struct flag_alias *a, const char *path, char *to, size_t room);
/* Does the value of the alias name this path? */
bool part_alias_names(const struct flag_alias *a, const char *path);

/* What changed, as lines for flag.detail, appended. False: nothing that the rule speaks of, so that there is no flag. */
bool part_read(enum flag_reader reader, const struct flag_texts *t, struct buf *out);
/* A key of git's configuration that git runs, or that decides what it obeys: why, else NULL; *harmless for one that never does. */
const char *part_git_key(const char *key, bool *harmless);
/* Characters that a reader does not see and that are new in `after`: "line 3: U+202E right-to-left override (2 times)". False: none. */
bool part_hidden(const struct flag_texts *t, struct buf *out);

#endif
