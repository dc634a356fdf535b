#include "parse/constants.h"

#include "base/encode.h"
#include "base/cleanup.h"
#include "base/utf8.h"

#define RUN_MIN     4
#define NUMBERS_MIN 6
#define WIDE_MIN    8
#define BARE_MIN    40

enum {
	PRINT = 1,  /* printable ASCII */
	OPENS = 2,  /* may stand before a literal */
	CLOSES = 4, /* may stand behind one */
	STARTS = 8, /* a constant may begin: quote, bracket, dot */
	WORD = 16,
	DIGIT = 32,
};

static uint8_t kinds[256];

__attribute__((constructor)) static void make_kinds(void)
{
	for (unsigned c = 0x20; c < 0x7f; c++)
		kinds[c] = PRINT;
	for (const char *p = "\t\n\r"; *p; p++)
		kinds[(uint8_t)*p] = PRINT;
	for (const char *p = "([{,:=+?!&|;<>~^%*-/ }\t\n\r\\"; *p; p++)
		kinds[(uint8_t)*p] |= OPENS;
	for (const char *p = ")]},;:.+?!&|=<>*/-%^ \t\n\r\\["; *p; p++)
		kinds[(uint8_t)*p] |= CLOSES;
	for (const char *p = "'\"`[{(.e"; *p; p++)
		kinds[(uint8_t)*p] |= STARTS;
	for (unsigned c = '0'; c <= '9'; c++)
		kinds[c] |= WORD | DIGIT;
	for (unsigned c = 'a'; c <= 'z'; c++)
		kinds[c] |= WORD, kinds[c - 32] |= WORD;
	kinds['_'] |= WORD;
	kinds['$'] |= WORD;
}

bool constants_printable(uint8_t c)
{
	return (kinds[c] & PRINT) || (c >= 0xc2 && c <= 0xf4);
}

bool constants_text(struct slice head)
{
	for (size_t i = 0; i < head.n; i++)
		if (head.p[i] == 0 ||
		        (head.p[i] < 0x20 && !(kinds[head.p[i]] & PRINT) && head.p[i] != '\f' && head.p[i] != '\b' && head.p[i] != 27))
			return false;
	return true;
}

struct constants constants_of(struct slice bytes, size_t from, size_t stop, bool text, uint8_t *scratch, uint8_t *narrow)
{
	struct constants c = {
	        .bytes = bytes, .at = from, .stop = stop < bytes.n ? stop : bytes.n, .text = text, .scratch = scratch, .narrow = narrow};
	return c;
}

/* Keywords and prefixes that stand right before a literal. */
static bool keyword(struct slice s, size_t end)
{
	static const char *const words[] = {"return", "case", "typeof", "in", "of", "else", "from", "import", "await", "default", "throw",
	        "yield", "and", "or", "not", "if", "is", "b", "r", "f", "u", "B", "R", "U", "L", "u8", "br", "rb"};
	size_t from = end;
	while (from && end - from < 8 && (kinds[s.p[from - 1]] & WORD))
		from--;
	struct slice w = slice_sub(s, from, end - from);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_is(w, words[i]))
			return true;
	return false;
}

static bool opens(struct slice s, size_t at)
{
	return at == 0 || !(kinds[s.p[at - 1]] & PRINT) || (kinds[s.p[at - 1]] & OPENS) || ((kinds[s.p[at - 1]] & WORD) && keyword(s, at));
}

static bool closes(struct slice s, size_t behind)
{
	return behind >= s.n || !(kinds[s.p[behind]] & PRINT) || (kinds[s.p[behind]] & CLOSES);
}

static int which(uint8_t quote)
{
	return quote == '"' ? 0 : quote == '\'' ? 1 : 2;
}

