/* managed_disk: one managed file on a host. Not for use outside of managed. */
#ifndef POSTERN_GUARD_MANAGED_DISK_H
#define POSTERN_GUARD_MANAGED_DISK_H

#include "guard/managed.h"

/* How it stood, and what was done. */
struct managed_look {
	enum managed_what what;
	char detail[512], aside[320];
	char before[65], after[65];
};

/* Looks at one, and writes it if it has to and may. patient: a document that cannot be read is left alone this time (somebody may be in the
 * middle of writing it), and -EAGAIN is returned. 0, -ENOMEM. */
[[nodiscard]] int managed_look(
        const struct managed_config *c, const struct managed_file *f, bool write, bool patient, struct managed_look *out);

/* The folder of a file in a root, and its name there: "/etc/x/y.json" is "etc/x" and "y.json". */
void managed_split(const char *path, char folder[512], const char **name);

#endif
