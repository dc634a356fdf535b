/* Tables of strings of an executable, on files that are put together here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <elf.h>

#include "parse/elfstrings.h"

#define BASE 0x400000u

enum { DYNAMIC = 256, TEXTS = 320, RUN = 352, C_TABLE = 384, GO_TABLE = 416, MADE = 480, RELA = 512, END = 1024 };

struct file {
	uint8_t bytes[END];
};

static void put64(uint8_t *to, uint64_t v)
{
	memcpy(to, &v, sizeof(v));
}

static void headers(uint8_t *to, uint64_t n, uint64_t rela_bytes)
{
	Elf64_Ehdr h = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
	        .e_type = ET_DYN,
	        .e_machine = EM_X86_64,
	        .e_phoff = sizeof(h),
	        .e_phentsize = sizeof(Elf64_Phdr),
	        .e_phnum = 2};
	const Elf64_Phdr p[] = {{.p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_vaddr = BASE, .p_filesz = n, .p_memsz = n},
	        {.p_type = PT_DYNAMIC, .p_flags = PF_R, .p_offset = DYNAMIC, .p_vaddr = BASE + DYNAMIC, .p_filesz = 3 * sizeof(Elf64_Dyn)}};
	const Elf64_Dyn d[] = {
	        {.d_tag = DT_RELA, .d_un.d_ptr = BASE + RELA}, {.d_tag = DT_RELASZ, .d_un.d_val = rela_bytes}, {.d_tag = DT_NULL}};
	memcpy(to, &h, sizeof(h));
	memcpy(to + sizeof(h), p, sizeof(p));
	memcpy(to + DYNAMIC, d, sizeof(d));
}

/* A table of C, one of Go, and one that is made when the file is loaded. */
static void build(struct file *f)
{
	static const char texts[] = "\0alpha\0beta\0gamma\0", run[] = "onetwothreefour";
	static const uint8_t lengths[] = {3, 3, 5};
	*f = (struct file){0};
	headers(f->bytes, END, 2 * sizeof(Elf64_Rela));
	memcpy(f->bytes + TEXTS, texts, sizeof(texts));
	memcpy(f->bytes + RUN, run, sizeof(run));
	put64(f->bytes + C_TABLE, BASE + TEXTS + 1);
	put64(f->bytes + C_TABLE + 8, BASE + TEXTS + 7);
	put64(f->bytes + C_TABLE + 16, BASE + TEXTS + 12);
	for (size_t i = 0, at = 0; i < 3; at += lengths[i++]) {
		put64(f->bytes + GO_TABLE + 16 * i, BASE + RUN + at);
		put64(f->bytes + GO_TABLE + 16 * i + 8, lengths[i]);
	}
	const Elf64_Rela r[] = {{.r_offset = BASE + MADE, .r_info = R_X86_64_RELATIVE, .r_addend = BASE + TEXTS + 7},
	        {.r_offset = BASE + MADE + 8, .r_info = R_X86_64_RELATIVE, .r_addend = BASE + TEXTS + 12}};
	memcpy(f->bytes + RELA, r, sizeof(r));
}

static char *words(struct slice file, size_t from, size_t stop, char out[400])
{
	struct elf_strings all;
	struct elf_string s;
	size_t n = 0;
	out[0] = 0;
	for (bool more = elf_strings_begin(file, from, stop, &all); more && elf_strings_next(&all, &s);) {
		assert_true(s.at >= from && s.at < stop && s.end > s.at);
		n += (size_t)snprintf(out + n, 400 - n, "%s%.*s", n ? " " : "", SLICE_FMT(s.text));
		assert_true(n < 400);
	}
	return out;
}

static void tables_are_read(void **state)
{
	(void)state;
	struct file f;
	char out[400];
	build(&f);
	struct slice all = slice_of(f.bytes, sizeof(f.bytes));
	assert_string_equal(words(all, 0, END, out), "alpha beta gamma one two three beta gamma");
	/* A part of the file has the pointers that stand in it. */
	assert_string_equal(words(all, C_TABLE + 8, GO_TABLE + 16, out), "beta gamma one");
	assert_string_equal(words(all, MADE + 8, END, out), "gamma");
}

