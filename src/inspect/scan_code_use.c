/* What a program does with values: what it runs, starts, writes and sends. */
#include "inspect/scan_code.h"
#include "inspect/scan_shell.h"

/* ── findings ── */

static size_t place(const struct code *c, size_t i)
{
	return (size_t)(c->t[i].text.p - c->in->bytes.p);
}

void code_tell(struct code *c, enum scan_rule_name rule, size_t from, size_t to)
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
	for (size_t k = from; k < to && k < c->n; k++)
		if (code_text(c, k) && c->t[k].text.n > 8)
			does |= scan_shell(c->t[k].text);
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
	bool php = strcmp(c->language, "php") == 0;
	if (slice_is(name, "assert") || slice_is(name, "create_function"))
		return php;
	if (c->names[code_name(c, i)->first].means.p)
		return true;
	if (slice_is(name, "exec"))
		return c->python;
	return !slice_is(name, "system") || c->ruby || php;
}

/* require("child_process").exec(…) */
static bool required_process(const struct code *c, size_t i)
{
	static const char *const names[] = {".exec", ".execSync", ".spawn", ".spawnSync", ".execFile", ".execFileSync", NULL};
	return i >= 4 && scan_one_of(c->t[i].text, names) && code_text(c, i - 2) && slice_ends(c->t[i - 2].text, SLICE("child_process"));
}

/* conn.Write(…) of a connection. */
static bool writes_socket(const struct code *c, size_t i)
{
	static const char *const names[] = {"Write", "write", "send", "sendall", "puts", "print", "end", "emit", "WriteMessage", NULL};
	const struct code_name *n = code_name(c, i), *first = &c->names[n->first];
	return !c->minified && n->first != n->last && first->variable && first->value & CODE_SOCKET &&
	       scan_one_of(c->names[n->last].text, names);
}

/* ── what is run ── */

static void starts_what(struct code *c, size_t i, size_t end, unsigned v)
{
	static const char *const shells[] = {"/bin/sh", "/bin/bash", "bash", "cmd.exe", NULL};
	commands(c, i, i + 2, end);
	if (v & CODE_DECODED)
		code_tell(c, SCAN_RULE_CODE_DECODED_ODD, i, end);
	for (size_t k = i + 2; k < end && k < c->n; k++)
		c->spawns_shell |= code_text(c, k) && scan_one_of(c->t[k].text, shells);
}

static void evaluates_what(struct code *c, size_t i, size_t end, unsigned v)
{
	if (v & (CODE_DECODED | CODE_COMPUTED))
		code_tell(c, SCAN_RULE_CODE_DECODED, i, end);
	else if (v & CODE_FETCHED)
		code_tell(c, SCAN_RULE_CODE_FETCHED, i, end);
}

static void sends_what(struct code *c, size_t i, size_t end, unsigned v)
{
	if (v & (CODE_SECRET | CODE_ALL))
		code_tell(c, SCAN_RULE_CODE_SENDS, i, end);
}

void code_call(struct code *c, size_t i)
{
	uint32_t k = code_kinds(c, i);
	const struct code_name *f = &c->names[code_name(c, i)->last];
	bool own = k & (1u << STARTS | 1u << EVALUATES) && speaks(c, i);
	bool starts = (k >> STARTS & 1 && own) || required_process(c, i), evaluates = k >> EVALUATES & 1 && own;
	bool sends = k >> SENDS & 1 || writes_socket(c, i), passes = f->function && f->sends;
	if (!starts && !evaluates && !sends && !passes)
		return;
	size_t end = code_behind(c, i + 1);
	unsigned v = code_value(c, i + 2, end);
	if (evaluates)
		evaluates_what(c, i, end, v);
	if (starts)
		starts_what(c, i, end, v);
	if (sends || passes)
		sends_what(c, i, end, v);
	if (sends && v & CODE_GIVEN && c->function)
		c->names[c->function].sends = true;
}

struct slice code_path_key(const struct code *c, size_t from, size_t to)
{
	struct slice key = SLICE_NONE;
	for (size_t i = from; i < to && i < c->n && !(code_sign(c, i, ',') && c->t[i].depth <= c->t[from].depth); i++)
		if (code_text(c, i) && c->t[i].text.n > 2)
			key = c->t[i].text;
		else if (!key.p && c->t[i].kind == TOKEN_NAME && !code_sign(c, i + 1, '('))
			key = c->t[i].text;
	return key;
}

/* A shell whose ends are a socket's. */
static void socket_shell(struct code *c, size_t i)
{
	struct slice name = c->t[i].text, last = c->names[code_name(c, i)->last].text;
	c->dup2 |= slice_is(name, "os.dup2");
	c->spawns_shell |= slice_is(name, "pty.spawn");
	c->connects |= slice_is(last, "connect") || slice_is(name, "net.Socket") || slice_is(name, "net.createConnection");
	if (slice_is(last, "pipe") && code_sign(c, i + 1, '(') && i + 2 < c->n && slice_ends(c->t[i + 2].text, SLICE(".stdin")))
		c->pipes = true;
	if (c->connects && c->spawns_shell && (c->dup2 || c->pipes)) {
		code_tell(c, SCAN_RULE_CODE_REVERSE, i, i + 1);
		c->dup2 = c->pipes = false;
	}
}

void code_index(struct code *c, size_t i)
{
	socket_shell(c, i);
}
