#include "report/content.h"

#include "inspect/scan.h"
#include "report/page.h"
#include "report/posture.h"
#include "report/scan.h"
#include "report/write.h"

#define LONG       600 /* columns of one value */
#define FILES_TEXT 12u /* that are told to a person at a terminal */
#define FILES_MORE 200u
#define PACKAGES   20u
#define USES       100u /* of a kind, of one package */
#define QUOTE      120  /* columns of evidence in a sentence */

void content_counts(struct buf *b, const struct vet_result *r)
{
	size_t count[SCAN_VERDICTS];
	if (!r->content.scan)
		return;
	(void)scan_result_verdict(r->content.scan, count);
	size_t n = count[SCAN_BAD] + count[SCAN_SUSPICIOUS];
	if (count[SCAN_BAD])
		buf_fmt(b, "%zu bad", count[SCAN_BAD]);
	if (count[SCAN_SUSPICIOUS])
		buf_fmt(b, "%s%zu suspicious", count[SCAN_BAD] ? " and " : "", count[SCAN_SUSPICIOUS]);
	if (n)
		buf_fmt(b, " file%s", write_s(n));
}

/* The i-th file worth telling, the worst first, what was not understood last; NULL: there are no more. */
static const struct scan_file *told(const struct scan_result *s, size_t i)
{
	for (int v = SCAN_BAD; v > SCAN_CLEAN; v--)
		for (size_t k = 0; k < s->n; k++)
			if (s->file[k].sum.verdict == (uint32_t)v && !scan_is_other(&s->file[k]) && i-- == 0)
				return &s->file[k];
	/* And what was let pass, which is told too. */
	for (size_t k = 0; k < s->n; k++)
		if (scan_file_known(&s->file[k]) && i-- == 0)
			return &s->file[k];
	return NULL;
}

static size_t told_in_all(const struct scan_result *s)
{
	size_t n = 0;
	for (size_t k = 0; k < s->n; k++)
		n += (s->file[k].sum.verdict != SCAN_CLEAN && !scan_is_other(&s->file[k])) || scan_file_known(&s->file[k]);
	return n;
}

void content_words(struct buf *b, const struct vet_result *r)
{
	const struct scan_result *s = r->content.scan;
	const struct scan_file *f = s ? told(s, 0) : NULL;
	if (!f || f->sum.verdict < SCAN_SUSPICIOUS)
		return;
	for (size_t i = 0; i < f->kept; i++) {
		const struct scan_finding *x = &f->finding[i];
		const struct scan_rule *rule = &scan_rules[x->rule];
		if (rule->verdict != f->sum.verdict || scan_rule_in(&f->pinned, x->rule))
			continue;
		buf_fmt(b, "In its files something is %s: %s, in %.200s, ", scan_verdict_word(rule->verdict), rule->title, f->path);
		scan_where(b, x);
		struct slice all = slice_str(x->evidence), shown = write_fit(all, QUOTE, false);
		if (shown.n)
			buf_fmt(b, ": “%.*s%s”", SLICE_FMT(shown), shown.n < all.n ? "…" : "");
		buf_str_add(b, ". ");
		return;
	}
}

static void sizes(struct buf *b, const struct scan_result *s)
{
	size_t count[SCAN_VERDICTS];
	uint64_t bytes = 0;
	const char *before = ": ";
	(void)scan_result_verdict(s, count);
	for (size_t i = 0; i < s->n; i++)
		bytes += s->file[i].sum.size;
	buf_fmt(b, "%zu file%s, ", s->n, write_s(s->n));
	write_bytes(b, bytes);
	for (int v = SCAN_BAD; v >= SCAN_CLEAN; v--)
		if (count[v]) {
			buf_fmt(b, "%s%zu %s", before, count[v], scan_verdict_word((enum scan_verdict)v));
			before = ", ";
		}
	size_t excepted, known = scan_result_known(s, &excepted);
	if (known + excepted)
		buf_fmt(b, "%s%zu let pass", before, known + excepted);
}

/* ── JSON ── */

static void counts_json(struct buf *b, const struct scan_result *s)
{
	size_t count[SCAN_VERDICTS], excepted;
	(void)scan_result_verdict(s, count);
	size_t known = scan_result_known(s, &excepted);
	buf_fmt(b, "{\"files\": %zu", s->n);
	for (int v = SCAN_CLEAN; v <= SCAN_BAD; v++)
		buf_fmt(b, ", \"%s\": %zu", scan_verdict_word((enum scan_verdict)v), count[v]);
	buf_fmt(b, ", \"let_pass\": %zu}", known + excepted);
}

