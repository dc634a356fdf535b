#include <stdlib.h>

#include "obtain/subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct subject s;
	if (!subject_parse(slice_of(data, size), &s) || s.tgz)
		return 0;
	if (!s.spec.n || s.name.n > PACKAGE_NAME_MAX || slice_find(s.name, SLICE(".."), 0) == 0 || s.name.p[0] == '/')
		abort();
	return 0;
}
