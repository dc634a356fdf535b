#include "vet/after.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "confine/written.h"
#include "wire/trace.h"

static uint64_t microseconds(double s)
{
	return s > 0 ? (uint64_t)(s * 1e6) : 0;
}

#define FILES_MAX 1024

static int by_path(const void *x, const void *y)
{
	const struct written_file *a = x, *b = y;
	int r = memcmp(a->path.p, b->path.p, a->path.n < b->path.n ? a->path.n : b->path.n);
	return r ? r : (a->path.n > b->path.n) - (a->path.n < b->path.n);
}

/* The order in which a folder lists its files says nothing. */
static void put_files(struct trial_result *r)
{
	_cleanup_free_ struct written_file *f = calloc(FILES_MAX, sizeof(*f));
	struct cursor c = cursor_of(buf_slice(&r->files));
	size_t n = 0, mark;
	while (f && n < FILES_MAX && cursor_left(&c) && written_next(&c, &f[n]))
		n++;
	if (n)
		qsort(f, n, sizeof(*f), by_path);
	for (size_t i = 0; i < n; i++) {
		_cleanup_buf_ struct buf form = BUF(100);
		trace_begin(&r->trace, TRACE_FILE, &mark);
		trace_put(&r->trace, TAG_TARGET, f[i].path);
		trace_put(&r->trace, TAG_BODY, f[i].content);
		trace_put_u64(&r->trace, TAG_WIRE_SIZE, f[i].size);
		buf_fmt(&form, "mode=%04o\n", f[i].mode);
		/* A time that somebody has set. */
		if (f[i].older > 1 || f[i].older < -1)
			buf_fmt(&form, "set back=%lld\n", (long long)f[i].older);
		trace_put(&r->trace, TAG_FORM, buf_slice(&form));
		trace_put(&r->trace, TAG_REASON, f[i].kind == 'l' ? SLICE("link") : SLICE("file"));
		trace_end(&r->trace, mark);
		if (buf_error(&r->trace)) {
			r->trace.error = 0;
			r->trace.n = mark;
			return;
		}
	}
}

void after_trial(struct trial_result *r)
{
	size_t mark;
	/* A trace that was cut ends in the middle of a record. */
	if (r->err.code || buf_error(&r->trace))
		return;
	put_files(r);
	trace_begin(&r->trace, TRACE_END, &mark);
	trace_put_u64(&r->trace, TAG_TIME, microseconds(r->wall_s));
	trace_put_u64(&r->trace, TAG_CPU, microseconds(r->tool_cpu_s));
	trace_end(&r->trace, mark);
	if (buf_error(&r->trace)) {
		r->trace.error = 0;
		r->trace.n = mark;
	}
}
