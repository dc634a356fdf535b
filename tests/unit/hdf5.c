/* HDF5, written out here: both kinds of headers and groups, texts of both kinds, and what must not be followed for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "parse/hdf5.h"

static void le(struct buf *b, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_u8(b, (uint8_t)(v >> (8 * i)));
}

static void fill(struct buf *b, size_t to)
{
	while (b->n < to)
		buf_u8(b, 0);
}

struct log {
	char text[2048];
};

static void on_event(void *arg, const struct hdf5_event *e)
{
	static const char *const words[] = {"text", "external", "unread"};
	struct log *l = arg;
	size_t n = strlen(l->text);
	(void)snprintf(l->text + n, sizeof(l->text) - n, "%s%s %.*s%s%.*s%s", n ? "; " : "", words[e->what], SLICE_FMT(e->name),
	        e->name.n ? "=" : "", SLICE_FMT(e->text), e->reason ? e->reason : "");
}

static const struct slice mark = SLICE_INIT("\x89HDF\r\n\x1a\n");

/* Superblock 0; the root group's header is at 96. */
static void old_superblock(struct buf *b)
{
	buf_add(b, mark);
	buf_add(b, SLICE("\0\0\0\0\0\10\10\0\4\0\20\0\0\0\0\0"));
	le(b, 0, 8);
	le(b, UINT64_MAX, 8);
	le(b, 4096, 8);
	le(b, UINT64_MAX, 8);
	le(b, 0, 8);
	le(b, 96, 8);
	fill(b, 96);
}

static void new_superblock(struct buf *b, uint64_t root)
{
	buf_add(b, mark);
	buf_add(b, SLICE("\2\10\10\0"));
	le(b, 0, 8);
	le(b, UINT64_MAX, 8);
	le(b, 4096, 8);
	le(b, root, 8);
	le(b, 0, 4);
}

static void old_header(struct buf *b, uint32_t size)
{
	le(b, 1, 2);
	le(b, 1, 2);
	le(b, 1, 4);
	le(b, size, 4);
	le(b, 0, 4);
}

static void old_message(struct buf *b, uint16_t type, uint16_t size)
{
	le(b, type, 2);
	le(b, size, 2);
	le(b, 0, 4);
}

/* An attribute "a" of version 1 with a fixed text of eight bytes: 56 bytes. */
static void fixed_text(struct buf *b, const char *eight)
{
	buf_add(b, SLICE("\1\0\2\0\10\0\10\0a\0\0\0\0\0\0\0"));
	buf_add(b, SLICE("\x13\0\0\0\10\0\0\0"));
	buf_add(b, SLICE("\1\0\0\0\0\0\0\0"));
	buf_str_add(b, eight);
}
#define FIXED 40

/* Version 3, of a text in a global heap. */
static void long_text(struct buf *b, uint32_t length, uint64_t heap, uint32_t index)
{
	buf_add(b, SLICE("\3\0\2\0\10\0\4\0\0b\0"));
	buf_add(b, SLICE("\x19\1\0\0\20\0\0\0"));
	buf_add(b, SLICE("\2\0\0\0"));
	le(b, length, 4);
	le(b, heap, 8);
	le(b, index, 4);
}
#define LONG 39

static void heap(struct buf *b, const char *text)
{
	buf_add(b, SLICE("GCOL\1\0\0\0"));
	le(b, 64, 8);
	le(b, 1, 2);
	le(b, 1, 2);
	le(b, 0, 4);
	le(b, strlen(text), 8);
	buf_str_add(b, text);
}

static void told(struct buf *b, const char *want)
{
	struct log l = {0};
	struct hdf5_result r;
	hdf5_read(buf_slice(b), 100, 1 << 16, on_event, &l, &r);
	assert_null(r.reason);
	assert_string_equal(l.text, want);
	/* Cut at each byte. */
	for (size_t n = 0; n < b->n; n++) {
		uint8_t *copy = malloc(n ? n : 1);
		if (n)
			memcpy(copy, b->p, n);
		hdf5_read(slice_of(copy, n), 100, 1 << 16, NULL, NULL, &r);
		free(copy);
	}
}

