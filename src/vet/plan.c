#include "vet/plan.h"

#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/random.h"

const char *plan_effort_name(enum plan_effort e)
{
	static const char *const names[] = {"quick", "normal", "thorough"};
	return names[e];
}

struct treatment plan_treatment(enum vet_base base, unsigned factor, unsigned level)
{
	struct treatment t = {.base = base};
	if (factor < ARRAY_LEN(t.level))
		t.level[factor] = (uint8_t)level;
	return t;
}

struct plan_trial plan_fresh(const struct treatment *t)
{
	struct plan_trial p = {.treatment = *t};
	unsigned varied = 0;
	for (unsigned f = 0; f < factor_count; f++)
		if (t->level[f]) {
			varied++;
			p.factor = f;
			p.level = t->level[f];
		}
	if (varied > 1)
		p.factor = p.level = 0;
	return p;
}

static int filter_read(const char *filter, bool chosen[64], struct err *err)
{
	bool none = !filter || !*filter;
	for (size_t i = 0; i < factor_count; i++)
		chosen[i] = none;
	struct slice rest = slice_str(none ? "" : filter), part;
	while (!none && slice_split(&rest, ',', &part)) {
		part = slice_trim(part);
		size_t i = 0;
		while (i < factor_count && !slice_is(part, factor_table[i].name))
			i++;
		if (i == factor_count) {
			char names[480];
			size_t n = 0;
			for (size_t k = 0; k < factor_count; k++) {
				size_t len = strlen(factor_table[k].name);
				if (n + len + 3 > sizeof(names))
					break;
				if (n)
					names[n++] = ' ';
				memcpy(names + n, factor_table[k].name, len);
				n += len;
			}
			names[n] = 0;
			return err_set(err, -EINVAL, "no factor is called '%.*s'; there are: %s", SLICE_FMT(slice_sub(part, 0, 60)), names);
		}
		chosen[i] = true;
	}
	return 0;
}

struct builder {
	struct plan_trial *t;
	size_t n, room, cap;
	bool *varied;
};

static void add(struct builder *b, enum vet_base base, unsigned factor, unsigned level, bool baseline)
{
	if (b->n >= b->cap || b->n >= b->room)
		return;
	b->t[b->n++] = (struct plan_trial){
	        .treatment = plan_treatment(base, factor, level), .baseline = baseline, .factor = factor, .level = level};
	if (!baseline)
		b->varied[factor] = true;
}

static bool fits(enum vet_base base, unsigned factor, bool has_gateway)
{
	return base == BASE_GATEWAY ? has_gateway : !factor_table[factor].only_gateway;
}

/* Quick: in the order of what is most often a trigger, until the budget is used up. */
static void quick_add(struct builder *b, const bool chosen[64], uint64_t seed, bool has_gateway)
{
	unsigned tz = (unsigned)factor_find("timezone");
	enum vet_base wide = has_gateway ? BASE_GATEWAY : BASE_OFFICIAL;
	/* Factors with several quick levels that say where the tool is: all levels in the wider base, the first two in the other. */
	for (unsigned f = 0; f < factor_count; f++)
		for (unsigned l = 1; chosen[f] && (f == tz || factor_table[f].only_gateway) && l < factor_table[f].n_levels; l++) {
			if (!factor_table[f].levels[l].quick || !fits(wide, f, has_gateway))
				continue;
			add(b, wide, f, l, false);
			if (f == tz && l <= 2 && wide != BASE_OFFICIAL)
				add(b, BASE_OFFICIAL, f, l, false);
		}
	/* The others once, from alternating bases; the seed says which begins, so that two runs can see both. */
	unsigned turn = (unsigned)(seed & 1);
	for (unsigned f = 0; f < factor_count; f++)
		for (unsigned l = 1; chosen[f] && f != tz && !factor_table[f].only_gateway && l < factor_table[f].n_levels; l++)
			if (factor_table[f].levels[l].quick)
				add(b, has_gateway && turn++ % 2 ? BASE_GATEWAY : BASE_OFFICIAL, f, l, false);
	for (unsigned f = 0; f < factor_count; f++)
		for (unsigned l = (unsigned)factor_table[f].n_levels; chosen[f] && l < factor_level_count(f); l++)
			if (factor_level_at(f, l)->quick && fits(wide, f, has_gateway))
				add(b, wide, f, l, false);
	for (unsigned l = 3; chosen[tz] && has_gateway && l < factor_table[tz].n_levels; l++)
		if (factor_table[tz].levels[l].quick)
			add(b, BASE_OFFICIAL, tz, l, false);
}

