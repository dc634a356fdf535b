#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "crypto/tlog.h"

static struct note_signature signatures[NOTE_SIGNATURES];

#define ORIGIN "example.com/behind-the-sofa"
#define ROOT   "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="

static void checkpoints(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} table[] = {
	        {ORIGIN "\n20852163\n" ROOT "\n", true},
	        {"any text, with+everything\n0\n" ROOT "\n", true},
	        {"a\n4611686018427387904\n" ROOT "\n", true},
	        {"a\n1\n" ROOT "\nextension\nanother\n", true},
	        {"", false},
	        {"\n1\n" ROOT "\n", false},
	        {"a\n", false},
	        {"a\n1\n", false},
	        {"a\n1\n" ROOT, false},
	        {"a\n01\n" ROOT "\n", false},
	        {"a\n00\n" ROOT "\n", false},
	        {"a\n-1\n" ROOT "\n", false},
	        {"a\n+1\n" ROOT "\n", false},
	        {"a\n1 \n" ROOT "\n", false},
	        {"a\n\n" ROOT "\n", false},
	        {"a\n0x1\n" ROOT "\n", false},
	        {"a\n4611686018427387905\n" ROOT "\n", false},
	        {"a\n18446744073709551617\n" ROOT "\n", false},
	        {"a\n1\n" ROOT "\n\n", false},
	        {"a\n1\n" ROOT "\nextension\n\n", false},
	        {"a\n1\n" ROOT "\n\nextension\n", false},
	        {"a\n1\n" ROOT "\nextension", false},
	        {"a\n1\n" ROOT " \n", false},
	        {"a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n", false}, /* bits behind the end */
	        {"a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n", false}, /* 31 bytes */
	        {"a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2JV\n", false}, /* 33 */
	        {"a\n1\nCsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I=\n", false},
	        {"a\n1\n\n", false},
	        {"a\tb\n1\n" ROOT "\n", false},
	        {"a\xff\n1\n" ROOT "\n", false},
	};
	struct tlog_checkpoint c;
	const char *why;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		_cleanup_buf_ struct buf b = BUF(4096);
		struct slice text = slice_str(table[i].text);
		c.size = 77;
		why = NULL;
		int r = tlog_checkpoint_parse(text, &c, &why);
		if (r != (table[i].ok ? 0 : -EBADMSG))
			fail_msg("row %zu: %d, %s", i, r, why ? why : "");
		if (r < 0) {
			assert_true(why && c.size == 77);
			continue;
		}
		tlog_checkpoint_add(&b, c.origin, c.size, c.root);
		buf_add(&b, c.extensions);
		assert_true(slice_eq(buf_slice(&b), text));
	}
	assert_int_equal(tlog_checkpoint_parse(slice_str(table[0].text), &c, &why), 0);
	assert_true(slice_is(c.origin, ORIGIN) && c.size == 20852163 && c.root[0] == 0x0a && c.root[31] == 0x62 && c.extensions.n == 0);
	assert_int_equal(tlog_checkpoint_parse(slice_str(table[3].text), &c, &why), 0);
	assert_true(slice_is(c.extensions, "extension\nanother\n"));
}

/* The example of tlog-cosignature: a log's signature and a witness's. */
static void example_of_a_cosignature(void **state)
{
	struct note n = {.signature = signatures};
	struct tlog_checkpoint c;
	const char *why;
	size_t at;
	(void)state;
	assert_int_equal(
	        note_parse(SLICE(ORIGIN "\n20852163\n" ROOT "\n\n"
	                                "\xe2\x80\x94 " ORIGIN " Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"
	                                "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\xe2\x80\x94 witness.example.com/w1 jWbPPwAAAABkGFDLEZM"
	                                "HwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"),
	                &n, &why, &at),
	        0);
	assert_int_equal(tlog_checkpoint_parse(n.text, &c, &why), 0);
	assert_true(n.n == 2 && signatures[0].n == 64 && signatures[1].n == 72);
	/* The time in it is the one that the specification shows as text. */
	static const uint8_t time[8] = {0, 0, 0, 0, 1679315147 >> 24, 1679315147 >> 16 & 0xff, 1679315147 >> 8 & 0xff, 1679315147 & 0xff};
	assert_memory_equal(signatures[1].bytes, time, 8);
}

