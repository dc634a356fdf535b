/* quota: the limits of a policy that count over all requests of a run (policy.h: sent_bytes, request_bytes, connections,
 * requests_per_minute). */
#ifndef POSTERN_GATE_QUOTA_H
#define POSTERN_GATE_QUOTA_H

#include "policy/policy.h"

#define QUOTA_SECONDS 60u

struct quota {
	uint64_t most_sent, most_request, most_open, most_a_minute; /* UINT64_MAX: no limit */
	uint64_t sent, open;
	uint64_t second[QUOTA_SECONDS], count[QUOTA_SECONDS]; /* requests that began in that second, by its number modulo 60 */
};

void quota_init(struct quota *q, const struct policy_settings *set);
/* Other limits; what was counted stays. */
void quota_limits(struct quota *q, const struct policy_settings *set);
/* May a request or connection of so many bytes begin? NULL, or the name of the limit that it would pass, with *why (constant). message: of
 * a WebSocket, which is no request and no connection of its own. now_s: seconds of a monotonic clock. */
const char *quota_refuses(const struct quota *q, uint64_t bytes, bool message, uint64_t now_s, const char **why);
/* It has begun, and ended. `more`: bytes that were not known at its beginning. */
void quota_begin(struct quota *q, uint64_t bytes, bool message, uint64_t now_s);
void quota_end(struct quota *q, bool message, uint64_t more);
/* Bytes that may still leave; UINT64_MAX: any number. */
uint64_t quota_left(const struct quota *q);

#endif
