/* run: the folder of one run of a tool with a copy of the project, from its start until what it wrote is applied or thrown away.
 *
 *	$XDG_STATE_HOME/postern/runs/ID/   mode 0700; else /var/lib/postern/runs for root, ~/.local/state/postern/runs
 *	    run.json      what ran, where, when; its state
 *	    upper, work   of the overlay; or upper alone, a whole copy
 *	    lock          held (flock) by whoever runs the tool or applies
 *	    apply.*       while something is applied (review/apply.h)
 *
 * The supervisor: review_run_create(), mount lowerdir=PROJECT,upperdir=upper,workdir=work with userxattr (or review_run_copy()),
 * run, review_run_end(). It keeps the struct, and with it the lock, as long as the tool can write. */
#ifndef POSTERN_REVIEW_RUN_H
#define POSTERN_REVIEW_RUN_H

#include "review/change.h"

enum review_state {
	REVIEW_RUNNING, /* or died without a word: then the lock is free */
	REVIEW_ENDED,   /* to be reviewed */
	REVIEW_PARTIAL, /* a part was applied, the rest waits */
	REVIEW_APPLIED, /* all was; upper is gone */
	REVIEW_DISCARDED,
};
const char *review_state_word(enum review_state s); /* "running", "ended", "partly applied", "applied", "discarded" */

#define REVIEW_ID_MAX 40

struct review_run {
	char id[REVIEW_ID_MAX];         /* "20261125-231502-3f9a": sorts by time */
	int folder;                     /* descriptor of the run's folder */
	int lock;                       /* -1: not held */
	char *path;                     /* of the folder, absolute */
	char *project;                  /* absolute path of the project */
	uint64_t dev, ino;              /* of the project */
	bool copy;                      /* a whole copy instead of an overlay */
	int64_t started, copied, ended; /* nanoseconds since 1970; 0: not yet */
	int status;                     /* of the tool, as wait(2) has it; -1: unknown */
	enum review_state state;
	char *index;   /* what was staged in the project's git repository (review/index.h); "" if unknown */
	char *command; /* for people: the words of the command, cut to 4 KiB */
	char *tool, *version, *sha256, *policy_sha256, *confinement; /* for the ledger; "" if unknown */
};
#define REVIEW_RUN_NONE ((struct review_run){.folder = -1, .lock = -1, .status = -1})

/* The folder of all runs; appended. -ENOENT: no home. */
[[nodiscard]] int review_runs_path(struct buf *out, struct err *err);

struct review_run_new {
	const char *project;                                               /* any path of it */
	char *const *command;                                              /* NULL-terminated */
	const char *tool, *version, *sha256, *policy_sha256, *confinement; /* may be NULL */
};
/* Makes the folder with upper and work, takes the lock, notes the time (which must be before the tool can see the project). */
[[nodiscard]] int review_run_create(const struct review_run_new *n, struct review_run *out, struct err *err);
/* Fills upper with a copy of the project: clones of the files where the file system can, else bytes. For kernels without overlays in a user
 * namespace. Devices, pipes and sockets are left out; what cannot be read is left out and counted in *skipped. */
[[nodiscard]] int review_run_copy(struct review_run *run, uint64_t *skipped, struct err *err);
/* The tool has ended: `status` as wait(2) has it. Gives the lock back. */
[[nodiscard]] int review_run_end(struct review_run *run, int status, struct err *err);
/* Opens one by its id or the beginning of it; NULL: the newest of `project` that has something to review, else the newest of it.
 * -ENOENT with a sentence. */
[[nodiscard]] int review_run_open(const char *id, const char *project, struct review_run *out, struct err *err);
/* All of them, the newest first; those that cannot be read are left out. Owned by the caller: review_run_free() each, then free(). */
[[nodiscard]] int review_run_list(struct review_run **out, size_t *n, struct err *err);
void review_run_free(struct review_run *run);
/* Takes the lock without waiting: -EBUSY with a sentence if the tool still runs, or something is applied by another. */
[[nodiscard]] int review_run_lock(struct review_run *run, struct err *err);
/* Writes run.json anew, for good. */
[[nodiscard]] int review_run_save(struct review_run *run, struct err *err);
/* Replaces a file of the run's folder by these bytes, for good. */
[[nodiscard]] int review_run_write(const struct review_run *run, const char *name, struct slice data);
/* Opens the project, which must still be the same folder, and upper. */
[[nodiscard]] int review_run_source(const struct review_run *run, struct change_source *out, struct err *err);
void review_run_source_close(struct change_source *s);
/* Throws away what was written, however it is nested; the folder stays as a record, with `state`. */
[[nodiscard]] int review_run_drop(struct review_run *run, enum review_state state, struct err *err);
/* Removes the whole folder, record and all. */
[[nodiscard]] int review_run_remove(struct review_run *run, struct err *err);

#endif
