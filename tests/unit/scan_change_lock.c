/* A lock file that a change made worse: it takes what the manifest beside it does not ask for, or other bytes under the same version.
 * Beside each attack is what an honest change has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "inspect/scan.h"

struct seen {
	struct scan_rule_set rules;
	uint32_t n;
	char evidence[SCAN_EVIDENCE_MAX];
};

static void on_found(void *arg, const struct scan_finding *f)
{
	struct seen *s = arg;
	if (f->rule != SCAN_RULE_CHANGE_LOCK_MANIFEST && f->rule != SCAN_RULE_CHANGE_LOCK_DIGEST && f->rule != SCAN_RULE_CHANGE_LOCK_ASKS)
		return;
	scan_rule_add(&s->rules, f->rule);
	s->n++;
	memcpy(s->evidence, f->evidence, sizeof(s->evidence));
}

static struct seen changed(const char *name, const char *manifest, const char *before, const char *after)
{
	const struct scan_options o = {.subjects = SCAN_CHANGES, .limits = scan_limits_default()};
	struct slice old = slice_str(before), beside = slice_str(manifest);
	const struct scan_around around = {.before = before ? &old : NULL, .manifest = manifest ? &beside : NULL};
	struct scan_summary sum;
	struct seen s = {0};
	assert_int_equal(scan_changed(slice_str(after), &around, name, &o, &(struct scan_told){.found = on_found, .arg = &s}, &sum), 0);
	return s;
}

struct row {
	const char *name, *manifest, *before, *after;
	const char *says; /* the evidence, behind "~" of a note; NULL: nothing is told */
};

static void check(const struct row *row, size_t n, uint32_t rule)
{
	for (size_t i = 0; i < n; i++) {
		struct seen s = changed(row[i].name, row[i].manifest, row[i].before, row[i].after);
		const char *says = row[i].says;
		bool note = says && says[0] == '~';
		bool right = says ? s.n == 1 && scan_rule_in(&s.rules, note ? (uint32_t)SCAN_RULE_CHANGE_LOCK_ASKS : rule) &&
		                             strstr(s.evidence, says + note)
		                  : s.n == 0;
		if (!right)
			fail_msg("%s, row %zu: %u told, \"%s\": %s", row[i].name, i, s.n, s.evidence, row[i].after);
		/* Without a manifest there is nothing to compare with, and what was there is not new. */
		if (rule == SCAN_RULE_CHANGE_LOCK_MANIFEST && changed(row[i].name, NULL, row[i].before, row[i].after).n)
			fail_msg("%s, row %zu: told without a manifest", row[i].name, i);
		if (changed(row[i].name, row[i].manifest, row[i].after, row[i].after).n)
			fail_msg("%s, row %zu: told of what was there", row[i].name, i);
	}
}

#define LOCK(root, rest)         "{\"lockfileVersion\": 3, \"packages\": {\"\": {\"dependencies\": {" root "}}" rest "}}"
#define AT(path, version, more)  ", \"node_modules/" path "\": {\"version\": \"" version "\"" more "}"
#define FROM(name, version)      ", \"resolved\": \"https://r.example/" name "/-/" name "-" version ".tgz\", \"integrity\": \"sha512-x\""
#define ASKS(dependencies, more) "{\"dependencies\": {" dependencies "}" more "}"

