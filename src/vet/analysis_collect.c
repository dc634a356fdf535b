/* Which features differ under which level: entries, what of them is one and the same change, and what explains each. */
#include "vet/analysis_part.h"

#include <errno.h>

#include "vet/codepoint.h"
#include "vet/explain_host.h"
#include "vet/explain_text.h"

void an_entries_free(struct entries *list)
{
	free(list->e);
}

struct entry *an_entry_new(struct entries *list)
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

/* Did every one of two or more runs of this trial's level differ, or of three or more of its factor? Then it is another factor's
 * dependence, not noise. */
static bool settled(const struct ctx *c, size_t o)
{
	unsigned hits = 0, runs = 0, factor_hits = 0, factor_runs = 0;
	for (size_t k = 0; k < c->n; k++) {
		const struct analysis_trial *t = &c->t[k];
		if (!an_in_base(t, c->t[o].treatment.base) || t->baseline || t->combined || t->factor != c->t[o].factor)
			continue;
		bool same = t->level == c->t[o].level;
		factor_runs++;
		factor_hits += c->off[k];
		runs += same;
		hits += same && c->off[k];
	}
	return (runs >= 2 && hits == runs) || (factor_runs >= 3 && factor_hits == factor_runs);
}

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
	an_count_combined(c, &e);
	return e.fresh >= 2 && e.fresh_hits == e.fresh && e.pool_hits == 0;
}

/* Do parts come and go at this endpoint by themselves, between baselines? */
static bool moves(const struct ctx *c, const struct entry *e)
{
	const char *endpoint = an_text_of(feature_at(c->s, e->feature)->endpoint);
	for (uint32_t i = 0; i < feature_count(c->s); i++) {
		if (feature_at(c->s, i)->measure || strcmp(an_text_of(feature_at(c->s, i)->endpoint), endpoint) != 0)
			continue;
		bool there = false, missing = false;
		for (size_t o = 0; o < c->n; o++)
			if (c->t[o].baseline && c->t[o].usable) {
				bool p = feature_value(c->s, i, (unsigned)o).p != NULL;
				there |= p && c->t[o].treatment.base == e->base;
				missing |= !p && c->t[o].treatment.base == e->base;
			}
		if (there && missing)
			return true;
	}
	return false;
}

/* Has the endpoint other parts that take now one, now another of a few values by themselves? */
static bool flips(const struct ctx *c, uint32_t feature)
{
	const char *endpoint = an_text_of(feature_at(c->s, feature)->endpoint);
	for (uint32_t i = 0; i < feature_count(c->s); i++) {
		if (feature_at(c->s, i)->measure || strcmp(an_text_of(feature_at(c->s, i)->endpoint), endpoint) != 0)
			continue;
		size_t n = 0, distinct = 0;
		for (size_t o = 0; o < c->n; o++) {
			struct slice v = feature_value(c->s, i, (unsigned)o);
			if (!c->t[o].baseline || !c->t[o].usable || !v.p)
				continue;
			n++;
			bool new = true;
			for (size_t k = 0; k < o && new; k++)
				new = !c->t[k].baseline || !c->t[k].usable || !slice_eq(v, feature_value(c->s, i, (unsigned)k));
			distinct += new;
		}
		if (distinct > 1 && 2 * distinct <= n)
			return true;
	}
	return false;
}

/* One change, seen under levels of three or more factors in one base or the other, never without: then it is no noise of theirs, but
 * something that any of them brings about. */
static bool is_joint(struct ctx *c, uint32_t feature, size_t ref)
{
	bool seen[64] = {false};
	size_t n = 0, first = c->n;
	for (size_t o = 0; o < c->n; o++) {
		if (!c->off[o] || !c->t[o].usable)
			continue;
		if (first == c->n)
			first = o;
		struct entry e = {.feature = feature, .mode = MODE_RAW, .ref = ref, .trial = first};
		if (an_state_of(c, &e, o) != STATE_AFTER)
			return false;
		n += !seen[c->t[o].factor];
		seen[c->t[o].factor] = true;
	}
	if (n < 3)
		return false;
	/* Where things come and go by themselves, such a thing is still noise. */
	struct entry e = {.feature = feature, .base = c->t[first].treatment.base};
	return !moves(c, &e) && !flips(c, feature);
}

