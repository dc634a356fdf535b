/* Configuration of AI tools: what it lets them run, where it sends them, what they need not ask. Files are told by their names, settings by
 * a table of keys, commands by their structure (scan_shell.h). What settings run is judged harder than what a text tells. */
#include <fnmatch.h>
#include <stdio.h>

#include "inspect/scan_part.h"
#include "inspect/scan_shell.h"
#include "parse/conf.h"

#define ARENA_MAX   ((size_t)64 << 20)
#define FILE_MAX    ((size_t)16 << 20)
#define NODES       200000u
#define DEPTH_MAX   24u
#define COMMAND_MAX ((size_t)64 * 1024)
#define SNIPPETS    20000u
#define CHUNK       ((size_t)8 * 1024)
#define SHOWN       300
/* Looked for when there is something to tell. */
#define SCAN_NOWHERE SIZE_MAX

enum kind { NONE, TEXT, REFERENCE, SETTINGS, TASKS, CONTAINER, SCRIPT, DATA };
enum value { COMMAND, COMMANDS, SERVER, VARIABLES, HOST, BOXED, TASK, ALLOWS, IS_TRUE, IS_BYPASS, IS_YOLO, IS_FULL, IS_ALLOW, IS_ALL };

static const struct {
	const char *pattern;
	enum kind kind;
} files[] = {
#define FILE_ROWS
#define FILE_ROW(pattern, kind) {pattern, kind},
#include "inspect/scan_agent_table.h"
#undef FILE_ROWS
};
static const struct {
	enum kind kind;
	const char *path;
	enum value value;
} keys[] = {
#define KEY_ROWS
#define KEY_ROW(kind, path, value) {kind, path, value},
#include "inspect/scan_agent_table.h"
#undef KEY_ROWS
};
static const char *const vendors[] = {
#define HOST_ROWS
#define HOST_ROW(host) host,
#include "inspect/scan_agent_table.h"
#undef HOST_ROWS
};
static const char *const tunnels[] = {
#define TUNNEL_ROWS
#define TUNNEL_ROW(host) host,
#include "inspect/scan_agent_table.h"
#undef TUNNEL_ROWS
};

struct agent {
	struct scan *s;
	const struct scan_input *in;
	enum kind kind;
	unsigned snippets;
	enum value value; /* of the row that is walked */
};

/* ── which file ── */

/* Most names end otherwise than a pattern does: that is cheap to see. */
static bool may_fit(const char *pattern, const char *path)
{
	const char *star = strrchr(pattern, '*');
	return scan_has_suffix(path, star ? star + 1 : pattern);
}

static enum kind kind_of(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		for (const char *p = may_fit(files[i].pattern, path) ? path : NULL; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL)
			if (fnmatch(files[i].pattern, p, 0) == 0)
				return files[i].kind;
	return NONE;
}

bool scan_agent_is_text(const struct scan_input *in)
{
	return kind_of(in->path) == TEXT;
}

bool scan_agent_is_script(const struct scan_input *in)
{
	return kind_of(in->path) == SCRIPT;
}

/* ── findings ── */

/* Where a value stands: the reader of JSON does not say. Its first bytes that need no escapes are looked for. */
static size_t place(const struct agent *a, struct slice value)
{
	size_t n = 0;
	/* A search for each of many commands would take for ever. */
	if (value.n && scan_is_here(a->in, value))
		return (size_t)(value.p - a->in->bytes.p);
	while (n < value.n && n < 60 && value.p[n] >= 0x20 && value.p[n] != '"' && value.p[n] != '\\' && value.p[n] < 0x7f)
		n++;
	size_t at = n ? slice_find(a->in->bytes, slice_sub(value, 0, n), 0) : SLICE_NPOS;
	return at == SLICE_NPOS ? 0 : at;
}

static void tell(const struct agent *a, enum scan_rule_name rule, size_t at, struct slice shown)
{
	char text[SHOWN + 1];
	struct slice s = slice_sub(slice_trim(shown), 0, SHOWN);
	for (size_t i = 0; i < s.n; i++)
		text[i] = (char)(s.p[i] == '\n' || s.p[i] == '\t' || s.p[i] == 0 ? ' ' : s.p[i]);
	text[s.n] = 0;
	scan_found_text(a->s, a->in, rule, a->in->bytes, at, shown.n < a->in->bytes.n - at ? shown.n : a->in->bytes.n - at, "%s", text);
}

