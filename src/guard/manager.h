/* manager: what a service and its manager say to each other (sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3)), without a library for
 * it. Where there is none, nothing happens. */
#ifndef POSTERN_GUARD_MANAGER_H
#define POSTERN_GUARD_MANAGER_H

/* "READY=1", "STATUS=…", "FDSTORE=1\nFDNAME=…" with a descriptor, or -1. Never waits. */
void manager_tell(const char *state, int fd);
/* A descriptor that the manager kept for an earlier one of this service, close-on-exec, or -1. Once for each name. */
int manager_kept(const char *name);
/* How often it wants to hear "WATCHDOG=1", in ms; 0: not at all. */
unsigned manager_watchdog(void);

#endif
