/* safetensors: the header of the format of that name (huggingface/safetensors): the length of a JSON object, that, and numbers. What the
 * reference implementation refuses, other loaders may take: it is told, one bit a reason. Pure. */
#ifndef POSTERN_PARSE_SAFETENSORS_H
#define POSTERN_PARSE_SAFETENSORS_H

#include "base/buf.h"

enum safetensors_odd {
	SAFETENSORS_LENGTH = 1u << 0,    /* the header is longer than the file, or than 100 MB */
	SAFETENSORS_JSON = 1u << 1,      /* the header is no JSON object */
	SAFETENSORS_TENSOR = 1u << 2,    /* a tensor has no dtype, shape or offsets, or something else */
	SAFETENSORS_DTYPE = 1u << 3,     /* an unknown dtype */
	SAFETENSORS_WRAPS = 1u << 4,     /* the product of a shape does not fit a number */
	SAFETENSORS_SPAN = 1u << 5,      /* shape and dtype say another size than the offsets */
	SAFETENSORS_OUTSIDE = 1u << 6,   /* a tensor ends behind the end of the file */
	SAFETENSORS_OVERLAP = 1u << 7,   /* tensors share bytes */
	SAFETENSORS_HOLE = 1u << 8,      /* bytes belong to no tensor */
	SAFETENSORS_TWICE = 1u << 9,     /* a name is there twice */
	SAFETENSORS_METADATA = 1u << 10, /* __metadata__ has something else than texts */
	SAFETENSORS_MANY = 1u << 11,     /* more tensors than are kept: the order was not checked */
};
#define SAFETENSORS_ODDS 12u

struct safetensors {
	unsigned odd;
	size_t at;         /* in the file: of the first thing that was odd */
	struct slice name; /* of the tensor it was; as in the JSON, with quotes; borrowed */
	struct slice header;
	uint64_t data_at, tensors;
	uint64_t end;          /* of the last tensor, in the file */
	struct slice metadata; /* the value of __metadata__; empty: none */
};

/* Does it begin like one? */
bool safetensors_is(struct slice in);
/* `size`: of the file, of which `in` is the front, or all. `memory`: bytes at most, to sort what overlaps. */
void safetensors_read(struct slice in, uint64_t size, size_t memory, struct safetensors *out);
const char *safetensors_odd_text(unsigned bit);

#endif
