/* Lists from the artefact's constants, and what trying their members showed. Members are text of the artefact: hostile. */
#include "report/hidden.h"

#include <inttypes.h>

#include "report/write.h"

#define MEMBERS_TEXT 6
#define MEMBERS_ALL  100000
#define MEMBERS_HTML 400
#define LISTS_TEXT   12
#define LEVELS_TEXT  4
#define LONG         400 /* columns of a value in the page */

/* -- text -- */

static void words(struct buf *b, const char *s, size_t *at, unsigned width, size_t indent)
{
	struct slice rest = slice_str(s), word;
	while (slice_split(&rest, ' ', &word)) {
		size_t w = write_columns(word);
		if (*at > indent && *at + 1 + w > width) {
			buf_fmt(b, "\n%*s", (int)indent, "");
			*at = indent;
		} else if (*at > indent) {
			buf_u8(b, ' ');
			++*at;
		}
		write_visible(b, word);
		*at += w;
	}
}

static void members_text(struct buf *b, const struct vet_constant_list *l, unsigned width, size_t most)
{
	size_t at = 6;
	buf_str_add(b, "      ");
	for (size_t i = 0; i < l->n_members && i < most; i++) {
		_cleanup_buf_ struct buf word = BUF(4096);
		buf_fmt(&word, "%s%s", l->members[i], i + 1 < l->n_members && i + 1 < most ? "," : "");
		words(b, buf_str(&word), &at, width, 6);
	}
	size_t shown = l->n_members < most ? l->n_members : most;
	if (l->total > shown) {
		_cleanup_buf_ struct buf more = BUF(64);
		buf_fmt(&more, "and %zu more", l->total - shown);
		words(b, buf_str(&more), &at, width, 6);
	}
	buf_u8(b, '\n');
}

static void list_text(struct buf *b, const struct vet_constant_list *l, unsigned width, bool all)
{
	size_t at = 4;
	_cleanup_buf_ struct buf line = BUF(8192);
	buf_fmt(&line, "list %u: %zu %s; %s; %s at %" PRIu64, l->number, l->total, l->holds, l->encoding, l->file, l->at);
	if (l->copies)
		buf_fmt(&line, "; again at %" PRIu64 "%s%s", l->copy_at, l->copies > 1 ? " and elsewhere" : "",
		        strcmp(l->copy_file, l->file) ? " of another file" : "");
	buf_str_add(b, "    ");
	words(b, buf_str(&line), &at, width, 6);
	buf_u8(b, '\n');
	members_text(b, l, width, all ? MEMBERS_ALL : MEMBERS_TEXT);
}

static void behaviour_text(struct buf *b, const struct vet_behaviour *v, unsigned width)
{
	size_t at = 4;
	_cleanup_buf_ struct buf line = BUF(8192);
	buf_fmt(&line, "%s: with %s = ", v->lists, v->factors);
	for (size_t i = 0; v->levels[i] && i < LEVELS_TEXT; i++)
		buf_fmt(&line, "%s%s", i ? ", " : "", v->levels[i]);
	if (v->levels[0] && v->levels[1] && v->levels[2] && v->levels[3] && v->levels[4])
		buf_str_add(&line, " and others");
	buf_str_add(b, "    ");
	words(b, buf_str(&line), &at, width, 6);
	buf_str_add(b, "\n      before  ");
	write_visible(b, slice_str(v->before ? v->before : "(nothing)"));
	buf_str_add(b, "\n      after   ");
	write_visible(b, slice_str(v->after ? v->after : "(nothing)"));
	buf_u8(b, '\n');
}

void hidden_text(struct buf *b, const struct vet_constants *c, unsigned width, bool all)
{
	size_t told = 0;
	if (!c->looked)
		return;
	width = width < 60 ? 60 : width;
	for (size_t i = 0; i < c->n_lists; i++) {
		const struct vet_constant_list *l = &c->lists[i];
		if (!l->hidden && !all)
			continue;
		if (told++ == 0)
			buf_str_add(b, all ? "" : "\n  WHAT THE ARTEFACT HIDES\n");
		if (!all && told > LISTS_TEXT)
			continue;
		list_text(b, l, width, all);
	}
	if (!all && told > LISTS_TEXT)
		buf_fmt(b, "    and %zu more lists\n", told - LISTS_TEXT);
	if (c->n_behaviours)
		buf_str_add(b, "\n  WHAT MEMBERS OF ITS LISTS BRING ABOUT\n");
	for (size_t i = 0; i < c->n_behaviours; i++)
		behaviour_text(b, &c->behaviours[i], width);
	if (c->note && (all || told)) {
		size_t at = 4;
		buf_str_add(b, "    ");
		words(b, c->note, &at, width, 4);
		buf_u8(b, '\n');
	}
}