struct seed_signer {
	uint8_t seed[32];
	struct buf message; /* the last that was signed */
};

static int sign(void *arg, struct slice message, uint8_t signature[64])
{
	struct seed_signer *s = arg;
	buf_reset(&s->message);
	buf_add(&s->message, message);
	return ed25519_sign(s->seed, message, signature);
}

static struct note_vkey key_of(const struct tlog_signer *s, uint8_t type)
{
	struct note_vkey k = {.name = s->name, .type = type, .key_id = tlog_key_id(s->name, type, s->public)};
	memcpy(k.public, s->public, sizeof(k.public));
	return k;
}

static void opening_and_cosigning(void **state)
{
	struct seed_signer seed = {.seed = {1}, .message = BUF(4096)}, seed_w = {.seed = {2}, .message = BUF(4096)};
	struct tlog_signer log = {.name = SLICE(ORIGIN), .sign = sign, .arg = &seed};
	struct tlog_signer witness = {.name = SLICE("witness.example/w1"), .sign = sign, .arg = &seed_w};
	static const uint8_t root[32] = {1, 2, 3};
	_cleanup_buf_ struct buf text = BUF(4096), note = BUF(4096), want = BUF(4096), line = BUF(4096);
	struct tlog_checkpoint c = {0};
	struct note n = {.signature = signatures};
	uint64_t time = 7;
	(void)state;
	assert_int_equal(ed25519_public(seed.seed, log.public), 0);
	assert_int_equal(ed25519_public(seed_w.seed, witness.public), 0);
	struct note_vkey log_key = key_of(&log, TLOG_ED25519), witness_key = key_of(&witness, TLOG_COSIGNATURE), other = log_key;
	tlog_checkpoint_add(&text, log.name, 20852163, root);
	assert_int_equal(tlog_note_sign(&log, buf_slice(&text), &note), 0);
	assert_int_equal(tlog_checkpoint_open(buf_slice(&note), &log_key, &n, &c, NULL), 0);
	assert_true(c.size == 20852163 && memcmp(c.root, root, 32) == 0);
	assert_int_equal(tlog_note_verify(&n, &witness_key, &time), -ENOKEY);
	assert_int_equal(time, 7);
	/* A witness adds its line; what it signs is the text of the specification. */
	assert_int_equal(tlog_cosign(&witness, buf_slice(&text), 1679315147, &line), 0);
	buf_add(&note, buf_slice(&line));
	buf_str_add(&want, "cosignature/v1\ntime 1679315147\n");
	buf_add(&want, buf_slice(&text));
	assert_true(slice_eq(buf_slice(&seed_w.message), buf_slice(&want)));
	assert_int_equal(tlog_checkpoint_open(buf_slice(&note), &log_key, &n, &c, NULL), 0);
	assert_int_equal(tlog_note_verify(&n, &witness_key, &time), 0);
	assert_int_equal(time, 1679315147);
	/* A later one by the same witness: the later time counts. The order doesn't matter. */
	buf_reset(&line);
	assert_int_equal(tlog_cosign(&witness, buf_slice(&text), 1679315146, &line), 0);
	buf_add(&note, buf_slice(&line));
	assert_int_equal(tlog_checkpoint_open(buf_slice(&note), &log_key, &n, &c, NULL), 0);
	assert_int_equal(tlog_note_verify(&n, &witness_key, &time), 0);
	assert_int_equal(time, 1679315147);
	/* The time is signed, and so is everything else. */
	signatures[1].bytes[7] ^= 1;
	assert_int_equal(tlog_note_verify(&n, &witness_key, &time), -EBADMSG);
	signatures[1].bytes[7] ^= 1;
	signatures[1].n = 64;
	assert_int_equal(tlog_note_verify(&n, &witness_key, NULL), -EBADMSG);
	signatures[1].n = 72;
	/* The same key as one of a log is another key. */
	struct note_vkey as_log = key_of(&witness, TLOG_ED25519);
	assert_true(as_log.key_id != witness_key.key_id);
	assert_int_equal(tlog_note_verify(&n, &as_log, NULL), -ENOKEY);
	/* Of these each says something else. */
	struct err err = {0};
	c.size = 5;
	other.name = SLICE("example.com/other");
	assert_int_equal(tlog_checkpoint_open(buf_slice(&note), &other, &n, &c, &err), -ENOKEY);
	assert_non_null(strstr(err.text, "example.com/other"));
	other = log_key;
	other.key_id ^= 1;
	assert_int_equal(tlog_checkpoint_open(buf_slice(&note), &other, &n, &c, &err), -ENOKEY);
	other = log_key;
	other.public[0] ^= 1;
	assert_int_equal(tlog_checkpoint_open(buf_slice(&note), &other, &n, &c, &err), -EKEYREJECTED);
	assert_int_equal(tlog_checkpoint_open(buf_slice(&text), &log_key, &n, &c, &err), -EBADMSG);
	buf_reset(&line);
	assert_int_equal(tlog_note_sign(&log, SLICE(ORIGIN "\nno checkpoint\n"), &line), 0);
	assert_int_equal(tlog_checkpoint_open(buf_slice(&line), &log_key, &n, &c, &err), -EBADMSG);
	assert_int_equal(c.size, 5);
	/* Witnesses sign checkpoints only, at times that exist. */
	buf_reset(&line);
	assert_int_equal(tlog_cosign(&witness, SLICE("text\n"), 1, &line), -EINVAL);
	assert_int_equal(tlog_cosign(&witness, buf_slice(&text), (uint64_t)INT64_MAX + 1, &line), -EINVAL);
	assert_int_equal(tlog_cosign(&witness, buf_slice(&text), INT64_MAX, &line), 0);
	buf_free(&seed.message);
	buf_free(&seed_w.message);
}

