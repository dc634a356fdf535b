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
	/* Signed by the key, but as another log than the key is for. */
	struct tlog_signer impostor = log;
	impostor.name = SLICE("example.com/other");
	other = key_of(&impostor, TLOG_ED25519);
	buf_reset(&line);
	assert_int_equal(tlog_note_sign(&impostor, buf_slice(&text), &line), 0);
	assert_int_equal(tlog_checkpoint_open(buf_slice(&line), &other, &n, &c, &err), -ENOKEY);
	/* A time that must not be, though rightly signed. */
	uint8_t late[72] = {0x80};
	buf_reset(&want);
	buf_str_add(&want, "cosignature/v1\ntime 9223372036854775808\n");
	buf_add(&want, buf_slice(&text));
	assert_int_equal(ed25519_sign(seed_w.seed, buf_slice(&want), late + 8), 0);
	buf_reset(&line);
	buf_add(&line, buf_slice(&text));
	buf_u8(&line, '\n');
	note_signature_add(&line, witness.name, witness_key.key_id, slice_of(late, sizeof(late)));
	const char *why;
	size_t at;
	assert_int_equal(note_parse(buf_slice(&line), &n, &why, &at), 0);
	assert_int_equal(tlog_note_verify(&n, &witness_key, NULL), -EBADMSG);
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
	rest = SLICE("\0\3ab");
	assert_int_equal(tlog_bundle_next(&rest, &entry), -EBADMSG);
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

/* The example of tlog-witness, and what must not be taken. */
#define LOG_LINE  "\xe2\x80\x94 " ORIGIN " Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
#define LOG_LINE2 "\xe2\x80\x94 " ORIGIN " opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n"
#define NOTE      ORIGIN "\n20852163\n" ROOT "\n\n" LOG_LINE LOG_LINE2
#define HASHES                                           \
	"PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n" \
	"jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n" \
	"5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n" \
	"/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n"

static void requests_to_a_witness(void **state)
{
	static const char *const bad[] = {"", "old", "old\n", "old \n\nx", "old 01\n\nx", "old -1\n\nx", "old 1 \n\nx", "old  1\n\nx",
	        " old 1\n\nx", "Old 1\n\nx", "old 1 2\n\nx", "old 1\n", "old 1\n\n", "old 1", "old 1\n" HASHES, "old 1\n" HASHES "\n",
	        "old 1\n" HASHES " \nx", "old 1\nAAAA\n\nx", "old 1\r\n\r\nx", "\nold 1\n\nx", "old 4611686018427387905\n\nx",
	        "size 1\n\nx"};
	struct tlog_add_checkpoint a;
	const char *why = NULL;
	_cleanup_buf_ struct buf b = BUF(8192);
	(void)state;
	struct slice in = SLICE("old 20852014\n" HASHES "\n" NOTE);
	assert_int_equal(tlog_add_checkpoint_parse(in, &a, &why), 0);
	assert_true(a.old == 20852014 && a.n == 4 && a.hash[0][0] == 0x3e && a.hash[3][31] == 0xfd && slice_is(a.checkpoint, NOTE));
	tlog_add_checkpoint_write(&b, a.old, (const uint8_t(*)[32])a.hash, a.n, a.checkpoint);
	assert_true(slice_eq(buf_slice(&b), in));
	struct note n = {.signature = signatures};
	size_t at;
	assert_int_equal(note_parse(a.checkpoint, &n, &why, &at), 0);
	assert_int_equal(n.n, 2);
	assert_int_equal(tlog_add_checkpoint_parse(SLICE("old 0\n\nx"), &a, &why), 0);
	assert_true(a.old == 0 && a.n == 0 && slice_is(a.checkpoint, "x"));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		why = NULL;
		a.old = 77;
		if (tlog_add_checkpoint_parse(slice_str(bad[i]), &a, &why) != -EBADMSG || !why || a.old != 77)
			fail_msg("row %zu was taken", i);
	}
	/* 63 lines are the most. */
	for (int n_lines = 63; n_lines <= 64; n_lines++) {
		buf_reset(&b);
		buf_str_add(&b, "old 5\n");
		for (int i = 0; i < n_lines; i++)
			buf_str_add(&b, ROOT "\n");
		buf_str_add(&b, "\nx");
		assert_int_equal(tlog_add_checkpoint_parse(buf_slice(&b), &a, &why), n_lines == 63 ? 0 : -EBADMSG);
	}
	assert_int_equal(a.n, 63);
}

