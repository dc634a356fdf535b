/* Programs: what is decoded or fetched, and then run; secrets that are sent away. Values are followed from where they come to where they
 * are used through assignments, and through functions that give them back or send what they are given, within one file. By tokens, with one
 * set of rules for all languages: a parser of each would say more. What is not followed is not told. */
#include "base/arena.h"
#include "inspect/scan_part.h"
#include "inspect/scan_posture.h"
#include "inspect/scan_shell.h"
#include "parse/conf.h"
#include "parse/tokens.h"

#define FILE_MAX   ((size_t)32 << 20)
#define ARENA_MAX  ((size_t)256 << 20)
#define TOKENS_MAX 4000000u
#define NAMES_MAX  1024u
#define NODES      200000u
#define MINIFIED   4000u /* bytes of a line that nobody wrote */
#define RANGE_MAX  4000u /* tokens of a statement, or of arguments, that are looked at */

/* What a value is. */
#define DECODED 1u
#define FETCHED 2u
#define SECRET  4u
#define ALL     8u  /* variables of the process */
#define GIVEN   16u /* to the function it is in */

enum kind { DECODES, FETCHES, EVALUATES, STARTS, SENDS, GATHERS };
static const char *const calls[] = {
#define CALL(kind, names) [kind] = " " names " ",
#include "inspect/scan_code_table.h"
#undef CALL
};

struct named {
	struct slice name, means; /* of an alias */
	unsigned value;           /* of a variable; of a function: what it gives back */
	bool sends;               /* of a function: what it is given */
};
struct names {
	struct named n[NAMES_MAX];
	size_t count;
};

struct code {
	struct scan *s;
	const struct scan_input *in;
	const struct token *t;
	size_t n;
	const char *language;
	struct names aliases, variables, functions;
	struct named *function; /* the one that is read now */
	bool telling;           /* the second time */
	bool minified;          /* its names are a letter or two, and mean another thing in each function: they are not followed */
	bool dup2, connects, spawns_shell, pipes;
};

/* ── names ── */

static struct named *find(struct names *l, struct slice name)
{
	for (size_t i = l->count; i > 0; i--)
		if (slice_eq(l->n[i - 1].name, name))
			return &l->n[i - 1];
	return NULL;
}

static bool find_const(const struct names *l, struct slice name)
{
	for (size_t i = 0; i < l->count; i++)
		if (slice_eq(l->n[i].name, name))
			return true;
	return false;
}

static struct named *get(struct names *l, struct slice name)
{
	struct named *n = find(l, name);
	if (n || l->count == NAMES_MAX)
		return n;
	l->n[l->count] = (struct named){.name = name};
	return &l->n[l->count++];
}

static struct slice first_part(struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (i && (name.p[i] == '.' || name.p[i] == '?'))
			return slice_sub(name, 0, i);
	return name;
}

static struct slice last_part(struct slice name)
{
	for (size_t i = name.n; i > 0; i--)
		if (name.p[i - 1] == '.')
			return slice_from(name, i);
	return name;
}

/* The name with what an import calls it. */
static struct slice full(struct code *c, struct slice name, char *to, size_t size)
{
	struct slice first = first_part(name);
	const struct named *a = find(&c->aliases, first);
	if (!a || a->means.n + name.n - first.n >= size)
		return name;
	memcpy(to, a->means.p, a->means.n);
	memcpy(to + a->means.n, name.p + first.n, name.n - first.n);
	return slice_of(to, a->means.n + name.n - first.n);
}

static bool in_list(enum kind k, struct slice name)
{
	char needle[192];
	if (name.n == 0 || name.n + 3 > sizeof(needle))
		return false;
	needle[0] = ' ';
	memcpy(needle + 1, name.p, name.n);
	needle[name.n + 1] = ' ';
	needle[name.n + 2] = 0;
	return strstr(calls[k], needle) != NULL;
}

/* "builtins.exec", and ".decrypt" of anything. */
static bool is(struct code *c, struct slice name, enum kind k)
{
	char text[160];
	struct slice f = full(c, name, text, sizeof(text));
	if (in_list(k, f))
		return true;
	for (size_t i = 0; i < f.n; i++)
		if (f.p[i] == '.' && in_list(k, slice_from(f, i)))
			return true;
	return false;
}

