#include "ledger/verify.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ledger/verify_part.h"
#include "sys/path.h"

#define WINDOW  1024 /* bundles whose roots are kept until they are folded */
#define THREADS 64

static const char *const words[VERIFY_FAULTS] = {
        "good", "edited", "missing", "inserted", "reordered", "tile", "tree", "checkpoint", "key", "rollback", "fork", "quorum"};

const char *verify_word(enum verify_fault f)
{
	return words[f];
}

void verify_say(struct verify_result *v, enum verify_fault fault, uint64_t index, uint64_t last, const char *fmt, ...)
{
	va_list ap;
	if (v->fault != VERIFY_GOOD)
		return; /* the first is the one that is told */
	va_start(ap, fmt);
	(void)vsnprintf(v->text, sizeof(v->text), fmt, ap);
	va_end(ap);
	v->fault = fault;
	v->index = index;
	v->last = last;
}

/* Like tiles_file(), but hands out what is there, whatever it is: 0, or negative errno if neither file is there. */
static int read_any(int dir, int level, uint64_t index, unsigned width, struct buf *out, bool *partial)
{
	char path[TLOG_PATH_MAX];
	tlog_tile_path(level, index, width, path);
	buf_reset(out);
	int r = path_read(dir, path, out);
	*partial = width < TLOG_TILE_WIDTH && r != -ENOENT;
	if (r != -ENOENT || width == TLOG_TILE_WIDTH)
		return r;
	tlog_tile_path(level, index, TLOG_TILE_WIDTH, path);
	buf_reset(out);
	return path_read(dir, path, out);
}

int verify_read(int dir, uint64_t bundle, uint64_t size, struct buf *space, struct verify_leaves *out)
{
	unsigned width = tlog_tile_width(-1, bundle, size);
	bool partial;
	struct slice rest, entry;
	int more = 1;
	out->n_have = out->n_want = 0;
	out->whole = true;
	out->no_tile = out->no_file = false;
	out->bytes = 0;
	int r = read_any(dir, 0, bundle, width, space, &partial);
	size_t full = (partial ? width : TLOG_TILE_WIDTH) * (size_t)MERKLE_HASH;
	if (r < 0 && r != -ENOENT && r != -EFBIG && r != -EINVAL)
		return r;
	out->no_tile = r < 0 || space->n != full;
	if (!out->no_tile) {
		memcpy(out->want, space->p, (size_t)width * MERKLE_HASH);
		out->n_want = width;
	}
	r = read_any(dir, -1, bundle, width, space, &partial);
	if (r < 0 && r != -ENOENT && r != -EFBIG && r != -EINVAL)
		return r;
	out->no_file = r < 0;
	if (r < 0)
		return 0;
	/* Of a full bundle that stands in for a partial one only the front belongs to the tree. */
	unsigned most = partial || width == TLOG_TILE_WIDTH ? width + 1 : width;
	for (rest = buf_slice(space); out->n_have < most && (more = tlog_bundle_next(&rest, &entry)) == 1; out->n_have++)
		merkle_leaf(entry, &out->have[out->n_have]);
	out->whole = more >= 0;
	out->bytes = space->n - rest.n - 2 * (uint64_t)out->n_have;
	return 0;
}

/* One after the other in a window. */
struct outcome {
	struct merkle_hash root; /* of the entries */
	uint64_t bytes;
	bool entries_bad, tile_bad;
	int error;
};

struct verify {
	int dir;
	const struct verify_options *o;
	struct verify_result *v;
	uint64_t bundles; /* full ones */
	/* The window. */
	uint64_t from;
	unsigned n;
	atomic_uint next;
	struct outcome outcome[WINDOW];
	/* Above level 0. */
	struct merkle_range range; /* its leaves are full bundles */
	struct merkle_hash tile[TILES_LEVELS][TLOG_TILE_WIDTH];
	bool entries_bad;
	uint64_t bad_bundle;
	int error;
};

static void hash_up(struct merkle_hash *h, unsigned n)
{
	for (; n > 1; n /= 2)
		for (unsigned i = 0; i < n / 2; i++)
			merkle_node(&h[2 * (size_t)i], &h[2 * (size_t)i + 1], &h[i]);
}

