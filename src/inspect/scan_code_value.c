/* Values of a program: where they come from, and through which variables and functions they go. */
#include "inspect/scan_code.h"

/* ── where they come from ── */

/* Files that hold keys, and that no program reads to use them as what they are; a bit for each kind. */
unsigned code_secret_file(struct slice path)
{
	static const struct {
		const char *part;
		unsigned kind;
	} rows[] = {
	        {".ssh/id_", 1},
	        {".ssh/config", 1},
	        {".aws/credentials", 2},
	        {".git-credentials", 4},
	        {".gnupg", 8},
	        {"/etc/shadow", 16},
	        {"/etc/passwd", 32},
	        {"Login Data", 64},
	        {"cookies.sqlite", 64},
	        {"Local Extension Settings", 128},
	        {"wallet.dat", 128},
	        {"login.keychain", 256},
	        {".claude/.credentials", 512},
	        {".codex/auth.json", 512},
	        {".config/gh/hosts.yml", 1024},
	        {".config/solana/id.json", 128},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (path.n < 300 && slice_find(path, slice_str(rows[i].part), 0) != SLICE_NPOS)
			return slice_ends(path, SLICE(".pub")) ? 0 : rows[i].kind;
	return 0;
}

static bool is_picture(struct slice path)
{
	static const char *const ends[] = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".ico", ".svg"};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (slice_ends(path, slice_str(ends[i])))
			return true;
	return false;
}

/* Files that are run when somebody logs in, or the system starts. */
static bool is_startup(struct slice path)
{
	static const char *const parts[] = {".bashrc", ".bash_profile", ".zshrc", ".zprofile", ".zshenv", ".config/autostart",
	        "Library/LaunchAgents", "/etc/cron.d", "/etc/rc.local", "Start Menu\\\\Programs\\\\Startup", "Start Menu/Programs/Startup",
	        "Windows\\\\CurrentVersion\\\\Run", "Windows\\CurrentVersion\\Run", "/etc/profile.d"};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (path.n < 200 && slice_find(path, slice_str(parts[i]), 0) != SLICE_NPOS)
			return true;
	return false;
}

static bool has(struct slice text, const char *part)
{
	return slice_find(text, slice_str(part), 0) != SLICE_NPOS;
}

/* What a variable of the process is for, by its name. */
static unsigned variable_value(struct slice name)
{
	static const char *const strong[] = {"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", NULL};
	static const char *const who[] = {"COMPUTERNAME", "HOSTNAME", "USERNAME", "USERDOMAIN", "USER", "LOGNAME", NULL};
	static const char *const parts[] = {"SECRET", "TOKEN", "PASSWORD", "PASSWD", "PRIVATE_KEY", "API_KEY", "ACCESS_KEY", "CREDENTIAL"};
	unsigned v = scan_one_of(name, strong) ? CODE_SECRET : 0;
	v |= scan_one_of(name, who) ? CODE_HOST : 0;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		v |= has(name, parts[i]) ? CODE_NAMED : 0;
	return v;
}

static bool all_variables(const struct code *c, size_t i, struct slice name)
{
	static const char *const names[] = {"os.environ", "process.env", "ENV", NULL};
	static const char *const calls_of[] = {
	        "os.environ.items", "os.environ.copy", "ENV.to_h", "ENV.to_a", "ENV.to_hash", "os.Environ", "ENV.each", NULL};
	if (scan_one_of(name, calls_of))
		return true;
	/* get(os.environ, "A") is one of them. */
	bool one = code_sign(c, i + 1, ',') && code_text(c, i + 2) && (code_sign(c, i + 3, ')') || code_sign(c, i + 3, ','));
	return scan_one_of(name, names) && !one && !code_sign(c, i + 1, '[') && !code_sign(c, i + 1, '=') &&
	       !(i + 1 < c->n && c->t[i + 1].kind == TOKEN_NAME && c->t[i + 1].text.p[0] == '.');
}

