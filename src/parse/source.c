#include "parse/source.h"

#include "base/buf.h"

struct source_language {
	const char *name;
	const char *suffixes;    /* with blanks between and around */
	const char *line[2];     /* what begins a comment to the end of the line */
	const char *open, *shut; /* a comment that spans lines */
	const char *quotes;      /* of strings on one line, with backslashes */
	const char *long_quotes; /* of strings that span lines */
	bool triple;             /* three of a quote begin a string that spans lines */
};

static const struct source_language languages[] = {
        {"c", " .c .h .cc .cpp .cxx .hpp .hh .hxx .m .mm .cu .ino .d .glsl ", {"//", NULL}, "/*", "*/", "\"'", "", false},
        {"csharp", " .cs .csx .java .kt .kts .scala .groovy .gradle .swift .dart .sol .v .sv .proto .zig .fs .fsx ", {"//", NULL}, "/*",
                "*/", "\"'", "", true},
        {"javascript", " .js .mjs .cjs .jsx .ts .mts .cts .tsx .vue .svelte ", {"//", NULL}, "/*", "*/", "\"'", "`", false},
        {"go", " .go ", {"//", NULL}, "/*", "*/", "\"'", "`", false},
        {"rust", " .rs ", {"//", NULL}, "/*", "*/", "\"", "", false},
        {"php", " .php .phtml .inc ", {"//", "#"}, "/*", "*/", "", "\"'", false},
        {"python", " .py .pyw .pyi .pyx .pth ", {"#", NULL}, NULL, NULL, "\"'", "", true},
        {"ruby", " .rb .rake .gemspec .cr .ex .exs .jl .nim .r .coffee ", {"#", NULL}, NULL, NULL, "\"'", "", true},
        {"shell", " .sh .bash .zsh .ksh .fish .command .awk .pl .pm .tcl .ps1 .psm1 .mk .cmake .dockerfile ", {"#", NULL}, NULL, NULL, "",
                "\"'", false},
        {"sql", " .sql .lua .hs .elm .adb .ads .vhd .vhdl ", {"--", NULL}, "/*", "*/", "\"'", "", false},
        {"assembly", " .s .asm ", {"#", ";"}, "/*", "*/", "\"", "", false},
        {"lisp", " .el .lisp .clj .cljs .scm .rkt .vb .vbs .bas .f90 .f .pas .ml .mli .erl .bat .cmd .nix .tf ", {NULL, NULL}, NULL, NULL,
                "\"", "", false},
};
static const char *const names[][2] = {{"Makefile", "shell"}, {"GNUmakefile", "shell"}, {"Dockerfile", "shell"}, {"Rakefile", "ruby"},
        {"Gemfile", "ruby"}, {"CMakeLists.txt", "shell"}, {"configure", "shell"}, {"PKGBUILD", "shell"}, {"Jenkinsfile", "csharp"}};
static const char data_suffixes[] =
        " .json .jsonc .json5 .jsonl .yaml .yml .toml .xml .po .pot .properties .ini .cfg .conf .csv .tsv .xlf .xliff .strings .resx .arb "
        ".ts-xml .lock "
        ".svg .plist .desktop .map .ndjson .ftl .mo .xmb .xtb .rc .qml .css .scss .less .html .htm .xhtml .env ";

static bool in_list(const char *list, const char *suffix)
{
	size_t n = strlen(suffix);
	if (n < 2 || n > 12)
		return false;
	for (const char *p = list; (p = strcasestr(p, suffix)); p++)
		if (p[-1] == ' ' && p[n] == ' ')
			return true;
	return false;
}

static const struct source_language *called(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(languages); i++)
		if (strcmp(languages[i].name, name) == 0)
			return &languages[i];
	return NULL;
}

/* "#!/usr/bin/env python3" */
static const struct source_language *by_shebang(struct slice text)
{
	struct slice line = slice_sub(text, 0, slice_chr(slice_sub(text, 0, 200), '\n', 0));
	if (!slice_starts(line, SLICE("#!")))
		return NULL;
	if (slice_find(line, SLICE("python"), 0) != SLICE_NPOS)
		return called("python");
	if (slice_find(line, SLICE("node"), 0) != SLICE_NPOS || slice_find(line, SLICE("deno"), 0) != SLICE_NPOS)
		return called("javascript");
	if (slice_find(line, SLICE("ruby"), 0) != SLICE_NPOS)
		return called("ruby");
	if (slice_find(line, SLICE("php"), 0) != SLICE_NPOS)
		return called("php");
	return called("shell");
}

const struct source_language *source_language(const char *name, struct slice text)
{
	const char *dot = strrchr(name, '.');
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i][0]) == 0)
			return called(names[i][1]);
	for (size_t i = 0; dot && i < ARRAY_LEN(languages); i++)
		if (in_list(languages[i].suffixes, dot))
			return &languages[i];
	return by_shebang(text);
}

const char *source_language_name(const struct source_language *l)
{
	return l->name;
}

