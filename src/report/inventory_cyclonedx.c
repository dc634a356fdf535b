/* CycloneDX 1.6 (ECMA-424, first edition), JSON: programs, extensions and models as components, MCP and model servers as services. What it
 * has no place for stands in properties named postern:…. */
#include <ctype.h>
#include <stdio.h>
#include <time.h>

#include "base/encode.h"
#include "report/inventory.h"
#include "report/write.h"

static void property(struct buf *out, bool *first, const char *name, const char *value)
{
	if (!value[0])
		return;
	buf_fmt(out, "%s{\"name\": \"postern:%s\", \"value\": ", *first ? "" : ", ", name);
	write_json(out, value);
	buf_u8(out, '}');
	*first = false;
}

static void properties(struct buf *out, const struct inventory_finding *f)
{
	bool first = true;
	buf_str_add(out, ", \"properties\": [");
	property(out, &first, "kind", inventory_kind_names[f->kind]);
	property(out, &first, "tool", f->tool);
	property(out, &first, "path", f->path);
	property(out, &first, "person", f->person);
	property(out, &first, "owner", f->owner);
	property(out, &first, "scope", inventory_scope_names[f->scope]);
	property(out, &first, "container", f->container);
	property(out, &first, "by", inventory_by_names[f->by]);
	property(out, &first, "confidence", inventory_sure_names[f->sure]);
	for (const struct inventory_fact *x = f->facts; x; x = x->next) {
		char name[80];
		size_t n = 0;
		for (const char *c = x->name; *c && n + 1 < sizeof(name); c++)
			name[n++] = *c == ' ' ? '-' : *c;
		name[n] = 0;
		property(out, &first, name, x->value);
	}
	for (const struct inventory_risk *r = f->risks; r; r = r->next) {
		_cleanup_buf_ struct buf text = BUF(1024);
		buf_fmt(&text, "%s%s%.400s", catalogue_risks[r->id].name, r->detail[0] ? ": " : "", r->detail);
		property(out, &first, "risk", buf_str(&text));
	}
	buf_u8(out, ']');
}

/* A package URL (ECMA-427) for the kinds of packages that have a type. */
static void package_url(struct buf *out, const struct inventory_finding *f)
{
	static const struct {
		struct slice prefix;
		const char *type;
	} types[] = {{SLICE_INIT("npm:"), "npm"}, {SLICE_INIT("pypi:"), "pypi"}, {SLICE_INIT("cargo:"), "cargo"},
	        {SLICE_INIT("deb:"), "deb/debian"}};
	struct slice package = slice_str(f->package), part;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (!slice_starts(package, types[i].prefix))
			continue;
		_cleanup_buf_ struct buf url = BUF(4096);
		struct slice rest = slice_from(package, types[i].prefix.n);
		buf_fmt(&url, "pkg:%s", types[i].type);
		while (slice_split(&rest, '/', &part)) {
			buf_u8(&url, '/');
			encode_percent(&url, part);
		}
		if (f->version[0]) {
			buf_u8(&url, '@');
			encode_percent(&url, slice_str(f->version));
		}
		buf_str_add(out, ", \"purl\": ");
		write_json(out, buf_str(&url));
		return;
	}
}

/* Its name in the document, which must be its own: the same server may stand twice in a file, for two projects. Those stand together. */
static void reference(struct buf *out, const struct inventory *inv, size_t at)
{
	const struct inventory_finding *f = inv->finding[at];
	char uid[33], other[33];
	size_t same = 0;
	inventory_uid(f, uid);
	for (size_t i = at; i-- > 0 && inv->finding[i]->kind == f->kind && strcmp(inv->finding[i]->path, f->path) == 0 &&
	                    strcmp(inv->finding[i]->name, f->name) == 0;) {
		inventory_uid(inv->finding[i], other);
		same += strcmp(uid, other) == 0;
	}
	buf_fmt(out, same ? "\"bom-ref\": \"%s-%zu\"" : "\"bom-ref\": \"%s\"", uid, same + 1);
}

