#include "parse/canon_text.h"

#include <errno.h>
#include <stdio.h>

#include "base/utf8.h"
#include "parse/canon_text_table.h"

/* Each time something may come to stand beside something new. More than two were never seen. */
#define ROUNDS_MAX 8

struct points {
	uint32_t *p;
	size_t n;
};

/* The place of a number in a sorted table whose elements begin with it. */
#define FIND(table, what)                                                                  \
	({                                                                                 \
		size_t _low = 0, _high = ARRAY_LEN(table);                                 \
		while (_low < _high) {                                                     \
			size_t _at = (_low + _high) / 2;                                   \
			if ((table)[_at].from < (what))                                    \
				_low = _at + 1;                                            \
			else                                                               \
				_high = _at;                                               \
		}                                                                          \
		_low < ARRAY_LEN(table) && (table)[_low].from == (what) ? _low : SIZE_MAX; \
	})

/* ── single characters ── */

static bool in(uint32_t c, uint32_t from, uint32_t to)
{
	return c >= from && c <= to;
}

/* Nothing is seen of them. Joiners are looked at where they stand. */
static bool invisible(uint32_t c)
{
	static const struct {
		uint32_t from, to;
	} ranges[] = {{0x00, 0x08}, {0x0e, 0x1f}, {0x7f, 0x84}, {0x86, 0x9f}, {0xad, 0xad}, {0x34f, 0x34f}, {0x61c, 0x61c},
	        {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x200b, 0x200b}, {0x200e, 0x200f}, {0x202a, 0x202e},
	        {0x2060, 0x206f}, {0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff9, 0xfffb},
	        {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};
	for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
		if (in(c, ranges[i].from, ranges[i].to))
			return true;
	return false;
}

/* Of scripts whose words change by a joiner: Arabic to Sinhala, and some further east. */
static bool joins(uint32_t c)
{
	return in(c, 0x600, 0xdff) || in(c, 0xf00, 0x109f) || in(c, 0x1780, 0x18af) || in(c, 0xa800, 0xa8ff);
}

static void put(struct points *t, uint32_t c)
{
	t->p[t->n++] = c;
}

static void put_plain(struct points *t, uint32_t c)
{
	if ((c == 0x200c || c == 0x200d) ? !(t->n && joins(t->p[t->n - 1])) : invisible(c))
		return;
	if (c == 0x0b || c == 0x0c || c == 0x85 || c == 0x2028 || c == 0x2029) {
		put(t, '\n');
		return;
	}
	size_t at = c < 0x80 ? SIZE_MAX : FIND(plain_table, c);
	if (at == SIZE_MAX) {
		put(t, c);
		return;
	}
	struct slice to = slice_str(plain_table[at].to);
	for (size_t i = 0; i < to.n;) {
		uint32_t one = 0;
		i += utf8_next(to, i, &one);
		put(t, one);
	}
}

/* A character becomes no more characters than it has bytes. */
static void read_points(struct slice in_text, struct points *t)
{
	for (size_t i = 0; i < in_text.n;) {
		uint32_t c = 0xfffd;
		size_t n = utf8_next(in_text, i, &c);
		i += n ? n : 1;
		if (c == '\r') {
			put(t, '\n');
			i += i < in_text.n && in_text.p[i] == '\n';
		} else {
			put_plain(t, c);
		}
	}
}

/* ── letters ── */

static uint32_t composed(uint32_t base, uint32_t mark)
{
	size_t low = 0, high = ARRAY_LEN(pair_table);
	while (low < high) {
		size_t at = (low + high) / 2;
		if (pair_table[at].base < base || (pair_table[at].base == base && pair_table[at].mark < mark))
			low = at + 1;
		else
			high = at;
	}
	return low < ARRAY_LEN(pair_table) && pair_table[low].base == base && pair_table[low].mark == mark ? pair_table[low].whole : 0;
}

static void compose(struct points *t)
{
	size_t n = 0;
	for (size_t i = 0; i < t->n; i++) {
		uint32_t whole = n && t->p[i] >= 0x300 ? composed(t->p[n - 1], t->p[i]) : 0;
		if (whole)
			t->p[n - 1] = whole;
		else
			t->p[n++] = t->p[i];
	}
	t->n = n;
}

static bool latin(uint32_t c)
{
	return in(c | 0x20, 'a', 'z') || in(c, 0xc0, 0x24f) || in(c, 0x1e00, 0x1eff);
}

/* Scripts with letters that look like Latin ones. */
static bool foreign(uint32_t c)
{
	return in(c, 0x250, 0x2af) || in(c, 0x370, 0x3ff) || in(c, 0x400, 0x52f) || in(c, 0x531, 0x586) || c == 0x131;
}

static void make_latin(struct points *t)
{
	bool others = false;
	for (size_t i = 0; i < t->n; i++)
		others = others || (foreign(t->p[i]) && FIND(alike_table, t->p[i]) == SIZE_MAX);
	for (size_t i = 0; i < t->n;) {
		size_t end = i;
		bool some = false, strange = false;
		for (; end < t->n && (latin(t->p[end]) || foreign(t->p[end])); end++) {
			some = some || latin(t->p[end]);
			strange = strange || (foreign(t->p[end]) && FIND(alike_table, t->p[end]) == SIZE_MAX);
		}
		for (size_t k = i; k < end && (!others || (some && !strange)); k++) {
			size_t at = foreign(t->p[k]) ? FIND(alike_table, t->p[k]) : SIZE_MAX;
			t->p[k] = at == SIZE_MAX ? t->p[k] : (uint32_t)alike_table[at].to;
		}
		i = end > i ? end : i + 1;
	}
}

/* ── gaps ── */

static void close_gaps(struct points *t, enum canon_form form)
{
	size_t n = 0, empty = 0;
	bool full = form == CANON_FULL, begin = true;
	for (size_t i = 0; i <= t->n; i++) {
		uint32_t c = i < t->n ? t->p[i] : '\n';
		if (c == '\n') {
			while (n && (t->p[n - 1] == ' ' || t->p[n - 1] == '\t'))
				n--;
			if (i == t->n)
				break;
			/* Two in a row are one empty line; at the beginning one is. */
			empty = n && t->p[n - 1] != '\n' ? 1 : empty + 1;
			if (!full || (n && empty <= 2))
				t->p[n++] = '\n';
			begin = true;
			continue;
		}
		bool blank = c == ' ' || c == '\t';
		if (full && blank && !begin) {
			if (t->p[n - 1] != ' ')
				t->p[n++] = ' ';
			continue;
		}
		begin = begin && blank;
		t->p[n++] = c;
	}
	while (full && n && t->p[n - 1] == '\n')
		n--;
	t->n = n;
}

/* ── dates ── */

struct reader {
	const struct points *t;
	size_t at;
};

static uint32_t peek(const struct points *t, size_t at)
{
	return at < t->n ? t->p[at] : 0;
}

static bool digit(uint32_t c)
{
	return in(c, '0', '9');
}

static bool word(uint32_t c)
{
	return digit(c) || in(c | 0x20, 'a', 'z') || c >= 0x80 || c == '_';
}

/* Between `least` and `most` digits, and then none. */
static bool number(struct reader *r, size_t least, size_t most, unsigned *out)
{
	size_t n = 0;
	unsigned v = 0;
	while (n < most && digit(peek(r->t, r->at + n)))
		v = v * 10 + (peek(r->t, r->at + n++) - '0');
	if (n < least || digit(peek(r->t, r->at + n)))
		return false;
	r->at += n;
	*out = v;
	return true;
}

static bool character(struct reader *r, uint32_t c)
{
	if (peek(r->t, r->at) != c)
		return false;
	r->at++;
	return true;
}

static bool month_name(struct reader *r, unsigned *out)
{
	static const char *const names[] = {
	        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"};
	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		size_t n = 0;
		while (names[i][n] && (peek(r->t, r->at + n) | 0x20) == (uint32_t)names[i][n])
			n++;
		bool whole = !names[i][n], cut = n == 3 || (i == 8 && n == 4);
		if ((!whole && !cut) || word(peek(r->t, r->at + n)))
			continue;
		r->at += n;
		if (!whole)
			(void)character(r, '.');
		*out = i + 1;
		return true;
	}
	return false;
}

/* 2026-11-23, 2026/11/23, 2026.11.23 */
static bool year_first(struct reader *r, unsigned ymd[3])
{
	uint32_t between;
	if (!number(r, 4, 4, &ymd[0]))
		return false;
	between = peek(r->t, r->at++);
	if (between != '-' && between != '/' && between != '.')
		return false;
	/* Of versions like 2026.1.5 there are too many. */
	size_t least = between == '.' ? 2 : 1;
	return number(r, least, 2, &ymd[1]) && character(r, between) && number(r, least, 2, &ymd[2]);
}

/* 11/23/2026; 23.11.2026 */
static bool year_last(struct reader *r, unsigned ymd[3])
{
	unsigned a, b;
	uint32_t between;
	if (!number(r, 1, 2, &a))
		return false;
	between = peek(r->t, r->at++);
	if ((between != '/' && between != '.' && between != '-') || !number(r, 1, 2, &b) || !character(r, between) ||
	        !number(r, 4, 4, &ymd[0]))
		return false;
	bool day_first = between == '.' || a > 12;
	ymd[1] = day_first ? b : a;
	ymd[2] = day_first ? a : b;
	return true;
}

/* November 23, 2026; Nov 23 2026 */
static bool name_first(struct reader *r, unsigned ymd[3])
{
	if (!month_name(r, &ymd[1]) || !character(r, ' ') || !number(r, 1, 2, &ymd[2]))
		return false;
	(void)character(r, ',');
	return character(r, ' ') && number(r, 4, 4, &ymd[0]);
}

/* 23 November 2026 */
static bool day_first(struct reader *r, unsigned ymd[3])
{
	return number(r, 1, 2, &ymd[2]) && character(r, ' ') && month_name(r, &ymd[1]) && character(r, ' ') && number(r, 4, 4, &ymd[0]);
}

/* With the characters for year, month and day of Chinese and Japanese. */
static bool signs(struct reader *r, unsigned ymd[3])
{
	return number(r, 4, 4, &ymd[0]) && character(r, 0x5e74) && number(r, 1, 2, &ymd[1]) && character(r, 0x6708) &&
	       number(r, 1, 2, &ymd[2]) && character(r, 0x65e5);
}

/* A date that begins at `at`: how many characters it has, 0 if there is none. */
static size_t date(const struct points *t, size_t at, unsigned ymd[3])
{
	static bool (*const forms[])(struct reader *, unsigned[3]) = {year_first, year_last, name_first, day_first, signs};
	uint32_t before = at ? t->p[at - 1] : ' ', first = t->p[at] | 0x20;
	if (!digit(t->p[at]) && !(first == 'j' || first == 'f' || first == 'm' || first == 'a' || first == 's' || first == 'o' ||
	                                first == 'n' || first == 'd'))
		return 0;
	if (word(before) || ((before == '-' || before == '/' || before == '.') && at > 1 && word(t->p[at - 2])))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct reader r = {t, at};
		if (!forms[i](&r, ymd) || !in(ymd[0], 1900, 2199) || !in(ymd[1], 1, 12) || !in(ymd[2], 1, 31))
			continue;
		uint32_t next = peek(t, r.at);
		/* "2026-11-23T10:00" is one; "2026-11-23-4" is none. */
		if ((word(next) && next != 'T' && next < 0x80) || ((next == '-' || next == '/' || next == '.') && word(peek(t, r.at + 1))))
			continue;
		return r.at - at;
	}
	return 0;
}

