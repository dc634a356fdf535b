/* What the inventory is made of: the catalogue and its places, what of a command line may be shown, sockets, settings in every format, the
 * beginnings of models. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "identify/inventory_part.h"
#include "parse/weights.h"
#include "report/inventory.h"

/* ---- the catalogue */

static void catalogue_is_good(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena a = ARENA((size_t)16 << 20);
	struct catalogue c;
	struct err err = {0};
	struct places p = {.n = 0};
	if (catalogue_open("share/catalogue/tools.yaml", &a, &c, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(places_compile(&p, &c, &a), 0);
	/* Every tool of the field can be found by something. */
	static const char *const tools[] = {"claude-code", "codex", "gemini-cli", "qwen-code", "opencode", "copilot-cli", "copilot-editor",
	        "cursor", "windsurf", "cline", "roo-code", "kilocode", "continue", "aider", "goose", "amp", "auggie", "crush", "qodercli",
	        "iflow-cli", "codebuddy-code", "trae", "zed", "tabnine", "kiro", "amazon-q", "openclaw", "ollama", "lm-studio", "droid",
	        "devin", "pi", "junie", "grok-cli", "kimi", "vibe", "hermes", "openhands", "rovo-dev", "lingma", "llama-cpp", "vllm",
	        "gpt4all", "jan", "localai", "text-generation-webui", "koboldcpp", "llamafile"};
	for (size_t i = 0; i < ARRAY_LEN(tools); i++)
		if (!catalogue_tool(&c, slice_str(tools[i])))
			fail_msg("the catalogue has no %s", tools[i]);
	for (size_t i = 0; i < c.n_tools; i++) {
		const struct catalogue_tool *t = &c.tools[i];
		bool findable = t->packages[0] || t->commands[0] || t->folders[0] || t->n_files;
		bool reads = false;
		if (!findable || !t->title[0] || (!t->publisher[0] && t->kind != CATALOGUE_SHARED))
			fail_msg("%s cannot be found", t->id);
		for (size_t k = 0; k < t->n_files; k++) {
			const struct catalogue_file *f = &t->files[k];
			reads = reads || f->format != CATALOGUE_TEXT;
			if (f->managed && f->at[0] != '/')
				fail_msg("%s: managed settings of a person: %s", t->id, f->at);
			if (f->format == CATALOGUE_TEXT && !f->keys[0])
				fail_msg("%s: %s is read for nothing", t->id, f->at);
		}
		if (t->n_risks && !reads)
			fail_msg("%s has risks in no file", t->id);
	}
	/* Profiles and prints have the same ids. */
	for (size_t k = 0; k < 2; k++) {
		DIR *d = opendir(k ? "share/prints" : "share/profiles");
		assert_non_null(d);
		for (struct dirent *e; (e = readdir(d));) {
			struct slice id = slice_str(e->d_name);
			if (!slice_ends(id, SLICE(".yaml")) || slice_is(id, "generic.yaml"))
				continue;
			if (!catalogue_tool(&c, slice_sub(id, 0, id.n - 5)))
				fail_msg("%s is not in the catalogue", e->d_name);
		}
		closedir(d);
	}
	assert_ptr_equal(catalogue_package(&c, SLICE("npm:@anthropic-ai/claude-code-linux-x64")), catalogue_tool(&c, SLICE("claude-code")));
	assert_null(catalogue_package(&c, SLICE("npm:@anthropic-ai/claude-code-")));
	assert_true(catalogue_host(catalogue_tool(&c, SLICE("cursor")), SLICE("api2.cursor.sh")));
	assert_false(catalogue_host(catalogue_tool(&c, SLICE("cursor")), SLICE("cursor.sh.example")));
	assert_string_equal(catalogue_port(&c, 11434)->id, "ollama");
}

static void catalogue_mistakes(void **state)
{
	(void)state;
#define TOOL "tools:\n  - id: a\n    title: A\n    publisher: P\n    kind: agent\n"
	static const struct {
		const char *text, *says;
	} rows[] = {
	        {"", "t:1:1: "},
	        {"tools: x\n", "t:1:8: \"tools\" should be a list"},
	        {"tool: []\n", "t:1:7: unknown key \"tool\"; did you mean \"tools\"?"},
	        {"variables: []\n", "lacks the key \"tools\""},
	        {"tools:\n  - {id: a, title: A, publisher: P}\n", "t:2:5: a tool lacks the key \"kind\""},
	        {TOOL "    packages: [codex]\n", "t:6:16: \"packages\" should be as in npm:NAME"},
	        {TOOL "    hosts: [Example.org]\n", "should be a host name in lower case"},
	        {TOOL "    ports: [0]\n", "numbers of ports"},
	        {TOOL "    folders: [a/../b]\n", "should be a path"},
	        {TOOL "    folders: ['a*/b']\n", "may have * as a part of its own"},
	        {TOOL "    files: [{at: x, as: xml}]\n", "there is no as \"xml\""},
	        {TOOL "    files: [{at: x, as: json, managed: maybe}]\n", "should be true or false"},
	        {TOOL "    risks: [{at: x, risk: bad}]\n", "there is no risk \"bad\""},
	        {TOOL "  - id: a\n    title: A\n    publisher: P\n    kind: agent\n", "t:6:5: the id \"a\" is there twice"},
	        {TOOL "    title: B\n", "this key is there twice"},
	        {"a: &x 1\n", "anchors"},
	        {"%YAML 1.2\n", "directives"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_arena_ struct arena a = ARENA((size_t)1 << 20);
		struct catalogue c;
		struct err err = {0};
		assert_int_equal(catalogue_parse(slice_str(rows[i].text), "t", &a, &c, &err), -22);
		if (!strstr(err.text, rows[i].says))
			fail_msg("\"%s\" says \"%s\", not \"%s\"", rows[i].text, err.text, rows[i].says);
	}
}

static void risks_have_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < RISKS; i++) {
		assert_non_null(catalogue_risks[i].name);
		assert_true(catalogue_risks[i].text && catalogue_risks[i].text[0]);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(catalogue_risks[i].name, catalogue_risks[k].name);
	}
}

/* ---- places */

static struct node *below(struct node *parent, struct node *n, const char *name)
{
	*n = (struct node){.parent = parent, .home = parent ? parent->home : NULL, .system = parent ? parent->system : NULL};
	memcpy(n->name, name, strlen(name) + 1);
	return n;
}

static void places(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena a = ARENA((size_t)16 << 20);
	struct catalogue c;
	struct places p = {.n = 0};
	/* A node ends with its name. */
	static uint64_t room[6][40];
	struct node *top = (struct node *)room[0], *home = (struct node *)room[1], *anna = (struct node *)room[2],
	            *claude = (struct node *)room[3], *etc = (struct node *)room[4], *code = (struct node *)room[5];
	assert_int_equal(catalogue_open("share/catalogue/tools.yaml", &a, &c, NULL), 0);
	assert_int_equal(places_compile(&p, &c, &a), 0);
	(void)below(NULL, top, "");
	top->flags = NODE_SYSTEM;
	(void)below(top, home, "home");
	(void)below(home, anna, "anna");
	anna->flags = NODE_HOME;
	(void)below(anna, claude, ".claude");
	(void)below(top, etc, "etc");
	(void)below(etc, code, "claude-code");
	int i = places_match(&p, claude, SLICE("settings.json"), false, -1);
	assert_true(i >= 0);
	assert_string_equal(p.list[i].tool->id, "claude-code");
	assert_ptr_equal(places_base(&p.list[i], claude), anna);
	assert_true(places_match(&p, code, SLICE("managed-settings.json"), false, -1) >= 0);
	/* Not below a root of a system. */
	etc->parent = anna;
	assert_int_equal(places_match(&p, code, SLICE("managed-settings.json"), false, -1), -1);
	/* A name alone counts in a home only. */
	assert_true(places_match(&p, anna, SLICE(".bashrc"), false, -1) >= 0);
	assert_int_equal(places_match(&p, home, SLICE(".bashrc"), false, -1), -1);
	assert_true(places_match(&p, anna, SLICE(".claude"), true, -1) >= 0);
	assert_int_equal(places_match(&p, anna, SLICE(".claude"), false, -1), -1);
	assert_int_equal(places_match(&p, anna, SLICE(""), false, -1), -1);
}

/* ---- what may be shown */

static void shown(void **state)
{
	(void)state;
	static const struct {
		const char *in, *after, *out;
	} arguments[] = {
	        {"-y", "", "-y"},
	        {"@modelcontextprotocol/server-filesystem@1.2.3", "-y", "@modelcontextprotocol/server-filesystem@1.2.3"},
	        {"/home/anna/my-projects/server/index.js", "", "/home/anna/my-projects/server/index.js"},
	        {"--api-key=abc", "", "--api-key=[hidden]"},
	        {"abc", "--api-key", "[hidden]"},
	        {"abc", "-H", "[hidden]"},
	        {"--verbose", "--token", "--verbose"},
	        {"--port=8080", "", "--port=8080"},
	        {"TOKEN=abc", "-e", "TOKEN=[hidden]"},
	        {"HOME=/x", "-e", "HOME=[hidden]"},
	        {"sk-ant-api03-abcdefgh", "", "[hidden]"},
	        {"ghp_abcdefghijkl", "", "[hidden]"},
	        {"9f86d081884c7d659a2feaa0c55ad015", "", "[hidden]"},
	        {"Authorization: Bearer x", "", "Authorization: [hidden]"},
	        {"https://user:pass@host.example:8443/mcp?key=v#x", "", "https://host.example:8443/mcp?[hidden]"},
	        {"https://host.example/hooks/T024BE7LD/B024BE7MH/aB3dE5gH7jK9mN1pQ3sT5vX7", "",
	                "https://host.example/hooks/T024BE7LD/B024BE7MH/[hidden]"},
	        {"--url=https://u:p@h.example/x", "", "--url=https://h.example/x"},
	        {"https://[::1]:80/x", "", "https://[::1]:80/x"},
	        {"https://", "", "[hidden]"},
	        {"https://h.example/x", "--auth-url", "[hidden]"},
	        {"{\"apiKey\":\"hunter2\"}", "--config", "[hidden]"},
	        {"hunter2", "api-key", "[hidden]"},
	        {"hunter2", "--github-pat", "[hidden]"},
	        {"/data", "server-auth", "/data"},
	        {"x*", "--pattern", "x*"},
	        {"postgresql://u:hunter2@db/x?password=hunter2", "", "postgresql://db/x?[hidden]"},
	        {"redis://:hunter2@db", "", "redis://db"},
	};
	for (size_t i = 0; i < ARRAY_LEN(arguments); i++) {
		_cleanup_buf_ struct buf b = BUF(4096);
		shown_argument(&b, slice_str(arguments[i].in), slice_str(arguments[i].after));
		assert_string_equal(buf_str(&b), arguments[i].out);
	}
	static const char *const lines[][2] = {
	        {"node ./hook.js --verbose", "node ./hook.js --verbose"},
	        {"curl -H \"Authorization: Bearer abc\" https://x.example", NULL},
	        {"KEY=abc run", "KEY=[hidden] run"},
	        {"run --token abc; next", "run --token [hidden]; next"},
	        {"echo 'X-Api-Key: abc' | x", NULL},
	        {"echo '{\"token\": \"abc\"}'", NULL},
	        {"login --password abc && x", NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		_cleanup_buf_ struct buf b = BUF(4096);
		shown_line(&b, slice_str(lines[i][0]));
		if (lines[i][1])
			assert_string_equal(buf_str(&b), lines[i][1]);
		else
			assert_null(strstr(buf_str(&b), "abc"));
	}
	assert_string_equal(shown_key_kind(SLICE("sk-ant-oat01-xxxxxxxx")), "Anthropic OAuth token");
	assert_null(shown_key_kind(SLICE("sk-ant-")));
}

static void command_risks(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		unsigned long risks;
	} rows[] = {
	        {"npx -y thing", 1ul << RISK_UNPINNED},
	        {"npx -y thing@latest", 1ul << RISK_UNPINNED},
	        {"npx -y thing@^1.2.3", 1ul << RISK_UNPINNED},
	        {"npx -y thing@1", 1ul << RISK_UNPINNED},
	        {"npx -y thing@1.2.3", 0},
	        {"/usr/bin/npx @scope/thing", 1ul << RISK_UNPINNED},
	        {"npx @scope/thing@1.2.3-beta.1", 0},
	        {"npx -p other@1.0.0 thing", 0},
	        {"uvx --from git+x thing", 1ul << RISK_UNPINNED},
	        {"uvx thing==1.0.0", 0},
	        {"npx ./local", 0},
	        {"docker run -i --rm -e A img", 1ul << RISK_UNPINNED},
	        {"docker run img:1.2", 0},
	        {"docker run img:latest", 1ul << RISK_UNPINNED},
	        {"docker run reg.example:5000/img@sha256:00", 0},
	        {"pnpm dlx thing", 1ul << RISK_UNPINNED},
	        {"pnpm install thing", 0},
	        {"python3 /tmp/x.py", 1ul << RISK_FROM_TEMPORARY},
	        {"node /opt/x.js", 0},
	        {"", 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice argv[16], rest = slice_str(rows[i].line), what;
		size_t n = 0;
		while (n < 16 && slice_split(&rest, ' ', &argv[n]))
			n += argv[n].n > 0;
		if (shown_command_risks(argv, n, &what) != rows[i].risks)
			fail_msg("%s", rows[i].line);
	}
}

/* ---- formats */

static void formats(void **state)
{
	(void)state;
	static const struct {
		enum conf_format format;
		const char *text;
	} same[] = {
	        {CONF_JSON, "{\"a\": {\"b.c\": [\"x\", 1, true, {\"d\": \"y\"}]}, // c\n \"e\": null,}"},
	        {CONF_TOML, "# c\n[a]\n\"b.c\" = ['x', 1,\n true, {d = \"y\"}] # c\n"},
	        {CONF_YAML, "a:\n  b.c:\n    - x\n    - 1\n    - true\n    - d: y\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		_cleanup_arena_ struct arena a = ARENA((size_t)1 << 20);
		struct conf *root;
		struct conf_error e = {0};
		if (conf_read(same[i].format, slice_str(same[i].text), 1000, &a, &root, &e) != 0)
			fail_msg("%s: %u:%u: %s", conf_format_names[same[i].format], e.line, e.column, e.reason);
		const struct conf *list = conf_at(root, "a/b.c"), *y = conf_at(root, "a/*/*/d");
		assert_int_equal(list->n, 4);
		assert_true(slice_is(list->child->text, "x"));
		assert_int_equal(list->child->next->type, CONF_NUMBER);
		assert_int_equal(list->child->next->next->type, CONF_BOOL);
		assert_true(conf_is_text(y) && slice_is(y->text, "y"));
		assert_null(conf_at(root, "a/none/x"));
		assert_ptr_equal(conf_at(root, ""), root);
	}
	_cleanup_arena_ struct arena a = ARENA((size_t)1 << 20);
	struct conf *root;
	static const char toml[] = "a.b = 1\n[[s]]\nn = \"1\"\n[s.env]\nK = \"v\"\n[[s]]\nn = '''2'''\n[t.u]\nd = 2027-01-01\n";
	assert_int_equal(conf_read(CONF_TOML, slice_str(toml), 1000, &a, &root, NULL), 0);
	assert_true(slice_is(conf_at(root, "a/b")->text, "1"));
	assert_int_equal(conf_at(root, "s")->n, 2);
	assert_true(slice_is(conf_at(root, "s/*/env/K")->text, "v"));
	assert_true(slice_is(conf_at(root, "t/u/d")->text, "2027-01-01"));
	static const char env[] = "# A=1\nexport B=\"two words\"\nC='x' # y\nalias D=1\nset -gx E val\nF=z;x\n=1\n1G=2\n";
	assert_int_equal(conf_read(CONF_ENV, slice_str(env), 1000, &a, &root, NULL), 0);
	assert_int_equal(root->n, 4);
	assert_true(slice_is(conf_get(root, SLICE("B"))->text, "two words"));
	assert_true(slice_is(conf_get(root, SLICE("C"))->text, "x"));
	assert_true(slice_is(conf_get(root, SLICE("E"))->text, "val"));
	assert_true(slice_is(conf_get(root, SLICE("F"))->text, "z"));
}

static void bad_formats(void **state)
{
	(void)state;
	static const struct {
		enum conf_format format;
		const char *text;
		unsigned line;
	} rows[] = {
	        {CONF_JSON, "", 1},
	        {CONF_JSON, "{\n\"a\": }", 2},
	        {CONF_TOML, "a = 1\na = 2\n", 2},
	        {CONF_TOML, "a = 1\n[a]\n", 2},
	        {CONF_TOML, "a = \"x\n", 1},
	        {CONF_TOML, "[a\n", 1},
	        {CONF_TOML, "a = [1, 2\n", 2},
	        {CONF_TOML, "a = 1 b = 2\n", 1},
	        {CONF_YAML, "a: *b\n", 1},
	        {CONF_YAML, "a: !x 1\n", 1},
	        {CONF_YAML, "a: 1\na: 2\n", 2},
	        {CONF_YAML, "a: \x01\n", 1},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_arena_ struct arena a = ARENA((size_t)1 << 20);
		struct conf *root;
		struct conf_error e = {0};
		assert_int_equal(conf_read(rows[i].format, slice_str(rows[i].text), 1000, &a, &root, &e), -74);
		if (e.line != rows[i].line || !e.column || !e.reason)
			fail_msg("%s: line %u", rows[i].text, e.line);
	}
	/* Limits: values, depth, memory. */
	_cleanup_buf_ struct buf deep = BUF(1 << 20);
	for (int i = 0; i < 1000; i++)
		buf_u8(&deep, '[');
	for (int f = CONF_JSON; f <= CONF_YAML; f++) {
		_cleanup_arena_ struct arena a = ARENA((size_t)1 << 20), tiny = ARENA(64);
		struct conf *root;
		_cleanup_buf_ struct buf text = BUF(1 << 20);
		if (f == CONF_TOML)
			buf_str_add(&text, "a = ");
		buf_add(&text, buf_slice(&deep));
		assert_int_equal(conf_read((enum conf_format)f, buf_slice(&text), 100000, &a, &root, NULL), -74);
		const char *list = f == CONF_TOML ? "a = [1,2,3,4,5]" : "[1,2,3,4,5]";
		assert_int_equal(conf_read((enum conf_format)f, slice_str(list), 3, &a, &root, NULL), -74);
		int r = conf_read((enum conf_format)f, slice_str(list), 100, &tiny, &root, NULL);
		assert_true(r == -12 || (f == CONF_JSON && r == -74));
	}
	/* Of TOML also how many keys a map has, wherever it is written. */
	static const char *const begins[] = {"", "a = {", "a = [{"};
	for (size_t i = 0; i < ARRAY_LEN(begins); i++)
		for (int n = 3990; n <= 4100; n += 110) {
			_cleanup_arena_ struct arena a = ARENA((size_t)4 << 20);
			_cleanup_buf_ struct buf text = BUF(1 << 20);
			struct conf *root;
			buf_str_add(&text, begins[i]);
			for (int k = 0; k < n; k++)
				buf_fmt(&text, i ? "k%d = 1, " : "k%d = 1\n", k);
			buf_str_add(&text, i == 2 ? "}]" : i ? "}" : "");
			assert_int_equal(conf_read(CONF_TOML, buf_slice(&text), 100000, &a, &root, NULL), n > 4000 ? -74 : 0);
		}
}

/* ---- models, sockets */

static void models(void **state)
{
	(void)state;
	struct weights w;
	static const char gguf[] = "GGUF\3\0\0\0\1\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0"
	                           "\1\0\0\0\0\0\0\0a\x9\0\0\0\x4\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" /* an array of two numbers */
	                           "\x14\0\0\0\0\0\0\0general.architecture\x8\0\0\0\5\0\0\0\0\0\0\0llama"
	                           "\xc\0\0\0\0\0\0\0general.name\x8\0\0\0\4\0\0\0\0\0\0\0Tiny";
	assert_true(weights_look(slice_of(gguf, sizeof(gguf) - 1), 1000, &w));
	assert_int_equal(w.version, 3);
	assert_true(slice_is(w.name, "Tiny") && slice_is(w.kind, "llama"));
	for (size_t n = 0; n < sizeof(gguf) - 1; n++)
		(void)!weights_look(slice_of(gguf, n), 1000, &w);
	assert_false(weights_look(SLICE("GGUF\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), 1000, &w));
	static const char tensors[] = "\x20\0\0\0\0\0\0\0{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}";
	assert_true(weights_look(slice_of(tensors, sizeof(tensors) - 1), 1000, &w));
	assert_string_equal(w.format, "safetensors");
	assert_false(weights_look(slice_of(tensors, sizeof(tensors) - 1), 20, &w));
	assert_true(weights_look(SLICE("tjgg\1\0\0\0"), 8, &w));
	assert_false(weights_look(SLICE("\177ELF"), 4, &w));
	assert_false(weights_look(SLICE(""), 0, &w));
}

static void sockets(void **state)
{
	(void)state;
	struct socket_row r;
	assert_true(sockets_line(
	        SLICE("   0: 0100007F:2CAA 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 x\n"), false,
	        &r));
	assert_string_equal(r.local, "127.0.0.1:11434");
	assert_true(r.listens && !r.any && r.inode == 12345 && r.local_port == 11434);
	assert_true(sockets_line(
	        SLICE("  1: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 7 1"), true, &r));
	assert_true(r.any);
	assert_string_equal(r.local, "[::]:8080");
	assert_true(sockets_line(
	        SLICE("  1: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF000008080808:01BB 01 0:0 0:0 0 0 0 7 1"), true, &r));
	assert_string_equal(r.remote, "8.8.8.8:443");
	assert_false(sockets_line(
	        SLICE("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"), false, &r));
	assert_false(sockets_line(SLICE("0: 0100007F 0:0 0A 0 0 0 0 0 1"), false, &r));
	assert_false(sockets_line(SLICE(""), true, &r));
}

/* ---- the walk */

/* Interrupted before it began: what waits is let go of (by the account of the sanitizers' build), and nothing is found. */
static void interrupted(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena a = ARENA((size_t)16 << 20);
	struct catalogue c;
	struct inventory inv;
	struct err err = {0};
	const sig_atomic_t stop = 1;
	const struct inventory_options o = {.root = {"/usr"}, .n_roots = 1, .system = "/usr", .catalogue = &c, .jobs = 3, .stop = &stop};
	assert_int_equal(catalogue_open("share/catalogue/tools.yaml", &a, &c, &err), 0);
	assert_int_equal(inventory_take(&o, &inv, &err), 0);
	assert_true(inv.stopped);
	assert_int_equal(inv.counts.folders, 1);
	inventory_free(&inv);
}

/* ---- what is printed */

#define FINDING(of_kind, called)                                                                                                          \
	{                                                                                                                                 \
		.kind = of_kind, .name = called, .tool = "", .title = "", .publisher = "", .tool_kind = "", .version = "", .package = "", \
		.path = "/x", .person = "", .owner = "", .container = ""                                                                  \
	}

/* Escaped and cut, the name of a tool is still a text, wherever the cut falls. */
static void events(void **state)
{
	(void)state;
	const struct inventory_about about = {.host = "h", .roots = "/", .time = 1, .serial = "x"};
	for (size_t bytes = 80; bytes < 120; bytes++) {
		char name[121] = "";
		for (size_t i = 0; i < bytes; i++)
			name[i] = 1;
		for (size_t i = bytes; i + 3 <= 120; i += 3)
			memcpy(name + i, "\xe2\x82\xac", 4);
		const struct inventory_finding f = FINDING(INVENTORY_PROGRAM, name);
		_cleanup_buf_ struct buf out = BUF(1 << 17);
		struct err err = {0};
		if (inventory_event(&out, &f, &about, &err) != 0)
			fail_msg("%zu: %s", bytes, err.text);
	}
}

/* The same server twice in one file: two references that differ. */
static void references(void **state)
{
	(void)state;
	const struct inventory_about about = {.host = "h", .roots = "/", .time = 1, .serial = "x"};
	struct inventory_finding f[] = {FINDING(INVENTORY_MCP_SERVER, "a"), FINDING(INVENTORY_MCP_SERVER, "a"),
	        FINDING(INVENTORY_MCP_SERVER, "b")},
	                         *list[] = {&f[0], &f[1], &f[2]};
	const struct inventory inv = {.finding = list, .n = 3};
	_cleanup_buf_ struct buf out = BUF(1 << 17);
	const char *ref[3], *at;
	inventory_cyclonedx(&out, &inv, &about);
	assert_non_null(at = strstr(buf_str(&out), "\"services\""));
	for (size_t i = 0; i < 3; i++)
		assert_non_null(at = ref[i] = strstr(at + 1, "\"bom-ref\": "));
	assert_true(strncmp(ref[0], ref[1], 40) == 0 && strncmp(ref[0], ref[2], 40) != 0);
	assert_true(strncmp(ref[0], ref[1], 48) != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(catalogue_is_good),
	        cmocka_unit_test(catalogue_mistakes),
	        cmocka_unit_test(risks_have_words),
	        cmocka_unit_test(places),
	        cmocka_unit_test(shown),
	        cmocka_unit_test(command_risks),
	        cmocka_unit_test(formats),
	        cmocka_unit_test(bad_formats),
	        cmocka_unit_test(models),
	        cmocka_unit_test(sockets),
	        cmocka_unit_test(interrupted),
	        cmocka_unit_test(events),
	        cmocka_unit_test(references),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
