/* What of a report is compared: a function for each section makes its rows. */
#include <stdio.h>

#include "vet/compare_part.h"

#define EACH(r, list, v)                                           \
	for (const struct json *v = (list)->child; v; v = v->next) \
		if (!(r)->why[0])

/* The part that names what is meant, without what only counts: "request 2.body.x[y#3].z" is "body.x[y].z". */
static const char *place_of(struct reading *r, const char *address)
{
	_cleanup_buf_ struct buf b = BUF(4096);
	struct slice s = slice_str(address);
	bool quoted = false;
	if (slice_starts(s, SLICE("request "))) {
		size_t dot = slice_chr(s, '.', 0), space = slice_chr(s, ' ', 8);
		size_t end = dot < space ? dot : space;
		s = end == SLICE_NPOS ? s : slice_from(s, end + 1);
	}
	for (size_t i = 0; i < s.n; i++) {
		quoted ^= s.p[i] == '"';
		size_t end = i + 1;
		while (!quoted && s.p[i] == '#' && end < s.n && s.p[end] >= '0' && s.p[end] <= '9')
			end++;
		if (end > i + 1)
			i = end - 1;
		else
			buf_u8(&b, s.p[i]);
	}
	return arena_str(r->arena, buf_slice(&b));
}

/* "POST https://a.example/x" gives a.example; what has no host is given whole. */
static struct slice host_of(const char *endpoint)
{
	struct slice s = slice_str(endpoint);
	size_t at = slice_find(s, SLICE("://"), 0);
	if (at != SLICE_NPOS) {
		s = slice_from(s, at + 3);
		return slice_sub(s, 0, slice_chr(s, '/', 0));
	}
	size_t space = slice_chr(s, ' ', 0);
	return space == SLICE_NPOS ? s : slice_from(s, space + 1);
}

static void hosts(struct reading *r, struct rows *to)
{
	const struct json *list = cmp_list(r, "hosts");
	if (!list)
		return;
	to->there = true;
	EACH(r, list, v)
	{
		bool declared = cmp_flag(r, v, "declared"), refused = cmp_flag(r, v, "refused");
		const char *text = arena_fmt(
		        r->arena, "%s%s", declared ? "declared" : "not declared", refused ? ", refuses the trial's authority" : "");
		rows_add(r, to, cmp_text(r, v, "name"), text, declared ? 1 : 2);
	}
}

static void endpoints(struct reading *r, struct rows *to)
{
	const struct json *list = cmp_list(r, "fields");
	if (!list)
		return;
	to->there = true;
	EACH(r, list, v) rows_add(r, to, cmp_text(r, v, "endpoint"), NULL, 1);
}

/* What is disclosed or undeclared is told by host, as the one field that stands for many is another one in every vetting. */
static void channels(struct reading *r, struct rows *to)
{
	const struct json *list = cmp_list(r, "findings");
	if (!list)
		return;
	to->there = true;
	EACH(r, list, v)
	{
		enum leak_class class = leak_class_parse(cmp_text(r, v, "class"));
		const char *factor = cmp_text(r, v, "factor"), *title = cmp_text(r, v, "factor_title"),
		           *endpoint = cmp_text(r, v, "endpoint");
		if (class == CLASS_END || class == CLASS_NONE) {
			(void)snprintf(r->why, sizeof(r->why), "a finding has a class that is none");
			return;
		}
		const char *name = *title ? title : factor, *place = place_of(r, cmp_text(r, v, "address"));
		const char *key = class >= CLASS_HASHED ? arena_fmt(r->arena, "%s → %s: %s", name, endpoint, place ? place : "")
		                                        : arena_fmt(r->arena, "%s → %.*s", name, SLICE_FMT(host_of(endpoint)));
		const char *text = class >= CLASS_HASHED ? arena_fmt(r->arena, "%s: %.80s → %.80s", leak_class_name(class),
		                                                   cmp_text(r, v, "before"), cmp_text(r, v, "after"))
		                                         : leak_class_name(class);
		rows_add_named(r, to, key, text, (int)class);
	}
}

static void fields(struct reading *r, struct rows *to)
{
	const struct json *list = cmp_list(r, "fields");
	if (!list)
		return;
	to->there = true;
	EACH(r, list, v)
	{
		const char *endpoint = cmp_text(r, v, "endpoint");
		const struct json *all = cmp_member(r, v, "fields", JSON_ARRAY);
		for (const struct json *f = all ? all->child : NULL; f && !r->why[0]; f = f->next) {
			const struct json *address = f->type == JSON_ARRAY ? f->child : NULL, *value = address ? address->next : NULL;
			if (!value || address->type != JSON_STRING || (value->type != JSON_STRING && value->type != JSON_NULL)) {
				(void)snprintf(r->why, sizeof(r->why), "a field is no pair of an address and a value");
				return;
			}
			struct slice a = json_text(address, r->arena),
			             t = value->type == JSON_STRING ? json_text(value, r->arena) : SLICE_NONE;
			const char *key = arena_fmt(r->arena, "%s: %.*s", endpoint, SLICE_FMT(slice_sub(a, 0, COMPARE_TEXT)));
			rows_add_named(
			        r, to, key, value->type == JSON_STRING ? arena_str(r->arena, slice_sub(t, 0, COMPARE_TEXT)) : NULL, 0);
		}
	}
}

