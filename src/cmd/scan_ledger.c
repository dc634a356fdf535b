/* postern scan: what it leaves in a ledger: an entry with the verdict, what was scanned and by which rules; one for each file that is bad
 * or suspicious, or that an exception let pass; and the whole report as a body. */
#include <stdio.h>

#include "base/encode.h"
#include "cmd/on_record.h"
#include "cmd/scan.h"
#include "crypto/digest.h"
#include "report/scan.h"

#define FILES_MAX  1000u /* entries; the report has them all */
#define PIECE      ((size_t)1 << 18)
#define PART_MAX   ((size_t)64 << 20) /* of one file, in the report */
#define PLACE_MAX  ((size_t)1 << 17)
#define RULES_TEXT ((size_t)1 << 20)

static int write_report(void *arg, struct blob_writer *to, struct err *err)
{
	_cleanup_buf_ struct buf out = BUF(PART_MAX + PIECE);
	struct scan_cursor c = {0};
	int r = 0;
	for (bool more = true; more && r == 0;) {
		more = scan_json(&out, arg, &c);
		if (buf_error(&out))
			return err_sys(err, buf_error(&out), "cannot write the report");
		if (!more || out.n >= PIECE) {
			r = blob_writer_add(to, buf_slice(&out), err);
			buf_reset(&out);
		}
	}
	return r;
}

/* What the files were, in one digest: of lines "SHA-256  PLACE", in the order of the report; "-" for one whose content was not digested. */
static int digest_tree(const struct scan_result *r, struct buf *hex, size_t *undigested)
{
	struct digest_stream *d;
	uint8_t sum[DIGEST_MAX];
	int e = digest_stream_new(DIGEST_SHA256, &d);
	if (e < 0)
		return e;
	*undigested = 0;
	for (size_t i = 0; i < r->n && e == 0; i++) {
		_cleanup_buf_ struct buf line = BUF(PLACE_MAX + 128);
		const char *sha256 = r->file[i].sha256;
		*undigested += !sha256;
		buf_fmt(&line, "%s  ", sha256 ? sha256 : "-");
		scan_place(&line, r, r->file[i].path);
		buf_u8(&line, '\n');
		e = buf_error(&line);
		e = e < 0 ? e : digest_stream_add(d, buf_slice(&line));
	}
	if (e < 0) {
		digest_stream_free(d);
		return e;
	}
	e = digest_stream_end(d, sum);
	encode_hex(hex, slice_of(sum, digest_size(DIGEST_SHA256)));
	return e;
}

/* Files that each rule was found in. */
static void put_rules(struct buf *about, const struct scan_result *r)
{
	bool any = false;
	buf_str_add(about, ",\"rules\":{");
	for (uint32_t k = 0; k < SCAN_RULES; k++) {
		size_t n = 0;
		for (size_t i = 0; i < r->n; i++)
			n += scan_rule_in(&r->file[i].sum.rules, k);
		if (n)
			buf_fmt(about, "%s\"%s\":%zu", any ? "," : "", scan_rules[k].id, n);
		any = any || n;
	}
	buf_u8(about, '}');
}

static const char *rules_of(struct buf *out, const struct scan_file *f, enum scan_verdict least)
{
	for (uint32_t k = 0; k < SCAN_RULES; k++)
		if (scan_rule_in(&f->sum.rules, k) && scan_rules[k].verdict >= least)
			buf_fmt(out, "%s%s", out->n ? ", " : "", scan_rules[k].id);
	return buf_str(out);
}

static enum entry_severity severity(enum scan_verdict v)
{
	static const enum entry_severity of[SCAN_VERDICTS] = {[SCAN_CLEAN] = ENTRY_INFORMATIONAL,
	        [SCAN_UNSCANNED] = ENTRY_LOW,
	        [SCAN_SUSPICIOUS] = ENTRY_MEDIUM,
	        [SCAN_BAD] = ENTRY_HIGH};
	return of[v];
}

/* Who let what pass. */
static void put_exceptions(struct buf *about, const struct scan_file *f)
{
	const char *before = "";
	if (!f->excepted)
		return;
	buf_str_add(about, ",\"exceptions\":[");
	for (const struct scan_exception *e = f->excepted; e; e = e->next) {
		buf_fmt(about, "%s{", before);
		entry_put_text(about, "id", slice_str(e->id));
		entry_put_text(about, "by", slice_str(e->by));
		entry_put_text(about, "rule", slice_str(scan_rules[e->rule].id));
		entry_put_text(about, "until", slice_str(e->until));
		entry_put_text(about, "reason", slice_str(e->reason));
		buf_u8(about, '}');
		before = ",";
	}
	buf_u8(about, ']');
}

static int put_file(struct on_record *o, const struct scan_result *r, const struct scan_file *f, const char *scan, struct err *err)
{
	_cleanup_buf_ struct buf place = BUF(PLACE_MAX), rules = BUF(1 << 14), message = BUF(1 << 14), about = BUF(1 << 15),
	                         uid = BUF(1024);
	struct entry e = o->common;
	scan_place(&place, r, f->path);
	const char *word = scan_file_word(f);
	rules_of(&rules, f, SCAN_SUSPICIOUS);
	buf_fmt(&message, "%s: ", word);
	encode_shown(&message, slice_sub(buf_slice(&place), 0, ENTRY_TEXT_MAX));
	buf_fmt(&message, ": %.1000s", buf_str(&rules));
	buf_fmt(&uid, "%s/%zu", scan, (size_t)(f - r->file));
	buf_str_add(&about, "{\"postern\":{\"scan\":{");
	entry_put_text(&about, "scan", slice_str(scan));
	entry_put_text(&about, "path", buf_slice(&place));
	entry_put_text(&about, "verdict", slice_str(word));
	if (f->sha256)
		entry_put_text(&about, "sha256", slice_str(f->sha256));
	entry_put_text(&about, "rules", buf_slice(&rules));
	for (size_t i = 0; i < f->kept; i++)
		if (f->finding[i].evidence[0] && scan_rules[f->finding[i].rule].verdict == f->sum.verdict) {
			entry_put_text(&about, "evidence", slice_str(f->finding[i].evidence));
			break;
		}
	put_exceptions(&about, f);
	buf_str_add(&about, "}}}");
	e.verdict = scan_file_blocks(r, f) ? ENTRY_DENY : ENTRY_ALLOW;
	e.class_uid = ENTRY_DETECTION_FINDING;
	e.activity_id = 1;
	e.severity = severity((enum scan_verdict)f->sum.verdict);
	e.finding_uid = buf_slice(&uid);
	e.finding_title = SLICE("finding of a scan");
	e.message = buf_slice(&message);
	e.unmapped = buf_slice(&about);
	return on_record_put(o, &e, err);
}

