/* report.json. Keys, their order and their meaning: postern-report(5) and share/schema/report.schema.json; change all three together. */
#include <inttypes.h>

#include "report/conduct.h"
#include "report/content.h"
#include "report/questionnaire.h"
#include "report/coverage.h"
#include "report/hidden.h"
#include "report/report.h"
#include "report/write.h"

/* Starts a member or an element: comma, line, indentation. *first is true before the first one. */
static void item(struct buf *b, bool *first, int depth)
{
	buf_fmt(b, "%s\n%*s", *first ? "" : ",", depth * 2, "");
	*first = false;
}

static void text(struct buf *b, const char *key, const char *value)
{
	buf_fmt(b, ", \"%s\": ", key);
	write_json(b, value);
}

static void number(struct buf *b, const char *key, double v)
{
	buf_fmt(b, ", \"%s\": ", key);
	write_number(b, v, 3);
}

static void strings(struct buf *b, const char *const *list)
{
	buf_u8(b, '[');
	for (size_t i = 0; list && list[i]; i++) {
		buf_str_add(b, i ? ", " : "");
		write_json(b, list[i]);
	}
	buf_u8(b, ']');
}

static void sentences(struct buf *b, const char *key, const char *const *list, size_t n)
{
	bool first = true;
	buf_fmt(b, ",\n  \"%s\": [", key);
	for (size_t i = 0; i < n; i++) {
		item(b, &first, 2);
		write_json(b, list[i]);
	}
	buf_fmt(b, "%s]", first ? "" : "\n  ");
}

static void head(struct buf *b, const struct vet_result *r)
{
	buf_str_add(b, "  \"postern\": ");
	write_json(b, r->postern);
	buf_str_add(b, ",\n  \"started\": ");
	write_json(b, r->started);
	buf_str_add(b, ",\n  \"subject\": {\"name\": ");
	write_json(b, r->subject_name);
	text(b, "version", r->subject_version);
	text(b, "sha256", r->subject_sha256);
	text(b, "title", r->subject_title);
	text(b, "entry", r->subject_entry);
	buf_str_add(b, "},\n  \"profile\": ");
	write_json(b, r->profile);
	buf_fmt(b, ",\n  \"verdict\": \"%s\",\n  \"reason\": ", verdict_name(r->verdict));
	write_json(b, r->reason);
	buf_fmt(b, ",\n  \"partial\": %s,\n  \"trials\": %u,\n  \"trials_failed\": %u,\n  \"seconds\": ", r->partial ? "true" : "false",
	        r->trials, r->trials_failed);
	write_number(b, r->seconds, 3);
	buf_str_add(b, ",\n  \"cpu\": {\"tool_seconds\": ");
	write_number(b, r->tool_cpu_s, 3);
	number(b, "postern_seconds", r->own_cpu_s);
	buf_fmt(b, ", \"postern_rss_kb\": %" PRIu64 "}", r->own_rss_kb);
	/* A string: 64 bits do not survive a reader that makes every number a double. */
	buf_fmt(b, ",\n  \"seed\": \"%" PRIu64 "\",\n  \"effort\": ", r->seed);
	write_json(b, r->effort);
	buf_str_add(b, ",\n  \"confinement\": ");
	write_json(b, r->confinement);
	struct write_summary s = write_summary(r);
	buf_fmt(b, ",\n  \"counts\": {\"covert\": %zu, \"hashed\": %zu, \"undeclared\": %zu, \"disclosed\": %zu}", s.count[CLASS_COVERT],
	        s.count[CLASS_HASHED], s.count[CLASS_UNDECLARED], s.count[CLASS_DISCLOSED]);
}

static void noise(struct buf *b, const struct vet_noise *n)
{
	buf_fmt(b, ",\n  \"noise\": {\"randomness_chosen\": %s, \"trials_fixed\": %u, \"trials_free\": %u, \"streams\": %u, \"paired\": %u",
	        n->chosen ? "true" : "false", n->fixed, n->free, n->streams, n->paired);
	buf_fmt(b, ", \"draws\": %" PRIu64 ", \"ahead_seconds\": %" PRId64 ", \"speed\": ", n->draws, n->ahead_s);
	write_number(b, n->speed / 1000.0, 3);
	buf_fmt(b, ", \"trials_moved\": %u, \"trials_unmoved\": %u", n->moved, n->unmoved);
	text(b, "randomness", n->randomness);
	text(b, "calendar", n->calendar);
	buf_u8(b, '}');
}

