/* A scan as one page without a script, a font or a request. */
#include <stdio.h>

#include "report/page.h"
#include "report/posture.h"
#include "report/scan.h"
#include "report/write.h"

#define LONG      600 /* columns of one value */
#define ROWS      400 /* clean files that are named */
#define TITLE_MAX 256

static void add(struct buf *b, const char *markup)
{
	buf_str_add(b, markup);
}

static const char *meaning(enum scan_verdict v)
{
	static const char *const words[SCAN_VERDICTS] = {[SCAN_CLEAN] = "all of it was understood, and nothing was found",
	        [SCAN_UNSCANNED] = "a part was not understood or not reached: not to be taken for clean",
	        [SCAN_SUSPICIOUS] = "what an honest file of this kind does not have: a person should look",
	        [SCAN_BAD] = "runs code or reaches out when it is loaded, or was made to deceive scanners"};
	return words[v];
}

static void put_counts(struct buf *b, const size_t count[SCAN_VERDICTS])
{
	for (int v = SCAN_BAD; v >= SCAN_CLEAN; v--)
		buf_fmt(b, "<input class=filter type=checkbox checked id=v-%s aria-label=\"show what is %s\">",
		        scan_verdict_word((enum scan_verdict)v), scan_verdict_word((enum scan_verdict)v));
	add(b, "<ul class=\"tally verdicts\">");
	for (int v = SCAN_BAD; v >= SCAN_CLEAN; v--) {
		const char *word = scan_verdict_word((enum scan_verdict)v);
		buf_fmt(b, "<li class=\"%s%s\"><label for=v-%s><b>%zu</b><i>%s</i><span>%s</span>%s</label></li>", word,
		        count[v] ? "" : " zero", word, count[v], word, meaning((enum scan_verdict)v),
		        count[v] ? "<span class=shown></span>" : "");
	}
	add(b, "</ul>\n");
}

static void put_stories(struct buf *b, const struct scan_result *r)
{
	for (size_t i = 0; i < r->n_stories && i < ROWS; i++) {
		const struct scan_story *s = &r->story[i];
		const char *word = scan_verdict_word(s->verdict);
		buf_fmt(b, "<article class=\"card %s\"><header><span class=tag>%s</span><h3>", word, word);
		page_value(b, s->step[0].from->path, LONG);
		add(b, "</h3></header><p>These belong together:</p><ul class=plain>");
		for (uint32_t k = 0; k < s->n; k++) {
			add(b, "<li>");
			page_value(b, s->step[k].from->path, LONG);
			buf_fmt(b, ", line %u, %s ", s->step[k].by->line, scan_how_word((enum scan_how)s->step[k].by->how));
			page_value(b, s->step[k].to->path, LONG);
			add(b, "<p class=text>");
			page_value(b, s->step[k].by->evidence, LONG);
			add(b, "</p>");
		}
		add(b, "</ul></article>\n");
	}
	if (r->n_stories > ROWS)
		buf_fmt(b, "<p class=more>And %zu more that belong together.</p>", r->n_stories - ROWS);
}

static void head(struct buf *b, const struct scan_result *r)
{
	static const char *const tones[SCAN_VERDICTS] = {"clean", "inconclusive", "suspicious", "findings"};
	size_t count[SCAN_VERDICTS];
	enum scan_verdict worst = scan_result_verdict(r, count);
	char title[TITLE_MAX];
	uint64_t bytes = 0;
	for (size_t i = 0; i < r->n; i++)
		bytes += r->file[i].sum.size;
	(void)snprintf(title, sizeof(title), "Scan: %s, %zu file%s", scan_verdict_word(worst), r->n, write_s(r->n));
	page_begin(b, slice_str(title), "Postern scan report");
	buf_fmt(b, "<body><main><header class=\"top %s\"><p class=brow>Postern scan report</p><h1>", tones[worst]);
	page_value(b, r->folder, 120);
	buf_fmt(b, "</h1><p class=verdict><span class=chip>%s</span> ", scan_verdict_word(worst));
	if (r->stopped)
		add(b, "<span class=\"chip partial\">Stopped</span> ");
	buf_fmt(b, "<b>%zu file%s, ", r->n, write_s(r->n));
	write_bytes(b, bytes);
	add(b, "</b></p>");
	if (r->stopped)
		add(b, "<p class=warn>It was stopped: what is here is not all.</p>");
	add(b, "<dl class=facts><div><dt>Looked for</dt><dd>");
	scan_names(b, r->subjects, scan_subject_names, false);
	buf_fmt(b, "%s</dd></div>", r->deep ? "; the numbers of tensors were read too" : "");
	if (r->policy)
		buf_fmt(b, "<div><dt>Policy</dt><dd>%.12s…: %s</dd></div>", r->policy,
		        scan_result_blocks(r, NULL) ? "blocked" : "nothing blocks");
	if (r->left_out)
		buf_fmt(b, "<div><dt>Left out</dt><dd>%llu file%s</dd></div>", (unsigned long long)r->left_out,
		        write_s((size_t)r->left_out));
	buf_fmt(b, "<div><dt>Postern</dt><dd>%s</dd></div></dl></header>\n", r->version);
	put_counts(b, count);
	add(b, "<section class=files>\n");
	put_stories(b, r);
}

