/* question: asks the person at the terminal what the policy leaves open. One question at a time; no answer in time is no, and so is every
 * question past a limit a minute, so that a tool cannot tire anybody into a yes. An answer can hold for the rest of the run. */
#ifndef POSTERN_GATE_QUESTION_H
#define POSTERN_GATE_QUESTION_H

#include "base/err.h"
#include "base/slice.h"

struct loop;
struct pty;
struct question;

struct question_options {
	int terminal;      /* the person's, open for reading and writing; stays the caller's */
	struct pty *pty;   /* the tool's, to be paused meanwhile; NULL: none */
	unsigned a_minute; /* questions; 0: 10 */
	unsigned wait_ms;  /* for an answer; 0: 60 s */
	void (*answer)(void *arg, uint64_t id, bool allow, const char *how); /* how: constant, for the ledger */
	void *arg;
};

[[nodiscard]] int question_new(struct loop *loop, const struct question_options *o, struct question **out, struct err *err);
void question_free(struct question *q);
/* text: one line, may hold a tool's bytes, which are escaped. key: what an answer for the whole run holds for. The answer comes from the
 * loop, or before this returns. */
void question_ask(struct question *q, uint64_t id, const char *key, const char *text);

#endif
