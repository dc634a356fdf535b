#include "parse/jsonc.h"

static size_t skip_string(struct slice s, size_t at)
{
	for (at++; at < s.n && s.p[at] != '"'; at++)
		if (s.p[at] == '\\')
			at++;
	return at < s.n ? at + 1 : s.n;
}

/* Where the comment at `at` ends; `at` itself if there is none. A newline stays. */
static size_t comment_end(struct slice s, size_t at)
{
	if (at + 1 >= s.n || s.p[at] != '/')
		return at;
	if (s.p[at + 1] == '/') {
		size_t end = slice_chr(s, '\n', at);
		return end == SLICE_NPOS ? s.n : end;
	}
	if (s.p[at + 1] != '*')
		return at;
	size_t end = slice_find(s, SLICE("*/"), at + 2);
	return end == SLICE_NPOS ? s.n : end + 2;
}

struct slice jsonc_plain(struct slice text, struct arena *arena)
{
	struct slice out = arena_copy(arena, text);
	if (!out.p)
		return SLICE_NONE;
	uint8_t *p = (uint8_t *)(uintptr_t)out.p;
	size_t comma = SIZE_MAX;
	if (out.n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		memset(p, ' ', 3);
	for (size_t at = 0; at < out.n;) {
		size_t end = comment_end(out, at);
		if (end > at) {
			for (; at < end; at++)
				p[at] = p[at] == '\n' ? '\n' : ' ';
			continue;
		}
		if (p[at] == '"') {
			at = skip_string(out, at);
			comma = SIZE_MAX;
			continue;
		}
		if ((p[at] == '}' || p[at] == ']') && comma != SIZE_MAX)
			p[comma] = ' ';
		if (p[at] == ',')
			comma = at;
		else if (p[at] != ' ' && p[at] != '\t' && p[at] != '\n' && p[at] != '\r')
			comma = SIZE_MAX;
		at++;
	}
	return out;
}
