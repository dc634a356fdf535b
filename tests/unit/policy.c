/* The model of policies: parsing, how layers meet, decisions. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "policy/diff.h"
#include "policy/import.h"
#include "policy/match.h"
#include "policy/policy.h"

#define MEMORY (64u << 20)

/* Layers as YAML, NULL: not there. */
struct layers {
	const char *organisation, *project, *person, *command;
};
struct world {
	struct arena a;
	struct policy_problems problems;
	struct policy *p;
};

static const struct policy_vars vars = {.home = "/home/u", .project = "/home/u/p"};

static int build(struct world *w, const struct layers *l)
{
	const char *const text[POLICY_LAYERS] = {[POLICY_ORGANISATION] = l->organisation,
	        [POLICY_PROJECT] = l->project,
	        [POLICY_PERSON] = l->person,
	        [POLICY_COMMAND] = l->command};
	struct policy_doc *doc[POLICY_LAYERS] = {0};
	*w = (struct world){.a = ARENA(MEMORY)};
	int r = 0;
	for (int i = 0; i < POLICY_LAYERS && r == 0; i++) {
		char name[32], all[8192];
		if (!text[i])
			continue;
		(void)snprintf(name, sizeof(name), "%s.yaml", policy_layer_name((enum policy_layer)i));
		(void)snprintf(
		        all, sizeof(all), "%s%s", i == POLICY_ORGANISATION ? "organisation: example.com\nversion: 1\n" : "", text[i]);
		r = policy_parse(slice_str(all), name, (enum policy_layer)i, &w->a, &doc[i], &w->problems);
	}
	r = r < 0 ? r : policy_compile((const struct policy_doc *const *)doc, &vars, &w->p, &w->problems);
	if (r < 0)
		for (size_t i = 0; i < w->problems.n; i++)
			print_message("%s:%u:%u: %s\n", w->problems.list[i].file, w->problems.list[i].line, w->problems.list[i].column,
			        w->problems.list[i].text);
	return r;
}

static void made(struct world *w, const struct layers *l)
{
	assert_int_equal(build(w, l), 0);
}

static void person(struct world *w, const char *yaml)
{
	made(w, &(struct layers){.person = yaml});
}

static void gone(struct world *w)
{
	policy_free(w->p);
	policy_problems_free(&w->problems);
	arena_free(&w->a);
}

/* "host[:port] [METHOD target]" */
static struct policy_network ask(const struct policy *p, const char *line)
{
	static char host[256];
	char method[32] = "", target[512] = "", where[300] = "";
	struct policy_network n;
	assert_true(sscanf(line, "%299s %31s %511s", where, method, target) >= 1);
	char *colon = strrchr(where, ':');
	uint16_t port = 443;
	if (colon && where[0] != '[') {
		port = (uint16_t)strtoul(colon + 1, NULL, 10);
		*colon = 0;
	}
	struct policy_request r = {.port = port, .tls = true, .method = slice_str(method), .target = slice_str(target)};
	assert_true(policy_host(slice_str(where), host));
	r.host = slice_str(host);
	policy_network(p, &r, &n);
	return n;
}

static void patterns(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *text;
		bool fits;
	} rows[] = {
	        {"/a", "/a", true},
	        {"/a", "/ab", false},
	        {"/a*", "/ab", true},
	        {"/a*", "/a/b", false},
	        {"/a**", "/a/b", true},
	        {"/**/z", "/a/b/z", true},
	        {"/**/z", "/z", false},
	        {"/*/z", "/a/z", true},
	        {"/*/z", "/a/b/z", false},
	        {"*", "", true},
	        {"?", "/", false},
	        {"?", "x", true},
	        {"/a/", "/a/", true},
	        {"/a/", "/a/b/c", true},
	        {"/a/", "/ab", false},
	        {"/a/", "/a", false},
	        {"/*/x/", "/q/x/y", true},
	        {"/*/x/", "/q/r/x/y", false},
	        {"**b*c", "aXb/bYc", true},
	        {"**b*c", "b/c", false},
	        {"**/b*c/**d", "x/bc/bqc/rd", true},
	        {"a**", "a", true},
	        {"", "", true},
	        {"", "a", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (match_path(slice_str(rows[i].pattern), slice_str(rows[i].text)) != rows[i].fits)
			fail_msg("%s against %s", rows[i].pattern, rows[i].text);
	static const struct {
		const char *pattern, *host;
		bool fits;
	} hosts[] = {{"a.b", "a.b", true}, {"*.b", "a.b", true}, {"*.b", "b", false}, {"*.b", "xb", false}, {"*.b", "x.y.b", true},
	        {"*.0.0.1", "127.0.0.1", false}};
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
		assert_int_equal(match_host(slice_str(hosts[i].pattern), slice_str(hosts[i].host)), hosts[i].fits);
	static const struct {
		const char *range, *version;
		bool fits;
	} versions[] = {{">=1.2 <2", "1.2.0", true}, {">=1.2 <2", "1.10", true}, {">=1.2 <2", "2", false}, {">=1.2 <2", "1.1.9", false},
	        {"<1 || >=3", "0.9", true}, {"<1 || >=3", "2", false}, {"<1 || >=3", "3.0.1", true}, {"1.4.1", "1.4.1", true},
	        {"1.4.1", "v1.4.1", true}, {"<2", "2.0.0-rc.1", true}, {">=2.0.0-rc.2", "2.0.0-rc.10", true},
	        {"=2.0.0", "2.0.0-rc.1", false}, {"*", "7", true}, {"*", "seven", false}, {">1", "1.0.0+build", false}};
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		assert_null(match_range_check(versions[i].range));
		if (policy_version_in(versions[i].range, slice_str(versions[i].version)) != versions[i].fits)
			fail_msg("%s in %s", versions[i].version, versions[i].range);
	}
	assert_non_null(match_range_check("^1.2"));
	assert_non_null(match_range_check(">=1 ||"));
	assert_non_null(match_range_check(""));
	const struct slice argv[] = {SLICE("git"), SLICE("-C"), SLICE("/x"), SLICE("push"), SLICE("origin")};
	static const struct {
		const char *pattern[5];
		size_t n;
		bool fits;
	} args[] = {{{"...", "push", "..."}, 3, true}, {{"push", "..."}, 2, false}, {{"...", "pull", "..."}, 3, false}, {{"..."}, 1, true},
	        {{"-C", "/*", "push", "origin"}, 4, true}, {{"-C", "/*", "push"}, 3, false}, {{"...", "origin"}, 2, true},
	        {{NULL}, 0, false}};
	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		assert_int_equal(match_args(args[i].pattern, args[i].n, argv, ARRAY_LEN(argv)), args[i].fits);
	assert_true(match_args(NULL, 0, argv, 1));
}

static void hosts(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out; /* NULL: refused */
	} rows[] = {{"API.Example.COM.", "api.example.com"}, {"[::1]", "::1"}, {"::ffff:127.0.0.1", "127.0.0.1"},
	        {"0:0:0:0:0:0:0:1", "::1"}, {"127.0.0.1", "127.0.0.1"}, {"127.1", NULL}, {"0x7f.1", NULL}, {"2130706433", NULL},
	        {"a..b", NULL}, {".a", NULL}, {"a b", NULL}, {"", NULL}, {"a\xc3\xa4", NULL}, {"fe80::1%eth0", NULL}, {"a.0x7f", NULL},
	        {"0177.0.0.1", NULL}, {"x_y.example", "x_y.example"}};
	char out[256];
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool good = policy_host(slice_str(rows[i].in), out);
		if (good != (rows[i].out != NULL) || (good && strcmp(out, rows[i].out) != 0))
			fail_msg("%s", rows[i].in);
	}
}

static void request_paths(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out;
		bool slash;
	} rows[] = {{"/v1/messages?beta=true", "/v1/messages", false}, {"/", "/", false}, {"/a%41", "/aA", false}, {"/a/", "/a/", false},
	        {"https://x.example/y?z", "/y", false}, {"https://x.example", "/", false}, {"/a//b", NULL, false}, {"//a", NULL, false},
	        {"/a/../b", NULL, false}, {"/a/..", NULL, false}, {"/./a", NULL, false}, {"/a/%2e%2e/b", NULL, false},
	        {"/a%2fb", NULL, false}, {"/a%2eb", NULL, false}, {"/@s%2fp", "/@s/p", true}, {"/a%2f%2fb", NULL, true},
	        {"/a%2f../b", NULL, true}, {"/a%5cb", NULL, false}, {"/a\\b", NULL, false}, {"/a%252e", NULL, false},
	        {"/a%00", NULL, false}, {"/a%zz", NULL, false}, {"/a%4", NULL, false}, {"a", NULL, false}, {"*", NULL, false},
	        {"", NULL, false}, {"/a;b=c/d", NULL, false}, {"/a...b/..c", "/a...b/..c", false},
	        {"/v1beta/models/g:stream", "/v1beta/models/g:stream", false}};
	char out[64];
	const char *why;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int r = policy_path(slice_str(rows[i].in), rows[i].slash, out, sizeof(out), &why);
		if ((r == 0) != (rows[i].out != NULL) || (r == 0 && strcmp(out, rows[i].out) != 0) || (r < 0 && !why))
			fail_msg("%s: %d %s", rows[i].in, r, r == 0 ? out : why);
	}
	assert_int_equal(policy_path(SLICE("/0123456789"), false, out, 8, &why), -ENOBUFS);
}

