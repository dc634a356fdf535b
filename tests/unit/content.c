/* content: what the scan of the files does to the verdict of a vetting, and what of it is said not to be covered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../integration/report_model.h"
#include "vet/content.h"

static const char *const covered[] = {"One thing was not looked at."};

static struct vet_result result(enum verdict v, const struct scan_result *s, const char *note)
{
	return (struct vet_result){.arena = ARENA((size_t)1 << 20),
	        .verdict = v,
	        .not_covered = covered,
	        .n_not_covered = 1,
	        .content = {.scan = s, .note = note}};
}

static struct scan_result bad_scan(struct scan_file *file)
{
	*file = sample_files[2];
	file->sum.verdict = SCAN_BAD;
	memset(&file->sum.rules, 0, sizeof(file->sum.rules));
	scan_rule_add(&file->sum.rules, SCAN_RULE_CODE_DECODED);
	struct scan_result s = sample_scan;
	s.file = file;
	s.n = 1;
	return s;
}

static void only_what_is_bad_changes_the_verdict(void **state)
{
	(void)state;
	struct scan_file file;
	struct scan_result bad = bad_scan(&file), let = bad;
	const struct {
		enum verdict before, after;
		const struct scan_result *scan;
	} cases[] = {
	        {VERDICT_CLEAN, VERDICT_CLEAN, NULL},
	        {VERDICT_CLEAN, VERDICT_CLEAN, &sample_scan}, /* it has something suspicious, and something unscanned */
	        {VERDICT_CLEAN, VERDICT_FINDINGS, &bad},
	        {VERDICT_CLEAN, VERDICT_CLEAN, &let},
	        {VERDICT_FINDINGS, VERDICT_FINDINGS, &bad},
	        /* That the trials said nothing is not to be forgotten over it. */
	        {VERDICT_INCONCLUSIVE, VERDICT_INCONCLUSIVE, &bad},
	};
	scan_rule_add(&let.reported, SCAN_RULE_CODE_DECODED); /* a policy says that this rule does not block */
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct vet_result r = result(cases[i].before, cases[i].scan, NULL);
		assert_int_equal(content_judge(&r), 0);
		assert_int_equal(r.verdict, cases[i].after);
		arena_free(&r.arena);
	}
}

static void what_was_not_read_is_not_covered(void **state)
{
	(void)state;
	struct vet_result r = result(VERDICT_CLEAN, &sample_scan, "It took too long.");
	assert_int_equal(content_judge(&r), 0);
	assert_int_equal(r.n_not_covered, 3);
	assert_string_equal(r.not_covered[0], covered[0]);
	assert_string_equal(r.not_covered[1], "It took too long.");
	assert_string_equal(r.not_covered[2],
	        "The scan of its files could not judge 1 of them, 60.2 MB: node_modules/@x/y/bin/y. Of these is "
	        "known only what they did in the trials.");
	arena_free(&r.arena);
	r = result(VERDICT_CLEAN, &sample_scan_clean, NULL);
	assert_int_equal(content_judge(&r), 0);
	assert_int_equal(r.n_not_covered, 1);
	arena_free(&r.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(only_what_is_bad_changes_the_verdict),
	        cmocka_unit_test(what_was_not_read_is_not_covered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
