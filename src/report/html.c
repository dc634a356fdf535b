/* report.html: one page without a script, a font or a request, for a person who decides about the tool. */
#include <inttypes.h>

#include "report/conduct.h"
#include "inspect/scan.h"
#include "report/content.h"
#include "report/picture.h"
#include "report/questionnaire.h"
#include "report/coverage.h"
#include "report/hidden.h"
#include "report/page.h"
#include "report/report.h"
#include "report/words.h"
#include "report/write.h"

#define LONG      600 /* columns of any one value; the rest is in report.json */
#define GLYPH     12  /* code points shown big, a side */
#define ROWS      400 /* of one table */
#define HEADLINES 5   /* covert findings told in the head of the page */

static void add(struct buf *b, const char *markup)
{
	buf_str_add(b, markup);
}

static void value(struct buf *b, const char *s)
{
	page_value(b, s, LONG);
}

static void values(struct buf *b, const char *const *list, size_t max, const char *separator)
{
	size_t n = 0;
	for (; list && list[n]; n++) {
		if (n >= max)
			continue;
		add(b, n ? separator : "");
		value(b, list[n]);
	}
	if (n > max)
		buf_fmt(b, " and %zu more", n - max);
}

static void heading(struct buf *b, const char *id, const char *title, const char *lead)
{
	buf_fmt(b, "<section id=%s><h2>%s</h2>", id, title);
	if (lead)
		buf_fmt(b, "<p class=lead>%s</p>", lead);
}

static bool same_factor(const struct vet_finding *x, const struct vet_finding *y)
{
	return x->class == y->class && slice_eq(slice_str(x->factor), slice_str(y->factor));
}

/* What the verdict means for someone who did not run it: may it be approved, why not, what did it do, when. */
static void plain_words(struct buf *b, const struct vet_result *r, const struct write_summary *s)
{
	buf_fmt(b, "<p class=decision>%s</p>", words_decision(r));
	if (r->verdict == VERDICT_INCONCLUSIVE) {
		add(b, s->count[CLASS_COVERT] ? "<p class=words>The rest is inconclusive: "
		                              : "<p class=words>Nothing can be said about this tool: ");
		value(b, r->reason ? r->reason : "no reason was recorded");
		add(b, ". This is not a clean report.</p>");
	}
	size_t shown = 0;
	for (size_t i = 0; i < r->n_findings; i++) {
		size_t same = 0;
		bool seen = r->findings[i].class != CLASS_COVERT;
		for (size_t j = 0; j < r->n_findings && !seen; j++)
			if (same_factor(&r->findings[i], &r->findings[j])) {
				seen = j < i;
				same++;
			}
		if (seen || shown++ >= HEADLINES)
			continue;
		_cleanup_buf_ struct buf line = BUF(1 << 16);
		words_finding(&line, r, &r->findings[i]);
		add(b, shown == 1 ? "<ul class=headlines>" : "");
		add(b, "<li>");
		picture_mark(b, CLASS_COVERT);
		value(b, buf_str(&line));
		if (same > 1)
			buf_fmt(b, " (and %zu more)", same - 1);
		buf_fmt(b, " <a href=\"#f%zu\">how this was decided</a>", i);
	}
	if (shown > HEADLINES)
		buf_fmt(b, "<li>and by %zu more things about the machine, below", shown - HEADLINES);
	add(b, shown ? "</ul>" : "");
	if (r->verdict == VERDICT_INCONCLUSIVE && !r->n_findings && !scan_result_is_bad(r->content.scan))
		return;
	_cleanup_buf_ struct buf besides = BUF(1 << 16);
	words_besides(&besides, r);
	add(b, "<p class=words>");
	if (!s->count[CLASS_COVERT] && r->verdict != VERDICT_INCONCLUSIVE)
		buf_fmt(b,
		        "In %u trials, nothing that it sent depended in a hidden way on where it ran, as far as was covered; that is "
		        "not proof that there is no channel. ",
		        r->trials);
	value(b, buf_str(&besides));
	add(b, "</p>");
}

