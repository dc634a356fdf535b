#include "parse/shell.h"

#include <errno.h>

#include "base/buf.h"

#define WORD_MAX ((size_t)1 << 20)

struct reader {
	struct slice s;
	size_t at;
	struct arena *arena;
	struct shell_command *c;
	size_t n, cap;
	int error;
	bool more; /* a limit was met */
};

static int peek(const struct reader *r, size_t ahead)
{
	return r->at + ahead < r->s.n ? r->s.p[r->at + ahead] : -1;
}

/* Room for one more of `n`, twice as much when it is full: most lines are short. NULL, and r->error, if there is none. */
static void *room(struct reader *r, void *p, size_t n, size_t *cap, size_t size, size_t first)
{
	if (n < *cap)
		return p;
	size_t more = *cap ? 2 * *cap : first;
	void *bigger = arena_array(r->arena, more, size);
	if (!bigger) {
		r->error = -ENOMEM;
		return NULL;
	}
	if (n)
		memcpy(bigger, p, n * size);
	*cap = more;
	return bigger;
}

/* A new command, or -1. */
static int begin(struct reader *r, int from, int inside, size_t inside_at)
{
	r->more |= r->n == SHELL_COMMANDS_MAX;
	if (r->n == SHELL_COMMANDS_MAX || r->error)
		return -1;
	struct shell_command *c = room(r, r->c, r->n, &r->cap, sizeof(*r->c), 4);
	if (!c)
		return -1;
	r->c = c;
	r->c[r->n] = (struct shell_command){.from = from, .inside = inside, .inside_at = inside_at, .at = r->at};
	return (int)r->n++;
}

static void add_word(struct reader *r, int command, struct slice word)
{
	if (command < 0 || r->error)
		return;
	struct shell_command *c = &r->c[command];
	r->more |= c->n == SHELL_WORDS_MAX;
	if (c->n == SHELL_WORDS_MAX)
		return;
	struct slice copy = arena_copy(r->arena, word);
	struct slice *words = room(r, c->word, c->n, &c->cap, sizeof(*words), 8);
	if (!copy.p || !words) {
		r->error = -ENOMEM;
		return;
	}
	c->word = words;
	c->word[c->n++] = copy;
}

static void list(struct reader *r, int shut, int inside, size_t inside_at, unsigned depth);

/* "$(", "<(", ">(": what is in it; the place is behind the bracket. */
static void substitution(struct reader *r, int shut, int command, unsigned depth, struct buf *word)
{
	buf_str_add(word, shut == '`' ? "`" : "$(");
	list(r, shut, command, command >= 0 ? r->c[command].n : 0, depth + 1);
	buf_str_add(word, shut == '`' ? "`" : ")");
}

static void single(struct reader *r, struct buf *word)
{
	for (r->at++; peek(r, 0) >= 0 && peek(r, 0) != '\''; r->at++)
		buf_u8(word, (uint8_t)peek(r, 0));
	r->at++;
}

/* May a substitution begin here? Deeper ones are not read, and that is said. */
static bool deeper(struct reader *r, unsigned depth)
{
	r->more |= depth >= SHELL_DEPTH_MAX;
	return depth < SHELL_DEPTH_MAX;
}

static bool opens(struct reader *r, unsigned depth)
{
	return peek(r, 0) == '$' && peek(r, 1) == '(' && peek(r, 2) != '(' && deeper(r, depth);
}

static void twofold(struct reader *r, int command, unsigned depth, struct buf *word)
{
	for (r->at++; peek(r, 0) >= 0 && peek(r, 0) != '"';) {
		int c = peek(r, 0);
		if (c == '\\' && peek(r, 1) >= 0) {
			buf_u8(word, (uint8_t)peek(r, 1));
			r->at += 2;
		} else if (opens(r, depth)) {
			r->at += 2;
			substitution(r, ')', command, depth, word);
		} else if (c == '`' && deeper(r, depth)) {
			r->at++;
			substitution(r, '`', command, depth, word);
		} else {
			buf_u8(word, (uint8_t)c);
			r->at++;
		}
	}
	r->at++;
}

static bool ends_word(int c, int shut)
{
	/* A zero is a byte like another. */
	return c < 0 || c == shut || (c && strchr(" \t\r\n;|&()<>", c) != NULL);
}

