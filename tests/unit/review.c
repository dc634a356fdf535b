/* What a change set says, and what is flagged in it: the table of rules, the readers of formats, trees that an overlay would leave. */
#include "review_tree.h"

#include <sys/resource.h>

#include "parse/gitconfig.h"
#include "parse/gitindex.h"
#include "parse/jsonc.h"
#include "review/diff.h"
#include "review/flag_part.h"
#include "sys/path.h"

/* ---- rules */

static void assert_sentence(const char *s)
{
	assert_true(s && *s);
	for (const char *p = s; *p; p++)
		assert_true(*p >= 0x20 && *p < 0x7f);
	assert_true(s[strlen(s) - 1] != '.');
}

/* A path that fits a pattern: each star is "q", each "**" is `deep`. */
static void example(char out[512], const char *pattern, const char *deep)
{
	size_t n = 0;
	while (*pattern) {
		if (strncmp(pattern, "**/", 3) == 0) {
			n += (size_t)snprintf(out + n, 512 - n, "%s", deep);
			pattern += 3;
		} else if (strncmp(pattern, "**", 2) == 0) {
			n += (size_t)snprintf(out + n, 512 - n, "%sq", deep);
			pattern += 2;
		} else {
			out[n++] = *pattern == '*' ? 'q' : *pattern;
			pattern++;
		}
	}
	out[n] = 0;
}

static void every_rule_is_found_by_its_pattern(void **state)
{
	(void)state;
	assert_true(flag_path_rule_count > 300);
	for (size_t i = 0; i < flag_path_rule_count; i++) {
		const struct flag_rule *r = &flag_path_rules[i], *found[16];
		static const char *const deep[] = {"", "some/", "some/More/"};
		assert_sentence(r->name);
		assert_sentence(r->why);
		assert_sentence(r->when);
		assert_true(strncmp(r->pattern, "**/", 3) == 0 || strcmp(r->pattern, "bin/**") == 0);
		for (size_t d = 0; d < ARRAY_LEN(deep); d++) {
			char path[512];
			bool there = false;
			example(path, r->pattern, deep[d]);
			size_t n = review_flag_path(path, found, ARRAY_LEN(found));
			for (size_t k = 0; k < n; k++)
				there |= strcmp(found[k]->name, r->name) == 0;
			if (!there)
				fail_msg("%s: \"%s\" is not found by \"%s\"", r->name, path, r->pattern);
			/* What it is and when it runs is told by the first of several lines that fit. */
		}
	}
	for (size_t i = 0; i < flag_file_rule_count; i++) {
		assert_sentence(flag_file_rules[i].name);
		assert_sentence(flag_file_rules[i].why);
		assert_sentence(flag_file_rules[i].when);
		assert_null(flag_file_rules[i].pattern);
	}
	for (int k = 0; k < FLAG_KINDS; k++)
		assert_sentence(flag_kind_word((enum flag_kind)k));
}

static void paths_that_are_flagged_and_their_twins(void **state)
{
	static const struct {
		const char *path, *rule; /* NULL: none */
	} table[] = {
	        {".git/hooks/pre-commit", "git-hook"},
	        {"sub/.git/hooks/post-checkout", "git-hook"},
	        {".git/modules/a/b/hooks/pre-push", "git-hook"},
	        {".git/config", "git-config"},
	        {".git/modules/lib/config", "git-config"},
	        {"sub/.git", "git-pointer"},
	        {".gitmodules", "git-submodule"},
	        {".gitattributes", "git-attributes"},
	        {".git/info/attributes", "git-attributes"},
	        {".bashrc", "shell-rc"},
	        {".envrc", "direnv"},
	        {".vscode/tasks.json", "vscode-tasks"},
	        {".vscode/extensions.json", "vscode"},
	        {".idea/workspace.xml", "jetbrains"},
	        {"CLAUDE.md", "agent-instructions"},
	        {"claude.md", "agent-instructions"},
	        {"docs/AGENTS.md", "agent-instructions"},
	        {".claude/settings.local.json", "agent-settings"},
	        {".claude/hooks/x.sh", "agent-settings"},
	        {".claude/skills/a/SKILL.md", "agent-instructions"},
	        {".mcp.json", "agent-settings"},
	        {".cursor/rules/x.mdc", "agent-settings"},
	        {".codex/config.toml", "agent-settings"},
	        {".github/workflows/ci.yml", "ci"},
	        {".gitlab-ci.yml", "ci"},
	        {"Jenkinsfile", "ci"},
	        {"Makefile", "build"},
	        {"GNUmakefile", "build"},
	        {"a/CMakeLists.txt", "build"},
	        {"build.rs", "build"},
	        {"setup.py", "build"},
	        {"tests/conftest.py", "python-test"},
	        {"package.json", "npm-manifest"},
	        {"app/App.csproj", "build"},
	        {"package-lock.json", "npm-lock"},
	        {"Cargo.lock", "rust-manifest"},
	        {".venv/bin/python", "python-venv"},
	        {"my env/bin/python3.11", "python-venv"},
	        {"lib/site-packages/x.pth", "python-start"},
	        {".config/systemd/user/x.service", "service"},
	        {".config/autostart/x.desktop", "autostart"},
	        {"etc/cron.d/x", "cron"},
	        {"src/main.c", NULL},
	        {"README.md", NULL},
	        {".git/objects/ab/cdef", NULL},
	        {".git/refs/heads/main", NULL},
	        {".git/index", NULL},
	        {".git/HEAD", NULL},
	        {"hooks/pre-commit", NULL},
	        {"config", NULL},
	        {"claude.mdx", NULL},
	        {"xpackage.json", NULL},
	        {"src/package.jsonx", NULL},
	        {"notgit/hooks", NULL},
	        {"", NULL},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const struct flag_rule *found[16];
		size_t n = review_flag_path(table[i].path, found, ARRAY_LEN(found));
		bool there = false;
		for (size_t k = 0; k < n; k++)
			there |= table[i].rule && strcmp(found[k]->name, table[i].rule) == 0;
		if (table[i].rule ? !there : n != 0)
			fail_msg("\"%s\": %zu rules, the first is %s, not %s", table[i].path, n, n ? found[0]->name : "none",
			        table[i].rule ? table[i].rule : "none");
	}
}

