/* What a program does with values: what it runs, starts, writes and sends. */
#include "inspect/scan_code.h"
#include "inspect/scan_shell.h"

#define TOGETHER 1000u /* tokens */

/* ── findings ── */

static size_t place(const struct code *c, size_t i)
{
	return (size_t)(c->t[i].text.p - c->in->bytes.p);
}

void code_tell(struct code *c, enum scan_rule_name rule, size_t from, size_t to)
{
	if (!c->telling || from >= c->n)
		return;
	if (c->is_inner) {
		c->inner = c->inner == SCAN_RULES ? rule : c->inner;
		return;
	}
	size_t at = place(c, from), end = to > from && to <= c->n ? place(c, to - 1) + c->t[to - 1].text.n : at;
	char text[240];
	struct slice shown = slice_sub(c->in->bytes, at, end - at < sizeof(text) - 1 ? end - at : sizeof(text) - 1);
	for (size_t i = 0; i < shown.n; i++)
		text[i] = (char)(shown.p[i] < ' ' ? ' ' : shown.p[i]);
	text[shown.n] = 0;
	scan_found_text(c->s, c->in, rule, c->in->bytes, at, end - at, "%s", text);
}

void code_tell_once(struct code *c, unsigned which, enum scan_rule_name rule, size_t from, size_t to)
{
	if (c->telling && !(c->told >> which & 1)) {
		c->told |= 1u << which;
		code_tell(c, rule, from, to);
	}
}

/* ── texts ── */

/* Commands in texts that a process is started with. */
static void commands(struct code *c, size_t i, size_t from, size_t to)
{
	unsigned does = 0;
	for (size_t k = from; k < to && k < c->n; k++) {
		/* A variable that was given one text is that. */
		struct slice text = code_sign(c, k + 1, '(') ? SLICE_NONE : code_literal(c, k);
		if (text.n > 8 && (code_text(c, k) || code_steps(c, text.n)))
			does |= scan_shell(text);
	}
	if (does & (SHELL_DOES_REVERSE | SHELL_DOES_SENDS | SHELL_DOES_HIDDEN | SHELL_DOES_DISGUISED))
		code_tell(c, SCAN_RULE_CODE_COMMAND, i, to);
	else if (does & (SHELL_DOES_DOWNLOAD | SHELL_DOES_DECODED))
		code_tell(c, SCAN_RULE_CODE_COMMAND_ODD, i, to);
	if (does & SHELL_DOES_MORE)
		code_tell(c, SCAN_RULE_CODE_LIMIT, i, to);
}

/* Words that are functions of one language only. */
static bool speaks(const struct code *c, size_t i)
{
	struct slice name = c->t[i].text;
	bool php = c->php, c_like = strcmp(c->language, "c") == 0;
	if (slice_is(name, ".arg") || slice_is(name, ".args"))
		return strcmp(c->language, "rust") == 0;
	if (slice_is(name, "URLClassLoader") || slice_is(code_last_part(name), "defineClass"))
		return strcmp(c->language, "csharp") == 0;
	if (slice_is(name, "assert") || slice_is(name, "create_function"))
		return php;
	struct slice means = c->names[code_name(c, i)->first].means;
	if (means.p)
		return php || !slice_is(means, "assert");
	if (slice_is(name, "exec"))
		return c->python;
	return !slice_is(name, "system") || c->ruby || php || c_like;
}

/* require("child_process").exec(…) */
static bool required_process(const struct code *c, size_t i)
{
	static const char *const names[] = {".exec", ".execSync", ".spawn", ".spawnSync", ".execFile", ".execFileSync", NULL};
	return i >= 4 && scan_one_of(c->t[i].text, names) && code_text(c, i - 2) && slice_ends(c->t[i - 2].text, SLICE("child_process"));
}

/* conn.Write(…) of a connection. */
static bool writes_socket(struct code *c, size_t i)
{
	static const char *const names[] = {"Write", "write", "send", "sendall", "puts", "print", "end", "emit", "WriteMessage", NULL};
	const struct code_name *n = code_name(c, i), *first = &c->names[n->first];
	if (n->first == n->last && !(c->t[i].text.n && c->t[i].text.p[0] == '.'))
		return false;
	if (!scan_one_of(c->names[n->last].text, names))
		return false;
	/* https.request(…).end(…): of what was opened just there. */
	size_t open = i > 1 && c->t[i].text.p[0] == '.' && c->t[i - 1].sign == ')' ? c->close[i - 1] : 0;
	if (open > 0 && open < i && c->t[open - 1].kind == TOKEN_NAME && code_kinds(c, open - 1) >> CONNECTS & 1)
		return true;
	return !code_is_short(c, i) && first->variable && first->value & CODE_SOCKET;
}