static void old_files(void **state)
{
	_cleanup_buf_ struct buf b = BUF(8192);
	(void)state;
	/* Root: an attribute, a symbol table, and the rest in a continuation. */
	old_superblock(&b);
	old_header(&b, 8 + FIXED + 8 + 16 + 8 + 16);
	old_message(&b, 0x0c, FIXED);
	fixed_text(&b, "eight ch");
	old_message(&b, 0x11, 16);
	le(&b, 512, 8);
	le(&b, 800, 8);
	old_message(&b, 0x10, 16);
	le(&b, 400, 8);
	le(&b, 8 + LONG, 8);
	fill(&b, 400);
	old_message(&b, 0x0c, LONG);
	long_text(&b, 10, 900, 1);
	fill(&b, 512);
	buf_add(&b, SLICE("TREE\0\0\1\0"));
	le(&b, UINT64_MAX, 8);
	le(&b, UINT64_MAX, 8);
	le(&b, 0, 8);
	le(&b, 600, 8);
	le(&b, 0, 8);
	fill(&b, 600);
	/* Two members: a dataset, and the root again, which is no way round. */
	buf_add(&b, SLICE("SNOD\1\0\2\0"));
	le(&b, 0, 8);
	le(&b, 700, 8);
	fill(&b, 648);
	le(&b, 0, 8);
	le(&b, 96, 8);
	fill(&b, 700);
	old_header(&b, 8 + FIXED);
	old_message(&b, 0x0c, FIXED);
	fixed_text(&b, "dataset\0");
	fill(&b, 900);
	heap(&b, "a long one");
	fill(&b, 1000);
	told(&b, "text a=eight ch; text b=a long one; text a=dataset");
}

static void new_files(void **state)
{
	_cleanup_buf_ struct buf b = BUF(8192);
	(void)state;
	new_superblock(&b, 64);
	fill(&b, 64);
	/* A header of version 2: an attribute, a link to a file beside, a hard link to itself, dense attributes. */
	buf_add(&b, SLICE("OHDR\2\0"));
	const struct slice external = SLICE("\1\10\100\2xx\7\0\0f.h5\0/");
	size_t hard = 12;
	buf_u8(&b, (uint8_t)(4 + LONG + 4 + external.n + 4 + hard + 4 + 18));
	buf_u8(&b, 0x0c);
	le(&b, LONG, 2);
	buf_u8(&b, 0);
	long_text(&b, 10, 900, 1);
	buf_u8(&b, 0x06);
	le(&b, external.n, 2);
	buf_u8(&b, 0);
	buf_add(&b, external);
	buf_u8(&b, 0x06);
	le(&b, hard, 2);
	buf_u8(&b, 0);
	buf_add(&b, SLICE("\1\0\1y"));
	le(&b, 64, 8);
	buf_u8(&b, 0x15);
	le(&b, 18, 2);
	buf_u8(&b, 0);
	buf_add(&b, SLICE("\0\0"));
	le(&b, 1234, 8);
	le(&b, UINT64_MAX, 8);
	fill(&b, 900);
	heap(&b, "a long one");
	fill(&b, 1000);
	told(&b, "text b=a long one; external f.h5; unread attributes with dense storage");
}

static void lies_end(void **state)
{
	(void)state;
	/* A continuation that leads to itself, a tree that is its own child. */
	_cleanup_buf_ struct buf b = BUF(8192);
	old_superblock(&b);
	old_header(&b, 24 + 24);
	old_message(&b, 0x10, 16);
	le(&b, 112, 8);
	le(&b, 48, 8);
	old_message(&b, 0x11, 16);
	le(&b, 512, 8);
	le(&b, 0, 8);
	fill(&b, 512);
	buf_add(&b, SLICE("TREE\0\1\1\0"));
	le(&b, UINT64_MAX, 8);
	le(&b, UINT64_MAX, 8);
	le(&b, 0, 8);
	le(&b, 512, 8);
	le(&b, 0, 8);
	struct log l = {0};
	struct hdf5_result r;
	hdf5_read(buf_slice(&b), 100, 1 << 16, on_event, &l, &r);
	assert_non_null(strstr(l.text, "a tree of a group that is damaged"));
	assert_non_null(strstr(l.text, "in more pieces than are followed"));
	_cleanup_buf_ struct buf none = BUF(100);
	buf_add(&none, mark);
	fill(&none, 100);
	none.p[8] = 9;
	hdf5_read(buf_slice(&none), 100, 1 << 16, NULL, NULL, &r);
	assert_non_null(r.reason);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(old_files),
	        cmocka_unit_test(new_files),
	        cmocka_unit_test(lies_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
