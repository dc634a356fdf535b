/* posture: which package facts are of, two versions side by side, what a process that was taken over could say, and package URLs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "inspect/posture_score.h"
#include "inspect/scan.h"
#include "report/posture.h"

struct given {
	uint32_t kind;
	const char *file, *name, *text;
	uint64_t count;
};

static struct arena arena;

static int begin(void **state)
{
	(void)state;
	arena = ARENA((size_t)16 << 20);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static int make(struct posture *out, bool folder, const struct given *g, size_t n)
{
	struct posture_maker *m = posture_begin("p", folder);
	assert_non_null(m);
	for (size_t i = 0; i < n; i++) {
		struct posture_fact f = {.kind = g[i].kind, .count = g[i].count ? g[i].count : 1};
		(void)snprintf(f.file, sizeof(f.file), "%s", folder ? "" : g[i].file);
		(void)snprintf(f.name, sizeof(f.name), "%s", g[i].name);
		(void)snprintf(f.text, sizeof(f.text), "%s", g[i].text ? g[i].text : "");
		assert_int_equal(posture_add(m, folder ? g[i].file : "", &f), 0);
	}
	return posture_end(m, &arena, out);
}
#define MAKE(out, folder, ...) \
	make(out, folder, (const struct given[]){__VA_ARGS__}, sizeof((const struct given[]){__VA_ARGS__}) / sizeof(struct given))

#define MANIFEST(file)                                 \
	{                                              \
		POSTURE_MANIFEST, file, "npm", NULL, 1 \
	}
#define NAME(file, name)                          \
	{                                         \
		POSTURE_NAME, file, name, NULL, 1 \
	}
#define SCRIPT(file, event, text)                     \
	{                                             \
		POSTURE_INSTALL, file, event, text, 1 \
	}
#define DEPENDENCY(name, spec)                                            \
	{                                                                 \
		POSTURE_DEPENDENCY, "package/package.json", name, spec, 1 \
	}
#define USES_IN(file, bits)                        \
	{                                          \
		POSTURE_FILE, file, "", NULL, bits \
	}
#define NETWORK(file, name)                          \
	{                                            \
		POSTURE_NETWORK, file, name, NULL, 1 \
	}

static void the_manifest_at_the_top_says_what_it_is(void **state)
{
	struct posture p;
	(void)state;
	assert_int_equal(MAKE(&p, false, NETWORK("x.js", "http")), 0);
	assert_int_equal(MAKE(&p, false, MANIFEST("package/a/package.json"), NAME("package/a/package.json", "deep")), 0);
	assert_int_equal(MAKE(&p, false, MANIFEST("other/package.json"), NAME("other/package.json", "other"),
	                         MANIFEST("package/package.json"), NAME("package/package.json", "it")),
	        1);
	assert_string_equal(p.name, "it");
	assert_int_equal(p.form, POSTURE_NPM);
	/* A folder has it at its top, or not at all. */
	assert_int_equal(MAKE(&p, true, MANIFEST("package/package.json"), NAME("package/package.json", "it")), 0);
	assert_int_equal(MAKE(&p, true, MANIFEST("package.json"), NAME("package.json", "it")), 1);
	/* An archive inside is none. */
	assert_int_equal(MAKE(&p, false, MANIFEST("a.tgz > package/package.json")), 0);
}

static void the_same_use_is_told_once(void **state)
{
	struct posture p;
	size_t n;
	(void)state;
	assert_int_equal(
	        MAKE(&p, true, MANIFEST("package.json"), NETWORK("b.js", "http"), NETWORK("a.js", "http"), NETWORK("a.js", "fetch")), 1);
	const struct posture_use *u = posture_of(&p, POSTURE_NETWORK, &n);
	assert_int_equal(n, 2);
	assert_string_equal(u[0].name, "fetch");
	assert_int_equal(u[1].count, 2);
	assert_string_equal(u[1].file, "b.js");
	(void)posture_of(&p, POSTURE_HOSTS, &n);
	assert_int_equal(n, 0);
}

