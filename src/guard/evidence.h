/* evidence: entries on their way into a ledger, written by a thread of their own, so that nobody who answers the kernel waits for a disk.
 * What cannot be written is kept and tried again until it can, or until there is no more room for it. */
#ifndef POSTERN_GUARD_EVIDENCE_H
#define POSTERN_GUARD_EVIDENCE_H

#include "base/err.h"
#include "base/slice.h"
#include "sys/loop.h"

struct evidence;
struct evidence_options {
	const char *ledger; /* its folder; made if it is not there */
	const char *host;
	/* From the loop, for each entry with a ticket: it is on disk (error 0); or cannot be written now (a negative errno), and is kept.
	 */
	void (*done)(void *arg, uint64_t ticket, int error);
	void *arg;
};
#define EVIDENCE_BYTES_MAX ((size_t)32 << 20)

/* The ledger is opened by the thread, when there is something to write. */
[[nodiscard]] int evidence_new(struct loop *loop, const struct evidence_options *o, struct evidence **out, struct err *err);
/* One entry (canonical JSON), copied. ticket 0: nobody waits for it. -ENOBUFS: there is no more room; it is counted as lost. */
[[nodiscard]] int evidence_add(struct evidence *e, struct slice entry, uint64_t ticket);
/* Why nothing can be written just now; false while all is well. */
bool evidence_trouble(struct evidence *e, struct err *err);
/* How many were lost so far for want of room, and how many wait. */
void evidence_counts(struct evidence *e, uint64_t *lost, size_t *waiting);
/* Writes what waits, for at most `ms`, and frees. How many could not be written. */
size_t evidence_close(struct evidence *e, unsigned ms);

#endif
