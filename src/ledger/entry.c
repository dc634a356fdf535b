#include "ledger/entry.h"

#include <errno.h>
#include <stdio.h>

#include "base/encode.h"
#include "parse/jcs.h"
#include "parse/json.h"
#include "parse/tlog.h"

#define OCSF_VERSION "1.8.0"
#define ENTRY_MEMORY ((size_t)4 << 20)

#define LIST(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static const char *const crud[] = {"Create", "Read", "Update", "Delete", NULL};

const struct entry_kind entry_kinds[] = {
        {ENTRY_FILE_ACTIVITY, 1, "File System Activity",
                LIST("Create", "Read", "Update", "Delete", "Rename", "Set Attributes", "Set Security", "Get Attributes", "Get Security",
                        "Encrypt", "Decrypt", "Mount", "Unmount", "Open"),
                LIST("file"), LIST(), "", .actor = true, .device = true},
        {ENTRY_MODULE_ACTIVITY, 1, "Module Activity", LIST("Load", "Unload", "Invoke"), LIST("module"), LIST(), "", .actor = true,
                .device = true},
        {ENTRY_PROCESS_ACTIVITY, 1, "Process Activity", LIST("Launch", "Terminate", "Open", "Inject", "Set User ID"), LIST("process"),
                LIST(), "", .actor = true, .device = true},
        {ENTRY_DETECTION_FINDING, 2, "Detection Finding", LIST("Create", "Update", "Close"), LIST(), LIST(), "resources", .finding = true},
        {ENTRY_POSTURE_FINDING, 2, "Application Security Posture Finding", LIST("Create", "Update", "Close"), LIST(), LIST(), "application",
                .finding = true},
        {ENTRY_NETWORK_ACTIVITY, 4, "Network Activity", LIST("Open", "Close", "Reset", "Fail", "Refuse", "Traffic", "Listen"), LIST(),
                LIST("dst_endpoint", "src_endpoint"), .tool = ""},
        {ENTRY_HTTP_ACTIVITY, 4, "HTTP Activity", LIST("Connect", "Delete", "Get", "Head", "Options", "Post", "Put", "Trace", "Patch"),
                LIST(), LIST("http_request", "http_response"), .tool = ""},
        {ENTRY_SOFTWARE_INVENTORY, 5, "Software Inventory Info", LIST("Log", "Collect"), LIST(), LIST(), "product", .device = true},
        {ENTRY_APPLICATION_LIFECYCLE, 6, "Application Lifecycle",
                LIST("Install", "Remove", "Start", "Stop", "Restart", "Enable", "Disable", "Update"), LIST(), LIST(), .tool = "app"},
        {ENTRY_API_ACTIVITY, 6, "API Activity", crud, LIST("api", "src_endpoint"), LIST(), "", .actor = true,
                .profiles = ",\"ai_operation\""},
};
const size_t entry_kind_count = ARRAY_LEN(entry_kinds);

/* The outcome, as the profile security_control says it. */
static const struct {
	const char *word, *action, *disposition;
	unsigned action_id, disposition_id;
} verdicts[ENTRY_VERDICTS] = {
        [ENTRY_NO_VERDICT] = {"", "", "", 0, 0},
        [ENTRY_ALLOW] = {"allow", "Allowed", "Allowed", 1, 1},
        [ENTRY_DENY] = {"deny", "Denied", "Blocked", 2, 2},
        [ENTRY_ASK] = {"ask", "Unknown", "Challenge", 0, 23},
        [ENTRY_REWRITE] = {"rewrite", "Modified", "Corrected", 4, 11},
};

static const char *const severities[] = {"Unknown", "Informational", "Low", "Medium", "High", "Critical", "Fatal"};

const char *entry_verdict_word(enum entry_verdict v)
{
	return verdicts[v].word;
}

static const struct entry_kind *find_kind(enum entry_class uid)
{
	for (size_t i = 0; i < entry_kind_count; i++)
		if (entry_kinds[i].class_uid == uid)
			return &entry_kinds[i];
	return NULL;
}

