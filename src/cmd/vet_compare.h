/* vet_compare: postern vet --compare A B. */
#ifndef POSTERN_CMD_VET_COMPARE_H
#define POSTERN_CMD_VET_COMPARE_H

#include "base/buf.h"
#include "base/err.h"
#include "vet/model.h"

struct vet_compare {
	const char *operand[2]; /* report.json, a folder with one in it, npm:NAME@VERSION or a .tgz */
	enum leak_class least;
	enum { COMPARE_AS_TEXT, COMPARE_AS_JSON, COMPARE_AS_HTML } format;
	bool colour;
	unsigned width;
	/* Vets a subject that is no report yet, and appends its report.json. 0, or negative errno with err. */
	int (*vet)(void *arg, const char *subject, struct buf *json, struct err *err);
	void *arg;
};

/* Prints what changed. Returns the exit code: 0 nothing new; 1 B does something that A does not; 2 one of the two cannot be used; 3 one of
 * them is inconclusive and nothing new was seen. compare.json and compare.html go into the folder `out`, if that is a descriptor. */
int vet_compare(const struct vet_compare *c, int out);

#endif