static void mistakes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned line, column;
		const char *says;
	} rows[] = {
	        {"netwrok: []\n", 1, 1, "did you mean \"network\"?"},
	        {"version: 0\n", 1, 10, "from 1"},
	        {"version: [1]\n", 1, 10, "should be a text, but is a list"},
	        {"network:\n  - {host: '*'}\n", 2, 12, "any_host: true"},
	        {"files: {read: [~]}\n", 1, 16, "put \"~\" into quotes"},
	        {"network:\n  - {host: a.b, methods: []}\n", 2, 26, "is empty"},
	        {"network:\n  - {host: a.b, paths: [a]}\n", 2, 25, "begins with '/'"},
	        {"network:\n  - {host: a.b, paths: [/%41]}\n", 2, 25, "without percent escapes"},
	        {"network:\n  - {host: a.b, paths: [/a?b]}\n", 2, 25, "query"},
	        {"network:\n  - {host: a.b, paths: [/a/../b]}\n", 2, 25, "\"..\""},
	        {"network:\n  - {host: a.b, opaque: true, paths: [/]}\n", 2, 25, "cannot have methods, paths"},
	        {"network:\n  - {host: a.b, opaque: true, websocket: true}\n", 2, 25, "cannot have"},
	        {"network:\n  - {host: a.b, verdict: deny, private: true}\n", 2, 5, "can only have"},
	        {"network:\n  - {any_host: true, private: true}\n", 2, 5, "whole network inside"},
	        {"network:\n  - {methods: [GET]}\n", 2, 5, "needs \"host\""},
	        {"network:\n  - {host: a.b, any_host: true}\n", 2, 5, "exclude each other"},
	        {"network:\n  - {host: a.b, verdict: alow}\n", 2, 26, "did you mean \"allow\"?"},
	        {"network:\n  - {host: a.b, ports: [0]}\n", 2, 24, "from 1 to 65535"},
	        {"network:\n  - {host: a.b, headers: {Host: x}}\n", 2, 27, "belongs to the connection"},
	        {"network:\n  - {host: a.b, headers: {X: \"a\\r\\nb\"}}\n", 2, 30, "cannot be seen"},
	        {"network:\n  - {host: b\xc3\xbc.example}\n", 2, 12, "xn--"},
	        {"files: {read: ['~/a/*']}\n", 1, 16, "cannot be enforced"},
	        {"files: {write: ['/']}\n", 1, 17, "whole machine"},
	        {"files: {hide: ['{project}/**/*']}\n", 1, 16, "everything in that folder"},
	        {"files: {hide: ['{project}/*/x']}\n", 1, 16, "cannot be enforced"},
	        {"files: {read: [relative]}\n", 1, 16, "begins with /"},
	        {"files: {read: [/a/../b]}\n", 1, 16, "no \"..\""},
	        {"exec: {rules: []}\n", 1, 7, "lacks the key \"default\""},
	        {"exec: {default: allow, rules: [{verdict: deny}]}\n", 1, 32, "names nothing"},
	        {"exec: {default: allow, rules: [{name: a/b, verdict: deny}]}\n", 1, 39, "goes into \"path\""},
	        {"exec: {default: allow, rules: [{digest: abc, verdict: deny}]}\n", 1, 41, "64 lower-case hex digits"},
	        {"credentials: [{name: a, from: sk-ant-x, host: h.example, header: h}]\n", 1, 31, "the key itself has no place"},
	        {"credentials: [{name: a, value: x}]\n", 1, 25, "the key itself has no place"},
	        {"credentials: [{name: a, from: {env: A, file: ~/k}, host: h.example, header: h}]\n", 1, 31, "exactly one"},
	        {"credentials: [{name: a, from: {file: '{project}/k'}, host: h.example, header: h}]\n", 1, 38, "could be read by the tool"},
	        {"credentials: [{name: a, from: {command: [pass, a]}, host: h.example, header: h}]\n", 1, 41, "whole path of the program"},
	        {"credentials: [{name: a, host: h.example}]\n", 1, 15, "needs \"host\" and \"header\""},
	        {"dlp: {patterns: [{name: a, regex: '(', verdict: log}]}\n", 1, 35, "no POSIX extended"},
	        {"dlp: {patterns: [{name: a, regex: 'a*', verdict: log}]}\n", 1, 35, "fits the empty text"},
	        {"dlp: {canary_values: [short]}\n", 1, 23, "at least 8"},
	        {"limits: {memory: 1 TB}\n", 1, 18, "2 GiB"},
	        {"limits: {memory: 0}\n", 1, 18, "nothing could run"},
	        {"limits: {processess: 1}\n", 1, 10, "did you mean \"processes\"?"},
	        {"expires: 2027-02-30\n", 1, 10, "2027-01-31"},
	        {"expires: tomorrow\n", 1, 10, "2027-01-31"},
	        {"ledger: {folder: '{project}/l'}\n", 1, 18, "could be reached by the tool"},
	        {"tools: {default: ban, rules: [{tool: x, versions: '^1', verdict: ban}]}\n", 1, 51, "parts like"},
	        {"a: &x 1\n", 1, 7, "anchors"},
	        {"network: *x\n", 1, 11, "aliases"},
	        {"name: !!str x\n", 1, 13, "tags"},
	        {"name: a\nname: b\n", 2, 1, "there twice, first in line 1"},
	        {"name: a\n---\nname: b\n", 3, 1, "second document"},
	        {"", 1, 1, "empty"},
	        {"%YAML 1.2\n---\n", 1, 1, "directives"},
	        {"name: \x01\n", 1, 7, "control character"},
	        {"name: \xff\n", 1, 7, "not UTF-8"},
	        {"name: a\xe2\x80\xae"
	         "b\n",
	                1, 8, "invisible"},
	        {"name: [\n", 2, 1, "no YAML"},
	        {"name: \"a\\e[31m\"\n", 1, 7, "cannot be seen (U+001B)"},
	        {"name: \"a\\u202eb\"\n", 1, 7, "cannot be seen (U+202E)"},
	        {"\"a\\e]52\": 1\n", 1, 1, "unknown key \"a?]52\""},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_arena_ struct arena a = ARENA(MEMORY);
		struct policy_problems p = {0};
		struct policy_doc *d = NULL;
		int r = policy_parse(slice_str(rows[i].text), "f.yaml", POLICY_PERSON, &a, &d, &p);
		if (r != -EINVAL || p.n == 0 || !strstr(p.list[0].text, rows[i].says))
			fail_msg("%s gives %d %s", rows[i].text, r, p.n ? p.list[0].text : "");
		if (p.list[0].line != rows[i].line || p.list[0].column != rows[i].column)
			fail_msg("%s is at %u:%u", rows[i].text, p.list[0].line, p.list[0].column);
		assert_null(d);
		policy_problems_free(&p);
	}
}

/* What the layer alone makes a mistake. */
static void mistakes_of_layers(void **state)
{
	(void)state;
	static const struct {
		enum policy_layer layer;
		const char *text, *says;
	} rows[] = {
	        {POLICY_PROJECT, "credentials: []\n", "a project cannot say where your keys"},
	        {POLICY_PROJECT, "widen: {}\n", "what may be widened"},
	        {POLICY_PROJECT, "organisation: x\n", "does not speak for an organisation"},
	        {POLICY_PROJECT, "ledger: {folder: /x}\n", "where the record is kept"},
	        {POLICY_PROJECT, "tools: {default: permit}\n", "which tools may run"},
	        {POLICY_PROJECT, "dlp: {fingerprint_files: [~/.ssh]}\n", "files of its own only"},
	        {POLICY_PERSON, "widen: {person: {network: []}}\n", "only the policy of an organisation"},
	        {POLICY_PERSON, "widen: {project: {credentials: true}}\n", "can never say where keys"},
	        {POLICY_ORGANISATION, "version: 1\n", "needs \"organisation\" and \"version\""},
	        {POLICY_ORGANISATION, "organisation: x\n", "needs \"organisation\" and \"version\""},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_arena_ struct arena a = ARENA(MEMORY);
		struct policy_problems p = {0};
		struct policy_doc *d = NULL;
		int r = policy_parse(slice_str(rows[i].text), "f.yaml", rows[i].layer, &a, &d, &p);
		if (r != -EINVAL || !strstr(p.list[0].text, rows[i].says))
			fail_msg("%s gives %d %s", rows[i].text, r, p.n ? p.list[0].text : "");
		policy_problems_free(&p);
	}
}

static void all_mistakes(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena a = ARENA(MEMORY);
	_cleanup_buf_ struct buf many = BUF(1 << 20);
	struct policy_problems p = {0};
	struct policy_doc *d;
	struct err err = {0};
	static const char text[] =
	        "x: 1\nfiles: {read: [a]}\nnetwork:\n  - {host: a.b, any_host: true}\n  - {host: 'x y'}\nlimits: {a: 1}\n";
	assert_int_equal(policy_parse(slice_str(text), "f.yaml", POLICY_PERSON, &a, &d, &p), -EINVAL);
	assert_int_equal(p.errors, 5);
	assert_int_equal(policy_problems_err(&p, &err), -EINVAL);
	assert_non_null(strstr(err.text, "f.yaml:1:1: unknown key"));
	assert_non_null(strstr(err.text, "4 more"));
	policy_problems_free(&p);
	/* More than there is room for are counted. */
	buf_str_add(&many, "network:\n");
	for (size_t i = 0; i < 500; i++)
		buf_str_add(&many, "  - {host: '*'}\n");
	assert_int_equal(policy_parse(buf_slice(&many), "f.yaml", POLICY_PERSON, &a, &d, &p), -EINVAL);
	assert_int_equal(p.n, POLICY_PROBLEMS_MAX);
	assert_int_equal(p.errors, 500);
	policy_problems_free(&p);
}

static void too_much(void **state)
{
	(void)state;
	_cleanup_buf_ struct buf b = BUF(4u << 20);
	struct policy_doc *d;
	for (int kind = 0; kind < 4; kind++) {
		_cleanup_arena_ struct arena a = ARENA(MEMORY);
		struct policy_problems p = {0};
		static const char *const says[] = {"larger than", "nested too deep", "too many things", "longer than 4 KiB"};
		buf_reset(&b);
		if (kind == 0)
			for (size_t i = 0; i <= POLICY_BYTES_MAX / 4; i++)
				buf_str_add(&b, "# x\n");
		else if (kind == 1)
			for (size_t i = 0; i < 40; i++)
				buf_u8(&b, '[');
		else if (kind == 2) {
			buf_str_add(&b, "x: [");
			for (size_t i = 0; i <= POLICY_NODES_MAX; i++)
				buf_str_add(&b, "a,");
			buf_str_add(&b, "a]\n");
		} else {
			buf_str_add(&b, "name: ");
			for (size_t i = 0; i <= POLICY_TEXT_MAX; i++)
				buf_u8(&b, 'a');
		}
		assert_int_equal(policy_parse(buf_slice(&b), "f.yaml", POLICY_PERSON, &a, &d, &p), -EINVAL);
		assert_non_null(strstr(p.list[0].text, says[kind]));
		policy_problems_free(&p);
	}
	_cleanup_arena_ struct arena small = ARENA(4096);
	struct policy_problems p = {0};
	buf_reset(&b);
	buf_str_add(&b, "network:\n");
	for (size_t i = 0; i < 200; i++)
		buf_fmt(&b, "  - {host: h%zu.example}\n", i);
	assert_int_equal(policy_parse(buf_slice(&b), "f.yaml", POLICY_PERSON, &small, &d, &p), -ENOMEM);
	policy_problems_free(&p);
}

static const char one_layer[] =
        "network:\n"
        "  - {host: api.example, methods: [GET, POST], paths: [/v1/, /exact], max_request_bytes: 1000, websocket: true}\n"
        "  - {host: api.example, paths: [/v1/admin/], verdict: ask}\n"
        "  - {host: '*.files.example', verdict: log}\n"
        "  - {host: bad.files.example, verdict: deny, reason: known bad}\n"
        "  - {host: pin.example, opaque: true, ports: [443, 8000-8010]}\n"
        "  - {host: 10.1.2.3, ports: [8080]}\n"
        "  - {host: inner.example, private: true}\n"
        "  - {host: reg.example, paths: ['/@s/*'], encoded_slash: true}\n"
        "  - {host: www.example, verdict: log}\n"
        "  - {host: www.example, methods: [DELETE], verdict: deny}\n"
        "  - {host: any.example, methods: [TRACE]}\n";

