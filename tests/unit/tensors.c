/* Headers of NPY, safetensors and GGUF, put together here, each with one lie in it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "parse/gguf.h"
#include "parse/npy.h"
#include "parse/safetensors.h"

static void le(struct buf *b, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_u8(b, (uint8_t)(v >> (8 * i)));
}

static void npy_headers(void **state)
{
	static const struct {
		const char *header;
		int result;
		bool objects, known;
		uint64_t bytes;
	} rows[] = {
	        {"{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }\n", 0, false, true, 24},
	        {"{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }\n", 0, false, true, 6},
	        {"{'descr': '<f4', 'fortran_order': False, 'shape': (), }\n", 0, false, true, 4},
	        {"{'descr': '<U10', 'fortran_order': False, 'shape': (2L,), }\n", 0, false, true, 80},
	        {"{'descr': '|O', 'fortran_order': False, 'shape': (3,), }\n", 0, true, false, 0},
	        {"{'descr': 'O8', 'fortran_order': False, 'shape': (3,), }\n", 0, true, false, 0},
	        {"{'descr': [('a', '<f8'), ('b', '|O')], 'fortran_order': False, 'shape': (3,), }\n", 0, true, false, 0},
	        {"{'descr': [('a', [('b', '|O', (2,))])], 'fortran_order': False, 'shape': (3,), }\n", 0, true, false, 0},
	        {"{'descr': [(('t', 'a'), '<i4')], 'fortran_order': False, 'shape': (3,), }\n", 0, false, false, 0},
	        {"{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (3,), }\n", 0, false, true, 24},
	        {"{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }\n", -EBADMSG, false, false, 0},
	        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693952,), }\n", -EBADMSG, false, false, 0},
	        {"{'descr': __import__('os'), 'fortran_order': False, 'shape': (3,), }\n", -EBADMSG, false, false, 0},
	        {"{'descr': '<f8', 'shape': (3,)} or x", -EBADMSG, false, false, 0},
	        {"{'descr': '\\x4f', 'shape': (3,)}", -EBADMSG, false, false, 0},
	        {"{'shape': (3,)}", -EBADMSG, false, false, 0},
	        {"", -EBADMSG, false, false, 0},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (uint8_t version = 1; version <= 3; version++) {
			_cleanup_buf_ struct buf b = BUF(1000);
			struct npy n = {0};
			const char *reason;
			buf_str_add(&b, "\x93NUMPY");
			buf_u8(&b, version);
			buf_u8(&b, 0);
			le(&b, strlen(rows[i].header), version == 1 ? 2 : 4);
			buf_str_add(&b, rows[i].header);
			int r = npy_read(buf_slice(&b), &n, &reason);
			if (r != rows[i].result || n.objects != rows[i].objects || n.known != rows[i].known ||
			        (n.known && n.bytes != rows[i].bytes))
				fail_msg("%s: %d, objects %d, %llu bytes", rows[i].header, r, n.objects, (unsigned long long)n.bytes);
			assert_true((r < 0) == (reason != NULL));
			for (size_t cut = 0; cut < b.n; cut++) {
				uint8_t *copy = malloc(cut ? cut : 1);
				if (cut)
					memcpy(copy, b.p, cut);
				assert_int_equal(npy_read(slice_of(copy, cut), &n, &reason), -EBADMSG);
				free(copy);
			}
		}
}

static void safetensors_headers(void **state)
{
	static const struct {
		const char *header;
		uint64_t length, data; /* length 0: of the header */
		unsigned odd;
	} rows[] = {
	        {"{}", 0, 0, 0},
	        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 0, 8, 0},
	        {"{\"__metadata__\":{\"format\":\"pt\"},\"a\":{\"dtype\":\"BF16\",\"shape\":[2,2],\"data_offsets\":[0,8]}}", 0, 8, 0},
	        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,"
	         "8]}}",
	                0, 8, 0},
	        {"{}", UINT64_MAX, 0, SAFETENSORS_LENGTH},
	        {"{}", UINT64_MAX - 7, 0, SAFETENSORS_LENGTH},
	        {"{}", 200000000, 0, SAFETENSORS_LENGTH},
	        {"{ no", 0, 0, SAFETENSORS_JSON},
	        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 0, 4, SAFETENSORS_SPAN},
	        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 0, 4, SAFETENSORS_OUTSIDE},
	        {"{\"a\":{\"dtype\":\"F99\",\"shape\":[2],\"data_offsets\":[0,8]}}", 0, 8, SAFETENSORS_DTYPE},
	        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0, 0, SAFETENSORS_WRAPS},
	        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}}", 0, 0, SAFETENSORS_WRAPS},
	        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,"
	         "6]}}",
	                0, 6, SAFETENSORS_OVERLAP},
	        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}", 0, 8, SAFETENSORS_HOLE},
	        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 0, 8, SAFETENSORS_HOLE},
	        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,"
	         "0]}}",
	                0, 0, SAFETENSORS_TWICE},
	        {"{\"__metadata__\":{\"a\":[1]}}", 0, 0, SAFETENSORS_METADATA},
	        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,0]}}", 0, 0, SAFETENSORS_TENSOR},
	        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,0]}}", 0, 0, SAFETENSORS_TENSOR},
	        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0],\"x\":1}}", 0, 0, SAFETENSORS_TENSOR},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_buf_ struct buf b = BUF(10000);
		struct safetensors t;
		le(&b, rows[i].length ? rows[i].length : strlen(rows[i].header), 8);
		buf_str_add(&b, rows[i].header);
		for (uint64_t k = 0; k < rows[i].data; k++)
			buf_u8(&b, 7);
		safetensors_read(buf_slice(&b), b.n, 1 << 16, &t);
		if (t.odd != rows[i].odd)
			fail_msg("%s: %#x", rows[i].header, t.odd);
	}
	for (unsigned bit = 1; bit < 1u << SAFETENSORS_ODDS; bit <<= 1)
		assert_true(safetensors_odd_text(bit)[0]);
}