/* What whoever asks a server has sent. */
static unsigned input_value(const struct code *c, size_t i, struct slice name)
{
	static const char *const php[] = {"$_GET", "$_POST", "$_REQUEST", "$_COOKIE", "$_SERVER", NULL};
	static const char *const python[] = {"request.args", "request.args.get", "request.form", "request.form.get", "request.data",
	        "request.json", "request.get_json", "request.GET", "request.POST", "request.GET.get", "request.POST.get",
	        "request.values.get", NULL};
	static const char *const script[] = {"req.body", "req.query", "req.params", "request.body", "request.query", "ctx.query", NULL};
	bool is = c->python ? scan_one_of(name, python)
	          : c->javascript
	                  ? scan_one_of(name, script) || slice_starts(name, SLICE("req.body.")) || slice_starts(name, SLICE("req.query."))
	          : c->ruby ? slice_is(name, "params") && code_sign(c, i + 1, '[')
	                    : scan_one_of(name, php);
	return is ? CODE_INPUT : 0;
}

/* os.environ["A"], os.getenv("A"), process.env.A */
static unsigned one_variable(const struct code *c, size_t i, struct slice name)
{
	static const char *const all[] = {"os.environ", "process.env", "ENV", NULL};
	static const char *const get[] = {"os.getenv", "os.environ.get", "os.Getenv", "ENV.fetch", "getenv", "os.LookupEnv", NULL};
	bool index = scan_one_of(name, all) && code_sign(c, i + 1, '['), call = scan_one_of(name, get) && code_sign(c, i + 1, '(');
	if ((index || call) && code_text(c, i + 2))
		return variable_value(c->t[i + 2].text);
	return slice_starts(name, SLICE("process.env.")) ? variable_value(slice_from(name, 12)) : 0;
}

struct slice code_literal(const struct code *c, size_t i)
{
	if (code_text(c, i))
		return c->t[i].text;
	return i < c->n && c->t[i].kind == TOKEN_NAME && !code_is_short(c, i) ? code_name(c, i)->literal : SLICE_NONE;
}

/* Buffer.from(x, "base64"), "…".decode("base64") */
static bool decodes_named(const struct code *c, size_t i)
{
	static const char *const forms[] = {
	        "base64", "hex", "m", "rot13", "rot_13", "cp1026", "cp500", "cp037", "zlib", "bz2", "hex_codec", "base64_codec", NULL};
	size_t end = code_behind(c, i + 1);
	for (size_t k = i + 2; k < end && k < i + 64; k++) {
		struct slice l = code_literal(c, k);
		if (l.p && scan_one_of(l, forms))
			return true;
	}
	return false;
}

static bool is_number(struct slice s)
{
	size_t i = 0;
	while (i < s.n &&
	        ((s.p[i] >= '0' && s.p[i] <= '9') || (i && ((s.p[i] | 0x20) == 'x' || ((s.p[i] | 0x20) >= 'a' && (s.p[i] | 0x20) <= 'f')))))
		i++;
	return i && i == s.n && s.n < 12;
}

/* Numbers of characters, at least four of them, in brackets. */
static bool is_numbers(struct code *c, size_t from, size_t to)
{
	unsigned n = 0;
	for (size_t i = from; i < to && i < from + 256 && i < c->n && n < 4; i++)
		n += c->t[i].kind == TOKEN_NAME && is_number(c->t[i].text);
	return n >= 4;
}

/* a[3] + a[7] + a[1] + …: a text is put together from members of a list, so that nobody reads it. */
static bool is_pieced(const struct code *c, size_t from, size_t to)
{
	unsigned n = 0;
	size_t i = from;
	for (; i + 3 < to && n < 8; i += 5) {
		bool member = c->t[i].kind == TOKEN_NAME && code_sign(c, i + 1, '[') && c->t[i + 2].kind == TOKEN_NAME &&
		              is_number(c->t[i + 2].text) && code_sign(c, i + 3, ']') && slice_eq(c->t[i].text, c->t[from].text);
		if (!member || (i + 4 < to && !code_sign(c, i + 4, '+')))
			return false;
		n++;
	}
	return n >= 8;
}

/* A text that is written in escapes where letters would do: "\x65\x76\x61\x6c". */
static bool is_escaped(struct slice t)
{
	size_t escapes = 0, others = 0;
	for (size_t i = 0; i < t.n && i < 2000; i++) {
		bool escape = t.p[i] == '\\' && i + 3 < t.n;
		if (escape && t.p[i + 1] == 'x' && t.p[i + 2] >= '2' && t.p[i + 2] <= '7') {
			escapes++;
			i += 3;
		} else if (escape && t.p[i + 1] >= '0' && t.p[i + 1] <= '1' && t.p[i + 2] >= '0' && t.p[i + 2] <= '7') {
			escapes++;
			i += 3;
		} else
			others++;
	}
	return escapes >= 4 && others <= escapes / 2;
}

