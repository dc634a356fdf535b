#include "vet/explain_part.h"

#include <errno.h>

#include "identify/profile.h"

#define HUNKS_MAX 24

/* -- declared -- */

static bool host_fits(const char *pattern, struct slice host)
{
	struct slice p = slice_str(pattern);
	if (slice_is(p, "*"))
		return true;
	if (slice_starts(p, SLICE("*.")))
		return host.n > p.n - 1 && slice_ends(host, slice_from(p, 1));
	return slice_eq_nocase(p, host);
}

const char *explain_declared(const struct profile *profile, unsigned factor, const struct feature *feature)
{
	const char *name = factor_table[factor].name;
	struct slice host = slice_str(feature->host ? feature->host : "");
	struct slice endpoint = slice_str(feature->endpoint ? feature->endpoint : "");
	bool at_gateway = slice_is(host, "{gateway}") || slice_find(endpoint, SLICE("{gateway}"), 0) != SLICE_NPOS;
	if (factor_table[factor].only_gateway &&
	        (at_gateway || slice_starts(endpoint, SLICE("DNS")) || slice_starts(endpoint, SLICE("TLS"))))
		return "the name is part of addressing the message itself";
	for (size_t i = 0; profile && i < profile->n_fields; i++) {
		const struct profile_field *f = &profile->fields[i];
		if (strcmp(f->factor, name) != 0)
			continue;
		bool fits = host_fits(f->host, host);
		/* What is declared for the vendor's model hosts holds for the gateway that stands in for them. */
		for (const char *const *m = profile->model_hosts; !fits && at_gateway && m && *m; m++)
			fits = host_fits(f->host, slice_str(*m));
		if (fits)
			return f->source ? f->source : "the tool's profile";
	}
	return NULL;
}

/* -- the worst part decides -- */

/* Addressing a message takes the value itself, and nothing else that follows from it. */
static bool carries_value(const struct part *p)
{
	const struct feature *f = p->c->feature;
	return text_has_placeholder(p->a, p->c->factor) || text_has_placeholder(p->b, p->c->factor) ||
	       text_has_placeholder(slice_str(f->address), p->c->factor) ||
	       ((!p->c->before.p || !p->c->after.p) && text_has_placeholder(slice_str(f->endpoint), p->c->factor) &&
	               (strcmp(f->address, "(present)") == 0 || strcmp(f->address, "(request)") == 0));
}

/* What kind of edit it is that nothing explains. */
static const char *edit_of(struct slice a, struct slice b)
{
	if (text_same_but_case(a, b))
		return "letter case";
	if (!text_visible(a) || !text_visible(b))
		return "characters that cannot be seen";
	if (!text_plain_words(a) && !text_plain_words(b))
		return "punctuation or spacing";
	return "wording";
}

int explain_difference(const struct explain_case *c, struct explanation *out)
{
	struct hunk found[HUNKS_MAX];
	const struct hunk *h = c->hunks ? c->hunks : found;
	struct slice a = c->before.p ? c->before : SLICE(""), b = c->after.p ? c->after : SLICE("");
	size_t n = c->hunks ? c->n_hunks : hunks_of(a, b, found, ARRAY_LEN(found));
	if (n == 0) {
		found[0] = (struct hunk){0, a.n, 0, b.n};
		h = found;
		n = 1;
	}
	const char *declared = explain_declared(c->profile, c->factor, c->feature), *title = factor_table[c->factor].title;
	struct explanation worst = {.class = CLASS_NONE};
	_cleanup_buf_ struct buf kind = BUF(4096);
	for (size_t i = 0; i < n; i++) {
		struct part p = {c, h[i], slice_sub(a, h[i].a_at, h[i].a_n), slice_sub(b, h[i].b_at, h[i].b_n)};
		const struct row *row = NULL;
		const char *why = NULL;
		for (size_t k = 0; k < explain_row_count && !why; k++) {
			row = &explain_rows[k];
			why = row->fits(&p);
		}
		enum leak_class class = !why ? CLASS_COVERT : row->class;
		const char *covers = NULL;
		if (class == CLASS_UNDECLARED && declared && (!factor_table[c->factor].only_gateway || carries_value(&p))) {
			class = CLASS_DISCLOSED;
			covers = declared;
		}
		if (class <= worst.class)
			continue;
		worst = (struct explanation){.class = class, .rule = why ? row->name : "none", .declared = covers, .at = h[i]};
		if (why)
			worst.text =
			        arena_fmt(c->arena, "The %s decides it: %s%s.", title, why, covers ? ", which the vendor declares" : "");
		else if (!c->before.p || !c->after.p)
			worst.text =
			        arena_fmt(c->arena, "This is %s depending on the %s. Nothing in it names the %s or contains its value.",
			                c->after.p ? "sent or left out" : "left out or sent", title, title);
		else
			worst.text = arena_fmt(c->arena,
			        "The %s decides %s here. The changed part neither contains the value nor follows from it in a known way, "
			        "and does not speak of it.",
			        title, c->shapes ? "the form of a changing value" : edit_of(p.a, p.b));
		buf_reset(&kind);
		buf_str_add(&kind, worst.rule);
		if (!why && (!c->before.p || !c->after.p))
			buf_fmt(&kind, "%s", c->after.p ? "+" : "-");
		else if (!why)
			buf_fmt(&kind, ":%.*s:%.*s", SLICE_FMT(slice_sub(p.a, 0, 1000)), SLICE_FMT(slice_sub(p.b, 0, 1000)));
		worst.kind = arena_str(c->arena, buf_slice(&kind));
		if (!worst.text || !worst.kind)
			return -ENOMEM;
	}
	*out = worst;
	return 0;
}
