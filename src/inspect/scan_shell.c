#include "inspect/scan_shell.h"

#include <errno.h>
#include <strings.h>

#include "base/buf.h"
#include "base/encode.h"
#include "inspect/scan_part.h"
#include "inspect/scan_power.h"
#include "parse/shell.h"

#define ARENA_MAX ((size_t)8 << 20)
#define TEXT_MAX  ((size_t)64 * 1024)
#define NESTED    4u

enum kind { FETCHES, SHELL, RUNS, RUNS_ARGUMENT, DECODES, SENDS, LISTS_VARIABLES, PASSES, LATEST };
static const char *const words[] = {
#define WORDS(kind, names) [kind] = " " names " ",
#define SECRET(part)
#define INSTALLER(url)
#include "inspect/scan_shell_table.h"
#undef WORDS
#undef SECRET
};
static const char *const secrets[] = {
#define WORDS(kind, names)
#define SECRET(part) part,
#include "inspect/scan_shell_table.h"
#undef SECRET
#undef INSTALLER
};
static const char *const installers[] = {
#define SECRET(part)
#define INSTALLER(url) url,
#include "inspect/scan_shell_table.h"
#undef WORDS
#undef SECRET
#undef INSTALLER
};

#define VARIABLES 64u
#define STAGED    16u

/* Of a variable: what it was given is all of a file of secrets. No bit of what a line does. */
#define HOLDS_SECRET 0x80000000u

/* A variable, and what it was given: bits. */
struct variable {
	struct slice name;
	unsigned does;
};

struct line {
	struct shell_command *c;
	size_t n;
	unsigned depth;
	struct variable variable[VARIABLES];
	size_t variables;
	struct slice staged[STAGED]; /* files that secrets were written to */
	size_t n_staged;
};

/* Which bits are looked for, and where the first command begins that has one of them; SLICE_NPOS: there was none yet. */
struct where {
	unsigned bits;
	size_t at;
};

/* `where` may be NULL. */
static unsigned judge(struct slice text, unsigned depth, struct where *where);
static bool is_piped(const struct line *l, size_t i);
static bool chain_reads(const struct line *l, int at, bool whole);

static bool in_words(enum kind k, struct slice name)
{
	char needle[64];
	if (name.n == 0 || name.n + 3 > sizeof(needle))
		return false;
	needle[0] = ' ';
	for (size_t i = 0; i < name.n; i++)
		needle[i + 1] = (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] + 32 : name.p[i]);
	needle[name.n + 1] = ' ';
	needle[name.n + 2] = 0;
	return strstr(words[k], needle) != NULL;
}

static bool name_byte(uint8_t c)
{
	return c == '_' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* Of a variable. */
static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!name_byte(s.p[i]) || (i == 0 && s.p[i] >= '0' && s.p[i] <= '9'))
			return false;
	return s.n > 0;
}

/* "NAME=value" before a command. */
static bool is_assignment(struct slice w)
{
	size_t at = slice_chr(w, '=', 0);
	if (at == SLICE_NPOS || at == 0)
		return false;
	return is_name(slice_sub(w, 0, at));
}

static bool is_option(struct slice w)
{
	return w.n > 1 && w.p[0] == '-';
}

static struct slice base(struct slice w)
{
	struct slice b = slice_base(w);
	size_t back = SLICE_NPOS;
	for (size_t i = 0; i < b.n; i++)
		back = b.p[i] == '\\' ? i : back;
	b = back == SLICE_NPOS ? b : slice_from(b, back + 1);
	return slice_ends(b, SLICE(".exe")) ? slice_sub(b, 0, b.n - 4) : b;
}

/* The place of the word that is run: behind prompts, assignments, and commands that run their arguments. c->n: none. */
static size_t verb(const struct shell_command *c)
{
	size_t i = 0;
	while (i < c->n) {
		struct slice w = c->word[i];
		if (is_assignment(w) || slice_is(w, "$") || slice_is(w, ">") || slice_is(w, "%") || slice_is(w, "{") ||
		        slice_is(w, "then") || slice_is(w, "do") || slice_is(w, "else") || slice_is(w, "if") || slice_is(w, "while") ||
		        slice_is(w, "!")) {
			i++;
			continue;
		}
		/* "env" alone lists; before a command it passes on. */
		if (!in_words(PASSES, base(w)) || i + 1 >= c->n)
			break;
		size_t k = i + 1;
		while (k < c->n && (is_option(c->word[k]) || is_assignment(c->word[k]) || (slice_is(base(w), "timeout") && k == i + 1)))
			k++;
		if (k >= c->n)
			break;
		i = k;
	}
	return i;
}

/* "$SHELL", "${CONFIG_SHELL-/bin/sh}": a variable that is a shell, whichever. */
static bool is_shell_variable(struct slice w)
{
	static const char *const names[] = {"SHELL", "CONFIG_SHELL", "BASH", NULL};
	bool braces = slice_starts(w, SLICE("${"));
	size_t from = braces ? 2 : 1, end = from;
	while (end < w.n && name_byte(w.p[end]))
		end++;
	return w.n > 1 && w.p[0] == '$' && (braces || end == w.n) && scan_one_of(slice_sub(w, from, end - from), names);
}

static struct slice name_of(const struct shell_command *c)
{
	size_t v = verb(c);
	if (v >= c->n)
		return SLICE_NONE;
	return is_shell_variable(c->word[v]) ? SLICE("sh") : base(c->word[v]);
}

