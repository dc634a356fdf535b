#include "report/coverage.h"

#include <inttypes.h>

#include "report/write.h"

static void percent(struct buf *b, double share)
{
	write_number(b, share * 100, share < 0.1 ? 1 : 0);
	buf_str_add(b, " %");
}

static void combos(struct buf *b, const struct vet_combos *c)
{
	static const char *const names[] = {"combinations", "levels", "pairs", "triples", "fours"};
	buf_fmt(b, "%s of levels, %s hosts: %" PRIu64 " of %" PRIu64 " (%u factors with %u levels; %u trial%s with several factors).\n",
	        names[c->strength < ARRAY_LEN(names) ? c->strength : 0], c->base ? c->base : "?", c->covered, c->wanted, c->factors,
	        c->levels, c->rows, write_s(c->rows));
}

void coverage_words(struct buf *b, const struct vet_coverage *c)
{
	/* More at once than was asked for is a gift, and in report.json. */
	for (size_t i = 0; i < c->n_combos; i++)
		if (c->combos[i].strength <= c->strength)
			combos(b, &c->combos[i]);
	if (c->devices) {
		buf_fmt(b, "devices: %u made-up ones, so that what is active on more than ", c->devices);
		percent(b, c->rollout);
		buf_str_add(b, " of devices would have been met (95 %)");
		if (c->rollout_level < 1) {
			buf_str_add(b, "; on more than ");
			percent(b, c->rollout_level);
			buf_str_add(b, " if it takes a level of a factor too");
		}
		buf_str_add(b, ".\n");
	}
	if (c->suspected)
		buf_fmt(b,
		        "differences with several factors at once that none of them shows alone: %u; traced to what it takes and proven: "
		        "%u; did "
		        "not "
		        "come again: %u; not followed to the end: %u (%u trials).\n",
		        c->suspected, c->located, c->by_chance, c->unfollowed, c->locating);
}

void coverage_json(struct buf *b, const struct vet_coverage *c)
{
	buf_fmt(b, "{\"strength\": %u, \"combinations\": [", c->strength);
	for (size_t i = 0; i < c->n_combos; i++) {
		const struct vet_combos *k = &c->combos[i];
		buf_fmt(b, "%s\n    {\"base\": ", i ? "," : "");
		write_json(b, k->base);
		buf_fmt(b,
		        ", \"strength\": %u, \"factors\": %u, \"levels\": %u, \"wanted\": %" PRIu64 ", \"covered\": %" PRIu64
		        ", \"rows\": %u}",
		        k->strength, k->factors, k->levels, k->wanted, k->covered, k->rows);
	}
	buf_fmt(b, "%s],\n    \"devices\": %u, \"rollout\": {\"asked\": ", c->n_combos ? "\n    " : "", c->devices);
	if (c->rollout_asked > 0)
		write_number(b, c->rollout_asked, 4);
	else
		buf_str_add(b, "null");
	buf_str_add(b, ", \"confidence\": 0.95, \"bound\": ");
	write_number(b, c->rollout, 4);
	buf_str_add(b, ", \"bound_with_level\": ");
	write_number(b, c->rollout_level, 4);
	buf_fmt(b,
	        "}, \"clock_stepped\": %s,\n    \"differences\": {\"suspected\": %u, \"located\": %u, \"by_chance\": %u, \"not_followed\": "
	        "%u, "
	        "\"trials\": %u},\n    \"open\": [",
	        c->clock_stepped ? "true" : "false", c->suspected, c->located, c->by_chance, c->unfollowed, c->locating);
	for (size_t i = 0; i < c->n_open; i++) {
		buf_fmt(b, "%s\n      ", i ? "," : "");
		write_json(b, c->open[i]);
	}
	buf_fmt(b, "%s]}", c->n_open ? "\n    " : "");
}

static void levels(struct buf *b, const char *const *list, size_t max)
{
	size_t n = 0;
	for (; list && list[n]; n++)
		if (n < max)
			buf_fmt(b, "%s%s", n ? ", " : "", list[n]);
	if (n > max)
		buf_fmt(b, " and %zu more", n - max);
}

void coverage_conditions(struct buf *b, const struct vet_result *r, const struct vet_finding *f, size_t max)
{
	buf_fmt(b, "%s = ", write_factor_title(r, f->factor));
	levels(b, f->levels, max);
	for (size_t i = 1; i < f->n_conditions; i++) {
		buf_fmt(b, " together with %s = ", f->conditions[i].title ? f->conditions[i].title : "?");
		levels(b, f->conditions[i].levels, max);
	}
}

void coverage_statistics(struct buf *b, const struct vet_finding *f)
{
	buf_str_add(b, "q = ");
	write_probability(b, f->q_value);
	if (f->bits_most > 0) {
		buf_str_add(b, "; ");
		write_number(b, f->bits, 2);
		buf_str_add(b, " of ");
		write_number(b, f->bits_most, 2);
		buf_str_add(b, " bits (95 %: ");
		write_number(b, f->bits_low, 2);
		buf_str_add(b, " to ");
		write_number(b, f->bits_high, 2);
		buf_u8(b, ')');
	}
	if (f->with)
		buf_fmt(b, "; in %u of %u trial%s with it", f->with_hits, f->with, write_s(f->with));
	if (f->with && f->without)
		buf_fmt(b, ", in %u of %u without", f->without_hits, f->without);
}

void coverage_finding_json(struct buf *b, const struct vet_finding *f, const char *separator)
{
	buf_fmt(b, "%s\"conditions\": [", separator);
	for (size_t i = 0; i < f->n_conditions; i++) {
		buf_fmt(b, "%s{\"factor\": ", i ? ", " : "");
		write_json(b, f->conditions[i].factor);
		buf_str_add(b, ", \"title\": ");
		write_json(b, f->conditions[i].title);
		buf_str_add(b, ", \"levels\": [");
		for (size_t k = 0; f->conditions[i].levels && f->conditions[i].levels[k]; k++) {
			buf_str_add(b, k ? ", " : "");
			write_json(b, f->conditions[i].levels[k]);
		}
		buf_str_add(b, "]}");
	}
	buf_fmt(b, "]%s\"q_value\": ", separator);
	write_probability(b, f->q_value);
	buf_str_add(b, ", \"bits\": {\"estimate\": ");
	write_number(b, f->bits, 3);
	buf_str_add(b, ", \"low\": ");
	write_number(b, f->bits_low, 3);
	buf_str_add(b, ", \"high\": ");
	write_number(b, f->bits_high, 3);
	buf_str_add(b, ", \"most\": ");
	write_number(b, f->bits_most, 3);
	buf_fmt(b, "}, \"tried\": {\"with\": %u, \"with_hits\": %u, \"without\": %u, \"without_hits\": %u}", f->with, f->with_hits,
	        f->without, f->without_hits);
}
