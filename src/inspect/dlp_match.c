/* From a literal that the matcher saw to a hit, or to another level of decoding. */
#include <errno.h>

#include "base/cleanup.h"
#include "inspect/dlp_part.h"
#include "inspect/secret_check.h"

#define STEPS 20000 /* of matching one pattern at one place */

struct matcher {
	const struct image *m;
	struct slice s;
	unsigned steps;
};

static size_t step(struct matcher *x, const struct image_atom *a, size_t n, size_t at, bool back)
{
	if (n == 0)
		return at;
	const uint8_t *set = x->m->sets[a->set];
	size_t room = back ? at : x->s.n - at, most = a->max < room ? a->max : room, k = 0;
	const uint8_t *p = x->s.p + at;
	if (back)
		while (k < most && set_has(set, p[-1 - (ptrdiff_t)k]))
			k++;
	else
		while (k < most && set_has(set, p[k]))
			k++;
	if (n == 1)
		return k >= a->min ? (back ? at - k : at + k) : SLICE_NPOS;
	for (;; k--) {
		if (k < a->min || ++x->steps > STEPS)
			return SLICE_NPOS;
		size_t end = step(x, a + 1, n - 1, back ? at - k : at + k, back);
		if (end != SLICE_NPOS)
			return end;
		if (k == 0)
			return SLICE_NPOS;
	}
}

/* The match could go on (to the right, or to the left): then it is a part of something longer. Atoms are given from the middle outwards. */
static bool goes_on(const struct image *m, const struct image_atom *a, size_t n, uint8_t c)
{
	while (n > 0) {
		if (set_has(m->sets[a[n - 1].set], c))
			return true;
		if (a[n - 1].min > 0)
			return false;
		n--;
	}
	return false;
}

/* What is not fixed of the match: the least entropy and no placeholder. */
static bool random_enough(const struct image_rule *r, struct slice s, size_t from, size_t start, size_t end, size_t to)
{
	uint8_t part[256];
	size_t n = 0;
	if (r->entropy == 0)
		return true;
	for (size_t i = from; i < to && n < sizeof(part); i++)
		if (i < start || i >= end)
			part[n++] = s.p[i];
	struct slice p = slice_of(part, n);
	if (secret_entropy(p) < r->entropy / 10.0 || secret_made_up(p))
		return false;
	/* Where only the place tells: random letters hardly ever come in six tenths of pairs that words have. */
	return r->confidence >= 90 || secret_hex(p) || secret_wordy(p, 10) < 63;
}

static bool tell(struct dlp_scan *s, struct level *l, const struct image_rule *r, struct secret_candidate *c, struct slice shown)
{
	const struct image *m = &s->engine->image;
	c->confidence = r->confidence;
	c->entropy = r->entropy;
	if (!secret_check((enum image_check)r->check, c))
		return false;
	bool guess = r->check == CHECK_GENERIC || r->check == CHECK_PASSWORD;
	if (guess && s->engine->no_generic)
		return false;
	size_t from = c->from + r->skip < c->to ? c->from + r->skip : c->from;
	dlp_found(s, l,
	        &(struct found){.from = from,
	                .to = c->to,
	                .class = guess ? DLP_GENERIC : DLP_SECRET,
	                .rule = m->strings + r->name,
	                .what = m->strings + r->what,
	                .confidence = c->confidence,
	                .cut = c->cut,
	                .shown = shown,
	                .length = c->to - from});
	return true;
}

/* Behind a + or / of base64: 24 characters of its alphabet, mixed as there. */
static bool in_blob(struct slice t, size_t at)
{
	size_t k = 0, digits = 0, upper = 0;
	if (at == 0 || (t.p[at - 1] != '+' && t.p[at - 1] != '/'))
		return false;
	for (; k < 24 && k < at; k++) {
		uint8_t c = t.p[at - 1 - k];
		bool digit = c >= '0' && c <= '9', big = c >= 'A' && c <= 'Z';
		if (!digit && !big && !(c >= 'a' && c <= 'z') && c != '+' && c != '/')
			return false;
		digits += digit;
		upper += big;
	}
	return k == 24 && digits && upper > 3;
}

