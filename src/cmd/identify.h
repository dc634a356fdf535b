/* What the two halves of "postern identify" share. */
#ifndef POSTERN_CMD_IDENTIFY_H
#define POSTERN_CMD_IDENTIFY_H

#include "cmd/cmd.h"

struct identify_opts {
	bool digest, inside, learn;
	unsigned format;
	const char *prints, *tool, *title, *publisher, *output;
	struct opt_list package, word, against, loader;
	uint64_t constants;
};

/* --learn: makes prints from the artefacts that the operands name. Returns the exit code. */
int identify_learn(const struct identify_opts *o, const struct opt_args *args);

#endif
