/* What a file is remembered by, and what says that a program runs code from files. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "guard/known.h"
#include "guard/who.h"
#include "parse/elfnames.h"

static int file_with(const char *text, char path[64])
{
	(void)snprintf(path, 64, "/tmp/postern-guard.XXXXXX");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static void key_of(int fd, struct known_key *k)
{
	struct stat st;
	assert_int_equal(fstat(fd, &st), 0);
	known_key(&st, k);
}

static void stable(void **state)
{
	(void)state;
	char path[64];
	struct known_key k;
	_cleanup_fd_ int writer = file_with("one", path);
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	(void)usleep(50000);
	key_of(fd, &k);
	/* Somebody has it open for writing. */
	assert_false(known_stable(fd, &k));
	fd_closep(&writer);
	assert_true(known_stable(fd, &k));
	/* Open for writing through a mapping, when the descriptor is closed. */
	int rw = open(path, O_RDWR | O_CLOEXEC);
	void *p = mmap(NULL, 3, PROT_READ | PROT_WRITE, MAP_SHARED, rw, 0);
	assert_true(p != MAP_FAILED);
	(void)close(rw);
	assert_false(known_stable(fd, &k));
	*(char *)p = 'O';
	(void)munmap(p, 3);
	struct known_key other;
	key_of(fd, &other);
	assert_false(known_key_eq(&k, &other));
	/* Just changed: another change could have the same time. */
	assert_false(known_stable(fd, &other));
	/* A clock that was put back leaves times in the future behind. */
	(void)usleep(50000);
	assert_true(known_stable(fd, &other));
	other.ctime += 3600LL * 1000000000;
	assert_false(known_stable(fd, &other));
	(void)unlink(path);
}

static void remembered(void **state)
{
	(void)state;
	struct known *k;
	assert_int_equal(known_new(&k), 0);
	struct known_tool *t = calloc(1, sizeof(*t));
	assert_non_null(t);
	t->refs = 1;
	struct known_file f = {.key = {.dev = 1, .ino = 2, .size = 3, .mtime = 4, .ctime = 5}, .tool = t, .placed = true};
	known_put(k, &f);
	assert_int_equal(t->refs, 2);
	assert_ptr_equal(known_find(k, &f.key)->tool, t);
	struct known_key other = f.key;
	other.ctime++;
	assert_null(known_find(k, &other));
	/* The same file as it is now takes the place of what it was. */
	struct known_file now = {.key = other};
	known_put(k, &now);
	assert_null(known_find(k, &f.key));
	assert_int_equal(t->refs, 1);
	/* However many there are, the table stays as large as it is. */
	for (uint64_t i = 0; i < 4 * KNOWN_FILES; i++)
		known_put(k, &(struct known_file){.key = {.dev = 1, .ino = 100 + i}, .tool = t});
	assert_true(t->refs <= KNOWN_FILES + 1);
	known_forget(k);
	assert_int_equal(t->refs, 1);
	known_unref(t);
	known_free(k);
}

static void roots(void **state)
{
	(void)state;
	static const struct {
		uid_t uid;
		mode_t mode;
		bool is;
	} rows[] = {{0, 0755, true}, {0, 0775, false}, {0, 0757, false}, {1000, 0555, false}, {0, 0400, true}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(known_roots(&(struct stat){.st_uid = rows[i].uid, .st_mode = S_IFREG | rows[i].mode}), rows[i].is);
}

static bool read_at(void *arg, uint64_t at, void *out, size_t n)
{
	return pread(*(int *)arg, out, n, (off_t)at) == (ssize_t)n;
}

struct looked {
	const char *want;
	bool found;
	size_t n;
};

static bool look(void *arg, struct slice name)
{
	struct looked *l = arg;
	l->n++;
	l->found = l->found || slice_is(name, l->want);
	return true;
}

static void names(void **state)
{
	(void)state;
	char soname[64];
	int fd = open("fuzz/corpus/elfnames/small.so", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		skip(); /* not from the root of the sources */
	struct looked l = {.want = "napi_create_function"};
	assert_true(elfnames(read_at, &fd, look, &l, soname));
	assert_true(l.found);
	assert_string_equal(soname, "libsmall.so.1");
	(void)close(fd);
	fd = open("fuzz/corpus/elfnames/static", O_RDONLY | O_CLOEXEC);
	assert_false(elfnames(read_at, &fd, look, &l, soname));
	(void)close(fd);
	/* This test itself: it needs the C library, and has many names. */
	fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	l = (struct looked){.want = "libc.so.6"};
	assert_true(elfnames(read_at, &fd, look, &l, soname));
	assert_true(l.found && l.n > 20);
	/* What is taken has no library among it, and nothing that is only the end of another name. */
	l = (struct looked){.want = "libc.so.6"};
	assert_true(elfnames_taken(read_at, &fd, look, &l));
	assert_true(!l.found && l.n > 5);
	l = (struct looked){.want = "_assert_true"}; /* of cmocka; what the C library has may be a sanitizer's */
	assert_true(elfnames_taken(read_at, &fd, look, &l));
	assert_true(l.found);
	(void)close(fd);
	fd = open("fuzz/corpus/elfnames/static", O_RDONLY | O_CLOEXEC);
	assert_false(elfnames_taken(read_at, &fd, look, &l));
	(void)close(fd);
}

static void process(void **state)
{
	(void)state;
	struct who w;
	struct who_program p;
	struct stat st;
	pid_t parent;
	uint64_t started;
	assert_int_equal(who_read(getpid(), &w), 0);
	assert_int_equal(w.pid, getpid());
	assert_int_equal(w.parent, getppid());
	assert_int_equal(w.uid, getuid());
	assert_int_equal(w.depth, 0);
	assert_true(w.n_groups >= 1 && w.group[0] == getgid());
	assert_int_equal(who_parent(getpid(), &parent, &started), 0);
	assert_int_equal(started, w.started);
	assert_int_equal(who_program(getpid(), &p), 0);
	assert_int_equal(stat("/proc/self/exe", &st), 0);
	assert_true(p.ino == st.st_ino && p.dev == st.st_dev && p.linked);
	assert_true(who_read(1 << 23, &w) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(stable), cmocka_unit_test(remembered), cmocka_unit_test(roots),
	        cmocka_unit_test(names), cmocka_unit_test(process)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
