#include "vet/hunk.h"

#include "vet/codepoint.h"
#include "vet/explain_text.h"

#define TOKENS_MAX 320 /* on each side, after the common ends are gone */

struct token {
	size_t at, n;
};

static size_t token_length(struct slice s, size_t at)
{
	size_t n = 0;
	if (s.p[at] == '{') {
		size_t end = slice_chr(s, '}', at);
		bool name = end != SLICE_NPOS && end > at + 1;
		for (size_t i = at + 1; name && i < end; i++)
			name = text_word_byte(s.p[i]) || s.p[i] == ' ' || s.p[i] == '-';
		if (name)
			return end + 1 - at;
	}
	while (at + n < s.n && text_word_byte(s.p[at + n]))
		n++;
	uint32_t cp;
	return n ? n : codepoint_next(slice_from(s, at), &cp);
}

/* False if there are too many. */
static bool tokens_of(struct slice s, struct token *t, size_t *n)
{
	*n = 0;
	for (size_t at = 0; at < s.n; at += t[*n - 1].n) {
		if (*n == TOKENS_MAX)
			return false;
		t[(*n)++] = (struct token){at, token_length(s, at)};
	}
	return true;
}

/* Widens the span of a difference to whole tokens. */
static struct hunk outer(struct slice a, struct slice b)
{
	struct codepoint_span d = codepoint_diff(a, b);
	size_t front = d.a_at, back = a.n - d.a_at - d.a_n;
	while (front > 0 && (text_word_byte(a.p[front - 1]) || a.p[front - 1] == '{'))
		front--;
	while (back > 0 && (text_word_byte(a.p[a.n - back]) || a.p[a.n - back] == '}'))
		back--;
	return (struct hunk){front, a.n - front - back, front, b.n - front - back};
}

size_t hunks_of(struct slice a, struct slice b, struct hunk *out, size_t max)
{
	if (max == 0 || slice_eq(a, b))
		return 0;
	struct hunk all = outer(a, b);
	struct slice x = slice_sub(a, all.a_at, all.a_n), y = slice_sub(b, all.b_at, all.b_n);
	_cleanup_free_ struct token *tx = calloc(2 * TOKENS_MAX, sizeof(*tx));
	_cleanup_free_ uint16_t *lcs = NULL;
	size_t nx = 0, ny = 0;
	out[0] = all;
	if (!tx || !tokens_of(x, tx, &nx) || !tokens_of(y, tx + TOKENS_MAX, &ny))
		return 1;
	struct token *ty = tx + TOKENS_MAX;
	size_t w = ny + 1;
	lcs = calloc((nx + 1) * w, sizeof(*lcs));
	if (!lcs)
		return 1;
	for (size_t i = nx; i-- > 0;)
		for (size_t k = ny; k-- > 0;) {
			if (slice_eq(slice_sub(x, tx[i].at, tx[i].n), slice_sub(y, ty[k].at, ty[k].n)))
				lcs[i * w + k] = (uint16_t)(lcs[(i + 1) * w + k + 1] + 1);
			else
				lcs[i * w + k] = lcs[(i + 1) * w + k] > lcs[i * w + k + 1] ? lcs[(i + 1) * w + k] : lcs[i * w + k + 1];
		}
	size_t n = 0, i = 0, k = 0;
	while (i < nx || k < ny) {
		if (i < nx && k < ny && slice_eq(slice_sub(x, tx[i].at, tx[i].n), slice_sub(y, ty[k].at, ty[k].n))) {
			i++;
			k++;
			continue;
		}
		size_t i0 = i, k0 = k;
		while ((i < nx || k < ny) &&
		        !(i < nx && k < ny && slice_eq(slice_sub(x, tx[i].at, tx[i].n), slice_sub(y, ty[k].at, ty[k].n)))) {
			if (k == ny || (i < nx && lcs[(i + 1) * w + k] >= lcs[i * w + k + 1]))
				i++;
			else
				k++;
		}
		size_t ax = i0 < nx ? tx[i0].at : x.n, bx = k0 < ny ? ty[k0].at : y.n;
		size_t ae = i < nx ? tx[i].at : x.n, be = k < ny ? ty[k].at : y.n;
		struct hunk h = {all.a_at + ax, ae - ax, all.b_at + bx, be - bx};
		if (n == max) {
			out[n - 1].a_n = h.a_at + h.a_n - out[n - 1].a_at;
			out[n - 1].b_n = h.b_at + h.b_n - out[n - 1].b_at;
		} else {
			out[n++] = h;
		}
	}
	return n;
}
