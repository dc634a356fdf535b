#include "vet/combine.h"

#include <errno.h>
#include <math.h>

#include "vet/analysis_part.h"
#include "vet/locate.h"
#include "vet/stat.h"

#define SIGNATURES_MAX 400 /* that are looked at again */
#define CHANCE_MAX     0.5 /* features that would look like it by chance */
#define ROWS_MAX       10  /* that are run again, whole */
#define AT_ONCE        6   /* that are searched for in one round */
#define ASKED_MAX      40  /* trials of one search */
#define ROUNDS_MAX     60
#define ALONE_MAX      8 /* devices that are run with no level */

enum stage { STAGE_AGAIN, STAGE_SEARCH, STAGE_PROOF, STAGE_DEVICES, STAGE_PROVEN, STAGE_CHANCE, STAGE_OPEN };

/* Starts without the device, as many times the runs with another condition turned back. */
#define STARTS 3
/* More devices that meet the other conditions: so many at a time and in all. After so many without a hit there is no use. */
#define DEVICES_MORE     5
#define DEVICES_MAX      30
#define DEVICES_HOPELESS 20
/* No row of any plan is that device. */
#define DEVICES_MORE_FROM 100000u

struct hunt {
	struct signature s;
	enum stage stage;
	struct condition k[LOCATE_MAX]; /* those of the row */
	size_t n;
	uint64_t found; /* of these */
	bool strict;
	unsigned asked;
	uint32_t identity; /* of the row */
	unsigned devices;  /* more of them that were asked for */
};

struct combine {
	struct arena *arena;
	struct combine_limits limits;
	struct hunt *hunt;
	size_t n;
	unsigned trials, rounds, suspected;
	bool asked, begun; /* which of two rows it is; the hunts */
};

int combine_new(const struct combine_limits *limits, struct arena *arena, struct combine **out)
{
	struct combine *x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	x->arena = arena;
	x->limits = *limits;
	*out = x;
	return 0;
}

void combine_free(struct combine *x)
{
	if (x)
		free(x->hunt);
	free(x);
}

struct combine_account combine_account(const struct combine *x)
{
	struct combine_account a = {.suspected = x->suspected, .trials = x->trials};
	for (size_t i = 0; i < x->n; i++) {
		a.located += x->hunt[i].stage == STAGE_PROVEN;
		a.chance += x->hunt[i].stage == STAGE_CHANCE;
	}
	a.open = a.suspected - a.located - a.chance;
	return a;
}

/* -- conditions and treatments -- */

static size_t conditions_of(const struct treatment *t, struct condition *out)
{
	size_t n = 0;
	for (unsigned f = 0; f < factor_count && n < LOCATE_MAX - 1; f++)
		if (t->level[f])
			out[n++] = (struct condition){f, t->level[f]};
	if (t->identity)
		out[n++] = (struct condition){CONDITION_DEVICE, t->identity};
	return n;
}

/* What is drawn is to be the same in all that is tried: then the device is no condition, it is always there. So with quantities, which are
 * as they were before often enough to find conditions that are none. */
static bool holds_device(const struct hunt *h)
{
	return h->s.mode == MODE_DRAWN || h->s.mode == MODE_AMOUNT;
}

static struct treatment treatment_of(const struct hunt *h, uint64_t set)
{
	struct treatment t = {.base = h->s.base, .identity = holds_device(h) ? h->identity : 0};
	for (size_t i = 0; i < h->n; i++)
		if (set >> i & 1) {
			if (h->k[i].factor == CONDITION_DEVICE)
				t.identity = h->k[i].level;
			else
				t.level[h->k[i].factor] = (uint8_t)h->k[i].level;
		}
	return t;
}

/* Which of the hunt's conditions hold in t; *foreign: others do too. */
static uint64_t held(const struct hunt *h, const struct treatment *t, bool *foreign)
{
	struct condition k[LOCATE_MAX];
	size_t n = conditions_of(t, k) - (holds_device(h) && t->identity), mine = 0;
	uint64_t set = 0;
	for (size_t i = 0; i < h->n; i++)
		if (an_condition_holds(&h->k[i], t)) {
			set |= UINT64_C(1) << i;
			mine++;
		}
	*foreign = mine < n;
	return set;
}

