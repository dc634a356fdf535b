#include "ledger/filter.h"

#include <errno.h>

#define WORDS_MAX ((size_t)1 << 20)

static bool of_word(uint8_t c)
{
	return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void filter_words(struct slice text, struct buf *out)
{
	uint8_t *p = buf_room(out, text.n * 2 + 2);
	size_t n = 0;
	if (!p)
		return;
	p[n++] = ' ';
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		if (of_word(c))
			p[n++] = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
		else if (p[n - 1] != ' ')
			p[n++] = ' ';
	}
	if (p[n - 1] != ' ')
		p[n++] = ' ';
	out->n += n;
	out->p[out->n] = 0;
}

/* Each word between blanks must be there; one with a hyphen or a dot is several that stand together. */
static int match_words(struct slice want, struct slice json, struct arena *arena)
{
	_cleanup_buf_ struct buf text = BUF(WORDS_MAX), have = BUF(2 * WORDS_MAX + 2), one = BUF(2 * WORDS_MAX + 2);
	struct slice word;
	int r = entry_words(json, arena, &text);
	if (r < 0)
		return r == -EBADMSG ? 0 : -ENOMEM;
	filter_words(buf_slice(&text), &have);
	while (slice_split(&want, ' ', &word)) {
		buf_reset(&one);
		filter_words(word, &one);
		if (buf_error(&have) || buf_error(&one))
			return -ENOMEM;
		if (one.n > 1 && slice_find(buf_slice(&have), buf_slice(&one), 0) == SLICE_NPOS)
			return 0;
	}
	return 1;
}

int filter_match(const struct filter *f, struct slice json, struct arena *arena, struct entry_fields *fields)
{
	struct entry_fields e = {0};
	int r = entry_read(json, arena, &e);
	if (r < 0 && r != -EBADMSG)
		return r;
	if (fields)
		*fields = e;
	if (e.time < f->since || (f->tool.p && !slice_eq(f->tool, e.tool)) || (f->host.p && !slice_eq(f->host, e.host)) ||
	        (f->verdict.p && !slice_eq(f->verdict, e.verdict)))
		return 0;
	return f->words.p ? match_words(f->words, json, arena) : 1;
}