static void proofs(void **state)
{
#define MAGIC "c2sp.org/tlog-proof@v1\n"
	static const char *const bad[] = {"", MAGIC, "c2sp.org/tlog-proof@v2\nindex 0\n\nx", "c2sp.org/tlog-proof@v1 \nindex 0\n\nx",
	        MAGIC "index 0\n", MAGIC "index 0\n\n", MAGIC "index 00\n\nx", MAGIC "index\n\nx", MAGIC "\nx", MAGIC "extra\nindex 0\n\nx",
	        MAGIC "extra \nindex 0\n\nx", MAGIC "extra AA\nindex 0\n\nx", MAGIC "extra AA==\n\nx",
	        MAGIC "extra AA==\nextra AA==\nindex 0\n\nx", MAGIC "index 0\nextra AA==\n\nx", MAGIC "extra  AA==\nindex 0\n\nx",
	        MAGIC "index 0\n" ROOT ROOT "\n\nx", MAGIC "index 0\nx\n\nx"};
	_cleanup_arena_ struct arena arena = ARENA(1 << 16);
	_cleanup_buf_ struct buf b = BUF(8192);
	struct tlog_proof p;
	const char *why = NULL;
	(void)state;
	struct slice in = SLICE(MAGIC "index 73894\n" HASHES "\n" NOTE);
	assert_int_equal(tlog_proof_parse(in, &arena, &p, &why), 0);
	assert_true(p.index == 73894 && p.n == 4 && p.hash[0][0] == 0x3e && p.hash[3][31] == 0xfd && !p.extra.p &&
	            slice_is(p.checkpoint, NOTE));
	tlog_proof_add(&b, p.index, (const uint8_t(*)[32])p.hash, p.n, p.checkpoint);
	assert_true(slice_eq(buf_slice(&b), in));
	assert_int_equal(tlog_proof_parse(SLICE(MAGIC "extra YWdlLXYx\nindex 0\n\nx"), &arena, &p, &why), 0);
	assert_true(slice_is(p.extra, "age-v1") && p.index == 0 && p.n == 0 && slice_is(p.checkpoint, "x"));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		why = NULL;
		p.index = 77;
		if (tlog_proof_parse(slice_str(bad[i]), &arena, &p, &why) != -EBADMSG || !why || p.index != 77)
			fail_msg("row %zu was taken", i);
	}
	struct arena none = ARENA(0);
	assert_int_equal(tlog_proof_parse(in, &none, &p, &why), -ENOMEM);
}

/* Keys of different bytes by their number. */
static void add_key(struct buf *b, const char *name, uint8_t type, uint8_t n)
{
	uint8_t public[32] = {n};
	tlog_vkey_add(b, slice_str(name), type, public);
}

/* Each % is replaced by a key: lower-case letters behind it witnesses, upper-case logs, the letter being the key. */
static struct slice with_keys(struct buf *b, const char *text)
{
	buf_reset(b);
	for (; *text; text++) {
		if (*text != '%') {
			buf_u8(b, (uint8_t)*text);
			continue;
		}
		text++;
		bool log = *text >= 'A' && *text <= 'Z';
		add_key(b, log ? "example.com/log" : "witness.example/w", log ? TLOG_ED25519 : TLOG_COSIGNATURE, (uint8_t)*text);
	}
	return buf_slice(b);
}

#define EXAMPLE                                                                                                                 \
	"log %L\n\nwitness X1 %a\nwitness X2 %b\nwitness X3 %c\ngroup X-witnesses 2 X1 X2 X3\n\nwitness Y1 %d\nwitness Y2 %e\n" \
	"witness Y3 %f\ngroup Y-witnesses any Y1 Y2 Y3\n\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"

