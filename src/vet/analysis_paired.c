/* Paired trials: two that draw the same random numbers (vet/calm.h; "common random numbers" in simulation) and differ by their levels. An
 * id that is drawn is then the same in both, or another one altogether where a level makes the tool draw otherwise. One that is the same
 * but for a few characters says something in them: a single such pair is enough to suspect it, however many characters are drawn. A bit
 * that is as the level wants it by chance shows nothing in a pair, so groups of many levels are paired with several baselines; one that
 * shows something is halved until a single level is left. */
#include "vet/analysis_token.h"

#include <errno.h>

#include "base/random.h"
#include "vet/stat.h"

#define Q_MAX 0.001
/* A value follows from what is drawn alone if it is the same in so many pairs, and so many of them are known. */
#define PAIRS_MIN  6
#define SAME_SHARE 0.75
/* Shorter ones may be nearly the same by chance; of longer ones so many characters in a hundred may be others, but not so many in a row: an
 * id may be of two draws, of which one is another altogether. */
#define LENGTH_MIN  8
#define LENGTH_LONG 16
#define OTHERS      12.5
#define OTHERS_LONG 25
#define ROW_MAX     4
#define SPANS_MAX   64
/* So many fresh pairs decide. */
#define FRESH_MIN 3
/* Groups of levels that are halved at the same time. */
#define HALVED_MAX 3

/* A part of a value that a level changes in a few characters, or a suspicion of it. */
struct mark {
	const struct token *token;
	size_t baseline, trial; /* of the pair */
	unsigned pairs;         /* of other levels, in which it stays the same */
	unsigned hits, runs;    /* fresh trials of the level, with the same draws */
	unsigned steady, again; /* fresh baselines with the same draws: the same as before, all */
	double p;
};

struct marks {
	struct mark *m;
	size_t n, room;
};

enum likeness token_likeness(struct slice a, struct slice b)
{
	size_t differ = 0, row = 0;
	if (slice_eq(a, b))
		return LIKE_SAME;
	if (a.n != b.n || a.n < LENGTH_MIN)
		return LIKE_NOT;
	/* All of them are there, in the other case. */
	if (slice_eq_nocase(a, b))
		return LIKE_NEARLY;
	for (size_t i = 0; i < a.n; i++) {
		row = a.p[i] != b.p[i] ? row + 1 : 0;
		differ += row > 0;
		if (row > ROW_MAX)
			return LIKE_NOT;
	}
	return 100 * (double)differ <= (a.n < LENGTH_LONG ? OTHERS : OTHERS_LONG) * (double)a.n ? LIKE_NEARLY : LIKE_NOT;
}

static bool of_one_level(const struct analysis_trial *t)
{
	return t->usable && !t->baseline && !t->combined && !t->spread && t->row == ROW_NONE;
}

/* Where two texts of the same length differ, character by character. */
static size_t spans_of(struct slice a, struct slice b, size_t at, struct hunk *out, size_t max)
{
	size_t n = 0;
	for (size_t i = 0, from; i < a.n && n < max; i++) {
		for (from = i; i < a.n && a.p[i] != b.p[i]; i++)
			;
		if (i > from)
			out[n++] = (struct hunk){at + from, i - from, at + from, i - from};
	}
	return n;
}

/* What a factor says in plain words may stand in an id, too: a date in the zone, a name. What only calls itself a digest would be another
 * one altogether. */
int token_explained(const struct ctx *c, const struct token *token, size_t baseline, size_t trial, bool *out)
{
	const struct analysis_trial *t = &c->all[trial];
	uint32_t feature = token_feature(c, token, baseline);
	struct slice whole = feature_value(c->s, feature, (unsigned)baseline), part = token_text(c, token, baseline),
	             other = token_text(c, token, trial);
	size_t at = (size_t)(part.p - whole.p);
	_cleanup_buf_ struct buf b = BUF(1 << 20);
	buf_add(&b, slice_sub(whole, 0, at));
	buf_add(&b, other);
	buf_add(&b, slice_from(whole, at + part.n));
	struct hunk spans[SPANS_MAX];
	size_t n = spans_of(part, other, at, spans, ARRAY_LEN(spans));
	int r = buf_error(&b);
	*out = false;
	for (unsigned f = 0; f < factor_count && r == 0 && !*out; f++) {
		struct entry e = {.feature = feature,
		        .from = feature,
		        .factor = f,
		        .level = an_level_of(t, f),
		        .base = t->treatment.base,
		        .mode = MODE_RAW,
		        .ref = baseline,
		        .trial = trial,
		        .before = whole,
		        .after = buf_slice(&b),
		        .hunks = spans,
		        .n_hunks = n};
		if (e.level == 0)
			continue;
		r = an_explain(c, &e);
		*out = r == 0 && e.why.class != CLASS_COVERT && strcmp(an_text_of(e.why.rule), "named digest") != 0;
	}
	return r;
}

