#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/encode.h"
#include "crypto/aead.h"
#include "crypto/digest.h"
#include "ledger/blob.h"
#include "ledger_disk.h"
#include "sys/path.h"

static char root[64];
static int root_fd;

static int setup(void **state)
{
	(void)state;
	(void)snprintf(root, sizeof(root), "%s", "/tmp/postern-blob.XXXXXX");
	assert_non_null(mkdtemp(root));
	root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(root_fd >= 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	file_watch_set(NULL);
	(void)close(root_fd);
	return path_remove(AT_FDCWD, root);
}

/* Puts `size` bytes in pieces of `step`. */
static struct blob_ref put(int dir, size_t size, size_t step, uint8_t *text)
{
	struct blob_writer *w = NULL;
	struct blob_ref ref = {.size = 1};
	for (size_t i = 0; i < size; i++)
		text[i] = (uint8_t)(i * 31 + i / 251);
	assert_int_equal(blob_writer_new(dir, &w, NULL), 0);
	for (size_t at = 0; at < size; at += step)
		assert_int_equal(blob_writer_add(w, slice_sub(slice_of(text, size), at, step), NULL), 0);
	assert_int_equal(blob_writer_end(w, &ref, NULL), 0);
	blob_writer_free(w);
	assert_int_equal(ref.size, size);
	return ref;
}

static int collect(void *arg, struct slice piece)
{
	buf_add(arg, piece);
	return buf_error(arg);
}

static int get(int dir, const char *id, struct buf *out)
{
	struct err err = {0};
	buf_reset(out);
	int r = blob_read(dir, id, collect, out, &err);
	assert_true(r == 0 || err.text[0]);
	return r;
}

static void path_to(char out[200], const char *at, const char *folder, const char *id)
{
	(void)snprintf(out, 200, "%s/%s/%.2s/%s", at, folder, id, id + 2);
}

static void flip(const char *path, off_t at)
{
	uint8_t c = 0;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0 && pread(fd, &c, 1, at) == 1);
	c ^= 1;
	assert_true(pwrite(fd, &c, 1, at) == 1);
	(void)close(fd);
}

#define MOST (3 * AEAD_CHUNK + 1)
static uint8_t text[MOST];

static void sizes_around_the_chunks(void **state)
{
	static const size_t sizes[] = {0, 1, AEAD_CHUNK - 1, AEAD_CHUNK, AEAD_CHUNK + 1, 2 * AEAD_CHUNK, 3 * AEAD_CHUNK + 1};
	static const size_t steps[] = {7919, AEAD_CHUNK, MOST};
	struct buf out = BUF(MOST + 1);
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		for (size_t j = 0; j < ARRAY_LEN(steps); j++) {
			char path[200], hex[65];
			struct stat st;
			struct blob_ref ref = put(root_fd, sizes[i], steps[j], text);
			assert_int_equal(get(root_fd, ref.id, &out), 0);
			assert_true(slice_eq(buf_slice(&out), slice_of(text, sizes[i])));
			/* The name is the digest of the file; the key is its owner's alone; the text is not in the file. */
			path_to(path, root, "blobs", ref.id);
			struct buf file = BUF(MOST + 4096);
			assert_int_equal(path_read(AT_FDCWD, path, &file), 0);
			digest_sha256_hex(buf_slice(&file), hex);
			assert_string_equal(hex, ref.id);
			size_t chunks = sizes[i] ? (sizes[i] + AEAD_CHUNK - 1) / AEAD_CHUNK : 1;
			assert_int_equal(file.n, 47 + sizes[i] + 16 * chunks);
			if (sizes[i] > 64)
				assert_int_equal(slice_find(buf_slice(&file), slice_of(text, 32), 0), SLICE_NPOS);
			buf_free(&file);
			path_to(path, root, "keys", ref.id);
			assert_int_equal(stat(path, &st), 0);
			assert_true(st.st_size == AEAD_KEY && (st.st_mode & 0777) == 0600);
		}
	}
	/* The same text twice: nobody sees that it is the same. */
	struct blob_ref a = put(root_fd, 100, 100, text), b = put(root_fd, 100, 100, text);
	assert_string_not_equal(a.id, b.id);
	buf_free(&out);
}

