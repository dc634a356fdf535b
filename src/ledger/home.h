/* home: the ledger that is written to if nobody names one. */
#ifndef POSTERN_LEDGER_HOME_H
#define POSTERN_LEDGER_HOME_H

#include "base/arena.h"
#include "base/err.h"

struct ledger_client;

/* Where it is: $XDG_DATA_HOME/postern/ledger, else /var/lib/postern/ledger for root and ~/.local/share/postern/ledger for everybody else.
 * NULL if there is no home either; owned by the arena. */
const char *ledger_home(struct arena *arena);
/* A client of the ledger in that folder, which is made, as HOST/postern, if it is not there; a writer is started if none runs. */
[[nodiscard]] int ledger_home_open(const char *path, const char *host, struct arena *arena, struct ledger_client **out, struct err *err);
/* The same without waiting for a writer: ledger_client_ready() does. */
[[nodiscard]] int ledger_home_begin(const char *path, const char *host, struct arena *arena, struct ledger_client **out, struct err *err);

#endif
