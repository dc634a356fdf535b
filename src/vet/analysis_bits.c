/* Bits of ids: what is never twice the same may still say something, in a digit that is always the same under a level, or a bit. Each run
 * with the level halves what chance leaves of the bits that do not change; what is left after many is suspected, and tried on fresh runs.
 */
#include "vet/analysis_token.h"

#include <errno.h>
#include <math.h>

#include "vet/stat.h"
#include "vet/stat_order.h"

#define Q_MAX     0.001
#define RUNS_MIN  2
#define FRESH_MIN 4
/* Runs to ask for: with four, and few others to compare with, a second suspect that chance brings makes q too large. */
#define WANTS_MIN 6
#define FRESH_MAX 18
/* 2 to the power of it is how unlikely fresh runs must be able to make it. */
#define FRESH_BITS 18
/* Pairs of trials that draw the same: so many that show nothing speak against a suspicion, and leave nothing to be tried. */
#define AGAINST_MIN 2
#define PAIRS_MIN   3

/* Bits of a token that were always the same under a level. */
struct pattern {
	uint64_t mask[TOKEN_WORDS], want[TOKEN_WORDS];
	unsigned n, runs; /* bits; trials in which they were */
	double expected;  /* so many by chance */
	double p;
	bool bases[BASE_COUNT];
};

/* Bases that are looked at together: each alone, and both. */
static bool in_scope(const struct analysis_trial *t, int scope)
{
	return t->usable && (scope == BASE_COUNT || t->treatment.base == (enum vet_base)scope);
}

/* The probability of at least k events if `mean` are expected (Poisson): of events of different, small probabilities it is an upper limit.
 */
static double poisson_tail(unsigned k, double mean)
{
	double term = exp(-mean), sum = 0;
	for (unsigned i = 0; i < k; i++) {
		sum += term;
		term *= mean / (i + 1);
	}
	/* Far out the difference from 1 is lost: the first terms of the tail itself are as good. */
	if (k > mean + 1) {
		double tail = 0;
		for (unsigned i = k; i < k + 200; i++) {
			tail += term;
			term *= mean / (i + 1);
		}
		return tail;
	}
	return sum < 1 ? 1 - sum : 0;
}

/* Of a fair bit: how likely it is by chance that it is always 1, or always 0, under the level. */
struct chance {
	double one, zero;
};

/* How likely it is that so many bits stay the same, wherever they are. */
static void all_bits(const struct token *t, const struct chance *of, struct pattern *p)
{
	for (unsigned i = 0; i < t->n_bits; i++)
		p->expected += of[i].one + (t->one_of ? 0 : of[i].zero);
	/* Bits of numbers, and of a choice, hang together: then only that there is one at all is known to be no likelier than all are
	 * together. */
	p->p = !p->n ? 1 : t->number || t->choice ? fmin(p->expected, 1) : poisson_tail(p->n, p->expected);
}

/* Bits that stay the same beside each other are rarer: two of one digit, or the same bit of two digits, with the same value. A channel that
 * decides digits, or the range of a few of them, shows so before it shows in how many there are. Replaces p if that is clearer. */
static void neighbours(const struct token *t, const struct chance *of, struct pattern *p)
{
	struct pattern beside = *p;
	memset(beside.mask, 0, sizeof(beside.mask));
	beside.expected = 0;
	for (unsigned i = 0; i < t->n_bits; i++)
		for (unsigned way = 0; way < 2; way++) {
			unsigned k = way ? i + t->per : i + 1;
			if (k >= t->n_bits || (!way && k % t->per == 0))
				continue;
			beside.expected += of[i].zero * of[k].zero + of[i].one * of[k].one;
			if (!token_bit(p->mask, i) || !token_bit(p->mask, k) || token_bit(p->want, i) != token_bit(p->want, k))
				continue;
			beside.mask[i / 64] |= (uint64_t)1 << (i % 64);
			beside.mask[k / 64] |= (uint64_t)1 << (k % 64);
		}
	beside.n = 0;
	for (size_t w = 0; w < TOKEN_WORDS; w++) {
		beside.want[w] &= beside.mask[w];
		beside.n += (unsigned)__builtin_popcountll(beside.mask[w]);
	}
	/* Of two ways to look the clearer is taken. */
	p->p = fmin(2 * p->p, 1);
	beside.p = beside.n ? fmin(2 * beside.expected, 1) : 1;
	if (beside.p < p->p)
		*p = beside;
}

