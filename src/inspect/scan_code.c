/* Programs: what is decoded or fetched, and then run; secrets that are sent away. Values are followed from where they come to where they
 * are used through assignments, and through functions that give them back or send what they are given, within one file. By tokens, with one
 * set of rules for all languages: a parser of each would say more. What is not followed is not told. */
#include "inspect/scan_code.h"

#include <errno.h>

#include "base/encode.h"
#include "base/utf8.h"
#include "inspect/scan_change.h"
#include "inspect/scan_posture.h"
#include "inspect/scan_shell.h"
#include "parse/conf.h"

#define FILE_MAX    ((size_t)32 << 20)
#define ARENA_MAX   ((size_t)256 << 20)
#define TOKENS_MAX  4000000u
#define NODES       200000u
#define PACKAGE_MAX ((size_t)1 << 20)
#define BUNDLE      ((size_t)512 << 10) /* no one program is so large */
#define MINIFIED    4000u               /* bytes of a line that nobody wrote */

/* ── packages ── */

static int install_script(void *arg, const struct conf *v, struct slice key)
{
	static const char *const names[] = {
	        "preinstall", "install", "postinstall", "prepare", "preprepare", "postprepare", "prepublish", NULL};
	struct code *c = arg;
	if (!conf_is_text(v) || !scan_one_of(key, names))
		return 0;
	size_t at = slice_find(c->in->bytes, key, 0);
	at = at == SLICE_NPOS ? 0 : at;
	unsigned does = scan_shell(v->text);
	scan_runs(c->s, c->in, SCAN_RUNS_INSTALL, at, v->text);
	/* Code in quotes that starts a command: what is in its quotes. */
	struct slice rest = v->text, part;
	while (!(does & SHELL_DOES_HARM) && slice_split(&rest, '\'', &part))
		does |= part.n > 8 ? scan_shell(part) : 0;
	if (does & SHELL_DOES_HARM)
		scan_found_text(c->s, c->in, SCAN_RULE_CODE_INSTALL, c->in->bytes, at, key.n, "%.*s: %.*s", SLICE_FMT(key),
		        SLICE_FMT(slice_sub(v->text, 0, 200)));
	if (does & SHELL_DOES_MORE)
		scan_found_text(c->s, c->in, SCAN_RULE_CODE_LIMIT, c->in->bytes, at, key.n, "%.*s: a command of more parts than are read",
		        SLICE_FMT(key));
	return 0;
}

static int dependency(void *arg, const struct conf *v, struct slice key)
{
	struct code *c = arg;
	if (conf_is_text(v) && slice_starts(v->text, SLICE("http://"))) {
		size_t at = slice_find(c->in->bytes, v->text, 0);
		scan_found_text(c->s, c->in, SCAN_RULE_CODE_DEPENDENCY, c->in->bytes, at == SLICE_NPOS ? 0 : at, v->text.n, "%.*s: %.*s",
		        SLICE_FMT(slice_sub(key, 0, 80)), SLICE_FMT(slice_sub(v->text, 0, 200)));
	}
	return 0;
}

static bool package(struct code *c)
{
	_cleanup_arena_ struct arena arena = ARENA(ARENA_MAX);
	static const char *const dependencies[] = {"dependencies/*", "devDependencies/*", "optionalDependencies/*"};
	struct conf *root;
	struct slice t = c->in->bytes;
	struct conf_error e = {0};
	/* What installs goes by this name. There a key can also be written with escapes. */
	bool manifest = strcmp(c->in->name, "package.json") == 0;
	if (!manifest &&
	        (!scan_has_suffix(c->in->name, ".json") || t.n > PACKAGE_MAX ||
	                (slice_find(t, SLICE("\"scripts\""), 0) == SLICE_NPOS && slice_find(t, SLICE("ependencies\""), 0) == SLICE_NPOS)))
		return false;
	int r = t.n > PACKAGE_MAX ? -EFBIG : conf_read(CONF_JSON, t, NODES, &arena, &root, &e);
	/* What is no JSON installs nothing: a test's, or a text that one is made of. */
	bool more = manifest && (r == -EFBIG || r == -ENOMEM || e.limit);
	if (more)
		scan_found(
		        c->s, c->in, SCAN_RULE_CODE_LIMIT, 0, c->in->size, "%s", "a manifest that is larger or nested deeper than is read");
	if (r < 0)
		return more;
	(void)conf_every(root, "scripts/*", install_script, c);
	for (size_t i = 0; i < ARRAY_LEN(dependencies); i++)
		(void)conf_every(root, dependencies[i], dependency, c);
	return true;
}

