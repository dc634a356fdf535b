#include "base/opt.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct values {
	bool quick, verbose;
	const char *out;
	uint64_t jobs;
	unsigned format;
	struct opt_list factors, classes;
};

static const char *const formats[] = {"text", "json", NULL};
static const char *const classes[] = {"hashed", "covert", NULL};
static const struct opt table[] = {
        OPT_FLAG(struct values, quick, "quick", 'q', "fewer trials"),
        OPT_FLAG(struct values, verbose, "verbose", 'v', "say more"),
        OPT_STRING(struct values, out, "out", 'o', "DIR", "write the report into this folder, which is made if it is not there yet"),
        OPT_U64(struct values, jobs, "jobs", 'j', "N", 1, 64, "trials at once"),
        OPT_CHOICE(struct values, format, "format", 0, "FORMAT", formats, "how to print"),
        OPT_LIST(struct values, factors, "factors", 0, "LIST", NULL, "vary only these"),
        OPT_LIST(struct values, classes, "classes", 0, "LIST", classes, "show only these"),
        OPT_END,
};

#define MAX_WORDS 80
struct run {
	int r;
	struct values v;
	struct opt_args a;
	struct err err;
	char text[2048];
	char *argv[MAX_WORDS + 1];
	int argc;
};

/* The words of a command line, separated by blanks. */
static struct run *run(const char *line)
{
	static struct run t;
	t = (struct run){.v = {.jobs = 2, .out = "here"}};
	assert_true(strlen(line) < sizeof(t.text));
	memcpy(t.text, line, strlen(line));
	char *save = NULL;
	for (char *w = strtok_r(t.text, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		assert_true(t.argc < MAX_WORDS);
		t.argv[t.argc++] = w;
	}
	t.r = opt_parse(table, t.argc, t.argv, &t.v, &t.a, &t.err);
	return &t;
}

static void takes_every_form(void **state)
{
	(void)state;
	struct run *t = run("one --quick --out=a=b two -j 7 --format json -v three");
	assert_int_equal(t->r, 0);
	assert_true(t->v.quick && t->v.verbose);
	assert_string_equal(t->v.out, "a=b");
	assert_int_equal(t->v.jobs, 7);
	assert_int_equal(t->v.format, 1);
	assert_int_equal(t->a.n, 3);
	assert_string_equal(t->a.arg[0], "one");
	assert_string_equal(t->a.arg[1], "two");
	assert_string_equal(t->a.arg[2], "three");
	assert_null(t->a.rest);

	t = run("-qvoDIR -j3 --out x -");
	assert_int_equal(t->r, 0);
	assert_true(t->v.quick && t->v.verbose);
	assert_string_equal(t->v.out, "x"); /* the last one counts */
	assert_int_equal(t->v.jobs, 3);
	assert_int_equal(t->a.n, 1);
	assert_string_equal(t->a.arg[0], "-");

	t = run("");
	assert_int_equal(t->r, 0);
	assert_int_equal(t->v.jobs, 2); /* defaults stay */
	assert_string_equal(t->v.out, "here");
	assert_int_equal(t->a.n, 0);
}

static void dashes_end_the_options(void **state)
{
	(void)state;
	struct run *t = run("a --out o -- cmd --quick -- -x");
	assert_int_equal(t->r, 0);
	assert_false(t->v.quick);
	assert_int_equal(t->a.n, 1);
	assert_int_equal(t->a.n_rest, 4);
	assert_string_equal(t->a.rest[0], "cmd");
	assert_string_equal(t->a.rest[1], "--quick");
	assert_string_equal(t->a.rest[2], "--");
	assert_string_equal(t->a.rest[3], "-x");
	assert_null(t->a.rest[4]);

	t = run("--out -- --");
	assert_int_equal(t->r, 0);
	assert_string_equal(t->v.out, "--"); /* a value may look like anything */
	assert_non_null(t->a.rest);
	assert_int_equal(t->a.n_rest, 0);
}

static void lists_grow(void **state)
{
	(void)state;
	struct run *t = run("--factors a,b --factors=c --classes covert,hashed");
	assert_int_equal(t->r, 0);
	assert_int_equal(t->v.factors.n, 3);
	assert_string_equal(t->v.factors.item[1], "b");
	assert_string_equal(t->v.factors.item[2], "c");
	assert_int_equal(t->v.classes.n, 2);

	char many[OPT_LIST_MAX * 2 + 16] = "--factors=a";
	for (size_t i = 1; i < OPT_LIST_MAX; i++)
		memcpy(many + strlen(many), ",a", 3);
	assert_int_equal(run(many)->v.factors.n, OPT_LIST_MAX);
	memcpy(many + strlen(many), ",a", 3);
	t = run(many);
	assert_int_equal(t->r, -EINVAL);
	assert_int_equal(t->v.factors.n, OPT_LIST_MAX);
}

static void help_ends_the_parsing(void **state)
{
	(void)state;
	assert_true(run("--quick --help --nonsense")->a.help);
	assert_true(run("-qh")->a.help);
	assert_false(run("-- --help")->a.help);
}

static void mistakes_are_sentences(void **state)
{
	(void)state;
	static const struct {
		const char *line, *says;
	} rows[] = {
	        {"--qiuck", "there is no option --qiuck; did you mean --quick?"},
	        {"--verb", "there is no option --verb; did you mean --verbose?"},
	        {"--hlep", "did you mean --help?"},
	        {"--something-else", "there is no option --something-else"},
	        {"-x", "there is no option -x"},
	        {"-qx", "there is no option -x"},
	        {"--quick=yes", "--quick takes no value"},
	        {"--out", "--out wants a value: --out=DIR"},
	        {"-o", "-o wants a value: -o DIR"},
	        {"--out=", "--out wants a value that is not empty (DIR)"},
	        {"--jobs 0", "--jobs takes a whole number from 1 to 64, not \"0\""},
	        {"--jobs 65", "from 1 to 64"},
	        {"--jobs -1", "not \"-1\""},
	        {"--jobs 1x", "not \"1x\""},
	        {"--jobs 99999999999999999999999", "from 1 to 64"},
	        {"--format xml", "--format takes text or json, not \"xml\""},
	        {"--format jsn", "did you mean json?"},
	        {"--classes hashed,cover", "did you mean covert?"},
	        {"--factors a,,b", "--factors has an empty word in its list"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct run *t = run(rows[i].line);
		assert_int_equal(t->r, -EINVAL);
		assert_int_equal(t->err.code, -EINVAL);
		if (!strstr(t->err.text, rows[i].says))
			fail_msg("\"%s\" gives \"%s\", not \"%s\"", rows[i].line, t->err.text, rows[i].says);
		assert_null(t->a.arg); /* untouched */
	}
}

static void help_names_everything(void **state)
{
	(void)state;
	for (size_t width = 0; width < 200; width += 40) {
		_cleanup_buf_ struct buf out = BUF(8192);
		opt_help(&out, table, width);
		assert_int_equal(buf_error(&out), 0);
		assert_non_null(strstr(buf_str(&out), "  -o, --out DIR "));
		assert_non_null(strstr(buf_str(&out), "(text, json)"));
		assert_non_null(strstr(buf_str(&out), "      --factors LIST"));
		assert_non_null(strstr(buf_str(&out), "-h, --help"));
		struct slice rest = buf_slice(&out), line;
		while (slice_split(&rest, '\n', &line))
			assert_true(line.n <= (width < 60 ? 60 : width));
	}
}

static void distance_counts_slips(void **state)
{
	(void)state;
	assert_int_equal(opt_distance("", ""), 0);
	assert_int_equal(opt_distance("abc", ""), 3);
	assert_int_equal(opt_distance("abc", "abc"), 0);
	assert_int_equal(opt_distance("abc", "acb"), 1);
	assert_int_equal(opt_distance("kitten", "sitting"), 3);
	assert_int_equal(opt_distance("vet", "et"), 1);
	char a[66], b[66];
	memset(a, 'x', sizeof(a));
	memset(b, 'y', sizeof(b));
	a[64] = b[64] = 0;
	assert_int_equal(opt_distance(a, b), 64);
	a[64] = 'x';
	a[65] = 0;
	assert_true(opt_distance(a, b) == SIZE_MAX && opt_distance(b, a) == SIZE_MAX);
	static const char *const words[] = {"scan", "vet", "verify", NULL};
	assert_string_equal(opt_nearest("vte", words), "vet");
	assert_string_equal(opt_nearest("verfiy", words), "verify");
	assert_string_equal(opt_nearest("veri", words), "verify");
	assert_null(opt_nearest("x", words));
	assert_null(opt_nearest("inventory", words));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(takes_every_form),
	        cmocka_unit_test(dashes_end_the_options),
	        cmocka_unit_test(lists_grow),
	        cmocka_unit_test(help_ends_the_parsing),
	        cmocka_unit_test(mistakes_are_sentences),
	        cmocka_unit_test(help_names_everything),
	        cmocka_unit_test(distance_counts_slips),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
