/* Pieces of texts in code, of whatever language and form: only bytes that no quoting, escaping or minifying changes. */
#include <ctype.h>

#include "identify/identify_part.h"
#include "identify/learn_part.h"

#define PROSE_MAX   44 /* bytes of a piece of prose … */
#define PROSE_MIN   18
#define PROSE_WORDS 4 /* … and words, at least */

static bool safe(uint8_t c)
{
	return isalnum(c) || (c && strchr(" _./:,@-", c));
}

bool learn_keyword(struct slice w)
{
	static const char *const words[] = {"return", "await", "async", "function", "new", "typeof", "instanceof", "throw", "class",
	        "extends", "yield", "void", "delete", "const", "let", "var", "else", "case", "default", "static", "get", "set", "export",
	        "import", "from", "of", "in", "if", "for", "while", "try", "catch", "do", "this", "null", "true", "false", "undefined",
	        "def", "self", "not", "and", "or", "is", "None", "lambda", "pass", "raise", "except", "with", "as", "type", "interface",
	        "public", "private", "readonly"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_is(w, words[i]))
			return true;
	return false;
}

static bool stop(uint8_t c)
{
	return c == ',' || c == '.' || c == ':';
}

/* A word of a text: letters, one mark behind them, hyphens inside; small letters but for the first, or capitals. */
static bool wordlike(struct slice w)
{
	size_t n = w.n && stop(w.p[w.n - 1]) ? w.n - 1 : w.n, capitals = 0;
	if (!n || n > 20)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!isalpha(w.p[i]) && !(w.p[i] == '-' && i > 0 && i + 1 < n))
			return false;
		capitals += i > 0 && isupper(w.p[i]);
	}
	return capitals == 0 || (capitals == n - 1 && isupper(w.p[0]));
}

/* Where a piece may begin: at words chosen by their own bytes, so that a change elsewhere in a text moves no border. */
static bool anchor(struct slice w)
{
	return w.n >= 3 && slice_hash(w) % 3 == 0;
}

struct words {
	struct slice run;
	size_t at;
};

/* The next word, between single blanks. */
static bool next_word(struct words *w, struct slice *out)
{
	if (w->at >= w->run.n)
		return false;
	size_t end = slice_chr(w->run, ' ', w->at);
	end = end == SLICE_NPOS ? w->run.n : end;
	*out = slice_sub(w->run, w->at, end - w->at);
	w->at = end + 1;
	return true;
}

/* The prose that begins at `from`, whole words, cut to PROSE_MAX. */
static struct slice prose_at(struct slice run, size_t from)
{
	struct words w = {run, from};
	struct slice word;
	size_t end = from, n = 0, keywords = 0, long_ones = 0, commas = 0;
	while (next_word(&w, &word) && wordlike(word) && (size_t)(word.p - run.p) + word.n - from <= PROSE_MAX) {
		end = (size_t)(word.p - run.p) + word.n;
		n++;
		bool marked = stop(word.p[word.n - 1]);
		keywords += learn_keyword(slice_sub(word, 0, word.n - marked));
		commas += word.p[word.n - 1] == ',';
		long_ones += word.n >= 4;
	}
	if (n < PROSE_WORDS || end - from < PROSE_MIN || keywords * 2 >= n || commas * 2 >= n || long_ones < 2)
		return SLICE_NONE;
	return slice_sub(run, from, end - from);
}

static bool all_of(struct slice s, bool (*good)(uint8_t c))
{
	for (size_t i = 0; i < s.n; i++)
		if (!good(s.p[i]))
			return false;
	return true;
}

static bool upper_name(uint8_t c)
{
	return isupper(c) || isdigit(c) || c == '_';
}

static bool lower_name(uint8_t c)
{
	return islower(c) || isdigit(c) || c == '_';
}

static bool flag_name(uint8_t c)
{
	return islower(c) || isdigit(c) || c == '-';
}

static bool path_name(uint8_t c)
{
	return isalnum(c) || c == '/' || c == '.' || c == '-' || c == '_' || c == ':' || c == '@';
}

static size_t count(struct slice s, uint8_t c)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == c;
	return n;
}

