/* The engine of postern scan: its tables, its limits, and what it makes of several findings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "inspect/scan_part.h"
#include "inspect/scan_role.h"

static void every_rule_is_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < SCAN_RULES; i++) {
		const struct scan_rule *r = &scan_rules[i];
		assert_true(r->id && r->title && r->why && r->todo);
		assert_true((r->verdict > SCAN_CLEAN || strncmp(r->id, "change.", 7) == 0 || strcmp(r->id, "yara.note") == 0) &&
		            r->verdict <= SCAN_BAD && r->confidence <= SCAN_HIGH);
		assert_true(strlen(r->title) > 3 && strlen(r->title) < 80 && strlen(r->why) > 10 && strlen(r->todo) > 10);
		assert_non_null(strchr(r->id, '.'));
		for (const char *p = r->id; *p; p++)
			assert_true((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '.' || *p == '-');
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(r->id, scan_rules[k].id);
	}
}

static void every_detector_has_a_name(void **state)
{
	size_t n = 0;
	(void)state;
	for (; scan_detector_name(n); n++)
		for (size_t k = 0; k < n; k++)
			assert_string_not_equal(scan_detector_name(n), scan_detector_name(k));
	assert_true(n >= 3);
}

static void imports_are_judged(void **state)
{
	static const struct {
		const char *module, *name;
		enum scan_name want;
	} rows[] = {
	        {"collections", "OrderedDict", SCAN_NAME_ALLOWED},
	        {"__builtin__", "set", SCAN_NAME_ALLOWED},
	        {"copy_reg", "_reconstructor", SCAN_NAME_ALLOWED},
	        {"torch", "FloatStorage", SCAN_NAME_ALLOWED},
	        {"builtins", "eval", SCAN_NAME_DANGEROUS},
	        {"__builtin__", "eval", SCAN_NAME_DANGEROUS},
	        {"builtins", "", SCAN_NAME_UNKNOWN},
	        {"builtins", "object.__subclasses__", SCAN_NAME_DANGEROUS},
	        {"os", "anything", SCAN_NAME_DANGEROUS},
	        {"os.path", "join", SCAN_NAME_DANGEROUS},
	        {"osmium", "io", SCAN_NAME_UNKNOWN},
	        {"collections", "OrderedDict.fromkeys", SCAN_NAME_UNKNOWN},
	        {"collections", "abc.sys.modules", SCAN_NAME_DANGEROUS},
	        {"innocent", "os.system", SCAN_NAME_DANGEROUS},
	        {"innocent", "__globals__", SCAN_NAME_DANGEROUS},
	        {"Collections", "OrderedDict", SCAN_NAME_UNKNOWN},
	        {"collections ", "OrderedDict", SCAN_NAME_UNKNOWN},
	        {"", "", SCAN_NAME_UNKNOWN},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (scan_import(slice_str(rows[i].module), slice_str(rows[i].name)) != rows[i].want)
			fail_msg("%s %s", rows[i].module, rows[i].name);
}

static struct scan_summary scan_for(uint32_t subjects, struct slice in, const char *name, struct scan_limits limits)
{
	const struct scan_options o = {.subjects = subjects, .limits = limits};
	struct scan_summary s;
	assert_int_equal(scan_bytes(in, name, &o, NULL, NULL, &s), 0);
	return s;
}

static struct scan_summary scan(struct slice in, const char *name, struct scan_limits limits)
{
	return scan_for(0, in, name, limits);
}

static void the_worst_counts(void **state)
{
	static const struct {
		struct slice in;
		enum scan_verdict want;
	} rows[] = {
	        {SLICE_INIT(""), SCAN_CLEAN},
	        {SLICE_INIT("\x80\x02}."), SCAN_CLEAN},
	        {SLICE_INIT("\x80\x02}.\xff"), SCAN_UNSCANNED},
	        {SLICE_INIT("plain text"), SCAN_UNSCANNED},
	        {SLICE_INIT("\x80\x02"
	                    "cx.y\nz\n."),
	                SCAN_SUSPICIOUS},
	        {SLICE_INIT("\x80\x02"
	                    "cx.y\nz\ncos\nsystem\n."),
	                SCAN_BAD},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(scan(rows[i].in, "x.pkl", scan_limits_default()).verdict, rows[i].want);
	assert_true(scan_for(SCAN_MODELS, SLICE("plain text"), "x.md", scan_limits_default()).other);
	/* A name that says it is a model is not left out. */
	assert_false(scan_for(SCAN_MODELS, SLICE("plain text"), "x.pkl", scan_limits_default()).other);
}

