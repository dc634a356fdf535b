#include "vet/stat.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/random.h"

#define RESAMPLES 1000

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

double stat_fisher_two(unsigned hits, unsigned n_level, unsigned pool_hits, unsigned n_pool)
{
	unsigned marks = hits + pool_hits, all = n_level + n_pool;
	if (marks > all || hits > n_level || pool_hits > n_pool)
		return 1;
	double total = stat_ln_choose(all, marks), p = 0;
	double mine = stat_ln_choose(n_level, hits) + stat_ln_choose(n_pool, pool_hits);
	for (unsigned k = marks > n_pool ? marks - n_pool : 0; k <= n_level && k <= marks; k++) {
		double ln = stat_ln_choose(n_level, k) + stat_ln_choose(n_pool, marks - k);
		/* Tables that are equally likely differ in the last digits. */
		if (ln <= mine + 1e-9)
			p += exp(ln - total);
	}
	return p < 1 ? p : 1;
}

/* -- permutations -- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

int stat_ranks(const double *v, size_t n, double *rank)
{
	_cleanup_free_ double *sorted = calloc(n + 1, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		sorted[i] = v[i];
	qsort(sorted, n, sizeof(*sorted), by_value);
	for (size_t i = 0; i < n; i++) {
		size_t below = 0, same = 0;
		for (size_t k = 0; k < n; k++) {
			below += sorted[k] < v[i];
			same += !(sorted[k] < v[i]) && !(sorted[k] > v[i]);
		}
		rank[i] = (double)below + ((double)same + 1) / 2;
	}
	return 0;
}

struct deal {
	const double *v; /* all values, centred */
	size_t n, take;
	double least; /* a sum of at least this, either way, is as extreme */
	double ways, extreme;
};

static void deal_from(struct deal *d, size_t from, size_t left, double sum)
{
	if (left == 0) {
		d->ways++;
		d->extreme += fabs(sum) >= d->least;
		return;
	}
	for (; from + left <= d->n; from++)
		deal_from(d, from + 1, left - 1, sum + d->v[from]);
}

double stat_permutation_means(const double *x, size_t nx, const double *y, size_t ny, uint64_t seed, bool *exact)
{
	size_t n = nx + ny;
	double mean = 0, sum = 0, spread = 0;
	if (exact)
		*exact = true;
	if (nx == 0 || ny == 0)
		return 1;
	_cleanup_free_ double *v = calloc(n, sizeof(*v));
	if (!v)
		return -1;
	for (size_t i = 0; i < n; i++)
		mean += (v[i] = i < nx ? x[i] : y[i - nx]) / (double)n;
	for (size_t i = 0; i < n; i++)
		spread += fabs(v[i] -= mean);
	for (size_t i = 0; i < nx; i++)
		sum += v[i];
	/* With all values centred, the difference of the means grows with the sum of one group. What is equal but for rounding is equal. */
	struct deal d = {.v = v, .n = n, .take = nx, .least = fabs(sum) - 1e-9 * spread};
	if (stat_ln_choose((unsigned)n, (unsigned)nx) <= log(STAT_WAYS_MAX) + 1e-9) {
		deal_from(&d, 0, nx, 0);
		return d.extreme / d.ways;
	}
	if (exact)
		*exact = false;
	for (unsigned i = 0; i < STAT_WAYS_MAX; i++) {
		double s = 0;
		for (size_t k = 0; k < nx; k++) {
			size_t other = k + (size_t)random_below(&seed, n - k);
			double swap = v[k];
			v[k] = v[other];
			v[other] = swap;
			s += v[k];
		}
		d.extreme += fabs(s) >= d.least;
	}
	return (d.extreme + 1) / (STAT_WAYS_MAX + 1.0);
}

unsigned stat_trials_to_see(double rate, double level)
{
	if (rate <= 0)
		return UINT_MAX;
	if (rate >= 1)
		return 1;
	double n = log1p(-level) / log1p(-rate);
	return n >= UINT_MAX ? UINT_MAX : (unsigned)ceil(n - 1e-9);
}

/* -- information -- */

static double plogp(double p)
{
	return p > 0 ? -p * log2(p) : 0;
}

