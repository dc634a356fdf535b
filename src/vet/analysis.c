/* What one feature shows in the trials: how its values are compared, how often it flips by itself, what trials with several factors
 * varied say of it. */
#include "vet/analysis_part.h"

#include <errno.h>

#include "vet/stat.h"

/* -- context -- */

void an_ctx_free(struct ctx *c)
{
	for (size_t i = 0; c->shapes && i < c->n; i++)
		buf_free(&c->shapes[i]);
	free(c->shapes);
	free(c->off);
	free(c->caused);
	free(c->twin);
	an_drawn_free(c);
	free(c->place);
	free(c->first_echo);
	free(c->by_feature);
	free(c->rates);
	free(c->failed);
	free(c->dates);
	free(c->own);
}

/* The last name of an address, without which of several it is. */
static struct slice last_key(const char *address)
{
	const char *dot = strrchr(address, '.');
	struct slice s = slice_str(dot ? dot : address);
	return slice_ends(s, SLICE("]")) ? slice_sub(s, 0, slice_chr(s, '[', 0)) : s;
}

size_t an_first_baseline(const struct ctx *c, enum vet_base base)
{
	size_t o = 0;
	while (o < c->n && !(an_in_base(&c->all[o], base) && c->all[o].baseline))
		o++;
	return o;
}

int an_twins(const struct ctx *c, size_t **out)
{
	size_t *twin = *out = calloc(c->n + 1, sizeof(*twin));
	if (!twin)
		return -ENOMEM;
	for (size_t o = 0; o < c->n; o++) {
		const struct analysis_trial *t = &c->all[o];
		twin[o] = c->n;
		for (size_t k = 0; k < c->n && t->stream && !t->baseline && twin[o] == c->n; k++)
			if (c->all[k].baseline && !c->all[k].probe && c->all[k].stream == t->stream &&
			        an_in_base(&c->all[k], t->treatment.base))
				twin[o] = k;
	}
	return 0;
}