/* ── what is in a text ── */

static bool is_word_byte(uint8_t b)
{
	return ((b | 0x20) >= 'a' && (b | 0x20) <= 'z') || (b >= '0' && b <= '9') || b == '_' || b == '.';
}

unsigned code_value_text(struct code *c, size_t i)
{
	struct slice t = c->t[i].text;
	bool python = c->python && i && c->t[i - 1].kind == TOKEN_NAME && c->t[i - 1].text.n <= 2 &&
	              c->t[i - 1].text.p + c->t[i - 1].text.n + 3 >= t.p && slice_chr(c->t[i - 1].text, 'f', 0) != SLICE_NPOS;
	bool other = (c->javascript && c->t[i].sign == '`') || (c->ruby && c->t[i].sign == '"');
	unsigned v = 0;
	for (size_t at = 0; (python || other) && (at = slice_chr(t, '{', at)) != SLICE_NPOS; at++) {
		size_t end = at + 1;
		while (end < t.n && end < at + 80 && is_word_byte(t.p[end]))
			end++;
		struct slice word = slice_sub(t, at + 1, end - at - 1);
		const struct code_name *n = word.n ? code_find(c, word) : NULL;
		if (n)
			v |= (n->variable ? n->value : 0) | (c->names[n->first].variable ? c->names[n->first].value & ~CODE_ALL : 0);
	}
	return v;
}

/* What is known of a text whatever variables are: kept, as texts are met as often as names. */
#define TEXT_KNOWN   0x80000000u
#define TEXT_IMAGE   0x10000u
#define TEXT_STARTUP 0x20000u
#define TEXT_ESCAPED 0x40000u

static unsigned text_value(struct code *c, size_t i)
{
	struct slice t = c->t[i].text;
	if (!c->name[i])
		c->name[i] = TEXT_KNOWN | code_secret_file(t) | (t.n < 300 && is_picture(t) ? TEXT_IMAGE : 0) |
		             (is_startup(t) ? TEXT_STARTUP : 0) | (is_escaped(t) ? TEXT_ESCAPED : 0);
	uint32_t k = c->name[i];
	unsigned v = k & 0xffff ? CODE_SECRET : 0;
	c->secrets |= k & 0xffff;
	v |= k & TEXT_IMAGE ? CODE_IMAGE : 0;
	v |= k & TEXT_STARTUP ? CODE_STARTUP : 0;
	v |= k & TEXT_ESCAPED ? CODE_COMPUTED : 0;
	return v | code_value_text(c, i);
}

/* ── of a name ── */

struct code_name *code_function(const struct code *c, size_t i)
{
	const struct code_name *n = code_name(c, i);
	struct code_name *f = &c->names[n->last];
	/* In a bundle one function has a name, or it is another one's; a member is somebody's. */
	bool others = c->bundle && (f->defined > 1 || (n->first != n->last && !slice_is(c->names[n->first].text, "this")));
	return f->function && !others ? f : NULL;
}

static unsigned called_value(struct code *c, size_t i, struct slice full)
{
	uint32_t k = code_kinds(c, i);
	struct slice last = code_last_part(full);
	size_t end = code_behind(c, i + 1);
	unsigned v = k >> DECODES & 1 ? CODE_DECODED : 0;
	v |= k >> FETCHES & 1 ? CODE_FETCHED : 0;
	v |= k >> KNOWS & 1 ? CODE_HOST : 0;
	v |= k >> SPIES & 1 ? CODE_SPIED : 0;
	v |= k >> CONNECTS & 1 ? CODE_SOCKET : 0;
	v |= k >> READS & 1 ? CODE_READ : 0;
	v |= k >> COMPUTES & 1 && is_numbers(c, i + 2, end) ? CODE_COMPUTED : 0;
	if ((slice_ends(full, SLICE("Buffer.from")) || slice_is(last, "decode") || slice_is(last, "unpack") || slice_is(last, "unpack1")) &&
	        decodes_named(c, i))
		v |= CODE_DECODED;
	/* chr(c) for c in [112, 114, …] */
	if (slice_is(full, "chr") && c->python)
		v |= is_numbers(c, i, i + 64) ? CODE_COMPUTED : 0;
	const struct code_name *f = code_function(c, i);
	return v | (f ? f->gives : 0);
}