/* ── the text ── */

static void write_point(struct buf *out, uint32_t c)
{
	uint8_t bytes[4];
	buf_add(out, slice_of(bytes, utf8_put(bytes, c)));
}

static void write_text(const struct points *t, enum canon_form form, struct buf *out)
{
	bool begin = true;
	for (size_t i = 0; i < t->n;) {
		unsigned ymd[3];
		size_t n = date(t, i, ymd);
		if (n) {
			buf_fmt(out, "%04u-%02u-%02u", ymd[0], ymd[1], ymd[2]);
			i += n;
			begin = false;
			continue;
		}
		uint32_t c = t->p[i++];
		if (form == CANON_FULL && begin && c == '\t')
			buf_str_add(out, "    ");
		else
			write_point(out, c);
		begin = c == '\n' || (begin && (c == ' ' || c == '\t'));
	}
}

static int once(struct slice text, enum canon_form form, struct points *t, struct buf *out)
{
	t->n = 0;
	read_points(text, t);
	compose(t);
	make_latin(t);
	close_gaps(t, form);
	write_text(t, form, out);
	return buf_error(out);
}

int canon_text(struct slice text, enum canon_form form, struct arena *scratch, struct buf *out)
{
	/* A date grows by at most two characters, of six that it has; a tab by three, once. */
	size_t room = text.n * 5 + 64;
	struct points t = {.p = arena_array(scratch, room, sizeof(*t.p))};
	_cleanup_buf_ struct buf a = BUF(room), b = BUF(room);
	if (!t.p)
		return -ENOMEM;
	int r = once(text, form, &t, &a);
	for (unsigned i = 0; r == 0 && i < ROUNDS_MAX; i++) {
		buf_reset(&b);
		if (a.n > room)
			return -ENOMEM;
		r = once(buf_slice(&a), form, &t, &b);
		if (slice_eq(buf_slice(&a), buf_slice(&b)))
			break;
		struct buf other = a;
		a = b;
		b = other;
	}
	if (r == 0)
		buf_add(out, buf_slice(&a));
	return r < 0 ? r : buf_error(out);
}
