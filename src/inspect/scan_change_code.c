/* Source code, for scan_change: rows of tokens that take a check away, and what code can do: modules it imports, functions it calls. */
#include "inspect/scan_change_code.h"
#include "inspect/scan_shell.h"
#include "parse/shell.h"

#define TOKENS_ARENA ((size_t)96 << 20)
#define TOKENS_MAX   1000000u
#define ANY_MAX      40u  /* tokens that "*" stands for */
#define BACK_MAX     400u /* tokens before an argument among which its call is looked for */
#define LINE_MAX     ((size_t)16 << 10)
#define NAME_MAX_    160u
#define IMPORT_MAX   400u /* tokens of an import */
#define TEXT_MAX     400u

struct weak_row {
	enum scan_rule_name rule;
	const char *languages, *tokens, *calls;
};
static const struct weak_row weak_rows[] = {
#define WEAK(rule, languages, tokens, calls) {SCAN_RULE_##rule, languages, tokens, calls},
#include "inspect/scan_change_table.h"
#undef WEAK
};

enum how { MODULE, CALLED, SAYS };
struct adds_row {
	enum scan_rule_name rule;
	enum how how;
	const char *language, *names;
};
static const struct adds_row adds_rows[] = {
#define ADDS(rule, how, language, names) {SCAN_RULE_##rule, how, language, names},
#include "inspect/scan_change_table.h"
#undef ADDS
};

struct program_row {
	enum scan_rule_name rule;
	const char *names;
};
static const struct program_row program_rows[] = {
#define PROGRAM(rule, names) {SCAN_RULE_##rule, names},
#include "inspect/scan_change_table.h"
#undef PROGRAM
};

struct argument_row {
	enum scan_rule_name rule;
	const char *command, *argument;
};
static const struct argument_row argument_rows[] = {
#define ARGUMENT(rule, command, argument) {SCAN_RULE_##rule, command, argument},
#include "inspect/scan_change_table.h"
#undef ARGUMENT
};

/* The rows of a language, and the first word of each. */
struct weak_rows {
	const struct weak_row *row[ARRAY_LEN(weak_rows)];
	struct slice first[ARRAY_LEN(weak_rows)];
	size_t n;
};

/* What weakens a test is told, and is none of what counts. */
static void weak(struct change_facts *f, enum scan_rule_name rule, size_t at, size_t n)
{
	/* Tests are there to debug; and only they are left out. */
	if (rule == SCAN_RULE_CHANGE_TEST_OFF) {
		if (f->test)
			change_add(f, rule, CHANGE_MORE, SLICE_NONE, at, n, NULL);
	} else if (!f->test || rule != SCAN_RULE_CHANGE_DEBUG)
		change_add(f, f->test ? SCAN_RULE_CHANGE_TEST_WEAK : rule, CHANGE_MORE, SLICE_NONE, at, n, NULL);
}

/* ── rows of tokens ── */

/* "session.verify" of "self.session.verify", "NONE" of "A::NONE". */
static bool ends_with_name(struct slice name, struct slice word)
{
	if (!slice_ends(name, word))
		return false;
	return name.n == word.n || name.p[name.n - word.n - 1] == '.' || name.p[name.n - word.n - 1] == ':';
}

static bool token_is(const struct token *t, struct slice word)
{
	bool either = word.n > 1 && word.p[0] == '~', text = word.n > 1 && word.p[0] == '\'';
	if (either)
		word = slice_from(word, 1);
	if (t->kind == TOKEN_TEXT && text && word.p[word.n - 1] == '*')
		return slice_eq_nocase(slice_sub(t->text, 0, word.n - 2), slice_sub(word, 1, word.n - 2));
	if (t->kind == TOKEN_TEXT)
		return either ? slice_eq(t->text, word) : text && slice_eq(t->text, slice_sub(word, 1, word.n - 2));
	if (t->kind == TOKEN_NAME)
		return !text && ends_with_name(t->text, word);
	return t->kind == TOKEN_SIGN && word.n == 1 && t->sign == word.p[0];
}