/* A command that is longer, or nested deeper, than is read. */
static void tell_more(const struct agent *a, size_t at, struct slice shown)
{
	scan_found_text(a->s, a->in, SCAN_RULE_LIMIT, a->in->bytes, at, shown.n < a->in->bytes.n - at ? shown.n : a->in->bytes.n - at, "%s",
	        "a command of more parts than are read");
}

/* What is run without a question. In a container it can do less. */
static void tell_run(const struct agent *a, unsigned does, size_t at, struct slice shown, bool boxed)
{
	static const struct {
		unsigned does;
		enum scan_rule_name rule, boxed;
	} rows[] = {
	        {SHELL_DOES_REVERSE, SCAN_RULE_AGENT_REVERSE, SCAN_RULE_AGENT_REVERSE},
	        {SHELL_DOES_SENDS, SCAN_RULE_AGENT_SENDS, SCAN_RULE_AGENT_SENDS},
	        {SHELL_DOES_HIDDEN, SCAN_RULE_AGENT_HIDDEN, SCAN_RULE_AGENT_HIDDEN},
	        {SHELL_DOES_DECODED, SCAN_RULE_AGENT_HIDDEN, SCAN_RULE_AGENT_TELLS_ENCODED},
	        {SHELL_DOES_DISGUISED, SCAN_RULE_AGENT_DISGUISED, SCAN_RULE_AGENT_DISGUISED},
	        {SHELL_DOES_DOWNLOAD, SCAN_RULE_AGENT_DOWNLOAD, SCAN_RULE_AGENT_TELLS_DOWNLOAD},
	        {SHELL_DOES_INSTALLER, SCAN_RULE_AGENT_INSTALLER, SCAN_RULES},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (does & rows[i].does) {
			enum scan_rule_name rule = boxed ? rows[i].boxed : rows[i].rule;
			if (rule != SCAN_RULES)
				tell(a, rule, at == SCAN_NOWHERE ? place(a, shown) : at, shown);
			break;
		}
	if (does & SHELL_DOES_MORE)
		tell_more(a, at == SCAN_NOWHERE ? place(a, shown) : at, shown);
}

/* What a text tells: a risk, and bad only where it hides what it does. */
static void tell_told(const struct agent *a, unsigned does, size_t at, struct slice shown)
{
	static const struct {
		unsigned does;
		enum scan_rule_name rule;
	} rows[] = {
	        {SHELL_DOES_HIDDEN, SCAN_RULE_AGENT_HIDDEN},
	        {SHELL_DOES_SENDS, SCAN_RULE_AGENT_TELLS_SENDS},
	        {SHELL_DOES_REVERSE, SCAN_RULE_AGENT_TELLS_REVERSE},
	        {SHELL_DOES_DECODED, SCAN_RULE_AGENT_TELLS_ENCODED},
	        {SHELL_DOES_DOWNLOAD, SCAN_RULE_AGENT_TELLS_DOWNLOAD},
	        {SHELL_DOES_DISGUISED, SCAN_RULE_AGENT_DISGUISED},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (does & rows[i].does) {
			tell(a, rows[i].rule, at, shown);
			break;
		}
	if (does & SHELL_DOES_MORE)
		tell_more(a, at, shown);
}

/* ── hosts ── */

struct slice scan_host_of(struct slice url)
{
	size_t at = slice_find(url, SLICE("://"), 0);
	struct slice h = slice_from(url, at == SLICE_NPOS ? 0 : at + 3);
	size_t end = 0;
	while (end < h.n && !strchr("/?#", h.p[end]))
		end++;
	h = slice_sub(h, 0, end);
	size_t user = slice_chr(h, '@', 0);
	h = user == SLICE_NPOS ? h : slice_from(h, user + 1);
	size_t port = h.n && h.p[0] != '[' ? slice_chr(h, ':', 0) : SLICE_NPOS;
	return slice_sub(h, 0, port);
}

static bool is_under(struct slice host, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct slice d = slice_str(list[i]);
		if (host.n >= d.n && slice_eq_nocase(slice_from(host, host.n - d.n), d) &&
		        (host.n == d.n || host.p[host.n - d.n - 1] == '.'))
			return true;
	}
	return false;
}

bool scan_agent_hides_host(struct slice host)
{
	return is_under(host, tunnels, ARRAY_LEN(tunnels));
}

static bool is_own_net(struct slice host)
{
	static const char *const ends[] = {"local", "internal", "localhost", "lan", "test", "example", "example.com", "localdomain"};
	if (slice_chr(host, '.', 0) == SLICE_NPOS || is_under(host, ends, ARRAY_LEN(ends)))
		return true;
	bool big = slice_starts(host, SLICE("172.")) && host.n > 6 && host.p[6] == '.' &&
	           ((host.p[4] == '1' && host.p[5] >= '6') || host.p[4] == '2' || (host.p[4] == '3' && host.p[5] <= '1'));
	return big || slice_starts(host, SLICE("127.")) || slice_starts(host, SLICE("10.")) || slice_starts(host, SLICE("192.168.")) ||
	       slice_starts(host, SLICE("0.0.0.0"));
}

static void host(const struct agent *a, struct slice url)
{
	struct slice h = scan_host_of(url);
	/* What is put in when it is read is somebody's own. */
	if (h.n == 0 || slice_chr(h, '$', 0) != SLICE_NPOS || slice_chr(h, '{', 0) != SLICE_NPOS || slice_chr(h, '<', 0) != SLICE_NPOS)
		return;
	if (is_own_net(h) || is_under(h, vendors, ARRAY_LEN(vendors)))
		return;
	tell(a, slice_starts(url, SLICE("http://")) ? SCAN_RULE_AGENT_HOST_PLAIN : SCAN_RULE_AGENT_HOST, place(a, url), url);
}

/* ── settings ── */

static bool is_redirect(struct slice name)
{
	static const char *const names[] = {"ANTHROPIC_BASE_URL", "ANTHROPIC_BEDROCK_BASE_URL", "ANTHROPIC_VERTEX_BASE_URL",
	        "OPENAI_BASE_URL", "OPENAI_API_BASE", "GOOGLE_GEMINI_BASE_URL", "GEMINI_BASE_URL", "CODE_ASSIST_ENDPOINT", "GROQ_BASE_URL",
	        "MISTRAL_BASE_URL", "DEEPSEEK_BASE_URL", "XAI_BASE_URL", "KIMI_BASE_URL", "COPILOT_PROVIDER_BASE_URL", "HTTPS_PROXY",
	        "https_proxy", "ALL_PROXY", NULL};
	return scan_one_of(name, names);
}

static bool is_preload(struct slice name, struct slice value)
{
	static const char *const names[] = {
	        "LD_PRELOAD", "DYLD_INSERT_LIBRARIES", "BASH_ENV", "PYTHONSTARTUP", "GIT_SSH_COMMAND", "PERL5OPT", NULL};
	if (slice_is(name, "NODE_TLS_REJECT_UNAUTHORIZED"))
		return slice_is(value, "0");
	if (slice_is(name, "NODE_OPTIONS"))
		return slice_find(value, SLICE("--require"), 0) != SLICE_NPOS || slice_find(value, SLICE("-r "), 0) != SLICE_NPOS ||
		       slice_find(value, SLICE("--import"), 0) != SLICE_NPOS;
	return value.n && scan_one_of(name, names);
}

static void variables(const struct agent *a, const struct conf *v)
{
	for (const struct conf *c = v->type == CONF_MAP ? v->child : NULL; c; c = c->next) {
		if (is_redirect(c->key))
			host(a, c->text);
		if (is_preload(c->key, c->text))
			tell(a, SCAN_RULE_AGENT_PRELOAD, place(a, c->key), c->text);
	}
}

static void command(const struct agent *a, struct slice text, bool boxed)
{
	unsigned does = scan_shell(text);
	scan_runs(a->s, a->in, SCAN_RUNS_UNASKED, place(a, text), text);
	scan_lets(a->s, SCAN_LETS_COMMANDS | (does & SHELL_DOES_LATEST ? SCAN_LETS_LATEST : 0) |
	                        (does & SHELL_DOES_REACHES ? SCAN_LETS_NETWORK : 0));
	tell_run(a, does, SCAN_NOWHERE, text, boxed);
}

/* A command as a list of words. */
static void put_words(struct buf *out, const struct conf *list)
{
	for (const struct conf *c = list && list->type == CONF_LIST ? list->child : NULL; c; c = c->next)
		if (c->type == CONF_TEXT || c->type == CONF_NUMBER)
			scan_shell_word(out, c->text);
}

static void words(const struct agent *a, const struct conf *first, const struct conf *args, bool boxed)
{
	_cleanup_buf_ struct buf line = BUF(COMMAND_MAX);
	/* A command with blanks in it is a line, one without is a word. */
	if (conf_is_text(first) && slice_chr(first->text, ' ', 0) != SLICE_NPOS)
		buf_add(&line, first->text);
	else if (conf_is_text(first))
		scan_shell_word(&line, first->text);
	else
		put_words(&line, first);
	put_words(&line, args);
	if (!line.n && !buf_error(&line))
		return;
	unsigned does = scan_shell(buf_slice(&line)) | (buf_error(&line) ? SHELL_DOES_MORE : 0);
	scan_runs(a->s, a->in, SCAN_RUNS_UNASKED, conf_is_text(first) ? place(a, first->text) : 0, buf_slice(&line));
	scan_lets(a->s, does & SHELL_DOES_LATEST ? SCAN_LETS_LATEST : 0);
	if (does & (SHELL_DOES_HARM | SHELL_DOES_INSTALLER | SHELL_DOES_MORE))
		tell_run(a, does, conf_is_text(first) ? place(a, first->text) : 0, buf_slice(&line), boxed);
}

/* A text, a list of words, or several by name. */
static void any_command(const struct agent *a, const struct conf *v, bool boxed, unsigned depth)
{
	if (conf_is_text(v))
		command(a, v->text, boxed);
	else if (v->type == CONF_LIST && conf_is_text(v->child)) {
		scan_lets(a->s, SCAN_LETS_COMMANDS);
		words(a, v, NULL, boxed);
	} else if (v->type == CONF_MAP && depth < 2)
		for (const struct conf *c = v->child; c; c = c->next)
			any_command(a, c, boxed, depth + 1);
}

static bool is_command_key(struct slice key)
{
	static const char *const names[] = {"command", "bash", "powershell", "shell", "run", "script", "windows", "linux", "osx", NULL};
	return scan_one_of(key, names);
}

/* Commands anywhere below. */
static void commands(const struct agent *a, const struct conf *v, unsigned depth)
{
	if (depth > DEPTH_MAX) {
		scan_found(a->s, a->in, SCAN_RULE_LIMIT, 0, a->in->size, "%s", "settings nested deeper than is followed");
		return;
	}
	for (const struct conf *c = v->type == CONF_MAP || v->type == CONF_LIST ? v->child : NULL; c; c = c->next) {
		if (c->key.p && is_command_key(c->key) && conf_is_text(c)) {
			if (conf_get(v, SLICE("args"))) {
				scan_lets(a->s, SCAN_LETS_COMMANDS);
				words(a, c, conf_get(v, SLICE("args")), false);
			} else
				command(a, c->text, false);
		} else if (v->type == CONF_LIST && conf_is_text(c) && depth < 2) {
			command(a, c->text, false);
		} else
			commands(a, c, depth + 1);
	}
}

static void server(const struct agent *a, const struct conf *v)
{
	if (v->type != CONF_MAP)
		return;
	const struct conf *c = conf_get(v, SLICE("command")), *env = conf_get(v, SLICE("env"));
	if (c && c->type == CONF_MAP) {
		words(a, conf_get(c, SLICE("path")), conf_get(c, SLICE("args")), false);
		env = env ? env : conf_get(c, SLICE("env"));
	} else if (c)
		words(a, c, conf_get(v, SLICE("args")), false);
	if (env)
		variables(a, env);
	scan_lets(a->s, SCAN_LETS_SERVERS);
	for (const struct conf *u = v->child; u; u = u->next)
		if (conf_is_text(u) && is_under(scan_host_of(u->text), tunnels, ARRAY_LEN(tunnels)))
			tell(a, SCAN_RULE_AGENT_TUNNEL, place(a, u->text), u->text);
}

/* A task that an editor runs when the folder is opened. */
static void task(const struct agent *a, const struct conf *v)
{
	const struct conf *on = conf_at(v, "runOptions/runOn");
	if (!conf_is_text(on) || !slice_is(on->text, "folderOpen"))
		return;
	static const char *const systems[] = {"", "windows/", "linux/", "osx/"};
	scan_lets(a->s, SCAN_LETS_COMMANDS);
	for (size_t i = 0; i < ARRAY_LEN(systems); i++) {
		char at[32], args[32];
		(void)snprintf(at, sizeof(at), "%scommand", systems[i]);
		(void)snprintf(args, sizeof(args), "%sargs", systems[i]);
		const struct conf *c = conf_at(v, at), *w = conf_at(v, args);
		if (conf_is_text(c) && !w)
			command(a, c->text, false);
		else if (conf_is_text(c))
			words(a, c, w, false);
	}
}

/* "Bash", "Bash(*)", "*": any command at all. */
static void allows(const struct agent *a, const struct conf *v)
{
	static const char *const all[] = {"*", "Bash", "Bash(*)", "Bash(*:*)", "Bash(**)", "Bash(:*)", NULL};
	for (const struct conf *c = v->type == CONF_LIST ? v->child : NULL; c; c = c->next)
		if (conf_is_text(c) && scan_one_of(c->text, all)) {
			scan_lets(a->s, SCAN_LETS_APPROVAL);
			tell(a, SCAN_RULE_AGENT_APPROVES, place(a, c->text), c->text);
			return;
		}
}

static void approval(const struct agent *a, const struct conf *v, struct slice key, const char *want)
{
	bool yes = want ? conf_is_text(v) && slice_is(v->text, want) : v->type == CONF_BOOL && slice_is(v->text, "true");
	if (!yes)
		return;
	_cleanup_buf_ struct buf shown = BUF(4096);
	struct slice name = v->key.p ? v->key : key;
	buf_fmt(&shown, "%.*s%s%.*s", SLICE_FMT(slice_sub(name, 0, 200)), name.n ? ": " : "", SLICE_FMT(slice_sub(v->text, 0, 100)));
	scan_lets(a->s, SCAN_LETS_APPROVAL);
	tell(a, SCAN_RULE_AGENT_APPROVES, place(a, name), buf_slice(&shown));
}

static int value(void *arg, const struct conf *v, struct slice key)
{
	const struct agent *a = arg;
	static const char *const words_of[] = {[IS_BYPASS] = "bypassPermissions",
	        [IS_YOLO] = "yolo",
	        [IS_FULL] = "danger-full-access",
	        [IS_ALLOW] = "allow",
	        [IS_ALL] = "*"};
	switch (a->value) {
	case COMMAND:
	case BOXED:
		any_command(a, v, a->value == BOXED, 0);
		break;
	case COMMANDS:
		commands(a, v, 0);
		break;
	case SERVER:
		server(a, v);
		break;
	case VARIABLES:
		variables(a, v);
		break;
	case HOST:
		host(a, v->text);
		break;
	case TASK:
		task(a, v);
		break;
	case ALLOWS:
		allows(a, v);
		break;
	case IS_TRUE:
		approval(a, v, key, NULL);
		break;
	case IS_BYPASS:
	case IS_YOLO:
	case IS_FULL:
	case IS_ALLOW:
	case IS_ALL:
		approval(a, v, key, words_of[a->value]);
		break;
	}
	return 0;
}

static void walk(struct agent *a, const struct conf *root, enum kind kind)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		a->value = keys[i].value;
		if (keys[i].kind == kind)
			(void)conf_every(root, keys[i].path, value, a);
	}
}

