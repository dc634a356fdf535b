/* lived: what a machine has that somebody uses: the dotfiles of a new account and of some weeks with it, a history of commands, logs, a
 * list of installed packages. It names nobody: names come from vet's factors. */
#ifndef POSTERN_CONFINE_LIVED_H
#define POSTERN_CONFINE_LIVED_H

#include "confine/host.h"

/* Adds the files below host->home and of the system, without replacing any that is there: to be called after the factors, which may have
 * moved the home or put files there. 0, -ENOMEM, -ENOSPC. */
[[nodiscard]] int lived_files(struct host_spec *h);

#endif
