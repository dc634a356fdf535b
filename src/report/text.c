/* The report for a terminal: verdict in line 1, then the findings, worst first. */
#include <stdio.h>
#include "report/conduct.h"
#include "report/content.h"
#include "report/questionnaire.h"
#include "report/coverage.h"
#include "report/hidden.h"
#include "report/report.h"
#include "report/words.h"
#include "report/write.h"

#define LABEL      11  /* columns of the labels under a finding */
#define LONG       600 /* columns of any one value; the rest is in the other forms of the report */
#define EVIDENCE   10  /* trials named per finding */
#define TABLE_ROWS 40  /* of one class; the rest is in the other forms of the report */
#define FULL       2   /* findings of a factor and class that are told in full; one line for more … */
#define BRIEF      8   /* … up to these; the rest is in the other forms of the report */
#define LIMITS     6   /* of what was not covered; the rest is in the other forms of the report */
#define LIMIT      150 /* columns of one of them */

enum ink { INK_NONE, INK_BOLD, INK_DIM, INK_RED, INK_MAGENTA, INK_YELLOW, INK_CYAN, INK_GREEN };

struct page {
	struct buf *b;
	const struct vet_result *r;
	size_t width;
	bool colour;
};

static void ink(struct page *p, enum ink i)
{
	static const char *const codes[] = {"0", "1", "2", "1;31", "1;35", "33", "36", "1;32"};
	if (p->colour)
		buf_fmt(p->b, "\033[%sm", codes[i]);
}

static enum ink class_ink(enum leak_class c)
{
	static const enum ink inks[CLASS_END] = {INK_NONE, INK_CYAN, INK_YELLOW, INK_MAGENTA, INK_RED};
	return c < CLASS_END ? inks[c] : INK_NONE;
}

static void inked(struct page *p, enum ink i, const char *s)
{
	ink(p, i);
	write_visible(p->b, slice_str(s));
	ink(p, INK_NONE);
}

static void spaces(struct page *p, size_t n)
{
	buf_fmt(p->b, "%*s", (int)(n > 400 ? 400 : n), "");
}

/* s in exactly `columns`, cut with an ellipsis. */
static void column(struct page *p, struct slice s, size_t columns)
{
	size_t w = write_columns(s);
	if (w > columns) {
		struct slice part = write_fit(s, columns - 1, false);
		write_visible(p->b, part);
		buf_str_add(p->b, "…");
		w = write_columns(part) + 1;
	} else {
		write_visible(p->b, s);
	}
	spaces(p, columns - w);
}

static void label(struct page *p, const char *name)
{
	buf_str_add(p->b, "  ");
	inked(p, INK_DIM, name);
	spaces(p, LABEL - 2 - strlen(name));
}

/* Words of s from column `indent` on, where the pen is; the lines after the first are indented. */
static void wrap(struct page *p, size_t indent, struct slice s)
{
	struct slice shown = write_fit(s, LONG, false);
	write_wrapped(p->b, indent, p->width, shown, shown.n < s.n);
}

static void field(struct page *p, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	label(p, name);
	wrap(p, LABEL, slice_str(value));
}

/* Joins at most max strings. */
static size_t join(struct buf *b, const char *const *list, size_t max)
{
	size_t n = 0;
	for (; list && list[n]; n++)
		if (n < max)
			buf_fmt(b, "%s%s", n ? ", " : "", list[n]);
	if (n > max)
		buf_fmt(b, " and %zu more", n - max);
	return n;
}

