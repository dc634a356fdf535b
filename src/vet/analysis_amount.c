/* Quantities in rows of several levels: times, counts and sizes that lie further from what they are elsewhere than the levels of the row
 * account for, each by itself. What a level does alone is added up; what is left over, far and rarely, may take several levels at once. */
#include "vet/analysis_part.h"

#include <errno.h>
#include <math.h>

#include "vet/stat.h"
#include "vet/stat_order.h"

#define POOL_MIN 6
#define ROWS_MIN 6
/* Where more than one row in so many lies apart, it is no rare thing of a few levels. */
#define RARE 3
/* So many are followed, of each row and kind of quantity the clearest; of one quantity in one base so many rows, some of which may only
 * have been slow. */
#define SIGNATURES_MAX 12
#define ROWS_MAX       4
#define LEVELS         (UINT8_MAX + 1)

/* How the quantity is in one base. */
struct model {
	double usual, needed;
	double (*adds)[LEVELS]; /* by factor and level: what it adds alone, if that is no noise */
	double *v;              /* by trial */
	bool *there;
	double *scratch, *left;
};

static void model_free(struct model *m)
{
	free(m->adds);
	free(m->v);
	free(m->there);
	free(m->scratch);
	free(m->left);
}

static int model_new(const struct ctx *c, struct model *m)
{
	*m = (struct model){.adds = calloc(64, sizeof(*m->adds)),
	        .v = calloc(c->n + 1, sizeof(*m->v)),
	        .there = calloc(c->n + 1, sizeof(*m->there)),
	        .scratch = calloc(c->n + 1, sizeof(*m->scratch)),
	        .left = calloc(c->n + 1, sizeof(*m->left))};
	return m->adds && m->v && m->there && m->scratch && m->left ? 0 : -ENOMEM;
}

static bool is_alone(const struct analysis_trial *t)
{
	return t->row == ROW_NONE && !t->combined && !t->probe;
}

/* What a level adds is the least that one of its trials shows of it, of which there are one or two. */
static void add_levels(const struct ctx *c, struct model *m)
{
	bool seen[LEVELS];
	memset(m->adds, 0, 64 * sizeof(*m->adds));
	for (unsigned f = 0; f < factor_count; f++) {
		memset(seen, 0, sizeof(seen));
		for (size_t o = 0; o < c->n; o++) {
			const struct analysis_trial *t = &c->all[o];
			if (!m->there[o] || !is_alone(t) || t->baseline || t->factor != f || t->level >= LEVELS)
				continue;
			double more = m->v[o] - m->usual, *adds = &m->adds[f][t->level];
			*adds = !seen[t->level] ? more : *adds * more <= 0 ? 0 : fabs(more) < fabs(*adds) ? more : *adds;
			seen[t->level] = true;
		}
		for (unsigned l = 0; l < LEVELS; l++)
			if (fabs(m->adds[f][l]) < m->needed / 2)
				m->adds[f][l] = 0;
	}
}

/* What the levels of the trial do not account for: how much more it is, or less. One that was slow by chance when it was tried makes no
 * other trial quick. */
static double left_over(const struct ctx *c, const struct model *m, size_t o, bool up)
{
	double left = up ? m->v[o] - m->usual : m->usual - m->v[o];
	for (unsigned f = 0; f < factor_count; f++) {
		double adds = m->adds[f][c->all[o].treatment.level[f]];
		left -= fmax(0, up ? adds : -adds);
	}
	return left;
}

/* False: too little is known of it. */
static bool model_of(const struct ctx *c, uint32_t feature, enum vet_base base, struct model *m)
{
	size_t n = 0, rows = 0;
	for (size_t o = 0; o < c->n; o++) {
		uint64_t v = 0;
		m->there[o] = an_in_base(&c->all[o], base) && slice_u64(feature_value(c->s, feature, (unsigned)o), UINT64_MAX, &v);
		m->v[o] = (double)v;
		if (m->there[o] && is_alone(&c->all[o]))
			m->scratch[n++] = m->v[o];
	}
	if (n < POOL_MIN)
		return false;
	m->usual = stat_median(m->scratch, n);
	double spread = 1.4826 * stat_spread(m->scratch, n, m->usual, m->left);
	m->needed = an_amount_least(feature_at(c->s, feature), m->usual, spread);
	add_levels(c, m);
	/* In rows it may vary more than alone. */
	for (size_t o = 0; o < c->n; o++)
		if (m->there[o] && c->all[o].row == ROW_ARRAY)
			m->scratch[rows++] = left_over(c, m, o, true);
	if (rows < ROWS_MIN)
		return false;
	double middle = stat_median(m->scratch, rows);
	spread = fmax(spread, 1.4826 * stat_spread(m->scratch, rows, middle, m->left));
	m->needed = an_amount_least(feature_at(c->s, feature), m->usual, spread);
	return middle < m->needed / 2;
}