static void npm_locks_what_is_asked_for(void **state)
{
	static const char was[] = LOCK("\"a\": \"^1.2.0\"", AT("a", "1.2.0", ""));
	static const struct row rows[] = {
	        {"package-lock.json", ASKS("\"a\": \"^1.2.0\"", ""), was, LOCK("\"a\": \"^1.2.0\"", AT("a", "1.9.0", "")), NULL},
	        {"package-lock.json", ASKS("\"a\": \"^1.2.0\"", ""), was, LOCK("\"a\": \"^1.2.0\"", AT("a", "2.0.0", "")),
	                "a 2.0.0: the manifest asks for ^1.2.0"},
	        {"npm-shrinkwrap.json", ASKS("\"a\": \"^1.2.0\"", ""), was, LOCK("\"a\": \"^1.2.0\"", AT("a", "1.1.0", "")), "a 1.1.0"},
	        /* Names and ranges. */
	        {"package-lock.json", ASKS("\"a\": \"^1.2.0\"", ""), was,
	                LOCK("\"a\": \"^1.2.0\", \"evil\": \"1\"", AT("a", "1.2.0", "") AT("evil", "1.0.0", "")),
	                "~evil 1: the manifest does not ask for it"},
	        {"package-lock.json", ASKS("\"a\": \"^1.2.0\"", ""), was, LOCK("\"a\": \">=1\"", AT("a", "1.2.0", "")),
	                "~a >=1: the manifest asks for ^1.2.0"},
	        {"package-lock.json", ASKS("\"a\": \"^1.2.0\"", ""), was, LOCK("\"a\": \"x/evil\"", AT("a", "1.2.0", "")), "~a x/evil"},
	        {"package-lock.json", ASKS("\"a\": \"^1.2.0\", \"b\": \"1\"", ""), was,
	                LOCK("\"a\": \"^1.2.0\", \"b\": \"1\"", AT("a", "1.2.0", "") AT("b", "1.0.0", "")), NULL},
	        {"package-lock.json", "{\"devDependencies\": {\"a\": \"^1.2.0\", \"b\": \"x || 2\"}}", was,
	                LOCK("\"a\": \"^1.2.0\", \"b\": \"x || 2\"", AT("a", "1.2.0", "") AT("b", "3.0.0", "")), NULL},
	        /* What the manifest lost is not what the lock file was given. */
	        {"package-lock.json", ASKS("\"b\": \"1\"", ""), was,
	                LOCK("\"a\": \"^1.2.0\", \"b\": \"1\"", AT("a", "1.2.0", "") AT("b", "1.0.0", "")), NULL},
	        /* What is no range of versions, what is overridden, peers, nested ones and links. */
	        {"package-lock.json", ASKS("\"a\": \"git+https://h.example/a\"", ""), was,
	                LOCK("\"a\": \"git+ssh://h.example/a\"", AT("a", "9.0.0", "")), NULL},
	        {"package-lock.json", ASKS("\"a\": \"latest\"", ""), was, LOCK("\"a\": \"latest\"", AT("a", "9.0.0", "")), NULL},
	        {"package-lock.json", ASKS("\"a\": \"^1.2.0\"", ", \"overrides\": {\"b\": {\"a@^1\": \"2\"}}"), was,
	                LOCK("\"a\": \"^1.2.0\"", AT("a", "2.0.0", "")), NULL},
	        {"package-lock.json", "{\"peerDependencies\": {\"a\": \"^1.2.0\"}}", was, LOCK("\"a\": \"^1.2.0\"", AT("a", "2.0.0", "")),
	                NULL},
	        {"package-lock.json", ASKS("\"a\": \"^1.2.0\"", ""), was,
	                LOCK("\"a\": \"^1.2.0\"", AT("a", "1.2.0", "") AT("b/node_modules/a", "7.0.0", "")), NULL},
	        {"package-lock.json", ASKS("\"a\": \"^1.2.0\"", ""), was, LOCK("\"a\": \"^1.2.0\"", AT("a", "7.0.0", ", \"link\": true")),
	                NULL},
	        {"package-lock.json", ASKS("\"a\": \"^1.2.0\"", ""), was, LOCK("\"a\": \"^1.2.0\"", AT("a", "1.3.0-rc.1", "")), NULL},
	        /* Other names. */
	        {"package-lock.json", ASKS("\"a\": \"^1.2.0\"", ""), was,
	                LOCK("\"a\": \"^1.2.0\"", AT("a", "1.2.0", ", \"name\": \"evil\"" FROM("evil", "1.2.0"))),
	                "a evil: nothing asks for it under that name"},
	        {"package-lock.json", ASKS("\"a\": \"npm:b@^1\"", ""), was,
	                LOCK("\"a\": \"npm:b@^1\"", AT("a", "1.2.0", ", \"name\": \"b\"" FROM("b", "1.2.0"))), NULL},
	        {"package-lock.json", ASKS("\"a\": \"npm:b@^1\"", ""), was,
	                LOCK("\"a\": \"npm:b@^1\"", AT("a", "2.2.0", ", \"name\": \"b\"" FROM("b", "2.2.0"))), "a 2.2.0"},
	        {"package-lock.json", ASKS("\"a\": \"^1.2.0\"", ""), was,
	                LOCK("\"a\": \"^1.2.0\"", AT("a", "1.2.0", ", \"dependencies\": {\"c\": \"npm:d@1\"}")
	                                                  AT("c", "1.0.0", ", \"name\": \"d\"" FROM("d", "1"))),
	                NULL},
	        {"package-lock.json", ASKS("\"a\": \"^1.2.0\"", ", \"overrides\": {\"c\": \"npm:d@1\"}"), was,
	                LOCK("\"a\": \"^1.2.0\"", AT("a", "1.2.0", "") AT("c", "1.0.0", ", \"name\": \"d\"" FROM("d", "1"))), NULL},
	        /* A manifest that cannot be read. */
	        {"package-lock.json", "{\"dependencies\": [", was, LOCK("\"evil\": \"1\"", AT("evil", "2.0.0", "")), NULL},
	        {"test/fixtures/package-lock.json", "{}", was, LOCK("\"evil\": \"1\"", AT("evil", "2.0.0", "")), NULL},
	};
	(void)state;
	check(rows, ARRAY_LEN(rows), SCAN_RULE_CHANGE_LOCK_MANIFEST);
}

