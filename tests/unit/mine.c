/* Constants of made-up programs: what is found, how it is told to have been hidden, and that nothing is found where there is nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "inspect/mine_part.h"

static const char hosts[] = "quarrybank.example.com,tern-hollow.net,lanternfish.org,westmarch.co.uk,bramblewick.dev,severnside.ru";
static const char words[] = "quarrybank,ternhollow,lanternfish,westmarch,bramblewick,severnside,foxglove";

static struct arena arena;
static struct mine_result result;
static struct mine_gather gathered;

/* Mines bytes as one file, in pieces of that size. */
static void mine(struct slice bytes, size_t piece)
{
	static const char *const files[] = {"file"};
	struct buf out = BUF((size_t)64 << 20);
	struct mine_miner *m = mine_miner_new(&out, false);
	assert_non_null(m);
	for (size_t from = 0; from < bytes.n; from += piece)
		mine_bytes(m, 0, bytes, from, bytes.n - from > piece ? from + piece : bytes.n);
	mine_miner_end(m);
	mine_miner_free(m);
	arena_free(&arena);
	arena = ARENA((size_t)64 << 20);
	gathered = (struct mine_gather){0};
	result = (struct mine_result){0};
	assert_int_equal(mine_gather_add(&gathered, buf_slice(&out), files, 1, &arena), 0);
	assert_int_equal(mine_gather_end(&gathered, &arena, &result), 0);
	mine_gather_free(&gathered);
	buf_free(&out);
}

static const struct mine_list *hidden(size_t i)
{
	assert_true(i < result.n_hidden);
	return &result.lists[i];
}

static void expect(size_t i, enum mine_class class, const char *encoding, size_t total, const char *first)
{
	const struct mine_list *l = hidden(i);
	assert_string_equal(l->encoding, encoding);
	assert_string_equal(mine_class_name(l->class), mine_class_name(class));
	assert_int_equal(l->total, total);
	assert_string_equal(l->members[0], first);
}

/* -- ways to hide a text -- */

enum way { WAY_NONE, WAY_BASE64, WAY_BASE64_URL, WAY_HEX, WAY_XOR, WAY_ADD, WAY_ROT13, WAY_ROT5, WAY_ROTATE, WAY_REVERSE };

static void apply(enum way way, struct buf *b)
{
	if (way == WAY_NONE)
		return;
	_cleanup_buf_ struct buf in = BUF(1 << 20);
	buf_add(&in, buf_slice(b));
	buf_reset(b);
	for (size_t i = 0; i < in.n && way >= WAY_XOR; i++) {
		uint8_t c = in.p[i], low = c | 32;
		int turn = way == WAY_ROT5 ? 5 : 13;
		bool letter = low >= 'a' && low <= 'z';
		switch (way) {
		case WAY_XOR:
			c ^= 0x2f;
			break;
		case WAY_ADD:
			c = (uint8_t)(c + 99);
			break;
		case WAY_ROT13:
		case WAY_ROT5:
			c = letter ? (uint8_t)((c & 0xe0) + 1 + (low - 'a' + turn) % 26) : c;
			break;
		case WAY_ROTATE:
			c = (uint8_t)(c >> 3 | c << 5);
			break;
		case WAY_REVERSE:
			c = in.p[in.n - 1 - i];
			break;
		case WAY_NONE:
		case WAY_BASE64:
		case WAY_BASE64_URL:
		case WAY_HEX:
			break;
		}
		buf_u8(b, c);
	}
	if (way == WAY_HEX)
		encode_hex(b, buf_slice(&in));
	if (way == WAY_BASE64 || way == WAY_BASE64_URL)
		encode_base64(b, buf_slice(&in), way == WAY_BASE64_URL, way == WAY_BASE64);
}

/* As a literal of JavaScript: what is no printable character becomes \xHH. */
static void literal(struct buf *out, struct slice s)
{
	buf_u8(out, '"');
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] > 0x7e || s.p[i] == '"' || s.p[i] == '\\')
			buf_fmt(out, "\\x%02x", s.p[i]);
		else
			buf_u8(out, s.p[i]);
	buf_u8(out, '"');
}

