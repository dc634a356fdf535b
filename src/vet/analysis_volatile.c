/* Quantities: times between messages, sizes, how many. No two trials agree in them, so what is compared is how they lie: by ranks, and only
 * what lies further apart than the others do among themselves. */
#include "vet/analysis_part.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "vet/stat.h"
#include "vet/stat_order.h"

#define Q_MAX 0.001
/* Fewer trials than this tell nothing of how a quantity varies by itself. */
#define POOL_MIN 6
/* Of the fresh runs with a level, so many must be there to decide. */
#define FRESH_MIN 4
/* One value of the level above one of the others, in so many of all pairs: other levels may do the same, and some trials are stray. */
#define APART_SCREEN 0.96
#define APART_FRESH  0.9
#define APART_BESIDE 0.95
/* In rows much else is set, too. */
#define APART_ROWS     0.8
#define ROWS_LEVEL_MIN 3

/* What counts as a difference, by kind of quantity. A machine that is busy with other things must not look like a channel. */
struct scale {
	const char *kind, *unit;
	double least;   /* this much, in the quantity's unit */
	double share;   /* of what it usually is */
	double spreads; /* and as many spreads of the others */
	double floor;   /* of the spread */
	double shown;   /* divides what is shown */
};

static const struct scale scales[] = {
        [MEASURE_TIME] = {"timing", "ms", 100e3, 0, 3, 4e3, 1e3},
        [MEASURE_COUNT] = {"count", "", 1, 0, 4, 0.25, 1},
        [MEASURE_SIZE] = {"size", "bytes", 64, 0.05, 4, 4, 1},
        [MEASURE_RATE] = {"size", "% of what is usual", 50, 0, 5, 10, 1e3},
};

static const struct scale *scale_of(const struct feature *f)
{
	return f->measure >= MEASURE_TIME && f->measure <= MEASURE_RATE ? &scales[f->measure] : NULL;
}

static double needed_of(const struct scale *k, double median, double spread)
{
	return fmax(fmax(k->least, k->share * median), k->spreads * fmax(spread, k->floor));
}

double an_amount_least(const struct feature *f, double median, double spread)
{
	const struct scale *k = scale_of(f);
	return k ? needed_of(k, median, spread) : 0;
}

/* The values of one feature in one base. */
struct series {
	double *v; /* by observation */
	bool *there;
	double *x, *y, *scratch;
	size_t n;
};

static void series_free(struct series *s)
{
	free(s->v);
	free(s->there);
	free(s->x);
	free(s->y);
	free(s->scratch);
}

static int series_new(struct series *s, size_t n)
{
	*s = (struct series){.v = calloc(n + 1, sizeof(*s->v)),
	        .there = calloc(n + 1, sizeof(*s->there)),
	        .x = calloc(n + 1, sizeof(*s->x)),
	        .y = calloc(n + 1, sizeof(*s->y)),
	        .scratch = calloc(n + 1, sizeof(*s->scratch)),
	        .n = n};
	return s->v && s->there && s->x && s->y && s->scratch ? 0 : -ENOMEM;
}

static size_t series_read(const struct ctx *c, uint32_t feature, enum vet_base base, struct series *s)
{
	size_t n = 0;
	for (size_t o = 0; o < c->n; o++) {
		uint64_t v = 0;
		s->there[o] = an_in_base(&c->t[o], base) && !c->t[o].combined &&
		              slice_u64(feature_value(c->s, feature, (unsigned)o), UINT64_MAX, &v);
		s->v[o] = (double)v;
		n += s->there[o];
	}
	return n;
}

/* How one level's values lie to those of the others. */
struct contrast {
	size_t n, m; /* runs of the level, others */
	double median_x, median_y, spread, apart, needed, p;
	double low_x, high_x, low_y, high_y;
	bool up;
};

static void range_of(const double *v, size_t n, double *low, double *high)
{
	*low = *high = n ? v[0] : 0;
	for (size_t i = 1; i < n; i++) {
		*low = v[i] < *low ? v[i] : *low;
		*high = v[i] > *high ? v[i] : *high;
	}
}

static void mirror(double *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		v[i] = -v[i];
}