static bool pattern_of(const struct ctx *c, const struct token *t, unsigned factor, unsigned level, int scope, struct pattern *out)
{
	uint64_t ones[TOKEN_WORDS], zeros[TOKEN_WORDS];
	struct pattern p = {.p = 1};
	memset(ones, 0xff, sizeof(ones));
	memset(zeros, 0xff, sizeof(zeros));
	uint16_t set[TOKEN_BITS] = {0};
	struct chance of[TOKEN_BITS] = {0};
	for (size_t o = 0; o < c->n; o++) {
		const struct analysis_trial *u = &c->all[o];
		if (!t->there[o] || u->probe || !in_scope(u, scope) || an_level_of(u, factor) != level)
			continue;
		p.runs++;
		p.bases[u->treatment.base] = true;
		for (size_t w = 0; w < TOKEN_WORDS; w++) {
			ones[w] &= t->bits[o][w];
			zeros[w] &= ~t->bits[o][w];
		}
		for (unsigned i = 0; i < t->n_bits; i++)
			set[i] = (uint16_t)(set[i] + token_bit(t->bits[o], i));
	}
	if (p.runs < RUNS_MIN) {
		*out = (struct pattern){.runs = p.runs, .p = 1};
		return false;
	}
	for (size_t w = 0; w < TOKEN_WORDS; w++) {
		/* Of a choice of one value it is the one that is chosen that says something. */
		p.mask[w] = (ones[w] | (t->one_of ? 0 : zeros[w])) & t->fair[w];
		p.want[w] = ones[w] & p.mask[w];
		p.n += (unsigned)__builtin_popcountll(p.mask[w]);
	}
	for (unsigned i = 0; i < t->n_bits; i++)
		if (token_bit(t->fair, i)) {
			/* How often it is 1 elsewhere; what may follow from the level itself is not counted. */
			double share = ((double)t->ones[i] - set[i] + 1) / ((double)t->all - p.runs + 2);
			of[i] = (struct chance){pow(share, p.runs), pow(1 - share, p.runs)};
		}
	all_bits(t, of, &p);
	if (p.n && t->per > 1 && !t->number && !t->choice)
		neighbours(t, of, &p);
	p.p = fmin(p.p * t->family, 1);
	*out = p;
	return p.n > 0;
}

/* The clearest of the three scopes. */
static bool best_pattern(const struct ctx *c, const struct token *t, unsigned factor, unsigned level, struct pattern *out)
{
	struct pattern best = {.p = 1}, p;
	for (int scope = 0; scope <= BASE_COUNT; scope++)
		if (pattern_of(c, t, factor, level, scope, &p) && p.p < best.p)
			best = p;
	*out = best;
	return best.p < 1;
}

/* Which port the kernel chooses follows from the addresses. */
static bool foreseen(const struct ctx *c, const struct token *t, unsigned factor)
{
	static const char *const names[] = {"ip", "gateway", "proxy"};
	bool port = strstr(an_text_of(feature_at(c->s, t->feature)->address), "source port") != NULL;
	for (size_t i = 0; port && i < ARRAY_LEN(names); i++)
		if (strcmp(factor_table[factor].name, names[i]) == 0)
			return true;
	return false;
}

static bool tried(const struct ctx *c, unsigned factor, unsigned level, bool probes, size_t *n)
{
	*n = 0;
	for (size_t o = 0; o < c->n; o++)
		*n += c->all[o].usable && c->all[o].probe == probes && !c->all[o].baseline && an_level_of(&c->all[o], factor) == level;
	return *n > 0;
}

static unsigned matches(const struct pattern *p, const uint64_t bits[TOKEN_WORDS])
{
	unsigned n = 0;
	for (size_t w = 0; w < TOKEN_WORDS; w++)
		n += (unsigned)__builtin_popcountll(p->mask[w] & ~(bits[w] ^ p->want[w]));
	return n;
}