/* GGUF: one tensor with one lie, one key with one. */
struct lie {
	uint32_t version, n_dims, kind, key_type, array_type;
	uint64_t dim, pairs, tensors, offset, elements, alignment;
	const char *key;
	bool twice, cut;
};

static void text(struct buf *b, const char *s, size_t width)
{
	le(b, strlen(s), width);
	buf_str_add(b, s);
}

static void make_gguf(struct buf *b, const struct lie *l)
{
	uint32_t version = l->version ? l->version : 3;
	size_t w = version == 1 ? 4 : 8;
	unsigned tensors = l->twice ? 2 : 1;
	buf_str_add(b, "GGUF");
	le(b, version, 4);
	le(b, l->tensors ? l->tensors : tensors, w);
	le(b, l->pairs ? l->pairs : 2, w);
	text(b, "general.alignment", w);
	le(b, 4, 4);
	le(b, l->alignment ? l->alignment : 32, 4);
	text(b, l->key ? l->key : "tokenizer.ggml.tokens", w);
	le(b, l->key_type ? l->key_type : 9, 4);
	if (!l->key_type || l->key_type == 9) {
		le(b, l->array_type ? l->array_type : 8, 4);
		le(b, l->elements ? l->elements : 2, w);
		text(b, "one", w);
		text(b, "two", w);
	} else if (l->key_type == 8) {
		text(b, "a text", w);
	} else {
		le(b, 1, 4);
	}
	for (unsigned i = 0; i < tensors; i++) {
		text(b, "blk.0.attn", w);
		le(b, l->n_dims ? l->n_dims : 2, 4);
		le(b, l->dim ? l->dim : 4, w);
		le(b, l->dim ? l->dim : 4, w);
		le(b, l->kind, 4);
		le(b, l->offset, 8);
	}
	if (l->cut) {
		b->n -= 4;
		return;
	}
	while (b->n % 32)
		buf_u8(b, 0);
	for (unsigned i = 0; i < 64; i++)
		buf_u8(b, 7);
}

static void count_texts(void *arg, struct slice key, struct slice s, size_t at)
{
	unsigned *n = arg;
	(void)at;
	assert_true(key.n && s.n);
	++*n;
}

static void gguf_headers(void **state)
{
	static const struct {
		struct lie lie;
		unsigned odd, texts;
	} rows[] = {
	        {{0}, 0, 2},
	        {{.version = 1}, 0, 2},
	        {{.version = 2}, 0, 2},
	        {{.version = 9}, GGUF_TYPE, 0},
	        {{.n_dims = 5}, GGUF_DIMS, 2},
	        {{.n_dims = UINT32_MAX}, GGUF_DIMS, 2},
	        {{.dim = 1ull << 32}, GGUF_WRAPS | GGUF_OUTSIDE, 2},
	        {{.dim = UINT64_MAX}, GGUF_WRAPS | GGUF_OUTSIDE, 2},
	        {{.dim = 1ull << 31}, GGUF_WRAPS | GGUF_OUTSIDE, 2},
	        {{.dim = 5}, GGUF_OUTSIDE, 2},
	        {{.kind = 999}, GGUF_KIND, 2},
	        {{.kind = 2}, GGUF_BLOCKS, 2},
	        {{.offset = 1}, GGUF_ALIGNMENT | GGUF_OUTSIDE, 2},
	        {{.offset = UINT64_MAX - 31}, GGUF_OUTSIDE, 2},
	        {{.twice = true}, GGUF_TWICE | GGUF_OVERLAP, 2},
	        {{.alignment = 33}, GGUF_ALIGNMENT, 2},
	        {{.pairs = UINT64_MAX}, GGUF_COUNT, 0},
	        {{.tensors = UINT64_MAX}, GGUF_COUNT, 0},
	        {{.elements = UINT64_MAX}, GGUF_COUNT, 0},
	        {{.array_type = 9}, GGUF_TYPE | GGUF_CONFUSED, 0},
	        {{.key = "x", .array_type = 9}, GGUF_TYPE, 0},
	        {{.key = "tokenizer.chat_template", .key_type = 4}, GGUF_CONFUSED, 0},
	        {{.key = "tokenizer.chat_template", .key_type = 8}, 0, 1},
	        {{.key = "x", .key_type = 77}, GGUF_TYPE, 0},
	        {{.cut = true}, GGUF_CUT, 2},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_buf_ struct buf b = BUF(10000);
		struct gguf g;
		unsigned texts = 0;
		make_gguf(&b, &rows[i].lie);
		gguf_read(buf_slice(&b), b.n, 1 << 16, count_texts, &texts, &g);
		if (g.odd != rows[i].odd || texts != rows[i].texts)
			fail_msg("row %zu: %#x, %u texts", i, g.odd, texts);
		for (size_t cut = 0; cut < b.n; cut++) {
			uint8_t *copy = malloc(cut ? cut : 1);
			if (cut)
				memcpy(copy, b.p, cut);
			gguf_read(slice_of(copy, cut), cut, 1 << 16, NULL, NULL, &g);
			free(copy);
		}
	}
	for (unsigned bit = 1; bit < 1u << GGUF_ODDS; bit <<= 1)
		assert_true(gguf_odd_text(bit)[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(npy_headers),
	        cmocka_unit_test(safetensors_headers),
	        cmocka_unit_test(gguf_headers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
