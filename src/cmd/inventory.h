/* inventory: the parts of postern inventory. */
#ifndef POSTERN_CMD_INVENTORY_H
#define POSTERN_CMD_INVENTORY_H

#include "report/inventory.h"

/* An entry for each finding into the ledger in that folder, and a checkpoint behind them. */
[[nodiscard]] int inventory_ledger_write(
        const char *path, const struct inventory *inv, const struct inventory_about *about, struct err *err);

#endif
