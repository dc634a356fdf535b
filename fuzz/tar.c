/* Members of tar archives: each step goes on, and what is told lies in the archive or beside it. */
#include "parse/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tar t = tar_open(slice_of(data, size));
	struct tar_member m;
	size_t before = 0;
	while (tar_next(&t, &m) > 0) {
		if (t.at <= before || t.at > size || (m.data.n && (m.data.p < data || m.data.p + m.data.n > data + size)) ||
		        m.name.n > TAR_NAME_MAX)
			__builtin_trap();
		before = t.at;
	}
	return 0;
}