static void network(void **state)
{
	(void)state;
	static const struct {
		const char *ask;
		enum policy_verdict verdict;
		unsigned line; /* of the rule; 0: none */
	} rows[] = {
	        {"api.example", POLICY_ALLOW, 2},
	        {"api.example GET /v1/x", POLICY_ALLOW, 2},
	        {"api.example POST /v1/x?q=1", POLICY_ALLOW, 2},
	        {"api.example PUT /v1/x", POLICY_DENY, 0},
	        {"api.example GET /v2/x", POLICY_DENY, 0},
	        {"api.example GET /exact", POLICY_ALLOW, 2},
	        {"api.example GET /exact/", POLICY_DENY, 0},
	        {"api.example GET /v1/admin/x", POLICY_ASK, 3},
	        {"api.example PUT /v1/admin/x", POLICY_ASK, 3},
	        {"api.example GET /v1/%61dmin/x", POLICY_ASK, 3},
	        {"api.example GET /v1/./admin/x", POLICY_DENY, 2},
	        {"api.example GET /v1//x", POLICY_DENY, 2},
	        {"api.example:80 GET /v1/x", POLICY_DENY, 0},
	        {"sub.api.example GET /v1/x", POLICY_DENY, 0},
	        {"API.EXAMPLE. GET /v1/x", POLICY_ALLOW, 2},
	        {"x.files.example GET /", POLICY_LOG, 4},
	        {"files.example GET /", POLICY_DENY, 0},
	        {"bad.files.example GET /", POLICY_DENY, 5},
	        {"bad.files.example:9999", POLICY_DENY, 5},
	        {"pin.example", POLICY_ALLOW, 6},
	        {"pin.example:8005", POLICY_ALLOW, 6},
	        {"pin.example:8011", POLICY_DENY, 0},
	        {"10.1.2.3:8080", POLICY_ALLOW, 7},
	        {"10.1.2.3", POLICY_DENY, 0},
	        {"reg.example GET /@s%2fp", POLICY_ALLOW, 9},
	        {"reg.example GET /@s/p", POLICY_ALLOW, 9},
	        {"reg.example GET /@s%2f..%2fq", POLICY_DENY, 9},
	        {"www.example DELETE /", POLICY_DENY, 11},
	        {"www.example", POLICY_LOG, 10},
	        {"www.example GET //x", POLICY_LOG, 10},
	        {"www.example TRACE /", POLICY_DENY, 0},
	        {"any.example TRACE /", POLICY_ALLOW, 12},
	        {"unknown.example", POLICY_DENY, 0},
	};
	struct world w;
	person(&w, one_layer);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct policy_network n = ask(w.p, rows[i].ask);
		unsigned line = n.decision.place ? n.decision.place->line : 0;
		if (n.decision.verdict != rows[i].verdict || line != rows[i].line || !n.decision.why[0])
			fail_msg("%s: %s by line %u: %s", rows[i].ask, policy_verdict_name(n.decision.verdict), line, n.decision.why);
	}
	struct policy_network n = ask(w.p, "pin.example");
	assert_true(n.opaque);
	assert_false(n.private);
	assert_true(ask(w.p, "10.1.2.3:8080").private);
	assert_true(ask(w.p, "inner.example").private);
	n = ask(w.p, "api.example GET /v1/x");
	assert_false(n.opaque);
	assert_false(n.private);
	assert_true(n.websocket);
	assert_int_equal(n.max_bytes, 1000);
	struct policy_request r = {
	        .host = SLICE("api.example"), .port = 443, .method = SLICE("POST"), .target = SLICE("/v1/x"), .bytes = 1001};
	policy_network(w.p, &r, &n);
	assert_int_equal(n.decision.verdict, POLICY_DENY);
	assert_non_null(strstr(n.decision.why, "larger"));
	/* What may be another request to the server is none that a rule about methods or paths can permit. */
	r = (struct policy_request){
	        .host = SLICE("api.example"), .port = 443, .tls = true, .method = SLICE("GET"), .target = SLICE("/v1/x"), .steers = true};
	policy_network(w.p, &r, &n);
	assert_int_equal(n.decision.verdict, POLICY_DENY);
	assert_non_null(strstr(n.decision.why, "another method or path"));
	r.host = SLICE("10.1.2.3");
	r.port = 8080;
	policy_network(w.p, &r, &n);
	assert_int_equal(n.decision.verdict, POLICY_ALLOW);
	r = (struct policy_request){
	        .host = SLICE("x.files.example"), .port = 443, .method = SLICE("GET"), .target = SLICE("/"), .websocket = true};
	policy_network(w.p, &r, &n);
	assert_int_equal(n.decision.verdict, POLICY_DENY);
	assert_non_null(strstr(n.decision.why, "WebSocket"));
	assert_int_equal(policy_name(w.p, SLICE("pin.example")).verdict, POLICY_ALLOW);
	assert_int_equal(policy_name(w.p, SLICE("bad.files.example")).verdict, POLICY_DENY);
	assert_int_equal(policy_name(w.p, SLICE("unknown.example")).verdict, POLICY_DENY);
	gone(&w);
	/* Empty is nothing. */
	person(&w, "network: []\n");
	assert_int_equal(ask(w.p, "a.example").decision.verdict, POLICY_DENY);
	gone(&w);
	person(&w, "{}\n");
	assert_int_equal(ask(w.p, "a.example").decision.verdict, POLICY_DENY);
	gone(&w);
	/* Any host is any name, and no address. */
	person(&w, "network: [{any_host: true}, {any_host: true, ports: [22], verdict: deny}]\n");
	assert_int_equal(ask(w.p, "a.example GET /").decision.verdict, POLICY_ALLOW);
	assert_int_equal(ask(w.p, "a.example:22").decision.verdict, POLICY_DENY);
	assert_int_equal(ask(w.p, "192.0.2.7 GET /").decision.verdict, POLICY_DENY);
	gone(&w);
}

/* A connection is opaque only if nobody wants to look at its requests. */
static void opaque(void **state)
{
	(void)state;
	static const struct {
		struct layers l;
		bool opaque;
	} rows[] = {
	        {{.person = "network: [{host: a.b, opaque: true}]\n"}, true},
	        {{.person = "network: [{host: a.b, opaque: true}, {host: a.b, paths: [/x], verdict: deny}]\n"}, false},
	        {{.person = "network: [{host: a.b, opaque: true}]\n", .project = "network: [{host: a.b, methods: [PUT], verdict: deny}]\n"},
	                false},
	        {{.organisation = "network: [{host: a.b}]\n", .person = "network: [{host: a.b, opaque: true}]\n"}, false},
	        {{.organisation = "network: [{host: a.b, opaque: true}]\n"}, true},
	        {{.organisation = "network: []\nwiden: {person: {network: [{host: a.b}]}}\n",
	                 .person = "network: [{host: a.b, opaque: true}]\n"},
	                false},
	        {{.organisation = "network: []\nwiden: {person: {network: [{host: a.b, opaque: true}]}}\n",
	                 .person = "network: [{host: a.b, opaque: true}]\n"},
	                true},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		made(&w, &rows[i].l);
		if (ask(w.p, "a.b").opaque != rows[i].opaque)
			fail_msg("row %zu", i);
		gone(&w);
	}
}

#define ORG_A "network: [{host: a.example}]\n"
#define ANY_A "network: [{host: a.example}, {host: b.example}]\n"
static void layers(void **state)
{
	(void)state;
	static const struct {
		struct layers l;
		enum policy_verdict verdict; /* about a request to b.example */
		int layer;                   /* that decided; -1: none */
	} rows[] = {
	        /* the person alone */
	        {{.person = ANY_A}, POLICY_ALLOW, POLICY_PERSON},
	        {{.command = ANY_A}, POLICY_ALLOW, POLICY_COMMAND},
	        {{.person = ORG_A, .command = ANY_A}, POLICY_ALLOW, POLICY_COMMAND},
	        {{.person = "network: [{host: b.example, verdict: deny}]\n", .command = ANY_A}, POLICY_DENY, POLICY_PERSON},
	        {{.person = "network: [{host: b.example, verdict: ask}]\n", .command = ANY_A}, POLICY_ASK, POLICY_PERSON},
	        /* the project alone grants nothing, and may tighten */
	        {{.project = ANY_A}, POLICY_DENY, POLICY_PROJECT},
	        {{.project = ANY_A, .person = ORG_A}, POLICY_DENY, POLICY_PROJECT},
	        {{.project = "network: [{host: b.example, verdict: ask}]\n", .person = ANY_A}, POLICY_ASK, POLICY_PROJECT},
	        {{.project = "network: [{host: '*.example', verdict: deny}]\n", .person = ANY_A}, POLICY_DENY, POLICY_PROJECT},
	        {{.project = ORG_A, .person = ANY_A}, POLICY_ALLOW, POLICY_PERSON},
	        /* a person may let projects add */
	        {{.project = ANY_A, .person = "widen: {project: {network: [{host: '*.example'}]}}\n"}, POLICY_ALLOW, POLICY_PROJECT},
	        {{.project = ANY_A, .person = "widen: {project: {network: [{host: '*.example', verdict: ask}]}}\n"}, POLICY_ASK,
	                POLICY_PERSON},
	        {{.project = ANY_A, .person = "widen: {project: {network: [{host: '*.other'}]}}\n"}, POLICY_DENY, POLICY_PROJECT},
	        {{.project = ANY_A, .person = "widen: {project: {network: [{any_host: true}, {host: b.example, verdict: deny}]}}\n"},
	                POLICY_DENY, POLICY_PROJECT},
	        /* the section of an organisation is closed */
	        {{.organisation = ORG_A, .person = ANY_A}, POLICY_DENY, POLICY_PERSON},
	        {{.organisation = ORG_A, .command = ANY_A}, POLICY_DENY, POLICY_COMMAND},
	        {{.organisation = ORG_A, .project = ANY_A}, POLICY_DENY, POLICY_PROJECT},
	        {{.organisation = "network: []\n", .person = ANY_A}, POLICY_DENY, POLICY_PERSON},
	        {{.organisation = "files: {read: [/x]}\n", .person = ANY_A}, POLICY_ALLOW, POLICY_PERSON},
	        {{.organisation = ANY_A}, POLICY_ALLOW, POLICY_ORGANISATION},
	        {{.organisation = ANY_A, .person = "network: [{host: b.example, verdict: log}]\n"}, POLICY_LOG, POLICY_PERSON},
	        {{.organisation = "network: [{host: b.example, verdict: ask}]\n", .person = ANY_A, .command = ANY_A}, POLICY_ASK,
	                POLICY_ORGANISATION},
	        {{.organisation = "network: [{host: b.example, verdict: deny}]\nwiden: {person: {network: [{any_host: true}]}}\n",
	                 .person = ANY_A},
	                POLICY_DENY, POLICY_ORGANISATION},
	        /* and may let others add */
	        {{.organisation = ORG_A "widen: {person: {network: [{host: b.example}]}}\n", .person = ANY_A}, POLICY_ALLOW, POLICY_PERSON},
	        {{.organisation = ORG_A "widen: {person: {network: [{host: b.example}]}}\n", .command = ANY_A}, POLICY_ALLOW,
	                POLICY_COMMAND},
	        {{.organisation = ORG_A "widen: {person: {network: [{host: b.example}]}}\n"}, POLICY_DENY, -1},
	        {{.organisation = ORG_A "widen: {person: {network: [{host: b.example}]}}\n", .project = ANY_A}, POLICY_DENY,
	                POLICY_PROJECT},
	        {{.organisation = ORG_A "widen: {project: {network: [{host: b.example}]}}\n", .project = ANY_A}, POLICY_ALLOW,
	                POLICY_PROJECT},
	        {{.organisation = ORG_A, .project = ANY_A, .person = "widen: {project: {network: [{any_host: true}]}}\n"}, POLICY_DENY,
	                POLICY_PROJECT},
	        /* what nobody names */
	        {{.organisation = ORG_A "on_unknown: ask\n"}, POLICY_ASK, -1},
	        {{.organisation = ORG_A "on_unknown: deny\n", .command = "on_unknown: ask\n"}, POLICY_DENY, -1},
	        {{.organisation = ORG_A, .command = "on_unknown: ask\n"}, POLICY_DENY, -1},
	        {{.organisation = ORG_A "on_unknown: ask\n", .project = "on_unknown: deny\n"}, POLICY_DENY, -1},
	        {{.person = "on_unknown: deny\n", .command = "on_unknown: ask\n"}, POLICY_ASK, -1},
	        {{.person = "on_unknown: ask\n"}, POLICY_ASK, -1},
	        {{.person = "on_unknown: ask\n", .project = "on_unknown: deny\n"}, POLICY_DENY, -1},
	        {{.project = "on_unknown: ask\n"}, POLICY_DENY, -1},
	        {{.organisation = "on_unknown: deny\n", .person = "on_unknown: ask\n"}, POLICY_DENY, -1},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		made(&w, &rows[i].l);
		struct policy_decision d = ask(w.p, "b.example GET /").decision;
		int layer = d.place ? (int)d.place->layer : -1;
		if (d.verdict != rows[i].verdict || layer != rows[i].layer)
			fail_msg("row %zu: %s by %d: %s", i, policy_verdict_name(d.verdict), layer, d.why);
		gone(&w);
	}
}

/* Random policies: no lower layer ever makes looser what one above it has decided. */
static uint64_t seed = 1;
static unsigned dice(unsigned n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(seed >> 33) % n;
}

static void random_rules(struct buf *out)
{
	static const char *const host[] = {"host: a.x", "host: b.x", "host: '*.x'", "host: '*.b.x'", "host: c.b.x", "any_host: true"};
	static const char *const more[] = {
	        "", ", methods: [GET]", ", methods: [POST]", ", paths: [/p/]", ", paths: [/p/q]", ", ports: [80]"};
	buf_str_add(out, "network:");
	unsigned n = dice(4);
	if (n == 0)
		buf_str_add(out, " []");
	buf_u8(out, '\n');
	for (unsigned i = 0; i < n; i++)
		buf_fmt(out, "  - {%s%s, verdict: %s}\n", host[dice(6)], more[dice(6)], policy_verdict_name((enum policy_verdict)dice(4)));
}