/* Cut anywhere, and with any byte another one: no read goes past the file (what else it says is its own). */
static void broken_files_are_read(void **state)
{
	(void)state;
	struct file f;
	char out[400];
	build(&f);
	for (size_t n = 0; n <= END; n++) {
		uint8_t *cut = malloc(n + 1);
		assert_non_null(cut);
		memcpy(cut, f.bytes, n);
		uint8_t *tight = realloc(cut, n ? n : 1);
		assert_non_null(tight);
		(void)words(slice_of(tight, n), 0, END, out);
		free(tight);
	}
	for (size_t i = 0; i < RELA + 2 * sizeof(Elf64_Rela); i++)
		for (unsigned v = 0; v < 3; v++) {
			uint8_t old = f.bytes[i];
			f.bytes[i] = v == 0 ? 0 : v == 1 ? 0xff : (uint8_t)(old ^ 0x80);
			(void)words(slice_of(f.bytes, sizeof(f.bytes)), 0, END, out);
			f.bytes[i] = old;
		}
}

/* A file is read in parts, and all relocations for each of them: more than any linker writes are not looked at. */
static void relocations_have_an_end(void **state)
{
	(void)state;
	size_t n = RELA + (ELF_STRING_RELOCATIONS + 1) * sizeof(Elf64_Rela);
	uint8_t *bytes = calloc(1, n);
	char out[400];
	assert_non_null(bytes);
	struct file f;
	build(&f);
	memcpy(bytes, f.bytes, RELA);
	headers(bytes, n, n - RELA);
	memset(bytes + C_TABLE, 0, RELA - C_TABLE);
	Elf64_Rela r = {.r_offset = BASE + MADE, .r_info = R_X86_64_RELATIVE, .r_addend = BASE + TEXTS + 7};
	memcpy(bytes + RELA + (ELF_STRING_RELOCATIONS - 1) * sizeof(r), &r, sizeof(r));
	assert_string_equal(words(slice_of(bytes, n), 0, n, out), "beta");
	memset(bytes + RELA + (ELF_STRING_RELOCATIONS - 1) * sizeof(r), 0, sizeof(r));
	memcpy(bytes + RELA + ELF_STRING_RELOCATIONS * sizeof(r), &r, sizeof(r));
	assert_string_equal(words(slice_of(bytes, n), 0, n, out), "");
	free(bytes);
}

/* What Go and Rust make of texts that are used in one place: an address and a length, in either order; both put into memory, where it is a
 * member of a list that is made there. */