static void head(struct buf *b, const struct vet_result *r)
{
	_cleanup_buf_ struct buf title = BUF(1 << 16);
	buf_fmt(&title, "%.200s: %s", r->subject_name ? r->subject_name : "", verdict_name(r->verdict));
	page_begin(b, buf_slice(&title), "Postern vet report");
}

static void fact(struct buf *b, const char *name, const char *text)
{
	if (!text || !*text)
		return;
	buf_fmt(b, "<div><dt>%s</dt><dd>", name);
	value(b, text);
	add(b, "</dd></div>");
}

static void facts(struct buf *b, const struct vet_result *r)
{
	_cleanup_buf_ struct buf t = BUF(256);
	add(b, "<dl class=facts>");
	words_basis(&t, r);
	if (r->trials_failed)
		buf_fmt(&t, " (%u trials failed)", r->trials_failed);
	fact(b, "Based on", buf_str(&t));
	fact(b, "Date", r->started);
	fact(b, "SHA-256", r->subject_sha256);
	add(b, "</dl>");
}

static void verdict_header(struct buf *b, const struct vet_result *r, const struct write_summary *s)
{
	buf_fmt(b, "<header class=\"top %s\"><p class=brow>Postern vet report</p><h1><bdi>", verdict_name(r->verdict));
	write_html(b, write_fit(slice_str(r->subject_name), 120, false));
	add(b, "</bdi> <span class=version><bdi>");
	write_html(b, write_fit(slice_str(r->subject_version), 60, false));
	add(b, "</bdi></span></h1><p class=verdict><span class=chip>");
	add(b, r->verdict == VERDICT_CLEAN ? "Clean" : r->verdict == VERDICT_FINDINGS ? "Findings" : "Inconclusive");
	add(b, "</span> ");
	if (r->partial)
		add(b, "<span class=\"chip partial\">Partial</span> ");
	enum leak_class worst = write_worst(s);
	if (s->count[CLASS_COVERT])
		buf_fmt(b, "<b>%zu covert channel%s</b>", s->count[CLASS_COVERT], write_s(s->count[CLASS_COVERT]));
	else if (r->verdict == VERDICT_FINDINGS && worst != CLASS_NONE)
		buf_fmt(b, "<b>%zu %s finding%s, no covert channel found</b>", s->count[worst], leak_class_name(worst),
		        write_s(s->count[worst]));
	else
		add(b, r->verdict == VERDICT_INCONCLUSIVE ? "<b>No statement is possible</b>" : "<b>No covert channel found</b>");
	_cleanup_buf_ struct buf files = BUF(256);
	content_counts(&files, r);
	if (files.n)
		buf_fmt(b, "<b>, %s in it</b>", buf_str(&files));
	add(b, "</p>");
	plain_words(b, r, s);
	if (r->partial) {
		add(b, "<p class=warn>This report is partial: ");
		value(b, r->verdict != VERDICT_INCONCLUSIVE && r->reason ? r->reason : "it was stopped before the plan was done");
		add(b, ". What was not reached is not covered.</p>");
	}
	facts(b, r);
	add(b, "</header>\n");
}

static void tally(struct buf *b, const struct write_summary *s)
{
	add(b, "<ul class=tally>");
	for (int c = CLASS_COVERT; c > CLASS_NONE; c--) {
		buf_fmt(b, "<li class=\"%s%s\"><b>%zu</b> ", leak_class_name((enum leak_class)c), s->count[c] ? "" : " zero", s->count[c]);
		picture_mark(b, (enum leak_class)c);
		buf_fmt(b, "<i>%s</i><span>%s</span></li>", leak_class_name((enum leak_class)c), words_class((enum leak_class)c));
	}
	add(b, "</ul>\n");
}