/* ── what runs without being asked for ── */

/* A command that git, direnv or a build runs. An installer that is well known is none of these, nor what is compared with a digest. */
void code_unasked(struct code *c, struct slice command, size_t at, size_t n)
{
	unsigned does = scan_shell(command);
	enum scan_rule_name rule =
	        does & (SHELL_DOES_REVERSE | SHELL_DOES_SENDS | SHELL_DOES_HIDDEN | SHELL_DOES_DISGUISED) ? SCAN_RULE_CODE_COMMAND
	        : does & (SHELL_DOES_DOWNLOAD | SHELL_DOES_DECODED) && !(does & SHELL_DOES_VERIFIES)      ? SCAN_RULE_CODE_COMMAND_ODD
	                                                                                                  : SCAN_RULES;
	if (rule != SCAN_RULES)
		scan_found_text(c->s, c->in, rule, c->in->bytes, at, n, "%.*s", SLICE_FMT(slice_sub(slice_trim(command), 0, 240)));
	/* A long list of files is none. */
	if (does & SHELL_DOES_MORE && slice_find(command, SLICE("://"), 0) != SLICE_NPOS)
		scan_found_text(c->s, c->in, SCAN_RULE_CODE_LIMIT, c->in->bytes, at, n, "%s", "a command of more parts than are read");
}

/* Of a hook: what it fetches is told, too, as nobody calls it. The other harm is that of any script. */
static void hook(struct code *c)
{
	struct slice t = c->in->bytes;
	size_t at;
	unsigned does = scan_shell_script(t, SHELL_DOES_DOWNLOAD | SHELL_DOES_DECODED, &at);
	if (at == SLICE_NPOS || does & SHELL_DOES_VERIFIES)
		return;
	size_t end = slice_chr(t, '\n', at);
	struct slice line = slice_sub(t, at, (end == SLICE_NPOS ? t.n : end) - at);
	scan_found_text(c->s, c->in, SCAN_RULE_CODE_COMMAND_ODD, t, at, line.n, "%.*s", SLICE_FMT(slice_sub(line, 0, 240)));
}

/* $(shell …) of make: run as soon as the file is read. */
static void make_shells(struct code *c)
{
	struct slice t = c->in->bytes;
	for (size_t at = 0; (at = slice_find(t, SLICE("$(shell "), at)) != SLICE_NPOS;) {
		size_t begin = at + 8, end = begin;
		for (unsigned depth = 1; end < t.n && t.p[end] != '\n'; end++) {
			depth += t.p[end] == '(';
			if (t.p[end] == ')' && --depth == 0)
				break;
		}
		code_unasked(c, slice_sub(t, begin, end - begin), begin, end - begin);
		at = end;
	}
}

static bool is_build(const char *name)
{
	static const char *const ends[] = {".csproj", ".vbproj", ".fsproj", ".vcxproj", ".proj", ".targets", ".props"};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (scan_has_suffix(name, ends[i]))
			return true;
	return strcmp(name, "pom.xml") == 0 || strcmp(name, "build.xml") == 0;
}

