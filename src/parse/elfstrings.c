#include "parse/elfstrings.h"

#include <elf.h>

#include "parse/constants.h"
#include "parse/elfnames.h"

#define LENGTH_MIN  2
#define DYNAMIC_MAX 4096u

static bool word_at(const struct elf_strings *s, size_t at, uint64_t *out)
{
	if (at > s->file.n || s->file.n - at < sizeof(*out))
		return false;
	memcpy(out, s->file.p + at, sizeof(*out));
	return true;
}

/* Where an address lies in the file; *end is the end of its segment there. */
static bool place_of(const struct elf_strings *s, uint64_t address, size_t *at, size_t *end)
{
	for (size_t i = 0; i < s->n; i++)
		if (address >= s->segment[i].address && address - s->segment[i].address < s->segment[i].n) {
			*at = (size_t)(s->segment[i].at + (address - s->segment[i].address));
			*end = (size_t)(s->segment[i].at + s->segment[i].n);
			return true;
		}
	return false;
}

static void relocations(struct elf_strings *s, size_t at, size_t n)
{
	uint64_t table = 0, bytes = 0;
	for (size_t i = 0; i < DYNAMIC_MAX && i < n / sizeof(Elf64_Dyn); i++) {
		Elf64_Dyn d;
		memcpy(&d, s->file.p + at + i * sizeof(d), sizeof(d));
		if (d.d_tag == DT_NULL)
			break;
		table = d.d_tag == DT_RELA ? d.d_un.d_ptr : table;
		bytes = d.d_tag == DT_RELASZ ? d.d_un.d_val : bytes;
	}
	size_t begin, end;
	if (!table || !place_of(s, table, &begin, &end))
		return;
	s->rela = s->rela_begin = begin;
	s->rela_end = bytes < end - begin ? begin + (size_t)bytes : end;
	s->relas = (s->rela_end - begin) / sizeof(Elf64_Rela);
	if (s->relas > ELF_STRING_RELOCATIONS)
		s->relas = ELF_STRING_RELOCATIONS;
}

bool elf_strings_begin(struct slice file, size_t from, size_t stop, struct elf_strings *out)
{
	struct elf_strings s = {.file = file, .from = (from + 7) & ~(size_t)7, .stop = stop < file.n ? stop : file.n};
	Elf64_Ehdr h;
	size_t dynamic = 0, dynamic_n = 0;
	if (elfnames_kind(file) != ELFNAMES_LOADED)
		return false;
	memcpy(&h, file.p, sizeof(h));
	if (h.e_phentsize != sizeof(Elf64_Phdr) || h.e_phoff > file.n || (file.n - h.e_phoff) / sizeof(Elf64_Phdr) < h.e_phnum)
		return false;
	for (size_t i = 0; i < h.e_phnum && s.n < ELF_STRING_SEGMENTS; i++) {
		Elf64_Phdr p;
		memcpy(&p, file.p + h.e_phoff + i * sizeof(p), sizeof(p));
		if (p.p_offset > file.n || p.p_filesz > file.n - p.p_offset)
			continue;
		if (p.p_type == PT_DYNAMIC) {
			dynamic = p.p_offset;
			dynamic_n = p.p_filesz;
		}
		if (p.p_type != PT_LOAD || p.p_filesz == 0)
			continue;
		s.segment[s.n].address = p.p_vaddr;
		s.segment[s.n].at = p.p_offset;
		s.segment[s.n].n = p.p_filesz;
		s.segment[s.n++].code = p.p_flags & PF_X;
	}
	if (s.n == 0)
		return false;
	if (dynamic_n)
		relocations(&s, dynamic, dynamic_n);
	s.word = s.from;
	s.instruction = s.code_from = from;
	s.looks = h.e_machine == EM_X86_64 ? ELF_STRING_CODE_LOOKS : 0;
	*out = s;
	return true;
}

static size_t printable(const struct elf_strings *s, size_t at, size_t end, size_t max)
{
	size_t n = 0;
	while (at + n < end && n <= max && constants_printable(s->file.p[at + n]))
		n++;
	return n;
}

