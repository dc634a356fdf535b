/* Screening, and the choice of treatments that confirm what it suspects. */
#include "vet/analysis_part.h"

#include <errno.h>

#include "vet/plan.h"

/* With the place among the candidates of its factor and class. */
struct ranked {
	struct analysis_candidate c;
	unsigned rank;
};

static int candidate_order(const void *x, const void *y)
{
	const struct ranked *r = x, *s = y;
	const struct analysis_candidate *a = &r->c, *b = &s->c;
	if (a->worst != b->worst)
		return a->worst > b->worst ? -1 : 1;
	/* What is as clear as one chance in a hundred comes first, every factor once before any twice. */
	if ((a->by_chance < 0.01) != (b->by_chance < 0.01))
		return a->by_chance < 0.01 ? -1 : 1;
	if (r->rank != s->rank)
		return r->rank < s->rank ? -1 : 1;
	if (a->by_chance != b->by_chance)
		return a->by_chance < b->by_chance ? -1 : 1;
	if (a->features != b->features)
		return a->features > b->features ? -1 : 1;
	if (a->factor != b->factor)
		return a->factor < b->factor ? -1 : 1;
	return a->level != b->level ? (a->level < b->level ? -1 : 1) : (int)a->base - (int)b->base;
}

int analysis_screen(const struct feature_set *s, const struct analysis_trial *trials, size_t n, const struct profile *profile,
        struct arena *arena, struct analysis_candidate **out, size_t *n_out)
{
	_cleanup_(an_ctx_free) struct ctx c = {.s = s, .t = trials, .n = n, .profile = profile, .arena = arena};
	_cleanup_(an_entries_free) struct entries list = {0};
	int r = an_ctx_init(&c);
	if (r == 0)
		r = an_collect(&c, &list);
	if (r)
		return r;
	struct analysis_candidate *found = arena_array(arena, list.n + 1, sizeof(*found));
	_cleanup_free_ struct ranked *order = calloc(list.n + 1, sizeof(*order));
	if (!found || !order)
		return -ENOMEM;
	size_t k = 0;
	for (size_t i = 0; i < list.n; i++) {
		const struct entry *e = &list.e[i];
		if (e->why.class < CLASS_UNDECLARED || !an_file_counts(feature_at(s, e->feature), e->mode, e->why.class))
			continue;
		double by_chance = an_expected_by_chance(&c, e);
		if (k == 0 || found[k - 1].factor != e->factor || found[k - 1].level != e->level || found[k - 1].base != e->base) {
			found[k] = (struct analysis_candidate){.factor = e->factor, .level = e->level, .base = e->base};
			found[k++].by_chance = by_chance;
		}
		struct analysis_candidate *f = &found[k - 1];
		f->features++;
		f->joint |= e->joint;
		/* The clearest feature of the worst class. */
		if (e->why.class > f->worst || (e->why.class == f->worst && by_chance < f->by_chance))
			f->by_chance = by_chance;
		if (e->why.class > f->worst)
			f->worst = e->why.class;
	}
	/* Worst first; among these every factor once before any twice, so that a small budget of fresh runs reaches all; then what is
	 * least like the noise of this tool. */
	for (size_t i = 0; i < k; i++)
		order[i].c = found[i];
	qsort(order, k, sizeof(*order), candidate_order);
	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j < i; j++)
			order[i].rank += order[j].c.factor == order[i].c.factor && order[j].c.worst == order[i].c.worst;
	qsort(order, k, sizeof(*order), candidate_order);
	for (size_t i = 0; i < k; i++)
		found[i] = order[i].c;
	*out = found;
	*n_out = k;
	return 0;
}

/* Candidate i among those of its base and factor: its place, and how many they are. */
static size_t of_factor(const struct analysis_candidate *c, size_t n, size_t i, size_t *place)
{
	size_t levels = 0;
	*place = 0;
	for (size_t k = 0; k < n; k++)
		if (c[k].base == c[i].base && c[k].factor == c[i].factor) {
			levels++;
			*place += k < i;
		}
	return levels;
}

