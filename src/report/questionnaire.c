#include "report/questionnaire.h"

#include <inttypes.h>

#include "obtain/facts.h"
#include "report/write.h"

#define LONG 4000 /* columns of any one answer */

struct questionnaire_count questionnaire_count(const struct vet_result *r)
{
	struct questionnaire_count c = {0};
	for (size_t i = 0; i < r->n_answers; i++) {
		c.state[r->answers[i].state]++;
		c.concern += r->answers[i].concern;
	}
	return c;
}

/* "17 answered, 23 not observed, 6 not observable" */
static void summary(struct buf *b, const struct vet_result *r)
{
	struct questionnaire_count c = questionnaire_count(r);
	buf_fmt(b, "%zu questions: %zu answered with evidence", r->n_answers, c.state[ANSWER_EVIDENCE]);
	if (c.concern)
		buf_fmt(b, " (%zu to be looked at first)", c.concern);
	buf_fmt(b, ", %zu not observed, %zu not observable", c.state[ANSWER_NOT_OBSERVED], c.state[ANSWER_NOT_OBSERVABLE]);
}

static bool new_group(const struct vet_result *r, size_t i)
{
	return i == 0 || strcmp(r->answers[i].group, r->answers[i - 1].group) != 0;
}

static void coloured(struct buf *b, bool colour, const char *code, const char *s)
{
	if (colour)
		buf_fmt(b, "\033[%sm", code);
	write_visible(b, slice_str(s));
	buf_str_add(b, colour ? "\033[0m" : "");
}

