/* What a trial of conduct reads: a trace with any requests, bodies and names in it, and records of what was seen. */
#include <stdlib.h>

#include "vet/conduct_part.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lens *lens;
	static const char *const hosts[] = {"api.example.com", NULL};
	_cleanup_arena_ struct arena arena = ARENA((size_t)64 << 20);
	struct look l = {0};
	struct slice rest = slice_of(data, size);
	struct seen s;
	if (!lens && lens_new(&lens) < 0)
		abort();
	if (look_trace(lens, rest, hosts, &arena, &l) == 0)
		for (size_t i = 0; i < l.n_requests; i++)
			if (!request_words(&l.requests[i], &arena) || l.requests[i].purpose >= PURPOSE_END)
				abort();
	while (seen_next(&rest, &s))
		if (s.path.n > size || s.text.n > size)
			abort();
	return 0;
}
