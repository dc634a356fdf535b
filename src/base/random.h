/* random: numbers that a seed decides, for plans and resampling: even, not secret. splitmix64 (Steele, Lea, Flood 2014). */
#ifndef POSTERN_BASE_RANDOM_H
#define POSTERN_BASE_RANDOM_H

#include <stdint.h>

/* The next 64 bits; *state is the seed at first. */
static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* One of 0 … n - 1, each as likely; n must not be 0. */
static inline uint64_t random_below(uint64_t *state, uint64_t n)
{
	uint64_t r, limit = UINT64_MAX - UINT64_MAX % n;
	do
		r = random_next(state);
	while (r >= limit);
	return r % n;
}

/* From 0 to below 1, 53 bits. */
static inline double random_unit(uint64_t *state)
{
	return (double)(random_next(state) >> 11) / 9007199254740992.0;
}

#endif