enum source_kind source_kind(const char *name, struct slice text)
{
	const char *dot = strrchr(name, '.');
	/* Qt's catalogues are called as TypeScript is. */
	bool markup = slice_starts(slice_trim(slice_sub(text, 0, 64)), SLICE("<"));
	if (!(markup && dot && strcmp(dot, ".ts") == 0) && source_language(name, text))
		return SOURCE_CODE;
	return markup || (dot && in_list(data_suffixes, dot)) ? SOURCE_DATA : SOURCE_PROSE;
}

struct source_lex source_lex(struct slice text, const struct source_language *l)
{
	struct source_lex lex = {.text = text, .language = l};
	const char *const marks[] = {l ? l->line[0] : NULL, l ? l->line[1] : NULL, l ? l->open : NULL};
	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (marks[i])
			lex.begins[(uint8_t)marks[i][0]] = true;
	for (const char *q = l ? l->quotes : ""; *q; q++)
		lex.begins[(uint8_t)*q] = true;
	for (const char *q = l ? l->long_quotes : ""; *q; q++)
		lex.begins[(uint8_t)*q] = true;
	return lex;
}

static bool here(const struct source_lex *l, size_t at, const char *mark)
{
	return mark && slice_starts(slice_from(l->text, at), slice_str(mark));
}

static void enter(struct source_lex *l, enum source_part part, uint8_t quote)
{
	l->part = part;
	l->since = l->at;
	l->quote = quote;
	l->triple = l->block = false;
}

/* One step in code: what begins here? */
static void plain(struct source_lex *l)
{
	const struct source_language *g = l->language;
	uint8_t c = l->text.p[l->at];
	for (size_t i = 0; i < ARRAY_LEN(g->line); i++)
		/* In a shell "#" begins a comment only at the beginning of a word. */
		if (here(l, l->at, g->line[i]) &&
		        (g->line[i][0] != '#' || l->at == 0 || strchr(" \t\n;|&()", l->text.p[l->at - 1]) || g->triple)) {
			enter(l, SOURCE_COMMENT, '\n');
			l->at++;
			return;
		}
	if (here(l, l->at, g->open)) {
		enter(l, SOURCE_COMMENT, 0);
		l->block = true;
		l->at += 2;
		return;
	}
	bool one = c && strchr(g->quotes, c), many = c && strchr(g->long_quotes, c);
	if (one || many) {
		struct slice rest = slice_from(l->text, l->at);
		enter(l, SOURCE_STRING, c);
		l->triple = g->triple && rest.n >= 3 && rest.p[1] == c && rest.p[2] == c;
		l->block = many;
		l->at += l->triple ? 3 : 1;
		return;
	}
	l->at++;
}

static void leave(struct source_lex *l, size_t n)
{
	l->at += n;
	l->part = SOURCE_PLAIN;
	l->since = l->at;
}

/* Most bytes change nothing. */
static void skip(struct source_lex *l, size_t to)
{
	const uint8_t *p = l->text.p;
	if (l->part == SOURCE_PLAIN)
		while (l->at < to && !l->begins[p[l->at]])
			l->at++;
	else if (l->part == SOURCE_STRING)
		while (l->at < to && p[l->at] != l->quote && p[l->at] != '\\' && (p[l->at] != '\n' || l->block || l->triple))
			l->at++;
	else
		while (l->at < to && p[l->at] != (l->block ? (uint8_t)l->language->shut[0] : '\n'))
			l->at++;
}

static void step(struct source_lex *l)
{
	uint8_t c = l->text.p[l->at];
	if (l->part == SOURCE_PLAIN) {
		plain(l);
	} else if (l->part == SOURCE_COMMENT) {
		if (l->block ? here(l, l->at, l->language->shut) : c == '\n')
			leave(l, l->block ? 2 : 1);
		else
			l->at++;
	} else if (c == '\\' && l->at + 1 < l->text.n) {
		l->at += 2;
	} else if (l->triple) {
		struct slice rest = slice_from(l->text, l->at);
		if (c == l->quote && rest.n >= 3 && rest.p[1] == c && rest.p[2] == c)
			leave(l, 3);
		else
			l->at++;
	} else if (c == l->quote || (c == '\n' && !l->block)) {
		leave(l, 1);
	} else {
		l->at++;
	}
}

size_t source_same(struct source_lex *l, size_t at)
{
	if (!l->language || l->part == SOURCE_PLAIN || l->at > at)
		return at;
	l->covered = l->part;
	skip(l, l->text.n);
	return l->at > at ? l->at : at;
}

enum source_part source_part(struct source_lex *l, size_t at)
{
	while (l->language && l->at <= at && l->at < l->text.n) {
		enum source_part before = l->part;
		skip(l, at);
		step(l);
		/* What ends a string or a comment is of it, and so is what begins it. */
		l->covered = before != SOURCE_PLAIN ? before : l->part;
	}
	return l->covered;
}
