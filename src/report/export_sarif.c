/* SARIF 2.1.0 of detection findings. The results come first and the rules that they name last, so that nothing but the names of rules has
 * to be kept. */
#include <errno.h>

#include "report/export_part.h"
#include "report/sarif.h"

void export_sarif_begin(struct export *x, struct buf *out)
{
	buf_str_add(out, SARIF_BEGIN "\"automationDetails\":{\"id\":");
	export_string(out, x->o.origin);
	buf_str_add(out, "},\"results\":[");
}

/* The number of a rule, made known if it is new; EXPORT_RULES: there are too many. */
static size_t rule_of(struct export *x, struct slice id)
{
	uint64_t hash = slice_hash(id);
	for (size_t i = 0; i < x->rules; i++)
		if (x->rule[i].hash == hash && slice_eq(x->rule[i].id, id))
			return i;
	if (x->rules == EXPORT_RULES)
		return EXPORT_RULES;
	struct slice copy = arena_copy(&x->rules_memory, id);
	if (!copy.p)
		return EXPORT_RULES;
	x->rule[x->rules] = (struct export_rule){.hash = hash, .id = copy};
	return x->rules++;
}

static struct slice first_of(const struct export_item *e, const char *const *paths, const char *otherwise)
{
	for (; *paths; paths++) {
		struct slice s = export_text(e, *paths);
		if (s.n)
			return s;
	}
	return slice_str(otherwise);
}

static void put_location(const struct export_item *e, struct buf *out)
{
	static const char *const files[] = {"evidences.0.file.path", "file.path", "resources.0.file.path", NULL};
	struct slice file = first_of(e, files, "");
	if (!file.n && !e->f.tool.n)
		return;
	buf_str_add(out, ",\"locations\":[{");
	if (e->f.tool.n) {
		buf_str_add(out, "\"logicalLocations\":[{\"kind\":\"module\",\"name\":");
		export_string(out, e->f.tool);
		buf_str_add(out, "}]");
	}
	if (file.n) {
		buf_fmt(out, "%s\"physicalLocation\":{\"artifactLocation\":{\"uri\":", e->f.tool.n ? "," : "");
		sarif_uri(out, file);
		buf_str_add(out, "}}");
	}
	buf_str_add(out, "}]");
}

static void put_property(struct buf *out, const char *name, struct slice s)
{
	if (!s.n)
		return;
	buf_fmt(out, ",\"%s\":", name);
	export_string(out, s);
}

static void put_properties(const struct export_item *e, struct buf *out)
{
	buf_fmt(out, ",\"properties\":{\"ledgerIndex\":%llu", (unsigned long long)e->index);
	put_property(out, "host", e->f.host);
	put_property(out, "person", e->f.person);
	put_property(out, "tool", e->f.tool);
	put_property(out, "toolVersion", e->f.version);
	put_property(out, "toolSha256", export_text(e, "unmapped.tool.sha256"));
	put_property(out, "policySha256", export_text(e, "policy.uid"));
	put_property(out, "confinement", export_text(e, "unmapped.confinement"));
	put_property(out, "severity", export_text(e, "severity"));
	put_property(out, "status", export_text(e, "status"));
	put_property(out, "verdict", e->f.verdict);
	buf_u8(out, '}');
}

int export_sarif_entry(struct export *x, const struct export_item *e, struct buf *out)
{
	/* By OCSF's severity_id, 0 to 6. */
	static const char *const levels[] = {"warning", "note", "note", "warning", "error", "error", "error"};
	static const char *const rules[] = {"finding_info.analytic.uid", "finding_info.analytic.name", "finding_info.types.0", NULL};
	static const char *const messages[] = {"message", "finding_info.title", "finding_info.desc", "finding_info.uid", NULL};
	if (e->f.class_uid != ENTRY_DETECTION_FINDING)
		return 0;
	struct slice id = first_of(e, rules, "finding"), uid = export_text(e, "finding_info.uid");
	struct export_time when = export_time(e);
	size_t rule = rule_of(x, id);
	buf_str_add(out, x->any ? ",\n{\"ruleId\":" : "\n{\"ruleId\":");
	x->any = true;
	export_string(out, id);
	if (rule < EXPORT_RULES)
		buf_fmt(out, ",\"ruleIndex\":%zu", rule);
	buf_fmt(out, ",\"level\":\"%s\",\"message\":{\"text\":", levels[e->f.severity_id <= ENTRY_FATAL ? e->f.severity_id : 0]);
	export_string(out, first_of(e, messages, "finding"));
	buf_u8(out, '}');
	put_location(e, out);
	if (uid.n) {
		buf_str_add(out, ",\"partialFingerprints\":{\"findingUid/v1\":");
		export_string(out, uid);
		buf_u8(out, '}');
	}
	if (when.text[0])
		buf_fmt(out, ",\"provenance\":{\"firstDetectionTimeUtc\":\"%s\"}", when.text);
	put_properties(e, out);
	buf_u8(out, '}');
	return 1;
}

void export_sarif_end(struct export *x, struct buf *out)
{
	buf_fmt(out, "%s],\n\"tool\":{\"driver\":{\"name\":\"Postern\",\"version\":\"%s\",\"rules\":[", x->any ? "\n" : "",
	        POSTERN_VERSION);
	for (size_t i = 0; i < x->rules; i++) {
		buf_str_add(out, i ? ",{\"id\":" : "{\"id\":");
		export_string(out, x->rule[i].id);
		buf_u8(out, '}');
	}
	buf_str_add(out, "]}}}]}\n");
}