static void marked(struct buf *b, const char *side, const char *text, size_t at, size_t n)
{
	struct write_parts s = write_parts(text, at, n);
	struct slice mid = write_fit(s.mid, LONG, false), pre = write_fit(s.pre, LONG, true), post = write_fit(s.post, LONG, false);
	buf_fmt(b, "<div class=%s><h4>%s</h4><p class=text>", side, side);
	if (!text || !*text) {
		add(b, "<em>nothing</em></p></div>");
		return;
	}
	add(b, "<bdi>");
	add(b, pre.n < s.pre.n ? "…" : "");
	write_html(b, pre);
	buf_fmt(b, "<mark%s>", mid.n ? "" : " class=none");
	write_html(b, mid);
	add(b, mid.n < s.mid.n ? "…</mark>" : "</mark>");
	write_html(b, post);
	add(b, post.n < s.post.n ? "…" : "");
	add(b, "</bdi></p></div>");
}

static void glyphs(struct buf *b, const struct vet_finding *f, bool after)
{
	size_t n = 0;
	buf_fmt(b, "<ul class=\"glyphs %s\">", after ? "after" : "before");
	for (size_t i = 0; i < f->n_codepoints; i++) {
		const struct vet_codepoint *c = &f->codepoints[i];
		if (c->in_after != after || n++ >= GLYPH)
			continue;
		bool hidden = write_hidden(c->value) || c->value > 0x10FFFF;
		buf_fmt(b, "<li><span class=\"glyph%s\"><bdi>", hidden ? " unseen" : "");
		_cleanup_buf_ struct buf ch = BUF(8);
		write_utf8(&ch, c->value);
		if (hidden)
			add(b, "no glyph");
		else
			write_html(b, buf_slice(&ch));
		buf_fmt(b, "</bdi></span><span><b>U+%04X</b> ", (unsigned)c->value);
		value(b, c->name);
		add(b, "</span></li>");
	}
	if (n == 0)
		add(b, "<li class=nothing>nothing</li>");
	if (n > GLYPH)
		buf_fmt(b, "<li class=nothing>and %zu more</li>", n - GLYPH);
	add(b, "</ul>");
}

static void card(struct buf *b, const struct vet_result *r, size_t index)
{
	const struct vet_finding *f = &r->findings[index];
	buf_fmt(b, "<article class=\"card %s\" id=f%zu><header><span class=tag>%s</span><h3>", leak_class_name(f->class), index,
	        leak_class_name(f->class));
	_cleanup_buf_ struct buf line = BUF(1 << 16), base = BUF(1 << 16);
	words_finding(&line, r, f);
	value(b, buf_str(&line));
	add(b, "</h3></header><p class=where>");
	value(b, f->endpoint);
	add(b, "<br>");
	value(b, f->address);
	add(b, "</p><div class=sides>");
	marked(b, "before", f->before, f->before_at, f->before_n);
	marked(b, "after", f->after, f->after_at, f->after_n);
	add(b, "</div>");
	if (f->n_codepoints && words_names_help(f)) {
		add(b, "<div class=change>");
		glyphs(b, f, false);
		add(b, "<span class=becomes aria-label=becomes>→</span>");
		glyphs(b, f, true);
		add(b, "</div>");
	}
	add(b, "<p class=why><b>How it was decided.</b> ");
	value(b, f->explanation);
	add(b, "</p><dl class=proof><div><dt>Shows with</dt><dd>");
	buf_reset(&line);
	coverage_conditions(&line, r, f, 12);
	value(b, buf_str(&line));
	add(b, "</dd></div>");
	write_bases(&base, f->base);
	fact(b, "Base", buf_str(&base));
	add(b, "<div><dt>Evidence</dt><dd>trials ");
	values(b, f->evidence, 16, ", ");
	add(b, "; <span class=nw>p = ");
	write_probability(b, f->p_value);
	add(b, "</span></dd></div>");
	buf_reset(&line);
	coverage_statistics(&line, f);
	fact(b, "Statistics", buf_str(&line));
	fact(b, "Declared", f->declared);
	if (f->occurrences) {
		buf_fmt(b, "<div><dt>Also at</dt><dd>%u further place%s%s", f->occurrences, write_s(f->occurrences),
		        f->also_at && f->also_at[0] ? ": " : "");
		for (size_t k = 0; k < 4 && f->also_at && f->also_at[k]; k++) {
			add(b, k ? "; " : "");
			value(b, words_also(f, k));
		}
		if (f->occurrences > 4 && f->also_at && f->also_at[0])
			buf_fmt(b, " and %u more", f->occurrences - 4);
		add(b, "</dd></div>");
	}
	add(b, "</dl></article>\n");
}

