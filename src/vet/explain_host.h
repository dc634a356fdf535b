/* explain_host: explanations that lie in the synthetic host itself: what files a level adds or changes, and what follows from these. */
#ifndef POSTERN_VET_EXPLAIN_HOST_H
#define POSTERN_VET_EXPLAIN_HOST_H

#include "base/arena.h"
#include "confine/host.h"

/* Is every line of the text (line numbers in front apart) a part of some file of `here`, and of none of `there`?
 * Lines without a letter or digit say nothing; there must be one that does, of at least four bytes. */
bool host_text_differs(struct slice text, const struct host_spec *here, const struct host_spec *there);
/* Is every word of the text a name in a path of `here` (a file, a folder above it, ".git"), and one of them in none of `there`? */
bool host_names_differ(struct slice text, const struct host_spec *here, const struct host_spec *there);
/* Is it a name in a path of the host, or ".git" where there is a repository? */
bool host_has_name(const struct host_spec *h, struct slice name);
/* Have both the same files, by path, and both or neither a repository? */
bool host_same_names(const struct host_spec *a, const struct host_spec *b);
/* The name of a digest ("sha256 of the path of a file", …) if the text (hex of 8 digits or more, or base64) is one, or the beginning of
 * one, of something that `here` has and `there` has not: a path, a file's contents, the project or home folder. NULL if not. */
const char *host_digest_differs(struct slice text, const struct host_spec *here, const struct host_spec *there, struct arena *arena);
/* Is the text (hex of 7 digits or more) the name of a commit of the host's project, or the beginning of one? */
bool host_commit_name(struct slice text, const struct host_spec *h);
/* Is every line of it, and one at least, of the history of the host's project: a commit's name or the beginning of one, what it says, or
 * both, as `git log --oneline` has it? */
bool host_history(struct slice text, const struct host_spec *h);
/* The name of the digest if the text (as above) is one of this value, as it is or as a JSON string with its quotes, or the beginning of
 * one. */
const char *host_digest_of(struct slice text, struct slice value);

#endif
