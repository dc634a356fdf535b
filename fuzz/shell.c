/* Commands of any text: bounds hold, words end, and what a command reads or is in comes before it. */
#include "parse/shell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena a = ARENA(1 << 24);
	struct shell_command *c;
	size_t n;
	if (shell_read(slice_of(data, size), &a, &c, &n) < 0)
		return 0;
	if (n > SHELL_COMMANDS_MAX)
		__builtin_trap();
	for (size_t i = 0; i < n; i++) {
		if (c[i].n > SHELL_WORDS_MAX || c[i].from >= (int)i || c[i].inside >= (int)i || c[i].at > size)
			__builtin_trap();
		for (size_t k = 0; k < c[i].n; k++)
			if (c[i].word[k].p[c[i].word[k].n] != 0)
				__builtin_trap();
	}
	return 0;
}
