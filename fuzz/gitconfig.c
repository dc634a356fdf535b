/* The reader of git's configuration: keys and values are texts of one piece, lines go up. */
#include "parse/gitconfig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)16 << 20);
	struct gitconfig_item *item = NULL;
	size_t n = 0, line = 0;
	if (gitconfig_read(slice_of(data, size), 10000, &arena, &item, &n) < 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (item[i].line < line || !item[i].key[0] || !item[i].value)
			__builtin_trap();
		line = item[i].line;
	}
	return 0;
}