static void word(struct reader *r, int shut, int command, unsigned depth)
{
	_cleanup_buf_ struct buf b = BUF(WORD_MAX);
	while (!ends_word(peek(r, 0), shut)) {
		int c = peek(r, 0);
		if (c == '\'') {
			single(r, &b);
		} else if (c == '"') {
			twofold(r, command, depth, &b);
		} else if (c == '\\' && peek(r, 1) >= 0) {
			/* At the end of a line it goes on. */
			if (peek(r, 1) != '\n')
				buf_u8(&b, (uint8_t)peek(r, 1));
			r->at += 2;
		} else if (opens(r, depth)) {
			r->at += 2;
			substitution(r, ')', command, depth, &b);
		} else if (c == '`' && deeper(r, depth)) {
			r->at++;
			substitution(r, '`', command, depth, &b);
		} else {
			buf_u8(&b, (uint8_t)c);
			r->at++;
		}
	}
	r->more |= buf_error(&b) == -ENOBUFS;
	add_word(r, command, buf_slice(&b));
}

/* "<(…)" is an argument that the command reads; other signs are words. */
static void redirection(struct reader *r, int command, unsigned depth)
{
	if (peek(r, 1) == '(' && deeper(r, depth)) {
		_cleanup_buf_ struct buf b = BUF(WORD_MAX);
		r->at += 2;
		substitution(r, ')', command, depth, &b);
		add_word(r, command, buf_slice(&b));
		return;
	}
	size_t from = r->at;
	while (peek(r, 0) == '<' || peek(r, 0) == '>' || peek(r, 0) == '&')
		r->at++;
	add_word(r, command, slice_sub(r->s, from, r->at - from));
}

/* What is between commands; says whether the next one reads what the last one wrote. */
static bool separator(struct reader *r)
{
	int c = peek(r, 0);
	r->at++;
	if (c == '|' && peek(r, 0) == '|')
		r->at++;
	else if (c == '|') {
		r->at += peek(r, 0) == '&';
		return true;
	}
	return false;
}

static void comment(struct reader *r)
{
	while (peek(r, 0) >= 0 && peek(r, 0) != '\n')
		r->at++;
}

/* "}" as a word of its own ends a group. */
static bool ends_group(struct reader *r)
{
	int next = peek(r, 1);
	return peek(r, 0) == '}' && (next < 0 || strchr(" \t\r\n;|&)<>", next));
}

/* "> file", "2>&1" */
static bool redirects(struct reader *r)
{
	int c = peek(r, 0), next = peek(r, 1);
	return c == '<' || c == '>' || (c == '&' && next == '>') || (c >= '0' && c <= '9' && (next == '>' || next == '<'));
}

/* Commands up to `shut` (-1: to the end). */
static void list(struct reader *r, int shut, int inside, size_t inside_at, unsigned depth)
{
	int command = -1, last = -1;
	bool piped = false, grouped = false;
	while (peek(r, 0) >= 0 && !r->error) {
		int c = peek(r, 0);
		if (c == shut) {
			r->at++;
			return;
		}
		if (c == ' ' || c == '\t' || c == '\r') {
			r->at++;
		} else if (c == '\\' && peek(r, 1) == '\n') {
			r->at += 2;
		} else if (c == '#' && (r->at == 0 || strchr(" \t\n;|&(", r->s.p[r->at - 1]))) {
			comment(r);
		} else if (c == '(' && command >= 0 && deeper(r, depth)) {
			/* PowerShell's argument in brackets; a function's "()" has nothing in it. */
			r->at++;
			list(r, ')', command, r->c[command].n, depth + 1);
		} else if (command < 0 && ends_group(r)) {
			r->at++;
			grouped = true;
		} else if (c == '\n' || c == ';' || c == '|' || c == '(' || c == ')' || (c == '&' && peek(r, 1) != '>')) {
			/* A pipe may go on behind the end of a line. */
			bool goes_on = c == '\n' && piped && command < 0;
			piped = separator(r) || goes_on;
			last = command >= 0 ? command : last;
			command = -1;
			grouped = c == ')';
		} else {
			/* What is behind a group is of the last command in it: "(a; b) 2>c | d". */
			if (command < 0 && grouped && redirects(r))
				command = last;
			if (command < 0) {
				command = begin(r, piped ? last : -1, inside, inside_at);
				piped = false;
				if (command < 0)
					return;
			}
			if (c == '<' || c == '>' || c == '&')
				redirection(r, command, depth);
			else
				word(r, shut == '`' ? '`' : -1, command, depth);
		}
	}
}

int shell_read(struct slice text, struct arena *arena, struct shell_command **out, size_t *n)
{
	struct reader r = {.s = text, .arena = arena};
	list(&r, -1, -1, 0, 0);
	if (r.error)
		return r.error;
	*out = r.c;
	*n = r.n;
	return r.more;
}