/* The name of a package without its version: "@a/b@1.2.3" is "@a/b". */
static struct slice package_name(const char *s)
{
	struct slice all = slice_str(s);
	size_t at = slice_chr(all, '@', 1);
	return slice_sub(all, 0, at);
}

static const struct json *artefact(struct reading *r)
{
	const struct json *v = json_get(r->doc, "artefact");
	if (v && v->type != JSON_OBJECT && v->type != JSON_NULL)
		(void)snprintf(r->why, sizeof(r->why), "\"artefact\" is no object");
	return v && v->type == JSON_OBJECT ? v : NULL;
}

static void scripts(struct reading *r, struct rows *to)
{
	const struct json *a = artefact(r), *list = a ? cmp_member(r, a, "install_scripts", JSON_ARRAY) : NULL;
	if (!list)
		return;
	to->there = true;
	EACH(r, list, v)
	{
		const char *package = cmp_text(r, v, "package"), *name = cmp_text(r, v, "name");
		rows_add(r, to, arena_fmt(r->arena, "%s of %.*s", name, SLICE_FMT(package_name(package))), cmp_text(r, v, "command"), 1);
	}
}

static void packages(struct reading *r, struct rows *to)
{
	static const char *const lists[] = {"bundled", "packages"};
	const struct json *a = artefact(r);
	if (!a)
		return;
	to->there = true;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		const struct json *list = cmp_member(r, a, lists[i], JSON_ARRAY);
		for (const struct json *v = list ? list->child : NULL; v && !r->why[0]; v = v->next) {
			struct slice s = v->type == JSON_STRING ? json_text(v, r->arena) : SLICE_NONE;
			const char *text = s.p ? arena_str(r->arena, slice_sub(s, 0, COMPARE_TEXT)) : NULL;
			if (!text) {
				(void)snprintf(r->why, sizeof(r->why), "\"%s\" of \"artefact\" holds what is no text", lists[i]);
				return;
			}
			struct slice name = package_name(text);
			rows_add(r, to, arena_str(r->arena, name), text + name.n + (text[name.n] == '@'), 1);
		}
	}
}

static void natives(struct reading *r, struct rows *to)
{
	const struct json *a = artefact(r), *list = a ? cmp_member(r, a, "native_code", JSON_ARRAY) : NULL;
	if (!list)
		return;
	to->there = true;
	EACH(r, list, v)
	{
		struct slice s = v->type == JSON_STRING ? json_text(v, r->arena) : SLICE_NONE;
		if (!s.p)
			(void)snprintf(r->why, sizeof(r->why), "\"native_code\" holds what is no text");
		else
			rows_add(r, to, arena_str(r->arena, slice_sub(s, 0, COMPARE_TEXT)), NULL, 1);
	}
}

static void characters(struct reading *r, struct rows *to)
{
	const struct json *list = cmp_list(r, "anomalies");
	if (!list)
		return;
	to->there = true;
	EACH(r, list, v)
	{
		const char *key = arena_fmt(r->arena, "%s %s", cmp_text(r, v, "codepoint"), cmp_text(r, v, "name"));
		rows_add(r, to, key, arena_fmt(r->arena, "%s, %s", cmp_text(r, v, "endpoint"), cmp_text(r, v, "address")), 1);
	}
}

/* Lists that had to be decoded, by what they hold: their numbers and places change with every build. */
static void constants(struct reading *r, struct rows *to)
{
	const struct json *v = json_get(r->doc, "constants");
	const struct json *list = v && v->type == JSON_OBJECT ? cmp_member(r, v, "lists", JSON_ARRAY) : NULL;
	if (!list)
		return;
	to->there = true;
	EACH(r, list, l)
	{
		bool hidden = cmp_flag(r, l, "hidden");
		const struct json *members = cmp_member(r, l, "members", JSON_ARRAY);
		const char *encoding = cmp_text(r, l, "encoding");
		for (const struct json *m = members ? members->child : NULL; m && hidden; m = m->next) {
			struct slice s = m->type == JSON_STRING ? json_text(m, r->arena) : SLICE_NONE;
			if (!s.p) {
				(void)snprintf(r->why, sizeof(r->why), "a list of \"constants\" holds what is no text");
				return;
			}
			rows_add(r, to, arena_str(r->arena, slice_sub(s, 0, COMPARE_TEXT)), encoding, 1);
		}
	}
}

