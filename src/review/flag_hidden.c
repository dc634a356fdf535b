#include "base/utf8.h"
#include "review/flag_part.h"

/* Characters that a reader does not see, or that change what is seen around them. */
static const struct {
	uint32_t first, last;
	const char *name;
} hidden[] = {
        {0x00, 0x07, "control character"},
        {0x08, 0x08, "backspace"},
        {0x0b, 0x0b, "control character"},
        {0x0e, 0x1a, "control character"},
        {0x1b, 0x1b, "escape, which begins a command to a terminal"},
        {0x1c, 0x1f, "control character"},
        {0x7f, 0x7f, "delete"},
        {0x80, 0x9f, "control character"},
        {0xad, 0xad, "soft hyphen"},
        {0x34f, 0x34f, "combining grapheme joiner"},
        {0x61c, 0x61c, "arabic letter mark"},
        {0x115f, 0x1160, "hangul filler"},
        {0x17b4, 0x17b5, "khmer vowel without a sign"},
        {0x180b, 0x180f, "mongolian separator"},
        {0x200b, 0x200b, "zero width space"},
        {0x200c, 0x200d, "zero width joiner"},
        {0x200e, 0x200f, "direction mark"},
        {0x2028, 0x2029, "line separator"},
        {0x202a, 0x202e, "direction embedding or override"},
        {0x2060, 0x2064, "invisible operator"},
        {0x2066, 0x2069, "direction isolate"},
        {0x206a, 0x206f, "deprecated format character"},
        {0x3164, 0x3164, "hangul filler"},
        {0xfe00, 0xfe0e, "variation selector"},
        {0xfeff, 0xfeff, "zero width no-break space"},
        {0xffa0, 0xffa0, "hangul filler"},
        {0xfff9, 0xfffb, "annotation character"},
        {0x1d173, 0x1d17a, "musical format character"},
        {0xe0000, 0xe007f, "tag character, which spells text that is not shown"},
        {0xe0100, 0xe01ef, "variation selector"},
};

static size_t row_of(uint32_t c)
{
	for (size_t i = 0; i < ARRAY_LEN(hidden) && hidden[i].first <= c; i++)
		if (c <= hidden[i].last)
			return i;
	return ARRAY_LEN(hidden);
}

struct found {
	size_t count, line;
	uint32_t c;
};

/* Joiners are part of emoji and of some scripts; tags of three flags; a byte order mark stands at the front. */
static bool ordinary(uint32_t c, uint32_t last, size_t at)
{
	if (c == 0xfeff)
		return at == 0;
	if (c == 0x200d || c == 0x200c)
		return last >= 0x600 && !(last >= 0x2000 && last < 0x2190);
	if (c >= 0xe0020 && c <= 0xe007f)
		return last == 0x1f3f4 || last == 0xf0000;
	if (c >= 0xfe00 && c <= 0xfe0e)
		return last >= 0x2190;
	return false;
}

static void look(struct slice s, struct found f[ARRAY_LEN(hidden)])
{
	bool other = false;
	size_t line = 1;
	uint32_t last = 0;
	memset(f, 0, sizeof(*f) * ARRAY_LEN(hidden));
	for (size_t at = 0; at < s.n;) {
		uint32_t c = s.p[at];
		/* Most is plain. */
		if (c >= 0x20 && c < 0x7f) {
			last = c;
			at++;
			continue;
		}
		size_t n = utf8_next(s, at, &c);
		line += c == '\n';
		/* A byte that is no UTF-8 is another encoding, which is seen. */
		other |= n == 0;
		size_t row = n ? row_of(c) : ARRAY_LEN(hidden);
		bool fine = n && ordinary(c, last, at);
		if (row < ARRAY_LEN(hidden) && !fine && f[row].count++ == 0) {
			f[row].line = line;
			f[row].c = c;
		}
		/* The tags of a flag are many. */
		last = fine && c >= 0xe0020 && c <= 0xe007e ? 0xf0000 : n ? c : 0;
		at += n ? n : 1;
	}
	/* In bytes of another encoding, or of no text at all, plain controls mean nothing. */
	for (size_t i = 0; other && i < ARRAY_LEN(hidden) && hidden[i].first < 0xa0; i++)
		f[i].count = 0;
}

bool part_hidden(const struct flag_texts *t, struct buf *out)
{
	struct found before[ARRAY_LEN(hidden)], after[ARRAY_LEN(hidden)];
	bool any = false;
	look(t->before, before);
	look(t->after, after);
	for (size_t i = 0; i < ARRAY_LEN(hidden); i++) {
		if (after[i].count <= before[i].count)
			continue;
		any = true;
		buf_fmt(out, "line %zu: U+%04X, %s", after[i].line, (unsigned)after[i].c, hidden[i].name);
		if (after[i].count > 1)
			buf_fmt(out, " (%zu times)", after[i].count);
		buf_u8(out, '\n');
	}
	return any;
}
