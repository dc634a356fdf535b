/* cmake: the commands of a CMake script, "name(argument "argument" [[argument]] …)", as cmake-language(7) has them, without evaluating
 * anything. Pure. */
#ifndef POSTERN_PARSE_CMAKE_H
#define POSTERN_PARSE_CMAKE_H

#include "base/arena.h"

#define CMAKE_ARGUMENTS_MAX 2048u /* of one command; more are left out */

struct cmake_argument {
	struct slice text; /* without quotes; escapes are resolved */
	bool quoted;       /* in quotes or long brackets: is one argument, whatever is in it */
};
struct cmake_call {
	struct slice name;
	struct cmake_argument *argument;
	size_t n;
	size_t at, end; /* of all of it, in the text */
	bool more;      /* there were more arguments */
};
struct cmake {
	struct slice text;
	size_t at;
};

/* The next command; what is none is passed over. 1: there is one; 0: there are no more; -ENOMEM: the arena is full. What a call consists of
 * is of the arena. All calls together cost one pass. */
[[nodiscard]] int cmake_next(struct cmake *c, struct arena *arena, struct cmake_call *out);

#endif