/* The value with its differing span underlined by carets, cut to the width around the span. */
static void marked(struct page *p, const char *name, const char *value, size_t at, size_t n, enum ink i)
{
	if (!value || !*value) {
		field(p, name, "(nothing)");
		return;
	}
	struct write_parts s = write_parts(value, at, n);
	size_t room = p->width - LABEL;
	s.mid = write_fit(s.mid, room - 2, false);
	size_t mid = write_columns(s.mid), left = room - mid, pre = write_columns(s.pre), post = write_columns(s.post);
	bool cut_pre = false, cut_post = false;
	if (pre + post > left) {
		size_t for_pre = post < left / 2 ? left - post : left / 2;
		if ((cut_pre = pre > for_pre))
			s.pre = write_fit(s.pre, for_pre ? for_pre - 1 : 0, true);
		pre = write_columns(s.pre) + cut_pre;
		if ((cut_post = post > left - pre))
			s.post = write_fit(s.post, left - pre ? left - pre - 1 : 0, false);
	}
	label(p, name);
	buf_str_add(p->b, cut_pre ? "…" : "");
	write_visible(p->b, s.pre);
	ink(p, i);
	write_visible(p->b, s.mid);
	ink(p, INK_NONE);
	write_visible(p->b, s.post);
	buf_str_add(p->b, cut_post ? "…\n" : "\n");
	spaces(p, LABEL + pre);
	ink(p, i);
	for (size_t k = 0; k < mid || k < 1; k++)
		buf_u8(p->b, '^');
	ink(p, INK_NONE);
	buf_u8(p->b, '\n');
}

static void codepoint_names(struct page *p, const struct vet_finding *f, bool after)
{
	bool any = false;
	for (size_t i = 0, shown = 0; i < f->n_codepoints && shown < 8; i++) {
		const struct vet_codepoint *c = &f->codepoints[i];
		if (c->in_after != after)
			continue;
		if (any)
			buf_str_add(p->b, ", ");
		buf_fmt(p->b, "U+%04X ", (unsigned)c->value);
		write_visible(p->b, write_fit(slice_str(c->name), 60, false));
		any = true;
		shown++;
	}
	if (!any)
		buf_str_add(p->b, "nothing");
}

static bool same_factor(const struct vet_finding *a, const struct vet_finding *b)
{
	return a->class == b->class && slice_eq(slice_str(a->factor), slice_str(b->factor));
}

/* One line for a finding of a factor of which enough has been told. */
static void brief(struct page *p, const struct vet_finding *f)
{
	_cleanup_buf_ struct buf line = BUF(1 << 16);
	struct slice field = write_fit(words_field(f->address), 60, false), before = write_fit(slice_str(f->before), 40, false),
	             after = write_fit(slice_str(f->after), 40, false);
	buf_fmt(&line, "%.*s: %.*s → %.*s", SLICE_FMT(field), SLICE_FMT(before), SLICE_FMT(after));
	label(p, "and");
	wrap(p, LABEL, buf_slice(&line));
}

static void finding(struct page *p, const struct vet_finding *f)
{
	_cleanup_buf_ struct buf line = BUF(1 << 16);
	enum ink i = class_ink(f->class);
	buf_u8(p->b, '\n');
	inked(p, i, f->class == CLASS_COVERT ? "COVERT" : "HASHED");
	buf_str_add(p->b, "  ");
	words_finding(&line, p->r, f);
	wrap(p, 8, buf_slice(&line));
	marked(p, "before", f->before, f->before_at, f->before_n, INK_GREEN);
	marked(p, "after", f->after, f->after_at, f->after_n, i);
	if (f->n_codepoints && words_names_help(f)) {
		label(p, "chars");
		codepoint_names(p, f, false);
		buf_str_add(p->b, " → ");
		codepoint_names(p, f, true);
		buf_u8(p->b, '\n');
	}
	field(p, "sent as", f->endpoint);
	field(p, "where", f->address);
	buf_reset(&line);
	coverage_conditions(&line, p->r, f, 12);
	if (f->base) {
		buf_str_add(&line, " (base: ");
		write_bases(&line, f->base);
		buf_u8(&line, ')');
	}
	field(p, "when", buf_str(&line));
	field(p, "why", f->explanation);
	field(p, "declared", f->declared);
	buf_reset(&line);
	if (join(&line, f->evidence, EVIDENCE))
		buf_str_add(&line, "; ");
	buf_str_add(&line, "p = ");
	write_probability(&line, f->p_value);
	buf_str_add(&line, ", ");
	coverage_statistics(&line, f);
	field(p, "trials", buf_str(&line));
	if (f->occurrences) {
		buf_reset(&line);
		buf_fmt(&line, "%u further place%s%s", f->occurrences, write_s(f->occurrences), f->also_at && f->also_at[0] ? ": " : "");
		for (size_t k = 0; k < 3 && f->also_at && f->also_at[k]; k++)
			buf_fmt(&line, "%s%s", k ? ", " : "", words_also(f, k));
		if (f->occurrences > 3 && f->also_at && f->also_at[0])
			buf_fmt(&line, " and %u more", f->occurrences - 3);
		field(p, "also", buf_str(&line));
	}
}

