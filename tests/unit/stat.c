/* The tests behind a finding, against published values. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/random.h"
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

/* -- against tests/data/stat/stat.tsv, which other means have made -- */

#define GROUPS 4
#define VALUES 16

struct line {
	char name[32];
	double v[GROUPS][VALUES], value;
	size_t n[GROUPS], groups;
};

static bool read_line(FILE *f, struct line *l)
{
	char text[1024];
	memset(l, 0, sizeof(*l));
	if (!fgets(text, sizeof(text), f))
		return false;
	char *args = strchr(text, '\t'), *value = strrchr(text, '\t');
	assert_true(args && value && args != value);
	*args++ = *value++ = 0;
	(void)snprintf(l->name, sizeof(l->name), "%.31s", text);
	l->value = strtod(value, NULL);
	l->groups = 1;
	for (char *word, *save = NULL; (word = strtok_r(save ? NULL : args, " ", &save));) {
		if (*word == '|') {
			l->groups++;
			continue;
		}
		assert_true(l->groups <= GROUPS && l->n[l->groups - 1] < VALUES);
		l->v[l->groups - 1][l->n[l->groups - 1]++] = strtod(word, NULL);
	}
	return true;
}

static double ours(const struct line *l)
{
	const double *a = l->v[0];
	if (strcmp(l->name, "fisher") == 0)
		return stat_fisher((unsigned)a[0], (unsigned)a[1], (unsigned)a[2], (unsigned)a[3]);
	if (strcmp(l->name, "fisher_two") == 0)
		return stat_fisher_two((unsigned)a[0], (unsigned)a[1], (unsigned)a[2], (unsigned)a[3]);
	bool exact = false;
	double p = -1;
	if (strcmp(l->name, "means") == 0)
		p = stat_permutation_means(a, l->n[0], l->v[1], l->n[1], 1, &exact);
	if (strcmp(l->name, "ranks") == 0) {
		double all[2 * VALUES], rank[2 * VALUES];
		memcpy(all, a, l->n[0] * sizeof(*a));
		memcpy(all + l->n[0], l->v[1], l->n[1] * sizeof(*a));
		assert_int_equal(stat_ranks(all, l->n[0] + l->n[1], rank), 0);
		p = stat_permutation_means(rank, l->n[0], rank + l->n[0], l->n[1], 1, &exact);
	}
	if (p >= 0) {
		assert_true(exact);
		return p;
	}
	if (strcmp(l->name, "by") == 0) {
		double q[VALUES];
		assert_int_equal(stat_by(l->v[1], l->n[1], (size_t)a[0], q), 0);
		return q[(size_t)a[1]];
	}
	assert_string_equal(l->name, "information");
	unsigned counts[GROUPS * VALUES];
	struct stat_bits b;
	for (size_t x = 0; x < l->groups; x++)
		for (size_t y = 0; y < l->n[0]; y++)
			counts[x * l->n[0] + y] = (unsigned)l->v[x][y];
	assert_int_equal(stat_information(counts, l->groups, l->n[0], 7, &b), 0);
	assert_true(b.low <= b.bits && b.bits <= b.high && b.high <= b.most);
	return b.bits;
}

static void by_other_means(void **state)
{
	(void)state;
	FILE *f = fopen("tests/data/stat/stat.tsv", "r");
	assert_non_null(f);
	struct line l;
	unsigned n = 0;
	for (; read_line(f, &l); n++)
		if (fabs(ours(&l) - l.value) > 1e-9 * (1 + l.value))
			fail_msg("%s, line %u: %.15g, not %.15g", l.name, n + 1, ours(&l), l.value);
	assert_true(n > 50);
	(void)fclose(f);
}

/* More ways than can be counted: drawn, and near what the normal distribution says. */
static void permutations_that_are_drawn(void **state)
{
	(void)state;
	double x[20], y[20];
	bool exact = true;
	for (size_t i = 0; i < 20; i++) {
		x[i] = (double)i;
		y[i] = (double)i + 3;
	}
	/* The t test, which it comes near to: t = 3 / sqrt(2 * 35 / 20) = 1.60, 38 degrees of freedom, 0.117. */
	double p = stat_permutation_means(x, 20, y, 20, 3, &exact);
	assert_false(exact);
	near(p, 0.117, 0.01);
	assert_true(stat_permutation_means(x, 20, x, 20, 3, NULL) > 0.99);
	near(stat_permutation_means(x, 0, y, 20, 3, NULL), 1, 0);
}