/* Do two levels of one factor show the very same change? */
static bool same_change(struct ctx *c, const struct entry *a, const struct entry *b)
{
	return a->factor == b->factor && an_state_of(c, a, b->trial) == STATE_AFTER && an_state_of(c, b, a->trial) == STATE_AFTER;
}

/* Counts what all levels show that bring about what e does. Those that did so once and then not are among them: left out, only what comes
 * again by chance would be counted. */
static void count_kin(struct ctx *c, struct entry *e, const struct entries *found)
{
	e->kin = e->trial;
	for (size_t i = 0; i < found->n; i++) {
		const struct entry *x = &found->e[i];
		if (x->trial != e->trial && !same_change(c, e, x))
			continue;
		e->kin = x->trial < e->kin ? x->trial : e->kin;
		e->kin_fresh_hits += x->fresh_hits;
		e->kin_fresh += x->fresh;
	}
}

/* Counts the runs of e's level and of the others. */
static void count_runs(struct ctx *c, struct entry *e)
{
	for (size_t k = 0; k < c->n; k++) {
		const struct analysis_trial *u = &c->t[k];
		if (!u->usable || u->combined || an_is_copy(c, e->feature, e->mode, k))
			continue;
		if (u->treatment.base != e->base) {
			/* Not the same experiment, but if it flips there, it flips. */
			if (u->baseline || (u->factor != e->factor && !c->caused[k] && !(e->joint && c->off[k]))) {
				e->far++;
				e->far_hits += c->off[k];
			}
		} else if (an_same_level(&c->t[e->trial], u)) {
			e->runs++;
			e->hits += c->off[k];
			e->fresh += u->confirming;
			e->fresh_hits += u->confirming && c->off[k];
		} else if (u->baseline || (u->factor != e->factor && !c->caused[k] && !(e->joint && c->off[k]))) {
			e->pool++;
			e->pool_hits += c->off[k];
		}
	}
}

/* All levels under which one feature differs in one base, those that will be no entry among them: then `dropped` is set. */
static int find_levels(struct ctx *c, uint32_t feature, enum vet_base base, enum mode mode, size_t ref, struct entries *found)
{
	an_note_rate(c, feature, base, mode);
	bool joint = mode == MODE_RAW && is_joint(c, feature, ref);
	for (size_t o = 0; o < c->n; o++) {
		const struct analysis_trial *t = &c->t[o];
		if (!c->off[o] || t->treatment.base != base || t->combined)
			continue;
		bool seen = false;
		for (size_t k = 0; k < o && !seen; k++)
			seen = c->t[k].usable && an_same_level(t, &c->t[k]);
		if (seen)
			continue; /* the level was dealt with at its first run; if that one did not differ, it is no candidate */
		struct entry e = {.feature = feature,
		        .factor = t->factor,
		        .level = t->level,
		        .base = base,
		        .mode = mode,
		        .ref = ref,
		        .trial = o,
		        .kept = c->kept,
		        .joint = joint};
		count_runs(c, &e);
		unsigned alone = e.runs;
		if (!joint || e.fresh == 0)
			an_count_combined(c, &e);
		if (e.fresh_hits < e.fresh && c->n_failed < feature_count(c->s) * BASE_COUNT * 4)
			c->failed[c->n_failed++] = an_text_of(feature_at(c->s, feature)->endpoint);
		/* What is done in most sessions only is no less of a channel. */
		bool sometimes = e.hits < e.runs && e.hits >= 2 && 2 * e.hits >= e.runs && e.pool_hits == 0 && e.far_hits == 0;
		if (e.hits < e.runs && e.pool_hits == 0 && !sometimes)
			an_add_rate(c, feature, (double)e.hits / (e.runs + e.pool));
		/* A feature that also differs under a tenth of the other treatments flips by itself. */
		e.dropped = (e.hits < e.runs && !sometimes) || alone == 0 || e.pool_hits > e.pool / 10 || e.far_hits > e.far / 10;
		struct entry *new = an_entry_new(found);
		if (!new)
			return -ENOMEM;
		*new = e;
	}
	return 0;
}

