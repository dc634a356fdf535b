/* Counts follow from something, and digests too. */
#include "vet/analysis_part.h"

#include <errno.h>

#include "vet/explain_text.h"

#define LEVELS_SAME 2

static size_t file_bytes(const struct host_spec *h)
{
	size_t n = 0;
	for (size_t i = 0; i < h->n_files; i++)
		n += h->files[i].data.n;
	return n;
}

static int64_t distance(size_t a, size_t b)
{
	return a > b ? (int64_t)(a - b) : (int64_t)(b - a);
}

/* Is there more or less of something under the level: files, variables, or letters of the value? And by as much as the number says? */
static bool countable(const struct ctx *c, const struct entry *e)
{
	const struct host_spec *a = c->t[e->ref].host, *b = c->t[e->trial].host;
	uint64_t x, y;
	if (!a || !b)
		return true;
	int64_t more = distance(file_bytes(a), file_bytes(b)) + distance(a->n_files, b->n_files);
	if (strcmp(e->why.rule, "size") != 0)
		return more > 0 || a->no_git != b->no_git;
	if (!e->before.p || !e->after.p || !slice_u64(e->before, INT32_MAX, &x) || !slice_u64(e->after, INT32_MAX, &y))
		return more > 0 || a->no_git != b->no_git;
	if (a->no_git != b->no_git || distance(x, y) <= more || (a->n_env != b->n_env && distance(x, y) == distance(a->n_env, b->n_env)))
		return true;
	const char *fa[FACTOR_FORMS_MAX], *fb[FACTOR_FORMS_MAX];
	size_t na = factor_table[e->factor].literals(a, c->t[e->ref].gateway, fa, ARRAY_LEN(fa));
	size_t nb = factor_table[e->factor].literals(b, c->t[e->trial].gateway, fb, ARRAY_LEN(fb));
	uint64_t va, vb;
	va = x;
	vb = y;
	for (size_t i = 0; i < na && i < nb; i++) {
		int64_t d = (int64_t)strlen(fb[i]) - (int64_t)strlen(fa[i]), v = (int64_t)vb - (int64_t)va;
		if (d != 0 && v % d == 0 && v / d >= 1 && v / d <= 64)
			return true;
	}
	return false;
}

/* How much there may be is somebody's choice: a limit has a reason only if it is itself a measure of what came. */
static bool unfounded_limit(const struct ctx *c, const struct entry *e)
{
	const char *address = feature_at(c->s, e->feature)->address;
	const struct host_spec *a = c->t[e->ref].host, *b = c->t[e->trial].host;
	uint64_t y;
	bool limit = strstr(address, "max") || strstr(address, "limit") || strstr(address, "budget");
	return limit && e->after.p && slice_u64(e->after, INT32_MAX, &y) && a && b && y > (uint64_t)distance(file_bytes(a), file_bytes(b));
}

/* Counts follow from something: another change that is explained, an echo of the value, or what lies on the host. Where there is nothing
 * of the kind, the name of the field is only a name. */
static bool has_reason(const struct ctx *c, const struct entry *e, size_t n, size_t i)
{
	if (unfounded_limit(c, &e[i]))
		return false;
	bool reason = countable(c, &e[i]);
	for (size_t k = 0; k < n && !reason; k++)
		reason = e[k].why.class != CLASS_NONE && e[k].why.class != CLASS_COVERT && strcmp(e[k].why.rule, "size") != 0 &&
		         strcmp(e[k].why.rule, "named digest") != 0;
	for (size_t k = 0; k < c->n_echoes && !reason; k++)
		reason = c->echoes[k].observation == e[i].trial && c->echoes[k].factor == e[i].factor && !c->echoes[k].weak &&
		         !factor_table[e[i].factor].only_gateway;
	return reason;
}

/* A digest of a value is another one for each value: one that most levels of the factor leave as it is, is of something else. */
static bool most_leave_it(const struct ctx *c, const struct entry *e)
{
	struct slice before = feature_value(c->s, e->feature, (unsigned)e->ref);
	unsigned same = 0, other = 0;
	bool counted[UINT8_MAX + 1] = {false};
	for (size_t o = 0; o < c->n; o++) {
		const struct analysis_trial *t = &c->t[o];
		struct slice v = feature_value(c->s, e->feature, (unsigned)o);
		if (!an_in_base(t, e->base) || t->baseline || t->combined || t->factor != e->factor || !v.p ||
		        counted[t->level & UINT8_MAX])
			continue;
		counted[t->level & UINT8_MAX] = true;
		*(slice_eq(v, before) ? &same : &other) += 1;
	}
	return before.p && same >= LEVELS_SAME && same >= other;
}

/* Another change under the level that is explained, of which it may be a digest, too: not one that only calls itself one. */
static bool changes_beside(const struct entry *e, size_t n)
{
	for (size_t k = 0; k < n; k++)
		if (e[k].why.class != CLASS_NONE && e[k].why.class != CLASS_COVERT && strcmp(e[k].why.rule, "named digest") != 0)
			return true;
	return false;
}

/* A tag or a checksum follows from the message that it is sent with, if its name is true. */
static bool of_its_message(const struct feature *f)
{
	struct slice name = address_last_component(f->address);
	return text_has_word(name, "etag") || text_has_word(name, "checksum");
}

static int no_digest(const struct ctx *c, struct entry *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!e[i].why.rule || strcmp(e[i].why.rule, "named digest") != 0 || changes_beside(e, n))
			continue;
		bool tag = of_its_message(feature_at(c->s, e[i].feature));
		if (!tag && !most_leave_it(c, &e[i]))
			continue;
		e[i].why.class = CLASS_COVERT;
		e[i].why.rule = "none";
		e[i].why.kind = arena_fmt(
		        c->arena, "none:%.*s:%.*s", SLICE_FMT(slice_sub(e[i].before, 0, 200)), SLICE_FMT(slice_sub(e[i].after, 0, 200)));
		const char *title = factor_table[e[i].factor].title;
		e[i].why.text =
		        tag ? arena_fmt(c->arena,
		                      "The %s decides it. By its name it follows from what it is sent with, but nothing else changes.",
		                      title)
		            : arena_fmt(c->arena,
		                      "The %s decides it. By its name it is a digest, but most values of the %s leave it as it is, and "
		                      "nothing else changes of which it could be one.",
		                      title, title);
		if (!e[i].why.kind || !e[i].why.text)
			return -ENOMEM;
	}
	return 0;
}

int an_want_reasons(const struct ctx *c, struct entry *e, size_t n)
{
	int r = no_digest(c, e, n);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (!e[i].why.rule || strcmp(e[i].why.rule, "size") != 0 || has_reason(c, e, n, i))
			continue;
		e[i].why.class = CLASS_COVERT;
		e[i].why.rule = "none";
		e[i].why.kind = arena_fmt(
		        c->arena, "none:%.*s:%.*s", SLICE_FMT(slice_sub(e[i].before, 0, 200)), SLICE_FMT(slice_sub(e[i].after, 0, 200)));
		e[i].why.text = arena_fmt(c->arena,
		        "The %s decides it. Its name says that it counts or sums up something, but nothing that could be counted changes.",
		        factor_table[e[i].factor].title);
		if (!e[i].why.kind || !e[i].why.text)
			return -ENOMEM;
	}
	return 0;
}
