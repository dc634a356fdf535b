/* What a writer finds at its start: crashes it makes good, damage it refuses, naming the first entry that is concerned. */
#include "ledger/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "ledger/entries.h"
#include "ledger/verify.h"
#include "sys/path.h"

static char top[64], folder[96];
static const struct store_key no_key;

static int make_top(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof(top), "%s/postern-store.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	(void)snprintf(folder, sizeof(folder), "%s", top);
	if (!mkdtemp(top))
		return -1;
	(void)snprintf(folder, sizeof(folder), "%s/l", top);
	return 0;
}

static int remove_top(void **state)
{
	(void)state;
	journal_sizes((uint64_t)2 << 20, (uint64_t)32 << 20);
	return path_remove(AT_FDCWD, top);
}

static void add(struct store *s, uint64_t *next, uint32_t count)
{
	_cleanup_buf_ struct buf entries = BUF(JOURNAL_BYTES), hashes = BUF((size_t)JOURNAL_ENTRIES * MERKLE_HASH);
	for (uint32_t i = 0; i < count; i++) {
		char text[40];
		struct merkle_hash h;
		int n = snprintf(text, sizeof(text), "\"entry-%llu\"", (unsigned long long)*next + i);
		buf_be(&entries, (uint64_t)n, 2);
		buf_add(&entries, slice_of(text, (size_t)n));
		merkle_leaf(slice_of(text, (size_t)n), &h);
		buf_add(&hashes, slice_of(h.b, sizeof(h.b)));
	}
	struct journal_record r = {.first = *next, .count = count, .hashes = buf_slice(&hashes), .entries = buf_slice(&entries)};
	struct iovec iov = {entries.p, entries.n};
	assert_int_equal(journal_append(s->journal, &r, &iov, 1), 0);
	*next += count;
}

static void take(struct store *s)
{
	_cleanup_buf_ struct buf space = BUF(JOURNAL_RECORD);
	struct journal_record r;
	assert_int_equal(journal_follow(s->journal, &space, &r), 0);
	assert_int_equal(store_take(s, &r, NULL), 0);
}

/* A ledger whose writer died. 600 entries are signed, all of which are still in the journal, and 60 more only there, in records of 20. Or
 * (turned) 620 are signed, and the journal goes back to entry 600. */
static void make_crashed(bool turned)
{
	struct store s;
	struct err err = {0};
	uint64_t next = 0;
	(void)path_remove(AT_FDCWD, folder);
	journal_sizes(turned ? (uint64_t)8 << 10 : (uint64_t)2 << 20, turned ? (uint64_t)8 << 10 : (uint64_t)32 << 20);
	if (store_init(folder, "example.com/store", &no_key, &err) < 0)
		fail_msg("%s", err.text);
	_cleanup_fd_ int dir = open(folder, O_RDONLY | O_DIRECTORY);
	if (store_open(dir, &no_key, &s, &err) < 0)
		fail_msg("%s", err.text);
	for (int i = 0; i < 10; i++) {
		add(&s, &next, 60);
		take(&s);
		if (i == 7)
			assert_int_equal(store_publish(&s, &err), 0);
	}
	assert_int_equal(store_publish(&s, &err), 0);
	for (int i = 0; i < 3; i++) {
		add(&s, &next, 20);
		if (turned && i == 0) {
			take(&s);
			assert_int_equal(store_publish(&s, &err), 0);
		}
	}
	store_close(&s);
}

/* Opens it. 0: it must have `size` entries and be good; else the sentence must have these words, and nothing may have been changed. */
static void open_it(uint64_t size, const char *words)
{
	struct store s;
	struct err err = {0};
	struct ledger_config c;
	_cleanup_fd_ int dir = -1;
	assert_int_equal(ledger_open(folder, &dir, &c, &err), 0);
	int r = store_open(dir, &no_key, &s, &err);
	if (words) {
		if (r == 0)
			fail_msg("it was opened with %llu entries, and not refused with \"%s\"", (unsigned long long)tiles_size(s.tiles),
			        words);
		assert_int_equal(r, -EBADMSG);
		if (!strstr(err.text, words))
			fail_msg("\"%s\" does not say \"%s\"", err.text, words);
		store_close(&s);
		return;
	}
	if (r < 0)
		fail_msg("%s", err.text);
	assert_int_equal(tiles_size(s.tiles), size);
	assert_int_equal(s.signed_size, size);
	assert_int_equal(store_end(&s, &err), 0);
	store_close(&s);
	struct note_vkey key = ledger_vkey(&c);
	struct verify_options o = {.key = &key};
	struct verify_result v;
	assert_int_equal(ledger_verify(dir, &o, &v, &err), 0);
	if (v.fault != VERIFY_GOOD)
		fail_msg("%s", v.text);
	assert_int_equal(v.size, size);
}