static void heading(struct page *p, enum ink i, const char *title, const char *rest)
{
	buf_u8(p->b, '\n');
	inked(p, i, title);
	size_t indent = strlen(title) + 2;
	if (rest)
		buf_str_add(p->b, "  ");
	if (rest)
		wrap(p, indent, slice_str(rest));
	else
		buf_u8(p->b, '\n');
}

/* The hosts and the fields of all findings of one factor and class, each once; returns in how many places. */
static size_t collect(const struct vet_result *r, size_t first, struct buf *to, struct buf *fields, size_t *n_fields)
{
	const struct vet_finding *f = r->findings;
	size_t places = 0;
	*n_fields = 0;
	for (size_t i = first; i < r->n_findings; i++) {
		if (!same_factor(&f[first], &f[i]))
			continue;
		struct slice host = write_endpoint_host(f[i].endpoint), field = words_field(f[i].address);
		bool new_host = true, new_field = true;
		for (size_t j = first; j < i; j++)
			if (same_factor(&f[first], &f[j])) {
				new_host = new_host && !slice_eq(host, write_endpoint_host(f[j].endpoint));
				new_field = new_field && !slice_eq(field, words_field(f[j].address));
			}
		places += 1 + (size_t)f[i].occurrences;
		host = slice_is(host, "{gateway}") ? SLICE("gateway") : write_fit(words_host(host), LONG, false);
		if (new_host)
			buf_fmt(to, "%s%.*s", to->n ? ", " : "", SLICE_FMT(host));
		if (new_field && (*n_fields)++ == 0)
			buf_add(fields, write_fit(field, LONG, false));
	}
	return places;
}

/* Undeclared or disclosed: a row for each factor, with the first of its fields. */
static void table(struct page *p, enum leak_class class, const char *title)
{
	const struct vet_finding *f = p->r->findings;
	size_t rows = 0, hidden = 0, what = p->width / 4 > 28 ? 28 : p->width / 4, where = p->width / 3 > 40 ? 40 : p->width / 3;
	for (size_t i = 0; i < p->r->n_findings; i++) {
		bool seen = f[i].class != class;
		for (size_t j = 0; j < i && !seen; j++)
			seen = same_factor(&f[j], &f[i]);
		if (seen)
			continue;
		if (rows++ == 0)
			heading(p, class_ink(class), title, words_class(class));
		if (rows > TABLE_ROWS) {
			hidden++;
			continue;
		}
		_cleanup_buf_ struct buf to = BUF(1 << 16), fields = BUF(1 << 16), more = BUF(64);
		size_t n_fields = 0, places = collect(p->r, i, &to, &fields, &n_fields);
		buf_str_add(p->b, "  ");
		column(p, slice_str(write_factor_title(p->r, f[i].factor)), what);
		buf_str_add(p->b, "  ");
		column(p, buf_slice(&to), where);
		buf_str_add(p->b, "  ");
		if (places > 1)
			buf_fmt(&more, " +%zu", places - 1);
		size_t room = p->width - what - where - 6, w = write_columns(buf_slice(&fields));
		size_t cut = room > more.n + 8 ? room - more.n : 8;
		column(p, buf_slice(&fields), w < cut ? w : cut);
		buf_add(p->b, buf_slice(&more));
		buf_u8(p->b, '\n');
	}
	if (hidden)
		buf_fmt(p->b, "  … and %zu more\n", hidden);
}

