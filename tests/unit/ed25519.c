#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/encode.h"
#include "crypto/ed25519.h"

static void vectors_of_the_rfc(void **state)
{
	static uint8_t text[8192];
	FILE *f = fopen("tests/data/ed25519.tsv", "rb");
	(void)state;
	assert_non_null(f);
	struct slice rest = slice_of(text, fread(text, 1, sizeof(text), f)), line;
	(void)fclose(f);
	int n = 0;
	while (slice_split(&rest, '\n', &line)) {
		if (line.n == 0 || line.p[0] == '#')
			continue;
		struct buf col[4] = {BUF(2048), BUF(2048), BUF(2048), BUF(2048)};
		uint8_t public[32], signature[64];
		for (int i = 0; i < 4; i++) {
			struct slice part;
			assert_true(slice_split(&line, '\t', &part) && decode_hex(&col[i], part));
		}
		assert_true(col[0].n == 32 && col[1].n == 32 && col[3].n == 64);
		assert_int_equal(ed25519_public(col[0].p, public), 0);
		assert_memory_equal(public, col[1].p, 32);
		assert_int_equal(ed25519_sign(col[0].p, buf_slice(&col[2]), signature), 0);
		assert_memory_equal(signature, col[3].p, 64);
		assert_int_equal(ed25519_verify(public, buf_slice(&col[2]), buf_slice(&col[3])), 0);
		/* Each byte of the signature counts, and each of the message. */
		for (size_t i = 0; i < 64; i++) {
			col[3].p[i] ^= 1;
			assert_int_equal(ed25519_verify(public, buf_slice(&col[2]), buf_slice(&col[3])), -EBADMSG);
			col[3].p[i] ^= 1;
		}
		for (size_t i = 0; i < col[2].n; i += 97) {
			col[2].p[i] ^= 0x80;
			assert_int_equal(ed25519_verify(public, buf_slice(&col[2]), buf_slice(&col[3])), -EBADMSG);
			col[2].p[i] ^= 0x80;
		}
		for (int i = 0; i < 4; i++)
			buf_free(&col[i]);
		n++;
	}
	assert_int_equal(n, 5);
}

static void refuses(void **state)
{
	uint8_t seed[32], other[32], public[32], signature[65] = {0};
	(void)state;
	assert_int_equal(ed25519_new(seed), 0);
	assert_int_equal(ed25519_new(other), 0);
	assert_memory_not_equal(seed, other, 32);
	assert_int_equal(ed25519_public(seed, public), 0);
	assert_int_equal(ed25519_sign(seed, SLICE("text"), signature), 0);
	assert_int_equal(ed25519_verify(public, SLICE("text"), slice_of(signature, 64)), 0);
	assert_int_equal(ed25519_verify(public, SLICE("text"), slice_of(signature, 63)), -EBADMSG);
	assert_int_equal(ed25519_verify(public, SLICE("text"), slice_of(signature, 65)), -EBADMSG);
	assert_int_equal(ed25519_verify(public, SLICE("text"), SLICE_NONE), -EBADMSG);
	assert_int_equal(ed25519_verify(public, SLICE("tex"), slice_of(signature, 64)), -EBADMSG);
	assert_int_equal(ed25519_public(other, public), 0);
	assert_int_equal(ed25519_verify(public, SLICE("text"), slice_of(signature, 64)), -EBADMSG);
	/* No point of the curve. */
	memset(public, 0xff, sizeof(public));
	public[0] = 2;
	assert_int_equal(ed25519_verify(public, SLICE("text"), slice_of(signature, 64)), -EBADMSG);
}

/* RFC 8032, 5.1.7: S must be below the order of the group, or a second signature follows from the first. */
static void no_second_signature(void **state)
{
	static const uint8_t order[32] = {
	        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
	uint8_t seed[32] = {7}, public[32], s[64];
	unsigned carry = 0;
	(void)state;
	assert_int_equal(ed25519_public(seed, public), 0);
	assert_int_equal(ed25519_sign(seed, SLICE("text"), s), 0);
	for (int i = 0; i < 32; i++) {
		carry += s[32 + i] + (unsigned)order[i];
		s[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	assert_int_equal(ed25519_verify(public, SLICE("text"), slice_of(s, 64)), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(vectors_of_the_rfc),
	        cmocka_unit_test(refuses),
	        cmocka_unit_test(no_second_signature),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
