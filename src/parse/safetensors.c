#include "parse/safetensors.h"

#include "base/flag.h"
#include "parse/jscan.h"

#define HEADER_MAX 100000000u

struct span {
	uint64_t from, to, name; /* name: a hash */
};

bool safetensors_is(struct slice in)
{
	return in.n >= 10 && in.p[8] == '{' && (in.p[9] == '"' || in.p[9] == '}' || in.p[9] == ' ' || in.p[9] == '\n');
}

static void odd(struct safetensors *o, unsigned bit, struct slice in, struct slice where, struct slice name)
{
	if (!o->odd) {
		o->at = where.p ? (size_t)(where.p - in.p) : 0;
		o->name = name;
	}
	o->odd |= bit;
}

/* Bits of an element; 0: not known. */
static unsigned bits(struct slice dtype)
{
	static const struct {
		const char *name;
		unsigned bits;
	} rows[] = {{"\"F64\"", 64}, {"\"F32\"", 32}, {"\"F16\"", 16}, {"\"BF16\"", 16}, {"\"I64\"", 64}, {"\"I32\"", 32}, {"\"I16\"", 16},
	        {"\"I8\"", 8}, {"\"U64\"", 64}, {"\"U32\"", 32}, {"\"U16\"", 16}, {"\"U8\"", 8}, {"\"BOOL\"", 8}, {"\"C64\"", 64},
	        {"\"F8_E4M3\"", 8}, {"\"F8_E5M2\"", 8}, {"\"F8_E8M0\"", 8}, {"\"F4\"", 4}, {"\"F6_E2M3\"", 6}, {"\"F6_E3M2\"", 6}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (slice_is(dtype, rows[i].name))
			return rows[i].bits;
	return 0;
}

static bool product(struct slice shape, uint64_t *out, bool *wraps)
{
	uint64_t n = 1, d;
	if (!jscan_is(shape, '['))
		return false;
	for (struct jscan_iter i = jscan_iter(shape); jscan_next(&i);) {
		if (!slice_u64(i.value, UINT64_MAX, &d))
			return false;
		*wraps |= __builtin_mul_overflow(n, d, &n);
	}
	*out = n;
	return true;
}

static bool offsets(struct slice v, uint64_t *from, uint64_t *to)
{
	uint64_t *const list[] = {from, to};
	size_t n = 0;
	if (!jscan_is(v, '['))
		return false;
	for (struct jscan_iter i = jscan_iter(v); jscan_next(&i); n++)
		if (n >= 2 || !slice_u64(i.value, UINT64_MAX, list[n]))
			return false;
	return n == 2 && *from <= *to;
}

static void tensor(struct safetensors *o, struct slice in, uint64_t data, const struct jscan_iter *t, struct buf *spans)
{
	struct slice dtype, shape, place;
	uint64_t from, to, n, all;
	bool wraps = false;
	size_t members = 0;
	o->tensors++;
	if (jscan_is(t->value, '{'))
		for (struct jscan_iter i = jscan_iter(t->value); jscan_next(&i);)
			members++;
	if (members != 3 || !jscan_get(t->value, SLICE("dtype"), &dtype) || !jscan_get(t->value, SLICE("shape"), &shape) ||
	        !jscan_get(t->value, SLICE("data_offsets"), &place) || !product(shape, &n, &wraps) || !offsets(place, &from, &to)) {
		odd(o, SAFETENSORS_TENSOR, in, t->value, t->key);
		return;
	}
	unsigned b = bits(dtype);
	wraps |= __builtin_mul_overflow(n, (uint64_t)b, &all);
	if (!b)
		odd(o, SAFETENSORS_DTYPE, in, dtype, t->key);
	else if (wraps)
		odd(o, SAFETENSORS_WRAPS, in, shape, t->key);
	else if (all % 8 || all / 8 != to - from)
		odd(o, SAFETENSORS_SPAN, in, place, t->key);
	if (to > data)
		odd(o, SAFETENSORS_OUTSIDE, in, place, t->key);
	o->end = to > o->end ? to : o->end;
	const struct span s = {from, to, slice_hash(t->key)};
	buf_add(spans, slice_of(&s, sizeof(s)));
}

static int by_place(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	return x->from != y->from ? (x->from > y->from) - (x->from < y->from) : (x->to > y->to) - (x->to < y->to);
}

static int by_name(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	return (x->name > y->name) - (x->name < y->name);
}

static void order(struct safetensors *o, struct slice in, struct buf *spans, uint64_t data)
{
	struct span *s = (struct span *)(void *)spans->p;
	size_t n = spans->n / sizeof(*s);
	uint64_t at = 0;
	if (buf_error(spans)) {
		odd(o, SAFETENSORS_MANY, in, SLICE_NONE, SLICE_NONE);
		return;
	}
	if (n)
		qsort(s, n, sizeof(*s), by_place);
	for (size_t i = 0; i < n; i++) {
		if (s[i].from < at && s[i].to > s[i].from)
			odd(o, SAFETENSORS_OVERLAP, in, SLICE_NONE, SLICE_NONE);
		if (s[i].from > at)
			odd(o, SAFETENSORS_HOLE, in, SLICE_NONE, SLICE_NONE);
		at = s[i].to > at ? s[i].to : at;
	}
	if (at < data)
		odd(o, SAFETENSORS_HOLE, in, SLICE_NONE, SLICE_NONE);
	if (n)
		qsort(s, n, sizeof(*s), by_name);
	for (size_t i = 1; i < n; i++)
		if (s[i].name == s[i - 1].name)
			odd(o, SAFETENSORS_TWICE, in, SLICE_NONE, SLICE_NONE);
}

void safetensors_read(struct slice in, uint64_t size, size_t memory, struct safetensors *out)
{
	struct safetensors o = {0};
	uint64_t n = slice_le(slice_sub(in, 0, 8));
	struct slice root;
	if (in.n < 8 || n > HEADER_MAX || n > size - 8 || n > in.n - 8) {
		odd(&o, SAFETENSORS_LENGTH, in, SLICE_NONE, SLICE_NONE);
		*out = o;
		return;
	}
	o.header = slice_sub(in, 8, (size_t)n);
	o.data_at = 8 + n;
	if (!jscan_root(o.header, &root) || !jscan_is(root, '{')) {
		odd(&o, SAFETENSORS_JSON, in, o.header, SLICE_NONE);
		*out = o;
		return;
	}
	_cleanup_buf_ struct buf spans = BUF(memory);
	for (struct jscan_iter i = jscan_iter(root); jscan_next(&i);) {
		if (!jscan_eq(i.key, SLICE("__metadata__"))) {
			tensor(&o, in, size - o.data_at, &i, &spans);
			continue;
		}
		if (o.metadata.n)
			odd(&o, SAFETENSORS_TWICE, in, i.value, i.key);
		o.metadata = i.value;
		bool texts = jscan_is(i.value, '{');
		for (struct jscan_iter k = jscan_iter(i.value); texts && jscan_next(&k);)
			texts = jscan_is(k.value, '"');
		if (!texts)
			odd(&o, SAFETENSORS_METADATA, in, i.value, i.key);
	}
	order(&o, in, &spans, size - o.data_at);
	o.end = o.end > UINT64_MAX - o.data_at ? UINT64_MAX : o.end + o.data_at;
	*out = o;
}

const char *safetensors_odd_text(unsigned bit)
{
	static const char *const text[SAFETENSORS_ODDS] = {
	        "the header is longer than the file",
	        "the header is no JSON object",
	        "a tensor is not described by dtype, shape and offsets alone",
	        "a tensor has an unknown dtype",
	        "the product of a shape does not fit a number",
	        "shape and dtype say another size than the offsets",
	        "a tensor ends behind the end of the file",
	        "tensors share bytes",
	        "bytes belong to no tensor",
	        "a name is there twice",
	        "the metadata have something else than texts",
	        "too many tensors to check their order",
	};
	return flag_text(text, SAFETENSORS_ODDS, bit);
}