/* Does a pointer lead to the beginning of a text, or into the middle of one? */
static bool into_text(const struct elf_strings *s, uint64_t address)
{
	size_t at, end;
	return address && place_of(s, address, &at, &end) && at > 0 && s->file.p[at - 1] && printable(s, at, end, LENGTH_MIN) >= LENGTH_MIN;
}

/* The text that a pointer in that place leads to; beside: the pointers two words before it and behind it, or 0. */
static bool text_of(const struct elf_strings *s, size_t slot, uint64_t address, const uint64_t beside[2], struct elf_string *out)
{
	size_t at, end;
	uint64_t length = 0;
	if (!place_of(s, address, &at, &end))
		return false;
	size_t n = printable(s, at, end, ELF_STRING_MAX);
	if (n < LENGTH_MIN)
		return false;
	bool ends = n <= ELF_STRING_MAX && at + n < end && s->file.p[at + n] == 0;
	/* Behind a NUL begins one of C, and what stands behind its pointer may be any number. So do the first of a run that has no bounds:
	 * then its neighbours in the table point into that. */
	bool begins = at > 0 && s->file.p[at - 1] == 0 && !into_text(s, beside[0]) && !into_text(s, beside[1]);
	bool known = word_at(s, slot + 8, &length) && length >= LENGTH_MIN && length <= ELF_STRING_MAX && length <= n;
	if (!known && !ends)
		return false;
	if (ends && begins)
		known = false;
	*out = (struct elf_string){slot, slot + (known ? 16 : 8), slice_sub(s->file, at, known ? (size_t)length : n)};
	return true;
}

static bool rela_at(const struct elf_strings *s, size_t at, Elf64_Rela *out)
{
	if (at < s->rela_begin || s->rela_end - s->rela_begin < sizeof(*out) || at > s->rela_end - sizeof(*out))
		return false;
	memcpy(out, s->file.p + at, sizeof(*out));
	return true;
}

static bool relative(const Elf64_Rela *r)
{
	return ELF64_R_TYPE(r->r_info) == R_X86_64_RELATIVE || ELF64_R_TYPE(r->r_info) == R_AARCH64_RELATIVE;
}

/* LEA r64, [RIP + disp32]: a prefix for 64 bits, 8D, and a byte that names the register. */
#define LEA_BYTES  7u
#define MOV_BYTES  5u
#define LOOK_AHEAD 24u
#define LOOK_BACK  12u

/* A length that an instruction at `k` loads: MOV r32, imm32; or, of a text that is put into memory, as members of a list are that is made
 * when it is used, MOV QWORD PTR [...], imm32 (REX.W C7 /0). */
static bool length_at(const struct elf_strings *s, size_t k, size_t stop, uint32_t *out)
{
	const uint8_t *p = s->file.p + k;
	size_t room = stop > k ? stop - k : 0, imm = 1;
	if (room < MOV_BYTES)
		return false;
	if ((p[0] & 0xfe) == 0x48 && p[1] == 0xc7 && (p[2] & 0x38) == 0) {
		unsigned mod = p[2] >> 6;
		bool sib = (p[2] & 7) == 4, far = mod == 2 || (mod == 0 && (p[2] & 7) == 5);
		imm = 3 + (size_t)sib + (far ? 4 : mod == 1);
		if (mod == 3)
			return false;
	} else if ((p[0] & 0xf8) != 0xb8) {
		return false;
	}
	if (room < imm + sizeof(*out))
		return false;
	memcpy(out, p + imm, sizeof(*out));
	return true;
}

