#include "report/export.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "report/export_part.h"

#define RULES_MEMORY ((size_t)16 << 20)

struct slice export_text(const struct export_item *e, const char *path)
{
	const struct json *v = e->doc;
	struct slice rest = slice_str(path), part;
	while (v && slice_split(&rest, '.', &part)) {
		char name[64];
		(void)snprintf(name, sizeof(name), "%.*s", SLICE_FMT(part));
		v = v->type == JSON_ARRAY ? v->child : json_get(v, name);
	}
	return v && v->type == JSON_STRING ? json_text(v, e->arena) : SLICE_NONE;
}

struct export_time export_time(const struct export_item *e)
{
	struct export_time out = {""};
	time_t seconds = (time_t)(e->f.time / 1000);
	struct tm t;
	/* Years have four digits in all of these formats. */
	if (e->f.time <= 0 || e->f.time > 253402300799999 || !gmtime_r(&seconds, &t))
		return out;
	(void)snprintf(out.text, sizeof(out.text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
	        t.tm_hour, t.tm_min, t.tm_sec, (int)(e->f.time % 1000));
	return out;
}

void export_string(struct buf *out, struct slice s)
{
	buf_u8(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < 0x20 || s.p[i] == 0x7f || s.p[i] == '"' || s.p[i] == '\\')
			buf_fmt(out, "\\u%04x", s.p[i]);
		else
			buf_u8(out, s.p[i]);
	}
	buf_u8(out, '"');
}

/* ocsf */

static int ocsf_entry(struct export *x, const struct export_item *e, struct buf *out)
{
	(void)x;
	buf_add(out, e->json);
	buf_u8(out, '\n');
	return 1;
}

/* csv */

enum column { INDEX, TIME, CLASS_UID, VERDICT, HOST, PERSON, TOOL, VERSION, MESSAGE, PATH };

static const struct {
	const char *name;
	enum column kind;
	const char *path; /* of PATH */
} columns[] = {
        {"index", INDEX, NULL},
        {"time", TIME, NULL},
        {"class_uid", CLASS_UID, NULL},
        {"class", PATH, "class_name"},
        {"activity", PATH, "activity_name"},
        {"severity", PATH, "severity"},
        {"verdict", VERDICT, NULL},
        {"host", HOST, NULL},
        {"person", PERSON, NULL},
        {"tool", TOOL, NULL},
        {"version", VERSION, NULL},
        {"tool_sha256", PATH, "unmapped.tool.sha256"},
        {"policy_sha256", PATH, "policy.uid"},
        {"confinement", PATH, "unmapped.confinement"},
        {"finding", PATH, "finding_info.uid"},
        {"message", MESSAGE, NULL},
};

/* A spreadsheet takes a cell for a formula by its first character, be it in quotes or not; full-width forms count in some. */
static bool is_formula(struct slice s)
{
	static const char *const starts[] = {
	        "=", "+", "-", "@", "\t", "\r", "\n", "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};
	size_t at = 0;
	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		if (slice_starts(s, slice_str(starts[i])))
			return true;
	while (at < s.n && s.p[at] == ' ')
		at++;
	return at && is_formula(slice_from(s, at));
}

/* Always in quotes: where the list separator is a semicolon, a text with one would be two cells. */
static void put_cell(struct buf *out, struct slice s)
{
	if (!s.n)
		return;
	buf_str_add(out, is_formula(s) ? "\"'" : "\"");
	for (size_t i = 0; i < s.n; i++) {
		bool control = (s.p[i] < 0x20 && s.p[i] != '\n' && s.p[i] != '\r' && s.p[i] != '\t') || s.p[i] == 0x7f;
		if (s.p[i] == '"')
			buf_u8(out, '"');
		buf_u8(out, control ? ' ' : s.p[i]);
	}
	buf_u8(out, '"');
}

static void csv_begin(struct export *x, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(columns) && !x->o.no_header; i++)
		buf_fmt(out, "%s%s", columns[i].name, i + 1 < ARRAY_LEN(columns) ? "," : "\r\n");
}

static struct slice cell_of(const struct export_item *e, enum column kind, const char *path)
{
	switch (kind) {
	case VERDICT:
		return e->f.verdict;
	case HOST:
		return e->f.host;
	case PERSON:
		return e->f.person;
	case TOOL:
		return e->f.tool;
	case VERSION:
		return e->f.version;
	case MESSAGE:
		return e->f.message;
	case PATH:
		return export_text(e, path);
	case INDEX:
	case TIME:
	case CLASS_UID:
		break;
	}
	return SLICE_NONE;
}

static int csv_entry(struct export *x, const struct export_item *e, struct buf *out)
{
	(void)x;
	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		if (columns[i].kind == INDEX)
			buf_fmt(out, "%llu", (unsigned long long)e->index);
		else if (columns[i].kind == TIME)
			buf_str_add(out, export_time(e).text);
		else if (columns[i].kind == CLASS_UID && e->f.class_uid)
			buf_fmt(out, "%llu", (unsigned long long)e->f.class_uid);
		else
			put_cell(out, cell_of(e, columns[i].kind, columns[i].path));
		buf_str_add(out, i + 1 < ARRAY_LEN(columns) ? "," : "\r\n");
	}
	return 1;
}

