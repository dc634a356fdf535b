#include "vet/after.h"

#include "wire/trace.h"

static uint64_t microseconds(double s)
{
	return s > 0 ? (uint64_t)(s * 1e6) : 0;
}

void after_trial(struct trial_result *r)
{
	size_t mark;
	/* A trace that was cut ends in the middle of a record. */
	if (r->err.code || buf_error(&r->trace))
		return;
	trace_begin(&r->trace, TRACE_END, &mark);
	trace_put_u64(&r->trace, TAG_TIME, microseconds(r->wall_s));
	trace_put_u64(&r->trace, TAG_CPU, microseconds(r->tool_cpu_s));
	trace_end(&r->trace, mark);
	if (buf_error(&r->trace)) {
		r->trace.error = 0;
		r->trace.n = mark;
	}
}