static void example_of_a_policy(void **state)
{
	_cleanup_arena_ struct arena arena = ARENA(1 << 20);
	_cleanup_buf_ struct buf b = BUF(8192);
	struct tlog_policy p;
	const char *why = NULL;
	unsigned line = 0;
	(void)state;
	assert_int_equal(tlog_policy_parse(with_keys(&b, EXAMPLE), &arena, &p, &why, &line), 0);
	assert_true(p.n_logs == 1 && p.n_members == 9 && p.quorum == 8 && p.member[3].threshold == 2 && p.member[7].threshold == 1 &&
	            p.member[8].threshold == 2 && p.member[8].member[0] == 3 && p.member[8].member[1] == 7);
	struct note_vkey key;
	assert_int_equal(tlog_vkey_read(p.log[0].vkey, &key, &why), 0);
	assert_true(slice_is(key.name, "example.com/log") && !p.log[0].url.p);
	/* Two of the first three and one of the others, for every set of witnesses. */
	static const int place[6] = {0, 1, 2, 4, 5, 6};
	for (unsigned set = 0; set < 64; set++) {
		bool have[9] = {0};
		for (int i = 0; i < 6; i++)
			have[place[i]] = set >> i & 1;
		have[3] = have[7] = have[8] = true; /* groups are computed */
		assert_int_equal(tlog_policy_met(&p, have), __builtin_popcount(set & 7) >= 2 && set >> 3);
	}
	/* The rest of the syntax: blanks, comments, URLs, one witness as the quorum, a log after it. */
	assert_int_equal(
	        tlog_policy_parse(
	                with_keys(&b, "# comment\n \t# comment %a\n\n \t\n\t witness\t \xc3\xa9t\xc3\xa9 %a \thttps://w.example/ \t\n"
	                              "quorum \xc3\xa9t\xc3\xa9\nlog %B https://log.example/\nwitness 2 %c\n"),
	                &arena, &p, &why, &line),
	        0);
	assert_true(p.n_members == 2 && p.quorum == 0 && slice_is(p.member[0].url, "https://w.example/") && p.n_logs == 1 &&
	            slice_is(p.log[0].url, "https://log.example/"));
	assert_false(tlog_policy_met(&p, (bool[]){false, true}));
	assert_true(tlog_policy_met(&p, (bool[]){true, false}));
	assert_int_equal(tlog_policy_parse(SLICE("quorum none\n"), &arena, &p, &why, &line), 0);
	assert_true(p.quorum == -1 && p.n_logs == 0 && p.n_members == 0 && tlog_policy_met(&p, NULL));
	struct arena none = ARENA(1000);
	assert_int_equal(tlog_policy_parse(SLICE("quorum none\n"), &none, &p, &why, &line), -ENOMEM);
	arena_free(&none);
}

