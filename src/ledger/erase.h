/* erase: destroys the bodies that entries name (ledger/blob.h), and puts into the log who did so, when and why: an event of OCSF class
 *1001, activity Delete, a body, with unmapped.erasure = {"entry":N,"reason":"…","uid":"…"}. Nothing that was in the log changes, so every
 *proof holds.
 *
 * The order, and what makes it whole after a crash:
 *
 *	1. the writer of the log is reached: where nothing can be said, nothing is destroyed
 *	2. keys/erasing: the events as they will be, and the size of the log; from here on it will be done
 *	3. the keys and ciphertexts are destroyed
 *	4. the events are appended
 *	5. keys/erasing is removed
 *
 * Whoever erases next, or only asks for it to be resumed, first does what is left of another's. Events that are in the log already, past
 *the size that was noted, are not appended again: each bears the random number of its erasure. */
#ifndef POSTERN_LEDGER_ERASE_H
#define POSTERN_LEDGER_ERASE_H

#include "ledger/blob.h"
#include "ledger/client.h"

#define ERASE_MOST 4096 /* bodies at once */

struct erase_order {
	const uint64_t *entry; /* none: only resume */
	size_t n;
	struct slice reason;       /* UTF-8; stays in the log for ever; may be left out */
	struct slice host, person; /* where and by whom */
	int64_t time;              /* milliseconds since 1970 */
};

struct erase_result {
	bool resumed;    /* another erasure was brought to its end first */
	uint64_t erased; /* bodies that are gone now, those of another erasure too */
	uint64_t named;  /* bodies that the entries name; gone already are named - erased, if nothing was resumed */
};

/* 0; -EINVAL: there is no such entry, it names no body, or too many; -EBUSY: somebody else is erasing; -ENOSYS and the like of the client;
 * nothing was destroyed then. Another error: it is to be resumed; the sentence says so. */
[[nodiscard]] int erase_run(const char *path, const struct erase_order *order, const struct ledger_client_options *how,
        struct erase_result *out, struct err *err);

#endif