int an_ctx_init(struct ctx *c)
{
	size_t features = feature_count(c->s);
	c->all = c->t;
	c->own = malloc((c->n + 1) * sizeof(*c->own));
	if (!c->own)
		return -ENOMEM;
	memcpy(c->own, c->t, c->n * sizeof(*c->own));
	for (size_t i = 0; i < c->n; i++)
		c->own[i].usable &= !c->own[i].spread && c->own[i].row == ROW_NONE;
	c->t = c->own;
	c->echoes = feature_echoes(c->s, &c->n_echoes);
	c->shapes = calloc(c->n + 1, sizeof(*c->shapes));
	c->off = calloc(c->n + 1, sizeof(*c->off));
	c->caused = calloc(c->n + 1, sizeof(*c->caused));
	c->place = calloc(features + 1, sizeof(*c->place));
	c->first_echo = calloc(features + 2, sizeof(*c->first_echo));
	c->by_feature = calloc(c->n_echoes + 1, sizeof(*c->by_feature));
	c->rates = calloc(features * BASE_COUNT * 4 + 1, sizeof(*c->rates));
	c->failed = calloc(features * BASE_COUNT * 4 + 1, sizeof(*c->failed));
	if (an_twins(c, &c->twin) < 0 || !c->failed || !c->shapes || !c->off || !c->caused || !c->place || !c->first_echo ||
	        !c->by_feature || !c->rates)
		return -ENOMEM;
	for (uint32_t i = 0; i < features; i++) {
		const struct feature *f = feature_at(c->s, i);
		c->place[i] = slice_hash(slice_str(an_text_of(f->endpoint))) * 31 ^ slice_hash(last_key(an_text_of(f->address)));
	}
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

bool an_has_echo(const struct ctx *c, uint32_t feature, unsigned observation, unsigned factor, bool digest)
{
	for (uint32_t k = c->first_echo[feature]; k < c->first_echo[feature + 1]; k++) {
		const struct feature_echo *e = &c->echoes[c->by_feature[k]];
		if (e->observation == observation && e->factor == factor && e->digest == digest)
			return true;
	}
	return false;
}

/* -- values of one feature in one base -- */

bool an_says_same(const struct analysis_trial *t, unsigned factor, struct slice value, struct slice other)
{
	const char *forms[FACTOR_FORMS_MAX];
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

enum mode an_mode_of(struct ctx *c, uint32_t feature, enum vet_base base, size_t *ref, size_t *n)
{
	bool raw = true, shape = true, present = true;
	*n = 0;
	*ref = 0;
	for (size_t o = 0; o < c->n; o++) {
		if (!c->t[o].baseline || !an_in_base(&c->t[o], base))
			continue;
		struct slice v = feature_value(c->s, feature, (unsigned)o);
		if ((*n)++ == 0) {
			*ref = o;
			continue;
		}
		struct slice w = feature_value(c->s, feature, (unsigned)*ref);
		if (!an_presence_eq(v, w))
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
		if (c->t[o].baseline && an_in_base(&c->t[o], base) && !slice_eq(buf_slice(&c->shapes[o]), buf_slice(&c->shapes[*ref])))
			shape = false;
	}
	return shape ? MODE_SHAPE : MODE_PRESENCE;
}

void an_mark_off(struct ctx *c, uint32_t feature, enum vet_base base, enum mode mode, size_t ref)
{
	struct slice v0 = feature_value(c->s, feature, (unsigned)ref);
	for (size_t o = 0; o < c->n; o++) {
		if (!an_in_base(&c->t[o], base) || c->t[o].baseline || c->t[o].combined)
			continue;
		struct slice v = feature_value(c->s, feature, (unsigned)o);
		bool same = an_presence_eq(v, v0);
		if (same && mode == MODE_RAW)
			same = slice_eq(v, v0) || an_says_same(&c->t[o], c->t[o].factor, v, v0) ||
			       an_says_same(&c->t[ref], c->t[o].factor, v0, v);
		else if (same && mode == MODE_SHAPE)
			same = slice_eq(buf_slice(&c->shapes[o]), buf_slice(&c->shapes[ref]));
		c->off[o] = !same;
	}
}

/* -- noise -- */

void an_add_rate(struct ctx *c, uint32_t feature, double rate)
{
	/* At the most a few a feature and base; should there be more, they are like those that are there. */
	if (c->n_rates < feature_count(c->s) * BASE_COUNT * 4)
		c->rates[c->n_rates++] = (struct rate){an_text_of(feature_at(c->s, feature)->endpoint), rate};
}

bool an_is_copy(const struct ctx *c, uint32_t feature, enum mode mode, size_t o)
{
	if (mode != MODE_SHAPE)
		return false;
	/* A frame was cut to the baselines: they fit in any case. */
	if (c->framed && c->t[o].baseline && !c->t[o].confirming)
		return true;
	/* A token that is the same in all baselines follows from nothing that is drawn: whoever draws the same is a witness of it. */
	if (c->kept || c->twin[o] == c->n)
		return false;
	struct slice a = feature_value(c->s, feature, (unsigned)o), b = feature_value(c->s, feature, (unsigned)c->twin[o]);
	return a.p && b.p && slice_eq(a, b);
}

void an_note_rate(struct ctx *c, uint32_t feature, enum vet_base base, enum mode mode)
{
	unsigned hits = 0, runs = 0;
	bool several = false;
	size_t first = c->n;
	for (size_t o = 0; o < c->n; o++) {
		if (!an_in_base(&c->t[o], base) || c->caused[o] || c->t[o].combined || an_is_copy(c, feature, mode, o))
			continue;
		runs++;
		if (!c->off[o])
			continue;
		hits++;
		if (first == c->n)
			first = o;
		several = several || !an_same_level(&c->t[o], &c->t[first]);
	}
	if (hits && several)
		an_add_rate(c, feature, (double)hits / runs);
}

double an_expected_by_chance(const struct ctx *c, const struct entry *e)
{
	const char *endpoint = an_text_of(feature_at(c->s, e->feature)->endpoint);
	unsigned levels = 0;
	double sum = 0;
	for (size_t o = 0; o < c->n; o++)
		levels += an_in_base(&c->t[o], e->base) && !c->t[o].baseline && !c->t[o].confirming;
	for (size_t i = 0; i < c->n_rates; i++)
		if (strcmp(c->rates[i].endpoint, endpoint) == 0)
			sum += stat_binomial_tail(e->hits, e->runs, c->rates[i].rate) *
			       stat_binomial_head(e->pool_hits + e->far_hits, e->pool + e->far, c->rates[i].rate);
	return sum * levels;
}

double an_chance_of(const struct ctx *c, const struct entry *e)
{
	double own = an_expected_by_chance(c, e);
	if (e->kin_fresh <= e->fresh)
		return own;
	/* One of the trials that brought it up, and the fresh ones: which levels are looked at together follows from the others. */
	struct entry all = *e;
	all.hits = e->kin_fresh_hits + 1;
	all.runs = e->kin_fresh + 1;
	double kin = an_expected_by_chance(c, &all);
	return 2 * (kin < own ? kin : own);
}

/* -- trials with several factors varied -- */

enum state an_place_of(struct slice a, struct slice b, struct slice v)
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

enum state an_state_of(struct ctx *c, const struct entry *e, size_t k)
{
	const struct analysis_trial *t = &c->t[k];
	struct slice v = feature_value(c->s, e->feature, (unsigned)k), a = feature_value(c->s, e->feature, (unsigned)e->ref),
	             b = feature_value(c->s, e->feature, (unsigned)e->trial);
	if (e->mode == MODE_PRESENCE || !v.p || !a.p || !b.p) {
		if (e->mode != MODE_PRESENCE && v.p && b.p && !a.p)
			return STATE_AFTER; /* it is there, which is what the difference was */
		return an_presence_eq(v, a) ? STATE_BEFORE : an_presence_eq(v, b) ? STATE_AFTER : STATE_OTHER;
	}
	if (e->mode == MODE_RAW) {
		if (slice_eq(v, a))
			return STATE_BEFORE;
		if (slice_eq(v, b))
			return STATE_AFTER;
		for (unsigned f = 0; f < factor_count; f++)
			if (an_level_of(t, f) && an_says_same(t, f, v, a))
				return STATE_BEFORE;
	}
	/* Two factors may change the same text in different places: then it is the place that tells. */
	enum state by_place = e->mode == MODE_RAW ? an_place_of(a, b, v) : STATE_OTHER;
	if (by_place != STATE_OTHER)
		return by_place;
	if (c->framed) {
		bool as_a = slice_eq(buf_slice(&c->shapes[k]), buf_slice(&c->shapes[e->ref])),
		     as_b = slice_eq(buf_slice(&c->shapes[k]), buf_slice(&c->shapes[e->trial]));
		return as_a == as_b ? STATE_OTHER : as_a ? STATE_BEFORE : STATE_AFTER;
	}
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
		if (!an_in_base(t, e->base) || t->baseline || t->combined || !c->off[o])
			continue;
		if (t->factor == e->factor && t->level == e->level)
			continue;
		struct slice v = feature_value(c->s, e->feature, (unsigned)o);
		if (an_level_of(&c->t[k], t->factor) == t->level && an_presence_eq(v, b) && slice_eq(v, b))
			return true;
	}
	return false;
}

/* Does the other base show without any factor what e shows after the change? A message to the gateway is always absent where the official
 * hosts are used: that says nothing of whether it flips. */
static bool always_after(struct ctx *c, const struct entry *e, enum vet_base base)
{
	for (size_t k = 0; k < c->n; k++)
		if (c->t[k].baseline && an_in_base(&c->t[k], base))
			return an_state_of(c, e, k) == STATE_AFTER;
	return true;
}

void an_count_combined(struct ctx *c, struct entry *e)
{
	unsigned runs = 0, hits = 0;
	bool far_says = !always_after(c, e, e->base == BASE_GATEWAY ? BASE_OFFICIAL : BASE_GATEWAY);
	for (size_t k = 0; k < c->n; k++) {
		const struct analysis_trial *u = &c->t[k];
		if (!u->combined || !u->usable)
			continue;
		if (u->treatment.base != e->base) {
			/* Not the same experiment, but if it flips there without its factor, it flips. */
			if (far_says && an_level_of(u, e->factor) == 0) {
				e->far++;
				e->far_hits += an_state_of(c, e, k) == STATE_AFTER;
			}
			continue;
		}
		bool on = an_level_of(u, e->factor) == e->level;
		enum state s = an_state_of(c, e, k);
		if (s == STATE_OTHER)
			continue;
		if (on) {
			/* If another factor that is set too is known to do the same, this trial says nothing. */
			if (s == STATE_AFTER && other_cause(c, e, k))
				continue;
			runs++;
			hits += s == STATE_AFTER;
		} else if (s == STATE_BEFORE || (an_level_of(u, e->factor) == 0 && !other_cause(c, e, k))) {
			e->pool++;
			e->pool_hits += s == STATE_AFTER;
		}
	}
	e->runs += runs;
	e->hits += hits;
	e->fresh += runs;
	e->fresh_hits += hits;
}
