/* Exceptions: what they widen, for whom, until when; and what makes one count for nothing. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/tlog.h"
#include "policy/diff.h"
#include "policy/except.h"
#include "sys/path.h"

#define T0  1795651200 /* 2026-11-26 */
#define DAY 86400

struct key {
	uint8_t seed[ED25519_SEED];
	struct tlog_signer signer;
};
static struct key admin, other;

static int sign_with(void *arg, struct slice message, uint8_t signature[ED25519_SIGNATURE])
{
	return ed25519_sign(((struct key *)arg)->seed, message, signature);
}

static void new_key(struct key *k, const char *name)
{
	assert_int_equal(ed25519_new(k->seed), 0);
	k->signer = (struct tlog_signer){.name = slice_str(name), .sign = sign_with, .arg = k};
	assert_int_equal(ed25519_public(k->seed, k->signer.public), 0);
}

static int setup(void **state)
{
	(void)state;
	new_key(&admin, "example.com/admin");
	new_key(&other, "example.com/other");
	return 0;
}

static struct exception plain(void)
{
	return (struct exception){.organisation = SLICE("example.com"),
	        .id = SLICE("0123456789abcdef"),
	        .tool = SLICE("claude-code"),
	        .account = SLICE("alice"),
	        .reason = SLICE("ticket 123"),
	        .from = T0,
	        .until = T0 + 30 * DAY};
}