static void tile_names(void **state)
{
	static const struct {
		int level;
		uint64_t index;
		unsigned width;
		const char *path;
	} table[] = {
	        {0, 0, 256, "tile/0/000"},
	        {0, 999, 256, "tile/0/999"},
	        {1, 1000, 256, "tile/1/x001/000"},
	        {0, 1234067, 256, "tile/0/x001/x234/067"}, /* the specification's example */
	        {0, 273, 112, "tile/0/273.p/112"},
	        {2, 0, 1, "tile/2/000.p/1"},
	        {63, 0, 255, "tile/63/000.p/255"},
	        {-1, 0, 256, "tile/entries/000"},
	        {-1, 1234067, 8, "tile/entries/x001/x234/067.p/8"},
	        {0, TLOG_SIZE_MAX / 256, 256, "tile/0/x018/x014/x398/x509/x481/984"},
	};
	static const char *const bad[] = {"", "tile", "tile/", "tile/0", "tile/0/", "tile/0/00", "tile/0/0000", "tile/0/1", "/tile/0/000",
	        "tile/0/000/", "tile/0/x000", "tile/0/x000/001", "tile/0/001/000", "tile/0/x001/x000", "tile/00/000", "tile/01/000",
	        "tile/64/000", "tile/-1/000", "tile/+1/000", "tile/a/000", "tile/entry/000", "tile/0/000.p", "tile/0/000.p/",
	        "tile/0/000.p/0", "tile/0/000.p/01", "tile/0/000.p/256", "tile/0/000.p/1/", "tile/0/000.p/1/2", "tile/0/x001.p/1",
	        "tile/0/x001.p/000", "tile/0/000.p/1 ", "tile/0/00a", "tile/0/X001/000", "tile//000", "tile/0//000", "tile/0/000.q/1",
	        "tile/0/ 00", "tile/0/x999/x999/x999/x999/x999/x999/999", "tile/0/x018/x446/x744/x073/x709/x551/616", "tiles/0/000",
	        "tile/0/x036/x028/x797/x018/x963/968"};
	int level;
	uint64_t index;
	unsigned width;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		char path[TLOG_PATH_MAX];
		tlog_tile_path(table[i].level, table[i].index, table[i].width, path);
		assert_string_equal(path, table[i].path);
		assert_int_equal(tlog_tile_parse(slice_str(path), &level, &index, &width), 0);
		assert_true(level == table[i].level && index == table[i].index && width == table[i].width);
	}
	level = 77, index = 78, width = 79;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (tlog_tile_parse(slice_str(bad[i]), &level, &index, &width) != -EBADMSG)
			fail_msg("\"%s\" was taken", bad[i]);
	assert_int_equal(tlog_tile_parse(slice_of("tile/0/000", 11), &level, &index, &width), -EBADMSG);
	assert_true(level == 77 && index == 78 && width == 79);
}

