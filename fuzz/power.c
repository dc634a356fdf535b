/* Any text as a script of PowerShell: tokens in order, inside of the text, no more than asked for; and what is said of it lies in it. */
#include "inspect/scan_power.h"
#include "parse/power.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	size_t size;
	unsigned does;
};

static void said(void *arg, unsigned does, size_t at, size_t n)
{
	struct seen *s = arg;
	if (does == 0 || does & (does - 1) || n == 0 || at >= s->size || n > s->size - at)
		__builtin_trap();
	s->does |= does;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena a = ARENA(4 << 20);
	struct slice text = slice_of(data, size);
	struct power_token *t;
	struct seen s = {.size = size};
	size_t n;
	bool all;
	if (size > 16384)
		return 0;
	if (power_read(text, 4000, &a, &t, &n, &all) == 0) {
		if (n > 4000)
			__builtin_trap();
		for (size_t i = 0; i < n; i++)
			if (t[i].at >= t[i].end || t[i].end > size || t[i].text.n > size || (i && t[i].at < t[i - 1].end))
				__builtin_trap();
	}
	if ((scan_power(text, &(struct power_said){said, &s}) & s.does) != s.does)
		__builtin_trap();
	return 0;
}