static void cards(struct buf *b, const struct vet_result *r, const struct write_summary *s)
{
	if (!s->count[CLASS_COVERT] && !s->count[CLASS_HASHED])
		return;
	heading(b, "covert", s->count[CLASS_COVERT] ? "Covert channels" : "Hashed values",
	        "The same request, with one thing about the machine changed. The differing characters are marked.");
	for (int c = CLASS_COVERT; c >= CLASS_HASHED; c--)
		for (size_t i = 0; i < r->n_findings; i++)
			if (r->findings[i].class == (enum leak_class)c)
				card(b, r, i);
	add(b, "</section>\n");
}

/* An endpoint in a table: its host, and below it method and path. */
static void place(struct buf *b, const char *endpoint)
{
	struct slice all = slice_str(endpoint), host = write_endpoint_host(endpoint);
	add(b, "<bdi>");
	write_html(b, write_fit(words_host(host), LONG, false));
	add(b, "</bdi>");
	if (host.n == all.n)
		return;
	struct slice method = slice_sub(all, 0, slice_chr(all, ' ', 0));
	add(b, "<small><bdi>");
	write_html(b, write_fit(method, 16, false));
	add(b, " ");
	write_html(b, write_fit(slice_from(all, (size_t)(host.p - all.p) + host.n), LONG, false));
	add(b, "</bdi></small>");
}

/* Rows that say the same: the same field of the same factor, sent to several places. */
static bool same_row(const struct vet_finding *x, const struct vet_finding *y)
{
	return same_factor(x, y) && slice_eq(words_field(x->address), words_field(y->address)) &&
	       slice_eq(slice_str(x->after), slice_str(y->after));
}

/* "before → after", or once what is the same in both. */
static void seen_as(struct buf *b, const struct vet_finding *f)
{
	bool before = f->before && f->before[0], after = f->after && f->after[0];
	if (before && after && slice_eq(slice_str(f->before), slice_str(f->after))) {
		value(b, f->after);
		return;
	}
	if (before)
		value(b, f->before);
	else
		add(b, "<em>nothing</em>");
	add(b, " <span class=arrow>→</span> ");
	if (after)
		value(b, f->after);
	else
		add(b, "<em>nothing</em>");
}

static void table_row(struct buf *b, const struct vet_result *r, size_t i, bool new_factor)
{
	const struct vet_finding *f = &r->findings[i];
	size_t more = f->occurrences;
	buf_fmt(b, "<tr id=f%zu%s><td data-l=Factor><b>", i, new_factor ? "" : " class=again");
	value(b, write_factor_title(r, f->factor));
	add(b, "</b><small>");
	values(b, f->levels, 3, ", ");
	add(b, "</small><td data-l=\"Sent to\">");
	place(b, f->endpoint);
	for (size_t j = i + 1; j < r->n_findings; j++)
		if (same_row(f, &r->findings[j])) {
			more += r->findings[j].occurrences;
			buf_fmt(b, "<div id=f%zu>", j);
			place(b, r->findings[j].endpoint);
			add(b, "</div>");
		}
	add(b, "<td data-l=Where class=mono>");
	value(b, f->address);
	if (more)
		buf_fmt(b, " <span class=plus>and in %zu more places</span>", more);
	add(b, "<td data-l=\"Seen as\" class=mono>");
	seen_as(b, f);
	buf_fmt(b, "<td data-l=%s>", f->class == CLASS_DISCLOSED ? "\"Declared as\"" : "Trials");
	if (f->class == CLASS_DISCLOSED)
		value(b, f->declared);
	else
		values(b, f->evidence, 3, ", ");
	add(b, "\n");
}