static void codepoints(struct buf *b, const struct vet_finding *f)
{
	buf_u8(b, '[');
	for (size_t i = 0; i < f->n_codepoints; i++) {
		const struct vet_codepoint *c = &f->codepoints[i];
		uint8_t store[8];
		struct buf ch = {.p = store, .cap = sizeof(store), .max = sizeof(store) - 1};
		write_utf8(&ch, c->value);
		buf_fmt(b, "%s{\"char\": ", i ? ", " : "");
		/* U+0000 has no C string. */
		if (c->value == 0)
			buf_str_add(b, "\"\\u0000\"");
		else
			write_json(b, buf_str(&ch));
		buf_fmt(b, ", \"codepoint\": \"U+%04X\"", (unsigned)c->value);
		text(b, "name", c->name);
		text(b, "in", c->in_after ? "after" : "before");
		buf_u8(b, '}');
	}
	buf_u8(b, ']');
}

static void bases(struct buf *b, const char *list)
{
	struct slice rest = slice_str(list), part;
	bool first = true;
	buf_u8(b, '[');
	while (slice_split(&rest, ',', &part)) {
		_cleanup_buf_ struct buf one = BUF(256);
		buf_add(&one, slice_trim(part));
		buf_str_add(b, first ? "" : ", ");
		write_json(b, buf_str(&one));
		first = false;
	}
	buf_u8(b, ']');
}

static void finding(struct buf *b, const struct vet_result *r, const struct vet_finding *f)
{
	const char *sep = ",\n      ";
	buf_fmt(b, "{\"class\": \"%s\"", leak_class_name(f->class));
	text(b, "factor", f->factor);
	text(b, "factor_title", write_factor_title(r, f->factor));
	buf_fmt(b, "%s\"levels\": ", sep);
	strings(b, f->levels);
	buf_str_add(b, ", \"bases\": ");
	bases(b, f->base);
	buf_fmt(b, "%s\"endpoint\": ", sep);
	write_json(b, f->endpoint);
	buf_fmt(b, "%s\"address\": ", sep);
	write_json(b, f->address);
	buf_fmt(b, "%s\"before\": ", sep);
	write_json(b, f->before);
	buf_fmt(b, "%s\"after\": ", sep);
	write_json(b, f->after);
	struct write_parts before = write_parts(f->before, f->before_at, f->before_n),
	                   after = write_parts(f->after, f->after_at, f->after_n);
	buf_fmt(b, "%s\"before_span\": {\"offset\": %zu, \"length\": %zu}, \"after_span\": {\"offset\": %zu, \"length\": %zu}", sep,
	        before.pre.n, before.mid.n, after.pre.n, after.mid.n);
	buf_fmt(b, "%s\"codepoints\": ", sep);
	codepoints(b, f);
	buf_fmt(b, "%s\"explanation\": ", sep);
	write_json(b, f->explanation);
	buf_fmt(b, "%s\"declared\": ", sep);
	write_json(b, f->declared);
	buf_fmt(b, "%s\"evidence\": ", sep);
	strings(b, f->evidence);
	buf_str_add(b, ", \"p_value\": ");
	write_probability(b, f->p_value);
	coverage_finding_json(b, f, sep);
	buf_fmt(b, "%s\"occurrences\": %u, \"also_at\": ", sep, f->occurrences);
	strings(b, f->also_at);
	buf_u8(b, '}');
}

static void closure(struct buf *b, const struct vet_result *r, const struct vet_closure *c)
{
	buf_fmt(b, "{\"state\": \"%s\"", vet_closure_name(c->state));
	text(b, "class", leak_class_name(c->class));
	text(b, "factor", c->factor);
	text(b, "factor_title", write_factor_title(r, c->factor));
	/* Which of "findings" it is about. */
	if (c->finding)
		buf_fmt(b, ", \"finding\": %zu", (size_t)(c->finding - r->findings));
	else
		buf_str_add(b, ", \"finding\": null");
	buf_fmt(b, ", \"runs\": %u, \"remains\": ", c->runs);
	if (!c->endpoint) {
		buf_str_add(b, "null}");
		return;
	}
	buf_fmt(b, "{\"class\": \"%s\"", leak_class_name(c->channel_class));
	text(b, "endpoint", c->endpoint);
	text(b, "address", c->address);
	text(b, "before", c->before);
	text(b, "after", c->after);
	buf_str_add(b, "}}");
}