/* Trials that drew what a baseline drew and have the level; `against`: of them those that show the very same, though it is not what the
 * pattern says. False if one shows anything else. */
static bool as_drawn(const struct ctx *c, const size_t *twin, const struct token *t, unsigned factor, unsigned level,
        const struct pattern *p, unsigned *pairs, unsigned *against)
{
	*pairs = *against = 0;
	for (size_t o = 0; o < c->n; o++) {
		const struct analysis_trial *u = &c->all[o];
		size_t k = twin[o];
		if (k == c->n || (!u->usable && !u->paired) || an_level_of(u, factor) != level || !t->there[k] || !token_text(c, t, o).p)
			continue;
		if (!slice_eq(token_text(c, t, o), token_text(c, t, k)))
			return false;
		++*pairs;
		*against += p && 2 * matches(p, t->bits[k]) <= p->n;
	}
	return true;
}

/* What follows from the numbers that are drawn, whatever the level, does not follow from the level. */
static bool is_refuted(
        const struct ctx *c, const size_t *twin, const struct token *t, unsigned factor, unsigned level, const struct pattern *p)
{
	unsigned pairs, against;
	return t->drawn && as_drawn(c, twin, t, factor, level, p, &pairs, &against) && against >= AGAINST_MIN;
}

static bool is_settled(const struct ctx *c, const size_t *twin, const struct token *t, unsigned factor, unsigned level)
{
	unsigned pairs, against;
	return t->drawn && as_drawn(c, twin, t, factor, level, NULL, &pairs, &against) && pairs >= PAIRS_MIN;
}

static unsigned wants(const struct pattern *p)
{
	double sure = p->n - p->expected;
	double runs = ceil(FRESH_BITS / (sure > 1 ? sure : 1));
	return runs < WANTS_MIN ? WANTS_MIN : runs > FRESH_MAX ? FRESH_MAX : (unsigned)runs;
}

int an_bits_screen(const struct ctx *c, struct analysis_suspect *out, size_t max, size_t *n_out)
{
	_cleanup_(tokens_free) struct tokens all = {0};
	int r = tokens_of(c, &all);
	size_t n = *n_out, runs;
	for (unsigned f = 0; f < factor_count && r == 0; f++)
		for (unsigned l = 1; l < factor_level_count(f); l++) {
			struct analysis_suspect s = {.factor = f, .level = l};
			struct pattern p;
			if (!tried(c, f, l, false, &runs))
				continue;
			for (size_t i = 0; i < all.n; i++) {
				if (foreseen(c, &all.t[i], f) || !best_pattern(c, &all.t[i], f, l, &p) || p.p > AN_BITS_SUSPECT ||
				        -log10(p.p + 1e-30) <= s.score || is_refuted(c, all.twin, &all.t[i], f, l, &p))
					continue;
				s.score = -log10(p.p + 1e-30);
				s.feature = all.t[i].feature;
				s.base = p.bases[BASE_GATEWAY] ? BASE_GATEWAY : BASE_OFFICIAL;
				s.runs = p.runs;
				s.wants = wants(&p);
			}
			if (s.score > 0 && n < max)
				out[n++] = s;
		}
	*n_out = n;
	return r;
}

/* Do fresh runs show what is suspected? Bits that chance left among the others are as before in every other run. */
static bool is_borne_out(const struct ctx *c, const struct token *t, unsigned factor, unsigned level, const struct pattern *p)
{
	unsigned runs = 0, as_before = 0;
	for (size_t o = 0; o < c->n; o++) {
		const struct analysis_trial *u = &c->all[o];
		if (!t->there[o] || !u->usable || !u->probe || u->baseline || an_level_of(u, factor) != level)
			continue;
		runs++;
		as_before += matches(p, t->bits[o]);
	}
	double chance = fmin(p->expected, p->n - 1);
	return runs == 0 || as_before >= runs * ((p->n - chance) + chance / 2) - (chance > 0.5 ? runs / 2.0 : 0);
}

