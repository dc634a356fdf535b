/* Values that are another one each time, but for a part of them. */
#include "vet/analysis_part.h"

#include <errno.h>

#define FRAME_MAX 256 /* words */

/* Words and single other bytes. */
static size_t words_of(struct slice s, struct slice *w)
{
	size_t n = 0;
	for (size_t at = 0; at < s.n && n < FRAME_MAX;) {
		size_t len = 0;
		while (at + len < s.n && ((s.p[at + len] | 32) >= 'a' && (s.p[at + len] | 32) <= 'z'))
			len++;
		if (len == 0)
			len = 1;
		while (at + len < s.n && (s.p[at + len] & 0xc0) == 0x80)
			len++;
		w[n++] = slice_sub(s, at, len);
		at += len;
	}
	return n;
}

#define BASELINES_MIN 4
#define RANDOM_MIN    16
#define RANDOM_MAX    600

static bool is_token(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || (c && strchr("+/=_-", c));
}

/* Rows of letters, digits and the other signs of base64 as how long they are. False: none of them is long, or the value is a text. */
static bool lengths_of(struct slice v, struct buf *out)
{
	bool any = false;
	for (size_t at = 0; at < v.n && v.n <= RANDOM_MAX;) {
		size_t n = 0;
		while (at + n < v.n && is_token(v.p[at + n]))
			n++;
		if (n)
			buf_fmt(out, "<%zu>", n);
		else
			buf_u8(out, v.p[at]);
		any |= n >= RANDOM_MIN;
		at += n ? n : 1;
	}
	return any;
}

bool an_lengths_all(struct ctx *c, uint32_t feature)
{
	size_t first[BASE_COUNT], baselines = 0;
	_cleanup_buf_ struct buf out = BUF(1 << 20);
	for (int b = 0; b < BASE_COUNT; b++)
		first[b] = c->n;
	/* The first time it is only seen whether the baselines of each base agree: what was there is left as it is if they do not. */
	for (int pass = 0; pass < 2; pass++) {
		if (pass == 1 && baselines < BASELINES_MIN)
			return false;
		for (size_t o = 0; o < c->n; o++) {
			struct slice v = c->t[o].usable ? feature_value(c->s, feature, (unsigned)o) : SLICE_NONE;
			enum vet_base base = c->t[o].treatment.base;
			if (!v.p || (pass == 0 && !c->t[o].baseline))
				continue;
			buf_reset(&out);
			bool random = lengths_of(v, &out);
			if (pass == 1) {
				buf_reset(&c->shapes[o]);
				buf_add(&c->shapes[o], buf_slice(&out));
				continue;
			}
			_cleanup_buf_ struct buf other = BUF(1 << 20);
			first[base] = first[base] == c->n ? o : first[base];
			(void)lengths_of(feature_value(c->s, feature, (unsigned)first[base]), &other);
			if (!random || !slice_eq(buf_slice(&out), buf_slice(&other)))
				return false;
			baselines++;
		}
	}
	return true;
}

/* The longest common subsequence of a and b: to[i] is the place in b of a's word, or FRAME_MAX. */
static size_t common_words(const struct slice *a, size_t n, const struct slice *b, size_t m, uint16_t *to)
{
	static uint16_t lcs[FRAME_MAX + 1][FRAME_MAX + 1]; /* too large for the stack */
	for (size_t i = n + 1; i-- > 0;)
		for (size_t k = m + 1; k-- > 0;)
			lcs[i][k] = i == n || k == m                ? 0
			            : slice_eq(a[i], b[k])          ? (uint16_t)(lcs[i + 1][k + 1] + 1)
			            : lcs[i + 1][k] > lcs[i][k + 1] ? lcs[i + 1][k]
			                                            : lcs[i][k + 1];
	size_t found = 0;
	for (size_t i = 0, k = 0; i < n; i++) {
		to[i] = FRAME_MAX;
		while (k < m && !slice_eq(a[i], b[k]) && lcs[i][k + 1] >= lcs[i + 1][k] && lcs[i][k + 1] == lcs[i][k])
			k++;
		if (k < m && slice_eq(a[i], b[k])) {
			to[i] = (uint16_t)k++;
			found++;
		}
	}
	return found;
}

/* A value that changes altogether may still have a part that never does: the words that all baselines have in common, in order, and between
 * which of them other words come. Puts in c->shapes the value with what comes in between left out, so that words that are missing, new or
 * in a place where none ever came are a difference. False if there is no such part. */
