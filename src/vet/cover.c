#include "vet/cover.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/random.h"

#define UNSET      UINT8_MAX
#define TUPLES_MAX ((uint64_t)16 << 20)
#define TRIES      24 /* rows that are drawn for each that is taken */
/* The whole is done several times, and the smallest kept; of large ones a few times only. */
#define RESTARTS       10
#define RESTARTS_LARGE 2
#define LARGE          4096 /* combinations */

/* Sets of `strength` axes are numbered as combinations are (the combinatorial number system): axes a < b < c have the number
 * C(a, 1) + C(b, 2) + C(c, 3). From each number, `offset` gives where the set's combinations of levels begin. */
struct builder {
	const struct cover_spec *s;
	size_t axes;
	unsigned t;
	uint64_t choose[COVER_AXES_MAX + 1][COVER_STRENGTH_MAX + 1];
	uint32_t *offset;
	uint8_t *open; /* by combination: still wanted */
	uint32_t n_tuples, n_open;
	uint32_t *stack; /* of combinations, those still wanted first; `at` is where each is in it */
	uint32_t *at;
	uint64_t random;
};

static void builder_free(struct builder *b)
{
	free(b->offset);
	free(b->open);
	free(b->stack);
	free(b->at);
}

static bool forbidden(const struct cover_spec *s, const uint8_t *row)
{
	for (size_t i = 0; i < s->n_forbid; i++)
		if (row[s->forbid[i].axis[0]] == s->forbid[i].level[0] && row[s->forbid[i].axis[1]] == s->forbid[i].level[1])
			return true;
	return false;
}

/* Can the axes that are unset be set at all? A search, but there are few things that are forbidden: `bound` are the axes that they are
 * about, and how the others are set does not matter. */
static bool completable(const struct cover_spec *s, uint8_t *row, size_t from, const bool bound[COVER_AXES_MAX])
{
	if (forbidden(s, row))
		return false;
	while (from < s->axes && (row[from] != UNSET || !bound[from]))
		from++;
	if (from == s->axes)
		return true;
	bool good = false;
	for (unsigned l = 0; l < s->levels[from] && !good; l++) {
		row[from] = (uint8_t)l;
		good = completable(s, row, from + 1, bound);
	}
	row[from] = UNSET;
	return good;
}

static bool allowed(const struct cover_spec *s, uint8_t *row)
{
	bool bound[COVER_AXES_MAX] = {false};
	for (size_t i = 0; i < s->n_forbid; i++)
		bound[s->forbid[i].axis[0]] = bound[s->forbid[i].axis[1]] = true;
	return s->n_forbid == 0 || completable(s, row, 0, bound);
}

static uint32_t tuple_at(const struct builder *b, const uint8_t *axis, const uint8_t *row)
{
	uint64_t set = 0, level = 0;
	for (unsigned i = 0; i < b->t; i++) {
		set += b->choose[axis[i]][i + 1];
		level = level * b->s->levels[axis[i]] + row[axis[i]];
	}
	return b->offset[set] + (uint32_t)level;
}

/* Steps axis[0..t) to the next set of axes below `axes`; false after the last. Begins with 0, 1, … t - 1. */
static bool next_set(uint8_t *axis, unsigned t, size_t axes)
{
	for (unsigned i = 0; i < t; i++) {
		size_t limit = i + 1 < t ? axis[i + 1] : axes;
		if ((size_t)axis[i] + 1 < limit) {
			axis[i]++;
			for (unsigned k = 0; k < i; k++)
				axis[k] = (uint8_t)k;
			return true;
		}
	}
	return false;
}

static void first_set(uint8_t *axis, unsigned t)
{
	for (unsigned i = 0; i < t; i++)
		axis[i] = (uint8_t)i;
}

static void open_swap(struct builder *b, uint32_t x, uint32_t y)
{
	uint32_t p = b->stack[x], q = b->stack[y];
	b->stack[x] = q;
	b->stack[y] = p;
	b->at[q] = x;
	b->at[p] = y;
}

