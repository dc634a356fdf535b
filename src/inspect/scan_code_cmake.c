/* Builds by CMake: what is run when a project is configured or built is a command that nobody calls, as in scan_code.c those of other
 * builds are. Commands are put together as CMake would, with variables where they are known, and judged as shell. */
#include "base/buf.h"
#include "inspect/scan_code.h"
#include "inspect/scan_shell.h"
#include "parse/cmake.h"

#define CALL_ARENA  ((size_t)8 << 20)
#define VALUE_MAX   4096u /* of a variable; longer ones are not put in */
#define VARIABLES   128u
#define FILES       32u
#define COMMAND_MAX ((size_t)64 << 10)

struct build {
	struct code *c;
	struct arena *arena; /* of values */
	struct {
		struct slice name, value;
	} variable[VARIABLES];
	size_t variables;        /* how many were set; the last ones are kept */
	struct slice got[FILES]; /* files that were fetched, and whose digest was not asked for */
	size_t n_got;
	bool checks; /* digests of something */
};

/* ── values ── */

static struct slice value_of(const struct build *b, struct slice name)
{
	size_t n = b->variables < VARIABLES ? b->variables : VARIABLES;
	for (size_t k = 1; k <= n; k++)
		if (slice_eq(b->variable[(b->variables - k) % VARIABLES].name, name))
			return b->variable[(b->variables - k) % VARIABLES].value;
	return SLICE_NONE;
}

/* With variables that are known in it put there, once: "${a}/b". What is not known stays as it is. */
static void expand(const struct build *b, struct buf *to, struct slice s)
{
	for (size_t at = 0; at < s.n;) {
		size_t open = slice_find(s, SLICE("${"), at), end = open == SLICE_NPOS ? open : slice_chr(s, '}', open);
		if (end == SLICE_NPOS)
			open = s.n;
		buf_add(to, slice_sub(s, at, open - at));
		if (end == SLICE_NPOS)
			return;
		struct slice value = value_of(b, slice_sub(s, open + 2, end - open - 2));
		buf_add(to, value.n ? value : slice_sub(s, open, end + 1 - open));
		at = end + 1;
	}
}

static void set(struct build *b, const struct cmake_call *call)
{
	_cleanup_buf_ struct buf value = BUF(VALUE_MAX);
	if (call->n < 2 || call->argument[0].text.n > 200)
		return;
	for (size_t i = 1; i < call->n && i < 16; i++) {
		if (slice_is(call->argument[i].text, "CACHE") || slice_is(call->argument[i].text, "PARENT_SCOPE"))
			break;
		if (i > 1)
			buf_str_add(&value, ";");
		expand(b, &value, call->argument[i].text);
	}
	if (buf_error(&value) || !value.n)
		return;
	size_t at = b->variables++ % VARIABLES;
	b->variable[at].name = arena_copy(b->arena, call->argument[0].text);
	b->variable[at].value = arena_copy(b->arena, buf_slice(&value));
}

static struct slice value(const struct build *b, struct arena *arena, struct slice s)
{
	_cleanup_buf_ struct buf to = BUF(2 * VALUE_MAX);
	expand(b, &to, s);
	return buf_error(&to) ? s : arena_copy(arena, buf_slice(&to));
}

/* ── commands ── */

/* A word that begins one, or is none of it. */
static bool is_option(struct slice s)
{
	static const char *const names[] = {"WORKING_DIRECTORY", "TIMEOUT", "RESULT_VARIABLE", "RESULTS_VARIABLE", "OUTPUT_VARIABLE",
	        "ERROR_VARIABLE", "INPUT_FILE", "OUTPUT_FILE", "ERROR_FILE", "OUTPUT_QUIET", "ERROR_QUIET", "COMMAND_ECHO",
	        "OUTPUT_STRIP_TRAILING_WHITESPACE", "ERROR_STRIP_TRAILING_WHITESPACE", "ENCODING", "COMMAND_ERROR_IS_FATAL",
	        "ECHO_OUTPUT_VARIABLE", "ECHO_ERROR_VARIABLE", "DEPENDS", "COMMENT", "VERBATIM", "BYPRODUCTS", "SOURCES", "USES_TERMINAL",
	        "MAIN_DEPENDENCY", "OUTPUT", "DEPFILE", "IMPLICIT_DEPENDS", "JOB_POOL", "APPEND", "PRE_BUILD", "PRE_LINK", "POST_BUILD",
	        "TARGET", "COMMAND_EXPAND_LISTS", NULL};
	return scan_one_of(s, names);
}