/* ── tokens ── */

static bool is_sign(const struct code *c, size_t i, uint8_t sign)
{
	return i < c->n && c->t[i].kind == TOKEN_SIGN && c->t[i].sign == sign;
}

static bool is_word(const struct code *c, size_t i, const char *word)
{
	return i < c->n && c->t[i].kind == TOKEN_NAME && slice_is(c->t[i].text, word);
}

/* Behind the bracket that closes the one at `i`. */
static size_t behind(const struct code *c, size_t i)
{
	unsigned depth = c->t[i].depth;
	size_t end = i + 1;
	while (end < c->n && end - i < RANGE_MAX &&
	        !(c->t[end].kind == TOKEN_SIGN && c->t[end].depth == depth && (c->t[end].sign == ')' || c->t[end].sign == ']')))
		end++;
	return end < c->n ? end + 1 : c->n;
}

static size_t place(const struct code *c, size_t i)
{
	return (size_t)(c->t[i].text.p - c->in->bytes.p);
}

static void tell(struct code *c, enum scan_rule_name rule, size_t from, size_t to)
{
	if (!c->telling || from >= c->n)
		return;
	size_t at = place(c, from), end = to > from && to <= c->n ? place(c, to - 1) + c->t[to - 1].text.n : at;
	char text[240];
	struct slice shown = slice_sub(c->in->bytes, at, end - at < sizeof(text) - 1 ? end - at : sizeof(text) - 1);
	for (size_t i = 0; i < shown.n; i++)
		text[i] = (char)(shown.p[i] < ' ' ? ' ' : shown.p[i]);
	text[shown.n] = 0;
	scan_found_text(c->s, c->in, rule, c->in->bytes, at, end - at, "%s", text);
}

/* ── values ── */

/* Files that hold keys, and that no program reads to use them as what they are. */
static bool secret_file(struct slice path)
{
	static const char *const parts[] = {".ssh/id_", ".aws/credentials", ".git-credentials", ".gnupg", "/etc/shadow", "/etc/passwd",
	        "Login Data", "cookies.sqlite", "wallet.dat", "login.keychain", ".claude/.credentials", ".codex/auth.json",
	        ".config/gh/hosts.yml"};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (path.n < 300 && slice_find(path, slice_str(parts[i]), 0) != SLICE_NPOS)
			return !slice_ends(path, SLICE(".pub"));
	return false;
}

static bool all_variables(const struct code *c, size_t i, struct slice name)
{
	static const char *const names[] = {"os.environ", "process.env", "ENV", NULL};
	static const char *const calls_of[] = {
	        "os.environ.items", "os.environ.copy", "ENV.to_h", "ENV.to_a", "ENV.to_hash", "os.Environ", "ENV.each", NULL};
	if (scan_one_of(name, calls_of))
		return true;
	return scan_one_of(name, names) && !is_sign(c, i + 1, '[') && !is_sign(c, i + 1, '=') &&
	       !(i + 1 < c->n && c->t[i + 1].kind == TOKEN_NAME && c->t[i + 1].text.p[0] == '.');
}

static unsigned value_of_name(struct code *c, size_t i)
{
	char text[160];
	struct slice name = c->t[i].text, f = full(c, name, text, sizeof(text));
	unsigned v = 0;
	bool called = is_sign(c, i + 1, '(');
	if (called && is(c, name, DECODES))
		v |= DECODED;
	if (called && is(c, name, FETCHES))
		v |= FETCHED;
	if (all_variables(c, i, f))
		v |= ALL;
	/* Buffer.from(x, "base64"), "…".decode("base64") */
	if (called && (slice_ends(f, SLICE("Buffer.from")) || slice_is(last_part(f), "decode") || slice_is(last_part(f), "unpack"))) {
		size_t end = behind(c, i + 1);
		for (size_t k = i + 2; k < end && k < c->n; k++)
			if (c->t[k].kind == TOKEN_TEXT &&
			        (slice_is(c->t[k].text, "base64") || slice_is(c->t[k].text, "hex") || slice_is(c->t[k].text, "m") ||
			                slice_is(c->t[k].text, "rot13") || slice_is(c->t[k].text, "rot_13")))
				v |= DECODED;
	}
	/* One variable of all is none of a secret's: env.PATH, env["PATH"]. */
	const struct named *known = find(&c->variables, name), *whole = find(&c->variables, first_part(name));
	if (known && name.p[0] != '.')
		v |= is_sign(c, i + 1, '[') ? known->value & ~ALL : known->value;
	else if (whole && name.p[0] != '.')
		v |= whole->value & ~ALL;
	const struct named *function = called ? find(&c->functions, last_part(name)) : NULL;
	return v | (function ? function->value : 0);
}

