#include "confine/vdso.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/cleanup.h"

#define PAGE 4096u
/* At the very end: it has been changed. */
static const uint8_t mark[8] = {'P', 'o', 's', 't', 'e', 'r', 'n', 1};

/* ---- our code ---- */

#if defined(__x86_64__)
#define HAVE_CODE 1
/* clock_gettime(2), gettimeofday(2) and time(2) as the vDSO has them (errors are negative numbers, but there are none). The calendar
 * follows from CLOCK_MONOTONIC, which nobody changes, so that it does not matter whether the kernel's code asks the kernel for it. */
__asm__(".pushsection .rodata\n"
        ".balign 16\n"
        "vdso_code:\n"
        "vdso_code_before: .quad 0\n" /* from vdso_code to the kernel's clock_gettime */
        "vdso_code_from: .quad 0\n"
        "vdso_code_date: .quad 0\n"
        "vdso_code_speed: .quad 0\n"
        /* edi: a clock of the kernel's; rax: the calendar's nanoseconds */
        "vdso_now:\n"
        "	subq $24, %rsp\n"
        "	movq %rsp, %rsi\n"
        "	leaq vdso_code(%rip), %rax\n"
        "	addq vdso_code_before(%rip), %rax\n"
        "	call *%rax\n"
        "	imulq $1000000000, (%rsp), %rax\n"
        "	addq 8(%rsp), %rax\n"
        "	addq $24, %rsp\n"
        "	subq vdso_code_from(%rip), %rax\n"
        "	imulq vdso_code_speed(%rip)\n"
        "	shrdq $16, %rdx, %rax\n"
        "	addq vdso_code_date(%rip), %rax\n"
        "	ret\n"
        ".balign 16\n"
        "vdso_code_gettime:\n"
        "	testl %edi, %edi\n" /* CLOCK_REALTIME */
        "	je 1f\n"
        "	cmpl $5, %edi\n" /* CLOCK_REALTIME_COARSE */
        "	je 2f\n"
        "	cmpl $11, %edi\n" /* CLOCK_TAI */
        "	je 1f\n"
        "	leaq vdso_code(%rip), %rax\n"
        "	addq vdso_code_before(%rip), %rax\n"
        "	jmp *%rax\n"
        "1:	movl $1, %edi\n" /* CLOCK_MONOTONIC */
        "	jmp 3f\n"
        "2:	movl $6, %edi\n" /* CLOCK_MONOTONIC_COARSE */
        "3:	pushq %rsi\n"
        "	call vdso_now\n"
        "	popq %rsi\n"
        "	xorl %edx, %edx\n"
        "	movl $1000000000, %ecx\n"
        "	divq %rcx\n"
        "	movq %rax, (%rsi)\n"
        "	movq %rdx, 8(%rsi)\n"
        "	xorl %eax, %eax\n"
        "	ret\n"
        ".balign 16\n"
        "vdso_code_timeofday:\n"
        "	testq %rsi, %rsi\n"
        "	je 1f\n"
        "	movq $0, (%rsi)\n" /* the zone: none */
        "1:	testq %rdi, %rdi\n"
        "	je 2f\n"
        "	pushq %rdi\n"
        "	movl $1, %edi\n"
        "	call vdso_now\n"
        "	popq %rdi\n"
        "	xorl %edx, %edx\n"
        "	movl $1000000000, %ecx\n"
        "	divq %rcx\n"
        "	movq %rax, (%rdi)\n"
        "	movl %edx, %eax\n"
        "	xorl %edx, %edx\n"
        "	movl $1000, %ecx\n"
        "	divl %ecx\n"
        "	movq %rax, 8(%rdi)\n"
        "2:	xorl %eax, %eax\n"
        "	ret\n"
        ".balign 16\n"
        "vdso_code_time:\n"
        "	pushq %rdi\n"
        "	movl $6, %edi\n"
        "	call vdso_now\n"
        "	popq %rdi\n"
        "	xorl %edx, %edx\n"
        "	movl $1000000000, %ecx\n"
        "	divq %rcx\n"
        "	testq %rdi, %rdi\n"
        "	je 1f\n"
        "	movq %rax, (%rdi)\n"
        "1:	ret\n"
        "vdso_code_end:\n"
        ".popsection\n");