/* ── what is run ── */

static void starts_what(struct code *c, size_t i, size_t end, unsigned v)
{
	static const char *const shells[] = {"/bin/sh", "/bin/bash", "bash", "cmd.exe", NULL};
	commands(c, i, i + 2, end);
	if (v & (CODE_DECODED | CODE_PIECED))
		code_tell(c, SCAN_RULE_CODE_DECODED_ODD, i, end);
	else if (v & CODE_INPUT && c->php)
		code_tell_once(c, 17, SCAN_RULE_CODE_INPUT, i, end);
	for (size_t k = i + 2; k < end && k < c->n; k++)
		c->spawns_shell = code_text(c, k) && scan_one_of(c->t[k].text, shells) ? k + 1 : c->spawns_shell;
}

static void evaluates_what(struct code *c, size_t i, size_t end, unsigned v)
{
	if (v & (CODE_DECODED | CODE_COMPUTED | CODE_PIECED))
		code_tell(c, SCAN_RULE_CODE_DECODED, i, end);
	else if (v & CODE_FETCHED)
		code_tell(c, SCAN_RULE_CODE_FETCHED, i, end);
	else if (v & CODE_INPUT)
		code_tell_once(c, 17, SCAN_RULE_CODE_INPUT, i, end);
	/* eval(function(p, a, c, k, e, d) {…}(…)): a program that unpacks itself. */
	else if (c->javascript && (code_word(c, i + 2, "function") || code_word(c, i + 3, "function")) && slice_is(c->t[i].text, "eval"))
		code_tell_once(c, 6, SCAN_RULE_CODE_OBFUSCATED, i, i + 3);
}

/* ── where it is sent ── */

/* The host in a URL, without user and port. */
static struct slice host_of(struct slice url)
{
	size_t at = slice_find(url, SLICE("://"), 0), end = 0;
	if (at == SLICE_NPOS || at > 8)
		return SLICE_NONE;
	struct slice h = slice_from(url, at + 3);
	while (end < h.n && !strchr("/?#\"'`", h.p[end]))
		end++;
	h = slice_sub(h, 0, end);
	size_t user = slice_chr(h, '@', 0);
	h = user == SLICE_NPOS ? h : slice_from(h, user + 1);
	return slice_sub(h, 0, slice_chr(h, ':', 0));
}

static bool is_own(struct slice host)
{
	static const char *const starts[] = {"localhost", "127.", "10.", "192.168.", "172.", "0.", "169.254.", "example.", "198.18."};
	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		if (slice_starts(host, slice_str(starts[i])))
			return true;
	return host.n == 0 || slice_chr(host, '.', 0) == SLICE_NPOS || slice_ends(host, SLICE(".local")) ||
	       slice_ends(host, SLICE(".internal"));
}

/* Four numbers with dots. */
static bool is_address(struct slice host)
{
	struct slice rest = host, part;
	uint64_t number;
	unsigned n = 0;
	while (slice_split(&rest, '.', &part)) {
		if (!slice_u64(part, 255, &number))
			return false;
		n++;
	}
	return n == 4;
}

/* Hosts of name servers, which programs talk to by address. */
static bool is_name_server(struct slice host)
{
	static const char *const known[] = {"1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.9", "1.2.3.4", "255.255.255.255", NULL};
	return scan_one_of(host, known);
}

/* Links that lead elsewhere, or note who follows them. */
static bool is_short(struct slice host)
{
	static const char *const known[] = {"bit.ly", "tinyurl.com", "is.gd", "cutt.ly", "rb.gy", "grabify.link", "iplogger.org",
	        "iplogger.com", "transfer.sh", "file.io", "temp.sh", "pastebin.com", "paste.ee", "hastebin.com", "rentry.co", NULL};
	return scan_one_of(host, known);
}

