/* Findings: what is said outright, and dependences that held. */
#include "vet/analysis_part.h"

#include <errno.h>
#include <stdio.h>

#include "vet/stat.h"

/* A dependence that nothing explains is reported only if the chance of any such false report is below this, over all that were
 * nominated for confirmation (Benjamini-Yekutieli: the hypotheses share baselines). */
#define Q_MAX 0.01
/* And only if fewer than this many features of this tool would look the same by chance, going by how often its features flip. */
#define CHANCE_MAX 0.002

/* -- groups: differences of one kind that become one finding -- */

static bool list_has(const struct list *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->s[i], s) == 0)
			return true;
	return false;
}

/* True if it was new. What does not fit is left out. */
static bool list_add(struct list *l, const char *s)
{
	if (!s || list_has(l, s))
		return false;
	if (l->n < LIST_MAX)
		l->s[l->n++] = s;
	return true;
}

static void groups_free(struct groups *all)
{
	free(all->g);
}

static struct group *group_of(struct groups *all, unsigned factor, enum leak_class class, const char *kind, bool *new)
{
	*new = false;
	for (size_t i = 0; i < all->n; i++)
		if (all->g[i].factor == factor && all->g[i].class == class && strcmp(all->g[i].kind, kind) == 0)
			return &all->g[i];
	if (all->n == all->room) {
		size_t room = all->room ? 2 * all->room : 32;
		struct group *g = reallocarray(all->g, room, sizeof(*g));
		if (!g)
			return NULL;
		all->g = g;
		all->room = room;
	}
	*new = true;
	all->g[all->n] = (struct group){.factor = factor, .class = class, .kind = kind, .p = 1};
	return &all->g[all->n++];
}

static int group_place(const struct ctx *c, struct group *g, const struct feature *f)
{
	const char *place = arena_fmt(c->arena, "%s %s", an_text_of(f->endpoint), an_text_of(f->address));
	if (!place)
		return -ENOMEM;
	if (!g->first) {
		g->first = place;
		g->endpoint = an_text_of(f->endpoint);
		g->address = an_text_of(f->address);
		return 0;
	}
	if (strcmp(g->first, place) == 0 || list_has(&g->also, place))
		return 0;
	g->occurrences++;
	(void)list_add(&g->also, place);
	return 0;
}

/* -- echoes -- */

/* Words that look like a level's literal may stand in a text under every level: then they are no echo. */
static bool echo_is_chance(const struct ctx *c, const struct feature_echo *e)
{
	const struct analysis_trial *t = &c->t[e->observation];
	struct slice v = feature_value(c->s, e->feature, e->observation);
	for (size_t o = 0; o < c->n; o++) {
		const struct analysis_trial *u = &c->t[o];
		if (!an_in_base(u, t->treatment.base) || an_level_of(u, e->factor) == an_level_of(t, e->factor) ||
		        an_has_echo(c, e->feature, (unsigned)o, e->factor, e->digest))
			continue;
		struct slice w = feature_value(c->s, e->feature, (unsigned)o);
		/* A digest that stays the same when the value changes is none of it. */
		if (e->digest ? w.p && slice_eq(v, w) : an_says_same(t, e->factor, v, w))
			return true;
	}
	return false;
}

/* A literal that is an everyday word says something only if another one stands there under another level. */
static bool follows(const struct ctx *c, const struct feature_echo *e)
{
	const struct analysis_trial *t = &c->t[e->observation];
	for (size_t o = 0; o < c->n; o++)
		if (an_in_base(&c->t[o], t->treatment.base) && an_level_of(&c->t[o], e->factor) != an_level_of(t, e->factor) &&
		        an_has_echo(c, e->feature, (unsigned)o, e->factor, e->digest))
			return true;
	return false;
}

