/* manager: what a service tells its manager (sd_notify(3), sd_watchdog_enabled(3)), without a library for it. Where there is none, nothing
 * happens. */
#ifndef POSTERN_GUARD_MANAGER_H
#define POSTERN_GUARD_MANAGER_H

/* "READY=1", "STATUS=…", several with line ends between. Never waits. */
void manager_tell(const char *state);
/* How often it wants to hear "WATCHDOG=1", in ms; 0: not at all. */
unsigned manager_watchdog(void);

#endif
