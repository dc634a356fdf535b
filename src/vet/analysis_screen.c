/* Screening, and the choice of treatments that confirm what it suspects. */
#include "vet/analysis_part.h"

#include <errno.h>

#include "vet/plan.h"

/* With the place among the candidates of its factor and class. */
struct ranked {
	struct analysis_candidate c;
	unsigned rank;
	/* What levels that show the same have in common: the clearest feature of the worst class, and the first trial that shows it. */
	uint32_t feature;
	size_t kin;
};

/* As clear as one chance in a hundred. */
static bool clear(const struct analysis_candidate *c)
{
	return c->worst > CLASS_HASHED && c->by_chance < 0.01;
}

static int candidate_order(const void *x, const void *y)
{
	const struct ranked *r = x, *s = y;
	const struct analysis_candidate *a = &r->c, *b = &s->c;
	if (a->worst != b->worst)
		return a->worst > b->worst ? -1 : 1;
	/* What is clear comes first, every factor once before any twice. */
	if (clear(a) != clear(b))
		return clear(a) ? -1 : 1;
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
		double by_chance = an_chance_of(&c, e);
		if (k == 0 || order[k - 1].c.factor != e->factor || order[k - 1].c.level != e->level || order[k - 1].c.base != e->base)
			order[k++].c = (struct analysis_candidate){.factor = e->factor, .level = e->level, .base = e->base};
		struct ranked *last = &order[k - 1];
		last->c.features++;
		last->c.joint |= e->joint;
		/* The clearest feature of the worst class. */
		if (e->why.class < last->c.worst || (e->why.class == last->c.worst && by_chance >= last->c.by_chance))
			continue;
		last->c.worst = e->why.class;
		last->c.by_chance = by_chance;
		last->c.fresh = e->kin_fresh_hits;
		last->feature = e->feature;
		last->kin = e->kin;
	}
	/* Worst first; among these every factor once before any twice, so that a small budget of fresh runs reaches all; then what is
	 * least like the noise of this tool. */
	qsort(order, k, sizeof(*order), candidate_order);
	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j < i; j++)
			order[i].rank += order[j].c.factor == order[i].c.factor && order[j].c.worst == order[i].c.worst;
	qsort(order, k, sizeof(*order), candidate_order);
	for (size_t i = 0; i < k; i++) {
		size_t same = 0;
		while (order[same].c.base != order[i].c.base || order[same].c.factor != order[i].c.factor ||
		        order[same].feature != order[i].feature || order[same].kin != order[i].kin)
			same++;
		found[i] = order[i].c;
		found[i].kind = (unsigned)same;
	}
	*out = found;
	*n_out = k;
	return 0;
}

/* -- which levels are set in which fresh trials -- */

/* The suspected levels of one factor in one base, by kind: those of one kind show the same, and one of them is set for all. */
struct slots {
	const struct analysis_candidate *c;
	size_t n;
	size_t *kinds; /* the first candidate of each kind, the clearest first; `room` of them */
	size_t n_kinds;
};

static void slots_of(const struct analysis_candidate *c, size_t n, enum vet_base base, unsigned factor, size_t *room, struct slots *out)
{
	*out = (struct slots){.c = c, .n = n, .kinds = room};
	for (size_t i = 0; i < n; i++) {
		bool seen = c[i].base != base || c[i].factor != factor;
		for (size_t k = 0; k < out->n_kinds && !seen; k++)
			seen = c[out->kinds[k]].kind == c[i].kind;
		if (!seen)
			out->kinds[out->n_kinds++] = i;
	}
}

static size_t members_of(const struct slots *s, size_t kind)
{
	size_t members = 0;
	for (size_t i = 0; i < s->n; i++)
		members += s->c[i].kind == s->c[s->kinds[kind]].kind;
	return members;
}