/* s->x has n values of the level, s->y m of the others; both are changed. Do they lie apart, by as much as it takes? */
static bool contrast_of(struct series *s, const struct scale *k, size_t n, size_t m, double apart_min, struct contrast *out)
{
	struct contrast c = {.n = n, .m = m, .p = 1};
	if (n == 0 || m < POOL_MIN)
		return false;
	range_of(s->x, n, &c.low_x, &c.high_x);
	range_of(s->y, m, &c.low_y, &c.high_y);
	c.median_x = stat_median(s->x, n);
	c.median_y = stat_median(s->y, m);
	c.spread = 1.4826 * stat_spread(s->y, m, c.median_y, s->scratch);
	c.needed = needed_of(k, c.median_y, c.spread);
	c.up = c.median_x > c.median_y;
	if (!c.up) {
		mirror(s->x, n);
		mirror(s->y, m);
	}
	c.apart = stat_superiority(s->x, n, s->y, m);
	bool holds = fabs(c.median_x - c.median_y) >= c.needed && c.apart >= apart_min;
	if (holds)
		c.p = stat_rank_sum(s->x, n, s->y, m);
	*out = c;
	return holds;
}

/* Is this trial one of the level's, alone? */
static bool of_level(const struct analysis_trial *t, unsigned factor, unsigned level)
{
	return !t->baseline && !t->combined && t->factor == factor && t->level == level;
}

/* Values of the level and of the others; probes or what came before. Other levels of the factor may do the same, so they are neither. */
static void split(const struct ctx *c, struct series *s, unsigned factor, unsigned level, bool probes, size_t *n, size_t *m)
{
	*n = *m = 0;
	for (size_t o = 0; o < c->n; o++) {
		const struct analysis_trial *t = &c->t[o];
		if (!s->there[o] || t->probe != probes)
			continue;
		if (of_level(t, factor, level))
			s->x[(*n)++] = s->v[o];
		else if (t->baseline || (t->factor != factor && !probes)) /* another probe is under suspicion itself */
			s->y[(*m)++] = s->v[o];
	}
}

/* The first trial of each level of a base that is no baseline, in turn: *o is where to go on. */
static bool next_level(const struct ctx *c, enum vet_base base, size_t *o)
{
	for (; *o < c->n; ++*o) {
		const struct analysis_trial *t = &c->t[*o];
		if (!an_in_base(t, base) || t->baseline || t->combined || t->probe)
			continue;
		bool seen = false;
		for (size_t k = 0; k < *o && !seen; k++)
			seen = an_in_base(&c->t[k], base) && !c->t[k].probe && of_level(&c->t[k], t->factor, t->level);
		if (!seen)
			return true;
	}
	return false;
}

/* -- screening -- */

/* Another way to the network changes how many of what there are, and how long it takes: nothing that trials should be spent on. */
static bool foreseen(unsigned factor)
{
	static const char *const names[] = {"proxy", "dns_search"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(factor_table[factor].name, names[i]) == 0)
			return true;
	return false;
}

static struct analysis_suspect *suspect_of(struct analysis_suspect *all, size_t *n, const struct analysis_trial *t, unsigned kind)
{
	for (size_t i = 0; i < *n; i++)
		if (all[i].factor == t->factor && all[i].level == t->level && all[i].base == t->treatment.base && all[i].kind == kind)
			return &all[i];
	all[*n] = (struct analysis_suspect){
	        .factor = t->factor, .level = t->level, .base = t->treatment.base, .kind = kind, .wants = FRESH_MIN};
	return &all[(*n)++];
}

/* How far apart, in spreads of the others. */
static double score_of(const struct contrast *x, const struct scale *k)
{
	return fmin(fabs(x->median_x - x->median_y) / fmax(x->spread, k->floor), 50);
}

static void suspect_seen(struct analysis_suspect *u, uint32_t feature, double score)
{
	if (score > u->score)
		u->feature = feature;
	u->score = fmax(u->score, score);
}

/* Of each kind of quantity the first, then of each the second: what is noisy about one must not keep the others out. */
static int clearest(const void *x, const void *y)
{
	const struct analysis_suspect *a = x, *b = y;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->score < b->score || a->score > b->score)
		return a->score > b->score ? -1 : 1;
	return a->factor != b->factor ? (a->factor < b->factor ? -1 : 1) : a->level < b->level ? -1 : a->level > b->level;
}