static void put_finding(struct buf *b, const struct scan_file *file, size_t at)
{
	const struct scan_finding *f = &file->finding[at];
	const struct scan_rule *rule = &scan_rules[f->rule];
	buf_fmt(b, "<div class=\"finding %s\"><h4>%s: %s</h4>", scan_verdict_word(rule->verdict), scan_verdict_word(rule->verdict),
	        rule->title);
	if (f->evidence[0]) {
		add(b, "<p class=text>");
		page_value(b, f->evidence, LONG);
		add(b, "</p>");
	}
	add(b, "<p class=where>");
	if (f->member[0]) {
		add(b, "in ");
		page_value(b, f->member, LONG);
		add(b, ", ");
	}
	scan_where(b, f);
	buf_fmt(b, " · %s · %s confidence%s</p>", rule->id, scan_confidence_word(rule->confidence),
	        !scan_rule_in(&file->pinned, f->rule) ? ""
	        : scan_file_exception(file, f->rule)  ? " · excepted"
	                                              : " · known");
	/* What is to be known of a rule is said once a file. */
	for (size_t i = 0; i < at; i++)
		if (file->finding[i].rule == f->rule) {
			add(b, "</div>\n");
			return;
		}
	buf_fmt(b, "<p>%s</p><p><b>%s</b></p></div>\n", rule->why, rule->todo);
}

void scan_file_html(struct buf *b, const struct scan_file *f)
{
	const char *word = scan_verdict_word((enum scan_verdict)f->sum.verdict);
	buf_fmt(b, "<article class=\"card %s\"><header><span class=tag>%s</span><h3>", word, word);
	page_value(b, f->path, LONG);
	add(b, "</h3></header><p class=where>");
	if (f->sum.form[0]) {
		page_value(b, f->sum.form, LONG);
		add(b, ", ");
	}
	write_bytes(b, f->sum.size);
	if (f->sum.uncovered) {
		add(b, ", ");
		write_bytes(b, f->sum.uncovered);
		add(b, " not covered");
	}
	add(b, "</p>\n");
	for (int v = SCAN_BAD; v > SCAN_CLEAN; v--)
		for (size_t i = 0; i < f->kept; i++)
			if (scan_rules[f->finding[i].rule].verdict == (enum scan_verdict)v)
				put_finding(b, f, i);
	uint64_t more = scan_file_more(f);
	if (more)
		buf_fmt(b, "<p class=more>And %llu more.</p>", (unsigned long long)more);
	add(b, "</article>\n");
}

static void put_known(struct buf *b, const struct scan_result *r)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n; i++) {
		const struct scan_file *f = &r->file[i];
		if (!scan_file_known(f) || f->excepted || n++ >= ROWS)
			continue;
		add(b, n == 1 ? "<article class=card><header><span class=tag>known</span><h3>in the baseline, by content</h3></header><ul "
		                "class=plain>"
		              : "");
		add(b, "<li>");
		page_value(b, f->path, LONG);
		const char *before = ": ";
		for (uint32_t k = 0; k < SCAN_RULES; k++)
			if (scan_rule_in(&f->pinned, k)) {
				buf_fmt(b, "%s%s", before, scan_rules[k].id);
				before = ", ";
			}
	}
	if (n)
		add(b, "</ul>");
	if (n > ROWS)
		buf_fmt(b, "<p class=more>And %zu more.</p>", n - ROWS);
	add(b, n ? "</article>\n" : "");
	for (size_t i = 0; i < r->n_stale; i++) {
		add(b, i ? "<li>" : "<article class=card><header><h3>The baseline no longer matches</h3></header><ul class=plain><li>");
		page_value(b, r->stale[i].place, LONG);
		buf_fmt(b, "%s%s: %s", r->stale[i].rule ? ", " : "", r->stale[i].rule ? r->stale[i].rule : "", r->stale[i].why);
	}
	add(b, r->n_stale ? "</ul></article>\n" : "");
}

