#include "vet/codepoint.h"

#include <stdio.h>

static const struct {
	uint32_t cp;
	const char *name;
} names[] = {
#include "vet/codepoint_table.h"
};

static const char *const controls[] = {"NULL", "START OF HEADING", "START OF TEXT", "END OF TEXT", "END OF TRANSMISSION", "ENQUIRY",
        "ACKNOWLEDGE", "ALERT", "BACKSPACE", "CHARACTER TABULATION", "LINE FEED", "LINE TABULATION", "FORM FEED", "CARRIAGE RETURN",
        "SHIFT OUT", "SHIFT IN", "DATA LINK ESCAPE", "DEVICE CONTROL ONE", "DEVICE CONTROL TWO", "DEVICE CONTROL THREE",
        "DEVICE CONTROL FOUR", "NEGATIVE ACKNOWLEDGE", "SYNCHRONOUS IDLE", "END OF TRANSMISSION BLOCK", "CANCEL", "END OF MEDIUM",
        "SUBSTITUTE", "ESCAPE", "INFORMATION SEPARATOR FOUR", "INFORMATION SEPARATOR THREE", "INFORMATION SEPARATOR TWO",
        "INFORMATION SEPARATOR ONE"};

/* Names that are a prefix and the number (Unicode 15, section 4.8, table 4-8). */
static const struct {
	uint32_t first, last;
	const char *prefix;
} by_rule[] = {
        {0x3400, 0x4dbf, "CJK UNIFIED IDEOGRAPH"},
        {0x4e00, 0x9fff, "CJK UNIFIED IDEOGRAPH"},
        {0x20000, 0x2a6df, "CJK UNIFIED IDEOGRAPH"},
        {0x2a700, 0x2ebe0, "CJK UNIFIED IDEOGRAPH"},
        {0x30000, 0x3134a, "CJK UNIFIED IDEOGRAPH"},
        {0xf900, 0xfad9, "CJK COMPATIBILITY IDEOGRAPH"},
        {0xe000, 0xf8ff, "PRIVATE USE"},
        {0xf0000, 0x10fffd, "PRIVATE USE"},
};

size_t codepoint_next(struct slice s, uint32_t *cp)
{
	if (s.n == 0)
		return 0;
	uint8_t c = s.p[0];
	size_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
	uint32_t v = n == 1 ? c : n == 2 ? c & 0x1fu : n == 3 ? c & 0x0fu : c & 0x07u;
	bool good = n && n <= s.n;
	for (size_t i = 1; good && i < n; i++) {
		good = (s.p[i] & 0xc0) == 0x80;
		v = v << 6 | (s.p[i] & 0x3fu);
	}
	good = good && !(n == 3 && (v < 0x800 || (v >= 0xd800 && v < 0xe000))) && !(n == 4 && (v < 0x10000 || v > 0x10ffff));
	*cp = good ? v : CODEPOINT_BYTE + c;
	return good ? n : 1;
}

/* Hangul syllables: the names of the parts (Unicode 15, section 3.12). */
static void hangul(uint32_t cp, char *out, size_t n)
{
	static const char *const lead[] = {
	        "G", "GG", "N", "D", "DD", "R", "M", "B", "BB", "S", "SS", "", "J", "JJ", "C", "K", "T", "P", "H"};
	static const char *const vowel[] = {"A", "AE", "YA", "YAE", "EO", "E", "YEO", "YE", "O", "WA", "WAE", "OE", "YO", "U", "WEO", "WE",
	        "WI", "YU", "EU", "YI", "I"};
	static const char *const tail[] = {"", "G", "GG", "GS", "N", "NJ", "NH", "D", "L", "LG", "LM", "LB", "LS", "LT", "LP", "LH", "M",
	        "B", "BS", "S", "SS", "NG", "J", "C", "K", "T", "P", "H"};
	uint32_t i = cp - 0xac00;
	(void)snprintf(out, n, "HANGUL SYLLABLE %s%s%s", lead[i / 588], vowel[i % 588 / 28], tail[i % 28]);
}

void codepoint_name(uint32_t cp, char *out, size_t n)
{
	size_t low = 0, high = ARRAY_LEN(names);
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (names[mid].cp < cp)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < ARRAY_LEN(names) && names[low].cp == cp) {
		(void)snprintf(out, n, "%s", names[low].name);
		return;
	}
	if (cp >= CODEPOINT_BYTE) {
		(void)snprintf(out, n, "BYTE 0x%02X", cp & 0xff);
		return;
	}
	if (cp < ARRAY_LEN(controls)) {
		(void)snprintf(out, n, "%s", controls[cp]);
		return;
	}
	if (cp >= 0xfe00 && cp <= 0xfe0f) {
		(void)snprintf(out, n, "VARIATION SELECTOR-%u", cp - 0xfe00 + 1);
		return;
	}
	if (cp >= 0xe0100 && cp <= 0xe01ef) {
		(void)snprintf(out, n, "VARIATION SELECTOR-%u", cp - 0xe0100 + 17);
		return;
	}
	if (cp >= 0xac00 && cp <= 0xd7a3) {
		hangul(cp, out, n);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(by_rule); i++)
		if (cp >= by_rule[i].first && cp <= by_rule[i].last) {
			(void)snprintf(out, n, "%s-%04X", by_rule[i].prefix, cp);
			return;
		}
	if (cp >= 0x7f && cp <= 0x9f)
		(void)snprintf(out, n, cp == 0x7f ? "DELETE" : cp == 0x85 ? "NEXT LINE" : "CONTROL-%04X", cp);
	else
		(void)snprintf(out, n, "U+%04X", cp);
}

bool codepoint_invisible(uint32_t cp)
{
	static const struct {
		uint32_t first, last;
	} none[] = {{0x00, 0x08}, {0x0b, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x34f, 0x34f}, {0x61c, 0x61c}, {0x115f, 0x1160},
	        {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164},
	        {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		if (cp >= none[i].first && cp <= none[i].last)
			return true;
	return false;
}

void codepoint_clean(struct buf *out, struct slice s)
{
	while (s.n) {
		uint32_t cp;
		size_t n = codepoint_next(s, &cp);
		if (cp >= CODEPOINT_BYTE || cp == 0)
			buf_fmt(out, "\\x%02X", cp & 0xff);
		else
			buf_add(out, slice_sub(s, 0, n));
		s = slice_from(s, n);
	}
}

static bool continues(struct slice s, size_t at)
{
	return at < s.n && (s.p[at] & 0xc0) == 0x80;
}

struct codepoint_span codepoint_diff(struct slice a, struct slice b)
{
	size_t least = a.n < b.n ? a.n : b.n, front = 0, back = 0;
	while (front < least && a.p[front] == b.p[front])
		front++;
	/* Back to the beginning of a code point, of which the first bytes may be common. At most three: bytes that are no UTF-8 stand
	 * alone. */
	for (int i = 0; i < 3 && front > 0 && (continues(a, front) || continues(b, front)); i++)
		front--;
	while (back < least - front && a.p[a.n - back - 1] == b.p[b.n - back - 1])
		back++;
	for (int i = 0; i < 3 && back > 0 && (continues(a, a.n - back) || continues(b, b.n - back)); i++)
		back--;
	return (struct codepoint_span){front, a.n - front - back, front, b.n - front - back};
}
