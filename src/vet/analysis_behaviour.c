#include "vet/analysis_behaviour.h"

#include <errno.h>

#include "vet/analysis_part.h"

#define SHAPE_MAX ((size_t)4 << 20)

int behaviour_reference(const struct analysis_trial *trials, size_t n, enum vet_base base)
{
	for (size_t i = 0; i < n; i++)
		if (trials[i].baseline && an_in_base(&trials[i], base))
			return (int)i;
	return -1;
}

/* Do all baselines of the base have the same value, or none? */
static bool agreed(
        const struct feature_set *s, const struct analysis_trial *t, size_t n, uint32_t feature, enum vet_base base, struct slice ref)
{
	for (size_t i = 0; i < n; i++) {
		if (!t[i].baseline || !an_in_base(&t[i], base))
			continue;
		struct slice v = feature_value(s, feature, (unsigned)i);
		if (!an_presence_eq(v, ref) || !slice_eq(v, ref))
			return false;
	}
	return true;
}

static uint64_t hash_of(struct slice v)
{
	uint64_t h = slice_hash(v);
	return h ? h : 1;
}

int behaviour_of(const struct feature_set *s, const struct analysis_trial *trials, size_t n, unsigned observation, bool shapes,
        struct arena *arena, struct behaviour *out)
{
	const struct analysis_trial *t = &trials[observation];
	int ref = behaviour_reference(trials, n, t->treatment.base);
	struct behaviour b = {0};
	_cleanup_buf_ struct buf mine = BUF(SHAPE_MAX), theirs = BUF(SHAPE_MAX);
	size_t count = feature_count(s);
	/* Of tens of thousands of features few differ: the arena keeps those alone. */
	_cleanup_free_ struct behaviour_mark *marks = calloc(count + 1, sizeof(*marks));
	if (!marks)
		return -ENOMEM;
	for (uint32_t f = 0; f < count && ref >= 0; f++) {
		if (feature_at(s, f)->derived || feature_at(s, f)->measure)
			continue;
		struct slice v = feature_value(s, f, observation), w = feature_value(s, f, (unsigned)ref);
		if (an_presence_eq(v, w) && slice_eq(v, w))
			continue;
		if (!agreed(s, trials, n, f, t->treatment.base, w))
			continue;
		uint64_t value = v.p ? hash_of(v) : 0;
		if (v.p && w.p && shapes) {
			buf_reset(&mine);
			buf_reset(&theirs);
			feature_shape(v, &mine);
			feature_shape(w, &theirs);
			if (slice_eq(buf_slice(&mine), buf_slice(&theirs)))
				continue;
			value = hash_of(buf_slice(&mine));
		}
		marks[b.n++] = (struct behaviour_mark){f, value};
	}
	b.marks = arena_array(arena, b.n + 1, sizeof(*b.marks));
	if (!b.marks)
		return -ENOMEM;
	if (b.n)
		memcpy(b.marks, marks, b.n * sizeof(*b.marks));
	*out = b;
	return 0;
}

bool behaviour_has(const struct behaviour *b, struct behaviour_mark mark)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->marks[i].feature == mark.feature && b->marks[i].value == mark.value)
			return true;
	return false;
}

void behaviour_keep(struct behaviour *a, const struct behaviour *b, bool not )
{
	size_t n = 0;
	for (size_t i = 0; i < a->n; i++)
		if (behaviour_has(b, a->marks[i]) != not )
			a->marks[n++] = a->marks[i];
	a->n = n;
}

bool behaviour_same(const struct behaviour *a, const struct behaviour *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->marks[i].feature != b->marks[i].feature || a->marks[i].value != b->marks[i].value)
			return false;
	return true;
}

bool an_within_factor(const struct ctx *c, uint32_t feature, size_t o)
{
	const struct analysis_trial *t = &c->t[o];
	struct slice v = feature_value(c->s, feature, (unsigned)o);
	size_t times = 0;
	if (t->baseline || t->combined)
		return false;
	for (size_t k = 0; k < c->n; k++) {
		const struct analysis_trial *u = &c->t[k];
		struct slice w = feature_value(c->s, feature, (unsigned)k);
		if (k == o || !an_in_base(u, t->treatment.base) || !an_presence_eq(v, w) || !slice_eq(v, w))
			continue;
		if (an_level_of(u, t->factor) == 0)
			return false;
		times += !u->combined && u->level != t->level;
	}
	return times > 0;
}
