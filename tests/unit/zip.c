/* The reader of ZIP archives: put together here, each with one lie in it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <zlib.h>

#include "parse/zip.h"

/* One member and its archive; what is not zero in `lie` is written instead. */
struct lie {
	const char *local_name;
	uint16_t flags, local_flags, method;
	uint32_t crc, packed, size, offset, count;
	bool no_central, no_end, twice, front, cut, deflate;
};

static void le(struct buf *b, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_u8(b, (uint8_t)(v >> (8 * i)));
}

static const char content[] = "the content of a member, the content of a member";

static void make(struct buf *b, const struct lie *l)
{
	const char *name = "a/data.pkl", *local = l->local_name ? l->local_name : name;
	uint32_t size = sizeof(content) - 1, crc = (uint32_t)crc32(0, (const Bytef *)content, size);
	uint8_t packed[256];
	uint32_t packed_n = size;
	memcpy(packed, content, size);
	if (l->deflate) {
		z_stream z = {.next_in = (Bytef *)(uintptr_t)content, .avail_in = size, .next_out = packed, .avail_out = sizeof(packed)};
		assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
		assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
		packed_n = (uint32_t)z.total_out;
		(void)deflateEnd(&z);
	}
	uint16_t method = l->method ? l->method : l->deflate ? 8 : 0;
	if (l->front)
		buf_str_add(b, "#!/bin/sh\n");
	size_t at = b->n;
	buf_add(b, SLICE("PK\3\4\24\0"));
	le(b, l->local_flags, 2);
	le(b, method, 2);
	le(b, 0, 4);
	le(b, crc, 4);
	le(b, packed_n, 4);
	le(b, size, 4);
	le(b, strlen(local), 2);
	le(b, 0, 2);
	buf_str_add(b, local);
	buf_add(b, slice_of(packed, packed_n));
	size_t directory = b->n;
	for (int i = 0; i < (l->no_central ? 0 : l->twice ? 2 : 1); i++) {
		buf_add(b, SLICE("PK\1\2\24\0\24\0"));
		le(b, l->flags, 2);
		le(b, method, 2);
		le(b, 0, 4);
		le(b, l->crc ? l->crc : crc, 4);
		le(b, l->packed ? l->packed : packed_n, 4);
		le(b, l->size ? l->size : size, 4);
		le(b, strlen(name), 2);
		le(b, 0, 8);
		le(b, 0, 4);
		le(b, l->offset ? l->offset : (l->front ? 0 : at), 4);
		buf_str_add(b, name);
	}
	size_t end = b->n;
	if (l->no_end)
		return;
	buf_add(b, SLICE("PK\5\6\0\0\0\0"));
	unsigned n = l->no_central ? 0 : l->twice ? 2 : 1;
	le(b, l->count ? l->count : n, 2);
	le(b, l->count ? l->count : n, 2);
	le(b, end - directory, 4);
	le(b, directory - (l->front ? at : 0), 4);
	le(b, 0, 2);
}

/* The bits of all members and of the archive, and how the content of the last was. */
static unsigned bits_of(struct slice in, unsigned *members, enum zip_content *how)
{
	struct zip z;
	struct zip_member m;
	unsigned odd = 0;
	*members = 0;
	assert_true(zip_open(in, 1 << 20, &z));
	while (zip_next(&z, &m) > 0) {
		_cleanup_buf_ struct buf out = BUF(1000);
		struct slice c;
		++*members;
		odd |= m.odd;
		*how = zip_content(&m, &out, &c);
		if (*how == ZIP_WHOLE)
			assert_true(slice_is(c, content));
	}
	odd |= z.odd;
	zip_close(&z);
	return odd;
}