static void table(struct buf *b, const struct vet_result *r, enum leak_class class, const char *title)
{
	size_t n = 0, last = 0;
	for (size_t i = 0; i < r->n_findings; i++) {
		bool seen = r->findings[i].class != class;
		for (size_t j = 0; j < i && !seen; j++)
			seen = same_row(&r->findings[j], &r->findings[i]);
		if (seen || n++ >= ROWS)
			continue;
		if (n == 1) {
			_cleanup_buf_ struct buf lead = BUF(1024);
			buf_fmt(&lead,
			        "What was varied, and %s. Names in braces stand for the value itself, as {hostname} for the host name.",
			        words_class(class));
			heading(b, leak_class_name(class), title, buf_str(&lead));
			buf_fmt(b, "<table class=%s><thead><tr><th>Varied<th>Sent to<th>Where<th>Seen as", leak_class_name(class));
			add(b, class == CLASS_DISCLOSED ? "<th>Declared as</thead><tbody>" : "<th>Trials</thead><tbody>");
		}
		bool new_factor = n == 1 || !slice_eq(slice_str(r->findings[last].factor), slice_str(r->findings[i].factor));
		table_row(b, r, i, new_factor);
		last = i;
	}
	if (!n)
		return;
	add(b, "</tbody></table>");
	if (n > ROWS)
		buf_fmt(b, "<p class=more>And %zu more, in report.json.</p>", n - ROWS);
	add(b, "</section>\n");
}

static void hosts(struct buf *b, const struct vet_result *r)
{
	size_t n = 0;
	if (!r->n_hosts)
		return;
	heading(b, "hosts", "Hosts contacted", "In the trials every name led to a simulated Internet; nothing reached the real hosts.");
	add(b, "<table class=hosts><thead><tr><th>Host<th>Declared<th>Purpose<th class=r>Connections<th class=r>Sent<th "
	       "class=r>Trials</thead><tbody>");
	for (int declared = 0; declared < 2; declared++)
		for (size_t i = 0; i < r->n_hosts; i++) {
			const struct vet_host *h = &r->hosts[i];
			if (h->declared != declared || n++ >= ROWS)
				continue;
			add(b, "<tr><td data-l=Host><b>");
			add(b, "<bdi>");
			write_html(b, write_fit(words_host(slice_str(h->name)), LONG, false));
			add(b, "</bdi>");
			buf_fmt(b, "</b><td data-l=Declared><span class=\"pill %s\">%s</span><td data-l=Purpose>", declared ? "yes" : "no",
			        declared ? "declared" : "undeclared");
			if (h->purpose || !h->refused)
				value(b, h->purpose ? h->purpose : "–");
			if (h->refused)
				add(b, " <span class=note>refused the certificate authority of the trials</span>");
			if (h->ja4 && h->refused) {
				add(b, " <span class=\"note mono\">JA4 ");
				value(b, h->ja4);
				add(b, "</span>");
			}
			buf_fmt(b, "<td data-l=Connections class=r>%u<td data-l=Sent class=r>", h->connections);
			write_bytes(b, h->bytes);
			buf_fmt(b, "<td data-l=Trials class=r>%u\n", h->trials);
		}
	add(b, "</tbody></table>");
	if (n > ROWS)
		buf_fmt(b, "<p class=more>And %zu more, in report.json.</p>", n - ROWS);
	add(b, "</section>\n");
}

