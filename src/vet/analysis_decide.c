/* Findings: what is said outright, and dependences that held. */
#include "vet/analysis_part.h"

#include <errno.h>
#include <stdio.h>

#include "vet/plan.h"
#include "vet/stat.h"

/* A dependence that nothing explains is reported only if the chance of any such false report is below this, over all that were
 * nominated for confirmation (Benjamini-Yekutieli: the hypotheses share baselines). */
#define Q_MAX 0.01
/* And only if fewer than this many features of this tool would look the same by chance, going by how often its features flip. */
#define CHANCE_MAX 0.002
/* The same of what seems to follow from the factor, and is so short that chance may well bring it. */
#define SHORT_CHANCE_MAX 0.05

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

/* Do they take the same factors together? */
static bool same_factors(const struct group *g, const struct condition *if_all, size_t n)
{
	bool same = g->n_if == n;
	for (size_t i = 0; i < n && same; i++)
		same = g->if_all[i].factor == if_all[i].factor;
	return same;
}

static struct group *group_of(struct groups *all, unsigned factor, enum leak_class class, const char *kind, const struct condition *if_all,
        size_t n_if, bool *new)
{
	*new = false;
	for (size_t i = 0; i < all->n; i++)
		if (all->g[i].factor == factor && all->g[i].class == class && strcmp(all->g[i].kind, kind) == 0 &&
		        same_factors(&all->g[i], if_all, n_if))
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
	all->g[all->n] = (struct group){.factor = factor, .class = class, .kind = kind, .p = 1, .q = 1, .if_all = if_all, .n_if = n_if};
	return &all->g[all->n++];
}