/* One escape, from behind the backslash: the bytes that it stands for to *out (at most 4), and how long it is. */
static size_t unescape(struct slice s, size_t at, uint8_t out[4], size_t *n)
{
	static const char letters[] = "nrtbfv0a", values[] = "\n\r\t\b\f\v\0\a";
	uint8_t c = s.p[at];
	*n = 1;
	if (c == 'x' || c == 'u' || c == 'U') {
		size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : 8, i = at + 1;
		uint32_t v = 0;
		bool braces = c == 'u' && i < s.n && s.p[i] == '{';
		i += braces;
		size_t from = i, most = braces ? 6 : digits;
		for (; i < s.n && i - from < most && hex_value(s.p[i]) >= 0; i++)
			v = v << 4 | (uint32_t)hex_value(s.p[i]);
		bool whole = braces ? i > from && i < s.n && s.p[i] == '}' : i - from == digits;
		if (!whole || v > 0x10ffff) {
			out[0] = c;
			return 1;
		}
		if (v < 0x100) /* as a byte, also above 127: constants that hold bytes are written so */
			out[0] = (uint8_t)v;
		else
			*n = utf8_put(out, v);
		return i + braces - at;
	}
	if (c >= '0' && c <= '7' && at + 2 < s.n && s.p[at + 1] >= '0' && s.p[at + 1] <= '7') {
		size_t i = at;
		unsigned v = 0;
		while (i < s.n && i - at < 3 && s.p[i] >= '0' && s.p[i] <= '7' && v * 8 + s.p[i] - '0' < 256)
			v = v * 8 + s.p[i++] - '0';
		out[0] = (uint8_t)v;
		return i - at;
	}
	if (c == '\n') {
		*n = 0;
		return 1;
	}
	const char *letter = c ? strchr(letters, c) : NULL;
	out[0] = letter ? (uint8_t)values[letter - letters] : c;
	return 1;
}

/* The literal that begins with the quote at `at`; false if there is none. */
static bool quoted(struct constants *c, struct slice s, size_t at, size_t limit, struct constant *out)
{
	uint8_t q = s.p[at];
	size_t *none = &c->no_close[which(q)];
	if (at < *none || !opens(s, at))
		return false;
	size_t i = at + 1, most = at + CONSTANT_MAX < limit ? at + CONSTANT_MAX : limit;
	bool escaped = false;
	while (i < most && s.p[i] != q) {
		if (s.p[i] == '\\' && i + 1 < most) {
			escaped = true;
			i++;
		} else if (s.p[i] == '\n' && q != '`') {
			break;
		} else if (s.p[i] == '$' && i + 1 < most &&
		           ((q == '`' && s.p[i + 1] == '{') || (q == '"' && s.p[i + 1] == '(' && c->text))) {
			/* What is in it is read by itself: a shell's command has words without quotes. Quotes before that were escaped. */
			*none = i;
			return false;
		}
		i++;
	}
	if (i >= most || s.p[i] != q) {
		*none = i;
		c->too_long += i >= most && most < limit;
		return false;
	}
	if (!closes(s, i + 1))
		return false;
	*out = (struct constant){.kind = CONSTANT_QUOTED, .at = at, .end = i + 1, .text = slice_sub(s, at + 1, i - at - 1)};
	if (!escaped)
		return true;
	size_t n = 0, coded = 0;
	for (size_t k = at + 1; k < i;) {
		uint8_t put[4];
		size_t n_put = 1, taken = 1;
		if (s.p[k] == '\\' && k + 1 < i)
			taken = 1 + unescape(slice_sub(s, 0, i), k + 1, put, &n_put);
		else
			put[0] = s.p[k];
		for (size_t m = 0; m < n_put && n < CONSTANT_MAX; m++)
			c->scratch[n++] = put[m];
		coded += taken > 2 && n_put == 1 && (kinds[put[0]] & WORD);
		k += taken;
	}
	out->coded = coded * 2 > n;
	out->text = slice_of(c->scratch, n);
	return true;
}

/* Numbers behind the bracket at `at`. *next is where to go on if they are none. */
static bool numbers(struct constants *c, struct slice s, size_t at, size_t limit, struct constant *out, size_t *next)
{
	size_t i = at + 1, n = 0;
	bool good = false;
	while (i < limit && n < CONSTANT_MAX) {
		while (i < limit && (s.p[i] == ' ' || s.p[i] == '\n' || s.p[i] == '\t' || s.p[i] == '\r'))
			i++;
		if (i >= limit || !(kinds[s.p[i]] & DIGIT))
			break;
		uint32_t v = 0;
		size_t from = i;
		if (s.p[i] == '0' && i + 1 < limit && (s.p[i + 1] | 32) == 'x') {
			for (i += 2, from = i; i < limit && i - from < 3 && hex_value(s.p[i]) >= 0; i++)
				v = v << 4 | (uint32_t)hex_value(s.p[i]);
		} else {
			for (; i < limit && i - from < 4 && (kinds[s.p[i]] & DIGIT); i++)
				v = v * 10 + s.p[i] - '0';
		}
		if (i == from || v > 255)
			break;
		c->scratch[n++] = (uint8_t)v;
		while (i < limit && (s.p[i] == ' ' || s.p[i] == '\n' || s.p[i] == '\t' || s.p[i] == '\r'))
			i++;
		good = i < limit && (s.p[i] == ']' || s.p[i] == '}' || s.p[i] == ')');
		if (good || i >= limit || s.p[i] != ',')
			break;
		i++;
		/* A comma may stand behind the last. */
		good = i < limit && (s.p[i] == ']' || s.p[i] == '}');
	}
	good = good || (n >= NUMBERS_MIN && i < limit && (s.p[i] == ']' || s.p[i] == '}'));
	*next = i > at + 1 ? i : at + 1;
	if (!good || n < NUMBERS_MIN)
		return false;
	*out = (struct constant){.kind = CONSTANT_NUMBERS, .coded = true, .at = at, .end = i + 1, .text = slice_of(c->scratch, n)};
	return true;
}

