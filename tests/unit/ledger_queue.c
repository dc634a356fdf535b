/* Batches, their acknowledgements, and what happens when the disk says no: to every operation in turn, once for each way to say it. */
#include "ledger/queue.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "ledger/entries.h"
#include "ledger/file.h"
#include "ledger/verify.h"
#include "sys/path.h"

static char top[64];
static const struct store_key no_key;

static int make_top(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof(top), "%s/postern-queue.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	return mkdtemp(top) ? 0 : -1;
}

static int remove_top(void **state)
{
	(void)state;
	return path_remove(AT_FDCWD, top);
}

/* The operation that fails. */
static atomic_uint seen;
static unsigned fails_at;
static int fails_with;
static atomic_int failed_fd; /* a sync of which has failed */
static atomic_uint again;    /* times that it was synced after that */

static int before(void *arg, const struct file_event *e)
{
	unsigned n = atomic_fetch_add(&seen, 1);
	(void)arg;
	bool sync = e->op == FILE_SYNC || e->op == FILE_SYNC_DATA;
	if (sync && e->fd >= 0 && e->fd == atomic_load(&failed_fd))
		atomic_fetch_add(&again, 1);
	if (e->op == FILE_CLOSE && e->fd == atomic_load(&failed_fd))
		atomic_store(&failed_fd, -1);
	if (n != fails_at || e->op == FILE_CLOSE)
		return 0;
	if (sync)
		atomic_store(&failed_fd, e->fd);
	return fails_with;
}

static const struct file_watch watch = {.before = before};

struct got {
	uint64_t told; /* entries that were acknowledged */
	int error;
	unsigned calls;
};

static void on_done(void *arg, const struct queue_ack *acks, size_t n, int error)
{
	struct got *g = arg;
	for (size_t i = 0; i < n; i++) {
		g->calls++;
		if (error)
			g->error = error;
		else if (acks[i].value > g->told)
			g->told = acks[i].value;
	}
}

static size_t make_text(char out[80], uint64_t i)
{
	int n = snprintf(out + 2, 78, "[%llu]", (unsigned long long)i);
	out[0] = 0;
	out[1] = (char)n;
	return (size_t)n + 2;
}

static void wait_for(struct queue *q)
{
	struct pollfd p = {.fd = queue_fd(q), .events = POLLIN};
	(void)poll(&p, 1, 20);
	queue_kick(q);
}

/* Appends in some rounds; returns what the queue said at its end. */
static int work(const char *folder, unsigned rounds, unsigned each, struct got *g, struct err *err)
{
	struct store s = {0};
	struct queue *q = NULL;
	struct ledger_config c;
	_cleanup_fd_ int dir = -1;
	assert_int_equal(ledger_open(folder, &dir, &c, err), 0);
	file_watch_set(&watch);
	int r = store_open(dir, &no_key, &s, err);
	r = r < 0 ? r : queue_new(&s, on_done, g, &q, err);
	uint64_t next = r < 0 ? 0 : tiles_size(s.tiles);
	for (unsigned k = 0; k < rounds && r == 0; k++) {
		for (unsigned i = 0; i < each && r == 0; i++) {
			char text[80];
			int64_t at = queue_add(q, slice_of(text, make_text(text, next)));
			r = at < 0 ? (int)at : 0;
			if (r == 0)
				assert_int_equal(at, next++);
		}
		struct queue_ack ack = {.id = k, .value = next};
		r = r < 0 ? r : queue_tell(q, &ack);
		queue_kick(q);
		if (k % 3 == 2)
			queue_sign(q);
		for (int tries = 0; r == 0 && g->told < next && tries < 500; tries++) {
			wait_for(q);
			r = queue_error(q, err);
		}
	}
	if (q) {
		int e = queue_end(q, err);
		r = r < 0 ? r : e;
		assert_true(g->error == 0 || r < 0);
	}
	queue_free(q);
	store_close(&s);
	file_watch_set(NULL);
	return r;
}