/* "&amp;", "&#38;", "&#x26;" at the front: how many bytes that is, and of which letter; 0: none is. */
static size_t xml_entity(struct slice t, uint32_t *letter)
{
	static const struct {
		struct slice name;
		uint8_t is;
	} rows[] = {{SLICE_INIT("&amp;"), '&'}, {SLICE_INIT("&quot;"), '"'}, {SLICE_INIT("&apos;"), '\''}, {SLICE_INIT("&lt;"), '<'},
	        {SLICE_INIT("&gt;"), '>'}};
	bool hex = slice_starts(t, SLICE("&#x"));
	size_t i = hex ? 3 : 2;
	*letter = 0;
	for (size_t k = 0; k < ARRAY_LEN(rows); k++)
		if (slice_starts(t, rows[k].name)) {
			*letter = rows[k].is;
			return rows[k].name.n;
		}
	/* Zeros may stand before it. */
	for (; slice_starts(t, SLICE("&#")) && i < t.n && i < 32 && *letter < 0x110000; i++) {
		int digit = hex_value(t.p[i]);
		if (digit < 0 || (!hex && digit > 9))
			break;
		*letter = *letter * (hex ? 16 : 10) + (uint32_t)digit;
	}
	return *letter && *letter < 0x110000 && i < t.n && t.p[i] == ';' ? i + 1 : 0;
}

/* A text of XML with letters instead of entities; it is no longer than before. */
static struct slice plain_xml(struct arena *arena, struct slice t)
{
	uint8_t *p = arena_array_raw(arena, 1, t.n + 4);
	size_t n = 0;
	for (size_t i = 0, used; p && i < t.n; i += used ? used : 1) {
		uint32_t letter;
		used = t.p[i] == '&' ? xml_entity(slice_from(t, i), &letter) : 0;
		if (!used)
			p[n++] = t.p[i];
		else
			n += utf8_put(p + n, letter == '\r' ? '\n' : letter);
	}
	return p ? slice_of(p, n) : SLICE_NONE;
}

/* Commands of a build in XML: <PreBuildEvent>…</PreBuildEvent>, <Exec Command="…"/>, <argument>…</argument>. What is between two tags or
 * two quotes is looked at as one; what is no command does nothing. */
static void build(struct code *c)
{
	_cleanup_arena_ struct arena arena = ARENA(ARENA_MAX);
	struct slice t = c->in->bytes;
	if (t.n > CODE_BUILD_MAX) {
		scan_found(c->s, c->in, SCAN_RULE_CODE_LIMIT, 0, c->in->size, "%s", "a build that is larger than is read");
		return;
	}
	bool tag = false;
	for (size_t i = 0; i < t.n;) {
		uint8_t b = t.p[i];
		if (slice_starts(slice_from(t, i), SLICE("<!--"))) {
			size_t end = slice_find(t, SLICE("-->"), i);
			i = end == SLICE_NPOS ? t.n : end + 3;
			continue;
		}
		/* A task that is written in the project itself, in C# or Groovy, or a command. */
		if (slice_starts(slice_from(t, i), SLICE("<![CDATA["))) {
			size_t end = slice_find(t, SLICE("]]>"), i);
			struct slice inner = slice_sub(t, i + 9, (end == SLICE_NPOS ? t.n : end) - i - 9);
			code_unasked(c, inner, i + 9, inner.n);
			if (slice_trim(inner).n)
				(void)scan_into(c->s, c->in, "task.cs", inner, inner.n, false);
			i = end == SLICE_NPOS ? t.n : end + 3;
			continue;
		}
		bool quote = tag && (b == '"' || b == '\''), text = !tag && b != '<';
		tag = b == '<' || (tag && b != '>');
		size_t begin = i + quote, end = i + 1;
		if (quote || text) {
			end = slice_chr(t, quote ? b : '<', begin);
			end = end == SLICE_NPOS ? t.n : end;
			if (end - begin > 8)
				code_unasked(c, plain_xml(&arena, slice_sub(t, begin, end - begin)), begin, end - begin);
			end += quote;
		}
		i = end;
	}
}