/* env.NAME, where `at` is the dot behind env. */
static bool env_name(struct slice s, size_t at, size_t limit, struct constant *out)
{
	if (at < 3 || s.p[at - 1] != 'v' || s.p[at - 2] != 'n' || s.p[at - 3] != 'e')
		return false;
	if (at > 3 && (kinds[s.p[at - 4]] & WORD))
		return false;
	size_t i = at + 1;
	while (i < limit && i - at < 80 && ((s.p[i] >= 'A' && s.p[i] <= 'Z') || s.p[i] == '_' || (kinds[s.p[i]] & DIGIT)))
		i++;
	if (i - at < 3 || (kinds[s.p[at + 1]] & DIGIT) || (i < limit && (kinds[s.p[i]] & WORD)))
		return false;
	*out = (struct constant){.kind = CONSTANT_NAME, .at = at + 1, .end = i, .text = slice_sub(s, at + 1, i - at - 1)};
	return true;
}

static bool of_base64(uint8_t c)
{
	return ((kinds[c] & WORD) && c != '$') || c == '+' || c == '/' || c == '-';
}

/* A word without quotes that may be encoded: shells, settings and lists need none. *next is behind it. */
static bool bare(struct constants *c, struct slice s, size_t at, size_t limit, struct constant *out, size_t *next)
{
	size_t i = at, digits = 0;
	for (; i < limit && of_base64(s.p[i]); i++)
		digits += (kinds[s.p[i]] & DIGIT) != 0;
	*next = i;
	for (size_t k = 0; k < 2 && i < limit && s.p[i] == '='; k++)
		i++;
	c->too_long += i - at > CONSTANT_MAX;
	if (i - at < BARE_MIN || i - at > CONSTANT_MAX || !digits)
		return false;
	*out = (struct constant){.kind = CONSTANT_BARE, .at = at, .end = i, .text = slice_sub(s, at, i - at)};
	return true;
}

/* The next constant that begins in s[*at, stop) of text that ends at `limit`. */
static bool in_text(struct constants *c, struct slice s, size_t *at, size_t stop, size_t limit, struct constant *out)
{
	size_t i = *at;
	while (i < stop) {
		uint8_t b = s.p[i];
		size_t next = i + 1;
		bool found = false;
		if (c->text && of_base64(b) && (i == 0 || !of_base64(s.p[i - 1]))) {
			found = bare(c, s, i, limit, out, &next);
		} else if (!(kinds[b] & STARTS)) {
			i++;
			continue;
		} else if (b == '"' || b == '\'' || b == '`')
			found = quoted(c, s, i, limit, out);
		else if (b == '.')
			found = env_name(s, i, limit, out);
		else if (b != 'e' && i + 1 < limit && (kinds[s.p[i + 1]] & DIGIT))
			found = numbers(c, s, i, limit, out, &next);
		if (found) {
			*at = out->end;
			return true;
		}
		i = next;
	}
	*at = i;
	return false;
}

/* -- binaries -- */

/* The end of the printable characters from `at`. */
static size_t run_end(struct slice s, size_t at)
{
	size_t i = at;
	while (i < s.n) {
		uint32_t v;
		if (kinds[s.p[i]] & PRINT) {
			i++;
			continue;
		}
		size_t n = s.p[i] >= 0xc2 ? utf8_next(s, i, &v) : 0;
		if (n == 0)
			break;
		i += n;
	}
	return i;
}

