#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ledger/checkpoint.h"
#include "ledger/entries.h"
#include "ledger/erase.h"
#include "ledger/file.h"
#include "ledger/store.h"
#include "sys/path.h"

static char root[64];
static struct ledger_client_options how = {.start = true};

static uint64_t append(const char *text)
{
	struct ledger_client *c = NULL;
	struct slice entry = slice_str(text);
	struct err err = {0};
	uint64_t first = 0;
	int r = ledger_client_open(root, &how, &c, &err);
	r = r < 0 ? r : ledger_client_append(c, &entry, 1, &first, &err);
	if (r < 0)
		fail_msg("%s", err.text);
	ledger_client_free(c);
	return first;
}

static struct blob_ref put(int dir, const char *text)
{
	struct blob_writer *w = NULL;
	struct blob_ref ref = {0};
	assert_int_equal(blob_writer_new(dir, &w, NULL), 0);
	assert_int_equal(blob_writer_add(w, slice_str(text), NULL), 0);
	assert_int_equal(blob_writer_end(w, &ref, NULL), 0);
	blob_writer_free(w);
	return ref;
}

/* How many entries say that this body was erased? */
static int said(const char *id)
{
	struct ledger_client *c = NULL;
	struct ledger_config config;
	struct ledger_checkpoint at;
	struct entries *all = NULL;
	_cleanup_buf_ struct buf note = BUF(NOTE_MAX);
	char uid[100];
	int dir, n = 0;
	assert_int_equal(ledger_open(root, &dir, &config, NULL), 0);
	struct note_vkey key = ledger_vkey(&config);
	assert_int_equal(ledger_client_open(root, &how, &c, NULL), 0);
	assert_int_equal(ledger_client_checkpoint(c, &note, NULL), 0);
	ledger_client_free(c);
	assert_int_equal(ledger_checkpoint_parse(buf_slice(&note), "it", &key, &at, NULL), 0);
	buf_free(&at.note);
	assert_int_equal(entries_new(dir, at.size, &all), 0);
	(void)snprintf(uid, sizeof(uid), "\"type_id\":1,\"uid\":\"%s\"", id);
	for (uint64_t i = 0; i < at.size; i++) {
		struct slice json;
		assert_int_equal(entries_get(all, i, &json, NULL), 0);
		n += slice_find(json, slice_str(uid), 0) != SLICE_NPOS &&
		     slice_find(json, SLICE("\"reason\":\"a \\\"test\\\"\""), 0) != SLICE_NPOS;
	}
	entries_free(all);
	(void)close(dir);
	return n;
}

/* The process ends at its nth change of the folder: before it, or right after. */
static size_t stop_at, asked;
static bool stop_after;
static int before(void *arg, const struct file_event *e)
{
	(void)arg;
	(void)e;
	if (!stop_after && asked++ == stop_at)
		_exit(9);
	return 0;
}
static void after(void *arg, const struct file_event *e)
{
	(void)arg;
	(void)e;
	if (stop_after && asked++ == stop_at)
		_exit(9);
}

static int erase(const uint64_t *entry, size_t n, struct erase_result *out, struct err *err)
{
	struct erase_order order = {
	        .entry = entry, .n = n, .reason = SLICE("a \"test\""), .host = SLICE("h"), .person = SLICE("p"), .time = 1764000000000};
	return erase_run(root, &order, &how, out, err);
}

static void killed_between_the_steps(void **state)
{
	struct file_watch watch = {.before = before, .after = after};
	struct erase_result result;
	struct err err = {0};
	struct ledger_config config;
	int dir, rounds = 0, resumed = 0, lost = 0;
	(void)state;
	(void)snprintf(root, sizeof(root), "%s", "/tmp/postern-erase.XXXXXX");
	assert_non_null(mkdtemp(root));
	how.program = getenv("POSTERN") ? getenv("POSTERN") : "build/release/postern";
	assert_int_equal(store_init(root, "example.com/erase", &(struct store_key){0}, &err), 0);
	assert_int_equal(ledger_open(root, &dir, &config, NULL), 0);
	for (bool ended = false; !ended || !stop_after; rounds++) {
		char text[1000];
		struct blob_ref a = put(dir, "one"), b = put(dir, "two"), kept = put(dir, "three");
		if (ended) {
			stop_after = true;
			stop_at = 0;
		}
		(void)snprintf(text, sizeof(text), "{\"unmapped\":{\"blobs\":[{\"id\":\"%s\",\"size\":3},{\"id\":\"%s\",\"size\":3}]}}",
		        a.id, b.id);
		uint64_t entry = append(text);
		pid_t child = fork();
		if (child == 0) {
			file_watch_set(&watch);
			_exit(erase(&entry, 1, &result, NULL) == 0 ? 0 : 1);
		}
		int status = 0;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 9));
		ended = WEXITSTATUS(status) == 0;
		/* Whoever comes next brings it to its end. Before the plan was on disk nothing had happened. */
		assert_int_equal(erase(NULL, 0, &result, &err), 0);
		assert_true(!ended || !result.resumed);
		int gone = !blob_there(dir, a.id);
		assert_int_equal(gone, !blob_there(dir, b.id));
		assert_true(gone || !(ended || result.resumed));
		resumed += result.resumed;
		lost += !gone;
		assert_int_equal(said(a.id), gone);
		assert_int_equal(said(b.id), gone);
		assert_int_equal(blob_there(dir, kept.id), 1);
		stop_at++;
	}
	print_message("%d rounds, %d resumed, %d had not begun\n", rounds, resumed, lost);
	assert_true(resumed >= 20 && lost >= 4);
	/* What cannot be erased. */
	uint64_t plain = append("{}"), wrong[] = {plain, 123456};
	assert_int_equal(erase(&wrong[0], 1, &result, &err), -EINVAL);
	assert_int_equal(erase(&wrong[1], 1, &result, &err), -EINVAL);
	/* Two at once. */
	int lock = openat(dir, "keys/lock", O_RDWR | O_CLOEXEC);
	assert_true(lock >= 0 && flock(lock, LOCK_EX) == 0);
	assert_int_equal(erase(NULL, 0, &result, &err), -EBUSY);
	(void)close(lock);
	(void)close(dir);
	assert_int_equal(path_remove(AT_FDCWD, root), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(killed_between_the_steps)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
