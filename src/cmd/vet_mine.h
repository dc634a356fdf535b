/* vet_mine: postern vet --mine: the lists in an artefact's constants, and nothing is run. */
#ifndef POSTERN_CMD_VET_MINE_H
#define POSTERN_CMD_VET_MINE_H

#include "vet/run.h"

/* Prints what the subject's constants hold. EXIT_OK: no hidden list, EXIT_FOUND: there is one. Negative errno with err. */
[[nodiscard]] int vet_mine(const struct vet_subject *s, bool json, unsigned columns, struct err *err);

#endif
