#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/encode.h"
#include "base/utf8.h"
#include "crypto/tlog.h"

static struct note_signature signatures[NOTE_SIGNATURES];

/* The example of the specification, byte for byte. */
#define EXAMPLE_KEY  "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define EXAMPLE_TEXT "This is an example message.\n"
#define EXAMPLE_LINE                    \
	"\xe2\x80\x94 example.com/foo " \
	"Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
#define EXAMPLE EXAMPLE_TEXT "\n" EXAMPLE_LINE

static void parse(struct slice in, struct note *n)
{
	const char *why = NULL;
	size_t at = 0;
	n->signature = signatures;
	if (note_parse(in, n, &why, &at) < 0)
		fail_msg("refused at %zu: %s", at, why);
}

static void example_of_the_specification(void **state)
{
	struct note n;
	struct note_vkey key;
	const char *why;
	_cleanup_buf_ struct buf b = BUF(4096);
	(void)state;
	assert_int_equal(tlog_vkey_read(SLICE(EXAMPLE_KEY), &key, &why), 0);
	assert_true(slice_is(key.name, "example.com/foo") && key.key_id == 0x530d903a && key.type == TLOG_ED25519);
	parse(SLICE(EXAMPLE), &n);
	assert_true(slice_is(n.text, EXAMPLE_TEXT));
	assert_int_equal(n.n, 1);
	assert_true(slice_is(signatures[0].name, "example.com/foo") && signatures[0].key_id == 0x530d903a && signatures[0].n == 64);
	assert_int_equal(tlog_note_verify(&n, &key, NULL), 0);
	/* Written again from its parts. */
	buf_add(&b, n.text);
	buf_u8(&b, '\n');
	note_signature_add(&b, signatures[0].name, signatures[0].key_id, slice_of(signatures[0].bytes, signatures[0].n));
	assert_true(slice_is(buf_slice(&b), EXAMPLE));
	buf_reset(&b);
	tlog_vkey_add(&b, key.name, key.type, key.public);
	assert_true(slice_is(buf_slice(&b), EXAMPLE_KEY));
	/* Every bit of it counts: refused, unsigned or badly signed. */
	uint8_t bytes[] = EXAMPLE;
	for (size_t i = 0; i < 8 * (sizeof(bytes) - 1); i++) {
		size_t at;
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		n.signature = signatures;
		if (note_parse(slice_of(bytes, sizeof(bytes) - 1), &n, &why, &at) == 0) {
			int r = tlog_note_verify(&n, &key, NULL);
			assert_true(r == -EBADMSG || r == -ENOKEY);
		} else {
			assert_true(at <= sizeof(bytes) - 1);
		}
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}

/* The other one: its text has an empty line in it. */
static void text_with_an_empty_line(void **state)
{
	static const char text[] = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\n\xc3\xa8"
	                           "d \xc3\xa8 subito sera.\n";
	_cleanup_buf_ struct buf b = BUF(4096);
	struct note n;
	(void)state;
	buf_str_add(&b, text);
	buf_str_add(&b, "\n\xe2\x80\x94 quasimodo.example/salvatore "
	                "NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n");
	parse(buf_slice(&b), &n);
	assert_true(slice_is(n.text, text));
	assert_int_equal(n.n, 1);
	assert_int_equal(signatures[0].key_id, 0x367ba04b);
}

struct seed_signer {
	uint8_t seed[32];
	int error;
};

static int sign(void *arg, struct slice message, uint8_t signature[64])
{
	struct seed_signer *s = arg;
	return s->error ? s->error : ed25519_sign(s->seed, message, signature);
}

/* The example of Go's package sumdb/note; signatures are deterministic, so ours must be the same. */
static void example_of_go(void **state)
{
	static const char text[] = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
	static const char line[] = "\xe2\x80\x94 PeterNeumann "
	                           "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
	_cleanup_buf_ struct buf b = BUF(4096), key = BUF(64);
	struct seed_signer seed = {0};
	struct tlog_signer s = {.name = SLICE("PeterNeumann"), .sign = sign, .arg = &seed};
	(void)state;
	assert_true(decode_base64(&key, SLICE("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")));
	memcpy(seed.seed, key.p + 1, 32);
	assert_int_equal(ed25519_public(seed.seed, s.public), 0);
	assert_int_equal(tlog_note_sign(&s, slice_str(text), &b), 0);
	assert_true(slice_starts(buf_slice(&b), slice_str(text)) && slice_ends(buf_slice(&b), slice_str(line)));
	assert_int_equal(b.n, strlen(text) + 1 + strlen(line));
	buf_reset(&b);
	tlog_vkey_add(&b, s.name, TLOG_ED25519, s.public);
	assert_string_equal(buf_str(&b), "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
}

static void refuses(void **state)
{
#define LINE "\xe2\x80\x94 a AAAAAAA=\n" /* four bytes of id and one */
	static const struct {
		struct slice in;
		size_t at;
	} table[] = {
	        {SLICE_INIT(""), 0},
	        {SLICE_INIT("\n"), 1},
	        {SLICE_INIT("text\n"), 5},
	        {SLICE_INIT("text\n\n"), 6},
	        {SLICE_INIT(LINE), 15},
	        {SLICE_INIT("text\n" LINE), 20},
	        {SLICE_INIT("text\n\n\xe2\x80\x94 a AAAAAAA="), 20},
	        {SLICE_INIT("text\n\n" LINE "\n"), 22},
	        {SLICE_INIT("text\n\n" LINE "\n" LINE "x\n"), 37},
	        {SLICE_INIT("text\n\n\xe2\x80\x94  a AAAAAAA=\n"), 6},
	        {SLICE_INIT("text\n\n\xe2\x80\x94  AAAAAAA=\n"), 6},
	        {SLICE_INIT("text\n\n\xe2\x80\x94 a\n"), 6},
	        {SLICE_INIT("text\n\n\xe2\x80\x94 a \n"), 6},
	        {SLICE_INIT("text\n\n\xe2\x80\x94 a AAAAAA==\n"), 6}, /* the id alone */
	        {SLICE_INIT("text\n\n\xe2\x80\x94 a AAAAAAA\n"), 6},  /* no padding */
	        {SLICE_INIT("text\n\n\xe2\x80\x94 a AAAAAAB=\n"), 6}, /* bits behind the end */
	        {SLICE_INIT("text\n\n\xe2\x80\x94 a AAAAAA-_\n"), 6}, /* the other alphabet */
	        {SLICE_INIT("text\n\n\xe2\x80\x94 a AAAAAAA= \n"), 6},
	        {SLICE_INIT("text\n\n\xe2\x80\x94 a AAAA AAAA\n"), 6},
	        {SLICE_INIT("text\n\n\xe2\x80\x94 a+b AAAAAAA=\n"), 6},
	        {SLICE_INIT("text\n\n\xe2\x80\x94 a\xc2\xa0"
	                    "b AAAAAAA=\n"),
	                6},
	        {SLICE_INIT("text\n\n- a AAAAAAA=\n"), 6},
	        {SLICE_INIT("te\rxt\n\n" LINE), 2},
	        {SLICE_INIT("te\0xt\n\n" LINE), 2},
	        {SLICE_INIT("te\txt\n\n" LINE), 2},
	        {SLICE_INIT("te\xffxt\n\n" LINE), 2},
	        {SLICE_INIT("te\xc0\x80xt\n\n" LINE), 2},
	        {SLICE_INIT("te\xed\xa0\x80xt\n\n" LINE), 2},
	        {SLICE_INIT("text\r\n\r\n" LINE), 4},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct note n = {.signature = signatures, .n = 77};
		const char *why = NULL;
		size_t at = 999;
		if (note_parse(table[i].in, &n, &why, &at) != -EBADMSG)
			fail_msg("row %zu was taken", i);
		assert_non_null(why);
		if (at != table[i].at)
			fail_msg("row %zu: %s at %zu", i, why, at);
		assert_int_equal(n.n, 77);
	}
	struct note n;
	parse(SLICE("\n\n" LINE), &n);
	assert_true(slice_is(n.text, "\n"));
	parse(SLICE("a\n\n\n\n" LINE LINE), &n);
	assert_true(slice_is(n.text, "a\n\n\n") && n.n == 2);
	parse(SLICE("a\x7f\n\n" LINE), &n);
}

static void many_and_long(void **state)
{
	static uint8_t bytes[NOTE_SIGNATURE_MAX];
	_cleanup_buf_ struct buf b = BUF(NOTE_MAX + 1000);
	struct note n = {.signature = signatures};
	const char *why;
	size_t at;
	(void)state;
	/* 16 signatures of 4,627 bytes (ML-DSA-87) must be read; the names of unknown keys may be long. */
	buf_str_add(&b, "text\n\n");
	for (uint32_t i = 0; i < 16; i++) {
		bytes[5] = (uint8_t)i;
		note_signature_add(&b, SLICE("post.quantum.example"), i, slice_of(bytes, 4627));
	}
	parse(buf_slice(&b), &n);
	assert_int_equal(n.n, 16);
	assert_true(signatures[15].n == 4627 && signatures[15].bytes[5] == 15 && signatures[15].key_id == 15);
	buf_reset(&b);
	buf_str_add(&b, "text\n\n\xe2\x80\x94 ");
	for (int i = 0; i < 1000; i++)
		buf_u8(&b, 'n');
	buf_str_add(&b, " AAAAAAA=\n");
	parse(buf_slice(&b), &n);
	/* 64 are the most. */
	buf_reset(&b);
	buf_str_add(&b, "text\n\n");
	for (uint32_t i = 0; i < NOTE_SIGNATURES; i++)
		note_signature_add(&b, SLICE("a"), i, slice_of(bytes, 1));
	parse(buf_slice(&b), &n);
	assert_int_equal(n.n, NOTE_SIGNATURES);
	note_signature_add(&b, SLICE("a"), 1, slice_of(bytes, 1));
	assert_int_equal(note_parse(buf_slice(&b), &n, &why, &at), -EBADMSG);
	assert_string_equal(why, "too many signatures");
	/* One too long, and a note too long. */
	buf_reset(&b);
	buf_str_add(&b, "text\n\n");
	note_signature_add(&b, SLICE("a"), 1, slice_of(bytes, NOTE_SIGNATURE_MAX - 4));
	parse(buf_slice(&b), &n);
	assert_int_equal(signatures[0].n, NOTE_SIGNATURE_MAX - 4);
	struct buf old = b;
	note_signature_add(&b, SLICE("a"), 1, slice_of(bytes, NOTE_SIGNATURE_MAX - 3));
	assert_true(buf_error(&b) == -ENOBUFS && b.n == old.n);
	buf_reset(&b);
	while (b.n < NOTE_MAX)
		buf_str_add(&b, "0123456789abcdef");
	buf_str_add(&b, "\n\n" LINE);
	assert_int_equal(note_parse(buf_slice(&b), &n, &why, &at), -EBADMSG);
}

static void names(void **state)
{
	static const char *const good[] = {"a", "example.com/foo", "\xc3\xa9t\xc3\xa9", "a-b_c:d", "\xe2\x80\x8b" /* no White_Space */};
	static const struct slice bad[] = {SLICE_INIT(""), SLICE_INIT("a b"), SLICE_INIT("a+b"), SLICE_INIT("a\nb"), SLICE_INIT("a\tb"),
	        SLICE_INIT("a\xc2\x85"), SLICE_INIT("a\xc2\xa0"), SLICE_INIT("\xe1\x9a\x80"), SLICE_INIT("\xe2\x80\x80"),
	        SLICE_INIT("\xe2\x80\x8a"), SLICE_INIT("\xe2\x80\xa8"), SLICE_INIT("\xe2\x80\xa9"), SLICE_INIT("\xe2\x80\xaf"),
	        SLICE_INIT("\xe2\x81\x9f"), SLICE_INIT("\xe3\x80\x80"), SLICE_INIT("\xff"), SLICE_INIT("a\0b")};
	char longest[NOTE_NAME_MAX + 2] = "";
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(note_name_valid(slice_str(good[i])));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(note_name_valid(bad[i]));
	memset(longest, 'x', NOTE_NAME_MAX + 1);
	assert_true(note_name_valid(slice_of(longest, NOTE_NAME_MAX)));
	assert_false(note_name_valid(slice_of(longest, NOTE_NAME_MAX + 1)));
}

static void keys(void **state)
{
	static const struct {
		const char *text;
		int r;
	} table[] = {
	        {"", -EBADMSG},
	        {"example.com/foo", -EBADMSG},
	        {"example.com/foo+530d903a", -EBADMSG},
	        {"example.com/foo+530d903a+", -EBADMSG},
	        {"+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", -EBADMSG},
	        {"example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", -EBADMSG},
	        {"example.com/foo+530d903+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", -EBADMSG},
	        {"example.com/foo+530d903a0+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", -EBADMSG},
	        {"example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", -EBADMSG}, /* not its id */
	        {"example.com/fooo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", -EBADMSG},
	        {"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k+", -EBADMSG},
	        {"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2", -EBADMSG},
	        {"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3Q==", -EBADMSG},     /* too short for its type */
	        {"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2keA==", -EBADMSG}, /* too long */
	        {"example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", -ENOTSUP},     /* 2: ECDSA */
	        {"example.com/foo+530d903a+Bg==", -ENOTSUP},
	        {EXAMPLE_KEY "\n", -EBADMSG},
	        {" " EXAMPLE_KEY, -EBADMSG},
	        {EXAMPLE_KEY, 0},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct note_vkey k = {.type = 99};
		const char *why = NULL;
		if (tlog_vkey_read(slice_str(table[i].text), &k, &why) != table[i].r)
			fail_msg("%s: not %d (%s)", table[i].text, table[i].r, why ? why : "taken");
		assert_true(table[i].r == 0 || (why && k.type == 99));
	}
}

/* What a verifier must do with several signatures: unknown keys don't matter, a bad one by a known key does. */
static void several_signatures(void **state)
{
	struct seed_signer seed[2] = {{.seed = {1}}, {.seed = {2}}};
	struct tlog_signer s[2] = {
	        {.name = SLICE("one"), .sign = sign, .arg = &seed[0]}, {.name = SLICE("two"), .sign = sign, .arg = &seed[1]}};
	struct note_vkey key[2], stranger;
	_cleanup_buf_ struct buf text = BUF(4096), vkey = BUF(4096), first = BUF(4096), second = BUF(4096);
	struct note n;
	const char *why;
	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ed25519_public(seed[i].seed, s[i].public), 0);
		buf_reset(&vkey);
		tlog_vkey_add(&vkey, s[i].name, TLOG_ED25519, s[i].public);
		assert_int_equal(tlog_vkey_read(buf_slice(&vkey), &key[i], &why), 0);
		key[i].name = s[i].name;
	}
	assert_int_equal(tlog_note_sign(&s[0], SLICE("some text\n"), &first), 0);
	assert_int_equal(tlog_note_sign(&s[1], SLICE("some text\n"), &second), 0);
	struct slice line[2] = {slice_from(buf_slice(&first), 11), slice_from(buf_slice(&second), 11)};
	buf_add(&text, buf_slice(&first));
	buf_add(&text, line[1]);
	parse(buf_slice(&text), &n);
	assert_int_equal(tlog_note_verify(&n, &key[0], NULL), 0);
	assert_int_equal(tlog_note_verify(&n, &key[1], NULL), 0);
	/* The name alone, or the id alone, is another key. */
	stranger = key[0];
	stranger.key_id++;
	assert_int_equal(tlog_note_verify(&n, &stranger, NULL), -ENOKEY);
	stranger = key[0];
	stranger.name = SLICE("other");
	assert_int_equal(tlog_note_verify(&n, &stranger, NULL), -ENOKEY);
	stranger = key[0];
	stranger.public[3] ^= 1;
	assert_int_equal(tlog_note_verify(&n, &stranger, NULL), -EBADMSG);
	/* A good and a bad one by the same key, in either order. */
	uint8_t other[64] = {1};
	for (int order = 0; order < 2; order++) {
		buf_reset(&text);
		buf_str_add(&text, "some text\n\n");
		if (order)
			buf_add(&text, line[0]);
		note_signature_add(&text, SLICE("one"), key[0].key_id, slice_of(other, sizeof(other)));
		if (!order)
			buf_add(&text, line[0]);
		buf_add(&text, line[1]);
		parse(buf_slice(&text), &n);
		assert_int_equal(tlog_note_verify(&n, &key[0], NULL), -EBADMSG);
		assert_int_equal(tlog_note_verify(&n, &key[1], NULL), 0);
	}
	/* What cannot be signed. */
	buf_reset(&text);
	assert_int_equal(tlog_note_sign(&s[0], SLICE("no end"), &text), -EINVAL);
	assert_int_equal(tlog_note_sign(&s[0], SLICE(""), &text), -EINVAL);
	assert_int_equal(tlog_note_sign(&s[0], SLICE("a\tb\n"), &text), -EINVAL);
	s[0].name = SLICE("a b");
	assert_int_equal(tlog_note_sign(&s[0], SLICE("text\n"), &text), -EINVAL);
	s[0].name = SLICE("one");
	seed[0].error = -EPIPE;
	assert_int_equal(tlog_note_sign(&s[0], SLICE("text\n"), &text), -EPIPE);
	assert_int_equal(text.n, 0);
	text.max = 10;
	seed[0].error = 0;
	assert_int_equal(tlog_note_sign(&s[0], SLICE("text\n"), &text), -ENOBUFS);
}