static void sign(const struct exception *e, const struct key *k, struct buf *out)
{
	_cleanup_buf_ struct buf text = BUF(EXCEPTION_BYTES);
	struct err err = {0};
	buf_reset(out);
	if (except_write(e, &text, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(tlog_note_sign(&k->signer, buf_slice(&text), out), 0);
}

/* A policy of the organisation, compiled, with these notes. */
struct world {
	struct arena arena;
	struct policy_doc *doc;
	struct policy *p;
	struct policy_problems problems;
};

static void world_new(struct world *w, const char *rules, const char *more)
{
	_cleanup_buf_ struct buf yaml = BUF(1 << 16);
	static const struct policy_vars vars = {.home = "/home/u"};
	const struct policy_doc *docs[POLICY_LAYERS] = {0};
	*w = (struct world){.arena = ARENA(64u << 20)};
	buf_fmt(&yaml, "organisation: example.com\nversion: 1\ntools:\n  default: ban\n  rules: [%s]\n  exceptions:\n    keys: [\"", rules);
	tlog_vkey_add(&yaml, admin.signer.name, TLOG_ED25519, admin.signer.public);
	buf_fmt(&yaml, "\"]\n%s", more);
	if (policy_parse(buf_slice(&yaml), "p.yaml", POLICY_ORGANISATION, &w->arena, &w->doc, &w->problems) < 0)
		fail_msg("%s", w->problems.list[0].text);
	docs[POLICY_ORGANISATION] = w->doc;
	assert_int_equal(policy_compile(docs, &vars, &w->p, &w->problems), 0);
}

static void world_free(struct world *w)
{
	policy_free(w->p);
	policy_problems_free(&w->problems);
	arena_free(&w->arena);
}

static const struct policy_exception *give(struct world *w, struct slice note)
{
	struct policy_exceptions list = {0};
	assert_int_equal(except_add(w->doc, note, "x.note", &w->arena, &list), 0);
	assert_int_equal(except_set(w->p, &list), 0);
	return &policy_settings(w->p)->exception[0];
}

static struct policy_tool alice(void)
{
	return (struct policy_tool){.tool = SLICE("claude-code"),
	        .version = SLICE("2.1.3"),
	        .account = SLICE("alice"),
	        .host = SLICE("build-7"),
	        .now = T0 + DAY};
}

static enum policy_tool_verdict ask(const struct world *w, struct policy_tool t)
{
	struct policy_tool_decision d;
	policy_tool(w->p, &t, &d);
	assert_true((d.exception != NULL) == (d.verdict != POLICY_TOOL_BAN));
	assert_true((d.decision.verdict == POLICY_DENY) == (d.verdict == POLICY_TOOL_BAN));
	return d.verdict;
}

static void scope(void **state)
{
	_cleanup_buf_ struct buf note = BUF(EXCEPTION_BYTES);
	struct world w;
	struct exception e = plain();
	(void)state;
	e.versions = SLICE(">=2.1 <3");
	e.host = SLICE("BUILD-7");
	e.digest = SLICE("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	sign(&e, &admin, &note);
	world_new(&w, "", "");
	char before[65];
	(void)snprintf(before, sizeof(before), "%s", policy_digest(w.p));
	assert_null(give(&w, buf_slice(&note))->why);
	assert_string_not_equal(before, policy_digest(w.p));
	struct policy_tool t = alice();
	t.digest = e.digest;
	assert_int_equal(ask(&w, t), POLICY_TOOL_PERMIT);
	/* Everything that it names must be known, and be that. */
	static const struct {
		size_t member;
		struct slice value;
	} rows[] = {
	        {offsetof(struct policy_tool, tool), SLICE_INIT("codex")},
	        {offsetof(struct policy_tool, tool), SLICE_INIT("claude-code-2")},
	        {offsetof(struct policy_tool, tool), SLICE_INIT("")},
	        {offsetof(struct policy_tool, version), SLICE_INIT("2.0.9")},
	        {offsetof(struct policy_tool, version), SLICE_INIT("3.0.0")},
	        {offsetof(struct policy_tool, version), SLICE_INIT("unknown")},
	        {offsetof(struct policy_tool, version), SLICE_INIT("")},
	        {offsetof(struct policy_tool, account), SLICE_INIT("bob")},
	        {offsetof(struct policy_tool, account), SLICE_INIT("Alice")},
	        {offsetof(struct policy_tool, account), SLICE_INIT("")},
	        {offsetof(struct policy_tool, host), SLICE_INIT("build-70")},
	        {offsetof(struct policy_tool, host), SLICE_INIT("")},
	        {offsetof(struct policy_tool, digest), SLICE_INIT("1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")},
	        {offsetof(struct policy_tool, digest), SLICE_INIT("")},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct policy_tool other_tool = t;
		*(struct slice *)((char *)&other_tool + rows[i].member) = rows[i].value;
		if (ask(&w, other_tool) != POLICY_TOOL_BAN)
			fail_msg("row %zu is permitted", i);
	}
	world_free(&w);
	/* A pattern is none: it is a name. */
	e = plain();
	e.tool = SLICE("*");
	e.account = SLICE("*");
	sign(&e, &admin, &note);
	world_new(&w, "", "");
	assert_null(give(&w, buf_slice(&note))->why);
	assert_int_equal(ask(&w, alice()), POLICY_TOOL_BAN);
	world_free(&w);
}

#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct exception of_finding(void)
{
	return (struct exception){.organisation = SLICE("example.com"),
	        .id = SLICE("0123456789abcdef"),
	        .rule = SLICE("code.runs-decoded"),
	        .path = SLICE("src/a build.py"),
	        .digest = SLICE(SUM),
	        .reason = SLICE("ticket 123"),
	        .from = T0,
	        .until = T0 + 30 * DAY};
}

/* An exception for what a scan finds counts for that rule, in that file, with that content, in its time; and never for a tool. */
static void findings(void **state)
{
	_cleanup_buf_ struct buf note = BUF(EXCEPTION_BYTES);
	struct world w;
	struct exception e = of_finding();
	(void)state;
	static const struct {
		const char *rule, *path, *digest;
		int64_t now;
		const char *why; /* NULL and not `passes`: there is none that comes near */
		bool passes;
	} rows[] = {
	        {"code.runs-decoded", "src/a build.py", SUM, T0, NULL, true},
	        {"code.runs-decoded", "src/a build.py", SUM, T0 + 30 * DAY - 1, NULL, true},
	        {"code.runs-decoded", "src/a build.py", SUM, T0 + 30 * DAY, "it has ended", false},
	        {"code.runs-decoded", "src/a build.py", SUM, T0 - 1, "it has not begun", false},
	        {"code.runs-decoded", "src/a build.py", "1" SUM, T0, "the content is another", false},
	        {"code.runs-decoded", "src/a build.py", "", T0, "the content is another", false},
	        {"code.runs-decoded", "src/b.py", SUM, T0, NULL, false},
	        {"code.runs-decoded", "", SUM, T0, NULL, false},
	        {"code.runs-fetched", "src/a build.py", SUM, T0, NULL, false},
	};
	sign(&e, &admin, &note);
	world_new(&w, "", "");
	char before[65];
	(void)snprintf(before, sizeof(before), "%s", policy_digest(w.p));
	assert_null(give(&w, buf_slice(&note))->why);
	assert_string_not_equal(before, policy_digest(w.p));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct policy_exception *near;
		const char *why;
		const struct policy_exception *x = policy_scan_exception(
		        w.p, rows[i].rule, slice_str(rows[i].path), slice_str(rows[i].digest), rows[i].now, &near, &why);
		if ((x != NULL) != rows[i].passes || (near != NULL) != (rows[i].why != NULL) || (why && strcmp(why, rows[i].why) != 0))
			fail_msg("row %zu: %s", i, why ? why : "");
	}
	/* It names no tool, and so it is not one for all of them. */
	struct policy_tool t = alice();
	t.digest = SLICE(SUM);
	assert_int_equal(ask(&w, t), POLICY_TOOL_BAN);
	t = (struct policy_tool){.now = T0 + DAY};
	assert_int_equal(ask(&w, t), POLICY_TOOL_BAN);
	assert_int_equal(policy_tool_until(w.p, T0), 0);
	world_free(&w);

	/* By another key. */
	sign(&e, &other, &note);
	world_new(&w, "", "");
	assert_non_null(give(&w, buf_slice(&note))->why);
	const struct policy_exception *near;
	const char *why;
	assert_null(policy_scan_exception(w.p, "code.runs-decoded", SLICE("src/a build.py"), SLICE(SUM), T0, &near, &why));
	assert_non_null(near);
	assert_non_null(strstr(why, "signed by no key"));
	world_free(&w);

	/* What cannot be one. */
	struct exception wrong[8];
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		wrong[i] = of_finding();
	wrong[0].digest = SLICE("");
	wrong[1].digest = SLICE("0123");
	wrong[2].path = SLICE("");
	wrong[3].path = SLICE("a\nrule b");
	wrong[4].path = SLICE("a\xe2\x80\x8b");
	wrong[5].tool = SLICE("claude-code");
	wrong[6].account = SLICE("alice");
	wrong[7].versions = SLICE(">=1");
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		_cleanup_buf_ struct buf text = BUF(EXCEPTION_BYTES);
		struct err err = {0};
		if (except_write(&wrong[i], &text, &err) == 0)
			fail_msg("row %zu can be written", i);
	}
}

static void time_of(void **state)
{
	_cleanup_buf_ struct buf note = BUF(EXCEPTION_BYTES);
	struct world w;
	struct exception e = plain();
	static const struct {
		int64_t now;
		enum policy_tool_verdict verdict;
		int64_t until;
	} rows[] = {{0, POLICY_TOOL_BAN, T0}, {T0 - 1, POLICY_TOOL_BAN, T0}, {T0, POLICY_TOOL_PERMIT, T0 + 30 * DAY},
	        {T0 + 30 * DAY - 1, POLICY_TOOL_PERMIT, T0 + 30 * DAY}, {T0 + 30 * DAY, POLICY_TOOL_BAN, 0},
	        {INT64_MAX, POLICY_TOOL_BAN, 0}};
	(void)state;
	sign(&e, &admin, &note);
	world_new(&w, "", "");
	assert_null(give(&w, buf_slice(&note))->why);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct policy_tool t = alice();
		t.now = rows[i].now;
		assert_int_equal(ask(&w, t), rows[i].verdict);
		assert_int_equal(policy_tool_until(w.p, t.now), rows[i].until);
	}
	world_free(&w);
}