/* Screens the quantities of one base. */
static void screen_base(const struct ctx *c, enum vet_base base, struct series *s, struct analysis_suspect *all, size_t *n_all)
{
	for (uint32_t i = 0; i < feature_count(c->s); i++) {
		const struct scale *k = scale_of(feature_at(c->s, i));
		if (!k || series_read(c, i, base, s) < POOL_MIN)
			continue;
		for (size_t o = 0; next_level(c, base, &o); o++) {
			const struct analysis_trial *t = &c->t[o];
			size_t n, m;
			struct contrast x;
			split(c, s, t->factor, t->level, false, &n, &m);
			if (foreseen(t->factor) || !contrast_of(s, k, n, m, APART_SCREEN, &x))
				continue;
			struct analysis_suspect *u = suspect_of(all, n_all, t, feature_at(c->s, i)->measure);
			/* Twice the same says more than once and far. */
			suspect_seen(u, i, score_of(&x, k) * (double)(n < 3 ? n : 3));
			u->runs = n > u->runs ? (unsigned)n : u->runs;
		}
	}
}

/* Values of a feature in rows with the level, and in rows without it. */
static bool split_rows(
        const struct ctx *c, struct series *s, uint32_t feature, enum vet_base base, unsigned factor, unsigned level, size_t *n, size_t *m)
{
	*n = *m = 0;
	for (size_t o = 0; o < c->n; o++) {
		const struct analysis_trial *t = &c->t[o];
		uint64_t v;
		if (!an_in_base(t, base) || t->row != ROW_ARRAY || !slice_u64(feature_value(c->s, feature, (unsigned)o), UINT64_MAX, &v))
			continue;
		*(an_level_of(t, factor) == level ? &s->x[(*n)++] : &s->y[(*m)++]) = (double)v;
	}
	return *n >= ROWS_LEVEL_MIN && *m >= POOL_MIN;
}

/* Never tried alone in that base, and set often enough with others. */
static bool only_in_rows(const struct ctx *c, enum vet_base base, unsigned factor, unsigned level)
{
	unsigned rows = 0;
	for (size_t o = 0; o < c->n; o++) {
		const struct analysis_trial *t = &c->t[o];
		if (an_in_base(t, base) && of_level(t, factor, level))
			return false;
		rows += an_in_base(t, base) && t->row == ROW_ARRAY && an_level_of(t, factor) == level;
	}
	return rows >= ROWS_LEVEL_MIN;
}

/* Levels that were only set together with others: what lies apart there is worth a trial alone, and no more is made of it. */
static void screen_rows(const struct ctx *c, enum vet_base base, struct series *s, struct analysis_suspect *all, size_t *n_all)
{
	for (unsigned f = 0; f < factor_count; f++)
		for (unsigned l = 1; l < factor_level_count(f) && !foreseen(f); l++) {
			if (!only_in_rows(c, base, f, l))
				continue;
			const struct analysis_trial alone = {.factor = f, .level = l, .treatment = {.base = base}};
			for (uint32_t i = 0; i < feature_count(c->s); i++) {
				const struct scale *k = scale_of(feature_at(c->s, i));
				size_t n, m;
				struct contrast x;
				if (!k || !split_rows(c, s, i, base, f, l, &n, &m) || !contrast_of(s, k, n, m, APART_ROWS, &x))
					continue;
				struct analysis_suspect *u = suspect_of(all, n_all, &alone, feature_at(c->s, i)->measure);
				suspect_seen(u, i, score_of(&x, k));
			}
		}
}

/* Puts them in order, each level once; how many are left. */
static size_t put_in_order(struct analysis_suspect *s, size_t n)
{
	size_t kept = 0;
	if (n == 0)
		return 0;
	qsort(s, n, sizeof(*s), clearest);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			s[i].rank += s[k].kind == s[i].kind;
	qsort(s, n, sizeof(*s), clearest);
	for (size_t i = 0; i < n; i++) {
		bool new = true;
		for (size_t k = 0; k < kept && new; k++)
			new = s[k].factor != s[i].factor || s[k].level != s[i].level || s[k].base != s[i].base;
		if (new)
			s[kept++] = s[i];
	}
	return kept;
}

