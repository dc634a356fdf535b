/* Rows of covering arrays: many factors are off their base at once. What each of them does alone is known; from that follows what a row
 * should show (the base, with the changes of each put in), and what it shows beyond that takes several of them. */
#include "vet/analysis_part.h"

#include <errno.h>

#include "vet/stat.h"

#define HUNKS_MAX   24
#define SINGLES_MAX 256
#define DATED_MAX   4096 /* bytes: longer ones are compared as they are */

/* -- what the factors of a row do alone -- */

struct singles {
	uint32_t k[SINGLES_MAX]; /* trials */
	size_t n;
};

/* Is the level of trial k one of those that are set in the row? A made-up device is another machine-id, MAC address and home. */
static bool is_part_of(const struct analysis_trial *k, const struct analysis_trial *row)
{
	if (row->treatment.level[k->factor] == k->level && !factor_of_identity(&row->treatment, k->factor))
		return true;
	return factor_of_identity(&row->treatment, k->factor);
}

static void singles_of(const struct ctx *c, size_t row, struct singles *out)
{
	const struct analysis_trial *t = &c->all[row];
	out->n = 0;
	for (size_t k = 0; k < c->n && out->n < SINGLES_MAX; k++) {
		const struct analysis_trial *u = &c->all[k];
		if (an_in_base(u, t->treatment.base) && !u->baseline && !u->combined && is_part_of(u, t))
			out->k[out->n++] = (uint32_t)k;
	}
}

/* -- values -- */

static struct slice value_in(struct ctx *c, enum mode mode, uint32_t feature, size_t o)
{
	struct slice v = feature_value(c->s, feature, (unsigned)o);
	if ((mode != MODE_SHAPE && mode != MODE_DATED) || !v.p)
		return v;
	if (c->shapes[o].n == 0 && mode == MODE_SHAPE)
		feature_shape(v, &c->shapes[o]);
	else if (c->shapes[o].n == 0)
		explain_date_out(&c->dates[o], v, c->date_way, &c->shapes[o]);
	return buf_slice(&c->shapes[o]);
}

/* At a placeholder of s: how much of `other` is one of the literal forms of its factor in that trial. *mark is its length; 0: none here. */
static size_t form_at(const struct analysis_trial *t, struct slice s, struct slice other, size_t *mark)
{
	const char *forms[FACTOR_FORMS_MAX];
	*mark = 0;
	if (s.n == 0 || s.p[0] != '{' || !t->host)
		return 0;
	size_t end = slice_chr(s, '}', 0), best = 0;
	for (unsigned f = 0; end != SLICE_NPOS && f < factor_count; f++) {
		if (!slice_is(slice_sub(s, 1, end - 1), factor_table[f].name))
			continue;
		size_t n = factor_table[f].literals(t->host, t->gateway, forms, ARRAY_LEN(forms));
		for (size_t i = 0; i < n; i++) {
			struct slice form = slice_str(forms[i]);
			if (form.n > best && slice_eq_nocase(slice_sub(other, 0, form.n), form))
				best = form.n;
		}
		*mark = best ? end + 1 : 0;
	}
	return best;
}

/* Words that look like a level's literal may stand in a text under every level: on either side they may have become a placeholder. */
static bool same_words(const struct analysis_trial *ta, struct slice a, const struct analysis_trial *tb, struct slice b)
{
	while (a.n && b.n) {
		size_t mark, form;
		if ((form = form_at(tb, b, a, &mark))) {
			a = slice_from(a, form);
			b = slice_from(b, mark);
		} else if ((form = form_at(ta, a, b, &mark))) {
			b = slice_from(b, form);
			a = slice_from(a, mark);
		} else if (a.p[0] == b.p[0]) {
			a = slice_from(a, 1);
			b = slice_from(b, 1);
		} else {
			return false;
		}
	}
	return a.n == 0 && b.n == 0;
}

static bool same_value(const struct ctx *c, enum mode mode, size_t x, struct slice a, size_t y, struct slice b)
{
	if (!an_presence_eq(a, b))
		return false;
	if (!a.p || mode == MODE_PRESENCE || slice_eq(a, b))
		return true;
	return mode != MODE_SHAPE && same_words(&c->all[x], a, &c->all[y], b);
}

static int dates_of(struct ctx *c)
{
	if (c->dates)
		return 0;
	c->dates = calloc(c->n + 1, sizeof(*c->dates));
	if (c->dates)
		explain_dates_of(c->all, c->n, c->dates);
	return c->dates ? 0 : -ENOMEM;
}