/* A fixed scatter, so that no two factors are set in the same trials. */
static uint64_t scatter(size_t a, size_t b)
{
	uint64_t x = (a + 1) * 0x9e3779b97f4a7c15u ^ (b + 1) * 0xbf58476d1ce4e5b9u;
	x ^= x >> 29;
	x *= 0x94d049bb133111ebu;
	return x ^ x >> 32;
}

/* Is the candidate set in the given one of the trials of its base? A single level in two of three, which ones is scattered. Of a factor
 * with several suspected levels: in the first round each once, in turn; then the first has half of the trials, the next half of the
 * rest, and so on. */
static bool set_in(const struct analysis_candidate *c, size_t n, size_t i, bool first_round, size_t trial, size_t trials)
{
	size_t place, levels = of_factor(c, n, i, &place), before = 0;
	if (levels > 1 && first_round)
		return trial % levels == place;
	for (size_t k = 0; k < trials; k++)
		before += scatter(c[i].factor, k) < scatter(c[i].factor, trial) ||
		          (scatter(c[i].factor, k) == scatter(c[i].factor, trial) && k < trial);
	if (levels == 1)
		return before < (2 * trials + 2) / 3;
	size_t from = 0, share = levels == 2 ? (trials + 1) / 2 : 0;
	if (levels == 2)
		return place == 0 ? before < share : before >= share;
	for (size_t k = 0; k < place; k++)
		from += (trials - from + 1) / 2;
	return before >= from && before < from + (trials - from + 1) / 2;
}

#define ROUND_MIN 3

int analysis_confirm(const struct analysis_candidate *c, size_t n, bool first_round, size_t max, struct arena *arena,
        struct treatment **out, size_t *n_out, size_t *covered)
{
	size_t most[BASE_COUNT] = {0}, worst[BASE_COUNT] = {0}, used = 0, bases = 0;
	struct treatment *t = arena_array(arena, max + 1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		size_t place, levels = of_factor(c, n, i, &place);
		if (levels > most[c[i].base])
			most[c[i].base] = levels;
		if (c[i].worst > worst[c[i].base])
			worst[c[i].base] = c[i].worst;
	}
	/* What its own content proves needs no second round. */
	for (int b = 0; b < BASE_COUNT; b++) {
		if (!first_round && worst[b] <= CLASS_UNDECLARED)
			most[b] = 0;
		bases += most[b] > 0;
	}
	/* Those that come under several factors: alone, the first few of them, twice a round. */
	size_t singles = 0;
	for (size_t i = 0; i < n && singles < 3; i++) {
		if (!c[i].joint || c[i].worst <= CLASS_HASHED)
			continue;
		singles++;
		for (int k = 0; k < 3 && used < max; k++)
			t[used++] = plan_treatment(c[i].base, c[i].factor, c[i].level);
	}
	/* Levels of names from the artefact's lists may be many: half is for the second round, which decides. */
	size_t room = first_round && max > 2 * ROUND_MIN ? max / 2 : max;
	for (int b = 0; b < BASE_COUNT; b++) {
		size_t trials = most[b] == 0 ? 0 : first_round ? (most[b] < 3 ? 3 : most[b]) : (max - used) / bases;
		bases -= most[b] > 0;
		for (size_t k = 0; k < trials && used < room; k++) {
			t[used] = plan_treatment((enum vet_base)b, 0, 0);
			for (size_t i = 0; i < n; i++)
				if (c[i].base == (enum vet_base)b && t[used].level[c[i].factor] == 0 &&
				        set_in(c, n, i, first_round, k, trials))
					t[used].level[c[i].factor] = (uint8_t)c[i].level;
			used++;
		}
	}
	*covered = 0;
	for (size_t i = 0; i < n; i++) {
		size_t times = 0;
		for (size_t k = 0; k < used; k++)
			times += t[k].base == c[i].base && t[k].level[c[i].factor] == c[i].level;
		if (times < 3)
			break;
		++*covered;
	}
	*out = t;
	*n_out = used;
	return 0;
}