static void look(struct verify *s, uint64_t bundle, struct buf *space, struct verify_leaves *l, struct outcome *out)
{
	*out = (struct outcome){.error = verify_read(s->dir, bundle, s->v->size, space, l)};
	if (out->error < 0)
		return;
	out->bytes = l->bytes;
	out->entries_bad = l->no_file || !l->whole || l->n_have != TLOG_TILE_WIDTH;
	out->tile_bad = l->no_tile || out->entries_bad || memcmp(l->have, l->want, TLOG_TILE_WIDTH * sizeof(l->have[0])) != 0;
	if (!out->entries_bad) {
		hash_up(l->have, TLOG_TILE_WIDTH);
		out->root = l->have[0];
	}
}

static void *work(void *arg)
{
	struct verify *s = arg;
	_cleanup_buf_ struct buf space = BUF(TILES_BUNDLE + 1);
	_cleanup_free_ struct verify_leaves *l = malloc(sizeof(*l));
	for (unsigned i; (i = atomic_fetch_add(&s->next, 1)) < s->n;) {
		if (l)
			look(s, s->from + i, &space, l, &s->outcome[i]);
		else
			s->outcome[i].error = -ENOMEM;
	}
	return NULL;
}

static void tile_path(int level, uint64_t index, uint64_t size, char out[TLOG_PATH_MAX])
{
	tlog_tile_path(level, index, tlog_tile_width(level, index, size), out);
}

/* Compares a file of the tree above level 0 with what was computed. */
static void compare_tile(struct verify *s, int level, uint64_t index, unsigned width)
{
	char path[TLOG_PATH_MAX];
	bool partial;
	_cleanup_buf_ struct buf b = BUF((size_t)TLOG_TILE_WIDTH * MERKLE_HASH);
	int r = read_any(s->dir, level, index, width, &b, &partial);
	tile_path(level, index, s->v->size, path);
	if (r < 0 && r != -ENOENT && r != -EFBIG && r != -EINVAL)
		s->error = s->error ? s->error : r;
	else if (r == -ENOENT)
		verify_say(s->v, VERIFY_TILE, UINT64_MAX, UINT64_MAX, "the file %s is missing; all entries are good", path);
	else if (r < 0 || b.n != (partial ? width : TLOG_TILE_WIDTH) * (size_t)MERKLE_HASH ||
	         memcmp(b.p, s->tile[level], (size_t)width * MERKLE_HASH) != 0)
		verify_say(
		        s->v, VERIFY_TILE, UINT64_MAX, UINT64_MAX, "the file %s is not what the entries make; all entries are good", path);
}

/* A merkle_done of s->range: levels count from that of full bundles, which is level 1 of the tiles. */
static void node_done(void *arg, unsigned level, uint64_t index, const struct merkle_hash *hash)
{
	struct verify *s = arg;
	unsigned l = level / TLOG_TILE_HEIGHT + 1;
	if (level % TLOG_TILE_HEIGHT || l >= TILES_LEVELS)
		return;
	s->tile[l][index % TLOG_TILE_WIDTH] = *hash;
	if (index % TLOG_TILE_WIDTH == TLOG_TILE_WIDTH - 1 && !s->entries_bad)
		compare_tile(s, (int)l, index / TLOG_TILE_WIDTH, TLOG_TILE_WIDTH);
}

static void fold(struct verify *s)
{
	for (unsigned i = 0; i < s->n && s->error == 0 && !s->entries_bad; i++) {
		const struct outcome *o = &s->outcome[i];
		char path[TLOG_PATH_MAX];
		tile_path(0, s->from + i, s->v->size, path);
		s->error = o->error;
		s->entries_bad = o->entries_bad;
		if (o->tile_bad)
			verify_say(s->v, VERIFY_TILE, UINT64_MAX, UINT64_MAX,
			        "the file %s is missing or is not what the entries make; all entries are good", path);
		s->v->bytes += o->bytes;
		merkle_append(&s->range, &o->root, node_done, s);
	}
}

static void run_window(struct verify *s)
{
	pthread_t t[THREADS];
	unsigned want = s->o->threads ? s->o->threads : 2, n = 0;
	want = want > THREADS ? THREADS : want;
	atomic_store(&s->next, 0);
	/* This thread is one of them. */
	while (n + 1 < want && s->n > 8 && pthread_create(&t[n], NULL, work, s) == 0)
		n++;
	(void)work(s);
	while (n)
		(void)pthread_join(t[--n], NULL);
	fold(s);
}