/* As an_view(). A time of the day that was the same for all baselines is another in the rows, which come later: it is compared by its form.
 * So is the day, which half of the rows have changed: which day it is says nothing there, and how it is written is the same for all. */
static int rows_view(struct ctx *c, uint32_t feature, struct view *v)
{
	int r = an_view(c, feature, v);
	r = r ? r : dates_of(c);
	/* Each row is another device, and what is a digest of that is no token that stays. */
	for (size_t o = 0; o < c->n && c->kept; o++)
		buf_reset(&c->shapes[o]);
	c->framed &= !c->kept;
	c->kept = false;
	for (int b = 0; b < BASE_COUNT && r == 0; b++) {
		struct slice said = v->n[b] ? feature_value(c->s, feature, (unsigned)v->ref[b]) : SLICE_NONE;
		if (v->mode == MODE_RAW && said.p && explain_tells_minute(&c->all[v->ref[b]], said))
			v->mode = MODE_SHAPE;
	}
	for (int b = 0; b < BASE_COUNT && r == 0 && v->mode == MODE_RAW; b++) {
		struct slice said = v->n[b] ? feature_value(c->s, feature, (unsigned)v->ref[b]) : SLICE_NONE;
		c->date_way = said.p && said.n <= DATED_MAX ? explain_date_way(&c->dates[v->ref[b]], said) : -1;
		if (c->date_way >= 0)
			v->mode = MODE_DATED;
	}
	return r;
}

/* -- batches -- */

/* Records of telemetry come in batches, and how many there are follows from much: in a row of many factors each stands elsewhere than
 * alone. Where parts come and go by themselves between baselines, a value is new only if no record had it at that key. */
struct batch {
	bool *moving;       /* by feature: parts of its endpoint come and go */
	uint32_t *by_place; /* features, those of one place together */
	uint32_t *first;    /* by feature: where its place begins in by_place */
	size_t n;
};

static void batch_free(struct batch *b)
{
	free(b->moving);
	free(b->by_place);
	free(b->first);
}

static int place_order(const void *x, const void *y, void *places)
{
	const uint64_t *p = places;
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
	if (p[a] != p[b])
		return p[a] < p[b] ? -1 : 1;
	return (a > b) - (a < b);
}

/* Without any level, or under levels of two or more factors: then it is nobody's doing. */
static bool comes_and_goes(const struct ctx *c, uint32_t feature)
{
	unsigned there[BASE_COUNT] = {0}, all[BASE_COUNT] = {0};
	uint64_t with[BASE_COUNT] = {0}, without[BASE_COUNT] = {0}; /* factors */
	for (size_t o = 0; o < c->n; o++) {
		const struct analysis_trial *t = &c->all[o];
		bool is = feature_value(c->s, feature, (unsigned)o).p != NULL;
		if (!t->usable || t->combined)
			continue;
		if (t->baseline) {
			all[t->treatment.base]++;
			there[t->treatment.base] += is;
		} else {
			*(is ? &with[t->treatment.base] : &without[t->treatment.base]) |= (uint64_t)1 << t->factor;
		}
	}
	for (int b = 0; b < BASE_COUNT; b++)
		if ((there[b] && there[b] < all[b]) || (all[b] && __builtin_popcountll(there[b] ? without[b] : with[b]) >= 2))
			return true;
	return false;
}

static int batch_init(const struct ctx *c, struct batch *b)
{
	b->n = feature_count(c->s);
	b->moving = calloc(b->n + 1, sizeof(*b->moving));
	b->by_place = calloc(b->n + 1, sizeof(*b->by_place));
	b->first = calloc(b->n + 1, sizeof(*b->first));
	_cleanup_free_ uint64_t *endpoints = calloc(b->n + 1, sizeof(*endpoints));
	_cleanup_free_ uint32_t *order = calloc(b->n + 1, sizeof(*order));
	if (!b->moving || !b->by_place || !b->first || !endpoints || !order)
		return -ENOMEM;
	for (uint32_t i = 0; i < b->n; i++) {
		b->by_place[i] = order[i] = i;
		endpoints[i] = slice_hash(slice_str(an_text_of(feature_at(c->s, i)->endpoint)));
	}
	if (b->n == 0)
		return 0;
	qsort_r(b->by_place, b->n, sizeof(*b->by_place), place_order, c->place);
	for (uint32_t i = 0; i < b->n; i++)
		b->first[b->by_place[i]] = i && c->place[b->by_place[i]] == c->place[b->by_place[i - 1]] ? b->first[b->by_place[i - 1]] : i;
	qsort_r(order, b->n, sizeof(*order), place_order, endpoints);
	for (size_t from = 0, to; from < b->n; from = to) {
		bool moving = false;
		for (to = from; to < b->n && endpoints[order[to]] == endpoints[order[from]]; to++)
			moving = moving || comes_and_goes(c, order[to]);
		for (size_t i = from; i < to; i++)
			b->moving[order[i]] = moving;
	}
	return 0;
}