/* p[level * seen + what] sums to 1 for each level. */
static double information(const double *p, size_t levels, size_t seen)
{
	double h = 0;
	for (size_t y = 0; y < seen; y++) {
		double mean = 0;
		for (size_t x = 0; x < levels; x++) {
			mean += p[x * seen + y] / (double)levels;
			h -= plogp(p[x * seen + y]) / (double)levels;
		}
		h += plogp(mean);
	}
	return h;
}

static double normal(uint64_t *state)
{
	double u = random_unit(state), v = random_unit(state);
	return sqrt(-2 * log(1 - u)) * cos(6.283185307179586 * v);
}

/* Marsaglia and Tsang 2000. */
static double gamma_draw(double shape, uint64_t *state)
{
	if (shape < 1)
		return gamma_draw(shape + 1, state) * pow(1 - random_unit(state), 1 / shape);
	double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
	for (;;) {
		double x = normal(state), v = 1 + c * x;
		v = v * v * v;
		if (v > 0 && log(1 - random_unit(state)) < 0.5 * x * x + d - d * v + d * log(v))
			return d * v;
	}
}

static void resample(const unsigned *counts, size_t levels, size_t seen, uint64_t *state, double *p)
{
	for (size_t x = 0; x < levels; x++) {
		double sum = 0;
		for (size_t y = 0; y < seen; y++)
			sum += p[x * seen + y] = gamma_draw(counts[x * seen + y] + 1.0 / (double)seen, state);
		for (size_t y = 0; y < seen; y++)
			p[x * seen + y] = sum > 0 ? p[x * seen + y] / sum : 1.0 / (double)seen;
	}
}

static double estimate(const unsigned *counts, size_t levels, size_t seen, double *p)
{
	double bias = 0, w = 1.0 / (double)levels;
	_cleanup_free_ double *n = calloc(levels, sizeof(*n));
	if (!n)
		return NAN;
	for (size_t x = 0; x < levels; x++) {
		for (size_t y = 0; y < seen; y++)
			n[x] += counts[x * seen + y];
		for (size_t y = 0; y < seen; y++)
			p[x * seen + y] = counts[x * seen + y] / n[x];
	}
	for (size_t y = 0; y < seen; y++) {
		double mean = 0, variance = 0;
		for (size_t x = 0; x < levels; x++) {
			double q = p[x * seen + y];
			mean += w * q;
			variance += w * w * q * (1 - q) / n[x];
			/* Under one level: variance by twice the mean is (1 - q) / 2n. */
			if (q > 0)
				bias += w * (1 - q) / (2 * n[x]);
		}
		if (mean > 0)
			bias -= variance / (2 * mean);
	}
	/* Entropies come out too small, those under the levels more so: what is seen comes out too telling. */
	return information(p, levels, seen) - bias / 0.6931471805599453;
}

int stat_information(const unsigned *counts, size_t levels, size_t seen, uint64_t seed, struct stat_bits *out)
{
	_cleanup_free_ unsigned *c = calloc(levels * seen + 1, sizeof(*c));
	_cleanup_free_ double *p = calloc(levels * seen + 1, sizeof(*p)), *draw = calloc(RESAMPLES, sizeof(*draw));
	size_t run = 0;
	if (!c || !p || !draw)
		return -ENOMEM;
	for (size_t x = 0; x < levels; x++) {
		unsigned any = 0;
		for (size_t y = 0; y < seen; y++)
			any |= c[run * seen + y] = counts[x * seen + y];
		run += any != 0;
	}
	if (run == 0)
		return -EINVAL;
	struct stat_bits b = {.most = log2((double)run)};
	b.bits = estimate(c, run, seen, p);
	if (isnan(b.bits))
		return -ENOMEM;
	b.bits = b.bits < 0 ? 0 : b.bits > b.most ? b.most : b.bits;
	for (size_t i = 0; i < RESAMPLES; i++) {
		resample(c, run, seen, &seed, p);
		draw[i] = information(p, run, seen);
	}
	qsort(draw, RESAMPLES, sizeof(*draw), by_value);
	b.low = draw[(RESAMPLES - 1) * 25 / 1000];
	b.high = draw[(RESAMPLES - 1) - (RESAMPLES - 1) * 25 / 1000];
	b.low = b.low > b.bits ? b.bits : b.low < 0 ? 0 : b.low;
	b.high = b.high < b.bits ? b.bits : b.high > b.most ? b.most : b.high;
	*out = b;
	return 0;
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
