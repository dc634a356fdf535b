#include <stdlib.h>

#include "parse/toml_edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was set is there, and once more setting it changes nothing. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {"a", "t.a", "t.u.a", "x"};
	if (size < 1 || size > 4096)
		return 0;
	const char *path = paths[data[0] % 4];
	struct slice text = slice_of(data + 1, size - 1), value = SLICE("[\"x\", 1]");
	const struct conf *now = NULL;
	struct arena arena = ARENA(16 << 20);
	struct buf out = BUF(1 << 20), again = BUF(1 << 20), json = BUF(1 << 20);
	if (toml_edit_set(text, path, value, &arena, &out) == 0) {
		if (toml_edit_get(buf_slice(&out), path, &arena, &now) != 0 || !now || !slice_eq(now->raw, value))
			abort();
		if (toml_edit_set(buf_slice(&out), path, value, &arena, &again) != 0 || !slice_eq(buf_slice(&out), buf_slice(&again)))
			abort();
	}
	if (toml_edit_get(text, path, &arena, &now) == 0 && now)
		(void)toml_edit_json(now, &json);
	buf_free(&out);
	buf_free(&again);
	buf_free(&json);
	arena_free(&arena);
	return 0;
}