/* A verdict is about what was looked for, and says so. */
static void what_was_looked_for_is_told(void **state)
{
	static const struct {
		uint32_t subjects;
		struct slice in;
		const char *name;
		enum scan_verdict want;
		uint32_t looked, other;
	} rows[] = {
	        {SCAN_MODELS, SLICE_INIT("plain text"), "x.md", SCAN_UNSCANNED, 0, 1},
	        {SCAN_TEXT, SLICE_INIT("plain text"), "x.md", SCAN_CLEAN, SCAN_TEXT, 0},
	        {0, SLICE_INIT("plain text"), "x.md", SCAN_CLEAN, SCAN_TEXT, 0},
	        {0, SLICE_INIT("plain text"), "x.pkl", SCAN_UNSCANNED, SCAN_TEXT, 0},
	        {SCAN_TEXT, SLICE_INIT("\0\1\2\3"), "x", SCAN_UNSCANNED, 0, 1},
	        {SCAN_MODELS, SLICE_INIT("\0\1\2\3"), "x", SCAN_UNSCANNED, 0, 0},
	        {SCAN_TEXT, SLICE_INIT("\x80\x02}."), "x.pkl", SCAN_UNSCANNED, 0, 1},
	        {SCAN_MODELS, SLICE_INIT("\x80\x02}."), "x.pkl", SCAN_CLEAN, SCAN_MODELS, 0},
	        {SCAN_MODELS, SLICE_INIT("is\xe2\x80\x8b_()"), "x.py", SCAN_UNSCANNED, 0, 1},
	        {SCAN_TEXT, SLICE_INIT("is\xe2\x80\x8b_()"), "x.py", SCAN_BAD, SCAN_TEXT, 0},
	        {SCAN_TEXT, SLICE_INIT("is\xe2\x80\x8b_()"), "folder.py/x.md", SCAN_CLEAN, SCAN_TEXT, 0},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scan_summary s = scan_for(rows[i].subjects, rows[i].in, rows[i].name, scan_limits_default());
		if (s.verdict != rows[i].want || s.looked != rows[i].looked || s.other != rows[i].other)
			fail_msg("row %zu: %s, looked %u, other %u", i, scan_verdict_word((enum scan_verdict)s.verdict), s.looked, s.other);
	}
}

static void on_place(void *arg, const struct scan_finding *f)
{
	uint32_t *place = arg;
	assert_true(f->line > place[0] || (f->line == place[0] && f->column > place[1]));
	place[0] = f->line;
	place[1] = f->column;
	place[2]++;
}

/* Places are counted on from the last one. */
static void places_are_lines_and_columns(void **state)
{
	const struct scan_options o = {.subjects = SCAN_TEXT, .limits = scan_limits_default()};
	_cleanup_buf_ struct buf b = BUF(1 << 24);
	uint32_t place[3] = {0};
	struct scan_summary s;
	(void)state;
	for (int i = 0; i < 100; i++)
		buf_fmt(&b, "x%d = 1\n\n  \xc3\xa4; y%02d\xe2\x80\x8bz = 1\n", i, i);
	assert_int_equal(scan_bytes(buf_slice(&b), "x.py", &o, on_place, place, &s), 0);
	assert_int_equal(place[2], 100);
	assert_int_equal(place[0], 300);
	assert_int_equal(place[1], 9);
}

/* Many harmless findings cannot push a bad one out, and what is not told is counted. */
static void limits_hold(void **state)
{
	_cleanup_buf_ struct buf b = BUF(1 << 20);
	struct scan_limits l = scan_limits_default();
	(void)state;
	l.findings = 10;
	buf_str_add(&b, "\x80\x02");
	for (int i = 0; i < 100; i++)
		buf_fmt(&b, "cnobody.knows\nname%d\n0", i);
	buf_str_add(&b, "cos\nsystem\n.");
	struct scan_summary s = scan(buf_slice(&b), "x.pkl", l);
	assert_int_equal(s.verdict, SCAN_BAD);
	assert_int_equal(s.found, 11);
	assert_int_equal(s.dropped, 90);
	l.steps = 50;
	assert_int_equal(scan(SLICE("\x80\x02}."), "x.pkl", l).verdict, SCAN_CLEAN);
	l.steps = 2;
	assert_int_equal(scan(SLICE("\x80\x02}."), "x.pkl", l).verdict, SCAN_UNSCANNED);
}

