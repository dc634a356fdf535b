/* npmrc: npm's configuration, from its files and variables. */
#ifndef POSTERN_OBTAIN_NPMRC_H
#define POSTERN_OBTAIN_NPMRC_H

#include "base/arena.h"
#include "base/buf.h"

/* Walks the "key = value" lines of one file (the ini dialect of npm: ; and # comments, quotes, key[] and sections are
 * taken as they come, a key alone is "true"). Slices are borrowed; blanks and one pair of quotes are gone. Pure. */
struct npmrc_iter {
	struct slice rest;
	struct slice key, value;
};
bool npmrc_next(struct npmrc_iter *i);
/* Appends `value` to `out` with ${VAR} and ${VAR?} replaced: by what `var` gives; an unset VAR stays as it is written, an unset
 * VAR? is empty. A \ in front of ${ keeps it. Pure. */
void npmrc_expand(struct slice value, const char *(*var)(struct slice name, void *arg), void *arg, struct buf *out);

struct npmrc_entry;
struct npmrc {
	struct arena *arena;
	struct npmrc_entry *first; /* the strongest first */
};

/* Reads, in npm's order: variables npm_config_* (any case), the user's file, the global one, the one built in beside the npm on
 * PATH. A project's .npmrc is not read: it belongs to whoever wrote the project. Files that are missing or unreadable are
 * passed over. -ENOMEM. */
[[nodiscard]] int npmrc_load(struct npmrc *c, struct arena *arena);
/* NULL if it is not set, or set to "null". */
const char *npmrc_get(const struct npmrc *c, const char *key);
/* A number of milliseconds or a count; `fallback` if unset or no number up to max. */
uint64_t npmrc_number(const struct npmrc *c, const char *key, uint64_t max, uint64_t fallback);
/* The registry for a package, with "/" at its end: @scope:registry, registry, or npm's public one. NULL without memory. */
const char *npmrc_registry(const struct npmrc *c, struct slice package);
/* Where npm's own packages say they are: a tarball address there is moved to the configured registry, as npm does. The
 * address is in the arena; NULL without memory. */
const char *npmrc_tarball(const struct npmrc *c, struct slice package, const char *url);
/* The value of an Authorization header for `url`, from //host/path/:_authToken or :_auth of the longest path that fits; NULL. */
const char *npmrc_authorization(const struct npmrc *c, const char *url);

#endif
