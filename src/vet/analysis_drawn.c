/* Ids in rows of several levels. Two rows of a base are one made-up device, which draws the same random numbers in both: an id that follows
 * from what is drawn alone is then the same in both. Where it is the same but for a few characters, one of the two says something in them,
 * and the device, run with no level at all, says which. No row need be run twice for it, and each is compared once. */
#include "vet/analysis_token.h"

#include <errno.h>

/* It repeats exactly what it was: no share of trials looks like it. */
#define BY_CHANCE 1e-6

struct drawn {
	struct tokens tokens;
	size_t *like; /* by trial: the one without a level that drew the same, or n: none */
};

void an_drawn_free(struct ctx *c)
{
	if (!c->drawn)
		return;
	tokens_free(&c->drawn->tokens);
	free(c->drawn->like);
	free(c->drawn);
	c->drawn = NULL;
}

static bool is_device_alone(const struct analysis_trial *t)
{
	const struct treatment alone = {.base = t->treatment.base, .identity = t->treatment.identity};
	return t->usable && t->row == ROW_LOCATE && t->treatment.identity && treatment_eq(&t->treatment, &alone);
}

static int drawn_of(struct ctx *c)
{
	if (c->drawn)
		return 0;
	struct drawn *d = c->drawn = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->like = calloc(c->n + 1, sizeof(*d->like));
	int r = d->like ? tokens_of(c, &d->tokens) : -ENOMEM;
	for (size_t o = 0; o < c->n && r == 0; o++) {
		const struct analysis_trial *t = &c->all[o];
		d->like[o] = t->combined ? c->n : c->twin[o];
		for (size_t k = 0; k < c->n && d->like[o] == c->n && t->row && t->stream; k++)
			if (is_device_alone(&c->all[k]) && c->all[k].stream == t->stream && an_in_base(&c->all[k], t->treatment.base))
				d->like[o] = k;
	}
	return r;
}

static bool is_row(const struct analysis_trial *t)
{
	return t->usable && t->row == ROW_ARRAY && t->stream;
}

/* Is an id in one of the two nearly what it is in the other? */
static bool nearly_the_same(const struct ctx *c, size_t a, size_t b)
{
	for (size_t i = 0; i < c->drawn->tokens.n; i++) {
		const struct token *t = &c->drawn->tokens.t[i];
		if (t->drawn && t->there[a] && t->there[b] && token_likeness(token_text(c, t, a), token_text(c, t, b)) == LIKE_NEARLY)
			return true;
	}
	return false;
}

int an_drawn_wanted(struct ctx *c, size_t max, struct treatment **out, size_t *n)
{
	struct treatment *all = *out = arena_array(c->arena, max + 1, sizeof(*all));
	int r = all ? drawn_of(c) : -ENOMEM;
	*n = 0;
	for (size_t a = 0; a < c->n && r == 0; a++)
		for (size_t b = a + 1; b < c->n && *n < max && is_row(&c->all[a]) && c->drawn->like[a] == c->n; b++) {
			const struct analysis_trial *t = &c->all[a], *u = &c->all[b];
			if (is_row(u) && u->stream == t->stream && u->treatment.base == t->treatment.base && nearly_the_same(c, a, b))
				all[(*n)++] = (struct treatment){.base = t->treatment.base, .identity = t->treatment.identity};
		}
	return r;
}

/* How the id is in that trial, beside the one that drew the same. */
static int state_of(const struct ctx *c, const struct token *t, size_t o, enum state *out)
{
	size_t like = c->drawn->like[o];
	bool explained = false;
	*out = STATE_OTHER;
	if (is_device_alone(&c->all[o])) {
		*out = STATE_BEFORE;
		return 0;
	}
	if (like == c->n || !t->there[o] || !t->there[like])
		return 0;
	enum likeness is = token_likeness(token_text(c, t, like), token_text(c, t, o));
	int r = is == LIKE_NEARLY ? token_explained(c, t, like, o, &explained) : 0;
	if (r == 0 && is != LIKE_NOT && !explained)
		*out = is == LIKE_SAME ? STATE_BEFORE : STATE_AFTER;
	return r;
}

/* The token's own states; of other bases STATE_OTHER. */
static int states_of(const struct ctx *c, const struct token *t, enum vet_base base, uint8_t *out)
{
	int r = 0;
	for (size_t o = 0; o < c->n && r == 0; o++) {
		enum state s = STATE_OTHER;
		if (an_in_base(&c->all[o], base))
			r = state_of(c, t, o, &s);
		out[o] = (uint8_t)s;
	}
	return r;
}

int an_drawn_rows(struct ctx *c, struct signatures *out)
{
	_cleanup_free_ uint8_t *state = calloc(c->n + 1, 1);
	int r = state ? drawn_of(c) : -ENOMEM;
	for (size_t i = 0; r == 0 && i < c->drawn->tokens.n; i++) {
		const struct token *t = &c->drawn->tokens.t[i];
		for (int b = 0; b < BASE_COUNT && t->drawn && r == 0; b++) {
			size_t row = c->n;
			unsigned rows = 0;
			r = states_of(c, t, (enum vet_base)b, state);
			for (size_t o = 0; o < c->n && r == 0; o++)
				if (is_row(&c->all[o]) && state[o] == STATE_AFTER && rows++ == 0)
					row = o;
			if (rows == 0 || r)
				continue;
			struct signature s = {.feature = token_feature(c, t, row),
			        .base = (enum vet_base)b,
			        .mode = MODE_DRAWN,
			        .ref = c->drawn->like[row],
			        .row = row,
			        .before = arena_copy(c->arena, token_text(c, t, c->drawn->like[row])),
			        .after = arena_copy(c->arena, token_text(c, t, row)),
			        .why = {.class = CLASS_COVERT, .kind = "bits of ids", .rule = "drawn", .text = ""},
			        .rows = rows,
			        .by_chance = BY_CHANCE,
			        .part = t->index};
			r = !s.before.p || !s.after.p ? -ENOMEM : an_signature_add(out, &s);
		}
	}
	return r;
}

int an_drawn_states(struct ctx *c, const struct signature *s, uint8_t *out)
{
	int r = drawn_of(c);
	memset(out, STATE_OTHER, c->n);
	for (size_t i = 0; r == 0 && i < c->drawn->tokens.n; i++) {
		const struct token *t = &c->drawn->tokens.t[i];
		if (t->drawn && t->index == s->part && token_feature(c, t, s->row) == s->feature)
			return states_of(c, t, s->base, out);
	}
	return r;
}