/* Entries of one feature in one base; c->off is set for both. */
static int collect_base(struct ctx *c, uint32_t feature, enum vet_base base, enum mode mode, size_t ref, struct entries *list)
{
	_cleanup_(an_entries_free) struct entries found = {0};
	int r = find_levels(c, feature, base, mode, ref, &found);
	for (size_t i = 0; i < found.n && r == 0; i++) {
		if (found.e[i].dropped)
			continue;
		struct entry *new = an_entry_new(list);
		if (!new)
			return -ENOMEM;
		*new = found.e[i];
		count_kin(c, new, &found);
		struct slice a = feature_value(c->s, feature, (unsigned)ref), b = feature_value(c->s, feature, (unsigned)new->trial);
		if (mode == MODE_SHAPE && a.p && b.p) {
			a = arena_copy(c->arena, buf_slice(&c->shapes[ref]));
			b = arena_copy(c->arena, buf_slice(&c->shapes[new->trial]));
			if (!a.p || !b.p)
				return -ENOMEM;
		}
		new->before = a;
		new->after = b;
	}
	return r;
}

/* What changes by itself in one base is not trusted in the other: both are compared in the coarser representation. */
static enum mode mode_in_both(struct ctx *c, uint32_t feature, struct view *v)
{
	enum mode mode = MODE_RAW;
	for (int b = 0; b < BASE_COUNT; b++) {
		enum mode m = an_mode_of(c, feature, (enum vet_base)b, &v->ref[b], &v->n[b]);
		if (v->n[b] >= 2 && m > mode)
			mode = m;
	}
	return mode;
}

int an_view(struct ctx *c, uint32_t feature, struct view *v)
{
	*v = (struct view){.all = c->t};
	for (size_t o = 0; o < c->n; o++) {
		buf_reset(&c->shapes[o]);
		c->off[o] = false;
	}
	c->framed = c->kept = false;
	v->mode = mode_in_both(c, feature, v);
	/* Sent now and then: among the trials in which it was, it can be compared. */
	if (v->mode == MODE_NONE) {
		v->present = malloc((c->n + 1) * sizeof(*v->present));
		if (!v->present)
			return -ENOMEM;
		memcpy(v->present, c->t, c->n * sizeof(*v->present));
		for (size_t o = 0; o < c->n; o++)
			v->present[o].usable &= feature_value(c->s, feature, (unsigned)o).p != NULL;
		c->t = v->present;
		v->mode = mode_in_both(c, feature, v);
		if (v->n[0] + v->n[1] < 4)
			v->mode = MODE_NONE;
	}
	if (v->mode == MODE_PRESENCE && (an_lengths_all(c, feature) || an_frame_all(c, feature)))
		v->mode = MODE_SHAPE;
	else if (v->mode == MODE_SHAPE)
		(void)an_kept_all(c, feature);
	if (v->present && v->mode == MODE_PRESENCE)
		v->mode = MODE_NONE;
	return 0;
}

void an_view_end(struct ctx *c, struct view *v)
{
	c->t = v->all;
	free(v->present);
	v->present = NULL;
}

/* More than so many deviations of one feature that nothing is known of are noise, whatever explains some of them. */
#define EXPLAINED_MAX 8

/* A deviation that follows from its factor (the next day in another zone) is no noise, and no sign against another factor's. */
static int mark_explained(struct ctx *c, uint32_t feature, const struct view *v)
{
	size_t open = 0;
	for (size_t o = 0; o < c->n; o++)
		open += c->off[o] && !c->caused[o] && !c->t[o].combined;
	for (size_t o = 0; o < c->n && open <= EXPLAINED_MAX; o++) {
		const struct analysis_trial *t = &c->t[o];
		if (!c->off[o] || c->caused[o] || t->combined || t->baseline)
			continue;
		struct entry e = {.feature = feature,
		        .factor = t->factor,
		        .level = t->level,
		        .base = t->treatment.base,
		        .mode = v->mode,
		        .ref = v->ref[t->treatment.base],
		        .trial = o};
		e.kept = c->kept;
		e.before = c->kept ? buf_slice(&c->shapes[e.ref]) : feature_value(c->s, feature, (unsigned)e.ref);
		e.after = c->kept ? buf_slice(&c->shapes[o]) : feature_value(c->s, feature, (unsigned)o);
		if (!e.before.p || !e.after.p)
			continue;
		int r = an_explain(c, &e);
		if (r)
			return r;
		c->caused[o] = e.why.class >= CLASS_DISCLOSED && e.why.class <= CLASS_HASHED && !an_is_short(&e);
	}
	return 0;
}

