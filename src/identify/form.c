/* How a file is built: from its first bytes, and for ELF from its outline. Single-file executables are told by what their makers put
 * there for their own start-up code to find. */
#include <errno.h>
#include <stdlib.h>

#include "identify/identify_part.h"
#include "parse/elf.h"

#define TABLE_MAX ((uint64_t)ELF_TABLE_MAX * 64)
#define NAMES_MAX ((uint64_t)1 << 20)
#define NOTES_MAX ((uint64_t)4096)
#define TAIL_MAX  ((uint64_t)65536)

static const char *const form_names[] = {
        [IDENTIFY_FORM_OTHER] = "other",
        [IDENTIFY_FORM_ELF] = "elf",
        [IDENTIFY_FORM_SINGLE] = "single",
        [IDENTIFY_FORM_SCRIPT] = "script",
        [IDENTIFY_FORM_ARCHIVE] = "archive",
};

const char *identify_form_name(enum identify_form f)
{
	return form_names[f];
}

/* At most max bytes; what cannot be read is not there. */
static struct slice read_span(int fd, struct elf_span s, uint64_t max, struct buf *into)
{
	size_t want = (size_t)(s.n < max ? s.n : max), got = 0;
	buf_reset(into);
	uint8_t *p = want ? buf_room(into, want) : NULL;
	while (p && got < want) {
		ssize_t n = pread(fd, p + got, want - got, (off_t)(s.at + got));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	into->n = got;
	return buf_slice(into);
}

static void add_range(struct form *f, uint64_t from, uint64_t to)
{
	if (f->n_first < FORM_RANGES && from < to)
		f->first[f->n_first++] = (struct range){from, to};
}

/* Sections that only single-file executables have, and the one with the constants of ordinary programs. */
static const struct {
	const char *name;
	bool single;
} telling[] = {
        {".bun", true},
        {"pydata", true},
        {".rodata", false},
};

/* What stands near the end of the file. */
static const struct slice ends[] = {
        SLICE_INIT("\n---- Bun! ----\n"),
        SLICE_INIT("d3n0l4nd"),
        SLICE_INIT("MEI\014\013\012\013\016"),
        SLICE_INIT("pkg/prelude/bootstrap.js"),
};

static bool sea_note(int fd, const struct elf *e, struct slice segments, struct form *f)
{
	_cleanup_buf_ struct buf b = BUF(NOTES_MAX);
	for (size_t i = 0; i < elf_segment_count(e, segments); i++) {
		struct elf_segment s = elf_segment(e, segments, i);
		struct elf_note note;
		if (s.type != 4)
			continue;
		struct slice rest = read_span(fd, s.data, NOTES_MAX, &b);
		while (elf_note(e, &rest, &note))
			if (slice_is(note.name, "NODE_SEA_BLOB")) {
				add_range(f, s.data.at, s.data.at + s.data.n);
				return true;
			}
	}
	return false;
}

static void form_of_elf(int fd, struct slice head, const struct elf *e, struct form *f)
{
	_cleanup_buf_ struct buf sections_buf = BUF(TABLE_MAX), segments_buf = BUF(TABLE_MAX), names_buf = BUF(NAMES_MAX),
	                         tail_buf = BUF(TAIL_MAX);
	struct slice sections = read_span(fd, e->sections, TABLE_MAX, &sections_buf);
	struct slice segments = read_span(fd, e->segments, TABLE_MAX, &segments_buf), names = SLICE_NONE;
	struct form plain = {0};
	f->form = IDENTIFY_FORM_ELF;
	if (e->names < elf_section_count(e, sections))
		names = read_span(fd, elf_section(e, sections, e->names).data, NAMES_MAX, &names_buf);
	for (size_t i = 0; i < elf_section_count(e, sections); i++) {
		struct elf_section s = elf_section(e, sections, i);
		struct slice name = elf_name(names, s.name);
		for (size_t k = 0; k < ARRAY_LEN(telling); k++)
			if (slice_is(name, telling[k].name) && s.data.n) {
				add_range(telling[k].single ? f : &plain, s.data.at, s.data.at + s.data.n);
				if (telling[k].single)
					f->form = IDENTIFY_FORM_SINGLE;
			}
	}
	if (sea_note(fd, e, segments, f))
		f->form = IDENTIFY_FORM_SINGLE;
	uint64_t end = elf_end(e, sections, segments);
	if (end < e->size) {
		uint64_t tail_at = e->size - end < TAIL_MAX ? end : e->size - TAIL_MAX;
		struct slice tail = read_span(fd, (struct elf_span){tail_at, e->size - tail_at}, TAIL_MAX, &tail_buf);
		for (size_t i = 0; i < ARRAY_LEN(ends); i++)
			if (slice_find(tail, ends[i], 0) != SLICE_NPOS)
				f->form = IDENTIFY_FORM_SINGLE;
		add_range(f, end, e->size);
	}
	struct slice mark = slice_sub(head, 8, 3); /* of an AppImage, in the padding of the ELF identification */
	if (slice_eq(mark, SLICE("AI\x01")) || slice_eq(mark, SLICE("AI\x02")))
		f->form = IDENTIFY_FORM_SINGLE;
	for (unsigned i = 0; i < plain.n_first; i++)
		add_range(f, plain.first[i].from, plain.first[i].to);
}

/* No flags that RFC 1952 reserves, and a compression that somebody writes. */
static bool is_gzip(struct slice s)
{
	return s.n >= 10 && !(s.p[3] & 0xe0) && (s.p[8] == 0 || s.p[8] == 2 || s.p[8] == 4);
}

static bool is_bzip2(struct slice s)
{
	return slice_eq(slice_sub(s, 4, 6), SLICE("1AY&SY"));
}

static const struct {
	size_t at;
	struct slice magic;
	bool packs;                     /* executables carry their program in it */
	bool (*begins)(struct slice s); /* what else must hold where it may stand anywhere; NULL: nothing */
} archives[] = {
        {0, SLICE_INIT("\x1f\x8b\x08"), true, is_gzip},
        {0, SLICE_INIT("\x28\xb5\x2f\xfd"), true, NULL},
        {0,
                SLICE_INIT("\xfd"
                           "7zXZ"),
                true, NULL},
        {0, SLICE_INIT("BZh"), true, is_bzip2},
        {0, SLICE_INIT("PK\x03\x04"), true, NULL},
        {0, SLICE_INIT("!<arch>\n"), false, NULL},
        {0, SLICE_INIT("\x04\x22\x4d\x18"), false, NULL},
        {257, SLICE_INIT("ustar"), false, NULL},
};

bool form_is_archive(struct slice head)
{
	for (size_t i = 0; i < ARRAY_LEN(archives); i++)
		if (slice_eq(slice_sub(head, archives[i].at, archives[i].magic.n), archives[i].magic))
			return true;
	return false;
}

size_t form_find_archive(struct slice s)
{
	bool first[256] = {false};
	for (size_t k = 0; k < ARRAY_LEN(archives); k++)
		first[archives[k].magic.p[0]] |= archives[k].packs;
	for (size_t i = 0; i + 4 < s.n; i++) {
		struct slice rest = slice_from(s, i);
		for (size_t k = 0; first[s.p[i]] && k < ARRAY_LEN(archives); k++)
			if (archives[k].packs && slice_starts(rest, archives[k].magic) && (!archives[k].begins || archives[k].begins(rest)))
				return i;
	}
	return SLICE_NPOS;
}

/* Text in which two of these stand is code. */
static bool is_script(struct slice head)
{
	static const char *const words[] = {"import ", "require(", "function", "=>", "const ", "var ", "let ", "export ", "return ",
	        "\"use strict\"", "def ", "class ", "from ", "self.", "if [", "fi\n", "esac", "echo ", "exports."};
	unsigned seen = 0;
	if (slice_starts(head, SLICE("#!")))
		return true;
	head = slice_sub(head, 0, 16384);
	if (slice_chr(head, 0, 0) != SLICE_NPOS)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		seen += slice_find(head, slice_str(words[i]), 0) != SLICE_NPOS;
	return seen >= 2;
}

void form_of(int fd, struct slice head, uint64_t size, struct form *out)
{
	struct elf e;
	*out = (struct form){.form = IDENTIFY_FORM_OTHER};
	if (elf_header(head, size, &e))
		form_of_elf(fd, head, &e, out);
	else if (form_is_archive(head))
		out->form = IDENTIFY_FORM_ARCHIVE;
	else if (is_script(head))
		out->form = IDENTIFY_FORM_SCRIPT;
}