static void others_lock_what_is_asked_for(void **state)
{
#define YARN(head, version) head ":\n  version \"" version "\"\n  resolved \"https://r.example/a/-/a-" version ".tgz#0\"\n\n"
#define BERRY(needs, head, is)                                                                                              \
	"__metadata:\n  version: 8\n  cacheKey: 10c0\n\n\"own@workspace:.\":\n  version: 0.0.0-use.local\n"                 \
	"  resolution: \"own@workspace:.\"\n  dependencies:\n" needs "  languageName: unknown\n  linkType: soft\n\n\"" head \
	"\":\n  version: 1.0.0\n  resolution: \"" is "\"\n  checksum: 10c0/1\n"
#define PNPM(spec, version)        "importers:\n  .:\n    dependencies:\n      a:\n        specifier: " spec "\n        version: " version "\n"
#define CRATE(name, version, more) "[[package]]\nname = \"" name "\"\nversion = \"" version "\"\n" more
#define OWN(needs)                 CRATE("own", "0.1.0", "dependencies = [" needs "]\n\n")
#define INDEX                      "source = \"registry+https://h.example/index\"\nchecksum = \"ab\"\n\n"
#define MANIFEST(needs)            "[package]\nname = \"own\"\n[dependencies]\n" needs
#define VENDOR(name, needs)        "{\"name\": \"" name "\", \"version\": \"1.0.0\", \"require\": {" needs "}}"
#define UV(needs)                  "[[package]]\nname = \"own\"\nsource = {editable = \".\"}\ndependencies = [" needs "]\n"
#define PROJECT(needs)             "[project]\nname = \"own\"\ndependencies = [" needs "]\n"
	static const struct row rows[] = {
	        {"yarn.lock", ASKS("\"a\": \"^1.0.0\"", ""), "", YARN("a@^1.0.0, \"a@>= 1 < 3\"", "1.5.0"), NULL},
	        {"yarn.lock", ASKS("\"a\": \"^1.0.0\"", ""), "", YARN("a@^1.0.0", "6.6.6"), "a 6.6.6: what is locked there is ^1.0.0"},
	        {"yarn.lock", ASKS("\"a\": \"^1.0.0\"", ""), "", YARN("\"@b/a@^1.0.0\"", "6.6.6"), "@b/a 6.6.6"},
	        {"yarn.lock", ASKS("\"a\": \"^1.0.0\"", ", \"resolutions\": {\"**/@b/a\": \"6\"}"), "", YARN("\"@b/a@^1.0.0\"", "6.6.6"),
	                NULL},
	        {"yarn.lock", ASKS("\"a\": \"^1.0.0\"", ""), "", YARN("\"c@npm:a@^1.0.0\"", "1.6.6"), NULL},
	        {"yarn.lock", ASKS("\"a\": \"^1.0.0\"", ""), "", YARN("\"c@npm:a@^1.0.0\"", "2.6.6"), "c 2.6.6"},
	        {"yarn.lock", ASKS("\"a\": \"^1.0.0\"", ""), "", YARN("\"c@git+https://h.example/c\"", "2.6.6"), NULL},
	        /* Yarn 2 and later. */
	        {"yarn.lock", ASKS("\"a\": \"^1.0.0\"", ""), "",
	                BERRY("    a: \"npm:^1.0.0\"\n", "a@npm:^1.0.0, a@npm:>= 1 < 3", "a@npm:1.5.0"), NULL},
	        {"yarn.lock", ASKS("\"a\": \"^1.0.0\"", ""), "", BERRY("    a: \"npm:^1.0.0\"\n", "a@npm:^1.0.0", "a@npm:6.6.6"),
	                "a 6.6.6: what is locked there is ^1.0.0"},
	        {"yarn.lock", ASKS("\"a\": \"^1.0.0\"", ""), "",
	                BERRY("    a: \"npm:^1.0.0\"\n    evil: \"npm:1\"\n", "a@npm:^1.0.0", "a@npm:1.5.0"),
	                "~evil 1: the manifest does not ask for it"},
	        {"yarn.lock", ASKS("\"c\": \"npm:a@^1.0.0\"", ""), "", BERRY("    c: \"npm:a@^1.0.0\"\n", "c@npm:a@^1.0.0", "a@npm:1.6.6"),
	                NULL},
	        {"yarn.lock", ASKS("\"c\": \"npm:a@^1.0.0\"", ""), "", BERRY("    c: \"npm:a@^1.0.0\"\n", "c@npm:a@^1.0.0", "a@npm:2.6.6"),
	                "c 2.6.6"},
	        {"yarn.lock", ASKS("\"a\": \"^1.0.0\"", ", \"resolutions\": {\"a\": \"6\"}"), "",
	                BERRY("    a: \"npm:^1.0.0\"\n", "a@npm:^1.0.0", "a@npm:6.6.6"), NULL},
	        {"yarn.lock", ASKS("\"a\": \"h/a\"", ""), "", BERRY("    a: h/a\n", "a@h/a", "a@https://h.example/a.git#commit=1"), NULL},
	        {"pnpm-lock.yaml", ASKS("\"a\": \"^1.0.0\"", ""), "", PNPM("^1.0.0", "1.2.0(b@7.0.0)"), NULL},
	        {"pnpm-lock.yaml", ASKS("\"a\": \"^1.0.0\"", ""), "", PNPM("^1.0.0", "2.2.0(b@1.0.0)"), "a 2.2.0"},
	        {"pnpm-lock.yaml", ASKS("\"a\": \"^1.0.0\"", ""), "", PNPM("^1.0.0", "2.2.0"), "a 2.2.0"},
	        {"pnpm-lock.yaml", ASKS("\"a\": \"1.0.0\"", ""), "", PNPM("1.0.0", "1.0.0"), NULL},
	        {"pnpm-lock.yaml", ASKS("\"a\": \"^1.0.0\"", ""), "", PNPM("^2.0.0", "1.2.0"), "~a ^2.0.0"},
	        {"pnpm-lock.yaml", ASKS("\"b\": \"^1.0.0\"", ""), "", PNPM("^1.0.0", "1.2.0"), "~a ^1.0.0"},
	        {"pnpm-lock.yaml", ASKS("\"a\": \"catalog:\"", ""), "", PNPM("'catalog:'", "1.2.0"), NULL},
	        {"pnpm-lock.yaml", ASKS("\"a\": \"^1.0.0\"", ""), "", "overrides:\n  a: ^2.0.0\n" PNPM("^2.0.0", "2.2.0"), NULL},
	        {"Cargo.lock", MANIFEST("a = \"1.2\"\n"), "", OWN("\"a\"") CRATE("a", "1.3.0", INDEX), NULL},
	        {"Cargo.lock", MANIFEST("a = \"1.2\"\n"), "", OWN("\"a\"") CRATE("a", "2.3.0", INDEX),
	                "a 2.3.0: the manifest asks for 1.2"},
	        {"Cargo.lock", MANIFEST("a = \"1.2\"\n"), "", OWN("\"a 0.9.0\"") CRATE("a", "1.3.0", INDEX) CRATE("a", "0.9.0", INDEX),
	                "a 0.9.0"},
	        {"Cargo.lock", MANIFEST("a = \"1.2\"\n"), "",
	                OWN("\"a\", \"evil\"") CRATE("a", "1.3.0", INDEX) CRATE("evil", "1.0.0", INDEX),
	                "evil 1.0.0: the manifest does not ask for it"},
	        {"Cargo.lock",
	                MANIFEST("x = {package = \"a_b\", version = \">=1, <3\"}\n[target.'cfg(unix)'.dependencies]\nc = \"=1.0.0\"\n"), "",
	                OWN("\"a-b\", \"c\"") CRATE("a-b", "2.3.0", INDEX) CRATE("c", "1.0.0", INDEX), NULL},
	        {"Cargo.lock", MANIFEST("a = {workspace = true}\n[workspace.dependencies]\na = \"1.*\"\n"), "",
	                OWN("\"a\"") CRATE("a", "1.3.0", INDEX), NULL},
	        {"Cargo.lock", "[workspace]\nmembers = [\"own\"]\n", "", OWN("\"a\"") CRATE("a", "2.3.0", INDEX), NULL},
	        {"composer.lock", "{\"require\": {\"V/a\": \"^1\"}}", "",
	                "{\"packages\": [" VENDOR("v/a", "\"v/b\": \"1\"") ", " VENDOR("v/b", "") "]}", NULL},
	        {"composer.lock", "{\"require\": {\"v/a\": \"^1\"}}", "",
	                "{\"packages\": [" VENDOR("v/a", "\"v/b\": \"1\"") ", " VENDOR("v/b", "") ", " VENDOR("v/evil", "") "]}",
	                "v/evil: neither the manifest nor another package asks for it"},
	        {"uv.lock", PROJECT("\"A_b[x] >= 1\", \"c\""), "", UV("{name = \"a-b\"}, {name = \"c\"}"), NULL},
	        {"uv.lock", PROJECT("\"a\""), "", UV("{name = \"a\"}, {name = \"evil\"}"), "evil: the manifest does not ask for it"},
	        {"uv.lock", PROJECT("\"a\"") "dynamic = [\"optional-dependencies\"]\n", "", UV("{name = \"a\"}, {name = \"c\"}"), NULL},
	        {"Gemfile.lock", "gem 'a', '~> 1'\n", "", "DEPENDENCIES\n  a (~> 1)\n\nBUNDLED WITH\n   2.5\n", NULL},
	        {"Gemfile.lock", "gem 'a', '~> 1'\n", "", "DEPENDENCIES\n  a (~> 1)\n  evil!\n", "evil: the manifest"},
	        {"Gemfile.lock", "gemspec\n", "", "DEPENDENCIES\n  a (~> 1)\n", NULL},
	};
	(void)state;
	check(rows, ARRAY_LEN(rows), SCAN_RULE_CHANGE_LOCK_MANIFEST);
}

