#include "vet/analysis.h"

#include <errno.h>
#include <stdio.h>

#include "vet/codepoint.h"
#include "vet/explain.h"
#include "vet/explain_host.h"
#include "vet/plan.h"
#include "vet/stat.h"

/* A dependence that nothing explains is reported only if the chance of any such false report is below this, over all that were
 * nominated for confirmation (Benjamini-Yekutieli: the hypotheses share baselines). */
#define Q_MAX 0.01
/* And only if fewer than this many features of this tool would look the same by chance, going by how often its features flip. */
#define CHANCE_MAX 0.002

/* -- observations of one feature in one base -- */

/* From fine to coarse. */
enum mode { MODE_RAW, MODE_SHAPE, MODE_PRESENCE, MODE_NONE };

/* Noise is local: a batch of telemetry flips in hundreds of places, the request to the model in none. */
struct rate {
	const char *endpoint;
	double rate;
};

struct ctx {
	const struct feature_set *s;
	const struct analysis_trial *t;
	size_t n;
	const struct profile *profile;
	struct arena *arena;
	struct buf *shapes; /* n scratch buffers */
	bool *off;          /* n flags: the value differs from the baselines' */
	bool *caused;       /* n flags: off, and settled() */
	const struct feature_echo *echoes;
	size_t n_echoes;
	uint32_t *first_echo; /* by feature: range in by_feature; count + 1 entries */
	uint32_t *by_feature; /* indices of echoes */
	const char **failed;  /* endpoints of features that fresh trials did not bear out, one each */
	size_t n_failed;
	struct rate *rates; /* how often features deviate for no reason that is settled: one each that does */
	size_t n_rates;
};

static const char *text_of(const char *s)
{
	return s ? s : "";
}

static void ctx_free(struct ctx *c)
{
	for (size_t i = 0; c->shapes && i < c->n; i++)
		buf_free(&c->shapes[i]);
	free(c->shapes);
	free(c->off);
	free(c->caused);
	free(c->first_echo);
	free(c->by_feature);
	free(c->rates);
	free(c->failed);
}

static int ctx_init(struct ctx *c)
{
	size_t features = feature_count(c->s);
	c->echoes = feature_echoes(c->s, &c->n_echoes);
	c->shapes = calloc(c->n + 1, sizeof(*c->shapes));
	c->off = calloc(c->n + 1, sizeof(*c->off));
	c->caused = calloc(c->n + 1, sizeof(*c->caused));
	c->first_echo = calloc(features + 2, sizeof(*c->first_echo));
	c->by_feature = calloc(c->n_echoes + 1, sizeof(*c->by_feature));
	c->rates = calloc(features * BASE_COUNT * 4 + 1, sizeof(*c->rates));
	c->failed = calloc(features * BASE_COUNT * 4 + 1, sizeof(*c->failed));
	if (!c->failed || !c->shapes || !c->off || !c->caused || !c->first_echo || !c->by_feature || !c->rates)
		return -ENOMEM;
	for (size_t i = 0; i < c->n; i++)
		c->shapes[i] = BUF(4 << 20);
	for (size_t i = 0; i < c->n_echoes; i++)
		if (c->echoes[i].feature < features)
			c->first_echo[c->echoes[i].feature + 2]++;
	for (size_t i = 2; i < features + 2; i++)
		c->first_echo[i] += c->first_echo[i - 1];
	for (size_t i = 0; i < c->n_echoes; i++)
		if (c->echoes[i].feature < features)
			c->by_feature[c->first_echo[c->echoes[i].feature + 1]++] = (uint32_t)i;
	return 0;
}

static bool has_echo(const struct ctx *c, uint32_t feature, unsigned observation, unsigned factor, bool digest)
{
	for (uint32_t k = c->first_echo[feature]; k < c->first_echo[feature + 1]; k++) {
		const struct feature_echo *e = &c->echoes[c->by_feature[k]];
		if (e->observation == observation && e->factor == factor && e->digest == digest)
			return true;
	}
	return false;
}

static unsigned level_of(const struct analysis_trial *t, unsigned factor)
{
	return t->treatment.level[factor];
}

static bool in_base(const struct analysis_trial *t, enum vet_base base)
{
	return t->usable && t->treatment.base == base;
}

/* Does the value, with the factor's placeholder read as one of its literal forms in that trial, say the same as other, literally? Then
 * the words that look like the level stood there all the time. */
static bool says_same(const struct analysis_trial *t, unsigned factor, struct slice value, struct slice other)
{
	const char *forms[32];
	size_t n = 0, at = 0, name = strlen(factor_table[factor].name);
	if (!value.p || !other.p || !t->host)
		return false;
	while (value.n) {
		bool mark = value.n >= name + 2 && value.p[0] == '{' && value.p[name + 1] == '}' &&
		            memcmp(value.p + 1, factor_table[factor].name, name) == 0;
		if (!mark) {
			size_t run = 1;
			while (run < value.n && value.p[run] != '{')
				run++;
			if (!slice_starts(slice_from(other, at), slice_sub(value, 0, run)))
				return false;
			at += run;
			value = slice_from(value, run);
			continue;
		}
		if (n == 0 && (n = factor_table[factor].literals(t->host, t->gateway, forms, ARRAY_LEN(forms))) == 0)
			return false;
		size_t best = 0;
		for (size_t i = 0; i < n; i++) {
			struct slice form = slice_str(forms[i]);
			if (form.n > best && slice_eq_nocase(slice_sub(other, at, form.n), form))
				best = form.n;
		}
		if (best == 0)
			return false;
		at += best;
		value = slice_from(value, name + 2);
	}
	return at == other.n;
}

static bool presence_eq(struct slice a, struct slice b)
{
	return !a.p == !b.p;
}

