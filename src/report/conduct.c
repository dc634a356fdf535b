#include "report/conduct.h"

#include "report/write.h"

#define LONG 600

static void text(struct buf *b, const char *key, const char *value)
{
	buf_fmt(b, ", \"%s\": ", key);
	write_json(b, value);
}

static void strings(struct buf *b, const char *key, const char *const *list)
{
	buf_fmt(b, ", \"%s\": [", key);
	for (size_t i = 0; list && list[i]; i++) {
		buf_str_add(b, i ? ", " : "");
		write_json(b, list[i]);
	}
	buf_u8(b, ']');
}

static void number(struct buf *b, const char *key, double v)
{
	buf_fmt(b, ", \"%s\": ", key);
	write_number(b, v, 3);
}

void conduct_json(struct buf *b, const struct vet_result *r)
{
	if (!r->n_conduct) {
		buf_str_add(b, ",\n  \"conduct\": null");
		return;
	}
	buf_str_add(b, ",\n  \"conduct\": {\n    \"facts\": [");
	for (size_t i = 0; i < r->n_conduct; i++) {
		const struct vet_conduct *c = &r->conduct[i];
		buf_fmt(b, "%s\n      {\"id\": ", i ? "," : "");
		write_json(b, c->id);
		buf_fmt(b, ", \"question\": %u", c->question);
		text(b, "title", c->title);
		text(b, "about", c->about);
		text(b, "state", vet_observed_name(c->state));
		buf_fmt(b, ", \"concern\": %s, \"count\": %llu,\n       \"text\": ", c->concern ? "true" : "false",
		        (unsigned long long)c->count);
		write_json(b, c->text);
		strings(b, "examples", c->examples);
		strings(b, "evidence", c->evidence);
		buf_u8(b, '}');
	}
	buf_str_add(b, "\n    ],\n    \"trials\": [");
	for (size_t i = 0; i < r->n_conduct_trials; i++) {
		const struct vet_trial_row *t = &r->conduct_trials[i];
		buf_fmt(b, "%s\n      {\"id\": ", i ? "," : "");
		write_json(b, t->id);
		text(b, "varied", t->varied);
		text(b, "end", t->end);
		number(b, "seconds", t->wall_s);
		buf_fmt(b, ", \"messages\": %u}", t->messages);
	}
	buf_str_add(b, "\n    ]\n  }");
}

static void value(struct buf *b, const char *s)
{
	struct slice all = slice_str(s), shown = write_fit(all, LONG, false);
	buf_str_add(b, "<bdi>");
	write_html(b, shown);
	buf_str_add(b, shown.n < all.n ? "…</bdi>" : "</bdi>");
}

static void html_row(struct buf *b, const struct vet_conduct *c)
{
	if (c->question)
		buf_fmt(b, "<tr><td class=r>%u</td><td>", c->question);
	else
		buf_str_add(b, "<tr><td class=r>–</td><td>");
	value(b, c->title);
	if (c->about) {
		buf_str_add(b, ": ");
		value(b, c->about);
	}
	buf_fmt(b, "</td><td>%s%s%s</td><td>", c->concern ? "<strong>" : "", vet_observed_name(c->state), c->concern ? "</strong>" : "");
	value(b, c->text);
	for (size_t i = 0; c->examples && c->examples[i]; i++) {
		buf_str_add(b, i ? "<br><code>" : "<details><summary>examples</summary><code>");
		value(b, c->examples[i]);
		buf_str_add(b, "</code>");
	}
	buf_str_add(b, c->examples && c->examples[0] ? "</details></td><td>" : "</td><td>");
	for (size_t i = 0; c->evidence && c->evidence[i]; i++) {
		buf_str_add(b, i ? ", " : "");
		value(b, c->evidence[i]);
	}
	buf_str_add(b, "</td></tr>");
}

void conduct_html(struct buf *b, const struct vet_result *r)
{
	if (!r->n_conduct)
		return;
	buf_str_add(b,
	        "<section id=conduct><h2>What else it does</h2><p class=lead>Looked for beside its traffic, in trials of their own. In "
	        "bold: "
	        "what a careful tool does not do. The number is that of the question of due diligence.</p><table class=conduct><thead><tr>"
	        "<th class=r>No.<th>Looked for<th>Outcome<th>Told<th>Trials</thead><tbody>");
	for (size_t i = 0; i < r->n_conduct; i++)
		html_row(b, &r->conduct[i]);
	buf_str_add(b, "</tbody></table><details><summary>The trials</summary><ul>");
	for (size_t i = 0; i < r->n_conduct_trials; i++) {
		const struct vet_trial_row *t = &r->conduct_trials[i];
		buf_str_add(b, "<li>");
		value(b, t->id);
		buf_str_add(b, ": ");
		value(b, t->varied);
		buf_str_add(b, " (");
		value(b, t->end);
		buf_fmt(b, ", %.1f s, %u messages)", t->wall_s, t->messages);
	}
	buf_str_add(b, "</ul></details></section>\n");
}

void conduct_line(struct buf *b, const struct vet_conduct *c)
{
	buf_fmt(b, "%s%s%s: %s", c->title, c->about ? ", " : "", c->about ? c->about : "", c->text);
}