static bool has_quote(struct slice s)
{
	return (s.n && memchr(s.p, '"', s.n)) || (s.n && memchr(s.p, '\'', s.n)) || (s.n && memchr(s.p, '`', s.n));
}

/* Wide text at `at`: a printable character and a zero byte, and again. Narrowed, as far as there is room; *end is behind it. What is no
 * Latin 1 becomes 0x1a, and ends a run only if the next is none too. */
static size_t narrow(struct constants *c, size_t at, size_t *end)
{
	struct slice s = c->bytes;
	size_t n = 0, i = at;
	while (i + 1 < s.n && n < CONSTANT_WIDE_MAX) {
		if (s.p[i + 1] == 0 && (kinds[s.p[i]] & PRINT))
			c->narrow[n++] = s.p[i];
		else if (i + 3 < s.n && s.p[i + 3] == 0 && (kinds[s.p[i + 2]] & PRINT) && n && c->narrow[n - 1] != 0x1a)
			c->narrow[n++] = 0x1a;
		else
			break;
		i += 2;
	}
	*end = i;
	return n;
}

static bool looks_wide(struct slice s, size_t at)
{
	if (at + 2 * WIDE_MIN > s.n)
		return false;
	for (size_t i = 0; i < WIDE_MIN; i++)
		if (s.p[at + 2 * i + 1] != 0 || !(kinds[s.p[at + 2 * i]] & PRINT))
			return false;
	return true;
}

/* What is left in the narrowed text. */
static bool in_wide(struct constants *c, struct constant *out)
{
	bool found = false;
	if (c->wide_at == 0 && !has_quote(c->wide)) {
		*out = (struct constant){.kind = CONSTANT_RUN, .at = 0, .end = c->wide.n, .text = c->wide};
		c->wide_at = c->wide.n;
		found = c->wide.n <= CONSTANT_MAX;
		c->too_long += !found;
	} else {
		found = in_text(c, c->wide, &c->wide_at, c->wide.n, c->wide.n, out);
	}
	if (!found) {
		c->wide = SLICE_NONE;
		memset(c->no_close, 0, sizeof(c->no_close));
		return false;
	}
	out->wide = true;
	out->at = c->wide_base + 2 * out->at;
	out->end = c->wide_base + 2 * out->end;
	return true;
}

/* The next stretch of printable characters: a run that is a constant itself, or text to be read (run_end is set). */
static bool next_run(struct constants *c, struct constant *out)
{
	struct slice s = c->bytes;
	while (c->at < c->stop) {
		if (!constants_printable(s.p[c->at])) {
			c->at++;
			continue;
		}
		if (c->narrow && c->at + 1 < s.n && s.p[c->at + 1] == 0 && looks_wide(s, c->at)) {
			size_t end;
			size_t n = narrow(c, c->at, &end);
			c->wide = slice_of(c->narrow, n);
			c->wide_base = c->at;
			c->wide_at = 0;
			memset(c->no_close, 0, sizeof(c->no_close));
			c->at = end;
			return false;
		}
		size_t from = c->at, end = run_end(s, from);
		if (end == from) {
			c->at++;
			continue;
		}
		if (end - from < RUN_MIN) {
			c->at = end;
			continue;
		}
		struct slice run = slice_sub(s, from, end - from);
		if (run.n > 65536 || has_quote(run)) {
			c->run_end = end;
			return false;
		}
		c->at = end;
		*out = (struct constant){.kind = CONSTANT_RUN, .at = from, .end = end, .text = run};
		return true;
	}
	return false;
}

bool constants_next(struct constants *c, struct constant *out)
{
	for (;;) {
		if (c->wide.p) {
			if (in_wide(c, out))
				return true;
			continue;
		}
		if (c->text)
			return in_text(c, c->bytes, &c->at, c->stop, c->bytes.n, out);
		if (c->run_end) {
			size_t stop = c->run_end < c->stop ? c->run_end : c->stop;
			if (in_text(c, c->bytes, &c->at, stop, c->run_end, out)) {
				if (c->at >= c->run_end)
					c->run_end = 0;
				return true;
			}
			if (c->at < c->run_end)
				c->at = c->run_end;
			c->run_end = 0;
			continue;
		}
		if (next_run(c, out))
			return true;
		if (!c->wide.p && !c->run_end)
			return false;
	}
}