void content_json(struct buf *b, const struct vet_result *r)
{
	const struct scan_result *s = r->content.scan;
	buf_str_add(b, ",\n  \"scan\": ");
	if (!s) {
		buf_str_add(b, "null");
		return;
	}
	buf_fmt(b, "{\n    \"verdict\": \"%s\", \"bad\": %s, \"seconds\": ", scan_verdict_word(scan_result_verdict(s, NULL)),
	        scan_result_is_bad(r->content.scan) ? "true" : "false");
	write_number(b, r->content.seconds, 3);
	buf_str_add(b, ", \"note\": ");
	write_json(b, r->content.note);
	buf_str_add(b, ",\n    \"counts\": ");
	counts_json(b, s);
	size_t all = told_in_all(s), n = all < FILES_MORE ? all : FILES_MORE;
	buf_str_add(b, ",\n    \"files\": [");
	for (size_t i = 0; i < n; i++) {
		buf_str_add(b, i ? ",\n      " : "\n      ");
		scan_file_json(b, s, told(s, i));
	}
	buf_fmt(b, "],\n    \"files_left_out\": %zu,\n    \"packages\": [", all - n);
	n = s->packages < PACKAGES ? s->packages : PACKAGES;
	for (size_t i = 0; i < n; i++) {
		buf_str_add(b, i ? ",\n      " : "\n      ");
		posture_json(b, &s->package[i], USES);
	}
	buf_fmt(b, "],\n    \"packages_left_out\": %zu\n  }", s->packages - n);
}

/* ── text ── */

static void finding_text(struct buf *b, const struct scan_file *f, const struct scan_finding *x, size_t width)
{
	const struct scan_rule *rule = &scan_rules[x->rule];
	_cleanup_buf_ struct buf line = BUF(8192);
	bool passed = scan_rule_in(&f->pinned, x->rule);
	struct slice all = slice_str(x->evidence), shown = write_fit(all, QUOTE, false);
	buf_fmt(&line, "%s%s: %s", scan_verdict_word(rule->verdict), passed ? ", let pass" : "", rule->title);
	if (shown.n)
		buf_fmt(&line, ": %.*s%s", SLICE_FMT(shown), shown.n < all.n ? "…" : "");
	buf_fmt(&line, "; in %s, ", f->path);
	if (x->member[0])
		buf_fmt(&line, "%s, ", x->member);
	scan_where(&line, x);
	buf_fmt(&line, " [%s]", rule->id);
	buf_str_add(b, "  - ");
	write_wrapped(b, 4, width, buf_slice(&line), false);
}

/* The worst of a file first, each rule once. */
static void file_text(struct buf *b, const struct scan_file *f, size_t width)
{
	for (int v = SCAN_BAD; v > SCAN_CLEAN; v--)
		for (size_t i = 0; i < f->kept; i++) {
			bool again = scan_rules[f->finding[i].rule].verdict != (enum scan_verdict)v;
			for (size_t k = 0; k < i && !again; k++)
				again = f->finding[k].rule == f->finding[i].rule;
			if (!again)
				finding_text(b, f, &f->finding[i], width);
		}
}

void content_text(struct buf *b, const struct vet_result *r, size_t width)
{
	const struct scan_result *s = r->content.scan;
	_cleanup_buf_ struct buf line = BUF(4096);
	sizes(&line, s);
	buf_str_add(b, "  ");
	write_wrapped(b, 2, width, buf_slice(&line), false);
	size_t all = told_in_all(s), n = all < FILES_TEXT ? all : FILES_TEXT;
	for (size_t i = 0; i < n; i++)
		file_text(b, told(s, i), width);
	if (all > n)
		buf_fmt(b, "  and %zu files more, in the full report\n", all - n);
	/* Of what it depends on, the full report tells. */
	if (s->packages) {
		posture_text(b, &s->package[0], width);
		/* What comes next leaves its own line free. */
		b->n -= b->n > 0;
	}
}

/* ── HTML ── */

void content_html(struct buf *b, const struct vet_result *r)
{
	const struct scan_result *s = r->content.scan;
	_cleanup_buf_ struct buf line = BUF(4096);
	if (!s)
		return;
	buf_str_add(b, "<section id=files class=files><h2>What is in its files</h2><p class=lead>");
	sizes(&line, s);
	write_html(b, buf_slice(&line));
	buf_str_add(b,
	        ". The files were scanned as <b>postern scan</b> does it: without running them, for what hides, what runs what it decodes "
	        "or fetches, and for what a package can do.</p>");
	if (r->content.note) {
		buf_str_add(b, "<p class=warn>");
		page_value(b, r->content.note, LONG);
		buf_str_add(b, "</p>");
	}
	size_t all = told_in_all(s), n = all < FILES_MORE ? all : FILES_MORE;
	for (size_t i = 0; i < n; i++)
		scan_file_html(b, told(s, i));
	if (all > n)
		buf_fmt(b, "<p class=more>And %zu files more.</p>", all - n);
	for (size_t i = 0; i < s->packages && i < PACKAGES; i++)
		posture_html(b, &s->package[i]);
	if (s->packages > PACKAGES)
		buf_fmt(b, "<p class=more>And %zu packages more.</p>", s->packages - PACKAGES);
	buf_str_add(b, "</section>\n");
}