/* The finest representation in which the baselines of a base agree; *ref is the trial that stands for them, *n how many they are. */
static enum mode mode_of(struct ctx *c, uint32_t feature, enum vet_base base, size_t *ref, size_t *n)
{
	bool raw = true, shape = true, present = true;
	*n = 0;
	*ref = 0;
	for (size_t o = 0; o < c->n; o++) {
		if (!c->t[o].baseline || !in_base(&c->t[o], base))
			continue;
		struct slice v = feature_value(c->s, feature, (unsigned)o);
		if ((*n)++ == 0) {
			*ref = o;
			continue;
		}
		struct slice w = feature_value(c->s, feature, (unsigned)*ref);
		if (!presence_eq(v, w))
			present = false;
		else if (!slice_eq(v, w))
			raw = false;
	}
	if (!present)
		return MODE_NONE;
	if (raw)
		return MODE_RAW;
	for (size_t o = 0; o < c->n; o++) {
		struct slice v = feature_value(c->s, feature, (unsigned)o);
		if (!v.p || !c->t[o].usable)
			continue;
		if (c->shapes[o].n == 0)
			feature_shape(v, &c->shapes[o]);
		if (c->t[o].baseline && in_base(&c->t[o], base) && !slice_eq(buf_slice(&c->shapes[o]), buf_slice(&c->shapes[*ref])))
			shape = false;
	}
	return shape ? MODE_SHAPE : MODE_PRESENCE;
}

/* Sets c->off for every trial of the base. */
static void mark_off(struct ctx *c, uint32_t feature, enum vet_base base, enum mode mode, size_t ref)
{
	struct slice v0 = feature_value(c->s, feature, (unsigned)ref);
	for (size_t o = 0; o < c->n; o++) {
		if (!in_base(&c->t[o], base) || c->t[o].baseline || c->t[o].combined)
			continue;
		struct slice v = feature_value(c->s, feature, (unsigned)o);
		bool same = presence_eq(v, v0);
		if (same && mode == MODE_RAW)
			same = slice_eq(v, v0) || says_same(&c->t[o], c->t[o].factor, v, v0) ||
			       says_same(&c->t[ref], c->t[o].factor, v0, v);
		else if (same && mode == MODE_SHAPE)
			same = slice_eq(buf_slice(&c->shapes[o]), buf_slice(&c->shapes[ref]));
		c->off[o] = !same;
	}
}

/* A feature that differs under a level. */
struct entry {
	uint32_t feature;
	unsigned factor, level;
	enum vet_base base;
	enum mode mode;
	size_t ref, trial;          /* trials that stand for before and after */
	struct slice before, after; /* p NULL: absent */
	unsigned hits, runs;        /* of the level, all */
	unsigned fresh_hits, fresh; /* of these, to confirm */
	unsigned pool_hits, pool;   /* of other treatments, dependences of other factors left out */
	unsigned far_hits, far;     /* the same in the other base */
	bool dropped;
	double p, q, by_chance;
	struct explanation why;
};

struct entries {
	struct entry *e;
	size_t n, room;
};

static void entries_free(struct entries *list)
{
	free(list->e);
}

static struct entry *entry_new(struct entries *list)
{
	if (list->n == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		struct entry *e = reallocarray(list->e, room, sizeof(*e));
		if (!e)
			return NULL;
		list->e = e;
		list->room = room;
	}
	list->e[list->n] = (struct entry){0};
	return &list->e[list->n++];
}

static bool same_level(const struct analysis_trial *a, const struct analysis_trial *b)
{
	return !a->baseline && !b->baseline && !a->combined && !b->combined && a->factor == b->factor && a->level == b->level &&
	       a->treatment.base == b->treatment.base;
}

/* Did every one of two or more runs of this trial's level differ, or of three or more of its factor? Then it is another factor's
 * dependence, not noise. */
static bool settled(const struct ctx *c, size_t o)
{
	unsigned hits = 0, runs = 0, factor_hits = 0, factor_runs = 0;
	for (size_t k = 0; k < c->n; k++) {
		const struct analysis_trial *t = &c->t[k];
		if (!in_base(t, c->t[o].treatment.base) || t->baseline || t->combined || t->factor != c->t[o].factor)
			continue;
		bool same = t->level == c->t[o].level;
		factor_runs++;
		factor_hits += c->off[k];
		runs += same;
		hits += same && c->off[k];
	}
	return (runs >= 2 && hits == runs) || (factor_runs >= 3 && factor_hits == factor_runs);
}

static void count_combined(struct ctx *c, struct entry *e);

/* Did it come again, every time, when the level was set together with others? */
static bool came_again(struct ctx *c, uint32_t feature, enum mode mode, size_t ref, size_t o)
{
	struct entry e = {.feature = feature,
	        .factor = c->t[o].factor,
	        .level = c->t[o].level,
	        .base = c->t[o].treatment.base,
	        .mode = mode,
	        .ref = ref,
	        .trial = o};
	count_combined(c, &e);
	return e.fresh >= 2 && e.fresh_hits == e.fresh && e.pool_hits == 0;
}

static void add_rate(struct ctx *c, uint32_t feature, double rate)
{
	/* At the most a few a feature and base; should there be more, they are like those that are there. */
	if (c->n_rates < feature_count(c->s) * BASE_COUNT * 4)
		c->rates[c->n_rates++] = (struct rate){text_of(feature_at(c->s, feature)->endpoint), rate};
}

/* How often the feature deviates by itself. One that deviated under one treatment only may depend on it: collect_base() tells when fresh
 * trials have shown that it does not. */
static void note_rate(struct ctx *c, uint32_t feature, enum vet_base base)
{
	unsigned hits = 0, runs = 0;
	bool several = false;
	size_t first = c->n;
	for (size_t o = 0; o < c->n; o++) {
		if (!in_base(&c->t[o], base) || c->caused[o] || c->t[o].combined)
			continue;
		runs++;
		if (!c->off[o])
			continue;
		hits++;
		if (first == c->n)
			first = o;
		several = several || !same_level(&c->t[o], &c->t[first]);
	}
	if (hits && several)
		add_rate(c, feature, (double)hits / runs);
}

enum state { STATE_BEFORE, STATE_AFTER, STATE_OTHER };

