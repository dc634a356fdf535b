/* notice: who is stopped sees why on their desktop too, where there is one: a notification of their session (Desktop Notifications 1.2 of
 * freedesktop.org), by a process that has become them. The session's bus is theirs, and so may say and do anything, or nothing. */
#ifndef POSTERN_GUARD_NOTICE_H
#define POSTERN_GUARD_NOTICE_H

#include <stdbool.h>

#include "guard/who.h"

#define NOTICE_SUMMARY 200u
#define NOTICE_BODY    1600u

/* May that person have a desktop on this host? Waits for nobody. */
bool notice_possible(const struct who *who);
/* Shows it; texts of UTF-8, cut at the sizes above. Starts a process of this program and waits for it, at most three seconds: for a thread
 * that may wait. One at a time; while one is shown others are left out. False: it was not shown. */
bool notice_show(const struct who *who, const char *summary, const char *body);
/* The role's process: the message comes by descriptor 3. Returns the exit code. */
int notice_role(int control);

#endif
