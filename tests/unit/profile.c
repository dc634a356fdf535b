#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/buf.h"
#include "identify/profile.h"
#include "vet/factor.h"

#define HEAD "name: t\ntitle: T\nprompt: p\nargv: [x]\n"

static void good(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena a = ARENA(1 << 20);
	struct profile p;
	struct err err = {0};
	static const char text[] = "name: some-tool\n"
	                           "title: Some Tool\n"
	                           "publisher: Some Vendor\n"
	                           "packages: ['@some/tool', other]\n"
	                           "commands: [some]\n"
	                           "dialect: openai-chat\n"
	                           "model_hosts: [api.some.example, '*.some.example']\n"
	                           "prompt: Do {not} expand this\n"
	                           "argv: [-p, '{prompt}', '']\n"
	                           "argv_gateway: [--url, '{base_url}']\n"
	                           "env: {A: '{key}', B: ''}\n"
	                           "env_gateway: {URL: 'x{host}y'}\n"
	                           "files:\n"
	                           "  - path: '{home}/.some.json'\n"
	                           "    data: |\n"
	                           "      {\"projects\":{\"{project}\":{}}}\n"
	                           "base_url: http://{host}:8080/v1\n"
	                           "seconds: 12\n"
	                           "terminal: true\n"
	                           "declares:\n"
	                           "  - {host: '{gateway}', purpose: model, source: manual}\n"
	                           "fields:\n"
	                           "  - {factor: git_remote, host: '*', source: manual}\n"
	                           "opt_outs:\n"
	                           "  - {name: telemetry, env: {NO_TELEMETRY: 1}}\n"
	                           "  - name: updates\n"
	                           "    argv: [-c, 'update=false']\n"
	                           "    files: [{path: '{home}/.some.json', data: '{}'}]\n"
	                           "    ends: [updates, '*.some.example']\n"
	                           "argv_guarded: [-p, '{prompt}']\n"
	                           "sandboxes: true\n"
	                           "files_used: [{path: '{home}/.some.json', data: '{\"seen\":1}'}]\n"
	                           "own: ['{home}/.some.json', '{home}/.cache/some']\n"
	                           "min_model_requests: 2\n";
	assert_int_equal(profile_parse(slice_str(text), "t.yaml", &a, &p, &err), 0);
	assert_string_equal(p.name, "some-tool");
	assert_string_equal(p.publisher, "Some Vendor");
	assert_string_equal(p.packages[1], "other");
	assert_null(p.packages[2]);
	assert_string_equal(p.model_hosts[1], "*.some.example");
	assert_string_equal(p.argv[2], "");
	assert_null(p.argv[3]);
	assert_string_equal(p.argv_gateway[1], "{base_url}");
	assert_string_equal(p.env[0], "A={key}");
	assert_string_equal(p.env[1], "B=");
	assert_null(p.env[2]);
	assert_null(p.env_official[0]);
	assert_string_equal(p.env_gateway[0], "URL=x{host}y");
	assert_int_equal(p.n_files, 1);
	assert_string_equal(p.files[0].data, "{\"projects\":{\"{project}\":{}}}\n");
	assert_int_equal(p.n_files_gateway, 0);
	assert_string_equal(p.base_url, "http://{host}:8080/v1");
	assert_int_equal(p.seconds, 12);
	assert_true(p.terminal);
	assert_null(p.needs_account);
	assert_string_equal(p.declares[0].host, "{gateway}");
	assert_string_equal(p.fields[0].factor, "git_remote");
	assert_string_equal(p.opt_outs[0].env, "NO_TELEMETRY=1");
	assert_null(p.opt_outs[0].ends);
	assert_string_equal(p.opt_outs[1].argv[1], "update=false");
	assert_string_equal(p.opt_outs[1].files[0].data, "{}");
	assert_string_equal(p.opt_outs[1].ends[1], "*.some.example");
	assert_null(p.opt_outs[1].env);
	assert_null(p.argv_first[0]);
	assert_string_equal(p.argv_guarded[1], "{prompt}");
	assert_int_equal(p.n_files_used, 1);
	assert_true(p.sandboxes);
	assert_string_equal(p.own[1], "{home}/.cache/some");
	assert_int_equal(p.min_model_requests, 2);
}