static void patterns(void **state)
{
	(void)state;
	assert_true(flag_match("**/a", "a"));
	assert_true(flag_match("**/a", "x/a"));
	assert_true(flag_match("**/a", "x/y/A"));
	assert_false(flag_match("**/a", "xa"));
	assert_false(flag_match("**/a", "a/x"));
	assert_true(flag_match("**/d/**", "d/x"));
	assert_true(flag_match("**/d/**", "q/d/x/y"));
	assert_false(flag_match("**/d/**", "d"));
	assert_false(flag_match("**/d/**", "d/"));
	assert_true(flag_match("**/a*b/c", "z/axxb/c"));
	assert_false(flag_match("**/a*b/c", "z/a/b/c"));
	assert_true(flag_match("**/m/**/h/*", "m/h/x"));
	assert_true(flag_match("**/m/**/h/*", "m/h/h/x"));
	assert_true(flag_match("**/m/**/h/*", "q/m/a/b/h/x"));
	assert_false(flag_match("**/m/**/h/*", "q/m/a/b/h/x/y"));
	assert_true(flag_match("*.c", "a.c"));
	assert_false(flag_match("*.c", "a.cc"));
	assert_true(flag_match("*a*a*", "banana"));
}

static void links_that_lead_out(void **state)
{
	(void)state;
	assert_true(flag_link_leads_out("a", "/etc"));
	assert_true(flag_link_leads_out("a", ".."));
	assert_true(flag_link_leads_out("a", "../b"));
	assert_true(flag_link_leads_out("d/a", "../../b"));
	assert_true(flag_link_leads_out("d/a", "x/../../../project/b"));
	assert_false(flag_link_leads_out("d/a", "../b"));
	assert_false(flag_link_leads_out("a", "b/../c"));
	assert_false(flag_link_leads_out("a", "./b"));
	assert_false(flag_link_leads_out("a", ""));
}

/* ---- readers */

static void reads(enum flag_reader reader, const char *before, const char *after, const char *want)
{
	struct flag_texts t = {slice_str(before), slice_str(after)};
	_cleanup_buf_ struct buf b = BUF(4096);
	bool found = part_read(reader, &t, &b);
	if (!want) {
		if (found)
			fail_msg("is flagged: \"%s\"", buf_str(&b));
		return;
	}
	if (!found || strcmp(buf_str(&b), want) != 0)
		fail_msg("found %d, says \"%s\", not \"%s\"", found, buf_str(&b), want);
}