static void strictness(void **state)
{
	_cleanup_buf_ struct buf note = BUF(EXCEPTION_BYTES);
	struct exception e = plain();
	static const struct {
		const char *rules;
		bool gate;
		enum policy_tool_verdict verdict;
		bool excepted;
	} rows[] = {
	        {"{tool: claude-code, verdict: ban}", false, POLICY_TOOL_PERMIT, true},
	        {"{tool: claude-code, verdict: ban}", true, POLICY_TOOL_GATE, true},
	        {"{tool: claude-code, verdict: gate}", false, POLICY_TOOL_PERMIT, true},
	        {"{tool: claude-code, verdict: gate}", true, POLICY_TOOL_GATE, false},     /* it is no milder */
	        {"{tool: claude-code, verdict: permit}", true, POLICY_TOOL_PERMIT, false}, /* and never stricter */
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct policy_tool_decision d;
		struct policy_tool t = alice();
		struct world w;
		e.gate = rows[i].gate;
		sign(&e, &admin, &note);
		world_new(&w, rows[i].rules, "");
		assert_null(give(&w, buf_slice(&note))->why);
		policy_tool(w.p, &t, &d);
		if (d.verdict != rows[i].verdict || (d.exception != NULL) != rows[i].excepted)
			fail_msg("row %zu: %d", i, (int)d.verdict);
		world_free(&w);
	}
	/* A ban of one content or of some versions is not undone by an exception for the tool. */
#define DIGEST_A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	static const struct {
		const char *rules;
		struct slice versions, digest;
		enum policy_tool_verdict verdict;
	} specific[] = {
	        {"{digest: " DIGEST_A ", verdict: ban}", SLICE_INIT(""), SLICE_INIT(""), POLICY_TOOL_BAN},
	        {"{digest: " DIGEST_A ", verdict: ban}", SLICE_INIT(">=2"), SLICE_INIT(""), POLICY_TOOL_BAN},
	        {"{digest: " DIGEST_A ", verdict: ban}", SLICE_INIT(""), SLICE_INIT(DIGEST_A), POLICY_TOOL_PERMIT},
	        {"{tool: claude-code, verdict: ban}, {tool: claude-code, versions: \"2.1.3\", verdict: ban}", SLICE_INIT(""),
	                SLICE_INIT(""), POLICY_TOOL_BAN},
	        {"{tool: claude-code, verdict: ban}, {tool: claude-code, versions: \"2.1.3\", verdict: ban}", SLICE_INIT("2.1.3"),
	                SLICE_INIT(""), POLICY_TOOL_PERMIT},
	        {"{tool: claude-code, verdict: ban}, {tool: claude-code, versions: \"2.1.4\", verdict: ban}", SLICE_INIT(""),
	                SLICE_INIT(""), POLICY_TOOL_PERMIT},
	        {"{tool: claude-code, versions: \"2.1.3\", verdict: gate}", SLICE_INIT(""), SLICE_INIT(""), POLICY_TOOL_GATE},
	        {"{tool: claude-code, lineage: openclaw, verdict: ban}", SLICE_INIT("2.1.3"), SLICE_INIT(DIGEST_A), POLICY_TOOL_BAN},
	        {"{tool: claude-code, lineage: codex, verdict: ban}", SLICE_INIT(""), SLICE_INIT(""), POLICY_TOOL_PERMIT},
	};
	for (size_t i = 0; i < ARRAY_LEN(specific); i++) {
		struct policy_tool_decision d;
		struct policy_tool t = alice();
		struct world w;
		struct exception one = plain();
		static const struct slice above[] = {SLICE_INIT("openclaw")};
		t.digest = SLICE(DIGEST_A);
		t.lineage = above;
		t.n_lineage = 1;
		one.versions = specific[i].versions;
		one.digest = specific[i].digest;
		sign(&one, &admin, &note);
		world_new(&w, specific[i].rules, "");
		assert_null(give(&w, buf_slice(&note))->why);
		policy_tool(w.p, &t, &d);
		if (d.verdict != specific[i].verdict)
			fail_msg("specific row %zu: %d", i, (int)d.verdict);
		world_free(&w);
	}
	/* The ban of the person's own policy stays. */
	static const struct policy_vars vars = {.home = "/home/u"};
	struct policy_tool_decision d;
	struct policy_tool t = alice();
	struct policy_doc *mine;
	struct policy *both;
	struct world w;
	struct policy_exceptions list = {0};
	e.gate = false;
	sign(&e, &admin, &note);
	world_new(&w, "", "");
	assert_int_equal(policy_parse(SLICE("tools: {default: permit, rules: [{tool: claude-code, verdict: ban}]}"), "me", POLICY_PERSON,
	                         &w.arena, &mine, &w.problems),
	        0);
	const struct policy_doc *docs[POLICY_LAYERS] = {[POLICY_ORGANISATION] = w.doc, [POLICY_PERSON] = mine};
	assert_int_equal(policy_compile(docs, &vars, &both, &w.problems), 0);
	assert_int_equal(except_add(w.doc, buf_slice(&note), "x", &w.arena, &list), 0);
	assert_int_equal(except_set(both, &list), 0);
	policy_tool(both, &t, &d);
	assert_int_equal(d.verdict, POLICY_TOOL_BAN);
	assert_null(d.exception);
	policy_free(both);
	world_free(&w);
}

