/* The search for the smallest set of conditions, against made-up channels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/random.h"
#include "vet/locate.h"

#define TRIALS 400

struct play {
	struct locate_known known[TRIALS];
	size_t n;
	uint64_t causes[4]; /* any of them, whole, shows; 0 ends */
	uint64_t hides;     /* with any of these nothing shows */
};

static bool shows(const struct play *p, uint64_t set)
{
	bool on = false;
	for (size_t i = 0; i < ARRAY_LEN(p->causes) && p->causes[i]; i++)
		on |= (p->causes[i] & ~set) == 0;
	return on && !(set & p->hides);
}

static void note(struct play *p, uint64_t set, uint64_t of, bool foreign)
{
	assert_true(p->n < TRIALS);
	p->known[p->n++] = (struct locate_known){set & of, shows(p, set), foreign};
}

/* Runs the search to its end; how many trials it took. */
static unsigned play(struct play *p, const uint8_t *order, size_t n, bool strict, enum locate_state *end, uint64_t *set)
{
	for (unsigned tries = 0;; tries++) {
		*end = locate_next(p->known, p->n, order, n, strict, set);
		if (*end != LOCATE_TRY)
			return tries;
		note(p, *set, UINT64_MAX, false);
	}
}

static void finds_what_it_takes(void **state)
{
	(void)state;
	uint64_t random = 7;
	unsigned most[5] = {0};
	for (unsigned round = 0; round < 2000; round++) {
		uint8_t order[20];
		size_t n = 6 + (size_t)random_below(&random, 15);
		unsigned d = 1 + (unsigned)random_below(&random, 4);
		struct play p = {.n = 0};
		for (size_t i = 0; i < n; i++)
			order[i] = (uint8_t)i;
		for (size_t i = n; i > 1; i--) {
			size_t k = (size_t)random_below(&random, i);
			uint8_t swap = order[i - 1];
			order[i - 1] = order[k];
			order[k] = swap;
		}
		while ((unsigned)__builtin_popcountll(p.causes[0]) < d)
			p.causes[0] |= UINT64_C(1) << random_below(&random, n);
		uint64_t all = (UINT64_C(1) << n) - 1, set = 0;
		note(&p, all, all, false);
		note(&p, 0, all, false);
		enum locate_state end;
		unsigned tries = play(&p, order, n, false, &end, &set);
		assert_int_equal(end, LOCATE_FOUND);
		assert_true(set == p.causes[0]);
		if (tries > most[d])
			most[d] = tries;
	}
	/* d log2(k) + d, with k = 20, and what doubling costs before halving begins. */
	for (unsigned d = 1; d <= 4; d++)
		assert_in_range(most[d], 1, 9 * d + 1);
}

static void asks_nothing_that_is_known(void **state)
{
	(void)state;
	uint64_t random = 11, set;
	static const uint8_t order[] = {4, 9, 0, 1, 2, 3, 5, 6, 7, 8, 10, 11};
	unsigned with = 0, without = 0;
	for (unsigned round = 0; round < 200; round++) {
		uint64_t all = (1 << 12) - 1, cause = UINT64_C(1) << random_below(&random, 12) | UINT64_C(1) << random_below(&random, 12);
		struct play a = {.causes = {cause}}, b = {.causes = {cause}};
		enum locate_state end;
		note(&a, all, all, false);
		note(&b, all, all, false);
		/* The rows of an array, each with about half of the conditions and others beside. */
		for (unsigned i = 0; i < 30; i++)
			note(&b, random_next(&random), all, true);
		without += play(&a, order, 12, false, &end, &set);
		with += play(&b, order, 12, false, &end, &set);
		assert_int_equal(end, LOCATE_FOUND);
		assert_true(set == cause);
	}
	assert_true(with * 10 < without * 9);
}

static void one_of_several_causes(void **state)
{
	(void)state;
	static const uint8_t order[] = {0, 1, 2, 3, 4, 5, 6, 7};
	struct play p = {.causes = {0x06, 0x60, 0x81}};
	enum locate_state end;
	uint64_t set;
	note(&p, 0xff, 0xff, false);
	(void)play(&p, order, 8, false, &end, &set);
	assert_int_equal(end, LOCATE_FOUND);
	assert_true(set == 0x06 || set == 0x60 || set == 0x81);
}

static void what_others_hide(void **state)
{
	(void)state;
	static const uint8_t order[] = {0, 1, 2, 3, 4, 5};
	/* Condition 8, which is none of the row's, hides it: a trial that has it misleads, unless foreign ones are not believed. */
	struct play p = {.causes = {0x11}, .hides = 0x100}, q = p;
	enum locate_state end;
	uint64_t set;
	note(&p, 0x3f, 0x3f, false);
	note(&p, 0x13f, 0x3f, true);
	(void)play(&p, order, 6, false, &end, &set);
	assert_false(end == LOCATE_FOUND && set == 0x11);
	note(&q, 0x3f, 0x3f, false);
	note(&q, 0x13f, 0x3f, true);
	(void)play(&q, order, 6, true, &end, &set);
	assert_int_equal(end, LOCATE_FOUND);
	assert_true(set == 0x11);
}

static void what_comes_by_itself_is_lost(void **state)
{
	(void)state;
	static const uint8_t order[] = {0, 1, 2};
	static const struct locate_known by_itself[] = {{7, true, false}, {0, true, false}};
	static const struct locate_known torn[] = {{7, true, false}, {1, true, false}, {1, false, false}, {1, true, false},
	        {1, false, false}, {1, true, false}, {1, false, false}};
	uint64_t set;
	assert_int_equal(locate_next(by_itself, 2, order, 3, false, &set), LOCATE_LOST);
	assert_int_equal(locate_next(torn, ARRAY_LEN(torn), order, 3, false, &set), LOCATE_LOST);
	assert_int_equal(locate_next(torn, 3, order, 3, false, &set), LOCATE_TRY);
	assert_int_equal(set, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(finds_what_it_takes),
	        cmocka_unit_test(asks_nothing_that_is_known),
	        cmocka_unit_test(one_of_several_causes),
	        cmocka_unit_test(what_others_hide),
	        cmocka_unit_test(what_comes_by_itself_is_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