static void shuffle(struct plan_trial *t, size_t first, size_t end, uint64_t seed)
{
	uint64_t state = seed ^ 0x706f737465726e00;
	for (size_t i = end; i > first + 1; i--) {
		size_t k = first + (size_t)random_below(&state, i - first);
		struct plan_trial swap = t[i - 1];
		t[i - 1] = t[k];
		t[k] = swap;
	}
}

int plan_build(enum plan_effort effort, uint64_t seed, const char *filter, bool has_gateway, struct arena *arena, struct plan *out,
        struct err *err)
{
	static const unsigned baselines[] = {4, 6, 10};
	struct plan p = {.effort = effort, .has_gateway = has_gateway};
	bool chosen[64] = {false};
	int r = filter_read(filter, chosen, err);
	if (r)
		return r;
	size_t room = 2 * baselines[effort];
	for (unsigned f = 0; f < factor_count; f++)
		room += 2 * factor_level_count(f);
	struct builder b = {.room = room, .cap = effort == PLAN_QUICK ? PLAN_QUICK_MAX - PLAN_QUICK_KEPT : SIZE_MAX, .varied = p.varied};
	b.t = arena_array(arena, room, sizeof(*b.t));
	if (!b.t)
		return err_set(err, -ENOMEM, "no memory for the plan");
	for (unsigned i = 0; i < baselines[effort]; i++) {
		add(&b, BASE_OFFICIAL, 0, 0, true);
		if (has_gateway)
			add(&b, BASE_GATEWAY, 0, 0, true);
	}
	size_t first = b.n;
	if (effort == PLAN_QUICK) {
		quick_add(&b, chosen, seed, has_gateway);
	} else {
		for (unsigned f = 0; f < factor_count; f++)
			for (unsigned l = 1; chosen[f] && l < factor_level_count(f); l++)
				for (unsigned k = 0; k < 2; k++) {
					enum vet_base base = k % 2 ? BASE_GATEWAY : BASE_OFFICIAL;
					if ((effort == PLAN_THOROUGH || factor_level_at(f, l)->quick) && fits(base, f, has_gateway))
						add(&b, base, f, l, false);
				}
	}
	/* One that has no levels but those of the artefact is varied in rows. */
	for (unsigned f = 0; f < factor_count; f++)
		p.varied[f] |= chosen[f] && factor_table[f].n_levels == 1 && factor_level_count(f) > 1;
	shuffle(b.t, first, b.n, seed);
	p.trials = b.t;
	p.n = b.n;
	*out = p;
	return 0;
}

/* -- several at once -- */

/* The base level; then, of levels found in the artefact itself, some from all over their list, and of the table's those that --quick has.
 */
static void axis_init(struct plan_axis *a, unsigned f)
{
	size_t max = factor_table[f].only_gateway ? PLAN_AXIS_MAX : PLAN_AXIS_MAX_OTHER, extras = 0, taken = 0;
	size_t all = factor_level_count(f), own = factor_table[f].n_levels;
	*a = (struct plan_axis){.factor = f, .n = 1};
	for (size_t l = own; l < all; l++)
		extras += factor_level_at(f, (unsigned)l)->quick;
	size_t room = extras < (max - 1) / 2 + 1 ? extras : (max - 1) / 2 + 1;
	for (size_t l = own, k = 0; l < all && room; l++)
		if (factor_level_at(f, (unsigned)l)->quick && k++ * room / extras >= taken && taken < room) {
			a->level[a->n++] = (uint8_t)l;
			taken++;
		}
	for (size_t l = 1; l < own && a->n < max; l++)
		if (factor_table[f].levels[l].quick)
			a->level[a->n++] = (uint8_t)l;
}