static void never_wider(void **state)
{
	(void)state;
	static const char *const requests[] = {
	        "a.x", "a.x GET /", "b.x GET /p/q", "b.x POST /p/", "c.b.x GET /p/z", "c.b.x:80 POST /", "z.x GET /p//q", "q.q"};
	for (unsigned round = 0; round < 400; round++) {
		_cleanup_buf_ struct buf top = BUF(8192);
		struct buf low[3] = {BUF(8192), BUF(8192), BUF(8192)};
		struct world alone, all;
		bool organisation = round % 2;
		random_rules(&top);
		for (size_t i = 0; i < 3; i++) {
			random_rules(&low[i]);
			if (dice(3) == 0)
				buf_str_add(&low[i], "on_unknown: ask\n");
		}
		struct layers l = {.project = buf_str(&low[0])};
		if (organisation) {
			made(&alone, &(struct layers){.organisation = buf_str(&top)});
			l.organisation = buf_str(&top);
			l.person = buf_str(&low[1]);
			l.command = buf_str(&low[2]);
		} else {
			made(&alone, &(struct layers){.person = buf_str(&top)});
			l.person = buf_str(&top);
		}
		made(&all, &l);
		for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
			struct policy_network a = ask(alone.p, requests[i]), b = ask(all.p, requests[i]);
			if (b.decision.verdict < a.decision.verdict)
				fail_msg("%s is %s and was %s:\n%s---\n%s---\n%s---\n%s", requests[i],
				        policy_verdict_name(b.decision.verdict), policy_verdict_name(a.decision.verdict), buf_str(&top),
				        buf_str(&low[0]), buf_str(&low[1]), buf_str(&low[2]));
		}
		gone(&alone);
		gone(&all);
		for (size_t i = 0; i < 3; i++)
			buf_free(&low[i]);
	}
}

static void random_files(struct buf *out)
{
	static const char *const path[] = {"~", "~/a", "~/a/b", "'{project}'", "'{project}/x'", "/srv", "~/.ssh/config", "/tmp/w"};
	static const char *const word[] = {"read", "write", "copy", "hide"};
	buf_str_add(out, "files:\n");
	for (unsigned i = 0; i < ARRAY_LEN(word); i++) {
		unsigned n = dice(i == 3 ? 2 : 3);
		/* An organisation that says what may be read closes the section. */
		if (n || i == 0)
			buf_fmt(out, "  %s:\n", word[i]);
		for (unsigned k = 0; k < n; k++) {
			const char *p = path[dice(ARRAY_LEN(path))];
			buf_fmt(out, "    - %s\n", strcmp(p, "~") == 0 ? "'~'" : p);
		}
	}
	buf_str_add(out, "  confidential: []\n");
}

/* The same for files, where two things widen: what is seen, and what is written. */
static void files_never_wider(void **state)
{
	(void)state;
	static const char *const paths[] = {"/home/u", "/home/u/a", "/home/u/a/b/c", "/home/u/p", "/home/u/p/x/y", "/home/u/p/.env",
	        "/home/u/.ssh/config", "/home/u/.ssh/id", "/srv/q", "/tmp/w/x", "/usr/bin/ls"};
	for (unsigned round = 0; round < 300; round++) {
		_cleanup_buf_ struct buf top = BUF(8192);
		struct buf low[3] = {BUF(8192), BUF(8192), BUF(8192)};
		struct world alone, all;
		random_files(&top);
		for (size_t i = 0; i < 3; i++)
			random_files(&low[i]);
		struct layers l = {.project = buf_str(&low[0])}, first = {.organisation = buf_str(&top)};
		if (round % 2) {
			l.organisation = buf_str(&top);
			l.person = buf_str(&low[1]);
			l.command = buf_str(&low[2]);
		} else {
			first = (struct layers){.person = buf_str(&top)};
			l.person = buf_str(&top);
		}
		made(&alone, &first);
		made(&all, &l);
		for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
			struct policy_file a, b;
			policy_file(alone.p, slice_str(paths[i]), POLICY_READ, &a);
			policy_file(all.p, slice_str(paths[i]), POLICY_READ, &b);
			if (b.access > a.access)
				fail_msg("%s is %s and was %s:\n%s---\n%s---\n%s---\n%s", paths[i], policy_access_name(b.access),
				        policy_access_name(a.access), buf_str(&top), buf_str(&low[0]), buf_str(&low[1]), buf_str(&low[2]));
		}
		gone(&alone);
		gone(&all);
		for (size_t i = 0; i < 3; i++)
			buf_free(&low[i]);
	}
}

static void files(void **state)
{
	(void)state;
	static const struct {
		struct layers l;
		const char *path;
		enum policy_access access;
	} rows[] = {
	        {{.person = "{}\n"}, "/usr/bin/git", POLICY_READ},
	        {{.person = "{}\n"}, "/etc/shadow", POLICY_NONE},
	        {{.person = "{}\n"}, "/home/u/p/a", POLICY_WRITE},
	        {{.person = "{}\n"}, "/home/u/p", POLICY_WRITE},
	        {{.person = "{}\n"}, "/home/u/px", POLICY_NONE},
	        {{.person = "{}\n"}, "/home/u", POLICY_NONE},
	        {{.person = "{}\n"}, "/", POLICY_READ},
	        {{.person = "{}\n"}, "/srv/x", POLICY_READ},
	        {{.person = "{}\n"}, "/tmp/x", POLICY_NONE},
	        {{.person = "files: {write: [/tmp/w]}\n"}, "/tmp/w/x", POLICY_WRITE},
	        {{.person = "{}\n"}, "/home/u/p/.postern.yaml", POLICY_READ},
	        {{.person = "files: {write: ['{project}']}\n"}, "/home/u/p/.postern.yaml", POLICY_READ},
	        {{.organisation = "files: {hide: [/srv]}\n"}, "/srv/x", POLICY_NONE},
	        {{.organisation = "files: {hide: ['/srv/**/*.key']}\n"}, "/srv/x.key", POLICY_NONE},
	        {{.organisation = "files: {read: [~/x]}\n", .person = "files: {write: [/srv]}\n"}, "/srv/x", POLICY_READ},
	        {{.person = "{}\n"}, "/home/u/p/deep/er/.env", POLICY_NONE},
	        {{.person = "{}\n"}, "/home/u/p/.env.local/x", POLICY_NONE},
	        {{.person = "{}\n"}, "/home/u/p/.envrc", POLICY_WRITE},
	        {{.person = "files: {read: ['~']}\n"}, "/home/u/x", POLICY_READ},
	        {{.person = "files: {read: ['~']}\n"}, "/home/u/.ssh/id", POLICY_NONE},
	        {{.person = "files: {read: ['~']}\n"}, "/home/u/p/x", POLICY_WRITE},
	        {{.person = "files: {read: [~/.ssh/config]}\n"}, "/home/u/.ssh/config", POLICY_READ},
	        {{.person = "files: {read: [~/.ssh/config]}\n"}, "/home/u/.ssh/id", POLICY_NONE},
	        {{.person = "files: {read: ['{project}/.env']}\n"}, "/home/u/p/.env", POLICY_READ},
	        {{.person = "files: {read: ['{project}/.env']}\n"}, "/home/u/p/x/.env", POLICY_NONE},
	        {{.project = "files: {read: ['{project}/.env']}\n"}, "/home/u/p/.env", POLICY_NONE},
	        {{.person = "files: {write: [~/w], read: [~/w/r], copy: [~/w/c], hide: [~/w/h]}\n"}, "/home/u/w/x", POLICY_WRITE},
	        {{.person = "files: {write: [~/w], read: [~/w/r], copy: [~/w/c], hide: [~/w/h]}\n"}, "/home/u/w/r/x", POLICY_READ},
	        {{.person = "files: {write: [~/w], read: [~/w/r], copy: [~/w/c], hide: [~/w/h]}\n"}, "/home/u/w/c", POLICY_COPY},
	        {{.person = "files: {write: [~/w], read: [~/w/r], copy: [~/w/c], hide: [~/w/h]}\n"}, "/home/u/w/h/x", POLICY_NONE},
	        {{.person = "files: {hide: [~/h], read: [~/h/x]}\n"}, "/home/u/h/x", POLICY_NONE},
	        {{.person = "files: {write: [~/w], hide: ['~/w/**/*.key']}\n"}, "/home/u/w/a/b.key", POLICY_NONE},
	        {{.person = "files: {write: [~/w], hide: ['~/w/**/*.key']}\n"}, "/home/u/w/a/b.key/c", POLICY_NONE},
	        {{.person = "files: {write: [~/w], hide: ['~/w/**/*.key']}\n"}, "/home/u/w/a/b.keys", POLICY_WRITE},
	        /* layers */
	        {{.project = "files: {read: [~/x]}\n"}, "/home/u/x", POLICY_NONE},
	        {{.project = "files: {read: ['{project}/vendor']}\n"}, "/home/u/p/vendor/x", POLICY_READ},
	        {{.project = "files: {read: [~/x]}\n", .person = "widen: {project: {files: {read: [~/x]}}}\n"}, "/home/u/x", POLICY_READ},
	        {{.project = "files: {write: [~/x]}\n", .person = "widen: {project: {files: {read: [~/x]}}}\n"}, "/home/u/x", POLICY_READ},
	        {{.organisation = "files: {hide: [~/x]}\n", .person = "files: {read: [~/x/y]}\n"}, "/home/u/x/y", POLICY_NONE},
	        {{.organisation = "files: {hide: [/y]}\n", .person = "files: {read: [~/x]}\n"}, "/home/u/x", POLICY_READ},
	        {{.organisation = "files: {confidential: []}\n", .person = "files: {read: [~/x]}\n"}, "/home/u/x", POLICY_READ},
	        {{.organisation = "files: {read: []}\n", .person = "files: {read: [~/x]}\n"}, "/home/u/x", POLICY_NONE},
	        {{.organisation = "files: {hide: [/y]}\n", .person = "files: {read: [~/x]}\n"}, "/home/u/p/x", POLICY_WRITE},
	        {{.organisation = "files: {hide: [/y]}\n", .person = "files: {read: ['{project}/x']}\n"}, "/home/u/p/x", POLICY_READ},
	        {{.organisation = "files: {read: [~/x]}\n", .person = "files: {write: [~/x]}\n"}, "/home/u/x", POLICY_READ},
	        {{.organisation = "files: {write: [~/x]}\n", .person = "files: {read: [~/x]}\n"}, "/home/u/x", POLICY_READ},
	        {{.organisation = "files: {read: [~/x]}\nwiden: {person: {files: {write: [~/y]}}}\n",
	                 .person = "files: {write: [~/y/z]}\n"},
	                "/home/u/y/z", POLICY_WRITE},
	        {{.organisation = "files: {read: [~/x]}\nwiden: {person: {files: {write: [~/y]}}}\n",
	                 .person = "files: {write: [~/y/z]}\n"},
	                "/home/u/y", POLICY_NONE},
	        {{.organisation = "files: {read: ['{project}']}\n", .person = "files: {write: ['{project}']}\n"}, "/home/u/p/x",
	                POLICY_READ},
	        {{.organisation = "network: []\n", .person = "files: {read: [~/x]}\n"}, "/home/u/x", POLICY_READ},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		struct policy_file f;
		made(&w, &rows[i].l);
		policy_file(w.p, slice_str(rows[i].path), POLICY_READ, &f);
		if (f.access != rows[i].access || (f.decision.verdict == POLICY_ALLOW) != (f.access != POLICY_NONE))
			fail_msg("row %zu, %s: %s: %s", i, rows[i].path, policy_access_name(f.access), f.decision.why);
		/* What is mounted says the same: the last mount that the path lies in. */
		const struct policy_settings *s = policy_settings(w.p);
		const char *path = rows[i].path;
		bool home = match_below(SLICE("/home/u"), slice_str(path)) || match_below(SLICE("/tmp"), slice_str(path));
		enum policy_access mounted = home ? POLICY_NONE : POLICY_READ;
		for (size_t k = 0; k < s->n_mounts; k++)
			if (!s->mount[k].anywhere && match_below(slice_str(s->mount[k].path), slice_str(rows[i].path)))
				mounted = s->mount[k].access;
		bool by_glob = strstr(rows[i].path, ".env") || strstr(rows[i].path, ".key");
		if (mounted != f.access && !by_glob)
			fail_msg("row %zu, %s is mounted as %s", i, rows[i].path, policy_access_name(mounted));
		gone(&w);
	}
	struct world w;
	struct policy_file f;
	person(&w, "files: {read: [~/r]}\n");
	policy_file(w.p, SLICE("/home/u/r"), POLICY_WRITE, &f);
	assert_int_equal(f.decision.verdict, POLICY_DENY);
	assert_int_equal(f.access, POLICY_READ);
	const struct policy_settings *s = policy_settings(w.p);
	for (size_t i = 1; i < s->n_mounts; i++)
		for (size_t k = 0; k < i; k++)
			assert_false(!s->mount[i].anywhere && strlen(s->mount[i].path) < strlen(s->mount[k].path) &&
			             match_below(slice_str(s->mount[i].path), slice_str(s->mount[k].path)));
	gone(&w);
}

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
/* Code that programs load: the system's own is not listed by anybody, and still banned by its digest. */
static void libraries(void)
{
	static const struct {
		const char *yaml, *path, *digest;
		bool system;
		enum policy_verdict verdict;
		bool judges;
	} rows[] = {
	        {"{}\n", "/srv/p/a.so", "00", false, POLICY_ALLOW, false},
	        {"exec: {default: allow, rules: [{name: sudo, verdict: deny}, {name: git, path: '/usr/**', args: [push], verdict: ask}]}\n",
	                "/srv/p/a.so", "00", false, POLICY_ALLOW, false},
	        {"exec: {default: deny}\n", "/usr/lib/libc.so.6", "00", true, POLICY_ALLOW, true},
	        {"exec: {default: deny}\n", "/srv/p/a.so", "00", false, POLICY_DENY, true},
	        {"exec: {default: ask}\n", "/srv/p/a.so", "00", false, POLICY_ASK, true},
	        {"exec: {default: deny, rules: [{path: /srv/p/*, verdict: allow}]}\n", "/srv/p/a.so", "00", false, POLICY_ALLOW, true},
	        {"exec: {default: deny, rules: [{parent: node, verdict: allow}]}\n", "/srv/p/a.node", "00", false, POLICY_ALLOW, true},
	        {"exec: {default: allow, rules: [{path: '/usr/**', verdict: deny}]}\n", "/usr/lib/libc.so.6", "00", true, POLICY_ALLOW,
	                true},
	        {"exec: {default: allow, rules: [{digest: " SHA ", verdict: deny}]}\n", "/usr/lib/libc.so.6", SHA, true, POLICY_DENY, true},
	        {"exec: {default: allow, rules: [{digest: " SHA ", verdict: deny}]}\n", "/srv/p/a.so", SHA, false, POLICY_DENY, true},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		person(&w, rows[i].yaml);
		const struct slice none[1] = {SLICE_NONE};
		struct policy_exec e = {.name = slice_str(strrchr(rows[i].path, '/') + 1),
		        .path = slice_str(rows[i].path),
		        .digest = slice_str(rows[i].digest),
		        .parent = SLICE("/usr/bin/node"),
		        .argv = none,
		        .system_library = rows[i].system};
		struct policy_decision d = policy_exec(w.p, &e);
		if (d.verdict != rows[i].verdict || policy_exec_judges_libraries(w.p) != rows[i].judges)
			fail_msg("row %zu, %s: %s: %s", i, rows[i].path, policy_verdict_name(d.verdict), d.rule);
		gone(&w);
	}
}