/* Does v have, in the places in which b differs from a, what a has there, or what b has? */
static enum state place_of(struct slice a, struct slice b, struct slice v)
{
	struct hunk ab[16], av[32];
	size_t n = hunks_of(a, b, ab, ARRAY_LEN(ab)), m = hunks_of(a, v, av, ARRAY_LEN(av)), same = 0, untouched = 0;
	for (size_t i = 0; i < n; i++) {
		bool hit = false, touched = false;
		for (size_t k = 0; k < m; k++) {
			bool overlap = av[k].a_at < ab[i].a_at + ab[i].a_n + (ab[i].a_n == 0) &&
			               ab[i].a_at < av[k].a_at + av[k].a_n + (av[k].a_n == 0);
			touched = touched || overlap;
			hit = hit || (av[k].a_at == ab[i].a_at && av[k].a_n == ab[i].a_n &&
			                     slice_eq(slice_sub(b, ab[i].b_at, ab[i].b_n), slice_sub(v, av[k].b_at, av[k].b_n)));
		}
		same += hit;
		untouched += !touched;
	}
	return n && same == n ? STATE_AFTER : n && untouched == n ? STATE_BEFORE : STATE_OTHER;
}

/* What a trial with several factors varied shows of a difference that was seen with one: the value from before it, from after it, or
 * another, for which another factor may be the reason. */
static enum state state_of(struct ctx *c, const struct entry *e, size_t k)
{
	const struct analysis_trial *t = &c->t[k];
	struct slice v = feature_value(c->s, e->feature, (unsigned)k), a = feature_value(c->s, e->feature, (unsigned)e->ref),
	             b = feature_value(c->s, e->feature, (unsigned)e->trial);
	if (e->mode == MODE_PRESENCE || !v.p || !a.p || !b.p) {
		if (e->mode != MODE_PRESENCE && v.p && b.p && !a.p)
			return STATE_AFTER; /* it is there, which is what the difference was */
		return presence_eq(v, a) ? STATE_BEFORE : presence_eq(v, b) ? STATE_AFTER : STATE_OTHER;
	}
	if (e->mode == MODE_RAW) {
		if (slice_eq(v, a))
			return STATE_BEFORE;
		if (slice_eq(v, b))
			return STATE_AFTER;
		for (unsigned f = 0; f < factor_count; f++)
			if (level_of(t, f) && says_same(t, f, v, a))
				return STATE_BEFORE;
	}
	/* Two factors may change the same text in different places: then it is the place that tells. */
	enum state by_place = e->mode == MODE_RAW ? place_of(a, b, v) : STATE_OTHER;
	if (by_place != STATE_OTHER)
		return by_place;
	if (c->shapes[k].n == 0)
		feature_shape(v, &c->shapes[k]);
	_cleanup_buf_ struct buf shape = BUF(4 << 20);
	feature_shape(a, &shape);
	bool like_a = slice_eq(buf_slice(&shape), buf_slice(&c->shapes[k]));
	buf_reset(&shape);
	feature_shape(b, &shape);
	bool like_b = slice_eq(buf_slice(&shape), buf_slice(&c->shapes[k]));
	return like_a == like_b ? STATE_OTHER : like_a ? STATE_BEFORE : STATE_AFTER;
}

/* Does another factor that is varied in trial k alone give the same value, going by its own trials? */
static bool other_cause(struct ctx *c, const struct entry *e, size_t k)
{
	struct slice b = feature_value(c->s, e->feature, (unsigned)e->trial);
	for (size_t o = 0; o < c->n; o++) {
		const struct analysis_trial *t = &c->t[o];
		if (!in_base(t, e->base) || t->baseline || t->combined || !c->off[o])
			continue;
		if (t->factor == e->factor && t->level == e->level)
			continue;
		struct slice v = feature_value(c->s, e->feature, (unsigned)o);
		if (level_of(&c->t[k], t->factor) == t->level && presence_eq(v, b) && slice_eq(v, b))
			return true;
	}
	return false;
}

static void count_combined(struct ctx *c, struct entry *e)
{
	for (size_t k = 0; k < c->n; k++) {
		const struct analysis_trial *u = &c->t[k];
		if (!u->combined || !u->usable)
			continue;
		if (u->treatment.base != e->base) {
			/* Not the same experiment, but if it flips there without its factor, it flips. */
			if (level_of(u, e->factor) == 0) {
				e->far++;
				e->far_hits += state_of(c, e, k) == STATE_AFTER;
			}
			continue;
		}
		bool on = level_of(u, e->factor) == e->level;
		enum state s = state_of(c, e, k);
		if (s == STATE_OTHER)
			continue;
		if (on) {
			/* If another factor that is set too is known to do the same, this trial says nothing. */
			if (s == STATE_AFTER && other_cause(c, e, k))
				continue;
			e->fresh++;
			e->fresh_hits += s == STATE_AFTER;
		} else if (s == STATE_BEFORE || (level_of(u, e->factor) == 0 && !other_cause(c, e, k))) {
			e->pool++;
			e->pool_hits += s == STATE_AFTER;
		}
	}
	e->runs += e->fresh;
	e->hits += e->fresh_hits;
}