bool scan_shell_runs(struct slice program)
{
	return in_words(SHELL, base(program)) || in_words(RUNS, base(program)) || is_shell_variable(program);
}

static bool is(const struct shell_command *c, enum kind k)
{
	struct slice name = name_of(c);
	/* python3.11 */
	while (k == RUNS && name.n > 2 && (name.p[name.n - 1] == '.' || (name.p[name.n - 1] >= '0' && name.p[name.n - 1] <= '9')))
		name.n--;
	return in_words(k, name);
}

static bool has_word(const struct shell_command *c, const char *w)
{
	for (size_t i = 0; i < c->n; i++)
		if (slice_is(c->word[i], w))
			return true;
	return false;
}

/* Behind the word at `v`: an option that has such a command undo what it does else. */
static bool decodes_by(const struct shell_command *c, size_t v)
{
	for (size_t i = v + 1; i < c->n; i++)
		if (slice_is(c->word[i], "-d") || slice_is(c->word[i], "-D") || slice_is(c->word[i], "--decode") ||
		        slice_is(c->word[i], "-di") || slice_is(c->word[i], "-r"))
			return true;
	return false;
}

static bool decodes(const struct shell_command *c)
{
	if (!is(c, DECODES))
		return false;
	if (slice_is(name_of(c), "openssl"))
		return has_word(c, "-d");
	return decodes_by(c, verb(c)) || slice_is(name_of(c), "uudecode");
}

/* Data that was packed and that a shell reads: it was hidden in a file of another kind. Only in a pipe, as installers are also unpacked to
 * a file and then run. */
static bool unpacks(const struct shell_command *c)
{
	static const char *const always[] = {"gunzip", "zcat", "xzcat", "unxz", "bzcat", "bunzip2", "zstdcat", "unlzma", "rev", NULL};
	static const char *const asked[] = {"gzip", "xz", "bzip2", "zstd", "lzma", "lz4", "brotli", NULL};
	struct slice name = name_of(c);
	bool may = scan_one_of(name, asked);
	for (size_t i = verb(c) + 1; may && i < c->n; i++)
		/* "-dc", "-cd", "--decompress", not "--stdout". */
		if (slice_starts(c->word[i], SLICE("--de")) || slice_starts(c->word[i], SLICE("--unc")) ||
		        (is_option(c->word[i]) && c->word[i].p[1] != '-' && slice_chr(c->word[i], 'd', 0) != SLICE_NPOS))
			return true;
	return scan_one_of(name, always);
}

/* ── where from ── */

static struct slice url_of(struct slice w)
{
	size_t at = slice_find(w, SLICE("://"), 0);
	return at == SLICE_NPOS ? SLICE_NONE : slice_from(w, at + 3);
}

/* PowerShell's commands are given hosts without a scheme. */
static struct slice operand_url(const struct shell_command *c, size_t i)
{
	struct slice w = c->word[i], url = url_of(w);
	bool bare = (slice_is(name_of(c), "irm") || slice_is(name_of(c), "iwr")) && !is_option(w);
	return url.n || !bare || slice_chr(w, '.', 0) == SLICE_NPOS || slice_chr(w, '/', 0) == SLICE_NPOS ? url : w;
}

void scan_shell_word(struct buf *to, struct slice word)
{
	buf_str_add(to, to->n ? " '" : "'");
	for (size_t i = 0; i < word.n; i++)
		if (word.p[i] == '\'')
			buf_str_add(to, "'\\''");
		else
			buf_u8(to, word.p[i]);
	buf_u8(to, '\'');
}

bool scan_shell_installer(struct slice url)
{
	if (slice_starts(url, SLICE("www.")))
		url = slice_from(url, 4);
	for (size_t k = 0; k < ARRAY_LEN(installers); k++)
		if (slice_starts(url, slice_str(installers[k])))
			return true;
	return false;
}

static bool known_installer(const struct shell_command *c)
{
	bool any = false;
	for (size_t i = verb(c) + 1; i < c->n; i++) {
		struct slice url = operand_url(c, i);
		if (!url.n)
			continue;
		if (!slice_starts(c->word[i], SLICE("https://")) && url.p != c->word[i].p)
			return false;
		if (!scan_shell_installer(url))
			return false;
		any = true;
	}
	return any;
}

/* "curl | sh" in a sentence fetches nothing. */
static bool has_operand(const struct shell_command *c)
{
	for (size_t i = verb(c) + 1; i < c->n; i++)
		if (!is_option(c->word[i]) &&
		        (slice_chr(c->word[i], '.', 0) != SLICE_NPOS || slice_chr(c->word[i], '$', 0) != SLICE_NPOS ||
		                slice_chr(c->word[i], '/', 0) != SLICE_NPOS || slice_chr(c->word[i], ':', 0) != SLICE_NPOS))
			return true;
	return false;
}

static unsigned fetched(const struct shell_command *c)
{
	if (!has_operand(c))
		return 0;
	return known_installer(c) ? SHELL_DOES_INSTALLER : SHELL_DOES_DOWNLOAD;
}

/* ── what an interpreter is fed ── */

