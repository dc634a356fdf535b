#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "vet/plan.h"

static unsigned count(const struct plan *p, const char *factor, int base)
{
	unsigned n = 0;
	for (size_t i = 0; i < p->n; i++)
		n += !p->trials[i].baseline && strcmp(factor_table[p->trials[i].factor].name, factor) == 0 &&
		     (base < 0 || (int)p->trials[i].treatment.base == base);
	return n;
}

static unsigned baselines(const struct plan *p, enum vet_base base)
{
	unsigned n = 0;
	for (size_t i = 0; i < p->n; i++)
		n += p->trials[i].baseline && p->trials[i].treatment.base == base;
	return n;
}

static void quick_keeps_its_budget(void **state)
{
	(void)state;
	struct arena arena = ARENA(4 << 20);
	struct plan p, again, other;
	assert_int_equal(plan_build(PLAN_QUICK, 7, NULL, true, &arena, &p, NULL), 0);
	assert_true(p.n <= PLAN_QUICK_MAX - PLAN_QUICK_KEPT);
	assert_int_equal(baselines(&p, BASE_OFFICIAL), 4);
	assert_int_equal(baselines(&p, BASE_GATEWAY), 4);
	for (size_t i = 0; i < 8; i++)
		assert_true(p.trials[i].baseline);
	assert_int_equal(count(&p, "timezone", BASE_GATEWAY), 4);
	assert_true(count(&p, "timezone", BASE_OFFICIAL) >= 2);
	assert_true(count(&p, "gateway", BASE_GATEWAY) >= 5);
	assert_int_equal(count(&p, "gateway", BASE_OFFICIAL), 0);
	for (unsigned f = 0; f < factor_count; f++)
		assert_true(count(&p, factor_table[f].name, -1) >= 1 || factor_level_count(f) == 1);
	for (size_t i = 0; i < p.n; i++) /* exactly one factor off its base level */
		for (unsigned f = 0; f < factor_count; f++)
			assert_int_equal(
			        p.trials[i].treatment.level[f], !p.trials[i].baseline && p.trials[i].factor == f ? p.trials[i].level : 0);
	assert_int_equal(plan_build(PLAN_QUICK, 7, NULL, true, &arena, &again, NULL), 0);
	assert_int_equal(again.n, p.n);
	assert_memory_equal(again.trials, p.trials, p.n * sizeof(*p.trials));
	assert_int_equal(plan_build(PLAN_QUICK, 8, NULL, true, &arena, &other, NULL), 0);
	assert_memory_not_equal(other.trials, p.trials, p.n * sizeof(*p.trials));
	/* Two seeds of different parity see every factor from both bases. */
	for (unsigned f = 0; f < factor_count; f++)
		if (!factor_table[f].only_gateway && factor_level_count(f) > 1)
			for (int b = 0; b < BASE_COUNT; b++)
				assert_true(count(&p, factor_table[f].name, b) + count(&other, factor_table[f].name, b) > 0);
	arena_free(&arena);
}

static void mined_levels_come_in_but_not_past_the_budget(void **state)
{
	(void)state;
	struct arena arena = ARENA(4 << 20);
	struct plan p;
	unsigned g = (unsigned)factor_find("gateway");
	static char names[40][32];
	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		(void)snprintf(names[i], sizeof(names[i]), "mined%u.example", i);
		assert_int_equal(factor_level_add(g, names[i], names[i], true), 0);
	}
	assert_int_equal(plan_build(PLAN_QUICK, 7, NULL, true, &arena, &p, NULL), 0);
	assert_int_equal(p.n, PLAN_QUICK_MAX - PLAN_QUICK_KEPT);
	assert_true(count(&p, "gateway", -1) > 6 && count(&p, "machine_id", -1) == 1);
	factor_level_reset();
	arena_free(&arena);
}