static void host(struct page *p, const struct vet_host *h, size_t name)
{
	_cleanup_buf_ struct buf sent = BUF(64);
	write_bytes(&sent, h->trials ? h->bytes / h->trials : h->bytes);
	buf_str_add(p->b, "  ");
	inked(p, h->declared ? INK_CYAN : INK_YELLOW, h->declared ? "declared    " : "undeclared  ");
	column(p, words_host(slice_str(h->name)), name);
	buf_fmt(p->b, "  %8s a trial, in %u", buf_str(&sent), h->trials);
	const char *more = h->refused ? "refused the trial's authority" : h->purpose;
	size_t digits = h->trials > 999 ? 4 : h->trials > 99 ? 3 : h->trials > 9 ? 2 : 1, used = 14 + name + 2 + 8 + 13 + digits + 2;
	if (more && p->width > used + 8) {
		size_t room = p->width - used, need = write_columns(slice_str(more));
		spaces(p, 2);
		column(p, slice_str(more), need < room ? need : room);
	}
	buf_u8(p->b, '\n');
}

/* What is not declared first. */
static void hosts(struct page *p)
{
	size_t name = 8, most = p->width / 2 > 38 ? 38 : p->width / 2;
	if (!p->r->n_hosts)
		return;
	for (size_t i = 0; i < p->r->n_hosts; i++) {
		size_t w = write_columns(slice_str(p->r->hosts[i].name));
		name = w > name ? w : name;
	}
	name = name > most ? most : name;
	heading(p, INK_BOLD, "HOSTS CONTACTED", "bytes that the tool sent, and in how many trials");
	for (int declared = 0; declared < 2; declared++)
		for (size_t i = 0; i < p->r->n_hosts; i++)
			if (p->r->hosts[i].declared == declared)
				host(p, &p->r->hosts[i], name);
}

/* At most `max` items, each cut to `columns`: a terminal is for the start, report.html has it all. */
static void list(struct page *p, const char *title, const char *const *items, size_t n, size_t max, size_t columns)
{
	if (!n)
		return;
	heading(p, INK_BOLD, title, NULL);
	for (size_t i = 0; i < n && i < max; i++) {
		_cleanup_buf_ struct buf item = BUF(1 << 12);
		struct slice all = slice_str(items[i]), part = write_fit(all, columns, false);
		while (part.n < all.n && part.n > 0 && part.p[part.n - 1] != ' ')
			part.n--;
		buf_add(&item, part.n ? slice_trim(part) : write_fit(all, columns, false));
		buf_str_add(&item, part.n < all.n ? " …" : "");
		buf_str_add(p->b, "  - ");
		wrap(p, 4, buf_slice(&item));
	}
	if (n > max)
		buf_fmt(p->b, "  and %zu more, in the full report\n", n - max);
}

static void covered(struct page *p)
{
	_cleanup_buf_ struct buf all = BUF(1 << 16);
	coverage_words(&all, &p->r->coverage);
	struct slice rest = slice_trim(buf_slice(&all)), line;
	if (!rest.n)
		return;
	heading(p, INK_BOLD, "COVERED", NULL);
	while (slice_split(&rest, '\n', &line)) {
		buf_str_add(p->b, "  - ");
		wrap(p, 4, line);
	}
}

static bool closes_more(const struct vet_closure *a, const struct vet_closure *b)
{
	static const int rank[] = {[CLOSURE_CLOSED] = 0, [CLOSURE_UNTESTED] = 1, [CLOSURE_OPEN] = 2, [CLOSURE_NEW] = 3};
	return rank[a->state] < rank[b->state];
}

/* What remains, in a line. */
static void remaining(struct page *p, const struct vet_closure *c)
{
	_cleanup_buf_ struct buf line = BUF(1 << 16);
	struct slice field = write_fit(words_field(c->address), 80, false), before = write_fit(slice_str(c->before), 60, false),
	             after = write_fit(slice_str(c->after), 60, false);
	buf_fmt(&line, "%s, %.*s: %.*s → %.*s", c->endpoint, SLICE_FMT(field), SLICE_FMT(before), SLICE_FMT(after));
	if (c->state == CLOSURE_CLOSED)
		buf_fmt(&line, " (%s)", leak_class_name(c->channel_class));
	label(p, c->state == CLOSURE_CLOSED ? "still" : "remains");
	wrap(p, LABEL, buf_slice(&line));
}