static size_t messages_in(const struct ctx *c, const struct feature *f, size_t o)
{
	size_t n = 0;
	for (uint32_t i = 0; i < feature_count(c->s); i++) {
		const struct feature *g = feature_at(c->s, i);
		n += feature_is_message(g) && strcmp(an_text_of(g->endpoint), an_text_of(f->endpoint)) == 0 &&
		     feature_value(c->s, i, (unsigned)o).p;
	}
	return n;
}

/* Of messages that are alike, which is the first and which the second is taken from what they were like before: there are as many of them,
 * and what is different in one is told of its parts. */
static bool moved_message(const struct ctx *c, const struct entry *e)
{
	const struct feature *f = feature_at(c->s, e->feature);
	return !an_presence_eq(e->before, e->after) && feature_is_message(f) && messages_in(c, f, e->ref) == messages_in(c, f, e->trial);
}

/* Has a record of a trial that is no row the same there, or if it is an id, one of that form? */
static bool known_there(const struct ctx *c, const struct batch *b, const struct entry *e)
{
	_cleanup_buf_ struct buf mine = BUF(1 << 20), other = BUF(1 << 20);
	if (moved_message(c, e))
		return true;
	if (!b->moving[e->feature])
		return false;
	/* A record that is not there may be in a batch that came too late; and a whole message is one more of what is sent now and then, if
	 * it says nothing new. */
	if (!e->after.p || (!e->before.p && feature_is_message(feature_at(c->s, e->feature))))
		return e->word.n == 0;
	if (e->mode != MODE_SHAPE)
		feature_shape(e->after, &mine);
	bool opaque = !slice_eq(buf_slice(&mine), e->after);
	for (size_t i = b->first[e->feature]; i < b->n && c->place[b->by_place[i]] == c->place[e->feature]; i++)
		for (size_t o = 0; o < c->n; o++) {
			if (!c->all[o].usable || c->all[o].row != ROW_NONE)
				continue;
			struct slice v = feature_value(c->s, b->by_place[i], (unsigned)o);
			if (!v.p)
				continue;
			if (slice_eq(v, e->after))
				return true;
			if (!opaque || v.n > 2 * e->after.n + 64)
				continue;
			buf_reset(&other);
			feature_shape(v, &other);
			if (slice_eq(buf_slice(&other), e->mode == MODE_SHAPE ? e->after : buf_slice(&mine)))
				return true;
		}
	return false;
}

/* -- from a feature in which a row differs to an entry -- */

static int differing(struct ctx *c, const struct view *v, uint32_t feature, size_t row, const struct singles *alone, struct entries *out)
{
	enum vet_base base = c->all[row].treatment.base;
	size_t ref = v->ref[base];
	struct slice a = value_in(c, v->mode, feature, ref), b = value_in(c, v->mode, feature, row);
	if (same_value(c, v->mode, ref, a, row, b))
		return 0;
	for (size_t i = 0; i < alone->n; i++)
		if (same_value(c, v->mode, alone->k[i], value_in(c, v->mode, feature, alone->k[i]), row, b))
			return 0;
	struct entry *e = an_entry_new(out);
	if (!e)
		return -ENOMEM;
	*e = (struct entry){
	        .feature = feature, .from = feature, .base = base, .mode = v->mode, .ref = ref, .trial = row, .runs = 1, .hits = 1};
	e->before = v->mode == MODE_DATED ? feature_value(c->s, feature, (unsigned)ref) : a;
	e->after = v->mode == MODE_DATED ? feature_value(c->s, feature, (unsigned)row) : b;
	if (v->mode == MODE_SHAPE &&
	        ((a.p && !(e->before = arena_copy(c->arena, a)).p) || (b.p && !(e->after = arena_copy(c->arena, b)).p)))
		return -ENOMEM;
	return 0;
}

