#include "gate/quota.h"

void quota_init(struct quota *q, const struct policy_settings *set)
{
	*q = (struct quota){0};
	quota_limits(q, set);
}

void quota_limits(struct quota *q, const struct policy_settings *set)
{
	q->most_sent = set->limit[POLICY_LIMIT_SENT_BYTES].value;
	q->most_request = set->limit[POLICY_LIMIT_REQUEST_BYTES].value;
	q->most_open = set->limit[POLICY_LIMIT_CONNECTIONS].value;
	q->most_a_minute = set->limit[POLICY_LIMIT_REQUESTS_PER_MINUTE].value;
}

static uint64_t within_a_minute(const struct quota *q, uint64_t now_s)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < QUOTA_SECONDS; i++)
		n += now_s - q->second[i] < QUOTA_SECONDS ? q->count[i] : 0;
	return n;
}

uint64_t quota_left(const struct quota *q)
{
	if (q->most_sent == UINT64_MAX)
		return UINT64_MAX;
	return q->sent < q->most_sent ? q->most_sent - q->sent : 0;
}

const char *quota_refuses(const struct quota *q, uint64_t bytes, bool message, uint64_t now_s, const char **why)
{
	if (bytes > q->most_request) {
		*why = "the request is larger than the policy permits";
		return policy_limit_name(POLICY_LIMIT_REQUEST_BYTES);
	}
	if (bytes > quota_left(q) || quota_left(q) == 0) {
		*why = "the run would send more than the policy permits";
		return policy_limit_name(POLICY_LIMIT_SENT_BYTES);
	}
	if (message)
		return NULL;
	if (q->open >= q->most_open) {
		*why = "there are as many requests and connections at once as the policy permits";
		return policy_limit_name(POLICY_LIMIT_CONNECTIONS);
	}
	if (within_a_minute(q, now_s) >= q->most_a_minute) {
		*why = "there are as many requests within a minute as the policy permits";
		return policy_limit_name(POLICY_LIMIT_REQUESTS_PER_MINUTE);
	}
	return NULL;
}

void quota_begin(struct quota *q, uint64_t bytes, bool message, uint64_t now_s)
{
	unsigned i = (unsigned)(now_s % QUOTA_SECONDS);
	q->sent += bytes;
	if (message)
		return;
	q->open++;
	if (q->second[i] != now_s)
		q->count[i] = 0;
	q->second[i] = now_s;
	q->count[i]++;
}

void quota_end(struct quota *q, bool message, uint64_t more)
{
	q->sent += more;
	q->open -= message || q->open == 0 ? 0 : 1;
}
