#include "parse/gguf.h"

#include "base/cursor.h"
#include "base/flag.h"

#define DIMS_MAX       4u
#define ALIGNMENT      32u
#define PAIR_LEAST     13u /* bytes of the smallest key and value */
#define TENSOR_LEAST   32u
#define VERSION_NEWEST 3u

enum { U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64, TYPES };
static const uint8_t sizes[TYPES] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

/* By number: elements of a block, and its bytes. 0: removed, or never there. */
static const struct {
	uint16_t elements, bytes;
} kinds[] = {{1, 4}, {1, 2}, {32, 18}, {32, 20}, {0, 0}, {0, 0}, {32, 22}, {32, 24}, {32, 34}, {32, 36}, {256, 84}, {256, 110}, {256, 144},
        {256, 176}, {256, 210}, {256, 292}, {256, 66}, {256, 74}, {256, 98}, {256, 50}, {32, 18}, {256, 110}, {256, 82}, {256, 136}, {1, 1},
        {1, 2}, {1, 4}, {1, 8}, {1, 8}, {256, 56}, {1, 2}, {0, 0}, {0, 0}, {0, 0}, {256, 54}, {256, 66}, {0, 0}, {0, 0}, {0, 0}, {32, 17}};

struct span {
	uint64_t from, to;
};

struct reader {
	struct cursor c;
	struct gguf *g;
	uint64_t size;
	size_t width; /* of counts and lengths: 4 in version 1 */
	uint64_t alignment;
	struct buf names, spans;
	void (*fn)(void *arg, struct slice key, struct slice text, size_t at);
	void *arg;
};

bool gguf_is(struct slice in)
{
	return in.n >= 8 && memcmp(in.p, "GGUF", 4) == 0;
}

static void odd(struct reader *r, unsigned bit, struct slice name)
{
	if (!r->g->odd) {
		r->g->at = r->c.at;
		r->g->name = name;
	}
	r->g->odd |= bit;
}

static struct slice text(struct reader *r)
{
	uint64_t n = cursor_le(&r->c, r->width);
	return cursor_take(&r->c, n > SIZE_MAX ? SIZE_MAX : (size_t)n);
}

/* Keys whose type loaders take for granted. */
static void expect(struct reader *r, struct slice key, uint64_t type, uint64_t of)
{
	static const struct {
		const char *key;
		uint8_t type, of;
	} rows[] = {{"general.architecture", STRING, 0}, {"general.name", STRING, 0}, {"general.alignment", U32, 0},
	        {"tokenizer.ggml.model", STRING, 0}, {"tokenizer.ggml.tokens", ARRAY, STRING}, {"tokenizer.ggml.merges", ARRAY, STRING},
	        {"tokenizer.ggml.scores", ARRAY, F32}, {"tokenizer.ggml.token_type", ARRAY, I32}, {"tokenizer.chat_template", STRING, 0}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (slice_is(key, rows[i].key) && (type != rows[i].type || (type == ARRAY && of != rows[i].of)))
			odd(r, GGUF_CONFUSED, key);
}

static bool array(struct reader *r, struct slice key)
{
	uint64_t of = cursor_le(&r->c, 4), n = cursor_le(&r->c, r->width);
	expect(r, key, ARRAY, of);
	if (!cursor_ok(&r->c))
		return false;
	if (of >= TYPES || of == ARRAY) {
		odd(r, GGUF_TYPE, key);
		return false;
	}
	size_t least = of == STRING ? r->width : sizes[of];
	if (n > cursor_left(&r->c) / least) {
		odd(r, GGUF_COUNT, key);
		return false;
	}
	if (of != STRING) {
		(void)cursor_take(&r->c, (size_t)n * least);
		return true;
	}
	for (uint64_t i = 0; i < n && cursor_ok(&r->c); i++) {
		size_t at = r->c.at + r->width;
		struct slice s = text(r);
		if (cursor_ok(&r->c) && r->fn)
			r->fn(r->arg, key, s, at);
	}
	return cursor_ok(&r->c);
}

static void note_name(struct reader *r, struct slice name)
{
	uint64_t h = slice_hash(name);
	buf_add(&r->names, slice_of(&h, sizeof(h)));
}

static bool pair(struct reader *r)
{
	struct slice key = text(r);
	uint64_t type = cursor_le(&r->c, 4);
	if (!cursor_ok(&r->c))
		return false;
	note_name(r, key);
	if (type == ARRAY)
		return array(r, key);
	expect(r, key, type, 0);
	if (type >= TYPES) {
		odd(r, GGUF_TYPE, key);
		return false;
	}
	if (type == STRING) {
		size_t at = r->c.at + r->width;
		struct slice s = text(r);
		if (cursor_ok(&r->c) && r->fn)
			r->fn(r->arg, key, s, at);
		return cursor_ok(&r->c);
	}
	uint64_t v = cursor_le(&r->c, sizes[type]);
	if (slice_is(key, "general.alignment") && type == U32) {
		if (v == 0 || (v & (v - 1)))
			odd(r, GGUF_ALIGNMENT, key);
		else
			r->alignment = v;
	}
	return cursor_ok(&r->c);
}

static bool tensor(struct reader *r)
{
	struct slice name = text(r);
	uint64_t n_dims = cursor_le(&r->c, 4), elements = 1, row = 1;
	bool wraps = false;
	if (!cursor_ok(&r->c))
		return false;
	if (n_dims > DIMS_MAX) {
		odd(r, GGUF_DIMS, name);
		return false;
	}
	for (uint64_t i = 0; i < n_dims; i++) {
		uint64_t d = cursor_le(&r->c, r->width);
		row = i ? row : d;
		wraps |= d > INT64_MAX || __builtin_mul_overflow(elements, d, &elements) || elements > INT64_MAX;
	}
	uint64_t kind = cursor_le(&r->c, 4), offset = cursor_le(&r->c, 8), bytes = 0;
	if (!cursor_ok(&r->c))
		return false;
	note_name(r, name);
	if (kind >= sizeof(kinds) / sizeof(kinds[0]) || !kinds[kind].elements) {
		odd(r, GGUF_KIND, name);
		return true;
	}
	if (row % kinds[kind].elements)
		odd(r, GGUF_BLOCKS, name);
	wraps |= __builtin_mul_overflow(elements / kinds[kind].elements, (uint64_t)kinds[kind].bytes, &bytes) || bytes > INT64_MAX;
	if (wraps)
		odd(r, GGUF_WRAPS, name);
	if (offset % r->alignment)
		odd(r, GGUF_ALIGNMENT, name);
	const struct span s = {offset, offset > UINT64_MAX - bytes || wraps ? UINT64_MAX : offset + bytes};
	buf_add(&r->spans, slice_of(&s, sizeof(s)));
	return true;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static void order(struct reader *r)
{
	struct gguf *g = r->g;
	uint64_t *h = (uint64_t *)(void *)r->names.p;
	struct span *s = (struct span *)(void *)r->spans.p;
	size_t n_names = r->names.n / sizeof(*h), n = r->spans.n / sizeof(*s);
	if (buf_error(&r->names) || buf_error(&r->spans))
		odd(r, GGUF_MANY, SLICE_NONE);
	if (n_names)
		qsort(h, n_names, sizeof(*h), by_value);
	for (size_t i = 1; i < n_names; i++)
		if (h[i] == h[i - 1])
			odd(r, GGUF_TWICE, SLICE_NONE);
	/* The offset comes first in a span. */
	if (n)
		qsort(s, n, sizeof(*s), by_value);
	uint64_t left = r->size > g->data_at ? r->size - g->data_at : 0, at = 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i].to > left)
			odd(r, GGUF_OUTSIDE, SLICE_NONE);
		if (s[i].from < at && s[i].to > s[i].from)
			odd(r, GGUF_OVERLAP, SLICE_NONE);
		at = s[i].to > at ? s[i].to : at;
	}
	g->end = at > UINT64_MAX - g->data_at ? UINT64_MAX : g->data_at + at;
}

