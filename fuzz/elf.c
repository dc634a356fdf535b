/* Executables are hostile. Everything that can be asked of one is asked; what is said must lie within the file. */
#include <stdlib.h>

#include "parse/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(const struct elf *e, struct elf_span s)
{
	if (s.at > e->size || s.n > e->size - s.at)
		abort();
}

static struct slice bytes(struct slice all, struct elf_span s)
{
	return slice_sub(all, s.at > SIZE_MAX ? SIZE_MAX : (size_t)s.at, (size_t)s.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_of(data, size), names = SLICE_NONE;
	struct elf e;
	/* The file may be longer than what can be read of it. */
	for (uint64_t extra = 0; extra < 3; extra++) {
		if (!elf_header(all, size + (extra << 40), &e))
			return 0;
		inside(&e, e.sections);
		inside(&e, e.segments);
		struct slice sections = bytes(all, e.sections), segments = bytes(all, e.segments);
		if (e.names < elf_section_count(&e, sections))
			names = bytes(all, elf_section(&e, sections, e.names).data);
		for (size_t i = 0; i < elf_section_count(&e, sections); i++) {
			struct elf_section s = elf_section(&e, sections, i);
			inside(&e, s.data);
			if (elf_name(names, s.name).n > names.n)
				abort();
		}
		for (size_t i = 0; i < elf_segment_count(&e, segments); i++) {
			struct elf_segment s = elf_segment(&e, segments, i);
			inside(&e, s.data);
			struct slice rest = bytes(all, s.data);
			struct elf_note note;
			for (size_t before = rest.n; elf_note(&e, &rest, &note); before = rest.n)
				if (rest.n >= before)
					abort();
		}
		if (elf_end(&e, sections, segments) > e.size)
			abort();
	}
	return 0;
}