static void strict_base64(void **state)
{
	static const struct {
		const char *text;
		int n; /* -1: refused */
	} table[] = {
	        {"", 0},
	        {"AA==", 1},
	        {"AAA=", 2},
	        {"AAAA", 3},
	        {"AAAAAA==", 4},
	        {"++//", 3},
	        {"A", -1},
	        {"AA", -1},
	        {"AAA", -1},
	        {"AB==", -1},
	        {"AAB=", -1},
	        {"=", -1},
	        {"==", -1},
	        {"====", -1},
	        {"A===", -1},
	        {"AA=A", -1},
	        {"AA==AA==", -1},
	        {"AAA=AAAA", -1},
	        {"AA-_", -1},
	        {"AA A", -1},
	        {"AAAA\n", -1},
	        {"\xff\xff\xff\xff", -1},
	};
	uint8_t out[8];
	size_t n;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		n = 99;
		bool ok = decode_base64_strict(slice_str(table[i].text), out, sizeof(out), &n);
		if (ok != (table[i].n >= 0) || n != (ok ? (size_t)table[i].n : 99))
			fail_msg("%s: %d, %zu", table[i].text, ok, n);
	}
	assert_false(decode_base64_strict(SLICE("AAAAAAAA"), out, 5, &n));
	assert_true(decode_base64_strict(SLICE("AAAAAAAA"), NULL, 6, &n));
	/* What is written is read, and another letter anywhere is another value or none. */
	for (size_t size = 0; size < 8; size++) {
		_cleanup_buf_ struct buf b = BUF(64);
		uint8_t in[8] = {0x00, 0xff, 0x6b, 0x80, 0x7e, 0x01, 0xfe, 0x33};
		encode_base64(&b, slice_of(in, size), false, true);
		assert_true(decode_base64_strict(buf_slice(&b), out, sizeof(out), &n));
		assert_true(n == size && memcmp(in, out, n) == 0);
		for (size_t i = 0; i < b.n; i++)
			for (int c = 0; c < 256; c++) {
				uint8_t was = b.p[i];
				b.p[i] = (uint8_t)c;
				if (c != was && decode_base64_strict(buf_slice(&b), out, sizeof(out), &n))
					assert_true(n != size || memcmp(in, out, n) != 0);
				b.p[i] = was;
			}
	}
}