/* The entries after the last full bundle, and the root. */
static void finish(struct verify *s, struct merkle_hash *root)
{
	struct merkle_range all = {.size = s->v->size};
	unsigned peaks = (unsigned)__builtin_popcountll(s->range.size), width = (unsigned)(s->v->size % TLOG_TILE_WIDTH);
	memcpy(all.peak, s->range.peak, peaks * sizeof(all.peak[0]));
	all.size = s->range.size << TLOG_TILE_HEIGHT;
	if (width) {
		_cleanup_buf_ struct buf space = BUF(TILES_BUNDLE + 1);
		_cleanup_free_ struct verify_leaves *l = malloc(sizeof(*l));
		char path[TLOG_PATH_MAX];
		int r = l ? verify_read(s->dir, s->bundles, s->v->size, &space, l) : -ENOMEM;
		if (r < 0) {
			s->error = r;
			return;
		}
		tile_path(0, s->bundles, s->v->size, path);
		s->v->bytes += l->bytes;
		if (l->no_file || !l->whole || l->n_have != width) {
			s->entries_bad = true;
			return;
		}
		if (l->no_tile || memcmp(l->have, l->want, width * sizeof(l->have[0])) != 0)
			verify_say(s->v, VERIFY_TILE, UINT64_MAX, UINT64_MAX,
			        "the file %s is missing or is not what the entries make; all entries are good", path);
		for (unsigned i = 0; i < width; i++)
			merkle_append(&all, &l->have[i], NULL, NULL);
	}
	for (int level = 1; level < TILES_LEVELS; level++) {
		uint64_t n = s->v->size >> (TLOG_TILE_HEIGHT * level);
		if (n % TLOG_TILE_WIDTH)
			compare_tile(s, level, n / TLOG_TILE_WIDTH, (unsigned)(n % TLOG_TILE_WIDTH));
	}
	merkle_root(&all, root);
}

/* A partial file that an earlier checkpoint left must be the front of what is there now. */
static void compare_partial(struct verify *s, const char *path)
{
	int level;
	uint64_t index;
	unsigned width;
	bool partial;
	_cleanup_buf_ struct buf a = BUF(TILES_BUNDLE + 1), b = BUF(TILES_BUNDLE + 1);
	if (tlog_tile_parse(slice_str(path), &level, &index, &width) < 0 || level >= TILES_LEVELS)
		return;
	unsigned now = tlog_tile_width(level, index, s->v->size);
	/* Beyond the checkpoint: a writer is at work, or was when it ended. */
	if (width > now)
		return;
	int r = path_read(s->dir, path, &a);
	bool other = r == -EFBIG || r == -EINVAL;
	r = r == 0 ? read_any(s->dir, level, index, now, &b, &partial) : r;
	/* A writer has tidied it away. */
	if (r == -ENOENT)
		return;
	if (r < 0 && !other) {
		s->error = r;
		return;
	}
	struct slice front = slice_sub(buf_slice(&b), 0, (size_t)width * MERKLE_HASH);
	if (other || (level < 0 && tiles_bundle_cut(buf_slice(&b), width, false, &front) < 0) || !slice_eq(front, buf_slice(&a)))
		verify_say(s->v, VERIFY_TILE, UINT64_MAX, UINT64_MAX,
		        "the file %s, of an earlier checkpoint, is not what the entries make; all "
		        "entries are good",
		        path);
}

