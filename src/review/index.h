/* index: git's index without its times. git status, which editors call all the time, writes it anew because of them. */
#ifndef POSTERN_REVIEW_INDEX_H
#define POSTERN_REVIEW_INDEX_H

#include <stdbool.h>

/* SHA-256, as hex, of what is staged in .git/index of the project. False: there is none, or it cannot be understood. */
bool review_index_digest(int project, char out[65]);

#endif
