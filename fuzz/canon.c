/* Canonical text and JSON: what came out is as it would come out again, is JSON where JSON went in, and numbers keep their value. The first
 * byte says what the rest is: 0 text, 1 text that may hold code, else JSON. */
#include <stdlib.h>

#include "base/utf8.h"
#include "gate/canon.h"
#include "parse/canon_json.h"
#include "parse/canon_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void texts(struct slice in, enum canon_form form)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)64 << 20);
	_cleanup_buf_ struct buf once = BUF((size_t)8 << 20), twice = BUF((size_t)8 << 20);
	if (canon_text(in, form, &arena, &once) < 0 || canon_text(buf_slice(&once), form, &arena, &twice) < 0)
		return;
	if (!slice_eq(buf_slice(&once), buf_slice(&twice)))
		__builtin_trap();
	uint32_t c;
	for (size_t i = 0, n; i < once.n; i += n)
		if (!(n = utf8_next(buf_slice(&once), i, &c)))
			__builtin_trap();
}

static bool text_of(void *arg, const struct json *v, struct slice text, struct buf *out)
{
	return !v->key.p && canon_text(text, CANON_FULL, arg, out) == 0;
}

static bool set(void *arg, const struct json *array)
{
	(void)arg;
	return array->key.p && array->key.n == 1;
}

/* Numbers in the order of the document, which is that of the sorted one only in arrays. */
static void same_numbers(const struct json *a, const struct json *b)
{
	if (a->type != b->type)
		__builtin_trap();
	if (a->type == JSON_NUMBER && a->raw.n < 60) {
		char x[64], y[128];
		__builtin_memcpy(x, a->raw.p, a->raw.n);
		x[a->raw.n] = 0;
		if (b->raw.n >= sizeof(y))
			__builtin_trap();
		__builtin_memcpy(y, b->raw.p, b->raw.n);
		y[b->raw.n] = 0;
		if (strtod(x, NULL) != strtod(y, NULL))
			__builtin_trap();
	}
	if (a->type == JSON_ARRAY && (!a->key.p || a->key.n != 1))
		for (const struct json *m = a->child, *n = b->child; m || n; m = m->next, n = n->next) {
			if (!m || !n)
				__builtin_trap();
			same_numbers(m, n);
		}
}

static void documents(struct slice in)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)256 << 20);
	_cleanup_buf_ struct buf once = BUF((size_t)8 << 20), twice = BUF((size_t)8 << 20);
	const struct json_limits limits = {.depth = 64, .nodes = 20000};
	static const struct canon_json_calls calls = {.string = text_of, .set = set};
	struct json *doc, *again;
	if (json_parse(in, &limits, &arena, &doc, NULL) != JSON_OK || canon_json(doc, &calls, &arena, &arena, &once) < 0)
		return;
	if (json_parse(buf_slice(&once), &limits, &arena, &again, NULL) != JSON_OK) {
		if (arena.used < ((size_t)128 << 20))
			__builtin_trap();
		return;
	}
	same_numbers(doc, again);
	if (canon_json(again, &calls, &arena, &arena, &twice) == 0 && !slice_eq(buf_slice(&once), buf_slice(&twice)))
		__builtin_trap();
}

/* A request: what leaves is what an honest reader has read, and its ids are others. */
static void request(uint8_t what, struct slice in)
{
	static const uint8_t key[CANON_KEY_BYTES];
	_cleanup_arena_ struct arena arena = ARENA((size_t)64 << 20);
	_cleanup_buf_ struct buf out = BUF((size_t)8 << 20);
	struct slice k = slice_of(key, sizeof(key)), name;
	struct json *doc;
	if (what == 2) {
		canon_target(k, in, &out);
		if (out.n > in.n)
			__builtin_trap();
	} else if (what == 3 && slice_split(&in, ':', &name)) {
		int r = canon_value(k, name, in, &out);
		for (size_t i = 0; r == 0 && i < out.n; i++)
			if ((out.p[i] == '\r' || out.p[i] == '\n') && slice_chr(in, out.p[i], 0) == SLICE_NPOS)
				__builtin_trap();
	} else if (what == 4 && canon_body(k, true, in, &out) == 1) {
		if (json_parse(buf_slice(&out), NULL, &arena, &doc, NULL) != JSON_OK && arena.used < ((size_t)32 << 20))
			__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	if (size == 0)
		return 0;
	if (data[0] < 2)
		texts(slice_from(in, 1), data[0] ? CANON_LIGHT : CANON_FULL);
	else if (data[0] < 5)
		request(data[0], slice_from(in, 1));
	else
		documents(slice_from(in, 1));
	return 0;
}
