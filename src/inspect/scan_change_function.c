/* Brackets and functions of source code, for scan_change: by tokens, with one set of rules for languages with braces, and one for those
 * that go by lines. What is not seen as a function is a part of what is around it. */
#include "inspect/scan_change_code.h"

#define FUNCTIONS_MAX 20000u
#define OPEN_MAX      512u
#define BACK_MAX      60u /* tokens between arguments and body: types, what is thrown */
#define ABOVE_MAX     60u /* tokens of what is written above a function */

struct slice change_last_part(struct slice name)
{
	for (size_t i = name.n; i > 0; i--)
		if (name.p[i - 1] == '.' || name.p[i - 1] == ':')
			return slice_from(name, i);
	return name;
}

static bool is_upper(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_lower(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

/* Does a word begin at `i`? "userID", "RSAKey", "a_b". */
static bool begins_word(struct slice s, size_t i)
{
	if (i == 0 || !is_upper(s.p[i]))
		return false;
	return !is_upper(s.p[i - 1]) || (i + 1 < s.n && is_lower(s.p[i + 1]));
}

size_t change_words(struct slice name, char word[][CHANGE_WORD], size_t max)
{
	size_t n = 0, at = 0;
	for (size_t i = 0; i < name.n && i < 200; i++) {
		uint8_t c = name.p[i];
		bool part = is_upper(c) || is_lower(c) || (c >= '0' && c <= '9');
		if (at && (!part || begins_word(name, i))) {
			word[n++][at] = 0;
			at = 0;
		}
		if (n == max)
			return n;
		if (part && at + 1 < CHANGE_WORD)
			word[n][at++] = (char)(is_upper(c) ? c + ('a' - 'A') : c);
	}
	if (at)
		word[n++][at] = 0;
	return n;
}

/* ── brackets ── */

static uint8_t closes(uint8_t open)
{
	return open == '(' ? ')' : open == '[' ? ']' : '}';
}

static bool pairs(struct change_code *c, struct arena *arena)
{
	uint32_t *close = arena_array(arena, c->n ? c->n : 1, sizeof(*close));
	uint32_t open[OPEN_MAX];
	unsigned n = 0;
	if (!close)
		return false;
	memset(close, 0, (c->n ? c->n : 1) * sizeof(*close));
	for (size_t i = 0; i < c->n; i++) {
		uint8_t s = c->t[i].kind == TOKEN_SIGN ? c->t[i].sign : 0;
		if (s == '(' || s == '[' || s == '{') {
			/* Deeper ones stay alone. */
			if (n < OPEN_MAX)
				open[n] = (uint32_t)i;
			n += n < OPEN_MAX;
		} else if ((s == ')' || s == ']' || s == '}') && n) {
			/* What was left open is passed over. */
			unsigned k = n;
			while (k > 0 && closes(c->t[open[k - 1]].sign) != s)
				k--;
			if (!k)
				continue;
			n = k - 1;
			close[open[n]] = (uint32_t)i;
			close[i] = open[n];
		}
	}
	c->close = close;
	return true;
}

/* ── with braces ── */

static bool is_keyword(struct slice s)
{
	static const char *const words[] = {"if", "for", "while", "switch", "catch", "return", "function", "func", "foreach", "using",
	        "lock", "synchronized", "with", "match", "when", "else", "do", "try", "new", "await", "throw", "elseif", "unless", "until",
	        "fn", "sizeof", "typeof", "in", "of", "case", "and", "or", "not", "defer", "go", "select", "loop", "async", "constexpr",
	        NULL};
	return scan_one_of(s, words);
}

/* A call that a function is given to: its name, and the first text in it. */
static bool given_to(const struct change_code *c, size_t i, struct change_function *to)
{
	for (size_t k = i; k > 0 && i - k < BACK_MAX; k--) {
		if (c->t[k - 1].kind == TOKEN_END)
			return false;
		if ((change_sign(c, k - 1, ')') || change_sign(c, k - 1, ']') || change_sign(c, k - 1, '}')) && c->close[k - 1]) {
			k = c->close[k - 1] + 1;
			continue;
		}
		if (!change_sign(c, k - 1, '('))
			continue;
		if (k < 2 || c->t[k - 2].kind != TOKEN_NAME || is_keyword(c->t[k - 2].text))
			return false;
		to->name = change_last_part(c->t[k - 2].text);
		to->of = k < c->n && c->t[k].kind == TOKEN_TEXT ? c->t[k].text : SLICE_NONE;
		to->at = k - 2;
		/* Without a text all of them would be the same one. */
		return to->of.n > 0;
	}
	return false;
}

/* A function without a name, whose first token is `i`: what is it set to, or given to? */
static bool named_before(const struct change_code *c, size_t i, struct change_function *to)
{
	if (i > 0 && change_word(c, i - 1, "async"))
		i--;
	if (i < 2)
		return false;
	bool set = change_sign(c, i - 1, '=') || change_sign(c, i - 1, ':');
	/* "a := func": both signs. */
	size_t k = set && change_sign(c, i - 1, '=') && change_sign(c, i - 2, ':') && i > 2 ? i - 3 : i - 2;
	if (set && (c->t[k].kind == TOKEN_NAME || c->t[k].kind == TOKEN_TEXT)) {
		to->name = change_last_part(c->t[k].text);
		to->at = k;
		return to->name.n > 0;
	}
	return (change_sign(c, i - 1, ',') || change_sign(c, i - 1, '(')) && given_to(c, i, to);
}

/* Languages in which a word says that it is a function. */
static bool said(const struct change_code *c, size_t name)
{
	bool go = change_in(c, "go");
	const char *word = go ? "func" : change_in(c, "rust") ? "fn" : change_in(c, "php") ? "function" : NULL;
	if (!word || (name > 0 && change_word(c, name - 1, word)))
		return true;
	/* func (r *Receiver) Name( */
	return go && name > 1 && change_sign(c, name - 1, ')') && c->close[name - 1] && change_word(c, c->close[name - 1] - 1, "func");
}

/* Behind `paren`, which closes the arguments, its body begins: which function is it? */
static bool named(const struct change_code *c, size_t paren, struct change_function *to)
{
	size_t open = c->close[paren];
	if (open == 0)
		return false;
	size_t i = open - 1;
	/* fn name<T>( */
	for (unsigned back = 0; change_sign(c, i, '>') && i > 1 && back < 2; back++) {
		size_t k = i;
		while (k > 0 && i - k < 20 && !change_sign(c, k, '<'))
			k--;
		if (!change_sign(c, k, '<') || k == 0)
			return false;
		i = k - 1;
	}
	if (c->t[i].kind != TOKEN_NAME)
		return false;
	if (slice_is(c->t[i].text, "function") || slice_is(c->t[i].text, "func"))
		return named_before(c, i, to);
	if (is_keyword(c->t[i].text) || c->t[i].text.p[0] == '.' || !said(c, i) || (i > 0 && change_word(c, i - 1, "new")))
		return false;
	to->name = change_last_part(c->t[i].text);
	to->at = i;
	return to->name.n > 0;
}

static bool may_stand_between(const struct change_code *c, size_t i)
{
	const struct token *t = &c->t[i];
	if (t->kind == TOKEN_END)
		return t->sign != ';' && (change_in(c, "c") || change_in(c, "csharp") || change_in(c, "php"));
	if (t->kind == TOKEN_NAME)
		return true;
	return t->kind == TOKEN_SIGN && strchr(":<>[]|?*&,.-", t->sign) != NULL;
}

/* What begins with the brace at `i`? */
static bool braced(const struct change_code *c, size_t i, struct change_function *to)
{
	size_t k = i;
	if (k > 2 && change_sign(c, k - 1, '>') && change_sign(c, k - 2, '=')) {
		size_t first = k - 3;
		/* (a): Promise<b> => */
		while (first > 0 && k - first < BACK_MAX && !change_sign(c, first, ')') && may_stand_between(c, first))
			first--;
		first = change_sign(c, first, ')') ? c->close[first] : k - 3;
		return first > 0 && named_before(c, first, to);
	}
	while (k > 0 && i - k < BACK_MAX) {
		k--;
		if (change_sign(c, k, ')')) {
			if (named(c, k, to))
				return true;
			/* (a, b) are what it returns. */
			size_t open = c->close[k];
			if (!change_in(c, "go") || open < 2 || !change_sign(c, open - 1, ')'))
				return false;
			k = open;
		} else if (!may_stand_between(c, k))
			return false;
	}
	return false;
}

/* Annotations and attributes above: lines that begin with a sign of theirs. */
static size_t above(const struct change_code *c, size_t at)
{
	size_t line = at, head;
	while (line > 0 && at - line < ABOVE_MAX && c->t[line - 1].kind != TOKEN_END && !change_sign(c, line - 1, '}') &&
	        !change_sign(c, line - 1, '{'))
		line--;
	for (head = line; head > 1 && at - head < ABOVE_MAX;) {
		size_t k = head - 1;
		if (c->t[k].kind != TOKEN_END || c->t[k].sign == ';')
			break;
		while (k > 0 && c->t[k - 1].kind != TOKEN_END && !change_sign(c, k - 1, '{') && head - k < ABOVE_MAX)
			k--;
		if (k + 1 < head && !change_sign(c, k, '@') && !change_sign(c, k, '[') && !change_sign(c, k, '#'))
			break;
		head = k;
	}
	return head;
}

/* ── by lines ── */

/* How far in its line token `i` stands, if it is the first of it; SIZE_MAX: it is not. */
static size_t margin(const struct change_code *c, size_t i)
{
	size_t at = change_place(c, i), n = 0;
	while (at > n && (c->f->text.p[at - n - 1] == ' ' || c->f->text.p[at - n - 1] == '\t'))
		n++;
	return at == n || c->f->text.p[at - n - 1] == '\n' ? n : SIZE_MAX;
}

/* A def at `i`: where does it end? In Ruby with the "end" below it, in Python before the first line that is not further in. */
static size_t lines_end(const struct change_code *c, size_t i, size_t in)
{
	bool ruby = change_in(c, "ruby");
	size_t k = i;
	for (; k < c->n; k++) {
		if (k <= i + 1 || c->t[k].kind == TOKEN_END || c->t[k - 1].kind != TOKEN_END)
			continue;
		size_t m = margin(c, k);
		if (m != SIZE_MAX && m <= in)
			return ruby && change_word(c, k, "end") ? k + 1 : k;
	}
	return k;
}

static bool by_lines(const struct change_code *c, size_t i, struct change_function *to)
{
	size_t first = i > 0 && change_word(c, i - 1, "async") ? i - 1 : i;
	if (!change_word(c, i, "def") || i + 2 >= c->n || c->t[i + 1].kind != TOKEN_NAME)
		return false;
	size_t in = margin(c, first), body = i + 2;
	if (in == SIZE_MAX)
		return false;
	while (body < c->n && c->t[body].kind != TOKEN_END)
		body++;
	*to = (struct change_function){.name = change_last_part(c->t[i + 1].text),
	        .at = i + 1,
	        .body = body,
	        .end = lines_end(c, body, in),
	        .head = above(c, first)};
	return true;
}

/* ── all ── */

bool change_functions(struct change_code *c, struct arena *arena)
{
	bool lines = change_in(c, "python") || change_in(c, "ruby");
	size_t room = 0;
	c->function = NULL;
	c->functions = 0;
	if (!pairs(c, arena))
		return false;
	for (size_t i = 0; i < c->n && c->functions < FUNCTIONS_MAX; i++) {
		struct change_function f = {0};
		if (lines ? !by_lines(c, i, &f) : !change_sign(c, i, '{') || !c->close[i] || !braced(c, i, &f))
			continue;
		if (!lines) {
			f.body = i + 1;
			f.end = c->close[i];
			f.head = f.of.n ? f.at : above(c, f.at);
		}
		if (c->functions == room) {
			room = room ? 2 * room : 64;
			struct change_function *larger = arena_array(arena, room, sizeof(*larger));
			if (!larger)
				return false;
			if (c->functions)
				memcpy(larger, c->function, c->functions * sizeof(*larger));
			c->function = larger;
		}
		c->function[c->functions++] = f;
	}
	return true;
}

const struct change_function *change_function_of(const struct change_code *c, size_t i)
{
	/* The last one that begins before it and ends behind it is the innermost. */
	size_t low = 0, high = c->functions;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (c->function[middle].body <= i)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t back = 0; low > 0 && back < 64; back++, low--)
		if (i < c->function[low - 1].end)
			return &c->function[low - 1];
	return NULL;
}
