#include "parse/elf.h"

#include "base/cursor.h"

/* A number of n bytes in the file's order. */
static uint64_t number(const struct elf *e, struct cursor *c, size_t n)
{
	uint64_t v = cursor_be(c, n);
	if (e->big)
		return v;
	uint64_t r = 0;
	for (size_t i = 0; i < n; i++, v >>= 8)
		r = r << 8 | (v & 0xff);
	return r;
}

static uint64_t address(const struct elf *e, struct cursor *c)
{
	return number(e, c, e->wide ? 8 : 4);
}

static struct elf_span cut(const struct elf *e, uint64_t at, uint64_t n)
{
	if (at >= e->size)
		return (struct elf_span){0};
	return (struct elf_span){at, n > e->size - at ? e->size - at : n};
}

static size_t section_size(const struct elf *e)
{
	return e->wide ? 64 : 40;
}

static size_t segment_size(const struct elf *e)
{
	return e->wide ? 56 : 32;
}

static struct elf_span table(const struct elf *e, uint64_t at, size_t count, size_t entry, size_t expected)
{
	if (at == 0 || entry != expected)
		return (struct elf_span){0};
	struct elf_span s = cut(e, at, (uint64_t)count * entry);
	s.n -= s.n % entry;
	return s;
}

bool elf_header(struct slice head, uint64_t size, struct elf *out)
{
	struct elf e = {.size = size};
	struct cursor c = cursor_of(slice_sub(head, 0, ELF_HEADER_MAX));
	if (!slice_eq(cursor_take(&c, 4), SLICE("\x7f"
	                                        "ELF")))
		return false;
	uint8_t class = cursor_u8(&c), order = cursor_u8(&c);
	e.wide = class == 2;
	e.big = order == 2;
	(void)cursor_take(&c, 10);
	e.type = (uint16_t)number(&e, &c, 2);
	e.machine = (uint16_t)number(&e, &c, 2);
	(void)number(&e, &c, 4);
	(void)address(&e, &c);
	uint64_t segments = address(&e, &c), sections = address(&e, &c);
	(void)number(&e, &c, 6);
	size_t segment_entry = (size_t)number(&e, &c, 2), segment_n = (size_t)number(&e, &c, 2);
	size_t section_entry = (size_t)number(&e, &c, 2), section_n = (size_t)number(&e, &c, 2);
	e.names = (unsigned)number(&e, &c, 2);
	if (!cursor_ok(&c) || class < 1 || class > 2 || order < 1 || order > 2)
		return false;
	e.segments = table(&e, segments, segment_n, segment_entry, segment_size(&e));
	e.sections = table(&e, sections, section_n, section_entry, section_size(&e));
	*out = e;
	return true;
}

size_t elf_section_count(const struct elf *e, struct slice t)
{
	return t.n / section_size(e);
}

size_t elf_segment_count(const struct elf *e, struct slice t)
{
	return t.n / segment_size(e);
}

struct elf_section elf_section(const struct elf *e, struct slice t, size_t i)
{
	struct elf_section s = {0};
	struct cursor c = cursor_of(slice_sub(t, i * section_size(e), section_size(e)));
	s.name = (uint32_t)number(e, &c, 4);
	s.type = (uint32_t)number(e, &c, 4);
	(void)address(e, &c);
	(void)address(e, &c);
	uint64_t at = address(e, &c), n = address(e, &c);
	if (cursor_ok(&c) && s.type != 0 && s.type != 8) /* SHT_NULL, SHT_NOBITS */
		s.data = cut(e, at, n);
	return s;
}

struct slice elf_name(struct slice names, uint32_t at)
{
	struct slice s = slice_from(names, at);
	size_t end = slice_chr(s, 0, 0);
	return end == SLICE_NPOS ? SLICE_NONE : slice_sub(s, 0, end);
}

struct elf_segment elf_segment(const struct elf *e, struct slice t, size_t i)
{
	struct elf_segment s = {0};
	struct cursor c = cursor_of(slice_sub(t, i * segment_size(e), segment_size(e)));
	s.type = (uint32_t)number(e, &c, 4);
	if (e->wide)
		(void)number(e, &c, 4);
	uint64_t at = address(e, &c);
	(void)address(e, &c);
	(void)address(e, &c);
	uint64_t n = address(e, &c);
	if (cursor_ok(&c))
		s.data = cut(e, at, n);
	return s;
}

static void reach(uint64_t *end, struct elf_span s)
{
	if (s.at + s.n > *end)
		*end = s.at + s.n;
}

uint64_t elf_end(const struct elf *e, struct slice sections, struct slice segments)
{
	uint64_t end = e->wide ? 64 : 52;
	reach(&end, e->sections);
	reach(&end, e->segments);
	for (size_t i = 0; i < elf_section_count(e, sections); i++)
		reach(&end, elf_section(e, sections, i).data);
	for (size_t i = 0; i < elf_segment_count(e, segments); i++)
		reach(&end, elf_segment(e, segments, i).data);
	return end < e->size ? end : e->size;
}

bool elf_note(const struct elf *e, struct slice *rest, struct elf_note *out)
{
	struct cursor c = cursor_of(*rest);
	struct elf_note note = {0};
	size_t name = (size_t)number(e, &c, 4), data = (size_t)number(e, &c, 4);
	note.type = (uint32_t)number(e, &c, 4);
	if (!cursor_ok(&c))
		return false;
	size_t padded = (name + 3) & ~(size_t)3;
	note.name = cursor_take(&c, padded);
	if (!cursor_ok(&c))
		return false;
	note.name = slice_sub(note.name, 0, name);
	if (note.name.n && note.name.p[note.name.n - 1] == 0)
		note.name.n--;
	struct slice after = slice_from(*rest, c.at);
	note.data = slice_sub(after, 0, data);
	*rest = slice_from(after, (data + 3) & ~(size_t)3);
	*out = note;
	return true;
}