/* What a single word is, if it is something; PIECE_KINDS: it is not. */
static enum piece_kind name_kind(struct slice w)
{
	if (w.n < 10 || w.n > PRINTS_CONSTANT_MAX)
		return PIECE_KINDS;
	if (isupper(w.p[0]) && count(w, '_') >= 1 && all_of(w, upper_name))
		return PIECE_VARIABLE;
	if (islower(w.p[0]) && w.n >= 14 && count(w, '_') >= 2 && all_of(w, lower_name))
		return PIECE_EVENT;
	if (slice_starts(w, SLICE("--")) && isalpha(w.p[2]) && count(w, '-') >= 3 && all_of(w, flag_name))
		return PIECE_FLAG;
	if (w.n >= 14 && count(w, '/') >= 1 && isalpha(w.p[w.n - 1]) && all_of(w, path_name) && w.p[0] != '.' && w.p[0] != '@')
		return PIECE_PATH;
	return PIECE_KINDS;
}

static bool quote(uint8_t c)
{
	return c == '"' || c == '\'' || c == '`';
}

/* Is the name w a string, or a variable of the environment? Else it may be a variable of the code, which the next build calls something
 * else; or bytes of a compiled program that only look like a name. */
static bool lasting(struct slice bytes, struct slice w)
{
	size_t at = (size_t)(w.p - bytes.p), end = at + w.n;
	uint8_t before = at ? bytes.p[at - 1] : 0, after = end < bytes.n ? bytes.p[end] : 0;
	if (at >= 4 && memcmp(w.p - 4, "env.", 4) == 0)
		return true;
	if (before == 0 && after == 0)
		return w.n >= 12;
	return quote(before) && (quote(after) || after == '=' || after == '/' || after == '?');
}

static int names_in(struct slice bytes, struct slice run, piece_fn *fn, void *arg)
{
	for (size_t at = 0; at < run.n;) {
		size_t end = at;
		while (end < run.n && run.p[end] != ' ' && run.p[end] != ',')
			end++;
		struct slice w = slice_sub(run, at, end - at);
		while (w.n && (w.p[w.n - 1] == '.' || w.p[w.n - 1] == ':'))
			w.n--;
		size_t env = slice_find(w, SLICE("process.env."), 0);
		if (env != SLICE_NPOS)
			w = slice_from(w, env + strlen("process.env."));
		struct piece p = {w, name_kind(w)};
		int r = p.kind < PIECE_KINDS && lasting(bytes, w) ? fn(arg, &p) : 0;
		if (r != 0)
			return r;
		at = end + 1;
	}
	return 0;
}

static int prose_in(struct slice run, piece_fn *fn, void *arg)
{
	struct words w = {run, 0};
	struct slice word;
	for (size_t i = 0; next_word(&w, &word); i++) {
		if ((i > 0 && !anchor(word)) || !word.n || !isalpha(word.p[0]))
			continue;
		struct piece p = {prose_at(run, (size_t)(word.p - run.p)), PIECE_PROSE};
		int r = p.text.n ? fn(arg, &p) : 0;
		if (r != 0)
			return r;
	}
	return 0;
}

/* How long the comment is that a line of code begins with, or ends with; 0: this is none. */
static size_t comment(struct slice bytes, size_t at, bool hash)
{
	struct slice rest = slice_from(bytes, at);
	size_t end = slice_chr(rest, '\n', 0), skip = 0;
	struct slice line = slice_sub(rest, 0, end == SLICE_NPOS ? rest.n : end);
	while (skip < line.n && (line.p[skip] == ' ' || line.p[skip] == '\t'))
		skip++;
	struct slice text = slice_from(line, skip);
	bool is = hash ? slice_starts(text, SLICE("#"))
	               : slice_starts(text, SLICE("//")) || slice_starts(text, SLICE("/*")) || slice_starts(text, SLICE("* ")) ||
	                          slice_starts(text, SLICE("*/"));
	return is && line.n < 400 ? line.n + 1 : 0;
}

