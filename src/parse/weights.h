/* weights: is this the beginning of a file of a model, and which? By its bytes, whatever it is called. Pure.
 *	GGUF         ggml-org/ggml docs/gguf.md, versions 1 to 3: general.name, general.architecture
 *	GGML, GGJT   its predecessors
 *	safetensors  huggingface/safetensors: the length of a JSON header, then that
 *	llamafile    an executable with a GGUF inside is found by identify, not here */
#ifndef POSTERN_PARSE_WEIGHTS_H
#define POSTERN_PARSE_WEIGHTS_H

#include "base/slice.h"

struct weights {
	const char *format;      /* "GGUF", "GGML", "safetensors" */
	unsigned version;        /* of the format; 0 if it has none */
	struct slice name, kind; /* borrowed; hostile; empty if they are not there, or behind the end of `head` */
};

/* `head`: the first bytes, more is better (64 KiB are enough for the names of most). False: it is none. */
[[nodiscard]] bool weights_look(struct slice head, uint64_t file_size, struct weights *out);

#endif