static void counts_for_nothing(void **state)
{
	_cleanup_buf_ struct buf note = BUF(EXCEPTION_BYTES), text = BUF(EXCEPTION_BYTES);
	struct exception e = plain();
	struct world w;
	const struct policy_exception *x;
	(void)state;
	const struct {
		const char *organisation, *more, *says;
		int64_t until;
		const struct key *by;
	} rows[] = {
	        {"example.com", "", NULL, T0 + 366 * DAY, &admin},
	        {"example.com", "", "max_days", T0 + 366 * DAY + 1, &admin},
	        {"example.com", "    max_days: 5\n", "max_days", T0 + 6 * DAY, &admin},
	        {"example.com", "    max_days: 0\n", "max_days", T0 + DAY, &admin},
	        {"other.com", "", "another organisation", T0 + DAY, &admin},
	        {"example.com", "", "signed by no key", T0 + DAY, &other},
	        {"example.com", "    revoked: [0123456789abcdef]\n", "revoked", T0 + DAY, &admin},
	        {"example.com", "    revoked: [1123456789abcdef]\n", NULL, T0 + 2 * DAY, &admin},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		e.organisation = slice_str(rows[i].organisation);
		e.until = rows[i].until;
		sign(&e, rows[i].by, &note);
		world_new(&w, "", rows[i].more);
		x = give(&w, buf_slice(&note));
		if ((x->why != NULL) != (rows[i].says != NULL) || (x->why && !strstr(x->why, rows[i].says)))
			fail_msg("row %zu: %s", i, x->why ? x->why : "it counts");
		assert_int_equal(ask(&w, alice()), x->why ? POLICY_TOOL_BAN : POLICY_TOOL_PERMIT);
		assert_true(x->why == NULL || policy_tool_until(w.p, T0) == 0);
		world_free(&w);
	}
	/* Any byte another: never for anything else than what was signed. */
	e = plain();
	sign(&e, &admin, &note);
	for (size_t i = 0; i < note.n; i++) {
		buf_reset(&text);
		buf_add(&text, buf_slice(&note));
		text.p[i] ^= 1;
		world_new(&w, "", "");
		assert_non_null(give(&w, buf_slice(&text))->why);
		assert_int_equal(ask(&w, alice()), POLICY_TOOL_BAN);
		world_free(&w);
	}
	world_new(&w, "", "");
	assert_non_null(strstr(give(&w, SLICE(""))->why, "is damaged"));
	world_free(&w);
}

