/* The comparison of two reports: what is new, gone and changed; and reports that somebody else has written. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../integration/report_model.h"
#include "report/compare.h"
#include "vet/compare_part.h"
#include "vet/question.h"

static struct vet_field fields_a[] = {{"POST https://api.vendor.example/v1/messages", "body.model", "m-1", 3},
        {"POST https://api.vendor.example/v1/messages", "body.user", NULL, 3}};
static struct vet_field fields_b[] = {{"POST https://api.vendor.example/v1/messages", "body.model", "m-2", 3},
        {"POST https://api.vendor.example/v1/messages", "body.serial", NULL, 3}, {"POST https://new.example/x", "body", "y", 3}};

static void report_of(struct vet_result r, struct vet_field *fields, size_t n, struct buf *out)
{
	r.arena = ARENA(8 << 20);
	r.fields = fields;
	r.n_fields = n;
	assert_int_equal(questions_answer(&r), 0);
	report_json(out, &r);
	assert_int_equal(buf_error(out), 0);
	arena_free(&r.arena);
}

static const struct compare_section *section(const struct compare *c, const char *id)
{
	for (size_t i = 0; i < c->n_sections; i++)
		if (strcmp(c->section[i].id, id) == 0)
			return &c->section[i];
	fail_msg("no section %s", id);
	return NULL;
}

static const struct compare_item *item(const struct compare_section *s, const char *part)
{
	for (size_t i = 0; i < s->n; i++)
		if (strstr(s->items[i].what, part))
			return &s->items[i];
	return NULL;
}

static void all_has(const struct compare *c, const char *part, bool wanted)
{
	_cleanup_buf_ struct buf text = BUF(1 << 20), json = BUF(1 << 20), html = BUF(1 << 20);
	const struct report_text_options o = {.width = 160};
	compare_text(&text, c, &o);
	compare_json(&json, c);
	compare_html(&html, c);
	assert_false(buf_error(&text) || buf_error(&json) || buf_error(&html));
	const struct buf *const forms[] = {&text, &json, &html};
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		if ((slice_find(buf_slice(forms[i]), slice_str(part), 0) != SLICE_NPOS) != wanted)
			fail_msg("form %zu: \"%s\" is %s", i, part, wanted ? "missing" : "there");
}

static void what_is_new_is_told(void **state)
{
	(void)state;
	_cleanup_buf_ struct buf a = BUF(4 << 20), b = BUF(4 << 20);
	struct compare c;
	struct err err = {0};
	assert_true(n_compare_kinds <= COMPARE_SECTIONS);
	report_of(sample_clean(), fields_a, ARRAY_LEN(fields_a), &a);
	report_of(sample_result(), fields_b, ARRAY_LEN(fields_b), &b);
	assert_int_equal(compare_reports(buf_slice(&a), buf_slice(&b), CLASS_COVERT, &c, &err), 0);
	const struct compare_item *i =
	        item(section(&c, "channels"), "gateway host name → POST http://{gateway}/v1/messages: body.messages");
	assert_non_null(i);
	assert_int_equal(i->kind, COMPARE_NEW);
	assert_true(i->alarm);
	assert_non_null(strstr(i->after, "covert"));
	/* New and undeclared is told, and no alarm unless that is asked for. */
	i = item(section(&c, "channels"), "git remote → api.vendor.example");
	assert_non_null(i);
	assert_false(i->alarm);
	i = item(section(&c, "fields"), "body.model");
	assert_int_equal(i->kind, COMPARE_CHANGED);
	assert_string_equal(i->before, "m-1");
	assert_string_equal(i->after, "m-2");
	assert_int_equal(item(section(&c, "fields"), "body.user")->kind, COMPARE_GONE);
	assert_int_equal(item(section(&c, "fields"), "body.serial")->kind, COMPARE_NEW);
	i = item(section(&c, "endpoints"), "new.example");
	assert_true(i && i->kind == COMPARE_NEW && i->alarm);
	size_t alarms = c.alarms;
	assert_true(alarms >= 3);
	all_has(&c, "gateway host name", true);
	all_has(&c, "new.example", true);
	compare_free(&c);
	assert_int_equal(compare_reports(buf_slice(&a), buf_slice(&b), CLASS_UNDECLARED, &c, &err), 0);
	assert_true(c.alarms > alarms);
	compare_free(&c);
	/* The other way round all of it is gone, and nobody need be alarmed. */
	assert_int_equal(compare_reports(buf_slice(&b), buf_slice(&a), CLASS_COVERT, &c, &err), 0);
	assert_int_equal(c.alarms, 0);
	assert_int_equal(item(section(&c, "endpoints"), "new.example")->kind, COMPARE_GONE);
	compare_free(&c);
	/* A report against itself. */
	assert_int_equal(compare_reports(buf_slice(&b), buf_slice(&b), CLASS_DISCLOSED, &c, &err), 0);
	for (size_t k = 0; k < c.n_sections; k++)
		assert_int_equal(c.section[k].n, 0);
	assert_true(c.section[0].same > 0);
	all_has(&c, "Both are of the same artefact", true);
	compare_free(&c);
}