static void a_command_reaches_what_its_files_do(void **state)
{
	static const char *const reaches[] = {"node setup.js", "node ./setup", "sh -c 'node setup.js'", "(node setup.js||true)"};
	static const char *const not [] = {"node other.js", "node setup.js.bak", "node up.js", "echo"};
	const uint32_t bits = 1u << POSTURE_NETWORK | 1u << POSTURE_PROCESS;
	struct posture p;
	size_t n;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(reaches) + ARRAY_LEN(not ); i++) {
		const char *command = i < ARRAY_LEN(reaches) ? reaches[i] : not [i - ARRAY_LEN(reaches)];
		assert_int_equal(MAKE(&p, false, MANIFEST("package/package.json"), SCRIPT("package/package.json", "install", command),
		                         USES_IN("package/setup.js", bits)),
		        1);
		const struct posture_use *u = posture_of(&p, POSTURE_INSTALL, &n);
		assert_int_equal(n, 1);
		assert_int_equal(u->reach, i < ARRAY_LEN(reaches) ? bits : 0);
	}
}

static uint32_t rules;

static void on_found(void *arg, const struct scan_finding *f)
{
	(void)arg;
	assert_true(f->evidence[0]);
	rules |= 1u << (f->rule - SCAN_RULE_PACKAGE_INSTALL);
}

/* Which rules of package.… fire, a bit each. */
static uint32_t judge(const struct posture *old, const struct posture *now, struct posture_change *c)
{
	rules = 0;
	assert_int_equal(posture_compare(old, now, &arena, c), 0);
	posture_judge(c, on_found, NULL);
	return rules;
}

static void two_versions_are_compared(void **state)
{
	struct posture old, now;
	struct posture_change c;
	(void)state;
	assert_int_equal(MAKE(&old, false, MANIFEST("package/package.json"), DEPENDENCY("a", "1"), DEPENDENCY("b", "1"),
	                         SCRIPT("package/package.json", "install", "node x"), NETWORK("package/a.js", "http")),
	        1);
	assert_int_equal(judge(&old, &old, &c), 0);
	assert_true(posture_same(&c));
	assert_int_equal(
	        MAKE(&now, false, MANIFEST("package/package.json"), DEPENDENCY("b", "2"), DEPENDENCY("c", "1"),
	                SCRIPT("package/package.json", "install", "node y"), {POSTURE_HOSTS, "package/a.js", "a.example", NULL, 1}),
	        1);
	/* Another command that does nothing else is a change, and nothing odd. */
	assert_int_equal(judge(&old, &now, &c), 0);
	assert_false(posture_same(&c));
	assert_int_equal(c.gained, 1u << POSTURE_HOSTS);
	assert_int_equal(c.lost, 1u << POSTURE_NETWORK);
	assert_int_equal(c.n, 6);
	static const struct {
		enum posture_step step;
		const char *name;
	} want[] = {{POSTURE_LOST, "http"}, {POSTURE_CHANGED, "install"}, {POSTURE_GAINED, "a.example"}, {POSTURE_LOST, "a"},
	        {POSTURE_CHANGED, "b"}, {POSTURE_GAINED, "c"}};
	for (size_t i = 0; i < c.n; i++) {
		assert_int_equal(c.delta[i].step, want[i].step);
		assert_string_equal((c.delta[i].now ? c.delta[i].now : c.delta[i].old)->name, want[i].name);
	}
}

static void only_what_is_odd_is_a_finding(void **state)
{
	struct posture old, now;
	struct posture_change c;
	(void)state;
	assert_int_equal(MAKE(&old, false, MANIFEST("package/package.json"), DEPENDENCY("a", "1")), 1);
	assert_int_equal(MAKE(&now, false, MANIFEST("package/package.json"), DEPENDENCY("a", "1"),
	                         SCRIPT("package/package.json", "postinstall", "node x")),
	        1);
	assert_int_equal(judge(&old, &now, &c), 1);
	/* For those who work on it, or one that builds. */
	assert_int_equal(
	        MAKE(&now, false, MANIFEST("package/package.json"), DEPENDENCY("a", "1"),
	                SCRIPT("package/package.json", "prepare", "node x"), SCRIPT("package/package.json", "install", "node-gyp-build")),
	        1);
	assert_int_equal(judge(&old, &now, &c), 0);
	assert_int_equal(MAKE(&now, false, MANIFEST("package/package.json"), DEPENDENCY("a", "github:x/a")), 1);
	assert_int_equal(judge(&old, &now, &c), 1u << (SCAN_RULE_PACKAGE_ELSEWHERE - SCAN_RULE_PACKAGE_INSTALL));
	/* It was so before. */
	assert_int_equal(judge(&now, &now, &c), 0);
}

