/* The header of safetensors: what is borrowed lies within it, and an honest one ends where the file does. */
#include "parse/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(const uint8_t *data, size_t size, struct slice s)
{
	if (s.n && (s.p < data || s.p + s.n > data + size))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct safetensors t;
	safetensors_read(slice_of(data, size), size, 1 << 12, &t);
	within(data, size, t.name);
	within(data, size, t.header);
	within(data, size, t.metadata);
	if (t.at > size || (!t.odd && t.tensors && t.end != size))
		__builtin_trap();
	return 0;
}