static void shell_script(struct code *c)
{
	const unsigned harm = SHELL_DOES_REVERSE | SHELL_DOES_SENDS | SHELL_DOES_HIDDEN | SHELL_DOES_DISGUISED;
	struct slice t = c->in->bytes;
	bool told = false;
	for (size_t at = 0; at < t.n;) {
		size_t end = slice_chr(t, '\n', at);
		end = end == SLICE_NPOS ? t.n : end;
		/* A line that goes on. */
		while (end < t.n && end > at && (t.p[end - 1] == '\\' || t.p[end - 1] == '|')) {
			size_t more = slice_chr(t, '\n', end + 1);
			end = more == SLICE_NPOS ? t.n : more;
		}
		struct slice line = slice_sub(t, at, end - at);
		unsigned does = scan_shell(line);
		told |= (does & harm) != 0;
		if (does & harm)
			scan_found_text(c->s, c->in, SCAN_RULE_CODE_COMMAND, t, at, line.n, "%.*s", SLICE_FMT(slice_sub(line, 0, 240)));
		if (does & SHELL_DOES_MORE)
			scan_found_text(c->s, c->in, SCAN_RULE_CODE_LIMIT, t, at, line.n, "%s", "a line of more parts than are read");
		if (slice_trim(line).n && slice_trim(line).p[0] != '#')
			scan_runs(c->s, c->in, SCAN_RUNS_SCRIPT, at, line);
		at = end + 1;
	}
	/* What one line reads and another one sends. */
	size_t at = SLICE_NPOS;
	if (!told)
		(void)scan_shell_script(t, SHELL_DOES_SENDS, &at);
	if (at != SLICE_NPOS) {
		struct slice line = slice_sub(t, at, slice_chr(t, '\n', at) - at);
		scan_found_text(c->s, c->in, SCAN_RULE_CODE_COMMAND, t, at, line.n, "%.*s", SLICE_FMT(slice_sub(line, 0, 240)));
	}
}

static bool is_followed(const char *language)
{
	static const char *const names[] = {"python", "javascript", "ruby", "go", "php", NULL};
	return scan_one_of(slice_str(language), names);
}

/* Of these the same rules hold; their functions are fewer in the table. */
static bool is_compiled(const char *language)
{
	static const char *const names[] = {"c", "csharp", "rust", NULL};
	return scan_one_of(slice_str(language), names);
}

static bool virus_test(const struct scan_input *in)
{
	/* In two parts, so that this program is none. */
	static const char first[] = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$", second[] = "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!";
	size_t n = sizeof(first) - 1;
	return in->bytes.n >= 68 && in->size <= 128 && slice_starts(in->bytes, slice_str(first)) &&
	       slice_starts(slice_from(in->bytes, n), slice_str(second));
}

/* Most of it in such lines; one alone is soon added to a file. */
static bool is_minified(struct slice t)
{
	size_t in_long = 0;
	for (size_t at = 0; at < t.n;) {
		size_t end = slice_chr(t, '\n', at);
		end = end == SLICE_NPOS ? t.n : end;
		in_long += end - at > MINIFIED ? end - at : 0;
		at = end + 1;
	}
	return in_long > t.n / 2;
}

/* 0; 1: there are more tokens than are followed; -ENOMEM: more of other things, nothing was followed. */
static int follow(struct code *c, const struct source_language *l, struct arena *arena)
{
	bool all = true;
	struct token *t;
	c->arena = arena;
	c->python = strcmp(c->language, "python") == 0;
	c->javascript = strcmp(c->language, "javascript") == 0;
	c->ruby = strcmp(c->language, "ruby") == 0;
	c->php = strcmp(c->language, "php") == 0;
	c->compiled = is_compiled(c->language);
	if (tokens_read(c->in->bytes, l, TOKENS_MAX, arena, &t, &c->n, &all) < 0)
		return -ENOMEM;
	c->t = t;
	c->minified = c->javascript && is_minified(c->in->bytes);
	c->bundle = c->in->size > BUNDLE;
	if (!code_names(c))
		return -ENOMEM;
	/* Once to know functions, once to tell. */
	code_statements(c);
	c->telling = true;
	code_statements(c);
	code_signs(c);
	code_days(c);
	if (code_is_gradle(c->in->name) && !c->is_inner)
		code_gradle(c);
	return !all;
}

