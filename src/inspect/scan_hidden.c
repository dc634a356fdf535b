/* Text that says something else to a program or a model than to whoever reads it: controls of direction, characters that are not seen,
 * letters that look like others, code off the screen. Where a character stands decides: emoji, flags, scripts that need joiners, texts in
 * Hebrew or Arabic, and catalogues of translations have the same characters. */
#include <stdio.h>

#include "base/encode.h"
#include "base/utf8.h"
#include "inspect/scan_part.h"
#include "parse/source.h"

#define FAR_COLUMNS   140u
#define TAB_COLUMNS   8u
#define BLANKS_MIN    31u /* that many contain a block of 16 */
#define LEVELS        125u
#define LISTED        4
#define TOLD_MAX      1000u
#define DATA_MAX      ((size_t)64 * 1024)
#define RUN_MIN       8u
#define RUN_OF_ONE    32u
#define SELECTORS_MIN 4u
#define AROUND        60u

struct hidden {
	struct scan *s;
	const struct scan_input *in;
	struct slice text;
	enum source_kind kind;
	bool strict; /* nothing hidden may be here at all */
	struct source_lex lex;
	unsigned told;
	size_t line_done; /* the order of its text was looked at up to here */
	uint32_t last;    /* the character before; 0: none */
	bool flag;        /* in the tags of a flag */
	/* Variation selectors that select nothing. */
	size_t selectors, selector_at, selector_run;
	bool selector_odd;
	struct buf selector_data;
};

static bool between(uint32_t c, uint32_t from, uint32_t to)
{
	return c >= from && c <= to;
}

/* ── characters ── */

static bool is_word(uint32_t c)
{
	return between(c, 'a', 'z') || between(c, 'A', 'Z') || between(c, '0', '9') || c == '_' || c == '$';
}

static bool is_letter(uint32_t c)
{
	return between(c | 0x20, 'a', 'z');
}

/* Read from the right to the left. */
static bool is_rtl(uint32_t c)
{
	return between(c, 0x590, 0x8ff) || between(c, 0xfb1d, 0xfdff) || between(c, 0xfe70, 0xfefe) || between(c, 0x10800, 0x10fff) ||
	       between(c, 0x1e800, 0x1efff);
}

static bool is_hangul(uint32_t c)
{
	return between(c, 0x1100, 0x115e) || between(c, 0x1161, 0x11ff) || between(c, 0x3130, 0x3163) || between(c, 0x3165, 0x318f) ||
	       between(c, 0xa960, 0xa97f) || between(c, 0xac00, 0xd7ff) || between(c, 0xffa1, 0xffdc);
}

static bool is_filler(uint32_t c)
{
	return c == 0x115f || c == 0x1160 || c == 0x3164 || c == 0xffa0;
}

static bool is_tag(uint32_t c)
{
	return between(c, 0xe0000, 0xe007f);
}

static bool is_selector(uint32_t c)
{
	return between(c, 0xfe00, 0xfe0f) || between(c, 0xe0100, 0xe01ef);
}

static bool is_direction(uint32_t c)
{
	return between(c, 0x202a, 0x202e) || between(c, 0x2066, 0x2069);
}

/* Without width; not those above. */
static bool is_zero_width(uint32_t c)
{
	return between(c, 0x200b, 0x200f) || between(c, 0x2060, 0x2065) || between(c, 0x206a, 0x206f) || c == 0xfeff || c == 0xad ||
	       c == 0x34f || c == 0x61c || c == 0x180e || c == 0x17b4 || c == 0x17b5 || between(c, 0xfff9, 0xfffb) ||
	       between(c, 0x1bca0, 0x1bca3) || between(c, 0x1d173, 0x1d17a) || is_filler(c);
}

/* The Latin letter that it is drawn as; 0: none. */
static uint8_t looks_like(uint32_t c)
{
	static const struct {
		uint32_t c;
		uint8_t latin;
	} table[] = {
#define LOOKALIKE(c, latin) {c, latin},
#include "inspect/scan_hidden_table.h"
#undef LOOKALIKE
	};
	size_t low = 0, high = ARRAY_LEN(table);
	while (low < high) {
		size_t at = (low + high) / 2;
		if (table[at].c < c)
			low = at + 1;
		else
			high = at;
	}
	return low < ARRAY_LEN(table) && table[low].c == c ? table[low].latin : 0;
}