static unsigned value_of_name(struct code *c, size_t i)
{
	char text[160];
	struct slice name = c->t[i].text, full = code_full(c, i, text, sizeof(text));
	bool called = code_sign(c, i + 1, '(');
	unsigned v = called ? called_value(c, i, full) : 0;
	if (!called && slice_is(full, "chr") && c->python)
		v |= is_numbers(c, i, i + 64) ? CODE_COMPUTED : 0;
	if (full.p[0] == 'o' || full.p[0] == 'p' || full.p[0] == 'E' || full.p[0] == 'g') {
		v |= all_variables(c, i, full) ? CODE_ALL : 0;
		v |= one_variable(c, i, full);
	}
	if (name.p[0] == 'r' || name.p[0] == 'p' || name.p[0] == 'c' || name.p[0] == '$')
		v |= input_value(c, i, name);
	/* What an answer with an error had in it: a way to fetch that looks like a failure. */
	if (c->javascript && slice_ends(name, SLICE(".response.data")))
		v |= CODE_FETCHED;
	/* One variable of all is none of a secret's: env.PATH, env["PATH"]. */
	const struct code_name *n = code_name(c, i), *whole = &c->names[n->first];
	if (name.p[0] == '.' || code_is_short(c, i))
		return v;
	if (n->variable)
		v |= code_sign(c, i + 1, '[') ? n->value & ~CODE_ALL : n->value;
	else if (whole->variable)
		v |= whole->value & ~CODE_ALL;
	return v;
}

unsigned code_value(struct code *c, size_t from, size_t to)
{
	unsigned v = 0;
	if (to > c->n)
		to = c->n;
	if (from >= to || !code_steps(c, to - from))
		return 0;
	for (size_t i = from; i < to; i++) {
		if (c->t[i].kind == TOKEN_NAME)
			v |= value_of_name(c, i);
		else if (c->t[i].kind == TOKEN_TEXT)
			v |= text_value(c, i);
	}
	return v;
}

/* ── variables ── */

/* What is set in a function is no more when it ends: in large programs the same names mean other things. Members stay. */
static void localise(struct code *c, size_t i)
{
	struct code_name *n = code_name(c, i);
	if (c->at_load || n->local || n->variable || n->first != n->last)
		return;
	n->local = true;
	c->local[c->locals++] = c->name[i];
}

static void end_function(struct code *c)
{
	for (uint32_t i = 0; i < c->locals; i++) {
		struct code_name *n = &c->names[c->local[i]];
		n->variable = n->local = false;
		n->literal = n->path = SLICE_NONE;
	}
	c->locals = 0;
}

void code_set(struct code *c, size_t i, unsigned v, bool also)
{
	struct code_name *n = code_name(c, i);
	if (code_is_short(c, i) || (!v && !n->variable))
		return;
	localise(c, i);
	n->value = also && n->variable ? n->value | v : v;
	n->variable = true;
}

/* ── statements ── */

/* import a as b; from a import b as c, d; import { a } from "b"; import b from "c" */
static void import_names(struct code *c, size_t from, size_t to, struct slice module)
{
	/* What stands apart in the source stands together here: "os" and "system". */
	for (size_t i = from; i < to; i++) {
		if (c->t[i].kind != TOKEN_NAME || code_word(c, i, "from"))
			continue;
		size_t alias = code_word(c, i + 1, "as") && i + 2 < to ? i + 2 : i;
		struct slice name = c->t[i].text;
		if (module.n) {
			char *joined =
			        arena_fmt(c->arena, "%.*s.%.*s", SLICE_FMT(slice_sub(module, 0, 80)), SLICE_FMT(slice_sub(name, 0, 60)));
			if (joined)
				code_alias(c, alias, slice_str(joined));
		} else if (alias != i)
			code_alias(c, alias, name);
		i = alias;
	}
}

static bool import(struct code *c, size_t from, size_t to)
{
	if (code_word(c, from, "from") && from + 2 < to && code_word(c, from + 2, "import")) {
		struct slice module = c->t[from + 1].text;
		import_names(c, from + 3, to, module);
		return true;
	}
	if (!code_word(c, from, "import"))
		return false;
	struct slice module = code_text(c, to - 1) ? c->t[to - 1].text : SLICE_NONE;
	if (!module.p) {
		import_names(c, from + 1, to, SLICE_NONE);
		return true;
	}
	module = scan_module_name(module);
	/* The whole of a module has one name: import a from "b", import * as a from "b". */
	bool parts = code_sign(c, from + 1, '{');
	for (size_t i = from + 1; i < to && !parts; i++)
		if (c->t[i].kind == TOKEN_NAME && !code_word(c, i, "as") && !code_word(c, i, "from"))
			code_alias(c, i, module);
	if (parts)
		import_names(c, from + 1, to, module);
	return true;
}