/* -- one hunt -- */

struct round {
	struct combine *x;
	struct ctx *c;
	struct combine_trial *out;
	size_t n, room;
};

/* True if it is asked for already, or now. */
static bool want(struct round *r, const struct treatment *t, enum analysis_row row, unsigned times)
{
	unsigned have = 0;
	for (size_t i = 0; i < r->n; i++)
		have += treatment_eq(&r->out[i].treatment, t) && r->out[i].row == row;
	for (; have < times; have++) {
		if (r->n == r->room || r->x->trials + r->n >= r->x->limits.trials)
			return false;
		r->out[r->n++] = (struct combine_trial){*t, row};
	}
	return true;
}

/* How often exactly this was run, and showed; those whose tool did not work do not count, but in *run. */
static unsigned times(
        const struct ctx *c, const struct treatment *t, enum analysis_row row, const uint8_t *state, unsigned *hits, unsigned *run)
{
	unsigned n = 0;
	*hits = *run = 0;
	for (size_t k = 0; k < c->n; k++) {
		const struct analysis_trial *u = &c->all[k];
		if (u->row != row || !treatment_eq(&u->treatment, t))
			continue;
		++*run;
		n += u->usable;
		*hits += u->usable && state[k] == STATE_AFTER;
	}
	return n;
}

/* A row that came up once is run again, whole: noise does not come again. */
static void again(struct round *r, struct hunt *h, const uint8_t *state)
{
	struct treatment t = r->c->all[h->s.row].treatment;
	unsigned hits, run;
	if (h->s.rows >= 2 || times(r->c, &t, ROW_LOCATE, state, &hits, &run)) {
		h->stage = h->s.rows >= 2 || hits ? STAGE_SEARCH : STAGE_CHANCE;
		return;
	}
	if (run)
		h->stage = STAGE_OPEN;
	else
		(void)want(r, &t, ROW_LOCATE, 1);
}

/* How much more often the condition holds where it shows than where it does not. */
static double association(const struct round *r, const struct hunt *h, size_t i, const uint8_t *state)
{
	unsigned on = 0, on_with = 0, off = 0, off_with = 0;
	for (size_t k = 0; k < r->c->n; k++) {
		const struct analysis_trial *t = &r->c->all[k];
		if (!an_in_base(t, h->s.base) || state[k] == STATE_OTHER || t->row == ROW_NONE)
			continue;
		bool with = an_condition_holds(&h->k[i], &t->treatment), shows = state[k] == STATE_AFTER;
		*(shows ? &on : &off) += 1;
		*(shows ? &on_with : &off_with) += with;
	}
	return (on ? (double)on_with / on : 0) - (off ? (double)off_with / off : 0);
}

/* The device comes first, so that it is in all that is tried until it is known what else it takes: without it each trial draws anew, and
 * what is active in a share of starts would be there in some and not in others. Then what was found for another signature, which may well
 * be it here too; then what goes with it most. */
static void order_of(const struct round *r, const struct hunt *h, const uint8_t *state, uint8_t *order)
{
	double score[LOCATE_MAX];
	for (size_t i = 0; i < h->n; i++) {
		score[i] = association(r, h, i, state);
		for (size_t k = 0; k < r->x->n; k++) {
			const struct hunt *g = &r->x->hunt[k];
			for (size_t j = 0; j < g->n && (g->stage == STAGE_DEVICES || g->stage == STAGE_PROVEN); j++)
				if (g->found >> j & 1 && g->k[j].factor == h->k[i].factor)
					score[i] = fmax(score[i], g->k[j].level == h->k[i].level ? 2 : 1.5);
		}
		if (h->k[i].factor == CONDITION_DEVICE)
			score[i] = 3;
		size_t at = i;
		for (; at && score[order[at - 1]] < score[i]; at--)
			order[at] = order[at - 1];
		order[at] = (uint8_t)i;
	}
}