static void enough_trials(void **state)
{
	(void)state;
	/* ln 0.05 / ln 0.9 = 28.4; the rule of three at 1 %: 299. */
	assert_int_equal(stat_trials_to_see(0.1, 0.95), 29);
	assert_int_equal(stat_trials_to_see(0.2, 0.95), 14);
	assert_int_equal(stat_trials_to_see(0.01, 0.95), 299);
	assert_int_equal(stat_trials_to_see(0.5, 0.75), 2);
	assert_int_equal(stat_trials_to_see(1, 0.95), 1);
	assert_true(stat_trials_to_see(0, 0.95) > 1u << 30);
}

/* How often the interval holds the truth: a binary channel that errs in 10 % either way tells 1 - H(0.1) = 0.531 bits. */
static void intervals_hold_the_truth(void **state)
{
	(void)state;
	static const struct {
		double err, bits;
		unsigned n[2];
	} cases[] = {{0.1, 0.5310, {60, 12}}, {0.25, 0.1887, {40, 40}}, {0.02, 0.8586, {70, 8}}};
	uint64_t random = 5;
	for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
		unsigned held = 0;
		double sum = 0;
		for (unsigned i = 0; i < 300; i++) {
			unsigned counts[4] = {0};
			struct stat_bits b;
			for (unsigned x = 0; x < 2; x++)
				for (unsigned k = 0; k < cases[c].n[x]; k++)
					counts[2 * x + (x ^ (random_unit(&random) < cases[c].err))]++;
			assert_int_equal(stat_information(counts, 2, 2, i, &b), 0);
			held += b.low <= cases[c].bits && cases[c].bits <= b.high;
			sum += b.bits;
		}
		assert_true(held >= 270);
		/* The correction takes nearly all of the bias away. */
		near(sum / 300, cases[c].bits, 0.03);
	}
	/* Four of four against none of sixty is no proof of a whole bit. */
	static const unsigned clear[] = {60, 0, 0, 4};
	struct stat_bits b;
	assert_int_equal(stat_information(clear, 2, 2, 1, &b), 0);
	near(b.bits, 1, 1e-12);
	print_message("4 of 4 against 0 of 60: %.3f to %.3f\n", b.low, b.high);
	assert_true(b.low > 0.3 && b.low < 0.8);
	static const unsigned nothing[4] = {0};
	assert_true(stat_information(nothing, 2, 2, 1, &b) < 0);
}

/* The whole procedure on features that depend on nothing: many share the baselines and flip together, as a batch of telemetry does. One run
 * nominates, fresh ones test, Benjamini and Yekutieli decide. Of 400 such experiments, few have any finding. */
static void noise_with_shared_baselines(void **state)
{
	(void)state;
	uint64_t random = 9;
	unsigned wrong = 0, tested = 0;
	for (unsigned round = 0; round < 400; round++) {
		double p[200], q[200];
		size_t n = 0;
		bool flips[60];
		double rate = 0.01 + 0.3 * random_unit(&random);
		for (unsigned group = 0; group < 20; group++) {
			/* Ten features that flip in the same trials; 30 baselines, 20 levels once each, 5 fresh runs, 5 fresh ones without.
			 */
			for (unsigned o = 0; o < 60; o++)
				flips[o] = random_unit(&random) < rate;
			unsigned pool = 0, fresh = 0;
			for (unsigned o = 0; o < 60; o++)
				*(o >= 50 && o < 55 ? &fresh : &pool) += flips[o];
			/* The first level that flips is the candidate; its own run is neither pool nor fresh. */
			unsigned level = 30;
			while (level < 50 && !flips[level])
				level++;
			if (level == 50 || pool - 1 > 54 / 10)
				continue;
			for (unsigned k = 0; k < 10; k++)
				p[n++] = stat_fisher(fresh, 5, pool - 1, 54);
		}
		tested += (unsigned)n;
		assert_int_equal(stat_by(p, n, n, q), 0);
		bool any = false;
		for (size_t i = 0; i < n; i++)
			any |= q[i] <= 0.05;
		wrong += any;
	}
	assert_true(tested > 5000);
	assert_true(wrong <= 20); /* 5 % of 400 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(permutation),
	        cmocka_unit_test(fisher),
	        cmocka_unit_test(rates),
	        cmocka_unit_test(false_discovery),
	        cmocka_unit_test(by_other_means),
	        cmocka_unit_test(permutations_that_are_drawn),
	        cmocka_unit_test(enough_trials),
	        cmocka_unit_test(intervals_hold_the_truth),
	        cmocka_unit_test(noise_with_shared_baselines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