static void damage_is_seen(void **state)
{
	char blob[200], key[200];
	struct buf out = BUF(MOST);
	struct stat st;
	struct blob_ref ref = put(root_fd, AEAD_CHUNK + 100, MOST, text), other = put(root_fd, AEAD_CHUNK + 100, MOST, text);
	(void)state;
	path_to(blob, root, "blobs", ref.id);
	path_to(key, root, "keys", ref.id);
	assert_int_equal(stat(blob, &st), 0);
	for (off_t at = 0; at < st.st_size; at += at < 64 ? 1 : 4099) {
		flip(blob, at);
		assert_int_equal(get(root_fd, ref.id, &out), -EBADMSG);
		assert_int_equal(out.n, 0);
		flip(blob, at);
	}
	/* Cut off after a whole chunk; one more byte. */
	assert_int_equal(truncate(blob, (off_t)(47 + AEAD_CHUNK + AEAD_TAG)), 0);
	assert_int_equal(get(root_fd, ref.id, &out), -EBADMSG);
	assert_int_equal(truncate(blob, 20), 0);
	assert_int_equal(get(root_fd, ref.id, &out), -EBADMSG);
	/* Another whole blob in its place, with its key. */
	char from[200];
	path_to(from, root, "blobs", other.id);
	assert_int_equal(rename(from, blob), 0);
	assert_int_equal(get(root_fd, ref.id, &out), -EBADMSG);
	ref = put(root_fd, 10, MOST, text);
	path_to(key, root, "keys", ref.id);
	flip(key, 5);
	assert_int_equal(get(root_fd, ref.id, &out), -ENOKEY);
	flip(key, 5);
	assert_int_equal(get(root_fd, ref.id, &out), 0);
	assert_int_equal(truncate(key, 31), 0);
	assert_int_equal(get(root_fd, ref.id, &out), -ENOKEY);
	assert_int_equal(blob_read(root_fd, "../../etc/passwd", collect, &out, NULL), -EINVAL);
	buf_free(&out);
}

static void references(void **state)
{
	static const struct {
		const char *json;
		int r;
		size_t n;
	} cases[] = {
	        {"{}", 0, 0},
	        {"{\"unmapped\":{\"blobs\":[]}}", 0, 0},
	        {"{\"unmapped\":{\"blobs\":[{\"id\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\",\"size\":3}]}}", 0,
	                1},
	        {"{\"unmapped\":{\"blobs\":[{\"id\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeF\",\"size\":3}]}}",
	                -EBADMSG, 0},
	        {"{\"unmapped\":{\"blobs\":[{\"id\":\"../../../../etc/passwd\",\"size\":3}]}}", -EBADMSG, 0},
	        {"{\"unmapped\":{\"blobs\":[{\"id\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}]}}", -EBADMSG, 0},
	        {"{\"unmapped\":{\"blobs\":{}}}", -EBADMSG, 0},
	        {"{\"unmapped\":{\"blobs\":[1]}}", -EBADMSG, 0},
	        {"{\"unmapped\":3}", 0, 0},
	        {"3", 0, 0},
	        {"nothing", -EBADMSG, 0},
	};
	struct blob_ref ref = {.size = 12, .media_type = SLICE("text/plain")}, *found = NULL;
	struct arena arena = ARENA(1 << 20);
	struct buf out = BUF(1000);
	size_t n = 0;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		n = 0;
		assert_int_equal(blob_refs_read(slice_str(cases[i].json), &arena, &found, &n), cases[i].r);
		assert_int_equal(n, cases[i].n);
	}
	memset(ref.id, 'a', BLOB_ID);
	buf_str_add(&out, "{\"unmapped\":{\"blobs\":[");
	blob_ref_write(&ref, &out);
	buf_str_add(&out, "]}}");
	assert_int_equal(blob_refs_read(buf_slice(&out), &arena, &found, &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(found[0].id, ref.id);
	assert_true(found[0].size == 12 && slice_is(found[0].media_type, "text/plain"));
	buf_free(&out);
	arena_free(&arena);
}

/* Does any file below hold these bytes? */
static bool holds(const char *at, struct slice what)
{
	bool found = false;
	DIR *d = opendir(at);
	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));) {
		char path[600];
		struct stat st;
		(void)snprintf(path, sizeof(path), "%s/%s", at, e->d_name);
		if (e->d_name[0] == '.' || stat(path, &st) < 0)
			continue;
		struct buf file = BUF(1 << 20);
		if (S_ISREG(st.st_mode))
			assert_int_equal(path_read(AT_FDCWD, path, &file), 0);
		found = found || (S_ISDIR(st.st_mode) ? holds(path, what) : slice_find(buf_slice(&file), what, 0) != SLICE_NPOS);
		buf_free(&file);
	}
	(void)closedir(d);
	return found;
}

/* A key that is gone cannot be opened: nothing was changed. */
static void after(void *arg, const struct file_event *e)
{
	if (e->result >= 0)
		tape_after(arg, e);
}

enum { SIZE = 3000 };