#define HEAD                                                                                                                               \
	"{\"postern\":\"1\",\"started\":\"s\",\"subject\":{\"name\":\"n\",\"version\":\"v\",\"sha256\":\"d\",\"title\":null},\"profile\":" \
	"\"p\","                                                                                                                           \
	"\"effort\":\"e\",\"trials\":3,\"partial\":false,\"verdict\":\"clean\",\"findings\":[],\"hosts\":[]"

#define FIELDS(line) ",\"fields\":[{\"endpoint\":\"e\",\"fields\":[[\"body.text line \\\"" line "\\\"\",null]]}]}"

/* A text that names the day is the same text on another day. */
static void another_day_is_no_change(void **state)
{
	(void)state;
	struct compare c;
	struct err err = {0};
	assert_int_equal(compare_reports(SLICE(HEAD FIELDS("Today is 2026-11-26.")), SLICE(HEAD FIELDS("Today is 2027-01-02.")),
	                         CLASS_COVERT, &c, &err),
	        0);
	assert_int_equal(section(&c, "fields")->n, 0);
	assert_int_equal(section(&c, "fields")->same, 1);
	compare_free(&c);
	assert_int_equal(compare_reports(SLICE(HEAD FIELDS("Today is 2026-11-26.")), SLICE(HEAD FIELDS("Today is 2026/11/26.")),
	                         CLASS_COVERT, &c, &err),
	        0);
	assert_int_equal(section(&c, "fields")->n, 2);
	assert_non_null(item(section(&c, "fields"), "Today is 2026/11/26."));
	compare_free(&c);
}

#define CONDUCT(state, concern)                                                                                                            \
	",\"conduct\":{\"facts\":[{\"title\":\"listening sockets\",\"about\":\"127.0.0.1:7\",\"state\":\"" state "\",\"concern\":" concern \
	",\"text\":\"t\"}]}"
#define CONSTANTS(member) ",\"constants\":{\"lists\":[{\"hidden\":true,\"encoding\":\"base64\",\"members\":[\"" member "\"]}]}"

static void conduct_and_constants_are_compared(void **state)
{
	(void)state;
	struct compare c;
	struct err err = {0};
	assert_int_equal(compare_reports(SLICE(HEAD CONDUCT("not observed", "false") CONSTANTS("a.example") "}"),
	                         SLICE(HEAD CONDUCT("observed", "true") CONSTANTS("b.example") "}"), CLASS_COVERT, &c, &err),
	        0);
	const struct compare_item *i = item(section(&c, "conduct"), "listening sockets, 127.0.0.1:7");
	assert_true(i && i->kind == COMPARE_NEW && i->alarm);
	i = item(section(&c, "constants"), "b.example");
	assert_true(i && i->kind == COMPARE_NEW && i->alarm);
	i = item(section(&c, "constants"), "a.example");
	assert_true(i && i->kind == COMPARE_GONE && !i->alarm);
	compare_free(&c);
	assert_int_equal(compare_reports(SLICE(HEAD CONDUCT("observed", "1") "}"), SLICE(HEAD "}"), CLASS_COVERT, &c, &err), -EBADMSG);
	compare_free(&c);
}