static void slips(void **state)
{
	static const struct {
		const char *versions, *reason, *account, *says;
	} rows[] = {{">=2.1", "r", "alice", NULL}, {"new", "r", "alice", "versions"}, {"", "", "alice", "reason"},
	        {"", "two\nlines", "alice", "more than belongs"}, {"", "seen \xe2\x80\xae", "alice", "reason"}, {"", "r", "a b", "account"},
	        {"", "r", "", "account"}};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_buf_ struct buf text = BUF(EXCEPTION_BYTES);
		struct exception e = plain();
		struct err err = {0};
		e.versions = slice_str(rows[i].versions);
		e.reason = slice_str(rows[i].reason);
		e.account = slice_str(rows[i].account);
		int r = except_write(&e, &text, &err);
		if ((r < 0) != (rows[i].says != NULL) || (r < 0 && !strstr(err.text, rows[i].says)))
			fail_msg("row %zu: %s", i, err.text);
	}
	/* In the policy. */
	static const struct {
		const char *layer_text, *says;
	} bad[] = {{"tools: {default: ban, exceptions: {keys: [junk]}}", "no verifier key"},
	        {"tools: {default: ban, exceptions: {keys: []}}", "is empty"}, {"tools: {default: ban, exceptions: {max_days: 1}}", "keys"},
	        {"tools: {default: ban, exceptions: {revoked: [x]}}", "16 lower-case hex"}};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		_cleanup_arena_ struct arena a = ARENA(1 << 20);
		_cleanup_buf_ struct buf yaml = BUF(4096);
		struct policy_problems problems = {0};
		struct policy_doc *doc;
		bool found = false;
		buf_fmt(&yaml, "organisation: example.com\nversion: 1\n%s\n", bad[i].layer_text);
		assert_int_equal(policy_parse(buf_slice(&yaml), "p", POLICY_ORGANISATION, &a, &doc, &problems), -EINVAL);
		for (size_t k = 0; k < problems.n; k++)
			found |= strstr(problems.list[k].text, bad[i].says) != NULL;
		if (!found)
			fail_msg("row %zu: %s", i, problems.list[0].text);
		policy_problems_free(&problems);
	}
}

