/* Which entry is to blame, when the entries do not lead to the signed root. The tiles hold the hashes of the tree on every eighth level:
 * the lowest of these levels from which the signed root can be computed is as it was signed, and tells which entries below it are not. */
#include "ledger/verify_part.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define STRAYS 4096 /* entries that are looked at to tell a change of places from an edit */

struct stray {
	struct merkle_hash have, want;
	uint64_t index;
};

struct locate {
	int dir;
	struct verify_result *v;
	struct buf space;
	struct verify_leaves leaves;
};

/* The hash of an authentic level for the subtree that begins there. */
static int level_hashes(struct locate *s, int level, uint64_t tile, struct buf *out)
{
	buf_reset(out);
	return tiles_file(s->dir, level, tile, tlog_tile_width(level, tile, s->v->size), out);
}

/* Folds all hashes of one level, and the partial tiles below it at the right edge, into a root. false: something is missing. */
static bool level_leads_to_root(struct locate *s, int level)
{
	struct merkle_range range = {0}, edge = {0};
	_cleanup_buf_ struct buf b = BUF((size_t)TLOG_TILE_WIDTH * MERKLE_HASH);
	struct tiles_reader *reader = NULL;
	struct merkle_hash root;
	uint64_t n = s->v->size >> (TLOG_TILE_HEIGHT * level);
	for (uint64_t i = 0; i * TLOG_TILE_WIDTH < n; i++) {
		if (level_hashes(s, level, i, &b) < 0)
			return false;
		for (size_t k = 0; k < b.n; k += MERKLE_HASH) {
			struct merkle_hash h;
			memcpy(&h, b.p + k, sizeof(h));
			merkle_append(&range, &h, NULL, NULL);
		}
	}
	/* The complete subtrees that are smaller than one of that level come from below. */
	if (tiles_reader_new(s->dir, s->v->size, &reader) < 0)
		return false;
	int r = merkle_range_read(s->v->size, tiles_node, reader, &edge);
	tiles_reader_free(reader);
	if (r < 0)
		return false;
	memcpy(edge.peak, range.peak, (size_t)__builtin_popcountll(n) * sizeof(edge.peak[0]));
	merkle_root(&edge, &root);
	return memcmp(&root, &s->v->root, sizeof(root)) == 0;
}

static int by_hash(const void *a, const void *b)
{
	return memcmp(a, b, MERKLE_HASH);
}

/* Are the same hashes on both sides, in another order? */
static bool only_moved(const struct stray *t, size_t n)
{
	_cleanup_free_ struct merkle_hash *have = calloc(n, sizeof(*have)), *want = calloc(n, sizeof(*want));
	if (!have || !want || n < 2)
		return false;
	for (size_t i = 0; i < n; i++) {
		have[i] = t[i].have;
		want[i] = t[i].want;
	}
	qsort(have, n, sizeof(*have), by_hash);
	qsort(want, n, sizeof(*want), by_hash);
	return memcmp(have, want, n * sizeof(*have)) == 0;
}

static bool same(const struct merkle_hash *a, const struct merkle_hash *b, size_t n)
{
	return memcmp(a, b, n * sizeof(*a)) == 0;
}

/* Says what happened in the first bundle that is not as its tile, from its entry k on; false if it is an edit, a change of places, or a
 * file that is missing, which the caller tells apart. */
static bool shifted(struct locate *s, uint64_t first, unsigned k)
{
	const struct verify_leaves *l = &s->leaves;
	unsigned left = l->n_want - k;
	if (l->n_have > k + 1 && l->n_have >= l->n_want && left > 1 &&
	        same(&l->have[k + 1], &l->want[k], l->n_have - k - 1 < left ? l->n_have - k - 1 : left)) {
		verify_say(s->v, VERIFY_INSERTED, first + k, first + k, "entry %llu was put in: the entries after it have moved up by one",
		        U(first + k));
		return true;
	}
	/* One is gone: the rest has moved down, the last place has the next bundle's first entry or nothing. */
	if (left > 1 && l->n_have + 1 >= l->n_want && l->n_have > k && same(&l->have[k], &l->want[k + 1], left - 1)) {
		verify_say(s->v, VERIFY_MISSING, first + k, first + k,
		        "entry %llu was taken out: the entries after it have moved down by one", U(first + k));
		return true;
	}
	if (l->n_have < l->n_want) {
		/* Before the cut all may be good, or not. */
		unsigned at = k < l->n_have ? k : l->n_have;
		if (at < l->n_have)
			verify_say(s->v, VERIFY_EDITED, first + at, first + at, "entry %llu is not the one that was signed", U(first + at));
		else
			verify_say(s->v, VERIFY_MISSING, first + at, first + at, "entry %llu is missing: the file of its bundle %s",
			        U(first + at), l->no_file ? "is not there" : "was cut");
		return true;
	}
	if (l->n_have > l->n_want || !l->whole) {
		verify_say(s->v, k < l->n_want ? VERIFY_EDITED : VERIFY_INSERTED, first + k, first + k,
		        k < l->n_want ? "entry %llu is not the one that was signed"
		                      : "there is something behind the last entry, in place %llu",
		        U(first + k));
		return true;
	}
	return false;
}