int learn_pieces(struct slice bytes, struct slice name, piece_fn *fn, void *arg)
{
	bool text = slice_chr(slice_sub(bytes, 0, 65536), 0, 0) == SLICE_NPOS;
	bool hash = slice_ends(name, SLICE(".py")) || slice_ends(name, SLICE(".sh"));
	for (size_t at = 0; at < bytes.n;) {
		bool fresh = at == 0 || bytes.p[at - 1] == '\n';
		size_t skip = text && fresh ? comment(bytes, at, hash) : 0;
		if (skip) {
			at += skip;
			continue;
		}
		if (!safe(bytes.p[at])) {
			at++;
			continue;
		}
		size_t end = at;
		while (end < bytes.n && safe(bytes.p[end]))
			end++;
		size_t from = at;
		/* Behind a backslash is an escape's letter, and for \x and \u their digits, which are another way to write a byte. */
		if (from > 0 && bytes.p[from - 1] == '\\')
			from += bytes.p[from] == 'u' ? 5 : bytes.p[from] == 'x' ? 3 : 1;
		struct slice run = slice_sub(bytes, from, from < end ? end - from : 0);
		/* A comment behind code on its line. */
		size_t slashes = text && !hash ? slice_find(run, SLICE("// "), 0) : SLICE_NPOS;
		if (slashes != SLICE_NPOS)
			run = slice_sub(run, 0, slashes);
		int r = run.n ? names_in(bytes, run, fn, arg) : 0;
		r = r == 0 && run.n ? prose_in(run, fn, arg) : r;
		if (r != 0)
			return r;
		at = end;
		size_t line = slashes == SLICE_NPOS ? SLICE_NPOS : slice_chr(bytes, '\n', at);
		if (line != SLICE_NPOS && line - at < 400)
			at = line;
	}
	return 0;
}

static bool word(uint8_t c)
{
	return isalnum(c) || c == '_';
}

static bool context_byte(uint8_t c)
{
	return word(c) || (c && strchr("./@$-", c));
}

static bool mark(struct slice bytes, size_t at)
{
	return scan_gap(slice_sub(bytes, at, 1)) != 0;
}

/* The name that ends at `end`. */
static int name_before(struct slice bytes, size_t end, bool folded, context_fn *fn, void *arg)
{
	size_t begin = end, least = folded ? 8 : PRINTS_CONTEXT_MIN;
	while (begin && end - begin < PRINTS_CONSTANT_MAX && context_byte(bytes.p[begin - 1]))
		begin--;
	struct slice name = slice_sub(bytes, begin, end - begin);
	return name.n < least || learn_keyword(name) ? 0 : fn(arg, name, folded);
}

/* What stands right before, from every place at which scan.c would let a context begin. */
static int text_before(struct slice bytes, size_t end, context_fn *fn, void *arg)
{
	int r = 0;
	for (size_t n = 6; r == 0 && n <= 24 && n < end && bytes.p[end - n] >= 0x20 && bytes.p[end - n] < 0x7f; n++)
		if (!word(bytes.p[end - n]) || !word(bytes.p[end - n - 1]))
			r = fn(arg, slice_sub(bytes, end - n, n), false);
	return r;
}

/* Where the template's text ends in whose braces `at` stands, within an object of its own; 0 if there is none near. */
static size_t template_before(struct slice bytes, size_t at)
{
	unsigned depth = 0, out = 0;
	for (size_t i = at; i > 1 && at - i < 800; i--) {
		uint8_t c = bytes.p[i - 1];
		if (c == '}')
			depth++;
		else if (c == '{' && depth)
			depth--;
		else if (c == '{' && bytes.p[i - 2] == '$')
			return out ? i - 2 : 0;
		else if (c == '{' && ++out > 1)
			return 0;
	}
	return 0;
}

int learn_contexts(struct slice bytes, struct slice version, context_fn *fn, void *arg)
{
	for (size_t at = 0; (at = slice_find(bytes, version, at)) != SLICE_NPOS; at += version.n) {
		if (scan_version(slice_sub(bytes, at, version.n + 16)) != version.n)
			continue;
		/* Back over what may stand between, as far as scan_gap() would go forward from there. */
		size_t end = at, name;
		if (end && bytes.p[end - 1] == 'v')
			end--;
		while (end && at - end < 8 && mark(bytes, end - 1))
			end--;
		int r = name_before(bytes, end, false, fn, arg);
		for (name = end; name && end - name < 4 && word(bytes.p[name - 1]);)
			name--;
		if (r == 0 && name < end && name && mark(bytes, name - 1)) {
			while (name && end - name < 12 && mark(bytes, name - 1))
				name--;
			r = name_before(bytes, name, false, fn, arg);
		}
		r = r < 0 ? r : text_before(bytes, at, fn, arg);
		size_t folded = r < 0 ? 0 : template_before(bytes, at);
		r = folded ? name_before(bytes, folded, true, fn, arg) : r;
		if (r != 0)
			return r;
	}
	return 0;
}