static int search(struct round *r, struct hunt *h, const uint8_t *state)
{
	_cleanup_free_ struct locate_known *known = calloc(r->c->n + 2, sizeof(*known));
	uint8_t order[LOCATE_MAX];
	size_t n = 0;
	if (!known)
		return -ENOMEM;
	for (size_t k = 0; k < r->c->n; k++) {
		const struct analysis_trial *t = &r->c->all[k];
		bool foreign;
		if (!an_in_base(t, h->s.base) || (t->row == ROW_NONE && t->combined))
			continue;
		uint64_t set = held(h, &t->treatment, &foreign);
		/* A third value is not what is looked for; where other conditions hold too it may be their work. Of what is drawn, and of
		 * quantities, it says nothing at all. */
		if (state[k] == STATE_OTHER && (foreign || holds_device(h)))
			continue;
		known[n++] = (struct locate_known){set, state[k] == STATE_AFTER, foreign};
	}
	order_of(r, h, state, order);
	uint64_t set = 0;
	enum locate_state end = locate_next(known, n, order, h->n, h->strict, &set);
	if (end == LOCATE_TRY) {
		struct treatment t = treatment_of(h, set);
		if (h->asked++ >= ASKED_MAX) {
			h->stage = STAGE_OPEN;
			return 0;
		}
		(void)want(r, &t, ROW_LOCATE, 1);
		/* Nobody waits for one trial alone: whichever way it ends, something is asked next. */
		for (int shows = 0; shows < 2; shows++) {
			uint64_t next;
			known[n] = (struct locate_known){set, shows, false};
			if (r->n < 2 && locate_next(known, n + 1, order, h->n, h->strict, &next) == LOCATE_TRY) {
				t = treatment_of(h, next);
				(void)want(r, &t, ROW_LOCATE, 1);
			}
		}
		return 0;
	}
	h->found = set;
	if (end == LOCATE_FOUND && __builtin_popcountll(set) <= CONDITIONS_MAX) {
		h->stage = STAGE_PROOF;
	} else if (!h->strict) {
		h->strict = true;
	} else {
		h->stage = STAGE_OPEN;
	}
	return 0;
}

static bool no_levels(const struct treatment *t)
{
	for (unsigned f = 0; f < factor_count; f++)
		if (t->level[f])
			return false;
	return true;
}

/* All fresh trials with the set show it, and none of those with a member turned back. */
static void prove(struct round *r, struct hunt *h, const uint8_t *state)
{
	struct treatment t = treatment_of(h, h->found);
	/* What seems to take nothing but the device has to show itself whatever is drawn. */
	enum analysis_row row = t.identity && no_levels(&t) ? ROW_ANEW : ROW_PROOF;
	unsigned hits, run, n = times(r->c, &t, row, state, &hits, &run);
	bool missing = run < r->x->limits.on, failed = hits < n || (!missing && n == 0);
	if (missing)
		(void)want(r, &t, row, r->x->limits.on - run);
	for (size_t i = 0; i < h->n; i++) {
		if (!(h->found >> i & 1))
			continue;
		t = treatment_of(h, h->found & ~(UINT64_C(1) << i));
		n = times(r->c, &t, ROW_PROOF, state, &hits, &run);
		/* What is active in a share of starts is so in some of those without the device, too: they say how large it is. */
		bool device = h->k[i].factor == CONDITION_DEVICE && row == ROW_PROOF;
		/* A quantity may be as far away because the machine was busy: then it is asked more often. */
		bool stray = hits == 1 && h->s.mode == MODE_AMOUNT;
		unsigned least = device || stray ? STARTS * r->x->limits.off : r->x->limits.off;
		failed |= hits > 0 && !device && !stray;
		if (run < least) {
			missing = true;
			(void)want(r, &t, ROW_PROOF, least - run);
		}
	}
	if (failed && !h->strict) {
		h->strict = true;
		h->stage = STAGE_SEARCH;
	} else if (failed || !missing) {
		h->stage = failed ? STAGE_CHANCE : STAGE_DEVICES;
	}
}

static void put_conditions(const struct hunt *h, struct combination *out);
static void count(const struct ctx *c, const struct combination *all, size_t n, struct combination *m, const uint8_t *state);

/* That one device shows it whenever it is run says nothing of the other conditions: they may make it draw otherwise. Others have to be
 * asked, until it is clear. */
