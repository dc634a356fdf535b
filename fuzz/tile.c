/* Paths of tiles: what was taken is the same bytes when it is written. */
#include <stdlib.h>

#include "parse/tlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[TLOG_PATH_MAX];
	int level;
	uint64_t index;
	unsigned width;
	if (tlog_tile_parse(slice_of(data, size), &level, &index, &width) < 0)
		return 0;
	if (level < -1 || level > TLOG_LEVEL_MAX || width < 1 || width > TLOG_TILE_WIDTH)
		abort();
	tlog_tile_path(level, index, width, path);
	if (!slice_eq(slice_of(data, size), slice_str(path)))
		abort();
	(void)tlog_tile_width(level, index, UINT64_MAX);
	return 0;
}