/* Up to where a value goes that begins here: a bracket around it that closes, or the end. */
static size_t value_end(const struct code *c, size_t from, size_t to)
{
	size_t i = from;
	while (i < to && i < from + 4000) {
		if (c->t[i].kind == TOKEN_END || code_sign(c, i, ')') || code_sign(c, i, ']') || code_sign(c, i, '}') ||
		        code_word(c, i, "return"))
			return i;
		bool opens = code_sign(c, i, '(') || code_sign(c, i, '[') || code_sign(c, i, '{');
		i = opens ? code_behind(c, i) : i + 1;
	}
	return i < to ? i : to;
}

/* ── functions ── */

/* Functions that end before token `i`, or with its line. */
static void leave(struct code *c, size_t i, size_t margin)
{
	unsigned before = c->opened;
	while (c->opened && (c->python ? margin <= c->open[c->opened - 1].end : i > c->open[c->opened - 1].end))
		c->opened--;
	if (c->opened < before)
		code_files_end(c);
	c->function = c->opened ? c->open[c->opened - 1].function : 0;
}

size_t code_margin(const struct code *c, size_t i)
{
	size_t at = (size_t)(c->t[i].text.p - c->in->bytes.p), n = 0;
	while (n < at && (c->in->bytes.p[at - n - 1] == ' ' || c->in->bytes.p[at - n - 1] == '\t'))
		n++;
	return n == at || c->in->bytes.p[at - n - 1] == '\n' ? n : SIZE_MAX;
}

/* The name of a function is token `name`, and its parameters end before `behind`. */
static void enter(struct code *c, size_t name, size_t behind)
{
	size_t end = SIZE_MAX;
	if (c->python) {
		size_t def = name - 1;
		def -= def > 0 && code_word(c, def - 1, "async");
		end = code_margin(c, def);
		if (end == SIZE_MAX)
			return;
	} else if (!c->ruby) {
		size_t k = behind;
		while (k < c->n && k < behind + 40 && !code_sign(c, k, '{') && !(c->t[k].kind == TOKEN_END && c->t[k].sign == ';'))
			k++;
		if (!code_sign(c, k, '{') || !c->close[k])
			return;
		end = c->close[k];
	} else
		c->opened = 0;
	if (c->opened == ARRAY_LEN(c->open))
		return;
	c->function = code_name(c, name)->last;
	c->open[c->opened].function = c->function;
	c->open[c->opened++].end = end;
	struct code_name *f = &c->names[c->function];
	f->function = true;
	if (!c->telling && f->defined < 2)
		f->defined++;
}

static void parameters(struct code *c, size_t from, size_t end)
{
	for (size_t k = from; k + 1 < end; k++)
		if (c->t[k].kind == TOKEN_NAME && !slice_is(c->t[k].text, "self") && (code_sign(c, k - 1, '(') || code_sign(c, k - 1, ',')))
			code_set(c, k, CODE_GIVEN, false);
}

/* name = (parameters) => …, name = async function (parameters) …, name = parameter => … */
static void define_value(struct code *c, size_t i)
{
	size_t k = i + 2;
	if (!c->javascript || c->minified || !code_sign(c, i + 1, '=') || code_sign(c, k, '='))
		return;
	k += code_word(c, k, "async");
	bool function = code_word(c, k, "function");
	k += function;
	size_t end = code_sign(c, k, '(') ? code_behind(c, k) : k + 1;
	bool arrow = code_sign(c, end, '=') && code_sign(c, end + 1, '>');
	if (!(function && code_sign(c, k, '(')) && !arrow)
		return;
	if (code_sign(c, k, '('))
		parameters(c, k + 1, end);
	else
		code_set(c, k, CODE_GIVEN, false);
	size_t body = arrow ? end + 2 : end;
	if (code_sign(c, body, '{'))
		enter(c, i, end);
	else {
		/* Without braces it gives its one value. */
		struct code_name *f = &c->names[code_name(c, i)->last];
		f->function = true;
		f->gives |= code_value(c, body, value_end(c, body, c->n)) & ~CODE_GIVEN;
	}
}

