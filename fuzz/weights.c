/* The beginning of a model: what is borrowed lies within it. */
#include "parse/weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(const uint8_t *data, size_t size, struct slice s)
{
	if (s.n && (s.p < data || s.p + s.n > data + size))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weights w;
	if (!weights_look(slice_of(data, size), size + 1000, &w))
		return 0;
	if (!w.format)
		__builtin_trap();
	within(data, size, w.name);
	within(data, size, w.kind);
	return 0;
}
