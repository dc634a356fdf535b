/* Names of remote flags in the artefact itself. A service for flags answers by name, and turning what nobody named changes nothing: so the
 * world names all that the program could ask for. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vet/conduct_part.h"

#define FILE_MAX   ((off_t)1 << 30)
#define NAMES_MAX  16384
#define SLOTS      65536 /* a power of two, more than twice NAMES_MAX */
#define GIVEN_MAX  4000
#define LENGTH_MIN 8
#define LENGTH_MAX 64
#define FAMILIES   256
/* So many names with the same first word are a family: flags and events of one program. */
#define FAMILY_MIN 30

struct mining {
	struct slice names[NAMES_MAX];
	uint32_t slot[SLOTS]; /* index plus one */
	size_t n;
	struct family {
		struct slice word;
		unsigned n;
	} families[FAMILIES];
	size_t n_families;
};

static bool name_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_quote(uint8_t c)
{
	return c == '"' || c == '\'' || c == '`';
}

static struct slice first_word(struct slice name)
{
	return slice_sub(name, 0, slice_chr(name, '_', 0));
}

static void add_name(struct mining *m, struct slice name)
{
	uint32_t h = 2166136261u;
	for (size_t i = 0; i < name.n; i++)
		h = (h ^ name.p[i]) * 16777619u;
	size_t at = (h ^ h >> 15) & (SLOTS - 1);
	while (m->slot[at] && !slice_eq(m->names[m->slot[at] - 1], name))
		at = (at + 1) & (SLOTS - 1);
	if (m->slot[at] || m->n == NAMES_MAX)
		return;
	m->names[m->n++] = name;
	m->slot[at] = (uint32_t)m->n;
	struct slice word = first_word(name);
	size_t f = 0;
	while (f < m->n_families && !slice_eq(m->families[f].word, word))
		f++;
	if (f == FAMILIES)
		return;
	if (f == m->n_families)
		m->families[m->n_families++] = (struct family){.word = word};
	m->families[f].n++;
}

/* Words in quotes, of lower-case letters and digits, joined with underscores. */
static void mine(struct mining *m, struct slice text)
{
	for (size_t i = 0; i + 1 < text.n; i++) {
		if (!is_quote(text.p[i]))
			continue;
		size_t end = i + 1;
		bool joined = false;
		while (end < text.n && end - i <= LENGTH_MAX && name_byte(text.p[end]))
			joined |= text.p[end++] == '_';
		if (end < text.n && text.p[end] == text.p[i] && joined && end - i > LENGTH_MIN && text.p[i + 1] >= 'a' &&
		        text.p[end - 1] != '_')
			add_name(m, slice_sub(text, i + 1, end - i - 1));
		i = end > i + 1 ? end - 1 : i;
	}
}

/* The largest family; later the next. */
static struct family *largest(struct mining *m)
{
	struct family *best = NULL;
	for (size_t f = 0; f < m->n_families; f++)
		if (m->families[f].n >= FAMILY_MIN && (!best || m->families[f].n > best->n))
			best = &m->families[f];
	return best;
}

static int give(struct conduct *c, struct mining *m)
{
	const char **list = arena_array(c->arena, GIVEN_MAX + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (struct family *f; (f = largest(m)) && c->n_flags < GIVEN_MAX; f->n = 0)
		for (size_t i = 0; i < m->n && c->n_flags < GIVEN_MAX; i++)
			if (slice_eq(first_word(m->names[i]), f->word)) {
				list[c->n_flags] = arena_str(c->arena, m->names[i]);
				if (!list[c->n_flags++])
					return -ENOMEM;
			}
	c->flags = list;
	return 0;
}

/* The file outside of what is at this path inside; -1: it is none of the artefact's. */
static int open_inside(const struct vet_subject *s, const char *path)
{
	for (size_t i = 0; i < s->n_mounts; i++) {
		size_t n = strlen(s->mounts[i].target);
		char real[4096];
		if (strncmp(path, s->mounts[i].target, n) != 0 || path[n] != '/')
			continue;
		if ((size_t)snprintf(real, sizeof(real), "%s%s", s->mounts[i].source, path + n) >= sizeof(real))
			continue;
		int fd = open(real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (fd >= 0)
			return fd;
	}
	return -1;
}

int conduct_flags(struct conduct *c)
{
	struct mining *m = calloc(1, sizeof(*m));
	int r = m ? 0 : -ENOMEM;
	for (const char *const *word = c->subject->command; m && *word; word++) {
		_cleanup_fd_ int fd = open_inside(c->subject, *word);
		struct stat st;
		if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0 || st.st_size > FILE_MAX)
			continue;
		/* In the cache of packages nobody cuts it meanwhile. */
		void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (p == MAP_FAILED)
			continue;
		m->n = m->n_families = 0;
		memset(m->slot, 0, sizeof(m->slot));
		mine(m, slice_of(p, (size_t)st.st_size));
		r = c->flags ? r : give(c, m);
		(void)munmap(p, (size_t)st.st_size);
	}
	free(m);
	return r;
}
