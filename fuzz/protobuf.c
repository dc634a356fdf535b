/* Fields of Protocol Buffers, three messages deep. */
#include "parse/protobuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void message(struct slice in, unsigned depth)
{
	struct protobuf f;
	for (struct slice rest = in; protobuf_next(&rest, &f) > 0;) {
		if (f.number == 0 || rest.n >= in.n || (f.bytes.n && (f.bytes.p < in.p || f.bytes.p + f.bytes.n > in.p + in.n)))
			__builtin_trap();
		if (depth < 3)
			message(f.bytes, depth + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	message(slice_of(data, size), 0);
	return 0;
}
