/* The machine of pickles: what it tells lies in the input or the arena, and it ends. */
#include "parse/pickle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t sink;

static void touch(struct slice s)
{
	if (s.n)
		sink = s.p[0] ^ s.p[s.n - 1];
}

static void value(const struct pickle_value *v, unsigned deep)
{
	if (!v || deep > 4)
		return;
	if (v->kind == PICKLE_TEXT || v->kind == PICKLE_BYTES)
		touch(v->text);
	if (v->kind == PICKLE_GLOBAL) {
		touch(v->global->module);
		touch(v->global->name);
	}
	if (v->kind == PICKLE_OBJECT) {
		value(&v->object->callee, deep + 1);
		value(&v->object->args, deep + 1);
	}
	if ((v->kind == PICKLE_TUPLE || v->kind == PICKLE_DICT || v->kind == PICKLE_PERSISTENT) && v->items)
		for (uint32_t i = 0; i < v->items->n; i++)
			value(&v->items->at[i], deep + 1);
}

static void on_event(void *arg, struct pickle_event *e)
{
	const size_t *size = arg;
	if (e->at >= *size || e->n > *size - e->at)
		__builtin_trap();
	value(e->value, 0);
	value(e->other, 0);
	e->skip = e->what == PICKLE_BUILD ? e->at % 3 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena a = ARENA(1 << 16);
	const struct pickle_limits limits = {.opcodes = 10000, .stack = 1 << 16, .memo = 1 << 16, .arena = &a};
	struct pickle_result r;
	pickle_read(slice_of(data, size), &limits, on_event, &size, &r);
	if (r.used > size || (r.end != PICKLE_STOP && !r.reason))
		__builtin_trap();
	return 0;
}