/* def name(parameters), function name(parameters) */
static size_t define(struct code *c, size_t i)
{
	if (!(code_word(c, i, "def") || code_word(c, i, "function") || code_word(c, i, "func") || code_word(c, i, "fn")) || i + 2 >= c->n ||
	        c->t[i + 1].kind != TOKEN_NAME || !code_sign(c, i + 2, '('))
		return 0;
	size_t end = code_behind(c, i + 2);
	if (!c->minified)
		enter(c, i + 1, end);
	parameters(c, i + 3, end);
	return end;
}

/* The place of "=", ":=", "+=" in a statement; SIZE_MAX: none. */
static size_t assignment(const struct code *c, size_t from, size_t to, bool *also)
{
	for (size_t i = from + 1; i + 1 < to; i++) {
		if (!code_sign(c, i, '=') || c->t[i].depth != c->t[from].depth)
			continue;
		if (code_sign(c, i + 1, '=') || code_sign(c, i + 1, '>') || code_sign(c, i - 1, '=') || code_sign(c, i - 1, '!') ||
		        code_sign(c, i - 1, '<') || code_sign(c, i - 1, '>'))
			return SIZE_MAX;
		*also = code_sign(c, i - 1, '+') || code_sign(c, i - 1, ']');
		return i;
	}
	return SIZE_MAX;
}

static bool is_keyword(struct slice name)
{
	static const char *const words[] = {"const", "let", "var", "my", "await", "async", "in", "of", "for", "if", "with", "as", NULL};
	return name.n <= 5 && scan_one_of(name, words);
}

/* const cp = require("child_process"), const { exec } = require("child_process"), const s = require("child_process").spawn */
static bool required(struct code *c, size_t from, size_t at, size_t to)
{
	if (at + 4 >= to || !code_word(c, at + 1, "require") || !code_sign(c, at + 2, '(') || !code_text(c, at + 3))
		return false;
	struct slice m = scan_module_name(c->t[at + 3].text);
	bool one = c->t[at - 1].kind == TOKEN_NAME, member = at + 5 < to && c->t[at + 5].kind == TOKEN_NAME;
	/* What it gives back is no other name for it. */
	if (member && code_sign(c, at + 6, '('))
		return false;
	for (size_t i = from; i < at; i++) {
		if (c->t[i].kind != TOKEN_NAME || is_keyword(c->t[i].text))
			continue;
		struct slice part = member ? c->t[at + 5].text : one ? SLICE_NONE : c->t[i].text;
		part = part.n && part.p[0] == '.' ? slice_from(part, 1) : part;
		char *joined =
		        part.n ? arena_fmt(c->arena, "%.*s.%.*s", SLICE_FMT(slice_sub(m, 0, 80)), SLICE_FMT(slice_sub(part, 0, 60))) : NULL;
		if (joined || !part.n)
			code_alias(c, i, joined ? slice_str(joined) : m);
	}
	return true;
}

/* The path of a file that is opened in [from, to). */
static struct slice opened(struct code *c, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (c->t[i].kind == TOKEN_NAME && code_sign(c, i + 1, '(') && code_kinds(c, i) & (1u << READS | 1u << WRITES))
			return code_path_key(c, i + 2, code_behind(c, i + 1));
	return SLICE_NONE;
}

/* Variables of the process are gone through, and those looked for that are called secrets. */
static bool looks_for_secrets(const struct code *c, size_t i)
{
	static const char *const words[] = {
	        "KEY", "SECRET", "TOKEN", "PASSWORD", "PASSWD", "CREDENTIAL", "CREDENTIALS", "API_KEY", "PRIVATE", "AUTH", NULL};
	unsigned n = 0;
	for (size_t k = i; k < c->n && k < i + 60; k++)
		n += code_text(c, k) && scan_one_of(c->t[k].text, words);
	return n >= 3;
}

/* for a, b in c */
static void each_of(struct code *c, size_t from, size_t i, size_t to)
{
	unsigned v = code_value(c, i + 1, value_end(c, i + 1, to));
	if (v & CODE_ALL && looks_for_secrets(c, i))
		c->secrets |= CODE_SECRET_VARIABLES;
	for (size_t k = i; k > from && i - k < 16 && c->t[k - 1].depth >= c->t[i].depth && !code_word(c, k - 1, "for"); k--)
		if (c->t[k - 1].kind == TOKEN_NAME && !is_keyword(c->t[k - 1].text))
			code_set(c, k - 1, v, true);
}

