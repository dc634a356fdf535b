#include "report/compare.h"

#include <inttypes.h>

#include "report/page.h"
#include "report/write.h"

#define SHOWN 12  /* items of a section on a terminal; all are in the other forms */
#define LONG  300 /* columns of one text */

static const char signs[] = {[COMPARE_NEW] = '+', [COMPARE_GONE] = '-', [COMPARE_CHANGED] = '~'};

static void ink(struct buf *b, bool colour, const char *code)
{
	if (colour)
		buf_fmt(b, "\033[%sm", code);
}

static void cut(struct buf *b, const char *s)
{
	struct slice all = slice_str(s), shown = write_fit(all, LONG, false);
	buf_add(b, shown);
	buf_str_add(b, shown.n < all.n ? "…" : "");
}

/* One sentence: what a reader must decide on. */
static void headline(struct buf *b, const struct compare *c)
{
	const struct compare_side *x = &c->side[0], *y = &c->side[1];
	size_t changes = 0;
	for (size_t i = 0; i < c->n_sections; i++)
		for (int k = 0; k < 3; k++)
			changes += c->section[i].count[k];
	buf_fmt(b, "%.200s %.80s against %.80s: ", y->name, y->version, x->version);
	if (c->alarms)
		buf_fmt(b, "%zu thing%s that the first does not do, or not so badly", c->alarms, write_s(c->alarms));
	else if (c->inconclusive)
		buf_str_add(b, "nothing can be said, as one of them is inconclusive or partial");
	else
		buf_str_add(b, "nothing that the first does not do");
	buf_fmt(b, "; %zu difference%s in all.", changes, write_s(changes));
}

static void side_text(struct buf *b, const char *letter, const struct compare_side *s)
{
	buf_fmt(b, "  %s  ", letter);
	write_visible(b, slice_str(s->name));
	buf_u8(b, ' ');
	write_visible(b, slice_str(s->version));
	buf_fmt(b, ": %s%s, %" PRIu64 " trials (", verdict_name(s->verdict), s->partial ? ", partial" : "", s->trials);
	write_visible(b, slice_str(s->effort));
	buf_str_add(b, "), ");
	write_visible(b, slice_str(s->started));
	buf_u8(b, '\n');
}

static void item_text(struct buf *b, const struct compare_item *i, size_t width, bool colour)
{
	_cleanup_buf_ struct buf line = BUF(1 << 14);
	cut(&line, i->what);
	if (i->before || i->after) {
		buf_str_add(&line, "  [");
		cut(&line, i->before ? i->before : "");
		if (i->kind == COMPARE_CHANGED)
			buf_str_add(&line, "  ⇒  ");
		cut(&line, i->after ? i->after : "");
		buf_u8(&line, ']');
	}
	ink(b, colour, i->alarm ? "1;31" : i->kind == COMPARE_NEW ? "33" : i->kind == COMPARE_GONE ? "32" : "36");
	buf_fmt(b, "  %c%c ", signs[i->kind], i->alarm ? '!' : ' ');
	ink(b, colour, "0");
	write_wrapped(b, 5, width, buf_slice(&line), false);
}

static void counts(struct buf *b, const struct compare_section *s)
{
	buf_fmt(b, "%zu new, %zu gone, %zu changed, %zu the same", s->count[COMPARE_NEW], s->count[COMPARE_GONE], s->count[COMPARE_CHANGED],
	        s->same);
}

/* What is an alarm first. */
static void section_text(struct buf *b, const struct compare_section *s, size_t width, bool colour)
{
	size_t shown = 0, all = s->count[0] + s->count[1] + s->count[2];
	if (all == 0)
		return;
	buf_u8(b, '\n');
	ink(b, colour, "1");
	buf_str_add(b, s->title);
	ink(b, colour, "0");
	buf_str_add(b, "  (");
	counts(b, s);
	buf_str_add(b, ")\n");
	for (int alarm = 1; alarm >= 0; alarm--)
		for (size_t i = 0; i < s->n && shown < SHOWN; i++)
			if (s->items[i].alarm == (alarm != 0)) {
				item_text(b, &s->items[i], width, colour);
				shown++;
			}
	if (shown < all)
		buf_fmt(b, "     and %zu more: --format json or html\n", all - shown);
}

