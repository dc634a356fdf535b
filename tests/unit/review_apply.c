/* Applying: all or nothing, whatever fails and whenever the process is killed; conflicts; paths that somebody swaps meanwhile. */
#include "review_tree.h"

#include <pthread.h>

#include "review/apply.h"

/* A bit of everything. */
#define LOWER "a=one b=two gone=x d/ d/f=1 d/g=2 dd/ dd/x=1 dd/y/ dd/y/z=2 file=text folder/ folder/in=1 l>a m=mode k=kept ro/"
#define UPPER                                                                                                                      \
	"a=ONE gone- d/ d/g- d/new=3 dd- file/ file/n=1 file/deep/ file/deep/p=2 folder=flat l>b m!mode n/ n/o/ n/o/p=deep n/q>o " \
	"x!run moved=two b- ro/"
#define AFTER                                                                                                                          \
	"a=ONE d/ d/f=1 d/new=3 file/ file/n=1 file/deep/ file/deep/p=2 folder=flat l>b m!mode k=kept n/ n/o/ n/o/p=deep n/q>o x!run " \
	"moved=two ro/"

static char *before, *after;

static void project(void)
{
	fresh("lower");
	make(under("lower"), LOWER);
	assert_int_equal(chmod(under("lower/ro"), 0755), 0);
}

static struct review_run new_run(void)
{
	struct review_run run = run_of(UPPER);
	char path[8192];
	(void)snprintf(path, sizeof(path), "%s/upper/ro", run.path);
	assert_int_equal(chmod(path, 0555), 0);
	return run;
}

static void make_expected(void)
{
	if (before)
		return;
	project();
	before = tell(under("lower"));
	fresh("want");
	make(under("want"), AFTER);
	assert_int_equal(chmod(under("want/ro"), 0555), 0);
	after = tell(under("want"));
}

static int apply_all(struct review_run *run, const struct apply_options *o, struct apply_result *result, struct err *err)
{
	struct change_source s;
	struct change_set set;
	read_set(run, &s, &set);
	for (size_t i = 0; i < set.n; i++)
		set.change[i].picked = true;
	int r = review_run_lock(run, err);
	if (r == 0)
		r = review_apply(run, &s, &set, o, result, err);
	change_set_free(&set);
	review_run_source_close(&s);
	return r;
}

static void assert_tree(const char *want, const char *what)
{
	_cleanup_free_ char *now = tell(under("lower"));
	if (strcmp(now, want) != 0)
		fail_msg("%s: the project is\n%s\nnot\n%s", what, now, want);
}

static void drop(struct review_run *run)
{
	assert_int_equal(review_run_remove(run, NULL), 0);
	review_run_free(run);
}

static void everything_is_applied(void **state)
{
	(void)state;
	make_expected();
	project();
	struct review_run run = new_run();
	struct apply_result result = {0};
	struct err err = {0};
	if (apply_all(&run, &(struct apply_options){0}, &result, &err) < 0)
		fail_msg("%s", err.text);
	assert_tree(after, "applied");
	assert_false(apply_pending(&run));
	/* Nothing is left to say. */
	struct change_source s;
	struct change_set set;
	read_set(&run, &s, &set);
	assert_int_equal(set.n, 0);
	change_set_free(&set);
	review_run_source_close(&s);
	drop(&run);
}

/* ---- interruptions: the n-th operation is where it ends */

static int countdown;
static bool kill_it;
static int steps;

static int step(const char *operation)
{
	(void)operation;
	steps++;
	if (countdown && --countdown == 0) {
		if (kill_it)
			_exit(42);
		return -EIO;
	}
	return 0;
}

static int count_steps(void)
{
	project();
	struct review_run run = new_run();
	struct apply_result result;
	steps = countdown = 0;
	apply_step = step;
	assert_int_equal(apply_all(&run, &(struct apply_options){0}, &result, NULL), 0);
	apply_step = NULL;
	drop(&run);
	return steps;
}

