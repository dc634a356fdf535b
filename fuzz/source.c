/* Parts of any text in any language: the same whether places are asked for one by one or far apart. */
#include "parse/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"x.c", "x.js", "x.py", "x.sh", "x.sql", "x.rs", "x.php", "x"};
	if (size == 0 || size > 4096)
		return 0;
	struct slice text = slice_of(data + 1, size - 1);
	const struct source_language *l = source_language(names[data[0] % 8], text);
	struct source_lex each = source_lex(text, l), some = source_lex(text, l);
	(void)source_kind(names[data[0] % 8], text);
	for (size_t i = 0; i < text.n; i++) {
		enum source_part p = source_part(&each, i);
		if (i % 7 == 0 && source_part(&some, i) != p)
			__builtin_trap();
	}
	return 0;
}
