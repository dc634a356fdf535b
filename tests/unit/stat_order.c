/* Tests by ranks and order, against published values and against counting all subsets one by one. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "vet/stat_order.h"

#define near(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

static uint64_t state_of_dice = 1;

static uint64_t dice(void)
{
	uint64_t z = state_of_dice += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* By its definition: every subset of n of the values, whose ranks are counted anew. */
static double by_hand(const double *x, size_t n, const double *y, size_t m)
{
	double all[20], rank[20], seen = 0;
	size_t above = 0, subsets = 0;
	for (size_t i = 0; i < n + m; i++)
		all[i] = i < n ? x[i] : y[i - n];
	for (size_t i = 0; i < n + m; i++) {
		rank[i] = 0.5;
		for (size_t k = 0; k < n + m; k++)
			rank[i] += all[k] < all[i] ? 1 : all[k] > all[i] ? 0 : 0.5;
		seen += i < n ? rank[i] : 0;
	}
	for (uint32_t s = 0; s < 1u << (n + m); s++) {
		if ((size_t)__builtin_popcount(s) != n)
			continue;
		double sum = 0;
		for (size_t i = 0; i < n + m; i++)
			sum += s >> i & 1 ? rank[i] : 0;
		subsets++;
		above += sum >= seen - 1e-9;
	}
	return (double)above / (double)subsets;
}

static void rank_sum(void **state)
{
	(void)state;
	/* Hollander and Wolfe 1973, p. 69: permeability of membranes. W = 35, p = 0.1272. */
	static const double x[] = {0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}, y[] = {1.15, 0.88, 0.90, 0.74, 1.21};
	near(stat_rank_sum(x, 10, y, 5), 0.1272, 5e-5);
	near(stat_superiority(x, 10, y, 5), 35 / 50.0, 1e-12);
	static const double high[] = {9, 8, 10}, low[] = {1, 2, 3, 4, 5, 6, 7};
	near(stat_rank_sum(high, 3, low, 7), 1 / 120.0, 1e-12);
	near(stat_rank_sum(low, 7, high, 3), 1, 1e-12);
	near(stat_rank_sum(high, 3, high, 0), 1, 0);
	/* All the same: nothing to be seen. */
	static const double same[] = {5, 5, 5, 5, 5};
	near(stat_rank_sum(same, 2, same, 5), 1, 1e-12);
	/* With and without ties, either group the smaller. */
	for (int i = 0; i < 300; i++) {
		double a[8], b[8];
		size_t n = 1 + dice() % 8, m = 1 + dice() % 8;
		uint64_t values = i % 2 ? 4 : 1000;
		for (size_t k = 0; k < 8; k++) {
			a[k] = (double)(dice() % values);
			b[k] = (double)(dice() % values);
		}
		near(stat_rank_sum(a, n, b, m), by_hand(a, n, b, m), 1e-9);
	}
}

/* Past the size that is counted, the normal approximation must go on where the exact values end. */
static void rank_sum_large(void **state)
{
	(void)state;
	static double a[400], b[400];
	for (size_t i = 0; i < 400; i++) {
		a[i] = (double)(dice() % 1000) + 15;
		b[i] = (double)(dice() % 1000);
	}
	double exact = stat_rank_sum(a, 25, b, 100), rough = stat_rank_sum(a, 400, b, 400);
	assert_true(exact > 0 && exact < 1);
	assert_true(rough > 0 && rough < 0.5);
	/* The same large groups moved far apart. */
	for (size_t i = 0; i < 400; i++)
		a[i] += 2000;
	assert_true(stat_rank_sum(a, 400, b, 400) < 1e-50);
	assert_true(stat_rank_sum(b, 400, a, 400) > 0.999);
}

/* Under the null hypothesis no more than the share p of all p is at most p. */
static void rank_sum_holds(void **state)
{
	(void)state;
	unsigned small = 0, n = 4000;
	for (unsigned i = 0; i < n; i++) {
		double a[4], b[12];
		for (size_t k = 0; k < 4; k++)
			a[k] = (double)(dice() % 50);
		for (size_t k = 0; k < 12; k++)
			b[k] = (double)(dice() % 50);
		small += stat_rank_sum(a, 4, b, 12) <= 0.05;
	}
	assert_true(small <= n * 6 / 100);
	assert_true(small >= n * 3 / 100);
}

static void centre(void **state)
{
	(void)state;
	double v[] = {3, 1, 100, 2, 4}, scratch[5], even[] = {4, 1, 3, 2};
	near(stat_median(v, 5), 3, 0);
	near(stat_spread(v, 5, 3, scratch), 1, 0);
	near(stat_median(even, 4), 2.5, 0);
	near(stat_median(even, 0), 0, 0);
}

static void runs(void **state)
{
	(void)state;
	/* Swed and Eisenhart 1943, 5 and 5: 2/252, 10/252, 42/252. */
	near(stat_runs(5, 5, 2), 2 / 252.0, 1e-12);
	near(stat_runs(5, 5, 3), 10 / 252.0, 1e-12);
	near(stat_runs(5, 5, 4), 42 / 252.0, 1e-12);
	near(stat_runs(5, 5, 10), 1, 1e-12);
	near(stat_runs(0, 5, 1), 1, 0);
	/* By counting. */
	for (unsigned a = 1; a < 6; a++)
		for (unsigned b = 1; b < 7; b++)
			for (unsigned r = 2; r <= a + b; r++) {
				unsigned all = 0, at_most = 0;
				for (uint32_t s = 0; s < 1u << (a + b); s++) {
					unsigned n = 1;
					if ((unsigned)__builtin_popcount(s) != a)
						continue;
					for (unsigned i = 1; i < a + b; i++)
						n += (s >> i & 1) != (s >> (i - 1) & 1);
					all++;
					at_most += n <= r;
				}
				near(stat_runs(a, b, r), (double)at_most / all, 1e-9);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(rank_sum),
	        cmocka_unit_test(rank_sum_large),
	        cmocka_unit_test(rank_sum_holds),
	        cmocka_unit_test(centre),
	        cmocka_unit_test(runs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