/* From the disk, beside the policy, as policy_load() finds them. */
static void loaded(void **state)
{
	_cleanup_buf_ struct buf note = BUF(EXCEPTION_BYTES), yaml = BUF(4096);
	char top[64], path[128];
	struct exception e = plain();
	struct policy_problems problems = {0};
	struct policy *p;
	struct err err = {0};
	(void)state;
	(void)umask(022);
	(void)snprintf(top, sizeof(top), "/tmp/postern-except-%d", (int)getpid());
	assert_int_equal(mkdir(top, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/exceptions", top);
	assert_int_equal(mkdir(path, 0755), 0);
	int dir = open(path, O_RDONLY | O_DIRECTORY);
	sign(&e, &admin, &note);
	assert_int_equal(path_replace(dir, "good.note", buf_slice(&note), 0644), 0);
	assert_int_equal(path_replace(dir, "junk.note", SLICE("junk"), 0644), 0);
	assert_int_equal(path_replace(dir, "other.txt", SLICE("junk"), 0644), 0);
	assert_int_equal(symlinkat("good.note", dir, "link.note"), 0);
	assert_int_equal(mkfifoat(dir, "fifo.note", 0644), 0);
	buf_str_add(&yaml, "organisation: example.com\nversion: 1\ntools: {default: ban, exceptions: {keys: [\"");
	tlog_vkey_add(&yaml, admin.signer.name, TLOG_ED25519, admin.signer.public);
	buf_str_add(&yaml, "\"]}}\n");
	int at = open(top, O_RDONLY | O_DIRECTORY);
	assert_int_equal(path_replace(at, "policy.yaml", buf_slice(&yaml), 0644), 0);
	(void)snprintf(path, sizeof(path), "%s/policy.yaml", top);
	struct policy_load from = {.organisation = path, .person = "", .no_project = true, .state = "", .vars = {.home = "/home/u"}};
	if (policy_load(&from, &p, &problems, &err) < 0)
		fail_msg("%s", err.text);
	struct policy_tool t = alice();
	struct policy_tool_decision d;
	policy_tool(p, &t, &d);
	assert_int_equal(d.verdict, POLICY_TOOL_PERMIT);
	assert_non_null(strstr(d.exception->place.file, "exceptions/good.note"));
	size_t counting = 0;
	for (size_t i = 0; i < policy_settings(p)->n_exceptions; i++)
		counting += policy_settings(p)->exception[i].why == NULL;
	assert_int_equal(counting, 1);
	assert_int_equal(policy_settings(p)->n_exceptions, 4);
	policy_free(p);
	/* A folder that others may write does not count, and the policy does. */
	assert_int_equal(fchmod(dir, 0777), 0);
	assert_int_equal(policy_load(&from, &p, &problems, &err), 0);
	policy_tool(p, &t, &d);
	assert_int_equal(d.verdict, POLICY_TOOL_BAN);
	assert_true(problems.n > 0 && strstr(problems.list[problems.n - 1].text, "do not count"));
	policy_free(p);
	policy_problems_free(&problems);
	close(dir);
	close(at);
	assert_int_equal(path_remove(AT_FDCWD, top), 0);
}

static void told_by_diff(void **state)
{
	static const struct policy_vars vars = {.home = "/home/u"};
	_cleanup_arena_ struct arena a = ARENA(1 << 20);
	struct policy_problems problems = {0};
	struct policy_doc *doc;
	struct policy *bare;
	struct policy_changes c = {0};
	struct world w;
	(void)state;
	world_new(&w, "", "");
	assert_int_equal(policy_parse(SLICE("organisation: example.com\nversion: 1\ntools: {default: ban}\n"), "p", POLICY_ORGANISATION, &a,
	                         &doc, &problems),
	        0);
	const struct policy_doc *docs[POLICY_LAYERS] = {[POLICY_ORGANISATION] = doc};
	assert_int_equal(policy_compile(docs, &vars, &bare, &problems), 0);
	assert_int_equal(policy_diff(bare, w.p, &c), 0);
	assert_int_equal(c.n, 2);
	assert_int_equal(c.list[0].direction, POLICY_WIDER);
	assert_non_null(strstr(c.list[0].subject, "exceptions by example.com/admin+"));
	assert_int_equal(c.list[1].direction, POLICY_WIDER);
	policy_changes_free(&c);
	policy_free(bare);
	policy_problems_free(&problems);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(scope),
	        cmocka_unit_test(findings),
	        cmocka_unit_test(time_of),
	        cmocka_unit_test(strictness),
	        cmocka_unit_test(counts_for_nothing),
	        cmocka_unit_test(slips),
	        cmocka_unit_test(loaded),
	        cmocka_unit_test(told_by_diff),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