static void settings(struct agent *a)
{
	_cleanup_arena_ struct arena arena = ARENA(ARENA_MAX);
	struct conf *root;
	struct conf_error e = {0};
	enum conf_format f = scan_has_suffix(a->in->name, ".toml") ? CONF_TOML : CONF_JSON;
	if (!slice_trim(a->in->bytes).n)
		return;
	if (a->in->bytes.n > FILE_MAX || conf_read(f, a->in->bytes, NODES, &arena, &root, &e) < 0)
		scan_found(a->s, a->in, SCAN_RULE_AGENT_UNREAD, 0, a->in->size, "line %u: %s", e.line, e.reason ? e.reason : "too large");
	else
		walk(a, root, a->kind);
}

/* ── texts ── */

static bool is_shell_label(struct slice label)
{
	static const char *const names[] = {"", "sh", "bash", "shell", "zsh", "console", "terminal", "shell-session", "shellscript",
	        "powershell", "ps1", "pwsh", "fish", "cmd", "text", "txt", NULL};
	return scan_one_of(label, names);
}

/* Where the first line begins that does harm alone; else the front. */
static size_t harmful_line(struct slice code)
{
	for (size_t at = 0; at < code.n;) {
		size_t end = slice_chr(code, '\n', at);
		end = end == SLICE_NPOS ? code.n : end;
		if (scan_shell(slice_sub(code, at, end - at)) & SHELL_DOES_HARM)
			return at;
		at = end + 1;
	}
	return 0;
}

