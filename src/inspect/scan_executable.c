/* Executables. Machine code is not read, and that is said. What is: the program that a single-file executable carries in plain text (Bun,
 * Node's single executable applications, pkg and others of their kind: wherever a piece of text of some length stands that no machine code
 * needs), and of the machine code itself what it shares with others or names (scan_posture.c). */
#include <stdio.h>

#include "inspect/scan_part.h"
#include "inspect/scan_posture.h"
#include "parse/elf.h"

#define PROGRAM_MIN 4096u  /* bytes: what is shorter are messages */
#define PROGRAM_ODD 65536u /* the same, where it has bytes that are no text: tables of strings have those */
#define PROGRAMS    256u
#define SPANS       8u
#define CONTROL_MAX 1000u /* of so many bytes one may be a control character */
#define NOTE        4u    /* a segment's type */

const char *scan_native(struct slice b, const char *name)
{
	static const struct {
		struct slice mark;
		const char *form;
	} marks[] = {
	        {SLICE_INIT("\177ELF"), "ELF"}, {SLICE_INIT("\xcf\xfa\xed\xfe"), "Mach-O"}, {SLICE_INIT("\xce\xfa\xed\xfe"), "Mach-O"}};
	static const char *const called[] = {".node", ".dll", ".exe", ".pyd", ".dylib", ".so"};
	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (slice_starts(b, marks[i].mark))
			return marks[i].form;
	for (size_t i = 0; i < ARRAY_LEN(called); i++)
		if (scan_has_suffix(name, called[i]) && slice_starts(b, SLICE("MZ")))
			return "PE";
		else if (scan_has_suffix(name, called[i]) && slice_starts(b, SLICE("\xca\xfe\xba\xbe")))
			return "Mach-O";
	return NULL;
}

struct spans {
	struct elf_span span[SPANS];
	size_t n;
	bool more; /* than are kept */
};

static void add_span(struct spans *s, struct elf_span span)
{
	if (span.n < PROGRAM_MIN)
		return;
	if (s->n < SPANS)
		s->span[s->n++] = span;
	else
		s->more = true;
}

static struct slice part(struct slice file, struct elf_span s)
{
	return slice_sub(file, (size_t)s.at, (size_t)s.n);
}

static bool is_sea(const struct elf *e, struct slice notes)
{
	struct elf_note note;
	while (elf_note(e, &notes, &note))
		if (slice_is(note.name, "NODE_SEA_BLOB"))
			return true;
	return false;
}

/* Where an executable has what its linker did not put there. */
static void find_spans(struct slice file, const struct elf *e, struct spans *out)
{
	struct slice sections = part(file, e->sections), segments = part(file, e->segments), names = SLICE_NONE;
	if (e->names < elf_section_count(e, sections))
		names = part(file, elf_section(e, sections, e->names).data);
	for (size_t i = 0; i < elf_section_count(e, sections); i++) {
		struct elf_section s = elf_section(e, sections, i);
		if (slice_is(elf_name(names, s.name), ".bun"))
			add_span(out, s.data);
	}
	for (size_t i = 0; i < elf_segment_count(e, segments); i++) {
		struct elf_segment s = elf_segment(e, segments, i);
		if (s.type == NOTE && s.data.n >= PROGRAM_MIN && is_sea(e, part(file, s.data)))
			add_span(out, s.data);
	}
	uint64_t end = elf_end(e, sections, segments);
	if (end < file.n)
		add_span(out, (struct elf_span){end, file.n - end});
}

static bool is_program(struct slice text)
{
	size_t control = 0, letters = 0;
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		control += (c < 0x20 && !(c >= '\t' && c <= '\r')) || c == 0x7f;
		letters += c >= 0x20 && c < 0x7f;
	}
	return control <= text.n / CONTROL_MAX && letters > text.n / 2;
}

/* Looks into each text of a span, which end with NUL. Named as what these runtimes run. */
static size_t programs(struct scan *s, const struct scan_input *in, struct elf_span span)
{
	struct slice all = part(in->bytes, span);
	size_t found = 0;
	for (size_t at = 0, end; at < all.n && found < PROGRAMS; at = end + 1) {
		end = slice_chr(all, '\0', at);
		end = end == SLICE_NPOS ? all.n : end;
		struct slice text = slice_sub(all, at, end - at);
		if (text.n < PROGRAM_MIN || !is_program(text) || (text.n < PROGRAM_ODD && !scan_is_text(text)) || !scan_steps(s, in, 1))
			continue;
		char label[64];
		const char *form = slice_starts(slice_trim(text), SLICE("<")) ? "html" : "js";
		(void)snprintf(label, sizeof(label), "program at %llu.%s", (unsigned long long)span.at + at, form);
		found++;
		(void)scan_into(s, in, label, text, text.n, false);
	}
	if (found == PROGRAMS)
		scan_found(s, in, SCAN_RULE_LIMIT, span.at, span.n, "more than %u programs", PROGRAMS);
	return found;
}

bool scan_executable_look(struct scan *s, const struct scan_input *in)
{
	const char *form = scan_native(in->bytes, in->name);
	struct spans spans = {.n = 0};
	struct elf e;
	size_t found = 0;
	if (!form || in->quiet)
		return false;
	scan_found(s, in, SCAN_RULE_MACHINE_CODE, 0, in->size, "%s", form);
	if (in->bytes.n == in->size && elf_header(in->bytes, in->size, &e))
		find_spans(in->bytes, &e, &spans);
	for (size_t i = 0; i < spans.n; i++)
		found += programs(s, in, spans.span[i]);
	if (spans.more)
		scan_found(s, in, SCAN_RULE_LIMIT, 0, in->size, "more than %u parts that can hold programs", SPANS);
	scan_posture_executable(s, in, spans.span, spans.n, found > 0);
	return true;
}
