#include "wire/names.h"

#include <errno.h>
#include <stdlib.h>

#define NAMES_MAX 8192u
#define SLOTS     (2 * NAMES_MAX)

struct entry {
	char *name;
	uint32_t address;
	uint64_t used; /* by the table's clock, and MET as soon as something went to the address */
};

/* Names that were only asked for are forgotten before those that are in use: one program's flood of questions leaves the others their
 * names. */
#define MET (1ull << 63)

struct names {
	unsigned n;
	uint64_t clock;
	struct entry entry[NAMES_MAX];
	uint16_t by_name[SLOTS]; /* index + 1; open addressing */
	uint16_t by_address[SLOTS];
};

/* Large blocks of cloud and content networks, as a developer's machine would see them. */
static const struct {
	uint32_t base;
	unsigned bits; /* of the host part */
} ranges[] = {
        {0x68100000, 19}, /* 104.16.0.0/13 */
        {0x97650000, 16}, /* 151.101.0.0/16 */
        {0x22400000, 22}, /* 34.64.0.0/10 */
        {0x34000000, 22}, /* 52.0.0.0/10 */
        {0x12400000, 18}, /* 18.64.0.0/14 */
        {0x8efa0000, 17}, /* 142.250.0.0/15 */
        {0xac400000, 19}, /* 172.64.0.0/13 */
        {0x14200000, 20}, /* 20.32.0.0/12 */
};

int names_new(struct names **out)
{
	struct names *n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	*out = n;
	return 0;
}

void names_free(struct names *n)
{
	for (unsigned i = 0; n && i < n->n; i++)
		free(n->entry[i].name);
	free(n);
}

static uint64_t mix(uint64_t h)
{
	h = (h ^ h >> 31) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

/* The slot of an address: where it is, or the free one where it belongs. The tables are twice the maximum, so one is always free. */
static size_t address_slot(const struct names *n, uint32_t address)
{
	size_t i = (size_t)(mix(address) % SLOTS);
	while (n->by_address[i] && n->entry[n->by_address[i] - 1].address != address)
		i = (i + 1) % SLOTS;
	return i;
}

static size_t name_slot(const struct names *n, struct slice lower)
{
	size_t i = (size_t)(slice_hash(lower) % SLOTS);
	while (n->by_name[i] && !slice_is(lower, n->entry[n->by_name[i] - 1].name))
		i = (i + 1) % SLOTS;
	return i;
}

static uint32_t candidate(uint64_t h)
{
	size_t r = (size_t)(h >> 40) % (sizeof(ranges) / sizeof(ranges[0]));
	uint32_t a = ranges[r].base | ((uint32_t)h & ((1u << ranges[r].bits) - 1));
	uint32_t last = a & 0xff;
	if (last == 0 || last == 255) /* would look like the address of a network or a broadcast */
		a ^= 0x55;
	return a;
}

static void bytes(uint32_t a, uint8_t ipv4[4])
{
	for (unsigned i = 0; i < 4; i++)
		ipv4[i] = (uint8_t)(a >> (24 - 8 * i));
}

static int by_use(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* The half that was used longest ago is forgotten: who asks again gets the same address again. */
static int forget(struct names *n)
{
	uint64_t *used = malloc(n->n * sizeof(*used));
	if (!used)
		return -ENOMEM;
	for (unsigned i = 0; i < n->n; i++)
		used[i] = n->entry[i].used;
	qsort(used, n->n, sizeof(*used), by_use);
	uint64_t from = used[n->n / 2];
	free(used);
	unsigned kept = 0;
	memset(n->by_name, 0, sizeof(n->by_name));
	memset(n->by_address, 0, sizeof(n->by_address));
	for (unsigned i = 0; i < n->n; i++) {
		if (n->entry[i].used < from) {
			free(n->entry[i].name);
			continue;
		}
		n->entry[kept] = n->entry[i];
		size_t name = name_slot(n, slice_str(n->entry[kept].name)), at = address_slot(n, n->entry[kept].address);
		n->by_name[name] = n->by_address[at] = (uint16_t)++kept;
	}
	n->n = kept;
	return 0;
}

int names_address(struct names *n, struct slice name, uint8_t ipv4[4])
{
	char text[256];
	if (name.n >= sizeof(text))
		return -EINVAL;
	for (size_t i = 0; i < name.n; i++)
		text[i] = (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] + 32 : name.p[i]);
	struct slice lower = slice_of(text, name.n);
	size_t slot = name_slot(n, lower);
	if (n->by_name[slot]) {
		struct entry *e = &n->entry[n->by_name[slot] - 1];
		e->used = (e->used & MET) | ++n->clock;
		bytes(e->address, ipv4);
		return 0;
	}
	if (n->n == NAMES_MAX) {
		int r = forget(n);
		if (r < 0)
			return r;
		slot = name_slot(n, lower);
	}
	uint64_t h = mix(slice_hash(lower));
	size_t at;
	uint32_t a;
	for (;; h = mix(h + 1)) {
		a = candidate(h);
		at = address_slot(n, a);
		if (!n->by_address[at])
			break;
	}
	char *copy = calloc(1, name.n + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, name.n);
	n->entry[n->n] = (struct entry){copy, a, ++n->clock};
	n->n++;
	n->by_name[slot] = n->by_address[at] = (uint16_t)n->n;
	bytes(a, ipv4);
	return 0;
}

const char *names_of(struct names *n, const uint8_t ipv4[4])
{
	uint32_t a = (uint32_t)ipv4[0] << 24 | (uint32_t)ipv4[1] << 16 | (uint32_t)ipv4[2] << 8 | ipv4[3];
	size_t i = address_slot(n, a);
	if (!n->by_address[i])
		return NULL;
	struct entry *e = &n->entry[n->by_address[i] - 1];
	e->used = MET | ++n->clock;
	return e->name;
}
