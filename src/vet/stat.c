#include "vet/stat.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"

double stat_ln_choose(unsigned n, unsigned k)
{
	if (k > n)
		return -INFINITY;
	return lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1);
}

double stat_permutation(unsigned b, unsigned r)
{
	return b && r ? exp(-stat_ln_choose(b + r, r)) : 1;
}

double stat_fisher(unsigned hits, unsigned n_level, unsigned pool_hits, unsigned n_pool)
{
	unsigned marks = hits + pool_hits, all = n_level + n_pool;
	if (hits == 0 || marks > all || hits > n_level)
		return 1;
	double total = stat_ln_choose(all, marks), p = 0;
	for (unsigned k = hits; k <= n_level && k <= marks; k++)
		p += exp(stat_ln_choose(n_level, k) + stat_ln_choose(n_pool, marks - k) - total);
	return p < 1 ? p : 1;
}

double stat_binomial_tail(unsigned k, unsigned n, double p)
{
	if (k == 0 || p >= 1)
		return 1;
	if (k > n || p <= 0)
		return 0;
	if (k == n)
		return pow(p, n);
	double sum = 0;
	for (unsigned i = k; i <= n; i++)
		sum += exp(stat_ln_choose(n, i) + i * log(p) + (n - i) * log1p(-p));
	return sum < 1 ? sum : 1;
}

double stat_binomial_head(unsigned k, unsigned n, double p)
{
	if (k >= n || p <= 0)
		return 1;
	if (p >= 1)
		return 0;
	double term = pow(1 - p, n), sum = term;
	for (unsigned i = 1; i <= k; i++) {
		term *= (double)(n - i + 1) / i * p / (1 - p);
		sum += term;
	}
	return sum < 1 ? sum : 1;
}

double stat_rate_upper(unsigned k, unsigned n, double level)
{
	if (n == 0 || k >= n)
		return 1;
	/* The rate at which k or fewer events have probability 1 - level: by bisection, the tail grows with the rate. */
	double low = 0, high = 1;
	for (int i = 0; i < 60; i++) {
		double mid = (low + high) / 2;
		if (stat_binomial_tail(k + 1, n, mid) < level)
			low = mid;
		else
			high = mid;
	}
	return high;
}

struct ranked {
	double p;
	size_t at;
};

static int by_p(const void *a, const void *b)
{
	double x = ((const struct ranked *)a)->p, y = ((const struct ranked *)b)->p;
	return (x > y) - (x < y);
}

static int step_up(const double *p, size_t n, size_t m, double factor, double *q)
{
	if (n == 0)
		return 0;
	_cleanup_free_ struct ranked *r = calloc(n, sizeof(*r));
	if (!r)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		r[i] = (struct ranked){p[i], i};
	qsort(r, n, sizeof(*r), by_p);
	double least = 1;
	for (size_t i = n; i-- > 0;) {
		double v = r[i].p * (double)m * factor / (double)(i + 1);
		if (v < least)
			least = v;
		q[r[i].at] = least;
	}
	return 0;
}

int stat_bh(const double *p, size_t n, size_t m, double *q)
{
	return step_up(p, n, m < n ? n : m, 1, q);
}

int stat_by(const double *p, size_t n, size_t m, double *q)
{
	if (m < n)
		m = n;
	double harmonic = 0;
	for (size_t i = 1; i <= m; i++)
		harmonic += 1 / (double)i;
	return step_up(p, n, m, harmonic, q);
}