static void registries_are_told_from_elsewhere(void **state)
{
	static const char *const elsewhere[] = {
	        "git+https://a.example/b.git", "https://a.example/b.tgz", "github:a/b", "a/b", "file:../b", "@ https://a.example/b"};
	static const char *const registry[] = {
	        "^1.0.0", "*", "", ">=1 <2 || 3.x", "latest", "npm:b@1", "npm:@s/b@1", "workspace:^", "(>=1.0) ; python_version < '3'"};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++)
		assert_true(posture_elsewhere(elsewhere[i]));
	for (size_t i = 0; i < ARRAY_LEN(registry); i++)
		assert_false(posture_elsewhere(registry[i]));
}

static void facts_are_checked(void **state)
{
	struct posture_fact f = {.kind = POSTURE_KINDS};
	(void)state;
	assert_false(posture_fact_check(&f));
	f.kind = POSTURE_NAME;
	memset(f.name, 27, sizeof(f.name));
	memset(f.text, 'x', sizeof(f.text));
	assert_true(posture_fact_check(&f));
	assert_int_equal(strlen(f.text), POSTURE_TEXT_MAX - 1);
	assert_null(strchr(f.name, 27));
}

static void packages_have_urls(void **state)
{
	static const struct {
		enum posture_form form;
		const char *name, *version, *want;
	} rows[] = {{POSTURE_NPM, "a", "1.0.0", "pkg:npm/a@1.0.0"}, {POSTURE_NPM, "@s/a", "1.0.0+b", "pkg:npm/%40s/a@1.0.0%2Bb"},
	        {POSTURE_WHEEL, "A_b", "", "pkg:pypi/a-b"}, {POSTURE_VSIX, "a", "1", ""}, {POSTURE_NPM, "", "1", ""}};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf b = BUF(1000);
		posture_purl(&b, rows[i].form, rows[i].name, rows[i].version);
		assert_string_equal(buf_str(&b), rows[i].want);
		buf_free(&b);
	}
}

static const struct posture_score *score_of(struct posture *p, const struct posture_known *k)
{
	static struct posture_score s;
	unsigned sum = 0;
	assert_int_equal(posture_score(p, k, &arena, &s), 0);
	/* Nothing but its reasons, each once, in the order of the table. */
	for (size_t i = 0; i < s.n; i++) {
		sum += s.reason[i].points;
		assert_true(s.reason[i].row < POSTURE_REASONS && s.reason[i].count > 0 && s.reason[i].evidence);
		assert_int_equal(s.reason[i].points, posture_reasons[s.reason[i].row].points);
		assert_true(i == 0 || s.reason[i].row > s.reason[i - 1].row);
	}
	assert_int_equal(sum, s.points);
	p->score = &s;
	return &s;
}

