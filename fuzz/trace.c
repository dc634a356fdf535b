/* trace_next() on what a world that has been taken over could write, then what reads records: the table of hosts and the oddities. */
#include <errno.h>

#include "vet/hosts.h"
#include "vet/oddity.h"
#include "wire/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_of(data, size), rest = all;
	struct trace_record r;
	_cleanup_buf_ struct buf again = BUF(size + 64);
	enum trace_status s;
	while ((s = trace_next(&rest, &r)) == TRACE_OK) {
		size_t mark;
		trace_begin(&again, r.kind, &mark);
		for (unsigned tag = 1; tag < TRACE_TAG_END; tag++) {
			const struct slice f = r.field[tag];
			if (!f.p)
				continue;
			/* Every field lies in the input. */
			if (f.p < data || f.n > (size_t)(data + size - f.p))
				abort();
			trace_put(&again, tag, f);
			(void)trace_u64(&r, tag, 0);
		}
		trace_end(&again, mark);
		(void)trace_tls_refused(&r);
		(void)trace_kind_name(r.kind);
	}
	/* Written again it has the same size: nothing was lost, nothing read twice. */
	if (buf_error(&again) || again.n != size - rest.n)
		abort();

	struct hosts *h = NULL;
	struct oddities *o = NULL;
	struct vet_host *table = NULL;
	struct profile profile = {0};
	_cleanup_arena_ struct arena arena = ARENA((size_t)16 << 20);
	const char *notes[40];
	unsigned models, messages;
	size_t n;
	if (hosts_new(&h) == 0 && oddities_new(&o) == 0) {
		struct trial_result result = {.end = TRIAL_EXITED, .trace = BUF(size + 1)};
		buf_add(&result.trace, all);
		if ((hosts_add(h, all, "gateway.example", &models, &messages) == -EBADMSG) != (s == TRACE_BAD))
			abort();
		oddities_add(o, &result, "gateway.example");
		(void)oddities_hint(o);
		if (hosts_table(h, &profile, &arena, &table, &n) < 0 ||
		        oddities_notes(o, &arena, notes, ARRAY_LEN(notes)) > ARRAY_LEN(notes))
			abort();
		buf_free(&result.trace);
	}
	hosts_free(h);
	oddities_free(o);
	return 0;
}