static void what_changed_is_said(void **state)
{
	(void)state;
	reads(READER_PACKAGE, "{\"scripts\":{\"a\":\"b\"}}", "{\"scripts\":{\"a\":\"b\",\"postinstall\":\"node x\"}}",
	        "scripts.postinstall added: \"node x\"\n");
	reads(READER_PACKAGE, "{\"scripts\":{\"a\":\"b\"}}", "{\"scripts\":{\"a\":\"c\"}}", "scripts.a changed: \"c\"\n");
	reads(READER_PACKAGE, "{\"dependencies\":{\"a\":\"1\"}}", "{\"dependencies\":{}}",
	        "dependencies added: {}\ndependencies.a removed: \"1\"\n");
	reads(READER_PACKAGE, "{\"version\":\"1\",\"x\":1}", "{ \"version\" : \"2\", \"x\":1 }", NULL);
	reads(READER_PACKAGE, "", "{\"name\":\"a\"}", NULL);
	reads(READER_PACKAGE, "{}", "{\"a\":", "cannot be read as JSON\n+ {\"a\":\n- {}\n");
	reads(READER_JSON, "// c\n{\"a\": [1,2,],}", "{\"a\": [1,2]}", "a changed: [1,2]\n");
	reads(READER_JSON, "{\"hooks\":[{\"c\":\"x\"}]}", "{\"hooks\":[{\"c\":\"y\"}]}", "hooks[0].c changed: \"y\"\n");
	reads(READER_GIT_CONFIG, "[core]\n\tbare = false\n", "[core]\n\tbare = false\n\tFsMonitor = /tmp/x\n",
	        "core.fsmonitor added: \"/tmp/x\" (a program that git status runs)\n");
	reads(READER_GIT_CONFIG, "[filter \"LFS\"]\n\tclean = a\n", "[filter \"LFS\"] clean = \"b;c\" ; d\n",
	        "filter.LFS.clean changed: \"b;c\" (a program that checkout, add and status run)\n");
	reads(READER_GIT_CONFIG, "[core]\n\thooksPath=x\n", "", "core.hookspath removed: \"x\" (git runs the hooks there)\n");
	/* What git itself writes on the way is no finding. */
	reads(READER_GIT_CONFIG, "[core]\n\tbare = false\n",
	        "[core]\n\tbare = false\n[branch \"a\"]\n\tremote = origin\n\tmerge = refs/heads/a\n", NULL);
	reads(READER_GIT_CONFIG, "", "[branch \"a\"]\n\tremote = /tmp/evil\n", "branch.a.remote added: \"/tmp/evil\" (where push goes)\n");
	reads(READER_ATTRIBUTES, "*.txt text\n", "*.txt text\n*.c filter=x\n", "+ *.c filter=x\n");
	reads(READER_ATTRIBUTES, "", "*.txt text eol=lf\n", NULL);
	reads(READER_LINES, "a\nb\n", "a\nc\n", "+ c\n- b\n");
	reads(READER_LOCK, "{\"packages\":{\"a\":{\"version\":\"1\",\"resolved\":\"https://h.example/a\"}}}",
	        "{\"packages\":{\"a\":{\"version\":\"1\",\"resolved\":\"https://h.example/a\"},\"b\":{\"version\":\"2\",\"resolved\":"
	        "\"https://evil.example/b\",\"hasInstallScript\":true}}}",
	        "1 versions of packages come, 0 go\npackages from a new host: evil.example\npackages.b.hasInstallScript added: true\n");
}

static void hidden_text(void **state)
{
	static const struct {
		const char *before, *after, *want;
	} table[] = {
	        {"", "plain\ttext\r\n\f", NULL},
	        {"",
	                "a\n\xe2\x80\xae"
	                "b",
	                "line 2: U+202E, direction embedding or override\n"},
	        {"",
	                "a\xe2\x80\x8b"
	                "b\xe2\x80\x8b",
	                "line 1: U+200B, zero width space (2 times)\n"},
	        {"x\xe2\x80\x8b", "x\xe2\x80\x8b", NULL}, {"", "\xef\xbb\xbfint", NULL},
	        {"", "a\xef\xbb\xbf", "line 1: U+FEFF, zero width no-break space\n"},
	        {"", "\xf3\xa0\x81\x81", "line 1: U+E0041, tag character, which spells text that is not shown\n"},
	        {"", "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb", NULL},                     /* an emoji */
	        {"", "\xf0\x9f\x8f\xb4\xf3\xa0\x81\xa7\xf3\xa0\x81\xa2\xf3\xa0\x81\xbf", NULL}, /* a flag */
	        {"", "a\x1b[31m", "line 1: U+001B, escape, which begins a command to a terminal\n"},
	        {"", "caf\xe9 \x01", NULL}, /* Latin-1, or no text */
	        {"", "\xe9 \xe2\x80\xae", "line 1: U+202E, direction embedding or override\n"},
	        {"", "\xd8\xa7\xe2\x80\x8c\xd8\xa8", NULL}, /* Persian */
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct flag_texts t = {slice_str(table[i].before), slice_str(table[i].after)};
		_cleanup_buf_ struct buf b = BUF(4096);
		bool found = part_hidden(&t, &b);
		if (found != (table[i].want != NULL) || (found && strcmp(buf_str(&b), table[i].want) != 0))
			fail_msg("%zu: %d \"%s\"", i, found, buf_str(&b));
	}
}

