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
	uint64_t strings, size, soname, symbols, hash, gnu_hash;
	bool has_strings, has_size, has_soname, has_symbols, has_hash, has_gnu_hash;
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
		if (d.d_tag == DT_SYMTAB)
			t->has_symbols = offset(m, d.d_un.d_ptr, &t->symbols);
		if (d.d_tag == DT_HASH)
			t->has_hash = offset(m, d.d_un.d_ptr, &t->hash);
		if (d.d_tag == DT_GNU_HASH)
			t->has_gnu_hash = offset(m, d.d_un.d_ptr, &t->gnu_hash);
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

/* How many symbols to look at: all of them by the old table of hashes, whose chains are one a symbol; by the new one those in front of the
 * first that is hashed, as what is taken from others is in no hash. 0: not known. */
static uint32_t symbols(elfnames_read *read, void *arg, const struct table *t)
{
	uint32_t word = 0;
	bool known = t->has_gnu_hash ? read(arg, t->gnu_hash + 4, &word, sizeof(word))
	                             : t->has_hash && read(arg, t->hash + 4, &word, sizeof(word));
	return !known ? 0 : word < ELFNAMES_TAKEN_MAX ? word : ELFNAMES_TAKEN_MAX;
}

bool elfnames_taken(elfnames_read *read, void *arg, bool (*name)(void *arg, struct slice name), void *name_arg)
{
	struct image m = {0};
	struct table t = {0};
	if (!segments(read, arg, &m) || !dynamic(read, arg, &m, &t) || !t.has_symbols)
		return false;
	uint32_t n = symbols(read, arg, &t);
	for (uint32_t i = 1; i < n; i++) {
		Elf64_Sym s;
		char text[ELFNAMES_NAME_MAX + 1];
		if (!read(arg, t.symbols + i * sizeof(s), &s, sizeof(s)))
			return false;
		if (s.st_shndx != SHN_UNDEF || s.st_name == 0 || s.st_name >= t.size)
			continue;
		uint64_t left = t.size - s.st_name, size = left < sizeof(text) ? left : sizeof(text);
		if (!read(arg, t.strings + s.st_name, text, (size_t)size))
			return false;
		const char *end = memchr(text, 0, (size_t)size);
		if (end && end > text && !name(name_arg, slice_of(text, (size_t)(end - text))))
			return true;
	}
	return n > 0;
}
