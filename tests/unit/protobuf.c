/* Fields of Protocol Buffers, and members of tar archives. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "parse/protobuf.h"
#include "parse/tar.h"

static void fields(void **state)
{
	static const struct {
		struct slice in;
		int result;
		uint32_t number;
		unsigned wire;
		uint64_t value;
		size_t n, left;
	} rows[] = {
	        {SLICE_INIT(""), 0, 0, 0, 0, 0, 0},
	        {SLICE_INIT("\x08\x96\x01"), 1, 1, PROTOBUF_VARINT, 150, 0, 0},
	        {SLICE_INIT("\x12\x03"
	                    "abcX"),
	                1, 2, PROTOBUF_BYTES, 0, 3, 1},
	        {SLICE_INIT("\x19\1\0\0\0\0\0\0\0"), 1, 3, PROTOBUF_64, 1, 0, 0},
	        {SLICE_INIT("\x25\1\0\0\0"), 1, 4, PROTOBUF_32, 1, 0, 0},
	        {SLICE_INIT("\x12\x04"
	                    "abc"),
	                -EBADMSG, 0, 0, 0, 0, 0},
	        {SLICE_INIT("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), -EBADMSG, 0, 0, 0, 0, 0},
	        {SLICE_INIT("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), -EBADMSG, 0, 0, 0, 0, 0},
	        {SLICE_INIT("\x08"), -EBADMSG, 0, 0, 0, 0, 0},
	        {SLICE_INIT("\x19\1\0"), -EBADMSG, 0, 0, 0, 0, 0},
	        {SLICE_INIT("\x0b"), -EBADMSG, 0, 0, 0, 0, 0},
	        {SLICE_INIT("\x02\x00"), -EBADMSG, 0, 0, 0, 0, 0},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice rest = rows[i].in;
		struct protobuf f = {0};
		int r = protobuf_next(&rest, &f);
		if (r != rows[i].result)
			fail_msg("row %zu: %d", i, r);
		if (r == 1 && (f.number != rows[i].number || f.wire != rows[i].wire || f.value != rows[i].value || f.bytes.n != rows[i].n ||
		                      rest.n != rows[i].left))
			fail_msg("row %zu", i);
		if (r < 0)
			assert_int_equal(rest.n, rows[i].in.n);
	}
}

static void put_header(uint8_t *p, const char *name, const char *prefix, size_t size, char type)
{
	unsigned sum = 0;
	memset(p, 0, 512);
	(void)snprintf((char *)p, 100, "%s", name);
	(void)snprintf((char *)p + 124, 12, "%011zo", size);
	p[156] = (uint8_t)type;
	memcpy(p + 257, "ustar\00000", 8);
	(void)snprintf((char *)p + 345, 155, "%s", prefix);
	memset(p + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += p[i];
	(void)snprintf((char *)p + 148, 8, "%06o", sum);
}

static void members(void **state)
{
	static uint8_t file[512 * 9];
	struct tar_member m;
	(void)state;
	put_header(file, "name", "a/folder", 5, '0');
	memcpy(file + 512, "hello", 5);
	put_header(file + 1024, "././@LongLink", "", 300, 'L');
	memset(file + 1536, 'n', 299);
	put_header(file + 2048, "short", "", 1, 0);
	file[2560] = 'x';
	put_header(file + 3072, "link", "", 1000, '2');
	struct slice in = slice_of(file, sizeof(file));
	assert_true(tar_is(in));
	struct tar t = tar_open(in);
	assert_int_equal(tar_next(&t, &m), 1);
	assert_true(slice_is(m.name, "a/folder/name") && slice_is(m.data, "hello") && m.type == '0');
	assert_int_equal(tar_next(&t, &m), 1);
	assert_true(m.name.n == 299 && m.data.n == 1 && m.type == '0');
	/* What a link says of its size is not passed over: other readers would meet other members. */
	assert_int_equal(tar_next(&t, &m), 1);
	assert_true(slice_is(m.name, "link") && m.data.n == 0);
	assert_int_equal(t.at, 3584);
	assert_int_equal(tar_next(&t, &m), 0);
	/* Cut, and damaged. */
	t = tar_open(slice_sub(in, 0, 514));
	assert_int_equal(tar_next(&t, &m), 1);
	assert_true(m.cut && m.data.n == 2 && m.size == 5);
	assert_int_equal(tar_next(&t, &m), 0);
	file[0] ^= 1;
	t = tar_open(in);
	assert_int_equal(tar_next(&t, &m), -EBADMSG);
	assert_false(tar_is(in));
	for (size_t n = 0; n < sizeof(file); n += 37) {
		uint8_t *copy = malloc(n ? n : 1);
		file[0] = 'n';
		if (n)
			memcpy(copy, file, n);
		t = tar_open(slice_of(copy, n));
		for (unsigned i = 0; i < 20 && tar_next(&t, &m) > 0; i++)
			assert_true(t.at <= n);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(fields),
	        cmocka_unit_test(members),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