static void put_excepted(struct buf *b, const struct scan_result *r)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n; i++)
		for (const struct scan_exception *e = r->file[i].excepted; e; e = e->next) {
			_cleanup_buf_ struct buf text = BUF(4096);
			add(b, n++ ? ""
			           : "<article class=card><header><span class=tag>excepted</span><h3>let pass, by content and for a "
			             "time</h3></header><ul class=plain>");
			add(b, "<li>");
			page_value(b, r->file[i].path, LONG);
			buf_fmt(b, ": %s, ", scan_rules[e->rule].id);
			scan_exception_text(&text, e);
			page_value(b, buf_str(&text), LONG);
		}
	add(b, n ? "</ul></article>\n" : "");
	for (size_t i = 0; i < r->n_refused; i++) {
		add(b, i ? "<li>" : "<article class=card><header><h3>Exceptions that do not count</h3></header><ul class=plain><li>");
		page_value(b, r->refused[i].place, LONG);
		buf_fmt(b, ": %s, exception %s: %s", r->refused[i].rule, r->refused[i].exception, r->refused[i].why);
	}
	add(b, r->n_refused ? "</ul></article>\n" : "");
}

static void put_notes(struct buf *b, const struct scan_result *r, bool news)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->file[i].kept; k++) {
			const struct scan_finding *f = &r->file[i].finding[k];
			if (!scan_is_note(f) || scan_is_new(f) != news || n++ >= ROWS)
				continue;
			if (n == 1)
				buf_fmt(b, "<article class=card><header><h3>%s</h3></header><ul class=plain>",
				        news ? "New with this change, which alone says nothing against it"
				             : "What rules of YARA match that find nothing grave");
			buf_fmt(b, "<li>%s: ", scan_rules[f->rule].title);
			page_value(b, r->file[i].path, LONG);
			add(b, ", ");
			scan_where(b, f);
			add(b, ": ");
			page_value(b, f->evidence, LONG);
		}
	add(b, n ? "</ul>" : "");
	if (n > ROWS)
		buf_fmt(b, "<p class=more>And %zu more.</p>", n - ROWS);
	add(b, n ? "</article>\n" : "");
}

static void tail(struct buf *b, const struct scan_result *r)
{
	size_t text = 0, clean = 0;
	if (r->change)
		posture_change_html(b, r->change);
	for (size_t i = 0; i < r->packages && i < ROWS && !r->change; i++)
		posture_html(b, &r->package[i]);
	if (r->packages > ROWS && !r->change)
		buf_fmt(b, "<p class=more>And %zu packages more.</p>", r->packages - ROWS);
	for (size_t i = 0; i < r->n; i++) {
		const struct scan_file *f = &r->file[i];
		text += scan_is_other(f);
		if (f->sum.verdict != SCAN_CLEAN || scan_file_known(f) || clean++ >= ROWS)
			continue;
		add(b, clean == 1 ? "<article class=\"card clean\"><header><span class=tag>clean</span></header><ul class=plain>" : "");
		add(b, "<li>");
		page_value(b, f->path, LONG);
	}
	if (clean)
		add(b, "</ul>");
	if (clean > ROWS)
		buf_fmt(b, "<p class=more>And %zu more.</p>", clean - ROWS);
	add(b, clean ? "</article>\n" : "");
	put_known(b, r);
	put_excepted(b, r);
	put_notes(b, r, true);
	put_notes(b, r, false);
	if (text)
		buf_fmt(b,
		        "<article class=\"card unscanned\"><header><span class=tag>unscanned</span><h3>%zu text "
		        "file%s</h3></header><p>Nothing here "
		        "judges such text yet; it has no model in it.</p></article>\n",
		        text, write_s(text));
	add(b, "</section>\n<footer>This page loads nothing and runs no script.</footer></main></body></html>\n");
}

bool scan_html(struct buf *out, const struct scan_result *r, struct scan_cursor *c)
{
	size_t part = c->part++;
	if (part == 0)
		head(out, r);
	else if (part == SCAN_BAD * r->n + 1)
		tail(out, r);
	else if (part > SCAN_BAD * r->n)
		return false;
	else if (scan_listed(r, part - 1))
		scan_file_html(out, scan_listed(r, part - 1));
	return true;
}