static void look_at_partials(struct verify *s, int parent, const char *path, unsigned depth)
{
	int fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	size_t n = strlen(path);
	int more = 0;
	if (!d) {
		/* One that a writer has tidied away, or no folder. */
		s->error = errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? s->error : -errno;
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	bool partial = n > 2 && strcmp(path + n - 2, ".p") == 0;
	for (struct dirent *e; s->v->fault == VERIFY_GOOD && s->error == 0 && (more = path_next(d, &e)) == 1;) {
		char below[TLOG_PATH_MAX];
		if (e->d_name[0] == '.' || (size_t)snprintf(below, sizeof(below), "%s/%s", path, e->d_name) >= sizeof(below))
			continue;
		if (partial)
			compare_partial(s, below);
		else if (depth && e->d_type != DT_REG)
			look_at_partials(s, parent, below, depth - 1);
	}
	s->error = more < 0 ? more : s->error;
	(void)closedir(d);
}

/* The checkpoint that somebody kept, against a log that is good. */
static int compare_other(struct verify *s, const struct ledger_checkpoint *other, struct err *err)
{
	struct tiles_reader *reader;
	struct merkle_hash root;
	if (other->size > s->v->size) {
		verify_say(s->v, VERIFY_ROLLBACK, s->v->size, other->size - 1,
		        "the log was longer: the checkpoint that was given has %llu entries, this log %llu; entries from %llu on were "
		        "taken back",
		        U(other->size), U(s->v->size), U(s->v->size));
		return 0;
	}
	int r = tiles_reader_new(s->dir, s->v->size, &reader);
	if (r == 0) {
		r = tiles_root(reader, other->size, &root);
		tiles_reader_free(reader);
	}
	if (r < 0)
		return err_sys(err, r, "cannot read the tiles");
	if (memcmp(&root, &other->root, sizeof(root)) != 0)
		verify_say(s->v, VERIFY_FORK, UINT64_MAX, UINT64_MAX,
		        "two histories were signed: at %llu entries this log has another root than the checkpoint that was given",
		        U(other->size));
	return 0;
}

static int compute(struct verify *s, const struct ledger_checkpoint *other, struct err *err)
{
	struct merkle_hash root = {0};
	for (s->from = 0; s->from < s->bundles && s->error == 0 && !s->entries_bad; s->from += s->n) {
		s->n = s->bundles - s->from < WINDOW ? (unsigned)(s->bundles - s->from) : WINDOW;
		run_window(s);
		if (s->o->progress)
			s->o->progress(s->o->arg, (s->from + s->n) * TLOG_TILE_WIDTH, s->v->size);
	}
	if (s->error == 0 && !s->entries_bad)
		finish(s, &root);
	if (s->error < 0)
		return err_sys(err, s->error, "cannot read the log");
	if (s->entries_bad || memcmp(&root, &s->v->root, sizeof(root)) != 0) {
		s->v->fault = VERIFY_GOOD; /* what was said of tiles supposed that the entries are good */
		return verify_locate(s->dir, s->v, err);
	}
	look_at_partials(s, s->dir, "tile", 8);
	if (s->error < 0)
		return err_sys(err, s->error, "cannot read the log");
	return other ? compare_other(s, other, err) : 0;
}

int ledger_verify(int dir, const struct verify_options *o, struct verify_result *out, struct err *err)
{
	struct verify_result v = {.index = UINT64_MAX, .last = UINT64_MAX};
	struct ledger_checkpoint own = {0}, other = {0};
	struct err why = {0};
	int r = o->other.p ? ledger_checkpoint_parse(o->other, "the checkpoint that was given", o->key, &other, err) : 0;
	if (r < 0)
		return r;
	v.other_size = other.size;
	r = ledger_checkpoint_read(dir, "checkpoint", o->key, &own, &why);
	if (r == -ENOKEY)
		verify_say(&v, VERIFY_KEY, UINT64_MAX, UINT64_MAX, "%s", why.text);
	else if (r == -EBADMSG || r == -EKEYREJECTED || r == -ENOENT || r == -EINVAL)
		verify_say(&v, VERIFY_CHECKPOINT, UINT64_MAX, UINT64_MAX, "%s", why.text);
	if (v.fault != VERIFY_GOOD || r < 0) {
		buf_free(&other.note);
		if (v.fault == VERIFY_GOOD)
			return err_set(err, r, "%s", why.text);
		*out = v;
		return 0;
	}
	v.size = own.size;
	v.root = own.root;
	struct verify *s = calloc(1, sizeof(*s));
	if (s) {
		s->dir = dir;
		s->o = o;
		s->v = &v;
		s->bundles = own.size / TLOG_TILE_WIDTH;
		r = compute(s, o->other.p ? &other : NULL, err);
	} else {
		r = err_sys(err, -ENOMEM, "cannot verify");
	}
	if (r == 0 && v.fault == VERIFY_GOOD)
		(void)snprintf(v.text, sizeof(v.text), "%llu entries lead to the signed root", U(v.size));
	free(s);
	buf_free(&own.note);
	buf_free(&other.note);
	if (r == 0)
		*out = v;
	return r;
}
