/* The reader of ZIP archives: what it gives lies in the input, members end, and nothing is larger than the buffer. */
#include "parse/zip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(const uint8_t *data, size_t size, struct slice s)
{
	if (s.n && (s.p < data || s.p + s.n > data + size))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zip z;
	struct zip_member m;
	if (!zip_open(slice_of(data, size), 1 << 16, &z))
		return 0;
	for (size_t n = 0; zip_next(&z, &m) > 0; n++) {
		_cleanup_buf_ struct buf out = BUF(1 << 12);
		struct slice c;
		/* A header needs some bytes, in the directory or before it. */
		if (n > size)
			__builtin_trap();
		within(data, size, m.name);
		within(data, size, m.local_name);
		within(data, size, m.data);
		if (n < 64 && zip_content(&m, &out, &c) != ZIP_UNREAD && m.method != 0 && c.n > out.max)
			__builtin_trap();
	}
	zip_close(&z);
	return 0;
}