static const char *amount(const struct ctx *c, const struct feature *f, double v)
{
	return f->measure == MEASURE_TIME   ? arena_fmt(c->arena, "%.0f ms", v / 1e3)
	       : f->measure == MEASURE_RATE ? arena_fmt(c->arena, "%.1f %%", v / 1e3)
	                                    : arena_fmt(c->arena, "%.0f", v);
}

static const char *kind_of(const struct feature *f)
{
	return f->measure == MEASURE_TIME ? "quantity: timing" : f->measure == MEASURE_COUNT ? "quantity: count" : "quantity: size";
}

/* Do few rows lie far above (or below)? */
static bool rare(const struct ctx *c, const struct model *m, bool up)
{
	size_t rows = 0, far = 0;
	for (size_t o = 0; o < c->n; o++)
		if (m->there[o] && c->all[o].row == ROW_ARRAY) {
			rows++;
			far += left_over(c, m, o, up) >= m->needed;
		}
	return far && far * RARE <= rows;
}

/* As clear as it is far. What time something takes depends on much. */
static double by_chance(const struct feature *f, const struct model *m, double left)
{
	return (f->measure == MEASURE_TIME ? 0.3 : 0.1) / fmax(1, left / m->needed);
}

/* The clearest of its row and kind stays. */
static int keep(struct signatures *own, const struct ctx *c, const struct signature *s)
{
	for (size_t i = 0; i < own->n; i++) {
		struct signature *o = &own->s[i];
		if (o->row != s->row || feature_at(c->s, o->feature)->measure != feature_at(c->s, s->feature)->measure)
			continue;
		if (s->by_chance < o->by_chance)
			*o = *s;
		return 0;
	}
	return an_signature_add(own, s);
}

static int clearest(const void *x, const void *y)
{
	const struct signature *a = x, *b = y;
	if (a->by_chance < b->by_chance || a->by_chance > b->by_chance)
		return a->by_chance < b->by_chance ? -1 : 1;
	return (a->feature > b->feature) - (a->feature < b->feature);
}

static int signature_of(
        const struct ctx *c, const struct model *m, uint32_t feature, bool up, size_t baseline, size_t row, struct signatures *own)
{
	const struct feature *f = feature_at(c->s, feature);
	double left = left_over(c, m, row, up);
	const char *before = amount(c, f, m->usual), *after = amount(c, f, m->v[row]);
	if (!before || !after)
		return -ENOMEM;
	const struct signature s = {.feature = feature,
	        .base = c->all[row].treatment.base,
	        .mode = MODE_AMOUNT,
	        .ref = baseline,
	        .row = row,
	        .before = slice_str(before),
	        .after = slice_str(after),
	        .why = {.class = CLASS_COVERT, .kind = kind_of(f), .rule = "amount", .text = ""},
	        .rows = 1, /* whatever others show: it is run again before it is followed */
	        .by_chance = by_chance(f, m, left),
	        .usual = m->needed / 2,
	        .shows = fmax(m->needed, left / 2),
	        .up = up};
	return keep(own, c, &s);
}

static int signatures_of(const struct ctx *c, const struct model *m, uint32_t feature, bool up, size_t baseline, struct signatures *own)
{
	size_t n = 0;
	int r = 0;
	if (!rare(c, m, up))
		return 0;
	for (size_t o = 0; o < c->n && n < ROWS_MAX && r == 0; o++) {
		if (!m->there[o] || c->all[o].row != ROW_ARRAY || left_over(c, m, o, up) < m->needed)
			continue;
		r = signature_of(c, m, feature, up, baseline, o, own);
		n++;
	}
	return r;
}

