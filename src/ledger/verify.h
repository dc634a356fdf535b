/* verify: does what lies in the folder lead to what was signed? Everything is computed anew, from the entries up to the root of the signed
 * checkpoint, and every tile compared on the way. If it does not, the tiles and the signature tell what happened, and where. */
#ifndef POSTERN_LEDGER_VERIFY_H
#define POSTERN_LEDGER_VERIFY_H

#include "ledger/checkpoint.h"

enum verify_fault {
	VERIFY_GOOD,
	VERIFY_EDITED,     /* an entry is another than the one that was signed */
	VERIFY_MISSING,    /* an entry is not there: its file is missing or cut, or it was taken out */
	VERIFY_INSERTED,   /* there is one more than was signed */
	VERIFY_REORDERED,  /* entries have changed places */
	VERIFY_TILE,       /* all entries are good, but a file of the tree is not */
	VERIFY_TREE,       /* entries and tiles were changed together: no tile leads to the signed root */
	VERIFY_CHECKPOINT, /* the checkpoint is missing or damaged */
	VERIFY_KEY,        /* it is not signed by the key that was demanded */
	VERIFY_ROLLBACK,   /* another checkpoint says that the log was longer */
	VERIFY_FORK,       /* another checkpoint says that the log was different */
	VERIFY_QUORUM,     /* the log is good, but too few witnesses have cosigned it (ledger/quorum.h) */
	VERIFY_FAULTS,
};
/* "good", "edited", … */
const char *verify_word(enum verify_fault f);

struct verify_options {
	const struct note_vkey *key;                               /* of the log */
	struct slice other;                                        /* a checkpoint that somebody kept; p NULL: none */
	unsigned threads;                                          /* 0: two */
	void (*progress)(void *arg, uint64_t done, uint64_t size); /* may be NULL */
	void *arg;
};

struct verify_result {
	enum verify_fault fault;
	uint64_t index; /* the first bad entry; UINT64_MAX: none can be named */
	uint64_t last;  /* if it is only known that it is one of index to last; else index */
	char text[640]; /* one sentence */
	uint64_t size;  /* of the checkpoint */
	struct merkle_hash root;
	uint64_t other_size; /* of options.other */
	uint64_t bytes;      /* of entries */
};

/* 0 if an answer was found (also a bad one); a negative errno if the folder could not be read, or the other checkpoint is none of this log.
 */
[[nodiscard]] int ledger_verify(int dir, const struct verify_options *o, struct verify_result *out, struct err *err);

#endif