static void git_config_syntax(void **state)
{
	static const struct {
		const char *text, *want;
	} table[] = {
	        {"[a]b=c", "a.b=c|"},
	        {"[A]\nB = c # d\n", "a.b=c|"},
	        {"[a \"X.y\"]\n  B = \" c \" ; d\n", "a.X.y.b= c |"},
	        {"[a.Sub]\nb\n", "a.sub.b=true|"},
	        {"[a]\nb = c \\\n d\n", "a.b=c  d|"},
	        {"[a]\nb = \"c\\\"d\\n\"e\n", "a.b=c\"d\ne|"},
	        {"[a]\r\nb = c\r\n", "a.b=c|"},
	        {"[a\nb=c\n[d]e=f", "a.b=c|d.e=f|"},
	        {"???\n[a]\n?\nb=c", "a.b=c|"},
	        {"b=c", "b=c|"},
	        {"", ""},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		_cleanup_arena_ struct arena arena = ARENA(1 << 20);
		_cleanup_buf_ struct buf b = BUF(4096);
		struct gitconfig_item *item = NULL;
		size_t n = 0;
		assert_int_equal(gitconfig_read(slice_str(table[i].text), 100, &arena, &item, &n), 0);
		for (size_t k = 0; k < n; k++)
			buf_fmt(&b, "%s=%s|", item[k].key, item[k].value);
		assert_string_equal(buf_str(&b), table[i].want);
	}
}

static int name_of(void *arg, const struct gitindex_entry *e)
{
	buf_fmt(arg, "%o %.*s%s|", e->mode, SLICE_FMT(slice_sub(e->name, 0, 8)), e->flags >> 16 ? " skipped" : "");
	return 0;
}