static void settle(struct builder *b, uint32_t tuple)
{
	if (!b->open[tuple])
		return;
	b->open[tuple] = 0;
	open_swap(b, b->at[tuple], --b->n_open);
}

/* The levels of one combination of a set, in row; the other axes are unset. */
static void spell(const struct builder *b, const uint8_t *axis, uint64_t level, uint8_t *row)
{
	memset(row, UNSET, b->axes);
	for (unsigned i = b->t; i-- > 0;) {
		row[axis[i]] = (uint8_t)(level % b->s->levels[axis[i]]);
		level /= b->s->levels[axis[i]];
	}
}

static uint64_t levels_of_set(const struct builder *b, const uint8_t *axis)
{
	uint64_t n = 1;
	for (unsigned i = 0; i < b->t; i++)
		n *= b->s->levels[axis[i]];
	return n;
}

static int builder_init(struct builder *b, const struct cover_spec *s)
{
	*b = (struct builder){.s = s, .axes = s->axes, .t = s->strength < s->axes ? s->strength : (unsigned)s->axes, .random = s->seed};
	for (size_t n = 0; n <= COVER_AXES_MAX; n++)
		for (size_t k = 0; k <= COVER_STRENGTH_MAX; k++)
			b->choose[n][k] = k == 0 ? 1 : n == 0 ? 0 : b->choose[n - 1][k] + b->choose[n - 1][k - 1];
	uint8_t axis[COVER_STRENGTH_MAX], row[COVER_AXES_MAX];
	uint64_t sets = b->choose[b->axes][b->t], total = 0, set = 0;
	b->offset = calloc(sets + 1, sizeof(*b->offset));
	if (!b->offset)
		return -ENOMEM;
	first_set(axis, b->t);
	do {
		b->offset[set++] = (uint32_t)total;
		total += levels_of_set(b, axis);
		if (total > TUPLES_MAX)
			return -E2BIG;
	} while (next_set(axis, b->t, b->axes));
	b->n_tuples = (uint32_t)total;
	b->open = calloc(total, 1);
	b->stack = calloc(total, sizeof(*b->stack));
	b->at = calloc(total, sizeof(*b->at));
	if (!b->open || !b->stack || !b->at)
		return -ENOMEM;
	for (uint32_t i = 0; i < b->n_tuples; i++)
		b->stack[i] = b->at[i] = i;
	b->n_open = b->n_tuples;
	memset(b->open, 1, total);
	/* Of what is forbidden nothing is wanted. */
	first_set(axis, b->t);
	set = 0;
	do {
		uint64_t n = levels_of_set(b, axis);
		for (uint64_t l = 0; l < n && s->n_forbid; l++) {
			spell(b, axis, l, row);
			if (!allowed(s, row))
				settle(b, b->offset[set] + (uint32_t)l);
		}
		set++;
	} while (next_set(axis, b->t, b->axes));
	return 0;
}

/* How many combinations that are still wanted the axis would complete at this level, with the `n` axes in `have` (ascending) that are set.
 * `pick` is where the set is gathered, `k` how many of it are there. */
static uint32_t gain_with(const struct builder *b, const uint8_t *row, const uint8_t *have, size_t n, size_t from, uint8_t axis,
        uint8_t *pick, unsigned k, bool in)
{
	if (k == b->t)
		return b->open[tuple_at(b, pick, row)];
	uint32_t sum = 0;
	unsigned missing = b->t - k;
	/* The axis itself has its place among the others. */
	for (size_t i = from; i < n; i++) {
		if (!in && have[i] > axis)
			break;
		pick[k] = have[i];
		if (missing > (in ? 0u : 1u))
			sum += gain_with(b, row, have, n, i + 1, axis, pick, k + 1, in);
	}
	if (!in) {
		size_t next = from;
		while (next < n && have[next] < axis)
			next++;
		pick[k] = axis;
		sum += gain_with(b, row, have, n, next, axis, pick, k + 1, true);
	}
	return sum;
}