/* The match of a pattern whose literal is at [start, end) of a text. False if there is none that counts. */
static bool match(const struct image *m, const struct image_pattern *p, struct slice t, bool side, size_t start, size_t end,
        struct secret_candidate *c)
{
	const struct image_rule *r = &m->rules[p->rule];
	struct matcher x = {.m = m, .s = t};
	const struct image_atom *before = m->atoms + p->atom, *after = before + p->before;
	if (p->before == 0 && !(r->flags & RULE_GLUED) && !secret_left_edge(t, start))
		return false;
	size_t to = step(&x, after, p->after, end, false), from;
	if (to == SLICE_NPOS || (from = step(&x, before, p->before, start, true)) == SLICE_NPOS)
		return false;
	if (!(r->flags & RULE_GLUED) && !secret_left_edge(t, from))
		return false;
	if (p->before && from > 0 && !(r->flags & RULE_GLUED) && goes_on(m, before, p->before, t.p[from - 1]) &&
	        !(from > 1 && t.p[from - 2] == '\\'))
		return false;
	/* Backwards, an escaped line break in front of the secret is an "n" with a backslash behind it. */
	bool broken = side && to + 1 < t.n && t.p[to + 1] == '\\';
	if (!(r->flags & RULE_LOOSE) && to < t.n && !broken && goes_on(m, after, p->after, t.p[to]))
		return false;
	if (in_blob(t, from) && r->confidence < 96)
		return false;
	*c = (struct secret_candidate){.text = t, .from = from, .to = to};
	return random_enough(r, t, from, start, end, to);
}

static bool try_pattern(struct dlp_scan *s, struct level *l, const struct image_pattern *p, size_t start, size_t end)
{
	const struct image *m = &s->engine->image;
	struct secret_candidate c;
	if (!match(m, p, l->s, l->side, start, end, &c))
		return false;
	struct slice shown = c.from == start ? slice_of(m->strings + p->literal, p->fixed < 12 ? p->fixed : 12) : SLICE_NONE;
	return tell(s, l, &m->rules[p->rule], &c, shown);
}

/* ---- secrets in two pieces */

static struct dlp_history *history_of(struct dlp_scan *s)
{
	if (!s->history && !s->own && dlp_history_new(s->engine, 0, &s->own) < 0)
		s->more = true;
	return s->history ? s->history : s->own;
}

/* Most bytes that a match may lack. */
static size_t shortest(const struct image *m, const struct image_pattern *p)
{
	size_t n = p->fixed;
	for (size_t i = 0; i < p->after; i++)
		n += m->atoms[p->atom + p->before + i].min;
	return n;
}

/* A piece may be of something random: it is no long word, as a short piece can look like one by chance. Where there is a checksum that
 * decides. */
static bool may_be_random(const struct image_rule *r, struct slice s)
{
	return r->check == CHECK_CRC62 || secret_hex(s) || secret_wordy(s, 10) < 60;
}

/* Both pieces together: of two kinds of character as well, and no word of any length. */
static bool is_random(const struct image_rule *r, struct slice s)
{
	size_t digits = 0, capitals = 0, small = 0;
	for (size_t i = 0; i < s.n; i++) {
		digits += s.p[i] >= '0' && s.p[i] <= '9';
		capitals += s.p[i] >= 'A' && s.p[i] <= 'Z';
		small += s.p[i] >= 'a' && s.p[i] <= 'z';
	}
	bool mixed = (digits && (capitals || small)) || (capitals > 1 && small > 1);
	return r->check == CHECK_CRC62 || (mixed && (secret_hex(s) || secret_wordy(s, 4) < 60));
}