/* Entries of one feature in one base; c->off is set for both. */
static int collect_base(struct ctx *c, uint32_t feature, enum vet_base base, enum mode mode, size_t ref, struct entries *list)
{
	note_rate(c, feature, base);
	for (size_t o = 0; o < c->n; o++) {
		const struct analysis_trial *t = &c->t[o];
		if (!c->off[o] || t->treatment.base != base || t->combined)
			continue;
		bool seen = false;
		for (size_t k = 0; k < o && !seen; k++)
			seen = c->t[k].usable && same_level(t, &c->t[k]);
		if (seen)
			continue; /* the level was dealt with at its first run; if that one did not differ, it is no candidate */
		struct entry e = {
		        .feature = feature, .factor = t->factor, .level = t->level, .base = base, .mode = mode, .ref = ref, .trial = o};
		for (size_t k = 0; k < c->n; k++) {
			const struct analysis_trial *u = &c->t[k];
			if (!u->usable || u->combined)
				continue;
			if (u->treatment.base != base) {
				/* Not the same experiment, but if it flips there, it flips. */
				if (u->baseline || (u->factor != t->factor && !c->caused[k])) {
					e.far++;
					e.far_hits += c->off[k];
				}
			} else if (same_level(t, u)) {
				e.runs++;
				e.hits += c->off[k];
				e.fresh += u->confirming;
				e.fresh_hits += u->confirming && c->off[k];
			} else if (u->baseline || (u->factor != t->factor && !c->caused[k])) {
				e.pool++;
				e.pool_hits += c->off[k];
			}
		}
		unsigned alone = e.runs;
		count_combined(c, &e);
		if (e.fresh_hits < e.fresh && c->n_failed < feature_count(c->s) * BASE_COUNT * 4)
			c->failed[c->n_failed++] = text_of(feature_at(c->s, feature)->endpoint);
		if (e.hits < e.runs && e.pool_hits == 0)
			add_rate(c, feature, (double)e.hits / (e.runs + e.pool));
		/* A feature that also differs under a tenth of the other treatments flips by itself. */
		if (e.hits < e.runs || alone == 0 || e.pool_hits > e.pool / 10 || e.far_hits > e.far / 10)
			continue;
		struct entry *new = entry_new(list);
		if (!new)
			return -ENOMEM;
		*new = e;
		struct slice a = feature_value(c->s, feature, (unsigned)ref), b = feature_value(c->s, feature, (unsigned)o);
		if (mode == MODE_SHAPE && a.p && b.p) {
			a = arena_copy(c->arena, buf_slice(&c->shapes[ref]));
			b = arena_copy(c->arena, buf_slice(&c->shapes[o]));
			if (!a.p || !b.p)
				return -ENOMEM;
		}
		new->before = a;
		new->after = b;
	}
	return 0;
}

/* What changes by itself in one base is not trusted in the other: both are compared in the coarser representation. */
static int collect_feature(struct ctx *c, uint32_t feature, struct entries *list)
{
	enum mode mode = MODE_RAW;
	size_t ref[BASE_COUNT], n[BASE_COUNT];
	for (size_t o = 0; o < c->n; o++) {
		buf_reset(&c->shapes[o]);
		c->off[o] = false;
	}
	for (int b = 0; b < BASE_COUNT; b++) {
		enum mode m = mode_of(c, feature, (enum vet_base)b, &ref[b], &n[b]);
		if (n[b] >= 2 && m > mode)
			mode = m;
	}
	if (mode == MODE_NONE)
		return 0;
	int r = 0;
	for (int b = 0; b < BASE_COUNT; b++)
		if (n[b] >= 2)
			mark_off(c, feature, (enum vet_base)b, mode, ref[b]);
	for (size_t o = 0; o < c->n; o++)
		c->caused[o] = c->off[o] && (settled(c, o) || (!c->t[o].combined && !c->t[o].baseline &&
		                                                      came_again(c, feature, mode, ref[c->t[o].treatment.base], o)));
	for (int b = 0; b < BASE_COUNT && r == 0; b++)
		if (n[b] >= 2)
			r = collect_base(c, feature, (enum vet_base)b, mode, ref[b], list);
	return r;
}

static bool same_cause(const struct entry *a, const struct entry *b)
{
	return a->factor == b->factor && a->level == b->level && a->base == b->base;
}

static int entry_order(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;
	if (a->factor != b->factor)
		return a->factor < b->factor ? -1 : 1;
	if (a->level != b->level)
		return a->level < b->level ? -1 : 1;
	if (a->base != b->base)
		return a->base < b->base ? -1 : 1;
	return a->feature < b->feature ? -1 : a->feature > b->feature;
}

/* A part whose address follows from its content vanishes in one place and comes up in another when its content changes: that is one
 * change. Share of the longer text that both have at their ends, in percent. */
static size_t likeness(struct slice a, struct slice b)
{
	size_t longer = a.n > b.n ? a.n : b.n;
	struct codepoint_span d = codepoint_diff(a, b);
	size_t common = a.n - d.a_n;
	return longer ? common * 100 / longer : 0;
}

static void pair_moved(const struct ctx *c, struct entry *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (e[i].dropped || e[i].before.p || !e[i].after.p)
			continue;
		const struct feature *fi = feature_at(c->s, e[i].feature);
		size_t best = n, score = 49;
		for (size_t k = 0; k < n; k++) {
			if (k == i || e[k].dropped || !e[k].before.p || e[k].after.p)
				continue;
			if (strcmp(text_of(fi->endpoint), text_of(feature_at(c->s, e[k].feature)->endpoint)) != 0)
				continue;
			size_t s = likeness(e[k].before, e[i].after);
			if (s > score) {
				score = s;
				best = k;
			}
		}
		if (best == n)
			continue;
		e[i].before = e[best].before;
		e[best].dropped = true;
		/* Apart from the words of a literal that stood there all the time, nothing may have changed at all. */
		e[i].dropped = slice_eq(e[i].before, e[i].after);
	}
}

/* What hangs on a part that came or went is told with that part. */
static void fold_children(const struct ctx *c, struct entry *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t up = feature_at(c->s, e[i].feature)->parent;
		for (unsigned depth = 0; up != UINT32_MAX && up < feature_count(c->s) && depth < 64 && !e[i].dropped; depth++) {
			for (size_t k = 0; k < n; k++)
				if (k != i && e[k].feature == up && !e[k].before.p != !e[k].after.p)
					e[i].dropped = true;
			up = feature_at(c->s, up)->parent;
		}
	}
}

