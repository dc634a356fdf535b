/* The tests behind a finding, against published values. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "vet/stat.h"

#define near(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

static void permutation(void **state)
{
	(void)state;
	near(stat_permutation(42, 4), 1 / 163185.0, 1e-15);
	near(stat_permutation(4, 1), 0.2, 1e-12);
	near(stat_permutation(1, 1), 0.5, 1e-12);
	near(stat_permutation(0, 3), 1, 0);
	near(exp(stat_ln_choose(52, 5)), 2598960, 1e-3);
	assert_true(isinf(stat_ln_choose(3, 4)));
}

static void fisher(void **state)
{
	(void)state;
	/* The lady tasting tea (Fisher 1935): 4 and 4 cups. */
	near(stat_fisher(4, 4, 0, 4), 1 / 70.0, 1e-12);
	near(stat_fisher(3, 4, 1, 4), 17 / 70.0, 1e-12);
	/* Fisher 1962: criminal twins, 10 of 13 against 2 of 17: 0.0004652 one-sided. */
	near(stat_fisher(10, 13, 2, 17), 0.0004652, 5e-7);
	near(stat_fisher(4, 4, 0, 42), stat_permutation(42, 4), 1e-15);
	near(stat_fisher(0, 4, 3, 9), 1, 0);
}

static void rates(void **state)
{
	(void)state;
	near(stat_rate_upper(0, 10, 0.95), 0.2589, 5e-5); /* 1 - 0.05^(1/10) */
	near(stat_rate_upper(0, 100, 0.95), 0.0295, 5e-5);
	near(stat_rate_upper(1, 20, 0.95), 0.2161, 5e-5); /* Clopper-Pearson tables */
	near(stat_rate_upper(0, 0, 0.95), 1, 0);
	near(stat_rate_upper(5, 5, 0.95), 1, 0);
	near(stat_binomial_tail(8, 10, 0.5), 56 / 1024.0, 1e-12);
	near(stat_binomial_tail(0, 10, 0.5), 1, 0);
	near(stat_binomial_tail(3, 3, 0.1), 0.001, 1e-15);
	for (unsigned k = 0; k < 10; k++)
		near(stat_binomial_head(k, 10, 0.3) + stat_binomial_tail(k + 1, 10, 0.3), 1, 1e-12);
}

static void false_discovery(void **state)
{
	(void)state;
	/* Benjamini and Hochberg 1995, section 3.2; adjusted values as of R's p.adjust(). Given out of order. */
	static const double p[] = {
	        0.0095, 0.0001, 0.0004, 0.0019, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.000};
	double q[ARRAY_LEN(p)];
	assert_int_equal(stat_bh(p, ARRAY_LEN(p), ARRAY_LEN(p), q), 0);
	static const double bh[] = {0.035625, 0.0015, 0.003, 0.0095, 0.0603, 0.063857143, 0.063857143, 0.0645, 0.0765, 0.486};
	for (size_t i = 0; i < ARRAY_LEN(bh); i++)
		near(q[i], bh[i], 1e-8);
	unsigned rejected = 0;
	for (size_t i = 0; i < ARRAY_LEN(p); i++)
		rejected += q[i] <= 0.05;
	assert_int_equal(rejected, 4);
	assert_int_equal(stat_by(p, ARRAY_LEN(p), ARRAY_LEN(p), q), 0);
	static const double by[] = {0.118211914, 0.004977343, 0.009954687, 0.031523175};
	for (size_t i = 0; i < ARRAY_LEN(by); i++)
		near(q[i], by[i], 1e-7);
	/* More hypotheses than were given count too. */
	assert_int_equal(stat_bh(p + 1, 1, 1000, q), 0);
	near(q[0], 0.1, 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(permutation),
	        cmocka_unit_test(fisher),
	        cmocka_unit_test(rates),
	        cmocka_unit_test(false_discovery),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