static int collect_feature(struct ctx *c, uint32_t feature, struct entries *list)
{
	struct view v;
	int r = an_view(c, feature, &v);
	if (r == 0 && v.mode != MODE_NONE) {
		for (int b = 0; b < BASE_COUNT; b++)
			if (v.n[b] >= 2)
				an_mark_off(c, feature, (enum vet_base)b, v.mode, v.ref[b]);
		for (size_t o = 0; o < c->n; o++)
			c->caused[o] = c->off[o] && (settled(c, o) || an_within_factor(c, feature, o) ||
			                                    (!c->t[o].combined && !c->t[o].baseline &&
			                                            came_again(c, feature, v.mode, v.ref[c->t[o].treatment.base], o)));
		if (v.mode == MODE_RAW)
			r = mark_explained(c, feature, &v);
		for (int b = 0; b < BASE_COUNT && r == 0; b++)
			if (v.n[b] >= 2)
				r = collect_base(c, feature, (enum vet_base)b, v.mode, v.ref[b], list);
	}
	an_view_end(c, &v);
	return r;
}

/* -- one change at several places -- */

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

#define WORDS_LEAST 6
#define WORDS_MOST  400

static int hash_order(const void *x, const void *y)
{
	uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
	return (a > b) - (a < b);
}

/* Hashes of the words, sorted; at most WORDS_MOST. */
static size_t words_of(struct slice s, uint64_t *out)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n && n < WORDS_MOST;) {
		size_t k = 0;
		while (i + k < s.n && s.p[i + k] > ' ')
			k++;
		if (k)
			out[n++] = slice_hash(slice_sub(s, i, k));
		i += k ? k : 1;
	}
	if (n)
		qsort(out, n, sizeof(*out), hash_order);
	return n;
}

/* Are two thirds of the words the same, wherever they stand? In a list that is set in columns one more moves all others. Asked of every
 * part that went and every one that came, so it must not take longer than to read both. */
static bool mostly_same_words(struct slice a, struct slice b)
{
	uint64_t x[WORDS_MOST], y[WORDS_MOST];
	size_t n = words_of(a, x), m = words_of(b, y), common = 0;
	for (size_t i = 0, k = 0; i < n && k < m;) {
		common += x[i] == y[k];
		bool left = x[i] <= y[k], right = y[k] <= x[i];
		i += left;
		k += right;
	}
	return n >= WORDS_LEAST && m >= WORDS_LEAST && n < WORDS_MOST && m < WORDS_MOST && 3 * common >= 2 * (n > m ? n : m);
}

/* A part whose address follows from its content vanishes in one place and comes up in another when its content changes: that is one
 * change. Share of the longer text that both have at their ends, in percent; 50 also for the same words. */
size_t an_likeness(struct slice a, struct slice b)
{
	size_t longer = a.n > b.n ? a.n : b.n, shorter = a.n + b.n - longer;
	struct codepoint_span d = codepoint_diff(a, b);
	size_t common = a.n - d.a_n;
	/* Words that were added or cut off, nothing else. */
	if (common == shorter && shorter >= 24)
		return 50;
	size_t share = longer ? common * 100 / longer : 0;
	return share < 50 && mostly_same_words(a, b) ? 50 : share;
}