static bool has_level(const struct plan_array *p, const char *factor, unsigned level, uint8_t *axis, uint8_t *at)
{
	for (size_t i = 0; i < p->n; i++)
		for (uint8_t l = 0; l < p->axis[i].n; l++)
			if (strcmp(factor_table[p->axis[i].factor].name, factor) == 0 && p->axis[i].level[l] == level) {
				*axis = (uint8_t)i;
				*at = l;
				return true;
			}
	return false;
}

static size_t without_git(const struct plan_array *p, struct cover_forbid *out)
{
	struct cover_forbid f = {0};
	size_t n = 0;
	for (unsigned i = 0; i < factor_count; i++)
		for (unsigned l = 1; factor_of_repository(i) && l < PLAN_AXIS_MAX; l++)
			if (has_level(p, "git", 1, &f.axis[0], &f.level[0]) &&
			        has_level(p, factor_table[i].name, l, &f.axis[1], &f.level[1]))
				out[n++] = f;
	return n;
}

size_t plan_spec(
        const struct plan *p, enum vet_base base, unsigned strength, uint8_t *levels, struct cover_forbid *forbid, struct cover_spec *out)
{
	const struct plan_array *a = &p->array[base];
	for (size_t i = 0; i < a->n; i++)
		levels[i] = a->axis[i].n;
	*out = (struct cover_spec){.levels = levels, .axes = a->n, .strength = strength, .forbid = forbid};
	out->n_forbid = without_git(a, forbid);
	return a->n;
}

void plan_row_of(const struct plan *p, const struct treatment *t, uint8_t *row)
{
	const struct plan_array *a = &p->array[t->base];
	for (size_t i = 0; i < a->n; i++) {
		row[i] = UINT8_MAX;
		for (uint8_t l = 0; l < a->axis[i].n; l++)
			if (t->level[a->axis[i].factor] == a->axis[i].level[l])
				row[i] = l;
	}
}

void plan_treatment_words(const struct treatment *t, char *out, size_t size)
{
	unsigned factors = 0;
	_cleanup_buf_ struct buf b = BUF(4096);
	for (unsigned f = 0; f < factor_count; f++)
		factors += t->level[f] != 0;
	if (factors > 4)
		buf_fmt(&b, "%u factors", factors);
	for (unsigned f = 0; f < factor_count && factors <= 4; f++)
		if (t->level[f])
			buf_fmt(&b, "%s%s = %s", b.n ? " together with " : "", factor_table[f].title,
			        factor_level_at(f, t->level[f])->name);
	if (t->identity)
		buf_fmt(&b, "%s" PLAN_DEVICE "%u", b.n ? " together with " : "", t->identity);
	(void)snprintf(out, size, "%s", b.n ? buf_str(&b) : "baseline");
}

static void push_row(struct plan *p, const struct treatment *t)
{
	p->trials[p->n++] = (struct plan_trial){.treatment = *t, .row = ++p->n_rows};
}

static unsigned levels_shared(const struct treatment *a, const struct treatment *b)
{
	unsigned n = 0;
	for (unsigned f = 0; f < factor_count; f++)
		n += a->level[f] && a->level[f] == b->level[f];
	return n;
}

/* Each row is another device; or two of a base are one, which draws the same in both, so that what follows from what is drawn can be
 * compared (vet/analysis_drawn.c). There are at least so many devices; the two are as different as can be, so that most levels meet as many
 * devices as before. */
static void put_devices(struct plan *p, size_t first, size_t least)
{
	bool two = p->n - first >= 2 * least && p->effort != PLAN_QUICK;
	for (size_t i = first; i < p->n; i++) {
		struct treatment *t = &p->trials[i].treatment, *other = NULL;
		if (t->identity)
			continue;
		t->identity = ++p->n_devices;
		for (size_t k = i + 1; k < p->n && two; k++) {
			struct treatment *u = &p->trials[k].treatment;
			if (u->base == t->base && !u->identity && (!other || levels_shared(t, u) < levels_shared(t, other)))
				other = u;
		}
		if (other)
			other->identity = t->identity;
	}
}