static void snippet(struct agent *a, size_t at, struct slice code, bool runs)
{
	if (code.n < 4)
		return;
	if (a->snippets++ >= SNIPPETS) {
		if (a->snippets == SNIPPETS + 1)
			scan_found_text(
			        a->s, a->in, SCAN_RULE_LIMIT, a->in->bytes, at, a->in->bytes.n - at, "%s", "more commands than are read");
		return;
	}
	unsigned does = runs ? scan_shell(code) : scan_shell_lines(code);
	size_t line = does & SHELL_DOES_HARM && code.n <= COMMAND_MAX ? harmful_line(code) : 0;
	scan_runs(a->s, a->in, runs ? SCAN_RUNS_UNASKED : SCAN_RUNS_TOLD, at, code);
	if (runs)
		tell_run(a, does, at + line, slice_from(code, line), false);
	else
		tell_told(a, does, at + line, slice_from(code, line));
}

static bool starts_program(struct slice s)
{
	static const char *const parts[] = {
	        "child_process", "os.system", "__import__('os')", "__import__(\\\"os\\\")", "Runtime.getRuntime().exec", "subprocess."};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (slice_find(s, slice_str(parts[i]), 0) != SLICE_NPOS)
			return true;
	return false;
}

/* Texts in code that are commands: what a program would give to a shell. */
static void literals(struct agent *a, size_t at, struct slice code, bool runs)
{
	/* How far no quote of this kind shuts: an escaped one is passed over in the same steps from wherever one begins. */
	size_t open_to[256] = {0};
	for (size_t i = 0; i < code.n; i++) {
		uint8_t q = code.p[i];
		if ((q != '"' && q != '\'' && q != '`') || i < open_to[q])
			continue;
		size_t end = i + 1;
		while (end < code.n && code.p[end] != q && (code.p[end] != '\n' || q == '`'))
			end += code.p[end] == '\\' ? 2 : 1;
		if (end >= code.n || code.p[end] != q) {
			open_to[q] = end;
			continue;
		}
		struct slice inner = slice_sub(code, i + 1, end - i - 1);
		if (inner.n > 8 && slice_chr(inner, ' ', 0) != SLICE_NPOS)
			snippet(a, at + i + 1, inner, runs);
		i = end;
	}
}

