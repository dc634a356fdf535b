#include "parse/semver.h"

#include "base/cleanup.h"

#define NUMBER_MAX 9007199254740991ull
#define RANGE_MAX  256 /* node-semver's own limit for a version; ranges are given 16 times that */

static bool number(struct slice s, uint64_t *out)
{
	if (s.n > 1 && s.p[0] == '0')
		return false;
	return slice_u64(s, NUMBER_MAX, out);
}

static bool all_digits(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

/* Dot-separated identifiers; numeric ones in a pre-release have no leading zero. */
static bool identifiers(struct slice s, bool strict)
{
	if (!s.n || s.p[s.n - 1] == '.')
		return false;
	for (struct slice part; slice_split(&s, '.', &part);) {
		if (!part.n || (strict && all_digits(part) && part.n > 1 && part.p[0] == '0'))
			return false;
		for (size_t i = 0; i < part.n; i++) {
			uint8_t c = part.p[i], l = c | 0x20;
			if (!(c == '-' || (c >= '0' && c <= '9') || (l >= 'a' && l <= 'z')))
				return false;
		}
	}
	return true;
}

/* A version of which parts may be missing or be x, X or *: `known` of the three numbers are given. */
struct partial {
	struct semver v;
	unsigned known;
	bool gap; /* a number behind an x, which npm takes only with ^, ~ and in "a - b" */
};

static bool partial_parse(struct slice s, struct partial *out)
{
	struct partial r = {0};
	if (s.n > RANGE_MAX)
		return false;
	while (s.n && (s.p[0] == 'v' || s.p[0] == '='))
		s = slice_from(s, 1);
	size_t plus = slice_chr(s, '+', 0);
	if (plus != SLICE_NPOS) {
		if (!identifiers(slice_from(s, plus + 1), false))
			return false;
		s = slice_sub(s, 0, plus);
	}
	size_t dash = slice_chr(s, '-', 0);
	if (dash != SLICE_NPOS) {
		r.v.pre = slice_from(s, dash + 1);
		if (!identifiers(r.v.pre, true))
			return false;
		s = slice_sub(s, 0, dash);
	}
	if (s.n && s.p[s.n - 1] == '.')
		return false;
	uint64_t *to[3] = {&r.v.major, &r.v.minor, &r.v.patch};
	unsigned i = 0;
	bool any = false;
	for (struct slice part; slice_split(&s, '.', &part); i++) {
		if (i == 3)
			return false;
		if (slice_is(part, "x") || slice_is(part, "X") || slice_is(part, "*"))
			any = true;
		else if (!number(part, to[i]))
			return false;
		else if (any)
			r.gap = true;
		else
			r.known = i + 1;
	}
	if (r.known < 3) {
		r.v.pre = SLICE_NONE;
		if (r.known < 2)
			r.v.minor = 0;
		r.v.patch = 0;
		if (r.known < 1)
			r.v.major = 0;
	}
	*out = r;
	return true;
}

bool semver_parse(struct slice text, struct semver *out)
{
	struct partial p;
	text = slice_trim(text);
	if (!partial_parse(text, &p) || p.known != 3)
		return false;
	*out = p.v;
	return true;
}

static int cmp_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int cmp_pre(struct slice a, struct slice b)
{
	if (!a.n || !b.n)
		return a.n ? -1 : b.n ? 1 : 0;
	struct slice x, y;
	for (;;) {
		bool l = slice_split(&a, '.', &x), r = slice_split(&b, '.', &y);
		if (!l || !r)
			return l ? 1 : r ? -1 : 0;
		bool dx = all_digits(x), dy = all_digits(y);
		int c;
		if (dx && dy)
			c = x.n != y.n ? cmp_u64(x.n, y.n) : slice_cmp(x, y);
		else if (dx != dy)
			c = dx ? -1 : 1;
		else
			c = slice_cmp(x, y);
		if (c)
			return c;
	}
}

int semver_cmp(const struct semver *a, const struct semver *b)
{
	int c = cmp_u64(a->major, b->major);
	if (!c)
		c = cmp_u64(a->minor, b->minor);
	if (!c)
		c = cmp_u64(a->patch, b->patch);
	return c ? c : cmp_pre(a->pre, b->pre);
}

/* A half-open interval [low, high), either end may be open; `pre` says that one of the written ends was a pre-release. */
struct span {
	struct semver low, high;
	bool has_low, has_high;
	bool low_after; /* strictly above low */
	bool high_incl; /* high itself belongs to it */
	bool high_pre0; /* high means its lowest pre-release, "<2.0.0-0" */
	bool none;
	bool named_low, named_high; /* the end was written by the person, with its pre-release */
};

/* The version behind all that share the first `known` numbers. */
static struct semver bump(struct semver v, unsigned known)
{
	v.pre = SLICE_NONE;
	if (known == 1) {
		v.major++;
		v.minor = v.patch = 0;
	} else if (known == 2) {
		v.minor++;
		v.patch = 0;
	} else {
		v.patch++;
	}
	return v;
}

static void span_caret(const struct partial *p, struct span *s)
{
	unsigned fix = p->v.major || p->known < 2 ? 1 : p->v.minor || p->known < 3 ? 2 : 3;
	s->high = bump(p->v, fix);
	s->has_high = s->high_pre0 = true;
}

enum op { OP_EQ, OP_GT, OP_GE, OP_LT, OP_LE, OP_CARET, OP_TILDE };

static struct span span_of(enum op op, const struct partial *p)
{
	struct span s = {.low = p->v, .high = p->v};
	if (p->known == 0) { /* ">*" and "<*" hold nothing, all else everything */
		s.none = op == OP_GT || op == OP_LT;
		return s;
	}
	switch (op) {
	case OP_EQ:
		s.has_low = s.has_high = true;
		s.named_low = p->known == 3;
		if (p->known == 3) {
			s.high_incl = true;
		} else {
			s.high = bump(p->v, p->known);
			s.high_pre0 = true;
		}
		break;
	case OP_GT:
		s.has_low = true;
		s.named_low = s.low_after = p->known == 3;
		if (p->known < 3)
			s.low = bump(p->v, p->known);
		break;
	case OP_GE:
		s.has_low = true;
		s.named_low = p->known == 3;
		break;
	case OP_LT:
		s.has_high = true;
		s.named_high = p->known == 3;
		s.high_pre0 = p->known < 3;
		break;
	case OP_LE:
		s.has_high = true;
		s.named_high = s.high_incl = p->known == 3;
		if (p->known < 3) {
			s.high = bump(p->v, p->known);
			s.high_pre0 = true;
		}
		break;
	case OP_CARET:
		s.has_low = true;
		s.named_low = p->known == 3;
		span_caret(p, &s);
		break;
	case OP_TILDE:
		s.has_low = s.has_high = s.high_pre0 = true;
		s.named_low = p->known == 3;
		s.high = bump(p->v, p->known >= 2 ? 2 : 1);
		break;
	}
	return s;
}

static bool span_has(const struct span *s, const struct semver *v)
{
	if (s->none)
		return false;
	if (s->has_low) {
		int c = semver_cmp(v, &s->low);
		if (c < 0 || (c == 0 && s->low_after))
			return false;
	}
	if (s->has_high) {
		struct semver high = s->high;
		if (s->high_pre0)
			high.pre = SLICE("0");
		int c = semver_cmp(v, &high);
		if (c > 0 || (c == 0 && !s->high_incl))
			return false;
	}
	return true;
}

static bool same_triple(const struct semver *a, const struct semver *b)
{
	return a->pre.n && a->major == b->major && a->minor == b->minor && a->patch == b->patch;
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The next run without blanks, off the front. */
static struct slice word(struct slice *rest)
{
	size_t i = 0, j;
	while (i < rest->n && blank(rest->p[i]))
		i++;
	for (j = i; j < rest->n && !blank(rest->p[j]); j++)
		;
	struct slice w = slice_sub(*rest, i, j - i);
	*rest = slice_from(*rest, j);
	return w;
}

static enum op operator(struct slice *w) { static const struct {struct slice text; enum op op;}
table[] = {
        {SLICE(">="), OP_GE},
        {SLICE("<="), OP_LE},
        {SLICE("~>"), OP_TILDE},
        {SLICE(">"), OP_GT},
        {SLICE("<"), OP_LT},
        {SLICE("="), OP_EQ},
        {SLICE("^"), OP_CARET},
        {SLICE("~"), OP_TILDE},
};
for (size_t i = 0; i < ARRAY_LEN(table); i++) {
	if (slice_starts(*w, table[i].text)) {
		*w = slice_from(*w, table[i].text.n);
		return table[i].op;
	}
}
return OP_EQ;
}

/* One comparator: adds its answer to *fits, and whether it lets this pre-release in to *pre. */
static void apply(enum op op, const struct partial *p, const struct semver *v, bool *fits, bool *pre)
{
	struct span s = span_of(op, p);
	if (!v)
		return;
	if (!span_has(&s, v))
		*fits = false;
	if ((s.named_low && same_triple(&s.low, v)) || (s.named_high && same_triple(&s.high, v)))
		*pre = true;
}

/* One alternative of a range ("a b c", or "a - b"). v may be NULL: only the form is checked. */
static bool alternative(struct slice s, const struct semver *v, bool *in)
{
	bool fits = true, pre = false;
	struct partial p, q;
	for (struct slice w; (w = word(&s)).n;) {
		enum op op = operator(&w);
		if (!w.n) /* blanks between operator and version */
			w = word(&s);
		if (!w.n || !partial_parse(w, &p))
			return false;
		struct slice after = s, dash = word(&after);
		if (slice_is(dash, "-")) {
			struct slice end = word(&after);
			if (op != OP_EQ || !end.n || !partial_parse(end, &q))
				return false;
			s = after;
			apply(OP_GE, &p, v, &fits, &pre);
			apply(OP_LE, &q, v, &fits, &pre);
		} else if (p.gap && op != OP_CARET && op != OP_TILDE) {
			return false;
		} else {
			apply(op, &p, v, &fits, &pre);
		}
	}
	*in = fits && (!v || !v->pre.n || pre);
	return true;
}

static bool range(const struct semver *v, struct slice text, bool *in)
{
	bool any = false;
	if (text.n > 16 * RANGE_MAX)
		return false;
	for (;;) {
		size_t bar = slice_find(text, SLICE("||"), 0);
		bool hit = false;
		if (!alternative(slice_sub(text, 0, bar), v, &hit))
			return false;
		any = any || hit;
		if (bar == SLICE_NPOS)
			break;
		text = slice_from(text, bar + 2);
	}
	*in = any;
	return true;
}

bool semver_range_valid(struct slice text)
{
	bool in;
	return range(NULL, text, &in);
}

bool semver_in(const struct semver *v, struct slice text)
{
	bool in = false;
	return range(v, text, &in) && in;
}