static int echo_findings(const struct ctx *c, struct groups *all)
{
	for (size_t i = 0; i < c->n_echoes; i++) {
		const struct feature_echo *e = &c->echoes[i];
		if (e->observation >= c->n || e->feature >= feature_count(c->s) || e->factor >= factor_count ||
		        !c->t[e->observation].usable)
			continue;
		const struct analysis_trial *t = &c->t[e->observation];
		const struct feature *f = feature_at(c->s, e->feature);
		if (f->derived || an_is_file(f) || (e->weak && !follows(c, e)) || echo_is_chance(c, e))
			continue;
		const struct factor_level *level = factor_level_at(e->factor, an_level_of(t, e->factor));
		const char *declared = explain_declared(c->profile, e->factor, f);
		enum leak_class class = e->digest ? CLASS_HASHED : declared ? CLASS_DISCLOSED : CLASS_UNDECLARED;
		const char *kind = arena_fmt(c->arena, "echo %s", an_text_of(f->endpoint));
		bool new;
		struct group *g = kind ? group_of(all, e->factor, class, kind, &new) : NULL;
		if (!g || !level || group_place(c, g, f))
			return -ENOMEM;
		(void)list_add(&g->levels, level->name);
		(void)list_add(&g->evidence, t->id);
		g->bases[t->treatment.base] = true;
		g->p = 0;
		if (!new)
			continue;
		char mark[64];
		struct slice v = feature_value(c->s, e->feature, e->observation);
		int n = snprintf(mark, sizeof(mark), "{%s}", factor_table[e->factor].name);
		size_t at = slice_find(v, slice_of(mark, (size_t)n), 0);
		g->before = g->after = v.p ? v : SLICE("");
		g->marks = at != SLICE_NPOS;
		if (g->marks)
			g->at = (struct hunk){at, (size_t)n, at, (size_t)n};
		g->declared = e->digest ? NULL : declared;
		g->explanation = arena_fmt(c->arena, e->digest ? "A digest of the %s is sent (%s)." : "The %s is sent (%s).",
		        factor_table[e->factor].title, an_text_of(e->transform));
		if (!g->explanation)
			return -ENOMEM;
	}
	return 0;
}

/* -- dependences -- */

/* Rows whose content proves them need no fresh runs; what was seen once and speaks of the factor is told as seen once. */
static bool holds(const struct entry *e)
{
	/* So does a digest of something known. */
	if (e->why.class <= CLASS_HASHED)
		return e->fresh == e->fresh_hits && (e->fresh || e->pool_hits == 0);
	return (e->fresh ? e->fresh_hits >= (e->fresh == e->fresh_hits && !e->joint ? 2 : 3) : e->runs >= 3) && e->q <= Q_MAX &&
	       e->by_chance <= CHANCE_MAX;
}

struct tested {
	const char *endpoint;
	double p;
	size_t at; /* in the list of entries */
};

static int tested_order(const void *x, const void *y)
{
	return strcmp(((const struct tested *)x)->endpoint, ((const struct tested *)y)->endpoint);
}

/* q of the entries of one endpoint; m is how many hypotheses there were, those that did not hold included. */
static int test_endpoint(struct entries *list, const struct tested *t, size_t n, size_t m)
{
	_cleanup_free_ double *p = calloc(n + 1, sizeof(*p)), *q = calloc(n + 1, sizeof(*q));
	if (!p || !q)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		p[i] = t[i].p;
	int r = stat_by(p, n, m, q);
	for (size_t i = 0; i < n && r == 0; i++)
		list->e[t[i].at].q = q[i];
	return r;
}

/* Exact p of every entry, and q over those that were tested, endpoint by endpoint, because noise is. Fresh runs are independent of what
 * made a level a candidate; without any (repeats in the plan) all runs count, and so do all hypotheses that could have come out. */
