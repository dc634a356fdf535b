/* The questionnaire: its table against the frameworks, its answers against what they are taken from; facts read from packages and registry
 * documents. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../integration/report_model.h"
#include "obtain/facts.h"
#include "sys/path.h"
#include "vet/fields.h"
#include "vet/question.h"

static bool known_id(struct slice list, const char *framework, struct slice id)
{
	struct slice line;
	while (slice_split(&list, '\n', &line)) {
		struct slice rest = line, f, i;
		if (slice_split(&rest, '\t', &f) && slice_split(&rest, '\t', &i) && slice_is(f, framework) && slice_eq(i, id))
			return true;
	}
	return false;
}

static void table_is_whole(void **state)
{
	(void)state;
	_cleanup_buf_ struct buf ids = BUF(1 << 20);
	assert_int_equal(question_count, 46);
	assert_int_equal(QUESTIONS_ASKED, 40);
	assert_int_equal(path_read(AT_FDCWD, "tests/data/frameworks.tsv", &ids), 0);
	for (size_t i = 0; i < question_count; i++) {
		const struct question *q = &question_table[i];
		assert_true(q->text[0] && q->group[0] && q->text[strlen(q->text) - 1] == '?');
		/* The questionnaire is asked under AICM; each question must have its place there. */
		assert_non_null(q->maps[FRAMEWORK_AICM]);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(q->text, question_table[k].text);
		for (int f = 0; f < FRAMEWORK_END; f++) {
			struct slice rest = slice_str(q->maps[f]), id;
			while (q->maps[f] && slice_split(&rest, ',', &id)) {
				id = slice_trim(id);
				if (!known_id(buf_slice(&ids), vet_framework_key((enum vet_framework)f), id))
					fail_msg("question %zu: %s has no %.*s", i + 1, vet_framework_name((enum vet_framework)f),
					        SLICE_FMT(id));
			}
		}
	}
}

static const struct vet_answer *answer(const struct vet_result *r, unsigned number)
{
	assert_true(number >= 1 && number <= r->n_answers);
	assert_int_equal(r->answers[number - 1].number, number);
	return &r->answers[number - 1];
}

static struct vet_result answered(struct vet_result r)
{
	r.arena = ARENA(8 << 20);
	assert_int_equal(questions_answer(&r), 0);
	assert_int_equal(r.n_answers, question_count);
	for (size_t i = 0; i < r.n_answers; i++) {
		assert_non_null(r.answers[i].text);
		assert_true(r.answers[i].text[0]);
		assert_non_null(r.answers[i].evidence);
		/* Evidence is what makes an answer one; who has none says why it was not observed. */
		if (r.answers[i].concern)
			assert_int_equal(r.answers[i].state, ANSWER_EVIDENCE);
		assert_int_equal(r.answers[i].state == ANSWER_NOT_OBSERVABLE, i >= QUESTIONS_ASKED);
	}
	return r;
}

static bool says(const struct vet_answer *a, const char *part)
{
	return strstr(a->text, part) != NULL;
}

static void answers_follow_the_result(void **state)
{
	(void)state;
	struct vet_result r = answered(sample_result());
	assert_int_equal(answer(&r, 1)->state, ANSWER_EVIDENCE);
	assert_true(says(answer(&r, 1), "12 hosts"));
	assert_true(answer(&r, 1)->concern);
	assert_true(says(answer(&r, 3), "host name (undeclared, 4 places)"));
	assert_true(says(answer(&r, 11), "No. "));
	assert_true(says(answer(&r, 13), "time zone (covert, p = 6.1e-06)"));
	assert_true(answer(&r, 13)->concern);
	/* Nothing was read of a command. */
	assert_int_equal(answer(&r, 27)->state, ANSWER_NOT_OBSERVED);
	/* The gate was tried in the sample. */
	assert_int_equal(answer(&r, 39)->state, ANSWER_EVIDENCE);
	r.gate.tried = false;
	assert_int_equal(questions_answer(&r), 0);
	assert_int_equal(answer(&r, 39)->state, ANSWER_NOT_OBSERVED);
	arena_free(&r.arena);

	/* Where the tool did not work, nothing is said of what it sends. */
	r = answered(sample_inconclusive());
	static const unsigned of_traffic[] = {1, 3, 4, 7, 8, 11, 12, 13, 15, 20};
	r.trials_failed = r.trials;
	assert_int_equal(questions_answer(&r), 0);
	for (size_t i = 0; i < ARRAY_LEN(of_traffic); i++) {
		assert_int_equal(answer(&r, of_traffic[i])->state, ANSWER_NOT_OBSERVED);
		assert_true(says(answer(&r, of_traffic[i]), "he tool did its work in no trial"));
	}
	arena_free(&r.arena);
	r = answered(sample_hostile());
	arena_free(&r.arena);
	r = answered(sample_clean());
	assert_false(answer(&r, 13)->concern);
	arena_free(&r.arena);
}

