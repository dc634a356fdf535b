/* CycloneDX 1.6 (ECMA-424), JSON, of packages: the package, what lies inside of it, and what it declares, with what depends on what. What
 * it has no place for stands in properties named postern:…. */
#include <stdio.h>
#include <time.h>

#include "base/encode.h"
#include "report/posture.h"
#include "report/write.h"

#define URL_MAX 4096u

void posture_purl(struct buf *out, enum posture_form form, const char *name, const char *version)
{
	struct slice rest = slice_str(name), part;
	bool python = form == POSTURE_WHEEL || form == POSTURE_SDIST;
	if (form == POSTURE_NONE || form == POSTURE_VSIX || form == POSTURE_EXECUTABLE || !name[0])
		return;
	buf_fmt(out, "pkg:%s", python ? "pypi" : "npm");
	while (slice_split(&rest, '/', &part)) {
		_cleanup_buf_ struct buf low = BUF(URL_MAX);
		/* Python's names are one in lower case, with "-" for "_". */
		for (size_t i = 0; i < part.n; i++) {
			uint8_t c = part.p[i];
			buf_u8(&low, python && c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : python && c == '_' ? '-' : c);
		}
		buf_u8(out, '/');
		encode_percent(out, buf_slice(&low));
	}
	if (version[0]) {
		buf_u8(out, '@');
		encode_percent(out, slice_str(version));
	}
}

struct bom {
	struct buf *out;
	const struct posture *p; /* the package that is written now */
	size_t at;               /* its number */
	const char *before;      /* what stands before the next component */
};

static void member(struct bom *b, const char *key, const char *value)
{
	if (!value || !value[0])
		return;
	buf_fmt(b->out, ", \"%s\": ", key);
	write_json(b->out, value);
}

static void licence(struct bom *b, const char *declared)
{
	if (!declared[0])
		return;
	/* As it is declared: whether it is one of SPDX nobody has checked. */
	buf_str_add(b->out, ", \"licenses\": [{\"license\": {\"name\": ");
	write_json(b->out, declared);
	buf_str_add(b->out, ", \"acknowledgement\": \"declared\"}}]");
}

static void identity(struct bom *b, enum posture_form form, const char *name, const char *version)
{
	_cleanup_buf_ struct buf url = BUF(URL_MAX);
	struct slice whole = slice_str(name);
	size_t slash = form == POSTURE_NPM && whole.n && whole.p[0] == '@' ? slice_chr(whole, '/', 0) : SLICE_NPOS;
	_cleanup_buf_ struct buf group = BUF(URL_MAX);
	if (slash != SLICE_NPOS)
		buf_add(&group, slice_sub(whole, 0, slash));
	member(b, "group", buf_str(&group));
	buf_str_add(b->out, ", \"name\": ");
	write_json(b->out, slash == SLICE_NPOS ? name[0] ? name : "package" : name + slash + 1);
	member(b, "version", version);
	posture_purl(&url, form, name, version);
	member(b, "purl", buf_str(&url));
}

static void property(struct bom *b, const char **before, const char *name, const char *value)
{
	buf_fmt(b->out, "%s{\"name\": \"postern:%s\", \"value\": ", *before, name);
	write_json(b->out, value);
	buf_u8(b->out, '}');
	*before = ", ";
}

/* What it can do, in short. */
static void properties(struct bom *b)
{
	const char *before = "";
	buf_str_add(b->out, ", \"properties\": [");
	property(b, &before, "form", posture_form_word(b->p->form));
	property(b, &before, "path", b->p->path);
	for (size_t i = 0; i < b->p->n; i++) {
		const struct posture_use *u = &b->p->use[i];
		char name[64];
		if (u->kind >= POSTURE_USES)
			continue;
		(void)snprintf(name, sizeof(name), "%s", posture_use_names[u->kind]);
		_cleanup_buf_ struct buf value = BUF(URL_MAX);
		buf_fmt(&value, "%s%s%s", u->name, u->text[0] ? ": " : "", u->text);
		property(b, &before, name, buf_str(&value));
	}
	buf_u8(b->out, ']');
}

static void hashes(struct bom *b)
{
	const char *before = ", \"hashes\": [";
	const struct {
		const char *alg, *hex;
	} all[] = {{"SHA-256", b->p->sha256}, {"SHA-512", b->p->sha512}};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (all[i].hex) {
			buf_fmt(b->out, "%s{\"alg\": \"%s\", \"content\": \"%s\"}", before, all[i].alg, all[i].hex);
			before = ", ";
		}
	buf_str_add(b->out, before[0] == ',' && before[1] == ' ' && before[2] == 0 ? "]" : "");
}