/* Where in the journal these bytes are for the n-th time; changes one of them. */
static void change_in_journal(const char *bytes, unsigned nth)
{
	char path[300];
	(void)snprintf(path, sizeof(path), "%s/journal", folder);
	DIR *d = opendir(path);
	unsigned changed = 0;
	for (struct dirent *e; d && (e = readdir(d));) {
		_cleanup_buf_ struct buf b = BUF(64 << 20);
		if (e->d_name[0] == '.' || path_read(dirfd(d), e->d_name, &b) < 0)
			continue;
		size_t at = 0;
		for (unsigned i = 0; at != SLICE_NPOS; i++, at++) {
			at = slice_find(buf_slice(&b), slice_str(bytes), at);
			if (at == SLICE_NPOS)
				break;
			if (i != nth)
				continue;
			int fd = openat(dirfd(d), e->d_name, O_WRONLY);
			uint8_t other = (uint8_t)(b.p[at + 2] ^ 1);
			assert_int_equal(pwrite(fd, &other, 1, (off_t)at + 2), 1);
			(void)close(fd);
			changed++;
		}
	}
	(void)closedir(d);
	assert_int_equal(changed, 1);
}

static void remove_file(const char *name)
{
	char path[300];
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(unlink(path), 0);
}

static void change_file(const char *name, off_t at)
{
	char path[300];
	uint8_t byte;
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 4;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	(void)close(fd);
}

static void a_crash_is_made_good(void **state)
{
	(void)state;
	for (int turned = 0; turned < 2; turned++) {
		make_crashed(turned);
		open_it(660, NULL);
		open_it(660, NULL);
	}
}

static void a_torn_record_is_left_out(void **state)
{
	(void)state;
	for (int turned = 0; turned < 2; turned++) {
		make_crashed(turned);
		change_in_journal("entry-650", 0);
		open_it(640, NULL);
	}
}

static void damage_before_whole_records_is_refused(void **state)
{
	(void)state;
	for (int turned = 0; turned < 2; turned++) {
		make_crashed(turned);
		change_in_journal("entry-630", 0);
		open_it(0, turned ? "entry 620 is missing: the journal goes on at entry 640"
		                  : "entry 620 in the journal is damaged, and newer ones stand behind it");
	}
}

static void a_missing_segment_is_noticed(void **state)
{
	char path[300], last[300] = "";
	(void)state;
	make_crashed(true);
	/* Each record takes a block of 4,096: two a segment. That with 600 to 639 goes. */
	(void)snprintf(path, sizeof(path), "%s/journal", folder);
	DIR *d = opendir(path);
	for (struct dirent *e; (e = readdir(d));) {
		_cleanup_buf_ struct buf b = BUF(64 << 20);
		if (path_read(dirfd(d), e->d_name, &b) == 0 && slice_find(buf_slice(&b), SLICE("entry-610"), 0) != SLICE_NPOS)
			(void)snprintf(last, sizeof(last), "journal/%.200s", e->d_name);
	}
	(void)closedir(d);
	assert_true(last[0]);
	remove_file(last);
	open_it(0, "entry 620 is missing: the journal goes on at entry 640");
}

static void missing_tiles_are_made_again(void **state)
{
	static const char *const files[] = {"tile/0/000", "tile/0/001", "tile/entries/000", "tile/entries/001", "tile/0/002.p/88",
	        "tile/entries/002.p/88", "tile/1/000.p/2"};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		make_crashed(false);
		remove_file(files[i]);
		open_it(660, NULL);
	}
	make_crashed(false);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		remove_file(files[i]);
	open_it(660, NULL);
}

/* What the journal does not have any more cannot be made again. */
static void what_is_lost_is_refused(void **state)
{
	(void)state;
	make_crashed(true);
	remove_file("tile/0/002.p/108");
	open_it(0, "is missing");
	make_crashed(true);
	remove_file("tile/entries/002.p/108");
	open_it(0, "is missing");
	/* But a tile above follows from those below. */
	make_crashed(true);
	remove_file("tile/1/000.p/2");
	open_it(660, NULL);
}

static void tampering_is_refused(void **state)
{
	(void)state;
	make_crashed(false);
	change_file("tile/0/002.p/88", 40);
	open_it(0, "entry 513 is not what was acknowledged");
	make_crashed(false);
	change_file("tile/0/000", 40);
	open_it(0, "entry 1 is not what was acknowledged");
	make_crashed(true);
	change_file("tile/entries/002.p/108", 10);
	open_it(0, "entry 512 is damaged");
	make_crashed(true);
	change_file("tile/1/000.p/2", 10);
	open_it(0, "contradict each other");
	make_crashed(true);
	change_file("tile/0/002.p/108", 3);
	open_it(0, "entry 512");
}

static void a_damaged_checkpoint_is_refused(void **state)
{
	struct store s;
	struct err err = {0};
	struct ledger_config c;
	_cleanup_fd_ int dir = -1;
	(void)state;
	make_crashed(false);
	change_file("checkpoint", 20);
	assert_int_equal(ledger_open(folder, &dir, &c, &err), 0);
	assert_true(store_open(dir, &no_key, &s, &err) < 0);
	store_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_crash_is_made_good),
	        cmocka_unit_test(a_torn_record_is_left_out),
	        cmocka_unit_test(damage_before_whole_records_is_refused),
	        cmocka_unit_test(a_missing_segment_is_noticed),
	        cmocka_unit_test(missing_tiles_are_made_again),
	        cmocka_unit_test(what_is_lost_is_refused),
	        cmocka_unit_test(tampering_is_refused),
	        cmocka_unit_test(a_damaged_checkpoint_is_refused),
	};
	return cmocka_run_group_tests(tests, make_top, remove_top);
}
