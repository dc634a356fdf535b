/* The header of an NPY file: what is borrowed lies within it. */
#include "parse/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct npy n;
	const char *reason;
	if (npy_read(slice_of(data, size), &n, &reason) < 0) {
		if (!reason)
			__builtin_trap();
		return 0;
	}
	if (n.data_at > size || n.header.p + n.header.n != data + n.data_at || (n.objects && n.known))
		__builtin_trap();
	return 0;
}
