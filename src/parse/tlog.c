#include "parse/tlog.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/encode.h"
#include "parse/note.h"
#include "parse/tlog_part.h"

bool tlog_number(struct slice s, uint64_t *out)
{
	return (s.n == 1 || (s.n && s.p[0] != '0')) && slice_u64(s, TLOG_SIZE_MAX, out);
}

bool tlog_hash(struct slice s, uint8_t out[32])
{
	uint8_t h[32];
	size_t n;
	if (!decode_base64_strict(s, h, sizeof(h), &n) || n != sizeof(h))
		return false;
	memcpy(out, h, sizeof(h));
	return true;
}

void tlog_hash_line(struct buf *out, const uint8_t hash[32])
{
	encode_base64(out, slice_of(hash, 32), false, true);
	buf_u8(out, '\n');
}

int tlog_checkpoint_parse(struct slice text, struct tlog_checkpoint *out, const char **why)
{
	struct tlog_checkpoint c = {0};
	struct slice rest = text, size, root;
	*why = NULL;
	if (!note_text_valid(text))
		*why = "a checkpoint must be lines of UTF-8 without control characters";
	else if (!slice_split(&rest, '\n', &c.origin) || c.origin.n == 0)
		*why = "a checkpoint must begin with the origin of the log";
	else if (c.origin.n > TLOG_ORIGIN_MAX)
		*why = "the origin of the log is too long";
	else if (!slice_split(&rest, '\n', &size) || !tlog_number(size, &c.size))
		*why = "the second line of a checkpoint must be the size of the tree in decimal";
	else if (!slice_split(&rest, '\n', &root) || !tlog_hash(root, c.root))
		*why = "the third line of a checkpoint must be a root hash in base64";
	if (*why)
		return -EBADMSG;
	c.extensions = rest.p ? rest : slice_of(text.p + text.n, 0);
	if (c.extensions.n && (c.extensions.p[0] == '\n' || slice_find(c.extensions, SLICE("\n\n"), 0) != SLICE_NPOS)) {
		*why = "a checkpoint must not have empty lines";
		return -EBADMSG;
	}
	*out = c;
	return 0;
}

void tlog_checkpoint_add(struct buf *out, struct slice origin, uint64_t size, const uint8_t root[32])
{
	buf_add(out, origin);
	buf_fmt(out, "\n%" PRIu64 "\n", size);
	tlog_hash_line(out, root);
}

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