int analysis_volatile_screen(const struct feature_set *set, const struct analysis_trial *trials, size_t n, const struct profile *profile,
        size_t max, struct arena *arena, struct analysis_suspect **out, size_t *n_out)
{
	struct ctx c = {.s = set, .t = trials, .all = trials, .n = n, .profile = profile, .arena = arena};
	_cleanup_(series_free) struct series s = {0};
	size_t room = 4 * n + (1 + 4 * BASE_COUNT) * factor_count * (FACTOR_LEVELS_MAX + FACTOR_EXTRA_MAX);
	struct analysis_suspect *all = arena_array(arena, room + 1, sizeof(*all));
	size_t found = 0;
	if (!all || series_new(&s, n) < 0)
		return -ENOMEM;
	for (int b = 0; b < BASE_COUNT; b++)
		screen_base(&c, (enum vet_base)b, &s, all, &found);
	found = put_in_order(all, found);
	/* What is delayed by one level is so in most rows of some others: those come last, and get what room is left. */
	size_t alone = found;
	for (int b = 0; b < BASE_COUNT; b++)
		screen_rows(&c, (enum vet_base)b, &s, all, &found);
	found = alone + put_in_order(all + alone, found - alone);
	/* Half of the room is for bits. */
	size_t quantities = found = found < (max + 1) / 2 ? found : (max + 1) / 2;
	int r = an_bits_screen(&c, all, room, &found);
	if (r < 0)
		return r;
	if (found > quantities)
		qsort(all + quantities, found - quantities, sizeof(*all), clearest);
	*out = all;
	*n_out = found < max ? found : max;
	return 0;
}

int analysis_volatile_limits(const struct feature_set *set, const struct analysis_trial *trials, size_t n, struct analysis_limits *out)
{
	struct ctx c = {.s = set, .t = trials, .n = n};
	_cleanup_(series_free) struct series s = {0};
	_cleanup_free_ double *needed = calloc(feature_count(set) * BASE_COUNT + 1, sizeof(*needed));
	size_t waits = 0;
	*out = (struct analysis_limits){0};
	if (!needed || series_new(&s, n) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < feature_count(set); i++) {
		const struct scale *k = scale_of(feature_at(set, i));
		for (int b = 0; k && b < BASE_COUNT; b++) {
			size_t m = 0;
			if (series_read(&c, i, (enum vet_base)b, &s) < POOL_MIN)
				continue;
			out->quantities++;
			for (size_t o = 0; o < n; o++)
				if (s.there[o])
					s.y[m++] = s.v[o];
			double centre = stat_median(s.y, m), spread = 1.4826 * stat_spread(s.y, m, centre, s.scratch);
			if (k == &scales[MEASURE_TIME])
				needed[waits++] = fmax(k->least, k->spreads * fmax(spread, k->floor));
		}
	}
	out->wait_ms = stat_median(needed, waits) / 1e3;
	c.all = trials;
	return an_bits_limits(&c, out);
}

/* -- deciding -- */

struct hypothesis {
	uint32_t feature;
	size_t trial; /* one of the level's */
	struct contrast x;
	double p;
};

struct hypotheses {
	struct hypothesis *h;
	size_t n, room;
};