/* Does it run what it reads? Not with a file, a module or code of its own. */
static bool runs_input(const struct shell_command *c)
{
	size_t v = verb(c);
	bool shell = is(c, SHELL);
	if (!shell && !is(c, RUNS))
		return is(c, RUNS_ARGUMENT) && v + 1 >= c->n;
	for (size_t i = v + 1; i < c->n; i++) {
		struct slice w = c->word[i];
		if (slice_is(w, "-s") || slice_is(w, "-"))
			return true;
		if (slice_is(w, "-c") || slice_is(w, "-e") || slice_is(w, "-m") || slice_is(w, "-p") || slice_is(w, "--eval") ||
		        slice_is(w, "-r") || slice_is(w, "-ne") || slice_is(w, "-pe") || slice_is(w, "-Command") || slice_is(w, "/c"))
			return false;
		/* "2>&1" */
		bool redirects = w.n && strchr("<>&", w.p[0]), number = w.n == 1 && w.p[0] >= '0' && w.p[0] <= '9';
		if (redirects || (number && i + 1 < c->n && c->word[i + 1].n && strchr("<>&", c->word[i + 1].p[0]))) {
			i += redirects;
			continue;
		}
		if (!is_option(w))
			return false;
	}
	return true;
}

/* Is the argument at this place code to it? */
static bool runs_argument(const struct shell_command *c, size_t at)
{
	size_t v = verb(c);
	if (at <= v)
		return at == v && v < c->n && c->n == 1;
	if (is(c, RUNS_ARGUMENT))
		return true;
	if (!is(c, SHELL) && !is(c, RUNS))
		return false;
	for (size_t i = v + 1; i < c->n && i < at; i++)
		if (!is_option(c->word[i]))
			return false;
	/* The first operand: code behind "-c", and a file that is made on the spot. */
	return true;
}

/* A word of base64 that is a command. */
static unsigned literal(const struct line *l, struct slice w)
{
	_cleanup_buf_ struct buf b = BUF(TEXT_MAX);
	if (w.n < 16 || !decode_base64(&b, w))
		return 0;
	if (l->depth >= NESTED)
		return SHELL_DOES_MORE;
	for (size_t i = 0; i < b.n; i++)
		if ((b.p[i] < 0x20 && b.p[i] != '\n' && b.p[i] != '\t' && b.p[i] != '\r') || b.p[i] > 0x7e)
			return 0;
	unsigned does = judge(buf_slice(&b), l->depth + 1, NULL);
	return (does & SHELL_DOES_HARM ? SHELL_DOES_HIDDEN : 0) | (does & SHELL_DOES_MORE);
}

static unsigned literals(const struct line *l, const struct shell_command *c)
{
	unsigned does = 0;
	for (size_t i = 0; i < c->n; i++)
		does |= literal(l, c->word[i]);
	return does;
}

static bool names_variable(struct slice w, struct slice name)
{
	for (size_t at = slice_chr(w, '$', 0); at != SLICE_NPOS; at = slice_chr(w, '$', at + 1)) {
		bool braces = at + 1 < w.n && w.p[at + 1] == '{';
		struct slice rest = slice_from(w, at + 1 + braces);
		if (!slice_starts(rest, name))
			continue;
		if (rest.n <= name.n || !name_byte(rest.p[name.n]))
			return true;
	}
	return false;
}

/* "$x" or "${x}" and nothing else. */
static bool is_variable(struct slice w)
{
	bool braces = w.n > 3 && w.p[1] == '{' && w.p[w.n - 1] == '}';
	return w.n > 1 && w.p[0] == '$' && is_name(braces ? slice_sub(w, 2, w.n - 3) : slice_from(w, 1));
}

/* What the variables in a word were given. */
static unsigned holds(const struct line *l, struct slice w)
{
	unsigned does = 0;
	for (size_t i = 0; i < l->variables; i++)
		if (names_variable(w, l->variable[i].name))
			does |= l->variable[i].does;
	return does;
}

/* echo "$x" */
static unsigned says(const struct line *l, const struct shell_command *c)
{
	unsigned does = 0;
	struct slice name = name_of(c);
	for (size_t i = verb(c) + 1; (slice_is(name, "echo") || slice_is(name, "printf")) && i < c->n; i++)
		does |= holds(l, c->word[i]);
	return does;
}

/* What the command at the end of a pipe brings. */
static unsigned brings(const struct line *l, int at)
{
	unsigned does = 0;
	bool decoded = false;
	/* What writes into a command comes before it: this ends. */
	for (int i = at; i >= 0; i = l->c[i].from) {
		const struct shell_command *c = &l->c[i];
		decoded |= decodes(c) || unpacks(c);
		does |= says(l, c) & ~HOLDS_SECRET;
		if (is(c, FETCHES))
			does |= fetched(c);
		for (size_t k = (size_t)i + 1; k < l->n; k++)
			if (l->c[k].inside == i && is(&l->c[k], FETCHES))
				does |= fetched(&l->c[k]);
		if (decoded)
			does |= literals(l, c);
	}
	return does | (decoded ? SHELL_DOES_DECODED : 0);
}

/* x=$(…), also behind export, local and the like: what it is given. */
static void remember(struct line *l, size_t i)
{
	const struct shell_command *c = &l->c[i];
	static const char *const declares[] = {"export", "local", "readonly", "declare", "typeset"};
	bool declared = false;
	for (size_t k = 0; k < ARRAY_LEN(declares); k++)
		declared |= slice_is(name_of(c), declares[k]);
	if (verb(c) < c->n && !declared)
		return;
	for (size_t k = i + 1; k < l->n && l->variables < VARIABLES; k++) {
		if (l->c[k].inside != (int)i || l->c[k].inside_at >= c->n || !is_assignment(c->word[l->c[k].inside_at]))
			continue;
		struct slice w = c->word[l->c[k].inside_at];
		unsigned does = brings(l, (int)k) | (!is_piped(l, k) && chain_reads(l, (int)k, true) ? HOLDS_SECRET : 0);
		if (does)
			l->variable[l->variables++] = (struct variable){slice_sub(w, 0, slice_chr(w, '=', 0)), does};
	}
}