/* A pattern of one length that began here, and then a quote, a blank or the end came too early: it may go on elsewhere. */
static void begun(struct dlp_scan *s, struct level *l, const struct image_pattern *p, size_t start, size_t end)
{
	const struct image *m = &s->engine->image;
	const struct image_atom *a = m->atoms + p->atom;
	size_t at = end, i = 0;
	if (l->up || p->before || p->fixed < 3 || m->rules[p->rule].confidence < 90 || m->rules[p->rule].entropy == 0)
		return;
	for (; i < p->after; i++) {
		size_t k = 0;
		while (k < a[i].max && at < l->s.n && set_has(m->sets[a[i].set], l->s.p[at])) {
			k++;
			at++;
		}
		if (k < a[i].min)
			break;
	}
	if (i == p->after || at < end + 4 || shortest(m, p) != p->reach ||
	        !may_be_random(&m->rules[p->rule], slice_sub(l->s, end, at - end)) ||
	        (at < l->s.n && !strchr("\"'\\ \t\r\n", l->s.p[at])) || !secret_left_edge(l->s, start))
		return;
	struct dlp_history *h = history_of(s);
	if (h)
		dlp_history_begin(h, (uint32_t)(p - m->patterns), l->base + at, slice_sub(l->s, start, at - start));
}

static bool in_token(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || c == '-' || c == '.' || c == '+' || c == '/' ||
	       c == '=';
}

/* The token at [at, end) as the rest of one that was begun. */
static void go_on(struct dlp_scan *s, struct level *l, const struct partial *b, size_t at, size_t end)
{
	const struct image *m = &s->engine->image;
	const struct image_pattern *p = &m->patterns[b->pattern];
	struct secret_candidate c;
	uint8_t *joined = s->work->side[0];
	size_t n = end - at;
	const struct image_rule *r = &m->rules[p->rule];
	if (b->n + n != p->reach || !may_be_random(r, slice_sub(l->s, at, n)))
		return;
	memcpy(joined, b->text, b->n);
	memcpy(joined + b->n, l->s.p + at, n);
	if (!is_random(r, slice_of(joined + p->fixed, b->n + n - p->fixed)) ||
	        !match(m, p, slice_of(joined, b->n + n), false, 0, p->fixed, &c) || c.to != b->n + n)
		return;
	c.confidence = r->confidence;
	if (!secret_check((enum image_check)r->check, &c) || (r->check == CHECK_CRC62 && c.confidence < 99))
		return;
	/* That two tokens happen to fit together is likelier than that one is there. */
	if (c.confidence < 99)
		c.confidence = (uint8_t)(c.confidence * 4 / 5);
	dlp_found(s, l,
	        &(struct found){.from = at,
	                .to = end,
	                .class = DLP_SECRET,
	                .rule = m->strings + r->name,
	                .what = m->strings + r->what,
	                .confidence = c.confidence,
	                .split = true,
	                .shown = slice_of(m->strings + p->literal, p->fixed < 12 ? p->fixed : 12),
	                .length = b->n + n});
}

/* Tokens of the message, as long as there is a beginning that they may belong to. */
static void second_pieces(struct dlp_scan *s, struct level *l, size_t from, size_t to)
{
	struct dlp_history *h = s->history ? s->history : s->own;
	uint32_t message;
	if (!h || l->up)
		return;
	const struct partial *all = dlp_history_partials(h, &message);
	bool any = false;
	for (size_t i = 0; i < PARTIALS; i++)
		any = any || all[i].n;
	for (size_t at = from, end; any && at < to; at = end + 1) {
		end = at;
		while (end < l->s.n && in_token(l->s.p[end]))
			end++;
		/* The letter of an escaped line break. */
		size_t begin = at + (at > 0 && l->s.p[at - 1] == '\\' && end > at && (l->s.p[at] == 'n' || l->s.p[at] == 't'));
		if (end < begin + 6 || end - begin > 300)
			continue;
		for (size_t i = 0; i < PARTIALS; i++)
			if (all[i].n && (all[i].message != message || l->base + begin > all[i].end))
				go_on(s, l, &all[i], begin, end);
	}
}