static void block(struct agent *a, struct slice label, size_t at, struct slice code)
{
	static const char *const data[] = {"json", "jsonc", "json5", NULL};
	static const char *const settings_too[] = {"yaml", "yml", "toml", "ini", NULL};
	if (scan_one_of(label, settings_too)) {
		return;
	} else if (is_shell_label(label)) {
		snippet(a, at, code, false);
	} else if (scan_one_of(label, data)) {
		if (starts_program(code))
			tell(a, SCAN_RULE_AGENT_DATA_CODE, at, code);
	} else {
		literals(a, at, code, false);
	}
}

/* Code between backticks; behind "!" Claude Code runs it as soon as the text is used. */
static void inline_code(struct agent *a, size_t from, size_t to)
{
	struct slice t = a->in->bytes;
	for (size_t i = from; i < to; i++) {
		if (t.p[i] != '`')
			continue;
		size_t end = slice_chr(slice_sub(t, 0, to), '`', i + 1);
		if (end == SLICE_NPOS)
			return;
		snippet(a, i + 1, slice_sub(t, i + 1, end - i - 1), i > from && t.p[i - 1] == '!');
		i = end;
	}
}

/* A comment that is not shown has no commands to fetch or to send with. */
static void comment(struct agent *a, size_t at, struct slice text)
{
	unsigned does = scan_shell_lines(text);
	struct slice rest = text, line;
	while (slice_split(&rest, '\n', &line) && !(does & SHELL_DOES_HARM)) {
		size_t from = slice_chr(line, '`', 0);
		does |= from == SLICE_NPOS ? scan_shell(line)
		                           : scan_shell(slice_sub(line, from + 1, slice_chr(line, '`', from + 1) - from - 1));
	}
	if (does & SHELL_DOES_HIDDEN)
		tell(a, SCAN_RULE_AGENT_HIDDEN, at, text);
	else if (does & (SHELL_DOES_HARM | SHELL_DOES_INSTALLER))
		tell(a, SCAN_RULE_AGENT_COMMENT, at, text);
	if (does & SHELL_DOES_MORE)
		tell_more(a, at, text);
}

