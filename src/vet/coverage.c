#include "vet/coverage.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include "base/buf.h"
#include "vet/stat.h"

#define OPEN_MAX     10
#define STRENGTH_MAX 3 /* that is counted and told */

unsigned coverage_strength(const struct vet_options *o)
{
	static const unsigned by_effort[] = {[PLAN_QUICK] = 2, [PLAN_NORMAL] = 2, [PLAN_THOROUGH] = 3};
	return o->behind ? 1 : o->strength ? o->strength : by_effort[o->effort];
}

/* Rows of the array of a base, from trials in which the tool worked, however they came to be. */
static size_t rows_of(const struct plan *p, enum vet_base base, const struct analysis_trial *t, size_t n, uint8_t *out, unsigned *arrays)
{
	size_t axes = p->array[base].n, rows = 0;
	*arrays = 0;
	for (size_t i = 0; i < n; i++) {
		if (!t[i].usable || t[i].treatment.base != base)
			continue;
		plan_row_of(p, &t[i].treatment, out + rows++ * axes);
		*arrays += t[i].row == ROW_ARRAY;
	}
	return rows;
}

static int put_combos(const struct plan *p, const struct analysis_trial *t, size_t n, struct arena *arena, struct vet_coverage *out)
{
	struct vet_combos *all = arena_array(arena, BASE_COUNT * STRENGTH_MAX, sizeof(*all));
	_cleanup_free_ uint8_t *rows = malloc((n + 1) * 64);
	if (!all || !rows)
		return -ENOMEM;
	for (int b = 0; b < BASE_COUNT; b++) {
		uint8_t levels[64];
		struct cover_forbid forbid[4 * PLAN_AXIS_MAX];
		unsigned arrays;
		for (unsigned strength = 2; strength <= STRENGTH_MAX && p->array[b].n >= strength; strength++) {
			struct cover_spec s;
			struct vet_combos *c = &all[out->n_combos];
			size_t axes = plan_spec(p, (enum vet_base)b, strength, levels, forbid, &s);
			size_t have = rows_of(p, (enum vet_base)b, t, n, rows, &arrays);
			struct cover_count count = cover_check(&s, rows, have);
			*c = (struct vet_combos){.base = vet_base_name((enum vet_base)b),
			        .strength = strength,
			        .factors = (unsigned)axes,
			        .wanted = count.wanted,
			        .covered = count.covered,
			        .rows = arrays};
			for (size_t i = 0; i < axes; i++)
				c->levels += levels[i];
			out->n_combos++;
		}
	}
	out->combos = all;
	return 0;
}

/* The largest share that could have been missed by so many devices. */
static double bound(unsigned devices)
{
	return devices ? 1 - pow(1 - ROLLOUT_LEVEL, 1.0 / devices) : 1;
}

/* A row of a device, in that base (any, below 0) and with that level of the axis (any, of none). */
static bool is_row(const struct analysis_trial *t, int base, const struct plan_axis *a, unsigned level)
{
	return t->usable && t->row == ROW_ARRAY && t->treatment.identity && (base < 0 || (int)t->treatment.base == base) &&
	       (!a || t->treatment.level[a->factor] == a->level[level]);
}

static unsigned devices_in(const struct analysis_trial *t, size_t n, int base, const struct plan_axis *a, unsigned level)
{
	unsigned devices = 0;
	for (size_t i = 0; i < n; i++) {
		bool first = is_row(&t[i], base, a, level);
		/* Two rows may be of one device. */
		for (size_t k = 0; k < i && first; k++)
			first = t[k].treatment.identity != t[i].treatment.identity || !is_row(&t[k], base, a, level);
		devices += first;
	}
	return devices;
}