static void tile_widths(void **state)
{
	(void)state;
	/* The specification's examples: 70,000 and 256 entries. */
	assert_int_equal(tlog_tile_width(0, 272, 70000), 256);
	assert_int_equal(tlog_tile_width(0, 273, 70000), 112);
	assert_int_equal(tlog_tile_width(0, 274, 70000), 0);
	assert_int_equal(tlog_tile_width(-1, 273, 70000), 112);
	assert_int_equal(tlog_tile_width(1, 0, 70000), 256);
	assert_int_equal(tlog_tile_width(1, 1, 70000), 17);
	assert_int_equal(tlog_tile_width(2, 0, 70000), 1);
	assert_int_equal(tlog_tile_width(3, 0, 70000), 0);
	assert_int_equal(tlog_tile_width(0, 0, 256), 256);
	assert_int_equal(tlog_tile_width(0, 1, 256), 0);
	assert_int_equal(tlog_tile_width(1, 0, 256), 1);
	assert_int_equal(tlog_tile_width(0, 0, 0), 0);
	assert_int_equal(tlog_tile_width(7, 0, TLOG_SIZE_MAX), 64);
	assert_int_equal(tlog_tile_width(8, 0, UINT64_MAX), 0);
	assert_int_equal(tlog_tile_width(63, 0, UINT64_MAX), 0);
	assert_int_equal(tlog_tile_width(0, UINT64_MAX, UINT64_MAX), 0);
	assert_int_equal(tlog_tile_width(0, UINT64_MAX / 256, UINT64_MAX), 255);
	/* Every hash stands in one tile: the widths of a level sum up. */
	for (uint64_t size = 0; size < 140000; size += 977)
		for (int level = -1; level < 4; level++) {
			uint64_t sum = 0, index = 0;
			unsigned w;
			while ((w = tlog_tile_width(level, index++, size)))
				sum += w;
			assert_int_equal(sum, size >> (level > 0 ? 8 * level : 0));
		}
}

static void bundles(void **state)
{
	struct slice entry = SLICE("untouched"), rest = SLICE("\0\3abc\0\0\1\0" /* cut */);
	(void)state;
	assert_int_equal(tlog_bundle_next(&rest, &entry), 1);
	assert_true(slice_is(entry, "abc"));
	assert_int_equal(tlog_bundle_next(&rest, &entry), 1);
	assert_int_equal(entry.n, 0);
	entry = SLICE("untouched");
	assert_int_equal(tlog_bundle_next(&rest, &entry), -EBADMSG);
	assert_true(rest.n == 2 && slice_is(entry, "untouched"));
	rest = SLICE("\1");
	assert_int_equal(tlog_bundle_next(&rest, &entry), -EBADMSG);
	rest = SLICE_NONE;
	assert_int_equal(tlog_bundle_next(&rest, &entry), 0);
	static uint8_t full[2 + TLOG_ENTRY_MAX] = {0xff, 0xff};
	rest = slice_of(full, sizeof(full));
	assert_int_equal(tlog_bundle_next(&rest, &entry), 1);
	assert_int_equal(entry.n, TLOG_ENTRY_MAX);
	assert_int_equal(tlog_bundle_next(&rest, &entry), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(checkpoints),
	        cmocka_unit_test(example_of_a_cosignature),
	        cmocka_unit_test(opening_and_cosigning),
	        cmocka_unit_test(tile_names),
	        cmocka_unit_test(tile_widths),
	        cmocka_unit_test(bundles),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