static void ask_devices(struct round *r, struct hunt *h, const uint8_t *state)
{
	struct combination m = {.s = &h->s};
	put_conditions(h, &m);
	count(r->c, &m, 1, &m, state);
	bool draw = an_one_draw(&m), hopeless = m.devices >= DEVICES_HOPELESS && m.devices_hits == 0;
	struct treatment t = treatment_of(h, h->found);
	unsigned asked = 0, hits, run;
	while (asked < DEVICES_MORE && draw && !hopeless && h->devices < DEVICES_MAX) {
		t.identity = DEVICES_MORE_FROM + h->devices++;
		/* Another hunt may have asked for it. */
		(void)times(r->c, &t, ROW_PROOF, state, &hits, &run);
		asked += !run && want(r, &t, ROW_PROOF, 1);
	}
	if (!asked)
		h->stage = draw ? STAGE_CHANCE : STAGE_PROVEN;
}

/* -- rounds -- */

static int begin(struct combine *x, struct ctx *c)
{
	_cleanup_(an_entries_free) struct entries list = {0};
	_cleanup_(an_signatures_free) struct signatures found = {0};
	x->begun = true;
	int r = an_collect(c, &list);
	r = r ? r : an_rows(c, &found);
	if (r)
		return r;
	x->suspected = (unsigned)found.n;
	/* The least like noise come first; the rest is counted with what was not followed. */
	x->n = found.n < SIGNATURES_MAX ? found.n : SIGNATURES_MAX;
	x->hunt = calloc(x->n + 1, sizeof(*x->hunt));
	if (!x->hunt)
		return -ENOMEM;
	for (size_t i = 0; i < x->n; i++) {
		struct hunt *h = &x->hunt[i];
		h->s = found.s[i];
		/* Of what looks like this tool's noise there is no end. */
		h->stage = h->s.by_chance < CHANCE_MAX ? STAGE_AGAIN : STAGE_CHANCE;
		h->n = conditions_of(&c->all[h->s.row].treatment, h->k);
		h->identity = c->all[h->s.row].treatment.identity;
		h->n -= holds_device(h) && h->identity;
	}
	return 0;
}

/* Of those that came up in one row each, only so many rows are run again: those that hold the clearest. */
static bool row_has_turn(const struct combine *x, const struct hunt *h)
{
	size_t rows[ROWS_MAX], n = 0;
	for (size_t i = 0; i < x->n && n < ROWS_MAX; i++) {
		const struct hunt *g = &x->hunt[i];
		size_t k = 0;
		while (k < n && rows[k] != g->s.row)
			k++;
		if (g->s.rows < 2 && k == n && g->stage < STAGE_PROVEN)
			rows[n++] = g->s.row;
	}
	for (size_t i = 0; i < n; i++)
		if (rows[i] == h->s.row)
			return true;
	return false;
}

/* To the gateway and to the official host the same is sent, so the same may be hidden in it: what the one takes is known when the other
 * was followed, and then it takes a fraction of the trials. */
static bool waits(const struct round *r, const struct hunt *h)
{
	const char *address = an_text_of(feature_at(r->c->s, h->s.feature)->address);
	/* What is drawn, and quantities, are others each time. */
	bool any = holds_device(h);
	for (const struct hunt *g = r->x->hunt; g < h; g++)
		if (g->stage >= STAGE_SEARCH && g->stage < STAGE_PROVEN && g->s.base != h->s.base && g->s.mode == h->s.mode &&
		        (any || (slice_eq(g->s.before, h->s.before) && slice_eq(g->s.after, h->s.after))) &&
		        strcmp(an_text_of(feature_at(r->c->s, g->s.feature)->address), address) == 0)
			return true;
	return false;
}

/* Before it begins: devices with no level, where two rows of one drew the same and do not say the same. */
static int ask_alone(struct round *r)
{
	struct treatment *t = NULL;
	size_t n = 0;
	r->x->asked = true;
	int e = an_drawn_wanted(r->c, ALONE_MAX, &t, &n);
	for (size_t i = 0; i < n && e == 0; i++)
		(void)want(r, &t[i], ROW_LOCATE, 1);
	return e;
}

static bool found_holds(const struct hunt *g, const struct treatment *t)
{
	bool all = g->stage == STAGE_PROVEN;
	for (size_t k = 0; k < g->n && all; k++)
		all = !(g->found >> k & 1) || g->k[k].factor == CONDITION_DEVICE || an_condition_holds(&g->k[k], t);
	return all;
}