#define SCAN(file, verdict, points)                                                                                                       \
	",\"scan\":{\"files\":[{\"path\":\"" file "\",\"findings\":[{\"verdict\":\"" verdict "\",\"title\":\"t\",\"evidence\":\"e\"}]}]," \
	"\"packages\":[{\"score\":{\"points\":" points ",\"reasons\":[{\"points\":" points ",\"title\":\"r" points                        \
	"\",\"evidence\":\"p\"}]}}]}"

static void files_and_scores_are_compared(void **state)
{
	(void)state;
	struct compare c;
	struct err err = {0};
	assert_int_equal(compare_reports(SLICE(HEAD SCAN("a.js", "unscanned", "5") "}"), SLICE(HEAD SCAN("b.js", "suspicious", "25") "}"),
	                         CLASS_COVERT, &c, &err),
	        0);
	const struct compare_item *i = item(section(&c, "files"), "b.js: t");
	assert_true(i && i->kind == COMPARE_NEW && i->alarm);
	assert_null(item(section(&c, "files"), "a.js: t"));
	i = item(section(&c, "score"), "25 in all");
	assert_true(i && i->kind == COMPARE_NEW && !i->alarm);
	i = item(section(&c, "score"), "25 for: r25");
	assert_true(i && i->kind == COMPARE_NEW && strcmp(i->after, "p") == 0);
	i = item(section(&c, "score"), "5 for: r5");
	assert_true(i && i->kind == COMPARE_GONE);
	compare_free(&c);
	/* An old report has none of it, and one of a tool whose files were not scanned neither. */
	assert_int_equal(
	        compare_reports(SLICE(HEAD ",\"scan\":null}"), SLICE(HEAD SCAN("b.js", "bad", "25") "}"), CLASS_COVERT, &c, &err), 0);
	assert_int_equal(c.alarms, 0);
	compare_free(&c);
	assert_int_equal(compare_reports(SLICE(HEAD ",\"scan\":{\"files\":1}}"), SLICE(HEAD "}"), CLASS_COVERT, &c, &err), -EBADMSG);
	compare_free(&c);
}

static void an_inconclusive_one_says_so(void **state)
{
	(void)state;
	_cleanup_buf_ struct buf a = BUF(4 << 20), b = BUF(4 << 20);
	struct compare c;
	struct err err = {0};
	report_of(sample_result(), NULL, 0, &a);
	report_of(sample_inconclusive(), NULL, 0, &b);
	assert_int_equal(compare_reports(buf_slice(&a), buf_slice(&b), CLASS_COVERT, &c, &err), 0);
	assert_true(c.inconclusive);
	all_has(&c, "what it lacks is not gone", true);
	compare_free(&c);
}

static void a_hostile_report_stays_text(void **state)
{
	(void)state;
	_cleanup_buf_ struct buf a = BUF(4 << 20), b = BUF(4 << 20);
	struct compare c;
	struct err err = {0};
	struct vet_result evil = sample_hostile();
	evil.verdict = VERDICT_FINDINGS;
	report_of(sample_clean(), NULL, 0, &a);
	report_of(evil, NULL, 0, &b);
	assert_int_equal(compare_reports(buf_slice(&a), buf_slice(&b), CLASS_COVERT, &c, &err), 0);
	all_has(&c, "<script", false);
	all_has(&c, "\033", false);
	compare_free(&c);
}