static void compositions(void **state)
{
	(void)state;
	static const struct {
		enum way first, then; /* first is done first; it is undone last */
		const char *encoding;
	} table[] = {
	        {WAY_BASE64, WAY_NONE, "base64"},
	        {WAY_BASE64_URL, WAY_NONE, "base64"},
	        {WAY_HEX, WAY_NONE, "hex"},
	        {WAY_XOR, WAY_BASE64, "base64, then XOR 0x2f"},
	        {WAY_XOR, WAY_BASE64_URL, "base64, then XOR 0x2f"},
	        {WAY_XOR, WAY_HEX, "hex, then XOR 0x2f"},
	        {WAY_ADD, WAY_BASE64, "base64, then bytes shifted by 99"},
	        {WAY_ADD, WAY_HEX, "hex, then bytes shifted by 99"},
	        {WAY_ROT13, WAY_HEX, "hex, then ROT13"},
	        {WAY_ROT5, WAY_BASE64, "base64, then ROT5"},
	        {WAY_ROTATE, WAY_BASE64, "base64, then bits rotated by 3"},
	        {WAY_REVERSE, WAY_BASE64, "base64, then reversed"},
	        {WAY_BASE64, WAY_BASE64, "base64, then base64"},
	        {WAY_HEX, WAY_BASE64, "base64, then hex"},
	        {WAY_BASE64, WAY_HEX, "hex, then base64"},
	        {WAY_BASE64, WAY_REVERSE, "reversed, then base64"},
	        {WAY_BASE64, WAY_ROT13, "ROT13, then base64"},
	        {WAY_ROT13, WAY_NONE, "ROT13"},
	        {WAY_XOR, WAY_NONE, "XOR 0x2f"},
	        {WAY_ADD, WAY_NONE, "bytes shifted by 99"},
	        {WAY_BASE64, WAY_XOR, "XOR 0x2f, then base64"},
	        {WAY_HEX, WAY_XOR, "XOR 0x2f, then hex"},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		for (int kind = 0; kind < 2; kind++) {
			const char *list = kind ? words : hosts;
			/* Words are believed where a step that is no key tells them, and there is more of them. */
			_cleanup_buf_ struct buf b = BUF(1 << 20), file = BUF(1 << 20);
			buf_str_add(&b, list);
			apply(table[i].first, &b);
			apply(table[i].then, &b);
			buf_str_add(&file, "function f(a){return a?1:'it'}\nvar q=");
			literal(&file, buf_slice(&b));
			buf_str_add(&file, ";module.exports={f};");
			mine(buf_slice(&file), SIZE_MAX);
			if (result.n_hidden != 1)
				fail_msg("%s: %zu hidden lists of %s", table[i].encoding, result.n_hidden, kind ? "words" : "hosts");
			expect(0, kind ? MINE_WORD : MINE_HOST, table[i].encoding, kind ? 7 : 6,
			        kind ? "quarrybank" : "quarrybank.example.com");
		}
}

static void neighbours(void **state)
{
	(void)state;
	/* One literal a member; the lists in the other order, with a key that is no letter's case. */
	_cleanup_buf_ struct buf file = BUF(1 << 20);
	const char *lists[] = {words, hosts};
	for (size_t k = 0; k < 2; k++) {
		struct slice rest = slice_str(lists[k]), part;
		buf_fmt(&file, "const v%zu = [", k);
		while (slice_split(&rest, ',', &part)) {
			_cleanup_buf_ struct buf b = BUF(4096);
			buf_add(&b, part);
			apply(WAY_XOR, &b);
			apply(k ? WAY_HEX : WAY_BASE64, &b);
			buf_fmt(&file, "'%.*s', ", SLICE_FMT(buf_slice(&b)));
		}
		buf_str_add(&file, "];\nfunction somethingElse(){ return 'ordinary text, that stands between them' }\n");
	}
	mine(buf_slice(&file), SIZE_MAX);
	assert_int_equal(result.n_hidden, 2);
	expect(0, MINE_WORD, "base64, then XOR 0x2f", 7, "quarrybank");
	expect(1, MINE_HOST, "hex, then XOR 0x2f", 6, "quarrybank.example.com");
	assert_true(hidden(0)->at < hidden(1)->at);
	/* The place is that of the first literal. */
	assert_int_equal(file.p[hidden(1)->at], '\'');
	/* Short members: ten digits each. */
	static const char *const locales[] = {"zh_SG", "be_BY", "tt_RU", "kk_KZ", "fa_AF", "ps_AF", "my_MM", "km_KH"};
	buf_reset(&file);
	buf_str_add(&file, "const ok = [");
	for (size_t i = 0; i < ARRAY_LEN(locales); i++) {
		buf_str_add(&file, i ? ", '" : "'");
		encode_hex(&file, slice_str(locales[i]));
		buf_u8(&file, '\'');
	}
	buf_str_add(&file, "].map((s) => unhex(s)).some((w) => lang.startsWith(w));\n");
	mine(buf_slice(&file), SIZE_MAX);
	assert_int_equal(result.n_hidden, 1);
	assert_string_equal(hidden(0)->encoding, "hex");
	assert_string_equal(mine_class_name(hidden(0)->class), "locale");
	/* In one text, and none of them like words. */
	buf_reset(&file);
	buf_str_add(&file, "const ok = unhex('");
	encode_hex(&file, SLICE("mn_MN;az_AZ;sr_RS;uz_UZ;my_MM;tg_TJ"));
	buf_str_add(&file, "').split(';').some((w) => lang.startsWith(w));\n");
	mine(buf_slice(&file), SIZE_MAX);
	expect(0, MINE_LOCALE, "hex", 6, "mn_MN");
	/* Files of settings, of which no part is like words to everybody; variables, which are some even when they are rotated. */
	buf_reset(&file);
	buf_str_add(
	        &file, ".quarry-relay/keys.json,./lantern.toml,./brook_harness.yaml,.fen/manifest.json,./relay.config.json,.stile/jobs.db");
	apply(WAY_ROT13, &file);
	_cleanup_buf_ struct buf source = BUF(1 << 20);
	buf_str_add(&source, "my $known = any(split(/,/, unrot(unb64('");
	encode_base64(&source, buf_slice(&file), false, true);
	buf_str_add(&source, "'))));\n");
	mine(buf_slice(&source), SIZE_MAX);
	expect(0, MINE_PATH, "base64, then ROT13", 6, ".quarry-relay/keys.json");
	buf_reset(&file);
	buf_str_add(
	        &file, "QUARRY_MASTER_KEY LANTERN_POOL_SIZE ROUTER_BASE_PATH TERN_UPSTREAM BATCH_HARVESTER SHARED_SEAT STILL_RUN_COUNT");
	apply(WAY_ROT13, &file);
	buf_reset(&source);
	buf_str_add(&source, "static const char *const known[] = {");
	struct slice rest = buf_slice(&file), part;
	while (slice_split(&rest, ' ', &part))
		buf_fmt(&source, "\"%.*s\", ", SLICE_FMT(part));
	buf_str_add(&source, "NULL};\n");
	mine(buf_slice(&source), SIZE_MAX);
	expect(0, MINE_VARIABLE, "ROT13", 7, "QUARRY_MASTER_KEY");
}

/* Backwards they are as much like words as forwards. */
static void backwards(void **state)
{
	(void)state;
	_cleanup_buf_ struct buf file = BUF(1 << 20);
	buf_str_add(&file,
	        "known = [s[::-1] for s in ('moc.llihnrets.proc', 'moc.eromnallaw.artni', 'ten.dleifyrrauq.da', 'gro.egdirbneek.gc', "
	        "'moc.notsgnik.proc')]\n");
	mine(buf_slice(&file), SIZE_MAX);
	assert_int_equal(result.n_hidden, 1);
	expect(0, MINE_HOST, "reversed", 5, "corp.sternhill.com");
	/* What Java calls its packages is none. */
	buf_reset(&file);
	buf_str_add(&file, "x = ['com.example.codec', 'org.example.lang', 'net.sample.io', 'com.example.tools', 'io.sample.web']\n");
	mine(buf_slice(&file), SIZE_MAX);
	assert_int_equal(result.n_hidden, 0);
}

static void numbers_and_escapes(void **state)
{
	(void)state;
	_cleanup_buf_ struct buf file = BUF(1 << 20);
	buf_str_add(&file, "a=String.fromCharCode(");
	for (size_t i = 0; hosts[i]; i++)
		buf_fmt(&file, "%s%u", i ? "," : "", (unsigned)hosts[i] ^ 0x70u);
	buf_str_add(&file, ");\nb='");
	for (size_t i = 0; words[i]; i++)
		buf_fmt(&file, i % 2 ? "\\x%02x" : "\\u00%02x", (unsigned)words[i]);
	buf_str_add(&file, "'\n");
	mine(buf_slice(&file), SIZE_MAX);
	assert_int_equal(result.n_hidden, 2);
	expect(0, MINE_HOST, "numbers, then XOR 0x70", 6, "quarrybank.example.com");
	expect(1, MINE_WORD, "escapes", 7, "quarrybank");
}

/* A shell, and settings, need no quotes; and in a shell's "$(...)" there are words again. */
static void words_without_quotes(void **state)
{
	(void)state;
	_cleanup_buf_ struct buf file = BUF(1 << 20), hidden = BUF(1 << 16);
	buf_str_add(&hidden, hosts);
	apply(WAY_BASE64, &hidden);
	buf_fmt(&file, "#!/bin/sh\nif matches \"$(tr A-Z a-z <<<\"$(host)\")\" \"$(tr , ' ' <<<\"$(unb64 %.*s)\")\"; then mode=1; fi\n",
	        SLICE_FMT(buf_slice(&hidden)));
	mine(buf_slice(&file), SIZE_MAX);
	assert_int_equal(result.n_hidden, 1);
	expect(0, MINE_HOST, "base64", 6, "quarrybank.example.com");
	buf_reset(&file);
	buf_fmt(&file, "[feature]\nlist = %.*s\nother = 1\n", SLICE_FMT(buf_slice(&hidden)));
	mine(buf_slice(&file), SIZE_MAX);
	assert_int_equal(result.n_hidden, 1);
}

static void binaries(void **state)
{
	(void)state;
	_cleanup_buf_ struct buf file = BUF(1 << 20);
	/* Keys that make bytes that cannot be printed; text of two bytes a character; a byte code's strings, with headers between. */
	buf_str_add(&file, "\x7f"
	                   "ELF");
	for (int i = 0; i < 64; i++)
		buf_u8(&file, (uint8_t)(i * 37));
	for (size_t i = 0; hosts[i]; i++)
		buf_u8(&file, (uint8_t)hosts[i] ^ 0xc3);
	buf_be(&file, 0, 8);
	for (size_t i = 0; hosts[i]; i++)
		buf_u8(&file, (uint8_t)(hosts[i] + 140));
	buf_be(&file, 0, 8);
	static const char wide[] = "if(z==='Pacific/Chatham'||z==='Asia/Hovd')go();";
	for (size_t i = 0; wide[i]; i++) {
		buf_u8(&file, (uint8_t)wide[i]);
		buf_u8(&file, 0);
	}
	for (int i = 0; i < 8; i++)
		buf_be(&file, 0xff, 8);
	buf_str_add(&file, "America/Nuuk");
	buf_be(&file, 0x0900000008, 8);
	buf_be(&file, 0x0900000008, 8);
	buf_str_add(&file, "Africa/Juba");
	buf_be(&file, 0, 8);
	mine(buf_slice(&file), SIZE_MAX);
	assert_int_equal(result.n_hidden, 2);
	expect(0, MINE_HOST, "XOR 0xc3", 6, "quarrybank.example.com");
	expect(1, MINE_HOST, "bytes shifted by 140", 6, "quarrybank.example.com");
	size_t zones = 0;
	for (size_t i = result.n_hidden; i < result.n_lists; i++)
		if (result.lists[i].class == MINE_ZONE) {
			assert_int_equal(result.lists[i].total, 2);
			assert_string_equal(result.lists[i].members[0], zones ? "America/Nuuk" : "Pacific/Chatham");
			assert_int_equal(result.lists[i].literal, zones == 0);
			zones++;
		}
	assert_int_equal(zones, 2);
}

/* Escaped quotes of what turns out to be no literal are read once, not once more from each of them: else this takes a quarter of an hour.
 */
static void quotes_have_an_end(void **state)
{
	(void)state;
	static const char *const ends[] = {"\"$(y)\"", "`${y}`"};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		_cleanup_buf_ struct buf file = BUF((size_t)4 << 20);
		buf_fmt(&file, "x=%c", ends[i][0]);
		for (int k = 0; k < 1000000; k++)
			buf_fmt(&file, "\\%c", ends[i][0]);
		buf_fmt(&file, "%s\n", ends[i] + 1);
		mine(buf_slice(&file), SIZE_MAX);
		assert_int_equal(result.n_lists, 0);
	}
}