static void without_a_gateway(void **state)
{
	(void)state;
	struct arena arena = ARENA(4 << 20);
	struct plan p;
	assert_int_equal(plan_build(PLAN_QUICK, 1, NULL, false, &arena, &p, NULL), 0);
	assert_int_equal(baselines(&p, BASE_GATEWAY), 0);
	assert_int_equal(count(&p, "gateway", -1), 0);
	assert_int_equal(count(&p, "timezone", BASE_OFFICIAL), 4);
	const char *const *s;
	size_t n;
	assert_int_equal(plan_not_covered(&p, &arena, &s, &n), 0);
	assert_non_null(strstr(s[0], "not run against a gateway"));
	assert_null(s[n]);
	arena_free(&arena);
}

static void filters(void **state)
{
	(void)state;
	struct arena arena = ARENA(4 << 20);
	struct plan p = {.n = 77};
	struct err err = {0};
	assert_int_equal(plan_build(PLAN_NORMAL, 1, "timezone, mac", true, &arena, &p, NULL), 0);
	assert_int_equal(p.n, 12 + 8 + 2);
	assert_int_equal(count(&p, "mac", -1), 2);
	const char *const *s;
	size_t n;
	assert_int_equal(plan_not_covered(&p, &arena, &s, &n), 0);
	assert_non_null(strstr(s[0], "Not varied: locale"));
	p.n = 77;
	assert_int_equal(plan_build(PLAN_NORMAL, 1, "timezone,tmiezone", true, &arena, &p, &err), -EINVAL);
	assert_int_equal(p.n, 77);
	assert_non_null(strstr(err.text, "'tmiezone'"));
	assert_non_null(strstr(err.text, "machine_id"));
	arena_free(&arena);
}

static void thorough_tries_all(void **state)
{
	(void)state;
	struct arena arena = ARENA(16 << 20);
	struct plan p;
	assert_int_equal(plan_build(PLAN_THOROUGH, 1, NULL, true, &arena, &p, NULL), 0);
	for (unsigned f = 0; f < factor_count; f++)
		assert_int_equal(
		        count(&p, factor_table[f].name, -1), (factor_table[f].n_levels - 1) * (factor_table[f].only_gateway ? 1 : 2));
	arena_free(&arena);
}

/* Rows for each base, over the factors that are varied: every pair is met, also when found levels are many. */
static void rows_cover_pairs(void **state)
{
	(void)state;
	struct arena arena = ARENA(16 << 20);
	static char names[30][32];
	unsigned g = (unsigned)factor_find("gateway"), git = (unsigned)factor_find("git"), remote = (unsigned)factor_find("git_remote");
	for (int mined = 0; mined < 2; mined++) {
		struct plan p;
		for (unsigned i = 0; mined && i < ARRAY_LEN(names); i++) {
			(void)snprintf(names[i], sizeof(names[i]), "mined%u.example", i);
			assert_int_equal(factor_level_add(g, names[i], names[i], true), 0);
		}
		if (mined) {
			assert_int_equal(
			        factor_level_add((unsigned)factor_find("hidden_names"), "two", "KESTREL_LAB,PLOVER_LAB", false), 0);
			assert_int_equal(factor_level_add(remote, "mined", "https://mined.example/a.git", false), 0);
		}
		assert_int_equal(plan_build(PLAN_NORMAL, 7, NULL, true, &arena, &p, NULL), 0);
		size_t singles = p.n;
		assert_int_equal(plan_rows(&p, 2, 0, 0, 7, &arena), 0);
		assert_in_range(p.n - singles, 80, 120);
		unsigned of[200] = {0}, alone = 0;
		assert_in_range(p.n_devices, (p.n_rows + 1) / 2, (p.n_rows + 1) / 2 + 1);
		for (int b = 0; b < BASE_COUNT; b++) {
			uint8_t levels[64], *rows = arena_array(&arena, p.n * 64, 1);
			struct cover_forbid forbid[4 * PLAN_AXIS_MAX];
			struct cover_spec s;
			size_t axes = plan_spec(&p, (enum vet_base)b, 2, levels, forbid, &s), n = 0;
			/* But the machine-id, and what the artefact alone has levels of. */
			assert_int_equal(axes, factor_count - (mined ? 1 : 2) - (b == BASE_OFFICIAL));
			bool extra = false;
			for (size_t i = 0; i < p.n; i++) {
				const struct treatment *t = &p.trials[i].treatment;
				if (!p.trials[i].row || (int)t->base != b)
					continue;
				plan_row_of(&p, t, rows + n++ * axes);
				assert_in_range(t->identity, 1, p.n_devices);
				of[t->identity]++;
				assert_false(t->level[git] == 1 && t->level[remote]);
				extra |= t->level[g] >= factor_table[g].n_levels;
			}
			struct cover_count c = cover_check(&s, rows, n);
			assert_true(c.wanted > 800);
			assert_int_equal(c.covered, c.wanted);
			assert_true(extra == (mined && b == BASE_GATEWAY));
		}
		/* Two rows of a base are a device, but the last. */
		for (uint32_t i = 1; i <= p.n_devices; i++) {
			assert_in_range(of[i], 1, 2);
			alone += of[i] == 1;
		}
		assert_in_range(alone, 0, 2);
		/* And every level of the table is set somewhere. */
		for (unsigned f = 0; f < factor_count; f++)
			for (unsigned l = 1; l < (f == g ? factor_table[f].n_levels : factor_level_count(f)); l++) {
				bool set = strcmp(factor_table[f].name, "machine_id") == 0;
				for (size_t i = 0; i < p.n && !set; i++)
					set = p.trials[i].treatment.level[f] == l;
				assert_true(set);
			}
		/* Baselines stay where they are, in front. */
		for (size_t i = 0; i < 12; i++)
			assert_true(p.trials[i].baseline);
	}
	factor_level_reset();
	arena_free(&arena);
}