/* ,"name":"text" if there is a text */
static void put_member(struct buf *out, const char *name, struct slice s)
{
	if (!s.n)
		return;
	buf_fmt(out, "%s\"%s\":", out->n && out->p[out->n - 1] != '{' ? "," : "", name);
	encode_json_string(out, s);
}

/* The members of an object, to stand among others. */
static void put_object(struct buf *out, struct slice object)
{
	struct slice inside = slice_trim(object);
	if (inside.n < 2)
		return;
	inside = slice_trim(slice_sub(inside, 1, inside.n - 2));
	if (inside.n && out->p[out->n - 1] != '{')
		buf_u8(out, ',');
	buf_add(out, inside);
}

/* The tool, as the class wants to see it. Its place that is the same in all classes is unmapped.tool. */
static void put_tool(struct buf *out, const struct entry *e, const struct entry_kind *k)
{
	bool list = strcmp(k->tool, "resources") == 0;
	if (!k->tool[0])
		return;
	buf_fmt(out, ",\"%s\":%s{", k->tool, list ? "[" : "");
	put_member(out, "name", e->tool_name);
	put_member(out, "version", e->tool_version);
	if (list)
		put_member(out, "uid", e->tool_sha256);
	buf_fmt(out, "}%s", list ? "]" : "");
}

static void put_finding(struct buf *out, const struct entry *e)
{
	buf_str_add(out, ",\"finding_info\":{");
	put_member(out, "uid", e->finding_uid);
	put_member(out, "title", e->finding_title.n ? e->finding_title : e->message);
	buf_str_add(out, "},\"status\":\"New\",\"status_id\":1");
}

static void put_event(struct buf *out, const struct entry *e, const struct entry_kind *k)
{
	const char *activity = e->activity_id == 99 ? "Other" : e->activity_id == 0 ? "Unknown" : k->activities[e->activity_id - 1];
	buf_fmt(out, "{\"activity_id\":%u,\"activity_name\":\"%s\",\"category_uid\":%u,\"class_name\":\"%s\",\"class_uid\":%d",
	        e->activity_id, activity, k->category_uid, k->name, (int)k->class_uid);
	buf_fmt(out, ",\"type_uid\":%u,\"severity\":\"%s\",\"severity_id\":%u,\"time\":%lld", (unsigned)k->class_uid * 100 + e->activity_id,
	        severities[e->severity], (unsigned)e->severity, (long long)e->time);
	buf_fmt(out,
	        ",\"metadata\":{\"product\":{\"name\":\"Postern\",\"version\":\"%s\"},\"profiles\":[\"host\",\"security_control\"%s],"
	        "\"version\":\"%s\"}",
	        POSTERN_VERSION, k->profiles ? k->profiles : "", OCSF_VERSION);
	put_member(out, "message", e->message);
	if (e->host.n) {
		buf_str_add(out, ",\"device\":{");
		put_member(out, "hostname", e->host);
		buf_str_add(out, ",\"type_id\":0}");
	}
	if (e->person.n) {
		buf_str_add(out, ",\"actor\":{\"user\":{");
		put_member(out, "name", e->person);
		buf_str_add(out, "}}");
	}
	if (e->verdict != ENTRY_NO_VERDICT)
		buf_fmt(out, ",\"action\":\"%s\",\"action_id\":%u,\"disposition\":\"%s\",\"disposition_id\":%u",
		        verdicts[e->verdict].action, verdicts[e->verdict].action_id, verdicts[e->verdict].disposition,
		        verdicts[e->verdict].disposition_id);
	if (e->policy_sha256.n) {
		buf_str_add(out, ",\"policy\":{");
		put_member(out, "uid", e->policy_sha256);
		buf_str_add(out, "}");
	}
	if (k->finding)
		put_finding(out, e);
	put_tool(out, e, k);
	put_object(out, e->members);
	buf_str_add(out, ",\"unmapped\":{");
	put_member(out, "confinement", e->confinement);
	if (e->tool_name.n) {
		buf_fmt(out, "%s\"tool\":{", e->confinement.n ? "," : "");
		put_member(out, "name", e->tool_name);
		put_member(out, "version", e->tool_version);
		put_member(out, "sha256", e->tool_sha256);
		buf_str_add(out, "}");
	}
	put_object(out, e->unmapped);
	buf_str_add(out, "}}");
}