static void put_row(struct plan *p, enum vet_base base, const uint8_t *row)
{
	struct treatment t = {.base = base};
	for (size_t i = 0; i < p->array[base].n; i++)
		t.level[p->array[base].axis[i].factor] = p->array[base].axis[i].level[row[i]];
	push_row(p, &t);
}

/* Rows until the plan has that many trials, from the arrays in turn, as their sizes are to each other; the first rows of an array cover
 * most. More than there are: from the beginning again, as other devices. */
static void put_rows(struct plan *p, const struct cover_array a[BASE_COUNT], size_t had[BASE_COUNT], size_t n)
{
	while (p->n < n) {
		int b = had[0] * a[1].rows <= had[1] * a[0].rows && a[0].rows ? 0 : a[1].rows ? 1 : 0;
		put_row(p, (enum vet_base)b, a[b].level + had[b]++ % a[b].rows * a[b].axes);
	}
}

/* -- every level -- */

/* Rows in which each known level is set at least once, and each with others. Of such rows at least and at most so many. */
#define MIXED_TRIES 40
#define NEVER_SET   8
static const unsigned mixed_least[] = {8, 76, 80}, mixed_most[] = {16, 80, 96};

/* seen: levels that were set; met: pairs of levels of two factors that were set together in some row, in either base. Levels are counted
 * through all factors: level l of factor f is number first[f] + l. */
struct mixed {
	bool seen[64][UINT8_MAX + 1];
	uint64_t dice;
	size_t first[65];
	uint8_t *met; /* a square of first[factor_count] */
};

static bool mixed_new(struct mixed *m, struct arena *arena)
{
	for (unsigned f = 0; f < factor_count; f++)
		m->first[f + 1] = m->first[f] + factor_level_count(f);
	size_t n = m->first[factor_count];
	m->met = arena_array(arena, n * n, 1);
	return m->met != NULL;
}

static uint8_t *met(struct mixed *m, unsigned f, unsigned l, unsigned g, unsigned k)
{
	return &m->met[(m->first[f] + l) * m->first[factor_count] + m->first[g] + k];
}

static void note_row(struct mixed *m, const struct treatment *t)
{
	for (unsigned f = 0; f < factor_count; f++) {
		m->seen[f][t->level[f]] = true;
		for (unsigned g = 0; g < factor_count; g++)
			*met(m, f, t->level[f], g, t->level[g]) = 1;
	}
}

static void note_seen(const struct plan *p, struct mixed *m)
{
	for (size_t i = 0; i < p->n; i++)
		note_row(m, &p->trials[i].treatment);
}

/* Of these, levels of the artefact's own are tried alone (vet/mined.h). */
static bool tried_alone(unsigned f)
{
	return factor_table[f].only_gateway || strcmp(factor_table[f].name, "timezone") == 0 || strcmp(factor_table[f].name, "locale") == 0;
}

/* The level that meets the most levels that it never met, among what is set so far, one that was never set first; now and then the base
 * level, because what one level hides is seen where it is not set. *new: how many more it meets. */
static unsigned mixed_level(struct mixed *m, unsigned f, const struct treatment *t, const bool set[64], unsigned *new)
{
	unsigned own = (unsigned)factor_table[f].n_levels, n = tried_alone(f) ? own : (unsigned)factor_level_count(f), best = 0, most = 0;
	if (n < 2 || random_below(&m->dice, 2 * n) == 0)
		return 0;
	unsigned from = (unsigned)random_below(&m->dice, n - 1);
	for (unsigned i = 0; i + 1 < n; i++) {
		unsigned l = 1 + (from + i) % (n - 1), here = m->seen[f][l] ? 1 : NEVER_SET;
		for (unsigned g = 0; g < factor_count; g++)
			here += set[g] && t->level[g] && !*met(m, f, l, g, t->level[g]);
		if (here > most) {
			most = here;
			best = l;
		}
	}
	*new += most;
	return best;
}

