/* What a tool has left: new and changed files, links, and nothing that lies elsewhere, waits, or never ends. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "confine/written.h"

static char root[64];

static void put(const char *name, const char *text, mode_t mode)
{
	char path[256];
	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
}

static const char *in_root(const char *name, char out[256])
{
	(void)snprintf(out, 256, "%s/%s", root, name);
	return out;
}

/* A moment that files made before it are older than, and those made after it are not. */
static struct timespec now(void)
{
	struct timespec t, tick = {.tv_nsec = 20 * 1000 * 1000};
	(void)nanosleep(&tick, NULL);
	(void)clock_gettime(CLOCK_REALTIME_COARSE, &t);
	return t;
}

static size_t collect(const char *const *roots, struct timespec since, struct buf *bytes, struct written_file out[500], bool *whole)
{
	int fd = memfd_create("files", MFD_CLOEXEC);
	assert_true(fd >= 0);
	*whole = written_collect(roots, since, fd);
	assert_true(buf_room(bytes, 4 << 20) != NULL);
	ssize_t n = pread(fd, bytes->p, 4 << 20, 0);
	assert_true(n >= 0);
	bytes->n = (size_t)n;
	(void)close(fd);
	struct cursor c = cursor_of(buf_slice(bytes));
	size_t k = 0;
	while (cursor_left(&c) && k < 500 && written_next(&c, &out[k]))
		k++;
	assert_int_equal(cursor_left(&c), 0);
	return k;
}

static const struct written_file *find(const struct written_file *f, size_t n, const char *name)
{
	char path[256];
	for (size_t i = 0; i < n; i++)
		if (slice_is(f[i].path, in_root(name, path)))
			return &f[i];
	return NULL;
}

static void changed_files(void **state)
{
	(void)state;
	static struct written_file f[500];
	char a[256], b[256], sub[256], *big = calloc(1, WRITTEN_FILE_MAX + 1000);
	bool whole;
	_cleanup_buf_ struct buf bytes = BUF(8 << 20);
	assert_non_null(big);
	put("old.txt", "old", 0644);
	put("grown.txt", "before", 0644);
	(void)mkdir(in_root("sub", sub), 0755);
	struct timespec since = now();
	put("grown.txt", "after", 0644);
	put("sub/new.txt", "words", 0600);
	memset(big, 'x', WRITTEN_FILE_MAX + 999);
	put("big.bin", big, 0644);
	free(big);
	assert_int_equal(symlink("/etc/passwd", in_root("link", a)), 0);
	assert_int_equal(symlink("/etc", in_root("folder", b)), 0);
	assert_int_equal(mkfifo(in_root("pipe", a), 0600), 0);
	/* A root that lies in another is looked at once. */
	const char *const roots[] = {sub, root, NULL};
	size_t n = collect(roots, since, &bytes, f, &whole);
	assert_true(whole);
	assert_int_equal(n, 5);
	assert_null(find(f, n, "old.txt"));
	assert_null(find(f, n, "pipe"));
	const struct written_file *grown = find(f, n, "grown.txt"), *new = find(f, n, "sub/new.txt"), *large = find(f, n, "big.bin"),
	                          *link = find(f, n, "link");
	assert_true(grown && new &&large &&link);
	assert_true(slice_is(grown->content, "after") && slice_is(new->content, "words") && slice_is(link->content, "/etc/passwd"));
	assert_int_equal(new->mode, 0600);
	assert_int_equal(link->kind, 'l');
	assert_int_equal(large->size, WRITTEN_FILE_MAX + 999);
	assert_int_equal(large->content.n, WRITTEN_FILE_MAX);
	/* A time that was set is told from when the file was really changed. */
	const struct timespec past[2] = {{.tv_sec = since.tv_sec - 86400}, {.tv_sec = since.tv_sec - 86400}};
	assert_int_equal(utimensat(AT_FDCWD, in_root("grown.txt", a), past, 0), 0);
	buf_reset(&bytes);
	n = collect(roots, since, &bytes, f, &whole);
	grown = find(f, n, "grown.txt");
	assert_true(grown && grown->older >= 86400);
}

static void limits(void **state)
{
	(void)state;
	static struct written_file f[500];
	char path[1024];
	bool whole;
	_cleanup_buf_ struct buf bytes = BUF(8 << 20);
	struct timespec since = now();
	for (unsigned i = 0; i < WRITTEN_FILES_MAX + 50; i++) {
		(void)snprintf(path, sizeof(path), "many%u", i);
		put(path, "x", 0644);
	}
	const char *const roots[] = {root, NULL};
	assert_true(collect(roots, since, &bytes, f, &whole) <= WRITTEN_FILES_MAX);
	assert_false(whole);
	/* Folders without end. */
	size_t n = (size_t)snprintf(path, sizeof(path), "%s", root);
	for (unsigned i = 0; i < WRITTEN_DEPTH + 10; i++) {
		n += (size_t)snprintf(path + n, sizeof(path) - n, "/d");
		assert_int_equal(mkdir(path, 0755), 0);
	}
	buf_reset(&bytes);
	(void)collect(roots, since, &bytes, f, &whole);
	assert_false(whole);
	/* Nothing there. */
	const char *const none[] = {"/nonexistent", NULL};
	buf_reset(&bytes);
	assert_int_equal(collect(none, since, &bytes, f, &whole), 0);
	/* Bytes that do not add up. */
	struct cursor c = cursor_of(SLICE("f\0\0\1\244\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\377x"));
	assert_false(written_next(&c, f));
}

static int start(void **state)
{
	(void)state;
	(void)snprintf(root, sizeof(root), "/tmp/written.XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	pid_t pid = fork();
	if (pid == 0)
		(void)execlp("rm", "rm", "-rf", root, (char *)NULL);
	return pid > 0 && waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(changed_files, start, stop),
	        cmocka_unit_test_setup_teardown(limits, start, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
