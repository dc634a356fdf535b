/* mood: how the world differs from its ordinary self, to see what a tool does about it: flags turned, a newer version wanted, telemetry or
 * the server of settings away. Pure. Answers of the model's API stay as they are. */
#ifndef POSTERN_WORLD_MOOD_H
#define POSTERN_WORLD_MOOD_H

#include "wire/exchange.h"
#include "wire/world_config.h"

/* Changes a reply that plausible_answer() made. flags: names that the artefact knows, NULL-terminated; may be NULL. */
void mood_reply(uint32_t moods, const char *const *flags, struct exchange_reply *out);
/* A JSON text with its truth values inverted and its numbers changed, appended; what is in a member that says how the answer itself is to
 * be read ("status", "code", "time") stays. Anything else is passed on as it is. */
void mood_flip(struct slice json, struct buf *out);

#endif