static void rows_are_limited_and_shared(void **state)
{
	(void)state;
	struct arena arena = ARENA(16 << 20);
	struct plan p, q;
	assert_int_equal(plan_build(PLAN_QUICK, 7, NULL, true, &arena, &p, NULL), 0);
	q = p;
	size_t singles = p.n;
	assert_int_equal(plan_rows(&p, 2, 0, 9, 7, &arena), 0);
	assert_int_equal(p.n, singles + 9);
	unsigned at[BASE_COUNT] = {0};
	for (size_t i = singles; i < p.n; i++)
		at[p.trials[i].treatment.base]++;
	assert_true(at[0] >= 2 && at[1] >= 4);
	/* Many devices: the arrays again, as others. */
	assert_int_equal(plan_rows(&q, 2, 120, 0, 7, &arena), 0);
	assert_int_equal(q.n, singles + 120);
	assert_int_equal(q.n_rows, 120);
	/* No gateway, or one factor: nothing to combine there. */
	assert_int_equal(plan_build(PLAN_NORMAL, 7, "timezone", true, &arena, &p, NULL), 0);
	singles = p.n;
	assert_int_equal(plan_rows(&p, 2, 0, 0, 7, &arena), 0);
	assert_int_equal(p.n, singles);
	arena_free(&arena);
}

/* Several levels are no trial of one of them, however many they are. */
static void fresh_trials(void **state)
{
	(void)state;
	struct treatment t = {.base = BASE_GATEWAY};
	for (unsigned f = (unsigned)factor_count; f-- > 0;) {
		t.level[f] = 1;
		struct plan_trial p = plan_fresh(&t);
		assert_int_equal(p.factor, f == factor_count - 1 ? f : 0);
		assert_int_equal(p.level, f == factor_count - 1);
		assert_false(p.baseline);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(quick_keeps_its_budget),
	        cmocka_unit_test(mined_levels_come_in_but_not_past_the_budget),
	        cmocka_unit_test(without_a_gateway),
	        cmocka_unit_test(filters),
	        cmocka_unit_test(thorough_tries_all),
	        cmocka_unit_test(rows_cover_pairs),
	        cmocka_unit_test(rows_are_limited_and_shared),
	        cmocka_unit_test(fresh_trials),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