static void exec(void **state)
{
	(void)state;
	static const char rules[] = "exec:\n  default: allow\n  rules:\n"
	                            "    - {name: curl, verdict: deny}\n"
	                            "    - {name: git, args: ['...', push, '...'], verdict: ask}\n"
	                            "    - {path: ~/bin/*, verdict: deny}\n"
	                            "    - {path: ~/bin/good, verdict: allow}\n"
	                            "    - {digest: " SHA ", verdict: deny}\n"
	                            "    - {name: node, parent: npm, verdict: log}\n"
	                            "    - {name: 'python*', verdict: log}\n";
	static const struct {
		struct layers l;
		const char *path, *digest, *parent, *arg;
		enum policy_verdict verdict;
	} rows[] = {
	        {{.person = "{}\n"}, "/usr/bin/x", "", "", NULL, POLICY_ALLOW},
	        {{.person = rules}, "/usr/bin/ls", "00", "/bin/sh", NULL, POLICY_ALLOW},
	        {{.person = rules}, "/usr/bin/curl", "00", "/bin/sh", NULL, POLICY_DENY},
	        {{.person = rules}, "/usr/bin/git", "00", "/bin/sh", "push", POLICY_ASK},
	        {{.person = rules}, "/usr/bin/git", "00", "/bin/sh", "pull", POLICY_ALLOW},
	        {{.person = rules}, "/home/u/bin/x", "00", "/bin/sh", NULL, POLICY_DENY},
	        {{.person = rules}, "/home/u/bin/good", "00", "/bin/sh", NULL, POLICY_DENY},
	        {{.person = rules}, "/usr/bin/renamed", SHA, "/bin/sh", NULL, POLICY_DENY},
	        {{.person = rules}, "/usr/bin/renamed", "", "/bin/sh", NULL, POLICY_DENY},
	        {{.person = rules}, "/usr/bin/node", "00", "/usr/bin/npm", NULL, POLICY_LOG},
	        {{.person = rules}, "/usr/bin/node", "00", "/bin/sh", NULL, POLICY_ALLOW},
	        {{.person = rules}, "/usr/bin/python3.11", "00", "/bin/sh", NULL, POLICY_LOG},
	        {{.person = "exec: {default: allow, rules: [{name: x, parent: npm, verdict: deny}]}\n"}, "/usr/bin/x", "", "", NULL,
	                POLICY_DENY},
	        {{.person = "exec: {default: deny, rules: [{name: x, parent: npm, verdict: allow}]}\n"}, "/usr/bin/x", "", "", NULL,
	                POLICY_DENY},
	        {{.project = "exec: {default: deny}\n"}, "/usr/bin/x", "", "", NULL, POLICY_DENY},
	        {{.organisation = "exec: {default: deny, rules: [{name: ls, verdict: allow}]}\n", .person = "exec: {default: allow}\n"},
	                "/bin/x", "", "", NULL, POLICY_DENY},
	        {{.organisation = "exec: {default: deny, rules: [{name: ls, verdict: allow}]}\n", .person = "exec: {default: allow}\n"},
	                "/bin/ls", "", "", NULL, POLICY_ALLOW},
	        {{.organisation = "exec: {default: deny}\nwiden: {person: {exec: {rules: [{name: make, verdict: allow}]}}}\n",
	                 .person = "exec: {default: allow, rules: [{name: make, verdict: log}]}\n"},
	                "/bin/make", "", "", NULL, POLICY_LOG},
	        {{.organisation = "exec: {default: deny}\nwiden: {person: {exec: {rules: [{name: make, verdict: allow}]}}}\n",
	                 .person = "exec: {default: allow}\n"},
	                "/bin/make", "", "", NULL, POLICY_DENY},
	        {{.organisation = "exec: {default: allow, rules: [{name: make, verdict: deny}]}\nwiden: {person: {exec: {rules: [{name: "
	                          "make, verdict: "
	                          "allow}]}}}\n",
	                 .person = "exec: {default: allow, rules: [{name: make, verdict: allow}]}\n"},
	                "/bin/make", "", "", NULL, POLICY_DENY},
	};
	libraries();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		made(&w, &rows[i].l);
		const char *slash = strrchr(rows[i].path, '/');
		const struct slice argv[] = {slice_str(slash + 1), SLICE("-q"), slice_str(rows[i].arg)};
		struct policy_exec e = {.name = slice_str(slash + 1),
		        .path = slice_str(rows[i].path),
		        .digest = slice_str(rows[i].digest),
		        .parent = slice_str(rows[i].parent),
		        .argv = argv,
		        .argc = rows[i].arg ? 3 : 2};
		struct policy_decision d = policy_exec(w.p, &e);
		if (d.verdict != rows[i].verdict)
			fail_msg("row %zu, %s: %s: %s", i, rows[i].path, policy_verdict_name(d.verdict), d.rule);
		gone(&w);
	}
	struct world w;
	person(&w, rules);
	assert_true(policy_exec_wants_digest(w.p));
	assert_true(policy_exec_wants_argv(w.p));
	gone(&w);
	person(&w, "exec: {default: ask}\n");
	assert_false(policy_exec_wants_digest(w.p));
	assert_false(policy_exec_wants_argv(w.p));
	gone(&w);
}

static void tools(void **state)
{
	(void)state;
	static const char rules[] = "tools:\n  default: ban\n  rules:\n"
	                            "    - {tool: claude-code, versions: '>=2.0', verdict: gate}\n"
	                            "    - {tool: claude-code, versions: '<2.0', verdict: ban, reason: old}\n"
	                            "    - {package: 'npm:@openai/*', groups: [dev], verdict: permit}\n"
	                            "    - {tool: aider, accounts: [alice], verdict: permit}\n"
	                            "    - {publisher: Evil, verdict: ban}\n"
	                            "    - {tool: codex, lineage: [openclaw, 'claude*'], verdict: ban}\n";
	static const struct {
		const char *tool, *package, *version, *publisher, *account, *group;
		enum policy_tool_verdict verdict;
		const char *above;
	} rows[] = {
	        {"claude-code", "", "2.1.0", "Anthropic", "bob", "dev", POLICY_TOOL_GATE, NULL},
	        {"claude-code", "", "1.9", "Anthropic", "bob", "dev", POLICY_TOOL_BAN, NULL},
	        {"claude-code", "", "", "Anthropic", "bob", "dev", POLICY_TOOL_BAN, NULL},
	        {"claude-code", "", "nightly", "Anthropic", "bob", "dev", POLICY_TOOL_BAN, NULL},
	        {"codex", "npm:@openai/codex", "1", "OpenAI", "bob", "dev", POLICY_TOOL_PERMIT, NULL},
	        {"codex", "npm:@openai/codex", "1", "OpenAI", "bob", "ops", POLICY_TOOL_BAN, NULL},
	        {"codex", "npm:@openai/codex", "1", "OpenAI", "bob", NULL, POLICY_TOOL_BAN, NULL},
	        {"aider", "", "1", "x", "alice", "dev", POLICY_TOOL_PERMIT, NULL},
	        {"aider", "", "1", "x", "", "dev", POLICY_TOOL_BAN, NULL},
	        {"aider", "", "1", "Evil", "alice", "dev", POLICY_TOOL_BAN, NULL},
	        {"other", "", "1", "x", "alice", "dev", POLICY_TOOL_BAN, NULL},
	        {"codex", "npm:@openai/codex", "1", "OpenAI", "bob", "dev", POLICY_TOOL_BAN, "claude-code"},
	        {"codex", "npm:@openai/codex", "1", "OpenAI", "bob", "dev", POLICY_TOOL_PERMIT, "aider"},
	};
	struct world w;
	person(&w, rules);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct policy_tool_decision d;
		struct slice group = slice_str(rows[i].group), above = slice_str(rows[i].above);
		struct policy_tool t = {.tool = slice_str(rows[i].tool),
		        .package = slice_str(rows[i].package),
		        .version = slice_str(rows[i].version),
		        .publisher = slice_str(rows[i].publisher),
		        .account = slice_str(rows[i].account),
		        .group = &group,
		        .n_groups = rows[i].group ? 1 : 0,
		        .lineage = &above,
		        .n_lineage = rows[i].above ? 1 : 0};
		policy_tool(w.p, &t, &d);
		if (d.verdict != rows[i].verdict)
			fail_msg("row %zu: %d: %s", i, d.verdict, d.decision.rule);
	}
	gone(&w);
	/* The stricter of the layers. */
	made(&w, &(struct layers){.organisation = "tools: {default: gate}\n", .person = "tools: {default: permit}\n"});
	struct policy_tool_decision d;
	policy_tool(w.p, &(struct policy_tool){.tool = SLICE("x")}, &d);
	assert_int_equal(d.verdict, POLICY_TOOL_GATE);
	assert_int_equal(d.decision.place->layer, POLICY_ORGANISATION);
	gone(&w);
}

