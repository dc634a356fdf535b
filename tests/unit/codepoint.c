#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "vet/codepoint.h"

static void names(void **state)
{
	(void)state;
	static const struct {
		uint32_t cp;
		const char *name;
	} cases[] = {{'A', "LATIN CAPITAL LETTER A"}, {0x27, "APOSTROPHE"}, {0x2bc, "MODIFIER LETTER APOSTROPHE"},
	        {0x2019, "RIGHT SINGLE QUOTATION MARK"}, {0x0a, "LINE FEED"}, {0x7f, "DELETE"}, {0x85, "NEXT LINE"}, {0x80, "CONTROL-0080"},
	        {0xa0, "NO-BREAK SPACE"}, {0xad, "SOFT HYPHEN"}, {0x200b, "ZERO WIDTH SPACE"}, {0x2060, "WORD JOINER"},
	        {0xfeff, "ZERO WIDTH NO-BREAK SPACE"}, {0x301, "COMBINING ACUTE ACCENT"}, {0xfe0f, "VARIATION SELECTOR-16"},
	        {0xe0100, "VARIATION SELECTOR-17"}, {0xe0041, "TAG LATIN CAPITAL LETTER A"}, {0x4e00, "CJK UNIFIED IDEOGRAPH-4E00"},
	        {0xac00, "HANGUL SYLLABLE GA"}, {0xd4db, "HANGUL SYLLABLE PWILH"}, {0xe000, "PRIVATE USE-E000"}, {0x1f600, "U+1F600"},
	        {CODEPOINT_BYTE + 0xff, "BYTE 0xFF"}, {0x0430, "CYRILLIC SMALL LETTER A"}, {0xff0d, "FULLWIDTH HYPHEN-MINUS"}};
	char out[96];
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		codepoint_name(cases[i].cp, out, sizeof(out));
		assert_string_equal(out, cases[i].name);
	}
	for (uint32_t cp = 0; cp < 0x110000; cp += 7) { /* every one has some name */
		codepoint_name(cp, out, sizeof(out));
		assert_true(out[0]);
	}
}

static void utf8(void **state)
{
	(void)state;
	uint32_t cp;
	assert_int_equal(codepoint_next(SLICE(""), &cp), 0);
	assert_int_equal(codepoint_next(SLICE("\xf0\x9f\x98\x80"), &cp), 4);
	assert_int_equal(cp, 0x1f600);
	static const char *const bad[] = {"\x80", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x80", "\xff"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(codepoint_next(slice_str(bad[i]), &cp), 1);
		assert_int_equal(cp, CODEPOINT_BYTE + (uint8_t)bad[i][0]);
	}
	_cleanup_buf_ struct buf b = BUF(100);
	codepoint_clean(&b, SLICE("a\xff\xc3\xa9\0z"));
	assert_string_equal(buf_str(&b), "a\\xFF\xc3\xa9\\x00z");
	assert_true(codepoint_invisible(0x200d) && codepoint_invisible(0xe0041) && codepoint_invisible(0x07) &&
	            !codepoint_invisible('\n') && !codepoint_invisible(0x2019));
}

static void diffs(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		struct codepoint_span d;
	} cases[] = {
	        {"Today's", "Today\xe2\x80\x99s", {5, 1, 5, 3}},
	        {"x\xe2\x80\x98y", "x\xe2\x80\x99y", {1, 3, 1, 3}}, /* common first bytes */
	        {"x\xe1\x80\x99y", "x\xe2\x80\x99y", {1, 3, 1, 3}}, /* common last bytes */
	        {"x\xc3\xa9", "x\xc3\xa9\xc3\xa9", {3, 0, 3, 2}},   /* put in */
	        {"aa", "aaa", {2, 0, 2, 1}},
	        {"", "abc", {0, 0, 0, 3}},
	        {"same", "same", {4, 0, 4, 0}},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct codepoint_span d = codepoint_diff(slice_str(cases[i].a), slice_str(cases[i].b));
		assert_int_equal(d.a_at, cases[i].d.a_at);
		assert_int_equal(d.a_n, cases[i].d.a_n);
		assert_int_equal(d.b_at, cases[i].d.b_at);
		assert_int_equal(d.b_n, cases[i].d.b_n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(names),
	        cmocka_unit_test(utf8),
	        cmocka_unit_test(diffs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