void an_pair_moved(const struct ctx *c, struct entry *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (e[i].dropped || e[i].before.p || !e[i].after.p)
			continue;
		const struct feature *fi = feature_at(c->s, e[i].feature);
		size_t best = n, score = 49;
		for (size_t k = 0; k < n; k++) {
			if (k == i || e[k].dropped || !e[k].before.p || e[k].after.p)
				continue;
			if (strcmp(an_text_of(fi->endpoint), an_text_of(feature_at(c->s, e[k].feature)->endpoint)) != 0)
				continue;
			/* A member of an object or a header has a fixed place: the same value in another one has not moved there. */
			struct slice address = slice_str(fi->address);
			if (slice_eq(e[k].before, e[i].after) && address.n && !strchr("]\")", address.p[address.n - 1]) &&
			        strncmp(fi->address, "request", 7) != 0)
				continue;
			size_t s = an_likeness(e[k].before, e[i].after);
			if (s > score) {
				score = s;
				best = k;
			}
		}
		if (best == n)
			continue;
		e[i].before = e[best].before;
		e[i].from = e[best].feature;
		e[best].dropped = true;
		/* Apart from the words of a literal that stood there all the time, nothing may have changed at all. */
		e[i].dropped = slice_eq(e[i].before, e[i].after);
	}
}

/* What hangs on a part that came or went is told with that part. */
void an_fold_children(const struct ctx *c, struct entry *e, size_t n)
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

/* -- explaining -- */

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

/* Is what stands there what stood elsewhere in the same list, and the other way round? */
static bool changed_places(const struct ctx *c, const struct entry *e)
{
	bool from = false, to = false;
	for (uint32_t i = 0; i < feature_count(c->s); i++) {
		if (i == e->feature || c->place[i] != c->place[e->feature])
			continue;
		struct slice before = feature_value(c->s, i, (unsigned)e->ref), after = feature_value(c->s, i, (unsigned)e->trial);
		from = from || (before.p && slice_eq(before, e->after));
		to = to || (after.p && slice_eq(after, e->before));
	}
	return from && to;
}

/* "X before Y": is one of them in trial `here` and not in `there`? */
static bool pair_is_new(const struct ctx *c, const struct feature *order, struct slice pair, size_t here, size_t there)
{
	struct slice between = SLICE(FEATURE_ORDER_BETWEEN);
	const char *up = order->parent < feature_count(c->s) ? feature_at(c->s, order->parent)->address : "";
	for (uint32_t i = 0; i < feature_count(c->s); i++) {
		const struct feature *f = feature_at(c->s, i);
		if (f->parent != order->parent || !feature_value(c->s, i, (unsigned)here).p || feature_value(c->s, i, (unsigned)there).p)
			continue;
		struct slice name = feature_name_below(f->address, up);
		if (name.n && ((slice_starts(pair, name) && slice_starts(slice_from(pair, name.n), between)) ||
		                      (slice_ends(pair, name) && slice_ends(slice_sub(pair, 0, pair.n - name.n), between))))
			return true;
	}
	return false;
}

/* Is it nothing but where parts stand that come or go with the level? Those are told, and without them there is no order to compare. */
static bool order_of_what_came(const struct ctx *c, const struct entry *e)
{
	const struct feature *f = feature_at(c->s, e->feature);
	bool went = slice_is(e->after, FEATURE_ORDER_SAME);
	struct slice all = went ? e->before : e->after, pair;
	if (!feature_is_order(f) || !e->before.p || !e->after.p)
		return false;
	while (slice_split(&all, ';', &pair))
		if (!pair_is_new(c, f, slice_trim(pair), went ? e->ref : e->trial, went ? e->trial : e->ref))
			return false;
	return true;
}

/* What a tool keeps about what it was given to work with is in its files or not, as there is something to keep; a list of files that has
 * one more is read from the disk in another order; and what it waits for no longer is written down earlier. */
static bool kept_otherwise(const struct ctx *c, const struct entry *e)
{
	const struct feature *f = feature_at(c->s, e->feature);
	return an_is_file(f) && (!e->before.p || !e->after.p || feature_is_order(f) || changed_places(c, e));
}