static int test_entries(const struct ctx *c, struct entries *list)
{
	_cleanup_free_ struct tested *t = calloc(list->n + 1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	for (int fresh = 0; fresh < 2; fresh++) {
		size_t n = 0, levels = 0;
		for (size_t i = 0; i < c->n && !fresh; i++)
			levels += !c->t[i].baseline;
		for (size_t i = 0; i < list->n; i++) {
			struct entry *e = &list->e[i];
			if ((e->fresh > 0) != (fresh == 1))
				continue;
			e->p = fresh ? stat_fisher(e->fresh_hits, e->fresh, e->pool_hits, e->pool)
			             : stat_fisher(e->hits, e->runs, e->pool_hits, e->pool);
			if (e->why.class <= CLASS_UNDECLARED)
				continue;
			e->by_chance = an_expected_by_chance(c, e);
			t[n++] = (struct tested){an_text_of(feature_at(c->s, e->feature)->endpoint), e->p, i};
		}
		if (n)
			qsort(t, n, sizeof(*t), tested_order);
		for (size_t from = 0, to; from < n; from = to) {
			size_t failed = 0;
			for (to = from + 1; to < n && strcmp(t[to].endpoint, t[from].endpoint) == 0; to++)
				;
			for (size_t i = 0; i < c->n_failed && fresh; i++)
				failed += strcmp(c->failed[i], t[from].endpoint) == 0;
			size_t m = fresh ? to - from + failed : (to - from) * (levels + 1);
			int r = test_endpoint(list, t + from, to - from, m);
			if (r)
				return r;
		}
	}
	return 0;
}

static int dependence_findings(const struct ctx *c, struct entries *list, struct groups *all)
{
	int r = test_entries(c, list);
	for (size_t i = 0; i < list->n && r == 0; i++) {
		const struct entry *e = &list->e[i];
		const struct feature *f = feature_at(c->s, e->feature);
		if (!holds(e) || e->why.class == CLASS_NONE || !an_file_counts(f, e->mode, e->why.class))
			continue;
		bool new;
		/* A value or digest that comes or goes is told with its echoes. */
		bool echo = strcmp(e->why.rule, "literal") == 0 || strcmp(e->why.rule, "digest") == 0;
		const char *kind = echo ? arena_fmt(c->arena, "echo %s", an_text_of(f->endpoint)) : e->why.kind;
		struct group *g = kind ? group_of(all, e->factor, e->why.class, kind, &new) : NULL;
		const struct factor_level *level = factor_level_at(e->factor, e->level);
		if (!g || !level)
			return -ENOMEM;
		r = group_place(c, g, f);
		(void)list_add(&g->levels, level->name);
		if (g->evidence.n == 0)
			(void)list_add(&g->evidence, c->t[e->ref].id);
		for (size_t o = 0; o < c->n; o++)
			if (c->t[o].usable &&
			        (an_same_level(&c->t[o], &c->t[e->trial]) || (c->t[o].combined && c->t[o].treatment.base == e->base &&
			                                                             an_level_of(&c->t[o], e->factor) == e->level)))
				(void)list_add(&g->evidence, c->t[o].id);
		g->bases[e->base] = true;
		if (e->p < g->p)
			g->p = e->p;
		if (!new)
			continue;
		g->before = e->before.p ? e->before : SLICE("");
		g->after = e->after.p ? e->after : SLICE("");
		g->at = e->why.at;
		g->marks = true;
		g->declared = e->why.declared;
		g->explanation = arena_fmt(c->arena, "%s%s It differs in %u of %u runs under this level and in %u of %u runs without it%s.",
		        e->why.text, an_is_file(f) ? " It is left in a file, from where a later run could send it." : "", e->hits, e->runs,
		        e->pool_hits, e->pool, e->fresh ? ", fresh runs to confirm included" : "; it was not repeated to confirm");
		if (!g->explanation)
			return -ENOMEM;
	}
	return r;
}

int an_tell(const struct ctx *c, struct groups *all, const struct told *t)
{
	bool new;
	struct group *g = group_of(all, t->factor, t->class, t->kind, &new);
	const struct factor_level *level = factor_level_at(t->factor, t->level);
	if (!g || !level || group_place(c, g, feature_at(c->s, t->feature)))
		return -ENOMEM;
	(void)list_add(&g->levels, level->name);
	for (size_t o = 0; o < c->n; o++)
		if (an_in_base(&c->t[o], t->base) && !c->t[o].combined && !c->t[o].baseline && c->t[o].factor == t->factor &&
		        c->t[o].level == t->level)
			(void)list_add(&g->evidence, c->t[o].id);
	g->bases[t->base] = true;
	if (t->p < g->p)
		g->p = t->p;
	if (!new)
		return 0;
	g->before = t->before;
	g->after = t->after;
	g->at = (struct hunk){0, t->before.n, 0, t->after.n};
	g->marks = g->lies = true;
	g->explanation = t->explanation;
	return 0;
}

bool an_told_already(const struct groups *all, unsigned factor, unsigned level, enum leak_class class, const char *endpoint)
{
	const struct factor_level *l = factor_level_at(factor, level);
	for (size_t i = 0; l && i < all->n; i++) {
		const struct group *g = &all->g[i];
		if (g->factor == factor && g->class >= class && list_has(&g->levels, l->name) &&
		        (!endpoint || strcmp(g->endpoint, endpoint) == 0))
			return true;
	}
	return false;
}

int analysis_decide(const struct feature_set *s, const struct analysis_trial *trials, size_t n, const struct profile *profile,
        struct vet_result *result)
{
	_cleanup_(an_ctx_free) struct ctx c = {.s = s, .t = trials, .n = n, .profile = profile, .arena = &result->arena};
	_cleanup_(an_entries_free) struct entries list = {0};
	_cleanup_(groups_free) struct groups all = {0};
	int r = an_ctx_init(&c);
	r = r ? r : an_collect(&c, &list);
	r = r ? r : echo_findings(&c, &all);
	r = r ? r : dependence_findings(&c, &list, &all);
	r = r ? r : an_volatile(&c, &all);
	r = r ? r : an_bits(&c, &all);
	return r ? r : an_fill(&c, &all, result);
}
