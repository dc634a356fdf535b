#include "vet/content.h"

#include <errno.h>

#include "base/buf.h"

#define NAMED      3u /* files that are named in a sentence */
#define SENTENCES  2u
#define LINE_BYTES 4096u

/* Files of which nothing is known but what they did, as a sentence; NULL: there are none. */
static const char *unread(struct vet_result *r)
{
	const struct scan_result *s = r->content.scan;
	_cleanup_buf_ struct buf names = BUF(LINE_BYTES);
	size_t n = 0;
	uint64_t bytes = 0;
	for (size_t i = 0; i < s->n; i++) {
		const struct scan_file *f = &s->file[i];
		if (f->sum.verdict != SCAN_UNSCANNED || f->sum.other)
			continue;
		bytes += f->sum.uncovered;
		if (n++ < NAMED)
			buf_fmt(&names, "%s%.300s", n > 1 ? ", " : "", f->path);
	}
	if (n == 0)
		return NULL;
	if (n > NAMED)
		buf_fmt(&names, " and %zu more", n - NAMED);
	return arena_fmt(&r->arena,
	        "The scan of its files could not judge %zu of them, %.1f MB: %s. Of these is known only what they did in the trials.", n,
	        (double)bytes / 1e6, buf_str(&names));
}

int content_judge(struct vet_result *r)
{
	const char *more[SENTENCES], **list;
	size_t n = 0;
	if (r->content.note)
		more[n++] = r->content.note;
	if (r->content.scan && (more[n] = unread(r)))
		n++;
	list = arena_array(&r->arena, r->n_not_covered + n, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < r->n_not_covered; i++)
		list[i] = r->not_covered[i];
	for (size_t i = 0; i < n; i++)
		list[r->n_not_covered + i] = more[i];
	r->not_covered = list;
	r->n_not_covered += n;
	/* A pipeline that takes what is clean, and a policy that admits it, is not to get what its own scan refuses. Where the trials said
	 * nothing, that stays so: it blocks as well. */
	if (r->verdict == VERDICT_CLEAN && scan_result_is_bad(r->content.scan))
		r->verdict = VERDICT_FINDINGS;
	return 0;
}