/* The same for pairs, which is what most arrays are of. */
static uint32_t gain_of_pairs(const struct builder *b, const uint8_t *row, const uint8_t *have, size_t n, uint8_t axis)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < n; i++) {
		uint8_t pair[2] = {have[i] < axis ? have[i] : axis, have[i] < axis ? axis : have[i]};
		uint64_t set = b->choose[pair[0]][1] + b->choose[pair[1]][2];
		sum += b->open[b->offset[set] + (uint32_t)row[pair[0]] * b->s->levels[pair[1]] + row[pair[1]]];
	}
	return sum;
}

static uint32_t gain(const struct builder *b, uint8_t *row, const uint8_t *have, size_t n, uint8_t axis, uint8_t level)
{
	uint8_t pick[COVER_STRENGTH_MAX];
	row[axis] = level;
	uint32_t g = b->t == 2 ? gain_of_pairs(b, row, have, n, axis) : gain_with(b, row, have, n, 0, axis, pick, 0, false);
	row[axis] = UNSET;
	return g;
}

/* The combination of that number. */
static void spell_tuple(const struct builder *b, uint32_t tuple, uint8_t *row)
{
	uint8_t axis[COVER_STRENGTH_MAX];
	uint64_t low = 0, high = b->choose[b->axes][b->t];
	while (high - low > 1) {
		uint64_t mid = (low + high) / 2;
		*(b->offset[mid] <= tuple ? &low : &high) = mid;
	}
	uint64_t rest = low;
	size_t c = b->axes;
	for (unsigned i = b->t; i-- > 0;) {
		do
			c--;
		while (b->choose[c][i + 1] > rest);
		axis[i] = (uint8_t)c;
		rest -= b->choose[c][i + 1];
	}
	spell(b, axis, tuple - b->offset[low], row);
}

/* One row that covers at least one more combination: a wanted one is drawn, then the other axes are set in an order that is drawn too,
 * each to the level that completes most. */
static uint32_t draw_row(struct builder *b, uint8_t *row)
{
	uint8_t order[COVER_AXES_MAX], have[COVER_AXES_MAX];
	size_t n = 0, left = 0;
	uint32_t total = 1;
	spell_tuple(b, b->stack[random_below(&b->random, b->n_open)], row);
	for (size_t i = 0; i < b->axes; i++) {
		if (row[i] == UNSET)
			order[left++] = (uint8_t)i;
		else
			have[n++] = (uint8_t)i;
	}
	while (left) {
		size_t k = (size_t)random_below(&b->random, left);
		uint8_t axis = order[k], best = 0;
		uint32_t most = 0;
		uint64_t ties = 0;
		order[k] = order[--left];
		for (unsigned l = 0; l < b->s->levels[axis]; l++) {
			row[axis] = (uint8_t)l;
			bool good = allowed(b->s, row);
			row[axis] = UNSET;
			uint32_t g = good ? gain(b, row, have, n, axis, (uint8_t)l) : 0;
			if (!good || (ties && g < most))
				continue;
			ties = !ties || g > most ? 1 : ties + 1;
			most = g;
			if (random_below(&b->random, ties) == 0)
				best = (uint8_t)l;
		}
		row[axis] = best;
		total += most;
		size_t at = n++;
		while (at && have[at - 1] > axis) {
			have[at] = have[at - 1];
			at--;
		}
		have[at] = axis;
	}
	return total;
}

static void settle_row(struct builder *b, const uint8_t *row)
{
	uint8_t axis[COVER_STRENGTH_MAX];
	first_set(axis, b->t);
	do
		settle(b, tuple_at(b, axis, row));
	while (next_set(axis, b->t, b->axes));
}

static bool well_formed(const struct cover_spec *s)
{
	if (s->axes == 0 || s->axes > COVER_AXES_MAX || s->strength == 0 || s->strength > COVER_STRENGTH_MAX)
		return false;
	for (size_t i = 0; i < s->axes; i++)
		if (s->levels[i] == 0 || s->levels[i] == UNSET)
			return false;
	for (size_t i = 0; i < s->n_forbid; i++)
		for (int k = 0; k < 2; k++)
			if (s->forbid[i].axis[k] >= s->axes || s->forbid[i].level[k] >= s->levels[s->forbid[i].axis[k]])
				return false;
	return true;
}