/* Level 0 is authentic: each entry has its hash there. */
static int locate_entry(struct locate *s, struct err *err)
{
	_cleanup_free_ struct stray *t = calloc(STRAYS, sizeof(*t));
	size_t n = 0;
	bool more = false;
	if (!t)
		return err_sys(err, -ENOMEM, "cannot look for the entry");
	for (uint64_t b = 0; b * TLOG_TILE_WIDTH < s->v->size && n < STRAYS; b++) {
		const struct verify_leaves *l = &s->leaves;
		uint64_t first = b * TLOG_TILE_WIDTH;
		unsigned k = 0;
		int r = verify_read(s->dir, b, s->v->size, &s->space, &s->leaves);
		if (r < 0)
			return err_sys(err, r, "cannot read the log");
		while (k < l->n_have && k < l->n_want && same(&l->have[k], &l->want[k], 1))
			k++;
		if (k == l->n_want && l->n_have == l->n_want && l->whole)
			continue;
		if (n == 0 && shifted(s, first, k))
			return 0;
		more = more || l->n_have != l->n_want;
		for (; k < l->n_have && k < l->n_want && n < STRAYS; k++)
			if (!same(&l->have[k], &l->want[k], 1))
				t[n++] = (struct stray){.have = l->have[k], .want = l->want[k], .index = first + k};
	}
	if (n == 0) {
		verify_say(s->v, VERIFY_TREE, UINT64_MAX, UINT64_MAX, "the entries lead to another root than the one that was signed");
		return 0;
	}
	if (!more && only_moved(t, n))
		verify_say(s->v, VERIFY_REORDERED, t[0].index, t[0].index,
		        n == 2 ? "entries %llu and %llu have changed places"
		               : "entries have changed places: %llu is the first, %llu the last",
		        U(t[0].index), U(t[n - 1].index));
	else
		verify_say(s->v, VERIFY_EDITED, t[0].index, t[0].index, "entry %llu is not the one that was signed", U(t[0].index));
	return 0;
}

/* A level above is authentic: its hashes are compared with what the level below it makes. */
static void locate_range(struct locate *s, int level)
{
	_cleanup_buf_ struct buf up = BUF((size_t)TLOG_TILE_WIDTH * MERKLE_HASH);
	struct tiles_reader *reader = NULL;
	uint64_t n = s->v->size >> (TLOG_TILE_HEIGHT * level), span = (uint64_t)1 << (TLOG_TILE_HEIGHT * level);
	if (tiles_reader_new(s->dir, s->v->size, &reader) < 0)
		return;
	for (uint64_t i = 0; i < n && s->v->fault == VERIFY_GOOD; i++) {
		struct merkle_hash half[2], h;
		int r = i % TLOG_TILE_WIDTH ? 0 : level_hashes(s, level, i / TLOG_TILE_WIDTH, &up);
		for (unsigned k = 0; k < 2 && r == 0; k++)
			r = tiles_node(reader, (unsigned)level * TLOG_TILE_HEIGHT - 1, 2 * i + k, &half[k]);
		if (r == 0)
			merkle_node(&half[0], &half[1], &h);
		if (r < 0 || memcmp(&h, up.p + (i % TLOG_TILE_WIDTH) * MERKLE_HASH, sizeof(h)) != 0)
			verify_say(s->v, VERIFY_TREE, i * span, (i + 1) * span - 1,
			        "one of the entries %llu to %llu is not what was signed; the tile that would say which was changed or is "
			        "missing, too",
			        U(i * span), U((i + 1) * span - 1));
	}
	tiles_reader_free(reader);
}

/* Every bundle that is bad in itself: short, or not there. */
static int locate_gap(struct locate *s, struct err *err)
{
	for (uint64_t b = 0; b * TLOG_TILE_WIDTH < s->v->size; b++) {
		const struct verify_leaves *l = &s->leaves;
		unsigned width = tlog_tile_width(-1, b, s->v->size);
		int r = verify_read(s->dir, b, s->v->size, &s->space, &s->leaves);
		if (r < 0)
			return err_sys(err, r, "cannot read the log");
		if (l->n_have < width) {
			verify_say(s->v, VERIFY_MISSING, b * TLOG_TILE_WIDTH + l->n_have, b * TLOG_TILE_WIDTH + l->n_have,
			        "entry %llu is missing: the file of its bundle %s", U(b * TLOG_TILE_WIDTH + l->n_have),
			        l->no_file ? "is not there" : "was cut");
			return 0;
		}
	}
	return 0;
}

int verify_locate(int dir, struct verify_result *v, struct err *err)
{
	_cleanup_free_ struct locate *s = calloc(1, sizeof(*s));
	int level = 0, r = 0;
	if (!s)
		return err_sys(err, -ENOMEM, "cannot look for the entry");
	s->dir = dir;
	s->v = v;
	s->space = BUF(TILES_BUNDLE + 1);
	while (level < TILES_LEVELS && v->size >> (TLOG_TILE_HEIGHT * level) && !level_leads_to_root(s, level))
		level++;
	bool found = level < TILES_LEVELS && v->size >> (TLOG_TILE_HEIGHT * level) > 0;
	if (found && level == 0)
		r = locate_entry(s, err);
	else if (found)
		locate_range(s, level);
	if (r == 0 && v->fault == VERIFY_GOOD)
		r = locate_gap(s, err);
	uint64_t edge = v->size - v->size % TLOG_TILE_WIDTH;
	if (r == 0 && v->fault == VERIFY_GOOD)
		verify_say(v, VERIFY_TREE, UINT64_MAX, UINT64_MAX,
		        "no tile leads to the signed root: entries and tiles were changed together, or the checkpoint is of another log "
		        "(%llu entries are "
		        "in full bundles)",
		        U(edge));
	buf_free(&s->space);
	return r;
}