/* What is not given has the values that the header says. */
static void defaults(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena a = ARENA(1 << 20);
	struct profile p;
	assert_int_equal(profile_parse(SLICE(HEAD "dialect:\nbase_url: ~\nneeds_account: null\n"), "t.yaml", &a, &p, NULL), 0);
	assert_null(p.dialect);
	assert_null(p.base_url);
	assert_null(p.needs_account);
	assert_null(p.packages[0]);
	assert_null(p.model_hosts[0]);
	assert_null(p.argv_gateway[0]);
	assert_string_equal(p.publisher, "");
	assert_int_equal(p.min_model_requests, 1);
}

static const struct {
	const char *yaml, *message;
} mistakes[] = {
        {"", "t.yaml:1:1: the document is empty"},
        {"just words", "t.yaml:1:1: a profile should be a mapping (key: value), but is a single value"},
        {"- a\n", "t.yaml:1:1: a profile should be a mapping (key: value), but is a list"},
        {HEAD "promt: x\n", "t.yaml:5:1: unknown key \"promt\"; did you mean \"prompt\"?"},
        {HEAD "colour: x\n", "t.yaml:5:1: unknown key \"colour\" in a profile; postern-profile(5) lists the keys"},
        {"title: T\nprompt: p\nargv: [x]\n", "t.yaml:1:1: a profile lacks the key \"name\""},
        {"name: t\ntitle: T\nprompt: p\n", "t.yaml:1:1: a profile lacks the key \"argv\""},
        {HEAD "argv: [y]\n", "t.yaml:5:1: "},
        {"name: T t\n", "t.yaml:1:7: \"name\" should be a short word of a-z, 0-9 and -, but is \"T t\""},
        {HEAD "packages: x\n", "t.yaml:5:11: \"packages\" should be a list, but is a single value"},
        {HEAD "packages: {a: b}\n", "t.yaml:5:11: \"packages\" should be a list, but is a mapping"},
        {HEAD "packages: [a, [b]]\n", "t.yaml:5:15: \"packages\" should be a text, but is a list"},
        {HEAD "publisher:\n", "t.yaml:5:1: \"publisher\" should be a text, but is nothing"},
        {HEAD "publisher: \"a\\0b\"\n", "t.yaml:5:12: \"publisher\" contains a NUL character, which no argument, variable or path can"},
        {HEAD "dialect: openai\n",
                "t.yaml:5:10: no such dialect: \"openai\"; there are anthropic, openai-chat, openai-responses and gemini"},
        {HEAD "model_hosts: [API.example.com]\n", "t.yaml:5:15: \"model_hosts\" should be a host name in lower case, \"*.name\", \"*\" or "
                                                  "\"{gateway}\", but is \"API.example.com\""},
        {"name: t\ntitle: T\nprompt: p\nargv:\n  - ok\n  - '{promt}'\n",
                "t.yaml:6:5: \"argv\" uses {promt}, which is no placeholder; there are {prompt} {base_url} {host} {home} {project} {key} "
                "{user} "
                "{package}"},
        {"name: t\ntitle: T\nprompt: p\nargv: ['{base_url}']\n",
                "t.yaml:4:8: {base_url} and {host} have no value here; they belong into env_gateway, argv_gateway or files_gateway"},
        {HEAD "env: [A=b]\n", "t.yaml:5:6: \"env\" should be a mapping of variable names to values, but is a list"},
        {HEAD "env: {A-B: c}\n", "t.yaml:5:7: \"A-B\" is no name of a variable: letters, digits and _ only"},
        {HEAD "env: {A: [c], B: }\n", "t.yaml:5:10: \"A\" should be a text, but is a list"},
        {HEAD "env: {C: c, B: }\n", "t.yaml:5:13: \"B\" should be a text, but is nothing"},
        {HEAD "env: {A: [c]}\n", "t.yaml:5:10: \"A\" should be a text, but is a list"},
        {HEAD "files:\n  - path: etc/x\n    data: y\n",
                "t.yaml:6:11: \"path\" should begin with {home}/, {project}/ or /, but is \"etc/x\""},
        {HEAD "files:\n  - path: /a/../b\n    data: y\n", "t.yaml:6:11: \"path\" may not have \"..\" in it"},
        {HEAD "files:\n  - path: /a\n", "t.yaml:6:5: a file lacks the key \"data\""},
        {HEAD "files: [x]\n", "t.yaml:5:9: a file should be a mapping (key: value), but is a single value"},
        {HEAD "base_url: api.example.com\n",
                "t.yaml:5:11: \"base_url\" should begin with http://{host} or https://{host}, but is \"api.example.com\""},
        {HEAD "seconds: soon\n", "t.yaml:5:10: \"seconds\" should be a whole number from 0 to 600, but is \"soon\""},
        {HEAD "seconds: 601\n", "t.yaml:5:10: \"seconds\" should be a whole number from 0 to 600, but is \"601\""},
        {HEAD "terminal: yes\n", "t.yaml:5:11: \"terminal\" should be true or false, but is \"yes\""},
        {HEAD "declares: [{host: a.example, purpose: x}]\n", "t.yaml:5:12: a declaration lacks the key \"source\""},
        {HEAD "fields: [{factor: Time Zone, host: '*', source: x}]\n",
                "t.yaml:5:19: \"factor\" should be a name such as timezone or git_remote, but is \"Time Zone\""},
        {HEAD "opt_outs: [{name: x, ends: [Telemetry]}]\n",
                "t.yaml:5:29: \"ends\" should be a host name in lower case, \"*.name\", \"*\" or \"{gateway}\", but is \"Telemetry\""},
        {HEAD "own: ['~/.x']\n", "t.yaml:5:7: \"path\" should begin with {home}/, {project}/ or /, but is \"~/.x\""},
        {HEAD "opt_outs: [{name: x, env: {A: 1, B: 2}}]\n", "t.yaml:5:27: \"env\" has more than 1 variables"},
        {HEAD "title: &a T\npublisher: *a\n", "t.yaml:5:1: "},
        {HEAD "publisher: &a T\nenv: {X: *a}\n", "t.yaml:6:10: aliases (*name) are not taken here; write the value out"},
        {HEAD "env: {A: b\n", "t.yaml:"},
        {HEAD "\tenv: x\n", "t.yaml:5:"},
        {"name: \"x\n", "t.yaml:"},
};

