/* Which findings belong together: an instruction, a hook or an installation runs a file, which runs another, in which something was found.
 */
#include <errno.h>
#include <stdlib.h>

#include "inspect/scan_story.h"

#define ABOVE_MAX   8u      /* folders above a file in which what it names is looked for */
#define VISITS_MAX  200000u /* of edges, in all */
#define STORIES_MAX 1000u

struct known {
	const char *place;
	const struct scan_file *file;
};

struct telling {
	const struct scan_result *r;
	const char *const *place;
	struct known *known; /* by place */
	uint32_t *seen;      /* by file: in the story of which file it was met, 1 + its index */
	struct scan_story *story;
	size_t n;
	uint32_t visits;
};

static int by_place(const void *a, const void *b)
{
	const struct known *x = a, *y = b;
	return strcmp(x->place, y->place);
}

static const struct scan_file *find(const struct telling *t, const char *place)
{
	const struct known key = {.place = place};
	const struct known *k = bsearch(&key, t->known, t->r->n, sizeof(key), by_place);
	return k ? k->file : NULL;
}

/* `folder` and `target` with "." and ".." resolved, by names alone. False: it leads out. */
static bool join(struct buf *out, struct slice folder, struct slice target)
{
	struct slice rest = target, part;
	buf_reset(out);
	buf_add(out, folder);
	while (slice_split(&rest, '/', &part)) {
		if (part.n == 0 || slice_is(part, "."))
			continue;
		if (slice_is(part, "..")) {
			if (out->n == 0)
				return false;
			while (out->n && out->p[out->n - 1] != '/')
				out->n--;
			out->n -= out->n > 0;
			continue;
		}
		if (out->n)
			buf_u8(out, '/');
		buf_add(out, part);
	}
	return !buf_error(out);
}

static struct slice above(struct slice path)
{
	size_t n = path.n;
	while (n && path.p[n - 1] != '/')
		n--;
	return slice_sub(path, 0, n ? n - 1 : 0);
}

/* The file that is meant: in the folder of the one that names it, else in one above, as the root of the tree is where most are named from.
 */
static const struct scan_file *resolve(const struct telling *t, const struct scan_file *from, const char *target)
{
	_cleanup_buf_ struct buf whole = BUF(SCAN_PLACE_MAX);
	struct slice folder = above(slice_str(t->place[from - t->r->file]));
	for (unsigned i = 0; i < ABOVE_MAX; i++) {
		const struct scan_file *f = join(&whole, folder, slice_str(target)) ? find(t, buf_str(&whole)) : NULL;
		if (f || folder.n == 0)
			return f;
		folder = above(folder);
	}
	return NULL;
}

/* Goes on from the last file of a story. What is met twice is told once. */
static void follow(struct telling *t, struct scan_story *s, const struct scan_file *at, uint32_t begin)
{
	for (uint32_t i = 0; i < at->n_edges && s->n < SCAN_STEPS_MAX && t->n < STORIES_MAX; i++) {
		if (t->visits++ >= VISITS_MAX)
			return;
		const struct scan_file *to = resolve(t, at, at->edge[i].target);
		if (!to || to == at || t->seen[to - t->r->file] == begin)
			continue;
		enum scan_verdict before = s->verdict;
		t->seen[to - t->r->file] = begin;
		s->step[s->n++] = (struct scan_step){.from = at, .to = to, .by = &at->edge[i]};
		s->verdict = to->sum.verdict > s->verdict ? (enum scan_verdict)to->sum.verdict : s->verdict;
		if (to->sum.verdict >= SCAN_SUSPICIOUS)
			t->story[t->n++] = *s;
		else
			follow(t, s, to, begin);
		s->n--;
		s->verdict = before;
	}
}

static bool begins(const struct scan_file *f)
{
	for (uint32_t i = 0; i < f->n_edges; i++)
		if (f->edge[i].how != SCAN_RUNS_SCRIPT)
			return true;
	return false;
}

int scan_stories(struct scan_result *r, const char *const *place, struct arena *arena)
{
	struct telling t = {.r = r, .place = place};
	bool any = false;
	for (size_t i = 0; i < r->n && !any; i++)
		any = begins(&r->file[i]);
	if (!any)
		return 0;
	t.known = calloc(r->n, sizeof(*t.known));
	t.seen = calloc(r->n, sizeof(*t.seen));
	t.story = arena_array(arena, STORIES_MAX, sizeof(*t.story));
	int e = t.known && t.seen && t.story ? 0 : -ENOMEM;
	for (size_t i = 0; i < r->n && e == 0; i++)
		t.known[i] = (struct known){.place = place[i], .file = &r->file[i]};
	if (e == 0)
		qsort(t.known, r->n, sizeof(*t.known), by_place);
	for (size_t i = 0; i < r->n && e == 0; i++)
		if (begins(&r->file[i])) {
			struct scan_story s = {.verdict = (enum scan_verdict)r->file[i].sum.verdict};
			t.seen[i] = (uint32_t)(i + 1);
			follow(&t, &s, &r->file[i], (uint32_t)(i + 1));
		}
	free(t.known);
	free(t.seen);
	r->story = t.story;
	r->n_stories = e == 0 ? t.n : 0;
	return e;
}