static bool is_sha256(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return s.n == 64;
}

static int check_members(const struct entry *e, const struct entry_kind *k, struct arena *arena, struct err *err)
{
	struct json *doc = NULL;
	bool one = !k->one_of[0];
	if (e->members.n && (json_parse(e->members, NULL, arena, &doc, NULL) != JSON_OK || doc->type != JSON_OBJECT))
		return err_set(err, -EINVAL, "the members of the event are no JSON object");
	for (const char *const *m = k->required; *m; m++)
		if (!json_get(doc, *m))
			return err_set(err, -EINVAL, "an event of class %d (%s) needs the member %s", (int)k->class_uid, k->name, *m);
	for (const char *const *m = k->one_of; *m; m++)
		one = one || json_get(doc, *m);
	if (!one)
		return err_set(err, -EINVAL, "an event of class %d (%s) needs the member %s or %s", (int)k->class_uid, k->name,
		        k->one_of[0], k->one_of[1]);
	if (e->unmapped.n && (json_parse(e->unmapped, NULL, arena, &doc, NULL) != JSON_OK || doc->type != JSON_OBJECT))
		return err_set(err, -EINVAL, "what is unmapped is no JSON object");
	return 0;
}

static int check(const struct entry *e, const struct entry_kind *k, struct arena *arena, struct err *err)
{
	unsigned activities = 0;
	if (!k)
		return err_set(err, -EINVAL, "there is no event class %d", (int)e->class_uid);
	while (k->activities[activities])
		activities++;
	if (e->activity_id > activities && e->activity_id != 99)
		return err_set(err, -EINVAL, "events of class %d have no activity %u", (int)k->class_uid, e->activity_id);
	if (e->severity > ENTRY_FATAL || e->verdict >= ENTRY_VERDICTS)
		return err_set(err, -EINVAL, "there is no such severity or verdict");
	if (k->device && !e->host.n)
		return err_set(err, -EINVAL, "an event of class %d (%s) needs a host", (int)k->class_uid, k->name);
	if (k->actor && !e->person.n)
		return err_set(err, -EINVAL, "an event of class %d (%s) needs a person", (int)k->class_uid, k->name);
	if (k->finding && (!e->finding_uid.n || !(e->finding_title.n || e->message.n)))
		return err_set(err, -EINVAL, "a finding needs a name for good and a title");
	if (k->tool[0] && !e->tool_name.n)
		return err_set(err, -EINVAL, "an event of class %d (%s) needs a tool", (int)k->class_uid, k->name);
	if ((e->tool_sha256.n && !is_sha256(e->tool_sha256)) || (e->policy_sha256.n && !is_sha256(e->policy_sha256)))
		return err_set(err, -EINVAL, "a digest is no SHA-256 in lower-case hex");
	return check_members(e, k, arena, err);
}

void entry_put_text(struct buf *b, const char *name, struct slice text)
{
	buf_fmt(b, "%s\"%s\":", b->n && b->p[b->n - 1] != '{' ? "," : "", name);
	encode_json(b, slice_sub(text, 0, ENTRY_TEXT_MAX));
}