/* -- JSON -- */

static void line(struct buf *b, bool *first, int depth)
{
	buf_fmt(b, "%s\n%*s", *first ? "" : ",", depth * 2, "");
	*first = false;
}

static void end(struct buf *b, bool first, int depth, char close)
{
	if (!first)
		buf_fmt(b, "\n%*s", depth * 2, "");
	buf_u8(b, (uint8_t)close);
}

static void text(struct buf *b, const char *key, const char *value)
{
	buf_fmt(b, ", \"%s\": ", key);
	write_json(b, value);
}

static void list_json(struct buf *b, const struct vet_constant_list *l)
{
	buf_fmt(b, "{\"number\": %u, \"hidden\": %s", l->number, l->hidden ? "true" : "false");
	text(b, "file", l->file);
	buf_fmt(b, ", \"offset\": %" PRIu64 ", \"bytes\": %" PRIu64, l->at, l->n_bytes);
	text(b, "encoding", l->encoding);
	text(b, "class", l->class);
	text(b, "holds", l->holds);
	buf_fmt(b, ", \"total\": %zu, \"copies\": %u", l->total, l->copies);
	text(b, "copy_file", l->copy_file);
	buf_fmt(b, ", \"copy_offset\": %" PRIu64 ", \"members\": [", l->copy_at);
	for (size_t i = 0; i < l->n_members; i++) {
		buf_str_add(b, i ? ", " : "");
		write_json(b, l->members[i]);
	}
	buf_str_add(b, "]}");
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

static void behaviour_json(struct buf *b, const struct vet_behaviour *v)
{
	buf_fmt(b, "{\"number\": %u", v->number);
	text(b, "lists", v->lists);
	text(b, "factors", v->factors);
	strings(b, "levels", v->levels);
	text(b, "endpoint", v->endpoint);
	text(b, "address", v->address);
	text(b, "before", v->before);
	text(b, "after", v->after);
	buf_fmt(b, ", \"places\": %u", v->places);
	strings(b, "evidence", v->evidence);
	buf_u8(b, '}');
}

static void level_json(struct buf *b, const struct vet_mined_level *l)
{
	buf_str_add(b, "{\"factor\": ");
	write_json(b, l->factor);
	text(b, "level", l->level);
	buf_fmt(b, ", \"list\": %u, \"second\": %u, \"trials\": %u, \"behaviour\": %u}", l->list, l->second, l->trials, l->behaviour);
}

void hidden_json(struct buf *b, const struct vet_constants *c, int depth)
{
	bool first = true;
	buf_fmt(b, "{\"looked\": %s", c->looked ? "true" : "false");
	text(b, "note", c->note);
	buf_fmt(b,
	        ", \"files\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"constants\": %" PRIu64 ", \"texts\": %" PRIu64
	        ", \"too_long\": %" PRIu64 ", \"unread\": %" PRIu64 ", \"cut\": %s, \"seconds\": ",
	        c->files, c->bytes, c->constants, c->texts, c->too_long, c->unread, c->cut ? "true" : "false");
	write_number(b, c->seconds, 2);
	buf_fmt(b, ",\n%*s\"counts\": {", (depth + 1) * 2, "");
	for (size_t i = 0; i < c->n_counts; i++)
		buf_fmt(b, "%s\"%s\": %" PRIu64, i ? ", " : "", c->counts[i].class, c->counts[i].n);
	buf_fmt(b, "},\n%*s\"lists\": [", (depth + 1) * 2, "");
	for (size_t i = 0; i < c->n_lists; i++) {
		line(b, &first, depth + 2);
		list_json(b, &c->lists[i]);
	}
	end(b, first, depth + 1, ']');
	buf_fmt(b, ",\n%*s\"levels\": [", (depth + 1) * 2, "");
	first = true;
	for (size_t i = 0; i < c->n_levels; i++) {
		line(b, &first, depth + 2);
		level_json(b, &c->levels[i]);
	}
	end(b, first, depth + 1, ']');
	buf_fmt(b, ",\n%*s\"behaviours\": [", (depth + 1) * 2, "");
	first = true;
	for (size_t i = 0; i < c->n_behaviours; i++) {
		line(b, &first, depth + 2);
		behaviour_json(b, &c->behaviours[i]);
	}
	end(b, first, depth + 1, ']');
	end(b, false, depth, '}');
}

/* -- HTML -- */

/* Isolated, so that its direction does not leak, and bounded. */
static void value(struct buf *b, const char *s)
{
	struct slice all = slice_str(s), shown = write_fit(all, LONG, false);
	buf_str_add(b, "<bdi>");
	write_html(b, shown);
	buf_str_add(b, shown.n < all.n ? "…</bdi>" : "</bdi>");
}

static void list_html(struct buf *b, const struct vet_constant_list *l)
{
	buf_fmt(b, "<tr id=list%u><td data-l=List><b>list %u</b><td data-l=Holds>%zu ", l->number, l->number, l->total);
	value(b, l->holds);
	buf_str_add(b, "<td data-l=Encoded>");
	value(b, l->encoding);
	buf_str_add(b, "<td data-l=Where class=mono>");
	value(b, l->file);
	buf_fmt(b, "<small>at byte %" PRIu64 "%s</small><td data-l=Members class=mono><details><summary>", l->at,
	        l->copies ? ", and again" : "");
	for (size_t i = 0; i < l->n_members && i < 3; i++) {
		buf_str_add(b, i ? ", " : "");
		value(b, l->members[i]);
	}
	buf_str_add(b, l->total > 3 ? ", …</summary><p>" : "</summary><p>");
	for (size_t i = 0; i < l->n_members && i < MEMBERS_HTML; i++) {
		buf_str_add(b, i ? ", " : "");
		value(b, l->members[i]);
	}
	size_t shown = l->n_members < MEMBERS_HTML ? l->n_members : MEMBERS_HTML;
	if (l->total > shown)
		buf_fmt(b, " and %zu more", l->total - shown);
	buf_str_add(b, "</p></details>\n");
}

/* The value with the differing part marked. */
static void marked(struct buf *b, const char *s, size_t at, size_t n)
{
	if (!s) {
		buf_str_add(b, "<em>nothing</em>");
		return;
	}
	struct write_parts p = write_parts(s, at, n);
	buf_str_add(b, "<bdi>");
	p.post = write_fit(p.post, LONG, false);
	p.mid = write_fit(p.mid, LONG, false);
	p.pre = write_fit(p.pre, LONG, true);
	write_html(b, p.pre);
	buf_str_add(b, "<mark>");
	write_html(b, p.mid);
	buf_str_add(b, "</mark>");
	write_html(b, p.post);
	buf_str_add(b, "</bdi>");
}

static void behaviour_html(struct buf *b, const struct vet_behaviour *v)
{
	buf_str_add(b, "<tr><td data-l=Lists><b>");
	value(b, v->lists);
	buf_str_add(b, "</b><td data-l=\"Shows with\" class=mono><small>");
	value(b, v->factors);
	buf_str_add(b, "</small>");
	for (size_t i = 0; v->levels[i]; i++) {
		buf_str_add(b, "<br>");
		value(b, v->levels[i]);
	}
	buf_str_add(b, "<td data-l=Before class=mono>");
	marked(b, v->before, v->before_at, v->before_n);
	buf_str_add(b, "<td data-l=After class=mono>");
	marked(b, v->after, v->after_at, v->after_n);
	buf_str_add(b, "<td data-l=Where class=mono>");
	value(b, v->endpoint ? v->endpoint : "");
	buf_str_add(b, "<small>");
	value(b, v->address ? v->address : "");
	buf_str_add(b, "</small><td data-l=Trials>");
	for (size_t i = 0; v->evidence[i] && i < 6; i++) {
		buf_str_add(b, i ? ", " : "");
		value(b, v->evidence[i]);
	}
	buf_u8(b, '\n');
}

void hidden_html(struct buf *b, const struct vet_constants *c)
{
	if (!c->looked)
		return;
	buf_str_add(b,
	        "<section id=constants><h2>What the artefact hides</h2><p class=lead>Constants of the program that had to be decoded to be "
	        "read, and what its lists bring about when their members are put in its way.</p>");
	if (c->n_hidden == 0)
		buf_str_add(b, "<p>No list was found that is hidden.</p>");
	if (c->n_lists) {
		buf_str_add(b, "<table class=constants><thead><tr><th>List<th>Holds<th>Encoded<th>Where<th>Members</thead><tbody>");
		for (size_t i = 0; i < c->n_lists; i++)
			list_html(b, &c->lists[i]);
		buf_str_add(b, "</tbody></table>");
	}
	if (c->n_behaviours) {
		buf_str_add(b,
		        "<table class=constants><thead><tr><th>Lists<th>Shows with<th>Before<th>After<th>Where<th>Trials</thead><tbody>");
		for (size_t i = 0; i < c->n_behaviours; i++)
			behaviour_html(b, &c->behaviours[i]);
		buf_str_add(b, "</tbody></table>");
	}
	buf_fmt(b, "<p class=more>%" PRIu64 " constants in %" PRIu64 " files, ", c->constants, c->files);
	write_bytes(b, c->bytes);
	buf_str_add(b, ". ");
	value(b, c->note ? c->note : "");
	buf_str_add(b, "</p></section>\n");
}