static void bad_policies(void **state)
{
	static const struct {
		unsigned line;
		const char *text;
	} table[] = {
	        {1, ""},
	        {1, "quorum none"},
	        {1, "\n"},
	        {2, "quorum none\nquorum none\n"},
	        {1, "quorum\n"},
	        {1, "quorum none none\n"},
	        {1, "quorum a\nwitness a %a\n"},
	        {2, "witness a %a\nquorum b\n"},
	        {1, "witness a\nquorum none\n"},
	        {1, "witness a %A\nquorum none\n"}, /* a log's key */
	        {1, "log %a\nquorum none\n"},
	        {1, "log %A https://x y\nquorum none\n"},
	        {1, "log\nquorum none\n"},
	        {1, "log key\nquorum none\n"},
	        {1, "log example.com/log+00000000+Ag==\nquorum none\n"},
	        {2, "log %A\nlog %A https://other.example/\nquorum none\n"},
	        {2, "witness a %a\nwitness b %a\nquorum none\n"},
	        {2, "witness a %a\nwitness a %b\nquorum none\n"},
	        {1, "witness none %a\nquorum none\n"},
	        {2, "witness a %a\ngroup a any a\nquorum none\n"},
	        {2, "witness a %a\ngroup none any a\nquorum none\n"},
	        {2, "witness a %a\ngroup g any none\nquorum none\n"},
	        {1, "group g any g\nquorum none\n"},
	        {1, "group g any a\nwitness a %a\nquorum none\n"},
	        {2, "witness a %a\ngroup g any\nquorum none\n"},
	        {2, "witness a %a\ngroup g\nquorum none\n"},
	        {2, "witness a %a\ngroup g 0 a\nquorum none\n"},
	        {2, "witness a %a\ngroup g 2 a\nquorum none\n"},
	        {2, "witness a %a\ngroup g 01 a\nquorum none\n"},
	        {2, "witness a %a\ngroup g one a\nquorum none\n"},
	        {2, "witness a %a\ngroup g 1 a a\nquorum none\n"},
	        {3, "witness a %a\ngroup g 1 a\ngroup h 1 a\nquorum none\n"}, /* in one group at most */
	        {3, "witness a %a\ngroup g 1 a\ngroup h 1 g a\nquorum none\n"},
	        {1, "Quorum none\n"},
	        {1, "quorum none\r\n"},
	        {1, "quorum none # comment\n"},
	        {2, "# comment\n\x7f\nquorum none\n"},
	        {1, "witness a %a"},
	};
	_cleanup_arena_ struct arena arena = ARENA(1 << 24);
	_cleanup_buf_ struct buf b = BUF(8192);
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct tlog_policy p = {.quorum = 77};
		const char *why = NULL;
		unsigned line = 0;
		if (tlog_policy_parse(with_keys(&b, table[i].text), &arena, &p, &why, &line) != -EBADMSG || !why || line != table[i].line ||
		        p.quorum != 77)
			fail_msg("row %zu: line %u, %s", i, line, why ? why : "taken");
	}
}

static void large_policies(void **state)
{
	_cleanup_arena_ struct arena arena = ARENA(1 << 24);
	_cleanup_buf_ struct buf b = BUF(1 << 20);
	struct tlog_policy p;
	const char *why = NULL;
	unsigned line = 0;
	(void)state;
	/* 32 of each must be possible. */
	for (unsigned i = 0; i < 32; i++) {
		buf_str_add(&b, "log ");
		add_key(&b, "l", TLOG_ED25519, (uint8_t)i);
		buf_fmt(&b, "\nwitness w%u ", i);
		add_key(&b, "w", TLOG_COSIGNATURE, (uint8_t)i);
		if (i)
			buf_fmt(&b, "\ngroup g%u all w%u g%u", i, i, i - 1);
		else
			buf_str_add(&b, "\ngroup g0 all w0");
		buf_u8(&b, '\n');
	}
	buf_str_add(&b, "quorum g31\n");
	assert_int_equal(tlog_policy_parse(buf_slice(&b), &arena, &p, &why, &line), 0);
	bool have[TLOG_POLICY_MEMBERS] = {0};
	memset(have, true, sizeof(have));
	assert_true(tlog_policy_met(&p, have));
	have[0] = false;
	assert_false(tlog_policy_met(&p, have));
	/* And too many are refused. */
	for (unsigned i = 32; i < 256; i++) {
		buf_fmt(&b, "witness w%u ", i);
		add_key(&b, "w", TLOG_COSIGNATURE, (uint8_t)i);
		buf_u8(&b, '\n');
	}
	assert_int_equal(tlog_policy_parse(buf_slice(&b), &arena, &p, &why, &line), -EBADMSG);
	assert_int_equal(line, 97 + 256 - 64 + 1);
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
	        cmocka_unit_test(requests_to_a_witness),
	        cmocka_unit_test(proofs),
	        cmocka_unit_test(example_of_a_policy),
	        cmocka_unit_test(bad_policies),
	        cmocka_unit_test(large_policies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
