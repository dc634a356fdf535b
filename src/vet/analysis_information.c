/* How many bits of the factor a feature tells: which levels were tried, and what was seen under each. */
#include "vet/analysis_part.h"

#include <errno.h>

#define SEED   0x62697473u
#define LEVELS 256

struct tally {
	unsigned *count; /* by level and by what is seen */
	size_t levels, seen, n_seen;
};

static int tally_init(struct tally *t, size_t levels, size_t seen)
{
	*t = (struct tally){.levels = levels, .seen = seen};
	t->count = calloc(levels * seen + 1, sizeof(*t->count));
	return t->count ? 0 : -ENOMEM;
}

static void tally_free(struct tally *t)
{
	free(t->count);
}

/* Rows and columns that were used only. */
static int tally_bits(const struct tally *t, struct stat_bits *out)
{
	bool row[LEVELS] = {false}, column[LEVELS + 2] = {false};
	size_t rows = 0, columns = 0, n = 0;
	for (size_t l = 0; l < t->levels; l++)
		for (size_t y = 0; y < t->n_seen; y++)
			if (t->count[l * t->seen + y])
				row[l] = column[y] = true;
	for (size_t l = 0; l < t->levels; l++)
		rows += row[l];
	for (size_t y = 0; y < t->n_seen; y++)
		columns += column[y];
	_cleanup_free_ unsigned *c = calloc(rows * columns + 1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	for (size_t l = 0; l < t->levels; l++)
		for (size_t y = 0; y < t->n_seen && row[l]; y++)
			if (column[y])
				c[n++] = t->count[l * t->seen + y];
	int r = stat_information(c, rows, columns, SEED, out);
	if (r == -EINVAL)
		*out = (struct stat_bits){0};
	return r == -EINVAL ? 0 : r;
}

static bool same(struct slice a, struct slice b)
{
	return an_presence_eq(a, b) && slice_eq(a, b);
}

int an_bits_of_entry(struct ctx *c, const struct entry *e, struct stat_bits *out)
{
	_cleanup_(tally_free) struct tally t;
	_cleanup_free_ struct slice *seen = calloc(LEVELS + 2, sizeof(*seen));
	struct view v;
	if (tally_init(&t, LEVELS, LEVELS + 2) || !seen)
		return -ENOMEM;
	/* What is as in the baselines, and what the entry is about; then whatever else other levels show. */
	seen[0] = e->before;
	seen[1] = e->after;
	t.n_seen = 2;
	t.count[0 * t.seen + 0] = e->pool - e->pool_hits;
	t.count[0 * t.seen + 1] = e->pool_hits;
	t.count[e->level * t.seen + 0] = e->runs - e->hits;
	t.count[e->level * t.seen + 1] = e->hits;
	int r = an_view(c, e->feature, &v);
	for (size_t o = 0; o < c->n && r == 0; o++) {
		const struct analysis_trial *u = &c->t[o];
		if (!an_in_base(u, e->base) || u->baseline || u->combined || u->factor != e->factor || u->level == e->level)
			continue;
		struct slice x = feature_value(c->s, e->feature, (unsigned)o);
		if (e->mode == MODE_PRESENCE && x.p)
			x = e->before.p ? e->before : e->after;
		else if (e->mode == MODE_SHAPE && x.p)
			x = buf_slice(&c->shapes[o]);
		else if (an_says_same(u, e->factor, x, e->before))
			x = e->before;
		size_t k = 0;
		while (k < t.n_seen && !same(seen[k], x))
			k++;
		if (k == LEVELS + 2)
			continue;
		seen[k] = x;
		t.n_seen = k == t.n_seen ? k + 1 : t.n_seen;
		t.count[u->level % LEVELS * t.seen + k]++;
	}
	an_view_end(c, &v);
	return r ? r : tally_bits(&t, out);
}

/* A value that is told: each level that was told is one of its own, those that were not look alike. */
int an_bits_of_echo(const struct ctx *c, const struct feature_echo *e, struct stat_bits *out)
{
	_cleanup_(tally_free) struct tally t;
	enum vet_base base = c->t[e->observation].treatment.base;
	if (tally_init(&t, LEVELS, LEVELS + 1))
		return -ENOMEM;
	t.n_seen = LEVELS + 1;
	for (size_t o = 0; o < c->n; o++) {
		const struct analysis_trial *u = &c->t[o];
		if (!an_in_base(u, base) || u->combined)
			continue;
		unsigned level = an_level_of(u, e->factor);
		bool told = an_has_echo(c, e->feature, (unsigned)o, e->factor, e->digest);
		t.count[level * t.seen + (told ? level : LEVELS)]++;
	}
	return tally_bits(&t, out);
}

int an_bits_of_counts(unsigned with_hits, unsigned with, unsigned without_hits, unsigned without, struct stat_bits *out)
{
	unsigned c[4] = {without - without_hits, without_hits, with - with_hits, with_hits};
	int r = stat_information(c, 2, 2, SEED, out);
	if (r == -EINVAL)
		*out = (struct stat_bits){0};
	return r == -EINVAL ? 0 : r;
}