/* The record (element of an array) that a feature is a part of may have a field that names it. */
static struct slice sibling_of(const struct ctx *c, const struct entry *e)
{
	static const char *const names[] = {"event_name", "eventName", "event", "name", "type"};
	const struct feature *f = feature_at(c->s, e->feature);
	struct slice address = slice_str(f->address);
	size_t end = 0;
	for (size_t i = 0; i < address.n; i++)
		if (address.p[i] == ']')
			end = i + 1;
	if (end == 0)
		return SLICE_NONE;
	for (uint32_t up = e->feature; up != UINT32_MAX && up < feature_count(c->s); up = feature_at(c->s, up)->parent) {
		struct slice a = slice_str(feature_at(c->s, up)->address);
		if (a.n > end || !slice_eq(a, slice_sub(address, 0, a.n)))
			continue;
		/* The element is found: what hangs on it follows it closely, as features come in the order in which they were met. */
		for (uint32_t i = up + 1; i < feature_count(c->s) && i < up + 400; i++) {
			struct slice b = slice_str(feature_at(c->s, i)->address);
			if (!slice_starts(b, slice_sub(address, 0, end)))
				continue;
			for (size_t k = 0; k < ARRAY_LEN(names); k++)
				if (slice_ends(b, slice_str(names[k])) && b.n > strlen(names[k]) &&
				        b.p[b.n - strlen(names[k]) - 1] == '.') {
					struct slice v = feature_value(c->s, i, (unsigned)e->trial);
					return v.p ? v : feature_value(c->s, i, (unsigned)e->ref);
				}
		}
		break;
	}
	return SLICE_NONE;
}

/* What came or went together with something explained, in the same text: the blank lines of a block, the rest of its lines. And the marks
 * for a model's cache, which follow how many blocks there are. */
static void overt_blocks(const struct ctx *c, struct entry *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t lines = 0, bytes = 0;
		bool came = !e[i].before.p, seen = true;
		if (e[i].why.class != CLASS_COVERT || (e[i].before.p && e[i].after.p))
			continue;
		for (size_t k = 0; k < n; k++) {
			struct slice text = came ? e[k].after : e[k].before;
			if (feature_at(c->s, e[k].feature)->parent != feature_at(c->s, e[i].feature)->parent || came != !e[k].before.p ||
			        !e[k].before.p == !e[k].after.p)
				continue;
			for (size_t at = 0; at < text.n; at++)
				seen = seen && text.p[at] >= 0x20 && text.p[at] < 0x7f;
			lines += slice_trim(text).n > 0;
			bytes += text.n;
		}
		if (seen && lines >= 3 && bytes >= 200) {
			e[i].why.class = CLASS_UNDECLARED;
			e[i].why.rule = e[i].why.kind = "block";
			e[i].why.text = "A whole block of plain text comes or goes with it: a dependence that is not declared, but not "
			                "hidden either.";
		}
	}
}

static void inherit(const struct ctx *c, struct entry *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct feature *f = feature_at(c->s, e[i].feature);
		bool came = !e[i].before.p, went = !e[i].after.p;
		struct hunk at = e[i].why.at;
		bool cache = strstr(f->address, "cache_control") ||
		             slice_is(slice_trim(slice_sub(e[i].after, at.b_at, at.b_n)), "ephemeral") ||
		             slice_is(slice_trim(slice_sub(e[i].before, at.a_at, at.a_n)), "ephemeral");
		if (e[i].why.class != CLASS_COVERT || !(came || went || cache))
			continue;
		for (size_t k = 0; k < n; k++) {
			const struct feature *g = feature_at(c->s, e[k].feature);
			if (e[k].why.class == CLASS_COVERT || e[k].why.class == CLASS_NONE || k == i)
				continue;
			bool together = f->parent == g->parent && came == !e[k].before.p && went == !e[k].after.p && (came || went);
			if (together ||
			        (cache && strcmp(text_of(f->endpoint), text_of(g->endpoint)) == 0 && (!e[k].before.p || !e[k].after.p))) {
				e[i].why = e[k].why;
				e[i].why.at = at;
				break;
			}
		}
	}
}

#define PATH_VALUE_MAX 512

/* A digest may be of a path that the tool itself made up below the project or the home: such paths stand elsewhere in its messages. */
static const char *digest_of_path(const struct ctx *c, const struct entry *e)
{
	const struct host_spec *h = c->t[e->trial].host;
	struct slice token = slice_trim(e->after);
	if (!h || token.n < 8 || token.n > 128)
		return NULL;
	for (size_t i = 0; i < token.n; i++)
		if (!((token.p[i] >= '0' && token.p[i] <= '9') || ((token.p[i] | 32) >= 'a' && (token.p[i] | 32) <= 'z') ||
		            strchr("+/-_=", token.p[i])))
			return NULL;
	const struct {
		const char *mark, *value;
	} roots[] = {{"{project}", h->project}, {"{home}", h->home}};
	for (uint32_t i = 0; i < feature_count(c->s); i++) {
		struct slice v = feature_value(c->s, i, (unsigned)e->trial);
		for (size_t k = 0; k < ARRAY_LEN(roots) && v.n > 8 && v.n < PATH_VALUE_MAX; k++) {
			if (!slice_starts(v, slice_str(roots[k].mark)) || slice_chr(v, '\n', 0) != SLICE_NPOS)
				continue;
			_cleanup_buf_ struct buf path = BUF(8192);
			buf_str_add(&path, roots[k].value);
			buf_add(&path, slice_from(v, strlen(roots[k].mark)));
			const char *d = buf_error(&path) ? NULL : host_digest_of(token, buf_slice(&path));
			if (d)
				return arena_fmt(c->arena, "%s of a path below the %s", d, k ? "home folder" : "project");
		}
	}
	return NULL;
}

/* The last name of an address, without which of several it is. */
static struct slice last_key(const char *address)
{
	const char *dot = strrchr(address, '.');
	struct slice s = slice_str(dot ? dot : address);
	return slice_ends(s, SLICE("]")) ? slice_sub(s, 0, slice_chr(s, '[', 0)) : s;
}

/* How many records of the endpoint that are named so have a value at this key, in a trial. */
static size_t records_with(const struct ctx *c, const struct entry *e, struct slice name, size_t trial)
{
	const struct feature *f = feature_at(c->s, e->feature);
	struct slice key = last_key(f->address);
	size_t n = 0;
	for (uint32_t i = 0; i < feature_count(c->s); i++) {
		const struct feature *g = feature_at(c->s, i);
		if (!feature_value(c->s, i, (unsigned)trial).p || strcmp(text_of(g->endpoint), text_of(f->endpoint)) != 0)
			continue;
		if (!slice_eq(key, last_key(g->address)))
			continue;
		struct entry x = {.feature = i, .ref = trial, .trial = trial};
		n += slice_eq(sibling_of(c, &x), name);
	}
	return n;
}