/* socket.onmessage = event => …, function (event) …: what the function is given comes from there. */
static void handles(struct code *c, size_t at, size_t to)
{
	const struct code_name *n = code_name(c, at - 1), *first = &c->names[n->first];
	size_t i = at + 1 + code_word(c, at + 1, "async");
	if (!c->javascript || !slice_is(c->names[n->last].text, "onmessage") || !first->variable || !(first->value & CODE_SOCKET))
		return;
	i += code_word(c, i, "function");
	i += code_sign(c, i, '(');
	if (i < to && c->t[i].kind == TOKEN_NAME)
		code_set(c, i, CODE_FETCHED, true);
}

static void assign(struct code *c, size_t from, size_t to)
{
	bool also = false;
	size_t at = assignment(c, from, to, &also);
	if (at != SIZE_MAX) {
		if (required(c, from, at, to))
			return;
		unsigned v = code_value(c, at + 1, to) | (c->skill ? code_skill_value(c, at + 1, to) : 0);
		/* ":=" is two signs. */
		size_t begin = at + 1 + code_sign(c, at + 1, '=');
		v |= is_pieced(c, begin, to) ? CODE_PIECED : 0;
		if (c->t[at - 1].kind == TOKEN_NAME && (slice_ends(c->t[at - 1].text, SLICE(".name"))))
			c->did |= DID_RENAME;
		if (c->t[at - 1].kind == TOKEN_NAME) {
			code_replaces(c, at - 1, to);
			handles(c, at, to);
		}
		/* const { PATH } = process.env: single ones. */
		bool parts = code_sign(c, at - 1, '}');
		v = parts ? v & ~CODE_ALL : v;
		struct slice literal = at + 2 == to && code_text(c, at + 1) ? c->t[at + 1].text : SLICE_NONE, path = opened(c, at + 1, to);
		for (size_t i = from; i < at; i++)
			if (c->t[i].kind == TOKEN_NAME && !is_keyword(c->t[i].text) && c->t[i].depth == c->t[from].depth) {
				code_set(c, i, v, also);
				if (literal.p || path.p)
					localise(c, i);
				code_name(c, i)->literal = also ? SLICE_NONE : literal;
				code_name(c, i)->path = path;
			}
	}
	for (size_t i = from; i + 1 < to && !c->minified; i++) {
		if (code_word(c, i, "in") || code_word(c, i, "of"))
			each_of(c, from, i, to);
		else if (c->python && code_word(c, i, "as") && c->t[i + 1].kind == TOKEN_NAME) {
			size_t back = i - from > 256 ? i - 256 : from;
			code_set(c, i + 1, code_value(c, back, i), false);
			code_name(c, i + 1)->path = opened(c, back, i);
		}
	}
}

/* const a = b, c = d: each for itself. */
static void assign_each(struct code *c, size_t from, size_t to)
{
	bool declares = c->javascript && (code_word(c, from, "const") || code_word(c, from, "let") || code_word(c, from, "var"));
	unsigned depth = c->t[from].depth;
	for (size_t i = from; declares && i < to; i++) {
		if (code_sign(c, i, ',') && c->t[i].depth == depth && i > from) {
			assign(c, from, i);
			from = i + 1;
		} else if (code_sign(c, i, '{') && c->close[i] && c->close[i] < to)
			i = c->close[i];
	}
	if (from < to)
		assign(c, from, to);
}

static void gathers(struct code *c, size_t i)
{
	struct slice name = c->t[i].text;
	if (name.p[0] == '.' || !code_is(c, i, GATHERS) || c->minified)
		return;
	unsigned v = code_value(c, i + 2, code_behind(c, i + 1)) & ~CODE_GIVEN;
	struct code_name *n = &c->names[code_name(c, i)->first];
	if (!v || n->path.p)
		return;
	n->value = n->variable ? n->value | v : v;
	n->variable = true;
}