/* What became of each dependence behind the gate. */
static void through_gate(struct buf *b, const struct vet_result *r)
{
	const struct vet_gate *g = &r->gate;
	_cleanup_buf_ struct buf lead = BUF(4096);
	if (!g->tried)
		return;
	buf_fmt(&lead,
	        "What was found was tried again with the tool behind postern run --neutral, in %u trials. Closed: not seen any more. Not "
	        "closable: "
	        "what it depends on still decides something of that class, which is shown.",
	        g->trials);
	heading(b, "gate", "Through the gate", buf_str(&lead));
	const char *const more[] = {g->verdict == VERDICT_INCONCLUSIVE ? g->reason : NULL, g->note};
	for (size_t i = 0; i < ARRAY_LEN(more); i++)
		if (more[i]) {
			add(b, "<p>");
			value(b, more[i]);
			add(b, "</p>");
		}
	add(b, "<table class=gate><thead><tr><th>Varied<th>Class<th>Behind the gate<th>What remains<th class=r>Runs</thead><tbody>");
	for (size_t i = 0; i < g->n_closures && i < ROWS; i++) {
		const struct vet_closure *c = &g->closures[i];
		add(b, "<tr><td data-l=Varied><b>");
		value(b, write_factor_title(r, c->factor));
		buf_fmt(b,
		        "</b><td data-l=Class>%s<td data-l=\"Behind the gate\"><span class=\"pill %s\">%s</span><td data-l=\"What "
		        "remains\" class=mono>",
		        leak_class_name(c->class), c->state == CLOSURE_CLOSED ? "yes" : "no", vet_closure_name(c->state));
		if (c->endpoint) {
			place(b, c->endpoint);
			add(b, "<div>");
			value(b, c->address);
			add(b, ": ");
			value(b, c->before);
			add(b, " → ");
			value(b, c->after);
			buf_fmt(b, " (%s)</div>", leak_class_name(c->channel_class));
		} else {
			add(b, "–");
		}
		buf_fmt(b, "<td data-l=Runs class=r>%u\n", c->runs);
	}
	add(b, "</tbody></table>");
	if (g->n_closures > ROWS)
		buf_fmt(b, "<p class=more>And %zu more, in report.json.</p>", g->n_closures - ROWS);
	add(b, "</section>\n");
}

static void list(struct buf *b, const char *id, const char *title, const char *const *items, size_t n)
{
	if (!n)
		return;
	heading(b, id, title, NULL);
	add(b, "<ul class=plain>");
	for (size_t i = 0; i < n; i++) {
		add(b, "<li>");
		value(b, items[i]);
	}
	add(b, "</ul></section>\n");
}

static void covered(struct buf *b, const struct vet_result *r)
{
	_cleanup_buf_ struct buf all = BUF(1 << 16);
	coverage_words(&all, &r->coverage);
	struct slice rest = slice_trim(buf_slice(&all)), line;
	if (!rest.n)
		return;
	heading(b, "covered", "What was covered", NULL);
	add(b, "<ul class=plain>");
	while (slice_split(&rest, '\n', &line)) {
		add(b, "<li>");
		write_html(b, line);
	}
	add(b, "</ul></section>\n");
}

static void how_to_read(struct buf *b)
{
	heading(b, "how", "How to read this", NULL);
	add(b, "<p>The tool was run again and again in a sealed world where every name, address and server was ours. One thing about the "
	       "machine "
	       "(a <em>factor</em>) was changed at a time, and everything the tool sent was compared byte for byte. A difference that "
	       "followed the "
	       "factor, and held again on fresh trials, is a <em>finding</em>. Its class says how it can be explained:</p><dl "
	       "class=classes>");
	for (int c = CLASS_COVERT; c > CLASS_NONE; c--) {
		add(b, "<div><dt>");
		picture_mark(b, (enum leak_class)c);
		buf_fmt(b, " %s</dt><dd>%s.</dd></div>", leak_class_name((enum leak_class)c), words_class((enum leak_class)c));
	}
	add(b, "</dl><p><em>p</em> is the probability of seeing such a difference by chance, <em>q</em> the share of false ones among "
	       "all findings that are at least as clear. <em>Bits</em> say how much of the factor the difference tells whoever reads it. "
	       "<em>Base</em> is how the tool reached its "
	       "model: its "
	       "official host, or a gateway that the person set. What happens to data after it was received cannot be observed from "
	       "outside.</p>"
	       "</section>\n");
}