/* A message that is sent now and then, too seldom to say what it is like: a row that has it may say a word in it that none says. */
static int seldom(const struct ctx *c, uint32_t feature, struct entries *out)
{
	for (size_t o = 0; o < c->n; o++) {
		const struct analysis_trial *t = &c->all[o];
		struct slice v = t->usable && t->row == ROW_ARRAY ? feature_value(c->s, feature, (unsigned)o) : SLICE_NONE;
		size_t ref = v.p ? an_first_baseline(c, t->treatment.base) : c->n;
		struct entry *e = ref < c->n ? an_entry_new(out) : NULL;
		if (ref < c->n && !e)
			return -ENOMEM;
		if (e)
			*e = (struct entry){.feature = feature,
			        .from = feature,
			        .base = t->treatment.base,
			        .mode = MODE_PRESENCE,
			        .ref = ref,
			        .trial = o,
			        .runs = 1,
			        .hits = 1,
			        .after = v};
	}
	return 0;
}

static int differing_all(struct ctx *c, const struct singles *alone, struct entries *out)
{
	int r = 0;
	for (uint32_t i = 0; i < feature_count(c->s) && r == 0; i++) {
		/* Of a quantity it is only told how it lies, and one trial of each row says nothing of that. */
		if (feature_at(c->s, i)->derived || feature_at(c->s, i)->measure)
			continue;
		struct view v;
		r = rows_view(c, i, &v);
		for (size_t o = 0; o < c->n && r == 0 && v.mode != MODE_NONE; o++)
			if (c->t[o].usable && c->t[o].row == ROW_ARRAY && v.n[c->t[o].treatment.base] >= 2)
				r = differing(c, &v, i, o, &alone[o], out);
		bool none = v.mode == MODE_NONE;
		an_view_end(c, &v);
		if (none && r == 0 && feature_is_message(feature_at(c->s, i)))
			r = seldom(c, i, out);
	}
	return r;
}

/* Members that several factors bring have no order among each other that any of them alone could show. */
static bool order_of_new(const struct ctx *c, const struct entry *e)
{
	const struct feature *f = feature_at(c->s, e->feature);
	size_t new = 0;
	if (!feature_is_order(f))
		return false;
	for (uint32_t i = 0; i < feature_count(c->s) && new < 2; i++)
		new += i != e->feature &&feature_at(c->s, i)->parent == f->parent &&
		       !feature_value(c->s, i, (unsigned)e->ref).p &&feature_value(c->s, i, (unsigned)e->trial).p;
	return new >= 2;
}

/* -- which parts of it the factors do alone -- */

static bool number_of(struct slice s, int64_t *out)
{
	uint64_t v;
	if (!slice_u64(s, INT32_MAX, &v))
		return false;
	*out = (int64_t)v;
	return true;
}

/* Does what stands there follow a factor that is set, so that with several others it may be yet another: an id or digest of the same form,
 * a count that is the sum? */
static bool follows(const struct ctx *c, const struct entry *e, const struct singles *alone, struct hunk h)
{
	struct slice a = slice_sub(e->before, h.a_at, h.a_n), b = slice_sub(e->after, h.b_at, h.b_n);
	_cleanup_buf_ struct buf mine = BUF(1 << 20), theirs = BUF(1 << 20);
	int64_t first, last, sum = 0, n;
	bool numbers = number_of(a, &first) && number_of(b, &last);
	feature_shape(b, &mine);
	bool opaque = slice_chr(buf_slice(&mine), '<', 0) != SLICE_NPOS && !slice_eq(b, buf_slice(&mine));
	for (size_t i = 0; i < alone->n; i++) {
		struct slice v = feature_value(c->s, e->from, alone->k[i]);
		struct hunk k[HUNKS_MAX];
		size_t m = v.p && e->before.p ? hunks_of(e->before, v, k, ARRAY_LEN(k)) : 0;
		for (size_t j = 0; j < m; j++) {
			struct slice other = slice_sub(v, k[j].b_at, k[j].b_n);
			if (k[j].a_at >= h.a_at + h.a_n + (h.a_n == 0) || h.a_at >= k[j].a_at + k[j].a_n + (k[j].a_n == 0))
				continue;
			buf_reset(&theirs);
			feature_shape(other, &theirs);
			if (opaque && !numbers && slice_eq(buf_slice(&mine), buf_slice(&theirs)))
				return true;
			if (numbers && k[j].a_at == h.a_at && k[j].a_n == h.a_n && number_of(other, &n))
				sum += n - first;
		}
	}
	return numbers && sum && last - first == sum;
}