/* Behind "*" the first place counts from which the rest fits. */
size_t change_row(const struct token *t, size_t n, size_t i, struct slice words)
{
	struct slice word;
	size_t retry = 0, last = 0;
	struct slice behind = SLICE_NONE;
	while (words.n) {
		struct slice rest = words;
		if (!slice_split(&rest, ' ', &word))
			break;
		if (slice_is(word, "*")) {
			behind = words = rest;
			retry = i;
			last = i + ANY_MAX;
			continue;
		}
		if (i < n && t[i].kind != TOKEN_END && token_is(&t[i], word)) {
			words = rest;
			i++;
			/* In a block lines begin where one likes. */
			while (slice_is(word, "{") && i < n && t[i].kind == TOKEN_END)
				i++;
			while (slice_starts(rest, SLICE("{")) && i < n && t[i].kind == TOKEN_END)
				i++;
			continue;
		}
		if (!behind.n || retry >= last || retry >= n || t[retry].kind == TOKEN_END)
			return 0;
		i = ++retry;
		words = behind;
	}
	return i;
}

/* Is one of these the function in whose arguments it stands? */
static bool inside_call(const struct change_code *c, size_t i, const char *calls)
{
	if (!*calls)
		return true;
	for (size_t k = i; k > 0 && i - k < BACK_MAX; k--) {
		const struct token *open = &c->t[k - 1];
		if (open->kind != TOKEN_SIGN || open->sign != '(' || open->depth >= c->t[i].depth || k < 2)
			continue;
		struct slice rest = slice_str(calls), word;
		while (slice_split(&rest, ' ', &word))
			if (c->t[k - 2].kind == TOKEN_NAME && ends_with_name(c->t[k - 2].text, word))
				return true;
		if (open->depth == 0)
			return false;
	}
	return false;
}

static void weak_at(struct change_code *c, const struct weak_rows *w, size_t i)
{
	for (size_t k = 0; k < w->n; k++) {
		const struct weak_row *r = w->row[k];
		size_t end = token_is(&c->t[i], w->first[k]) ? change_row(c->t, c->n, i, slice_str(r->tokens)) : 0;
		if (!end || !inside_call(c, i, r->calls))
			continue;
		size_t at = change_place(c, i);
		weak(c->f, r->rule, at, change_place(c, end - 1) + c->t[end - 1].text.n - at);
		return;
	}
}

/* ── what code can do ── */

/* Of "a.b c.d": is it one of them, or, for modules, is one of them its front? */
static bool listed(const char *names, struct slice name, enum how how)
{
	struct slice rest = slice_str(names), one;
	while (slice_split(&rest, ' ', &one)) {
		if (slice_eq(one, name))
			return true;
		if (how == SAYS && slice_find(name, one, 0) != SLICE_NPOS)
			return true;
		if (how == CALLED && one.p[0] == '.' && slice_ends(name, one))
			return true;
		if (how == MODULE && slice_starts(name, one) && (name.p[one.n] == '.' || name.p[one.n] == ':' || name.p[one.n] == '/'))
			return true;
	}
	return false;
}

static void adds(struct change_code *c, enum how how, struct slice name, size_t at)
{
	for (size_t k = 0; k < ARRAY_LEN(adds_rows); k++) {
		const struct adds_row *r = &adds_rows[k];
		if (r->how == how && (!*r->language || strcmp(r->language, c->language) == 0) && listed(r->names, name, how))
			change_add(c->f, r->rule, CHANGE_FIRST, SLICE_NONE, at, name.n, NULL);
	}
}

static void module(struct change_code *c, size_t i)
{
	struct slice name = c->t[i].text;
	adds(c, MODULE, strcmp(c->language, "javascript") == 0 ? scan_module_name(name) : name, change_place(c, i));
}