static unsigned value(struct code *c, size_t from, size_t to)
{
	unsigned v = 0;
	for (size_t i = from; i < to && i < c->n && i - from < RANGE_MAX; i++) {
		if (c->t[i].kind == TOKEN_NAME)
			v |= value_of_name(c, i);
		else if (c->t[i].kind == TOKEN_TEXT && secret_file(c->t[i].text))
			v |= SECRET;
	}
	return v;
}

static void set(struct code *c, struct slice name, unsigned v, bool also)
{
	struct named *n = !c->minified && (v || find(&c->variables, name)) ? get(&c->variables, name) : NULL;
	if (n)
		n->value = also ? n->value | v : v;
}

/* ── what is done with them ── */

/* Commands in texts that a process is started with. */
static void commands(struct code *c, size_t i, size_t from, size_t to)
{
	unsigned does = 0;
	for (size_t k = from; k < to && k < c->n; k++)
		if (c->t[k].kind == TOKEN_TEXT && c->t[k].text.n > 8)
			does |= scan_shell(c->t[k].text);
	if (does & (SHELL_DOES_REVERSE | SHELL_DOES_SENDS | SHELL_DOES_HIDDEN | SHELL_DOES_DISGUISED))
		tell(c, SCAN_RULE_CODE_COMMAND, i, to);
	else if (does & (SHELL_DOES_DOWNLOAD | SHELL_DOES_DECODED))
		tell(c, SCAN_RULE_CODE_COMMAND_ODD, i, to);
}

/* Words that are functions of one language only. */
static bool speaks(const struct code *c, struct slice name)
{
	bool php = strcmp(c->language, "php") == 0;
	if (slice_is(name, "assert") || slice_is(name, "create_function"))
		return php;
	if (find_const(&c->aliases, first_part(name)))
		return true;
	if (slice_is(name, "exec"))
		return strcmp(c->language, "python") == 0;
	return !slice_is(name, "system") || strcmp(c->language, "ruby") == 0 || php;
}

/* require("child_process").exec(…) */
static bool required_process(const struct code *c, size_t i)
{
	static const char *const names[] = {".exec", ".execSync", ".spawn", ".spawnSync", ".execFile", ".execFileSync", NULL};
	return i >= 4 && scan_one_of(c->t[i].text, names) && c->t[i - 2].kind == TOKEN_TEXT &&
	       slice_ends(c->t[i - 2].text, SLICE("child_process"));
}

static void call(struct code *c, size_t i)
{
	struct slice name = c->t[i].text;
	size_t end = behind(c, i + 1);
	bool own = speaks(c, name);
	bool starts = (is(c, name, STARTS) && own) || required_process(c, i), evaluates = is(c, name, EVALUATES) && own;
	bool sends = is(c, name, SENDS);
	const struct named *function = find(&c->functions, last_part(name));
	if (!starts && !evaluates && !sends && !(function && function->sends))
		return;
	unsigned v = value(c, i + 2, end);
	if (evaluates && v & DECODED)
		tell(c, SCAN_RULE_CODE_DECODED, i, end);
	else if (evaluates && v & FETCHED)
		tell(c, SCAN_RULE_CODE_FETCHED, i, end);
	if (starts) {
		commands(c, i, i + 2, end);
		if (v & DECODED)
			tell(c, SCAN_RULE_CODE_DECODED_ODD, i, end);
		for (size_t k = i + 2; k < end && k < c->n; k++)
			if (c->t[k].kind == TOKEN_TEXT && (slice_is(c->t[k].text, "/bin/sh") || slice_is(c->t[k].text, "/bin/bash") ||
			                                          slice_is(c->t[k].text, "bash") || slice_is(c->t[k].text, "cmd.exe")))
				c->spawns_shell = true;
	}
	if ((sends || (function && function->sends)) && v & (SECRET | ALL))
		tell(c, SCAN_RULE_CODE_SENDS, i, end);
	if (sends && v & GIVEN && c->function)
		c->function->sends = true;
}

