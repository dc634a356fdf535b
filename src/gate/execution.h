/* execution: what a contained command wants to run: the policy's word, the person's where that asks for it, and the record. */
#ifndef POSTERN_GATE_EXECUTION_H
#define POSTERN_GATE_EXECUTION_H

#include "confine/sandbox.h"
#include "ledger/entry.h"

struct policy;
struct supervisor;
struct executions;

#define EXECUTION_PATH_MAX 8192

enum execution_kind {
	EXECUTION_PROGRAM,
	EXECUTION_LIBRARY,
	EXECUTION_SYSTEM, /* a library of the system that is allowed: no more than the program that needs it */
};

struct execution_options {
	const struct policy *policy;   /* must outlive it */
	struct supervisor *supervisor; /* likewise */
	const char *run;               /* names this run in its entries */
	struct entry (*common)(void *arg);
	/* A question for the person (number: from 1 on), answered with execution_answer(), at once or later. NULL: no answer is no. */
	void (*ask)(void *arg, uint64_t number, const char *key, const char *question);
	/* Where a file is for the person that is there for the command: that, or in `out` what it is called outside. NULL: it cannot be
	 * said, and then it does not run. */
	const char *(*path)(void *arg, const char *inside, char out[EXECUTION_PATH_MAX]);
	/* To be carried out. */
	void (*decided)(void *arg, uint64_t id, const char *path, enum execution_kind kind, bool allow);
	void (*failed)(void *arg, const char *why); /* the ledger cannot be written */
	void *arg;
};

[[nodiscard]] int executions_new(const struct execution_options *o, struct executions **out, struct err *err);
void executions_free(struct executions *x);
/* Another policy, from here on. */
void executions_policy(struct executions *x, const struct policy *p);
/* Decides, puts it on record, and says decided(), at once or later. What a policy's rule or default allows is on disk before it is; what no
 * policy speaks of goes into the ledger in its own time. */
void executions_ask(struct executions *x, const struct sandbox_exec *e);
/* how: a constant sentence for the ledger. */
void execution_answer(struct executions *x, uint64_t number, bool allow, const char *how);

#endif