static bool begins_command(struct slice s)
{
	static const char *const names[] = {"COMMAND", "CONFIGURE_COMMAND", "BUILD_COMMAND", "INSTALL_COMMAND", "PATCH_COMMAND",
	        "TEST_COMMAND", "DOWNLOAD_COMMAND", "UPDATE_COMMAND", NULL};
	return scan_one_of(s, names);
}

/* "${Python3_EXECUTABLE}" is a Python; p NULL: not known. */
static struct slice program(struct slice s)
{
	static const struct {
		struct slice part, name;
	} rows[] = {{SLICE_INIT("PYTHON"), SLICE_INIT("python3")}, {SLICE_INIT("Python"), SLICE_INIT("python3")},
	        {SLICE_INIT("PERL"), SLICE_INIT("perl")}, {SLICE_INIT("BASH"), SLICE_INIT("bash")},
	        {SLICE_INIT("POWERSHELL"), SLICE_INIT("pwsh")}, {SLICE_INIT("PWSH"), SLICE_INIT("pwsh")},
	        {SLICE_INIT("CURL_E"), SLICE_INIT("curl")}, {SLICE_INIT("WGET"), SLICE_INIT("wget")},
	        {SLICE_INIT("SHELL"), SLICE_INIT("sh")}, {SLICE_INIT("SH_E"), SLICE_INIT("sh")}};
	bool variable = slice_starts(s, SLICE("${")) && slice_chr(s, '}', 0) == s.n - 1;
	for (size_t i = 0; variable && i < ARRAY_LEN(rows); i++)
		if (slice_find(s, rows[i].part, 0) != SLICE_NPOS)
			return rows[i].name;
	return SLICE_NONE;
}

/* Of make and ninja; not of what CMake starts itself. */
static bool is_operator(struct slice w)
{
	static const char *const signs[] = {"|", "||", "&&", ">", ">>", "<", "2>&1", "&", NULL};
	return scan_one_of(w, signs);
}

static bool is_got(const struct build *b, struct slice file)
{
	for (size_t i = 0; i < b->n_got && i < FILES; i++)
		if (slice_eq(b->got[i], file))
			return true;
	return false;
}

/* One command's words, from `i`; returns behind them. `first` gets the program, `second` the first operand behind it. */
static size_t words(const struct build *b, struct arena *arena, const struct cmake_call *call, size_t i, struct buf *to, bool direct)
{
	bool front = true;
	for (; i < call->n; i++) {
		const struct cmake_argument *a = &call->argument[i];
		if (!a->quoted && (begins_command(a->text) || is_option(a->text)))
			break;
		struct slice w = value(b, arena, a->text);
		/* ${CMAKE_COMMAND} -E env A=B program … */
		if (front && slice_is(w, "${CMAKE_COMMAND}") && i + 2 < call->n && slice_is(call->argument[i + 1].text, "-E") &&
		        slice_is(call->argument[i + 2].text, "env")) {
			buf_str_add(to, " env");
			i += 2;
			front = true;
			continue;
		}
		struct slice known = front ? program(w) : SLICE_NONE;
		front = front && slice_chr(w, '=', 0) != SLICE_NPOS;
		if (!known.n && !direct && !a->quoted && is_operator(w))
			buf_fmt(to, " %.*s", SLICE_FMT(w));
		else
			scan_shell_word(to, known.n ? known : w);
	}
	return i;
}

/* A program that was fetched, or an interpreter's. */
static void starts_got(struct build *b, struct arena *arena, const struct cmake_call *call, size_t i)
{
	for (size_t k = i; k < call->n && k < i + 4 && !b->checks; k++) {
		struct slice w = value(b, arena, call->argument[k].text);
		bool option = w.n && w.p[0] == '-';
		if (begins_command(w) || is_option(w))
			return;
		if (is_got(b, w) && (k == i || program(call->argument[i].text).n || slice_is(call->argument[k - 1].text, "-P") ||
		                            scan_shell_runs(value(b, arena, call->argument[i].text)))) {
			scan_found_text(b->c->s, b->c->in, SCAN_RULE_CODE_DROPS, b->c->in->bytes, call->at, call->end - call->at, "%.*s",
			        SLICE_FMT(slice_sub(w, 0, 200)));
			return;
		}
		if (k > i && !option)
			return;
	}
}