static void every_mistake_is_placed(void **state)
{
	(void)state;
	unsigned bad = 0;
	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
		_cleanup_arena_ struct arena a = ARENA(1 << 20);
		struct profile p = {.seconds = 77};
		struct err err = {0};
		int r = profile_parse(slice_str(mistakes[i].yaml), "t.yaml", &a, &p, &err);
		size_t n = strlen(mistakes[i].message);
		bool prefix_only = mistakes[i].message[n - 1] == ' ' || mistakes[i].message[n - 1] == ':';
		if (r != -EINVAL || strncmp(err.text, mistakes[i].message, prefix_only ? n : sizeof(err.text)) != 0)
			bad += printf("case %zu: got %d \"%s\", want \"%s\"\n", i, r, err.text, mistakes[i].message) > 0;
		assert_int_equal(p.seconds, 77);
	}
	assert_int_equal(bad, 0);
}

/* Texts that are made to cost: deep nesting, anchors within anchors, size. */
static void bombs(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena a = ARENA(1 << 20);
	_cleanup_buf_ struct buf b = BUF(1 << 20);
	struct profile p;
	struct err err = {0};
	buf_str_add(&b, HEAD "packages: ");
	for (int i = 0; i < 100000; i++)
		buf_u8(&b, '[');
	assert_int_equal(profile_parse(buf_slice(&b), "t.yaml", &a, &p, &err), -EINVAL);
	buf_reset(&b);
	buf_str_add(&b, "a: &a [x,x,x,x,x,x,x,x,x]\n");
	for (char c = 'b'; c < 'z'; c++)
		buf_fmt(&b, "%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1,
		        c - 1);
	assert_int_equal(profile_parse(buf_slice(&b), "t.yaml", &a, &p, &err), -EINVAL);
	buf_reset(&b);
	for (int i = 0; i < 70000; i++)
		buf_str_add(&b, "#...");
	assert_int_equal(profile_parse(buf_slice(&b), "t.yaml", &a, &p, &err), -EINVAL);
	assert_string_equal(err.text, "t.yaml:1:1: larger than 256 KiB; a profile is a few");
	_cleanup_arena_ struct arena small = ARENA(64);
	assert_int_equal(profile_parse(SLICE(HEAD), "t.yaml", &small, &p, &err), -ENOMEM);
}

static void expand(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena a = ARENA(1 << 20);
	struct profile_vars v = {.prompt = "say {key}", .key = "k", .home = "/home/x", .host = "h"};
	assert_string_equal(profile_expand("{prompt}|{home}{key}|{base_url}|", &v, &a), "say {key}|/home/xk||");
	assert_string_equal(profile_expand("{\"a\":{\"{key}\":{}},{{host}}", &v, &a), "{\"a\":{\"k\":{}},{h}");
	assert_string_equal(profile_expand("{nothing} {key", &v, &a), "{nothing} {key");
	assert_string_equal(profile_expand("", &v, &a), "");
	assert_true(slice_is(profile_unknown_placeholder("{} {key} {nope}"), "{nope}"));
	assert_int_equal(profile_unknown_placeholder("{key} {A} {").n, 0);
}