/* A row, and how much is new in it. */
static unsigned mixed_row(struct plan *p, enum vet_base base, struct mixed *m, struct treatment *out)
{
	struct treatment t = {.base = base};
	const struct plan_array *a = &p->array[base];
	bool plain = false, set[64] = {false};
	unsigned new = 0;
	uint8_t order[64];
	for (size_t i = 0; i < a->n; i++) {
		size_t k = (size_t)random_below(&m->dice, i + 1);
		order[i] = order[k];
		order[k] = (uint8_t)i;
	}
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < a->n; i++) {
			unsigned f = a->axis[order[i]].factor;
			if (factor_of_repository(f) != (round == 1) || (plain && round))
				continue;
			t.level[f] = (uint8_t)mixed_level(m, f, &t, set, &new);
			set[f] = true;
			plain |= strcmp(factor_table[f].name, "git") == 0 && t.level[f] == 1;
		}
	*out = t;
	return new;
}

/* The best of several rows (as AETG does; see vet/cover.h). False: there was no level in it that was never set. */
static bool put_mixed(struct plan *p, enum vet_base base, struct mixed *m)
{
	struct treatment best = {.base = base}, t;
	unsigned most = 0;
	bool fresh = false;
	for (int i = 0; i < MIXED_TRIES; i++) {
		unsigned new = mixed_row(p, base, m, &t);
		if (new > most) {
			most = new;
			best = t;
		}
	}
	for (unsigned f = 0; f < factor_count; f++)
		fresh |= !m->seen[f][best.level[f]];
	note_row(m, &best);
	push_row(p, &best);
	return fresh;
}

int plan_rows(struct plan *p, unsigned strength, size_t min_rows, size_t max_rows, uint64_t seed, struct arena *arena)
{
	struct cover_array a[BASE_COUNT] = {0};
	size_t all = 0;
	p->strength = strength;
	for (int b = 0; b < BASE_COUNT; b++) {
		struct plan_array *array = &p->array[b];
		array->n = 0;
		/* The machine-id is another one in every row. */
		for (unsigned f = 0; f < factor_count && strength >= 2; f++)
			if (p->varied[f] && fits((enum vet_base)b, f, p->has_gateway) && strcmp(factor_table[f].name, "machine_id") != 0)
				axis_init(&array->axis[array->n++], f);
		if (array->n < 2 || (b == BASE_GATEWAY && !p->has_gateway))
			array->n = 0;
		uint8_t levels[64];
		struct cover_forbid forbid[4 * PLAN_AXIS_MAX];
		struct cover_spec s;
		if (plan_spec(p, (enum vet_base)b, strength, levels, forbid, &s) == 0)
			continue;
		s.seed = seed + (uint64_t)b;
		int r = cover_build(&s, arena, &a[b]);
		if (r)
			return r;
		all += a[b].rows;
	}
	if (all == 0)
		return 0;
	/* Of few rows, half. */
	size_t mixed = mixed_most[p->effort], half = (max_rows + 1) / 2;
	mixed = max_rows && mixed > half ? half : mixed;
	size_t left = max_rows ? max_rows - mixed : SIZE_MAX, total = all > left ? left : all, first = p->n;
	struct plan_trial *t = arena_array(arena, p->n + total + mixed + min_rows + 1, sizeof(*t));
	_cleanup_free_ struct mixed *m = calloc(1, sizeof(*m));
	if (!t || !m || !mixed_new(m, arena))
		return -ENOMEM;
	m->dice = seed ^ 0x6d69786564;
	memcpy(t, p->trials, p->n * sizeof(*t));
	p->trials = t;
	size_t had[BASE_COUNT] = {0};
	put_rows(p, a, had, first + total);
	note_seen(p, m);
	bool bases[BASE_COUNT] = {p->array[BASE_OFFICIAL].n > 0, p->array[BASE_GATEWAY].n > 0}, fresh = true;
	for (size_t i = 0; i < mixed && (fresh || i < mixed_least[p->effort]); i++) {
		enum vet_base b = bases[BASE_GATEWAY] && (!bases[BASE_OFFICIAL] || i % 2 == 0) ? BASE_GATEWAY : BASE_OFFICIAL;
		bool new = put_mixed(p, b, m);
		/* The gateway's names can be set in one base alone: that the other has nothing new is not the end. */
		fresh = new || (fresh && b == BASE_OFFICIAL && bases[BASE_GATEWAY]);
	}
	put_rows(p, a, had, first + min_rows);
	put_devices(p, first, min_rows);
	shuffle(t, first, p->n, seed);
	return 0;
}

