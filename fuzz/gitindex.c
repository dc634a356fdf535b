/* The reader of git's index: what it tells has a name, and lies in the input. */
#include "parse/gitindex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int seen(void *arg, const struct gitindex_entry *e)
{
	const struct slice *in = arg;
	if (!e->name.n || e->id.p < in->p || e->id.p + e->id.n > in->p + in->n)
		__builtin_trap();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct buf name = BUF(4096);
	struct slice in = slice_of(data, size);
	(void)gitindex_read(in, &name, seen, &in);
	return 0;
}