/* The level of the member of that kind whose turn it is. */
static uint8_t member(const struct slots *s, size_t kind, size_t turn)
{
	size_t at = turn % members_of(s, kind), i = s->kinds[kind];
	for (; at > 0; at--)
		do
			i++;
		while (s->c[i].kind != s->c[s->kinds[kind]].kind);
	return (uint8_t)s->c[i].level;
}

/* Fresh runs after which a kind needs no more, if all show it: of what is clear, and of what less than one like it would come by chance. */
#define FRESH_CLEAR     5
#define FRESH_PROMISING 3

static size_t wanted(const struct analysis_candidate *c)
{
	size_t enough = clear(c) ? FRESH_CLEAR : c->worst > CLASS_HASHED && c->by_chance < 1 ? FRESH_PROMISING : 0;
	return c->fresh >= enough ? 0 : enough - c->fresh;
}

/* How often a kind is set before what is left is shared: each member once, then as often as it is wanted. */
static size_t turns_of(const struct slots *s, size_t kind, bool first_round)
{
	return first_round ? members_of(s, kind) : wanted(&s->c[s->kinds[kind]]);
}

/* A fixed scatter, so that no two factors are set in the same trials. */
static uint64_t scatter(size_t a, size_t b)
{
	uint64_t x = (a + 1) * 0x9e3779b97f4a7c15u ^ (b + 1) * 0xbf58476d1ce4e5b9u;
	x ^= x >> 29;
	x *= 0x94d049bb133111ebu;
	return x ^ x >> 32;
}

/* Levels for `trials` trials, 0 in some. First round: every kind once, then their next members, in turn. Then: what kinds want, in
 * turn; of the rest the first kind has half, the next half of what is left, and so on. A single kind is set in two of three. */
static void fill(const struct slots *s, bool first_round, uint8_t *level, size_t trials)
{
	size_t used = 0, most = 0;
	if (s->n_kinds == 1) {
		size_t on = first_round && members_of(s, 0) > 1 ? trials : (2 * trials + 1) / 3;
		for (; used < on; used++)
			level[used] = member(s, 0, used);
		return;
	}
	for (size_t k = 0; k < s->n_kinds; k++) {
		size_t turns = turns_of(s, k, first_round);
		most = turns > most ? turns : most;
	}
	for (size_t turn = 0; turn < most; turn++)
		for (size_t k = 0; k < s->n_kinds && used < trials; k++)
			if (turn < turns_of(s, k, first_round))
				level[used++] = member(s, k, turn);
	if (first_round) {
		for (size_t turn = 0; used < trials; turn++)
			level[used++] = member(s, turn % s->n_kinds, turn / s->n_kinds);
		return;
	}
	for (size_t k = 0; k < s->n_kinds && used < trials; k++) {
		size_t share = k + 1 == s->n_kinds ? trials - used : (trials - used + 1) / 2;
		for (size_t turn = 0; turn < share; turn++)
			level[used++] = member(s, k, turn);
	}
}

/* Fresh trials that a base wants, and the most levels of a factor. */
static size_t base_wants(const struct analysis_candidate *c, size_t n, enum vet_base base, size_t *room, size_t *levels)
{
	size_t most = 0;
	*levels = 0;
	for (unsigned f = 0; f < factor_count; f++) {
		struct slots s;
		size_t all = 0, want = 0;
		slots_of(c, n, base, f, room, &s);
		for (size_t k = 0; k < s.n_kinds; k++) {
			all += members_of(&s, k);
			want += wanted(&c[s.kinds[k]]);
		}
		if (s.n_kinds == 1)
			want = (3 * want + 1) / 2;
		most = want > most ? want : most;
		*levels = all > *levels ? all : *levels;
	}
	return most;
}

#define ROUND_MIN 3

