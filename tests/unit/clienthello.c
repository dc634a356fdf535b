#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "crypto/ja4.h"

/* A ClientHello from lists, in records of at most `piece` bytes. */
static void build(struct buf *out, uint16_t version, const uint16_t *ciphers, size_t n_ciphers, struct slice extensions, size_t piece)
{
	_cleanup_buf_ struct buf body = BUF(10000), m = BUF(10000);
	buf_be(&body, version, 2);
	for (int i = 0; i < 32; i++)
		buf_u8(&body, (uint8_t)i);
	buf_u8(&body, 0);
	buf_be(&body, n_ciphers * 2, 2);
	for (size_t i = 0; i < n_ciphers; i++)
		buf_be(&body, ciphers[i], 2);
	buf_be(&body, 0x0100, 2);
	if (extensions.p) {
		buf_be(&body, extensions.n, 2);
		buf_add(&body, extensions);
	}
	buf_u8(&m, 1);
	buf_be(&m, body.n, 3);
	buf_add(&m, buf_slice(&body));
	for (size_t at = 0; at < m.n; at += piece) {
		struct slice part = slice_sub(buf_slice(&m), at, piece);
		buf_add(out, SLICE("\x16\x03\x01"));
		buf_be(out, part.n, 2);
		buf_add(out, part);
	}
}

static void extension(struct buf *b, uint16_t type, struct slice data)
{
	buf_be(b, type, 2);
	buf_be(b, data.n, 2);
	buf_add(b, data);
}

/* The lists of the example in FoxIO's description of JA4, in the order of the wire, GREASE added. */
static const uint16_t ciphers[] = {
        0x1a1a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035};

static void foxio_extensions(struct buf *e)
{
	extension(e, 0xfafa, SLICE(""));
	extension(e, 0x0000,
	        SLICE("\x00\x0f\x00\x00\x0c"
	              "WWW.Test.com"));
	extension(e, 0x0033, SLICE("\x00\x09\x1a\x1a\x00\x01\x00\x00\x1d\x00\x00"));
	extension(e, 0x000d, SLICE("\x00\x10\x04\x03\x08\x04\x04\x01\x05\x03\x08\x05\x05\x01\x08\x06\x06\x01"));
	extension(e, 0x0023, SLICE(""));
	extension(e, 0x000b, SLICE("\x01\x00"));
	extension(e, 0xff01, SLICE("\x00"));
	extension(e, 0x000a, SLICE("\x00\x02\x00\x1d"));
	extension(e, 0x001b, SLICE(""));
	extension(e, 0x4469, SLICE(""));
	extension(e, 0x0012, SLICE(""));
	extension(e, 0x002d, SLICE(""));
	extension(e, 0x0010, SLICE("\x00\x0c\x02h2\x08http/1.1"));
	extension(e, 0x0005, SLICE(""));
	extension(e, 0x002b, SLICE("\x06\x0a\x0a\x03\x04\x03\x03"));
	extension(e, 0x0017, SLICE(""));
	extension(e, 0x1a1a, SLICE("\x00"));
	extension(e, 0x0015, SLICE("\x00\x00"));
}

/* By their heads, so without those that a record of one byte only looks like. */
static unsigned records_of(struct slice in)
{
	unsigned n = 0;
	for (size_t at = 0; at + 5 <= in.n; at += 5 + ((size_t)in.p[at + 3] << 8 | in.p[at + 4]))
		n++;
	return n;
}

static void example_of_foxio(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 600; piece += 37) {
		_cleanup_buf_ struct buf e = BUF(1000), in = BUF(10000);
		struct clienthello h;
		const char *why = NULL;
		char ja4[JA4_MAX];
		foxio_extensions(&e);
		build(&in, 0x0303, ciphers, 16, buf_slice(&e), piece);
		assert_int_equal(clienthello_parse(buf_slice(&in), &h, &why), CLIENTHELLO_OK);
		ja4_text(&h, ja4);
		assert_string_equal(ja4, "t13d1516h2_8daaf6152771_e5627efa2ab1");
		assert_string_equal(h.sni, "www.test.com");
		assert_string_equal(h.alpn, "h2,http/1.1");
		char form[1200];
		(void)snprintf(form, sizeof(form), "%s%u, 0301",
		        "ciphers=1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035\n"
		        "extensions=0000,0033,000d,0023,000b,ff01,000a,001b,4469,0012,002d,0010,0005,002b,0017,0015\n"
		        "groups=001d\nkey shares=001d\nversions=0304,0303\n"
		        "signature algorithms=0403,0804,0401,0503,0805,0501,0806,0601\n"
		        "bodies=000b:0100,ff01:00,001b:,4469:,0012:,002d:,0005:,0017:,0015:2 bytes\nGREASE=4\n"
		        "random=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
		        "session id=0\ncompression=00\nSNI=WWW.Test.com\nrecords=",
		        records_of(buf_slice(&in)));
		assert_string_equal(buf_str(&h.form), form);
		clienthello_free(&h);
		if (piece > 1)
			continue;
		for (size_t n = 0; n < in.n; n++)
			assert_int_equal(clienthello_parse(slice_sub(buf_slice(&in), 0, n), &h, &why), CLIENTHELLO_MORE);
	}
}

static void bare(void **state)
{
	_cleanup_buf_ struct buf in = BUF(10000), e = BUF(100), in2 = BUF(1000);
	struct clienthello h;
	const char *why = NULL;
	char ja4[JA4_MAX];
	(void)state;
	build(&in, 0x0302, NULL, 0, SLICE_NONE, 1000);
	assert_int_equal(clienthello_parse(buf_slice(&in), &h, &why), CLIENTHELLO_OK);
	ja4_text(&h, ja4);
	assert_string_equal(ja4, "t11i000000_000000000000_000000000000");
	assert_string_equal(buf_str(&h.form),
	        "ciphers=\nextensions=\ngroups=\nkey shares=\nversions=\nsignature algorithms=\nbodies=\nGREASE=0\n"
	        "random=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
	        "session id=0\ncompression=00\nrecords=1, 0301");
	clienthello_free(&h);
	/* a protocol that is not alphanumeric: the hex digits at its ends */
	extension(&e, 0x0010, SLICE("\x00\x03\x02\xab\xcd"));
	build(&in2, 0x0303, ciphers, 2, buf_slice(&e), 1000);
	assert_int_equal(clienthello_parse(buf_slice(&in2), &h, &why), CLIENTHELLO_OK);
	assert_string_equal(h.ja4_a, "t12i0101ad");
	assert_string_equal(h.alpn, "??");
	clienthello_free(&h);
}

static void refuses(void **state)
{
	static const struct slice bad[] = {
	        SLICE("\x17\x03\x01\x00\x05"), SLICE("\x16\x04"), SLICE("\x16\x03\x01\x00\x00"), SLICE("\x16\x03\x01\xff\xff"),
	        SLICE("\x16\x03\x01\x00\x04\x02\x00\x00\x00"),         /* ServerHello */
	        SLICE("\x16\x03\x01\x00\x04\x01\x00\x00\x00"),         /* empty */
	        SLICE("\x16\x03\x01\x00\x04\x01\xff\xff\xff"),         /* too long */
	        SLICE("\x16\x03\x01\x00\x06\x01\x00\x00\x02\x03\x03"), /* cut */
	};
	struct clienthello h;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *why = NULL;
		assert_int_equal(clienthello_parse(bad[i], &h, &why), CLIENTHELLO_BAD);
		assert_non_null(why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(example_of_foxio),
	        cmocka_unit_test(bare),
	        cmocka_unit_test(refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