/* A quantity may be another one because of what shows otherwise too, a message more: that comes first, and may say why. So may the same of
 * another row, once both are known to come again. */
static bool of_others(const struct round *r, struct hunt *h)
{
	const struct treatment *t = &r->c->all[h->s.row].treatment;
	bool wait = false;
	if (h->s.mode != MODE_AMOUNT || h->stage > STAGE_SEARCH || h->asked)
		return false;
	for (size_t i = 0; i < r->x->n; i++) {
		const struct hunt *g = &r->x->hunt[i];
		bool alike = g->s.mode == MODE_AMOUNT;
		if (g == h || (alike && h->stage == STAGE_AGAIN))
			continue;
		wait |= alike ? g < h && g->stage >= STAGE_SEARCH && g->stage < STAGE_PROVEN : g->stage < STAGE_PROVEN;
		if (g->s.base == h->s.base && found_holds(g, t)) {
			h->stage = STAGE_CHANCE;
			return true;
		}
	}
	return wait;
}

static int one_round(struct round *r, uint8_t *state)
{
	struct combine *x = r->x;
	size_t turns = 0;
	/* Twice, so that what becomes known of one helps the others at once. */
	for (size_t i = 0; i < x->n; i++) {
		struct hunt *h = &x->hunt[i];
		if (h->stage >= STAGE_PROVEN)
			continue;
		if (h->stage == STAGE_AGAIN && h->s.rows < 2 && !row_has_turn(x, h)) {
			h->stage = STAGE_OPEN;
			continue;
		}
		if (h->stage != STAGE_AGAIN && (turns >= AT_ONCE || waits(r, h)))
			continue;
		if (of_others(r, h))
			continue;
		int e = an_states(r->c, &h->s, state);
		if (e)
			return e;
		size_t before = r->n;
		if (h->stage == STAGE_AGAIN)
			again(r, h, state);
		for (int k = 0; k < 2 && h->stage == STAGE_SEARCH && e == 0 && turns < AT_ONCE && !waits(r, h) && !of_others(r, h); k++)
			e = search(r, h, state);
		if (h->stage == STAGE_PROOF)
			prove(r, h, state);
		if (h->stage == STAGE_DEVICES)
			ask_devices(r, h, state);
		if (e)
			return e;
		turns += r->n > before;
	}
	return 0;
}

int combine_next(struct combine *x, const struct feature_set *s, const struct analysis_trial *t, size_t n, const struct profile *profile,
        struct combine_trial **out, size_t *n_out)
{
	_cleanup_(an_ctx_free) struct ctx c = {.s = s, .t = t, .n = n, .profile = profile, .arena = x->arena};
	_cleanup_free_ uint8_t *state = calloc(n + 1, 1);
	struct round r = {.x = x, .c = &c, .room = x->limits.trials};
	*n_out = 0;
	if (x->rounds++ >= ROUNDS_MAX)
		return 0;
	int e = an_ctx_init(&c);
	r.out = arena_array(x->arena, r.room + 1, sizeof(*r.out));
	if (e || !state || !r.out)
		return -ENOMEM;
	e = x->asked ? 0 : ask_alone(&r);
	e = e || r.n || x->begun ? e : begin(x, &c);
	/* What a round settles without a trial may be what another hunt waits for. */
	for (int k = 0; k < 3 && r.n == 0 && e == 0; k++)
		e = one_round(&r, state);
	if (e)
		return e;
	x->trials += (unsigned)r.n;
	*out = r.out;
	*n_out = r.n;
	return 0;
}

/* -- what came of it -- */

static void put_conditions(const struct hunt *h, struct combination *out)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->found >> i & 1)
			out->if_all[out->n++] = h->k[i];
}

/* All but the device: another one, or the base's own and what it draws this time, for which it is active too, or not. */
static bool other_device(const struct combination *m, const struct treatment *t)
{
	bool all = true, device = false;
	for (size_t i = 0; i < m->n; i++) {
		bool is = m->if_all[i].factor == CONDITION_DEVICE;
		device |= is;
		all = all && (is || an_condition_holds(&m->if_all[i], t));
	}
	return device && all;
}

