/* Tokens that tell one device from another: keyed digests of what identifies it. */
#include "vet/analysis_part.h"

#include <errno.h>

#define TOKENS_MAX  16
#define VALUE_MAX   4096
#define DEVICES_MAX 64
#define DEVICES_MIN 6 /* all with another token: sixteen values (a digit) would repeat among as many more often than not */
/* No row of any plan is that device, and no hunt asks for it. */
#define DEVICES_FROM 200000u

/* The one token in which a and b differ, if all that is around the tokens is the same: its index, or TOKENS_MAX. */
static size_t only_token(struct slice a, struct slice b, struct slice *x, struct slice *y)
{
	struct slice s[TOKENS_MAX], t[TOKENS_MAX];
	size_t at = 0, to = 0, found = TOKENS_MAX;
	if (a.n > VALUE_MAX || b.n > VALUE_MAX)
		return TOKENS_MAX;
	size_t n = feature_tokens(a, s, TOKENS_MAX), m = feature_tokens(b, t, TOKENS_MAX);
	if (n != m || n > TOKENS_MAX)
		return TOKENS_MAX;
	for (size_t i = 0; i < n; i++) {
		struct slice before = slice_sub(a, at, (size_t)(s[i].p - a.p) - at), after = slice_sub(b, to, (size_t)(t[i].p - b.p) - to);
		if (!slice_eq(before, after))
			return TOKENS_MAX;
		at = (size_t)(s[i].p - a.p) + s[i].n;
		to = (size_t)(t[i].p - b.p) + t[i].n;
		if (slice_eq(s[i], t[i]))
			continue;
		if (found < TOKENS_MAX)
			return TOKENS_MAX;
		found = i;
		*x = s[i];
		*y = t[i];
	}
	return slice_eq(slice_from(a, at), slice_from(b, to)) ? found : TOKENS_MAX;
}

/* Two digests of different things have a sixteenth of their hexadecimal digits in common; a token that is marked has nearly all. */
static bool are_apart(struct slice x, struct slice y)
{
	size_t same = 0;
	for (size_t i = 0; i < x.n && x.n == y.n; i++)
		same += x.p[i] == y.p[i];
	return x.n == y.n && 2 * same < x.n;
}

/* Does a token of e's value change, in whole, with what identifies a device? *n: on how many made-up devices it is another one each time.
 * False if that is not so, or not on all of them. */
static bool keyed_by_device(const struct ctx *c, const struct entry *e, unsigned *n)
{
	const struct treatment device = {.identity = 1};
	struct slice known[DEVICES_MAX], x = SLICE_NONE, y = SLICE_NONE, w[TOKENS_MAX];
	uint32_t of[DEVICES_MAX];
	*n = 0;
	/* What is drawn is another one each time, and says nothing of the device. */
	if (!factor_of_identity(&device, e->factor) || (e->mode != MODE_RAW && !e->kept) || !e->before.p || !e->after.p)
		return false;
	size_t token = only_token(e->before, e->after, &x, &y);
	if (token == TOKENS_MAX || !are_apart(x, y))
		return false;
	/* Of the forms only those tokens are left that stay: the value itself has the others, too. */
	struct slice raw = feature_value(c->s, e->feature, (unsigned)e->ref);
	size_t all = raw.n <= VALUE_MAX ? feature_tokens(raw, w, TOKENS_MAX) : 0;
	for (token = 0; token < all && token < TOKENS_MAX && !slice_eq(w[token], x);)
		token++;
	if (token >= all || token == TOKENS_MAX)
		return false;
	for (size_t o = 0; o < c->n && *n < DEVICES_MAX; o++) {
		const struct treatment *t = &c->all[o].treatment;
		struct slice v = c->all[o].usable && t->identity ? feature_value(c->s, e->feature, (unsigned)o) : SLICE_NONE;
		if (!v.p || v.n > VALUE_MAX || feature_tokens(v, w, TOKENS_MAX) != all)
			continue;
		bool again = false;
		for (unsigned i = 0; i < *n; i++) {
			again |= of[i] == t->identity;
			if (of[i] != t->identity && !are_apart(known[i], w[token]))
				return false;
		}
		if (again)
			continue;
		of[*n] = t->identity;
		known[(*n)++] = w[token];
	}
	return true;
}

unsigned an_keyed_by_device(const struct ctx *c, const struct entry *e)
{
	unsigned n;
	return keyed_by_device(c, e, &n) && n >= DEVICES_MIN ? n : 0;
}

int analysis_devices(const struct feature_set *s, const struct analysis_trial *trials, size_t n, const struct profile *profile,
        struct arena *arena, struct treatment **out, size_t *n_out)
{
	_cleanup_(an_ctx_free) struct ctx c = {.s = s, .t = trials, .n = n, .profile = profile, .arena = arena};
	_cleanup_(an_entries_free) struct entries list = {0};
	bool base[BASE_COUNT] = {0};
	*n_out = 0;
	*out = arena_array(arena, BASE_COUNT * DEVICES_MIN, sizeof(**out));
	int r = *out ? an_ctx_init(&c) : -ENOMEM;
	r = r == 0 ? an_collect(&c, &list) : r;
	for (size_t i = 0; i < list.n && r == 0; i++) {
		const struct entry *e = &list.e[i];
		unsigned seen;
		if (e->why.class != CLASS_COVERT || base[e->base] || !keyed_by_device(&c, e, &seen) || seen >= DEVICES_MIN)
			continue;
		base[e->base] = true;
		for (unsigned k = seen; k < DEVICES_MIN; k++)
			(*out)[(*n_out)++] = (struct treatment){.base = e->base, .identity = DEVICES_FROM + k};
	}
	return r;
}
