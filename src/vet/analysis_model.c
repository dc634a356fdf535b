/* Findings as the model of a result has them: excerpts, code points, the picture, the factors. */
#include "vet/analysis_part.h"

#include <errno.h>

#include "vet/codepoint.h"

#define CONTEXT  60 /* bytes on each side of a difference */
#define SPAN_MAX 80

static const char *clean_str(struct arena *arena, const char *s)
{
	_cleanup_buf_ struct buf b = BUF(1 << 20);
	codepoint_clean(&b, slice_sub(slice_str(an_text_of(s)), 0, 400));
	return arena_str(arena, buf_slice(&b));
}

static size_t boundary(struct slice s, size_t at)
{
	while (at > 0 && at < s.n && (s.p[at] & 0xc0) == 0x80)
		at--;
	return at < s.n ? at : s.n;
}

/* The text around a span, readable; *at and *n tell where the span is in it. */
static const char *excerpt(struct arena *arena, struct slice s, size_t at, size_t n, size_t *out_at, size_t *out_n)
{
	_cleanup_buf_ struct buf b = BUF(4096);
	size_t from = boundary(s, at > CONTEXT ? at - CONTEXT : 0), end = boundary(s, at + (n < SPAN_MAX ? n : SPAN_MAX));
	size_t to = boundary(s, end + CONTEXT);
	codepoint_clean(&b, slice_sub(s, from, at - from));
	*out_at = b.n;
	codepoint_clean(&b, slice_sub(s, at, end - at));
	if (end < at + n)
		buf_str_add(&b, "...");
	*out_n = b.n - *out_at;
	if (end == at + n)
		codepoint_clean(&b, slice_sub(s, end, to - end));
	return buf_error(&b) ? NULL : arena_str(arena, buf_slice(&b));
}

static int put_codepoints(struct arena *arena, struct slice a, struct slice b, struct vet_finding *f)
{
	struct vet_codepoint *list = arena_array(arena, 32, sizeof(*list));
	if (!list)
		return -ENOMEM;
	size_t n = 0;
	for (int side = 0; side < 2; side++) {
		struct slice s = side ? b : a;
		for (size_t at = 0, i = 0; at < s.n && i < 16; i++) {
			uint32_t cp;
			char name[96];
			at += codepoint_next(slice_from(s, at), &cp);
			codepoint_name(cp, name, sizeof(name));
			list[n] = (struct vet_codepoint){
			        .value = cp & ~CODEPOINT_BYTE, .name = arena_str(arena, slice_str(name)), .in_after = side};
			if (!list[n++].name)
				return -ENOMEM;
		}
	}
	f->codepoints = list;
	f->n_codepoints = n;
	return 0;
}

static const char *const *list_out(struct arena *arena, const struct list *l)
{
	const char **s = arena_array(arena, l->n + 1, sizeof(*s));
	for (size_t i = 0; s && i < l->n; i++)
		if (!(s[i] = clean_str(arena, l->s[i])))
			return NULL;
	return s;
}

static int put_conditions(struct arena *arena, const struct group *g, struct vet_finding *out)
{
	struct vet_condition *k = arena_array(arena, CONDITIONS_MAX + 1, sizeof(*k));
	size_t n = 0;
	if (!k)
		return -ENOMEM;
	k[n++] = (struct vet_condition){
	        out->factor, g->factor == CONDITION_DEVICE ? CONDITION_DEVICE_TITLE : factor_table[g->factor].title, out->levels};
	for (size_t i = 1; i < g->n_if; i++) {
		bool device = g->if_all[i].factor == CONDITION_DEVICE;
		k[n++] = (struct vet_condition){device ? CONDITION_DEVICE_NAME : factor_table[g->if_all[i].factor].name,
		        device ? CONDITION_DEVICE_TITLE : factor_table[g->if_all[i].factor].title, list_out(arena, &g->if_levels[i])};
		if (!k[n - 1].levels)
			return -ENOMEM;
	}
	if (g->only_base && g->bases[0] != g->bases[1]) {
		const char **levels = arena_array(arena, 2, sizeof(*levels));
		if (!levels)
			return -ENOMEM;
		levels[0] = vet_base_name(g->bases[BASE_GATEWAY] ? BASE_GATEWAY : BASE_OFFICIAL);
		k[n++] = (struct vet_condition){"base", "API host", levels};
	}
	out->conditions = k;
	out->n_conditions = n;
	return 0;
}