/* A payload behind what is decoded at most, or deeper than is looked, is not clean. */
static void long_and_deep_literals_are_no_hiding_place(void **state)
{
	static const char evil[] = "gAJjb3MKc3lzdGVtCi4="; /* os.system */
	struct scan_limits l = scan_limits_default();
	_cleanup_buf_ struct buf b = BUF((size_t)64 << 20);
	const size_t n = (size_t)48 << 20;
	(void)state;
	buf_add(&b, SLICE("\x80\x02"
	                  "B"));
	for (int i = 0; i < 4; i++)
		buf_u8(&b, (uint8_t)(n >> (8 * i)));
	for (size_t i = 0; i < n; i++)
		buf_u8(&b, 'A');
	buf_u8(&b, '.');
	assert_int_equal(scan(buf_slice(&b), "x.pkl", l).verdict, SCAN_UNSCANNED);
	buf_reset(&b);
	buf_fmt(&b,
	        "\x80\x02"
	        "U%c%s.",
	        (int)strlen(evil), evil);
	assert_int_equal(scan(buf_slice(&b), "x.pkl", l).verdict, SCAN_BAD);
	l.depth = 0;
	assert_int_equal(scan(buf_slice(&b), "x.pkl", l).verdict, SCAN_UNSCANNED);
}

/* A package.json that is larger or deeper than is read may still be one that installs something; what is no JSON installs nothing. */
static void manifests_are_no_hiding_place(void **state)
{
	static const char scripts[] = "\"scripts\": {\"postinstall\": \"node x.js\"}";
	const struct scan_limits l = scan_limits_default();
	_cleanup_buf_ struct buf b = BUF((size_t)4 << 20);
	(void)state;
	for (unsigned deep = 60; deep <= 100; deep += 40) {
		buf_reset(&b);
		buf_str_add(&b, "{\"x\": ");
		for (unsigned i = 0; i < deep; i++)
			buf_u8(&b, '[');
		for (unsigned i = 0; i < deep; i++)
			buf_u8(&b, ']');
		buf_fmt(&b, ", %s}", scripts);
		assert_int_equal(scan(buf_slice(&b), "package.json", l).verdict, deep > 64 ? SCAN_UNSCANNED : SCAN_CLEAN);
		assert_int_equal(scan(buf_slice(&b), "other.json", l).verdict, SCAN_CLEAN);
	}
	buf_reset(&b);
	buf_fmt(&b, "{\"x\": [1");
	for (unsigned i = 0; i < 250000; i++)
		buf_str_add(&b, ",1");
	buf_fmt(&b, "], %s}", scripts);
	assert_int_equal(scan(buf_slice(&b), "package.json", l).verdict, SCAN_UNSCANNED);
	static const char *const none[] = {
	        "", "{", "{\"scripts\": {\"a\": \"b\"", "{% if x %}{ \"scripts\": {} }{% endif %}", "{\"a\": tru}"};
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_int_equal(scan(slice_str(none[i]), "package.json", l).verdict, SCAN_CLEAN);
}

/* What a process that was taken over could send. */
static void answers_are_checked(void **state)
{
	struct scan_answer a = {.kind = SCAN_ANSWER_FINDING};
	(void)state;
	assert_true(scan_answer_check(&a, sizeof(a)));
	assert_false(scan_answer_check(&a, sizeof(a) - 1));
	a.finding.rule = SCAN_RULES;
	assert_false(scan_answer_check(&a, sizeof(a)));
	a.finding.rule = 0;
	memset(a.finding.member, 'x', sizeof(a.finding.member));
	memset(a.finding.evidence, 27, sizeof(a.finding.evidence));
	assert_true(scan_answer_check(&a, sizeof(a)));
	assert_int_equal(strlen(a.finding.member), SCAN_MEMBER_MAX - 1);
	assert_null(strchr(a.finding.evidence, 27));
	a = (struct scan_answer){.kind = SCAN_ANSWER_SUMMARY, .summary = {.verdict = SCAN_VERDICTS}};
	assert_false(scan_answer_check(&a, sizeof(a)));
	a = (struct scan_answer){.kind = SCAN_ANSWER_SUMMARY, .error = INT32_MIN};
	assert_false(scan_answer_check(&a, sizeof(a)));
	a = (struct scan_answer){.kind = 7};
	assert_false(scan_answer_check(&a, sizeof(a)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_rule_is_complete),
	        cmocka_unit_test(every_detector_has_a_name),
	        cmocka_unit_test(imports_are_judged),
	        cmocka_unit_test(the_worst_counts),
	        cmocka_unit_test(what_was_looked_for_is_told),
	        cmocka_unit_test(places_are_lines_and_columns),
	        cmocka_unit_test(limits_hold),
	        cmocka_unit_test(long_and_deep_literals_are_no_hiding_place),
	        cmocka_unit_test(manifests_are_no_hiding_place),
	        cmocka_unit_test(answers_are_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