void compare_text(struct buf *b, const struct compare *c, const struct report_text_options *o)
{
	size_t width = o && o->width ? o->width : 80;
	bool colour = o && o->colour;
	_cleanup_buf_ struct buf line = BUF(4096);
	width = width < 60 ? 60 : width > 160 ? 160 : width;
	headline(&line, c);
	ink(b, colour, c->alarms ? "1;31" : c->inconclusive ? "33" : "1;32");
	write_wrapped(b, 0, width, buf_slice(&line), false);
	ink(b, colour, "0");
	side_text(b, "A", &c->side[0]);
	side_text(b, "B", &c->side[1]);
	for (size_t i = 0; i < c->n_sections; i++)
		section_text(b, &c->section[i], width, colour);
	if (c->n_notes) {
		buf_u8(b, '\n');
		ink(b, colour, "1");
		buf_str_add(b, "NOTES\n");
		ink(b, colour, "0");
	}
	for (size_t i = 0; i < c->n_notes; i++) {
		buf_str_add(b, "  - ");
		write_wrapped(b, 4, width, slice_str(c->note[i]), false);
	}
}

static void member(struct buf *b, const char *key, const char *value)
{
	buf_fmt(b, ", \"%s\": ", key);
	write_json(b, value);
}

static void side_json(struct buf *b, const char *key, const struct compare_side *s)
{
	buf_fmt(b, ",\n  \"%s\": {\"name\": ", key);
	write_json(b, s->name);
	member(b, "version", s->version);
	member(b, "sha256", s->sha256);
	member(b, "started", s->started);
	member(b, "effort", s->effort);
	member(b, "profile", s->profile);
	member(b, "postern", s->postern);
	buf_fmt(b, ", \"verdict\": \"%s\", \"partial\": %s, \"trials\": %" PRIu64 "}", verdict_name(s->verdict),
	        s->partial ? "true" : "false", s->trials);
}

static void section_json(struct buf *b, const struct compare_section *s)
{
	buf_str_add(b, "{\"id\": ");
	write_json(b, s->id);
	member(b, "title", s->title);
	buf_fmt(b, ", \"compared\": %s, \"new\": %zu, \"gone\": %zu, \"changed\": %zu, \"same\": %zu, \"items\": [",
	        s->there[0] && s->there[1] ? "true" : "false", s->count[COMPARE_NEW], s->count[COMPARE_GONE], s->count[COMPARE_CHANGED],
	        s->same);
	for (size_t i = 0; i < s->n; i++) {
		const struct compare_item *x = &s->items[i];
		buf_fmt(b, "%s\n      {\"kind\": \"%s\", \"alarm\": %s", i ? "," : "", compare_kind_name(x->kind),
		        x->alarm ? "true" : "false");
		member(b, "what", x->what);
		member(b, "before", x->before);
		member(b, "after", x->after);
		buf_u8(b, '}');
	}
	buf_fmt(b, "%s]}", s->n ? "\n    " : "");
}

void compare_json(struct buf *b, const struct compare *c)
{
	_cleanup_buf_ struct buf line = BUF(4096);
	headline(&line, c);
	buf_str_add(b, "{\n  \"summary\": ");
	write_json(b, buf_str(&line));
	buf_fmt(b, ",\n  \"alarms\": %zu, \"inconclusive\": %s", c->alarms, c->inconclusive ? "true" : "false");
	side_json(b, "a", &c->side[0]);
	side_json(b, "b", &c->side[1]);
	buf_str_add(b, ",\n  \"sections\": [");
	for (size_t i = 0; i < c->n_sections; i++) {
		buf_str_add(b, i ? ",\n    " : "\n    ");
		section_json(b, &c->section[i]);
	}
	buf_fmt(b, "%s],\n  \"notes\": [", c->n_sections ? "\n  " : "");
	for (size_t i = 0; i < c->n_notes; i++) {
		buf_str_add(b, i ? ",\n    " : "\n    ");
		write_json(b, c->note[i]);
	}
	buf_fmt(b, "%s]\n}\n", c->n_notes ? "\n  " : "");
}