/* Against the table of well-formed sequences of the Unicode standard (3-7), for all sequences of up to three bytes and many of four. */
static void utf8(void **state)
{
	uint32_t c;
	size_t good = 0;
	(void)state;
	for (uint32_t v = 0; v < 1u << 24; v += v < 1u << 16 ? 1 : 257) {
		uint8_t p[4] = {(uint8_t)(0xf0 | (v >> 18 & 0xf)), (uint8_t)(v >> 12 & 0xff), (uint8_t)(v >> 6), (uint8_t)v};
		size_t n = utf8_next(slice_of(p, 4), 0, &c);
		bool second = p[0] == 0xf0   ? p[1] >= 0x90 && p[1] <= 0xbf
		              : p[0] == 0xf4 ? p[1] >= 0x80 && p[1] <= 0x8f
		                             : p[1] >= 0x80 && p[1] <= 0xbf;
		bool fits = p[0] <= 0xf4 && second && (p[2] & 0xc0) == 0x80 && (p[3] & 0xc0) == 0x80;
		assert_int_equal(n, fits ? 4 : 0);
		good += fits;
		for (size_t cut = 1; cut < 4; cut++)
			assert_int_equal(utf8_next(slice_of(p, cut), 0, &c), 0);
	}
	assert_true(good > 100);
	for (uint32_t v = 0; v < 1u << 16; v++) {
		uint8_t p[3] = {(uint8_t)(v >> 8), (uint8_t)v, 0x80};
		size_t n = utf8_next(slice_of(p, 3), 0, &c);
		bool follows = p[1] >= 0x80 && p[1] <= 0xbf;
		size_t want = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] <= 0xdf ? (follows ? 2 : 0) : 0;
		if (p[0] >= 0xe0 && p[0] <= 0xef)
			want = follows && !(p[0] == 0xe0 && p[1] < 0xa0) && !(p[0] == 0xed && p[1] > 0x9f) ? 3 : 0;
		assert_int_equal(n, want);
	}
	assert_true(utf8_next(SLICE("\xf0\x9f\x98\x80"), 0, &c) == 4 && c == 0x1f600);
	assert_true(utf8_next(SLICE("\xe2\x82\xac"), 0, &c) == 3 && c == 0x20ac);
	assert_true(utf8_next(SLICE("\xc3\xb6"), 0, &c) == 2 && c == 0xf6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(example_of_the_specification),
	        cmocka_unit_test(text_with_an_empty_line),
	        cmocka_unit_test(example_of_go),
	        cmocka_unit_test(refuses),
	        cmocka_unit_test(many_and_long),
	        cmocka_unit_test(names),
	        cmocka_unit_test(keys),
	        cmocka_unit_test(several_signatures),
	        cmocka_unit_test(strict_base64),
	        cmocka_unit_test(utf8),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