/* One base is enough for what is active anywhere; for what takes a level too it is the least often set level of the better base. */
static void put_devices(const struct plan *p, const struct analysis_trial *t, size_t n, struct vet_coverage *out)
{
	out->devices = devices_in(t, n, -1, NULL, 0);
	out->rollout = bound(out->devices);
	unsigned least = 0;
	for (int b = 0; b < BASE_COUNT; b++) {
		unsigned here = UINT32_MAX;
		for (size_t i = 0; i < p->array[b].n; i++)
			for (unsigned l = 0; l < p->array[b].axis[i].n; l++) {
				unsigned k = devices_in(t, n, b, &p->array[b].axis[i], l);
				here = k < here ? k : here;
			}
		if (p->array[b].n && here > least)
			least = here;
	}
	out->rollout_level = bound(least);
}

static const char *percent(struct arena *arena, double share)
{
	return arena_fmt(arena, share < 0.1 ? "%.1f %%" : "%.0f %%", share * 100);
}

static int put_open(const struct plan *p, struct arena *arena, struct vet_coverage *out)
{
	const char **s = arena_array(arena, OPEN_MAX, sizeof(*s));
	_cleanup_buf_ struct buf b = BUF(4096);
	size_t n = 0;
	if (!s)
		return -ENOMEM;
	if (p->n_rows == 0) {
		s[n++] =
		        "One factor was varied at a time from each base: a dependence that shows only when two factors have certain values "
		        "together was looked for only between the API host and one further factor.";
	} else {
		for (size_t i = 0; i < out->n_combos; i++) {
			const struct vet_combos *c = &out->combos[i];
			if (c->strength > out->strength || c->covered == c->wanted)
				continue;
			buf_fmt(&b, "%s%" PRIu64 " of %" PRIu64 " %s (%s hosts)", b.n ? ", " : "", c->wanted - c->covered, c->wanted,
			        c->strength == 2 ? "pairs" : "triples", c->base);
		}
		if (b.n)
			s[n++] = arena_fmt(arena, "Combinations of levels that no trial had: %s.", buf_str(&b));
		s[n++] = arena_fmt(arena,
		        "Behaviour that takes %u or more conditions at once was met only by chance; of several levels of a factor at most "
		        "%u "
		        "(%u of where the API is) were combined with each of the others', and further ones with some.",
		        out->strength + 1, PLAN_AXIS_MAX_OTHER, PLAN_AXIS_MAX);
		s[n++] = arena_fmt(arena,
		        "What is active on less than %s of devices (%s if it takes one more condition) can have been missed: %u made-up "
		        "devices "
		        "were tried.",
		        percent(arena, out->rollout), out->rollout_level < 1 ? percent(arena, out->rollout_level) : "on any share",
		        out->devices);
	}
	if (!out->clock_stepped)
		s[n++] = "All trials had the date of today: what begins on a date was not looked for.";
	if (out->unfollowed)
		s[n++] = arena_fmt(arena,
		        "%u difference%s that came with several factors at once %s not followed to the end: what it takes is not known.",
		        out->unfollowed, out->unfollowed == 1 ? "" : "s", out->unfollowed == 1 ? "was" : "were");
	for (size_t i = 0; i < n; i++)
		if (!s[i])
			return -ENOMEM;
	out->open = s;
	out->n_open = n;
	return 0;
}

int coverage_fill(const struct plan *plan, const struct vet_options *o, const struct analysis_trial *t, size_t n, const struct combine *x,
        struct arena *arena, struct vet_coverage *out)
{
	*out = (struct vet_coverage){.strength = plan->n_rows ? coverage_strength(o) : 1, .rollout_asked = o->rollout};
	int r = plan->n_rows ? put_combos(plan, t, n, arena, out) : 0;
	put_devices(plan, t, n, out);
	size_t date = factor_find("date");
	for (size_t i = 0; i < n && date < factor_count; i++)
		out->clock_stepped |= t[i].usable && t[i].treatment.level[date];
	if (x) {
		struct combine_account a = combine_account(x);
		out->suspected = a.suspected;
		out->located = a.located;
		out->by_chance = a.chance;
		out->unfollowed = a.open;
		out->locating = a.trials;
	}
	return r ? r : put_open(plan, arena, out);
}
