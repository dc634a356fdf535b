/* pty_part: what pty.c and pty_restore.c share. Not for use outside of them. */
#ifndef POSTERN_SYS_PTY_PART_H
#define POSTERN_SYS_PTY_PART_H

#include <signal.h>
#include <termios.h>

#include "sys/pty.h"

/* Signals that the pump wants to know of; bits of restore_taken(). */
enum { RESTORE_WINDOW = 1, RESTORE_STOP = 2, RESTORE_CONTINUE = 4 };

/* From now on the terminal `tty` is put back to `saved` however the process ends. *event: a descriptor that becomes readable when signals
 * came. Handlers are installed where the default was. */
[[nodiscard]] int restore_begin(int tty, const struct termios *saved, int *event, struct err *err);
/* It is as `raw` says now (NULL: as it was). leave: what is to be written before it is put back. */
void restore_raw(const struct termios *raw);
void restore_leave(struct slice leave);
/* Which signals came since the last time. */
unsigned restore_taken(void);
/* Stops us, or our group, by SIGTSTP, and returns when we go on. */
void restore_stop(bool group);
/* All as it was before restore_begin(). */
void restore_end(void);

#endif