/* The first host that is written in [from, to) or stands for a variable there, and is somebody else's. */
static struct slice host_in(const struct code *c, size_t from, size_t to)
{
	for (size_t i = from; i < to && i < c->n && i < from + 200; i++) {
		struct slice host = host_of(code_literal(c, i));
		if (host.n && !is_own(host) && slice_chr(host, '{', 0) == SLICE_NPOS && slice_chr(host, '$', 0) == SLICE_NPOS)
			return host;
	}
	return SLICE_NONE;
}

/* Is a host looked up whose name has a value in front of it? */
static bool looks_up_value(const struct code *c, size_t from, size_t to)
{
	for (size_t i = from; i < to && i < c->n; i++)
		if (code_text(c, i) && c->t[i].text.n > 4 && c->t[i].text.p[0] == '.' && slice_chr(c->t[i].text, '.', 1) != SLICE_NPOS)
			return true;
	return false;
}

static bool has_body(const struct code *c, size_t i, size_t end)
{
	static const char *const names[] = {"data", "json", "body", "method", "form", "files", NULL};
	struct slice last = code_last_part(c->t[i].text);
	bool post = slice_is(last, "post") || slice_is(last, "put") || slice_is(last, "Post") || slice_is(last, "PostForm") ||
	            slice_is(last, "post_form") || slice_is(last, "sendBeacon");
	for (size_t k = i + 2; k < end && k < c->n && !post; k++)
		post = c->t[k].kind == TOKEN_NAME && scan_one_of(c->t[k].text, names);
	return post;
}

static void sends_what(struct code *c, size_t i, size_t end, unsigned v)
{
	struct slice host = host_in(c, i + 2, end);
	bool up = code_is(c, i, LOOKS_UP), far = up ? looks_up_value(c, i + 2, end) : true;
	c->did |= DID_SEND;
	if (v & (CODE_SECRET | CODE_ALL) && far)
		code_tell(c, SCAN_RULE_CODE_SENDS, i, end);
	else if (v & CODE_SPIED)
		code_tell_once(c, 7, SCAN_RULE_CODE_SPIES, i, end);
	else if (v & CODE_HOST && (up ? far : host.n > 0))
		code_tell_once(c, 8, SCAN_RULE_CODE_SENDS_HOST, i, end);
}

/* Hosts that say nothing of whose they are: addresses, tunnels, short links. */
static void whose(struct code *c, size_t i, size_t end)
{
	struct slice host = host_in(c, i + 2, end);
	if (!host.n)
		return;
	if (is_address(host) && (has_body(c, i, end) || !is_name_server(host)))
		code_tell_once(c, 9, SCAN_RULE_CODE_ADDRESS, i, end);
	if (scan_agent_hides_host(host) || is_short(host))
		code_tell_once(c, 16, SCAN_RULE_CODE_DROP_BOX, i, end);
}

/* Where the function ends that is the argument that begins at `i`, and that nobody calls on the spot; 0: it is none. */
static size_t callback_end(const struct code *c, size_t i)
{
	i += code_word(c, i, "async");
	if (code_word(c, i, "function")) {
		while (!code_sign(c, i, '(') && !code_sign(c, i, '{') && i < c->n)
			i++;
		i = code_sign(c, i, '(') ? code_behind(c, i) : c->n;
	} else {
		i = code_sign(c, i, '(') ? code_behind(c, i) : i + 1;
		if (!code_sign(c, i, '=') || !code_sign(c, i + 1, '>'))
			return 0;
		i += 2;
	}
	if (!code_sign(c, i, '{') || !c->close[i])
		return 0;
	size_t end = c->close[i];
	/* function () {…}.bind(this) */
	if (code_word(c, end + 1, ".bind") && code_sign(c, end + 2, '(') && c->close[end + 2])
		end = c->close[end + 2];
	return code_sign(c, end + 1, '(') ? 0 : end;
}

/* Of what a call is given, but for callbacks: what they do is their own, and goes nowhere by this call. */
static unsigned sent_value(struct code *c, size_t from, size_t end)
{
	unsigned v = 0;
	size_t begin = from;
	for (size_t i = from; i < end && i<c->n; i = c->close[i]> i ? (size_t)c->close[i] + 1 : i + 1) {
		bool first = i == from || code_sign(c, i - 1, ',');
		size_t to = first ? callback_end(c, i) : 0;
		if (!to)
			continue;
		v |= code_value(c, begin, i);
		begin = i = to;
	}
	return v | code_value(c, begin, end);
}

