/* review: what the files of "postern review" share. */
#ifndef POSTERN_CMD_REVIEW_H
#define POSTERN_CMD_REVIEW_H

#include "cmd/cmd.h"
#include "review/flag.h"
#include "review/run.h"

/* What is shown, or asked about, as one: a change, or a folder that came or went with everything in it. */
struct review_unit {
	size_t first, end; /* changes; the first stands for all that are flagged as it is, or not at all */
	size_t moved;      /* of these, how many have the other half of a rename elsewhere */
};
struct review_units {
	struct review_unit *unit;
	size_t n;
	size_t found, runs, look; /* the first `found` units hold what a scan found, the next `runs` run by themselves, the next `look` are
	                           * flagged */
};
/* Is this change of the unit's range one that it stands for? */
bool review_in_unit(const struct change_set *set, const struct review_unit *u, size_t i);
/* Freed with free(units.unit). */
[[nodiscard]] int review_units(const struct change_set *set, struct review_units *out);

struct review_counts {
	size_t added, changed, removed, renamed, flagged, found, runs, conflicts, trouble;
	size_t unscanned; /* of which a part was not understood by a scan */
};
struct review_counts review_count(const struct change_set *set);

/* The readable summary, appended: at most `limit` units of each part. */
void review_text(struct buf *out, const struct review_run *run, const struct change_source *s, const struct change_set *set, size_t limit);
/* The head of it: which run, of what, how it ended. */
void review_head(struct buf *out, const struct review_run *run, bool alive);
/* One unit: its line, and its flags. */
void review_show_unit(
        struct buf *out, const struct change_source *s, const struct change_set *set, const struct review_unit *u, bool with_flags);
/* A unified diff of one change, appended; at most `limit` lines. */
void review_diff(struct buf *out, const struct change_source *s, const struct change *c, size_t limit);
/* The whole as JSON (share/schema/review.schema.json), written to stdout. Exit code. */
int review_json(const struct review_run *run, const struct change_set *set);

/* Scans the contents of a set that was flagged, and flags what is found and was not there before. */
[[nodiscard]] int review_scan(const struct change_source *from, struct change_set *set, struct err *err);

/* For the end of a run (after review_run_end()): a line for people that says how many changes wait, how many of them are flagged, and how
 * to see them, appended. A run that has written nothing is removed, and the line says so. */
[[nodiscard]] int review_after_run(struct buf *out, struct review_run *run, struct err *err);

/* One by one at the terminal: sets `picked`. False: quit, nothing is to be applied. */
bool review_ask(const struct change_source *s, struct change_set *set, size_t diff_limit);

/* Entries of a ledger: durable when it returns. `act` is "apply", "applied", "failed", "discarded"; set may be NULL. */
[[nodiscard]] int review_ledger_write(const char *path, const struct review_run *run, const struct change_set *set, const char *act,
        const char *message, struct err *err);

#endif