/* What the scan of the files found that is bad or suspicious: by rule and file, as lines change with every build. */
static void files(struct reading *r, struct rows *to)
{
	const struct json *v = json_get(r->doc, "scan");
	const struct json *list = v && v->type == JSON_OBJECT ? cmp_member(r, v, "files", JSON_ARRAY) : NULL;
	if (!list)
		return;
	to->there = true;
	EACH(r, list, f)
	{
		const struct json *found = cmp_member(r, f, "findings", JSON_ARRAY);
		for (const struct json *x = found ? found->child : NULL; x && !r->why[0]; x = x->next) {
			const char *verdict = cmp_text(r, x, "verdict");
			const char *key = arena_fmt(r->arena, "%s: %s", cmp_text(r, f, "path"), cmp_text(r, x, "title"));
			if (strcmp(verdict, "bad") == 0 || strcmp(verdict, "suspicious") == 0)
				rows_add(r, to, key, arena_fmt(r->arena, "%s: %s", verdict, cmp_text(r, x, "evidence")), 2);
		}
	}
}

/* Why the package that was vetted calls for a look, and the sum of that. */
static void score(struct reading *r, struct rows *to)
{
	const struct json *v = json_get(r->doc, "scan");
	const struct json *list = v && v->type == JSON_OBJECT ? cmp_member(r, v, "packages", JSON_ARRAY) : NULL;
	const struct json *s = list && list->child ? json_get(list->child, "score") : NULL;
	const struct json *reasons = s && s->type == JSON_OBJECT ? cmp_member(r, s, "reasons", JSON_ARRAY) : NULL;
	if (!reasons)
		return;
	to->there = true;
	rows_add(r, to, arena_fmt(r->arena, "%llu in all", (unsigned long long)cmp_count(r, s, "points")), NULL, 1);
	EACH(r, reasons, x)
	{
		const char *key =
		        arena_fmt(r->arena, "%llu for: %s", (unsigned long long)cmp_count(r, x, "points"), cmp_text(r, x, "title"));
		rows_add(r, to, key, cmp_text(r, x, "evidence"), 1);
	}
}

/* What trials of conduct saw. What could not be looked for is neither there nor gone. */
static void conduct(struct reading *r, struct rows *to)
{
	const struct json *v = json_get(r->doc, "conduct");
	const struct json *list = v && v->type == JSON_OBJECT ? cmp_member(r, v, "facts", JSON_ARRAY) : NULL;
	if (!list)
		return;
	to->there = true;
	EACH(r, list, f)
	{
		const char *about = cmp_text(r, f, "about");
		bool seen = strcmp(cmp_text(r, f, "state"), "observed") == 0;
		const char *key = arena_fmt(r->arena, "%s%s%s", cmp_text(r, f, "title"), *about ? ", " : "", about);
		if (seen)
			rows_add(r, to, key, cmp_text(r, f, "text"), cmp_flag(r, f, "concern") ? 2 : 1);
	}
}

static void answers(struct reading *r, struct rows *to)
{
	const struct json *list = cmp_list(r, "questionnaire");
	if (!list || list->n == 0)
		return;
	to->there = true;
	EACH(r, list, v)
	{
		bool concern = cmp_flag(r, v, "concern"), known = strcmp(cmp_text(r, v, "state"), "answered") == 0;
		const char *key =
		        arena_fmt(r->arena, "%2llu  %s", (unsigned long long)cmp_count(r, v, "number"), cmp_text(r, v, "question"));
		rows_add(r, to, key, cmp_text(r, v, "answer"), concern ? 2 : known ? 1 : 0);
	}
}

const struct compare_kind_of compare_kinds[] = {
        {"channels", "What is sent depends on", channels, .alarming = true, .by_class = true},
        {"hosts", "Hosts", hosts, .alarming = true, .by_text = true},
        {"endpoints", "Endpoints", endpoints, .alarming = true},
        {"conduct", "What else it does", conduct, .alarming = true},
        {"constants", "Constants that were hidden", constants, .alarming = true},
        {"files", "What is bad or suspicious in its files", files, .alarming = true},
        {"score", "Points of the package's score", score, .alarming = false},
        {"scripts", "Install scripts", scripts, .alarming = true, .by_text = true},
        {"packages", "Packages inside", packages, .by_text = true},
        {"native", "Native code", natives, .alarming = false},
        {"characters", "Characters that a reader does not see or takes for others", characters, .alarming = true},
        {"questionnaire", "Answers of the questionnaire", answers, .alarming = false},
        {"fields", "Fields", fields, .by_text = true},
};
const size_t n_compare_kinds = ARRAY_LEN(compare_kinds);
