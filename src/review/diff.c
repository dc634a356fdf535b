#include "review/diff.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define CONTEXT     3
#define DISTANCE    1500 /* what is kept for the way back grows with its square */
#define LINES_LIMIT ((size_t)4 << 20)

struct lines {
	struct slice *line;
	uint64_t *hash;
	size_t n;
	bool open_end; /* the last line has no newline */
	uint8_t *changed;
};

static void lines_free(struct lines *l)
{
	free(l->line);
	free(l->hash);
	free(l->changed);
}

static int lines_of(struct slice s, struct lines *l)
{
	size_t n = 0;
	for (size_t at = 0; at < s.n; n++) {
		size_t end = slice_chr(s, '\n', at);
		at = end == SLICE_NPOS ? s.n : end + 1;
	}
	if (n > LINES_LIMIT)
		return -E2BIG;
	l->line = calloc(n + 1, sizeof(*l->line));
	l->hash = calloc(n + 1, sizeof(*l->hash));
	l->changed = calloc(n + 1, 1);
	if (!l->line || !l->hash || !l->changed)
		return -ENOMEM;
	for (size_t at = 0; at < s.n;) {
		size_t end = slice_chr(s, '\n', at);
		l->open_end = end == SLICE_NPOS;
		end = l->open_end ? s.n : end;
		l->line[l->n] = slice_sub(s, at, end - at);
		l->hash[l->n] = slice_hash(l->line[l->n]);
		l->n++;
		at = end + 1;
	}
	return 0;
}

/* The last line is another one if only one side ends in a newline. */
static bool same(const struct lines *a, size_t i, const struct lines *b, size_t k)
{
	bool x = a->open_end && i == a->n - 1, y = b->open_end && k == b->n - 1;
	return a->hash[i] == b->hash[k] && x == y && slice_eq(a->line[i], b->line[k]);
}

static void mark(struct lines *l, size_t from, size_t to)
{
	if (to > from)
		memset(l->changed + from, 1, to - from);
}

/* Myers' greedy algorithm ("An O(ND) Difference Algorithm and Its Variations", 1986) on a[a0..a1) and b[b0..b1); the furthest points of
 * each distance are kept, to go back along them. */
static int myers(struct lines *a, size_t a0, size_t a1, struct lines *b, size_t b0, size_t b1)
{
	long n = (long)(a1 - a0), m = (long)(b1 - b0);
	long most = n + m < DISTANCE ? n + m : DISTANCE, d, x = 0, y = 0;
	size_t width = 2 * (size_t)most + 3;
	int32_t **kept = calloc((size_t)most + 1, sizeof(*kept));
	int32_t *v = calloc(width, sizeof(*v));
	int r = kept && v ? 0 : -ENOMEM;
	bool done = false;
	long mid = most + 1;
	for (d = 0; r == 0 && d <= most && !done; d++) {
		kept[d] = malloc((2 * (size_t)d + 3) * sizeof(**kept));
		if (!kept[d]) {
			r = -ENOMEM;
			break;
		}
		memcpy(kept[d], v + mid - d - 1, (2 * (size_t)d + 3) * sizeof(*v));
		for (long k = -d; k <= d && !done; k += 2) {
			x = k == -d || (k != d && v[mid + k - 1] < v[mid + k + 1]) ? v[mid + k + 1] : v[mid + k - 1] + 1;
			y = x - k;
			while (x < n && y < m && same(a, a0 + (size_t)x, b, b0 + (size_t)y)) {
				x++;
				y++;
			}
			v[mid + k] = (int32_t)x;
			done = x >= n && y >= m;
		}
	}
	if (r == 0 && !done) {
		/* Too different to be worth it. */
		mark(a, a0, a1);
		mark(b, b0, b1);
	}
	for (long e = d - 1; r == 0 && done && e > 0; e--) {
		/* kept[e] holds v before step e, from diagonal -e-1 to e+1. */
		const int32_t *w = kept[e] + e + 1;
		long k = x - y;
		bool down = k == -e || (k != e && w[k - 1] < w[k + 1]);
		long from_k = down ? k + 1 : k - 1, from_x = w[from_k], from_y = from_x - from_k;
		if (down)
			mark(b, b0 + (size_t)from_y, b0 + (size_t)from_y + 1);
		else
			mark(a, a0 + (size_t)from_x, a0 + (size_t)from_x + 1);
		x = from_x;
		y = from_y;
	}
	for (long i = 0; kept && i <= most; i++)
		free(kept[i]);
	free(kept);
	free(v);
	return r;
}