/* A body is put and erased. The power goes after each change: what was reported as kept can be read, a name never lacks its key before it
 * is to be erased, and what was reported as erased is nowhere. */
static void power_is_lost(void **state)
{
	static struct disk disk;
	struct tape tape = {0};
	struct file_watch watch = {.before = tape_before, .after = after, .arg = &tape};
	struct buf out = BUF(MOST);
	char path[200];
	size_t crashes = 0;
	(void)state;
	file_watch_set(&watch);
	struct blob_ref ref = put(root_fd, SIZE, 1000, text);
	size_t kept = tape.n;
	path_to(path, root, "keys", ref.id);
	struct buf key = BUF(AEAD_KEY);
	assert_int_equal(path_read(AT_FDCWD, path, &key), 0);
	assert_int_equal(blob_erase(root_fd, ref.id), 0);
	size_t erased = tape.n;
	/* A second time, as after a crash. */
	assert_int_equal(blob_erase(root_fd, ref.id), 0);
	file_watch_set(NULL);
	assert_int_equal(get(root_fd, ref.id, &out), -ENOENT);
	assert_int_equal(blob_there(root_fd, ref.id), 0);
	for (size_t done = 0; done <= tape.n; done++) {
		for (uint32_t how = 0; how < CRASHES + 4; how++) {
			char at[100];
			(void)snprintf(at, sizeof(at), "%s.crash", root);
			for (size_t i = 0; i < done; i++)
				disk_apply(&disk, &tape.op[i]);
			disk_put(&disk, at, how < CRASHES ? how : CRASH_ANY, how + 100 * (uint32_t)done);
			disk_free(&disk);
			int dir = open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			int r = get(dir, ref.id, &out);
			if (r == 0)
				assert_true(slice_eq(buf_slice(&out), slice_of(text, SIZE)));
			if (done < kept)
				assert_true(r == 0 || r == -ENOENT);
			else if (done == kept)
				assert_int_equal(r, 0);
			else if (done < erased)
				assert_true(r == 0 || r == -ENOKEY || r == -ENOENT);
			if (done >= erased) {
				assert_int_equal(r, -ENOENT);
				assert_false(holds(at, buf_slice(&key)));
			}
			/* Erasing goes on from wherever it stopped. */
			if (done > kept) {
				assert_int_equal(blob_erase(dir, ref.id), 0);
				assert_int_equal(blob_there(dir, ref.id), 0);
			}
			(void)close(dir);
			assert_int_equal(path_remove(AT_FDCWD, at), 0);
			crashes++;
		}
	}
	print_message("%zu crashes\n", crashes);
	assert_true(crashes > 200);
	tape_free(&tape);
	buf_free(&key);
	buf_free(&out);
}

/* Each change fails once. */
static size_t fail_at, asked;
static int refuse(void *arg, const struct file_event *e)
{
	(void)arg;
	return e->op != FILE_CLOSE && e->op != FILE_REMOVE && asked++ == fail_at ? -ENOSPC : 0;
}

static void disk_is_full(void **state)
{
	struct file_watch watch = {.before = refuse};
	size_t steps = 0;
	(void)state;
	for (int r = -1; r < 0; steps++) {
		struct blob_writer *w = NULL;
		struct blob_ref ref;
		struct err err = {0};
		asked = 0;
		fail_at = steps;
		file_watch_set(&watch);
		r = blob_writer_new(root_fd, &w, &err);
		r = r < 0 ? r : blob_writer_add(w, slice_of(text, 2 * AEAD_CHUNK), &err);
		r = r < 0 ? r : blob_writer_end(w, &ref, &err);
		blob_writer_free(w);
		file_watch_set(NULL);
		assert_true(r == 0 || (r == -ENOSPC && strstr(err.text, "No space left")));
		/* What did not become one leaves nothing behind. */
		char path[200];
		(void)snprintf(path, sizeof(path), "%s/blobs/new", root);
		assert_true(access(path, F_OK) != 0 || rmdir(path) == 0);
		(void)snprintf(path, sizeof(path), "%s/keys", root);
		DIR *d = opendir(path);
		for (struct dirent *e; d && (e = readdir(d));)
			assert_int_not_equal(strncmp(e->d_name, "new-", 4), 0);
		if (d)
			(void)closedir(d);
	}
	assert_true(steps > 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(sizes_around_the_chunks, setup, teardown),
	        cmocka_unit_test_setup_teardown(damage_is_seen, setup, teardown),
	        cmocka_unit_test_setup_teardown(references, setup, teardown),
	        cmocka_unit_test_setup_teardown(power_is_lost, setup, teardown),
	        cmocka_unit_test_setup_teardown(disk_is_full, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