static void program(struct code *c, const struct source_language *l)
{
	_cleanup_arena_ struct arena arena = ARENA(ARENA_MAX);
	int r = c->in->size > FILE_MAX ? -EFBIG : follow(c, l, &arena);
	/* Of a program that is built before it runs the rest is not known well enough. */
	if (c->compiled)
		return;
	if (r >= 0)
		scan_mined_look(c->s, c->in);
	if (r >= 0)
		scan_posture_code(c->s, c->in, c->language, c->t, c->n);
	if (r)
		scan_found(c->s, c->in, SCAN_RULE_CODE_LIMIT, 0, c->in->size, "%s",
		        r < 0 ? "more than is followed" : "more tokens than are followed");
}

/* Escapes of a text as they are in most languages. */
struct slice code_unescape(struct arena *arena, struct slice text)
{
	uint8_t *p = arena_alloc(arena, text.n + 1);
	size_t n = 0;
	for (size_t i = 0; p && i < text.n; i++) {
		bool escape = text.p[i] == '\\' && i + 1 < text.n;
		i += escape;
		p[n++] = !escape ? text.p[i] : text.p[i] == 'n' ? '\n' : text.p[i] == 't' ? '\t' : text.p[i];
	}
	return p ? slice_of(p, n) : SLICE_NONE;
}

enum scan_rule_name code_inner(struct code *outer, struct slice text)
{
	static const char *const runs[] = {"exec(", "eval(", "Function("}, *const gets[] = {"urlopen", "requests.", "b64decode", "atob(",
	                                                                           "base64", "fetch("};
	bool one = false, other = false;
	for (size_t i = 0; i < ARRAY_LEN(runs); i++)
		one |= slice_find(text, slice_str(runs[i]), 0) != SLICE_NPOS;
	for (size_t i = 0; one && i < ARRAY_LEN(gets); i++)
		other |= slice_find(text, slice_str(gets[i]), 0) != SLICE_NPOS;
	if (!other || outer->is_inner || !code_steps(outer, 64 * text.n))
		return SCAN_RULES;
	_cleanup_arena_ struct arena arena = ARENA(ARENA_MAX / 4);
	struct scan_input in = *outer->in;
	in.bytes = code_unescape(&arena, text);
	in.size = in.bytes.n;
	struct code c = {.s = outer->s, .in = &in, .language = outer->language, .is_inner = true, .inner = SCAN_RULES};
	return follow(&c, source_language(outer->in->name, outer->in->bytes), &arena) < 0 ? SCAN_RULES : c.inner;
}

bool scan_code_look(struct scan *s, const struct scan_input *in)
{
	if (in->quiet || in->bytes.n != in->size || in->size == 0)
		return false;
	if (virus_test(in)) {
		scan_found(s, in, SCAN_RULE_CODE_TEST, 0, in->size, "%s", "");
		return true;
	}
	const struct source_language *l = source_language(in->name, in->bytes);
	struct code c = {
	        .s = s, .in = in, .language = l ? source_language_name(l) : "", .inner = SCAN_RULES, .skill = scan_agent_is_script(in)};
	bool runs = change_defers(in->path) == CHANGE_RUN_UNASKED, shell = l && strcmp(c.language, "shell") == 0;
	if (!l && scan_has_suffix(in->name, ".ipynb"))
		return code_notebook(s, in);
	if (!l && is_build(in->name)) {
		build(&c);
		return true;
	}
	bool cmake = code_is_cmake(in->name), make = code_is_make(in->name), autoconf = make || code_is_autoconf(in->name);
	if ((cmake || (autoconf && !shell)) && in->size > CODE_BUILD_MAX) {
		scan_found(s, in, SCAN_RULE_CODE_LIMIT, 0, in->size, "%s", "a build that is larger than is read");
		return true;
	}
	if (cmake)
		code_cmake(&c);
	if (autoconf)
		code_autoconf(&c, make);
	if (code_is_power(in->name))
		code_power(&c);
	if (code_is_batch(in->name))
		code_batch(&c);
	if (!l && !runs)
		return cmake || autoconf || package(&c);
	/* The name of a hook does not say its language. */
	if (runs && (!l || shell))
		hook(&c);
	if (make)
		make_shells(&c);
	if (!l || shell)
		shell_script(&c);
	else if (is_followed(c.language) || is_compiled(c.language))
		program(&c, l);
	else
		return false;
	return true;
}