void dlp_run_patterns(struct dlp_scan *s, struct level *l, size_t at)
{
	const struct image *m = &s->engine->image;
	for (uint32_t i = m->head->n_patterns - m->head->n_runs; i < m->head->n_patterns; i++)
		(void)try_pattern(s, l, &m->patterns[i], at, at);
}

static bool try_value(struct dlp_scan *s, struct level *l, const struct image_pattern *p, size_t at, bool quoted)
{
	const struct image *m = &s->engine->image;
	const struct image_rule *r = &m->rules[p->rule];
	struct matcher x = {.m = m, .s = l->s};
	const struct image_atom *after = m->atoms + p->atom + p->before;
	size_t to = step(&x, after, p->after, at, false);
	if (to == SLICE_NPOS || to == at)
		return false;
	bool guess = r->check == CHECK_GENERIC || r->check == CHECK_PASSWORD;
	if (!guess && to < l->s.n && goes_on(m, after, p->after, l->s.p[to]))
		return false;
	if (!guess && !random_enough(r, l->s, at, at, at, to))
		return false;
	struct secret_candidate c = {.text = l->s, .from = at, .to = to, .quoted = quoted};
	return tell(s, l, r, &c, SLICE_NONE);
}

/* The name goes on to say that it is no secret: token_url, secretName, credentialId. */
static bool names_other(struct slice t, size_t at)
{
	static const char *const ends[] = {"id", "ids", "name", "names", "type", "url", "uri", "path", "file", "length", "size", "version",
	        "endpoint", "alias", "label", "count", "index", "hash", "expiry", "scope", "ref"};
	size_t end = at;
	while (end < t.n && end - at < 40 && ((t.p[end] | 32) >= 'a' && (t.p[end] | 32) <= 'z'))
		end++;
	if (end == at && at < t.n && (t.p[at] == '_' || t.p[at] == '-' || t.p[at] == '.')) {
		at++;
		for (end = at; end < t.n && end - at < 40 && ((t.p[end] | 32) >= 'a' && (t.p[end] | 32) <= 'z');)
			end++;
	}
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (slice_eq_nocase(slice_sub(t, at, end - at), slice_str(ends[i])))
			return true;
	return false;
}

/* A word beside which values of a rule stand, at [start, end). */
static void near(struct dlp_scan *s, struct level *l, const struct image_pattern *p, size_t start, size_t end)
{
	const struct image *m = &s->engine->image;
	const struct image_rule *r = &m->rules[p->rule];
	size_t at = end;
	if (end >= l->s.n)
		return;
	/* A name of a service inside of another word is none, unless it is written in humps. */
	uint8_t first = l->s.p[start], left = start > 0 ? l->s.p[start - 1] : ' ';
	bool small = left >= 'a' && left <= 'z', big = left >= 'A' && left <= 'Z';
	if (!(r->flags & RULE_GLUED) && (big || (small && first >= 'a' && first <= 'z')) && !secret_left_edge(l->s, start))
		return;
	bool guess = r->check == CHECK_GENERIC || r->check == CHECK_PASSWORD;
	if (guess && names_other(l->s, end))
		return;
	bool quoted = false;
	if (r->flags & RULE_DIRECT) {
		(void)try_value(s, l, p, at, true);
		return;
	}
	if (secret_assigned(l->s, end, &at, &quoted) && try_value(s, l, p, at, quoted))
		return;
	if (guess || r->check == CHECK_BASIC)
		return;
	/* A vendor's name, and somewhere on the next hundred bytes a value of just that form. */
	const uint8_t *set = m->sets[m->atoms[p->atom].set];
	for (size_t i = end; i < l->s.n && i < end + 100; i++)
		if (set_has(set, l->s.p[i]) && i > end && !set_has(set, l->s.p[i - 1]) && secret_left_edge(l->s, i) &&
		        try_value(s, l, p, i, false))
			return;
}

