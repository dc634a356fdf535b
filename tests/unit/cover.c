/* Covering arrays: that they cover, and how large they are beside published ones. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "vet/cover.h"

/* Published sizes: N of the best array known, from C. Colbourn's tables of covering array numbers (t = 2 to 4) and, for mixed levels, from
 * the comparison in Cohen, Dalal, Fredman, Patton 1997 and Lei, Kacker, Kuhn, Okun, Lawrence: IPOG, 2007. `most` is what we allow
 * ourselves: a greedy array is not the best one. */
static const struct {
	const char *name;
	unsigned strength;
	uint8_t levels[COVER_AXES_MAX];
	size_t best, most;
} known[] = {
        /* CAN(2, k, 2): the smallest N with C(N - 1, ceil(N / 2)) >= k (Kleitman and Spencer, Katona 1973), so exact. */
        {"2^4", 2, {2, 2, 2, 2}, 5, 6},
        {"2^10", 2, {2, 2, 2, 2, 2, 2, 2, 2, 2, 2}, 6, 8},
        {"2^24", 2, {2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2}, 8, 11},
        /* An orthogonal array of 9 rows exists. */
        {"3^4", 2, {3, 3, 3, 3}, 9, 9},
        {"3^13", 2, {3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3}, 15, 19},
        /* An orthogonal array of 16 rows, OA(16, 5, 4, 2). */
        {"4^5", 2, {4, 4, 4, 4, 4}, 16, 19},
        /* 21 for AETG, the best known. */
        {"4^1 3^39 2^35 (cut to 64 axes: 4^1 3^33 2^30)", 2,
                {4, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 2,
                        2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2},
                21, 29},
        {"5^1 3^8 2^2", 2, {5, 3, 3, 3, 3, 3, 3, 3, 3, 2, 2}, 15, 22},
        {"7^1 6^1 5^1 4^6 3^8 2^3", 2, {7, 6, 5, 4, 4, 4, 4, 4, 4, 3, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2}, 42, 50},
        /* CAN(3, 4, 2) = 8 (orthogonal), CAN(3, 11, 2) = 12 (Hadamard), CAN(3, 4, 3) = 27, CAN(3, 6, 3) = 33. */
        {"2^4, three", 3, {2, 2, 2, 2}, 8, 8},
        {"2^11, three", 3, {2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2}, 12, 19},
        {"3^6, three", 3, {3, 3, 3, 3, 3, 3}, 33, 46},
        {"2^5, four", 4, {2, 2, 2, 2, 2}, 16, 18},
};

static size_t axes_of(const uint8_t *levels)
{
	size_t n = 0;
	while (n < COVER_AXES_MAX && levels[n])
		n++;
	return n;
}

static void covers_and_is_small(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		struct arena arena = ARENA(4 << 20);
		struct cover_spec s = {
		        .levels = known[i].levels, .axes = axes_of(known[i].levels), .strength = known[i].strength, .seed = 7};
		struct cover_array a;
		assert_int_equal(cover_build(&s, &arena, &a), 0);
		struct cover_count c = cover_check(&s, a.level, a.rows);
		print_message("%s: %zu rows, best known %zu\n", known[i].name, a.rows, known[i].best);
		assert_true(c.wanted > 0);
		assert_int_equal(c.covered, c.wanted);
		assert_in_range(a.rows, known[i].best, known[i].most);
		/* A checker that sees nothing would be content with less. */
		struct cover_count fewer = cover_check(&s, a.level, a.rows - 1);
		assert_true(fewer.covered < fewer.wanted);
		arena_free(&arena);
	}
}

/* By counting: with the combinations of every t of the axes written down. */
static void the_checker_counts_right(void **state)
{
	(void)state;
	static const uint8_t levels[] = {2, 3, 2, 4};
	struct cover_spec s = {.levels = levels, .axes = 4, .strength = 2};
	static const uint8_t rows[] = {0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 0, 3};
	struct cover_count c = cover_check(&s, rows, 3);
	assert_int_equal(c.wanted, 6 + 4 + 8 + 6 + 12 + 8);
	/* Each row has 6 pairs, and no two rows share one. */
	assert_int_equal(c.covered, 18);
	s.strength = 3;
	c = cover_check(&s, rows, 3);
	assert_int_equal(c.wanted, 12 + 24 + 16 + 24);
	assert_int_equal(c.covered, 12);
	assert_int_equal(cover_check(&s, rows, 0).covered, 0);
}

/* Mixed levels of every strength, with the seed and the shape drawn. */
static void walks_strengths_and_levels(void **state)
{
	(void)state;
	for (unsigned t = 1; t <= 3; t++)
		for (uint64_t seed = 0; seed < 12; seed++) {
			struct arena arena = ARENA(4 << 20);
			uint8_t levels[12];
			size_t axes = 2 + (size_t)(seed * 7 % 10);
			for (size_t i = 0; i < axes; i++)
				levels[i] = (uint8_t)(1 + (seed + i * i + t) % 5);
			struct cover_spec s = {.levels = levels, .axes = axes, .strength = t, .seed = seed};
			struct cover_array a, again;
			assert_int_equal(cover_build(&s, &arena, &a), 0);
			struct cover_count c = cover_check(&s, a.level, a.rows);
			assert_int_equal(c.covered, c.wanted);
			assert_int_equal(cover_build(&s, &arena, &again), 0);
			assert_int_equal(again.rows, a.rows);
			assert_memory_equal(again.level, a.level, a.rows * axes);
			arena_free(&arena);
		}
}