/* Letters of scripts that have some that look Latin, and are none of these. */
static bool is_other_letter(uint32_t c)
{
	return between(c, 0xc0, 0x24f) || between(c, 0x370, 0x588) || between(c, 0x13a0, 0x13ff) || between(c, 0x1e00, 0x1fff) ||
	       between(c, 0x250, 0x2af);
}

/* Letters that normalising makes Latin: mathematical and wide ones. */
static bool is_styled(uint32_t c)
{
	return between(c, 0x1d400, 0x1d6a3) || between(c, 0xff21, 0xff3a) || between(c, 0xff41, 0xff5a);
}

/* The character at `at`, and its length; what is no UTF-8 is U+FFFD. */
static size_t next(struct slice text, size_t at, uint32_t *c)
{
	size_t n = utf8_next(text, at, c);
	if (n == 0)
		*c = 0xfffd;
	return n ? n : 1;
}

/* The character that ends before `at`; 0 at the front. */
static uint32_t before(struct slice text, size_t at)
{
	uint32_t c = 0;
	size_t from = at;
	for (unsigned i = 0; i < 4 && from > 0; i++)
		if ((text.p[--from] & 0xc0) != 0x80)
			break;
	if (from < at)
		(void)next(text, from, &c);
	return c;
}

/* ── findings ── */

/* What stands around a place, on its line, with the hidden characters made visible. */
static void show(const struct hidden *h, size_t from, size_t to, char *out, size_t size)
{
	size_t n = 0;
	uint32_t c;
	size_t start = from > AROUND ? from - AROUND : 0;
	for (size_t i = from; i > start; i--)
		if (h->text.p[i - 1] == '\n')
			start = i;
	while (start < from && (h->text.p[start] & 0xc0) == 0x80)
		start++;
	for (size_t i = start, k; i < h->text.n && i < to + AROUND && n + 12 < size; i += k) {
		k = next(h->text, i, &c);
		if (c == '\n' && i >= to)
			break;
		bool hide = is_tag(c) || is_selector(c) || is_direction(c) || is_zero_width(c);
		if (hide)
			n += (size_t)snprintf(out + n, size - n, "<U+%04X>", c);
		else if (c == '\t' || c == '\n' || c == '\r')
			out[n++] = ' ';
		else
			for (size_t j = 0; j < k; j++)
				out[n++] = (char)h->text.p[i + j];
	}
	out[n] = 0;
}

static void tell(struct hidden *h, enum scan_rule_name rule, size_t at, size_t n)
{
	char shown[360];
	if (h->told++ >= TOLD_MAX)
		return;
	show(h, at, at + n, shown, sizeof(shown));
	scan_found_text(h->s, h->in, rule, h->text, at, n, "%s", shown);
}

/* What characters that nobody sees say, if it is a text. */
static void tell_data(struct hidden *h, size_t at, size_t n, struct slice says)
{
	if (h->told++ >= TOLD_MAX)
		return;
	_cleanup_buf_ struct buf shown = BUF(2048);
	encode_shown(&shown, slice_sub(says, 0, 240));
	scan_found_text(h->s, h->in, SCAN_RULE_TEXT_DATA, h->text, at, n, "%zu characters say \"%s\"", says.n, buf_str(&shown));
}

/* "\xfeр": what stands before the place is an escape, and no word. */
static bool escaped(const struct hidden *h, size_t at)
{
	for (size_t i = at; i > 0 && at - i < 8; i--) {
		uint8_t c = h->text.p[i - 1];
		if (c == '\\')
			return true;
		if (hex_value(c) < 0 && c != 'x' && c != 'u' && c != 'U')
			return false;
	}
	return false;
}

static enum source_part part(struct hidden *h, size_t at)
{
	return source_part(&h->lex, at);
}

/* ── direction ── */

struct level {
	uint32_t c;
	size_t at;
	unsigned latin, rtl, marks; /* letters and digits, letters from right to left, signs that code is made of */
};

/* Does what stands between the control and its end come to stand in another order without need? */
static bool reorders(const struct hidden *h, const struct level *l)
{
	/* Signs alone are enough: a comment that begins may look like one that ends. */
	if (l->latin == 0 && (h->kind != SOURCE_CODE || l->marks < 2))
		return false;
	if (l->c == 0x202e)
		return true;
	if (l->c != 0x202b && l->c != 0x2067)
		return false;
	/* With letters that need it, it is a text; code among them is not. */
	return l->rtl == 0 || (h->kind == SOURCE_CODE && l->latin > 2 && l->marks > 2 && l->latin > l->rtl);
}

