/* stat: the exact tests behind a finding. Pure functions. */
#ifndef POSTERN_VET_STAT_H
#define POSTERN_VET_STAT_H

#include <stddef.h>

/* ln of the binomial coefficient; -INFINITY if k > n. */
double stat_ln_choose(unsigned n, unsigned k);
/* Permutation test with b runs of the baseline and r of the level, all alike among themselves and different between the two:
 * 1 / C(b + r, r). 1 if b or r is 0. */
double stat_permutation(unsigned b, unsigned r);
/* Fisher's exact test, one-sided: the probability of at least `hits` marked among the n_level runs if `hits + pool_hits` marks fall at
 * random on n_level + n_pool runs (hypergeometric tail). Generalises stat_permutation(): fisher(r, r, 0, b). */
double stat_fisher(unsigned hits, unsigned n_level, unsigned pool_hits, unsigned n_pool);
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
