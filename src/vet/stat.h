/* stat: the exact tests behind a finding. Pure functions. */
#ifndef POSTERN_VET_STAT_H
#define POSTERN_VET_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ln of the binomial coefficient; -INFINITY if k > n. */
double stat_ln_choose(unsigned n, unsigned k);
/* Permutation test with b runs of the baseline and r of the level, all alike among themselves and different between the two:
 * 1 / C(b + r, r). 1 if b or r is 0. */
double stat_permutation(unsigned b, unsigned r);
/* Fisher's exact test, one-sided: the probability of at least `hits` marked among the n_level runs if `hits + pool_hits` marks fall at
 * random on n_level + n_pool runs (hypergeometric tail). Generalises stat_permutation(): fisher(r, r, 0, b). */
double stat_fisher(unsigned hits, unsigned n_level, unsigned pool_hits, unsigned n_pool);
/* The same two-sided: the probability of all tables with these margins that are no likelier than this one. */
double stat_fisher_two(unsigned hits, unsigned n_level, unsigned pool_hits, unsigned n_pool);
/* Permutation test of the difference of two means, two-sided: the share of all ways to deal the nx + ny values into two such groups whose
 * means differ at least as much. For ordered values give their ranks (then it is the exact test of Wilcoxon 1945, ties included). All ways
 * are counted if they are no more than STAT_WAYS_MAX; else as many are drawn by `seed`, and the result is (as extreme + 1) / (drawn + 1),
 * which is valid too (Phipson and Smyth 2010). *exact says which; may be NULL. 1 if a group is empty; negative if memory is out. */
#define STAT_WAYS_MAX 200000
double stat_permutation_means(const double *x, size_t nx, const double *y, size_t ny, uint64_t seed, bool *exact);
/* Ranks from 1, of equal values the mean of theirs. 0 or -ENOMEM. */
[[nodiscard]] int stat_ranks(const double *v, size_t n, double *rank);
/* How many trials it takes to see, with probability `level`, what happens in a share `rate` of them: ln(1 - level) / ln(1 - rate), rounded
 * up. UINT_MAX if rate is 0 or less. */
unsigned stat_trials_to_see(double rate, double level);

/* Mutual information, in bits, of a factor whose levels are equally likely (whoever looks has no reason to think otherwise; in the trials
 * they are as often as the plan says) and of what is seen. counts[level * seen + what].
 * Estimate: of the entropies of what is seen, over all levels and under each, the plug-in, each with the correction of Miller (1955) and
 * Madow, sum over what is seen of its variance by twice its mean, here for levels with runs of their own; not below 0 nor above
 * log2(levels). Interval: central 95 % of the Bayesian bootstrap (Rubin 1981) over the runs of each level, with one run's weight spread
 * evenly over all that was seen anywhere (Perks 1947): without it four runs of four would give an interval of no width. Widened to the
 * estimate. Levels without runs are left out. */
struct stat_bits {
	double bits, low, high, most; /* most: log2 of the levels that were run */
};
/* 0, -EINVAL (nothing was run), -ENOMEM. */
[[nodiscard]] int stat_information(const unsigned *counts, size_t levels, size_t seen, uint64_t seed, struct stat_bits *out);

/* Upper limit of a rate after k events in n trials, at confidence `level` (Clopper and Pearson 1934, one-sided). 1 if n is 0.
 * For k = 0 and 0.95 it is near 3/n. */
double stat_rate_upper(unsigned k, unsigned n, double level);
/* Binomial tail: the probability of at least k events in n with rate p. */
double stat_binomial_tail(unsigned k, unsigned n, double p);
/* The probability of at most k. */
double stat_binomial_head(unsigned k, unsigned n, double p);
/* Adjusted p-values (q), in place order: q[i] belongs to p[i]. m >= n is the number of hypotheses in all; those not given are taken
 * to have p = 1. Benjamini and Hochberg 1995; Benjamini and Yekutieli 2001 (any dependence). 0 or -ENOMEM. */
[[nodiscard]] int stat_bh(const double *p, size_t n, size_t m, double *q);
[[nodiscard]] int stat_by(const double *p, size_t n, size_t m, double *q);

#endif