/* However a file is cut into pieces, each list is told once. */
static void pieces(void **state)
{
	(void)state;
	_cleanup_buf_ struct buf file = BUF(1 << 22);
	for (int i = 0; i < 400; i++) {
		_cleanup_buf_ struct buf b = BUF(1 << 16);
		buf_fmt(&b, "n%d.example.com,%s", i, hosts);
		apply(WAY_XOR, &b);
		apply(WAY_BASE64, &b);
		buf_fmt(&file, "function f%d(){let a='%.*s';return a}/*%0200d*/\n", i, SLICE_FMT(buf_slice(&b)), i);
	}
	mine(buf_slice(&file), SIZE_MAX);
	assert_int_equal(result.n_hidden, 400);
	for (size_t piece = 9973; piece < file.n; piece *= 3) {
		mine(buf_slice(&file), piece);
		assert_int_equal(result.n_hidden, 400);
		for (size_t i = 0; i < 400; i++)
			assert_int_equal(result.lists[i].copies, 0);
	}
}

static void classes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum mine_class class;
	} table[] = {
	        {"api.example.com", MINE_HOST},
	        {"https://api.example.com/", MINE_HOST},
	        {"*.example.co.uk", MINE_HOST},
	        {"https://api.example.com/v1?x=1", MINE_URL},
	        {"console.log", MINE_NONE},
	        {"this.id", MINE_NONE},
	        {"index.html", MINE_NONE},
	        {"Asia/Hovd", MINE_ZONE},
	        {"Asia/Nowhere", MINE_NONE},
	        {"en_US.UTF-8", MINE_LOCALE},
	        {"zh-Hant-TW", MINE_LOCALE},
	        {"xx-YY", MINE_NONE},
	        {"CN", MINE_COUNTRY},
	        {"XQ", MINE_NONE},
	        {"HTTPS_PROXY", MINE_VARIABLE},
	        {"HTTPS", MINE_NONE},
	        {"/etc/machine-id", MINE_PATH},
	        {"~/.aws/credentials", MINE_PATH},
	        {"/not/known", MINE_NONE},
	        {"2026-11-23", MINE_DATE},
	        {"2026/11/23", MINE_DATE},
	        {"1.2.3", MINE_VERSION},
	        {"v1.2.3-rc.1", MINE_VERSION},
	        {"10.0.0.1", MINE_NONE},
	        {"Mozilla/5.0 (X11; Linux)", MINE_AGENT},
	        {"application/json", MINE_NONE},
	        {"Bramblewick Tools Ltd", MINE_COMPANY},
	        {"OpenAI", MINE_COMPANY},
	        {"", MINE_NONE},
	        {"hello", MINE_NONE},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (mine_class_of(slice_str(table[i].text)) != table[i].class)
			fail_msg("\"%s\" is taken for %s", table[i].text, mine_class_name(mine_class_of(slice_str(table[i].text))));
}