/* What comes or goes when the level gives the tool something to speak of: three or more lines of plain text, and parts of its files. */
static void overt_blocks(const struct ctx *c, struct entry *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t lines = 0, bytes = 0;
		bool came = !e[i].before.p, seen = true;
		if (e[i].why.class == CLASS_COVERT && order_of_what_came(c, &e[i])) {
			e[i].why.class = CLASS_UNDECLARED;
			e[i].why.rule = e[i].why.kind = "order of what came";
			e[i].why.text = "Where parts stand that come or go with it.";
		}
		if (e[i].why.class != CLASS_COVERT || !factor_table[e[i].factor].equips)
			continue;
		if (kept_otherwise(c, &e[i])) {
			e[i].why.class = CLASS_UNDECLARED;
			e[i].why.rule = e[i].why.kind = "file";
			e[i].why.text = "The tool keeps something about it in a file of its own, or has nothing to keep.";
			continue;
		}
		if (e[i].before.p && e[i].after.p)
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

#define SENTENCE_MIN 40 /* bytes */

/* Is it one or more whole sentences of plain English, so that everybody who reads the text sees them? */
static bool sentences(struct slice whole, size_t at, size_t n)
{
	struct slice s = slice_trim(slice_sub(whole, at, n)), before = slice_trim(slice_sub(whole, 0, at));
	size_t words = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < 0x20 || s.p[i] >= 0x7f)
			return false;
		words += s.p[i] == ' ' && i && s.p[i - 1] != ' ';
	}
	return s.n >= SENTENCE_MIN && words >= 6 && strchr(".!?:", s.p[s.n - 1]) &&
	       (before.n == 0 || strchr(".!?:", before.p[before.n - 1]));
}

/* Which way a difference goes: a part, or a sentence of it, came or went. */
static void direction(const struct entry *e, bool *came, bool *went)
{
	*came = !e->before.p && text_visible(e->after);
	*went = !e->after.p && text_visible(e->before);
	if (!e->before.p || !e->after.p) /* also where it came or went, but cannot be seen */
		return;
	struct codepoint_span d = codepoint_diff(e->before, e->after);
	*came = d.a_n == 0 && sentences(e->after, d.b_at, d.b_n);
	*went = d.b_n == 0 && sentences(e->before, d.a_at, d.a_n);
}

/* What came or went together with something explained, in the same text: the blank lines of a block, the rest of its lines. And the marks
 * for a model's cache, which follow how many blocks there are. */
