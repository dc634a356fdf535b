/* Quantities of a trial: times between messages, and how many there are of what. */
#include "vet/feature_set.h"

#define TALLIES_MAX 3000

struct tally {
	struct slice key;
	uint64_t hash, n;
};

struct item *item_measure(struct adding *a, struct item *parent, struct slice key, enum feature_measure measure, uint64_t value)
{
	struct item *it = parent ? item_fact(a, parent, "", adding_fmt(a, "%llu", (unsigned long long)value)) : NULL;
	if (!it)
		return NULL;
	it->key = key;
	it->measure = measure;
	return it;
}

void measure_wait(struct adding *a, struct item *m, const struct trace_record *r)
{
	uint64_t now = trace_u64(r, TAG_TIME, UINT64_MAX);
	if (now == UINT64_MAX)
		return;
	if (m) {
		(void)item_measure(a, m, SLICE("(wait)"), MEASURE_TIME, now > a->last_us ? now - a->last_us : 0);
		(void)item_measure(a, m, SLICE("(when)"), MEASURE_WORK, now);
		if (a->heard)
			(void)item_measure(a, m, SLICE("(since the first)"), MEASURE_TIME, now > a->first_us ? now - a->first_us : 0);
	}
	if (!a->heard)
		a->first_us = now;
	a->heard = true;
	if (now > a->last_us)
		a->last_us = now;
}

void measure_count(struct adding *a, struct slice whose, const char *what, uint64_t n)
{
	struct slice key = adding_fmt(a, "%.*s (%s)", SLICE_FMT(whose), what);
	uint64_t hash = slice_hash(key);
	if (!a->tallies)
		a->tallies = arena_array(&a->arena, TALLIES_MAX, sizeof(*a->tallies));
	if (!a->tallies)
		return;
	for (size_t i = 0; i < a->n_tallies; i++)
		if (a->tallies[i].hash == hash && slice_eq(a->tallies[i].key, key)) {
			a->tallies[i].n += n;
			return;
		}
	if (a->n_tallies < TALLIES_MAX)
		a->tallies[a->n_tallies++] = (struct tally){key, hash, n};
}

void measure_tallies(struct adding *a, struct item *map)
{
	for (size_t i = 0; i < a->n_tallies; i++)
		(void)item_measure(a, map, a->tallies[i].key, MEASURE_COUNT, a->tallies[i].n);
}