int an_amount_rows(struct ctx *c, struct signatures *out)
{
	_cleanup_(model_free) struct model m = {0};
	_cleanup_(an_signatures_free) struct signatures own = {0};
	int r = model_new(c, &m);
	for (int b = 0; b < BASE_COUNT && r == 0; b++) {
		size_t baseline = an_first_baseline(c, (enum vet_base)b);
		for (uint32_t i = 0; i < feature_count(c->s) && r == 0 && baseline < c->n; i++) {
			const struct feature *f = feature_at(c->s, i);
			if (an_amount_least(f, 0, 0) <= 0 || !model_of(c, i, (enum vet_base)b, &m))
				continue;
			for (int up = 0; up < 2 && r == 0; up++)
				r = signatures_of(c, &m, i, up, baseline, &own);
		}
	}
	if (own.n)
		qsort(own.s, own.n, sizeof(*own.s), clearest);
	for (size_t i = 0; i < own.n && i < SIGNATURES_MAX && r == 0; i++)
		r = an_signature_add(out, &own.s[i]);
	return r;
}

int an_amount_states(struct ctx *c, const struct signature *s, uint8_t *out)
{
	_cleanup_(model_free) struct model m = {0};
	memset(out, STATE_OTHER, c->n);
	int r = model_new(c, &m);
	if (r || !model_of(c, s->feature, s->base, &m))
		return r;
	for (size_t o = 0; o < c->n; o++) {
		double left = m.there[o] ? left_over(c, &m, o, s->up) : 0;
		if (m.there[o])
			out[o] = left >= s->shows ? STATE_AFTER : left <= s->usual ? STATE_BEFORE : STATE_OTHER;
	}
	return 0;
}

/* -- is there a reason -- */

/* How much more processor time it takes with all conditions, in the runs to prove it. */
static double more_work(const struct ctx *c, const struct combination *m, double *scratch, double *other)
{
	for (uint32_t i = 0; i < feature_count(c->s); i++) {
		size_t n = 0, k = 0;
		if (strcmp(an_text_of(feature_at(c->s, i)->address), "(processor time)") != 0)
			continue;
		for (size_t o = 0; o < c->n; o++) {
			uint64_t v;
			if (!an_in_base(&c->all[o], m->s->base) || c->all[o].row != ROW_PROOF ||
			        !slice_u64(feature_value(c->s, i, (unsigned)o), UINT64_MAX, &v))
				continue;
			*(an_all_hold(m, &c->all[o].treatment) ? &scratch[n++] : &other[k++]) = (double)v;
		}
		return n && k ? stat_median(scratch, n) - stat_median(other, k) : 0;
	}
	return 0;
}

/* Does something in plain sight stand in the same messages in the runs that prove it, and never without? Then they are longer for that, and
 * whether it has a reason is asked of it itself. */
static bool says_more(const struct ctx *c, const struct combination *m, const char *endpoint)
{
	for (uint32_t i = 0; i < feature_count(c->s); i++) {
		const struct feature *f = feature_at(c->s, i);
		struct slice with = SLICE_NONE, without = SLICE_NONE;
		size_t n = 0, k = 0;
		bool differs = strcmp(f->endpoint, endpoint) == 0 && strncmp(an_text_of(f->address), "body", 4) == 0 && !f->structural;
		for (size_t o = 0; o < c->n && differs; o++) {
			const struct analysis_trial *t = &c->all[o];
			bool on = t->row == ROW_PROOF && an_all_hold(m, &t->treatment);
			if (!an_in_base(t, m->s->base) || !(on || t->baseline))
				continue;
			struct slice v = feature_value(c->s, i, (unsigned)o), *known = on ? &with : &without;
			size_t *seen = on ? &n : &k;
			differs = *seen == 0 || (slice_eq(*known, v) && !known->p == !v.p);
			*known = v;
			++*seen;
		}
		if (differs && n >= 2 && k >= 2 && (!slice_eq(with, without) || !with.p != !without.p))
			return true;
	}
	return false;
}

int an_amount_reason(struct ctx *c, const struct combination *m, const struct groups *all, const char **out)
{
	_cleanup_(model_free) struct model model = {0};
	const struct feature *f = feature_at(c->s, m->s->feature);
	int r = model_new(c, &model);
	*out = NULL;
	for (size_t i = 0; i < m->n && r == 0 && !*out; i++)
		if (m->if_all[i].factor != CONDITION_DEVICE)
			*out = an_amount_foreseen(all, m->if_all[i].factor, m->if_all[i].level);
	if (r == 0 && !*out && f->measure == MEASURE_TIME && m->s->up && more_work(c, m, model.scratch, model.left) >= m->s->shows * 0.3)
		*out = "the tool computes for longer, it does not only wait";
	if (r == 0 && !*out && f->measure == MEASURE_SIZE && says_more(c, m, f->endpoint))
		*out = "what is sent there is known to depend on it";
	return r;
}