static void close_level(const struct hidden *h, struct level *stack, unsigned *n, bool *odd)
{
	struct level l = stack[--*n];
	*odd |= reorders(h, &l);
	if (*n) {
		stack[*n - 1].latin += l.latin;
		stack[*n - 1].rtl += l.rtl;
		stack[*n - 1].marks += l.marks;
	}
}

static void close_control(const struct hidden *h, uint32_t c, struct level *stack, unsigned *n, bool *odd)
{
	if (c == 0x202c) {
		if (*n && stack[*n - 1].c < 0x2066)
			close_level(h, stack, n, odd);
		return;
	}
	for (unsigned i = *n; i > 0; i--)
		if (stack[i - 1].c >= 0x2066) {
			while (*n >= i)
				close_level(h, stack, n, odd);
			return;
		}
}

/* Several different ones without a text between them are a list, as in a class of a regular expression. */
static bool is_list(unsigned kinds)
{
	return __builtin_popcount(kinds) >= LISTED;
}

static unsigned kind_of(uint32_t c)
{
	return 1u << (c >= 0x2066 ? c - 0x2066 + 5 : c - 0x202a);
}

/* One line: order begins anew on each. */
static void direction(struct hidden *h, size_t at)
{
	struct level stack[LEVELS];
	unsigned n = 0, kinds = 0;
	bool odd = false, list = false;
	uint32_t c;
	size_t i = at;
	for (size_t k; i < h->text.n && h->text.p[i] != '\n'; i += k) {
		k = next(h->text, i, &c);
		kinds = is_direction(c) ? kinds | kind_of(c) : 0;
		list |= is_list(kinds);
		if (c == 0x202c || c == 0x2069)
			close_control(h, c, stack, &n, &odd);
		else if (is_direction(c) && n < LEVELS)
			stack[n++] = (struct level){.c = c, .at = i};
		else if (n) {
			stack[n - 1].latin += is_letter(c) || between(c, '0', '9');
			stack[n - 1].rtl += is_rtl(c);
			stack[n - 1].marks += c < 0x80 && strchr("{}();='\"*/#<>", (int)c) != NULL;
		}
	}
	while (n)
		close_level(h, stack, &n, &odd);
	h->line_done = i;
	if (odd || h->strict)
		tell(h, (h->kind == SOURCE_CODE && !list) || h->strict ? SCAN_RULE_TEXT_BIDI : SCAN_RULE_TEXT_BIDI_ODD, at,
		        i - at < 200 ? i - at : 200);
}

/* ── without width ── */

/* A byte for each eight characters of two kinds. */
static bool bits_say(const struct hidden *h, size_t at, size_t end, uint32_t one, struct buf *out)
{
	unsigned bits = 0, n = 0, printable = 0;
	uint32_t c;
	buf_reset(out);
	for (size_t i = at, k; i < end; i += k) {
		k = next(h->text, i, &c);
		bits = bits << 1 | (c == one);
		if (++n % 8)
			continue;
		bits &= 0xff;
		printable += (bits >= 0x20 && bits < 0x7f) || bits == '\n' || bits == '\t';
		buf_u8(out, (uint8_t)bits);
	}
	return out->n >= 2 && printable * 10 >= out->n * 9;
}

static void run(struct hidden *h, size_t at, size_t end, unsigned count)
{
	uint32_t first, other = 0, c;
	bool more = false;
	(void)next(h->text, at, &first);
	for (size_t i = at, k; i < end; i += k) {
		k = next(h->text, i, &c);
		more |= c != first && other && c != other;
		other = c != first ? c : other;
	}
	_cleanup_buf_ struct buf says = BUF(DATA_MAX);
	if (other && !more && (bits_say(h, at, end, first, &says) || bits_say(h, at, end, other, &says)))
		tell_data(h, at, end - at, buf_slice(&says));
	else if (count >= RUN_OF_ONE || other)
		tell(h, SCAN_RULE_TEXT_RUN, at, end - at);
}

