/* Builds by Gradle, in Groovy and in Kotlin: scripts that are run as soon as a project is opened. Commands that they start are judged as
 * shell; what they fetch or decode is followed to where it is run. By tokens, as in scan_code.c, of which this knows more of the words. */
#include "base/buf.h"
#include "inspect/scan_code.h"
#include "inspect/scan_shell.h"

#define COMMAND_MAX ((size_t)64 << 10)
#define NAMES       256u
#define RANGE_MAX   400u /* tokens of a statement */
#define STEPS_MAX   4000000u
#define BACK_MAX    200u

/* What a value is; bits. */
#define IS_FETCHED 1u
#define IS_DECODED 2u
#define IS_ADDRESS 4u /* an address that can be read from, or a connection */
#define IS_FILE    8u /* a file that was made of what was fetched */

struct gradle {
	struct code *c;
	struct {
		struct slice name;
		unsigned value;
	} name[NAMES];
	size_t names, steps;
	bool checks;
};

static bool steps(struct gradle *g, size_t n)
{
	if (g->steps < n) {
		g->steps = 0;
		return false;
	}
	g->steps -= n;
	return true;
}

static struct slice first_part(struct slice s)
{
	return slice_sub(s, 0, slice_chr(s, '.', 0));
}

static bool is_name(const struct code *c, size_t i)
{
	return i < c->n && c->t[i].kind == TOKEN_NAME;
}

static bool last_is(const struct code *c, size_t i, const char *const *words)
{
	return is_name(c, i) && scan_one_of(code_last_part(c->t[i].text), words);
}

static unsigned known(struct gradle *g, struct slice name)
{
	size_t n = g->names < NAMES ? g->names : NAMES;
	if (!steps(g, n / 8 + 1))
		return 0;
	for (size_t k = 1; k <= n; k++)
		if (slice_eq(g->name[(g->names - k) % NAMES].name, name))
			return g->name[(g->names - k) % NAMES].value;
	return 0;
}

static void set(struct gradle *g, struct slice name, unsigned v)
{
	if (!v && !known(g, name))
		return;
	size_t at = g->names++ % NAMES;
	g->name[at].name = name;
	g->name[at].value = v;
}

static size_t ends(struct gradle *g, size_t i)
{
	size_t stop = i + RANGE_MAX < g->c->n ? i + RANGE_MAX : g->c->n;
	while (i < stop && g->c->t[i].kind != TOKEN_END && !code_sign(g->c, i, '}') && steps(g, 1))
		i++;
	return i;
}

/* A member that gives what an address has. */
static bool reads(struct slice name)
{
	static const char *const words[] = {"text", "getText", "readText", "bytes", "getBytes", "readBytes", "openStream", "newReader",
	        "newInputStream", "inputStream", "getInputStream", "eachLine", "readLines", NULL};
	struct slice rest = name, part;
	while (slice_split(&rest, '.', &part))
		if (scan_one_of(part, words))
			return true;
	return false;
}

/* What [from, to) is. What was parsed is no code any more. */
static unsigned value(struct gradle *g, size_t from, size_t to)
{
	static const char *const addresses[] = {"URL", "URI", "toURL", "toURI", "openConnection", "HttpRequest", NULL};
	static const char *const decodes[] = {"decodeBase64", "decodeHex", "getDecoder", "getMimeDecoder", "b64decode", NULL};
	static const char *const parses[] = {"JsonSlurper", "XmlSlurper", "XmlParser", "Properties", "parseText", NULL};
	unsigned v = 0;
	for (size_t i = from; i < to && steps(g, 1); i++) {
		if (!is_name(g->c, i))
			continue;
		struct slice s = g->c->t[i].text;
		if (last_is(g->c, i, parses))
			return 0;
		v |= known(g, first_part(s));
		v |= last_is(g->c, i, addresses) ? IS_ADDRESS : 0;
		v |= last_is(g->c, i, decodes) ? IS_DECODED : 0;
		v |= v & IS_ADDRESS && reads(s) ? IS_FETCHED : 0;
	}
	return v;
}

