/* world_config: what the vetting side hands to the world process of a trial. It stands on this floor because both sides, neighbours
 * above, know it. */
#ifndef POSTERN_WIRE_WORLD_CONFIG_H
#define POSTERN_WIRE_WORLD_CONFIG_H

#include "base/arena.h"
#include "base/buf.h"

/* Moods: world/mood.h. */
#define WORLD_FLIP         1u /* flags and settings that are fetched have other values */
#define WORLD_OLD          2u /* the tool is too old: newer versions everywhere, settings answer that they want one */
#define WORLD_NO_TELEMETRY 4u /* telemetry is answered 503, and `dead` hosts have no address */
#define WORLD_NO_POLICY    8u /* the server of settings and policy answers 503 */

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
	uint32_t moods;
	const char *const *dead;  /* names that do not resolve; NULL-terminated; may be NULL */
	const char *const *flags; /* names of flags that the artefact knows, for WORLD_FLIP and WORLD_OLD; the same */
	/* A request to the model that holds the mark is answered with a call of the client's shell with this command, once in a
	 * conversation: a model that does as a text tells it. Both or neither. */
	const char *obey_mark, *obey_command;
};

/* Appends the configuration as one bounded message. */
void world_config_encode(struct buf *b, const struct world_config *c);
/* The reverse; strings and slices are copied into the arena. -EBADMSG, -ENOMEM. */
[[nodiscard]] int world_config_decode(struct slice message, struct arena *arena, struct world_config *out);

#endif