static unsigned fed(const struct line *l, size_t i)
{
	const struct shell_command *c = &l->c[i];
	unsigned does = c->from >= 0 && runs_input(c) ? brings(l, c->from) : 0;
	/* eval "$x", sh -c "$x", sh <<< "$x". Not what has more in it: a version that was asked for stands in many a command. */
	for (size_t k = verb(c); l->variables && k < c->n; k++)
		if (runs_argument(c, k) || (slice_is(c->word[k - (k > 0)], "<<<") && runs_input(c)))
			does |= is_variable(c->word[k]) ? holds(l, c->word[k]) & ~HOLDS_SECRET : 0;
	for (size_t k = i + 1; k < l->n; k++)
		if (l->c[k].inside == (int)i && runs_argument(c, l->c[k].inside_at))
			does |= brings(l, (int)k);
	return does;
}

/* Takes a piece out of a file by its place, as nobody does with a script. */
static bool cuts(const struct shell_command *c)
{
	struct slice name = name_of(c);
	bool by_place = slice_is(name, "head") || slice_is(name, "tail"), skips = slice_is(name, "dd");
	for (size_t i = verb(c) + 1; i < c->n; i++)
		if ((by_place && slice_starts(c->word[i], SLICE("-c"))) || (skips && slice_starts(c->word[i], SLICE("skip="))))
			return true;
	return false;
}

/* A command that is no name: "$x -d". */
static bool is_opaque(const struct shell_command *c)
{
	size_t v = verb(c);
	return slice_is(name_of(c), "eval") || (v + 1 < c->n && is_variable(c->word[v]) && decodes_by(c, v));
}

/* A shell at the end of a pipe that is given a piece of a file: what a build hides in one. */
static unsigned parts(const struct line *l, size_t i)
{
	const struct shell_command *c = &l->c[i];
	if (c->from < 0 || !is(c, SHELL) || !runs_input(c))
		return 0;
	/* What writes into a command comes before it: this ends. */
	for (int k = c->from; k >= 0; k = l->c[k].from)
		if (cuts(&l->c[k]) || is_opaque(&l->c[k]))
			return SHELL_DOES_PARTS;
	return 0;
}

/* ── fetched into a file, then run ── */

static struct slice saved_as(const struct shell_command *c)
{
	struct slice url = SLICE_NONE;
	for (size_t i = verb(c) + 1; i < c->n; i++) {
		if ((slice_is(c->word[i], "-o") || slice_is(c->word[i], "--output") || slice_is(c->word[i], ">") ||
		            slice_is(c->word[i], "-OutFile") || (slice_is(c->word[i], "-O") && slice_is(name_of(c), "wget"))) &&
		        i + 1 < c->n)
			return base(c->word[i + 1]);
		/* "-fsSLo" */
		if (is_option(c->word[i]) && c->word[i].p[1] != '-' && slice_ends(c->word[i], SLICE("o")) && i + 1 < c->n)
			return base(c->word[i + 1]);
		if (url_of(c->word[i]).n)
			url = base(url_of(c->word[i]));
	}
	return slice_is(name_of(c), "wget") || has_word(c, "-O") || has_word(c, "-LO") ? url : SLICE_NONE;
}

static bool runs_file(const struct shell_command *c, struct slice file)
{
	size_t v = verb(c);
	if (v >= c->n || file.n == 0)
		return false;
	/* By its path: a name without one is looked for elsewhere. */
	if (slice_chr(c->word[v], '/', 0) != SLICE_NPOS && slice_eq(base(c->word[v]), file))
		return true;
	bool interpreter = is(c, SHELL) || is(c, RUNS) || slice_is(name_of(c), "source") || slice_is(name_of(c), ".");
	for (size_t i = v + 1; interpreter && i < c->n; i++)
		if (!is_option(c->word[i]))
			return slice_eq(base(c->word[i]), file);
	return false;
}

/* mv file other: it has another name from then on. */
static struct slice renamed(const struct shell_command *c, struct slice file)
{
	struct slice name = name_of(c);
	bool moves = slice_is(name, "mv") || slice_is(name, "rename") || slice_is(name, "ren") || slice_is(name, "move") ||
	             slice_is(name, "cp") || slice_is(name, "copy");
	size_t v = verb(c);
	return moves && v + 2 < c->n && slice_eq(base(c->word[v + 1]), file) ? base(c->word[v + 2]) : file;
}

/* rundll32 file,Function; regsvr32 file */
static bool loads_file(const struct shell_command *c, struct slice file)
{
	struct slice name = name_of(c);
	bool loads = slice_eq_nocase(name, SLICE("rundll32")) || slice_eq_nocase(name, SLICE("regsvr32")) ||
	             slice_eq_nocase(name, SLICE("mshta")) || slice_eq_nocase(name, SLICE("start"));
	for (size_t i = verb(c) + 1; loads && i < c->n; i++)
		if (slice_starts(base(c->word[i]), file))
			return true;
	return false;
}