static void one_version_has_one_digest(void **state)
{
#define NPM(version, digest) \
	LOCK("\"a\": \"1\"", AT("a", version, ", \"resolved\": \"https://r.example/a/-/a-1.tgz\", \"integrity\": \"" digest "\""))
#define SUMS(version, digest) "m.example/a v1.0.0/go.mod h1:m=\nm.example/a " version " h1:" digest "=\n"
#define YARN_SUM(version, hex, digest) \
	"a@^1:\n  version \"" version "\"\n  resolved \"https://r.example/a/-/a-1.tgz#" hex "\"\n  integrity " digest "\n"
#define BERRY_SUM(cache, version, digest)                                                                                         \
	"__metadata:\n  version: 8\n  cacheKey: " cache "\n\"a@npm:^1\":\n  version: " version "\n  resolution: \"a@npm:" version \
	"\"\n  checksum: " digest "\n"
#define CARGO_SUM(version, digest) \
	"[[package]]\nname = \"a\"\nversion = \"" version "\"\nsource = \"registry+https://h.example\"\nchecksum = \"" digest "\"\n"
#define POETRY(files)       "[[package]]\nname = \"a\"\nversion = \"1\"\nfiles = [" files "]\n"
#define FILE_(name, digest) "{file = \"" name "\", hash = \"sha256:" digest "\"}"
#define UV_SUM(host, digest)                                                                               \
	"[[package]]\nname = \"a\"\nsource = {registry = \"https://h.example\"}\nwheels = [{url = \"" host \
	"/a-1.whl\", hash = \"sha256:" digest "\"}]\n"
#define REFERENCE(version, commit)                                    \
	"{\"packages\": [{\"name\": \"v/a\", \"version\": \"" version \
	"\", \"dist\": {\"url\": \"https://h.example/a.zip\", \"reference\": \"" commit "\"}}]}"
#define SOURCE(version, commit)                                       \
	"{\"packages\": [{\"name\": \"v/a\", \"version\": \"" version \
	"\", \"source\": {\"url\": \"https://h.example/a\", \"reference\": \"" commit "\"}}]}"
	static const struct row rows[] = {
	        {"package-lock.json", NULL, NPM("1.0.0", "sha512-x"), NPM("1.0.0", "sha512-y"), "a 1.0.0: sha512-y, and was sha512-x"},
	        {"package-lock.json", NULL, NPM("1.0.0", "sha512-x"), NPM("1.0.1", "sha512-y"), NULL},
	        {"package-lock.json", NULL, NPM("1.0.0", "sha1-x"), NPM("1.0.0", "sha512-y"), NULL},
	        {"package-lock.json", NULL, NPM("1.0.0", "sha512-x"), NPM("1.0.0", "sha1-y"), "a 1.0.0: sha1-y, and was sha512-x"},
	        {"package-lock.json", NULL, NPM("1.0.0", "sha512-x sha1-z"), NPM("1.0.0", "sha1-z"), NULL},
	        {"package-lock.json", NULL, NPM("1.0.0", "sha1-z"), NPM("1.0.0", "sha512-x sha1-z"), NULL},
	        {"tests/data/package-lock.json", NULL, NPM("1.0.0", "sha512-x"), NPM("1.0.0", "sha512-y"), NULL},
	        {"go.sum", NULL, SUMS("v1.0.0", "x"), SUMS("v1.0.0", "y"), "m.example/a v1.0.0: h1:y=, and was h1:x="},
	        {"go.sum", NULL, SUMS("v1.0.0", "x"), SUMS("v1.1.0", "y"), NULL},
	        {"go.sum", NULL, SUMS("v1.0.0", "x"), "", NULL},
	        {"go.sum", NULL, "", SUMS("v1.0.0", "x"), NULL},
	        {"go.sum", NULL, SUMS("v1.0.0", "x"), SUMS("v1.0.0", "x") SUMS("v1.1.0", "y"), NULL},
	        {"yarn.lock", NULL, YARN_SUM("1.0.0", "aa", "sha512-x"), YARN_SUM("1.0.0", "aa", "sha512-y"), "a 1.0.0: sha512-y"},
	        {"yarn.lock", NULL, YARN_SUM("1.0.0", "aa", "sha512-x"), YARN_SUM("1.0.1", "ab", "sha512-y"), NULL},
	        {"yarn.lock", NULL, BERRY_SUM("10c0", "1.0.0", "10c0/x"), BERRY_SUM("10c0", "1.0.0", "10c0/y"), "a 1.0.0: y, and was x"},
	        {"yarn.lock", NULL, BERRY_SUM("10c0", "1.0.0", "10c0/x"), BERRY_SUM("10c0", "1.0.1", "10c0/y"), NULL},
	        {"yarn.lock", NULL, BERRY_SUM("8", "1.0.0", "x"), BERRY_SUM("8", "1.0.0", "y"), "a 1.0.0: y, and was x"},
	        {"yarn.lock", NULL, BERRY_SUM("10c0", "1.0.0", "x"), BERRY_SUM("10c0", "1.0.0", "10c0/x"), NULL},
	        /* It packs in another way. */
	        {"yarn.lock", NULL, BERRY_SUM("8", "1.0.0", "x"), BERRY_SUM("10c0", "1.0.0", "10c0/y"), NULL},
	        {"yarn.lock", NULL, BERRY_SUM("10c0", "1.0.0", "10c0/x"), BERRY_SUM("11c0", "1.0.0", "11c0/y"), NULL},
	        {"pnpm-lock.yaml", NULL, "packages:\n  a@1.0.0:\n    resolution: {integrity: sha512-x}\n",
	                "packages:\n  a@1.0.0:\n    resolution: {integrity: sha512-y}\n", "a@1.0.0: sha512-y"},
	        {"Cargo.lock", NULL, CARGO_SUM("1.0.0", "ab"), CARGO_SUM("1.0.0", "cd"), "a 1.0.0: cd, and was ab"},
	        {"Cargo.lock", NULL, CARGO_SUM("1.0.0", "ab"), CARGO_SUM("1.0.1", "cd"), NULL},
	        {"poetry.lock", NULL, POETRY(FILE_("a.whl", "1")), POETRY(FILE_("a.whl", "2")), "a.whl: sha256:2"},
	        {"poetry.lock", NULL, POETRY(FILE_("a.whl", "1")), POETRY(FILE_("a.whl", "1") ", " FILE_("b.whl", "2")), NULL},
	        {"uv.lock", NULL, UV_SUM("https://h.example", "1"), UV_SUM("https://h.example", "2"), "a-1.whl: sha256:2"},
	        {"uv.lock", NULL, UV_SUM("https://h.example", "1"), UV_SUM("https://mirror.example", "1"), NULL},
	        {"composer.lock", NULL, REFERENCE("1.0.0", "aaaa"), REFERENCE("1.0.0", "bbbb"), "v/a 1.0.0: bbbb, and was aaaa"},
	        {"composer.lock", NULL, REFERENCE("dev-main", "aaaa"), REFERENCE("dev-main", "bbbb"), NULL},
	        {"composer.lock", NULL, SOURCE("1.0.0", "aaaa"), SOURCE("1.0.0", "bbbb"), "v/a 1.0.0: bbbb, and was aaaa"},
	        {"Gemfile.lock", NULL, "CHECKSUMS\n  a (1.0) sha256=1\n", "CHECKSUMS\n  a (1.0) sha256=2\n", "a (1.0): sha256=2"},
	        {"Gemfile.lock", NULL, "CHECKSUMS\n  a (1.0) sha256=1\n", "CHECKSUMS\n  a (1.1) sha256=2\n", NULL},
	};
	(void)state;
	check(rows, ARRAY_LEN(rows), SCAN_RULE_CHANGE_LOCK_DIGEST);
}