/* Everything is wanted again, but for what is forbidden: `wanted` is how many those are, at the front of the stack. */
static void reopen(struct builder *b, uint32_t wanted)
{
	b->n_open = wanted;
	for (uint32_t i = 0; i < wanted; i++)
		b->open[b->stack[i]] = 1;
}

struct rows {
	uint8_t *level;
	size_t n, room;
};

static void rows_free(struct rows *r)
{
	free(r->level);
}

static int rows_fill(struct builder *b, struct rows *out)
{
	size_t axes = b->axes, max = b->s->max_rows;
	out->n = 0;
	while (b->n_open && (!max || out->n < max)) {
		uint8_t best[COVER_AXES_MAX] = {0}, row[COVER_AXES_MAX];
		uint32_t most = 0;
		for (unsigned i = 0; i < TRIES; i++) {
			uint32_t g = draw_row(b, row);
			if (g <= most)
				continue;
			most = g;
			memcpy(best, row, axes);
		}
		if (out->n == out->room) {
			size_t room = out->room ? 2 * out->room : 64;
			uint8_t *more = reallocarray(out->level, room, axes);
			if (!more)
				return -ENOMEM;
			out->level = more;
			out->room = room;
		}
		memcpy(out->level + out->n++ * axes, best, axes);
		settle_row(b, best);
	}
	return 0;
}

int cover_build(const struct cover_spec *s, struct arena *arena, struct cover_array *out)
{
	_cleanup_(builder_free) struct builder b = {0};
	_cleanup_(rows_free) struct rows best = {0};
	if (!well_formed(s))
		return -EINVAL;
	int r = builder_init(&b, s);
	if (r)
		return r;
	uint32_t wanted = b.n_open, left = UINT32_MAX;
	for (unsigned i = 0; i < (wanted > LARGE ? RESTARTS_LARGE : RESTARTS); i++) {
		_cleanup_(rows_free) struct rows rows = {0};
		reopen(&b, wanted);
		r = rows_fill(&b, &rows);
		if (r)
			return r;
		if (b.n_open > left || (b.n_open == left && rows.n >= best.n))
			continue;
		left = b.n_open;
		struct rows swap = best;
		best = rows;
		rows = swap;
	}
	uint8_t *level = arena_array(arena, best.n * s->axes + 1, 1);
	if (!level)
		return -ENOMEM;
	if (best.n)
		memcpy(level, best.level, best.n * s->axes);
	*out = (struct cover_array){level, best.n, s->axes};
	return 0;
}

/* -- the checker -- */

struct count {
	const struct cover_spec *s;
	const uint8_t *rows;
	size_t n;
	struct cover_count *out;
	uint8_t want[COVER_AXES_MAX]; /* UNSET: any */
};

static void count_from(struct count *c, size_t axis, unsigned left)
{
	if (left == 0) {
		if (!allowed(c->s, c->want))
			return;
		c->out->wanted++;
		for (size_t r = 0; r < c->n; r++) {
			const uint8_t *row = c->rows + r * c->s->axes;
			size_t i = 0;
			while (i < c->s->axes && (c->want[i] == UNSET || c->want[i] == row[i]))
				i++;
			if (i == c->s->axes) {
				c->out->covered++;
				return;
			}
		}
		return;
	}
	for (; axis + left <= c->s->axes; axis++) {
		for (unsigned l = 0; l < c->s->levels[axis]; l++) {
			c->want[axis] = (uint8_t)l;
			count_from(c, axis + 1, left - 1);
		}
		c->want[axis] = UNSET;
	}
}

struct cover_count cover_check(const struct cover_spec *s, const uint8_t *level, size_t rows)
{
	struct cover_count out = {0};
	if (!well_formed(s))
		return out;
	struct count c = {.s = s, .rows = level, .n = rows, .out = &out};
	memset(c.want, UNSET, sizeof(c.want));
	count_from(&c, 0, s->strength < s->axes ? s->strength : (unsigned)s->axes);
	return out;
}