static unsigned runs_saved(const struct line *l, size_t i)
{
	struct slice file = is(&l->c[i], FETCHES) ? saved_as(&l->c[i]) : SLICE_NONE;
	for (size_t k = i + 1; file.n && k < l->n; k++) {
		file = renamed(&l->c[k], file);
		if (runs_file(&l->c[k], file) || loads_file(&l->c[k], file))
			return fetched(&l->c[i]);
	}
	return 0;
}

/* base64 -d >file; sh file */
static unsigned runs_decoded(const struct line *l, size_t i)
{
	const struct shell_command *c = &l->c[i];
	struct slice file = SLICE_NONE;
	for (size_t k = verb(c) + 1; decodes(c) && k + 1 < c->n; k++)
		if (slice_is(c->word[k], ">") || slice_is(c->word[k], ">>") || slice_is(c->word[k], "-out"))
			file = base(c->word[k + 1]);
	for (size_t k = i + 1; file.n && k < l->n; k++) {
		file = renamed(&l->c[k], file);
		if (runs_file(&l->c[k], file))
			return SHELL_DOES_DECODED;
	}
	return 0;
}

/* Whoever compares what came with a digest or a signature has said what may come. */
static bool verifies(const struct shell_command *c)
{
	static const char *const names[] = {"sha256sum", "sha512sum", "sha384sum", "shasum", "b2sum", "gpg", "gpgv", "cosign", "minisign",
	        "signify", "slsa-verifier", "rpmkeys"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_is(name_of(c), names[i]))
			return true;
	return slice_is(name_of(c), "openssl") && has_word(c, "dgst");
}

/* ── secrets ── */

bool scan_shell_secret(struct slice path)
{
	char text[512];
	if (path.n == 0 || path.n + 2 > sizeof(text) || slice_ends(path, SLICE(".pub")) || slice_find(path, SLICE("://"), 0) != SLICE_NPOS)
		return false;
	text[0] = '/';
	memcpy(text + 1, path.p, path.n);
	text[path.n + 1] = 0;
	for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
		const char *p = strstr(text, secrets[i]);
		/* ".env", not ".envrc" or ".env.example". */
		if (p && (strcmp(secrets[i], "/.env") != 0 || p[5] == 0))
			return true;
	}
	return false;
}

/* Options whose argument says who one is: that is what such files are for. */
static bool is_credential(struct slice w)
{
	static const char *const options[] = {"-i", "--key", "--cert", "-E", "--cacert", "--netrc-file", "-e", "--rsh", "--identity", "-H",
	        "--header", "-u", "--user", "-K", "--config", "-b", "--cookie"};
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (slice_is(w, options[i]))
			return true;
	return false;
}

/* Does it read secrets? */
static bool reads_secret(const struct shell_command *c, bool sends)
{
	size_t v = verb(c);
	bool copies = slice_is(name_of(c), "scp") || slice_is(name_of(c), "rsync") || slice_is(name_of(c), "sftp");
	bool alone = v + 1 >= c->n || slice_is(c->word[v + 1], ">") || slice_is(c->word[v + 1], ">>");
	if (is(c, LISTS_VARIABLES) && (alone || (slice_is(name_of(c), "export") && has_word(c, "-p"))))
		return !slice_is(name_of(c), "set") && !slice_is(name_of(c), "declare");
	for (size_t i = v + 1; i < c->n; i++) {
		if (sends && is_credential(c->word[i])) {
			i++;
			continue;
		}
		size_t at = slice_chr(c->word[i], '@', 0);
		struct slice file = sends && at != SLICE_NPOS ? slice_from(c->word[i], at + 1) : c->word[i];
		/* A project's settings are copied to its server. */
		if (scan_shell_secret(file) && !(copies && slice_ends(file, SLICE(".env"))) && !(copies && at != SLICE_NPOS))
			return true;
	}
	return false;
}

/* Takes a part of what it reads: one token out of a file of settings is sent to whose it is. */
static bool selects(const struct shell_command *c)
{
	static const char *const names[] = {"grep", "egrep", "awk", "gawk", "sed", "jq", "yq", "cut", "head", "tail", "wc", "sha256sum",
	        "md5sum", "stat", "ls", "test", "[", "openssl", "ssh-keygen", NULL};
	return scan_one_of(name_of(c), names);
}

/* whole: all of it, not a part that was selected, nor a project's own settings, of which a script has its own token. */
static bool reads_all(const struct shell_command *c, bool whole)
{
	if (!reads_secret(c, false) || (whole && selects(c)))
		return false;
	bool own = false, other = false;
	for (size_t i = verb(c) + 1; whole && i < c->n; i++) {
		own |= slice_ends(c->word[i], SLICE(".env"));
		other |= scan_shell_secret(c->word[i]) && !slice_ends(c->word[i], SLICE(".env"));
	}
	return other || !own;
}

/* Does it write into another one, which may take a part of it? */
static bool is_piped(const struct line *l, size_t i)
{
	for (size_t k = i + 1; k < l->n; k++)
		if (l->c[k].from == (int)i)
			return true;
	return false;
}

/* Of a command that is at the end of a pipe. */
static bool chain_reads(const struct line *l, int at, bool whole)
{
	/* What writes into a command comes before it: this ends. */
	for (int i = at; i >= 0; i = l->c[i].from) {
		if (whole && selects(&l->c[i]))
			return false;
		if (reads_all(&l->c[i], whole) || says(l, &l->c[i]) & HOLDS_SECRET)
			return true;
		for (size_t k = (size_t)i + 1; k < l->n; k++)
			if (l->c[k].inside == i && reads_all(&l->c[k], whole) && !(whole && is_piped(l, k)))
				return true;
	}
	return false;
}