/* bridge.request("eth_accounts", {…}): a method of somebody's, not of HTTP and no address. */
static bool is_named_method(const struct code *c, size_t i)
{
	static const char *const http[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "get", "post", "put", "patch",
	        "delete", "head", "options", NULL};
	if (!code_text(c, i + 2) || !slice_ends(c->t[i].text, SLICE(".request")))
		return false;
	struct slice t = c->t[i + 2].text;
	return !scan_one_of(t, http) && slice_chr(t, '/', 0) == SLICE_NPOS && slice_chr(t, '.', 0) == SLICE_NPOS &&
	       slice_chr(t, ':', 0) == SLICE_NPOS && slice_chr(t, '$', 0) == SLICE_NPOS && t.n > 0;
}

/* response => …, function (response) …: what a callback of a fetch is given. */
static void callback_of(struct code *c, size_t from, size_t end)
{
	for (size_t i = from; i + 1 < end && i < from + 200; i++) {
		bool function = code_word(c, i, "function") && code_sign(c, i + 1, '(');
		bool arrow = c->t[i].kind == TOKEN_NAME && code_sign(c, i + 1, '=') && code_sign(c, i + 2, '>');
		bool arrows =
		        code_sign(c, i, '(') && c->close[i] && code_sign(c, c->close[i] + 1u, '=') && code_sign(c, c->close[i] + 2u, '>');
		size_t name = function ? i + 2 : arrows ? i + 1 : i;
		if ((function || arrow || arrows) && name < end && c->t[name].kind == TOKEN_NAME) {
			code_set(c, name, CODE_FETCHED, true);
			return;
		}
	}
}

/* image.save(to): what it is goes there. */
static void saves(struct code *c, size_t i, size_t end, const struct code_name *from)
{
	for (size_t k = i + 2; k < end && k < c->n; k++)
		if (c->t[k].kind == TOKEN_NAME && (code_sign(c, k + 1, ',') || code_sign(c, k + 1, ')')) && code_sign(c, k - 1, '('))
			code_set(c, k, from->value & CODE_SPIED, true);
}

/* ── what runs where ── */

/* Library code, not a program or a test: its name and folder say. */
static bool is_library(const struct code *c)
{
	static const char *const parts[] = {
	        "test", "spec", "example", "bin/", "script", "bench", "Rakefile", "tools/", "demo", "sample", "docs/"};
	struct slice path = slice_str(c->in->path);
	if (slice_starts(c->in->bytes, SLICE("#!")))
		return false;
	/* The folder it is in, and its name. */
	size_t folders = 0, at = path.n;
	while (at > 0 && (folders += path.p[at - 1] == '/') < 2)
		at--;
	path = slice_from(path, at);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (slice_find(path, slice_str(parts[i]), 0) != SLICE_NPOS)
			return false;
	return true;
}

static void on_load(struct code *c, size_t i, size_t end, bool net, bool starts)
{
	bool setup = c->python && strcmp(c->in->name, "setup.py") == 0;
	if (c->ruby && net && c->at_load && !c->opened && host_in(c, i + 2, end).n && is_library(c))
		code_tell_once(c, 10, SCAN_RULE_CODE_ON_LOAD, i, end);
	if (setup && net && host_in(c, i + 2, end).n)
		code_tell_once(c, 11, SCAN_RULE_CODE_HOOK, i, end);
	if (!starts || !c->at_load || c->opened || !is_library(c))
		return;
	unsigned null = 0;
	bool detached = false, ignore = false;
	for (size_t k = i + 2; k < end && k < c->n; k++) {
		null += c->t[k].kind == TOKEN_NAME && slice_is(code_last_part(c->t[k].text), "DEVNULL");
		detached |= code_word(c, k, "detached") && code_word(c, k + 2, "true");
		ignore |= code_text(c, k) && slice_is(c->t[k].text, "ignore");
	}
	if (null >= 2 || (detached && ignore))
		code_tell_once(c, 12, SCAN_RULE_CODE_SILENT, i, end);
}