/* A shell whose ends are a socket's. */
static void socket_shell(struct code *c, size_t i)
{
	struct slice name = c->t[i].text, last = last_part(name);
	c->dup2 |= slice_is(name, "os.dup2");
	c->spawns_shell |= slice_is(name, "pty.spawn");
	c->connects |= slice_is(last, "connect") || slice_is(name, "net.Socket") || slice_is(name, "net.createConnection");
	if (slice_is(last, "pipe") && is_sign(c, i + 1, '(') && i + 2 < c->n && slice_ends(c->t[i + 2].text, SLICE(".stdin")))
		c->pipes = true;
	if (c->connects && c->spawns_shell && (c->dup2 || c->pipes)) {
		tell(c, SCAN_RULE_CODE_REVERSE, i, i + 1);
		c->dup2 = c->pipes = false;
	}
}

/* ── statements ── */

/* import a as b; from a import b as c, d; const a = require("b") */
static bool import(struct code *c, size_t from, size_t to)
{
	struct slice module = SLICE_NONE;
	size_t i = from;
	if (is_word(c, i, "from") && i + 2 < to && is_word(c, i + 2, "import")) {
		module = c->t[i + 1].text;
		i += 2;
	}
	if (!is_word(c, i, "import"))
		return false;
	for (i++; i < to; i++) {
		if (c->t[i].kind != TOKEN_NAME)
			continue;
		struct slice name = c->t[i].text, alias = name;
		if (is_word(c, i + 1, "as") && i + 2 < to) {
			alias = c->t[i + 2].text;
			i += 2;
		}
		struct named *a = module.n || !slice_eq(alias, name) ? get(&c->aliases, alias) : NULL;
		if (!a)
			continue;
		a->means = name;
		/* "a.b", if both stand beside each other in the source it would do; they do not. */
		if (module.n && slice_is(module, "os") && slice_is(name, "environ"))
			a->means = SLICE("os.environ");
		else if (module.n && slice_is(module, "os") && slice_is(name, "system"))
			a->means = SLICE("os.popen");
		else if (module.n && (slice_is(module, "subprocess") || slice_is(module, "child_process")))
			a->means = SLICE("subprocess.run");
		else if (module.n && slice_is(module, "requests"))
			a->means = SLICE("requests.post");
	}
	return true;
}

/* def name(parameters), function name(parameters) */
static size_t define(struct code *c, size_t i)
{
	if (!(is_word(c, i, "def") || is_word(c, i, "function") || is_word(c, i, "func") || is_word(c, i, "fn")) || i + 2 >= c->n ||
	        c->t[i + 1].kind != TOKEN_NAME || !is_sign(c, i + 2, '('))
		return 0;
	c->function = c->minified ? NULL : get(&c->functions, last_part(c->t[i + 1].text));
	size_t end = behind(c, i + 2);
	for (size_t k = i + 3; k + 1 < end; k++)
		if (c->t[k].kind == TOKEN_NAME && !slice_is(c->t[k].text, "self") && (is_sign(c, k - 1, '(') || is_sign(c, k - 1, ',')))
			set(c, c->t[k].text, GIVEN, false);
	return end;
}

/* The place of "=", ":=", "+=" in a statement; SIZE_MAX: none. */
static size_t assignment(const struct code *c, size_t from, size_t to, bool *also)
{
	for (size_t i = from + 1; i + 1 < to; i++) {
		if (!is_sign(c, i, '=') || c->t[i].depth != c->t[from].depth)
			continue;
		if (is_sign(c, i + 1, '=') || is_sign(c, i + 1, '>') || is_sign(c, i - 1, '=') || is_sign(c, i - 1, '!') ||
		        is_sign(c, i - 1, '<') || is_sign(c, i - 1, '>'))
			return SIZE_MAX;
		*also = is_sign(c, i - 1, '+') || is_sign(c, i - 1, ']');
		return i;
	}
	return SIZE_MAX;
}

