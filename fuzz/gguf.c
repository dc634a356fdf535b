/* The header of GGUF: what is told lies within it. */
#include "parse/gguf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_text(void *arg, struct slice key, struct slice text, size_t at)
{
	const struct slice *in = arg;
	if ((key.n && (key.p < in->p || key.p + key.n > in->p + in->n)) || (text.n && text.p != in->p + at) || at + text.n > in->n)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct gguf g;
	gguf_read(in, size, 1 << 12, on_text, &in, &g);
	if (g.at > size || (g.name.n && (g.name.p < data || g.name.p + g.name.n > data + size)))
		__builtin_trap();
	if (!g.odd && !g.swapped && g.tensors && g.end > size && g.end > g.data_at)
		__builtin_trap();
	return 0;
}