static void write_file(const char *path, const char *text)
{
	_cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void load_reads_files(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena a = ARENA(1 << 20);
	struct profile p;
	struct err err = {0};
	char path[] = "/tmp/postern-profile-XXXXXX";
	_cleanup_fd_ int fd = mkstemp(path);
	assert_true(fd >= 0);
	write_file(path, HEAD);
	assert_int_equal(profile_load(path, &a, &p, &err), 0);
	assert_string_equal(p.name, "t");
	write_file(path, "name: [\n");
	assert_int_equal(profile_load(path, &a, &p, &err), -EINVAL);
	assert_memory_equal(err.text, path, strlen(path));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(profile_load(path, &a, &p, &err), -ENOENT);
	assert_int_equal(profile_load("/tmp", &a, &p, &err), -EINVAL);
	assert_int_equal(profile_load("/dev/zero", &a, &p, &err), -EINVAL);
}

/* The folder in POSTERN_SHARE is asked first, the source tree after it; the generic profile is the last resort. */
static void search_order(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena a = ARENA(1 << 22);
	struct profile p;
	bool generic = true;
	struct err err = {0};
	assert_int_equal(unsetenv("POSTERN_SHARE"), 0);
	assert_int_equal(profile_for_package("no-such-package", &a, &p, &generic, &err), 0);
	assert_true(generic);
	assert_string_equal(p.name, "generic");
	char root[] = "/tmp/postern-share-XXXXXX";
	assert_non_null(mkdtemp(root));
	const char *folder = arena_fmt(&a, "%s/profiles", root), *own = arena_fmt(&a, "%s/own.yaml", folder);
	assert_int_equal(mkdir(folder, 0700), 0);
	write_file(own, HEAD "packages: [own-package]\n");
	assert_int_equal(setenv("POSTERN_SHARE", root, 1), 0);
	assert_int_equal(profile_for_package("own-package", &a, &p, &generic, &err), 0);
	assert_false(generic);
	assert_string_equal(p.name, "t");
	assert_int_equal(profile_for_package("no-such-package", &a, &p, &generic, &err), 0);
	assert_true(generic);
	write_file(own, "name: t\nnone: x\n");
	assert_int_equal(profile_for_package("own-package", &a, &p, &generic, &err), -EINVAL);
	assert_non_null(strstr(err.text, "own.yaml:2:1: unknown key"));
	assert_int_equal(unlink(own), 0);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(rmdir(root), 0);
	assert_int_equal(unsetenv("POSTERN_SHARE"), 0);
}

/* Every profile that is shipped parses, is found by its packages, and names factors that exist. */
static void shipped(void **state)
{
	(void)state;
	static const char *const packages[] = {"@anthropic-ai/claude-code", "@openai/codex", "@qwen-code/qwen-code", "@google/gemini-cli",
	        "opencode-ai", "@github/copilot", "unknown"};
	static const char *const names[] = {"claude-code", "codex", "qwen-code", "gemini-cli", "opencode", "copilot-cli", "generic"};
	assert_int_equal(unsetenv("POSTERN_SHARE"), 0);
	for (size_t i = 0; i < ARRAY_LEN(packages); i++) {
		_cleanup_arena_ struct arena a = ARENA(1 << 22);
		struct profile p;
		struct err err = {0};
		bool generic;
		if (profile_for_package(packages[i], &a, &p, &generic, &err) < 0)
			fail_msg("%s", err.text);
		assert_string_equal(p.name, names[i]);
		assert_int_equal(generic, i + 1 == ARRAY_LEN(packages));
		for (size_t f = 0; f < p.n_fields; f++)
			if (factor_find(p.fields[f].factor) == factor_count)
				fail_msg("%s: no factor is called %s", p.name, p.fields[f].factor);
		assert_true(p.base_url && (p.env_gateway[0] || p.argv_gateway[0] || p.n_files_gateway));
		assert_true(p.needs_account || p.model_hosts[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(good),
	        cmocka_unit_test(defaults),
	        cmocka_unit_test(every_mistake_is_placed),
	        cmocka_unit_test(bombs),
	        cmocka_unit_test(expand),
	        cmocka_unit_test(load_reads_files),
	        cmocka_unit_test(search_order),
	        cmocka_unit_test(shipped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
