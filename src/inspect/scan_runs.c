/* Which files a command runs: what ties findings in several files together. */
#include "inspect/scan_part.h"
#include "parse/shell.h"

#define COMMAND_MAX ((size_t)16 << 10)
#define TEXT_MAX    ((size_t)4 << 20) /* of which lines are counted */
#define ARENA_MAX   ((size_t)4 << 20)

static struct slice last_part(struct slice path)
{
	for (size_t i = path.n; i > 0; i--)
		if (path.p[i - 1] == '/')
			return slice_from(path, i);
	return path;
}

/* Is it run by what is called so? "python3.12" too. */
static bool is_interpreter(struct slice word)
{
	static const char *const names[] = {"sh", "bash", "dash", "zsh", "ksh", "source", ".", "node", "nodejs", "bun", "deno", "tsx",
	        "ts-node", "ruby", "perl", "php", "python", "python2", "python3", "pwsh", "powershell", "exec", "sudo", "env", "time",
	        "nohup", NULL};
	struct slice name = last_part(word);
	return scan_one_of(name, names) || slice_starts(name, SLICE("python3."));
}

/* A path of a file in the tree: what a variable names the root of stands for that root. */
static struct slice file_of(struct slice word)
{
	if (word.n > 1 && word.p[0] == '$') {
		size_t end = slice_chr(word, '/', 0);
		word = end == SLICE_NPOS ? SLICE_NONE : slice_from(word, end + 1);
	}
	while (slice_starts(word, SLICE("./")))
		word = slice_from(word, 2);
	/* An address is none, and neither is what is put together when it runs. */
	if (word.n == 0 || word.n >= SCAN_TARGET_MAX || slice_find(word, SLICE("://"), 0) != SLICE_NPOS)
		return SLICE_NONE;
	for (size_t i = 0; i < word.n; i++)
		if (word.p[i] < 0x20 || strchr("$`*?|;<>(){}\"'", word.p[i]))
			return SLICE_NONE;
	return word;
}

static bool has_end(struct slice name)
{
	size_t dot = slice_chr(name, '.', 1);
	return dot != SLICE_NPOS && dot + 1 < name.n;
}

/* The first word that is a file: the program, if it is a path; else, behind interpreters, the first that is no option. */
static struct slice runs(const struct shell_command *c)
{
	for (size_t i = 0; i < c->n; i++) {
		struct slice w = c->word[i];
		if (is_interpreter(w) || (slice_chr(w, '=', 1) != SLICE_NPOS && slice_chr(w, '/', 0) == SLICE_NPOS) ||
		        (i > 0 && w.n && w.p[0] == '-') || (i == 1 && slice_is(w, "run")))
			continue;
		/* A command that is given as a text is read as one, a module has no path. */
		if (i > 0 && (slice_is(c->word[i - 1], "-c") || slice_is(c->word[i - 1], "-m") || slice_is(c->word[i - 1], "-e")))
			return SLICE_NONE;
		bool path = slice_chr(w, '/', 0) != SLICE_NPOS;
		return path || (i > 0 && has_end(w)) ? file_of(w) : SLICE_NONE;
	}
	return SLICE_NONE;
}

static struct slice line_of(struct slice text, size_t at)
{
	size_t from = at < text.n ? at : text.n, end = slice_chr(text, '\n', from);
	while (from && text.p[from - 1] != '\n')
		from--;
	return slice_sub(text, from, (end == SLICE_NPOS ? text.n : end) - from);
}

/* Scripts have many lines, of which few run a file: most are told by what they do not have. */
static bool may_run(struct slice line)
{
	static const char *const parts[] = {"./", ".sh", ".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".php", ".bash", ".ps1"};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (slice_find(line, slice_str(parts[i]), 0) != SLICE_NPOS)
			return true;
	return false;
}

void scan_runs(struct scan *s, const struct scan_input *in, enum scan_how how, size_t at, struct slice text)
{
	_cleanup_arena_ struct arena arena = ARENA(ARENA_MAX);
	struct shell_command *c;
	size_t n;
	/* What is in an archive runs nothing beside it. */
	if (how == SCAN_RUNS_SCRIPT && !may_run(text))
		return;
	if (!scan_wants_runs(s) || in->member[0] || in->bytes.n > TEXT_MAX || !text.n || text.n > COMMAND_MAX ||
	        shell_read(text, &arena, &c, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		struct slice file = runs(&c[i]);
		if (file.n)
			scan_ran(s, in, how, scan_is_here(in, text) ? at + c[i].at : at, file, line_of(text, c[i].at));
	}
}