static int put_verdict(
        struct on_record *o, const struct scan_result *r, const char *asked, const struct blob_ref *ref, size_t untold, struct err *err)
{
	_cleanup_buf_ struct buf about = BUF(1 << 16), message = BUF(4096), rules = BUF(RULES_TEXT), tree = BUF(2 * DIGEST_MAX + 1);
	size_t count[SCAN_VERDICTS], undigested;
	enum scan_verdict worst = scan_result_verdict(r, count);
	struct entry e = o->common;
	char rules_sha256[65];
	size_t excepted, known = scan_result_known(r, &excepted), blocked;
	e.verdict = scan_result_blocks(r, &blocked) ? ENTRY_DENY : ENTRY_ALLOW;
	int code = digest_tree(r, &tree, &undigested);
	if (code < 0)
		return err_sys(err, code, "cannot digest what was scanned");
	scan_rules_json(&rules);
	digest_sha256_hex(buf_slice(&rules), rules_sha256);
	buf_fmt(&message, "scanned: %s, %zu files: %zu bad, %zu suspicious, %zu unscanned, %zu clean, %zu known, %zu excepted%s",
	        scan_verdict_word(worst), r->n, count[SCAN_BAD], count[SCAN_SUSPICIOUS], count[SCAN_UNSCANNED], count[SCAN_CLEAN], known,
	        excepted, r->stopped ? "; it was stopped" : "");
	buf_str_add(&about, "{\"postern\":{\"scan\":{");
	entry_put_text(&about, "scan", slice_str(ref->id));
	entry_put_text(&about, "verdict", slice_str(scan_verdict_word(worst)));
	entry_put_text(&about, "root", slice_str(r->root));
	entry_put_text(&about, "folder", slice_str(r->folder));
	entry_put_text(&about, "asked", slice_str(asked));
	entry_put_text(&about, "tree_sha256", buf_slice(&tree));
	entry_put_text(&about, "rules_sha256", slice_str(rules_sha256));
	buf_str_add(&about, ",\"subjects\":[");
	scan_names(&about, r->subjects, scan_subject_names, true);
	buf_fmt(&about, "],\"deep\":%s,\"stopped\":%s,\"files\":%zu,\"left_out\":%llu,\"undigested\":%zu,\"untold\":%zu,\"counts\":{",
	        r->deep ? "true" : "false", r->stopped ? "true" : "false", r->n, (unsigned long long)r->left_out, undigested, untold);
	for (int v = SCAN_CLEAN; v <= SCAN_BAD; v++)
		buf_fmt(&about, "%s\"%s\":%zu", v ? "," : "", scan_verdict_word((enum scan_verdict)v), count[v]);
	buf_fmt(&about, ",\"known\":%zu,\"excepted\":%zu},\"blocked\":%zu,\"stories\":%zu", known, excepted, blocked, r->n_stories);
	put_rules(&about, r);
	buf_str_add(&about, "}},\"blobs\":[");
	blob_ref_write(ref, &about);
	buf_str_add(&about, "]}");
	e.class_uid = ENTRY_POSTURE_FINDING;
	e.activity_id = 1;
	e.severity = severity(worst);
	e.finding_uid = slice_str(ref->id);
	e.finding_title = SLICE("scan for back doors");
	e.message = buf_slice(&message);
	e.unmapped = buf_slice(&about);
	return on_record_put(o, &e, err);
}

static bool is_told(const struct scan_file *f)
{
	return f->sum.verdict >= SCAN_SUSPICIOUS || f->excepted;
}

int scan_ledger_files(struct on_record *o, const struct scan_result *r, const char *scan, size_t *untold, struct err *err)
{
	size_t told = 0;
	int e = 0;
	*untold = 0;
	for (size_t i = 0; i < r->n && e == 0; i++) {
		if (!is_told(&r->file[i]))
			continue;
		if (told == FILES_MAX) {
			++*untold;
			continue;
		}
		e = put_file(o, r, &r->file[i], scan, err);
		told++;
	}
	return e;
}

int scan_ledger_write(const char *path, const struct scan_result *r, const char *asked, struct err *err)
{
	struct on_record o;
	struct blob_ref ref = {.media_type = SLICE("application/json")};
	size_t untold = 0;
	int e = on_record_open(&o, path, err);
	o.common.policy_sha256 = slice_str(r->policy);
	e = e < 0 ? e : on_record_body(&o, write_report, (void *)r, &ref, err);
	e = e < 0 ? e : scan_ledger_files(&o, r, ref.id, &untold, err);
	e = e < 0 ? e : put_verdict(&o, r, asked, &ref, untold, err);
	e = e < 0 ? e : on_record_end(&o, err);
	on_record_close(&o);
	return e;
}
