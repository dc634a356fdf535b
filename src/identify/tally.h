/* What scan.c puts into a tally. */
#ifndef POSTERN_IDENTIFY_TALLY_H
#define POSTERN_IDENTIFY_TALLY_H

#include "identify/identify_part.h"

/* A version behind one of the tool's contexts. */
void tally_vote(struct tally *t, const struct literal *context, struct slice version);
/* A constant, by its number. */
void tally_found(struct tally *t, unsigned literal);

#endif
