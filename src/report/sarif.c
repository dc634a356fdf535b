#include "report/sarif.h"

#include <stdio.h>

#include "base/encode.h"
#include "parse/statement.h"
#include "report/scan.h"
#include "report/words.h"
#include "report/write.h"

void sarif_uri(struct buf *out, struct slice path)
{
	struct slice rest = path, part;
	bool first = true;
	buf_str_add(out, path.n && path.p[0] == '/' ? "\"file://" : "\"");
	while (slice_split(&rest, '/', &part)) {
		if (!first)
			buf_u8(out, '/');
		encode_percent(out, part);
		first = false;
	}
	buf_u8(out, '"');
}

static void member(struct buf *b, const char *key, const char *value)
{
	buf_fmt(b, ",\"%s\":", key);
	write_json(b, value);
}

static void strings(struct buf *b, const char *key, const char *const *list)
{
	buf_fmt(b, ",\"%s\":[", key);
	for (size_t i = 0; list && list[i]; i++) {
		buf_str_add(b, i ? "," : "");
		write_json(b, list[i]);
	}
	buf_u8(b, ']');
}

static const char *level(enum leak_class c)
{
	static const char *const levels[CLASS_END] = {"none", "note", "warning", "error", "error"};
	return c < CLASS_END ? levels[c] : "none";
}

/* The same for the same dependence of any version. */
static uint64_t fingerprint(const struct vet_finding *f)
{
	_cleanup_buf_ struct buf b = BUF(1 << 16);
	struct slice field = words_field(f->address);
	buf_fmt(&b, "%d\n%s\n%s\n%.*s", (int)f->class, f->factor, f->endpoint, SLICE_FMT(field));
	return slice_hash(buf_slice(&b));
}