static void trials(struct buf *b, const struct vet_result *r)
{
	buf_fmt(b, "<section id=trials><details><summary>All %zu trials, and how to repeat them</summary><dl class=proof>", r->n_rows);
	_cleanup_buf_ struct buf t = BUF(256);
	buf_fmt(&t, "%" PRIu64, r->seed);
	fact(b, "Seed", buf_str(&t));
	fact(b, "Postern", r->postern);
	fact(b, "Profile", r->profile);
	fact(b, "Entry", r->subject_entry);
	fact(b, "Confinement", r->confinement);
	fact(b, "Randomness", r->noise.randomness);
	fact(b, "Calendar", r->noise.calendar);
	buf_reset(&t);
	write_number(&t, r->tool_cpu_s, 1);
	buf_str_add(&t, " s for the tool, ");
	write_number(&t, r->own_cpu_s, 1);
	buf_str_add(&t, " s for Postern");
	fact(b, "CPU", buf_str(&t));
	add(b, "</dl><table><thead><tr><th>Trial<th>Base<th>Varied<th>End<th class=r>Messages<th class=r>Seconds</thead><tbody>");
	for (size_t i = 0; i < r->n_rows && i < 4 * ROWS; i++) {
		const struct vet_trial_row *row = &r->rows[i];
		add(b, "<tr><td data-l=Trial class=mono>");
		value(b, row->id);
		add(b, "<td data-l=Base>");
		value(b, row->base);
		add(b, "<td data-l=Varied class=mono>");
		value(b, row->varied);
		add(b, "<td data-l=End>");
		value(b, row->end);
		buf_fmt(b, "<td data-l=Messages class=r>%u<td data-l=Seconds class=r>", row->messages);
		write_number(b, row->wall_s, 1);
		add(b, "\n");
	}
	add(b, "</tbody></table></details></section>\n");
}

void report_html(struct buf *b, const struct vet_result *r)
{
	struct write_summary s = write_summary(r);
	head(b, r);
	add(b, "<body><main>");
	verdict_header(b, r, &s);
	/* Four zeros would look like a result. */
	if (r->verdict != VERDICT_INCONCLUSIVE || r->n_findings)
		tally(b, &s);
	cards(b, r, &s);
	if (r->n_factors && r->n_endpoints) {
		heading(b, "picture", "What depends on what",
		        "A row is a thing about the machine that was varied; a column is a place that the tool sends to, named on the "
		        "right. A "
		        "mark says: what goes there depends on that. Point at a mark for its names, follow it to its finding.");
		picture_html(b, r);
		add(b, "</section>\n");
	}
	hidden_html(b, &r->constants);
	content_html(b, r);
	table(b, r, CLASS_UNDECLARED, "Sent and not declared");
	table(b, r, CLASS_DISCLOSED, "Sent as declared");
	hosts(b, r);
	through_gate(b, r);
	conduct_html(b, r);
	questionnaire_html(b, r);
	covered(b, r);
	list(b, "not-covered", "What was not covered", r->not_covered, r->n_not_covered);
	list(b, "notes", "Notes", r->notes, r->n_notes);
	how_to_read(b);
	trials(b, r);
	buf_fmt(b, "<footer>Made by Postern ");
	value(b, r->postern);
	add(b, ". This page loads nothing and runs no script.</footer></main></body></html>\n");
}
