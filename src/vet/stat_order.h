/* stat_order: tests by ranks and by order, for values that are never twice the same: times, sizes, counts, bits of ids. Pure functions;
 * exact where that is affordable. */
#ifndef POSTERN_VET_STAT_ORDER_H
#define POSTERN_VET_STAT_ORDER_H

#include <stddef.h>

/* One-sided rank-sum test (Wilcoxon 1945; Mann and Whitney 1947): the probability that n values drawn at random from all n + m have a sum
 * of ranks at least as large as the x do. Equal values share their mean rank, and the distribution is that of all subsets given those
 * ranks, so ties are exact too. By counting all subsets for up to some 5e7 steps, else by the normal approximation with correction for
 * ties and continuity. 1 if either is empty, or memory is out. */
double stat_rank_sum(const double *x, size_t n, const double *y, size_t m);
/* The probability that one of x is above one of y, half of a tie counted: 1 if all x are above all y. 0.5 if either is empty. */
double stat_superiority(const double *x, size_t n, const double *y, size_t m);
/* Sorts v. The mean of the two in the middle if n is even; 0 if n is 0. */
double stat_median(double *v, size_t n);
/* Median of the distances from `centre`; scratch has room for n. Times 1.4826 it estimates the standard deviation of normal values. */
double stat_spread(const double *v, size_t n, double centre, double *scratch);
/* The probability of at most `runs` runs of equal neighbours in a random order of a ones and b zeros (Wald and Wolfowitz 1940, exact):
 * small if they come in blocks, as what follows the time does. */
double stat_runs(unsigned a, unsigned b, unsigned runs);

#endif
