/* keep: bodies for the record, where the policy wants them (ledger: {bodies: keep}): files in memory that the gate's process fills, and the
 * supervisor seals before it reads them. */
#ifndef POSTERN_GATE_KEEP_H
#define POSTERN_GATE_KEEP_H

#include "base/slice.h"

#define KEEP_MAX ((uint64_t)32 << 20)

struct keep {
	int fd; /* -1: nothing is kept (any more) */
	uint64_t size;
};

/* A new one with these bytes. Without memory there is none. */
void keep_begin(struct keep *k, struct slice bytes);
/* More. What gets larger than KEEP_MAX is given up. */
void keep_add(struct keep *k, struct slice bytes);
void keep_free(struct keep *k);

/* The supervisor's: makes sure that nobody can change the file any more. False: it is no such file, or too large, or still written to. */
bool keep_seal(int fd);

#endif
