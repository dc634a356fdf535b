/* What a writer does before it takes the first entry: the state of the folder after any crash becomes that after a clean end.
 *
 * The checkpoint is the one thing that is believed (its signature is checked). The tiles must lead to its root; they were on disk before it
 * was. The journal's entries after it were acknowledged, or about to be, and are taken as far as they reach without a gap. What cannot come
 * from a crash is refused, and nothing is changed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "ledger/store.h"

#define U(v) ((unsigned long long)(v))

struct recovery {
	struct store *s;
	struct tiles_reader *reader; /* of the tree that was signed */
	struct journal_found *found;
	size_t n_found;
	struct buf space;
	uint64_t next; /* the entry that is wanted next */
	enum { CHECK, ROOT, TAKE } pass;
	uint64_t missing;          /* CHECK: the first entry below the signed size whose tile is not there */
	struct merkle_range range; /* ROOT */
};

int store_recover(struct store *s, struct err *err);

static int compare_root(const struct recovery *v, const struct merkle_hash *root, struct err *err)
{
	if (memcmp(root, &v->s->signed_root, sizeof(*root)) != 0)
		return err_set(err, -EBADMSG, "entries and signed checkpoint contradict each other; \"postern log verify\" says where");
	return 0;
}

/* Entries of the journal that are signed already must be those in the tree. */
static int compare(struct recovery *v, const struct journal_record *r, struct err *err)
{
	for (uint64_t i = r->first; i < r->first + r->count && i < v->s->signed_size; i++) {
		struct merkle_hash h;
		int e = tiles_node(v->reader, 0, i, &h);
		if (e == -ENOENT) {
			v->missing = i < v->missing ? i : v->missing;
			i |= TLOG_TILE_WIDTH - 1;
			continue;
		}
		if (e == -EBADMSG)
			return err_set(err, e, "the tile with entry %llu is damaged", U(i));
		if (e < 0)
			return err_sys(err, e, "cannot read the tile with entry %llu", U(i));
		if (memcmp(&h, r->hashes.p + (i - r->first) * MERKLE_HASH, sizeof(h)) != 0)
			return err_set(
			        err, -EBADMSG, "entry %llu is not what was acknowledged: journal and tile contradict each other", U(i));
	}
	return 0;
}

/* Adds the wanted part of a record, up to the signed size, to the root that the tree would have. */
static int add_to_root(struct recovery *v, const struct journal_record *r, struct err *err)
{
	uint64_t size = v->s->signed_size, end = r->first + r->count;
	for (uint64_t i = v->next; i < end && i < size; i++) {
		struct merkle_hash h;
		memcpy(&h, r->hashes.p + (i - r->first) * MERKLE_HASH, sizeof(h));
		merkle_append(&v->range, &h, NULL, NULL);
	}
	if (v->next < size && end >= size) {
		struct merkle_hash root;
		merkle_root(&v->range, &root);
		return compare_root(v, &root, err);
	}
	return 0;
}

static int take(struct recovery *v, const struct journal_record *r, struct err *err)
{
	struct slice rest = r->entries, entry;
	for (uint64_t i = r->first; i < v->next; i++)
		if (tlog_bundle_next(&rest, &entry) != 1)
			return err_set(err, -EBADMSG, "entry %llu in the journal is damaged", U(i));
	uint64_t skip = v->next - r->first;
	int e = tiles_add(v->s->tiles, (uint32_t)(r->count - skip), r->hashes.p + skip * MERKLE_HASH, rest);
	return e < 0 ? err_sys(err, e, "cannot write tiles") : 0;
}

/* One segment, from its first record to where its chain ends. */
static int walk(struct recovery *v, const struct journal_found *f, struct err *err)
{
	uint64_t offset = 0, expect = f->first == UINT64_MAX ? v->next : f->first;
	struct journal_record r;
	int e;
	while ((e = journal_read(f->fd, offset, &v->space, &r)) == 1 && r.first == expect) {
		/* Torn; or an old one in a segment that was being used again, half written over. */
		if (journal_check(&r) < r.count)
			break;
		expect += r.count;
		offset += journal_size(r.count, r.entries.n);
		e = v->pass == CHECK ? compare(v, &r, err) : 0;
		if (e == 0 && expect > v->next && r.first > v->next)
			e = err_set(err, -EBADMSG, "entry %llu is missing: the journal goes on at entry %llu", U(v->next), U(r.first));
		if (e == 0 && expect > v->next && v->pass != CHECK)
			e = v->pass == ROOT ? add_to_root(v, &r, err) : take(v, &r, err);
		if (e < 0)
			return e;
		v->next = expect > v->next ? expect : v->next;
	}
	if (e < 0)
		return err_sys(err, e, "cannot read the journal");
	/* A torn record is the end of everything; if something newer stands behind it, it is not torn but damaged. */
	e = v->pass == CHECK ? journal_beyond(f->fd, offset, expect > v->next ? expect : v->next, &v->space) : 0;
	if (e == 1)
		return err_set(err, -EBADMSG,
		        "entry %llu in the journal is damaged, and newer ones stand behind it: this comes from no crash", U(v->next));
	return e < 0 ? err_sys(err, e, "cannot read the journal") : 0;
}