/* Are before and after values as they were sent? */
static bool as_it_is(enum mode mode)
{
	return mode == MODE_RAW || mode == MODE_DATED;
}

/* Is it one of the changes that a factor of the row makes alone? */
static bool done_alone(const struct ctx *c, const struct entry *e, const struct singles *alone, struct hunk h)
{
	struct slice b = slice_sub(e->after, h.b_at, h.b_n);
	for (size_t i = 0; i < alone->n && as_it_is(e->mode); i++) {
		struct slice v = feature_value(c->s, e->from, alone->k[i]);
		struct hunk k[HUNKS_MAX];
		size_t m = v.p ? hunks_of(e->before, v, k, ARRAY_LEN(k)) : 0;
		for (size_t j = 0; j < m; j++)
			if (k[j].a_at == h.a_at && k[j].a_n == h.a_n && slice_eq(slice_sub(v, k[j].b_at, k[j].b_n), b))
				return true;
	}
	return as_it_is(e->mode) && follows(c, e, alone, h);
}

/* The least that any factor of the row makes of it. */
static int least(const struct ctx *c, const struct entry *e, struct explanation *out)
{
	const struct analysis_trial *t = &c->all[e->trial];
	bool first = true;
	for (unsigned f = 0; f < factor_count; f++) {
		if (t->treatment.level[f] == 0 && !factor_of_identity(&t->treatment, f))
			continue;
		struct entry x = *e;
		x.factor = f;
		x.level = t->treatment.level[f];
		int r = an_explain(c, &x);
		r = r ? r : an_want_reasons(c, &x, 1);
		if (r)
			return r;
		if (first || x.why.class < out->class)
			*out = x.why;
		first = false;
	}
	if (first)
		*out = (struct explanation){.class = CLASS_NONE};
	return 0;
}

/* Puts some of the changes of b into a. */
static struct slice changed(const struct ctx *c, struct slice a, struct slice b, const struct hunk *h, size_t n)
{
	_cleanup_buf_ struct buf out = BUF(16 << 20);
	size_t at = 0;
	for (size_t i = 0; i < n; i++) {
		buf_add(&out, slice_sub(a, at, h[i].a_at - at));
		buf_add(&out, slice_sub(b, h[i].b_at, h[i].b_n));
		at = h[i].a_at + h[i].a_n;
	}
	buf_add(&out, slice_from(a, at));
	return buf_error(&out) ? SLICE_NONE : arena_copy(c->arena, buf_slice(&out));
}

/* Does what one factor of the row makes of it alone become what the row has by what another one is known to do? A zone may decide how a
 * date is written, and another factor which date it is. */
static int put_together(const struct ctx *c, const struct entry *e, const struct singles *alone, bool *out)
{
	*out = false;
	for (size_t i = 0; i < alone->n && as_it_is(e->mode) && !*out; i++) {
		struct entry x = *e;
		x.ref = alone->k[i];
		x.before = feature_value(c->s, e->feature, (unsigned)x.ref);
		if (!x.before.p || slice_eq(x.before, e->before))
			continue;
		int r = least(c, &x, &x.why);
		if (r)
			return r;
		*out = x.why.class < CLASS_HASHED;
	}
	return 0;
}

/* Is there a blank between two changes? */
static bool apart(struct slice text, const struct hunk *a, const struct hunk *b)
{
	for (size_t at = a->a_at + a->a_n; at < b->a_at; at++)
		if (text.p[at] <= ' ')
			return true;
	return false;
}

/* Two digits of a date are no date: is the whole word, in which change i stands with others, explained? *end: the first change behind it.
 */
static int word_explained(
        const struct ctx *c, const struct entry *e, const struct hunk *h, size_t n, size_t i, size_t *end, bool *explained)
{
	size_t from = i, to = i + 1;
	while (from && !apart(e->before, &h[from - 1], &h[from]))
		from--;
	while (to < n && !apart(e->before, &h[to - 1], &h[to]))
		to++;
	*end = to;
	*explained = false;
	if (to - from == 1)
		return 0;
	struct entry x = *e;
	struct explanation why;
	x.after = changed(c, e->before, e->after, &h[from], to - from);
	int r = x.after.p ? least(c, &x, &why) : -ENOMEM;
	*explained = r == 0 && why.class < CLASS_HASHED;
	return r;
}

/* Leaves in e->after what no factor of the row does alone and none of them explains; e->why says what it is. Dropped, if that is nothing.
 */