static void forbidden_levels_never_meet(void **state)
{
	(void)state;
	struct arena arena = ARENA(4 << 20);
	/* Axis 0 says which base, axis 1 has levels only in base 1, and axis 2 at 1 rules out axis 3 at 1 or 2. */
	static const uint8_t levels[] = {2, 6, 2, 3, 3, 2};
	static const struct cover_forbid forbid[] = {{{0, 1}, {0, 1}}, {{0, 1}, {0, 2}}, {{0, 1}, {0, 3}}, {{0, 1}, {0, 4}},
	        {{0, 1}, {0, 5}}, {{2, 3}, {1, 1}}, {{2, 3}, {1, 2}}};
	for (unsigned t = 2; t <= 3; t++) {
		struct cover_spec s = {
		        .levels = levels, .axes = 6, .strength = t, .forbid = forbid, .n_forbid = ARRAY_LEN(forbid), .seed = t};
		struct cover_array a;
		assert_int_equal(cover_build(&s, &arena, &a), 0);
		for (size_t r = 0; r < a.rows; r++) {
			const uint8_t *row = a.level + r * 6;
			assert_false(row[0] == 0 && row[1] != 0);
			assert_false(row[2] == 1 && row[3] != 0);
		}
		struct cover_count c = cover_check(&s, a.level, a.rows);
		assert_int_equal(c.covered, c.wanted);
		struct cover_spec free_one = s;
		free_one.n_forbid = 0;
		assert_true(cover_check(&free_one, a.level, a.rows).covered < cover_check(&free_one, a.level, a.rows).wanted);
	}
	arena_free(&arena);
}

/* Each level of axis 0 rules it out: not seen in the level alone, but in what is left for the others. */
static void what_nothing_goes_with_is_never_set(void **state)
{
	(void)state;
	struct arena arena = ARENA(4 << 20);
	static const uint8_t levels[] = {2, 3, 2, 2};
	static const struct cover_forbid forbid[] = {{{0, 1}, {0, 2}}, {{0, 1}, {1, 2}}};
	struct cover_spec s = {.levels = levels, .axes = 4, .strength = 2, .forbid = forbid, .n_forbid = ARRAY_LEN(forbid), .seed = 3};
	struct cover_array a;
	assert_int_equal(cover_build(&s, &arena, &a), 0);
	for (size_t r = 0; r < a.rows; r++)
		assert_int_not_equal(a.level[r * 4 + 1], 2);
	/* Of 2 * 3 + 2 * 2 + 2 * 2 + 3 * 2 + 3 * 2 + 2 * 2 pairs, six have that level. */
	struct cover_count c = cover_check(&s, a.level, a.rows);
	assert_int_equal(c.wanted, 30 - 6);
	assert_int_equal(c.covered, c.wanted);
	arena_free(&arena);
}

static void cut_short_it_covers_most(void **state)
{
	(void)state;
	struct arena arena = ARENA(4 << 20);
	uint8_t levels[24];
	memset(levels, 2, sizeof(levels));
	struct cover_spec s = {.levels = levels, .axes = 24, .strength = 2, .seed = 3, .max_rows = 6};
	struct cover_array a;
	assert_int_equal(cover_build(&s, &arena, &a), 0);
	assert_int_equal(a.rows, 6);
	struct cover_count c = cover_check(&s, a.level, a.rows);
	assert_int_equal(c.wanted, 276 * 4);
	assert_true(c.covered * 100 > c.wanted * 85);
	arena_free(&arena);
}

static void refuses_nonsense(void **state)
{
	(void)state;
	struct arena arena = ARENA(4 << 20);
	struct cover_array a = {.rows = 77};
	static const uint8_t levels[] = {2, 0}, large[] = {254, 254, 254, 254};
	static const struct cover_forbid out = {{0, 9}, {0, 0}};
	assert_int_equal(cover_build(&(struct cover_spec){.levels = levels, .axes = 2, .strength = 2}, &arena, &a), -EINVAL);
	assert_int_equal(cover_build(&(struct cover_spec){.levels = levels, .axes = 0, .strength = 2}, &arena, &a), -EINVAL);
	assert_int_equal(cover_build(&(struct cover_spec){.levels = levels, .axes = 1, .strength = 0}, &arena, &a), -EINVAL);
	assert_int_equal(cover_build(&(struct cover_spec){.levels = levels, .axes = 1, .strength = 5}, &arena, &a), -EINVAL);
	assert_int_equal(
	        cover_build(&(struct cover_spec){.levels = levels, .axes = 1, .strength = 1, .forbid = &out, .n_forbid = 1}, &arena, &a),
	        -EINVAL);
	assert_int_equal(cover_build(&(struct cover_spec){.levels = large, .axes = 4, .strength = 4}, &arena, &a), -E2BIG);
	assert_int_equal(a.rows, 77);
	/* Fewer axes than the strength: every combination there is. */
	assert_int_equal(cover_build(&(struct cover_spec){.levels = levels, .axes = 1, .strength = 3}, &arena, &a), 0);
	assert_int_equal(a.rows, 2);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(covers_and_is_small),
	        cmocka_unit_test(the_checker_counts_right),
	        cmocka_unit_test(walks_strengths_and_levels),
	        cmocka_unit_test(forbidden_levels_never_meet),
	        cmocka_unit_test(what_nothing_goes_with_is_never_set),
	        cmocka_unit_test(cut_short_it_covers_most),
	        cmocka_unit_test(refuses_nonsense),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