static void lies_are_seen(void **state)
{
	static const struct {
		struct lie lie;
		unsigned odd, members;
		enum zip_content how;
	} rows[] = {
	        {{0}, 0, 1, ZIP_WHOLE},
	        {{.deflate = true}, 0, 1, ZIP_WHOLE},
	        {{.local_name = "a/data.txt"}, ZIP_NAMES, 1, ZIP_WHOLE},
	        {{.flags = 1}, ZIP_FLAGS | ZIP_ENCRYPTED, 1, ZIP_WHOLE},
	        {{.flags = 1, .local_flags = 1}, ZIP_ENCRYPTED, 1, ZIP_WHOLE},
	        {{.local_flags = 0x40}, ZIP_FLAGS | ZIP_ENCRYPTED, 1, ZIP_WHOLE},
	        {{.flags = 0x20}, ZIP_FLAGS | ZIP_PATCHED, 1, ZIP_WHOLE},
	        {{.crc = 1}, ZIP_SIZES, 1, ZIP_BAD_CRC},
	        {{.deflate = true, .crc = 1}, ZIP_SIZES, 1, ZIP_BAD_CRC},
	        {{.packed = 10}, ZIP_SIZES, 1, ZIP_BAD_CRC},
	        {{.deflate = true, .packed = 10}, ZIP_SIZES, 1, ZIP_BROKEN},
	        {{.packed = 100000}, ZIP_SIZES | ZIP_CUT, 1, ZIP_BROKEN},
	        {{.method = 12}, ZIP_METHOD, 1, ZIP_UNREAD},
	        /* What the directory does not name is found all the same. */
	        {{.offset = 7}, ZIP_LOST | ZIP_HIDDEN, 2, ZIP_WHOLE},
	        {{.no_central = true}, ZIP_HIDDEN, 1, ZIP_WHOLE},
	        {{.no_end = true}, ZIP_HIDDEN | ZIP_NO_DIRECTORY, 1, ZIP_WHOLE},
	        {{.twice = true}, ZIP_TWICE | ZIP_OVERLAPS, 2, ZIP_WHOLE},
	        {{.front = true}, ZIP_FRONT, 1, ZIP_WHOLE},
	        {{.count = 5}, ZIP_COUNTS, 1, ZIP_WHOLE},
	        {{.local_name = "../x"}, ZIP_NAMES, 1, ZIP_WHOLE},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_buf_ struct buf b = BUF(10000);
		unsigned members;
		enum zip_content how = ZIP_UNREAD;
		make(&b, &rows[i].lie);
		unsigned odd = bits_of(buf_slice(&b), &members, &how);
		if (odd != rows[i].odd || members != rows[i].members || how != rows[i].how)
			fail_msg("row %zu: odd %#x, %u members, content %d", i, odd, members, (int)how);
		for (unsigned bit = 1; bit < 1u << ZIP_ODDS; bit <<= 1)
			assert_true(zip_odd_text(bit)[0]);
	}
}

/* Cut at each byte, and with each byte changed: no read outside (the sanitizers see it), and an end. */
static void damage_ends(void **state)
{
	_cleanup_buf_ struct buf b = BUF(10000);
	(void)state;
	make(&b, &(struct lie){.deflate = true});
	for (size_t n = 0; n < b.n * 2; n++) {
		size_t size = n < b.n ? n : b.n;
		uint8_t *copy = malloc(size ? size : 1);
		struct zip z;
		struct zip_member m;
		unsigned members = 0;
		if (size)
			memcpy(copy, b.p, size);
		if (n >= b.n)
			copy[n - b.n] ^= 0xff;
		if (zip_open(slice_of(copy, size), 1 << 20, &z)) {
			while (zip_next(&z, &m) > 0) {
				_cleanup_buf_ struct buf out = BUF(1000);
				struct slice c;
				(void)zip_content(&m, &out, &c);
				assert_true(++members < 10);
			}
			zip_close(&z);
		}
		free(copy);
	}
}

static void limits_hold(void **state)
{
	_cleanup_buf_ struct buf b = BUF(10000), small = BUF(10);
	struct zip z;
	struct zip_member m;
	struct slice c;
	(void)state;
	make(&b, &(struct lie){.deflate = true});
	assert_true(zip_open(buf_slice(&b), 1 << 20, &z));
	assert_int_equal(zip_next(&z, &m), 1);
	assert_int_equal(zip_content(&m, &small, &c), ZIP_LARGE);
	assert_true(c.n <= 10);
	zip_close(&z);
	/* A table that is too small for the names. */
	assert_true(zip_open(buf_slice(&b), 8, &z));
	assert_int_equal(zip_next(&z, &m), -ENOBUFS);
	zip_close(&z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(lies_are_seen),
	        cmocka_unit_test(damage_ends),
	        cmocka_unit_test(limits_hold),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
