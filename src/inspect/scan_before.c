/* What was found in a program before a change: told once, it is not told again by each change of the file. Only of programs: they have
 * findings that are known and stay; what a tool obeys, a model and a text with something hidden in it is as bad as it was. */
#include <stdlib.h>

#include "inspect/scan_part.h"

#define LINES_MAX   200000u
#define PAYLOAD_MIN 40u /* bytes in a row that are of base64, hex or an identifier nobody gives */

uint64_t scan_before_key(const struct scan_finding *f, struct slice text)
{
	uint64_t span = slice_hash(f->n ? slice_sub(text, (size_t)f->at, (size_t)f->n) : SLICE_NONE);
	return (slice_hash(slice_str(f->evidence)) * 31 + span) * 31 + f->rule;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

static bool carries(struct slice line)
{
	size_t run = 0;
	for (size_t i = 0; i < line.n; i++) {
		uint8_t c = line.p[i];
		bool in = ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '=' ||
		          c == '_' || c == '-';
		run = in ? run + 1 : 0;
		if (run >= PAYLOAD_MIN)
			return true;
	}
	return slice_find(line, SLICE("://"), 0) != SLICE_NPOS;
}

bool scan_before_carries(struct slice now, struct slice before)
{
	uint64_t *line = calloc(LINES_MAX, sizeof(*line)), key;
	size_t n = 0;
	struct slice rest = before, l;
	bool more = !line;
	while (!more && slice_split(&rest, '\n', &l)) {
		more = n == LINES_MAX;
		if (!more)
			line[n++] = slice_hash(slice_trim(l));
	}
	if (!more)
		qsort(line, n, sizeof(*line), by_value);
	for (rest = now; !more && slice_split(&rest, '\n', &l);) {
		key = slice_hash(slice_trim(l));
		more = carries(l) && !bsearch(&key, line, n, sizeof(*line), by_value);
	}
	free(line);
	return more;
}
