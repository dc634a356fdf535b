/* Keys that come back in a reply. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gate/link.h"
#include "gate/mask.h"
#include "inspect/dlp.h"

static struct mask *make(const char *const *keys, size_t n)
{
	_cleanup_buf_ struct buf values = BUF(4096);
	struct mask *m = NULL;
	gate_value_put(&values, DLP_CANARY, SLICE("c"), SLICE("no key at all"));
	for (size_t i = 0; i < n; i++)
		gate_value_put(&values, DLP_CREDENTIAL, SLICE("k"), slice_str(keys[i]));
	assert_int_equal(mask_new(buf_slice(&values), &m), 0);
	return m;
}

/* In pieces of that many bytes. */
static void expect(const struct mask *m, const char *in, size_t piece, const char *want)
{
	struct mask_held held = {.bytes = BUF(4096)};
	_cleanup_buf_ struct buf out = BUF(4096);
	struct slice all = slice_str(in);
	for (size_t at = 0; at < all.n; at += piece)
		assert_int_equal(mask_feed(m, &held, slice_sub(all, at, piece), false, &out), 0);
	assert_int_equal(mask_feed(m, &held, SLICE_NONE, true, &out), 0);
	assert_int_equal(held.bytes.n, 0);
	assert_string_equal(buf_str(&out), want);
	buf_free(&held.bytes);
}

static void any_split(void **state)
{
	static const char *const keys[] = {"aab/key+1", "aab/key+12", "zzzzzzzz"};
	struct mask *m = make(keys, ARRAY_LEN(keys));
	(void)state;
	assert_non_null(m);
	for (size_t piece = 1; piece < 40; piece++) {
		expect(m, "x aab/key+1 y", piece, "x ********* y");
		expect(m, "aab/key+12", piece, "**********");
		expect(m, "aaaab/key+1", piece, "aa*********");
		expect(m, "aab/key+", piece, "aab/key+");
		expect(m, "zzzzzzzzzzzzzzzzz", piece, "****************z");
		expect(m, "to=aab%2Fkey%2B1&aab%2fkey%2b1", piece, "to=*************&*************");
		expect(m, "{\"a\":\"aab\\/key+1\"}", piece, "{\"a\":\"**********\"}");
		expect(m, "no key at all", piece, "no key at all");
		expect(m, "", piece, "");
	}
	mask_free(m);
}

/* What cannot be the beginning of a key waits for nothing. */
static void holds_little(void **state)
{
	static const char *const keys[] = {"secret-key"};
	struct mask *m = make(keys, 1);
	struct mask_held held = {.bytes = BUF(100)};
	_cleanup_buf_ struct buf out = BUF(100), small = BUF(3);
	(void)state;
	assert_int_equal(mask_feed(m, &held, SLICE("data: yes\n\n"), false, &out), 0);
	assert_int_equal(held.bytes.n, 0);
	assert_int_equal(mask_feed(m, &held, SLICE("data: sec"), false, &out), 0);
	assert_int_equal(held.bytes.n, 3);
	assert_int_equal(mask_feed(m, &held, SLICE("ond"), true, &out), 0);
	assert_string_equal(buf_str(&out), "data: yes\n\ndata: second");
	assert_true(mask_feed(m, &held, SLICE("longer"), true, &small) < 0);
	buf_free(&held.bytes);
	mask_free(m);
	m = make(NULL, 0);
	assert_null(m);
}

/* A message may end with what a key begins with; what follows all the same is not told. */
static void waits_not_for_ever(void **state)
{
	static const char *const keys[] = {"secret-key-1"};
	struct mask *m = make(keys, 1);
	struct mask_held held = {.bytes = BUF(100)};
	_cleanup_buf_ struct buf out = BUF(100);
	(void)state;
	for (int rest = 0; rest < 2; rest++) {
		buf_reset(&out);
		assert_int_equal(mask_feed(m, &held, SLICE("yes"), false, &out), 0);
		assert_string_equal(buf_str(&out), "ye");
		mask_release(&held, &out);
		mask_release(&held, &out);
		assert_string_equal(buf_str(&out), "yes");
		assert_int_equal(mask_feed(m, &held, SLICE("ecr"), false, &out), 0);
		mask_release(&held, &out);
		assert_string_equal(buf_str(&out), "yesecr");
		assert_int_equal(mask_feed(m, &held, rest ? SLICE("et-key-1.") : SLICE("ond. "), false, &out), 0);
		assert_string_equal(buf_str(&out), rest ? "yesecr********." : "yesecrond. ");
		assert_int_equal(held.bytes.n, 0);
	}
	buf_reset(&out);
	assert_int_equal(mask_feed(m, &held, SLICE("secret-ke"), false, &out), 0);
	mask_release(&held, &out);
	assert_int_equal(out.n, 0);
	buf_free(&held.bytes);
	mask_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(any_split),
	        cmocka_unit_test(holds_little),
	        cmocka_unit_test(waits_not_for_ever),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