static bool is_at(const struct group *g, const char *place)
{
	return g->first && (strcmp(g->first, place) == 0 || list_has(&g->also, place));
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
	if (is_at(g, place))
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

/* In how many trials it is told; where it is, there is no trial without. */
static void count_echo(const struct ctx *c, const struct feature_echo *e, struct group *g)
{
	for (size_t o = 0; o < c->n; o++) {
		if (!an_in_base(&c->t[o], c->t[e->observation].treatment.base))
			continue;
		g->with++;
		g->with_hits += an_has_echo(c, e->feature, (unsigned)o, e->factor, e->digest);
	}
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
		struct group *g = kind ? group_of(all, e->factor, class, kind, NULL, 0, &new) : NULL;
		if (!g || !level || group_place(c, g, f))
			return -ENOMEM;
		(void)list_add(&g->levels, level->name);
		(void)list_add(&g->evidence, t->id);
		g->bases[t->treatment.base] = true;
		g->p = g->q = 0;
		if (!new)
			continue;
		int r = an_bits_of_echo(c, e, &g->bits);
		if (r)
			return r;
		count_echo(c, e, g);
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

static bool repeated(unsigned fresh_hits, unsigned fresh, unsigned runs, bool joint)
{
	return fresh ? fresh_hits >= (fresh == fresh_hits && !joint ? 2 : 3) : runs >= 3;
}

/* Rows whose content proves them need no fresh runs; what was seen once and speaks of the factor is told as seen once. */
static bool holds(const struct entry *e)
{
	/* So does a digest of something known. A digit or two alone are too little: where digits come and go by themselves, some fit. */
	if (e->why.class <= CLASS_HASHED)
		return e->fresh == e->fresh_hits && (e->fresh || e->pool_hits == 0) &&
		       (!an_is_short(e) || e->by_chance <= SHORT_CHANCE_MAX);
	return (repeated(e->fresh_hits, e->fresh, e->runs, e->joint) || repeated(e->kin_fresh_hits, e->kin_fresh, 0, e->joint)) &&
	       e->q <= Q_MAX && e->by_chance <= CHANCE_MAX;
}

/* By its own level, or by all that show it: the less likely, twice, as it is a choice of two. */
static double p_of(const struct entry *e)
{
	double own = e->fresh ? stat_fisher(e->fresh_hits, e->fresh, e->pool_hits, e->pool)
	                      : stat_fisher(e->hits, e->runs, e->pool_hits, e->pool);
	if (e->kin_fresh <= e->fresh)
		return own;
	double kin = stat_fisher(e->kin_fresh_hits, e->kin_fresh, e->pool_hits, e->pool), least = kin < own ? kin : own;
	return least < 0.5 ? 2 * least : 1;
}

/* Tests of one endpoint are a family: noise is local, and the hundreds of features of a batch of telemetry must not bury the request to the
 * model. Within a family Benjamini and Yekutieli, with the hypotheses that did not come again; over the families Benjamini and
 * Bogomolov (2014), as for any dependence: with R of E families that have a finding, q of each is E (1 + 1/2 + … + 1/E) / R times as much.
 */
struct test {
	const char *endpoint;
	double p, *q; /* q NULL: it did not come again */
};

struct tests {
	struct test *t;
	size_t n;
};

static void tests_free(struct tests *t)
{
	free(t->t);
}

static int endpoint_order(const void *x, const void *y)
{
	return strcmp(((const struct test *)x)->endpoint, ((const struct test *)y)->endpoint);
}

static void add_test(struct tests *t, const char *endpoint, double p, double *q)
{
	t->t[t->n++] = (struct test){endpoint, p, q};
}

/* q within one family; *least is the smallest. */
static int test_family(const struct test *t, size_t n, size_t m, double *least)
{
	_cleanup_free_ double *p = calloc(n + 1, sizeof(*p)), *q = calloc(n + 1, sizeof(*q));
	size_t k = 0;
	if (!p || !q)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (t[i].q)
			p[k++] = t[i].p;
	int r = stat_by(p, k, m, q);
	*least = 1;
	for (size_t i = 0, j = 0; i < n && r == 0; i++)
		if (t[i].q) {
			*least = q[j] < *least ? q[j] : *least;
			*t[i].q = q[j++];
		}
	return r;
}

static int test_families(struct tests *all)
{
	size_t families = 0, chosen = 0;
	double harmonic = 0;
	if (all->n)
		qsort(all->t, all->n, sizeof(*all->t), endpoint_order);
	for (size_t from = 0, to; from < all->n; from = to) {
		double least;
		for (to = from + 1; to < all->n && strcmp(all->t[to].endpoint, all->t[from].endpoint) == 0; to++)
			;
		int r = test_family(all->t + from, to - from, to - from, &least);
		if (r)
			return r;
		harmonic += 1.0 / (double)++families;
		chosen += least <= Q_MAX;
	}
	double factor = (double)families * harmonic / (double)(chosen ? chosen : 1);
	for (size_t i = 0; i < all->n; i++)
		if (all->t[i].q)
			*all->t[i].q = *all->t[i].q * factor < 1 ? *all->t[i].q * factor : 1;
	return 0;
}

/* Exact p of every entry, and q over all that were tested. Fresh runs are independent of what made a level a candidate: there the
 * hypotheses are those that were nominated, and combinations that were searched for. Without any (repeats in the plan) all runs count, and
 * so does every hypothesis that could have come out: each feature under each level. */
static int test_entries(const struct ctx *c, struct entries *list, const struct combination *m, double *combination_q, size_t n_m,
        const uint32_t *tested, size_t n_tested)
{
	_cleanup_(tests_free) struct tests fresh = {0}, old = {0};
	size_t levels = 0, features = 0;
	double least;
	fresh.t = calloc(list->n + c->n_failed + n_m + n_tested + 1, sizeof(*fresh.t));
	old.t = calloc(list->n + 1, sizeof(*old.t));
	if (!fresh.t || !old.t)
		return -ENOMEM;
	for (size_t i = 0; i < list->n; i++) {
		struct entry *e = &list->e[i];
		e->p = p_of(e);
		e->by_chance = an_chance_of(c, e);
		if (e->why.class <= CLASS_UNDECLARED)
			continue;
		add_test(e->fresh || e->kin_fresh ? &fresh : &old, an_text_of(feature_at(c->s, e->feature)->endpoint), e->p, &e->q);
	}
	for (size_t i = 0; i < c->n_failed; i++)
		add_test(&fresh, c->failed[i], 1, NULL);
	for (size_t i = 0; i < n_m; i++)
		add_test(&fresh, an_text_of(feature_at(c->s, m[i].s->feature)->endpoint), m[i].p, &combination_q[i]);
	/* Those that were proven are among them, and counted once more. */
	for (size_t i = 0; i < n_tested; i++)
		add_test(&fresh, an_text_of(feature_at(c->s, tested[i])->endpoint), 1, NULL);
	for (size_t o = 0; o < c->n; o++)
		levels += c->t[o].usable && !c->t[o].baseline;
	for (uint32_t i = 0; i < feature_count(c->s); i++)
		features += !feature_at(c->s, i)->derived;
	int r = test_families(&fresh);
	return r ? r : test_family(old.t, old.n, features * levels, &least);
}

/* Did the other base have the same level alone, and not show it? */
static bool only_here(struct ctx *c, const struct entry *e)
{
	for (size_t o = 0; o < c->n; o++) {
		const struct analysis_trial *t = &c->t[o];
		if (t->usable && !t->combined && !t->baseline && t->factor == e->factor && t->level == e->level &&
		        t->treatment.base != e->base)
			return true;
	}
	return false;
}

static int dependence_findings(struct ctx *c, struct entries *list, struct groups *all)
{
	int r = 0;
	for (size_t i = 0; i < list->n && r == 0; i++) {
		const struct entry *e = &list->e[i];
		const struct feature *f = feature_at(c->s, e->feature);
		if (!holds(e) || e->why.class == CLASS_NONE || !an_file_counts(f, e->mode, e->why.class))
			continue;
		bool new;
		/* A value or digest that comes or goes is told with its echoes. */
		bool echo = strcmp(e->why.rule, "literal") == 0 || strcmp(e->why.rule, "digest") == 0;
		const char *kind = echo ? arena_fmt(c->arena, "echo %s", an_text_of(f->endpoint)) : e->why.kind;
		struct group *g = kind ? group_of(all, e->factor, e->why.class, kind, NULL, 0, &new) : NULL;
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
		g->p = e->p < g->p ? e->p : g->p;
		g->q = e->q < g->q ? e->q : g->q;
		g->only_base = (new || g->only_base) && !factor_table[e->factor].only_gateway && only_here(c, e);
		if (!new)
			continue;
		r = r ? r : an_bits_of_entry(c, e, &g->bits);
		g->with = e->runs;
		g->with_hits = e->hits;
		g->without = e->pool;
		g->without_hits = e->pool_hits;
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
	struct group *g = group_of(all, t->factor, t->class, t->kind, NULL, 0, &new);
	const struct factor_level *level = factor_level_at(t->factor, t->level);
	if (!g || !level || group_place(c, g, feature_at(c->s, t->feature)))
		return -ENOMEM;
	(void)list_add(&g->levels, level->name);
	for (size_t o = 0; o < c->n; o++)
		if ((c->t[o].usable || c->t[o].paired) && c->t[o].treatment.base == t->base && !c->t[o].combined && !c->t[o].baseline &&
		        c->t[o].factor == t->factor && c->t[o].level == t->level)
			(void)list_add(&g->evidence, c->t[o].id);
	g->bases[t->base] = true;
	g->p = t->p < g->p ? t->p : g->p;
	g->q = t->q < g->q ? t->q : g->q;
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

bool an_told_here(const struct groups *all, unsigned factor, unsigned level, const struct feature *f)
{
	const struct factor_level *l = factor_level_at(factor, level);
	_cleanup_buf_ struct buf place = BUF(65536);
	buf_fmt(&place, "%s %s", an_text_of(f->endpoint), an_text_of(f->address));
	const char *at = buf_str(&place);
	for (size_t i = 0; l && at && i < all->n; i++) {
		const struct group *g = &all->g[i];
		if (g->factor == factor && list_has(&g->levels, l->name) && is_at(g, at))
			return true;
	}
	return false;
}

/* -- several levels at once -- */

/* What kind of change it is, as a sentence; NULL: no memory. */
static const char *what_changes(const struct ctx *c, const struct signature *s, const char *reason)
{
	if (s->mode == MODE_DRAWN)
		return "A few characters of a value that is drawn at random are others, while the same random numbers were drawn.";
	if (s->mode != MODE_AMOUNT)
		return "What changes neither contains one of these values nor follows from it in a known way, and does not speak of it.";
	return reason ? arena_fmt(c->arena, "It is %s than levels account for one by one; %s.", s->up ? "more" : "less", reason)
	              : arena_fmt(c->arena, "It is %s than levels account for one by one, and nothing says why.", s->up ? "more" : "less");
}

static int put_words(const struct ctx *c, const struct combination *m, const char *what, struct group *g)
{
	_cleanup_buf_ struct buf b = BUF(4096), how = BUF(256);
	for (size_t i = 0; i < m->n; i++) {
		const struct condition *k = &m->if_all[i];
		const struct factor_level *l = k->factor == CONDITION_DEVICE ? NULL : factor_level_at(k->factor, k->level);
		buf_fmt(&b, "%s%s = ", i ? " together with " : "", l ? factor_table[k->factor].title : CONDITION_DEVICE_TITLE);
		if (l)
			buf_str_add(&b, l->name);
		else
			buf_fmt(&b, PLAN_DEVICE "%u", k->level);
	}
	if (m->off)
		buf_fmt(&how, ", in %u of %u with one of these turned back", m->off_hits, m->off);
	g->explanation = arena_fmt(c->arena,
	        "It takes %s: it came in %u of %u fresh runs with %s and nothing else%s, and in %u of %u runs in all without. %s",
	        buf_str(&b), m->on_hits, m->on, m->n > 1 ? "these" : "it", buf_str(&how), m->pool_hits, m->pool, what);
	if (m->with_hits < m->with && g->explanation)
		g->explanation = arena_fmt(c->arena, "%s With other levels and devices beside, it showed in %u of %u trials.",
		        g->explanation, m->with_hits, m->with);
	/* The row that brought it up is one more. */
	if (m->devices && g->explanation)
		g->explanation = arena_fmt(c->arena,
		        "%s It is active on some devices only, or in some starts: on %u of %u made-up ones, and starts, that met the other "
		        "conditions "
		        "(on at most %.0f %% "
		        "of all, "
		        "with 95 %% confidence).",
		        g->explanation, m->devices_hits + 1, m->devices + 1,
		        100 * stat_rate_upper(m->devices_hits + 1, m->devices + 1, 0.95));
	return g->explanation && !buf_error(&b) ? 0 : -ENOMEM;
}

static const char *condition_level(const struct ctx *c, const struct condition *k)
{
	if (k->factor == CONDITION_DEVICE)
		return arena_fmt(c->arena, PLAN_DEVICE "%u", k->level);
	const struct factor_level *l = factor_level_at(k->factor, k->level);
	return l ? l->name : NULL;
}

static bool one_level(const struct combination *m)
{
	return m->n == 1 && m->if_all[0].factor != CONDITION_DEVICE;
}

/* A level that rows brought up, and that does it alone: the runs that proved it are runs of that level like any other, so what it does is
 * read off them part by part, as for every level. */
static void use_proofs(struct ctx *c, const struct combination *m, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!one_level(&m[i]))
			continue;
		struct treatment alone = {.base = m[i].s->base};
		alone.level[m[i].if_all[0].factor] = (uint8_t)m[i].if_all[0].level;
		for (size_t o = 0; o < c->n; o++) {
			struct analysis_trial *t = &c->own[o];
			if (t->row != ROW_PROOF || !treatment_eq(&t->treatment, &alone))
				continue;
			t->usable = c->all[o].usable;
			t->row = ROW_NONE;
			t->combined = false;
			t->confirming = true;
			t->factor = m[i].if_all[0].factor;
			t->level = m[i].if_all[0].level;
		}
	}
}

/* Is it told of the level by itself? */
static bool told_alone(const struct entries *list, const struct combination *m)
{
	for (size_t i = 0; i < list->n && one_level(m); i++) {
		const struct entry *e = &list->e[i];
		if (e->feature == m->s->feature && e->base == m->s->base && e->factor == m->if_all[0].factor &&
		        e->level == m->if_all[0].level && holds(e))
			return true;
	}
	return false;
}

/* Of runs with a condition turned back, one in so many may show a quantity as far away, because the machine was busy. */
#define STRAYS 6

static int combination_finding(struct ctx *c, const struct combination *m, double q, struct groups *all)
{
	const struct signature *s = m->s;
	const struct feature *f = feature_at(c->s, s->feature);
	const char *reason = NULL;
	int r = s->mode == MODE_AMOUNT ? an_amount_reason(c, m, all, &reason) : 0;
	if (r)
		return r;
	/* One level that had not shown it alone is told with the others of its factor. */
	bool several = !one_level(m), new;
	struct group *g = group_of(all, m->if_all[0].factor, reason ? CLASS_UNDECLARED : s->why.class, s->why.kind,
	        several ? m->if_all : NULL, several ? m->n : 0, &new);
	const char *what = what_changes(c, s, reason);
	r = g && what ? group_place(c, g, f) : -ENOMEM;
	for (size_t i = 0; i < m->n && r == 0; i++) {
		const char *level = condition_level(c, &m->if_all[i]);
		if (!level)
			return -ENOMEM;
		(void)list_add(i == 0 ? &g->levels : &g->if_levels[i], level);
	}
	if (r)
		return r;
	if (g->evidence.n == 0)
		(void)list_add(&g->evidence, c->all[s->ref].id);
	(void)list_add(&g->evidence, c->all[s->row].id);
	for (size_t o = 0; o < c->n; o++)
		if (c->all[o].row >= ROW_PROOF && an_in_base(&c->all[o], s->base) && an_all_hold(m, &c->all[o].treatment))
			(void)list_add(&g->evidence, c->all[o].id);
	g->bases[s->base] = true;
	g->p = m->p < g->p ? m->p : g->p;
	g->q = q < g->q ? q : g->q;
	if (!new)
		return 0;
	g->before = s->before.p ? s->before : SLICE("");
	g->after = s->after.p ? s->after : SLICE("");
	g->with = m->on;
	g->with_hits = m->on_hits;
	g->without = m->pool;
	g->without_hits = m->pool_hits;
	r = an_bits_of_counts(m->on_hits, m->on, m->pool_hits, m->pool, &g->bits);
	return r ? r : put_words(c, m, what, g);
}

/* As for one factor: it held on every fresh run, the chance of a false report is small, and so few would look like it by chance. */
static int combination_findings(
        struct ctx *c, const struct entries *list, const struct combination *m, const double *q, size_t n, struct groups *all)
{
	int r = 0;
	for (size_t i = 0; i < n && r == 0; i++) {
		struct entry e = {.feature = m[i].s->feature,
		        .base = m[i].s->base,
		        .hits = m[i].on_hits,
		        .runs = m[i].on,
		        .pool_hits = m[i].pool_hits,
		        .pool = m[i].pool};
		unsigned strays = m[i].s->mode == MODE_AMOUNT ? m[i].off / STRAYS : 0;
		if (!an_one_draw(&m[i]) && m[i].on_hits == m[i].on && m[i].off_hits <= strays && q[i] <= Q_MAX &&
		        an_expected_by_chance(c, &e) <= CHANCE_MAX && !told_alone(list, &m[i]))
			r = combination_finding(c, &m[i], q[i], all);
	}
	return r;
}

/* What is too unlike noise to be forgotten, held whenever it was tried, and was not tried often enough. */
static int say_undecided(const struct ctx *c, const struct entries *list, const struct groups *all, struct vet_result *result)
{
	_cleanup_buf_ struct buf b = BUF(4096);
	uint64_t said = 0;
	for (size_t i = 0; i < list->n; i++) {
		const struct entry *e = &list->e[i];
		if (e->why.class != CLASS_COVERT || !an_file_counts(feature_at(c->s, e->feature), e->mode, e->why.class) || holds(e) ||
		        e->by_chance > CHANCE_MAX || e->pool_hits || e->far_hits || e->kin_fresh_hits < e->kin_fresh ||
		        (said >> e->factor & 1) || an_told_already(all, e->factor, e->level, CLASS_COVERT, NULL))
			continue;
		buf_fmt(&b, "%s%s", said ? ", " : "", factor_table[e->factor].title);
		said |= (uint64_t)1 << e->factor;
	}
	if (said)
		result->undecided = arena_str(c->arena, buf_slice(&b));
	return said && !result->undecided ? -ENOMEM : 0;
}

int analysis_decide_all(const struct feature_set *s, const struct analysis_trial *trials, size_t n, const struct profile *profile,
        const struct combine *x, struct vet_result *result)
{
	_cleanup_(an_ctx_free) struct ctx c = {.s = s, .t = trials, .n = n, .profile = profile, .arena = &result->arena};
	_cleanup_(an_entries_free) struct entries list = {0};
	_cleanup_(groups_free) struct groups all = {0};
	struct combination *m = NULL;
	uint32_t *tested = NULL;
	size_t n_m = 0, n_tested = 0;
	int r = an_ctx_init(&c);
	r = r || !x ? r : combine_results(x, &c, &m, &n_m, &tested, &n_tested);
	if (r == 0)
		use_proofs(&c, m, n_m);
	r = r ? r : an_collect(&c, &list);
	_cleanup_free_ double *q = calloc(n_m + 1, sizeof(*q));
	if (r == 0 && !q)
		r = -ENOMEM;
	r = r ? r : test_entries(&c, &list, m, q, n_m, tested, n_tested);
	r = r ? r : echo_findings(&c, &all);
	r = r ? r : dependence_findings(&c, &list, &all);
	r = r ? r : combination_findings(&c, &list, m, q, n_m, &all);
	r = r ? r : an_volatile(&c, &all);
	r = r ? r : an_paired(&c, &all);
	r = r ? r : an_bits(&c, &all);
	r = r ? r : say_undecided(&c, &list, &all, result);
	return r ? r : an_fill(&c, &all, result);
}

int analysis_decide(const struct feature_set *s, const struct analysis_trial *trials, size_t n, const struct profile *profile,
        struct vet_result *result)
{
	return analysis_decide_all(s, trials, n, profile, NULL, result);
}
