/* The JSON reader: spans lie inside the input, and what it took is taken again from each value's own bytes. */
#include "parse/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct json *v, struct slice in, struct arena *arena)
{
	if (v->raw.p < in.p || v->raw.p + v->raw.n > in.p + in.n || v->raw.n == 0)
		__builtin_trap();
	if (v->key.p) {
		struct slice k = json_decode(v->key, arena);
		if (k.n > v->key.n)
			__builtin_trap();
	}
	if (v->type == JSON_STRING) {
		_cleanup_buf_ struct buf b = BUF(4096);
		(void)json_text(v, arena);
		(void)json_escapes(slice_sub(v->raw, 1, v->raw.n - 2), (v->raw.n & 1) != 0, &b);
	}
	size_t n = 0;
	for (const struct json *c = v->child; c; c = c->next, n++)
		check(c, v->raw, arena);
	if (n != v->n)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)64 << 20);
	struct slice in = slice_of(data, size), rest = in;
	const struct json_limits limits = {.depth = 64, .nodes = 50000};
	struct json *doc;
	struct json_error err;
	while (rest.n && json_next(&rest, &limits, &arena, &doc, &err) == JSON_OK) {
		struct json_syntax syntax;
		json_syntax(doc, &syntax);
		check(doc, in, &arena);
		struct json *again;
		if (json_parse(doc->raw, &limits, &arena, &again, NULL) != JSON_OK || again->n != doc->n)
			if (arena.used < ((size_t)32 << 20))
				__builtin_trap();
	}
	if (rest.n && err.at > rest.n)
		__builtin_trap();
	return 0;
}
