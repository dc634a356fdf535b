#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/encode.h"
#include "crypto/aead.h"

/* McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B: test cases 13 to 16, those with keys of 256 bits and nonces of 96.
 */
static const struct {
	const char *key, *nonce, *aad, *plain, *cipher, *tag;
} vectors[] = {
        {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "", "", "",
                "530f8afbc74536b9a963b4f1c4cb738b"},
        {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "",
                "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
        {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "",
                "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391a"
                "afd255",
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66289"
                "8015ad",
                "b094dac5d93471bdec1a502270e3cc6c"},
        {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
                "feedfacedeadbeeffeedfacedeadbeefabaddad2",
                "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
                "76fc6ece0f4e1768cddf8853bb2d551b"},
};

static struct slice hex(struct buf *b, const char *text)
{
	*b = BUF(1024);
	assert_true(decode_hex(b, slice_str(text)));
	return buf_slice(b);
}

static void published_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct buf b[6];
		uint8_t out[128], back[128];
		struct slice key = hex(&b[0], vectors[i].key), nonce = hex(&b[1], vectors[i].nonce), aad = hex(&b[2], vectors[i].aad);
		struct slice plain = hex(&b[3], vectors[i].plain), cipher = hex(&b[4], vectors[i].cipher), tag = hex(&b[5], vectors[i].tag);
		assert_int_equal(aead_seal(key.p, nonce.p, aad, plain, out), 0);
		if (plain.n)
			assert_memory_equal(out, cipher.p, cipher.n);
		assert_memory_equal(out + plain.n, tag.p, AEAD_TAG);
		struct slice sealed = slice_of(out, plain.n + AEAD_TAG);
		assert_int_equal(aead_open(key.p, nonce.p, aad, sealed, back), 0);
		if (plain.n)
			assert_memory_equal(back, plain.p, plain.n);
		/* Every bit counts, of the key, the nonce and the data beside it too. */
		for (size_t bit = 0; bit < 8 * sealed.n; bit++) {
			out[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(aead_open(key.p, nonce.p, aad, sealed, back), -EBADMSG);
			out[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		for (size_t j = 0; j < plain.n; j++)
			assert_int_equal(back[j], 0);
		b[0].p[31] ^= 1;
		assert_int_equal(aead_open(key.p, nonce.p, aad, sealed, back), -EBADMSG);
		b[0].p[31] ^= 1;
		b[1].p[11] ^= 1;
		assert_int_equal(aead_open(key.p, nonce.p, aad, sealed, back), -EBADMSG);
		b[1].p[11] ^= 1;
		assert_int_equal(aead_open(key.p, nonce.p, SLICE("x"), sealed, back), -EBADMSG);
		assert_int_equal(aead_open(key.p, nonce.p, aad, slice_sub(sealed, 0, sealed.n - 1), back), -EBADMSG);
		assert_int_equal(aead_open(key.p, nonce.p, aad, slice_sub(sealed, 0, 15), back), -EBADMSG);
		for (size_t j = 0; j < 6; j++)
			buf_free(&b[j]);
	}
}

static void pieces_have_their_place(void **state)
{
	uint8_t key[AEAD_KEY], other[AEAD_KEY], sealed[64], back[64];
	struct slice plain = SLICE("a piece"), aad = SLICE("header"), s = slice_of(sealed, plain.n + AEAD_TAG);
	(void)state;
	assert_int_equal(aead_new(key), 0);
	assert_int_equal(aead_new(other), 0);
	assert_memory_not_equal(key, other, AEAD_KEY);
	for (uint64_t n = 1; n <= UINT32_MAX; n = n << 8 | 1) {
		assert_int_equal(aead_chunk_seal(key, n, false, aad, plain, sealed), 0);
		assert_int_equal(aead_chunk_open(key, n, false, aad, s, back), 0);
		assert_memory_equal(back, plain.p, plain.n);
		assert_int_equal(aead_chunk_open(key, n + 1, false, aad, s, back), -EBADMSG);
		assert_int_equal(aead_chunk_open(key, n - 1, false, aad, s, back), -EBADMSG);
		assert_int_equal(aead_chunk_open(key, n ^ 1 << 24, false, aad, s, back), -EBADMSG);
		assert_int_equal(aead_chunk_open(key, n, true, aad, s, back), -EBADMSG);
		assert_int_equal(aead_chunk_open(other, n, false, aad, s, back), -EBADMSG);
	}
	assert_int_equal(aead_chunk_seal(key, (uint64_t)UINT32_MAX + 1, false, aad, plain, sealed), -EMSGSIZE);
	assert_int_equal(aead_chunk_seal(key, UINT32_MAX, true, aad, plain, sealed), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(published_vectors), cmocka_unit_test(pieces_have_their_place)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