/* "#include <a/b.h>": signs stand between its parts. */
static void included(struct change_code *c, size_t i)
{
	struct slice t = c->f->text;
	size_t at = change_place(c, i) + c->t[i].text.n, end = slice_chr(t, '\n', at);
	struct slice line = slice_trim(slice_sub(t, at, (end == SLICE_NPOS ? t.n : end) - at));
	if (line.n < 3 || line.n > NAME_MAX_)
		return;
	size_t close = slice_chr(line, line.p[0] == '<' ? '>' : '"', 1);
	if (close != SLICE_NPOS)
		adds(c, MODULE, slice_sub(line, 1, close - 1), change_place(c, i));
}

/* All that an import names. */
static void imports(struct change_code *c, size_t i)
{
	static const char *const words[] = {"import", "from", "use", "using", "require", "require_relative", "extern", NULL};
	bool first = i == 0 || c->t[i - 1].kind == TOKEN_END || change_sign(c, i - 1, '}') || change_sign(c, i - 1, '{') ||
	             change_word(c, i - 1, "pub") || change_word(c, i - 1, "export");
	/* What stands beside the text is what it gives. */
	bool go = strcmp(c->language, "go") == 0, texts = go || strcmp(c->language, "javascript") == 0;
	if (!go && change_sign(c, i + 1, '(') && i + 2 < c->n && c->t[i + 2].kind == TOKEN_TEXT &&
	        (change_word(c, i, "require") || change_word(c, i, "import")))
		module(c, i + 2);
	else if (change_word(c, i, "from") && i + 1 < c->n && c->t[i + 1].kind == TOKEN_TEXT)
		module(c, i + 1);
	else if (change_word(c, i, "include") && i > 0 && change_sign(c, i - 1, '#'))
		included(c, i);
	else if (first && scan_one_of(c->t[i].text, words) && !change_sign(c, i + 1, '.'))
		for (size_t k = i + 1; k < c->n && k - i < IMPORT_MAX && c->t[k].kind != TOKEN_END; k++) {
			/* "from a import b": b is none. */
			if (change_word(c, k, "import"))
				break;
			bool text = c->t[k].kind == TOKEN_TEXT;
			if (text || (c->t[k].kind == TOKEN_NAME && !texts))
				module(c, k);
		}
}

static void tokens(struct change_code *c, const struct weak_rows *w)
{
	for (size_t i = 0; i < c->n && !c->f->cut; i++) {
		const struct token *t = &c->t[i];
		if (t->kind == TOKEN_END || (t->kind == TOKEN_SIGN && t->sign != '@' && t->sign != '[' && t->sign != '#'))
			continue;
		weak_at(c, w, i);
		if (t->kind == TOKEN_SIGN)
			continue;
		if (t->kind == TOKEN_NAME) {
			imports(c, i);
			if (change_sign(c, i + 1, '(') && t->text.n <= NAME_MAX_ && !change_word(c, i - (i > 0), "def") &&
			        !change_word(c, i - (i > 0), "function"))
				adds(c, CALLED, t->text, change_place(c, i));
		} else if (t->text.n > 4 && t->text.n < TEXT_MAX) {
			adds(c, SAYS, t->text, change_place(c, i));
			if (scan_shell_secret(t->text))
				change_add(c->f, SCAN_RULE_CHANGE_ADDS_CREDENTIALS, CHANGE_FIRST, SLICE_NONE, change_place(c, i), t->text.n,
				        NULL);
		}
	}
}

/* ── shell ── */

static void command(struct change_facts *f, const struct shell_command *s, size_t at, size_t n)
{
	struct slice name = s->n ? slice_base(s->word[0]) : SLICE_NONE;
	if (slice_is(name, "sudo") && s->n > 1)
		name = slice_base(s->word[1]);
	for (size_t k = 0; k < ARRAY_LEN(argument_rows); k++)
		for (size_t i = 1; slice_is(name, argument_rows[k].command) && i < s->n; i++)
			if (slice_is(s->word[i], argument_rows[k].argument))
				weak(f, argument_rows[k].rule, at, n);
	for (size_t k = 0; k < ARRAY_LEN(program_rows); k++)
		if (name.n && listed(program_rows[k].names, name, CALLED))
			change_add(f, program_rows[k].rule, CHANGE_FIRST, SLICE_NONE, at, n, NULL);
}