/* syslog */

/* Facility 13, log audit. Fatal is an alert: an emergency would be shouted to every terminal. */
static const unsigned severities[] = {5, 6, 5, 4, 3, 2, 1};

/* A field of the header: printable ASCII without spaces. */
static void put_word(struct buf *out, struct slice s, size_t most)
{
	if (!s.n)
		buf_u8(out, '-');
	s = slice_sub(s, 0, most);
	for (size_t i = 0; i < s.n; i++)
		buf_u8(out, s.p[i] > 0x20 && s.p[i] < 0x7f ? s.p[i] : '_');
}

static void put_param(struct buf *out, const char *name, struct slice s)
{
	if (!s.n)
		return;
	buf_fmt(out, " %s=\"", name);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\' || s.p[i] == ']')
			buf_u8(out, '\\');
		buf_u8(out, s.p[i] < 0x20 || s.p[i] == 0x7f ? ' ' : s.p[i]);
	}
	buf_u8(out, '"');
}

/* The number behind the @ is the one for documents (RFC 5612): Postern has none of its own. */
static void put_line(const struct export *x, const struct export_item *e, struct buf *out)
{
	char class_uid[24] = "";
	struct export_time when = export_time(e);
	unsigned severity = e->f.severity_id < ARRAY_LEN(severities) ? severities[e->f.severity_id] : 5;
	if (e->f.class_uid)
		(void)snprintf(class_uid, sizeof(class_uid), "%llu", (unsigned long long)e->f.class_uid);
	buf_fmt(out, "<%u>1 %s ", 13 * 8 + severity, when.text[0] ? when.text : "-");
	put_word(out, e->f.host, 255);
	buf_str_add(out, " postern - ");
	put_word(out, slice_str(class_uid), 32);
	buf_fmt(out, " [postern@32473 index=\"%llu\"", (unsigned long long)e->index);
	put_param(out, "origin", x->o.origin);
	put_param(out, "tool", e->f.tool);
	put_param(out, "version", e->f.version);
	put_param(out, "person", e->f.person);
	put_param(out, "verdict", e->f.verdict);
	buf_str_add(out, "] ");
	buf_add(out, e->json);
}

static int syslog_entry(struct export *x, const struct export_item *e, struct buf *out)
{
	if (!x->o.octets) {
		put_line(x, e, out);
		buf_u8(out, '\n');
		return 1;
	}
	_cleanup_buf_ struct buf line = BUF(4 * e->json.n + 4096);
	put_line(x, e, &line);
	if (buf_error(&line))
		return -ENOMEM;
	buf_fmt(out, "%zu ", line.n);
	buf_add(out, buf_slice(&line));
	return 1;
}

/* All of them. */

static const struct {
	void (*begin)(struct export *x, struct buf *out);
	int (*entry)(struct export *x, const struct export_item *e, struct buf *out);
	void (*end)(struct export *x, struct buf *out);
	bool raw; /* looks at no field */
} formats[EXPORT_FORMATS] = {
        [EXPORT_OCSF] = {NULL, ocsf_entry, NULL, true},
        [EXPORT_CSV] = {csv_begin, csv_entry, NULL, false},
        [EXPORT_SYSLOG] = {NULL, syslog_entry, NULL, false},
        [EXPORT_SARIF] = {export_sarif_begin, export_sarif_entry, export_sarif_end, false},
};
const char *const export_names[] = {"ocsf", "csv", "syslog", "sarif", NULL};

int export_new(const struct export_options *o, struct export **out)
{
	struct export *x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	x->o = *o;
	x->rules_memory = ARENA(RULES_MEMORY);
	x->rule = calloc(EXPORT_RULES, sizeof(*x->rule));
	if (!x->rule) {
		export_free(x);
		return -ENOMEM;
	}
	*out = x;
	return 0;
}

void export_free(struct export *x)
{
	if (!x)
		return;
	arena_free(&x->rules_memory);
	free(x->rule);
	free(x);
}

void export_begin(struct export *x, struct buf *out)
{
	if (formats[x->o.format].begin)
		formats[x->o.format].begin(x, out);
}

int export_entry(struct export *x, uint64_t index, struct slice json, struct arena *arena, struct buf *out)
{
	struct export_item e = {.index = index, .json = json, .arena = arena};
	struct json *doc = NULL;
	if (!formats[x->o.format].raw) {
		int r = entry_read(json, arena, &e.f);
		if (r == -ENOMEM)
			return r;
		/* An entry that somebody else put there, and that is no object, has no fields. */
		if (r == 0 && json_parse(json, NULL, arena, &doc, NULL) == JSON_OK)
			e.doc = doc;
	}
	return formats[x->o.format].entry(x, &e, out);
}

void export_end(struct export *x, struct buf *out)
{
	if (formats[x->o.format].end)
		formats[x->o.format].end(x, out);
}