/* That a tool sees that there are secrets is one thing, that it sends them another. */
static void a_canary_is_its_value(void **state)
{
	(void)state;
	struct vet_finding f = {.class = CLASS_UNDECLARED,
	        .factor = "credentials",
	        .levels = STRINGS("files"),
	        .base = "official",
	        .endpoint = EP_EVENTS,
	        .address = "body.count",
	        .before = "20",
	        .after = "30",
	        .explanation = "",
	        .evidence = STRINGS("t007")};
	struct vet_factor_row rows[] = {{"credentials", "credential files", 2, 4}};
	struct vet_result r = sample_clean();
	r.factors = rows;
	r.n_factors = 1;
	r.n_cells = 0;
	r.findings = &f;
	r.n_findings = 1;
	r = answered(r);
	assert_true(says(answer(&r, 4), "None was seen"));
	assert_true(says(answer(&r, 4), "that they lie there"));
	arena_free(&r.arena);
	f.after = "key={credentials}";
	r = answered(r);
	assert_true(says(answer(&r, 4), "Yes: in 1 finding as it is"));
	arena_free(&r.arena);
	f.class = CLASS_HASHED;
	r = answered(r);
	assert_true(says(answer(&r, 4), "1 as a digest"));
	arena_free(&r.arena);
	r.n_findings = 0;
	rows[0].trials = 0;
	r = answered(r);
	assert_int_equal(answer(&r, 4)->state, ANSWER_NOT_OBSERVED);
	arena_free(&r.arena);
}

/* What trials of conduct say goes to the question that it is of; what they could not look for is no answer. */
static void conduct_is_told(void **state)
{
	(void)state;
	struct vet_conduct facts[] = {{.id = "21.listeners",
	                                      .question = 21,
	                                      .title = "listening sockets",
	                                      .about = "127.0.0.1:7",
	                                      .state = OBSERVED,
	                                      .concern = true,
	                                      .text = "It asks nobody who one is.",
	                                      .evidence = STRINGS("c03"),
	                                      .examples = STRINGS("LISTEN 127.0.0.1:7")},
	        {.id = "26.writes-outside",
	                .question = 26,
	                .title = "files written outside the project",
	                .state = NOT_OBSERVED,
	                .text = "",
	                .evidence = STRINGS("c01", "c02")},
	        {.id = "7.environment",
	                .question = 7,
	                .title = "variables sent",
	                .about = "X",
	                .state = OBSERVED,
	                .text = "It was sent.",
	                .evidence = STRINGS("c01")},
	        {.id = "10.opt-out",
	                .question = 10,
	                .title = "effect of the opt-outs",
	                .about = "a",
	                .state = NOT_OBSERVABLE,
	                .text = "Not tried."},
	        {.id = "10.opt-out",
	                .question = 10,
	                .title = "effect of the opt-outs",
	                .about = "b",
	                .state = NOT_OBSERVABLE,
	                .text = "Not tried."}};
	struct vet_result r = sample_clean();
	r.conduct = facts;
	r.n_conduct = ARRAY_LEN(facts);
	r = answered(r);
	assert_int_equal(answer(&r, 21)->state, ANSWER_EVIDENCE);
	assert_true(answer(&r, 21)->concern);
	assert_string_equal(answer(&r, 21)->text, "Listening sockets, 127.0.0.1:7: It asks nobody who one is.");
	assert_string_equal(answer(&r, 21)->evidence[0], "trial c03");
	assert_string_equal(answer(&r, 26)->text, "Looked for and not seen: files written outside the project.");
	assert_false(answer(&r, 26)->concern);
	/* Beside what factors tell, not instead of it. */
	assert_true(says(answer(&r, 7), "which were varied") && says(answer(&r, 7), "Variables sent, X: It was sent."));
	assert_int_equal(answer(&r, 10)->state, ANSWER_NOT_OBSERVED);
	assert_string_equal(answer(&r, 10)->text, "Not tried. (effect of the opt-outs, a; effect of the opt-outs, b)");
	/* Nothing is said of a question that no trial was about. */
	assert_int_equal(answer(&r, 40)->state, ANSWER_NOT_OBSERVED);
	arena_free(&r.arena);
}