int analysis_bits_first(
        const struct feature_set *set, const struct analysis_trial *trials, size_t n, struct analysis_suspect *suspects, size_t n_suspects)
{
	const struct ctx c = {.s = set, .t = trials, .all = trials, .n = n};
	_cleanup_(tokens_free) struct tokens all = {0};
	int r = tokens_of(&c, &all);
	for (size_t k = 0; k < n_suspects && r == 0; k++) {
		struct analysis_suspect *s = &suspects[k];
		bool stays = s->kind != MEASURE_NONE;
		struct pattern p;
		for (size_t i = 0; i < all.n && !stays; i++)
			stays = !foreseen(&c, &all.t[i], s->factor) && best_pattern(&c, &all.t[i], s->factor, s->level, &p) &&
			        p.p <= AN_BITS_SUSPECT && is_borne_out(&c, &all.t[i], s->factor, s->level, &p);
		if (!stays)
			s->wants = 0;
	}
	return r;
}

/* What chance leaves of a level that was tried in both bases, if nothing else does. */
#define LEFT_MAX 0.2

int analysis_bits_left(const struct feature_set *set, const struct analysis_trial *trials, size_t n, struct arena *arena,
        struct analysis_suspect **out, size_t *n_out)
{
	struct ctx c = {.s = set, .t = trials, .all = trials, .n = n};
	_cleanup_(tokens_free) struct tokens all = {0};
	size_t room = factor_count * (FACTOR_LEVELS_MAX + FACTOR_EXTRA_MAX), runs;
	struct analysis_suspect *left = arena_array(arena, room, sizeof(*left));
	int r = left ? tokens_of(&c, &all) : -ENOMEM;
	*n_out = 0;
	*out = left;
	for (unsigned f = 0; f < factor_count && r == 0; f++)
		for (unsigned l = 1; l < factor_level_count(f) && *n_out < room; l++) {
			bool stays = false;
			struct pattern p;
			if (!tried(&c, f, l, false, &runs))
				continue;
			for (size_t i = 0; i < all.n && !stays; i++) {
				if (all.t[i].both || is_settled(&c, all.twin, &all.t[i], f, l))
					continue;
				(void)pattern_of(&c, &all.t[i], f, l, BASE_COUNT, &p);
				stays = p.n > 0 || p.runs < RUNS_MIN || (best_pattern(&c, &all.t[i], f, l, &p) && p.p <= LEFT_MAX);
			}
			if (stays)
				left[(*n_out)++] = (struct analysis_suspect){.factor = f, .level = l, .runs = (unsigned)runs};
		}
	return r;
}

int an_bits_limits(const struct ctx *c, struct analysis_limits *out)
{
	_cleanup_(tokens_free) struct tokens all = {0};
	size_t runs;
	int r = tokens_of(c, &all);
	for (size_t i = 0; i < all.n && r == 0; i++)
		for (size_t w = 0; w < TOKEN_WORDS && !all.t[i].both; w++)
			out->bits += (unsigned)__builtin_popcountll(all.t[i].fair[w]);
	for (unsigned f = 0; f < factor_count && r == 0; f++)
		for (unsigned l = 1; l < factor_level_count(f); l++) {
			if (!tried(c, f, l, false, &runs))
				continue;
			out->runs_least = out->runs_least == 0 || runs < out->runs_least ? (unsigned)runs : out->runs_least;
			out->runs_most = runs > out->runs_most ? (unsigned)runs : out->runs_most;
		}
	return r;
}

/* -- deciding -- */

struct claim {
	const struct token *token;
	unsigned factor, level;
	enum vet_base base;
	struct pattern pattern;
	size_t n, m;         /* fresh runs, others */
	double mean, others; /* share of the pattern's bits that are as they were */
	double p;
};

/* Is a level set that is suspected of the same? */
static bool is_claimed(const struct claim *all, size_t n, const struct token *t, const struct analysis_trial *u)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].token == t && an_level_of(u, all[i].factor) == all[i].level)
			return true;
	return false;
}

/* What was drawn before says nothing when it comes again. */
static bool is_repeated(const struct token *t, size_t o, size_t twin, size_t none)
{
	return twin != none && t->there[twin] && memcmp(t->bits[o], t->bits[twin], sizeof(t->bits[o])) == 0;
}