static int compare(struct slice x, struct slice y, struct lines *a, struct lines *b)
{
	int r = lines_of(x, a);
	r = r < 0 ? r : lines_of(y, b);
	if (r < 0)
		return r;
	size_t a0 = 0, a1 = a->n, b1 = b->n;
	while (a0 < a1 && a0 < b1 && same(a, a0, b, a0))
		a0++;
	while (a1 > a0 && b1 > a0 && same(a, a1 - 1, b, b1 - 1)) {
		a1--;
		b1--;
	}
	if (a1 == a0 || b1 == a0) {
		mark(a, a0, a1);
		mark(b, a0, b1);
		return 0;
	}
	return myers(a, a0, a1, b, a0, b1);
}

struct telling {
	size_t max;
	long n;
	void (*fn)(void *arg, const struct diff_line *line);
	void *arg;
};

static void tell(struct telling *t, char kind, struct slice text)
{
	if ((size_t)t->n < t->max)
		t->fn(t->arg, &(struct diff_line){kind, text});
	t->n++;
}

static void tell_line(struct telling *t, char kind, const struct lines *l, size_t i)
{
	tell(t, kind, l->line[i]);
	if (l->open_end && i == l->n - 1)
		tell(t, '\\', SLICE("No newline at end of file"));
}

/* As diff -u writes it: a count of one is left out, and the beginning of nothing is the line before. */
static int side(char *out, size_t room, size_t at, size_t n)
{
	return n == 1 ? snprintf(out, room, "%zu", at + 1) : snprintf(out, room, "%zu,%zu", n ? at + 1 : at, n);
}

/* From the changed lines at (i, k): the hunk with its context, up to where more than twice the context is the same. */
static void hunk(struct telling *t, const struct lines *a, const struct lines *b, size_t *i, size_t *k)
{
	size_t before = *i < CONTEXT ? *i : CONTEXT, ai = *i - before, bk = *k - before, x = *i, y = *k, run = 0;
	while (x < a->n || y < b->n) {
		bool gone = x < a->n && a->changed[x], come = y < b->n && b->changed[y];
		if (!gone && !come) {
			if (++run > (size_t)2 * CONTEXT)
				break;
			x++;
			y++;
			continue;
		}
		run = 0;
		x += gone;
		y += !gone && come;
	}
	/* run counts one more than was gone over, if it ended so. */
	size_t over = run > (size_t)2 * CONTEXT ? run - 1 : run, back = over > CONTEXT ? over - CONTEXT : 0;
	size_t a_end = x - back, b_end = y - back;
	char head[128], p[48], q[48];
	(void)side(p, sizeof(p), ai, a_end - ai);
	(void)side(q, sizeof(q), bk, b_end - bk);
	int n = snprintf(head, sizeof(head), "@@ -%s +%s @@", p, q);
	tell(t, '@', slice_of(head, (size_t)n));
	while (ai < a_end || bk < b_end) {
		if (ai < a_end && a->changed[ai])
			tell_line(t, '-', a, ai++);
		else if (bk < b_end && b->changed[bk])
			tell_line(t, '+', b, bk++);
		else {
			tell_line(t, ' ', a, ai++);
			bk++;
		}
	}
	*i = x;
	*k = y;
}

long diff_lines(struct slice x, struct slice y, size_t max, void (*fn)(void *arg, const struct diff_line *line), void *arg)
{
	struct lines a __attribute__((cleanup(lines_free))) = {0}, b __attribute__((cleanup(lines_free))) = {0};
	struct telling t = {.max = max, .fn = fn, .arg = arg};
	int r = compare(x, y, &a, &b);
	if (r < 0)
		return r;
	for (size_t i = 0, k = 0; i < a.n || k < b.n;) {
		if ((i < a.n && a.changed[i]) || (k < b.n && b.changed[k])) {
			hunk(&t, &a, &b, &i, &k);
		} else {
			i++;
			k++;
		}
	}
	return t.n;
}

int diff_count(struct slice x, struct slice y, size_t *added, size_t *removed)
{
	struct lines a __attribute__((cleanup(lines_free))) = {0}, b __attribute__((cleanup(lines_free))) = {0};
	int r = compare(x, y, &a, &b);
	if (r < 0)
		return r;
	*added = *removed = 0;
	for (size_t i = 0; i < a.n; i++)
		*removed += a.changed[i];
	for (size_t i = 0; i < b.n; i++)
		*added += b.changed[i];
	return 0;
}

bool diff_is_text(struct slice s)
{
	return s.n == 0 || !memchr(s.p, 0, s.n < 8000 ? s.n : 8000);
}