static void credentials(void **state)
{
	(void)state;
	static const char own[] =
	        "credentials:\n"
	        "  - {name: k, variable: KEY, format: 'sk-{random}', from: {env: REAL}, host: [api.example, '*.eu.example'], paths: [/v1/],"
	        " header: Authorization, prefix: 'Bearer '}\n";
	struct world w;
	person(&w, own);
	const struct policy_settings *s = policy_settings(w.p);
	assert_int_equal(s->n_credentials, 1);
	assert_string_equal(s->credential[0].header, "authorization");
	assert_string_equal(s->credential[0].from, "REAL");
	static const struct {
		const char *host, *target, *header;
		bool tls, good;
	} rows[] = {{"api.example", "/v1/x", "Authorization", true, true}, {"x.eu.example", "/v1/x", "authorization", true, true},
	        {"api.example", "/v2/x", "authorization", true, false}, {"api.example", "/v1/../x", "authorization", true, false},
	        {"other.example", "/v1/x", "authorization", true, false}, {"api.example", "/v1/x", "x-other", true, false},
	        {"api.example", "/v1/x", "authorization", false, false}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct policy_request r = {.host = slice_str(rows[i].host),
		        .port = 443,
		        .tls = rows[i].tls,
		        .method = SLICE("POST"),
		        .target = slice_str(rows[i].target)};
		struct policy_decision d = policy_credential(w.p, &s->credential[0], &r, slice_str(rows[i].header));
		if ((d.verdict == POLICY_ALLOW) != rows[i].good)
			fail_msg("row %zu: %s", i, d.why);
	}
	gone(&w);
	/* The organisation says where; the person where from, and nothing else. */
	made(&w, &(struct layers){.organisation = "credentials: [{name: k, host: api.example, header: x-api-key}]\n",
	                 .person = "credentials: [{name: k, from: {file: ~/.key}}]\n"});
	s = policy_settings(w.p);
	assert_int_equal(s->n_credentials, 1);
	assert_int_equal(s->credential[0].source, POLICY_SOURCE_FILE);
	assert_string_equal(s->credential[0].from, "/home/u/.key");
	assert_string_equal(s->credential[0].hosts[0], "api.example");
	assert_int_equal(s->credential[0].place.layer, POLICY_ORGANISATION);
	gone(&w);
	made(&w, &(struct layers){.organisation = "credentials: [{name: k, host: api.example, header: x-api-key, from: {env: A}}]\n",
	                 .person = "credentials: [{name: k, from: {env: B}, host: evil.example, header: x}, {name: j, from: {env: B}, "
	                           "host: evil.example, "
	                           "header: x}]\n"});
	s = policy_settings(w.p);
	assert_int_equal(s->n_credentials, 1);
	assert_string_equal(s->credential[0].from, "A");
	assert_string_equal(s->credential[0].hosts[0], "api.example");
	gone(&w);
	assert_int_equal(build(&w, &(struct layers){.person = "credentials: [{name: k, from: {env: B}}]\n"}), -EINVAL);
	assert_non_null(strstr(w.problems.list[0].text, "no layer says where"));
	gone(&w);
}

static void values(void **state)
{
	(void)state;
	struct world w;
	const struct policy_settings *s;
	person(&w, "{}\n");
	s = policy_settings(w.p);
	assert_int_equal(s->review.value, POLICY_REVIEW_COPY);
	assert_int_equal(s->review.place.layer, POLICY_BUILT_IN);
	assert_int_equal(s->dlp.class[POLICY_DLP_SECRETS].verdict, POLICY_DLP_REDACT);
	assert_int_equal(s->limit[POLICY_LIMIT_MEMORY].value, UINT64_MAX);
	assert_int_equal(s->ledger_required.value, 1);
	gone(&w);
	made(&w, &(struct layers){
	                 .organisation = "limits: {memory: 2 GiB, seconds: 1h}\nreview: copy\ndlp: {secrets: redact, kinds: {jwt: log}}\n",
	                 .project = "limits: {memory: 3 GiB, processes: 10}\nidentity: {neutral: [user]}\n",
	                 .person = "limits: {memory: 1 GiB, processes: 20}\nreview: direct\ndlp: {secrets: 'off', kinds: {jwt: 'off'}, "
	                           "entropy: block}\nidentity: "
	                           "{neutral: [host]}\n",
	                 .command = "limits: {seconds: 2h, processes: 30}\n"});
	s = policy_settings(w.p);
	assert_int_equal(s->limit[POLICY_LIMIT_MEMORY].value, 1u << 30);
	assert_int_equal(s->limit[POLICY_LIMIT_MEMORY].place.layer, POLICY_PERSON);
	assert_int_equal(s->limit[POLICY_LIMIT_SECONDS].value, 3600);
	assert_int_equal(s->limit[POLICY_LIMIT_SECONDS].place.layer, POLICY_ORGANISATION);
	assert_int_equal(s->limit[POLICY_LIMIT_PROCESSES].value, 10);
	assert_int_equal(s->limit[POLICY_LIMIT_PROCESSES].place.layer, POLICY_PROJECT);
	assert_int_equal(s->review.value, POLICY_REVIEW_COPY);
	assert_int_equal(s->neutral.value, POLICY_NEUTRAL_USER | POLICY_NEUTRAL_HOST);
	assert_int_equal(s->dlp.class[POLICY_DLP_SECRETS].verdict, POLICY_DLP_REDACT);
	assert_int_equal(s->dlp.class[POLICY_DLP_ENTROPY].verdict, POLICY_DLP_BLOCK);
	assert_int_equal(s->dlp.kind[0].verdict, POLICY_DLP_LOG);
	gone(&w);
	/* The command line over the person; the project alone loosens nothing. */
	made(&w, &(struct layers){.person = "limits: {seconds: 10}\nreview: copy\n", .command = "limits: {seconds: 20}\nreview: direct\n"});
	assert_int_equal(policy_settings(w.p)->limit[POLICY_LIMIT_SECONDS].value, 20);
	assert_int_equal(policy_settings(w.p)->review.value, POLICY_REVIEW_DIRECT);
	gone(&w);
	made(&w, &(struct layers){
	                 .project =
	                         "review: direct\ndlp: {secrets: 'off', kinds: {jwt: 'off'}}\nledger: {required: false, bodies: none}\n"});
	s = policy_settings(w.p);
	assert_int_equal(s->review.value, POLICY_REVIEW_COPY);
	assert_int_equal(s->dlp.class[POLICY_DLP_SECRETS].verdict, POLICY_DLP_REDACT);
	assert_int_equal(s->dlp.kind[0].verdict, POLICY_DLP_REDACT);
	assert_int_equal(s->ledger_required.value, 1);
	assert_int_equal(s->ledger_bodies.value, POLICY_BODIES_DIGEST);
	gone(&w);
	/* Labels. */
	person(&w,
	        "files: {confidential: [{label: crown, paths: ['{project}/c', '{project}/**/*.secret'], providers: ['*.ok.example']}]}\n");
	s = policy_settings(w.p);
	assert_int_equal(s->n_labels, 1);
	assert_true(policy_label_path(&s->label[0], SLICE("/home/u/p/c/x")));
	assert_true(policy_label_path(&s->label[0], SLICE("/home/u/p/q/y.secret")));
	assert_false(policy_label_path(&s->label[0], SLICE("/home/u/p/q/y")));
	assert_true(policy_label_host(&s->label[0], SLICE("api.ok.example")));
	assert_false(policy_label_host(&s->label[0], SLICE("api.example")));
	gone(&w);
}

static void wishes(void **state)
{
	(void)state;
	struct world w;
	made(&w, &(struct layers){
	                 .organisation = "network: [{host: a.example}]\n", .project = ANY_A "files: {read: [~/x]}\n", .person = ANY_A});
	const struct policy_settings *s = policy_settings(w.p);
	assert_int_equal(s->n_wishes, 3);
	assert_non_null(strstr(s->wishes[0], "project.yaml:1 (project): network b.example"));
	assert_non_null(strstr(s->wishes[1], "files ~/x"));
	assert_non_null(strstr(s->wishes[2], "(person): network b.example"));
	gone(&w);
}

static void digest(void **state)
{
	(void)state;
	struct world a, b, c;
	person(&a, "network: [{host: a.example, methods: [GET]}]\n");
	person(&b, "# a comment\nnetwork:\n  - methods: [\"GET\"]\n    host: A.example\n");
	person(&c, "network: [{host: a.example, methods: [GET], verdict: ask}]\n");
	assert_int_equal(strlen(policy_digest(a.p)), 64);
	assert_string_equal(policy_digest(a.p), policy_digest(b.p));
	assert_string_not_equal(policy_digest(a.p), policy_digest(c.p));
	_cleanup_buf_ struct buf json = BUF(1 << 20), text = BUF(1 << 20);
	assert_int_equal(policy_json(a.p, true, &json), 0);
	policy_text(a.p, &text);
	assert_non_null(strstr(buf_str(&json), "\"origin\":{\"file\":\"person.yaml\""));
	assert_non_null(strstr(buf_str(&text), "a.example GET: allow  # person.yaml:1 (person)"));
	gone(&a);
	gone(&b);
	gone(&c);
}

