#include <stdlib.h>

#include "parse/elfnames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool read_at(void *arg, uint64_t at, void *out, size_t n)
{
	const struct slice *s = arg;
	if (at > s->n || n > s->n - at)
		return false;
	memcpy(out, s->p + at, n);
	return true;
}

static bool name(void *arg, struct slice n)
{
	size_t *count = arg;
	if (n.n == 0 || memchr(n.p, 0, n.n))
		abort();
	return ++*count < 100000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_of(data, size);
	size_t count = 0;
	char soname[64];
	bool is = elfnames(read_at, &all, name, &count, soname);
	if (is && elfnames_kind(all) != ELFNAMES_LOADED)
		abort();
	if (strlen(soname) >= sizeof(soname))
		abort();
	count = 0;
	if (elfnames_taken(read_at, &all, name, &count) && elfnames_kind(all) != ELFNAMES_LOADED)
		abort();
	return 0;
}