static void package(struct bom *b)
{
	size_t n;
	const struct posture_use *who = posture_of(b->p, POSTURE_MAINTAINER, &n);
	buf_fmt(b->out, "{\"type\": \"%s\", \"bom-ref\": \"package-%zu\"",
	        b->p->form == POSTURE_VSIX || b->p->form == POSTURE_EXECUTABLE ? "application" : "library", b->at);
	identity(b, b->p->form, b->p->name, b->p->version);
	for (size_t i = 0; i < n; i++) {
		buf_str_add(b->out, i ? ", {\"name\": " : ", \"authors\": [{\"name\": ");
		write_json(b->out, who[i].name);
		buf_u8(b->out, '}');
	}
	buf_str_add(b->out, n ? "]" : "");
	hashes(b);
	licence(b, b->p->licence);
	properties(b);
	buf_u8(b->out, '}');
}

/* What lies inside, where it lies; then what is only declared, as far as it is not there. */
static bool lies_inside(const struct posture *p, const char *name)
{
	for (size_t i = 0; i < p->parts; i++)
		if (strcmp(p->part[i].name, name) == 0)
			return true;
	return false;
}

static void components(struct bom *b)
{
	size_t n;
	const struct posture_use *u = posture_of(b->p, POSTURE_DEPENDENCY, &n);
	for (size_t i = 0; i < b->p->parts; i++) {
		const struct posture_part *x = &b->p->part[i];
		buf_fmt(b->out, "%s{\"type\": \"library\", \"bom-ref\": \"inside-%zu-%zu\"", b->before, b->at, i);
		identity(b, x->form, x->name, x->version);
		licence(b, x->licence);
		buf_str_add(b->out, ", \"evidence\": {\"occurrences\": [{\"location\": ");
		write_json(b->out, x->folder);
		buf_str_add(b->out, "}]}}");
		b->before = ",\n    ";
	}
	for (size_t i = 0; i < n; i++) {
		if (lies_inside(b->p, u[i].name))
			continue;
		bool optional = u[i].count == POSTURE_OPTIONAL + 1u;
		buf_fmt(b->out, "%s{\"type\": \"library\", \"bom-ref\": \"declared-%zu-%zu\"", b->before, b->at, i);
		identity(b, b->p->form == POSTURE_VSIX ? POSTURE_NPM : b->p->form, u[i].name, "");
		buf_fmt(b->out, ", \"scope\": \"%s\", \"properties\": [", optional ? "optional" : "required");
		const char *before = "";
		property(b, &before, "declared", u[i].text[0] ? u[i].text : "*");
		property(b, &before, "scope", posture_scope_word((enum posture_scope)(u[i].count ? u[i].count - 1 : 0)));
		buf_str_add(b->out, "]}");
		b->before = ",\n    ";
	}
}

static void depends(struct bom *b)
{
	size_t n;
	const struct posture_use *u = posture_of(b->p, POSTURE_DEPENDENCY, &n);
	const char *before = "";
	buf_fmt(b->out, "%s{\"ref\": \"package-%zu\", \"dependsOn\": [", b->before, b->at);
	for (size_t i = 0; i < b->p->parts; i++) {
		buf_fmt(b->out, "%s\"inside-%zu-%zu\"", before, b->at, i);
		before = ", ";
	}
	for (size_t i = 0; i < n; i++)
		if (!lies_inside(b->p, u[i].name)) {
			buf_fmt(b->out, "%s\"declared-%zu-%zu\"", before, b->at, i);
			before = ", ";
		}
	buf_str_add(b->out, "]}");
	b->before = ",\n    ";
}

void posture_cyclonedx(struct buf *out, const struct posture *p, size_t n, const struct posture_about *about)
{
	time_t seconds = (time_t)(about->time / 1000);
	struct tm t = {.tm_year = 70};
	struct bom b = {.out = out, .before = "\n    "};
	(void)gmtime_r(&seconds, &t);
	buf_fmt(out,
	        "{\n  \"$schema\": \"http://cyclonedx.org/schema/bom-1.6.schema.json\",\n  \"bomFormat\": \"CycloneDX\",\n  "
	        "\"specVersion\": "
	        "\"1.6\",\n  \"serialNumber\": \"urn:uuid:%s\",\n  \"version\": 1,\n  \"metadata\": {\"timestamp\": "
	        "\"%04d-%02d-%02dT%02d:%02d:%02dZ\", \"tools\": {\"components\": [{\"type\": \"application\", \"name\": \"postern\", "
	        "\"version\": ",
	        about->serial, t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
	write_json(out, POSTERN_VERSION);
	buf_str_add(out, "}]}");
	if (n == 1) {
		b.p = &p[0];
		buf_str_add(out, ", \"component\": ");
		package(&b);
	}
	buf_str_add(out, "},\n  \"components\": [");
	for (b.at = 0; b.at < n; b.at++) {
		b.p = &p[b.at];
		if (n > 1) {
			buf_str_add(out, b.before);
			package(&b);
			b.before = ",\n    ";
		}
		components(&b);
	}
	buf_str_add(out, "],\n  \"dependencies\": [");
	b.before = "\n    ";
	for (b.at = 0; b.at < n; b.at++) {
		b.p = &p[b.at];
		depends(&b);
	}
	buf_str_add(out, "]\n}\n");
}