/* How many of the pattern's bits are as they were: in fresh runs of the level, and in all trials with the base's level, but for those under
 * a level that is suspected of the same. */
static void claim_test(const struct ctx *c, const size_t *twin, struct claim *k, const struct claim *all, size_t n, double *x, double *y)
{
	k->n = k->m = 0;
	k->mean = k->others = 0;
	for (size_t o = 0; o < c->n; o++) {
		const struct analysis_trial *u = &c->all[o];
		if (!k->token->there[o] || !u->usable)
			continue;
		double v = matches(&k->pattern, k->token->bits[o]);
		if (u->probe && an_level_of(u, k->factor) == k->level) {
			x[k->n++] = v;
			k->mean += v;
			k->base = u->treatment.base;
		} else if (an_level_of(u, k->factor) == 0 && !is_claimed(all, n, k->token, u) && !is_repeated(k->token, o, twin[o], c->n)) {
			y[k->m++] = v;
			k->others += v;
		}
	}
	k->mean /= k->n ? (double)k->n * k->pattern.n : 1;
	k->others /= k->m ? (double)k->m * k->pattern.n : 1;
	k->p = k->n >= FRESH_MIN ? stat_rank_sum(x, k->n, y, k->m) : 1;
}

static int tell(const struct ctx *c, const struct claim *k, double q, struct groups *all)
{
	const struct token *t = k->token;
	bool race = t->choice && strcmp(factor_table[k->factor].name, "cpus") == 0;
	_cleanup_buf_ struct buf places = BUF(400);
	unsigned shown = 0;
	for (unsigned i = 0; i < t->n_bits && shown < 12; i++)
		if (token_bit(k->pattern.mask, i))
			buf_fmt(&places, "%s%u", shown++ ? ", " : "", i + 1);
	struct told told = {.feature = t->feature,
	        .factor = k->factor,
	        .level = k->level,
	        .base = k->base,
	        /* What is done at once is done in turn where there is one CPU. */
	        .class = race ? CLASS_UNDECLARED : CLASS_COVERT,
	        .kind = race ? "order of what is done at once" : "bits of ids",
	        .p = k->p,
	        .q = q};
	const char *before = arena_fmt(c->arena, "%.0f %% of %u bits (%s%s) as under the level, in %zu trials", 100 * k->others,
	                   k->pattern.n, buf_str(&places), k->pattern.n > shown ? ", ..." : "", k->m),
	           *after = arena_fmt(c->arena, "%.0f %% of %u bits (%s%s) as under the level, in %zu trials", 100 * k->mean, k->pattern.n,
	                   buf_str(&places), k->pattern.n > shown ? ", ..." : "", k->n);
	told.explanation = arena_fmt(c->arena,
	        "The %s decides bits of a value that looks random. They are now 0, now 1 without it, and were the same in %u runs with it; "
	        "fresh "
	        "runs bore it out, by a rank test.",
	        factor_table[k->factor].title, k->pattern.runs);
	if (race)
		told.explanation =
		        "The number of CPUs decides in which order what is done at the same time comes, or whether all of it does.";
	if (!before || !after || !told.explanation)
		return -ENOMEM;
	told.before = slice_str(before);
	told.after = slice_str(after);
	return an_tell(c, all, &told);
}