/* -- what is left out -- */

static size_t levels_tried(const struct plan *p, unsigned factor, int base)
{
	bool seen[UINT8_MAX + 1] = {false};
	size_t n = 0;
	for (size_t i = 0; i < p->n; i++) {
		const struct plan_trial *t = &p->trials[i];
		unsigned level = t->row ? t->treatment.level[factor] : !t->baseline && t->factor == factor ? t->level : 0;
		if (level == 0 || (base >= 0 && (int)t->treatment.base != base) || seen[level & UINT8_MAX])
			continue;
		seen[level & UINT8_MAX] = true;
		n++;
	}
	return n;
}

/* "a, b, c" of the titles that pass(); NULL if there is none. */
static const char *titles(const struct plan *p, struct arena *arena, bool (*pass)(const struct plan *p, unsigned factor))
{
	_cleanup_buf_ struct buf b = BUF(4096);
	for (unsigned f = 0; f < factor_count; f++)
		if (pass(p, f))
			buf_fmt(&b, "%s%s", b.n ? ", " : "", factor_table[f].title);
	return b.n && !buf_error(&b) ? arena_str(arena, buf_slice(&b)) : NULL;
}

static bool not_varied(const struct plan *p, unsigned f)
{
	return !p->varied[f] && (p->has_gateway || !factor_table[f].only_gateway) && factor_level_count(f) > 1;
}

static bool only_official(const struct plan *p, unsigned f)
{
	return p->has_gateway && p->varied[f] && levels_tried(p, f, BASE_GATEWAY) == 0;
}

static bool only_at_gateway(const struct plan *p, unsigned f)
{
	return p->varied[f] && !factor_table[f].only_gateway && levels_tried(p, f, BASE_OFFICIAL) == 0;
}

int plan_not_covered(const struct plan *p, struct arena *arena, const char *const **out, size_t *n)
{
	const char **s = arena_array(arena, 12, sizeof(*s)), *t;
	if (!s)
		return -ENOMEM;
	size_t k = 0;
	if ((t = titles(p, arena, not_varied)))
		s[k++] = arena_fmt(arena, "Not varied: %s.", t);
	if (!p->has_gateway)
		s[k++] = "The tool was not run against a gateway: dependences on the name of the API host were not looked for.";
	if ((t = titles(p, arena, only_official)))
		s[k++] = arena_fmt(arena, "Varied with the official hosts only, not behind a gateway: %s.", t);
	if ((t = titles(p, arena, only_at_gateway)))
		s[k++] = arena_fmt(arena, "Varied behind a gateway only, not with the official hosts: %s.", t);
	_cleanup_buf_ struct buf b = BUF(4096);
	for (unsigned f = 0; f < factor_count; f++) {
		size_t have = factor_level_count(f) - 1, tried = levels_tried(p, f, -1);
		if (tried && tried < have)
			buf_fmt(&b, "%s%s %zu of %zu", b.n ? ", " : "", factor_table[f].title, tried, have);
	}
	if (b.n)
		s[k++] = arena_fmt(arena, "Not all known levels were tried: %s.", buf_str(&b));
	s[k++] = "A value that is in no list of levels can be a trigger that was not met.";
	s[k++] = "Behaviour that begins later (after days of use, on a date other than those tried, by a switch that the vendor's server "
	         "sends, or in a share of "
	         "installations) does not show in short trials with one prompt.";
	for (size_t i = 0; i < k; i++)
		if (!s[i])
			return -ENOMEM;
	*out = s;
	*n = k;
	return 0;
}