/* Records of telemetry come in batches, in an order that timing decides: one that is missing here stands elsewhere. */
static bool moved_record(const struct ctx *c, const struct entry *e)
{
	struct slice name = e->before.p && e->after.p ? SLICE_NONE : sibling_of(c, e);
	return name.n && records_with(c, e, name, e->ref) == records_with(c, e, name, e->trial);
}

static int explain_entry(const struct ctx *c, struct entry *e)
{
	const struct explain_case x = {
	        .factor = e->factor,
	        .feature = feature_at(c->s, e->feature),
	        .before = e->before,
	        .after = e->after,
	        .shapes = e->mode == MODE_SHAPE,
	        .sibling = sibling_of(c, e),
	        .raw_before = feature_value(c->s, e->feature, (unsigned)e->ref),
	        .raw_after = feature_value(c->s, e->feature, (unsigned)e->trial),
	        .digest = has_echo(c, e->feature, (unsigned)e->trial, e->factor, true),
	        .before_trial = &c->t[e->ref],
	        .after_trial = &c->t[e->trial],
	        .profile = c->profile,
	        .arena = c->arena,
	};
	int r = explain_difference(&x, &e->why);
	const char *digest = r == 0 && e->why.class == CLASS_COVERT && e->after.p ? digest_of_path(c, e) : NULL;
	if (r == 0 && e->why.class == CLASS_COVERT && moved_record(c, e))
		e->why.class = CLASS_NONE;
	if (digest) {
		e->why.class = CLASS_HASHED;
		e->why.rule = "file digest";
		e->why.kind = "file digest";
		e->why.text = arena_fmt(c->arena, "The %s decides it: %s.", factor_table[e->factor].title, digest);
		if (!e->why.text)
			return -ENOMEM;
	}
	return r;
}

/* All features that differ under a level, explained. */
static int collect(struct ctx *c, struct entries *list)
{
	size_t features = feature_count(c->s);
	for (uint32_t i = 0; i < features; i++) {
		if (feature_at(c->s, i)->derived)
			continue;
		int r = collect_feature(c, i, list);
		if (r)
			return r;
	}
	if (list->n == 0)
		return 0;
	qsort(list->e, list->n, sizeof(*list->e), entry_order);
	for (size_t from = 0, to; from < list->n; from = to) {
		for (to = from + 1; to < list->n && same_cause(&list->e[from], &list->e[to]); to++)
			;
		fold_children(c, list->e + from, to - from);
		pair_moved(c, list->e + from, to - from);
	}
	size_t kept = 0;
	for (size_t i = 0; i < list->n; i++) {
		if (list->e[i].dropped)
			continue;
		list->e[kept] = list->e[i];
		int r = explain_entry(c, &list->e[kept++]);
		if (r)
			return r;
	}
	list->n = kept;
	for (size_t from = 0, to; from < list->n; from = to) {
		for (to = from + 1; to < list->n && same_cause(&list->e[from], &list->e[to]); to++)
			;
		inherit(c, list->e + from, to - from);
		overt_blocks(c, list->e + from, to - from);
	}
	return 0;
}

/* -- screening -- */

/* How many features of the same endpoint would come out like this one by chance, if they flip as often as that endpoint's features do: all
 * runs of one of the levels differ, and no more of the others than were seen. */