static void on_any(void *arg, const struct scan_finding *f)
{
	scan_rule_add(arg, f->rule);
}

static struct scan_rule_set all_of(const char *name, const char *before, const char *after)
{
	const struct scan_options o = {.subjects = SCAN_CHANGES, .limits = scan_limits_default()};
	struct slice old = slice_str(before);
	const struct scan_around around = {.before = &old};
	struct scan_summary sum;
	struct scan_rule_set rules = {0};
	assert_int_equal(scan_changed(slice_str(after), &around, name, &o, &(struct scan_told){.found = on_any, .arg = &rules}, &sum), 0);
	return rules;
}

/* A program writes them: those of large projects have thousands of packages, and the last of them counts as the first does. */
static void large_lock_files_are_read(void **state)
{
	static const struct {
		const char *name, *front, *each; /* with a number, twice, and a digest */
	} rows[] = {
	        {"yarn.lock", "__metadata:\n  version: 8\n\n",
	                "\"a%u@npm:^1\":\n  version: 1.0.0\n  resolution: \"a%u@npm:1.0.0\"\n  checksum: 10c0/%s\n\n"},
	        {"pnpm-lock.yaml", "lockfileVersion: '9.0'\npackages:\n",
	                "  a%u@1.0.0:\n    resolution: {integrity: %.0u%s}\n    engines: {node: '>=10'}\n"},
	        {"Cargo.lock", "version = 4\n",
	                "[[package]]\nname = \"a%u\"\nversion = \"1.0.%u\"\nsource = \"registry+https://h.example\"\nchecksum = "
	                "\"%s\"\n\n"},
	        {"uv.lock", "version = 1\n",
	                "[[package]]\nname = \"a%u\"\nsource = {registry = \"https://h.example\"}\nwheels = [{url = "
	                "\"https://h.example/a%u-1.whl\", hash = \"sha256:%s\"}]\n\n"},
	        {"poetry.lock", "",
	                "[[package]]\nname = \"a%u\"\nversion = \"1\"\nfiles = [{file = \"a%u-1.whl\", hash = \"sha256:%s\"}]\n\n"},
	};
	_cleanup_buf_ struct buf was = BUF((size_t)16 << 20), is = BUF((size_t)16 << 20);
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_reset(&was);
		buf_reset(&is);
		buf_str_add(&was, rows[i].front);
		buf_str_add(&is, rows[i].front);
		for (unsigned k = 0; k < 7000; k++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			buf_fmt(&was, rows[i].each, k, k, "aa");
			buf_fmt(&is, rows[i].each, k, k, k == 6999 ? "bb" : "aa");
#pragma GCC diagnostic pop
		}
		assert_false(buf_error(&was) || buf_error(&is));
		struct scan_rule_set same = all_of(rows[i].name, buf_str(&was), buf_str(&was)),
		                     other = all_of(rows[i].name, buf_str(&was), buf_str(&is));
		if (!scan_rule_in(&other, SCAN_RULE_CHANGE_LOCK_DIGEST) || scan_rule_in(&same, SCAN_RULE_CHANGE_LOCK_DIGEST) ||
		        scan_rule_in(&same, SCAN_RULE_CHANGE_UNREAD))
			fail_msg("%s: not read to its end", rows[i].name);
	}
}