/* Gem.post_install { … }: runs for every package that is installed from then on. */
static void gem_hook(struct code *c, size_t i)
{
	static const char *const hooks[] = {
	        "Gem.post_install", "Gem.pre_install", "Gem.post_build", "Gem.post_uninstall", "Gem.pre_uninstall", NULL};
	if (!c->ruby || c->t[i].text.p[0] != 'G' || !scan_one_of(c->t[i].text, hooks))
		return;
	for (size_t k = i; k < c->n && k < i + 200 && !code_word(c, k, "end"); k++)
		if (c->t[k].kind == TOKEN_NAME && code_kinds(c, k) & (1u << STARTS | 1u << SENDS | 1u << FETCHES)) {
			code_tell_once(c, 13, SCAN_RULE_CODE_HOOK, i, k);
			return;
		}
}

static unsigned text_kinds(const struct code *c, size_t from, size_t to, const char *part)
{
	for (size_t i = from; i < to && i < c->n; i++)
		if (code_text(c, i) && slice_find(c->t[i].text, slice_str(part), 0) != SLICE_NPOS)
			return 1;
	return 0;
}

/* Commands that say which host it is, and whose: one a bit. */
static unsigned asks_host(const struct code *c, size_t from, size_t to)
{
	static const char *const names[] = {"whoami", "hostname", "systeminfo", "ipconfig /all", "uname -a", "ifconfig", "id"};
	unsigned asks = 0;
	for (size_t i = from; i < to && i < c->n && i < from + 40; i++)
		for (size_t k = 0; k < ARRAY_LEN(names); k++)
			asks |= code_text(c, i) && slice_is(c->t[i].text, names[k]) ? 1u << k : 0;
	return asks;
}

static void starts_more(struct code *c, size_t i, size_t end)
{
	c->asks |= asks_host(c, i + 2, end);
	if (text_kinds(c, i + 2, end, "npm publish") || (text_kinds(c, i + 2, end, "npm") && text_kinds(c, i + 2, end, "publish")))
		c->did |= DID_PUBLISH;
	if (text_kinds(c, i + 2, end, "LD_PRELOAD=/tmp") || text_kinds(c, i + 2, end, "LD_PRELOAD=/dev/shm") ||
	        text_kinds(c, i + 2, end, "LD_PRELOAD=/var/tmp"))
		code_tell(c, SCAN_RULE_CODE_COMMAND_ODD, i, end);
}

/* Texts that are written or run, and are programs themselves. */
static void inner_programs(struct code *c, size_t from, size_t to)
{
	for (size_t i = from; c->telling && i < to && i < c->n; i++) {
		struct slice text = code_sign(c, i + 1, '(') ? SLICE_NONE : code_literal(c, i);
		enum scan_rule_name inner = text.n > 16 ? code_inner(c, text) : SCAN_RULES;
		if (inner != SCAN_RULES)
			code_tell(c, inner, i, i + 1);
	}
}

/* Are all variables of the process named in it, not by way of another variable? */
static bool names_all(const struct code *c, size_t from, size_t to)
{
	static const char *const names[] = {"process.env", "os.environ", "ENV", "ENV.to_h", "ENV.to_hash", NULL};
	for (size_t i = from; i < to && i < c->n; i++)
		if (c->t[i].kind == TOKEN_NAME && scan_one_of(c->t[i].text, names) && !code_sign(c, i + 1, '['))
			return true;
	return false;
}

