/* Tools that a signed statement of a vetting admits: tools.vetted of a policy, and the folder of statements beside it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/dsse.h"
#include "parse/statement.h"
#include "policy/policy.h"
#include "sys/path.h"

#define DIGEST "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define OTHER  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct place {
	char folder[64], policy[128];
	uint8_t seed[ED25519_SEED];
	struct tlog_signer signer;
	char vkey[200];
};

static int sign(void *arg, struct slice message, uint8_t signature[ED25519_SIGNATURE])
{
	return ed25519_sign(arg, message, signature);
}

static void put(const char *folder, const char *name, struct slice text)
{
	_cleanup_fd_ int dir = open(folder, O_RDONLY | O_DIRECTORY);
	assert_int_equal(path_replace(dir, name, text, 0644), 0);
}

static void begin(struct place *p)
{
	_cleanup_buf_ struct buf key = BUF(200);
	*p = (struct place){.folder = "/tmp/postern-vetted.XXXXXX", .seed = {7}};
	assert_non_null(mkdtemp(p->folder));
	(void)snprintf(p->policy, sizeof(p->policy), "%s/policy.yaml", p->folder);
	p->signer = (struct tlog_signer){.name = SLICE("example.com/vet"), .sign = sign, .arg = p->seed};
	assert_int_equal(ed25519_public(p->seed, p->signer.public), 0);
	tlog_vkey_add(&key, p->signer.name, TLOG_ED25519, p->signer.public);
	(void)snprintf(p->vkey, sizeof(p->vkey), "%s", buf_str(&key));
	char vetted[128];
	(void)snprintf(vetted, sizeof(vetted), "%s/vetted", p->folder);
	assert_int_equal(mkdir(vetted, 0755), 0);
}

static void end(struct place *p)
{
	(void)path_remove(AT_FDCWD, p->folder);
}

static void put_policy(const struct place *p, const char *vetted, const char *rules)
{
	_cleanup_buf_ struct buf b = BUF(4096);
	buf_fmt(&b, "organisation: example.com\nversion: 1\ntools:\n  default: ban\n  vetted: {keys: [\"%s\"]%s}\n  rules:\n%s", p->vkey,
	        vetted, rules);
	put(p->folder, "policy.yaml", buf_slice(&b));
}

struct said {
	const char *verdict, *partial, *digest;
	int days_ago;
	unsigned hashed, undeclared;
};

/* A statement, signed by the place's key, or by another one. */
static void put_statement(const struct place *p, const char *name, const struct said *s, bool stranger)
{
	_cleanup_buf_ struct buf text = BUF(1 << 16), envelope = BUF(1 << 16);
	char at[21], folder[128];
	uint8_t other[ED25519_SEED] = {9};
	struct tlog_signer signer = p->signer;
	if (stranger) {
		signer.arg = other;
		assert_int_equal(ed25519_public(other, signer.public), 0);
	}
	statement_time_write(time(NULL) - (int64_t)s->days_ago * 86400, at);
	buf_fmt(&text,
	        "{\"_type\":\"https://in-toto.io/Statement/"
	        "v1\",\"subject\":[{\"name\":\"a\",\"digest\":{\"sha256\":\"%s\"}}],\"predicateType\":"
	        "\"urn:postern:vetting:v1\",\"predicate\":{\"verifier\":{\"version\":\"1\"},\"timeVerified\":\"%s\",\"verdict\":\"%s\","
	        "\"partial\":%s,"
	        "\"counts\":{\"covert\":0,\"hashed\":%u,\"undeclared\":%u,\"disclosed\":3},\"plan\":{\"profile\":\"p\",\"effort\":"
	        "\"quick\","
	        "\"trials\":1,\"trialsFailed\":0},\"report\":{\"sha256\":\"x\"}}}",
	        s->digest, at, s->verdict, s->partial, s->hashed, s->undeclared);
	assert_int_equal(dsse_sign(&signer, SLICE(DSSE_IN_TOTO), buf_slice(&text), &envelope), 0);
	(void)snprintf(folder, sizeof(folder), "%s/vetted", p->folder);
	put(folder, name, buf_slice(&envelope));
}

static int load(const struct place *p, struct policy **out, struct policy_problems *problems, struct err *err)
{
	const struct policy_load from = {
	        .organisation = p->policy, .person = "", .no_project = true, .state = "", .vars = {.home = "/home/x"}};
	*problems = (struct policy_problems){0};
	return policy_load(&from, out, problems, err);
}

