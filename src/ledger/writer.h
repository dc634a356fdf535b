/* writer: the one process that writes to a ledger. Producers speak to it over the folder's socket (ledger/frame.h); it checks that each
 * entry is canonical JSON, puts them in order, and answers when they are on disk. A producer that breaks the rules is told why and let go;
 * the others do not notice. */
#ifndef POSTERN_LEDGER_WRITER_H
#define POSTERN_LEDGER_WRITER_H

#include "ledger/store.h"

struct writer_options {
	struct store_key key;
	unsigned idle_ms; /* ends when no producer was connected for so long; 0: never */
	/* Called once when producers can connect. May be NULL. */
	void (*ready)(void *arg, const char *note);
	void *arg;
};

/* Runs until SIGTERM or SIGINT, or idle: 0. -EBUSY: there is a writer already. Otherwise what went wrong, in words; what was acknowledged
 * is on disk in any case. The signals are blocked while it runs. */
[[nodiscard]] int writer_run(const char *path, const struct writer_options *o, struct err *err);

#endif
