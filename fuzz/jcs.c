/* Canonical JSON: what the writer writes the check takes and the writer leaves alone; what the check takes the writer leaves alone; and
 * what the check calls no JSON at all the writer refuses. */
#include <errno.h>
#include <stdlib.h>

#include "parse/jcs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena arena = ARENA(64 << 20), second = ARENA(64 << 20);
	_cleanup_buf_ struct buf b = BUF(64 << 20), again = BUF(64 << 20);
	struct slice in = slice_of(data, size);
	const char *why = NULL;
	size_t at = SIZE_MAX;
	int checked = jcs_check(in, &why, &at);
	if (checked < 0 && (!why || at > size))
		abort();
	why = NULL;
	at = SIZE_MAX;
	int r = jcs_write(in, &arena, &b, &why, &at);
	if (r < 0) {
		if (!why || at > size || b.n || checked == 0)
			abort();
		return 0;
	}
	if (checked == -EBADMSG || checked == -E2BIG || (checked == 0) != slice_eq(in, buf_slice(&b)))
		abort();
	if (jcs_check(buf_slice(&b), &why, &at) < 0)
		abort();
	if (jcs_write(buf_slice(&b), &second, &again, &why, &at) < 0 || !slice_eq(buf_slice(&b), buf_slice(&again)))
		abort();
	return 0;
}