/* A line for each factor and class, the worst that became of it; worst first, as the findings are. */
static void through_gate(struct page *p)
{
	static const enum ink inks[] = {
	        [CLOSURE_CLOSED] = INK_GREEN, [CLOSURE_OPEN] = INK_RED, [CLOSURE_UNTESTED] = INK_YELLOW, [CLOSURE_NEW] = INK_RED};
	const struct vet_gate *g = &p->r->gate;
	_cleanup_buf_ struct buf line = BUF(4096);
	size_t n[4] = {0};
	if (!g->tried)
		return;
	for (size_t i = 0; i < g->n_closures; i++)
		n[g->closures[i].state]++;
	buf_fmt(&line, "with postern run --neutral, %u trial%s, ", g->trials, write_s(g->trials));
	write_number(&line, g->seconds, 0);
	buf_fmt(&line, " s: of %zu dependences %zu closed, %zu not closable, %zu not tested", n[0] + n[1] + n[2], n[CLOSURE_CLOSED],
	        n[CLOSURE_OPEN], n[CLOSURE_UNTESTED]);
	if (n[CLOSURE_NEW])
		buf_fmt(&line, "; %zu only there", n[CLOSURE_NEW]);
	heading(p, INK_BOLD, "THROUGH THE GATE", buf_str(&line));
	if (g->verdict == VERDICT_INCONCLUSIVE)
		field(p, "why", g->reason);
	field(p, "note", g->note);
	for (size_t i = 0; i < g->n_closures; i++) {
		const struct vet_closure *c = &g->closures[i];
		bool first = true;
		for (size_t k = 0; k < g->n_closures; k++) {
			const struct vet_closure *d = &g->closures[k];
			if (d->class != c->class || !slice_eq(slice_str(d->factor), slice_str(c->factor)))
				continue;
			first = first && (k >= i);
			c = k > i && first && closes_more(c, d) ? d : c;
		}
		if (!first)
			continue;
		buf_str_add(p->b, "  ");
		ink(p, inks[c->state]);
		column(p, slice_str(vet_closure_name(c->state)), 14);
		ink(p, INK_NONE);
		column(p, slice_str(leak_class_name(c->class)), 12);
		buf_reset(&line);
		buf_str_add(&line, write_factor_title(p->r, c->factor));
		if (c->state == CLOSURE_CLOSED)
			buf_fmt(&line, " (%u run%s)", c->runs, write_s(c->runs));
		wrap(p, 28, buf_slice(&line));
		if (c->endpoint)
			remaining(p, c);
	}
}

/* "2 covert channels (time zone, gateway host name), 1 hashed, 5 undeclared, 12 disclosed" */
/* What a reader should ask about, each in a line; the rest is in the other forms of the report. */
static void conduct(struct page *p)
{
	const struct vet_result *r = p->r;
	size_t others = 0, shown = 0;
	if (!r->n_conduct)
		return;
	heading(p, INK_BOLD, "CONDUCT", NULL);
	for (size_t i = 0; i < r->n_conduct; i++) {
		_cleanup_buf_ struct buf line = BUF(1 << 16);
		if (!r->conduct[i].concern) {
			others++;
			continue;
		}
		if (shown++ == TABLE_ROWS)
			break;
		conduct_line(&line, &r->conduct[i]);
		for (size_t k = 0; k < 2 && r->conduct[i].examples && r->conduct[i].examples[k]; k++)
			buf_fmt(&line, "%s%s", k ? "; " : " ", r->conduct[i].examples[k]);
		buf_str_add(p->b, "  - ");
		wrap(p, 4, buf_slice(&line));
	}
	buf_fmt(p->b, "  %s%zu facts that call for no question, in the full report\n", shown ? "and " : "", others);
}

static void counts(struct buf *b, const struct vet_result *r)
{
	struct write_summary s = write_summary(r);
	if (s.count[CLASS_COVERT]) {
		buf_fmt(b, "%zu covert channel%s (", s.count[CLASS_COVERT], write_s(s.count[CLASS_COVERT]));
		write_factor_list(b, r, CLASS_COVERT, ", ");
		buf_u8(b, ')');
	} else {
		buf_str_add(b, "no covert channel found");
	}
	for (int c = CLASS_HASHED; c > CLASS_NONE; c--)
		if (s.count[c] || c != CLASS_HASHED)
			buf_fmt(b, ", %zu %s", s.count[c], leak_class_name((enum leak_class)c));
}

