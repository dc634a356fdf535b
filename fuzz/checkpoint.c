/* The text of a checkpoint: what was taken is the same bytes when it is written from its parts. */
#include <stdlib.h>

#include "parse/note.h"
#include "parse/tlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct tlog_checkpoint c;
	const char *why = NULL;
	if (tlog_checkpoint_parse(in, &c, &why) < 0) {
		if (!why)
			abort();
		return 0;
	}
	_cleanup_buf_ struct buf b = BUF(size + 1000);
	if (!note_text_valid(in) || c.origin.n == 0 || c.size > TLOG_SIZE_MAX)
		abort();
	tlog_checkpoint_add(&b, c.origin, c.size, c.root);
	buf_add(&b, c.extensions);
	if (!slice_eq(buf_slice(&b), in))
		abort();
	return 0;
}