static void hidden_constants_are_told(void **state)
{
	(void)state;
	struct vet_constant_list list = {.number = 1,
	        .hidden = true,
	        .file = "cli.js",
	        .at = 7,
	        .encoding = "base64, then XOR 0x5b",
	        .holds = "host names",
	        .total = 147};
	struct vet_result r = sample_clean();
	r.constants = (struct vet_constants){0};
	r = answered(r);
	assert_int_equal(answer(&r, 14)->state, ANSWER_NOT_OBSERVED);
	arena_free(&r.arena);
	r.constants.looked = true;
	r = answered(r);
	assert_int_equal(answer(&r, 14)->state, ANSWER_EVIDENCE);
	assert_false(answer(&r, 14)->concern);
	arena_free(&r.arena);
	r.constants.lists = &list;
	r.constants.n_lists = 1;
	r = answered(r);
	assert_true(answer(&r, 14)->concern);
	assert_true(says(answer(&r, 14), "Yes, 1 list: list 1, 147 host names (base64, then XOR 0x5b)."));
	arena_free(&r.arena);
}

#define MANIFEST(user, more) "{\"_npmUser\":{\"name\":\"" user "\"},\"dist\":{\"signatures\":[{\"keyid\":\"SHA256:k\"}]" more "}}"
#define PROVENANCE           ",\"attestations\":{\"provenance\":{\"predicateType\":\"https://slsa.dev/provenance/v1\"}}"

