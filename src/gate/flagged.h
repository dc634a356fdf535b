/* flagged: a tool that works on the project itself writes what others run later (review/flag.h): the person hears of it when it happens,
 * and it is on record. */
#ifndef POSTERN_GATE_FLAGGED_H
#define POSTERN_GATE_FLAGGED_H

#include "ledger/entry.h"

struct supervisor;
struct flagged;

struct flagged_options {
	const char *project;           /* on the person's machine, absolute; must outlive it */
	struct supervisor *supervisor; /* likewise */
	const char *run;               /* names this run in its entries */
	struct entry (*common)(void *arg);
	void (*note)(void *arg, const char *text); /* for the person, one line, safe to print */
	void *arg;
};

[[nodiscard]] int flagged_new(const struct flagged_options *o, struct flagged **out, struct err *err);
void flagged_free(struct flagged *f);
/* Is a path (relative to the project) one to be told of? Pure: for struct sandbox_spec.tell. */
bool flagged_wanted(const char *path);
/* That one was written: each is told of once. */
void flagged_written(struct flagged *f, const char *path);

#endif
