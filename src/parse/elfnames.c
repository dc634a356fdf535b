#include "parse/elfnames.h"

#include <elf.h>

#define SEGMENTS_MAX 64u
#define DYNAMIC_MAX  1024u
#define WINDOW       16384u

enum elfnames_kind elfnames_kind(struct slice head)
{
	Elf64_Ehdr h;
	if (head.n < sizeof(h))
		return ELFNAMES_NONE;
	memcpy(&h, head.p, sizeof(h));
	if (memcmp(h.e_ident, ELFMAG, SELFMAG) != 0 || h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_ident[EI_DATA] != ELFDATA2LSB)
		return ELFNAMES_NONE;
	return h.e_type == ET_EXEC || h.e_type == ET_DYN ? ELFNAMES_LOADED : ELFNAMES_OTHER;
}

struct image {
	Elf64_Phdr segment[SEGMENTS_MAX];
	size_t n;
};

/* Where the bytes of an address lie in the file. */
static bool offset(const struct image *m, uint64_t address, uint64_t *out)
{
	for (size_t i = 0; i < m->n; i++) {
		const Elf64_Phdr *s = &m->segment[i];
		if (s->p_type == PT_LOAD && address >= s->p_vaddr && address - s->p_vaddr < s->p_filesz &&
		        s->p_offset <= UINT64_MAX - (address - s->p_vaddr)) {
			*out = s->p_offset + (address - s->p_vaddr);
			return true;
		}
	}
	return false;
}

static bool segments(elfnames_read *read, void *arg, struct image *m)
{
	Elf64_Ehdr h;
	if (!read(arg, 0, &h, sizeof(h)) || elfnames_kind(slice_of(&h, sizeof(h))) != ELFNAMES_LOADED ||
	        h.e_phentsize != sizeof(Elf64_Phdr) || h.e_phnum == 0 || h.e_phnum > SEGMENTS_MAX)
		return false;
	m->n = h.e_phnum;
	return read(arg, h.e_phoff, m->segment, m->n * sizeof(m->segment[0]));
}

struct table {
	uint64_t strings, size, soname;
	bool has_strings, has_size, has_soname;
};

static bool dynamic(elfnames_read *read, void *arg, const struct image *m, struct table *t)
{
	const Elf64_Phdr *s = NULL;
	for (size_t i = 0; i < m->n && !s; i++)
		if (m->segment[i].p_type == PT_DYNAMIC)
			s = &m->segment[i];
	if (!s)
		return false;
	for (uint64_t i = 0; i < DYNAMIC_MAX && i < s->p_filesz / sizeof(Elf64_Dyn); i++) {
		Elf64_Dyn d;
		if (s->p_offset > UINT64_MAX / 2 || !read(arg, s->p_offset + i * sizeof(d), &d, sizeof(d)) || d.d_tag == DT_NULL)
			break;
		if (d.d_tag == DT_STRTAB)
			t->has_strings = offset(m, d.d_un.d_ptr, &t->strings);
		if (d.d_tag == DT_STRSZ) {
			t->size = d.d_un.d_val;
			t->has_size = true;
		}
		if (d.d_tag == DT_SONAME) {
			t->soname = d.d_un.d_val;
			t->has_soname = true;
		}
	}
	return t->has_strings && t->has_size;
}

bool elfnames(elfnames_read *read, void *arg, bool (*name)(void *arg, struct slice name), void *name_arg, char soname[64])
{
	struct image m = {0};
	struct table t = {0};
	char window[WINDOW];
	soname[0] = 0;
	if (!segments(read, arg, &m) || !dynamic(read, arg, &m, &t))
		return false;
	uint64_t size = t.size > ELFNAMES_BYTES_MAX ? ELFNAMES_BYTES_MAX : t.size;
	if (t.strings > UINT64_MAX - size)
		return false;
	if (t.has_soname && t.soname < size) {
		uint64_t n = size - t.soname > 63 ? 63 : size - t.soname;
		if (!read(arg, t.strings + t.soname, soname, (size_t)n))
			return false;
		soname[n] = 0;
	}
	/* A window at a time; the beginning of a name that is cut goes in front of the next. A name longer than a window is none. */
	size_t kept = 0;
	for (uint64_t at = 0; at < size;) {
		size_t n = size - at > WINDOW - kept ? WINDOW - kept : (size_t)(size - at);
		if (!read(arg, t.strings + at, window + kept, n))
			return false;
		at += n;
		n += kept;
		size_t from = 0;
		for (const char *end; from < n && (end = memchr(window + from, 0, n - from)); from = (size_t)(end - window) + 1)
			if (end > window + from && !name(name_arg, slice_of(window + from, (size_t)(end - window) - from)))
				return true;
		kept = from == 0 ? 0 : n - from;
		memmove(window, window + from, kept);
	}
	return true;
}