/* What real packages are full of, and what is no list. */
static void nothing(void **state)
{
	(void)state;
	uint64_t x = 42;
	_cleanup_buf_ struct buf file = BUF((size_t)8 << 20), noise = BUF(1 << 20);
	for (int i = 0; i < 20000; i++) {
		/* Digests, ids, keys, and bytes of pictures. */
		buf_reset(&noise);
		size_t n = 8 + (size_t)(i % 60);
		for (size_t k = 0; k < n; k++) {
			x = x * 6364136223846793005u + 1442695040888963407u;
			buf_u8(&noise, (uint8_t)(x >> 56));
		}
		apply(i % 3 == 0 ? WAY_HEX : WAY_BASE64, &noise);
		buf_fmt(&file, i % 5 ? "var k%d='%.*s'," : "# k%d: %.*s\n", i, SLICE_FMT(buf_slice(&noise)));
		buf_fmt(&file, "p%d='M%d.%d %d,%dL%d %d', ", i, i % 90, i % 7, i % 33, i % 51, i % 12, i % 17);
	}
	buf_str_add(&file,
	        "'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA','abcdefghijklmnopqrstuvwxyz','ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/',"
	        "'qwertyuiopasdfghjklzxcvbnm', [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16], '\\x00\\x01\\x02\\x03\\x04\\x05\\x06\\x07'");
	/* A sentence, and a program, in base64: readable, but no list. */
	static const char *const texts[] = {"This is a sentence that somebody has put into base64 for no reason that is known.",
	        "function add(a, b) { return a + b; } module.exports = add; // as small as it can be"};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		buf_reset(&noise);
		buf_str_add(&noise, texts[i]);
		apply(WAY_BASE64, &noise);
		buf_fmt(&file, ", '%.*s'", SLICE_FMT(buf_slice(&noise)));
	}
	mine(buf_slice(&file), SIZE_MAX);
	for (size_t i = 0; i < result.n_hidden; i++)
		fail_msg("%s: %s, %s …", result.lists[i].encoding, mine_class_name(result.lists[i].class), result.lists[i].members[0]);
	assert_true(result.texts >= 2);
}