static void registry_is_read(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena arena = ARENA(1 << 20);
	struct facts_registry g = {0};
	static const char document[] = "{\"versions\":{\"1.9.0\":" MANIFEST("ann", PROVENANCE) ",\"1.10.0\":" MANIFEST(
	        "bob", "") ",\"1.10.0-rc.1\":" MANIFEST("eve", "") ",\"2.0.0\":{\"repository\":{\"url\":\"git+https://x.example/y.git\"}}},"
	                                                           "\"time\":{\"1.10.0\":\"2026-01-02T03:04:05.000Z\"}}";
	assert_true(facts_registry_read(slice_str(document), "1.10.0", &arena, &g));
	assert_true(g.asked && !g.bare);
	assert_string_equal(g.publisher, "bob");
	assert_string_equal(g.published, "2026-01-02T03:04:05.000Z");
	assert_int_equal(g.signatures, 1);
	assert_null(g.attestation);
	/* The number before it, and neither the text before it nor a pre-release. */
	assert_string_equal(g.before, "1.9.0");
	assert_string_equal(g.before_publisher, "ann");
	assert_string_equal(g.before_attestation, "https://slsa.dev/provenance/v1");
	struct facts facts = {.kind = SUBJECT_NPM, .integrity = "sha512-x", .integrity_of_registry = true, .registry = g, .packages = 1};
	struct vet_result r = sample_clean();
	r.facts = &facts;
	r = answered(r);
	assert_true(says(answer(&r, 32), "Yes: from ann"));
	assert_true(answer(&r, 32)->concern);
	assert_true(says(answer(&r, 28), "but one for its predecessor"));
	assert_int_equal(answer(&r, 27)->state, ANSWER_EVIDENCE);
	assert_true(says(answer(&r, 29), "No."));
	arena_free(&r.arena);
	assert_true(facts_registry_read(slice_str(document), "2.0.0", &arena, &g));
	assert_true(g.bare);
	assert_string_equal(g.repository, "git+https://x.example/y.git");
	facts.registry = g;
	r = answered(r);
	assert_int_equal(answer(&r, 28)->state, ANSWER_NOT_OBSERVED);
	assert_int_equal(answer(&r, 32)->state, ANSWER_NOT_OBSERVED);
	arena_free(&r.arena);
	static const char *const bad[] = {"", "[]", "{\"versions\":[]}", "{\"versions\":{\"1.0.0\":{}}}", "{\"versions\":{\"1.10.0\":1}"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(facts_registry_read(slice_str(bad[i]), "1.10.0", &arena, &g));
	/* What has not the type that it should have is as if it were not there. */
	static const char odd[] =
	        "{\"versions\":{\"1.0.0\":{\"_npmUser\":[],\"dist\":7,\"repository\":[{}]},\"x\":1,\"0.9.0\":3},\"time\":[]}";
	assert_true(facts_registry_read(slice_str(odd), "1.0.0", &arena, &g));
	assert_true(g.bare && !g.publisher && !g.repository);
	assert_string_equal(g.before, "0.9.0");
}

static void put(int dir, const char *path, const char *text)
{
	char folder[256];
	(void)snprintf(folder, sizeof(folder), "%s", path);
	*strrchr(folder, '/') = 0;
	_cleanup_fd_ int at = path_make(dir, folder, 0755);
	assert_true(at >= 0);
	_cleanup_fd_ int fd = openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void package_is_read(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena arena = ARENA(4 << 20);
	char root[] = "/tmp/postern-facts.XXXXXX";
	struct facts f;
	struct err err = {0};
	assert_non_null(mkdtemp(root));
	_cleanup_fd_ int dir = open(root, O_RDONLY | O_DIRECTORY);
	put(dir, "node_modules/@a/main/package.json",
	        "{\"name\":\"@a/"
	        "main\",\"version\":\"1.0.0\",\"license\":\"MIT\",\"dependencies\":{\"b\":\"1\"},\"scripts\":{\"postinstall\":\"node "
	        "x.js\",\"prepare\":\"no\",\"test\":\"no\"}}");
	put(dir, "node_modules/@a/main/LICENSE.md", "text");
	put(dir, "node_modules/@a/main/cli.js", "abc");
	put(dir, "node_modules/@a/main/sbom.cdx.json", "{}");
	put(dir, "node_modules/@a/main/esm/package.json", "{\"type\":\"module\"}");
	put(dir, "node_modules/@a/main/node_modules/hidden/package.json",
	        "{\"name\":\"hidden\",\"version\":\"3.1.4\",\"scripts\":{\"install\":\"evil\"}}");
	put(dir, "node_modules/b/package.json", "{\"name\":\"b\",\"version\":\"1.2.3\"}");
	put(dir, "node_modules/b/binding.gyp", "{}");
	put(dir, "node_modules/b/native.node", "\177ELFxxxx");
	put(dir, "node_modules/b/broken/package.json", "{\"name\":");
	assert_int_equal(symlinkat("/etc/passwd", dir, "node_modules/b/license"), 0);
	const struct artefact a = {.kind = SUBJECT_NPM,
	        .name = "@a/main",
	        .version = "1.0.0",
	        .root = root,
	        .entry = "node_modules/@a/main/cli.js",
	        .integrity = "sha512-x",
	        .packages = STRINGS("@a/main@1.0.0 sha512-x", "b@1.2.3 sha512-y")};
	assert_int_equal(facts_read(&a, &arena, &f, &err), 0);
	assert_int_equal(f.files, 10);
	assert_int_equal(f.packages, 2);
	assert_int_equal(f.declared, 1);
	assert_string_equal(f.licence, "MIT");
	assert_true(f.licence_file);
	assert_int_equal(f.all_scripts, 2);
	bool one = strcmp(f.scripts[0].name, "postinstall") == 0;
	assert_string_equal(f.scripts[!one].command, "node x.js");
	assert_true(strstr(f.scripts[one].command, "node-gyp") != NULL);
	assert_int_equal(f.all_sboms, 1);
	assert_string_equal(f.sboms[0], "node_modules/@a/main/sbom.cdx.json");
	assert_int_equal(f.all_bundled, 1);
	assert_string_equal(f.bundled[0], "hidden@3.1.4");
	assert_int_equal(f.all_natives, 1);
	assert_string_equal(f.entry_sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_false(f.cut);
	(void)path_remove(AT_FDCWD, root);
}

static void odd_characters_are_told(void **state)
{
	(void)state;
	static const struct {
		uint32_t before, c, after;
		bool odd;
	} cases[] = {{'y', '\'', 's', false}, {'y', 0x2019, 's', true}, {'y', 0x2bc, 's', true}, {'a', 0x200b, 'b', true},
	        {'a', 0xe0041, 0, true}, {0, 0xa0, 0, true}, {0x1f468, 0x200d, 0x1f469, false}, {0x2764, 0xfe0f, ' ', false},
	        {'a', 0xfe0f, 'b', true}, {'p', 0x430, 'y', true}, {0x43f, 0x430, 0x43f, false}, {'x', 0xe9, 0, false},
	        {'a', 0x2014, 'b', false}, {0, '\n', 0, false}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(fields_odd(cases[i].before, cases[i].c, cases[i].after) != NULL, cases[i].odd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(table_is_whole),
	        cmocka_unit_test(answers_follow_the_result),
	        cmocka_unit_test(a_canary_is_its_value),
	        cmocka_unit_test(conduct_is_told),
	        cmocka_unit_test(hidden_constants_are_told),
	        cmocka_unit_test(registry_is_read),
	        cmocka_unit_test(package_is_read),
	        cmocka_unit_test(odd_characters_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
