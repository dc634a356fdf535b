/* What a package says of itself. */
#include <ctype.h>
#include <stdio.h>

#include "identify/identify_part.h"
#include "parse/json.h"

#define DEPTH_MAX 64
#define NODES_MAX 100000

static bool put(char *to, size_t room, const char *kind, struct slice s)
{
	size_t n = strlen(kind);
	if (!s.n || s.n + n >= room)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= 0x20 || s.p[i] >= 0x7f)
			return false;
	memcpy(to, kind, n);
	memcpy(to + n, s.p, s.n);
	to[n + s.n] = 0;
	return true;
}

static struct slice member(const struct json *doc, const char *key, struct arena *arena)
{
	const struct json *v = json_get(doc, key);
	return v && v->type == JSON_STRING ? json_text(v, arena) : SLICE_NONE;
}

/* Packages for one platform have its name behind the version, if they share a name: 0.99.0-linux-x64. */
static struct slice plain_version(struct slice v)
{
	static const char *const systems[] = {"-linux-", "-linuxmusl-", "-darwin-", "-win32-"};
	for (size_t i = 0; i < ARRAY_LEN(systems); i++) {
		size_t at = slice_find(v, slice_str(systems[i]), 0);
		if (at != SLICE_NPOS && at > 0)
			return slice_sub(v, 0, at);
	}
	return v;
}

/* npm's, and that of extensions for editors of the VS Code family, which have a publisher and name the editor's version. */
static bool read_json(struct slice text, struct metadata *out)
{
	_cleanup_arena_ struct arena a = ARENA((size_t)16 << 20);
	const struct json_limits limits = {DEPTH_MAX, NODES_MAX};
	struct json *doc = NULL;
	struct metadata m = {0};
	if (json_parse(text, &limits, &a, &doc, NULL) != JSON_OK)
		return false;
	struct slice name = member(doc, "name", &a), publisher = member(doc, "publisher", &a);
	const struct json *engines = json_get(doc, "engines");
	if (publisher.n && engines && json_get(engines, "vscode")) {
		char both[128];
		int n = snprintf(both, sizeof(both), "%.*s.%.*s", SLICE_FMT(publisher), SLICE_FMT(name));
		for (int i = 0; i < n && i < (int)sizeof(both); i++)
			both[i] = (char)tolower((unsigned char)both[i]);
		if (n <= 0 || n >= (int)sizeof(both) || !put(m.package, sizeof(m.package), "vscode:", slice_str(both)))
			return false;
	} else if (!put(m.package, sizeof(m.package), "npm:", name)) {
		return false;
	}
	(void)put(m.version, sizeof(m.version), "", plain_version(member(doc, "version", &a)));
	*out = m;
	return true;
}

/* Python's (PEP 566): headers as of mail. Names are compared without case, and with runs of - _ . as one - (PEP 503). */
static bool read_headers(struct slice text, struct metadata *out)
{
	struct metadata m = {0};
	struct slice line;
	while (slice_split(&text, '\n', &line)) {
		line = slice_trim(line);
		if (!line.n)
			break;
		size_t colon = slice_chr(line, ':', 0);
		if (colon == SLICE_NPOS)
			continue;
		struct slice key = slice_sub(line, 0, colon), value = slice_trim(slice_from(line, colon + 1));
		if (slice_eq_nocase(key, SLICE("Name")) && value.n < 100) {
			uint8_t name[100];
			size_t n = 0;
			for (size_t i = 0; i < value.n; i++) {
				uint8_t c = value.p[i] == '_' || value.p[i] == '.' ? '-' : (uint8_t)tolower(value.p[i]);
				if (c != '-' || (n && name[n - 1] != '-'))
					name[n++] = c;
			}
			(void)put(m.package, sizeof(m.package), "pypi:", slice_of(name, n));
		} else if (slice_eq_nocase(key, SLICE("Version"))) {
			(void)put(m.version, sizeof(m.version), "", value);
		}
	}
	if (!m.package[0])
		return false;
	*out = m;
	return true;
}

static const struct {
	const char *name;
	bool (*read)(struct slice text, struct metadata *out);
} kinds[] = {
        {"package.json", read_json},
        {"METADATA", read_headers},
        {"PKG-INFO", read_headers},
};

bool metadata_is(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (slice_is(name, kinds[i].name))
			return true;
	return false;
}

bool metadata_read(struct slice name, struct slice text, struct metadata *out)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (slice_is(name, kinds[i].name))
			return text.n <= METADATA_MAX && kinds[i].read(text, out);
	return false;
}
