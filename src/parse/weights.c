#include "parse/weights.h"

#include "base/cleanup.h"
#include "base/cursor.h"

#define PAIRS_MAX      200u
#define NAME_MAX_BYTES 200u

enum { GGUF_STRING = 8, GGUF_ARRAY = 9 };
/* Bytes of a value by its type; 0: not of a fixed size. */
static const uint8_t sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

/* Lengths are 32 bits in version 1. */
static struct slice text(struct cursor *c, unsigned version)
{
	uint64_t n = cursor_le(c, version == 1 ? 4 : 8);
	return n <= cursor_left(c) ? cursor_take(c, (size_t)n) : cursor_take(c, SIZE_MAX);
}

/* Passes over a value, or gives the text that it is. False: it cannot be passed over, or is cut. */
static bool value(struct cursor *c, unsigned version, struct slice *out)
{
	uint64_t type = cursor_le(c, 4);
	*out = SLICE_NONE;
	if (type == GGUF_STRING) {
		*out = text(c, version);
	} else if (type == GGUF_ARRAY) {
		uint64_t of = cursor_le(c, 4), n = cursor_le(c, version == 1 ? 4 : 8);
		if (of < sizeof(sizes) && sizes[of]) {
			if (n > cursor_left(c) / sizes[of])
				return false;
			(void)cursor_take(c, (size_t)n * sizes[of]);
		} else if (of == GGUF_STRING) {
			for (uint64_t i = 0; i < n && cursor_ok(c); i++)
				(void)text(c, version);
		} else {
			return false;
		}
	} else if (type < sizeof(sizes)) {
		(void)cursor_take(c, sizes[type]);
	} else {
		return false;
	}
	return cursor_ok(c);
}

static bool gguf(struct slice head, struct weights *w)
{
	struct cursor c = cursor_of(slice_from(head, 4));
	unsigned version = (unsigned)cursor_le(&c, 4);
	/* Of a machine with the other order of bytes: told, not read. */
	if (version == 0 || version > 0xffff) {
		*w = (struct weights){.format = "GGUF"};
		return cursor_ok(&c) && version != 0;
	}
	(void)cursor_le(&c, version == 1 ? 4 : 8); /* how many tensors */
	uint64_t pairs = cursor_le(&c, version == 1 ? 4 : 8);
	if (!cursor_ok(&c) || version > 20)
		return false;
	*w = (struct weights){.format = "GGUF", .version = version};
	for (uint64_t i = 0; i < pairs && i < PAIRS_MAX && cursor_ok(&c) && !(w->name.n && w->kind.n); i++) {
		struct slice key = text(&c, version), v;
		if (!value(&c, version, &v))
			break;
		if (slice_is(key, "general.name"))
			w->name = slice_sub(v, 0, NAME_MAX_BYTES);
		else if (slice_is(key, "general.architecture"))
			w->kind = slice_sub(v, 0, NAME_MAX_BYTES);
	}
	return true;
}

/* The header is an object whose first member is __metadata__ or a tensor with a dtype. */
static bool safetensors(struct slice head, uint64_t file_size, struct weights *w)
{
	struct cursor c = cursor_of(head);
	uint64_t n = cursor_le(&c, 8);
	struct slice json = slice_sub(slice_from(head, 8), 0, n > 100000000 ? 0 : (size_t)n);
	if (!cursor_ok(&c) || n < 2 || n > 100000000 || n + 8 > file_size || json.n < 2 || json.p[0] != '{' || json.p[1] != '"')
		return false;
	if (slice_find(slice_sub(json, 0, 4096), SLICE("\"dtype\""), 0) == SLICE_NPOS && !slice_starts(json, SLICE("{\"__metadata__\"")))
		return false;
	*w = (struct weights){.format = "safetensors"};
	return true;
}

bool weights_look(struct slice head, uint64_t file_size, struct weights *out)
{
	static const struct slice old[] = {SLICE_INIT("lmgg"), SLICE_INIT("fmgg"), SLICE_INIT("tjgg"), SLICE_INIT("algg")};
	if (slice_starts(head, SLICE("GGUF")))
		return gguf(head, out);
	for (size_t i = 0; i < ARRAY_LEN(old); i++)
		if (slice_starts(head, old[i])) {
			*out = (struct weights){.format = "GGML"};
			return true;
		}
	return safetensors(head, file_size, out);
}