static void code_is_read(void **state)
{
	(void)state;
	enum { RODATA = 320, CODE = 512 };
	static const char text[] = "first.example.com|second.example.comand what the next text says";
	static const uint8_t go[] = {0x48, 0x8d, 0x05, 0, 0, 0, 0, 0xbb, 36, 0, 0, 0, 0xe8, 1, 2, 3, 4},
	                     rust[] = {0x41, 0xb8, 17, 0, 0, 0, 0x4c, 0x8d, 0x0d, 0, 0, 0, 0, 0xc3},
	                     long_one[] = {0x48, 0x8d, 0x05, 0, 0, 0, 0, 0xbb, 0, 1, 0, 0, 0xc3},
	                     far_away[] = {0x48, 0x8d, 0x15, 0, 0, 0, 0, 0x48, 0x89, 0x94, 0x24, 0x88, 3, 0, 0, 0x48, 0xc7, 0x84, 0x24,
	                             0x90, 3, 0, 0, 36, 0, 0, 0, 0xc3},
	                     near[] = {0x48, 0x8d, 0x15, 0, 0, 0, 0, 0x48, 0x89, 0x53, 8, 0x48, 0xc7, 0x43, 0x10, 17, 0, 0, 0, 0xc3};
	struct file f = {0};
	headers(f.bytes, CODE, 0);
	const Elf64_Phdr p = {
	        .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = CODE, .p_vaddr = BASE + 0x1000, .p_filesz = END - CODE};
	memcpy(f.bytes + sizeof(Elf64_Ehdr) + sizeof(p), &p, sizeof(p));
	memcpy(f.bytes + RODATA, text, sizeof(text));
	const struct {
		const uint8_t *bytes;
		size_t n, lea, at;
	} put[] = {{go, sizeof(go), 0, CODE + 8}, {rust, sizeof(rust), 6, CODE + 80}, {long_one, sizeof(long_one), 0, CODE + 160},
	        {far_away, sizeof(far_away), 0, CODE + 240}, {near, sizeof(near), 0, CODE + 320}};
	for (size_t i = 0; i < sizeof(put) / sizeof(put[0]); i++) {
		size_t at = put[i].at + put[i].lea;
		int32_t far = (int32_t)(BASE + RODATA) - (int32_t)(BASE + 0x1000 + (at - CODE) + 7);
		memcpy(f.bytes + put[i].at, put[i].bytes, put[i].n);
		memcpy(f.bytes + at + 3, &far, sizeof(far));
	}
	struct elf_strings all;
	struct elf_string s;
	assert_true(elf_strings_begin(slice_of(f.bytes, END), 0, END, &all));
	assert_true(elf_strings_next(&all, &s));
	assert_int_equal(s.at, CODE + 8);
	assert_true(slice_is(s.text, "first.example.com|second.example.com"));
	assert_true(elf_strings_next(&all, &s));
	assert_int_equal(s.at, CODE + 86);
	assert_true(slice_is(s.text, "first.example.com"));
	assert_true(elf_strings_next(&all, &s));
	assert_int_equal(s.at, CODE + 240);
	assert_true(slice_is(s.text, "first.example.com|second.example.com"));
	assert_true(elf_strings_next(&all, &s));
	assert_int_equal(s.at, CODE + 320);
	assert_true(slice_is(s.text, "first.example.com"));
	/* What is longer than the text is no length of it. */
	assert_false(elf_strings_next(&all, &s));
	/* Who reads another part reads another part. */
	assert_true(elf_strings_begin(slice_of(f.bytes, END), CODE + 40, END, &all));
	assert_true(elf_strings_next(&all, &s));
	assert_int_equal(s.at, CODE + 86);
	for (size_t n = CODE; n < END; n++) {
		if (!elf_strings_begin(slice_of(f.bytes, n), 0, n, &all))
			continue;
		while (elf_strings_next(&all, &s))
			assert_true(s.text.p + s.text.n <= f.bytes + n);
	}
}

/* As often as there are instructions the same long text may be loaded: there is an end to it. */
static void code_has_an_end(void **state)
{
	(void)state;
	enum { LOADS = 20000, LOAD = 12, AT = 512, CODE = AT + ELF_STRING_CODE_MAX, ALL = CODE + LOADS * LOAD };
	uint8_t *bytes = calloc(1, ALL);
	assert_non_null(bytes);
	headers(bytes, ALL, 0);
	Elf64_Phdr p;
	memcpy(&p, bytes + sizeof(Elf64_Ehdr), sizeof(p));
	p.p_flags = PF_R | PF_X;
	memcpy(bytes + sizeof(Elf64_Ehdr), &p, sizeof(p));
	memset(bytes + AT, 'x', ELF_STRING_CODE_MAX);
	for (size_t i = 0; i < LOADS; i++) {
		uint8_t *to = bytes + CODE + i * LOAD;
		int32_t far = AT - (int32_t)(CODE + i * LOAD + 7);
		const uint32_t length = ELF_STRING_CODE_MAX;
		memcpy(to, "\x48\x8d\x05", 3);
		memcpy(to + 3, &far, sizeof(far));
		to[7] = 0xbb;
		memcpy(to + 8, &length, sizeof(length));
	}
	struct elf_strings all;
	struct elf_string s;
	size_t n = 0;
	assert_true(elf_strings_begin(slice_of(bytes, ALL), 0, ALL, &all));
	while (elf_strings_next(&all, &s))
		n++;
	assert_int_equal(n, ELF_STRING_CODE_LOOKS / ELF_STRING_CODE_MAX);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(tables_are_read), cmocka_unit_test(broken_files_are_read),
	        cmocka_unit_test(relocations_have_an_end), cmocka_unit_test(code_is_read), cmocka_unit_test(code_has_an_end)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