extern const uint8_t vdso_code[], vdso_code_gettime[], vdso_code_timeofday[], vdso_code_time[], vdso_code_end[];
struct code_head {
	int64_t before, from, date;
	uint64_t speed;
};
#endif

/* ---- the image ---- */

static const Elf64_Shdr *section(const uint8_t *image, size_t n, unsigned i)
{
	const Elf64_Ehdr *e = (const void *)image;
	size_t at = e->e_shoff + (size_t)i * sizeof(Elf64_Shdr);
	return i < e->e_shnum && e->e_shoff < n && at + sizeof(Elf64_Shdr) <= n && at % 8 == 0 ? (const void *)(image + at) : NULL;
}

/* The table of symbols that a dynamic linker uses, and its names. */
static bool symbols(uint8_t *image, size_t n, Elf64_Sym **table, size_t *count, const char **names, size_t *names_n)
{
	const Elf64_Ehdr *e = (const void *)image;
	if (n < sizeof(*e) || memcmp(e->e_ident, ELFMAG, SELFMAG) != 0 || e->e_ident[EI_CLASS] != ELFCLASS64 ||
	        e->e_shentsize != sizeof(Elf64_Shdr))
		return false;
	for (unsigned i = 0; i < e->e_shnum; i++) {
		const Elf64_Shdr *s = section(image, n, i), *t = s && s->sh_type == SHT_DYNSYM ? section(image, n, s->sh_link) : NULL;
		if (!t || s->sh_offset > n || s->sh_size > n - s->sh_offset || s->sh_offset % 8 || t->sh_offset > n ||
		        t->sh_size > n - t->sh_offset || t->sh_size == 0 || image[t->sh_offset + t->sh_size - 1] != 0)
			continue;
		*table = (void *)(image + s->sh_offset);
		*count = s->sh_size / sizeof(Elf64_Sym);
		*names = (const char *)(image + t->sh_offset);
		*names_n = t->sh_size;
		return true;
	}
	return false;
}

/* Behind all that its tables speak of. */
static size_t end_of(const uint8_t *image, size_t n)
{
	const Elf64_Ehdr *e = (const void *)image;
	size_t end = e->e_shoff + (size_t)e->e_shnum * sizeof(Elf64_Shdr);
	for (unsigned i = 0; i < e->e_shnum; i++) {
		const Elf64_Shdr *s = section(image, n, i);
		if (s && s->sh_type != SHT_NOBITS && s->sh_offset + s->sh_size > end)
			end = s->sh_offset + s->sh_size;
	}
	return end;
}

#if defined(HAVE_CODE)
static const struct {
	const char *name;
	const uint8_t *code;
} moved[] = {{"clock_gettime", vdso_code_gettime}, {"__vdso_clock_gettime", vdso_code_gettime}, {"gettimeofday", vdso_code_timeofday},
        {"__vdso_gettimeofday", vdso_code_timeofday}, {"time", vdso_code_time}, {"__vdso_time", vdso_code_time}};

static const Elf64_Sym *find(const Elf64_Sym *table, size_t count, const char *names, size_t names_n, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (table[i].st_name < names_n && strcmp(names + table[i].st_name, name) == 0 && table[i].st_shndx != SHN_UNDEF)
			return &table[i];
	return NULL;
}

static bool put_clock(struct vdso *v, Elf64_Sym *table, size_t count, const char *names, size_t names_n, const struct vdso_clock *clock)
{
	size_t at = (end_of(v->bytes, v->n) + 15) & ~(size_t)15, size = (size_t)(vdso_code_end - vdso_code);
	const Elf64_Sym *old = find(table, count, names, names_n, "__vdso_clock_gettime");
	if (!old || at > v->n || v->n - at < size + sizeof(mark))
		return false;
	for (size_t i = at; i < v->n; i++)
		if (v->bytes[i] != 0)
			return false;
	struct code_head head = {
	        .before = (int64_t)old->st_value - (int64_t)at, .from = clock->from_ns, .date = clock->at_ns, .speed = clock->speed};
	memcpy(v->bytes + at, vdso_code, size);
	memcpy(v->bytes + at, &head, sizeof(head));
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < ARRAY_LEN(moved); k++)
			if (table[i].st_name < names_n && strcmp(names + table[i].st_name, moved[k].name) == 0)
				table[i].st_value = at + (size_t)(moved[k].code - vdso_code);
	return true;
}
#endif

