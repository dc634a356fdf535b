/* Statements about a vetting: what is taken is within its bounds. */
#include <stdlib.h>

#include "parse/vetted.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena arena = ARENA(16 << 20);
	struct vetted v;
	const char *why = NULL;
	if (vetted_parse(slice_of(data, size), &arena, &v, &why) < 0) {
		if (!why)
			abort();
		return 0;
	}
	if (v.n == 0 || v.n > VETTED_SUBJECTS || vetted_worst(&v) > VETTED_CLASSES)
		abort();
	for (size_t i = 0; i < v.n; i++)
		if (v.subject[i].sha256[64] || strlen(v.subject[i].sha256) != 64 || !vetted_is_of(&v, slice_str(v.subject[i].sha256)))
			abort();
	return 0;
}