static double expected_by_chance(const struct ctx *c, const struct entry *e)
{
	const char *endpoint = text_of(feature_at(c->s, e->feature)->endpoint);
	unsigned levels = 0;
	double sum = 0;
	for (size_t o = 0; o < c->n; o++)
		levels += in_base(&c->t[o], e->base) && !c->t[o].baseline && !c->t[o].confirming;
	for (size_t i = 0; i < c->n_rates; i++)
		if (strcmp(c->rates[i].endpoint, endpoint) == 0)
			sum += stat_binomial_tail(e->hits, e->runs, c->rates[i].rate) *
			       stat_binomial_head(e->pool_hits + e->far_hits, e->pool + e->far, c->rates[i].rate);
	return sum * levels;
}

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
	_cleanup_(ctx_free) struct ctx c = {.s = s, .t = trials, .n = n, .profile = profile, .arena = arena};
	_cleanup_(entries_free) struct entries list = {0};
	int r = ctx_init(&c);
	if (r == 0)
		r = collect(&c, &list);
	if (r)
		return r;
	struct analysis_candidate *found = arena_array(arena, list.n + 1, sizeof(*found));
	_cleanup_free_ struct ranked *order = calloc(list.n + 1, sizeof(*order));
	if (!found || !order)
		return -ENOMEM;
	size_t k = 0;
	for (size_t i = 0; i < list.n; i++) {
		const struct entry *e = &list.e[i];
		if (e->why.class < CLASS_UNDECLARED)
			continue;
		double by_chance = expected_by_chance(&c, e);
		if (k == 0 || found[k - 1].factor != e->factor || found[k - 1].level != e->level || found[k - 1].base != e->base) {
			found[k] = (struct analysis_candidate){.factor = e->factor, .level = e->level, .base = e->base};
			found[k++].by_chance = by_chance;
		}
		struct analysis_candidate *f = &found[k - 1];
		f->features++;
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
	for (int b = 0; b < BASE_COUNT; b++) {
		size_t trials = most[b] == 0 ? 0 : first_round ? (most[b] < 3 ? 3 : most[b]) : (max - used) / bases;
		bases -= most[b] > 0;
		for (size_t k = 0; k < trials && used < max; k++) {
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

/* -- findings -- */

#define LIST_MAX 16

struct list {
	const char *s[LIST_MAX + 1];
	size_t n;
};

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

/* A finding that still grows. */
struct group {
	unsigned factor;
	enum leak_class class;
	const char *kind;
	const char *endpoint, *address, *first; /* first: endpoint and address in one */
	struct list levels, evidence, also;
	bool bases[BASE_COUNT];
	unsigned occurrences;
	struct slice before, after;
	struct hunk at;
	bool marks; /* at says which part; else before and after are compared */
	const char *explanation, *declared;
	double p;
};

struct groups {
	struct group *g;
	size_t n, room;
};

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

static const char *clean_str(struct arena *arena, const char *s)
{
	_cleanup_buf_ struct buf b = BUF(1 << 20);
	codepoint_clean(&b, slice_sub(slice_str(text_of(s)), 0, 400));
	return arena_str(arena, buf_slice(&b));
}

static int group_place(const struct ctx *c, struct group *g, const struct feature *f)
{
	const char *place = arena_fmt(c->arena, "%s %s", text_of(f->endpoint), text_of(f->address));
	if (!place)
		return -ENOMEM;
	if (!g->first) {
		g->first = place;
		g->endpoint = text_of(f->endpoint);
		g->address = text_of(f->address);
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
		if (!in_base(u, t->treatment.base) || level_of(u, e->factor) == level_of(t, e->factor) ||
		        has_echo(c, e->feature, (unsigned)o, e->factor, e->digest))
			continue;
		struct slice w = feature_value(c->s, e->feature, (unsigned)o);
		/* A digest that stays the same when the value changes is none of it. */
		if (e->digest ? w.p && slice_eq(v, w) : says_same(t, e->factor, v, w))
			return true;
	}
	return false;
}

/* A literal that is an everyday word says something only if another one stands there under another level. */
static bool follows(const struct ctx *c, const struct feature_echo *e)
{
	const struct analysis_trial *t = &c->t[e->observation];
	for (size_t o = 0; o < c->n; o++)
		if (in_base(&c->t[o], t->treatment.base) && level_of(&c->t[o], e->factor) != level_of(t, e->factor) &&
		        has_echo(c, e->feature, (unsigned)o, e->factor, e->digest))
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
		if (f->derived || (e->weak && !follows(c, e)) || echo_is_chance(c, e))
			continue;
		const struct factor_level *level = factor_level_at(e->factor, level_of(t, e->factor));
		const char *declared = explain_declared(c->profile, e->factor, f);
		enum leak_class class = e->digest ? CLASS_HASHED : declared ? CLASS_DISCLOSED : CLASS_UNDECLARED;
		const char *kind = arena_fmt(c->arena, "echo %s", text_of(f->endpoint));
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
		        factor_table[e->factor].title, text_of(e->transform));
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
	return (e->fresh ? e->fresh >= 2 && e->fresh == e->fresh_hits : e->runs >= 3) && e->q <= Q_MAX && e->by_chance <= CHANCE_MAX;
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
			e->by_chance = expected_by_chance(c, e);
			t[n++] = (struct tested){text_of(feature_at(c->s, e->feature)->endpoint), e->p, i};
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
		if (!holds(e) || e->why.class == CLASS_NONE)
			continue;
		bool new;
		/* A value or digest that comes or goes is told with its echoes. */
		bool echo = strcmp(e->why.rule, "literal") == 0 || strcmp(e->why.rule, "digest") == 0;
		const char *kind = echo ? arena_fmt(c->arena, "echo %s", text_of(f->endpoint)) : e->why.kind;
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
			        (same_level(&c->t[o], &c->t[e->trial]) || (c->t[o].combined && c->t[o].treatment.base == e->base &&
			                                                          level_of(&c->t[o], e->factor) == e->level)))
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
		g->explanation = arena_fmt(c->arena, "%s It differs in %u of %u runs under this level and in %u of %u runs without it%s.",
		        e->why.text, e->hits, e->runs, e->pool_hits, e->pool,
		        e->fresh ? ", fresh runs to confirm included" : "; it was not repeated to confirm");
		if (!g->explanation)
			return -ENOMEM;
	}
	return r;
}

/* -- filling the model -- */

#define CONTEXT  60 /* bytes on each side of a difference */
#define SPAN_MAX 80

static size_t boundary(struct slice s, size_t at)
{
	while (at > 0 && at < s.n && (s.p[at] & 0xc0) == 0x80)
		at--;
	return at < s.n ? at : s.n;
}

/* The text around a span, readable; *at and *n tell where the span is in it. */
static const char *excerpt(struct arena *arena, struct slice s, size_t at, size_t n, size_t *out_at, size_t *out_n)
{
	_cleanup_buf_ struct buf b = BUF(4096);
	size_t from = boundary(s, at > CONTEXT ? at - CONTEXT : 0), end = boundary(s, at + (n < SPAN_MAX ? n : SPAN_MAX));
	size_t to = boundary(s, end + CONTEXT);
	codepoint_clean(&b, slice_sub(s, from, at - from));
	*out_at = b.n;
	codepoint_clean(&b, slice_sub(s, at, end - at));
	if (end < at + n)
		buf_str_add(&b, "...");
	*out_n = b.n - *out_at;
	if (end == at + n)
		codepoint_clean(&b, slice_sub(s, end, to - end));
	return buf_error(&b) ? NULL : arena_str(arena, buf_slice(&b));
}

static int put_codepoints(struct arena *arena, struct slice a, struct slice b, struct vet_finding *f)
{
	struct vet_codepoint *list = arena_array(arena, 32, sizeof(*list));
	if (!list)
		return -ENOMEM;
	size_t n = 0;
	for (int side = 0; side < 2; side++) {
		struct slice s = side ? b : a;
		for (size_t at = 0, i = 0; at < s.n && i < 16; i++) {
			uint32_t cp;
			char name[96];
			at += codepoint_next(slice_from(s, at), &cp);
			codepoint_name(cp, name, sizeof(name));
			list[n] = (struct vet_codepoint){
			        .value = cp & ~CODEPOINT_BYTE, .name = arena_str(arena, slice_str(name)), .in_after = side};
			if (!list[n++].name)
				return -ENOMEM;
		}
	}
	f->codepoints = list;
	f->n_codepoints = n;
	return 0;
}

static const char *const *list_out(struct arena *arena, const struct list *l)
{
	const char **s = arena_array(arena, l->n + 1, sizeof(*s));
	for (size_t i = 0; s && i < l->n; i++)
		if (!(s[i] = clean_str(arena, l->s[i])))
			return NULL;
	return s;
}