void code_call(struct code *c, size_t i)
{
	uint32_t k = code_kinds(c, i);
	const struct code_name *called = code_function(c, i);
	const struct code_name *f = &c->names[code_name(c, i)->last], *first = &c->names[code_name(c, i)->first];
	bool own = k & (1u << STARTS | 1u << EVALUATES) && speaks(c, i);
	bool starts = (k >> STARTS & 1 && own) || required_process(c, i), evaluates = k >> EVALUATES & 1 && own;
	bool sends = (k >> SENDS & 1 && !is_named_method(c, i)) || writes_socket(c, i), passes = called && called->sends;
	bool more = k & (1u << FETCHES | 1u << READS | 1u << WRITES | 1u << MARKS | 1u << COPIES | 1u << SERIALISES | 1u << LISTENS) ||
	            f->reads;
	bool method = slice_is(f->text, "write") || slice_is(f->text, "Write") || slice_is(f->text, "on") || slice_is(f->text, "then") ||
	              slice_is(f->text, "execute") || slice_is(f->text, "join") || slice_is(f->text, "WriteString") ||
	              slice_is(f->text, "save");
	if (!starts && !evaluates && !sends && !passes && !more && !method)
		return;
	size_t end = code_behind(c, i + 1);
	/* Its arguments are gone through several times; calls in calls would be a way to take for ever. */
	if (!code_steps(c, 2 * (end - i)))
		return;
	unsigned v = code_value(c, i + 2, end);
	if (evaluates)
		evaluates_what(c, i, end, v);
	if (starts) {
		starts_what(c, i, end, v);
		starts_more(c, i, end);
	}
	unsigned sent = c->javascript && (sends || passes) && c->close[i + 1] ? sent_value(c, i + 2, c->close[i + 1]) : v;
	if (sends || passes)
		sends_what(c, i, end, sent);
	if (sends || k >> FETCHES & 1)
		whose(c, i, end);
	if (sends && sent & CODE_GIVEN && c->function)
		c->names[c->function].sends = true;
	bool reads = k >> READS & 1 || f->reads;
	c->reads_secret |= reads && v & CODE_SECRET;
	if (k >> SERIALISES & 1 && v & CODE_ALL && names_all(c, i + 2, end))
		code_tell_once(c, 14, SCAN_RULE_CODE_ENVIRONMENT, i, end);
	const unsigned comes = CODE_FETCHED | CODE_SOCKET;
	if (c->javascript && !c->minified && (k >> FETCHES & 1 || (first->variable && first->value & comes)))
		callback_of(c, i + 2, end);
	if (slice_is(f->text, "save") && first->variable && first->value & CODE_SPIED && first != f)
		saves(c, i, end, first);
	on_load(c, i, end, sends || k >> FETCHES & 1 || k >> CONNECTS & 1, starts);
	code_files(c, i, end, k, starts, v);
	if (starts || evaluates || k >> WRITES & 1 || slice_is(f->text, "write") || slice_is(f->text, "Write"))
		inner_programs(c, i + 2, end);
	if (c->skill)
		code_skill_call(c, i, end, v);
}

/* ── calls that are not written as such ── */

/* Does this function start programs or evaluate code, as a member of that module? */
static bool is_power(struct code *c, struct slice module, struct slice name)
{
	static const char *const modules[] = {"os", "subprocess", "builtins", "__builtins__", "posix", "child_process", NULL};
	static const char *const bare[] = {
	        "exec", "eval", "__import__", "spawn", "execSync", "execFile", "spawnSync", "execFileSync", NULL};
	if (!scan_one_of(module, modules) || !name.n || name.n > 40)
		return false;
	if (scan_one_of(name, bare))
		return true;
	char text[80];
	memcpy(text, module.p, module.n);
	text[module.n] = '.';
	memcpy(text + module.n + 1, name.p, name.n);
	const struct code_name *n = code_find(c, slice_of(text, module.n + 1 + name.n));
	return n && n->own & (1u << STARTS | 1u << EVALUATES);
}

/* The module that token `i` is, or an __import__("…") that begins there. */
static struct slice module_at(struct code *c, size_t i, size_t *behind)
{
	*behind = i + 1;
	if (i >= c->n || c->t[i].kind != TOKEN_NAME)
		return SLICE_NONE;
	if (slice_is(c->t[i].text, "__import__") && code_sign(c, i + 1, '(') && code_text(c, i + 2)) {
		*behind = code_behind(c, i + 1);
		return c->t[i + 2].text;
	}
	const struct code_name *n = code_name(c, i);
	return n->means.p ? n->means : n->text;
}

static bool computed(struct code *c, size_t from, size_t to)
{
	bool text = false, plus = false;
	for (size_t i = from; i < to && i < c->n; i++) {
		text |= code_text(c, i);
		plus |= text && code_sign(c, i, '+') && code_text(c, i + 1);
	}
	return plus || code_value(c, from, to) & (CODE_DECODED | CODE_COMPUTED);
}

/* getattr(os, "system"), Reflect.get(cp, "spawn"), Object.getOwnPropertyDescriptor(cp, "spawn") */
static bool gets_power(struct code *c, size_t i)
{
	static const char *const names[] = {
	        "getattr", "builtins.getattr", "__builtins__.getattr", "Reflect.get", "Object.getOwnPropertyDescriptor", NULL};
	size_t behind;
	if (!scan_one_of(c->t[i].text, names) || !code_sign(c, i + 1, '('))
		return false;
	struct slice module = module_at(c, i + 2, &behind);
	size_t end = code_behind(c, i + 1);
	if (!module.n || !code_sign(c, behind, ','))
		return false;
	/* One that is not called is looked for: is there such a function here? */
	bool called = code_sign(c, end, '(') || (end < c->n && c->t[end].kind == TOKEN_NAME && c->t[end].text.p[0] == '.');
	if (code_text(c, behind + 1) && code_sign(c, behind + 2, ')'))
		return called && is_power(c, module, c->t[behind + 1].text);
	return is_power(c, module, SLICE("exec")) && computed(c, behind + 1, end);
}

