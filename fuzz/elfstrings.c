#include <stdlib.h>

#include "parse/elfstrings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_of(data, size);
	struct elf_strings s;
	struct elf_string t;
	size_t half = size / 2, n = 0;
	for (int part = 0; part < 2; part++) {
		if (!elf_strings_begin(all, part ? half : 0, part ? size : half, &s))
			continue;
		while (elf_strings_next(&s, &t)) {
			if (t.text.p < data || t.text.p + t.text.n > data + size || t.text.n < 2 || t.text.n > ELF_STRING_MAX ||
			        t.at >= size || t.end <= t.at)
				abort();
			/* Each pointer once in each segment that has it, and each relocation once. */
			if (++n > (ELF_STRING_SEGMENTS + 1) * (size + 1))
				abort();
		}
	}
	return 0;
}