bool an_frame_all(struct ctx *c, uint32_t feature)
{
	struct slice keep[FRAME_MAX], w[FRAME_MAX];
	uint16_t to[FRAME_MAX];
	bool used[FRAME_MAX + 1] = {false};
	size_t n = 0, baselines = 0;
	for (size_t o = 0; o < c->n; o++) {
		struct slice v = feature_value(c->s, feature, (unsigned)o);
		if (!c->t[o].usable || !v.p)
			continue;
		if (c->shapes[o].n == 0)
			feature_shape(v, &c->shapes[o]);
		if (!c->t[o].baseline)
			continue;
		size_t m = words_of(buf_slice(&c->shapes[o]), w);
		if (m >= FRAME_MAX)
			return false;
		if (baselines++ == 0) {
			n = m;
			memcpy(keep, w, n * sizeof(*w));
			continue;
		}
		(void)common_words(keep, n, w, m, to);
		size_t k = 0;
		for (size_t i = 0; i < n; i++)
			if (to[i] < FRAME_MAX)
				keep[k++] = keep[i];
		n = k;
	}
	size_t letters = 0;
	for (size_t i = 0; i < n; i++)
		letters += keep[i].n > 1 ? keep[i].n : 0;
	if (baselines < BASELINES_MIN || letters < 3)
		return false;
	/* The words are borrowed from shapes that are about to be overwritten. */
	_cleanup_buf_ struct buf copy = BUF(1 << 20);
	for (size_t i = 0; i < n; i++)
		buf_add(&copy, keep[i]);
	if (buf_error(&copy))
		return false;
	for (size_t i = 0, at = 0; i < n; at += keep[i++].n)
		keep[i].p = copy.p + at;
	for (int pass = 0; pass < 2; pass++)
		for (size_t o = 0; o < c->n; o++) {
			if (c->shapes[o].n == 0 || !c->t[o].usable || (pass == 0 && !c->t[o].baseline))
				continue;
			size_t m = words_of(buf_slice(&c->shapes[o]), w);
			(void)common_words(keep, n, w, m, to);
			_cleanup_buf_ struct buf out = BUF(1 << 20);
			size_t next = 0, place = 0;
			for (size_t i = 0; i <= n; i++) {
				size_t stop = i == n ? m : to[i];
				if (i < n && stop == FRAME_MAX)
					continue; /* missing: what stands there belongs to the gap before the next */
				bool open = false;
				for (size_t g = place; g <= i; g++)
					open |= used[g];
				if (pass == 0 && stop > next)
					used[i] = true;
				for (; pass == 1 && !open && next < stop; next++)
					buf_add(&out, w[next]);
				if (pass == 1 && open)
					buf_str_add(&out, "<*>");
				if (pass == 1 && i < n)
					buf_add(&out, keep[i]);
				next = stop + 1;
				place = i + 1;
			}
			if (pass == 1) {
				buf_reset(&c->shapes[o]);
				buf_add(&c->shapes[o], buf_slice(&out));
				if (c->shapes[o].n == 0)
					buf_str_add(&c->shapes[o], "<*>");
			}
		}
	c->framed = true;
	/* By construction baselines are alike; should the pairing of equal words not have been unique, they may not be. */
	size_t first = c->n;
	for (size_t o = 0; o < c->n; o++) {
		if (!c->t[o].usable || !c->t[o].baseline || c->shapes[o].n == 0)
			continue;
		if (first == c->n)
			first = o;
		if (!slice_eq(buf_slice(&c->shapes[o]), buf_slice(&c->shapes[first])))
			return false;
	}
	return true;
}

/* -- tokens that stay beside others that do not -- */

#define KEPT_MAX   16 /* tokens of a value */
#define KEPT_LEAST 3  /* baselines of a base */
#define KEPT_VALUE 4096

struct kept {
	struct slice token[KEPT_MAX];
	bool same[KEPT_MAX];
	size_t n;
	unsigned baselines;
};

/* Which tokens all baselines of a base have in common. False: their tokens are not as many in each, or too many. */
static bool kept_of(const struct ctx *c, uint32_t feature, enum vet_base base, struct kept *k)
{
	struct slice w[KEPT_MAX];
	*k = (struct kept){0};
	for (size_t o = 0; o < c->n; o++) {
		struct slice v = c->t[o].baseline && an_in_base(&c->t[o], base) ? feature_value(c->s, feature, (unsigned)o) : SLICE_NONE;
		if (!v.p)
			continue;
		size_t n = v.n <= KEPT_VALUE ? feature_tokens(v, w, KEPT_MAX) : KEPT_MAX + 1;
		if (n > KEPT_MAX || (k->baselines && n != k->n))
			return false;
		for (size_t i = 0; i < n && k->baselines; i++)
			k->same[i] &= slice_eq(k->token[i], w[i]);
		for (size_t i = 0; i < n && !k->baselines; i++) {
			k->token[i] = w[i];
			k->same[i] = true;
		}
		k->n = n;
		k->baselines++;
	}
	return true;
}

static size_t count_same(const struct kept *k)
{
	size_t n = 0;
	for (size_t i = 0; i < k->n && k->baselines >= KEPT_LEAST; i++)
		n += k->same[i];
	return n;
}

/* The form of v, with those tokens as they are. */
static void kept_form(struct slice v, const struct kept *k, struct buf *out)
{
	struct slice w[KEPT_MAX];
	size_t n = feature_tokens(v, w, KEPT_MAX), at = 0;
	if (n != k->n || v.n > KEPT_VALUE) {
		feature_shape(v, out);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		size_t from = (size_t)(w[i].p - v.p);
		feature_shape(slice_sub(v, at, from - at), out);
		if (k->same[i])
			buf_add(out, w[i]);
		else
			feature_shape(w[i], out);
		at = from + w[i].n;
	}
	feature_shape(slice_from(v, at), out);
}

bool an_kept_all(struct ctx *c, uint32_t feature)
{
	struct kept k[BASE_COUNT];
	size_t same = 0;
	unsigned baselines = 0;
	for (int b = 0; b < BASE_COUNT; b++) {
		if (!kept_of(c, feature, (enum vet_base)b, &k[b]))
			return false;
		same += count_same(&k[b]);
		baselines += k[b].baselines;
	}
	if (same == 0 || baselines < BASELINES_MIN)
		return false;
	for (size_t o = 0; o < c->n; o++) {
		struct slice v = c->t[o].usable ? feature_value(c->s, feature, (unsigned)o) : SLICE_NONE;
		const struct kept *mine = &k[c->t[o].treatment.base];
		if (!v.p || count_same(mine) == 0)
			continue;
		buf_reset(&c->shapes[o]);
		kept_form(v, mine, &c->shapes[o]);
	}
	c->framed = c->kept = true;
	return true;
}