static void commands(struct build *b, struct arena *arena, const struct cmake_call *call, bool direct)
{
	_cleanup_buf_ struct buf line = BUF(COMMAND_MAX);
	bool any = false;
	for (size_t i = 0; i < call->n;) {
		if (call->argument[i].quoted || !begins_command(call->argument[i].text)) {
			i++;
			continue;
		}
		/* Several that CMake starts itself write into each other. */
		if (any)
			buf_str_add(&line, direct ? " |" : "\n");
		any = true;
		starts_got(b, arena, call, i + 1);
		i = words(b, arena, call, i + 1, &line, direct);
	}
	if (any && !buf_error(&line))
		code_unasked(b->c, buf_slice(&line), call->at, call->end - call->at);
	if (buf_error(&line) || call->more)
		scan_found_text(b->c->s, b->c->in, SCAN_RULE_CODE_LIMIT, b->c->in->bytes, call->at, call->end - call->at, "%s",
		        "a command of more parts than are read");
}

/* ── files ── */

static bool has_word(const struct cmake_call *call, const char *word)
{
	for (size_t i = 0; i < call->n; i++)
		if (slice_is(call->argument[i].text, word))
			return true;
	return false;
}

static void file(struct build *b, struct arena *arena, const struct cmake_call *call)
{
	static const char *const digests[] = {"SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "SHA3_256", "SHA3_512", "MD5", NULL};
	b->checks |= call->n > 1 && scan_one_of(call->argument[0].text, digests);
	if (call->n < 3 || !slice_is(call->argument[0].text, "DOWNLOAD") || has_word(call, "EXPECTED_HASH") ||
	        has_word(call, "EXPECTED_MD5"))
		return;
	struct slice to = value(b, arena, call->argument[2].text);
	if (to.n && to.n <= VALUE_MAX)
		b->got[b->n_got++ % FILES] = arena_copy(b->arena, to);
}

/* What is fetched and then read as a part of the script. Many do that, from where they trust; from a bare address, or without encryption,
 * nobody has to. */
static void look(struct build *b, struct arena *arena, const struct cmake_call *call)
{
	static const char *const outside[] = {"add_custom_command", "add_custom_target", "externalproject_add", "add_test", NULL};
	char lower[32];
	size_t n = 0;
	for (; n < call->name.n && n + 1 < sizeof(lower); n++)
		lower[n] = (char)(call->name.p[n] | (call->name.p[n] == '_' ? 0 : 0x20));
	lower[n] = 0;
	struct slice name = slice_str(lower);
	if (slice_is(name, "set"))
		set(b, call);
	else if (slice_is(name, "file"))
		file(b, arena, call);
	else if (slice_is(name, "execute_process"))
		commands(b, arena, call, true);
	else if (slice_is(name, "exec_program")) {
		_cleanup_buf_ struct buf line = BUF(COMMAND_MAX);
		for (size_t i = 0; i < call->n; i++) {
			expand(b, &line, call->argument[i].text);
			buf_str_add(&line, " ");
		}
		code_unasked(b->c, buf_slice(&line), call->at, call->end - call->at);
	} else if (scan_one_of(name, outside))
		commands(b, arena, call, false);
}

bool code_is_cmake(const char *name)
{
	return strcmp(name, "CMakeLists.txt") == 0 || scan_has_suffix(name, ".cmake") || scan_has_suffix(name, ".cmake.in");
}

void code_cmake(struct code *c)
{
	_cleanup_arena_ struct arena arena = ARENA(CODE_BUILD_MAX);
	struct build b = {.c = c, .arena = &arena};
	struct cmake script = {.text = c->in->bytes};
	for (int r = 1; r == 1;) {
		_cleanup_arena_ struct arena own = ARENA(CALL_ARENA);
		struct cmake_call call;
		r = cmake_next(&script, &own, &call);
		if (r == 1)
			look(&b, &own, &call);
		else if (r < 0)
			scan_found(c->s, c->in, SCAN_RULE_CODE_LIMIT, 0, c->in->size, "%s", "a build that is larger than is read");
	}
}