static void inherit(const struct ctx *c, struct entry *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct feature *f = feature_at(c->s, e[i].feature);
		bool came, went;
		struct hunk at = e[i].why.at;
		bool cache = strstr(f->address, "cache_control") ||
		             slice_is(slice_trim(slice_sub(e[i].after, at.b_at, at.b_n)), "ephemeral") ||
		             slice_is(slice_trim(slice_sub(e[i].before, at.a_at, at.a_n)), "ephemeral");
		if (e[i].why.class != CLASS_COVERT)
			continue;
		direction(&e[i], &came, &went);
		if (!(came || went || cache))
			continue;
		for (size_t k = 0; k < n; k++) {
			const struct feature *g = feature_at(c->s, e[k].feature);
			if (e[k].why.class == CLASS_COVERT || e[k].why.class == CLASS_NONE || k == i)
				continue;
			bool together = f->parent == g->parent && came == !e[k].before.p && went == !e[k].after.p && (came || went);
			if (together || (cache && strcmp(an_text_of(f->endpoint), an_text_of(g->endpoint)) == 0 &&
			                        (!e[k].before.p || !e[k].after.p))) {
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

/* How many records of the endpoint that are named so have a value at this key, in a trial. */
static size_t records_with(const struct ctx *c, const struct entry *e, struct slice name, size_t trial)
{
	size_t n = 0;
	for (uint32_t i = 0; i < feature_count(c->s); i++) {
		if (c->place[i] != c->place[e->feature] || !feature_value(c->s, i, (unsigned)trial).p)
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
	return name.n && moves(c, e) && records_with(c, e, name, e->ref) == records_with(c, e, name, e->trial);
}

/* Did a request of the trial come through a proxy? */
static bool proxied(const struct ctx *c, size_t trial)
{
	for (uint32_t i = 0; i < feature_count(c->s); i++) {
		const struct feature *f = feature_at(c->s, i);
		if (f->structural && slice_ends(slice_str(f->address), SLICE("proxy")) && feature_value(c->s, i, (unsigned)trial).p)
			return true;
		if (strncmp(an_text_of(f->endpoint), "CONNECT ", 8) == 0 && feature_value(c->s, i, (unsigned)trial).p)
			return true;
	}
	return false;
}

/* Is it another value each time, wherever it is there? */
static bool varies(const struct ctx *c, const struct entry *e)
{
	size_t n = 0, same = 0;
	struct slice first = SLICE_NONE;
	for (size_t o = 0; o < c->n; o++) {
		struct slice v = c->t[o].usable ? feature_value(c->s, e->feature, (unsigned)o) : SLICE_NONE;
		if (!v.p)
			continue;
		first = first.p ? first : v;
		n++;
		same += slice_eq(first, v);
	}
	return n >= 2 && same == 1;
}

static int explained_as(struct entry *e, const char *rule, const char *text)
{
	e->why.class = CLASS_HASHED;
	e->why.rule = e->why.kind = rule;
	e->why.text = text;
	return text ? 0 : -ENOMEM;
}

int an_explain(const struct ctx *c, struct entry *e)
{
	const struct explain_case x = {
	        .factor = e->factor,
	        .feature = feature_at(c->s, e->feature),
	        .before = e->before,
	        .after = e->after,
	        .hunks = e->hunks,
	        .n_hunks = e->n_hunks,
	        .shapes = e->mode == MODE_SHAPE && !e->kept,
	        .sibling = sibling_of(c, e),
	        .raw_before = feature_value(c->s, e->feature, (unsigned)e->ref),
	        .raw_after = feature_value(c->s, e->feature, (unsigned)e->trial),
	        .digest = an_has_echo(c, e->feature, (unsigned)e->trial, e->factor, true),
	        .proxied = strcmp(factor_table[e->factor].name, "proxy") == 0 && proxied(c, e->trial),
	        .changing = e->mode != MODE_RAW || varies(c, e),
	        .before_trial = &c->t[e->ref],
	        .after_trial = &c->t[e->trial],
	        .profile = c->profile,
	        .arena = c->arena,
	};
	int r = explain_difference(&x, &e->why);
	bool covert = r == 0 && e->why.class == CLASS_COVERT;
	const char *digest = covert && e->after.p ? digest_of_path(c, e) : NULL;
	unsigned devices = covert && !digest ? an_keyed_by_device(c, e) : 0;
	if (covert && moved_record(c, e))
		e->why.class = CLASS_NONE;
	if (digest)
		return explained_as(e, "file digest", arena_fmt(c->arena, "The %s decides it: %s.", factor_table[e->factor].title, digest));
	if (devices)
		return explained_as(e, "keyed digest",
		        arena_fmt(c->arena,
		                "The %s decides it: a token that is another one, in whole, on each of %u made-up devices, as a keyed "
		                "digest is.",
		                factor_table[e->factor].title, devices));
	return r;
}

static bool in_word(uint8_t c)
{
	return c > ' ' && !strchr("\"'()[]{},;=&", c);
}

bool an_is_short(const struct entry *e)
{
	const struct hunk *h = &e->why.at;
	return e->why.class > CLASS_DISCLOSED && e->before.p && e->after.p && text_around(e->before, h->a_at, h->a_n, in_word).n <= 2 &&
	       text_around(e->after, h->b_at, h->b_n, in_word).n <= 2;
}

int an_collect(struct ctx *c, struct entries *list)
{
	size_t features = feature_count(c->s);
	for (uint32_t i = 0; i < features; i++) {
		if (feature_at(c->s, i)->derived || feature_at(c->s, i)->measure)
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
		an_fold_children(c, list->e + from, to - from);
		an_pair_moved(c, list->e + from, to - from);
	}
	size_t kept = 0;
	for (size_t i = 0; i < list->n; i++) {
		if (list->e[i].dropped)
			continue;
		list->e[kept] = list->e[i];
		int r = an_explain(c, &list->e[kept++]);
		if (r)
			return r;
	}
	list->n = kept;
	for (size_t from = 0, to; from < list->n; from = to) {
		for (to = from + 1; to < list->n && same_cause(&list->e[from], &list->e[to]); to++)
			;
		inherit(c, list->e + from, to - from);
		overt_blocks(c, list->e + from, to - from);
		int r = an_want_reasons(c, list->e + from, to - from);
		if (r)
			return r;
	}
	return 0;
}