/* os.__dict__["system"], os.__getattribute__("system"), cp["spawn"](…), global[atob(…)] */
static bool indexes_power(struct code *c, size_t i)
{
	static const char *const all[] = {"global", "globalThis", "window", "self", NULL};
	size_t behind;
	struct slice module = module_at(c, i, &behind), name = c->t[i].text;
	bool import = behind > i + 1;
	if (import && behind < c->n && c->t[behind].kind == TOKEN_NAME && c->t[behind].text.p[0] == '.' && code_sign(c, behind + 1, '('))
		return is_power(c, module, slice_from(c->t[behind].text, 1));
	struct slice dict = c->python && slice_ends(name, SLICE(".__dict__")) ? slice_sub(name, 0, name.n - 9) : SLICE_NONE;
	struct slice get = c->python && slice_ends(name, SLICE(".__getattribute__")) ? slice_sub(name, 0, name.n - 17) : SLICE_NONE;
	size_t open = import ? behind : i + 1;
	if (get.n && code_sign(c, i + 1, '(') && code_text(c, i + 2))
		return is_power(c, get, c->t[i + 2].text);
	if (!code_sign(c, open, '[') || !c->close[open])
		return false;
	if (dict.n)
		return code_text(c, i + 2) && is_power(c, dict, c->t[i + 2].text);
	size_t end = c->close[open];
	bool called = code_sign(c, end + 1, '(') || (end + 1 < c->n && c->t[end + 1].kind == TOKEN_NAME);
	if (!c->javascript || !called)
		return false;
	if (scan_one_of(name, all))
		return (code_value(c, open + 1, end) & (CODE_DECODED | CODE_COMPUTED)) != 0;
	if (!slice_is(module, "child_process"))
		return false;
	return (code_text(c, open + 1) && end == open + 2 && is_power(c, module, c->t[open + 1].text)) || computed(c, open + 1, end);
}

/* (0, eval)(…), new (Function.constructor)(…): a function in brackets of its own. */
static void evaluates_apart(struct code *c, size_t i)
{
	static const char *const names[] = {"eval", "Function", "Function.constructor", "window.eval", "globalThis.eval", NULL};
	if (!c->javascript || !code_sign(c, i + 1, ')') || !code_sign(c, i + 2, '(') || !scan_one_of(c->t[i].text, names))
		return;
	size_t end = code_behind(c, i + 2);
	if (code_steps(c, end - i))
		evaluates_what(c, i, end, code_value(c, i + 3, end));
}

/* PHP: call_user_func("system", …), and $f(…) of a name that was decoded. */
static void calls_by_text(struct code *c, size_t i)
{
	static const char *const takers[] = {"array_map", "array_filter", "array_walk", "call_user_func", "call_user_func_array", "usort",
	        "register_shutdown_function", "ob_start", "preg_replace_callback", NULL};
	static const char *const powers[] = {
	        "assert", "system", "exec", "shell_exec", "passthru", "popen", "proc_open", "create_function", "eval", NULL};
	if (!c->php || !code_sign(c, i + 1, '('))
		return;
	size_t end = code_behind(c, i + 1);
	const struct code_name *n = code_name(c, i);
	if (c->t[i].text.p[0] == '$' && n->first == n->last && n->variable && n->value & (CODE_DECODED | CODE_COMPUTED | CODE_PIECED))
		code_tell_once(c, 15, SCAN_RULE_CODE_HIDDEN_CALL, i, end);
	if (!scan_one_of(c->t[i].text, takers))
		return;
	for (size_t k = i + 2; k < end && k < i + 200; k++)
		if (code_text(c, k) && scan_one_of(c->t[k].text, powers) && code_steps(c, end - i)) {
			evaluates_what(c, i, end, code_value(c, i + 2, end));
			return;
		}
}