/* None of its factors has a level beside the base's and its own: a sibling may do the same. */
static bool no_sibling(const struct combination *m, const struct treatment *t)
{
	bool none = true;
	for (size_t i = 0; i < m->n; i++) {
		const struct condition *k = &m->if_all[i];
		none = none && (k->factor == CONDITION_DEVICE || !t->level[k->factor] || t->level[k->factor] == k->level);
	}
	return none;
}

static unsigned conditions_held(const struct combination *m, const struct treatment *t)
{
	unsigned n = 0;
	for (size_t i = 0; i < m->n; i++)
		n += an_condition_holds(&m->if_all[i], t);
	return n;
}

/* Looked at after every few devices, so that chance has several turns: one in a hundred would be too much. What also comes without the
 * other conditions comes by itself, and has to come far more often with them. */
#define DEVICES_P       0.004
#define DEVICES_P_NOISE 0.0004

bool an_one_draw(const struct combination *m)
{
	bool device = false;
	for (size_t i = 0; i < m->n; i++)
		device |= m->if_all[i].factor == CONDITION_DEVICE;
	/* The row that brought it up is one more. */
	return device && m->n > 1 &&
	       (m->devices_hits == 0 || stat_fisher(m->devices_hits + 1, m->devices + 1, m->others_hits, m->others) >
	                                        (m->others_hits ? DEVICES_P_NOISE : DEVICES_P));
}

/* Another value than those two may be other factors' work: such trials say nothing. */
static void count(const struct ctx *c, const struct combination *all, size_t n, struct combination *m, const uint8_t *state)
{
	for (size_t k = 0; k < c->n; k++) {
		const struct analysis_trial *t = &c->all[k];
		bool on = an_all_hold(m, &t->treatment), hit = state[k] == STATE_AFTER, other = false;
		if (!an_in_base(t, m->s->base) || k == m->s->row || state[k] == STATE_OTHER)
			continue;
		bool device_alone = m->n == 1 && m->if_all[0].factor == CONDITION_DEVICE;
		if (t->row == (device_alone ? ROW_ANEW : ROW_PROOF) && on) {
			m->on++;
			m->on_hits += hit;
			continue;
		}
		if (on) {
			m->with += t->row == ROW_ARRAY;
			m->with_hits += t->row == ROW_ARRAY && hit;
			continue;
		}
		if (other_device(m, &t->treatment)) {
			/* What was run to find what it takes was chosen for what it showed. */
			m->devices += t->row != ROW_LOCATE;
			m->devices_hits += t->row != ROW_LOCATE && hit;
			continue;
		}
		for (size_t i = 0; i < n && !other; i++)
			other = all[i].s->feature == m->s->feature && &all[i] != m && an_all_hold(&all[i], &t->treatment);
		if (other)
			continue;
		if (t->row == ROW_PROOF && conditions_held(m, &t->treatment) + 1 == m->n) {
			m->off++;
			m->off_hits += hit;
		}
		m->pool++;
		m->pool_hits += hit;
		if (no_sibling(m, &t->treatment)) {
			m->others++;
			m->others_hits += hit;
		}
	}
	m->p = stat_fisher(m->on_hits, m->on, m->pool_hits, m->pool);
}

int combine_results(const struct combine *x, struct ctx *c, struct combination **out, size_t *n, uint32_t **tested, size_t *n_tested)
{
	struct combination *all = arena_array(c->arena, x->n + 1, sizeof(*all));
	_cleanup_free_ uint8_t *state = calloc(c->n + 1, 1);
	size_t k = 0;
	*tested = arena_array(c->arena, x->n + 1, sizeof(**tested));
	if (!all || !state || !*tested)
		return -ENOMEM;
	*n_tested = 0;
	for (size_t i = 0; i < x->n; i++) {
		const struct hunt *h = &x->hunt[i];
		if (h->s.by_chance < CHANCE_MAX)
			(*tested)[(*n_tested)++] = h->s.feature;
		if (h->stage != STAGE_PROVEN)
			continue;
		all[k] = (struct combination){.s = &h->s};
		put_conditions(h, &all[k++]);
	}
	for (size_t i = 0; i < k; i++) {
		int r = an_states(c, all[i].s, state);
		if (r)
			return r;
		count(c, all, k, &all[i], state);
	}
	*out = all;
	*n = k;
	return 0;
}
