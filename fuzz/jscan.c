#include <stdlib.h>

#include "parse/jscan.h"

static void walk(struct slice v, struct arena *a, unsigned depth)
{
	if (depth > JSCAN_DEPTH + 1)
		abort();
	const char *s = jscan_str(v, a);
	if (s && !jscan_eq(v, slice_str(s)))
		abort();
	for (struct jscan_iter i = jscan_iter(v); jscan_next(&i);) {
		struct slice again;
		const char *key = i.object ? jscan_str(i.key, a) : NULL;
		if (key && !jscan_get(v, slice_str(key), &again))
			abort();
		walk(i.value, a, depth + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena a = ARENA(4u << 20);
	struct slice v;
	if (size > 20000)
		return 0;
	if (jscan_root(slice_of(data, size), &v))
		walk(v, &a, 0);
	/* Bytes that were not checked first must not be read past either. */
	struct jscan_iter i = jscan_iter(slice_of(data, size));
	while (jscan_next(&i))
		(void)jscan_str(i.value, &a);
	return 0;
}