static int put_finding(struct arena *arena, const struct group *g, struct vet_finding *out)
{
	struct vet_finding f = {.class = g->class,
	        .factor = g->factor == CONDITION_DEVICE ? CONDITION_DEVICE_NAME : factor_table[g->factor].name,
	        .occurrences = g->occurrences,
	        .p_value = g->p,
	        .q_value = g->q,
	        .bits = g->bits.bits,
	        .bits_low = g->bits.low,
	        .bits_high = g->bits.high,
	        .bits_most = g->bits.most,
	        .with = g->with,
	        .with_hits = g->with_hits,
	        .without = g->without,
	        .without_hits = g->without_hits};
	f.base = g->bases[0] && g->bases[1] ? "official,gateway" : vet_base_name(g->bases[BASE_GATEWAY] ? BASE_GATEWAY : BASE_OFFICIAL);
	f.beyond_gate = g->lies || strncmp(an_text_of(g->endpoint), "FILE ", 5) == 0;
	f.levels = list_out(arena, &g->levels);
	f.evidence = list_out(arena, &g->evidence);
	f.also_at = g->also.n ? list_out(arena, &g->also) : NULL;
	f.endpoint = clean_str(arena, g->endpoint);
	f.address = clean_str(arena, g->address);
	f.explanation = g->explanation;
	f.declared = g->declared ? clean_str(arena, g->declared) : NULL;
	/* Within the part that decided, the smallest span of code points. */
	struct hunk h = g->marks ? g->at : (struct hunk){0, g->before.n, 0, g->after.n};
	struct slice a = slice_sub(g->before, h.a_at, h.a_n), b = slice_sub(g->after, h.b_at, h.b_n);
	if (!slice_eq(a, b)) {
		struct codepoint_span d = codepoint_diff(a, b);
		h = (struct hunk){h.a_at + d.a_at, d.a_n, h.b_at + d.b_at, d.b_n};
		a = slice_sub(a, d.a_at, d.a_n);
		b = slice_sub(b, d.b_at, d.b_n);
		if (put_codepoints(arena, a, b, &f))
			return -ENOMEM;
	}
	f.before = excerpt(arena, g->before, h.a_at, h.a_n, &f.before_at, &f.before_n);
	f.after = excerpt(arena, g->after, h.b_at, h.b_n, &f.after_at, &f.after_n);
	if (!f.levels || !f.evidence || !f.endpoint || !f.address || !f.before || !f.after || (g->also.n && !f.also_at) ||
	        (g->declared && !f.declared))
		return -ENOMEM;
	if (put_conditions(arena, g, &f))
		return -ENOMEM;
	*out = f;
	return 0;
}

static int group_order(const void *x, const void *y)
{
	const struct group *a = x, *b = y;
	if (a->class != b->class)
		return a->class > b->class ? -1 : 1;
	if (a->factor != b->factor)
		return a->factor < b->factor ? -1 : 1;
	int r = strcmp(a->endpoint, b->endpoint);
	return r ? r : strcmp(a->first, b->first);
}

#define ENDPOINTS_MAX 96

/* Endpoints, and the worst class by which each factor reaches each. */
static int put_picture(const struct ctx *c, const struct groups *all, struct vet_result *out)
{
	const char **names = arena_array(&out->arena, ENDPOINTS_MAX + 1, sizeof(*names));
	struct vet_cell *cells = arena_array(&out->arena, ENDPOINTS_MAX * factor_count, sizeof(*cells));
	if (!names || !cells)
		return -ENOMEM;
	size_t n = 0, m = 0;
	for (uint32_t i = 0; i < feature_count(c->s); i++) {
		const char *e = an_text_of(feature_at(c->s, i)->endpoint);
		size_t k = 0;
		while (k < n && strcmp(names[k], e) != 0)
			k++;
		if (k == n && n < ENDPOINTS_MAX)
			names[n++] = e;
	}
	for (size_t i = 0; i < all->n; i++) {
		const struct group *g = &all->g[i];
		for (size_t k = 0; k < n; k++) {
			size_t len = strlen(names[k]);
			bool here = strcmp(g->endpoint, names[k]) == 0;
			for (size_t a = 0; a < g->also.n && !here; a++)
				here = strncmp(g->also.s[a], names[k], len) == 0 && g->also.s[a][len] == ' ';
			if (!here)
				continue;
			size_t at = 0;
			while (at < m && !(cells[at].factor == g->factor && cells[at].endpoint == k))
				at++;
			if (at == m)
				cells[m++] = (struct vet_cell){g->factor, (unsigned)k, g->class};
			else if (g->class > cells[at].class)
				cells[at].class = g->class;
		}
	}
	for (size_t k = 0; k < n; k++)
		if (!(names[k] = clean_str(&out->arena, names[k])))
			return -ENOMEM;
	out->endpoints = names;
	out->n_endpoints = n;
	out->cells = cells;
	out->n_cells = m;
	return 0;
}

static int put_factors(const struct ctx *c, struct vet_result *out)
{
	struct vet_factor_row *rows = arena_array(&out->arena, factor_count, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	for (unsigned f = 0; f < factor_count; f++) {
		rows[f] = (struct vet_factor_row){.name = factor_table[f].name, .title = factor_table[f].title};
		for (size_t o = 0; o < c->n; o++) {
			const struct analysis_trial *t = &c->t[o];
			if (!t->usable || t->baseline || t->combined || t->factor != f)
				continue;
			rows[f].trials++;
			bool seen = false;
			for (size_t k = 0; k < o && !seen; k++)
				seen = c->t[k].usable && an_same_level(t, &c->t[k]);
			rows[f].levels_tried += !seen;
		}
	}
	out->factors = rows;
	out->n_factors = factor_count;
	return 0;
}

int an_fill(const struct ctx *c, struct groups *all, struct vet_result *result)
{
	int r = 0;
	if (all->n)
		qsort(all->g, all->n, sizeof(*all->g), group_order);
	struct vet_finding *f = arena_array(&result->arena, all->n + 1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	for (size_t i = 0; i < all->n; i++)
		if ((r = put_finding(&result->arena, &all->g[i], &f[i])))
			return r;
	r = put_picture(c, all, result);
	r = r ? r : put_factors(c, result);
	if (r)
		return r;
	result->findings = f;
	result->n_findings = all->n;
	return 0;
}