int entry_write(const struct entry *e, struct buf *out, struct err *err)
{
	_cleanup_arena_ struct arena arena = ARENA(ENTRY_MEMORY);
	_cleanup_buf_ struct buf text = BUF(ENTRY_MEMORY), canonical = BUF(ENTRY_MEMORY);
	const struct entry_kind *k = find_kind(e->class_uid);
	const char *why = NULL;
	size_t at = 0;
	int r = check(e, k, &arena, err);
	if (r < 0)
		return r;
	put_event(&text, e, k);
	r = buf_error(&text);
	r = r < 0 ? r : jcs_write(buf_slice(&text), &arena, &canonical, &why, &at);
	if (r == -EBADMSG || r == -E2BIG)
		return err_set(err, -EINVAL, "the event cannot be written: %s", why ? why : "it is no JSON");
	if (r < 0)
		return err_sys(err, r, "the event cannot be written");
	if (canonical.n > TLOG_ENTRY_MAX)
		return err_set(err, -EMSGSIZE, "the event has %zu bytes, and an entry at most %d", canonical.n, TLOG_ENTRY_MAX);
	buf_add(out, buf_slice(&canonical));
	return buf_error(out) ? err_sys(err, buf_error(out), "the event cannot be written") : 0;
}

/* Follows names down, with a number for an element of an array; NULL if it leads nowhere. */
static const struct json *at(const struct json *v, const char *path)
{
	struct slice rest = slice_str(path), part;
	while (v && slice_split(&rest, '.', &part)) {
		char name[64];
		(void)snprintf(name, sizeof(name), "%.*s", SLICE_FMT(part));
		v = v->type == JSON_ARRAY ? v->child : json_get(v, name);
	}
	return v;
}

static struct slice text_at(const struct json *doc, struct arena *arena, const char *const *paths)
{
	for (; *paths; paths++) {
		const struct json *v = at(doc, *paths);
		if (v && v->type == JSON_STRING)
			return json_text(v, arena);
	}
	return SLICE_NONE;
}

static uint64_t number_at(const struct json *doc, const char *path)
{
	const struct json *v = at(doc, path);
	uint64_t n = 0;
	return v && v->type == JSON_NUMBER && slice_u64(v->raw, INT64_MAX, &n) ? n : 0;
}

static struct slice verdict_of(const struct json *doc)
{
	uint64_t action = number_at(doc, "action_id"), disposition = number_at(doc, "disposition_id");
	for (size_t i = 1; i < ARRAY_LEN(verdicts); i++)
		if (verdicts[i].action_id == action && (action || verdicts[i].disposition_id == disposition))
			return slice_str(verdicts[i].word);
	return SLICE_NONE;
}

int entry_read(struct slice json, struct arena *arena, struct entry_fields *out)
{
	struct json *doc = NULL;
	if (json_parse(json, NULL, arena, &doc, NULL) != JSON_OK || doc->type != JSON_OBJECT)
		return -EBADMSG;
	*out = (struct entry_fields){
	        .time = (int64_t)number_at(doc, "time"),
	        .class_uid = number_at(doc, "class_uid"),
	        .severity_id = number_at(doc, "severity_id"),
	        .tool = text_at(doc, arena,
	                LIST("unmapped.tool.name", "app.name", "application.name", "resources.0.name", "product.name", "actor.app_name")),
	        .version = text_at(doc, arena, LIST("unmapped.tool.version", "app.version", "application.version", "product.version")),
	        .host = text_at(doc, arena, LIST("device.hostname", "device.name", "src_endpoint.hostname")),
	        .person = text_at(doc, arena, LIST("actor.user.name", "user.name")),
	        .verdict = verdict_of(doc),
	        .message = text_at(doc, arena, LIST("message", "finding_info.title")),
	};
	return 0;
}

int entry_words(struct slice json, struct arena *arena, struct buf *out)
{
	struct json *doc = NULL;
	if (json_parse(json, NULL, arena, &doc, NULL) != JSON_OK)
		return -EBADMSG;
	/* Every value, depth first, without recursion. */
	for (const struct json *v = doc; v;) {
		if (v->type == JSON_STRING)
			buf_add(out, json_text(v, arena));
		else if (v->type == JSON_NUMBER)
			buf_add(out, v->raw);
		if (v->type == JSON_STRING || v->type == JSON_NUMBER)
			buf_u8(out, '\n');
		if (v->child) {
			v = v->child;
			continue;
		}
		while (v && !v->next)
			v = v->parent;
		v = v ? v->next : NULL;
	}
	return buf_error(out);
}