static int walk_all(struct recovery *v, uint64_t from, struct err *err)
{
	int r = 0;
	v->next = from;
	for (size_t i = 0; i < v->n_found && r == 0; i++)
		r = walk(v, &v->found[i], err);
	if (r == 0 && v->next < v->s->signed_size)
		r = err_set(err, -EBADMSG, "entry %llu is missing: %llu entries are signed", U(v->next), U(v->s->signed_size));
	return r;
}

/* Bundles of entries that the journal still has, too. */
static void look_for_bundles(struct recovery *v)
{
	uint64_t from = v->n_found && v->found[0].first < v->s->signed_size ? v->found[0].first : v->s->signed_size;
	for (uint64_t i = from / TLOG_TILE_WIDTH; i < v->s->signed_size / TLOG_TILE_WIDTH; i++) {
		char path[TLOG_PATH_MAX];
		tlog_tile_path(-1, i, TLOG_TILE_WIDTH, path);
		if (faccessat(v->s->dir, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && i * TLOG_TILE_WIDTH < v->missing)
			v->missing = i * TLOG_TILE_WIDTH;
	}
}

/* Opens the tiles at the signed size or, where some are missing, at the last place before that. */
static int open_tiles(struct recovery *v, uint64_t *base, struct err *err)
{
	uint64_t gone = 0;
	int r;
	*base = v->s->signed_size;
	if (v->missing < *base)
		*base = v->missing / TLOG_TILE_WIDTH * TLOG_TILE_WIDTH;
	while ((r = tiles_new(v->s->dir, *base, &v->s->tiles, &gone)) == -ENOENT && gone / TLOG_TILE_WIDTH * TLOG_TILE_WIDTH < *base)
		*base = gone / TLOG_TILE_WIDTH * TLOG_TILE_WIDTH;
	if (r == -ENOENT)
		return err_set(err, -EBADMSG, "entry %llu cannot be had: its tile is missing", U(gone));
	if (r == -EBADMSG)
		return err_set(err, r, "entry %llu is damaged, or its tile is", U(gone));
	return r < 0 ? err_sys(err, r, "cannot read the tiles") : 0;
}

static int recover(struct recovery *v, struct err *err)
{
	struct store *s = v->s;
	uint64_t base = s->signed_size;
	struct merkle_hash root;
	int r = tiles_reader_new(s->dir, s->signed_size, &v->reader);
	r = r < 0 ? err_sys(err, r, "cannot read the tiles") : journal_find(s->dir, &v->found, &v->n_found, err);
	r = r < 0 ? r : walk_all(v, base, err);
	if (r < 0)
		return r;
	look_for_bundles(v);
	r = open_tiles(v, &base, err);
	if (r < 0)
		return r;
	/* Nothing is written before the root is known to be the signed one. */
	tiles_top(s->tiles, &root);
	if (base == s->signed_size) {
		r = compare_root(v, &root, err);
	} else {
		v->pass = ROOT;
		v->range = *tiles_range(s->tiles);
		r = walk_all(v, base, err);
	}
	v->pass = TAKE;
	r = r < 0 ? r : walk_all(v, base, err);
	if (r < 0 || base == s->signed_size)
		return r;
	(void)snprintf(s->note, sizeof(s->note), "tiles from entry %llu on were missing, and were made again from the journal", U(base));
	r = tiles_publish(s->tiles);
	return r < 0 ? err_sys(err, r, "cannot write tiles") : 0;
}

int store_recover(struct store *s, struct err *err)
{
	struct recovery v = {.s = s, .space = BUF(JOURNAL_RECORD), .missing = UINT64_MAX};
	int r = recover(&v, err);
	tiles_reader_free(v.reader);
	journal_found_free(v.found, v.n_found);
	buf_free(&v.space);
	if (r < 0)
		return r;
	r = tiles_tidy(s->tiles);
	return r < 0 ? err_sys(err, r, "cannot tidy up") : store_publish(s, err);
}