static int reduce(const struct ctx *c, struct entry *e, const struct singles *alone)
{
	if (!e->before.p || !e->after.p || e->mode == MODE_PRESENCE) {
		int r = least(c, e, &e->why);
		e->dropped = r == 0 && e->why.class < CLASS_HASHED;
		return r;
	}
	int known = put_together(c, e, alone, &e->dropped);
	if (known || e->dropped)
		return known;
	struct hunk h[HUNKS_MAX], kept[HUNKS_MAX];
	size_t n = hunks_of(e->before, e->after, h, ARRAY_LEN(h)), k = 0, word_end = 0;
	struct explanation worst = {.class = CLASS_NONE};
	for (size_t i = 0; i < n; i++) {
		if (done_alone(c, e, alone, h[i]))
			continue;
		struct entry x = *e;
		struct explanation why;
		x.after = changed(c, e->before, e->after, &h[i], 1);
		if (!x.after.p)
			return -ENOMEM;
		int r = least(c, &x, &why);
		if (r)
			return r;
		if (why.class < CLASS_HASHED)
			continue;
		bool whole = false;
		if (i >= word_end && (r = word_explained(c, e, h, n, i, &word_end, &whole)))
			return r;
		if (whole) {
			i = word_end - 1;
			continue;
		}
		kept[k++] = h[i];
		if (why.class > worst.class)
			worst = why;
	}
	e->dropped = k == 0;
	if (k && k < n && e->mode != MODE_DATED && !(e->after = changed(c, e->before, e->after, kept, k)).p)
		return -ENOMEM;
	e->why = worst;
	return 0;
}

/* A part that came up may be one that a factor of the row brings alone, changed by another one: what is in e->ref's place then is the trial
 * of that factor, from whose host and clock what stands in e->before follows. */
static void pair_with_alone(const struct ctx *c, struct entry *e, const struct singles *alone)
{
	const struct feature *f = feature_at(c->s, e->feature);
	size_t score = 49;
	if (e->before.p || !e->after.p || e->mode != MODE_RAW || f->parent == UINT32_MAX)
		return;
	struct slice best = SLICE_NONE;
	const size_t baseline = e->ref;
	for (uint32_t i = 0; i < feature_count(c->s); i++) {
		if (feature_at(c->s, i)->parent != f->parent || feature_value(c->s, i, (unsigned)baseline).p)
			continue;
		for (size_t k = 0; k < alone->n; k++) {
			struct slice v = feature_value(c->s, i, alone->k[k]);
			size_t s = v.p ? an_likeness(v, e->after) : 0;
			if (s <= score)
				continue;
			score = s;
			best = v;
			e->from = i;
			e->ref = alone->k[k];
		}
	}
	e->before = best;
	if (best.p)
		e->dropped = slice_eq(best, e->after);
}

/* -- signatures -- */

static int entry_order(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;
	if (a->trial != b->trial)
		return a->trial < b->trial ? -1 : 1;
	return a->feature < b->feature ? -1 : a->feature > b->feature;
}

static int feature_order(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;
	if (a->feature != b->feature)
		return a->feature < b->feature ? -1 : 1;
	return a->trial < b->trial ? -1 : a->trial > b->trial;
}

static int signature_order(const void *x, const void *y)
{
	const struct signature *a = x, *b = y;
	bool clear_a = a->by_chance < 0.01, clear_b = b->by_chance < 0.01;
	if (clear_a != clear_b)
		return clear_a ? -1 : 1;
	if (a->why.class != b->why.class)
		return a->why.class > b->why.class ? -1 : 1;
	if (a->by_chance < b->by_chance || a->by_chance > b->by_chance)
		return a->by_chance < b->by_chance ? -1 : 1;
	return a->feature < b->feature ? -1 : a->feature > b->feature;
}

void an_signatures_free(struct signatures *s)
{
	free(s->s);
}

