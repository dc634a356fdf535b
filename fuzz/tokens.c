/* Tokens of any text in any language: in order, inside of the text, and no more than asked for. */
#include "parse/tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"x.c", "x.js", "x.py", "x.sh", "x.sql", "x.rb", "x.go", "x"};
	_cleanup_arena_ struct arena a = ARENA(1 << 20);
	struct token *t;
	size_t n;
	bool all;
	if (size == 0 || size > 8192)
		return 0;
	struct slice text = slice_of(data + 1, size - 1);
	if (tokens_read(text, source_language(names[data[0] % 8], text), 4000, &a, &t, &n, &all) < 0)
		return 0;
	if (n > 4000)
		__builtin_trap();
	for (size_t i = 0; i < n; i++)
		if (t[i].text.p < text.p || t[i].text.p + t[i].text.n > text.p + text.n ||
		        (i && t[i].text.p < t[i - 1].text.p + t[i - 1].text.n))
			__builtin_trap();
	return 0;
}