static void tell(struct gradle *g, enum scan_rule_name rule, size_t from, size_t to)
{
	const struct code *c = g->c;
	to = to > from ? to : from + 1;
	to = to < c->n ? to : c->n;
	size_t at = (size_t)(c->t[from].text.p - c->in->bytes.p),
	       end = (size_t)(c->t[to - 1].text.p - c->in->bytes.p) + c->t[to - 1].text.n;
	struct slice shown = slice_sub(c->in->bytes, at, end - at);
	scan_found_text(c->s, c->in, rule, c->in->bytes, at, end - at, "%.*s", SLICE_FMT(slice_sub(shown, 0, 240)));
}

/* ── commands ── */

/* Texts in [from, to) are the words of a command; one alone is all of it. */
static void command(struct gradle *g, size_t from, size_t to)
{
	_cleanup_arena_ struct arena arena = ARENA(COMMAND_MAX);
	_cleanup_buf_ struct buf line = BUF(COMMAND_MAX);
	size_t texts = 0;
	struct slice one = SLICE_NONE;
	for (size_t i = from; i < to && steps(g, 1); i++) {
		bool text = code_text(g->c, i);
		/* listOf("a", "b") */
		if (!text && (!is_name(g->c, i) || code_sign(g->c, i + 1, '(')))
			continue;
		one = text ? code_unescape(&arena, g->c->t[i].text) : SLICE("$x");
		scan_shell_word(&line, one);
		texts += text;
	}
	if (!texts || buf_error(&line))
		return;
	size_t at = (size_t)(g->c->t[from].text.p - g->c->in->bytes.p);
	struct slice words = texts == 1 && code_text(g->c, from) ? one : buf_slice(&line);
	code_unasked(g->c, words, at, (size_t)(g->c->t[to - 1].text.p + g->c->t[to - 1].text.n - g->c->in->bytes.p) - at);
}

/* What was fetched or decoded is run, as a command, as code or as a file. */
static void runs(struct gradle *g, size_t i, size_t from, size_t to, bool file)
{
	unsigned v = value(g, from, to);
	if (v & IS_DECODED)
		tell(g, v & IS_FETCHED ? SCAN_RULE_CODE_FETCHED : SCAN_RULE_CODE_DECODED, i, to);
	else if (v & IS_FETCHED)
		tell(g, SCAN_RULE_CODE_FETCHED, i, to);
	else if (file && v & IS_FILE && !g->checks)
		tell(g, SCAN_RULE_CODE_DROPS, i, to);
}

/* 'a b'.execute(), ['a', 'b'].execute(), a.execute() */
static void executes(struct gradle *g, size_t i)
{
	struct slice s = g->c->t[i].text;
	size_t from = i;
	if (!slice_is(code_last_part(s), "execute") || !code_sign(g->c, i + 1, '('))
		return;
	if (s.p[0] != '.') {
		runs(g, i, i, i + 1, true);
		return;
	}
	bool list = i > 0 && (code_sign(g->c, i - 1, ']') || code_sign(g->c, i - 1, ')'));
	from = list && g->c->close[i - 1] ? g->c->close[i - 1] : i - (i > 0);
	if (i - from > BACK_MAX || from == i)
		return;
	command(g, from + list, list ? i - 1 : i);
	runs(g, from, from, i, true);
}

/* commandLine 'a', 'b'; ProcessBuilder("a", "b"); exec("a b") */
static void starts(struct gradle *g, size_t i)
{
	static const char *const names[] = {"commandLine", "setCommandLine", "ProcessBuilder", "exec", "executable", NULL};
	static const char *const java[] = {"javaexec", "classpath", NULL};
	static const char *const code[] = {"evaluate", "parseClass", "me", "defineClass", "URLClassLoader", "eval", NULL};
	bool bracket = code_sign(g->c, i + 1, '(') && g->c->close[i + 1];
	size_t from = i + 1 + bracket, to = bracket ? g->c->close[i + 1] : ends(g, i + 1);
	/* commandLine = listOf("a", "b") */
	from += !bracket && code_sign(g->c, from, '=');
	if (to <= from || to - from > RANGE_MAX)
		return;
	if (last_is(g->c, i, names) && !code_sign(g->c, i + 1, '{')) {
		command(g, from, to);
		runs(g, i, from, to, true);
	} else if (bracket && last_is(g->c, i, code)) {
		runs(g, i, from, to, false);
	} else if (last_is(g->c, i, java)) {
		runs(g, i, from, to, true);
	}
}

