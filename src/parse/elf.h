/* elf: the outline of an ELF file (System V ABI, gABI chapters 4 and 5; 32 and 64 bits, both byte orders): its sections, segments and
 * notes, and where it ends, which is where things that were appended to it begin. Pure: the caller brings the bytes of each table, because
 * files are large; whatever stands in them, no read goes past a slice, and every offset that is given is within `size`. */
#ifndef POSTERN_PARSE_ELF_H
#define POSTERN_PARSE_ELF_H

#include "base/slice.h"

#define ELF_HEADER_MAX 64    /* bytes of a header that elf_header() wants, if the file has them */
#define ELF_TABLE_MAX  65536 /* entries of a table that are looked at */

struct elf_span {
	uint64_t at, n; /* in the file */
};

struct elf {
	bool wide, big; /* 64 bits; most significant byte first */
	uint16_t type, machine;
	uint64_t size;                      /* of the whole file, as it was told */
	struct elf_span sections, segments; /* the tables, cut to the file and to ELF_TABLE_MAX entries; n is 0 if there is none */
	unsigned names;                     /* index of the section that has the names of sections; 0: none */
};

/* False if these bytes do not begin an ELF file of `size` bytes. */
[[nodiscard]] bool elf_header(struct slice head, uint64_t size, struct elf *out);

struct elf_section {
	uint32_t name; /* offset in the section of names */
	uint32_t type;
	struct elf_span data; /* n is 0 if it has none in the file; cut to the file */
};
/* The number of entries in a table that was read: the bytes of e->sections, of e->segments. */
size_t elf_section_count(const struct elf *e, struct slice table);
size_t elf_segment_count(const struct elf *e, struct slice table);
/* i below that count. */
struct elf_section elf_section(const struct elf *e, struct slice table, size_t i);
/* The name at that offset in the bytes of the section of names, without its NUL; empty if there is none. */
struct slice elf_name(struct slice names, uint32_t at);

struct elf_segment {
	uint32_t type; /* 1: to be loaded; 4: notes */
	struct elf_span data;
};
struct elf_segment elf_segment(const struct elf *e, struct slice table, size_t i);

/* The offset behind everything that the header, the tables, the sections and segments speak of. */
uint64_t elf_end(const struct elf *e, struct slice sections, struct slice segments);

struct elf_note {
	struct slice name; /* without the NUL */
	uint32_t type;
	struct slice data; /* what there is of it */
};
/* The next note of the bytes of a segment or section of notes, taken off the front of *rest. False at the end, or where it makes no sense.
 */
bool elf_note(const struct elf *e, struct slice *rest, struct elf_note *out);

#endif
