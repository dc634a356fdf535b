/* Builds by autoconf and make: the shell that stands in macros of m4, in configure.ac and in rules. Most of it is what scripts have, and is
 * judged like it; what nobody has is a file of data that is taken apart and given to a shell. */
#include "inspect/scan_code.h"
#include "inspect/scan_shell.h"

#define LINE_MAX ((size_t)64 << 10)

bool code_is_autoconf(const char *name)
{
	return scan_has_suffix(name, ".m4") || scan_has_suffix(name, ".ac") || strcmp(name, "configure.in") == 0 ||
	       strcmp(name, "configure") == 0;
}

bool code_is_make(const char *name)
{
	struct slice n = slice_str(name);
	return slice_ends(n, SLICE("akefile")) || scan_has_suffix(name, ".mk") || slice_is(n, "Makefile.am") || slice_is(n, "Makefile.in");
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* The bracket before the comma at `i` ends what was quoted: it goes, too. */
static bool ends_argument(uint8_t *p, size_t i)
{
	while (i > 0 && is_blank(p[i - 1]))
		i--;
	if (i == 0 || p[i - 1] != ']')
		return false;
	p[i - 1] = '\n';
	return true;
}

/* Arguments of a macro are commands of their own: what stands between them is made into ends of lines. "[" of the shell, and the brackets
 * of a regular expression, stay. */
static void plain_m4(uint8_t *p, size_t n)
{
	uint8_t last = '(';
	for (size_t i = 0; i < n; i++) {
		if (is_blank(p[i]))
			continue;
		if (p[i] == '[' && (last == '(' || last == ','))
			p[i] = '\n';
		else if (last == ']' && (p[i] == ',' || p[i] == ')') && ends_argument(p, i))
			p[i] = '\n';
		last = p[i] == '\n' ? '(' : p[i];
	}
}

/* "$(SHELL)" is no command of make, but a variable. "$$" is one sign. */
static void plain_make(uint8_t *p, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++) {
		if (p[i] != '$')
			continue;
		if (p[i + 1] == '$') {
			p[i++] = ' ';
			continue;
		}
		size_t k = i + 2;
		while (p[i + 1] == '(' && k < n &&
		        (p[k] == '_' || (p[k] >= '0' && p[k] <= '9') || ((p[k] | 0x20) >= 'a' && (p[k] | 0x20) <= 'z')))
			k++;
		if (p[i + 1] == '(' && k < n && p[k] == ')') {
			p[i + 1] = '{';
			p[k] = '}';
		}
	}
}

/* A comment of m4 or shell, or a rule's first signs: blanks. */
static size_t front(const uint8_t *p, size_t n, bool make)
{
	size_t i = 0;
	while (i < n && (is_blank(p[i]) || (make && (p[i] == '@' || p[i] == '-' || p[i] == '+'))))
		i++;
	bool comment = (i < n && p[i] == '#') || (!make && n - i >= 3 && memcmp(p + i, "dnl", 3) == 0);
	return comment ? n : i;
}

static void line(struct code *c, struct slice whole, uint8_t *copy, size_t at, size_t n, bool make)
{
	size_t from = front(copy, n, make);
	struct slice text = slice_of(copy + from, n - from);
	/* Only what writes into something can be this. */
	if (slice_chr(text, '|', 0) == SLICE_NPOS)
		return;
	if (make)
		plain_make(copy + from, n - from);
	else
		plain_m4(copy + from, n - from);
	unsigned does = scan_shell_lines(text);
	if (does & (SHELL_DOES_PARTS | SHELL_DOES_DECODED) && !(does & SHELL_DOES_VERIFIES))
		scan_found_text(c->s, c->in, SCAN_RULE_CODE_COMMAND_ODD, whole, at + from, n - from, "%.*s",
		        SLICE_FMT(slice_sub(slice_sub(whole, at + from, n - from), 0, 240)));
}

void code_autoconf(struct code *c, bool make)
{
	_cleanup_arena_ struct arena arena = ARENA(2 * LINE_MAX);
	struct slice t = c->in->bytes;
	uint8_t *copy = arena_array_raw(&arena, 1, LINE_MAX);
	for (size_t at = 0; copy && at < t.n;) {
		size_t end = slice_chr(t, '\n', at);
		end = end == SLICE_NPOS ? t.n : end;
		/* A line that goes on. */
		while (end < t.n && end > at && (t.p[end - 1] == '\\' || t.p[end - 1] == '|')) {
			size_t more = slice_chr(t, '\n', end + 1);
			end = more == SLICE_NPOS ? t.n : more;
		}
		size_t n = end - at;
		if (n <= LINE_MAX) {
			memcpy(copy, t.p + at, n);
			line(c, t, copy, at, n, make);
		} else {
			scan_found_text(c->s, c->in, SCAN_RULE_CODE_LIMIT, t, at, n, "%s", "a line of more parts than are read");
		}
		at = end + 1;
	}
}