/* Package managers may read what is not read here, so it is said, whether it was so before or not. */
static void what_cannot_be_read_is_told(void **state)
{
	static const char anchor[] = "lockfileVersion: '9.0'\npackages: &x\n  a@1.0.0:\n    resolution: {integrity: sha512-x}\n";
	static const struct {
		const char *name, *before, *after;
		bool told;
	} rows[] = {
	        {"pnpm-lock.yaml", "", anchor, true},
	        {"pnpm-lock.yaml", anchor, anchor, true},
	        {"yarn.lock", "", "__metadata:\n  version: 8\n\"a@npm:1\": !x\n  resolution: \"a@npm:1.0.0\"\n", true},
	        {"Cargo.lock", "", "<<<<<<< ours\n[[package]]\n", true},
	        {"package-lock.json", "", "{\"packages\": {", true},
	        {"package-lock.json", "", "", false},
	        {"package-lock.json", "", "{\"packages\": {}}", false},
	        {"test/fixtures/pnpm-lock.yaml", "", anchor, false},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scan_rule_set rules = all_of(rows[i].name, rows[i].before, rows[i].after);
		if (scan_rule_in(&rules, SCAN_RULE_CHANGE_UNREAD) != rows[i].told)
			fail_msg("%s, row %zu: %stold", rows[i].name, i, rows[i].told ? "not " : "");
	}
}