/* The file that its output goes to, or that it copies to; n 0: none that stays. */
static struct slice written(const struct shell_command *c)
{
	struct slice to = SLICE_NONE;
	for (size_t i = verb(c) + 1; i + 1 < c->n; i++)
		/* Not "2>". */
		if ((slice_is(c->word[i], ">") || slice_is(c->word[i], ">>")) && !slice_is(c->word[i - 1], "2"))
			to = c->word[i + 1];
	bool copies = slice_is(name_of(c), "cp") || slice_is(name_of(c), "tee");
	to = !to.n && copies && c->n > verb(c) + 1 ? c->word[c->n - 1] : to;
	return to.n > 1 && to.p[0] != '&' && !slice_starts(to, SLICE("/dev/")) ? to : SLICE_NONE;
}

/* cat ~/.netrc >f: what is sent of `f` from then on is that. */
static void stage(struct line *l, size_t i)
{
	struct slice to = written(&l->c[i]);
	if (to.n && l->n_staged < STAGED && chain_reads(l, (int)i, true))
		l->staged[l->n_staged++] = to;
}

/* Does it name a file that secrets were written to, or put all of such a file into what it sends by a variable? Not as what says who one
 * is. */
static bool sends_staged(const struct line *l, const struct shell_command *c)
{
	static const char *const copies[] = {"scp", "rsync", "sftp", NULL};
	if (scan_one_of(name_of(c), copies))
		return false;
	for (size_t i = verb(c) + 1; i < c->n; i++) {
		if (is_credential(c->word[i])) {
			i++;
			continue;
		}
		if (holds(l, c->word[i]) & HOLDS_SECRET)
			return true;
		size_t at = slice_chr(c->word[i], '@', 0);
		struct slice file = at == SLICE_NPOS ? c->word[i] : slice_from(c->word[i], at + 1);
		file = slice_sub(file, 0, slice_chr(file, ';', 0));
		/* What it fetches can be kept under the same name. */
		bool output = slice_is(c->word[i - 1], "-o") || slice_is(c->word[i - 1], ">") || slice_is(c->word[i - 1], "-O");
		for (size_t k = 0; !output && k < l->n_staged; k++)
			if (slice_eq(file, l->staged[k]))
				return true;
	}
	return false;
}

static bool is_local(const struct shell_command *c)
{
	for (size_t i = 0; i < c->n; i++) {
		struct slice url = url_of(c->word[i]);
		if (slice_starts(url, SLICE("localhost")) || slice_starts(url, SLICE("127.0.0.1")))
			return true;
	}
	return false;
}

static unsigned sends(const struct line *l, size_t i)
{
	const struct shell_command *c = &l->c[i];
	if (!is(c, SENDS) || is_local(c))
		return 0;
	bool found = reads_secret(c, true) || sends_staged(l, c) || chain_reads(l, c->from, false);
	for (size_t k = i + 1; k < l->n && !found; k++)
		if (l->c[k].inside == (int)i &&
		        !(l->c[k].inside_at && l->c[k].inside_at <= c->n && is_credential(c->word[l->c[k].inside_at - 1])))
			found = chain_reads(l, (int)k, false);
	return found ? SHELL_DOES_SENDS : 0;
}

/* ── shells for others ── */

static bool has(struct slice text, const char *part)
{
	return slice_find(text, slice_str(part), 0) != SLICE_NPOS;
}

/* A socket of bash is also what people look with whether a port is open. */
static bool reverse_text(struct slice text)
{
	bool socket = has(text, "/dev/tcp/") || has(text, "/dev/udp/");
	return (socket && (has(text, "0>&1") || has(text, "<&0") || has(text, "sh -i") || has(text, "<&5") || has(text, "0<&"))) ||
	       (has(text, "socket") && has(text, "connect") && (has(text, "dup2") || has(text, "pty.spawn"))) ||
	       (has(text, "fsockopen") && has(text, "/bin/sh"));
}

/* (New-Object Net.WebClient).DownloadFile(url, file); Start-Process file: methods are no commands. */
static bool power_fetch(struct slice text)
{
	bool file = has(text, "DownloadFile("), string = has(text, "DownloadString(");
	return (file && (has(text, "Start-Process") || has(text, "Invoke-Item"))) ||
	       (string && (has(text, "iex") || has(text, "IEX") || has(text, "Invoke-Expression")));
}

static bool reverse_command(const struct shell_command *c)
{
	struct slice name = name_of(c);
	bool netcat = slice_is(name, "nc") || slice_is(name, "ncat") || slice_is(name, "netcat");
	for (size_t i = verb(c) + 1; i < c->n; i++) {
		struct slice w = c->word[i];
		if (netcat && (slice_is(w, "-e") || slice_is(w, "-c") || slice_is(w, "--exec") || slice_is(w, "--sh-exec")) &&
		        i + 1 < c->n && in_words(SHELL, base(c->word[i + 1])))
			return true;
		if (slice_is(name, "socat") && (has(w, "exec:") || has(w, "EXEC:") || has(w, "system:")) && has(w, "sh"))
			return true;
	}
	return false;
}