static void first_line(struct page *p)
{
	static const char *const words[] = {"CLEAN", "FINDINGS", "INCONCLUSIVE"};
	static const enum ink inks[] = {INK_GREEN, INK_RED, INK_YELLOW};
	const struct vet_result *r = p->r;
	_cleanup_buf_ struct buf line = BUF(1 << 16);
	inked(p, inks[r->verdict], words[r->verdict]);
	buf_fmt(&line, "  %s%s%s: ", r->subject_name ? r->subject_name : "?", r->subject_version && *r->subject_version ? " " : "",
	        r->subject_version ? r->subject_version : "");
	if (r->verdict == VERDICT_INCONCLUSIVE)
		buf_fmt(&line, "%s; ", r->reason ? r->reason : "no reason was recorded");
	if (r->partial)
		buf_fmt(&line, "partial (%s); ",
		        r->verdict != VERDICT_INCONCLUSIVE && r->reason ? r->reason : "stopped before the plan was done");
	/* That nothing was found says nothing where nothing could be found. */
	if (r->verdict != VERDICT_INCONCLUSIVE || r->n_findings) {
		counts(&line, r);
		buf_str_add(&line, " · ");
	}
	_cleanup_buf_ struct buf files = BUF(256);
	content_counts(&files, r);
	if (files.n)
		buf_fmt(&line, "%s · ", buf_str(&files));
	buf_fmt(&line, "%u trial%s, ", r->trials, write_s(r->trials));
	write_number(&line, r->seconds, 0);
	buf_str_add(&line, " s");
	if (r->trials_failed)
		buf_fmt(&line, " (%u failed)", r->trials_failed);
	write_visible(p->b, buf_slice(&line));
	buf_u8(p->b, '\n');
}

/* What was done that two trials differ by nothing but their treatment. */
static void noise(struct page *p, const struct vet_result *r)
{
	char randomness[400], calendar[400];
	const char *const lines[] = {randomness, calendar};
	if (!r->noise.randomness || !r->noise.calendar)
		return;
	(void)snprintf(randomness, sizeof(randomness), "Randomness: %s.", r->noise.randomness);
	(void)snprintf(calendar, sizeof(calendar), "Calendar: %s.", r->noise.calendar);
	list(p, "NOISE", lines, ARRAY_LEN(lines), 2, LONG);
}

void report_text(struct buf *out, const struct vet_result *r, const struct report_text_options *o)
{
	struct page p = {.b = out, .r = r, .colour = o && o->colour, .width = o && o->width ? o->width : 80};
	if (p.width < 60)
		p.width = 60;
	if (p.width > 160)
		p.width = 160;
	first_line(&p);
	_cleanup_buf_ struct buf besides = BUF(1 << 16);
	spaces(&p, 2);
	wrap(&p, 2, slice_str(words_decision(r)));
	words_besides(&besides, r);
	if (besides.n) {
		spaces(&p, 2);
		wrap(&p, 2, slice_trim(buf_slice(&besides)));
	}
	for (int c = CLASS_COVERT; c >= CLASS_HASHED; c--)
		for (size_t i = 0; i < r->n_findings; i++) {
			const struct vet_finding *f = &r->findings[i];
			size_t earlier = 0;
			for (size_t j = 0; j < i; j++)
				earlier += same_factor(&r->findings[j], f);
			if (f->class == (enum leak_class)c && earlier < FULL)
				finding(&p, f);
			else if (f->class == (enum leak_class)c && earlier < BRIEF)
				brief(&p, f);
		}
	hidden_text(out, &r->constants, (unsigned)p.width, false);
	if (r->content.scan) {
		heading(&p, INK_BOLD, "IN ITS FILES", NULL);
		content_text(out, r, p.width);
	}
	table(&p, CLASS_UNDECLARED, "UNDECLARED");
	table(&p, CLASS_DISCLOSED, "DISCLOSED");
	hosts(&p);
	through_gate(&p);
	noise(&p, r);
	conduct(&p);
	if (o && o->questionnaire)
		questionnaire_text(out, r, p.width, p.colour);
	covered(&p);
	list(&p, "NOT COVERED", r->not_covered, r->n_not_covered, LIMITS, LIMIT);
	list(&p, "NOTES", r->notes, r->n_notes, 20, LONG);
}