static void command_line(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena a = ARENA(MEMORY);
	struct policy_problems problems = {0};
	struct policy_doc *d = NULL;
	struct policy *p;
	struct err err = {0};
	assert_int_equal(policy_command_new(&a, &d), 0);
	assert_int_equal(policy_command_host(d, "Api.Example", POLICY_ALLOW, &err), 0);
	assert_int_equal(policy_command_host(d, "*.files.example:8443", POLICY_ALLOW, &err), 0);
	assert_int_equal(policy_command_host(d, "127.0.0.1:4873", POLICY_ALLOW, &err), 0);
	assert_int_equal(policy_command_host(d, "[::1]:80", POLICY_ALLOW, &err), 0);
	assert_int_equal(policy_command_path(d, "~/r/", POLICY_READ, &err), 0);
	assert_int_equal(policy_command_path(d, "/w", POLICY_WRITE, &err), 0);
	static const char *const bad[] = {"*", "https://a.example", "a.example:", "a.example:99999", "a b", "", "*.127.0.0.1", "[::1"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(policy_command_host(d, bad[i], POLICY_ALLOW, &err), -EINVAL);
	assert_int_equal(policy_command_path(d, "relative", POLICY_READ, &err), -EINVAL);
	assert_int_equal(policy_command_path(d, "/a/../b", POLICY_READ, &err), -EINVAL);
	assert_int_equal(policy_command_path(d, "/", POLICY_WRITE, &err), -EINVAL);
	policy_command_on_unknown(d, POLICY_ASK);
	policy_command_limit(d, POLICY_LIMIT_PROCESSES, 7);
	policy_command_neutral(d, POLICY_NEUTRAL_ALL);
	policy_command_review(d, POLICY_REVIEW_DIRECT);
	const struct policy_doc *doc[POLICY_LAYERS] = {[POLICY_COMMAND] = d};
	assert_int_equal(policy_compile(doc, &vars, &p, &problems), 0);
	assert_int_equal(ask(p, "api.example GET /").decision.verdict, POLICY_ALLOW);
	assert_int_equal(ask(p, "x.files.example:8443 GET /").decision.verdict, POLICY_ALLOW);
	assert_int_equal(ask(p, "x.files.example GET /").decision.verdict, POLICY_ASK);
	assert_true(ask(p, "127.0.0.1:4873").private);
	assert_false(ask(p, "api.example").private);
	const struct policy_settings *s = policy_settings(p);
	assert_int_equal(s->limit[POLICY_LIMIT_PROCESSES].value, 7);
	assert_int_equal(s->neutral.value, POLICY_NEUTRAL_ALL);
	assert_int_equal(s->review.value, POLICY_REVIEW_DIRECT);
	struct policy_file f;
	policy_file(p, SLICE("/home/u/r/x"), POLICY_READ, &f);
	assert_int_equal(f.access, POLICY_READ);
	policy_file(p, SLICE("/w/x"), POLICY_READ, &f);
	assert_int_equal(f.access, POLICY_WRITE);
	policy_free(p);
	policy_problems_free(&problems);
}

/* What is learnt permits what was seen, and not more than its rules say. */
static void learn(void **state)
{
	(void)state;
	_cleanup_buf_ struct buf out = BUF(1 << 20);
	struct policy_fact fact[64];
	char targets[20][64];
	size_t n = 0;
	fact[n++] = (struct policy_fact){.kind = POLICY_FACT_REQUEST,
	        .host = SLICE("API.example"),
	        .port = 443,
	        .method = SLICE("POST"),
	        .target = SLICE("/v1/messages?beta=true"),
	        .bytes = 100000};
	fact[n++] = (struct policy_fact){.kind = POLICY_FACT_REQUEST,
	        .host = SLICE("api.example"),
	        .port = 443,
	        .method = SLICE("GET"),
	        .target = SLICE("/v1/sessions/7c9e6679-7425-40de-944b-e07fc1f90ae7/events")};
	for (size_t i = 0; i < 12; i++) {
		(void)snprintf(targets[i], sizeof(targets[i]), "/pkg/name%c", (char)('a' + (char)i));
		fact[n++] = (struct policy_fact){.kind = POLICY_FACT_REQUEST,
		        .host = SLICE("reg.example"),
		        .port = 8080,
		        .method = SLICE("GET"),
		        .target = slice_str(targets[i]),
		        .private = true};
	}
	fact[n++] = (struct policy_fact){.kind = POLICY_FACT_REQUEST,
	        .host = SLICE("api.example"),
	        .port = 443,
	        .method = SLICE("GET"),
	        .target = SLICE("/v1/items/12345")};
	fact[n++] = (struct policy_fact){.kind = POLICY_FACT_REQUEST,
	        .host = SLICE("api.example"),
	        .port = 443,
	        .method = SLICE("GET"),
	        .target = SLICE("/v1/blobs/0123456789abcdef")};
	fact[n++] = (struct policy_fact){.kind = POLICY_FACT_CONNECT, .host = SLICE("api.example"), .port = 443};
	fact[n++] = (struct policy_fact){.kind = POLICY_FACT_CONNECT, .host = SLICE("pin.example"), .port = 443};
	fact[n++] = (struct policy_fact){
	        .kind = POLICY_FACT_REQUEST, .host = SLICE("bad host"), .port = 443, .method = SLICE("GET"), .target = SLICE("/")};
	fact[n++] = (struct policy_fact){
	        .kind = POLICY_FACT_REQUEST, .host = SLICE("x.example"), .port = 443, .method = SLICE("GET"), .target = SLICE("/a/../b")};
	fact[n++] = (struct policy_fact){.kind = POLICY_FACT_READ, .path = SLICE("/usr/lib/x")};
	fact[n++] = (struct policy_fact){.kind = POLICY_FACT_READ, .path = SLICE("/home/u/.gitconfig")};
	fact[n++] = (struct policy_fact){.kind = POLICY_FACT_WRITE, .path = SLICE("/home/u/p/x")};
	fact[n++] = (struct policy_fact){.kind = POLICY_FACT_WRITE, .path = SLICE("/home/u/.cache/a: \"b\"#")};
	fact[n++] = (struct policy_fact){.kind = POLICY_FACT_READ, .path = SLICE("/srv/a\nhide: x")};
	fact[n++] = (struct policy_fact){.kind = POLICY_FACT_EXEC, .path = SLICE("/usr/bin/git")};
	assert_int_equal(policy_write(fact, n, &vars, "learnt: \"x\"", &out), 0);
	struct world w;
	person(&w, buf_str(&out));
	static const struct {
		const char *ask;
		enum policy_verdict verdict;
	} rows[] = {{"api.example POST /v1/messages", POLICY_ALLOW}, {"api.example GET /v1/sessions/1/events", POLICY_ALLOW},
	        {"api.example GET /v1/sessions/1/other", POLICY_DENY}, {"api.example GET /v1/items/7", POLICY_ALLOW},
	        {"api.example GET /v1/blobs/fedcba9876543210", POLICY_ALLOW}, {"api.example GET /v1/blobs/a/b", POLICY_DENY},
	        {"api.example DELETE /v1/messages", POLICY_DENY}, {"api.example:80 POST /v1/messages", POLICY_DENY},
	        {"sub.api.example POST /v1/messages", POLICY_DENY}, {"reg.example:8080 GET /pkg/other", POLICY_ALLOW},
	        {"reg.example:8080 GET /pkg/a/b", POLICY_DENY}, {"reg.example GET /pkg/namea", POLICY_DENY}, {"pin.example", POLICY_ALLOW},
	        {"x.example GET /", POLICY_DENY}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (ask(w.p, rows[i].ask).decision.verdict != rows[i].verdict)
			fail_msg("%s\n%s", rows[i].ask, buf_str(&out));
	assert_true(ask(w.p, "pin.example").opaque);
	assert_null(strstr(strstr(buf_str(&out), "opaque"), "api.example"));
	assert_false(ask(w.p, "api.example").opaque);
	assert_int_equal(ask(w.p, "api.example DELETE /").decision.verdict, POLICY_DENY);
	assert_true(ask(w.p, "reg.example:8080").private);
	assert_int_equal(ask(w.p, "api.example POST /v1/messages").max_bytes, 262144);
	struct policy_file f;
	policy_file(w.p, SLICE("/home/u/.gitconfig"), POLICY_READ, &f);
	assert_int_equal(f.access, POLICY_READ);
	policy_file(w.p, SLICE("/home/u/.cache/a: \"b\"#"), POLICY_READ, &f);
	assert_int_equal(f.access, POLICY_WRITE);
	policy_file(w.p, SLICE("/home/u/.cache"), POLICY_READ, &f);
	assert_int_equal(f.access, POLICY_NONE);
	struct policy_exec e = {.name = SLICE("git"), .path = SLICE("/usr/bin/git")};
	assert_int_equal(policy_exec(w.p, &e).verdict, POLICY_ALLOW);
	e = (struct policy_exec){.name = SLICE("sh"), .path = SLICE("/usr/bin/sh")};
	assert_int_equal(policy_exec(w.p, &e).verdict, POLICY_ASK);
	assert_non_null(strstr(buf_str(&out), "# 3 things"));
	gone(&w);
	/* Nothing was done: nothing is permitted. */
	buf_reset(&out);
	assert_int_equal(policy_write(NULL, 0, &vars, NULL, &out), 0);
	person(&w, buf_str(&out));
	gone(&w);
}

static const struct policy_change *change(const struct policy_changes *c, const char *section, const char *subject)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->list[i].section, section) == 0 && strstr(c->list[i].subject, subject))
			return &c->list[i];
	return NULL;
}

static void difference(void **state)
{
	(void)state;
	static const struct {
		const char *before, *after, *section, *subject;
		int direction; /* -1: no change */
	} rows[] = {
	        {"network: [{host: a.b}]\n", "network: [{host: a.b}, {host: c.d}]\n", "network", "c.d:443", POLICY_WIDER},
	        {"network: [{host: a.b}]\n", "network: []\n", "network", "a.b:443", POLICY_TIGHTER},
	        {"network: [{host: a.b, methods: [GET]}]\n", "network: [{host: a.b}]\n", "network", "POST", POLICY_WIDER},
	        {"network: [{host: a.b, paths: [/x/]}]\n", "network: [{host: a.b, paths: [/x/y]}]\n", "network", "/x/", POLICY_TIGHTER},
	        {"network: [{host: a.b}]\n", "network: [{host: a.b, opaque: true}]\n", "network", "a.b", POLICY_WIDER},
	        {"network: [{host: a.b}]\n", "network: [{host: a.b, max_request_bytes: 5}]\n", "network", "a.b", POLICY_TIGHTER},
	        {"network: [{host: '*.a.b'}]\n", "network: [{host: '*.a.b'}, {host: x.a.b}]\n", "network", "", -1},
	        {"network: [{host: a.b}]\n", "network: [{host: a.b, headers: {X: y}}]\n", "network", "a.b", POLICY_OTHER},
	        {"on_unknown: deny\n", "on_unknown: ask\n", "network", "no rule names", POLICY_WIDER},
	        {"files: {read: [~/x]}\n", "files: {write: [~/x]}\n", "files", "~/x", POLICY_WIDER},
	        {"files: {read: [~/x]}\n", "files: {read: [~/x], hide: ['~/x/**/*.k']}\n", "files", "*.k", POLICY_TIGHTER},
	        {"exec: {default: allow}\n", "exec: {default: allow, rules: [{name: curl, verdict: deny}]}\n", "exec", "curl",
	                POLICY_TIGHTER},
	        {"exec: {default: ask}\n", "{}\n", "exec", "no rule names", POLICY_WIDER},
	        {"tools: {default: ban}\n", "tools: {default: ban, rules: [{tool: x, verdict: permit}]}\n", "tools", "x", POLICY_WIDER},
	        {"limits: {memory: 1 GiB}\n", "{}\n", "limits", "memory", POLICY_WIDER},
	        {"dlp: {secrets: redact}\n", "dlp: {secrets: 'off'}\n", "dlp", "secrets", POLICY_WIDER},
	        {"dlp: {patterns: [{name: x, regex: abc, verdict: log}]}\n", "{}\n", "dlp", "x", POLICY_WIDER},
	        {"review: copy\n", "review: direct\n", "settings", "review", POLICY_WIDER},
	        {"identity: {neutral: true}\n", "identity: {neutral: false}\n", "identity", "user", POLICY_WIDER},
	        {"credentials: [{name: k, from: {env: A}, host: a.b, header: h}]\n",
	                "credentials: [{name: k, from: {env: A}, host: [a.b, c.d], header: h}]\n", "credentials", "c.d", POLICY_WIDER},
	        {"files: {confidential: [{label: l, paths: [~/x], providers: []}]}\n",
	                "files: {confidential: [{label: l, paths: [~/x], providers: [a.b]}]}\n", "confidential", "a.b", POLICY_WIDER},
	        {"origins: [{package: 'npm:x', repository: o/x}]\n", "{}\n", "origins", "npm:x from repository o/x", POLICY_WIDER},
	        {"{}\n", "origins: [{file: x, identity: a, issuer: b}]\n", "origins", "file x by a of b", POLICY_TIGHTER},
	        {"origins: [{file: x, repository: o/x}]\n", "origins: [{file: x, repository: o/y}]\n", "origins", "o/y", POLICY_TIGHTER},
	        {"{}\n", "scan: {block: [bad]}\n", "scan", "suspicious", POLICY_WIDER},
	        {"scan: {block: []}\n", "{}\n", "scan", "bad", POLICY_TIGHTER},
	        {"scan: {block: [bad]}\n", "scan: {block: [bad, suspicious, unscanned]}\n", "scan", "unscanned", POLICY_TIGHTER},
	        {"{}\n", "scan: {rules: [{rule: code.x, verdict: report}]}\n", "scan", "code.x", POLICY_WIDER},
	        {"scan: {yara: /etc/a}\n", "scan: {yara: [/etc/b, /etc/a]}\n", "scan", "/etc/b", POLICY_TIGHTER},
	        {"scan: {yara: /etc/a}\n", "{}\n", "scan", "/etc/a", POLICY_WIDER},
	        {one_layer, one_layer, "", "", -1},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world a, b;
		struct policy_changes c = {0};
		person(&a, rows[i].before);
		person(&b, rows[i].after);
		assert_int_equal(policy_diff(a.p, b.p, &c), 0);
		const struct policy_change *found = change(&c, rows[i].section, rows[i].subject);
		if (rows[i].direction < 0 ? c.n != 0 : !found || (int)found->direction != rows[i].direction)
			fail_msg("row %zu: %zu changes, %s", i, c.n, c.n ? c.list[0].subject : "");
		policy_changes_free(&c);
		gone(&a);
		gone(&b);
	}
}