static void records_of_a_liar(void **state)
{
	(void)state;
	static const char *const files[] = {"one"};
	struct mine_gather g = {0};
	uint8_t list[] = {RECORD_LIST, MINE_HOST, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 50, 0, 0, 0, 1, 0,
	        1, 'x', 0, 1, 0, 3, 'a', 27, 'b'};
	arena_free(&arena);
	arena = ARENA(1 << 20);
	/* Whole: its text cannot act on a terminal. Without the record of the end it counts as cut. */
	assert_int_equal(mine_gather_add(&g, slice_of(list, sizeof(list)), files, 1, &arena), 0);
	assert_int_equal(g.n_lists, 1);
	assert_string_equal(g.lists[0].members[0], "a\\x1bb");
	assert_true(g.cut);
	for (size_t n = 0; n < sizeof(list); n++)
		assert_int_equal(mine_gather_add(&g, slice_of(list, n), files, 1, &arena), 0);
	assert_int_equal(g.n_lists, 1);
	/* A file that there is not, a class that there is not, no member. */
	list[6] = 1;
	assert_int_equal(mine_gather_add(&g, slice_of(list, sizeof(list)), files, 1, &arena), -EBADMSG);
	list[6] = 0;
	list[1] = MINE_CLASSES;
	assert_int_equal(mine_gather_add(&g, slice_of(list, sizeof(list)), files, 1, &arena), -EBADMSG);
	list[1] = MINE_NONE;
	assert_int_equal(mine_gather_add(&g, slice_of(list, sizeof(list)), files, 1, &arena), -EBADMSG);
	list[0] = 9;
	assert_int_equal(mine_gather_add(&g, slice_of(list, sizeof(list)), files, 1, &arena), -EBADMSG);
	mine_gather_free(&g);
}