static int add_hypothesis(struct hypotheses *all, const struct hypothesis *h)
{
	if (all->n == all->room) {
		size_t room = all->room ? 2 * all->room : 64;
		struct hypothesis *more = reallocarray(all->h, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		all->h = more;
		all->room = room;
	}
	all->h[all->n++] = *h;
	return 0;
}

/* What screening suspects of this level, tried on its probes: beside the other probes, and all trials before if they lie as those do. */
static int probe_level(const struct ctx *c, uint32_t feature, const struct scale *k, size_t o, struct series *s, struct hypotheses *all)
{
	const struct analysis_trial *t = &c->t[o];
	struct contrast first, fresh;
	size_t n, m;
	split(c, s, t->factor, t->level, false, &n, &m);
	if (!contrast_of(s, k, n, m, APART_SCREEN, &first))
		return 0;
	split(c, s, t->factor, t->level, true, &n, &m);
	if (n < FRESH_MIN)
		return 0;
	/* A burst of load falls on the runs of the level and on the baselines between them alike: so these alone must lie apart already. */
	double beside = stat_superiority(s->x, n, s->y, m);
	if (m < FRESH_MIN || (first.up ? beside : 1 - beside) < APART_BESIDE)
		return add_hypothesis(all, &(struct hypothesis){.feature = feature, .trial = o, .p = 1, .x = first});
	memcpy(s->scratch, s->y, m * sizeof(*s->y));
	bool moved = m && fabs(stat_median(s->scratch, m) - first.median_y) > first.needed / 2;
	for (size_t i = 0; i < c->n && !moved; i++) {
		const struct analysis_trial *u = &c->t[i];
		if (s->there[i] && !u->probe && (u->baseline || u->factor != t->factor))
			s->y[m++] = s->v[i];
	}
	struct hypothesis h = {.feature = feature, .trial = o, .p = 1, .x = first};
	if (contrast_of(s, k, n, m, APART_FRESH, &fresh) && fresh.up == first.up) {
		h.p = fresh.p;
		h.x = fresh;
	}
	return add_hypothesis(all, &h);
}

static const char *amount(struct arena *arena, const struct scale *k, double median, double low, double high, size_t n)
{
	int digits = k->shown > 1 ? 0 : fabs(median - floor(median)) > 0 ? 1 : 0;
	return arena_fmt(arena, "median %.*f%s%s (%.0f to %.0f) in %zu trials", digits, median / k->shown, k->unit[0] ? " " : "", k->unit,
	        low / k->shown, high / k->shown, n);
}

/* Medians of a feature with the level alone, and in baselines; with `others`, in trials of other factors too. False if it is not known. */
static bool medians(
        const struct ctx *c, uint32_t feature, const struct analysis_trial *t, bool others, struct series *s, double *with, double *without)
{
	size_t n = 0, m = 0;
	(void)series_read(c, feature, t->treatment.base, s);
	for (size_t o = 0; o < c->n; o++) {
		const struct analysis_trial *u = &c->t[o];
		if (s->there[o] && of_level(u, t->factor, t->level))
			s->x[n++] = s->v[o];
		else if (s->there[o] && (u->baseline || (others && u->factor != t->factor)))
			s->y[m++] = s->v[o];
	}
	*with = stat_median(s->x, n);
	*without = stat_median(s->y, m);
	return n && m;
}

/* Of the whole run. */
static bool processor_time(const struct ctx *c, const struct analysis_trial *t, struct series *s, double *with, double *without)
{
	for (uint32_t i = 0; i < feature_count(c->s); i++)
		if (strcmp(feature_at(c->s, i)->address, "(processor time)") == 0)
			return medians(c, i, t, false, s, with, without);
	return false;
}

/* Two messages that are sent at the same time come in this order or that, and the second waits for nothing: does it not come later, or
 * earlier, in the trial as well? */
static bool only_order(const struct ctx *c, const struct hypothesis *h, struct series *s)
{
	const struct feature *f = feature_at(c->s, h->feature);
	double with, without, by = h->x.median_x - h->x.median_y;
	for (uint32_t i = 0; f->parent != UINT32_MAX && i < feature_count(c->s); i++) {
		const struct feature *g = feature_at(c->s, i);
		if (g->measure != MEASURE_WORK || g->parent != f->parent || !medians(c, i, &c->t[h->trial], true, s, &with, &without))
			continue;
		return by > 0 ? with - without < by / 3 : with - without > by / 3;
	}
	return false;
}

#define MENTIONS  32 /* of a value in one message */
#define FRACTIONS 2  /* bytes: the number that says how long a message is may have a digit more */

static size_t forms_of(const struct analysis_trial *t, unsigned factor, const char *forms[FACTOR_FORMS_MAX])
{
	return t->host && factor_table[factor].literals ? factor_table[factor].literals(t->host, t->gateway, forms, FACTOR_FORMS_MAX) : 0;
}

/* A message that mentions the value is longer by as much as the value is, as often as it does so. */
static bool as_long_as_value(const struct ctx *c, const struct analysis_trial *t, double more)
{
	const char *with[FACTOR_FORMS_MAX], *without[FACTOR_FORMS_MAX];
	const struct analysis_trial *base = NULL;
	for (size_t o = 0; o < c->n && !base; o++)
		if (an_in_base(&c->t[o], t->treatment.base) && c->t[o].baseline)
			base = &c->t[o];
	size_t n = forms_of(t, t->factor, with), m = base ? forms_of(base, t->factor, without) : 0;
	for (size_t i = 0; i < n && i < m; i++) {
		double longer = (double)strlen(with[i]) - (double)strlen(without[i]);
		for (int k = 1; k <= MENTIONS && longer != 0; k++)
			if (fabs(more - k * longer) <= FRACTIONS)
				return true;
	}
	return false;
}

const char *an_amount_foreseen(const struct groups *all, unsigned factor, unsigned level)
{
	if (factor_table[factor].equips && an_told_already(all, factor, level, CLASS_DISCLOSED, NULL))
		return "the level gives the tool something to work with, which takes time and makes messages";
	if (foreseen(factor))
		return "the way to the network is another one";
	if (strcmp(factor_table[factor].name, "cpus") == 0)
		return "what is done at the same time is done by more or fewer CPUs";
	return NULL;
}

/* More to do takes longer, and is sent in more or larger pieces: is there a reason of that kind? */
static const char *reason_of(const struct ctx *c, const struct hypothesis *h, const struct groups *all, struct series *s)
{
	const struct analysis_trial *t = &c->t[h->trial];
	const struct feature *f = feature_at(c->s, h->feature);
	double with, without, delay = h->x.median_x - h->x.median_y;
	const char *plain = an_amount_foreseen(all, t->factor, t->level);
	if (plain)
		return plain;
	if (f->measure == MEASURE_TIME && only_order(c, h, s))
		return "messages come in another order, and none of them later";
	if (f->measure == MEASURE_TIME && delay > 0 && processor_time(c, t, s, &with, &without) && with - without >= delay * 0.3)
		return "the tool computes for longer, it does not only wait";
	if (f->measure == MEASURE_SIZE && as_long_as_value(c, t, delay))
		return "it is as much longer as the value is";
	if (f->measure == MEASURE_SIZE && an_told_already(all, t->factor, t->level, CLASS_DISCLOSED, f->endpoint))
		return "what is sent there is known to depend on it";
	return NULL;
}

static int tell(const struct ctx *c, const struct hypothesis *h, double q, struct groups *all, struct series *s)
{
	const struct analysis_trial *t = &c->t[h->trial];
	const struct feature *f = feature_at(c->s, h->feature);
	const struct scale *k = scale_of(f);
	const char *reason = reason_of(c, h, all, s), *title = factor_table[t->factor].title;
	const char *before = amount(c->arena, k, h->x.median_y, h->x.low_y, h->x.high_y, h->x.m),
	           *after = amount(c->arena, k, h->x.median_x, h->x.low_x, h->x.high_x, h->x.n);
	struct told told = {.feature = h->feature,
	        .factor = t->factor,
	        .level = t->level,
	        .base = t->treatment.base,
	        .class = reason ? CLASS_UNDECLARED : CLASS_COVERT,
	        .kind = arena_fmt(c->arena, "quantity: %s", k->kind),
	        .before = slice_str(before),
	        .after = slice_str(after),
	        .p = h->p,
	        .q = q};
	told.explanation = arena_fmt(c->arena, "The %s decides %s here%s%s: %s %s than without it, in fresh runs, by a rank test.", title,
	        f->measure == MEASURE_TIME    ? "how long it takes until a message comes"
	        : f->measure == MEASURE_COUNT ? "how many there are"
	                                      : "a size",
	        reason ? "; " : ", and nothing says why", reason ? reason : "", h->x.up ? "more" : "less",
	        f->measure == MEASURE_TIME ? "time" : "of it");
	if (!before || !after || !told.kind || !told.explanation)
		return -ENOMEM;
	return an_tell(c, all, &told);
}

int an_volatile(struct ctx *c, struct groups *all)
{
	_cleanup_(series_free) struct series s = {0};
	struct hypotheses list = {0};
	bool probed = false;
	for (size_t o = 0; o < c->n; o++)
		probed |= c->t[o].probe && c->t[o].usable;
	if (!probed)
		return 0;
	int r = series_new(&s, c->n);
	for (uint32_t i = 0; i < feature_count(c->s) && r == 0; i++) {
		const struct scale *k = scale_of(feature_at(c->s, i));
		for (int b = 0; b < BASE_COUNT && k && r == 0; b++) {
			if (series_read(c, i, (enum vet_base)b, &s) < POOL_MIN)
				continue;
			for (size_t o = 0; r == 0 && next_level(c, (enum vet_base)b, &o); o++)
				r = probe_level(c, i, k, o, &s, &list);
		}
	}
	_cleanup_free_ double *p = calloc(list.n + 1, sizeof(*p)), *q = calloc(list.n + 1, sizeof(*q));
	r = r ? r : !p || !q ? -ENOMEM : 0;
	for (size_t i = 0; i < list.n && r == 0; i++)
		p[i] = list.h[i].p;
	r = r ? r : stat_by(p, list.n, list.n, q);
	for (size_t i = 0; i < list.n && r == 0; i++) {
		/* What is known to be hidden under the level is told; that it takes time, or another message, is the same thing. */
		const struct analysis_trial *t = &c->t[list.h[i].trial];
		if (an_told_already(all, t->factor, t->level, CLASS_COVERT, NULL))
			q[i] = 1;
	}
	for (size_t i = 0; i < list.n && r == 0; i++)
		if (q[i] <= Q_MAX)
			r = tell(c, &list.h[i], q[i], all, &s);
	free(list.h);
	return r;
}
