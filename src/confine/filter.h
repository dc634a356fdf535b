/* filter: the system calls that a tool in a trial may not use. A deny-list, because a tool must find its ordinary Linux: what is refused
 * are ways out of the namespaces, ways to look at the kernel, and ways around our own eyes. */
#ifndef POSTERN_CONFINE_FILTER_H
#define POSTERN_CONFINE_FILTER_H

/* Installs the filter on the calling thread, after PR_SET_NO_NEW_PRIVS. 0 or negative errno: then nothing is installed, and the caller
 * must not go on to run the tool. */
[[nodiscard]] int filter_install(void);

#endif
