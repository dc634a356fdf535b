#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/arena.h"

#define PIECES 200u

/* Lengths of many kinds: several of a chunk, such that begin the next, and such that are a chunk of their own. */
static size_t length(size_t i)
{
	return i % 13 == 12 ? 20000 + i * 100 : 1 + i * i % 3001;
}

/* What a process has freed, with what was in it, is what an arena is made of next. */
static void leave_dirt(void)
{
	struct arena a = ARENA(16 << 20);
	for (size_t i = 0; i < PIECES; i++) {
		void *p = arena_array_raw(&a, 1, length(i));
		assert_non_null(p);
		memset(p, 0xa5, length(i));
	}
	arena_free(&a);
}

static void what_is_not_raw_is_zeroed(void **state)
{
	(void)state;
	leave_dirt();
	struct arena a = ARENA(16 << 20);
	uint8_t *piece[PIECES];
	for (size_t i = 0; i < PIECES; i++) {
		bool raw = i % 3 == 1;
		piece[i] = raw ? arena_array_raw(&a, length(i), 1) : arena_alloc(&a, length(i));
		assert_non_null(piece[i]);
		assert_int_equal((uintptr_t)piece[i] % _Alignof(max_align_t), 0);
		for (size_t k = 0; k < length(i) && !raw; k++)
			assert_int_equal(piece[i][k], 0);
		memset(piece[i], (int)i, length(i));
	}
	/* None lies in another. */
	for (size_t i = 0; i < PIECES; i++)
		for (size_t k = 0; k < length(i); k++)
			assert_int_equal(piece[i][k], (uint8_t)i);
	arena_free(&a);
}

static void texts_end_with_nul(void **state)
{
	(void)state;
	leave_dirt();
	struct arena a = ARENA(1 << 20);
	for (size_t n = 0; n < 40; n++) {
		const char *s = arena_str(&a, slice_sub(SLICE("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"), 0, n));
		assert_int_equal(strlen(s), n);
		assert_string_equal(arena_fmt(&a, "%s!", s) + n, "!");
	}
	arena_free(&a);
}

static void the_maximum_holds(void **state)
{
	(void)state;
	struct arena a = ARENA(10000);
	assert_non_null(arena_alloc(&a, 6000));
	assert_null(arena_alloc(&a, 6000));
	assert_null(arena_array_raw(&a, 6000, 1));
	assert_null(arena_array(&a, SIZE_MAX / 2, 4));
	assert_null(arena_array_raw(&a, SIZE_MAX / 2, 4));
	assert_non_null(arena_alloc(&a, 3000));
	arena_free(&a);
	assert_int_equal(a.used, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_not_raw_is_zeroed),
	        cmocka_unit_test(texts_end_with_nul),
	        cmocka_unit_test(the_maximum_holds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