/* The text that the instruction there loads: of the lengths that are loaded beside it, the first behind it that fits, else one before. */
static bool text_of_code(struct elf_strings *s, size_t at, uint64_t address, size_t begin, size_t stop, struct elf_string *out)
{
	int32_t far;
	memcpy(&far, s->file.p + at + 3, sizeof(far));
	size_t text, end;
	if (!place_of(s, address + LEA_BYTES + (uint64_t)(int64_t)far, &text, &end) ||
	        printable(s, text, end, ELF_STRING_CODE_MIN) < ELF_STRING_CODE_MIN)
		return false;
	size_t places[LOOK_AHEAD + LOOK_BACK], n = 0;
	for (size_t k = at + LEA_BYTES; k < at + LEA_BYTES + LOOK_AHEAD; k++)
		places[n++] = k;
	for (size_t k = 0; k < LOOK_BACK && at >= begin + MOV_BYTES + k; k++)
		places[n++] = at - MOV_BYTES - k;
	for (size_t i = 0; i < n; i++) {
		uint32_t length;
		if (!length_at(s, places[i], stop, &length))
			continue;
		if (length < ELF_STRING_CODE_MIN || length > ELF_STRING_CODE_MAX || length > end - text)
			continue;
		s->looks -= length < s->looks ? length : s->looks;
		if (length > printable(s, text, end, length))
			continue;
		*out = (struct elf_string){at, at + LEA_BYTES + MOV_BYTES, slice_sub(s->file, text, length)};
		return true;
	}
	return false;
}

static bool next_of_code(struct elf_strings *s, struct elf_string *out)
{
	for (; s->code < s->n; s->code++, s->instruction = s->code_from) {
		size_t begin = (size_t)s->segment[s->code].at, end = begin + (size_t)s->segment[s->code].n;
		size_t stop = s->stop < end ? s->stop : end;
		if (!s->segment[s->code].code)
			continue;
		for (size_t i = s->instruction < begin ? begin : s->instruction; s->looks && i + LEA_BYTES <= stop; i++) {
			const uint8_t *p = s->file.p + i;
			if (p[1] != 0x8d || (p[0] & 0xfb) != 0x48 || (p[2] & 0xc7) != 0x05)
				continue;
			s->instruction = i + 1;
			if (text_of_code(s, i, s->segment[s->code].address + (i - begin), begin, end, out))
				return true;
		}
	}
	return false;
}

bool elf_strings_next(struct elf_strings *s, struct elf_string *out)
{
	for (; s->next < s->n; s->next++, s->word = s->from) {
		size_t begin = (size_t)s->segment[s->next].at, end = begin + (size_t)s->segment[s->next].n;
		if (s->segment[s->next].code)
			continue;
		s->word = s->word < begin ? (begin + 7) & ~(size_t)7 : s->word;
		while (s->word < s->stop && s->word < end) {
			uint64_t address, beside[2] = {0};
			size_t at = s->word;
			s->word += 8;
			if ((at >= s->rela_begin && at < s->rela_end) || !word_at(s, at, &address) || address == 0)
				continue;
			if (at >= begin + 16)
				(void)word_at(s, at - 16, &beside[0]);
			(void)word_at(s, at + 16, &beside[1]);
			if (text_of(s, at, address, beside, out))
				return true;
		}
	}
	for (Elf64_Rela r; s->relas && rela_at(s, s->rela, &r); s->relas--) {
		Elf64_Rela before = {0}, behind = {0};
		size_t at, end;
		uint64_t there = 0;
		if (s->rela > s->rela_begin)
			(void)rela_at(s, s->rela - sizeof(r), &before);
		s->rela += sizeof(r);
		(void)rela_at(s, s->rela, &behind);
		if (!relative(&r) || !place_of(s, r.r_offset, &at, &end) || at < s->from || at >= s->stop)
			continue;
		/* Some linkers write it into the place, too. */
		if (word_at(s, at, &there) && there == (uint64_t)r.r_addend)
			continue;
		const uint64_t beside[2] = {relative(&before) && before.r_offset == r.r_offset - 16 ? (uint64_t)before.r_addend : 0,
		        relative(&behind) && behind.r_offset == r.r_offset + 16 ? (uint64_t)behind.r_addend : 0};
		if (text_of(s, at, (uint64_t)r.r_addend, beside, out))
			return true;
	}
	return next_of_code(s, out);
}
