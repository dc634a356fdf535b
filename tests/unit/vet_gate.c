#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "vet/gate.h"

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct vet_finding found(enum leak_class class, const char *factor, const char *level, const char *address)
{
	static const char *levels[32][2];
	static size_t n;
	levels[n][0] = level;
	levels[n][1] = NULL;
	return (struct vet_finding){.class = class,
	        .factor = factor,
	        .levels = levels[n++],
	        .base = "official,gateway",
	        .endpoint = "POST https://api.example.com/v1/messages",
	        .address = address,
	        .before = "a",
	        .after = "b"};
}

static void compared(void **state)
{
	(void)state;
	struct vet_finding before[] = {found(CLASS_COVERT, "timezone", "Asia/Tokyo", "body.system"),
	        found(CLASS_COVERT, "locale", "zh_CN", "body.system"), found(CLASS_UNDECLARED, "user", "zhangwei88k", "body.user"),
	        found(CLASS_COVERT, "hostname", "bj-rd-4x9wz", "body.host"), found(CLASS_DISCLOSED, "gateway", "10.61.207.14", "DNS"),
	        found(CLASS_DISCLOSED, "home", "/home/quillan7", "body.home")};
	struct vet_finding after[] = {found(CLASS_UNDECLARED, "locale", "zh_CN", "body.lang"),
	        found(CLASS_COVERT, "user", "zhangwei88k", "body.x"), found(CLASS_HASHED, "mac", "02:5e:7a:3c:91:d4", "body.id"),
	        found(CLASS_DISCLOSED, "gateway", "10.61.207.14", "DNS")};
	after[3].endpoint = "DNS";
	struct vet_trial_row rows[] = {{.base = "official", .varied = "time zone = Asia/Tokyo", .messages = 3},
	        {.base = "gateway", .varied = "time zone = Asia/Tokyo", .messages = 3},
	        {.base = "gateway", .varied = "time zone = Asia/Tokyo", .messages = 0},
	        {.base = "gateway", .varied = "locale = zh_CN", .messages = 1},
	        {.base = "gateway", .varied = "gateway host name = 10.61.207.14", .messages = 1},
	        {.base = "gateway", .varied = "user name = zhangwei88k", .messages = 1},
	        {.base = "official", .varied = "baseline", .messages = 1}};
	struct vet_result plain = {.arena = ARENA(1 << 20), .findings = before, .n_findings = ARRAY_LEN(before)};
	const struct vet_result behind = {.verdict = VERDICT_FINDINGS,
	        .findings = after,
	        .n_findings = ARRAY_LEN(after),
	        .rows = rows,
	        .n_rows = ARRAY_LEN(rows),
	        .trials = 6};
	assert_int_equal(gate_compare(&plain, &behind), 0);
	static const struct {
		enum vet_closure_state state;
		unsigned runs;
		const char *address; /* what still shows */
	} wanted[] = {{CLOSURE_CLOSED, 2, NULL}, {CLOSURE_CLOSED, 1, "body.lang"}, {CLOSURE_OPEN, 1, "body.x"}, {CLOSURE_UNTESTED, 0, NULL},
	        {CLOSURE_CLOSED, 1, NULL}, {CLOSURE_CLOSED, 1, NULL}, {CLOSURE_NEW, 0, "body.x"}, {CLOSURE_NEW, 0, "body.id"}};
	assert_int_equal(plain.gate.n_closures, ARRAY_LEN(wanted));
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		const struct vet_closure *c = &plain.gate.closures[i];
		assert_int_equal(c->state, wanted[i].state);
		assert_int_equal(c->runs, wanted[i].runs);
		assert_true(wanted[i].address ? c->address && strcmp(c->address, wanted[i].address) == 0 : c->address == NULL);
	}
	/* What did not work says nothing. */
	const struct vet_result broken = {.verdict = VERDICT_INCONCLUSIVE, .rows = rows, .n_rows = ARRAY_LEN(rows)};
	assert_int_equal(gate_compare(&plain, &broken), 0);
	for (size_t i = 0; i < plain.gate.n_closures; i++)
		assert_int_equal(plain.gate.closures[i].state, CLOSURE_UNTESTED);
	arena_free(&plain.arena);
}

static void planned(void **state)
{
	(void)state;
	struct vet_finding f[] = {found(CLASS_COVERT, "timezone", "Asia/Tokyo", "x"), found(CLASS_COVERT, "locale", "ja_JP", "x")};
	f[1].base = "gateway";
	const struct vet_result plain = {.findings = f, .n_findings = ARRAY_LEN(f)};
	_cleanup_arena_ struct arena arena = ARENA(1 << 20);
	struct plan plan;
	const char *list = gate_factors(&plain, &arena);
	assert_string_equal(list, "timezone,locale");
	assert_int_equal(plan_build(PLAN_QUICK, 1, list, true, &arena, &plan, NULL), 0);
	assert_int_equal(gate_plan(&plain, 3, true, &arena, &plan), 0);
	unsigned n[3] = {0};
	for (size_t i = 0; i < plan.n; i++) {
		const struct plan_trial *t = &plan.trials[i];
		if (t->baseline)
			continue;
		const char *level = factor_level_at(t->factor, t->level)->name;
		n[0] += strcmp(level, "Asia/Tokyo") == 0 && t->treatment.base == BASE_OFFICIAL;
		n[1] += strcmp(level, "Asia/Tokyo") == 0 && t->treatment.base == BASE_GATEWAY;
		n[2] += strcmp(level, "ja_JP") == 0 && t->treatment.base == BASE_GATEWAY;
	}
	assert_int_equal(n[0], 3);
	assert_int_equal(n[1], 3);
	assert_int_equal(n[2], 3);
}

static void wrapped(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena arena = ARENA(1 << 20);
	static const struct trial_mount mounts[] = {{"/x", "/opt/tool"}, {"/y", "/tmp/runtime"}};
	static const struct profile_file files[] = {{"{home}/.tool/auth.json", "{}"}, {"{home}/.toolrc", ""}, {"{project}/x", ""}};
	const struct vet_subject s = {.mounts = mounts, .n_mounts = ARRAY_LEN(mounts)};
	const struct profile p = {.env = LIST("TOOL_KEY=k"),
	        .model_hosts = LIST("api.tool.example", "*.tool.example"),
	        .base_url = "http://{host}:8080/v1",
	        .files = files,
	        .n_files = ARRAY_LEN(files)};
	char *argv[] = {(char[]){"/opt/tool/bin"}, (char[]){"-p"}, NULL};
	struct setup setup = {.gateway = "10.1.2.3", .argv = argv};
	const struct vet_gate_program program = {"/f", "postern", "/s"};
	assert_int_equal(host_base(&setup.host, &arena), 0);
	assert_int_equal(gate_wrap(&program, &s, &p, &arena, &setup, NULL), 0);
	_cleanup_buf_ struct buf line = BUF(8192);
	for (size_t i = 0; setup.argv[i]; i++)
		buf_fmt(&line, "%s ", setup.argv[i]);
	assert_string_equal(buf_str(&line),
	        GATE_BIN "/postern run --neutral --quiet --no-project-policy --ledger none --proxy none --policy " GATE_POLICY
	                 " --env TOOL_KEY --rw /home/developer/.tool --rw /home/developer/.toolrc --ro /tmp/runtime --upstream "
	                 "api.tool.example=http://10.1.2.3:8080 -- /opt/tool/bin -p ");
	assert_non_null(host_env_get(&setup.host, "POSTERN_SHARE"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(compared), cmocka_unit_test(planned), cmocka_unit_test(wrapped)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