static bool is_blank(uint32_t c)
{
	return c == 0 || c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* In a name, or beside one, of code. */
static void in_code(struct hidden *h, size_t at, size_t n, uint32_t c, uint32_t after)
{
	bool inside = is_word(h->last) && is_word(after), beside = is_word(h->last) || is_word(after);
	bool filler = is_filler(c) && !is_hangul(h->last) && !is_hangul(after);
	/* A mark of byte order in front of a line is what is left of a file that was appended. */
	if ((!beside && !filler) || (c == 0xfeff && is_blank(h->last)))
		return;
	enum source_part p = part(h, at);
	if (p == SOURCE_COMMENT || (p == SOURCE_STRING && (!inside || c == 0xad || escaped(h, at))))
		return;
	tell(h, p == SOURCE_PLAIN && (inside || filler) ? SCAN_RULE_TEXT_INVISIBLE : SCAN_RULE_TEXT_INVISIBLE_ODD, at, n);
}

/* Joiners of emoji and of scripts that need them; the mark of byte order at the front. */
static bool ordinary(const struct hidden *h, size_t at, uint32_t c)
{
	if (c == 0xfeff)
		return at == 0;
	if (c == 0x200c || c == 0x200d || c == 0x200e || c == 0x200f || c == 0x61c)
		return h->last >= 0x590 && !between(h->last, 0x2000, 0x200a);
	return c == 0xad || (is_filler(c) && is_hangul(h->last));
}

static size_t zero_width(struct hidden *h, size_t at)
{
	size_t end = at;
	unsigned count = 0;
	uint32_t c, first = 0, after = 0;
	for (size_t k; end < h->text.n; end += k) {
		k = next(h->text, end, &c);
		if (!is_zero_width(c))
			break;
		first = count++ ? first : c;
	}
	if (end < h->text.n)
		(void)next(h->text, end, &after);
	if (count >= RUN_MIN)
		run(h, at, end, count);
	else if (h->kind == SOURCE_CODE)
		in_code(h, at, end - at, first, after);
	else if (h->strict && !ordinary(h, at, first))
		tell(h, SCAN_RULE_TEXT_INVISIBLE, at, end - at);
	return end;
}

/* ── tags and variation selectors ── */

static size_t tags(struct hidden *h, size_t at)
{
	_cleanup_buf_ struct buf says = BUF(DATA_MAX);
	size_t end = at, count = 0;
	uint32_t c = 0, last = 0;
	bool plain = true;
	for (size_t k; end < h->text.n; end += k, last = c, count++) {
		k = next(h->text, end, &c);
		if (!is_tag(c))
			break;
		uint8_t a = (uint8_t)(c & 0x7f);
		if (a >= 0x20 && a < 0x7f)
			buf_u8(&says, a);
		plain &= between(a, 'a', 'z') || between(a, '0', '9') || a == 0x7f;
	}
	/* The flag of a part of a country: a black flag, its code, and an end. */
	if (h->last == 0x1f3f4 && plain && last == 0xe007f && says.n >= 3 && says.n <= 6 && count == says.n + 1)
		return end;
	if (says.n >= 3 || (h->strict && says.n))
		tell_data(h, at, end - at, buf_slice(&says));
	else
		tell(h, SCAN_RULE_TEXT_RUN, at, end - at);
	return end;
}

/* Does one select a form of what is before it? */
static bool selects(uint32_t base, uint32_t c)
{
	bool ideograph = between(base, 0x2e80, 0x9fff) || between(base, 0xf900, 0xfaff) || between(base, 0x20000, 0x3ffff);
	if (c >= 0xe0100)
		return ideograph;
	if (c == 0xfe0e || c == 0xfe0f)
		return base >= 0xa0 || base == '#' || base == '*' || between(base, '0', '9');
	return base >= 0xa0;
}

/* One behind another one selects nothing: a byte each. Twice the same one is a slip of the hand. */
static size_t selector(struct hidden *h, size_t at, size_t n, uint32_t c)
{
	bool follows = is_selector(h->last);
	if (follows ? c == 0xfe0f && h->last == 0xfe0f : selects(h->last, c))
		return at + n;
	/* In a class of a regular expression a range has both ends. */
	if (!follows && (h->last == '[' || h->last == '-') && h->selectors == 0)
		return at + n;
	if (h->selectors++ == 0)
		h->selector_at = at;
	if (h->selector_data.n < DATA_MAX)
		buf_u8(&h->selector_data, (uint8_t)(c >= 0xe0100 ? c - 0xe0100 + 16 : c - 0xfe00));
	h->selector_run = at + n;
	return at + n;
}

static void selectors_end(struct hidden *h)
{
	if (h->selectors >= SELECTORS_MIN || (h->strict && h->selectors))
		tell_data(h, h->selector_at, h->selector_run - h->selector_at, buf_slice(&h->selector_data));
	else if (h->selectors > 1)
		tell(h, SCAN_RULE_TEXT_RUN, h->selector_at, h->selector_run - h->selector_at);
}

/* ── letters ── */

struct word {
	size_t from, to;
	unsigned latin, alike, other, styled;
};

/* The letters around a place. Names are made of words with "_" and digits between: each word is of one script. */
static struct word word_at(const struct hidden *h, size_t at)
{
	struct word w = {.from = at};
	uint32_t c;
	for (uint32_t b; w.from > 0 && at - w.from < 256; w.from -= (size_t)(b < 0x80 ? 1 : b < 0x800 ? 2 : b < 0x10000 ? 3 : 4)) {
		b = before(h->text, w.from);
		if (!is_letter(b) && !is_styled(b) && !is_other_letter(b) && !looks_like(b))
			break;
	}
	size_t i = w.from;
	for (size_t k; i < h->text.n && i - w.from < 512; i += k) {
		k = next(h->text, i, &c);
		uint8_t like = c < 0x80 ? 0 : looks_like(c);
		if (!is_letter(c) && !like && !is_styled(c) && !is_other_letter(c))
			break;
		w.latin += is_letter(c);
		w.alike += like != 0;
		w.styled += is_styled(c);
		w.other += !like && is_other_letter(c);
	}
	w.to = i;
	return w;
}

/* Has the line other letters of scripts than Latin ones? Then a word can be of that script by mistake. */
static bool foreign_line(const struct hidden *h, const struct word *w)
{
	size_t from = w->from, to = w->to;
	uint32_t c;
	while (from > 0 && h->text.p[from - 1] != '\n' && w->from - from < 500)
		from--;
	while (to < h->text.n && h->text.p[to] != '\n' && to - w->to < 500)
		to++;
	for (size_t i = from, k; i < to; i += k) {
		k = next(h->text, i, &c);
		if ((i < w->from || i >= w->to) && c >= 0x370 && (is_other_letter(c) || looks_like(c)))
			return true;
	}
	return false;
}

static size_t letter(struct hidden *h, size_t at, size_t n)
{
	struct word w = word_at(h, at);
	size_t end = w.to > at ? w.to : at + n;
	bool mixed = w.alike && w.latin && !w.other;
	if (!mixed && w.styled < 2)
		return end;
	enum source_part p = part(h, at);
	if (p == SOURCE_COMMENT || (p == SOURCE_STRING && (!mixed || escaped(h, at))))
		return end;
	if (!mixed)
		tell(h, SCAN_RULE_TEXT_STYLED, w.from, w.to - w.from);
	else if (p == SOURCE_PLAIN)
		tell(h, SCAN_RULE_TEXT_LOOKALIKE, w.from, w.to - w.from);
	else if (!foreign_line(h, &w))
		tell(h, SCAN_RULE_TEXT_LOOKALIKE_ODD, w.from, w.to - w.from);
	return end;
}

/* ── blanks ── */

/* A long stretch of blanks with something before and behind it on the same line. */
static size_t blanks(struct hidden *h, size_t at)
{
	size_t from = at, to = at, columns = 0;
	while (from > 0 && (h->text.p[from - 1] == ' ' || h->text.p[from - 1] == '\t'))
		from--;
	for (to = from; to < h->text.n && (h->text.p[to] == ' ' || h->text.p[to] == '\t'); to++)
		columns += h->text.p[to] == '\t' ? TAB_COLUMNS : 1;
	if (columns < FAR_COLUMNS || from == 0 || h->text.p[from - 1] == '\n' || to == h->text.n || h->text.p[to] == '\n' ||
	        h->text.p[to] == '\r')
		return to;
	struct slice rest = slice_sub(h->text, to, slice_chr(h->text, '\n', to) - to);
	/* Signs alone draw the frame of a table, or go on with a line. */
	unsigned letters = 0, marks = 0;
	for (size_t i = 0; i < rest.n && i < 400; i++) {
		letters += is_letter(rest.p[i]);
		marks += rest.p[i] && strchr("();=`$|&", rest.p[i]) != NULL;
	}
	if (letters >= 4 && marks >= 2 && part(h, to) == SOURCE_PLAIN && h->told++ < TOLD_MAX)
		scan_found_text(h->s, h->in, SCAN_RULE_TEXT_FAR, h->text, to, rest.n, "behind %zu columns of blanks: %.*s", columns,
		        SLICE_FMT(slice_sub(rest, 0, 200)));
	return to;
}

static uint64_t eight(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

static bool blank_block(const uint8_t *p)
{
	for (unsigned i = 0; i < 16; i++)
		if (p[i] != ' ' && p[i] != '\t')
			return false;
	return true;
}

/* The next byte that is no ASCII, or is in the middle of many blanks. */
static size_t skip_plain(const struct hidden *h, size_t at)
{
	const uint8_t *p = h->text.p;
	size_t n = h->text.n;
	const uint64_t high = 0x8080808080808080u;
	for (; at + 32 <= n; at += 32) {
		if ((eight(p + at) | eight(p + at + 8) | eight(p + at + 16) | eight(p + at + 24)) & high)
			break;
		if (h->kind == SOURCE_CODE && (p[at] == ' ' || p[at] == '\t') && blank_block(p + at))
			return at;
		if (h->kind == SOURCE_CODE && (p[at + 16] == ' ' || p[at + 16] == '\t') && blank_block(p + at + 16))
			return at + 16;
	}
	while (at < n && p[at] < 0x80)
		at++;
	return at;
}

/* ── all of it ── */

static size_t character(struct hidden *h, size_t at)
{
	uint32_t c;
	size_t n = next(h->text, at, &c);
	h->last = before(h->text, at);
	if (is_direction(c)) {
		if (at >= h->line_done)
			direction(h, at);
	} else if (is_tag(c)) {
		return tags(h, at);
	} else if (is_selector(c)) {
		return selector(h, at, n, c);
	} else if (is_zero_width(c)) {
		return zero_width(h, at);
	} else if (h->kind == SOURCE_CODE && (looks_like(c) || is_styled(c))) {
		return letter(h, at, n);
	}
	return at + n;
}

static bool plain_eight(const uint8_t *p)
{
	uint64_t v = eight(p);
	return ((v | (v - 0x2020202020202020u) | (v + 0x0101010101010101u)) & 0x8080808080808080u) == 0;
}

/* How many bytes are neither UTF-8 nor blanks; SIZE_MAX: one is zero, which no text has. */
static size_t no_text(struct slice s)
{
	size_t ill = 0;
	uint32_t c;
	for (size_t i = 0, n; i < s.n; i += n ? n : 1) {
		n = 8;
		if (s.n - i >= 8 && plain_eight(s.p + i))
			continue;
		uint8_t b = s.p[i];
		if (b == 0)
			return SIZE_MAX;
		n = b < 0x80 ? 1 : utf8_next(s, i, &c);
		ill += n == 0 || (b < 0x20 && !(b >= '\b' && b <= '\r') && b != 0x1b) || b == 0x7f;
	}
	return ill;
}

bool scan_hidden_look(struct scan *s, const struct scan_input *in, bool strict)
{
	if (in->bytes.n != in->size || in->quiet || in->size == 0)
		return false;
	size_t ill = no_text(in->bytes);
	/* Of what is called code a reader makes code, however odd it is. */
	if (ill == SIZE_MAX || (ill > in->size / 10 && source_kind(in->name, in->bytes) != SOURCE_CODE))
		return false;
	struct hidden h = {.s = s, .in = in, .text = in->bytes, .strict = strict, .selector_data = BUF(DATA_MAX)};
	const struct source_language *l = source_language(in->name, in->bytes);
	h.kind = source_kind(in->name, in->bytes);
	h.lex = source_lex(in->bytes, h.kind == SOURCE_CODE ? l : NULL);
	for (size_t at = skip_plain(&h, 0); at < h.text.n; at = skip_plain(&h, at))
		at = h.text.p[at] < 0x80 ? blanks(&h, at) : character(&h, at);
	selectors_end(&h);
	buf_free(&h.selector_data);
	if (ill)
		scan_found(s, in, SCAN_RULE_TEXT_ENCODING, 0, ill, "%zu bytes are none of a text in UTF-8", ill);
	return true;
}
