/* pty: a terminal of its own for a contained program, and the pump between it and the person's terminal: raw mode there and back, window
 * size, job control, back pressure both ways, all bytes at the end. What the program writes goes through a filter; what the person types
 * reaches it as it is.
 *
 * Whichever of descriptors 0, 1 and 2 is a terminal is replaced by the new one; pipes and files are handed through and nothing is in their
 * way. The person's settings are put back when the pump is closed or paused, at exit(), and by signals that end or crash the process and
 * have nobody else who handles them; and a small process waits for ours to die of SIGKILL and puts them back then.
 *
 * One pump a process: a process has one terminal. */
#ifndef POSTERN_SYS_PTY_H
#define POSTERN_SYS_PTY_H

#include "base/buf.h"
#include "base/err.h"
#include "sys/loop.h"

struct pty;

/* What is done to the program's output; the pump knows nothing of it. `grow` and `more`: feed() appends at most grow × bytes + more. */
struct pty_filter {
	void *state;
	size_t grow, more;
	/* ms: CLOCK_MONOTONIC. True: the terminal will answer something of what was passed on. */
	bool (*feed)(void *state, uint64_t ms, struct slice in, struct buf *out);
	void (*leave)(void *state, struct buf *out);     /* others use the terminal; */
	void (*come_back)(void *state, struct buf *out); /* the program has it again; */
	void (*end)(void *state, struct buf *out);       /* the program has ended */
};

/* real: our descriptors 0, 1, 2, or what stands for them; they stay the caller's and must be open as long as the pump. 0 with *out NULL:
 * none of them is a terminal. filter may be NULL; else it is copied, its state stays the caller's. -EBUSY: there is a pump already. Starts
 * nothing yet: see pty_start(). */
[[nodiscard]] int pty_open(struct loop *l, const int real[3], const struct pty_filter *filter, struct pty **out, struct err *err);
/* The program's descriptor i (0 to 2): the new terminal, or real[i]. Without a pump (p NULL) real[i]. Owner: the pump. Whoever starts the
 * program calls setsid() and then ioctl(slave, TIOCSCTTY, 0) in it, and closes what it does not use. */
int pty_descriptor(const struct pty *p, const int real[3], int i);
/* The new terminal itself, whatever it stands for; -1 without a pump. */
int pty_slave(const struct pty *p);
/* Raw mode if we are in the foreground (else as soon as we are), and the pump runs with the loop. */
[[nodiscard]] int pty_start(struct pty *p, struct err *err);
/* The terminal is the caller's, as it was, until pty_resume(): to ask a person something. What was typed until now is thrown away, and the
 * program's output waits. Terminals answer questions of a program by typing letters and digits (y and n among them), never a line's
 * end: take no answer without one. */
void pty_pause(struct pty *p);
void pty_resume(struct pty *p);
/* As if Ctrl-Z had been pressed: the terminal is put back, our process group stops, and this returns when it goes on, everything as before.
 * For a supervisor whose program has stopped. */
void pty_suspend(struct pty *p);
/* Writes out what the program has left in its terminal (waiting at most ms for a terminal that takes nothing), undoes what it did to ours,
 * puts the settings back, frees. NULL is allowed. */
void pty_close(struct pty *p, uint64_t ms);

/* For figures: bytes that went out and came in so far. */
void pty_counts(const struct pty *p, uint64_t *out, uint64_t *in);

#endif
