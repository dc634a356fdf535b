#include "vet/analysis_token.h"

#include <errno.h>

#include "base/encode.h"
#include "vet/stat_order.h"

#define TOKENS_MAX  512
#define PARTS_MAX   12
#define LENGTH_MIN  8
#define VALUE_MAX   600 /* bytes: longer values are texts */
#define TRIALS_MIN  12
#define NUMBER_BITS 8
/* Of what comes and goes, or is now one, now another of a few values, so many are looked at, and of one endpoint. */
#define CHOICES_MAX      64
#define CHOICES_ENDPOINT 12
#define VALUES_MAX       8u
/* Of ids, so many pairs are looked at. */
#define BOTH_MAX    48u
#define CLAUSES_MAX 64u
/* A bit is fair if it is 1 in this share of trials, and runs of it are no rarer or more frequent than by chance. */
#define SHARE_MIN 0.2
#define RUNS_MIN  1e-4

static bool letter_or_digit(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

static bool is_uuid(struct slice s)
{
	for (size_t i = 0; i < 36; i++)
		if (s.n < 36 || (i == 8 || i == 13 || i == 18 || i == 23 ? s.p[i] != '-' : hex_value(s.p[i]) < 0))
			return false;
	return s.n == 36 || !letter_or_digit(s.p[36]);
}

/* The next part of letters and digits; a UUID is one. False at the end. */
static bool part_next(struct slice *rest, struct slice *part)
{
	size_t i = 0, n = 0;
	while (i < rest->n && !letter_or_digit(rest->p[i]))
		i++;
	*rest = slice_from(*rest, i);
	if (is_uuid(*rest))
		n = 36;
	while (n < rest->n && letter_or_digit(rest->p[n]))
		n++;
	*part = slice_sub(*rest, 0, n);
	*rest = slice_from(*rest, n);
	return n > 0;
}

static struct slice part_at(struct slice value, unsigned index)
{
	struct slice part = SLICE_NONE;
	for (unsigned i = 0; part_next(&value, &part); i++)
		if (i == index)
			return part;
	return SLICE_NONE;
}

/* What all values of a part have in common. */
struct form {
	size_t n, single, distinct; /* trials; draws of these with at most one level set, and different values in them */
	size_t least, most;         /* length */
	bool digits, hex, letters_too, sixty_four;
};

static int sixty_four(uint8_t c)
{
	return c >= 'A' && c <= 'Z'   ? c - 'A'
	       : c >= 'a' && c <= 'z' ? c - 'a' + 26
	       : c >= '0' && c <= '9' ? c - '0' + 52
	       : c == '+' || c == '-' ? 62
	       : c == '/' || c == '_' ? 63
	                              : -1;
}

static void form_add(struct form *f, struct slice s)
{
	f->least = f->n == 0 || s.n < f->least ? s.n : f->least;
	f->most = s.n > f->most ? s.n : f->most;
	bool uuid = is_uuid(s) && s.n == 36;
	for (size_t i = 0; i < s.n; i++) {
		bool digit = s.p[i] >= '0' && s.p[i] <= '9';
		f->digits &= digit;
		f->hex &= hex_value(s.p[i]) >= 0 || uuid;
		f->sixty_four &= sixty_four(s.p[i]) >= 0 || s.p[i] == '=';
		f->letters_too |= !digit;
	}
	f->n++;
}

/* The whole value if index is PARTS_MAX. */
static struct slice part_of(struct slice value, unsigned index)
{
	return index == PARTS_MAX ? value : part_at(value, index);
}

uint32_t token_feature(const struct ctx *c, const struct token *t, size_t o)
{
	for (unsigned i = 0; i < t->n_also; i++)
		if (feature_value(c->s, t->also[i], (unsigned)o).p)
			return t->also[i];
	return t->feature;
}

struct slice token_text(const struct ctx *c, const struct token *t, size_t o)
{
	struct slice value = feature_value(c->s, token_feature(c, t, o), (unsigned)o);
	return value.p && value.n <= VALUE_MAX ? part_of(value, t->index) : SLICE_NONE;
}

static int by_hash(const void *x, const void *y)
{
	uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
	return (a > b) - (a < b);
}

/* Has a trial before it with at most one level set drawn the same random numbers? Then the same in both is no repetition. */
static bool drawn_before(const struct ctx *c, size_t o)
{
	for (size_t k = 0; k < o && c->all[o].stream; k++)
		if (c->all[k].usable && !c->all[k].combined && c->all[k].stream == c->all[o].stream)
			return true;
	return false;
}

static bool form_of(const struct ctx *c, uint32_t feature, unsigned index, struct form *out, uint64_t *hashes)
{
	*out = (struct form){.digits = true, .hex = true, .sixty_four = true};
	for (size_t o = 0; o < c->n; o++) {
		struct slice v = c->all[o].usable ? feature_value(c->s, feature, (unsigned)o) : SLICE_NONE;
		if (!v.p)
			continue;
		struct slice part = v.n <= VALUE_MAX ? part_of(v, index) : SLICE_NONE;
		if (!part.n)
			return false;
		/* Where many levels are set at once, one that makes it always the same is set in most. */
		if (!c->all[o].combined && !drawn_before(c, o))
			hashes[out->single++] = slice_hash(part);
		form_add(out, part);
	}
	qsort(hashes, out->single, sizeof(*hashes), by_hash);
	for (size_t i = 0; i < out->single; i++)
		out->distinct += i == 0 || hashes[i] != hashes[i - 1];
	return out->n >= TRIALS_MIN;
}

static bool mostly_new(const struct form *f)
{
	return f->single >= TRIALS_MIN / 2 && 2 * f->distinct >= f->single;
}

static void put_bits(struct slice s, struct token *t, uint64_t out[TOKEN_WORDS])
{
	unsigned at = 0;
	memset(out, 0, TOKEN_WORDS * sizeof(*out));
	if (t->number) {
		uint64_t v = 0;
		for (size_t i = 0; i < s.n; i++)
			v = v * 10 + (uint64_t)(s.p[i] - '0');
		out[0] = v & ((1u << NUMBER_BITS) - 1);
		return;
	}
	for (size_t i = 0; i < s.n && at + t->per <= TOKEN_BITS; i++) {
		int v = t->per == 4 ? hex_value(s.p[i]) : sixty_four(s.p[i]);
		for (unsigned b = t->per; v >= 0 && b-- > 0; at++)
			out[at / 64] |= (uint64_t)(v >> b & 1) << (at % 64);
	}
}

/* How many times neighbours differ, plus one; `single`: of trials in which at most one thing is varied. */
static unsigned runs_of(const struct ctx *c, const struct token *t, unsigned bit, bool single, unsigned *ones, unsigned *all)
{
	unsigned runs = 0;
	bool last = false;
	*ones = *all = 0;
	for (size_t o = 0; o < c->n; o++) {
		if (!t->there[o] || c->all[o].probe || (single && c->all[o].combined))
			continue;
		bool v = token_bit(t->bits[o], bit);
		runs += *all == 0 || v != last;
		last = v;
		*ones += v;
		++*all;
	}
	return runs;
}

/* Is it always the same in one of the bases, as long as at most one thing is varied? Then it is the base or what is varied that decides it,
 * and where many levels are set at once it only looks like chance. */
static bool fixed_in_base(const struct ctx *c, const struct token *t, unsigned bit)
{
	unsigned ones[BASE_COUNT] = {0}, all[BASE_COUNT] = {0};
	for (size_t o = 0; o < c->n; o++)
		if (t->there[o] && !c->all[o].probe && !c->all[o].combined) {
			ones[c->all[o].treatment.base] += token_bit(t->bits[o], bit);
			all[c->all[o].treatment.base]++;
		}
	for (int b = 0; b < BASE_COUNT; b++)
		if (all[b] >= TRIALS_MIN / 2 && (ones[b] * 10 < all[b] || ones[b] * 10 > 9 * all[b]))
			return true;
	return false;
}

static bool looks_even(unsigned ones, unsigned all, unsigned runs)
{
	double share = all ? (double)ones / all : 0;
	return all >= TRIALS_MIN && share >= SHARE_MIN && share <= 1 - SHARE_MIN && stat_runs(ones, all - ones, runs) >= RUNS_MIN &&
	       1 - stat_runs(ones, all - ones, runs - 1) >= RUNS_MIN;
}

static bool judge(const struct ctx *c, struct token *t)
{
	bool any = false;
	for (unsigned i = 0; i < t->n_bits; i++) {
		unsigned ones, all, runs = runs_of(c, t, i, false, &ones, &all);
		t->ones[i] = ones;
		t->all = all;
		/* Where many levels are set at once, one that decides the bit is set in most: then it is as the others say. */
		bool is = looks_even(ones, all, runs);
		runs = is ? runs : runs_of(c, t, i, true, &ones, &all);
		if ((!is && !looks_even(ones, all, runs)) || fixed_in_base(c, t, i))
			continue;
		t->fair[i / 64] |= (uint64_t)1 << (i % 64);
		any = true;
	}
	return any;
}

#define STAYS_MIN  3  /* baselines of a base */
#define STAYS_BITS 64 /* less may be the same by chance */

/* The same in all baselines of each base: what it varies with is what is varied, and it is compared as what it is. */
static bool stays(const struct ctx *c, const struct token *t)
{
	size_t all = 0;
	if (t->n_bits < STAYS_BITS || feature_at(c->s, t->feature)->measure == MEASURE_BITS)
		return false;
	for (int b = 0; b < BASE_COUNT; b++) {
		size_t first = c->n, n = 0;
		for (size_t o = 0; o < c->n; o++) {
			if (!t->there[o] || !c->all[o].baseline || c->all[o].treatment.base != (enum vet_base)b)
				continue;
			first = n++ ? first : o;
			if (memcmp(t->bits[o], t->bits[first], sizeof(t->bits[o])) != 0)
				return false;
		}
		all += n >= STAYS_MIN;
	}
	return all > 0;
}

static bool same_bits(const struct token *a, const struct token *b, size_t n)
{
	return a->n_bits == b->n_bits && memcmp(a->there, b->there, n * sizeof(*a->there)) == 0 &&
	       memcmp(a->bits, b->bits, n * sizeof(*a->bits)) == 0;
}

static void token_free(struct token *t)
{
	free(t->bits);
	free(t->there);
}

void tokens_free(struct tokens *all)
{
	for (size_t i = 0; i < all->n; i++)
		token_free(&all->t[i]);
	free(all->t);
	free(all->twin);
	*all = (struct tokens){0};
}

/* What follows the host of an endpoint. */
static const char *path_of(const struct feature *f)
{
	const char *host = strstr(an_text_of(f->endpoint), "://");
	const char *path = host ? strchr(host + 3, '/') : NULL;
	return path ? path : an_text_of(f->endpoint);
}

/* To a gateway the same is sent as to the official host, never both in a trial: then it is one token. */
static bool merge(const struct ctx *c, struct token *into, const struct token *t)
{
	const struct feature *a = feature_at(c->s, into->feature), *b = feature_at(c->s, t->feature);
	if (into->n_also == ARRAY_LEN(into->also) || into->index != t->index || into->n_bits != t->n_bits || into->per != t->per ||
	        into->number != t->number || into->choice != t->choice || strcmp(an_text_of(a->address), an_text_of(b->address)) != 0 ||
	        strcmp(path_of(a), path_of(b)) != 0)
		return false;
	for (size_t o = 0; o < c->n; o++)
		if (into->there[o] && t->there[o])
			return false;
	for (size_t o = 0; o < c->n; o++)
		if (t->there[o]) {
			into->there[o] = true;
			memcpy(into->bits[o], t->bits[o], sizeof(t->bits[o]));
		}
	into->also[into->n_also++] = t->feature;
	return true;
}

static int add(const struct ctx *c, struct tokens *all, uint32_t feature, unsigned index, const struct form *f)
{
	struct token t = {.feature = feature, .index = index, .number = f->digits && index != PARTS_MAX, .per = f->hex ? 4 : 6};
	if (feature_at(c->s, feature)->measure == MEASURE_BITS)
		t.number = false;
	size_t bits = t.number ? NUMBER_BITS : f->most * t.per;
	t.n_bits = bits < TOKEN_BITS ? (unsigned)bits : TOKEN_BITS;
	t.bits = calloc(c->n + 1, sizeof(*t.bits));
	t.there = calloc(c->n + 1, sizeof(*t.there));
	if (!t.bits || !t.there) {
		token_free(&t);
		return -ENOMEM;
	}
	for (size_t o = 0; o < c->n; o++) {
		struct slice v = c->all[o].usable ? feature_value(c->s, feature, (unsigned)o) : SLICE_NONE;
		if (!v.p)
			continue;
		t.there[o] = true;
		put_bits(part_of(v, index), &t, t.bits[o]);
	}
	bool keep = all->n < TOKENS_MAX && !stays(c, &t);
	for (size_t i = 0; i < all->n && keep; i++)
		keep = !same_bits(&all->t[i], &t, c->n) && !merge(c, &all->t[i], &t);
	if (!keep) {
		token_free(&t);
		return 0;
	}
	all->t[all->n++] = t;
	return 0;
}

/* -- choices -- */

/* Does it have more than one value? Equal values are the same bytes in memory. */
static bool varies(const struct ctx *c, uint32_t feature)
{
	const uint8_t *first = NULL;
	for (size_t o = 0; o < c->n; o++) {
		struct slice v = feature_value(c->s, feature, (unsigned)o);
		if (v.p && first && v.p != first)
			return true;
		first = v.p ? v.p : first;
	}
	return false;
}

/* A token of n_bits whose bits are not filled yet. */
static int choice_new(const struct ctx *c, uint32_t feature, unsigned index, unsigned n_bits, struct token *out)
{
	*out = (struct token){.feature = feature, .index = index, .choice = true, .per = 1, .n_bits = n_bits};
	out->bits = calloc(c->n + 1, sizeof(*out->bits));
	out->there = calloc(c->n + 1, sizeof(*out->there));
	if (out->bits && out->there)
		return 0;
	token_free(out);
	return -ENOMEM;
}

/* Takes it over if it is new. */
static void choice_add(const struct ctx *c, struct tokens *all, struct token *t)
{
	bool keep = all->n < TOKENS_MAX && judge(c, t);
	for (size_t i = 0; i < all->n && keep; i++)
		keep = !same_bits(&all->t[i], t, c->n);
	if (keep)
		all->t[all->n++] = *t;
	else
		token_free(t);
	all->choices += keep;
}

static bool part_present(const struct ctx *c, uint32_t feature, size_t o)
{
	return feature_value(c->s, feature, (unsigned)o).p != NULL;
}

/* Is it there, where what it is a part of is? */
static int presence(const struct ctx *c, uint32_t feature, struct tokens *all)
{
	uint32_t up = feature_at(c->s, feature)->parent;
	size_t with = 0, without = 0;
	struct token t;
	for (size_t o = 0; o < c->n; o++) {
		bool whole = c->all[o].usable && (up == UINT32_MAX || part_present(c, up, o)), part = part_present(c, feature, o);
		with += whole && part;
		without += whole && !part;
	}
	if (with < 2 || without < 2)
		return 0;
	int r = choice_new(c, feature, 0, 1, &t);
	for (size_t o = 0; o < c->n && r == 0; o++) {
		t.there[o] = c->all[o].usable && (up == UINT32_MAX || part_present(c, up, o));
		t.bits[o][0] = part_present(c, feature, o);
	}
	if (r == 0)
		choice_add(c, all, &t);
	return r;
}

/* Which of a few values does it have? */
static int category(const struct ctx *c, uint32_t feature, struct tokens *all)
{
	const uint8_t *seen[VALUES_MAX];
	unsigned n = 0, i;
	struct token t;
	int r = choice_new(c, feature, 1, VALUES_MAX, &t);
	for (size_t o = 0; o < c->n && r == 0; o++) {
		struct slice v = c->all[o].usable ? feature_value(c->s, feature, (unsigned)o) : SLICE_NONE;
		if (!v.p)
			continue;
		for (i = 0; i < n && seen[i] != v.p; i++)
			;
		if (i == VALUES_MAX) { /* no choice of a few */
			token_free(&t);
			return 0;
		}
		if (i == n)
			seen[n++] = v.p;
		t.there[o] = true;
		t.bits[o][0] = (uint64_t)1 << i;
	}
	t.one_of = true;
	if (r == 0)
		choice_add(c, all, &t);
	return r;
}

/* Of an order that is hardly ever the same: what comes before what, out of its usual place. */
static int order(const struct ctx *c, uint32_t feature, struct tokens *all)
{
	uint64_t seen[CLAUSES_MAX];
	unsigned n = 0, i;
	struct token t;
	int r = choice_new(c, feature, 2, CLAUSES_MAX, &t);
	for (size_t o = 0; o < c->n && r == 0; o++) {
		struct slice rest = c->all[o].usable ? feature_value(c->s, feature, (unsigned)o) : SLICE_NONE;
		t.there[o] = rest.p != NULL;
		/* "a before b; c before d" */
		for (size_t end; rest.n; rest = slice_from(rest, end == SLICE_NPOS ? rest.n : end + 2)) {
			end = slice_find(rest, SLICE("; "), 0);
			uint64_t h = slice_hash(slice_sub(rest, 0, end));
			for (i = 0; i < n && seen[i] != h; i++)
				;
			if (i == n && n < CLAUSES_MAX)
				seen[n++] = h;
			if (i < n)
				t.bits[o][0] |= (uint64_t)1 << i;
		}
	}
	if (r == 0)
		choice_add(c, all, &t);
	return r;
}

static int choices_of(const struct ctx *c, struct tokens *all)
{
	const char *endpoint = NULL;
	size_t here = 0;
	for (uint32_t i = 0; i < feature_count(c->s) && all->choices < CHOICES_MAX; i++) {
		const struct feature *f = feature_at(c->s, i);
		size_t before = all->choices;
		if (f->derived || (f->measure && f->measure != MEASURE_CHOICE) || an_is_file(f))
			continue;
		here = f->endpoint == endpoint ? here : 0;
		endpoint = f->endpoint;
		if (here >= CHOICES_ENDPOINT)
			continue;
		int r = f->measure ? 0 : presence(c, i, all);
		if (r == 0 && varies(c, i))
			r = category(c, i, all);
		if (r == 0 && feature_is_order(f) && varies(c, i))
			r = order(c, i, all);
		if (r)
			return r;
		here += all->choices - before;
	}
	return 0;
}

/* -- what two ids have -- */

/* One channel often decides the same digits of several ids: a bit is the same in both by chance in half of the trials, and stays so in few.
 */
static int both(const struct ctx *c, const struct token *a, const struct token *b, struct token *out)
{
	unsigned n = a->n_bits < b->n_bits ? a->n_bits : b->n_bits;
	n = n < TOKEN_BITS / 2 ? n : TOKEN_BITS / 2;
	*out = (struct token){.feature = a->feature, .index = a->index, .both = true, .one_of = true, .per = a->per, .n_bits = 2 * n};
	out->bits = calloc(c->n + 1, sizeof(*out->bits));
	out->there = calloc(c->n + 1, sizeof(*out->there));
	if (!out->bits || !out->there) {
		token_free(out);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < 2 * n; i++)
		if (token_bit(a->fair, i % n) && token_bit(b->fair, i % n))
			out->fair[i / 64] |= (uint64_t)1 << (i % 64);
	for (size_t o = 0; o < c->n; o++) {
		if (!a->there[o] || !b->there[o])
			continue;
		out->there[o] = true;
		out->all += !c->all[o].probe;
		for (unsigned i = 0; i < 2 * n; i++) {
			bool x = token_bit(a->bits[o], i % n), is = x == token_bit(b->bits[o], i % n) && x == (i < n);
			out->bits[o][i / 64] |= (uint64_t)is << (i % 64);
			out->ones[i] += is && !c->all[o].probe;
		}
	}
	return 0;
}

static int pairs_of(const struct ctx *c, struct tokens *all)
{
	size_t n = all->n;
	unsigned made = 0;
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n && made < BOTH_MAX && all->n < TOKENS_MAX; k++) {
			const struct token *a = &all->t[i], *b = &all->t[k];
			if (a->number || b->number || a->choice || b->choice || a->per != b->per)
				continue;
			int r = both(c, a, b, &all->t[all->n]);
			if (r)
				return r;
			all->n++;
			made++;
		}
	return 0;
}

