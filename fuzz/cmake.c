/* Any text as a script of CMake: calls in order, inside of the text, with no more arguments than there may be. */
#include "parse/cmake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena a = ARENA(4 << 20);
	struct cmake c = {.text = slice_of(data, size)};
	struct cmake_call call;
	size_t at = 0;
	if (size > 65536)
		return 0;
	while (cmake_next(&c, &a, &call) == 1) {
		if (call.at < at || call.end <= call.at || call.end > size || call.n > CMAKE_ARGUMENTS_MAX || call.name.n == 0)
			__builtin_trap();
		for (size_t i = 0; i < call.n; i++)
			if (call.argument[i].text.n > size)
				__builtin_trap();
		at = call.end;
	}
	return 0;
}
