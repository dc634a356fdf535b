#include <stdlib.h>

#include "parse/json_edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was set is there, once more setting it changes nothing, and nothing is lost but what was replaced. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {"a", "a.b", "env.X", "permissions.deny"};
	if (size < 1 || size > 4096)
		return 0;
	const char *path = paths[data[0] % 4];
	struct slice text = slice_of(data + 1, size - 1), value = SLICE("[\"x\", 1]"), now;
	struct arena arena = ARENA(16 << 20);
	struct buf out = BUF(1 << 20), again = BUF(1 << 20), more = BUF(1 << 20);
	if (json_edit_set(text, path, value, &arena, &out) == 0) {
		if (json_edit_get(buf_slice(&out), path, &arena, &now) != 0 || !slice_eq(now, value))
			abort();
		if (json_edit_set(buf_slice(&out), path, value, &arena, &again) != 0 || !slice_eq(buf_slice(&out), buf_slice(&again)))
			abort();
		if (json_edit_include(buf_slice(&out), path, SLICE("\"y\""), &arena, &more) != 0 ||
		        json_edit_get(buf_slice(&more), path, &arena, &now) != 0 || !json_edit_same(now, SLICE("[\"x\",1,\"y\"]"), &arena))
			abort();
	}
	buf_free(&out);
	buf_free(&again);
	buf_free(&more);
	arena_free(&arena);
	return 0;
}
