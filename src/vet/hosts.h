/* hosts: who was contacted, over all trials. */
#ifndef POSTERN_VET_HOSTS_H
#define POSTERN_VET_HOSTS_H

#include "identify/profile.h"
#include "vet/model.h"

struct hosts;
[[nodiscard]] int hosts_new(struct hosts **out);
void hosts_free(struct hosts *h);
/* Counts one trial's trace. gateway: its gateway host or NULL. *model_requests: how many requests were answered as a model's. *messages:
 * requests, queries and connections without a request. 0, -EBADMSG, -ENOMEM. */
[[nodiscard]] int hosts_add(struct hosts *h, struct slice trace, const char *gateway, unsigned *model_requests, unsigned *messages);
struct trace_record;
/* Whether it is a request to a model, and more than looks like one. */
bool hosts_is_model(const struct trace_record *r);
/* The table of the report, sorted by bytes, in the arena. */
[[nodiscard]] int hosts_table(const struct hosts *h, const struct profile *p, struct arena *arena, struct vet_host **out, size_t *n);

#endif