/* How many of the trials each base has. */
static void share_out(const struct analysis_candidate *c, size_t n, bool first_round, size_t max, size_t *room, size_t *trials)
{
	size_t want[BASE_COUNT], levels[BASE_COUNT], worst[BASE_COUNT] = {0}, all = 0, bases = 0;
	for (size_t i = 0; i < n; i++)
		if (c[i].worst > worst[c[i].base])
			worst[c[i].base] = c[i].worst;
	for (int b = 0; b < BASE_COUNT; b++) {
		want[b] = base_wants(c, n, (enum vet_base)b, room, &levels[b]);
		if (first_round)
			want[b] = levels[b] && levels[b] < ROUND_MIN ? ROUND_MIN : levels[b];
		/* What its own content proves needs no second round. */
		else if (worst[b] <= CLASS_HASHED)
			levels[b] = want[b] = 0;
		all += want[b];
		bases += levels[b] > 0;
	}
	size_t given = 0;
	for (int b = 0; b < BASE_COUNT; b++) {
		trials[b] = all <= max ? want[b] : want[b] * max / all;
		/* With fewer nothing is told apart. */
		if (trials[b] < ROUND_MIN && want[b])
			trials[b] = want[b] < ROUND_MIN ? want[b] : ROUND_MIN;
		if (trials[b] > max - given)
			trials[b] = max - given;
		given += trials[b];
	}
	if (all > max)
		trials[want[0] >= want[1] ? 0 : 1] += max - given;
	if (all > max || first_round)
		return;
	/* What is left is for what is less clear. */
	size_t left = max - all;
	for (int b = 0; b < BASE_COUNT; b++) {
		size_t share = levels[b] ? left / bases : 0;
		bases -= levels[b] > 0;
		left -= share;
		trials[b] += share;
	}
}

/* Fresh runs of what comes under several factors. */
#define SINGLES 3

int analysis_confirm(const struct analysis_candidate *c, size_t n, bool first_round, size_t max, struct arena *arena,
        struct treatment **out, size_t *n_out)
{
	size_t trials[BASE_COUNT], used = 0;
	struct treatment *t = arena_array(arena, max + 1, sizeof(*t));
	_cleanup_free_ size_t *room = calloc(n + 1, sizeof(*room));
	_cleanup_free_ uint8_t *level = malloc(max + 1);
	if (!t || !room || !level)
		return -ENOMEM;
	/* Those that come under several factors: alone, the first few of them; what is not clear waits for what is. */
	size_t singles = 0;
	for (size_t i = 0; i < n && singles < 3; i++) {
		if (!c[i].joint || c[i].worst <= CLASS_HASHED || c[i].fresh >= SINGLES || (clear(&c[0]) && !clear(&c[i])))
			continue;
		singles++;
		for (int k = 0; k < SINGLES && used < max; k++)
			t[used++] = plan_treatment(c[i].base, c[i].factor, c[i].level);
	}
	/* Levels of names from the artefact's lists may be many: half is for the second round, which decides. */
	size_t least = first_round && max > 2 * ROUND_MIN ? max / 2 : max;
	share_out(c, n, first_round, least > used ? least - used : 0, room, trials);
	for (int b = 0; b < BASE_COUNT; b++) {
		for (size_t k = 0; k < trials[b]; k++)
			t[used + k] = plan_treatment((enum vet_base)b, 0, 0);
		for (unsigned f = 0; f < factor_count && trials[b]; f++) {
			struct slots s;
			slots_of(c, n, (enum vet_base)b, f, room, &s);
			if (s.n_kinds == 0)
				continue;
			memset(level, 0, trials[b]);
			fill(&s, first_round, level, trials[b]);
			for (size_t k = 0; k < trials[b]; k++) {
				size_t place = 0;
				for (size_t j = 0; j < trials[b]; j++)
					place += scatter(f, j) < scatter(f, k) || (scatter(f, j) == scatter(f, k) && j < k);
				t[used + k].level[f] = level[place];
			}
		}
		used += trials[b];
	}
	*out = t;
	*n_out = used;
	return 0;
}
