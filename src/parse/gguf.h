/* gguf: the header of GGUF files (ggml-org/ggml docs/gguf.md, versions 1 to 3): keys with values, and where tensors are. What a careful
 * loader refuses is told, one bit a reason. Pure. */
#ifndef POSTERN_PARSE_GGUF_H
#define POSTERN_PARSE_GGUF_H

#include "base/buf.h"

enum gguf_odd {
	GGUF_CUT = 1u << 0,       /* the header ends behind the end of the file */
	GGUF_TYPE = 1u << 1,      /* a value has a type that does not exist, or an array of arrays */
	GGUF_COUNT = 1u << 2,     /* more keys, tensors or elements than the file can have */
	GGUF_DIMS = 1u << 3,      /* a tensor has more than four dimensions */
	GGUF_WRAPS = 1u << 4,     /* the product of dimensions does not fit a number */
	GGUF_OUTSIDE = 1u << 5,   /* a tensor ends behind the end of the file */
	GGUF_ALIGNMENT = 1u << 6, /* the alignment is no power of two, or a tensor does not keep it */
	GGUF_KIND = 1u << 7,      /* a tensor has an unknown type */
	GGUF_OVERLAP = 1u << 8,   /* tensors share bytes */
	GGUF_TWICE = 1u << 9,     /* a key or a tensor's name is there twice */
	GGUF_CONFUSED = 1u << 10, /* a key that loaders read has another type than they expect */
	GGUF_BLOCKS = 1u << 11,   /* a row is no multiple of its type's block */
	GGUF_MANY = 1u << 12,     /* more than is kept: what is there twice or overlaps was not checked */
};
#define GGUF_ODDS 13u

struct gguf {
	unsigned version, odd;
	bool swapped;      /* of a machine with the other order of bytes: not read */
	size_t at;         /* of the first thing that was odd */
	struct slice name; /* of the key or tensor it was; borrowed */
	uint64_t pairs, tensors;
	uint64_t data_at, end; /* of the numbers; the end of the last tensor */
};

bool gguf_is(struct slice in);
/* Calls fn for each text value (of arrays too). `size`: of the file, of which `in` is the front. `memory`: bytes at most. fn may be NULL.
 */
void gguf_read(struct slice in, uint64_t size, size_t memory, void (*fn)(void *arg, struct slice key, struct slice text, size_t at),
        void *arg, struct gguf *out);
const char *gguf_odd_text(unsigned bit);

#endif
