/* npy: the header of NumPy's NPY files (NEP 1, versions 1.0 to 3.0): a Python literal that says what follows. Pure. */
#ifndef POSTERN_PARSE_NPY_H
#define POSTERN_PARSE_NPY_H

#include "base/slice.h"

struct npy {
	unsigned version;    /* major */
	size_t data_at;      /* of the first byte behind the header */
	struct slice header; /* the literal; borrowed */
	bool objects;        /* a type in it is object: what follows is a pickle */
	bool known;          /* `bytes` is */
	uint64_t bytes;      /* of the numbers that follow */
};

/* Is it one by its first bytes? */
bool npy_is(struct slice in);
/* 0; -EBADMSG with a static reason: the header is cut or no such literal, or its product wraps. */
[[nodiscard]] int npy_read(struct slice in, struct npy *out, const char **reason);

#endif
