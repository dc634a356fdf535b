#include "cmd/vet_ledger.h"

#include <stdio.h>

#include "base/encode.h"
#include "cmd/on_record.h"
#include "cmd/scan.h"
#include "crypto/digest.h"

struct writing {
	const struct vet_result *r;
	struct on_record o;
	char vetting[65]; /* names this vetting in all its entries: the digest of its report */
	size_t untold;    /* files with findings that have no entry */
	struct err *err;
};

static int put_trial(struct writing *w, const struct vet_trial_row *t)
{
	_cleanup_buf_ struct buf about = BUF(8192), message = BUF(4096), process = BUF(4096);
	struct entry e = w->o.common;
	buf_fmt(&message, "trial %s of a vetting: %s, %s, %s", t->id, t->base, t->varied, t->end);
	buf_str_add(&process, "{\"process\":{");
	entry_put_text(&process, "name", slice_str(w->r->subject_entry ? w->r->subject_entry : w->r->subject_name));
	buf_str_add(&process, "}}");
	buf_str_add(&about, "{\"postern\":{\"vet\":{");
	entry_put_text(&about, "vetting", slice_str(w->vetting));
	entry_put_text(&about, "trial", slice_str(t->id));
	entry_put_text(&about, "base", slice_str(t->base));
	entry_put_text(&about, "varied", slice_str(t->varied));
	entry_put_text(&about, "end", slice_str(t->end));
	buf_fmt(&about, ",\"messages\":%u,\"seconds\":%.3f}}}", t->messages, t->wall_s);
	e.class_uid = ENTRY_PROCESS_ACTIVITY;
	e.activity_id = 1;
	e.message = buf_slice(&message);
	e.members = buf_slice(&process);
	e.unmapped = buf_slice(&about);
	return on_record_put(&w->o, &e, w->err);
}

static int put_finding(struct writing *w, const struct vet_finding *f)
{
	_cleanup_buf_ struct buf about = BUF(16384), message = BUF(8192), uid = BUF(1024);
	struct entry e = w->o.common;
	buf_fmt(&message, "covert: what goes to %.200s depends on %s. %.1000s", f->endpoint, f->factor, f->explanation);
	buf_fmt(&uid, "%s/%s/%.200s", w->vetting, f->factor, f->address);
	buf_str_add(&about, "{\"postern\":{\"vet\":{");
	entry_put_text(&about, "vetting", slice_str(w->vetting));
	entry_put_text(&about, "class", slice_str(leak_class_name(f->class)));
	entry_put_text(&about, "factor", slice_str(f->factor));
	entry_put_text(&about, "endpoint", slice_str(f->endpoint));
	entry_put_text(&about, "address", slice_str(f->address));
	entry_put_text(&about, "before", slice_str(f->before));
	entry_put_text(&about, "after", slice_str(f->after));
	buf_str_add(&about, "}}}");
	e.class_uid = ENTRY_DETECTION_FINDING;
	e.activity_id = 1;
	e.severity = ENTRY_HIGH;
	e.finding_uid = buf_slice(&uid);
	e.finding_title = SLICE("covert channel");
	e.message = buf_slice(&message);
	e.unmapped = buf_slice(&about);
	return on_record_put(&w->o, &e, w->err);
}

/* What the scan of the artefact's files came to. */
static void put_scan(struct buf *about, const struct writing *w)
{
	const struct scan_result *s = w->r->content.scan;
	size_t count[SCAN_VERDICTS], excepted;
	if (!s)
		return;
	const char *worst = scan_verdict_word(scan_result_verdict(s, count));
	size_t known = scan_result_known(s, &excepted);
	buf_fmt(about, ",\"scan\":{\"verdict\":\"%s\",\"bad\":%s,\"stopped\":%s,\"files\":%zu,\"untold\":%zu,\"counts\":{", worst,
	        scan_result_is_bad(s) ? "true" : "false", s->stopped ? "true" : "false", s->n, w->untold);
	for (int v = SCAN_CLEAN; v <= SCAN_BAD; v++)
		buf_fmt(about, "%s\"%s\":%zu", v ? "," : "", scan_verdict_word((enum scan_verdict)v), count[v]);
	buf_fmt(about, ",\"known\":%zu,\"excepted\":%zu}}", known, excepted);
}

static int put_verdict(struct writing *w)
{
	const struct vet_result *r = w->r;
	_cleanup_buf_ struct buf about = BUF(8192), message = BUF(4096);
	struct entry e = w->o.common;
	unsigned n[CLASS_END] = {0};
	for (size_t i = 0; i < r->n_findings; i++)
		n[r->findings[i].class]++;
	buf_fmt(&message, "vetted: %s, %u covert, %u hashed, %u undeclared, %u disclosed, %u trials%s%.400s", verdict_name(r->verdict),
	        n[CLASS_COVERT], n[CLASS_HASHED], n[CLASS_UNDECLARED], n[CLASS_DISCLOSED], r->trials, r->reason ? "; " : "",
	        r->reason ? r->reason : "");
	buf_str_add(&about, "{\"postern\":{\"vet\":{");
	entry_put_text(&about, "vetting", slice_str(w->vetting));
	entry_put_text(&about, "verdict", slice_str(verdict_name(r->verdict)));
	entry_put_text(&about, "report_sha256", slice_str(w->vetting));
	entry_put_text(&about, "profile", slice_str(r->profile));
	entry_put_text(&about, "effort", slice_str(r->effort));
	char seed[24];
	(void)snprintf(seed, sizeof(seed), "%llu", (unsigned long long)r->seed); /* more than a JSON number holds */
	entry_put_text(&about, "seed", slice_str(seed));
	buf_fmt(&about, ",\"trials\":%u,\"failed\":%u,\"seconds\":%.3f", r->trials, r->trials_failed, r->seconds);
	put_scan(&about, w);
	buf_str_add(&about, "}}}");
	e.class_uid = ENTRY_POSTURE_FINDING;
	e.activity_id = 1;
	e.severity = r->verdict == VERDICT_CLEAN ? ENTRY_INFORMATIONAL : r->verdict == VERDICT_FINDINGS ? ENTRY_HIGH : ENTRY_MEDIUM;
	e.finding_uid = slice_str(w->vetting);
	e.finding_title = SLICE("vetting of an AI coding tool");
	e.message = buf_slice(&message);
	e.unmapped = buf_slice(&about);
	return on_record_put(&w->o, &e, w->err);
}

int vet_ledger_write(
        const char *path, const struct vet_result *r, struct slice report_json, uint64_t *first, uint64_t *last, struct err *err)
{
	struct writing w = {.r = r, .err = err};
	digest_sha256_hex(report_json, w.vetting);
	int e = on_record_open(&w.o, path, err);
	w.o.common.tool_name = slice_str(r->subject_name);
	w.o.common.tool_version = slice_str(r->subject_version);
	w.o.common.tool_sha256 = slice_str(r->subject_sha256);
	w.o.common.confinement = slice_str(r->confinement);
	for (size_t i = 0; i < r->n_rows && e == 0; i++)
		e = put_trial(&w, &r->rows[i]);
	for (size_t i = 0; i < r->n_findings && e == 0; i++)
		e = r->findings[i].class == CLASS_COVERT ? put_finding(&w, &r->findings[i]) : 0;
	if (e == 0 && r->content.scan)
		e = scan_ledger_files(&w.o, r->content.scan, w.vetting, &w.untold, err);
	e = e < 0 ? e : put_verdict(&w);
	e = e < 0 ? e : on_record_end(&w.o, err);
	*first = w.o.first;
	*last = w.o.last;
	on_record_close(&w.o);
	return e;
}
