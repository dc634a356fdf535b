/* terminal: the terminal of a contained program: the pump of sys/pty.h with the filter of parse/vt.h in it, and budgets for what a
 * program may have the person's terminal do: answer (which it types) and ring. */
#ifndef POSTERN_GATE_TERMINAL_H
#define POSTERN_GATE_TERMINAL_H

#include "sys/pty.h"

struct terminal;

enum {
	TERMINAL_QUESTIONS = 256,          /* at once, */
	TERMINAL_QUESTIONS_A_SECOND = 100, /* and that many more each second */
	TERMINAL_BELLS = 8,
	TERMINAL_BELLS_A_SECOND = 4,
};

/* As pty_open(); 0 with *out NULL: none of the three is a terminal, and nothing is needed. */
[[nodiscard]] int terminal_open(struct loop *l, const int real[3], struct terminal **out, struct err *err);
/* Its pump, for all functions of sys/pty.h but pty_close(); NULL without a terminal. */
struct pty *terminal_pty(struct terminal *t);
/* What did not come through so far: sequences, control bytes, characters. */
uint64_t terminal_removed(const struct terminal *t);
/* As pty_close(), with the time that it may take at most to hand over what the program wrote. NULL is allowed. */
void terminal_close(struct terminal *t);

#endif