static void body(struct reader *r)
{
	struct gguf *g = r->g;
	g->tensors = cursor_le(&r->c, r->width);
	g->pairs = cursor_le(&r->c, r->width);
	if (g->pairs > cursor_left(&r->c) / PAIR_LEAST || g->tensors > r->size / TENSOR_LEAST) {
		odd(r, GGUF_COUNT, SLICE_NONE);
		return;
	}
	for (uint64_t i = 0; i < g->pairs; i++)
		if (!pair(r))
			return;
	for (uint64_t i = 0; i < g->tensors; i++)
		if (!tensor(r))
			return;
	g->data_at = (r->c.at + r->alignment - 1) & ~(r->alignment - 1);
	order(r);
}

void gguf_read(struct slice in, uint64_t size, size_t memory, void (*fn)(void *arg, struct slice key, struct slice text, size_t at),
        void *arg, struct gguf *out)
{
	struct gguf g = {0};
	struct reader r = {.c = cursor_of(slice_from(in, 0)),
	        .g = &g,
	        .size = size,
	        .alignment = ALIGNMENT,
	        .names = BUF(memory),
	        .spans = BUF(memory),
	        .fn = fn,
	        .arg = arg};
	(void)cursor_take(&r.c, 4);
	g.version = (unsigned)cursor_le(&r.c, 4);
	g.swapped = (g.version & 0xffff) == 0 && g.version != 0;
	r.width = g.version == 1 ? 4 : 8;
	if (g.version == 0 || g.version > VERSION_NEWEST) {
		if (!g.swapped)
			odd(&r, GGUF_TYPE, SLICE_NONE);
	} else {
		body(&r);
		if (!cursor_ok(&r.c))
			odd(&r, GGUF_CUT, SLICE_NONE);
	}
	buf_free(&r.names);
	buf_free(&r.spans);
	*out = g;
}

const char *gguf_odd_text(unsigned bit)
{
	static const char *const text[GGUF_ODDS] = {
	        "the header ends behind the end of the file",
	        "a value has a type that does not exist, or is an array of arrays",
	        "more keys, tensors or elements than the file can have",
	        "a tensor has more than four dimensions",
	        "the product of dimensions does not fit a number",
	        "a tensor ends behind the end of the file",
	        "the alignment is no power of two, or a tensor does not keep it",
	        "a tensor has an unknown type",
	        "tensors share bytes",
	        "a name is there twice",
	        "a key has another type than loaders expect",
	        "a row is no multiple of its type's block",
	        "too many names to check what is there twice",
	};
	return flag_text(text, GGUF_ODDS, bit);
}