/* Settings that are no YAML for us may be some for whoever is laxer: what is called a command is one, and the rest is a text. */
static void settings_by_line(const struct agent *a, struct slice t)
{
	struct slice rest = t, line;
	unsigned does = scan_shell_lines(t);
	while (slice_split(&rest, '\n', &line)) {
		line = slice_trim(line);
		if (slice_starts(line, SLICE("- ")))
			line = slice_trim(slice_from(line, 2));
		size_t colon = slice_chr(line, ':', 0);
		struct slice value = colon == SLICE_NPOS ? SLICE_NONE : slice_trim(slice_from(line, colon + 1));
		bool quoted = value.n > 1 && (value.p[0] == '"' || value.p[0] == '\'') && value.p[value.n - 1] == value.p[0];
		if (value.n && is_command_key(slice_sub(line, 0, colon)))
			command(a, quoted ? slice_sub(value, 1, value.n - 2) : value, false);
	}
	tell_told(a, does, (size_t)(t.p - a->in->bytes.p), t);
}

/* Between two lines of "---" at the front: settings of the skill or the command. */
static size_t front(struct agent *a)
{
	_cleanup_arena_ struct arena arena = ARENA(ARENA_MAX);
	struct slice t = a->in->bytes;
	struct conf *root;
	if (!slice_starts(t, SLICE("---\n")) && !slice_starts(t, SLICE("---\r\n")))
		return 0;
	size_t end = slice_find(t, SLICE("\n---"), 3);
	if (end == SLICE_NPOS)
		return 0;
	if (conf_read(CONF_YAML, slice_sub(t, 4, end - 3), NODES, &arena, &root, NULL) == 0)
		walk(a, root, SETTINGS);
	else
		settings_by_line(a, slice_sub(t, 4, end - 3));
	return end + 4;
}

