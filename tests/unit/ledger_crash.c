/* The store loses power after each operation, in each of five ways, and goes on: nothing acknowledged is lost, nothing signed is taken back
 * or contradicted, and nothing that a crash can leave is refused. */
#include "ledger/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/sanitized.h"
#include "ledger/entries.h"
#include "ledger/verify.h"
#include "ledger_disk.h"
#include "sys/path.h"

static char top[64];
static const struct store_key no_key;

static int make_top(void **state)
{
	(void)state;
	/* Memory, if there is some: thousands of folders are made. */
	(void)snprintf(top, sizeof(top), "%s/postern-crash.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	return mkdtemp(top) ? 0 : -1;
}

static int remove_top(void **state)
{
	(void)state;
	return path_remove(AT_FDCWD, top);
}

static void in_top(char out[128], const char *name)
{
	(void)snprintf(out, 128, "%s/%s", top, name);
}

/* Entries are "[generation,index]". */
static size_t make_text(char out[64], unsigned generation, uint64_t index)
{
	return (size_t)snprintf(out, 64, "[%u,%llu]", generation, (unsigned long long)index);
}

static void make_record(
        uint64_t first, uint32_t count, unsigned generation, struct buf *entries, struct buf *hashes, struct journal_record *r)
{
	buf_reset(entries);
	buf_reset(hashes);
	for (uint32_t i = 0; i < count; i++) {
		char text[64];
		struct merkle_hash h;
		size_t n = make_text(text, generation, first + i);
		buf_be(entries, n, 2);
		buf_add(entries, slice_of(text, n));
		merkle_leaf(slice_of(text, n), &h);
		buf_add(hashes, slice_of(h.b, sizeof(h.b)));
	}
	*r = (struct journal_record){.first = first, .count = count, .hashes = buf_slice(hashes), .entries = buf_slice(entries)};
}

static void append(struct store *s, uint64_t first, uint32_t count, unsigned generation)
{
	_cleanup_buf_ struct buf entries = BUF(JOURNAL_BYTES), hashes = BUF((size_t)JOURNAL_ENTRIES * MERKLE_HASH);
	struct journal_record r;
	make_record(first, count, generation, &entries, &hashes, &r);
	struct iovec iov = {entries.p, entries.n};
	assert_int_equal(journal_append(s->journal, &r, &iov, 1), 0);
}

static void take(struct store *s)
{
	_cleanup_buf_ struct buf space = BUF(JOURNAL_RECORD);
	struct journal_record r;
	struct err err = {0};
	assert_int_equal(journal_follow(s->journal, &space, &r), 0);
	if (store_take(s, &r, &err) < 0)
		fail_msg("%s", err.text);
}

/* What was promised until an operation. */
struct promise {
	size_t at; /* operations that are done */
	uint64_t acknowledged;
	struct merkle_hash root; /* if signed */
	uint64_t signed_size;
	bool published; /* and on disk */
};
static struct promise promises[512];
static size_t n_promises;

static void promise(const struct tape *t, struct promise p)
{
	p.at = t->n;
	assert_true(n_promises < ARRAY_LEN(promises));
	promises[n_promises++] = p;
}

static void publish(struct store *s, const struct tape *t)
{
	struct err err = {0};
	struct promise p = {.signed_size = tiles_size(s->tiles)};
	tiles_top(s->tiles, &p.root);
	/* It may be signed as soon as this begins. */
	promise(t, p);
	if (store_publish(s, &err) < 0)
		fail_msg("%s", err.text);
	p.published = true;
	promise(t, p);
}

struct step {
	uint32_t count; /* 0: the end */
	bool take, publish, prepare;
};
static const struct step small[] = {
        {1, true, true, false},
        {3, true, false, false},
        {1, false, false, false},
        {250, true, true, false}, /* 1 and 3 and 1 and 250 are 255 */
        {1, true, true, false},   /* just full */
        {1, true, false, false},
        {600, true, true, false}, /* several bundles at once */
        {5, false, false, false},
        {7, true, true, false},
        {2, false, false, false},
        {9, false, false, false},
        {0, false, false, false},
};
/* With segments of a few records: they are turned, made ahead, given up and used again. */
static const struct step turning[] = {
        {1, true, false, false},
        {2, true, true, false},
        {3, true, false, true},
        {4, true, true, false},
        {5, false, false, true},
        {6, true, true, false},
        {300, true, true, true}, /* a record of several blocks */
        {8, false, false, false},
        {9, true, true, true},
        {10, true, true, false},
        {11, true, false, false},
        {12, true, true, true},
        {13, true, true, true},
        {14, true, true, false},
        {15, true, true, false},
        {16, false, false, true},
        {17, true, false, false},
        {18, true, true, false},
        {19, true, false, false},
        {20, true, false, false},
        {21, false, false, false},
        {22, false, false, false},
        {23, false, false, false},
        {24, true, false, false},
        {25, false, false, false},
        {0, false, false, false},
};

/* How often a segment was used again. */
static unsigned reused(const struct tape *t)
{
	unsigned n = 0;
	for (size_t i = 0; i < t->n; i++)
		for (size_t k = 0; k < i; k++)
			if (t->op[i].e.op == FILE_RENAME && t->op[k].e.op == FILE_RENAME && strcmp(t->op[i].e.path, t->op[k].e.to) == 0 &&
			        strncmp(t->op[i].e.path, "journal/spare", 13) == 0)
				n++;
	return n;
}

static void record(const struct step *workload, const char *folder, const char *start, struct tape *t)
{
	static struct disk d;
	struct store s;
	struct err err = {0};
	_cleanup_fd_ int dir = -1;
	uint64_t next = 0;
	unsigned behind = 0;
	if (store_init(folder, "example.com/crash", &no_key, &err) < 0)
		fail_msg("%s", err.text);
	disk_load(&d, folder, ".");
	disk_put(&d, start, CRASH_KILLED, 0);
	disk_free(&d);
	n_promises = 0;
	dir = open(folder, O_RDONLY | O_DIRECTORY);
	struct file_watch w = {.before = tape_before, .after = tape_after, .arg = t};
	file_watch_set(&w);
	if (store_open(dir, &no_key, &s, &err) < 0)
		fail_msg("%s", err.text);
	for (const struct step *step = workload; step->count; step++) {
		append(&s, next, step->count, 0);
		next += step->count;
		promise(t, (struct promise){.acknowledged = next});
		for (behind++; step->take && behind; behind--)
			take(&s);
		if (step->publish)
			publish(&s, t);
		if (step->prepare)
			assert_int_equal(journal_prepare(s.journal), 0);
	}
	for (; behind; behind--)
		take(&s);
	publish(&s, t);
	assert_int_equal(store_end(&s, &err), 0);
	store_close(&s);
	file_watch_set(NULL);
}

/* What went wrong, or NULL. */
static const char *wrong(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static const char *wrong(const char *fmt, ...)
{
	static char text[800];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return text;
}

static const char *check_entries(int dir, uint64_t size)
{
	struct entries *e;
	struct err err = {0};
	const char *bad = NULL;
	assert_int_equal(entries_new(dir, size, &e), 0);
	for (uint64_t i = 0; i < size && !bad; i++) {
		struct slice s;
		char want[64];
		size_t n = make_text(want, 0, i);
		if (entries_get(e, i, &s, &err) < 0)
			bad = wrong("%s", err.text);
		else if (!slice_eq(s, slice_of(want, n)))
			bad = wrong("entry %llu is %.*s", (unsigned long long)i, SLICE_FMT(slice_sub(s, 0, 60)));
	}
	entries_free(e);
	return bad;
}

static const char *check_verify(int dir, const struct ledger_config *c, uint64_t least)
{
	struct note_vkey key = ledger_vkey(c);
	struct verify_options o = {.key = &key, .threads = 1};
	struct verify_result v;
	struct err err = {0};
	if (ledger_verify(dir, &o, &v, &err) < 0)
		return wrong("%s", err.text);
	if (v.fault != VERIFY_GOOD)
		return wrong("%s: %s", verify_word(v.fault), v.text);
	return v.size < least ? wrong("%llu entries are signed, %llu were", (unsigned long long)v.size, (unsigned long long)least) : NULL;
}

/* Others in the places of those that were lost; nothing that was signed may get another root. */
static const char *go_on(struct store *s, size_t at)
{
	struct err err = {0};
	uint64_t size = tiles_size(s->tiles);
	for (uint64_t next = size; next < size + 4; next++) {
		struct merkle_hash root;
		append(s, next, 1, 1);
		take(s);
		tiles_top(s->tiles, &root);
		if (store_publish(s, &err) < 0)
			return wrong("%s", err.text);
		for (size_t i = 0; i < n_promises && promises[i].at <= at; i++)
			if (promises[i].signed_size == next + 1 && memcmp(&promises[i].root, &root, sizeof(root)) != 0)
				return wrong("%llu entries were signed with another root", (unsigned long long)next + 1);
	}
	return NULL;
}

/* Opens what a crash left, checks it against the promises, and goes on with other entries. */
static const char *survive(const char *folder, size_t at)
{
	struct store s = {0};
	struct ledger_config c;
	struct err err = {0};
	uint64_t acknowledged = 0, published = 0, size = 0;
	const char *bad = NULL;
	_cleanup_fd_ int dir = -1;
	for (size_t i = 0; i < n_promises && promises[i].at <= at; i++) {
		acknowledged = promises[i].acknowledged > acknowledged ? promises[i].acknowledged : acknowledged;
		if (promises[i].published)
			published = promises[i].signed_size;
	}
	if (ledger_open(folder, &dir, &c, &err) < 0)
		return wrong("%s", err.text);
	/* Before anything is made good, readers see a log that is good. */
	bad = check_verify(dir, &c, published);
	if (!bad && store_open(dir, &no_key, &s, &err) < 0)
		bad = wrong("%s", err.text);
	if (!bad) {
		size = tiles_size(s.tiles);
		if (size < acknowledged)
			bad = wrong("%llu entries were acknowledged, %llu are there", (unsigned long long)acknowledged,
			        (unsigned long long)size);
	}
	bad = bad ? bad : check_verify(dir, &c, size);
	bad = bad ? bad : check_entries(dir, size);
	bad = bad ? bad : go_on(&s, at);
	if (!bad && store_end(&s, &err) < 0)
		bad = wrong("%s", err.text);
	store_close(&s);
	return bad ? bad : check_verify(dir, &c, size + 4);
}

/* What a crash leaves is the same with the sanitizers, which look at how it is read: there a few of all crashes will do. */
#ifdef SANITIZED
#define EVERY 5
#else
#define EVERY 1
#endif

/* All crashes of a recorded run. Returns how many went wrong; *why is the last reason. */
static unsigned crash_everywhere(
        const struct tape *t, const char *start, uint32_t rounds, bool syncs_lie, unsigned *points, const char **why)
{
	static const char *const words[] = {"killed", "nothing", "names", "bytes", "any"};
	static struct disk now;
	static char text[900];
	unsigned bad = 0;
	char crashed[128];
	in_top(crashed, "crashed");
	*points = 0;
	disk_load(&now, start, ".");
	for (size_t at = 0; at <= t->n; at++) {
		for (enum crash how = 0; how < CRASHES && at % EVERY == 0; how++) {
			for (uint32_t round = 0; round < (how == CRASH_ANY ? rounds : 1); round++) {
				disk_put(&now, crashed, how, (uint32_t)at * 977 + round);
				const char *reason = survive(crashed, at);
				if (reason) {
					(void)snprintf(text, sizeof(text), "after %zu operations, %s: %s", at, words[how], reason);
					*why = text;
					bad++;
				}
				assert_int_equal(path_remove(AT_FDCWD, crashed), 0);
				++*points;
			}
		}
		bool sync = at < t->n && (t->op[at].e.op == FILE_SYNC || t->op[at].e.op == FILE_SYNC_DATA);
		if (at < t->n && !(sync && syncs_lie))
			disk_apply(&now, &t->op[at]);
	}
	disk_free(&now);
	return bad;
}

static void run(const struct step *workload, uint32_t rounds, unsigned least, unsigned again)
{
	struct tape t = {0};
	char folder[128], start[128];
	unsigned points, lies;
	const char *why = NULL;
	in_top(folder, "recorded");
	in_top(start, "start");
	record(workload, folder, start, &t);
	assert_true(reused(&t) >= again);
	unsigned bad = crash_everywhere(&t, start, rounds, false, &points, &why);
	if (bad)
		fail_msg("%u of %u: %s", bad, points, why);
	print_message("%u crashes after %zu operations\n", points, t.n);
	/* For ./check, which adds them up. */
	print_message("crash points: %u\n", points);
	assert_true(points >= least / EVERY);
	/* And the other way: a disk that says it has synced and has not is found out. */
	lies = crash_everywhere(&t, start, 1, true, &points, &why);
	assert_true(lies > points / 20);
	tape_free(&t);
	assert_int_equal(path_remove(AT_FDCWD, folder), 0);
	assert_int_equal(path_remove(AT_FDCWD, start), 0);
}

static void nothing_is_lost(void **state)
{
	(void)state;
	journal_sizes((uint64_t)64 << 10, (uint64_t)64 << 10);
	run(small, 7, 2000, 0);
}

static void nothing_is_lost_where_segments_turn(void **state)
{
	(void)state;
	journal_sizes((uint64_t)16 << 10, (uint64_t)16 << 10);
	run(turning, 3, 1500, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(nothing_is_lost),
	        cmocka_unit_test(nothing_is_lost_where_segments_turn),
	};
	return cmocka_run_group_tests(tests, make_top, remove_top);
}
