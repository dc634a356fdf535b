/* outside: what of a policy about tools holds beside executions: the hosts of a banned tool are closed (egress.h), and the vendors' managed
 * settings of a permitted one are kept (managed.h).
 *
 * It is a process of its own. It opens files, waits for resolvers and speaks to the kernel's network; the daemon must do none of that, as
 * it is who answers when files are opened. They talk over one socket; if the process ends it is started again. */
#ifndef POSTERN_GUARD_OUTSIDE_H
#define POSTERN_GUARD_OUTSIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct loop;
struct policy;
struct outside;

enum outside_managed { OUTSIDE_MANAGED_OFF, OUTSIDE_MANAGED_CHECK, OUTSIDE_MANAGED_WRITE };

struct outside_options {
	bool hosts;         /* close those of banned tools */
	const char *cgroup; /* to what is in this cgroup alone, and below; NULL: to all */
	bool outlive;       /* they stay closed when all of us end */
	enum outside_managed managed;
	void (*say)(void *arg, const char *text); /* something happened: a sentence, for the ledger and the journal */
	void *arg;
};

/* What the policy means for hosts and settings, as lines for the process. It reads the catalogue of tools and lists of hosts (files: so not
 * on the daemon's loop). A tool's hosts are closed if it is banned, or is only for the gate, whoever runs whatever version of it; unless a
 * tool has the same that a rule permits, or another publisher's that is not forbidden, or it is nobody's in particular
 * (share/egress/everybodys.txt). 0, or negative errno. */
[[nodiscard]] int outside_plan(const struct policy *p, struct buf *out, struct err *err);

/* Starts the process. */
[[nodiscard]] int outside_start(struct loop *loop, const struct outside_options *o, struct outside **out, struct err *err);
/* A plan from now on. */
[[nodiscard]] int outside_apply(struct outside *o, struct slice plan);
/* open: what was closed is opened. */
void outside_stop(struct outside *o, bool open);

/* The process itself: descriptor 3 is the socket. */
int outside_role(void);

#endif