static int in_child(struct review_run *run, int at, int (*what)(struct review_run *run))
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		countdown = at;
		kill_it = true;
		apply_step = step;
		_exit(what(run) < 0 ? 1 : 0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int do_apply(struct review_run *run)
{
	struct apply_result result;
	return apply_all(run, &(struct apply_options){0}, &result, NULL);
}

static int do_finish(struct review_run *run)
{
	bool finished;
	return apply_recover(run, true, &finished, NULL);
}

static int do_undo(struct review_run *run)
{
	bool finished;
	return apply_recover(run, false, &finished, NULL);
}

/* Killed at each operation, then finished or undone: the project is as after, or as before. */
static void killed_at_every_step(void **state)
{
	(void)state;
	make_expected();
	int all = count_steps(), befores = 0, afters = 0;
	assert_true(all > 25);
	for (int finish = 0; finish < 2; finish++)
		for (int at = 1; at <= all; at++) {
			project();
			struct review_run run = new_run();
			char what[64];
			(void)snprintf(what, sizeof(what), "%s after a kill at step %d of %d", finish ? "finish" : "undo", at, all);
			assert_int_equal(in_child(&run, at, do_apply), 42);
			bool finished = false;
			struct err err = {0};
			if (apply_pending(&run) && apply_recover(&run, finish, &finished, &err) < 0)
				fail_msg("%s: %s", what, err.text);
			assert_false(apply_pending(&run));
			assert_tree(finished ? after : before, what);
			befores += !finished;
			afters += finished;
			drop(&run);
		}
	/* Both happen, and finishing is possible as soon as there is a journal. */
	assert_true(befores > all / 2 && afters > all / 3);
}

/* And killed again while it is finished or undone. */
static void killed_twice(void **state)
{
	(void)state;
	make_expected();
	int all = count_steps();
	for (int finish = 0; finish < 2; finish++)
		for (int at = 1; at <= all; at += 3)
			for (int again = 1; again <= all; again += 4) {
				project();
				struct review_run run = new_run();
				assert_int_equal(in_child(&run, at, do_apply), 42);
				if (apply_pending(&run))
					(void)in_child(&run, again, finish ? do_finish : do_undo);
				bool finished = false, pending = apply_pending(&run);
				struct err err = {0};
				if (pending && apply_recover(&run, finish, &finished, &err) < 0)
					fail_msg("at %d, then at %d of a %s: %s", at, again, finish ? "finish" : "undo", err.text);
				_cleanup_free_ char *now = tell(under("lower"));
				if (strcmp(now, before) != 0 && strcmp(now, after) != 0)
					fail_msg("at %d, then at %d of a %s: the project is\n%s", at, again, finish ? "finish" : "undo",
					        now);
				drop(&run);
			}
}

/* An error at each operation: nothing was applied, or it says that recovery is needed, and that works. */
static void refused_at_every_step(void **state)
{
	(void)state;
	make_expected();
	int all = count_steps(), pending = 0;
	for (int at = 1; at <= all; at++) {
		project();
		struct review_run run = new_run();
		struct apply_result result;
		struct err err = {0};
		char what[64];
		(void)snprintf(what, sizeof(what), "an error at step %d of %d", at, all);
		countdown = at;
		kill_it = false;
		apply_step = step;
		int r = apply_all(&run, &(struct apply_options){0}, &result, &err);
		apply_step = NULL;
		countdown = 0;
		assert_true(r < 0 && err.text[0]);
		if (r != -EINPROGRESS && !apply_pending(&run)) {
			assert_tree(before, what);
		} else {
			bool finished;
			pending++;
			if (apply_recover(&run, true, &finished, &err) < 0)
				fail_msg("%s: %s", what, err.text);
			assert_tree(finished ? after : before, what);
		}
		drop(&run);
	}
	assert_true(pending < 8);
}

/* ---- conflicts */

static void conflicts_are_refused(void **state)
{
	static const struct {
		const char *lower, *meanwhile, *upper; /* meanwhile: what the project is changed to */
	} table[] = {
	        {"a=1", "a=9", "a=2"},
	        {"a=1", "a=9", "a-"},
	        {"a=1", "b=9", "b=2"},
	        {"d/ d/a=1", "d/a=9", "d-"},
	        {"d/ d/a=1", "d/b=9", "d-"},
	        {"a=1", "l>x", "l>y"},
	        {"d/ d/a=1", "d/b=9", "d=2"},
	        {"a=1", "n/ n/x=1", "n=2"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		fresh("lower");
		make(under("lower"), table[i].lower);
		make(under("lower"), "other=1");
		/* Times of files have the kernel's ticks. */
		(void)usleep(20000);
		char words[256];
		(void)snprintf(words, sizeof(words), "other=2 %s", table[i].upper);
		struct review_run run = run_of(words);
		(void)usleep(20000);
		make(under("lower"), table[i].meanwhile);
		_cleanup_free_ char *now = tell(under("lower"));
		struct apply_result result;
		struct err err = {0};
		int r = apply_all(&run, &(struct apply_options){0}, &result, &err);
		if (r != -EEXIST)
			fail_msg("%zu: %d, %s", i, r, err.text);
		assert_tree(now, table[i].meanwhile);
		/* Unless it is wanted. */
		if (apply_all(&run, &(struct apply_options){.force = true}, &result, &err) < 0)
			fail_msg("%zu with force: %s", i, err.text);
		drop(&run);
	}
}

/* A change of another between the look and the rename. */
static int meddle_at;

static int meddle(const char *operation)
{
	if ((strcmp(operation, "put") == 0 || strcmp(operation, "remove") == 0) && ++steps == meddle_at) {
		assert_int_equal(unlink(under("lower/a")), 0);
		make_file(under("lower/a"), "of another", 0644);
	}
	return 0;
}

static void a_change_in_the_last_moment_is_kept(void **state)
{
	(void)state;
	for (int i = 1; i <= 2; i++) {
		fresh("lower");
		make(under("lower"), "0=zero a=one");
		struct review_run run = run_of(i == 1 ? "0=null a=two" : "0- a-");
		struct apply_result result;
		struct err err = {0};
		steps = 0;
		meddle_at = 2;
		apply_step = meddle;
		int r = apply_all(&run, &(struct apply_options){0}, &result, &err);
		apply_step = NULL;
		assert_int_equal(r, -EEXIST);
		assert_tree("0 100644 = zero\na 100644 = of another\n", "swapped");
		assert_false(apply_pending(&run));
		drop(&run);
	}
}

/* And in a folder that is about to go. */
static int meddle_below(const char *operation)
{
	if (strcmp(operation, "put") == 0 || strcmp(operation, "remove") == 0)
		make(under("lower"), "d/e/new=9");
	return 0;
}

static void what_is_put_into_a_folder_that_goes_is_kept(void **state)
{
	static const char *const uppers[] = {"d-", "d=file"};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(uppers); i++) {
		fresh("lower");
		make(under("lower"), "d/ d/e/ d/e/a=1");
		struct review_run run = run_of(uppers[i]);
		struct apply_result result;
		struct err err = {0};
		apply_step = meddle_below;
		int r = apply_all(&run, &(struct apply_options){0}, &result, &err);
		apply_step = NULL;
		assert_int_equal(r, -EEXIST);
		assert_tree("d 40755\nd/e 40755\nd/e/a 100644 = 1\nd/e/new 100644 = 9\n", uppers[i]);
		assert_false(apply_pending(&run));
		drop(&run);
	}
}

/* A change of another after the set was read, before anything is staged. */
static const char *meanwhile;

static int meddle_first(const char *operation)
{
	if (strcmp(operation, "make staging") == 0)
		make(under("lower"), meanwhile);
	return 0;
}

static void what_came_after_the_look_is_kept(void **state)
{
	static const struct {
		const char *lower, *upper, *meanwhile;
	} table[] = {
	        {"d/ d/a=1 z=1", "d- z=2", "d/b=9"},
	        {"d/ d/a=1 z=1", "d- z=2", "d/a=99"},
	        {"d/ d/a=1 z=1", "d=file z=2", "d/b=9"},
	        {"d/ d/e/ d/e/a=1 z=1", "d- z=2", "d/e/b=9"},
	        {"a=1 z=1", "a=2 z=2", "a=99"},
	        {"a=1 z=1", "a- z=2", "a=99"},
	        {"z=1", "a=2 z=2", "a=99"},
	        {"z=1", "a/ a/b=1 z=2", "a/ a/c=99"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		fresh("lower");
		make(under("lower"), table[i].lower);
		struct review_run run = run_of(table[i].upper);
		struct apply_result result;
		struct err err = {0};
		fresh("want");
		make(under("want"), table[i].lower);
		make(under("want"), table[i].meanwhile);
		_cleanup_free_ char *want = tell(under("want"));
		meanwhile = table[i].meanwhile;
		apply_step = meddle_first;
		int r = apply_all(&run, &(struct apply_options){0}, &result, &err);
		apply_step = NULL;
		if (r != -EEXIST)
			fail_msg("%zu: %d, %s", i, r, err.text);
		assert_tree(want, table[i].meanwhile);
		/* Not even with force does a folder go that has got something new. */
		if (strcmp(table[i].meanwhile, "d/b=9") == 0) {
			apply_step = meddle_first;
			assert_int_equal(unlink(under("lower/d/b")), 0);
			assert_int_equal(apply_all(&run, &(struct apply_options){.force = true}, &result, &err), -EEXIST);
			apply_step = NULL;
			assert_tree(want, "with force");
		}
		assert_false(apply_pending(&run));
		drop(&run);
	}
}

/* ---- swapped paths */

static volatile bool enough;
static volatile unsigned long swaps;

/* "d" is a folder of the project, "e" a link to a folder outside: they change places all the time. */
static void *swapper(void *arg)
{
	int dir = *(int *)arg;
	while (!enough) {
		if (renameat2(dir, "d", dir, "e", RENAME_EXCHANGE) == 0)
			swaps++;
	}
	return NULL;
}

static void nothing_is_written_through_a_swapped_folder(void **state)
{
	(void)state;
	int done = 0, refused = 0;
	/* How many meet is for the scheduler to say: on until one has. */
	for (int i = 0; i < 150 || (refused == 0 && i < 3000); i++) {
		fresh("lower");
		fresh("outside");
		make(under("lower"), "d/ d/f=1 d/g=2 d/h=3");
		make(under("outside"), "f=mine g=mine sub/");
		_cleanup_free_ char *mine = tell(under("outside"));
		assert_int_equal(symlink("../outside", under("lower/e")), 0);
		struct review_run run = run_of("d/ d/f=new d/g- d/n=add d/s/ d/s/t=deep");
		struct change_source s;
		struct change_set set;
		read_set(&run, &s, &set);
		for (size_t k = 0; k < set.n; k++)
			set.change[k].picked = true;
		pthread_t thread;
		enough = false;
		assert_int_equal(pthread_create(&thread, NULL, swapper, &s.lower), 0);
		struct apply_result result;
		struct err err = {0};
		int r = review_apply(&run, &s, &set, &(struct apply_options){0}, &result, &err);
		enough = true;
		(void)pthread_join(thread, NULL);
		done += r == 0;
		refused += r < 0;
		_cleanup_free_ char *now = tell(under("outside"));
		if (strcmp(now, mine) != 0)
			fail_msg("outside is\n%s", now);
		/* Nobody else's folder holds what is staged, and what was half done can be put right when it is quiet. */
		struct stat st;
		if (lstat(under("lower/d"), &st) == 0 && S_ISLNK(st.st_mode))
			assert_int_equal(renameat2(s.lower, "d", s.lower, "e", RENAME_EXCHANGE), 0);
		bool finished = r == 0;
		if (apply_pending(&run) && apply_recover(&run, false, &finished, &err) < 0)
			fail_msg("%s", err.text);
		_cleanup_free_ char *tree = tell(under("lower/d"));
		assert_string_equal(tree, finished ? "f 100644 = new\nh 100644 = 3\nn 100644 = add\ns 40755\ns/t 100644 = deep\n"
		                                   : "f 100644 = 1\ng 100644 = 2\nh 100644 = 3\n");
		change_set_free(&set);
		review_run_source_close(&s);
		drop(&run);
	}
	assert_true(swaps > 100);
	print_message("%d applied, %d refused, %lu swaps\n", done, refused, swaps);
	assert_true(refused > 0);
}

/* What the tool itself left: a link where the project has a folder is a change of type, and is not gone through. */
static void links_of_the_tool_are_not_followed(void **state)
{
	(void)state;
	fresh("lower");
	fresh("outside");
	make(under("outside"), "f=mine");
	make(under("lower"), "d/ d/f=1");
	struct review_run run = run_of("d>../outside");
	struct apply_result result;
	struct err err = {0};
	if (apply_all(&run, &(struct apply_options){0}, &result, &err) < 0)
		fail_msg("%s", err.text);
	assert_tree("d 120777 > ../outside\n", "replaced");
	drop(&run);
	run = run_of("d/ d/f=evil");
	/* The project's d is a link now; the upper folder takes its place, and the link's target stays. */
	if (apply_all(&run, &(struct apply_options){0}, &result, &err) < 0)
		fail_msg("%s", err.text);
	assert_tree("d 40755\nd/f 100644 = evil\n", "replaced back");
	_cleanup_free_ char *now = tell(under("outside"));
	assert_string_equal(now, "f 100644 = mine\n");
	drop(&run);
}

static void what_cannot_be_applied_is_left_out(void **state)
{
	(void)state;
	fresh("lower");
	make(under("lower"), "a=1");
	struct review_run run = run_of("a=2 s=x n/");
	char path[8192];
	(void)snprintf(path, sizeof(path), "%s/upper/n/fifo", run.path);
	assert_int_equal(mkfifo(path, 0644), 0);
	(void)snprintf(path, sizeof(path), "%s/upper/s", run.path);
	assert_int_equal(chmod(path, 06755), 0);
	struct apply_result result;
	struct err err = {0};
	if (apply_all(&run, &(struct apply_options){0}, &result, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(result.left_out, 1);
	assert_int_equal(result.applied, 3);
	assert_tree("a 100644 = 2\nn 40755\ns 100755 = x\n", "without the bits");
	drop(&run);
	run = run_of("t=x");
	(void)snprintf(path, sizeof(path), "%s/upper/t", run.path);
	assert_int_equal(chmod(path, 04755), 0);
	assert_int_equal(apply_all(&run, &(struct apply_options){.keep_setuid = true}, &result, &err), 0);
	assert_tree("a 100644 = 2\nn 40755\ns 100755 = x\nt 104755 = x\n", "with the bits");
	drop(&run);
}

static int refuse(void *arg, const struct change_set *set, struct err *err)
{
	bool *called = arg;
	char text[8];
	*called = true;
	for (size_t i = 0; i < set->n; i++)
		assert_non_null(set->change[i].sha256);
	/* What is staged lies beside; the project's own is as it was. */
	int fd = open(under("lower/a"), O_RDONLY);
	assert_int_equal(read(fd, text, sizeof(text)), 1);
	close(fd);
	assert_int_equal(text[0], '1');
	assert_int_equal(access(under("lower/b"), F_OK), -1);
	return err_set(err, -EIO, "no ledger");
}

static void nothing_happens_without_an_entry(void **state)
{
	(void)state;
	fresh("lower");
	make(under("lower"), "a=1");
	struct review_run run = run_of("a=2 b=3");
	struct apply_result result;
	struct err err = {0};
	bool called = false;
	volatile sig_atomic_t stop = 1;
	assert_int_equal(apply_all(&run, &(struct apply_options){.before = refuse, .arg = &called}, &result, &err), -EIO);
	assert_string_equal(err.text, "no ledger");
	assert_true(called);
	assert_tree("a 100644 = 1\n", "refused");
	assert_int_equal(apply_all(&run, &(struct apply_options){.stop = &stop}, &result, &err), -ECANCELED);
	assert_tree("a 100644 = 1\n", "stopped");
	assert_false(apply_pending(&run));
	drop(&run);
}

static void a_part(void **state)
{
	(void)state;
	fresh("lower");
	make(under("lower"), "d/ d/a=first d/b=second c=3");
	struct review_run run = run_of("d- c=4 n/ n/x=1 n/y=2");
	struct change_source s;
	struct change_set set;
	struct apply_result result;
	struct err err = {0};
	read_set(&run, &s, &set);
	/* One file of a removed folder, one of a new one. */
	change_find(&set, "d")->picked = change_find(&set, "d/a")->picked = change_find(&set, "n/y")->picked = true;
	if (review_apply(&run, &s, &set, &(struct apply_options){0}, &result, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(result.applied, 3); /* d/a, n, n/y */
	assert_tree("c 100644 = 3\nd 40755\nd/b 100644 = second\nn 40755\nn/y 100644 = 2\n", "a part");
	change_set_free(&set);
	review_run_source_close(&s);
	/* The rest. */
	if (apply_all(&run, &(struct apply_options){0}, &result, &err) < 0)
		fail_msg("%s", err.text);
	assert_tree("c 100644 = 4\nn 40755\nn/x 100644 = 1\nn/y 100644 = 2\n", "the rest");
	drop(&run);
}

int main(void)
{
	if (!find_place())
		return 77;
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(everything_is_applied),
	        cmocka_unit_test(a_part),
	        cmocka_unit_test(killed_at_every_step),
	        cmocka_unit_test(killed_twice),
	        cmocka_unit_test(refused_at_every_step),
	        cmocka_unit_test(conflicts_are_refused),
	        cmocka_unit_test(what_is_put_into_a_folder_that_goes_is_kept),
	        cmocka_unit_test(what_came_after_the_look_is_kept),
	        cmocka_unit_test(a_change_in_the_last_moment_is_kept),
	        cmocka_unit_test(nothing_is_written_through_a_swapped_folder),
	        cmocka_unit_test(links_of_the_tool_are_not_followed),
	        cmocka_unit_test(what_cannot_be_applied_is_left_out),
	        cmocka_unit_test(nothing_happens_without_an_entry),
	};
	int r = cmocka_run_group_tests(tests, NULL, tear_down);
	free(before);
	free(after);
	return r;
}
