/* HDF5: what is told lies in the file, and it ends, whatever leads to what. */
#include "parse/hdf5.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(const struct slice *in, struct slice s)
{
	if (s.n && (s.p < in->p || s.p + s.n > in->p + in->n))
		__builtin_trap();
}

static void on_event(void *arg, const struct hdf5_event *e)
{
	const struct slice *in = arg;
	within(in, e->name);
	within(in, e->text);
	if (e->at > in->n)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct hdf5_result r;
	hdf5_read(in, 100, 1 << 14, on_event, &in, &r);
	if (r.objects > 100)
		__builtin_trap();
	return 0;
}