/* The fence that a line is: how many signs, 0: none. */
static size_t fence(struct slice line, uint8_t *sign, struct slice *label)
{
	struct slice l = slice_trim(line);
	/* In a list or a quotation it is further in. */
	while (l.n && (l.p[0] == '>' || l.p[0] == ' '))
		l = slice_from(l, 1);
	size_t n = 0;
	while (n < l.n && (l.p[0] == '`' || l.p[0] == '~') && l.p[n] == l.p[0])
		n++;
	if (n < 3)
		return 0;
	*sign = l.p[0];
	struct slice rest = slice_trim(slice_from(l, n));
	size_t word = 0;
	while (word < rest.n && rest.p[word] != ' ' && rest.p[word] != '{' && rest.p[word] != ',')
		word++;
	*label = slice_sub(rest, 0, word);
	return n;
}

static void text(struct agent *a)
{
	struct slice t = a->in->bytes, label = SLICE_NONE;
	uint8_t sign = 0, s;
	size_t open = 0, began = 0, at = front(a);
	while (at < t.n) {
		size_t end = slice_chr(t, '\n', at);
		end = end == SLICE_NPOS ? t.n : end;
		struct slice line = slice_sub(t, at, end - at), l;
		size_t n = fence(line, &s, &l);
		if (open && n >= open && s == sign && l.n == 0) {
			block(a, label, began, slice_sub(t, began, at - began));
			open = 0;
		} else if (!open && n) {
			open = n;
			sign = s;
			label = l;
			began = end + 1;
		} else if (!open) {
			size_t c = slice_find(line, SLICE("<!--"), 0);
			size_t shut = c == SLICE_NPOS ? SLICE_NPOS : slice_find(t, SLICE("-->"), at + c);
			inline_code(a, at, c == SLICE_NPOS ? end : at + c);
			if (shut != SLICE_NPOS) {
				comment(a, at + c + 4, slice_sub(t, at + c + 4, shut - at - c - 4));
				at = shut + 3;
				continue;
			}
		}
		at = end + 1;
	}
	/* One that is not closed goes on to the end. */
	if (open && began < t.n)
		block(a, label, began, slice_from(t, began));
}