/* As git wrote them: three files, in each version of the format, and with long ids. */
static void git_index(void **state)
{
	static const struct {
		const char *file, *want;
	} table[] = {
	        {"v2", "100644 a|100644 d/bb|100644 d/nnnnnn|"},
	        {"v3", "100644 a skipped|100644 d/bb|100644 d/nnnnnn|"},
	        {"v4", "100644 a skipped|100644 d/bb|100644 d/nnnnnn|"},
	        {"sha256", "100644 a|"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		_cleanup_buf_ struct buf text = BUF(65536), name = BUF(4096), told = BUF(4096);
		char path[64];
		(void)snprintf(path, sizeof(path), "fuzz/corpus/gitindex/%s", table[i].file);
		assert_int_equal(path_read(AT_FDCWD, path, &text), 0);
		assert_int_equal(gitindex_read(buf_slice(&text), &name, name_of, &told), 0);
		assert_string_equal(buf_str(&told), table[i].want);
		/* Cut anywhere it is none. */
		for (size_t n = 0; n < text.n; n++) {
			buf_reset(&told);
			assert_int_equal(gitindex_read(slice_of(text.p, n), &name, name_of, &told), -EBADMSG);
		}
	}
}

static void json_with_comments(void **state)
{
	static const struct {
		const char *text, *want;
	} table[] = {
	        {"{\"a\":1}", "{\"a\":1}"},
	        {"{\"a\":1,}", "{\"a\":1 }"},
	        {"[1, // x\n2]", "[1,     \n2]"},
	        {"[1,/*,*/]", "[1      ]"},
	        {"[\"//\", \"/*\", \",]\"]", "[\"//\", \"/*\", \",]\"]"},
	        {"\"\\\"//\"", "\"\\\"//\""},
	        {"/*", "  "},
	        {"\"", "\""},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		_cleanup_arena_ struct arena arena = ARENA(1 << 20);
		struct slice s = jsonc_plain(slice_str(table[i].text), &arena);
		assert_true(slice_is(s, table[i].want));
	}
}

/* ---- diff */

static void put_line(void *arg, const struct diff_line *l)
{
	buf_fmt(arg, "%c%.*s|", l->kind, SLICE_FMT(l->text));
}

static void unified_diff(void **state)
{
	static const struct {
		const char *a, *b, *want;
	} table[] = {
	        {"", "", ""},
	        {"a\n", "a\n", ""},
	        {"", "a\n", "@@@ -0,0 +1 @@|+a|"},
	        {"a\n", "", "@@@ -1 +0,0 @@|-a|"},
	        {"a\nb\nc\n", "a\nx\nc\n", "@@@ -1,3 +1,3 @@| a|-b|+x| c|"},
	        {"a", "a\n", "@@@ -1 +1 @@|-a|\\No newline at end of file|+a|"},
	        {"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\n",
	                "@@@ -1,3 +1,4 @@|+0| 1| 2| 3|@@@ -6,4 +7,3 @@| 6| 7| 8|-9|"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		_cleanup_buf_ struct buf b = BUF(4096);
		assert_true(diff_lines(slice_str(table[i].a), slice_str(table[i].b), 100, put_line, &b) >= 0);
		assert_string_equal(buf_str(&b), table[i].want);
		size_t plus, minus;
		assert_int_equal(diff_count(slice_str(table[i].a), slice_str(table[i].b), &plus, &minus), 0);
	}
	/* Past the limit lines are counted, not told. */
	_cleanup_buf_ struct buf b = BUF(4096);
	assert_int_equal(diff_lines(slice_str("a\nb\n"), slice_str("c\nd\n"), 2, put_line, &b), 5);
	assert_string_equal(buf_str(&b), "@@@ -1,2 +1,2 @@|-a|");
}

/* ---- change sets */

static char *told(const struct change_set *set)
{
	struct buf b = BUF(1 << 20);
	buf_str_add(&b, "");
	for (size_t i = 0; i < set->n; i++) {
		const struct change *c = &set->change[i];
		buf_fmt(&b, "%s%c:%s", i ? " " : "", "AMD"[c->kind], c -> path);
		if (c->what & CHANGE_TYPE)
			buf_str_add(&b, ":type");
		if (c->what & CHANGE_MODE)
			buf_str_add(&b, ":mode");
		if (c->what & CHANGE_XATTR)
			buf_str_add(&b, ":xattr");
		if (c->pair)
			buf_fmt(&b, "~%s", set->change[c->pair - 1].path);
		if (c->trouble)
			buf_fmt(&b, "!%d", c->trouble);
		if (i && change_path_cmp(set->change[i - 1].path, c->path) >= 0)
			fail_msg("%s comes after %s", c->path, set->change[i - 1].path);
		assert_ptr_equal(change_find(set, c->path), c);
	}
	char *s = buf_steal(&b, NULL);
	return s ? s : strdup("");
}

static void change_sets(void **state)
{
	static const struct {
		const char *lower, *upper, *want;
	} table[] = {
	        {"a=1 d/ d/b=2", "", ""},
	        {"a=1", "a=1", ""},
	        {"a=1", "a=2", "M:a"},
	        {"a=1", "a!1", "M:a:mode"},
	        {"a=1", "a-", "D:a"},
	        {"a=1", "b-", ""},
	        {"a=1", "b=2", "A:b"},
	        {"d/ d/a=1", "d/ d/b=2", "A:d/b"},
	        {"d/ d/a=1 d/e/ d/e/f=9", "d-", "D:d D:d/a D:d/e D:d/e/f"},
	        {"d/ d/a=1 d/b=2", "d// d/a=1", "D:d/b"},
	        {"d/ d/a=1 d/b=2", "d// d/c=3", "D:d/a D:d/b A:d/c"},
	        {"a=1", "a/ a/b=2", "M:a:type:mode A:a/b"},
	        {"a/ a/b=2", "a=1", "M:a:type:mode D:a/b"},
	        {"a=1", "a>b", "M:a:type:mode"},
	        {"l>a", "l>b", "M:l"},
	        {"l>a", "l>a", ""},
	        {"a=some", "a- b=some", "D:a~b A:b~a"},
	        {"a=some b=some", "a- b- x=some y=some", "D:a~x D:b~y A:x~a A:y~b"},
	        {"d/ d/n=some a=some", "a- d/ d/n- e/ e/n=some", "D:a D:d/n~e/n A:e A:e/n~d/n"},
	        {"a=", "a- b=", "D:a A:b"},
	        {"x=1", "n/ n/m/ n/m/o=1 n.=2", "A:n A:n/m A:n/m/o A:n."},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		fresh("lower");
		fresh("upper");
		make(under("lower"), table[i].lower);
		make(under("upper"), table[i].upper);
		struct change_source s = {.lower = open(under("lower"), O_RDONLY), .upper = open(under("upper"), O_RDONLY)};
		struct change_set set;
		struct err err = {0};
		if (change_set_read(&s, &set, &err) < 0)
			fail_msg("%s", err.text);
		_cleanup_free_ char *text = told(&set);
		/* The type's mode is not of interest here. */
		char want[512];
		(void)snprintf(want, sizeof(want), "%s", table[i].want);
		for (char *p; (p = strstr(text, ":type:mode"));)
			memmove(p + 5, p + 10, strlen(p + 10) + 1);
		for (char *p; (p = strstr(want, ":type:mode"));)
			memmove(p + 5, p + 10, strlen(p + 10) + 1);
		if (strcmp(text, want) != 0)
			fail_msg("\"%s\" under \"%s\": \"%s\", not \"%s\"", table[i].lower, table[i].upper, text, want);
		change_set_free(&set);
		review_run_source_close(&s);
	}
}

static void an_overlay_that_keeps_names_elsewhere_is_refused(void **state)
{
	(void)state;
	fresh("lower");
	fresh("upper");
	make(under("upper"), "d/");
	assert_int_equal(setxattr(under("upper/d"), "user.overlay.redirect", "/e", 2, 0), 0);
	struct change_source s = {.lower = open(under("lower"), O_RDONLY), .upper = open(under("upper"), O_RDONLY)};
	struct change_set set;
	assert_int_equal(change_set_read(&s, &set, NULL), -ENOTSUP);
	change_set_free(&set);
	review_run_source_close(&s);
}

static void whiteouts_as_attributes(void **state)
{
	(void)state;
	fresh("lower");
	fresh("upper");
	make(under("lower"), "a=1 b=2");
	make(under("upper"), "a= b=");
	assert_int_equal(setxattr(under("upper/a"), "user.overlay.whiteout", "", 0, 0), 0);
	struct change_source s = {.lower = open(under("lower"), O_RDONLY), .upper = open(under("upper"), O_RDONLY)};
	struct change_set set;
	assert_int_equal(change_set_read(&s, &set, NULL), 0);
	_cleanup_free_ char *text = told(&set);
	assert_string_equal(text, "D:a M:b");
	change_set_free(&set);
	review_run_source_close(&s);
}

/* A tree to get lost in: nothing hangs, nothing is followed, nothing is left out without a word. */
static void hostile_trees(void **state)
{
	(void)state;
	fresh("lower");
	fresh("upper");
	make(under("lower"), "a=1 fifo=1");
	assert_int_equal(mkfifo(under("upper/fifo"), 0644), 0);
	assert_int_equal(mkfifo(under("upper/.bashrc"), 0644), 0);
	assert_int_equal(symlink("/dev/zero", under("upper/zero")), 0);
	assert_int_equal(symlink("loop", under("upper/loop")), 0);
	make_file(under("upper/new\nline"), "x", 0644);
	make_file(under("upper/\x1b]0;title\x07"), "x", 0644);
	make_file(under("upper/\xff\xfe"), "x", 04755);
	char name[256], path[8192];
	memset(name, 'n', 255);
	name[255] = 0;
	(void)snprintf(path, sizeof(path), "%s/%s", under("upper"), name);
	make_file(path, "x", 0644);
	/* 600 levels, deeper than a path can say. */
	int dir = open(under("upper"), O_RDONLY);
	for (int i = 0; i < 600; i++) {
		assert_int_equal(mkdirat(dir, "deep-enough-to-be-too-long", 0755), 0);
		int next = openat(dir, "deep-enough-to-be-too-long", O_RDONLY);
		assert_true(next >= 0);
		close(dir);
		dir = next;
	}
	close(dir);
	struct change_source s = {.lower = open(under("lower"), O_RDONLY), .upper = open(under("upper"), O_RDONLY)};
	struct change_set set;
	struct err err = {0};
	if (change_set_read(&s, &set, &err) < 0 || review_flag_set(&s, &set, &err) < 0)
		fail_msg("%s", err.text);
	size_t deep = 0;
	for (size_t i = 0; i < set.n; i++)
		deep += set.change[i].trouble == TROUBLE_DEEP;
	assert_int_equal(deep, 1);
	assert_true(set.n < 300);
	assert_int_equal(change_find(&set, "fifo")->trouble, TROUBLE_SPECIAL);
	assert_string_equal(change_find(&set, "fifo")->flags->rule->name, "special");
	assert_string_equal(change_find(&set, "zero")->flags->rule->name, "link-out");
	assert_null(change_find(&set, "loop")->flags);
	assert_string_equal(change_find(&set, "\xff\xfe")->flags->rule->name, "set-id");
	assert_non_null(change_find(&set, name));
	assert_non_null(change_find(&set, "new\nline"));
	change_set_free(&set);
	review_run_source_close(&s);
	/* And it can be thrown away, with fewer descriptors than levels. */
	struct rlimit limit, few;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	few = limit;
	few.rlim_cur = 256;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(tree_remove(AT_FDCWD, under("upper")), 0);
	assert_int_equal(access(under("upper"), F_OK), -1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static const char *flags_of(const struct change_set *set, const char *path)
{
	static char text[1024];
	const struct change *c = change_find(set, path);
	text[0] = 0;
	assert_non_null(c);
	for (const struct flag *f = c->flags; f; f = f->next)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", f == c->flags ? "" : " ", f->rule->name);
	return text;
}

/* Files that something knows by another name than theirs. */
static void other_names(void **state)
{
	(void)state;
	fresh("lower");
	fresh("upper");
	make(under("lower"), ".git/ tools/ tools/hooks/ tools/hooks/precommit!x docs/ docs/house.md=a AGENTS.md>docs/house.md conf/ "
	                     "conf/tasks.json={} .vscode>conf/ scripts/ scripts/clean.sh=x scripts/other.sh=x .claude/ plain=1");
	make_file(under("lower/.git/config"), "[core]\n\thooksPath = ./tools/hooks/\n[filter \"x\"]\n\tclean = sh ./scripts/clean.sh %f\n",
	        0644);
	make(under("upper"), "tools/ tools/hooks/ tools/hooks/precommit!y tools/hooks/postmerge=z docs/ docs/house.md=b conf/ "
	                     "conf/tasks.json={\"x\":1} scripts/ scripts/clean.sh=y scripts/other.sh=y .claude>elsewhere .github>elsewhere "
	                     "elsewhere/ elsewhere/x=1 plain=2 plain2>plain");
	make_file(under("upper/na\xe2\x80\x8bme"), "x", 0644);
	struct change_source s = {.lower = open(under("lower"), O_RDONLY), .upper = open(under("upper"), O_RDONLY)};
	struct change_set set;
	struct err err = {0};
	if (change_set_read(&s, &set, &err) < 0 || review_flag_set(&s, &set, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(flags_of(&set, "tools/hooks/precommit"), "git-hook executable");
	assert_string_equal(flags_of(&set, "tools/hooks/postmerge"), "git-hook");
	assert_string_equal(flags_of(&set, "docs/house.md"), "agent-instructions");
	assert_string_equal(change_find(&set, "docs/house.md")->flags->detail, "known as AGENTS.md\n+ b\n- a");
	assert_string_equal(flags_of(&set, "conf/tasks.json"), "vscode-tasks vscode");
	assert_string_equal(flags_of(&set, "scripts/clean.sh"), "git-named");
	assert_string_equal(flags_of(&set, "scripts/other.sh"), "");
	assert_string_equal(flags_of(&set, ".claude"), "agent-settings");
	assert_true(strstr(flags_of(&set, ".github"), "ci") != NULL);
	assert_string_equal(flags_of(&set, "elsewhere/x"), "");
	assert_string_equal(flags_of(&set, "plain2"), "");
	assert_string_equal(flags_of(&set, "na\xe2\x80\x8bme"), "hidden-name");
	change_set_free(&set);
	review_run_source_close(&s);
}

/* In every way in which git takes a folder for a repository, an index hides files, and a name passes for another; and what only looks so.
 */
static void as_git_reads_it(void **state)
{
	static const struct {
		const char *path, *text, *flags;
	} files[] = {
	        {"a/HEAD", "ref: refs/heads/main\n", "git-bare"},
	        {"b/HEAD", "ref:\t  refs/heads/main\n", "git-bare"},
	        {"c/HEAD", "ref:refs/heads/main", "git-bare"},
	        {"d/HEAD", "0123456789ABCDEF0123456789abcdef01234567\n", "git-bare"},
	        {"e/HEAD", "0123456789abcdef0123456789abcdef01234567 and words", "git-bare"},
	        {"f/HEAD", "ref: the first line of a letter\n", ""},
	        {"g/HEAD", "0123456789abcdef is short\n", ""},
	        {"h/head", "ref: refs/heads/main\n", ""},
	        {"main.c ", "x", "hidden-name"},
	        {" main.c", "x", "hidden-name"},
	        {"x /main.c", "x", "hidden-name"},
	        {"ma\xc2\xa0in.c", "x", "hidden-name"},
	        {"ma\xe2\x80\x83in.c", "x", "hidden-name"},
	        {"ma in.c", "x", ""},
	        {"ma\xe2\x80\x93in.c", "x", ""},
	};
	static const char *const folders[] = {"a", "b", "c", "d", "e", "f", "g", "h", "x ", "i", "j", ".git"};
	_cleanup_buf_ struct buf plain = BUF(65536), hides = BUF(65536);
	char path[100];
	(void)state;
	fresh("lower");
	fresh("upper");
	assert_int_equal(path_read(AT_FDCWD, "fuzz/corpus/gitindex/v2", &plain), 0);
	assert_int_equal(path_read(AT_FDCWD, "fuzz/corpus/gitindex/v3", &hides), 0);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		(void)snprintf(path, sizeof(path), "upper/%s", folders[i]);
		assert_int_equal(mkdir(under(path), 0755), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		(void)snprintf(path, sizeof(path), "upper/%s", files[i].path);
		make_file(under(path), files[i].text, 0644);
	}
	make(under("upper"), "i/HEAD>refs/heads/main j/HEAD>other up>.GIT/hooks up2>a/../.git/. k>../a k2>a/../a x/ x/top>.. "
	                     "out>x/top/../etc in>./x/top");
	assert_int_equal(mkdir(under("lower/.git"), 0755), 0);
	for (int k = 0; k < 2; k++) {
		int fd = open(under(k ? "upper/.git/index" : "lower/.git/index"), O_WRONLY | O_CREAT, 0644);
		assert_int_equal(fd_write_all(fd, buf_slice(k ? &hides : &plain)), 0);
		close(fd);
	}
	struct change_source s = {.lower = open(under("lower"), O_RDONLY), .upper = open(under("upper"), O_RDONLY)};
	struct change_set set;
	struct err err = {0};
	if (change_set_read(&s, &set, &err) < 0 || review_flag_set(&s, &set, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (strcmp(flags_of(&set, files[i].path), files[i].flags) != 0)
			fail_msg("%s: \"%s\"", files[i].path, flags_of(&set, files[i].path));
	assert_string_equal(flags_of(&set, "i/HEAD"), "git-bare");
	assert_string_equal(flags_of(&set, "j/HEAD"), "");
	assert_string_equal(flags_of(&set, "up"), "link-git");
	assert_string_equal(flags_of(&set, "up2"), "link-git");
	/* x/top is the project, and what is above it is not. */
	assert_string_equal(flags_of(&set, "x/top"), "");
	assert_string_equal(flags_of(&set, "in"), "");
	assert_string_equal(flags_of(&set, "out"), "link-out");
	assert_string_equal(flags_of(&set, "k2"), "link-out");
	assert_string_equal(flags_of(&set, ".git/index"), "git-index");
	assert_string_equal(change_find(&set, ".git/index")->flags->detail, "1: a");
	change_set_free(&set);
	review_run_source_close(&s);
}

/* A second name, an attribute, an owner. */
static void links_and_attributes(void **state)
{
	(void)state;
	fresh("lower");
	fresh("upper");
	make(under("lower"), "a=1 d/ e=1");
	make(under("upper"), "a=1 d/ x=1 e=1");
	assert_int_equal(link(under("upper/x"), under("upper/y")), 0);
	assert_int_equal(setxattr(under("upper/a"), "user.some", "v", 1, 0), 0);
	assert_int_equal(setxattr(under("upper/d"), "user.some", "v", 1, 0), 0);
	assert_int_equal(setxattr(under("upper/e"), "user.overlay.origin", "v", 1, 0), 0);
	struct change_source s = {.lower = open(under("lower"), O_RDONLY), .upper = open(under("upper"), O_RDONLY)};
	struct change_set set;
	assert_int_equal(change_set_read(&s, &set, NULL), 0);
	_cleanup_free_ char *text = told(&set);
	assert_string_equal(text, "M:a:xattr M:d:xattr A:x A:y");
	assert_int_equal(change_find(&set, "y")->first_name, change_find(&set, "x") - set.change + 1);
	assert_int_equal(change_find(&set, "x")->first_name, 0);
	change_set_free(&set);
	review_run_source_close(&s);
}

static void runs_are_not_kept_in_the_project(void **state)
{
	(void)state;
	char *command[] = {(char *)(uintptr_t) "tool", NULL};
	struct review_run run = REVIEW_RUN_NONE;
	struct err err = {0};
	assert_int_equal(review_run_create(&(struct review_run_new){.project = top, .command = command}, &run, &err), -EINVAL);
	assert_true(strstr(err.text, "XDG_STATE_HOME") != NULL);
	assert_int_equal(review_run_create(&(struct review_run_new){.project = "/", .command = command}, &run, &err), -EINVAL);
	/* Beside it is well; what it says of itself is read back. */
	fresh("lower");
	run = run_of("a=1");
	struct review_run again = REVIEW_RUN_NONE;
	assert_int_equal(review_run_open(run.id, NULL, &again, &err), 0);
	assert_string_equal(again.project, run.project);
	assert_string_equal(again.command, "tool");
	assert_int_equal(again.state, REVIEW_ENDED);
	assert_int_equal(again.started, run.started);
	assert_int_equal(again.ino, run.ino);
	assert_int_equal(review_run_remove(&again, NULL), 0);
	review_run_free(&run);
	review_run_free(&again);
	assert_int_equal(review_run_open("2", NULL, &again, &err), -ENOENT);
}

static void live(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena arena = ARENA(1 << 20);
	struct flag *f = NULL;
	fresh("lower");
	make(under("lower"), "d/ d/.envrc=x plain=y l>/etc");
	int root = open(under("lower"), O_RDONLY);
	assert_int_equal(review_flag_live(root, "d/.envrc", &arena, &f), 0);
	assert_string_equal(f->rule->name, "direnv");
	assert_string_equal(f->detail, "+ x");
	assert_int_equal(review_flag_live(root, "plain", &arena, &f), 0);
	assert_null(f);
	assert_int_equal(review_flag_live(root, "l", &arena, &f), 0);
	assert_string_equal(f->rule->name, "link-out");
	assert_int_equal(review_flag_live(root, ".git/hooks/x", &arena, &f), 0);
	assert_string_equal(f->detail, "removed");
	close(root);
}

int main(void)
{
	if (!find_place())
		return 77;
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_rule_is_found_by_its_pattern),
	        cmocka_unit_test(paths_that_are_flagged_and_their_twins),
	        cmocka_unit_test(patterns),
	        cmocka_unit_test(links_that_lead_out),
	        cmocka_unit_test(what_changed_is_said),
	        cmocka_unit_test(hidden_text),
	        cmocka_unit_test(git_config_syntax),
	        cmocka_unit_test(git_index),
	        cmocka_unit_test(json_with_comments),
	        cmocka_unit_test(unified_diff),
	        cmocka_unit_test(change_sets),
	        cmocka_unit_test(an_overlay_that_keeps_names_elsewhere_is_refused),
	        cmocka_unit_test(whiteouts_as_attributes),
	        cmocka_unit_test(hostile_trees),
	        cmocka_unit_test(other_names),
	        cmocka_unit_test(as_git_reads_it),
	        cmocka_unit_test(links_and_attributes),
	        cmocka_unit_test(runs_are_not_kept_in_the_project),
	        cmocka_unit_test(live),
	};
	return cmocka_run_group_tests(tests, NULL, tear_down);
}