static struct policy_tool_decision ask(const struct policy *p, const char *digest, int64_t now)
{
	struct policy_tool_decision d;
	const struct policy_tool t = {
	        .tool = SLICE("claude-code"), .version = SLICE("1.0.0"), .digest = slice_str(digest), .account = SLICE("ann"), .now = now};
	policy_tool(p, &t, &d);
	return d;
}

static void what_was_vetted_is_admitted(void **state)
{
	(void)state;
	struct place at;
	struct policy *p = NULL;
	struct policy_problems problems;
	struct err err = {0};
	int64_t now = time(NULL);
	begin(&at);
	put_policy(&at, ", max_days: 30", "    - {tool: claude-code, vetted: true, verdict: gate}\n");
	if (load(&at, &p, &problems, &err) < 0)
		fail_msg("%s", err.text);
	char empty[65];
	(void)snprintf(empty, sizeof(empty), "%s", policy_digest(p));
	assert_int_equal(ask(p, DIGEST, now).verdict, POLICY_TOOL_BAN);
	assert_int_equal(policy_tool_until(p, now), 0);
	policy_free(p);
	policy_problems_free(&problems);

	put_statement(&at, "one.intoto.json", &(struct said){"clean", "false", DIGEST, 10, 0, 2}, false);
	if (load(&at, &p, &problems, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(problems.n, 0);
	struct policy_tool_decision d = ask(p, DIGEST, now);
	assert_int_equal(d.verdict, POLICY_TOOL_GATE);
	assert_non_null(d.vetted);
	assert_non_null(strstr(d.vetted->file, "one.intoto.json"));
	assert_string_equal(d.vetted->by, at.vkey);
	assert_non_null(strstr(d.decision.rule, "vetted"));
	/* Other bytes of the same tool, bytes that nobody knows, a clock that nobody knows, a verdict that is too old. */
	assert_int_equal(ask(p, OTHER, now).verdict, POLICY_TOOL_BAN);
	assert_int_equal(ask(p, "", now).verdict, POLICY_TOOL_BAN);
	assert_int_equal(ask(p, DIGEST, 0).verdict, POLICY_TOOL_BAN);
	assert_int_equal(ask(p, DIGEST, now + 21 * 86400).verdict, POLICY_TOOL_BAN);
	int64_t until = policy_tool_until(p, now);
	assert_true(until > now + 19 * 86400 && until < now + 21 * 86400);
	/* What is in force is another policy now. */
	assert_string_not_equal(policy_digest(p), empty);
	_cleanup_buf_ struct buf text = BUF(1 << 16), json = BUF(1 << 16);
	policy_text(p, &text);
	assert_non_null(strstr(buf_str(&text), DIGEST));
	assert_int_equal(policy_json(p, true, &json), 0);
	assert_non_null(strstr(buf_str(&json), "\"worst\":\"undeclared\""));
	policy_free(p);
	policy_problems_free(&problems);
	end(&at);
}

static void other_statements_admit_nothing(void **state)
{
	(void)state;
	static const struct {
		struct said said;
		bool stranger;
		const char *more, *why;
	} cases[] = {
	        {{"clean", "false", DIGEST, 0, 0, 0}, false, "", NULL},
	        {{"clean", "false", DIGEST, 0, 0, 0}, true, "", "signed by no key"},
	        {{"findings", "false", DIGEST, 0, 0, 0}, false, "", "there are findings"},
	        {{"inconclusive", "false", DIGEST, 0, 0, 0}, false, "", "nothing can be said"},
	        {{"clean", "true", DIGEST, 0, 0, 0}, false, "", "before its plan was done"},
	        {{"clean", "false", DIGEST, 0, 1, 0}, false, "", "it has hashed findings"},
	        {{"clean", "false", DIGEST, 0, 1, 0}, false, ", worst: hashed", NULL},
	        {{"clean", "false", DIGEST, 0, 0, 1}, false, ", worst: disclosed", "it has undeclared findings"},
	        {{"clean", "false", DIGEST, 0, 0, 0}, false, ", worst: nothing", "it has disclosed findings"},
	        {{"clean", "false", DIGEST, 367, 0, 0}, false, "", ""},
	        {{"clean", "false", "short", 0, 0, 0}, false, "", "cannot be read"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct place at;
		struct policy *p = NULL;
		struct policy_problems problems;
		struct err err = {0};
		begin(&at);
		put_policy(&at, cases[i].more, "    - {vetted: true, verdict: permit}\n");
		put_statement(&at, "x.intoto.json", &cases[i].said, cases[i].stranger);
		if (load(&at, &p, &problems, &err) < 0)
			fail_msg("%s", err.text);
		bool admitted = ask(p, DIGEST, time(NULL)).verdict == POLICY_TOOL_PERMIT;
		if (admitted != !cases[i].why)
			fail_msg("case %zu: %s", i, admitted ? "admitted" : problems.n ? problems.list[0].text : "not admitted");
		if (cases[i].why && cases[i].why[0])
			assert_true(problems.n == 1 && problems.list[0].warning && strstr(problems.list[0].text, cases[i].why));
		policy_free(p);
		policy_problems_free(&problems);
		end(&at);
	}
}

/* Files that are none, links, and a folder that is not the administrator's cost nothing but themselves. */
static void a_bad_folder_harms_no_policy(void **state)
{
	(void)state;
	struct place at;
	struct policy *p = NULL;
	struct policy_problems problems;
	struct err err = {0};
	char path[200];
	begin(&at);
	put_policy(&at, "", "    - {vetted: true, verdict: permit}\n");
	(void)snprintf(path, sizeof(path), "%s/vetted", at.folder);
	put(path, "broken.intoto.json", SLICE("{"));
	put(path, "notes.txt", SLICE("not looked at"));
	put_statement(&at, "good.intoto.json", &(struct said){"clean", "false", DIGEST, 0, 0, 0}, false);
	_cleanup_fd_ int dir = open(path, O_RDONLY | O_DIRECTORY);
	assert_int_equal(symlinkat("good.intoto.json", dir, "link.intoto.json"), 0);
	assert_int_equal(mkfifoat(dir, "pipe.intoto.json", 0644), 0);
	if (load(&at, &p, &problems, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(problems.n, 3);
	assert_int_equal(problems.errors, 0);
	assert_int_equal(ask(p, DIGEST, time(NULL)).verdict, POLICY_TOOL_PERMIT);
	policy_free(p);
	policy_problems_free(&problems);
	assert_int_equal(chmod(path, 0777), 0);
	if (load(&at, &p, &problems, &err) < 0)
		fail_msg("%s", err.text);
	if (ask(p, DIGEST, time(NULL)).verdict != POLICY_TOOL_BAN)
		fail_msg("a folder that everybody may write to admits");
	policy_free(p);
	policy_problems_free(&problems);
	end(&at);
}

static void mistakes_are_told(void **state)
{
	(void)state;
	static const struct {
		const char *yaml, *says;
	} cases[] = {
	        {"organisation: e\nversion: 1\ntools: {default: ban, rules: [{vetted: true, verdict: gate}]}\n", "names no keys"},
	        {"organisation: e\nversion: 1\ntools: {default: ban, vetted: {keys: [nonsense]}}\n", "no verifier key"},
	        {"organisation: e\nversion: 1\ntools: {default: ban, rules: [{tool: x, vetted: false, verdict: gate}]}\n",
	                "can only be true"},
	        {"organisation: e\nversion: 1\ntools: {default: permit, rules: [{vetted: true, verdict: ban}]}\n", "permits or gates"},
	        {"organisation: e\nversion: 1\ntools: {default: ban, vetted: {worst: covert}}\n", "worst"},
	        {"organisation: e\nversion: 1\ntools: {default: ban, vetted: {max_days: 9999}}\n", "max_days"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_arena_ struct arena arena = ARENA(1 << 20);
		struct policy_problems problems = {0};
		struct policy_doc *doc;
		assert_int_equal(policy_parse(slice_str(cases[i].yaml), "p.yaml", POLICY_ORGANISATION, &arena, &doc, &problems), -EINVAL);
		bool said = false;
		for (size_t k = 0; k < problems.n; k++)
			said |= strstr(problems.list[k].text, cases[i].says) != NULL;
		if (!said)
			fail_msg("case %zu: %s", i, problems.list[0].text);
		policy_problems_free(&problems);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_was_vetted_is_admitted),
	        cmocka_unit_test(other_statements_admit_nothing),
	        cmocka_unit_test(a_bad_folder_harms_no_policy),
	        cmocka_unit_test(mistakes_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