static void check(const char *folder, uint64_t least)
{
	struct store s = {0};
	struct ledger_config c;
	struct err err = {0};
	struct entries *e = NULL;
	_cleanup_fd_ int dir = -1;
	assert_int_equal(ledger_open(folder, &dir, &c, &err), 0);
	if (store_open(dir, &no_key, &s, &err) < 0)
		fail_msg("operation %u, %s: %s", fails_at, strerror(-fails_with), err.text);
	uint64_t size = tiles_size(s.tiles);
	if (size < least)
		fail_msg("operation %u, %s: %llu acknowledged, %llu there", fails_at, strerror(-fails_with), (unsigned long long)least,
		        (unsigned long long)size);
	assert_int_equal(store_end(&s, &err), 0);
	store_close(&s);
	struct note_vkey key = ledger_vkey(&c);
	struct verify_options o = {.key = &key, .threads = 1};
	struct verify_result v;
	assert_int_equal(ledger_verify(dir, &o, &v, &err), 0);
	if (v.fault != VERIFY_GOOD)
		fail_msg("operation %u: %s", fails_at, v.text);
	assert_int_equal(v.size, size);
	assert_int_equal(entries_new(dir, size, &e), 0);
	for (uint64_t i = 0; i < size; i++) {
		char text[80];
		struct slice have;
		size_t n = make_text(text, i);
		assert_int_equal(entries_get(e, i, &have, &err), 0);
		assert_true(slice_eq(have, slice_of(text + 2, n - 2)));
	}
	entries_free(e);
}

static void folder_of(char out[128])
{
	struct err err = {0};
	(void)snprintf(out, 128, "%s/l", top);
	(void)path_remove(AT_FDCWD, out);
	if (store_init(out, "example.com/queue", &no_key, &err) < 0)
		fail_msg("%s", err.text);
}

static void everything_is_told(void **state)
{
	char folder[128];
	struct got g = {0};
	struct err err = {0};
	(void)state;
	folder_of(folder);
	fails_at = UINT32_MAX;
	assert_int_equal(work(folder, 50, 100, &g, &err), 0);
	assert_int_equal(g.told, 5000);
	assert_int_equal(g.calls, 50);
	check(folder, 5000);
	/* Nothing is left in the journal. */
	char path[160];
	(void)snprintf(path, sizeof(path), "%s/journal", folder);
	DIR *d = opendir(path);
	unsigned n = 0;
	while (d && readdir(d))
		n++;
	(void)closedir(d);
	assert_int_equal(n, 2);
}

/* More than a batch holds, and more entries than a record. */
static void a_flood_goes_through(void **state)
{
	char folder[128];
	struct got g = {0};
	struct err err = {0};
	(void)state;
	folder_of(folder);
	fails_at = UINT32_MAX;
	assert_int_equal(work(folder, 3, 70000, &g, &err), 0);
	assert_int_equal(g.told, 210000);
	check(folder, 210000);
}

static void a_failing_disk_loses_nothing(void **state)
{
	static const int codes[] = {-EIO, -ENOSPC, -EROFS};
	struct err err = {0};
	struct got g = {0};
	char folder[128];
	(void)state;
	/* How many operations there are. */
	folder_of(folder);
	fails_at = UINT32_MAX;
	atomic_store(&seen, 0);
	assert_int_equal(work(folder, 8, 90, &g, &err), 0);
	unsigned n = atomic_load(&seen), told = 0;
	for (fails_at = 0; fails_at < n + 4; fails_at++) {
		fails_with = codes[fails_at % ARRAY_LEN(codes)];
		folder_of(folder);
		atomic_store(&seen, 0);
		atomic_store(&failed_fd, -1);
		atomic_store(&again, 0);
		g = (struct got){0};
		memset(&err, 0, sizeof(err));
		int r = work(folder, 8, 90, &g, &err);
		/* Closing cannot fail; all else must be told in words that say what it is. */
		if (r < 0) {
			told++;
			assert_int_equal(r, fails_with);
			if (!strstr(err.text, strerror(-fails_with)))
				fail_msg("operation %u: \"%s\" does not say \"%s\"", fails_at, err.text, strerror(-fails_with));
		} else {
			assert_int_equal(g.told, 720);
		}
		if (atomic_load(&again))
			fail_msg("operation %u: a sync that has failed was tried again", fails_at);
		check(folder, g.told);
	}
	print_message("%u operations, %u failures told\n", n, told);
	print_message("crash points: %u\n", n);
	assert_true(told > n / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(everything_is_told),
	        cmocka_unit_test(a_flood_goes_through),
	        cmocka_unit_test(a_failing_disk_loses_nothing),
	};
	return cmocka_run_group_tests(tests, make_top, remove_top);
}