/* "mkfifo f; sh -i < f | nc host port > f" */
static bool reverse_pipe(const struct line *l, size_t i)
{
	struct slice name = name_of(&l->c[i]);
	if (l->c[i].from < 0 || !(slice_is(name, "nc") || slice_is(name, "ncat") || slice_is(name, "netcat") || slice_is(name, "telnet")))
		return false;
	const struct shell_command *before = &l->c[l->c[i].from];
	return is(before, SHELL) && (has_word(before, "-i") || has_word(before, ">&") || before->from >= 0) && runs_input(before);
}

/* ── others ── */

/* node public/fonts/a.woff2 */
static bool disguised(const struct shell_command *c)
{
	static const char *const suffixes[] = {
	        ".png", ".jpg", ".jpeg", ".gif", ".woff", ".woff2", ".ttf", ".otf", ".ico", ".svg", ".webp", ".mp3", ".mp4"};
	size_t v = verb(c);
	if (!is(c, SHELL) && !is(c, RUNS))
		return false;
	for (size_t i = v + 1; i < c->n; i++) {
		if (is_option(c->word[i]))
			continue;
		for (size_t k = 0; k < ARRAY_LEN(suffixes); k++)
			if (slice_ends(c->word[i], slice_str(suffixes[k])) && !slice_ends(c->word[i], SLICE("*.svg")))
				return true;
		return false;
	}
	return false;
}

static bool encoded_option(const struct line *l, const struct shell_command *c, unsigned *does)
{
	struct slice name = name_of(c);
	bool power = name.n >= 4 && (slice_eq_nocase(name, SLICE("powershell")) || slice_eq_nocase(name, SLICE("pwsh")));
	for (size_t i = verb(c) + 1; power && i + 1 < c->n; i++)
		if (is_option(c->word[i]) && c->word[i].n > 2 &&
		        strncasecmp("-encodedcommand", (const char *)c->word[i].p, c->word[i].n) == 0 && c->word[i + 1].n > 16) {
			*does |= literal(l, c->word[i + 1]);
			return true;
		}
	return false;
}

/* npx -y package, npx package@latest */
static bool latest(const struct shell_command *c)
{
	size_t v = verb(c);
	bool one = is(c, LATEST);
	size_t i = v + 1;
	if (!one &&
	        (slice_is(name_of(c), "pnpm") || slice_is(name_of(c), "yarn") || slice_is(name_of(c), "bun") ||
	                slice_is(name_of(c), "pipx")) &&
	        i < c->n && (slice_is(c->word[i], "dlx") || slice_is(c->word[i], "x") || slice_is(c->word[i], "run"))) {
		one = slice_is(c->word[i], "dlx") || slice_is(c->word[i], "x") || slice_is(name_of(c), "pipx");
		i++;
	}
	for (; one && i < c->n; i++) {
		struct slice w = c->word[i];
		if (is_option(w))
			continue;
		if (w.p[0] == '.' || w.p[0] == '/')
			return false;
		size_t at = slice_chr(w, '@', 1), equals = slice_find(w, SLICE("=="), 0);
		return equals == SLICE_NPOS && (at == SLICE_NPOS || at + 1 >= w.n || w.p[at + 1] < '0' || w.p[at + 1] > '9');
	}
	return false;
}

/* More than a name: blanks, or what can stand for them. */
static bool is_code(struct slice w)
{
	for (size_t i = 0; i < w.n; i++)
		if (w.p[i] && strchr(" \t\n;|&<>{", w.p[i]))
			return true;
	return false;
}

/* Is this function called there, and not a member of that name? */
static bool calls(struct slice code, const char *name)
{
	struct slice n = slice_str(name);
	for (size_t at = slice_find(code, n, 0); at != SLICE_NPOS; at = slice_find(code, n, at + 1))
		if (at == 0 || (!name_byte(code.p[at - 1]) && code.p[at - 1] != '.'))
			return true;
	return false;
}

/* python3 -c "exec(urlopen(…).read())": a program in another language, in a few words. What is evaluated beside what is fetched or decoded
 * is that: there is room for little else. */
static unsigned one_liner(const struct shell_command *c)
{
	static const char *const runs[] = {"exec(", "eval(", "Function(", "eval "}, *const fetches[] = {"urlopen(", "urllib", "requests.",
	                                                                                    "httpx.", "https.get(", "http.get(", "fetch(",
	                                                                                    "\"https\"", "'https'", "Net::HTTP", "open-uri",
	                                                                                    "LWP::", "file_get_contents("};
	static const char *const decodes[] = {"b64decode(", "atob(", "'base64'", "\"base64\"", "fromhex(", "unhexlify(", "base64_decode(",
	        "decode_base64(", "decode64(", "decompress(", "gzinflate("};
	static const char *const options[] = {"-c", "-e", "-r", "-E", "--eval", "-p", "-pe", "-ne", "--print", "eval", NULL};
	unsigned does = 0;
	for (size_t i = verb(c) + 1; is(c, RUNS) && i + 1 < c->n; i++) {
		struct slice code = c->word[i + 1];
		bool evaluates = false;
		for (size_t k = 0; scan_one_of(c->word[i], options) && k < ARRAY_LEN(runs); k++)
			evaluates |= calls(code, runs[k]);
		for (size_t k = 0; evaluates && k < ARRAY_LEN(fetches); k++)
			does |= has(code, fetches[k]) ? SHELL_DOES_DOWNLOAD : 0;
		for (size_t k = 0; evaluates && k < ARRAY_LEN(decodes); k++)
			does |= has(code, decodes[k]) ? SHELL_DOES_DECODED : 0;
	}
	return does;
}