static int mark_add(struct marks *all, const struct mark *m)
{
	if (all->n == all->room) {
		size_t room = all->room ? 2 * all->room : 16;
		struct mark *more = reallocarray(all->m, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		all->m = more;
		all->room = room;
	}
	all->m[all->n++] = *m;
	return 0;
}

bool token_drawn(const struct ctx *c, const size_t *twin, const struct token *t, unsigned *same)
{
	unsigned pairs = 0;
	*same = 0;
	for (size_t o = 0; o < c->n && !t->choice && !t->both; o++) {
		size_t k = of_one_level(&c->all[o]) && t->there[o] ? twin[o] : c->n;
		if (k == c->n || !t->there[k])
			continue;
		pairs++;
		*same += token_likeness(token_text(c, t, k), token_text(c, t, o)) == LIKE_SAME;
	}
	return pairs >= PAIRS_MIN && *same >= SAME_SHARE * pairs;
}

static unsigned levels_of(const struct treatment *t)
{
	unsigned n = 0;
	for (unsigned f = 0; f < factor_count; f++)
		n += t->level[f] != 0;
	return n;
}

static bool within(const struct treatment *part, const struct treatment *whole)
{
	for (unsigned f = 0; f < factor_count; f++)
		if (part->level[f] && part->level[f] != whole->level[f])
			return false;
	return part->base == whole->base;
}

/* Of trials that draw the same and show the token nearly as their baseline has it, those whose levels are not among another one's: one for
 * each set of levels. */
static int marks_of_token(const struct ctx *c, const struct token *t, struct marks *out)
{
	size_t first = out->n;
	if (!t->drawn)
		return 0;
	for (size_t o = 0; o < c->n; o++) {
		const struct analysis_trial *u = &c->all[o];
		size_t k = (of_one_level(u) || (u->paired && !u->baseline)) ? c->twin[o] : c->n;
		if (k == c->n || !t->there[k] || token_likeness(token_text(c, t, k), token_text(c, t, o)) != LIKE_NEARLY)
			continue;
		bool known = false, explained = false;
		for (size_t i = first; i < out->n && !known; i++)
			known = within(&c->all[out->m[i].trial].treatment, &u->treatment);
		struct mark m = {.token = t, .baseline = k, .trial = o, .pairs = t->same};
		int r = known ? 0 : token_explained(c, t, k, o, &explained);
		if (r)
			return r;
		if (known || explained)
			continue;
		size_t kept = first;
		for (size_t i = first; i < out->n; i++)
			if (!within(&u->treatment, &c->all[out->m[i].trial].treatment))
				out->m[kept++] = out->m[i];
		out->n = kept;
		if ((r = mark_add(out, &m)))
			return r;
	}
	return 0;
}

static int marks_of(const struct ctx *c, const struct tokens *tokens, struct marks *out, bool *any)
{
	int r = 0;
	*any = false;
	for (size_t i = 0; i < tokens->n && r == 0; i++) {
		*any = *any || tokens->t[i].drawn;
		r = marks_of_token(c, &tokens->t[i], out);
	}
	return r;
}

/* -- which trials are next -- */

struct next {
	struct analysis_pair *p;
	size_t n, max;
};

static bool same_treatment(const struct treatment *a, const struct treatment *b)
{
	return within(a, b) && within(b, a);
}

static unsigned runs_of(const struct ctx *c, const struct treatment *t, uint32_t stream)
{
	unsigned n = 0;
	for (size_t o = 0; o < c->n; o++)
		n += c->all[o].paired && c->all[o].stream == stream && same_treatment(&c->all[o].treatment, t);
	return n;
}

/* So that it has been run so often with those draws. */
static void want_runs(const struct ctx *c, struct next *out, const struct treatment *t, uint32_t stream, unsigned times)
{
	unsigned had = runs_of(c, t, stream);
	for (size_t i = 0; i < out->n; i++)
		had += out->p[i].stream == stream && same_treatment(&out->p[i].treatment, t);
	for (; had < times && out->n < out->max; had++)
		out->p[out->n++] = (struct analysis_pair){.treatment = *t, .stream = stream};
}

/* Levels that were tried, alone or with others. */
struct known {
	bool level[64][UINT8_MAX + 1];
	unsigned set[64][UINT8_MAX + 1]; /* in groups, so far */
};

static void known_of(const struct ctx *c, struct known *out)
{
	for (size_t o = 0; o < c->n; o++)
		for (unsigned f = 0; f < factor_count && c->all[o].usable && !c->all[o].probe; f++)
			out->level[f][c->all[o].treatment.level[f]] = true;
	for (unsigned f = 0; f < factor_count; f++)
		out->level[f][0] = true;
}

/* Each factor at the level, the base's among them, that was set least so far: after as many groups as its factor has levels each was. */
static void group_of(struct known *k, enum vet_base base, uint64_t *dice, struct treatment *out)
{
	size_t git = factor_find("git");
	*out = (struct treatment){.base = base};
	for (unsigned f = 0; f < factor_count; f++) {
		unsigned best = 0, ties = 0;
		if (factor_table[f].only_gateway && base != BASE_GATEWAY)
			continue;
		for (unsigned l = 0; l < factor_level_count(f) && l <= UINT8_MAX; l++) {
			if (!k->level[f][l] || (ties && k->set[f][l] > k->set[f][best]))
				continue;
			ties = ties && k->set[f][l] == k->set[f][best] ? ties + 1 : 1;
			if (random_below(dice, ties) == 0)
				best = l;
		}
		out->level[f] = (uint8_t)best;
	}
	for (unsigned f = 0; f < factor_count; f++) {
		if (out->level[git] && factor_of_repository(f))
			out->level[f] = 0;
		k->set[f][out->level[f]] += base == BASE_GATEWAY || !factor_table[f].only_gateway;
	}
}

static bool is_baseline_of(const struct ctx *c, size_t o, enum vet_base base)
{
	const struct analysis_trial *t = &c->all[o];
	return t->baseline && t->stream && !t->probe && an_in_base(t, base);
}

static int groups_next(const struct ctx *c, size_t groups, uint64_t seed, struct next *out)
{
	_cleanup_free_ struct known *known = calloc(1, sizeof(*known));
	size_t turn[BASE_COUNT] = {0};
	if (!known)
		return -ENOMEM;
	known_of(c, known);
	for (size_t i = 0, made = 0; made < groups && i < BASE_COUNT * groups; i++) {
		enum vet_base base = (enum vet_base)(i % BASE_COUNT);
		struct treatment t;
		size_t of_base = 0, at = 0;
		for (size_t o = 0; o < c->n; o++)
			of_base += is_baseline_of(c, o, base);
		if (of_base == 0)
			continue;
		made++;
		group_of(known, base, &seed, &t);
		/* The baselines of the base, in turn. */
		size_t which = turn[base]++ % of_base;
		for (size_t o = 0; o < c->n; o++)
			if (is_baseline_of(c, o, base) && at++ == which)
				want_runs(c, out, &t, c->all[o].stream, 1);
	}
	return 0;
}

/* Of several levels one half and the other, of a single one fresh runs, and of its baseline. */
static void mark_next(const struct ctx *c, const struct mark *m, struct next *out)
{
	const struct analysis_trial *t = &c->all[m->trial];
	unsigned n = levels_of(&t->treatment), i = 0;
	struct treatment half[2] = {{.base = t->treatment.base}, {.base = t->treatment.base}}, none = {.base = t->treatment.base},
	                 only = t->treatment;
	for (unsigned f = 0; f < factor_count; f++)
		if (t->treatment.level[f])
			half[i++ >= n / 2].level[f] = t->treatment.level[f];
	if (n == 1) {
		want_runs(c, out, &only, t->stream, FRESH_MIN + 1);
		want_runs(c, out, &none, t->stream, FRESH_MIN + 1);
	} else {
		want_runs(c, out, &half[0], t->stream, 1);
		want_runs(c, out, &half[1], t->stream, 1);
	}
}

static int fewest_levels(const void *x, const void *y, void *ctx)
{
	const struct mark *a = x, *b = y;
	const struct ctx *c = ctx;
	unsigned n = levels_of(&c->all[a->trial].treatment), m = levels_of(&c->all[b->trial].treatment);
	return n != m ? (n < m ? -1 : 1) : (a->trial > b->trial) - (a->trial < b->trial);
}

int analysis_paired_next(const struct feature_set *set, const struct analysis_trial *trials, size_t n, const struct profile *profile,
        const struct analysis_paired_limits *limits, struct arena *arena, struct analysis_pair **out, size_t *n_out)
{
	_cleanup_(an_ctx_free) struct ctx c = {.s = set, .t = trials, .n = n, .profile = profile, .arena = arena};
	_cleanup_(tokens_free) struct tokens tokens = {0};
	struct marks marks = {0};
	struct next next = {.p = arena_array(arena, limits->trials + 1, sizeof(*next.p)), .max = limits->trials};
	bool any = false, begun = false;
	int r = next.p ? an_ctx_init(&c) : -ENOMEM;
	r = r ? r : tokens_of(&c, &tokens);
	r = r ? r : marks_of(&c, &tokens, &marks, &any);
	for (size_t o = 0; o < n; o++)
		begun |= trials[o].paired;
	if (r == 0 && any && !begun)
		r = groups_next(&c, limits->groups, limits->seed, &next);
	/* A level that shows something does so in each group that has it: it is enough to follow a few, the smallest first. */
	if (marks.n)
		qsort_r(marks.m, marks.n, sizeof(*marks.m), fewest_levels, &c);
	for (size_t i = 0, halved = 0; i < marks.n && r == 0; i++) {
		bool several = levels_of(&trials[marks.m[i].trial].treatment) > 1;
		if (!several || halved++ < HALVED_MAX)
			mark_next(&c, &marks.m[i], &next);
	}
	free(marks.m);
	*out = next.p;
	*n_out = next.n;
	return r;
}

/* -- deciding -- */

/* What fresh trials with the same draws show: nearly the same again with the level, the very same without. */
static int mark_test(const struct ctx *c, struct mark *k)
{
	const struct analysis_trial *t = &c->all[k->trial];
	struct slice before = token_text(c, k->token, k->baseline);
	for (size_t o = 0; o < c->n; o++) {
		const struct analysis_trial *u = &c->all[o];
		if (!u->paired || o == k->trial || u->stream != t->stream || u->treatment.base != t->treatment.base)
			continue;
		bool of_level = same_treatment(&u->treatment, &t->treatment), explained = false;
		enum likeness is = token_likeness(before, token_text(c, k->token, o));
		int r = of_level && is == LIKE_NEARLY ? token_explained(c, k->token, k->baseline, o, &explained) : 0;
		if (r)
			return r;
		if (of_level) {
			k->runs++;
			k->hits += is == LIKE_NEARLY && !explained;
		} else if (u->baseline) {
			k->again++;
			k->steady += is == LIKE_SAME;
		}
	}
	bool sure = k->runs >= FRESH_MIN && k->hits == k->runs && k->again >= FRESH_MIN && k->steady == k->again;
	k->p = sure ? stat_fisher(k->hits, k->runs, 0, k->pairs + k->again) : 1;
	return 0;
}

static int tell(const struct ctx *c, const struct mark *k, double q, struct groups *all)
{
	const struct analysis_trial *t = &c->all[k->trial];
	struct slice before = token_text(c, k->token, k->baseline), after = token_text(c, k->token, k->trial);
	size_t differ = 0;
	for (size_t i = 0; i < before.n && i < after.n; i++)
		differ += before.p[i] != after.p[i];
	struct told told = {.feature = token_feature(c, k->token, k->trial),
	        .factor = t->factor,
	        .level = t->level,
	        .base = t->treatment.base,
	        .class = CLASS_COVERT,
	        .kind = "bits of ids",
	        .before = arena_copy(c->arena, slice_sub(before, 0, 200)),
	        .after = arena_copy(c->arena, slice_sub(after, 0, 200)),
	        .p = k->p,
	        .q = q};
	told.explanation = arena_fmt(c->arena,
	        "The %s decides %zu of %zu characters of a value that is drawn at random. With the same random numbers drawn the value was "
	        "the same in %u pairs of trials under other levels and in %u fresh runs without any; with this one it was another in these "
	        "characters alone, in %u fresh runs of %u.",
	        factor_table[t->factor].title, differ, before.n, k->pairs, k->again, k->hits, k->runs);
	return !told.before.p || !told.after.p || !told.explanation ? -ENOMEM : an_tell(c, all, &told);
}

int an_paired(const struct ctx *c, struct groups *all)
{
	_cleanup_(tokens_free) struct tokens tokens = {0};
	_cleanup_free_ double *p = NULL, *q = NULL;
	struct marks marks = {0};
	bool any;
	int r = tokens_of(c, &tokens);
	r = r ? r : marks_of(c, &tokens, &marks, &any);
	/* Several levels that could not be told apart are none. */
	size_t kept = 0;
	for (size_t i = 0; i < marks.n && r == 0; i++)
		if (levels_of(&c->all[marks.m[i].trial].treatment) == 1)
			marks.m[kept++] = marks.m[i];
	marks.n = kept;
	for (size_t i = 0; i < marks.n && r == 0; i++)
		r = mark_test(c, &marks.m[i]);
	p = calloc(marks.n + 1, sizeof(*p));
	q = calloc(marks.n + 1, sizeof(*q));
	r = r ? r : !p || !q ? -ENOMEM : 0;
	for (size_t i = 0; i < marks.n && r == 0; i++)
		p[i] = marks.m[i].p;
	r = r ? r : stat_by(p, marks.n, marks.n, q);
	for (size_t i = 0; i < marks.n && r == 0; i++) {
		const struct analysis_trial *t = &c->all[marks.m[i].trial];
		if (q[i] <= Q_MAX && !an_told_already(all, t->factor, t->level, CLASS_COVERT, NULL))
			r = tell(c, &marks.m[i], q[i], all);
	}
	free(marks.m);
	return r;
}
