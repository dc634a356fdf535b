#include "report/intoto.h"

#include <inttypes.h>

#include "base/encode.h"
#include "obtain/facts.h"
#include "parse/statement.h"
#include "parse/vetted.h"
#include "report/write.h"

#define FINDINGS_MAX 200 /* of the classes that are hidden; the counts have all */

static void member(struct buf *b, const char *key, const char *value)
{
	buf_fmt(b, ",\"%s\":", key);
	write_json(b, value);
}

/* pkg:npm/%40scope/name@version */
static void purl(struct buf *out, const char *name, const char *version)
{
	struct slice rest = slice_str(name), part;
	bool first = true;
	buf_str_add(out, "pkg:npm/");
	while (slice_split(&rest, '/', &part)) {
		buf_str_add(out, first ? "" : "/");
		encode_percent(out, part);
		first = false;
	}
	buf_u8(out, '@');
	encode_percent(out, slice_str(version));
}

static void subject(struct buf *b, bool *first, const char *name, const char *sha256, struct slice sha512)
{
	if (!sha256 || !statement_digest_valid(slice_str(sha256)))
		return;
	buf_str_add(b, *first ? "{\"name\":" : ",{\"name\":");
	*first = false;
	write_json(b, name);
	buf_fmt(b, ",\"digest\":{\"sha256\":\"%s\"", sha256);
	if (sha512.n) {
		buf_str_add(b, ",\"sha512\":\"");
		encode_hex(b, sha512);
		buf_u8(b, '"');
	}
	buf_str_add(b, "}}");
}

static void subjects(struct buf *b, const struct vet_result *r)
{
	const struct facts *f = r->facts;
	_cleanup_buf_ struct buf name = BUF(1024), sha512 = BUF(128);
	bool first = true;
	if (!f) {
		subject(b, &first, r->subject_name, r->subject_sha256, SLICE_NONE);
		return;
	}
	if (f->integrity && slice_starts(slice_str(f->integrity), SLICE("sha512-")) &&
	        !decode_base64(&sha512, slice_from(slice_str(f->integrity), 7)))
		buf_reset(&sha512);
	purl(&name, r->subject_name, r->subject_version);
	subject(b, &first, buf_str(&name), r->subject_sha256, buf_slice(&sha512));
	if (f->native_name) {
		buf_reset(&name);
		purl(&name, f->native_name, f->native_version);
		subject(b, &first, buf_str(&name), f->native_sha256, SLICE_NONE);
	}
	subject(b, &first, f->entry, f->entry_sha256, SLICE_NONE);
}

/* When the vetting ended. */
static void ended(struct buf *b, const struct vet_result *r)
{
	int64_t t = 0;
	char text[21];
	(void)statement_time_parse(slice_str(r->started), false, &t);
	statement_time_write(t + (r->seconds > 0 && r->seconds < 1e9 ? (int64_t)r->seconds : 0), text);
	member(b, "timeVerified", text);
}

static void list(struct buf *b, const char *key, const char *const *items, size_t n)
{
	buf_fmt(b, ",\"%s\":[", key);
	for (size_t i = 0; i < n; i++) {
		buf_str_add(b, i ? "," : "");
		write_json(b, items[i]);
	}
	buf_u8(b, ']');
}

static void plan(struct buf *b, const struct vet_result *r)
{
	buf_str_add(b, ",\"plan\":{\"profile\":");
	write_json(b, r->profile);
	member(b, "effort", r->effort);
	buf_fmt(b, ",\"seed\":\"%" PRIu64 "\",\"trials\":%u,\"trialsFailed\":%u,\"factors\":[", r->seed, r->trials, r->trials_failed);
	for (size_t i = 0; i < r->n_factors; i++) {
		buf_str_add(b, i ? ",{\"name\":" : "{\"name\":");
		write_json(b, r->factors[i].name);
		buf_fmt(b, ",\"levels\":%u,\"trials\":%u}", r->factors[i].levels_tried, r->factors[i].trials);
	}
	buf_str_add(b, "]}");
}

static void findings(struct buf *b, const struct vet_result *r)
{
	size_t n = 0;
	struct write_summary s = write_summary(r);
	buf_str_add(b, ",\"counts\":{");
	for (int c = CLASS_COVERT; c > CLASS_NONE; c--)
		buf_fmt(b, "%s\"%s\":%zu", c == CLASS_COVERT ? "" : ",", leak_class_name((enum leak_class)c), s.count[c]);
	buf_str_add(b, "},\"findings\":[");
	for (size_t i = 0; i < r->n_findings && n < FINDINGS_MAX; i++) {
		const struct vet_finding *f = &r->findings[i];
		if (f->class < CLASS_UNDECLARED)
			continue;
		buf_fmt(b, "%s{\"class\":\"%s\"", n++ ? "," : "", leak_class_name(f->class));
		member(b, "factor", f->factor);
		member(b, "endpoint", f->endpoint);
		member(b, "address", f->address);
		buf_u8(b, '}');
	}
	buf_u8(b, ']');
}

void report_intoto(struct buf *b, const struct vet_result *r, const struct report_intoto_options *o)
{
	buf_str_add(b, "{\"_type\":\"" VETTED_STATEMENT "\",\"subject\":[");
	subjects(b, r);
	buf_str_add(b, "],\"predicateType\":\"" VETTED_PREDICATE "\",\"predicate\":{\"verifier\":{\"id\":\"urn:postern\",\"version\":");
	write_json(b, r->postern);
	buf_u8(b, '}');
	ended(b, r);
	buf_fmt(b, ",\"verdict\":\"%s\",\"failOn\":\"%s\",\"partial\":%s", verdict_name(r->verdict), leak_class_name(o->fail_on),
	        r->partial ? "true" : "false");
	member(b, "reason", r->reason);
	plan(b, r);
	buf_str_add(b, ",\"coverage\":{\"confinement\":");
	write_json(b, r->confinement);
	list(b, "notCovered", r->not_covered, r->n_not_covered);
	buf_u8(b, '}');
	findings(b, r);
	if (r->gate.tried)
		buf_fmt(b, ",\"throughGate\":{\"verdict\":\"%s\",\"trials\":%u}", verdict_name(r->gate.verdict), r->gate.trials);
	buf_str_add(b, ",\"report\":{\"sha256\":");
	write_json(b, o->report_sha256);
	buf_str_add(b, "}}}");
}
