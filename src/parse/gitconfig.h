/* gitconfig: reads the syntax of git's configuration files (git-config(1), "Syntax"). Pure. It takes more than git does: what git would
 * stop at is skipped, because what matters is what git might come to obey. */
#ifndef POSTERN_PARSE_GITCONFIG_H
#define POSTERN_PARSE_GITCONFIG_H

#include "base/arena.h"

struct gitconfig_item {
	const char *key;   /* "core.hookspath", "filter.LFS.clean": section and name in lower case, the subsection as it is */
	const char *value; /* without quotes, escapes resolved; "true" where there is no "="; without NUL */
	size_t line;       /* from 1 */
};

/* All items in order; *out is owned by the arena. 0; -E2BIG past max items; -ENOMEM. */
[[nodiscard]] int gitconfig_read(struct slice text, size_t max, struct arena *arena, struct gitconfig_item **out, size_t *n);

#endif
