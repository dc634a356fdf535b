/* jsonc: JSON with comments and commas before a closing bracket, as editors' settings have it. Pure. */
#ifndef POSTERN_PARSE_JSONC_H
#define POSTERN_PARSE_JSONC_H

#include "base/arena.h"

/* A copy in which comments and such commas are blanks, so that offsets stay; plain JSON comes out as it is. p is NULL if memory is out. */
struct slice jsonc_plain(struct slice text, struct arena *arena);

#endif