/* apply from: 'http://…' */
static void applies(struct gradle *g, size_t i)
{
	size_t k = i + 1 + code_sign(g->c, i + 1, '(');
	if (!code_word(g->c, i, "apply") || !code_word(g->c, k, "from"))
		return;
	for (size_t m = k + 1; m < k + 6 && m < g->c->n; m++)
		if (code_text(g->c, m) && slice_starts(g->c->t[m].text, SLICE("http://")) &&
		        !slice_starts(g->c->t[m].text, SLICE("http://localhost")) && !slice_starts(g->c->t[m].text, SLICE("http://127.")))
			tell(g, SCAN_RULE_CODE_COMMAND_ODD, i, m + 1);
}

/* ── values ── */

static void assigns(struct gradle *g, size_t i)
{
	if (!is_name(g->c, i) || !code_sign(g->c, i + 1, '=') || code_sign(g->c, i + 2, '=') ||
	        (i > 0 && g->c->t[i - 1].kind == TOKEN_SIGN && strchr("!<>=+", g->c->t[i - 1].sign)))
		return;
	/* A member that is set leaves what it is a member of. */
	if (slice_chr(g->c->t[i].text, '.', 0) == SLICE_NPOS)
		set(g, g->c->t[i].text, value(g, i + 2, ends(g, i + 2)));
}

/* a.writeBytes(what was fetched), a << …, Files.copy(what was fetched, a) */
static void writes(struct gradle *g, size_t i)
{
	static const char *const names[] = {"writeBytes", "writeText", "setBytes", "setText", "leftShift", "append", "withOutputStream",
	        "outputStream", "copyTo", "write", NULL};
	bool shift = code_sign(g->c, i + 1, '<') && code_sign(g->c, i + 2, '<');
	bool copy = slice_is(g->c->t[i].text, "Files.copy") && code_sign(g->c, i + 1, '(') && g->c->close[i + 1];
	if (!shift && !copy && !last_is(g->c, i, names))
		return;
	size_t to = ends(g, i + 1);
	if (!(value(g, i + 1, to) & (IS_FETCHED | IS_DECODED)))
		return;
	struct slice name = first_part(g->c->t[i].text);
	for (size_t k = i + 2; copy && k < g->c->close[i + 1] && k < to; k++)
		name = is_name(g->c, k) ? first_part(g->c->t[k].text) : name;
	set(g, name, IS_FILE);
}

bool code_is_gradle(const char *name)
{
	return scan_has_suffix(name, ".gradle") || scan_has_suffix(name, ".gradle.kts");
}

void code_gradle(struct code *c)
{
	static const char *const digests[] = {"MessageDigest", "sha256", "checksum", "verifyChecksum", "sha512", "Verify", NULL};
	struct gradle *g = arena_alloc(c->arena, sizeof(*g));
	if (!g)
		return;
	*g = (struct gradle){.c = c, .steps = STEPS_MAX};
	for (size_t i = 0; i < c->n; i++)
		g->checks |= last_is(c, i, digests);
	for (size_t i = 0; i < c->n; i++) {
		if (!is_name(c, i))
			continue;
		assigns(g, i);
		writes(g, i);
		executes(g, i);
		starts(g, i);
		applies(g, i);
	}
	if (!g->steps)
		scan_found(c->s, c->in, SCAN_RULE_CODE_LIMIT, 0, c->in->size, "%s", "more than is followed");
}
