/* match: the patterns of a policy, and what they are held against. Pure, no allocation. A pattern without
 * "**" takes at most pattern × text steps, one with it text times as many; POLICY_TEXT_MAX bounds both. */
#ifndef POSTERN_POLICY_MATCH_H
#define POSTERN_POLICY_MATCH_H

#include "policy/policy.h"

/* '*' is any run of characters without '/', '?' one of them, "**" any run at all. Everything else stands for itself. */
bool match_glob(struct slice pattern, struct slice text);
/* As match_glob, and a pattern that ends in '/' fits everything below it. */
bool match_path(struct slice pattern, struct slice path);
/* Has it '*' or '?'? */
bool match_is_pattern(struct slice s);
/* Bytes before the first '*' or '?'. */
size_t match_literal(struct slice pattern);
/* "example.org" or "*.example.org", against a name as policy_host() writes it. Numeric addresses fit only themselves. */
bool match_host(struct slice pattern, struct slice host);
/* Is it a numeric address? As policy_host() writes it. */
bool match_is_address(struct slice host);
/* Arguments after argv[0], one pattern each; "..." fits any number of arguments. */
bool match_args(const char *const *pattern, size_t n, const struct slice *argv, size_t argc);
/* NULL, or what is wrong with a range of versions (constant). */
const char *match_range_check(const char *range);
/* Can it be compared? */
bool match_version_known(struct slice version);
/* How many components an absolute path has; "/" has none. */
size_t match_depth(struct slice path);
/* Is the path this folder or below it? */
bool match_below(struct slice folder, struct slice path);

#endif