int an_bits(const struct ctx *c, struct groups *all)
{
	_cleanup_(tokens_free) struct tokens tokens = {0};
	_cleanup_free_ struct claim *claims = NULL;
	_cleanup_free_ double *x = calloc(c->n + 1, sizeof(*x)), *y = calloc(c->n + 1, sizeof(*y)), *p = NULL, *q = NULL;
	size_t n = 0, room = 0, runs;
	int r = !x || !y ? -ENOMEM : tokens_of(c, &tokens);
	for (unsigned f = 0; f < factor_count && r == 0; f++)
		for (unsigned l = 1; l < factor_level_count(f) && r == 0; l++) {
			if (!tried(c, f, l, true, &runs) || runs < FRESH_MIN)
				continue;
			for (size_t i = 0; i < tokens.n && r == 0; i++) {
				struct claim k = {.token = &tokens.t[i], .factor = f, .level = l};
				if (foreseen(c, &tokens.t[i], f) || !best_pattern(c, &tokens.t[i], f, l, &k.pattern) ||
				        k.pattern.p > AN_BITS_SUSPECT)
					continue;
				if (n == room) {
					struct claim *more = reallocarray(claims, room = room ? 2 * room : 32, sizeof(*more));
					r = more ? 0 : -ENOMEM;
					claims = more ? more : claims;
				}
				if (r == 0)
					claims[n++] = k;
			}
		}
	for (size_t i = 0; i < n && r == 0; i++)
		claim_test(c, tokens.twin, &claims[i], claims, n, x, y);
	p = calloc(n + 1, sizeof(*p));
	q = calloc(n + 1, sizeof(*q));
	r = r ? r : !p || !q ? -ENOMEM : 0;
	for (size_t i = 0; i < n && r == 0; i++)
		p[i] = claims[i].p;
	r = r ? r : stat_by(p, n, n, q);
	for (size_t i = 0; i < n && r == 0; i++)
		/* Which of a few values it is was explained where the values were compared. */
		if (an_told_already(all, claims[i].factor, claims[i].level, CLASS_COVERT, NULL) ||
		        (claims[i].token->choice &&
		                an_told_here(all, claims[i].factor, claims[i].level, feature_at(c->s, claims[i].token->feature))))
			q[i] = 1;
	for (size_t i = 0; i < n && r == 0; i++)
		if (q[i] <= Q_MAX && claims[i].mean > claims[i].others)
			r = tell(c, &claims[i], q[i], all);
	return r;
}

/* -- trials that set many levels at once -- */

static uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static bool is_among(const struct analysis_suspect *among, size_t n, unsigned factor, unsigned level)
{
	for (size_t i = 0; i < n; i++)
		if (among[i].factor == factor && among[i].level == level)
			return true;
	return false;
}

int analysis_spread(const struct analysis_trial *trials, size_t n, const struct analysis_suspect *among, size_t n_among, size_t want,
        uint64_t seed, struct arena *arena, struct treatment **out, size_t *n_out)
{
	static const unsigned of_three = 2;
	struct treatment *t = arena_array(arena, want + 1, sizeof(*t));
	_cleanup_free_ unsigned(*counts)[UINT8_MAX + 1] = calloc(factor_count * BASE_COUNT, sizeof(*counts));
	bool bases[BASE_COUNT] = {false};
	if (!t || !counts)
		return -ENOMEM;
	/* Levels that were tried alone in a base; how often each was set so far, plus one. */
	for (size_t o = 0; o < n; o++) {
		const struct analysis_trial *u = &trials[o];
		bases[u->treatment.base] |= u->usable && u->baseline;
		if (u->usable && !u->baseline && !u->combined)
			counts[u->factor * BASE_COUNT + u->treatment.base][u->level & UINT8_MAX]++;
	}
	size_t made = 0;
	for (size_t i = 0; made < want && i < 2 * want; i++) {
		enum vet_base b = (enum vet_base)(i % BASE_COUNT);
		if (!bases[b])
			continue;
		struct treatment *x = &t[made++];
		*x = (struct treatment){.base = b};
		for (unsigned f = 0; f < factor_count; f++) {
			unsigned *k = counts[f * BASE_COUNT + b], best = 0;
			/* A level that works in one base is tried in both. */
			unsigned *other = counts[f * BASE_COUNT + (BASE_COUNT - 1 - b)];
			bool fits = !factor_table[f].only_gateway || b == BASE_GATEWAY;
			if (!fits || random_next(&seed) % 3 >= of_three)
				continue;
			for (unsigned l = 1; l < factor_level_count(f) && l <= UINT8_MAX; l++)
				if ((k[l] || other[l]) && is_among(among, n_among, f, l) &&
				        (best == 0 || k[l] + other[l] < k[best] + other[best]))
					best = l;
			x->level[f] = (uint8_t)best;
			k[best] += best > 0;
		}
	}
	*out = t;
	*n_out = made;
	return 0;
}