/* ── scripts and data ── */

static void script(struct agent *a)
{
	struct slice t = a->in->bytes;
	if (!scan_has_suffix(a->in->name, ".sh") && !scan_has_suffix(a->in->name, ".ps1")) {
		literals(a, 0, t, false);
		return;
	}
	/* Some lines at a time; each is looked at once more to say which it is. */
	for (size_t at = 0; at < t.n;) {
		size_t end = at + CHUNK < t.n ? slice_chr(t, '\n', at + CHUNK) : SLICE_NPOS;
		end = end == SLICE_NPOS ? t.n : end + 1;
		unsigned does = scan_shell_lines(slice_sub(t, at, end - at));
		size_t where = at + (does & SHELL_DOES_HARM ? harmful_line(slice_sub(t, at, end - at)) : 0);
		size_t stop = slice_chr(t, '\n', where);
		tell_told(a, does, where, slice_sub(t, where, (stop == SLICE_NPOS ? t.n : stop) - where));
		at = end;
	}
}

/* Hosts that hide whose they are. */
static void data(struct agent *a)
{
	struct slice t = a->in->bytes;
	for (size_t at = 0; (at = slice_find(t, SLICE("://"), at)) != SLICE_NPOS; at += 3) {
		struct slice url = slice_sub(t, at, 300);
		size_t n = 3;
		while (n < url.n && url.p[n] > ' ' && !strchr("\"'`<>)]},", url.p[n]))
			n++;
		if (is_under(scan_host_of(slice_sub(url, 0, n)), tunnels, ARRAY_LEN(tunnels)))
			tell(a, SCAN_RULE_AGENT_TUNNEL, at, slice_sub(url, 3, n - 3));
	}
}

bool scan_agent_look(struct scan *s, const struct scan_input *in)
{
	struct agent a = {.s = s, .in = in, .kind = in->quiet || in->bytes.n != in->size ? NONE : kind_of(in->path)};
	switch (a.kind) {
	case TEXT:
	case REFERENCE:
		text(&a);
		break;
	case SETTINGS:
	case TASKS:
	case CONTAINER:
		settings(&a);
		break;
	case SCRIPT:
		script(&a);
		data(&a);
		break;
	case DATA:
		data(&a);
		break;
	case NONE:
		return false;
	}
	return true;
}
