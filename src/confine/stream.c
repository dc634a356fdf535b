#include "confine/stream.h"

#include <string.h>

static uint32_t turn(uint32_t v, unsigned by)
{
	return v << by | v >> (32 - by);
}

static void quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
	*a += *b;
	*d = turn(*d ^ *a, 16);
	*c += *d;
	*b = turn(*b ^ *c, 12);
	*a += *b;
	*d = turn(*d ^ *a, 8);
	*c += *d;
	*b = turn(*b ^ *c, 7);
}

/* RFC 8439, 2.3, with a first nonce word of zero. */
static void block(const struct stream_key *k, uint64_t nonce, uint32_t counter, uint8_t out[64])
{
	uint32_t s[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, k->w[0], k->w[1], k->w[2], k->w[3], k->w[4], k->w[5], k->w[6],
	        k->w[7], counter, 0, (uint32_t)nonce, (uint32_t)(nonce >> 32)};
	uint32_t x[16];
	memcpy(x, s, sizeof(x));
	for (int i = 0; i < 10; i++) {
		for (int j = 0; j < 4; j++)
			quarter(&x[j], &x[4 + j], &x[8 + j], &x[12 + j]);
		for (int j = 0; j < 4; j++)
			quarter(&x[j], &x[4 + (j + 1) % 4], &x[8 + (j + 2) % 4], &x[12 + (j + 3) % 4]);
	}
	for (int i = 0; i < 16; i++) {
		uint32_t v = x[i] + s[i];
		for (int j = 0; j < 4; j++)
			out[4 * i + j] = (uint8_t)(v >> 8 * j);
	}
}

void stream_read(const struct stream_key *k, uint64_t nonce, uint64_t at, void *out, size_t n)
{
	uint8_t b[64], *to = out;
	for (uint32_t counter = (uint32_t)(at / 64); n; counter++) {
		size_t part = n < sizeof(b) ? n : sizeof(b);
		block(k, nonce, counter, b);
		memcpy(to, b, part);
		to += part;
		n -= part;
	}
}

void stream_derive(struct stream_key *out, const struct stream_key *from, const void *name, size_t n)
{
	struct stream_key k = *from;
	const uint8_t *p = name;
	uint8_t b[64];
	uint32_t piece = 0;
	/* The length goes in as the nonce, so that no name is the beginning of another. */
	do {
		uint32_t words[8] = {0};
		size_t part = n - piece * sizeof(words) < sizeof(words) ? n - piece * sizeof(words) : sizeof(words);
		memcpy(words, p + piece * sizeof(words), part);
		for (int i = 0; i < 8; i++)
			k.w[i] ^= words[i];
		block(&k, ~(uint64_t)n, piece++, b);
		memcpy(k.w, b, sizeof(k.w));
	} while (piece * sizeof(k.w) < n);
	*out = k;
}
