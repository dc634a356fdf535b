/* apply: brings picked changes into the project: all of them, or none.
 *
 * 1. Stage: what is new is written into a folder of its own in the project (.postern-apply-ID, mode 0700), and synced.
 * 2. Journal: what will be done, with the inode of each file before and after, is written to the run's folder.
 * 3. Commit: each change is one rename (RENAME_EXCHANGE, RENAME_NOREPLACE), so that what was there before lies in the staging folder.
 *    What comes out of an exchange must be what was expected; otherwise all is exchanged back.
 * 4. The journal is marked as done; the staging folder goes.
 * Whoever is interrupted leaves a journal from which apply_recover() goes on or goes back, as often as it takes.
 * Folders in the project are opened anew for each change, below the project and through no link. */
#ifndef POSTERN_REVIEW_APPLY_H
#define POSTERN_REVIEW_APPLY_H

#include <signal.h>

#include "review/run.h"

struct apply_options {
	bool force;       /* conflicts are overwritten */
	bool keep_setuid; /* set-user-id and set-group-id bits stay */
	/* Called when all is staged, digests are known (change.sha256) and nothing is done yet: 0, or an error that stops it. */
	int (*before)(void *arg, const struct change_set *set, struct err *err);
	void *arg;
	volatile sig_atomic_t *stop; /* set by a signal: what is not yet committed is undone */
};

struct apply_result {
	size_t applied;  /* changes */
	size_t left_out; /* picked, but special, too deep or unreadable */
};

/* Applies the changes that are `picked`; folders that they lie in are picked with them, and so is the other half of a rename. The run's
 * lock is held. All or nothing: on an error the project is as before, but for -EINPROGRESS, which says that only apply_recover() can tell
 * (the disk failed in between). -EBUSY: an interrupted one is to be recovered first; -EEXIST: conflicts, the first is named; -ECANCELED:
 * stopped. */
[[nodiscard]] int review_apply(struct review_run *run, const struct change_source *source, struct change_set *set,
        const struct apply_options *o, struct apply_result *out, struct err *err);
/* Is there an interrupted one? */
bool apply_pending(const struct review_run *run);
/* Has it begun to change the project, and not ended? Then somebody must say whether to finish or undo; otherwise apply_recover() only
 * cleans up. */
bool apply_half_done(const struct review_run *run);
/* Finishes or undoes it. What was only staged is always undone: *finished tells which. The run's lock is held. */
[[nodiscard]] int apply_recover(struct review_run *run, bool finish, bool *finished, struct err *err);

/* For tests: called with the name of each operation before it is done; a value below 0 makes it fail so. NULL: nothing. */
extern int (*apply_step)(const char *operation);

#endif
