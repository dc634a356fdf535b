/* elfstrings: the tables of strings of an executable: pointers to text, one after the other, with the length behind each (Go, Rust) or
 * without (C). What Go and Rust keep of their texts is one run without any bounds; only such a table says where a member ends. 64 bits in
 * this machine's byte order; pointers that stand in the file (ET_EXEC; DT_RELR) and those that are made when it is loaded (DT_RELA of
 * the kinds R_X86_64_RELATIVE and R_AARCH64_RELATIVE). A text that is used in one place is in no table: there x86-64 code loads its address
 * (LEA r64, [RIP + disp32]) and, before or soon after, its length (MOV r32 or m64, imm32). Pure; hostile bytes cost time in proportion to
 * their number, and no read goes past the file. */
#ifndef POSTERN_PARSE_ELFSTRINGS_H
#define POSTERN_PARSE_ELFSTRINGS_H

#include "base/slice.h"

struct elf_string {
	size_t at, end;    /* of the pointer, and of the length if there is one: offsets in the file */
	struct slice text; /* in the file: 2 to ELF_STRING_MAX printable bytes, or what code says is their number */
};
#define ELF_STRING_MAX      255u
#define ELF_STRING_CODE_MIN 6u
#define ELF_STRING_CODE_MAX 8192u
/* Bytes of text that code is asked about, of each part of a file that is read: any number of instructions may load the same long text. */
#define ELF_STRING_CODE_LOOKS ((size_t)64 << 20)
#define ELF_STRING_SEGMENTS   32u
/* More are not looked at: a file that is read in parts has them read for each part. Large executables have half a million. */
#define ELF_STRING_RELOCATIONS ((size_t)1 << 21)

struct elf_strings {
	struct slice file;
	size_t from, stop;
	/* private */
	struct {
		uint64_t address, at, n;
		bool code;
	} segment[ELF_STRING_SEGMENTS];
	size_t n, next, word;                     /* segment and offset of the next pointer in the file */
	size_t rela, rela_begin, rela_end, relas; /* the next relocation; all of them; how many are still looked at */
	size_t code, instruction, code_from,
	        looks; /* segment and offset of the next instruction; the first; bytes that are still looked at */
};

/* Of the whole file, those whose pointers stand in [from, stop). False: it has none that could be read. */
bool elf_strings_begin(struct slice file, size_t from, size_t stop, struct elf_strings *out);
/* In the order of the file: first those that stand in it, then those that are made, then those of code. False at the end. */
bool elf_strings_next(struct elf_strings *s, struct elf_string *out);

#endif
