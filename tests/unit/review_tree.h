/* review_tree: trees for the tests of src/review: made from lines of text, and told as lines of text. */
#ifndef POSTERN_TESTS_REVIEW_TREE_H
#define POSTERN_TESTS_REVIEW_TREE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <cmocka.h>

#include "review/flag.h"
#include "review/run.h"
#include "review/tree.h"
#include "sys/fd.h"

static char top[4096]; /* of this test program: lower, outside, state */

static const char *under(const char *name)
{
	static char path[8][8192];
	static int next;
	char *p = path[next++ & 7];
	(void)snprintf(p, sizeof(path[0]), "%s/%s", top, name);
	return p;
}

static void make_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	assert_int_equal(fd_write_all(fd, slice_str(text)), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

/* One thing a word: "d/" a folder, "f=text" a file, "x!text" an executable, "l>target" a link, "f-" a whiteout, "d//" an opaque folder. */
static void make(const char *root, const char *words)
{
	char copy[8192];
	(void)snprintf(copy, sizeof(copy), "%s", words);
	char *save = NULL;
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		size_t n = strcspn(w, "=!>-");
		char kind = w[n], path[8192];
		bool opaque = strlen(w) > 2 && strcmp(w + strlen(w) - 2, "//") == 0;
		(void)snprintf(path, sizeof(path), "%s/%.*s", root, (int)n, w);
		if (kind == '=' || kind == '!')
			make_file(path, w + n + 1, kind == '!' ? 0755 : 0644);
		else if (kind == '>')
			assert_int_equal(symlink(w + n + 1, path), 0);
		else if (kind == '-')
			assert_int_equal(mknod(path, S_IFCHR, makedev(0, 0)), 0);
		else if (mkdir(path, 0755) < 0)
			assert_int_equal(errno, EEXIST);
		if (opaque)
			assert_int_equal(setxattr(path, "user.overlay.opaque", "y", 1, 0), 0);
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void tell_into(struct buf *out, const char *root, const char *below)
{
	char path[16384], *names[512];
	size_t n = 0;
	(void)snprintf(path, sizeof(path), "%s%s%s", root, *below ? "/" : "", below);
	DIR *d = opendir(path);
	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			names[n++] = strdup(e->d_name);
	closedir(d);
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++) {
		char rel[8192], text[4096];
		struct stat st;
		(void)snprintf(rel, sizeof(rel), "%s%s%s", below, *below ? "/" : "", names[i]);
		(void)snprintf(path, sizeof(path), "%s/%s", root, rel);
		assert_int_equal(lstat(path, &st), 0);
		buf_fmt(out, "%s %o", rel, st.st_mode);
		if (S_ISLNK(st.st_mode)) {
			ssize_t len = readlink(path, text, sizeof(text));
			buf_fmt(out, " > %.*s\n", (int)len, text);
		} else if (S_ISREG(st.st_mode)) {
			int fd = open(path, O_RDONLY);
			ssize_t len = read(fd, text, sizeof(text));
			close(fd);
			buf_fmt(out, " = %.*s\n", (int)(len > 0 ? len : 0), text);
		} else {
			buf_u8(out, '\n');
			if (S_ISDIR(st.st_mode))
				tell_into(out, root, rel);
		}
		free(names[i]);
	}
}

/* The whole tree as text; the caller frees it. */
__attribute__((unused)) static char *tell(const char *root)
{
	struct buf out = BUF(1 << 20);
	buf_str_add(&out, "");
	tell_into(&out, root, "");
	assert_int_equal(buf_error(&out), 0);
	char *s = buf_steal(&out, NULL);
	return s ? s : strdup("");
}

static void fresh(const char *name)
{
	assert_int_equal(tree_remove(AT_FDCWD, under(name)), 0);
	assert_int_equal(mkdir(under(name), 0755), 0);
}

/* In memory if that has what an overlay's upper folder has: thousands of syncs take their time on a disk. */
static int set_up(void **state)
{
	(void)state;
	const char *tmp = getenv("TMPDIR"), *places[] = {"/dev/shm", tmp && *tmp ? tmp : "/tmp"};
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		(void)snprintf(top, sizeof(top), "%s/postern-review.XXXXXX", places[i]);
		if (!mkdtemp(top))
			continue;
		if (setxattr(top, "user.postern", "y", 1, 0) == 0 && mknod(under("whiteout"), S_IFCHR, makedev(0, 0)) == 0 &&
		        unlink(under("whiteout")) == 0)
			return setenv("XDG_STATE_HOME", top, 1);
		(void)tree_remove(AT_FDCWD, top);
	}
	return -1;
}

static int tear_down(void **state)
{
	(void)state;
	return tree_remove(AT_FDCWD, top);
}

/* A run that has ended, of the folder lower, whose upper is made from words. */
__attribute__((unused)) static struct review_run run_of(const char *words)
{
	char *command[] = {(char *)(uintptr_t) "tool", NULL}, path[8192];
	struct review_run run;
	struct err err = {0};
	if (review_run_create(&(struct review_run_new){.project = under("lower"), .command = command}, &run, &err) < 0)
		fail_msg("%s", err.text);
	(void)snprintf(path, sizeof(path), "%s/upper", run.path);
	make(path, words);
	assert_int_equal(review_run_end(&run, 0, &err), 0);
	return run;
}

__attribute__((unused)) static void read_set(const struct review_run *run, struct change_source *s, struct change_set *set)
{
	struct err err = {0};
	if (review_run_source(run, s, &err) < 0 || change_set_read(s, set, &err) < 0 || review_flag_set(s, set, &err) < 0)
		fail_msg("%s", err.text);
}

#endif