/* Both files may be made to take long, or to be more than is held: what is left out is no finding of its own, or says that it is. */
static void bounds_hold(void **state)
{
	_cleanup_buf_ struct buf lock = BUF((size_t)16 << 20), manifest = BUF((size_t)16 << 20);
	(void)state;
	buf_str_add(&manifest, "{\"dependencies\": {\"a\": \"1\"");
	buf_str_add(&lock, "{\"packages\": {\"\": {\"dependencies\": {\"a\": \"1\"");
	for (unsigned i = 0; i < 150000; i++) {
		buf_fmt(&manifest, ",\"n%u\":\"1\"", i);
		buf_fmt(&lock, ",\"n%u\":\"1\"", i);
	}
	buf_str_add(&manifest, "}}");
	buf_str_add(&lock, "}}, \"node_modules/n5\": {\"version\": \"2.0.0\"}}}");
	assert_false(buf_error(&lock) || buf_error(&manifest));
	assert_int_equal(changed("package-lock.json", buf_str(&manifest), "", buf_str(&lock)).n, 1);
	/* What is asked for behind many others is asked for. */
	buf_reset(&lock);
	buf_reset(&manifest);
	buf_str_add(&manifest, "[project]\nname = \"x\"\ndependencies = [");
	for (unsigned i = 0; i < 20000; i++)
		buf_fmt(&manifest, "\"n%u\",", i);
	buf_str_add(&manifest, "\"last\"]\n");
	buf_str_add(&lock,
	        "[[package]]\nname = \"x\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"last\" }, { name = \"other\" }]\n");
	struct seen s = changed("uv.lock", buf_str(&manifest), "", buf_str(&lock));
	assert_int_equal(s.n, 1);
	assert_non_null(strstr(s.evidence, "other"));
	/* Of names all are the same one. */
	buf_reset(&lock);
	buf_str_add(&lock, "{\"packages\": {\"\": {\"dependencies\": {");
	for (unsigned i = 0; i < 100000; i++)
		buf_fmt(&lock, "%s\"a\":\"%u\"", i ? "," : "", i);
	buf_str_add(&lock, "}}}}");
	assert_true(changed("package-lock.json", buf_str(&manifest), "", buf_str(&lock)).n <= 200);
	/* Overrides in overrides in overrides. */
	buf_reset(&manifest);
	for (unsigned i = 0; i < 60; i++)
		buf_fmt(&manifest, "{\"overrides\":");
	buf_str_add(&manifest, "1");
	for (unsigned i = 0; i < 60; i++)
		buf_str_add(&manifest, "}");
	(void)changed("package-lock.json", buf_str(&manifest), "", buf_str(&lock));
	/* Sums, one after the other of one module. */
	buf_reset(&lock);
	for (unsigned i = 0; i < 60000; i++)
		buf_fmt(&lock, "m v1 h1:%u=\n", i);
	buf_reset(&manifest);
	for (unsigned i = 0; i < 60000; i++)
		buf_fmt(&manifest, "m v1 h1:x%u=\n", i);
	assert_true(changed("go.sum", NULL, buf_str(&manifest), buf_str(&lock)).n > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(npm_locks_what_is_asked_for),
	        cmocka_unit_test(others_lock_what_is_asked_for),
	        cmocka_unit_test(one_version_has_one_digest),
	        cmocka_unit_test(large_lock_files_are_read),
	        cmocka_unit_test(what_cannot_be_read_is_told),
	        cmocka_unit_test(bounds_hold),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