static bool is_keyword(struct slice name)
{
	static const char *const words[] = {"const", "let", "var", "my", "await", "async", "in", "of", "for", "if", "with", "as", NULL};
	return scan_one_of(name, words);
}

/* const cp = require("child_process"), const { exec } = require("child_process"), const s = require("child_process").spawn */
static bool required(struct code *c, size_t from, size_t at, size_t to)
{
	if (at + 4 >= to || !is_word(c, at + 1, "require") || !is_sign(c, at + 2, '(') || c->t[at + 3].kind != TOKEN_TEXT)
		return false;
	struct slice m = c->t[at + 3].text;
	m = slice_starts(m, SLICE("node:")) ? slice_from(m, 5) : m;
	bool one = c->t[at - 1].kind == TOKEN_NAME, member = at + 5 < to && c->t[at + 5].kind == TOKEN_NAME;
	bool process = slice_is(m, "child_process");
	for (size_t i = from; i < at; i++) {
		if (c->t[i].kind != TOKEN_NAME || is_keyword(c->t[i].text) || (!process && !one))
			continue;
		struct named *a = get(&c->aliases, c->t[i].text);
		if (a)
			a->means = process && (!one || member) ? SLICE("child_process.exec") : m;
	}
	return true;
}

static void assign(struct code *c, size_t from, size_t to)
{
	bool also = false;
	size_t at = assignment(c, from, to, &also);
	if (at != SIZE_MAX) {
		if (required(c, from, at, to))
			return;
		unsigned v = value(c, at + 1, to);
		/* const { PATH } = process.env: single ones. */
		bool parts = is_sign(c, at - 1, '}');
		v = parts ? v & ~ALL : v;
		for (size_t i = from; i < at; i++)
			if (c->t[i].kind == TOKEN_NAME && !is_keyword(c->t[i].text) && c->t[i].depth == c->t[from].depth)
				set(c, c->t[i].text, v, also);
	}
	/* for a, b in c; with a as b */
	for (size_t i = from; i + 1 < to; i++) {
		if (is_word(c, i, "in") || is_word(c, i, "of")) {
			unsigned v = value(c, i + 1, to);
			for (size_t k = from; k < i; k++)
				if (c->t[k].kind == TOKEN_NAME && !is_keyword(c->t[k].text))
					set(c, c->t[k].text, v, true);
		}
		if (is_word(c, i, "as") && c->t[i + 1].kind == TOKEN_NAME)
			set(c, c->t[i + 1].text, value(c, from, i), false);
	}
}

static void gathers(struct code *c, size_t i)
{
	struct slice name = c->t[i].text;
	if (name.p[0] != '.' && is(c, name, GATHERS)) {
		unsigned v = value(c, i + 2, behind(c, i + 1)) & ~GIVEN;
		if (v)
			set(c, first_part(name), v, true);
	}
}

static void statement(struct code *c, size_t from, size_t to)
{
	if (import(c, from, to))
		return;
	for (size_t i = from; i < to; i++) {
		if (c->t[i].kind != TOKEN_NAME)
			continue;
		size_t end = define(c, i);
		if (end) {
			i = end - 1;
			continue;
		}
		socket_shell(c, i);
		if (is_sign(c, i + 1, '(')) {
			call(c, i);
			gathers(c, i);
		}
		if (slice_is(c->t[i].text, "return") && c->function)
			c->function->value |= value(c, i + 1, to) & ~GIVEN;
	}
	assign(c, from, to);
}

static void all_statements(struct code *c)
{
	c->variables.count = 0;
	c->function = NULL;
	c->dup2 = c->connects = c->spawns_shell = c->pipes = false;
	for (size_t i = 0; i < c->n;) {
		size_t end = i;
		while (end < c->n && c->t[end].kind != TOKEN_END && end - i < RANGE_MAX)
			end++;
		if (end > i)
			statement(c, i, end);
		i = end + (end < c->n && c->t[end].kind == TOKEN_END);
	}
}

/* ── packages ── */

