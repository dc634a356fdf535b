/* oddity: what is out of the ordinary in trials, apart from what depends on a factor: malformed messages, protocols that nobody here
 * speaks, tools that had to be stopped, records that a cap cut off. A reader of the report must know it, and where a tool did not work it
 * is often why. */
#ifndef POSTERN_VET_ODDITY_H
#define POSTERN_VET_ODDITY_H

#include "base/arena.h"
#include "confine/trial.h"

struct oddities;
[[nodiscard]] int oddities_new(struct oddities **out);
void oddities_free(struct oddities *o);
/* Looks at one trial that was run. gateway: its gateway host, or NULL. */
void oddities_add(struct oddities *o, const struct trial_result *r, const char *gateway);
/* The worst of the trial that was added last, in words that end a sentence about it: "it sent malformed JSON to …". "" if there is none.
 * Valid until the next call. */
const char *oddities_hint(struct oddities *o);
/* Sentences for the report, at most max; owned by the arena. How many. */
size_t oddities_notes(const struct oddities *o, struct arena *arena, const char **out, size_t max);
/* Why some of what was sent is not known in at least one trial, so that nothing found means nothing; NULL if all is. */
const char *oddities_lost(const struct oddities *o);

#endif
