/* A catalogue: it is read or refused with a place. */
#include "identify/catalogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)16 << 20);
	struct catalogue c;
	struct err err = {0};
	int r = catalogue_parse(slice_of(data, size), "c", &arena, &c, &err);
	if (r == -22 && !err.text[0])
		__builtin_trap();
	if (r == 0)
		(void)catalogue_package(&c, SLICE("npm:x"));
	return 0;
}