static void component(struct buf *out, const struct inventory *inv, size_t at)
{
	const struct inventory_finding *f = inv->finding[at];
	static const double sure[] = {0.3, 0.7, 1.0};
	static const char *const technique[] = {"filename", "manifest-analysis", "binary-analysis"};
	buf_fmt(out, "\n    {\"type\": \"%s\", ", f->kind == INVENTORY_MODEL ? "machine-learning-model" : "application");
	reference(out, inv, at);
	buf_str_add(out, ", \"name\": ");
	write_json(out, f->kind == INVENTORY_MODEL && f->name[0] ? f->name : inventory_title(f));
	if (f->version[0]) {
		buf_str_add(out, ", \"version\": ");
		write_json(out, f->version);
	}
	if (f->publisher[0]) {
		buf_str_add(out, ", \"publisher\": ");
		write_json(out, f->publisher);
	}
	package_url(out, f);
	buf_fmt(out,
	        ", \"evidence\": {\"identity\": [{\"field\": \"name\", \"confidence\": %.1f, \"methods\": [{\"technique\": \"%s\", "
	        "\"confidence\": %.1f}]}]",
	        sure[f->sure], technique[f->by], sure[f->sure]);
	if (f->path[0]) {
		buf_str_add(out, ", \"occurrences\": [{\"location\": ");
		write_json(out, f->path);
		buf_str_add(out, "}]");
	}
	buf_u8(out, '}');
	properties(out, f);
	buf_u8(out, '}');
}

/* The schema wants references by RFC 3986, so only what has no other characters is one. */
static bool is_reference(const char *s)
{
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("-._~:/?#@!$&'()*+,;=%", *s))
			return false;
	return true;
}

static void service(struct buf *out, const struct inventory *inv, size_t at)
{
	const struct inventory_finding *f = inv->finding[at];
	const char *url = inventory_fact(f, "url");
	buf_str_add(out, "\n    {");
	reference(out, inv, at);
	buf_str_add(out, ", \"name\": ");
	write_json(out, f->name[0] ? f->name : inventory_title(f));
	if (url && is_reference(url)) {
		buf_str_add(out, ", \"endpoints\": [");
		write_json(out, url);
		buf_u8(out, ']');
	}
	properties(out, f);
	buf_u8(out, '}');
}

static bool is_component(const struct inventory_finding *f)
{
	return f->kind == INVENTORY_PROGRAM || f->kind == INVENTORY_EXTENSION || f->kind == INVENTORY_MODEL;
}

static bool is_service(const struct inventory_finding *f)
{
	return f->kind == INVENTORY_MCP_SERVER || f->kind == INVENTORY_MODEL_SERVER;
}

void inventory_cyclonedx(struct buf *out, const struct inventory *inv, const struct inventory_about *about)
{
	time_t seconds = (time_t)(about->time / 1000);
	struct tm t = {.tm_year = 70};
	size_t n = 0;
	(void)gmtime_r(&seconds, &t);
	buf_fmt(out,
	        "{\n  \"bomFormat\": \"CycloneDX\",\n  \"specVersion\": \"1.6\",\n  \"serialNumber\": \"urn:uuid:%s\",\n  \"version\": 1,\n"
	        "  \"metadata\": {\"timestamp\": \"%04d-%02d-%02dT%02d:%02d:%02dZ\", \"tools\": {\"components\": [{\"type\": "
	        "\"application\", \"name\": \"postern\", "
	        "\"version\": ",
	        about->serial, t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
	write_json(out, POSTERN_VERSION);
	buf_str_add(out, "}]}, \"component\": {\"type\": \"device\", \"bom-ref\": \"host\", \"name\": ");
	write_json(out, about->host[0] ? about->host : "host");
	buf_str_add(out, "}},\n  \"components\": [");
	for (size_t i = 0; i < inv->n; i++)
		if (is_component(inv->finding[i])) {
			buf_str_add(out, n++ ? "," : "");
			component(out, inv, i);
		}
	buf_str_add(out, "],\n  \"services\": [");
	n = 0;
	for (size_t i = 0; i < inv->n; i++)
		if (is_service(inv->finding[i])) {
			buf_str_add(out, n++ ? "," : "");
			service(out, inv, i);
		}
	buf_str_add(out, "]\n}\n");
}
