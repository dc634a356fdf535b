/* index: finds entries quickly. A SQLite database beside the log, index.sqlite, that is made from the log and never believed against it: it
 * only says which entries to look at, and every one is looked at in the log. It is brought up to date when somebody asks, so that writing
 * entries knows nothing of it; if it is damaged, or that of another log, it is made again. */
#ifndef POSTERN_LEDGER_INDEX_H
#define POSTERN_LEDGER_INDEX_H

#include "ledger/config.h"
#include "ledger/filter.h"

struct index;
struct index_options {
	uint64_t size;                                             /* of the checkpoint: entries up to it are indexed */
	const struct note_vkey *key;                               /* of the log, whose index it is */
	bool anew;                                                 /* throw away what is there */
	void (*progress)(void *arg, uint64_t done, uint64_t size); /* may be NULL */
	void *arg;
};
/* Opens and brings up to date. note (of 256 bytes): why it was made anew, if it was; "". -EROFS, -EACCES: it cannot be written here; read
 * the log itself then. -EBADMSG: the log is damaged. */
[[nodiscard]] int index_open(const char *path, int dir, const struct index_options *o, struct index **out, char note[256], struct err *err);
void index_close(struct index *x);

/* Calls fn for entries that may fit, in the order of the log or the other way round, from index `from` on (or down), until it does not
 * return
 * 1. 0, a negative errno of fn, or -EBADMSG: the index is damaged, and is to be made anew. */
typedef int index_fn(void *arg, uint64_t index);
[[nodiscard]] int index_query(
        struct index *x, const struct filter *f, uint64_t from, bool backwards, index_fn *fn, void *arg, struct err *err);

/* Is the index what the log makes? 1; 0 with a sentence in *err that says where it is not. */
[[nodiscard]] int index_check(struct index *x, struct err *err);

#endif