static void bad_reports_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
	} cases[] = {
	        {"", "cannot be read"},
	        {"[]", "no report.json of postern vet"},
	        {"{}", "no report.json of postern vet"},
	        {"{\"subject\":7}", "\"subject\""},
	        {"{\"subject\":{\"name\":[]}}", "\"name\" is no text"},
	        {HEAD ",\"fields\":{}}", "\"fields\" is no list"},
	        {HEAD ",\"fields\":[7]}", "damaged"},
	        {HEAD ",\"fields\":[{\"endpoint\":\"e\",\"fields\":[[]]}]}", "pair"},
	        {HEAD ",\"fields\":[{\"endpoint\":\"e\",\"fields\":[[1,2]]}]}", "pair"},
	        {HEAD ",\"fields\":[{\"endpoint\":\"e\",\"fields\":7}]}", "\"fields\""},
	        {HEAD ",\"artefact\":[]}", "artefact"},
	        {HEAD ",\"artefact\":{\"install_scripts\":[{\"package\":{}}],\"bundled\":[],\"packages\":[],\"native_code\":[]}}",
	                "\"package\""},
	        {HEAD ",\"artefact\":{\"install_scripts\":[],\"bundled\":[1],\"packages\":[],\"native_code\":[]}}", "bundled"},
	        {HEAD ",\"questionnaire\":[{\"number\":-1,\"question\":\"?\",\"state\":\"answered\",\"concern\":true}]}", "\"number\""},
	        {HEAD ",\"questionnaire\":[{\"number\":1,\"question\":\"?\",\"state\":\"answered\",\"concern\":1}]}", "\"concern\""},
	        {HEAD ",\"anomalies\":[\"x\"]}", "no object"},
	};
	_cleanup_buf_ struct buf deep = BUF(1 << 20);
	for (int i = 0; i < 100000; i++)
		buf_u8(&deep, '[');
	for (size_t i = 0; i <= ARRAY_LEN(cases); i++) {
		struct compare c;
		struct err err = {0};
		struct slice text = i < ARRAY_LEN(cases) ? slice_str(cases[i].text) : buf_slice(&deep);
		const char *says = i < ARRAY_LEN(cases) ? cases[i].says : "cannot be read";
		int r = compare_reports(text, SLICE(HEAD "}"), CLASS_COVERT, &c, &err);
		if (r != -EBADMSG || !strstr(err.text, says) || !strstr(err.text, "the first"))
			fail_msg("case %zu: %d, \"%s\"", i, r, err.text);
		compare_free(&c);
		r = compare_reports(SLICE(HEAD "}"), text, CLASS_COVERT, &c, &err);
		assert_int_equal(r, -EBADMSG);
		assert_non_null(strstr(err.text, "the second"));
		compare_free(&c);
	}
	/* What an older Postern did not write is no mistake, and is not compared. */
	struct compare c;
	struct err err = {0};
	assert_int_equal(compare_reports(SLICE(HEAD "}"), SLICE(HEAD ",\"fields\":[]}"), CLASS_COVERT, &c, &err), 0);
	assert_int_equal(c.alarms, 0);
	assert_false(section(&c, "fields")->there[0]);
	all_has(&c, "only B has this", true);
	compare_free(&c);
	/* A class that is none. */
	assert_int_equal(compare_reports(SLICE(HEAD "}"), SLICE(HEAD ",\"x\":1}"), CLASS_COVERT, &c, &err), 0);
	compare_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_new_is_told),
	        cmocka_unit_test(another_day_is_no_change),
	        cmocka_unit_test(conduct_and_constants_are_compared),
	        cmocka_unit_test(files_and_scores_are_compared),
	        cmocka_unit_test(an_inconclusive_one_says_so),
	        cmocka_unit_test(a_hostile_report_stays_text),
	        cmocka_unit_test(bad_reports_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