static enum state state_of(struct ctx *c, const struct view *v, const struct signature *s, size_t k)
{
	const struct analysis_trial *t = &c->t[k];
	if (!t->usable || t->treatment.base != s->base)
		return STATE_OTHER;
	const struct feature *f = feature_at(c->s, s->feature);
	if (!an_presence_eq(s->before, s->after) && feature_is_message(f)) {
		/* Which of several messages it is depends on what is in it: how many there are says whether one came or went. */
		size_t here = messages_in(c, f, k), usual = messages_in(c, f, s->ref);
		return here == usual ? STATE_BEFORE : (here > usual) == !s->before.p ? STATE_AFTER : STATE_OTHER;
	}
	struct slice x = value_in(c, s->mode, s->feature, k);
	if (!s->before.p)
		return x.p ? STATE_AFTER : STATE_BEFORE;
	if (!s->after.p)
		return x.p ? STATE_BEFORE : STATE_AFTER;
	if (!x.p || v->mode != s->mode)
		return !x.p && k != s->ref ? STATE_BEFORE : STATE_OTHER;
	if (s->mode == MODE_PRESENCE || slice_eq(x, s->before))
		return STATE_BEFORE;
	if (slice_eq(x, s->after))
		return STATE_AFTER;
	if ((s->mode == MODE_RAW || s->mode == MODE_DATED) && same_words(&c->all[s->ref], s->before, t, x))
		return STATE_BEFORE;
	return an_place_of(s->before, s->after, x);
}

int an_states(struct ctx *c, const struct signature *s, uint8_t *out)
{
	const struct analysis_trial *was = c->t;
	struct view v;
	if (s->word.n)
		return an_word_states(c, s, out);
	if (s->mode == MODE_DRAWN)
		return an_drawn_states(c, s, out);
	if (s->mode == MODE_AMOUNT)
		return an_amount_states(c, s, out);
	c->t = c->all;
	int r = rows_view(c, s->feature, &v);
	for (size_t k = 0; k < c->n && r == 0; k++)
		out[k] = (uint8_t)state_of(c, &v, s, k);
	an_view_end(c, &v);
	c->t = was;
	return r;
}

/* How many features of the endpoint would show as much by chance: in so many rows, and elsewhere no more than this. */
static double rows_by_chance(const struct ctx *c, const struct signature *s, const uint8_t *state)
{
	const char *endpoint = an_text_of(feature_at(c->s, s->feature)->endpoint);
	unsigned rows = 0, hits = 0, others = 0, flips = 0;
	double sum = 0;
	for (size_t k = 0; k < c->n; k++) {
		const struct analysis_trial *t = &c->all[k];
		if (!an_in_base(t, s->base) || state[k] == STATE_OTHER)
			continue;
		*(t->row == ROW_ARRAY ? &rows : &others) += 1;
		*(t->row == ROW_ARRAY ? &hits : &flips) += state[k] == STATE_AFTER;
	}
	for (size_t i = 0; i < c->n_rates; i++)
		if (strcmp(c->rates[i].endpoint, endpoint) == 0)
			sum += stat_binomial_tail(hits, rows, c->rates[i].rate) * stat_binomial_head(flips, others, c->rates[i].rate);
	return sum;
}

int an_signature_add(struct signatures *all, const struct signature *s)
{
	if (all->n == all->room) {
		size_t room = all->room ? 2 * all->room : 32;
		struct signature *more = reallocarray(all->s, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		all->s = more;
		all->room = room;
	}
	all->s[all->n++] = *s;
	return 0;
}

/* Adds it, if it can be told from what was before; *made says so. `state` is what each trial shows of it then. */
static int add_signature(struct ctx *c, struct signature s, uint8_t *state, struct signatures *out, bool *made)
{
	int r = an_states(c, &s, state);
	*made = r == 0 && state[s.row] == STATE_AFTER && state[s.ref] != STATE_AFTER;
	if (!*made)
		return r;
	for (size_t k = 0; k < c->n; k++)
		s.rows += c->all[k].row == ROW_ARRAY && state[k] == STATE_AFTER;
	s.by_chance = rows_by_chance(c, &s, state);
	return an_signature_add(out, &s);
}

static struct signature signature_of(const struct entry *e)
{
	return (struct signature){.feature = e->feature,
	        .base = e->base,
	        .mode = e->mode,
	        .ref = e->ref,
	        .row = e->trial,
	        .before = e->before,
	        .after = e->after,
	        .why = e->why};
}

/* Messages of one endpoint stand in several features, and say the same. */
static bool is_looked_for(const struct ctx *c, const struct signatures *all, const struct signature *s)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->s[i].base == s->base && slice_eq(all->s[i].word, s->word) &&
		        strcmp(an_text_of(feature_at(c->s, all->s[i].feature)->endpoint),
		                an_text_of(feature_at(c->s, s->feature)->endpoint)) == 0)
			return true;
	return false;
}