static void through_gate(struct buf *b, const struct vet_result *r)
{
	const struct vet_gate *g = &r->gate;
	bool first = true;
	if (!g->tried) {
		buf_str_add(b, ",\n  \"through_gate\": null");
		return;
	}
	buf_fmt(b, ",\n  \"through_gate\": {\n    \"verdict\": \"%s\"", verdict_name(g->verdict));
	text(b, "reason", g->reason);
	buf_fmt(b, ", \"trials\": %u, \"trials_failed\": %u", g->trials, g->trials_failed);
	number(b, "seconds", g->seconds);
	text(b, "note", g->note);
	buf_str_add(b, ",\n    \"dependences\": [");
	for (size_t i = 0; i < g->n_closures; i++) {
		item(b, &first, 3);
		closure(b, r, &g->closures[i]);
	}
	buf_fmt(b, "%s]\n  }", first ? "" : "\n    ");
}

static void host(struct buf *b, const struct vet_host *h)
{
	buf_str_add(b, "{\"name\": ");
	write_json(b, h->name);
	buf_fmt(b, ", \"declared\": %s", h->declared ? "true" : "false");
	text(b, "purpose", h->purpose);
	buf_fmt(b, ", \"connections\": %u, \"bytes\": %" PRIu64 ", \"trials\": %u, \"refused\": %s", h->connections, h->bytes, h->trials,
	        h->refused ? "true" : "false");
	text(b, "ja4", h->ja4);
	buf_u8(b, '}');
}

static void picture(struct buf *b, const struct vet_result *r)
{
	bool first = true;
	buf_str_add(b, ",\n  \"factors\": [");
	for (size_t i = 0; i < r->n_factors; i++) {
		const struct vet_factor_row *f = &r->factors[i];
		item(b, &first, 2);
		buf_str_add(b, "{\"name\": ");
		write_json(b, f->name);
		text(b, "title", f->title);
		buf_fmt(b, ", \"levels_tried\": %u, \"trials\": %u}", f->levels_tried, f->trials);
	}
	buf_fmt(b, "%s]", first ? "" : "\n  ");
	sentences(b, "endpoints", r->endpoints, r->n_endpoints);
	first = true;
	buf_str_add(b, ",\n  \"dependences\": [");
	for (size_t i = 0; i < r->n_cells; i++) {
		const struct vet_cell *c = &r->cells[i];
		if (c->class == CLASS_NONE || c->factor >= r->n_factors || c->endpoint >= r->n_endpoints)
			continue;
		item(b, &first, 2);
		buf_str_add(b, "{\"factor\": ");
		write_json(b, r->factors[c->factor].name);
		text(b, "endpoint", r->endpoints[c->endpoint]);
		text(b, "class", leak_class_name(c->class));
		buf_u8(b, '}');
	}
	buf_fmt(b, "%s]", first ? "" : "\n  ");
}

static void trial_list(struct buf *b, const struct vet_result *r)
{
	bool first = true;
	buf_str_add(b, ",\n  \"trial_list\": [");
	for (size_t i = 0; i < r->n_rows; i++) {
		const struct vet_trial_row *t = &r->rows[i];
		item(b, &first, 2);
		buf_str_add(b, "{\"id\": ");
		write_json(b, t->id);
		text(b, "base", t->base);
		text(b, "varied", t->varied);
		text(b, "end", t->end);
		number(b, "seconds", t->wall_s);
		number(b, "tool_cpu_seconds", t->tool_cpu_s);
		number(b, "postern_cpu_seconds", t->own_cpu_s);
		buf_fmt(b, ", \"messages\": %u}", t->messages);
	}
	buf_fmt(b, "%s]", first ? "" : "\n  ");
}

void report_json(struct buf *b, const struct vet_result *r)
{
	bool first = true;
	buf_str_add(b, "{\n");
	head(b, r);
	buf_str_add(b, ",\n  \"findings\": [");
	for (size_t i = 0; i < r->n_findings; i++) {
		item(b, &first, 2);
		finding(b, r, &r->findings[i]);
	}
	buf_fmt(b, "%s],\n  \"hosts\": [", first ? "" : "\n  ");
	first = true;
	for (size_t i = 0; i < r->n_hosts; i++) {
		item(b, &first, 2);
		host(b, &r->hosts[i]);
	}
	buf_fmt(b, "%s]", first ? "" : "\n  ");
	through_gate(b, r);
	noise(b, &r->noise);
	conduct_json(b, r);
	buf_str_add(b, ",\n  \"coverage\": ");
	coverage_json(b, &r->coverage);
	sentences(b, "not_covered", r->not_covered, r->n_not_covered);
	sentences(b, "notes", r->notes, r->n_notes);
	buf_str_add(b, ",\n  \"constants\": ");
	hidden_json(b, &r->constants, 1);
	content_json(b, r);
	picture(b, r);
	trial_list(b, r);
	artefact_json(b, r);
	questionnaire_json(b, r);
	fields_json(b, r);
	buf_str_add(b, "\n}\n");
}
