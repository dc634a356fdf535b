#include "parse/address.h"

#include "base/cleanup.h"

struct block {
	uint8_t bytes[16];
	unsigned bits;
	enum address_kind kind;
};

static const struct block v4[] = {
        {{0}, 8, ADDRESS_SPECIAL}, /* this network */
        {{10}, 8, ADDRESS_PRIVATE},
        {{100, 64}, 10, ADDRESS_PRIVATE},
        {{127}, 8, ADDRESS_LOOPBACK},
        {{169, 254}, 16, ADDRESS_LINK_LOCAL},
        {{172, 16}, 12, ADDRESS_PRIVATE},
        {{192, 0, 0}, 24, ADDRESS_SPECIAL},
        {{192, 0, 2}, 24, ADDRESS_SPECIAL},
        {{192, 88, 99}, 24, ADDRESS_SPECIAL},
        {{192, 168}, 16, ADDRESS_PRIVATE},
        {{198, 18}, 15, ADDRESS_SPECIAL},
        {{198, 51, 100}, 24, ADDRESS_SPECIAL},
        {{203, 0, 113}, 24, ADDRESS_SPECIAL},
        {{224}, 4, ADDRESS_SPECIAL},
        {{240}, 4, ADDRESS_SPECIAL},
};

/* Those with an IPv4 address inside are looked at before. */
static const struct block v6[] = {
        {{[15] = 1}, 128, ADDRESS_LOOPBACK},
        {{0}, 96, ADDRESS_SPECIAL}, /* unspecified, IPv4-compatible */
        {{0x01, 0}, 64, ADDRESS_SPECIAL},
        {{0x20, 0x01, 0, 0}, 23, ADDRESS_SPECIAL}, /* Teredo, ORCHID, benchmarks */
        {{0x20, 0x01, 0x0d, 0xb8}, 32, ADDRESS_SPECIAL},
        {{0x3f, 0xff}, 20, ADDRESS_SPECIAL},
        {{0x5f, 0}, 16, ADDRESS_SPECIAL},
        {{0xfc}, 7, ADDRESS_PRIVATE},
        {{0xfe, 0x80}, 10, ADDRESS_LINK_LOCAL},
        {{0xfe, 0xc0}, 10, ADDRESS_PRIVATE},
        {{0xff}, 8, ADDRESS_SPECIAL},
};

/* Prefixes with an IPv4 address at an offset. */
static const struct {
	uint8_t bytes[12];
	unsigned prefix, at; /* bytes */
} inside[] = {
        {{[10] = 0xff, [11] = 0xff}, 12, 12},     /* ::ffff:a.b.c.d */
        {{[8] = 0xff, [9] = 0xff}, 12, 12},       /* ::ffff:0:a.b.c.d, RFC 2765 */
        {{0, 0x64, 0xff, 0x9b}, 12, 12},          /* 64:ff9b::/96 */
        {{0, 0x64, 0xff, 0x9b, 0, 0x01}, 12, 12}, /* 64:ff9b:1::/48 with a suffix of 32 bits */
        {{0x20, 0x02}, 2, 2},                     /* 2002::/16 */
};

static bool in_block(const uint8_t *a, const struct block *b)
{
	unsigned whole = b->bits / 8, rest = b->bits % 8;
	if (memcmp(a, b->bytes, whole) != 0)
		return false;
	return rest == 0 || (a[whole] ^ b->bytes[whole]) >> (8 - rest) == 0;
}

static struct slice innermost(struct slice raw)
{
	for (size_t i = 0; raw.n == 16 && i < ARRAY_LEN(inside); i++)
		if (memcmp(raw.p, inside[i].bytes, inside[i].prefix) == 0)
			return slice_sub(raw, inside[i].at, 4);
	return raw;
}

enum address_kind address_kind(struct slice raw)
{
	struct slice a = innermost(raw);
	const struct block *table = a.n == 4 ? v4 : v6;
	size_t n = a.n == 4 ? ARRAY_LEN(v4) : ARRAY_LEN(v6);
	if (a.n != 4 && a.n != 16)
		return ADDRESS_SPECIAL;
	for (size_t i = 0; i < n; i++)
		if (in_block(a.p, &table[i]))
			return table[i].kind;
	/* All that was ever given out to the public is 2000::/3. */
	return a.n == 16 && a.p[0] >> 5 != 1 ? ADDRESS_SPECIAL : ADDRESS_PUBLIC;
}

const char *address_kind_name(enum address_kind k)
{
	static const char *const names[] = {"public", "private", "loopback", "link-local", "special"};
	return names[k];
}

void address_map(uint8_t out[16], const uint8_t four[4])
{
	memset(out, 0, 10);
	memset(out + 10, 0xff, 2);
	memcpy(out + 12, four, 4);
}

bool address_mapped(const uint8_t ip[16])
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
	return memcmp(ip, prefix, sizeof(prefix)) == 0;
}

bool address_metadata(struct slice raw)
{
	static const uint8_t four[][4] = {
	        {169, 254, 169, 254}, {169, 254, 170, 2}, {100, 100, 100, 200}, {192, 0, 0, 192}, {168, 63, 129, 16}};
	static const uint8_t six[16] = {0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54};
	struct slice a = innermost(raw);
	for (size_t i = 0; a.n == 4 && i < ARRAY_LEN(four); i++)
		if (memcmp(a.p, four[i], 4) == 0)
			return true;
	return a.n == 16 && memcmp(a.p, six, 16) == 0;
}