/* A script of PowerShell in a few words. */
static unsigned power_line(const struct shell_command *c, struct slice code)
{
	struct slice name = name_of(c);
	if (!slice_eq_nocase(name, SLICE("powershell")) && !slice_eq_nocase(name, SLICE("pwsh")))
		return 0;
	unsigned does = scan_power(code, NULL);
	return (does & (POWER_DOES_FETCHED | POWER_DOES_FETCHED_ODD | POWER_DOES_STARTS) ? SHELL_DOES_DOWNLOAD : 0) |
	       (does & POWER_DOES_INSTALLER ? SHELL_DOES_INSTALLER : 0) |
	       (does & (POWER_DOES_DECODED | POWER_DOES_HIDES) ? SHELL_DOES_DECODED : 0) |
	       (does & POWER_DOES_REVERSE ? SHELL_DOES_REVERSE : 0) | (does & POWER_DOES_MORE ? SHELL_DOES_MORE : 0);
}

/* Code behind "-c", of a shell. */
static unsigned inner(const struct line *l, const struct shell_command *c)
{
	if (!is(c, SHELL) && !is(c, RUNS_ARGUMENT))
		return 0;
	unsigned does = 0;
	for (size_t i = verb(c) + 1; i < c->n; i++)
		if (is_code(c->word[i]))
			does |= power_line(c, c->word[i]) | (l->depth >= NESTED ? SHELL_DOES_MORE : judge(c->word[i], l->depth + 1, NULL));
	return does;
}

static unsigned judge(struct slice text, unsigned depth, struct where *where)
{
	_cleanup_arena_ struct arena a = ARENA(ARENA_MAX);
	struct line l = {.depth = depth};
	unsigned does = reverse_text(text) ? SHELL_DOES_REVERSE : 0;
	does |= power_fetch(text) ? SHELL_DOES_DOWNLOAD : 0;
	int r = text.n > TEXT_MAX ? -EFBIG : shell_read(text, &a, &l.c, &l.n);
	if (r != 0)
		does |= SHELL_DOES_MORE;
	if (r < 0)
		return does;
	for (size_t i = 0; i < l.n; i++) {
		const struct shell_command *c = &l.c[i];
		remember(&l, i);
		stage(&l, i);
		unsigned runs =
		        fed(&l, i) | parts(&l, i) | runs_saved(&l, i) | runs_decoded(&l, i) | inner(&l, c) | one_liner(c) | sends(&l, i);
		if (where && where->at == SLICE_NPOS && runs & where->bits)
			where->at = c->at;
		does |= runs;
		does |= verifies(c) ? SHELL_DOES_VERIFIES : 0;
		does |= reverse_command(c) || reverse_pipe(&l, i) ? SHELL_DOES_REVERSE : 0;
		does |= disguised(c) ? SHELL_DOES_DISGUISED : 0;
		does |= encoded_option(&l, c, &does) ? SHELL_DOES_DECODED : 0;
		does |= latest(c) ? SHELL_DOES_LATEST : 0;
		does |= is(c, FETCHES) || is(c, SENDS) ? SHELL_DOES_REACHES : 0;
	}
	/* What may be fetched elsewhere too is no installer. */
	return does & SHELL_DOES_DOWNLOAD ? does & ~SHELL_DOES_INSTALLER : does;
}

/* Where the last line ends that begins before `max`, and that neither goes on in the next one nor is gone on with by it: behind its end.
 * The end of the text if there is none. */
static size_t lines_end(struct slice text, size_t max)
{
	for (size_t i = max < text.n ? max : text.n; i > 1; i--) {
		bool goes_on = text.p[i - 2] == '\\' || text.p[i - 2] == '|' || text.p[i - 2] == '&';
		if (text.p[i - 1] == '\n' && !goes_on)
			return i;
	}
	size_t end = slice_chr(text, '\n', max < text.n ? max : text.n);
	return end == SLICE_NPOS ? text.n : end + 1;
}

unsigned scan_shell_lines(struct slice text)
{
	size_t at;
	return scan_shell_script(text, SHELL_DOES_HARM, &at);
}

unsigned scan_shell_script(struct slice text, unsigned bits, size_t *at)
{
	const uint8_t *front = text.p;
	unsigned does = 0;
	*at = SLICE_NPOS;
	for (size_t size = TEXT_MAX; text.n;) {
		struct slice part = slice_sub(text, 0, lines_end(text, size));
		struct where where = {.bits = bits, .at = SLICE_NPOS};
		unsigned d = judge(part, 0, &where);
		if (*at == SLICE_NPOS && where.at != SLICE_NPOS)
			*at = (size_t)(part.p - front) + where.at;
		/* Half as much, as long as that is less. */
		if (d & SHELL_DOES_MORE && part.n > 1 && lines_end(part, part.n / 2) < part.n) {
			does |= d & ~SHELL_DOES_MORE;
			size = part.n / 2;
			continue;
		}
		does |= d;
		text = slice_from(text, part.n);
		size = size < TEXT_MAX / 2 ? 2 * size : TEXT_MAX;
	}
	return does;
}

unsigned scan_shell(struct slice text)
{
	unsigned does = judge(text, 0, NULL);
	/* What can be found in its lines is found; that it is more than is read stays said. */
	return does & SHELL_DOES_MORE ? does | scan_shell_lines(text) : does;
}
