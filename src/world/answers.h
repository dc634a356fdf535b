/* answers: what the simulated Internet says. Scripted models in four dialects, and plausible answers for telemetry, updates, feature
 * flags, package registries and code hosts: a table of (host pattern, method, path pattern) → answer, first match wins. Pure: no
 * system call, no clock but the seed's; the same request in the same conversation state gets the same answer in every trial. */
#ifndef POSTERN_WORLD_ANSWERS_H
#define POSTERN_WORLD_ANSWERS_H

#include "wire/exchange.h"
#include "world/world.h"

struct answers;
/* config->flags must outlive it. */
[[nodiscard]] int answers_new(const struct world_config *c, struct answers **out);
void answers_free(struct answers *a);
/* The far side for the connection engine; arg is the struct answers. */
struct far_side answers_far_side(struct answers *a);

#endif
