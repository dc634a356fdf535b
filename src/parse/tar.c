#include "parse/tar.h"

#include <errno.h>

#define BLOCK 512u

/* Octal digits, or GNU's base 256. */
static bool number(const uint8_t *p, size_t n, uint64_t *out)
{
	uint64_t v = 0;
	size_t i = 0;
	if (p[0] == 0x80) {
		for (i = 1; i < n; i++) {
			if (v >> 56)
				return false;
			v = v << 8 | p[i];
		}
		*out = v;
		return true;
	}
	while (i < n && p[i] == ' ')
		i++;
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
		v = v << 3 | (uint64_t)(p[i] - '0');
	*out = v;
	return i == n || p[i] == 0 || p[i] == ' ';
}

static bool checksum(const uint8_t *p)
{
	uint64_t want, sum = 0;
	if (!number(p + 148, 8, &want))
		return false;
	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= 148 && i < 156 ? ' ' : p[i];
	return sum == want;
}

bool tar_is(struct slice in)
{
	return in.n >= BLOCK && memcmp(in.p + 257, "ustar", 5) == 0 && checksum(in.p);
}

struct tar tar_open(struct slice in)
{
	return (struct tar){.in = in};
}

static struct slice text(const uint8_t *p, size_t n)
{
	struct slice s = slice_of(p, n);
	return slice_sub(s, 0, slice_chr(s, 0, 0));
}

/* ustar keeps folders in a field of their own. */
static struct slice name_of(struct tar *t, const uint8_t *p)
{
	struct slice name = text(p, 100), prefix = text(p + 345, 155);
	if (t->long_name.n)
		return t->long_name;
	if (!prefix.n || memcmp(p + 257, "ustar\0", 6) != 0)
		return name;
	memcpy(t->prefix, prefix.p, prefix.n);
	t->prefix[prefix.n] = '/';
	if (name.n)
		memcpy(t->prefix + prefix.n + 1, name.p, name.n);
	return slice_of(t->prefix, prefix.n + 1 + name.n);
}

int tar_next(struct tar *t, struct tar_member *out)
{
	for (;;) {
		struct slice rest = slice_from(t->in, t->at);
		const uint8_t *p = rest.p;
		uint64_t size;
		if (rest.n == 0 || (rest.n >= BLOCK && p[0] == 0 && slice_chr(slice_sub(rest, 0, BLOCK), 0, 0) == 0 && !checksum(p))) {
			t->at += rest.n ? BLOCK : 0;
			return 0;
		}
		if (rest.n < BLOCK || !checksum(p) || !number(p + 124, 12, &size))
			return -EBADMSG;
		struct slice data = slice_from(rest, BLOCK);
		bool cut = size > data.n;
		data = slice_sub(data, 0, cut ? data.n : (size_t)size);
		struct tar_member m = {.data = data, .size = size, .at = t->at, .type = p[156] ? (char)p[156] : '0', .cut = cut};
		/* Links and folders have no data, whatever size they say. */
		if (m.type >= '1' && m.type <= '6')
			m.data = SLICE_NONE;
		size_t step = m.data.p ? (m.data.n + BLOCK - 1) / BLOCK * BLOCK : 0;
		t->at += BLOCK + (step > rest.n - BLOCK ? rest.n - BLOCK : step);
		if (m.type == 'L' && !cut && data.n < TAR_NAME_MAX) {
			t->long_name = slice_sub(data, 0, slice_chr(data, 0, 0));
			continue;
		}
		m.name = name_of(t, p);
		t->long_name = SLICE_NONE;
		*out = m;
		return 1;
	}
}