static void shell_line(struct change_facts *f, struct slice line, size_t at)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)4 << 20);
	struct shell_command *s;
	size_t n;
	if (line.n == 0 || line.n > LINE_MAX || line.p[0] == '#' || shell_read(line, &arena, &s, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		command(f, &s[i], at, line.n);
}

/* What is fetched or decoded in one line is often run in another. Installers that are well known do that, and who compares a digest before
 * has said what may come. */
static void runs_what_comes(struct change_facts *f, struct slice script)
{
	size_t at;
	unsigned does = scan_shell_script(script, SHELL_DOES_DOWNLOAD | SHELL_DOES_DECODED, &at);
	if (at == SLICE_NPOS)
		return;
	size_t end = slice_chr(f->text, '\n', at);
	struct slice line = slice_sub(f->text, at, (end == SLICE_NPOS ? f->text.n : end) - at);
	if (does & SHELL_DOES_DECODED)
		change_add(f, SCAN_RULE_CHANGE_RUNS_DECODED, CHANGE_MORE, SLICE_NONE, at, line.n, NULL);
	else if (does & SHELL_DOES_DOWNLOAD && !(does & SHELL_DOES_VERIFIES))
		change_add(f, SCAN_RULE_CHANGE_RUNS_DOWNLOAD, CHANGE_MORE, SLICE_NONE, at, line.n, NULL);
}

void change_shell(struct change_facts *f)
{
	struct slice t = f->text, plain = arena_copy(f->arena, t);
	f->looked = true;
	f->cut |= t.n && !plain.p;
	for (size_t at = 0; at < t.n && !f->cut;) {
		size_t end = slice_chr(t, '\n', at);
		end = end == SLICE_NPOS ? t.n : end;
		while (end < t.n && end > at && t.p[end - 1] == '\\') {
			size_t more = slice_chr(t, '\n', end + 1);
			end = more == SLICE_NPOS ? t.n : more;
		}
		struct slice line = slice_trim(slice_sub(t, at, end - at));
		/* Dockerfiles, and rules of make: blanks instead, so that places stay what they are. */
		size_t front = slice_starts(line, SLICE("RUN ")) ? 4 : line.n && (line.p[0] == '@' || line.p[0] == '-') ? 1 : 0;
		if (front)
			memset((uint8_t *)(uintptr_t)plain.p + (line.p - t.p), ' ', front);
		line = slice_from(line, front);
		shell_line(f, line, line.n ? (size_t)(line.p - t.p) : at);
		at = end + 1;
	}
	if (!f->cut)
		runs_what_comes(f, plain);
}

void change_code(struct change_facts *f)
{
	_cleanup_arena_ struct arena arena = ARENA(TOKENS_ARENA);
	struct slice name = slice_base(slice_str(f->path));
	const struct source_language *l = source_language((const char *)name.p, f->text);
	struct change_code c = {.f = f, .language = l ? source_language_name(l) : ""};
	struct weak_rows w = {.n = 0};
	struct token *t;
	bool all = true;
	if (!l)
		return;
	f->looked = true;
	if (strcmp(c.language, "shell") == 0) {
		change_shell(f);
		return;
	}
	if (tokens_read(f->text, l, TOKENS_MAX, &arena, &t, &c.n, &all) < 0 || !all) {
		f->cut = true;
		return;
	}
	c.t = t;
	for (size_t k = 0; k < ARRAY_LEN(weak_rows); k++) {
		struct slice rest = slice_str(weak_rows[k].tokens);
		if (*weak_rows[k].languages && strcmp(weak_rows[k].languages, c.language) != 0)
			continue;
		w.row[w.n] = &weak_rows[k];
		(void)slice_split(&rest, ' ', &w.first[w.n++]);
	}
	tokens(&c, &w);
	if (!change_functions(&c, &arena)) {
		f->cut = true;
		return;
	}
	change_weak(&c);
	change_guards(&c);
}
