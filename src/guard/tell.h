/* tell: who is stopped sees why, on the terminal that they started it from. */
#ifndef POSTERN_GUARD_TELL_H
#define POSTERN_GUARD_TELL_H

#include "guard/who.h"

/* Writes lines (shown as they are but for control characters, which are replaced; line ends stay) to the controlling terminal of a process,
 * if it is a pseudo-terminal or console of the machine's own devices that belongs to the same person. Never waits for the terminal. False:
 * there is none. */
bool tell_terminal(const struct who *who, const char *text);

#endif