static int tokens_of_feature(const struct ctx *c, uint32_t feature, struct tokens *all, uint64_t *hashes)
{
	bool bits = feature_at(c->s, feature)->measure == MEASURE_BITS;
	struct form f;
	/* What may have signs in between, as base64 has, counts as a whole if it is always of one length. */
	if (form_of(c, feature, PARTS_MAX, &f, hashes) && f.sixty_four && f.letters_too && !f.hex && f.least == f.most && f.least >= 16 &&
	        mostly_new(&f))
		return add(c, all, feature, PARTS_MAX, &f);
	for (unsigned i = 0; i < PARTS_MAX && form_of(c, feature, i, &f, hashes); i++) {
		bool random = f.least == f.most && f.least >= (bits ? 4 : LENGTH_MIN) && mostly_new(&f) && (!f.digits || bits);
		bool number = f.digits && !bits && mostly_new(&f) && f.n >= TRIALS_MIN && f.most <= 18;
		int r = random || number ? add(c, all, feature, i, &f) : 0;
		if (r)
			return r;
	}
	return 0;
}

int tokens_of(const struct ctx *c, struct tokens *out)
{
	_cleanup_free_ uint64_t *hashes = calloc(c->n + 1, sizeof(*hashes));
	*out = (struct tokens){
	        .t = calloc(TOKENS_MAX, sizeof(*out->t)),
	};
	if (!out->t || !hashes)
		return -ENOMEM;
	for (uint32_t i = 0; i < feature_count(c->s); i++) {
		const struct feature *f = feature_at(c->s, i);
		if (f->derived || an_is_file(f) || (f->measure && f->measure != MEASURE_BITS) || !varies(c, i))
			continue;
		int r = tokens_of_feature(c, i, out, hashes);
		if (r)
			return r;
	}
	size_t kept = 0;
	for (size_t i = 0; i < out->n; i++) {
		bool fair = judge(c, &out->t[i]);
		for (size_t k = 0; k < kept && fair; k++)
			fair = !same_bits(&out->t[k], &out->t[i], c->n);
		if (fair)
			out->t[kept++] = out->t[i];
		else
			token_free(&out->t[i]);
	}
	out->n = kept;
	int r = choices_of(c, out);
	r = r ? r : pairs_of(c, out);
	r = r ? r : an_twins(c, &out->twin);
	for (size_t i = 0; i < out->n && r == 0; i++)
		out->t[i].drawn = token_drawn(c, out->twin, &out->t[i], &out->t[i].same);
	for (size_t i = 0; i < out->n; i++)
		for (size_t k = 0; k < out->n; k++)
			out->t[i].family += out->t[k].choice == out->t[i].choice && out->t[k].number == out->t[i].number &&
			                    out->t[k].both == out->t[i].both;
	return r;
}