/* copyFile(__filename, …): it goes elsewhere, too. */
static void copies_itself(struct code *c, size_t i)
{
	static const char *const copies[] = {"copyFileSync", "copyFile", "cpSync", "copy", "copy2", "copyfile", NULL};
	static const char *const self[] = {"__filename", "__file__", "process.argv", "import.meta.url", NULL};
	struct slice last = c->names[code_name(c, i)->last].text;
	if (!code_sign(c, i + 1, '(') || !scan_one_of(last, copies))
		return;
	for (size_t k = i + 2, end = code_behind(c, i + 1); k < end && k < i + 60; k++)
		if (c->t[k].kind == TOKEN_NAME && scan_one_of(c->t[k].text, self))
			c->did |= DID_COPY_ITSELF;
}

/* require(atob("…")) */
static bool requires_decoded(struct code *c, size_t i)
{
	bool names = (c->javascript && slice_is(c->t[i].text, "require")) || (c->python && slice_is(c->t[i].text, "__import__"));
	return names && code_sign(c, i + 1, '(') && code_value(c, i + 2, code_behind(c, i + 1)) & (CODE_DECODED | CODE_COMPUTED);
}

/* ── others ── */

void code_replaces(struct code *c, size_t i, size_t to)
{
	static const char *const names[] = {"window.fetch", "globalThis.fetch", "global.fetch", "self.fetch",
	        "XMLHttpRequest.prototype.send", "XMLHttpRequest.prototype.open", "http.request", "https.request", "http.get", "https.get",
	        "window.ethereum.request", "requests.get", "requests.post", "requests.request", "requests.Session.send",
	        "requests.Session.request", "urllib.request.urlopen", NULL};
	if (!scan_one_of(c->t[i].text, names))
		return;
	size_t end = to > 0 && code_sign(c, to - 1, '{') && c->close[to - 1] ? c->close[to - 1] : to;
	for (size_t k = i + 1; k < end && code_steps(c, 1); k++)
		if (c->t[k].kind == TOKEN_NAME && code_sign(c, k + 1, '(') && code_is(c, k, SENDS) &&
		        host_in(c, k + 2, code_behind(c, k + 1)).n) {
			code_tell_once(c, 18, SCAN_RULE_CODE_SPIES, i, to);
			return;
		}
}

/* In a bundle of many programs each of these is somewhere: there they belong together if they stand together. */
static bool together(const struct code *c)
{
	size_t at[] = {c->connects, c->spawns_shell, c->dup2 > c->pipes ? c->dup2 : c->pipes}, least = SIZE_MAX, most = 0;
	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		least = at[i] < least ? at[i] : least;
		most = at[i] > most ? at[i] : most;
	}
	return least > 0 && (!c->bundle || most - least <= TOGETHER);
}

/* A shell whose ends are a socket's. */
static void socket_shell(struct code *c, size_t i)
{
	struct slice name = c->t[i].text, last = c->names[code_name(c, i)->last].text;
	if (slice_is(name, "os.dup2") || (slice_is(name, "dup2") && c->compiled))
		c->dup2 = i + 1;
	if (slice_is(name, "pty.spawn"))
		c->spawns_shell = i + 1;
	if (slice_is(last, "connect") || slice_is(name, "net.Socket") || slice_is(name, "net.createConnection"))
		c->connects = i + 1;
	if (slice_is(last, "pipe") && code_sign(c, i + 1, '(') && i + 2 < c->n && slice_ends(c->t[i + 2].text, SLICE(".stdin")))
		c->pipes = i + 1;
	if (together(c)) {
		code_tell(c, SCAN_RULE_CODE_REVERSE, i, i + 1);
		c->dup2 = c->pipes = 0;
	}
}

void code_mention(struct code *c, size_t i)
{
	socket_shell(c, i);
	gem_hook(c, i);
	evaluates_apart(c, i);
	calls_by_text(c, i);
	copies_itself(c, i);
	bool calls = code_sign(c, i + 1, '('), indexes = code_sign(c, i + 1, '[');
	if ((calls && (gets_power(c, i) || requires_decoded(c, i))) || ((calls || indexes) && indexes_power(c, i)))
		code_tell_once(c, 15, SCAN_RULE_CODE_HIDDEN_CALL, i,
		        code_sign(c, i + 1, '(') || code_sign(c, i + 1, '[') ? code_behind(c, i + 1) : i + 1);
	code_sign_name(c, i);
	if (c->skill && c->python && slice_is(c->t[i].text, "while"))
		code_skill_loop(c, i);
}
