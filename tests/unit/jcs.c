#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/digest.h"
#include "parse/jcs.h"

static int canonical(struct slice in, struct buf *out)
{
	_cleanup_arena_ struct arena scratch = ARENA(1 << 20);
	const char *why = NULL;
	size_t at = SIZE_MAX;
	int r = jcs_write(in, &scratch, out, &why, &at);
	if (r < 0)
		assert_true(why && at <= in.n);
	return r;
}

static int check(struct slice in)
{
	const char *why = NULL;
	size_t at = SIZE_MAX;
	int r = jcs_check(in, &why, &at);
	if (r < 0)
		assert_true(why && at <= in.n);
	return r;
}

static double from_bits(uint64_t bits)
{
	double v;
	memcpy(&v, &bits, sizeof(v));
	return v;
}

/* RFC 8785, appendix B. */
static void numbers_of_the_rfc(void **state)
{
	static const struct {
		uint64_t bits;
		const char *text;
	} table[] = {
	        {0x0000000000000000, "0"},
	        {0x8000000000000000, "0"},
	        {0x0000000000000001, "5e-324"},
	        {0x8000000000000001, "-5e-324"},
	        {0x7fefffffffffffff, "1.7976931348623157e+308"},
	        {0xffefffffffffffff, "-1.7976931348623157e+308"},
	        {0x4340000000000000, "9007199254740992"},
	        {0xc340000000000000, "-9007199254740992"},
	        {0x4430000000000000, "295147905179352830000"},
	        {0x44b52d02c7e14af5, "9.999999999999997e+22"},
	        {0x44b52d02c7e14af6, "1e+23"},
	        {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
	        {0x444b1ae4d6e2ef4e, "999999999999999700000"},
	        {0x444b1ae4d6e2ef4f, "999999999999999900000"},
	        {0x444b1ae4d6e2ef50, "1e+21"},
	        {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
	        {0x3eb0c6f7a0b5ed8d, "0.000001"},
	        {0x41b3de4355555553, "333333333.3333332"},
	        {0x41b3de4355555554, "333333333.33333325"},
	        {0x41b3de4355555555, "333333333.3333333"},
	        {0x41b3de4355555556, "333333333.3333334"},
	        {0x41b3de4355555557, "333333333.33333343"},
	        {0xbecbf647612f3696, "-0.0000033333333333333333"},
	        {0x43143ff3c1cb0959, "1424953923781206.2"},
	        /* Not in the RFC: a power of two whose nearest 16 digits are read as the double below it. */
	        {0x3d30000000000000, "5.684341886080802e-14"},
	        {0x7ff8000000000000, "NaN"},
	        {0x7ff0000000000000, "Infinity"},
	        {0xfff0000000000000, "-Infinity"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		char out[32];
		jcs_number(from_bits(table[i].bits), out);
		assert_string_equal(out, table[i].text);
		if (table[i].text[0] != 'N' && !strchr(table[i].text, 'I')) {
			_cleanup_buf_ struct buf b = BUF(64);
			assert_int_equal(check(slice_str(out)), 0);
			assert_int_equal(canonical(slice_str(out), &b), 0);
			assert_string_equal(buf_str(&b), table[i].text);
		}
	}
}

/* The sequence of test numbers of the author of the RFC (cyberphone/json-canonicalization, testdata): 168 chosen ones, 2,000 around the
 * smallest normal number, then whatever SHA-256 gives; each line is "hex,text". What is known of them is the digest of the lines. */
static const uint64_t chosen[] = {0x0000000000000000, 0x8000000000000000, 0x0000000000000001, 0x8000000000000001, 0xc46696695dbd1cc3,
        0xc43211ede4974a35, 0xc3fce97ca0f21056, 0xc3c7213080c1a6ac, 0xc39280f39a348556, 0xc35d9b1f5d20d557, 0xc327af4c4a80aaac,
        0xc2f2f2a36ecd5556, 0xc2be51057e155558, 0xc28840d131aaaaac, 0xc253670dc1555557, 0xc21f0b4935555557, 0xc1e8d5d42aaaaaac,
        0xc1b3de4355555556, 0xc17fca0555555556, 0xc1496e6aaaaaaaab, 0xc114585555555555, 0xc0e046aaaaaaaaab, 0xc0aa0aaaaaaaaaaa,
        0xc074d55555555555, 0xc040aaaaaaaaaaab, 0xc00aaaaaaaaaaaab, 0xbfd5555555555555, 0xbfa1111111111111, 0xbf6b4e81b4e81b4f,
        0xbf35d867c3ece2a5, 0xbf0179ec9cbd821e, 0xbecbf647612f3696, 0xbe965e9f80f29212, 0xbe61e54c672874db, 0xbe2ca213d840baf8,
        0xbdf6e80fe033c8c6, 0xbdc2533fe68fd3d2, 0xbd8d51ffd74c861c, 0xbd5774ccac3d3817, 0xbd22c3d6f030f9ac, 0xbcee0624b3818f79,
        0xbcb804ea293472c7, 0xbc833721ba905bd3, 0xbc4ebe9c5db3c61e, 0xbc18987d17c304e5, 0xbbe3ad30dfcf371d, 0xbbaf7b816618582f,
        0xbb792f9ab81379bf, 0xbb442615600f9499, 0xbb101e77800c76e1, 0xbad9ca58cce0be35, 0xbaa4a1e0a3e6fe90, 0xba708180831f320d,
        0xba3a68cd9e985016, 0x446696695dbd1cc3, 0x443211ede4974a35, 0x43fce97ca0f21056, 0x43c7213080c1a6ac, 0x439280f39a348556,
        0x435d9b1f5d20d557, 0x4327af4c4a80aaac, 0x42f2f2a36ecd5556, 0x42be51057e155558, 0x428840d131aaaaac, 0x4253670dc1555557,
        0x421f0b4935555557, 0x41e8d5d42aaaaaac, 0x41b3de4355555556, 0x417fca0555555556, 0x41496e6aaaaaaaab, 0x4114585555555555,
        0x40e046aaaaaaaaab, 0x40aa0aaaaaaaaaaa, 0x4074d55555555555, 0x4040aaaaaaaaaaab, 0x400aaaaaaaaaaaab, 0x3fd5555555555555,
        0x3fa1111111111111, 0x3f6b4e81b4e81b4f, 0x3f35d867c3ece2a5, 0x3f0179ec9cbd821e, 0x3ecbf647612f3696, 0x3e965e9f80f29212,
        0x3e61e54c672874db, 0x3e2ca213d840baf8, 0x3df6e80fe033c8c6, 0x3dc2533fe68fd3d2, 0x3d8d51ffd74c861c, 0x3d5774ccac3d3817,
        0x3d22c3d6f030f9ac, 0x3cee0624b3818f79, 0x3cb804ea293472c7, 0x3c833721ba905bd3, 0x3c4ebe9c5db3c61e, 0x3c18987d17c304e5,
        0x3be3ad30dfcf371d, 0x3baf7b816618582f, 0x3b792f9ab81379bf, 0x3b442615600f9499, 0x3b101e77800c76e1, 0x3ad9ca58cce0be35,
        0x3aa4a1e0a3e6fe90, 0x3a708180831f320d, 0x3a3a68cd9e985016, 0x4024000000000000, 0x4014000000000000, 0x3fe0000000000000,
        0x3fa999999999999a, 0x3f747ae147ae147b, 0x3f40624dd2f1a9fc, 0x3f0a36e2eb1c432d, 0x3ed4f8b588e368f1, 0x3ea0c6f7a0b5ed8d,
        0x3e6ad7f29abcaf48, 0x3e35798ee2308c3a, 0x3ed539223589fa95, 0x3ed4ff26cd5a7781, 0x3ed4f95a762283ff, 0x3ed4f8c60703520c,
        0x3ed4f8b72f19cd0d, 0x3ed4f8b5b31c0c8d, 0x3ed4f8b58d1c461a, 0x3ed4f8b5894f7f0e, 0x3ed4f8b588ee37f3, 0x3ed4f8b588e47da4,
        0x3ed4f8b588e3849c, 0x3ed4f8b588e36bb5, 0x3ed4f8b588e36937, 0x3ed4f8b588e368f8, 0x3ed4f8b588e368f1, 0x3ff0000000000000,
        0xbff0000000000000, 0xbfeffffffffffffa, 0xbfeffffffffffffb, 0x3feffffffffffffa, 0x3feffffffffffffb, 0x3feffffffffffffc,
        0x3feffffffffffffe, 0xbfefffffffffffff, 0xbfefffffffffffff, 0x3fefffffffffffff, 0x3fefffffffffffff, 0x3fd3333333333332,
        0x3fd3333333333333, 0x3fd3333333333334, 0x0010000000000000, 0x000ffffffffffffd, 0x000fffffffffffff, 0x7fefffffffffffff,
        0xffefffffffffffff, 0x4340000000000000, 0xc340000000000000, 0x4430000000000000, 0x44b52d02c7e14af5, 0x44b52d02c7e14af6,
        0x44b52d02c7e14af7, 0x444b1ae4d6e2ef4e, 0x444b1ae4d6e2ef4f, 0x444b1ae4d6e2ef50, 0x3eb0c6f7a0b5ed8c, 0x3eb0c6f7a0b5ed8d,
        0x41b3de4355555553, 0x41b3de4355555554, 0x41b3de4355555555, 0x41b3de4355555556, 0x41b3de4355555557, 0xbecbf647612f3696,
        0x43143ff3c1cb0959};

static const struct {
	int lines;
	const char *sha256;
} known[] = {
        {1000, "be18b62b6f69cdab33a7e0dae0d9cfa869fda80ddc712221570f9f40a5878687"},
        {10000, "b9f7a8e75ef22a835685a52ccba7f7d6bdc99e34b010992cbc5864cd12be6892"},
        {100000, "22776e6d4b49fa294a0d0f349268e5c28808fe7e0cb2bcbe28f63894e494d4c7"},
        {1000000, "49415fee2c56c77864931bd3624faad425c3c577d6d74e89a83bc725506dad16"},
};

struct sequence {
	size_t i;
	unsigned left; /* numbers in block that are not used yet */
	uint8_t block[DIGEST_MAX];
};

static uint64_t next_number(struct sequence *s)
{
	uint64_t bits = 0;
	size_t i = s->i++;
	if (i < ARRAY_LEN(chosen))
		return chosen[i];
	if (i < ARRAY_LEN(chosen) + 2000)
		return 0x0010000000000000 + (i - ARRAY_LEN(chosen));
	do {
		if (s->left == 0) {
			assert_int_equal(digest_of(DIGEST_SHA256, slice_of(s->block, 32), s->block), 0);
			s->left = 4;
		}
		memcpy(&bits, s->block + 8 * (4 - s->left), 8);
		s->left--;
	} while (from_bits(bits) == 0 || !isfinite(from_bits(bits)));
	return bits;
}

static void numbers_of_the_author(void **state)
{
	static const char hex[] = "0123456789abcdef";
	struct sequence s = {0};
	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(known); k++) {
		/* Each digest begins at the first line: the sequence runs again. */
		struct digest_stream *d;
		uint8_t sum[DIGEST_MAX];
		char text[65] = "", line[64];
		assert_int_equal(digest_stream_new(DIGEST_SHA256, &d), 0);
		s = (struct sequence){0};
		for (int i = 0; i < known[k].lines; i++) {
			uint64_t bits = next_number(&s);
			int n = snprintf(line, 32, "%llx,", (unsigned long long)bits);
			jcs_number(from_bits(bits), line + n);
			n += (int)strlen(line + n);
			line[n++] = '\n';
			assert_int_equal(digest_stream_add(d, slice_of(line, (size_t)n)), 0);
		}
		assert_int_equal(digest_stream_end(d, sum), 0);
		for (int i = 0; i < 32; i++) {
			text[2 * i] = hex[sum[i] >> 4];
			text[2 * i + 1] = hex[sum[i] & 15];
		}
		assert_string_equal(text, known[k].sha256);
	}
}

/* A decimal text of fewer digits must not be read as the same double, and none of as many digits be nearer. */
static void shortest_of_all(void **state)
{
	(void)state;
	for (int e = -1074; e < 1024; e++) {
		char out[32], other[80];
		double v = ldexp(1, e);
		jcs_number(v, out);
		assert_true(strtod(out, NULL) == v);
		int digits = 0, zeros = 0;
		for (char *p = out; *p && *p != 'e'; p++)
			if (*p >= '0' && *p <= '9' && (digits || *p != '0')) {
				digits++;
				zeros = *p == '0' ? zeros + 1 : 0;
			}
		digits -= zeros;
		/* Both neighbours of one digit less. */
		for (int up = 0; up < 2 && digits > 1; up++) {
			(void)snprintf(other, sizeof(other), "%.50e", v);
			/* Cut behind digits - 1 digits, then perhaps one more in the last of them. */
			char *exponent = strchr(other, 'e'), cut[96];
			(void)snprintf(cut, sizeof(cut), "%.*s", digits > 2 ? digits : 1, other);
			for (char *p = cut + strlen(cut) - 1; up; p--) {
				if (*p == '.')
					continue;
				if (*p != '9') {
					++*p;
					break;
				}
				*p = '0';
				assert_true(p > cut);
			}
			(void)snprintf(cut + strlen(cut), 16, "%s", exponent);
			assert_true(strtod(cut, NULL) != v);
		}
	}
}

/* RFC 8785, 3.2.2 to 3.2.4, and the other test data of its author. */
static void examples(void **state)
{
	static const struct {
		const char *in, *out;
	} table[] = {
	        {"{\n  \"numbers\": [333333333.33333329, 1E30, 4.50,\n   2e-3, 0.000000000000000000000000001],\n"
	         "  \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\n  \"literals\": [null, true, false]\n}",
	                "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
	                "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"},
	        {"{\n  \"\\u20ac\": \"Euro Sign\",\n  \"\\r\": \"Carriage Return\",\n  \"\\ufb33\": \"Hebrew Letter Dalet With Dagesh\",\n"
	         "  \"1\": \"One\",\n  \"\\ud83d\\ude00\": \"Emoji: Grinning Face\",\n  \"\\u0080\": \"Control\",\n"
	         "  \"\\u00f6\": \"Latin Small Letter O With Diaeresis\"\n}",
	                "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\",\"\xc3\xb6\":\"Latin Small Letter O With "
	                "Diaeresis\","
	                "\"\xe2\x82\xac\":\"Euro Sign\",\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\",\"\xef\xac\xb3\":\"Hebrew Letter "
	                "Dalet With "
	                "Dagesh\"}"},
	        {"[\n  56,\n  {\n    \"d\": true,\n    \"10\": null,\n    \"1\": [ ]\n  }\n]\n", "[56,{\"1\":[],\"10\":null,\"d\":true}]"},
	        {"{\"peach\": 1, \"p\xc3\xa9"
	         "ch\xc3\xa9\": 2, \"p\xc3\xaa"
	         "che\": 3, \"sin\":   4}",
	                "{\"peach\":1,\"p\xc3\xa9"
	                "ch\xc3\xa9\":2,\"p\xc3\xaa"
	                "che\":3,\"sin\":4}"},
	        {"{\"1\": {\"f\": {\"f\": \"hi\",\"F\": 5} ,\"\\n\": 56.0},\"10\": { },\"\": \"empty\",\"a\": { },"
	         "\"111\": [ {\"e\": \"yes\",\"E\": \"no\" } ],\"A\": { }}",
	                "{\"\":\"empty\",\"1\":{\"\\n\":56,\"f\":{\"F\":5,\"f\":\"hi\"}},\"10\":{},\"111\":[{\"E\":\"no\",\"e\":\"yes\"}],"
	                "\"A\":{},"
	                "\"a\":{}}"},
	        {"{\"Unnormalized Unicode\":\"A\\u030a\"}", "{\"Unnormalized Unicode\":\"A\xcc\x8a\"}"},
	        {"  \"\\u007f\\u0000\\u001F\\b\\t\\n\\f\\r\\u0008\\u0009\\u000a\\u000C\\u000d\" ",
	                "\"\x7f\\u0000\\u001f\\b\\t\\n\\f\\r\\b\\t\\n\\f\\r\""},
	        {"{\"\\u0041\":1,\"\\\"\":2,\"\\\\\":3,\"!\":4,\"[\":5,\"]\":6}",
	                "{\"!\":4,\"\\\"\":2,\"A\":1,\"[\":5,\"\\\\\":3,\"]\":6}"},
	        {"-0", "0"},
	        {"-0.0e5", "0"},
	        {"1e-400", "0"},
	        {"1.50", "1.5"},
	        {"100", "100"},
	        {"1E+2", "100"},
	        {"123456789012345678901234567890", "1.2345678901234568e+29"},
	        {"0.1000000000000000055511151231257827", "0.1"},
	        {"4.35", "4.35"},
	        {"1000000000000000000000", "1e+21"},
	        {"999999999999999999999", "1e+21"},
	        {"100000000000000000000", "100000000000000000000"},
	        {"0.0000001", "1e-7"},
	        {"0.00000012", "1.2e-7"},
	        {"0.000001", "0.000001"},
	        {"12e-1", "1.2"},
	        {"0.5e1", "5"},
	        {"5e-324", "5e-324"},
	        {"3e-324", "5e-324"},
	        {"2e-324", "0"},
	        {"1.7976931348623158e308", "1.7976931348623157e+308"},
	        {"0e999999999999999999999", "0"},
	        {"true", "true"},
	        {"\t null\r\n", "null"},
	        {"[[],{},[[{}]]]", "[[],{},[[{}]]]"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		_cleanup_buf_ struct buf b = BUF(4096), again = BUF(4096);
		int r = canonical(slice_str(table[i].in), &b);
		if (r < 0 || !slice_is(buf_slice(&b), table[i].out))
			fail_msg("row %zu: %d, %s", i, r, buf_str(&b));
		assert_int_equal(check(slice_str(table[i].in)), slice_is(buf_slice(&b), table[i].in) ? 0 : -EILSEQ);
		assert_int_equal(check(buf_slice(&b)), 0);
		assert_int_equal(canonical(buf_slice(&b), &again), 0);
		assert_true(slice_eq(buf_slice(&b), buf_slice(&again)));
	}
}

static void refuses(void **state)
{
	static const struct {
		struct slice in;
		int write, check;
	} table[] = {
	        {SLICE_INIT(""), -EBADMSG, -EBADMSG},
	        {SLICE_INIT(" "), -EBADMSG, -EILSEQ},
	        {SLICE_INIT("[1,]"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("[,1]"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("[1"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("[1 2]"), -EBADMSG, -EILSEQ},
	        {SLICE_INIT("[1}"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("{\"a\":1]"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("{\"a\"}"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("{\"a\":}"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("{\"a\":1,}"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("{a:1}"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("{1:1}"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("{"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("]"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("1 2"), -EBADMSG, -EILSEQ},
	        {SLICE_INIT("1,2"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("{}{}"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("nul"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("nulll"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("True"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("NaN"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("Infinity"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("01"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("-"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("-01"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("+1"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("1."), -EBADMSG, -EBADMSG},
	        {SLICE_INIT(".5"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("1e"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("1e+"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("1.e5"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("0x10"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("1e400"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("-1e999999999999"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("\""), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("\"a"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("\"\\"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("\"\\x\""), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("\"\\u12\""), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("\"\\u123g\""), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("\"\\ud800\""), -EBADMSG, -EILSEQ},
	        {SLICE_INIT("\"\\udc00\""), -EBADMSG, -EILSEQ},
	        {SLICE_INIT("\"\\ud800\\u0041\""), -EBADMSG, -EILSEQ},
	        {SLICE_INIT("\"\\ud800\\ud800\""), -EBADMSG, -EILSEQ},
	        {SLICE_INIT("\"\\ud800x\""), -EBADMSG, -EILSEQ},
	        {SLICE_INIT("\"\\udead\\ud800\""), -EBADMSG, -EILSEQ}, /* the RFC's example of a lone one is U+DEAD */
	        {SLICE_INIT("\"\x1f\""), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("\"\n\""), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("\"\0\""), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("\"\xff\""), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("\"\xc0\x80\""), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("\"\xed\xa0\x80\""), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("\"\xc3"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("\xef\xbb\xbf{}"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("{\"a\":1,\"a\":2}"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("{\"b\":1,\"a\":2,\"b\":1}"), -EBADMSG, -EILSEQ},
	        {SLICE_INIT("{\"a\":1,\"\\u0061\":2}"), -EBADMSG, -EILSEQ},
	        {SLICE_INIT("[{\"x\":{\"\\n\":1,\"\\n\":2}}]"), -EBADMSG, -EBADMSG},
	        {SLICE_INIT("\"\\/\""), 0, -EILSEQ},
	        {SLICE_INIT("\"\\u000a\""), 0, -EILSEQ},
	        {SLICE_INIT("\"\\u001F\""), 0, -EILSEQ},
	        {SLICE_INIT("\"\\u0041\""), 0, -EILSEQ},
	        {SLICE_INIT("\"\\ud83d\\ude00\""), 0, -EILSEQ},
	        {SLICE_INIT("{\"a\" :1}"), 0, -EILSEQ},
	        {SLICE_INIT("{\"a\": 1}"), 0, -EILSEQ},
	        {SLICE_INIT("{ \"a\":1}"), 0, -EILSEQ},
	        {SLICE_INIT("{\"a\":1 }"), 0, -EILSEQ},
	        {SLICE_INIT("[1, 2]"), 0, -EILSEQ},
	        {SLICE_INIT("[ ]"), 0, -EILSEQ},
	        {SLICE_INIT("1\n"), 0, -EILSEQ},
	        {SLICE_INIT("{\"b\":1,\"a\":2}"), 0, -EILSEQ},
	        {SLICE_INIT("{\"\xef\xac\xb3\":1,\"\xf0\x9f\x98\x80\":2}"), 0, -EILSEQ}, /* in the order of code points */
	        {SLICE_INIT("{\"\\\\\":1,\"[\":2}"), 0, -EILSEQ},
	        {SLICE_INIT("{\"\\\"\":1,\"!\":2}"), 0, -EILSEQ},
	        {SLICE_INIT("1.0"), 0, -EILSEQ},
	        {SLICE_INIT("-0"), 0, -EILSEQ},
	        {SLICE_INIT("1E5"), 0, -EILSEQ},
	        {SLICE_INIT("10000000000000000000000"), 0, -EILSEQ},
	        {SLICE_INIT("9007199254740993"), 0, -EILSEQ},
	        {SLICE_INIT("0.0000001"), 0, -EILSEQ},
	        {SLICE_INIT("1.00000000000000000000000000000000000000000000000000000001"), 0, -EILSEQ},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		_cleanup_buf_ struct buf b = BUF(4096);
		buf_str_add(&b, "before");
		int w = canonical(table[i].in, &b), c = check(table[i].in);
		if (w != table[i].write || c != table[i].check)
			fail_msg("row %zu: %d, %d: %s", i, w, c, buf_str(&b));
		if (w < 0)
			assert_string_equal(buf_str(&b), "before");
	}
}

static void limits(void **state)
{
	static uint8_t text[400];
	(void)state;
	for (size_t depth = 64; depth <= 65; depth++)
		for (int object = 0; object < 2; object++) {
			_cleanup_buf_ struct buf b = BUF(1000), out = BUF(1000);
			for (size_t i = 0; i < depth; i++)
				buf_str_add(&b, !object ? "[" : i + 1 < depth ? "{\"\":" : "{");
			for (size_t i = 0; i < depth; i++)
				buf_u8(&b, object ? '}' : ']');
			int want = depth == 64 ? 0 : -E2BIG;
			assert_int_equal(check(buf_slice(&b)), want);
			assert_int_equal(canonical(buf_slice(&b), &out), want);
		}
	/* A long number needs the arena; a full arena, a full buffer. */
	memset(text, '0', sizeof(text));
	text[1] = '.';
	text[sizeof(text) - 1] = '7';
	const char *why;
	size_t at;
	_cleanup_buf_ struct buf b = BUF(64);
	assert_int_equal(canonical(slice_of(text, sizeof(text)), &b), 0);
	assert_string_equal(buf_str(&b), "0"); /* 7e-398 */
	struct arena none = ARENA(8);
	text[3] = '1';
	assert_int_equal(jcs_write(slice_of(text, sizeof(text)), &none, &b, &why, &at), -ENOMEM);
	assert_int_equal(jcs_write(SLICE("{\"a\":1}"), &none, &b, &why, &at), -ENOMEM);
	assert_string_equal(buf_str(&b), "0");
	arena_free(&none);
	for (size_t max = 0; max < 24; max++) {
		_cleanup_arena_ struct arena scratch = ARENA(1 << 16);
		_cleanup_buf_ struct buf small = BUF(max);
		why = NULL;
		int r = jcs_write(SLICE("{\"bb\":[1,{\"d\":1,\"c\":2}],\"a\":\"\\u0041\\n\"}"), &scratch, &small, &why, &at);
		assert_true(r == -ENOBUFS && why && small.n == 0);
	}
}

/* Random documents, written in random forms of the same value: each has one canonical form, which the check takes, and of which every other
 * form is refused by it. */
static uint32_t seed = 1;
static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static void space(struct buf *b, bool loose)
{
	while (loose && draw(4) == 0)
		buf_u8(b, (uint8_t) " \t\r\n"[draw(4)]);
}

/* A character in one of its forms; forms differ only if `loose`. */
static void character(struct buf *b, uint32_t c, bool loose)
{
	static const char shorts[] = "\bb\tt\nn\ff\rr\"\"\\\\";
	if (loose && draw(3) == 0) {
		if (c >= 0x10000)
			buf_fmt(b, "\\u%04x\\u%04X", 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + (c & 0x3ff));
		else
			buf_fmt(b, draw(2) ? "\\u%04x" : "\\u%04X", c);
		return;
	}
	for (size_t i = 0; i + 1 < sizeof(shorts) - 1; i += 2)
		if (c == (uint8_t)shorts[i]) {
			buf_u8(b, '\\');
			buf_u8(b, (uint8_t)shorts[i + 1]);
			return;
		}
	if (c < 0x20)
		buf_fmt(b, "\\u%04x", c);
	else if (c < 0x80)
		buf_u8(b, (uint8_t)c);
	else if (c < 0x800)
		buf_fmt(b, "%c%c", (int)(0xc0 | c >> 6), (int)(0x80 | (c & 0x3f)));
	else if (c < 0x10000)
		buf_fmt(b, "%c%c%c", (int)(0xe0 | c >> 12), (int)(0x80 | (c >> 6 & 0x3f)), (int)(0x80 | (c & 0x3f)));
	else
		buf_fmt(b, "%c%c%c%c", (int)(0xf0 | c >> 18), (int)(0x80 | (c >> 12 & 0x3f)), (int)(0x80 | (c >> 6 & 0x3f)),
		        (int)(0x80 | (c & 0x3f)));
}

/* Names in the order of RFC 8785; neighbours that are easily mixed up. */
static const uint32_t names[][3] = {{0}, {1}, {8}, {0xa}, {0xd}, {0x1f}, {' '}, {'!'}, {'"'}, {'"', '"'}, {'#'}, {'1'}, {'1', '0'}, {'A'},
        {'['}, {'\\'}, {'\\', 'n'}, {']'}, {'a'}, {'a', 'a'}, {'a', 0xe9}, {0x7f}, {0x80}, {0x7ff}, {0x800}, {0xd7ff}, {0x10000},
        {0x10000, 'a'}, {0x1f600}, {0x10ffff}, {0xe000}, {0xfb33}, {0xffff}};

static void document(struct buf *b, uint32_t what, int depth, bool loose)
{
	static const char *const number[][3] = {{"0", "-0", "0.0e-3"}, {"1", "1.0", "10e-1"}, {"-17", "-17.00", "-1.7E+1"},
	        {"0.1", "0.10", "1e-1"}, {"1e+21", "1000000000000000000000", "1E21"}, {"5e-7", "0.0000005", "5.0e-7"},
	        {"1424953923781206.2", "1424953923781206.25", "14249539237812062.5e-1"}};
	space(b, loose);
	if (depth == 0 || what % 5 < 2) {
		size_t i = what / 5 % ARRAY_LEN(number);
		buf_str_add(b, number[i][loose ? draw(3) : 0]);
	} else if (what % 5 == 2) {
		buf_u8(b, '"');
		for (uint32_t i = 0; i < what % 7; i++)
			character(b, names[(what * 7 + i) % ARRAY_LEN(names)][0], loose);
		buf_u8(b, '"');
	} else if (what % 5 == 3) {
		buf_u8(b, '[');
		space(b, loose);
		for (uint32_t i = 0; i < what % 4; i++) {
			if (i)
				buf_u8(b, ',');
			document(b, what * 31 + i, depth - 1, loose);
		}
		buf_u8(b, ']');
	} else {
		/* Which names it has follows from `what`, the order in a loose form from chance. */
		size_t at[ARRAY_LEN(names)], n = 0;
		for (size_t i = 0; i < ARRAY_LEN(names); i++)
			if ((what >> i % 11) % 3 == 0)
				at[n++] = i;
		for (size_t i = n; loose && i > 1; i--) {
			size_t k = draw((uint32_t)i), t = at[k];
			at[k] = at[i - 1];
			at[i - 1] = t;
		}
		buf_u8(b, '{');
		space(b, loose);
		for (size_t i = 0; i < n; i++) {
			if (i)
				buf_u8(b, ',');
			space(b, loose);
			buf_u8(b, '"');
			for (int k = 0; k < 3 && (names[at[i]][k] || (k == 0 && at[i] == 0)); k++)
				character(b, names[at[i]][k], loose);
			buf_u8(b, '"');
			space(b, loose);
			buf_u8(b, ':');
			document(b, what * 17 + (uint32_t)at[i] * 5, n > 6 ? 0 : depth - 1, loose);
		}
		buf_u8(b, '}');
	}
	space(b, loose);
}

static void every_form_of_a_document(void **state)
{
	size_t objects = 0;
	(void)state;
	for (uint32_t what = 0; what < 6000; what++) {
		_cleanup_buf_ struct buf want = BUF(1 << 20), loose = BUF(1 << 20), out = BUF(1 << 20);
		uint32_t mixed = what * 2654435761u >> 3;
		document(&want, mixed, 4, false);
		document(&loose, mixed, 4, true);
		assert_true(!buf_error(&want) && !buf_error(&loose));
		objects += want.p[0] == '{';
		if (check(buf_slice(&want)) != 0)
			fail_msg("not taken: %s", buf_str(&want));
		assert_int_equal(check(buf_slice(&loose)), slice_eq(buf_slice(&loose), buf_slice(&want)) ? 0 : -EILSEQ);
		assert_int_equal(canonical(buf_slice(&loose), &out), 0);
		if (!slice_eq(buf_slice(&out), buf_slice(&want)))
			fail_msg("%s\n%s", buf_str(&out), buf_str(&want));
	}
	assert_true(objects > 500);
}

/* Bytes at every place relative to the eight that are looked at together. */
static void every_place_in_a_string(void **state)
{
	(void)state;
	for (size_t n = 1; n < 40; n++)
		for (size_t at = 0; at < n; at++)
			for (unsigned c = 0; c < 256; c++) {
				uint8_t text[48];
				memset(text, at % 2 ? 0x7f : 0x20, sizeof(text));
				text[0] = text[n + 1] = '"';
				text[at + 1] = (uint8_t)c;
				int want = c < 0x20 || c == '"' || c == '\\' || c >= 0x80 ? -EBADMSG : 0;
				if (c == '"' && text[at + 2] == ' ')
					want = -EILSEQ; /* white space behind the document */
				assert_int_equal(check(slice_of(text, n + 2)), want);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(numbers_of_the_rfc),
	        cmocka_unit_test(numbers_of_the_author),
	        cmocka_unit_test(shortest_of_all),
	        cmocka_unit_test(examples),
	        cmocka_unit_test(refuses),
	        cmocka_unit_test(limits),
	        cmocka_unit_test(every_form_of_a_document),
	        cmocka_unit_test(every_place_in_a_string),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