void questionnaire_text(struct buf *b, const struct vet_result *r, size_t width, bool colour)
{
	_cleanup_buf_ struct buf line = BUF(1 << 16);
	if (!r->n_answers)
		return;
	buf_u8(b, '\n');
	coloured(b, colour, "1", "QUESTIONNAIRE");
	buf_str_add(b, "  ");
	summary(&line, r);
	write_wrapped(b, 15, width, buf_slice(&line), false);
	for (size_t i = 0; i < r->n_answers; i++) {
		const struct vet_answer *a = &r->answers[i];
		if (new_group(r, i)) {
			buf_str_add(b, "\n  ");
			coloured(b, colour, "2", a->group);
			buf_u8(b, '\n');
		}
		buf_fmt(b, "  %2u  ", a->number);
		write_wrapped(b, 6, width, slice_str(a->question), false);
		buf_str_add(b, "      ");
		buf_reset(&line);
		if (a->state != ANSWER_EVIDENCE)
			buf_str_add(&line, a->state == ANSWER_NOT_OBSERVED ? "Not observed. " : "Not observable. ");
		buf_str_add(&line, a->text);
		if (colour)
			buf_str_add(b, a->concern ? "\033[33m" : a->state == ANSWER_EVIDENCE ? "\033[32m" : "\033[2m");
		struct slice all = buf_slice(&line), shown = write_fit(all, LONG, false);
		write_wrapped(b, 6, width, shown, shown.n < all.n);
		buf_str_add(b, colour ? "\033[0m" : "");
	}
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

static void maps_json(struct buf *b, const struct vet_answer *a)
{
	bool first = true;
	buf_str_add(b, ", \"maps\": {");
	for (int f = 0; f < FRAMEWORK_END; f++) {
		struct slice rest = slice_str(a->maps[f]), id;
		if (!rest.n)
			continue;
		buf_fmt(b, "%s\"%s\": [", first ? "" : ", ", vet_framework_key((enum vet_framework)f));
		for (size_t n = 0; slice_split(&rest, ',', &id); n++) {
			id = slice_trim(id);
			buf_fmt(b, "%s\"%.*s\"", n ? ", " : "", SLICE_FMT(id));
		}
		buf_u8(b, ']');
		first = false;
	}
	buf_u8(b, '}');
}

void questionnaire_json(struct buf *b, const struct vet_result *r)
{
	buf_str_add(b, ",\n  \"questionnaire\": [");
	for (size_t i = 0; i < r->n_answers; i++) {
		const struct vet_answer *a = &r->answers[i];
		buf_fmt(b, "%s\n    {\"number\": %u, \"group\": ", i ? "," : "", a->number);
		write_json(b, a->group);
		buf_str_add(b, ", \"question\": ");
		write_json(b, a->question);
		buf_fmt(b, ",\n      \"state\": \"%s\", \"concern\": %s, \"answer\": ", vet_answer_state_name(a->state),
		        a->concern ? "true" : "false");
		write_json(b, a->text);
		buf_str_add(b, ",\n      \"evidence\": ");
		strings(b, a->evidence);
		maps_json(b, a);
		buf_u8(b, '}');
	}
	buf_fmt(b, "%s]", r->n_answers ? "\n  " : "");
}

static void listed(struct buf *b, const char *key, const char *const *list, size_t n)
{
	buf_fmt(b, ",\n    \"%s\": [", key);
	for (size_t i = 0; i < n; i++) {
		buf_str_add(b, i ? ", " : "");
		write_json(b, list[i]);
	}
	buf_u8(b, ']');
}

static void named(struct buf *b, const char *key, const char *value)
{
	buf_fmt(b, ", \"%s\": ", key);
	write_json(b, value);
}

void artefact_json(struct buf *b, const struct vet_result *r)
{
	const struct facts *f = r->facts;
	if (!f) {
		buf_str_add(b, ",\n  \"artefact\": null");
		return;
	}
	buf_str_add(b, ",\n  \"artefact\": {\n    \"integrity\": ");
	write_json(b, f->integrity_of_registry ? f->integrity : NULL);
	named(b, "entry_sha256", f->entry_sha256[0] ? f->entry_sha256 : NULL);
	named(b, "native_sha256", f->native_sha256[0] ? f->native_sha256 : NULL);
	named(b, "licence", f->licence);
	buf_fmt(b, ", \"licence_text\": %s, \"declared_dependencies\": %zu, \"files\": %zu, \"bytes\": %" PRIu64 ", \"cut\": %s",
	        f->licence_file ? "true" : "false", f->declared, f->files, f->bytes, f->cut ? "true" : "false");
	buf_str_add(b, ",\n    \"install_scripts\": [");
	for (size_t i = 0; i < f->n_scripts; i++) {
		buf_str_add(b, i ? ", {\"package\": " : "{\"package\": ");
		write_json(b, f->scripts[i].package);
		named(b, "name", f->scripts[i].name);
		named(b, "command", f->scripts[i].command);
		buf_u8(b, '}');
	}
	buf_u8(b, ']');
	listed(b, "packages", f->names, f->n_names);
	listed(b, "bundled", f->bundled, f->n_bundled);
	listed(b, "native_code", f->natives, f->n_natives);
	listed(b, "bills_of_materials", f->sboms, f->n_sboms);
	const struct facts_registry *g = &f->registry;
	buf_str_add(b, ",\n    \"registry\": ");
	if (!g->asked) {
		buf_str_add(b, "null\n  }");
		return;
	}
	buf_str_add(b, "{\"publisher\": ");
	write_json(b, g->publisher);
	named(b, "published", g->published);
	named(b, "attestation", g->attestation);
	buf_fmt(b, ", \"signatures\": %u", g->signatures);
	named(b, "repository", g->repository);
	named(b, "predecessor", g->before);
	named(b, "predecessor_publisher", g->before_publisher);
	named(b, "predecessor_attestation", g->before_attestation);
	buf_str_add(b, "}\n  }");
}

/* By endpoint, so that its name stands once: {"endpoint": …, "fields": [[address, value], …]}. */
void fields_json(struct buf *b, const struct vet_result *r)
{
	const char *last = NULL;
	buf_str_add(b, ",\n  \"fields\": [");
	for (size_t i = 0; i < r->n_fields; i++) {
		const struct vet_field *f = &r->fields[i];
		bool same = last && strcmp(last, f->endpoint) == 0;
		if (!same) {
			buf_fmt(b, "%s\n    {\"endpoint\": ", i ? "]}," : "");
			write_json(b, f->endpoint);
			buf_str_add(b, ", \"fields\": [");
		}
		buf_str_add(b, same ? ",\n      [" : "\n      [");
		write_json(b, f->address);
		buf_str_add(b, ", ");
		write_json(b, f->value);
		buf_u8(b, ']');
		last = f->endpoint;
	}
	buf_fmt(b, "%s],\n  \"fields_left_out\": %zu,\n  \"anomalies\": [", r->n_fields ? "]}\n  " : "", r->fields_left_out);
	for (size_t i = 0; i < r->n_anomalies; i++) {
		const struct vet_anomaly *a = &r->anomalies[i];
		buf_fmt(b, "%s\n    {\"codepoint\": \"U+%04X\", \"name\": ", i ? "," : "", (unsigned)a->codepoint);
		write_json(b, a->name);
		buf_str_add(b, ", \"endpoint\": ");
		write_json(b, a->endpoint);
		buf_str_add(b, ", \"address\": ");
		write_json(b, a->address);
		buf_fmt(b, ", \"places\": %u}", a->places);
	}
	buf_fmt(b, "%s]", r->n_anomalies ? "\n  " : "");
}

/* A hostile value: isolated, so that its direction does not leak, and bounded. */
static void value(struct buf *b, const char *s)
{
	struct slice all = slice_str(s), shown = write_fit(all, LONG, false);
	buf_str_add(b, "<bdi>");
	write_html(b, shown);
	buf_str_add(b, shown.n < all.n ? "…</bdi>" : "</bdi>");
}

static void answer_html(struct buf *b, const struct vet_answer *a)
{
	buf_fmt(b, "<tr id=q%u class=\"%s\"><td data-l=Number class=qn>%u<td data-l=Question><b>", a->number,
	        a->concern                        ? "concern"
	        : a->state == ANSWER_EVIDENCE     ? "answered"
	        : a->state == ANSWER_NOT_OBSERVED ? "unseen-yet"
	                                          : "never",
	        a->number);
	write_html(b, slice_str(a->question));
	buf_fmt(b, "</b><small class=maps>");
	for (int f = 0, n = 0; f < FRAMEWORK_END; f++)
		if (a->maps[f])
			buf_fmt(b, "%s<span title=\"%s\">%s</span>", n++ ? " · " : "", vet_framework_name((enum vet_framework)f),
			        a->maps[f]);
	buf_fmt(b, "</small><td data-l=State><span class=state>%s</span>%s<td data-l=Answer>", vet_answer_state_name(a->state),
	        a->concern ? "<small class=look>look at this first</small>" : "");
	value(b, a->text);
	if (a->evidence && a->evidence[0]) {
		buf_str_add(b, "<small class=evidence>");
		for (size_t i = 0; a->evidence[i]; i++) {
			buf_str_add(b, i ? "; " : "");
			value(b, a->evidence[i]);
		}
		buf_str_add(b, "</small>");
	}
	buf_u8(b, '\n');
}

void questionnaire_html(struct buf *b, const struct vet_result *r)
{
	_cleanup_buf_ struct buf line = BUF(1024);
	if (!r->n_answers)
		return;
	summary(&line, r);
	buf_fmt(b,
	        "<section id=questionnaire><h2>Due-diligence questionnaire</h2><p class=lead>%s. “Not observed” names what this vetting "
	        "did not "
	        "measure; “not observable” is what nobody can see from outside.</p>",
	        buf_str(&line));
	for (size_t i = 0; i < r->n_answers; i++) {
		if (new_group(r, i)) {
			buf_fmt(b, "%s<h3>", i ? "</tbody></table>" : "");
			write_html(b, slice_str(r->answers[i].group));
			buf_str_add(b, "</h3><table class=questions><thead><tr><th>No.<th>Question<th>State<th>Answer</thead><tbody>");
		}
		answer_html(b, &r->answers[i]);
	}
	buf_str_add(b, "</tbody></table><p class=more>Mapped to ");
	for (int f = 0; f < FRAMEWORK_END; f++)
		buf_fmt(b, "%s%s", f ? "; " : "", vet_framework_name((enum vet_framework)f));
	buf_str_add(b, ". The mapping is Postern's own.</p></section>\n");
}