static int put_finding(struct arena *arena, const struct group *g, struct vet_finding *out)
{
	struct vet_finding f = {.class = g->class, .factor = factor_table[g->factor].name, .occurrences = g->occurrences, .p_value = g->p};
	f.base = g->bases[0] && g->bases[1] ? "official,gateway" : vet_base_name(g->bases[BASE_GATEWAY] ? BASE_GATEWAY : BASE_OFFICIAL);
	f.levels = list_out(arena, &g->levels);
	f.evidence = list_out(arena, &g->evidence);
	f.also_at = g->also.n ? list_out(arena, &g->also) : NULL;
	f.endpoint = clean_str(arena, g->endpoint);
	f.address = clean_str(arena, g->address);
	f.explanation = g->explanation;
	f.declared = g->declared ? clean_str(arena, g->declared) : NULL;
	/* Within the part that decided, the smallest span of code points. */
	struct hunk h = g->marks ? g->at : (struct hunk){0, g->before.n, 0, g->after.n};
	struct slice a = slice_sub(g->before, h.a_at, h.a_n), b = slice_sub(g->after, h.b_at, h.b_n);
	if (!slice_eq(a, b)) {
		struct codepoint_span d = codepoint_diff(a, b);
		h = (struct hunk){h.a_at + d.a_at, d.a_n, h.b_at + d.b_at, d.b_n};
		a = slice_sub(a, d.a_at, d.a_n);
		b = slice_sub(b, d.b_at, d.b_n);
		if (put_codepoints(arena, a, b, &f))
			return -ENOMEM;
	}
	f.before = excerpt(arena, g->before, h.a_at, h.a_n, &f.before_at, &f.before_n);
	f.after = excerpt(arena, g->after, h.b_at, h.b_n, &f.after_at, &f.after_n);
	if (!f.levels || !f.evidence || !f.endpoint || !f.address || !f.before || !f.after || (g->also.n && !f.also_at) ||
	        (g->declared && !f.declared))
		return -ENOMEM;
	*out = f;
	return 0;
}

static int group_order(const void *x, const void *y)
{
	const struct group *a = x, *b = y;
	if (a->class != b->class)
		return a->class > b->class ? -1 : 1;
	if (a->factor != b->factor)
		return a->factor < b->factor ? -1 : 1;
	int r = strcmp(a->endpoint, b->endpoint);
	return r ? r : strcmp(a->first, b->first);
}

#define ENDPOINTS_MAX 96

/* Endpoints, and the worst class by which each factor reaches each. */
static int put_picture(const struct ctx *c, const struct groups *all, struct vet_result *out)
{
	const char **names = arena_array(&out->arena, ENDPOINTS_MAX + 1, sizeof(*names));
	struct vet_cell *cells = arena_array(&out->arena, ENDPOINTS_MAX * factor_count, sizeof(*cells));
	if (!names || !cells)
		return -ENOMEM;
	size_t n = 0, m = 0;
	for (uint32_t i = 0; i < feature_count(c->s); i++) {
		const char *e = text_of(feature_at(c->s, i)->endpoint);
		size_t k = 0;
		while (k < n && strcmp(names[k], e) != 0)
			k++;
		if (k == n && n < ENDPOINTS_MAX)
			names[n++] = e;
	}
	for (size_t i = 0; i < all->n; i++) {
		const struct group *g = &all->g[i];
		for (size_t k = 0; k < n; k++) {
			size_t len = strlen(names[k]);
			bool here = strcmp(g->endpoint, names[k]) == 0;
			for (size_t a = 0; a < g->also.n && !here; a++)
				here = strncmp(g->also.s[a], names[k], len) == 0 && g->also.s[a][len] == ' ';
			if (!here)
				continue;
			size_t at = 0;
			while (at < m && !(cells[at].factor == g->factor && cells[at].endpoint == k))
				at++;
			if (at == m)
				cells[m++] = (struct vet_cell){g->factor, (unsigned)k, g->class};
			else if (g->class > cells[at].class)
				cells[at].class = g->class;
		}
	}
	for (size_t k = 0; k < n; k++)
		if (!(names[k] = clean_str(&out->arena, names[k])))
			return -ENOMEM;
	out->endpoints = names;
	out->n_endpoints = n;
	out->cells = cells;
	out->n_cells = m;
	return 0;
}

static int put_factors(const struct ctx *c, struct vet_result *out)
{
	struct vet_factor_row *rows = arena_array(&out->arena, factor_count, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	for (unsigned f = 0; f < factor_count; f++) {
		rows[f] = (struct vet_factor_row){.name = factor_table[f].name, .title = factor_table[f].title};
		for (size_t o = 0; o < c->n; o++) {
			const struct analysis_trial *t = &c->t[o];
			if (!t->usable || t->baseline || t->factor != f)
				continue;
			rows[f].trials++;
			bool seen = false;
			for (size_t k = 0; k < o && !seen; k++)
				seen = c->t[k].usable && same_level(t, &c->t[k]);
			rows[f].levels_tried += !seen;
		}
	}
	out->factors = rows;
	out->n_factors = factor_count;
	return 0;
}

int analysis_decide(const struct feature_set *s, const struct analysis_trial *trials, size_t n, const struct profile *profile,
        struct vet_result *result)
{
	_cleanup_(ctx_free) struct ctx c = {.s = s, .t = trials, .n = n, .profile = profile, .arena = &result->arena};
	_cleanup_(entries_free) struct entries list = {0};
	_cleanup_(groups_free) struct groups all = {0};
	int r = ctx_init(&c);
	r = r ? r : collect(&c, &list);
	r = r ? r : echo_findings(&c, &all);
	r = r ? r : dependence_findings(&c, &list, &all);
	if (r)
		return r;
	if (all.n)
		qsort(all.g, all.n, sizeof(*all.g), group_order);
	struct vet_finding *f = arena_array(&result->arena, all.n + 1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	for (size_t i = 0; i < all.n; i++)
		if ((r = put_finding(&result->arena, &all.g[i], &f[i])))
			return r;
	r = put_picture(&c, &all, result);
	r = r ? r : put_factors(&c, result);
	if (r)
		return r;
	result->findings = f;
	result->n_findings = all.n;
	return 0;
}
