#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "parse/tlog.h"

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
	        cmocka_unit_test(tile_names),
	        cmocka_unit_test(tile_widths),
	        cmocka_unit_test(bundles),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
