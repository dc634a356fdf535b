#include "parse/tlog.h"

#include <errno.h>
#include <stdio.h>

/* "tile/" ("entries" | level) "/" groups of three digits, all but the last after an x [".p/" width] */
void tlog_tile_path(int level, uint64_t index, unsigned width, char out[TLOG_PATH_MAX])
{
	char level_text[12] = "entries", group[8][8], end[8] = "";
	size_t n = 0;
	if (level >= 0)
		(void)snprintf(level_text, sizeof(level_text), "%d", level);
	if (width != TLOG_TILE_WIDTH)
		(void)snprintf(end, sizeof(end), ".p/%u", width & 0xff);
	do {
		(void)snprintf(group[n++], sizeof(group[0]), "%03u", (unsigned)(index % 1000));
		index /= 1000;
	} while (index);
	int at = snprintf(out, TLOG_PATH_MAX, "tile/%s", level_text);
	while (n--)
		at += snprintf(out + at, TLOG_PATH_MAX - (size_t)at, n ? "/x%s" : "/%s", group[n]);
	(void)snprintf(out + at, TLOG_PATH_MAX - (size_t)at, "%s", end);
}

int tlog_tile_parse(struct slice path, int *level, uint64_t *index, unsigned *width)
{
	struct slice rest = path, part;
	uint64_t l = 0, n = 0, w = TLOG_TILE_WIDTH;
	bool entries, more = true;
	if (!slice_split(&rest, '/', &part) || !slice_is(part, "tile") || !slice_split(&rest, '/', &part))
		return -EBADMSG;
	entries = slice_is(part, "entries");
	if (!entries && !slice_u64(part, TLOG_LEVEL_MAX, &l))
		return -EBADMSG;
	while (more) {
		uint64_t digits;
		if (!slice_split(&rest, '/', &part))
			return -EBADMSG;
		more = part.n && part.p[0] == 'x';
		part = slice_from(part, more);
		if (!more && part.n == 5 && part.p[3] == '.' && part.p[4] == 'p') {
			if (!slice_u64(rest, TLOG_TILE_WIDTH - 1, &w) || w == 0)
				return -EBADMSG;
			rest = SLICE_NONE;
			part.n = 3;
		}
		if (part.n != 3 || !slice_u64(part, 999, &digits) || n > TLOG_SIZE_MAX / TLOG_TILE_WIDTH / 1000)
			return -EBADMSG;
		n = n * 1000 + digits;
	}
	/* Zeros in front of a number, a group of zeros in front, something behind: then it isn't how it would be written. */
	char again[TLOG_PATH_MAX];
	tlog_tile_path(entries ? -1 : (int)l, n, (unsigned)w, again);
	if (!slice_is(path, again))
		return -EBADMSG;
	*level = entries ? -1 : (int)l;
	*index = n;
	*width = (unsigned)w;
	return 0;
}

unsigned tlog_tile_width(int level, uint64_t index, uint64_t size)
{
	unsigned shift = level > 0 ? (unsigned)level * TLOG_TILE_HEIGHT : 0;
	uint64_t n = shift < 64 ? size >> shift : 0;
	if (index >= n / TLOG_TILE_WIDTH + 1)
		return 0;
	n -= index * TLOG_TILE_WIDTH;
	return n < TLOG_TILE_WIDTH ? (unsigned)n : TLOG_TILE_WIDTH;
}

int tlog_bundle_next(struct slice *rest, struct slice *entry)
{
	if (rest->n == 0)
		return 0;
	if (rest->n < 2)
		return -EBADMSG;
	size_t n = (size_t)rest->p[0] << 8 | rest->p[1];
	if (n > rest->n - 2)
		return -EBADMSG;
	*entry = slice_sub(*rest, 2, n);
	*rest = slice_from(*rest, 2 + n);
	return 1;
}
