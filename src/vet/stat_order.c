#include "vet/stat_order.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "vet/stat.h"

#define STEPS_MAX 5e7

struct placed {
	double v;
	size_t rank2; /* twice the rank, so that a shared one is whole */
	bool is_x;
};

static int by_value(const void *a, const void *b)
{
	double x = ((const struct placed *)a)->v, y = ((const struct placed *)b)->v;
	return (x > y) - (x < y);
}

/* How many subsets of k of the ranks have a sum of at least `least`, as a share of all subsets of k. */
static double share_of_subsets(const struct placed *all, size_t n, size_t k, size_t least, size_t most)
{
	/* ways[j][s]: subsets of j of the ranks so far, of sum s. */
	size_t width = most + 1;
	_cleanup_free_ double *ways = calloc((k + 1) * width, sizeof(*ways));
	if (!ways)
		return 1;
	ways[0] = 1;
	size_t top = 0; /* the largest sum so far, of any size up to k */
	for (size_t i = 0; i < n; i++) {
		size_t r = all[i].rank2;
		top = top + r < most ? top + r : most;
		for (size_t j = i + 1 < k ? i + 1 : k; j-- > 0;) {
			double *to = ways + (j + 1) * width, *from = ways + j * width;
			for (size_t s = top; s + 1 > r; s--)
				to[s] += from[s - r];
		}
	}
	double above = 0, sum = 0;
	for (size_t s = 0; s < width; s++) {
		sum += ways[k * width + s];
		above += s >= least ? ways[k * width + s] : 0;
	}
	return sum > 0 ? above / sum : 1;
}

/* Ascending, with ranks; *ties is the sum of t^3 - t over groups of t equal values. */
static void rank_all(struct placed *all, size_t n, double *ties)
{
	qsort(all, n, sizeof(*all), by_value);
	*ties = 0;
	for (size_t from = 0, to; from < n; from = to) {
		for (to = from + 1; to < n && !(all[to].v > all[from].v); to++)
			;
		double t = (double)(to - from);
		*ties += t * t * t - t;
		for (size_t i = from; i < to; i++)
			all[i].rank2 = from + 1 + to;
	}
}

double stat_rank_sum(const double *x, size_t n, const double *y, size_t m)
{
	size_t all = n + m, sum = 0, most = 0;
	double ties;
	if (n == 0 || m == 0)
		return 1;
	_cleanup_free_ struct placed *p = calloc(all, sizeof(*p));
	if (!p)
		return 1;
	for (size_t i = 0; i < all; i++)
		p[i] = (struct placed){.v = i < n ? x[i] : y[i - n], .is_x = i < n};
	rank_all(p, all, &ties);
	for (size_t i = 0; i < all; i++)
		sum += p[i].is_x ? p[i].rank2 : 0;
	/* Of the fewer values all subsets are counted: that those of x are high is that those of y are low, which mirrored ranks make high.
	 */
	size_t few = n < m ? n : m;
	if (few == m && few != n) {
		size_t whole = all * (all + 1);
		sum = few * 2 * (all + 1) - (whole - sum);
		for (size_t i = 0; i < all; i++)
			p[i].rank2 = 2 * (all + 1) - p[i].rank2;
	}
	for (size_t i = 0; i < few; i++)
		most += few == n ? p[all - 1 - i].rank2 : p[i].rank2;
	if ((double)all * (double)few * (double)most <= STEPS_MAX)
		return share_of_subsets(p, all, few, sum, most);
	double mean = (double)few * ((double)all + 1) / 2;
	double var = (double)n * (double)m / 12 * ((double)all + 1 - ties / ((double)all * ((double)all - 1)));
	return var > 0 ? erfc(((double)sum / 2 - mean - 0.5) / sqrt(var) / sqrt(2)) / 2 : 1;
}

double stat_superiority(const double *x, size_t n, const double *y, size_t m)
{
	size_t twice = 0;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < m; k++)
			twice += x[i] > y[k] ? 2 : x[i] < y[k] ? 0 : 1;
	return n && m ? (double)twice / (2 * (double)n * (double)m) : 0.5;
}

static int by_number(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

double stat_median(double *v, size_t n)
{
	if (n == 0)
		return 0;
	qsort(v, n, sizeof(*v), by_number);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

double stat_spread(const double *v, size_t n, double centre, double *scratch)
{
	for (size_t i = 0; i < n; i++)
		scratch[i] = fabs(v[i] - centre);
	return stat_median(scratch, n);
}

double stat_runs(unsigned a, unsigned b, unsigned runs)
{
	double total = stat_ln_choose(a + b, a), p = 0;
	if (a == 0 || b == 0)
		return 1;
	for (unsigned r = 2; r <= runs && r <= a + b; r++) {
		unsigned k = r / 2;
		if (r % 2 == 0)
			p += 2 * exp(stat_ln_choose(a - 1, k - 1) + stat_ln_choose(b - 1, k - 1) - total);
		else
			p += exp(stat_ln_choose(a - 1, k) + stat_ln_choose(b - 1, k - 1) - total) +
			     exp(stat_ln_choose(a - 1, k - 1) + stat_ln_choose(b - 1, k) - total);
	}
	return p < 1 ? p : 1;
}
