/* Templates of Jinja: events lie in the template or the arena, and it ends. */
#include "parse/jinja.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t sink;

static void on_event(void *arg, const struct jinja_event *e)
{
	const size_t *size = arg;
	if (e->at >= *size)
		__builtin_trap();
	if (e->text.n)
		sink = e->text.p[0] ^ e->text.p[e->text.n - 1];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena a = ARENA(1 << 16);
	struct jinja_result r;
	jinja_read(slice_of(data, size), 10000, &a, on_event, &size, &r);
	if (r.at > size)
		__builtin_trap();
	return 0;
}