/* Entries of one feature: those that show the same become one signature. */
static int to_signatures(struct ctx *c, struct entry *e, size_t n, uint8_t *state, struct signatures *out)
{
	bool made;
	for (size_t i = 0; i < n; i++) {
		struct signature s = signature_of(&e[i]);
		s.word = e[i].word;
		int r = !e[i].dropped && s.word.n && !is_looked_for(c, out, &s) ? add_signature(c, s, state, out, &made) : 0;
		if (r)
			return r;
	}
	for (size_t i = 0; i < n; i++) {
		if (e[i].dropped || e[i].batched)
			continue;
		int r = add_signature(c, signature_of(&e[i]), state, out, &made);
		if (r)
			return r;
		for (size_t k = i + 1; k < n && made; k++)
			e[k].dropped |= e[k].base == e[i].base && state[e[k].trial] == STATE_AFTER;
	}
	return 0;
}

/* What explains it was asked of what was sent; what is looked for in other trials is how it is written. */
static int undated(const struct ctx *c, struct entry *e)
{
	_cleanup_buf_ struct buf before = BUF(1 << 20), after = BUF(1 << 20);
	struct slice raw = feature_value(c->s, e->feature, (unsigned)e->ref);
	int way = raw.p ? explain_date_way(&c->dates[e->ref], raw) : -1;
	if (e->before.p) {
		explain_date_out(&c->dates[e->ref], raw.p ? raw : e->before, way, &before);
		e->before = arena_copy(c->arena, buf_slice(&before));
	}
	if (e->after.p) {
		explain_date_out(&c->dates[e->trial], e->after, way, &after);
		e->after = arena_copy(c->arena, buf_slice(&after));
	}
	return buf_error(&before) || buf_error(&after) || (before.n && !e->before.p) || (after.n && !e->after.p) ? -ENOMEM : 0;
}

static int rows_to_entries(struct ctx *c, const struct singles *alone, const struct batch *batch, struct entries *list)
{
	_cleanup_(an_said_free) struct said said = {0};
	int r = differing_all(c, alone, list);
	if (r || list->n == 0)
		return r;
	qsort(list->e, list->n, sizeof(*list->e), entry_order);
	for (size_t from = 0, to; from < list->n; from = to) {
		for (to = from + 1; to < list->n && list->e[to].trial == list->e[from].trial; to++)
			;
		an_fold_children(c, list->e + from, to - from);
		an_pair_moved(c, list->e + from, to - from);
	}
	for (size_t i = 0; i < list->n && r == 0; i++) {
		struct entry *e = &list->e[i];
		const size_t baseline = e->ref;
		if (!e->dropped && (batch->moving[e->feature] || feature_is_message(feature_at(c->s, e->feature))))
			r = an_new_word(c, &said, e);
		e->batched = batch->moving[e->feature] && !e->before.p && (e->word.n || feature_is_message(feature_at(c->s, e->feature)));
		e->dropped = e->dropped || order_of_new(c, e) || known_there(c, batch, e);
		if (!e->dropped && e->word.n == 0)
			pair_with_alone(c, e, &alone[e->trial]);
		if (!e->dropped && r == 0)
			r = reduce(c, e, &alone[e->trial]);
		e->ref = baseline;
		if (e->mode == MODE_DATED && !e->dropped && r == 0)
			r = undated(c, e);
	}
	return r;
}

int an_rows(struct ctx *c, struct signatures *out)
{
	const struct analysis_trial *was = c->t;
	_cleanup_(an_entries_free) struct entries list = {0};
	_cleanup_free_ struct singles *alone = calloc(c->n + 1, sizeof(*alone));
	_cleanup_free_ uint8_t *state = calloc(c->n + 1, 1);
	if (!alone || !state)
		return -ENOMEM;
	for (size_t o = 0; o < c->n; o++)
		if (c->all[o].usable && c->all[o].row == ROW_ARRAY)
			singles_of(c, o, &alone[o]);
	c->t = c->all;
	_cleanup_(batch_free) struct batch batch = {0};
	int r = batch_init(c, &batch);
	r = r ? r : rows_to_entries(c, alone, &batch, &list);
	if (list.n)
		qsort(list.e, list.n, sizeof(*list.e), feature_order);
	for (size_t from = 0, to; from < list.n && r == 0; from = to) {
		for (to = from + 1; to < list.n && list.e[to].feature == list.e[from].feature; to++)
			;
		r = to_signatures(c, list.e + from, to - from, state, out);
	}
	r = r ? r : an_drawn_rows(c, out);
	r = r ? r : an_amount_rows(c, out);
	if (out->n)
		qsort(out->s, out->n, sizeof(*out->s), signature_order);
	c->t = was;
	return r;
}