/* A statement may hold a whole program, if nobody ever wrote a semicolon: names in it are looked at one by one. */
static void statement(struct code *c, size_t from, size_t to)
{
	if (import(c, from, to))
		return;
	for (size_t i = from; i < to; i++) {
		if (c->opened && !c->python && !c->ruby)
			leave(c, i, 0);
		/* A text that is a statement alone is a comment. */
		if (c->telling && code_text(c, i) && to - from > 1)
			code_sign_text(c, i);
		if (c->t[i].kind != TOKEN_NAME)
			continue;
		size_t end = define(c, i);
		if (end) {
			i = end - 1;
			continue;
		}
		define_value(c, i);
		code_mention(c, i);
		if (code_sign(c, i + 1, '(')) {
			code_call(c, i);
			gathers(c, i);
		}
		/* data => text += data: in an argument. */
		if (c->javascript && !c->minified && code_sign(c, i + 1, '+') && code_sign(c, i + 2, '=') &&
		        c->t[i].depth > c->t[from].depth)
			code_set(c, i, code_value(c, i + 3, value_end(c, i + 3, to)), true);
		if (c->function && slice_is(c->t[i].text, "return"))
			c->names[c->function].gives |= code_value(c, i + 1, value_end(c, i + 1, to)) & ~CODE_GIVEN;
	}
	assign_each(c, from, to);
}

/* ── what runs when the file is loaded ── */

/* Python, Ruby: a line that begins at the margin says whether what is further in belongs to a function. */
static void margin(struct code *c, size_t i)
{
	static const char *const inside[] = {"def", "class", "async", "module", NULL};
	struct slice t = c->in->bytes;
	size_t at = (size_t)(c->t[i].text.p - t.p);
	if (at && t.p[at - 1] != '\n')
		return;
	c->at_load = !(c->t[i].kind == TOKEN_NAME && scan_one_of(c->t[i].text, inside)) && !code_sign(c, i, '@');
	end_function(c);
}

/* Does this brace begin a function, or a class? */
static bool begins_function(const struct code *c, size_t i)
{
	static const char *const blocks[] = {"if", "for", "while", "switch", "catch", "with", NULL};
	/* Before a block, or braces around names: import { a } from "b", const { a } = b. */
	static const char *const others[] = {"else", "try", "finally", "do", "import", "export", "const", "let", "var", NULL};
	/* In C it stands on a line of its own. */
	while (c->compiled && i > 0 && c->t[i - 1].kind == TOKEN_END && c->t[i - 1].sign != ';')
		i--;
	if (i == 0)
		return false;
	if (code_sign(c, i - 1, ')')) {
		size_t open = c->close[i - 1];
		return !(open && c->t[open - 1].kind == TOKEN_NAME && scan_one_of(c->t[open - 1].text, blocks));
	}
	return code_sign(c, i - 1, '>') || (c->t[i - 1].kind == TOKEN_NAME && !scan_one_of(c->t[i - 1].text, others));
}

/* From one statement to the next: the end of the function that it is in, 0: it is in none. */
static size_t function_end(const struct code *c, size_t from, size_t to, size_t end)
{
	if (end && from > end)
		end = 0;
	for (size_t i = from; i < to && !end; i++)
		if (code_sign(c, i, '{') && c->close[i] && begins_function(c, i))
			end = c->close[i];
	return end;
}

static void forget(struct code *c)
{
	for (uint32_t i = 0; i < c->n_names; i++) {
		c->names[i].variable = c->names[i].local = false;
		c->names[i].literal = c->names[i].path = SLICE_NONE;
	}
	c->function = c->locals = c->opened = 0;
	c->dup2 = c->connects = c->spawns_shell = c->pipes = 0;
	c->n_made = 0;
	c->secrets = c->did = c->asks = c->texts = 0;
	c->reads_secret = false;
}

void code_statements(struct code *c)
{
	size_t function = 0;
	bool braces = !c->python && !c->ruby;
	forget(c);
	c->at_load = true;
	for (size_t i = 0; i < c->n && !c->limited;) {
		size_t end = i;
		while (end < c->n && c->t[end].kind != TOKEN_END &&
		        !(end > i && braces && code_sign(c, end - 1, '{') && begins_function(c, end - 1)))
			end++;
		if (end > i) {
			size_t m = c->python && c->opened ? code_margin(c, i) : SIZE_MAX;
			if (m != SIZE_MAX)
				leave(c, i, m);
			if (c->python || c->ruby)
				margin(c, i);
			else {
				if (function && i > function) {
					function = 0;
					end_function(c);
					/* A program of C that is given a socket is none that opens one, in another function. */
					if (c->compiled)
						c->dup2 = c->connects = c->spawns_shell = c->pipes = 0;
				}
				c->at_load = !function;
			}
			/* The statement that a function begins in is of it. */
			function = braces ? function_end(c, i, end, function) : 0;
			c->at_load &= !(function && braces);
			statement(c, i, end);
		}
		i = end + (end < c->n && c->t[end].kind == TOKEN_END);
	}
}