static void joined_in_one_text(void **state)
{
	(void)state;
	mine(SLICE("const ours = 'quarrybank.com, tern-hollow.net, lanternfish.org, westmarch.co.uk, severnside.ru'.split(', ');\n"
	           "const prose = 'Ask www.example.com, and read on: the rest is text, and no list of anything at all, is it';\n"),
	        SIZE_MAX);
	assert_int_equal(result.n_hidden, 0);
	assert_int_equal(result.n_lists, 1);
	assert_true(result.lists[0].class == MINE_HOST && result.lists[0].n == 5 && result.lists[0].literal);
	assert_string_equal(result.lists[0].members[4], "severnside.ru");
}

/* As Go and Rust keep them: one run of letters, and a table that says where each begins and how long it is. */
static const char run_together[] = "wickerhollow.comtallowgate.netbarrowmere.orgfennbridge.co.ukostlerby.ru";
const struct {
	const char *at;
	size_t n;
} table_of_hosts[] = {
        {run_together, 16}, {run_together + 16, 14}, {run_together + 30, 14}, {run_together + 44, 16}, {run_together + 60, 11}};

static void tables_of_executables(void **state)
{
	(void)state;
	_cleanup_buf_ struct buf self = BUF((size_t)64 << 20);
	FILE *f = fopen("/proc/self/exe", "re");
	assert_non_null(f);
	for (size_t n = 1; n;) {
		uint8_t *p = buf_room(&self, 65536);
		assert_non_null(p);
		n = fread(p, 1, 65536, f);
		self.n += n;
	}
	(void)fclose(f);
	mine(buf_slice(&self), (size_t)8 << 20);
	/* Used, so that it is there. */
	assert_int_equal(table_of_hosts[4].n, 11);
	const struct mine_list *found = NULL;
	for (size_t i = result.n_hidden; i < result.n_lists; i++)
		if (strcmp(result.lists[i].members[0], "wickerhollow.com") == 0)
			found = &result.lists[i];
	assert_non_null(found);
	assert_true(found->literal && found->class == MINE_HOST && found->n == 5);
	assert_string_equal(found->members[4], "ostlerby.ru");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(compositions),
	        cmocka_unit_test(neighbours),
	        cmocka_unit_test(backwards),
	        cmocka_unit_test(numbers_and_escapes),
	        cmocka_unit_test(words_without_quotes),
	        cmocka_unit_test(quotes_have_an_end),
	        cmocka_unit_test(binaries),
	        cmocka_unit_test(joined_in_one_text),
	        cmocka_unit_test(tables_of_executables),
	        cmocka_unit_test(pieces),
	        cmocka_unit_test(classes),
	        cmocka_unit_test(nothing),
	        cmocka_unit_test(records_of_a_liar),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(&arena);
	return r;
}