static int install_script(void *arg, const struct conf *v, struct slice key)
{
	static const char *const names[] = {
	        "preinstall", "install", "postinstall", "prepare", "preprepare", "postprepare", "prepublish", NULL};
	struct code *c = arg;
	if (!conf_is_text(v) || !scan_one_of(key, names))
		return 0;
	unsigned does = scan_shell(v->text) & SHELL_DOES_HARM;
	/* Code in quotes that starts a command: what is in its quotes. */
	struct slice rest = v->text, part;
	while (!does && slice_split(&rest, '\'', &part))
		does |= part.n > 8 ? scan_shell(part) & SHELL_DOES_HARM : 0;
	if (does) {
		size_t at = slice_find(c->in->bytes, key, 0);
		scan_found_text(c->s, c->in, SCAN_RULE_CODE_INSTALL, c->in->bytes, at == SLICE_NPOS ? 0 : at, key.n, "%.*s: %.*s",
		        SLICE_FMT(key), SLICE_FMT(slice_sub(v->text, 0, 200)));
	}
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
	if (!scan_has_suffix(c->in->name, ".json") || t.n > ((size_t)1 << 20) ||
	        (slice_find(t, SLICE("\"scripts\""), 0) == SLICE_NPOS && slice_find(t, SLICE("ependencies\""), 0) == SLICE_NPOS) ||
	        conf_read(CONF_JSON, t, NODES, &arena, &root, NULL) < 0)
		return false;
	(void)conf_each(root, "scripts/*", install_script, c);
	for (size_t i = 0; i < ARRAY_LEN(dependencies); i++)
		(void)conf_each(root, dependencies[i], dependency, c);
	return true;
}

static void shell_script(struct code *c)
{
	const unsigned harm = SHELL_DOES_REVERSE | SHELL_DOES_SENDS | SHELL_DOES_HIDDEN | SHELL_DOES_DISGUISED;
	struct slice t = c->in->bytes;
	for (size_t at = 0; at < t.n;) {
		size_t end = slice_chr(t, '\n', at);
		end = end == SLICE_NPOS ? t.n : end;
		/* A line that goes on. */
		while (end < t.n && end > at && (t.p[end - 1] == '\\' || t.p[end - 1] == '|')) {
			size_t more = slice_chr(t, '\n', end + 1);
			end = more == SLICE_NPOS ? t.n : more;
		}
		struct slice line = slice_sub(t, at, end - at);
		if (line.n < ((size_t)64 << 10) && scan_shell(line) & harm)
			scan_found_text(c->s, c->in, SCAN_RULE_CODE_COMMAND, t, at, line.n, "%.*s", SLICE_FMT(slice_sub(line, 0, 240)));
		at = end + 1;
	}
}

static bool is_followed(const char *language)
{
	static const char *const names[] = {"python", "javascript", "ruby", "go", "php", NULL};
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

static bool is_minified(struct slice t)
{
	for (size_t at = 0; at < t.n;) {
		size_t end = slice_chr(t, '\n', at);
		end = end == SLICE_NPOS ? t.n : end;
		if (end - at > MINIFIED)
			return true;
		at = end + 1;
	}
	return false;
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
	struct code *c = calloc(1, sizeof(*c));
	if (!c)
		return false;
	*c = (struct code){.s = s, .in = in, .language = l ? source_language_name(l) : ""};
	bool looked = false, all = true;
	_cleanup_arena_ struct arena arena = ARENA(ARENA_MAX);
	struct token *t;
	if (!l) {
		looked = package(c);
	} else if (strcmp(c->language, "shell") == 0) {
		shell_script(c);
		looked = true;
	} else if (is_followed(c->language)) {
		looked = true;
		if (in->size > FILE_MAX || tokens_read(in->bytes, l, TOKENS_MAX, &arena, &t, &c->n, &all) < 0) {
			scan_found(s, in, SCAN_RULE_CODE_LIMIT, 0, in->size, "%s", "more than is followed");
		} else {
			c->t = t;
			c->minified = strcmp(c->language, "javascript") == 0 && is_minified(in->bytes);
			/* Once to know functions, once to tell. */
			all_statements(c);
			c->telling = true;
			all_statements(c);
			scan_posture_code(s, in, c->language, t, c->n);
			if (!all)
				scan_found(s, in, SCAN_RULE_CODE_LIMIT, 0, in->size, "%s", "more tokens than are followed");
		}
	}
	free(c);
	return looked;
}