static void value(struct buf *b, const char *s)
{
	page_value(b, s, LONG);
}

static void side_html(struct buf *b, const char *letter, const struct compare_side *s)
{
	buf_fmt(b, "<div><dt>%s</dt><dd>", letter);
	value(b, s->name);
	buf_u8(b, ' ');
	value(b, s->version);
	buf_fmt(b, ": %s%s, %" PRIu64 " trials, ", verdict_name(s->verdict), s->partial ? ", partial" : "", s->trials);
	value(b, s->started);
	buf_str_add(b, "<small>SHA-256 ");
	value(b, s->sha256);
	buf_str_add(b, "</small></dd></div>");
}

static void section_html(struct buf *b, const struct compare_section *s)
{
	if (!s->n)
		return;
	buf_fmt(b, "<section id=%s><h2>%s</h2><p class=lead>", s->id, s->title);
	counts(b, s);
	buf_str_add(b, "</p><table class=compare><thead><tr><th>Change<th>What<th>A<th>B</thead><tbody>");
	for (int alarm = 1; alarm >= 0; alarm--)
		for (size_t i = 0; i < s->n; i++) {
			const struct compare_item *x = &s->items[i];
			if (x->alarm != (alarm != 0))
				continue;
			buf_fmt(b, "<tr class=\"%s%s\"><td data-l=Change><span class=state>%s</span><td data-l=What>",
			        x->alarm ? "concern " : "", compare_kind_name(x->kind), compare_kind_name(x->kind));
			value(b, x->what);
			buf_str_add(b, "<td data-l=A class=mono>");
			value(b, x->before ? x->before : x->kind == COMPARE_NEW ? "–" : "");
			buf_str_add(b, "<td data-l=B class=mono>");
			value(b, x->after ? x->after : x->kind == COMPARE_GONE ? "–" : "");
			buf_u8(b, '\n');
		}
	buf_str_add(b, "</tbody></table>");
	size_t all = s->count[0] + s->count[1] + s->count[2];
	if (all > s->n)
		buf_fmt(b, "<p class=more>And %zu more.</p>", all - s->n);
	buf_str_add(b, "</section>\n");
}

void compare_html(struct buf *b, const struct compare *c)
{
	_cleanup_buf_ struct buf line = BUF(4096);
	headline(&line, c);
	page_begin(b, buf_slice(&line), "Postern vet comparison");
	buf_fmt(b, "<body><main><header class=\"top %s\"><p class=brow>Postern vet comparison</p><h1>",
	        c->alarms         ? "findings"
	        : c->inconclusive ? "inconclusive"
	                          : "clean");
	value(b, buf_str(&line));
	buf_str_add(b, "</h1><dl class=facts>");
	side_html(b, "A", &c->side[0]);
	side_html(b, "B", &c->side[1]);
	buf_str_add(b, "</dl></header>\n");
	for (size_t i = 0; i < c->n_sections; i++)
		section_html(b, &c->section[i]);
	if (c->n_notes)
		buf_str_add(b, "<section id=notes><h2>Notes</h2><ul class=plain>");
	for (size_t i = 0; i < c->n_notes; i++) {
		buf_str_add(b, "<li>");
		value(b, c->note[i]);
	}
	buf_str_add(b, c->n_notes ? "</ul></section>\n" : "");
	buf_str_add(b, "<footer>This page loads nothing and runs no script.</footer></main></body></html>\n");
}