/* Programs that look for it find that this kernel has none, as one before 6.11. */
static void hide_getrandom(Elf64_Sym *table, size_t count, const char *names, size_t names_n)
{
	static const char *const hidden[] = {"__vdso_getrandom", "getrandom", "__kernel_getrandom"};
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < ARRAY_LEN(hidden); k++)
			if (table[i].st_name < names_n && strcmp(names + table[i].st_name, hidden[k]) == 0)
				table[i].st_shndx = SHN_UNDEF;
}

/* Runs of bytes that differ, those close together as one. */
static bool compare(struct vdso *v, const uint8_t *image)
{
	for (uint32_t i = 0; i < v->n; i++) {
		if (v->bytes[i] == image[i])
			continue;
		if (v->n_spans && i - (v->spans[v->n_spans - 1].at + v->spans[v->n_spans - 1].n) < 64) {
			v->spans[v->n_spans - 1].n = i + 1 - v->spans[v->n_spans - 1].at;
			continue;
		}
		if (v->n_spans == VDSO_SPANS)
			return false;
		v->spans[v->n_spans].at = i;
		v->spans[v->n_spans++].n = 1;
	}
	return true;
}

void vdso_change(struct vdso *v, const uint8_t *image, size_t n, const struct vdso_clock *clock)
{
	Elf64_Sym *table;
	const char *names;
	size_t count, names_n;
	v->n = v->n_spans = 0;
	v->clock = false;
	if (n < PAGE || n > VDSO_MAX || n % PAGE)
		return;
	memcpy(v->bytes, image, n);
	if (!symbols(v->bytes, n, &table, &count, &names, &names_n) || end_of(image, n) > n - sizeof(mark))
		return;
	v->n = n;
#if defined(HAVE_CODE)
	v->clock = clock && put_clock(v, table, count, names, names_n, clock);
#else
	(void)clock;
#endif
	hide_getrandom(table, count, names, names_n);
	memcpy(v->bytes + n - sizeof(mark), mark, sizeof(mark));
	if (!compare(v, image))
		v->n = 0;
	v->clock &= v->n != 0;
}

void vdso_make(struct vdso *v, const struct vdso_clock *clock)
{
	char line[256];
	unsigned long base = getauxval(AT_SYSINFO_EHDR), begin, end;
	size_t n = 0;
	v->n = 0;
	v->clock = false;
	FILE *f = base ? fopen("/proc/self/maps", "re") : NULL;
	if (!f)
		return;
	while (!n && fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx", &begin, &end) == 2 && begin == base)
			n = end - begin;
	(void)fclose(f);
	if (n)
		vdso_change(v, (const uint8_t *)base, n, clock);
}

/* ---- a process's ---- */

int vdso_is_changed(const struct vdso *v, int mem, uint64_t base)
{
	uint8_t there[sizeof(mark)];
	ssize_t n = pread(mem, there, sizeof(there), (off_t)(base + v->n - sizeof(mark)));
	return n < 0 ? -errno : n == sizeof(there) && memcmp(there, mark, sizeof(mark)) == 0;
}

int vdso_put(const struct vdso *v, int mem, uint64_t base)
{
	/* The mark last: what has it has all. */
	for (unsigned i = 0; i < v->n_spans; i++) {
		ssize_t n = pwrite(mem, v->bytes + v->spans[i].at, v->spans[i].n, (off_t)(base + v->spans[i].at));
		if (n < 0 || (size_t)n != v->spans[i].n)
			return n < 0 ? -errno : -EIO;
	}
	return 0;
}