static void a_score_is_the_sum_of_its_reasons(void **state)
{
	(void)state;
	static const struct posture_known nothing = {.bad = 0};
	struct posture p;
	assert_int_equal(MAKE(&p, false, MANIFEST("package/package.json"), NAME("package/package.json", "a")), 1);
	p.repository = "https://example.com/a";
	p.licence = "MIT";
	const struct posture_score *s = score_of(&p, &nothing);
	assert_int_equal(s->points, 0);
	assert_non_null(posture_score_open(s, 0));
	assert_non_null(posture_score_open(s, 1));
	assert_null(posture_score_open(s, 2));
	/* What the registry and the trials say counts where they were asked. */
	struct posture_known known = {.bad = 2,
	        .first_bad = "a.js: bad",
	        .asked = true,
	        .is_signed = true,
	        .watched = true,
	        .undeclared = 1,
	        .first_undeclared = "b.example"};
	s = score_of(&p, &known);
	assert_int_equal(s->points, 100 + 10 + 15);
	assert_int_equal(posture_score_has(s, POSTURE_REASON_BAD)->count, 2);
	assert_string_equal(posture_score_has(s, POSTURE_REASON_BAD)->evidence, "a.js: bad");
	assert_string_equal(posture_score_has(s, POSTURE_REASON_UNDECLARED)->evidence, "b.example");
	assert_null(posture_score_has(s, POSTURE_REASON_UNSIGNED));
	assert_null(posture_score_open(s, 0));
	/* All that a posture can say at once. */
	assert_int_equal(
	        MAKE(&p, false, MANIFEST("package/package.json"), NAME("package/package.json", "a"),
	                SCRIPT("package/package.json", "postinstall", "node i.js"),
	                {POSTURE_FILE, "package/i.js", "", NULL, 1u << POSTURE_NETWORK | 1u << POSTURE_DYNAMIC | 1u << POSTURE_PACKED},
	                {POSTURE_NETWORK, "package/i.js", "https", NULL, 1}, {POSTURE_DYNAMIC, "package/i.js", "eval", NULL, 1},
	                {POSTURE_PACKED, "package/i.js", "text in hex", NULL, 1}, {POSTURE_NATIVE, "package/x.node", "x.node", "ELF", 1},
	                {POSTURE_VARIABLES, "package/i.js", "*", NULL, 1}, {POSTURE_VARIABLES, "package/i.js", "NPM_TOKEN", NULL, 1},
	                {POSTURE_HOSTS, "package/i.js", "45.66.77.88", NULL, 1},
	                {POSTURE_DEPENDENCY, "package/package.json", "b", "git+ssh://x/b", 1}),
	        1);
	p.repository = "git://example.com/a";
	p.cut = true;
	known = (struct posture_known){.bad = 1, .suspicious = 1, .asked = true, .watched = true, .undeclared = 1};
	s = score_of(&p, &known);
	/* Without the one that its source is named nowhere, as it is. */
	assert_int_equal(s->n, POSTURE_REASONS - 1);
}

/* What many honest packages have: none of it counts. */
static void a_score_counts_nothing_else(void **state)
{
	(void)state;
	static const struct posture_known nothing = {.bad = 0};
	struct posture p;
	assert_int_equal(
	        MAKE(&p, false, MANIFEST("package/package.json"), NAME("package/package.json", "a"),
	                SCRIPT("package/package.json", "prepare", "husky"), {POSTURE_NATIVE, "package/i.js", "x.node", "loaded", 1},
	                {POSTURE_VARIABLES, "package/i.js", "*", NULL, 1}, {POSTURE_VARIABLES, "package/i.js", "NPM_TOKEN", NULL, 1},
	                {POSTURE_DYNAMIC, "package/i.js", "eval", NULL, 1}, {POSTURE_HOSTS, "package/i.js", "127.0.0.1", NULL, 1},
	                {POSTURE_HOSTS, "package/i.js", "1.example", NULL, 1},
	                {POSTURE_DEPENDENCY, "package/package.json", "b", "^1.0.0", 1}),
	        1);
	p.repository = "git+https://example.com/a";
	p.licence = "MIT";
	assert_int_equal(score_of(&p, &nothing)->points, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(a_score_is_the_sum_of_its_reasons, begin, end),
	        cmocka_unit_test_setup_teardown(a_score_counts_nothing_else, begin, end),
	        cmocka_unit_test_setup_teardown(the_manifest_at_the_top_says_what_it_is, begin, end),
	        cmocka_unit_test_setup_teardown(the_same_use_is_told_once, begin, end),
	        cmocka_unit_test_setup_teardown(a_command_reaches_what_its_files_do, begin, end),
	        cmocka_unit_test_setup_teardown(two_versions_are_compared, begin, end),
	        cmocka_unit_test_setup_teardown(only_what_is_odd_is_a_finding, begin, end),
	        cmocka_unit_test(registries_are_told_from_elsewhere),
	        cmocka_unit_test(facts_are_checked),
	        cmocka_unit_test(packages_have_urls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