static void origins(void **state)
{
	(void)state;
	static const struct {
		const char *package, *file, *repository; /* the last NULL: nothing is said */
	} rows[] = {
	        {"npm:@a/b", NULL, "o/all"},
	        {"npm:@a/one", NULL, "o/all"}, /* the first that fits */
	        {"npm:c", NULL, "p/c"},        /* only the person's */
	        {"npm:d", NULL, "o/d"},        /* both: the organisation's */
	        {"npm:@a/b/c", NULL, NULL},    /* a star ends at a stroke */
	        {NULL, "tool-1.0.tar.gz", "o/tool"},
	        {"npm:other", "tool-1.0.tar.gz", "o/tool"},
	        {NULL, "npm:d", NULL}, /* a file is no package */
	        {"tool-1.0.tar.gz", NULL, NULL},
	        {NULL, NULL, NULL},
	};
	struct world w;
	made(&w, &(struct layers){.organisation = "origins:\n- {package: 'npm:@a/*', repository: o/all}\n"
	                                          "- {package: 'npm:@a/one', repository: o/one}\n- {package: npm:d, repository: o/d}\n"
	                                          "- {file: 'tool-*', repository: o/tool, workflow: x.yml@refs/tags/1}\n",
	                 .person = "origins: [{package: npm:c, repository: p/c}, {package: npm:d, repository: p/d}]\n"});
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct policy_origin *o = policy_origin(w.p, rows[i].package, rows[i].file);
		if (rows[i].repository ? !o || strcmp(o->repository, rows[i].repository) != 0 : o != NULL)
			fail_msg("row %zu: %s", i, o ? o->text : "nothing");
	}
	const struct policy_origin *o = policy_origin(w.p, NULL, "tool-2");
	assert_string_equal(o->text, "file tool-* from repository o/tool workflow x.yml@refs/tags/1");
	assert_int_equal(o->place.layer, POLICY_ORGANISATION);
	assert_int_equal(o->place.line, 7);
	gone(&w);
	/* Who is to be believed is not for a project to say. */
	assert_int_equal(build(&w, &(struct layers){.project = "origins: [{file: x, repository: o/x}]\n"}), -EINVAL);
	gone(&w);
}

static void scans(void **state)
{
	(void)state;
	static const char *const bad = "bad", *const suspicious = "suspicious", *const unscanned = "unscanned";
	static const struct {
		const char *organisation, *person, *rule, *verdict;
		bool blocks;
	} rows[] = {
	        {NULL, NULL, "a.b", unscanned, true}, /* nobody says anything */
	        {NULL, "scan: {block: [bad]}\n", "a.b", unscanned, false},
	        {NULL, "scan: {block: [bad]}\n", "a.b", bad, true},
	        {NULL, "scan: {block: []}\n", "a.b", bad, false},
	        {NULL, "scan: {rules: [{rule: a.b, verdict: report}]}\n", "a.b", bad, false},
	        {NULL, "scan: {rules: [{rule: a.b, verdict: report}]}\n", "a.bc", bad, true},
	        {NULL, "scan: {rules: [{rule: 'a.*', verdict: report}]}\n", "a.bc", bad, false},
	        {NULL, "scan: {block: [], rules: [{rule: a.b, verdict: block}]}\n", "a.b", suspicious, true},
	        /* The first that fits. */
	        {NULL, "scan: {rules: [{rule: a.b, verdict: block}, {rule: 'a.*', verdict: report}]}\n", "a.b", bad, true},
	        {NULL, "scan: {rules: [{rule: a.b, verdict: block}, {rule: 'a.*', verdict: report}]}\n", "a.c", bad, false},
	        /* The organisation's word stands, and a person can only ask for more. */
	        {"scan: {block: [bad]}\n", NULL, "a.b", suspicious, false},
	        {"scan: {block: [bad]}\n", "scan: {block: []}\n", "a.b", bad, true},
	        {"scan: {block: [bad]}\n", "scan: {rules: [{rule: a.b, verdict: report}]}\n", "a.b", bad, true},
	        {"scan: {block: [bad]}\n", "scan: {block: [suspicious]}\n", "a.b", suspicious, true},
	        {"scan: {rules: [{rule: a.b, verdict: report}]}\n", "scan: {block: [bad]}\n", "a.b", bad, true},
	        {"scan: {rules: [{rule: a.b, verdict: report}]}\n", NULL, "a.b", bad, false},
	        /* What it does not speak of is the person's. */
	        {"scan: {rules: [{rule: a.b, verdict: report}]}\n", "scan: {block: [bad]}\n", "a.c", suspicious, false},
	        {"scan: {}\n", NULL, "a.c", unscanned, true},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		made(&w, &(struct layers){.organisation = rows[i].organisation, .person = rows[i].person});
		if (policy_scan_blocks(w.p, rows[i].rule, rows[i].verdict) != rows[i].blocks)
			fail_msg("row %zu", i);
		gone(&w);
	}
	/* What of it is harmless is not for a project to say. */
	struct world w;
	assert_int_equal(build(&w, &(struct layers){.project = "scan: {block: []}\n"}), -EINVAL);
	gone(&w);
	/* Rules of YARA of all layers are matched, but none that lie in what is scanned. */
	made(&w, &(struct layers){.organisation = "scan: {yara: /etc/rules}\n", .person = "scan: {yara: [~/a.yar, /b/c]}\n"});
	const char *const *yara = policy_settings(w.p)->scan_yara;
	assert_string_equal(yara[0], "/etc/rules");
	assert_true(yara[1][0] == '/' && strcmp(yara[1] + strlen(yara[1]) - 6, "/a.yar") == 0);
	assert_string_equal(yara[2], "/b/c");
	assert_null(yara[3]);
	gone(&w);
	made(&w, &(struct layers){.person = "scan: {block: [bad]}\n"});
	assert_null(policy_settings(w.p)->scan_yara[0]);
	gone(&w);
	static const char *const wrong[] = {"scan: {yara: '{project}/rules'}\n", "scan: {yara: rules}\n", "scan: {yara: '/etc/*.yar'}\n"};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_int_equal(build(&w, &(struct layers){.person = wrong[i]}), -EINVAL);
		gone(&w);
	}
}

static void imports(void **state)
{
	(void)state;
	static const char claude[] = "{\"permissions\":{\"allow\":[\"Bash(git status:*)\",\"Bash(npm run "
	                             "test)\",\"WebFetch(domain:docs.example)\",\"Read(~/docs/**)\","
	                             "\"mcp__x__y\"],\"deny\":[\"Bash(curl:*)\",\"Read(./.secrets/**)\",\"Read(**/*.pem)\",\"Bash(a && "
	                             "b)\"],\"ask\":[\"Bash(git push:*)\"],"
	                             "\"additionalDirectories\":[\"../other\",\"/srv/"
	                             "w\"]},\"sandbox\":{\"enabled\":true,\"network\":{\"allowedDomains\":[\"*.npmjs.example\",\"*\"]},"
	                             "\"filesystem\":{\"denyRead\":[\"~/.priv\"]}},\"model\":\"x\"}";
	static const char srt[] =
	        "{\"network\":{\"allowedDomains\":[\"a.example\"],\"deniedDomains\":[\"bad.example\"],\"allowUnixSockets\":[\"/x\"]},"
	        "\"filesystem\":{\"denyRead\":[\"~/.ssh\"],\"allowWrite\":[\".\",\"/tmp/w\"],\"denyWrite\":[\".env\"]}}";
	static const char codex[] =
	        "model = \"gpt-5\"\napproval_policy = \"on-request\"\nsandbox_mode = \"workspace-write\"\n[sandbox_workspace_write]\n"
	        "writable_roots = [\"/srv/a\", # one\n '~/b']\nnetwork_access = true\n[model_providers.gw]\nbase_url = "
	        "\"https://gw.example/v1\"\n";
	static const struct {
		const char *text;
		enum policy_import_kind kind;
		const char *ask;
		const char *path;
		enum policy_access access;
		size_t left_out;
	} rows[] = {
	        {claude, POLICY_IMPORT_GUESS, "x.npmjs.example GET /", "/home/u/p/.secrets/x", POLICY_NONE, 5},
	        {claude, POLICY_IMPORT_GUESS, "docs.example GET /", "/home/u/p/a/x.pem", POLICY_NONE, 5},
	        {claude, POLICY_IMPORT_CLAUDE, "api.anthropic.com POST /", "/srv/w/x", POLICY_WRITE, 5},
	        {srt, POLICY_IMPORT_GUESS, "a.example GET /", "/home/u/p/.env", POLICY_READ, 1},
	        {codex, POLICY_IMPORT_GUESS, "gw.example GET /", "/home/u/b/x", POLICY_WRITE, 2},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_buf_ struct buf out = BUF(1 << 20);
		struct policy_import result;
		struct policy_file f;
		struct err err = {0};
		struct world w;
		if (policy_import(slice_str(rows[i].text), "s", rows[i].kind, &out, &result, &err) < 0)
			fail_msg("%s", err.text);
		if (result.left_out != rows[i].left_out)
			fail_msg("row %zu: %zu left out\n%s", i, result.left_out, buf_str(&out));
		person(&w, buf_str(&out));
		if (ask(w.p, rows[i].ask).decision.verdict != POLICY_ALLOW)
			fail_msg("row %zu: %s\n%s", i, rows[i].ask, buf_str(&out));
		policy_file(w.p, slice_str(rows[i].path), POLICY_READ, &f);
		if (f.access != rows[i].access)
			fail_msg("row %zu: %s is %s\n%s", i, rows[i].path, policy_access_name(f.access), buf_str(&out));
		if (rows[i].text == claude) {
			const struct slice argv[] = {SLICE("git"), SLICE("push"), SLICE("-f")};
			struct policy_exec e = {.name = SLICE("git"), .path = SLICE("/usr/bin/git"), .argv = argv, .argc = 3};
			assert_int_equal(policy_exec(w.p, &e).verdict, POLICY_ASK);
			e = (struct policy_exec){.name = SLICE("curl"), .path = SLICE("/usr/bin/curl"), .argv = argv, .argc = 1};
			assert_int_equal(policy_exec(w.p, &e).verdict, POLICY_DENY);
		}
		gone(&w);
	}
	static const char *const bad[] = {"", "{", "[]", "{\"a\":1}", "x", "a = \"", "a = [1", "[a", "a = 'x' y", "\xff"};
	for (size_t i = 1; i < ARRAY_LEN(bad); i++) {
		_cleanup_buf_ struct buf out = BUF(1 << 20);
		struct policy_import result;
		struct err err = {0};
		if (policy_import(slice_str(bad[i]), "s", POLICY_IMPORT_GUESS, &out, &result, &err) != -EINVAL)
			fail_msg("%s", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(patterns),
	        cmocka_unit_test(hosts),
	        cmocka_unit_test(request_paths),
	        cmocka_unit_test(mistakes),
	        cmocka_unit_test(mistakes_of_layers),
	        cmocka_unit_test(all_mistakes),
	        cmocka_unit_test(too_much),
	        cmocka_unit_test(network),
	        cmocka_unit_test(opaque),
	        cmocka_unit_test(layers),
	        cmocka_unit_test(never_wider),
	        cmocka_unit_test(files),
	        cmocka_unit_test(files_never_wider),
	        cmocka_unit_test(exec),
	        cmocka_unit_test(tools),
	        cmocka_unit_test(credentials),
	        cmocka_unit_test(values),
	        cmocka_unit_test(wishes),
	        cmocka_unit_test(digest),
	        cmocka_unit_test(command_line),
	        cmocka_unit_test(learn),
	        cmocka_unit_test(difference),
	        cmocka_unit_test(origins),
	        cmocka_unit_test(scans),
	        cmocka_unit_test(imports),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
