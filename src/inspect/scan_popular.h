/* scan_popular: names of packages that are made to look like others'. Pure. */
#ifndef POSTERN_INSPECT_SCAN_POPULAR_H
#define POSTERN_INSPECT_SCAN_POPULAR_H

#include "base/slice.h"

enum popular { POPULAR_OF_NPM, POPULAR_OF_PYPI, POPULAR_OF_CRATES };
/* Of which popular name is this the look-alike: two letters exchanged, one doubled, one that looks like another, a separator more or less;
 * in longer names any one letter. Empty: of none, or it is one that many use itself. */
struct slice popular_like(enum popular of, struct slice name);

#endif