/* The text around a literal that is there backwards or in ROT13, read the right way round. */
static void hidden(struct dlp_scan *s, struct level *l, const struct image_pattern *p, enum dlp_decoding how, size_t start, size_t end)
{
	const struct image_rule *rule = &s->engine->image.rules[p->rule];
	/* Most often a letter stands where the secret would have to begin. */
	if (p->fixed && !p->before && !(rule->flags & RULE_GLUED)) {
		uint8_t c = end < l->s.n ? l->s.p[end] : ' ';
		if (how == DLP_ROT13 ? !secret_left_edge(l->s, start)
		                     : c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z'))
			return;
	}
	size_t reach = p->reach + (p->fixed ? 8u : 140u), back = how == DLP_REVERSE ? reach : 264, ahead = how == DLP_REVERSE ? 264 : reach,
	       next;
	if (l->side)
		return; /* both at once is the text itself, or was looked at as such */
	if (reach > IMAGE_REACH)
		reach = IMAGE_REACH;
	back = back > IMAGE_REACH ? IMAGE_REACH : back;
	ahead = ahead > IMAGE_REACH - 264 ? IMAGE_REACH - 264 : ahead;
	if (how == DLP_REVERSE && back > IMAGE_REACH - 264)
		back = IMAGE_REACH - 264;
	size_t lo = start > back ? start - back : 0, hi = l->s.n - end > ahead ? end + ahead : l->s.n;
	struct level side = {.up = l, .side = true, .depth = l->depth + 1, .reading = {.how = how, .from = lo, .to = hi}};
	uint8_t *out = s->work->side[l->depth];
	size_t n = dlp_decode(l->s, &side.reading, out, DLP_SIDE, NULL, &next);
	side.s = slice_of(out, n);
	size_t from = how == DLP_REVERSE ? hi - end : start - lo;
	if (p->fixed)
		(void)try_pattern(s, &side, p, from, from + end - start);
	else
		near(s, &side, p, from, from + end - start);
}

/* ---- other levels */

/* How many decodings a reading is. */
static unsigned cost(const struct dlp_reading *r)
{
	return 1u + ((r->backwards || r->rot13) && r->how != DLP_REVERSE && r->how != DLP_ROT13);
}

static void search_down(struct dlp_scan *s, struct level *l, const struct dlp_reading *r, bool whole, size_t n)
{
	struct level down = {.up = l, .reading = *r, .whole = whole, .depth = l->depth + cost(r)};
	down.s = slice_of(s->work->out[down.depth], n);
	s->spent += n;
	if (n >= DLP_PIECE)
		(void)dlp_search(s, &down, 0, n);
}

static bool affordable(struct dlp_scan *s)
{
	if (s->spent <= s->fed * 8 + (4u << 20))
		return true;
	s->more = true;
	return false;
}

/* Text in which some characters are escaped: around an escape, as long as there are others near. */
static void escapes(struct dlp_scan *s, struct level *l, enum image_escape kind, size_t start)
{
	static const enum dlp_decoding how[] = {[ESCAPE_BACKSLASH] = DLP_ESCAPE,
	        [ESCAPE_PERCENT] = DLP_PERCENT,
	        [ESCAPE_ENTITY] = DLP_ENTITY,
	        [ESCAPE_QUOTED] = DLP_QUOTED};
	if (l->depth >= DLP_DEPTH || start < l->escaped[kind] || dlp_escape(l->s, how[kind], start) == 0 || !affordable(s))
		return;
	size_t from = start > 256 ? start - 256 : 0, last = start, i = start, next, n;
	while (i < l->s.n && i - last < 256 && i - from < DLP_OUT / 2) {
		size_t k = dlp_escape(l->s, how[kind], i);
		if (k)
			last = i + k;
		i += k ? k : 1;
	}
	/* The next stretch has to see the end of this one again, if it was cut off. */
	l->escaped[kind] = i - from >= DLP_OUT / 2 ? i - 512 : i;
	struct dlp_reading r = {.how = how[kind], .from = from, .to = i};
	n = dlp_decode(l->s, &r, s->work->out[l->depth + 1], DLP_OUT, NULL, &next);
	search_down(s, l, &r, false, n);
}

/* A gzip or zlib stream: first to its end, to know which bytes it takes and that it is one; then again to search it. */
#define INFLATE_MAX ((size_t)2 << 20)
static void inflate_at(struct dlp_scan *s, struct level *l, size_t start)
{
	z_stream *z = &s->work->inflate[l->depth];
	uint8_t *out = s->work->out[l->depth + 1];
	struct slice in = slice_from(l->s, start);
	struct dlp_reading r = {.how = DLP_INFLATE, .from = start, .to = start};
	if (start < l->inflated || !affordable(s))
		return;
	in.n = in.n > INFLATE_MAX ? INFLATE_MAX : in.n;
	for (int pass = 0; pass < 2; pass++) {
		size_t total = 0, kept = 0;
		int e = Z_OK;
		if (inflateReset2(z, 15 + 32) != Z_OK)
			return;
		z->next_in = (uint8_t *)(uintptr_t)in.p;
		z->avail_in = (unsigned)in.n;
		while (e == Z_OK && total < INFLATE_MAX) {
			z->next_out = out + kept;
			z->avail_out = (unsigned)(DLP_OUT - kept);
			e = inflate(z, Z_NO_FLUSH);
			size_t n = DLP_OUT - z->avail_out;
			total += n - kept;
			if (pass == 0)
				continue;
			search_down(s, l, &r, true, n);
			if (e != Z_OK || n < DLP_OUT)
				break;
			/* What lies across the border is seen again. */
			kept = 2048;
			memmove(out, out + n - kept, kept);
		}
		if (pass == 0 && (total < 32 || (e != Z_STREAM_END && e != Z_BUF_ERROR && e != Z_OK && total < 256)))
			return;
		r.to = start + (size_t)z->total_in;
		r.open = e != Z_STREAM_END;
		s->spent += total;
	}
	l->inflated = r.to;
}

void dlp_literal(struct dlp_scan *s, struct level *l, const struct image_use *u, size_t start, size_t end)
{
	const struct image_pattern *p = u->form <= FORM_NEAR ? &s->engine->image.patterns[u->index] : NULL;
	switch ((enum image_form)u->form) {
	case FORM_PLAIN:
		if (!try_pattern(s, l, p, start, end))
			begun(s, l, p, start, end);
		break;
	case FORM_REVERSE:
		if (l->depth < DLP_DEPTH)
			hidden(s, l, p, DLP_REVERSE, start, end);
		break;
	case FORM_ROT13:
		if (l->depth < DLP_DEPTH)
			hidden(s, l, p, DLP_ROT13, start, end);
		break;
	case FORM_NEAR:
		near(s, l, p, start, end);
		break;
	case FORM_ESCAPE:
		escapes(s, l, (enum image_escape)u->index, start);
		break;
	case FORM_DEFLATE:
		if (l->depth < DLP_DEPTH)
			inflate_at(s, l, start);
		break;
	default:
		break;
	}
}

/* Base64 or hex of a compressed stream that is longer than a piece: decoded, inflated and searched piece by piece. The span of what is
 * found is all of it. */
static void inflate_run(struct dlp_scan *s, struct level *l, const struct dlp_reading *r, unsigned depth)
{
	z_stream *z = &s->work->inflate[depth];
	uint8_t *in = s->work->out[depth], *out = s->work->out[depth + 1];
	struct dlp_reading piece = *r;
	struct level middle = {.up = l, .reading = *r, .whole = true, .depth = depth};
	struct level down = {.up = &middle, .reading = {.how = DLP_INFLATE, .to = 1}, .whole = true, .depth = depth + 1};
	size_t kept = 0, total = 0;
	int e = inflateReset2(z, 15 + 32);
	while (e == Z_OK && piece.from < r->to) {
		size_t next;
		z->avail_in = (unsigned)dlp_decode(l->s, &piece, in, DLP_OUT, NULL, &next);
		z->next_in = in;
		if (z->avail_in == 0 || next <= piece.from)
			break;
		piece.from = next;
		while (e == Z_OK && z->avail_in && affordable(s)) {
			z->next_out = out + kept;
			z->avail_out = (unsigned)(DLP_OUT - kept);
			e = inflate(z, Z_NO_FLUSH);
			size_t n = DLP_OUT - z->avail_out;
			total += n - kept;
			s->spent += n - kept;
			down.s = slice_of(out, n);
			down.mapped = false;
			memset(down.escaped, 0, sizeof(down.escaped));
			down.inflated = 0;
			if (n >= DLP_PIECE && (n == DLP_OUT || e != Z_OK || piece.from >= r->to))
				(void)dlp_search(s, &down, 0, n);
			kept = n;
			if (n == DLP_OUT) {
				/* What lies across the border is seen again. */
				kept = 2048;
				memmove(out, out + n - kept, kept);
			}
		}
		if (z->avail_in || total > 4 * INFLATE_MAX)
			break;
	}
}

/* The head of a gzip or zlib stream. */
static bool deflated(const uint8_t *p, size_t n)
{
	return n > 2 && ((p[0] == 0x1f && p[1] == 0x8b && p[2] == 8) || (p[0] == 0x78 && (p[0] << 8 | p[1]) % 31 == 0));
}

/* Base64 or hex, in pieces that fit the buffer. */
static void pieces(struct dlp_scan *s, struct level *l, const struct dlp_reading *r)
{
	struct dlp_reading piece = *r;
	unsigned depth = l->depth + cost(r);
	if (depth > DLP_DEPTH)
		return;
	for (;;) {
		size_t next, n = dlp_decode(l->s, &piece, s->work->out[depth], DLP_OUT, NULL, &next), from = piece.from;
		piece.to = piece.backwards ? piece.to : next;
		if (from == r->from && n == DLP_OUT && !piece.backwards && depth < DLP_DEPTH && deflated(s->work->out[depth], n)) {
			inflate_run(s, l, r, depth);
			return;
		}
		search_down(s, l, &piece, false, n);
		if (n < DLP_OUT || piece.backwards || next >= r->to || !affordable(s))
			return;
		/* What lies across the border is seen again, where no line breaks make the count uncertain. */
		piece.from = piece.how == DLP_BASE64 && next - from == n / 3 * 4 ? next - 4096 : next;
		piece.to = r->to;
	}
}

/* ---- the search of one level */

struct heard {
	struct dlp_scan *s;
	struct level *l;
	size_t from, to;
};

static int on_literal(unsigned id, unsigned long long begin, unsigned long long end, unsigned flags, void *arg)
{
	struct heard *h = arg;
	const struct image *m = &h->s->engine->image;
	const struct image_literal *lit = &m->literals[id];
	size_t stop = h->from + (size_t)end, start = stop - lit->length;
	(void)begin;
	(void)flags;
	if (start < h->to)
		for (uint32_t i = 0; i < lit->n_uses; i++)
			dlp_literal(h->s, h->l, &m->uses[lit->use + i], start, stop);
	return 0;
}

/* Base64 and hex, whose text is searched. */
static void runs(struct dlp_scan *s, struct level *l, size_t from, size_t to)
{
	size_t at = from, a, b;
	/* One that began before: its last part is looked at again. */
	at = dlp_run_begin(l->s, at, 2048);
	while (dlp_next_run(l->s, at, to, &a, &b)) {
		struct dlp_reading ways[DLP_WAYS];
		at = b;
		if (s->engine->has_rules)
			dlp_run_patterns(s, l, a);
		size_t n = l->depth < DLP_DEPTH ? dlp_readings(l->s, a, b, ways) : 0;
		for (size_t i = 0; i < n && affordable(s); i++)
			pieces(s, l, &ways[i]);
	}
	if (l->depth >= DLP_DEPTH)
		return;
	for (at = from; dlp_next_pairs(l->s, at, to, &a, &b); at = b) {
		struct dlp_reading r = {.how = DLP_HEX, .from = a, .to = b};
		if (affordable(s))
			pieces(s, l, &r);
	}
}

struct prints {
	struct dlp_scan *s;
	struct level *l;
};

static void on_print(void *arg, const struct fingerprint_hit *hit)
{
	struct prints *p = arg;
	uint64_t from = hit->from - p->l->base, to = hit->to - p->l->base;
	dlp_found(p->s, p->l,
	        &(struct found){.from = hit->from < p->l->base ? 0 : (size_t)from,
	                .to = (size_t)to,
	                .early = hit->from < p->l->base ? p->l->base - hit->from : 0,
	                .class = DLP_FINGERPRINT,
	                .rule = "confidential-text",
	                .what = hit->label,
	                .confidence = (uint8_t)(hit->shared >= 12 ? 97 : 70 + hit->shared * 2),
	                .shared = hit->shared,
	                .length = (size_t)(to - from)});
}

static void prints(struct dlp_scan *s, struct level *l, size_t from, size_t to, bool last)
{
	const struct dlp_engine *e = s->engine;
	struct prints arg = {s, l};
	if (e->n_sets == 0)
		return;
	if (!l->up) {
		fingerprint_feed(&s->prints, e->sets, e->n_sets, slice_sub(l->s, from, to - from), l->base + from, last, on_print, &arg);
		return;
	}
	if (l->s.n < 100)
		return;
	struct fingerprint_scan f = FINGERPRINT_SCAN;
	fingerprint_feed(&f, e->sets, e->n_sets, l->s, 0, true, on_print, &arg);
}

static int known(struct dlp_scan *s, struct level *l, size_t from, size_t to)
{
	const struct dlp_known *k = &s->engine->known;
	struct known_match m;
	size_t at = from;
	while (dlp_known_next(k, l->s, &at, to, &m)) {
		const struct known_value *v = &k->values[m.value];
		struct found f = {.from = m.from,
		        .to = m.to,
		        .class = (enum dlp_class)v->class,
		        .rule = v->label,
		        .what = v->class == DLP_CANARY ? "planted value" : "credential of the person",
		        .confidence = 99,
		        .length = m.to - m.from};
		if (m.to - m.from < v->value.n) {
			struct dlp_history *h = history_of(s);
			if (!h)
				return -ENOMEM;
			if (!dlp_history_piece(h, m.value, v->value.n, m.at, m.to - m.from))
				continue;
			f.split = true;
			f.confidence = 95;
		}
		dlp_found(s, l, &f);
	}
	return 0;
}

int dlp_search(struct dlp_scan *s, struct level *l, size_t from, size_t to)
{
	const struct dlp_engine *e = s->engine;
	int r = known(s, l, from, to);
	if (r < 0)
		return r;
	prints(s, l, from, to, l->last);
	if (e->has_rules) {
		struct heard h = {s, l, from, to};
		size_t end = to + e->image.head->longest < l->s.n ? to + e->image.head->longest : l->s.n;
		hs_error_t code = hs_scan(
		        e->database, (const char *)l->s.p + from, (unsigned)(end - from), 0, s->work->scratch[l->depth], on_literal, &h);
		if (code != HS_SUCCESS)
			s->more = true;
	}
	runs(s, l, from, to);
	if (e->has_rules)
		second_pieces(s, l, from, to);
	return 0;
}
