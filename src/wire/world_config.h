/* world_config: what the vetting side hands to the world process of a trial. It stands on this floor because both sides, neighbours
 * above, know it. */
#ifndef POSTERN_WIRE_WORLD_CONFIG_H
#define POSTERN_WIRE_WORLD_CONFIG_H

#include "base/arena.h"
#include "base/buf.h"

struct world_config {
	struct slice ca_cert_pem; /* certificate authority of the trial */
	struct slice ca_key_pem;
	struct slice seed;              /* any bytes: ids and model replies are derived from it, the same in every trial of a run */
	const char *const *model_hosts; /* official hosts of the model API, lower case; NULL-terminated; may be NULL */
	const char *gateway_host;       /* name in the base URL of a gateway trial, or NULL */
	const char *dialect;     /* expected dialect of the profile: "anthropic", "openai-chat", "openai-responses", "gemini", or NULL */
	const char *client_ipv4; /* address of the tool's eth0, dotted; gateway is .1 */
	const char *project;     /* the tool's working folder: the scripted tool calls name files below it */
	const char *dns_search;  /* search domain of the synthetic host, or NULL: names below it resolve only with one label more */
	uint64_t trace_max;      /* bytes */
	int64_t ahead_s;         /* the trial's calendar is so many seconds ahead of the real one: dates and certificates follow it */
};

/* Appends the configuration as one bounded message. */
void world_config_encode(struct buf *b, const struct world_config *c);
/* The reverse; strings and slices are copied into the arena. -EBADMSG, -ENOMEM. */
[[nodiscard]] int world_config_decode(struct slice message, struct arena *arena, struct world_config *out);

#endif
