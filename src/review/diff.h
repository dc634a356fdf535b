/* diff: two texts as a unified diff. Pure and bounded. */
#ifndef POSTERN_REVIEW_DIFF_H
#define POSTERN_REVIEW_DIFF_H

#include "base/buf.h"

struct diff_line {
	char kind;         /* ' ', '-', '+'; '@': a hunk begins, text is its heading; '\\': "No newline at end of file" */
	struct slice text; /* without its newline; borrowed from the inputs */
};
/* Calls fn for each line of the diff, with three lines of context. Lines past `max` are not told; the count of all is returned, or -ENOMEM.
 * Myers' algorithm; past an edit distance that would take too long, the rest is shown as replaced. */
[[nodiscard]] long diff_lines(struct slice a, struct slice b, size_t max, void (*fn)(void *arg, const struct diff_line *line), void *arg);
/* Is it text: no NUL in its first 8000 bytes, as git asks? */
bool diff_is_text(struct slice s);
/* How many lines are new in b and how many of a are gone. */
[[nodiscard]] int diff_count(struct slice a, struct slice b, size_t *added, size_t *removed);

#endif