/* What runs, as a place: readers of SARIF want a file. */
static void location(struct buf *b, const struct vet_result *r, const struct vet_finding *f)
{
	buf_str_add(b, ",\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":");
	_cleanup_buf_ struct buf uri = BUF(4096);
	struct slice entry = slice_str(r->subject_entry ? r->subject_entry : r->subject_name);
	for (size_t i = 0; i < entry.n && i < 1000; i++) {
		uint8_t c = entry.p[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("/-._~@+", c);
		if (plain)
			buf_u8(&uri, c);
		else
			buf_fmt(&uri, "%%%02X", c);
	}
	struct slice path = buf_slice(&uri);
	while (path.n && path.p[0] == '/')
		path = slice_from(path, 1);
	buf_fmt(b, "\"%.*s\"}}", SLICE_FMT(path));
	if (f) {
		buf_str_add(b, ",\"logicalLocations\":[{\"kind\":\"resource\",\"name\":");
		write_json(b, f->address ? f->address : "");
		_cleanup_buf_ struct buf full = BUF(1 << 16);
		buf_fmt(&full, "%s %s", f->endpoint, f->address ? f->address : "");
		member(b, "fullyQualifiedName", buf_str(&full));
		buf_str_add(b, "}]");
	}
	buf_str_add(b, "}]");
}

static void finding(struct buf *b, const struct vet_result *r, const struct vet_finding *f)
{
	_cleanup_buf_ struct buf line = BUF(1 << 16);
	words_finding(&line, r, f);
	buf_fmt(b, "{\"ruleId\":\"vet/%s\",\"ruleIndex\":%d,\"level\":\"%s\",\"message\":{\"text\":", leak_class_name(f->class),
	        CLASS_COVERT - (int)f->class, level(f->class));
	write_json(b, buf_str(&line));
	buf_u8(b, '}');
	location(b, r, f);
	buf_fmt(b,
	        ",\"partialFingerprints\":{\"dependence/v1\":\"%016llx\"},\"properties\":{\"factor\":", (unsigned long long)fingerprint(f));
	write_json(b, f->factor);
	strings(b, "levels", f->levels);
	member(b, "base", f->base);
	member(b, "before", f->before);
	member(b, "after", f->after);
	member(b, "explanation", f->explanation);
	member(b, "declared", f->declared);
	strings(b, "evidence", f->evidence);
	buf_fmt(b, ",\"occurrences\":%u,\"pValue\":", f->occurrences);
	write_probability(b, f->p_value);
	buf_str_add(b, "}}");
}

static void answer(struct buf *b, const struct vet_result *r, const struct vet_answer *a)
{
	static const char *const kinds[] = {
	        [ANSWER_EVIDENCE] = "informational", [ANSWER_NOT_OBSERVED] = "open", [ANSWER_NOT_OBSERVABLE] = "notApplicable"};
	buf_fmt(b, "{\"ruleId\":\"question/%u\",\"ruleIndex\":%d,\"kind\":\"%s\",\"level\":\"none\",\"message\":{\"text\":", a->number,
	        CLASS_COVERT + (int)a->number - 1, a->concern ? "review" : kinds[a->state]);
	write_json(b, a->text);
	buf_u8(b, '}');
	location(b, r, NULL);
	buf_str_add(b, ",\"properties\":{\"state\":");
	write_json(b, vet_answer_state_name(a->state));
	strings(b, "evidence", a->evidence);
	buf_str_add(b, "}}");
}

static void class_rule(struct buf *b, enum leak_class c)
{
	buf_fmt(b, "%s{\"id\":\"vet/%s\",\"name\":\"%s\",\"shortDescription\":{\"text\":", c == CLASS_COVERT ? "" : ",", leak_class_name(c),
	        leak_class_name(c));
	write_json(b, words_class(c));
	buf_fmt(b, "},\"defaultConfiguration\":{\"level\":\"%s\"}}", level(c));
}

static void question_rule(struct buf *b, const struct vet_answer *a)
{
	buf_fmt(b, ",{\"id\":\"question/%u\",\"shortDescription\":{\"text\":", a->number);
	write_json(b, a->question);
	buf_str_add(b, "},\"defaultConfiguration\":{\"level\":\"none\"},\"properties\":{\"tags\":[");
	bool first = true;
	for (int f = 0; f < FRAMEWORK_END; f++) {
		struct slice rest = slice_str(a->maps[f]), id;
		while (a->maps[f] && slice_split(&rest, ',', &id)) {
			id = slice_trim(id);
			buf_fmt(b, "%s\"%s:%.*s\"", first ? "" : ",", vet_framework_key((enum vet_framework)f), SLICE_FMT(id));
			first = false;
		}
	}
	buf_str_add(b, "]}}");
}

static void driver(struct buf *b, const struct vet_result *r)
{
	buf_str_add(b, "\"tool\":{\"driver\":{\"name\":\"Postern\",\"version\":");
	write_json(b, r->postern);
	buf_str_add(b, ",\"rules\":[");
	for (int c = CLASS_COVERT; c > CLASS_NONE; c--)
		class_rule(b, (enum leak_class)c);
	for (size_t i = 0; i < r->n_answers; i++)
		question_rule(b, &r->answers[i]);
	buf_str_add(b, "]}}");
}

/* What was not looked at is as much a part of it as what was found. */
static void invocation(struct buf *b, const struct vet_result *r)
{
	int64_t t;
	buf_fmt(b, ",\"invocations\":[{\"executionSuccessful\":%s", r->verdict == VERDICT_INCONCLUSIVE ? "false" : "true");
	if (statement_time_parse(slice_str(r->started), false, &t))
		member(b, "startTimeUtc", r->started);
	buf_str_add(b, ",\"toolExecutionNotifications\":[");
	bool first = true;
	if (r->reason) {
		buf_str_add(b, "{\"level\":\"warning\",\"message\":{\"text\":");
		write_json(b, r->reason);
		buf_str_add(b, "}}");
		first = false;
	}
	for (size_t i = 0; i < r->n_not_covered; i++) {
		buf_str_add(b, first ? "{\"level\":\"note\",\"message\":{\"text\":" : ",{\"level\":\"note\",\"message\":{\"text\":");
		write_json(b, r->not_covered[i]);
		buf_str_add(b, "}}");
		first = false;
	}
	buf_str_add(b, "]}]");
}

void report_sarif(struct buf *b, const struct vet_result *r)
{
	bool first = true;
	buf_str_add(b, SARIF_BEGIN);
	driver(b, r);
	buf_str_add(b, ",\"automationDetails\":{\"id\":");
	_cleanup_buf_ struct buf id = BUF(4096);
	buf_fmt(&id, "postern-vet/%.400s@%.100s", r->subject_name ? r->subject_name : "", r->subject_version ? r->subject_version : "");
	write_json(b, buf_str(&id));
	buf_u8(b, '}');
	invocation(b, r);
	buf_str_add(b, ",\"results\":[");
	for (size_t i = 0; i < r->n_findings; i++) {
		if (r->findings[i].class == CLASS_NONE)
			continue;
		buf_str_add(b, first ? "\n" : ",\n");
		finding(b, r, &r->findings[i]);
		first = false;
	}
	for (size_t i = 0; i < r->n_answers; i++) {
		buf_str_add(b, first ? "\n" : ",\n");
		answer(b, r, &r->answers[i]);
		first = false;
	}
	buf_fmt(b, "],\"properties\":{\"verdict\":\"%s\",\"subjectSha256\":", verdict_name(r->verdict));
	write_json(b, r->subject_sha256);
	buf_str_add(b, "}}");
	if (r->content.scan) {
		buf_str_add(b, ",\n");
		scan_sarif_run(b, r->content.scan);
	}
	buf_str_add(b, "]}\n");
}
